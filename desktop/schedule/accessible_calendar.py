"""The calendar as a screen reader walks through it: a list whose items are the entries, each with its full name,
place on the screen and state, although all of them are painted by one widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleObject
from PySide6.QtWidgets import QAccessibleWidget

if TYPE_CHECKING:
    from desktop.schedule.calendar_widget import CalendarWidget


class SpokenEntry(QObject):
    """Stands for one entry of the calendar, its parent; made when a screen reader first asks for it."""

    def __init__(self, calendar: CalendarWidget, entry_id: str) -> None:
        super().__init__(calendar)
        self.calendar, self.entry_id = calendar, entry_id


class _CalendarInterface(QAccessibleWidget):
    """The calendar: its children are the entries, column by column."""

    def __init__(self, calendar: CalendarWidget) -> None:
        super().__init__(calendar, QAccessible.Role.List, calendar.accessibleName())

    @property
    def _calendar(self) -> CalendarWidget:
        return cast("CalendarWidget", self.object())

    def childCount(self) -> int:
        """How many entries are on the calendar."""
        return len(self._calendar.entry_ids())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """The entry at a place in the order of columns and starts."""
        ids = self._calendar.entry_ids()
        if not 0 <= index < len(ids):
            return None
        return QAccessible.queryAccessibleInterface(self._calendar.spoken_entry(ids[index]))

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """The entry at a point of the screen."""
        entry_id = self._calendar.entry_id_at(x, y)
        return QAccessible.queryAccessibleInterface(self._calendar.spoken_entry(entry_id)) if entry_id else None

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        """The entry under the keyboard cursor."""
        entry_id = self._calendar.cursor_entry_id()
        if not entry_id or not self._calendar.hasFocus():
            return None
        return QAccessible.queryAccessibleInterface(self._calendar.spoken_entry(entry_id))

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """The place of an entry; -1 for what is none."""
        spoken = child.object()
        if not isinstance(spoken, SpokenEntry):
            return -1
        ids = self._calendar.entry_ids()
        return ids.index(spoken.entry_id) if spoken.entry_id in ids else -1


class _EntryInterface(QAccessibleObject):
    """One entry: its sentence, its card as description, its place and its state."""

    @property
    def _spoken(self) -> SpokenEntry:
        return cast(SpokenEntry, self.object())

    def isValid(self) -> bool:
        """Whether the entry is still on the calendar."""
        return self._spoken.calendar.has_entry(self._spoken.entry_id)

    def parent(self) -> QAccessibleInterface:
        """The calendar."""
        return QAccessible.queryAccessibleInterface(self._spoken.calendar)

    def childCount(self) -> int:
        """Entries have no parts."""
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """None: entries have no parts."""
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """-1: entries have no parts."""
        return -1

    def role(self) -> QAccessible.Role:
        """An item of the list."""
        return QAccessible.Role.ListItem

    def text(self, kind: QAccessible.Text) -> str:
        """The full sentence as name, what the card on hover says as description."""
        calendar, entry_id = self._spoken.calendar, self._spoken.entry_id
        if kind is QAccessible.Text.Name:
            return calendar.sentence_of(entry_id)
        return calendar.details_of(entry_id) if kind is QAccessible.Text.Description else ""

    def rect(self) -> QRect:
        """Where the box lies on the screen."""
        return self._spoken.calendar.screen_rect_of(self._spoken.entry_id)

    def state(self) -> QAccessible.State:
        """Selected, under the cursor, or scrolled out of sight."""
        calendar, entry_id = self._spoken.calendar, self._spoken.entry_id
        state = QAccessible.State()
        state.focusable = state.selectable = 1
        state.focused = int(calendar.hasFocus() and calendar.cursor_entry_id() == entry_id)
        state.selected = int(calendar.selected_id() == entry_id)
        state.offscreen = int(not calendar.is_in_sight(entry_id))
        state.invisible = int(not calendar.isVisible())
        return state


def _interface_of(key: str, thing: QObject) -> QAccessibleInterface | None:
    from desktop.schedule.calendar_widget import CalendarWidget

    if isinstance(thing, CalendarWidget):
        return _CalendarInterface(thing)
    return _EntryInterface(thing) if isinstance(thing, SpokenEntry) else None


_installed: list[bool] = []


def install() -> None:
    """Tell Qt how to speak of calendars; once for the program."""
    if not _installed:
        _installed.append(True)
        QAccessible.installFactory(_interface_of)
