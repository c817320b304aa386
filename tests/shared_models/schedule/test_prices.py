"""Amounts: hourly price times minutes / 60, half-up to the cent."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.schedule.prices import amount_cents


@pytest.mark.parametrize(
    ("hourly_cents", "minutes", "cents"),
    [(10000, 60, 10000), (8000, 90, 12000), (0, 60, 0), (9999, 30, 5000), (1, 30, 1), (1, 29, 0)],
)
def test_amounts_are_rounded_half_up(hourly_cents: int, minutes: int, cents: int) -> None:
    assert amount_cents(hourly_cents, minutes) == cents


@given(st.integers(0, 10**9), st.integers(0, 10**5))
def test_amounts_agree_with_exact_fractions(hourly_cents: int, minutes: int) -> None:
    assert amount_cents(hourly_cents, minutes) == floor(Fraction(hourly_cents * minutes, 60) + Fraction(1, 2))


@pytest.mark.parametrize(("hourly_cents", "minutes"), [(-1, 60), (100, -1)])
def test_negative_prices_and_lengths_are_refused(hourly_cents: int, minutes: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        amount_cents(hourly_cents, minutes)
