"""Makes schedule entries and changes single ones: saves a draft with its price and pay, copies an entry, sets
attendance and status. What reaches over a whole series is in `series_operations`.

Nothing is refused because of a conflict (product §4); ids and the present moment are handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import TenantRow, derived_id
from shared_models.catalog.models import ServiceOffered
from shared_models.people.models import Tutor, TutorLocation
from shared_models.schedule.drafts import EntryDraft, Plan, PlannedSession, plan_of
from shared_models.schedule.errors import NoSuchEntry, NotAllowedNow, UnusableDraft
from shared_models.schedule.lifecycle import check_transition
from shared_models.schedule.models import (
    Attendance,
    Attendee,
    EntryRoom,
    EntryStatus,
    ScheduleEntry,
    Series,
    SeriesPattern,
)
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.terms import Terms, terms_of
from shared_models.sync.hook import ChangeRecorder

CONTENT_FIELDS = (
    "location_id", "service_id", "subject_id", "topic_id", "product_id", "tutor_id", "capacity", "is_online",
    "web_link", "needs_projector", "supplies", "other_resources",
)  # fmt: skip
"""What a copy of an entry takes over, besides its length, students and rooms."""

Row = dict[str, Any]
_Link = TypeVar("_Link", Attendee, EntryRoom)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What came of a draft: the entries in order, and the series when there is one."""

    entry_ids: tuple[str, ...]
    series_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Hourly price and hourly pay in minor units, as they are copied to an entry (product §4)."""

    price_cents: int = 0
    pay_cents: int = 0


def schedule_entries(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    draft: EntryDraft,
    *,
    new_id: str,
) -> Scheduled:
    """Save a draft as one entry or as a series with all its entries (product §4).

    ``new_id`` becomes the id of the entry or of the series; the entries of a series derive theirs from it and their
    day. With a recorder many rows are written at once, without one through the session. Price and pay are copied
    from the service offered at the location and from the tutor. Raises UnusableDraft when no session is left.
    """
    terms = terms_of(session, organization_id, draft.location_id)
    plan = checked_plan(draft, new_id, terms)
    rates = rates_of(session, organization_id, draft.service_id, draft.location_id, draft.tutor_id)
    series_id = None
    if draft.is_series:
        series_id = new_id
        session.add(Series(organization_id=organization_id, id=new_id, **series_fields(draft, plan)))
        session.flush()
    insert_sessions(session, recorder, organization_id, draft, plan.sessions, series_id, rates)
    return Scheduled(tuple(planned.entry_id for planned in plan.sessions), series_id)


def checked_plan(draft: EntryDraft, owner_id: str, terms: Terms) -> Plan:
    """The plan of a draft under the terms of its location. Raises UnusableDraft with a sentence for the person."""
    try:
        plan = plan_of(
            draft, owner_id,
            time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures,
        )  # fmt: skip
    except ValueError as error:
        raise UnusableDraft(f"This cannot be scheduled: {error}.") from error
    if not plan.sessions:
        raise UnusableDraft("No session is left on these days. Choose other days or a later end.")
    return plan


def rates_of(
    session: Session, organization_id: str, service_id: str, location_id: str, tutor_id: str | None
) -> Rates:
    """The hourly price of the service at the location, and the tutor's hourly pay there or else in general."""
    price = session.scalar(
        select(ServiceOffered.hourly_price_cents).where(
            ServiceOffered.organization_id == organization_id,
            ServiceOffered.service_id == service_id,
            ServiceOffered.location_id == location_id,
            ServiceOffered.archived_at.is_(None),
        )
    )
    pay = None
    if tutor_id is not None:
        pay = session.scalar(
            select(TutorLocation.hourly_pay_cents).where(
                TutorLocation.organization_id == organization_id,
                TutorLocation.tutor_id == tutor_id,
                TutorLocation.location_id == location_id,
                TutorLocation.archived_at.is_(None),
            )
        )
        if pay is None:
            pay = session.scalar(
                select(Tutor.hourly_pay_cents).where(Tutor.organization_id == organization_id, Tutor.id == tutor_id)
            )
    return Rates(price or 0, pay or 0)


