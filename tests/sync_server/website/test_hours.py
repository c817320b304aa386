"""Opening hours in words: folded weeks, the line of today, closures ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from sync_server.website.hours import ClosedDays, OfficeHours, days_words, folded_week, open_line, span_words

NEW_YORK = ZoneInfo("America/New_York")
AFTERNOON = (time(14), time(21))
WEEKDAYS = dict.fromkeys(range(5), AFTERNOON)
THANKSGIVING = ClosedDays(date(2026, 11, 26), date(2026, 11, 27), "Thanksgiving")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in New York; the 25th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def words(line) -> str:
    return f"{line.short} {line.rest}".strip()


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((time(14), time(21)), "2:00–9:00 PM"),
        ((time(9), time(15)), "9:00 AM–3:00 PM"),
        ((time(8, 30), time(11, 45)), "8:30–11:45 AM"),
        ((time(0), time(12)), "12:00 AM–12:00 PM"),
        ((time(12), time(23, 59)), "12:00–11:59 PM"),
    ],
)
def test_hours_name_the_half_of_the_day_once_when_they_can(span, expected):
    assert span_words(span) == expected


def test_neighboring_days_with_equal_hours_share_a_line():
    week = {**dict.fromkeys(range(4), AFTERNOON), 4: (time(14), time(19)), 5: (time(9), time(14))}
    assert folded_week(week) == (
        ("Monday to Thursday", "2:00–9:00 PM"),
        ("Friday", "2:00–7:00 PM"),
        ("Saturday", "9:00 AM–2:00 PM"),
        ("Sunday", "Closed"),
    )
    assert folded_week(dict.fromkeys(range(7), AFTERNOON)) == (("Monday to Sunday", "2:00–9:00 PM"),)
    assert folded_week({}) == (("Monday to Sunday", "Closed"),)
    assert folded_week(WEEKDAYS)[1] == ("Saturday and Sunday", "Closed")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 26), date(2026, 11, 26), "November 26"),
        (date(2026, 11, 26), date(2026, 11, 27), "November 26 and 27"),
        (date(2026, 11, 23), date(2026, 11, 27), "November 23 to 27"),
        (date(2026, 12, 24), date(2027, 1, 1), "December 24 to January 1"),
        (date(2026, 12, 31), date(2027, 1, 1), "December 31 and January 1"),
        (date(2027, 11, 25), date(2027, 11, 26), "November 25 and 26, 2027"),
    ],
)
def test_days_are_told_as_people_say_them(first, last, expected):
    assert days_words(first, last, date(2026, 11, 25)) == expected


def test_one_office_needs_no_name():
    line = open_line([OfficeHours("Irvington", WEEKDAYS)], at(25, 15, 40), NEW_YORK)
    assert words(line) == "Open today 2:00–9:00 PM."
    assert line.valid_until == at(25, 21)


def test_offices_with_different_hours_are_named_each():
    offices = [
        OfficeHours("Irvington", WEEKDAYS, [THANKSGIVING]),
        OfficeHours("Tarrytown", {2: (time(14), time(20, 30))}, [THANKSGIVING]),
    ]
    assert words(open_line(offices, at(25, 15, 40), NEW_YORK)) == (
        "Open today 2:00–9:00 PM in Irvington, 2:00–8:30 PM in Tarrytown. Closed November 26 and 27."
    )


def test_offices_with_equal_hours_share_them():
    offices = [OfficeHours("Irvington", WEEKDAYS), OfficeHours("Tarrytown", WEEKDAYS)]
    assert words(open_line(offices, at(25, 9), NEW_YORK)) == "Open today 2:00–9:00 PM in Irvington and Tarrytown."


def test_after_the_last_closing_time_the_next_opening_is_told():
    office = OfficeHours("Irvington", WEEKDAYS)
    line = open_line([office], at(25, 21), NEW_YORK)
    assert words(line) == "Closed now. Open again tomorrow at 2:00 PM."
    assert line.valid_until == at(26, 0)
    assert words(open_line([office], at(27, 22), NEW_YORK)) == "Closed now. Open again Monday at 2:00 PM."


def test_a_closure_is_told_with_its_reason_and_its_end():
    office = OfficeHours("Irvington", WEEKDAYS, [THANKSGIVING])
    line = open_line([office], at(26, 15), NEW_YORK)
    assert words(line) == "Closed today (Thanksgiving). Open again Monday at 2:00 PM."


def test_a_long_closure_names_the_date():
    closed = ClosedDays(date(2026, 11, 20), date(2026, 12, 6), "Break")
    line = open_line([OfficeHours("Irvington", WEEKDAYS, [closed])], at(25, 15), NEW_YORK)
    assert words(line) == "Closed today (Break). Open again Monday, December 7 at 2:00 PM."


def test_a_closure_of_one_office_names_it():
    offices = [OfficeHours("Irvington", WEEKDAYS, [THANKSGIVING]), OfficeHours("Tarrytown", WEEKDAYS)]
    assert "Irvington closed November 26 and 27." in words(open_line(offices, at(25, 15), NEW_YORK))
    assert words(open_line(offices, at(26, 15), NEW_YORK)) == "Open today 2:00–9:00 PM in Tarrytown."


def test_nothing_is_claimed_of_a_center_without_hours():
    assert words(open_line([], at(25, 15), NEW_YORK)) == ""


def test_a_center_that_never_opens_is_just_closed():
    assert words(open_line([OfficeHours("Irvington", {})], at(25, 15), NEW_YORK)) == "Closed today."


def test_the_day_is_that_of_the_center_not_of_the_server():
    late_on_wednesday = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
    line = open_line([OfficeHours("Irvington", {2: AFTERNOON})], late_on_wednesday, NEW_YORK)
    assert words(line) == "Open today 2:00–9:00 PM."
