"""Pages with a table: headings repeated on every page, rows in groups, cells that wrap, and lists below.

A tall row is broken between the blocks of its cells; a block, such as the lines of one session, stays together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from desktop.printing.box_text import FLAG_HEIGHT, flag_width, wrap
from desktop.printing.drawing import GRAY_LINE, GRAY_RULE
from desktop.printing.fonts import Weight
from desktop.printing.listing import Item, Lists
from desktop.printing.page_frame import Frame, PrintedPage

GAP = 9.0
PAD_X, PAD_Y = 4.0, 3.5
HEADING_SIZE = 8.25
GROUP_SIZE = 10.5
GROUP_HEIGHT = 21.0
LEADING = 1.26
BLOCK_GAP = 3.0
NOTE_HEIGHT = 14.0
_TALL = 0.3
"""A row of more than this share of a page may be broken."""


class Words(NamedTuple):
    """A paragraph of a cell, with the conflict numbers that stand behind its last line."""

    text: str
    weight: Weight = Weight.REGULAR
    numbers: tuple[int, ...] = ()


Block = tuple[Words, ...]
"""Paragraphs of a cell that stay together."""
Cell = tuple[Block, ...]


@dataclass(frozen=True)
class TableColumn:
    """A column of at least ``least`` points and a ``share`` of what is left. A heading may have several lines."""

    heading: str
    least: float
    share: float = 1.0
    is_centered: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under a heading (none when empty); each row has a cell for every column."""

    heading: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Table:
    """A table. ``least_row`` is the height in points that each row has at least; with ``is_ruled`` the columns are
    parted by lines, for writing by hand. ``lists`` stand below, ``note`` is one line at the end."""

    title: str
    subtitle: str
    columns: tuple[TableColumn, ...]
    groups: tuple[Group, ...]
    size: float = 9.0
    least_row: float = 0.0
    is_ruled: bool = False
    note: str = ""
    lists: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    empty: tuple[str, str] = ("Nothing to show.", "")


def cell(text: str, weight: Weight = Weight.REGULAR) -> Cell:
    """A cell of one paragraph."""
    return ((Words(text, weight),),) if text else ()


class _Line(NamedTuple):
    text: str
    weight: Weight
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Row:
    """A row, or a part of one, with the blocks of its cells broken into lines."""

    cells: tuple[tuple[tuple[_Line, ...], ...], ...]
    height: float
    heading: str = ""


@dataclass(frozen=True)
class _Page:
    """The rows of a page and the lists below; at the end of the rows stands the note."""

    rows: list[_Row]
    items: list[Item]
    is_end: bool = False


def table_pages(frame: Frame, table: Table) -> list[PrintedPage]:
    """The pages of a table; one that says so when it has no rows."""
    if not any(group.rows for group in table.groups):
        return [PrintedPage(table.title, table.subtitle, lambda: frame.say_empty(*table.empty))]
    printer = _TablePrinter(frame, table)
    return [
        PrintedPage(table.title, table.subtitle, lambda page=page: printer.draw(page))  # type: ignore[misc]
        for page in printer.compose()
    ]


