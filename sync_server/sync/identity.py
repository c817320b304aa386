"""How every request of the sync begins: the device behind the token, and whether it may sync at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg

from shared_models.access.models import Role
from shared_models.sync.wire import SPOKEN
from sync_server.access.devices import DeviceSession, DeviceState, device_session
from sync_server.access.requests import Refused, revoked, signed_out
from sync_server.operations.requests import note_device
from sync_server.operations.standing import SUSPENDED_CODE, SUSPENDED_SENTENCE
from sync_server.sync.visibility import with_families

DESKTOP_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})


def open_session(cursor: psycopg.Cursor[Any], token: str, *, locks: bool = False) -> DeviceSession:
    """The session of a token; raises Refused. With `locks`, the organization's counter is held until the transaction
    ends, so that writers of one organization take turns ([S-44])."""
    state = device_session(cursor, token, locks=locks)
    if state is DeviceState.UNKNOWN:
        raise signed_out()
    note_device(state.device.organization_id, state.device.device_id)
    if state.is_revoked:
        raise revoked()
    if state.is_suspended:
        raise Refused(403, SUSPENDED_CODE, SUSPENDED_SENTENCE)
    if state.viewer.roles.isdisjoint(DESKTOP_ROLES):
        raise Refused(401, "signed_out", "Your role no longer allows the desktop program.")
    viewer = with_families(cursor, state.device.organization_id, state.viewer)
    return state if viewer is state.viewer else replace(state, viewer=viewer)


def spoken(head: Mapping[str, Any]) -> int:
    """The protocol of a message; raises Refused when the server does not speak it ([S-22])."""
    protocol = head.get("protocol")
    if isinstance(protocol, int) and protocol in SPOKEN:
        return protocol
    if isinstance(protocol, int) and protocol > SPOKEN[0]:
        raise too_new()
    raise too_old()


def too_old() -> Refused:
    """The desk's program is older than the server still understands."""
    return Refused(
        426,
        "too_old",
        "This iTutorOS is too old for the server. Update it; your work stays saved on this PC until then.",
    )


def too_new() -> Refused:
    """The desk's program is newer than the server."""
    return Refused(
        426,
        "too_new",
        "This iTutorOS is newer than the server. Your work stays saved on this PC until the server is updated.",
    )
