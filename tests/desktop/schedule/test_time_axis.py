"""Which hours the calendar shows, and how tall they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.schedule.time_axis import HourHeights, TimeAxis, build_axis

HEIGHTS = HourHeights(comfortable=62, least=48, quiet_least=36, folded=18)
AFTERNOON = ((14 * 60, 21 * 60),)


def axis(open_columns: list[tuple[tuple[int, int], ...]], booked: list[list[tuple[int, int]]], h: float) -> TimeAxis:
    return build_axis(open_columns, booked, h, HEIGHTS)


def test_the_hours_shown_are_the_opening_hours() -> None:
    built = axis([AFTERNOON], [[]], 700)
    assert (built.first, built.last, built.height) == (14 * 60, 21 * 60, 700)


def test_an_entry_outside_the_opening_hours_widens_them_to_full_hours() -> None:
    built = axis([AFTERNOON], [[(12 * 60 + 30, 13 * 60)]], 700)
    assert built.first == 12 * 60


def test_hours_in_which_nothing_is_open_or_booked_fold_into_a_thin_band() -> None:
    built = axis([((8 * 60, 10 * 60), (16 * 60, 20 * 60))], [[]], 700)
    folded = [band for band in built.bands if band.is_folded]
    assert [(band.first, band.last, band.height) for band in folded] == [(10 * 60, 16 * 60, 18)]


def test_a_single_empty_hour_does_not_fold() -> None:
    built = axis([((14 * 60, 16 * 60), (17 * 60, 20 * 60))], [[]], 700)
    assert not any(band.is_folded for band in built.bands)


def test_saturday_morning_gives_way_to_the_afternoons_of_the_week() -> None:
    built = axis([AFTERNOON] * 5 + [((9 * 60, 15 * 60),)], [[]] * 6, 671)
    assert built.y(15 * 60) - built.y(14 * 60) > 60
    assert built.y(10 * 60) - built.y(9 * 60) < 56
    assert round(built.height) == 671


def test_with_enough_height_all_hours_are_alike() -> None:
    built = axis([AFTERNOON] * 5 + [((9 * 60, 15 * 60),)], [[]] * 6, 1200)
    assert built.y(15 * 60) - built.y(14 * 60) == built.y(10 * 60) - built.y(9 * 60) == 100


def test_hours_keep_a_least_height_and_make_the_axis_taller_than_the_view() -> None:
    built = axis([((7 * 60, 22 * 60),)], [[]], 300)
    assert built.height == 15 * 48


def test_without_hours_or_entries_a_working_day_is_shown() -> None:
    built = axis([()], [[]], 400)
    assert (built.first, built.last) == (9 * 60, 17 * 60)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 88), st.integers(1, 8)).map(lambda p: (p[0] * 15, (p[0] + p[1]) * 15)),
                 max_size=6),
        min_size=1, max_size=6,
    ),
    st.floats(200, 1500),
)  # fmt: skip
def test_minutes_and_positions_map_both_ways_and_keep_their_order(
    booked: list[list[tuple[int, int]]], height: float
) -> None:
    built = axis([()] * len(booked), booked, height)
    minutes = range(built.first, built.last + 1, 15)
    positions = [built.y(minute) for minute in minutes]
    assert positions == sorted(positions)
    for minute, position in zip(minutes, positions, strict=True):
        assert abs(built.minute(position) - minute) < 1e-6
    for spans in booked:
        for start, end in spans:
            assert built.first <= start and end <= built.last
            assert not any(built.is_folded(minute) for minute in (start, end - 1))


def test_on_a_small_screen_saturday_morning_takes_a_third_of_the_height_and_stays_legible() -> None:
    built = axis([AFTERNOON] * 5 + [((9 * 60, 15 * 60),)], [[]] * 6, 563)
    morning = built.y(14 * 60) - built.y(9 * 60)
    assert round(built.height) == 563
    assert morning < 563 / 3
    assert morning / 5 >= HEIGHTS.quiet_least
    assert built.y(20 * 60) - built.y(19 * 60) >= 54
