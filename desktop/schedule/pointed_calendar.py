"""The calendar under the mouse: shows a scene, follows hovering, clicks and drags, and says what is wanted.

It holds no rules and changes nothing by itself: a move shows where the entry would go and asks; the next scene
brings the answer. The keyboard is added in calendar_widget.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.schedule import cursor as cursors
from desktop.schedule import dragging
from desktop.schedule.calendar_surface import CalendarSurface
from desktop.schedule.calendar_values import (
    CalendarEntry,
    CalendarScene,
    Line,
    Mode,
    Status,
    clock_words,
    span_words,
)
from desktop.schedule.dragging import NO_MARK, Check, Drag, DragKind, LiveMark, Offer, RoomOffer, Verdict
from desktop.schedule.floating_card import CardRow, FloatingCard
from desktop.schedule.layout import EntryBox, Hit, HitKind, Rect
from desktop.schedule.lettering import metrics
from desktop.schedule.packing import Packing
from desktop.schedule.painting import LiveBox, Marks

_DOING = {
    DragKind.MOVE: "Moving",
    DragKind.COPY: "Copying",
    DragKind.STARTS: "Changing the start of",
    DragKind.ENDS: "Changing the end of",
}
HOVER_DELAY_MS = 450
AUTO_SCROLL_MS = 30


class PointedCalendar(CalendarSurface):
    """Day or week, painted whole; see the signals for what a person can ask of it."""

    entryActivated = Signal(str)
    entrySelected = Signal(str)
    createRequested = Signal(str, int, int)
    moveRequested = Signal(str, str, int)
    moveToRoomRequested = Signal(str, str, int, str)
    copyRequested = Signal(str, str, int, str)
    """Entry, column and start of the copy, and the room to take instead of its own ("" for none)."""
    resizeRequested = Signal(str, int, int)
    cancelRequested = Signal(str)
    menuRequested = Signal(str, QPoint)
    dayActivated = Signal(str)
    dragChanged = Signal(str)
    """What is being dragged, in words for the status strip; "" when nothing is."""

    shows_focus_ring = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Calendar")
        self._check: Check | None = None
        self._offer: Offer | None = None
        self._room: RoomOffer | None = None
        self._takes_room = False
        self._selected = ""
        self._hovered = ""
        self._cursor: cursors.Cursor | None = None
        self._shows_cursor = False
        self._drag: Drag | None = None
        self._drag_verdict = Verdict()
        self._drag_is_held = False
        self._grabbed_x = 0.0
        self._carry_x: float | None = None
        self._draft: Drag | None = None
        self._press: QPointF | None = None
        self._press_hit = Hit(HitKind.NOTHING)
        self._pointer = QPointF()
        self._card = FloatingCard(self)
        self._hover_timer = QTimer(self)
        self._hover_timer.setSingleShot(True)
        self._hover_timer.setInterval(HOVER_DELAY_MS)
        self._hover_timer.timeout.connect(self._show_details)
        self._auto_scroll = QTimer(self)
        self._auto_scroll.setInterval(AUTO_SCROLL_MS)
        self._auto_scroll.timeout.connect(self._scroll_towards_pointer)

    # what it shows

    def set_scene(self, scene: CalendarScene, packing: Packing | None = None) -> None:
        """Show another scene, whose entries may be seated already (`seater`); selection, cursor and scroll position
        stay where they were."""
        before = self._layout
        index = 0
        if before is not None and self._cursor is not None:
            keys = [column.column.key for column in before.columns]
            index = keys.index(self._cursor.column) if self._cursor.column in keys else 0
        top = before.axis.minute(self._bar_y.value()) if before is not None and self._bar_y.maximum() else None
        self._scene, self._packing = scene, packing
        self._draft = None
        self._hovered = ""
        if self._drag is not None and (
            self._drag.entry is None or all(entry.id != self._drag.entry.id for entry in scene.entries)
        ):
            self._end_drag()
        self._hide_card()
        ids = {entry.id for entry in scene.entries}
        if self._selected not in ids:
            self._selected = ""
        self._lay_out()
        layout = self._layout
        if layout is None:
            return
        if top is not None:
            self._bar_y.setValue(round(layout.axis.y(top)))
        if self._cursor is not None and layout.columns:
            keys = [column.column.key for column in layout.columns]
            column = self._cursor.column if self._cursor.column in keys else keys[min(index, len(keys) - 1)]
            if self._cursor.entry_id in ids:
                entry = next(entry for entry in scene.entries if entry.id == self._cursor.entry_id)
                self._cursor = cursors.Cursor(entry.column, entry.starts, entry.id)
            else:
                self._cursor = cursors.placed(layout, column, self._cursor.minute)
        self.update()

    def set_check(self, check: Check | None, offer: Offer | None = None) -> None:
        """Who judges a place while dragging, and who offers another room."""
        self._check, self._offer = check, offer

    def selected_id(self) -> str:
        """The selected entry; "" for none."""
        return self._selected

    def select(self, entry_id: str, *, reveal: bool = True) -> None:
        """Select an entry from outside (a click in the list of conflicts) and bring it into view."""
        self._selected = entry_id
        box = self._layout.box(entry_id) if self._layout is not None else None
        if box is not None:
            self._cursor = cursors.Cursor(box.entry.column, box.entry.starts, entry_id)
            if reveal:
                self._reveal(box.rect)
        self._remark()

    def details_card(self) -> FloatingCard:
        """The card that shows an entry's details, or the checks while dragging."""
        return self._card

    def cursor_slot(self) -> tuple[str, int] | None:
        """Column and minute of the keyboard cursor: where a new entry would go."""
        return None if self._cursor is None else (self._cursor.column, self._cursor.minute)

    def clear_draft(self) -> None:
        """Take away the span that a person has just drawn, when nothing came of it."""
        self._draft = None
        self._remark()

    def _scrolled(self) -> None:
        if self._drag is not None:
            self._show_verdict()
        else:
            self._hide_card()
        super()._scrolled()

    def _announce(self) -> None:
        """Say where the cursor is to those who listen: the keyboard's part."""

    def _marks(self) -> Marks:
        layout = self._layout
        slot = None
        cursor_entry = ""
        if layout is not None and self._cursor is not None and self._shows_cursor and self._drag is None:
            cursor_entry = self._cursor.entry_id
            if not cursor_entry:
                end = self._cursor.minute + self._scene.grid_minutes
                slot = layout.slot(self._cursor.column, self._cursor.minute, end)
        return Marks(self._hovered, self._selected, cursor_entry, slot, self._live())

    def _live(self) -> LiveBox | None:
        drag, layout = self._drag or self._draft, self._layout
        if drag is None or layout is None:
            return None
        verdict = self._drag_verdict
        words = span_words(drag.starts, drag.ends, uses_24_hours=self._scene.uses_24_hours)
        own = drag.entry_id.partition("@")[0]
        keeps_entry = drag.kind is DragKind.COPY
        live = LiveBox(
            layout.slot(drag.column, drag.starts, drag.ends), words, drag.starts, drag.ends,
            is_clear=all(ok for ok, _ in verdict), keeps_entry=keeps_entry,
            mark=verdict.marks.get("" if keeps_entry else own, NO_MARK),
            others=tuple(self._marked_boxes(verdict.marks, own, keeps_entry=keeps_entry)),
        )  # fmt: skip
        if drag.entry is None:
            return live
        box = layout.box(drag.entry.id)
        entry = drag.entry
        if self._takes_room and self._room is not None and self._room.name:
            entry = replace(entry, lines=(*entry.lines[:1], Line((self._room.name,)), *entry.lines[2:]))
        live = replace(live, entry=entry, carried=self._carried(drag, live.rect, box))
        if keeps_entry:
            return live
        was = clock_words(drag.entry.starts, uses_24_hours=self._scene.uses_24_hours, with_half=False)
        origin = box.rect if box is not None and drag.has_changed else None
        return replace(live, origin=origin, origin_words=f"was {was}")

    def _carried(self, drag: Drag, slot: Rect, box: EntryBox | None) -> Rect:
        """Where the entry in the hand is: at the time of the slot, as wide as in its lane, under the pointer."""
        px = theme.current().px
        if box is None or self._layout is None or box.rect.w >= slot.w - px(24):
            lift = px(8) if drag.kind in (DragKind.MOVE, DragKind.COPY) else 0
            return Rect(slot.x + lift, round(slot.y + lift * 0.4), slot.w - lift, round(slot.h - lift * 0.4))
        width = min(max(box.rect.w, px(64)), slot.w)
        origin = self._layout.column(box.entry.column)
        home = slot.x + box.rect.x - origin.x if origin is not None else slot.x
        wanted = self._carry_x if self._carry_x is not None else home
        return Rect(round(min(max(wanted, slot.x), slot.right - width)), slot.y, width, slot.h)

    def _marked_boxes(self, marks: Mapping[str, LiveMark], own: str, *, keeps_entry: bool) -> Iterator[EntryBox]:
        """The boxes that the drag meets or leaves, as they would be marked."""
        layout = self._layout
        if layout is None:
            return
        for box in layout.boxes if self._scene.mode is Mode.DAY else map(layout.box, marks):
            mark = marks.get(box.entry.id.partition("@")[0]) if box is not None else None
            if box is None or mark is None or (box.entry.id.partition("@")[0] == own and not keeps_entry):
                continue
            changed = replace(
                box.entry, conflict=mark.conflict, overlaps=mark.overlaps, tail_is_hit=mark.tail_is_hit
            )  # fmt: skip
            yield replace(box, entry=changed)

    # dragging

    def _set_drag(self, drag: Drag) -> None:
        before = self._drag
        self._drag = drag
        if before is not None and before.place == drag.place:
            self._remark()
            return
        self._takes_room = False
        self._judge(drag)
        as_copy = drag.kind is DragKind.COPY
        place = (drag.entry_id, drag.column, drag.starts, drag.ends)
        self._room = self._offer(*place, as_copy=as_copy) if self._offer is not None else None
        self._show_verdict()
        if drag.entry is not None:
            who = drag.entry.lines[0].wording[0] if drag.entry.lines else ""
            what = f"{drag.entry.title[0]}, {who}".rstrip(", ")
            ends = "Esc stops" if as_copy else "Esc puts it back"
            if self._drag_is_held:
                ends = f"Enter puts it here, {ends}"
            self.dragChanged.emit(f"{_DOING[drag.kind]} {what}. {ends}")
        self._remark()

    def _judge(self, drag: Drag) -> None:
        if self._check is None:
            self._drag_verdict = Verdict()
            return
        place = (drag.entry_id, drag.column, drag.starts, drag.ends)
        as_copy = drag.kind is DragKind.COPY
        if self._takes_room and self._room is not None:
            judged = self._check(*place, as_copy=as_copy, room_id=self._room.room_id)
        else:
            judged = self._check(*place, as_copy=as_copy)
        self._drag_verdict = judged if isinstance(judged, Verdict) else Verdict(judged)

    def _take_room(self) -> None:
        """Take the room that is offered, or give it back."""
        if self._drag is None or self._room is None:
            return
        self._takes_room = not self._takes_room
        self._judge(self._drag)
        self._show_verdict()
        self._remark()

    def _show_verdict(self) -> None:
        drag, layout = self._drag, self._layout
        if drag is None or layout is None:
            return
        rows = [CardRow(text, "ok" if ok else "danger") for ok, text in self._drag_verdict]
        if self._room is not None:
            rows.append(CardRow("keep its own room" if self._takes_room else self._room.words, "", "R"))
        words = span_words(drag.starts, drag.ends, uses_24_hours=self._scene.uses_24_hours)
        self._card.set_content(words, rows)
        target = self.to_widget(layout.slot(drag.column, drag.starts, drag.ends))
        self._card.place_beside(target, self._viewport(), self._on_screen(drag.entry_id))
        self._card.show()
        self._card.raise_()

    def _on_screen(self, but: str) -> list[QRect]:
        """Where the boxes in sight lie, all but one."""
        layout, view = self._layout, self._viewport()
        if layout is None:
            return []
        left, top = self._bar_x.value(), self._bar_y.value()
        boxes = layout.boxes_in(Rect(left, top, view.width(), view.height()))
        x, y = view.left() - left, view.top() - top
        rects = ((box.rect, box.entry.id) for box in boxes)
        return [
            QRect(round(rect.x) + x, round(rect.y) + y, round(rect.w), round(rect.h))
            for rect, entry_id in rects
            if entry_id != but
        ]

    def _end_drag(self) -> None:
        self._drag = None
        self._drag_verdict = Verdict()
        self._drag_is_held = False
        self._carry_x = None
        self._room = None
        self._auto_scroll.stop()
        self._hide_card()
        self.dragChanged.emit("")
        self._remark()

    def _drop(self) -> None:
        """Ask for what the drag shows."""
        drag, room = self._drag, self._room if self._takes_room else None
        self._end_drag()
        if drag is None or not drag.has_changed:
            return
        if drag.entry is None:
            self._draft = drag
            self._remark()
            self.createRequested.emit(drag.column, drag.starts, drag.ends)
        elif drag.kind is DragKind.COPY:
            self.copyRequested.emit(drag.entry.id, drag.column, drag.starts, room.room_id if room is not None else "")
        elif drag.kind is DragKind.MOVE and room is not None:
            self.moveToRoomRequested.emit(drag.entry.id, drag.column, drag.starts, room.room_id)
        elif drag.kind is DragKind.MOVE:
            self.moveRequested.emit(drag.entry.id, drag.column, drag.starts)
        else:
            self.resizeRequested.emit(drag.entry.id, drag.starts, drag.ends)

    def _begin_drag(self, start: QPointF) -> None:
        layout, hit = self._layout, self._press_hit
        if layout is None:
            return
        if hit.kind is HitKind.SLOT:
            self._set_drag(dragging.begin_create(layout, hit.column, hit.minute))
            return
        entry = self._entry(hit.entry_id)
        if entry is None or entry.status is Status.CANCELLED or entry.is_foreign:
            return
        kinds = {HitKind.UPPER_EDGE: DragKind.STARTS, HitKind.LOWER_EDGE: DragKind.ENDS}
        minute = layout.axis.minute(self.to_grid(start).y())
        box = layout.box(entry.id)
        self._grabbed_x = self.to_grid(start).x() - (box.rect.x if box is not None else 0)
        self._set_drag(dragging.begin(kinds.get(hit.kind, DragKind.MOVE), entry, minute))

    def _copy_while(self, is_held: bool) -> None:
        """Ctrl makes of the move a copy, and a move again of the copy when it is let go."""
        drag = self._drag
        if drag is None or self._drag_is_held or drag.kind not in (DragKind.MOVE, DragKind.COPY):
            return
        self._set_drag(drag.copying(is_held))
        self.setCursor(Qt.CursorShape.DragCopyCursor if is_held else Qt.CursorShape.PointingHandCursor)

    def _follow_pointer(self) -> None:
        if self._drag is None or self._layout is None:
            return
        view = self._viewport()
        gutter = round(metrics().gutter)
        at = QPointF(
            min(max(self._pointer.x(), view.left() + gutter), view.right()),
            min(max(self._pointer.y(), view.top()), view.bottom()),
        )
        grid = self.to_grid(at)
        is_moved = self._drag.kind in (DragKind.MOVE, DragKind.COPY)
        self._carry_x = grid.x() - self._grabbed_x if is_moved else None
        self._set_drag(dragging.follow(self._drag, self._layout, grid.x(), grid.y()))
        near = theme.current().px(24)
        inner = view.adjusted(gutter + near, near, -near, -near)
        if inner.contains(self._pointer.toPoint()):
            self._auto_scroll.stop()
        elif not self._auto_scroll.isActive():
            self._auto_scroll.start()

    def _scroll_towards_pointer(self) -> None:
        view, near = self._viewport(), theme.current().px(24)
        before = (self._bar_x.value(), self._bar_y.value())
        for bar, position, first, last in (
            (self._bar_y, self._pointer.y(), view.top(), view.bottom()),
            (self._bar_x, self._pointer.x(), view.left() + metrics().gutter, view.right()),
        ):
            if position < first + near:
                bar.setValue(bar.value() - round((first + near - position) / 2))
            elif position > last - near:
                bar.setValue(bar.value() + round((position - last + near) / 2))
        if before != (self._bar_x.value(), self._bar_y.value()):
            self._follow_pointer()

    # mouse

    def _entry(self, entry_id: str) -> CalendarEntry | None:
        box = self._layout.box(entry_id) if self._layout is not None else None
        return box.entry if box is not None else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take note of where a drag could begin; select what was pressed."""
        self._hide_card()
        self._shows_cursor = False
        if event.button() is not Qt.MouseButton.LeftButton or self._layout is None:
            return
        if self._drag is not None:
            self._end_drag()
        self._draft = None
        hit = self._hit(event.position())
        if hit.kind is HitKind.NOTHING:
            return
        self._press, self._press_hit = event.position(), hit
        self._pointer = event.position()
        self._cursor = cursors.Cursor(hit.column, hit.minute, hit.entry_id)
        if self._selected != hit.entry_id:
            self._selected = hit.entry_id
            self.entrySelected.emit(hit.entry_id)
        self._announce()
        self._remark()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show what is under the pointer."""
        self._pointer = event.position()
        if self._drag is not None and not self._drag_is_held:
            self._copy_while(bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            self._follow_pointer()
            return
        if self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            distance = (event.position() - self._press).manhattanLength()
            if distance >= max(theme.current().px(5), 4):
                start, self._press = self._press, None
                self._begin_drag(start)
                self._follow_pointer()
            return
        self._hover(self._hit(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go: ask for the change."""
        self._press = None
        if event.button() is Qt.MouseButton.LeftButton and self._drag is not None and not self._drag_is_held:
            self._drop()
            self._hover(self._hit(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open an entry, or make one of an hour on empty paper; on a day's heading, go to that day."""
        if event.button() is not Qt.MouseButton.LeftButton or self._layout is None:
            return
        if event.position().y() < self._viewport().top():
            column = self._layout.column_at(event.position().x() - 1 + self._bar_x.value())
            if column is not None:
                self.dayActivated.emit(column.column.key)
            return
        hit = self._hit(event.position())
        if hit.entry_id:
            self.entryActivated.emit(hit.entry_id)
        elif hit.kind is HitKind.SLOT:
            self._create_at(hit.column, hit.minute)

    def _create_at(self, column: str, minute: int) -> None:
        layout = self._layout
        if layout is None:
            return
        end = min(minute + 60, dragging.DAY_MINUTES)
        self._draft = Drag(DragKind.CREATE, column, minute, end)
        self._remark()
        self.createRequested.emit(column, minute, end)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is there; from the keyboard, of what the cursor is on."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self._cursor is not None and self._layout:
            box = self._layout.box(self._cursor.entry_id)
            spot = self.to_widget(box.rect).center() if box is not None else self.rect().center()
            self.menuRequested.emit(self._cursor.entry_id, self.mapToGlobal(spot))
            return
        hit = self._hit(QPointF(event.pos()))
        if hit.entry_id:
            self._selected = hit.entry_id
            self.entrySelected.emit(hit.entry_id)
            self._remark()
        self.menuRequested.emit(hit.entry_id, event.globalPos())

    def _hover(self, hit: Hit) -> None:
        shapes = {
            HitKind.ENTRY: Qt.CursorShape.PointingHandCursor,
            HitKind.UPPER_EDGE: Qt.CursorShape.SizeVerCursor,
            HitKind.LOWER_EDGE: Qt.CursorShape.SizeVerCursor,
        }
        entry = self._entry(hit.entry_id)
        kind = HitKind.ENTRY if entry is not None and entry.is_foreign else hit.kind
        self.setCursor(shapes.get(kind, Qt.CursorShape.ArrowCursor))
        if hit.entry_id == self._hovered:
            return
        self._hovered = hit.entry_id
        self._remark()
        self._hide_card()
        if self._hovered:
            self._hover_timer.start()

    def _show_details(self) -> None:
        entry = self._entry(self._hovered)
        box = self._layout.box(self._hovered) if self._layout is not None else None
        if entry is None or box is None or self._layout is None or not entry.details:
            return
        rows = []
        for text in entry.details[1:]:
            tone = {"!": "danger", "~": "warn"}.get(text[:1], "")
            rows.append(CardRow(text[1:].strip() if tone else text, tone))
        self._card.set_content(entry.details[0], rows)
        self._card.place_beside(self.to_widget(box.rect), self._viewport(), self._on_screen(box.entry.id))
        self._card.show()
        self._card.raise_()

    def _hide_card(self) -> None:
        self._hover_timer.stop()
        self._card.hide()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        self._hover(Hit(HitKind.NOTHING))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Shift, sideways."""
        pixels, turn = event.pixelDelta(), event.angleDelta()
        sideways = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = theme.current().px(48) / 120
        y = pixels.y() if not pixels.isNull() else round(turn.y() * step)
        x = pixels.x() if not pixels.isNull() else round(turn.x() * step)
        if sideways and not x:
            x, y = y, 0
        before = (self._bar_x.value(), self._bar_y.value())
        self._bar_y.setValue(self._bar_y.value() - y)
        self._bar_x.setValue(self._bar_x.value() - x)
        event.setAccepted(before != (self._bar_x.value(), self._bar_y.value()))
