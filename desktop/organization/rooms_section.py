"""Settings of the rooms, by location: name, number, floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy import select

from desktop import theme
from desktop.organization.section import Section
from desktop.widgets import Button, IconButton, Label, TextInput
from shared_models.access.rules import Action
from shared_models.organization.models import Location, Room
from shared_models.organization.operations import add_room, archive, set_fields

_COLUMNS = (("name", "Room", 3), ("number", "Number", 1), ("floor", "Floor", 1))


class RoomsSection(Section):
    """Every room as a line of fields, saved when one leaves a field."""

    key: ClassVar[str] = "rooms"
    title: ClassVar[str] = "Rooms"
    explanation: ClassVar[str] = "What the calendar books, and what the papers on the doors say."
    table: ClassVar[str] = "room"
    tables: ClassVar[frozenset[str]] = frozenset({"room", "location"})

    def build(self) -> None:
        """Filled by `read`."""
        self._box = QWidget()
        self._column = QVBoxLayout(self._box)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().px(24))
        self.content.addWidget(self._box)
        self.content.addStretch(1)
        self._shown: tuple[object, ...] | None = None
        self._inputs: dict[tuple[str, str], TextInput] = {}

    def read(self) -> None:
        """Show all rooms; the fields are made anew only when rooms come or go."""
        organization_id = self.store.organization_id
        with self.reading() as session:
            locations = session.scalars(
                select(Location)
                .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
                .order_by(Location.position, Location.name)
            ).all()
            rooms = session.scalars(
                select(Room)
                .where(Room.organization_id == organization_id, Room.archived_at.is_(None))
                .order_by(Room.position, Room.name)
            ).all()
        shape = tuple((location.id, location.name) for location in locations), tuple(room.id for room in rooms)
        if shape != self._shown:
            self._shown = shape
            self._rebuild(locations, rooms)
        self._rooms = {room.id: room for room in rooms}
        for (room_id, name), entry in self._inputs.items():
            if not entry.hasFocus():
                entry.setText(getattr(self._rooms[room_id], name))

    def _rebuild(self, locations: Sequence[Location], rooms: Sequence[Room]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._inputs = {}
        for location in locations:
            self._column.addWidget(self._place(location, [room for room in rooms if room.location_id == location.id]))

    def _place(self, location: Location, rooms: Sequence[Room]) -> QWidget:
        t = theme.current()
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(8))
        column.addWidget(Label(location.name, "body_strong"))
        why = self.permissions.why_not(self.table, Action.CREATE, location.id)
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(8))
        grid.setVerticalSpacing(t.px(8))
        for number, (_, words, stretch) in enumerate(_COLUMNS):
            if rooms:
                grid.addWidget(Label(words, "small_medium", "text2"), 0, number)
            grid.setColumnStretch(number, stretch)
        for line, room in enumerate(rooms, 1):
            for number, (name, words, _) in enumerate(_COLUMNS):
                entry = TextInput(name=f"{words} of {room.name}")
                entry.committed.connect(lambda room_id=room.id, name=name: self._save(room_id, name))
                self._inputs[room.id, name] = entry
                grid.addWidget(entry, line, number)
                self.guard(entry, why=why)
            remove = IconButton("archive", f"Archive {room.name}",
                                on_click=lambda room_id=room.id: self._archive(room_id))  # type: ignore[misc]  # fmt: skip
            grid.addWidget(remove, line, len(_COLUMNS))
            self.guard(remove, why=why)
        column.addLayout(grid)
        add = Button("Add a room", icon="plus", small=True, on_click=lambda: self._add(location, len(rooms)))
        self.guard(add, why=why)
        row = QHBoxLayout()
        row.addWidget(add)
        row.addStretch(1)
        column.addLayout(row)
        return box

    def _save(self, room_id: str, name: str) -> None:
        typed = self._inputs[room_id, name].text().strip()
        room = self._rooms[room_id]
        if name == "name" and not typed:
            self._inputs[room_id, name].setText(room.name)
            self.done.emit("A room needs a name. Archive it if it is gone.", False)
            return
        if typed != getattr(room, name):
            self.save(f"Changed {room.name}", lambda session: set_fields(
                session, Room, room.organization_id, room_id, **{name: typed}), is_of_fields=True)  # fmt: skip

    def _add(self, location: Location, count: int) -> None:
        made: list[str] = []
        if self.save(f"Added a room to {location.name}", lambda session: made.append(
                add_room(session, location.organization_id, location.id, f"Room {count + 1}"))):  # fmt: skip
            self.read()
            entry = self._inputs[made[0], "name"]
            entry.setFocus()
            entry.selectAll()

    def _archive(self, room_id: str) -> None:
        room = self._rooms[room_id]
        self.save(f"Archived {room.name}", lambda session: archive(
            session, Room, room.organization_id, room_id, now=self.clock()))  # fmt: skip
