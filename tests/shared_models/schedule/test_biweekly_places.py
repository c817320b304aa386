"""Places that are used every other week, found in the tables with the series that fit their empty weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

from sqlalchemy import select

from shared_models.base import new_id
from shared_models.schedule.biweekly_places import biweekly_series, half_used_places, halves_for_draft
from shared_models.schedule.drafts import EntryDraft, plan_of
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from tests.shared_models.schedule.small_center import Center

WEDNESDAY = date(2027, 1, 13)
WEEK = timedelta(days=7)


def every_other_week(center: Center, first_day: date = WEDNESDAY, **fields: object) -> str:
    """A series of four sessions every other week; Noah with Patel in Room A unless said otherwise."""
    given = {"pattern": Pattern.WEEKLY, "interval_weeks": 2, "occurrence_count": 4, **fields}
    with center.store.write() as session:
        made = schedule_entries(
            session, center.store.recorder, center.organization_id,
            center.draft(first_day, time(16), **given), new_id=new_id(),
        )  # fmt: skip
    assert made.series_id is not None
    return made.series_id


def test_a_half_used_place_is_offered_to_the_series_that_fits(center: Center) -> None:
    mine = every_other_week(center)
    fits = every_other_week(
        center, WEDNESDAY + WEEK,
        tutor_id=center.id("Johnson"), room_ids=(center.id("Room B"),), student_ids=(center.id("Wei"),),
    )  # fmt: skip
    every_other_week(center, interval_weeks=1, tutor_id=None, room_ids=(), student_ids=(center.id("Priya"),))
    with center.store.read() as session:
        places = {series.series_id: matches for series, matches in half_used_places(
            session, center.organization_id, WEDNESDAY
        )}  # fmt: skip
    assert places.keys() == {mine, fits}
    (match,) = places[mine]
    assert (match.series_id, match.changes) == (fits, ("tutor", "room"))
    assert match.days == (WEDNESDAY + WEEK, WEDNESDAY + 3 * WEEK, WEDNESDAY + 5 * WEEK)


def test_a_draft_hears_who_fits_its_empty_weeks(center: Center) -> None:
    fits = every_other_week(
        center, WEDNESDAY - timedelta(days=1),
        tutor_id=center.id("Johnson"), room_ids=(center.id("Room B"),), student_ids=(center.id("Wei"),),
    )  # fmt: skip
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, interval_weeks=2, occurrence_count=4)
    assert halves(center, draft) == [fits]
    assert halves(center, replace(draft, interval_weeks=1)) == []
    assert halves(center, replace(draft, student_ids=(center.id("Wei"),))) == []
    every_other_week(center, WEDNESDAY + WEEK, student_ids=(center.id("Priya"),))
    assert halves(center, draft) == []  # The place has its other half.


def test_a_series_being_changed_is_not_its_own_other_half(center: Center) -> None:
    every_other_week(center)
    with center.store.read() as session:
        entry_ids = frozenset(session.scalars(select(ScheduleEntry.id)))
    draft = center.draft(
        WEDNESDAY + WEEK, time(16), pattern=Pattern.WEEKLY, interval_weeks=2, occurrence_count=4,
        student_ids=(center.id("Priya"),),
    )  # fmt: skip
    assert halves(center, draft, entry_ids) == []


def halves(center: Center, draft: EntryDraft, without: frozenset[str] = frozenset()) -> list[str]:
    plan = plan_of(draft, "new", time_zone="America/New_York", buffer_minutes=15)
    with center.store.read() as session:
        found = halves_for_draft(session, center.organization_id, draft, plan, WEDNESDAY, without)
    return [one.series_id for one in found]


def test_what_is_over_does_not_count(center: Center) -> None:
    series_id = every_other_week(center)
    with center.store.read() as session:
        (whole,) = biweekly_series(session, center.organization_id, WEDNESDAY)
        (rest,) = biweekly_series(session, center.organization_id, WEDNESDAY + WEEK)
        assert half_used_places(session, center.organization_id, WEDNESDAY + 7 * WEEK) == []
    assert (whole.series_id, whole.first_day, whole.last_day) == (series_id, WEDNESDAY, WEDNESDAY + 6 * WEEK)
    assert (whole.tutor_id, whole.room_id) == (center.id("Patel"), center.id("Room A"))
    assert whole.student_ids == (center.id("Noah"),)
    assert rest.first_day == WEDNESDAY + 2 * WEEK


def test_without_bi_weekly_series_there_is_nothing_to_offer(center: Center) -> None:
    with center.store.read() as session:
        assert half_used_places(session, center.organization_id, WEDNESDAY) == []
