"""Copies the sessions of one week to another: all of them or those a person has filtered, at the same weekday and
wall-clock time, without the days on which their location is closed (product §4, "Edits")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import new_id
from shared_models.organization.models import Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.conflicts import Conflict
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.operations import (
    CONTENT_FIELDS,
    Rates,
    Row,
    link_row,
    links_of,
    rates_of,
    write_rows,
)
from shared_models.schedule.series_rules import time_zone_of
from shared_models.schedule.terms import location_rules
from shared_models.schedule.times import instant_of, wall_clock_of, zone_of
from shared_models.sync.hook import ChangeRecorder

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SkippedCopy:
    """A session that was not copied, as its location is closed on ``day``."""

    entry_id: str
    day: date


@dataclass(frozen=True, slots=True)
class CopiedWeek:
    """The new entries in order of time, what was left out, and the conflicts of the new ones."""

    entry_ids: tuple[str, ...]
    skipped: tuple[SkippedCopy, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def copy_week(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    from_day: date,
    to_day: date,
    *,
    entry_ids: Collection[str] | None = None,
    make_id: Callable[[], str] = new_id,
) -> CopiedWeek:
    """Copy the week (from Monday) of ``from_day`` to the week of ``to_day``; with ``entry_ids`` only those of it.

    The copies are one-off entries at today's price and pay. Cancelled sessions are not copied; archived tutors,
    rooms and students are left out of the copies. A missing hour on the new day moves forward as `instant_of` does.
    """
    zone = zone_of(time_zone_of(session, organization_id))
    monday = from_day - timedelta(days=from_day.weekday())
    shift = to_day - timedelta(days=to_day.weekday()) - monday
    sources = [
        entry
        for entry in session.scalars(
            select(ScheduleEntry)
            .where(
                ScheduleEntry.organization_id == organization_id,
                ScheduleEntry.archived_at.is_(None),
                ScheduleEntry.status != EntryStatus.CANCELLED,
                ScheduleEntry.starts_at >= instant_of(monday, time(0), zone),
                ScheduleEntry.starts_at < instant_of(monday + _WEEK, time(0), zone),
            )
            .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
        )
        if entry_ids is None or entry.id in entry_ids
    ]
    places = location_rules(session, organization_id)
    skipped: list[SkippedCopy] = []
    copied: list[tuple[ScheduleEntry, str, datetime]] = []
    for source in sources:
        local = wall_clock_of(source.starts_at, zone) + shift
        place = places.get(source.location_id)
        if place is not None and any(local.date() in closure for closure in place.closures):
            skipped.append(SkippedCopy(source.id, local.date()))
        else:
            copied.append((source, make_id(), instant_of(local.date(), local.time(), zone)))
    _insert(session, recorder, organization_id, copied)
    session.flush()
    ids = [entry_id for _, entry_id, _ in copied]
    conflicts = open_conflicts(session, organization_id, conflicts_of_entries(session, organization_id, ids))
    return CopiedWeek(tuple(ids), tuple(skipped), tuple(conflicts))


def _insert(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    copied: Sequence[tuple[ScheduleEntry, str, datetime]],
) -> None:
    gone = _archived(session, organization_id)
    students: dict[str, list[str]] = defaultdict(list)
    rooms: dict[str, list[str]] = defaultdict(list)
    source_ids = [source.id for source, _, _ in copied]
    for attendee in links_of(session, organization_id, Attendee, source_ids):
        students[attendee.entry_id].append(attendee.student_id)
    for room in links_of(session, organization_id, EntryRoom, source_ids):
        rooms[room.entry_id].append(room.room_id)
    rates: dict[tuple[str, str, str | None], Rates] = {}
    entries: list[Row] = []
    attending: list[Row] = []
    taking: list[Row] = []
    for source, entry_id, starts_at in copied:
        tutor_id = None if source.tutor_id in gone else source.tutor_id
        key = (source.service_id, source.location_id, tutor_id)
        if key not in rates:
            rates[key] = rates_of(session, organization_id, *key)
        entries.append(
            {
                "organization_id": organization_id,
                "id": entry_id,
                **{name: getattr(source, name) for name in CONTENT_FIELDS},
                "tutor_id": tutor_id,
                "status": EntryStatus.SCHEDULED,
                "starts_at": starts_at,
                "ends_at": starts_at + (source.ends_at - source.starts_at),
                "blocked_until": starts_at + (source.blocked_until - source.starts_at),
                "hourly_price_cents": rates[key].price_cents,
                "hourly_pay_cents": rates[key].pay_cents,
            }
        )
        attending += [
            link_row(organization_id, entry_id, "student_id", student_id)
            for student_id in sorted(students[source.id])
            if student_id not in gone
        ]
        taking += [
            link_row(organization_id, entry_id, "room_id", room_id)
            for room_id in sorted(rooms[source.id])
            if room_id not in gone
        ]
    write_rows(session, recorder, ((ScheduleEntry, entries), (Attendee, attending), (EntryRoom, taking)))


def _archived(session: Session, organization_id: str) -> frozenset[str]:
    found: set[str] = set()
    for kind in (Tutor, Room, Student):
        found.update(
            session.scalars(
                select(kind.id).where(kind.organization_id == organization_id, kind.archived_at.is_not(None))
            )
        )
    return frozenset(found)
