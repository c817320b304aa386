"""The inputs of a center's logo and color in Settings: the mark as it will be printed, and colors to take."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.organization.logo_file import FILE_FILTER
from desktop.widgets import Button, TextInput, painting
from shared_models.organization.brand import DEFAULT_COLOR, logo_bytes, mark_letters, printable_color

SWATCHES = {
    "Green": DEFAULT_COLOR.lower(), "Teal": "#0f6b78", "Blue": "#1f4e8c", "Navy": "#1b2a49", "Purple": "#5b3a8c",
    "Wine": "#7a1f3d", "Copper": "#8a4b12", "Graphite": "#3a3f47",
}  # fmt: skip
"""Eight colors on which white text can be read."""


class PrintedMark(QWidget):
    """The mark as it stands in the corner of a paper, which is white in every theme."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logo = QPixmap()
        self._stored = ""
        self._color = QColor(DEFAULT_COLOR)
        self._letters = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_mark(self, name: str, stored_logo: str, stored_color: str) -> None:
        """Show the logo, or where there is none the letters of ``name`` on the color."""
        self._letters = mark_letters(name)
        self._color = QColor(printable_color(stored_color))
        if stored_logo != self._stored:
            self._stored = stored_logo
            self._logo = QPixmap()
            self._logo.loadFromData(logo_bytes(stored_logo) or b"")
        self.setAccessibleName("Your logo" if self.has_logo() else f"No logo; the letters {self._letters}")
        self.update()

    def has_logo(self) -> bool:
        """Whether a picture is shown, not letters."""
        return not self._logo.isNull()

    def sizeHint(self) -> QSize:
        side = theme.current().px(64)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        paper = QRectF(self.rect())
        painting.box(painter, paper, t.px(6), QColor("white"), t.color.line)
        inset = t.px(8)
        place = paper.adjusted(inset, inset, -inset, -inset)
        if self.has_logo():
            size = self._logo.size().scaled(place.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, self._logo, QRectF(self._logo.rect()))
        else:
            painting.box(painter, place, place.width() / 5, self._color)
            font = theme.font("section")
            painter.setFont(font)
            painter.setPen(QColor("white"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._letters)
        painter.end()


class LogoInput(QWidget):
    """The mark, with buttons to choose a picture file (`chosen` carries its path) and to remove it (`removed`)."""

    chosen = Signal(str)
    removed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self.mark = PrintedMark()
        self.choose = Button("Choose…", on_click=self._ask)
        self.choose.setAccessibleName("Choose a logo")
        self.remove = Button("Remove", on_click=self.removed.emit)
        self.remove.setAccessibleName("Remove the logo")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.px(8))
        row.addWidget(self.mark)
        row.addSpacing(t.px(4))
        row.addWidget(self.choose)
        row.addWidget(self.remove)
        row.addStretch(1)
        self.setFocusProxy(self.choose)

    def set_mark(self, name: str, stored_logo: str, stored_color: str) -> None:
        """Show what is stored; a logo that cannot be shown can still be removed."""
        self.mark.set_mark(name, stored_logo, stored_color)
        self.remove.setVisible(bool(stored_logo))

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.window(), "Choose a logo", "", FILE_FILTER)
        if path:
            self.chosen.emit(path)


class Swatch(QAbstractButton):
    """One color to take; the one in use has a ring."""

    def __init__(self, name: str, color: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.color = color
        self._in_use = False
        self._name = name
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_in_use(self, in_use: bool) -> None:
        """Mark it as the color in use."""
        self._in_use = in_use
        self.setAccessibleName(f"{self._name}, in use" if in_use else self._name)
        self.update()

    def sizeHint(self) -> QSize:
        side = theme.current().px(24)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        rect = QRectF(self.rect())
        if self._in_use:
            painting.box(painter, rect, rect.width() / 2, None, t.color.text, t.px(2))
        inset = t.px(4)
        inner = rect.adjusted(inset, inset, -inset, -inset)
        painting.box(painter, inner, inner.width() / 2, QColor(self.color), t.color.control)
        painter.end()


class ColorInput(QWidget):
    """A color by its number, or one of eight. `picked` carries a swatch's color; the number's field is ``entry``."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self.entry = TextInput(placeholder=DEFAULT_COLOR.lower(), name="Color")
        self.swatches = [Swatch(name, color) for name, color in SWATCHES.items()]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(8))
        column.addWidget(self.entry)
        row = QHBoxLayout()
        row.setSpacing(t.px(4))
        for swatch in self.swatches:
            row.addWidget(swatch)
            swatch.clicked.connect(lambda _=False, color=swatch.color: self.picked.emit(color))
        row.addStretch(1)
        column.addLayout(row)
        self.setFocusProxy(self.entry)

    def set_color(self, stored: str) -> None:
        """Show the stored color; a number that is being typed stays."""
        if not self.entry.hasFocus():
            self.entry.setText(stored)
        for swatch in self.swatches:
            swatch.set_in_use(swatch.color == (stored.lower() or DEFAULT_COLOR.lower()))

    def set_invalid(self, invalid: bool) -> None:
        """The red border; `Field.set_error` calls this."""
        self.entry.set_invalid(invalid)
