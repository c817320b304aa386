"""What the import dialog shows of each chosen file before anything is written: rows in words, in the order of the
file, the bad ones among them, and what the button will bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from desktop.exchange.wording import counted, in_a_row
from desktop.widgets.parsing import format_cents, format_date, format_time_range
from shared_models.exchange.calendar_file import CalendarFile, SessionsRow
from shared_models.exchange.cells import Surroundings
from shared_models.exchange.families import FamiliesFile
from shared_models.exchange.leads import LeadsFile
from shared_models.exchange.organization import OrganizationFile
from shared_models.exchange.problems import Problem
from shared_models.exchange.recognize import FIELDS_OF, FileKind, ImportFile, ReadFiles, read_files
from shared_models.exchange.tutors import TutorsFile
from shared_models.people.contact import format_phone
from shared_models.schedule.recurrence import Pattern, SeriesRule, occurrences
from shared_models.schedule.times import minutes_of, time_of

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

KIND_WORDS = {
    FileKind.ORGANIZATION: "Center",
    FileKind.TUTORS: "Tutors",
    FileKind.FAMILIES: "Families",
    FileKind.LEADS: "Leads",
    FileKind.CALENDAR: "Calendar",
}
KIND_ICONS = {
    FileKind.ORGANIZATION: "building-2",
    FileKind.TUTORS: "graduation-cap",
    FileKind.FAMILIES: "users-round",
    FileKind.LEADS: "user-round-plus",
    FileKind.CALENDAR: "calendar-days",
}


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column of the preview: title and width in px, None to share what is left."""

    title: str
    width: int | None = None


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A line of the file in words; a problem keeps it out, a doubt does not."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class FilePreview:
    """One file as the dialog shows it. ``brings`` are counts by kind, in words: "282 students"."""

    file: ImportFile
    columns: tuple[PreviewColumn, ...]
    rows: tuple[PreviewRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    brings: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What the file brings, in one line."""
        return in_a_row(list(self.brings)) if self.brings else "Nothing that can be imported"


_Shown = tuple[tuple[PreviewColumn, ...], list[PreviewRow], tuple[str, ...]]
"""Columns, good rows, and what the file brings."""


def previews_of(files: Sequence[ImportFile], around: Surroundings, time_zone: str | None) -> list[FilePreview]:
    """A preview for each file, in the order given."""
    read = read_files(files, around, time_zone)
    return [_preview(file, read, around) for file in files]


def import_words(previews: Sequence[FilePreview]) -> str:
    """What the button says: “Import 282 students”, or of several files their number."""
    useful = [preview for preview in previews if preview.brings]
    if not useful:
        return "Import"
    if len(useful) > 1:
        return f"Import {len(useful)} files"
    return f"Import {useful[0].brings[0]}"


def _preview(file: ImportFile, read: ReadFiles, around: Surroundings) -> FilePreview:
    parts: Iterable[OrganizationFile | TutorsFile | FamiliesFile | LeadsFile | CalendarFile] = (
        *read.organizations, *read.tutors, *read.families, *read.leads, *read.calendars
    )  # fmt: skip
    part = next((part for part in parts if part.file == file.name), None)
    if part is None:
        unreadable = tuple(problem for problem in read.unreadable if problem.file == file.name)
        return FilePreview(file, (), (), unreadable, (), ())
    columns, good, brings = _shown(part, around.country)
    rows = _with_problems(file, part.problems, part.warnings, good, columns)
    return FilePreview(file, columns, rows, part.problems, part.warnings, brings)


def _shown(part: OrganizationFile | TutorsFile | FamiliesFile | LeadsFile | CalendarFile, country: str) -> _Shown:
    match part:
        case FamiliesFile():
            return _families(part, country)
        case TutorsFile():
            return _tutors(part, country)
        case LeadsFile():
            return _leads(part, country)
        case CalendarFile():
            return _calendar(part)
        case OrganizationFile():
            return _organization(part)


def _with_problems(
    file: ImportFile,
    problems: Sequence[Problem],
    warnings: Sequence[Problem],
    good: Sequence[PreviewRow],
    columns: Sequence[PreviewColumn],
) -> tuple[PreviewRow, ...]:
    """The good rows with their doubts, and a row for each line that is left out, in the order of the file."""
    doubts: dict[int, str] = {}
    for warning in warnings:
        doubts[warning.line] = f"{doubts.get(warning.line, '')} {warning.reason}".strip()
    rows = [PreviewRow(row.line, row.cells, doubt=doubts.get(row.line, "")) for row in good]
    for problem in problems:
        words = _words_of_line(file, problem.line)
        cells = (words, *[""] * (len(columns) - 1))
        rows.append(PreviewRow(problem.line, cells, problem=problem.reason))
    return tuple(sorted(rows, key=lambda row: row.line))


def _words_of_line(file: ImportFile, line: int) -> str:
    """What stands on a line that could not be taken, so that people find it again."""
    if file.table is None:
        return ""
    row = next((row for row in file.table.rows if row.line == line), None)
    return ", ".join(cell.strip() for cell in row.cells if cell.strip()) if row else ""


def _families(part: FamiliesFile, country: str) -> _Shown:
    columns = (
        PreviewColumn("Student", 168),
        PreviewColumn("Born", 106),
        PreviewColumn("Grade", 58),
        PreviewColumn("Location", 128),
        PreviewColumn("Parent", 154),
        PreviewColumn("Phone", 124),
        PreviewColumn("Subjects"),
    )
    rows = []
    for family in part.families:
        parent = family.parent1
        about_parent = (f"{parent.first_name} {parent.last_name}", format_phone(parent.phone, country))
        if not family.students:
            rows.append(PreviewRow(family.line, ("", "", "", "", *about_parent, "")))
        rows += [
            PreviewRow(
                student.line,
                (
                    f"{student.first_name} {student.last_name}".strip(),
                    _day(student.date_of_birth),
                    student.grade,
                    student.location,
                    *about_parent,
                    ", ".join(words.second or words.first for words in student.subjects),
                ),
            )
            for student in family.students
        ]
    brings = []
    if part.student_count:
        brings.append(counted(part.student_count, "student", "students"))
    if part.families:
        brings.append(counted(len(part.families), "family", "families"))
    return columns, rows, tuple(brings)


def _tutors(part: TutorsFile, country: str) -> _Shown:
    columns = (
        PreviewColumn("Tutor", 160),
        PreviewColumn("Phone", 130),
        PreviewColumn("Locations", 200),
        PreviewColumn("Pay", 70),
        PreviewColumn("Available", 200),
        PreviewColumn("Teaches"),
    )
    rows = [
        PreviewRow(
            tutor.line,
            (
                f"{tutor.first_name} {tutor.last_name}".strip(),
                format_phone(tutor.phone, country),
                ", ".join(tutor.locations),
                format_cents(tutor.hourly_pay_cents) if tutor.hourly_pay_cents else "",
                " ".join(_SHORT[day] for day in sorted(tutor.weekdays)),
                ", ".join(words.second or words.first for words in tutor.subjects),
            ),
        )
        for tutor in part.tutors
    ]
    return columns, rows, _counts((len(part.tutors), "tutor", "tutors"))


def _leads(part: LeadsFile, country: str) -> _Shown:
    columns = (
        PreviewColumn("Came in", 110),
        PreviewColumn("Parent", 160),
        PreviewColumn("Phone", 130),
        PreviewColumn("Student", 120),
        PreviewColumn("Wants"),
        PreviewColumn("Source", 90),
        PreviewColumn("Stage", 140),
    )
    rows = [
        PreviewRow(
            lead.line,
            (
                _day(lead.created_on),
                f"{lead.parent_first_name} {lead.parent_last_name}".strip(),
                format_phone(lead.phone, country),
                f"{lead.student_first_name} {lead.student_last_name}".strip(),
                lead.wanted,
                _spoken(lead.source.value),
                _spoken(lead.stage.value),
            ),
        )
        for lead in part.leads
    ]
    return columns, rows, _counts((len(part.leads), "lead", "leads"))


def _calendar(part: CalendarFile) -> _Shown:
    columns = (
        PreviewColumn("Session", 206),
        PreviewColumn("When", 200),
        PreviewColumn("Number", 70),
        PreviewColumn("Tutor", 142),
        PreviewColumn("Place", 190),
        PreviewColumn("Students"),
    )
    rows = []
    total = 0
    for row in part.sessions:
        count = len(occurrences(row.rule))
        total += count
        place = " · ".join(part for part in (row.location, ", ".join(row.rooms), "online" * row.is_online) if part)
        cells = (row.title, _when(row), f"{count}", row.tutor_name, place, ", ".join(row.student_names))
        rows.append(PreviewRow(row.line, cells))
    for closure in part.closures:
        days = _day(closure.first_day)
        if closure.last_day != closure.first_day:
            days = f"{days} – {_day(closure.last_day)}"
        rows.append(PreviewRow(closure.line, (f"Closed: {closure.reason}", days, "", "", closure.location, "")))
    repeated = sum(row.rule.pattern is not Pattern.ONE_OFF for row in part.sessions)
    brings = _counts(
        (total, "session", "sessions"),
        (repeated, "series", "series"),
        (len(part.closures), "closure", "closures"),
    )
    return columns, rows, brings


def _organization(part: OrganizationFile) -> _Shown:
    columns = (PreviewColumn("What", 190), PreviewColumn("In the file"))
    facts = [
        ("Name", part.business_name, part.business_name),
        ("Phone", format_phone(part.phone, part.country), "phone"),
        ("E-mail", part.email, part.email),
        ("Time zone", part.time_zone, part.time_zone),
        ("Currency", part.currency, "currency"),
    ]
    rows = [PreviewRow(part.line_of(needle), (what, words)) for what, words, needle in facts if words]
    for location in part.locations:
        words = ", ".join(w for w in (location.address, location.city, location.state, location.postal_code) if w)
        open_days = counted(len({day for day, _, _ in location.hours}), "day", "days")
        details = f"{words} · open {open_days} a week · {counted(len(location.rooms), 'room', 'rooms')}"
        rows.append(PreviewRow(part.line_of(location.name), (location.name, details)))
    for closure in part.closures:
        days = _day(closure.first_day)
        if closure.last_day != closure.first_day:
            days = f"{days} – {_day(closure.last_day)}"
        rows.append(PreviewRow(closure.line, (f"Closed: {closure.reason}", days)))
    rows += [
        PreviewRow(part.line_of(f'"{code}"'), (_spoken(code), f"{format_cents(cents)} an hour"))
        for code, cents in part.hourly_cents.items()
    ]
    brings = _counts(
        (len(part.locations), "location", "locations"),
        (len(part.closures), "closure", "closures"),
        (len(part.hourly_cents), "price", "prices"),
    )
    return columns, rows, brings


def _counts(*kinds: tuple[int, str, str]) -> tuple[str, ...]:
    return tuple(counted(number, one, many) for number, one, many in kinds if number)


def _day(day: date | None) -> str:
    return format_date(day, weekday=False) if day is not None else ""


def _spoken(code: str) -> str:
    """“FOLLOW_UP_ATTEMPTED” as “Follow up attempted”."""
    return code.replace("_", " ").capitalize()


def _when(row: SessionsRow) -> str:
    rule = row.rule
    hours = format_time_range(rule.start, time_of(minutes_of(rule.start) + rule.duration_minutes))
    differing = f", {len(row.changes)} {'differs' if len(row.changes) == 1 else 'differ'}" if row.changes else ""
    return f"{_days(rule)} {hours}{differing}"


def _days(rule: SeriesRule) -> str:
    if rule.pattern is Pattern.DAILY:
        return "Daily"
    if rule.pattern is Pattern.ONE_OFF:
        return _day(rule.first_day)
    days = sorted(rule.weekdays or {rule.first_day.weekday()})
    names = in_a_row([f"{_WEEKDAYS[day]}s" if len(days) == 1 else _SHORT[day] for day in days])
    if rule.interval == 2:
        return f"Every other {_WEEKDAYS[days[0]]}" if len(days) == 1 else f"Every other week {names}"
    return names if rule.interval == 1 else f"Every {rule.interval} weeks {names}"


def mapped_fields(file: ImportFile) -> list[tuple[str, str, int | None, Callable[[int], str]]]:
    """For each field the table can have: name, label, its column, and a sample of any column's cells."""
    table, mapping = file.table, file.mapping
    if table is None or mapping is None:
        return []

    def sample(column: int) -> str:
        return next((row.cell(column) for row in table.rows if row.cell(column)), "")

    return [(field.name, field.label, mapping.column(field.name), sample) for field in FIELDS_OF[file.kind]]
