"""The cards of a family's people: parents, students and the note. They show what they are given and say what was
asked for; the page does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtCore import QEvent, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.people.family_rows import FamilyFace, StudentFace
from desktop.people.reach import EVERYTHING, Reach
from desktop.widgets.buttons import Button, IconButton, Kind
from desktop.widgets.fields import TextArea
from desktop.widgets.labels import Avatar, Label, Paragraph, Tag
from desktop.widgets.panels import Card, EmptyState, Line
from desktop.widgets.status import TextLink
from shared_models.people.contact import format_phone
from shared_models.people.models import LessonMode, PrimaryContact, Student
from shared_models.people.operations import HEALTH_FIELDS

LOOKING_IS_RECORDED = "Looking is recorded."
"""Stands below every way to a student's health fields (product §9)."""

_LABEL_WIDTH = 82


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            continue
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


def fact(label: str, *values: QWidget) -> QWidget:
    """A quiet word at the left and what it stands for at the right, below each other where there are several."""
    t = theme.current()
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, t.px(2), 0, t.px(2))
    row.setSpacing(t.px(10))
    name = Label(label, "body", "text3")
    name.setFixedWidth(t.px(_LABEL_WIDTH))
    row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(0)
    for value in values:
        column.addWidget(value)
    row.addLayout(column, 1)
    return line


def words(text: str, tone: str = "text") -> Paragraph:
    """Text that wraps beside its label."""
    return Paragraph(text, tone=tone)


def link(text: str, url: str) -> QWidget:
    """A word that opens the telephone or mail program."""
    button = TextLink(text, "body")
    button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(url)))
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(button)
    row.addStretch(1)
    return holder


