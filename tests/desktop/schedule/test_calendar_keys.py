"""A week worked on by the keyboard alone, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.cancel_sheet import CancelSheet
from desktop.widgets import Button
from shared_models.base import new_id
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.operations import entry_of, schedule_entries
from tests.shared_models.schedule.small_center import Center, small_center

WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
ALT, SHIFT, CTRL = (
    Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def page(center: Center, qtbot: QtBot, qapp: QApplication) -> Iterator[CalendarPage]:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = CalendarPage(center.store, lambda: NOW)
    qtbot.addWidget(made)
    made.resize(1300, 800)
    made.show()
    qtbot.waitExposed(made)
    made.calendar.setFocus()
    yield made
    made.shut_down()


def entry_at(center: Center, page: CalendarPage, hour: int) -> str:
    draft = center.draft(WEDNESDAY, time(hour))
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    page.refresh({"schedule_entry": frozenset(made.entry_ids)})
    page.calendar.select(made.entry_ids[0])
    return made.entry_ids[0]


def places(page: CalendarPage) -> set[tuple[str, int, int]]:
    return {(entry.column, entry.starts, entry.ends) for entry in page.calendar.scene().entries}


def test_alt_and_arrows_then_enter_move_an_entry_to_another_day(center: Center, page: CalendarPage) -> None:
    entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Left, ALT)
    QTest.keyClick(page.calendar, Qt.Key.Key_Down, ALT)
    assert places(page) == {("2026-11-25", 960, 1020)}
    QTest.keyClick(page.calendar, Qt.Key.Key_Return)
    assert places(page) == {("2026-11-24", 975, 1035)}


def test_shift_and_arrows_then_enter_make_an_entry_longer(center: Center, page: CalendarPage) -> None:
    entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Down, SHIFT)
    QTest.keyClick(page.calendar, Qt.Key.Key_Return)
    assert places(page) == {("2026-11-25", 960, 1035)}


def test_delete_then_enter_cancels_without_a_reason(center: Center, page: CalendarPage, qtbot: QtBot) -> None:
    entry_id = entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Delete)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    with qtbot.waitSignal(page.actionDone) as done:
        QTest.keyClick(sheet.why.reason, Qt.Key.Key_Return)
    assert done.args is not None and done.args[0].startswith("Cancelled")
    with center.store.read() as session:
        entry = entry_of(session, center.organization_id, entry_id)
        assert (entry.status, entry.cancel_reason) == (EntryStatus.CANCELLED, "")
    center.store.undo()
    with center.store.read() as session:
        assert entry_of(session, center.organization_id, entry_id).status is EntryStatus.SCHEDULED


def test_enter_on_the_button_that_keeps_the_entry_keeps_it(center: Center, page: CalendarPage) -> None:
    entry_id = entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Delete)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    keep = next(button for button in sheet.findChildren(Button) if button.text() == "Keep it")
    keep.setFocus()
    QTest.keyClick(keep, Qt.Key.Key_Return)
    assert page.sheets.sheet is None
    with center.store.read() as session:
        assert entry_of(session, center.organization_id, entry_id).status is EntryStatus.SCHEDULED


def test_delete_then_a_few_letters_and_enter_cancels_with_that_reason(center: Center, page: CalendarPage) -> None:
    entry_id = entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Delete)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    QTest.keyClicks(sheet.why.reason, "Student is s")
    QTest.keyClick(sheet.why.reason, Qt.Key.Key_Return)
    QTest.keyClick(sheet.why.reason, Qt.Key.Key_Return)
    with center.store.read() as session:
        assert entry_of(session, center.organization_id, entry_id).cancel_reason == "Student is sick"


def test_an_entry_copied_in_one_week_is_pasted_in_the_next(center: Center, page: CalendarPage) -> None:
    entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_C, CTRL)
    QTest.keyClick(page.calendar, Qt.Key.Key_PageDown)
    assert places(page) == set()
    QTest.keyClick(page.calendar, Qt.Key.Key_V, CTRL)
    assert places(page) == {("2026-12-02", 960, 1020)}
    (copy,) = page.calendar.scene().entries
    assert page.selected_id() == copy.id
    QTest.keyClick(page.calendar, Qt.Key.Key_PageUp)
    assert places(page) == {("2026-11-25", 960, 1020)}


def test_a_move_begun_from_the_list_of_what_can_be_done_goes_on_with_arrows(
    center: Center, page: CalendarPage
) -> None:
    entry_at(center, page, 16)
    action = next(action for action in page.page_actions() if action.text() == "Move with the keys")
    action.trigger()
    QTest.keyClick(page.calendar, Qt.Key.Key_Down)
    QTest.keyClick(page.calendar, Qt.Key.Key_Return)
    assert places(page) == {("2026-11-25", 975, 1035)}


def test_enter_on_free_time_opens_the_form_there(center: Center, page: CalendarPage) -> None:
    entry_at(center, page, 16)
    QTest.keyClick(page.calendar, Qt.Key.Key_Down)
    QTest.keyClick(page.calendar, Qt.Key.Key_Return)
    assert page.form.is_open
