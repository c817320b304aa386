"""The week as PDF: all tutors as rows and days as columns for the wall, or one tutor's own week over an hour grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from desktop.printing.box_text import join
from desktop.printing.center_values import OpenDay
from desktop.printing.day_page import (
    Column,
    ColumnsBy,
    PrintedEntry,
    PrintedPerson,
    grid_minutes,
    minute_of,
    place,
)
from desktop.printing.fonts import Weight
from desktop.printing.listing import look_at
from desktop.printing.page_frame import Frame, PrintedPage, sheet_pdf
from desktop.printing.sheet import DAYS, MONTHS, PageSetup, counted, short_day_words, span_of_days
from desktop.printing.span_values import SpanSchedule
from desktop.printing.table_pages import Group, Table, TableColumn, Words, cell, table_pages
from desktop.printing.time_grid import TimeGrid, grid_pages, marks_of

_MANY_NAMES = 3
_LEAST_HOUR = 29.0
_SHORT_TITLE = 14
"""Up to so many letters, a title fits beside its hours."""


def week_pdf(week: SpanSchedule, setup: PageSetup | None = None) -> bytes:
    """The week of all tutors: a row for each, a column for each day, sessions in order of time."""
    table = _table_of(week)
    return sheet_pdf(
        week.sheet,
        setup or PageSetup(),
        f"Week by tutor, {week.location_name}",
        lambda frame: table_pages(frame, table),
    )


def tutor_weeks_pdf(week: SpanSchedule, setup: PageSetup | None = None, tutor: PrintedPerson | None = None) -> bytes:
    """The own week of each tutor who teaches in it, on a page for each; ``tutor`` is named when that one does not."""

    def compose(frame: Frame) -> list[PrintedPage]:
        tutors = week.tutors or ((tutor,) if tutor else ())
        if not tutors:
            title = f"Week of {span_of_days(week.first_day, week.last_day)}"
            nothing = ("Nobody teaches this week.", "No sessions are booked for any tutor.")
            return [PrintedPage(title, week.location_name, lambda: frame.say_empty(*nothing))]
        days = shown_days(week.days, week.entries)
        own: dict[str, list[PrintedEntry]] = defaultdict(list)
        for entry in week.entries:
            if entry.tutor is not None:
                own[entry.tutor.person_id].append(entry)
        return [page for one in tutors for page in grid_pages(frame, _grid_of(week, one, days, own[one.person_id]))]

    return sheet_pdf(week.sheet, setup or PageSetup(), "Week of a tutor", compose)


def shown_days(days: Sequence[OpenDay], entries: Sequence[PrintedEntry]) -> list[OpenDay]:
    """The days that get a column: those with hours or entries; Monday to Friday where there are neither."""
    busy = {entry.day for entry in entries}
    shown = [day for day in days if day.opens is not None or day.day in busy]
    return shown or [day for day in days if day.day.weekday() < 5] or list(days)


def _table_of(week: SpanSchedule) -> Table:
    days = shown_days(week.days, week.entries)
    numbers, _ = marks_of(week.conflicts)
    cells: dict[tuple[str, date], list[PrintedEntry]] = defaultdict(list)
    for entry in week.entries:
        cells[entry.tutor.person_id if entry.tutor else "", entry.day].append(entry)
    people = [(t.person_id, t.name) for t in week.tutors]
    if any(entry.tutor is None for entry in week.entries):
        people.append(("", "No tutor"))
    rows = tuple(
        (
            cell(name, Weight.SEMIBOLD),
            *(tuple(_block(e, numbers.get(e.entry_id, [])) for e in cells.get((key, day.day), ())) for day in days),
        )
        for key, name in people
    )
    busy = {e.day for e in week.entries}
    columns = [
        TableColumn(f"{short_day_words(d.day)}\nclosed", 58.0, 0.0)
        if d.closed_reason and d.day not in busy
        else TableColumn(short_day_words(d.day), 58.0)
        for d in days
    ]
    groups = [(f"{short_day_words(e.day)} {e.starts_words}", e) for e in week.entries if len(e.people) > _MANY_NAMES]
    counts = [
        counted(len(week.entries), "session", "sessions"),
        counted(len(week.tutors), "tutor", "tutors"),
        counted(len(week.conflicts), "conflict", "conflicts"),
    ]
    return Table(
        title=f"Week of {span_of_days(week.first_day, week.last_day)}",
        subtitle=", ".join(w for w in ("Week by tutor", week.location_name, week.sheet.scope_words) if w),
        columns=(TableColumn("Tutor", 66.0, 0.2), *columns),
        groups=(Group("", rows if week.entries else ()),),
        size=7.5,
        is_ruled=True,
        note=", ".join(counts),
        lists=look_at(week.conflicts, (), groups),
        empty=_nothing(week),
    )


def _block(entry: PrintedEntry, numbers: Sequence[int]) -> tuple[Words, ...]:
    """Time and title, then who and where."""
    people = join(entry.people)
    if len(entry.people) > _MANY_NAMES:
        people = f"{len(entry.people)} of {entry.capacity}"
    remark = f" ({entry.remark})" if entry.remark else ""
    title = entry.titles[0] if len(entry.titles[0]) <= _SHORT_TITLE else entry.titles[-1]
    first = Words(f"{entry.hours} {title}{remark}", Weight.SEMIBOLD, tuple(numbers))
    who = ", ".join(part for part in (people, entry.place) if part)
    return (first, Words(who)) if who else (first,)


def _grid_of(
    week: SpanSchedule, tutor: PrintedPerson, days: Sequence[OpenDay], entries: Sequence[PrintedEntry]
) -> TimeGrid:
    ids = {e.entry_id for e in entries}
    conflicts = tuple(c for c in week.conflicts if ids & set(c.entry_ids))
    by_day: dict[date, list[PrintedEntry]] = defaultdict(list)
    for entry in entries:
        by_day[entry.day].append(entry)
    open_minutes = {
        d.day: (minute_of(d.opens), minute_of(d.closes))
        for d in days
        if d.opens is not None and d.closes is not None and not d.closed_reason
    }
    title = f"{tutor.name}, {span_of_days(week.first_day, week.last_day)}"
    minutes = sum(int((e.ends - e.starts).total_seconds() // 60) for e in entries)
    hours = "1 hour" if minutes == 60 else f"{minutes / 60:g} hours"
    counts = [counted(len(entries), "session", "sessions"), hours, counted(len(conflicts), "conflict", "conflicts")]
    return TimeGrid(
        title=title,
        subtitle=", ".join(w for w in ("Week of a tutor", week.location_name, _other_scope(week, tutor)) if w),
        by=ColumnsBy.TUTOR,
        columns=tuple(Column(d.day, _day_headings(d.day), place(d.day, by_day[d.day])) for d in days)
        if entries
        else (),
        minutes=grid_minutes([(e.day, e) for e in entries], []) if entries else (0, 1),
        open_minutes=open_minutes,
        least_hour=_LEAST_HOUR,
        most_columns=7,
        remarks={d.day: f"Closed: {d.closed_reason}" for d in days if d.closed_reason},
        conflicts=conflicts,
        notes=(),
        counts=", ".join(counts),
        empty=(f"No sessions for {tutor.name} this week.", _nothing(week)[1]),
    )


def _other_scope(week: SpanSchedule, tutor: PrintedPerson) -> str:
    return "" if week.sheet.scope_words == f"only {tutor.name}" else week.sheet.scope_words


def _day_headings(day: date) -> tuple[str, ...]:
    number = f"{MONTHS[day.month - 1][:3]} {day.day}"
    return (f"{DAYS[day.weekday()]}, {number}", f"{DAYS[day.weekday()][:3]}, {number}")


def _nothing(week: SpanSchedule) -> tuple[str, str]:
    span = f"from {short_day_words(week.first_day)} to {short_day_words(week.last_day)}"
    detail = f"Nothing is booked at {week.location_name or 'the center'} {span}."
    if week.sheet.scope_words:
        detail = f"Only what was asked for is shown: {week.sheet.scope_words}."
    if week.cancelled_count:
        detail += f" {counted(week.cancelled_count, 'session was', 'sessions were')} cancelled."
    return "No sessions this week.", detail
