"""The Calendar page: everything one does to entries there, by mouse, keyboard and menu, and the print of a day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QCursor
from sqlalchemy import select

from desktop.permissions import Permissions
from desktop.proposals import NoForm, Proposal
from desktop.schedule.calendar_views import AgendaPageView, MonthPageView, PageView, ViewKind
from desktop.schedule.conflict_page_view import ConflictPageView
from desktop.schedule.entry_rows import EntryRow, read_entry
from desktop.schedule.page_output import print_of, selection_of
from desktop.schedule.page_sheets import CANCEL, PageSheets
from desktop.schedule.scene import NO_ROOM, NO_TUTOR, ONLINE
from desktop.schedule.schedule_page import DAY, WEEK, SchedulePage, row_id
from desktop.schedule.series_reach import Staying, reaches_series, staying, why_alone
from desktop.schedule.week import Filters, accepted_conflicts, shown_conflicts
from desktop.store.errors import StoreError
from desktop.widgets import IconButton, Kind, Menu, allow
from desktop.window import MainWindow
from shared_models.base import new_id
from shared_models.organization.models import Organization
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import key_of
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.series_operations import SeriesScope

if TYPE_CHECKING:
    from desktop.schedule.calendar_changes import CalendarChanges
    from desktop.schedule.conflict_view import ConflictView
    from desktop.schedule.drop_check import Target
    from desktop.schedule.second_window import CalendarWindow
    from desktop.schedule.wall_display import WallDisplay
    from desktop.schedule.ways_out import WayOut
    from shared_models.exchange.calendar_export import Selection


_VACATION = "vacation "
_IDLE_MS = 4_000
CLOSED = "Only those who work at its location can change this."
VIEWS = (
    ViewKind(DAY, "Day", "columns-3", "D"),
    ViewKind(WEEK, "Week", "calendar-days", "W"),
    ViewKind("month", "Month", "layout-grid", "M", MonthPageView),
    ViewKind("agenda", "Agenda", "list", "A", AgendaPageView, "Lists every entry of the year by day."),
    ViewKind(
        "conflicts",
        "Conflicts",
        "triangle-alert",
        "Shift+C",
        ConflictPageView,
        "Lists every conflict of the term, to be settled one by one.",
    ),
)
"""The views in the header's switch; a further one is a line here and a `PageView`."""


_IN_FORM = frozenset(
    {
        "location_id", "service_id", "subject_id", "topic_id", "product_id", "capacity", "tutor_id", "starts_at",
        "ends_at", "blocked_until", "is_online", "web_link", "needs_projector", "supplies", "other_resources",
    }
)  # fmt: skip
"""What the entry form shows of an entry; how it went has its place beside it."""
_MEMBERSHIP = frozenset({"entry_id", "student_id", "archived_at"})


