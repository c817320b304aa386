"""The conflicts of a crowded year from the encrypted store: listed with names, and those of one new series."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path

from sqlalchemy.orm import Session

from bench.figures import Figure
from bench.schedule_rules import milliseconds
from bench.schedule_year import DAYS, FIRST_DAY, place_ids, store_with
from shared_models.schedule.bookings import conflicts_of_draft, load_bookings
from shared_models.schedule.conflict_lists import listed_conflicts
from shared_models.schedule.conflicts import Booking, conflicts_of, find_conflicts
from shared_models.schedule.drafts import EntryDraft, bookings_of_plan, plan_of
from shared_models.schedule.explained import describe
from shared_models.schedule.recurrence import Pattern, last_day_of_weeks

_SPAN = (FIRST_DAY, FIRST_DAY + timedelta(days=DAYS + 1))
_SCREENFUL = 100
_BARE = """
    SELECT id, starts_at, ends_at, blocked_until, tutor_id FROM schedule_entry
    WHERE organization_id = :organization AND archived_at IS NULL AND status <> 'CANCELLED' ORDER BY starts_at
"""
_BARE_LINKS = (
    "SELECT entry_id, room_id FROM entry_room WHERE organization_id = :organization AND archived_at IS NULL",
    "SELECT entry_id, student_id FROM attendee WHERE organization_id = :organization AND archived_at IS NULL",
)


def store_figures(year: list[Booking]) -> list[Figure]:
    """Write the year into an encrypted store and measure what the desk asks of it."""
    with tempfile.TemporaryDirectory() as folder:
        store = store_with(year, Path(folder))
        with store.read() as session:
            figures = [*_list_figures(session, store.organization_id), _series_figure(session, store.organization_id)]
        store.close()
    return figures


def _list_figures(session: Session, organization_id: str) -> list[Figure]:
    listed = listed_conflicts(session, organization_id, *_SPAN)
    if len(listed) != len(find_conflicts(load_bookings(session, organization_id, *_SPAN))):
        raise AssertionError("the list does not have every conflict")

    def look_at_the_first() -> object:
        found = listed_conflicts(session, organization_id, *_SPAN)
        for one in found[:_SCREENFUL]:
            describe(one.explained, one.conflict.first_id)
        return found

    def read_only() -> None:
        connection = session.connection()
        for statement in (_BARE, *_BARE_LINKS):
            connection.exec_driver_sql(statement, {"organization": organization_id}).all()

    def word_all() -> None:
        for one in listed_conflicts(session, organization_id, *_SPAN):
            describe(one.explained, one.conflict.first_id)

    return [
        Figure(
            f"the same from the encrypted store: {len(listed):,} listed with names, {_SCREENFUL} worded",
            milliseconds(look_at_the_first, runs=7), "ms", 400,
            beside="bare reading of entries, rooms and students",
            beside_measured=milliseconds(read_only, runs=7),
        ),
        Figure(
            f"all {len(listed):,} put into words at once",
            milliseconds(word_all, runs=3),
            "ms",
        ),
    ]  # fmt: skip


def _series_figure(session: Session, organization_id: str) -> Figure:
    ids = place_ids()
    first_day = date(2026, 8, 5)
    draft = EntryDraft(
        ids["location"], ids["service"], first_day, wall_time(17, 45), tutor_id=ids["tutor"],
        student_ids=(ids["student"],), room_ids=(ids["room"],), pattern=Pattern.WEEKLY,
        last_day=last_day_of_weeks(first_day, 52),
    )  # fmt: skip

    def check() -> int:
        plan = plan_of(draft, "new", time_zone="America/New_York", buffer_minutes=15)
        return len(conflicts_of_draft(session, organization_id, plan, draft))

    new = bookings_of_plan(plan_of(draft, "new", time_zone="America/New_York", buffer_minutes=15), draft)
    year = load_bookings(session, organization_id, datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    if check() != len(conflicts_of(new, year)):
        raise AssertionError("the indexed check and the comparison with the whole year disagree")
    return Figure(
        f"one new series of 52 against that year, {check()} conflicts", milliseconds(check, runs=15), "ms", 10,
        beside="against the year, already loaded", beside_measured=milliseconds(lambda: conflicts_of(new, year)),
    )  # fmt: skip
