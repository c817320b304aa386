"""Tables: a model of plain rows and columns, a view with 36-px rows, and one thin delegate that paints both.

Rows are any values, fetched and sorted by whoever owns them (SQL above 1,000 rows); a column says how to show
one. `Group` rows stand between them as headings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.choices import paint_checkbox, paint_toggle
from desktop.widgets.labels import Tone, paint_avatar, paint_temperature, tone_colors

R = TypeVar("R")
AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows, from left to right: family mark, avatar, icon, text, second text; or a tag, a switch,
    temperature bars. ``tone`` names a text color; ``photo`` is the avatar's, where there is one."""

    text: str = ""
    second: str = ""
    tone: str = "text"
    strong: bool = False
    tabular: bool = False
    icon: str | None = None
    icon_tone: str | None = None
    family: str | None = None
    avatar: str | None = None
    photo: QImage | None = None
    tag: Tone | None = None
    switch: bool | None = None
    checked: bool | None = None
    temperature: int | None = None
    strike: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A heading between rows, on canvas, over the whole width."""

    title: str
    family: str | None = None
    right: str = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column: its title, how to show a row, its width in px (None shares what is left), its alignment.

    With ``sort_key`` a click on the title sorts the rows here; otherwise the view only sends `sortRequested`.
    """

    title: str
    cell: Callable[[R], Cell | str]
    width: int | None = None
    right: bool = False
    sort_key: Callable[[R], Any] | None = None
    sortable: bool = False


