"""The calendar as one widget: the surface under the mouse, with a cursor that the keyboard moves, and a voice."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QWidget

from desktop.schedule import accessible_calendar, dragging
from desktop.schedule import cursor as cursors
from desktop.schedule.accessible_calendar import SpokenEntry
from desktop.schedule.calendar_values import CalendarEntry, CalendarScene, Mode, Status, span_words
from desktop.schedule.dragging import DragKind
from desktop.schedule.packing import Packing
from desktop.schedule.pointed_calendar import PointedCalendar
from desktop.schedule.spoken import entry_sentence, slot_sentence

_ARROWS = {
    Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1), Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
}  # fmt: skip
_ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_KEYS_OF_A_DRAG = (Qt.Key.Key_R, Qt.Key.Key_Escape, *_ENTERS, *_ARROWS)
_PASSING = (
    Qt.FocusReason.MouseFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.ActiveWindowFocusReason,
)


class CalendarWidget(PointedCalendar):
    """Day or week, worked on by mouse and by keyboard alike."""

    stepRequested = Signal(int)
    """Page Down or Up: the next (1) or the last (-1) week or day."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        accessible_calendar.install()
        self._copied: tuple[str, str] | None = None
        self._spoken: dict[str, SpokenEntry] = {}

    def set_scene(self, scene: CalendarScene, packing: Packing | None = None) -> None:
        """Show another scene; what was said of entries that are gone is let go."""
        super().set_scene(scene, packing)
        if self._spoken:
            for entry_id in [entry_id for entry_id in self._spoken if not self.has_entry(entry_id)]:
                self._spoken.pop(entry_id).deleteLater()
            if QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.ObjectReorder))

    def event(self, event: QEvent) -> bool:
        """While something is in the hand, its keys are not shortcuts of the page."""
        is_ours = event.type() is QEvent.Type.ShortcutOverride and self._drag is not None
        if is_ours and isinstance(event, QKeyEvent) and event.key() in _KEYS_OF_A_DRAG:
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cursor when the keyboard came here by the keyboard."""
        if self._cursor is None and self._layout is not None:
            self._cursor = cursors.initial(self._layout)
        self._shows_cursor = event.reason() not in _PASSING or self._drag_is_held
        self._announce()
        self._remark()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A move by keyboard that was not confirmed is taken back, unless a window or menu only came before it."""
        if self._drag is not None and self._drag_is_held and event.reason() not in _PASSING[1:]:
            self._end_drag()
        self._shows_cursor = False
        if self._drag is None:
            self._hide_card()
        self._remark()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the cursor; with Alt the entry, with Shift its end, with both its start; Enter opens, makes, or
        puts down what is in the hand; Ctrl with C and V copies; Delete cancels; Page Up and Down change the week."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if key == Qt.Key.Key_Control:
            self._copy_while(True)
        if (self._drag is not None and self._drag_key(key)) or self._arrow_key(key, modifiers):
            return
        if key == Qt.Key.Key_Escape and (self._draft is not None or self._selected):
            self._draft = None
            self._selected = ""
            self.entrySelected.emit("")
            self._remark()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_entry()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_entry()
        elif not self._other_key(key, modifiers):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Letting go of Ctrl makes a move again of a copy."""
        if event.key() == Qt.Key.Key_Control:
            self._copy_while(False)
        super().keyReleaseEvent(event)

    def _drag_key(self, key: Qt.Key) -> bool:
        """What a key does to what is in the hand."""
        if key == Qt.Key.Key_Escape:
            self._press = None
            self._end_drag()
            self._announce()
        elif key == Qt.Key.Key_R and self._room is not None:
            self._take_room()
            self._announce()
        elif self._drag_is_held and key in _ENTERS:
            self._drop()
            self._announce()
        else:
            return False
        return True

    def _arrow_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        step = _ARROWS.get(key)
        if step is None:
            return False
        has_alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        has_shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        held = self._drag.kind if self._drag is not None and self._drag_is_held else None
        if has_alt and has_shift:
            self._nudge(DragKind.STARTS, *step)
        elif has_alt:
            self._nudge(DragKind.MOVE, *step)
        elif has_shift:
            self._nudge(DragKind.ENDS, *step)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            return False
        elif held is not None:
            self._nudge(held, *step)
        else:
            self._step(*step)
        return True

    def _other_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        layout, cursor = self._layout, self._cursor
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._end_drag()
            self.stepRequested.emit(1 if key == Qt.Key.Key_PageDown else -1)
            self._announce()
            return True
        if layout is None or cursor is None:
            return False
        if key in _ENTERS:
            if cursor.entry_id:
                self.entryActivated.emit(cursor.entry_id)
            else:
                self._create_at(cursor.column, cursor.minute)
        elif key == Qt.Key.Key_Space:
            self._selected = cursor.entry_id
            self.entrySelected.emit(cursor.entry_id)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            wanted = cursor.entry_id or self._selected
            if wanted:
                self.cancelRequested.emit(wanted)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            is_last = key == Qt.Key.Key_End
            if modifiers & Qt.KeyboardModifier.ControlModifier and layout.columns:
                cursor = cursors.Cursor(layout.columns[-1 if is_last else 0].column.key, cursor.minute)
            self._put_cursor(cursors.moved_to_end(layout, cursor, last=is_last))
        else:
            return False
        self._remark()
        return True

    # copying

    def copy_entry(self) -> None:
        """Take note of the entry under the cursor; its sentence goes to the clipboard as well."""
        entry = self._entry(self.cursor_entry_id() or self._selected)
        if entry is not None and not entry.is_unsaved and not entry.is_foreign and self.isVisible():
            self._copied = (entry.id, f"{entry.title[0]}, {span_words(entry.starts, entry.ends)}")
            QGuiApplication.clipboard().setText(self.sentence_of(entry.id))
            self._say(f"Copied {self._copied[1]}.")

    def paste_entry(self) -> None:
        """Ask for a copy of the noted entry at the cursor."""
        if self._copied is not None and self._cursor is not None and self.isVisible():
            self.copyRequested.emit(self._copied[0], self._cursor.column, self._cursor.minute, "")
            self._say(f"Pasted {self._copied[1]}.")

    def begin_move(self) -> None:
        """Take the entry under the cursor up, to be carried with the arrows and put down with Enter."""
        if self.isVisible():
            self.setFocus()
            self._nudge(DragKind.MOVE, 0, 0)

    def _step(self, across: int, down: int) -> None:
        layout = self._layout
        if layout is None:
            return
        if self._cursor is None:
            self._cursor = cursors.initial(layout)
        elif across:
            self._cursor = cursors.moved_across(layout, self._cursor, across)
        else:
            moved = cursors.moved_down if down > 0 else cursors.moved_up
            self._cursor = moved(layout, self._cursor)
        self._put_cursor(self._cursor)

    def _put_cursor(self, cursor: cursors.Cursor | None) -> None:
        layout = self._layout
        self._cursor = cursor
        self._shows_cursor = True
        if layout is not None and cursor is not None:
            box = layout.box(cursor.entry_id) if cursor.entry_id else None
            self._reveal(box.rect if box else layout.slot(cursor.column, cursor.minute, cursor.minute + 15))
        self._announce()
        self._remark()

    def _nudge(self, kind: DragKind, across: int, down: int) -> None:
        """Move or resize by keyboard; shown at once, done with Enter. Shift on free time draws a new span."""
        layout = self._layout
        if layout is None or (self._drag is not None and not self._drag_is_held):
            return
        drag = self._drag
        if drag is None:
            cursor = self._cursor
            entry = self._entry(cursor.entry_id if cursor is not None and cursor.entry_id else self._selected)
            if cursor is not None and kind is DragKind.ENDS and not cursor.entry_id:
                drag = dragging.begin_create(layout, cursor.column, cursor.minute)
            elif entry is None or entry.status is Status.CANCELLED or entry.is_foreign:
                return
            else:
                drag = dragging.begin(kind, entry, entry.starts)
        elif drag.entry is not None:
            drag = replace(drag, kind=kind)
        self._drag_is_held = True
        moved = dragging.nudged(drag, layout, across, down)
        self._reveal(layout.slot(moved.column, moved.starts, moved.ends))
        self._set_drag(moved)
        self._announce()

    # the voice

    def entry_ids(self) -> list[str]:
        """The entries on the calendar, column by column in order of their starts."""
        return [box.entry.id for box in self._layout.boxes] if self._layout is not None else []

    def has_entry(self, entry_id: str) -> bool:
        """Whether an entry is on the calendar."""
        return self._entry(entry_id) is not None

    def spoken_entry(self, entry_id: str) -> SpokenEntry:
        """What stands for an entry where a screen reader looks."""
        if entry_id not in self._spoken:
            self._spoken[entry_id] = SpokenEntry(self, entry_id)
        return self._spoken[entry_id]

    def entry_id_at(self, x: int, y: int) -> str:
        """The entry at a point of the screen; "" for none."""
        return self._hit(QPointF(self.mapFromGlobal(QPoint(x, y)))).entry_id

    def cursor_entry_id(self) -> str:
        """The entry under the keyboard cursor; "" for none."""
        return self._cursor.entry_id if self._cursor is not None else ""

    def screen_rect_of(self, entry_id: str) -> QRect:
        """Where the box of an entry lies on the screen."""
        box = self._layout.box(entry_id) if self._layout is not None else None
        if box is None:
            return QRect()
        rect = self.to_widget(box.rect)
        return QRect(self.mapToGlobal(rect.topLeft()), rect.size())

    def is_in_sight(self, entry_id: str) -> bool:
        """Whether some of an entry's box is not scrolled away."""
        box = self._layout.box(entry_id) if self._layout is not None else None
        return box is not None and self.to_widget(box.rect).intersects(self._viewport())

    def sentence_of(self, entry_id: str) -> str:
        """An entry in one full sentence."""
        entry = self._entry(entry_id)
        if entry is None or self._layout is None:
            return ""
        return entry_sentence(entry, self._column_words(entry), uses_24_hours=self._scene.uses_24_hours)

    def details_of(self, entry_id: str) -> str:
        """What the card on hover says of an entry."""
        entry = self._entry(entry_id)
        return ". ".join(text.lstrip("!~ ") for text in entry.details) if entry is not None else ""

    def _column_words(self, entry: CalendarEntry) -> str:
        """The day of an entry; where columns are people, the sentence names them anyway."""
        if self._layout is None or (self._scene.mode is Mode.DAY and entry.spoken):
            return ""
        column = self._layout.column(entry.column)
        return (column.column.long_name or column.column.heading) if column is not None else ""

    def _announce(self) -> None:
        """Say where the cursor is to those who listen instead of looking."""
        layout = self._layout
        if layout is None:
            return
        entry_id = self.cursor_entry_id()
        is_held = self._drag is not None and self._drag_is_held
        if self._drag is not None and is_held:
            column = layout.column(self._drag.column)
            words = span_words(self._drag.starts, self._drag.ends, uses_24_hours=self._scene.uses_24_hours)
            where = (column.column.long_name or column.column.heading) if column is not None else ""
            text = ". ".join([f"{where}, {words}", *(text for _, text in self._drag_verdict), "Enter puts it here"])
        elif self._cursor is None:
            text = ""
        elif entry_id and self.has_entry(entry_id):
            text = self.sentence_of(entry_id)
        else:
            column = layout.column(self._cursor.column)
            name = (column.column.long_name or column.column.heading) if column is not None else ""
            text = slot_sentence(name, self._cursor.minute, uses_24_hours=self._scene.uses_24_hours)
        if text == self.accessibleDescription():
            return
        self.setAccessibleDescription(text)
        if not QAccessible.isActive() or not self.hasFocus():
            return
        if entry_id and not is_held:
            QAccessible.updateAccessibility(QAccessibleEvent(self.spoken_entry(entry_id), QAccessible.Event.Focus))
        elif text:
            self._say(text)

    def _say(self, text: str) -> None:
        """Have a screen reader speak something that has no place of its own."""
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
