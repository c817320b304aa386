"""Merging two versions of one row, field by field: the later clock wins (architecture, "How a change travels").

Pure, commutative, associative and idempotent, so that lost answers, repeated pushes and any order of arrival end
in the same row everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared_models.sync.clocks import CREATED, clock_of

FieldValue = str | int | float | None
"""A field as it travels: text, number or nothing (truth as 0 or 1, times, dates and JSON as text)."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome: the whole row's values and clocks, what changed against the current row, and what lost."""

    values: dict[str, FieldValue]
    clocks: dict[str, str]
    changed: dict[str, tuple[FieldValue, FieldValue]]
    lost: dict[str, FieldValue]


def merge(
    current: Mapping[str, FieldValue],
    current_clocks: Mapping[str, str],
    incoming: Mapping[str, FieldValue],
    incoming_clocks: Mapping[str, str],
) -> Merged:
    """Merge the fields present in `incoming` into `current`.

    `incoming` may hold only some fields; `incoming_clocks` then still holds all clocks of its row, but only those
    of the fields present count. Equal clocks mean the same edit.
    """
    values = dict(current)
    changed: dict[str, tuple[FieldValue, FieldValue]] = {}
    lost: dict[str, FieldValue] = {}
    stamps = {field: clock_of(current_clocks, field) for field in current}
    for field, value in incoming.items():
        theirs, ours = clock_of(incoming_clocks, field), stamps.get(field, "")
        if theirs > ours:
            stamps[field] = theirs
            if value != current.get(field) or field not in current:
                changed[field] = (current.get(field), value)
            values[field] = value
        elif theirs < ours and value != current.get(field):
            lost[field] = value
    return Merged(values, _compact(stamps), changed, lost)


def _compact(stamps: Mapping[str, str]) -> dict[str, str]:
    """Clocks with the earliest stamp as the creation's, and an own entry only for fields edited after it."""
    created = min(stamps.values(), default="")
    return {CREATED: created} | {field: stamp for field, stamp in sorted(stamps.items()) if stamp != created}
