"""The history of leads, families and tutors: in words, masked, from the server and away from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.history.chapter import Chapter
from desktop.history.noted import Noted
from desktop.history.panel import AWAY, HistoryPanel
from desktop.history.people_chapters import family_chapter, lead_chapter, tutor_chapter
from desktop.history.record_lines import RecordTeller, ValueWords
from shared_models.leads.operations import change_lead
from shared_models.organization.models import Location
from shared_models.people.models import TutorLocation
from shared_models.people.operations import NewStudent, change_family, change_student, register_family
from shared_models.people.tutors import TutorChange, register_tutor
from tests.desktop.leads.front_desk import TODAY
from tests.desktop.sync.conftest import NOW, Desk


@contextmanager
def plain() -> Iterator[ValueWords]:
    yield lambda table, field, value: "" if value is None else str(value)


def change(who: str, table: str, row_id: str, minute: int = 0, **changes: Any) -> Noted:
    return Noted(table, row_id, NOW + timedelta(minutes=minute), who, False, changes)


def told(*noted: Noted, **things: str) -> list[tuple[str, str]]:
    return [(line.who, line.words) for line in RecordTeller("family", plain, things).tell(noted)]


def test_a_change_names_field_and_both_values() -> None:
    assert told(
        change("Maya", "family", "f", parent1_phone=("1", "2"), notes=("", "a"), parent2_email=("b@c.d", "")),
        change("Maya", "student", "s", school=("A", "B")),
        s="Leo",
    ) == [
        (
            "Maya",
            "changed the first parent’s phone from “1” to “2”, entered the note “a”, "  # noqa: ISC004
            "took out the second parent’s e-mail “b@c.d” and changed Leo’s school from “A” to “B”",
        )
    ]


def test_what_was_replaced_is_told_with_both_values_and_both_names() -> None:
    lost = Noted("family", "f", NOW + timedelta(minutes=1), "Daniel Lee", False, {}, "", {"notes": "call at six"})
    lines = told(change("Maya Torres", "family", "f", notes=("", "call at five")), lost)
    assert lines[0] == (
        "Daniel Lee",
        "entered the note “call at six”, which Maya Torres replaced with “call at five”",
    )
    assert lines[1] == ("Maya Torres", "entered the note “call at five”")


def test_members_are_added_and_taken_out_by_name() -> None:
    made = Noted("student_subject", "w", NOW, "Maya", True, {})
    gone = change("Maya", "student_subject", "w", 1, archived_at=(None, "2026-11-25T20:41:00Z"))
    assert told(made, gone, w="Algebra I for Leo") == [
        ("Maya", "took out Algebra I for Leo"),
        ("Maya", "added Algebra I for Leo"),
    ]


def test_fields_that_the_person_may_not_see_are_not_named() -> None:
    chapter = Chapter({}, [], UTC, {}, lambda noted: [], lambda noted: [], shown={"f": frozenset({"notes"})})
    both = change("Maya", "family", "f", notes=("", "a"), parent1_phone=("", "1"))
    (open_part,) = chapter.open_parts([both])
    assert set(open_part.changes) == {"notes"}
    assert chapter.open_parts([change("Maya", "family", "f", parent1_phone=("", "1"))]) == []


def registered(desk: Desk) -> tuple[str, str]:
    """A family with Leo in it."""
    with desk.store.write("Registered") as session:
        place = session.query(Location.id).scalar()
        done = register_family(
            session, desk.store.organization_id, {"parent1_first_name": "Ana", "parent1_last_name": "Kim"},
            [NewStudent(place, {"first_name": "Leo", "last_name": "Kim"}, ())], today=TODAY,
        )  # fmt: skip
    return done.family_id, done.student_ids[0]


@pytest.fixture
def look(qtbot: QtBot, qapp: QApplication) -> Any:
    theme.install(qapp, theme.Appearance.LIGHT)
    made: list[HistoryPanel] = []

    def make(desk: Desk, read: Any, record_id: str) -> HistoryPanel:
        panel = HistoryPanel(desk.store, read)
        qtbot.addWidget(panel)
        made.append(panel)
        panel.show_record(record_id)
        return panel

    yield make
    for panel in made:
        panel.shut_down()


def test_a_family_tells_of_its_parents_and_students_and_of_what_was_replaced(
    desk: Desk, other: Desk, look: Any, qtbot: QtBot
) -> None:
    family_id, student_id = registered(desk)
    desk.sync()
    other.sync()
    for each, phone in ((desk, "914 555 0101"), (other, "914 555 0202")):
        with each.store.write() as session:
            change_family(session, each.store.organization_id, family_id, {"parent1_phone": phone})
    with other.store.write() as session:
        change_student(
            session, other.store.organization_id, student_id, {"school": "Irvington High"}, (), now=NOW, today=TODAY
        )
    other.sync()
    desk.sync()
    panel = look(desk, family_chapter, family_id)
    qtbot.waitUntil(lambda: {line.who for line in panel.lines} == {"Maya Torres"})
    words = " | ".join(line.words for line in panel.lines)
    assert "entered Leo’s school “Irvington High”" in words
    assert "registered the family" in words and "added Leo" in words
    assert "“(914) 555-0101”, which Maya Torres replaced with “(914) 555-0202”" in words
    assert panel.note == ""


def test_away_from_the_server_it_says_what_this_pc_knows_and_that_it_is_away(
    desk: Desk, look: Any, qtbot: QtBot
) -> None:
    lead = desk.add_lead("Ana", phone="+19145550100")
    desk.sync()
    desk.store.set_local(server_url="http://127.0.0.1:9")
    with desk.store.write("Changed the note") as session:
        change_lead(session, desk.store.organization_id, lead, {"notes": "call after six"})
    panel = look(desk, lead_chapter, lead)
    qtbot.waitUntil(lambda: panel.note == AWAY)
    assert [(line.who, line.words) for line in panel.lines] == [
        ("Maya Torres", "entered the note “call after six”"),
        ("This PC", "entered the lead"),
    ]


def test_a_tutor_tells_of_hours_subjects_and_locations(desk: Desk, look: Any, qtbot: QtBot) -> None:
    with desk.store.write() as session:
        place = session.query(Location.id).scalar()
        name = {"first_name": "Priya", "last_name": "Kim"}
        wish = TutorChange(user=name, profile={"bio": "Math"}, location_ids=[place])
        tutor = register_tutor(session, desk.store.organization_id, wish, now=NOW)
    desk.sync()
    panel = look(desk, tutor_chapter, tutor)
    qtbot.waitUntil(lambda: {line.who for line in panel.lines} == {"Maya Torres"})
    assert "added the tutor" in panel.lines[-1].words
    with desk.store.write() as session:
        session.scalars(select(TutorLocation)).one().archived_at = NOW
    desk.sync()
    panel.show_record(tutor)
    qtbot.waitUntil(lambda: panel.lines[0].words.endswith("took out Irvington Office"))


def test_a_record_that_is_not_here_has_no_history(desk: Desk, look: Any) -> None:
    with pytest.raises(LookupError):
        look(desk, lead_chapter, "00000000-0000-0000-0000-000000000000")
