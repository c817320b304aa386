"""The week for the wall, each tutor's own week, and the month: what can be read on them, and that all of it fits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from desktop.printing.list_values import named_tutor
from desktop.printing.month_pages import month_pdf, month_span
from desktop.printing.span_values import SpanSchedule, read_span
from desktop.printing.week_pages import tutor_weeks_pdf, week_pdf
from desktop.schedule.week import Filters
from shared_models.schedule.models import EntryStatus
from tests.desktop.printing.pdf_reading import HOSTILE_NAMES, SETUPS, assert_inside, texts
from tests.desktop.printing.small_center import WEDNESDAY, SmallCenter

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)


@pytest.fixture
def center():
    center = SmallCenter()
    yield center
    engine = center.session.get_bind()
    center.session.close()
    engine.dispose()


def week_of(center: SmallCenter, **filters: str) -> SpanSchedule:
    return read_span(center.open(), Filters(**({"location_id": center.office.id} | filters)), MONDAY, SUNDAY)


def month_of(center: SmallCenter, **filters: str) -> SpanSchedule:
    asked = Filters(**({"location_id": center.office.id} | filters))
    return read_span(center.open(), asked, *month_span(WEDNESDAY), checks=False)


def crowd(center: SmallCenter) -> None:
    """Every hostile name with every tutor on every weekday, many at once."""
    for n in range(4):
        tutor = center.tutor(HOSTILE_NAMES[n], HOSTILE_NAMES[-n - 1], n + 1)
        for day in range(7):
            for i, name in enumerate(HOSTILE_NAMES):
                center.entry(
                    "SAT", tutor, [name], f"{9 + i % 11:02d}:{i % 4 * 15:02d}", day=MONDAY + timedelta(days=day),
                    room=center.rooms["Room A"],
                )  # fmt: skip


def test_the_week_has_a_row_for_each_tutor_and_a_column_for_each_open_day(center):
    jakub, priya = center.tutor("Jakub", "Johnson", 1), center.tutor("Priya", "Patel", 2)
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    center.entry("Writing", priya, ["Noah Lee", "Wei Yılmaz"], "15:30", day=MONDAY, is_online=True)
    (page,) = texts(week_pdf(week_of(center)))
    assert "Week of November 23–29, 2026" in page
    assert "Week by tutor, Irvington Office" in page
    assert "Mon, Nov 23" in page and "Fri, Nov 27" in page and "Sat, Nov 28" not in page
    assert "4:00–5:00 SAT Elena Kim, Room A" in page
    assert "3:30–4:30 Writing Noah Lee and Wei Yılmaz, Online" in page
    assert page.index("Jakub Johnson") < page.index("Priya Patel")
    assert "2 sessions, 2 tutors, 0 conflicts" in page
    assert "Page 1 of 1" in page


def test_a_saturday_with_a_session_gets_a_column(center):
    center.entry("SAT", center.tutor("Jakub", "Johnson"), ["Elena Kim"], "10:00", day=date(2026, 11, 28))
    assert "Sat, Nov 28" in texts(week_pdf(week_of(center)))[0]


def test_conflicts_of_the_week_are_numbered_and_listed_with_their_day(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00")
    center.entry("ACT", jakub, ["Noah Lee"], "16:30")
    (page,) = texts(week_pdf(week_of(center)))
    assert "Conflicts to settle 1 Jakub Johnson: Wed SAT 4:00 and ACT 4:30" in page


def test_groups_are_counted_in_the_week_and_listed_with_all_names(center):
    people = ["Ada Ames", "Ben Bond", "Cleo Cruz", "Dan Diaz", "Eve Egan"]
    center.entry("SHSAT group", center.tutor("Jakub", "Johnson"), people, "16:00", is_group=True, capacity=8)
    (page,) = texts(week_pdf(week_of(center)))
    assert "5 of 8" in page
    assert "Wed, Nov 25 4:00 SHSAT group" in page
    assert all(name in page for name in people)


def test_rows_continue_on_further_pages_under_the_same_headings(center):
    for n in range(26):
        tutor = center.tutor("Tutor", f"Number{n:02d}", n + 1)
        for hour in (14, 16, 18):
            center.entry("SAT", tutor, [f"Child {n}"], f"{hour}:00")
    pages = texts(week_pdf(week_of(center)))
    assert len(pages) > 1
    assert all("Wed, Nov 25" in page for page in pages[:2])
    together = " ".join(pages)
    assert all(f"Number{n:02d}" in together for n in range(26))
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]


def test_a_row_higher_than_a_page_is_continued_with_its_name(center):
    tutor = center.tutor("Jakub", "Johnson")
    for n in range(60):
        center.entry("SAT", tutor, [f"Child Number{n:02d}"], f"{14 + n % 7}:{n // 7 % 4 * 15:02d}")
    week = week_of(center)
    pages = texts(week_pdf(week))
    rows = [page for page in pages if "Child Number" in page.split("Conflicts to settle")[0]]
    assert len(rows) > 1
    assert all("Jakub Johnson" in page for page in rows)
    assert all(f"Child Number{n:02d}" in " ".join(rows) for n in range(60))


def test_filters_narrow_the_week_and_are_said(center):
    jakub, priya = center.tutor("Jakub", "Johnson"), center.tutor("Priya", "Patel")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", priya, ["Noah Lee"], "16:00", room=center.rooms["Room B"])
    (page,) = texts(week_pdf(week_of(center, tutor_id=priya.id)))
    assert "Noah Lee" in page and "Elena Kim" not in page
    assert "only Priya Patel" in page
    (page,) = texts(week_pdf(week_of(center, room_id=center.rooms["Room A"].id)))
    assert "Elena Kim" in page and "Noah Lee" not in page
    assert "only Room A" in page


def test_cancelled_sessions_are_printed_when_they_are_asked_for(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", status=EntryStatus.CANCELLED)
    assert "Elena Kim" not in texts(week_pdf(week_of(center)))[0]
    (page,) = texts(week_pdf(week_of(center, status="CANCELLED")))
    assert "SAT (cancelled) Elena Kim" in page


def test_without_a_location_rooms_are_said_with_theirs(center):
    tarrytown = center.location("Tarrytown Office")
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", jakub, ["Noah Lee"], "18:00", room=center.room("Room 1", tarrytown), location=tarrytown)
    (page,) = texts(week_pdf(week_of(center, location_id="")))
    assert "All locations" in page
    assert "Elena Kim, Room A, Irvington" in page and "Noah Lee, Room 1, Tarrytown" in page


def test_an_empty_week_says_so(center):
    (page,) = texts(week_pdf(week_of(center)))
    assert "No sessions this week." in page
    assert "Nothing is booked at Irvington Office from Mon, Nov 23 to Sun, Nov 29." in page


def test_each_tutor_has_an_own_week_on_a_page(center):
    for n, name in enumerate(("Johnson", "Patel")):
        tutor = center.tutor("Jakub", name, n + 1)
        center.entry("SAT", tutor, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    pages = texts(tutor_weeks_pdf(week_of(center)))
    assert len(pages) == 2
    assert "Jakub Johnson, November 23–29, 2026" in pages[0]
    assert "Jakub Patel, November 23–29, 2026" in pages[1]
    assert "Wednesday, Nov 25" in pages[0] or "Wed, Nov 25" in pages[0]
    assert "SAT Elena Kim Room A 4:00–5:00" in pages[0]
    assert "1 session, 1 hour, 1 conflict" in pages[0]


def test_a_closed_day_says_why_in_the_week_of_a_tutor(center):
    center.entry("SAT", center.tutor("Jakub", "Johnson"), ["Elena Kim"], "16:00")
    center.closure(date(2026, 11, 26), date(2026, 11, 27), "Thanksgiving")
    assert texts(tutor_weeks_pdf(week_of(center)))[0].count("Closed: Thanksgiving") == 2


def test_a_tutor_without_sessions_gets_a_page_that_says_so(center):
    jakub = center.tutor("Jakub", "Johnson")
    tutor = named_tutor(center.open(), jakub.id)
    (page,) = texts(tutor_weeks_pdf(week_of(center, tutor_id=jakub.id), None, tutor))
    assert "No sessions for Jakub Johnson this week." in page
    assert "Nobody teaches this week." in texts(tutor_weeks_pdf(week_of(center)))[0]


def test_the_month_names_who_comes_and_counts_the_rest(center):
    jakub = center.tutor("Jakub", "Johnson")
    for n in range(24):
        center.entry("SAT", jakub, [f"Child Number{n}"], f"{9 + n // 2:02d}:00")
    center.closure(date(2026, 11, 26), date(2026, 11, 27), "Thanksgiving")
    center.entry("ACT", jakub, ["Elena Kim"], "16:00", day=date(2026, 11, 2))
    (page,) = texts(month_pdf(month_of(center), WEDNESDAY))
    assert "November 2026" in page and "Month, Irvington Office" in page
    assert "4:00 Elena Kim, ACT" in page
    assert " more" in page
    assert "Closed: Thanksgiving" in page
    assert "25 sessions" in page
    assert "Oct 26" in page and "Dec 6" in page


def test_an_empty_month_says_so(center):
    assert "No sessions this month" in texts(month_pdf(month_of(center), WEDNESDAY))[0]


@pytest.mark.parametrize(
    ("month", "span"),
    [
        (date(2026, 11, 25), (date(2026, 10, 26), date(2026, 12, 6))),
        (date(2027, 2, 28), (date(2027, 2, 1), date(2027, 2, 28))),
        (date(2026, 12, 31), (date(2026, 11, 30), date(2027, 1, 3))),
    ],
)
def test_a_month_is_made_of_whole_weeks(month, span):
    assert month_span(month) == span


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_nothing_leaves_the_page_however_long_the_names(center, setup):
    crowd(center)
    week, month = week_of(center), month_of(center)
    assert_inside(week_pdf(week, setup), setup)
    assert_inside(tutor_weeks_pdf(week, setup), setup)
    assert_inside(month_pdf(month, WEDNESDAY, setup), setup)
