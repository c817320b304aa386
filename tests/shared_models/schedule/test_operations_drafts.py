"""An entry opened as a draft and saved again: one, the following, all, with pattern and end changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from shared_models.base import new_id
from shared_models.schedule.draft_edits import draft_of_entry, save_draft
from shared_models.schedule.drafts import EntryDraft, SessionChange
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import DayHours, Pattern
from shared_models.schedule.series_operations import SeriesScope, archive_entry, change_entry, move_entry
from tests.shared_models.schedule.small_center import NOW, Center, at, local

WEDNESDAY = date(2027, 1, 6)
THIS, FOLLOWING, ALL = SeriesScope.THIS, SeriesScope.FOLLOWING, SeriesScope.ALL


def schedule(center: Center, **fields: object) -> tuple[str, ...]:
    given = {"pattern": Pattern.WEEKLY, "last_day": date(2027, 2, 10), **fields}
    draft = center.draft(WEDNESDAY, time(16), **given)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def opened(center: Center, entry_id: str, scope: SeriesScope) -> EntryDraft:
    with center.store.read() as session:
        return draft_of_entry(session, center.organization_id, entry_id, scope)


def save(center: Center, entry_id: str, scope: SeriesScope, **changes: object) -> list[str]:
    before = opened(center, entry_id, scope)
    with center.store.write("Changed") as session:
        return save_draft(
            session, center.store.recorder, center.organization_id, entry_id, before,
            replace(before, **changes), scope=scope, new_id=new_id(), now=NOW,  # type: ignore[arg-type]
        )  # fmt: skip


def live(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
            )
        )


def days(center: Center) -> list[date]:
    return [local(entry.starts_at).date() for entry in live(center)]


def weekly(first: date, count: int) -> list[date]:
    return [first + timedelta(weeks=week) for week in range(count)]


def test_a_session_of_a_series_opens_as_one_session(center: Center) -> None:
    ids = schedule(center)
    draft = opened(center, ids[2], THIS)

    assert (draft.pattern, draft.first_day, draft.start) == (Pattern.ONE_OFF, date(2027, 1, 20), time(16))
    assert (draft.student_ids, draft.room_ids) == ((center.id("Noah"),), (center.id("Room A"),))


def test_a_series_opens_as_its_rule_with_its_exceptions(center: Center) -> None:
    ids = schedule(center)
    organization_id = center.organization_id
    with center.store.write() as session:
        move_entry(session, organization_id, ids[1], at(date(2027, 1, 14), time(15)))
        change_entry(session, organization_id, ids[2], now=NOW, room_ids=[center.id("Room C")])
        archive_entry(session, organization_id, ids[3], now=NOW)

    draft = opened(center, ids[0], ALL)

    assert (draft.pattern, draft.first_day, draft.last_day) == (Pattern.WEEKLY, WEDNESDAY, date(2027, 2, 10))
    assert draft.changes == {
        date(2027, 1, 13): SessionChange(date(2027, 1, 14), time(15), None),
        date(2027, 1, 20): SessionChange(None, None, (center.id("Room C"),)),
    }
    assert draft.skipped_days == {date(2027, 1, 27)}
    assert opened(center, ids[2], FOLLOWING).first_day == date(2027, 1, 20)


@pytest.mark.parametrize("scope", list(SeriesScope))
def test_saving_without_a_change_changes_nothing(center: Center, scope: SeriesScope) -> None:
    ids = schedule(center)
    with center.store.write() as session:
        move_entry(session, center.organization_id, ids[3], at(date(2027, 1, 28), time(15)))
    before = center.rows()["schedule_entry"]
    save(center, ids[1], scope)

    after = center.rows()["schedule_entry"]
    without_series = [(row[0], *row[2:]) for row in after]
    assert without_series == [(row[0], *row[2:]) for row in before]


def test_one_session_takes_another_time_room_and_student(center: Center) -> None:
    ids = schedule(center)
    save(
        center, ids[1], THIS,
        first_day=date(2027, 1, 15), start=time(17, 30), duration_minutes=90,
        room_ids=(center.id("Room B"),), student_ids=(center.id("Noah"), center.id("Priya")), capacity=2,
    )  # fmt: skip

    entry = next(entry for entry in live(center) if entry.id == ids[1])
    assert (local(entry.starts_at), local(entry.blocked_until)) == (
        datetime(2027, 1, 15, 17, 30), datetime(2027, 1, 15, 19, 15),
    )  # fmt: skip
    with center.store.read() as session:
        held = session.scalars(
            select(Attendee.student_id).where(Attendee.entry_id == ids[1], Attendee.archived_at.is_(None))
        ).all()
        rooms = session.scalars(
            select(EntryRoom.room_id).where(EntryRoom.entry_id == ids[1], EntryRoom.archived_at.is_(None))
        ).all()
    assert set(held) == {center.id("Noah"), center.id("Priya")}
    assert rooms == [center.id("Room B")]
    assert len({entry.starts_at for entry in live(center) if local(entry.starts_at).time() == time(16)}) == 5


def test_another_weekday_moves_the_sessions_of_each_week(center: Center) -> None:
    ids = schedule(center)
    save(center, ids[0], ALL, first_day=date(2027, 1, 8), weekdays=frozenset({4}), last_day=date(2027, 2, 12))

    assert [entry.id for entry in live(center)] == list(ids)
    assert days(center) == weekly(date(2027, 1, 8), 6)


def test_a_second_weekday_adds_sessions_and_taking_it_back_archives_them(center: Center) -> None:
    ids = schedule(center)
    save(center, ids[0], ALL, weekdays=frozenset({2, 4}), last_day=date(2027, 2, 12))
    assert days(center) == sorted(weekly(WEDNESDAY, 6) + weekly(date(2027, 1, 8), 6))
    with center.store.read() as session:
        assert len(session.scalars(select(EntryRoom.id)).all()) == 12

    save(center, ids[0], ALL, weekdays=frozenset({2}))
    assert days(center) == weekly(WEDNESDAY, 6)


def test_a_series_is_shortened_and_extended_again(center: Center) -> None:
    ids = schedule(center)
    save(center, ids[0], ALL, last_day=date(2027, 1, 20))
    assert days(center) == weekly(WEDNESDAY, 3)

    save(center, ids[0], ALL, last_day=date(2027, 2, 24))
    assert days(center) == weekly(WEDNESDAY, 8)
    assert [entry.id for entry in live(center)][:6] == list(ids)


def test_an_archived_session_does_not_come_back_with_a_change_of_all(center: Center) -> None:
    ids = schedule(center)
    with center.store.write() as session:
        archive_entry(session, center.organization_id, ids[2], now=NOW)
    save(center, ids[0], ALL, start=time(17))

    assert days(center) == [day for day in weekly(WEDNESDAY, 6) if day != date(2027, 1, 20)]
    assert {local(entry.starts_at).time() for entry in live(center)} == {time(17)}


def test_a_change_of_all_leaves_what_was_set_for_one(center: Center) -> None:
    ids = schedule(center)
    organization_id = center.organization_id
    with center.store.write() as session:
        change_entry(session, organization_id, ids[1], now=NOW, tutor_id=center.id("Johnson"))
        change_entry(session, organization_id, ids[2], now=NOW, student_ids=[center.id("Noah"), center.id("Wei")])
        move_entry(session, organization_id, ids[3], at(date(2027, 1, 28), time(15)))
    save(center, ids[0], ALL, room_ids=(center.id("Room B"),), student_ids=(center.id("Priya"),))

    made = {entry.id: entry for entry in live(center)}
    assert made[ids[1]].tutor_id == center.id("Johnson")
    assert local(made[ids[3]].starts_at) == datetime(2027, 1, 28, 15)
    with center.store.read() as session:
        students = session.execute(
            select(Attendee.entry_id, Attendee.student_id).where(Attendee.archived_at.is_(None))
        ).all()
        rooms = set(session.scalars(select(EntryRoom.room_id).where(EntryRoom.archived_at.is_(None))))
    assert {student for entry_id, student in students if entry_id == ids[2]} == {center.id("Wei"), center.id("Priya")}
    assert {student for entry_id, student in students if entry_id == ids[0]} == {center.id("Priya")}
    assert rooms == {center.id("Room B")}


def test_the_following_begin_a_series_of_their_own(center: Center) -> None:
    ids = schedule(center)
    save(center, ids[3], FOLLOWING, start=time(18), tutor_id=center.id("Johnson"))

    assert [local(entry.starts_at).hour for entry in live(center)] == [16] * 3 + [18] * 3
    assert [entry.hourly_pay_cents for entry in live(center)] == [2800] * 3 + [3000] * 3
    with center.store.read() as session:
        first, second = session.scalars(select(Series).order_by(Series.first_day)).all()
    assert (first.last_day, second.first_day) == (date(2027, 1, 26), date(2027, 1, 27))
    assert (first.tutor_id, second.tutor_id) == (center.id("Patel"), center.id("Johnson"))


def test_a_day_whose_id_is_taken_by_a_moved_session_gets_another(center: Center) -> None:
    ids = schedule(center, weekdays=frozenset({2, 4}), last_day=date(2027, 1, 22))
    with center.store.write() as session:
        move_entry(session, center.organization_id, ids[0], at(date(2027, 1, 8), time(16)), scope=ALL)
    save(center, ids[0], ALL, weekdays=frozenset({2, 4, 6}), last_day=date(2027, 1, 24))

    assert {day.weekday() for day in days(center)} == {2, 4, 6}
    assert len(set(days(center))) == len(days(center))


def test_a_one_off_becomes_the_first_session_of_a_series(center: Center) -> None:
    (entry_id,) = schedule(center, pattern=Pattern.ONE_OFF, last_day=None)
    made = save(center, entry_id, THIS, pattern=Pattern.WEEKLY, last_day=date(2027, 1, 27))

    assert made[0] == entry_id
    assert days(center) == weekly(WEDNESDAY, 4)
    assert len({entry.series_id for entry in live(center)}) == 1


def test_a_camp_keeps_the_hours_of_its_days(center: Center) -> None:
    hours = {date(2027, 1, 8): DayHours(time(9), 90)}
    ids = schedule(center, pattern=Pattern.DAILY, last_day=date(2027, 1, 8), hours_by_day=hours)
    draft = opened(center, ids[0], ALL)

    assert (draft.hours_by_day, draft.changes) == (hours, {})
    save(center, ids[0], ALL, start=time(13))
    assert [local(entry.starts_at).hour for entry in live(center)] == [13, 13, 9]


@pytest.mark.parametrize("scope", list(SeriesScope))
def test_undo_and_redo_of_a_saved_draft_leave_the_same_rows(center: Center, scope: SeriesScope) -> None:
    ids = schedule(center)
    before = center.rows()
    save(center, ids[2], scope, start=time(18), room_ids=(center.id("Room C"),))
    after = center.rows()

    center.store.undo()
    assert center.rows() == before
    center.store.redo()
    assert center.rows() == after
