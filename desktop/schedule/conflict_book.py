"""Every conflict of a term as a list of cases to settle: what each is about, whether someone lives with it, and the
softer flags. Read in one go, away from the UI thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desktop.schedule.calendar_values import span_words
from desktop.schedule.conflict_groups import ConflictGroup, group_conflicts
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow, read_entries
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.week import Filters, week_of
from shared_models.schedule.acceptances import Acceptance, ConflictKey, acceptances_of, key_of
from shared_models.schedule.conflicts import Booking, Conflict, ConflictKind
from shared_models.schedule.models import ScheduleEntry

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST = timedelta(days=366)


class Severity(StrEnum):
    """How much a case asks for attention: real sessions overlap, only the buffer is hit, or something is unusual."""

    OVERLAP = "overlap"
    BUFFER = "buffer"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to settle: its entries in order of time, what they share, and the words for a list.

    `conflict_keys` is empty for a flag, which nobody needs to accept. `acceptance` is set when all of it is accepted.
    """

    key: str
    severity: Severity
    kinds: tuple[ConflictKind, ...]
    heading: str
    summary: str
    entries: tuple[EntryRow, ...]
    starts: int
    ends: int
    conflict_keys: tuple[ConflictKey, ...] = ()
    acceptance: Acceptance | None = None
    group: ConflictGroup | None = None

    @property
    def day(self) -> date:
        """The local day of the first entry."""
        return self.entries[0].day

    @property
    def monday(self) -> date:
        """The Monday of its week."""
        return self.day - timedelta(days=self.day.weekday())

    @property
    def kind_words(self) -> str:
        """ "Tutor", "Tutor, room", "Unusual"."""
        return ", ".join(kind.value for kind in self.kinds).capitalize() if self.kinds else "Unusual"

    @property
    def when_words(self) -> str:
        """ "Wed, Nov 25, 4:15–5:00"; for a buffer the minute from which it is too tight."""
        span = span_words(self.starts, self.ends, with_half=False)
        return f"{day_words(self.day)}, {span if self.severity is not Severity.BUFFER else span.split('–')[0]}"


@dataclass(frozen=True, slots=True)
class ConflictBook:
    """All cases from a Monday on, in order of time, with what is needed to word and settle them."""

    first_day: date
    cases: tuple[Case, ...]
    builder: SceneBuilder
    bookings: tuple[Booking, ...]

    @property
    def directory(self) -> Directory:
        """Names and rules of the center."""
        return self.builder.directory

    def bookings_around(self, case: Case, days: int = 9) -> list[Booking]:
        """What is booked near a case: enough to propose other times within a week of it."""
        reach = days * 86_400
        first = min(row.booking.starts for row in case.entries) - reach
        last = max(row.booking.blocked_until for row in case.entries) + reach
        return [booking for booking in self.bookings if first <= booking.starts <= last]


def read_book(session: Session, directory: Directory, now: datetime) -> ConflictBook:
    """The cases that are not over yet, as far as anything is scheduled, a year at most."""
    today = now.astimezone(directory.zone).date()
    first = today - timedelta(days=today.weekday())
    latest = session.scalar(
        select(func.max(ScheduleEntry.starts_at)).where(
            ScheduleEntry.organization_id == directory.organization_id, ScheduleEntry.archived_at.is_(None)
        )
    )
    last = first + timedelta(days=6)
    if latest is not None:
        last = max(last, min(latest.astimezone(directory.zone).date(), first + _LONGEST))
    week = week_of(read_entries(session, directory, first, last), first, last)
    builder = SceneBuilder(week, directory, Filters(), now)
    accepted = acceptances_of(session, directory.organization_id, week.conflicts)
    cases = [*_conflict_cases(week.conflicts, week.rows, builder, accepted), *_flag_cases(builder)]
    cases = [
        case
        for case in cases
        if any(row.booking.blocked_until > now.timestamp() for row in case.entries)
        and not all(directory.is_foreign(row.location_id) for row in case.entries)
    ]
    cases.sort(key=lambda case: (case.day, case.severity is Severity.BUFFER, case.starts, case.heading, case.key))
    bookings = tuple(row.booking for row in week.rows.values() if row.is_live)
    return ConflictBook(first, tuple(cases), builder, bookings)


