"""Paints a planned month: paper, closures, dates, chips with their marks, and what the pointer or keyboard is at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from desktop import theme
from desktop.schedule.box_faces import FaceCache, dashed, look_of, paint_shadow, text_color
from desktop.schedule.calendar_values import ConflictMark, Status
from desktop.schedule.layout import Rect
from desktop.schedule.lettering import Lettering, lettering
from desktop.schedule.month_layout import Cell, Chip, MonthLayout, MonthMetrics
from desktop.schedule.wording import TextRole
from desktop.widgets import painting

_KEPT_FACES = 500
_FAINT = 0.72
"""Opacity of what belongs to the month before or after."""


@dataclass(frozen=True, slots=True)
class MonthMarks:
    """What is hovered, selected, under the keyboard cursor or dragged: an entry's id, or a day."""

    hovered: str = ""
    selected: str = ""
    cursor_day: date | None = None
    cursor_entry: str = ""
    is_on_more: bool = False
    target: date | None = None
    """The day onto which a chip is dragged."""
    dragged: str = ""
    pointer: QPointF | None = None


def month_metrics() -> MonthMetrics:
    """The lengths for the theme in force."""
    px = theme.current().px
    return MonthMetrics(
        heading=px(28), date_line=px(26), chip=px(17), gap=px(2), inset=px(4), folded=px(44), least_half=px(84),
        chip_left=px(9), chip_right=px(3), badge=px(15),
    )  # fmt: skip


def to_qrect(rect: Rect) -> QRectF:
    """The rectangle in Qt's type."""
    return QRectF(rect.x, rect.y, rect.w, rect.h)


