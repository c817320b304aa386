"""Devices: who stands behind a token, which roles that user holds now, and the end of a device's access."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import Role, UserRole
from sync_server.database import Actor, Database
from sync_server.models import Device

_SEEN_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who stands behind a request, read from its token."""

    organization_id: str
    user_id: str
    device_id: str

    @property
    def actor(self) -> Actor:
        """The same, for the audit history."""
        return Actor(self.user_id, self.device_id)


def identify(database: Database, token: str, now: datetime) -> DeviceIdentity | None:
    """Who shows this token; None when it is unknown or revoked."""
    with database.routing() as session:
        device = session.scalars(
            select(Device).where(Device.token_hash == token_hash(token), Device.revoked_at.is_(None))
        ).one_or_none()
        if device is None:
            return None
        if device.last_seen_at is None or now - device.last_seen_at > _SEEN_STEP:
            device.last_seen_at = now
        return DeviceIdentity(device.organization_id, device.user_id, device.id)


def revoke_device(database: Database, organization_id: str, device_id: str, now: datetime) -> bool:
    """End a device's token at once; False when the organization has no such device."""
    with database.routing() as session:
        device = session.get(Device, (device_id, organization_id))
        if device is None:
            return False
        device.revoked_at = now
        return True


def roles_of(session: Session, organization_id: str, user_id: str) -> frozenset[Role]:
    """The roles a user holds now."""
    return frozenset(
        session.scalars(
            select(UserRole.role).where(
                UserRole.organization_id == organization_id,
                UserRole.user_id == user_id,
                UserRole.archived_at.is_(None),
            )
        )
    )


def token_hash(token: str) -> str:
    """The form in which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
