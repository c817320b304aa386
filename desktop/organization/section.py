"""What every section of Settings is: a scrolled sheet that reads the store, saves each field when one leaves it,
and is read-only for those who may not change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.permissions import Permissions
from desktop.proposals import Proposal, note_of, reading, saving
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import Button, Card, Field, Kind, Label, Line, Paragraph
from shared_models.access.rules import Action
from shared_models.clock import Clock
from shared_models.organization.models import Organization
from shared_models.schedule.times import wall_clock_of, zone_of


class Section(QWidget):
    """One section: subclasses set the class facts, build in `build`, and fill in `read`.

    `done` carries words for the status strip and whether they can be undone.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    explanation: ClassVar[str] = ""
    table: ClassVar[str] = "organization"
    """The table whose permission decides whether this can be changed."""
    tables: ClassVar[frozenset[str]] = frozenset()
    """Tables whose changes make it read again."""
    wide: ClassVar[bool] = False

    done = Signal(str, bool)

    def __init__(self, store: Store, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store, self.clock = store, clock
        self.permissions = Permissions.of(store)
        self.can_write = self.permissions.may_write(self.table)
        self.held: Proposal | None = None
        self._waiting: list[Callable[[Session], object]] = []
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(theme.current().px(16))
        self.card = Card()
        self.row.addWidget(self.card, 1)
        self._head()
        self.content = QVBoxLayout()
        self._frame()
        self.build()
        self.read()

    def _head(self) -> None:
        t = theme.current()
        head = QHBoxLayout()
        head.setContentsMargins(t.px(16), t.px(12), t.px(12), t.px(10))
        head.setSpacing(t.px(8))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(self.title, "section"))
        self.under_title = Label(self.explanation, "small", "text2", elide=True)
        words.addWidget(self.under_title)
        head.addLayout(words, 1)
        self.tools = QHBoxLayout()
        self.tools.setSpacing(t.px(8))
        head.addLayout(self.tools)
        self.card.body.addLayout(head)

    def _frame(self) -> None:
        t = theme.current()
        if not self.can_write:
            below_title = QVBoxLayout()
            below_title.setContentsMargins(t.px(16), 0, t.px(16), t.px(8))
            below_title.addWidget(Paragraph(self.limits(), "small", "text2"))
            self.card.body.addLayout(below_title)
        self.card.body.addWidget(Line())
        self._held_box = QWidget()
        self._held_place = QVBoxLayout(self._held_box)
        self._held_place.setContentsMargins(t.px(16), t.px(12), t.px(16), t.px(12))
        self._held_place.setSpacing(t.px(10))
        self._held_box.hide()
        self.card.body.addWidget(self._held_box)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.viewport().setAutoFillBackground(False)
        inner = QWidget()
        outer = QHBoxLayout(inner)
        outer.setContentsMargins(0, 0, 0, 0)
        sheet = QWidget()
        sheet.setLayout(self.content)
        if self.wide:
            self.content.setContentsMargins(0, 0, 0, 0)
            self.content.setSpacing(0)
        else:
            sheet.setMaximumWidth(t.px(680))
            self.content.setContentsMargins(t.px(16), t.px(16), t.px(16), t.px(20))
            self.content.setSpacing(t.px(13))
        outer.addWidget(sheet, 10)
        outer.addStretch(1 if not self.wide else 0)
        area.setWidget(inner)
        inner.setAutoFillBackground(False)  # which the area has just switched on
        self.area = area
        self.card.body.addWidget(area, 1)

    def build(self) -> None:
        """Make the widgets, once."""
        raise NotImplementedError

    def read(self) -> None:
        """Fill the widgets from the store."""
        raise NotImplementedError

    def today(self) -> date:
        """The local day of the organization."""
        with self.store.read() as session:
            zone = session.scalar(
                select(Organization.time_zone).where(Organization.organization_id == self.store.organization_id)
            )
        return wall_clock_of(self.clock(), zone_of(zone or "UTC")).date()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that reads the store, with what is held as if it were saved."""
        with reading(self.store, self.held) as session:
            for change in self._waiting:
                change(session)
            if self._waiting:
                session.flush()
            yield session

    def bring_up(self, proposal: Proposal) -> None:
        """Show the record that something is proposed to, where the section shows one at a time."""

    def hold(self, proposal: Proposal) -> None:
        """Show values that are not saved; nothing here saves itself until they are saved or let go of. Raises
        NotOpened."""
        with reading(self.store, proposal):
            pass  # it fits
        self._let_go()
        self.held = proposal
        self.card.setFocus()
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(8))
        self.drop_button = Button("Cancel", small=True, on_click=self.drop_held)
        self.keep_button = Button("Save", Kind.PRIMARY, small=True, on_click=self.save_held)
        row.addWidget(self.drop_button)
        row.addWidget(self.keep_button)
        self._held_place.addWidget(note_of(proposal, buttons))
        self._held_box.show()
        self.bring_up(proposal)
        self.read()

    def save_held(self) -> bool:
        """Save what is held, and what was changed since; False when the store refused."""
        held, waiting = self.held, list(self._waiting)
        if held is None:
            return False
        words = f"Changed {held.what[:1].lower()}{held.what[1:]}"
        try:
            with saving(self.store, words, held) as session:
                for change in waiting:
                    change(session)
        except StoreError as error:
            self.done.emit(str(error), False)
            return False
        self.drop_held()
        self.done.emit(words, True)
        return True

    def save_form(self, words: str, change: Callable[[Session], object]) -> bool:
        """As `save`, for a form with a button of its own: what is held is saved along with it."""
        if self.held is None:
            return self.save(words, change)
        self._waiting.append(change)
        return self.save_held()

    def put_down(self) -> None:
        """What was held is not any more: close what shows it, where it is a form of its own."""

    def drop_held(self) -> None:
        """Show what is saved again; what was held waits where it did."""
        self._let_go()
        self.put_down()
        self.read()

    def _let_go(self) -> None:
        self.held = None
        self._waiting.clear()
        self._held_box.hide()
        clear(self._held_place)

    def save(self, words: str, change: Callable[[Session], object], *, is_of_fields: bool = False) -> bool:
        """Make one undoable change and say so; False when the store refused, with its reason said. While values are
        held that are not saved, a change of fields waits with them, and others are not made."""
        if self.held is not None:
            if is_of_fields:
                self._waiting.append(change)
                self.read()
            else:
                self.done.emit("Save or cancel what you are changing first.", False)
            return is_of_fields
        try:
            with self.store.write(words) as session:
                change(session)
        except StoreError as error:
            self.done.emit(str(error), False)
            return False
        self.done.emit(words, True)
        return True

    def pairs(self, *fields: QWidget | None, columns: int = 2) -> QGridLayout:
        """Fields side by side, in equal columns; None leaves a place empty."""
        t = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(13))
        for number, field in enumerate(fields):
            if field is not None:
                grid.addWidget(field, number // columns, number % columns, Qt.AlignmentFlag.AlignTop)
        for column in range(columns):
            grid.setColumnStretch(column, 1)
        self.content.addLayout(grid)
        return grid

    def heading(self, words: str, more: str = "") -> None:
        """A heading between groups of fields."""
        self.content.addSpacing(theme.current().px(6))
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(Label(words, "body_strong"))
        if more:
            column.addWidget(Paragraph(more, "small", "text2"))
        self.content.addLayout(column)

    def who_can(self) -> str:
        """Who can change this, where it is not the person at this PC."""
        return self.permissions.why_not(self.table, Action.CREATE)

    def limits(self) -> str:
        """What the person at this PC can change here and what not, below the title; unless it is everything."""
        return self.who_can()

    def may_change_at(self, location_id: str | None, table: str = "") -> bool:
        """Whether rows of a location may be changed here; no location stands for all of them together."""
        return self.permissions.may_write(table or self.table) and self.permissions.works_at(location_id)

    def guard(self, *widgets: QWidget, why: str | None = None) -> None:
        """Make widgets read-only for those who may not change this, with a word on who can; `why` says it where it
        is decided for these widgets alone, and is empty where they may be used."""
        if why is None:
            why = "" if self.can_write else self.who_can()
        for widget in widgets:
            target = widget.input if isinstance(widget, Field) else widget
            target.setEnabled(not why)
            target.setToolTip(why)


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
