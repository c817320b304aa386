"""The main window: pages are made when first shown, changes reach them, and everything can be found by words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.page import Changes, Page
from desktop.window import MainWindow, PageEntry, Result


class SomePage(Page):
    """A page that notes what happens to it."""

    title = "Leads"
    icon_name = "users-round"

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Changes] = []
        self.asked: list[str] = []
        self.done = 0
        self.add_action("New lead", self._new, icon="plus", shortcut="Ctrl+L")

    def _new(self) -> None:
        self.done += 1

    def refresh(self, changes: Changes) -> None:
        self.heard.append(changes)

    def show_item(self, item_id: str) -> None:
        self.asked.append(item_id)


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> MainWindow:
    theme.install(qapp, theme.Appearance.LIGHT)
    theme.choose(theme.Appearance.LIGHT)
    entries = [PageEntry(name, "sun", SomePage) for name in ("Today", "Calendar", "Leads")]
    made = MainWindow(entries, "Hudson Learning Center", "Maya Torres")
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def test_only_the_first_page_is_made_at_the_start(window: MainWindow) -> None:
    assert list(window._pages) == [0]


def test_ctrl_and_a_figure_shows_a_page(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.pageShown) as signal:
        qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert signal.args == ["Leads"]
    assert window.rail.button(2).isChecked()


def test_a_page_behind_hears_of_changes_when_it_comes_to_the_front(window: MainWindow) -> None:
    window.show_page(2)
    window.show_page(0)
    leads = window.page(2)
    assert isinstance(leads, SomePage)
    window.refresh({"lead": frozenset({"a"})})
    window.refresh({"lead": frozenset({"b"}), "family": frozenset({"c"})})
    assert leads.heard == []
    window.show_page(2)
    assert leads.heard == [{"lead": {"a", "b"}, "family": {"c"}}]


def test_another_page_is_asked_to_show_a_thing(window: MainWindow) -> None:
    window.page(0).navigate.emit("Leads", "lead-7")
    leads = window.current_page()
    assert isinstance(leads, SomePage)
    assert leads.asked == ["lead-7"]


def test_a_shortcut_works_on_its_own_page_only(window: MainWindow, qtbot: QtBot) -> None:
    first, third = window.page(0), window.page(2)
    assert isinstance(first, SomePage) and isinstance(third, SomePage)
    window.show_page(2)
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert (first.done, third.done) == (0, 1)


def test_the_state_of_the_exchange_is_said_in_words(window: MainWindow) -> None:
    window.set_sync_state("offline", "Working offline, 3 changes waiting")
    assert window.strip.sync.text() == "Working offline, 3 changes waiting"
    assert window.strip.sync.accessibleName() == "Working offline, 3 changes waiting"


def test_what_was_done_can_be_undone_from_the_strip_and_by_key(window: MainWindow, qtbot: QtBot) -> None:
    window.page(0).actionDone.emit("Moved Noah Johnson to Committed", True)
    assert window.strip.last_action() == "Moved Noah Johnson to Committed"
    assert window.toast.isVisible()
    with qtbot.waitSignal(window.undoRequested):
        window.strip._undo.click()
    with qtbot.waitSignal(window.undoRequested):
        qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(window.redoRequested):
        qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)


def test_an_undo_by_key_takes_the_toast_and_its_offer_away(window: MainWindow, qtbot: QtBot) -> None:
    window.page(0).actionDone.emit("Moved Noah Johnson to Committed", True)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not window.toast.isVisible()


def test_what_is_under_way_stands_in_the_strip_until_it_ends(window: MainWindow) -> None:
    page = window.page(0)
    page.actionDone.emit("Moved Noah Johnson to Committed", True)
    page.progressSaid.emit("Moving ACT, Priya Thompson. Esc puts it back")
    assert window.strip.last_action() == "Moving ACT, Priya Thompson. Esc puts it back"
    page.progressSaid.emit("")
    assert window.strip.last_action() == "Moved Noah Johnson to Committed"


def test_pages_that_were_made_hear_that_the_program_ends(window: MainWindow) -> None:
    ended: list[str] = []
    page = window.page(0)
    page.shut_down = lambda: ended.append(page.title)  # type: ignore[method-assign]
    window.shut_down_pages()
    assert ended == ["Leads"]


def test_ctrl_k_finds_people_and_actions(window: MainWindow, qtbot: QtBot) -> None:
    met: list[str] = []

    def people(typed: str) -> list[Result]:
        return [Result("Elena Kim", "grade 8", "users-round", lambda: met.append(typed), section="People")]

    window.add_search(people)
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.palette_overlay
    assert palette is not None and palette.isVisible()
    qtbot.keyClicks(palette.edit, "new")
    qtbot.waitUntil(lambda: [result.title for result in palette.found.results] == ["Elena Kim", "New lead"])
    qtbot.keyClick(palette.edit, Qt.Key.Key_Down)
    qtbot.keyClick(palette.edit, Qt.Key.Key_Return)
    page = window.current_page()
    assert isinstance(page, SomePage) and page.done == 1
    assert not palette.isVisible()
    window.open_palette("kim")
    qtbot.keyClick(palette.edit, Qt.Key.Key_Return)
    assert met == ["kim"]


def test_f1_lists_what_can_be_done(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.help_overlay is not None and window.help_overlay.isVisible()
    qtbot.keyClick(window.help_overlay, Qt.Key.Key_Escape)
    assert not window.help_overlay.isVisible()


def test_the_menu_of_the_person_changes_the_look(window: MainWindow, qtbot: QtBot) -> None:
    menu = window.build_person_menu()
    dark = next(action for action in menu.actions() if action.text() == "Dark")
    with qtbot.waitSignal(window.appearanceChosen) as signal:
        dark.trigger()
    assert signal.args == ["dark"]
    assert theme.current().mode is theme.Mode.DARK


def test_a_low_window_is_compact(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: theme.current().compact)
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: not theme.current().compact)


def test_a_badge_shows_before_its_page_was_made(window: MainWindow) -> None:
    window.set_badge("Leads", 3)
    assert window.rail.button(2).count() == 3
    assert window.rail.button(2).accessibleDescription() == "3 new"
