"""One lead as a card on the board: name, what is wanted for whom, temperature, how long it has been silent; and on
the chosen card what was said last and a button for each usual outcome."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QApplication, QWidget

from desktop import theme
from desktop.leads.lead_rows import LeadRow
from desktop.leads.wording import (
    OUTCOME_BUTTONS,
    STAGE_WORDS,
    TEMPERATURE_LEVELS,
    TEMPERATURE_WORDS,
    move_words,
    waiting_words,
    wanted_words,
    web_words,
)
from desktop.widgets import painting
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.labels import Paragraph, Tag, Tone, paint_avatar, paint_temperature
from shared_models.leads.stages import USUAL_OUTCOMES, stage_after_contact

LEAD_MIME = "application/x-itutoros-lead"


class _SnugButton(Button):
    """An outcome on a card: two stand side by side in a narrow column, so the words take nearly all of it."""

    def _padding(self) -> int:
        return theme.current().px(2)


class LeadCard(QWidget):
    """A card. Signals carry the lead's id: `picked` (chosen), `opened` (double click, Enter), `contacted` (with the
    key of the outcome), `taken`; `stepped` (across, down) asks for a neighbor."""

    picked = Signal(str)
    opened = Signal(str)
    contacted = Signal(str, str)
    taken = Signal(str)
    stepped = Signal(int, int)

    def __init__(self, row: LeadRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self.selected = False
        self._lines: list[str] = []
        self._owner_is_beside_name = True
        self._press: QPoint | None = None
        self._dragged = False
        self._note: Paragraph | None = None
        self._hint: Paragraph | None = None
        self._outcomes: dict[str, Button] = {}
        self._tag: Tag | None = None
        self._take: Button | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_row(row)

    def set_row(self, row: LeadRow) -> None:
        """Show another state of the lead."""
        self.row = row
        parts = [row.title, wanted_words(row.wanted, row.child)[0], STAGE_WORDS[row.stage]]
        if row.temperature:
            parts.append(TEMPERATURE_WORDS[row.temperature])
        self.setAccessibleName(", ".join(part for part in (*parts, waiting_words(row.aging)) if part))
        if row.is_unclaimed_web:
            self._show_web()
        elif self._tag is not None and self._take is not None:
            self._tag.hide()
            self._take.hide()
        if self.selected:
            self._show_outcomes()
        self.update()

    def set_selected(self, selected: bool) -> None:
        """Choose the card or let it go."""
        self.selected = selected
        if selected:
            self._show_outcomes()
        else:
            for widget in (self._note, self._hint, *self._outcomes.values()):
                if widget is not None:
                    widget.hide()
        self.update()

    def holds_focus(self) -> bool:
        """Whether the card, or a button on it, has the focus."""
        focused = QApplication.focusWidget()
        return focused is not None and (focused is self or self.isAncestorOf(focused))

    def outcome_button(self, key: str) -> Button | None:
        """The button of an outcome, once the card was chosen."""
        return self._outcomes.get(key)

    @property
    def take_button(self) -> Button | None:
        """The button "Take it" of a lead from the website that is nobody's."""
        return self._take

    def height_for(self, width: int) -> int:
        """The height the card needs at ``width``; places its buttons for that width."""
        t = theme.current()
        left, right = t.px(11), width - t.px(10)
        inner = right - left
        avatar = t.px(24)
        title = self.row.title
        self._owner_is_beside_name = painting.text_width(title, "body_strong") <= inner - avatar
        self._lines = [title] if self._owner_is_beside_name else _two_lines(title, inner)
        y = t.px(9) + t.px(20) * (len(self._lines) + 1) + t.px(4) + t.px(16)
        if self.row.is_unclaimed_web and self._tag is not None and self._take is not None:
            y += t.px(7)
            self._tag.set_words(web_words(self.row.aging))
            if self._tag.sizeHint().width() > inner:
                self._tag.set_words(web_words(self.row.aging, short=True))
            hint = self._tag.sizeHint()
            self._tag.setGeometry(left, y, min(inner, hint.width()), hint.height())
            y += hint.height() + t.px(6)
            self._take.setGeometry(left, y, inner, t.size.control_small)
            y += t.size.control_small
        if self.selected:
            y = self._place_outcomes(left, inner, y)
        return y + t.px(9)

    def _place_outcomes(self, left: int, inner: int, y: int) -> int:
        t = theme.current()
        if self._note is not None and self._note.text():
            y += t.px(6)
            height = self._note.heightForWidth(inner)
            self._note.setGeometry(left, y, inner, height)
            y += height
        y += t.px(6)
        half = (inner - t.px(5)) // 2
        for index, button in enumerate(self._outcomes.values()):
            x = left if index % 2 == 0 else left + inner - half
            button.setGeometry(x, y + (index // 2) * (t.size.control_small + t.px(5)), half, t.size.control_small)
        y += 2 * t.size.control_small + t.px(5)
        if self._hint is not None:
            y += t.px(7)
            height = self._hint.heightForWidth(inner)
            self._hint.setGeometry(left, y, inner, height)
            y += height
        return y

    def _show_web(self) -> None:
        words = web_words(self.row.aging)
        if self._tag is None or self._take is None:
            self._tag = Tag(words, Tone.ACCENT, "globe", self)
            self._take = Button("Take it", Kind.PRIMARY, small=True, parent=self)
            self._take.clicked.connect(lambda: self.taken.emit(self.row.id))
        self._tag.set_words(words)
        self._tag.show()
        self._take.show()

    def _show_outcomes(self) -> None:
        if self._note is None or self._hint is None:
            self._note = Paragraph("", "small", "text2", max_lines=3, parent=self)
            self._hint = Paragraph("", "small", "text2", parent=self)
            for key, words in OUTCOME_BUTTONS.items():
                button = _SnugButton(words, small=True, parent=self)
                button.clicked.connect(lambda _=False, key=key: self.contacted.emit(self.row.id, key))
                self._outcomes[key] = button
        note = self.row.note
        self._note.set_text(f"“{note[:1].upper()}{note[1:]}”" if note else "")
        self._note.setVisible(bool(note))
        for key, outcome_button in self._outcomes.items():
            after = stage_after_contact(self.row.stage, USUAL_OUTCOMES[key].outcome)
            outcome_button.setToolTip(move_words(self.row.stage, after, OUTCOME_BUTTONS[key]))
            outcome_button.show()
        answered = stage_after_contact(self.row.stage, USUAL_OUTCOMES["answered"].outcome)
        self._hint.set_text(move_words(self.row.stage, answered, OUTCOME_BUTTONS["answered"]))
        self._hint.show()

    @property
    def focus_radius(self) -> int:
        return theme.current().size.radius_card

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position().toPoint()
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        if (event.position().toPoint() - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._drag(self._press)
            self._press = None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None:
            self._press = None
            self.picked.emit(self.row.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.picked.emit(self.row.id)
        self.opened.emit(self.row.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.picked.emit(self.row.id)
        self.opened.emit(self.row.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
        }
        key = Qt.Key(event.key())
        if key in steps:
            self.stepped.emit(*steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.picked.emit(self.row.id)
            self.opened.emit(self.row.id)
        elif key == Qt.Key.Key_Space:
            self.picked.emit(self.row.id)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason) and not self.selected:
            self.picked.emit(self.row.id)

    def _drag(self, hot: QPoint) -> None:
        mime = QMimeData()
        mime.setData(LEAD_MIME, self.row.id.encode())
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(self._picture())
        drag.setHotSpot(hot)
        self._dragged = True
        self.update()
        drag.exec(Qt.DropAction.MoveAction)
        self._dragged = False
        self.update()

    def _picture(self) -> QPixmap:
        picture = QPixmap(self.size() * self.devicePixelRatioF())
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        picture.fill(Qt.GlobalColor.transparent)
        self.render(picture, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        if self._dragged:
            painter.setOpacity(0.45)
        marked = self.selected or self.row.is_unclaimed_web
        fill = c.hover if self.underMouse() and not self.selected else c.surface
        painting.box(
            painter,
            QRectF(self.rect()),
            t.size.radius_card,
            fill,
            c.accent if marked else c.line,
            2.0 if marked else 1,
        )
        left, right, step = t.px(11), self.width() - t.px(10), t.px(20)
        y = t.px(9)
        for index, line in enumerate(self._lines):
            painting.text(
                painter, QRectF(left, y + index * step, right - left + 1, step), line, "body_strong", c.text
            )
        beside_name = self._owner_is_beside_name
        y += step * len(self._lines)
        avatar = t.px(20)
        mark = QRectF(right - avatar, y - step if beside_name else y, avatar, avatar)
        paint_avatar(painter, mark, self.row.owner)
        room = right - left - (0 if beside_name else avatar + t.px(4))
        words = _fitting(wanted_words(self.row.wanted, self.row.child), "body", room)
        painting.text(painter, QRectF(left, y, room, step), words, "body", c.text2)
        y += step + t.px(4)
        self._paint_last_line(painter, QRectF(left, y, right - left, t.px(16)))
        painter.end()

    def _paint_last_line(self, painter: QPainter, rect: QRectF) -> None:
        c = theme.current().color
        level = TEMPERATURE_LEVELS[self.row.temperature] if self.row.temperature else 0
        paint_temperature(painter, rect, level)
        late = self.row.aging.is_too_long
        style = "small_medium" if late else "small"
        words, ink = waiting_words(self.row.aging), c.warn if late else c.text2
        painting.text(painter, rect, words, style, ink, Qt.AlignmentFlag.AlignRight)


def _two_lines(words: str, width: int) -> list[str]:
    """A name over two lines, broken at a space or behind a hyphen."""
    pieces: list[str] = []
    for word in words.split(" "):
        parts = word.split("-")
        pieces += [f"{part}-" for part in parts[:-1]] + [parts[-1] + " "]
    line = ""
    for index, piece in enumerate(pieces):
        if line and painting.text_width((line + piece).rstrip(), "body_strong") > width:
            return [line.rstrip(), "".join(pieces[index:]).strip()]
        line += piece
    return [line.strip()]


def _fitting(wording: tuple[str, ...], style: str, width: float) -> str:
    return next((words for words in wording if painting.text_width(words, style) <= width), wording[-1])
