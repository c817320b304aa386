"""Moves, resizes, changes, cancels, archives and restores one, the following and all of a series, in a real store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import new_id
from shared_models.catalog.models import ServiceOffered
from shared_models.schedule.errors import NoSuchEntry
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries, set_status
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    change_entry,
    move_entry,
    resize_entry,
    restore_entry,
)
from tests.shared_models.schedule.small_center import NOW, Center, at, local

FEBRUARY = date(2027, 2, 24)  # a Wednesday; clocks go forward on March 14
THIS, FOLLOWING, ALL = SeriesScope.THIS, SeriesScope.FOLLOWING, SeriesScope.ALL


@pytest.fixture
def ids(center: Center) -> tuple[str, ...]:
    """Six Wednesdays at 4:00 PM, the fourth one after the clocks went forward."""
    draft = center.draft(FEBRUARY, time(16), pattern=Pattern.WEEKLY, occurrence_count=6)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def entries(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
            )
        )


def starts(center: Center) -> list[datetime]:
    return [local(entry.starts_at) for entry in entries(center)]


def do(center: Center, work: Callable[[Session], object], words: str = "Changed") -> None:
    with center.store.write(words) as session:
        work(session)


def weeks(first: date, clock: time, count: int) -> list[datetime]:
    return [datetime.combine(first + timedelta(weeks=week), clock) for week in range(count)]


def series(center: Center) -> list[Series]:
    with center.store.read() as session:
        return list(session.scalars(select(Series).order_by(Series.first_day)))


def test_moving_one_keeps_duration_and_buffer_and_leaves_the_others(center: Center, ids: tuple[str, ...]) -> None:
    moved = at(date(2027, 3, 4), time(18, 30))
    do(center, lambda session: move_entry(session, center.organization_id, ids[1], moved))

    expected = weeks(FEBRUARY, time(16), 6)
    expected[1] = local(moved)
    assert starts(center) == expected
    entry = next(entry for entry in entries(center) if entry.id == ids[1])
    assert (entry.ends_at - entry.starts_at, entry.blocked_until - entry.ends_at) == (
        timedelta(minutes=60), timedelta(minutes=15),
    )  # fmt: skip
    assert series(center)[0].start_time == time(16)


def test_moving_all_keeps_the_wall_clock_across_the_change_of_clocks(center: Center, ids: tuple[str, ...]) -> None:
    do(
        center,
        lambda session: move_entry(
            session, center.organization_id, ids[1], at(date(2027, 3, 4), time(17, 15)), scope=ALL
        ),
    )

    assert starts(center) == weeks(date(2027, 2, 25), time(17, 15), 6)
    (rule,) = series(center)
    assert (rule.first_day, rule.start_time, rule.weekdays) == (date(2027, 2, 25), time(17, 15), [3])


def test_moving_the_following_splits_the_series(center: Center, ids: tuple[str, ...]) -> None:
    do(
        center,
        lambda session: move_entry(
            session, center.organization_id, ids[2], at(date(2027, 3, 10), time(15)), scope=FOLLOWING
        ),
    )

    assert starts(center) == weeks(FEBRUARY, time(16), 2) + weeks(date(2027, 3, 10), time(15), 4)
    first, second = series(center)
    assert (first.last_day, first.start_time, second.first_day, second.start_time) == (
        date(2027, 3, 9), time(16), date(2027, 3, 10), time(15),
    )  # fmt: skip
    assert [entry.series_id for entry in entries(center)] == [first.id] * 2 + [second.id] * 4


def test_splitting_at_the_same_day_on_two_pcs_makes_one_series(center: Center, ids: tuple[str, ...]) -> None:
    move = at(date(2027, 3, 10), time(15))
    do(center, lambda session: move_entry(session, center.organization_id, ids[2], move, scope=FOLLOWING), "Moved")
    second = series(center)[1].id
    center.store.undo()
    do(center, lambda session: move_entry(session, center.organization_id, ids[2], move, scope=FOLLOWING))

    assert series(center)[1].id == second


def test_following_from_the_first_on_is_all(center: Center, ids: tuple[str, ...]) -> None:
    do(center, lambda session: resize_entry(session, center.organization_id, ids[0], 90, scope=FOLLOWING))

    assert len(series(center)) == 1
    assert {entry.ends_at - entry.starts_at for entry in entries(center)} == {timedelta(minutes=90)}


def test_what_is_completed_or_cancelled_stays_as_it_happened(center: Center, ids: tuple[str, ...]) -> None:
    do(center, lambda session: set_status(session, center.organization_id, ids[0], EntryStatus.COMPLETED))
    do(
        center,
        lambda session: cancel_entry(
            session, center.organization_id, ids[1], reason="Sick", by_user_id=None, now=NOW
        ),
    )
    do(
        center,
        lambda session: move_entry(
            session, center.organization_id, ids[3], at(date(2027, 3, 17), time(18)), scope=ALL
        ),
    )

    assert starts(center) == weeks(FEBRUARY, time(16), 2) + weeks(date(2027, 3, 10), time(18), 4)


def test_a_resize_of_one_keeps_its_buffer(center: Center, ids: tuple[str, ...]) -> None:
    do(center, lambda session: resize_entry(session, center.organization_id, ids[0], 45))

    first, second = entries(center)[:2]
    assert (local(first.ends_at).time(), local(first.blocked_until).time()) == (time(16, 45), time(17))
    assert local(second.ends_at).time() == time(17)
    with center.store.read() as session, pytest.raises(ValueError, match="at least one minute"):
        resize_entry(session, center.organization_id, ids[0], 0)


def test_another_service_refreshes_the_price_and_another_tutor_the_pay(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        session.get_one(ServiceOffered, (center.organization_id, center.id("offer"))).hourly_price_cents = 9900
    do(
        center,
        lambda session: change_entry(
            session, center.organization_id, ids[0], now=NOW, tutor_id=center.id("Johnson"), notes="Substitute"
        ),
    )
    do(
        center,
        lambda session: change_entry(
            session, center.organization_id, ids[1], now=NOW, scope=FOLLOWING, service_id=center.id("Group")
        ),
    )

    rates = [(entry.hourly_price_cents, entry.hourly_pay_cents) for entry in entries(center)]
    assert rates == [(8000, 3000)] + [(3050, 2800)] * 5
    assert [one.service_id for one in series(center)] == [center.id("Private"), center.id("Group")]


def test_students_and_rooms_are_added_and_taken_away(center: Center, ids: tuple[str, ...]) -> None:
    def held() -> tuple[set[str], set[str]]:
        with center.store.read() as session:
            students = session.scalars(select(Attendee.student_id).where(Attendee.archived_at.is_(None)))
            rooms = session.scalars(select(EntryRoom.room_id).where(EntryRoom.archived_at.is_(None)))
            return set(students), set(rooms)

    both = [center.id("Noah"), center.id("Wei")]
    for student_ids in (both, both[1:], both):
        do(
            center,
            lambda session, student_ids=student_ids: change_entry(  # type: ignore[misc]
                session, center.organization_id, ids[0], now=NOW, scope=ALL,
                student_ids=student_ids, room_ids=[center.id("Room B")],
            ),
        )  # fmt: skip
        assert held() == (set(student_ids), {center.id("Room B")})
    with center.store.read() as session:
        assert len(session.scalars(select(Attendee.id)).all()) == 12  # taken away and added again is the same row


def test_switching_the_buffer_off_frees_the_room_at_the_end(center: Center, ids: tuple[str, ...]) -> None:
    do(center, lambda session: change_entry(session, center.organization_id, ids[0], now=NOW, has_buffer=False))
    assert entries(center)[0].blocked_until == entries(center)[0].ends_at
    do(center, lambda session: change_entry(session, center.organization_id, ids[0], now=NOW, has_buffer=True))
    assert entries(center)[0].blocked_until - entries(center)[0].ends_at == timedelta(minutes=15)


def test_a_cancelled_entry_says_who_when_and_why_and_comes_back(center: Center, ids: tuple[str, ...]) -> None:
    do(
        center,
        lambda session: cancel_entry(
            session, center.organization_id, ids[2], reason="Weather", by_user_id=center.id("user Patel"), now=NOW,
            scope=FOLLOWING,
        ),
    )  # fmt: skip
    assert [entry.status for entry in entries(center)] == [EntryStatus.SCHEDULED] * 2 + [EntryStatus.CANCELLED] * 4
    third = entries(center)[2]
    assert (third.cancelled_by_user_id, third.cancelled_at, third.cancel_reason) == (
        center.id("user Patel"), NOW, "Weather",
    )  # fmt: skip

    do(center, lambda session: restore_entry(session, center.organization_id, ids[3], scope=ALL))
    assert {entry.status for entry in entries(center)} == {EntryStatus.SCHEDULED}
    assert {entry.cancel_reason for entry in entries(center)} == {""}


def test_archiving_all_hides_the_series_and_restoring_brings_it_back(center: Center, ids: tuple[str, ...]) -> None:
    before = center.rows()
    do(center, lambda session: archive_entry(session, center.organization_id, ids[0], now=NOW, scope=ALL))
    assert entries(center) == []
    assert series(center)[0].archived_at == NOW

    do(center, lambda session: restore_entry(session, center.organization_id, ids[0], scope=ALL))
    assert center.rows() == before


def test_restoring_brings_back_only_what_went_together(center: Center, ids: tuple[str, ...]) -> None:
    do(center, lambda session: archive_entry(session, center.organization_id, ids[4], now=NOW))
    later = NOW + timedelta(hours=1)
    do(center, lambda session: archive_entry(session, center.organization_id, ids[0], now=later, scope=ALL))
    do(center, lambda session: restore_entry(session, center.organization_id, ids[0], scope=ALL))

    assert [entry.id for entry in entries(center)] == [ids[0], ids[1], ids[2], ids[3], ids[5]]


@pytest.mark.parametrize("scope", list(SeriesScope))
@pytest.mark.parametrize(
    "edit",
    [
        lambda s, o, i, scope: move_entry(s, o, i, at(date(2027, 3, 12), time(19)), scope=scope),
        lambda s, o, i, scope: resize_entry(s, o, i, 120, scope=scope),
        lambda s, o, i, scope: change_entry(s, o, i, now=NOW, scope=scope, student_ids=[], capacity=4),
        lambda s, o, i, scope: cancel_entry(s, o, i, reason="Sick", by_user_id=None, now=NOW, scope=scope),
        lambda s, o, i, scope: archive_entry(s, o, i, now=NOW, scope=scope),
    ],
    ids=["move", "resize", "change", "cancel", "archive"],
)
def test_every_edit_is_undone_and_redone_to_the_same_rows(
    center: Center, ids: tuple[str, ...], edit: Callable[..., object], scope: SeriesScope
) -> None:
    before = center.rows()
    do(center, lambda session: edit(session, center.organization_id, ids[2], scope))
    after = center.rows()
    assert after != before

    center.store.undo()
    assert center.rows() == before
    center.store.redo()
    assert center.rows() == after


def test_an_unknown_entry_is_named_in_plain_words(center: Center) -> None:
    with center.store.read() as session, pytest.raises(NoSuchEntry, match="not there any more"):
        move_entry(session, center.organization_id, new_id(), NOW)
