"""The panel beside the calendar that lists each conflict with names, rooms and times, and the nearest ways out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.schedule.calendar_values import Family, span_words
from desktop.schedule.conflict_detail import ACCEPT_REASONS
from desktop.schedule.conflict_groups import ConflictGroup
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.ways_out import WaysOut
from desktop.widgets import (
    Button,
    ComboBox,
    EmptyState,
    Field,
    FlowLayout,
    Kind,
    Label,
    Option,
    ScrollArea,
    SidePanel,
    Tag,
    Tone,
    painting,
)

_FIRST_OPEN = 2
_MOST = 60


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """One entry of a conflict: its id, family, words and time."""

    entry_id: str
    family: Family
    words: str
    time: str


@dataclass(frozen=True, slots=True)
class ConflictItem:
    """One conflict in words."""

    key: str
    kind: str
    is_overlap: bool
    heading: str
    aside: str
    summary: str
    lines: tuple[ConflictLine, ...]
    is_accepted: bool = False


def conflict_items(
    groups: Iterable[ConflictGroup], builder: SceneBuilder, *, with_day: bool, are_accepted: bool = False
) -> list[ConflictItem]:
    """The conflicts as the panel shows them; `with_day` names the day, for a whole week, or the date, for more."""
    return [_item(group, builder, with_day, are_accepted) for group in groups]


def _item(group: ConflictGroup, builder: SceneBuilder, with_day: bool, is_accepted: bool) -> ConflictItem:
    names: list[str] = []
    for resource in group.resource_ids:
        names.append(_name(resource, group, builder))
    starts, ends = group.span
    first = group.entries[0].day
    is_one_week = builder.week.last_day - builder.week.first_day < timedelta(days=7)
    day = (f"{first:%a} " if is_one_week else f"{first:%b} {first.day}, ") if with_day else ""
    if group.is_overlap:
        aside = day + span_words(starts, ends, with_half=False)
    else:
        aside = day + span_words(starts, ends, with_half=False).split("–")[0]
    words = [builder.short_words(row) for row in group.entries]
    joiner = " and " if group.is_overlap else ", then "
    summary = joiner.join(words) if len(words) == 2 else f"{', '.join(words[:-1])} and {words[-1]}"
    return ConflictItem(
        key=group.key,
        kind=", ".join(kind.value for kind in group.kinds).capitalize(),
        is_overlap=group.is_overlap,
        heading=", ".join(names),
        aside=aside,
        summary=summary,
        lines=tuple(
            ConflictLine(
                row.id,
                builder.directory.services.get(row.service_id, ("", Family.PRIVATE))[1],
                builder.line_words(row),
                span_words(row.starts, row.ends, with_half=False),
            )
            for row in group.entries
        ),
        is_accepted=is_accepted,
    )


def _name(resource: str, group: ConflictGroup, builder: SceneBuilder) -> str:
    directory = builder.directory
    if resource in directory.tutors:
        return directory.tutor_name(resource)
    if resource in directory.rooms:
        return directory.room_name(resource)
    for row in group.entries:
        for student_id, name in zip(row.student_ids, row.student_names, strict=True):
            if student_id == resource:
                return name
    return "A student"


class _EntryLine(QWidget):
    """Family mark, words and time of one entry; a click goes there."""

    chosen = Signal(str)

    def __init__(self, line: ConflictLine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = line
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{line.words}, {line.time}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(200), px(20))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self._line.entry_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._line.entry_id)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        current = theme.current()
        px = current.px
        painter = painting.painter_for(self)
        painting.draw_family_mark(painter, 0, self.height() / 2, self._line.family.value, px(16))
        time_width = painting.text_width(self._line.time, "small", tabular=True) + 2
        area = QRectF(px(14), 0, self.width() - px(22) - time_width, self.height())
        ink = current.color.accent if self.underMouse() else current.color.text
        painting.text(painter, area, self._line.words, "body", ink)
        right = QRectF(self.width() - time_width, 0, time_width, self.height())
        painting.text(
            painter, right, self._line.time, "small", current.color.text2, Qt.AlignmentFlag.AlignRight, tabular=True
        )
        painter.end()


class ConflictCard(QWidget):
    """One conflict; folded to two lines, or open with its entries and ways out."""

    chosen = Signal(str)
    entryChosen = Signal(str)
    wayChosen = Signal(object)
    acceptChosen = Signal(str, bool, str)
    reasonAsked = Signal()

    def __init__(self, item: ConflictItem, is_open: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        self._ways: tuple[WaysOut, ...] = ()
        self._is_marked = False
        px = theme.current().px
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"{item.kind} {item.heading}, {item.aside}. {item.summary}")
        column = QVBoxLayout(self)
        column.setContentsMargins(px(14), px(5), px(14), px(6))
        column.setSpacing(px(1))
        head = QHBoxLayout()
        head.setSpacing(px(7))
        tone, icon = (Tone.DANGER, "triangle-alert") if item.is_overlap else (Tone.WARN, "clock")
        if item.is_accepted:
            tone, icon = Tone.OK, "check"
        head.addWidget(Tag(item.kind, tone, icon))
        head.addWidget(Label(item.heading, "body_strong", elide=True), 1)
        head.addWidget(Label(item.aside, "small", "text2", tabular=True))
        column.addLayout(head)
        self._summary = QWidget()
        row = QHBoxLayout(self._summary)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(px(8))
        row.addWidget(Label(item.summary, "small", "text2", elide=True), 1)
        self._hint = Label("", "small_medium", "accent")
        row.addWidget(self._hint)
        column.addWidget(self._summary)
        self._detail = QWidget()
        self._detail_column = QVBoxLayout(self._detail)
        self._detail_column.setContentsMargins(0, px(3), 0, 0)
        self._detail_column.setSpacing(0)
        for line in item.lines:
            entry = _EntryLine(line)
            entry.chosen.connect(self.entryChosen)
            self._detail_column.addWidget(entry)
        self._offers: QWidget | None = None
        column.addWidget(self._detail)
        self._reason_box: QWidget | None = None
        self._reason: ComboBox | None = None
        self._column = column
        self.set_open(is_open)

    def is_open(self) -> bool:
        """Whether entries and ways out are shown."""
        return not self._detail.isHidden()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        self._summary.setVisible(not is_open)
        self._detail.setVisible(is_open)
        if is_open:
            self._build_offers()
        else:
            self.leave_reason()

    def set_marked(self, is_marked: bool) -> None:
        """Mark the conflict whose entry is selected on the calendar."""
        self._is_marked = is_marked
        self.update()

    def set_ways(self, ways: Sequence[WaysOut]) -> None:
        """Show the ways out."""
        self._ways = tuple(ways)
        first = next((way for one in ways for way in one.ways), None)
        self._hint.setText(first.words.replace(" · ", ", ") if first is not None else "Accept")
        if self._offers is not None:
            self._offers.deleteLater()
            self._offers = None
        if self.is_open():
            self._build_offers()

    def ways(self) -> tuple[WaysOut, ...]:
        """The ways out shown; none before they are found."""
        return self._ways

    def _build_offers(self) -> None:
        if self._offers is not None:
            return
        px = theme.current().px
        self._offers = QWidget()
        column = QVBoxLayout(self._offers)
        column.setContentsMargins(0, px(5), 0, 0)
        column.setSpacing(px(5))
        flow = FlowLayout(None, px(6))
        for offered in self._ways:
            flow = FlowLayout(None, px(6))
            lead = Label(offered.lead, "small", "text2")
            lead.setFixedHeight(theme.current().size.control_small)
            flow.addWidget(lead)
            for way in offered.ways:
                button = Button(way.words, Kind.SOFT, small=True)
                button.clicked.connect(lambda _=False, way=way: self.wayChosen.emit(way))
                flow.addWidget(button)
            column.addLayout(flow)
        words = "Count it again" if self.item.is_accepted else "Accept"
        accept = Button(words, Kind.LINK, small=True)
        accept.clicked.connect(self._withdraw if self.item.is_accepted else lambda: self.ask_reason())
        flow.addWidget(accept)
        if not self._ways:
            column.addLayout(flow)
        self._detail_column.addWidget(self._offers)

    @property
    def asks_reason(self) -> bool:
        """Whether the field for the reason is open."""
        return self._reason_box is not None and not self._reason_box.isHidden()

    @property
    def typed_reason(self) -> str:
        """What is in that field."""
        return self._reason.text().strip() if self._reason is not None else ""

    def ask_reason(self, typed: str = "", *, with_focus: bool = True) -> None:
        """Open the field for why it can stay; Enter accepts, with or without a reason."""
        if self._reason_box is None:
            self._reason_box = self._make_reason_box()
            self._column.addWidget(self._reason_box)
        assert self._reason is not None
        self._reason.setText(typed)
        self._reason_box.show()
        if with_focus:
            self._reason.setFocus(Qt.FocusReason.OtherFocusReason)
        self.reasonAsked.emit()

    def leave_reason(self) -> None:
        """Close the field again."""
        if self.asks_reason:
            assert self._reason_box is not None
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self._reason_box.hide()

    def confirm(self) -> None:
        """Accept with what was typed."""
        reason = self.typed_reason
        self.leave_reason()
        self.acceptChosen.emit(self.item.key, True, reason)

    def _withdraw(self) -> None:
        self.acceptChosen.emit(self.item.key, False, "")

    def _make_reason_box(self) -> QWidget:
        px = theme.current().px
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, px(4), 0, px(4))
        column.setSpacing(px(6))
        self._reason = ComboBox(
            [Option(reason, reason) for reason in ACCEPT_REASONS],
            placeholder="Why can it stay?", name="Reason", free_text=True,
        )  # fmt: skip
        column.addWidget(Field("Reason", self._reason, optional=True))
        row = QHBoxLayout()
        row.setSpacing(px(8))
        row.addStretch(1)
        row.addWidget(Button("Back", small=True, keycap="Esc", on_click=self.leave_reason))
        row.addWidget(Button("Accept it", Kind.PRIMARY, small=True, keycap="Enter", on_click=self.confirm))
        column.addLayout(row)
        return box

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.asks_reason:
            self.chosen.emit(self.item.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, focus = event.key(), QApplication.focusWidget()
        is_enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and isinstance(focus, QPushButton) and self.isAncestorOf(focus):
            focus.click()
        elif self.asks_reason and key == Qt.Key.Key_Escape:
            self.leave_reason()
        elif self.asks_reason and is_enter:
            self.confirm()
        elif is_enter or key == Qt.Key.Key_Space:
            self.chosen.emit(self.item.key)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = theme.current().color
        painter = QPainter(self)
        if self._is_marked:
            painter.fillRect(self.rect(), color.selection)
        elif self.underMouse() and not self.is_open():
            painter.fillRect(self.rect(), color.hover)
        painter.fillRect(0, 0, self.width(), 1, color.line)
        painter.end()


class ConflictsPanel(SidePanel):
    """Every conflict of the days on screen."""

    entryChosen = Signal(str)
    wayChosen = Signal(object)
    acceptChosen = Signal(str, bool, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Conflicts", 364, parent=parent)
        self._cards: dict[str, ConflictCard] = {}
        self._opened: dict[str, bool] = {}
        self._area = ScrollArea()
        self.body.addWidget(self._area, 1)
        self.next_button = Button("Settle one by one", small=True, on_click=self.settle_next)
        self.add_footer(self.next_button)
        self._current = ""
        self._empty: EmptyState | None = None

    def sizeHint(self) -> QSize:
        """As wide as the design says, a little narrower in a small window."""
        return QSize(theme.current().px(336 if theme.current().compact else 364), super().sizeHint().height())

    def set_items(self, title: str, items: Sequence[ConflictItem], accepted: Sequence[ConflictItem] = ()) -> None:
        """Show these conflicts, the accepted ones last; what is unfolded or being typed stays as it is."""
        asking = next((card for card in self._cards.values() if card.asks_reason), None)
        typed, has_focus = ("", False)
        if asking is not None:
            focus = QApplication.focusWidget()
            typed, has_focus = asking.typed_reason, focus is not None and asking.isAncestorOf(focus)
        overlaps = sum(item.is_overlap for item in items)
        tight = len(items) - overlaps
        what = "overlap" if overlaps == 1 else "overlaps"
        parts = [f"{overlaps} {what}" if overlaps else "", f"{tight} too tight" if tight else ""]
        self.set_words(title, aside=" · ".join(part for part in parts if part))
        self._cards = {}
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, item in enumerate(items[:_MOST]):
            is_open = self._opened.get(item.key, number < _FIRST_OPEN and item.is_overlap)
            column.addWidget(self._card(item, is_open))
        if len(items) > _MOST:
            more = Label(f"{len(items) - _MOST} more. Settle some of these first.", "small", "text2")
            more.setContentsMargins(theme.current().px(14), theme.current().px(8), 0, 0)
            column.addWidget(more)
        if not items:
            column.addWidget(EmptyState("circle-check", "No conflicts", "Tutors, rooms and students all fit."))
        if accepted:
            heading = Label(f"{len(accepted)} accepted", "small_medium", "text2")
            heading.setContentsMargins(theme.current().px(14), theme.current().px(12), 0, theme.current().px(6))
            column.addWidget(heading)
            for item in accepted[:_MOST]:
                column.addWidget(self._card(item, self._opened.get(item.key, False)))
        column.addStretch(1)
        position = self._area.verticalScrollBar().value()
        self._area.setWidget(content)
        content.setAutoFillBackground(False)
        self._area.verticalScrollBar().setValue(position)
        self.next_button.setEnabled(bool(items))
        again = self._cards.get(asking.item.key) if asking is not None else None
        if again is not None and again.is_open() and not again.item.is_accepted:
            again.ask_reason(typed, with_focus=has_focus)

    def _card(self, item: ConflictItem, is_open: bool) -> ConflictCard:
        card = ConflictCard(item, is_open)
        card.chosen.connect(self._choose)
        card.entryChosen.connect(self.entryChosen)
        card.wayChosen.connect(self.wayChosen)
        card.acceptChosen.connect(self.acceptChosen)
        card.reasonAsked.connect(lambda: QTimer.singleShot(0, card, lambda: self._area.ensureWidgetVisible(card)))
        self._cards[item.key] = card
        return card

    def card(self, key: str) -> ConflictCard | None:
        """The card of a conflict."""
        return self._cards.get(key)

    def cards(self) -> list[ConflictCard]:
        """The cards in their order."""
        return list(self._cards.values())

    def mark_entry(self, entry_id: str) -> None:
        """Mark the conflicts of the entry that is selected on the calendar."""
        for card in self._cards.values():
            card.set_marked(bool(entry_id) and any(line.entry_id == entry_id for line in card.item.lines))

    def settle_next(self) -> None:
        """Unfold the next conflict and go to it on the calendar."""
        keys = [key for key, card in self._cards.items() if not card.item.is_accepted]
        if not keys:
            return
        number = (keys.index(self._current) + 1) % len(keys) if self._current in keys else 0
        self._current = keys[number]
        card = self._cards[self._current]
        self._set_open(card, True)
        self._area.ensureWidgetVisible(card)
        self.entryChosen.emit(card.item.lines[0].entry_id)

    def _choose(self, key: str) -> None:
        card = self._cards[key]
        self._current = key
        self._set_open(card, not card.is_open())
        if card.is_open():
            self.entryChosen.emit(card.item.lines[0].entry_id)

    def _set_open(self, card: ConflictCard, is_open: bool) -> None:
        card.set_open(is_open)
        self._opened[card.item.key] = is_open
