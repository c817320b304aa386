"""The softer marks on an entry: it breaks no one else's booking, but something about it is unusual.

Kept apart from conflicts because a flag looks at one entry and the rules of its place and tutor, never at a
second entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shared_models.schedule.recurrence import Closure

MINUTES_OF_A_DAY = 24 * 60

Span = tuple[int, int]
"""Minutes after midnight, half-open; the end of an entry past midnight lies above 1,440."""


class EntryFlag(StrEnum):
    """What is shown beside an entry and never blocks it (product §4)."""

    OVER_CAPACITY = "over_capacity"
    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    ON_CLOSURE = "on_closure"
    TUTOR_UNAVAILABLE = "tutor_unavailable"
    TUTOR_TIME_OFF = "tutor_time_off"
    TUTOR_NOT_AT_LOCATION = "tutor_not_at_location"
    TUTOR_NOT_TEACHING_SUBJECT = "tutor_not_teaching_subject"


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What the flags look at: day and span are wall-clock at the location."""

    location_id: str
    day: date
    span: Span
    attendee_count: int = 0
    capacity: int | None = None
    subject_id: str | None = None
    topic_id: str | None = None


@dataclass(frozen=True, slots=True)
class LocationRules:
    """Opening hours by weekday (Monday = 0; a missing weekday is closed) and closures.

    ``opening_hours`` None means that nobody has set them: nothing is outside of them.
    """

    opening_hours: Mapping[int, tuple[Span, ...]] | None = None
    closures: tuple[Closure, ...] = ()


@dataclass(frozen=True, slots=True)
class AvailabilityException:
    """A date on which a tutor's weekly availability does not hold; a missing span is the whole day."""

    day: date
    is_open: bool
    span: Span = (0, MINUTES_OF_A_DAY)
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class TutorRules:
    """Where, what and when a tutor teaches.

    ``weekly`` is keyed by (location id or None for any, weekday); a tutor without any weekly hours has not
    told when they work, and is never called unavailable for it. ``taught`` holds (subject id, topic id);
    a topic of None stands for the whole subject.
    """

    location_ids: frozenset[str] = frozenset()
    taught: frozenset[tuple[str, str | None]] = frozenset()
    weekly: Mapping[tuple[str | None, int], tuple[Span, ...]] = field(default_factory=dict)
    exceptions: tuple[AvailabilityException, ...] = ()
    time_off: tuple[Closure, ...] = ()


def flags_of(
    entry: EntryFacts, location: LocationRules | None = None, tutor: TutorRules | None = None
) -> frozenset[EntryFlag]:
    """Every flag of one entry (product §4); a rule that is not known raises none."""
    flags = set()
    if entry.capacity is not None and entry.attendee_count > entry.capacity:
        flags.add(EntryFlag.OVER_CAPACITY)
    if location is not None:
        flags |= _location_flags(entry, location)
    if tutor is not None:
        flags |= _tutor_flags(entry, tutor)
    return frozenset(flags)


def available_spans(
    tutor: TutorRules, location_id: str, day: date, unknown_is_open: bool = False
) -> tuple[Span, ...]:
    """When a tutor can teach at a location on a day, as joined spans in order.

    Exceptions override weekly rules, time off overrides all (product §2). ``unknown_is_open`` decides for
    tutors without any weekly hours.
    """
    if any(day in absence for absence in tutor.time_off):
        return ()
    weekday = day.weekday()
    spans = [*tutor.weekly.get((location_id, weekday), ()), *tutor.weekly.get((None, weekday), ())]
    if unknown_is_open and not tutor.weekly:
        spans.append((0, 2 * MINUTES_OF_A_DAY))
    todays = [
        exception
        for exception in tutor.exceptions
        if exception.day == day and exception.location_id in (None, location_id)
    ]
    available = _joined([*spans, *(exception.span for exception in todays if exception.is_open)])
    for exception in todays:
        if not exception.is_open:
            available = _without(available, exception.span)
    return available


def _location_flags(entry: EntryFacts, location: LocationRules) -> set[EntryFlag]:
    flags = set()
    if location.opening_hours is not None:
        open_spans = _joined(location.opening_hours.get(entry.day.weekday(), ()))
        if not _covers(open_spans, entry.span):
            flags.add(EntryFlag.OUTSIDE_OPENING_HOURS)
    if any(entry.day in closure for closure in location.closures):
        flags.add(EntryFlag.ON_CLOSURE)
    return flags


def _tutor_flags(entry: EntryFacts, tutor: TutorRules) -> set[EntryFlag]:
    flags = set()
    if any(entry.day in absence for absence in tutor.time_off):
        flags.add(EntryFlag.TUTOR_TIME_OFF)
    elif not _covers(available_spans(tutor, entry.location_id, entry.day, unknown_is_open=True), entry.span):
        flags.add(EntryFlag.TUTOR_UNAVAILABLE)
    if entry.location_id not in tutor.location_ids:
        flags.add(EntryFlag.TUTOR_NOT_AT_LOCATION)
    if entry.subject_id is not None and not _teaches(tutor, entry.subject_id, entry.topic_id):
        flags.add(EntryFlag.TUTOR_NOT_TEACHING_SUBJECT)
    return flags


def _teaches(tutor: TutorRules, subject_id: str, topic_id: str | None) -> bool:
    if (subject_id, None) in tutor.taught:
        return True
    if topic_id is not None:
        return (subject_id, topic_id) in tutor.taught
    return any(taught_subject == subject_id for taught_subject, _ in tutor.taught)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def _without(spans: Iterable[Span], hole: Span) -> tuple[Span, ...]:
    left = []
    for start, end in spans:
        if start < min(end, hole[0]):
            left.append((start, min(end, hole[0])))
        if max(start, hole[1]) < end:
            left.append((max(start, hole[1]), end))
    return tuple(left)


def _covers(spans: Iterable[Span], wanted: Span) -> bool:
    return any(start <= wanted[0] and wanted[1] <= end for start, end in spans)
