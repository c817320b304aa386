"""Free slots: the rules of product §7 by example, and against a model that walks minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_models.schedule.conflicts import Booking
from shared_models.schedule.flags import AvailabilityException, LocationRules, Span, TutorRules
from shared_models.schedule.recurrence import Closure
from shared_models.schedule.slots import Slot, SlotRequest, SlotTutor, Taken, free_slots, slot_at, taken_spans
from shared_models.schedule.times import UnknownTimeZone, zone_of

NEW_YORK = "America/New_York"
OFFICE = "office"
MONDAY = date(2026, 9, 7)
SUNDAY_NIGHT = datetime(2026, 9, 7, 0, tzinfo=ZoneInfo(NEW_YORK))
AFTERNOON: Span = (16 * 60, 18 * 60)


def works(*spans: Span, weekday: int = 0, **rules: object) -> TutorRules:
    return TutorRules(weekly={(OFFICE, weekday): spans or (AFTERNOON,)}, **rules)  # type: ignore[arg-type]


def tutor(
    rules: TutorRules | None = None, taken: Sequence[Taken] = (), name: str = "Patel", priority: int = 1
) -> SlotTutor:
    return SlotTutor(name, rules or works(), taken, priority)


def request(*tutors: SlotTutor, **changes: object) -> SlotRequest:
    """An hour on Monday between four and six, asked for the night before."""
    asked = SlotRequest(
        OFFICE, NEW_YORK, LocationRules({0: (AFTERNOON,)}), tutors or (tutor(),), 60, SUNDAY_NIGHT.astimezone(UTC),
        lead_minutes=0, horizon_days=6, grid_minutes=30,
    )  # fmt: skip
    return replace(asked, **changes)  # type: ignore[arg-type]


def at(clock: time, day: date = MONDAY) -> int:
    return int(datetime.combine(day, clock, ZoneInfo(NEW_YORK)).timestamp())


def clocks(slots: Sequence[Slot]) -> list[str]:
    return [f"{slot.local:%H:%M}" for slot in slots]


def test_slots_lie_on_the_grid_and_end_before_closing() -> None:
    found = free_slots(request())
    assert clocks(found) == ["16:00", "16:30", "17:00"]
    assert found[0] == Slot(at(time(16)), MONDAY, 16 * 60, "Patel")
    assert found[0].starts_at == datetime(2026, 9, 7, 20, tzinfo=UTC)


def test_a_start_off_the_grid_is_never_proposed() -> None:
    late = works((16 * 60 + 1, 18 * 60))
    assert clocks(free_slots(request(tutor(late)))) == ["16:30", "17:00"]


def test_an_entry_keeps_its_buffer_and_a_slot_needs_its_own() -> None:
    busy = [(at(time(17)), at(time(17, 45)))]
    hours = LocationRules({0: ((14 * 60, 20 * 60),)})
    rules = works((14 * 60, 20 * 60))
    found = free_slots(request(tutor(rules, busy), location=hours, grid_minutes=15))
    assert clocks(found) == [
        "14:00", "14:15", "14:30", "14:45", "15:00", "15:15", "15:30", "15:45",
        "17:45", "18:00", "18:15", "18:30", "18:45", "19:00",
    ]  # fmt: skip


def test_the_time_between_now_and_the_lead_time_is_not_offered() -> None:
    found = free_slots(request(now=datetime(2026, 9, 6, 20, 20, tzinfo=UTC), lead_minutes=24 * 60))
    assert clocks(found) == ["16:30", "17:00"]


def test_nothing_lies_beyond_the_horizon() -> None:
    now = SUNDAY_NIGHT.astimezone(UTC)
    assert [slot.day for slot in free_slots(request(horizon_days=14))] == [MONDAY] * 3 + [MONDAY + timedelta(7)] * 3
    assert free_slots(request(now=now + timedelta(days=1), horizon_days=5)) == []


def test_days_can_be_asked_for() -> None:
    later = MONDAY + timedelta(7)
    assert {slot.day for slot in free_slots(request(horizon_days=30, first_day=later, last_day=later))} == {later}
    assert free_slots(request(first_day=later, last_day=MONDAY)) == []


@pytest.mark.parametrize(
    "rules",
    [
        works(time_off=(Closure(MONDAY, MONDAY),)),
        works(exceptions=(AvailabilityException(MONDAY, False),)),
        works(weekday=1),
        TutorRules(weekly={("elsewhere", 0): (AFTERNOON,)}),
        works(exceptions=(AvailabilityException(MONDAY, True),), time_off=(Closure(MONDAY, MONDAY),)),
        TutorRules(),
    ],
)
def test_a_tutor_who_does_not_work_then_has_no_slots(rules: TutorRules) -> None:
    assert free_slots(request(tutor(rules))) == []


def test_a_tutor_without_hours_can_be_taken_at_their_word() -> None:
    assert len(free_slots(request(tutor(TutorRules()), unset_hours_are_open=True))) == 3


def test_an_exception_opens_a_day() -> None:
    opened = works(weekday=1, exceptions=(AvailabilityException(MONDAY, True, (17 * 60, 18 * 60)),))
    assert clocks(free_slots(request(tutor(opened)))) == ["17:00"]


def test_a_closure_closes_the_location() -> None:
    closed = LocationRules({0: (AFTERNOON,)}, (Closure(MONDAY, MONDAY),))
    assert free_slots(request(location=closed)) == []


def test_each_time_is_offered_once_with_the_tutor_who_comes_first() -> None:
    first = tutor(taken=[(at(time(16)), at(time(17)))], name="Zhang", priority=1)
    second = tutor(name="Adams", priority=2)
    third = tutor(name="Abel", priority=2)
    found = free_slots(request(third, second, first))
    assert [(f"{slot.local:%H:%M}", slot.tutor_id) for slot in found] == [
        ("16:00", "Abel"), ("16:30", "Abel"), ("17:00", "Zhang"),
    ]  # fmt: skip


def test_one_of_the_rooms_has_to_be_free() -> None:
    rooms = {"A": [(at(time(16)), at(time(17)))], "B": [(at(time(16, 30)), at(time(18)))]}
    found = free_slots(request(rooms=rooms, buffer_minutes=0))
    assert [(f"{slot.local:%H:%M}", slot.room_id) for slot in found] == [("17:00", "A")]
    assert free_slots(request(rooms={})) == []


def test_a_student_can_go_from_one_session_straight_to_the_next() -> None:
    found = free_slots(request(students_taken=[(at(time(15)), at(time(16, 30))), (at(time(17, 30)), at(time(18)))]))
    assert clocks(found) == ["16:30"]


def test_a_slot_is_asked_for_again_before_it_is_held() -> None:
    asked = request()
    assert slot_at(asked, at(time(16, 30))) == Slot(at(time(16, 30)), MONDAY, 16 * 60 + 30, "Patel")
    assert slot_at(asked, at(time(16, 15))) is None
    assert slot_at(request(tutor(taken=[(at(time(17)), at(time(18)))])), at(time(16, 30))) is None
    assert slot_at(replace(asked, last_day=MONDAY - timedelta(1)), at(time(16, 30))) is None


def test_what_is_taken_is_told_by_tutor_room_and_student() -> None:
    bookings = [Booking("b", 50, 90, 95, None, (), ("s",)), Booking("a", 0, 40, 45, "t", ("r",), ("s",))]
    assert taken_spans(bookings) == {"t": [(0, 45)], "r": [(0, 45)], "s": [(0, 40), (50, 90)]}
    assert taken_spans(bookings, without={"a"}) == {"s": [(50, 90)]}


@pytest.mark.parametrize(
    "changes", [{"duration_minutes": 0}, {"grid_minutes": 0}, {"buffer_minutes": -1}, {"now": datetime(2026, 9, 7)}]
)
def test_a_request_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        request(**changes)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownTimeZone):
        free_slots(request(time_zone="Nowhere/Land"))


def test_the_missing_hour_is_not_offered_and_the_repeated_one_is_offered_twice() -> None:
    night = works((0, 4 * 60), weekday=6)
    hours = LocationRules({6: ((0, 4 * 60),)})
    asked = request(tutor(night), location=hours, grid_minutes=60, buffer_minutes=0)
    spring = replace(asked, now=datetime(2027, 3, 14, 5, tzinfo=UTC))
    assert clocks(free_slots(spring)) == ["00:00", "01:00", "03:00"]
    fall = replace(asked, now=datetime(2026, 11, 1, 4, tzinfo=UTC))
    assert clocks(free_slots(fall)) == ["00:00", "01:00", "01:00", "02:00", "03:00"]


# A model that walks minute by minute.

ZONES = [NEW_YORK, "Europe/London", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC-5"]
CHANGES = [
    date(2026, 3, 7),
    date(2026, 3, 28),
    date(2026, 4, 4),
    date(2026, 10, 3),
    date(2026, 10, 24),
    date(2026, 10, 31),
]


def walked(asked: SlotRequest) -> list[tuple[int, str, str | None]]:
    """Start, tutor and room of each free slot, by looking at every minute of the window on the wall."""
    zone = zone_of(asked.time_zone)
    earliest = asked.now + timedelta(minutes=asked.lead_minutes)
    latest = asked.now + timedelta(days=asked.horizon_days)
    begin = int(earliest.timestamp()) // 60 * 60
    minutes = range(begin, int(latest.timestamp()) + (asked.duration_minutes + 1) * 60, 60)
    wall = {minute: datetime.fromtimestamp(minute, UTC).astimezone(zone) for minute in minutes}

    def is_open(moment: datetime) -> bool:
        if any(moment.date() in closure for closure in asked.location.closures):
            return False
        hours = asked.location.opening_hours
        return hours is None or _within(hours.get(moment.weekday(), ()), moment)

    def is_at_work(rules: TutorRules, moment: datetime) -> bool:
        day = moment.date()
        if any(day in absence for absence in rules.time_off):
            return False
        special = [one for one in rules.exceptions if one.day == day and one.location_id in (None, asked.location_id)]
        if any(not one.is_open and _within((one.span,), moment) for one in special):
            return False
        if any(one.is_open and _within((one.span,), moment) for one in special):
            return True
        if not rules.weekly:
            return asked.unset_hours_are_open
        weekday = moment.weekday()
        return any(_within(rules.weekly.get((place, weekday), ()), moment) for place in (asked.location_id, None))

    length, blocked = asked.duration_minutes * 60, (asked.duration_minutes + asked.buffer_minutes) * 60
    opened = {minute for minute in minutes if is_open(wall[minute])}
    tutors = sorted(asked.tutors, key=lambda one: (one.priority, one.tutor_id))
    at_work = {one.tutor_id: {m for m in opened if is_at_work(one.rules, wall[m])} for one in tutors}
    found = []
    for starts in minutes:
        moment = wall[starts]
        if not earliest <= moment <= latest or (moment.hour * 60 + moment.minute) % asked.grid_minutes:
            continue
        if (asked.first_day and moment.date() < asked.first_day) or (
            asked.last_day and moment.date() > asked.last_day
        ):
            continue
        if _meets(asked.students_taken, starts, starts + length):
            continue
        room = None
        if asked.rooms is not None:
            free = [name for name, taken in asked.rooms.items() if not _meets(taken, starts, starts + blocked)]
            if not free:
                continue
            room = free[0]
        for one in tutors:
            teaches = all(minute in at_work[one.tutor_id] for minute in range(starts, starts + length, 60))
            if teaches and not _meets(one.taken, starts, starts + blocked):
                found.append((starts, one.tutor_id, room))
                break
    return found


def _within(spans: Sequence[Span], moment: datetime) -> bool:
    return any(begins <= moment.hour * 60 + moment.minute < ends for begins, ends in spans)


def _meets(taken: Sequence[Taken], starts: int, ends: int) -> bool:
    return any(begins < ends and starts < until for begins, until in taken)


spans = st.tuples(st.integers(0, 95), st.integers(1, 60)).map(
    lambda one: (one[0] * 15, min(1440, (one[0] + one[1]) * 15))
)
few_spans = st.lists(spans, max_size=2).map(tuple)


def weeks(places: Sequence[object]) -> st.SearchStrategy[dict[object, tuple[Span, ...]]]:
    """The same long hours on every day, and days that differ."""
    keys = [(place, day) if place != "-" else day for place in places for day in range(7)]
    long_hours = st.tuples(st.integers(0, 8), st.integers(12, 24)).map(lambda one: ((one[0] * 60, one[1] * 60),))
    differing = st.dictionaries(st.sampled_from(keys), few_spans, max_size=3)
    return st.builds(
        lambda usual, differs: {**dict.fromkeys(keys, usual), **differs}, st.just(()) | long_hours, differing
    )


@st.composite
def requests(draw: st.DrawFn) -> SlotRequest:
    first = draw(st.sampled_from(CHANGES))
    now = datetime.combine(first, time(), UTC) + timedelta(minutes=draw(st.integers(0, 1440)))
    days = st.integers(0, 3).map(lambda number: first + timedelta(days=number))
    begin = int(now.timestamp())
    taken = st.lists(
        st.tuples(st.integers(-60, 3 * 1440), st.integers(1, 300)).map(
            lambda one: (begin + one[0] * 60, begin + (one[0] + one[1]) * 60)
        ),
        max_size=4,
    )
    closures = st.lists(days.map(lambda day: Closure(day, day)), max_size=1).map(tuple)
    exceptions = st.lists(
        st.builds(AvailabilityException, days, st.booleans(), spans, st.sampled_from([None, OFFICE, "elsewhere"])),
        max_size=2,
    ).map(tuple)
    rules = st.builds(
        TutorRules,
        weekly=weeks([None, OFFICE, "elsewhere"]),
        exceptions=exceptions,
        time_off=closures,
    )
    always = LocationRules(None, ())
    tutors = [
        SlotTutor(name, draw(rules), draw(taken), draw(st.integers(1, 2)))
        for name in draw(st.sampled_from(["a", "ab", "abc"]))
    ]
    return SlotRequest(
        OFFICE,
        draw(st.sampled_from(ZONES)),
        draw(st.just(always) | st.builds(LocationRules, weeks("-"), closures)),
        tutors,
        draw(st.sampled_from([15, 60, 95, 600])),
        now,
        buffer_minutes=draw(st.sampled_from([0, 15])),
        grid_minutes=draw(st.sampled_from([15, 30, 60, 25])),
        lead_minutes=draw(st.integers(0, 600)),
        horizon_days=draw(st.integers(0, 3)),
        first_day=draw(st.none() | days),
        last_day=draw(st.none() | days),
        rooms=draw(st.none() | st.dictionaries(st.sampled_from("RQ"), taken)),
        students_taken=draw(taken),
        unset_hours_are_open=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(requests())
def test_slots_agree_with_a_walk_minute_by_minute(asked: SlotRequest) -> None:
    found = free_slots(asked)
    assert [(slot.starts, slot.tutor_id, slot.room_id) for slot in found] == walked(asked)
    for slot in found:
        shown = slot.starts_at.astimezone(zone_of(asked.time_zone)).replace(tzinfo=None)
        assert slot.local == shown
