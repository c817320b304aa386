"""Dates, times, weekdays, money and yes or no as people type them."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.exchange.values import (
    BadValue,
    described,
    parse_cents,
    parse_date,
    parse_time,
    parse_weekdays,
    parse_yes_no,
    quoted_list,
    split_list,
)


@pytest.mark.parametrize(
    "text",
    ["2022-09-19", "9/19/22", "9/19/2022", "09-19-2022", "19-Sep-2022", "Sep 19, 2022", "September 19th 2022",
     "19 sept. 2022", "19.9.2022", "19/9/2022", "2022/9/19", "20220919", "44823", "2022-09-19 00:00:00",
     "2022-09-19T13:30:00Z", "Mon, Sep 19, 2022"],
)  # fmt: skip
def test_one_day_in_all_its_forms(text: str) -> None:
    assert parse_date(text) == date(2022, 9, 19)


@pytest.mark.parametrize("text", ["2/30/2015", "13/45/2025", "soon", "", "2022", "31-Feb-2020", "0/0/0", "1/2/3"])
def test_what_is_not_a_date_is_quoted_with_a_right_one(text: str) -> None:
    with pytest.raises(BadValue, match="Use one such as"):
        parse_date(text)


def test_the_day_comes_first_where_it_does() -> None:
    assert parse_date("3/5/2026") == date(2026, 3, 5)
    assert parse_date("3/5/2026", is_day_first=True) == date(2026, 5, 3)
    assert parse_date("3/15/2026", is_day_first=True) == date(2026, 3, 15)
    assert parse_date("3 mai 2026") == date(2026, 5, 3)


def test_a_year_of_two_digits_is_in_the_past_when_it_must_be() -> None:
    today = date(2026, 11, 25)
    assert parse_date("11/22/14", latest=today) == date(2014, 11, 22)
    assert parse_date("11/26/26", latest=today) == date(1926, 11, 26)
    assert parse_date("2/29/00", latest=today) == date(2000, 2, 29)
    assert parse_date("11/26/26") == date(2026, 11, 26)
    assert parse_date("11/26/99") == date(1999, 11, 26)


@given(st.dates(date(1970, 1, 1), date(2060, 1, 1)))
def test_dates_survive_being_written(day: date) -> None:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y", "%B %d, %Y", "%d.%m.%Y"):
        assert parse_date(day.strftime(form)) == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [("14:30", time(14, 30)), ("2:30 PM", time(14, 30)), ("9am", time(9)), ("14h30", time(14, 30)),
     ("12 a.m.", time(0)), ("12:15pm", time(12, 15)), ("18", time(18)), ("09:00:00", time(9))],
)  # fmt: skip
def test_times(text: str, expected: time) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["25:00", "13 PM", "noonish", "9:75"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [("Mon Tue Wed Sat", {0, 1, 2, 5}), ("mon-fri", {0, 1, 2, 3, 4}), ("sat", {5}), ("M/W/F", {0, 2, 4}),
     ("Fri to Mon", {4, 5, 6, 0}), ("Tuesdays and Thursdays", {1, 3}), ("daily", set(range(7))), ("", set())],
)  # fmt: skip
def test_weekdays(text: str, days: set[int]) -> None:
    assert parse_weekdays(text) == days


@pytest.mark.parametrize("text", ["weekends", "Mon-", "Mon-Tue-Wed"])
def test_what_names_no_weekdays_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_weekdays(text)


@pytest.mark.parametrize(
    ("text", "cents"), [("$28.00", 2800), ("28", 2800), ("1,250.50", 125050), ("28,5 €", 2850), ("28/hr", 2800)]
)
def test_money(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize("text", ["free", "-3", "NaN", "1e99"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_cents(text)


def test_yes_no_and_remarks() -> None:
    assert [parse_yes_no(text) for text in ("Y", "no", "", "X", "none")] == [True, False, None, True, False]
    assert [described(text) for text in ("Y", "no", "", "peanuts")] == ["Yes", "", "", "peanuts"]
    with pytest.raises(BadValue):
        parse_yes_no("perhaps")


def test_lists_in_cells_and_in_sentences() -> None:
    assert split_list(" a; b ;; c, d ") == ("a", "b", "c, d")
    assert quoted_list(["A"]) == "“A”"
    assert quoted_list(["A", "B", "C"]) == "“A”, “B” and “C”"
