"""Merging two versions of one row, field by field: the later clock wins (docs/sync-protocol.md, [S-10]), but for long
texts and members of sets, which have rules of their own ([S-12], [S-13]).

Pure, commutative, associative and idempotent, so that lost answers, repeated pushes and any order of arrival end
in the same row everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared_models.base import TenantRow
from shared_models.sync.causal import LongText, Membership, context_key, long_text, membership
from shared_models.sync.clocks import CONTEXT, CREATED, ERASED_CLOCK, clock_of

FieldValue = str | int | float | None
"""A field as it travels: text, number or nothing (truth as 0 or 1, times, dates and JSON as text)."""

ARCHIVED = "archived_at"


@dataclass(frozen=True, slots=True)
class MergeRules:
    """Which fields of a table need more than "the later wins"."""

    long_texts: frozenset[str] = frozenset()
    add_wins: bool = False

    def covers(self, name: str) -> bool:
        """Whether a field has a context."""
        return name in self.long_texts or (self.add_wins and name == ARCHIVED)


LATER_WINS = MergeRules()


def rules_of(kind: type[TenantRow]) -> MergeRules:
    """How the rows of a table merge."""
    if not kind.long_texts and not kind.add_wins:
        return LATER_WINS
    return MergeRules(kind.long_texts, kind.add_wins)


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome: the whole row's values and clocks, what changed against the current row, what lost, and the fields
    in which the outcome holds something that the incoming row did not."""

    values: dict[str, FieldValue]
    clocks: dict[str, str]
    changed: dict[str, tuple[FieldValue, FieldValue]]
    lost: dict[str, FieldValue]
    ahead: frozenset[str] = frozenset()


def merge(
    current: Mapping[str, FieldValue],
    current_clocks: Mapping[str, str],
    incoming: Mapping[str, FieldValue],
    incoming_clocks: Mapping[str, str],
    rules: MergeRules = LATER_WINS,
) -> Merged:
    """Merge the fields present in `incoming` into `current`.

    `incoming` may hold only some fields; `incoming_clocks` then still holds all clocks of its row, but only those
    of the fields present count. Equal clocks mean the same edit.
    """
    values = dict(current)
    changed: dict[str, tuple[FieldValue, FieldValue]] = {}
    lost: dict[str, FieldValue] = {}
    ahead: set[str] = set()
    stamps = {name: clock_of(current_clocks, name) for name in current}
    contexts = {key: context for key, context in current_clocks.items() if key.endswith(CONTEXT)}
    for name, value in incoming.items():
        theirs, ours = clock_of(incoming_clocks, name), stamps.get(name, "")
        if rules.covers(name) and name in current and ERASED_CLOCK not in (theirs, ours):
            _merge_field(
                name,
                (value, theirs, incoming_clocks.get(context_key(name))),
                (values, stamps, contexts),
                (changed, lost, ahead),
            )
        elif theirs > ours:
            stamps[name] = theirs
            contexts.pop(context_key(name), None)
            if value != current.get(name) or name not in current:
                changed[name] = (current.get(name), value)
            values[name] = value
        elif theirs < ours:
            ahead.add(name)
            # What was written into an erased text is dropped ([S-15]).
            if value != current.get(name) and ours != ERASED_CLOCK:
                lost[name] = value
    ahead |= {name for name in current if name not in incoming and stamps[name] > clock_of(incoming_clocks, name)}
    return Merged(values, _compact(stamps) | contexts, changed, lost, frozenset(ahead))


def contexts_supplied(
    current: Mapping[str, FieldValue],
    current_clocks: Mapping[str, str],
    incoming: Mapping[str, FieldValue],
    incoming_clocks: Mapping[str, str],
    rules: MergeRules,
) -> dict[str, str]:
    """The clocks of an incoming row, with contexts for edits of a program that keeps none ([S-12]): their author is
    taken to have seen whatever stands in the current row and is earlier, so that the later edit wins.

    An edit is told from a first value by its stamp, which is later than the row's creation.
    """
    clocks = dict(incoming_clocks)
    for name, value in incoming.items():
        stamp, key = clock_of(clocks, name), context_key(name)
        is_bare_edit = rules.covers(name) and key not in clocks and clocks.get(CREATED, "") < stamp < ERASED_CLOCK
        if not is_bare_edit or clock_of(current_clocks, name) == ERASED_CLOCK:
            continue
        standing = _read(name, current.get(name), clock_of(current_clocks, name), current_clocks.get(key))
        context = standing.overruled(stamp, value if isinstance(value, str) else None).context
        if context:
            clocks[key] = context
    return clocks


def _merge_field(
    name: str,
    incoming: tuple[FieldValue, str, str | None],
    row: tuple[dict[str, FieldValue], dict[str, str], dict[str, str]],
    outcome: tuple[dict[str, tuple[FieldValue, FieldValue]], dict[str, FieldValue], set[str]],
) -> None:
    """Merge one field that has a context into the row (values, stamps, contexts), noting it in the outcome (changed,
    lost, ahead)."""
    values, stamps, contexts = row
    changed, lost, ahead = outcome
    key = context_key(name)
    before = values[name]
    theirs = _read(name, *incoming)
    ours = _read(name, before, stamps[name], contexts.get(key))
    both: LongText | Membership
    if isinstance(theirs, LongText) and isinstance(ours, LongText):
        both = ours.joined(theirs)
        value: FieldValue = both.text
        gone = theirs.standing.keys().isdisjoint(both.standing)
    else:
        assert isinstance(theirs, Membership) and isinstance(ours, Membership)
        both = ours.joined(theirs)
        value = both.archived_at
        gone = value != incoming[0]
    if both != theirs:
        ahead.add(name)
    if both != ours:
        values[name], stamps[name] = value, both.stamp
        contexts.pop(key, None)
        if both.context:
            contexts[key] = both.context
        if value != before:
            changed[name] = (before, value)
    if gone and incoming[0] != values[name]:
        lost[name] = incoming[0]


def _read(name: str, value: FieldValue, stamp: str, context: str | None) -> LongText | Membership:
    if name == ARCHIVED:
        return membership(value if isinstance(value, str) else None, stamp, context)
    return long_text(value if isinstance(value, str) else "", stamp, context)


def _compact(stamps: Mapping[str, str]) -> dict[str, str]:
    """Clocks with the earliest stamp as the creation's, and an own entry only for fields edited after it."""
    created = min(stamps.values(), default="")
    return {CREATED: created} | {field: stamp for field, stamp in sorted(stamps.items()) if stamp != created}
