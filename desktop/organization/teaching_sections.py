"""Smaller settings of teaching: subjects with their topics, and durations with the buffer and the grid."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout
from sqlalchemy import select

from desktop import theme
from desktop.organization.section import Section
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    Field,
    Group,
    Kind,
    NumberInput,
    Option,
    RowModel,
    SearchField,
    Segmented,
    TableView,
    TextInput,
    Toggle,
    TokenField,
    Tone,
)
from desktop.widgets.panels import Line
from desktop.widgets.parsing import plain
from shared_models.catalog.models import Subject, Topic
from shared_models.catalog.operations import add_subject, add_topic
from shared_models.organization.models import Organization
from shared_models.organization.operations import archive, set_fields

_NEW_SUBJECT = "new"


def minutes_in_words(minutes: int) -> str:
    """ "90 min", "3 h", "6 h"."""
    return f"{minutes // 60} h" if minutes >= 120 and minutes % 60 == 0 else f"{minutes} min"


class SubjectsSection(Section):
    """All topics by subject, with a search; own ones are added in the line above."""

    key: ClassVar[str] = "subjects"
    title: ClassVar[str] = "Subjects and topics"
    explanation: ClassVar[str] = "The standard ones are the same everywhere; add your own."
    table: ClassVar[str] = "topic"
    tables: ClassVar[frozenset[str]] = frozenset({"subject", "topic"})
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The line to add one, and the list."""
        t = theme.current()
        row = QHBoxLayout()
        row.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        row.setSpacing(t.px(12))
        self._subject = ComboBox(placeholder="Choose a subject")
        self._name = Field("New topic", TextInput(placeholder="Creative writing"))
        row.addWidget(Field("Subject", self._subject), 2, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._name, 3, Qt.AlignmentFlag.AlignTop)
        add = Button("Add", Kind.PRIMARY, on_click=self.add)
        row.addWidget(add, 0, Qt.AlignmentFlag.AlignBottom)
        self._name.input.returnPressed.connect(self.add)  # type: ignore[attr-defined]
        self._subject.valueChanged.connect(self._chosen)
        self.content.addLayout(row)
        self.content.addWidget(Line())
        self._search = SearchField("Find a topic", "")
        self._search.setFixedWidth(t.px(200))
        self._search.textEdited.connect(lambda _: self._show())
        self.tools.addWidget(self._search)
        self._model: RowModel[Topic] = RowModel([
            Column("Topic", lambda topic: Cell("   " + topic.name)),
            Column("", lambda topic: Cell() if topic.is_standard else Cell("Own", tag=Tone.ACCENT), 80),
            Column("", lambda topic: Cell() if topic.is_standard or not self.can_write
                   else Cell(icon="archive", icon_tone="text3"), 48),
        ])  # fmt: skip
        self.list = TableView(self._model, "Subjects and topics")
        self.list.horizontalHeader().hide()
        self.list.clicked_cell.connect(lambda line, column: self._archive(line) if column == 2 else None)
        self.content.addWidget(self.list)
        self.content.addStretch(1)
        self.guard(self._subject, self._name, add)

    def read(self) -> None:
        """Read all subjects and topics."""
        organization_id = self.store.organization_id
        with self.store.read() as session:
            self._subjects = session.scalars(
                select(Subject)
                .where(Subject.organization_id == organization_id, Subject.archived_at.is_(None))
                .order_by(Subject.position, Subject.name)
            ).all()
            topics = session.scalars(
                select(Topic)
                .where(Topic.organization_id == organization_id, Topic.archived_at.is_(None))
                .order_by(Topic.position, Topic.name)
            ).all()
        self._topics: dict[str, list[Topic]] = defaultdict(list)
        for topic in topics:
            self._topics[topic.subject_id].append(topic)
        options = [Option(subject.id, subject.name) for subject in self._subjects]
        self._subject.set_options([*options, Option(_NEW_SUBJECT, "A new subject")])
        self._show()

    def _show(self) -> None:
        wanted = plain(self._search.text().strip())
        rows: list[Topic | Group] = []
        for subject in self._subjects:
            matching = [
                topic for topic in self._topics[subject.id]
                if wanted in plain(topic.name) or wanted in plain(subject.name)
            ]  # fmt: skip
            if matching or not wanted:
                count = len(self._topics[subject.id])
                rows.append(Group(subject.name, right=f"{count} topic" if count == 1 else f"{count} topics"))
                rows += matching
        self._model.set_rows(rows)
        self.list.fit_height()

    def _chosen(self, key: str) -> None:
        self._name.label.setText("New subject" if key == _NEW_SUBJECT else "New topic")

    def add(self) -> None:
        """Add what is in the line above the list."""
        entry = self._name.input
        assert isinstance(entry, TextInput)
        name, subject = entry.text().strip(), self._subject.value()
        wrong = "" if name else "Write its name."
        if not subject:
            wrong = "Choose the subject it belongs to."
        self._name.set_error(wrong)
        if wrong:
            return
        organization_id = self.store.organization_id
        if subject == _NEW_SUBJECT:
            saved = self.save(
                f"Added the subject {name}", lambda session: add_subject(session, organization_id, name)
            )
        else:
            saved = self.save(f"Added the topic {name}",
                              lambda session: add_topic(session, organization_id, subject, name))  # fmt: skip
        if saved:
            entry.clear()
            entry.setFocus()

    def _archive(self, line: int) -> None:
        topic = self._model.row(line)
        if isinstance(topic, Topic) and not topic.is_standard and self.can_write:
            self.save(f"Archived {topic.name}", lambda session: archive(
                session, Topic, topic.organization_id, topic.id, now=self.clock()))  # fmt: skip


