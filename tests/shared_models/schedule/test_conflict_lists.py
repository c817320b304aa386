"""The list of all conflicts: the same conflicts in the same words as those explained one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.exc import NoResultFound

from shared_models.base import new_id
from shared_models.people.models import Student
from shared_models.schedule import conflict_lists
from shared_models.schedule.acceptances import accept_conflict
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.conflict_lists import explained_conflicts
from shared_models.schedule.conflicts import Booking, ConflictKind, ConflictTag
from shared_models.schedule.explained import EntryWords, ExplainedConflict, describe, explain
from shared_models.schedule.operations import schedule_entries
from tests.shared_models.schedule.small_center import NOW, Center, small_center
from tests.shared_models.schedule.test_bookings import keep
from tests.shared_models.schedule.test_conflicts import bookings

YEAR = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC))
WEDNESDAY = date(2026, 12, 2)
_months = count()


@pytest.fixture(scope="module")
def shared_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    folder: Path = tmp_path_factory.mktemp("lists")
    center = small_center(folder)
    yield center
    center.store.close()


def book(center: Center, clock: time, day: date = WEDNESDAY, **fields: object) -> str:
    with center.store.write() as session:
        made = schedule_entries(
            session, center.store.recorder, center.organization_id, center.draft(day, clock, **fields),
            new_id=new_id(),
        )  # fmt: skip
    return made.entry_ids[0]


def without_facts(words: EntryWords) -> EntryWords:
    return words._replace(title="", series_id=None)


def assert_same(listed: list[ExplainedConflict], alone: list[ExplainedConflict]) -> None:
    """The list has each conflict as `explain` has it; titles and series where the sentence or a person needs them."""
    by_conflict = {one.conflict: one for one in alone}
    assert len(by_conflict) == len(listed) == len(alone)
    for one in listed:
        other = by_conflict[one.conflict]
        assert (one.names, one.acceptance, one.key) == (other.names, other.acceptance, other.key)
        for mine, theirs in ((one.first, other.first), (one.second, other.second)):
            assert describe(one, mine.entry_id) == describe(other, mine.entry_id)
            told = mine.title != ""
            assert told or (mine.student_names and mine.room_names and one.kind is not ConflictKind.STUDENT)
            assert mine == (theirs if told else without_facts(theirs))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bookings)
def test_the_list_says_what_explaining_each_conflict_says(shared_center: Center, made: list[Booking]) -> None:
    organization_id = shared_center.organization_id
    _, span = keep(shared_center, made, next(_months))
    with shared_center.store.read() as session:
        listed = explained_conflicts(session, organization_id, *span)
        assert_same(listed, explain(session, organization_id, all_conflicts(session, organization_id, *span)))
    order = [(one.first.starts, one.tag is ConflictTag.BUFFER, one.kind, one.names) for one in listed]
    assert order == sorted(order)


def test_a_list_made_in_parts_is_the_list_made_at_once(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (2, 3, 4):
        for clock in (time(9), time(9, 30), time(10), time(15), time(16, 10)):
            book(center, clock, date(2026, 12, day))
    with center.store.read() as session:
        at_once = explained_conflicts(session, center.organization_id, *YEAR)
        monkeypatch.setattr(conflict_lists, "_PART", 2)
        in_parts = explained_conflicts(session, center.organization_id, *YEAR)
    assert in_parts == at_once
    assert len(at_once) > 9


def test_times_are_told_across_the_change_of_the_clocks(center: Center) -> None:
    for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)):  # Clocks go back on November 1.
        for clock in (time(0, 30), time(1, 15), time(23)):
            book(center, clock, day)
            book(center, clock, day, student_ids=(center.id("Wei"),))
    with center.store.read() as session:
        listed = explained_conflicts(session, center.organization_id, *YEAR)
        conflicts = all_conflicts(session, center.organization_id, *YEAR)
        assert_same(listed, explain(session, center.organization_id, conflicts))
    assert {one.first.starts.time() for one in listed} == {time(0, 30), time(1, 15), time(23)}


def test_who_is_archived_is_named_and_never_conflicts(center: Center) -> None:
    book(center, time(16), student_ids=(center.id("Noah"), center.id("Wei")))
    book(center, time(16, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),))
    with center.store.write() as session:
        wei = session.get_one(Student, (center.organization_id, center.id("Wei")))
        wei.archived_at = NOW
    with center.store.read() as session:
        (one,) = explained_conflicts(session, center.organization_id, *YEAR)
    assert one.kind is ConflictKind.TUTOR
    assert one.first.student_names == ("Noah Haddad", "Wei Haddad")


def test_what_students_or_rooms_cannot_tell_is_read(center: Center) -> None:
    empty = book(center, time(16), student_ids=())
    online = book(center, time(16, 30), room_ids=(), is_online=True)
    with center.store.read() as session:
        (one,) = explained_conflicts(session, center.organization_id, *YEAR)
    assert one.kind is ConflictKind.TUTOR
    assert {one.first.entry_id, one.second.entry_id} == {empty, online}
    assert (one.first.title, one.first.who) == ("Math", "")
    assert (one.second.place, one.second.location_name) == ("Online", "Irvington Office")


def test_accepted_conflicts_are_marked(center: Center) -> None:
    book(center, time(16), room_ids=(center.id("Room B"),))
    book(center, time(16, 30), student_ids=(center.id("Wei"),))
    book(center, time(16, 45), tutor_id=center.id("Johnson"), student_ids=())
    with center.store.read() as session:
        first, other = explained_conflicts(session, center.organization_id, *YEAR)
    assert not first.is_accepted
    with center.store.write() as session:
        accept_conflict(session, center.organization_id, first.key, by_user_id=None, reason="Team", now=NOW)
    with center.store.read() as session:
        again = explained_conflicts(session, center.organization_id, *YEAR)
    assert [(one.key, one.is_accepted) for one in again] == [(first.key, True), (other.key, False)]


def test_an_organization_that_is_not_there_has_no_list(center: Center) -> None:
    with center.store.read() as session, pytest.raises(NoResultFound):
        explained_conflicts(session, new_id(), *YEAR)


def test_a_time_without_entries_has_no_conflicts(center: Center) -> None:
    with center.store.read() as session:
        assert explained_conflicts(session, center.organization_id, *YEAR) == []
