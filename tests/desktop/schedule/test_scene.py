"""From the store to the scene: columns, words, conflicts, and what a drag is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import event, select

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Status
from desktop.schedule.directory import Directory, read_directory
from desktop.schedule.drop_check import DropCheck
from desktop.schedule.entry_rows import EntryRow, read_entries
from desktop.schedule.scene import NO_ROOM, NO_TUTOR, SceneBuilder, title_of_day, title_of_days
from desktop.schedule.ways_out import ways_out
from desktop.schedule.week import Filters, Week, shown_conflicts, week_of
from shared_models.base import new_id
from shared_models.organization.models import OpeningHours
from shared_models.people.models import TutorAvailability
from shared_models.schedule.conflicts import Booking, ConflictKind
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.series_operations import cancel_entry
from tests.shared_models.schedule.small_center import Center, small_center

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)
WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


def add(center: Center, draft: EntryDraft) -> str:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def directory_of(center: Center) -> Directory:
    with center.store.read() as session:
        return read_directory(session, center.organization_id)


def read_week(center: Center) -> tuple[Week, Directory]:
    directory = directory_of(center)
    with center.store.read() as session:
        rows = read_entries(session, directory, MONDAY, SUNDAY)
    return week_of(rows, MONDAY, SUNDAY), directory


def builder(center: Center, filters: Filters | None = None) -> SceneBuilder:
    week, directory = read_week(center)
    return SceneBuilder(week, directory, filters or Filters(location_id=center.id("Irvington")), NOW)


def test_a_row_carries_local_minutes_names_and_rooms(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    week, _ = read_week(center)
    row = week.rows[entry_id]
    assert (row.day, row.starts, row.ends, row.blocked_until) == (WEDNESDAY, 960, 1020, 1035)
    assert row.student_names == ("Noah Haddad",)
    assert row.room_ids == (center.id("Room A"),)
    assert row.booking.starts == int(datetime(2026, 11, 25, 21, tzinfo=UTC).timestamp())


def test_a_week_is_read_in_three_queries_however_many_entries_there_are(center: Center) -> None:
    for hour in range(14, 20):
        add(center, center.draft(WEDNESDAY, time(hour)))
    directory = directory_of(center)
    statements: list[str] = []
    event.listen(
        center.store.engine, "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement)
    )
    with center.store.read() as session:
        assert len(read_entries(session, directory, MONDAY, SUNDAY)) == 6
    assert sum(statement.startswith("SELECT") for statement in statements) == 3


def test_the_week_shows_the_days_on_which_the_place_opens_and_folds_closures(center: Center) -> None:
    scene = builder(center).week_scene()
    assert [column.heading for column in scene.columns] == ["Mon 23", "Tue 24", "Wed 25", "Thu 26", "Fri 27"]
    assert [column.closed_reason for column in scene.columns] == [None, None, None, "Thanksgiving", "Thanksgiving"]
    assert [column.is_today for column in scene.columns] == [False, False, True, False, False]
    assert scene.columns[0].open_spans == ((840, 1260),)
    assert scene.now is not None and (scene.now.minute, scene.now.words) == (940, "3:40")


def test_a_saturday_with_an_entry_is_shown(center: Center) -> None:
    add(center, center.draft(date(2026, 11, 28), time(10)))
    scene = builder(center).week_scene()
    assert scene.columns[-1].heading == "Sat 28"
    assert scene.columns[-1].count_words == "1 entry"


def test_states_follow_status_and_clock(center: Center) -> None:
    past = add(center, center.draft(MONDAY, time(16)))
    running = add(center, center.draft(WEDNESDAY, time(15)))
    coming = add(center, center.draft(WEDNESDAY, time(19)))
    cancelled = add(center, center.draft(WEDNESDAY, time(17)))
    with center.store.write() as session:
        cancel_entry(session, center.organization_id, cancelled, reason="", by_user_id=None, now=NOW)
    states = {entry.id: entry.status for entry in builder(center).week_scene().entries}
    assert states == {
        past: Status.PAST,
        running: Status.IN_PROGRESS,
        coming: Status.SCHEDULED,
        cancelled: Status.CANCELLED,
    }


def test_an_overlap_is_hatched_for_exactly_its_minutes_on_both_entries(center: Center) -> None:
    first = add(center, center.draft(WEDNESDAY, time(16)))
    second = add(
        center,
        center.draft(WEDNESDAY, time(16, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),)),
    )
    entries = {entry.id: entry for entry in builder(center).week_scene().entries}
    assert entries[first].conflict is entries[second].conflict is ConflictMark.OVERLAP
    assert entries[first].overlaps == entries[second].overlaps == ((990, 1020),)
    assert any("Małgorzata Patel" in line and line.startswith("!") for line in entries[first].details)


def test_a_hit_buffer_marks_both_and_draws_the_tail_of_the_earlier(center: Center) -> None:
    first = add(center, center.draft(WEDNESDAY, time(16)))
    second = add(
        center, center.draft(WEDNESDAY, time(17), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),))
    )
    entries = {entry.id: entry for entry in builder(center).week_scene().entries}
    assert entries[first].conflict is entries[second].conflict is ConflictMark.BUFFER
    assert (entries[first].tail_is_hit, entries[second].tail_is_hit) == (True, False)


def test_an_entry_past_the_opening_hours_says_so(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(20, 30)))
    (entry,) = builder(center).week_scene().entries
    assert entry.id == entry_id
    assert ("Past 9:00", "Past 9") in [line.wording for line in entry.lines]


def test_one_pair_that_collides_for_three_reasons_is_one_conflict(center: Center) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(16, 30)))
    made = builder(center)
    (group,) = shown_conflicts(made.week, made.rows)
    assert group.kinds == (ConflictKind.TUTOR, ConflictKind.ROOM, ConflictKind.STUDENT)
    assert group.span == (990, 1020)


def test_a_room_crowded_by_three_entries_is_one_conflict(center: Center) -> None:
    tutors = (center.id("Patel"), center.id("Johnson"), None)
    for tutor_id, student in zip(tutors, ("Noah", "Wei", "Priya"), strict=True):
        add(center, center.draft(WEDNESDAY, time(16), tutor_id=tutor_id, student_ids=(center.id(student),)))
    made = builder(center)
    (group,) = shown_conflicts(made.week, made.rows)
    assert (group.kinds, len(group.entries)) == ((ConflictKind.ROOM,), 3)


def test_columns_of_a_day_are_the_tutors_who_work_or_the_rooms(center: Center) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(18), tutor_id=None, room_ids=()))
    made = builder(center)
    assert [column.heading for column in made.day_scene(WEDNESDAY).columns] == ["M. Patel", "No tutor"]
    rooms = made.day_scene(WEDNESDAY, by_room=True).columns
    assert [column.heading for column in rooms] == ["Room A", "Room B", "Room C", "No room"]
    assert rooms[-1].key == NO_ROOM


def test_an_entry_in_two_rooms_stands_in_both_columns(center: Center) -> None:
    rooms = (center.id("Room A"), center.id("Room C"))
    entry_id = add(center, center.draft(WEDNESDAY, time(16), room_ids=rooms))
    entries = builder(center).day_scene(WEDNESDAY, by_room=True).entries
    assert sorted(entry.column for entry in entries) == sorted(rooms)
    assert len({entry.id for entry in entries}) == 2
    assert {entry.id.partition("@")[0] for entry in entries} == {entry_id}


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({}, 2),
        ({"tutor_id": "Patel"}, 1),
        ({"room_id": "Room B"}, 1),
        ({"service_id": "Private"}, 2),
        ({"location_id": "Tarrytown"}, 0),
    ],
)
def test_filters_narrow_what_is_shown(center: Center, filters: dict[str, str], shown: int) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    add(
        center,
        center.draft(
            WEDNESDAY, time(16), tutor_id=center.id("Johnson"), student_ids=(center.id("Wei"),),
            room_ids=(center.id("Room B"),),
        ),
    )  # fmt: skip
    made = builder(center, Filters(**{name: center.id(value) for name, value in filters.items()}))
    assert len(made.week_scene().entries) == shown


def test_an_empty_day_says_why_and_what_to_do(center: Center) -> None:
    title, hint = builder(center).day_scene(date(2026, 11, 26)).empty_words
    assert title == "No lessons on Thursday, November 26"
    assert hint.startswith("Closed for Thanksgiving.")


@pytest.fixture
def unasked(center: Center) -> Center:
    """A center where nobody has entered opening hours, nor when tutors work."""
    with center.store.write() as session:
        for kind in (OpeningHours, TutorAvailability):
            for row in session.scalars(select(kind)):
                row.archived_at = NOW
    return center


def test_without_opening_hours_every_day_is_open(unasked: Center) -> None:
    columns = builder(unasked).week_scene().columns
    assert [column.heading for column in columns][-1] == "Sun 29"
    assert {column.closed_reason for column in columns} == {None, "Thanksgiving"}
    assert not any(column.knows_hours for column in columns)


def test_without_opening_hours_nothing_lies_outside_of_them(unasked: Center) -> None:
    entry_id = add(unasked, unasked.draft(WEDNESDAY, time(21)))
    (shown,) = builder(unasked).week_scene().entries
    assert [line.wording[0] for line in shown.lines] == ["Noah Haddad", "Room A", "M. Patel"]
    assert (False, "Outside the opening hours") not in check_of(unasked).check(entry_id, "2026-11-24", 300, 360)


def test_a_day_on_which_nobody_works_still_has_a_column_to_drag_on(unasked: Center) -> None:
    made = builder(unasked)
    assert [column.key for column in made.day_scene(WEDNESDAY).columns] == [NO_TUTOR]


def test_entries_of_one_time_stand_in_the_order_of_their_tutors_on_every_pc(center: Center) -> None:
    def of(tutor: str, student: str, room: str) -> EntryDraft:
        return center.draft(
            WEDNESDAY, time(16), tutor_id=center.id(tutor), student_ids=(center.id(student),),
            room_ids=(center.id(room),),
        )  # fmt: skip

    for tutor, student, room in (("Patel", "Noah", "Room A"), ("Johnson", "Wei", "Room B")) * 2:
        add(center, of(tutor, student, room))
    entries = builder(center).week_scene().entries
    tutors = [entry.lines[-1].wording[0] for entry in sorted(entries, key=lambda entry: entry.seat_order)]
    assert tutors == ["J. Johnson", "J. Johnson", "M. Patel", "M. Patel"]


# what a drag is told


def check_of(center: Center, *, day: date | None = None, by_room: bool = False) -> DropCheck:
    return DropCheck(builder(center), day, by_room=by_room)


def test_a_free_place_is_confirmed_for_tutor_student_and_room(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    lines = check_of(center).check(entry_id, "2026-11-24", 960, 1020)
    assert lines == [
        (True, "Małgorzata Patel is free"),
        (True, "Noah Haddad is free"),
        (True, "Room A is free"),
    ]


def test_a_taken_room_names_who_is_in_it_and_until_when(center: Center) -> None:
    moved = add(center, center.draft(WEDNESDAY, time(19)))
    add(
        center,
        center.draft(WEDNESDAY, time(16), tutor_id=center.id("Johnson"), student_ids=(center.id("Wei"),)),
    )
    check = check_of(center)
    assert (False, "Room A: Wei Haddad until 5:00") in check.check(moved, "2026-11-25", 975, 1035)
    assert (False, "Room A: too tight, Wei Haddad ends 5:00") in check.check(moved, "2026-11-25", 1020, 1080)
    offer = check.offer(moved, "2026-11-25", 975, 1035)
    assert offer is not None and offer.words == "take Room B instead"
    assert check.offer(moved, "2026-11-24", 975, 1035) is None


def test_a_column_of_the_day_stands_for_its_tutor_or_room(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(19)))
    by_tutor = check_of(center, day=WEDNESDAY)
    row: EntryRow = builder(center).week.rows[entry_id]
    assert by_tutor.target(row, center.id("Johnson")).tutor_id == center.id("Johnson")
    by_room = check_of(center, day=WEDNESDAY, by_room=True)
    moved = by_room.target(row, center.id("Room C"), center.id("Room A"))
    assert (moved.room_ids, moved.tutor_id) == ((center.id("Room C"),), center.id("Patel"))


def test_a_closed_day_and_an_hour_outside_are_told(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    check = check_of(center)
    assert (False, "Closed for Thanksgiving") in check.check(entry_id, "2026-11-26", 960, 1020)
    assert (False, "Outside the opening hours") in check.check(entry_id, "2026-11-24", 600, 660)


def test_a_new_entry_is_told_which_rooms_are_free(center: Center) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    lines = check_of(center).check("", "2026-11-25", 960, 1020)
    assert lines == [(True, "Free: Room B, Room C")]


def test_ways_out_of_a_conflict_name_who_moves_where(center: Center) -> None:
    add(center, center.draft(WEDNESDAY, time(17)))
    add(
        center,
        center.draft(WEDNESDAY, time(17, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),)),
    )
    made = builder(center)
    (group,) = shown_conflicts(made.week, made.rows)
    offered = ways_out(group, [row.booking for row in made.rows], made.directory, NOW)
    assert [one.lead for one in offered] == ["Noah Haddad to", "or Wei Haddad to"]
    assert offered[0].ways[0].words == "4:15 · Room A"


def test_a_student_in_two_groups_at_once_may_stay_in_one_of_them(center: Center) -> None:
    pair = (center.id("Noah"), center.id("Wei"))
    add(center, center.draft(WEDNESDAY, time(17), student_ids=pair, capacity=4))
    kept = add(
        center,
        center.draft(
            WEDNESDAY, time(17), tutor_id=center.id("Johnson"), student_ids=pair[:1], room_ids=(center.id("Room B"),)
        ),
    )
    made = builder(center)
    (group,) = shown_conflicts(made.week, made.rows)
    busy = [
        Booking(f"busy {i}", row.booking.starts - 86_400 * 9, row.booking.ends + 86_400 * 9, 2**40, student_ids=pair)
        for i, row in enumerate(made.rows)
    ]
    (offer,) = ways_out(group, busy, made.directory, NOW)
    assert (offer.lead, [way.words for way in offer.ways]) == ("Noah Haddad", ["only in Math"])
    assert offer.ways[0].entry_id != kept
    assert offer.ways[0].student_ids == pair[1:]


def test_an_unchanged_entry_in_the_form_is_not_marked(center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(17)))
    week, directory = read_week(center)

    def shown(words: str) -> CalendarEntry:
        filters = Filters(location_id=center.id("Irvington"))
        return SceneBuilder(week, directory, filters, NOW, [entry_id], words).week_scene().entries[0]

    assert not shown("").is_unsaved
    assert shown("changed").is_unsaved
    assert shown("changed").lines[-1].wording == ("changed",)


def test_titles_of_weeks_and_days() -> None:
    assert title_of_days(date(2026, 11, 23), date(2026, 11, 28)) == "November 23 – 28, 2026"
    assert title_of_days(date(2026, 11, 30), date(2026, 12, 5)) == "November 30 – December 5, 2026"
    assert title_of_days(date(2026, 12, 28), date(2027, 1, 2)) == "December 28, 2026 – January 2, 2027"
    assert title_of_day(WEDNESDAY, date(2026, 1, 1)) == "Wednesday, November 25"
    assert title_of_day(WEDNESDAY, date(2027, 1, 1)) == "Wednesday, November 25, 2026"
