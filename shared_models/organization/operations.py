"""What Settings changes of the center, its locations, rooms, hours and closures (product §2)."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared_models.base import TenantRow, new_id
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room


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
