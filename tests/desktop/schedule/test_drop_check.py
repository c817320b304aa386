"""What is marked while an entry is dragged: the place it comes to, the entries it meets, and those it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from desktop.schedule.calendar_values import ConflictMark
from desktop.schedule.directory import read_directory
from desktop.schedule.dragging import LiveMark
from desktop.schedule.drop_check import DropCheck
from desktop.schedule.entry_rows import read_entries
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.week import Filters, week_of
from shared_models.base import new_id
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import schedule_entries
from tests.shared_models.schedule.small_center import Center, small_center

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)
WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLEAR = LiveMark(ConflictMark.NONE)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


def add(center: Center, draft: EntryDraft) -> str:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def builder(center: Center) -> SceneBuilder:
    with center.store.read() as session:
        directory = read_directory(session, center.organization_id)
        rows = read_entries(session, directory, MONDAY, SUNDAY)
    filters = Filters(location_id=center.id("Irvington"))
    return SceneBuilder(week_of(rows, MONDAY, SUNDAY), directory, filters, NOW)


def two_entries(center: Center, second: time) -> tuple[str, str]:
    """Małgorzata Patel in Room A from 4 to 5, and Jakub Johnson there at another time."""
    first = add(center, center.draft(WEDNESDAY, time(16)))
    other = center.draft(WEDNESDAY, second, tutor_id=center.id("Johnson"), student_ids=(center.id("Wei"),))
    return first, add(center, other)


def test_both_sides_of_a_new_overlap_are_marked_over_the_shared_minutes(center: Center) -> None:
    first, second = two_entries(center, time(19))
    marks = DropCheck(builder(center), None, by_room=False).check(second, "2026-11-25", 990, 1050).marks
    assert marks[second] == LiveMark(ConflictMark.OVERLAP, ((990, 1020),))
    assert marks[first] == LiveMark(ConflictMark.OVERLAP, ((990, 1020),))


def test_a_place_in_a_buffer_marks_the_tail_of_the_entry_before(center: Center) -> None:
    first, second = two_entries(center, time(19))
    marks = DropCheck(builder(center), None, by_room=False).check(second, "2026-11-25", 1020, 1080).marks
    assert marks[first] == LiveMark(ConflictMark.BUFFER, (), tail_is_hit=True)
    assert marks[second] == LiveMark(ConflictMark.BUFFER)


def test_an_entry_that_leaves_a_conflict_clears_the_other(center: Center) -> None:
    first, second = two_entries(center, time(16, 30))
    marks = DropCheck(builder(center), None, by_room=False).check(second, "2026-11-24", 960, 1020).marks
    assert marks == {first: CLEAR, second: CLEAR}


def test_a_copy_leaves_the_marks_of_its_original_alone(center: Center) -> None:
    first, _ = two_entries(center, time(19))
    marks = DropCheck(builder(center), None, by_room=False).check(first, "2026-11-24", 960, 1020, as_copy=True).marks
    assert marks == {"": CLEAR}


def test_another_room_is_judged_instead_of_the_own_one(center: Center) -> None:
    _, second = two_entries(center, time(19))
    check = DropCheck(builder(center), None, by_room=False)
    offer = check.offer(second, "2026-11-25", 960, 1020)
    assert offer is not None and offer.name == "Room B"
    verdict = check.check(second, "2026-11-25", 960, 1020, room_id=offer.room_id)
    assert all(fits for fits, _ in verdict) and (True, "Room B is free") in verdict
    assert verdict.marks == {second: CLEAR}


def test_an_entry_is_told_in_full_to_who_listens(center: Center) -> None:
    two_entries(center, time(16, 30))
    entry = builder(center).week_scene().entries[0]
    assert tuple(entry.spoken) == ("Noah Haddad with Małgorzata Patel", "Room A", "room booked twice")
