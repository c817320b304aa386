"""The statements of a push: rows that are new, and the field-by-field merge of rows that are known, written so that
PostgreSQL does for a whole batch what shared_models/sync/merge.py does for one row; a property test holds both to the
same outcome (docs/sync-protocol.md, [S-10])."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Column, Table

from shared_models.sync.clocks import CREATED, ERASED_CLOCK
from shared_models.sync.wire import postgres_reading, wire_fields

_MOST_PAIRS = 40
"""How many fields one jsonb_build_object takes: functions have at most a hundred arguments."""

AUDIT = "INSERT INTO audit_entry (organization_id, table_name, row_id, action, user_id, device_id, changes, lost) "


@lru_cache(maxsize=500)
def known_statement(table: Table, source: str) -> str:
    """The ids among the incoming rows that the organization has already; takes `org`."""
    return f"SELECT s.id::text FROM {source} {_stored(table, 'true')}"


@lru_cache(maxsize=500)
def insert_statement(table: Table, fields: tuple[str, ...], source: str) -> str:
    """Makes rows of all incoming ones, with their audit entries. Takes `org`, `first` (the sequence number of place
    0), `user`, `device`, and what `default_parameters` gives."""
    own = "".join(f', "{name}"' for name in fields)
    values = "".join(f', s."{name}"' for name in fields)
    missing = _missing(table, fields)
    defaults = "".join(f', "{name}"' for name in missing)
    given = "".join(f", {_cast(table.c[name], f'%(d_{name})s')}" for name in missing)
    return (
        f'WITH made AS (INSERT INTO "{table.name}" (organization_id, id, field_clocks, server_seq{own}{defaults}) '
        f"SELECT %(org)s::uuid, s.id, s.clocks, %(first)s::bigint + s.place{values}{given} FROM {source} "
        "RETURNING id) "
        f"{AUDIT}SELECT %(org)s::uuid, '{table.name}', id, 'created', %(user)s::uuid, %(device)s::uuid, "
        "'{}', '{}' FROM made"
    )


def default_parameters(table: Table, fields: tuple[str, ...]) -> dict[str, Any]:
    """The models' own defaults of fields that an older desk does not send ([S-100])."""
    parameters = {}
    for name in _missing(table, fields):
        default: Any = table.c[name].default
        value = default.arg(None) if default.is_callable else default.arg
        parameters[f"d_{name}"] = orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value
    return parameters


def _missing(table: Table, fields: tuple[str, ...]) -> list[str]:
    return [name for name in wire_fields(table) if name not in fields and table.c[name].default is not None]


def _cast(column: Column[Any], value: str) -> str:
    from shared_models.sync.wire import postgres_type

    return f"{value}::{postgres_type(column)}"


