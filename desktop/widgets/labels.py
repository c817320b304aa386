"""Text on screen: labels of one line, paragraphs with the design's line height, tags, notes, initials, marks."""

from __future__ import annotations

import re
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
    QTransform,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import painting


class Label(QLabel):
    """One line of text. ``style`` is a step of the type scale, ``tone`` a text color: text, text2, text3,
    accent, danger, warn, ok, info."""

    def __init__(
        self,
        text: str = "",
        style: str = "body",
        tone: str = "text",
        *,
        tabular: bool = False,
        elide: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._style_name = style
        self._elide = elide
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        self.setFont(theme.font(style, tabular=tabular))
        if elide:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self.setMinimumWidth(theme.current().px(24))

    def set_tone(self, tone: str) -> None:
        """Change the color of the text."""
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)

    def tone_color(self) -> str:
        """The name of the text color in force."""
        return str(self.property("tone"))

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), max(hint.height(), theme.current().line_height(self._style_name)))

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(0 if self._elide else hint.width(), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._elide:
            super().paintEvent(event)
            return
        painter = painting.painter_for(self)
        color = getattr(theme.current().color, self.tone_color())
        painting.text(painter, QRectF(self.rect()), self.text(), self._style_name, color)
        painter.end()


class Paragraph(QWidget):
    """Text that wraps, with the design's line height. ``**words**`` are strong. Never more than ``max_lines``."""

    def __init__(
        self,
        text: str = "",
        style: str = "body",
        tone: str = "text",
        *,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        max_lines: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._style_name = style
        self._tone = tone
        self._align = align
        self._max_lines = max_lines
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._plain = ""
        self._strong: list[tuple[int, int]] = []
        self.set_text(text)

    def text(self) -> str:
        """The words, without marks."""
        return self._plain

    def set_text(self, text: str) -> None:
        """Show other words."""
        self._plain, self._strong = "", []
        for index, part in enumerate(re.split(r"\*\*", text)):
            if index % 2:
                self._strong.append((len(self._plain), len(part)))
            self._plain += part
        self.setAccessibleName(self._plain)
        self.updateGeometry()
        self.update()

    def set_tone(self, tone: str) -> None:
        """Change the color of the text."""
        self._tone = tone
        self.update()

    def _layout(self, width: float) -> tuple[QTextLayout, float]:
        layout, height = self._laid_out(self._plain, width)
        if self._max_lines and layout.lineCount() == self._max_lines:
            last = layout.lineAt(self._max_lines - 1)
            start = last.textStart()
            if start + last.textLength() < len(self._plain):
                rest = self._plain[start:].replace("\n", " ")
                shown = theme.metrics(self._style_name).elidedText(rest, Qt.TextElideMode.ElideRight, width - 2)
                layout, height = self._laid_out(self._plain[:start] + shown, width)
        return layout, height

    def _laid_out(self, words: str, width: float) -> tuple[QTextLayout, float]:
        layout = QTextLayout(words.replace("\n", "\u2028"), theme.font(self._style_name))
        option = QTextOption(self._align)
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        layout.setTextOption(option)
        ranges = []
        for start, length in self._strong:
            span = QTextLayout.FormatRange()
            span.start, span.length = start, length
            char_format = QTextCharFormat()
            char_format.setFont(painting.with_weight(self._style_name, True))
            span.format = char_format
            ranges.append(span)
        layout.setFormats(ranges)
        step = theme.current().line_height(self._style_name)
        layout.beginLayout()
        y = 0.0
        count = 0
        while not self._max_lines or count < self._max_lines:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(1.0, width))
            line.setPosition(QPointF(0, y + (step - line.height()) / 2))
            y += step
            count += 1
        layout.endLayout()
        return layout, y

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return int(self._layout(width)[1])

    def sizeHint(self) -> QSize:
        natural = theme.metrics(self._style_name).horizontalAdvance(self._plain) * (1.06 if self._strong else 1) + 2
        width = min(int(natural) + 1, theme.current().px(320))
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(40), theme.current().line_height(self._style_name) if self._plain else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        needed = self.heightForWidth(self.width())
        if self.minimumHeight() != needed:
            self.setMinimumHeight(needed)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        painter.setPen(getattr(theme.current().color, self._tone))
        self._layout(self.width())[0].draw(painter, QPointF(0, 0))
        painter.end()


class Tone(StrEnum):
    """The meanings that a tag or note can carry."""

    NEUTRAL = "neutral"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"
    INFO = "info"
    ACCENT = "accent"


def tone_colors(tone: Tone) -> tuple[str, str]:
    """The color names (fill, text) of a tone."""
    return ("sunken", "text2") if tone is Tone.NEUTRAL else (f"{tone.value}_soft", f"{tone.value}_soft_text")


class Tag(QWidget):
    """A small filled label of one word or two, optionally with an icon."""

    def __init__(
        self, text: str, tone: Tone = Tone.NEUTRAL, icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._tone = tone
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_words(text)

    def set_words(self, text: str, tone: Tone | None = None) -> None:
        """Change words, and tone when given."""
        self._text = text
        self._tone = tone or self._tone
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        width = round(painting.text_width(self._text, "small_medium")) + t.px(12)
        if self._icon:
            width += t.size.icon_small + t.px(4)
        return QSize(width + 1, t.px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        fill_name, ink_name = tone_colors(self._tone)
        ink = getattr(t.color, ink_name)
        painter = painting.painter_for(self)
        painting.box(
            painter, QRectF(self.rect()), t.size.radius_entry, getattr(t.color, fill_name), painting.outline()
        )
        x = float(t.px(6))
        if self._icon:
            size = t.size.icon_small
            theme.draw_icon(painter, self._icon, x, (self.height() - size) / 2, size, ink)
            x += size + t.px(4)
        painting.text(painter, QRectF(x, 0, self.width() - x, self.height()), self._text, "small_medium", ink)
        painter.end()


class Note(QWidget):
    """A filled note across a panel: an icon, a strong first line, an explanation, and a button if there is one."""

    def __init__(
        self,
        title: str,
        text: str = "",
        tone: Tone = Tone.NEUTRAL,
        icon: str | None = "info",
        button: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        t = theme.current()
        self._tone = tone
        ink = tone_colors(tone)[1]
        row = QHBoxLayout(self)
        row.setContentsMargins(t.px(12), t.px(10), t.px(12), t.px(10))
        row.setSpacing(t.px(10))
        if icon:
            row.addWidget(Glyph(icon, ink), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.title = Paragraph(f"**{title}**" if title and text else title, tone=ink)
        column.addWidget(self.title)
        self.text = Paragraph(text, tone=ink)
        column.addWidget(self.text)
        if not text:
            self.text.hide()
        row.addLayout(column, 1)
        if button is not None:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), t.size.radius_card, getattr(t.color, tone_colors(self._tone)[0]))
        painter.end()


class Glyph(QWidget):
    """An icon as a widget, in a text color."""

    def __init__(
        self, icon: str, tone: str = "text2", size: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._tone = tone
        self._size = size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon: str, tone: str | None = None) -> None:
        """Show another icon, in another color when given."""
        self._icon, self._tone = icon, tone or self._tone
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        side = t.px(self._size) if self._size else t.size.icon
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        theme.draw_icon(painter, self._icon, 0, 0, self.width(), getattr(theme.current().color, self._tone))
        painter.end()


def initials(name: str) -> str:
    """The first letters of the first and the last name: "Mei-Ling Park" gives "MP"."""
    parts = [part for part in name.split() if part[:1].isalpha()]
    if not parts:
        return ""
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


class Avatar(QWidget):
    """A circle with a person's photo or initials; without a name, the dashed circle of "nobody yet"."""

    def __init__(self, name: str = "", size: int = 28, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self._photo: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_name(name)

    def set_photo(self, photo: QImage | None) -> None:
        """Show a square photo in place of the initials, or the initials again."""
        self._photo = photo
        self.update()

    def set_name(self, name: str) -> None:
        """Show another person."""
        self._name = name
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def sizeHint(self) -> QSize:
        side = theme.current().px(self._size)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        paint_avatar(painter, QRectF(self.rect()), self._name, self._photo)
        painter.end()


def paint_avatar(painter: QPainter, rect: QRectF, name: str, photo: QImage | None = None) -> None:
    """The circle with a square photo or with initials, for delegates as well."""
    t = theme.current()
    if photo is not None:
        # As the filling of a circle, whose edge is then smooth; a clip's would not be.
        density = painter.device().devicePixelRatioF()
        side = max(1, round(rect.width() * density))
        small = photo.scaled(
            side, side, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        filling = QBrush(small)
        filling.setTransform(QTransform(1 / density, 0, 0, 1 / density, rect.x(), rect.y()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(filling)
        painter.drawEllipse(rect)
        painting.box(painter, rect, rect.width() / 2, None, t.color.line)
        return
    if not name:
        painting.box(painter, rect, rect.width() / 2, None, t.color.control, 1.5, dashed=True)
        return
    painting.box(painter, rect, rect.width() / 2, t.color.sunken, painting.outline())
    font = theme.font("small_strong" if rect.width() >= t.px(34) else "micro_strong")
    font.setPointSizeF(font.pointSizeF() * (0.82 if rect.width() <= t.px(22) else 1.0))
    painter.setFont(font)
    painter.setPen(t.color.text2)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, initials(name))


class Temperature(QWidget):
    """Three bars and a word: Cold, Warm, Hot; "Not set" in words alone. ``level`` is 0 to 3."""

    WORDS = ("Not set", "Cold", "Warm", "Hot")

    def __init__(self, level: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_level(level)

    def set_level(self, level: int) -> None:
        """0 not set, 1 cold, 2 warm, 3 hot."""
        self._level = level
        self.setAccessibleName(self.WORDS[level])
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        bars = t.px(20) if self._level else 0
        return QSize(bars + round(painting.text_width(self.WORDS[self._level], "small")) + 2, t.px(16))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        paint_temperature(painter, QRectF(self.rect()), self._level)
        painter.end()


def paint_temperature(painter: QPainter, rect: QRectF, level: int) -> None:
    """Bars and word at the left of ``rect``, for delegates and cards as well."""
    t = theme.current()
    x = rect.x()
    if level:
        painter.setPen(Qt.PenStyle.NoPen)
        base = rect.center().y() + t.px(5)
        for index, height in enumerate((4, 7, 10)):
            unlit = t.color.line_strong if painting.outline() is None else t.color.text_disabled.darker(200)
            painter.setBrush(t.color.text2 if index < level else unlit)
            bar = QRectF(x + index * t.px(5), base - t.px(height), t.px(4), t.px(height))
            painter.drawRoundedRect(bar, 1, 1)
        x += t.px(20)
    painting.text(painter, QRectF(x, rect.y(), rect.right() - x, rect.height()), Temperature.WORDS[level], "small",
                  t.color.text2 if level else t.color.text3)  # fmt: skip
