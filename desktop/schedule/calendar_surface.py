"""The surface of the calendar: lays a scene out for its size, scrolls it under a standing header, and paints it.

What a person does with it lives in the widget built on it (calendar_widget.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QRegion, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QWidget

from desktop import theme
from desktop.schedule.calendar_values import CalendarScene, Mode
from desktop.schedule.layout import CalendarLayout, Hit, HitKind, Rect, lay_out, needed_size, packing_of
from desktop.schedule.lettering import lettering, metrics
from desktop.schedule.packing import Packing
from desktop.schedule.painting import CalendarPainter, Marks


class CalendarSurface(QWidget):
    """A scene at the widget's size, with scroll bars where it does not fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._scene = CalendarScene(Mode.WEEK, (), ())
        self._packing: Packing | None = None
        self._layout: CalendarLayout | None = None
        self._painter: CalendarPainter | None = None
        self._has_shown = False
        self._sheet = QPixmap()
        self._sheet_of: tuple[CalendarLayout, int, int] | None = None
        self._sheet_hides = ""
        self._marked = QRegion()
        self._bar_y = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar_x = QScrollBar(Qt.Orientation.Horizontal, self)
        for bar in (self._bar_x, self._bar_y):
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            bar.valueChanged.connect(self._scrolled)
            bar.hide()
        theme.signals().themeChanged.connect(self._theme_changed)

    def scene(self) -> CalendarScene:
        """The scene being shown."""
        return self._scene

    def plan(self) -> CalendarLayout | None:
        """The layout being shown; None before the widget has a size."""
        return self._layout

    def _marks(self) -> Marks:
        """What is hovered, selected or dragged: nothing, on the bare surface."""
        return Marks()

    def sizeHint(self) -> QSize:
        """A comfortable week."""
        px = theme.current().px
        return QSize(px(1000), px(640))

    def minimumSizeHint(self) -> QSize:
        """Small enough for a window beside another."""
        px = theme.current().px
        return QSize(px(320), px(240))

    # geometry

    def _header_height(self) -> float:
        return metrics().header(self._scene.mode)

    def _viewport(self) -> QRect:
        """The part of the widget that shows the grid."""
        top = 2 + round(self._header_height())
        thick = theme.current().px(10)
        right = thick if not self._bar_y.isHidden() else 0
        bottom = thick if not self._bar_x.isHidden() else 0
        return QRect(1, top, max(self.width() - 2 - right, 1), max(self.height() - top - 1 - bottom, 1))

    def seater(self) -> Callable[[CalendarScene], Packing]:
        """What seats a scene's entries as this surface is now, in whichever thread."""
        lengths, thick = metrics(), theme.current().px(10)
        height = self._room_height()
        heights = (height, height - thick)

        def seated(scene: CalendarScene) -> Packing:
            packing = packing_of(scene, lengths)
            for one in heights:
                packing.at(one)
            return packing

        return seated

    def _room_height(self) -> int:
        return max(self.height() - 2 - round(self._header_height()) - 1, 1)

    def _seats(self) -> Packing:
        if self._packing is None or not self._packing.is_of(self._scene, metrics().hours, metrics().least_box):
            self._packing = packing_of(self._scene, metrics())
        return self._packing

    def _lay_out(self) -> None:
        if self.width() < 8 or self.height() < 8:
            return
        thick = theme.current().px(10)
        letters = lettering()
        plan_metrics = metrics()
        width, height = self.width() - 2, self._room_height()
        needs = (not self._bar_x.isHidden(), not self._bar_y.isHidden())
        packing = self._seats()
        for _ in range(4):
            room = width - thick * needs[1], height - thick * needs[0]
            wanted = needed_size(packing, *room, plan_metrics, letters.measure)
            found = wanted[0] > room[0] + 0.5, wanted[1] > room[1] + 0.5
            if found == needs:
                break
            needs = found
        room = width - thick * needs[1], height - thick * needs[0]
        layout = lay_out(self._scene, *room, plan_metrics, letters.measure, packing)
        needs_x, needs_y = needs
        self._layout = layout
        self._bar_x.setVisible(needs_x)
        self._bar_y.setVisible(needs_y)
        view = self._viewport()
        self._bar_y.setGeometry(self.width() - 1 - thick, view.top(), thick, view.height())
        self._bar_x.setGeometry(1, self.height() - 1 - thick, view.width(), thick)
        self._bar_y.setRange(0, max(round(layout.height - view.height()), 0) if needs_y else 0)
        self._bar_x.setRange(0, max(round(layout.width - view.width()), 0) if needs_x else 0)
        self._bar_y.setPageStep(view.height())
        self._bar_x.setPageStep(view.width())
        self._bar_y.setSingleStep(theme.current().px(40))
        self._bar_x.setSingleStep(theme.current().px(40))
        if not self._has_shown and self._scene.columns:
            self._has_shown = True
            if self._scene.now is not None:
                self._bar_y.setValue(round(layout.axis.y(self._scene.now.minute) - view.height() / 3))
            today = layout.column(self._scene.now.column or "") if self._scene.now is not None else None
            if today is not None and today.x + today.w > view.width():
                self._bar_x.setValue(round(today.x - layout.metrics.gutter))

    def to_grid(self, point: QPointF) -> QPointF:
        """A point of the widget in the layout's coordinates; left of the columns x stays in the gutter."""
        view = self._viewport()
        x, y = point.x() - view.left(), point.y() - view.top()
        if x >= metrics().gutter:
            x += self._bar_x.value()
        return QPointF(x, y + self._bar_y.value())

    def to_widget(self, rect: Rect) -> QRect:
        """A rectangle of the layout in the widget's coordinates."""
        view = self._viewport()
        return QRectF(
            rect.x + view.left() - self._bar_x.value(), rect.y + view.top() - self._bar_y.value(), rect.w, rect.h
        ).toAlignedRect()

    def _hit(self, point: QPointF) -> Hit:
        if self._layout is None or not self._viewport().contains(point.toPoint()):
            return Hit(HitKind.NOTHING)
        at = self.to_grid(point)
        return self._layout.hit_test(at.x(), at.y())

    def _reveal(self, rect: Rect) -> None:
        view = self._viewport()
        margin = theme.current().px(16)
        gutter = metrics().gutter
        top, left = self._bar_y.value(), self._bar_x.value()
        if rect.y - margin < top:
            self._bar_y.setValue(round(rect.y - margin))
        elif rect.bottom + margin > top + view.height():
            self._bar_y.setValue(round(rect.bottom + margin - view.height()))
        if rect.x - margin < left + gutter:
            self._bar_x.setValue(round(rect.x - margin - gutter))
        elif rect.right + margin > left + view.width():
            self._bar_x.setValue(round(rect.right + margin - view.width()))

    def show_now(self) -> None:
        """Scroll to the present minute, when it is on these days."""
        now = self._layout.now if self._layout is not None else None
        if now is not None:
            half = self._viewport().height() / 2
            self._bar_y.setValue(round(now.y - half))

    def _scrolled(self) -> None:
        self._marked = QRegion()
        self.update()

    def _remark(self) -> None:
        """Paint anew only where something was hovered, selected or dragged, and where it is now."""
        layout, paint = self._layout, self._painter
        if layout is None or paint is None:
            self.update()
            return
        now = QRegion()
        for area in paint.marked_areas(layout, self._marks()):
            now = now.united(self.to_widget(Rect(area.x(), area.y(), area.width(), area.height())))
        if not (changed := now.united(self._marked)).isEmpty():
            self.update(changed)
        self._marked = now

    def _theme_changed(self) -> None:
        self._painter = None
        self._sheet_of = None
        self._lay_out()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Plan anew for the new size, at the same moment of the day."""
        layout = self._layout
        top = layout.axis.minute(self._bar_y.value()) if layout is not None and self._bar_y.maximum() else None
        self._lay_out()
        if top is not None and self._layout is not None:
            self._bar_y.setValue(round(self._layout.axis.y(top)))

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Header, grid, gutter, frame."""
        current = theme.current()
        painter = QPainter(self)
        if self._layout is None:
            painter.fillRect(event.rect(), current.color.surface)
            return
        ratio = self.devicePixelRatioF()
        if self._painter is None or self._painter.faces.ratio != ratio:
            self._painter = CalendarPainter(ratio)
            self._sheet_of = None
        layout, paint = self._layout, self._painter
        view = self._viewport()
        gutter = round(layout.metrics.gutter)
        dx, dy = self._bar_x.value(), self._bar_y.value()
        dirty = event.rect().intersected(view)
        if not dirty.isEmpty():
            marks = self._marks()
            card = self._empty_card(view) if not layout.boxes and any(self._scene.empty_words) else None
            self._prepare_sheet(view, marks.live.moved_id if marks.live is not None else "", card)
            painter.save()
            painter.setClipRegion(event.region().intersected(view.adjusted(gutter, 0, 0, 0)))
            painter.drawPixmap(view.topLeft(), self._sheet)
            painter.translate(view.left() - dx, view.top() - dy)
            paint.paint_marks(painter, layout, marks)
            painter.restore()
            painter.save()
            painter.setClipRect(dirty.intersected(QRect(view.left(), view.top(), gutter + 1, view.height())))
            painter.translate(view.left(), view.top() - dy)
            paint.paint_gutter(painter, layout, QRectF(0, dy, gutter + 1, view.height()))
            painter.restore()
            if card is not None:
                self._paint_empty(painter, card)
        painter.fillRect(QRect(view.right() + 1, view.top(), self.width(), self.height()), current.color.surface)
        painter.fillRect(QRect(0, view.bottom() + 1, self.width(), self.height()), current.color.surface)
        header = QRect(1, 1, self.width() - 2, view.top() - 1)
        if event.rect().intersects(header):
            painter.fillRect(header, current.color.surface)
            painter.save()
            painter.setClipRect(header.adjusted(gutter - current.px(4), 0, 0, 0))
            painter.translate(view.left() - dx, 1)
            paint.paint_header(painter, layout, gutter + dx, view.width() + dx)
            painter.restore()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.fillRect(1, view.top() - 1, self.width() - 2, 1, current.color.line_strong)
        self._paint_frame(painter)

    def _prepare_sheet(self, view: QRect, hides: str, card: QRectF | None) -> None:
        """Bring the kept picture of the grid up to date: after scrolling only the strips that came into sight, after
        an entry was taken up or put down only its place."""
        layout, paint = self._layout, self._painter
        if layout is None or paint is None:
            return
        ratio = paint.faces.ratio
        size = QSize(math.ceil(view.width() * ratio), math.ceil(view.height() * ratio))
        dx, dy = self._bar_x.value(), self._bar_y.value()
        kept = self._sheet_of
        stale = QRegion(0, 0, view.width(), view.height())
        if self._sheet.size() != size:
            self._sheet = QPixmap(size)
            self._sheet.setDevicePixelRatio(ratio)
        elif kept is not None and kept[0] is layout and card is None:
            moved_x, moved_y = (kept[1] - dx) * ratio, (kept[2] - dy) * ratio
            is_whole = moved_x == int(moved_x) and moved_y == int(moved_y)
            if is_whole and abs(moved_x) < size.width() and abs(moved_y) < size.height():
                stale = self._shifted(int(moved_x), int(moved_y), ratio)
                if hides != self._sheet_hides:
                    stale = stale.united(self._place_of(self._sheet_hides, view)).united(self._place_of(hides, view))
        self._sheet_of = (layout, dx, dy)
        self._sheet_hides = hides
        covered = card.translated(dx - view.left(), dy - view.top()) if card is not None else None
        gutter = round(layout.metrics.gutter)
        painter = QPainter(self._sheet)
        if not stale.isEmpty():
            painter.setClipRegion(stale)
            painter.translate(-dx, -dy)
            paint.paint_grid(painter, layout, QRectF(stale.boundingRect().translated(dx, dy)), hides, covered)
            paint.paint_now_lead(painter, layout, gutter + dx)
        painter.end()

    def _shifted(self, x: int, y: int, ratio: float) -> QRegion:
        """Shift the kept picture by so many device pixels; answers with what is to be painted."""
        stale = QRegion()
        if not x and not y:
            return stale
        self._sheet.scroll(x, y, self._sheet.rect())
        wide, tall = self._sheet.width(), self._sheet.height()
        for part in (
            QRectF(0 if x > 0 else wide + x, 0, abs(x), tall), QRectF(0, 0 if y > 0 else tall + y, wide, abs(y)),
        ):  # fmt: skip
            if not part.isEmpty():
                area = QRectF(part.topLeft() / ratio, part.size() / ratio)
                stale = stale.united(area.toAlignedRect().adjusted(-1, -1, 1, 1))
        return stale

    def _place_of(self, entry_id: str, view: QRect) -> QRegion:
        """Where a box and its tail lie in the kept picture."""
        box = self._layout.box(entry_id) if self._layout is not None and entry_id else None
        if box is None:
            return QRegion()
        places = QRegion(self.to_widget(box.rect).adjusted(-2, -2, 2, 2))
        if box.tail is not None:
            places = places.united(self.to_widget(box.tail).adjusted(-2, -2, 2, 2))
        return places.translated(-view.topLeft())

    def _paint_frame(self, painter: QPainter) -> None:
        """The sheet's line and round corners, over the square content."""
        current = theme.current()
        radius = current.size.radius_panel
        whole = QRectF(self.rect())
        sheet = QPainterPath()
        sheet.addRoundedRect(whole, radius, radius)
        corners = QPainterPath()
        corners.addRect(whole)
        for edge in (
            QRectF(0, 0, whole.width(), 1), QRectF(0, whole.height() - 1, whole.width(), 1),
            QRectF(0, 0, 1, whole.height()), QRectF(whole.width() - 1, 0, 1, whole.height()),
        ):  # fmt: skip
            painter.fillRect(edge, current.color.canvas)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(corners.subtracted(sheet), current.color.canvas)
        painter.setPen(QPen(current.color.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _empty_card(self, view: QRect) -> QRectF:
        px = theme.current().px
        title, hint = self._scene.empty_words
        width = max(
            theme.metrics("body_strong").horizontalAdvance(title), theme.metrics("body").horizontalAdvance(hint)
        )
        card = QRectF(0, 0, width + px(48), px(92))
        card.moveCenter(QRectF(view).adjusted(metrics().gutter, 0, 0, 0).center())
        return card

    def _paint_empty(self, painter: QPainter, card: QRectF) -> None:
        current = theme.current()
        color, px = current.color, current.px
        title, hint = self._scene.empty_words
        middle = card.center()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color.line, 1))
        painter.setBrush(color.surface)
        painter.drawRoundedRect(card, current.size.radius_panel, current.size.radius_panel)
        size = current.size.icon_rail
        theme.draw_icon(painter, "calendar-days", middle.x() - size / 2, card.y() + px(14), size, color.text3)
        center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.setPen(color.text)
        painter.setFont(theme.font("body_strong"))
        painter.drawText(card.adjusted(0, px(38), 0, 0), center, title)
        painter.setPen(color.text2)
        painter.setFont(theme.font("body"))
        painter.drawText(card.adjusted(0, px(60), 0, 0), center, hint)
