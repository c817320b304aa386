"""The Calendar page: week and day, filters, the list of conflicts, and everything one does to an entry there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QCursor, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from sqlalchemy import select

from desktop import theme
from desktop.page import Changes, Page
from desktop.schedule.calendar_changes import CalendarChanges
from desktop.schedule.calendar_filters import CalendarFilters
from desktop.schedule.calendar_widget import CalendarWidget
from desktop.schedule.conflicts_panel import ConflictsPanel, conflict_items
from desktop.schedule.directory import DIRECTORY_TABLES, Directory, read_directory
from desktop.schedule.drop_check import DropCheck
from desktop.schedule.entry_menus import EmptyMenu, EntryMenu, ScopeMenu
from desktop.schedule.entry_rows import ENTRY_TABLES, EntryRow, read_entries
from desktop.schedule.form_beside import FormBeside, days_beside
from desktop.schedule.legend import CalendarLegend
from desktop.schedule.scene import (
    NO_ROOM,
    NO_TUTOR,
    ONLINE,
    Filters,
    SceneBuilder,
    Week,
    shown_conflicts,
    title_of_day,
    title_of_days,
    week_of,
    week_with,
)
from desktop.schedule.ways_out import WayOut, ways_out
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import Button, FilterChip, IconButton, Kind, Label, Menu, Segmented
from desktop.widgets.dates import MonthPopup
from shared_models.schedule.bookings import load_bookings
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.series_operations import SeriesScope
from shared_models.schedule.times import instant_of

REFRESH_NOW_MS = 20_000
_LOCATION = "calendar_location"
_VIEW = "calendar_view"
WEEK, DAY = "week", "day"
CONFLICTS = "conflicts"


class CalendarPage(Page):
    """Shows one week or day of the schedule and lets people work on it.

    Entries are made and opened in the form at its right; moving, resizing, cancelling and archiving work on the
    calendar itself.
    """

    title = "Calendar"
    icon_name = "calendar-days"

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent, search="Search")
        self._store, self._clock = store, clock
        self._changes = CalendarChanges(store, clock)
        self._directory: Directory = self._read_directory()
        self._day = self._today()
        self._view = store.local(_VIEW) or WEEK
        self._by_room = False
        self._week: Week | None = None
        self._builder: SceneBuilder | None = None
        self._loads = 0
        self._build()
        self._make_actions()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_NOW_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self.filters.set_directory(self._directory, self._first_location())
        self._load()

    # building

    def _build(self) -> None:
        px = theme.current().px
        header = self.header
        arrows = [
            IconButton("chevron-left", "Earlier", Kind.SECONDARY, on_click=lambda: self.step(-1)),
            Button("Today", on_click=self.go_today),
            IconButton("chevron-right", "Later", Kind.SECONDARY, on_click=lambda: self.step(1)),
        ]
        self._date_button = IconButton("calendar-days", "Go to a date", Kind.SECONDARY, on_click=self.pick_date)
        for widget in (*arrows, self._date_button):
            header.add_view_switch(widget)
        self.views = Segmented([(DAY, "Day"), (WEEK, "Week")], value=self._view, name="Show a day or a week")
        self.views.changed.connect(self.set_view)
        header.add_view_switch(self.views)
        self.filters = CalendarFilters()
        self.filters.changed.connect(self._filters_changed)
        self.filters.conflictsToggled.connect(self.show_conflicts)
        self.toolbar.add(*self.filters.chips())
        self._only_chip = FilterChip("", "funnel")
        self._only_chip.setEnabled(False)
        self._only_chip.hide()
        self._only_note = Label("Other entries come back when you save.", "small", "text2")
        self._only_note.hide()
        self.toolbar.add(self._only_chip, self._only_note)
        self._hours_note = Label("No opening hours yet. Enter them in Settings.", "small", "text2", elide=True)
        self._hours_note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._hours_note.hide()
        self.toolbar.add(self._hours_note)
        self._columns_label = Label("Columns", "small", "text2")
        self.columns = Segmented([("tutors", "Tutors"), ("rooms", "Rooms")], small=True, name="Columns")
        self.columns.changed.connect(self._columns_changed)
        self._print_button = IconButton(
            "printer", "Print (Ctrl P)", Kind.SECONDARY, small=True, on_click=self.print_day
        )
        self.toolbar.add_right(self._columns_label, self.columns, self._print_button)
        self.calendar = CalendarWidget()
        self.legend = CalendarLegend()
        beside = QHBoxLayout()
        beside.setSpacing(px(12))
        beside.addWidget(self.calendar, 1)
        column = QVBoxLayout()
        column.setSpacing(px(2))
        column.addLayout(beside, 1)
        column.addWidget(self.legend)
        self.body.addLayout(column, 1)
        self.panel = ConflictsPanel()
        self.panel.hide()
        self.panel.closed.connect(lambda: self.filters.set_conflicts_shown(False))
        self.panel.entryChosen.connect(self.jump_to)
        self.panel.wayChosen.connect(self._take_way)
        beside.addWidget(self.panel)
        calendar = self.calendar
        calendar.entryActivated.connect(self.open_entry)
        calendar.entrySelected.connect(lambda entry_id: self.panel.mark_entry(_row_id(entry_id)))
        calendar.createRequested.connect(self._create_at)
        calendar.moveRequested.connect(lambda *place: self._move(*place))
        calendar.moveToRoomRequested.connect(self._move)
        calendar.resizeRequested.connect(self._resize)
        calendar.cancelRequested.connect(self.cancel)
        calendar.menuRequested.connect(self._open_menu)
        calendar.dayActivated.connect(self._open_day)
        calendar.dragChanged.connect(self.progressSaid)
        self.setFocusProxy(calendar)
        self.form = FormBeside(self._store, self._clock, self)
        self.form.changed.connect(self._form_changed)
        self.form.said.connect(self.actionDone)
        self.form.saved.connect(self._form_saved)

    def _apply_sizes(self) -> None:
        super()._apply_sizes()
        margins = self.body.contentsMargins()
        right = margins.right()
        if hasattr(self, "form") and self.form.is_open:
            right = min(self.form.width + theme.current().px(12), max(self.width() - theme.current().px(280), right))
        self.body.setContentsMargins(margins.left(), 0, right, theme.current().px(4))

    def _make_actions(self) -> None:
        self.new_action = self.add_action(
            "New entry", self.new_entry, icon="plus", shortcut="N", helper="Makes a schedule entry or a series."
        )
        self.header.set_primary(self.new_action)
        self.add_action("Today", self.go_today, icon="sun", shortcut="T", helper="Shows the present day or week.")
        self.add_action("Later", lambda: self.step(1), icon="chevron-right", shortcut=("]", "Ctrl+Right"))
        self.add_action("Earlier", lambda: self.step(-1), icon="chevron-left", shortcut=("[", "Ctrl+Left"))
        self.add_action("Go to a date", self.pick_date, icon="calendar-days", shortcut="G")
        self.add_action("Day", lambda: self.set_view(DAY), icon="columns-3", shortcut="D")
        self.add_action("Week", lambda: self.set_view(WEEK), icon="calendar-days", shortcut="W")
        self.add_action(
            "Conflicts", self._toggle_conflicts, icon="triangle-alert", shortcut="C",
            helper="Lists every conflict on screen with the nearest ways out.",
        )  # fmt: skip
        self.add_action("Print the day", self.print_day, icon="printer", shortcut="Ctrl+P")

    # reading

    def _read_directory(self) -> Directory:
        with self._store.read() as session:
            return read_directory(session, self._store.organization_id)

    def directory(self) -> Directory:
        """Names and rules of the center, as last read."""
        return self._directory

    def _today(self) -> date:
        return self._clock().astimezone(self._directory.zone).date()

    def _first_location(self) -> str:
        remembered = self._store.local(_LOCATION)
        ids = [place.id for place in self._directory.places]
        if remembered is not None and (remembered in ids or remembered == ""):
            return remembered
        return ids[0] if ids else ""

    def _days(self) -> tuple[date, date]:
        """The Monday and Sunday of the week around the day shown: read whole also for a day, so that switching
        between the two asks the store for nothing."""
        monday = self._day - timedelta(days=self._day.weekday())
        return monday, monday + timedelta(days=6)

    def _load(self) -> None:
        first, last = self._days()
        with self._store.read() as session:
            rows = read_entries(session, self._directory, first, last)
        self._week = week_of(rows, first, last)
        self._loads += 1
        self._show()

    def _show(self) -> None:
        """Show what is loaded, as the person wants to see it."""
        week = self._week
        if week is None:
            return
        filters = replace(self.filters.value(), only=self.form.touched())
        unsaved = self.form.unsaved_rows(self._directory, week.first_day, week.last_day)
        if self.form.is_open:
            week = week_with(week, unsaved, self.form.hidden_ids(dict(week.rows)))
        builder = self._builder = SceneBuilder(
            week, self._directory, filters, self._clock(), [row.id for row in unsaved]
        )
        is_day = self._view == DAY
        if is_day:
            scene = builder.day_scene(self._day, by_room=self._by_room)
            self.header.set_title(title_of_day(self._day, self._today()))
        else:
            scene = builder.week_scene()
            days = [date.fromisoformat(column.key) for column in scene.columns] or [week.first_day, week.last_day]
            if self.form.is_open and len(days) > 1:
                days = days_beside(self._day, days)
                scene = builder.week_scene(days)
            self.header.set_title(title_of_days(days[0], days[-1]))
        is_unknown = not self._directory.knows_hours(filters.location_id)
        self._hours_note.setVisible(is_unknown and not self.form.is_open)
        self._columns_label.setVisible(is_day)
        self.columns.setVisible(is_day)
        check = DropCheck(builder, self._day if is_day else None, by_room=self._by_room)
        self.calendar.set_check(check.check, check.offer)
        self.calendar.set_scene(scene)
        self._show_conflict_list()

    def _show_conflict_list(self) -> None:
        builder = self._builder
        if builder is None:
            return
        is_day = self._view == DAY
        groups = shown_conflicts(builder.week, builder.rows, self._day if is_day else None)
        overlaps = sum(group.is_overlap for group in groups)
        self.filters.set_conflicts(overlaps, len(groups) - overlaps, is_day=is_day)
        if self.panel.isHidden():
            return
        title = "Conflicts this week"
        if is_day:
            title = (
                "Conflicts today"
                if self._day == self._today()
                else f"Conflicts on {self._day:%a, %b} {self._day.day}"
            )
        self.panel.set_items(title, conflict_items(groups, builder, with_day=not is_day))
        self.panel.mark_entry(_row_id(self.calendar.selected_id()))
        QTimer.singleShot(0, self, lambda loads=self._loads: self._show_ways_out(loads))

    def _show_ways_out(self, loads: int) -> None:
        """Propose ways out once the list is on screen: they look at the weeks around as well."""
        builder = self._builder
        if builder is None or loads != self._loads or self.panel.isHidden():
            return
        week = builder.week
        groups = shown_conflicts(week, builder.rows, self._day if self._view == DAY else None)
        if not groups:
            return
        zone = self._directory.zone
        first = instant_of(week.first_day - timedelta(days=7), time(), zone)
        last = instant_of(week.last_day + timedelta(days=8), time(), zone)
        with self._store.read() as session:
            bookings = load_bookings(session, self._store.organization_id, first, last)
        now = self._clock()
        for group in groups:
            card = self.panel.card(group.key)
            if card is not None:
                card.set_ways(ways_out(group, bookings, self._directory, now))

    def refresh(self, changes: Changes) -> None:
        """Rows changed, here or elsewhere."""
        if DIRECTORY_TABLES & changes.keys():
            self._directory = self._read_directory()
            self.filters.set_directory(self._directory, self.filters.value().location_id)
            self._load()
        elif ENTRY_TABLES & changes.keys():
            self._load()

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
        """Show a day or a week."""
        if view == self._view:
            return
        if view == DAY and (slot := self.calendar.cursor_slot()) is not None and self.calendar.selected_id():
            self._day = date.fromisoformat(slot[0])
        self._view = view
        self.views.set_value(view)
        self._store.set_local(**{_VIEW: view})
        self._show()

    def view(self) -> str:
        """ "day" or "week"."""
        return self._view

    def day(self) -> date:
        """The day that is shown, or lies in the week that is."""
        return self._day

    def step(self, direction: int) -> None:
        """One week or day later (1) or earlier (-1); days on which the place is never open are skipped."""
        if self._view == WEEK:
            self.go_to(self._day + timedelta(days=7 * direction))
            return
        day = self._day + timedelta(days=direction)
        location = self.filters.value().location_id
        for _ in range(6):
            if self._directory.open_spans(location, day):
                break
            day += timedelta(days=direction)
        self.go_to(day)

    def go_today(self) -> None:
        """The present day or week."""
        self.go_to(self._today())

    def go_to(self, day: date) -> None:
        """Show a day, or the week it lies in."""
        before = self._days()
        self._day = day
        if self._days() == before and self._week is not None:
            self._show()
        else:
            self._load()

    def pick_date(self) -> None:
        """Choose a date in a small month."""
        popup = MonthPopup(self._day, self._today(), self)
        popup.picked.connect(self.go_to)
        popup.open_below(self._date_button)

    def show_item(self, item_id: str) -> None:
        """Bring an entry into view, whenever it is; also a day ("2026-11-28"), or the "conflicts" of today."""
        if item_id == CONFLICTS:
            self.go_today()
            self.show_conflicts(True)
            return
        if len(item_id) == len("2026-11-28"):
            self.go_to(date.fromisoformat(item_id))
            return
        with self._store.read() as session:
            starts_at = session.scalar(
                select(ScheduleEntry.starts_at).where(
                    ScheduleEntry.organization_id == self._store.organization_id, ScheduleEntry.id == item_id
                )
            )
        if starts_at is None:
            return
        self.go_to(starts_at.astimezone(self._directory.zone).date())
        row = self._row(item_id)
        location = self.filters.value().location_id
        if row is not None and location not in ("", row.location_id):
            self.filters.set_location(row.location_id)
            self._show()
        self.jump_to(item_id)

    def jump_to(self, entry_id: str) -> None:
        """Select an entry that is on screen, or go to its day."""
        row = self._row(entry_id)
        if row is None:
            return
        if self._view == DAY and row.day != self._day:
            self.go_to(row.day)
        self.calendar.select(entry_id)
        self.panel.mark_entry(entry_id)

    def _open_day(self, column: str) -> None:
        if self._view == WEEK:
            self._day = date.fromisoformat(column)
            self._view = DAY
            self.views.set_value(DAY)
            self._show()

    def _filters_changed(self, filters: Filters) -> None:
        if self._store.local(_LOCATION) != filters.location_id:
            self._store.set_local(**{_LOCATION: filters.location_id})
        self._show()

    def _columns_changed(self, kind: str) -> None:
        self._by_room = kind == "rooms"
        self._show()

    def show_conflicts(self, shown: bool) -> None:
        """Open or close the list of conflicts."""
        self.filters.set_conflicts_shown(shown)
        if shown:
            self.panel.open_panel(animated=self.isVisible())
            self._show_conflict_list()
        else:
            self.panel.close_panel()

    def _toggle_conflicts(self) -> None:
        self.show_conflicts(self.panel.isHidden())

    # the form

    def _form_changed(self) -> None:
        """The form opened, closed, or holds something else: make room, and show its sessions."""
        is_open = self.form.is_open
        words = self.form.touched_words(self._directory)
        for widget in (*self.filters.chips(), self.views, self._date_button, self._print_button, self.legend):
            widget.setHidden(is_open)
        if not is_open:
            self.filters.show_location_chip()
        self._only_chip.set_words(words, True)
        self._only_chip.setVisible(is_open and bool(words))
        self._only_note.setVisible(is_open and bool(words))
        if is_open:
            self.panel.close_panel()
            self.filters.set_conflicts_shown(False)
        self._apply_sizes()
        self.form.place()
        first = self.form.first_day(self._directory)
        if first is not None and first != self._day:
            self.go_to(first)
        else:
            self._show()
        if not is_open:
            self.calendar.setFocus()

    def _form_saved(self, entry_ids: Sequence[str]) -> None:
        self._load()
        if entry_ids and self._row(entry_ids[0]) is not None:
            self.calendar.select(entry_ids[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The form keeps to the right edge."""
        super().resizeEvent(event)
        self.form.place()

    def shut_down(self) -> None:
        """Let go of what the form holds on to."""
        self._timer.stop()
        self.form.shut_down()

    # making and opening

    def new_entry(self) -> None:
        """Make an entry at the cursor, or just with the location and day on screen."""
        slot = self.calendar.cursor_slot() if self.calendar.hasFocus() else None
        if slot is not None:
            self._create_at(slot[0], slot[1], slot[1] + 60)
        else:
            self.form.create(self._day, None, None, self.filters.value().location_id)

    def _create_at(self, column: str, starts: int, ends: int) -> None:
        filters = self.filters.value()
        tutor_id, room_id = filters.tutor_id or None, filters.room_id or None
        day = self._day
        if self._view == WEEK:
            day = date.fromisoformat(column)
        elif self._by_room:
            room_id = None if column in (ONLINE, NO_ROOM) else column
        else:
            tutor_id = None if column == NO_TUTOR else column
        self._day = day
        self.form.create(day, starts, ends, filters.location_id, tutor_id, room_id)

    def open_entry(self, entry_id: str) -> None:
        """Open an entry in the form."""
        row = self._row(entry_id)
        if row is not None and not self._is_unsaved(entry_id):
            self._day = row.day
            self.form.open(row.id)

    def _is_unsaved(self, entry_id: str) -> bool:
        return self._builder is not None and _row_id(entry_id) in self._builder.unsaved

    # changing

    def _row(self, entry_id: str) -> EntryRow | None:
        return self._builder.week.rows.get(_row_id(entry_id)) if self._builder is not None else None

    def _words(self, row: EntryRow) -> str:
        return self._builder.short_words(row) if self._builder is not None else "the entry"

    def _move(self, entry_id: str, column: str, starts: int, room_id: str = "") -> None:
        row, builder = self._row(entry_id), self._builder
        if row is None or builder is None:
            return
        if self._is_unsaved(entry_id):
            day = date.fromisoformat(column) if self._view == WEEK else self._day
            self.form.move_unsaved(day, starts, starts + row.ends - row.starts)
            return
        from_column = entry_id.partition("@")[2] or (row.room_ids[0] if row.room_ids else "")
        check = DropCheck(builder, self._day if self._view == DAY else None, by_room=self._by_room)
        target = check.target(row, column, from_column)
        if room_id:
            target = replace(target, room_ids=(room_id,), is_online=False)
        words = self._words(row)
        self._change(row, lambda scope: self._changes.move(row, words, target, starts, self._directory, scope))

    def _resize(self, entry_id: str, starts: int, ends: int) -> None:
        row = self._row(entry_id)
        if row is not None and self._is_unsaved(entry_id):
            self.form.move_unsaved(row.day, starts, ends)
        elif row is not None:
            words = self._words(row)
            self._change(row, lambda scope: self._changes.resize(row, words, starts, ends, self._directory, scope))

    def _take_way(self, way: WayOut) -> None:
        row = self._row(way.entry_id)
        if row is not None:
            words = self._words(row)
            self._change(row, lambda scope: self._changes.take_way(row, words, way, self._directory, scope))

    def cancel(self, entry_id: str) -> None:
        """Cancel an entry, or as much of its series as the person says."""
        row = self._row(entry_id)
        if row is not None and row.is_live and not self._is_unsaved(entry_id):
            words = self._words(row)
            self._change(row, lambda scope: self._changes.cancel(row, words, scope))

    def archive(self, entry_id: str) -> None:
        """Archive an entry, or as much of its series as the person says."""
        row = self._row(entry_id)
        if row is not None:
            words = self._words(row)
            self._change(row, lambda scope: self._changes.archive(row, words, scope))

    def restore(self, entry_id: str) -> None:
        """Bring a cancelled entry back."""
        row = self._row(entry_id)
        if row is not None:
            words = self._words(row)
            self._change(row, lambda scope: self._changes.restore(row, words, scope))

    def copy_to_next_week(self, entry_id: str) -> None:
        """Make a single entry like this one a week later."""
        row = self._row(entry_id)
        if row is not None:
            words = self._words(row)
            self._apply(lambda: self._changes.copy_to_next_week(row, words, self._directory))

    def set_status(self, entry_id: str, status: EntryStatus) -> None:
        """Say how a session went."""
        row = self._row(entry_id)
        if row is None:
            return
        words = self._words(row)
        self._apply(lambda: self._changes.set_status(row, words, status))

    def _change(self, row: EntryRow, change: Callable[[SeriesScope], str]) -> None:
        """Do it at once for a single entry; for one of a series, ask how far it reaches."""
        if row.series_id is None:
            self._apply(lambda: change(SeriesScope.THIS))
            return
        self.ask_scope(lambda scope: self._apply(lambda: change(scope)))

    def ask_scope(self, then: Callable[[SeriesScope], None]) -> None:
        """A small menu at the pointer; leaving it changes nothing."""
        ScopeMenu(self, then).popup(self._menu_spot())

    def _menu_spot(self) -> QPoint:
        at = self.calendar.mapFromGlobal(QCursor.pos())
        if self.calendar.rect().contains(at):
            return QCursor.pos()
        return self.calendar.mapToGlobal(self.calendar.rect().center())

    def _apply(self, work: Callable[[], str]) -> None:
        before = self._loads
        try:
            words = work()
        except (ScheduleError, StoreError) as error:
            self.actionDone.emit(str(error), False)
            return
        if self._loads == before:
            self._load()
        self.actionDone.emit(words, True)

    def _open_menu(self, entry_id: str, at: QPoint) -> None:
        self.entry_menu(entry_id).popup(at)

    def entry_menu(self, entry_id: str) -> Menu:
        """What can be done to an entry, or on empty paper."""
        row = self._row(entry_id)
        if row is None or self._is_unsaved(entry_id):
            return EmptyMenu(self, self.new_entry)
        return EntryMenu(self, row, self._clock(), self)

    # printing

    def print_day(self) -> None:
        """Open the print preview for the day on screen."""
        from desktop.printing.day_page import ColumnsBy
        from desktop.printing.preview_dialog import PrintPreview

        slot = self.calendar.cursor_slot() if self._view == WEEK else None
        day = date.fromisoformat(slot[0]) if slot is not None else self._day
        location_id = self.filters.value().location_id or None
        by = ColumnsBy.ROOM if self._by_room else ColumnsBy.TUTOR
        preview = PrintPreview(self._store, day, location_id, by, now=self._clock, parent=self)
        preview.said.connect(lambda words: self.actionDone.emit(words, False))
        preview.open()


def _row_id(entry_id: str) -> str:
    """The id of the row behind a box: an entry in two rooms has two boxes."""
    return entry_id.partition("@")[0]