@lru_cache(maxsize=500)
def merge_statement(table: Table, fields: tuple[str, ...], source: str, told: tuple[str, ...]) -> str:
    """Merges incoming rows into known ones by stamps, with their audit entries.

    Takes `org`, `first`, `user`, `device`. Answers a line for each row: its id, whether it is numbered anew, whether
    it differs from what was sent, and for each field of `told` whether it changed and its value before as text. What
    is edited in a row that was erased is dropped; the row is numbered anew, for the desk to drop it too ([S-15]).
    """
    numbers = range(len(fields))
    base = ", ".join(
        f's."{name}" AS n{i}, (t.row)."{name}" AS o{i}, '
        f"coalesce(s.clocks ->> '{name}', s.clocks ->> '{CREATED}') COLLATE \"C\" AS ts{i}, "
        f"coalesce((t.row).field_clocks ->> '{name}', (t.row).field_clocks ->> '{CREATED}', '') "
        f'COLLATE "C" AS os{i}'
        for i, name in enumerate(fields)
    )
    decided = ", ".join(
        f"ts{i} > os{i} AS w{i}, (ts{i} > os{i} AND n{i} IS DISTINCT FROM o{i}) AS c{i}, "
        f"(ts{i} < os{i} AND os{i} <> '{ERASED_CLOCK}' AND n{i} IS DISTINCT FROM o{i}) AS l{i}"
        for i in numbers
    )
    stamps = _object(fields, [f"CASE WHEN w{i} THEN ts{i} END" for i in numbers])
    changes = _object(
        fields,
        [
            f"CASE WHEN c{i} THEN jsonb_build_array({_wire(table.c[name], f'o{i}')}, "
            f"{_wire(table.c[name], f'n{i}')}) END"
            for i, name in enumerate(fields)
        ],
    )
    # A value that lost may be empty, so that nulls cannot stand for "did not lose" here.
    lost = " || ".join(
        f"CASE WHEN l{i} THEN jsonb_build_object('{name}', {_wire(table.c[name], f'n{i}')}) ELSE '{{}}' END"
        for i, name in enumerate(fields)
    )
    kept = ", ".join(f'(m.row)."{name}"' for name in wire_fields(table) if name not in fields)
    merged = ", ".join(f"CASE WHEN m.w{i} THEN m.n{i} ELSE m.o{i} END" for i in numbers)
    answers = "".join(
        f", m.c{fields.index(name)}, CASE WHEN m.c{fields.index(name)} THEN m.o{fields.index(name)}::text END"
        for name in told
    )
    return (
        "WITH m AS MATERIALIZED ("
        f"SELECT *, (erased OR {' OR '.join(f'w{i}' for i in numbers)}) AS moved, "
        f"({' OR '.join(f'l{i}' for i in numbers)}) AS lost, {stamps} AS stamps "
        f"FROM (SELECT *, {decided} FROM (SELECT s.place, s.id, t.row, (t.row).field_clocks AS stored, "
        f"coalesce((t.row).field_clocks ->> '{CREATED}', '') = '{ERASED_CLOCK}' AS erased, {base} "
        f"FROM {source} {_stored(table, 't')}) AS b) AS d), "
        f"changed AS ({_upsert(table, fields)} SELECT %(org)s::uuid, m.id, m.stored || m.stamps, "
        f"%(first)s::bigint + m.place{_listed(merged)}{_listed(kept)} FROM m WHERE m.moved {_on_conflict(fields)}), "
        f"noted AS ({AUDIT}SELECT %(org)s::uuid, '{table.name}', id, 'changed', %(user)s::uuid, %(device)s::uuid, "
        f"{changes}, CASE WHEN lost THEN {lost} ELSE '{{}}' END "
        f"FROM m WHERE lost OR {' OR '.join(f'c{i}' for i in numbers)}) "
        f"SELECT m.id::text, m.moved, m.lost OR m.erased{answers} FROM m"
    )


@lru_cache(maxsize=500)
def rewrite_statement(table: Table, source: str) -> str:
    """Writes rows that were merged elsewhere and come with all their fields. Takes `org` and `first`."""
    fields = wire_fields(table)
    values = ", ".join(f's."{name}"' for name in fields)
    return (
        f"{_upsert(table, fields)} SELECT %(org)s::uuid, s.id, s.clocks, %(first)s::bigint + s.place"
        f"{_listed(values)} FROM {source} {_on_conflict(fields)}"
    )


def _stored(table: Table, what: str) -> str:
    """The join that looks up each incoming row by its key, one after the other. Written so that PostgreSQL cannot
    turn it around: what it believes of a tenant's size may be of yesterday."""
    return (
        f'CROSS JOIN LATERAL (SELECT {what} AS row FROM "{table.name}" AS t '
        "WHERE t.organization_id = %(org)s::uuid AND t.id = s.id OFFSET 0) AS t"
    )


def _upsert(table: Table, fields: tuple[str, ...]) -> str:
    """The beginning of a statement that writes whole rows over known ones by their key, the fields first."""
    others = tuple(name for name in wire_fields(table) if name not in fields)
    columns = "".join(f', "{name}"' for name in (*fields, *others))
    return f'INSERT INTO "{table.name}" AS t (organization_id, id, field_clocks, server_seq{columns})'


def _on_conflict(fields: tuple[str, ...]) -> str:
    sets = "".join(f', "{name}" = excluded."{name}"' for name in fields)
    return (
        "ON CONFLICT (organization_id, id) DO UPDATE SET field_clocks = excluded.field_clocks, "
        f"server_seq = excluded.server_seq{sets}"
    )


def _listed(names: str) -> str:
    return f", {names}" if names else ""


def _object(fields: Sequence[str], values: Sequence[str]) -> str:
    """A JSON object of fields whose value is not null."""
    pairs = [f"'{name}', {value}" for name, value in zip(fields, values, strict=True)]
    objects = [
        f"jsonb_build_object({', '.join(pairs[start : start + _MOST_PAIRS])})"
        for start in range(0, len(pairs), _MOST_PAIRS)
    ]
    return f"jsonb_strip_nulls({' || '.join(objects)})"


def _wire(column: Column[Any], name: str) -> str:
    """A column's wire value, read from another name."""
    return postgres_reading(column).replace(f'"{column.name}"', name)
