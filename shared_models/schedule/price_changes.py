"""A new price of a service, and the booked sessions that keep the old one (product §4, "Price")."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from shared_models.catalog.operations import offer
from shared_models.schedule.models import EntryStatus, ScheduleEntry

_BOOKED = (EntryStatus.SCHEDULED, EntryStatus.PENDING_PAYMENT)


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
