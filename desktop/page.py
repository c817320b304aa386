"""What every screen of the program is: a page with its header, toolbar, actions, and a way to be refreshed.

The window knows pages only through this file; a page knows the window only through the signals here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.proposals import NoForm, Proposal
from desktop.widgets.actions import action_icon, make_action
from desktop.widgets.buttons import Button, IconButton, Kind
from desktop.widgets.fields import SearchField
from desktop.widgets.labels import Label

__all__ = ["Changes", "Page", "PageHeader", "Toolbar", "action_icon", "make_action"]

Changes = Mapping[str, AbstractSet[str]]


class PageHeader(QWidget):
    """The 56-px line at the top of a page: title, place in time, views; right: search, bell, one primary button.

    ``left`` and ``right`` are layouts to add to. When the window is narrow the search becomes its icon alone.
    """

    searchRequested = Signal()
    bellRequested = Signal()

    def __init__(self, title: str = "", search: str = "Search everything", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._row = QHBoxLayout(self)
        self._row.setSpacing(t.px(12))
        self.title = Label(title, "page")
        self._row.addWidget(self.title)
        self.left = QHBoxLayout()
        self.left.setSpacing(t.px(8))
        self._row.addLayout(self.left)
        self.subtitle = Label("", "body", "text2", elide=True)
        self._row.addWidget(self.subtitle, 1)
        self.right = QHBoxLayout()
        self.right.setSpacing(t.px(12))
        self._row.addLayout(self.right)
        self.search = SearchField(search)
        self.search.setReadOnly(False)
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.search.installEventFilter(self)
        self.search_button = IconButton("search", "Search (Ctrl K)", Kind.SECONDARY)
        self.search_button.clicked.connect(lambda: self.searchRequested.emit())
        self.search_button.hide()
        self.bell = IconButton("bell", "What needs you")
        self.bell.clicked.connect(lambda: self.bellRequested.emit())
        self.primary_place = QHBoxLayout()
        self.right.addWidget(self.search)
        self.right.addWidget(self.search_button)
        self.right.addWidget(self.bell)
        self.right.addLayout(self.primary_place)
        self._apply_sizes()

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Change title and the words after it."""
        self.title.setText(title)
        self.subtitle.setText(subtitle)
        self.subtitle.setToolTip(subtitle)
        self._fit_search()

    def set_primary(self, action: QAction) -> Button:
        """The one primary button of this view."""
        button = Button.for_action(action, Kind.PRIMARY)
        self.primary_place.addWidget(button)
        return button

    def add_view_switch(self, widget: QWidget) -> None:
        """Put a control (arrows, a segmented control) after the title."""
        self.left.addWidget(widget)

    def hide_search(self) -> None:
        """For pages that have no use for it."""
        self.search.hide()
        self.search_button.hide()
        self._fixed_search = True

    _fixed_search = False

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.search and event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.FocusIn):
            self.searchRequested.emit()
            self.search.clearFocus()
            return True
        return False

    def _apply_sizes(self) -> None:
        t = theme.current()
        self._row.setContentsMargins(t.size.margin, 0, t.size.margin, 0)
        self.setFixedHeight(t.size.header)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._apply_sizes()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_search()

    def _fit_search(self) -> None:
        """The search field takes what title and views leave; where that is too little, only its icon stays."""
        if self._fixed_search:
            return
        t = theme.current()
        used = self.title.sizeHint().width() + self.left.sizeHint().width() + self.primary_place.sizeHint().width()
        words = self.subtitle.fontMetrics().horizontalAdvance(self.subtitle.text())
        subtitle = max(min(words, t.px(200)), self.subtitle.minimumWidth())
        room = self.width() - used - subtitle - self.bell.width() - 2 * t.size.margin - 6 * self._row.spacing()
        extras = sum(
            item.sizeHint().width() for index in range(self.right.count())
            if (item := self.right.itemAt(index)) is not None
            and item.widget() not in (self.search, self.search_button, self.bell, None)
        )  # fmt: skip
        wide = room - extras >= self.search.minimumSizeHint().width()
        self.search.setVisible(wide)
        self.search_button.setVisible(not wide)
        self.search.setFixedWidth(max(t.px(140), min(t.px(250), room - extras)))

    def has_room_for(self, title: str) -> bool:
        """Whether a title finds room beside the views, with the search as small as it gets."""
        t = theme.current()
        parts = (self.left, self.search_button, self.bell, self.primary_place)
        used = sum(part.sizeHint().width() for part in parts) + theme.metrics("page").horizontalAdvance(title)
        used += self.subtitle.minimumWidth()
        return used + 2 * t.size.margin + 6 * self._row.spacing() <= self.width()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(320), theme.current().size.header)


