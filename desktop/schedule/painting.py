"""Paints a planned calendar: paper, hours, closures, boxes with their marks, the now-line and the header.

The grid with its boxes is painted once and kept by the surface; what is hovered, marked or dragged goes over it, so
that a full week takes a few milliseconds and a frame of a drag less than one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from desktop import theme
from desktop.schedule.box_faces import FaceCache, dashed, fill_of, look_of, text_color
from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Mode
from desktop.schedule.dragging import NO_MARK, LiveMark
from desktop.schedule.lanes import Seat
from desktop.schedule.layout import CalendarLayout, ColumnBox, EntryBox, Grid, Rect
from desktop.schedule.lettering import Lettering, lettering
from desktop.schedule.wording import Badge, TextLine, TextRole, fit

_BADGE_ICONS = {"buffer": "clock", "accepted": "check", "no_show": "user-x", "unpaid": "badge-dollar-sign"}


NOWHERE = Rect(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class LiveBox:
    """What the pointer or the keyboard is about to make of a span: shown over the grid until it is let go."""

    rect: Rect
    words: str
    starts: int
    ends: int
    is_clear: bool = True
    origin: Rect | None = None
    origin_words: str = ""
    entry: CalendarEntry | None = None
    carried: Rect = NOWHERE
    """Where the entry is in the hand: as wide as it was, so that what it meets stays in sight."""
    keeps_entry: bool = False
    """A copy: the entry itself stays where it is."""
    mark: LiveMark = NO_MARK
    """How the span would be marked here."""
    others: tuple[EntryBox, ...] = ()
    """The boxes whose marks change with it, marked so."""

    @property
    def moved_id(self) -> str:
        """The entry that is in the hand instead of in its place; "" for none."""
        return self.entry.id if self.entry is not None and not self.keeps_entry else ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is hovered, selected, under the keyboard cursor or being dragged at this moment."""

    hovered: str = ""
    selected: str = ""
    cursor_entry: str = ""
    cursor_slot: Rect | None = None
    live: LiveBox | None = None


def to_qrect(rect: Rect) -> QRectF:
    """The rectangle in Qt's type."""
    return QRectF(rect.x, rect.y, rect.w, rect.h)


def mixed(color: QColor, alpha: float) -> QColor:
    """The color at an opacity of 0..1."""
    result = QColor(color)
    result.setAlphaF(alpha)
    return result


