"""Merging is commutative, associative and idempotent, and the later edit of each field wins."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from shared_models.sync.clocks import CREATED, clock_of
from shared_models.sync.merge import FieldValue, merge

FIELDS = ("stage", "notes", "phone")
Version = tuple[dict[str, FieldValue], dict[str, str]]


def stamp(moment: int) -> str:
    return f"{moment:012x}0000{'a' * 12}"


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Versions of one row as PCs hold them after seeing different parts of one history of edits."""
    values: dict[str, FieldValue] = dict.fromkeys(FIELDS, "first")
    edits = draw(st.lists(st.tuples(st.sampled_from(FIELDS), st.text(max_size=3)), max_size=8))
    versions = []
    for _ in range(draw(st.integers(1, 4))):
        seen = draw(st.sets(st.integers(0, len(edits)), max_size=len(edits)))
        mine, clocks = dict(values), {CREATED: stamp(1)}
        for moment, (field, value) in enumerate(edits, 2):
            if moment in seen:
                mine[field], clocks[field] = value, stamp(moment)
        versions.append((mine, clocks))
    return versions


def combine(first: Version, second: Version) -> Version:
    outcome = merge(first[0], first[1], second[0], second[1])
    return outcome.values, outcome.clocks


@given(histories())
def test_any_order_of_merging_ends_in_the_same_row(versions: list[Version]) -> None:
    ends = []
    for order in permutations(versions):
        state = order[0]
        for version in order[1:]:
            state = combine(state, version)
        ends.append(state)
    assert all(end == ends[0] for end in ends)


@given(histories())
def test_merging_twice_changes_nothing(versions: list[Version]) -> None:
    state = versions[0]
    for version in versions:
        state = combine(state, version)
    for version in versions:
        outcome = merge(state[0], state[1], version[0], version[1])
        assert (outcome.values, outcome.clocks, outcome.changed) == (state[0], state[1], {})


@given(histories())
def test_each_field_has_the_value_of_its_latest_edit(versions: list[Version]) -> None:
    state = versions[0]
    for version in versions[1:]:
        state = combine(state, version)
    for field in FIELDS:
        latest = max(versions, key=lambda version: clock_of(version[1], field))
        assert state[0][field] == latest[0][field]
        assert clock_of(state[1], field) == clock_of(latest[1], field)


def test_a_partial_row_touches_only_its_fields_and_the_loser_is_named() -> None:
    current: Version = ({"stage": "NEW", "notes": "old"}, {CREATED: stamp(1), "notes": stamp(9)})
    outcome = merge(
        *current, {"stage": "COLD", "notes": "mine"}, {CREATED: stamp(1), "stage": stamp(5), "notes": stamp(6)}
    )
    assert outcome.values == {"stage": "COLD", "notes": "old"}
    assert outcome.changed == {"stage": ("NEW", "COLD")}
    assert outcome.lost == {"notes": "mine"}
