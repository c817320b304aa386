"""The printed lists: a family's sessions, the sign-in sheet, the roster of a class, and conflicts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from desktop.printing.center_values import address_words
from desktop.printing.list_pages import conflicts_pdf, family_pdf, roster_pdf, sign_in_pdf
from desktop.printing.list_values import (
    class_choices,
    class_roster,
    conflict_list,
    family_choices,
    family_schedule,
    tutor_choices,
)
from desktop.schedule.week import Filters
from shared_models.base import new_id
from shared_models.people.models import Family
from shared_models.schedule.acceptances import accept_conflict, key_of_pair
from shared_models.schedule.conflicts import ConflictKind
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, Series, SeriesPattern
from tests.desktop.printing.pdf_reading import HOSTILE_NAMES, SETUPS, assert_inside, texts
from tests.desktop.printing.small_center import NOW, WEDNESDAY, ZONE, SmallCenter

LATER = WEDNESDAY + timedelta(days=55)


@pytest.fixture
def center():
    center = SmallCenter()
    yield center
    engine = center.session.get_bind()
    center.session.close()
    engine.dispose()


def family_of(center: SmallCenter, last_day: date = LATER):
    return family_schedule(center.open(), center.family.id, WEDNESDAY, last_day)


def conflicts_of(center: SmallCenter, last_day: date = LATER, **filters: str):
    return conflict_list(center.open(), Filters(**filters), WEDNESDAY, last_day)


def a_class(center: SmallCenter, dates: int, people: list[str], title: str = "Young Writers class") -> Series:
    """A class on Wednesdays with all its sessions."""
    series = center._add(
        Series(
            pattern=SeriesPattern.WEEKLY,
            weekdays=[2],
            first_day=WEDNESDAY,
            occurrence_count=dates,
            start_time=NOW.time().replace(hour=18, minute=15),
            duration_minutes=90,
            location_id=center.office.id,
            service_id=center.group_service.id,
            capacity=10,
        )
    )
    tutor = center.tutor("Daniel", "Müller")
    for week in range(dates):
        row = center.entry(
            title, tutor, people, "18:15", 90, day=WEDNESDAY + timedelta(weeks=week), is_group=True, capacity=10,
            room=center.rooms["Room A"],
        )  # fmt: skip
        row.series_id = series.id
    center.session.flush()
    return series


# Family


def test_a_family_reads_date_time_child_subject_tutor_and_place(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Silva"], "16:00", room=center.rooms["Room A"])
    center.entry("Writing", jakub, ["Noah Silva"], "17:30", day=date(2026, 12, 2), is_online=True)
    (page,) = texts(family_pdf(family_of(center)))
    assert "Sessions of the Silva family" in page
    assert "November 25, 2026 – January 19, 2027" in page
    assert "November 2026 Wed, Nov 25 4:00–5:00 PM Elena SAT Jakub Johnson Room A" in page
    assert "December 2026 Wed, Dec 2 5:30–6:30 PM Noah Writing Jakub Johnson Online" in page
    assert f"Irvington Office: {address_words(center.office)}" in page
    assert "Cannot come? Please call (914) 555-0100 as early as you can." in page


def test_parents_read_nothing_internal(center):
    row = center.entry("SAT", center.tutor("Jakub", "Johnson"), ["Elena Silva", "Other Child"], "16:00")
    row.notes, row.hourly_price_cents, row.status = "difficult father", 8500, EntryStatus.PENDING_PAYMENT
    center.student("Other Child").family_id = center._add(
        Family(parent1_first_name="Eve", parent1_last_name="Other")
    ).id
    (page,) = texts(family_pdf(family_of(center)))
    for secret in ("difficult", "85", "unpaid", "Other Child", "names of children"):
        assert secret not in page


def test_cancelled_and_past_sessions_are_not_listed(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Silva"], "16:00", status=EntryStatus.CANCELLED)
    center.entry("ACT", jakub, ["Elena Silva"], "16:00", day=WEDNESDAY - timedelta(days=1))
    center.entry("ACT", jakub, ["Elena Silva"], "16:00", day=LATER + timedelta(days=1))
    (page,) = texts(family_pdf(family_of(center)))
    assert "No sessions are booked." in page


def test_with_several_places_each_session_says_its_own(center):
    tarrytown = center.location("Tarrytown Office", "1 Main St", "Tarrytown", "NY", "10591")
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Silva"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", jakub, ["Elena Silva"], "18:00", location=tarrytown)
    (page,) = texts(family_pdf(family_of(center)))
    assert "Room A, Irvington Office" in page
    assert "Tarrytown Office: 1 Main St, Tarrytown, NY 10591" in page


def test_a_long_family_schedule_repeats_its_headings(center):
    jakub = center.tutor("Jakub", "Johnson")
    for n in range(60):
        center.entry("SAT", jakub, ["Elena Silva"], "16:00", day=WEDNESDAY + timedelta(days=n))
    pages = texts(family_pdf(family_of(center, WEDNESDAY + timedelta(days=100))))
    assert len(pages) == 2
    assert all("Date Time Child Subject Tutor Place" in page for page in pages)
    assert "December 2026, continued" in pages[1] or "January 2027" in pages[1]
    assert "60 sessions" in pages[1]


def test_an_unknown_family_is_said(center):
    with pytest.raises(LookupError, match="Choose a family"):
        family_schedule(center.open(), new_id(), WEDNESDAY, LATER)


# Sign-in sheet


def test_everyone_who_comes_has_a_line_to_sign_in_order_of_time(center):
    jakub, priya = center.tutor("Jakub", "Johnson"), center.tutor("Priya", "Patel")
    center.entry("SAT", jakub, ["Noah Lee", "Elena Kim"], "17:00", room=center.rooms["Room A"])
    center.entry("ACT", priya, ["Wei Yılmaz"], "15:30", room=center.rooms["Room B"])
    center.entry("ACT", priya, ["Zoë Martínez"], "19:30", is_online=True)
    (page,) = texts(sign_in_pdf(center.printed()))
    assert "Wednesday, November 25, 2026" in page and "Sign-in sheet, Irvington Office" in page
    assert "Time Student Tutor Room Came at Signature" in page
    assert "3:30–4:30 PM Wei Yılmaz Priya Patel Room B 5:00–6:00 PM Elena Kim Jakub Johnson Room A" in page
    assert "Zoë" not in page
    assert "3 students, 1 more online" in page


def test_a_day_on_which_nobody_comes_says_so(center):
    (page,) = texts(sign_in_pdf(center.printed()))
    assert "Nobody comes on Wednesday, November 25." in page


# Roster


def test_the_roster_has_students_dates_and_what_was_noted(center):
    series = a_class(center, 3, ["Noah Lee", "Elena Kim"])
    entries = class_roster(center.open(), series.id).dates
    first = center.session.query(Attendee).filter_by(entry_id=entries[0].entry.entry_id).all()
    noted = {center.student("Noah Lee").id: Attendance.LATE, center.student("Elena Kim").id: Attendance.PRESENT}
    for attendee in first:
        attendee.attendance = noted[attendee.student_id]
    center.session.flush()
    (page,) = texts(roster_pdf(class_roster(center.open(), series.id)))
    assert "Young Writers class" in page
    assert "Attendance, Wednesdays 6:15–7:45 PM, Daniel Müller, Room A, Irvington Office" in page
    assert "Nov 25" in page and "Dec 2" in page and "Dec 9" in page
    assert "Elena Kim P Noah Lee L" in page
    assert "2 of 10 places taken." in page


def test_who_does_not_attend_a_date_has_a_dash(center):
    series = a_class(center, 2, ["Noah Lee"])
    second = class_roster(center.open(), series.id).dates[1].entry.entry_id
    center._add(Attendee(entry_id=second, student_id=center.student("Late Comer").id))
    (page,) = texts(roster_pdf(class_roster(center.open(), series.id)))
    assert "Late Comer –" in page


def test_a_year_of_dates_takes_further_pages_with_all_names(center):
    people = [f"Child Number{n}" for n in range(10)]
    pages = texts(roster_pdf(class_roster(center.open(), a_class(center, 40, people).id)))
    assert len(pages) == 2
    assert all(name in page for page in pages for name in people)


def test_a_class_is_offered_with_its_day_and_place(center):
    a_class(center, 2, ["Noah Lee"])
    (choice,) = class_choices(center.open())
    assert choice.name.endswith("Wed 6:15, from Nov 25, Irvington Office")


def test_a_class_without_students_says_so(center):
    (page,) = texts(roster_pdf(class_roster(center.open(), a_class(center, 2, []).id)))
    assert "Nobody attends this class yet." in page


# Conflicts


def test_conflicts_are_grouped_by_day_with_names_kinds_and_times(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", jakub, ["Noah Lee"], "16:30", room=center.rooms["Room A"])
    center.entry("Writing", jakub, ["Wei Yılmaz"], "15:00", day=WEDNESDAY + timedelta(days=1))
    center.entry("French", jakub, ["Zoë Kim"], "16:00", day=WEDNESDAY + timedelta(days=1))
    (page,) = texts(conflicts_pdf(conflicts_of(center)))
    assert "Wednesday, November 25, 2026" in page and "Thursday, November 26, 2026" in page
    assert "4:30–5:00 PM" in page and "4:00–4:15 PM" in page
    assert "double booking" in page and "too tight" in page
    for words in ("Jakub Johnson", "Room A", "SAT, 4:00–5:00 PM", "ACT, 4:30–5:30 PM", "Elena Kim", "Noah Lee"):
        assert words in page
    assert "1 double booking, 1 too tight" in page


def test_an_accepted_conflict_says_who_accepted_it(center):
    jakub = center.tutor("Jakub", "Johnson")
    one = center.entry("SAT", jakub, ["Elena Kim"], "16:00")
    two = center.entry("ACT", jakub, ["Noah Lee"], "16:30")
    accept_conflict(
        center.session, center.organization_id, key_of_pair(ConflictKind.TUTOR, one.id, two.id),
        by_user_id=center.maya.id, reason="They share", now=NOW.astimezone(ZONE),
    )  # fmt: skip
    center.session.flush()
    (page,) = texts(conflicts_pdf(conflicts_of(center)))
    assert "Accepted by Maya Torres" in page and "They share" in page
    assert center.printed().conflicts == ()


def test_the_list_keeps_to_what_is_asked_for(center):
    jakub, priya = center.tutor("Jakub", "Johnson"), center.tutor("Priya", "Patel")
    for tutor, people in ((jakub, "Elena Kim"), (priya, "Noah Lee")):
        center.entry("SAT", tutor, [people], "16:00")
        center.entry("ACT", tutor, [people], "16:30")
    (page,) = texts(conflicts_pdf(conflicts_of(center, tutor_id=priya.id)))
    assert "Noah Lee" in page and "Elena Kim" not in page


def test_no_conflicts_is_good_news_in_words(center):
    (page,) = texts(conflicts_pdf(conflicts_of(center, WEDNESDAY)))
    assert "No conflicts. Nobody and no room is booked twice, November 25, 2026." in page


# All of them


def test_people_are_offered_by_name(center):
    center.tutor("Priya", "Patel", 2)
    center.tutor("Jakub", "Johnson", 1)
    center.student("Elena Silva")
    assert [choice.name for choice in tutor_choices(center.open())] == ["Jakub Johnson", "Priya Patel"]
    assert [choice.name for choice in family_choices(center.open())] == ["Silva, Ana (Elena)"]


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_nothing_leaves_the_page_however_long_the_names(center, setup):
    center.session.get_one(type(center.office), (center.organization_id, center.office.id)).name = HOSTILE_NAMES[0]
    center.family.parent1_last_name = HOSTILE_NAMES[1]
    center.maya.last_name = HOSTILE_NAMES[0]
    series = a_class(center, 30, list(HOSTILE_NAMES), HOSTILE_NAMES[1])
    tutor = center.tutor(HOSTILE_NAMES[0], HOSTILE_NAMES[1])
    for name in HOSTILE_NAMES:
        center.entry(HOSTILE_NAMES[1], tutor, [name], "18:00", room=center.rooms["Room A"])
    assert_inside(family_pdf(family_of(center), setup), setup)
    assert_inside(sign_in_pdf(center.printed(), setup), setup)
    assert_inside(roster_pdf(class_roster(center.open(), series.id), setup), setup)
    assert_inside(conflicts_pdf(conflicts_of(center, WEDNESDAY), setup), setup)
