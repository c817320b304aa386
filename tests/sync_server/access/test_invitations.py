"""Invitations: the user is on every PC at once, the link lets in once, and nobody gives more than they have."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.organization.models import Location
from sync_server.access.accounts import NewOrganization, create_organization
from sync_server.models import AuditEntry
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, AccountServer, Inbox, text_of, unused_email

NEW = "a quite different password"


def second_center(server: AccountServer, email: str) -> str:
    """Another center of the same owner."""
    return create_organization(
        server.database,
        NewOrganization("Second Center", f"second-{new_id()[-12:]}", "America/New_York", "Maya", "Torres", email,
                        PASSWORD, "Main office"),
    )  # fmt: skip


class Desk:
    """A signed-in PC."""

    def __init__(self, server: AccountServer, email: str, password: str = PASSWORD) -> None:
        self._client = server.client()
        body = {"email": email, "password": password, "device_id": new_id(), "device_name": "PC"}
        answer = self._client.post("/api/v1/sign-in", json=body).json()
        self.user_id: str = answer["center"]["user_id"]
        self._client.headers["Authorization"] = f"Bearer {answer['token']}"

    def invite(self, email: str, *roles: Role, location_ids: tuple[str, ...] = (), **more: str) -> httpx.Response:
        body: dict[str, Any] = {"email": email, "roles": roles, "location_ids": location_ids, **more}
        return self._client.post("/api/v1/invitations", json=body)

    def post(self, path: str) -> httpx.Response:
        return self._client.post(path)

    def people(self) -> Any:
        return self._client.get("/api/v1/people").json()


class CenterWithOwner:
    """A fresh center, its owner's PC and its location."""

    def __init__(self, server: AccountServer) -> None:
        self.server = server
        self.organization_id, self.slug, self.owner_email = make_organization(server.database)
        self.owner = Desk(server, self.owner_email)
        with server.database.tenant(self.organization_id) as session:
            self.location_id: str = session.scalars(select(Location.id)).one()

    def rows(self, kind: Any) -> list[Any]:
        with self.server.database.tenant(self.organization_id) as session:
            return list(session.scalars(select(kind).where(kind.archived_at.is_(None))))

    def joined(self, inbox: Inbox, *roles: Role, location_ids: tuple[str, ...] = ()) -> str:
        """Somebody invited who came in; the e-mail."""
        email = unused_email("sam")
        assert self.owner.invite(email, *roles, location_ids=location_ids).status_code == 201
        with self.server.client() as browser:
            data = {"key": inbox.key_for(email), "first_name": "Sam", "password": NEW}
            assert browser.post("/account/invitation", data=data).status_code == 200
        return email


@pytest.fixture
def center(server: AccountServer) -> CenterWithOwner:
    return CenterWithOwner(server)


