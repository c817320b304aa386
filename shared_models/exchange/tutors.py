"""Reading tutors: one line each, with what, where and when they teach."""

from dataclasses import dataclass
from datetime import time

from shared_models.exchange.cells import RowReader, Surroundings, row_readers
from shared_models.exchange.problems import Problem
from shared_models.exchange.subjects import SubjectWords, parse_subjects
from shared_models.exchange.table import ColumnMapping, Field, Table, detect_mapping, read_table
from shared_models.exchange.values import (
    BadValue,
    parse_cents,
    parse_time,
    parse_weekdays,
    parse_yes_no,
    split_list,
)
from shared_models.people.contact import name_key, split_full_name, tidy_name

FIELDS = (
    Field("first_name", "First name", ("First", "Tutor First", "Prénom")),
    Field("last_name", "Last name", ("Last", "Tutor Last", "Surname", "Nom")),
    Field("name", "Tutor", ("Name", "Tutor Name", "Teacher")),
    Field("email", "E-mail", ("Email Address", "Courriel")),
    Field("phone", "Phone", ("Cell", "Mobile", "Phone Number", "Téléphone")),
    Field("locations", "Locations", ("Location", "Office", "Offices", "Sites")),
    Field("subjects", "Subjects taught", ("Subjects", "Subject", "Teaches")),
    Field("hourly_pay", "Hourly pay", ("Pay/hr", "Pay", "Rate", "Pay rate", "Hourly rate", "Wage")),
    Field("priority", "Priority", ("Rank",)),
    Field("days", "Days", ("Weekdays", "Available", "Availability")),
    Field("starts", "From", ("Start", "Available from")),
    Field("ends", "To", ("End", "Until", "Available to")),
    Field("is_active", "Active", ("Is active",)),
    Field("bio", "Bio", ("Biography", "About")),
)


@dataclass(frozen=True, slots=True)
class TutorRow:
    """A tutor in stored form; pay in cents per hour, weekdays Monday = 0, hours wall-clock."""

    line: int
    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    locations: tuple[str, ...] = ()
    subjects: tuple[SubjectWords, ...] = ()
    hourly_pay_cents: int = 0
    priority: int = 1
    weekdays: frozenset[int] = frozenset()
    starts: time | None = None
    ends: time | None = None
    is_active: bool = True
    bio: str = ""

    @property
    def natural_key(self) -> str:
        """What stays the same when the file is exported again."""
        return self.email or name_key(f"{self.first_name} {self.last_name}")


@dataclass(frozen=True, slots=True)
class TutorsFile:
    """What a tutors file holds."""

    file: str
    tutors: tuple[TutorRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    table: Table
    mapping: ColumnMapping


def read_tutors(
    content: bytes,
    file: str = "tutors.csv",
    around: Surroundings | None = None,
    mapping: ColumnMapping | None = None,
) -> TutorsFile:
    """Tutors from the bytes of a CSV file. Raises UnreadableFile when it is no table at all."""
    return tutors_of(read_table(content), file, around or Surroundings(), mapping)


def tutors_of(table: Table, file: str, around: Surroundings, mapping: ColumnMapping | None = None) -> TutorsFile:
    """Tutors from a table that was read already, and perhaps corrected by hand."""
    mapping = mapping or detect_mapping(table.header, FIELDS)
    tutors: dict[str, TutorRow] = {}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for reader in row_readers(table, mapping, around):
        tutor = _tutor(reader, around)
        if tutor.natural_key in tutors:
            reader.doubts.append(f"The same tutor as on line {tutors[tutor.natural_key].line}; kept once.")
        if problem := reader.problem(file):
            problems.append(problem)
            continue
        tutors.setdefault(tutor.natural_key, tutor)
        if warning := reader.warning(file):
            warnings.append(warning)
    return TutorsFile(file, tuple(tutors.values()), tuple(problems), tuple(warnings), table, mapping)


def _tutor(reader: RowReader, around: Surroundings) -> TutorRow:
    first, last = reader.text("first_name"), reader.text("last_name")
    if not first and not last:
        first, last = split_full_name(reader.text("name"))
    if not first:
        reader.errors.append("The tutor’s first name is missing.")
    starts = reader.parsed("starts", parse_time, "From")
    ends = reader.parsed("ends", parse_time, "To")
    if starts and ends and starts >= ends:
        reader.errors.append(f"The hours end before they begin: {starts:%H:%M} to {ends:%H:%M}.")
    is_active = reader.parsed("is_active", parse_yes_no, "Active", is_doubt=True)
    return TutorRow(
        line=reader.line,
        first_name=tidy_name(first),
        last_name=tidy_name(last),
        email=reader.email("email"),
        phone=reader.phone("phone"),
        locations=_locations(reader, around),
        subjects=parse_subjects(reader.text("subjects")),
        hourly_pay_cents=reader.parsed("hourly_pay", parse_cents, "Hourly pay") or 0,
        priority=_priority(reader),
        weekdays=reader.parsed("days", parse_weekdays, "Days") or frozenset(),
        starts=starts,
        ends=ends,
        is_active=is_active is not False,
        bio=reader.text("bio"),
    )


def _locations(reader: RowReader, around: Surroundings) -> tuple[str, ...]:
    """The locations by their right names; an unknown one is a doubt, for the tutor can be assigned later."""
    names = []
    for part in split_list(reader.text("locations")):
        try:
            names.append(around.known_location(part))
        except BadValue as error:
            reader.doubts.append(str(error))
    return tuple(dict.fromkeys(names))


def _priority(reader: RowReader) -> int:
    text = reader.text("priority")
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    if text:
        reader.doubts.append(f"Priority “{text}” is not a number from 1; kept as 1.")
    return 1
