"""The days of the schedule as month, agenda and wall display list them: entries in order of time, closures, words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Family, Status, Wording, clock_words
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.scene import SceneBuilder, title_of_day
from shared_models.schedule.conflicts import collection_paused
from shared_models.schedule.models import EntryStatus

_STATUS_WORDS = {
    EntryStatus.SCHEDULED: "Scheduled",
    EntryStatus.PENDING_PAYMENT: "Not paid yet",
    EntryStatus.IN_PROGRESS: "In progress",
    EntryStatus.COMPLETED: "Completed",
    EntryStatus.NO_SHOW: "No-show",
    EntryStatus.CANCELLED: "Cancelled",
}


_CONFLICT_WORDS = {
    ConflictMark.NONE: "",
    ConflictMark.OVERLAP: "Overlap",
    ConflictMark.BUFFER: "Too tight",
    ConflictMark.ACCEPTED: "Accepted",
}


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One entry in a list: the words for each of its parts, and what its look depends on."""

    id: str
    day: date
    starts: int
    ends: int
    title: Wording
    people: Wording
    names: str
    """Everybody by name, for a column that has room: "Noah Haddad, Wei Haddad"."""
    tutor: str
    place: str
    head_count: int
    status_words: str
    family: Family
    status: Status
    conflict: ConflictMark
    """The worst of its conflicts; a cancelled entry has none (product §4)."""
    is_unpaid: bool
    is_unsaved: bool
    initials: str
    """The tutor's, where the color stands for the tutor: they then stand on the entry as well."""
    entry: CalendarEntry = field(compare=False)
    """The same as the week shows it, with the lines of the card."""

    @property
    def can_move(self) -> bool:
        """Whether it can be dragged to another day: not what is cancelled, nor what belongs to another location."""
        return self.status is not Status.CANCELLED and not self.entry.is_foreign

    @property
    def conflict_words(self) -> str:
        """The worst conflict in a word."""
        return _CONFLICT_WORDS[self.conflict]


@dataclass(frozen=True, slots=True)
class ListedDay:
    """One day with its entries; `closed_reason` is None when the place is open or only its week says so."""

    day: date
    entries: tuple[ListedEntry, ...]
    closed_reason: str | None = None
    has_hours: bool = True
    is_today: bool = False

    @property
    def heading(self) -> str:
        """ "Wednesday, November 25"."""
        return title_of_day(self.day, self.day)

    @property
    def live_count(self) -> int:
        """How many entries take place."""
        return sum(entry.status is not Status.CANCELLED for entry in self.entries)

    @property
    def conflict_count(self) -> int:
        """How many entries are in a conflict that nobody has accepted."""
        return sum(entry.conflict in (ConflictMark.OVERLAP, ConflictMark.BUFFER) for entry in self.entries)

    @property
    def count_words(self) -> str:
        """ "15 entries"; "" for none."""
        count = self.live_count
        return f"{count} {'entry' if count == 1 else 'entries'}" if count else ""


def listed_entry(builder: SceneBuilder, row: EntryRow) -> ListedEntry:
    """A row in the words of a list."""
    entry = builder.entry(row)
    people, names = builder.attending(row)
    return ListedEntry(
        id=row.id,
        day=row.day,
        starts=row.starts,
        ends=row.ends,
        title=entry.title,
        people=people,
        names=names,
        tutor=builder.directory.tutor_name(row.tutor_id) or "No tutor",
        place=builder.place_words(row) or "No room",
        head_count=0 if entry.is_foreign else len(row.student_names),
        status_words=""
        if entry.is_foreign
        else "In progress"
        if entry.status is Status.IN_PROGRESS
        else _STATUS_WORDS[row.status],
        family=entry.family,
        status=entry.status,
        conflict=ConflictMark.NONE if entry.status is Status.CANCELLED else entry.conflict,
        is_unpaid=entry.is_unpaid,
        is_unsaved=entry.is_unsaved,
        initials=builder.coloring.initials(row.tutor_id),
        entry=entry,
    )


@collection_paused()
def listed_days(builder: SceneBuilder, first_day: date, last_day: date) -> list[ListedDay]:
    """Every day from the first to the last, both included, with the entries that the filters let through."""
    by_day: dict[date, list[EntryRow]] = {}
    for row in builder.rows:
        by_day.setdefault(row.day, []).append(row)
    today, place = builder.local_now.date(), builder.filters.location_id
    days = []
    for number in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=number)
        rows = sorted(by_day.get(day, ()), key=lambda row: (row.starts, row.ends, row.id))
        days.append(
            ListedDay(
                day,
                tuple(listed_entry(builder, row) for row in rows),
                builder.directory.closed_reason(place, day),
                bool(builder.directory.open_spans(place, day)),
                day == today,
            )
        )
    return days


def spoken_entry(entry: ListedEntry, day: ListedDay | None = None) -> str:
    """What a screen reader says: "3:30 PM, Chemistry, Andre Smith, Jakub Johnson, Room A. Scheduled, overlap."."""
    when = clock_words(entry.starts)
    if day is not None:
        when = f"{day.heading}, {when}"
    marks = ", ".join(word for word in (entry.status_words, entry.conflict_words.lower()) if word)
    return f"{when}, {entry.title[0]}, {entry.people[0]}, {entry.tutor}, {entry.place}. {marks}."


def spoken_day(day: ListedDay) -> str:
    """ "Thursday, November 26. Closed for Thanksgiving. 2 entries."."""
    parts = [
        day.heading,
        f"Closed for {day.closed_reason}" if day.closed_reason else "",
        day.count_words or "No entries",
    ]
    if day.conflict_count:
        parts.append(f"{day.conflict_count} in conflict")
    return ". ".join(part for part in parts if part) + "."


def with_conflicts_first(entries: Iterable[ListedEntry]) -> list[ListedEntry]:
    """Those that matter most first: in conflict, then the ones with most people, then by time."""
    order = {ConflictMark.OVERLAP: 0, ConflictMark.BUFFER: 1}
    return sorted(
        entries,
        key=lambda entry: (
            order.get(entry.conflict, 2),
            entry.status is Status.CANCELLED,
            -entry.head_count,
            entry.starts,
            entry.id,
        ),
    )
