"""The lists below a printed schedule: conflicts to settle, what else to look at, and names that found no space.

They fill a few columns under a rule, evenly, and continue on pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from desktop.printing.box_text import flag_width, wrap
from desktop.printing.day_page import PrintedConflict, PrintedEntry
from desktop.printing.drawing import GRAY_RULE
from desktop.printing.fonts import Weight
from desktop.printing.page_frame import Frame

TEXT = 8.6
LINE = 11.25
TITLE_LINE = 15.0
LIST_GAP = 16.5
TOGETHER = 60.0
"""A list up to this height is not broken over columns."""


@dataclass(frozen=True)
class Item:
    """One paragraph of the lists below the grid, with the number it is known by. The first of a list bears its
    title."""

    list_name: str
    number: str
    lines: tuple[str, ...]
    indent: float
    title: str = ""

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 1.5 + (TITLE_LINE if self.title else 0.0)


class Lists:
    """Breaks lists into columns of a page's width, and draws them."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.columns = 3 if frame.setup.is_landscape else 2
        self.column_width = (frame.width - LIST_GAP * (self.columns - 1)) / self.columns
        self.full_height = frame.bottom - frame.top - 12.0
        """What a page of lists only has space for."""

    def items(self, lists: Mapping[str, Iterable[tuple[str, str]]]) -> list[Item]:
        """The paragraphs of lists by their names; each paragraph is a number (may be empty) and a text."""
        found = []
        for name, paragraphs in lists.items():
            for i, (number, text) in enumerate(paragraphs):
                indent = flag_width(self.frame.fonts, (number,)) + 4.5 if number else 0.0
                lines = wrap(
                    self.frame.fonts, text, TEXT, Weight.REGULAR, self.column_width - indent, breaks_words=True
                )
                found.append(Item(name, number, tuple(lines or ()), indent, name if i == 0 else ""))
        return found

    def height(self, items: Sequence[Item]) -> float:
        """The height in points that the lists need, their rule included."""
        return 12.0 + self._column_height(items) if items else 0.0

    def split(self, items: Sequence[Item], space: float) -> list[list[Item]]:
        """What fits in ``space`` points (may be nothing), and what follows on pages of their own."""
        parts: list[list[Item]] = []
        rest = list(items)
        while rest:
            count = next((n for n in range(len(rest), 0, -1) if self.height(rest[:n]) <= space), 0)
            if count == 0 and parts:
                count = 1
            parts.append(rest[:count])
            rest = rest[count:]
            space = self.full_height
            if rest and not rest[0].title:
                rest[0] = replace(rest[0], title=f"{rest[0].list_name}, continued")
        return parts

    def draw(self, items: Sequence[Item], top: float) -> None:
        """Draw the lists in columns under a rule."""
        if not items:
            return
        pen, left, right = self.frame.pen, self.frame.left, self.frame.right
        pen.line(left, top, right, top, gray=GRAY_RULE)
        limit = self._column_height(items)
        x, y = left, 0.0
        for item in items:
            if y + item.height > limit + 0.01 and y > 0:
                x, y = x + self.column_width + LIST_GAP, 0.0
            line_top = top + 6.0 + y
            if item.title:
                pen.text(x, line_top + (2.5 if y else -0.5), item.title, 9.0, Weight.SEMIBOLD)
                line_top += TITLE_LINE
            if item.number:
                pen.flag(x, line_top, (item.number,), item.indent - 4.5)
            for i, line in enumerate(item.lines):
                pen.text(x + item.indent, line_top + i * LINE, line, TEXT)
            y += item.height

    def _column_height(self, items: Sequence[Item]) -> float:
        """The least height at which the items, in order, fill the columns of the lists."""
        heights = [item.height for item in items]
        limit = max(max(heights), sum(heights) / self.columns)
        by_list: dict[str, float] = {}
        for item in items:
            by_list[item.list_name] = by_list.get(item.list_name, 0.0) + item.height
        limit = max(limit, *(height for height in [0.0, *by_list.values()] if height <= TOGETHER))
        while True:
            taken, used = 0.0, 1
            for height in heights:
                if taken + height > limit + 0.01:
                    taken, used = 0.0, used + 1
                taken += height
            if used <= self.columns:
                return limit
            limit += LINE / 2


def look_at(
    conflicts: Sequence[PrintedConflict], notes: Iterable[str], shortened: Iterable[tuple[str, PrintedEntry]] = ()
) -> dict[str, list[tuple[str, str]]]:
    """The lists of a schedule: conflicts by number, notes, and entries whose boxes did not say all names (each with
    the words that say when)."""
    full_names = []
    for when, entry in shortened:
        teacher = entry.tutor.name if entry.tutor else "No tutor"
        where = ", ".join(part for part in (entry.titles[0], teacher, entry.place) if part)
        full_names.append(("", f"{when} {where}: {', '.join(entry.people) or 'nobody yet'}"))
    return {
        "Conflicts to settle": [(str(number), conflict.text) for number, conflict in enumerate(conflicts, 1)],
        "Also to look at": [("", note) for note in notes],
        "Names in full": full_names,
    }
