"""Settings of the days off: holidays and school breaks, for one location or all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout
from sqlalchemy import select

from desktop import theme
from desktop.organization.section import Section
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    DateInput,
    EmptyState,
    Field,
    Group,
    Kind,
    Option,
    RowModel,
    TableView,
    TextInput,
)
from desktop.widgets.panels import Line
from desktop.widgets.parsing import format_long_date
from shared_models.organization.models import Closure, Location
from shared_models.organization.operations import add_closure, archive


def days_in_words(first: date, last: date) -> str:
    """ "Thu, Nov 26 – Fri, Nov 27, 2026" in the long form people read: "November 26 – 27, 2026"."""
    if first == last:
        return f"{format_long_date(first)}, {first.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{format_long_date(first, weekday=False)} – {last.day}, {last.year}"
    begin = format_long_date(first, weekday=False, year=first.year != last.year)
    return f"{begin} – {format_long_date(last, weekday=False, year=True)}"


class ClosuresSection(Section):
    """The list, those to come first, and a line to add one."""

    key: ClassVar[str] = "closures"
    title: ClassVar[str] = "Closures"
    explanation: ClassVar[str] = "Series leave these days out; the calendar and the website say that you are closed."
    table: ClassVar[str] = "closure"
    tables: ClassVar[frozenset[str]] = frozenset({"closure", "location"})
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The line to add one, and the list."""
        t = theme.current()
        self._today = self.today()
        row = QHBoxLayout()
        row.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        row.setSpacing(t.px(12))
        self._first = Field("First day", DateInput(self._today, weekday=False))
        self._last = Field("Last day", DateInput(self._today, weekday=False), optional=True)
        self._reason = Field("Reason", TextInput(placeholder="Thanksgiving"))
        self._where = Field("Where", ComboBox())
        for field, stretch in ((self._first, 3), (self._last, 3), (self._reason, 4), (self._where, 3)):
            row.addWidget(field, stretch, Qt.AlignmentFlag.AlignTop)
        self._add_button = Button("Add", Kind.PRIMARY, on_click=self.add)
        row.addWidget(self._add_button, 0, Qt.AlignmentFlag.AlignTop)
        self.content.addLayout(row)
        row.setAlignment(self._add_button, Qt.AlignmentFlag.AlignBottom)
        self.content.addWidget(Line())
        self._model: RowModel[Closure] = RowModel([
            Column("Reason", lambda closure: Cell(closure.reason or "Closed", strong=True)),
            Column("Days", lambda closure: days_in_words(closure.first_day, closure.last_day), 260),
            Column("Where", lambda closure: self._names.get(closure.location_id or "", ""), 160),
            Column("", lambda closure: Cell(icon="archive", icon_tone="text3")
                   if self.may_change_at(closure.location_id) else Cell(), 48),
        ])  # fmt: skip
        self._names: dict[str, str] = {}
        self.list = TableView(self._model, "Days off")
        self.list.clicked_cell.connect(lambda line, column: self._archive(line) if column == 3 else None)
        self.content.addWidget(self.list)
        self._empty = EmptyState("calendar-off", "No days off", "Enter holidays and school breaks above.")
        self.content.addWidget(self._empty)
        self.content.addStretch(1)
        self.guard(self._first, self._last, self._reason, self._where, self._add_button)

    def read(self) -> None:
        """Show the closures to come, then those that are over."""
        organization_id = self.store.organization_id
        with self.store.read() as session:
            places = session.execute(
                select(Location.id, Location.name)
                .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
                .order_by(Location.position, Location.name)
            ).all()
            closures = session.scalars(
                select(Closure)
                .where(Closure.organization_id == organization_id, Closure.archived_at.is_(None))
                .order_by(Closure.first_day)
            ).all()
        self._names = {"": "All locations" if len(places) > 1 else ""}
        self._names.update((place_id, name) for place_id, name in places)
        box = self._where.input
        assert isinstance(box, ComboBox)
        offered = [Option(place_id, name) for place_id, name in places if self.permissions.works_at(place_id)]
        if self.permissions.works_at(None) or not offered:
            offered.insert(0, Option("all", "All locations"))
        box.set_options(offered, box.value() or offered[0].key)
        self._where.setVisible(len(places) > 1)
        coming = [closure for closure in closures if closure.last_day >= self._today]
        over = [closure for closure in closures if closure.last_day < self._today]
        rows: list[Closure | Group] = list(coming)
        if over:
            rows += [Group("Over"), *reversed(over)]
        self._show(rows)

    def _show(self, rows: Sequence[Closure | Group]) -> None:
        self._model.set_rows(rows)
        self.list.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        self.list.fit_height()

    def add(self) -> None:
        """Add what is in the line above the list."""
        first_input, last_input, reason, where = (
            self._first.input, self._last.input, self._reason.input, self._where.input,
        )  # fmt: skip
        assert isinstance(first_input, DateInput) and isinstance(last_input, DateInput)
        assert isinstance(reason, TextInput) and isinstance(where, ComboBox)
        first = first_input.value()
        last = last_input.value() or first
        self._first.set_error("" if first is not None else DateInput.HELP)
        is_backward = first is not None and last is not None and last < first
        wrong_last = (
            DateInput.HELP if last_input.is_wrong() else "Choose a day after the first." if is_backward else ""
        )
        self._last.set_error(wrong_last)
        if first is None or last is None or wrong_last:
            return
        place = None if where.value() in ("", "all") else where.value()
        words = f"Added {reason.text().strip() or 'a closure'}, {days_in_words(first, last)}"
        if self.save(words, lambda session: add_closure(
                session, self.store.organization_id, place, first, last, reason.text().strip())):  # fmt: skip
            first_input.set_value(None)
            last_input.set_value(None)
            reason.clear()
            first_input.setFocus()

    def _archive(self, line: int) -> None:
        closure = self._model.row(line)
        if isinstance(closure, Closure) and self.may_change_at(closure.location_id):
            words = f"Took out {closure.reason or 'a closure'}"
            self.save(words, lambda session: archive(
                session, Closure, closure.organization_id, closure.id, now=self.clock()))  # fmt: skip
