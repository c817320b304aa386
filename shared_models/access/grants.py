"""Giving users roles and locations, and taking them back: rows are archived and come back, never doubled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.base import derived_id


def set_roles(
    session: Session, organization_id: str, user_id: str, roles: Collection[Role], *, now: datetime
) -> None:
    """Make these the roles of a user, all others ending `now` (a UTC instant). OWNER is neither given nor taken here:
    every organization has exactly one (product §2)."""
    known = {
        row.role: row
        for row in session.scalars(
            select(UserRole).where(UserRole.organization_id == organization_id, UserRole.user_id == user_id)
        )
    }
    wanted = {role for role in roles if role is not Role.OWNER}
    for role in sorted(wanted - known.keys()):
        row_id = derived_id(user_id, role)
        session.add(UserRole(organization_id=organization_id, id=row_id, user_id=user_id, role=role))
    for row in known.values():
        if row.role is not Role.OWNER:
            _stand(row, row.role in wanted, now)


def set_locations(
    session: Session, organization_id: str, user_id: str, location_ids: Collection[str], *, now: datetime
) -> None:
    """Make these the locations that a user works at and sees, all others ending `now` (a UTC instant)."""
    known: dict[str, list[LocationAssignment]] = {}
    for row in session.scalars(
        select(LocationAssignment).where(
            LocationAssignment.organization_id == organization_id, LocationAssignment.user_id == user_id
        )
    ):
        known.setdefault(row.location_id, []).append(row)
    wanted = set(location_ids)
    for location_id in sorted(wanted - known.keys()):
        row_id = derived_id(user_id, location_id)
        session.add(
            LocationAssignment(organization_id=organization_id, id=row_id, user_id=user_id, location_id=location_id)
        )
    for location_id, rows in known.items():
        if location_id in wanted and any(row.archived_at is None for row in rows):
            continue
        # One of several is enough to come back; all of them go.
        for row in rows[:1] if location_id in wanted else rows:
            _stand(row, location_id in wanted, now)


def _stand(row: UserRole | LocationAssignment, is_wanted: bool, now: datetime) -> None:
    if is_wanted:
        row.archived_at = None
    elif row.archived_at is None:
        row.archived_at = now.replace(microsecond=0)
