"""The list of conflicts beside the calendar: opens it, fills it, and looks for ways out once it is on screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.schedule.scene import SceneBuilder
from desktop.schedule.week import accepted_conflicts, shown_conflicts
from desktop.store.store import Store
from shared_models.schedule.times import instant_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop.schedule.conflict_groups import ConflictGroup
    from desktop.schedule.conflicts_panel import ConflictsPanel
    from shared_models.schedule.conflicts import Booking


class ConflictsBeside(QObject):
    """Owns the list of one page; it is made when it is first needed, so that the window opens sooner.

    `counted` carries the overlaps and those only too tight; `entryChosen` an entry's id, `wayChosen` a way out;
    `acceptChosen` a conflict's key, whether it is accepted now, and why; `closed`: the person closed the list.
    """

    counted = Signal(int, int)
    entryChosen = Signal(str)
    wayChosen = Signal(object)
    acceptChosen = Signal(str, bool, str)
    closed = Signal()

    def __init__(self, store: Store, clock: Callable[[], datetime], place: QHBoxLayout, host: QWidget) -> None:
        super().__init__(host)
        self._store, self._clock, self._place, self._host = store, clock, place, host
        self._panel: ConflictsPanel | None = None
        self._builder: SceneBuilder | None = None
        self._day: date | None = None
        self._title = ""
        self._waiting: list[ConflictGroup] = []
        self._bookings: Sequence[Booking] = ()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._propose_next)

    @property
    def panel(self) -> ConflictsPanel:
        """The list."""
        if self._panel is None:
            from desktop.schedule.conflicts_panel import ConflictsPanel

            panel = self._panel = ConflictsPanel()
            panel.hide()
            panel.closed.connect(self.closed)
            panel.entryChosen.connect(self.entryChosen)
            panel.wayChosen.connect(self.wayChosen)
            panel.acceptChosen.connect(self.acceptChosen)
            self._place.addWidget(panel)
        return self._panel

    @property
    def is_open(self) -> bool:
        """Whether the list is on screen."""
        return self._panel is not None and not self._panel.isHidden()

    def mark(self, row_id: str) -> None:
        """Mark the conflicts of an entry."""
        if self._panel is not None:
            self._panel.mark_entry(row_id)

    def open(self, is_wanted: bool, selected: str = "") -> None:
        """Open or close the list."""
        if is_wanted:
            self.panel.open_panel(animated=self._host.isVisible())
            self._fill(selected)
        elif self._panel is not None:
            self._panel.close_panel()

    def show_of(self, builder: SceneBuilder, day: date | None, title: str, selected: str) -> None:
        """Count, and list, the conflicts of what is shown; of one day only when it is given."""
        self._builder, self._day, self._title = builder, day, title
        groups = shown_conflicts(builder.week, builder.rows, day)
        overlaps = sum(group.is_overlap for group in groups)
        self.counted.emit(overlaps, len(groups) - overlaps)
        if self.is_open:
            self._fill(selected)

    def _fill(self, selected: str) -> None:
        builder = self._builder
        if builder is None:
            return
        from desktop.schedule.conflicts_panel import conflict_items

        groups = shown_conflicts(builder.week, builder.rows, self._day)
        if builder.week.last_day - builder.week.first_day > timedelta(days=7):
            # Of a month, what is over comes last.
            groups.sort(key=lambda group: group.entries[0].day < builder.local_now.date())
        accepted = accepted_conflicts(builder.week, builder.rows, self._day)
        with_day = self._day is None
        self.panel.set_items(
            self._title,
            conflict_items(groups, builder, with_day=with_day),
            conflict_items(accepted, builder, with_day=with_day, are_accepted=True),
        )
        self.panel.mark_entry(selected)
        self._waiting, self._bookings = list(groups), ()
        self._timer.start()

    def _propose_next(self) -> None:
        """Propose ways out of one conflict at a time: they look at the weeks around, and there may be many."""
        builder = self._builder
        if builder is None or not self._waiting or not self.is_open:
            self._timer.stop()
            return
        from desktop.schedule.ways_out import ways_out
        from shared_models.schedule.bookings import load_bookings

        week, directory = builder.week, builder.directory
        if not self._bookings:
            first = instant_of(week.first_day - timedelta(days=7), time(), directory.zone)
            last = instant_of(week.last_day + timedelta(days=8), time(), directory.zone)
            with self._store.read() as session:
                self._bookings = load_bookings(session, self._store.organization_id, first, last)
        group = self._waiting.pop(0)
        card = self.panel.card(group.key)
        if card is not None:
            card.set_ways(ways_out(group, self._bookings, directory, self._clock()))
