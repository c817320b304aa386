"""Single sessions that differ from their series: they are listed, kept by edits of the series, or made alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import derived_id, new_id
from shared_models.schedule.differences import differences_of, touched
from shared_models.schedule.draft_edits import draft_of_entry, fields_changed, save_draft
from shared_models.schedule.drafts import SessionChange
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.operations import schedule_entries, set_status
from shared_models.schedule.recurrence import DayHours, Pattern
from shared_models.schedule.series_operations import SeriesScope, change_entry, move_entry, resize_entry
from tests.shared_models.schedule.small_center import NOW, Center, at, local

WEDNESDAY = date(2027, 1, 6)
THIS, FOLLOWING, ALL = SeriesScope.THIS, SeriesScope.FOLLOWING, SeriesScope.ALL
SERIES = derived_id("the series of these tests")


@pytest.fixture
def ids(center: Center) -> tuple[str, ...]:
    """Six Wednesdays at 4:00 PM: the second one is at 6:30 PM, the third takes 90 minutes, the fourth has a
    substitute and another room, the fifth another student."""
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, occurrence_count=6)
    with center.store.write() as session:
        ids = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=SERIES).entry_ids
    organization_id = center.organization_id
    with center.store.write() as session:
        move_entry(session, organization_id, ids[1], at(date(2027, 1, 14), time(18, 30)))
        resize_entry(session, organization_id, ids[2], 90)
        change_entry(
            session, organization_id, ids[3], now=NOW, tutor_id=center.id("Johnson"), room_ids=[center.id("Room C")]
        )
        change_entry(session, organization_id, ids[4], now=NOW, student_ids=[center.id("Priya")])
    return ids


def entries(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry)
                .where(ScheduleEntry.archived_at.is_(None))
                .order_by(ScheduleEntry.series_day, ScheduleEntry.starts_at)
            )
        )


def starts(center: Center) -> list[datetime]:
    return [local(entry.starts_at) for entry in entries(center)]


def minutes(center: Center) -> list[int]:
    return [int((entry.ends_at - entry.starts_at).total_seconds()) // 60 for entry in entries(center)]


def held(center: Center, kind: type[Attendee] | type[EntryRoom], ids: tuple[str, ...]) -> list[set[str]]:
    column = Attendee.student_id if kind is Attendee else EntryRoom.room_id
    with center.store.read() as session:
        return [
            set(session.scalars(select(column).where(kind.entry_id == entry_id, kind.archived_at.is_(None))))
            for entry_id in ids
        ]


def test_what_differs_is_named_session_by_session(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.read() as session:
        found = differences_of(session, center.organization_id, SERIES)
        assert differences_of(session, center.organization_id, new_id()) == []

    assert [(one.entry_id, one.words) for one in found] == [
        (ids[1], "time"), (ids[2], "length"), (ids[3], "tutor and room"), (ids[4], "students"),
    ]  # fmt: skip
    assert (found[0].day, found[0].starts) == (date(2027, 1, 13), datetime(2027, 1, 14, 18, 30))
    assert [one.entry_id for one in touched(found, {"starts_at", "duration_minutes"})] == [ids[1], ids[2]]
    assert touched(found, {"tutor_id"}, without=[ids[3]]) == []
    with center.store.read() as session:
        later = differences_of(session, center.organization_id, SERIES, from_day=date(2027, 1, 27))
    assert [one.entry_id for one in later] == [ids[3], ids[4]]


def test_a_session_of_a_camp_at_the_hours_of_its_day_does_not_differ(center: Center) -> None:
    draft = center.draft(
        WEDNESDAY, time(9), pattern=Pattern.DAILY, last_day=date(2027, 1, 8), duration_minutes=180,
        hours_by_day={date(2027, 1, 8): DayHours(time(10), 120)},
    )  # fmt: skip
    with center.store.write() as session:
        schedule_entries(session, None, center.organization_id, draft, new_id=SERIES)
    with center.store.read() as session:
        assert differences_of(session, center.organization_id, SERIES) == []


def test_moving_the_series_leaves_a_session_at_its_own_time(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        move_entry(session, center.organization_id, ids[0], at(WEDNESDAY, time(17)), scope=ALL)

    expected = [datetime.combine(WEDNESDAY + timedelta(weeks=week), time(17)) for week in range(6)]
    expected[1] = datetime(2027, 1, 14, 18, 30)
    assert starts(center) == expected
    assert minutes(center) == [60, 60, 90, 60, 60, 60]


def test_moving_the_series_can_make_all_sessions_alike(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        move_entry(
            session, center.organization_id, ids[1], at(date(2027, 1, 14), time(17)), scope=ALL,
            keep_differences=False,
        )  # fmt: skip

    thursday = WEDNESDAY + timedelta(days=1)
    assert starts(center) == [datetime.combine(thursday + timedelta(weeks=week), time(17)) for week in range(6)]
    with center.store.read() as session:
        fields = {name for one in differences_of(session, center.organization_id, SERIES) for name in one.fields}
    assert "starts_at" not in fields


@pytest.mark.parametrize(("keeps", "expected"), [(True, [45, 45, 90, 45, 45, 45]), (False, [45] * 6)])
def test_resizing_the_series_keeps_a_length_of_its_own_unless_told_otherwise(
    center: Center, ids: tuple[str, ...], keeps: bool, expected: list[int]
) -> None:
    with center.store.write() as session:
        resize_entry(session, center.organization_id, ids[0], 45, scope=ALL, keep_differences=keeps)

    assert minutes(center) == expected


@pytest.mark.parametrize("keeps", [True, False])
def test_another_tutor_for_the_series_keeps_the_substitute_unless_told_otherwise(
    center: Center, ids: tuple[str, ...], keeps: bool
) -> None:
    with center.store.write() as session:
        change_entry(session, center.organization_id, ids[3], now=NOW, tutor_id=None, scope=THIS)
        change_entry(
            session, center.organization_id, ids[0], now=NOW, scope=ALL, keep_differences=keeps,
            tutor_id=center.id("Johnson"), room_ids=[center.id("Room B")],
        )  # fmt: skip

    johnson = center.id("Johnson")
    assert [entry.tutor_id for entry in entries(center)] == [johnson] * 3 + [None if keeps else johnson] + [
        johnson
    ] * 2
    assert {entry.hourly_pay_cents for entry in entries(center) if entry.tutor_id == johnson} == {3000}
    room = "Room C" if keeps else "Room B"
    assert held(center, EntryRoom, ids)[3] == {center.id(room)}
    assert held(center, EntryRoom, ids)[0] == {center.id("Room B")}


@pytest.mark.parametrize("keeps", [True, False])
def test_a_student_who_joins_the_series_joins_the_session_with_other_students_too(
    center: Center, ids: tuple[str, ...], keeps: bool
) -> None:
    noah, wei, priya = (center.id(name) for name in ("Noah", "Wei", "Priya"))
    with center.store.write() as session:
        change_entry(
            session, center.organization_id, ids[0], now=NOW, scope=ALL, keep_differences=keeps,
            student_ids=[noah, wei], capacity=2,
        )  # fmt: skip

    assert held(center, Attendee, ids) == [{noah, wei}] * 4 + [{priya, wei} if keeps else {noah, wei}] + [{noah, wei}]


@pytest.mark.parametrize("keeps", [True, False])
def test_the_form_of_the_series_asks_and_does_as_told(center: Center, ids: tuple[str, ...], keeps: bool) -> None:
    with center.store.read() as session:
        before = draft_of_entry(session, center.organization_id, ids[0], ALL)
        after = replace(before, start=time(15), tutor_id=center.id("Johnson"), room_ids=(center.id("Room B"),))
        found = touched(differences_of(session, center.organization_id, SERIES), fields_changed(before, after))
    assert [one.entry_id for one in found] == [ids[1], ids[3]]
    with center.store.write() as session:
        save_draft(
            session, center.store.recorder, center.organization_id, ids[0], before, after,
            scope=ALL, new_id=new_id(), now=NOW, keep_differences=keeps,
        )  # fmt: skip

    usual = [datetime.combine(WEDNESDAY + timedelta(weeks=week), time(15)) for week in range(6)]
    own = [usual[0], datetime(2027, 1, 14, 18, 30), *usual[2:]]
    assert starts(center) == (own if keeps else usual)
    assert minutes(center) == [60, 60, 90, 60, 60, 60]  # the edit was not of the length
    room_b, room_c = center.id("Room B"), center.id("Room C")
    assert held(center, EntryRoom, ids) == [{room_b}] * 3 + [{room_c if keeps else room_b}] + [{room_b}] * 2


def test_another_weekday_for_the_series_leaves_a_session_at_its_own_time(
    center: Center, ids: tuple[str, ...]
) -> None:
    with center.store.write() as session:
        before = draft_of_entry(session, center.organization_id, ids[0], ALL)
        after = replace(before, weekdays=frozenset({0}), first_day=date(2027, 1, 4))
        save_draft(
            session, center.store.recorder, center.organization_id, ids[0], before, after,
            scope=ALL, new_id=new_id(), now=NOW,
        )  # fmt: skip

    mondays = [datetime.combine(date(2027, 1, 4) + timedelta(weeks=week), time(16)) for week in range(6)]
    assert starts(center) == [mondays[0], datetime(2027, 1, 14, 18, 30), *mondays[2:]]
    assert minutes(center) == [60, 60, 90, 60, 60, 60]
    assert {entry.id for entry in entries(center)} == set(ids)


def test_what_the_person_says_about_a_single_day_is_no_difference_to_keep(
    center: Center, ids: tuple[str, ...]
) -> None:
    with center.store.write() as session:
        before = draft_of_entry(session, center.organization_id, ids[0], ALL)
        changed = {**before.changes, date(2027, 1, 13): SessionChange(start=time(12))}
        save_draft(
            session, center.store.recorder, center.organization_id, ids[0], before, replace(before, changes=changed),
            scope=ALL, new_id=new_id(), now=NOW,
        )  # fmt: skip

    assert starts(center)[1] == datetime(2027, 1, 13, 12)


def test_a_series_moved_onto_the_day_of_a_session_that_took_place_loses_none(center: Center) -> None:
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.DAILY, occurrence_count=3)
    organization_id = center.organization_id
    with center.store.write() as session:
        ids = schedule_entries(session, None, organization_id, draft, new_id=SERIES).entry_ids
        set_status(session, organization_id, ids[0], EntryStatus.COMPLETED)
        move_entry(session, organization_id, ids[1], at(WEDNESDAY, time(18)), scope=ALL)
    with center.store.write() as session:
        before = draft_of_entry(session, organization_id, ids[1], ALL)
        after = replace(before, room_ids=(center.id("Room B"),))
        save_draft(session, None, organization_id, ids[1], before, after, scope=ALL, new_id=new_id(), now=NOW)

    assert starts(center) == [
        datetime.combine(WEDNESDAY, time(16)),
        datetime.combine(WEDNESDAY, time(18)),
        datetime.combine(WEDNESDAY + timedelta(days=1), time(18)),
    ]
    assert held(center, EntryRoom, ids) == [{center.id("Room A")}, {center.id("Room B")}, {center.id("Room B")}]


def _value(center: Center, entry: ScheduleEntry, field: str) -> object:
    if field == "duration_minutes":
        return entry.ends_at - entry.starts_at
    if field == "has_buffer":
        return entry.blocked_until > entry.ends_at
    if field == "room_ids":
        return frozenset(held(center, EntryRoom, (entry.id,))[0])
    if field == "student_ids":
        return frozenset(held(center, Attendee, (entry.id,))[0])
    return getattr(entry, field)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_any_edit_of_the_series_keeps_what_differs_or_makes_it_alike(center: Center, seed: int, keeps: bool) -> None:
    random, organization_id = Random(seed), center.organization_id
    draft = center.draft(
        date(2027, 3, 1), time(16), pattern=random.choice((Pattern.WEEKLY, Pattern.DAILY)), occurrence_count=9
    )
    with center.store.write() as session:
        ids = schedule_entries(session, None, organization_id, draft, new_id=SERIES).entry_ids
    edits: dict[str, Callable[[Session, str, SeriesScope, bool], object]] = {
        "starts_at": lambda session, entry_id, scope, keep: move_entry(
            session, organization_id, entry_id,
            session.get_one(ScheduleEntry, (organization_id, entry_id)).starts_at
            + timedelta(minutes=random.choice((-90, 60, 75))),
            scope=scope, keep_differences=keep,
        ),
        "duration_minutes": lambda session, entry_id, scope, keep: resize_entry(
            session, organization_id, entry_id, random.choice((30, 45, 90, 120)), scope=scope, keep_differences=keep
        ),
        "tutor_id": lambda session, entry_id, scope, keep: change_entry(
            session, organization_id, entry_id, now=NOW, scope=scope, keep_differences=keep,
            tutor_id=random.choice((center.id("Johnson"), None)),
        ),
        "has_buffer": lambda session, entry_id, scope, keep: change_entry(
            session, organization_id, entry_id, now=NOW, scope=scope, keep_differences=keep, has_buffer=False
        ),
        "room_ids": lambda session, entry_id, scope, keep: change_entry(
            session, organization_id, entry_id, now=NOW, scope=scope, keep_differences=keep,
            room_ids=[center.id(random.choice(("Room B", "Room C")))],
        ),
    }  # fmt: skip
    for entry_id in random.sample(ids[1:], 3):
        with center.store.write() as session:
            edits[random.choice(list(edits))](session, entry_id, THIS, True)
    field = random.choice(list(edits))
    before = {entry.id: _value(center, entry, field) for entry in entries(center)}
    with center.store.read() as session:
        different = touched(differences_of(session, organization_id, SERIES), {field}, without=[ids[0]])
    with center.store.write() as session:
        edits[field](session, ids[0], ALL, keeps)

    after = {entry.id: _value(center, entry, field) for entry in entries(center)}
    with center.store.read() as session:
        still_different = touched(differences_of(session, organization_id, SERIES), {field}, without=[ids[0]])
    if keeps:
        assert [after[one.entry_id] for one in different] == [before[one.entry_id] for one in different]
        assert {one.entry_id for one in still_different} <= {one.entry_id for one in different}
    else:
        assert still_different == []
    usual = set(ids) - {one.entry_id for one in different}
    if field != "starts_at":
        assert {after[entry_id] for entry_id in usual} == {after[ids[0]]}
