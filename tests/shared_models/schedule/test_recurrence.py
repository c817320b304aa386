"""Series: which days, at which instants, across daylight saving, closures and exceptions."""

from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter

import pytest
from dateutil import rrule, tz
from hypothesis import given
from hypothesis import strategies as st

from shared_models.schedule.recurrence import (
    Closure,
    DayHours,
    Pattern,
    SeriesRule,
    closed_days,
    days_of,
    last_day_of_weeks,
    occurrences,
)
from shared_models.schedule.times import UnknownTimeZone, day_offsets, instant_of, wall_clock_of, zone_of

NEW_YORK = "America/New_York"
THANKSGIVING = Closure(date(2026, 11, 26), date(2026, 11, 27))


def weekly(**changes: object) -> SeriesRule:
    values: dict[str, object] = {
        "pattern": Pattern.WEEKLY,
        "first_day": date(2026, 9, 10),
        "start": time(16),
        "duration_minutes": 60,
        "time_zone": NEW_YORK,
        "last_day": date(2027, 6, 25),
    }
    return SeriesRule(**(values | changes))  # type: ignore[arg-type]


def test_four_o_clock_stays_four_o_clock_across_daylight_saving() -> None:
    sessions = occurrences(weekly())
    assert {wall_clock_of(session.starts_at, zone_of(NEW_YORK)).time() for session in sessions} == {time(16)}
    assert {session.starts_at.hour for session in sessions} == {20, 21}
    assert all(session.starts_at.tzinfo is UTC for session in sessions)


def test_a_session_in_the_repeated_hour_takes_the_first_of_both() -> None:
    (session,) = occurrences(weekly(first_day=date(2026, 11, 1), start=time(1, 30), count=1, last_day=None))
    assert session.starts_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_session_in_the_missing_hour_moves_forward_and_keeps_its_length() -> None:
    (session,) = occurrences(
        weekly(first_day=date(2027, 3, 14), start=time(2, 30), count=1, last_day=None, duration_minutes=90)
    )
    assert session.starts_at == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)
    assert session.ends_at - session.starts_at == timedelta(minutes=90)


def test_closures_are_skipped_or_kept_as_chosen_and_can_be_listed() -> None:
    rule = weekly(first_day=date(2026, 11, 19), last_day=date(2026, 12, 3))
    assert [s.day.day for s in occurrences(rule, [THANKSGIVING])] == [19, 3]
    assert [s.day.day for s in occurrences(rule, [THANKSGIVING], skip_closures=False)] == [19, 26, 3]
    assert closed_days(rule, [THANKSGIVING]) == {date(2026, 11, 26)}


def test_skipped_days_and_closures_still_count() -> None:
    rule = weekly(count=4, last_day=None, skipped_days=frozenset({date(2026, 9, 17)}))
    assert [s.day for s in occurrences(rule)] == [date(2026, 9, 10), date(2026, 9, 24), date(2026, 10, 1)]


def test_two_weekdays_every_second_week_begin_with_the_week_of_the_first_day() -> None:
    rule = weekly(first_day=date(2026, 9, 10), weekdays=frozenset({1, 3}), interval=2, last_day=date(2026, 10, 9))
    assert days_of(rule) == [date(2026, 9, d) for d in (10, 22, 24)] + [date(2026, 10, d) for d in (6, 8)]


def test_a_camp_runs_daily_with_hours_that_differ_by_day() -> None:
    friday = date(2027, 7, 9)
    rule = SeriesRule(
        Pattern.DAILY,
        date(2027, 7, 5),
        time(9),
        360,
        NEW_YORK,
        count=5,
        hours_by_day={friday: DayHours(time(10), 120)},
    )
    sessions = occurrences(rule)
    assert [s.day for s in sessions] == [date(2027, 7, d) for d in range(5, 10)]
    assert sessions[-1].starts_at == datetime(2027, 7, 9, 14, tzinfo=UTC)
    assert sessions[-1].ends_at == datetime(2027, 7, 9, 16, tzinfo=UTC)
    assert sessions[0].ends_at - sessions[0].starts_at == timedelta(hours=6)


def test_a_one_off_takes_place_once() -> None:
    rule = SeriesRule(Pattern.ONE_OFF, date(2026, 9, 10), time(16), 60, "UTC-5")
    assert [s.starts_at for s in occurrences(rule)] == [datetime(2026, 9, 10, 21, tzinfo=UTC)]


def test_the_end_is_whatever_comes_first() -> None:
    assert len(days_of(weekly(count=3))) == 3
    assert len(days_of(weekly(count=300, last_day=date(2026, 9, 24)))) == 3
    assert days_of(weekly(last_day=date(2026, 9, 9))) == []


def test_a_number_of_weeks_ends_before_the_next_week_begins() -> None:
    rule = weekly(last_day=last_day_of_weeks(date(2026, 9, 10), 40))
    assert len(days_of(rule)) == 40


@pytest.mark.parametrize(
    "changes", [{"last_day": None}, {"duration_minutes": 0}, {"interval": 0}, {"weekdays": frozenset({7})}]
)
def test_a_rule_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        weekly(**changes)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownTimeZone):
        occurrences(weekly(time_zone="Nowhere/Land"))


@given(
    first_day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 500),
    weekdays=st.frozensets(st.integers(0, 6)),
    interval=st.integers(1, 5),
    count=st.none() | st.integers(1, 60),
)
def test_weekly_days_agree_with_an_independent_library(
    first_day: date, length: int, weekdays: frozenset[int], interval: int, count: int | None
) -> None:
    last_day = first_day + timedelta(days=length)
    rule = weekly(first_day=first_day, last_day=last_day, weekdays=weekdays, interval=interval, count=count)
    independent = rrule.rrule(
        rrule.WEEKLY,
        dtstart=datetime.combine(first_day, time()),
        interval=interval,
        byweekday=sorted(weekdays) or None,
        until=datetime.combine(last_day, time()) if count is None else None,
        count=count,
    )
    assert days_of(rule) == [moment.date() for moment in independent if moment.date() <= last_day]


