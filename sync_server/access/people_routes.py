"""HTTP endpoints of the people of a center: who came in, and invitations. For the owner and admins; for others there
is nothing here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from shared_models.access.models import Role
from sync_server.access import people
from sync_server.access.errors import AccountError
from sync_server.access.forms import cleaned, email_error, name_error
from sync_server.access.pages_common import DeskOf
from sync_server.access.people import InvitationState, Invitee
from sync_server.access.requests import DatabaseOf, DeviceOf
from sync_server.access.routes import UUID_PATTERN, RowId, refusals, require_steward

router = APIRouter(prefix="/api/v1", tags=["access"])

Name = Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
UuidText = Annotated[str, Field(pattern=UUID_PATTERN)]


class InvitationRequest(BaseModel):
    """Whom to invite, as what, and where; the owner sees every location without any being named."""

    email: Annotated[str, Field(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]
    first_name: Name = ""
    last_name: Name = ""
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    location_ids: Annotated[list[UuidText], Field(max_length=500)] = []


class InvitationAnswer(BaseModel):
    """An invitation that nobody has followed yet; its link ends at `expires_at`."""

    id: str
    user_id: str
    email: str
    sent_at: datetime
    expires_at: datetime


class PersonAnswer(BaseModel):
    """A user who has come in."""

    user_id: str
    has_second_factor: bool


class PeopleAnswer(BaseModel):
    """Who came in, and who was asked to."""

    people: list[PersonAnswer]
    invitations: list[InvitationAnswer]


@router.get("/people", responses=refusals(401, 404))
def list_people(device: DeviceOf, database: DatabaseOf, desk: DeskOf) -> PeopleAnswer:
    """Who of the users has an account here, and which invitations are open."""
    require_steward(database, device)
    return PeopleAnswer(
        people=[
            PersonAnswer(user_id=one.user_id, has_second_factor=one.has_second_factor)
            for one in people.people(desk, device.organization_id)
        ],
        invitations=[_answer(one) for one in people.pending(desk, device.organization_id)],
    )


@router.post("/invitations", status_code=201, responses=refusals(401, 403, 404, 429))
def invite(wanted: InvitationRequest, device: DeviceOf, database: DatabaseOf, desk: DeskOf) -> InvitationAnswer:
    """Make the user with roles and locations, and mail the link to come in."""
    require_steward(database, device)
    email, first_name, last_name = cleaned(wanted.email), cleaned(wanted.first_name), cleaned(wanted.last_name)
    wrong = email_error(email) or name_error(first_name, 80) or name_error(last_name, 80)
    if wrong:
        raise AccountError(wrong)
    invitee = Invitee(email, first_name, last_name, frozenset(wanted.roles), frozenset(wanted.location_ids))
    return _answer(people.invite(desk, device, invitee))


@router.post("/invitations/{invitation_id}/resend", responses=refusals(401, 403, 404, 429))
def resend(invitation_id: RowId, device: DeviceOf, database: DatabaseOf, desk: DeskOf) -> InvitationAnswer:
    """Mail a fresh link; the earlier one ends."""
    require_steward(database, device)
    return _answer(people.resend(desk, device, invitation_id))


@router.post("/invitations/{invitation_id}/withdraw", status_code=204, responses=refusals(401, 403, 404))
def withdraw(invitation_id: RowId, device: DeviceOf, database: DatabaseOf, desk: DeskOf) -> None:
    """End an invitation, and archive the user that it made."""
    require_steward(database, device)
    people.withdraw(desk, device, invitation_id)


def _answer(state: InvitationState) -> InvitationAnswer:
    return InvitationAnswer(
        id=state.id,
        user_id=state.user_id,
        email=state.email,
        sent_at=state.sent_at,
        expires_at=state.expires_at,
    )
