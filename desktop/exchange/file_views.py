"""The three looks at one chosen file: its rows as they will arrive, its columns and what they mean, and its problems
with a form that mends a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.exchange.preview import FilePreview, PreviewRow, mapped_fields
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    EmptyState,
    Field,
    Kind,
    Label,
    Line,
    Option,
    Paragraph,
    RowModel,
    ScrollArea,
    TableView,
    TextInput,
    painting,
)
from shared_models.exchange.problems import Problem
from shared_models.exchange.recognize import ImportFile

_NONE = "-"


class Ground(QWidget):
    """A plain surface in one color of the theme."""

    def __init__(self, color: str = "surface") -> None:
        super().__init__()
        self._color = color

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), getattr(theme.current().color, self._color))
        painter.end()


class RowsView(TableView):
    """The rows of a file in its order; what is left out is marked and says why. `opened` mends a row."""

    def __init__(self) -> None:
        self._model: RowModel[PreviewRow] = RowModel([])
        super().__init__(self._model, "Rows of the file")

    def show_preview(self, preview: FilePreview) -> None:
        """Show the rows of another file, or of the same one read anew."""
        columns: list[Column[PreviewRow]] = [Column("Line", _line_cell, 64, right=True)]
        for number, column in enumerate(preview.columns):
            columns.append(Column(column.title, lambda row, at=number: _cell(row, at), column.width))  # type: ignore[misc]
        self._model.set_columns(columns)
        self._model.set_rows(preview.rows)
        for number, row in enumerate(preview.rows):
            if row.problem and len(columns) > 2:
                self.setSpan(number, 1, 1, len(columns) - 1)

    def line_at(self, row: int) -> int:
        """The line of the file that a row stands for."""
        value = self._model.row(row)
        return value.line if isinstance(value, PreviewRow) else 0


def _line_cell(row: PreviewRow) -> Cell:
    if row.problem:
        return Cell(str(row.line), tone="danger", tabular=True, icon="circle-alert", icon_tone="danger")
    if row.doubt:
        return Cell(str(row.line), tone="warn", tabular=True, icon="triangle-alert", icon_tone="warn")
    return Cell(str(row.line), tone="text3", tabular=True)


def _cell(row: PreviewRow, at: int) -> Cell:
    if row.problem:
        return Cell(row.problem, row.cells[0], tone="danger") if at == 0 else Cell()
    return Cell(row.cells[at], tone="text" if at == 0 else "text2")


class ColumnsView(QWidget):
    """Which column each field is read from; `columnChosen` carries field name and column, -1 for none."""

    columnChosen = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[str, ComboBox] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._place = outer
        self._area: ScrollArea | None = None

    def show_preview(self, preview: FilePreview) -> None:
        """Show the fields of another file. While the same columns stay, only the choices are brought up to date."""
        table = preview.file.table
        fields = mapped_fields(preview.file)
        header = table.header if table else ()
        if [name for name, *_ in fields] == list(self._choices) and self._header == header:
            for name, _, column, _ in fields:
                self._choices[name].set_value(_key(column))
            return
        self._header = header
        self._build(preview, fields_of_header(header))

    def _build(self, preview: FilePreview, options: Sequence[Option]) -> None:
        t = theme.current()
        content = Ground()
        grid = QGridLayout(content)
        grid.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(16))
        grid.setHorizontalSpacing(t.px(16))
        grid.setVerticalSpacing(t.px(12))
        words = Paragraph("Say which column of the file holds what. The rows follow at once.", tone="text2")
        grid.addWidget(words, 0, 0, 1, 3)
        self._choices = {}
        for number, (name, label, column, sample) in enumerate(mapped_fields(preview.file)):
            choice = ComboBox(options, _key(column), name=label)
            choice.valueChanged.connect(lambda key, name=name: self._chosen(name, key))
            self._choices[name] = choice
            helper = sample(column) if column is not None else ""
            field = Field(label, choice, helper=_short(helper))
            grid.addWidget(field, 1 + number // 3, number % 3, Qt.AlignmentFlag.AlignTop)
        for number in range(3):
            grid.setColumnStretch(number, 1)
        grid.setRowStretch(1 + (len(self._choices) + 2) // 3, 1)
        if self._area is not None:
            self._place.removeWidget(self._area)
            self._area.deleteLater()
        self._area = ScrollArea(content)
        self._place.addWidget(self._area)

    _header: tuple[str, ...] = ()

    def choice(self, field: str) -> ComboBox:
        """The choice of one field's column."""
        return self._choices[field]

    def _chosen(self, name: str, key: str) -> None:
        self.columnChosen.emit(name, int(key) if key not in ("", _NONE) else -1)