class ParentsCard(Card):
    """Both parents, the address, and since when."""

    editRequested = Signal()

    def __init__(self, country: str, parent: QWidget | None = None) -> None:
        super().__init__("Parents", parent=parent)
        self._country = country
        self.edit_button = Button("Edit", Kind.QUIET, small=True, on_click=self.editRequested.emit)
        self.edit_button.setAccessibleName("Edit parents")
        self.head.addWidget(self.edit_button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_family(self, face: FamilyFace, reach: Reach = EVERYTHING) -> None:
        """Show a family's parents; what is not to be known here is left out rather than shown as empty."""
        t = theme.current()
        self.edit_button.setEnabled(reach.can_change)
        self.edit_button.setToolTip(reach.why)
        clear(self.body)
        family = face.family
        for number in (1, 2):
            first = getattr(family, f"parent{number}_first_name")
            if not first:
                continue
            last = getattr(family, f"parent{number}_last_name") or family.parent1_last_name
            name = f"{first} {last}".strip()
            called = PrimaryContact.PARENT_1 if number == 1 else PrimaryContact.PARENT_2
            role = f"Parent {number}" + (", first to call" if family.primary_contact is called else "")
            block = self._block()
            top = QHBoxLayout()
            top.setSpacing(t.px(10))
            top.addWidget(Avatar(name, 36))
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(Label(name, "body_strong", elide=True))
            column.addWidget(Label(role, "small", "text2"))
            top.addLayout(column, 1)
            block.addLayout(top)
            block.addSpacing(t.px(6))
            phone, email = getattr(family, f"parent{number}_phone"), getattr(family, f"parent{number}_email")
            shown = format_phone(phone, self._country)
            block.addWidget(fact("Phone", link(shown, f"tel:{phone}") if phone else words("none", "text3")))
            if reach.shows(f"parent{number}_email"):
                block.addWidget(fact("E-mail", link(email, f"mailto:{email}") if email else words("none", "text3")))
        if not reach.shows("parent1_address"):
            return
        block = self._block()
        block.addWidget(fact("Address", words(_address(face, 1) or "none", "text" if _address(face, 1) else "text3")))
        if _address(face, 2) and _address(face, 2) != _address(face, 1):
            block.addWidget(fact("Parent 2", words(_address(face, 2))))
        since = family.registered_on
        if since is not None:
            block.addWidget(fact("Family since", words(f"{since:%B} {since.day}, {since.year}")))

    def _block(self) -> QVBoxLayout:
        t = theme.current()
        self.body.addWidget(Line())
        box = QWidget()
        block = QVBoxLayout(box)
        block.setContentsMargins(t.px(16), t.px(12), t.px(16), t.px(10))
        block.setSpacing(0)
        self.body.addWidget(box)
        return block


class NoteCard(Card):
    """The family's note, edited where it stands. `saved` carries the new text."""

    saved = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Note", parent=parent)
        t = theme.current()
        self.edit_button = Button("Edit", Kind.QUIET, small=True, on_click=self.start_editing)
        self.edit_button.setAccessibleName("Edit the note")
        self.head.addWidget(self.edit_button)
        self.body.setContentsMargins(t.px(16), 0, t.px(16), t.px(14))
        self.body.setSpacing(t.px(8))
        self._words = Paragraph("")
        self.area = TextArea(rows=4, name="Note")
        self.area.installEventFilter(self)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(Button("Cancel", small=True, on_click=self.stop_editing))
        self.save_button = Button("Save note", Kind.PRIMARY, small=True, on_click=self._save)
        row.addWidget(self.save_button)
        for widget in (self._words, self.area, self._buttons):
            self.body.addWidget(widget)
        self._text, self._family_id = "", ""
        self._drafts: dict[str, str] = {}
        self.stop_editing()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_note(self, family_id: str, text: str) -> None:
        """Show a family's note; one that is being edited is left alone."""
        self._family_id, self._text = family_id, text
        if self.area.isHidden():
            self.stop_editing()
        draft = self._drafts.pop(family_id, None)
        if draft is not None:
            self.start_editing()
            self.area.setText(draft)

    def put_aside(self) -> None:
        """Another family comes: a note that was being edited waits until this one is opened again."""
        if not self.area.isHidden() and self.area.text().strip() != self._text:
            self._drafts[self._family_id] = self.area.text()
        self.stop_editing()

    def start_editing(self) -> None:
        """Turn the note into a field."""
        self.area.setText(self._text)
        for widget, shown in ((self._words, False), (self.area, True), (self._buttons, True)):
            widget.setVisible(shown)
        self.area.setFocus(Qt.FocusReason.OtherFocusReason)

    def stop_editing(self) -> None:
        """Show the note as text again."""
        self._words.set_text(self._text or "Nothing noted.")
        self._words.set_tone("text" if self._text else "text3")
        self._words.show()
        self.area.hide()
        self._buttons.hide()

    def _save(self) -> None:
        text = self.area.text().strip()
        self.area.hide()
        self._text = text
        self.stop_editing()
        self.saved.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.area and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.stop_editing()
                return True
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._save()
                return True
        return super().eventFilter(watched, event)


class StudentsCard(Card):
    """The students beside each other, two in a row. Signals carry the student's id. `healthRequested` asks for the
    health fields; `show_health_of` says that they may be shown."""

    editRequested = Signal(str)
    entryRequested = Signal(str)
    addRequested = Signal()
    healthRequested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._shown_health: set[str] = set()
        self._reaches: Mapping[str, Reach] = {}
        self._wordy: list[Button] = []
        self._brief: list[IconButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_students(
        self, faces: Sequence[StudentFace], today: date, reaches: Mapping[str, Reach] | None = None
    ) -> None:
        """Show the live students, then a word on archived ones; ``reaches`` by student where not everything is to be
        seen and changed."""
        if reaches is not None:
            self._reaches = reaches
        clear(self.body)
        self._wordy.clear()
        self._brief.clear()
        live = [face for face in faces if face.student.archived_at is None]
        for index in range(0, len(live), 2):
            if index:
                self.body.addWidget(Line())
            row = QHBoxLayout()
            row.setSpacing(0)
            for at, face in enumerate(live[index : index + 2]):
                if at:
                    row.addWidget(Line(vertical=True))
                row.addWidget(self._pane(face, today), 1)
            if index + 1 == len(live) and index:
                row.addWidget(Line(vertical=True))
                row.addStretch(1)
            self.body.addLayout(row)
        self._fit_buttons()
        if not live:
            button = Button("Add student", Kind.SECONDARY, icon="plus", on_click=self.addRequested.emit)
            text = "Lessons are booked for students. Add the first one."
            self.body.addWidget(EmptyState("graduation-cap", "No student yet", text, button))
        for face in faces:
            if face.student.archived_at is not None:
                self.body.addWidget(Line())
                self.body.addWidget(self._archived(face))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_buttons()

    def _fit_buttons(self) -> None:
        """Beside a form, where two students have little room, their names go before a button's word."""
        is_narrow = len(self._wordy) > 1 and self.width() < theme.current().px(570)
        for button in self._wordy:
            button.setVisible(not is_narrow)
        for icon in self._brief:
            icon.setVisible(is_narrow)

    def _pane(self, face: StudentFace, today: date) -> QWidget:
        t = theme.current()
        student = face.student
        pane = QWidget()
        column = QVBoxLayout(pane)
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(12))
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setSpacing(t.px(10))
        top.addWidget(Avatar(face.name, 36))
        title = QVBoxLayout()
        title.setSpacing(0)
        title.addWidget(Label(face.name, "section", elide=True))
        title.addWidget(Label(_grade_and_age(student, today), "small", "text2", elide=True))
        top.addLayout(title, 1)
        edit = IconButton(
            "pencil", f"Edit {face.name}", small=True, on_click=lambda: self.editRequested.emit(student.id)
        )
        schedule = Button("Schedule", small=True, on_click=lambda: self.entryRequested.emit(student.id))
        schedule.setAccessibleName(f"Schedule {face.name}")
        reach = self._reaches.get(student.id, EVERYTHING)
        brief = IconButton(
            "calendar-plus",
            f"Schedule {face.name}",
            small=True,
            on_click=lambda: self.entryRequested.emit(student.id),
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(t.px(4))
        for button in (edit, schedule, brief):
            button.setEnabled(reach.can_change)
            if reach.why:
                button.setToolTip(reach.why)
            buttons.addWidget(button)
        self._wordy.append(schedule)
        self._brief.append(brief)
        top.addLayout(buttons)
        column.addLayout(top)
        column.addSpacing(t.px(8))
        if reach.shows("school"):
            column.addWidget(fact("School", _or_none(student.school)))
        subjects = ", ".join(face.subjects)
        column.addWidget(fact("Subjects", _or_none(subjects)))
        mode = "Online" if student.lesson_mode is LessonMode.ONLINE else "In person"
        column.addWidget(fact("Lessons", words(f"{mode}, {face.location.removesuffix(' Office')}")))
        if reach.shows(*HEALTH_FIELDS):
            column.addWidget(self._health(student))
        if student.notes and reach.shows("notes"):
            column.addWidget(fact("Notes", words(student.notes)))
        column.addStretch(1)
        return pane

    def _health(self, student: Student) -> QWidget:
        entered = health_words(student)
        if not entered:
            return fact("Health", words("Nothing entered", "text2"))
        if student.id in self._shown_health:
            return fact("Health", *(words(line) for line in entered))
        t = theme.current()
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.px(6))
        count = len(entered)
        row.addWidget(Tag("1 entry" if count == 1 else f"{count} entries", icon="lock"))
        show = TextLink("Show", "body_medium")
        show.setAccessibleName(f"Show health of {student.first_name}")
        row.addWidget(show)
        row.addStretch(1)
        show.clicked.connect(lambda: self.healthRequested.emit(student.id))
        return fact("Health", holder, Label(LOOKING_IS_RECORDED, "small", "text3"))

    def show_health_of(self, student_id: str) -> None:
        """Show a student's health fields from now on, until `forget_shown_health`."""
        self._shown_health.add(student_id)

    def forget_shown_health(self) -> None:
        """Hide the health fields again: another family, or the page was left."""
        self._shown_health.clear()

    def _archived(self, face: StudentFace) -> QWidget:
        t = theme.current()
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(t.px(16), t.px(6), t.px(12), t.px(6))
        row.addWidget(Label(f"{face.name} is archived", "body", "text2"), 1)
        student_id = face.student.id
        row.addWidget(Button("Look", Kind.QUIET, small=True, on_click=lambda: self.editRequested.emit(student_id)))
        return box


def health_words(student: Student) -> list[str]:
    """What was entered about a student's health, line by line."""
    lines = []
    if student.hearing_ok is not None:
        lines.append("Hearing: OK" if student.hearing_ok else "Hearing: not OK")
    if student.vision_ok is not None:
        lines.append("Vision: OK" if student.vision_ok else "Vision: not OK")
    if student.has_iep is not None:
        lines.append("IEP" if student.has_iep else "No IEP")
    for name, label in (
        ("medical_conditions", "Medical"),
        ("allergies", "Allergies"),
        ("behavior_notes", "Behavior"),
    ):
        assert name in HEALTH_FIELDS
        if getattr(student, name):
            lines.append(f"{label}: {getattr(student, name)}")
    return lines


def _grade_and_age(student: Student, today: date) -> str:
    parts = [f"Grade {student.grade}" if student.grade else ""]
    born = student.date_of_birth
    if born is not None:
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        parts.append(f"age {years}")
    if not student.is_active:
        parts.append("not active")
    return ", ".join(part for part in parts if part) or "Grade not set"


def _or_none(text: str) -> Paragraph:
    return words(text) if text else words("none", "text3")


def _address(face: FamilyFace, number: int) -> str:
    def part(name: str) -> str:
        return str(getattr(face.family, f"parent{number}_{name}"))

    region = " ".join(each for each in (part("state"), part("postal_code")) if each)
    town = ", ".join(each for each in (part("city"), region) if each)
    return "\n".join(each for each in (part("address"), town) if each)
