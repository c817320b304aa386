"""The calendar as one widget: the surface under the mouse, with a cursor that the keyboard moves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QFocusEvent, QKeyEvent

from desktop.schedule import cursor as cursors
from desktop.schedule import dragging
from desktop.schedule.calendar_values import Status, span_words
from desktop.schedule.dragging import DragKind
from desktop.schedule.pointed_calendar import PointedCalendar
from desktop.schedule.spoken import entry_sentence, slot_sentence


class CalendarWidget(PointedCalendar):
    """Day or week, worked on by mouse and by keyboard alike."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cursor when the keyboard came here by the keyboard."""
        if self._cursor is None and self._layout is not None:
            self._cursor = cursors.initial(self._layout)
        self._shows_cursor = event.reason() not in (
            Qt.FocusReason.MouseFocusReason,
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        )
        self._announce()
        self._remark()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A move by keyboard that was not confirmed is taken back."""
        if self._drag is not None and self._drag_is_held:
            self._end_drag()
        self._shows_cursor = False
        self._hide_card()
        self._remark()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the cursor; with Alt the entry, with Shift its end; Enter opens or makes; Delete cancels."""
        key, modifiers = event.key(), event.modifiers()
        if self._drag is not None and key == Qt.Key.Key_Escape:
            self._press = None
            self._end_drag()
            return
        if key == Qt.Key.Key_Control:
            self._copy_while(True)
        if self._drag is not None and key == Qt.Key.Key_R and self._room is not None:
            self._takes_room = not self._takes_room
            self._show_verdict()
            return
        if self._drag is not None and self._drag_is_held and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._drop()
            return
        if key == Qt.Key.Key_Escape and (self._draft is not None or self._selected):
            self._draft = None
            self._selected = ""
            self.entrySelected.emit("")
            self._remark()
            return
        arrows = {
            Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1), Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
        }  # fmt: skip
        step = arrows.get(Qt.Key(key))
        if step is not None and modifiers & Qt.KeyboardModifier.AltModifier:
            self._nudge(DragKind.MOVE, *step)
        elif step is not None and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._nudge(DragKind.ENDS, *step)
        elif step is not None and not modifiers & Qt.KeyboardModifier.ControlModifier:
            self._step(*step)
        elif not self._other_key(Qt.Key(key)):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Letting go of Alt or Shift confirms the move by keyboard."""
        if event.key() == Qt.Key.Key_Control:
            self._copy_while(False)
        if self._drag is not None and self._drag_is_held and not event.isAutoRepeat():
            kind = self._drag.kind
            releases = (kind is DragKind.MOVE and event.key() == Qt.Key.Key_Alt) or (
                kind is DragKind.ENDS and event.key() == Qt.Key.Key_Shift
            )
            if releases:
                self._drop()
                return
        super().keyReleaseEvent(event)

    def _other_key(self, key: Qt.Key) -> bool:
        layout, cursor = self._layout, self._cursor
        if layout is None or cursor is None:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
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
            self._put_cursor(cursors.moved_to_end(layout, cursor, last=key == Qt.Key.Key_End))
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            way = 1 if key == Qt.Key.Key_PageDown else -1
            self._put_cursor(cursors.placed(layout, cursor.column, cursor.minute + way * 120))
        else:
            return False
        self._remark()
        return True

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
        """Move or resize by keyboard; shown at once, asked for when the modifier key is let go (or Enter)."""
        layout = self._layout
        if layout is None:
            return
        drag = self._drag
        if drag is None or drag.kind is not kind:
            entry_id = self._cursor.entry_id if self._cursor is not None else ""
            entry = self._entry(entry_id or self._selected)
            if entry is None or entry.status is Status.CANCELLED:
                return
            drag = dragging.begin(kind, entry, entry.starts)
        self._drag_is_held = True
        moved = dragging.nudged(drag, layout, across, down)
        self._set_drag(moved)
        self._reveal(layout.slot(moved.column, moved.starts, moved.ends))
        self._show_verdict()
        self._announce()

    def _announce(self) -> None:
        """Say where the cursor is to those who listen instead of looking."""
        layout = self._layout
        if layout is None:
            return
        if self._drag is not None and self._drag_is_held:
            words = span_words(self._drag.starts, self._drag.ends, uses_24_hours=self._scene.uses_24_hours)
            text = ". ".join([words, *(text for _, text in self._drag_verdict)])
        elif self._cursor is None:
            text = ""
        else:
            column = layout.column(self._cursor.column)
            entry = self._entry(self._cursor.entry_id)
            name = (column.column.long_name or column.column.heading) if column is not None else ""
            if entry is not None:
                text = entry_sentence(entry, name, uses_24_hours=self._scene.uses_24_hours)
            else:
                text = slot_sentence(name, self._cursor.minute, uses_24_hours=self._scene.uses_24_hours)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
