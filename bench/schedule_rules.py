"""The rules of scheduling on plain values, each beside a peer or a bare floor: conflicts of a crowded year, free
slots and the sessions of many series."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time

from dateutil import rrule, tz

from bench.figures import Figure
from shared_models.schedule.conflicts import Booking, find_conflicts
from shared_models.schedule.flags import AvailabilityException, LocationRules, Span, TutorRules
from shared_models.schedule.recurrence import Closure, Pattern, SeriesRule, occurrences
from shared_models.schedule.slots import SlotRequest, SlotTutor, free_slots

NEW_YORK = "America/New_York"
_NOW = datetime(2026, 9, 7, 4, tzinfo=UTC)
_SAMPLE = 1_500


def milliseconds(work: Callable[[], object], runs: int = 9) -> float:
    """The best of several runs, as whatever else the machine does only adds to them. The search for garbage goes on,
    but not through what the benchmark itself holds."""
    taken = []
    gc.collect()
    gc.freeze()
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        taken.append((time.perf_counter() - start) * 1000)
        del result  # Throwing it away is not part of the work.
    gc.unfreeze()
    return min(taken)


def conflict_figures(year: list[Booking]) -> list[Figure]:
    """The sweep over a crowded year, and over a part of it that is small enough to compare each pair."""
    part = year[:_SAMPLE]
    pairs = _pairs(part)
    if {(one.first_id, one.second_id) for one in find_conflicts(part)} != pairs:
        raise AssertionError("the sweep and the comparison of each pair disagree")
    return [
        Figure(
            f"conflicts of {len(year):,} entries, values in, {len(find_conflicts(year)):,} conflicts out",
            milliseconds(lambda: find_conflicts(year)), "ms", 100,
            beside="bare sweep that only counts", beside_measured=milliseconds(lambda: _bare_sweep(year)),
        ),
        Figure(
            f"conflicts of {_SAMPLE:,} entries", milliseconds(lambda: find_conflicts(part)), "ms",
            beside="each pair compared", beside_measured=milliseconds(lambda: _pairs(part), runs=1),
        ),
    ]  # fmt: skip


def slot_figures() -> list[Figure]:
    """Free slots over 60 days, of a few tutors and of a large center."""
    few, many = slot_request(5), slot_request(50)
    if [slot.starts for slot in free_slots(few)] != _scanned(few):
        raise AssertionError("free slots and the scan of every start disagree")
    return [
        Figure(
            f"free slots: 5 tutors × 500 busy blocks × 60 days, {len(free_slots(few)):,} found",
            milliseconds(lambda: free_slots(few)), "ms", 20,
            beside="each start against each block", beside_measured=milliseconds(lambda: _scanned(few), runs=1),
        ),
        Figure(
            f"free slots: 50 tutors × 500 busy blocks × 60 days, {len(free_slots(many)):,} found",
            milliseconds(lambda: free_slots(many)), "ms", 80,
        ),
    ]  # fmt: skip


def recurrence_figures() -> list[Figure]:
    """A thousand weekly series of a year, in the zone of the center."""
    chance = random.Random(52)
    rules = [
        SeriesRule(
            Pattern.WEEKLY, date(2026, 9, 1) + timedelta(days=chance.randrange(7)),
            wall_time(chance.randrange(9, 20), chance.choice((0, 15, 30, 45))), 60, NEW_YORK, count=52,
        )
        for _ in range(1000)
    ]  # fmt: skip
    zone = tz.gettz(NEW_YORK)

    def by_library() -> list[list[datetime]]:
        return [
            [
                moment.astimezone(UTC)
                for moment in rrule.rrule(
                    rrule.WEEKLY, dtstart=datetime.combine(rule.first_day, rule.start, zone), count=52
                )
            ]
            for rule in rules
        ]

    if [[one.starts_at for one in occurrences(rule)] for rule in rules] != by_library():
        raise AssertionError("the sessions differ from those of python-dateutil")
    return [
        Figure(
            "1,000 weekly series × 52, zoned",
            milliseconds(lambda: [occurrences(rule) for rule in rules]), "ms", 60,
            beside="python-dateutil", beside_measured=milliseconds(by_library, runs=3),
        )
    ]  # fmt: skip


def slot_request(tutors: int, blocks: int = 500) -> SlotRequest:
    """A center open all week, whose tutors work six afternoons, with exceptions, time off and busy blocks."""
    chance = random.Random(tutors)
    begin = int(_NOW.timestamp())
    days = [date(2026, 9, 7) + timedelta(days=number) for number in range(60)]
    afternoon: tuple[Span, ...] = ((14 * 60, 20 * 60),)
    working: dict[tuple[str | None, int], tuple[Span, ...]] = {("office", weekday): afternoon for weekday in range(6)}

    def block() -> tuple[int, int]:
        starts = begin + chance.randrange(60) * 86400 + chance.randrange(10 * 4, 22 * 4) * 900
        return starts, starts + chance.choice((3600, 5400)) + 900

    staff = [
        SlotTutor(
            f"tutor {number}",
            TutorRules(
                weekly=working,
                exceptions=tuple(
                    AvailabilityException(chance.choice(days), chance.random() < 0.5, (10 * 60, 13 * 60))
                    for _ in range(4)
                ),
                time_off=(Closure(away := chance.choice(days), away + timedelta(days=4)),),
            ),
            sorted(block() for _ in range(blocks)),
            priority=number % 5,
        )
        for number in range(tutors)
    ]
    hours = LocationRules(
        dict.fromkeys(range(7), ((9 * 60, 21 * 60),)), (Closure(date(2026, 10, 12), date(2026, 10, 12)),)
    )
    return SlotRequest("office", NEW_YORK, hours, staff, 60, _NOW)


def _bare_sweep(bookings: list[Booking]) -> int:
    """The least that any check does: sort, and ask for each tutor, room and student whether it is still taken."""
    count = 0
    tutors: dict[str, int] = {}
    rooms: dict[str, int] = {}
    students: dict[str, int] = {}
    for _, starts, ends, until, tutor_id, room_ids, student_ids in sorted(bookings, key=lambda one: one[1]):
        if tutor_id is not None:
            count += tutors.get(tutor_id, 0) > starts
            tutors[tutor_id] = until
        for room_id in room_ids:
            count += rooms.get(room_id, 0) > starts
            rooms[room_id] = until
        for student_id in student_ids:
            count += students.get(student_id, 0) > starts
            students[student_id] = ends
    return count


def _pairs(bookings: list[Booking]) -> set[tuple[str, str]]:
    """The pairs that conflict, found by comparing each with each."""
    found = set()
    ordered = sorted(bookings, key=lambda one: (one.starts, one.entry_id))
    for position, one in enumerate(ordered):
        for other in ordered[position + 1 :]:
            if other.starts >= one.blocked_until or one.starts >= other.blocked_until:
                continue
            in_session = other.starts < one.ends
            if (
                (one.tutor_id is not None and one.tutor_id == other.tutor_id)
                or set(one.room_ids) & set(other.room_ids)
                or (in_session and set(one.student_ids) & set(other.student_ids))
            ):
                found.add((one.entry_id, other.entry_id))
    return found


def _scanned(request: SlotRequest) -> list[int]:
    """The starts at which a tutor is free, by trying each line of the grid against each busy block."""
    zone = tz.gettz(request.time_zone)
    length, blocked = request.duration_minutes, (request.duration_minutes + request.buffer_minutes) * 60
    earliest = request.now + timedelta(minutes=request.lead_minutes)
    latest = request.now + timedelta(days=request.horizon_days)
    hours = request.location.opening_hours or {}
    found = []
    for number in range(request.horizon_days + 1):
        day = request.now.astimezone(zone).date() + timedelta(days=number)
        if any(day in closure for closure in request.location.closures):
            continue
        for opens, closes in hours.get(day.weekday(), ()):
            for minute in range(opens, closes - length + 1, request.grid_minutes):
                moment = datetime.combine(day, wall_time(minute // 60, minute % 60), zone)
                at = int(moment.timestamp())
                if earliest <= moment <= latest and any(
                    _works(one.rules, day, minute, minute + length)
                    and not any(starts < at + blocked and at < until for starts, until in one.taken)
                    for one in request.tutors
                ):
                    found.append(at)
    return found


def _works(rules: TutorRules, day: date, begins: int, ends: int) -> bool:
    if any(day in absence for absence in rules.time_off):
        return False
    minutes: set[int] = set()
    for opens, closes in rules.weekly.get(("office", day.weekday()), ()):
        minutes.update(range(opens, closes))
    for exception in (one for one in rules.exceptions if one.day == day):
        if exception.is_open:
            minutes.update(range(*exception.span))
    for exception in (one for one in rules.exceptions if one.day == day):
        if not exception.is_open:
            minutes.difference_update(range(*exception.span))
    return all(minute in minutes for minute in range(begins, ends))
