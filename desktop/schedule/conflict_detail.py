"""One case in full: its entries with names, rooms and times, the ways out on numbered buttons, and "accept"."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.schedule.calendar_values import Family, span_words
from desktop.schedule.conflict_book import Case, ConflictBook, Severity, day_words
from desktop.schedule.conflict_picture import ConflictPicture
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.ways_out import WayOut, WaysOut
from desktop.widgets import (
    Button,
    ComboBox,
    Field,
    FlowLayout,
    KeyCap,
    Kind,
    Label,
    Line,
    Note,
    Option,
    Paragraph,
    ScrollArea,
    Segmented,
    SidePanel,
    Tag,
    Tone,
)
from shared_models.schedule.series_operations import SeriesScope

WIDTH, NARROW_WIDTH = 420, 352
ACCEPT_REASONS = (
    "Agreed with the family",
    "They share the room",
    "The tutor runs both",
    "It is short",
    "One of them will be online",
)  # fmt: skip
_REACH = ((SeriesScope.THIS.value, "This one"), (SeriesScope.FOLLOWING.value, "And the following"))


class ConflictDetail(SidePanel):
    """Signals: `wayChosen` (a WayOut, how far it reaches), `accepted` (the reason), `withdrawn`, `entryChosen` (id).

    The buttons have the numbers 1 to 9 in the order of `ways`.
    """

    wayChosen = Signal(object, object)
    accepted = Signal(str)
    withdrawn = Signal()
    entryChosen = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", WIDTH, parent=parent)
        self.close_button.hide()
        self._case: Case | None = None
        self._ways: list[WayOut] = []
        px = theme.current().px
        self._area = ScrollArea()
        self.body.addWidget(self._area, 1)
        self.reach = Segmented(_REACH, small=True, name="How far a way out reaches")
        self._reach_box = QWidget()
        reach_row = QHBoxLayout(self._reach_box)
        reach_row.setContentsMargins(px(16), px(6), px(16), px(10))
        reach_row.setSpacing(px(8))
        reach_row.addWidget(Label("Moves", "small", "text2"))
        reach_row.addWidget(self.reach)
        reach_row.addWidget(KeyCap("S"))
        reach_row.addStretch(1)
        self.body.addWidget(self._reach_box)
        self.accept_button = Button("Accept", small=True, keycap="A", on_click=self.ask_reason)
        self.withdraw_button = Button("Count it again", small=True, keycap="A", on_click=self.withdrawn.emit)
        self.show_button = Button("Show in calendar", small=True, keycap="Enter", on_click=self._show)
        self.add_footer(self.show_button, self.withdraw_button, self.accept_button)
        self._reason_box = QWidget()
        column = QVBoxLayout(self._reason_box)
        column.setContentsMargins(px(16), px(10), px(16), px(12))
        column.setSpacing(px(8))
        self.reason = ComboBox(
            [Option(reason, reason) for reason in ACCEPT_REASONS],
            placeholder="Why can it stay?",
            name="Reason",
            free_text=True,
        )
        column.addWidget(Field("Reason", self.reason, optional=True))
        row = QHBoxLayout()
        row.setSpacing(px(8))
        row.addStretch(1)
        row.addWidget(Button("Back", small=True, keycap="Esc", on_click=self.leave_reason))
        self.confirm_button = Button("Accept it", Kind.PRIMARY, small=True, keycap="Enter", on_click=self.confirm)
        row.addWidget(self.confirm_button)
        column.addLayout(row)
        self._reason_line = Line()
        self.body.addWidget(self._reason_line)
        self.body.addWidget(self._reason_box)
        self.reason.installEventFilter(self)
        self.leave_reason()
        self.show_case(None, None, "")

    @property
    def ways(self) -> Sequence[WayOut]:
        """The ways out in the order of their numbers; none before they are found."""
        return self._ways

    @property
    def asks_reason(self) -> bool:
        """Whether the field for the reason is open."""
        return not self._reason_box.isHidden()

    def show_case(self, case: Case | None, book: ConflictBook | None, place: str) -> None:
        """Show a case; `place` says where it stands: "3 of 53"."""
        self._case = case
        self._ways = []
        self._reach_box.hide()
        self.reach.set_value(SeriesScope.THIS.value)
        self.leave_reason()
        is_hard = case is not None and bool(case.conflict_keys)
        is_accepted = case is not None and case.acceptance is not None
        self.accept_button.setVisible(is_hard and not is_accepted)
        self.withdraw_button.setVisible(is_accepted)
        self.show_button.setVisible(case is not None)
        self.set_words(case.heading if case is not None else "", aside=place)
        px = theme.current().px
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(px(16), px(12), px(16), px(16))
        self._column.setSpacing(px(10))
        if case is not None and book is not None:
            self._add_entries(case, book)
        self._offers = QVBoxLayout()
        self._offers.setSpacing(px(8))
        self._column.addLayout(self._offers)
        self._column.addStretch(1)
        self._area.setWidget(content)
        content.setAutoFillBackground(False)

    def show_ways(self, offered: Sequence[WaysOut]) -> None:
        """Show the ways out, numbered."""
        case = self._case
        if case is None:
            return
        px = theme.current().px
        self._ways = [way for one in offered for way in one.ways]
        if not self._ways:
            words = "No free time within a week. Move it on the calendar"
            words += ", or accept it." if case.conflict_keys and case.acceptance is None else "."
            self._offers.addWidget(Paragraph(words, "body", "text2"))
            return
        self._offers.addWidget(Label("Ways out", "body_strong"))
        self._reach_box.setVisible(any(self._is_of_series(way) for way in self._ways))
        number = 0
        for one in offered:
            flow = FlowLayout(None, px(6))
            lead = Label(one.lead, "small", "text2")
            lead.setFixedHeight(theme.current().size.control_small)
            flow.addWidget(lead)
            for way in one.ways:
                number += 1
                button = Button(way.words, Kind.SOFT, small=True, keycap=str(number))
                button.setAccessibleName(f"{number}: {one.lead} {way.words}")
                button.clicked.connect(lambda _=False, way=way: self._take(way))
                flow.addWidget(button)
            self._offers.addLayout(flow)

    def take(self, number: int) -> bool:
        """Take the way out with this number, from 1; says whether there is one."""
        if not 1 <= number <= len(self._ways):
            return False
        self._take(self._ways[number - 1])
        return True

    def ask_reason(self) -> None:
        """Open the field for the reason; Enter accepts, with or without one."""
        self.reason.clear()
        self._reason_line.show()
        self._reason_box.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave_reason(self) -> None:
        """Close the field again."""
        had_focus = self.reason.hasFocus()
        self._reason_line.hide()
        self._reason_box.hide()
        if had_focus:
            self.left.emit()

    def confirm(self) -> None:
        """Accept with what was typed."""
        reason = self.reason.text().strip()
        self.leave_reason()
        self.accepted.emit(reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Escape where they were not used up by the field or a button."""
        if self.asks_reason and event.key() == Qt.Key.Key_Escape:
            self.leave_reason()
        elif self.asks_reason and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm()
        else:
            event.ignore()

    def _take(self, way: WayOut) -> None:
        self.wayChosen.emit(way, SeriesScope(self.reach.value()) if self._is_of_series(way) else SeriesScope.THIS)

    def _is_of_series(self, way: WayOut) -> bool:
        rows = self._case.entries if self._case is not None else ()
        return any(row.id == way.entry_id and row.series_id is not None for row in rows)

    def _show(self) -> None:
        if self._case is not None:
            self.entryChosen.emit(self._case.entries[0].id)

    def _add_entries(self, case: Case, book: ConflictBook) -> None:
        px = theme.current().px
        head = QHBoxLayout()
        head.setSpacing(px(8))
        tone, icon = _LOOKS[case.severity]
        head.addWidget(Tag(case.kind_words, tone, icon))
        if case.severity is Severity.BUFFER:
            head.addWidget(Label("too tight", "small", "text2"))
        head.addStretch(1)
        head.addWidget(Label(case.when_words, "small", "text2", tabular=True))
        self._column.addLayout(head)
        if case.severity is Severity.FLAG:
            self._column.addWidget(Paragraph(case.summary, "body"))
        if case.acceptance is not None:
            self._column.addWidget(Note("Accepted", _accepted_words(case, book), Tone.OK, "check"))
        families = {
            row.id: book.directory.services.get(row.service_id, ("", Family.PRIVATE))[1] for row in case.entries
        }
        picture = ConflictPicture()
        picture.show_case(case, families)
        self._column.addWidget(picture)
        for row in case.entries:
            self._column.addWidget(_EntryBlock(row, families[row.id], book, self.entryChosen.emit))