def series_fields(draft: EntryDraft, plan: Plan) -> Row:
    """The columns of a series from a draft.

    When single closed days are kept, the others are written as skipped days, since a series itself only knows
    whether it skips all closures.
    """
    keeps_some = draft.skips_closures and bool(draft.kept_days)
    skipped = set(draft.skipped_days) | (set(plan.closed_days) if keeps_some else set())
    weekly = draft.pattern is Pattern.WEEKLY
    return {
        "pattern": SeriesPattern.WEEKLY if weekly else SeriesPattern.DAILY,
        "weekdays": sorted(draft.weekdays or {draft.first_day.weekday()}) if weekly else [],
        "interval_weeks": draft.interval_weeks,
        "first_day": draft.first_day,
        "last_day": draft.last_day,
        "occurrence_count": draft.occurrence_count,
        "start_time": draft.start,
        "duration_minutes": draft.duration_minutes,
        "has_buffer": draft.has_buffer,
        "skips_closures": draft.skips_closures and not keeps_some,
        "daily_hours": {
            day.isoformat(): [hours.start.strftime("%H:%M"), hours.duration_minutes]
            for day, hours in sorted(draft.hours_by_day.items())
        },
        "skipped_days": [day.isoformat() for day in sorted(skipped)],
        "location_id": draft.location_id,
        "service_id": draft.service_id,
        "subject_id": draft.subject_id,
        "topic_id": draft.topic_id,
        "product_id": draft.product_id,
        "tutor_id": draft.tutor_id,
        "capacity": draft.capacity,
        "is_online": draft.is_online,
    }


def insert_sessions(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    draft: EntryDraft,
    sessions: Sequence[PlannedSession],
    series_id: str | None,
    rates: Rates,
) -> None:
    """Write the entries of planned sessions with their attendees and rooms."""
    common: Row = {
        "organization_id": organization_id,
        "series_id": series_id,
        "location_id": draft.location_id,
        "service_id": draft.service_id,
        "subject_id": draft.subject_id,
        "topic_id": draft.topic_id,
        "product_id": draft.product_id,
        "tutor_id": draft.tutor_id,
        "capacity": draft.capacity,
        "is_online": draft.is_online,
        "status": EntryStatus.SCHEDULED,
        "hourly_price_cents": rates.price_cents,
        "hourly_pay_cents": rates.pay_cents,
        "web_link": draft.web_link,
        "needs_projector": draft.needs_projector,
        "supplies": draft.supplies,
        "other_resources": draft.other_resources,
    }
    entries = [
        {
            **common,
            "id": planned.entry_id,
            "series_day": planned.day if series_id is not None else None,
            "starts_at": planned.starts_at,
            "ends_at": planned.ends_at,
            "blocked_until": planned.blocked_until,
        }
        for planned in sessions
    ]
    attendees = [
        link_row(organization_id, planned.entry_id, "student_id", student_id)
        for planned in sessions
        for student_id in draft.student_ids
    ]
    rooms = [
        link_row(organization_id, planned.entry_id, "room_id", room_id)
        for planned in sessions
        for room_id in planned.room_ids
    ]
    write_rows(session, recorder, ((ScheduleEntry, entries), (Attendee, attendees), (EntryRoom, rooms)))


def link_row(organization_id: str, entry_id: str, column: str, thing_id: str) -> Row:
    """An attendee or a room of an entry; the id derives from both, so that adding twice makes one row."""
    return {
        "organization_id": organization_id,
        "id": derived_id(entry_id, thing_id),
        "entry_id": entry_id,
        column: thing_id,
    }


def entry_of(session: Session, organization_id: str, entry_id: str) -> ScheduleEntry:
    """The entry as an object. Raises NoSuchEntry."""
    entry = session.get(ScheduleEntry, (organization_id, entry_id))
    if entry is None:
        raise NoSuchEntry(entry_id)
    return entry


def copy_entry(
    session: Session, organization_id: str, entry_id: str, *, new_entry_id: str, starts_at: datetime
) -> str:
    """A one-off entry like another one at another time (UTC), with today's price and pay. Returns its id."""
    source = entry_of(session, organization_id, entry_id)
    shift = starts_at - source.starts_at
    rates = rates_of(session, organization_id, source.service_id, source.location_id, source.tutor_id)
    session.add(
        ScheduleEntry(
            organization_id=organization_id,
            id=new_entry_id,
            **{name: getattr(source, name) for name in CONTENT_FIELDS},
            starts_at=starts_at,
            ends_at=source.ends_at + shift,
            blocked_until=source.blocked_until + shift,
            hourly_price_cents=rates.price_cents,
            hourly_pay_cents=rates.pay_cents,
        )
    )
    for attendee in links_of(session, organization_id, Attendee, [entry_id]):
        session.add(Attendee(**link_row(organization_id, new_entry_id, "student_id", attendee.student_id)))
    for room in links_of(session, organization_id, EntryRoom, [entry_id]):
        session.add(EntryRoom(**link_row(organization_id, new_entry_id, "room_id", room.room_id)))
    return new_entry_id


