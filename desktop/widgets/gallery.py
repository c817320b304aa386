"""A picture of every widget in every state, to hold beside the design: ``python -m desktop.widgets.gallery OUT.png``.

Options: ``--dark``, ``--contrast``, ``--scale 1.5``.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date, time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.theme.focus_ring import FocusRing
from desktop.widgets import (
    Avatar,
    Button,
    Card,
    Cell,
    CheckBox,
    Column,
    ComboBox,
    DateInput,
    EmptyState,
    Field,
    FilterChip,
    Group,
    IconButton,
    Kind,
    Label,
    MoneyInput,
    MonthView,
    Note,
    Option,
    RadioButton,
    RowModel,
    SearchField,
    Segmented,
    SidePanel,
    TableView,
    Tag,
    Temperature,
    TextArea,
    TimeInput,
    Toast,
    Toggle,
    ToggleGroup,
    TokenField,
    Tone,
    save_and_cancel,
)
from desktop.widgets.status import StatusStrip, SyncKind, SyncWords

DAY = date(2026, 11, 25)


def _row(*widgets: QWidget, spacing: int = 8) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(spacing)
    for widget in widgets:
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    row.addStretch(1)
    return row


def _captioned(widget: QWidget, caption: str) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    column.addWidget(widget)
    column.addWidget(Label(caption, "micro", "text2"))
    return box


class Gallery(QWidget):
    """All widgets on one sheet."""

    def __init__(self) -> None:
        super().__init__()
        self._rings: list[QWidget] = []
        columns = QHBoxLayout(self)
        columns.setContentsMargins(24, 20, 24, 20)
        columns.setSpacing(32)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(10)
            columns.addLayout(column, 1)
        left.addWidget(Label(theme.current().mode.value.replace("_", " ").title(), "page"))
        self._buttons(left)
        self._fields(left)
        self._choices(left)
        self._words(left)
        left.addStretch(1)
        self._tables(right)
        self._panels(right)
        right.addStretch(1)

    def _title(self, column: QVBoxLayout, text: str) -> None:
        column.addSpacing(6)
        column.addWidget(Label(text, "body_strong"))

    def _buttons(self, column: QVBoxLayout) -> None:
        self._title(column, "Buttons")
        shown: list[QWidget] = []
        for state in ("rest", "hover", "pressed", "focus", "disabled"):
            button = Button("Save", Kind.PRIMARY)
            button.forced_state = state if state in ("hover", "pressed") else "rest"
            button.setEnabled(state != "disabled")
            if state == "focus":
                self._rings.append(button)
            shown.append(_captioned(button, state))
        for text, kind, state in (("Cancel", Kind.SECONDARY, "rest"), ("Cancel", Kind.SECONDARY, "hover"),
                                  ("Skip", Kind.QUIET, "quiet"), ("Archive", Kind.DANGER, "archive")):  # fmt: skip
            button = Button(text, kind)
            button.forced_state = state if state == "hover" else "rest"
            shown.append(_captioned(button, state))
        column.addLayout(_row(*shown))
        column.addLayout(_row(
            Button("New entry", Kind.PRIMARY, "plus", "N"), Button("Call Priya", icon="phone"),
            Button("Take it", Kind.PRIMARY, small=True), Button("Print", icon="printer", small=True),
            Button("5:15 · Room C", Kind.SOFT, small=True), Button("Keep some", Kind.LINK, small=True),
            IconButton("bell", "Notices"), IconButton("chevron-left", "Back", Kind.SECONDARY),
        ))  # fmt: skip

    def _fields(self, column: QVBoxLayout) -> None:
        self._title(column, "Fields")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(12)
        rest = Field("Rest", TimeInput(time(17, 45)))
        focus = Field("Focus", TimeInput(time(17, 45)))
        self._rings.append(focus.input)
        wrong_input = TimeInput()
        wrong_input.setText("5:4")
        wrong = Field("Error", wrong_input)
        wrong.set_error(TimeInput.HELP)
        read_only = TimeInput(time(18, 45))
        read_only.set_read_only(True)
        for number, field in enumerate((rest, focus, wrong, Field("Read only", read_only))):
            grid.addWidget(field, 0, number, Qt.AlignmentFlag.AlignTop)
        people = [Option("1", "Małgorzata Patel", "teaches Writing, first choice", person=True)]
        students = [Option("1", "Noah Haddad", "grade 5"), Option("2", "Zoë O'Brien", "grade 9")]
        grid.addWidget(Field("Tutor", ComboBox(people, "1")), 1, 0, 1, 2)
        grid.addWidget(Field("First day", DateInput(DAY, date(2026, 12, 2))), 1, 2)
        grid.addWidget(Field("New price per hour", MoneyInput(10500)), 1, 3)
        grid.addWidget(Field("Students", TokenField(students, ["1", "2"]), right="2 of 3"), 2, 0, 1, 2)
        grid.addWidget(
            Field("Wants help with", ComboBox([], placeholder="Subject or topic"), optional=True), 2, 2, 1, 2
        )
        note = TextArea("", "What they said, in their words", rows=3)
        grid.addWidget(Field("Note", note, optional=True), 3, 0, 1, 2)
        grid.addWidget(SearchField("Search everything"), 3, 2, 1, 2, Qt.AlignmentFlag.AlignTop)
        column.addLayout(grid)

    def _choices(self, column: QVBoxLayout) -> None:
        self._title(column, "Choices and tags")
        quiet, on = FilterChip("Filter"), FilterChip("Filter")
        for chip, value in ((quiet, ""), (on, "a")):
            chip.set_choices([("a", "Filter on")], value)
        red = FilterChip("10 conflicts", "triangle-alert", Tone.DANGER)
        red.setChecked(True)
        column.addLayout(_row(
            CheckBox("Off"), CheckBox("On", True), RadioButton("Off"), RadioButton("On", True), Toggle("Off"),
            Toggle("On", True), spacing=12,
        ))  # fmt: skip
        column.addLayout(_row(quiet, on, red, FilterChip("Irvington Office", "map-pin"), spacing=8))
        column.addLayout(_row(
            Tag("Neutral"), Tag("Paid", Tone.OK, "check"), Tag("Buffer", Tone.WARN, "clock"),
            Tag("Overlap", Tone.DANGER, "triangle-alert"), Tag("New", Tone.INFO),
            Tag("Website", Tone.ACCENT, "globe"),
        ))  # fmt: skip
        views = Segmented([("board", "Board"), ("table", "Table"), ("todo", "To do today")], "board")
        views.set_count("todo", 7)
        days = ToggleGroup([(day, day[0].upper(), day) for day in ("mon", "tue", "wed", "thu", "fri", "sat")])
        days.set_values({"wed", "fri"})
        column.addLayout(_row(views, days, spacing=16))
        column.addLayout(_row(
            Avatar("Maya Torres"), Avatar("Elena Kim", 36), Avatar("Rafael Berg", 20), Avatar(), Temperature(1),
            Temperature(2), Temperature(3), Temperature(0),
            Segmented([("a", "Present"), ("b", "Late")], "", small=True),
            spacing=12,
        ))  # fmt: skip

    def _words(self, column: QVBoxLayout) -> None:
        self._title(column, "Toast")
        toast = Toast()
        toast.set_words("Archived Noah Lee’s Algebra I")
        toast.setFixedSize(toast.sizeHint())
        column.addLayout(_row(toast))
        self._title(column, "Sync, in words")
        column.addLayout(_row(
            SyncWords(SyncKind.OK, "All changes saved and sent"), SyncWords(SyncKind.SENDING, "Sending 3 changes"),
            spacing=14,
        ))  # fmt: skip
        column.addLayout(_row(
            SyncWords(SyncKind.OFFLINE, "Working offline, 3 changes waiting"),
            SyncWords(SyncKind.ATTENTION, "1 change needs you"), spacing=14,
        ))  # fmt: skip
        strip = StatusStrip("Hudson Learning Center")
        strip.show_last_action("Moved Noah Johnson to Committed", True)
        column.addWidget(strip)

    def _tables(self, column: QVBoxLayout) -> None:
        self._title(column, "Table")
        rows: list[tuple[str, str, str, int] | Group] = [
            Group("Private", "private"), ("Elena Kim", "rest", "private", 8000),
            ("José Kim", "hover", "private", 9000), ("Noah Lee", "selected", "private", 10500),
            Group("Test prep", "test_prep"),
            ("Wei Yılmaz", "keyboard focus", "test_prep", 12000), ("Zoë O'Brien", "rest", "test_prep", 7500),
        ]  # fmt: skip
        model: RowModel[tuple[str, str, str, int]] = RowModel([
            Column("Name", lambda row: Cell(row[0], "grade 8", strong=True, family=row[2]),
                   sort_key=lambda row: row[0]),
            Column("State", lambda row: Cell(row[1], tone="text2"), 120),
            Column("Stage", lambda row: Cell("Paid", tag=Tone.OK), 80),
            Column("Price", lambda row: f"${row[3] / 100:.2f}", 90, right=True),
            Column("On website", lambda row: Cell(switch=row[3] > 8000), 96, right=True),
        ], rows)  # fmt: skip
        table = TableView(model, "People")
        table.forced_states = {2: "hover", 3: "selected", 5: "focus"}
        table.fit_height()
        card = Card()
        card.body.addWidget(table)
        column.addWidget(card)
        self._title(column, "Empty state")
        empty = Card()
        words = "Both offices are closed. Drag on the calendar or press N to put one here all the same."
        empty.body.addWidget(EmptyState("calendar-days", "No lessons on Sunday, November 29", words))
        column.addWidget(empty)

    def _panels(self, column: QVBoxLayout) -> None:
        self._title(column, "Panel, note, month, service families")
        panel = SidePanel("Private, high school", 336, "Irvington Office")
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 14)
        inner.setSpacing(12)
        inner.addWidget(Note("37 booked sessions keep $100.00.", "Sessions booked from January 4 cost $105.00. The "
                             "website shows the new price that day.", Tone.ACCENT, "calendar-days"))  # fmt: skip
        inner.addWidget(CheckBox("Also at Tarrytown Office"))
        panel.body.addLayout(inner)
        panel.body.addStretch(1)
        panel.add_footer(*save_and_cancel("Save price", lambda: None, lambda: None, None))
        month_card = Card()
        month_card.body.addWidget(MonthView(date(2026, 12, 2), DAY))
        column.addLayout(_row(panel, month_card, spacing=16))
        words = "Today Elena’s SAT ends at 5:30 PM in Room E, just as her group starts there."
        column.addWidget(Note(words, "", Tone.WARN, "clock", Button("Move the group", small=True)))

    def show_rings(self) -> None:
        """Draw the focus ring where the picture needs it."""
        for widget in self._rings:
            FocusRing(widget, self)


def main(arguments: list[str]) -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="gallery", description="A picture of every widget.")
    parser.add_argument("out")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--contrast", action="store_true")
    parser.add_argument("--scale", default="1")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = options.scale
    app = QApplication(sys.argv[:1])
    look = theme.Appearance.DARK if options.dark else theme.Appearance.LIGHT
    theme.install(app, theme.Appearance.HIGH_CONTRAST if options.contrast else look)
    gallery = Gallery()
    gallery.resize(1340, 940)
    gallery.show()
    app.processEvents()
    focused = gallery.focusWidget()
    if focused is not None:
        focused.clearFocus()
    gallery.show_rings()
    app.processEvents()
    gallery.grab().save(options.out)
    gallery.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
