"""HTTP endpoints of the sync: sign-in, push, pull, and the list of devices with their revocation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from shared_models.access.models import Role
from shared_models.sync.wire import CONTENT_TYPE, PROTOCOL, BadMessage, pack, unpack
from sync_server.accounts import (
    DESKTOP_ROLES,
    Center,
    DeviceIdentity,
    SignInRefused,
    identify,
    revoke_device,
    roles_of,
    sign_in,
)
from sync_server.database import Database
from sync_server.models import Device
from sync_server.sync.pull import read_page
from sync_server.sync.push import PushResult, apply_push

MAX_BODY_BYTES = 16 * 1024 * 1024

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
    """A token for one center, or the centers to choose from."""

    token: str | None = None
    center: CenterAnswer | None = None
    centers: list[CenterAnswer] = []


class DeviceAnswer(BaseModel):
    """A PC that has signed in."""

    id: str
    name: str
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


def database_of(request: Request) -> Database:
    """The database that the app was made with."""
    database: Database = request.app.state.database
    return database


DatabaseOf = Annotated[Database, Depends(database_of)]


def device_of(database: DatabaseOf, authorization: Annotated[str, Header()] = "") -> DeviceIdentity:
    """The device behind a request; 401 when its token is unknown or revoked."""
    scheme, _, token = authorization.partition(" ")
    identity = identify(database, token, datetime.now(UTC)) if scheme.lower() == "bearer" and token else None
    if identity is None:
        raise HTTPException(401, "This PC is not signed in.", {"WWW-Authenticate": "Bearer"})
    return identity


DeviceOf = Annotated[DeviceIdentity, Depends(device_of)]


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
    if isinstance(outcome, list):
        return SignInAnswer(centers=[_answer(center) for center in outcome])
    return SignInAnswer(token=outcome.token, center=_answer(outcome.center))


@router.post("/sync/push")
async def push(request: Request, device: DeviceOf, database: DatabaseOf) -> Response:
    """Merge what a desktop changed; answers with what was refused, and why."""
    body = await _body(request)
    result = await run_in_threadpool(_push, database, device, body)
    answer = {
        "protocol": PROTOCOL,
        "accepted": result.accepted,
        "refused": [{"table": r.table, "id": r.row_id, "reason": r.reason} for r in result.refused],
    }
    return Response(pack(answer, result.standing), media_type=CONTENT_TYPE)


@router.get("/sync/pull")
def pull(
    device: DeviceOf,
    database: DatabaseOf,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1)] = 5000,
) -> Response:
    """The rows that changed after a cursor, one page."""
    with database.tenant(device.organization_id, read_only=True) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
        _require_desktop_role(roles)
        page = read_page(session, device.organization_id, roles, after, limit)
    head = {"protocol": PROTOCOL, "next": page.next_cursor, "more": page.has_more}
    return Response(pack(head, page.batches), media_type=CONTENT_TYPE)


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


def _push(database: Database, device: DeviceIdentity, body: bytes) -> PushResult:
    try:
        head, batches = unpack(body)
    except BadMessage as error:
        raise HTTPException(400, str(error)) from error
    if head.get("protocol") != PROTOCOL:
        raise HTTPException(
            426, "This iTutorOS is of another version than the server. Update it; your work stays saved on this PC."
        )
    with database.tenant(device.organization_id, device.actor) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
        _require_desktop_role(roles)
        return apply_push(session, device, roles, batches)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise HTTPException(413, "The message is too large.")
        parts.append(part)
    return b"".join(parts)


def _require_desktop_role(roles: frozenset[Role]) -> None:
    if roles.isdisjoint(DESKTOP_ROLES):
        raise HTTPException(401, "Your role no longer allows the desktop program.")


def _require_steward(database: Database, device: DeviceIdentity) -> None:
    with database.tenant(device.organization_id, read_only=True) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
    if roles.isdisjoint({Role.OWNER, Role.ADMIN}):
        raise HTTPException(404, "Not found.")


def _answer(center: Center) -> CenterAnswer:
    return CenterAnswer(
        organization_id=center.organization_id, user_id=center.user_id, business_name=center.business_name
    )
