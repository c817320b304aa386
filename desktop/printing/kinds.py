"""What can be printed: each kind with what it asks for, how it is read from the store, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from desktop.printing.center_values import Center
from desktop.printing.day_page import ColumnsBy
from desktop.printing.sheet import MONTHS, PageSetup, counted
from desktop.schedule.week import Filters

WEEKS_AHEAD = 8
"""How far a family's schedule and the list of conflicts look ahead when nobody says."""


class PrintKind(StrEnum):
    """The kinds of print, in the order in which they are offered."""

    DAY = "day"
    WEEK = "week"
    TUTOR_WEEK = "tutor"
    MONTH = "month"
    SIGN_IN = "sign-in"
    FAMILY = "family"
    ROSTER = "roster"
    CONFLICTS = "conflicts"


class Asks(StrEnum):
    """What a kind of print needs to know."""

    DAY = "day"
    LOCATION = "location"
    COLUMNS = "columns"
    TUTOR = "tutor"
    FAMILY = "family"
    CLASS = "class"
    WEEKS = "weeks"


@dataclass(frozen=True)
class PrintParameters:
    """What is asked for. ``day`` is the day itself, or lies in the week or month, or is the first of a list (today
    when None); ``filters`` are those of the calendar: the location, the tutor and more."""

    day: date | None = None
    filters: Filters = field(default_factory=Filters)
    by: ColumnsBy = ColumnsBy.TUTOR
    family_id: str = ""
    series_id: str = ""
    weeks: int = WEEKS_AHEAD


@dataclass(frozen=True)
class Prepared:
    """A print that has been read: ``draw`` makes its PDF without the store, ``summary`` says what is on it."""

    draw: Callable[[PageSetup], bytes]
    summary: str
    file_name: str


@dataclass(frozen=True)
class KindWords:
    """How a kind is offered: its name, what it is for, what it asks for, by how many days its arrows move (0: by
    months), and whether its pages are upright."""

    name: str
    purpose: str
    asks: frozenset[Asks]
    day_label: str = "Day"
    step_days: int = 1
    is_upright: bool = False


KINDS: dict[PrintKind, KindWords] = {
    PrintKind.DAY: KindWords(
        "Day schedule",
        "the day schedule of a location, by tutor or by room",
        frozenset({Asks.DAY, Asks.LOCATION, Asks.COLUMNS}),
    ),
    PrintKind.WEEK: KindWords(
        "Week by tutor",
        "the week of all tutors on as few pages as possible, for the wall",
        frozenset({Asks.DAY, Asks.LOCATION}),
        day_label="A day of the week",
        step_days=7,
    ),
    PrintKind.TUTOR_WEEK: KindWords(
        "Week of a tutor",
        "the own week of a tutor, or of each tutor on a page",
        frozenset({Asks.DAY, Asks.LOCATION, Asks.TUTOR}),
        day_label="A day of the week",
        step_days=7,
    ),
    PrintKind.MONTH: KindWords(
        "Month",
        "a month of a location",
        frozenset({Asks.DAY, Asks.LOCATION}),
        day_label="A day of the month",
        step_days=0,
    ),
    PrintKind.SIGN_IN: KindWords(
        "Sign-in sheet",
        "everyone who comes on a day, with space to sign",
        frozenset({Asks.DAY, Asks.LOCATION}),
        is_upright=True,
    ),
    PrintKind.FAMILY: KindWords(
        "Sessions of a family",
        "the coming sessions of a family, for parents",
        frozenset({Asks.DAY, Asks.FAMILY, Asks.WEEKS}),
        day_label="From",
        step_days=7,
        is_upright=True,
    ),
    PrintKind.ROSTER: KindWords("Roster of a class", "students and dates of a class", frozenset({Asks.CLASS})),
    PrintKind.CONFLICTS: KindWords(
        "Conflicts",
        "everything that is booked twice or too tight",
        frozenset({Asks.DAY, Asks.LOCATION, Asks.WEEKS}),
        day_label="From",
        step_days=7,
    ),
}


def prepare(kind: PrintKind, center: Center, parameters: PrintParameters) -> Prepared:
    """Read what a print needs. Raises LookupError, in words for the person, when something asked for is missing."""
    return _PREPARE[kind](center, parameters, parameters.day or center.today)


