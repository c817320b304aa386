"""One-time codes agree with RFC 6238, tolerate a little difference of clocks, and are good once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from sync_server.access.one_time_codes import code_at, enrolment_uri, matching_step, new_shared_secret, spelled

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(SECRET, seconds // 30, 8) == code


def test_a_code_is_taken_one_step_early_and_late() -> None:
    now_step = int(NOW.timestamp()) // 30
    for apart in (-1, 0, 1):
        assert matching_step(SECRET, code_at(SECRET, now_step + apart), NOW) == now_step + apart
    for apart in (-2, 2, 100):
        assert matching_step(SECRET, code_at(SECRET, now_step + apart), NOW) is None


def test_a_used_step_and_those_before_it_are_refused() -> None:
    step = matching_step(SECRET, code_at(SECRET, int(NOW.timestamp()) // 30), NOW)
    assert step is not None
    assert matching_step(SECRET, code_at(SECRET, step), NOW, after=step) is None
    assert matching_step(SECRET, code_at(SECRET, step - 1), NOW, after=step) is None
    later = NOW + timedelta(seconds=30)
    assert matching_step(SECRET, code_at(SECRET, step + 1), later, after=step) == step + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "12 34 5"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert matching_step(SECRET, typed, NOW) is None


def test_spaces_in_a_code_do_not_matter() -> None:
    code = code_at(SECRET, int(NOW.timestamp()) // 30)
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW) is not None


def test_secrets_are_long_and_spelled_in_fours() -> None:
    first, second = new_shared_secret(), new_shared_secret()
    assert first != second and len(base64.b32decode(first)) == 20
    assert spelled("ABCDEFGH") == "ABCD EFGH"
    assert enrolment_uri("ABC", "maya@hudson.example").startswith("otpauth://totp/iTutorOS%3Amaya@hudson.example?")
