"""What other PCs did comes to the calendar by way of the background; what is done here shows at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.page_reading import PageReading
from desktop.store.announcer import Arrived
from shared_models.organization.models import Room
from tests.desktop.today.small_store import SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path / "store")
    center.lesson("15:30", ["Nina Silva"])
    yield center
    center.store.close()


@pytest.fixture
def page(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> Iterator[CalendarPage]:
    theme.install(qapp, theme.Appearance.LIGHT)
    page = CalendarPage(center.store, center.clock)
    qtbot.addWidget(page)
    page.resize(1340, 860)
    page.show()
    qtbot.waitExposed(page)
    yield page
    page.shut_down()


def shown(page: CalendarPage) -> set[str]:
    return {entry.id for entry in page.calendar.scene().entries}


def arrived(*tables: str) -> Arrived:
    return Arrived({table: frozenset({"any"}) for table in tables})


@pytest.mark.parametrize("view", ["week", "day", "month"])
def test_what_arrives_is_read_off_the_thread_of_the_window(
    page: CalendarPage, center: SmallStore, qtbot: QtBot, view: str
) -> None:
    page.set_view(view)
    new = center.lesson("17:30", ["Rafael Silva"])
    loads = page.loads
    page.refresh(arrived("schedule_entry"))
    assert page.loads == loads
    qtbot.waitUntil(lambda: page.loads == loads + 1)
    assert page._row(new) is not None


def test_what_is_done_here_shows_at_once(page: CalendarPage, center: SmallStore) -> None:
    new = center.lesson("17:30", ["Rafael Silva"])
    page.refresh({"schedule_entry": {new}})
    assert new in shown(page)


def test_names_that_arrive_are_read_as_well(page: CalendarPage, center: SmallStore, qtbot: QtBot) -> None:
    room_id = center.ids["Irvington A"]
    with center.store.write() as session:
        session.get_one(Room, (center.organization_id, room_id)).name = "Library"
    page.refresh(arrived("room"))
    page.refresh(arrived("schedule_entry"))
    qtbot.waitUntil(lambda: page.directory().room_name(room_id) == "Library")


def test_what_is_read_slowly_gives_way_to_what_was_read_since(
    page: CalendarPage, center: SmallStore, qtbot: QtBot
) -> None:
    first = center.lesson("17:30", ["Rafael Silva"])
    page.refresh(arrived("schedule_entry"))
    second = center.lesson("19:00", ["Rafael Silva"])
    page.refresh({"schedule_entry": {second}})
    assert {first, second} <= shown(page)
    loads = page.loads
    qtbot.waitUntil(lambda: page.loads > loads)
    assert {first, second} <= shown(page)


def test_many_arrivals_are_read_at_most_once_more(
    page: CalendarPage, center: SmallStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = page.loads
    for _ in range(20):
        page.refresh(arrived("schedule_entry"))
    last = center.lesson("17:30", ["Rafael Silva"])
    page.refresh(arrived("schedule_entry"))
    qtbot.waitUntil(lambda: last in shown(page) and not page._reading._is_reading)
    assert page.loads <= loads + 2


def test_a_reading_that_fails_leaves_what_is_shown_and_the_next_one_works(
    page: CalendarPage, center: SmallStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shown(page)

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PageReading, "_read_week", fail)
        page.refresh(arrived("schedule_entry"))
        qtbot.waitUntil(lambda: not page._reading._is_reading)
    assert shown(page) == before
    new = center.lesson("17:30", ["Rafael Silva"])
    page.refresh(arrived("schedule_entry"))
    qtbot.waitUntil(lambda: new in shown(page))
