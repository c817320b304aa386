"""The sheet that copies one week to another: what of it, what falls on closed days, and the conflicts, all before
saving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from PySide6.QtWidgets import QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow, read_entries
from desktop.schedule.schedule_sheet import (
    PreviewList,
    ScheduleSheet,
    add_conflicts,
    day_words,
    form_column,
    sessions_words,
)
from desktop.store.store import Store
from desktop.widgets import CheckBox, ComboBox, DateInput, EmptyState, Field, Label, Line, Option, Paragraph
from shared_models.schedule.explained import EntryWords, ExplainedConflict, entry_words, explain
from shared_models.schedule.week_copies import copy_week

_WIDTH = 860
_FORM_WIDTH = 330


@dataclass(frozen=True, slots=True)
class CopyPreview:
    """What a copy would make: the sessions of each new day, what is left out and why, and the conflicts."""

    days: dict[date, int]
    skipped: tuple[tuple[date, str], ...]
    conflicts: tuple[ExplainedConflict, ...]
    new_ids: frozenset[str]


class CopyWeekSheet(ScheduleSheet):
    """From which week to which, and what of it."""

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Directory, day: date,
        location_id: str = "",
    ) -> None:  # fmt: skip
        super().__init__(host, store, clock, "Copy a week", "Copy", _WIDTH)
        self._directory = directory
        self._rows: list[EntryRow] = []
        self.shown: CopyPreview | None = None
        px = theme.current().px
        today = clock().astimezone(directory.zone).date()
        monday = day - timedelta(days=day.weekday())
        column = form_column(self, _FORM_WIDTH)
        self.source = DateInput(today, monday, name="The week of")
        self.target = DateInput(today, monday + timedelta(days=7), name="To the week of")
        self._source_field = Field("The week of", self.source)
        self._target_field = Field("To the week of", self.target)
        column.addWidget(self._source_field)
        column.addWidget(self._target_field)
        own = [Option(place.id, place.name) for place in directory.places if not directory.is_foreign(place.id)]
        words = "All locations" if directory.own_places is None else "All my locations"
        chosen = "" if directory.is_foreign(location_id) else location_id
        self.location = ComboBox([Option("", words), *own], chosen, name="Location")
        tutors = [Option("", "All tutors")]
        tutors += [
            Option(tutor.id, tutor.name, person=True) for tutor in directory.tutors.values() if not tutor.is_archived
        ]
        self.tutor = ComboBox(tutors, "", name="Tutor")
        column.addWidget(Field("Location", self.location))
        column.addWidget(Field("Tutor", self.tutor))
        self.only_single = CheckBox("Only sessions that do not repeat", checked=True)
        column.addWidget(self.only_single)
        column.addWidget(Paragraph("Sessions of a series come back by themselves.", "small", "text2"))
        column.addStretch(1)
        for field in (self.source, self.target, self.location, self.tutor):
            field.valueChanged.connect(self.look_soon)
        self.only_single.toggled.connect(lambda _: self.look_soon())
        self.body.addWidget(Line(vertical=True))
        self.list = PreviewList("What would be copied")
        self.list.setMinimumHeight(px(400))
        self.body.addWidget(self.list, 1)
        self.do_action.setEnabled(False)
        self.look_soon()

    def _weeks(self) -> tuple[date, date] | None:
        source, target = self.source.value(), self.target.value()
        if source is None or target is None:
            return None
        return source - timedelta(days=source.weekday()), target - timedelta(days=target.weekday())

    def _passes(self, row: EntryRow, monday: date) -> bool:
        return (
            row.is_live
            and not self._directory.is_foreign(row.location_id)
            and monday <= row.day <= monday + timedelta(days=6)
            and self.location.value() in ("", row.location_id)
            and self.tutor.value() in ("", row.tutor_id)
            and not (self.only_single.isChecked() and row.series_id is not None)
        )

    def first_field(self) -> QWidget | None:
        return self.source

    def look(self) -> None:
        """Copy it for show only, and see what comes of it."""
        weeks = self._weeks()
        if weeks is None or weeks[0] == weeks[1]:
            self.shown = None
            self._show_preview()
            self.complain("Choose two different weeks." if weeks else "Choose a day of each week.")
            return
        source, target = weeks
        directory, organization_id = self._directory, self.store.organization_id

        def job(session: Session) -> tuple[list[EntryRow], CopyPreview]:
            found = read_entries(session, directory, source, source + timedelta(days=6))
            rows = [row for row in found if self._passes(row, source)]
            copied = copy_week(session, None, organization_id, source, target, entry_ids=[row.id for row in rows])
            ids = frozenset(copied.entry_ids)
            words = entry_words(session, organization_id, ids | {one.entry_id for one in copied.skipped})
            days = Counter(words[entry_id].starts.date() for entry_id in copied.entry_ids)
            skipped = tuple((one.day, _title(words[one.entry_id])) for one in copied.skipped)
            conflicts = tuple(explain(session, organization_id, copied.conflicts))
            return rows, CopyPreview(dict(sorted(days.items())), skipped, conflicts, ids)

        self.preview(job, lambda answer: self._previewed(cast("tuple[list[EntryRow], CopyPreview]", answer)))

    def _previewed(self, answer: tuple[list[EntryRow], CopyPreview]) -> None:
        self._rows, self.shown = answer
        self._show_preview()

    def _show_preview(self) -> None:
        column = self.list.clear()
        preview = self.shown
        count = sum(preview.days.values()) if preview is not None else 0
        self.do_action.setText(f"Copy {sessions_words(count)}" if count else "Copy")
        self.do_action.setEnabled(count > 0)
        if preview is None or not (count or preview.skipped):
            column.addWidget(
                EmptyState("calendar-days", "Nothing to copy", "No session of that week fits the choice.")
            )
            self.list.end()
            self.say("")
            return
        column.addWidget(Label(sessions_words(count), "section"))
        for day, number in preview.days.items():
            column.addWidget(Label(f"{day_words(day)}: {number}", "body", tabular=True))
        if preview.skipped:
            column.addSpacing(theme.current().px(8))
            column.addWidget(Label(f"{len(preview.skipped)} left out, as the location is closed", "body_strong"))
            for day, title in preview.skipped:
                column.addWidget(Label(f"{day_words(day)}: {title}", "small", "text2", elide=True))
        add_conflicts(column, preview.conflicts, preview.new_ids)
        self.list.end()
        self.say("You can copy now and settle the conflicts later. They stay marked." if preview.conflicts else "")

    def do(self) -> None:
        """Copy, as one step."""
        weeks = self._weeks()
        if weeks is None or not self.do_action.isEnabled():
            return
        source, target = weeks
        count = sum(self.shown.days.values()) if self.shown is not None else 0
        said = f"Copied {sessions_words(count)} to the week of {day_words(target)}"

        def work() -> str:
            ids = [row.id for row in self._rows]
            with self.store.write(said) as session:
                copied = copy_week(
                    session, self.store.recorder, self.store.organization_id, source, target, entry_ids=ids
                )
            return f"{said}, {len(copied.conflicts)} in conflict" if copied.conflicts else said

        self.attempt(work)


def _title(words: EntryWords) -> str:

    return ", ".join(part for part in (words.title, words.who) if part)
