"""What the audit knows of rows: who changed what, and when, as far as the one who asks may see these rows and fields.
Reading what health fields held is noted like any other look at them (product §9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.policy import HEALTH_FIELDS, history_tiers
from shared_models.base import new_id
from shared_models.people.models import HealthAccess
from sync_server.access.devices import DeviceIdentity
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.models import AuditEntry
from sync_server.sync.visibility import readable_history, viewer_of

MOST_ENTRIES = 500
_CONTEXT = "~"
_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

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
    id: Annotated[list[Annotated[str, Query(pattern=_ID)]], Query(min_length=1, max_length=100)],
) -> list[HistoryAnswer]:
    """The changes of rows of one table, newest first; 404 for a table of which this user reads no history."""
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = viewer_of(session, device.organization_id, device.user_id)
        if not history_tiers(table, viewer.roles):
            raise HTTPException(404, "There is no history of this.")
        shown = readable_history(session, device.organization_id, viewer, table, id)
        found = session.scalars(
            select(AuditEntry)
            .where(
                AuditEntry.organization_id == device.organization_id,
                AuditEntry.table_name == table,
                AuditEntry.row_id.in_(shown),
            )
            .order_by(AuditEntry.id.desc())
            .limit(MOST_ENTRIES)
        )
        answers = [
            HistoryAnswer(
                row_id=row.row_id,
                happened_at=row.happened_at,
                action=row.action,
                user_id=row.user_id,
                changes=_masked(row.changes, shown[row.row_id]),
                lost=_masked(row.lost, shown[row.row_id]),
            )
            for row in found
        ]
        if table == "student":
            _note_looks(session, device, answers)
    return answers


def _masked(values: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name.partition(_CONTEXT)[0] in fields}


def _note_looks(session: Session, device: DeviceIdentity, answers: list[HistoryAnswer]) -> None:
    """Note whose health fields these answers tell of."""
    looked_at = {one.row_id for one in answers if not HEALTH_FIELDS.isdisjoint({*one.changes, *one.lost})}
    for student_id in sorted(looked_at):
        session.add(
            HealthAccess(
                organization_id=device.organization_id,
                id=new_id(),
                student_id=student_id,
                user_id=device.user_id,
                looked_at=datetime.now(UTC),
            )
        )
