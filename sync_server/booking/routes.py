"""HTTP endpoints of promises for those who work at a desk: a time or a seat is kept for a family on the phone, so
that nobody on the web gets it meanwhile, and a coupon is used once. The caller names each promise by an id of its
own, so that asking again, after a lost answer, gives the same one.

The booking pages of visitors come with offers (product §7), and make the same promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, FastAPI, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.conditions import Row, Viewer
from shared_models.access.models import Role
from shared_models.access.policy import Action, may_change
from shared_models.base import TenantRow
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Family, Tutor
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.times import UnknownTimeZone, zone_of
from sync_server.access.devices import DeviceIdentity
from sync_server.access.errors import NotFound
from sync_server.access.requests import DatabaseOf, DeviceOf, Refused
from sync_server.access.routes import UUID_PATTERN, RowId, refusals
from sync_server.booking.models import SlotHold
from sync_server.booking.promises import (
    CouponRefused,
    NoSeatLeft,
    PromiseRefused,
    SlotTaken,
    WantedSlot,
    hold_slot,
    release_slot,
    take_seat,
    use_coupon,
)
from sync_server.sync.visibility import reach, viewer_of

router = APIRouter(prefix="/api/v1", tags=["booking"])

_DESK = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})
"""Who may take money may take a coupon (product §2, "invoices, payments, packages")."""
_FARTHEST = timedelta(days=800)
_LONGEST = timedelta(days=1)

UuidText = Annotated[str, Field(pattern=UUID_PATTERN)]
CodeText = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]


class SlotRequest(BaseModel):
    """A time of a tutor, and of a room if it needs one, with its buffer until `blocked_until`."""

    tutor_id: UuidText
    location_id: UuidText
    room_id: UuidText | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    blocked_until: AwareDatetime


class SlotAnswer(BaseModel):
    """A time that is kept until `held_until`."""

    id: str
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    held_until: datetime


class SeatRequest(BaseModel):
    """The group session."""

    entry_id: UuidText


class SeatAnswer(BaseModel):
    """A seat that is kept until `held_until`; seats are numbered from 1."""

    id: str
    entry_id: str
    seat_number: int
    held_until: datetime


class CouponRequest(BaseModel):
    """A coupon's code as it was typed, and for whom."""

    code: CodeText
    family_id: UuidText | None = None


class CouponAnswer(BaseModel):
    """What a used coupon takes off: percent, or minor units."""

    code: str
    percent: int | None
    amount_cents: int | None


class _NoOtherRows:
    """A row that is not written yet stands by itself: what asks about others does not hold."""

    def row(self, table: str, row_id: str) -> Row | None:
        return None

    def referring(self, table: str, field: str, row_id: str) -> Iterable[Row]:
        return ()


def add_promises(app: FastAPI) -> None:
    """Let desks keep times and seats, and use coupons."""
    app.include_router(router)

    async def refuse(_request: Request, error: Exception) -> object:
        assert isinstance(error, PromiseRefused)
        return _refusal(error).answer()

    app.add_exception_handler(PromiseRefused, refuse)  # type: ignore[arg-type]  # it answers with a Response


@router.put("/holds/slots/{hold_id}", responses=refusals(401, 404, 409))
def keep_slot(hold_id: RowId, wanted: SlotRequest, device: DeviceOf, database: DatabaseOf) -> SlotAnswer:
    """Keep a time for fifteen minutes. When somebody else has it, `409 slot_taken` brings the nearest free times."""
    now = _now()
    slot = _slot(wanted, now)
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = _desk_viewer(session, device)
        _require(session, device, Location, wanted.location_id)
        _require(session, device, Tutor, wanted.tutor_id)
        if wanted.room_id is not None:
            _require(session, device, Room, wanted.room_id)
        planned = {"location_id": wanted.location_id, "tutor_id": wanted.tutor_id}
        if "tutor_id" not in may_change(Action.CREATE, "schedule_entry", planned, viewer, _NoOtherRows()):
            raise NotFound("There is no such location, or not for you.")
        hold = hold_slot(session, device.organization_id, hold_id, slot, now=now)
        if not _is_for(hold, slot):
            raise Refused(409, "id_used", "This id names another time already. Use a new one.")
        return SlotAnswer.model_validate(hold, from_attributes=True)


