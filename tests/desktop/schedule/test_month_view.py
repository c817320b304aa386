"""The month under mouse and keyboard."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.calendar_values import Status
from desktop.schedule.month_view import MonthCalendar
from tests.desktop.schedule.listed import listed, listed_days

FIRST = date(2026, 10, 26)
NOVEMBER = date(2026, 11, 25)


@pytest.fixture
def month(qtbot: QtBot, qapp: QApplication) -> MonthCalendar:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = MonthCalendar()
    qtbot.addWidget(made)
    made.resize(1240, 640)
    entries = [
        listed("tue", date(2026, 11, 24)),
        listed("wed", date(2026, 11, 25), 15 * 60),
        listed("wed2", date(2026, 11, 25), 17 * 60),
        listed("gone", date(2026, 11, 25), 18 * 60, status=Status.CANCELLED),
    ]
    made.set_days(listed_days(FIRST, 42, entries, today=NOVEMBER), NOVEMBER)
    made.show()
    qtbot.waitExposed(made)
    made.set_cursor_day(NOVEMBER)
    made.setFocus(Qt.FocusReason.TabFocusReason)
    return made


def spot(month: MonthCalendar, entry_id: str) -> QPoint:
    plan = month.plan()
    assert plan is not None
    chip = plan.chip(entry_id)
    assert chip is not None
    return QPoint(round(chip.rect.x + 30), round(chip.rect.y + chip.rect.h / 2))


def day_spot(month: MonthCalendar, day: date, y: float = 0.9) -> QPoint:
    plan = month.plan()
    assert plan is not None
    cell = plan.cell(day)
    assert cell is not None
    return QPoint(round(cell.rect.x + cell.rect.w / 2), round(cell.rect.y + cell.rect.h * y))


def test_arrows_go_through_days_and_their_entries(month: MonthCalendar, qtbot: QtBot) -> None:
    qtbot.keyClick(month, Qt.Key.Key_Down)
    assert month.accessibleDescription().startswith("Wednesday, November 25, 3:00 PM, Chemistry, Andre Smith")
    with qtbot.waitSignal(month.entryActivated) as opened:
        qtbot.keyClick(month, Qt.Key.Key_Return)
    assert opened.args == ["wed"]
    qtbot.keyClick(month, Qt.Key.Key_Left)
    assert month.cursor_day() == date(2026, 11, 24)
    with qtbot.waitSignal(month.dayActivated) as day:
        qtbot.keyClick(month, Qt.Key.Key_Return)
    assert day.args == ["2026-11-24"]
    qtbot.keyClick(month, Qt.Key.Key_Up)
    assert month.cursor_day() == date(2026, 11, 17)


def test_the_arrows_leave_the_month_for_the_next(month: MonthCalendar, qtbot: QtBot) -> None:
    month.set_cursor_day(date(2026, 12, 6))
    with qtbot.waitSignal(month.monthRequested) as asked:
        qtbot.keyClick(month, Qt.Key.Key_Right)
    assert asked.args == [1]


def test_alt_and_an_arrow_move_the_entry(month: MonthCalendar, qtbot: QtBot) -> None:
    qtbot.keyClick(month, Qt.Key.Key_Down)
    with qtbot.waitSignal(month.moveRequested) as moved:
        qtbot.keyClick(month, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert moved.args == ["wed", "2026-11-26", 900]


def test_dragging_a_chip_to_another_day_asks_for_the_move(month: MonthCalendar, qtbot: QtBot) -> None:
    asked: list[tuple[str, date]] = []
    month.set_check(lambda entry_id, day: asked.append((entry_id, day)) or [(True, "Room A is free")])  # type: ignore[func-returns-value]
    start, end = spot(month, "tue"), day_spot(month, date(2026, 11, 27))
    qtbot.mousePress(month, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(month, (start + end) / 2)
    qtbot.mouseMove(month, end)
    assert ("tue", date(2026, 11, 27)) in asked
    assert month.details_card().isVisible()
    with qtbot.waitSignal(month.moveRequested) as moved:
        qtbot.mouseRelease(month, Qt.MouseButton.LeftButton, pos=end)
    assert moved.args == ["tue", "2026-11-27", 960]


def test_escape_puts_a_dragged_chip_back(month: MonthCalendar, qtbot: QtBot) -> None:
    start, end = spot(month, "tue"), day_spot(month, date(2026, 11, 27))
    qtbot.mousePress(month, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(month, end)
    qtbot.keyClick(month, Qt.Key.Key_Escape)
    with qtbot.assertNotEmitted(month.moveRequested):
        qtbot.mouseRelease(month, Qt.MouseButton.LeftButton, pos=end)


def test_a_cancelled_entry_is_not_dragged(month: MonthCalendar, qtbot: QtBot) -> None:
    start, end = spot(month, "gone"), day_spot(month, date(2026, 11, 27))
    qtbot.mousePress(month, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(month, end)
    with qtbot.assertNotEmitted(month.moveRequested):
        qtbot.mouseRelease(month, Qt.MouseButton.LeftButton, pos=end)


def test_a_click_on_the_date_opens_the_day_and_a_double_click_the_entry(month: MonthCalendar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(month.dayActivated) as day:
        qtbot.mouseClick(month, Qt.MouseButton.LeftButton, pos=day_spot(month, date(2026, 11, 12), 0.08))
    assert day.args == ["2026-11-12"]
    with qtbot.waitSignal(month.entryActivated) as opened:
        qtbot.mouseDClick(month, Qt.MouseButton.LeftButton, pos=spot(month, "wed2"))
    assert opened.args == ["wed2"]


def test_more_opens_the_day(month: MonthCalendar, qtbot: QtBot) -> None:
    day = date(2026, 11, 11)
    entries = [listed(f"e{number}", day, 600 + number) for number in range(30)]
    month.set_days(listed_days(FIRST, 42, entries), NOVEMBER)
    plan = month.plan()
    cell = plan.cell(day) if plan is not None else None
    assert cell is not None and cell.more_rect is not None
    with qtbot.waitSignal(month.dayActivated) as opened:
        at = QPoint(round(cell.more_rect.x + 5), round(cell.more_rect.y + 5))
        qtbot.mouseClick(month, Qt.MouseButton.LeftButton, pos=at)
    assert opened.args == [day.isoformat()]


def test_a_change_from_elsewhere_leaves_selection_and_cursor(month: MonthCalendar, qtbot: QtBot) -> None:
    month.select("wed2")
    moved = [
        listed("tue", date(2026, 11, 24)),
        listed("new", date(2026, 11, 25), 14 * 60),
        listed("wed", date(2026, 11, 26)),
        listed("wed2", date(2026, 11, 25), 17 * 60),
    ]
    month.set_days(listed_days(FIRST, 42, moved, today=NOVEMBER), NOVEMBER)
    assert month.selected_id() == "wed2"
    with qtbot.waitSignal(month.entryActivated) as opened:
        qtbot.keyClick(month, Qt.Key.Key_Return)
    assert opened.args == ["wed2"]
    month.set_days(listed_days(FIRST, 42, moved[:1]), NOVEMBER)
    assert month.selected_id() == ""


def test_the_cursor_stays_on_its_entry_when_the_month_takes_another_size(month: MonthCalendar, qtbot: QtBot) -> None:
    day = date(2026, 11, 25)
    entries = [listed(f"e{number:02}", day, 600 + number) for number in range(14)]
    month.set_days(listed_days(FIRST, 42, entries), NOVEMBER)
    month.select("e03")
    month.resize(900, 900)
    with qtbot.waitSignal(month.entryActivated) as opened:
        qtbot.keyClick(month, Qt.Key.Key_Return)
    assert opened.args == ["e03"]
