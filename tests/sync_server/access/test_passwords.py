"""Passwords: long ones are taken in any script, common and personal ones refused, and kept as argon2."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from sync_server.access import passwords
from sync_server.access.accounts import authenticate
from sync_server.access.errors import AccountError, ServerBusy
from sync_server.access.passwords import check_password, common_passwords, hash_password, password_fits
from sync_server.access.throttle import Origin
from sync_server.database import Database
from sync_server.models import Account
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, MovedClock, unused_address


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "ł" * 3 + "óśćżźń-jesień",
        "数学は楽しいですよね今日",
        "x" * 30 + " and much more",
        "a b c d e f g h",
    ],
)
def test_long_passwords_in_any_script_are_taken(password: str) -> None:
    check_password(password)


def test_a_thousand_characters_are_taken_and_more_are_not() -> None:
    words = "every good boy does fine, " * 50
    check_password(words[:1000])
    with pytest.raises(AccountError, match="at most 1,000"):
        check_password(words[:1001])


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 10"),
        ("1qaz2wsx3edc", "Many people"),
        ("Password123", "Many people"),
        ("!!qwerty123!", "Many people"),
        ("aaaaaaaaaaaa", "repeats or counts"),
        ("abababababab", "repeats or counts"),
        ("09876543210", "repeats or counts"),
        ("abcdefghijkl", "repeats or counts"),
        ("HudsonLearning1", "mostly a name"),
        ("maya.torres26", "mostly a name"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, reason: str) -> None:
    with pytest.raises(AccountError, match=reason):
        check_password(password, 10, ["maya.torres@hudson.example", "Hudson Learning Center"])


def test_the_minimum_can_be_set() -> None:
    check_password("tr4in whistle", 12)
    with pytest.raises(AccountError, match="at least 16"):
        check_password("tr4in whistle", 16)


def test_the_list_of_common_passwords_is_there() -> None:
    assert len(common_passwords()) > 20_000
    assert {"password", "iloveyou", "letmein"} <= common_passwords()


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    typed = "café au lait für Zoë"
    kept = hash_password(unicodedata.normalize("NFD", typed))
    assert password_fits(kept, unicodedata.normalize("NFC", typed))
    assert not password_fits(kept, "cafe au lait fur Zoe")


def test_no_account_and_a_broken_one_fit_nothing() -> None:
    assert not password_fits(None, PASSWORD)
    assert not password_fits("no hash", PASSWORD)


def test_a_password_kept_with_older_parameters_is_kept_anew(database: Database) -> None:
    _, _, email = make_organization(database)
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with database.routing() as session:
        session.execute(update(Account).where(Account.email == email).values(password_hash=old))
    authenticate(database, email, PASSWORD, Origin(unused_address()), MovedClock()())
    with database.routing() as session:
        kept = session.scalars(select(Account.password_hash).where(Account.email == email)).one()
    assert kept != old and "m=65536" in kept and password_fits(kept, PASSWORD)


def test_a_flood_of_passwords_is_bounded_and_known_devices_pass_it(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most, lock, gate = 0, 0, threading.Lock(), threading.Event()

    class Slow:
        def verify(self, _kept: str, _password: str) -> bool:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            gate.wait(20)
            with lock:
                at_once -= 1
            return True

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    monkeypatch.setattr(passwords, "_SLOTS", passwords._Slots())
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 15.0)
    outcomes: list[str] = []

    def stranger() -> None:
        try:
            password_fits("kept", "guess")
            outcome = "checked"
        except ServerBusy:
            outcome = "busy"
        with lock:
            outcomes.append(outcome)

    flood = [threading.Thread(target=stranger) for _ in range(60)]
    for thread in flood:
        thread.start()
    while len(outcomes) < 60 - 24 - 3:
        flood[0].join(0.01)
    known = threading.Thread(target=lambda: password_fits("kept", "right", is_known=True))
    known.start()
    while at_once < 4:
        known.join(0.01)
    gate.set()
    for thread in (*flood, known):
        thread.join(30)
    assert most == 4
    assert outcomes.count("checked") == 27 and outcomes.count("busy") == 33
