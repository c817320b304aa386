"""The two commands as real processes, for tests that type at a terminal, stop programs properly and kill them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "tests" / "data" / "center"
SAMPLE_FILES = [
    SAMPLE / name for name in ("families.csv", "calendar.ics", "leads.csv", "tutors.csv", "organization.json")
]

_PATIENCE_SECONDS = 90.0
_LOOK_AGAIN_SECONDS = 0.02


def wait_until(reached: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Look again and again until something is so; fails when the process ends before or patience does."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not reached():
        ended = process.poll() if process is not None else None
        assert ended is None, f"the process ended with {ended} before its time"
        assert time.monotonic() < until, f"not reached within {_PATIENCE_SECONDS:.0f} s"
        time.sleep(_LOOK_AGAIN_SECONDS)


def desk(*words: str | Path, folder: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `itutoros` with these words over the store in `folder` until it ends."""
    return subprocess.run(
        desk_command(*words, folder=folder), cwd=ROOT, env=_environment(), input=typed, text=True,
        encoding="utf-8", capture_output=True, timeout=_PATIENCE_SECONDS, check=False,
    )  # fmt: skip


def desk_command(*words: str | Path, folder: Path) -> list[str]:
    """The command line of `itutoros` over the store in `folder`."""
    return [sys.executable, "-m", "desktop.main", *map(str, words), "--store", str(folder), "--no-keyring"]


@contextmanager
def desk_process(*words: str | Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `itutoros`, killed at the end if it still runs; without words, the program with its window."""
    with subprocess.Popen(
        desk_command(*words, folder=folder), cwd=ROOT, env=_environment(), text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


class ServerHost:
    """A machine that `itutoros-server` is installed on: its folder, its port, its embedded PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        self._log = folder / "server.log"

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run `itutoros-server` with these words until it ends."""
        return subprocess.run(
            [sys.executable, "-m", "sync_server.main", *words], cwd=ROOT, env=self._surroundings(), input=typed,
            text=True, encoding="utf-8", capture_output=True, timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip

    def start(self) -> None:
        """Serve, and wait until the health check answers."""
        with self._log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sync_server.main", "serve"], cwd=ROOT, env=self._surroundings(), text=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self.answers, self.process)

    def answers(self) -> bool:
        """Whether the server says that it is well."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except (urllib.error.URLError, OSError):
            return False

    def page(self, address: str) -> str:
        """A public page as a browser would get it."""
        with urllib.request.urlopen(f"{self.url}{address}", timeout=60) as answer:
            return str(answer.read().decode())

    def stop(self) -> int:
        """End the server as a service is ended; returns its exit status."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(_PATIENCE_SECONDS)
        self.process = None
        return status

    def kill(self) -> None:
        """Pull the plug: the server and its PostgreSQL are gone between two instructions."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(_PATIENCE_SECONDS)
        self.process = None
        self._kill_postgres()

    def postgres(self) -> psutil.Process | None:
        """The embedded PostgreSQL, while it runs."""
        try:
            number = int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(number)
            return process if process.is_running() and "postgres" in process.name() else None
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def clear_away(self) -> None:
        """Leave nothing running behind."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(_PATIENCE_SECONDS)
        self._kill_postgres()

    def _kill_postgres(self) -> None:
        postmaster = self.postgres()
        if postmaster is None:
            return
        family = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        psutil.wait_procs(family, timeout=_PATIENCE_SECONDS)

    def _surroundings(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ITUTOROS_", "DATABASE_"))}
        return kept | {
            "ITUTOROS_DATA": str(self.folder),
            "ITUTOROS_PORT": str(self.port),
            "ITUTOROS_MAIL_FOLDER": str(self.folder / "mail"),
            "PYTHONUTF8": "1",
        }


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}


def rows_of(store: Any) -> dict[str, dict[str, tuple[object, ...]]]:
    """Everything a store knows of its center: per table the shared fields of each row by its id."""
    from sqlalchemy import text

    from shared_models.registry import tenant_classes
    from shared_models.sync.wire import wire_fields

    found: dict[str, dict[str, tuple[object, ...]]] = {}
    with store.engine.connect() as connection:
        for name, kind in tenant_classes().items():
            columns: Sequence[str] = wire_fields(kind.__table__)  # type: ignore[arg-type]
            listed = ", ".join(f'"{column}"' for column in columns)
            rows = connection.execute(text(f'SELECT id, {listed} FROM "{name}"'))
            found[name] = {row[0]: tuple(row[1:]) for row in rows}
    return found
