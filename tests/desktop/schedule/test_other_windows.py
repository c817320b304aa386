"""The calendar in a second window, and the wall display of the lobby."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desktop import theme
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.wall_display import WallDisplay
from desktop.schedule.wall_rows import lobby_name
from desktop.window import MainWindow, PageEntry
from shared_models.base import new_id
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.operations import schedule_entries, set_status
from tests.shared_models.schedule.small_center import Center, small_center

WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
"""3:40 PM in New York."""


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(center: Center, clock: Clock, qtbot: QtBot, qapp: QApplication) -> MainWindow:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = MainWindow([PageEntry("Calendar", "calendar-days", lambda: CalendarPage(center.store, clock))], "Hudson")
    qtbot.addWidget(made)
    made.show()
    return made


def calendar_of(window: MainWindow) -> CalendarPage:
    page = window.current_page()
    assert isinstance(page, CalendarPage)
    return page


def add(center: Center, draft: EntryDraft) -> str:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def test_a_second_window_follows_the_store_and_ends_with_the_first(
    window: MainWindow, center: Center, qtbot: QtBot
) -> None:
    second = calendar_of(window).new_window()
    other = calendar_of(second)
    other.set_view("day")
    assert calendar_of(window).view() == "week"
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    qtbot.waitUntil(lambda: [entry.id for entry in other.calendar.scene().entries] == [entry_id])
    window.close()
    qtbot.waitUntil(lambda: not isValid(second))


def test_undo_in_the_second_window_takes_back_what_was_done_there(
    window: MainWindow, center: Center, qtbot: QtBot
) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    second = calendar_of(window).new_window()
    other = calendar_of(second)
    other.cancel(entry_id)
    assert other.sheets.sheet is not None
    other.sheets.sheet.do()
    with center.store.read() as session:
        assert session.get_one(ScheduleEntry, (center.organization_id, entry_id)).status is EntryStatus.CANCELLED
    second.undoRequested.emit()
    with center.store.read() as session:
        entry = session.get_one(ScheduleEntry, (center.organization_id, entry_id))
        assert entry.status is EntryStatus.SCHEDULED
    second.close()
    qtbot.waitUntil(lambda: not isValid(second))


def wall(window: MainWindow, qtbot: QtBot) -> WallDisplay:
    return calendar_of(window).open_wall()


def test_the_wall_names_children_by_first_name_and_initial(window: MainWindow, center: Center, qtbot: QtBot) -> None:
    add(center, center.draft(WEDNESDAY, time(15)))
    add(center, center.draft(WEDNESDAY, time(16), student_ids=(center.id("Wei"), center.id("Priya")), capacity=2))
    group = center.draft(
        WEDNESDAY, time(17), service_id=center.id("Group"), capacity=10, room_ids=(center.id("Room B"),),
        student_ids=(center.id("Wei"), center.id("Priya"), center.id("Noah")),
    )  # fmt: skip
    add(center, group)
    add(center, center.draft(WEDNESDAY, time(13)))
    display = wall(window, qtbot)
    (place,) = display.places()
    assert place.name == "Irvington Office"
    assert [(row.time, row.who, row.room, row.is_now) for row in place.rows] == [
        ("3:00", "Noah H.", "Room A", True),
        ("4:00", "Priya H. and Wei H.", "Room A", False),
        ("5:00", "Math", "Room B", False),
    ]
    assert place.rows[0].tutor == "Małgorzata Patel"
    assert "Haddad" not in repr(display.places()) + display.accessibleDescription()
    display.close()


def test_the_wall_follows_the_store_and_the_clock(
    window: MainWindow, center: Center, clock: Clock, qtbot: QtBot
) -> None:
    first = add(center, center.draft(WEDNESDAY, time(15)))
    display = wall(window, qtbot)
    second = add(center, center.draft(WEDNESDAY, time(17)))
    qtbot.waitUntil(lambda: len(display.places()[0].rows) == 2)
    clock.now += timedelta(minutes=20)
    display.tick()
    assert [row.time for row in display.places()[0].rows] == ["5:00"]
    with center.store.write() as session:
        set_status(session, center.organization_id, second, EntryStatus.NO_SHOW)
    qtbot.waitUntil(lambda: display.places()[0].note == "No more sessions today")
    assert first
    clock.now += timedelta(days=1)
    display.tick()
    assert display.places()[0].note == "Closed for Thanksgiving"
    display.close()


def test_all_locations_stand_side_by_side(window: MainWindow, qtbot: QtBot) -> None:
    calendar_of(window).filters.set_location("")
    display = wall(window, qtbot)
    assert [place.name for place in display.places()] == ["Irvington Office", "Tarrytown Office"]
    assert display.grab().width() > 0
    display.close()


def test_escape_leaves_the_wall(window: MainWindow, qtbot: QtBot) -> None:
    display = wall(window, qtbot)
    qtbot.keyClick(display, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(display))


def test_the_wall_ends_with_the_program(window: MainWindow, qtbot: QtBot) -> None:
    display = wall(window, qtbot)
    window.close()
    qtbot.waitUntil(lambda: not isValid(display))


@pytest.mark.parametrize(
    ("name", "shown"), [("Andre Smith", "Andre S."), ("Cher", "Cher"), ("Ana María de la Cruz", "Ana C."), ("", "")]
)
def test_lobby_names(name: str, shown: str) -> None:
    assert lobby_name(name) == shown
