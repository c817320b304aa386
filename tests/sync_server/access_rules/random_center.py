"""A center full of random rows in every table, and the same rows as plain values for the reference evaluator."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Table, Uuid
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import Session

from shared_models.access.conditions import Row, Viewer
from shared_models.access.models import Role
from shared_models.access.policy import visible
from shared_models.base import SYNC_COLUMNS, Instant, JsonValue, WallTime, new_id
from shared_models.registry import tenant_classes
from shared_models.sync.wire import postgres_reading, wire_fields
from sync_server.database import Database, raw_cursor

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MOST = {
    "organization": 1,
    "location": 3,
    "user": 6,
    "user_role": 9,
    "schedule_entry": 12,
    "attendee": 16,
    "student": 7,
}
USUAL = 4
_PAIRS = {
    "starts_at": 0, "ends_at": 60, "blocked_until": 75, "opens": 0, "closes": 120, "starts": 0, "ends": 120,
    "first_day": 0, "last_day": 3,
}  # fmt: skip
"""Fields of which one must follow another, each as far behind the row's own beginning."""


class RandomCenter:
    """One organization with rows that refer to each other at random, archived ones among them."""

    def __init__(self, database: Database, seed: int) -> None:
        self.draw = random.Random(seed)
        self.database = database
        self.organization_id = new_id()
        self.ids: dict[str, list[str]] = defaultdict(list)
        with database.tenant(self.organization_id) as session:
            for name, kind in tenant_classes().items():
                rows = [self.row(name) for _ in range(self._how_many(name))]
                database.recorder.insert_rows(session, kind, rows)
            session.flush()

    def new_id(self) -> str:
        """An id that the same seed makes again."""
        return str(UUID(int=self.draw.getrandbits(128), version=4))

    def row(self, name: str) -> dict[str, Any]:
        """A new row of a table, which later rows may refer to."""
        row_id = self.organization_id if name == "organization" else self.new_id()
        values: dict[str, Any] = {"organization_id": self.organization_id, "id": row_id}
        shift = self.draw.randrange(0, 600, 15)
        for column in table_of(name).columns:
            if column.name not in SYNC_COLUMNS:
                values[column.name] = self.value(name, column, shift)
        self.ids[name].append(row_id)
        return values

    def value(self, name: str, column: Column[Any], shift: int) -> Any:
        """A random value that the table takes."""
        refers = next(iter(column.foreign_keys), None)
        if refers is not None and column.name != "organization_id":
            known = self.ids[refers.column.table.name]
            return self.draw.choice([*known, None, None] if column.nullable and known else known or [None])
        if column.name in {"archived_at"}:
            return START if self.draw.random() < 0.2 else None
        if column.nullable and self.draw.random() < 0.3 and column.name not in _PAIRS and column.name != "last_day":
            return None
        return self._plain(name, column, shift)

    def _plain(self, name: str, column: Column[Any], shift: int) -> Any:
        offset = _PAIRS.get(column.name, 0)
        kind = column.type
        if isinstance(kind, SqlEnum):
            return self.draw.choice(list(kind.python_type))
        if isinstance(kind, Boolean):
            return self.draw.random() < 0.5
        if isinstance(kind, Instant):
            return START + timedelta(minutes=shift + offset)
        if isinstance(kind, WallTime):
            return time(8 + (shift + offset) // 60 % 16 if offset == 0 else 18 + offset // 60)
        if isinstance(kind, Date):
            return date(2026, 11, 23) + timedelta(days=shift // 60 + offset)
        if isinstance(kind, JsonValue):
            return []
        if isinstance(kind, Uuid):
            return self.new_id()
        if isinstance(kind, (Integer, BigInteger)):
            return self.draw.randint(1, 3)
        if column.name == "sha256":
            return "".join(self.draw.choices("0123456789abcdef", k=64))
        if "email" in column.name:
            return self.draw.choice(["ann@x.example", "bo@x.example", ""])
        length = getattr(kind, "length", None) or 8
        return "".join(self.draw.choices("abcdefgh", k=min(2, length)))

    def viewer(self, roles: Iterable[Role] | None = None) -> Viewer:
        """Some user with random roles, locations, tutor profiles and families."""

        def some(name: str) -> frozenset[str]:
            return frozenset(self.draw.sample(self.ids[name], self.draw.randint(0, len(self.ids[name]))))

        held = frozenset(self.draw.sample(list(Role)[1:], self.draw.randint(1, 4)) if roles is None else roles)
        user = self.draw.choice(self.ids["user"])
        return Viewer(held, user, some("location"), some("tutor"), some("family"))

    def _how_many(self, name: str) -> int:
        return 1 if name == "organization" else self.draw.randint(1, MOST.get(name, USUAL))


class Stored:
    """All rows of a center as wire values: what the reference evaluator looks around in."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self.tables: dict[str, dict[str, Row]] = {}
        self.seqs: dict[tuple[str, str], int] = {}
        with raw_cursor(session) as cursor:
            for name in tenant_classes():
                table = table_of(name)
                fields = wire_fields(table)
                reading = ", ".join(postgres_reading(table.c[field]) for field in fields)
                cursor.execute(
                    f'SELECT id::text, server_seq, {reading} FROM "{name}" WHERE organization_id = %s',
                    (organization_id,),
                )
                self.tables[name] = {}
                for row_id, seq, *values in cursor:
                    self.tables[name][row_id] = {"id": row_id, **dict(zip(fields, values, strict=True))}
                    self.seqs[name, row_id] = seq

    def row(self, table: str, row_id: str) -> Row | None:
        """One row by its id."""
        return self.tables[table].get(row_id)

    def referring(self, table: str, field: str, row_id: str) -> Iterable[Row]:
        """The rows of a table whose field names this id."""
        return [row for row in self.tables[table].values() if row[field] == row_id]

    def shown_to(self, viewer: Viewer) -> dict[tuple[str, str], dict[str, Any]]:
        """What a viewer sees, by the reference: the visible fields of each visible row."""
        found = {}
        for name, rows in self.tables.items():
            for row_id, row in rows.items():
                fields = visible(name, row, viewer, self)
                if fields is not None:
                    found[name, row_id] = {field: row[field] for field in fields}
        return found


def table_of(name: str) -> Table:
    """The table of a name."""
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table