class _TablePrinter:
    def __init__(self, frame: Frame, table: Table) -> None:
        self.frame, self.table, self.pen, self.fonts = frame, table, frame.pen, frame.fonts
        self.lists = Lists(frame)
        spare = frame.width - sum(column.least for column in table.columns)
        shares = sum(column.share for column in table.columns) or 1.0
        scale = min(1.0, frame.width / sum(column.least for column in table.columns))
        self.widths = [c.least * scale + max(spare, 0.0) * c.share / shares for c in table.columns]
        self.headings = [
            [
                line
                for part in c.heading.split("\n")
                for line in wrap(self.fonts, part, HEADING_SIZE, Weight.SEMIBOLD, w - 2 * PAD_X, breaks_words=True)
                or []
            ]
            for c, w in zip(table.columns, self.widths, strict=True)
        ]
        most = max(len(lines) for lines in self.headings)
        self.rows_top = frame.top + GAP + most * HEADING_SIZE * LEADING + 5.0
        self.leading = table.size * LEADING

    # Composing

    def compose(self) -> list[_Page]:
        """The rows of each page, and the items of the lists below them."""
        space = self.frame.bottom - self.rows_top
        pages: list[list[_Row]] = [[]]
        left = space

        def turn(heading: str) -> None:
            nonlocal left
            pages.append([])
            left = space
            if heading:
                pages[-1].append(_Row((), GROUP_HEIGHT, f"{heading}, continued"))
                left -= GROUP_HEIGHT

        for group in self.table.groups:
            rows = [self._row(row) for row in group.rows]
            if group.heading and rows:
                if left < GROUP_HEIGHT + min(rows[0].height, space * _TALL):
                    turn("")
                pages[-1].append(_Row((), GROUP_HEIGHT, group.heading))
                left -= GROUP_HEIGHT
            for row in rows:
                rest: _Row | None = row
                while rest is not None:
                    part, rest = self._fit(rest, left, space)
                    if part is None:
                        turn(group.heading)
                        continue
                    pages[-1].append(part)
                    left -= part.height
                    if rest is not None:
                        turn(group.heading)
        items = self.lists.items(self.table.lists)
        left -= (NOTE_HEIGHT if self.table.note else 0.0) + 8.0
        below, *more = self.lists.split(items, left) or [[]]
        ends: list[_Page] = [_Page(pages[-1], below, is_end=True), *(_Page([], part) for part in more)]
        return [*(_Page(rows, []) for rows in pages[:-1]), *ends]

    def _row(self, cells: tuple[Cell, ...]) -> _Row:
        broken = tuple(
            tuple(self._lines(block, width - 2 * PAD_X) for block in one)
            for one, width in zip(cells, self.widths, strict=True)
        )
        return _Row(broken, self._height(broken))

    def _height(self, cells: tuple[tuple[tuple[_Line, ...], ...], ...]) -> float:
        tallest = max(
            (sum(len(b) * self.leading + BLOCK_GAP for b in one) - BLOCK_GAP for one in cells if one), default=0.0
        )
        return max(tallest + 2 * PAD_Y, self.table.least_row)

    def _lines(self, block: Block, width: float) -> tuple[_Line, ...]:
        lines: list[_Line] = []
        for words in block:
            plate = self._plate(words.numbers)
            broken = wrap(self.fonts, words.text, self.table.size, words.weight, width - plate, breaks_words=True)
            first, *others = broken or [""]
            lines.append(_Line(first, words.weight, words.numbers))
            lines += [_Line(text, words.weight) for text in others]
        return tuple(lines)

    def _plate(self, numbers: tuple[int, ...]) -> float:
        return flag_width(self.fonts, (_spaced(numbers),)) + 3.0 if numbers else 0.0

    def _fit(self, row: _Row, left: float, space: float) -> tuple[_Row | None, _Row | None]:
        """As much of a row as fits in what is left of a page, and the rest."""
        if row.height <= left:
            return row, None
        if row.height <= space * _TALL:
            return None, row
        now, later = [], []
        for one in row.cells:
            height, count = 2 * PAD_Y - BLOCK_GAP, 0
            for block in one:
                height += len(block) * self.leading + BLOCK_GAP
                if height > left:
                    break
                count += 1
            now.append(one[:count])
            later.append(one[count:])
        if not any(now[1:]):
            is_whole_page = left > space - 2 * GROUP_HEIGHT
            return (self._cut(row, left), None) if is_whole_page else (None, row)
        name = now[0] or row.cells[0]
        first = _Row((name, *now[1:]), self._height((name, *now[1:])))
        again = tuple(tuple(_Line(line.text, line.weight) for line in block) for block in row.cells[0])
        rest = (again, *later[1:])
        return first, _Row(rest, self._height(rest)) if any(later[1:]) else None

    def _cut(self, row: _Row, left: float) -> _Row:
        """A block higher than a page is written smaller line by line: as many lines as there is space for."""
        most = max(int((left - 2 * PAD_Y) / self.leading), 1)
        cells = tuple((tuple(line for block in one for line in block)[:most],) if one else () for one in row.cells)
        return _Row(cells, left)

    # Drawing

    def draw(self, page: _Page) -> None:
        """Draw one page: rows, then lists."""
        top = self.frame.top + GAP
        if page.rows:
            self._headings()
            top = self.rows_top
            for row in page.rows:
                if row.heading:
                    self._heading_row(row, top)
                else:
                    self._cells(row, top)
                top += row.height
            if page.is_end and self.table.note:
                self.pen.text_right(self.frame.right, top + 6.0, self.table.note, 8.25, gray=0.2)
                top += NOTE_HEIGHT
            top += 8.0
        self.lists.draw(page.items, top)

    def _headings(self) -> None:
        x = self.frame.left
        for column, width, lines in zip(self.table.columns, self.widths, self.headings, strict=True):
            y = self.rows_top - 5.0 - len(lines) * HEADING_SIZE * LEADING
            for i, line in enumerate(lines):
                self._write(column, x, y + i * HEADING_SIZE * LEADING, width, line, HEADING_SIZE, Weight.SEMIBOLD)
            x += width
        self.pen.line(self.frame.left, self.rows_top, self.frame.right, self.rows_top, 0.8)

    def _heading_row(self, row: _Row, top: float) -> None:
        self.pen.fill(self.frame.left, top, self.frame.width, row.height, 0.93)
        size, space = GROUP_SIZE, self.frame.width - 2 * PAD_X
        self.pen.text_within(self.frame.left + PAD_X, top + 4.5, row.heading, size, Weight.SEMIBOLD, space)

    def _cells(self, row: _Row, top: float) -> None:
        bottom = top + row.height
        x, size = self.frame.left, self.table.size
        for column, width, one in zip(self.table.columns, self.widths, row.cells, strict=True):
            y = top + PAD_Y
            if self.table.least_row:
                lines = sum(len(block) for block in one)
                y = top + (row.height - lines * self.leading - (len(one) - 1) * BLOCK_GAP) / 2
            for block in one:
                for line in block:
                    self._write(column, x, y, width, line.text, size, line.weight)
                    if line.numbers:
                        after = x + PAD_X + self.fonts.width(line.text, size, line.weight) + 3.0
                        plate = self._plate(line.numbers) - 3.0
                        self.pen.flag(after, y + size * 0.55 - FLAG_HEIGHT / 2, (_spaced(line.numbers),), plate)
                    y += self.leading
                y += BLOCK_GAP
            if self.table.is_ruled and x > self.frame.left:
                self.pen.line(x, top, x, bottom, gray=GRAY_RULE)
            x += width
        self.pen.line(
            self.frame.left, bottom, self.frame.right, bottom, gray=GRAY_RULE if self.table.is_ruled else GRAY_LINE
        )

    def _write(
        self, column: TableColumn, x: float, y: float, width: float, text: str, size: float, weight: Weight
    ) -> None:
        if column.is_centered:
            self.pen.text_center(x + width / 2, y, text, size, weight)
        else:
            self.pen.text(x + PAD_X, y, text, size, weight)


def _spaced(numbers: Sequence[int]) -> str:
    return " ".join(str(number) for number in numbers)
