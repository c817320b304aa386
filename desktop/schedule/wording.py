"""Steps the words of an entry down until they fit its box: full, short, code; never cut mid-letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Line, Mode, Status, Wording


class TextRole(IntEnum):
    """Which of the calendar's fonts a text uses."""

    TITLE = 0
    LINE = 1
    ROOMY_TITLE = 2
    ROOMY_LINE = 3
    HEADING = 4
    SUBHEADING = 5
    COUNT = 6
    PILL = 7
    HOUR = 8
    NOW = 9
    TAG = 10
    FOLDED = 11


Measure = Callable[[str, TextRole], float]
"""Width in px of one line of text in one of the calendar's fonts."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A piece of text inside a box: its left and top relative to the box, and the icon before it."""

    text: str
    x: float
    y: float
    role: TextRole
    icon: str = ""
    is_strong: bool = False
    is_struck: bool = False
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Badge:
    """The mark in a corner of a box; x and y relative to the box."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class TextMetrics:
    """Paddings and heights, in px, of the text in one kind of box (compact in the week, roomy in the day)."""

    title: TextRole
    line: TextRole
    line_height: float
    top: float
    left: float
    right: float
    narrow_below: float
    narrow_left: float
    narrow_right: float
    low_badge_below: float
    badge: float
    badge_inset: float
    icon: float
    gap: float


def fit(wording: Wording, width: float, role: TextRole, measure: Measure) -> str:
    """The longest of the wordings that fits; failing that, the shortest one cut after a letter, with a point.

    A text with digits in it (a time, a count) is never cut: it is left out instead.
    """
    for text in wording:
        if measure(text, role) <= width:
            return text
    if not wording or any(letter.isdigit() for letter in wording[-1]):
        return ""
    shortest = wording[-1]
    for length in range(len(shortest) - 1, 1, -1):
        text = shortest[:length].rstrip(" -.,") + "."
        if measure(text, role) <= width:
            return text
    for length in (2, 1):
        if measure(shortest[:length], role) <= width:
            return shortest[:length]
    return ""


def badge_kind(entry: CalendarEntry) -> str:
    """Which badge an entry carries: the most pressing of what there is to say; "" for none."""
    if entry.status is not Status.CANCELLED and entry.conflict is not ConflictMark.NONE:
        return entry.conflict.value
    if entry.status is Status.NO_SHOW:
        return "no_show"
    if entry.is_unpaid and entry.status is not Status.CANCELLED:
        return "unpaid"
    return ""


def box_text(
    entry: CalendarEntry, width: float, height: float, metrics: TextMetrics, measure: Measure
) -> tuple[tuple[TextLine, ...], Badge | None]:
    """Text lines and badge of a box of the given size."""
    narrow = width < metrics.narrow_below
    left = metrics.narrow_left if narrow else metrics.left
    if entry.status is Status.CANCELLED:
        left -= metrics.gap
    available = width - left - (metrics.narrow_right if narrow else metrics.right)
    badge = _badge(entry, width, height, metrics)
    rows = int((height - metrics.top + 1) // metrics.line_height)
    if rows < 1:
        return (), badge
    top = metrics.top if rows > 1 or height >= 2 * metrics.line_height else (height - metrics.line_height) / 2

    def room(row: int) -> float:
        if badge is None:
            return available
        row_top = top + row * metrics.line_height
        misses = badge.y + metrics.badge <= row_top + 2 or badge.y + 4 >= row_top + metrics.line_height
        return available if misses else min(available, badge.x - left - 1)

    struck = entry.status is Status.CANCELLED
    title = fit(entry.title, room(0), metrics.title, measure)
    result = [TextLine(title, left, top, metrics.title, is_strong=True, is_struck=struck)] if title else []
    if rows == 1:
        after = left + measure(title, metrics.title) + metrics.gap * 2 if title else left
        rest = _whole(entry.lines[:1], room(0) - (after - left), metrics, measure)
        if rest:
            result.append(TextLine(rest, after, top, metrics.line, is_struck=struck))
        return tuple(result), badge
    row = 1
    for number, line in enumerate(entry.lines):
        if row >= rows:
            break
        indent = metrics.icon + metrics.gap * 0.75 if line.icon else 0.0
        if number == 0:
            text = fit(line.wording, room(row) - indent, metrics.line, measure)
        else:
            text = _whole(entry.lines[number : number + 1], room(row) - indent, metrics, measure)
        if not text:
            continue
        y = top + row * metrics.line_height
        result.append(
            TextLine(text, left, y, metrics.line, line.icon, is_struck=struck and number == 0, is_faint=number > 0)
        )
        row += 1
    return tuple(result), badge


def _whole(lines: Sequence[Line], width: float, metrics: TextMetrics, measure: Measure) -> str:
    """The longest wording of the first line that fits uncut; "" when none does."""
    wording = lines[0].wording if lines else ()
    return next((text for text in wording if measure(text, metrics.line) <= width), "")


def _badge(entry: CalendarEntry, width: float, height: float, metrics: TextMetrics) -> Badge | None:
    kind = badge_kind(entry)
    if not kind or height < metrics.badge or width < metrics.badge * 1.5:
        return None
    inset = metrics.badge_inset
    x = width - inset - metrics.badge
    low = width < metrics.low_badge_below
    y = height - inset - metrics.badge if low else inset
    return Badge(kind, x, max(min(y, height - metrics.badge), 0.0))


def closed_words(reason: str, names: Sequence[str]) -> Wording:
    """What the pill over folded days says, longest first: "Closed for Thanksgiving, Thursday and Friday"."""
    if len(names) > 2:
        days = f"{names[0]} to {names[-1]}"
    else:
        days = " and ".join(names)
    if not reason:
        return (f"Closed {days}".strip(), "Closed")
    return (f"Closed for {reason}, {days}", f"Closed for {reason}", "Closed")


def half_lines_wanted(mode: Mode, hour_height: float, line_height: float) -> bool:
    """Whether dotted half-hour lines help: in the day, where an hour holds several lines of text."""
    return mode is Mode.DAY and hour_height >= line_height * 3.5
