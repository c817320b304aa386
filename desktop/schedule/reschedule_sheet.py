"""The sheet that gives a session another time while the old one stays as what was planned: the nearest free times on
buttons, any other by hand, the reason and whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import cast

from PySide6.QtWidgets import QVBoxLayout, QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.directory import Directory
from desktop.schedule.schedule_sheet import ScheduleSheet, WhyAndWhom, day_words, pair
from desktop.store.store import Store
from desktop.widgets import Button, DateInput, Field, FlowLayout, Kind, Label, Paragraph, TimeInput
from shared_models.base import new_id
from shared_models.schedule.bookings import bookings_of_entries, conflicts_of_bookings, load_bookings
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.explained import EntryWords, clock, clock_range, describe, entry_words, explain
from shared_models.schedule.nearest_slots import FreeSlot, Occupancy, nearest_free_slots
from shared_models.schedule.operations import entry_of
from shared_models.schedule.rescheduling import reschedule_entry
from shared_models.schedule.series_operations import change_entry
from shared_models.schedule.times import instant_of

_WIDTH = 560
_OFFERED = 8
_DAYS = 14


class RescheduleSheet(ScheduleSheet):
    """The new time. Raises NoSuchEntry."""

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Directory, entry_id: str
    ) -> None:
        super().__init__(host, store, clock, "Reschedule", "Reschedule", _WIDTH)
        self._directory, self._entry_id = directory, entry_id
        self._room_id: str | None = None
        px = theme.current().px
        today = clock().astimezone(directory.zone).date()
        with store.read() as session:
            entry = entry_of(session, store.organization_id, entry_id)
            self._location_id = entry.location_id
            self._words = entry_words(session, store.organization_id, [entry_id])[entry_id]
            held = bookings_of_entries(session, store.organization_id, [entry_id])
            times = [int(at.timestamp()) for at in (entry.starts_at, entry.ends_at, entry.blocked_until)]
        self._booking = held[0] if held else Booking(entry_id, times[0], times[1], times[2])
        words = self._words
        self._title = ", ".join(part for part in (words.title, words.who) if part)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(px(20), px(16), px(20), px(18))
        column.setSpacing(px(12))
        column.addWidget(Label(self._title, "body_strong", elide=True))
        was = f"Was {day_words(words.starts.date())}, {clock_range(words.starts, words.ends)}"
        column.addWidget(Label(f"{was}{', ' + words.place if words.place else ''}", "body", "text2", elide=True))
        self.day = DateInput(today, words.starts.date(), name="New day")
        self.start = TimeInput(words.starts.time(), step_minutes=directory.grid_minutes, name="New start")
        self.day.valueChanged.connect(self._typed)
        self.start.valueChanged.connect(self._typed)
        column.addLayout(pair(Field("New day", self.day), Field("New start", self.start)))
        self._offers_label = Label("Everyone is free", "small_medium", "text2")
        column.addWidget(self._offers_label)
        self._offers_box = QWidget()
        self._offers = FlowLayout(self._offers_box, px(6))
        self._offers_box.setMinimumHeight(2 * theme.current().size.control_small + px(6))
        column.addWidget(self._offers_box)
        self.state = Paragraph("", tone="text2", max_lines=2)
        column.addWidget(self.state)
        self.why = WhyAndWhom()
        column.addWidget(self.why)
        self.body.addWidget(holder, 1)
        self.offered: list[FreeSlot] = []
        self.do_action.setEnabled(False)
        self._find_offers()
        self.look_soon()

    def _find_offers(self) -> None:
        directory, booking, now = self._directory, self._booking, self.clock()
        organization_id, location_id = self.store.organization_id, self._location_id

        def job() -> list[FreeSlot]:
            at = datetime.fromtimestamp(booking.starts, UTC)
            with self.store.read() as session:
                reach = timedelta(days=_DAYS + 1)
                bookings = load_bookings(session, organization_id, at - reach, at + reach)
            tutor = directory.tutor_rules.get(booking.tutor_id) if booking.tutor_id is not None else None
            found = nearest_free_slots(
                booking, Occupancy(bookings, {booking.entry_id}), directory.terms(location_id), tutor,
                limit=_OFFERED * 6, within_days=_DAYS, not_before=now,
            )  # fmt: skip
            return _one_for_each_half_day(found)[:_OFFERED]

        self._background.run(job, self._show_offers, lambda error: None)

    def _show_offers(self, offered: list[FreeSlot]) -> None:
        self.offered = offered
        self._offers_label.setText("Everyone is free" if offered else "No time is free within two weeks")
        for slot in offered:
            room = self._directory.room_name(slot.room_id or "")
            words = f"{day_words(slot.local.date())}, {clock(slot.local, with_half=True)}"
            if room and room not in self._words.room_names:
                words += f" · {room}"
            button = Button(words, Kind.SOFT, small=True)
            button.clicked.connect(lambda _=False, slot=slot: self.take(slot))
            self._offers.addWidget(button)

    def take(self, slot: FreeSlot) -> None:
        """Take one of the free times, with its room."""
        self.day.set_value(slot.local.date())
        self.start.set_value(slot.local.time())
        self._room_id = slot.room_id
        self.look()

    def _typed(self) -> None:
        self._room_id = None
        self.look_soon()

    def starts_at(self) -> datetime | None:
        """The new start (UTC); None while it is not known, or still the old one."""
        day, start = self.day.value(), self.start.value()
        if day is None or start is None:
            return None
        at = instant_of(day, time(start.hour, start.minute), self._directory.zone)
        return None if int(at.timestamp()) == self._booking.starts else at

    def first_field(self) -> QWidget | None:
        return self.day

    def look(self) -> None:
        """Whether anything stands in the way of the new time."""
        at = self.starts_at()
        self.do_action.setEnabled(at is not None)
        if at is None:
            self.state.set_text("Choose another day or start.")
            self.say("")
            return
        shift = int(at.timestamp()) - self._booking.starts
        was = self._booking
        rooms = (self._room_id,) if self._room_id is not None else was.room_ids
        new = Booking(
            "rescheduled", was.starts + shift, was.ends + shift, was.blocked_until + shift,
            was.tutor_id, rooms, was.student_ids,
        )  # fmt: skip
        moved = timedelta(seconds=shift)
        words = EntryWords(
            "rescheduled", self._words.title, self._words.starts + moved, self._words.ends + moved,
            self._words.blocked_until + moved, self._words.student_names, self._words.tutor_name,
        )  # fmt: skip
        organization_id, old_id = self.store.organization_id, self._entry_id

        def job(session: Session) -> str:
            found = [
                one
                for one in conflicts_of_bookings(session, organization_id, [new])
                if old_id not in (one.first_id, one.second_id)
            ]
            explained = explain(session, organization_id, found, {"rescheduled": words})
            return "; ".join(describe(one, "rescheduled") for one in explained)

        self.preview(job, lambda answer: self._found(cast("str", answer)))

    def _found(self, conflicts: str) -> None:
        self.state.set_text(conflicts or "Tutor, students and room are free.")
        self.state.set_tone("danger" if conflicts else "ok")
        self.say(
            "You can save now and settle it later. It stays marked."
            if conflicts
            else "The old time stays, struck through."
        )

    def do(self) -> None:
        """Make the new session and cancel the old one, as one step."""
        at, told = self.starts_at(), self.why.told()
        if at is None:
            return
        local = at.astimezone(self._directory.zone)
        said = f"Rescheduled {self._title} to {day_words(local.date())}, {clock(local, with_half=True)}"

        def work() -> str:
            organization_id = self.store.organization_id
            with self.store.write(said) as session:
                made = reschedule_entry(
                    session, organization_id, self._entry_id, new_entry_id=new_id(), starts_at=at,
                    by_user_id=self.store.user_id, now=self.clock(), reason=told.reason, tell=told.tell,
                )  # fmt: skip
                if self._room_id is not None and (self._room_id,) != self._booking.room_ids:
                    session.flush()
                    change_entry(session, organization_id, made, now=self.clock(), room_ids=(self._room_id,))
            return said

        self.attempt(work)


def _one_for_each_half_day(slots: list[FreeSlot]) -> list[FreeSlot]:
    """The nearest of each morning and each afternoon: eight starts a quarter of an hour apart help nobody."""
    taken: dict[tuple[object, bool], FreeSlot] = {}
    for slot in slots:
        taken.setdefault((slot.local.date(), slot.local.hour >= 12), slot)
    return sorted(taken.values(), key=lambda slot: slot.starts)
