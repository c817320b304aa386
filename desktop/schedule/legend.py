"""The row below the calendar that says what its colors, patterns and marks mean."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.schedule.box_faces import Look, hatch, paint_face
from desktop.schedule.calendar_values import ConflictMark, Family
from desktop.schedule.lettering import lettering
from desktop.schedule.wording import TextRole


class CalendarLegend(QWidget):
    """Families at the left, marks at the right; what does not fit is left out from the end of each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What the colors and marks mean")
        self._items: list[tuple[Family, str]] = []
        theme.signals().themeChanged.connect(self.update)

    def set_items(self, items: Sequence[tuple[Family, str]]) -> None:
        """Explain other palettes than those of the services; none brings these back."""
        if list(items) != self._items:
            self._items = list(items)
            self.setAccessibleDescription(", ".join(words for _, words in self._items))
            self.update()

    def sizeHint(self) -> QSize:
        """One line of text with air."""
        return QSize(theme.current().px(900), theme.current().px(30))

    def minimumSizeHint(self) -> QSize:
        """As high as ever, as narrow as one likes."""
        return QSize(0, theme.current().px(30))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Swatches and words."""
        current = theme.current()
        px, color, letters = current.px, current.color, lettering()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        gap, inner = px(15), px(6)
        swatch_width = px(22)

        def width(words: str, mark: int) -> float:
            return mark + inner + letters.measure(words, TextRole.COUNT) + gap

        def words_at(x: float, words: str) -> None:
            painter.setPen(color.text2)
            painter.setFont(letters.font(TextRole.COUNT))
            area = QRectF(x, 0, letters.measure(words, TextRole.COUNT) + px(2), self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

        def swatch(x: float, look: Look) -> None:
            rect = QRectF(round(x), round(middle - px(7)), swatch_width, px(14))
            paint_face(painter, rect, look)
            if look.conflict is ConflictMark.OVERLAP:
                hatch(painter, rect.adjusted(4, 2, -2, -2), color.danger_line, 1.5, 6.0, 0.45)

        marks = (
            ("Overlap", Look(Family.PRIVATE, conflict=ConflictMark.OVERLAP), ""),
            ("Buffer", Look(Family.PRIVATE, conflict=ConflictMark.BUFFER), ""),
            ("No-show", None, "user-x"),
            ("Unpaid", None, "badge-dollar-sign"),
        )
        families = self._items or [(family, current.families[family.value].name) for family in Family]
        marks_width = sum(width(words, swatch_width if look else px(13)) for words, look, _ in marks)
        x = total = 0.0
        room = self.width() - (marks_width if self._items else 0)
        for family, name in families:
            total += width(name, swatch_width)
            if self._items and total > room:
                break
            swatch(x, Look(family))
            words_at(x + swatch_width + inner, name)
            x += width(name, swatch_width)
        x = self.width() - marks_width + gap
        if x < total and not self._items:
            return
        for words, look, icon in marks:
            mark = swatch_width if look else px(13)
            if look is not None:
                swatch(x, look)
            else:
                theme.draw_icon(painter, icon, x, middle - px(13) / 2, px(13), color.text2, 2.0)
            words_at(x + mark + inner, words)
            x += width(words, mark)
