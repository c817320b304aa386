"""The form for a new lead, worked with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.leads.entry_sheet import LeadEntrySheet
from desktop.leads.leads_page import LeadsPage
from desktop.people.phone_input import PhoneInput, format_typed
from desktop.store.announcer import StoreAnnouncer
from desktop.store.store import Store
from shared_models.leads.models import Lead, LeadSource, LeadStage
from tests.desktop.leads.front_desk import FrontDesk, clock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    store = Store(tmp_path, use_keyring=False)
    desk = FrontDesk(store)
    yield desk
    desk.filed()
    store.close()


@pytest.fixture
def page(desk: FrontDesk, qtbot: QtBot) -> Iterator[LeadsPage]:
    yield from open_page(desk, qtbot)


def open_page(desk: FrontDesk, qtbot: QtBot) -> Iterator[LeadsPage]:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    page = LeadsPage(desk.store, clock)
    qtbot.addWidget(page)
    announcer = StoreAnnouncer(desk.store, page)
    announcer.changed.connect(page.refresh)
    page.resize(1340, 840)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    qtbot.waitUntil(lambda: page.isActiveWindow())
    page.shown()
    yield page
    announcer.stop()


def open_form(page: LeadsPage) -> LeadEntrySheet:
    page.new_action.trigger()
    sheet = page.entry_sheet
    assert sheet is not None
    return sheet


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def test_name_tab_phone_enter_is_all_it_takes(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    sheet = open_form(page)
    qtbot.keyClicks(focused(), "thao tanaka")
    qtbot.keyClick(focused(), Qt.Key.Key_Tab)
    qtbot.keyClicks(focused(), "9145550198")
    assert sheet.phone.text() == "(914) 555-0198"
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    (lead,) = desk.all(Lead)
    assert (lead.parent_first_name, lead.parent_last_name, lead.phone) == ("Thao", "Tanaka", "+19145550198")
    assert (lead.stage, lead.source, lead.owner_user_id) == (LeadStage.NEW, LeadSource.PHONE, None)
    assert not sheet.isVisible()
    assert lead.id in page.board.rows
    desk.store.undo()
    assert lead.id not in page.board.rows


def test_all_fields_are_reached_by_tab_and_saved(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    sheet = open_form(page)
    typed = {
        sheet.parent_name: "Ana Silva", sheet.phone: "9145550198", sheet.email: "Ana@Example.net",
        sheet.child: "Leo", sheet.wish: "algebra", sheet.grade: "8",
    }  # fmt: skip
    for widget, words in typed.items():
        assert focused() is widget
        qtbot.keyClicks(widget, words)
        # A list that opened under the field gets the key first, as it does from a real keyboard.
        qtbot.keyClick(QApplication.activePopupWidget() or focused(), Qt.Key.Key_Tab)
        if focused() is widget:
            qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert focused() is sheet.source
    qtbot.keyClick(sheet.source, Qt.Key.Key_Right)
    qtbot.keyClick(sheet.source, Qt.Key.Key_Tab)
    qtbot.keyClicks(focused(), "Husband decides")
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    (lead,) = desk.all(Lead)
    assert (lead.email, lead.student_first_name, lead.grade) == ("ana@example.net", "Leo", "8")
    assert (lead.subject_id, lead.topic_id) == (desk.math, desk.algebra)
    assert (lead.source, lead.notes) == (LeadSource.WALK_IN, "Husband decides")


def test_what_is_missing_is_said_below_the_field(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    sheet = open_form(page)
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert sheet.parent_field.error() == "Enter a name or a phone number."
    assert sheet.isVisible()
    assert desk.all(Lead) == []
    qtbot.keyClicks(focused(), "Ana")
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert len(desk.all(Lead)) == 1


def test_control_enter_saves_and_goes_on_with_the_next(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    sheet = open_form(page)
    sheet.source.set_value("WALK_IN")
    for name in ("Ana Silva", "Bo Kim"):
        qtbot.keyClicks(sheet.parent_name, name)
        qtbot.keyClick(sheet.parent_name, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert sheet.isVisible()
        assert sheet.parent_name.text() == ""
        assert focused() is sheet.parent_name
    assert {lead.parent_first_name for lead in desk.all(Lead)} == {"Ana", "Bo"}
    assert {lead.source for lead in desk.all(Lead)} == {LeadSource.WALK_IN}


def test_escape_loses_nothing_not_even_over_a_restart(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    sheet = open_form(page)
    qtbot.keyClicks(sheet.parent_name, "Ana Silva")
    qtbot.keyClicks(sheet.phone, "914555")
    sheet.calls_back.setChecked(True)
    sheet.call_back.set_value(date(2026, 12, 2))
    qtbot.keyClick(sheet.parent_name, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert desk.all(Lead) == []
    assert open_form(page).parent_name.text() == "Ana Silva"
    for again in open_page(desk, qtbot):
        restored = open_form(again)
        assert (restored.parent_name.text(), restored.phone.text()) == ("Ana Silva", "(914) 555")
        assert restored.call_back.value() == date(2026, 12, 2)
        restored.save()
    assert [lead.call_back_on for lead in desk.all(Lead)] == [date(2026, 12, 2)]
    for fresh in open_page(desk, qtbot):
        assert open_form(fresh).parent_name.text() == ""


def test_letters_typed_on_a_switch_of_the_form_do_nothing_to_the_lead_behind_it(
    desk: FrontDesk, page: LeadsPage, qtbot: QtBot
) -> None:
    behind = desk.lead("Ana Silva")
    page.pick_lead(behind)
    sheet = open_form(page)
    sheet.source.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_W, Qt.Key.Key_T, Qt.Key.Key_Delete):
        qtbot.keyClick(sheet.source, key)
    lead = desk.get_lead(behind)
    assert (lead.stage, lead.last_contact_at, lead.archived_at) == (LeadStage.NEW, None, None)


def test_who_may_be_meant_shows_while_typing_and_opens_by_key(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    known = desk.lead("Thảo Tanaka", LeadStage.FOLLOW_UP_ATTEMPTED, phone="9145559855", student_name="Aleksander")
    desk.family("Thảo", "Tanaka", "Mateo", parent1_phone="9145550785", parent1_city="Dobbs Ferry")
    desk.lead("Somebody Else")
    desk.filed()
    sheet = open_form(page)
    qtbot.keyClicks(sheet.parent_name, "thao tan")
    qtbot.keyClicks(sheet.phone, "9145559855")
    panel = sheet.known
    assert [one.known.name for one in panel.shown] == ["Thảo Tanaka", "Thảo Tanaka"]
    assert panel.cards[0].kind.text() == "Lead, Follow-up Attempted"
    assert panel.cards[0].phone._words + panel.cards[0].phone._after == "(914) 555-9855, the same number"
    assert panel.cards[1].kind.text() == "Family since November 2026"
    assert panel.cards[2].isHidden()
    qtbot.keyClick(sheet.phone, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert page.selected == known
    assert page.panel is not None
    assert page.panel.lead is not None
    assert page.panel.lead.id == known
    assert open_form(page).parent_name.text() == "thao tan"


def test_a_known_family_is_linked_to_the_lead(desk: FrontDesk, page: LeadsPage, qtbot: QtBot) -> None:
    family_id = desk.family("Priya", "Kim", "Elena", parent1_phone="9175556476")
    desk.filed()
    sheet = open_form(page)
    qtbot.keyClicks(sheet.parent_name, "priya kim")
    qtbot.keyClick(sheet.parent_name, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert sheet.phone.text() == "(917) 555-6476"
    assert sheet.known.cards[0].button.text() == "Linked to this lead"
    qtbot.keyClick(sheet.parent_name, Qt.Key.Key_Return)
    (lead,) = desk.all(Lead)
    assert (lead.family_id, lead.stage) == (family_id, LeadStage.NEW)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("914", "914"),
        ("9145", "(914) 5"),
        ("914555019", "(914) 555-019"),
        ("19145550198", "+1 (914) 555-0198"),
        ("+1914", "+1 914"),
        ("9145550198 x12", "9145550198 x12"),
        ("914555019812", "914555019812"),
    ],
)
def test_a_number_is_formatted_as_it_grows(typed: str, shown: str) -> None:
    assert format_typed(typed) == shown


def test_a_number_of_another_country_takes_its_form() -> None:
    assert format_typed("+442079460958") == "+44 20 7946 0958"
    assert format_typed("0142685300", "FR") == "01 42 68 53 00"


def test_backspace_goes_through_the_signs_of_a_number(qtbot: QtBot) -> None:
    field = PhoneInput()
    qtbot.addWidget(field)
    qtbot.keyClicks(field, "9145550")
    assert field.text() == "(914) 555-0"
    for _ in range(7):
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert not any(char.isdigit() for char in field.text())


def test_a_digit_put_in_the_middle_leaves_the_cursor_behind_it(qtbot: QtBot) -> None:
    field = PhoneInput()
    qtbot.addWidget(field)
    qtbot.keyClicks(field, "914555098")
    field.setCursorPosition(len("(914) 555-0"))
    qtbot.keyClicks(field, "1")
    assert field.text() == "(914) 555-0198"
    assert field.cursorPosition() == len("(914) 555-01")
