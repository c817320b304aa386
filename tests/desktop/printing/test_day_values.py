"""What the printed day says, from the rows of the store."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import event

from desktop.printing.center_values import today
from desktop.printing.day_page import Mark
from desktop.printing.day_values import day_schedule
from desktop.schedule.week import Filters
from shared_models.base import new_id
from shared_models.people.models import TutorTimeOff
from shared_models.schedule.models import EntryStatus
from tests.desktop.printing.small_center import NOW, WEDNESDAY, SmallCenter


@pytest.fixture
def center():
    center = SmallCenter()
    yield center
    engine = center.session.get_bind()
    center.session.close()
    engine.dispose()


def test_an_entry_is_said_in_local_time_with_the_names_of_all_who_take_part(center):
    jakub = center.tutor("Jakub", "Johnson")
    topic = "Writing (grammar, sentence structure, essays)"
    center.entry(topic, jakub, ["Wei Yılmaz", "Andre Smith"], "16:15", 75, room=center.rooms["Room A"])
    (entry,) = center.printed().entries
    assert (entry.starts.time(), entry.ends.time()) == (time(16, 15), time(17, 30))
    assert entry.titles[0] == "Writing"
    assert entry.people == ("Andre Smith", "Wei Yılmaz")
    assert entry.tutor is not None
    assert (entry.tutor.name, entry.tutor.short_name, entry.place) == ("Jakub Johnson", "J. Johnson", "Room A")
    assert entry.hours == "4:15–5:30"


def test_the_page_knows_its_place_its_hours_and_who_prints_it(center):
    day = center.printed()
    assert day.sheet.contact_lines == ("50 S Buckhout St, Irvington, NY 10533", "(914) 555-0100")
    assert day.opening_words == "2:00–9:00 PM"
    assert day.sheet.printed_by == "Maya Torres"
    assert (day.sheet.printed_at.hour, day.sheet.printed_at.minute, day.sheet.printed_at.tzinfo) == (15, 40, None)


def test_only_entries_of_the_local_day_and_the_location_are_shown(center):
    jakub = center.tutor("Jakub", "Johnson")
    tarrytown = center.location("Tarrytown Office")
    center.entry("SAT", jakub, ["Elena Kim"], "22:00", day=date(2026, 11, 24))
    center.entry("ACT", jakub, ["Elena Kim"], "19:30")
    center.entry("ACT", jakub, ["Noah Lee"], "16:00", location=tarrytown)
    assert [e.titles[0] for e in center.printed().entries] == ["ACT"]


def test_cancelled_entries_are_counted_and_archived_ones_are_gone(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00", status=EntryStatus.CANCELLED)
    gone = center.entry("ACT", jakub, ["Elena Kim"], "16:00")
    gone.archived_at = NOW
    center.session.flush()
    day = center.printed()
    assert (day.entries, day.cancelled_count, day.conflicts) == ((), 1, ())


def test_a_conflict_names_who_is_booked_twice_and_both_sessions(center):
    patel = center.tutor("Małgorzata", "Patel")
    center.entry("Writing", patel, ["David Walker"], "16:00", room=center.rooms["Room A"])
    center.entry("ACT", patel, ["Rafael Park"], "16:15", 90, room=center.rooms["Room B"])
    (conflict,) = center.printed().conflicts
    assert conflict.text == "Małgorzata Patel: Writing 4:00 and ACT 4:15"
    assert conflict.mark is Mark.OVERLAP


def test_sessions_that_collide_for_two_reasons_share_one_sentence(center):
    muller = center.tutor("Daniel", "Müller")
    center.entry("Writers", muller, ["Aisha Haddad"], "18:15", 90, room=center.rooms["Room B"])
    center.entry("Algebra I", muller, ["Noah Lee"], "19:00", room=center.rooms["Room B"])
    assert [c.text for c in center.printed().conflicts] == [
        "Daniel Müller and Room B: Writers 6:15 and Algebra I 7:00"
    ]


def test_three_sessions_in_one_room_are_one_conflict(center):
    for name, start in (("Ana", "16:00"), ("Bo", "16:15"), ("Cem", "16:30")):
        center.entry(name, center.tutor(name, "Tutor"), [f"{name} Child"], start, room=center.rooms["Room A"])
    assert [c.text for c in center.printed().conflicts] == ["Room A: Ana 4:00, Bo 4:15 and Cem 4:30"]


def test_a_missing_buffer_is_said_and_marked_as_too_tight(center):
    jakub = center.tutor("Jakub", "Johnson")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00")
    center.entry("Reading", jakub, ["Daniel Kim"], "17:00")
    (conflict,) = center.printed().conflicts
    assert conflict.text == "Jakub Johnson: SAT 4:00 and Reading 5:00, no buffer"
    assert conflict.mark is Mark.TIGHT


def test_a_session_at_the_other_location_is_said_with_its_place(center):
    jakub = center.tutor("Jakub", "Johnson")
    tarrytown = center.location("Tarrytown Office")
    center.entry("SAT", jakub, ["Elena Kim"], "16:00")
    other = center.entry("ACT", jakub, ["Noah Lee"], "16:30", location=tarrytown)
    (conflict,) = center.printed().conflicts
    assert conflict.text == "Jakub Johnson: SAT 4:00 and ACT 4:30 (Tarrytown Office)"
    assert other.id in conflict.entry_ids


def test_softer_marks_follow_as_notes(center):
    jakub = center.tutor("Jakub", "Johnson")
    off = TutorTimeOff(tutor_id=jakub.id, first_day=WEDNESDAY, last_day=WEDNESDAY)
    off.organization_id = center.organization_id
    center.session.add(off)
    center.entry("SAT", jakub, ["Elena Kim", "Noah Lee"], "13:30")
    center.entry("ACT", jakub, ["Wei Yılmaz"], "16:00")
    assert center.printed().notes == (
        "Outside the opening hours: SAT 1:30",
        "2 students for 1 place: SAT 1:30",
        "Jakub Johnson has the day off: SAT 1:30 and ACT 4:00",
    )


def test_a_closed_day_gives_its_reason(center):
    center.closure(date(2026, 11, 26), date(2026, 11, 27), "Thanksgiving")
    assert center.printed(date(2026, 11, 26)).closed_reason == "Thanksgiving"
    assert center.printed(date(2026, 11, 28)).opening_words == ""


def test_tutors_stand_in_the_order_of_their_priority(center):
    late, early = center.tutor("Ada", "Zuse", 2), center.tutor("Zoë", "Abel", 1)
    center.tutor("Not", "Today", 1)
    for tutor in (late, early):
        center.entry("SAT", tutor, ["Elena Kim"], "16:00")
    assert [t.name for t in center.printed().tutors] == ["Zoë Abel", "Ada Zuse"]


def test_the_day_is_that_of_the_organization_not_of_the_pc(center):
    assert today(center.session, center.organization_id, NOW.replace(hour=23)) == WEDNESDAY


def test_a_full_day_costs_no_more_queries_than_an_empty_one(center):
    jakub = center.tutor("Jakub", "Johnson")
    counted: list[str] = []
    event.listen(center.session.get_bind(), "before_cursor_execute", lambda *args: counted.append(args[2]))

    def queries() -> int:
        center.session.flush()
        center.session.expire_all()
        counted.clear()
        center.printed()
        return len(counted)

    center.entry("SAT", jakub, ["Elena Kim"], "16:00", room=center.rooms["Room A"])
    center.entry("SAT", jakub, ["Elena Kim"], "16:30", room=center.rooms["Room A"])
    few = queries()
    for hour in range(14, 20):
        center.entry("SAT", center.tutor("T", str(hour)), [f"S {hour}"], f"{hour}:00", room=center.rooms["Room B"])
    assert queries() == few


def test_a_location_that_is_gone_is_refused(center):
    with pytest.raises(LookupError, match="does not exist"):
        day_schedule(center.open(), Filters(location_id=new_id()), WEDNESDAY)
