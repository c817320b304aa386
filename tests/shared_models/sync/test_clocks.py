"""Stamps are later than everything given or seen before, whatever the wall clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared_models.base import new_id
from shared_models.sync.clocks import HybridClock, clock_of, stamp_milliseconds


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
def test_stamps_rise_even_when_the_wall_clock_jumps_back(walls: list[int]) -> None:
    times = iter(walls)
    clock = HybridClock(new_id(), lambda: next(times))
    stamps = [clock.tick() for _ in walls]
    assert stamps == sorted(set(stamps))
    assert all(len(stamp) == 28 for stamp in stamps)


def test_the_counter_carries_into_the_milliseconds_when_it_is_full() -> None:
    clock = HybridClock(new_id(), lambda: 5)
    stamps = [clock.tick() for _ in range(70_000)]
    assert stamps == sorted(set(stamps))
    assert stamp_milliseconds(stamps[-1]) == 6


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_an_edit_after_seeing_another_is_later_than_it(here: int, there: int) -> None:
    other = HybridClock(new_id(), lambda: there).tick()
    clock = HybridClock(new_id(), lambda: here)
    clock.observe(other)
    assert clock.tick() > other


def test_a_field_without_a_clock_of_its_own_has_the_creations() -> None:
    assert clock_of({"*": "5", "name": "7"}, "name") == "7"
    assert clock_of({"*": "5"}, "name") == "5"
    assert clock_of({}, "name") == ""
