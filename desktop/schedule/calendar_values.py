"""The plain values that the calendar shows: entries, columns and the scene that holds them.

They carry words and minutes only, so that the layout needs neither Qt nor the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, overload

Wording = tuple[str, ...]
"""One text in several lengths, longest first: ("Chemistry", "Chem.", "Chem")."""

Span = tuple[int, int]
"""Half-open span of minutes of the local day; the end may pass 1440 after midnight."""


_T_co = TypeVar("_T_co", covariant=True)


class Later(Sequence[_T_co]):
    """A sequence that is made when somebody first looks: most entries of a crowded week are never on screen."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[_T_co, ...]]) -> None:
        self._make = make
        self._made: tuple[_T_co, ...] | None = None

    def _all(self) -> tuple[_T_co, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> _T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> _T_co | tuple[_T_co, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[_T_co]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self._all())


class Family(StrEnum):
    """Format of a service: decides color and edge pattern (design.md, "Service families")."""

    PRIVATE = "private"
    SEMI_PRIVATE = "semi_private"
    TEST_PREP = "test_prep"
    CLASS = "class"
    WORKSHOP = "workshop"
    CAMP = "camp"
    ASSESSMENT = "assessment"
    FREE = "free"


class Status(StrEnum):
    """Where an entry stands, as far as its look depends on it."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    PAST = "past"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class ConflictMark(StrEnum):
    """How an entry is marked: the worst of its conflicts."""

    NONE = "none"
    OVERLAP = "overlap"
    BUFFER = "buffer"
    ACCEPTED = "accepted"


class Mode(StrEnum):
    """What the columns stand for: days of a week, or tutors/rooms of one day."""

    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text below the title, with an optional icon in front of it."""

    wording: Wording
    icon: str = ""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One block on the calendar, in minutes of the local day of its column."""

    id: str
    column: str
    starts: int
    ends: int
    title: Wording
    lines: Sequence[Line] = ()
    family: Family = Family.PRIVATE
    status: Status = Status.SCHEDULED
    conflict: ConflictMark = ConflictMark.NONE
    overlaps: tuple[Span, ...] = ()
    """The minutes that really overlap: hatched in red."""
    blocked_until: int = 0
    """End of the buffer; 0 means that the entry keeps none."""
    tail_is_hit: bool = False
    """Another entry lies in this one's buffer: the tail is drawn."""
    is_unpaid: bool = False
    is_unsaved: bool = False
    details: Sequence[str] = ()
    """Full sentences for the card on hover and for screen readers."""
    spoken: Sequence[str] = ()
    """For screen readers, in full: who with whom, where, and then each conflict in a few words."""
    seat_order: str = ""
    """Decides who sits further left among entries of the same time: tutor and title, alike on every PC."""
    is_foreign: bool = False
    """Takes place at a location of others: all there is to know is that its tutor is taken. Nothing can be done to it
    here."""


@dataclass(frozen=True, slots=True)
class Column:
    """One day of the week, or one tutor or room of a day."""

    key: str
    heading: str
    subheading: str = ""
    shorter_heading: str = ""
    """The heading where it does not fit: "Williams" for "M. Williams"."""
    long_name: str = ""
    """The name in a sentence: "Thursday", "Jakub Johnson"."""
    count_words: str = ""
    """"15 entries", shown at the right of the heading in the week."""
    conflict_count: int = 0
    is_today: bool = False
    closed_reason: str | None = None
    """Why the place is closed that day ("Thanksgiving"); None when it is open."""
    open_spans: tuple[Span, ...] = ()
    knows_hours: bool = True
    """Whether the hours were entered by somebody; otherwise nothing is shaded as lying outside of them."""


@dataclass(frozen=True, slots=True)
class NowMark:
    """The present moment: the column it lies in (None: in all of them) and the minute of the day."""

    minute: int
    column: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class CalendarScene:
    """Everything the calendar shows at one moment."""

    mode: Mode
    columns: tuple[Column, ...]
    entries: tuple[CalendarEntry, ...]
    now: NowMark | None = None
    grid_minutes: int = 15
    """Starts and ends snap to this grid (product §3)."""
    uses_24_hours: bool = False
    empty_words: tuple[str, str] = field(default=("", ""))
    """What is empty, and what to do: shown when no entry exists."""


def clock_words(minute: int, *, uses_24_hours: bool = False, with_half: bool = True) -> str:
    """A minute of the day as local time: "4:15 PM", "4:15", "16:15"."""
    hour, rest = divmod(minute % 1440, 60)
    if uses_24_hours:
        return f"{hour}:{rest:02d}"
    half = (" AM" if hour < 12 else " PM") if with_half else ""
    return f"{(hour - 1) % 12 + 1}:{rest:02d}{half}"


def span_words(starts: int, ends: int, *, uses_24_hours: bool = False, with_half: bool = True) -> str:
    """A span as local time: "4:15–5:15 PM", "11:30 AM–12:30 PM", "4:15–5:15"."""
    differs = (starts % 1440 < 720) != (ends % 1440 < 720)
    first = clock_words(starts, uses_24_hours=uses_24_hours, with_half=with_half and differs)
    return f"{first}–{clock_words(ends, uses_24_hours=uses_24_hours, with_half=with_half)}"


def hour_words(minute: int, *, uses_24_hours: bool = False) -> str:
    """A full hour as the gutter shows it: "4 PM", "16:00"."""
    if uses_24_hours:
        return f"{minute // 60 % 24}:00"
    hour = minute // 60 % 24
    return f"{(hour - 1) % 12 + 1} {'AM' if hour < 12 else 'PM'}"
