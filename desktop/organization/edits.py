"""What Settings changes, as operations on a session: each makes or alters rows, none decides what is shown."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from shared_models.base import TenantRow, new_id
from shared_models.catalog.models import Level, Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.catalog.seed import service_offered_id
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.schedule.models import EntryStatus, ScheduleEntry

_BOOKED = (EntryStatus.SCHEDULED, EntryStatus.PENDING_PAYMENT)


def set_fields(session: Session, kind: type[TenantRow], organization_id: str, row_id: str, **values: object) -> None:
    """Set fields of one row. Raises LookupError when it is gone."""
    row = session.get(kind, (organization_id, row_id))
    if row is None:
        raise LookupError(f"no {kind.__tablename__} {row_id}")
    for name, value in values.items():
        setattr(row, name, value)


def archive(session: Session, kind: type[TenantRow], organization_id: str, row_id: str, *, now: datetime) -> None:
    """Hide a row everywhere; undo brings it back (product §2)."""
    set_fields(session, kind, organization_id, row_id, archived_at=now)


def set_hours(
    session: Session, organization_id: str, location_id: str, weekday: int, hours: tuple[time, time] | None,
    *, now: datetime,
) -> None:  # fmt: skip
    """Open a location on a weekday from and to wall-clock times, or close it (None).

    The day's first row is reused, further ones are archived: one span a day is what product §2 knows.
    """
    rows = session.scalars(
        select(OpeningHours)
        .where(
            OpeningHours.organization_id == organization_id,
            OpeningHours.location_id == location_id,
            OpeningHours.weekday == weekday,
        )
        .order_by(OpeningHours.archived_at.is_not(None), OpeningHours.opens)
    ).all()
    for row in rows[0 if hours is None else 1 :]:
        if row.archived_at is None:
            row.archived_at = now
    if hours is None:
        return
    if rows:
        rows[0].archived_at = None
        rows[0].opens, rows[0].closes = hours
    else:
        session.add(OpeningHours(organization_id=organization_id, id=new_id(), location_id=location_id,
                                 weekday=weekday, opens=hours[0], closes=hours[1]))  # fmt: skip


def add_location(session: Session, organization_id: str, name: str) -> str:
    """A new location after the others, in the organization's country; returns its id."""
    country = session.scalar(select(Organization.country).where(Organization.organization_id == organization_id))
    position = session.scalar(
        select(func.coalesce(func.max(Location.position), -1) + 1).where(Location.organization_id == organization_id)
    )
    row_id = new_id()
    session.add(Location(organization_id=organization_id, id=row_id, name=name, country=country or "US",
                         position=position or 0))  # fmt: skip
    return row_id


def add_room(session: Session, organization_id: str, location_id: str, name: str) -> str:
    """A new room after the others of the location; returns its id."""
    position = session.scalar(
        select(func.coalesce(func.max(Room.position), -1) + 1).where(
            Room.organization_id == organization_id, Room.location_id == location_id
        )
    )
    row_id = new_id()
    session.add(Room(organization_id=organization_id, id=row_id, location_id=location_id, name=name,
                     position=position or 0))  # fmt: skip
    return row_id


def add_closure(
    session: Session, organization_id: str, location_id: str | None, first_day: date, last_day: date, reason: str
) -> str:
    """Days off, both included; without a location for all of them. Returns the id."""
    row_id = new_id()
    session.add(Closure(organization_id=organization_id, id=row_id, location_id=location_id, first_day=first_day,
                        last_day=last_day, reason=reason))  # fmt: skip
    return row_id


def booked_count(session: Session, organization_id: str, service_id: str, location_ids: Collection[str],
                 now: datetime) -> int:  # fmt: skip
    """How many sessions are booked from now on with a service at some locations, and so keep their price."""
    booked = _booked(organization_id, service_id, location_ids, now)
    return session.scalar(select(func.count()).select_from(ScheduleEntry).where(*booked)) or 0


def set_price(
    session: Session, organization_id: str, service_id: str, location_id: str, cents: int,
    *, now: datetime, also_booked: bool = False,
) -> None:  # fmt: skip
    """Set the hourly price of a service at a location, in minor units.

    Booked sessions keep the price that was copied to them (product §4) unless ``also_booked`` is asked for.
    """
    offered = offer(session, organization_id, service_id, location_id)
    offered.hourly_price_cents = cents
    if also_booked:
        for entry in session.scalars(
            select(ScheduleEntry).where(*_booked(organization_id, service_id, [location_id], now))
        ):
            entry.hourly_price_cents = cents


