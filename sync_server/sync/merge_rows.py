"""The merge of known rows one by one, for what PostgreSQL cannot decide for a whole batch: texts and memberships with
contexts ([S-12], [S-13]), ledgers ([S-14]), and rows of which their author may write only some fields ([S-63])."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg

from shared_models.access.policy import FILLED
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import CREATED, ERASED_CLOCK, clock_of
from shared_models.sync.merge import ARCHIVED, FieldValue, Merged, contexts_supplied, merge, rules_of
from shared_models.sync.wire import postgres_reading, wire_fields
from sync_server.sync.incoming import Part, staged
from sync_server.sync.merge_sql import AUDIT, rewrite_statement


@dataclass(frozen=True, slots=True)
class Merging:
    """What the merge works with. `own` are the parameters `org`, `user` and `device`; `allowed` the fields that the
    author may change by row (None: all), `filled` those that the server fills; `refuse` takes id, code, sentence."""

    cursor: psycopg.Cursor[Any]
    own: Mapping[str, Any]
    allowed: Mapping[str, frozenset[str]] | None
    filled: frozenset[str]
    refuse: Callable[[str, str, str], None]


@dataclass(slots=True)
class Outcome:
    """What changed, by row id and field as (before, after); whether every row became what was sent; the highest
    place of a row that changed; and rows in which the sources of filled fields changed."""

    changed: dict[str, dict[str, tuple[FieldValue, FieldValue]]] = field(default_factory=dict)
    is_as_sent: bool = True
    last_place: int | None = None
    sources_changed: list[str] = field(default_factory=list)


def merge_rows(merging: Merging, part: Part, first: int) -> Outcome:
    """Merge rows that are all known; `first` is the sequence number of place 0."""
    outcome = Outcome()
    stored = _stored(merging, part)
    rules = rules_of(tenant_classes()[part.table.name])
    moved: list[tuple[int, Merged]] = []
    noted: list[tuple[str, Merged]] = []
    for row, row_id in enumerate(part.ids):
        current_clocks, current = stored[row_id]
        if current_clocks.get(CREATED) == ERASED_CLOCK:
            # Dropped; the row is numbered anew, for the desk to drop it too ([S-15]).
            outcome.is_as_sent = False
            moved.append((row, Merged(current, current_clocks, {}, {})))
            continue
        clocks = contexts_supplied(current, current_clocks, part.values(row), orjson.loads(part.clocks[row]), rules)
        incoming = _permitted(merging, part, row, (current_clocks, current), clocks)
        if incoming is None:
            outcome.is_as_sent = False
            continue
        merged = merge(current, current_clocks, incoming, clocks, rules)
        if merged.lost or not merged.ahead.isdisjoint(incoming) or len(incoming) < len(part.fields):
            outcome.is_as_sent = False
        if merged.changed or merged.lost:
            noted.append((row_id, merged))
        # A stamp of a field that its author may not edit was left out, with no word of it at the desk: the row is
        # numbered anew, so that the desk takes it as it is here.
        is_left_out = any(
            name not in incoming and clock_of(clocks, name) > clock_of(current_clocks, name) for name in part.fields
        )
        if is_left_out or _differs(merged, current_clocks, current):
            moved.append((row, merged))
            outcome.changed[row_id] = merged.changed
        else:
            outcome.is_as_sent = False
    _note(merging, part, noted)
    if moved:
        _write(merging, part, moved, first)
        outcome.last_place = part.places[moved[-1][0]]
        sources = frozenset().union(*FILLED.get(part.table.name, {}).values())
        outcome.sources_changed = [part.ids[row] for row, merged in moved if not sources.isdisjoint(merged.changed)]
    return outcome


def _differs(merged: Merged, clocks: Mapping[str, str], values: Mapping[str, FieldValue]) -> bool:
    """Whether a merge says something new; the same stamps can be written in several ways."""
    if merged.clocks == clocks or not merged.clocks:
        return False
    names = {*clocks, *merged.clocks, *values}
    return any(clock_of(merged.clocks, name) != clock_of(clocks, name) for name in names)


def _permitted(
    merging: Merging,
    part: Part,
    row: int,
    stored: tuple[Mapping[str, str], Mapping[str, FieldValue]],
    clocks: Mapping[str, str],
) -> dict[str, FieldValue] | None:
    """The fields of a row that take part in the merge; None when the row is refused."""
    current_clocks, current = stored
    row_id, incoming = part.ids[row], part.values(row)
    edited = {
        name
        for name, value in incoming.items()
        if clock_of(clocks, name) > clock_of(current_clocks, name) and value != current.get(name)
    }
    if any(clock_of(clocks, name) == ERASED_CLOCK for name in incoming):
        merging.refuse(row_id, "invalid", "Only the server erases.")
        return None
    if tenant_classes()[part.table.name].append_only and edited - {ARCHIVED}:
        merging.refuse(row_id, "append_only", "What was written down here stays as it is. Write a new entry instead.")
        return None
    if merging.allowed is None:
        return incoming
    allowed = merging.allowed.get(row_id, frozenset())
    beyond = edited - allowed
    if beyond - merging.filled or (beyond and beyond == edited):
        merging.refuse(row_id, "not_allowed", "Your role does not allow this change.")
        return None
    # What was overruled already changes nothing, and is noted as lost whoever wrote it.
    return {
        name: value
        for name, value in incoming.items()
        if name in allowed or clock_of(clocks, name) <= clock_of(current_clocks, name)
    }


def _stored(merging: Merging, part: Part) -> dict[str, tuple[dict[str, str], dict[str, FieldValue]]]:
    """The rows as they are: clocks and all fields as wire values."""
    fields = wire_fields(part.table)
    reading = ", ".join(postgres_reading(part.table.c[name]) for name in fields)
    merging.cursor.execute(
        f'SELECT id::text, field_clocks, {reading} FROM "{part.table.name}" '
        "WHERE organization_id = %(org)s AND id = ANY(%(ids)s::uuid[])",
        {**merging.own, "ids": part.ids},
    )
    return {row[0]: (row[1], dict(zip(fields, row[2:], strict=True))) for row in merging.cursor}


def _write(merging: Merging, part: Part, moved: list[tuple[int, Merged]], first: int) -> None:
    fields = wire_fields(part.table)
    changed = Part(
        part.table,
        fields,
        [part.places[row] for row, _ in moved],
        [part.ids[row] for row, _ in moved],
        [orjson.dumps(merged.clocks).decode() for _, merged in moved],
        [[merged.values[name] for _, merged in moved] for name in fields],
    )
    source = staged(merging.cursor, changed)
    merging.cursor.execute(
        rewrite_statement(part.table, source.sql),
        {**merging.own, **source.parameters, "first": first},
        prepare=source.is_lasting,
    )


def _note(merging: Merging, part: Part, noted: list[tuple[str, Merged]]) -> None:
    if not noted:
        return
    merging.cursor.execute(
        f"{AUDIT}SELECT %(org)s::uuid, '{part.table.name}', u.id::uuid, 'changed', %(user)s::uuid, %(device)s::uuid, "
        "u.changes::jsonb, u.lost::jsonb FROM unnest(%(ids)s::text[], %(changes)s::text[], %(lost)s::text[]) "
        "AS u (id, changes, lost)",
        {
            **merging.own,
            "ids": [row_id for row_id, _ in noted],
            "changes": [orjson.dumps(merged.changed).decode() for _, merged in noted],
            "lost": [orjson.dumps(merged.lost).decode() for _, merged in noted],
        },
    )
