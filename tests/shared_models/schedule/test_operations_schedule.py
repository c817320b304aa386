"""Drafts become entries and series with price and pay, in a real store."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import select

from shared_models.base import derived_id, new_id
from shared_models.catalog.models import ServiceOffered
from shared_models.people.models import TutorLocation
from shared_models.schedule.drafts import SessionChange
from shared_models.schedule.errors import NoSuchEntry, UnusableDraft
from shared_models.schedule.models import Attendance, Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import copy_entry, schedule_entries, set_attendance, set_status
from shared_models.schedule.recurrence import DayHours, Pattern
from tests.shared_models.schedule.small_center import NOW, Center, at, local

WEDNESDAY = date(2026, 12, 2)


def entries(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(session.scalars(select(ScheduleEntry).order_by(ScheduleEntry.starts_at)))


def schedule(center: Center, **fields: object) -> tuple[str, ...]:
    draft = center.draft(WEDNESDAY, time(17, 45), **fields)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def test_a_single_entry_carries_price_pay_buffer_room_and_student(center: Center) -> None:
    (entry_id,) = schedule(center)

    (entry,) = entries(center)
    assert entry.id == entry_id
    assert local(entry.starts_at).time() == time(17, 45)
    assert local(entry.ends_at).time() == time(18, 45)
    assert local(entry.blocked_until).time() == time(19, 0)
    assert (entry.hourly_price_cents, entry.hourly_pay_cents) == (8000, 2800)
    assert entry.status is EntryStatus.SCHEDULED
    with center.store.read() as session:
        assert session.scalars(select(Attendee.student_id)).all() == [center.id("Noah")]
        assert session.scalars(select(EntryRoom.room_id)).all() == [center.id("Room A")]


def test_without_buffer_the_room_is_free_at_the_end(center: Center) -> None:
    schedule(center, has_buffer=False)

    (entry,) = entries(center)
    assert entry.blocked_until == entry.ends_at


def test_pay_at_the_location_wins_over_the_general_one(center: Center) -> None:
    with center.store.write() as session:
        session.get_one(TutorLocation, (center.organization_id, center.id("at Patel"))).hourly_pay_cents = 3300

    schedule(center)

    assert entries(center)[0].hourly_pay_cents == 3300


def test_an_entry_keeps_its_price_when_the_service_gets_dearer(center: Center) -> None:
    schedule(center)
    with center.store.write() as session:
        session.get_one(ServiceOffered, (center.organization_id, center.id("offer"))).hourly_price_cents = 9900

    assert entries(center)[0].hourly_price_cents == 8000


def test_a_weekly_series_stays_at_its_hour_and_skips_closures(center: Center) -> None:
    schedule(center, pattern=Pattern.WEEKLY, weekdays=frozenset({2, 4}), last_day=date(2027, 4, 2))

    made = entries(center)
    assert {local(entry.starts_at).time() for entry in made} == {time(17, 45)}
    assert {entry.starts_at.hour for entry in made} == {21, 22}  # before and after clocks went forward
    days = {local(entry.starts_at).date() for entry in made}
    assert {day.weekday() for day in days} == {2, 4}
    assert date(2026, 12, 25) not in days and date(2026, 12, 30) not in days and date(2027, 1, 1) not in days
    assert len(made) == 36 - 3


def test_occurrences_derive_their_ids_from_series_and_day(center: Center) -> None:
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, occurrence_count=3)
    with center.store.write() as session:
        scheduled = schedule_entries(session, None, center.organization_id, draft, new_id="0" * 36)

    assert scheduled.series_id == "0" * 36
    assert scheduled.entry_ids == tuple(
        derived_id("0" * 36, day) for day in ("2026-12-02", "2026-12-09", "2026-12-16")
    )


def test_writing_rows_at_once_and_through_the_session_give_the_same_rows(center: Center) -> None:
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, occurrence_count=3)
    with center.store.write("Scheduled") as session:
        schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id="1" * 36)
    at_once = center.rows()
    with center.store.write() as session:
        for table in (Series, ScheduleEntry, Attendee, EntryRoom):
            for row in session.scalars(select(table)):
                row.archived_at = NOW
    with center.store.write() as session:
        schedule_entries(session, None, center.organization_id, draft, new_id="2" * 36)

    def fields(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return sorted(
            tuple(value for value in row if not (isinstance(value, str) and len(value) == 36)) for row in rows
        )

    assert {table: fields(rows) for table, rows in at_once.items()} == {
        table: fields(rows) for table, rows in center.rows().items()
    }


def test_every_other_week_and_kept_closures(center: Center) -> None:
    schedule(center, pattern=Pattern.WEEKLY, interval_weeks=2, last_day=date(2027, 1, 13), skips_closures=False)

    assert [local(entry.starts_at).date() for entry in entries(center)] == [
        date(2026, 12, 2), date(2026, 12, 16), date(2026, 12, 30), date(2027, 1, 13),
    ]  # fmt: skip


def test_single_closed_days_can_be_kept(center: Center) -> None:
    schedule(
        center, pattern=Pattern.WEEKLY, weekdays=frozenset({2, 4}), last_day=date(2027, 1, 8),
        kept_days=frozenset({date(2026, 12, 30)}),
    )  # fmt: skip

    days = {local(entry.starts_at).date() for entry in entries(center)}
    assert date(2026, 12, 30) in days
    assert date(2026, 12, 25) not in days
    with center.store.read() as session:
        (series,) = session.scalars(select(Series))
    assert (series.skips_closures, series.skipped_days) == (False, ["2026-12-25", "2027-01-01"])


def test_a_camp_has_hours_of_its_own_on_single_days(center: Center) -> None:
    schedule(
        center, pattern=Pattern.DAILY, last_day=date(2026, 12, 4), duration_minutes=180,
        hours_by_day={date(2026, 12, 4): DayHours(time(9), 120)},
    )  # fmt: skip

    made = [(local(entry.starts_at), local(entry.ends_at)) for entry in entries(center)]
    assert [(start.day, start.hour, (end - start).seconds // 60) for start, end in made] == [
        (2, 17, 180), (3, 17, 180), (4, 9, 120),
    ]  # fmt: skip


def test_single_sessions_of_a_draft_take_another_day_and_room(center: Center) -> None:
    schedule(
        center, pattern=Pattern.WEEKLY, occurrence_count=2,
        changes={date(2026, 12, 9): SessionChange(date(2026, 12, 10), time(15), (center.id("Room C"),))},
    )  # fmt: skip

    first, second = entries(center)
    assert (local(second.starts_at), second.series_day) == (
        local(at(date(2026, 12, 10), time(15))), date(2026, 12, 9),
    )  # fmt: skip
    with center.store.read() as session:
        rooms = dict(session.execute(select(EntryRoom.entry_id, EntryRoom.room_id)).all())
    assert rooms == {first.id: center.id("Room A"), second.id: center.id("Room C")}


def test_an_online_entry_takes_no_room(center: Center) -> None:
    schedule(center, is_online=True)

    with center.store.read() as session:
        assert session.scalars(select(EntryRoom.id)).all() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": Pattern.WEEKLY},
        {"duration_minutes": 0},
        {"pattern": Pattern.DAILY, "last_day": date(2026, 12, 1)},
    ],
)
def test_a_draft_without_sessions_says_so(center: Center, fields: dict[str, object]) -> None:
    with pytest.raises(UnusableDraft, match=r"^(This cannot be scheduled: a s|No session is left).*\.$"):
        schedule(center, **fields)
    assert entries(center) == []


def test_undo_takes_a_series_back_and_redo_brings_the_same_rows(center: Center) -> None:
    before = center.rows()
    schedule(center, pattern=Pattern.WEEKLY, occurrence_count=4)
    after = center.rows()

    assert center.store.undo() == "Scheduled"
    assert center.rows() == before
    center.store.redo()
    assert center.rows() == after


def test_a_copy_is_an_entry_of_its_own(center: Center) -> None:
    (entry_id,) = schedule(center)
    with center.store.write("Copied") as session:
        copy_entry(
            session,
            center.organization_id,
            entry_id,
            new_entry_id=new_id(),
            starts_at=at(date(2026, 12, 4), time(15)),
        )

    first, second = entries(center)
    assert (local(second.starts_at), second.ends_at - second.starts_at) == (
        local(at(date(2026, 12, 4), time(15))), first.ends_at - first.starts_at,
    )  # fmt: skip
    with center.store.read() as session:
        assert (
            len(session.scalars(select(Attendee.id)).all()) == len(session.scalars(select(EntryRoom.id)).all()) == 2
        )


def test_attendance_is_noted_with_its_time_and_taken_back(center: Center) -> None:
    (entry_id,) = schedule(center)

    def attendance() -> tuple[object, object]:
        with center.store.read() as session:
            return session.execute(select(Attendee.attendance, Attendee.attendance_at)).one()

    for noted, expected in ((Attendance.LATE, (Attendance.LATE, NOW)), (None, (None, None))):
        with center.store.write("Attendance") as session:
            set_attendance(session, center.organization_id, entry_id, center.id("Noah"), noted, now=NOW)
        assert attendance() == expected
    with center.store.write() as session, pytest.raises(NoSuchEntry):
        set_attendance(session, center.organization_id, entry_id, center.id("Wei"), None, now=NOW)


def test_status_follows_the_lifecycle_but_cancelling_needs_a_reason(center: Center) -> None:
    (entry_id,) = schedule(center)
    with center.store.write("Completed") as session:
        set_status(session, center.organization_id, entry_id, EntryStatus.COMPLETED)
    assert entries(center)[0].status is EntryStatus.COMPLETED
    with center.store.write() as session, pytest.raises(ValueError, match="cancel_entry"):
        set_status(session, center.organization_id, entry_id, EntryStatus.CANCELLED)