class MonthPainter:
    """Paints one plan after another with one theme; made anew when theme or screen density changes."""

    def __init__(self, ratio: float) -> None:
        self.theme = theme.current()
        self.letters: Lettering = lettering()
        self.faces = FaceCache(ratio)
        self._faces_of: dict[tuple[object, ...], tuple[QPixmap, QColor]] = {}
        """Face and ink by what decides them: what a month repeats is not looked up by its whole look."""

    def paint(self, painter: QPainter, layout: MonthLayout, clip: QRectF, marks: MonthMarks) -> None:
        """Paint what lies in `clip`."""
        color = self.theme.color
        painter.fillRect(clip, color.surface)
        for cell in layout.cells:
            if to_qrect(cell.rect).intersects(clip):
                self._paper(painter, cell, is_target=cell.day.day == marks.target)
        self._lines(painter, layout)
        self._headings(painter, layout)
        for cell in layout.cells:
            if to_qrect(cell.rect).intersects(clip):
                self._cell(painter, cell, marks)
        self._chips(painter, layout, clip, marks)
        self._cursor(painter, layout, marks)
        dragged = layout.chip(marks.dragged) if marks.dragged else None
        if dragged is not None and marks.pointer is not None:
            self._lifted(painter, dragged, marks.pointer)

    def _paper(self, painter: QPainter, cell: Cell, *, is_target: bool) -> None:
        color, rect = self.theme.color, to_qrect(cell.rect)
        if cell.day.closed_reason is not None:
            painter.fillRect(rect, color.closed)
            area = self.faces.hatched(round(rect.width()), round(rect.height()), color.closed_stripe, 1.0, 7.0, 1.0)
            painter.drawPixmap(rect.topLeft(), area)
        elif not cell.day.has_hours:
            painter.fillRect(rect, color.sunken)
        elif cell.is_outside:
            painter.fillRect(rect, color.canvas)
        if is_target:
            painter.fillRect(rect, color.accent_soft)

    def _lines(self, painter: QPainter, layout: MonthLayout) -> None:
        color = self.theme.color
        for cell in layout.cells:
            if cell.rect.x > 0:
                painter.fillRect(QRectF(cell.rect.x, cell.rect.y, 1, cell.rect.h), color.line)
            painter.fillRect(QRectF(cell.rect.x, cell.rect.y, cell.rect.w, 1), color.line_strong)

    def _headings(self, painter: QPainter, layout: MonthLayout) -> None:
        px, color = self.theme.px, self.theme.color
        for heading in layout.headings:
            rect = to_qrect(heading.rect).adjusted(px(8), 0, -px(2), 0)
            painting.text(painter, rect, heading.words, "small_strong", color.text2)

    # one day

    def _cell(self, painter: QPainter, cell: Cell, marks: MonthMarks) -> None:
        px, color = self.theme.px, self.theme.color
        day = cell.day
        is_first = day.day.day == 1 and not cell.is_folded
        words = f"{day.day:%b} {day.day.day}" if is_first else str(day.day.day)
        width = painting.text_width(words, "body_strong") + px(12)
        spot = QRectF(cell.rect.x + px(4), cell.rect.y + px(4), width, px(19))
        ink = color.text3 if cell.is_outside or cell.is_folded else color.text
        if day.is_today:
            painting.box(painter, spot, self.theme.size.radius_entry, color.chalk_yellow)
            ink = color.on_chalk_yellow
        center = Qt.AlignmentFlag.AlignHCenter
        painting.text(painter, spot, words, "body_strong", ink, center)
        right = cell.rect.right - px(8)
        line = QRectF(spot.right() + px(6), spot.y(), max(right - spot.right() - px(6), 0), spot.height())
        if day.conflict_count and not cell.is_folded:
            right = self._conflict_tag(painter, day.conflict_count, right, spot)
            line.setRight(right - px(6))
        if day.closed_reason is not None and not cell.is_folded:
            self._reason(painter, cell, day.closed_reason, line)
        elif day.live_count and not cell.is_folded:
            count = next((w for w in (day.count_words, str(day.live_count))
                          if painting.text_width(w, "small") <= line.width()), "")  # fmt: skip
            painting.text(painter, line, count, "small", color.text3, Qt.AlignmentFlag.AlignRight)
        if cell.more and cell.more_rect is not None:
            rect = to_qrect(cell.more_rect).adjusted(px(6), 0, 0, 0)
            painting.text(painter, rect, f"{cell.more} more", "micro_strong", color.text2)

    def _conflict_tag(self, painter: QPainter, count: int, right: float, line: QRectF) -> float:
        """A small red tag with the number of entries in conflict; returns its left edge."""
        px, color = self.theme.px, self.theme.color
        words = str(count)
        width = painting.text_width(words, "small_medium") + px(24)
        tag = QRectF(right - width + px(4), line.y(), width, line.height())
        painting.box(painter, tag, self.theme.size.radius_entry, color.danger_soft, painting.outline())
        side = px(12)
        theme.draw_icon(painter, "triangle-alert", tag.x() + px(4), tag.center().y() - side / 2, side,
                        color.danger_soft_text, 2.0)  # fmt: skip
        painting.text(painter, tag.adjusted(px(19), 0, 0, 0), words, "small_medium", color.danger_soft_text)
        return tag.left()

    def _reason(self, painter: QPainter, cell: Cell, reason: str, line: QRectF) -> None:
        """Why the day is closed, beside the date, or below it when there is room for no more than that."""
        px, color = self.theme.px, self.theme.color
        words = reason or "Closed"
        if painting.text_width(words, "small_medium") > line.width() and not cell.chips:
            line = QRectF(cell.rect.x + px(8), line.bottom() + px(2), cell.rect.w - px(12), px(18))
        painting.text(painter, line, words, "small_medium", color.text2)

    def _chips(self, painter: QPainter, layout: MonthLayout, clip: QRectF, marks: MonthMarks) -> None:
        """All chips, layer by layer: a change of the font costs as much as a word."""
        shown = [
            (chip, cell.is_outside)
            for cell in layout.cells
            if to_qrect(cell.rect).intersects(clip)
            for chip in cell.chips
            if chip.entry.id not in (marks.dragged, marks.hovered)
        ]
        for is_outside in (False, True):
            painter.setOpacity(_FAINT if is_outside else 1.0)
            self._layers(painter, [chip for chip, is_out in shown if is_out is is_outside])
        painter.setOpacity(1.0)
        hovered = layout.chip(marks.hovered) if marks.hovered and marks.hovered != marks.dragged else None
        if hovered is not None:
            self._raised(painter, hovered)

    def _raised(self, painter: QPainter, chip: Chip) -> None:
        """A chip under the pointer, or in the hand."""
        paint_shadow(painter, to_qrect(chip.rect), self.theme.size.radius_entry, 2, 8, 0.18)
        self._layers(painter, [chip], is_lifted=True)

    def _layers(self, painter: QPainter, chips: Sequence[Chip], *, is_lifted: bool = False) -> None:
        letters, left = self.letters, self.theme.px(9)
        inks: list[QColor] = []
        for chip in chips:
            entry, rect = chip.entry, chip.rect
            foreign = entry.entry.is_foreign
            key = (entry.family, entry.status, entry.conflict, entry.is_unsaved, is_lifted, foreign, rect.w, rect.h)
            face = self._faces_of.get(key)
            if face is None:
                if len(self._faces_of) > _KEPT_FACES:
                    self._faces_of.clear()
                look = look_of(entry.entry, is_lifted=is_lifted)
                face = self._faces_of[key] = (self.faces.face(look, round(rect.w), round(rect.h)), text_color(look))
            painter.drawPixmap(QPointF(rect.x, rect.y), face[0])
            inks.append(face[1])
        chip_height = chips[0].rect.h if chips else 0.0
        for role in (TextRole.LINE, TextRole.TITLE):
            painter.setFont(letters.font(role))
            down = (chip_height - letters.height(role)) / 2
            ink = None
            for chip, wanted in zip(chips, inks, strict=True):
                if wanted is not ink:
                    painter.setPen(wanted)
                    ink = wanted
                x, y = chip.rect.x + left, chip.rect.y + down
                if role is TextRole.LINE:
                    painter.drawStaticText(QPointF(x, y), letters.prepared(chip.time, role))
                if role is _role_of(chip):
                    at = QPointF(x + chip.words_left, y)
                    painter.drawStaticText(at, letters.prepared(chip.words, role))
        for chip, ink in zip(chips, inks, strict=True):
            if chip.entry.status is Status.CANCELLED:
                start = chip.rect.x + left + chip.words_left
                wide = letters.measure(chip.words, _role_of(chip))
                painter.fillRect(QRectF(start, round(chip.rect.y + chip.rect.h / 2), wide, 1), ink)
            if chip.has_mark:
                self._mark(painter, chip, to_qrect(chip.rect), ink)

    def _mark(self, painter: QPainter, chip: Chip, rect: QRectF, ink: QColor) -> None:
        px, color = self.theme.px, self.theme.color
        side = px(12)
        square = QRectF(rect.right() - side - px(3), rect.y() + (rect.height() - side) / 2, side, side)
        mark = chip.entry.conflict
        if mark is ConflictMark.OVERLAP:
            painting.box(painter, square, px(3), color.danger_line)
            painting.text(painter, square, "!", "micro_strong", color.on_danger, Qt.AlignmentFlag.AlignHCenter)
            return
        icon = ""
        if mark is ConflictMark.BUFFER:
            icon, ink = "clock", color.warn
        elif mark is ConflictMark.ACCEPTED:
            icon, ink = "check", color.danger
        elif chip.entry.status is Status.NO_SHOW:
            icon = "user-x"
        elif chip.entry.is_unpaid:
            icon = "badge-dollar-sign"
        if icon:
            theme.draw_icon(painter, icon, square.x(), square.y(), side, ink, 2.0)

    # what the person is doing

    def _cursor(self, painter: QPainter, layout: MonthLayout, marks: MonthMarks) -> None:
        color, radius = self.theme.color, self.theme.size.radius_entry
        painter.setBrush(Qt.BrushStyle.NoBrush)
        selected = layout.chip(marks.selected) if marks.selected else None
        if selected is not None:
            painter.setPen(QPen(color.accent, 2))
            painter.drawRoundedRect(to_qrect(selected.rect).adjusted(-1, -1, 1, 1), radius + 1, radius + 1)
        cell = layout.cell(marks.cursor_day) if marks.cursor_day is not None else None
        if cell is None:
            return
        chip = layout.chip(marks.cursor_entry) if marks.cursor_entry else None
        painter.setPen(QPen(color.focus, 2))
        if chip is not None:
            painter.drawRoundedRect(to_qrect(chip.rect).adjusted(-2, -2, 2, 2), radius + 2, radius + 2)
        elif marks.is_on_more and cell.more_rect is not None:
            painter.drawRoundedRect(to_qrect(cell.more_rect).adjusted(1, 0, -1, 0), radius, radius)
        else:
            painter.drawRoundedRect(to_qrect(cell.rect).adjusted(2, 2, -1, -1), radius, radius)

    def _lifted(self, painter: QPainter, chip: Chip, pointer: QPointF) -> None:
        """The chip in the hand, and a dashed place where it was."""
        color, radius = self.theme.color, self.theme.size.radius_entry
        painter.setPen(dashed(color.control, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(to_qrect(chip.rect).adjusted(0.75, 0.75, -0.75, -0.75), radius, radius)
        rect = to_qrect(chip.rect)
        rect.moveTo(pointer.x() - self.theme.px(12), pointer.y() - rect.height() / 2)
        paint_shadow(painter, rect, radius, 6, 18, 0.28)
        moved = replace(chip, rect=Rect(rect.x(), rect.y(), rect.width(), rect.height()))
        self._raised(painter, moved)


def _role_of(chip: Chip) -> TextRole:
    """What is still to come stands out; what is over or off does not."""
    return TextRole.TITLE if chip.entry.status in (Status.SCHEDULED, Status.IN_PROGRESS) else TextRole.LINE
