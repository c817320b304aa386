"""What somebody who works at one of two locations prints: of the other one whom it takes, as on the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from desktop.printing.center_values import Center
from desktop.printing.day_page import ColumnsBy
from desktop.printing.day_values import day_schedule, without_others
from desktop.printing.kinds import PrintKind, PrintParameters, prepare
from desktop.printing.list_values import class_choices, class_roster, conflict_list, family_schedule
from desktop.printing.sheet import PageSetup, Paper
from desktop.printing.span_values import read_span
from desktop.schedule.week import Filters
from shared_models.base import new_id
from shared_models.schedule.models import EntryStatus, Series
from shared_models.schedule.recurrence import Pattern
from tests.desktop.printing.pdf_reading import texts
from tests.desktop.printing.small_center import WEDNESDAY, SmallCenter

SETUP = PageSetup(Paper.LETTER, is_landscape=True)


@pytest.fixture
def center() -> SmallCenter:
    """Patel teaches Nina at the office at 4:00 and, before her buffer is over, Rafael at Tarrytown at 5:00."""
    center = SmallCenter()
    tarrytown = center.location("Tarrytown Office")
    patel, johnson = center.tutor("Asha", "Patel"), center.tutor("Jakub", "Johnson", 2)
    center.entry("SAT", patel, ["Nina Silva"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", patel, ["Rafael Costa"], "17:00", location=tarrytown)
    center.entry("Writing", johnson, ["Zoe Roth"], "18:00", location=tarrytown)
    center.entry("Chess", johnson, ["Tom Roth"], "18:15", location=tarrytown)
    center.entry("Gone", johnson, ["Max Roth"], "20:00", location=tarrytown, status=EntryStatus.CANCELLED)
    return center


def at_the_office(center: SmallCenter) -> Center:
    return replace(center.open(), own_places=frozenset({center.office.id}))


def test_another_location_is_printed_as_whom_it_takes(center: SmallCenter) -> None:
    span = read_span(at_the_office(center), Filters(), WEDNESDAY, WEDNESDAY)
    said = [(e.titles[0], e.people, e.tutor.name if e.tutor else "", e.place, e.family) for e in span.entries]
    assert said[0][:3] == ("SAT", ("Nina Silva",), "Asha Patel")
    assert said[1:] == [
        ("Taken", (), "Asha Patel", "Tarrytown", ""),
        ("Taken", (), "Jakub Johnson", "Tarrytown", ""),
        ("Taken", (), "Jakub Johnson", "Tarrytown", ""),
    ]
    assert span.cancelled_count == 0
    (conflict,) = span.conflicts
    assert conflict.text == "Asha Patel: SAT 4:00 and Taken 5:00, no buffer"
    assert span.notes == ()


def test_the_owner_prints_all_of_it(center: SmallCenter) -> None:
    span = read_span(center.open(), Filters(), WEDNESDAY, WEDNESDAY)
    assert [e.titles[0] for e in span.entries] == ["SAT", "ACT", "Writing", "Chess"]
    assert len(span.conflicts) == 2


def test_by_room_and_to_sign_only_what_is_here_is_printed(center: SmallCenter) -> None:
    asked = PrintParameters(day=WEDNESDAY, by=ColumnsBy.ROOM)
    here = at_the_office(center)
    by_room = " ".join(texts(prepare(PrintKind.DAY, here, asked).draw(SETUP)))
    assert "SAT" in by_room
    assert by_room.count("Taken") == 1  # In the sentence about the conflict.
    sign_in = prepare(PrintKind.SIGN_IN, here, asked)
    assert sign_in.summary == "1 student"
    day = day_schedule(here, Filters(), WEDNESDAY)
    assert [entry.titles[0] for entry in without_others(day).entries] == ["SAT"]


@pytest.mark.parametrize(
    "kind",
    [PrintKind.DAY, PrintKind.WEEK, PrintKind.TUTOR_WEEK, PrintKind.MONTH, PrintKind.SIGN_IN, PrintKind.CONFLICTS],
)
def test_no_print_names_anybody_of_another_location(center: SmallCenter, kind: PrintKind) -> None:
    words = " ".join(texts(prepare(kind, at_the_office(center), PrintParameters(day=WEDNESDAY)).draw(SETUP)))
    for name in ("Rafael", "Zoe", "Tom", "Max", "ACT", "Writing", "Chess"):
        assert name not in words
    assert "Asha Patel" in words or "Nina" in words


def test_the_list_of_conflicts_leaves_to_others_what_is_theirs(center: SmallCenter) -> None:
    own = conflict_list(at_the_office(center), Filters(), WEDNESDAY, WEDNESDAY)
    (only,) = own.conflicts
    assert (only.second.title, only.second.who, only.second.place) == ("Taken", "", "")
    assert only.second.location_name == "Tarrytown Office"
    assert len(conflict_list(center.open(), Filters(), WEDNESDAY, WEDNESDAY).conflicts) == 2


def test_a_child_of_a_family_comes_to_another_location_for_a_session(center: SmallCenter) -> None:
    schedule = family_schedule(at_the_office(center), center.family.id, WEDNESDAY, WEDNESDAY)
    assert [(one.entry.titles[0], one.location) for one in schedule.sessions] == [
        ("SAT", "Irvington Office"), ("Session", "Tarrytown Office"), ("Session", "Tarrytown Office"),
        ("Session", "Tarrytown Office"),
    ]  # fmt: skip


def test_a_roster_has_the_dates_that_are_here(center: SmallCenter) -> None:
    patel, tarrytown = center.tutor("Ann", "Lee"), center.location("Ardsley Office")
    series = Series(
        id=new_id(), pattern=Pattern.WEEKLY, location_id=center.office.id, service_id=center.group_service.id,
        first_day=WEDNESDAY, last_day=WEDNESDAY + timedelta(days=7), start_time=time(19), duration_minutes=60,
        capacity=6, organization_id=center.organization_id,
    )  # fmt: skip
    center.session.add(series)
    for days, where, name in ((0, center.office, "Nina Silva"), (7, tarrytown, "Bo Roth")):
        entry = center.entry(
            "SHSAT", patel, [name], "19:00",
            day=WEDNESDAY + timedelta(days=days), location=where, capacity=6, is_group=True,
        )  # fmt: skip
        entry.series_id, entry.series_day = series.id, WEDNESDAY + timedelta(days=days)
    center.session.flush()
    here = at_the_office(center)
    (choice,) = class_choices(here)
    roster = class_roster(here, choice.key)
    assert [one.entry.day for one in roster.dates] == [date(2026, 11, 25)]
    assert [name for _, name in roster.students] == ["Nina Silva"]