class RowModel(QAbstractTableModel, Generic[R]):
    """Rows (any values, `Group` among them) shown through columns."""

    def __init__(self, columns: Sequence[Column[R]], rows: Sequence[R | Group] = ()) -> None:
        super().__init__()
        self.columns = list(columns)
        self._rows: Sequence[R | Group] = rows

    def set_rows(self, rows: Sequence[R | Group]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns."""
        self.beginResetModel()
        self.columns = list(columns)
        self.endResetModel()

    def row(self, index: int) -> R | Group:
        """The value of a row."""
        return self._rows[index]

    def rows(self) -> Sequence[R | Group]:
        """All values, headings included."""
        return self._rows

    def row_changed(self, index: int) -> None:
        """Say that a row (replaced in the sequence by its owner) looks different now."""
        self.dataChanged.emit(self.index(index, 0), self.index(index, len(self.columns) - 1))

    def is_group(self, index: int) -> bool:
        """Whether a row is a heading."""
        return isinstance(self._rows[index], Group)

    def cell(self, row: int, column: int) -> Cell:
        """What a cell shows."""
        value = self._rows[row]
        if isinstance(value, Group):
            return Cell(value.title, strong=True, family=value.family) if column == 0 else Cell()
        shown = self.columns[column].cell(value)
        return Cell(shown) if isinstance(shown, str) else shown

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            cell = self.cell(index.row(), index.column())
            return f"{cell.text} {cell.second}".strip()
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].title
            if role == Qt.ItemDataRole.FontRole:
                return theme.font("small_medium")
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if index.isValid() and self.is_group(index.row()):
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows here when the column can and there are no headings."""
        if not 0 <= column < len(self.columns):
            return
        key = self.columns[column].sort_key
        values: list[R] = [row for row in self._rows if not isinstance(row, Group)]
        if key is None or len(values) != len(self._rows):
            return
        self.layoutAboutToBeChanged.emit()
        values.sort(key=key, reverse=order == Qt.SortOrder.DescendingOrder)
        self._rows = values
        self.layoutChanged.emit()


class RowDelegate(QStyledItemDelegate):
    """Paints cells from a `RowModel`: hover, selection, keyboard row, the 1-px line below."""

    def __init__(self, view: TableView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(0, theme.current().size.row)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        model = index.model()
        if not isinstance(model, RowModel):
            return
        t = theme.current()
        c = t.color
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        row, column = index.row(), index.column()
        group = model.is_group(row)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        forced = self._view.forced_states.get(row, "")
        fill = c.canvas if group else c.selection if selected or forced == "selected" else None
        if fill is None and (self._view.hover_row == row or forced == "hover"):
            fill = c.hover
        last = row == model.rowCount() - 1 and not self._view.draws_last_line
        if fill is not None and last:
            self._fill_rounded(painter, rect, fill, column == 0, column == len(model.columns) - 1)
        elif fill is not None:
            painter.fillRect(rect, fill)
        if not last:
            painter.fillRect(QRectF(rect.x(), rect.bottom() - 1, rect.width(), 1), c.line)
        pad = t.px(16) if column == 0 else t.px(8)
        inner = rect.adjusted(pad, 0, -(t.px(16) if column == len(model.columns) - 1 else t.px(8)), -1)
        if group:
            self._paint_group(painter, inner, model, row)
        else:
            paint_cell(painter, inner, model.cell(row, column), model.columns[column].right)
        if forced == "focus" or (self._view.hasFocus() and self._view.currentIndex().row() == row
                                 and self._view.shows_keyboard_row):  # fmt: skip
            self._paint_focus(painter, rect, column, len(model.columns), c.focus)
        painter.restore()

    @staticmethod
    def _fill_rounded(painter: QPainter, rect: QRectF, fill: QColor, left: bool, right: bool) -> None:
        """The last row of a table that ends with its card: the fill keeps inside the card's round corners."""
        radius = theme.current().size.radius_panel - 1
        wide = rect.adjusted(0 if left else -2 * radius, -2 * radius, 0 if right else 2 * radius, 0)
        painter.save()
        painter.setClipRect(rect)
        painting.box(painter, wide, radius, fill)
        painter.restore()

    def _paint_group(self, painter: QPainter, inner: QRectF, model: RowModel[Any], row: int) -> None:
        t = theme.current()
        group = model.row(row)
        assert isinstance(group, Group)
        if group.family:
            painting.draw_family_mark(painter, inner.x(), inner.center().y(), group.family, t.px(16))
            inner = inner.adjusted(t.px(14), 0, 0, 0)
        painting.text(painter, inner, group.title, "body_strong", t.color.text)
        if group.right:
            painting.text(painter, inner, group.right, "small", t.color.text2, Qt.AlignmentFlag.AlignRight)

    @staticmethod
    def _paint_focus(painter: QPainter, rect: QRectF, column: int, columns: int, color: QColor) -> None:
        painter.fillRect(QRectF(rect.x(), rect.y(), rect.width(), 2), color)
        painter.fillRect(QRectF(rect.x(), rect.bottom() - 3, rect.width(), 2), color)
        if column == 0:
            painter.fillRect(QRectF(rect.x(), rect.y(), 2, rect.height() - 1), color)
        if column == columns - 1:
            painter.fillRect(QRectF(rect.right() - 2, rect.y(), 2, rect.height() - 1), color)


def paint_cell(painter: QPainter, rect: QRectF, cell: Cell, right: bool = False) -> None:
    """Paint one cell's parts into ``rect``."""
    t = theme.current()
    c = t.color
    middle = rect.center().y()
    x = rect.x()
    if cell.switch is not None:
        width, height = t.px(32), t.px(18)
        left = rect.right() - width if right else x
        paint_toggle(painter, QRectF(left, middle - height / 2, width, height), cell.switch)
        return
    if cell.checked is not None:
        side = t.px(16)
        paint_checkbox(painter, QRectF(x, middle - side / 2, side, side), cell.checked)
        x += side + t.px(8)
    if cell.temperature is not None:
        paint_temperature(painter, rect, cell.temperature)
        return
    if cell.family:
        painting.draw_family_mark(painter, x, middle, cell.family, t.px(16))
        x += t.px(14)
    if cell.avatar is not None:
        side = t.px(24)
        paint_avatar(painter, QRectF(x, middle - side / 2, side, side), cell.avatar, cell.photo)
        x += side + t.px(8)
    ink: QColor = getattr(c, cell.tone)
    if cell.tag is not None:
        _paint_tag(painter, QRectF(x, rect.y(), rect.right() - x, rect.height()), cell, right)
        return
    if cell.icon:
        size = t.size.icon_small
        theme.draw_icon(painter, cell.icon, x, middle - size / 2, size,
                        getattr(c, cell.icon_tone) if cell.icon_tone else ink)  # fmt: skip
        x += size + t.px(6)
    room = QRectF(x, rect.y(), max(0.0, rect.right() - x), rect.height())
    side_flag = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    style = "body_strong" if cell.strong else "body"
    used = painting.text(painter, room, cell.text, style, ink, side_flag, tabular=cell.tabular or right,
                         strike=cell.strike)  # fmt: skip
    if cell.second and not right:
        gap = t.px(6) if cell.text else 0
        room.setLeft(min(room.right(), room.x() + used + gap))
        if room.width() > t.px(16):
            painting.text(painter, room, cell.second, "body", c.text2)


def _paint_tag(painter: QPainter, rect: QRectF, cell: Cell, right: bool) -> None:
    t = theme.current()
    if not cell.text:
        return
    fill, ink = (getattr(t.color, name) for name in tone_colors(cell.tag or Tone.NEUTRAL))
    icon = t.size.icon_small + t.px(4) if cell.icon else 0
    width = min(rect.width(), painting.text_width(cell.text, "small_medium") + t.px(12) + icon + 1)
    left = rect.right() - width if right else rect.x()
    pill = QRectF(left, rect.center().y() - t.px(10), width, t.px(20))
    painting.box(painter, pill, t.size.radius_entry, fill, painting.outline())
    if cell.icon:
        size = t.size.icon_small
        theme.draw_icon(painter, cell.icon, pill.x() + t.px(6), pill.center().y() - size / 2, size, ink)
    words = pill.adjusted(t.px(6) + icon, 0, -t.px(4), 0)
    painting.text(painter, words, cell.text, "small_medium", ink)


class TableView(QTableView):
    """A table over a `RowModel`. Signals carry row numbers; `model().row(n)` gives the value.

    `opened`: Enter or double click. `picked`: the current row moved. `clicked_cell`: a click (row, column), for
    switches. `sortRequested`: (column, descending) where the column does not sort here.
    """

    opened = Signal(int)
    picked = Signal(int)
    clicked_cell = Signal(int, int)
    sortRequested = Signal(int, bool)

    def __init__(self, model: RowModel[Any], name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hover_row = -1
        self.forced_states: dict[int, str] = {}
        self.draws_last_line = True
        self.shows_keyboard_row = True
        self.group_row_height = 28
        self.setAccessibleName(name)
        self.setModel(model)
        self._rows = model
        self.setItemDelegate(RowDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(theme.current().px(24))
        header.sectionClicked.connect(self._sort)
        self._sorted: tuple[int, bool] | None = None
        self._apply_sizes()
        self._layout_rows()
        model.modelReset.connect(self._layout_rows)
        model.layoutChanged.connect(self._layout_rows)
        self.entered.connect(self._hovered)
        self.clicked.connect(lambda index: self.clicked_cell.emit(index.row(), index.column()))
        self.doubleClicked.connect(lambda index: self._open(index.row()))

    def _apply_sizes(self) -> None:
        t = theme.current()
        vertical = self.verticalHeader()
        vertical.setMinimumSectionSize(t.px(20))
        vertical.setDefaultSectionSize(t.size.row)
        self.horizontalHeader().setFixedHeight(t.px(36))

    def _layout_rows(self) -> None:
        t = theme.current()
        header = self.horizontalHeader()
        for number, column in enumerate(self._rows.columns):
            if column.width is None:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
                header.resizeSection(number, t.px(column.width))
        self.clearSpans()
        if any(isinstance(row, Group) for row in self._rows.rows()[:2000]):
            for number in range(self._rows.rowCount()):
                if self._rows.is_group(number):
                    self.setSpan(number, 0, 1, len(self._rows.columns))
                    self.setRowHeight(number, t.px(self.group_row_height))
                else:
                    self.setRowHeight(number, t.size.row)

    def _sort(self, column: int) -> None:
        chosen = self._rows.columns[column]
        if chosen.sort_key is None and not chosen.sortable:
            return
        descending = self._sorted == (column, False)
        self._sorted = (column, descending)
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicatorShown(True)
        self.horizontalHeader().setSortIndicator(column, order)
        if chosen.sort_key is not None:
            self._rows.sort(column, order)
        else:
            self.sortRequested.emit(column, descending)

    def fit_height(self) -> None:
        """Be exactly as high as the rows and end with the card, for tables inside a scrolled page."""
        self.draws_last_line = False
        rows = sum(self.rowHeight(number) for number in range(self._rows.rowCount()))
        header = 0 if self.horizontalHeader().isHidden() else self.horizontalHeader().height()
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(rows + header)

    def select_row(self, row: int) -> None:
        """Make ``row`` the current one and bring it into view; -1 selects none."""
        if row < 0:
            self.clearSelection()
            return
        index = self._rows.index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def current_row(self) -> int:
        """The selected row, or -1."""
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else -1

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.picked.emit(current.row())

    def _hovered(self, index: AnyIndex) -> None:
        self._set_hover(index.row())

    def _set_hover(self, row: int) -> None:
        if row != self.hover_row:
            self.hover_row = row
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._set_hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hover(-1)

    def _open(self, row: int) -> None:
        if row >= 0 and not self._rows.is_group(row):
            self.opened.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_rows"):
            self._apply_sizes()
            self._layout_rows()
