"""What a location and a tutor say about when sessions may take place, read from the tables for the pure rules in
`flags` and `recurrence`: time zone, buffer, grid, opening hours, closures, availability."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from shared_models.organization.models import Closure as ClosureRow
from shared_models.organization.models import Location, OpeningHours, Organization, Room
from shared_models.people.models import (
    Tutor,
    TutorAvailability,
    TutorException,
    TutorLocation,
    TutorSubject,
    TutorTimeOff,
)
from shared_models.schedule.drafts import EntryDraft, Plan
from shared_models.schedule.flags import (
    MINUTES_OF_A_DAY,
    AvailabilityException,
    EntryFacts,
    EntryFlag,
    LocationRules,
    Span,
    TutorRules,
    flags_of,
)
from shared_models.schedule.models import Attendee, EntryStatus, ScheduleEntry
from shared_models.schedule.recurrence import Closure
from shared_models.schedule.times import minutes_of, wall_clock_of, zone_of

_TutorRow = TypeVar("_TutorRow", TutorLocation, TutorSubject, TutorAvailability, TutorException, TutorTimeOff)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every entry at one location. ``room_ids`` are in the order in which they are offered."""

    time_zone: str
    buffer_minutes: int
    grid_minutes: int
    location_id: str
    rules: LocationRules
    room_ids: tuple[str, ...] = ()

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.time_zone)

    @property
    def closures(self) -> tuple[Closure, ...]:
        return self.rules.closures


def terms_of(session: Session, organization_id: str, location_id: str) -> Terms:
    """The terms of one location. Raises LookupError when the organization does not exist."""
    row = session.execute(
        select(Organization.time_zone, Organization.default_buffer_minutes, Organization.start_grid_minutes).where(
            Organization.organization_id == organization_id
        )
    ).one_or_none()
    if row is None:
        raise LookupError(f"no organization {organization_id}")
    rooms = session.scalars(
        select(Room.id)
        .where(
            Room.organization_id == organization_id,
            Room.location_id == location_id,
            Room.archived_at.is_(None),
        )
        .order_by(Room.position, Room.name)
    )
    rules = location_rules(session, organization_id)
    return Terms(
        time_zone=row[0],
        buffer_minutes=row[1],
        grid_minutes=row[2],
        location_id=location_id,
        rules=rules.get(location_id, LocationRules()),
        room_ids=tuple(rooms),
    )


def location_rules(session: Session, organization_id: str) -> dict[str, LocationRules]:
    """Opening hours and closures of every live location; a closure without a location holds for each."""
    location_ids = session.scalars(
        select(Location.id).where(Location.organization_id == organization_id, Location.archived_at.is_(None))
    ).all()
    hours: dict[str, dict[int, tuple[Span, ...]]] = defaultdict(dict)
    for location_id, weekday, opens, closes in session.execute(
        select(OpeningHours.location_id, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes).where(
            OpeningHours.organization_id == organization_id, OpeningHours.archived_at.is_(None)
        )
    ):
        spans = hours[location_id].get(weekday, ())
        hours[location_id][weekday] = (*spans, (minutes_of(opens), _closing(closes)))
    closures: dict[str | None, list[Closure]] = defaultdict(list)
    for place, first_day, last_day in session.execute(
        select(ClosureRow.location_id, ClosureRow.first_day, ClosureRow.last_day).where(
            ClosureRow.organization_id == organization_id, ClosureRow.archived_at.is_(None)
        )
    ):
        closures[place].append(Closure(first_day, last_day))
    return {
        location_id: LocationRules(
            opening_hours=dict(hours[location_id]) if location_id in hours else None,
            closures=(*closures[None], *closures[location_id]),
        )
        for location_id in location_ids
    }


