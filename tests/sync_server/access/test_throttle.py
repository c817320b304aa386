"""Guessing is slow, from one address as from a thousand, and never locks the rightful person out."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_models.base import new_id
from sync_server.access import passwords
from sync_server.access.accounts import SignedInDevice, SignInRefused, authenticate, sign_in
from sync_server.access.errors import TooManyTries
from sync_server.access.models import TryAllowance
from sync_server.access.throttle import (
    ACCOUNT,
    ACCOUNT_FROM_NETWORK,
    Limit,
    Origin,
    charge,
    forget_paid_off,
    give_back,
)
from sync_server.database import Database
from tests.live_server import make_organization
from tests.sync_server.access.conftest import PASSWORD, AccountServer, unused_address

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)


def desktop(database: Database, email: str, origin: Origin, now: datetime = NOW) -> SignedInDevice:
    outcome = sign_in(
        database, email=email, password=PASSWORD, device_id=new_id(), device_name="Desk", now=now, origin=origin
    )
    assert isinstance(outcome, SignedInDevice)
    return outcome


def guesses(database: Database, email: str, addresses: list[str], now: datetime, proof: str = "") -> int:
    """How many wrong passwords get looked at."""
    looked_at = 0
    for address in addresses:
        try:
            authenticate(database, email, "a wrong password", Origin(address, proof), now)
        except SignInRefused:
            looked_at += 1
        except TooManyTries:
            continue
    return looked_at


@pytest.fixture
def fast_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts tries without argon2's deliberate slowness; the right password is still the only one."""
    monkeypatch.setattr(
        "sync_server.access.accounts.password_fits", lambda kept, password, **_: bool(kept) and password == PASSWORD
    )