def offer(session: Session, organization_id: str, service_id: str, location_id: str) -> ServiceOffered:
    """The service as the location offers it; made, or taken out of the archive, when it was not offered."""
    offered = session.scalars(
        select(ServiceOffered).where(
            ServiceOffered.organization_id == organization_id,
            ServiceOffered.service_id == service_id,
            ServiceOffered.location_id == location_id,
        ).order_by(ServiceOffered.archived_at.is_not(None))
    ).first()  # fmt: skip
    if offered is None:
        offered = ServiceOffered(
            organization_id=organization_id, id=service_offered_id(organization_id, service_id, location_id),
            service_id=service_id, location_id=location_id, hourly_price_cents=0, is_active=True,
        )  # fmt: skip
        session.add(offered)
    offered.archived_at = None
    offered.is_active = True
    return offered


def set_offered(session: Session, organization_id: str, service_id: str, location_ids: Collection[str],
                is_offered: bool) -> None:  # fmt: skip
    """Offer a service at some locations, or no longer; its prices stay for another time."""
    for location_id in location_ids:
        if is_offered:
            offer(session, organization_id, service_id, location_id)
            continue
        for row in session.scalars(
            select(ServiceOffered).where(
                ServiceOffered.organization_id == organization_id,
                ServiceOffered.service_id == service_id,
                ServiceOffered.location_id == location_id,
            )
        ):
            row.is_active = False


def copy_prices(session: Session, organization_id: str, source_id: str, target_id: str) -> int:
    """Give one location the offered services and prices of another; returns how many changed."""
    changed = 0
    for row in session.scalars(
        select(ServiceOffered).where(
            ServiceOffered.organization_id == organization_id,
            ServiceOffered.location_id == source_id,
            ServiceOffered.archived_at.is_(None),
            ServiceOffered.is_active,
        )
    ).all():
        target = offer(session, organization_id, row.service_id, target_id)
        if target.hourly_price_cents != row.hourly_price_cents:
            target.hourly_price_cents = row.hourly_price_cents
            changed += 1
    return changed


def add_service(
    session: Session, organization_id: str, name: str, service_format: ServiceFormat, level: Level | None,
    capacity: int, prices: dict[str, int],
) -> str:  # fmt: skip
    """A service of the organization's own, offered at the locations that have a price; returns its id."""
    position = session.scalar(
        select(func.coalesce(func.max(Service.position), -1) + 1).where(Service.organization_id == organization_id)
    )
    row_id = new_id()
    session.add(Service(organization_id=organization_id, id=row_id, name=name, format=service_format, level=level,
                        default_capacity=capacity, position=position or 0))  # fmt: skip
    session.flush()
    for location_id, cents in prices.items():
        offer(session, organization_id, row_id, location_id).hourly_price_cents = cents
    return row_id


def add_subject(session: Session, organization_id: str, name: str) -> str:
    """A subject of the organization's own; returns its id."""
    position = session.scalar(
        select(func.coalesce(func.max(Subject.position), -1) + 1).where(Subject.organization_id == organization_id)
    )
    row_id = new_id()
    session.add(Subject(organization_id=organization_id, id=row_id, name=name, position=position or 0))
    return row_id


def add_topic(session: Session, organization_id: str, subject_id: str, name: str) -> str:
    """A topic of the organization's own, last of its subject; returns its id."""
    position = session.scalar(
        select(func.coalesce(func.max(Topic.position), -1) + 1).where(
            Topic.organization_id == organization_id, Topic.subject_id == subject_id
        )
    )
    row_id = new_id()
    session.add(Topic(organization_id=organization_id, id=row_id, subject_id=subject_id, name=name,
                      position=position or 0))  # fmt: skip
    return row_id


def _booked(
    organization_id: str, service_id: str, location_ids: Collection[str], now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        ScheduleEntry.organization_id == organization_id,
        ScheduleEntry.service_id == service_id,
        ScheduleEntry.location_id.in_(location_ids),
        ScheduleEntry.archived_at.is_(None),
        ScheduleEntry.status.in_(_BOOKED),
        ScheduleEntry.starts_at >= now,
    )
