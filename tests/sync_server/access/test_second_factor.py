"""The second factor: switched on with a picture, asked for in the browser and at the desk, each code good once, and
its secret sealed at rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import httpx
import pytest
from sqlalchemy import select

from shared_models.base import new_id
from sync_server.access.errors import WrongCode
from sync_server.access.models import SecondFactor
from sync_server.access.one_time_codes import STEP_SECONDS, code_at
from sync_server.access.second_factor import use_code
from sync_server.models import Account
from sync_server.operations.upkeep import run_upkeep
from sync_server.sealing import Sealing
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, AccountServer, Inbox
from tests.sync_server.access.test_browsers import signed_in
from tests.sync_server.access.test_reset import form_word

OLD_KEY, NEW_KEY = "the old key, of thirty-two letters or more", "the new key, of thirty-two letters or more"


class Phone:
    """An authenticator app."""

    def __init__(self, server: AccountServer, secret: str) -> None:
        self._server, self.code_secret = server, secret

    def code(self, ahead: int = 0) -> str:
        return code_at(self.code_secret, int(self._server.clock().timestamp()) // STEP_SECONDS + ahead)

    def next_code(self) -> str:
        """A code that was not used yet."""
        self._server.clock.advance(seconds=STEP_SECONDS)
        return self.code()


@pytest.fixture
def email(server: AccountServer) -> str:
    return make_organization(server.database)[2]


def switched_on(server: AccountServer, email: str) -> tuple[Phone, list[str]]:
    """The phone, and the recovery codes."""
    with signed_in(server, email) as browser:
        page = browser.get("/account/second-factor")
        secret = re.search(r'<span class="secret">([A-Z2-7 ]+)</span>', page.text)
        assert secret is not None and "<svg" in page.text
        phone = Phone(server, secret[1].replace(" ", ""))
        done = browser.post(
            "/account/second-factor",
            data={"form_word": form_word(page), "code": phone.code(), "password": PASSWORD},
        )
        assert done.status_code == 200, done.text
        codes = re.findall(r"<li>([a-z0-9-]{16})</li>", unescape(done.text))
        assert len(codes) == 10
    return phone, codes


def at_desk(server: AccountServer, email: str, **more: str) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "Desk", **more}
    with server.client() as client:
        return client.post("/api/v1/sign-in", json=body)


def test_it_is_off_until_a_first_code_was_right(server: AccountServer, email: str) -> None:
    with signed_in(server, email) as browser:
        page = browser.get("/account/second-factor")
        wrong = browser.post(
            "/account/second-factor", data={"form_word": form_word(page), "code": "000000", "password": PASSWORD}
        )
        assert wrong.status_code == 403 and 'id="code-error"' in wrong.text
        secret = re.search(r'<span class="secret">([A-Z2-7 ]+)</span>', page.text)
        assert secret is not None and secret[1] in wrong.text, "the phone keeps what it has read"
    assert at_desk(server, email).json()["token"]


def test_the_desk_is_asked_for_a_code_after_the_password(server: AccountServer, inbox: Inbox, email: str) -> None:
    phone, _ = switched_on(server, email)
    assert inbox.wait_for(email)["Subject"] == "Your second factor is on"
    asked = at_desk(server, email)
    assert asked.status_code == 200
    assert asked.json() == {
        "token": None, "center": None, "centers": [], "second_factor": True, "device_proof": None,
    }  # fmt: skip
    wrong = at_desk(server, email, code="123456")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_code")
    unknown = at_desk(server, email, password="a wrong password", code=phone.next_code())
    assert unknown.json()["code"] == "sign_in_refused"
    assert at_desk(server, email, code=phone.next_code()).json()["token"]


def test_a_code_is_good_once(server: AccountServer, email: str) -> None:
    phone, _ = switched_on(server, email)
    code = phone.next_code()
    assert at_desk(server, email, code=code).json()["token"]
    assert at_desk(server, email, code=code).status_code == 403


def test_of_many_with_one_code_one_comes_in(server: AccountServer, email: str) -> None:
    phone, codes = switched_on(server, email)
    with server.database.routing() as session:
        account_id = session.query(Account.id).where(Account.email == email).scalar()
    fresh, now = phone.next_code(), server.clock()

    def use(code: str) -> bool:
        try:
            with server.database.routing() as session:
                use_code(session, account_id, code, now)
        except WrongCode:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, [fresh] * 16)) == 1
        assert sum(pool.map(use, [codes[0]] * 16)) == 1


def test_the_browser_waits_for_the_code(server: AccountServer, email: str, visitor: httpx.Client) -> None:
    phone, _ = switched_on(server, email)
    page = visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    assert page.url.path == "/account/sign-in/code"
    assert visitor.get("/account/").url.path == "/account/sign-in/code"
    wrong = visitor.post("/account/sign-in/code", data={"form_word": form_word(page), "code": "111111"})
    assert wrong.status_code == 403
    waiting = visitor.cookies["itutoros_session"]
    done = visitor.post("/account/sign-in/code", data={"form_word": form_word(page), "code": phone.next_code()})
    assert done.url.path == "/account/"
    with server.client() as other:
        other.cookies.set("itutoros_session", waiting)
        assert other.get("/account/").url.path == "/account/sign-in", "the waiting cookie opens nothing"


def test_a_waiting_browser_is_forgotten(server: AccountServer, email: str, visitor: httpx.Client) -> None:
    switched_on(server, email)
    visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    server.clock.advance(minutes=11)
    assert visitor.get("/account/sign-in/code").url.path == "/account/sign-in"


def test_a_recovery_code_stands_in_once_however_it_is_typed(server: AccountServer, email: str) -> None:
    _, codes = switched_on(server, email)
    assert at_desk(server, email, code=f" {codes[3].upper().replace('-', ' ')} ").json()["token"]
    assert at_desk(server, email, code=codes[3]).status_code == 403
    assert at_desk(server, email, code=codes[4]).json()["token"]


def test_codes_cannot_be_guessed(server: AccountServer, email: str) -> None:
    switched_on(server, email)
    statuses = [at_desk(server, email, code=f"{number:06}").status_code for number in range(9)]
    assert statuses.count(403) == 6 and statuses[-3:] == [429] * 3


def test_one_code_serves_for_choosing_a_center_too(server: AccountServer, email: str) -> None:
    from tests.sync_server.access.test_invitations import second_center

    second_center(server, email)
    phone, _ = switched_on(server, email)
    code = phone.next_code()
    centers = at_desk(server, email, code=code).json()["centers"]
    assert len(centers) == 2
    assert at_desk(server, email, code=code, organization_id=centers[1]["organization_id"]).json()["token"]
    assert at_desk(server, email, code=code).status_code == 403


def test_it_is_switched_off_with_password_and_code(server: AccountServer, email: str, visitor: httpx.Client) -> None:
    phone, _ = switched_on(server, email)
    page = visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    visitor.post("/account/sign-in/code", data={"form_word": form_word(page), "code": phone.next_code()})
    word = form_word(visitor.get("/account/second-factor/remove"))
    path = "/account/second-factor/remove"
    no_password = visitor.post(path, data={"form_word": word, "password": "wrong", "code": phone.next_code()})
    assert no_password.status_code == 422
    no_code = visitor.post(path, data={"form_word": word, "password": PASSWORD, "code": "000000"})
    assert no_code.status_code == 403
    done = visitor.post(path, data={"form_word": word, "password": PASSWORD, "code": phone.next_code()})
    assert "The second factor is off." in done.text
    assert at_desk(server, email).json()["token"]


def test_a_reset_password_still_asks_for_the_code(
    server: AccountServer, inbox: Inbox, email: str, visitor: httpx.Client
) -> None:
    switched_on(server, email)
    inbox.wait_for(email)
    visitor.post("/account/reset", data={"email": email})
    key = inbox.key_for(email, 2)
    done = visitor.post("/account/password", data={"key": key, "password": "a quite different password"})
    assert done.url.path == "/account/sign-in/code"


# at rest


def kept_secret(server: AccountServer, email: str) -> str:
    with server.database.routing() as session:
        own = select(Account.id).where(Account.email == email).scalar_subquery()
        return session.scalars(select(SecondFactor.secret).where(SecondFactor.account_id == own)).one()


@pytest.fixture
def keys(server: AccountServer) -> Iterator[Callable[..., None]]:
    """Serve with these keys from now on, as a server does that was started with others."""

    def use(*texts: str) -> None:
        server.database.sealing = Sealing(texts)

    yield use
    use()


def test_the_secret_lies_sealed_in_the_database(server: AccountServer, email: str, keys: Callable[..., None]) -> None:
    keys(OLD_KEY)
    phone, _ = switched_on(server, email)
    assert kept_secret(server, email).startswith("sealed:")
    assert phone.code_secret not in kept_secret(server, email)
    assert at_desk(server, email, code=phone.next_code()).json()["token"]


def test_a_secret_from_before_there_were_keys_is_sealed_when_it_is_first_used(
    server: AccountServer, email: str, keys: Callable[..., None]
) -> None:
    phone, _ = switched_on(server, email)
    assert kept_secret(server, email) == phone.code_secret
    keys(OLD_KEY)
    assert at_desk(server, email, code=phone.next_code()).json()["token"]
    assert kept_secret(server, email).startswith("sealed:")


def test_the_upkeep_moves_every_secret_under_the_newest_key(
    server: AccountServer, email: str, keys: Callable[..., None]
) -> None:
    keys(OLD_KEY)
    phone, _ = switched_on(server, email)
    under_old = kept_secret(server, email)
    other = make_organization(server.database)[2]
    keys()
    switched_on(server, other)
    keys(NEW_KEY, OLD_KEY)
    assert run_upkeep(server.database, server.clock())["secrets"] >= 2
    assert kept_secret(server, email) != under_old
    assert kept_secret(server, other).startswith("sealed:")
    assert run_upkeep(server.database, server.clock())["secrets"] == 0
    keys(NEW_KEY)
    assert at_desk(server, email, code=phone.next_code()).json()["token"]


def test_without_the_key_recovery_codes_are_good_and_the_reason_is_said(
    server: AccountServer, email: str, keys: Callable[..., None]
) -> None:
    keys(OLD_KEY)
    phone, codes = switched_on(server, email)
    keys(NEW_KEY)
    told = at_desk(server, email, code=phone.next_code())
    assert (told.status_code, told.json()["code"]) == (503, "secret_unreadable")
    assert "recovery codes" in told.json()["detail"]
    assert at_desk(server, email, code=codes[0]).json()["token"]
