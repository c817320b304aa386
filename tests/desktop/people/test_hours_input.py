"""Hours of a day as people type them."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.people.availability_strip import day_words, week_words
from desktop.people.hours_input import format_hours, parse_hours


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("2:30–8:30 PM", [(time(14, 30), time(20, 30))]),
        ("2:30-8:30", [(time(14, 30), time(20, 30))]),
        ("14:30 to 20:30", [(time(14, 30), time(20, 30))]),
        ("9-12, 1-5", [(time(9), time(12)), (time(13), time(17))]),
        ("11–1 PM", [(time(11), time(13))]),
        ("10–11 PM", [(time(22), time(23))]),
        ("9 AM – 3 PM", [(time(9), time(15))]),
        ("1-3 and 9-12", [(time(9), time(12)), (time(13), time(15))]),
        ("", []),
        ("  ", []),
    ],
)
def test_hours_are_understood(typed, hours):
    assert parse_hours(typed) == hours


@pytest.mark.parametrize("typed", ["whenever", "3", "3-", "5 PM - 3 PM", "25-26"])
def test_what_is_no_span_is_not_guessed(typed):
    assert parse_hours(typed) is None


@given(st.lists(st.tuples(st.times(), st.times()), max_size=3))
def test_what_is_written_is_read_back(spans):
    whole = [(a.replace(second=0, microsecond=0), b.replace(second=0, microsecond=0)) for a, b in spans]
    hours = sorted((min(a, b), max(a, b)) for a, b in whole if a != b)
    assert parse_hours(format_hours(hours)) == hours


def test_days_with_the_same_hours_are_said_together():
    week = {day: [(870, 1230)] for day in (0, 1, 2, 4)} | {5: [(540, 720), (780, 900)]}
    assert week_words(week) == "Mon to Wed, Fri 2:30–8:30 PM; Sat 9:00 AM – 12:00 PM and 1:00–3:00 PM"
    assert week_words({}) == "No weekly hours yet"
    assert day_words([0, 1]) == "Mon, Tue"