def set_attendance(
    session: Session,
    organization_id: str,
    entry_id: str,
    student_id: str,
    attendance: Attendance | None,
    *,
    now: datetime,
) -> None:
    """Note whether an attendee came; None takes the note back. Raises NoSuchEntry when they do not attend, and
    NotAllowedNow when the session was cancelled."""
    if attendance is not None and entry_of(session, organization_id, entry_id).status is EntryStatus.CANCELLED:
        raise NotAllowedNow("This session was cancelled, so nobody attended. Bring it back first.")
    attendee = session.get(Attendee, (organization_id, derived_id(entry_id, student_id)))
    if attendee is None or attendee.archived_at is not None:
        raise NoSuchEntry(entry_id)
    if attendee.attendance is attendance:
        return
    attendee.attendance = attendance
    attendee.attendance_at = None if attendance is None else now


def set_status(
    session: Session, organization_id: str, entry_id: str, status: EntryStatus, *, now: datetime | None = None
) -> None:
    """Bring an entry along its lifecycle (product §4); cancelling is `series_operations.cancel_entry`, and bringing
    back `restore_entry`.

    Raises NotAllowedNow, with the reason and the way, for a step that the lifecycle does not know, or, given ``now``,
    for one that cannot be taken before the session begins.
    """
    if status is EntryStatus.CANCELLED:
        raise ValueError("cancel_entry cancels: it notes who, when and why")
    entry = entry_of(session, organization_id, entry_id)
    if entry.status is EntryStatus.CANCELLED:
        raise NotAllowedNow("This session was cancelled. Bring it back first.")
    check_transition(entry.status, status, has_begun=now is None or entry.starts_at <= now)
    entry.status = status


def write_report(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    done: str,
    homework: str = "",
    next_steps: str = "",
    is_shared: bool = False,
) -> None:
    """A tutor's report: what was done, homework, next steps; parents see it only when it is shared (product §4).
    Raises NotAllowedNow for a cancelled entry."""
    entry = entry_of(session, organization_id, entry_id)
    if entry.status is EntryStatus.CANCELLED:
        raise NotAllowedNow("This session was cancelled, so there is nothing to report. Bring it back first.")
    entry.report_done = done.strip()
    entry.report_homework = homework.strip()
    entry.report_next_steps = next_steps.strip()
    entry.report_is_shared = is_shared


def links_of(
    session: Session,
    organization_id: str,
    kind: type[_Link],
    entry_ids: Collection[str],
    *,
    with_archived: bool = False,
) -> Sequence[_Link]:
    """The attendees, or the rooms, of entries."""
    statement = select(kind).where(kind.organization_id == organization_id, kind.entry_id.in_(entry_ids))
    if not with_archived:
        statement = statement.where(kind.archived_at.is_(None))
    return session.scalars(statement).all()


def set_links(
    session: Session,
    organization_id: str,
    kind: type[_Link],
    wanted: Mapping[str, Iterable[str]],
    *,
    now: datetime,
) -> None:
    """Give each entry exactly the wanted students, or rooms: missing ones are added, others archived.

    ``wanted`` maps entry ids to student or room ids. A row that was archived before lives again.
    """
    column = "student_id" if kind is Attendee else "room_id"
    known = {
        (row.entry_id, getattr(row, column)): row
        for row in links_of(session, organization_id, kind, list(wanted), with_archived=True)
    }
    asked = {(entry_id, thing_id) for entry_id, thing_ids in wanted.items() for thing_id in thing_ids}
    for entry_id, thing_id in sorted(asked - known.keys()):
        session.add(kind(**link_row(organization_id, entry_id, column, thing_id)))
    for key, row in known.items():
        if key in asked and row.archived_at is not None:
            row.archived_at = None
        elif key not in asked and row.archived_at is None:
            row.archived_at = now


def write_rows(
    session: Session, recorder: ChangeRecorder | None, tables: Iterable[tuple[type[TenantRow], Sequence[Row]]]
) -> None:
    """Insert rows table by table, all at once with a recorder, through the session without one."""
    for kind, rows in tables:
        if recorder is None:
            session.add_all(kind(**row) for row in rows)
        else:
            recorder.insert_rows(session, kind, rows)
