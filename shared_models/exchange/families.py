"""Reading families with their students: one line per student, the parents repeated on each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from shared_models.exchange.cells import RowReader, Surroundings, row_readers
from shared_models.exchange.problems import Problem
from shared_models.exchange.subjects import SubjectWords, parse_subject
from shared_models.exchange.table import ColumnMapping, Field, Table, detect_mapping, read_table
from shared_models.exchange.values import BadValue, described, parse_yes_no
from shared_models.people.contact import name_key, split_full_name, tidy_name
from shared_models.people.models import LessonMode

FIELDS = (
    Field("parent1_first_name", "Parent first name", ("Parent First", "First Name Parent", "Guardian First Name")),
    Field("parent1_last_name", "Parent last name", ("Parent Last", "Guardian Last Name", "Family Name")),
    Field("parent1_name", "Parent", ("Parent Name", "Guardian", "Guardian Name", "Parent/Guardian")),
    Field("parent1_email", "E-mail", ("Parent Email", "Email Address", "Courriel")),
    Field("parent1_phone", "Phone", ("Parent Phone", "Cell", "Mobile", "Phone Number", "Téléphone")),
    Field(
        "parent2_first_name", "Spouse first name", ("Parent 2 First", "Parent 2 First Name", "Second Parent First")
    ),
    Field("parent2_last_name", "Spouse last name", ("Parent 2 Last", "Parent 2 Last Name", "Second Parent Last")),
    Field("parent2_name", "Spouse or partner", ("Spouse/Partner", "Spouse", "Partner", "Parent 2", "Second Parent")),
    Field("parent2_email", "Spouse e-mail", ("Partner Email", "Parent 2 Email", "Second Parent Email")),
    Field("parent2_phone", "Spouse phone", ("Partner Phone", "Parent 2 Phone", "Second Parent Phone")),
    Field("address", "Address", ("Street", "Street Address", "Address 1", "Adresse")),
    Field("city", "City", ("Town", "Ville")),
    Field("state", "State", ("Province", "St")),
    Field("postal_code", "Zip", ("Zip Code", "Postal Code", "Postcode", "Code postal")),
    Field("county", "County", ()),
    Field("registered_on", "Registered", ("Date Registered", "Registration Date", "Registered On", "Since")),
    Field("first_name", "Student first name", ("Student First", "Child First", "Child First Name", "Prénom")),
    Field("last_name", "Student last name", ("Student Last", "Child Last", "Child Last Name", "Nom")),
    Field("student_name", "Student", ("Student Name", "Child", "Child Name", "Élève")),
    Field("student_phone", "Student phone", ("Child Phone",)),
    Field("student_email", "Student e-mail", ("Child Email",)),
    Field("date_of_birth", "Date of birth", ("DOB", "Birth Date", "Birthday", "Birthdate", "Born")),
    Field("grade", "Grade", ("Grade Level", "Class", "Year")),
    Field("school", "School", ("School Name", "École")),
    Field("location", "Location", ("Office", "Center", "Site", "Branch")),
    Field("subject_1", "Subject 1", ("Subject", "First Subject", "Subjects", "Wants")),
    Field("subject_2", "Subject 2", ("Second Subject",)),
    Field("subject_3", "Subject 3", ("Third Subject",)),
    Field("has_iep", "IEP", ("Has IEP", "IEP/504")),
    Field("allergies", "Allergies", ("Allergy",)),
    Field("medical_conditions", "Medical", ("Medical Conditions", "Medical Notes", "Health")),
    Field("hearing_ok", "Hearing OK", ("Hearing",)),
    Field("vision_ok", "Vision OK", ("Vision",)),
    Field("behavior_notes", "Behavior", ("Behavior Notes", "Behaviour")),
    Field("lesson_mode", "Mode", ("Lesson Mode", "Format", "In person or online", "Online?")),
    Field("notes", "Notes", ("Note", "Comments", "Remarks")),
)

_GRADE = re.compile(r"(?:grade )?(\d{1,2})(?:st|nd|rd|th)?(?: grade)?")


@dataclass(frozen=True, slots=True)
class ParentRow:
    """A parent in stored form; an empty first name means that there is none."""

    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    county: str = ""


@dataclass(frozen=True, slots=True)
class StudentRow:
    """A student and the line they came from."""

    line: int
    first_name: str
    last_name: str
    location: str
    phone: str = ""
    email: str = ""
    date_of_birth: date | None = None
    grade: str = ""
    school: str = ""
    subjects: tuple[SubjectWords, ...] = ()
    lesson_mode: LessonMode = LessonMode.IN_PERSON
    has_iep: bool | None = None
    hearing_ok: bool | None = None
    vision_ok: bool | None = None
    allergies: str = ""
    medical_conditions: str = ""
    behavior_notes: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """A family gathered from its lines; ``line`` is the first of them."""

    line: int
    parent1: ParentRow
    parent2: ParentRow
    registered_on: date | None
    students: tuple[StudentRow, ...]

    @property
    def natural_key(self) -> str:
        """What stays the same when the file is exported again: the parent's name and best contact."""
        contact = self.parent1.email or self.parent1.phone or name_key(_full_address(self.parent1))
        return f"{name_key(f'{self.parent1.first_name} {self.parent1.last_name}')}|{contact}"