class CalendarPage(SchedulePage):
    """The schedule that people work on.

    Entries are made and opened in the form at its right; moving, resizing, cancelling and archiving work on the
    calendar itself.
    """

    view_kinds = VIEWS

    def _make_view(self, key: str) -> PageView:
        kind = next(kind for kind in self.view_kinds if kind.key == key)
        return kind.make(self) if kind.make is not None else super()._make_view(key)

    def make_conflict_view(self) -> ConflictView:
        """The list of every conflict, over the same store and clock."""
        from desktop.schedule.conflict_view import ConflictView

        return ConflictView(self._store, self._clock)

    def page_actions(self) -> Sequence[QAction]:
        """With the keys of the conflict view while it is on screen."""
        view = self._page_view()
        return [*super().page_actions(), *(view.actions if isinstance(view, ConflictPageView) else ())]

    def shut_down(self) -> None:
        """Let go of what the form and the views hold on to."""
        for view in self._made_views.values():
            if isinstance(view, ConflictPageView):
                view.view.shut_down()
        super().shut_down()

    def _build(self) -> None:
        super()._build()
        self._print_button = IconButton(
            "printer", "Print (Ctrl P)", Kind.SECONDARY, small=True, on_click=self.print_day
        )
        self._more_button = IconButton(
            "ellipsis", "More: other windows, wall display, whole weeks, export", Kind.SECONDARY, small=True,
            on_click=self._open_more,
        )  # fmt: skip
        self.toolbar.add_right(self._print_button, self._more_button)
        calendar = self.calendar
        calendar.entryActivated.connect(self.open_entry)
        calendar.createRequested.connect(self._create_at)
        calendar.moveRequested.connect(lambda *place: self.move_entry(*place))
        calendar.moveToRoomRequested.connect(self.move_entry)
        calendar.copyRequested.connect(self._copy)
        calendar.resizeRequested.connect(self._resize)
        calendar.cancelRequested.connect(self.cancel)
        calendar.menuRequested.connect(self.open_menu)
        self.form.sheetRequested.connect(self.open_sheet)
        QTimer.singleShot(_IDLE_MS, self, self._prepare_form)

    def _prepare_form(self) -> None:
        """Once the first picture stands: so that the first entry opens without a wait."""
        if self.isVisible():
            self.form.prepare()

    def _form_changed(self) -> None:
        for button in (self._print_button, self._more_button):
            button.setHidden(self.form.is_open)
        super()._form_changed()

    def _make_actions(self) -> None:
        self.new_action = self.add_action(
            "New entry", self.new_entry, icon="plus", shortcut="N", helper="Makes a schedule entry or a series."
        )
        self.header.set_primary(self.new_action)
        super()._make_actions()
        self._vacation_action = self.add_action(
            "Vacation", lambda: self.sheets.vacation(first_day=self._day), icon="sun",
            helper="A tutor or student is away: cancel, move or reassign their sessions in one step.",
        )  # fmt: skip
        self._copy_week_action = self.add_action(
            "Copy the week", self.copy_week, icon="copy", helper="Copies a week of sessions to another."
        )
        self._further_actions = [
            self.add_action(
                "New window", self.new_window, icon="external-link", helper="The calendar on another screen."
            ),
            self.add_action(
                "Wall display", self.open_wall, icon="monitor",
                helper="Today in large type for the lobby. Esc leaves it.",
            ),
            self._vacation_action,
            self._copy_week_action,
            self.add_action(
                "Export as .ics", self.export, icon="download",
                helper="Saves what is shown for Google, Outlook and Apple Calendar.",
            ),
        ]  # fmt: skip
        self.add_action("Print what is shown", self.print_day, icon="printer", shortcut="Ctrl+P")
        self.add_action(
            "Move with the keys", self.calendar.begin_move, icon="move",
            helper="Alt and arrows move an entry, Shift and arrows lengthen it; Enter does it, Esc puts it back.",
        )  # fmt: skip
        self.add_action(
            "Copy the entry", self.calendar.copy_entry, icon="copy", shortcut="Ctrl+C",
            helper="Ctrl V puts the copy at the cursor, in any week.",
        )  # fmt: skip
        self.add_action("Paste the entry", self.calendar.paste_entry, icon="copy", shortcut="Ctrl+V")
        self._allow_actions()

    def shown(self) -> None:
        """With what the person may do by now."""
        self._allow_actions()
        super().shown()

    def _open_more(self) -> None:
        self.more_menu().popup(self._more_button.mapToGlobal(self._more_button.rect().bottomLeft()))

    def more_menu(self) -> Menu:
        """What is done to the calendar as a whole."""
        menu = Menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._further_actions)
        return menu

    # sheets, and what other pages ask for

    @cached_property
    def sheets(self) -> PageSheets:
        """The sheets of this page."""
        sheets = PageSheets(self, self._store, self._clock, self.directory)
        sheets.said.connect(self.actionDone)
        return sheets

    def open_sheet(self, kind: str, entry_id: str) -> None:
        """Open a sheet for an entry: to reschedule it, cancel it with a reason, or for the length of its series."""
        row = self._row(entry_id)
        if row is None or not self._is_closed(row):
            self.sheets.for_entry(kind, row_id(entry_id))

    def show_conflicts(self, shown: bool) -> None:
        """Open or close the list of conflicts; the view that lists all of them needs no second one beside it."""
        super().show_conflicts(shown and self._view != "conflicts")

    def copy_week(self) -> None:
        """Open the copy of the week on screen."""
        self.sheets.copy_week(self._day, self.filters.value().location_id)

    def show_item(self, item_id: str) -> None:
        """Besides what the schedule shows: a student opens the form for them, a tutor their week; "vacation" with
        either's id opens that."""
        is_vacation, item_id = item_id.startswith(_VACATION), item_id.removeprefix(_VACATION)
        with self._store.read() as session:
            key = (self._store.organization_id, item_id)
            student, tutor = session.get(Student, key), session.get(Tutor, key)
        if is_vacation:
            self.sheets.vacation(
                student_id=item_id if student is not None else None,
                tutor_id=item_id if tutor is not None else None,
                with_family=True,  # It is a family that asks for it.
            )
        elif student is not None:
            self.form.create(None, None, None, "", student_ids=(item_id,))
        elif tutor is not None:
            self.filters.set_value(Filters(tutor_id=item_id))
            self._filters_changed(self.filters.value())
        else:
            super().show_item(item_id)

    def propose(self, proposal: Proposal) -> None:
        """Open an entry, or a series, with values that are not saved. Raises NotOpened."""
        if not (
            proposal.touches("schedule_entry", _IN_FORM)
            or proposal.touches("series")
            or proposal.touches("attendee", _MEMBERSHIP)
            or proposal.touches("entry_room")
        ):
            raise NoForm("The form of an entry shows none of this.")
        self.form.propose(proposal, self._clock())
        day = self.form.first_day(self._directory)
        if day is not None:
            self.go_to(day)

    # making and opening

    def new_entry(self) -> None:
        """Make an entry at the cursor, or just with the location and day on screen."""
        if why := self._allow_actions():
            self.actionDone.emit(why, False)
            return
        slot = self.calendar.cursor_slot() if self.calendar.hasFocus() else None
        view = self._page_view()
        if view is not None:
            self._day = view.cursor_day() or self._day
        if slot is not None:
            self._create_at(slot[0], slot[1], slot[1] + 60)
        else:
            self.form.create(self._day, None, None, self.filters.value().location_id)

    def _allow_actions(self) -> str:
        """Whether, and why not, sessions can be scheduled here; the reason."""
        why = Permissions.of(self._store).why_not_new("schedule_entry")
        for action in (self.new_action, self._vacation_action, self._copy_week_action):
            allow(action, why)
        return why

    def _create_at(self, column: str, starts: int, ends: int) -> None:
        if why := self._allow_actions():
            self.actionDone.emit(why, False)
            return
        filters = self.filters.value()
        tutor_id, room_id = filters.tutor_id or None, filters.room_id or None
        day = self._day
        if self._view != DAY:
            day = date.fromisoformat(column)
        elif self._by_room:
            room_id = None if column in (ONLINE, NO_ROOM) else column
        else:
            tutor_id = None if column == NO_TUTOR else column
        self._day = day
        self.form.create(day, starts, ends, filters.location_id, tutor_id, room_id)

    def open_entry(self, entry_id: str) -> None:
        """Open an entry in the form; one of another location in a card that only shows it."""
        row = self._row(entry_id)
        if row is not None and self._builder is not None and self._directory.is_foreign(row.location_id):
            from desktop.schedule.taken_card import TakenCard

            card = TakenCard(self, self._builder.taken_words(row), self._why_closed(row))
            card.open_sheet(card.close_button)
        elif row is not None and not self._is_unsaved(entry_id):
            self._day = row.day
            self.form.open(row.id)

    # changing

    @cached_property
    def _changes(self) -> CalendarChanges:
        from desktop.schedule.calendar_changes import CalendarChanges

        return CalendarChanges(self._store, self._clock)

    def _why_closed(self, row: EntryRow) -> str:
        """Why the person here cannot change an entry; empty when it may be changed (product §2)."""
        permissions = Permissions.of(self._store)
        if permissions.sees_all_locations or permissions.open_fields("schedule_entry", row.id):
            return ""
        return permissions.why_not("schedule_entry", location_id=row.location_id) or CLOSED

    def _is_closed(self, row: EntryRow) -> bool:
        """Whether an entry cannot be changed here, which is then said."""
        why = self._why_closed(row)
        if why:
            self._let_go()
            self._show()
            self.actionDone.emit(why, False)
        return bool(why)

    def check_day(self, entry_id: str, day: date) -> list[tuple[bool, str]]:
        """What fits and what does not when an entry moves to another day at its time, in words."""
        row = self._row(entry_id)
        return self._drop_check().check(entry_id, day.isoformat(), row.starts, row.ends) if row is not None else []

    def move_entry(self, entry_id: str, column: str, starts: int, room_id: str = "") -> None:
        """Move an entry to a column ("2026-11-28" where these are days) and minute, after asking how much of its
        series goes with it."""
        row = self._row(entry_id)
        if row is None:
            return
        if self._is_unsaved(entry_id):
            day = date.fromisoformat(column) if self._view != DAY else self._day
            self.form.move_unsaved(day, starts, starts + row.ends - row.starts)
            return
        from desktop.schedule.calendar_changes import fields_of_move, row_at

        target = self._target(entry_id, row, column, room_id)
        words, directory = self._words(row), self._directory
        self._change(
            row,
            lambda scope, keep: self._changes.move(row, words, target, starts, directory, scope, keep),
            fields_of_move(row, target, starts, directory),
            row_at(row, target, starts, starts + row.ends - row.starts, directory),
        )

    def _target(self, entry_id: str, row: EntryRow, column: str, room_id: str) -> Target:
        """What a column makes of an entry that is let go there."""
        from_column = entry_id.partition("@")[2] or (row.room_ids[0] if row.room_ids else "")
        target = self._drop_check().target(row, column, from_column)
        return replace(target, room_ids=(room_id,), is_online=False) if room_id else target

    def _copy(self, entry_id: str, column: str, starts: int, room_id: str) -> None:
        row = self._row(entry_id)
        if row is None:  # Noted in another week with Ctrl+C.
            with self._store.read() as session:
                row = read_entry(session, self._directory, row_id(entry_id))
        if row is not None and not self._is_unsaved(entry_id) and not self._is_closed(row):
            target, words, made = self._target(entry_id, row, column, room_id), self._words(row), new_id()
            self._apply(lambda: self._changes.copy(row, words, target, starts, self._directory, made))
            if self._row(made) is not None:
                self.select(made)

    def _resize(self, entry_id: str, starts: int, ends: int) -> None:
        row = self._row(entry_id)
        if row is not None and self._is_unsaved(entry_id):
            self.form.move_unsaved(row.day, starts, ends)
        elif row is not None:
            from desktop.schedule.calendar_changes import fields_of_resize, row_at
            from desktop.schedule.drop_check import Target

            words, directory = self._words(row), self._directory
            self._change(
                row,
                lambda scope, keep: self._changes.resize(row, words, starts, ends, directory, scope, keep),
                fields_of_resize(row, starts, ends),
                row_at(row, Target(row.day, row.tutor_id, row.room_ids, row.is_online), starts, ends, directory),
            )

    def take_way(self, way: WayOut) -> None:
        """Do what a way out of a conflict proposes."""
        row = self._row(way.entry_id)
        if row is not None:
            from desktop.schedule.calendar_changes import fields_of_way

            words, directory = self._words(row), self._directory
            self._change(
                row,
                lambda scope, keep: self._changes.take_way(row, words, way, directory, scope, keep),
                fields_of_way(row, way),
            )

    def accept(self, key: str, is_accepted: bool, reason: str = "") -> None:
        """Accept a conflict of the list beside the calendar, for a reason or none, or let it count again."""
        builder = self._builder
        if builder is None:
            return
        day = self._day if self._view == DAY else None
        week = builder.week
        groups = (shown_conflicts if is_accepted else accepted_conflicts)(week, builder.rows, day)
        group = next((group for group in groups if group.key == key), None)
        if group is None:
            return
        if all(self._is_closed(row) for row in group.entries):
            return
        ids = {row.id for row in group.entries}
        found = week.conflicts if is_accepted else week.accepted
        keys = [key_of(one) for one in found if one.kind in group.kinds and {one.first_id, one.second_id} <= ids]
        words = " and ".join(builder.short_words(row) for row in group.entries[:2])
        self._apply(lambda: self._changes.accept(words, keys, is_accepted, reason))

    def cancel(self, entry_id: str) -> None:
        """Ask why an entry, or how much of its series, is cancelled and who is told; Enter just does it."""
        row = self._row(entry_id)
        if row is not None and row.is_live and not self._is_unsaved(entry_id):
            self.open_sheet(CANCEL, entry_id)

    def archive(self, entry_id: str) -> None:
        """Archive an entry, or as much of its series as the person says."""
        row = self._row(entry_id)
        if row is not None:
            words = self._words(row)
            self._change(row, lambda scope, _: self._changes.archive(row, words, scope))

    def restore(self, entry_id: str) -> None:
        """Bring a cancelled entry back."""
        row = self._row(entry_id)
        if row is not None:
            words = self._words(row)
            self._change(row, lambda scope, _: self._changes.restore(row, words, scope))

    def copy_to_next_week(self, entry_id: str) -> None:
        """Make a single entry like this one a week later."""
        row = self._row(entry_id)
        if row is not None and not self._is_closed(row):
            words = self._words(row)
            self._apply(lambda: self._changes.copy_to_next_week(row, words, self._directory))

    def set_status(self, entry_id: str, status: EntryStatus) -> None:
        """Say how a session went."""
        row = self._row(entry_id)
        if row is None or self._is_closed(row):
            return
        words = self._words(row)
        self._apply(lambda: self._changes.set_status(row, words, status))

    def _change(
        self,
        row: EntryRow,
        change: Callable[[SeriesScope, bool], str],
        edited: Collection[str] = (),
        there: EntryRow | None = None,
    ) -> None:
        """Do it at once for a single entry; for one of a series, ask how far it reaches and, where sessions differ in
        what is `edited`, whether they keep that. Until the answer the entry is shown `there`, where it would be."""
        if self._is_closed(row):
            return
        if not reaches_series(self._store, row.series_id):
            self._apply(lambda: change(SeriesScope.THIS, True))
            return
        from desktop.schedule.differences_question import differing

        counts = {scope: differing(self._store, row.id, scope, edited) for scope in SeriesScope}
        left_out = {scope: staying(self._store, row.id, scope) for scope in SeriesScope}
        if there is not None:
            self._hold(there)
        self.ask_scope(lambda scope, keep: self._apply(lambda: change(scope, keep)), counts, left_out)

    def ask_scope(
        self, then: Callable[[SeriesScope, bool], None], differing: Mapping[SeriesScope, int],
        left_out: Mapping[SeriesScope, Staying],
    ) -> None:  # fmt: skip
        """A small menu at the pointer; leaving it changes nothing."""
        from desktop.schedule.entry_menus import ScopeMenu

        menu = ScopeMenu(self, then, differing, left_out)
        # The menu closes before it says what was chosen.
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, self, self._let_go))
        menu.popup(self._menu_spot())

    def _hold(self, row: EntryRow) -> None:
        """Show an entry where it would be, unsaved, until it is asked for or put back."""
        self._held = row
        self._show()

    def _let_go(self) -> None:
        """Show what was held where it is."""
        if self._held is not None:
            self._held = None
            self._show()

    def _menu_spot(self) -> QPoint:
        shown = self._shown_widget()
        if shown.rect().contains(shown.mapFromGlobal(QCursor.pos())):
            return QCursor.pos()
        return shown.mapToGlobal(shown.rect().center())

    def _apply(self, work: Callable[[], str]) -> None:
        before = self.loads
        self._held = None
        try:
            words = work()
        except (ScheduleError, StoreError) as error:
            self._show()
            self.actionDone.emit(str(error), False)
            return
        if self.loads == before:
            self._load()
        self.actionDone.emit(words, True)

    def open_menu(self, entry_id: str, at: QPoint) -> None:
        """Open the menu of an entry, or of empty paper."""
        self.entry_menu(entry_id).popup(at)

    def entry_menu(self, entry_id: str) -> Menu:
        """What can be done to an entry, or on empty paper."""
        from desktop.schedule.entry_menus import EmptyMenu, EntryMenu, TakenMenu

        row = self._row(entry_id)
        if row is None or self._is_unsaved(entry_id):
            return EmptyMenu(self, self.new_entry)
        if self._directory.is_foreign(row.location_id):
            return TakenMenu(self, lambda: self.open_entry(entry_id))
        return EntryMenu(self, row, self._clock(), self, why_alone(self._store, row.series_id))

    # windows

    def new_window(self) -> CalendarWindow:
        """The calendar in a further window, on the day shown here."""
        from desktop.schedule.second_window import CalendarWindow

        def make() -> CalendarPage:
            page = CalendarPage(self._store, self._clock)
            page.header.hide_search()
            page.header.bell.hide()
            page.go_to(self._day)
            return page

        window = CalendarWindow(self._store, make, self._business_name(), self.window())
        window.resize(self.window().size())
        window.show()
        return window

    def open_wall(self) -> WallDisplay:
        """Today for the lobby, over the whole of the screen that the window is not on, if there is one."""
        from desktop.schedule.wall_display import WallDisplay

        location = self.filters.value().location_id
        wall = WallDisplay(self._store, self._clock, self.directory, location, self._business_name())
        host = self.window()
        if isinstance(host, MainWindow):
            host.closing.connect(wall.close)
        here = host.screen()
        other = next((screen for screen in here.virtualSiblings() if screen is not here), here)
        wall.setGeometry(other.geometry())
        wall.showFullScreen()
        return wall

    def _business_name(self) -> str:
        with self._store.read() as session:
            return session.scalar(select(Organization.business_name)) or ""

    # export and printing

    def export(self) -> None:
        """Save the days and filters on screen as .ics."""
        from desktop.exchange.export_dialog import ask_and_export

        words = ask_and_export(self._store, self.shown_selection(), self)
        if words:
            self.actionDone.emit(words, False)

    def shown_selection(self) -> Selection:
        """The part of the calendar that the filters and the view let through."""
        days = (self._day, self._day) if self._view == DAY else self._days()
        return selection_of(self.filters.value(), days, self._directory.own_places)

    def print_day(self) -> None:
        """Open the print preview with what is on screen."""
        from desktop.printing.preview_dialog import open_preview

        kind, parameters = print_of(self._view, self.filters.value(), self._day, by_room=self._by_room)
        preview = open_preview(self._store, kind, parameters, self, self._clock)
        preview.said.connect(lambda words: self.actionDone.emit(words, False))
