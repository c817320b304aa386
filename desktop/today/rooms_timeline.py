"""The day's rooms as rows over a time axis, painted: lessons as bars with their marks, and the now-line through all.

Arrow keys go from lesson to lesson, Enter or a click opens one (`opened` carries its id).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop import theme
from desktop.schedule.box_faces import look_of, paint_face, text_color
from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Status
from desktop.schedule.lanes import seats
from desktop.today.today_rows import PlaceRooms
from desktop.widgets import painting
from desktop.widgets.parsing import format_time
from shared_models.schedule.times import time_of


@dataclass(frozen=True, slots=True)
class _Bar:
    """One lesson in its place."""

    entry: CalendarEntry
    rect: QRectF


@dataclass(frozen=True, slots=True)
class _Row:
    """A room's name, or a location's heading, with its top and height."""

    name: str
    top: float
    height: float
    is_heading: bool


class RoomsTimeline(QWidget):
    """Shows `PlaceRooms`; call `set_rooms` whenever they or the minute change."""

    opened = Signal(str)
    shows_focus_ring = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places: Sequence[PlaceRooms] = ()
        self._span = (14 * 60, 21 * 60)
        self._minute = 0
        self._rows: list[_Row] = []
        self._bars: list[_Bar] = []
        self._height = 0.0
        self._hover = ""
        self._cursor = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Rooms today")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_rooms(self, places: Sequence[PlaceRooms], span: tuple[int, int], minute: int) -> None:
        """Show the rooms of some locations between two minutes of the day; ``minute`` is now."""
        self._places, self._span, self._minute = places, span, minute
        self._arrange()
        self.updateGeometry()
        self.update()

    def bars(self) -> list[tuple[CalendarEntry, QRectF]]:
        """Every lesson with its rectangle."""
        return [(bar.entry, bar.rect) for bar in self._bars]

    def _axis_left(self) -> float:
        return theme.current().px(92)

    def _x(self, minute: float) -> float:
        first, last = self._span
        room = self.width() - self._axis_left() - theme.current().px(28)
        return self._axis_left() + (minute - first) / max(1, last - first) * room

    def _arrange(self) -> None:
        t = theme.current()
        self._rows, self._bars = [], []
        y = float(t.px(26))
        for place in self._places:
            if len(self._places) > 1 or not place.lanes:
                self._rows.append(_Row(place.name, y, t.px(24), True))
                y += t.px(24)
            for room in place.lanes:
                shown = [entry for entry in room.entries if entry.status is not Status.CANCELLED]
                places = seats([(entry.starts, entry.ends, entry.id) for entry in shown])
                lanes = max((seat.lane + 1 for seat in places), default=1)
                height = t.px(8 if t.compact else 9) + lanes * t.px(21) - (lanes - 1)
                self._rows.append(_Row(room.name, y, height, False))
                for entry, seat in zip(shown, places, strict=True):
                    left, right = self._x(entry.starts), self._x(entry.ends)
                    top = y + t.px(4) + seat.lane * (t.px(21) - 1)
                    self._bars.append(_Bar(entry, QRectF(round(left) + 1, top, round(right - left) - 2, t.px(21))))
                y += height
        self._height = y + t.px(3)
        if self._cursor not in {bar.entry.id for bar in self._bars}:
            self._cursor = ""

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(480), round(self._height) or theme.current().px(120))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(320), self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._arrange()
            self.updateGeometry()

    def _bar_at(self, point: QPointF) -> _Bar | None:
        return next((bar for bar in reversed(self._bars) if bar.rect.contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        bar = self._bar_at(event.position())
        hover = bar.entry.id if bar else ""
        if hover != self._hover:
            self._hover = hover
            self.setCursor(Qt.CursorShape.PointingHandCursor if bar else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = ""
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        bar = self._bar_at(event.position())
        if bar is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cursor = bar.entry.id
            self.opened.emit(bar.entry.id)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            bar = self._bar_at(QPointF(event.pos()))
            if bar is not None:
                QToolTip.showText(event.globalPos(), "\n".join(bar.entry.details), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cursor:
            self.opened.emit(self._cursor)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down) and self._bars:
            self._move_cursor(key)
        else:
            super().keyPressEvent(event)

    def _move_cursor(self, key: Qt.Key) -> None:
        now = next((bar for bar in self._bars if bar.entry.id == self._cursor), None)
        if now is None:
            target = min(self._bars, key=lambda bar: (bar.rect.y(), bar.rect.x()))
        else:
            along = key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
            sign = 1 if key in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1

            def ahead(bar: _Bar) -> bool:
                step = bar.rect.x() - now.rect.x() if along else bar.rect.y() - now.rect.y()
                return step * sign > 0

            def distance(bar: _Bar) -> float:
                dx, dy = abs(bar.rect.x() - now.rect.x()), abs(bar.rect.y() - now.rect.y())
                return dx + 40 * dy if along else dx + 2 * dy

            target = min(filter(ahead, self._bars), key=distance, default=now)
        self._cursor = target.entry.id
        self.setAccessibleDescription(", ".join(target.entry.details))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        self._paint_grid(painter)
        x = self._x(self._minute)
        shows_now = self._span[0] <= self._minute <= self._span[1]
        c = theme.current().color
        if shows_now:
            painter.fillRect(QRectF(round(x) - 1, theme.current().px(24), 2, self.height()), c.now)
        for bar in self._bars:
            self._paint_bar(painter, bar)
        if shows_now:
            self._paint_now(painter, x)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        t = theme.current()
        c = t.color
        first, last = self._span
        body = t.px(26)
        for minute in range(-(-first // 60) * 60, last + 1, 60):
            x = round(self._x(minute))
            painter.fillRect(QRectF(x, body, 1, self.height() - body), c.line)
            pill = painting.text_width("00:00", "micro_strong")
            if abs(self._x(self._minute) - x - t.px(18)) > pill and minute < last:
                words = f"{(minute // 60 - 1) % 12 + 1} {'AM' if minute < 720 else 'PM'}"
                label = QRectF(x + t.px(4), 0, t.px(60), body)
                painting.text(painter, label, words, "micro", c.text3, tabular=True)
        for row in self._rows:
            painter.fillRect(QRectF(0, row.top, self.width(), 1), c.line)
            if row.is_heading:
                painter.fillRect(QRectF(0, row.top + 1, self.width(), row.height - 1), c.canvas)
                place = QRectF(t.px(16), row.top, self.width(), row.height)
                painting.text(painter, place, row.name, "small_strong", c.text2)
            else:
                name = QRectF(t.px(16), row.top, self._axis_left() - t.px(22), row.height)
                painting.text(painter, name, row.name, "small", c.text2)

    def _paint_bar(self, painter: QPainter, bar: _Bar) -> None:
        t = theme.current()
        entry, rect = bar.entry, bar.rect
        look = look_of(entry, is_lifted=entry.id == self._hover)
        paint_face(painter, rect, look)
        ink = text_color(look)
        left, right = rect.x() + t.px(10), rect.right() - t.px(5)
        badge = {ConflictMark.OVERLAP: "!", ConflictMark.BUFFER: "clock"}.get(entry.conflict, "")
        if badge:
            right -= t.px(16)
            side = t.px(14)
            corner = QPointF(rect.right() - t.px(18), rect.center().y() - side / 2)
            self._paint_badge(painter, QRectF(corner, QSizeF(side, side)), badge)
        who = entry.lines[0].wording if entry.lines else ()
        words, people = self._fitting(entry.title, who, right - left)
        middle = QRectF(left, rect.y(), right - left, rect.height())
        used = painting.text(painter, middle, words, "micro_strong", ink, strike=entry.status is Status.CANCELLED)
        if people:
            middle.setLeft(left + used + t.px(6))
            painting.text(painter, middle, people, "small", ink)
        if entry.id == self._cursor and self.hasFocus():
            painting.box(painter, rect.adjusted(-3, -3, 3, 3), t.size.radius_entry + 3, None, t.color.focus, 2)

    @staticmethod
    def _fitting(titles: Sequence[str], people: Sequence[str], room: float) -> tuple[str, str]:
        """The longest title and people that fit side by side; the title alone rather than cut words."""
        gap = theme.current().px(6)
        for title in titles:
            for person in people:
                if painting.text_width(title, "micro_strong") + gap + painting.text_width(person, "small") <= room:
                    return title, person
        return next((one for one in titles if painting.text_width(one, "micro_strong") <= room), titles[-1]), ""

    @staticmethod
    def _paint_badge(painter: QPainter, rect: QRectF, kind: str) -> None:
        t = theme.current()
        c = t.color
        ink = c.surface
        if kind == "clock":
            painting.box(painter, rect, t.px(3), c.warn_line)
            side = t.px(10)
            theme.draw_icon(
                painter, "clock", rect.center().x() - side / 2, rect.center().y() - side / 2, side, ink, 2.5
            )
        else:
            painting.box(painter, rect, t.px(3), c.danger_line)
            painting.text(painter, rect, "!", "micro_strong", ink, Qt.AlignmentFlag.AlignHCenter)

    def _paint_now(self, painter: QPainter, x: float) -> None:
        t = theme.current()
        c = t.color
        faint = c.now.__class__(c.now)
        faint.setAlphaF(0.22)
        painter.fillRect(QRectF(round(x) - 1, t.px(24), 2, self.height()), faint)
        words = format_time(time_of(self._minute))[:-3]
        width = painting.text_width(words, "micro_strong", True) + t.px(10)
        pill = QRectF(min(max(0, x - width / 2), self.width() - width), t.px(5), width, t.px(17))
        painting.box(painter, pill, t.size.radius_entry, c.now)
        painting.text(painter, pill, words, "micro_strong", c.on_now, Qt.AlignmentFlag.AlignHCenter, tabular=True)
