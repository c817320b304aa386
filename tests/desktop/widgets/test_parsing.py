"""What people type into time, date and money fields, and what it means."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.widgets.parsing import (
    format_cents,
    format_date,
    format_time,
    format_time_range,
    parse_cents,
    parse_date,
    parse_time,
    plain,
)

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("5:45 PM", time(17, 45)), ("545p", time(17, 45)), ("17:45", time(17, 45)), ("5:45", time(17, 45)),
        ("5", time(17)), ("5p.m.", time(17)), ("9", time(9)), ("9:15 am", time(9, 15)), ("12", time(12)),
        ("12am", time(0)), ("noon", time(12)), ("0900", time(9)), ("07:30", time(7, 30)), ("17h45", time(17, 45)),
    ],
)  # fmt: skip
def test_times_are_understood(typed: str, meant: time) -> None:
    assert parse_time(typed) == meant


@pytest.mark.parametrize("typed", ["", "5:4", "25:00", "13pm", "5:75", "later", "0pm"])
def test_what_is_no_time_is_none(typed: str) -> None:
    assert parse_time(typed) is None


@given(st.times().map(lambda value: value.replace(second=0, microsecond=0)))
def test_every_time_written_is_read_back(value: time) -> None:
    assert parse_time(format_time(value)) == value


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("12/2", date(2026, 12, 2)), ("12/2/26", date(2026, 12, 2)), ("2026-12-02", date(2026, 12, 2)),
        ("Dec 2", date(2026, 12, 2)), ("2 december 2027", date(2027, 12, 2)),
        ("Wed, Dec 2, 2026", date(2026, 12, 2)), ("wed", TODAY), ("next wed", date(2026, 12, 2)),
        ("thu", date(2026, 11, 26)), ("tomorrow", date(2026, 11, 26)), ("+7", date(2026, 12, 2)),
        ("Jan 4", date(2027, 1, 4)), ("25/12", date(2026, 12, 25)), ("nov 3rd", date(2026, 11, 3)),
    ],
)  # fmt: skip
def test_dates_are_understood(typed: str, meant: date) -> None:
    assert parse_date(typed, TODAY) == meant


def test_a_birthday_without_a_year_lies_in_the_past() -> None:
    assert parse_date("12/2", TODAY, past=True) == date(2025, 12, 2)
    assert parse_date("12/2/14", TODAY, past=True) == date(2014, 12, 2)
    assert parse_date("12/2/88", TODAY, past=True) == date(1988, 12, 2)


def test_the_day_leads_where_the_country_says_so() -> None:
    assert parse_date("2/12", TODAY, day_first=True) == date(2026, 12, 2)


@pytest.mark.parametrize("typed", ["", "2/30", "soon", "13/13", "Dec", "Dec 2 x"])
def test_what_is_no_date_is_none(typed: str) -> None:
    assert parse_date(typed, TODAY) is None


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_date_written_is_read_back(value: date) -> None:
    assert parse_date(format_date(value), TODAY) == value


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("$105.00", 10500), ("105", 10500), ("1,105.50", 110550), ("105,5", 10550), (".5", 50), ("", None), ("x", None),
     ("1.2.3", None), ("-5", None)],
)  # fmt: skip
def test_amounts_are_understood(typed: str, cents: int | None) -> None:
    assert parse_cents(typed) == cents


@given(st.integers(0, 10**10))
def test_every_amount_written_is_read_back(cents: int) -> None:
    assert parse_cents(format_cents(cents)) == cents


def test_a_range_names_the_half_of_the_day_once() -> None:
    assert format_time_range(time(16), time(17, 30)) == "4:00–5:30 PM"
    assert format_time_range(time(11), time(12, 30)) == "11:00 AM – 12:30 PM"


def test_accents_do_not_matter_for_finding() -> None:
    assert plain("Zoë Łukasik") == "zoe lukasik"
    assert plain("Yılmaz") == plain("yilmaz")