@given(
    first_day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    start=st.times().map(lambda t: t.replace(second=0, microsecond=0, fold=0)),
    zone=st.sampled_from([NEW_YORK, "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC-5"]),
    skipped=st.frozensets(st.integers(0, 60)),
    closed=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=3),
)
def test_every_session_shows_its_wall_time_unless_the_clocks_have_no_such_hour(
    first_day: date, start: time, zone: str, skipped: frozenset[int], closed: list[tuple[int, int]]
) -> None:
    closures = [Closure(first_day + timedelta(days=a), first_day + timedelta(days=a + n)) for a, n in closed]
    rule = SeriesRule(
        Pattern.DAILY,
        first_day,
        start,
        60,
        zone,
        count=61,
        skipped_days=frozenset(first_day + timedelta(days=n) for n in skipped),
    )
    sessions = occurrences(rule, closures)
    assert {s.day for s in sessions} == {
        day for day in days_of(rule) if day not in rule.skipped_days and not any(day in c for c in closures)
    }
    for session in sessions:
        shown = wall_clock_of(session.starts_at, zone_of(zone))
        moved = shown - datetime.combine(session.day, start)
        assert moved in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
        assert session.ends_at - session.starts_at == timedelta(hours=1)


# Against python-dateutil, with its own time zones, across changes of the clocks.

CHANGES = {
    NEW_YORK: (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
}


@st.composite
def rules_near_a_change(draw: st.DrawFn) -> SeriesRule:
    zone = draw(st.sampled_from(list(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    first_day = change - timedelta(days=draw(st.integers(0, 60)))
    pattern = draw(st.sampled_from([Pattern.WEEKLY, Pattern.DAILY]))
    # Most starts lie in the first hours of the day, where clocks go forward and back.
    minute = draw(st.integers(0, 4 * 60) | st.integers(0, 24 * 60 - 1))
    count = draw(st.none() | st.integers(1, 70))
    last_day = first_day + timedelta(days=draw(st.integers(0, 200)))
    return SeriesRule(
        pattern,
        first_day,
        time(minute // 60, minute % 60),
        draw(st.sampled_from([30, 60, 90, 360])),
        zone,
        weekdays=draw(st.frozensets(st.integers(0, 6))) if pattern is Pattern.WEEKLY else frozenset(),
        interval=draw(st.integers(1, 4)) if pattern is Pattern.WEEKLY else 1,
        last_day=last_day if count is None or draw(st.booleans()) else None,
        count=count,
        skipped_days=draw(
            st.frozensets(st.integers(0, 100).map(lambda n: first_day + timedelta(days=n)), max_size=6)
        ),
    )


@given(rules_near_a_change())
def test_sessions_agree_with_an_independent_library_when_the_clocks_change(rule: SeriesRule) -> None:
    found = rrule.rruleset()
    found.rrule(
        rrule.rrule(
            rrule.WEEKLY if rule.pattern is Pattern.WEEKLY else rrule.DAILY,
            dtstart=datetime.combine(rule.first_day, rule.start),
            interval=rule.interval,
            byweekday=sorted(rule.weekdays) or None,
            wkst=rrule.MO,
            count=rule.count,
            until=None if rule.count or rule.last_day is None else datetime.combine(rule.last_day, rule.start),
        )
    )
    for day in rule.skipped_days:
        found.exdate(datetime.combine(day, rule.start))
    zone = tz.gettz(rule.time_zone)
    expected = [
        (moment.date(), tz.resolve_imaginary(moment.replace(tzinfo=zone)).astimezone(UTC))
        for moment in found
        if rule.last_day is None or moment.date() <= rule.last_day
    ]
    sessions = occurrences(rule)
    assert [(session.day, session.starts_at) for session in sessions] == expected
    assert {session.ends_at - session.starts_at for session in sessions} <= {timedelta(minutes=rule.duration_minutes)}


def test_the_missing_hour_moves_forward_and_the_repeated_hour_means_its_first() -> None:
    spring = SeriesRule(Pattern.DAILY, date(2026, 3, 7), time(2, 30), 60, NEW_YORK, count=3)
    assert [s.starts_at.hour for s in occurrences(spring)] == [7, 7, 6]
    fall = SeriesRule(Pattern.DAILY, date(2026, 10, 31), time(1, 30), 60, NEW_YORK, count=3)
    assert [s.starts_at.hour for s in occurrences(fall)] == [5, 5, 6]


@given(
    st.sampled_from([*CHANGES, "UTC-5", "Asia/Kathmandu", "Pacific/Apia"]),
    st.dates(date(2011, 12, 1), date(2028, 1, 1)),
)
def test_the_offset_of_a_day_holds_for_each_of_its_hours(name: str, day: date) -> None:
    zone = zone_of(name)
    offset = day_offsets(zone)[day.toordinal()]
    if offset is not None:
        for hour in range(24):
            assert instant_of(day, time(hour), zone) == datetime.combine(day, time(hour), UTC) - offset


def test_a_year_of_weeks_is_expanded_in_well_under_a_millisecond() -> None:
    rule, closures = weekly(), [THANKSGIVING] * 6
    best = min(_seconds(rule, closures) for _ in range(20))
    assert best < 0.001


def _seconds(rule: SeriesRule, closures: list[Closure]) -> float:
    begin = perf_counter()
    occurrences(rule, closures)
    return perf_counter() - begin
