"""The wall display: today's sessions in large type on the board, for the screen in the lobby.

It fills its screen, keeps itself up to date from the store and the clock, and Escape leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.schedule.calendar_values import clock_words
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import read_entries
from desktop.schedule.scene import SceneBuilder, title_of_day
from desktop.schedule.wall_rows import WallPlace, WallRow, wall_places
from desktop.schedule.week import Filters, week_of
from desktop.store.announcer import StoreAnnouncer
from desktop.store.store import Store
from desktop.widgets import painting

REFRESH_MS = 5_000
_DESIGN_HEIGHT = 1080.0
"""The height of the screen for which the sizes of design.md (wall 40/48) hold; others scale them."""


class WallDisplay(QWidget):
    """Today on the wall.

    Args:
        store: whose sessions are shown.
        clock: the present moment, in UTC.
        directory: names and rules as they are now; asked again at every refresh.
        location_id: the location shown, or "" for all of them side by side.
        business_name: what stands at the upper left.
    """

    shows_focus_ring = False

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        directory: Callable[[], Directory],
        location_id: str = "",
        business_name: str = "",
    ) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self._store, self._clock, self._directory = store, clock, directory
        self._location_id, self._business_name = location_id, business_name
        self._places: list[WallPlace] = []
        self._minute = ""
        self._date_words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Wall display")
        self.setAccessibleName("Wall display: the sessions of today")
        self.setCursor(Qt.CursorShape.BlankCursor)
        self._announcer = StoreAnnouncer(store, self)
        self._announcer.changed.connect(lambda _changes: self.reload())
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.reload()

    def places(self) -> Sequence[WallPlace]:
        """What is shown."""
        return self._places

    def reload(self) -> None:
        """Read the sessions of today again."""
        directory, now = self._directory(), self._clock()
        local = now.astimezone(directory.zone)
        today = local.date()
        # Yesterday as well: what began before midnight may still go on.
        with self._store.read() as session:
            rows = read_entries(session, directory, today - timedelta(days=1), today)
        builder = SceneBuilder(week_of(rows, today - timedelta(days=1), today), directory, Filters(), now)
        self._places = wall_places(builder, self._location_id)
        self._minute = clock_words(local.hour * 60 + local.minute)
        self._date_words = title_of_day(today, today)
        spoken = [f"{row.time} {row.who}, {row.room}" for place in self._places for row in place.rows]
        self.setAccessibleDescription(". ".join([self._date_words, *spoken]))
        self.update()

    def tick(self) -> None:
        """Go with the clock: once a minute."""
        local = self._clock().astimezone(self._directory().zone)
        words = (title_of_day(local.date(), local.date()), clock_words(local.hour * 60 + local.minute))
        if words != (self._date_words, self._minute):
            self.reload()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """So does a double click, where there is no keyboard."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hear and read no more."""
        self._timer.stop()
        self._announcer.stop()
        super().closeEvent(event)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The board: date and clock, then the locations side by side."""
        color = theme.current().color
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), color.board)
        unit = self.height() / _DESIGN_HEIGHT
        margin = 48 * unit
        head = QRectF(margin, 32 * unit, self.width() - 2 * margin, 96 * unit)
        self._text(painter, head, self._date_words, "wall", unit, color.chalk)
        clock = self._font("wall", unit * 1.6)
        painter.setFont(clock)
        painter.setPen(color.chalk_yellow)
        painter.drawText(head, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), self._minute)
        name = QRectF(head.x(), head.bottom() - 12 * unit, head.width() / 2, 34 * unit)
        self._text(painter, name, self._business_name, "page", unit, color.chalk2)
        count = max(len(self._places), 1)
        gap = 56 * unit
        wide = (self.width() - 2 * margin - gap * (count - 1)) / count
        top = name.bottom() + 28 * unit
        for number, place in enumerate(self._places):
            area = QRectF(margin + number * (wide + gap), top, wide, self.height() - top - 36 * unit)
            self._place(painter, area, place, unit)
        painter.end()

    def _place(self, painter: QPainter, area: QRectF, place: WallPlace, unit: float) -> None:
        color = theme.current().color
        y = area.y()
        if len(self._places) > 1 or self._location_id:
            self._text(
                painter, QRectF(area.x(), y, area.width(), 40 * unit), place.name, "figure", unit, color.chalk2
            )
            y += 52 * unit
        if place.note:
            self._text(painter, QRectF(area.x(), y, area.width(), 64 * unit), place.note, "wall", unit, color.chalk)
            return
        row_height = 84 * unit
        last_line = 56 * unit
        shown = place.rows
        if len(shown) * row_height > area.bottom() - y:
            shown = shown[: max(int((area.bottom() - y - last_line) // row_height), 0)]
        time_width = max(
            (QFontMetricsF(self._font("wall", unit)).horizontalAdvance(row.time) for row in shown), default=0.0
        )
        for row in shown:
            self._row(painter, QRectF(area.x(), y, area.width(), row_height), row, time_width + 28 * unit, unit)
            y += row_height
        more = len(place.rows) - len(shown)
        if more:
            words = f"{more} later {'session' if more == 1 else 'sessions'}"
            self._text(painter, QRectF(area.x(), y, area.width(), last_line), words, "figure", unit, color.chalk2)

    def _row(self, painter: QPainter, area: QRectF, row: WallRow, time_width: float, unit: float) -> None:
        """Time, who and (below) the tutor, and at the right the room; what is under way stands on lighter board."""
        color = theme.current().color
        if row.is_now:
            paper = area.adjusted(-20 * unit, 4 * unit, 20 * unit, -4 * unit)
            painting.box(painter, paper, 10 * unit, color.board_active, painting.outline())
            bar = QRectF(paper.x(), paper.y() + 10 * unit, 6 * unit, paper.height() - 20 * unit)
            painting.box(painter, bar, 3 * unit, color.chalk_yellow)
        words = "Now" if row.is_now else row.time
        ink = color.chalk_yellow if row.is_now else color.chalk
        upper = QRectF(area.x(), area.y() + 6 * unit, area.width(), 48 * unit)
        self._text(painter, upper, words, "wall", unit, ink)
        room_width = min(QFontMetricsF(self._font("wall", unit)).horizontalAdvance(row.room), area.width() * 0.4)
        room = QRectF(area.right() - room_width, area.y(), room_width + 1, area.height())
        self._text(painter, room, row.room, "wall", unit, color.chalk)
        left = area.x() + time_width
        width = room.x() - left - 24 * unit
        self._text(painter, QRectF(left, upper.y(), width, upper.height()), row.who, "wall", unit, color.chalk)
        parts = (f"since {row.time}" if row.is_now else "", f"with {row.tutor}" if row.tutor else "")
        below = ", ".join(part for part in parts if part)
        self._text(
            painter, QRectF(left, upper.bottom() - 4 * unit, width, 26 * unit), below, "page", unit, color.chalk2
        )

    @staticmethod
    def _font(style: str, scale: float) -> QFont:
        font = QFont(theme.font(style))
        font.setPointSizeF(max(font.pointSizeF() * scale, 6.0))
        return font

    def _text(self, painter: QPainter, area: QRectF, words: str, style: str, scale: float, ink: QColor) -> None:
        font = self._font(style, scale)
        elided = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), elided)