class RulesSection(Section):
    """Durations, buffer, grid, and whether every other week is allowed."""

    key: ClassVar[str] = "rules"
    title: ClassVar[str] = "Durations and buffer"
    explanation: ClassVar[str] = "What new entries start with. Entries that are booked stay as they are."
    table: ClassVar[str] = "organization"
    tables: ClassVar[frozenset[str]] = frozenset({"organization"})

    def build(self) -> None:
        """The fields."""
        offered = [Option(str(minutes), minutes_in_words(minutes), find_by=str(minutes))
                   for minutes in (*range(15, 121, 15), 150, 180, 210, 240, 300, 360, 420, 480)]  # fmt: skip
        self._durations = TokenField(offered, placeholder="Add a duration", name="Durations")
        self._durations.valuesChanged.connect(self._save_durations)
        self._durations_field = Field("Durations of sessions", self._durations,
                                      helper="The list that one chooses from when scheduling.")  # fmt: skip
        self.content.addWidget(self._durations_field)
        self._buffer = NumberInput(15, 0, 240)
        self._buffer.committed.connect(self._save_buffer)
        words = "Tutor and rooms stay blocked this long; an entry can do without."
        self._buffer_field = Field("Buffer after a session, minutes", self._buffer, helper=words)
        self._grid = Segmented([(str(step), f"{step} min") for step in (5, 10, 15, 20, 30, 60)], "15", name="Grid")
        self._grid.changed.connect(lambda value: self._save("start_grid_minutes", int(value), "the grid of starts"))
        grid = Field("Sessions start every", self._grid, helper="A start of 4:01 is never proposed.")
        self.pairs(self._buffer_field, grid)
        self._biweekly = Toggle("Every other week is allowed")
        self._biweekly.clicked.connect(
            lambda: self._save("biweekly_allowed", self._biweekly.isChecked(), "whether every other week is allowed")
        )
        self.content.addWidget(self._biweekly)
        self.content.addStretch(1)
        self.guard(self._durations, self._buffer, self._grid, self._biweekly)

    def read(self) -> None:
        """Show what is stored."""
        with self.reading() as session:
            row = session.get(Organization, (self.store.organization_id, self.store.organization_id))
        if row is None:
            return
        self._row = row
        self._durations.set_values([str(minutes) for minutes in row.session_durations_minutes])
        if not self._buffer.hasFocus():
            self._buffer.set_value(row.default_buffer_minutes)
        self._grid.set_value(str(row.start_grid_minutes))
        self._biweekly.setChecked(row.biweekly_allowed)

    def _save_durations(self) -> None:
        durations = sorted(int(minutes) for minutes in self._durations.values())
        self._durations_field.set_error("" if durations else "Keep at least one duration.")
        if durations and durations != self._row.session_durations_minutes:
            self._save("session_durations_minutes", durations, "the durations of sessions")

    def _save_buffer(self) -> None:
        minutes = self._buffer.value()
        self._buffer_field.set_error("" if minutes is not None else "Use minutes from 0 to 240.")
        if minutes is not None and minutes != self._row.default_buffer_minutes:
            self._save("default_buffer_minutes", minutes, "the buffer")

    def _save(self, name: str, value: object, words: str) -> None:
        organization_id = self.store.organization_id
        self.save(f"Changed {words}", lambda session: set_fields(
            session, Organization, organization_id, organization_id, **{name: value}), is_of_fields=True)  # fmt: skip
