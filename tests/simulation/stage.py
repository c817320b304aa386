"""What the stories of one process share: the server's database and application, empty stores to copy, a clock that
the story turns, and the sweeping between two stories."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import event

from desktop.store.store import Store, _connector, _engine, migrate
from desktop.sync import hello
from shared_models.base import new_id
from shared_models.sync import clocks
from sync_server.access.devices import fork_device
from sync_server.database import Database, tenant_tables
from sync_server.models import Account, ServerBase
from sync_server.sync import hello as server_hello
from sync_server.sync import pull
from tests.simulation.network import InProcessServer

PREVIOUS_SCHEMA = "0006"
"""Of the last program that spoke protocol 1."""

_MEMORY = Path("/dev/shm")


class Stage:
    """Made once in a process; `sweep` leaves no row of a story behind, so that a seed can be played again."""

    def __init__(self, owner_url: str, folder: Path | None = None) -> None:
        """Work in `folder`, or in one of its own in memory where the machine lets it."""
        within = folder if folder is not None else _MEMORY if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="itutoros-simulation-", dir=within))
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
        """An empty store at the schema of the program before this one."""
        if self._behind is None:
            folder = self.folder / "behind"
            folder.mkdir()
            key = (self.template / "store-key.secret").read_text()
            (folder / "store-key.secret").write_text(key)
            engine = _engine(folder / "store.db", key)
            migrate(engine, PREVIOUS_SCHEMA)
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

    def behind(self, folder: Path) -> None:
        """Turn the store in a folder into what the program before this one would have left there."""
        key = (folder / "store-key.secret").read_text()
        before = folder.with_name(f"{folder.name}-before")
        folder.rename(before)
        shutil.copytree(self.template_behind, folder)
        for secret in before.glob("*.secret"):
            shutil.copy2(secret, folder)
        source, target = (_connector(place / "store.db", key)() for place in (before, folder))
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN")
        for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            known = {row[1] for row in source.execute(f'PRAGMA table_info("{name}")')}
            columns = [row[1] for row in target.execute(f'PRAGMA table_info("{name}")') if row[1] in known]
            if name == "alembic_version" or not columns:
                continue
            listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
            target.execute(f'DELETE FROM "{name}"')
            target.executemany(
                f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', source.execute(f'SELECT {listed} FROM "{name}"')
            )
        target.execute("COMMIT")
        source.close()
        target.close()
        shutil.rmtree(before)

    def backup(self, organization_id: str) -> tuple[int, dict[str, Any]]:
        """Everything that the server knows of an organization but its devices, and as of which number."""
        rows = {}
        for name in tenant_tables():
            query = sql.SQL("SELECT json_agg(t)::text FROM {} AS t WHERE organization_id = {}")
            found = self.owner.execute(query.format(sql.Identifier(name), organization_id)).fetchone()
            if found is not None and found[0] is not None:
                rows[name] = found[0]
        return self.last_seq(organization_id), rows

    def last_seq(self, organization_id: str) -> int:
        """The last number that the server gave to a change of an organization."""
        last = self.owner.execute(
            "SELECT last_seq FROM organization_sequence WHERE organization_id = %s", [organization_id]
        ).fetchone()
        assert last is not None
        return int(last[0])

    def restore(self, organization_id: str, backup: tuple[int, dict[str, Any]]) -> None:
        """Put an organization back as it was, as another life of its data: what `itutoros-server restore` does."""
        restored_at, rows = backup
        with self.owner.transaction():
            self.owner.execute("SET LOCAL session_replication_role = replica")
            now = self.last_seq(organization_id)
            before = self._restored_at(organization_id)
            for name in tenant_tables():
                table = sql.Identifier(name)
                delete = sql.SQL("DELETE FROM {} WHERE organization_id = {}").format(table, organization_id)
                self.owner.execute(delete)
                if name in rows:
                    insert = (
                        "INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::{}, %s)"
                    )
                    self.owner.execute(sql.SQL(insert).format(table, table), [rows[name]])
            self.owner.execute(
                "UPDATE organization_sequence SET last_seq = %s, epoch = gen_random_uuid()::text, "
                "restored_at_seq = least(restored_at_seq, %s, %s) WHERE organization_id = %s",
                [max(now, restored_at) + 1, before, restored_at, organization_id],
            )

    def _restored_at(self, organization_id: str) -> int | None:
        found = self.owner.execute(
            "SELECT restored_at_seq FROM organization_sequence WHERE organization_id = %s", [organization_id]
        ).fetchone()
        return None if found is None else found[0]

    def close(self) -> None:
        """Let go of everything."""
        self.owner.execute("DELETE FROM account WHERE id = %s", [self.account_id])
        self.owner.close()
        self.server.close()
        structlog.configure(**self._logging)
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def led_by_story(
    now_milliseconds: Callable[[], int],
    true_milliseconds: Callable[[], int],
    make_id: Callable[[], str],
    page_rows: int,
) -> Iterator[None]:
    """Lead every stamp and every look at the clock of the sync to the story's clock, every name of a device to the
    story's ids, and let pages be as small as the story has them."""
    simulated = SimpleNamespace(time_ns=lambda: now_milliseconds() * 1_000_000)
    # The time that passes is the story's, whatever the clocks on the walls show.
    passing = SimpleNamespace(monotonic=lambda: true_milliseconds() / 1000)
    with (
        mock.patch.object(clocks, "time", simulated),
        mock.patch.object(hello, "time", passing),
        mock.patch.object(pull, "FIRST_PAGE_ROWS", page_rows),
        mock.patch.object(pull, "MAX_PAGE_ROWS", page_rows),
        mock.patch.object(server_hello, "fork_device", partial(fork_device, make_id=make_id)),
    ):
        yield


def _commit_without_waiting(connection: Any, _record: object) -> None:
    # A simulated kill ends a transaction, never the machine; nothing needs to reach the disk.
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    connection.commit()
