"""Edits of a series of which some sessions are held at locations of others: those stay as they are, in every
operation, and nothing is planned twice for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import new_id
from shared_models.schedule.bookings import conflicts_of_draft
from shared_models.schedule.differences import differences_of
from shared_models.schedule.draft_edits import draft_of_entry, save_draft
from shared_models.schedule.drafts import EntryDraft, Plan, matched_days, plan_of
from shared_models.schedule.models import EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_extent import preview_extent, set_last_day
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    change_entry,
    entries_elsewhere,
    entries_within,
    move_entry,
    resize_entry,
    restore_entry,
)
from shared_models.schedule.terms import terms_of
from tests.shared_models.schedule.small_center import NOW, Center, at, local

WEDNESDAY = date(2027, 1, 6)
THIS, FOLLOWING, ALL = SeriesScope.THIS, SeriesScope.FOLLOWING, SeriesScope.ALL
ELSEWHERE = (2, 4)
"""Which of the six sessions are held at Tarrytown."""


@pytest.fixture
def ids(center: Center) -> tuple[str, ...]:
    """Six Wednesdays at 4:00 PM from January 6, the third and the fifth at Tarrytown."""
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, last_day=date(2027, 2, 10))
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
        for place in ELSEWHERE:
            change_entry(
                session, center.organization_id, made.entry_ids[place],
                now=NOW, location_id=center.id("Tarrytown"), room_ids=[],
            )  # fmt: skip
    return made.entry_ids


def here(center: Center) -> frozenset[str]:
    return frozenset({center.id("Irvington")})


def entry(center: Center, entry_id: str) -> ScheduleEntry:
    with center.store.read() as session:
        return session.get_one(ScheduleEntry, (center.organization_id, entry_id))


def live(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
            )
        )


def rows_elsewhere(center: Center) -> list[tuple[object, ...]]:
    return [row for row in center.rows()["schedule_entry"] if center.id("Tarrytown") in row]


def opened(center: Center, entry_id: str, scope: SeriesScope) -> EntryDraft:
    with center.store.read() as session:
        return draft_of_entry(session, center.organization_id, entry_id, scope, locations=here(center))


def save(center: Center, entry_id: str, scope: SeriesScope, **changes: object) -> list[str]:
    before = opened(center, entry_id, scope)
    with center.store.write("Changed") as session:
        return save_draft(
            session, center.store.recorder, center.organization_id, entry_id, before,
            replace(before, **changes),  # type: ignore[arg-type]
            scope=scope, new_id=new_id(), now=NOW, locations=here(center),
        )  # fmt: skip


def planned(center: Center, draft: EntryDraft) -> Plan:
    with center.store.read() as session:
        terms = terms_of(session, center.organization_id, draft.location_id)
    return plan_of(
        draft, "draft", time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures
    )


@pytest.mark.parametrize(("scope", "here_places", "there_places"), [
    (THIS, (1,), ()), (FOLLOWING, (1, 3, 5), (2, 4)), (ALL, (0, 1, 3, 5), (2, 4)),
])  # fmt: skip
def test_what_an_edit_reaches_and_what_it_leaves_out(
    center: Center, ids: tuple[str, ...], scope: SeriesScope, here_places: tuple[int, ...],
    there_places: tuple[int, ...],
) -> None:  # fmt: skip
    with center.store.read() as session:
        chosen = session.get_one(ScheduleEntry, (center.organization_id, ids[1]))
        reached = entries_within(session, chosen, scope, here(center))
        left_out = entries_elsewhere(session, chosen, scope, here(center))
        assert entries_elsewhere(session, chosen, scope, None) == []
    assert [one.id for one in reached] == [ids[place] for place in here_places]
    assert [one.id for one in left_out] == [ids[place] for place in there_places]


Edit = Callable[[Session, Center, str, SeriesScope], object]


def _move(session: Session, center: Center, entry_id: str, scope: SeriesScope) -> object:
    day = local(session.get_one(ScheduleEntry, (center.organization_id, entry_id)).starts_at).date()
    moved = at(day + timedelta(days=1), time(17))
    return move_entry(session, center.organization_id, entry_id, moved, scope=scope, locations=here(center))


EDITS: dict[str, Edit] = {
    "move": _move,
    "resize": lambda session, center, entry_id, scope: resize_entry(
        session, center.organization_id, entry_id, 90, scope=scope, locations=here(center)
    ),
    "change": lambda session, center, entry_id, scope: change_entry(
        session, center.organization_id, entry_id, now=NOW, scope=scope, keep_differences=False,
        locations=here(center), tutor_id=center.id("Johnson"), student_ids=[center.id("Wei")],
    ),
    "cancel": lambda session, center, entry_id, scope: cancel_entry(
        session, center.organization_id, entry_id, reason="", by_user_id=None, now=NOW, scope=scope,
        locations=here(center),
    ),
    "archive": lambda session, center, entry_id, scope: archive_entry(
        session, center.organization_id, entry_id, now=NOW, scope=scope, locations=here(center)
    ),
}  # fmt: skip


@pytest.mark.parametrize("scope", [FOLLOWING, ALL])
@pytest.mark.parametrize("name", list(EDITS))
def test_sessions_elsewhere_stay_in_every_edit_and_its_undo(
    center: Center, ids: tuple[str, ...], name: str, scope: SeriesScope
) -> None:
    before, there = center.rows(), rows_elsewhere(center)
    with center.store.write("Edited") as session:
        EDITS[name](session, center, ids[1], scope)
    assert rows_elsewhere(center) == there
    after = center.rows()
    assert after != before
    center.store.undo()
    assert center.rows() == before
    center.store.redo()
    assert center.rows() == after


def test_a_series_of_which_sessions_stay_elsewhere_is_not_archived_itself(
    center: Center, ids: tuple[str, ...]
) -> None:
    with center.store.write() as session:
        archive_entry(session, center.organization_id, ids[0], now=NOW, scope=ALL, locations=here(center))
    assert [one.id for one in live(center)] == [ids[place] for place in ELSEWHERE]
    with center.store.read() as session:
        assert session.scalars(select(Series.archived_at)).all() == [None]


def test_what_was_archived_together_comes_back_here_alone(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        archive_entry(session, center.organization_id, ids[0], now=NOW, scope=ALL)
    with center.store.write() as session:
        restore_entry(session, center.organization_id, ids[0], scope=ALL, locations=here(center))
    assert [one.id for one in live(center)] == [ids[place] for place in (0, 1, 3, 5)]


def test_a_split_takes_along_only_what_is_here(center: Center, ids: tuple[str, ...]) -> None:
    old = entry(center, ids[0]).series_id
    save(center, ids[1], FOLLOWING, start=time(17))
    found = [entry(center, one).series_id for one in ids]
    assert [found[place] == old for place in range(6)] == [True, False, True, False, True, False]
    assert len(set(found)) == 2


def test_the_draft_of_the_series_plans_no_session_that_is_held_elsewhere(
    center: Center, ids: tuple[str, ...]
) -> None:
    draft = opened(center, ids[0], ALL)
    assert [session.day for session in planned(center, draft).sessions] == [
        WEDNESDAY + timedelta(weeks=week) for week in (0, 1, 3, 5)
    ]
    assert draft.skipped_days == frozenset()
    assert draft.kept_days == frozenset()
    with center.store.write() as session:
        session.get_one(ScheduleEntry, (center.organization_id, ids[4])).series_day = date(2027, 2, 24)
    assert opened(center, ids[0], ALL).kept_days == frozenset()


@pytest.mark.parametrize("scope", [FOLLOWING, ALL])
def test_saving_without_a_change_changes_nothing(center: Center, ids: tuple[str, ...], scope: SeriesScope) -> None:
    before = center.rows()["schedule_entry"]
    save(center, ids[0] if scope is ALL else ids[1], scope)
    assert [(row[0], *row[2:]) for row in center.rows()["schedule_entry"]] == [(row[0], *row[2:]) for row in before]


def test_another_weekday_gives_no_second_session_to_a_week_held_elsewhere(
    center: Center, ids: tuple[str, ...]
) -> None:
    friday = date(2027, 1, 8)
    draft = replace(
        opened(center, ids[0], ALL), first_day=friday, weekdays=frozenset({4}), last_day=date(2027, 2, 12)
    )
    fridays = [friday + timedelta(weeks=week) for week in (0, 1, 3, 5)]
    assert [session.day for session in planned(center, draft).sessions] == fridays

    save(center, ids[0], ALL, first_day=friday, weekdays=frozenset({4}), last_day=date(2027, 2, 12))

    assert [one.id for one in live(center)] == list(ids)
    days = [local(one.starts_at).date() for one in live(center)]
    assert days == [*fridays[:2], date(2027, 1, 20), fridays[2], date(2027, 2, 3), fridays[3]]
    again = opened(center, ids[0], ALL)
    assert [session.day for session in planned(center, again).sessions] == fridays


def test_a_dragged_series_plans_no_session_beside_one_elsewhere(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        EDITS["move"](session, center, ids[0], ALL)
    draft = opened(center, ids[0], ALL)
    assert [session.day for session in planned(center, draft).sessions] == [
        WEDNESDAY + timedelta(days=1, weeks=week) for week in (0, 1, 3, 5)
    ]
    before = center.rows()["schedule_entry"]
    save(center, ids[0], ALL)
    assert center.rows()["schedule_entry"] == before


def test_a_session_elsewhere_blocks_the_tutor_of_the_others(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        move_entry(session, center.organization_id, ids[2], at(date(2027, 1, 13), time(16)))
    draft = opened(center, ids[0], ALL)
    with center.store.read() as session:
        chosen = session.get_one(ScheduleEntry, (center.organization_id, ids[0]))
        replaced = frozenset(one.id for one in entries_within(session, chosen, ALL, here(center)))
        plan = planned(center, draft)
        found = conflicts_of_draft(session, center.organization_id, plan, draft, without=replaced)
    assert found
    assert all(ids[2] in (conflict.first_id, conflict.second_id) for conflict in found)


def test_an_archived_session_elsewhere_does_not_come_back_as_ones_own(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        archive_entry(session, center.organization_id, ids[2], now=NOW)
    save(center, ids[0], ALL, skipped_days=frozenset())
    (made,) = [one for one in live(center) if local(one.starts_at).date() == date(2027, 1, 20)]
    assert made.id != ids[2]
    assert made.location_id == center.id("Irvington")


def test_differences_are_asked_about_only_here(center: Center, ids: tuple[str, ...]) -> None:
    series_id = entry(center, ids[0]).series_id
    assert series_id is not None
    with center.store.read() as session:
        all_of_them = differences_of(session, center.organization_id, series_id)
        own = differences_of(session, center.organization_id, series_id, locations=here(center))
    assert [one.entry_id for one in all_of_them] == [ids[place] for place in ELSEWHERE]
    assert own == []


def test_an_earlier_end_of_the_series_leaves_sessions_elsewhere(center: Center, ids: tuple[str, ...]) -> None:
    series_id = entry(center, ids[0]).series_id
    assert series_id is not None
    last = date(2027, 1, 13)
    with center.store.write("Ended") as session:
        preview = preview_extent(session, center.organization_id, series_id, last, here(center))
        extent = set_last_day(
            session, center.store.recorder, center.organization_id, series_id, last, now=NOW, locations=here(center)
        )
    assert preview.archived_days == (date(2027, 1, 27), date(2027, 2, 10))
    assert set(extent.archived_ids) == {ids[3], ids[5]}
    assert [one.id for one in live(center)] == [ids[place] for place in (0, 1, 2, 4)]


def test_what_was_held_elsewhere_keeps_its_day(center: Center, ids: tuple[str, ...]) -> None:
    with center.store.write() as session:
        session.get_one(ScheduleEntry, (center.organization_id, ids[2])).status = EntryStatus.COMPLETED
    save(center, ids[0], ALL, start=time(17))
    assert [local(one.starts_at) for one in live(center)].count(datetime(2027, 1, 20, 16)) == 1
    assert len(live(center)) == 6


DAYS = st.sets(st.integers(0, 41).map(lambda number: WEDNESDAY + timedelta(days=number)), max_size=12)


@given(DAYS, DAYS)
def test_days_become_days_one_to_one_within_their_week(wanted: set[date], held: set[date]) -> None:
    matched = matched_days(wanted, held)
    assert set(matched) <= held
    assert set(matched.values()) <= wanted
    assert len(set(matched.values())) == len(matched)
    assert all(day.isocalendar()[:2] == other.isocalendar()[:2] for day, other in matched.items())
    assert all(matched[day] == day for day in wanted & held)
