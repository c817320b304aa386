"""Printed lists: a family's coming sessions, the sign-in sheet of a day, the roster of a class, and conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from desktop.printing.box_text import join
from desktop.printing.day_page import DaySchedule, PrintedEntry
from desktop.printing.fonts import Weight
from desktop.printing.list_values import ClassDate, ClassRoster, ConflictList, FamilySchedule, ListedConflict
from desktop.printing.page_frame import Frame, PrintedPage, sheet_pdf
from desktop.printing.sheet import DAYS, MONTHS, PageSetup, Sheet, counted, day_words, short_day_words, span_of_days
from desktop.printing.table_pages import Cell, Group, Table, TableColumn, Words, cell, table_pages
from desktop.schedule.calendar_values import span_words
from shared_models.schedule.explained import EntryWords, clock_range

_WALK_INS = 3
_SIGNING_ROW = 25.0
_ROSTER_NAME, _ROSTER_DATE = 132.0, 25.0


def family_pdf(family: FamilySchedule, setup: PageSetup | None = None) -> bytes:
    """The sessions of a family by date: child, subject, tutor and place."""
    several_places = len({session.location for session in family.sessions}) > 1
    months = []
    for (year, month), group in groupby(family.sessions, key=lambda s: (s.entry.day.year, s.entry.day.month)):
        rows = []
        for day, sessions in groupby(group, key=lambda s: s.entry.day):
            for n, session in enumerate(sessions):
                entry = session.entry
                if entry.is_online:
                    where = "Online"
                else:
                    where = ", ".join(w for w in (entry.place, session.location if several_places else "") if w)
                rows.append(
                    (
                        cell(short_day_words(day), Weight.SEMIBOLD) if n == 0 else (),
                        cell(_clock(entry)),
                        cell(session.child),
                        cell(entry.titles[0]),
                        cell(entry.tutor.name if entry.tutor else "To be announced"),
                        cell(where),
                    )
                )
        months.append(Group(f"{MONTHS[month - 1]} {year}", tuple(rows)))
    span = span_of_days(family.first_day, family.last_day)
    table = Table(
        title=f"Sessions of the {family.family_name.split()[-1]} family",
        subtitle=span,
        columns=(
            TableColumn("Date", 66.0, 0.2),
            TableColumn("Time", 92.0, 0.1),
            TableColumn("Child", 66.0, 0.7),
            TableColumn("Subject", 84.0),
            TableColumn("Tutor", 78.0),
            TableColumn("Place", 72.0),
        ),
        groups=tuple(months),
        note=counted(len(family.sessions), "session", "sessions"),
        lists={"Where we are": [("", f"{name}: {words}") for name, words in family.locations if words]},
        empty=("No sessions are booked.", f"Nothing is planned for {span}. Please call us to book."),
    )
    return _table_pdf(family.sheet, setup or PageSetup(is_landscape=False), table)


def sign_in_pdf(day: DaySchedule, setup: PageSetup | None = None) -> bytes:
    """Everyone who comes that day, in order of time, with space for the time of arrival and a signature."""
    rows = tuple(
        (
            cell(_clock(entry)),
            cell(name, Weight.SEMIBOLD),
            cell(entry.tutor.name if entry.tutor else "No tutor"),
            cell(", ".join(room.name for room in entry.rooms)),
            (),
            (),
        )
        for entry in sorted(day.entries, key=lambda e: (e.starts, e.people))
        if not entry.is_online or entry.rooms
        for name in entry.people
    )
    online = sum(len(e.people) for e in day.entries if e.is_online and not e.rooms)
    notes = [counted(len(rows), "student", "students")] + ([f"{online} more online"] if online else [])
    table = Table(
        title=day.day_words,
        subtitle=", ".join(w for w in ("Sign-in sheet", day.location_name, day.sheet.scope_words) if w),
        columns=(
            TableColumn("Time", 88.0, 0.1),
            TableColumn("Student", 90.0),
            TableColumn("Tutor", 80.0, 0.8),
            TableColumn("Room", 52.0, 0.5),
            TableColumn("Came at", 52.0, 0.1),
            TableColumn("Signature", 120.0, 1.2),
        ),
        groups=(Group("", rows),),
        least_row=_SIGNING_ROW,
        is_ruled=True,
        note=", ".join(notes),
        empty=(
            f"Nobody comes on {day.day_words.rsplit(',', 1)[0]}.",
            f"No sessions are booked at {day.location_name}{f', {online} online' if online else ''}.",
        ),
    )
    return _table_pdf(day.sheet, setup or PageSetup(is_landscape=False), table)


def roster_pdf(roster: ClassRoster, setup: PageSetup | None = None) -> bytes:
    """Students against dates, with what was noted so far; as many pages as the dates need."""

    def compose(frame: Frame) -> list[PrintedPage]:
        most = max(int((frame.width - _ROSTER_NAME) // _ROSTER_DATE), 1)
        count = max(-(-len(roster.dates) // most), 1)
        size = -(-len(roster.dates) // count)
        parts = [roster.dates[i : i + size] for i in range(0, len(roster.dates), size)] if roster.dates else [()]
        return [page for part in parts for page in table_pages(frame, _roster_table(roster, part))]

    return sheet_pdf(roster.sheet, setup or PageSetup(), f"Roster, {roster.title}", compose)


def conflicts_pdf(found: ConflictList, setup: PageSetup | None = None) -> bytes:
    """The conflicts by day: what collides, who or which room, and both sessions, with a box to tick."""
    groups = []
    for day, conflicts in groupby(found.conflicts, key=lambda c: c.first.starts.date()):
        rows = tuple(
            (
                cell(_conflict_time(c)),
                ((Words(c.kinds, Weight.SEMIBOLD), Words("too tight" if c.is_tight else "double booking")),),
                cell(c.names, Weight.SEMIBOLD),
                _session(c.first, found.location_name),
                _session(c.second, found.location_name),
                cell(c.accepted),
            )
            for c in conflicts
        )
        groups.append(Group(day_words(day), rows))
    span = span_of_days(found.first_day, found.last_day)
    tight = sum(c.is_tight for c in found.conflicts)
    counts = f"{counted(len(found.conflicts) - tight, 'double booking', 'double bookings')}, {tight} too tight"
    table = Table(
        title=f"Conflicts, {span}",
        subtitle=", ".join(w for w in (found.location_name, found.sheet.scope_words) if w),
        columns=(
            TableColumn("Time", 70.0, 0.2),
            TableColumn("Kind", 68.0, 0.4),
            TableColumn("Who or what", 80.0),
            TableColumn("Session", 100.0, 1.4),
            TableColumn("And session", 100.0, 1.4),
            TableColumn("Settled", 58.0, 0.2),
        ),
        groups=tuple(groups),
        is_ruled=True,
        note=counts,
        empty=("No conflicts.", f"Nobody and no room is booked twice, {span}."),
    )
    return _table_pdf(found.sheet, setup or PageSetup(), table)


def _table_pdf(sheet: Sheet, setup: PageSetup, table: Table) -> bytes:
    return sheet_pdf(sheet, setup, table.title, lambda frame: table_pages(frame, table))


def _clock(entry: PrintedEntry) -> str:
    """``4:00–5:30 PM``: lists have no hour grid that tells morning from afternoon."""
    starts, ends = (m.hour * 60 + m.minute for m in (entry.starts, entry.ends))
    return span_words(starts, ends)


def _roster_table(roster: ClassRoster, dates: Sequence[ClassDate]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for student_id, name in roster.students:
        marks = (cell(d.attendance.get(student_id, "–"), Weight.SEMIBOLD) for d in dates)
        rows.append((cell(name), *marks))
    if rows:
        rows += [((), *(() for _ in dates))] * _WALK_INS
    tutors = join(list(dict.fromkeys(d.entry.tutor.name for d in roster.dates if d.entry.tutor)))
    places = join(list(dict.fromkeys(d.entry.place for d in roster.dates if d.entry.place)))
    hours = list(dict.fromkeys(f"{DAYS[d.entry.day.weekday()]}s {_clock(d.entry)}" for d in roster.dates))
    when = join(hours) if len(hours) <= 2 else ""
    return Table(
        title=roster.title,
        subtitle=", ".join(w for w in ("Attendance", when, tutors, places, roster.location_name) if w),
        columns=(
            TableColumn("Student", _ROSTER_NAME, 0.0),
            *(TableColumn(_date_heading(d), _ROSTER_DATE, 1.0, is_centered=True) for d in dates),
        ),
        groups=(Group("", tuple(rows)),),
        size=9.0,
        least_row=20.0,
        is_ruled=True,
        note=(
            f"{len(roster.students)} of {max(roster.capacity, len(roster.students))} places taken. "
            "P present, L late, A absent, E excused, – does not attend that day"
        ),
        empty=("Nobody attends this class yet.", "Students appear here as soon as they are booked."),
    )


def _date_heading(date: ClassDate) -> str:
    day = date.entry.day
    return f"{MONTHS[day.month - 1][:3]}\n{day.day}"


def _conflict_time(conflict: ListedConflict) -> str:
    """When both are there at once; where only the buffer is hit, from the second's start until it is over."""
    first, second = conflict.first, conflict.second
    ends = first.blocked_until if conflict.is_tight else min(first.ends, second.ends)
    return clock_range(second.starts, ends)


def _session(entry: EntryWords, here: str) -> Cell:
    """A session in two or three lines: what and when, who, where."""
    place = "" if entry.location_name == here else entry.location_name
    where = ", ".join(w for w in (entry.tutor_name, entry.place, place) if w)
    lines = [Words(f"{entry.title}, {clock_range(entry.starts, entry.ends)}", Weight.MEDIUM)]
    lines += [Words(text) for text in (entry.who, where) if text]
    return (tuple(lines),)
