"""Conflicts that are accepted stay listed and do not shout, until what the two entries hold becomes different."""

from __future__ import annotations

from datetime import date, time

import pytest

from shared_models.base import new_id
from shared_models.schedule.acceptances import (
    accept_conflict,
    key_of,
    key_of_pair,
    open_conflicts,
    withdraw_acceptance,
)
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.conflicts import Conflict, ConflictKind
from shared_models.schedule.errors import NoSuchConflict
from shared_models.schedule.explained import EntryWords, ExplainedConflict, explain
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.operations import schedule_entries, set_status, write_report
from shared_models.schedule.series_operations import (
    archive_entry,
    cancel_entry,
    change_entry,
    move_entry,
    resize_entry,
    restore_and_check,
)
from tests.shared_models.schedule.small_center import NOW, Center, at

DAY = date(2026, 12, 2)


@pytest.fixture
def pair(center: Center) -> tuple[str, str]:
    """Two lessons of one tutor, in two rooms with two students, half an hour apart."""
    first = center.draft(DAY, time(16))
    second = center.draft(DAY, time(16, 30), room_ids=(center.id("Room B"),), student_ids=(center.id("Wei"),))
    with center.store.write() as session:
        ids = [
            schedule_entries(session, None, center.organization_id, draft, new_id=new_id()).entry_ids[0]
            for draft in (first, second)
        ]
    return ids[0], ids[1]


def found(center: Center, entry_id: str) -> list[Conflict]:
    with center.store.read() as session:
        return conflicts_of_entries(session, center.organization_id, [entry_id])


def explained(center: Center, entry_id: str) -> ExplainedConflict:
    with center.store.read() as session:
        (one,) = explain(session, center.organization_id, found(center, entry_id))
    return one


def accept(center: Center, entry_id: str, reason: str = "Patel looks after both") -> None:
    with center.store.write("Accepted a conflict") as session:
        for conflict in found(center, entry_id):
            accept_conflict(
                session, center.organization_id, key_of(conflict),
                by_user_id=center.id("user Patel"), reason=reason, now=NOW,
            )  # fmt: skip


def is_open(center: Center, entry_id: str) -> bool:
    with center.store.read() as session:
        return bool(open_conflicts(session, center.organization_id, found(center, entry_id)))


def test_an_accepted_conflict_is_listed_with_who_when_and_why(center: Center, pair: tuple[str, str]) -> None:
    assert not explained(center, pair[0]).is_accepted
    accept(center, pair[0])

    one = explained(center, pair[0])
    assert one.acceptance is not None
    assert (one.acceptance.accepted_by, one.acceptance.accepted_at, one.acceptance.reason) == (
        "Małgorzata Patel", NOW, "Patel looks after both",
    )  # fmt: skip
    assert not is_open(center, pair[0])
    assert center.store.undo() == "Accepted a conflict"
    assert is_open(center, pair[0])
    center.store.redo()
    assert not is_open(center, pair[0])


def test_withdrawing_lets_it_count_again_and_it_can_be_accepted_anew(center: Center, pair: tuple[str, str]) -> None:
    accept(center, pair[0])
    key = explained(center, pair[0]).key
    with center.store.write() as session:
        assert withdraw_acceptance(session, center.organization_id, key, now=NOW)
    assert is_open(center, pair[0])
    with center.store.write() as session:
        assert not withdraw_acceptance(session, center.organization_id, key, now=NOW)

    accept(center, pair[0], "Still both")
    acceptance = explained(center, pair[0]).acceptance
    assert acceptance is not None and acceptance.reason == "Still both"


@pytest.mark.parametrize("change", ["time", "length", "room", "student", "buffer"])
@pytest.mark.parametrize("which", [0, 1])
def test_it_lapses_when_either_entry_holds_something_else_and_holds_again_when_that_is_undone(
    center: Center, pair: tuple[str, str], change: str, which: int
) -> None:
    accept(center, pair[0])
    organization_id, entry_id = center.organization_id, pair[which]
    with center.store.write("Changed") as session:
        if change == "time":
            move_entry(session, organization_id, entry_id, at(DAY, time(16, 15)))
        elif change == "length":
            resize_entry(session, organization_id, entry_id, 75)
        elif change == "room":
            change_entry(session, organization_id, entry_id, now=NOW, room_ids=[center.id("Room C")])
        elif change == "student":
            change_entry(session, organization_id, entry_id, now=NOW, student_ids=[center.id("Priya")])
        else:
            change_entry(session, organization_id, entry_id, now=NOW, has_buffer=False)
    assert is_open(center, pair[0])

    center.store.undo()
    assert not is_open(center, pair[0])


def test_what_is_not_about_the_pair_leaves_it_accepted(center: Center, pair: tuple[str, str]) -> None:
    accept(center, pair[0])
    with center.store.write() as session:
        change_entry(session, center.organization_id, pair[0], now=NOW, notes="Bring the book")
        set_status(session, center.organization_id, pair[0], EntryStatus.COMPLETED)
        write_report(session, center.organization_id, pair[0], done="Fractions")
    assert not is_open(center, pair[0])


def test_whichever_entry_comes_first_it_is_the_same_acceptance(center: Center, pair: tuple[str, str]) -> None:
    kind = ConflictKind.TUTOR
    assert key_of_pair(kind, *pair) == key_of_pair(kind, *reversed(pair)) == key_of(found(center, pair[1])[0])
    assert key_of_pair(ConflictKind.ROOM, *pair).row_id != key_of_pair(kind, *pair).row_id


def test_what_is_no_conflict_cannot_be_accepted(center: Center, pair: tuple[str, str]) -> None:
    key = key_of_pair(ConflictKind.ROOM, *pair)
    with center.store.write() as session, pytest.raises(NoSuchConflict, match="no longer in conflict"):
        accept_conflict(session, center.organization_id, key, by_user_id=None, reason="", now=NOW)


def test_a_draft_that_is_not_saved_is_not_covered_by_what_was_accepted(center: Center, pair: tuple[str, str]) -> None:
    accept(center, pair[0])
    (conflict,) = found(center, pair[0])
    saved = explained(center, pair[0])
    unsaved = {pair[0]: EntryWords(pair[0], "Math", saved.first.starts, saved.first.ends, saved.first.ends)}
    with center.store.read() as session:
        (one,) = explain(session, center.organization_id, [conflict], unsaved)
    assert not one.is_accepted


def test_restoring_returns_the_conflicts_that_nobody_has_accepted(center: Center, pair: tuple[str, str]) -> None:
    organization_id = center.organization_id
    for archives in (True, False):
        with center.store.write() as session:
            if archives:
                archive_entry(session, organization_id, pair[0], now=NOW)
            else:
                cancel_entry(session, organization_id, pair[0], reason="", by_user_id=None, now=NOW)
        with center.store.write() as session:
            restored = restore_and_check(session, organization_id, pair[0])
        assert restored.entry_ids == (pair[0],)
        assert [conflict.kind for conflict in restored.conflicts] == [ConflictKind.TUTOR]
    accept(center, pair[0])
    with center.store.write() as session:
        archive_entry(session, organization_id, pair[0], now=NOW)
    with center.store.write() as session:
        assert restore_and_check(session, organization_id, pair[0]).conflicts == ()
