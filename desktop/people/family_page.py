"""One family on one screen: parents, students, note, sessions and what happened. Forms open at the right, never over
what they are about; each change is one write with a description, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.page import Changes, PageHeader
from desktop.people.family_cards import NoteCard, ParentsCard, StudentsCard, clear
from desktop.people.family_privacy import FamilyPrivacy
from desktop.people.family_rows import (
    FamilyFace,
    PeopleCenter,
    StudentFace,
    load_center,
    load_family,
    load_sessions,
)
from desktop.people.person_forms import ParentsForm, PersonForm, StudentForm
from desktop.people.proposed_forms import proposed_form
from desktop.people.reach import EVERYTHING, Reach, family_reach, own_part, student_reach, why_not_scheduled
from desktop.people.session_trouble import trouble_of
from desktop.people.sessions_card import SessionsCard
from desktop.people.timeline import load_timeline
from desktop.people.timeline_card import TimelineCard
from desktop.permissions import Permissions
from desktop.proposals import NotOpened, Proposal, saving
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets.actions import allow, make_action
from desktop.widgets.buttons import Button, IconButton, Kind
from desktop.widgets.choices import Menu
from desktop.widgets.labels import Note, Tone
from desktop.widgets.panels import ScrollArea
from shared_models.access.policy import HEALTH_FIELDS
from shared_models.people import operations
from shared_models.people.operations import NewStudent, PeopleError
from shared_models.schedule.bookings import conflicts_of_entries

_TABLES = frozenset(
    {"family", "student", "student_subject", "lead", "lead_contact", "attendee", "schedule_entry", "entry_room",
     "series", "location", "subject", "topic", "user", "tutor", "room", "health_access"}
)  # fmt: skip
_FEW, _ALL = 11, 2000


class FamilyView(QWidget):
    """Signals: `backRequested`, `actionDone` (words, undoable), `navigate` (page, id), `entryRequested` (student id:
    book something), `gone` when the family is no longer there to be shown."""

    backRequested = Signal()
    actionDone = Signal(str, bool)
    navigate = Signal(str, str)
    entryRequested = Signal(str)
    gone = Signal()

    shows_focus_ring = False

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self.family_id = ""
        self.face: FamilyFace | None = None
        self.form: PersonForm | None = None
        self._aside: dict[str, PersonForm] = {}
        self._reach = EVERYTHING
        self._student_reaches: dict[str, Reach] = {}
        with store.read() as session:
            self.center: PeopleCenter = load_center(session, store.organization_id)
        self._build()
        self._make_actions()

    def open_family(self, family_id: str) -> bool:
        """Show a family; false when there is none with this id."""
        if family_id != self.family_id:
            self.students.forget_shown_health()
            self.sessions.shows_all = False
            self.sessions.period.set_value("coming")
            self._put_form_aside()
            self.note.put_aside()
        self.family_id = family_id
        if not self.reload():
            return False
        waiting = self._aside.pop(family_id, None)
        if waiting is not None:
            self._show_form(waiting)
        return True

    def refresh(self, changes: Changes) -> None:
        """Read again what changed; open forms keep what is typed in them."""
        if not self.family_id or not _TABLES & changes.keys():
            return
        if {"location", "subject", "topic"} & changes.keys():
            with self._store.read() as session:
                self.center = load_center(session, self._store.organization_id)
        if not self.reload():
            self.gone.emit()

    def reload(self) -> bool:
        """Read and show the family anew; false when it is not there."""
        organization_id = self._store.organization_id
        now = self._clock()
        local_now = now.astimezone(self.center.zone)
        with self._store.read() as session:
            face = load_family(session, organization_id, self.family_id)
            if face is None:
                self.face = None
                return False
        self.face = face
        reach = self._reach = family_reach(self._store, face)
        reaches = self._student_reaches = {
            one.student.id: student_reach(self._store, one.student) for one in face.students
        }
        with self._store.read() as session:
            timeline = load_timeline(
                session, organization_id, face, now=now, zone=self.center.zone, reach=reach, student_reaches=reaches
            )
        self.header.set_title(face.title, face.subtitle)
        caller, phone, email = face.caller
        self._call_button.setText(f"Call {caller}")
        self._call_button.setAccessibleName(f"Call {caller}")
        self._call_button.setEnabled(bool(phone))
        self._call_button.updateGeometry()
        self._mail_button.setEnabled(bool(email) and reach.shows("parent1_email"))
        self.parents.show_family(face, reach)
        self.note.show_note(face.family.id, face.family.notes)
        self.note.setVisible(reach.shows("notes"))
        self.students.show_students(face.students, local_now.date(), reaches)
        self.timeline.show_moments(timeline, local_now, face.family.id)
        self._show_sessions()
        self._show_archived(face)
        return True

    def edit_parents(self) -> None:
        """Open the form for the parents."""
        if self.face is None or self._is_closed(self._reach):
            return
        form = ParentsForm(self.face, self.center, self._today())
        form.accepted.connect(lambda: self._save_parents(form))
        self._open_form(form)

    def edit_student(self, student_id: str) -> None:
        """Open the form for a student."""
        if self.face is None:
            return
        face = next((face for face in self.face.students if face.student.id == student_id), None)
        if face is None or self._is_closed(self._student_reaches.get(student_id, EVERYTHING)):
            return
        form = StudentForm(face, own_part(self.center, self._store), self._today())
        form.accepted.connect(lambda: self._save_student(form))
        form.archiveRequested.connect(lambda: self._archive_student(student_id))
        form.healthRequested.connect(lambda: self._show_health_in(form, student_id))
        self._open_form(form)

    def add_student(self) -> None:
        """Open the form for a new student."""
        if self.face is None:
            return
        live = [face for face in self.face.students if face.student.archived_at is None]
        location_id = live[0].student.location_id if live else ""
        last_name = live[0].student.last_name if live else self.face.family.parent1_last_name
        center = own_part(self.center, self._store)
        location_id = location_id if location_id in dict(center.locations) else ""
        form = StudentForm(None, center, self._today(), last_name=last_name, location_id=location_id)
        form.set_words("New student", self.face.title)
        form.accepted.connect(lambda: self._save_student(form))
        self._open_form(form)

    def propose(self, proposal: Proposal) -> None:
        """Open the form for the parents or for a student with values that are not saved. Raises NotOpened."""
        if self.form is not None and self.form.is_changed():
            raise NotOpened("Save or cancel what you are changing first.")
        form = proposed_form(self._store, proposal, self.center, self._today())
        if isinstance(form, ParentsForm):
            form.accepted.connect(lambda: self._save_parents(form))
        else:
            form.accepted.connect(lambda: self._save_student(form))
            form.healthRequested.connect(lambda: self._show_health_in(form, proposal.row_id))
            if proposal.touches("student", HEALTH_FIELDS) and not proposal.is_new:
                self._show_health_in(form, proposal.row_id)
            elif proposal.is_new:
                form.show_health()
        self._open_form(form)

    def archive_or_restore(self) -> None:
        """Hide the family everywhere, or bring it back."""
        face = self.face
        if face is None or self._is_closed(self._reach):
            return
        is_archived = face.family.archived_at is not None

        def change(session: Session) -> None:
            if is_archived:
                operations.restore_family(session, self._store.organization_id, face.family.id)
            else:
                operations.archive_family(session, self._store.organization_id, face.family.id, now=self._clock())

        self._close_form()
        self._write(f"{'Restored' if is_archived else 'Archived'} the {face.title}", change)

    def _is_closed(self, reach: Reach) -> bool:
        """Whether the person here may change nothing of it, which is then said."""
        if not reach.can_change:
            self.actionDone.emit(reach.why, False)
        return not reach.can_change

    def _erased(self, whole_family: bool) -> None:
        self._close_form()
        if whole_family:
            self.backRequested.emit()

    def _build(self) -> None:
        t = theme.current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.header = PageHeader("")
        self.header.hide_search()
        self.header.bell.hide()
        back = IconButton("chevron-left", "All families", on_click=self.backRequested.emit)
        row = self.header.layout()
        assert isinstance(row, QHBoxLayout)
        row.insertWidget(0, back)
        self._call_button = Button("Call", icon="phone", on_click=self._call)
        self._mail_button = Button("E-mail", icon="mail", on_click=self._mail)
        self._print_button = Button("Schedule", icon="printer", on_click=self.print_schedule)
        self._print_button.setToolTip("Print the family’s coming sessions")
        self._more_button = IconButton("ellipsis", "More for this family", Kind.SECONDARY, on_click=self._open_menu)
        for button in (self._call_button, self._mail_button, self._print_button, self._more_button):
            self.header.right.insertWidget(self.header.right.count() - 1, button)
        outer.addWidget(self.header)
        self._banner = QVBoxLayout()
        self._banner.setContentsMargins(t.size.margin, 0, t.size.margin, 0)
        outer.addLayout(self._banner)
        self.row = QHBoxLayout()
        self.row.setContentsMargins(t.size.margin, 0, t.size.margin, t.px(12))
        self.row.setSpacing(t.px(16))
        outer.addLayout(self.row, 1)
        self.parents = ParentsCard(self.center.country)
        self.note = NoteCard()
        self.students = StudentsCard()
        self.sessions = SessionsCard()
        self.timeline = TimelineCard(self._store)
        self._left = _scrolled(self.parents, self.note)
        self.row.addWidget(self._left)
        self.row.addWidget(_scrolled(self.students, self.sessions), 1)
        self.row.addWidget(self.timeline)
        self.parents.editRequested.connect(self.edit_parents)
        self.note.saved.connect(self._save_note)
        self.students.editRequested.connect(self.edit_student)
        self.students.addRequested.connect(self.add_student)
        self.students.entryRequested.connect(self.entryRequested)
        self.students.healthRequested.connect(self._show_health)
        self.sessions.openRequested.connect(lambda entry_id: self.navigate.emit("Calendar", entry_id))
        self.sessions.changed.connect(self._show_sessions)

    def resizeEvent(self, event: QResizeEvent) -> None:
        t = theme.current()
        is_narrow = self.width() < t.px(1300)
        self._left.setFixedWidth(t.px(270 if is_narrow else 306))
        self.timeline.setFixedWidth(t.px(330 if is_narrow else 370))
        super().resizeEvent(event)

    def _make_actions(self) -> None:
        self.new_entry_action = make_action(
            self, "New entry", self._new_entry, icon="calendar-plus", shortcut="N", helper="Books a session."
        )
        self.header.set_primary(self.new_entry_action)
        self.vacation_action = make_action(
            self, "Vacation", self._vacation, icon="sun", helper="A student is away for some days."
        )
        self.back_action = make_action(
            self, "Back to all families", self.backRequested.emit, icon="chevron-left", shortcut="Alt+Left"
        )
        self.edit_action = make_action(self, "Edit parents", self.edit_parents, icon="pencil", shortcut="E")
        self.add_action_ = make_action(self, "Add student", self.add_student, icon="user-plus", shortcut="A")
        self.note_action = make_action(self, "Edit the note", self.note.start_editing, icon="file-text", shortcut="O")
        self.archive_action = make_action(self, "Archive or restore family", self.archive_or_restore, icon="archive")
        self.privacy = FamilyPrivacy(self, self._store, self._clock, lambda: self.face)
        self.privacy.said.connect(lambda words: self.actionDone.emit(words, False))
        self.privacy.erased.connect(self._erased)

    def _today(self) -> date:
        return self._clock().astimezone(self.center.zone).date()

    def _show_sessions(self) -> None:
        now = self._clock()
        with self._store.read() as session:
            sessions = load_sessions(
                session,
                self._store.organization_id,
                self.family_id,
                now=now,
                zone=self.center.zone,
                past=self.sessions.shows_past,
                limit=_ALL if self.sessions.shows_all else _FEW,
            )
            trouble = None
            if not self.sessions.shows_past:
                ids = {row.entry_id for row in sessions.rows[:_FEW]}
                trouble = trouble_of(
                    conflicts_of_entries(session, self._store.organization_id, ids),
                    ids,
                    sessions,
                    now.astimezone(self.center.zone).date(),
                )
        note = None
        if trouble is not None:
            entry_id = trouble.entry_id
            button = Button("Look", small=True, on_click=lambda: self.navigate.emit("Calendar", entry_id))
            icon = "circle-alert" if trouble.tone is Tone.DANGER else "clock"
            note = Note(trouble.sentence, "", trouble.tone, icon, button)
        marked = trouble.marked if trouble is not None else {}
        self.sessions.show_sessions(sessions, self._today(), marked=marked, note=note)

    def _show_archived(self, face: FamilyFace) -> None:
        clear(self._banner)
        is_archived = face.family.archived_at is not None
        if is_archived:
            button = Button("Restore", small=True, on_click=self.archive_or_restore)
            text = "It shows nowhere else. Restoring brings back the students that were archived with it."
            self._banner.addWidget(Note("This family is archived", text, Tone.NEUTRAL, "archive", button))
            self._banner.addSpacing(theme.current().px(12))
        elif not self._reach.can_change:
            self._banner.addWidget(Note("A family of another location", self._reach.why, Tone.NEUTRAL, "info"))
            self._banner.addSpacing(theme.current().px(12))
        for action in (self.edit_action, self.note_action, self.archive_action):
            allow(action, "" if self._reach.can_change else self._reach.why)
        allow(self.add_action_, Permissions.of(self._store).why_not_new("student"))
        why = why_not_scheduled(self._store, face, self._reach, len(self._bookable()))
        allow(self.new_entry_action, why)
        allow(self.vacation_action, why)

    def _open_form(self, form: PersonForm) -> None:
        if self.form is not None and self.form.is_changed():
            form.deleteLater()
            self.form.save_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.actionDone.emit("Save or cancel what you are changing first.", False)
            return
        self._close_form()
        form.begin()
        form.cancelled.connect(self._close_form)
        self._show_form(form)
        form.first_input().setFocus(Qt.FocusReason.TabFocusReason)

    def _show_form(self, form: PersonForm) -> None:
        self.form = form
        self.timeline.hide()
        self.row.addWidget(form)
        form.open_panel(animated=False)

    def _put_form_aside(self) -> None:
        """Another family comes: what was typed waits until this one is opened again."""
        form = self.form
        if form is not None and form.is_changed():
            form.hide()
            self.row.removeWidget(form)
            self._aside[self.family_id] = form
            self.form = None
        self._close_form()

    def _close_form(self) -> None:
        form, self.form = self.form, None
        if form is not None:
            form.hide()
            self.row.removeWidget(form)
            form.deleteLater()
        self.timeline.show()

    def _save_parents(self, form: ParentsForm) -> None:
        face = self.face
        if face is None or self._refused(form, form.input_problems()):
            return
        warnings: dict[str, str] = {}

        def change(session: Session) -> None:
            warnings.update(
                operations.change_family(
                    session,
                    self._store.organization_id,
                    face.family.id,
                    form.values(),
                    country=self.center.country,
                )
            )

        self._save(form, f"Changed the parents of the {face.title}", change, warnings)

    def _save_student(self, form: StudentForm) -> None:
        face = self.face
        if face is None or self._refused(form, form.input_problems()):
            return
        warnings: dict[str, str] = {}
        values, wishes = form.values(), form.wishes()
        student_id = form.student_id

        def change(session: Session) -> None:
            organization_id, country = self._store.organization_id, self.center.country
            if student_id is None:
                student = NewStudent(str(values["location_id"]), values, wishes)
                added = operations.add_student(
                    session, organization_id, face.family.id, student, today=self._today(), country=country
                )
                warnings.update(added.warnings)
            else:
                warnings.update(
                    operations.change_student(
                        session,
                        organization_id,
                        student_id,
                        values,
                        wishes,
                        now=self._clock(),
                        today=self._today(),
                        country=country,
                    )
                )

        name = f"{values['first_name']} {values['last_name']}".strip()
        self._save(form, f"{'Added' if student_id is None else 'Changed'} {name}", change, warnings)

    def _save_note(self, text: str) -> None:
        face = self.face
        if face is not None and text != face.family.notes:
            self._write(
                f"Changed the note of the {face.title}",
                lambda session: operations.change_family(
                    session, self._store.organization_id, face.family.id, {"notes": text}
                ),
            )

    def _archive_student(self, student_id: str) -> None:
        face = self.face
        if face is None:
            return
        student = next(each for each in face.students if each.student.id == student_id)
        is_archived = student.student.archived_at is not None

        def change(session: Session) -> None:
            if is_archived:
                operations.restore_student(session, self._store.organization_id, student_id)
            else:
                operations.archive_student(session, self._store.organization_id, student_id, now=self._clock())

        self._close_form()
        self._write(f"{'Restored' if is_archived else 'Archived'} {student.name}", change)

    def _refused(self, form: PersonForm, problems: dict[str, str]) -> bool:
        if problems:
            form.show_problems(problems)
        return bool(problems)

    def _save(
        self, form: PersonForm, done: str, change: Callable[[Session], object], warnings: dict[str, str]
    ) -> None:
        try:
            with saving(self._store, done, form.proposal) as session:
                change(session)
        except PeopleError as error:
            form.show_problems(error.problems)
            return
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        self._close_form()
        words = f"{done}. {' '.join(warnings.values())} Kept as typed." if warnings else done
        self.actionDone.emit(words, True)

    def _write(self, done: str, change: Callable[[Session], object]) -> None:
        try:
            with self._store.write(done) as session:
                change(session)
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        self.actionDone.emit(done, True)

    def _show_health(self, student_id: str) -> None:
        if self._recorded_looking(student_id) and self.face is not None:
            self.students.show_health_of(student_id)
            self.students.show_students(self.face.students, self._today())

    def _show_health_in(self, form: StudentForm, student_id: str) -> None:
        if self._recorded_looking(student_id):
            form.show_health()

    def _recorded_looking(self, student_id: str) -> bool:
        """Every reading of health fields is recorded (product §9); what cannot be recorded is not shown. There is
        nothing to undo about it."""
        store = self._store
        try:
            with store.write() as session:
                operations.record_health_access(
                    session, store.organization_id, student_id, store.user_id, now=self._clock()
                )
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return False
        return True

    def _bookable(self) -> list[StudentFace]:
        """The live students for whom the person here books sessions."""
        faces = self.face.students if self.face is not None else ()
        live = [face for face in faces if face.student.archived_at is None]
        return [face for face in live if self._student_reaches[face.student.id].can_change]

    def _vacation(self) -> None:
        live = self._bookable()
        if live:
            self.navigate.emit("Calendar", f"vacation {live[0].student.id}")

    def _new_entry(self) -> None:
        live = self._bookable()
        if live:
            self.entryRequested.emit(live[0].student.id)

    def _call(self) -> None:
        if self.face is not None:
            QDesktopServices.openUrl(QUrl(f"tel:{self.face.caller[1]}"))

    def _mail(self) -> None:
        if self.face is not None:
            QDesktopServices.openUrl(QUrl(f"mailto:{self.face.caller[2]}"))

    def print_schedule(self) -> None:
        """Preview the list of coming sessions that a family takes home."""
        if self.face is None:
            return
        from desktop.printing.kinds import PrintKind, PrintParameters
        from desktop.printing.preview_dialog import open_preview

        parameters = PrintParameters(family_id=self.face.family.id)
        preview = open_preview(self._store, PrintKind.FAMILY, parameters, self, self._clock)
        preview.said.connect(lambda words: self.actionDone.emit(words, False))

    def _open_menu(self) -> None:
        menu = Menu(self)
        menu.add("Add student", self.add_student, "user-plus")
        menu.add("Edit parents", self.edit_parents, "pencil").setEnabled(self._reach.can_change)
        menu.addSeparator()
        is_archived = self.face is not None and self.face.family.archived_at is not None
        words = "Restore this family" if is_archived else "Archive this family"
        archive = menu.add(words, self.archive_or_restore, "archive-restore" if is_archived else "archive")
        archive.setEnabled(self._reach.can_change)
        self.privacy.add_to(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._more_button.mapToGlobal(self._more_button.rect().bottomLeft()))


def _scrolled(*cards: QWidget) -> ScrollArea:
    t = theme.current()
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(t.px(14))
    for card in cards:
        column.addWidget(card)
    column.addStretch(1)
    return ScrollArea(inside)
