"""Editing what the server refused: in the record's own form, with what was entered in it and not saved yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop.app import Program, make_application
from desktop.leads.leads_page import LeadsPage
from desktop.organization.settings_page import SettingsPage
from desktop.people.families_page import FamiliesPage
from desktop.people.person_forms import ParentsForm, StudentForm
from desktop.people.tutors_page import TutorsPage
from desktop.schedule.calendar_page import CalendarPage
from desktop.store.local_models import NeedsAttention
from desktop.store.store import Store
from desktop.sync.attention import refused_changes
from desktop.sync.attention_proposal import refused_record_count
from desktop.sync.attention_sheet import AttentionSheet
from desktop.sync.field_editor import FieldEditor
from desktop.sync.record_words import RECORDS, RecordWords, record_words
from desktop.widgets import Button, DateInput, Note, Paragraph, TimeInput
from shared_models.access.models import Role, User, UserRole
from shared_models.base import TenantRow, derived_id, new_id
from shared_models.catalog.models import ServiceOffered
from shared_models.leads.models import ContactMethod, ContactOutcome, Lead, LeadContact
from shared_models.leads.operations import record_contact
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.models import Family, HealthAccess, Student, StudentSubject, Tutor, TutorAvailability
from shared_models.registry import tenant_classes
from shared_models.schedule.models import Attendee, ScheduleEntry
from tools.demo_center import PICTURE_MOMENT
from tools.shots_centers import make_sample_center

REASON = "You may not change this any more."


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("center") / "sample"
    make_sample_center(folder, PICTURE_MOMENT)
    return folder


@pytest.fixture
def store(sample: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(sample, tmp_path / "store")
    opened = Store(tmp_path / "store", use_keyring=False)
    yield opened
    opened.close()


class Desk:
    """A window over the sample center, with changes that the server refused."""

    def __init__(self, store: Store, program: Program) -> None:
        self.store, self.window = store, program.window

    def row(self, kind: type[Any], row_id: str) -> Any:
        with self.store.read() as session:
            return session.get_one(kind, (self.store.organization_id, row_id))

    def first(self, kind: type[Any], *conditions: Any) -> Any:
        with self.store.read() as session:
            return session.scalars(select(kind).where(kind.archived_at.is_(None), *conditions)).first()

    def refuse(self, row: TenantRow, **kept: Any) -> None:
        """What was entered into a row that the server knows."""
        with self.store.write() as session:
            known = session.get_one(type(row), (row.organization_id, row.id))
            known.server_seq, known.unsent_since = 7, None
            self._keep(session, row, kept)

    def refuse_new(self, row: TenantRow, **kept: Any) -> None:
        """A row that the server never had; it lies archived on this PC."""
        with self.store.write() as session:
            session.add(row)
            session.flush()
            row.archived_at, row.unsent_since = datetime(2026, 11, 25, tzinfo=UTC), None
            session.flush()
            row.unsent_since = None
            self._keep(session, row, kept)

    def _keep(self, session: Any, row: TenantRow, kept: dict[str, Any]) -> None:
        session.add(
            NeedsAttention(
                table_name=row.__tablename__, row_id=row.id, code="not_allowed", reason=REASON, kept_values=kept,
                refused_at=PICTURE_MOMENT,
            )
        )  # fmt: skip

    def edit(self, number: int = 0) -> AttentionSheet:
        """Press Edit in the sheet of what needs attention."""
        sheet = AttentionSheet(self.window, self.store, on_edit=self.window.propose)
        sheet.open_sheet()
        QApplication.processEvents()
        edits = [one for one in sheet.findChildren(Button) if one.text() == "Edit" and one.isVisibleTo(sheet)]
        edits[number].click()
        return sheet

    def page(self, kind: type[Any]) -> Any:
        page = self.window.current_page()
        assert isinstance(page, kind)
        return page

    def said(self) -> str:
        """What a form says at its top."""
        page = self.window.current_page()
        assert page is not None
        notes = [note for note in page.findChildren(Note) if note.isVisible() and "Not saved" in note.title.text()]
        return " ".join(note.text.text() for note in notes)

    @property
    def waiting(self) -> int:
        return self.store.attention_count()


@pytest.fixture
def desk(store: Store, qtbot: QtBot, qapp: QApplication) -> Iterator[Desk]:
    make_application(store)
    program = Program(store, lambda: PICTURE_MOMENT)
    program.window.resize(1366, 768)
    qtbot.addWidget(program.window)
    program.window.show()
    yield Desk(store, program)
    program.close()


def test_a_lead_opens_in_its_panel_and_saves_when_told_to(desk: Desk) -> None:
    lead = desk.first(Lead)
    desk.refuse(lead, notes="call after six", call_back_on="2026-12-01", grade="9")
    sheet = desk.edit()
    assert not sheet.isVisible()
    page = desk.page(LeadsPage)
    fields = page.panel.fields.inputs
    assert (fields["notes"].text(), fields["grade"].text()) == ("call after six", "9")
    assert fields["call_back_on"].value() == date(2026, 12, 1)
    assert REASON in desk.said() and "You had entered: grade, note, call back on." in desk.said()
    fields["grade"].setText("10")
    fields["grade"].committed.emit()
    assert desk.row(Lead, lead.id).notes == lead.notes
    assert desk.row(Lead, lead.id).grade == lead.grade
    assert desk.waiting == 1
    page.panel.save_button.click()
    saved = desk.row(Lead, lead.id)
    assert (saved.notes, saved.grade, saved.call_back_on) == ("call after six", "10", date(2026, 12, 1))
    assert saved.unsent_since is not None
    assert desk.waiting == 0
    assert not desk.said()


def test_cancelling_leaves_the_item_and_the_record_alone(desk: Desk) -> None:
    lead = desk.first(Lead)
    desk.refuse(lead, notes="call after six")
    desk.edit()
    page = desk.page(LeadsPage)
    page.panel.cancel_button.click()
    assert desk.waiting == 1
    assert page.panel.fields.inputs["notes"].text() == lead.notes
    assert desk.row(Lead, lead.id).unsent_since is None
    page.panel.fields.inputs["notes"].setPlainText("typed after that")
    page.panel.fields.inputs["notes"].committed.emit()
    assert desk.row(Lead, lead.id).notes == "typed after that"


def test_a_lead_keeps_what_its_form_cannot_show(desk: Desk) -> None:
    """Whom it belongs to works here no more, and is none of the choices."""
    lead = desk.first(Lead)
    gone = User(organization_id=lead.organization_id, id=new_id(), first_name="Gone", archived_at=PICTURE_MOMENT)
    with desk.store.write() as session:
        session.add(gone)
        session.flush()
        session.get_one(Lead, (lead.organization_id, lead.id)).owner_user_id = gone.id
    desk.refuse(lead, notes="call after six", last_contact_at="2026-11-24T20:00:00Z")
    desk.edit()
    desk.page(LeadsPage).panel.save_button.click()
    saved = desk.row(Lead, lead.id)
    assert (saved.owner_user_id, saved.notes) == (gone.id, "call after six")
    assert saved.last_contact_at == datetime(2026, 11, 24, 20, tzinfo=UTC)


def test_what_does_not_fit_any_more_opens_its_fields_or_says_so(desk: Desk) -> None:
    hours = desk.first(TutorAvailability)
    desk.refuse(hours, starts="11:00", ends="10:00")
    sheet = desk.edit()
    (editor,) = desk.window.findChildren(FieldEditor)
    clock = editor.fields["starts"].input
    assert isinstance(clock, TimeInput)
    clock.set_value(time(9))
    editor.save()
    assert (desk.row(TutorAvailability, hours.id).starts, desk.waiting) == (time(9), 0)
    assert not sheet.isVisible()
    desk.refuse(desk.first(Student), family_id=new_id(), school="Elsewhere")
    sheet = desk.edit()
    assert "The family is no longer on this PC. What you entered stays here." in words(sheet)
    assert desk.waiting == 1


def test_a_lead_that_the_server_never_had_is_sent_whole(desk: Desk) -> None:
    lead = Lead(
        organization_id=desk.store.organization_id, id=new_id(), parent_first_name="Ana", created_at=PICTURE_MOMENT
    )
    desk.refuse_new(lead, parent_first_name="Ana", created_at="2026-11-25T20:40:00Z", source="OTHER", stage="NEW")
    desk.edit()
    page = desk.page(LeadsPage)
    page.panel.fields.inputs["phone"].setText("914 555 0100")
    page.panel.save_button.click()
    saved = desk.row(Lead, lead.id)
    assert (saved.archived_at, saved.unsent_since) == (None, "0")
    assert saved.phone.endswith("9145550100")
    assert desk.waiting == 0


def test_a_family_opens_in_the_form_of_its_parents_with_its_note(desk: Desk) -> None:
    family = desk.first(Family)
    desk.refuse(family, parent1_phone="+19145550199", notes="a note", primary_contact="PARENT_2")
    desk.edit()
    form = desk.page(FamiliesPage).view.form
    assert isinstance(form, ParentsForm)
    assert form.values()["notes"] == "a note"
    assert str(form.values()["primary_contact"]) == "PARENT_2"
    assert REASON in desk.said()
    assert desk.row(Family, family.id).notes == family.notes
    form.accepted.emit()
    saved = desk.row(Family, family.id)
    assert (saved.parent1_phone, saved.notes) == ("+19145550199", "a note")
    assert desk.waiting == 0


def test_a_student_opens_with_the_subjects_that_were_refused_beside_them(desk: Desk) -> None:
    wish = desk.first(StudentSubject, StudentSubject.rank == 1)
    student = desk.row(Student, wish.student_id)
    desk.refuse(student, school="Another school", allergies="nuts")
    desk.refuse(wish, archived_at="2026-11-25T20:40:00Z")
    assert (desk.waiting, refused_record_count(desk.store)) == (2, 1)
    sheet = desk.edit()
    assert not sheet.isVisible()
    form = desk.page(FamiliesPage).view.form
    assert isinstance(form, StudentForm)
    values = form.values()
    assert (values["school"], values["allergies"]) == ("Another school", "nuts")
    assert len(form.wishes()) == 0 or form.wishes()[0].subject_id != wish.subject_id
    looks = desk.first(HealthAccess, HealthAccess.student_id == student.id)
    assert looks is not None
    form.accepted.emit()
    assert desk.row(Student, student.id).school == "Another school"
    assert desk.row(StudentSubject, wish.id).archived_at is not None
    assert desk.waiting == 0


def test_a_tutor_opens_with_weekly_hours_and_saves_them(desk: Desk) -> None:
    tutor = desk.first(Tutor)
    hours = TutorAvailability(
        organization_id=tutor.organization_id, id=new_id(), tutor_id=tutor.id, weekday=6, starts=time(9),
        ends=time(10, 30),
    )  # fmt: skip
    desk.refuse(tutor, bio="Teaches with patience.")
    desk.refuse_new(hours, tutor_id=tutor.id, weekday=6, starts="09:00", ends="10:30", location_id=None)
    desk.edit()
    page = desk.page(TutorsPage)
    form = page._form
    assert form._bio() == "Teaches with patience."
    assert any("9:00" in field.text() for fields in form._hours.values() for field in [fields[6]])
    form.save()
    assert desk.row(Tutor, tutor.id).bio == "Teaches with patience."
    live = desk.first(TutorAvailability, TutorAvailability.tutor_id == tutor.id, TutorAvailability.weekday == 6)
    assert (live.starts, live.ends) == (time(9), time(10, 30))
    assert live.unsent_since is not None
    assert desk.waiting == 0


def test_a_session_opens_at_the_time_and_with_the_student_that_were_refused(desk: Desk) -> None:
    entry = desk.first(ScheduleEntry, ScheduleEntry.starts_at > PICTURE_MOMENT, ScheduleEntry.series_id.is_not(None))
    taken = {one.student_id for one in desk_attendees(desk, entry.id)}
    student = desk.first(Student, Student.location_id == entry.location_id, Student.id.not_in(taken))
    shift = timedelta(hours=1)
    kept = {
        name: (getattr(entry, name) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name in ("starts_at", "ends_at", "blocked_until")
    }
    desk.refuse(entry, **kept)
    attendee = Attendee(
        organization_id=entry.organization_id, id=derived_id(entry.id, student.id), entry_id=entry.id,
        student_id=student.id,
    )  # fmt: skip
    desk.refuse_new(attendee, entry_id=entry.id, student_id=student.id)
    desk.edit()
    page = desk.page(CalendarPage)
    editor = page.form.editor
    draft = editor.fields.draft()
    assert student.id in draft.student_ids
    assert editor.is_changed
    assert REASON in desk.said()
    editor.fields.start.set_value(time((draft.start.hour + 1) % 24, draft.start.minute))
    assert desk.row(ScheduleEntry, entry.id).starts_at == entry.starts_at
    assert editor.save()
    assert desk.row(ScheduleEntry, entry.id).starts_at == entry.starts_at + 2 * shift
    sent = desk.row(Attendee, attendee.id)
    assert (sent.archived_at, sent.unsent_since) == (None, "0")
    assert desk.waiting == 0


def desk_attendees(desk: Desk, entry_id: str) -> list[Attendee]:
    with desk.store.read() as session:
        return list(session.scalars(select(Attendee).where(Attendee.entry_id == entry_id)))


def test_a_setting_of_the_center_waits_in_its_section(desk: Desk) -> None:
    center = desk.first(Organization)
    desk.refuse(center, business_name="Mine now")
    desk.edit()
    page = desk.page(SettingsPage)
    section = page.section("organization")
    name = section._fields["business_name"].input
    assert name.text() == "Mine now"
    name.setText("Ours now")
    name.committed.emit()
    section._fields["city"].input.setText("Yonkers")
    section._fields["city"].input.committed.emit()
    assert desk.row(Organization, center.id).business_name == center.business_name
    section.keep_button.click()
    saved = desk.row(Organization, center.id)
    assert (saved.business_name, saved.city) == ("Ours now", "Yonkers")
    assert desk.waiting == 0
    name.setText("Saved as one goes")
    name.committed.emit()
    assert desk.row(Organization, center.id).business_name == "Saved as one goes"


def test_rules_rooms_and_hours_open_where_they_are_set(desk: Desk) -> None:
    center, hours = desk.first(Organization), desk.first(OpeningHours)
    desk.refuse(center, default_buffer_minutes=25)
    desk.edit()
    rules = desk.page(SettingsPage).section("rules")
    assert rules._buffer.value() == 25
    rules.drop_button.click()
    assert (rules._buffer.value(), desk.waiting) == (center.default_buffer_minutes, 1)
    with desk.store.write() as session:
        session.delete(session.scalars(select(NeedsAttention)).one())
    desk.refuse(hours, opens="06:30")
    desk.edit()
    section = desk.page(SettingsPage).section("locations")
    assert section._chosen == hours.location_id
    assert section._days[hours.weekday].opens.value() == time(6, 30)
    section.save_held()
    assert desk.row(OpeningHours, hours.id).opens == time(6, 30)
    place = desk.first(Location)
    room = Room(organization_id=center.organization_id, id=new_id(), location_id=place.id, name="Library", floor="2")
    desk.refuse_new(room, location_id=place.id, name="Library", floor="2")
    desk.edit()
    rooms = desk.page(SettingsPage).section("rooms")
    assert rooms._inputs[room.id, "name"].text() == "Library"
    rooms._inputs[room.id, "floor"].setText("3")
    rooms._inputs[room.id, "floor"].committed.emit()
    rooms.keep_button.click()
    saved = desk.row(Room, room.id)
    assert (saved.name, saved.floor, saved.archived_at, saved.unsent_since) == ("Library", "3", None, "0")
    assert desk.waiting == 0


def test_a_price_and_roles_open_in_their_panels(desk: Desk) -> None:
    offered = desk.first(ServiceOffered)
    desk.refuse(offered, hourly_price_cents=12300, display_name="One to one")
    desk.edit()
    services = desk.page(SettingsPage).section("services")
    assert (services.panel.price.cents(), services.panel._name.text()) == (12300, "One to one")
    services.panel.price.set_cents(12500)
    services.panel._save()
    saved = desk.row(ServiceOffered, offered.id)
    assert (saved.hourly_price_cents, saved.display_name) == (12500, "One to one")
    assert desk.waiting == 0
    assert not desk.said()
    person = desk.first(Tutor).user_id
    role = UserRole(
        organization_id=offered.organization_id, id=derived_id(person, Role.ADMIN), user_id=person, role=Role.ADMIN
    )
    desk.refuse_new(role, user_id=person, role="ADMIN")
    desk.edit()
    people = desk.page(SettingsPage).section("people")
    assert people.panel.roles[Role.ADMIN].isChecked()
    people.drop_button.click()
    assert people.panel.isHidden() and desk.waiting == 1
    desk.edit()
    people.panel._save()
    saved_role = desk.row(UserRole, role.id)
    assert (saved_role.archived_at, saved_role.unsent_since) == (None, "0")
    assert desk.waiting == 0


def test_moments_and_times_are_editable_where_there_is_no_form(desk: Desk) -> None:
    lead = desk.first(Lead)
    with desk.store.write() as session:
        record_contact(session, lead.organization_id, lead.id, ContactMethod.PHONE, ContactOutcome.ANSWERED,
                       now=PICTURE_MOMENT, user_id=desk.store.user_id, note="")  # fmt: skip
    contact = desk.first(LeadContact)
    desk.refuse(contact, happened_at="2026-11-25T20:30:00Z", note="left a message")
    desk.edit()
    (editor,) = desk.window.findChildren(FieldEditor)
    day = editor.fields["happened_at"].input.findChild(DateInput)
    clock = editor.fields["happened_at"].input.findChild(TimeInput)
    assert (day.value(), clock.value()) == (date(2026, 11, 25), time(15, 30))
    clock.set_value(time(16, 15))
    editor.save()
    assert desk.row(LeadContact, contact.id).happened_at == datetime(2026, 11, 25, 21, 15, tzinfo=UTC)
    assert desk.waiting == 0


def words(sheet: AttentionSheet) -> str:
    QApplication.processEvents()
    return " ".join(one.text() for one in sheet.findChildren(Paragraph) if one.isVisibleTo(sheet))


def test_an_archived_record_says_so_and_keeps_what_was_entered(desk: Desk) -> None:
    lead = desk.first(Lead)
    desk.refuse(lead, notes="call after six")
    with desk.store.write() as session:
        session.get_one(Lead, (lead.organization_id, lead.id)).archived_at = PICTURE_MOMENT
    sheet = desk.edit()
    assert sheet.isVisible()
    assert "The lead is archived. Restore it first. What you entered stays here." in words(sheet)
    assert desk.waiting == 1


def test_a_record_that_is_not_the_persons_any_more_says_who_may(desk: Desk) -> None:
    center = desk.first(Organization)
    desk.refuse(center, business_name="Mine now")
    organization_id, user_id = desk.store.organization_id, desk.store.user_id
    assert user_id is not None
    with desk.store.write() as session:
        for role in session.scalars(select(UserRole).where(UserRole.user_id == user_id)):
            role.archived_at = PICTURE_MOMENT
        session.add(
            UserRole(organization_id=organization_id, id=derived_id(user_id, "FRONT"), user_id=user_id,
                     role=Role.FRONT_DESK)
        )  # fmt: skip
    sheet = desk.edit()
    assert sheet.isVisible()
    assert "can change this. What you entered stays here." in words(sheet)
    assert desk.waiting == 1


def test_an_administrator_is_not_offered_what_is_the_owners(desk: Desk) -> None:
    """Whose headline it may be, but not the name."""
    center = desk.first(Organization)
    before = desk.window.current_number()
    desk.refuse(center, business_name="Mine now")
    organization_id, user_id = desk.store.organization_id, desk.store.user_id
    assert user_id is not None
    with desk.store.write() as session:
        for role in session.scalars(select(UserRole).where(UserRole.user_id == user_id)):
            role.archived_at = PICTURE_MOMENT
        session.add(
            UserRole(organization_id=organization_id, id=derived_id(user_id, "ADM"), user_id=user_id, role=Role.ADMIN)
        )
    sheet = desk.edit()
    assert "You may not change this. What you entered stays here." in words(sheet)
    assert desk.window.current_number() == before
    assert desk.waiting == 1


def test_what_has_no_form_of_its_own_opens_its_fields(desk: Desk) -> None:
    closure = desk.first(Closure)
    desk.refuse(closure, reason="Snow")
    sheet = desk.edit()
    (editor,) = desk.window.findChildren(FieldEditor)
    assert editor.fields["reason"].input.text() == "Snow"
    editor.save()
    assert desk.row(Closure, closure.id).reason == "Snow"
    assert not sheet.isVisible()
    assert refused_changes(desk.store) == []


def test_a_row_of_every_table_has_words(desk: Desk) -> None:
    with desk.store.engine.connect() as connection:
        said = RecordWords(connection, desk.store)
        assert {said.name(table, new_id()) for table in tenant_classes()} == {""}
    assert all(record_words(table) == RECORDS[table] for table in tenant_classes())