def fields_of_header(header: Sequence[str]) -> list[Option]:
    """The columns of a file as choices, and the choice of none."""
    columns = [Option(str(at), title or f"Column {at + 1}") for at, title in enumerate(header)]
    return [Option(_NONE, "Not in this file"), *columns]


def _key(column: int | None) -> str:
    return _NONE if column is None else str(column)


def _short(text: str) -> str:
    return f"{text[:36]}…" if len(text) > 37 else text


class ProblemsView(QWidget):
    """The lines that are left out or doubtful, and the cells of the chosen one, to mend them.

    `mended` carries the line and its cells by column.
    """

    mended = Signal(int, object)

    def __init__(self) -> None:
        super().__init__()
        self._file: ImportFile | None = None
        self._model: RowModel[tuple[Problem, bool]] = RowModel(
            [
                Column("Line", lambda row: _problem_line(*row), 76, right=True),
                Column("What is wrong", lambda row: Cell(row[0].reason, tone="text" if row[1] else "text2")),
            ]
        )
        self.table = TableView(self._model, "Lines to look at")
        self.table.picked.connect(self._show_line)
        self._inputs: dict[int, TextInput] = {}
        self._fine = EmptyState("circle-check", "Every line can be imported", "Nothing in this file needs a look.")
        self._form_place = QVBoxLayout()
        self._form: QWidget | None = None
        split = QWidget()
        row = QHBoxLayout(split)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 1)
        row.addWidget(Line(vertical=True))
        side = Ground()
        side.setFixedWidth(theme.current().px(336))
        side.setLayout(self._form_place)
        self._form_place.setContentsMargins(0, 0, 0, 0)
        row.addWidget(side)
        self._side = side
        self._stack = QStackedWidget()
        self._stack.addWidget(split)
        self._stack.addWidget(self._fine)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def show_preview(self, preview: FilePreview) -> None:
        """Show the problems of another file, or what is left of them after mending."""
        self._file = preview.file
        rows = [(problem, True) for problem in preview.problems] + [(doubt, False) for doubt in preview.warnings]
        self._model.set_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        self._side.setVisible(preview.file.table is not None)
        if rows:
            self.table.select_row(0)
        else:
            self._set_form(None)

    def show_line(self, line: int) -> None:
        """Choose the problem of a line."""
        for number, row in enumerate(self._model.rows()):
            if isinstance(row, tuple) and row[0].line == line:
                self.table.select_row(number)
                return

    def input(self, column: int) -> TextInput:
        """The field of one column of the line being mended."""
        return self._inputs[column]

    def mend(self) -> None:
        """Take the cells as they are in the form."""
        chosen = self._model.row(self.table.current_row()) if self.table.current_row() >= 0 else None
        if isinstance(chosen, tuple):
            self.mended.emit(chosen[0].line, {column: field.text() for column, field in self._inputs.items()})

    def _show_line(self, number: int) -> None:
        chosen = self._model.row(number)
        table = self._file.table if self._file else None
        if not isinstance(chosen, tuple) or table is None:
            self._set_form(None)
            return
        line = chosen[0].line
        row = next((row for row in table.rows if row.line == line), None)
        if row is None:
            self._set_form(None)
            return
        t = theme.current()
        form = Ground()
        column = QVBoxLayout(form)
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(16))
        column.setSpacing(t.px(11))
        column.addWidget(Label(f"Line {line}", "section"))
        column.addWidget(Paragraph(chosen[0].reason, tone="danger" if chosen[1] else "warn"))
        self._inputs = {}
        for at, title in enumerate(table.header):
            field = TextInput(row.cell(at), name=title)
            field.returnPressed.connect(self.mend)
            self._inputs[at] = field
            column.addWidget(Field(title or f"Column {at + 1}", field))
        column.addStretch(1)
        whole = QWidget()
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(ScrollArea(form), 1)
        outer.addWidget(Line())
        foot = QHBoxLayout()
        foot.setContentsMargins(t.px(16), t.px(10), t.px(16), t.px(10))
        foot.addStretch(1)
        foot.addWidget(Button("Check line again", Kind.SECONDARY, keycap="Enter", on_click=self.mend))
        outer.addLayout(foot)
        self._set_form(whole)

    def _set_form(self, form: QWidget | None) -> None:
        if self._form is not None:
            self._form_place.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        self._form = form
        if form is None:
            self._inputs = {}
        else:
            self._form_place.addWidget(form)


def _problem_line(problem: Problem, is_left_out: bool) -> Cell:
    tone = "danger" if is_left_out else "warn"
    icon = "circle-alert" if is_left_out else "triangle-alert"
    return Cell(str(problem.line), tone=tone, tabular=True, icon=icon, icon_tone=tone)
