"""One program per store: a second start shows the window that is open already, instead of opening another over the
same data."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

_FILE = "open.lock"
_CALL_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 0.1


class OnlyOne:
    """Holds a store for this process from `take` to `close`, or to the end of the context; the system lets go of it
    when the process ends, however that happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: IO[bytes] | None = None
        self._server: object = None

    def take(self) -> bool:
        """Whether this is the first program on the store; raises OSError where the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = (self._folder / _FILE).open("ab")
        if not _lock(file):
            file.close()
            return False
        self._held = file
        return True

    def listen(self, called: Callable[[], object]) -> None:
        """Call `called` in this thread whenever another start asks for the window. Needs the application."""
        from PySide6.QtNetwork import QLocalServer

        server = QLocalServer()
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self._name)  # what a program that was killed left behind
        if not server.listen(self._name):
            return  # a second start says then in words that the program is open

        def answer() -> None:
            caller = server.nextPendingConnection()
            caller.disconnected.connect(caller.deleteLater)
            caller.write(b"1")
            caller.flush()
            called()

        server.newConnection.connect(answer)
        self._server = server

    def call(self) -> bool:
        """Ask the first program to show its window; whether it answered. It may be starting still."""
        from PySide6.QtNetwork import QLocalSocket

        until = time.monotonic() + _CALL_SECONDS
        while time.monotonic() < until:
            caller = QLocalSocket()
            caller.connectToServer(self._name)
            if caller.waitForConnected(500) and caller.waitForReadyRead(2_000):
                return True
            time.sleep(_TRY_AGAIN_SECONDS)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another program have the store."""
        self._server = None
        if self._held is not None:
            self._held.close()
            self._held = None

    @property
    def _name(self) -> str:
        place = f"{self._folder.resolve()}|{os.environ.get('USERNAME') or os.environ.get('USER') or ''}"
        return f"itutoros-{hashlib.sha256(place.encode()).hexdigest()[:24]}"


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # Where files cannot be locked at all, every start is the first.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)
    return True
