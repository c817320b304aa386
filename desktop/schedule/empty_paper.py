"""The card in the middle of a list or month in which there is nothing: what is empty, and what to do."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from desktop import theme
from desktop.schedule.scene import SceneBuilder
from desktop.widgets import painting


def empty_paper_words(builder: SceneBuilder, when: str) -> tuple[str, str]:
    """Title and hint for a view on which nothing can be drawn with the mouse; `when` is "this month"."""
    title, hint = builder.empty_words(when)
    return (title, hint if title.startswith("Nothing") else "Press N to put one here.")


def paint_empty(painter: QPainter, area: QRectF, words: tuple[str, str]) -> None:
    """Paint the card into the middle of an area, without its icon where that is low."""
    current = theme.current()
    color, px = current.color, current.px
    title, hint = words
    width = max(painting.text_width(title, "body_strong"), painting.text_width(hint, "body"))
    icon_height = px(30) if area.height() >= px(92) else 0
    card = QRectF(0, 0, width + px(48), px(62) + icon_height)
    card.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painting.box(painter, card, current.size.radius_panel, color.surface, color.line)
    side = current.size.icon_rail
    if icon_height:
        theme.draw_icon(painter, "calendar-days", card.center().x() - side / 2, card.y() + px(14), side, color.text3)
    center = Qt.AlignmentFlag.AlignHCenter
    line = QRectF(card.x(), card.y() + px(8) + icon_height, card.width(), px(20))
    painting.text(painter, line, title, "body_strong", color.text, center)
    painting.text(painter, line.translated(0, px(22)), hint, "body", color.text2, center)
