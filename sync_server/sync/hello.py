"""The first word of a desk: which protocol it speaks, which life of its store it is, and where the server stands
(docs/sync-protocol.md, part 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog

from shared_models.sync.clocks import wall_milliseconds
from shared_models.sync.wire import SPOKEN
from sync_server.access.devices import DeviceSession, fork_device, next_lineage
from sync_server.access.requests import Refused
from sync_server.database import Database
from sync_server.operations.readiness import known_revisions
from sync_server.sync.identity import open_session, too_new, too_old
from sync_server.sync.sight import sight_of

log = structlog.get_logger()

_FORKED = (
    "This PC’s data is a copy, or was restored from a backup, while another copy went on. It continues under a name "
    "of its own; nothing is lost."
)


class Forked(Exception):
    """The nonce shown belongs to another life of the store: the transaction is to end without a change."""

    def __init__(self, state: DeviceSession) -> None:
        super().__init__(_FORKED)
        self.state = state


def hello(database: Database, token: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a hello. Raises Refused."""
    protocol = protocol_of(said)
    with database.bare() as connection:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                state = open_session(cursor, token, locks=True)
                lineage = rotate_lineage(cursor, state, said.get("lineage"))
        except Forked as fork:
            raise forked(database, fork.state) from fork
    return {
        "protocol": protocol,
        "schema": known_revisions()[0],
        "server_time_ms": wall_milliseconds(),
        "epoch": state.epoch,
        "restored_at_seq": state.restored_at_seq,
        "last_seq": state.last_seq,
        "scope": sight_of(state.viewer).token,
        "lineage": lineage,
    }


def protocol_of(said: Mapping[str, Any]) -> int:
    """The newest protocol that both speak. Raises Refused when there is none ([S-22])."""
    offered = said.get("protocols")
    numbers = [number for number in offered if type(number) is int] if isinstance(offered, list) else []
    if not numbers:
        raise Refused(400, "bad_message", "A hello names the protocols of the program.")
    both = set(numbers) & set(SPOKEN)
    if both:
        return max(both)
    raise too_new() if min(numbers) > SPOKEN[0] else too_old()


def rotate_lineage(cursor: psycopg.Cursor[Any], state: DeviceSession, shown: object) -> str:
    """Give the device its next nonce; raises Forked ([S-31]). The organization's counter is held, so that no other
    request of the device comes in between."""
    if shown is not None and not isinstance(shown, str):
        raise Refused(400, "bad_message", "A lineage is text.")
    following = next_lineage(shown, state.lineage, state.lineage_before)
    if following is None:
        raise Forked(state)
    cursor.execute(
        "UPDATE device SET lineage = %s, lineage_before = %s, "
        "last_seen_at = CASE WHEN %s THEN last_seen_at ELSE now() END WHERE id = %s AND organization_id = %s",
        (*following, state.is_fresh, state.device.device_id, state.device.organization_id),
    )
    return following[0]


def forked(database: Database, state: DeviceSession) -> Refused:
    """The answer to another life of a store: a name of its own."""
    device_id, token, lineage = fork_device(database, state.device, datetime.now(UTC))
    log.warning("device_forked", device_id=state.device.device_id, new_device_id=device_id)
    return Refused(409, "forked", _FORKED, more={"device_id": device_id, "token": token, "lineage": lineage})
