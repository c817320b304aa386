"""The families list and the page of one family, worked with as the front desk does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.people.families_page import FamiliesPage
from desktop.people.family_page import FamilyView
from desktop.people.family_rows import FamilyFilters, FamilyRows, load_ids, load_sessions
from desktop.people.person_forms import ParentsForm, StudentForm
from desktop.people.timeline import Moment, MomentKind, load_timeline
from desktop.store.announcer import StoreAnnouncer
from desktop.store.errors import StoreUnwritable
from desktop.store.store import Store
from desktop.widgets.status import TextLink
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.leads import operations as lead_operations
from shared_models.leads.models import ContactMethod, ContactOutcome
from shared_models.people.models import Family, HealthAccess, Student, StudentSubject
from shared_models.people.operations import change_family, change_student, record_health_access
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry
from shared_models.schedule.times import zone_of
from tests.desktop.leads.front_desk import NOW, TODAY, FrontDesk, clock

NEW_YORK = zone_of("America/New_York")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    store = Store(tmp_path, use_keyring=False)
    desk = FrontDesk(store)
    yield desk
    desk.filed()
    store.close()


@pytest.fixture
def page(desk: FrontDesk, qtbot: QtBot) -> Iterator[FamiliesPage]:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    page = FamiliesPage(desk.store, clock)
    qtbot.addWidget(page)
    announcer = StoreAnnouncer(desk.store, page)
    announcer.changed.connect(page.refresh)
    page.resize(1340, 840)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    page.shown()
    yield page
    announcer.stop()


def titles(page: FamiliesPage) -> list[str]:
    return [page.model.row(at).title for at in range(page.model.rowCount())]  # type: ignore[union-attr]


def opened(page: FamiliesPage, family_id: str) -> FamilyView:
    page.open_family(family_id)
    assert page.view is not None
    return page.view


def said(page: FamiliesPage) -> list[str]:
    words: list[str] = []
    page.actionDone.connect(lambda text, _undo: words.append(text))
    return words


def book(
    desk: FrontDesk, student: Student, starts: datetime, *, status: EntryStatus = EntryStatus.SCHEDULED,
    attendance: Attendance | None = None,
) -> str:  # fmt: skip
    entry_id, service_id = new_id(), derived_id(desk.organization_id, "service", "X")
    ours = {"organization_id": desk.organization_id}
    with desk.store.write() as session:
        if session.get(Service, (desk.organization_id, service_id)) is None:
            session.add(Service(**ours, id=service_id, name="Private", format=ServiceFormat.PRIVATE))
        ends = starts + timedelta(minutes=60)
        session.add(
            ScheduleEntry(
                **ours, id=entry_id, location_id=desk.irvington, service_id=service_id, subject_id=desk.math,
                topic_id=desk.algebra, starts_at=starts, ends_at=ends, blocked_until=ends, status=status,
            )
        )  # fmt: skip
        session.add(
            Attendee(
                **ours, id=derived_id(entry_id, student.id), entry_id=entry_id, student_id=student.id,
                attendance=attendance,
            )
        )  # fmt: skip
    return entry_id


def test_each_keystroke_narrows_the_list_and_enter_opens_the_first(
    desk: FrontDesk, page: FamiliesPage, qtbot: QtBot
) -> None:
    desk.family("Priya", "Kim", "Elena")
    wanted = desk.family("Rafael", "Łukasik", "Zoë")
    desk.filed()
    page.reload()
    assert titles(page) == ["Priya Kim", "Rafael Łukasik"]
    qtbot.keyClicks(page.search, "luk")
    assert titles(page) == ["Rafael Łukasik"]
    page.search.clear()
    qtbot.keyClicks(page.search, "zoe")
    assert titles(page) == ["Rafael Łukasik"]
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert page.view is not None
    assert page.view.family_id == wanted
    assert page.view.header.title.text() == "Łukasik family"
    assert page.header.isHidden()
    page.view.back_action.trigger()
    assert not page.header.isHidden()
    assert page.search.text() == "zoe"


def test_nobody_found_offers_a_new_family_with_that_name(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.search, "priya kim")
    assert page.empty.title.text() == "Nobody found for “priya kim”"
    page.new_button.click()
    sheet = page.new_family_sheet
    assert sheet is not None
    assert sheet.inputs["parent1_first_name"].text() == "Priya"
    assert sheet.inputs["parent1_last_name"].text() == "Kim"


def test_a_long_list_is_read_in_pages(desk: FrontDesk) -> None:
    for number in range(230):
        desk.family("Ana", f"Silva {number:03}", "Leo")
    desk.filed()
    ids = load_ids(desk.store, FamilyFilters())
    statements: list[str] = []
    rows = FamilyRows(desk.store, ids)

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", note)
    try:
        assert rows[0].title == "Ana Silva 000"
        assert rows[99].title == "Ana Silva 099"
        assert len(statements) == 2
        assert rows[229].children == (("Leo", ""),)
        assert len(statements) == 4
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", note)


def test_a_new_family_needs_a_name_and_says_so_below_the_field(
    desk: FrontDesk, page: FamiliesPage, qtbot: QtBot
) -> None:
    words = said(page)
    page.new_action.trigger()
    sheet = page.new_family_sheet
    assert sheet is not None
    qtbot.keyClick(sheet.inputs["parent1_first_name"], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sheet.fields["parent1_first_name"].error() == "Enter the parent’s first name."
    assert desk.all(Family) == []
    qtbot.keyClicks(sheet.inputs["parent1_first_name"], "priya")
    qtbot.keyClicks(sheet.inputs["parent1_last_name"], "kim")
    qtbot.keyClicks(sheet.inputs["parent1_phone"], "55512")
    block = sheet.students[0]
    qtbot.keyClicks(block.first, "elena")
    block.wish.set_value(f"{desk.math}/{desk.algebra}")
    sheet.add_student()
    qtbot.keyClicks(sheet.students[1].first, "Leo")
    qtbot.keyClick(sheet.students[1].first, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    (family,) = desk.all(Family)
    assert (family.parent1_first_name, family.parent1_last_name, family.registered_on) == ("Priya", "Kim", TODAY)
    assert {(row.first_name, row.last_name) for row in desk.all(Student)} == {("Elena", "Kim"), ("Leo", "Kim")}
    assert [row.topic_id for row in desk.all(StudentSubject)] == [desk.algebra]
    assert page.view is not None
    assert page.view.family_id == family.id
    assert "does not look like a complete phone number" in words[-1]
    desk.store.undo()
    assert desk.get_family(family.id).archived_at is not None


def test_a_family_that_is_known_shows_while_a_new_one_is_typed(
    desk: FrontDesk, page: FamiliesPage, qtbot: QtBot
) -> None:
    known = desk.family("Priya", "Kim", "Elena")
    desk.filed()
    page.new_family()
    sheet = page.new_family_sheet
    assert sheet is not None
    qtbot.keyClicks(sheet.inputs["parent1_first_name"], "priya")
    assert sheet.known.isHidden()
    qtbot.keyClicks(sheet.inputs["parent1_last_name"], "kim")
    assert sheet.known.title.text() == "Priya Kim may be the same family"
    sheet._open_known()
    assert page.view is not None
    assert page.view.family_id == known


def test_parents_are_changed_and_an_odd_address_is_kept(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    words = said(page)
    family_id = desk.family("Priya", "Kim", "Elena")
    view = opened(page, family_id)
    view.edit_action.trigger()
    form = view.form
    assert isinstance(form, ParentsForm)
    email = form.fields["parent1_email"].input
    qtbot.keyClicks(email, "priya at home")
    qtbot.keyClick(email, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert desk.get_family(family_id).parent1_email == "priya at home"
    assert "does not look like an e-mail address. Kept as typed." in words[-1].replace(".  Kept", ". Kept")
    assert view.form is None
    desk.store.undo()
    assert desk.get_family(family_id).parent1_email == ""


def test_a_form_keeps_what_is_typed_when_changes_arrive(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    view = opened(page, family_id)
    view.edit_parents()
    assert view.form is not None
    phone = view.form.fields["parent1_phone"].input
    qtbot.keyClicks(phone, "917555")
    with desk.store.write() as session:
        change_family(session, desk.organization_id, family_id, {"notes": "Prefers calls after 6 PM."})
    assert phone.text() == "(917) 555"  # type: ignore[attr-defined]
    assert view.note._words.text() == "Prefers calls after 6 PM."


def test_a_form_with_changes_is_not_thrown_away(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    words = said(page)
    kim, silva = desk.family("Priya", "Kim", "Elena"), desk.family("Ana", "Silva", "Leo")
    view = opened(page, kim)
    view.edit_parents()
    form = view.form
    assert isinstance(form, ParentsForm)
    qtbot.keyClicks(form.fields["parent1_phone"].input, "917555")
    for key in (Qt.Key.Key_E, Qt.Key.Key_A):
        qtbot.keyClick(form.fields["primary_contact"].input, key)
    assert view.form is form
    view.add_student()
    assert view.form is form
    assert words == ["Save or cancel what you are changing first."]
    opened(page, silva)
    assert view.form is None
    assert not view.timeline.isHidden()
    opened(page, kim)
    assert view.form is form
    assert form.fields["parent1_phone"].input.text() == "(917) 555"  # type: ignore[attr-defined]
    form.cancelled.emit()
    assert view.form is None


def test_a_note_that_is_being_written_waits_for_its_family(desk: FrontDesk, page: FamiliesPage) -> None:
    kim, silva = desk.family("Priya", "Kim", "Elena"), desk.family("Ana", "Silva", "Leo")
    view = opened(page, kim)
    view.note.start_editing()
    view.note.area.setText("Prefers calls af")
    opened(page, silva)
    assert view.note.area.isHidden()
    opened(page, kim)
    assert view.note.area.text() == "Prefers calls af"
    view.note.area.setText("Prefers calls after 6 PM.")
    view.note.save_button.click()
    assert desk.get_family(kim).notes == "Prefers calls after 6 PM."
    assert desk.get_family(silva).notes == ""


def test_a_student_is_added_changed_and_archived(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    view = opened(page, family_id)
    view.add_student()
    form = view.form
    assert isinstance(form, StudentForm)
    assert form.values()["last_name"] == "Kim"
    form.save_button.click()
    assert form.fields["first_name"].error() == "Enter the student’s first name."
    qtbot.keyClicks(form.fields["first_name"].input, "leo")
    form.save_button.click()
    leo = desk.student("Leo")
    assert (leo.family_id, leo.location_id) == (family_id, desk.irvington)
    view.edit_student(leo.id)
    form = view.form
    assert isinstance(form, StudentForm)
    form.archiveRequested.emit()
    assert desk.student("Leo").archived_at == NOW
    desk.store.undo()
    assert desk.student("Leo").archived_at is None


def test_health_stays_hidden_until_someone_asks_for_it(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    elena = desk.student("Elena")
    with desk.store.write() as session:
        change_student(session, desk.organization_id, elena.id, {"allergies": "Peanuts"}, now=NOW, today=TODAY)
    view = opened(page, family_id)

    def words() -> str:
        return " ".join(
            child.accessibleName() for child in view.students.findChildren(object) if hasattr(child, "accessibleName")
        )

    assert "Peanuts" not in words()
    (show,) = [each for each in view.students.findChildren(TextLink) if each.text() == "Show"]
    show.click()
    assert "Peanuts" in words()
    page.show_list()
    opened(page, family_id)
    moments = timeline(desk, view)
    assert [moment.title for moment in moments if moment.icon == "eye"] == [
        "Maya Torres looked at Elena’s health notes"
    ]
    assert desk.store.undo_history.next_undo is None
    (again,) = [each for each in view.students.findChildren(TextLink) if each.text() == "Show" and each.isVisible()]
    assert again is not show


def test_a_student_form_changes_health_only_after_it_was_shown(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    elena = desk.student("Elena")
    view = opened(page, family_id)
    view.edit_student(elena.id)
    form = view.form
    assert isinstance(form, StudentForm)
    assert not {"allergies", "has_iep"} & form.values().keys()
    form._health_button.click()
    assert form.values()["has_iep"] is None
    assert [looked for looked, _ in looks(desk)] == [elena.id]


def test_health_that_cannot_be_recorded_as_seen_is_not_shown(
    desk: FrontDesk, page: FamiliesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    view = opened(page, family_id)
    view.edit_student(desk.student("Elena").id)
    form, words = view.form, said(page)
    assert isinstance(form, StudentForm)

    @contextmanager
    def full(_description: str | None = None) -> Iterator[Session]:
        raise StoreUnwritable("The disk is full.")
        yield

    monkeypatch.setattr(desk.store, "write", full)
    form._health_button.click()
    monkeypatch.undo()
    assert form._health_box.isHidden()
    assert words == ["The disk is full."]


def test_every_look_at_health_is_recorded_and_looks_of_one_visit_are_told_once(
    desk: FrontDesk, page: FamiliesPage
) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    elena = desk.student("Elena").id
    for minutes, user_id in ((0, desk.maya), (4, desk.maya), (5, None), (60, desk.maya)):
        with desk.store.write() as session:
            at = NOW - timedelta(minutes=minutes)
            record_health_access(session, desk.organization_id, elena, user_id, now=at)
    assert looks(desk) == [(elena, desk.maya), (elena, desk.maya), (elena, None), (elena, desk.maya)]
    told = [moment for moment in timeline(desk, opened(page, family_id)) if moment.icon == "eye"]
    assert [(moment.clock, moment.title.split(" looked")[0]) for moment in told] == [
        ("3:40 PM", "Maya Torres"), ("3:35 PM", "Someone"), ("2:40 PM", "Maya Torres"),
    ]  # fmt: skip


def looks(desk: FrontDesk) -> list[tuple[str, str | None]]:
    with desk.store.read() as session:
        rows = session.execute(select(HealthAccess.student_id, HealthAccess.user_id).order_by(HealthAccess.id))
        return [(student_id, user_id) for student_id, user_id in rows]


def timeline(desk: FrontDesk, view: FamilyView) -> list[Moment]:
    assert view.face is not None
    with desk.store.read() as session:
        return load_timeline(session, desk.organization_id, view.face, now=NOW, zone=NEW_YORK)


def test_archiving_and_restoring_a_family(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    desk.filed()
    view = opened(page, family_id)
    view.archive_or_restore()
    assert desk.student("Elena").archived_at == NOW
    page.show_list()
    desk.filed()
    page.reload()
    assert titles(page) == []
    assert not page.archived_chip.isHidden()
    page.archived_chip.setChecked(True)
    assert titles(page) == ["Priya Kim"]
    opened(page, family_id).archive_or_restore()
    assert desk.get_family(family_id).archived_at is None
    assert desk.student("Elena").archived_at is None


def test_a_student_asked_for_from_elsewhere_opens_the_family(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    page.show_item(desk.student("Elena").id)
    assert page.view is not None
    assert page.view.family_id == family_id


def test_booking_for_a_student_goes_to_the_calendar(desk: FrontDesk, page: FamiliesPage, qtbot: QtBot) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    view = opened(page, family_id)
    with qtbot.waitSignal(page.navigate) as asked:
        view.new_entry_action.trigger()
    assert asked.args == ["Calendar", desk.student("Elena").id]


def test_coming_and_past_sessions_are_one_query_each(desk: FrontDesk) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    elena = desk.student("Elena")
    for weeks in range(-3, 20):
        book(desk, elena, NOW + timedelta(weeks=weeks, hours=1))
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", note)
    try:
        with desk.store.read() as session:
            coming = load_sessions(session, desk.organization_id, family_id, now=NOW, zone=NEW_YORK)
        selects = [each for each in statements if each.startswith("SELECT")]
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", note)
    assert len(selects) == 1
    assert (len(coming.rows), coming.total, coming.last_day) == (11, 20, date(2027, 4, 7))
    first = coming.rows[0]
    assert (first.student, first.title, first.kind) == ("Elena", "Algebra I", "private")
    assert first.starts.strftime("%H:%M") == "16:40"
    with desk.store.read() as session:
        past = load_sessions(session, desk.organization_id, family_id, now=NOW, zone=NEW_YORK, past=True)
    assert [row.starts.date() for row in past.rows] == [date(2026, 11, 18), date(2026, 11, 11), date(2026, 11, 4)]


def test_cancelled_sessions_are_not_coming(desk: FrontDesk) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    book(desk, desk.student("Elena"), NOW + timedelta(days=1), status=EntryStatus.CANCELLED)
    with desk.store.read() as session:
        assert load_sessions(session, desk.organization_id, family_id, now=NOW, zone=NEW_YORK).total == 0


def test_a_double_booking_of_the_student_is_said_above_the_sessions(desk: FrontDesk, page: FamiliesPage) -> None:
    family_id = desk.family("Priya", "Kim", "Elena")
    elena = desk.student("Elena")
    book(desk, elena, NOW + timedelta(days=1))
    second = book(desk, elena, NOW + timedelta(days=1, minutes=30))
    view = opened(page, family_id)
    note = view.sessions.note_place.itemAt(0).widget()
    assert note.title.text().startswith("Elena’s Algebra I on Thursday, November 26, 3:40 PM: Elena is booked twice.")
    assert view.sessions._marked[second] == "danger"


def test_the_timeline_tells_talks_sessions_and_changes(desk: FrontDesk, page: FamiliesPage) -> None:
    lead_id = desk.lead("Priya Kim", age_days=10, student_name="Elena", phone="9175556476")
    with desk.store.write() as session:
        lead_operations.record_contact(
            session, desk.organization_id, lead_id, ContactMethod.PHONE, ContactOutcome.ANSWERED,
            now=NOW - timedelta(days=2), user_id=desk.maya, note="Husband decides",
        )  # fmt: skip
        family_id = lead_operations.convert_lead(
            session, desk.organization_id, lead_id, location_id=desk.irvington, today=TODAY
        ).family_id
    elena = desk.student("Elena")
    book(desk, elena, NOW - timedelta(days=1), attendance=Attendance.PRESENT)
    book(desk, elena, NOW - timedelta(days=3), attendance=Attendance.EXCUSED)
    with desk.store.write() as session:
        change_family(session, desk.organization_id, family_id, {"parent1_phone": "2125559168"})
    view = opened(page, family_id)
    assert view.face is not None
    with desk.store.read() as session:
        moments = load_timeline(session, desk.organization_id, view.face, now=NOW, zone=NEW_YORK)
    told = {(moment.kind, moment.title, moment.detail) for moment in moments}
    assert (MomentKind.TALK, "Called, answered", "Maya Torres, “Husband decides”") in told
    assert (MomentKind.TALK, "First asked, by phone", "for Elena") in told
    assert (MomentKind.SESSION, "Elena came to Algebra I", "") in told
    assert (MomentKind.SESSION, "Elena missed Algebra I, excused", "") in told
    assert (MomentKind.CHANGE, "Changed phone of Priya Kim", "") in told
    assert [moment.at for moment in moments] == sorted((moment.at for moment in moments), reverse=True)
