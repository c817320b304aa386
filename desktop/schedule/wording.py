"""Steps the words of an entry down until they fit its box: full, abbreviated, code; a word is never cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Mode, Status, Wording


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
    size: float


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
    """The first of the wordings, longest first, that fits; "" when none does, and the line is left out."""
    return next((text for text in wording if measure(text, role) <= width), "")


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
    best: tuple[tuple[TextLine, ...], Badge | None] | None = None
    least = 0
    for badge in _badges(entry, width, height, metrics):
        lines, lost = _lines(entry, width, height, badge, metrics, measure)
        if best is None or lost < least:
            best, least = (lines, badge), lost
        if not least:
            break
    return best if best is not None else (_lines(entry, width, height, None, metrics, measure)[0], None)


def _lines(
    entry: CalendarEntry, width: float, height: float, badge: Badge | None, metrics: TextMetrics, measure: Measure
) -> tuple[tuple[TextLine, ...], int]:
    """The lines beside a badge, and by how many steps title and people had to give way to it."""
    narrow = width < metrics.narrow_below
    left = metrics.narrow_left if narrow else metrics.left
    if entry.status is Status.CANCELLED:
        left -= metrics.gap
    available = width - left - (metrics.narrow_right if narrow else metrics.right)
    rows = int((height - metrics.top + 1) // metrics.line_height)
    if rows < 1:
        return (), 0
    top = metrics.top if rows > 1 or height >= 2 * metrics.line_height else (height - metrics.line_height) / 2
    lost = 0

    def room(row: int) -> float:
        if badge is None:
            return available
        row_top = top + row * metrics.line_height
        air = metrics.line_height / 7
        is_clear = badge.y + badge.size <= row_top + air or badge.y + air >= row_top + metrics.line_height
        return available if is_clear else min(available, badge.x - left - 1)

    def fitted(wording: Wording, row: int, role: TextRole, indent: float = 0.0) -> str:
        nonlocal lost
        text = fit(wording, room(row) - indent, role, measure)
        if badge is not None:
            lost += _steps(wording, text) - _steps(wording, fit(wording, available - indent, role, measure))
        return text

    struck = entry.status is Status.CANCELLED
    title = fitted(entry.title, 0, metrics.title)
    result = [TextLine(title, left, top, metrics.title, is_strong=True, is_struck=struck)] if title else []
    if rows == 1:
        after = left + measure(title, metrics.title) + metrics.gap * 2 if title else left
        rest = fit(entry.lines[0].wording, room(0) - (after - left), metrics.line, measure) if entry.lines else ""
        if rest:
            result.append(TextLine(rest, after, top, metrics.line, is_struck=struck))
        return tuple(result), lost
    row = 1
    for number, line in enumerate(entry.lines):
        if row >= rows:
            break
        indent = metrics.icon + metrics.gap * 0.75 if line.icon else 0.0
        if number == 0:
            text = fitted(line.wording, row, metrics.line, indent)
        else:
            text = fit(line.wording, room(row) - indent, metrics.line, measure)
        if not text:
            continue
        y = top + row * metrics.line_height
        result.append(
            TextLine(text, left, y, metrics.line, line.icon, is_struck=struck and number == 0, is_faint=number > 0)
        )
        row += 1
    return tuple(result), lost


def _steps(wording: Wording, text: str) -> int:
    """How far down its wordings a text stands; being left out is worse than any."""
    return wording.index(text) if text in wording else len(wording) + 1


def _badges(entry: CalendarEntry, width: float, height: float, metrics: TextMetrics) -> list[Badge]:
    """Where the badge may stand, best first: upper right; in narrow lanes lower right, there also a little smaller
    and close to the corner, before it takes its room from the title."""
    kind = badge_kind(entry)
    if not kind or height < metrics.badge or width < metrics.badge * 1.5:
        return []

    def at(size: float, inset: float, *, low: bool) -> Badge:
        y = height - inset - size if low else inset
        return Badge(kind, width - inset - size, max(min(y, height - size), 0.0), size)

    upper = at(metrics.badge, metrics.badge_inset, low=False)
    if width >= metrics.low_badge_below:
        return [upper]
    small = at(metrics.badge * 0.86, metrics.badge_inset * 0.6, low=True)
    return [at(metrics.badge, metrics.badge_inset, low=True), small, upper]


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