def moved(kind: PrintKind, day: date, steps: int) -> date:
    """The day after ``steps`` presses of the arrow that goes on (negative: back)."""
    days = KINDS[kind].step_days
    if days:
        return day + timedelta(days=days * steps)
    months = day.year * 12 + day.month - 1 + steps
    return date(months // 12, months % 12 + 1, 1)


def _day(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.day_schedule import day_schedule_pdf
    from desktop.printing.day_values import day_schedule, without_others

    values = day_schedule(center, asked.filters, day)
    if asked.by is ColumnsBy.ROOM:  # Which rooms others have taken is not told.
        values = without_others(values)
    return Prepared(
        lambda setup: day_schedule_pdf(values, asked.by, setup),
        _busy(len(values.entries), len(values.conflicts), "that day"),
        f"Day schedule {values.location_name} {day.isoformat()}",
    )


def _week(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.span_values import read_span
    from desktop.printing.week_pages import week_pdf

    values = read_span(center, asked.filters, *_week_of(day))
    return Prepared(
        lambda setup: week_pdf(values, setup),
        _busy(len(values.entries), len(values.conflicts), "that week"),
        f"Week {values.location_name} {values.first_day.isoformat()}",
    )


def _tutor_week(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.list_values import named_tutor
    from desktop.printing.span_values import read_span
    from desktop.printing.week_pages import tutor_weeks_pdf

    values = read_span(center, asked.filters, *_week_of(day))
    tutor = named_tutor(center, asked.filters.tutor_id)
    return Prepared(
        lambda setup: tutor_weeks_pdf(values, setup, tutor),
        _busy(len(values.entries), len(values.conflicts), "that week"),
        f"Week {tutor.name if tutor else 'of each tutor'} {values.first_day.isoformat()}",
    )


def _month(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.month_pages import month_pdf, month_span
    from desktop.printing.span_values import read_span

    values = read_span(center, asked.filters, *month_span(day), checks=False)
    count = sum((e.day.year, e.day.month) == (day.year, day.month) for e in values.entries)
    words = counted(count, "session", "sessions") if count else "No sessions that month"
    return Prepared(
        lambda setup: month_pdf(values, day, setup),
        words,
        f"{MONTHS[day.month - 1]} {day.year} {values.location_name}",
    )


def _sign_in(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.day_values import day_schedule, without_others
    from desktop.printing.list_pages import sign_in_pdf

    values = without_others(day_schedule(center, asked.filters, day))
    count = sum(len(e.people) for e in values.entries)
    return Prepared(
        lambda setup: sign_in_pdf(values, setup),
        counted(count, "student", "students") if count else "Nobody comes that day",
        f"Sign-in sheet {values.location_name} {day.isoformat()}",
    )


def _family(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.list_pages import family_pdf
    from desktop.printing.list_values import family_schedule

    values = family_schedule(center, asked.family_id, day, _last_day(day, asked.weeks))
    count = len(values.sessions)
    return Prepared(
        lambda setup: family_pdf(values, setup),
        counted(count, "session", "sessions") if count else "No sessions booked",
        f"Sessions {values.family_name} {day.isoformat()}",
    )


def _roster(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.list_pages import roster_pdf
    from desktop.printing.list_values import class_roster

    values = class_roster(center, asked.series_id)
    students, dates = (
        counted(len(values.students), "student", "students"),
        counted(len(values.dates), "date", "dates"),
    )
    return Prepared(lambda setup: roster_pdf(values, setup), f"{students}, {dates}", f"Roster {values.title}")


def _conflicts(center: Center, asked: PrintParameters, day: date) -> Prepared:
    from desktop.printing.list_pages import conflicts_pdf
    from desktop.printing.list_values import conflict_list

    values = conflict_list(center, asked.filters, day, _last_day(day, asked.weeks))
    count = len(values.conflicts)
    return Prepared(
        lambda setup: conflicts_pdf(values, setup),
        counted(count, "conflict", "conflicts") if count else "No conflicts",
        f"Conflicts {values.location_name} {day.isoformat()}",
    )


_PREPARE: dict[PrintKind, Callable[[Center, PrintParameters, date], Prepared]] = {
    PrintKind.DAY: _day,
    PrintKind.WEEK: _week,
    PrintKind.TUTOR_WEEK: _tutor_week,
    PrintKind.MONTH: _month,
    PrintKind.SIGN_IN: _sign_in,
    PrintKind.FAMILY: _family,
    PrintKind.ROSTER: _roster,
    PrintKind.CONFLICTS: _conflicts,
}


def _week_of(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _last_day(first: date, weeks: int) -> date:
    return first + timedelta(weeks=weeks, days=-1)


def _busy(entries: int, conflicts: int, when: str) -> str:
    if not entries:
        return f"No sessions {when}"
    found = counted(conflicts, "conflict", "conflicts") if conflicts else "no conflicts"
    return f"{counted(entries, 'entry', 'entries')}, {found}"
