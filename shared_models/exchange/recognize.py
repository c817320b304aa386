"""Telling what a chosen file holds, and reading it as that."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared_models.exchange import families, leads, tutors
from shared_models.exchange.calendar_file import CalendarFile, read_calendar
from shared_models.exchange.cells import Surroundings
from shared_models.exchange.families import FamiliesFile, families_of
from shared_models.exchange.leads import LeadsFile, leads_of
from shared_models.exchange.organization import OrganizationFile, read_organization
from shared_models.exchange.problems import Problem, UnreadableFile
from shared_models.exchange.table import ColumnMapping, Field, Table, detect_mapping, read_table
from shared_models.exchange.tutors import TutorsFile, tutors_of
from shared_models.exchange.values import quoted_list


class FileKind(StrEnum):
    """What a file brings, in the order in which files are taken in."""

    ORGANIZATION = "organization"
    TUTORS = "tutors"
    FAMILIES = "families"
    LEADS = "leads"
    CALENDAR = "calendar"


FIELDS_OF: dict[FileKind, tuple[Field, ...]] = {
    FileKind.TUTORS: tutors.FIELDS,
    FileKind.FAMILIES: families.FIELDS,
    FileKind.LEADS: leads.FIELDS,
}
"""The fields a table of each kind can have; what a person may map to columns."""


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file somebody chose: its name, what it holds, and for tables the cells and the columns read from them.

    A dialog changes ``kind``, ``mapping`` and single cells and hands the file back.
    """

    name: str
    kind: FileKind
    content: bytes = field(repr=False)
    table: Table | None = None
    mapping: ColumnMapping | None = None

    def as_kind(self, kind: FileKind) -> "ImportFile":
        """The same table read as something else, its columns detected anew."""
        mapping = detect_mapping(self.table.header, FIELDS_OF[kind]) if self.table and kind in FIELDS_OF else None
        return replace(self, kind=kind, mapping=mapping)

    def with_column(self, field_name: str, column: int | None) -> "ImportFile":
        """The file with one field read from another column."""
        assert self.mapping is not None
        return replace(self, mapping=self.mapping.with_column(field_name, column))

    def with_cell(self, line: int, column: int, text: str) -> "ImportFile":
        """The file with one cell mended."""
        assert self.table is not None
        return replace(self, table=self.table.with_cell(line, column, text))


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Everything the chosen files hold, as typed rows; ``unreadable`` are files that could not be read at all."""

    organizations: tuple[OrganizationFile, ...] = ()
    tutors: tuple[TutorsFile, ...] = ()
    families: tuple[FamiliesFile, ...] = ()
    leads: tuple[LeadsFile, ...] = ()
    calendars: tuple[CalendarFile, ...] = ()
    unreadable: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every line that was left out, by file and line."""
        return tuple(sorted([*self.unreadable, *(problem for part in self._parts for problem in part.problems)]))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Every line that was taken with a doubt, by file and line."""
        return tuple(sorted(warning for part in self._parts for warning in part.warnings))

    @property
    def _parts(
        self,
    ) -> tuple[OrganizationFile | TutorsFile | FamiliesFile | LeadsFile | CalendarFile, ...]:
        return (*self.organizations, *self.tutors, *self.families, *self.leads, *self.calendars)


def open_file(name: str, content: bytes) -> ImportFile:
    """Recognize a file by its content, its name deciding between kinds that fit equally.

    Raises UnreadableFile with a sentence for the person when it is none of ours.
    """
    if not content.strip():
        raise UnreadableFile("The file is empty.")
    start = content[:2000].replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").lstrip()
    if start[:15].upper() == b"BEGIN:VCALENDAR" or name.lower().endswith((".ics", ".ical")):
        return ImportFile(name, FileKind.CALENDAR, content)
    if start[:1] == b"{":
        return ImportFile(name, FileKind.ORGANIZATION, content)
    table = read_table(content)
    kind = _kind_of_table(name, table)
    return ImportFile(name, kind, content, table, detect_mapping(table.header, FIELDS_OF[kind]))


def read_files(files: Sequence[ImportFile], around: Surroundings, time_zone: str | None = None) -> ReadFiles:
    """Read every file; locations and time zone of an organization file hold for the other files too."""
    organizations, unreadable = [], []
    for file in _of_kind(files, FileKind.ORGANIZATION):
        try:
            organizations.append(read_organization(file.content, file.name))
        except UnreadableFile as error:
            unreadable.append(Problem(file.name, 1, str(error)))
    names = dict.fromkeys(around.location_names or ())
    for organization in organizations:
        names.update(dict.fromkeys(location.name for location in organization.locations))
        time_zone = time_zone or organization.time_zone or None
    around = replace(around, location_names=tuple(names))
    calendars = []
    for file in _of_kind(files, FileKind.CALENDAR):
        try:
            calendars.append(read_calendar(file.content, file.name, time_zone, around.today))
        except UnreadableFile as error:
            unreadable.append(Problem(file.name, 1, str(error)))
    return ReadFiles(
        organizations=tuple(organizations),
        tutors=tuple(
            tutors_of(_table(file), file.name, around, file.mapping) for file in _of_kind(files, FileKind.TUTORS)
        ),
        families=tuple(
            families_of(_table(file), file.name, around, file.mapping) for file in _of_kind(files, FileKind.FAMILIES)
        ),
        leads=tuple(
            leads_of(_table(file), file.name, around, file.mapping) for file in _of_kind(files, FileKind.LEADS)
        ),
        calendars=tuple(calendars),
        unreadable=tuple(unreadable),
    )


def _of_kind(files: Sequence[ImportFile], kind: FileKind) -> list[ImportFile]:
    return [file for file in files if file.kind is kind]


def _table(file: ImportFile) -> Table:
    return file.table if file.table is not None else read_table(file.content)


def _kind_of_table(name: str, table: Table) -> FileKind:
    """The kind most of whose fields have a column; a telling file name counts as two more."""
    found = {kind: len(detect_mapping(table.header, fields).columns) for kind, fields in FIELDS_OF.items()}
    best = max(found, key=lambda kind: found[kind] + (2 if kind.value.rstrip("s")[:5] in name.lower() else 0))
    if found[best] < 2:
        known = quoted_list(cell for cell in table.header[:6] if cell) if any(table.header) else "nothing"
        raise UnreadableFile(f"No known columns were found; the first line holds {known}.")
    return best