@router.delete("/holds/slots/{hold_id}", status_code=204, responses=refusals(401, 404))
def let_slot_go(hold_id: RowId, device: DeviceOf, database: DatabaseOf) -> None:
    """Let a time that is kept go, for whoever wants it next."""
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = _desk_viewer(session, device)
        hold = session.get(SlotHold, (device.organization_id, hold_id))
        planned = {"location_id": hold.location_id, "tutor_id": hold.tutor_id} if hold is not None else {}
        if hold is None or not may_change(Action.CREATE, "schedule_entry", planned, viewer, _NoOtherRows()):
            raise NotFound("This time is not kept.")
        if not release_slot(session, device.organization_id, hold_id):
            raise NotFound("This time is not kept.")


@router.put("/holds/seats/{seat_id}", responses=refusals(401, 404, 409))
def keep_seat(seat_id: RowId, wanted: SeatRequest, device: DeviceOf, database: DatabaseOf) -> SeatAnswer:
    """Keep a seat of a group session for fifteen minutes; `409 no_seat_left` when it is full or over."""
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = _desk_viewer(session, device)
        _require_reach(session, device, viewer, Action.UPDATE, ScheduleEntry, wanted.entry_id)
        seat = take_seat(session, device.organization_id, seat_id, wanted.entry_id, now=_now())
        if seat.entry_id != wanted.entry_id:
            raise Refused(409, "id_used", "This id names a seat of another session already. Use a new one.")
        return SeatAnswer.model_validate(seat, from_attributes=True)


@router.put("/coupon-uses/{use_id}", responses=refusals(401, 404, 409))
def take_coupon(use_id: RowId, wanted: CouponRequest, device: DeviceOf, database: DatabaseOf) -> CouponAnswer:
    """Use a coupon once; `409 coupon_refused` with the reason when it cannot be used (any more)."""
    now = _now()
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = _desk_viewer(session, device)
        if wanted.family_id is not None:
            _require_reach(session, device, viewer, Action.READ, Family, wanted.family_id)
        coupon = use_coupon(
            session, device.organization_id, use_id, wanted.code,
            family_id=wanted.family_id, now=now, today=_today(session, device.organization_id, now),
        )  # fmt: skip
        return CouponAnswer(code=coupon.code, percent=coupon.percent, amount_cents=coupon.amount_cents)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _today(session: Session, organization_id: str, now: datetime) -> date:
    name = session.scalars(
        select(Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one()
    try:
        return now.astimezone(zone_of(name)).date()
    except UnknownTimeZone:
        # A desk keeps an odd value with a warning.
        return now.date()


def _slot(wanted: SlotRequest, now: datetime) -> WantedSlot:
    given = (wanted.starts_at, wanted.ends_at, wanted.blocked_until)
    if not all(now < moment < now + _FARTHEST for moment in given):
        raise Refused(422, "invalid", "Choose a time that lies ahead, within two years.")
    starts, ends, until = (moment.astimezone(UTC).replace(microsecond=0) for moment in given)
    if not starts < ends <= until <= starts + _LONGEST:
        raise Refused(422, "invalid", "A time begins before it ends, within a day, and its buffer comes after it.")
    return WantedSlot(wanted.tutor_id, wanted.location_id, starts, ends, until, wanted.room_id)


def _is_for(hold: SlotHold, slot: WantedSlot) -> bool:
    return (hold.tutor_id, hold.location_id, hold.room_id, hold.starts_at, hold.ends_at, hold.blocked_until) == (
        slot.tutor_id, slot.location_id, slot.room_id, slot.starts_at, slot.ends_at, slot.blocked_until,
    )  # fmt: skip


def _desk_viewer(session: Session, device: DeviceIdentity) -> Viewer:
    viewer = viewer_of(session, device.organization_id, device.user_id)
    if viewer.roles.isdisjoint(_DESK):
        raise NotFound
    return viewer


def _require(session: Session, device: DeviceIdentity, kind: type[TenantRow], row_id: str) -> None:
    found = session.get(kind, (device.organization_id, row_id))
    if found is None or found.archived_at is not None:
        raise NotFound


def _require_reach(
    session: Session, device: DeviceIdentity, viewer: Viewer, action: Action, kind: type[TenantRow], row_id: str
) -> None:
    _require(session, device, kind, row_id)
    if row_id not in reach(session, device.organization_id, viewer, action, kind.__tablename__, [row_id]):
        raise NotFound


def _refusal(error: PromiseRefused) -> Refused:
    if isinstance(error, SlotTaken):
        nearest = [
            {"starts_at": datetime.fromtimestamp(slot.starts, UTC).isoformat(), "room_id": slot.room_id}
            for slot in error.nearest
        ]
        return Refused(409, "slot_taken", str(error), more={"nearest": nearest})
    code = {NoSeatLeft: "no_seat_left", CouponRefused: "coupon_refused"}.get(type(error), "refused")
    return Refused(409, code, str(error))
