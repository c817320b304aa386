"""The Today page: the rooms now, attendance to take, and at the right what waits for the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.page import Changes, Page
from desktop.permissions import own_places
from desktop.schedule.directory import DIRECTORY_TABLES, Directory, read_directory
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.today.attendance_list import AttendanceList
from desktop.today.need_list import NeedList
from desktop.today.rooms_timeline import RoomsTimeline
from desktop.today.today_rows import Need, Today, lesson_counts, read_today, short_place_names
from desktop.widgets import Card, Label, Menu, Paragraph, ScrollArea, Segmented
from shared_models.leads.operations import take_lead
from shared_models.schedule.models import Attendance
from shared_models.schedule.operations import set_attendance

_TABLES = DIRECTORY_TABLES | {"schedule_entry", "attendee", "entry_room", "student", "lead", "organization",
           "user_role", "location_assignment"}  # fmt: skip
_TICK_MS = 20_000


class TodayPage(Page):
    """Reads the store again when something it shows has changed, and each minute.

    Args:
        store: the center's data.
        clock: the present moment as a UTC instant.
    """

    title: ClassVar[str] = "Today"
    icon_name: ClassVar[str] = "sun"

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self._directory: Directory | None = None
        self._today: Today | None = None
        self._build()
        new = self.add_action("New", self.open_new_menu, icon="plus", shortcut="N",
                              helper="A schedule entry, a lead or a family.")  # fmt: skip
        self._new_button = self.header.set_primary(new)
        self.add_action("Mark all present", self.mark_all_present, icon="check", shortcut="Ctrl+Shift+P",
                        helper="Everyone in the lessons that run now.")  # fmt: skip
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._minute_passed)

    def _build(self) -> None:
        t = theme.current()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(14))
        rooms = Card("Rooms")
        self._counts = Label("", "small", "text2")
        rooms.head.addWidget(self._counts)
        rooms.head.addSpacing(t.px(4))
        self._office = Segmented([("", "All")], "", small=True, name="Location")
        self._office.changed.connect(lambda _: self._show_rooms())
        rooms.head.addWidget(self._office)
        self.timeline = RoomsTimeline()
        self.timeline.opened.connect(lambda entry_id: self.navigate.emit("Calendar", entry_id))
        rooms.body.addWidget(self.timeline)
        self.no_rooms = QWidget()
        spaced = QVBoxLayout(self.no_rooms)
        spaced.setContentsMargins(t.px(16), t.px(4), t.px(16), t.px(16))
        spaced.addWidget(Paragraph("No rooms yet. Add them under Settings, Rooms.", tone="text2"))
        rooms.body.addWidget(self.no_rooms)
        column.addWidget(rooms)
        self.attendance = AttendanceList()
        self.attendance.marked.connect(self._mark)
        self.attendance.allPresent.connect(self.mark_all_present)
        column.addWidget(self.attendance)
        column.addStretch(1)
        self.body.addWidget(ScrollArea(left), 1)
        right = QWidget()
        side = QVBoxLayout(right)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(t.px(14))
        self.needs = NeedList("Needs you")
        self.needs.empty_words = "Nothing waits for you"
        self.people = NeedList("People")
        self.next_day = NeedList("Next open day")
        for card in (self.needs, self.people, self.next_day):
            card.taken.connect(lambda number, card=card: self._take(card.needs()[number]))
            side.addWidget(card)
        side.addStretch(1)
        scrolled = ScrollArea(right)
        scrolled.setFixedWidth(t.px(360))
        self.body.addWidget(scrolled)

    def shown(self) -> None:
        """Read when first shown, and go on with the clock."""
        self._read()
        self._tick.start()

    def hideEvent(self, event: object) -> None:
        self._tick.stop()

    def refresh(self, changes: Changes) -> None:
        """Read again when a table that is shown has changed."""
        if DIRECTORY_TABLES & changes.keys():
            self._directory = None
        if _TABLES & changes.keys():
            self._read()

    def _minute_passed(self) -> None:
        from shared_models.schedule.times import wall_clock_of

        if self._directory is None or self._today is None:
            return
        local = wall_clock_of(self._clock(), self._directory.zone)
        if local.hour * 60 + local.minute != self._today.minute or local.date() != self._today.day:
            self._read()

    def _read(self) -> None:
        own = own_places(self._store)
        with self._store.read() as session:
            if self._directory is None:
                self._directory = read_directory(session, self._store.organization_id)
            self._today = read_today(session, self._directory, self._clock(), own)
        today = self._today
        self.header.set_title(today.title, today.subtitle)
        if len(today.places) > 1:
            both = "Both offices" if len(today.places) == 2 else "All offices"
            names = short_place_names(self._directory)
            options = [("", both), *((place.id, names[place.id]) for place in today.places)]
            self._office.set_options(options, self._office.value())
        self._office.setVisible(len(today.places) > 1)
        self.needs.set_needs(today.needs)
        self.people.set_needs(today.people)
        self.next_day.set_needs([today.next_day] if today.next_day is not None else [])
        self._show_rooms()

    def _show_rooms(self) -> None:
        today = self._today
        if today is None:
            return
        chosen = self._office.value()
        places = [place for place in today.places if chosen in ("", place.id)]
        has_rooms = any(place.lanes for place in places)
        self.timeline.setVisible(has_rooms)
        self.no_rooms.setVisible(not has_rooms)
        self.timeline.set_rooms(places, today.span, today.minute)
        self._counts.setText(lesson_counts(today.entries, today.minute, chosen))
        self.attendance.set_rows([row for row in today.attendance if chosen in ("", row.location_id)])

    def _mark(self, entry_id: str, student_id: str, value: str) -> None:
        today = self._today
        key = (entry_id, student_id)
        rows = today.attendance if today is not None else ()
        row = next((one for one in rows if (one.entry_id, one.student_id) == key), None)
        if row is None:
            return
        attendance = Attendance(value)
        self._write(f"Marked {row.student} {attendance.value.lower()}", [key], attendance)

    def mark_all_present(self) -> None:
        """Everyone shown whose mark is missing becomes present."""
        chosen = self._office.value()
        today = self._today
        missing = [
            row for row in (today.attendance if today else ())
            if row.attendance is None and chosen in ("", row.location_id)
        ]  # fmt: skip
        if missing:
            words = missing[0].student if len(missing) == 1 else f"{len(missing)} students"
            keys = [(row.entry_id, row.student_id) for row in missing]
            self._write(f"Marked {words} present", keys, Attendance.PRESENT)

    def _write(self, words: str, keys: list[tuple[str, str]], attendance: Attendance) -> None:
        try:
            with self._store.write(words) as session:
                for entry_id, student_id in keys:
                    set_attendance(session, self._store.organization_id, entry_id, student_id, attendance,
                                   now=self._clock())  # fmt: skip
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        self.actionDone.emit(words, True)

    def _take(self, need: Need) -> None:
        user_id = self._store.user_id
        if need.lead_id and user_id:
            words = f"Took the lead of {need.title.split(' wrote ')[0]}"
            try:
                with self._store.write(words) as session:
                    take_lead(session, self._store.organization_id, need.lead_id, user_id)
            except StoreError as error:
                self.actionDone.emit(str(error), False)
                return
            self.actionDone.emit(words, True)
        elif need.target[0]:
            self.navigate.emit(*need.target)

    def build_new_menu(self) -> Menu:
        """What can be made from here; the pages do it."""
        menu = Menu(self)
        menu.add("Schedule entry", lambda: self.navigate.emit("Calendar", "do:New entry"), "calendar-plus")
        menu.add("Lead", lambda: self.navigate.emit("Leads", "do:New lead"), "user-round-plus")
        menu.add("Family", lambda: self.navigate.emit("Families", "do:New family"), "users-round")
        return menu

    def open_new_menu(self) -> None:
        """Open the menu under the button."""
        menu = self.build_new_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._new_button.mapToGlobal(self._new_button.rect().bottomLeft()))
