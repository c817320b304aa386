"""The face of an entry's box (fill, border, edge pattern) by family and state, painted once and kept as a pixmap.

A week repeats few sizes many times; blitting a kept face costs a hundredth of filling rounded shapes anew.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap

from desktop import theme
from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Family, Status
from desktop.widgets import painting

_KEPT_FACES = 1500
_KEPT_AREAS = 60


@dataclass(frozen=True, slots=True)
class Look:
    """What decides how a box is drawn, apart from its size and words."""

    family: Family
    status: Status = Status.SCHEDULED
    conflict: ConflictMark = ConflictMark.NONE
    is_unsaved: bool = False
    is_lifted: bool = False
    """Under the pointer or in the hand: the border takes the color of the edge."""
    is_foreign: bool = False
    """Belongs to another location: plain paper without the colors of a service."""


def look_of(entry: CalendarEntry, *, is_lifted: bool = False) -> Look:
    """The look of an entry; a cancelled one shows no conflict, since it has none (product §4)."""
    conflict = ConflictMark.NONE if entry.status is Status.CANCELLED else entry.conflict
    return Look(entry.family, entry.status, conflict, entry.is_unsaved, is_lifted, entry.is_foreign)


def text_color(look: Look) -> QColor:
    """Color of the words in a box."""
    current = theme.current()
    if look.is_foreign or look.status in (Status.PAST, Status.CANCELLED, Status.NO_SHOW):
        return current.color.text2
    return current.families[look.family.value].text


def fill_of(look: Look) -> QColor:
    """Color of the paper in a box."""
    current = theme.current()
    if look.is_foreign:
        return current.color.sunken
    is_plain = look.is_unsaved or look.status in (Status.PAST, Status.CANCELLED, Status.NO_SHOW)
    return current.color.surface if is_plain else current.families[look.family.value].fill


def dashed(color: QColor, width: float) -> QPen:
    """A pen of short dashes, as the design's dashed borders are."""
    pen = QPen(color, width)
    pen.setDashPattern([3.0 / width, 2.0 / width])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _border(look: Look) -> QPen:
    current = theme.current()
    color, family = current.color, current.families[look.family.value]
    thick = 2.0 if current.mode is theme.Mode.HIGH_CONTRAST else 1.0
    if look.conflict is ConflictMark.OVERLAP:
        return QPen(color.danger_line, 2.0)
    if look.conflict is ConflictMark.BUFFER:
        return dashed(color.warn_line, 1.5 * thick)
    if look.conflict is ConflictMark.ACCEPTED:
        return dashed(color.danger_line, thick)
    if look.is_foreign:
        return QPen(color.control if look.is_lifted else color.line_strong, thick)
    if look.is_unsaved:
        return dashed(family.edge, 1.5 * thick)
    if look.status is Status.CANCELLED:
        return dashed(color.control, thick)
    if look.status is Status.NO_SHOW:
        return dashed(family.edge if look.is_lifted else family.border, thick)
    if look.status is Status.IN_PROGRESS:
        return QPen(family.edge, 2.0)
    if look.status is Status.PAST:
        return QPen(family.edge if look.is_lifted else color.line, thick)
    return QPen(family.edge if look.is_lifted else family.border, thick)


def paint_face(painter: QPainter, rect: QRectF, look: Look) -> None:
    """Paint the face of a box into `rect`."""
    current = theme.current()
    family = current.families[look.family.value]
    pen = _border(look)
    half = pen.widthF() / 2
    radius = current.size.radius_entry
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = rect.adjusted(half, half, -half, -half)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill_of(look))
    painter.drawRoundedRect(outline, radius - half, radius - half)
    if look.status is not Status.CANCELLED and not look.is_foreign:
        border = math.ceil(pen.widthF()) if pen.widthF() != 1.5 else 1.0
        inner = QPainterPath()
        inside = rect.adjusted(border, border, -border, -border)
        inner.addRoundedRect(inside, max(radius - border, 0), max(radius - border, 0))
        painter.save()
        painter.setClipPath(inner)
        if look.status is Status.PAST:
            painter.setOpacity(0.55)
        edge = QRectF(inside.topLeft(), QSizeF(current.px(4), inside.height()))
        painting.family_edge(painter, edge, family)
        painter.restore()
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(outline, radius - half, radius - half)


