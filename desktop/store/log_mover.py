"""Moves the store's write-ahead log into its file, on a thread of its own: whoever saves shall not pay with a long
commit for what others have written before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

_MANY_PAGES = 4_000


class LogMover:
    """`look` after each commit; `close` before the file is let go of."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._held = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Move nothing within this block: its writer does that by itself, where it suits best."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def look(self) -> None:
        """Begin to move the log if it has grown long; costs microseconds."""
        if self._held or not self._turn.acquire(blocking=False):
            return
        try:
            is_moving = self._thread is not None and self._thread.is_alive()
            if not is_moving and not self._is_closed and self._waiting_pages() >= _MANY_PAGES:
                self._thread = threading.Thread(target=self._move, name="log-mover", daemon=True)
                self._thread.start()
        except Exception as error:  # The log stays, nothing is lost; the next commit tries again.
            log.warning("The log was not moved: %s", error)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let what is under way end, and begin nothing more."""
        with self._turn:
            self._is_closed = True
        if self._thread is not None:
            self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _waiting_pages(self) -> int:
        # SQLite is asked: to read its files here would let go of the locks that this process holds on them (POSIX).
        if self._connection is None:
            self._connection = self._connect()
        _, written, moved = self._connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        return int(written) - int(moved)

    def _move(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except Exception as error:  # as above
            log.warning("The log was not moved: %s", error)
