"""Signing in through a provider of OpenID Connect: the right person comes in, and every lie is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select, update

from shared_models.access.models import Role
from shared_models.base import new_id
from sync_server.access.models import LinkedIdentity
from sync_server.access.openid import challenge_of
from sync_server.models import Account
from sync_server.settings import OpenIdProvider, Settings
from tests.live_server import make_organization
from tests.sync_server.access.conftest import AccountServer, Inbox, free_port, unused_email
from tests.sync_server.access.provider import CLIENT_ID, CLIENT_SECRET, Provider, running
from tests.sync_server.access.test_invitations import CenterWithOwner, second_center
from tests.sync_server.access.test_reset import form_word
from tests.sync_server.access.test_second_factor import switched_on


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    port = free_port()
    provider = Provider(port)
    with running(provider, port):
        yield provider


@pytest.fixture(scope="module")
def providers(running_provider: Provider) -> tuple[OpenIdProvider, ...]:
    return (
        OpenIdProvider("school", "Your school", running_provider.url, CLIENT_ID, CLIENT_SECRET),
        OpenIdProvider("away", "Nobody", "http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET),
    )


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.begin_anew()
    running_provider.claims["sub"] = new_id()
    return running_provider


@pytest.fixture
def email(server: AccountServer, provider: Provider) -> str:
    """The e-mail of an account that confirmed it, and whom the provider recognizes."""
    email = make_organization(server.database)[2]
    with server.database.routing() as session:
        session.execute(update(Account).where(Account.email == email).values(email_is_confirmed=True))
    provider.claims["email"] = email
    return email


def came(visitor: httpx.Client) -> httpx.Response:
    """Click the button, and follow the browser."""
    return visitor.get("/account/openid/school")


def test_the_buttons_stand_on_the_page(visitor: httpx.Client) -> None:
    assert "Sign in with Your school" in visitor.get("/account/sign-in").text
    names = [one["name"] for one in visitor.get("/api/v1/ways-in").json()["providers"]]
    assert names == ["school", "away"]


def test_whom_the_provider_recognizes_comes_in(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    done = came(visitor)
    assert done.url.path == "/account/" and email in done.text
    with server.database.routing() as session:
        linked = session.scalars(select(LinkedIdentity).where(LinkedIdentity.subject == provider.claims["sub"])).one()
        assert linked.provider == "school"
    provider.claims["email"] = "a-new-address@example.org"
    with server.client() as later:
        assert email in came(later).text, "the person is known by the provider's name for them"


def test_an_address_that_the_provider_has_not_confirmed_opens_nothing(
    provider: Provider, email: str, visitor: httpx.Client
) -> None:
    for claim in (False, None, "false", "yes"):
        provider.claims["email_verified"] = claim
        refused = came(visitor)
        assert refused.status_code == 403 and "has not confirmed your e-mail" in refused.text


def test_an_account_that_has_not_confirmed_its_address_is_not_taken_over(
    server: AccountServer, provider: Provider, visitor: httpx.Client
) -> None:
    provider.claims["email"] = make_organization(server.database)[2]
    refused = came(visitor)
    assert refused.status_code == 403 and "Your account here has not confirmed" in refused.text


def test_who_has_no_account_is_told_what_to_do(provider: Provider, visitor: httpx.Client) -> None:
    provider.claims["email"] = unused_email()
    refused = came(visitor)
    assert refused.status_code == 403 and "ask for an invitation" in refused.text


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["another-client", CLIENT_ID]},
        {"exp": 1},
        {"exp": None},
        {"iat": 99_999_999_999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
    ],
    ids=lambda lie: "-".join(lie),
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    provider: Provider, email: str, visitor: httpx.Client, lie: dict[str, object]
) -> None:
    provider.changed = lie
    refused = came(visitor)
    assert refused.status_code == 502 and "did not work" in refused.text
    assert visitor.get("/account/").url.path == "/account/sign-in"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_the_providers_key_did_not_sign_is_refused(
    provider: Provider, email: str, visitor: httpx.Client, algorithm: str
) -> None:
    provider.signs_with = algorithm
    assert came(visitor).status_code == 502
    provider.signs_with = "RS256"
    provider.signing_key = RSAKey.generate_key(2048, {"kid": provider.key.kid or "first"})
    assert came(visitor).status_code == 502


def test_changed_keys_are_fetched_and_known_ones_are_not(
    provider: Provider, email: str, server: AccountServer
) -> None:
    with server.client() as first:
        assert came(first).status_code == 200
    asked = provider.discoveries
    with server.client() as second:
        assert came(second).status_code == 200
    assert provider.discoveries == asked
    provider.change_keys()
    with server.client() as third:
        assert came(third).status_code == 200
    assert provider.discoveries == asked + 1


def test_a_link_of_another_browser_signs_nobody_in(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    visitor.follow_redirects = False
    begun = visitor.get("/account/openid/school")
    asked = httpx.get(begun.headers["Location"])
    back = asked.headers["Location"]
    with server.client() as victim:
        assert victim.get(back).status_code == 410, "login CSRF"
    assert visitor.get(back).status_code == 410, "the state was good once"
    assert visitor.get("/account/openid/school/return?state=unknown&code=x").status_code == 410
    again = visitor.get("/account/openid/school")
    late = httpx.get(again.headers["Location"]).headers["Location"]
    server.clock.advance(minutes=11)
    assert visitor.get(late).status_code == 410


def test_what_the_provider_refuses_is_said(provider: Provider, email: str, visitor: httpx.Client) -> None:
    provider.is_broken = True
    assert came(visitor).status_code == 502
    assert visitor.get("/account/openid/school/return?error=access_denied&state=x").status_code == 403
    assert visitor.get("/account/openid/away").status_code == 502
    assert visitor.get("/account/openid/nobody").status_code == 404


def test_the_second_factor_is_asked_for_here_too(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    phone, _ = switched_on(server, email)
    page = came(visitor)
    assert page.url.path == "/account/sign-in/code"
    done = visitor.post("/account/sign-in/code", data={"form_word": form_word(page), "code": phone.next_code()})
    assert done.url.path == "/account/"


def test_an_invitation_is_joined_through_the_provider(
    server: AccountServer, provider: Provider, inbox: Inbox, email: str, visitor: httpx.Client
) -> None:
    center = CenterWithOwner(server)
    center.owner.invite(email, Role.ADMIN)
    key = inbox.key_for(email)
    asked = visitor.get("/account/invitation", params={"key": key})
    button = re.search(r'href="(/account/openid/school[^"]*)"', asked.text)
    assert button is not None
    page = visitor.get(unescape(button[1]))
    assert page.url.path == "/account/invitation" and "You are signed in as" in page.text
    evil = visitor.get("/account/openid/school", params={"then": "https://evil.example/"})
    assert evil.url.path == "/account/"


class Program:
    """A desktop that waits for its browser."""

    def __init__(self, server: AccountServer) -> None:
        self.server = server
        self.verifier = f"{new_id()}{new_id()}"
        self.query = {"port": "45678", "challenge": challenge_of(self.verifier), "state": "s" * 24}

    def brought(self, browser: httpx.Client) -> str:
        """The code that the browser brings after the person agreed."""
        page = browser.get("/account/desktop", params=self.query)
        assert "Sign in to the program on this PC?" in page.text, page.text
        assert "form-action 'self' http://127.0.0.1:45678;" in page.headers["Content-Security-Policy"]
        browser.follow_redirects = False
        answer = browser.post("/account/desktop", data={"form_word": form_word(page), **self.query})
        assert answer.status_code == 303, answer.text
        to = urlsplit(answer.headers["Location"])
        assert (to.hostname, to.port) == ("127.0.0.1", 45678)
        query = parse_qs(to.query)
        assert query["state"] == [self.query["state"]]
        return query["code"][0]

    def redeem(self, code: str, **changed: str | None) -> httpx.Response:
        body = {
            "pairing_code": code,
            "verifier": self.verifier,
            "device_id": new_id(),
            "device_name": "PC",
            **changed,
        }
        with self.server.client() as client:
            return client.post("/api/v1/sign-in/pairing", json=body)


def test_the_program_is_signed_in_through_the_browser(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    program = Program(server)
    page = visitor.get("/account/desktop", params=program.query)
    assert page.url.path == "/account/sign-in"
    then = page.url.params["then"]
    assert visitor.get("/account/openid/school", params={"then": then}).url.path == "/account/desktop"
    code = program.brought(visitor)
    stolen = program.redeem(code, verifier="another program's secret")
    assert (stolen.status_code, stolen.json()["code"]) == (410, "link_ended")
    assert program.redeem(code).json()["center"]["business_name"] == "Hudson Learning Center"
    assert program.redeem(code).status_code == 410


def test_the_program_chooses_among_centers_with_one_code(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    second_center(server, email)
    program = Program(server)
    came(visitor)
    code = program.brought(visitor)
    centers = program.redeem(code).json()["centers"]
    assert len(centers) == 2
    assert program.redeem(code, organization_id=centers[0]["organization_id"]).json()["token"]


def test_a_code_for_the_program_lasts_five_minutes(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client
) -> None:
    program = Program(server)
    came(visitor)
    code = program.brought(visitor)
    server.clock.advance(minutes=6)
    assert program.redeem(code).status_code == 410


@pytest.mark.parametrize("wrong", [{"port": "80"}, {"port": "x"}, {"challenge": "short"}, {"state": "<script>"}])
def test_a_page_that_no_program_opened_goes_nowhere(
    server: AccountServer, provider: Provider, email: str, visitor: httpx.Client, wrong: dict[str, str]
) -> None:
    came(visitor)
    query = {**Program(server).query, **wrong}
    assert visitor.get("/account/desktop", params=query).status_code == 422
    word = form_word(visitor.get("/account/"))
    assert visitor.post("/account/desktop", data={"form_word": word, **query}).status_code == 422


def test_providers_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "ITUTOROS_DATA": "somewhere",
            "ITUTOROS_OPENID": "google, school",
            "ITUTOROS_OPENID_GOOGLE_URL": "https://accounts.google.com",
            "ITUTOROS_OPENID_GOOGLE_CLIENT": "id",
            "ITUTOROS_OPENID_GOOGLE_SECRET": "secret",
            "ITUTOROS_OPENID_SCHOOL_NAME": "Hudson Schools",
            "ITUTOROS_PASSWORD_MINIMUM": "4",
        }
    )
    assert settings.openid_providers == (
        OpenIdProvider("google", "Google", "https://accounts.google.com", "id", "secret"),
        OpenIdProvider("school", "Hudson Schools", "", "", ""),
    )
    assert settings.password_minimum == 8