def hatch(painter: QPainter, rect: QRectF, color: QColor, width: float, step: float, opacity: float) -> None:
    """Stripes rising to the right over `rect`, `step` px apart across the stripe."""
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setOpacity(opacity)
    painter.setPen(QPen(color, width))
    along = step * math.sqrt(2)
    tall = rect.height()
    first = math.floor((rect.left() - tall) / along) * along
    count = math.ceil((rect.right() - first) / along) + 1
    painter.drawLines(
        [QLineF(first + i * along, rect.bottom(), first + i * along + tall, rect.top()) for i in range(count)]
    )
    painter.restore()


def paint_shadow(painter: QPainter, rect: QRectF, radius: float, drop: float, blur: float, alpha: float) -> None:
    """A soft shadow under something that floats; none in high contrast (design.md, "Color")."""
    if theme.current().mode is theme.Mode.HIGH_CONTRAST:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    steps = max(int(blur / 2), 3)
    shade = QColor(16, 26, 22)
    for number in range(steps):
        grow = blur / 2 * (1 - number / steps)
        shade.setAlphaF(alpha / steps * 1.6 * (number + 1) / steps)
        painter.setBrush(QBrush(shade))
        painter.drawRoundedRect(rect.adjusted(-grow, drop - grow, grow, drop + grow), radius + grow, radius + grow)
    painter.restore()


Hatches = tuple[tuple[float, float], ...]
"""Hatched parts of a box as (y, height)."""


class FaceCache:
    """Faces and hatched areas by look and size for one theme and screen density; the oldest go first."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self._faces: OrderedDict[tuple[Look, int, int, Hatches], QPixmap] = OrderedDict()
        self._areas: OrderedDict[tuple[int, int, str, float, float, float], QPixmap] = OrderedDict()

    def _blank(self, width: int, height: int) -> QPixmap:
        pixmap = QPixmap(max(math.ceil(width * self.ratio), 1), max(math.ceil(height * self.ratio), 1))
        pixmap.setDevicePixelRatio(self.ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        return pixmap

    def face(self, look: Look, width: int, height: int, hatches: Hatches = ()) -> QPixmap:
        """The face of that look and size, in logical px, with the minutes that overlap hatched."""
        key = (look, width, height, hatches)
        pixmap = self._faces.get(key)
        if pixmap is None:
            pixmap = self._blank(width, height)
            painter = QPainter(pixmap)
            rect = QRectF(0, 0, width, height)
            paint_face(painter, rect, look)
            inner = rect.adjusted(4, 2, -2, -2)
            for y, tall in hatches:
                area = QRectF(0, y, width, tall).intersected(inner)
                hatch(painter, area, theme.current().color.danger_line, 1.5, 6.0, 0.3)
            painter.end()
            self._faces[key] = pixmap
            if len(self._faces) > _KEPT_FACES:
                self._faces.popitem(last=False)
        return pixmap

    def shadow(self, width: int, height: int, radius: float, drop: float, blur: float, alpha: float) -> QPixmap:
        """The shadow of a box of that size, `blur + drop` wider than it on each side; see `paint_shadow`."""
        key = (width, height, f"shadow {radius}", drop, blur, alpha)
        pixmap = self._areas.get(key)
        if pixmap is None:
            margin = math.ceil(blur + drop)
            pixmap = self._blank(width + 2 * margin, height + 2 * margin)
            painter = QPainter(pixmap)
            paint_shadow(painter, QRectF(margin, margin, width, height), radius, drop, blur, alpha)
            painter.end()
            self._keep(key, pixmap)
        return pixmap

    def _keep(self, key: tuple[int, int, str, float, float, float], pixmap: QPixmap) -> None:
        self._areas[key] = pixmap
        if len(self._areas) > _KEPT_AREAS:
            self._areas.popitem(last=False)

    def hatched(self, width: int, height: int, color: QColor, line: float, step: float, opacity: float) -> QPixmap:
        """Stripes over an area of that size; see `hatch`."""
        key = (width, height, color.name(), line, step, opacity)
        pixmap = self._areas.get(key)
        if pixmap is None:
            pixmap = self._blank(width, height)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            hatch(painter, QRectF(0, 0, width, height), color, line, step, opacity)
            painter.end()
            self._keep(key, pixmap)
        return pixmap
