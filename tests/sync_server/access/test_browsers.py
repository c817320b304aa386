"""Signed-in browsers: cookies out of reach of scripts and other sites, an end after idling, and one by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select, text

from shared_models.base import new_id
from sync_server.access.browsers import browser_name, place_of
from sync_server.access.models import WebSession
from sync_server.models import Account, Membership
from sync_server.operations.standing import resume, suspend
from tests.end_to_end.processes import wait_until
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, AccountServer, unused_address
from tests.sync_server.access.test_reset import form_word


@contextmanager
def signed_in(server: AccountServer, email: str) -> Iterator[httpx.Client]:
    with server.client(unused_address()) as client:
        answer = client.post("/account/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.url.path == "/account/", answer.text
        yield client


@pytest.fixture
def email(server: AccountServer) -> str:
    return make_organization(server.database)[2]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: AccountServer, email: str) -> None:
    with server.client() as client:
        client.follow_redirects = False
        answer = client.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/account" in cookie
    token = answer.cookies["itutoros_session"]
    with server.database.routing() as session:
        kept = session.scalars(select(WebSession.token_hash)).all()
    assert token not in kept


def test_wrong_and_unknown_get_the_same_page(server: AccountServer, email: str, visitor: httpx.Client) -> None:
    answers = [
        visitor.post("/account/sign-in", data={"email": who, "password": "a wrong password"})
        for who in (email, "x" + email)
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].text.replace(email, "") == answers[1].text.replace("x" + email, "")


def test_the_account_shows_its_centers_browsers_and_pcs(server: AccountServer, email: str) -> None:
    with server.client() as pc:
        body = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "Front desk PC"}
        assert pc.post("/api/v1/sign-in", json=body).status_code == 200
    with signed_in(server, email) as here, signed_in(server, email):
        page = here.get("/account/").text
        for words in ("Hudson Learning Center", "Owner", "Firefox on Windows", "this browser", "Front desk PC"):
            assert words in page
        assert page.count("/account/browsers/") == 2


def test_another_browser_is_signed_out_by_hand(server: AccountServer, email: str) -> None:
    with signed_in(server, email) as here, signed_in(server, email) as there:
        page = here.get("/account/")
        with server.database.routing() as session:
            account_id = session.scalars(select(Account.id).where(Account.email == email)).one()
            ids = session.scalars(
                select(WebSession.id).where(WebSession.account_id == account_id).order_by(WebSession.id)
            ).all()
        done = here.post(f"/account/browsers/{ids[1]}/end", data={"form_word": form_word(page)})
        assert "Signed out there." in done.text
        assert there.get("/account/").url.path == "/account/sign-in"
        assert here.get("/account/").url.path == "/account/"


def test_nobody_ends_the_browsers_and_pcs_of_others(server: AccountServer, email: str) -> None:
    other = make_organization(server.database)
    device_id = new_id()
    with signed_in(server, email) as here, signed_in(server, other[2]) as there, server.client() as pc:
        body = {"email": other[2], "password": PASSWORD, "device_id": device_id, "device_name": "PC"}
        token = pc.post("/api/v1/sign-in", json=body).json()["token"]
        with server.database.routing() as session:
            theirs = session.scalars(
                select(WebSession.id).join(Account, Account.id == WebSession.account_id).where(
                    Account.email == other[2]
                )
            ).one()  # fmt: skip
        word = form_word(here.get("/account/"))
        assert here.post(f"/account/browsers/{theirs}/end", data={"form_word": word}).status_code == 404
        path = f"/account/devices/{other[0]}/{device_id}/end"
        assert here.post(path, data={"form_word": word}).status_code == 404
        assert there.get("/account/").url.path == "/account/"
        assert pc.get("/api/v1/account", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_signing_out_everywhere_leaves_only_this_browser(server: AccountServer, email: str) -> None:
    with server.client() as pc:
        body = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "PC"}
        token = pc.post("/api/v1/sign-in", json=body).json()["token"]
    with signed_in(server, email) as here, signed_in(server, email) as there:
        done = here.post("/account/sign-out-everywhere", data={"form_word": form_word(here.get("/account/"))})
        assert "Signed out everywhere but here." in done.text
        assert there.get("/account/").url.path == "/account/sign-in"
        answer = here.get("/api/v1/account", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


def test_a_pc_signs_everything_else_out(server: AccountServer, email: str) -> None:
    tokens = []
    with signed_in(server, email) as browser:
        for _ in range(2):
            body = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "PC"}
            tokens.append(browser.post("/api/v1/sign-in", json=body).json()["token"])
        keys = [{"Authorization": f"Bearer {token}"} for token in tokens]
        assert browser.get("/api/v1/account", headers=keys[0]).json()["browsers"][0]["name"] == "Firefox on Windows"
        assert browser.post("/api/v1/account/sign-out-everywhere", headers=keys[0]).status_code == 204
        assert browser.get("/api/v1/account", headers=keys[0]).json()["browsers"] == []
        assert browser.get("/api/v1/account", headers=keys[1]).status_code == 401
        assert browser.get("/account/").url.path == "/account/sign-in"
        assert browser.post("/api/v1/sign-out", headers=keys[0]).status_code == 204
        assert browser.get("/api/v1/account", headers=keys[0]).status_code == 401


def test_an_idle_browser_has_to_sign_in_again(server: AccountServer, email: str) -> None:
    with signed_in(server, email) as here:
        server.clock.advance(hours=11)
        assert here.get("/account/").url.path == "/account/"
        server.clock.advance(hours=11)
        assert here.get("/account/").url.path == "/account/"
        server.clock.advance(hours=13)
        assert here.get("/account/").url.path == "/account/sign-in"


def test_even_a_busy_browser_signs_in_once_a_month(server: AccountServer, email: str) -> None:
    with signed_in(server, email) as here:
        for _ in range(61):
            server.clock.advance(hours=11)
            here.get("/account/")
        assert here.get("/account/").url.path == "/account/"
        for _ in range(6):
            server.clock.advance(hours=11)
            here.get("/account/")
        assert here.get("/account/").url.path == "/account/sign-in"


def test_forms_without_their_word_or_from_elsewhere_do_nothing(server: AccountServer, email: str) -> None:
    with signed_in(server, email) as here:
        word = form_word(here.get("/account/"))
        assert here.post("/account/sign-out", data={}).status_code == 403
        evil = {"Origin": "https://evil.example"}
        assert here.post("/account/sign-out", data={"form_word": word}, headers=evil).status_code == 403
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert here.post("/account/sign-out", data={"form_word": word}, headers=foreign).status_code == 403
        assert here.get("/account/").url.path == "/account/"
        assert here.post("/account/sign-out", data={"form_word": word}).url.path == "/account/sign-in"
        assert here.get("/account/").url.path == "/account/sign-in"


def test_pages_are_kept_nowhere_and_framed_by_nobody(server: AccountServer, visitor: httpx.Client) -> None:
    answer = visitor.get("/account/sign-in")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text


def test_browsers_and_places_have_names() -> None:
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/17.0 Safari/605.1"
    assert browser_name(agent) == "Safari on Mac"
    assert browser_name("curl/8") == "A browser"
    assert place_of("203.0.113.7") == "203.0.113.…"
    assert place_of("2001:db8:1:2::3") == "2001:db8:1::…"
    assert place_of("nowhere") == ""


def test_browsers_of_a_suspended_center_are_signed_out_and_told_why(server: AccountServer, email: str) -> None:
    with server.database.routing() as session:
        own = select(Membership.organization_id).join(Account, Account.id == Membership.account_id)
        organization_id = session.scalars(own.where(Account.email == email)).one()
    with signed_in(server, email) as here, signed_in(server, make_organization(server.database)[2]) as others:
        suspend(server.database, organization_id, datetime.now(UTC))
        answers: list[httpx.Response] = []

        def is_told() -> bool:
            answers.append(here.get("/account/"))
            return answers[-1].status_code == 403

        wait_until(is_told)
        assert "suspended" in answers[-1].text and "run the server" in answers[-1].text
        again = here.post("/account/sign-in", data={"email": email, "password": PASSWORD})
        assert again.status_code == 403 and "suspended" in again.text
        assert others.get("/account/").status_code == 200
        resume(server.database, organization_id)
        wait_until(lambda: others.get("/account/").status_code == 200 and _comes_in(here, email))


def _comes_in(browser: httpx.Client, email: str) -> bool:
    return browser.post("/account/sign-in", data={"email": email, "password": PASSWORD}).status_code == 200


def test_who_has_another_center_stays_signed_in_and_no_longer_sees_the_suspended_one(
    server: AccountServer, email: str
) -> None:
    from tests.sync_server.access.test_invitations import second_center

    second_center(server, email)
    with server.database.routing() as session:
        own = select(Membership.organization_id).join(Account, Account.id == Membership.account_id)
        first, second = session.scalars(own.where(Account.email == email)).all()
    with server.database.tenant(first) as session:
        session.execute(text("UPDATE organization SET business_name = 'The Suspended One'"))
    with signed_in(server, email) as here:
        assert "The Suspended One" in here.get("/account/").text
        suspend(server.database, first, datetime.now(UTC))
        wait_until(lambda: "The Suspended One" not in here.get("/account/").text)
        assert here.get("/account/").status_code == 200
        suspend(server.database, second, datetime.now(UTC))
        wait_until(lambda: here.get("/account/").status_code == 403)
