"""The board of leads: a column per stage, cards that are dragged between them, finished or empty stages folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QMouseEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.card import LEAD_MIME, LeadCard
from desktop.leads.lead_rows import LeadRow
from desktop.leads.wording import STAGE_WORDS
from desktop.widgets import painting
from desktop.widgets.status import TextLink
from shared_models.leads.models import LeadStage
from shared_models.leads.stages import STAGE_ORDER

LATE_STAGES = frozenset({LeadStage.SCHEDULED, LeadStage.ASSESSED, LeadStage.ACTIVE, LeadStage.COLD})
"""Stages in which the desk has little to do: folded until someone looks."""

_MORE_AT_ONCE = 60


class LeadBoard(QScrollArea):
    """All leads as cards. Signals carry ids: `picked`, `opened`, `moved` (id, stage), `contacted` (id, outcome key),
    `taken`. The board shows what it is given and changes nothing itself."""

    picked = Signal(str)
    opened = Signal(str)
    moved = Signal(str, object)
    contacted = Signal(str, str)
    taken = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Leads by stage")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.current().px(8))
        self.rows: dict[str, LeadRow] = {}
        self.cards: dict[str, LeadCard] = {}
        self.columns: dict[LeadStage, StageColumn] = {}
        self._selected = ""
        for stage in STAGE_ORDER:
            column = StageColumn(stage, self._card_for)
            column.dropped.connect(lambda lead_id, stage=stage: self.drop(lead_id, stage))
            self.columns[stage] = column
            self._row.addWidget(column, 0 if stage in LATE_STAGES else 1)
            column.foldChanged.connect(self._restretch)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)

    @property
    def selected(self) -> str:
        """The id of the lead whose card is chosen, or ""."""
        return self._selected

    def set_rows(self, rows: Sequence[LeadRow]) -> None:
        """Show these leads. Cards that stay keep their place on screen, the choice and the focus; a card is made
        only when it comes into view."""
        focused = next((card for card in self.cards.values() if card.holds_focus()), None)
        by_stage: dict[LeadStage, list[LeadRow]] = {stage: [] for stage in STAGE_ORDER}
        for row in sorted(rows, key=lambda row: not row.is_unclaimed_web):
            by_stage[row.stage].append(row)
        self.rows = {row.id: row for row in rows}
        for lead_id in [lead_id for lead_id in self.cards if lead_id not in self.rows]:
            card = self.cards.pop(lead_id)
            card.hide()
            card.deleteLater()
        for lead_id, card in self.cards.items():
            card.set_row(self.rows[lead_id])
        for stage, column in self.columns.items():
            column.set_rows(by_stage[stage])
        if self._selected not in self.rows:
            self._selected = ""
        if focused is not None and focused.row.id in self.cards:
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self._restretch()

    def select(self, lead_id: str, *, reveal: bool = False) -> None:
        """Choose a lead, or none with ""; ``reveal`` unfolds its stage and brings its card into view."""
        before = self.cards.get(self._selected)
        self._selected = lead_id if lead_id in self.rows else ""
        if before is not None and before.row.id != self._selected:
            before.set_selected(False)
            self.columns[before.row.stage].arrange()
        row = self.rows.get(self._selected)
        if row is None:
            return
        column = self.columns[row.stage]
        if reveal and column.folded:
            column.set_folded(False)
        if not column.folded:
            self._card_for(row).set_selected(True)
            column.keep_in_view(row)
        if reveal:
            self.ensureWidgetVisible(column, 0, 0)

    def drop(self, lead_id: str, stage: LeadStage) -> None:
        """A card was dropped on a stage: ask for the move, unless it lies there already."""
        row = self.rows.get(lead_id)
        if row is not None and row.stage is not stage:
            self.moved.emit(lead_id, stage)

    def step(self, across: int, down: int) -> None:
        """Choose the next card below or above, or the nearest one in the next column that has any."""
        card = self.cards.get(self._selected)
        filled = [column for column in self.columns.values() if not column.folded and column.shown_cards()]
        if not filled:
            return
        if card is None or self.columns[card.row.stage] not in filled:
            self._choose(filled[0].shown_cards()[0])
            return
        column = self.columns[card.row.stage]
        if down:
            cards = column.shown_cards()
            at = cards.index(card) + down if card in cards else 0
            if 0 <= at < len(cards):
                self._choose(cards[at])
            return
        at = filled.index(column) + across
        if 0 <= at < len(filled):
            height = card.y()
            self._choose(min(filled[at].shown_cards(), key=lambda other: abs(other.y() - height)))

    def _choose(self, card: LeadCard) -> None:
        self.select(card.row.id)
        card.setFocus(Qt.FocusReason.TabFocusReason)
        self.picked.emit(card.row.id)

    def _card_for(self, row: LeadRow) -> LeadCard:
        card = self.cards.get(row.id)
        if card is None:
            card = self.cards[row.id] = LeadCard(row, self.columns[row.stage].content)
            card.picked.connect(self._picked)
            card.opened.connect(self.opened)
            card.contacted.connect(self.contacted)
            card.taken.connect(self.taken)
            card.stepped.connect(self.step)
            if row.id == self._selected:
                card.set_selected(True)
        return card

    def _picked(self, lead_id: str) -> None:
        self.select(lead_id)
        self.picked.emit(lead_id)

    def _restretch(self) -> None:
        for column in self.columns.values():
            self._row.setStretchFactor(column, 0 if column.folded else 1)


class StageColumn(QWidget):
    """One stage: its name and number, its cards, as many as fit and the rest behind "5 more, older"; or folded to
    a narrow strip."""

    dropped = Signal(str)
    foldChanged = Signal()

    def __init__(
        self, stage: LeadStage, card_for: Callable[[LeadRow], LeadCard], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        t = theme.current()
        self.stage = stage
        self._card_for = card_for
        self.folded = stage in LATE_STAGES
        self._chosen_fold: bool | None = None
        self.rows: Sequence[LeadRow] = ()
        self._placed: list[LeadCard] = []
        self._shown = _MORE_AT_ONCE
        self._is_whole = False
        self._is_target = False
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.px(6), t.px(36), t.px(2), t.px(6))
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.viewport().installEventFilter(self)
        self.content = QWidget()
        self._scroll.setWidget(self.content)
        self.content.setAutoFillBackground(False)
        column.addWidget(self._scroll)
        self.more = TextLink("", "small_medium", "text2", self.content)
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self._apply_fold()
        self._describe()

    def set_rows(self, rows: Sequence[LeadRow]) -> None:
        """Show these leads, in this order."""
        self.rows = rows
        self._apply_fold()
        self._describe()
        self.arrange()
        self.update()

    def shown_cards(self) -> list[LeadCard]:
        """The cards that can be seen, or scrolled to."""
        return list(self._placed)

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold by hand; holds until the program ends."""
        self._chosen_fold = folded
        self._apply_fold()
        self.arrange()

    def keep_in_view(self, row: LeadRow) -> None:
        """Show enough of the stage for a lead's card to be seen."""
        self.arrange()
        card = self._card_for(row)
        if card not in self._placed and row in self.rows:
            self._is_whole = True
            self._shown = max(self._shown, self.rows.index(row) + 1)
            self.arrange()
        if self._is_whole:
            self._scroll.ensureWidgetVisible(card, 0, theme.current().px(8))

    def arrange(self) -> None:
        """Give each card its place; called whenever width, height or a card changes."""
        if self.folded:
            return
        t = theme.current()
        room = self._scroll.viewport().size()
        width = room.width() - t.px(4)
        if width <= 0:
            return
        gap, link = t.px(6), t.px(28)
        before, self._placed = self._placed, []
        bottoms: list[int] = []
        y = 0
        for row in self.rows[: self._shown]:
            if not self._is_whole and y > room.height():
                break
            card = self._card_for(row)
            if card.parentWidget() is not self.content:
                card.setParent(self.content)
            height = card.height_for(width)
            card.setGeometry(0, y, width, height)
            y += height + gap
            self._placed.append(card)
            bottoms.append(y)
        if not self._is_whole and (y > room.height() or len(self._placed) < len(self.rows)):
            while len(self._placed) > 1 and bottoms[-1] > room.height() - link:
                self._placed.pop().hide()
                bottoms.pop()
            y = bottoms[-1] if bottoms else 0
        for card in self._placed:
            card.show()
        for card in before:
            if card not in self._placed and card.parentWidget() is self.content:
                card.hide()
        hidden = len(self.rows) - len(self._placed)
        self.more.setVisible(hidden > 0)
        if hidden > 0:
            self.more.set_words(f"{hidden:,} more, older")
            self.more.adjustSize()
            self.more.move(t.px(8), y + t.px(4))
            y += link
        self.content.resize(room.width(), max(y, 1))

    def _show_more(self) -> None:
        if self._is_whole:
            self._shown += _MORE_AT_ONCE
        self._is_whole = True
        self.arrange()

    def _apply_fold(self) -> None:
        t = theme.current()
        folded = (self.stage in LATE_STAGES or not self.rows) if self._chosen_fold is None else self._chosen_fold
        changed, self.folded = folded != self.folded, folded
        self._scroll.setVisible(not folded)
        if folded:
            for card in self._placed:
                card.hide()
            self._placed = []
        if folded:
            self.setFixedWidth(t.px(42))
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        else:
            self.setMinimumWidth(t.px(168))
            self.setMaximumWidth(t.px(420))
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            self.unsetCursor()
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if changed:
            self.foldChanged.emit()
        self.update()

    def _describe(self) -> None:
        words = f"{STAGE_WORDS[self.stage]}, {len(self.rows)}"
        self.setAccessibleName(f"{words}, folded" if self.folded else words)
        self.setToolTip(f"Show {STAGE_WORDS[self.stage]}" if self.folded else "")

    def _can_fold(self) -> bool:
        return not self.folded and (self.stage in LATE_STAGES or not self.rows)

    @property
    def focus_radius(self) -> int:
        return theme.current().size.radius_panel

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(42) if self.folded else t.px(176), t.px(400))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The room for cards is known only once the viewport itself has its new size.
        if event.type() == QEvent.Type.Resize and watched is self._scroll.viewport():
            self.arrange()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "more"):
            self._apply_fold()
            self.arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        on_header = event.position().y() < theme.current().px(36)
        if self.folded or (on_header and self._can_fold()):
            self.set_folded(not self.folded)
            self._describe()

    def keyPressEvent(self, event: object) -> None:
        key = event.key()  # type: ignore[attr-defined]
        if self.folded and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.set_folded(False)
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(LEAD_MIME):
            event.acceptProposedAction()
            self._set_target(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_target(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_target(False)
        if event.mimeData().hasFormat(LEAD_MIME):
            event.acceptProposedAction()
            self.dropped.emit(bytes(event.mimeData().data(LEAD_MIME).data()).decode())

    def _set_target(self, is_target: bool) -> None:
        self._is_target = is_target
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        frame = QRectF(self.rect())
        line = c.accent if self._is_target else c.line if t.mode is theme.Mode.HIGH_CONTRAST else None
        painting.box(painter, frame, t.size.radius_panel, c.sunken, line, 2.0 if self._is_target else 1.0)
        count = f"{len(self.rows):,}"
        name = STAGE_WORDS[self.stage]
        if not self.folded:
            number = painting.text_width(count, "body")
            head = QRectF(t.px(11), 0, self.width() - t.px(22), t.px(36))
            painting.text(painter, head.adjusted(0, 0, -number - t.px(6), 0), name, "body_strong", c.text)
            painting.text(painter, head, count, "body", c.text3, Qt.AlignmentFlag.AlignRight)
            painter.end()
            return
        center = Qt.AlignmentFlag.AlignHCenter
        painting.text(painter, QRectF(0, t.px(8), self.width(), t.px(20)), count, "body", c.text3, center)
        painter.save()
        length = painting.text_width(name, "body_strong")
        painter.translate(QPoint(self.width() // 2, 0))
        painter.rotate(-90)
        top = t.px(38) + length
        painting.text(painter, QRectF(-top, -t.px(10), length + 2, t.px(20)), name, "body_strong", c.text)
        painter.restore()
        side = t.size.icon_small
        y = self.height() - side - t.px(10)
        theme.draw_icon(painter, "chevron-left", (self.width() - side) / 2, y, side, c.text3)
        painter.end()