def tutor_rules(
    session: Session, organization_id: str, tutor_ids: Collection[str] | None = None
) -> dict[str, TutorRules]:
    """Where, what and when live tutors teach; all of them when no ids are given."""

    def of_tutors(kind: type[_TutorRow]) -> tuple[ColumnElement[bool], ...]:
        conditions = [kind.organization_id == organization_id, kind.archived_at.is_(None)]
        if tutor_ids is not None:
            conditions.append(kind.tutor_id.in_(tutor_ids))
        return tuple(conditions)

    found = session.scalars(
        select(Tutor.id).where(
            Tutor.organization_id == organization_id,
            Tutor.archived_at.is_(None),
            *(() if tutor_ids is None else (Tutor.id.in_(tutor_ids),)),
        )
    ).all()
    locations: dict[str, set[str]] = defaultdict(set)
    for tutor_id, location_id in session.execute(
        select(TutorLocation.tutor_id, TutorLocation.location_id).where(*of_tutors(TutorLocation))
    ):
        locations[tutor_id].add(location_id)
    taught: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    for tutor_id, subject_id, topic_id in session.execute(
        select(TutorSubject.tutor_id, TutorSubject.subject_id, TutorSubject.topic_id).where(*of_tutors(TutorSubject))
    ):
        taught[tutor_id].add((subject_id, topic_id))
    weekly: dict[str, dict[tuple[str | None, int], tuple[Span, ...]]] = defaultdict(dict)
    available = TutorAvailability
    for tutor_id, place, weekday, starts, ends in session.execute(
        select(available.tutor_id, available.location_id, available.weekday, available.starts, available.ends).where(
            *of_tutors(available)
        )
    ):
        known = weekly[tutor_id].get((place, weekday), ())
        weekly[tutor_id][place, weekday] = (*known, (minutes_of(starts), _closing(ends)))
    exceptions: dict[str, list[AvailabilityException]] = defaultdict(list)
    for row in session.scalars(select(TutorException).where(*of_tutors(TutorException))):
        span = (0, MINUTES_OF_A_DAY)
        if row.starts is not None and row.ends is not None:
            span = (minutes_of(row.starts), _closing(row.ends))
        exceptions[row.tutor_id].append(AvailabilityException(row.on_date, row.is_available, span, row.location_id))
    absences: dict[str, list[Closure]] = defaultdict(list)
    for tutor_id, first_day, last_day in session.execute(
        select(TutorTimeOff.tutor_id, TutorTimeOff.first_day, TutorTimeOff.last_day).where(*of_tutors(TutorTimeOff))
    ):
        absences[tutor_id].append(Closure(first_day, last_day))
    return {
        tutor_id: TutorRules(
            location_ids=frozenset(locations[tutor_id]),
            taught=frozenset(taught[tutor_id]),
            weekly=weekly[tutor_id],
            exceptions=tuple(exceptions[tutor_id]),
            time_off=tuple(absences[tutor_id]),
        )
        for tutor_id in found
    }


def flags_of_plan(
    plan: Plan, draft: EntryDraft, terms: Terms, tutor: TutorRules | None
) -> dict[str, frozenset[EntryFlag]]:
    """The flags of each session of a draft that has any, by entry id."""
    flagged = {}
    for session in plan.sessions:
        facts = facts_of(
            draft.location_id, session.starts_at, session.ends_at, terms.zone,
            attendee_count=len(draft.student_ids), capacity=draft.capacity,
            subject_id=draft.subject_id, topic_id=draft.topic_id,
        )  # fmt: skip
        if flags := flags_of(facts, terms.rules, tutor):
            flagged[session.entry_id] = flags
    return flagged


def flags_of_entries(
    session: Session, organization_id: str, first: datetime, last: datetime
) -> dict[str, frozenset[EntryFlag]]:
    """The flags of every live entry that starts in ``[first, last)``, by entry id; entries without any are left out.

    Cancelled entries are not flagged.
    """
    zone = zone_of(session.scalars(
        select(Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one())  # fmt: skip
    counts = (
        select(func.count())
        .select_from(Attendee)
        .where(
            Attendee.organization_id == organization_id,
            Attendee.entry_id == ScheduleEntry.id,
            Attendee.archived_at.is_(None),
        )
        .correlate(ScheduleEntry)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            ScheduleEntry.id, ScheduleEntry.location_id, ScheduleEntry.tutor_id, ScheduleEntry.starts_at,
            ScheduleEntry.ends_at, ScheduleEntry.capacity, ScheduleEntry.subject_id, ScheduleEntry.topic_id, counts,
        ).where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.starts_at >= first,
            ScheduleEntry.starts_at < last,
            ScheduleEntry.archived_at.is_(None),
            ScheduleEntry.status != EntryStatus.CANCELLED,
        )
    ).all()  # fmt: skip
    places_rules = location_rules(session, organization_id)
    tutors = tutor_rules(session, organization_id, {row[2] for row in rows if row[2] is not None})
    flagged = {}
    for entry_id, location_id, tutor_id, starts_at, ends_at, capacity, subject_id, topic_id, attending in rows:
        facts = facts_of(
            location_id, starts_at, ends_at, zone,
            attendee_count=attending, capacity=capacity, subject_id=subject_id, topic_id=topic_id,
        )  # fmt: skip
        if flags := flags_of(facts, places_rules.get(location_id), tutors.get(tutor_id)):
            flagged[entry_id] = flags
    return flagged


def facts_of(
    location_id: str,
    starts_at: datetime,
    ends_at: datetime,
    zone: tzinfo,
    *,
    attendee_count: int = 0,
    capacity: int | None = None,
    subject_id: str | None = None,
    topic_id: str | None = None,
) -> EntryFacts:
    """What the flags look at, from the UTC instants of an entry."""
    local = wall_clock_of(starts_at, zone)
    starts = minutes_of(local.time())
    length = int((ends_at - starts_at).total_seconds()) // 60
    return EntryFacts(
        location_id, local.date(), (starts, starts + length), attendee_count, capacity, subject_id, topic_id
    )


def _closing(closes: time) -> int:
    """A closing time as the end of a span; midnight is the end of the day, not its beginning."""
    return minutes_of(closes) or MINUTES_OF_A_DAY