_LOOKS = {
    Severity.OVERLAP: (Tone.DANGER, "triangle-alert"),
    Severity.BUFFER: (Tone.WARN, "clock"),
    Severity.FLAG: (Tone.NEUTRAL, "info"),
}


def _accepted_words(case: Case, book: ConflictBook) -> str:
    acceptance = case.acceptance
    if acceptance is None:
        return ""
    day = day_words(acceptance.accepted_at.astimezone(book.directory.zone).date())
    words = f"{acceptance.accepted_by}, {day}" if acceptance.accepted_by else day
    return f"{words}: {acceptance.reason}" if acceptance.reason else words


class _EntryBlock(QWidget):
    """What, who, with whom, where and when, and a way to it."""

    def __init__(self, row: EntryRow, family: Family, book: ConflictBook, choose: object) -> None:
        super().__init__()
        px = theme.current().px
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(px(10))
        outer.addWidget(_Mark(family), 0)
        column = QVBoxLayout()
        column.setSpacing(0)
        first = QHBoxLayout()
        first.setSpacing(px(8))
        builder, directory = book.builder, book.directory
        is_foreign = directory.is_foreign(row.location_id)
        names = "" if is_foreign else ", ".join(row.student_names[:4]) or "No students yet"
        if len(row.student_names) > 4 and not is_foreign:
            names += f" and {len(row.student_names) - 4} more"
        first.addWidget(Label(builder.title_of(row), "body_strong", elide=True), 1)
        first.addWidget(Label(span_words(row.starts, row.ends, with_half=False), "body", "text2", tabular=True))
        column.addLayout(first)
        if names:
            column.addWidget(Label(names, "body", elide=True))
        place = builder.place_words(row) or "No room"
        where = ", ".join(dict.fromkeys(p for p in (place, directory.place_name(row.location_id)) if p))
        column.addWidget(
            Label(f"{directory.tutor_name(row.tutor_id) or 'No tutor'} · {where}", "small", "text2", elide=True)
        )
        if row.series_id is not None:
            column.addWidget(Label("One of a series", "small", "text3"))
        outer.addLayout(column, 1)
        self.setAccessibleName(", ".join(words for words in (builder.title_of(row), names, place) if words))


class _Mark(QWidget):
    """The family's edge, as high as the words beside it."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._family = family
        self.setFixedWidth(theme.current().px(6))

    def paintEvent(self, event: object) -> None:
        from desktop.widgets import painting

        painter = painting.painter_for(self)
        painting.draw_family_mark(painter, 0, self.height() / 2, self._family.value, self.height() - 2)
        painter.end()
