"""The main window: rail, the pages (each made when first shown), the status strip, Ctrl K and F1.

It knows pages only as `PageEntry`: a title, an icon and how to make one; so a start builds one page, not six.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.page import Changes, Page, make_action
from desktop.proposals import NoForm, NotOpened, Proposal
from desktop.rail import Rail
from desktop.widgets.buttons import key_words
from desktop.widgets.choices import Menu
from desktop.widgets.palette import CommandPalette, HelpOverlay, Result, Search
from desktop.widgets.panels import Toast
from desktop.widgets.status import StatusStrip, SyncKind


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page that can be shown: the words and icon on the rail, how to make it, and the tables whose records have
    their forms on it."""

    title: str
    icon: str
    make: Callable[[], Page]
    forms: frozenset[str] = frozenset()


class MainWindow(QMainWindow):
    """The window of the program.

    Signals: `undoRequested`, `redoRequested`, `signOutRequested`, `syncRequested` (details of the exchange),
    `noticesRequested` (the bell), `appearanceChosen` (light, dark, system or high_contrast, to be remembered),
    `pageShown` (title), `closing`.

    Args:
        pages: entries in the order of the rail; Ctrl+1 is the first.
        organization: whose center this is, shown at the lower right.
        person: who works here now, for the initials.
        first: number of the page to show first.
    """

    undoRequested = Signal()
    redoRequested = Signal()
    signOutRequested = Signal()
    syncRequested = Signal()
    noticesRequested = Signal()
    appearanceChosen = Signal(str)
    pageShown = Signal(str)
    closing = Signal()

    def __init__(
        self, pages: Sequence[PageEntry], organization: str = "", person: str = "", first: int = 0,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._entries = list(pages)
        self._pages: dict[int, Page] = {}
        self._missed: dict[int, dict[str, set[str]]] = {}
        self._person = person
        self._last_action = ("", False)
        self._palette: CommandPalette | None = None
        self._help: HelpOverlay | None = None
        self._searches: list[Search] = []
        self._program_actions: list[QAction] = []
        self.setWindowTitle(f"{organization} · iTutorOS" if organization else "iTutorOS")
        self.setWindowIcon(theme.app_icon())
        theme.set_compact(self._first_size().height() < theme.current().px(theme.COMPACT_BELOW_HEIGHT))
        self._build(organization, person)
        self._make_actions()
        self.setMinimumSize(QSize(theme.current().px(1024), theme.current().px(640)))
        self.resize(self._first_size())
        if self._entries:
            self.show_page(first)

    def _first_size(self) -> QSize:
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen else QSize(1440, 900)
        return QSize(theme.current().px(1440), theme.current().px(900)).boundedTo(room)

    def _build(self, organization: str, person: str) -> None:
        center = QWidget()
        row = QHBoxLayout(center)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.rail = Rail(person)
        self.rail.chosen.connect(self.show_page)
        self.rail.personRequested.connect(self.open_person_menu)
        row.addWidget(self.rail)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.stack = QStackedWidget()
        column.addWidget(self.stack, 1)
        self.strip = StatusStrip(organization)
        self.strip.undoRequested.connect(self.undoRequested)
        self.strip.helpRequested.connect(self.open_help)
        self.strip.syncRequested.connect(self.syncRequested)
        column.addWidget(self.strip)
        row.addLayout(column, 1)
        self.setCentralWidget(center)
        self.toast = Toast(self)
        self.toast.undo.connect(self.undoRequested)
        self.undoRequested.connect(self.toast.hide)
        keys = [key_words(f"Ctrl+{number}") if number < 10 else "" for number in range(1, len(self._entries) + 1)]
        self.rail.add_pages([(entry.title, entry.icon, key) for entry, key in zip(self._entries, keys, strict=True)])

    def _make_actions(self) -> None:
        self._page_actions = [
            make_action(self, f"Go to {entry.title}", lambda number=number: self.show_page(number),  # type: ignore[misc]
                        icon=entry.icon, shortcut=f"Ctrl+{number + 1}" if number < 9 else "")
            for number, entry in enumerate(self._entries)
        ]  # fmt: skip
        self.undo_action = make_action(self, "Undo", self.undoRequested.emit, icon="undo-2", shortcut="Ctrl+Z",
                                       helper="Takes back what was done last.")  # fmt: skip
        self.redo_action = make_action(self, "Redo", self.redoRequested.emit, icon="redo-2",
                                       shortcut=("Ctrl+Shift+Z", "Ctrl+Y"))  # fmt: skip
        self.search_action = make_action(self, "Search everything", lambda: self.open_palette(), icon="search",
                                         shortcut="Ctrl+K",
                                         helper="People, pages and everything you can do.")  # fmt: skip
        self.help_action = make_action(self, "What can I do here", self.open_help, icon="circle-question-mark",
                                       shortcut="F1")  # fmt: skip
        looks = (("Light", "sun", theme.Appearance.LIGHT), ("Dark", "moon", theme.Appearance.DARK),
                 ("Same as the system", "monitor", theme.Appearance.SYSTEM),
                 ("High contrast", "contrast", theme.Appearance.HIGH_CONTRAST))  # fmt: skip
        self._look_actions = [
            make_action(self, f"Look: {words.lower()}", lambda look=look: self._choose_look(look), icon=icon)  # type: ignore[misc]
            for words, icon, look in looks
        ]
        self.sign_out_action = make_action(self, "Sign out", self.signOutRequested.emit, icon="log-out")
        self.quit_action = make_action(self, "Quit", self.close, icon="log-out", shortcut=QKeySequence(
            QKeySequence.StandardKey.Quit).toString() or "Ctrl+Q")  # fmt: skip

    def add_program_action(self, text: str, slot: Callable[[], object], icon: str) -> QAction:
        """Something the program offers on every page: in Ctrl K and in the menu at the initials."""
        action = make_action(self, text, slot, icon=icon)
        self._program_actions.append(action)
        return action

    def everywhere_actions(self) -> list[QAction]:
        """Actions that work on every page."""
        return [self.search_action, self.undo_action, self.redo_action, self.help_action, *self._page_actions]

    def all_actions(self) -> list[tuple[str, QAction]]:
        """Every action with the page it belongs to: the page on screen first, then other made pages, then ours."""
        found: list[tuple[str, QAction]] = []
        current = self.stack.currentWidget()
        pages = sorted(self._pages.items(), key=lambda pair: pair[1] is not current)
        for number, page in pages:
            title = self._entries[number].title
            for action in page.page_actions():
                found.append((title, action))
        ours = [*self._program_actions, *self._page_actions, self.undo_action, self.redo_action, self.help_action,
                *self._look_actions, self.sign_out_action, self.quit_action]  # fmt: skip
        return found + [("", action) for action in ours]

    def page(self, number: int) -> Page:
        """The page with this number, made now if it was not yet."""
        if number not in self._pages:
            page = self._entries[number].make()
            page.searchRequested.connect(lambda: self.open_palette())
            page.bellRequested.connect(self.noticesRequested)
            page.navigate.connect(self.go_to)
            page.actionDone.connect(self.announce)
            page.progressSaid.connect(self.show_progress)
            page.badgeChanged.connect(lambda count, number=number: self.rail.set_count(number, count))
            self._pages[number] = page
            self.stack.addWidget(page)
        return self._pages[number]

    def show_page(self, number: int) -> None:
        """Bring a page to the front."""
        page = self.page(number)
        missed = self._missed.pop(number, None)
        self.rail.set_current(number)
        self.stack.setCurrentWidget(page)
        if missed:
            page.refresh(missed)
        page.shown()
        if self.isVisible():
            page.setFocus(Qt.FocusReason.OtherFocusReason)
        self.pageShown.emit(self._entries[number].title)

    def current_page(self) -> Page | None:
        """The page on screen."""
        widget = self.stack.currentWidget()
        return widget if isinstance(widget, Page) else None

    def current_number(self) -> int:
        """The number of the page on screen, or -1."""
        return next((number for number, page in self._pages.items() if page is self.stack.currentWidget()), -1)

    def go_to(self, title: str, item_id: str = "") -> None:
        """Show the page with this title, and there the thing with this id, or do there what "do:…" names."""
        for number, entry in enumerate(self._entries):
            if entry.title == title:
                self.show_page(number)
                if item_id.startswith("do:"):
                    self.page(number).run_action(item_id.removeprefix("do:"))
                elif item_id:
                    self.page(number).show_item(item_id)
                return

    def propose(self, proposal: Proposal) -> None:
        """Open a record's own form, on its page, with values that are not saved. Raises NotOpened with a sentence,
        and NoForm where there is none; the page on screen then stays."""
        number = next((n for n, entry in enumerate(self._entries) if proposal.table in entry.forms), None)
        if number is None:
            raise NoForm("There is no form for this.")
        before = self.current_number()
        self.show_page(number)
        try:
            self.page(number).propose(proposal)
        except NotOpened:
            self.show_page(before)
            raise

    def refresh(self, changes: Changes) -> None:
        """Tell the page on screen what changed; pages behind it hear of it when they come to the front."""
        current = self.current_number()
        for number, page in self._pages.items():
            if number == current:
                page.refresh(changes)
            else:
                missed = self._missed.setdefault(number, {})
                for table, ids in changes.items():
                    missed.setdefault(table, set()).update(ids)

    def set_sync_state(self, kind: SyncKind | str, text: str, action: str = "") -> None:
        """Say how the exchange with the server goes: ok, sending, offline or attention, words, and what the person
        can do about it at once (`strip.syncActionRequested`)."""
        self.strip.set_sync_state(SyncKind(kind), text, action)

    def show_last_action(self, text: str, undo_enabled: bool) -> None:
        """What was done last, in the strip."""
        self._last_action = (text, undo_enabled)
        self.strip.show_last_action(text, undo_enabled)
        self.undo_action.setEnabled(undo_enabled or not text)

    def show_progress(self, text: str) -> None:
        """What is under way, in the strip; "" brings back what was done last."""
        self.strip.show_last_action(*((text, False) if text else self._last_action))

    def announce(self, text: str, undo_enabled: bool = True) -> None:
        """Say what was done, in the strip and as a toast."""
        self.show_last_action(text, undo_enabled)
        self.toast.say(text, undo_enabled)

    def set_badge(self, title: str, count: int) -> None:
        """The number on the rail for a page, also before it was made."""
        for number, entry in enumerate(self._entries):
            if entry.title == title:
                self.rail.set_count(number, count)

    def set_organization(self, name: str) -> None:
        """Another name for the center."""
        self.strip.organization.setText(name)
        self.setWindowTitle(f"{name} · iTutorOS")

    def add_search(self, search: Search) -> None:
        """Plug a source of people (or other things) into Ctrl K: text -> results."""
        self._searches.append(search)
        if self._palette is not None:
            self._palette.add_search(search)

    def open_palette(self, typed: str = "") -> None:
        """Ctrl K."""
        if self._palette is None:
            self._palette = CommandPalette(self, self.all_actions)
            for search in self._searches:
                self._palette.add_search(search)
        self._palette.open_palette(typed)

    @property
    def palette_overlay(self) -> CommandPalette | None:
        """The search line, once it was opened."""
        return self._palette

    @property
    def help_overlay(self) -> HelpOverlay | None:
        """The F1 overlay, once it was opened."""
        return self._help

    def open_help(self) -> None:
        """F1."""
        if self._help is None:
            self._help = HelpOverlay(self)
        page = self.current_page()
        title = self._entries[self.current_number()].title if page is not None else ""
        self._help.open_for(title, page.page_actions() if page is not None else [], self.everywhere_actions())

    def build_person_menu(self) -> Menu:
        """The menu at the initials: look, help, sign out."""
        menu = Menu(self)
        if self._person:
            who = menu.add(self._person, lambda: None)
            who.setEnabled(False)
            menu.addSeparator()
        chosen = theme.chosen()
        for words, look in (("Light", theme.Appearance.LIGHT), ("Dark", theme.Appearance.DARK),
                            ("High contrast", theme.Appearance.HIGH_CONTRAST),
                            ("Same as the system", theme.Appearance.SYSTEM)):  # fmt: skip
            menu.add(words, lambda look=look: self._choose_look(look), checked=chosen == look)  # type: ignore[misc]
        menu.addSeparator()
        for action in self._program_actions:
            menu.addAction(action)
        menu.addAction(self.help_action)
        menu.addAction(self.sign_out_action)
        menu.addAction(self.quit_action)
        return menu

    def open_person_menu(self) -> None:
        """Open the menu beside the initials."""
        menu = self.build_person_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        corner = self.rail.person.mapToGlobal(self.rail.person.rect().topRight())
        menu.popup(corner.__class__(corner.x() + theme.current().px(8), corner.y() - menu.sizeHint().height()
                                    + self.rail.person.height()))  # fmt: skip

    def _choose_look(self, look: theme.Appearance) -> None:
        theme.choose(look)
        self.appearanceChosen.emit(look.value)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        page = self.current_page()
        if page is not None and self.focusWidget() is None:
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        compact = self.height() < theme.current().px(theme.COMPACT_BELOW_HEIGHT)
        if compact != theme.current().compact:
            QTimer.singleShot(0, self._fit_compact)

    def _fit_compact(self) -> None:
        theme.set_compact(self.height() < theme.current().px(theme.COMPACT_BELOW_HEIGHT))

    def shut_down_pages(self) -> None:
        """The program ends: the pages that were made let go of what runs."""
        for page in self._pages.values():
            page.shut_down()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)


__all__ = ["MainWindow", "PageEntry", "Result", "SyncKind"]