def test_an_invited_person_is_a_user_at_once_and_comes_in_by_the_link(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    email = unused_email("sam")
    answer = center.owner.invite(
        email, Role.FRONT_DESK, Role.TUTOR, location_ids=(center.location_id,), first_name="Sam", last_name="Okafor"
    )
    assert answer.status_code == 201
    user_id = answer.json()["user_id"]
    with server.database.tenant(center.organization_id) as session:
        user = session.get_one(User, (center.organization_id, user_id))
        assert (user.first_name, user.last_name, user.email) == ("Sam", "Okafor", email)
        assert user.server_seq is not None, "it syncs like any row"
        roles = session.scalars(select(UserRole.role).where(UserRole.user_id == user_id)).all()
        assert set(roles) == {Role.FRONT_DESK, Role.TUTOR}
        assert session.scalars(select(LocationAssignment.location_id)).one() == center.location_id
        made_by = session.scalars(
            select(AuditEntry.user_id).where(AuditEntry.table_name == "user", AuditEntry.row_id == user_id)
        ).one()
        assert made_by == center.owner.user_id
    assert [one["email"] for one in center.owner.people()["invitations"]] == [email]
    letter = inbox.wait_for(email)
    assert "Maya Torres invites you to Hudson Learning Center on iTutorOS, as front desk, tutor." in text_of(letter)
    key = inbox.key_for(email)
    page = visitor.get("/account/invitation", params={"key": key})
    assert "Join Hudson Learning Center" in page.text and 'value="Sam"' in page.text
    weak = visitor.post("/account/invitation", data={"key": key, "first_name": "Sam", "password": "weak"})
    assert weak.status_code == 422
    joined = visitor.post(
        "/account/invitation",
        data={"key": key, "first_name": "Samuel", "last_name": "Okafor", "password": NEW},
    )
    assert joined.url.path == "/account/" and "Front desk, Tutor" in joined.text
    assert visitor.post("/account/invitation", data={"key": key, "password": NEW}).status_code == 410
    assert Desk(server, email, NEW).user_id == user_id
    people = center.owner.people()
    assert people["invitations"] == []
    assert {one["user_id"] for one in people["people"]} == {center.owner.user_id, user_id}
    assert {user.first_name for user in center.rows(User)} == {"Maya", "Samuel"}


def test_who_has_an_account_joins_with_it(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    _, _, email = make_organization(server.database, "Their Own Center")
    center.owner.invite(email, Role.ADMIN)
    key = inbox.key_for(email)
    page = visitor.get("/account/invitation", params={"key": key})
    assert "type its password" in page.text and "Choose a password" not in page.text
    wrong = visitor.post("/account/invitation", data={"key": key, "password": "not the password"})
    assert wrong.status_code == 403
    joined = visitor.post("/account/invitation", data={"key": key, "password": PASSWORD})
    assert "Their Own Center" in joined.text and "Hudson Learning Center" in joined.text


def test_who_is_signed_in_joins_with_one_click(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    _, _, email = make_organization(server.database, "Their Own Center")
    visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    center.owner.invite(email, Role.ADMIN)
    key = inbox.key_for(email)
    assert "You are signed in as" in visitor.get("/account/invitation", params={"key": key}).text
    assert visitor.post("/account/invitation", data={"key": key}).url.path == "/account/"


def test_another_accounts_browser_does_not_join(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    _, _, other = make_organization(server.database)
    _, _, email = make_organization(server.database)
    visitor.post("/account/sign-in", data={"email": other, "password": PASSWORD})
    center.owner.invite(email, Role.ADMIN)
    key = inbox.key_for(email)
    assert visitor.post("/account/invitation", data={"key": key}).status_code == 403


def test_a_fresh_link_ends_the_earlier_and_all_end_after_a_week(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    email = unused_email()
    invitation = center.owner.invite(email, Role.TUTOR).json()
    first = inbox.key_for(email)
    assert center.owner.post(f"/api/v1/invitations/{invitation['id']}/resend").status_code == 200
    second = inbox.key_for(email, 2)
    assert visitor.get("/account/invitation", params={"key": first}).status_code == 410
    assert visitor.get("/account/invitation", params={"key": second}).status_code == 200
    server.clock.advance(days=7, minutes=1)
    assert visitor.get("/account/invitation", params={"key": second}).status_code == 410


def test_a_withdrawn_invitation_lets_nobody_in_and_takes_the_user_back(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner, visitor: httpx.Client
) -> None:
    email = unused_email()
    invitation = center.owner.invite(email, Role.TUTOR, location_ids=(center.location_id,)).json()
    key = inbox.key_for(email)
    path = f"/api/v1/invitations/{invitation['id']}/withdraw"
    assert center.owner.post(path).status_code == 204
    assert center.owner.post(path).status_code == 404
    assert visitor.get("/account/invitation", params={"key": key}).status_code == 410
    assert [user.first_name for user in center.rows(User)] == ["Maya"]
    assert center.rows(LocationAssignment) == [] and len(center.rows(UserRole)) == 1
    again = center.owner.invite(email, Role.FRONT_DESK).json()
    assert again["user_id"] == invitation["user_id"], "the same person as before"
    assert {row.role for row in center.rows(UserRole)} == {Role.OWNER, Role.FRONT_DESK}


def test_inviting_twice_leaves_one_invitation(inbox: Inbox, center: CenterWithOwner) -> None:
    email = unused_email()
    first = center.owner.invite(email, Role.TUTOR).json()
    second = center.owner.invite(email.upper(), Role.FRONT_DESK).json()
    assert first["id"] == second["id"] and first["user_id"] == second["user_id"]
    assert len(center.owner.people()["invitations"]) == 1


def test_who_is_in_already_is_not_invited_again(inbox: Inbox, center: CenterWithOwner) -> None:
    email = center.joined(inbox, Role.TUTOR)
    refused = center.owner.invite(email, Role.FRONT_DESK)
    assert refused.status_code == 422 and "is in already" in refused.json()["detail"]


def test_an_admin_invites_below_and_within_the_own_locations(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner
) -> None:
    elsewhere = derived_id(center.organization_id, "location", "Tarrytown")
    with server.database.tenant(center.organization_id) as session:
        session.add(Location(organization_id=center.organization_id, id=elsewhere, name="Tarrytown Office"))
    admin = Desk(server, center.joined(inbox, Role.ADMIN, location_ids=(center.location_id,)), NEW)
    here = (center.location_id,)
    assert admin.invite(unused_email(), Role.FRONT_DESK, Role.TUTOR, location_ids=here).status_code == 201
    assert admin.invite(unused_email(), Role.ADMIN, location_ids=here).status_code == 403
    assert admin.invite(unused_email(), Role.OWNER, location_ids=here).status_code == 403
    assert admin.invite(unused_email(), Role.TUTOR, location_ids=(elsewhere,)).status_code == 403
    other_admin = center.owner.invite(unused_email(), Role.ADMIN).json()
    assert admin.post(f"/api/v1/invitations/{other_admin['id']}/withdraw").status_code == 403
    assert admin.post(f"/api/v1/invitations/{other_admin['id']}/resend").status_code == 403
    assert center.owner.invite(unused_email(), Role.OWNER).status_code == 403


def test_the_front_desk_sees_and_invites_nobody(server: AccountServer, inbox: Inbox, center: CenterWithOwner) -> None:
    desk = Desk(server, center.joined(inbox, Role.FRONT_DESK), NEW)
    assert desk.invite(unused_email(), Role.TUTOR).status_code == 404
    invitation = center.owner.invite(unused_email(), Role.TUTOR).json()
    assert desk.post(f"/api/v1/invitations/{invitation['id']}/withdraw").status_code == 404
    assert desk.people()["code"] == "not_found"


def test_another_center_reaches_no_invitation_and_no_location(
    server: AccountServer, inbox: Inbox, center: CenterWithOwner
) -> None:
    other = CenterWithOwner(server)
    invitation = center.owner.invite(unused_email(), Role.TUTOR).json()
    for action in ("resend", "withdraw"):
        assert other.owner.post(f"/api/v1/invitations/{invitation['id']}/{action}").status_code == 404
    foreign = other.owner.invite(unused_email(), Role.TUTOR, location_ids=(center.location_id,))
    assert foreign.status_code == 422
    assert len(other.rows(User)) == 1, "a refused invitation leaves nothing behind"


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a" * 250 + "@example.org"])
def test_a_wrong_address_is_refused(center: CenterWithOwner, email: str) -> None:
    assert center.owner.invite(email, Role.TUTOR).status_code == 422


def test_a_link_with_anothers_organization_opens_nothing(
    inbox: Inbox, center: CenterWithOwner, server: AccountServer, visitor: httpx.Client
) -> None:
    email = unused_email()
    center.owner.invite(email, Role.TUTOR)
    _, _, secret = inbox.key_for(email).partition("-")
    other = make_organization(server.database)[0].replace("-", "")
    for key in (f"{other}-{secret}", f"{'z' * 32}-{secret}", secret, "", "-", f"{'0' * 32}-"):
        assert visitor.get("/account/invitation", params={"key": key}).status_code == 410
