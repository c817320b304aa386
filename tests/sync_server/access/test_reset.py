"""A forgotten password: a link by mail, once, for an hour; then everything signs in again and nothing is wiped."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import event

from shared_models.base import new_id
from sync_server.access.accounts import SignedInDevice, SignInRefused, sign_in
from sync_server.access.desk import AccountDesk
from sync_server.access.devices import DeviceState, identify
from sync_server.access.password_reset import request_reset
from sync_server.access.throttle import Origin
from sync_server.database import Database
from tests.live_server import make_organization
from tests.sync_server.access.conftest import (
    PASSWORD,
    AccountServer,
    Inbox,
    text_of,
    unused_address,
    unused_email,
)

NEW = "a quite different password"


def desktop(database: Database, email: str, server: AccountServer, password: str = PASSWORD) -> SignedInDevice:
    outcome = sign_in(
        database, email=email, password=password, device_id=new_id(), device_name="Desk", now=server.clock(),
        origin=Origin(unused_address()),
    )  # fmt: skip
    assert isinstance(outcome, SignedInDevice)
    return outcome


def asked(visitor: httpx.Client, email: str) -> httpx.Response:
    answer = visitor.post("/account/reset", data={"email": email})
    assert answer.status_code == 200 and "Look into your mail" in answer.text
    return answer


def test_a_link_sets_a_new_password_and_signs_everything_out(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client
) -> None:
    _, _, email = make_organization(server.database)
    device = desktop(server.database, email, server)
    with server.client(unused_address()) as browser:
        browser.post("/account/sign-in", data={"email": email, "password": PASSWORD})
        assert "Your account" in browser.get("/account/").text
        asked(visitor, email)
        key = inbox.key_for(email)
        assert email in visitor.get("/account/password", params={"key": key}).text
        done = visitor.post("/account/password", data={"key": key, "password": NEW})
        assert "Your new password is saved" in done.text
        assert browser.get("/account/").url.path == "/account/sign-in"
    assert identify(server.database, device.token, server.clock()) is DeviceState.UNKNOWN, "ended, not revoked"
    with pytest.raises(SignInRefused):
        desktop(server.database, email, server)
    assert desktop(server.database, email, server, NEW).token
    told = inbox.wait_for(email, 2)
    assert told["Subject"] == "Your password was changed"
    assert NEW not in text_of(told)


def test_a_link_works_once_and_for_an_hour(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    _, _, email = make_organization(server.database)
    asked(visitor, email)
    first = inbox.key_for(email)
    assert visitor.post("/account/password", data={"key": first, "password": NEW}).status_code == 200
    assert visitor.post("/account/password", data={"key": first, "password": NEW}).status_code == 410
    asked(visitor, email)
    late = inbox.key_for(email, 3)
    server.clock.advance(minutes=61)
    assert visitor.get("/account/password", params={"key": late}).status_code == 410
    assert visitor.post("/account/password", data={"key": late, "password": NEW}).status_code == 410


def test_a_weak_password_leaves_the_link_good(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    _, _, email = make_organization(server.database)
    asked(visitor, email)
    key = inbox.key_for(email)
    for weak in ("short", "password123", email):
        refused = visitor.post("/account/password", data={"key": key, "password": weak})
        assert refused.status_code == 422 and 'id="password-error"' in refused.text
    assert visitor.post("/account/password", data={"key": key, "password": NEW}).status_code == 200


def test_asking_again_ends_no_earlier_link(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    _, _, email = make_organization(server.database)
    asked(visitor, email)
    first = inbox.key_for(email)
    for _ in range(6):
        with server.client(unused_address()) as attacker:
            asked(attacker, email)
    assert len(inbox.to(email)) <= 3
    assert visitor.post("/account/password", data={"key": first, "password": NEW}).status_code == 200


def test_nobody_learns_who_has_an_account(server: AccountServer, inbox: Inbox, visitor: httpx.Client) -> None:
    _, _, known = make_organization(server.database)
    unknown = unused_email()
    assert asked(visitor, unknown).text == asked(visitor, known).text
    inbox.wait_for(known)
    assert inbox.to(unknown) == []
    body = {"email": unknown}
    assert visitor.post("/api/v1/password-reset", json=body).status_code == 202
    assert visitor.post("/api/v1/password-reset", json={"email": known}).status_code == 202
    inbox.wait_for(known, 2)


@pytest.mark.parametrize(
    "email",
    ["", "@", "a", '"', '"a b"@example.org', "é@é.example", "a@b", "<a@b.example>", "a@b.example, c@d.example",
     ".@.", "a" * 60 + "@" + "b" * 180, "a@[127.0.0.1]", "'; --@x.example", "=?utf-8?q?=41?=@b.example", "((",
     "a@b.example;"],
)  # fmt: skip
def test_an_odd_address_is_answered_like_any_other(visitor: httpx.Client, email: str) -> None:
    assert visitor.post("/api/v1/password-reset", json={"email": email}).status_code == 202
    assert visitor.post("/account/reset", data={"email": email}).status_code in (200, 422)


def test_an_unknown_address_costs_the_same_work(database: Database) -> None:
    _, _, known = make_organization(database)
    counts = []
    for email in (known, unused_email(), known, unused_email()):
        statements: list[str] = []
        note = lambda *called: statements.append(called[2])  # noqa: B023, E731
        event.listen(database.engine, "before_cursor_execute", note)
        request_reset(
            AccountDesk(database, "http://127.0.0.1", "no-reply@localhost"), email, Origin(unused_address())
        )
        event.remove(database.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[2] and counts[1] == counts[3]
    assert counts[0] - counts[1] == 1, "all but the row of the link itself"


def test_a_reset_lets_in_who_is_locked_out_from_a_new_place(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client
) -> None:
    _, _, email = make_organization(server.database)
    for _ in range(12):
        with server.client(unused_address()) as attacker:
            attacker.post("/account/sign-in", data={"email": email, "password": "a guess"})
    assert visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD}).status_code == 429
    asked(visitor, email)
    done = visitor.post("/account/password", data={"key": inbox.key_for(email), "password": NEW})
    assert "Your account" in done.text
    assert visitor.post("/account/sign-in", data={"email": email, "password": NEW}).url.path == "/account/"


def test_who_knows_the_old_password_changes_it(server: AccountServer, visitor: httpx.Client) -> None:
    _, _, email = make_organization(server.database)
    device = desktop(server.database, email, server)
    visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    word = form_word(visitor.get("/account/change-password"))
    wrong = visitor.post(
        "/account/change-password", data={"form_word": word, "current": "not this one", "password": NEW}
    )
    assert wrong.status_code == 422 and "This is not your password." in wrong.text
    done = visitor.post("/account/change-password", data={"form_word": word, "current": PASSWORD, "password": NEW})
    assert "Your new password is saved" in done.text
    assert identify(server.database, device.token, server.clock()) is DeviceState.UNKNOWN


def form_word(page: httpx.Response) -> str:
    _, _, rest = page.text.partition('name="form_word" value="')
    return rest.partition('"')[0]