def _conflict_cases(
    conflicts: Iterable[Conflict],
    rows: Mapping[str, EntryRow],
    builder: SceneBuilder,
    accepted: Mapping[ConflictKey, Acceptance],
) -> list[Case]:
    """Open and accepted conflicts are grouped apart, so that one new conflict in a crowded room is not hidden."""
    parts: dict[bool, list[Conflict]] = {False: [], True: []}
    keys: dict[tuple[str, str], list[ConflictKey]] = defaultdict(list)
    for conflict in conflicts:
        key = key_of(conflict)
        parts[key in accepted].append(conflict)
        keys[key.first_entry_id, key.second_entry_id].append(key)
    cases = []
    for is_accepted, some in parts.items():
        for group in group_conflicts(some, rows):
            found = _keys_within(group, keys, accepted, is_accepted)
            words = [builder.short_words(row) for row in group.entries]
            joiner = " and " if group.is_overlap else ", then "
            starts, ends = group.span
            cases.append(
                Case(
                    key=f"{'accepted ' if is_accepted else ''}{group.key}",
                    severity=Severity.OVERLAP if group.is_overlap else Severity.BUFFER,
                    kinds=group.kinds,
                    heading=", ".join(_name(thing, group.entries, builder) for thing in group.resource_ids),
                    summary=joiner.join(words) if len(words) == 2 else f"{', '.join(words[:-1])} and {words[-1]}",
                    entries=group.entries,
                    starts=starts,
                    ends=ends,
                    conflict_keys=found,
                    acceptance=accepted[found[0]] if is_accepted and found else None,
                    group=group,
                )
            )
    return cases


def _keys_within(
    group: ConflictGroup,
    keys: Mapping[tuple[str, str], Sequence[ConflictKey]],
    accepted: Mapping[ConflictKey, Acceptance],
    is_accepted: bool,
) -> tuple[ConflictKey, ...]:
    ids = sorted(row.id for row in group.entries)
    return tuple(
        key
        for number, first in enumerate(ids)
        for second in ids[number + 1 :]
        for key in keys.get((first, second), ())
        if key.kind in group.kinds and (key in accepted) == is_accepted
    )


def _flag_cases(builder: SceneBuilder) -> list[Case]:
    """What is unusual about single entries."""
    cases = []
    for row in builder.week.rows.values():
        if not row.is_live:
            continue
        words = builder.flag_words(row)
        if words:
            summary = ", ".join(part[0].lower() + part[1:] if n else part for n, part in enumerate(words))
            cases.append(
                Case(
                    f"flag+{row.id}",
                    Severity.FLAG,
                    (),
                    builder.short_words(row),
                    summary,
                    (row,),
                    row.starts,
                    row.ends,
                )
            )
    return cases


def _name(thing_id: str, entries: Sequence[EntryRow], builder: SceneBuilder) -> str:
    directory = builder.directory
    name = directory.tutor_name(thing_id) or directory.room_name(thing_id)
    if name:
        return name
    for row in entries:
        for student_id, student in zip(row.student_ids, row.student_names, strict=True):
            if student_id == thing_id:
                return student
    return "A student"


def day_words(day: date) -> str:
    """ "Wed, Nov 25"."""
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def week_title(monday: date, this_monday: date) -> str:
    """ "This week", "Next week", "Week of Dec 14"; with the year where it is another one."""
    weeks = (monday - this_monday).days // 7
    if weeks in (0, 1):
        return ("This week", "Next week")[weeks]
    year = f", {monday.year}" if monday.year != this_monday.year else ""
    return f"Week of {_MONTHS[monday.month - 1]} {monday.day}{year}"
