"""Devices: who stands behind a token, which roles that user holds now, which life of its store a device is, and the
end of a device's access."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from shared_models.access.conditions import Viewer
from shared_models.access.models import Role, UserRole
from shared_models.base import new_id
from sync_server.database import Actor, Database
from sync_server.models import Device

_SEEN_STEP = timedelta(minutes=5)

REVOKED_CHANNEL = "device_revoked"
"""NOTIFY channel on which a device's end is told to every process."""


class DeviceState(Enum):
    """Why no device stands behind a token."""

    UNKNOWN = "unknown"
    REVOKED = "revoked"


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


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """Everything that a request of the sync begins with, read by one query: the device, what its user is, and how far
    the organization is."""

    device: DeviceIdentity
    is_revoked: bool
    is_suspended: bool
    """Whether the host has suspended the organization."""
    is_fresh: bool
    """Whether the device was noted as seen a short while ago."""
    lineage: str | None
    lineage_before: str | None
    viewer: Viewer
    last_seq: int
    epoch: str
    restored_at_seq: int | None


DEVICE_SESSION: Final = (
    "SELECT organization_id, user_id, device_id, is_revoked, is_suspended, is_fresh, lineage, lineage_before, roles, "
    "location_ids, tutor_ids, last_seq, epoch, restored_at_seq FROM device_session(%s, %s)"
)
"""Takes a token's hash, and whether to hold the organization's counter. Until the transaction ends it also enters the
tenant."""


def device_session(cursor: Any, token: str, *, locks: bool = False) -> DeviceSession | Literal[DeviceState.UNKNOWN]:
    """Who stands behind a token, by one query on a psycopg cursor; `locks` holds the organization's counter."""
    cursor.execute(DEVICE_SESSION, (token_hash(token), locks))
    row = cursor.fetchone()
    if row is None:
        return DeviceState.UNKNOWN
    return DeviceSession(
        DeviceIdentity(row[0], row[1], row[2]), row[3], row[4], row[5], row[6], row[7],
        Viewer(frozenset(map(Role, row[8])), row[1], frozenset(row[9]), frozenset(row[10])),
        row[11], row[12], row[13],
    )  # fmt: skip


def identify(
    database: Database, token: str, now: datetime
) -> DeviceIdentity | Literal[DeviceState.UNKNOWN, DeviceState.REVOKED]:
    """Who shows this token."""
    with database.routing() as session:
        device = session.scalars(select(Device).where(Device.token_hash == token_hash(token))).one_or_none()
        if device is None:
            return DeviceState.UNKNOWN
        if device.revoked_at is not None:
            return DeviceState.REVOKED
        if device.last_seen_at is None or now - device.last_seen_at > _SEEN_STEP:
            device.last_seen_at = now
        return DeviceIdentity(device.organization_id, device.user_id, device.id)


def revoke_device(database: Database, organization_id: str, device_id: str, now: datetime) -> bool:
    """End a device's token at once, in every process; False when the organization has no such device."""
    with database.routing() as session:
        device = session.get(Device, (device_id, organization_id))
        if device is None:
            return False
        device.revoked_at = now
        session.execute(
            text("SELECT pg_notify(:channel, :who)"),
            {"channel": REVOKED_CHANNEL, "who": f"{organization_id} {device_id}"},
        )
        return True


def next_lineage(shown: str | None, current: str | None, before: str | None) -> tuple[str, str | None] | None:
    """The nonce that a device gets now, and the one it may show instead while that is on its way ([S-31]); None when
    the one shown belongs to another life of the store."""
    if current is None or shown == current:
        return _nonce(), shown
    if shown == before:
        return _nonce(), before
    return None


def fork_device(
    database: Database, device: DeviceIdentity, now: datetime, make_id: Callable[[], str] = new_id
) -> tuple[str, str, str]:
    """Give another life of a device's store a name of its own: device id, token and lineage."""
    token, lineage, device_id = secrets.token_urlsafe(32), _nonce(), make_id()
    with database.routing() as session:
        first = session.get_one(Device, (device.device_id, device.organization_id))
        session.add(
            Device(
                id=device_id, organization_id=device.organization_id, account_id=first.account_id,
                user_id=first.user_id, name=first.name, token_hash=token_hash(token), last_seen_at=now,
                lineage=lineage,
            )
        )  # fmt: skip
    return device_id, token, lineage


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
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _nonce() -> str:
    return secrets.token_urlsafe(12)
