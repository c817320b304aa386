"""What every room's tables are built from: the declarative base, column types that mean the same on SQLite and
PostgreSQL, row ids, and the columns that every syncable row carries (architecture, "One model, two databases")."""

from __future__ import annotations

import os
import time as clock
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Time,
    TypeDecorator,
    Uuid,
    text,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

# Fixed names for constraints, so that a migration can find them in both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_1_name)s",
    "pk": "pk_%(table_name)s",
}

_DERIVED = uuid.UUID("6f1d7c0e-5d0b-5a57-9f0e-1b7a5e2c9d41")


def new_id(now_ms: int | None = None) -> str:
    """A UUIDv7 (RFC 9562) in canonical form: time-ordered, so that new rows lie together in an index."""
    stamp = clock.time_ns() // 1_000_000 if now_ms is None else now_ms
    tail = int.from_bytes(os.urandom(10))
    rand_a, rand_b = tail >> 68, tail & ((1 << 62) - 1)
    value = (stamp & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    return str(uuid.UUID(int=value))


def derived_id(*parts: str) -> str:
    """The same id for the same parts on every PC, so that two of them making one thing offline make one row."""
    return str(uuid.uuid5(_DERIVED, "\x1f".join(parts)))


class Instant(TypeDecorator[datetime]):
    """A UTC instant of whole seconds: `timestamptz` on PostgreSQL, sortable text `2026-11-25T20:40:00Z` on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(20))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        value = value.astimezone(UTC).replace(microsecond=0)
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class WallTime(TypeDecorator[time]):
    """A local time of day in whole minutes: `time` on PostgreSQL, text `16:00` on SQLite."""

    impl = Time
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(5) if dialect.name == "sqlite" else Time())

    def process_bind_param(self, value: time | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value.strftime("%H:%M") if dialect.name == "sqlite" else value.replace(second=0, microsecond=0)

    def process_result_value(self, value: Any, dialect: Dialect) -> time | None:
        return time.fromisoformat(value) if isinstance(value, str) else value


Id = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
"""An id column: native `uuid` on PostgreSQL, canonical text on SQLite; a `str` in Python either way."""


class JsonValue(TypeDecorator[Any]):
    """Lists and objects: `jsonb` on PostgreSQL, JSON text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            # Loaded here, as the desktop has no use for PostgreSQL's types and should not wait for them at start.
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(JSON())


Json = JsonValue()


def choice(kind: type[StrEnum], constraint: str | None = None) -> SqlEnum:
    """A closed set kept as its plain string values, with a CHECK constraint in both databases.

    Two columns of one table with the same set each need a `constraint` name of their own.
    """
    words = [member.value for member in kind]
    return SqlEnum(
        kind,
        values_callable=lambda _: words,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=constraint or kind.__name__.lower(),
    )


class Base(DeclarativeBase):
    """Base of all tables that desktop and server share."""

    metadata = MetaData(naming_convention=NAMING)


def refers(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key inside one tenant: it carries `organization_id`, so a row cannot refer to another tenant's.
    Checked at commit, so that rows of one change may be written in any order."""
    return ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


class TenantRow(Base):
    """A row of one organization that syncs to every PC which may see it.

    `field_clocks` holds `{"*": clock of creation, field: later clock}`; `server_seq` the organization's sequence
    number under which the server last published the row; `unsent_since` the clock of the oldest change the server
    has not acknowledged (a desktop's; always empty on the server).
    """

    __abstract__ = True
    constraints: ClassVar[Iterable[SchemaItem]] = ()
    fields_together: ClassVar[tuple[frozenset[str], ...]] = ()
    """Fields that make sense only together (a start and its end): an edit of one is an edit of all, so that a merge
    never mixes two people's edits of them."""
    long_texts: ClassVar[frozenset[str]] = frozenset()
    """Fields that keep both versions when two people wrote them at the same time (docs/sync-protocol.md, [S-12])."""
    add_wins: ClassVar[bool] = False
    """Whether rows are members of a set: putting in wins over taking out at the same time ([S-13])."""
    append_only: ClassVar[bool] = False
    """Whether rows are entries of a ledger, which nobody edits ([S-14])."""

    organization_id: Mapped[str] = mapped_column(Id, primary_key=True, sort_order=-20)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id, sort_order=-19)
    archived_at: Mapped[datetime | None] = mapped_column(Instant, sort_order=90)
    field_clocks: Mapped[dict[str, str]] = mapped_column(Json, default=dict, sort_order=91)
    server_seq: Mapped[int | None] = mapped_column(BigInteger, sort_order=92)
    unsent_since: Mapped[str | None] = mapped_column(String(40), sort_order=93)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        name: str = cls.__tablename__
        return (
            *cls.constraints,
            Index(f"ix_{name}_server_seq", "organization_id", "server_seq"),
            # Only a desktop asks for unsent rows. (A condition for PostgreSQL, too, would load its dialect at start.)
            Index(
                f"ix_{name}_unsent", "organization_id", "unsent_since", sqlite_where=text("unsent_since IS NOT NULL")
            ).ddl_if(dialect="sqlite"),
        )


SYNC_COLUMNS = frozenset({"organization_id", "id", "field_clocks", "server_seq", "unsent_since"})
"""Columns that say where a row stands in the sync; every other column is a field that people edit."""


def at_least(column: str, minimum: int) -> CheckConstraint:
    """A CHECK that a number does not fall below `minimum`; an empty value passes."""
    return CheckConstraint(f"{column} >= {minimum}", name=f"{column}_at_least_{minimum}")


def not_blank(column: str) -> CheckConstraint:
    """A CHECK that a required text has something in it."""
    return CheckConstraint(f"length(trim({column})) > 0", name=f"{column}_not_blank")
