"""What the stories of one process share: the server's database and application, empty stores to copy, a clock that
the story turns, and the sweeping between two stories."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import event

from desktop.store.migrations import HEAD
from desktop.store.store import Store, _engine, migrate, migration_config
from shared_models.base import new_id
from shared_models.sync import clocks
from sync_server.database import Database, tenant_tables
from sync_server.models import Account, ServerBase
from tests.simulation.network import InProcessServer

_MEMORY = Path("/dev/shm")


class Stage:
    """Made once in a process; `sweep` leaves no row of a story behind, so that a seed can be played again."""

    def __init__(self, owner_url: str) -> None:
        in_memory = str(_MEMORY) if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="itutoros-simulation-", dir=in_memory))
        self.database = Database(owner_url, pool_size=4)
        event.listen(self.database.engine, "connect", _commit_without_waiting)
        # What the server logs of refusals and of its own ends belongs to the stories.
        self._logging = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self.server = InProcessServer(self.database, self.folder)
        self.owner = psycopg.connect(owner_url, autocommit=True)
        self.account_id = new_id()
        with self.database.routing() as session:
            session.add(Account(id=self.account_id, email=f"{self.account_id}@desk.example", password_hash="-"))
        self.template = self.folder / "template"
        Store(self.template, use_keyring=False).close()
        self._behind: Path | None = None

    @property
    def template_behind(self) -> Path:
        """An empty store at the schema before the newest one."""
        if self._behind is None:
            from alembic.script import ScriptDirectory

            newest = ScriptDirectory.from_config(migration_config()).get_revision(HEAD)
            folder = self.folder / "behind"
            folder.mkdir()
            key = (self.template / "store-key.secret").read_text()
            (folder / "store-key.secret").write_text(key)
            engine = _engine(folder / "store.db", key)
            migrate(engine, str(newest.down_revision))
            engine.dispose()
            self._behind = folder
        return self._behind

    def sweep(self, organization_id: str) -> None:
        """Remove everything that the server knows of an organization."""
        routing = [
            name
            for name, table in ServerBase.metadata.tables.items()
            if "organization_id" in table.columns and name not in tenant_tables()
        ]
        statements = [
            sql.SQL("DELETE FROM {} WHERE organization_id = {}").format(sql.Identifier(name), organization_id)
            for name in (*tenant_tables(), *routing)
        ]
        begin, end = (sql.SQL(f"SET session_replication_role = {role}") for role in ("replica", "origin"))
        self.owner.execute(sql.SQL("; ").join([begin, *statements, end]))

    def close(self) -> None:
        """Let go of everything."""
        self.owner.execute("DELETE FROM account WHERE id = %s", [self.account_id])
        self.owner.close()
        self.server.close()
        structlog.configure(**self._logging)
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def clock_turned_by(now_milliseconds: Callable[[], int]) -> Iterator[None]:
    """Lead every stamp and every look at the clock of the sync to the story's clock."""
    simulated = SimpleNamespace(time_ns=lambda: now_milliseconds() * 1_000_000)
    with mock.patch.object(clocks, "time", simulated):
        yield


def _commit_without_waiting(connection: Any, _record: object) -> None:
    # A simulated kill ends a transaction, never the machine; nothing needs to reach the disk.
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    connection.commit()
