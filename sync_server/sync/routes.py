"""HTTP endpoints of the sync: push and pull."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from shared_models.access.models import Role
from shared_models.sync.wire import CONTENT_TYPE, PROTOCOL, BadMessage, pack, unpack
from sync_server.access.accounts import DESKTOP_ROLES
from sync_server.access.devices import DeviceIdentity, roles_of
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.database import Database
from sync_server.sync.pull import read_page
from sync_server.sync.push import PushResult, apply_push

MAX_BODY_BYTES = 16 * 1024 * 1024

router = APIRouter(prefix="/api/v1")


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
