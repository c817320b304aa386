"""The reading side of the Calendar page: its views, filters, going places, conflicts, and the form beside it.

What changes entries is built on it (calendar_page.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.page import Changes, Page
from desktop.schedule.calendar_views import PageView, ViewKind
from desktop.schedule.calendar_widget import CalendarWidget
from desktop.schedule.conflicts_beside import ConflictsBeside
from desktop.schedule.directory import DIRECTORY_TABLES, Directory
from desktop.schedule.entry_rows import ENTRY_TABLES, EntryRow
from desktop.schedule.form_beside import FormBeside, days_beside
from desktop.schedule.page_head import PageHead
from desktop.schedule.page_reading import Anew, PageReading, packing_like, prepare_scene
from desktop.schedule.page_tools import PageTools
from desktop.schedule.saved_views import SavedView
from desktop.schedule.scene import SceneBuilder, title_of_day, title_of_days
from desktop.schedule.toolbar_fit import fitting_title
from desktop.schedule.week import Filters, Week, week_with
from desktop.store.announcer import Arrived
from desktop.store.store import Store

if TYPE_CHECKING:
    from desktop.schedule.conflicts_panel import ConflictsPanel
    from desktop.schedule.drop_check import DropCheck
    from desktop.schedule.ways_out import WayOut

REFRESH_NOW_MS = 20_000
_VIEW = "calendar_view"
FOLLOW_AFTER_MS = 250
READ_AHEAD_AFTER_MS = 120
WEEK, DAY = "week", "day"
CONFLICTS = "conflicts"


class SchedulePage(Page):
    """Shows the schedule in one of its views, as the person wants to see it.

    `view_kinds` lists the views of the header; those that the calendar itself does not draw are made when they are
    first shown. What the first picture does not need (form, list of conflicts, judge of a drag) is loaded on first
    use.
    """

    title = "Calendar"
    icon_name = "calendar-days"
    view_kinds: ClassVar[tuple[ViewKind, ...]] = ()

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent, search="Search")
        self._store, self._clock = store, clock
        self._check: DropCheck | None = None
        self._reading = PageReading(store, self)
        self._day = self._today()
        remembered = store.local(_VIEW) or WEEK
        self._view = remembered if any(kind.key == remembered for kind in self.view_kinds) else WEEK
        self._made_views: dict[str, PageView] = {}
        self._by_room = False
        self._title = ""
        self._week: Week | None = None
        self._builder: SceneBuilder | None = None
        self._prepared: object = None
        self._held: EntryRow | None = None
        """An entry at the place to which it would move, while the person is asked about it."""
        self.loads = 0
        """How often the entries have been read."""
        self._build()
        self._make_actions()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_NOW_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._follow_timer = QTimer(self)
        self._follow_timer.setSingleShot(True)
        self._follow_timer.setInterval(FOLLOW_AFTER_MS)
        self._follow_timer.timeout.connect(lambda: self._load(quietly=True))
        self._ahead_timer = QTimer(self)
        self._ahead_timer.setSingleShot(True)
        self._ahead_timer.setInterval(READ_AHEAD_AFTER_MS)
        self._ahead_timer.timeout.connect(self._read_ahead)
        self.filters.set_directory(self._directory, self._tools.remembered_location(self._directory))
        self._load()
        self.setFocusProxy(self._shown_widget())

    # building

    def _build(self) -> None:
        px = theme.current().px
        head = self._head = PageHead(self, self._view)
        self._date_button, self.views = head.date_button, head.views
        tools = self._tools = PageTools(
            self._store, self.toolbar, self._reading.students, self._present_view, parent=self
        )
        self.filters, self.saved, self.columns, self.color = tools.filters, tools.saved, tools.columns, tools.color
        self.legend = tools.legend
        self.filters.changed.connect(self._filters_changed)
        self.filters.conflictsToggled.connect(self.show_conflicts)
        self.saved.taken.connect(self.take_view)
        self.columns.changed.connect(self._columns_changed)
        tools.colorChanged.connect(lambda by: self._show())
        self.calendar = CalendarWidget()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.calendar)
        beside = QHBoxLayout()
        beside.setSpacing(px(12))
        beside.addWidget(self._stack, 1)
        conflicts = self._conflicts = ConflictsBeside(self._store, self._clock, beside, self)
        conflicts.counted.connect(
            lambda overlaps, tight: self.filters.set_conflicts(overlaps, tight, is_day=self._view == DAY)
        )
        conflicts.entryChosen.connect(self.jump_to)
        conflicts.wayChosen.connect(self.take_way)
        conflicts.acceptChosen.connect(self.accept)
        conflicts.closed.connect(lambda: self.filters.set_conflicts_shown(False))
        column = QVBoxLayout()
        column.setSpacing(px(2))
        column.addLayout(beside, 1)
        column.addWidget(self.legend)
        self.body.addLayout(column, 1)
        calendar = self.calendar
        calendar.entrySelected.connect(self.mark_conflicts)
        calendar.set_check(
            lambda *place, **how: self._drop_check().check(*place, **how),
            lambda *place, **how: self._drop_check().offer(*place, **how),
        )
        calendar.dayActivated.connect(self.open_day)
        calendar.stepRequested.connect(self.step)
        calendar.dragChanged.connect(self.progressSaid)
        self.form = FormBeside(self._store, self._clock, self)
        self.form.changed.connect(self._form_changed)
        self.form.said.connect(self.actionDone)
        self.form.saved.connect(self._form_saved)

    @property
    def panel(self) -> ConflictsPanel:
        """The list of conflicts beside the calendar."""
        return self._conflicts.panel

    def take_way(self, way: WayOut) -> None:
        """A way out of a conflict was chosen in the list."""

    def accept(self, key: str, is_accepted: bool, reason: str = "") -> None:
        """A conflict in the list was accepted, or is to count again."""

    def mark_conflicts(self, entry_id: str) -> None:
        """Mark an entry's conflicts in the list beside the calendar."""
        self._conflicts.mark(row_id(entry_id))

    def _drop_check(self) -> DropCheck:
        """The judge of places in the scene on screen."""
        from desktop.schedule.drop_check import DropCheck

        if self._check is None and self._builder is not None:
            day = self._day if self._view == DAY else None
            self._check = DropCheck(self._builder, day, by_room=self._by_room)
        assert self._check is not None, "nothing can be dragged before a scene is on screen"
        return self._check

    def _apply_sizes(self) -> None:
        super()._apply_sizes()
        margins = self.body.contentsMargins()
        right = margins.right()
        if hasattr(self, "form") and self.form.is_open:
            right = min(self.form.width + theme.current().px(12), max(self.width() - theme.current().px(280), right))
        self.body.setContentsMargins(margins.left(), 0, right, theme.current().px(4))

    def _make_actions(self) -> None:
        self._head.add_actions(self.saved.ask_name, self._toggle_conflicts)

    # reading

    def directory(self) -> Directory:
        """Names and rules of the center, as last read."""
        return self._directory

    @property
    def _directory(self) -> Directory:
        return self._reading.directory

    def _today(self) -> date:
        return self._clock().astimezone(self._directory.zone).date()

    def _shown_view(self) -> str:
        """The view on screen: beside the form it is the calendar in any case, on which its sessions show."""
        return WEEK if self.form.is_open and self._view not in (DAY, WEEK) else self._view

    def _page_view(self) -> PageView | None:
        """What is on screen in the calendar's place; None while the calendar is."""
        key = self._shown_view()
        if key in (DAY, WEEK):
            return None
        if key not in self._made_views:
            made = self._made_views[key] = self._make_view(key)
            self._stack.addWidget(made.widget)
        return self._made_views[key]

    def _shown_widget(self) -> QWidget:
        """What is on screen: the calendar, or another view in its place."""
        view = self._page_view()
        return view.widget if view is not None else self.calendar

    def _make_view(self, key: str) -> PageView:
        raise LookupError(f"no view is called {key!r}")

    def _days(self, day: date | None = None) -> tuple[date, date]:
        """The first and last day to be read around a day, the one shown if none is given: what the view asks for, or
        the Monday and Sunday of the week (read whole also for a day, so that switching between the two asks the store
        for nothing)."""
        day, view = day or self._day, self._page_view()
        if view is not None:
            return view.span(day)
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)

    def _step_from(self, day: date, direction: int) -> date:
        """The day that is shown after a step of the view, in whole weeks also by day."""
        view = self._page_view()
        return view.step(day, direction) if view is not None else day + timedelta(days=7 * direction)

    def read_days(self, first: date, last: date) -> SceneBuilder:
        """Entries of other days than those on screen, filtered and colored in the same way."""
        week = self._reading.week(first, last)
        return SceneBuilder(
            week, self._directory, self.filters.value(), self._clock(), coloring=self._tools.coloring(self._directory)
        )

    def _read_ahead(self) -> None:
        """Read what one step earlier or later shows, while nobody waits for it."""
        builder, view = self._builder, self._page_view()
        if self.isVisible() and builder is not None:
            spans = [self._days(self._step_from(self._day, way)) for way in (1, -1)]
            self._reading.read_ahead(
                spans, lambda week: view.prepare(builder.of_week(week)) if view is not None else None
            )

    def prepared(self, week: Week) -> object:
        """What the view on screen has prepared of a week; None if nothing."""
        return self._reading.prepared(week)

    def _load(self, *, quietly: bool = False, is_fresh: bool = True) -> None:
        """Read what is to be shown; what was read ahead serves unless it is to be `is_fresh`."""
        if is_fresh:
            self._reading.forget()
        self._week = self._reading.week(*self._days())
        self.loads += not quietly
        self._show(quietly=quietly)

    def _show(self, *, quietly: bool = False) -> None:
        """Show what is loaded, as the person wants to see it; `quietly` leaves out a view that reads by itself."""
        week = self._week
        if week is None:
            return
        if (week.first_day, week.last_day) != self._days():
            self._load(quietly=quietly, is_fresh=False)
            return
        self._ahead_timer.start()
        filters = replace(self.filters.value(), only=self.form.touched())
        unsaved = self.form.unsaved_rows(self._directory, week.first_day, week.last_day)
        words = self.form.unsaved_words
        if self.form.is_open:
            week = week_with(week, unsaved, self.form.hidden_ids(dict(week.rows)))
        if self._held is not None:
            week, words = week_with(week, [self._held], {self._held.id}), "changed"
            unsaved = [*unsaved, self._held]
        builder = self._builder = SceneBuilder(
            week,
            self._directory,
            filters,
            self._clock(),
            [row.id for row in unsaved],
            words,
            self._tools.coloring(self._directory),
        )
        is_day = self._view == DAY
        view = self._page_view()
        self._stack.setCurrentWidget(self._shown_widget())
        scene = packing = None
        if view is not None:
            if not quietly:
                view.show(builder, self._day)
            self.say_title(view.title(self._day))
        elif is_day:
            scene = builder.day_scene(self._day, by_room=self._by_room)
            self.say_title(title_of_day(self._day, self._today()))
        else:
            packing = packing_like(self._prepared, builder)
            scene = packing.scene if packing is not None else builder.week_scene()
            days = [date.fromisoformat(column.key) for column in scene.columns] or [week.first_day, week.last_day]
            if self.form.is_open and len(days) > 1:
                days = days_beside(self._day, days)
                scene = builder.week_scene(days)
            self.say_title(title_of_days(days[0], days[-1]))
        self._check = None
        if scene is not None:
            self.calendar.set_scene(scene, packing)
        self._show_conflict_list()
        are_useful = (view is None or view.has_filters) and not self.form.is_open
        self._tools.show_for(builder, are_useful=are_useful, has_columns=is_day, is_form_open=self.form.is_open)
        self.filters.offer_conflicts(view is None or view.has_conflicts_beside)
        self._fit_tools()

    def _fit_tools(self) -> None:
        """Say less where the window is too narrow for all of it."""
        view = self._page_view()
        if not self.form.is_open and (view is None or view.has_filters):
            self._tools.fit(self.width(), has_columns=self._view == DAY)

    def say_title(self, title: str) -> None:
        """Put a title into the header, in short words where the window is narrow."""
        self._title = title
        self._date_button.setHidden(self.form.is_open)
        self.header.set_title(fitting_title(title, self.header.has_room_for, self._date_button.hide))

    def _show_conflict_list(self) -> None:
        if self._builder is None:
            return
        view, is_day = self._page_view(), self._view == DAY
        title = f"Conflicts {view.span_words if view is not None else 'this week'}"
        if is_day:
            is_today = self._day == self._today()
            title = "Conflicts today" if is_today else f"Conflicts on {self._day:%a, %b} {self._day.day}"
        self._conflicts.show_of(self._builder, self._day if is_day else None, title, row_id(self.selected_id()))

    def refresh(self, changes: Changes) -> None:
        """Rows changed, here or elsewhere. What others did is read in the background: nobody waits for it."""
        if isinstance(changes, Arrived):
            if (DIRECTORY_TABLES | ENTRY_TABLES) & changes.keys():
                names_too = bool(DIRECTORY_TABLES & changes.keys())
                self._reading.read_anew(Anew(self._days, self._preparing, self._arrived, names_too))
        elif DIRECTORY_TABLES & changes.keys():
            self._reading.read_directory()
            self.filters.set_directory(self._directory, self.filters.value().location_id)
            self._load()
        elif ENTRY_TABLES & changes.keys():
            self._load()

    def _preparing(self) -> Callable[[Directory, Week], object]:
        """What makes the scene that is shown now of names and a week of entries, in another thread."""
        if self._shown_view() != WEEK:
            return lambda directory, week: None
        now, color_by = self._clock(), self._tools.color.value()
        return partial(prepare_scene, self.filters.value(), now, color_by, self.calendar.seater())

    def _arrived(self, week: Week, has_names: bool, prepared: object) -> None:
        """Entries were read anew in the background, and names and rules perhaps as well."""
        if has_names:
            self.filters.set_directory(self._directory, self.filters.value().location_id)
        self._week, self._prepared = week, prepared
        self.loads += 1
        self._show()
        self._prepared = None

    def shown(self) -> None:
        """The page has come to the front: the now-line may be behind."""
        self._tick()

    def _tick(self) -> None:
        if self.isVisible() and self._builder is not None:
            before, now = self._builder.now, self._clock()
            if before.replace(second=0, microsecond=0) != now.replace(second=0, microsecond=0):
                self._show()

    # going places

    def set_view(self, view: str) -> None:
        """Show another of the views in the header."""
        if view == self._view or all(kind.key != view for kind in self.view_kinds):
            return
        before = self._page_view()
        if before is not None:
            self._day = before.cursor_day() or self._day
        elif self._view == WEEK and (slot := self.calendar.cursor_slot()) and self.calendar.selected_id():
            self._day = date.fromisoformat(slot[0])
        self._view = view
        self.views.set_value(view)
        self._store.set_local(**{_VIEW: view})
        self._show()
        shown = self._shown_widget()
        self.setFocusProxy(shown)
        if self.isVisible() and not self.form.is_open:
            shown.setFocus()

    def view(self) -> str:
        """The key of the view: "day", "week", "month"…"""
        return self._view

    def day(self) -> date:
        """The day that is shown, or lies in the week that is."""
        return self._day

    def step(self, direction: int) -> None:
        """One week or day later (1) or earlier (-1); days on which the place is never open are skipped."""
        if self._shown_view() != DAY:
            self.go_to(self._step_from(self._day, direction))
            return
        self.go_to(self._directory.next_open_day(self.filters.value().location_id, self._day, direction))

    def go_today(self) -> None:
        """The present day or week."""
        self.go_to(self._today())

    def go_now(self) -> None:
        """The present minute, on the calendar if the view has no line for it."""
        if self._page_view() is not None:
            self.set_view(DAY)
        self.go_today()
        self.calendar.show_now()

    def follow(self, day: date) -> None:
        """A view has been scrolled to another day: title and count of conflicts go with it."""
        self._day = day
        view = self._page_view()
        if view is None:
            return
        self.say_title(view.title(day))
        if self._week is not None and view.span(day) != (self._week.first_day, self._week.last_day):
            self._follow_timer.start()

    def go_to(self, day: date) -> None:
        """Show a day, or the week it lies in."""
        before = self._days()
        self._day = day
        if self._days() == before and self._week is not None:
            self._show()
        else:
            self._load(is_fresh=False)

    def pick_date(self) -> None:
        """Choose a date in a small month that dots the busy days."""
        from desktop.schedule.mini_month import BusyMonthPopup

        popup = BusyMonthPopup(self._day, self._today(), self._busy_days, self)
        popup.picked.connect(self.go_to)
        popup.open_below(self._date_button)

    def _busy_days(self, first: date, last: date) -> set[date]:
        return self._reading.busy_days(first, last, self.filters.value().location_id)

    def show_item(self, item_id: str) -> None:
        """Bring an entry into view, whenever it is; also a day ("2026-11-28"), or the "conflicts" of today."""
        if item_id == CONFLICTS:
            self.go_today()
            self.show_conflicts(True)
            return
        if len(item_id) == len("2026-11-28"):
            self.go_to(date.fromisoformat(item_id))
            return
        day = self._reading.day_of(item_id)
        if day is None:
            return
        self.go_to(day)
        row = self._row(item_id)
        location = self.filters.value().location_id
        if row is not None and location not in ("", row.location_id):
            self.filters.set_location(row.location_id)
            self._show()
        self.jump_to(item_id)

    def _row(self, entry_id: str) -> EntryRow | None:
        found = self._builder.week.rows.get(row_id(entry_id)) if self._builder is not None else None
        view = self._page_view()
        return view.row(entry_id) if found is None and view is not None else found

    def selected_id(self) -> str:
        """The entry that is selected in the view on screen; "" for none."""
        view = self._page_view()
        return view.selected_id() if view is not None else self.calendar.selected_id()

    def select(self, entry_id: str) -> None:
        """Select an entry in the view on screen."""
        view = self._page_view()
        if view is not None:
            view.select(entry_id)
        else:
            self.calendar.select(entry_id)

    def _words(self, row: EntryRow) -> str:
        return self._builder.short_words(row) if self._builder is not None else "the entry"

    def _is_unsaved(self, entry_id: str) -> bool:
        return self._builder is not None and row_id(entry_id) in self._builder.unsaved

    def jump_to(self, entry_id: str) -> None:
        """Select an entry that is on screen, or go to its day."""
        row = self._row(entry_id)
        if row is None:
            return
        if self._view == DAY and row.day != self._day:
            self.go_to(row.day)
        self.select(entry_id)
        self.mark_conflicts(entry_id)

    def open_day(self, column: str) -> None:
        """Show the day of a column or cell."""
        if self._view != DAY:
            self._day = date.fromisoformat(column)
            self._view = DAY
            self.views.set_value(DAY)
            self._show()
            self.setFocusProxy(self.calendar)
            if self.isVisible():
                self.calendar.setFocus()

    # saved views and colors

    def _present_view(self) -> SavedView:
        by_room = self._by_room and self._view == DAY
        return SavedView("", self._view, self.filters.value(), self.color.value(), by_room)

    def take_view(self, saved: SavedView) -> None:
        """Show what a saved view says."""
        self.filters.set_value(saved.filters)
        self.color.set_value(saved.color_by)
        if saved.view == DAY:
            self._by_room = saved.by_room
            self.columns.set_value("rooms" if saved.by_room else "tutors")
        self.set_view(saved.view)
        self._filters_changed(self.filters.value())

    def _filters_changed(self, filters: Filters) -> None:
        self._tools.remember_location(filters.location_id)
        self._show()

    def _columns_changed(self, kind: str) -> None:
        self._by_room = kind == "rooms"
        self._show()

    def show_conflicts(self, shown: bool) -> None:
        """Open or close the list of conflicts."""
        self.filters.set_conflicts_shown(shown)
        self._conflicts.open(shown, row_id(self.selected_id()))

    def _toggle_conflicts(self) -> None:
        self.show_conflicts(not self._conflicts.is_open)

    # the form

    def _form_changed(self) -> None:
        """The form opened, closed, or holds something else: make room, and show its sessions."""
        is_open = self.form.is_open
        words = self.form.touched_words(self._directory)
        self.views.setHidden(is_open)
        self._tools.show_only(words if is_open else "")
        if is_open:
            self.show_conflicts(False)
        self._apply_sizes()
        self._place_form()
        first = self.form.first_day(self._directory)
        if first is not None and first != self._day:
            self.go_to(first)
        else:
            self._show()
        if not is_open:
            self._shown_widget().setFocus()

    def _form_saved(self, entry_ids: Sequence[str]) -> None:
        self._load()
        if entry_ids and self._row(entry_ids[0]) is not None:
            self.select(entry_ids[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The form keeps to the right edge."""
        super().resizeEvent(event)
        self._place_form()
        self._fit_tools()
        self.say_title(self._title)

    def _place_form(self) -> None:
        """The form at the right edge; the note beside the chip only where the form leaves room for it."""
        self.form.place()
        self._tools.place_note(self.width() - self.form.width - 2 * theme.current().size.margin)

    def shut_down(self) -> None:
        """Let go of what the form holds on to."""
        self._timer.stop()
        self._ahead_timer.stop()
        self._reading.shut_down()
        self.form.shut_down()


def row_id(entry_id: str) -> str:
    """The id of the row behind a box: an entry in two rooms has two boxes."""
    return entry_id.partition("@")[0]
