"""The entries of some days with the conflicts among them, and which of them the filters let through."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from desktop.schedule.conflict_groups import ConflictGroup, group_conflicts
from desktop.schedule.entry_rows import EntryRow
from shared_models.schedule.acceptances import ConflictKey, key_of
from shared_models.schedule.conflicts import Conflict, find_conflicts


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the schedule is shown; "" and empty sets let everything through.

    ``only`` narrows to entries that share a tutor, room or student with the form that is open beside the calendar.
    """

    location_id: str = ""
    tutor_id: str = ""
    room_id: str = ""
    service_id: str = ""
    student_id: str = ""
    status: str = ""
    only_conflicts: bool = False
    only: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Week:
    """The entries of a span of days with the conflicts among them: read once, shown in any way.

    ``conflicts`` are those that still ask for attention, ``accepted`` those that someone lives with.
    """

    first_day: date
    last_day: date
    rows: Mapping[str, EntryRow]
    conflicts: tuple[Conflict, ...]
    accepted: tuple[Conflict, ...] = ()


def week_of(rows: Iterable[EntryRow], first_day: date, last_day: date) -> Week:
    """Rows with their conflicts computed."""
    by_id = {row.id: row for row in rows}
    return Week(first_day, last_day, by_id, tuple(find_conflicts([r.booking for r in by_id.values() if r.is_live])))


def with_accepted(week: Week, accepted: Collection[ConflictKey]) -> Week:
    """The week with these of its conflicts set apart as accepted."""
    if not accepted:
        return week
    still_open = tuple(conflict for conflict in week.conflicts if key_of(conflict) not in accepted)
    return replace(
        week, conflicts=still_open, accepted=tuple(one for one in week.conflicts if key_of(one) in accepted)
    )


def week_with(week: Week, unsaved: Iterable[EntryRow], hidden: Collection[str] = ()) -> Week:
    """The week as it would be with the sessions of a form in it, in the place of the entries that they replace."""
    rows = [row for row in week.rows.values() if row.id not in hidden]
    new = [row for row in unsaved if week.first_day <= row.day <= week.last_day]
    changed = {row.id for row in new}
    accepted = {key_of(one) for one in week.accepted if changed.isdisjoint((one.first_id, one.second_id))}
    return with_accepted(week_of([*rows, *new], week.first_day, week.last_day), accepted)


def shown_rows(week: Week, filters: Filters, unsaved: Collection[str] = ()) -> list[EntryRow]:
    """The rows that the filters let through, and those that are not saved yet in any case."""
    in_conflict = {i for c in week.conflicts for i in (c.first_id, c.second_id)} if filters.only_conflicts else set()

    def passes(row: EntryRow) -> bool:
        return (
            (not filters.location_id or row.location_id == filters.location_id)
            and (not filters.tutor_id or row.tutor_id == filters.tutor_id)
            and (not filters.room_id or filters.room_id in row.room_ids)
            and (not filters.service_id or row.service_id == filters.service_id)
            and (not filters.student_id or filters.student_id in row.student_ids)
            and (not filters.status or row.status.value == filters.status)
            and (not filters.only_conflicts or row.id in in_conflict)
            and (not filters.only or not filters.only.isdisjoint((row.tutor_id, *row.room_ids, *row.student_ids)))
        )

    return [row for row in week.rows.values() if row.id in unsaved or passes(row)]


def shown_conflicts(week: Week, rows: Iterable[EntryRow], day: date | None = None) -> list[ConflictGroup]:
    """The conflicts in which a shown entry takes part, as people count them; of one day only when it is given."""
    shown = {row.id for row in rows if day is None or row.day == day}
    found = [c for c in week.conflicts if c.first_id in shown or c.second_id in shown]
    return group_conflicts(found, week.rows)


def accepted_conflicts(week: Week, rows: Iterable[EntryRow], day: date | None = None) -> list[ConflictGroup]:
    """The same for what was accepted."""
    return shown_conflicts(replace(week, conflicts=week.accepted), rows, day)
