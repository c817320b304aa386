"""Pages, dialogs and the whole window go when they are closed, and the store with the last of them: a desk's program
runs for weeks."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop import theme
from desktop.app import Program, page_entries
from desktop.exchange.export_dialog import ExportDialog
from desktop.exchange.import_dialog import ImportDialog
from desktop.page import Page
from desktop.people.families_page import FamiliesPage
from desktop.printing.kinds import PrintKind, PrintParameters
from desktop.printing.preview_dialog import PrintPreview
from desktop.schedule.calendar_page import CalendarPage
from desktop.store.store import Store
from desktop.widgets import Button, Card, Label, Paragraph
from shared_models.exchange.calendar_export import Selection
from tests.desktop.today.small_store import WEDNESDAY, SmallStore

TITLES = ("Today", "Calendar", "Leads", "Families", "Tutors", "Settings")


def settle() -> None:
    """Let everything that was asked to go, go."""
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    for _ in range(2):
        gc.collect()


def center_at(folder: Path) -> SmallStore:
    center = SmallStore(folder)
    center.lesson("15:30", ["Nina Silva"])
    center.web_lead("Ana", "Roth", 30)
    return center


def made_and_closed(folder: Path, make: Callable[[SmallStore], QWidget]) -> dict[str, weakref.ref[object]]:
    """Make a widget, show it, use it if it is a page, close it; weak references to it and its store."""
    center = center_at(folder)
    widget = make(center)
    widget.resize(1200, 820)
    widget.show()
    settle()
    use(widget, center)
    known: dict[str, weakref.ref[object]] = {"widget": weakref.ref(widget), "store": weakref.ref(center.store)}
    if isinstance(widget, Page):
        widget.shut_down()
    widget.close()
    widget.deleteLater()
    center.store.close()
    return known


def use(widget: QWidget, center: SmallStore) -> None:
    """Look into what a page makes when it is first asked for."""
    if isinstance(widget, Page):
        widget.shown()
    if isinstance(widget, CalendarPage):
        for view in ("day", "month", "agenda", "conflicts", "week"):
            widget.set_view(view)
            settle()
        widget.new_entry()
        settle()
        widget.form.editor.dismiss()
        widget.show_conflicts(True)
        settle()
    if isinstance(widget, FamiliesPage):
        widget.open_family(center.ids["Silva"])
        settle()
        widget.show_list()
        widget.new_family()
        settle()
        sheet = widget.new_family_sheet
        assert sheet is not None
        sheet.dismiss()
        settle()


def left(known: dict[str, weakref.ref[object]]) -> set[str]:
    settle()
    return {name for name, one in known.items() if one() is not None}


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)


@pytest.mark.parametrize("title", TITLES)
def test_a_closed_page_is_gone_and_its_store_with_it(tmp_path: Path, title: str) -> None:
    def make(center: SmallStore) -> QWidget:
        return next(entry for entry in page_entries(center.store, center.clock) if entry.title == title).make()

    assert left(made_and_closed(tmp_path / "store", make)) == set()


@pytest.mark.parametrize("title", TITLES)
def test_no_part_of_a_page_stands_by_itself(tmp_path: Path, title: str) -> None:
    """A part without a parent would be a window of its own to Qt, and end whenever Python looks for garbage."""
    gc.collect()
    before = set(map(id, QApplication.topLevelWidgets()))
    center = center_at(tmp_path / "store")
    page = next(entry for entry in page_entries(center.store, center.clock) if entry.title == title).make()
    page.resize(1200, 820)
    page.show()
    settle()
    use(page, center)
    parts = (Label, Paragraph, Button, Card)
    alone = [one for one in QApplication.topLevelWidgets() if id(one) not in before and isinstance(one, parts)]
    assert [(type(one).__name__, one.accessibleName()) for one in alone] == []
    page.shut_down()
    page.close()
    page.deleteLater()
    center.store.close()


DIALOGS: dict[str, Callable[[SmallStore], QWidget]] = {
    "print": lambda center: PrintPreview(
        center.store, PrintKind.DAY, PrintParameters(day=WEDNESDAY), now=center.clock
    ),
    "export": lambda center: ExportDialog(center.store, Selection(), now=center.clock),
    "import": lambda center: ImportDialog(center.store, now=center.clock),
}


@pytest.mark.parametrize("name", list(DIALOGS))
def test_a_closed_dialog_is_gone_and_its_store_with_it(tmp_path: Path, name: str) -> None:
    assert left(made_and_closed(tmp_path / "store", DIALOGS[name])) == set()


def test_a_closed_window_takes_all_its_pages_along(tmp_path: Path) -> None:
    known = window_made_and_closed(tmp_path / "store")
    assert set(known) == {*TITLES, "window", "program", "store"}
    assert left(known) == set()


def window_made_and_closed(folder: Path) -> dict[str, weakref.ref[object]]:
    center = center_at(folder)
    program = Program(center.store, center.clock)
    window = program.window
    window.resize(1300, 860)
    window.show()
    known: dict[str, weakref.ref[object]] = {}
    for number, title in enumerate(TITLES):
        window.show_page(number)
        settle()
        page = window.current_page()
        assert page is not None
        assert page.title == title
        known[title] = weakref.ref(page)
    known |= {"window": weakref.ref(window), "program": weakref.ref(program), "store": weakref.ref(center.store)}
    program.close()
    window.close()
    window.deleteLater()
    center.store.close()
    return known


def test_a_new_store_keeps_nothing_of_its_migrations(tmp_path: Path) -> None:
    from sqlalchemy import Table

    def tables() -> int:
        gc.collect()
        return sum(type(one) is Table for one in gc.get_objects())

    Store(tmp_path / "first", use_keyring=False).close()
    before = tables()
    store = Store(tmp_path / "second", use_keyring=False)
    assert tables() == before
    store.close()
