"""Icons (Lucide, resources/icons) drawn in any color and size, cached as pixmaps at the screen's density."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPixmap

import resources

_STROKE = 'stroke-width="2"'
_cached_icons: dict[tuple[str, str], QIcon] = {}


@lru_cache(maxsize=512)
def _source(name: str) -> str:
    return resources.path(f"icons/{name}.svg").read_text(encoding="utf-8")


def _render(name: str, color: str, opacity: float, size: int, ratio: float, stroke: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    svg = _source(name).replace(_STROKE, f'stroke-width="{stroke}"').replace("currentColor", color)
    device = max(1, round(size * ratio))
    pixmap = QPixmap(device, device)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(opacity)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, device, device))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


_cached_render = lru_cache(maxsize=1024)(_render)


def icon_pixmap(name: str, color: QColor, size: int = 18, ratio: float = 1.0, stroke: float = 1.75) -> QPixmap:
    """The icon ``name`` in ``color``, ``size`` logical px wide. Raises FileNotFoundError for an unknown name."""
    return _cached_render(name, color.name(), round(color.alphaF(), 2), size, ratio, stroke)


def draw_icon(
    painter: QPainter, name: str, x: float, y: float, size: int, color: QColor, stroke: float = 1.75
) -> None:
    """Draw the icon with its upper left corner at (x, y), at the painter's own pixel density."""
    ratio = painter.device().devicePixelRatioF() if painter.device() else 1.0
    painter.drawPixmap(QRectF(x, y, size, size), icon_pixmap(name, color, size, ratio, stroke), QRectF())


class _ThemedEngine(QIconEngine):
    """Paints in the theme's color of the moment, so that icons of actions follow light and dark by themselves."""

    def __init__(self, name: str, color: str) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def _shade(self, mode: QIcon.Mode) -> QColor:
        from desktop.theme import current

        color = current().color
        return color.text_disabled if mode == QIcon.Mode.Disabled else QColor(getattr(color, self._color))

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        size = min(rect.width(), rect.height())
        x = rect.x() + (rect.width() - size) / 2
        y = rect.y() + (rect.height() - size) / 2
        draw_icon(painter, self._name, x, y, size, self._shade(mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        logical = max(1, round(min(size.width(), size.height()) / scale))
        return icon_pixmap(self._name, self._shade(mode), logical, scale)

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._color)


def icon(name: str, color: str = "text2") -> QIcon:
    """A QIcon for actions and menus; ``color`` names a field of `Colors` and follows the theme."""
    key = (name, color)
    if key not in _cached_icons:
        _cached_icons[key] = QIcon(_ThemedEngine(name, color))
    return _cached_icons[key]


@lru_cache(maxsize=1)
def app_icon() -> QIcon:
    """The program's own icon, for windows and the task bar."""
    built = QIcon()
    for size in (32, 64, 256) if QGuiApplication.instance() else ():
        built.addPixmap(_render("itutoros-app", "#000000", 1.0, size, 1.0, 2.0))
    return built
