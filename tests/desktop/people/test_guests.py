"""A family of another location, looked at from a desk at which one of its students is a guest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.people.families_page import FamiliesPage
from desktop.people.family_page import FamilyView
from desktop.people.person_forms import StudentForm
from desktop.store.store import Store
from desktop.widgets import Label, Note, Paragraph
from desktop.widgets.status import TextLink
from shared_models.access.models import LocationAssignment
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.people.models import Family, Student
from shared_models.schedule.models import Attendee, ScheduleEntry
from tests.desktop.leads.front_desk import NOW, FrontDesk, clock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    """Maya works at Irvington alone."""
    store = Store(tmp_path, use_keyring=False)
    desk = FrontDesk(store)
    with store.write() as session:
        for assignment in session.scalars(select(LocationAssignment)):
            if assignment.location_id == desk.tarrytown:
                assignment.archived_at = NOW
    yield desk
    desk.filed()
    store.close()


@pytest.fixture
def page(desk: FrontDesk, qtbot: QtBot) -> FamiliesPage:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    page = FamiliesPage(desk.store, clock)
    qtbot.addWidget(page)
    page.resize(1340, 840)
    with qtbot.waitExposed(page):
        page.show()
    return page


def guest(desk: FrontDesk) -> str:
    """The Kims of Tarrytown, whose Elena has a session at Irvington."""
    family_id = desk.family(
        "Priya", "Kim", "Elena", parent1_phone="+19145550123", parent1_email="priya@example.com", notes="Pays late",
        parent1_address="1 Main St",
    )  # fmt: skip
    ours = {"organization_id": desk.organization_id}
    service_id = derived_id(desk.organization_id, "service", "X")
    with desk.store.write() as session:
        session.add(Service(**ours, id=service_id, name="Private", format=ServiceFormat.PRIVATE))
        student = session.scalars(select(Student).where(Student.family_id == family_id)).one()
        student.location_id, student.school, student.notes = desk.tarrytown, "Tarrytown High", "Shy"
        entry_id = new_id()
        entry = ScheduleEntry(
            **ours, id=entry_id, location_id=desk.irvington, service_id=service_id, starts_at=NOW,
            ends_at=NOW + timedelta(hours=1), blocked_until=NOW + timedelta(hours=1),
        )  # fmt: skip
        session.add_all(
            [entry, Attendee(**ours, id=derived_id(entry_id, student.id), entry_id=entry_id, student_id=student.id)]
        )
    return family_id


def opened(page: FamiliesPage, family_id: str) -> FamilyView:
    page.open_family(family_id)
    assert page.view is not None
    return page.view


def read(view: FamilyView) -> list[str]:
    labels = [label.text() for label in view.findChildren(Label) if label.isVisibleTo(view)]
    words = [words.text() for words in view.findChildren(Paragraph) if words.isVisibleTo(view)]
    return labels + words + [link.text() for link in view.findChildren(TextLink) if link.isVisibleTo(view)]


def test_of_a_guest_name_and_telephone_are_shown_and_nothing_stands_there_as_empty(
    page: FamiliesPage, desk: FrontDesk
) -> None:
    view = opened(page, guest(desk))
    words = read(view)
    assert {"Priya Kim", "Phone", "Elena Kim", "Subjects"} <= set(words)
    assert not {"E-mail", "Address", "School", "Health", "Notes", "Note"} & set(words)
    assert not any("priya@example.com" in one or "Pays late" in one for one in words)


def test_a_guest_is_read_only_and_it_says_who_can_change_it(page: FamiliesPage, desk: FrontDesk) -> None:
    view = opened(page, guest(desk))
    (note,) = view.findChildren(Note)
    assert "those who work at this location" in note.text.text()
    assert not view.parents.edit_button.isEnabled()
    assert "those who work at this location" in view.parents.edit_button.toolTip()
    closed = {b.accessibleName() for b in view.students.findChildren(QPushButton) if not b.isEnabled()}
    assert {"Edit Elena Kim", "Schedule Elena Kim"} <= closed
    for action in (view.edit_action, view.note_action, view.archive_action, view.new_entry_action):
        assert not action.isEnabled()
        assert "those who work at this location" in action.toolTip()
    view.edit_parents()
    assert view.form is None
    view.archive_or_restore()
    with desk.store.read() as session:
        assert session.get_one(Family, (desk.organization_id, view.family_id)).archived_at is None


def test_a_family_of_ones_own_is_open_as_ever(page: FamiliesPage, desk: FrontDesk) -> None:
    view = opened(page, desk.family("Grace", "Lee", "Noah"))
    assert {"E-mail", "Address", "School", "Health", "Note"} <= set(read(view))
    assert not view.findChildren(Note)
    assert view.parents.edit_button.isEnabled()
    assert view.new_entry_action.isEnabled()


def test_a_student_learns_at_a_location_of_ones_own(page: FamiliesPage, desk: FrontDesk) -> None:
    view = opened(page, desk.family("Grace", "Lee", "Noah"))
    view.add_student()
    assert isinstance(view.form, StudentForm)
    assert [option.text for option in view.form._location.options()] == ["Irvington Office"]


def test_the_timeline_names_no_field_that_is_not_seen(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = guest(desk)
    with desk.store.write("Changed") as session:
        family = session.get_one(Family, (desk.organization_id, family_id))
        family.notes, family.parent1_phone = "Pays very late", "+19145550124"
        student = session.scalars(select(Student).where(Student.family_id == family_id)).one()
        student.school, student.allergies, student.grade = "Another", "nuts", "9"
    view = opened(page, family_id)
    changed = [moment.title for moment in view.timeline.moments if moment.title.startswith("Changed ")]
    said = " ".join(changed)
    assert "phone" in said and "grade" in said
    assert not any(word in said for word in ("note", "school", "health"))
