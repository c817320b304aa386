"""HTTP endpoints by which the owner erases somebody for good: what would go, and the deed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Request
from pydantic import BaseModel, Field

from shared_models.access.models import Role
from shared_models.privacy.erasure import ErasedKind, ErasurePlan
from sync_server.access.devices import DeviceIdentity, roles_of
from sync_server.access.requests import DatabaseOf, DeviceOf, Refused
from sync_server.database import Database
from sync_server.files.storage import DiskStorage
from sync_server.people.erasure import ErasureList, erase_person, plan_for
from sync_server.settings import Settings

router = APIRouter(prefix="/api/v1/erasures", tags=["erasures"])

_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
RowId = Annotated[str, Path(pattern=_UUID)]


class Wanted(BaseModel):
    """Whom to erase; `confirmation` is the name as the owner typed it."""

    kind: ErasedKind
    id: Annotated[str, Field(pattern=_UUID)]
    confirmation: Annotated[str, Field(max_length=400)]


class ErasureAnswer(BaseModel):
    """What goes, or went: rows by table, sessions of theirs alone that keep no texts, and sessions ahead that end."""

    kind: ErasedKind
    id: str
    name: str
    rows: dict[str, int]
    sessions: int
    sessions_ahead: int
    was_erased: bool


def add_erasures(app: FastAPI, settings: Settings) -> None:
    """Let the owner erase people."""
    app.state.erasures = ErasureList(settings.data_folder / "files" / "erasures.jsonl")
    app.state.file_storage = DiskStorage(settings.data_folder / "files")
    app.include_router(router)


@router.get("/{kind}/{row_id}")
def preview(device: DeviceOf, database: DatabaseOf, kind: ErasedKind, row_id: RowId) -> ErasureAnswer:
    """What erasing somebody would take with it."""
    _require_owner(database, device)
    try:
        return _answer(plan_for(database, device.organization_id, kind, row_id, datetime.now(UTC)))
    except LookupError as error:
        raise _unknown() from error


@router.post("")
def erase(request: Request, device: DeviceOf, database: DatabaseOf, wanted: Wanted) -> ErasureAnswer:
    """Erase somebody for good. The name has to be typed as it stands, so that no slip of the hand erases a family."""
    _require_owner(database, device)
    now = datetime.now(UTC)
    try:
        plan = plan_for(database, device.organization_id, wanted.kind, wanted.id, now)
        if not is_confirmed(plan, wanted.confirmation):
            raise Refused(422, "not_confirmed", f"Type the name as it stands: {plan.title}.")
        plan = erase_person(
            database, request.app.state.file_storage, request.app.state.erasures, device.organization_id,
            wanted.kind, wanted.id, now=now, actor=device.actor,
        )  # fmt: skip
    except LookupError as error:
        raise _unknown() from error
    return _answer(plan)


def is_confirmed(plan: ErasurePlan, typed: str) -> bool:
    """Whether what was typed is the name, letters and spaces aside."""
    return " ".join(typed.split()).casefold() == " ".join(plan.title.split()).casefold()


def _require_owner(database: Database, device: DeviceIdentity) -> None:
    with database.tenant(device.organization_id, read_only=True) as session:
        if Role.OWNER not in roles_of(session, device.organization_id, device.user_id):
            raise Refused(403, "not_allowed", "Only the owner can erase someone for good.")


def _unknown() -> Refused:
    return Refused(404, "not_found", "There is no such person.")


def _answer(plan: ErasurePlan) -> ErasureAnswer:
    return ErasureAnswer(
        kind=plan.kind,
        id=plan.row_id,
        name=plan.title,
        rows={table: len(ids) for table, ids in plan.rows.items()},
        sessions=plan.entry_count,
        sessions_ahead=len(plan.future_entry_ids),
        was_erased=plan.is_done,
    )
