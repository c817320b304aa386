"""The conflict view: every conflict of the term by week, filtered by kind, to be settled one by one from the
keyboard. Reading and the search for ways out happen away from the UI thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.page import Changes
from desktop.permissions import own_places
from desktop.schedule.calendar_changes import CalendarChanges
from desktop.schedule.conflict_book import Case, ConflictBook, Severity, read_book, week_title
from desktop.schedule.conflict_detail import NARROW_WIDTH, WIDTH, ConflictDetail
from desktop.schedule.conflict_offers import offers_of
from desktop.schedule.directory import DIRECTORY_TABLES, read_directory
from desktop.schedule.entry_rows import ENTRY_TABLES
from desktop.schedule.series_reach import reaches_series
from desktop.schedule.ways_out import WayOut, WaysOut
from desktop.schedule.week import Filters, shown_rows
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import (
    Card,
    Cell,
    Column,
    EmptyState,
    FlowLayout,
    Group,
    Label,
    RowModel,
    Segmented,
    TableView,
    Tone,
    make_action,
)
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.series_operations import SeriesScope

CONFLICT_TABLES = ENTRY_TABLES | DIRECTORY_TABLES
_SETTLE_MS = 60
_NARROW_BELOW = 1040
_ALL, _FLAGS = "all", "flags"
_KINDS = ((_ALL, "All"), ("tutor", "Tutor"), ("room", "Room"), ("student", "Student"), (_FLAGS, "Unusual"))
_SEVERITIES = ((_ALL, "Both"), (Severity.OVERLAP.value, "Overlap"), (Severity.BUFFER.value, "Too tight"))
_LOOKS = {
    Severity.OVERLAP: (Tone.DANGER, "triangle-alert"),
    Severity.BUFFER: (Tone.WARN, "clock"),
    Severity.FLAG: (Tone.NEUTRAL, "info"),
}


class ConflictView(QWidget):
    """The list of cases at the left, the one in hand at the right.

    Signals: `entryChosen` (id: show it on the calendar), `said` (words for the strip, whether Undo is possible),
    `countsChanged` (overlaps, too tight) for whoever shows them in a header.
    """

    entryChosen = Signal(str)
    said = Signal(str, bool)
    countsChanged = Signal(int, int)

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self._changes = CalendarChanges(store, clock)
        self._book: ConflictBook | None = None
        self._filters = Filters()
        self._rows: list[Case | Group] = []
        self._shows_accepted = False
        self._current = ""
        self._position = 0
        self._settled: list[str] = []
        self._ways: dict[str, list[WaysOut]] = {}
        self._ticket = 0
        self._is_busy = False
        self._is_stale = True
        self._background = Background(self)
        self._background.busyChanged.connect(self._note_busy)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self.load)
        self._build()
        self._make_actions()

    # building

    def _build(self) -> None:
        px = theme.current().px
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(px(12))
        card = Card()
        holder = QWidget()
        bar = FlowLayout(holder, px(10))
        bar.setContentsMargins(px(12), px(8), px(12), px(8))
        self.kind = Segmented(_KINDS, small=True, name="Which conflicts")
        self.kind.changed.connect(self._filter)
        self.severity = Segmented(_SEVERITIES, small=True, name="How bad")
        self.severity.changed.connect(self._filter)
        self.summary = Label("", "small", "text2")
        self.summary.setFixedHeight(theme.current().size.control_small)
        bar.addWidget(self.kind)
        bar.addWidget(self.severity)
        bar.addWidget(self.summary)
        card.body.addWidget(holder)
        self._is_narrow = False
        self.model: RowModel[Case] = RowModel(_columns(is_narrow=False))
        self.table = TableView(self.model, "Conflicts")
        self.table.picked.connect(self._picked)
        self.table.opened.connect(self._open_row)
        self.table.clicked_cell.connect(self._clicked)
        self.table.installEventFilter(self)
        self.table.horizontalHeader().hide()
        self._empty = EmptyState("circle-check", "No conflicts", "Tutors, rooms and students all fit.")
        self._empty.hide()
        card.body.addWidget(self.table, 1)
        card.body.addWidget(self._empty, 1)
        outer.addWidget(card, 1)
        self.detail = ConflictDetail()
        self.detail.wayChosen.connect(self._take)
        self.detail.accepted.connect(self.accept)
        self.detail.withdrawn.connect(self.withdraw)
        self.detail.entryChosen.connect(self.entryChosen)
        self.detail.left.connect(self.table.setFocus)
        outer.addWidget(self.detail)
        self.setFocusProxy(self.table)
        self.setAccessibleName("Conflicts")

    def _make_actions(self) -> None:
        self.view_actions: list[QAction] = []
        self._keys: dict[int, Callable[[], object]] = {}

        def add(words: str, slot: Callable[[], object], key: str, icon: str = "", helper: str = "") -> None:
            action = make_action(self, words, slot, icon=icon or None, shortcut=key, helper=helper)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.view_actions.append(action)
            self._keys[ord(key)] = action.trigger

        add("Next conflict", lambda: self.go(1), "J", "chevron-down")
        add("Previous conflict", lambda: self.go(-1), "K", "chevron-up")
        add(
            "Accept the conflict",
            self._accept_key,
            "A",
            "check",
            "It stays listed as accepted and is no longer marked.",
        )
        add("Take back the last step", self.undo, "Z", "undo-2")
        add("This one or the following too", self._flip_reach, "S", "repeat")
        add("Take a way out by its number", lambda: self.detail.take(1), "1", "corner-down-left")
        for number in range(2, 10):
            self._keys[ord(str(number))] = lambda number=number: self.detail.take(number)  # type: ignore[misc]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the case in hand tells of its entries alone."""
        super().resizeEvent(event)
        t = theme.current()
        is_narrow = self.width() < t.px(_NARROW_BELOW)
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self.detail.setFixedWidth(t.px(NARROW_WIDTH if is_narrow else WIDTH))
            self.model.set_columns(_columns(is_narrow=is_narrow))
            self._select_again()

    # reading

    def shown(self) -> None:
        """The view has come to the front."""
        if self._is_stale:
            self.load()
        self.table.setFocus()

    def refresh(self, changes: Changes) -> None:
        """Rows changed, here or elsewhere."""
        if CONFLICT_TABLES & changes.keys():
            self._is_stale = True
            if self.isVisible():
                self._timer.start()

    def set_filters(self, filters: Filters) -> None:
        """Show only the cases in which an entry takes part that these let through."""
        filters = replace(filters, only_conflicts=False, only=frozenset())
        if filters != self._filters:
            self._filters = filters
            self._show()

    def load(self) -> None:
        """Read all conflicts again, in the background; the one in hand stays in hand."""
        self._ticket += 1
        ticket, store, now = self._ticket, self._store, self._clock()
        own = own_places(store)
        if self._book is None:
            self.summary.setText("Looking through the term…")

        def job() -> ConflictBook:
            with store.read() as session:
                directory = replace(read_directory(session, store.organization_id), own_places=own)
                return read_book(session, directory, now)

        self._background.run(job, self._loaded, lambda error: self.said.emit(str(error), False),
                             lambda: ticket == self._ticket)  # fmt: skip

    @property
    def is_settled(self) -> bool:
        """Whether everything shown is true: nothing is being read, and nothing waits to be."""
        return not self._is_busy and not self._timer.isActive()

    def shut_down(self) -> None:
        """Let go of the background."""
        self._background.close()

    def _note_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy

    def _loaded(self, book: ConflictBook) -> None:
        self._book, self._is_stale = book, False
        self._ways.clear()
        self._show()

    # showing

    def cases(self) -> list[Case]:
        """The cases that the filters let through, in their order."""
        return [row for row in self._rows if not isinstance(row, Group)]

    def current(self) -> Case | None:
        """The case in hand."""
        return next((case for case in self.cases() if case.key == self._current), None)

    def _filter(self, _key: str) -> None:
        self._position = 0
        self._show()

    def _here(self) -> list[Case]:
        book = self._book
        if book is None or self._filters == Filters():
            return list(book.cases) if book is not None else []
        shown = {row.id for row in shown_rows(book.builder.week, self._filters)}
        return [case for case in book.cases if any(row.id in shown for row in case.entries)]

    def _passes(self, case: Case) -> bool:
        kind, severity = self.kind.value(), self.severity.value()
        if kind == _FLAGS:
            return case.severity is Severity.FLAG
        if case.severity is Severity.FLAG:
            return False
        return (kind == _ALL or kind in case.kinds) and severity in (_ALL, case.severity.value)

    def _show(self) -> None:
        book = self._book
        if book is None:
            return
        here = self._here()
        self._show_counts(here)
        chosen = [case for case in here if self._passes(case)]
        still_open = [case for case in chosen if case.acceptance is None]
        accepted = [case for case in chosen if case.acceptance is not None]
        weeks = Counter(case.monday for case in still_open)
        rows: list[Case | Group] = []
        monday = None
        for case in still_open:
            if case.monday != monday:
                monday = case.monday
                rows.append(Group(week_title(monday, book.first_day), right=str(weeks[monday])))
            rows.append(case)
        if accepted:
            rows.append(Group(_ACCEPTED, right=f"{len(accepted)}, {'hide' if self._shows_accepted else 'show'}"))
            rows += accepted if self._shows_accepted else []
        self._rows = rows
        self.model.set_rows(rows)
        self._show_table(bool(rows))
        self.severity.setEnabled(self.kind.value() != _FLAGS)
        self._select_again()

    def _show_table(self, has_rows: bool) -> None:
        """The keys go on working when the list has nothing left: the focus stays in the view."""
        if self.table.isHidden() == (not has_rows):
            return
        if not has_rows and self.table.hasFocus():
            self.kind.setFocus()
        self.table.setVisible(has_rows)
        self._empty.setVisible(not has_rows)
        if has_rows and self.kind.hasFocus():
            self.table.setFocus()

    def _show_counts(self, here: Sequence[Case]) -> None:
        still_open = [case for case in here if case.acceptance is None]
        hard = [case for case in still_open if case.severity is not Severity.FLAG]
        overlaps = sum(case.severity is Severity.OVERLAP for case in hard)
        self.kind.set_count(_ALL, len(hard))
        for kind in ("tutor", "room", "student"):
            self.kind.set_count(kind, sum(kind in case.kinds for case in hard))
        self.kind.set_count(_FLAGS, len(still_open) - len(hard))
        self.severity.set_count(Severity.OVERLAP.value, overlaps)
        self.severity.set_count(Severity.BUFFER.value, len(hard) - overlaps)
        accepted = sum(case.acceptance is not None for case in here)
        self.summary.setText(f"{accepted} accepted" if accepted else "")
        self.countsChanged.emit(overlaps, len(hard) - overlaps)

    def _select_again(self) -> None:
        """The case in hand; where it is settled, the one that has taken its place."""
        cases = self.cases()
        if not cases:
            self._current = ""
            self.detail.show_case(None, None, "")
            return
        keys = [case.key for case in cases]
        number = keys.index(self._current) if self._current in keys else min(self._position, len(cases) - 1)
        self._select(cases[number])

    def _select(self, case: Case) -> None:
        row = self._rows.index(case)
        if self.table.current_row() == row:
            self._picked(row)
        else:
            self.table.select_row(row)

    def _picked(self, row: int) -> None:
        case = self._rows[row]
        if isinstance(case, Group):
            return
        cases = self.cases()
        self._current, self._position = case.key, cases.index(case)
        self.detail.show_case(case, self._book, f"{self._position + 1} of {len(cases)}")
        self._offer(case, is_shown=True)
        following = cases[self._position + 1 : self._position + 2]
        for one in following:
            self._offer(one, is_shown=False)

    def _offer(self, case: Case, *, is_shown: bool) -> None:
        """Find the ways out of a case; the next one's are looked for ahead."""
        known = self._ways.get(case.key)
        if known is not None:
            if is_shown:
                self.detail.show_ways(known)
            return
        book, now = self._book, self._clock()
        if book is None:
            return

        def found(ways: list[WaysOut]) -> None:
            if book is self._book:
                self._ways[case.key] = ways
                if self._current == case.key and not self.detail.ways:
                    self.detail.show_ways(ways)

        self._background.run(
            lambda: offers_of(case, book.bookings_around(case), book.directory, now), found, lambda error: None,
            lambda: book is self._book and (not is_shown or self._current == case.key),
        )  # fmt: skip

    # settling

    def go_to_day(self, day: date) -> None:
        """To the first case of a day, or of the next one that has any."""
        case = next((case for case in self.cases() if case.day >= day and case.acceptance is None), None)
        if case is not None:
            self._select(case)

    def go(self, steps: int) -> None:
        """To the next case (1) or the one before (-1)."""
        cases = self.cases()
        if cases:
            self._select(cases[max(0, min(self._position + steps, len(cases) - 1))])
            self.table.setFocus()

    def _take(self, way: WayOut, scope: SeriesScope) -> None:
        book, case = self._book, self.current()
        row = next((row for row in case.entries if row.id == way.entry_id), None) if case is not None else None
        if book is None or row is None:
            return
        words = book.builder.short_words(row)
        reach = scope if reaches_series(self._store, row.series_id) else SeriesScope.THIS
        self._do(lambda: self._changes.take_way(row, words, way, book.directory, reach))

    def accept(self, reason: str) -> None:
        """Accept the case in hand, all of its conflicts in one step."""
        case = self.current()
        if case is None or not case.conflict_keys:
            return
        words = f"{case.heading}, {case.when_words}"
        self._do(lambda: self._changes.accept(words, case.conflict_keys, True, reason))

    def withdraw(self) -> None:
        """Let the accepted case in hand count again."""
        case = self.current()
        if case is None or case.acceptance is None:
            return
        words = f"{case.heading}, {case.when_words}"
        self._do(lambda: self._changes.accept(words, case.conflict_keys, False))

    def undo(self) -> None:
        """Take the last step back, whatever it was."""
        try:
            description = self._store.undo()
        except StoreError as error:
            self.said.emit(str(error), False)
            return
        if description is not None:
            self.said.emit(f"Undone: {description}", False)
            # What was settled last is in hand again.
            self._current = self._settled.pop() if self._settled else self._current
            self._timer.start()

    def _do(self, work: Callable[[], str]) -> None:
        """Settle the case in hand; the next one takes its place at once, before everything is read again."""
        case = self.current()
        try:
            words = work()
        except (ScheduleError, StoreError) as error:
            self.said.emit(str(error), False)
            self._timer.start()
            return
        if self._book is not None and case is not None:
            self._settled.append(case.key)
            cases = tuple(one for one in self._book.cases if one.key != case.key)
            self._book = ConflictBook(self._book.first_day, cases, self._book.builder, self._book.bookings)
            self._show()
        self._is_stale = True
        self._timer.start()
        self.said.emit(words, True)
        self.table.setFocus()

    def _accept_key(self) -> None:
        case = self.current()
        if case is None or not case.conflict_keys:
            return
        if case.acceptance is not None:
            self.withdraw()
        else:
            self.detail.ask_reason()

    def _flip_reach(self) -> None:
        if self.detail.reach.isVisible():
            is_this = self.detail.reach.value() == SeriesScope.THIS.value
            self.detail.reach.set_value((SeriesScope.FOLLOWING if is_this else SeriesScope.THIS).value)

    def toggle_accepted(self) -> None:
        """Fold or unfold what was accepted."""
        self._shows_accepted = not self._shows_accepted
        self._show()

    def _clicked(self, row: int, _column: int) -> None:
        value = self._rows[row]
        if isinstance(value, Group) and value.title == _ACCEPTED:
            self.toggle_accepted()

    def _open_row(self, row: int) -> None:
        case = self._rows[row]
        if not isinstance(case, Group):
            self.entryChosen.emit(case.entries[0].id)

    def event(self, event: QEvent) -> bool:
        """The keys of this view come before those of the page, which has some of the same letters."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._slot(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters and digits, wherever the focus is within the view."""
        slot = self._slot(event)
        if slot is not None:
            slot()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list itself would look for a row that begins with what is typed."""
        if watched is self.table and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                self._step(step)
                return True
            slot = self._slot(event)
            if slot is not None:
                slot()
                return True
        return super().eventFilter(watched, event)

    def _slot(self, event: QKeyEvent) -> Callable[[], object] | None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        return self._keys.get(event.key()) if plain else None

    def _step(self, step: int) -> None:
        """Arrows step over headings; at the end of the list they unfold what was accepted."""
        is_end = self._position >= len(self.cases()) - 1
        if step == 1 and is_end and not self._shows_accepted and isinstance(self._last_row(), Group):
            self.toggle_accepted()
        self.go(step)

    def _last_row(self) -> Case | Group | None:
        return self._rows[-1] if self._rows else None


_ACCEPTED = "Accepted"


def _columns(*, is_narrow: bool) -> list[Column[Case]]:
    def kind(case: Case) -> Cell:
        if case.acceptance is not None:
            return Cell(case.kind_words, tag=Tone.OK, icon="check")
        tone, icon = _LOOKS[case.severity]
        return Cell(case.kind_words, tag=tone, icon=icon)

    def heading(case: Case) -> Cell:
        return Cell(case.heading, strong=case.acceptance is None)

    when: Column[Case] = Column("When", lambda case: Cell(case.when_words, tabular=True), 186)
    if is_narrow:
        return [Column("Kind", kind, 136), Column("Who or what", heading), when]
    entries: Column[Case] = Column("Entries", lambda case: Cell(case.summary, tone="text2"))
    return [Column("Kind", kind, 150), Column("Who or what", heading, 190), entries, when]
