"""What a screen reader finds on the calendar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.calendar_values import ConflictMark, Status
from desktop.schedule.calendar_widget import CalendarWidget
from desktop.schedule.spoken import entry_sentence, hours_spoken
from tests.desktop.schedule.scenes import column, entry, week

WRITING = entry(
    "w",
    "wed",
    960,
    1020,
    title=("Writing", "Writ."),
    conflict=ConflictMark.OVERLAP,
    spoken=("David Walker with Małgorzata Patel", "Room B", "tutor booked twice"),
    details=("Writing", "Wed 4:00–5:00 PM", "! Małgorzata Patel: ACT, Priya Thompson, 4:00–5:00"),
)


@pytest.fixture
def calendar(qtbot: QtBot, qapp: QApplication) -> Iterator[CalendarWidget]:
    theme.install(qapp, theme.Appearance.LIGHT)
    widget = CalendarWidget()
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    columns = [column("tue", long_name="Tuesday"), column("wed", long_name="Wednesday")]
    widget.set_scene(week(columns, [entry("a", "tue", 900, 960), WRITING, entry("b", "wed", 1080, 1140)]))
    widget.show()
    qtbot.waitExposed(widget)
    widget.setFocus()
    yield widget


def heard(calendar: CalendarWidget) -> QAccessibleInterface:
    return QAccessible.queryAccessibleInterface(calendar)


def test_an_entry_is_named_in_full() -> None:
    assert entry_sentence(WRITING, "Wednesday") == (
        "Writing, David Walker with Małgorzata Patel, Room B, Wednesday 4 to 5 PM, conflict: tutor booked twice."
    )


def test_states_are_said_and_a_cancelled_entry_has_no_conflict() -> None:
    gone = entry("c", "wed", 675, 735, status=Status.CANCELLED, conflict=ConflictMark.OVERLAP)
    assert entry_sentence(gone, "Wednesday").endswith("Wednesday 11:15 AM to 12:15 PM, cancelled.")
    unpaid = entry("d", "wed", 900, 960, is_unpaid=True, conflict=ConflictMark.ACCEPTED)
    assert entry_sentence(unpaid, "Wednesday").endswith("3 to 4 PM, conflict accepted, not paid yet.")


def test_hours_are_said_as_people_say_them() -> None:
    assert hours_spoken(975, 1035) == "4:15 to 5:15 PM"
    assert hours_spoken(960, 1020, uses_24_hours=True) == "16:00 to 17:00"


def test_every_entry_is_a_child_with_its_sentence(calendar: CalendarWidget) -> None:
    calendar_heard = heard(calendar)
    assert calendar_heard.role() is QAccessible.Role.List
    names = [calendar_heard.child(i).text(QAccessible.Text.Name) for i in range(calendar_heard.childCount())]
    assert len(names) == 3
    assert names[1].startswith("Writing, David Walker with Małgorzata Patel, Room B, Wednesday 4 to 5 PM")
    child = calendar_heard.child(1)
    assert "Priya Thompson" in child.text(QAccessible.Text.Description)
    assert (child.role(), calendar_heard.indexOfChild(child)) == (QAccessible.Role.ListItem, 1)


def test_an_entry_is_found_where_it_is_painted(calendar: CalendarWidget) -> None:
    child = heard(calendar).child(1)
    plan = calendar.plan()
    assert plan is not None
    box = plan.box("w")
    assert box is not None
    rect = child.rect()
    assert rect.size() == calendar.to_widget(box.rect).size()
    found = heard(calendar).childAt(rect.center().x(), rect.center().y())
    assert found.text(QAccessible.Text.Name) == child.text(QAccessible.Text.Name)


def test_the_cursor_is_the_focused_child(calendar: CalendarWidget) -> None:
    calendar.select("w")
    child = heard(calendar).child(1)
    assert child.state().focused and child.state().selected and not child.state().offscreen
    assert heard(calendar).focusChild().text(QAccessible.Text.Name).startswith("Writing")
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    assert calendar.accessibleDescription() == "Wednesday, 5:00 PM, free. Enter makes an entry."
    assert not child.state().focused


def test_an_entry_that_is_gone_is_no_longer_heard(calendar: CalendarWidget) -> None:
    child = heard(calendar).child(1)
    assert child.isValid()
    calendar.set_scene(week([column("wed", long_name="Wednesday")], [entry("b", "wed", 1080, 1140)]))
    assert heard(calendar).childCount() == 1
    assert heard(calendar).child(0).text(QAccessible.Text.Name).startswith("Chemistry")


def test_a_move_by_keyboard_is_said_with_its_checks(calendar: CalendarWidget) -> None:
    calendar.set_check(lambda *_, **__: [(True, "Małgorzata Patel is free"), (False, "Room B: Wei until 5:00")])
    calendar.select("w")
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    said = calendar.accessibleDescription()
    assert said.startswith("Wednesday, 4:15–5:15 PM. Małgorzata Patel is free. Room B: Wei until 5:00")


def test_with_a_screen_reader_listening_the_cursor_moves_copies_and_changes_weeks(calendar: CalendarWidget) -> None:
    QAccessible.setActive(True)
    try:
        calendar.select("a")
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_End):
            QTest.keyClick(calendar, key)
        QTest.keyClick(calendar, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        QTest.keyClick(calendar, Qt.Key.Key_Escape)
        assert calendar.accessibleDescription().startswith("Chemistry, Andre Smith, Room A, Wednesday 6 to 7 PM")
        calendar.set_scene(week([column("wed", long_name="Wednesday")], [entry("b", "wed", 1080, 1140)]))
        QApplication.processEvents()
        assert heard(calendar).childCount() == 1
    finally:
        QAccessible.setActive(False)