def test_one_network_guesses_a_few_times_an_hour(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    address = unused_address()
    assert guesses(database, email, [address] * 40, NOW) == ACCOUNT_FROM_NETWORK.burst
    in_an_hour = sum(guesses(database, email, [address] * 3, NOW + timedelta(minutes=at)) for at in range(1, 61))
    assert in_an_hour <= HOUR / ACCOUNT.every + ACCOUNT.burst


def test_a_thousand_addresses_together_guess_hardly_more(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    looked_at = sum(
        guesses(database, email, [unused_address() for _ in range(20)], NOW + timedelta(minutes=at))
        for at in range(60)
    )
    assert looked_at <= ACCOUNT.burst + HOUR / ACCOUNT.every
    assert looked_at >= ACCOUNT.burst


def test_a_known_device_comes_in_while_the_account_is_hammered(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    home = unused_address()
    first = desktop(database, email, Origin(home))
    attackers = [unused_address() for _ in range(60)]
    for minute in range(30):
        guesses(database, email, attackers[minute % 60 :] + attackers[: minute % 60], NOW + timedelta(minutes=minute))
    now = NOW + timedelta(minutes=29)
    with pytest.raises(TooManyTries):
        authenticate(database, email, PASSWORD, Origin(unused_address()), now)
    on_the_road = desktop(database, email, Origin(unused_address(), first.proof), now)
    assert on_the_road.proof == first.proof
    assert desktop(database, email, Origin(home), now).token


def test_who_shares_a_network_with_an_attacker_comes_in_by_the_device(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    shared = unused_address()
    device = desktop(database, email, Origin(shared))
    guesses(database, email, [shared] * 50, NOW)
    with pytest.raises(TooManyTries):
        authenticate(database, email, PASSWORD, Origin(shared), NOW)
    assert desktop(database, email, Origin(shared, device.proof)).token


def test_even_a_known_device_cannot_guess_without_end(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    proof = desktop(database, email, Origin(unused_address())).proof
    assert guesses(database, email, [unused_address()] * 50, NOW, proof) == 10


def test_a_proof_of_one_account_is_worth_nothing_at_another(database: Database, fast_hashing: None) -> None:
    _, _, own = make_organization(database)
    _, _, other = make_organization(database)
    proof = desktop(database, own, Origin(unused_address())).proof
    attackers = [unused_address() for _ in range(50)]
    assert guesses(database, other, attackers, NOW, proof) == ACCOUNT.burst


def test_unknown_accounts_are_counted_like_known_ones(database: Database, fast_hashing: None) -> None:
    address = unused_address()
    assert guesses(database, f"nobody-{new_id()}@example.org", [address] * 20, NOW) == ACCOUNT_FROM_NETWORK.burst


def test_an_unknown_account_costs_as_much_time_as_a_wrong_password(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, known = make_organization(database)
    hashed: list[str] = []
    hasher = passwords._HASHER

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            hashed.append(kept)
            return hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for email in (known, f"nobody-{new_id()}@example.org"):
        with pytest.raises(SignInRefused):
            authenticate(database, email, "a wrong password", Origin(unused_address()), NOW)
    first, second = (re.match(r"\$argon2id\$v=\d+\$[^$]+", kept) for kept in hashed)
    assert first is not None and second is not None and first[0] == second[0], "one hash each, of the same cost"


def test_ipv6_neighbors_are_one_network(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    prefix = f"2001:db8:{new_id()[-4:]}"
    addresses = [f"{prefix}::{number:x}" for number in range(1, 30)]
    assert guesses(database, email, addresses, NOW) == ACCOUNT_FROM_NETWORK.burst
    assert Origin("::ffff:203.0.113.9").network == "203.0.113.9"
    assert Origin("no address").network == "unknown"


def test_right_passwords_cost_nothing(database: Database, fast_hashing: None) -> None:
    _, _, email = make_organization(database)
    for _ in range(30):
        desktop(database, email, Origin("198.51.100.1"))


def test_of_many_at_once_no_more_pass_than_allowed(database: Database) -> None:
    bucket = {f"race {new_id()}": Limit(7, timedelta(minutes=1))}

    def one(_: int) -> bool:
        try:
            with database.routing() as session:
                charge(session, bucket, NOW)
        except TooManyTries as error:
            assert timedelta(0) < error.wait <= timedelta(minutes=1)
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(64))) == 7


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    burst=st.integers(1, 6),
    every=st.integers(1, 300),
    pauses=st.lists(st.integers(0, 400), min_size=1, max_size=40),
)
def test_in_no_span_of_time_do_more_pass_than_burst_and_pace_allow(
    database: Database, burst: int, every: int, pauses: list[int]
) -> None:
    bucket, limit = f"property {new_id()}", Limit(burst, timedelta(seconds=every))
    moment, passed = NOW, []
    for pause in pauses:
        moment += timedelta(seconds=pause)
        try:
            with database.routing() as session:
                charge(session, {bucket: limit}, moment)
        except TooManyTries as error:
            assert error.wait <= limit.every
            continue
        passed.append(moment)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span = passed[last] - passed[first]
            assert last - first + 1 <= burst + span / limit.every
    # Nobody who keeps to the pace is ever refused.
    with database.routing() as session:
        charge(session, {bucket: limit}, moment + limit.every * burst)


def test_a_refused_try_is_counted_in_no_bucket(database: Database) -> None:
    wide, narrow = f"wide {new_id()}", f"narrow {new_id()}"
    limits = {narrow: Limit(1, HOUR), wide: Limit(2, HOUR)}
    with database.routing() as session:
        charge(session, limits, NOW)
    for _ in range(5):
        with pytest.raises(TooManyTries), database.routing() as session:
            charge(session, limits, NOW)
    with database.routing() as session:
        charge(session, {wide: Limit(2, HOUR)}, NOW)
        give_back(session, {wide: Limit(2, HOUR)})
        charge(session, {wide: Limit(2, HOUR)}, NOW)


def test_counters_that_allow_everything_again_are_cleared(database: Database) -> None:
    with database.routing() as session:
        charge(session, {f"old {new_id()}": Limit(3, timedelta(minutes=1))}, NOW - timedelta(days=3000))
    with database.routing() as session:
        forget_paid_off(session, NOW - timedelta(days=2000))
        assert session.query(TryAllowance).where(TryAllowance.paid_off_at < NOW - timedelta(days=2000)).count() == 0


def test_the_answer_says_how_long_to_wait(server: AccountServer, visitor: httpx.Client) -> None:
    _, _, email = make_organization(server.database)
    body = {"email": email, "password": "a wrong password", "device_id": new_id(), "device_name": "Desk"}
    answers = [visitor.post("/api/v1/sign-in", json=body) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [403] * 6 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 120
    assert answers[-1].json()["code"] == "too_many_tries"
    assert answers[-1].json()["detail"].startswith("Too many tries. Wait")
    page = visitor.post("/account/sign-in", data={"email": email, "password": PASSWORD})
    assert page.status_code == 429 and "Too many tries" in page.text
