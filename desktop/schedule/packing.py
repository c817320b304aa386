"""Seats the entries of a scene in its columns, for any height of the grid. Without fonts, so that it can be done in
another thread than the window's."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.schedule.calendar_values import CalendarEntry, CalendarScene
from desktop.schedule.lanes import Seat, seats
from desktop.schedule.time_axis import Band, HourHeights, TimeAxis, build_axis
from shared_models.schedule.conflicts import collection_paused

_KEPT = 4
"""Heights that are remembered: with and without a scroll bar, before and after a change of the window."""

Placed = tuple[CalendarEntry, int, int, Seat]
"""An entry with its top and bottom in px and its seat."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A scene seated for one height: the hours, and by column its entries in order of their starts."""

    axis: TimeAxis
    columns: dict[str, list[Placed]]
    bottom: int
    """Where the lowest entry ends, in px."""


class Packing:
    """A scene's entries by column, sorted once; `at` seats them. Heights at which hours are alike share a seating."""

    def __init__(self, scene: CalendarScene, hours: HourHeights, least_box: float) -> None:
        self.scene = scene
        self._hours = hours
        self._least_box = round(least_box)
        entries: dict[str, list[CalendarEntry]] = {column.key: [] for column in scene.columns}
        for entry in scene.entries:
            if entry.column in entries:
                entries[entry.column].append(entry)
        for column in entries.values():
            column.sort(key=lambda entry: (entry.starts, -entry.ends, entry.seat_order, entry.id))
        self._entries = entries
        self.folded = {
            column.key for column in scene.columns if column.closed_reason is not None and not entries[column.key]
        }
        """The columns that are closed and empty."""
        self._known: dict[float, Packed] = {}
        self._alike: dict[tuple[Band, ...], Packed] = {}

    def is_of(self, scene: CalendarScene, hours: HourHeights, least_box: float) -> bool:
        """Whether this seats that very scene by those lengths."""
        return self.scene is scene and self._hours == hours and self._least_box == round(least_box)

    @collection_paused()
    def at(self, height: float) -> Packed:
        """The seating in a grid of that height, in px."""
        found = self._known.get(height)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
                self._alike.clear()
            shown = [column for column in self.scene.columns if column.key not in self.folded]
            axis = build_axis(
                [column.open_spans for column in shown],
                [[(entry.starts, entry.ends) for entry in self._entries[column.key]] for column in shown],
                height,
                self._hours,
            )
            found = self._alike.get(axis.bands)
            if found is None:
                columns = {key: self._seated(entries, axis) for key, entries in self._entries.items()}
                lowest = max((bottom for column in columns.values() for _, _, bottom, _ in column), default=0)
                found = self._alike[axis.bands] = Packed(axis, columns, lowest)
            self._known[height] = found
        return found

    def _seated(self, entries: list[CalendarEntry], axis: TimeAxis) -> list[Placed]:
        """Packed by what is drawn, so that short boxes stay apart."""
        spans: list[tuple[int, int, str]] = []
        for number, entry in enumerate(entries):
            top = round(axis.y(entry.starts))
            spans.append((top, max(round(axis.y(entry.ends)), top + self._least_box), f"{number:06}"))
        return [
            (entry, top, bottom, seat)
            for entry, (top, bottom, _), seat in zip(entries, spans, seats(spans), strict=True)
        ]
