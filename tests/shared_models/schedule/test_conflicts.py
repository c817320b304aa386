"""Conflicts: the rules of product §4 by example, and against every pair compared by brute force."""

import random
from collections.abc import Sequence
from itertools import combinations
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from shared_models.schedule.conflicts import (
    Booking,
    Conflict,
    ConflictKind,
    ConflictTag,
    conflicts_of,
    find_conflicts,
)

HOUR = 3600
BUFFER = 900


def booking(
    entry_id: str,
    starts: int,
    ends: int,
    tutor: str | None = None,
    rooms: Sequence[str] = (),
    students: Sequence[str] = (),
    buffer: int = BUFFER,
) -> Booking:
    return Booking(entry_id, starts, ends, ends + buffer, tutor, tuple(rooms), tuple(students))


def brute_force(bookings: Sequence[Booking]) -> set[Conflict]:
    found = set()
    for a, b in combinations(sorted(bookings, key=lambda x: (x.starts, x.entry_id)), 2):
        tag = ConflictTag.OVERLAP if a.starts < b.ends and b.starts < a.ends else ConflictTag.BUFFER
        blocked = a.starts < b.blocked_until and b.starts < a.blocked_until
        shared: list[tuple[ConflictKind, bool, set[str | None]]] = [
            (ConflictKind.TUTOR, blocked, {a.tutor_id} & {b.tutor_id} - {None}),
            (ConflictKind.ROOM, blocked, set[str | None](a.room_ids) & {*b.room_ids}),
            (
                ConflictKind.STUDENT,
                tag is ConflictTag.OVERLAP,
                set[str | None](a.student_ids) & {*b.student_ids},
            ),
        ]
        for kind, meets, ids in shared:
            if meets and ids:
                resource_ids = tuple(sorted(str(x) for x in ids))
                found.add(Conflict(kind, tag, a.entry_id, b.entry_id, resource_ids))
    return found


def test_back_to_back_is_fine_without_a_buffer() -> None:
    first = booking("a", 0, HOUR, "t", ["r"], ["s"], buffer=0)
    assert find_conflicts([first, booking("b", HOUR, 2 * HOUR, "t", ["r"], ["s"])]) == []


def test_the_buffer_holds_tutor_and_room_but_not_the_student() -> None:
    pair = [booking("a", 0, HOUR, "t", ["r"], ["s"]), booking("b", HOUR, 2 * HOUR, "t", ["r"], ["s"])]
    assert find_conflicts(pair) == [
        Conflict(ConflictKind.TUTOR, ConflictTag.BUFFER, "a", "b", ("t",)),
        Conflict(ConflictKind.ROOM, ConflictTag.BUFFER, "a", "b", ("r",)),
    ]


def test_a_pair_is_counted_once_per_kind_with_everyone_it_shares() -> None:
    pair = [
        booking("late", 10, HOUR, "t", ["r2", "r1"], ["s1", "s2", "s3"]),
        booking("early", 0, HOUR, "t", ["r1", "r2"], ["s3", "s1"]),
    ]
    overlap = ConflictTag.OVERLAP
    assert find_conflicts(pair) == [
        Conflict(ConflictKind.TUTOR, overlap, "early", "late", ("t",)),
        Conflict(ConflictKind.ROOM, overlap, "early", "late", ("r1", "r2")),
        Conflict(ConflictKind.STUDENT, overlap, "early", "late", ("s1", "s3")),
    ]


def test_a_long_session_meets_every_short_one_inside_it() -> None:
    entries = [booking("camp", 0, 6 * HOUR, rooms=["r"])]
    entries += [booking(f"{n}", n * HOUR, n * HOUR + 600, rooms=["r"], buffer=0) for n in range(1, 6)]
    assert [c.second_id for c in find_conflicts(entries)] == ["1", "2", "3", "4", "5"]


def test_a_thing_named_twice_counts_once() -> None:
    pair = [booking("a", 0, HOUR, rooms=["r", "r"]), booking("b", 600, HOUR, rooms=["r"])]
    expected = [Conflict(ConflictKind.ROOM, ConflictTag.OVERLAP, "a", "b", ("r",))]
    assert find_conflicts(pair) == expected
    assert conflicts_of(pair[:1], pair[1:]) == expected


def test_a_moved_entry_does_not_conflict_with_where_it_was() -> None:
    moved = booking("a", 600, HOUR, "t")
    assert conflicts_of([moved], [booking("a", 0, HOUR, "t")]) == []


def test_no_new_booking_means_no_conflict() -> None:
    assert conflicts_of([], [booking("a", 0, HOUR, "t"), booking("b", 0, HOUR, "t")]) == []


bookings = st.lists(
    st.builds(
        lambda starts, length, buffer, tutor, rooms, students: Booking(
            "", starts, starts + length, starts + length + buffer, tutor, tuple(rooms), tuple(students)
        ),
        st.integers(-10, 60),
        st.integers(1, 30),
        st.sampled_from([0, 5]),
        st.none() | st.sampled_from("tu"),
        st.frozensets(st.sampled_from("rq")),
        st.frozensets(st.sampled_from("abc")),
    ),
    max_size=14,
).map(
    lambda made: [
        Booking(f"{n:02}", b.starts, b.ends, b.blocked_until, b.tutor_id, b.room_ids, b.student_ids)
        for n, b in enumerate(made)
    ]
)


@given(bookings)
def test_the_sweep_agrees_with_comparing_all_pairs(made: list[Booking]) -> None:
    found = find_conflicts(made)
    assert len(found) == len(set(found))
    assert set(found) == brute_force(made)


@given(bookings, st.integers(0, 14))
def test_candidates_are_checked_against_the_rest_and_each_other(made: list[Booking], cut: int) -> None:
    new, existing = made[:cut], made[cut:]
    new_ids = {b.entry_id for b in new}
    found = conflicts_of(new, existing)
    assert len(found) == len(set(found))
    assert set(found) == {c for c in brute_force(made) if c.first_id in new_ids or c.second_id in new_ids}


def center_year(entries: int) -> list[Booking]:
    chance = random.Random(7)
    return [
        booking(
            f"{n}",
            starts := chance.randrange(40 * 7 * 24) * 900,
            starts + HOUR,
            f"t{chance.randrange(entries // 300)}",
            [f"r{chance.randrange(entries // 400)}"],
            [f"s{chance.randrange(entries // 15)}"],
        )
        for n in range(entries)
    ]


def best_of(count: int, run: object) -> float:
    assert callable(run)
    seconds = []
    for _ in range(count):
        begin = perf_counter()
        run()
        seconds.append(perf_counter() - begin)
    return min(seconds)


def test_a_school_year_is_checked_within_its_budget() -> None:
    year = center_year(5349)
    assert best_of(5, lambda: find_conflicts(year)) < 0.1
    weeks = [n * 7 * 24 * HOUR for n in range(40)]
    new = [booking(f"new{start}", start, start + HOUR, "t1", ["r1"], ["s1"]) for start in weeks]
    assert best_of(5, lambda: conflicts_of(new, year)) < 0.02
