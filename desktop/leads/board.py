"""The board of leads: a column per stage, cards that are dragged between them, finished or empty stages folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
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
        self.cards: dict[str, LeadCard] = {}
        self.columns: dict[LeadStage, StageColumn] = {}
        self._selected = ""
        for stage in STAGE_ORDER:
            column = StageColumn(stage)
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
        """Show these leads. Cards that stay keep their place on screen, the choice and the focus."""
        focused = next((card for card in self.cards.values() if card.holds_focus()), None)
        by_stage: dict[LeadStage, list[LeadCard]] = {stage: [] for stage in STAGE_ORDER}
        shown: dict[str, LeadCard] = {}
        for row in sorted(rows, key=lambda row: not row.is_unclaimed_web):
            card = self.cards.pop(row.id, None)
            if card is None:
                card = self._new_card(row)
            else:
                card.set_row(row)
            shown[row.id] = card
            by_stage[row.stage].append(card)
        gone, self.cards = self.cards, shown
        for stage, column in self.columns.items():
            column.set_cards(by_stage[stage])
        for card in gone.values():
            card.hide()
            card.deleteLater()
        if self._selected not in self.cards:
            self._selected = ""
        if focused is not None and focused.row.id in self.cards:
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self._restretch()

    def select(self, lead_id: str, *, reveal: bool = False) -> None:
        """Choose a card, or none with ""; ``reveal`` unfolds its stage and brings it into view."""
        before = self.cards.get(self._selected)
        self._selected = lead_id if lead_id in self.cards else ""
        if before is not None and before.row.id != self._selected:
            before.set_selected(False)
        card = self.cards.get(self._selected)
        if card is not None:
            card.set_selected(True)
            column = self.columns[card.row.stage]
            if reveal and column.folded:
                column.set_folded(False)
            column.keep_in_view(card)
            if reveal:
                self.ensureWidgetVisible(column, 0, 0)
        for column in self.columns.values():
            column.arrange()

    def drop(self, lead_id: str, stage: LeadStage) -> None:
        """A card was dropped on a stage: ask for the move, unless it lies there already."""
        card = self.cards.get(lead_id)
        if card is not None and card.row.stage is not stage:
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

    def _new_card(self, row: LeadRow) -> LeadCard:
        card = LeadCard(row, self.columns[row.stage].content)
        card.picked.connect(self._picked)
        card.opened.connect(self.opened)
        card.contacted.connect(self.contacted)
        card.taken.connect(self.taken)
        card.stepped.connect(self.step)
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

    def __init__(self, stage: LeadStage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self.stage = stage
        self.folded = stage in LATE_STAGES
        self._chosen_fold: bool | None = None
        self._cards: list[LeadCard] = []
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
        self.content = QWidget()
        self._scroll.setWidget(self.content)
        self.content.setAutoFillBackground(False)
        column.addWidget(self._scroll)
        self.more = TextLink("", "small_medium", "text2", self.content)
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self._apply_fold()
        self._describe()

    def set_cards(self, cards: list[LeadCard]) -> None:
        """Show these cards, in this order."""
        self._cards = cards
        for card in cards:
            if card.parentWidget() is not self.content:
                card.setParent(self.content)
        self._apply_fold()
        self._describe()
        self.arrange()
        self.update()

    def cards(self) -> Iterable[LeadCard]:
        """All cards of the stage."""
        return tuple(self._cards)

    def shown_cards(self) -> list[LeadCard]:
        """The cards that can be seen, or scrolled to."""
        return [card for card in self._cards if not card.isHidden()]

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold by hand; holds until the program ends."""
        self._chosen_fold = folded
        self._apply_fold()
        self.arrange()

    def keep_in_view(self, card: LeadCard) -> None:
        """Show enough of the stage for ``card`` to be seen."""
        if card in self._cards and card.isHidden():
            self._is_whole = True
            self._shown = max(self._shown, self._cards.index(card) + 1)
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
        heights = [card.height_for(width) for card in self._cards]
        fitting = len(self._cards)
        if not self._is_whole and sum(heights) + gap * len(heights) > room.height():
            left, fitting = room.height() - link, 0
            for height in heights:
                if height + gap > left:
                    break
                left -= height + gap
                fitting += 1
            fitting = max(1, fitting)
        fitting = min(fitting, self._shown)
        y = 0
        for index, (card, height) in enumerate(zip(self._cards, heights, strict=True)):
            if index < fitting:
                card.setGeometry(0, y, width, height)
                card.show()
                y += height + gap
            else:
                card.hide()
        hidden = len(self._cards) - fitting
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
        folded = (self.stage in LATE_STAGES or not self._cards) if self._chosen_fold is None else self._chosen_fold
        changed, self.folded = folded != self.folded, folded
        self._scroll.setVisible(not folded)
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
        words = f"{STAGE_WORDS[self.stage]}, {len(self._cards)}"
        self.setAccessibleName(f"{words}, folded" if self.folded else words)
        self.setToolTip(f"Show {STAGE_WORDS[self.stage]}" if self.folded else "")

    def _can_fold(self) -> bool:
        return not self.folded and (self.stage in LATE_STAGES or not self._cards)

    @property
    def focus_radius(self) -> int:
        return theme.current().size.radius_panel

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(42) if self.folded else t.px(176), t.px(400))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

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
        count = f"{len(self._cards):,}"
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
