"""A real server on a real socket, for tests that go all the way: uvicorn in a thread over a given database."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from shared_models.base import new_id
from sync_server.access.accounts import NewOrganization, create_organization
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.settings import MailSettings, Settings

PASSWORD = "correct horse battery"


class LiveServer:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, database: Database, mail_folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._database = database
        self._settings = Settings(
            data_folder=mail_folder, port=self.port, mail=MailSettings(folder=mail_folder / "mail")
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve, and wait until the port answers."""
        app = create_app(self._settings, self._database)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="warning", lifespan="on")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            self._thread.join(0.01)

    def stop(self) -> None:
        """Stop serving; the port then refuses connections."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
            self._server = None


@contextmanager
def live_server(database: Database, folder: Path) -> Iterator[LiveServer]:
    """A started server, stopped at the end."""
    server = LiveServer(database, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def make_organization(database: Database, name: str = "Hudson Learning Center") -> tuple[str, str, str]:
    """A fresh tenant; returns its id, slug and the owner's e-mail (the password is PASSWORD)."""
    tail = new_id()[-12:]
    slug, email = f"center-{tail}", f"maya-{tail}@hudson.example"
    organization_id = create_organization(
        database,
        NewOrganization(
            business_name=name,
            slug=slug,
            time_zone="America/New_York",
            owner_first_name="Maya",
            owner_last_name="Torres",
            owner_email=email,
            password=PASSWORD,
            location_name="Irvington Office",
        ),
    )
    return organization_id, slug, email
