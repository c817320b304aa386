"""Whether this process may be given requests: the database answers and takes changes, its schema fits the code, and
the server is not about to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg

from sync_server.operations.draining import Draining

_FRESH_SECONDS = 1.0
_CONNECT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """The answer of /ready; `reason` says in a few words why not."""

    is_ready: bool
    reason: str = ""
    schema: str = ""


class Readiness:
    """Asks at most once a second, over one connection of its own: a pool that is used up by requests says nothing
    about the database."""

    def __init__(
        self,
        database_url: str,
        draining: Draining,
        *,
        writes: bool = True,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without `writes` a replica will do."""
        self._url = database_url
        self._writes = writes
        self._draining = draining
        self._ticks = ticks
        self._lock = threading.Lock()
        self._is_closed = False
        self._connection: psycopg.Connection[Any] | None = None
        self._known: Ready | None = None
        self._asked_at = 0.0

    def now(self) -> Ready:
        """Whether requests are welcome; takes a few seconds at most."""
        if self._draining.has_begun:
            return Ready(False, "the server is ending")
        with self._lock:
            if self._is_closed:
                return Ready(False, "the server is ending")
            if self._known is None or self._ticks() - self._asked_at > _FRESH_SECONDS:
                self._known = self._ask()
                self._asked_at = self._ticks()
            return self._known

    def close(self) -> None:
        """Give the connection back; from then on the server is not ready."""
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self) -> Ready:
        # A connection that PostgreSQL closed meanwhile is no reason yet: a fresh one tells.
        for _ in range(2):
            try:
                revision, is_replica = self._revision()
            except psycopg.Error:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                continue
            if is_replica and self._writes:
                return Ready(False, "the database is a replica, which takes no changes", revision)
            if schema_fits(revision):
                return Ready(True, schema=revision)
            return Ready(False, "the database is not migrated yet", revision)
        return Ready(False, "the database cannot be reached")

    def _revision(self) -> tuple[str, bool]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=_CONNECT_SECONDS,
                tcp_user_timeout=_CONNECT_SECONDS * 1000,
            )
        row = self._connection.execute("SELECT version_num, pg_is_in_recovery() FROM alembic_version").fetchone()
        return (str(row[0]), bool(row[1])) if row else ("", False)


def schema_fits(revision: str) -> bool:
    """Whether this code works on a database at that revision: the newest it knows, or a newer one, as migrations are
    made so that the code before them still runs (CONTRIBUTING, "Changes to the tables")."""
    known = known_revisions()
    return bool(revision) and (revision == known[0] or revision not in known)


@lru_cache(maxsize=1)
def known_revisions() -> tuple[str, ...]:
    """The revisions of the database that this code knows, newest first."""
    from alembic.script import ScriptDirectory

    from sync_server.database import migration_config

    return tuple(script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions())
