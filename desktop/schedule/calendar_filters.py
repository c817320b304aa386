"""The chips above the calendar: location, tutor, room, service, status, and the red one that counts conflicts."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop.schedule.directory import Directory
from desktop.schedule.student_chip import StudentChip, Students
from desktop.schedule.week import Filters
from desktop.widgets import FilterChip, Tone
from shared_models.schedule.models import EntryStatus

_IN_CONFLICT = "conflict"
_STATUSES = (
    (_IN_CONFLICT, "Only conflicts"),
    (EntryStatus.SCHEDULED.value, "Scheduled"),
    (EntryStatus.PENDING_PAYMENT.value, "Not paid yet"),
    (EntryStatus.COMPLETED.value, "Completed"),
    (EntryStatus.NO_SHOW.value, "No-show"),
    (EntryStatus.CANCELLED.value, "Cancelled"),
)


class CalendarFilters(QObject):
    """Owns the chips and says what they stand for."""

    changed = Signal(object)
    conflictsToggled = Signal(bool)

    def __init__(self, read_students: Callable[[], Students], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.location = FilterChip("All locations", "map-pin")
        self.tutor = FilterChip("All tutors")
        self.room = FilterChip("All rooms")
        self.service = FilterChip("All services")
        self.student = StudentChip(read_students)
        self.status = FilterChip("Any status")
        self.conflicts = FilterChip("No conflicts", "triangle-alert", Tone.DANGER)
        self._directory: Directory | None = None
        self._is_listed = False
        self._is_narrow = False
        self._offers_conflicts = True
        self._counted = (0, 0, False)
        self.status.set_choices(_STATUSES)
        for chip in (self.tutor, self.room, self.service, self.student, self.status):
            chip.chosen.connect(lambda _key: self.changed.emit(self.value()))
        self.location.chosen.connect(self._location_chosen)
        self.conflicts.clicked.connect(lambda: self.conflictsToggled.emit(not self._is_listed))

    def chips(self) -> list[FilterChip]:
        """The chips from left to right."""
        return [
            self.location, self.tutor, self.room, self.service, self.student, self.status, self.conflicts,
        ]  # fmt: skip

    def set_directory(self, directory: Directory, location_id: str) -> None:
        """Offer what the center has."""
        self._directory = directory
        places = [(place.id, place.name) for place in directory.places]
        self.location.set_choices(places, location_id)
        self.hide_what_offers_nothing()
        self._offer_people_and_rooms()
        used = [(key, name) for key, (name, _) in directory.services.items()]
        self.service.set_choices(used, self.service.value())

    def hide_what_offers_nothing(self) -> None:
        """A center with one location, or without tutors or rooms, has nothing to choose there."""
        self.conflicts.setVisible(self._offers_conflicts)
        directory = self._directory
        if directory is not None:
            self.location.setVisible(len(directory.places) > 1)
            self.tutor.setVisible(any(not tutor.is_archived for tutor in directory.tutors.values()))
            self.room.setVisible(any(not room.is_archived for room in directory.rooms.values()))

    def offer_conflicts(self, is_offered: bool) -> None:
        """Whether the list of conflicts can be opened: not beside the view that is one."""
        self._offers_conflicts = is_offered

    def _offer_people_and_rooms(self) -> None:
        directory = self._directory
        if directory is None:
            return
        place = self.location.value()
        tutors = [
            (tutor.id, tutor.name)
            for tutor in directory.tutors.values()
            if not tutor.is_archived and (not place or place in directory.tutor_rules[tutor.id].location_ids)
        ]
        rooms = [
            (room.id, room.name if place else f"{room.name}, {directory.place_name(room.location_id)}")
            for room in directory.rooms.values()
            if not room.is_archived and (not place or room.location_id == place)
        ]
        self.tutor.set_choices(tutors, self.tutor.value())
        self.room.set_choices(rooms, self.room.value())

    def _location_chosen(self) -> None:
        self._offer_people_and_rooms()
        self.changed.emit(self.value())

    def set_location(self, location_id: str) -> None:
        """Choose a location from outside, without announcing it."""
        self.location.set_value(location_id)
        self._offer_people_and_rooms()

    def set_value(self, filters: Filters) -> None:
        """Choose as a saved view has it, without announcing it; what is there no more lets everything through."""
        self.location.set_value(filters.location_id)
        self._offer_people_and_rooms()
        self.tutor.set_value(filters.tutor_id)
        self.room.set_value(filters.room_id)
        self.service.set_value(filters.service_id)
        self.student.set_student(filters.student_id)
        self.status.set_value(_IN_CONFLICT if filters.only_conflicts else filters.status)

    def value(self) -> Filters:
        """What the chips let through."""
        status = self.status.value()
        return Filters(
            location_id=self.location.value(),
            tutor_id=self.tutor.value(),
            room_id=self.room.value(),
            service_id=self.service.value(),
            student_id=self.student.value(),
            status="" if status == _IN_CONFLICT else status,
            only_conflicts=status == _IN_CONFLICT,
        )

    def set_conflicts(self, overlaps: int, tight: int, *, is_day: bool) -> None:
        """Count the conflicts on screen."""
        self._counted = (overlaps, tight, is_day)
        if not overlaps and not tight:
            self.conflicts.set_words("No conflicts", False)
            return
        if is_day or self._is_narrow:
            total = overlaps + tight
            words = f"{total} conflict" if total == 1 else f"{total} conflicts"
        else:
            parts = [f"{overlaps} overlap{'s' if overlaps != 1 else ''}"] if overlaps else []
            parts += [f"{tight} too tight"] if tight else []
            words = ", ".join(parts)
        self.conflicts.set_words(words, True)

    def set_narrow(self, is_narrow: bool) -> None:
        """Count conflicts in fewer words."""
        self._is_narrow = is_narrow
        overlaps, tight, is_day = self._counted
        self.set_conflicts(overlaps, tight, is_day=is_day)

    def set_conflicts_shown(self, shown: bool) -> None:
        """Whether the list of conflicts is open."""
        self._is_listed = shown
        self.conflicts.setChecked(not self.conflicts.text().startswith("No "))
