"""What the audit knows of rows of the schedule: who changed what, and when. For the history in the entry form.

Only tables of the schedule are told of: people's rows hold fields whose reading is itself noted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import select

from shared_models.access.permissions import Access, access_to
from sync_server.access.devices import roles_of
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.models import AuditEntry

MOST_ENTRIES = 500
TABLES = frozenset({"series", "schedule_entry", "attendee", "entry_room", "conflict_acceptance"})

router = APIRouter(prefix="/api/v1")


class HistoryAnswer(BaseModel):
    """One change: `changes` maps fields to [before, after] and is empty for a row that was made; `lost` has values
    that another edit overruled."""

    row_id: str
    happened_at: datetime
    action: str
    user_id: str | None
    changes: dict[str, Any]
    lost: dict[str, Any]


@router.get("/history")
def history(
    device: DeviceOf,
    database: DatabaseOf,
    table: str,
    id: Annotated[list[str], Query(min_length=1, max_length=100)],
) -> list[HistoryAnswer]:
    """The changes of rows of one table, newest first; 404 for a table that this user may not read."""
    with database.tenant(device.organization_id, read_only=True) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
        if table not in TABLES or access_to(table, roles) is Access.NONE:
            raise HTTPException(404, "There is no history of this.")
        found = session.scalars(
            select(AuditEntry)
            .where(
                AuditEntry.organization_id == device.organization_id,
                AuditEntry.table_name == table,
                AuditEntry.row_id.in_(id),
            )
            .order_by(AuditEntry.id.desc())
            .limit(MOST_ENTRIES)
        )
        return [HistoryAnswer.model_validate(row, from_attributes=True) for row in found]
