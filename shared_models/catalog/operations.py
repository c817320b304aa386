"""What Settings changes of services, subjects and topics (product §3)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared_models.base import new_id
from shared_models.catalog.models import Level, Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.catalog.seed import service_offered_id


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
