"""The matching half of a bi-weekly place (product §4): a place that is used every other week costs the center an
hour of tutor and room in between; another bi-weekly student who fits the empty weeks fills it. Pure: values in,
values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from shared_models.schedule.slots import Taken
from shared_models.schedule.times import DayOffsets, day_offsets, instant_of, minutes_of, zone_of

_WEEK = 7
_Subject = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class BiweeklySeries:
    """A series that takes place every other week on one weekday: its place, its days and its students.

    ``last_day`` is that of the last session; times are wall-clock. A series on several weekdays is one of these for
    each of them.
    """

    series_id: str
    location_id: str
    first_day: date
    last_day: date
    start: time
    duration_minutes: int
    tutor_id: str | None = None
    room_id: str | None = None
    subject: _Subject | None = None
    student_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.duration_minutes <= 0:
            raise ValueError("a session takes at least one minute")
        if self.last_day < self.first_day:
            raise ValueError("a series ends after it begins")


@dataclass(frozen=True, slots=True)
class BiweeklyWish:
    """A student who wants to come every other week and has no place yet; None stands for "any".

    ``weekdays`` (Monday = 0) and ``spans`` (minutes after midnight) say when they can come.
    """

    student_id: str
    location_id: str
    subject: _Subject | None = None
    duration_minutes: int = 60
    weekdays: frozenset[int] | None = None
    span: tuple[int, int] | None = None
    tutor_id: str | None = None


@dataclass(frozen=True, slots=True)
class MatchTerms:
    """What a match looks at besides the two halves.

    ``taught`` holds what each tutor teaches, a topic of None standing for the whole subject; ``taken`` when each
    student, tutor and room is taken, in epoch seconds (`slots.taken_spans`). Days before ``from_day`` are over.
    """

    time_zone: str
    from_day: date
    taught: Mapping[str, frozenset[_Subject]] = field(default_factory=dict)
    taken: Mapping[str, Sequence[Taken]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeriesMatch:
    """Another series that could use the same place in the empty weeks, from ``first_day`` on.

    ``shift_weeks`` is 0 when its weeks are already the empty ones, and 1 when its sessions would move by a week.
    ``changes`` names what it would change: "tutor", "room", "time", "weekday".
    """

    series_id: str
    first_day: date
    days: tuple[date, ...]
    shift_weeks: int = 0
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudentMatch:
    """A student who could use the empty weeks: on which days they are free, and on which of them not."""

    student_id: str
    days: tuple[date, ...]
    busy_days: tuple[date, ...] = ()


def empty_days(series: BiweeklySeries, others: Iterable[BiweeklySeries], from_day: date) -> tuple[date, ...]:
    """The days between the sessions of a series on which its place, tutor and room at that time, is not used by any
    of ``others``, from ``from_day`` on."""
    rivals = [other for other in others if other.series_id != series.series_id and _shares_place(series, other)]
    used = {day for other in rivals for day in _days(other)}
    between = (day + timedelta(days=_WEEK) for day in _days(series)[:-1])
    return tuple(day for day in between if day >= from_day and day not in used)


def unmatched(all_series: Sequence[BiweeklySeries], from_day: date) -> list[BiweeklySeries]:
    """The series of which at least one empty week is left: the places that cost the center money, in their order."""
    by_weekday = defaultdict(list)
    for series in all_series:
        by_weekday[series.first_day.weekday()].append(series)
    return [one for one in all_series if empty_days(one, by_weekday[one.first_day.weekday()], from_day)]


def matching_series(
    series: BiweeklySeries, candidates: Iterable[BiweeklySeries], terms: MatchTerms
) -> list[SeriesMatch]:
    """Which other bi-weekly series could share the place of ``series``, the one that changes least first.

    A candidate is at the same location, takes no longer, and does not share the place yet. Its students are free on
    each empty day (their own sessions of that series do not count), and the tutor of the place teaches its subject.
    """
    candidates = list(candidates)
    free = _free_days(series, candidates, terms)
    found: list[tuple[int, int, SeriesMatch]] = []
    for position, candidate in enumerate(candidates):
        if candidate.series_id == series.series_id or not _suits(series, candidate, terms):
            continue
        changes = _changes(series, candidate)
        own = set(_days(candidate))
        if not changes and own.isdisjoint(_days(series)):
            continue  # It is the other half already.
        days = tuple(day for day in free if day <= candidate.last_day + timedelta(days=_WEEK))
        if days and _are_free(series, candidate, days, terms):
            shift = 0 if "weekday" not in changes and own.intersection(free) else 1
            match = SeriesMatch(candidate.series_id, days[0], days, shift, changes)
            found.append((len(changes) + shift, position, match))
    return [match for _, _, match in sorted(found, key=lambda one: one[:2])]


def matching_students(
    series: BiweeklySeries,
    wishes: Iterable[BiweeklyWish],
    terms: MatchTerms,
    others: Iterable[BiweeklySeries] = (),
) -> list[StudentMatch]:
    """Which students who wish to come every other week fit the empty weeks of ``series``.

    Those free on every day come first, then those with the fewest days on which they are busy. ``others`` are the
    series that may use the place.
    """
    free = _free_days(series, others, terms)
    if not free:
        return []
    found = []
    begins = minutes_of(series.start)
    for wish in wishes:
        fits = (
            wish.location_id == series.location_id
            and wish.student_id not in series.student_ids
            and wish.duration_minutes <= series.duration_minutes
            and (wish.weekdays is None or series.first_day.weekday() in wish.weekdays)
            and (wish.span is None or wish.span[0] <= begins <= wish.span[1] - wish.duration_minutes)
            and wish.tutor_id in (None, series.tutor_id)
            and _teaches(series.tutor_id, wish.subject, terms)
        )
        if not fits:
            continue
        taken = terms.taken.get(wish.student_id, ())
        busy = tuple(_busy_days(free, series.start, wish.duration_minutes, taken, terms))
        if len(busy) < len(free):
            days = tuple(day for day in free if day not in busy)
            found.append(StudentMatch(wish.student_id, days, busy))
    return sorted(found, key=lambda match: len(match.busy_days))


def _days(series: BiweeklySeries) -> list[date]:
    span = range(series.first_day.toordinal(), series.last_day.toordinal() + 1, 2 * _WEEK)
    return [date.fromordinal(ordinal) for ordinal in span]


def _free_days(series: BiweeklySeries, others: Iterable[BiweeklySeries], terms: MatchTerms) -> tuple[date, ...]:
    """The empty days on which nothing else takes tutor or room either: no other series, and no single entry."""
    free = empty_days(series, others, terms.from_day)
    for thing_id in (series.tutor_id, series.room_id):
        taken = terms.taken.get(thing_id, ()) if thing_id is not None else ()
        busy = set(_busy_days(free, series.start, series.duration_minutes, taken, terms))
        free = tuple(day for day in free if day not in busy)
    return free


def _shares_place(one: BiweeklySeries, other: BiweeklySeries) -> bool:
    """Whether two series need the same tutor or room at the same time of the same weekday."""
    same_tutor = one.tutor_id is not None and one.tutor_id == other.tutor_id
    same_room = one.room_id is not None and one.room_id == other.room_id
    begins, other_begins = minutes_of(one.start), minutes_of(other.start)
    return (
        (same_tutor or same_room)
        and one.first_day.weekday() == other.first_day.weekday()
        and begins < other_begins + other.duration_minutes
        and other_begins < begins + one.duration_minutes
    )


def _suits(series: BiweeklySeries, candidate: BiweeklySeries, terms: MatchTerms) -> bool:
    return (
        candidate.location_id == series.location_id
        and candidate.duration_minutes <= series.duration_minutes
        and candidate.last_day >= terms.from_day
        and not set(candidate.student_ids) & set(series.student_ids)
        and _teaches(series.tutor_id, candidate.subject, terms)
    )


def _teaches(tutor_id: str | None, subject: _Subject | None, terms: MatchTerms) -> bool:
    if tutor_id is None or subject is None:
        return True
    taught = terms.taught.get(tutor_id, frozenset())
    if subject[1] is None:
        return any(subject_id == subject[0] for subject_id, _ in taught)
    return (subject[0], None) in taught or subject in taught


def _changes(series: BiweeklySeries, candidate: BiweeklySeries) -> tuple[str, ...]:
    differs = {
        "tutor": candidate.tutor_id != series.tutor_id,
        "room": candidate.room_id != series.room_id,
        "time": candidate.start != series.start,
        "weekday": candidate.first_day.weekday() != series.first_day.weekday(),
    }
    return tuple(name for name, does in differs.items() if does)


def _are_free(series: BiweeklySeries, candidate: BiweeklySeries, days: Sequence[date], terms: MatchTerms) -> bool:
    """Whether all students of the candidate could come on these days at the time of the place."""
    offsets = day_offsets(zone_of(terms.time_zone))
    length = candidate.duration_minutes
    own = {(_instant(day, candidate.start, offsets, terms), length) for day in _days(candidate)}
    for student_id in candidate.student_ids:
        taken = [span for span in terms.taken.get(student_id, ()) if (span[0], (span[1] - span[0]) // 60) not in own]
        if any(_busy_days(days, series.start, length, taken, terms)):
            return False
    return True


def _busy_days(
    days: Iterable[date], start: time, length: int, taken: Sequence[Taken], terms: MatchTerms
) -> Iterator[date]:
    if not taken:
        return
    offsets = day_offsets(zone_of(terms.time_zone))
    for day in days:
        begins = _instant(day, start, offsets, terms)
        if any(starts < begins + length * 60 and begins < ends for starts, ends in taken):
            yield day


def _instant(day: date, start: time, offsets: DayOffsets, terms: MatchTerms) -> int:
    offset = offsets[day.toordinal()]
    if offset is None:
        return int(instant_of(day, start, zone_of(terms.time_zone)).timestamp())
    return (day.toordinal() - _EPOCH_ORDINAL) * 86400 + minutes_of(start) * 60 - int(offset.total_seconds())


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
