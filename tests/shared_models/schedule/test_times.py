"""Times of an entry: end, buffer, grid, and the step between wall clock and UTC."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.schedule import times

NEW_YORK = times.zone_of("America/New_York")


def test_end_and_blocked_time_follow_from_start_duration_and_buffer() -> None:
    start = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)
    end = times.ends_at(start, 90)
    assert end == datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    assert times.blocked_until(end, 15) == datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
    assert times.blocked_until(end, 15, buffer_is_on=False) == end


@pytest.mark.parametrize(
    ("day", "wall", "instant"),
    [
        (date(2026, 7, 1), time(16), datetime(2026, 7, 1, 20, tzinfo=UTC)),
        (date(2026, 12, 1), time(16), datetime(2026, 12, 1, 21, tzinfo=UTC)),
        (date(2026, 11, 1), time(1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (date(2027, 3, 14), time(2, 30), datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
    ],
    ids=["summer", "winter", "repeated hour: the first", "missing hour: moved forward"],
)
def test_wall_clock_becomes_an_instant(day: date, wall: time, instant: datetime) -> None:
    assert times.instant_of(day, wall, NEW_YORK) == instant


def test_the_missing_hour_shows_as_the_hour_after_it() -> None:
    instant = times.instant_of(date(2027, 3, 14), time(2, 30), NEW_YORK)
    assert times.wall_clock_of(instant, NEW_YORK) == datetime(2027, 3, 14, 3, 30)


@pytest.mark.parametrize(("name", "offset"), [("UTC", 0), ("UTC-5", -300), ("utc+05:30", 330), ("GMT+1", 60)])
def test_fixed_offsets_are_zones_too(name: str, offset: int) -> None:
    zone = times.zone_of(name)
    assert zone.utcoffset(datetime(2026, 1, 1)) == timedelta(minutes=offset)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "UTC+99", "../etc/passwd"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(times.UnknownTimeZone):
        times.zone_of(name)


@pytest.mark.parametrize(
    ("minutes", "nearest", "following"), [(961, 960, 975), (968, 975, 975), (975, 975, 975), (0, 0, 0)]
)
def test_starts_are_brought_onto_the_grid(minutes: int, nearest: int, following: int) -> None:
    assert times.nearest_on_grid(minutes, 15) == nearest
    assert times.next_on_grid(minutes, 15) == following


def test_only_whole_grid_times_are_on_the_grid() -> None:
    assert times.is_on_grid(time(16, 15), 15)
    assert not times.is_on_grid(time(16, 1), 15)
    assert not times.is_on_grid(time(16, 15, 30), 15)


@given(st.integers(0, 1439))
def test_minutes_and_times_are_two_names_of_one_thing(minutes: int) -> None:
    assert times.minutes_of(times.time_of(minutes)) == minutes


def test_overlap_counts_shared_minutes_and_back_to_back_shares_none() -> None:
    at = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(5)]
    assert times.overlap_minutes(at[0], at[2], at[1], at[3]) == 60
    assert times.overlap_minutes(at[0], at[1], at[1], at[2]) == 0
    assert times.overlap_minutes(at[0], at[1], at[2], at[3]) == 0
