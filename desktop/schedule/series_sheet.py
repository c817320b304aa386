"""The sheet that extends a series or ends it earlier: which sessions come or go, with their conflicts, all before
saving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from PySide6.QtWidgets import QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.permissions import own_places
from desktop.schedule.directory import Directory
from desktop.schedule.schedule_sheet import (
    PreviewList,
    ScheduleSheet,
    add_conflicts,
    day_words,
    form_column,
    sessions_words,
)
from desktop.schedule.series_reach import Staying, staying
from desktop.store.store import Store
from desktop.widgets import DateInput, Field, Label, Line, Paragraph
from shared_models.schedule.errors import NoSuchEntry
from shared_models.schedule.explained import ExplainedConflict, clock_range, entry_words, explain
from shared_models.schedule.models import Series
from shared_models.schedule.operations import entry_of
from shared_models.schedule.recurrence import Pattern, days_of
from shared_models.schedule.series_extent import preview_extent, set_last_day
from shared_models.schedule.series_operations import SeriesScope
from shared_models.schedule.series_rules import rule_of_series

_WIDTH = 760
_FORM_WIDTH = 320
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class ExtentShown:
    """What a new last day would do, and the conflicts of the sessions that it adds."""

    added_days: tuple[date, ...]
    archived_days: tuple[date, ...]
    closed_days: tuple[date, ...]
    conflicts: tuple[ExplainedConflict, ...]
    new_ids: frozenset[str]
    left_out: Staying


class SeriesSheet(ScheduleSheet):
    """The last day of a series, anew. Raises NoSuchEntry for an entry that is gone or stands alone."""

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Directory, entry_id: str
    ) -> None:
        super().__init__(host, store, clock, "How long the series goes on", "Save", _WIDTH)
        self._directory = directory
        self.shown: ExtentShown | None = None
        px = theme.current().px
        today = clock().astimezone(directory.zone).date()
        with store.read() as session:
            entry = entry_of(session, store.organization_id, entry_id)
            series = session.get(Series, (store.organization_id, entry.series_id or ""))
            if series is None:
                raise NoSuchEntry(entry_id)
            words = entry_words(session, store.organization_id, [entry_id])[entry_id]
            self._series_id, self._entry_id = series.id, entry_id
            days = list(days_of(rule_of_series(series, directory.time_zone)))
            self._last_day = days[-1] if days else series.first_day
            pattern = _pattern_words(series)
        self._title = ", ".join(part for part in (words.title, words.who) if part)
        column = form_column(self, _FORM_WIDTH)
        column.addWidget(Label(self._title, "body_strong", elide=True))
        when = f"{pattern}, {clock_range(words.starts, words.ends)}"
        column.addWidget(
            Paragraph(f"{when}. Until now to {day_words(self._last_day)}, {self._last_day.year}.", tone="text2")
        )
        self.last = DateInput(today, self._last_day, name="Last day")
        self.last.valueChanged.connect(self.look_soon)
        column.addWidget(
            Field("Last day", self.last, helper="A later day extends the series, an earlier one ends it.")
        )
        column.addStretch(1)
        self.body.addWidget(Line(vertical=True))
        self.list = PreviewList("What would change")
        self.list.setMinimumHeight(px(300))
        self.body.addWidget(self.list, 1)
        self.do_action.setEnabled(False)
        self.look_soon()

    def first_field(self) -> QWidget | None:
        return self.last

    def look(self) -> None:
        """Set the last day for show only."""
        last = self.last.value()
        if last is None or last == self._last_day:
            self.shown = None
            self._show_preview()
            return
        organization_id, series_id, now = self.store.organization_id, self._series_id, self.clock()
        own, store, entry_id = own_places(self.store), self.store, self._entry_id

        def job(session: Session) -> ExtentShown:
            known = preview_extent(session, organization_id, series_id, last, own)
            extent = set_last_day(session, None, organization_id, series_id, last, now=now, locations=own)
            conflicts = tuple(explain(session, organization_id, extent.conflicts))
            return ExtentShown(
                known.added_days, known.archived_days, known.closed_days, conflicts, frozenset(extent.added_ids),
                staying(store, entry_id, SeriesScope.ALL, after=last),
            )  # fmt: skip

        self.preview(job, lambda answer: self._previewed(cast("ExtentShown", answer)))

    def _previewed(self, shown: ExtentShown) -> None:
        self.shown = shown
        self._show_preview()

    def _show_preview(self) -> None:
        column, shown = self.list.clear(), self.shown
        self.say("")
        if shown is None:
            self.do_action.setText("Save")
            self.do_action.setEnabled(False)
            column.addWidget(Paragraph("Choose another last day to see what changes.", tone="text2"))
            self.list.end()
            return
        added, archived = len(shown.added_days), len(shown.archived_days)
        if added:
            self._add_days(f"Adds {sessions_words(added)}", shown.added_days)
        if archived:
            self._add_days(f"Archives {sessions_words(archived)}", shown.archived_days)
        if shown.closed_days:
            self._add_days(f"Leaves out {len(shown.closed_days)} closed days", shown.closed_days)
        if not (added or archived):
            column.addWidget(Paragraph("No session comes or goes with this day.", tone="text2"))
        add_conflicts(column, shown.conflicts, shown.new_ids)
        self.list.end()
        words = (
            f"Add {sessions_words(added)}" if added else f"Archive {sessions_words(archived)}" if archived else "Save"
        )
        self.do_action.setText(words)
        self.do_action.setEnabled(bool(added or archived))
        if archived and shown.left_out.count:
            self.say(shown.left_out.sentence)
        elif shown.conflicts:
            self.say("You can save now and settle the conflicts later. They stay marked.")

    def _add_days(self, heading: str, days: tuple[date, ...]) -> None:
        column = self.list.column
        column.addWidget(Label(heading, "body_strong"))
        some = ", ".join(day_words(day) for day in days[:8])
        more = f" and {len(days) - 8} more, to {day_words(days[-1])}" if len(days) > 8 else ""
        column.addWidget(Paragraph(some + more, "body", "text2"))

    def do(self) -> None:
        """Save it, as one step."""
        last, shown = self.last.value(), self.shown
        if last is None or shown is None or not self.do_action.isEnabled():
            return
        verb = "Extended" if shown.added_days else "Ended"
        said = f"{verb} {self._title}, now to {day_words(last)}"

        def work() -> str:
            with self.store.write(said) as session:
                extent = set_last_day(
                    session, self.store.recorder, self.store.organization_id, self._series_id, last,
                    now=self.clock(), locations=own_places(self.store),
                )  # fmt: skip
            return f"{said}, {len(extent.conflicts)} in conflict" if extent.conflicts else said

        self.attempt(work)


def _pattern_words(series: Series) -> str:
    """ "Wednesdays and Fridays", "Every 2 weeks on Mondays", "Daily"."""
    if Pattern(series.pattern.value) is not Pattern.WEEKLY:
        return "Daily"
    days = [_WEEKDAYS[weekday] for weekday in series.weekdays]
    named = " and ".join([", ".join(days[:-1]), days[-1]]) if len(days) > 1 else "".join(days)
    return f"Every {series.interval_weeks} weeks on {named}" if series.interval_weeks > 1 else named
