"""Long texts keep both of two edits at the same time, additions to sets win over removals at the same time, and any
order of merging ends in the same row ([S-12], [S-13], [S-15])."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.people.models import Family
from shared_models.sync.causal import (
    LongText,
    Membership,
    context_key,
    long_text,
    membership,
)
from shared_models.sync.clocks import CREATED, ERASED_CLOCK
from shared_models.sync.merge import ARCHIVED, FieldValue, MergeRules, merge, rules_of

RULES = MergeRules(frozenset({"notes"}), add_wins=True)
Row = tuple[dict[str, FieldValue], dict[str, str]]


def stamp(moment: int, device: str = "a") -> str:
    return f"{moment:012x}0000{device * 12}"


def new_row() -> Row:
    return {"notes": "first", ARCHIVED: None, "phone": "1"}, {CREATED: stamp(1)}


def combine(first: Row, second: Row) -> Row:
    outcome = merge(*first, *second, RULES)
    return outcome.values, outcome.clocks


def write(row: Row, moment: int, text: str) -> Row:
    """An edit of the notes by somebody who sees this row."""
    values, clocks = row
    before = long_text(str(values["notes"]), clocks.get("notes", clocks[CREATED]), clocks.get(context_key("notes")))
    after = before.edited(stamp(moment), f"Maya {moment}", text)
    return {**values, "notes": after.text}, {**clocks, "notes": after.stamp, context_key("notes"): after.context}


def archive(row: Row, moment: int, archived_at: str | None) -> Row:
    """A taking-out (or putting-in, None) by somebody who sees this row."""
    values, clocks = row
    now = values[ARCHIVED]
    before = membership(
        None if now is None else str(now), clocks.get(ARCHIVED, clocks[CREATED]), clocks.get(context_key(ARCHIVED))
    )
    after = before.edited(stamp(moment), archived_at)
    return (
        {**values, ARCHIVED: after.archived_at},
        {**clocks, ARCHIVED: after.stamp, context_key(ARCHIVED): after.context},
    )


@st.composite
def replicas(draw: st.DrawFn) -> list[Row]:
    """What up to four desks hold after editing and hearing of each other in any order."""
    rows = [new_row() for _ in range(draw(st.integers(2, 4)))]
    for moment in range(2, 2 + draw(st.integers(0, 9))):
        here = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["write", "archive", "hear", "hear"])):
            case "write":
                rows[here] = write(rows[here], moment, draw(st.sampled_from(["", "x\n\ny", "— z —\n", f"t{moment}"])))
            case "archive":
                rows[here] = archive(rows[here], moment, draw(st.sampled_from([None, "2026-11-20T10:00:00Z"])))
            case _:
                rows[here] = combine(rows[here], rows[draw(st.integers(0, len(rows) - 1))])
    return rows


@given(replicas())
def test_any_order_of_merging_ends_in_the_same_row(rows: list[Row]) -> None:
    ends = []
    for order in permutations(rows):
        state = order[0]
        for row in order[1:]:
            state = combine(state, row)
        ends.append(state)
    assert all(end == ends[0] for end in ends)


@given(replicas())
def test_merging_in_pairs_first_makes_no_difference(rows: list[Row]) -> None:
    first, second, third = (rows * 2)[:3]
    assert combine(combine(first, second), third) == combine(first, combine(second, third))


@given(replicas())
def test_merging_again_changes_nothing(rows: list[Row]) -> None:
    state = rows[0]
    for row in rows:
        state = combine(state, row)
    for row in [*rows, state]:
        outcome = merge(*state, *row, RULES)
        assert (outcome.values, outcome.clocks, outcome.changed) == (*state, {})
    assert not merge(*state, *state, RULES).ahead


@given(replicas())
def test_what_a_row_holds_survives_being_written_and_read(rows: list[Row]) -> None:
    for values, clocks in rows:
        known = long_text(
            str(values["notes"]), clocks.get("notes", clocks[CREATED]), clocks.get(context_key("notes"))
        )
        assert long_text(known.text, known.stamp, known.context) == known


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=5, unique=True))
def test_no_text_written_at_the_same_time_is_lost(texts: list[str]) -> None:
    rows = [write(new_row(), moment, text) for moment, text in enumerate(texts, 2)]
    state = rows[0]
    for row in rows[1:]:
        state = combine(state, row)
    for text in texts:
        assert text.replace("\u2063", "") in str(state[0]["notes"])


def test_both_versions_stand_under_who_wrote_them() -> None:
    base = new_row()
    both = combine(write(base, 5, "call after 6"), write(base, 3, "husband decides"))
    assert str(both[0]["notes"]).replace("\u2063", "") == "— Maya 3 —\nhusband decides\n\n— Maya 5 —\ncall after 6"
    later = write(both, 9, "call the husband after 6")
    assert combine(later, both)[0]["notes"] == "call the husband after 6"
    assert combine(later, write(base, 5, "call after 6"))[0]["notes"] == "call the husband after 6"


def test_the_same_words_written_twice_stand_once() -> None:
    base = new_row()
    assert combine(write(base, 5, "same"), write(base, 3, "same"))[0]["notes"] == "same"


def test_emptying_a_text_while_another_writes_in_it_keeps_what_was_written() -> None:
    base = new_row()
    assert combine(write(base, 5, ""), write(base, 3, "kept"))[0]["notes"] == "kept"
    assert write(base, 5, "")[0]["notes"] == ""


def test_putting_in_wins_over_taking_out_at_the_same_time_but_not_over_a_later_one() -> None:
    out = archive(new_row(), 2, "2026-11-20T10:00:00Z")
    back = archive(out, 3, None)
    out_again = archive(out, 9, "2026-11-21T10:00:00Z")
    assert combine(back, out_again)[0][ARCHIVED] is None
    assert combine(back, archive(back, 4, "2026-11-22T10:00:00Z"))[0][ARCHIVED] == "2026-11-22T10:00:00Z"
    assert combine(out, out_again)[0][ARCHIVED] == "2026-11-21T10:00:00Z"


def test_what_was_erased_wins_over_every_edit_in_any_order() -> None:
    erased: Row = ({"notes": "", ARCHIVED: "2026-11-20T10:00:00Z", "phone": ""}, {CREATED: ERASED_CLOCK})
    edited = archive(write(new_row(), 99, "Mia is allergic"), 100, None)
    for first, second in ((erased, edited), (edited, erased)):
        assert combine(first, second) == erased


def test_an_edit_still_unsent_is_ahead_also_when_its_stamp_is_the_earlier_one() -> None:
    base = new_row()
    outcome = merge(*write(base, 3, "mine"), *write(base, 5, "theirs"), RULES)
    assert outcome.ahead == {"notes"}
    assert merge(*write(base, 3, "mine"), *base, RULES).ahead == {"notes"}


@pytest.mark.parametrize("context", ["x", "\n", "\nabc 0 x", f"\n{stamp(1)} -1 x", f"\n{stamp(1)} zero x", "a b"])
def test_a_broken_context_of_a_text_is_refused(context: str) -> None:
    with pytest.raises(ValueError, match="context"):
        long_text("text", stamp(2), context)


@pytest.mark.parametrize("context", ["x", "||", "a|b|c", f"{stamp(1)}|{stamp(1)}", f"{stamp(1)[:-1]}||"])
def test_a_broken_context_of_a_membership_is_refused(context: str) -> None:
    with pytest.raises(ValueError, match="context"):
        membership(None, stamp(2), context)


def test_a_context_remembers_only_the_latest_edits() -> None:
    text = LongText({stamp(1): ("", "0")})
    member = Membership(frozenset({stamp(1)}))
    for moment in range(2, 200):
        text = text.edited(stamp(moment), "Maya", str(moment))
        member = member.edited(stamp(moment), None if moment % 2 else "2026-11-20T10:00:00Z")
    assert len(text.replaced) == len(member.taken) == 32
    assert len(text.context) + len(member.context) < 2_100


def test_a_text_written_over_by_a_program_without_contexts_stands_alone() -> None:
    base = new_row()
    both = combine(write(base, 5, "one"), write(base, 3, "two"))
    read = long_text("plain", stamp(7), both[1][context_key("notes")])
    assert read.text == "plain"


def test_notes_of_families_keep_both_versions() -> None:
    assert rules_of(Family).covers("notes")
    assert not rules_of(Family).covers("parent1_phone")
