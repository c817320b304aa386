"""Conflicts as people count them: one for each pair of entries, and one for each room that is crowded on a day.

Where a pair collides for several reasons (tutor and room), it is one thing to settle, with both named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from desktop.schedule.calendar_values import Span
from desktop.schedule.entry_rows import EntryRow
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag

_ORDER = {ConflictKind.TUTOR: 0, ConflictKind.ROOM: 1, ConflictKind.STUDENT: 2}


@dataclass(frozen=True, slots=True)
class ConflictGroup:
    """What someone has to settle: the kinds, the tag, who or what is claimed twice, and by which entries."""

    kinds: tuple[ConflictKind, ...]
    tag: ConflictTag
    resource_ids: tuple[str, ...]
    entries: tuple[EntryRow, ...]

    @property
    def is_overlap(self) -> bool:
        """Whether real sessions overlap, rather than only the time blocked behind one."""
        return self.tag is ConflictTag.OVERLAP

    @property
    def key(self) -> str:
        """Names the group as long as its entries and kinds stay the same."""
        return "+".join([self.tag.value, *(kind.value for kind in self.kinds), *(row.id for row in self.entries)])

    @property
    def span(self) -> Span:
        """The minutes that are claimed twice, of the local day of the first entry."""
        if len(self.entries) > 2:
            return (min(row.starts for row in self.entries), max(row.ends for row in self.entries))
        first, second = self.entries[0], self.entries[1]
        if self.is_overlap:
            return (max(first.starts, second.starts), min(first.ends, second.ends))
        return (second.starts, min(first.blocked_until, second.ends))


def group_conflicts(conflicts: Iterable[Conflict], rows: Mapping[str, EntryRow]) -> list[ConflictGroup]:
    """Groups in order of time, overlaps before those that are only too tight."""
    pairs: dict[tuple[str, str, ConflictTag], dict[ConflictKind, tuple[str, ...]]] = {}
    for conflict in conflicts:
        if conflict.first_id in rows and conflict.second_id in rows:
            found = pairs.setdefault((conflict.first_id, conflict.second_id, conflict.tag), {})
            found[conflict.kind] = conflict.resource_ids
    groups: list[ConflictGroup] = []
    crowded: dict[tuple[date, tuple[str, ...], ConflictTag], set[str]] = {}
    for (first_id, second_id, tag), kinds in pairs.items():
        first, second = rows[first_id], rows[second_id]
        if set(kinds) == {ConflictKind.ROOM}:
            crowded.setdefault((first.day, kinds[ConflictKind.ROOM], tag), set()).update((first_id, second_id))
            continue
        ordered = sorted(kinds, key=_ORDER.__getitem__)
        resources = tuple(thing for kind in ordered for thing in kinds[kind])
        pair = (first, second) if first.booking.starts < second.booking.starts else _in_order((first, second))
        groups.append(ConflictGroup(tuple(ordered), tag, resources, pair))
    for (_, room_ids, tag), ids in crowded.items():
        entries = _in_order(rows[entry_id] for entry_id in ids)
        groups.append(ConflictGroup((ConflictKind.ROOM,), tag, room_ids, entries))
    return sorted(groups, key=lambda group: (not group.is_overlap, [_place(row) for row in group.entries], group.key))


def _in_order(rows: Iterable[EntryRow]) -> tuple[EntryRow, ...]:
    return tuple(sorted(rows, key=lambda row: (*_place(row), row.id)))


def _place(row: EntryRow) -> tuple[int, tuple[str, ...]]:
    """Where an entry stands in a list: by time, then by names, which are the same on every PC; ids are not."""
    return (row.booking.starts, row.student_names)
