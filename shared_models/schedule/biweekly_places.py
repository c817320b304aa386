"""Reads the bi-weekly series of an organization and what the rules in `matching` ask besides, so that the matching
half of a place can be offered (product §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared_models.organization.models import Organization
from shared_models.schedule.bookings import load_bookings
from shared_models.schedule.drafts import EntryDraft, Plan
from shared_models.schedule.matching import BiweeklySeries, MatchTerms, SeriesMatch, matching_series, unmatched
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series, SeriesPattern
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.slots import taken_spans
from shared_models.schedule.terms import tutor_rules

_EVERY_OTHER_WEEK = 2
_DRAFT = "draft"
_Link = TypeVar("_Link", Attendee, EntryRoom)


def half_used_places(
    session: Session, organization_id: str, from_day: date
) -> list[tuple[BiweeklySeries, list[SeriesMatch]]]:
    """The bi-weekly series with empty weeks from ``from_day`` on, each with the series that fit them, best first."""
    every = biweekly_series(session, organization_id, from_day)
    if not every:
        return []
    terms = match_terms(session, organization_id, every, from_day)
    return [(series, matching_series(series, every, terms)) for series in unmatched(every, from_day)]


def halves_for_draft(
    session: Session,
    organization_id: str,
    draft: EntryDraft,
    plan: Plan,
    from_day: date,
    without: AbstractSet[str] = frozenset(),
) -> list[BiweeklySeries]:
    """The bi-weekly series that fit the empty weeks of a draft from ``from_day`` on, the one that changes least
    first. None unless the draft is for every other week; ``without`` names the entries that it replaces."""
    own = _of_draft(draft, plan, _series_of(session, organization_id, without) or _DRAFT)
    if not own:
        return []
    first = max(from_day, min(one.first_day for one in own))
    others = [
        one
        for one in biweekly_series(session, organization_id, first)
        if one.location_id == draft.location_id and one.series_id != own[0].series_id
    ]
    if not others:
        return []
    terms = match_terms(session, organization_id, own, first)
    every = [*own, *others]
    fitting = dict.fromkeys(match.series_id for one in own for match in matching_series(one, every, terms))
    by_id = {one.series_id: one for one in reversed(others)}
    return [by_id[series_id] for series_id in fitting]


def _of_draft(draft: EntryDraft, plan: Plan, series_id: str) -> list[BiweeklySeries]:
    """A draft as a series for each of its weekdays; nothing for another pattern."""
    if draft.pattern is not Pattern.WEEKLY or draft.interval_weeks != _EVERY_OTHER_WEEK:
        return []
    days: dict[int, list[date]] = defaultdict(list)
    for planned in plan.sessions:
        days[planned.day.weekday()].append(planned.day)
    subject = None if draft.subject_id is None else (draft.subject_id, draft.topic_id)
    return [
        BiweeklySeries(
            series_id, draft.location_id, of_weekday[0], of_weekday[-1], draft.start, draft.duration_minutes,
            draft.tutor_id, next(iter(draft.room_ids), None), subject, draft.student_ids,
        )
        for of_weekday in days.values()
    ]  # fmt: skip


def _series_of(session: Session, organization_id: str, entry_ids: AbstractSet[str]) -> str | None:
    entry_id = next(iter(entry_ids), None)
    entry = session.get(ScheduleEntry, (organization_id, entry_id)) if entry_id is not None else None
    return entry.series_id if entry is not None else None


def biweekly_series(session: Session, organization_id: str, from_day: date) -> list[BiweeklySeries]:
    """The series that take place every other week and are not over, one for each of their weekdays.

    Days, students and rooms are those of their live sessions from ``from_day`` on, in order of the first day.
    """
    entry = ScheduleEntry
    live = _live(organization_id, from_day)
    days: dict[str, dict[int, list[date]]] = defaultdict(lambda: defaultdict(list))
    for series_id, day in session.execute(
        select(entry.series_id, entry.series_day)
        .join(Series, _of_series())
        .where(*live, entry.series_day.is_not(None))
        .order_by(entry.series_day)
    ):
        if series_id is not None and day is not None:
            days[series_id][day.weekday()].append(day)
    students = _linked(session, Attendee, Attendee.student_id, live)
    rooms = _linked(session, EntryRoom, EntryRoom.room_id, live)
    made = []
    for series in session.scalars(
        select(Series).where(Series.organization_id == organization_id, Series.id.in_(days))
    ):
        subject = None if series.subject_id is None else (series.subject_id, series.topic_id)
        made += [
            BiweeklySeries(
                series.id, series.location_id, of_weekday[0], of_weekday[-1], series.start_time,
                series.duration_minutes, series.tutor_id, next(iter(rooms[series.id]), None), subject,
                tuple(students[series.id]),
            )
            for of_weekday in days[series.id].values()
        ]  # fmt: skip
    return sorted(made, key=lambda one: (one.first_day, one.start, one.series_id))


def match_terms(session: Session, organization_id: str, every: list[BiweeklySeries], from_day: date) -> MatchTerms:
    """What tutors teach, and when people and rooms are taken, while any of the given series lasts."""
    time_zone = select(Organization.time_zone).where(Organization.organization_id == organization_id)
    first = datetime.combine(from_day, time(), UTC) - timedelta(days=1)
    last_day = max((one.last_day for one in every), default=from_day)
    last = datetime.combine(last_day, time(), UTC) + timedelta(days=2)
    bookings = load_bookings(session, organization_id, first, last)
    rules = tutor_rules(session, organization_id, {one.tutor_id for one in every if one.tutor_id is not None})
    taught = {tutor_id: theirs.taught for tutor_id, theirs in rules.items()}
    return MatchTerms(session.scalars(time_zone).one(), from_day, taught, taken_spans(bookings))


def _of_series() -> ColumnElement[bool]:
    return and_(
        Series.organization_id == ScheduleEntry.organization_id,
        Series.id == ScheduleEntry.series_id,
        Series.pattern == SeriesPattern.WEEKLY,
        Series.interval_weeks == _EVERY_OTHER_WEEK,
        Series.archived_at.is_(None),
    )


def _live(organization_id: str, from_day: date) -> tuple[ColumnElement[bool], ...]:
    return (
        ScheduleEntry.organization_id == organization_id,
        ScheduleEntry.archived_at.is_(None),
        ScheduleEntry.status != EntryStatus.CANCELLED,
        ScheduleEntry.series_day >= from_day,
    )


def _linked(
    session: Session, kind: type[_Link], thing: InstrumentedAttribute[str], live: tuple[ColumnElement[bool], ...]
) -> dict[str, list[str]]:
    """The students, or the rooms, of each series, those of most sessions first."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = session.execute(
        select(ScheduleEntry.series_id, thing)
        .join(Series, _of_series())
        .join(
            kind,
            and_(
                kind.organization_id == ScheduleEntry.organization_id,
                kind.entry_id == ScheduleEntry.id,
                kind.archived_at.is_(None),
            ),
        )
        .where(*live)
        .group_by(ScheduleEntry.series_id, thing)
        .order_by(func.count().desc(), thing)
    )
    for series_id, thing_id in rows:
        if series_id is not None:
            found[series_id].append(thing_id)
    return found
