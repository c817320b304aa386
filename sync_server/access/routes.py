"""HTTP endpoints of access: sign-in of a desktop, and the list of devices with their revocation."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from shared_models.access.models import Role
from sync_server.access.accounts import Center, SecondFactorNeeded, SignInRefused, sign_in
from sync_server.access.devices import DeviceIdentity, revoke_device, roles_of
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.database import Database
from sync_server.models import Device

router = APIRouter(prefix="/api/v1")


class SignInRequest(BaseModel):
    """What a desktop sends to sign in; `organization_id` once the person chose among several."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=1000)
    device_id: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    device_name: str = Field(max_length=200)
    organization_id: str | None = Field(None, pattern=r"^[0-9a-f-]{36}$")


class CenterAnswer(BaseModel):
    """A center that the account may open."""

    organization_id: str
    user_id: str
    business_name: str


class SignInAnswer(BaseModel):
    """A token for one center, or the centers to choose from, or the need of a second factor."""

    token: str | None = None
    second_factor: bool = False
    center: CenterAnswer | None = None
    centers: list[CenterAnswer] = []


class DeviceAnswer(BaseModel):
    """A PC that has signed in."""

    id: str
    name: str
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


@router.post("/sign-in")
def sign_in_desktop(wanted: SignInRequest, database: DatabaseOf) -> SignInAnswer:
    """Exchange e-mail and password for a device token."""
    try:
        outcome = sign_in(
            database,
            email=wanted.email,
            password=wanted.password,
            device_id=wanted.device_id,
            device_name=wanted.device_name,
            organization_id=wanted.organization_id,
            now=datetime.now(UTC),
        )
    except SignInRefused as error:
        raise HTTPException(403, str(error)) from error
    if isinstance(outcome, SecondFactorNeeded):
        return SignInAnswer(second_factor=True)
    if isinstance(outcome, list):
        return SignInAnswer(centers=[_answer(center) for center in outcome])
    return SignInAnswer(token=outcome.token, center=_answer(outcome.center))


@router.get("/devices")
def devices(device: DeviceOf, database: DatabaseOf) -> list[DeviceAnswer]:
    """The PCs that have signed in to this organization; for the owner and admins."""
    _require_steward(database, device)
    with database.routing() as session:
        found = session.scalars(
            select(Device).where(Device.organization_id == device.organization_id).order_by(Device.created_at)
        )
        return [DeviceAnswer.model_validate(row, from_attributes=True) for row in found]


@router.post("/devices/{device_id}/revoke", status_code=204)
def revoke(device_id: str, device: DeviceOf, database: DatabaseOf) -> None:
    """End another PC's access at once; 404 when this organization has no such PC."""
    _require_steward(database, device)
    if not revoke_device(database, device.organization_id, device_id, datetime.now(UTC)):
        raise HTTPException(404, "No such PC.")


def _require_steward(database: Database, device: DeviceIdentity) -> None:
    with database.tenant(device.organization_id, read_only=True) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
    if roles.isdisjoint({Role.OWNER, Role.ADMIN}):
        raise HTTPException(404, "Not found.")


def _answer(center: Center) -> CenterAnswer:
    return CenterAnswer(
        organization_id=center.organization_id, user_id=center.user_id, business_name=center.business_name
    )
