"""How overlapping spans share the width of a column."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.schedule.lanes import Seat, peak, seats

SPANS = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=40
).map(lambda pairs: [(start, end, f"{number:03}") for number, (start, end) in enumerate(pairs)])


def test_back_to_back_entries_each_have_the_whole_width() -> None:
    assert seats([(0, 4, "a"), (4, 8, "b")]) == [Seat(0, 1, 1), Seat(0, 1, 1)]


def test_three_at_once_stand_side_by_side_the_longest_first() -> None:
    found = seats([(0, 4, "a"), (0, 8, "b"), (2, 6, "c")])
    assert [seat.lane for seat in found] == [1, 0, 2]
    assert {seat.lanes for seat in found} == {3}


def test_an_entry_grows_over_lanes_that_stay_free() -> None:
    found = seats([(0, 10, "a"), (0, 4, "b"), (0, 4, "c"), (6, 10, "d")])
    assert found[3] == Seat(1, 3, 2)


def test_an_entry_reached_only_through_a_chain_shares_the_width() -> None:
    found = seats([(0, 4, "a"), (3, 7, "b"), (6, 9, "c")])
    assert [seat.lanes for seat in found] == [2, 2, 2]


@given(SPANS)
def test_no_two_entries_that_overlap_share_a_lane(spans: list[tuple[int, int, str]]) -> None:
    found = seats(spans)
    for i, (start, end, _) in enumerate(spans):
        assert 0 <= found[i].lane < found[i].lane + found[i].width <= found[i].lanes
        for j in range(i):
            other_start, other_end, _ = spans[j]
            if start < other_end and other_start < end:
                lanes = set(range(found[i].lane, found[i].lane + found[i].width))
                assert not lanes & set(range(found[j].lane, found[j].lane + found[j].width))


@given(SPANS)
def test_no_more_lanes_than_entries_at_the_busiest_moment(spans: list[tuple[int, int, str]]) -> None:
    busiest = max((sum(s <= moment < e for s, e, _ in spans) for moment in range(110)), default=0)
    assert peak(spans) == busiest


@given(SPANS.flatmap(lambda spans: st.tuples(st.just(spans), st.permutations(spans))))
def test_the_order_in_which_entries_come_does_not_matter(
    pair: tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]],
) -> None:
    spans, shuffled = pair
    by_id = {span[2]: seat for span, seat in zip(spans, seats(spans), strict=True)}
    assert {span[2]: seat for span, seat in zip(shuffled, seats(shuffled), strict=True)} == by_id
