"""Changes that did not stand at the server: what was entered beside what the server has, why it was refused, and
trying again, editing or discarding ([S-42])."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from desktop.store.local_models import NeedsAttention
from desktop.store.store import Store
from desktop.sync.record_words import RecordWords, is_silent, label, python_value, record_words
from desktop.sync.rows import WHOLE, table_of
from shared_models.registry import tenant_classes
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import wire_fields

_QUIET_EMPTY = (None, "", "[]", "{}", 0)


@dataclass(frozen=True, slots=True)
class FieldSides:
    """One field of a refused change: what was entered, and what the server has, in words."""

    name: str
    label: str
    yours: str
    servers: str


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """One refused change. `what` names the record; `is_here` says whether its row is on this PC, `is_known` whether
    the server has it."""

    table: str
    row_id: str
    what: str
    code: str
    reason: str
    fields: tuple[FieldSides, ...]
    kept: Mapping[str, FieldValue]
    refused_at: datetime
    is_here: bool
    is_known: bool

    @property
    def entered(self) -> str:
        """What was entered, in one line."""
        return ", ".join(f"{each.label}: {each.yours or 'nothing'}" for each in self.fields)


def refused_changes(store: Store) -> list[RefusedChange]:
    """Everything that waits for a decision, newest first."""
    with store.read() as session:
        waiting = session.scalars(select(NeedsAttention).order_by(NeedsAttention.refused_at.desc())).all()
        connection = session.connection()
        words = RecordWords(connection, store) if waiting else None
        return [_change(store, connection, words, row) for row in waiting if words is not None]


def _change(store: Store, connection: Connection, words: RecordWords, row: NeedsAttention) -> RefusedChange:
    fields = wire_fields(table_of(row.table_name))
    listed = ", ".join(f'"{name}"' for name in fields)
    found = connection.exec_driver_sql(
        f'SELECT server_seq, {listed} FROM "{row.table_name}" WHERE organization_id = ? AND id = ?',
        (store.organization_id, row.row_id),
    ).one_or_none()
    is_known = found is not None and found[0] is not None
    servers = dict(zip(fields, found[1:], strict=True)) if found is not None and is_known else {}
    name = words.name(row.table_name, row.row_id)
    kind = record_words(row.table_name)
    return RefusedChange(
        row.table_name,
        row.row_id,
        f"{kind} {name}" if name and row.table_name != "organization" else kind,
        row.code,
        row.reason,
        tuple(_sides(words, row, servers, has_server=is_known)),
        dict(row.kept_values),
        row.refused_at,
        found is not None,
        is_known,
    )


def _sides(
    words: RecordWords, row: NeedsAttention, servers: Mapping[str, FieldValue], *, has_server: bool
) -> list[FieldSides]:
    sides = []
    for name in wire_fields(table_of(row.table_name)):
        if name not in row.kept_values or is_silent(name):
            continue
        yours = row.kept_values[name]
        if has_server and yours == servers.get(name):
            continue
        if not has_server and yours in _QUIET_EMPTY:
            continue
        sides.append(
            FieldSides(
                name,
                label(name),
                words.value(row.table_name, name, yours),
                words.value(row.table_name, name, servers.get(name)) if has_server else "",
            )
        )
    return sides


def try_again(store: Store, *changes: RefusedChange, edited: Mapping[str, Any] | None = None) -> None:
    """Enter the kept values once more, with those that were edited in their place, as a new edit that will be sent.
    What belongs together is entered together.

    Raises ValueError when a record is no longer on this PC.
    """
    with store.write() as session:
        for change in changes:
            row = session.get(tenant_classes()[change.table], (store.organization_id, change.row_id))
            if row is None:
                raise ValueError("this record is no longer on this PC")
            for name, value in (kept_values(change) | dict(edited or {})).items():
                setattr(row, name, value)
            if row.server_seq is None:
                row.unsent_since = WHOLE  # the server never had it
                if "archived_at" not in change.kept:
                    row.archived_at = None
        settle(session, *changes)


def kept_values(change: RefusedChange) -> dict[str, Any]:
    """What was entered, as the models hold it."""
    columns = table_of(change.table).c
    return {name: python_value(columns[name], value) for name, value in change.kept.items()}


def discard(store: Store, *changes: RefusedChange) -> None:
    """Keep what the server has, and forget what was entered."""
    with store.write() as session:
        settle(session, *changes)


def bring_back(store: Store, *changes: RefusedChange) -> None:
    """Put changes that were discarded back among those that wait."""
    with store.write() as session:
        for change in changes:
            session.merge(
                NeedsAttention(
                    table_name=change.table,
                    row_id=change.row_id,
                    code=change.code,
                    reason=change.reason,
                    kept_values=dict(change.kept),
                    refused_at=change.refused_at,
                )
            )


def settle(session: Session, *changes: RefusedChange) -> None:
    """Take changes from among those that wait."""
    session.connection().execute(
        text("DELETE FROM needs_attention WHERE table_name = :table AND row_id = :id"),
        [{"table": change.table, "id": change.row_id} for change in changes],
    )
