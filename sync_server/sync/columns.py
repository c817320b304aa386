"""Reading rows as the columns of a message: PostgreSQL itself writes the JSON, so that no value becomes an object
here (docs/sync-protocol.md, [S-20])."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Boolean, Column

from shared_models.base import Instant, JsonValue, WallTime
from shared_models.sync.blanks import blanks_of
from shared_models.sync.clocks import CONTEXT, edits_of
from shared_models.sync.wire import TableBatch, wire_fields
from sync_server.sync.sight import Sight, Tier, table_of


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, each part a JSON array as text: one value for each row, in one order."""

    table: str
    fields: tuple[str, ...]
    count: int
    last_seq: int
    ids: str
    clocks: str
    seqs: str
    columns: tuple[str, ...]

    def part(self, *, with_seqs: bool = True) -> str:
        """The rows as they stand in a message."""
        seqs = f',"seqs":{self.seqs}' if with_seqs else ""
        return (
            f'{{"table":"{self.table}","fields":{orjson.dumps(self.fields).decode()},"ids":{self.ids},'
            f'"clocks":{self.clocks}{seqs},"columns":[{",".join(self.columns)}]}}'
        )

    def batch(self) -> TableBatch:
        """The same as Python values."""
        return TableBatch(
            self.table,
            self.fields,
            orjson.loads(self.ids),
            orjson.loads(self.clocks),
            [orjson.loads(column) for column in self.columns],
            orjson.loads(self.seqs),
        )


def for_previous(rows: Rows) -> Rows:
    """The rows as the protocol before this one expects them: blanks in the fields that are hidden, and clocks that
    hold stamps alone."""
    definition = table_of(rows.table)
    blanks = blanks_of(definition)
    missing = tuple(name for name in wire_fields(definition) if name not in rows.fields)
    columns = tuple(orjson.dumps([blanks[name]] * rows.count).decode() for name in missing)
    clocks = rows.clocks
    if CONTEXT in clocks:
        clocks = orjson.dumps(without_contexts(orjson.loads(clocks))).decode()
    return replace(rows, fields=(*rows.fields, *missing), clocks=clocks, columns=(*rows.columns, *columns))


def batch_for_previous(batch: TableBatch) -> TableBatch:
    """The same for rows that are Python values."""
    definition = table_of(batch.table)
    blanks = blanks_of(definition)
    missing = tuple(name for name in wire_fields(definition) if name not in batch.fields)
    columns = [[blanks[name]] * len(batch.ids) for name in missing]
    return replace(
        batch,
        fields=(*batch.fields, *missing),
        clocks=without_contexts(batch.clocks),
        columns=[*batch.columns, *columns],
    )


def without_contexts(clocks: Sequence[str]) -> list[str]:
    """Clocks as JSON text without the contexts, which the protocol before this one neither knows nor keeps up."""
    return [orjson.dumps(edits_of(orjson.loads(text))).decode() if CONTEXT in text else text for text in clocks]


def rows_of(table: str, fields: tuple[str, ...], found: tuple[Any, ...] | None) -> Rows | None:
    """What the statement of `reading` found; None when there was nothing."""
    if found is None or not found[0]:
        return None
    count, last_seq, ids, clocks, seqs, *columns = found
    instants = _instants(table)
    return Rows(
        table, fields, count, last_seq, ids, clocks, seqs,
        tuple(_utc(column) if name in instants else column for name, column in zip(fields, columns, strict=True)),
    )  # fmt: skip


def shown(sight: Sight, table: str, *, few: bool = False) -> list[tuple[str, Tier]]:
    """For each tier of a table, the condition of the rows that it is the first to show; `few` when the statement is
    to read few rows."""
    conditions: list[tuple[str, Tier]] = []
    before: list[str] = []
    for tier in sight.tiers.get(table, ()):
        own = tier.condition_of_few if few else tier.condition
        parts = [f"({own})"] if own else []
        parts += [f"({condition}) IS NOT TRUE" for condition in before]
        conditions.append((" AND ".join(parts), tier))
        if not own:
            break
        before.append(own)
    return conditions


def hidden(sight: Sight, table: str, *, few: bool = False) -> str | None:
    """The condition of the rows that are not shown; None when all are, empty when none is."""
    if sight.sees_all(table):
        return None
    conditions = (tier.condition_of_few if few else tier.condition for tier in sight.tiers.get(table, ()))
    return " AND ".join(f"({condition}) IS NOT TRUE" for condition in conditions)


@cache
def reading(table: str, fields: tuple[str, ...], where: str) -> str:
    """The statement that reads rows as columns; `where` is a condition beside the organization's."""
    definition = table_of(table)
    inner = "".join(f", {wire_value(definition.c[name])} AS f{place}" for place, name in enumerate(fields))
    outer = "".join(f", json_agg(f{place})::text" for place in range(len(fields)))
    concealed = [name for name in wire_fields(definition) if name not in fields]
    clocks = "field_clocks"
    if concealed:
        keys = ", ".join(f"'{name}', '{name}{CONTEXT}'" for name in concealed)
        clocks = f"(field_clocks - ARRAY[{keys}])"
    return (
        "SELECT count(*)::int, max(server_seq), json_agg(id)::text, json_agg(clocks)::text, "
        f"json_agg(server_seq)::text{outer} "
        f"FROM (SELECT id, {clocks}::text AS clocks, coalesce(server_seq, 0) AS server_seq{inner} "
        f'FROM "{table}" WHERE organization_id = %(org)s AND {where} ORDER BY server_seq) AS page'
    )


def wire_value(column: Column[Any]) -> str:
    """The SQL of a column such that its JSON is the wire value, but for the Z of instants."""
    name = f'"{column.name}"'
    kind = column.type
    if isinstance(kind, Boolean):
        return f"{name}::int"
    if isinstance(kind, Instant):
        return f"({name} AT TIME ZONE 'UTC')"
    if isinstance(kind, WallTime):
        return f"left({name}::text, 5)"
    if isinstance(kind, JsonValue):
        return f"{name}::text"
    return name


@cache
def _instants(table: str) -> frozenset[str]:
    return frozenset(column.name for column in table_of(table).columns if isinstance(column.type, Instant))


def _utc(column: str) -> str:
    """A JSON array of times without a zone, each with the Z that says that they are UTC."""
    return column.replace('",', 'Z",').replace('"]', 'Z"]')
