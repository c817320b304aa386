"""HTTP endpoints of access for the desktop: signing in and out, the own account, and the list of devices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared_models.access.models import Role
from sync_server.access import browsers
from sync_server.access.accounts import Center, SecondFactorNeeded, SignedInDevice, sign_in
from sync_server.access.devices import DeviceIdentity, revoke_device, roles_of
from sync_server.access.errors import NotFound
from sync_server.access.pages_common import DeskOf
from sync_server.access.pairing import redeem
from sync_server.access.password_reset import request_reset
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.access.second_factor import FactorState, factor_state
from sync_server.access.throttle import Origin
from sync_server.access.tokens import ended_token
from sync_server.database import Database
from sync_server.models import Account, Device

router = APIRouter(prefix="/api/v1", tags=["access"])

UUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
RowId = Annotated[str, Path(pattern=UUID_PATTERN)]
Line = Annotated[str, Field(max_length=254, pattern=_NO_CONTROLS)]
Secret = Annotated[str, Field(max_length=1000)]


class Problem(BaseModel):
    """Why a request was not granted: a code for the program, a sentence for the person."""

    code: str
    detail: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an endpoint, for its description."""
    words = {
        401: "The token is unknown, ended or revoked.",
        403: "Refused, with the reason.",
        404: "There is no such thing in this organization, or not for this user.",
        409: "Something else is there already.",
        410: "The link or code has ended.",
        429: "Too many tries; Retry-After says when.",
        503: "Too busy at the moment; Retry-After says when.",
    }
    return {status: {"model": Problem, "description": words[status]} for status in statuses}


class SignInRequest(BaseModel):
    """What a desktop sends to sign in; `organization_id` once the person chose among several, `code` once a second
    factor was asked for, `device_proof` if an earlier sign-in gave one."""

    email: Line
    password: Secret
    device_id: str = Field(pattern=UUID_PATTERN)
    device_name: Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS)]
    organization_id: str | None = Field(None, pattern=UUID_PATTERN)
    code: Annotated[str, Field(max_length=40)] = ""
    device_proof: Annotated[str, Field(max_length=200)] = ""


class PairingRequest(BaseModel):
    """What a desktop sends that was signed in through the browser: the code that it brought, and the secret whose
    challenge the desktop had sent along."""

    pairing_code: Annotated[str, Field(max_length=200)]
    verifier: Annotated[str, Field(max_length=200)]
    device_id: str = Field(pattern=UUID_PATTERN)
    device_name: Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS)]
    organization_id: str | None = Field(None, pattern=UUID_PATTERN)


class CenterAnswer(BaseModel):
    """A center that the account may open."""

    organization_id: str
    user_id: str
    business_name: str


class SignInAnswer(BaseModel):
    """A token for one center, or the centers to choose from, or the need of a second factor. Whoever gets a
    `device_proof` keeps it, and shows it when signing in again."""

    token: str | None = None
    center: CenterAnswer | None = None
    centers: list[CenterAnswer] = []
    second_factor: bool = False
    device_proof: str | None = None


class ResetRequest(BaseModel):
    """Whose password is to be chosen anew."""

    email: Line


class WayIn(BaseModel):
    """A provider of OpenID Connect: the name in addresses, and the words on the button."""

    name: str
    words: str


class WaysInAnswer(BaseModel):
    """How people may sign in here besides by e-mail and password."""

    providers: list[WayIn]
    password_minimum: int


class BrowserAnswer(BaseModel):
    """A browser in which the account is signed in."""

    id: str
    name: str
    place: str
    last_seen_at: datetime


class AccountAnswer(BaseModel):
    """The account behind a device."""

    email: str
    has_second_factor: bool
    recovery_codes_left: int
    browsers: list[BrowserAnswer]


class DeviceAnswer(BaseModel):
    """A PC that has signed in; not signed in any more when its token has ended, revoked when its data is erased."""

    id: str
    user_id: str
    name: str
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    is_signed_in: bool


@router.post("/sign-in", responses=refusals(403, 429, 503))
def sign_in_desktop(wanted: SignInRequest, request: Request, desk: DeskOf) -> SignInAnswer:
    """Exchange e-mail and password, and where it is on the code of the second factor, for a device token."""
    outcome = sign_in(
        desk.database,
        email=wanted.email,
        password=wanted.password,
        device_id=wanted.device_id,
        device_name=wanted.device_name,
        organization_id=wanted.organization_id,
        code=wanted.code,
        origin=Origin(address_of(request), wanted.device_proof),
        now=desk.now(),
    )
    return sign_in_answer(outcome)


@router.post("/sign-in/pairing", responses=refusals(403, 410))
def pair(wanted: PairingRequest, request: Request, desk: DeskOf) -> SignInAnswer:
    """Exchange a code that the person's browser brought for a device token."""
    return sign_in_answer(
        redeem(
            desk,
            wanted.pairing_code,
            wanted.verifier,
            device_id=wanted.device_id,
            device_name=wanted.device_name,
            organization_id=wanted.organization_id,
            origin=Origin(address_of(request)),
        )
    )


