"""A case drawn along the clock: one bar for each of its entries, their buffers, and the minutes claimed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.schedule.box_faces import hatch
from desktop.schedule.calendar_values import Family, Span, hour_words
from desktop.schedule.conflict_book import Case, Severity
from desktop.widgets import painting

_MARGIN_MINUTES = 30
_BAR = 18
_GAP = 5
_SCALE = 20
_MOST = 6


class ConflictPicture(QWidget):
    """Bars under a scale of hours. The words beside it say the same, so it has no name of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._case: Case | None = None
        self._families: Mapping[str, Family] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_case(self, case: Case | None, families: Mapping[str, Family]) -> None:
        """Draw a case; `families` by entry id."""
        self._case, self._families = case, families
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        rows = min(len(self._case.entries), _MOST) if self._case is not None else 0
        return QSize(px(240), px(_SCALE) + rows * px(_BAR + _GAP))

    def paintEvent(self, event: QPaintEvent) -> None:
        case = self._case
        if case is None:
            return
        t = theme.current()
        first = case.entries[0]
        entries = case.entries[:_MOST]
        # Entries of another day (past midnight) are placed by their instants, relative to the first.
        offsets = [(row.booking.starts - first.booking.starts) // 60 + first.starts for row in entries]
        begin = min(offsets) - _MARGIN_MINUTES
        lasting = (at + row.blocked_until - row.starts for at, row in zip(offsets, entries, strict=True))
        end = max(lasting) + _MARGIN_MINUTES
        per_minute = self.width() / max(end - begin, 1)
        painter = painting.painter_for(self)
        top = t.px(_SCALE)
        hour = -(-begin // 60) * 60
        while hour < end:
            x = (hour - begin) * per_minute
            painter.fillRect(QRectF(x, top - t.px(3), 1, self.height() - top + t.px(3)), t.color.line)
            words = hour_words(hour)
            width = painting.text_width(words, "micro")
            left = min(max(0.0, x - width / 2), self.width() - width)
            painting.text(painter, QRectF(left, 0, width + 1, t.px(14)), words, "micro", t.color.text3)
            hour += 60
        for number, (at, row) in enumerate(zip(offsets, entries, strict=True)):
            y = top + number * t.px(_BAR + _GAP)
            x, width = (at - begin) * per_minute, (row.ends - row.starts) * per_minute
            tail = (row.blocked_until - row.ends) * per_minute
            colors = t.families[self._families.get(row.id, Family.PRIVATE).value]
            if tail > 0:
                area = QRectF(x + width, y, tail, t.px(_BAR))
                painting.box(painter, area, 2, None, t.color.line_strong, dashed=True)
            bar = QRectF(x, y, width, t.px(_BAR))
            painting.box(painter, bar, t.size.radius_entry, colors.fill, colors.border)
            painting.family_edge(painter, QRectF(x, y, t.px(4), t.px(_BAR)), colors, t.size.radius_entry)
        ink = t.color.danger_line if case.severity is Severity.OVERLAP else t.color.warn_line
        for first_minute, last_minute in _claimed_twice(case, offsets):
            x, width = (first_minute - begin) * per_minute, (last_minute - first_minute) * per_minute
            area = QRectF(x, top - t.px(2), width, self.height() - top)
            hatch(painter, area, ink, 1.5, 6.0, 0.35)
            painter.fillRect(QRectF(area.x(), area.y(), 1.5, area.height()), ink)
            painter.fillRect(QRectF(area.right() - 1.5, area.y(), 1.5, area.height()), ink)
        painter.end()


def _claimed_twice(case: Case, offsets: Sequence[int]) -> list[Span]:
    """The minutes at which two or more of the entries take place, for a case of an overlap; the buffer that is hit
    otherwise."""
    if case.severity is Severity.FLAG:
        return []
    if case.severity is Severity.BUFFER:
        return [(case.starts, case.ends)] if len(case.entries) == 2 else []
    changes: list[tuple[int, int]] = []
    for at, row in zip(offsets, case.entries, strict=False):
        changes += [(at, 1), (at + row.ends - row.starts, -1)]
    spans: list[Span] = []
    count, began = 0, 0
    for minute, step in sorted(changes):
        if count < 2 <= count + step:
            began = minute
        elif count + step < 2 <= count and minute > began:
            spans.append((began, minute))
        count += step
    return spans
