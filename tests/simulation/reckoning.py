"""What was promised, held against what is there at the end: every saved edit stands, was overruled by a later one
that the history knows, or lies in needs attention; every store shows what the server shows its user."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Table

from desktop.store.store import Store
from desktop.sync.rows import blank_value
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import clock_of, device_tail
from shared_models.sync.wire import TableBatch, postgres_reading, wire_fields

Rows = dict[tuple[str, str], dict[str, tuple[Any, str]]]
"""(table, id) to each field's value and stamp."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of one row as a person saved it."""

    desk: int
    table: str
    row_id: str
    name: str
    stamp: str
    value: Any
    is_believable: bool
    """Its stamp is not so far ahead that the server would have it made anew."""


@dataclass
class Reckoning:
    """Every edit that was saved, in order."""

    edits: list[Edit] = field(default_factory=list)
    noted: dict[tuple[int, int, str, str, str, str], str] = field(default_factory=dict)
    twice: list[Edit] = field(default_factory=list)
    """Edits under a stamp that the same desk had given to another edit ([S-2])."""
    words: dict[str, tuple[int, str, str, str]] = field(default_factory=dict)
    """Words written into long texts: who wrote them (desk), and where."""
    audit_is_whole: bool = True
    """False once the server was restored from a backup, which knows nothing of what came after it."""
    erased: set[tuple[str, str]] = field(default_factory=set)
    """Rows that were erased, also before the server was restored."""

    def note_saved(self, desk: int, life: int, store: Store, changes: Mapping[str, Iterable[str]], now: int) -> None:
        """Take down what a desk has just saved, from what its store holds; `life` counts how often its disk came
        back from a copy."""
        tail = device_tail(store.local("device_id") or "")
        for (table, row_id), fields in rows_of_store(store, changes).items():
            for name, (value, stamp) in fields.items():
                key = (desk, life, table, row_id, name, stamp)
                if not stamp.endswith(tail) or self.noted.get(key) == said(value):
                    continue
                edit = Edit(desk, table, row_id, name, stamp, value, int(stamp[:12], 16) <= now + 200_000)
                if key not in self.noted:
                    self.noted[key] = said(value)
                    self.edits.append(edit)
                elif name not in {"archived_at", *tenant_classes()[table].long_texts} and not _is_blank(edit):
                    # (A refused row that the server never had is archived without a stamp, and what a desk may no
                    # longer see turns blank under the stamp of its row's creation.)
                    self.twice.append(edit)

    def forget(self, desk: int, rows: Iterable[tuple[str, str]]) -> None:
        """What a desk had not sent is gone with its disk."""
        gone = set(rows)
        self.edits = [e for e in self.edits if e.desk != desk or (e.table, e.row_id) not in gone]
        self.words = {word: place for word, place in self.words.items() if place[0] != desk or place[1:3] not in gone}

    def last_of_each_desk(self) -> Iterable[Edit]:
        """The edits that nobody at the same desk has overruled."""
        return {(e.desk, e.table, e.row_id, e.name): e for e in self.edits}.values()


def rows_of_store(store: Store, only: Mapping[str, Iterable[str]] | None = None) -> Rows:
    """What a store holds, of some rows or of all."""
    found: Rows = {}
    with raw_store(store) as connection:
        for name in only if only is not None else tenant_classes():
            fields, query = _store_query(name)
            if only is None:
                rows = connection.execute(query)
            else:
                ids = json.dumps(sorted(only[name]))
                rows = connection.execute(f"{query} WHERE id IN (SELECT value FROM json_each(?))", (ids,))
            for row in rows:
                found[name, row[0]] = _fields(fields, row[1], row[2:])
    return found


def rows_of_server(owner: Any, organization_id: str) -> Rows:
    """Everything the server holds of an organization."""
    found: Rows = {}
    for name in tenant_classes():
        fields, query = _server_query(name)
        for row in owner.execute(query, [organization_id]):
            found[name, row[0]] = _fields(fields, row[1], row[2:])
    return found


@cache
def _store_query(name: str) -> tuple[tuple[str, ...], str]:
    fields = wire_fields(table_of(name))
    columns = ", ".join(f'"{column}"' for column in fields)
    return fields, f'SELECT id, field_clocks, {columns} FROM "{name}"'


@cache
def _server_query(name: str) -> tuple[tuple[str, ...], str]:
    table = table_of(name)
    fields = wire_fields(table)
    columns = ", ".join(postgres_reading(table.c[column]) for column in fields)
    return fields, f'SELECT id::text, field_clocks::text, {columns} FROM "{name}" WHERE organization_id = %s'


@contextmanager
def raw_store(store: Store) -> Iterator[Any]:
    """The store's own connection, without what an engine adds."""
    with store.engine.connect() as connection:
        yield connection.connection.driver_connection


def rows_of_batches(batches: Iterable[TableBatch]) -> Rows:
    """Rows as they travelled; only the fields that did."""
    return {
        (batch.table, row_id): _fields(batch.fields, clocks, values)
        for batch in batches
        for row_id, clocks, values in zip(batch.ids, batch.clocks, batch.rows(), strict=True)
    }


def audited_values(owner: Any, organization_id: str) -> dict[tuple[str, str, str], set[str]]:
    """Every value that the history knows of a field: before, after, or lost."""
    known: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for table, row_id, changes, lost in owner.execute(
        "SELECT table_name, row_id::text, changes, lost FROM audit_entry WHERE organization_id = %s",
        [organization_id],
    ):
        for name, pair in changes.items():
            for value in pair if isinstance(pair, list) else [pair]:
                known[table, row_id, name].add(said(value))
        for name, value in lost.items():
            known[table, row_id, name].add(said(value))
    return known


def kept_values(store: Store) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What lies in needs attention."""
    kept: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    with raw_store(store) as connection:
        for table, row_id, values in connection.execute(
            "SELECT table_name, row_id, kept_values FROM needs_attention"
        ):
            kept[table, row_id].append(json.loads(values))
    return kept


def unsent_rows(store: Store) -> list[tuple[str, str]]:
    """The rows of a store that hold something unsent."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}', id FROM \"{name}\" WHERE unsent_since IS NOT NULL" for name in tenant_classes()
    )
    with raw_store(store) as connection:
        return [(table, row_id) for table, row_id in connection.execute(parts)]


def by_table(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Ids by the table they belong to."""
    found: dict[str, list[str]] = {}
    for table, row_id in rows:
        found.setdefault(table, []).append(row_id)
    return found


def said(value: Any) -> str:
    """A value in one spelling, whether it came from SQLite, PostgreSQL or the history."""
    value = _plain(value)
    if isinstance(value, bool):
        value = int(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def table_of(name: str) -> Table:
    """The table of that name."""
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table


def _is_blank(edit: Edit) -> bool:
    return said(edit.value) == said(blank_value(table_of(edit.table).c[edit.name]))


def _fields(names: Iterable[str], clocks_text: str, values: Iterable[Any]) -> dict[str, tuple[Any, str]]:
    clocks = json.loads(clocks_text)
    return {name: (_plain(value), clock_of(clocks, name)) for name, value in zip(names, values, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{") and value[-1:] in ("]", "}"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