@dataclass(frozen=True, slots=True)
class FamiliesFile:
    """What a families file holds: good lines as families, the others as problems, doubts as warnings."""

    file: str
    families: tuple[FamilyRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    table: Table
    mapping: ColumnMapping

    @property
    def student_count(self) -> int:
        """How many students the families have."""
        return sum(len(family.students) for family in self.families)


def read_families(
    content: bytes,
    file: str = "families.csv",
    around: Surroundings | None = None,
    mapping: ColumnMapping | None = None,
) -> FamiliesFile:
    """Families from the bytes of a CSV file; ``mapping`` replaces the detected columns.

    Raises UnreadableFile when it is no table at all.
    """
    return families_of(read_table(content), file, around or Surroundings(), mapping)


def families_of(table: Table, file: str, around: Surroundings, mapping: ColumnMapping | None = None) -> FamiliesFile:
    """Families from a table that was read already, and perhaps corrected by hand."""
    mapping = mapping or detect_mapping(table.header, FIELDS)
    lines: list[FamilyRow] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for reader in row_readers(table, mapping, around):
        line = _family_line(reader, around)
        if problem := reader.problem(file):
            problems.append(problem)
            continue
        lines.append(line)
        if warning := reader.warning(file):
            warnings.append(warning)
    families = [_gathered(group, file, warnings) for group in _families_among(lines)]
    return FamiliesFile(file, tuple(families), tuple(problems), tuple(sorted(warnings)), table, mapping)


def _family_line(reader: RowReader, around: Surroundings) -> FamilyRow:
    """One line as a family of one student; what is wrong stays in the reader."""
    first, last = _name(reader, "parent1_first_name", "parent1_last_name", "parent1_name")
    student_first, student_last = _name(reader, "first_name", "last_name", "student_name")
    spouse_first, spouse_last = _name(reader, "parent2_first_name", "parent2_last_name", "parent2_name")
    if not first and not last:
        reader.errors.append("The parent’s name is missing.")
    elif not first or not last:
        reader.errors.append(f"The parent’s {'first' if not first else 'last'} name is missing.")
    surnames = [last, student_last, spouse_last]
    address = [reader.text(field) for field in ("address", "city", "state", "postal_code", "county")]
    parent1 = ParentRow(
        tidy_name(first),
        tidy_name(last, surnames),
        reader.phone("parent1_phone"),
        reader.email("parent1_email"),
        *address,
    )
    parent2 = ParentRow(
        tidy_name(spouse_first),
        tidy_name(spouse_last, surnames),
        reader.phone("parent2_phone"),
        reader.email("parent2_email"),
        *(address if spouse_first else ()),
    )
    students: tuple[StudentRow, ...] = ()
    if student_first or student_last:
        students = (_student(reader, tidy_name(student_first), tidy_name(student_last, surnames), around),)
    else:
        reader.doubts.append("There is no student on this line; the family is kept without one.")
    registered_on = reader.date("registered_on", "Date registered")
    return FamilyRow(reader.line, parent1, parent2, registered_on, students)


def _student(reader: RowReader, first_name: str, last_name: str, around: Surroundings) -> StudentRow:
    if not first_name:
        reader.errors.append("The student’s first name is missing.")
    location = ""
    try:
        location = around.known_location(reader.text("location"))
    except BadValue as error:
        reader.errors.append(str(error))
    return StudentRow(
        line=reader.line,
        first_name=first_name,
        last_name=last_name,
        location=location,
        phone=reader.phone("student_phone"),
        email=reader.email("student_email"),
        date_of_birth=reader.date("date_of_birth", "Date of birth", is_birth=True),
        grade=_grade(reader),
        school=reader.text("school"),
        subjects=_subjects(reader),
        lesson_mode=_lesson_mode(reader.text("lesson_mode")),
        has_iep=reader.parsed("has_iep", parse_yes_no, "IEP", is_doubt=True),
        hearing_ok=reader.parsed("hearing_ok", parse_yes_no, "Hearing", is_doubt=True),
        vision_ok=reader.parsed("vision_ok", parse_yes_no, "Vision", is_doubt=True),
        allergies=described(reader.text("allergies")),
        medical_conditions=described(reader.text("medical_conditions")),
        behavior_notes=reader.text("behavior_notes"),
        notes=reader.text("notes"),
    )


def _name(reader: RowReader, first: str, last: str, full: str) -> tuple[str, str]:
    names = reader.text(first), reader.text(last)
    return names if any(names) else split_full_name(reader.text(full))


def _grade(reader: RowReader) -> str:
    text = reader.text("grade")
    if match := _GRADE.fullmatch(text.lower()):
        return str(int(match[1]))
    if name_key(text) in ("k", "kg", "kindergarten"):
        return "K"
    return text


def _subjects(reader: RowReader) -> tuple[SubjectWords, ...]:
    words = [parse_subject(reader.text(f"subject_{rank}")) for rank in (1, 2, 3)]
    return tuple(dict.fromkeys(word for word in words if word is not None))


def _lesson_mode(text: str) -> LessonMode:
    is_online = name_key(text) in ("online", "yes", "y", "remote", "virtual", "zoom", "en ligne")
    return LessonMode.ONLINE if is_online else LessonMode.IN_PERSON


def _families_among(lines: Iterable[FamilyRow]) -> list[list[FamilyRow]]:
    """Lines that belong to one family: they share a parent's name and an e-mail, phone or address.

    Two families with one surname, or two parents behind one shared address, stay apart; a line on which the
    parents are swapped, or the e-mail is missing, does not make a second family.
    """
    group_of: dict[tuple[str, str], list[FamilyRow]] = {}
    groups: list[list[FamilyRow]] = []
    for line in lines:
        keys = [(contact, name) for contact in _contacts(line) for name in _parent_names(line)]
        known: list[list[FamilyRow]] = []
        for key in keys:
            group = group_of.get(key)
            if group is not None and not any(group is other for other in known):
                known.append(group)
        home = known[0] if known else []
        if not known:
            groups.append(home)
        for other in known[1:]:
            home.extend(other)
            groups = [group for group in groups if group is not other]
            group_of = {key: home if group is other else group for key, group in group_of.items()}
        home.append(line)
        group_of.update(dict.fromkeys(keys, home))
    for group in groups:
        group.sort(key=lambda line: line.line)
    return groups


def _contacts(line: FamilyRow) -> list[str]:
    contacts = [line.parent1.email, line.parent1.phone, line.parent2.email, line.parent2.phone]
    contacts.append(name_key(_full_address(line.parent1)) if line.parent1.address else "")
    return [contact for contact in contacts if contact] or [""]


def _parent_names(line: FamilyRow) -> list[str]:
    names = [f"{line.parent1.first_name} {line.parent1.last_name}"]
    if line.parent2.first_name:
        names.append(f"{line.parent2.first_name} {line.parent2.last_name or line.parent1.last_name}")
    return [name_key(name) for name in names]


def _full_address(parent: ParentRow) -> str:
    return f"{parent.address} {parent.city} {parent.postal_code}"


def _gathered(lines: list[FamilyRow], file: str, warnings: list[Problem]) -> FamilyRow:
    """One family from its lines: the first word on everything, and every student once."""
    family = lines[0]
    for line in lines[1:]:
        is_swapped = name_key(line.parent1.first_name) != name_key(family.parent1.first_name)
        one, two = (line.parent2, line.parent1) if is_swapped else (line.parent1, line.parent2)
        family = replace(
            family,
            parent1=_filled(family.parent1, one, line.line, file, warnings),
            parent2=_filled(family.parent2, two, line.line, file, warnings),
            registered_on=family.registered_on or line.registered_on,
        )
    students: dict[str, StudentRow] = {}
    for line in lines:
        for student in line.students:
            key = name_key(f"{student.first_name} {student.last_name}")
            if key in students:
                reason = f"The same student as on line {students[key].line}; kept once."
                warnings.append(Problem(file, student.line, reason))
            else:
                students[key] = student
    return replace(family, students=tuple(students.values()))


def _filled(parent: ParentRow, other: ParentRow, line: int, file: str, warnings: list[Problem]) -> ParentRow:
    """A parent with gaps filled from another line; a different e-mail or phone there is reported."""
    for what, kept, found in (("e-mail", parent.email, other.email), ("phone", parent.phone, other.phone)):
        if kept and found and kept != found:
            reason = f"Another {what} for {parent.first_name} {parent.last_name}, {found}; kept {kept}."
            warnings.append(Problem(file, line, reason))
    return ParentRow(
        parent.first_name or other.first_name,
        parent.last_name or other.last_name,
        parent.phone or other.phone,
        parent.email or other.email,
        parent.address or other.address,
        parent.city or other.city,
        parent.state or other.state,
        parent.postal_code or other.postal_code,
        parent.county or other.county,
    )
