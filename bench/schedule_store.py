"""The conflicts of a crowded year from the encrypted store: explained, and those of one new series."""

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
from shared_models.schedule.conflict_lists import explained_conflicts
from shared_models.schedule.conflicts import Booking, conflicts_of, find_conflicts
from shared_models.schedule.drafts import EntryDraft, bookings_of_plan, plan_of
from shared_models.schedule.explained import ExplainedConflict, describe, explain
from shared_models.schedule.recurrence import Pattern, last_day_of_weeks

_SPAN = (FIRST_DAY, FIRST_DAY + timedelta(days=DAYS + 1))
_RUNS = 9
_COMPARED = 500
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
    """Every conflict with all that explains it, and then also said in a sentence, as a list of them all would."""
    explained = explained_conflicts(session, organization_id, *_SPAN)
    _compare_some(session, organization_id, explained)

    def read_only() -> None:
        connection = session.connection()
        for statement in (_BARE, *_BARE_LINKS):
            connection.exec_driver_sql(statement, {"organization": organization_id}).all()

    def explain_all() -> object:
        return explained_conflicts(session, organization_id, *_SPAN)

    def say_all() -> object:
        return [describe(one, one.conflict.first_id) for one in explained_conflicts(session, organization_id, *_SPAN)]

    bare = milliseconds(read_only, runs=_RUNS)
    return [
        Figure(
            f"the same from the encrypted store: all {len(explained):,} explained",
            milliseconds(explain_all, runs=_RUNS), "ms", 400,
            beside="bare reading of entries, rooms and students", beside_measured=bare,
        ),
        Figure(
            f"all {len(explained):,} explained and said in a sentence",
            milliseconds(say_all, runs=_RUNS), "ms", 400,
            beside="bare reading of entries, rooms and students", beside_measured=bare,
        ),
    ]  # fmt: skip


def _compare_some(session: Session, organization_id: str, explained: list[ExplainedConflict]) -> None:
    """The list has every conflict, and says of each what is said when only that one is explained."""
    found = find_conflicts(load_bookings(session, organization_id, *_SPAN))
    if {one.conflict for one in explained} != set(found) or len(explained) != len(found):
        raise AssertionError("the list does not have every conflict")
    listed = {one.conflict: one for one in explained}
    for alone in explain(session, organization_id, found[:: len(found) // _COMPARED]):
        one = listed[alone.conflict]
        for mine, other in ((one.first, alone.first), (one.second, alone.second)):
            if mine != other._replace(title=mine.title, series_id=mine.series_id):
                raise AssertionError(f"the list says {mine} where {other} is meant")
        for entry_id in (one.first.entry_id, one.second.entry_id):
            if describe(one, entry_id) != describe(alone, entry_id):
                raise AssertionError(f"the list says {describe(one, entry_id)}")


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
