"""Sign-up: a center comes to be when its mailed link is opened, and not before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from shared_models.access.models import Role, User, UserRole
from shared_models.catalog.models import Service
from shared_models.organization.models import Location, Organization
from sync_server.access.accounts import SlugTaken, sign_in
from sync_server.access.desk import AccountDesk
from sync_server.access.sign_up import confirm_sign_up, proposed_slug
from sync_server.models import Account, OrganizationRoute
from tests.live_server import make_organization
from tests.sync_server.access.conftest import (
    PASSWORD,
    AccountServer,
    Inbox,
    text_of,
    unused_address,
    unused_email,
    wish,
)


def signed_up(visitor: httpx.Client, form: dict[str, str]) -> None:
    answer = visitor.post("/account/sign-up", data=form)
    assert answer.status_code == 200 and "Look into your mail" in answer.text, answer.text


def route(server: AccountServer, slug: str) -> str | None:
    with server.database.routing() as session:
        return session.scalar(select(OrganizationRoute.organization_id).where(OrganizationRoute.slug == slug))


def test_a_center_is_made_when_the_link_is_opened(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    form = wish(country="CA", currency="CAD", time_zone="America/Toronto")
    signed_up(visitor, form)
    key = inbox.key_for(form["email"])
    assert route(server, form["slug"]) is None
    page = visitor.get("/account/confirm", params={"key": key})
    assert "Open Hudson Learning Center" in page.text
    assert route(server, form["slug"]) is None
    welcome = visitor.post("/account/confirm", data={"key": key})
    assert welcome.status_code == 200 and "Hudson Learning Center is open" in welcome.text
    organization_id = route(server, form["slug"])
    assert organization_id is not None
    with server.database.tenant(organization_id) as session:
        center = session.scalars(select(Organization)).one()
        assert (center.country, center.currency, center.time_zone) == ("CA", "CAD", "America/Toronto")
        owner = session.scalars(select(User)).one()
        assert (owner.first_name, owner.last_name, owner.email) == ("Maya", "Torres", form["email"])
        assert session.scalars(select(UserRole.role)).all() == [Role.OWNER]
        assert session.scalars(select(Location.name)).one() == "Main office"
        assert len(session.scalars(select(Service)).all()) == 23
    with server.database.routing() as session:
        assert session.scalars(select(Account.email_is_confirmed).where(Account.email == form["email"])).one()


def test_a_link_works_once_and_for_a_day(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    first, second = wish(), wish()
    signed_up(visitor, first)
    key = inbox.key_for(first["email"])
    assert visitor.post("/account/confirm", data={"key": key}).status_code == 200
    assert visitor.post("/account/confirm", data={"key": key}).status_code == 410
    signed_up(visitor, second)
    late = inbox.key_for(second["email"])
    server.clock.advance(hours=24, minutes=1)
    assert visitor.get("/account/confirm", params={"key": late}).status_code == 410
    assert visitor.post("/account/confirm", data={"key": late}).status_code == 410
    assert visitor.get("/account/confirm", params={"key": "no such key"}).status_code == 410
    assert route(server, second["slug"]) is None


def test_another_browser_has_to_know_the_password(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    form = wish()
    signed_up(visitor, form)
    key = inbox.key_for(form["email"])
    with server.client() as elsewhere:
        assert "The password that you typed at sign-up" in elsewhere.get(f"/account/confirm?key={key}").text
        refused = elsewhere.post("/account/confirm", data={"key": key, "password": "a stranger's guess"})
        assert refused.status_code == 422 and "This is not the password" in refused.text
        assert route(server, form["slug"]) is None
        assert elsewhere.post("/account/confirm", data={"key": key, "password": PASSWORD}).status_code == 200
    assert route(server, form["slug"]) is not None


def test_errors_stand_beside_the_field_and_what_was_typed_is_kept(visitor: httpx.Client) -> None:
    answer = visitor.post(
        "/account/sign-up",
        data=wish(email="maya@", slug="Bad Slug!", password="short", first_name="", business_name="Zoë & Co"),
    )
    assert answer.status_code == 422
    assert "4 things to correct" in answer.text
    for key in ("email", "slug", "password", "first_name"):
        assert f'id="{key}-error"' in answer.text
    assert 'value="maya@"' in answer.text and "Zoë &amp; Co" in answer.text
    assert "short" not in answer.text.replace("shortcut", "")


def test_a_taken_address_is_told_at_once(server: AccountServer, visitor: httpx.Client) -> None:
    _, slug, _ = make_organization(server.database)
    answer = visitor.post("/account/sign-up", data=wish(slug=slug))
    assert answer.status_code == 422
    assert f"The website address “{slug}” is taken." in answer.text


def test_an_address_is_proposed_from_the_name(server: AccountServer, visitor: httpx.Client) -> None:
    desk = AccountDesk(server.database, server.url, "")
    assert proposed_slug(desk, "Małgorzata’s Maths & More") == "magorzatas-maths-and-more"
    assert proposed_slug(desk, "Admin") == "admin-2"
    assert proposed_slug(desk, "数学") == ""
    answer = visitor.post("/account/sign-up", data=wish(slug="", business_name="Quince Lane", email="nothing"))
    assert 'value="quince-lane' in answer.text


def test_an_address_taken_meanwhile_can_be_changed_with_the_same_link(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client
) -> None:
    form = wish()
    signed_up(visitor, form)
    with server.database.routing() as session:
        other = make_organization(server.database)[0]
        session.add(OrganizationRoute(slug=form["slug"], organization_id=other, is_current=False))
    key = inbox.key_for(form["email"])
    page = visitor.get("/account/confirm", params={"key": key})
    assert "was taken meanwhile" in page.text
    refused = visitor.post("/account/confirm", data={"key": key})
    assert refused.status_code == 409
    assert visitor.post("/account/confirm", data={"key": key, "slug": form["slug"] + "-2"}).status_code == 200
    assert route(server, form["slug"] + "-2") is not None


def test_of_many_who_want_one_address_one_gets_it(server: AccountServer, inbox: Inbox) -> None:
    slug = wish()["slug"]
    keys = []
    for _ in range(8):
        form = wish(slug=slug)
        with server.client(unused_address()) as visitor:
            signed_up(visitor, form)
        keys.append(inbox.key_for(form["email"]))
    desk = AccountDesk(server.database, server.url, "")

    def confirm(key: str) -> bool:
        try:
            confirm_sign_up(desk, key, "", password=PASSWORD)
        except SlugTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(confirm, keys)) == 1


def test_nobody_learns_whether_an_address_has_an_account(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client
) -> None:
    _, _, known = make_organization(server.database)
    unknown = unused_email()
    answers = []
    for email in (known, unknown):
        form = wish(email=email, password="another long password")
        answer = visitor.post("/account/sign-up", data=form)
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1]
    assert "has an account already" in text_of(inbox.wait_for(known))
    assert "has an account already" not in text_of(inbox.wait_for(unknown))


def test_an_existing_account_gets_the_new_center_and_keeps_its_password(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client
) -> None:
    _, _, known = make_organization(server.database)
    signed_up(visitor, wish(email=known, password="another long password", business_name="Second Center"))
    key = inbox.key_for(known)
    with server.client() as elsewhere:
        asked = elsewhere.post("/account/confirm", data={"key": key})
        assert asked.url.path == "/account/sign-in", "the link alone does not open the account"
        welcome = elsewhere.post(
            "/account/sign-in", data={"email": known, "password": PASSWORD, "then": asked.url.params["then"]}
        )
        assert "Second Center is open" in welcome.text
    outcome = sign_in(
        server.database, email=known, password=PASSWORD, device_id="0190a7c0-0000-7000-8000-000000000000",
        device_name="PC", now=server.clock(),
    )  # fmt: skip
    assert isinstance(outcome, list)
    assert {center.business_name for center in outcome} == {"Hudson Learning Center", "Second Center"}


def test_programs_are_thanked_and_forgotten(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    form = wish(website="https://spam.example")
    signed_up(visitor, form)
    marker = wish()
    signed_up(visitor, marker)
    inbox.wait_for(marker["email"])
    assert inbox.to(form["email"]) == []


def test_a_network_that_sends_too_much_has_to_wait(server: AccountServer, visitor: httpx.Client) -> None:
    for _ in range(10):
        signed_up(visitor, wish())
    refused = visitor.post("/account/sign-up", data=(form := wish()))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert form["business_name"] in refused.text
    with server.client(unused_address()) as other:
        signed_up(other, wish())


def test_a_stranger_cannot_fill_a_mailbox(server: AccountServer, inbox: Inbox) -> None:
    victim = unused_email()
    for _ in range(5):
        with server.client(unused_address()) as attacker:
            signed_up(attacker, wish(email=victim))
    marker = wish()
    with server.client(unused_address()) as other:
        signed_up(other, marker)
    inbox.wait_for(marker["email"])
    assert len(inbox.to(victim)) == 3


def test_a_form_of_another_site_is_refused(visitor: httpx.Client) -> None:
    answer = visitor.post("/account/sign-up", data=wish(), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [b"\xff\xfe=%00&email=%ED%A0%80", b"a" * 40_000, b"=&" * 100, b""])
def test_garbage_is_answered_with_the_form(visitor: httpx.Client, body: bytes) -> None:
    answer = visitor.post(
        "/account/sign-up", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 422