@router.get("/ways-in")
def ways_in(request: Request, desk: DeskOf) -> WaysInAnswer:
    """The providers by which people may sign in, and the fewest characters of a password."""
    providers = request.app.state.settings.openid_providers
    return WaysInAnswer(
        providers=[WayIn(name=one.name, words=one.words) for one in providers],
        password_minimum=desk.password_minimum,
    )


@router.post("/password-reset", status_code=202, responses=refusals(429))
def reset(wanted: ResetRequest, request: Request, desk: DeskOf) -> None:
    """Mail a link to choose a new password, if the address has an account. The answer is the same if it has none."""
    request_reset(desk, wanted.email, Origin(address_of(request)))


@router.post("/sign-out", status_code=204, responses=refusals(401))
def sign_out(device: DeviceOf, database: DatabaseOf) -> None:
    """End this device's token; it keeps its data and may sign in again."""
    with database.routing() as session:
        session.execute(
            update(Device)
            .where(Device.id == device.device_id, Device.organization_id == device.organization_id)
            .values(token_hash=ended_token())
        )


@router.get("/account", responses=refusals(401))
def account(device: DeviceOf, database: DatabaseOf) -> AccountAnswer:
    """The account that signed this device in, and the browsers that it is signed in to."""
    with database.routing() as session:
        account_id = account_of(session, device)
        email: str = session.execute(select(Account.email).where(Account.id == account_id)).scalar_one()
        factor: FactorState = factor_state(session, account_id)
        shown = browsers.signed_in(session, account_id)
    return AccountAnswer(
        email=email,
        has_second_factor=factor.is_on,
        recovery_codes_left=factor.recovery_codes_left,
        browsers=[BrowserAnswer.model_validate(row, from_attributes=True) for row in shown],
    )


@router.post("/account/browsers/{browser_id}/end", status_code=204, responses=refusals(401, 404))
def end_browser(browser_id: RowId, device: DeviceOf, database: DatabaseOf) -> None:
    """Sign one of the account's browsers out."""
    with database.routing() as session:
        if not browsers.end_browser(session, account_of(session, device), browser_id):
            raise NotFound


@router.post("/account/sign-out-everywhere", status_code=204, responses=refusals(401))
def sign_out_everywhere(device: DeviceOf, database: DatabaseOf) -> None:
    """Sign the account out of all browsers and all PCs but this one. PCs keep their data."""
    with database.routing() as session:
        browsers.end_everything(session, account_of(session, device), keep_device=device.device_id)


@router.get("/devices", responses=refusals(401, 404))
def devices(device: DeviceOf, database: DatabaseOf) -> list[DeviceAnswer]:
    """The PCs that have signed in to this organization; for the owner and admins."""
    require_steward(database, device)
    with database.routing() as session:
        found = session.scalars(
            select(Device).where(Device.organization_id == device.organization_id).order_by(Device.created_at)
        )
        return [
            DeviceAnswer(
                id=row.id,
                user_id=row.user_id,
                name=row.name,
                created_at=row.created_at,
                last_seen_at=row.last_seen_at,
                revoked_at=row.revoked_at,
                is_signed_in=row.revoked_at is None and not row.token_hash.startswith("ended "),
            )
            for row in found
        ]


@router.post("/devices/{device_id}/revoke", status_code=204, responses=refusals(401, 404))
def revoke(device_id: RowId, device: DeviceOf, database: DatabaseOf) -> None:
    """End another PC's access at once, and have its data erased; 404 when this organization has no such PC."""
    require_steward(database, device)
    if not revoke_device(database, device.organization_id, device_id, datetime.now(UTC)):
        raise NotFound("No such PC.")


def require_steward(database: Database, device: DeviceIdentity) -> frozenset[Role]:
    """The roles of a user who is owner or admin; for others there is nothing here."""
    with database.tenant(device.organization_id, read_only=True) as session:
        roles = roles_of(session, device.organization_id, device.user_id)
    if roles.isdisjoint({Role.OWNER, Role.ADMIN}):
        raise NotFound
    return roles


def account_of(session: Session, device: DeviceIdentity) -> str:
    """The account that signed a device in."""
    account_id: str = session.execute(
        select(Device.account_id).where(
            Device.id == device.device_id, Device.organization_id == device.organization_id
        )
    ).scalar_one()
    return account_id


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def sign_in_answer(outcome: SignedInDevice | SecondFactorNeeded | list[Center]) -> SignInAnswer:
    """What a desktop is told of a sign-in."""
    if isinstance(outcome, SecondFactorNeeded):
        return SignInAnswer(second_factor=True)
    if isinstance(outcome, list):
        return SignInAnswer(centers=[_answer(center) for center in outcome])
    return SignInAnswer(token=outcome.token, center=_answer(outcome.center), device_proof=outcome.proof)


def _answer(center: Center) -> CenterAnswer:
    return CenterAnswer(
        organization_id=center.organization_id, user_id=center.user_id, business_name=center.business_name
    )