class CalendarPainter:
    """Paints one layout after another with one theme; made anew when theme or screen density changes."""

    def __init__(self, ratio: float) -> None:
        self.theme = theme.current()
        self.letters: Lettering = lettering()
        self.faces = FaceCache(ratio)

    # the grid

    def paint_grid(
        self, painter: QPainter, layout: CalendarLayout, clip: QRectF, hidden: str = "", covered: QRectF | None = None
    ) -> None:
        """Paint what stays while a person points and drags, all but the `hidden` entry.

        `painter` is moved so that (0, 0) is the grid's upper left corner. `covered` is where a card will stand: no
        pill is painted that would look out behind it.
        """
        color = self.theme.color
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(clip, color.surface)
        for shade in layout.shades:
            painter.fillRect(to_qrect(shade), color.sunken)
        self._hour_lines(painter, layout, clip)
        for group in layout.closed:
            rect = to_qrect(group.rect)
            if rect.intersects(clip):
                painter.fillRect(rect, color.closed)
                self._hatched(painter, rect, color.closed_stripe, 7.0, 1.0)
        self._column_lines(painter, layout, clip)
        self._pills(painter, layout, covered)
        now = layout.now
        if now is not None:
            painter.fillRect(QRectF(now.x, now.y, now.w, 2), color.now)
        reach = self.theme.px(120)
        area = Rect(clip.x(), clip.y() - reach, clip.width(), clip.height() + reach)
        boxes = [box for box in layout.boxes_in(area) if box.entry.id != hidden]
        for box in boxes:
            if box.entry.tail_is_hit and box.tail is not None and to_qrect(box.tail).intersects(clip):
                self._tail(painter, box.tail)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for box in boxes:
            rect = to_qrect(box.rect)
            if rect.intersects(clip):
                self._box(painter, box, rect, is_hovered=False)
        self._now_over(painter, layout)

    def _now_over(self, painter: QPainter, layout: CalendarLayout) -> None:
        now = layout.now
        if now is not None:
            painter.fillRect(QRectF(now.x, now.y, now.w, 2), mixed(self.theme.color.now, 0.22))

    def paint_marks(self, painter: QPainter, layout: CalendarLayout, marks: Marks) -> None:
        """Paint over the grid what is hovered, selected, under the cursor or in the hand."""
        live = marks.live
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        hovered = layout.box(marks.hovered) if marks.hovered and live is None else None
        if hovered is not None:
            self._box(painter, hovered, to_qrect(hovered.rect), is_hovered=True)
            if layout.now is not None and hovered.rect.contains(layout.now.x + 1, layout.now.y):
                self._now_over(painter, layout)
        if live is not None:
            self._live(painter, layout, live)
        for box in live.others if live is not None else ():
            if box.tail is not None:
                self._tail(painter, box.tail)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            self._box(painter, box, to_qrect(box.rect), is_hovered=False)
        self._rings(painter, layout, marks)
        if live is not None:
            self._carried(painter, layout, live)

    def marked_areas(self, layout: CalendarLayout, marks: Marks) -> list[QRectF]:
        """The parts of the grid that `paint_marks` paints on, or that it leaves empty."""
        px, live = self.theme.px, marks.live
        areas = [
            to_qrect(box.rect).adjusted(-px(10), -px(10), px(10), px(12))
            for entry_id in {marks.hovered, marks.selected, marks.cursor_entry}
            if entry_id and (box := layout.box(entry_id)) is not None
        ]
        if marks.cursor_slot is not None:
            areas.append(to_qrect(marks.cursor_slot).adjusted(-px(4), -px(4), px(4), px(4)))
        if live is not None:
            reach = px(26)
            for rect in (live.rect, live.carried):
                areas.append(to_qrect(rect).adjusted(-reach, -reach, reach, reach + px(6)))
            areas += [to_qrect(rect).adjusted(-2, -2, 2, 2) for rect in (live.origin,) if rect is not None]
            moved = layout.box(live.moved_id)
            for box in live.others if moved is None else (*live.others, moved):
                areas.append(to_qrect(box.rect).adjusted(-px(2), -px(2), px(2), px(2)))
                if box.tail is not None:
                    areas.append(to_qrect(box.tail).adjusted(-px(2), -px(2), px(2), px(2)))
        return areas

    def _hour_lines(self, painter: QPainter, layout: CalendarLayout, clip: QRectF) -> None:
        color = self.theme.color
        left = layout.metrics.gutter - self.theme.px(3)
        dotted = QPen(color.line, 1, Qt.PenStyle.DotLine)
        for line in layout.hour_lines:
            if not clip.top() - 1 <= line.y <= clip.bottom() + 1:
                continue
            if line.is_half:
                painter.setPen(dotted)
                painter.drawLine(QPointF(layout.metrics.gutter, line.y), QPointF(layout.width, line.y))
            else:
                painter.fillRect(QRectF(left, line.y, layout.width - left, 1), color.line)
        for fold in layout.folded_hours:
            rect = to_qrect(fold.rect)
            painter.fillRect(rect, color.sunken)
            self._hatched(painter, rect, color.line, 5.0, 1.0)

    def _column_lines(self, painter: QPainter, layout: CalendarLayout, clip: QRectF) -> None:
        shade = mixed(self.theme.color.line_strong, 0.75)
        for column in layout.columns:
            painter.fillRect(QRectF(column.x, clip.top(), 1, clip.height()), shade)

    def _pills(self, painter: QPainter, layout: CalendarLayout, covered: QRectF | None) -> None:
        color, px = self.theme.color, self.theme.px
        for group in layout.closed:
            if not group.words:
                continue
            length = self.letters.measure(group.words, TextRole.PILL) + 2 * px(14)
            thick = px(27)
            center = QPointF(group.rect.x + group.rect.w / 2, layout.height / 2)
            standing = QRectF(center.x() - thick / 2, center.y() - length / 2, thick, length)
            if covered is not None and standing.intersects(covered):
                continue
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(center)
            painter.rotate(-90)
            pill = QRectF(-length / 2, -thick / 2, length, thick)
            painter.setPen(QPen(color.line_strong, 1))
            painter.setBrush(color.surface)
            painter.drawRoundedRect(pill, thick / 2, thick / 2)
            painter.setPen(color.text2)
            painter.setFont(self.letters.font(TextRole.PILL))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, group.words)
            painter.restore()

    def _tail(self, painter: QPainter, tail: Rect) -> None:
        rect = to_qrect(tail)
        color = self.theme.color.warn_line
        self._hatched(painter, rect, color, 5.0, 0.75)
        painter.setOpacity(0.75)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(dashed(color, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = QPainterPath(QPointF(rect.left() + 0.5, rect.top()))
        path.lineTo(rect.left() + 0.5, rect.bottom() - 3.5)
        path.quadTo(rect.left() + 0.5, rect.bottom() - 0.5, rect.left() + 3.5, rect.bottom() - 0.5)
        path.lineTo(rect.right() - 3.5, rect.bottom() - 0.5)
        path.quadTo(rect.right() - 0.5, rect.bottom() - 0.5, rect.right() - 0.5, rect.bottom() - 3.5)
        path.lineTo(rect.right() - 0.5, rect.top())
        painter.drawPath(path)
        painter.setOpacity(1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _hatched(self, painter: QPainter, rect: QRectF, color: QColor, step: float, opacity: float) -> None:
        area = self.faces.hatched(round(rect.width()), round(rect.height()), color, 1.0, step, opacity)
        painter.drawPixmap(rect.topLeft(), area)

    # boxes

    def _box(
        self, painter: QPainter, box: EntryBox, rect: QRectF, *, is_hovered: bool, has_shadow: bool = True
    ) -> None:
        look = look_of(box.entry, is_lifted=is_hovered)
        if is_hovered and has_shadow:
            self._shadow(painter, rect, 2, 8, 0.18)
        face = self.faces.face(look, round(rect.width()), round(rect.height()), box.hatches)
        painter.drawPixmap(rect.topLeft(), face)
        if box.hatches:
            self._clear_words(painter, box, rect, fill_of(look))
        painter.setPen(text_color(look))
        self._lines(painter, box.lines, rect.x(), rect.y())
        if box.badge is not None:
            self._badge(painter, box.badge, rect.x(), rect.y(), text_color(look))

    def _shadow(self, painter: QPainter, rect: QRectF, drop: float, blur: float, alpha: float) -> None:
        radius = self.theme.size.radius_entry
        shade = self.faces.shadow(round(rect.width()), round(rect.height()), radius, drop, blur, alpha)
        margin = math.ceil(blur + drop)
        painter.drawPixmap(rect.topLeft() - QPointF(margin, margin), shade)

    def _clear_words(self, painter: QPainter, box: EntryBox, rect: QRectF, fill: QColor) -> None:
        """Let the hatch step back behind the words, so that they read as well as in a box without one."""
        paper = mixed(fill, 0.66)
        right = rect.right() - 2
        for line in box.lines:
            left, top = rect.x() + line.x - 2, rect.y() + line.y
            height = self._line_height(line.role)
            if not any(y < line.y + height and line.y < y + tall for y, tall in box.hatches):
                continue
            width = self.letters.measure(line.text, line.role) + 4 + (self.theme.px(15) if line.icon else 0)
            painter.fillRect(QRectF(left, top, min(width, right - left), height), paper)

    def _line_height(self, role: TextRole) -> int:
        return self.theme.px(16 if role in (TextRole.ROOMY_TITLE, TextRole.ROOMY_LINE) else 14)

    def _lines(self, painter: QPainter, lines: tuple[TextLine, ...], x: float, y: float) -> None:
        px = self.theme.px
        for line in lines:
            left = x + line.x
            line_height = self._line_height(line.role)
            top = y + line.y + (line_height - self.letters.height(line.role)) / 2
            if line.icon:
                size = px(13)
                theme.draw_icon(
                    painter, line.icon, left, y + line.y + (line_height - size) / 2, size, painter.pen().color(), 2.0
                )
                left += size + px(2)
            painter.setFont(self.letters.font(line.role))
            if line.is_faint:
                painter.setOpacity(0.87)
            painter.drawStaticText(QPointF(left, top), self.letters.prepared(line.text, line.role))
            if line.is_struck:
                width = self.letters.measure(line.text, line.role)
                height = round(top + self.letters.strike_height(line.role))
                painter.fillRect(QRectF(left, height, width, 1), painter.pen().color())
            if line.is_faint:
                painter.setOpacity(1.0)

    def _badge(self, painter: QPainter, badge: Badge, x: float, y: float, ink: QColor) -> None:
        color, px = self.theme.color, self.theme.px
        size = round(badge.size)
        square = QRectF(round(x + badge.x), round(y + badge.y), size, size)
        small = size - px(4)
        inset = (size - small) / 2
        if badge.kind in (ConflictMark.OVERLAP, ConflictMark.BUFFER):
            is_overlap = badge.kind == ConflictMark.OVERLAP
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color.danger_line if is_overlap else color.warn_line)
            painter.drawRoundedRect(square, px(3), px(3))
            on = color.on_danger if is_overlap else QColor("#FFFFFF" if not self.theme.is_dark else "#1D1400")
            if is_overlap:
                painter.setPen(on)
                painter.setFont(self.letters.font(TextRole.TITLE))
                painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "!")
            else:
                theme.draw_icon(painter, "clock", square.x() + inset, square.y() + inset, small, on, 2.5)
            return
        tint = color.danger if badge.kind == ConflictMark.ACCEPTED else ink
        icon_size = size - px(3)
        inset = (size - icon_size) / 2
        name = _BADGE_ICONS[badge.kind]
        theme.draw_icon(painter, name, square.x() + inset, square.y() + inset, icon_size, tint, 2.25)

    # what the person is doing

    def _rings(self, painter: QPainter, layout: CalendarLayout, marks: Marks) -> None:
        color = self.theme.color
        radius = self.theme.size.radius_entry
        painter.setBrush(Qt.BrushStyle.NoBrush)
        selected = layout.box(marks.selected) if marks.selected and marks.live is None else None
        if selected is not None:
            painter.setPen(QPen(color.accent, 2))
            painter.drawRoundedRect(to_qrect(selected.rect).adjusted(-1, -1, 1, 1), radius + 1, radius + 1)
        cursor = layout.box(marks.cursor_entry) if marks.cursor_entry else None
        if cursor is not None:
            rect = to_qrect(cursor.rect)
            painter.setPen(QPen(color.focus_gap, 2))
            if cursor is not selected:
                painter.drawRoundedRect(rect.adjusted(-1, -1, 1, 1), radius + 1, radius + 1)
            painter.setPen(QPen(color.focus, 2))
            painter.drawRoundedRect(rect.adjusted(-3, -3, 3, 3), radius + 3, radius + 3)
        elif marks.cursor_slot is not None:
            rect = to_qrect(marks.cursor_slot)
            painter.setPen(QPen(color.focus, 2))
            painter.setBrush(mixed(color.accent_soft, 0.6))
            painter.drawRoundedRect(rect.adjusted(1, 0, -1, 0), radius, radius)

    def _live(self, painter: QPainter, layout: CalendarLayout, live: LiveBox) -> None:
        color, px = self.theme.color, self.theme.px
        radius = self.theme.size.radius_entry
        if live.origin is not None:
            rect = to_qrect(live.origin).adjusted(0.75, 0.75, -0.75, -0.75)
            painter.setPen(dashed(color.control, 1.5))
            painter.setBrush(mixed(color.surface, 0.7))
            painter.drawRoundedRect(rect, radius, radius)
            painter.setPen(color.text3)
            painter.setFont(self.letters.font(TextRole.HOUR))
            room = rect.width() - px(7)
            forms = (live.origin_words, live.origin_words.removeprefix("was "))
            words = fit(forms, room, TextRole.HOUR, self.letters.measure)
            if words and rect.height() > px(18):
                painter.drawText(
                    rect.adjusted(px(5), px(3), 0, 0),
                    Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft,
                    words,
                )
        target = to_qrect(live.rect)
        painter.setPen(QPen(color.accent if live.is_clear else color.danger_line, 1.5))
        painter.setBrush(mixed(color.accent_soft if live.is_clear else color.danger_soft, 0.6))
        painter.drawRoundedRect(target, radius, radius)
        if live.entry is None:
            painter.setPen(color.accent_soft_text if live.is_clear else color.danger_soft_text)
            painter.setFont(self.letters.font(TextRole.ROOMY_TITLE))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
            painter.drawText(target.adjusted(px(8), px(2), -px(2), 0), flags, live.words)

    def _carried(self, painter: QPainter, layout: CalendarLayout, live: LiveBox) -> None:
        """The entry in the hand, marked as it would be here."""
        if live.entry is None:
            return
        place = Rect(live.carried.x, live.carried.y, max(live.carried.w, 8), max(live.carried.h, 8))
        self._shadow(painter, to_qrect(place), 6, 18, 0.28)
        entry = replace(
            live.entry, starts=live.starts, ends=live.ends, lines=live.entry.lines[:2], is_unpaid=False,
            conflict=live.mark.conflict, overlaps=live.mark.overlaps, tail_is_hit=False,
        )  # fmt: skip
        grid = Grid(layout.axis, layout.metrics.text(layout.scene.mode), self.letters.measure)
        box = EntryBox(entry, place, Seat(0, 1, 1), grid)
        self._box(painter, box, to_qrect(place), is_hovered=True, has_shadow=False)

    # gutter and header: they stay while the grid scrolls

    def paint_gutter(self, painter: QPainter, layout: CalendarLayout, clip: QRectF) -> None:
        """Paint the hours and the time of now; `painter` is moved down with the grid, not across."""
        color, px = self.theme.color, self.theme.px
        gutter = layout.metrics.gutter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(0, clip.top(), gutter, clip.height()), color.surface)
        painter.setPen(color.text3)
        painter.setFont(self.letters.font(TextRole.HOUR))
        half = self.letters.height(TextRole.HOUR) / 2
        now = layout.now
        pill_half = px(10)
        for line in layout.hour_lines:
            if line.is_half:
                continue
            painter.fillRect(QRectF(gutter - px(3), line.y, px(3), 1), color.line)
            if now is not None and now.words and abs(now.y - line.y) < pill_half + half - 1:
                continue
            if line.y + half > layout.height:
                continue
            width = self.letters.measure(line.label, TextRole.HOUR)
            painter.drawStaticText(
                QPointF(gutter - px(6) - width, line.y - half), self.letters.prepared(line.label, TextRole.HOUR)
            )
        painter.fillRect(QRectF(gutter, clip.top(), 1, clip.height()), mixed(color.line_strong, 0.75))
        if now is None:
            return
        if not now.words:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.letters.measure(now.words, TextRole.NOW) + px(8)
        pill = QRectF(gutter - px(6) - width, now.y - px(7), width, px(16))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color.now)
        painter.drawRoundedRect(pill, px(4), px(4))
        painter.setPen(color.on_now)
        painter.setFont(self.letters.font(TextRole.NOW))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, now.words)

    def paint_now_lead(self, painter: QPainter, layout: CalendarLayout, left: float) -> None:
        """The thin line that leads from the gutter to today's column."""
        now = layout.now
        if now is not None and now.x > left:
            painter.fillRect(QRectF(left, now.y + 0.5, now.x - left, 1), mixed(self.theme.color.now, 0.35))

    def paint_header(self, painter: QPainter, layout: CalendarLayout, left: float, right: float) -> None:
        """Paint the headings; `painter` is moved across with the grid, not down. A column that is only partly between
        `left` and `right` keeps its words in the part in sight."""
        height = layout.metrics.header(layout.scene.mode)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column in layout.columns:
            if column.is_folded:
                self._folded_heading(painter, column, height)
            elif layout.scene.mode is Mode.WEEK:
                self._day_heading(painter, column, layout, height, (left, right))
            else:
                self._person_heading(painter, column, layout, left)

    def _folded_heading(self, painter: QPainter, column: ColumnBox, height: float) -> None:
        px = self.theme.px
        painter.setPen(self.theme.color.text2)
        area = QRectF(column.x - px(2), px(5), column.w + px(4), px(18))
        painter.setFont(self.letters.font(TextRole.FOLDED))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, column.heading)
        painter.setFont(self.letters.font(TextRole.HOUR))
        below = QRectF(area.x(), px(22), area.width(), height - px(25))
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, column.subheading)

    def _day_heading(
        self,
        painter: QPainter,
        column: ColumnBox,
        layout: CalendarLayout,
        height: float,
        sight: tuple[float, float],
    ) -> None:
        color, px = self.theme.color, self.theme.px
        inset = layout.metrics.heading_inset
        width = self.letters.measure(column.heading, TextRole.HEADING)
        needed = width + self.letters.measure(column.count_words, TextRole.COUNT) + 3 * inset
        if column.conflict_words:
            needed += layout.metrics.tag + self.letters.measure(column.conflict_words, TextRole.TAG) + inset
        end = column.x + column.w
        start = max(min(sight[0], end - needed), column.x)
        end = min(max(sight[1], start + needed), end)
        area = QRectF(start + inset, 0, width + 1, height)
        painter.setPen(color.text)
        if column.column.is_today:
            chalk = QRectF(area.x() - px(7), height / 2 - px(11), width + 2 * px(7), px(22))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color.chalk_yellow)
            painter.drawRoundedRect(chalk, px(6), px(6))
            painter.setPen(color.on_chalk_yellow)
        painter.setFont(self.letters.font(TextRole.HEADING))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, column.heading)
        right = end - inset
        if column.conflict_words:
            right = self._tag(painter, right, height / 2, column.conflict_words) - px(8)
        painter.setPen(color.text2)
        painter.setFont(self.letters.font(TextRole.COUNT))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(area.right(), 0, right - area.right(), height), flags, column.count_words)

    def _tag(self, painter: QPainter, right: float, middle: float, words: str) -> float:
        """The red tag with the number of conflicts, ending at `right`; answers with its left edge."""
        color, px = self.theme.color, self.theme.px
        width = self.letters.measure(words, TextRole.TAG) + px(13) + px(4) + 2 * px(6)
        tag = QRectF(right - width, middle - px(10), width, px(20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color.danger_soft)
        painter.drawRoundedRect(tag, px(4), px(4))
        theme.draw_icon(
            painter, "triangle-alert", tag.x() + px(6), middle - px(13) / 2, px(13), color.danger_soft_text, 2.0
        )
        painter.setPen(color.danger_soft_text)
        painter.setFont(self.letters.font(TextRole.TAG))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(tag.adjusted(0, 0, -px(6), 0), flags, words)
        return tag.left()

    def _person_heading(self, painter: QPainter, column: ColumnBox, layout: CalendarLayout, left: float) -> None:
        color, px = self.theme.color, self.theme.px
        needed = self.letters.measure(column.heading, TextRole.SUBHEADING) + 2 * layout.metrics.heading_inset
        x = max(min(left, column.x + column.w - needed), column.x) + layout.metrics.heading_inset - 1
        height = layout.metrics.header(layout.scene.mode)
        top = QRectF(x, px(7), column.w - px(9), px(17)) if column.subheading else QRectF(x, 0, column.w, height)
        painter.setPen(color.text)
        painter.setFont(self.letters.font(TextRole.SUBHEADING))
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, column.heading)
        painter.setPen(color.text3)
        painter.setFont(self.letters.font(TextRole.HOUR))
        below = QRectF(x, px(25), column.w - px(10), px(14))
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, column.subheading)
