"""The chip that narrows the calendar to one student: a search in a pop-up, since there are hundreds of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.widgets import FilterChip, painting
from desktop.widgets.fields import SearchField
from desktop.widgets.parsing import plain
from shared_models.people.models import Student

Students = Sequence[tuple[str, str]]
"""Ids and names."""

_SHOWN = 9
_NOBODY = [("nobody", "Any student")]
"""The chip opens its pop-up only where there is something to choose."""


def read_students(session: Session, organization_id: str) -> list[tuple[str, str]]:
    """Ids and names of the students that are not archived, by first name."""
    rows = session.execute(
        select(Student.id, Student.first_name, Student.last_name)
        .where(Student.organization_id == organization_id, Student.archived_at.is_(None))
        .order_by(Student.first_name, Student.last_name)
    )
    return [(student_id, f"{first} {last}".strip()) for student_id, first, last in rows]


class StudentChip(FilterChip):
    """ "Any student", or the name of the one chosen; `read` gives the students when the pop-up opens."""

    def __init__(self, read: Callable[[], Students], parent: QWidget | None = None) -> None:
        super().__init__("Any student", parent=parent)
        self._read = read
        self.set_choices(_NOBODY)

    def set_student(self, student_id: str, name: str = "") -> None:
        """Choose without announcing it; the name is read when it is not given."""
        if student_id and not name:
            name = dict(self._read()).get(student_id, "")
        self.set_choices([(student_id, name)] if student_id and name else _NOBODY, student_id)

    def open_menu(self) -> None:
        """Open the search under the chip."""
        self.open_below(self)

    def open_below(self, widget: QWidget) -> None:
        """Open the search under a widget."""
        popup = StudentPopup(self._read(), self.value(), widget)
        popup.picked.connect(self._picked)
        popup.open_below(widget)

    def _picked(self, student_id: str, name: str) -> None:
        self.set_student(student_id, name)
        self.chosen.emit(self.value())


class StudentPopup(QWidget):
    """A search with the students that fit below it; `picked` carries id and name, both "" for any student."""

    picked = Signal(str, str)

    def __init__(self, students: Students, chosen: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._students = [(student_id, name, plain(name)) for student_id, name in students]
        self._chosen = chosen
        px = theme.current().px
        column = QVBoxLayout(self)
        column.setContentsMargins(px(8), px(8), px(8), px(8))
        column.setSpacing(px(6))
        self.search = SearchField("Name of a student", shortcut="")
        self.search.textEdited.connect(self._narrow)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setAccessibleName("Students")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFixedSize(px(250), _SHOWN * px(30))
        self.list.itemClicked.connect(self._take)
        column.addWidget(self.list)
        self._narrow("")

    def open_below(self, widget: QWidget) -> None:
        """Show under a widget, inside its screen."""
        self.adjustSize()
        corner = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        screen = widget.screen().availableGeometry()
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - self.width())))
        self.move(corner)
        self.show()
        self.search.setFocus()

    def _narrow(self, typed: str) -> None:
        wanted = plain(typed).split()
        self.list.clear()
        if not wanted:
            self._add("", "Any student")
        for student_id, name, simple in self._students:
            parts = simple.split()
            if all(any(part.startswith(word) for part in parts) for word in wanted):
                self._add(student_id, name)
        if self.list.count() == 0:
            nobody = QListWidgetItem(f"Nobody is called {typed.strip()}.")
            nobody.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(nobody)
        self.list.setCurrentRow(0)

    def _add(self, student_id: str, name: str) -> None:
        item = QListWidgetItem(name)
        item.setData(Qt.ItemDataRole.UserRole, student_id)
        item.setSizeHint(QSize(0, theme.current().px(30)))
        if student_id == self._chosen:
            item.setFont(theme.font("body_strong"))
        self.list.addItem(item)

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        student_id = str(item.data(Qt.ItemDataRole.UserRole) or "")
        self.picked.emit(student_id, item.text() if student_id else "")
        self.close()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Up and Down go through the list while the typing stays in the search; Enter takes what is marked."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                row = self.list.currentRow() + step
                self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.list.currentItem())
                return True
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Raised paper."""
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), t.size.radius_card, t.color.surface, t.color.line_strong)
        painter.end()
