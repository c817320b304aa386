"""Moves the store's write-ahead log into its file, on a thread of its own: whoever saves shall not pay with a long
commit for what others have written before."""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_MANY_PAGES = 4_000
_PAGE_BYTES = 4_096
_HEADER = struct.Struct("=16xI76xI")
"""Of the index that SQLite keeps beside the log: how many pages the log holds, and how many are in the file."""


class LogMover:
    """`look` after each commit; `close` before the file is let go of."""

    def __init__(self, file: Path, connect: Callable[[], Any]) -> None:
        self._index = file.with_name(f"{file.name}-shm")
        self._log = file.with_name(f"{file.name}-wal")
        self._connect = connect
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def look(self) -> None:
        """Begin to move the log if it has grown long; costs microseconds."""
        if self._waiting_pages() < _MANY_PAGES or not self._turn.acquire(blocking=False):
            return
        try:
            is_moving = self._thread is not None and self._thread.is_alive()
            if not is_moving and not self._is_closed:
                self._thread = threading.Thread(target=self._move, name="log-mover", daemon=True)
                self._thread.start()
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let what is under way end, and begin nothing more."""
        with self._turn:
            self._is_closed = True
        if self._thread is not None:
            self._thread.join()

    def _waiting_pages(self) -> int:
        try:
            with open(self._index, "rb", buffering=0) as index:
                written, moved = _HEADER.unpack(index.read(_HEADER.size))
        except (OSError, struct.error):
            return self._pages_of_log()
        return int(written) - int(moved)

    def _pages_of_log(self) -> int:
        """Where the index cannot be read: as many as the log ever held. To move it once too often costs little."""
        try:
            return self._log.stat().st_size // _PAGE_BYTES
        except OSError:
            return 0

    def _move(self) -> None:
        try:
            connection = self._connect()
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()
        except Exception as error:  # The log stays, nothing is lost; the next commit tries again.
            log.warning("The log was not moved: %s", error)