class Toolbar(QWidget):
    """The 40-px line below the header: filter chips in ``left``, how to show in ``right``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setSpacing(theme.current().px(8))
        self.left = QHBoxLayout()
        self.left.setSpacing(theme.current().px(8))
        self._row.addLayout(self.left)
        self._row.addStretch(1)
        self.right = QHBoxLayout()
        self.right.setSpacing(theme.current().px(8))
        self._row.addLayout(self.right)
        self._apply_sizes()

    def add(self, *widgets: QWidget) -> None:
        """Add chips at the left."""
        for widget in widgets:
            self.left.addWidget(widget)

    def add_right(self, *widgets: QWidget) -> None:
        """Add controls at the right."""
        for widget in widgets:
            self.right.addWidget(widget)

    def _apply_sizes(self) -> None:
        t = theme.current()
        self._row.setContentsMargins(t.size.margin, 0, t.size.margin, t.px(8))
        self.setFixedHeight(t.size.toolbar)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._apply_sizes()


class Page(QWidget):
    """A screen. Subclasses set ``title`` and ``icon_name``, and fill `body`; heavy work belongs into `shown`.

    Signals, for the window: `navigate` (page title, id: "show me this there"; "do:New lead": do that there),
    `actionDone` (words for the status strip and toast, whether Undo is possible), `progressSaid` (what is under way
    at this moment, for the status strip; "" when it has ended), `badgeChanged` (a count for the rail), and requests
    for search and notices from the header.
    """

    title: ClassVar[str] = ""
    icon_name: ClassVar[str] = "circle-question-mark"
    shows_focus_ring = False

    navigate = Signal(str, str)
    actionDone = Signal(str, bool)
    progressSaid = Signal(str)
    badgeChanged = Signal(int)
    searchRequested = Signal()
    bellRequested = Signal()

    def __init__(self, parent: QWidget | None = None, *, search: str = "Search everything") -> None:
        super().__init__(parent)
        self.setAccessibleName(self.title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.header = PageHeader(self.title, search)
        self.header.searchRequested.connect(self.searchRequested)
        self.header.bellRequested.connect(self.bellRequested)
        outer.addWidget(self.header)
        self._toolbar: Toolbar | None = None
        self._outer = outer
        self.body = QHBoxLayout()
        self.body.setSpacing(theme.current().px(16))
        self._apply_sizes()
        outer.addLayout(self.body, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    @property
    def toolbar(self) -> Toolbar:
        """The page's toolbar, made when first asked for."""
        if self._toolbar is None:
            self._toolbar = Toolbar()
            self._outer.insertWidget(1, self._toolbar)
        return self._toolbar

    def add_action(
        self, text: str, slot: Callable[[], object], *, icon: str | None = None, shortcut: str | Sequence[str] = "",
        helper: str = "",
    ) -> QAction:  # fmt: skip
        """An action of this page: in the command palette, in the F1 overlay, by its shortcut."""
        return make_action(self, text, slot, icon=icon, shortcut=shortcut, helper=helper)

    def page_actions(self) -> Sequence[QAction]:
        """What can be done here, in the order of the F1 overlay."""
        return [action for action in self.actions() if not action.isSeparator()]

    def run_action(self, words: str) -> bool:
        """Do the action with these words, if it can be done now; says whether it was."""
        action = next((one for one in self.page_actions() if one.text() == words and one.isEnabled()), None)
        if action is not None:
            action.trigger()
        return action is not None

    def refresh(self, changes: Changes) -> None:
        """Rows changed, here or elsewhere: table name -> ids. Read again what is shown and concerned."""

    def shown(self) -> None:
        """The page has come to the front."""

    def show_item(self, item_id: str) -> None:
        """Bring the thing with this id into view (another page asked for it through `navigate`).

        A page may understand words of its own besides: Settings the key of a section, the calendar "conflicts" and
        a day such as "2026-11-28".
        """

    def propose(self, proposal: Proposal) -> None:
        """Open the own form of a record with values that are not saved; saving there settles them, cancelling leaves
        them where they wait. Raises NotOpened with a sentence, and NoForm when no form here shows these values."""
        raise NoForm(f"{self.title} has no form for this.")

    def shut_down(self) -> None:
        """The program ends: let go of what runs."""

    def _apply_sizes(self) -> None:
        t = theme.current()
        self.body.setContentsMargins(t.size.margin, 0, t.size.margin, t.px(12))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "body"):
            self._apply_sizes()
