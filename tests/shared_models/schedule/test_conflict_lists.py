"""The list of all conflicts: the same conflicts in the same words as those explained one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy.exc import NoResultFound

from shared_models.base import new_id
from shared_models.schedule.acceptances import accept_conflict
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.conflict_lists import listed_conflicts
from shared_models.schedule.conflicts import ConflictKind, ConflictTag
from shared_models.schedule.explained import ExplainedConflict, explain
from shared_models.schedule.operations import schedule_entries
from tests.shared_models.schedule.small_center import NOW, Center

YEAR = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC))
WEDNESDAY = date(2026, 12, 2)


def book(center: Center, clock: time, **fields: object) -> str:
    with center.store.write() as session:
        made = schedule_entries(
            session, center.store.recorder, center.organization_id, center.draft(WEDNESDAY, clock, **fields),
            new_id=new_id(),
        )  # fmt: skip
    return made.entry_ids[0]


def without_facts(one: ExplainedConflict) -> ExplainedConflict:
    """An explained conflict as far as the indexes know it."""
    first, second = (replace(words, title="", series_id=None, location_name="") for words in (one.first, one.second))
    return replace(one, first=first, second=second)


def test_the_list_words_conflicts_as_the_form_does(center: Center) -> None:
    book(center, time(16))
    book(center, time(16, 30), student_ids=(center.id("Wei"), center.id("Priya")))
    book(center, time(17), tutor_id=center.id("Johnson"), room_ids=())
    book(center, time(17, 35), student_ids=(), room_ids=(center.id("Room B"),))
    with center.store.read() as session:
        listed = listed_conflicts(session, center.organization_id, *YEAR)
        conflicts = all_conflicts(session, center.organization_id, *YEAR)
        explained = explain(session, center.organization_id, conflicts)
    assert len(listed) == len(explained) > 2
    key = repr
    assert sorted((without_facts(one.explained) for one in listed), key=key) == sorted(
        map(without_facts, explained), key=key
    )
    order = [(one.starts, one.conflict.tag is ConflictTag.BUFFER, one.conflict.kind) for one in listed]
    assert order == sorted(order)


def test_what_students_or_rooms_cannot_tell_is_read(center: Center) -> None:
    empty = book(center, time(16), student_ids=())
    online = book(center, time(16, 30), room_ids=(), is_online=True)
    with center.store.read() as session:
        (one,) = listed_conflicts(session, center.organization_id, *YEAR)
    assert one.conflict.kind is ConflictKind.TUTOR
    assert {one.explained.first.entry_id, one.explained.second.entry_id} == {empty, online}
    assert (one.explained.first.title, one.explained.first.who) == ("Math", "")
    assert (one.explained.second.place, one.explained.second.location_name) == ("Online", "Irvington Office")


def test_accepted_conflicts_are_marked(center: Center) -> None:
    book(center, time(16), room_ids=(center.id("Room B"),))
    book(center, time(16, 30), student_ids=(center.id("Wei"),))
    book(center, time(16, 45), tutor_id=center.id("Johnson"), student_ids=())
    with center.store.read() as session:
        first, other = listed_conflicts(session, center.organization_id, *YEAR)
    assert not first.is_accepted
    with center.store.write() as session:
        accept_conflict(session, center.organization_id, first.key, by_user_id=None, reason="Team", now=NOW)
    with center.store.read() as session:
        again = listed_conflicts(session, center.organization_id, *YEAR)
    assert [(one.key, one.is_accepted) for one in again] == [(first.key, True), (other.key, False)]
    assert again[0].explained.is_accepted


def test_an_organization_that_is_not_there_has_no_list(center: Center) -> None:
    with center.store.read() as session, pytest.raises(NoResultFound):
        listed_conflicts(session, new_id(), *YEAR)
