"""Reading leads: one line each, with the center's own words for where it came from and how far it is."""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from shared_models.exchange.cells import RowReader, Surroundings, row_readers
from shared_models.exchange.problems import Problem
from shared_models.exchange.subjects import SubjectWords, parse_subject
from shared_models.exchange.table import ColumnMapping, Field, Table, detect_mapping, read_table
from shared_models.exchange.values import BadValue
from shared_models.leads.models import ContactMethod, LeadSource, LeadStage, Temperature
from shared_models.people.contact import name_key, split_full_name, tidy_name

T = TypeVar("T")

FIELDS = (
    Field("created_on", "Date", ("Created", "Date Created", "Received", "Inquiry Date", "Timestamp")),
    Field("parent_first_name", "Parent first name", ("Parent First", "First Name", "First")),
    Field("parent_last_name", "Parent last name", ("Parent Last", "Last Name", "Last")),
    Field("parent_name", "Parent", ("Parent Name", "Name", "Contact", "Guardian")),
    Field("phone", "Phone", ("Parent Phone", "Cell", "Mobile", "Phone Number", "Téléphone")),
    Field("email", "E-mail", ("Parent Email", "Email Address", "Courriel")),
    Field("student_name", "Student", ("Child", "Student Name", "Child Name", "Student First")),
    Field("grade", "Grade", ("Grade Level",)),
    Field("wanted", "Wants", ("Subject", "Interested in", "Topic", "Needs", "Looking for")),
    Field("source", "Source", ("Lead source", "Heard from", "How did you hear about us", "Channel")),
    Field("stage", "Stage", ("Status", "Lead status")),
    Field("temperature", "Temperature", ("Temp",)),
    Field("last_contact_on", "Last contact", ("Last contacted", "Contacted on", "Last contact date")),
    Field("last_contact_method", "Last contact by", ("Contact method", "Contacted by", "Method")),
    Field("location", "Location", ("Office", "Center", "Site")),
    Field("message", "Message", ("Inquiry",)),
    Field("notes", "Notes", ("Note", "Comments", "Remarks")),
)

_SOURCES = {
    "web": LeadSource.WEB,
    "website": LeadSource.WEB,
    "web site": LeadSource.WEB,
    "web form": LeadSource.WEB,
    "online": LeadSource.WEB,
    "google": LeadSource.WEB,
    "walk in": LeadSource.WALK_IN,
    "walkin": LeadSource.WALK_IN,
    "phone": LeadSource.PHONE,
    "call": LeadSource.PHONE,
    "telephone": LeadSource.PHONE,
    "e mail": LeadSource.EMAIL,
    "email": LeadSource.EMAIL,
    "mail": LeadSource.EMAIL,
    "facebook": LeadSource.FACEBOOK,
    "fb": LeadSource.FACEBOOK,
    "instagram": LeadSource.INSTAGRAM,
    "insta": LeadSource.INSTAGRAM,
    "ig": LeadSource.INSTAGRAM,
    "tiktok": LeadSource.TIKTOK,
    "tik tok": LeadSource.TIKTOK,
    "tt": LeadSource.TIKTOK,
    "other": LeadSource.OTHER,
    "referral": LeadSource.OTHER,
    "friend": LeadSource.OTHER,
}
_STAGES = {
    **{name_key(stage.value.replace("_", " ")): stage for stage in LeadStage},
    "new lead": LeadStage.NEW,
    "attempted": LeadStage.CONTACT_ATTEMPTED,
    "left message": LeadStage.CONTACT_ATTEMPTED,
    "no answer": LeadStage.CONTACT_ATTEMPTED,
    "called": LeadStage.CONTACTED,
    "followup attempted": LeadStage.FOLLOW_UP_ATTEMPTED,
    "follow up": LeadStage.FOLLOWED_UP,
    "followedup": LeadStage.FOLLOWED_UP,
    "signed up": LeadStage.COMMITTED,
    "booked": LeadStage.SCHEDULED,
    "assessment done": LeadStage.ASSESSED,
    "enrolled": LeadStage.ACTIVE,
    "lost": LeadStage.COLD,
    "dead": LeadStage.COLD,
}
_TEMPERATURES = {name_key(temperature.value): temperature for temperature in Temperature}
_METHODS = {
    "phone": ContactMethod.PHONE,
    "call": ContactMethod.PHONE,
    "e mail": ContactMethod.EMAIL,
    "email": ContactMethod.EMAIL,
    "dm": ContactMethod.DM,
    "message": ContactMethod.DM,
    "text": ContactMethod.DM,
}


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead in stored form; days are the center's own."""

    line: int
    created_on: date | None
    parent_first_name: str
    parent_last_name: str
    phone: str = ""
    email: str = ""
    student_first_name: str = ""
    student_last_name: str = ""
    grade: str = ""
    wanted: str = ""
    source: LeadSource = LeadSource.OTHER
    stage: LeadStage = LeadStage.NEW
    temperature: Temperature | None = None
    last_contact_on: date | None = None
    last_contact_method: ContactMethod | None = None
    location: str = ""
    message: str = ""
    notes: str = ""

    @property
    def subject(self) -> SubjectWords | None:
        """The subject or topic wanted, as words."""
        return parse_subject(self.wanted)

    @property
    def natural_key(self) -> str:
        """What stays the same when the file is exported again: who asked, for whom, for what."""
        parent = name_key(f"{self.parent_first_name} {self.parent_last_name}")
        child = name_key(f"{self.student_first_name} {self.student_last_name}")
        return "|".join((parent, self.email or self.phone, child, name_key(self.wanted)))


@dataclass(frozen=True, slots=True)
class LeadsFile:
    """What a leads file holds."""

    file: str
    leads: tuple[LeadRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    table: Table
    mapping: ColumnMapping


def read_leads(
    content: bytes,
    file: str = "leads.csv",
    around: Surroundings | None = None,
    mapping: ColumnMapping | None = None,
) -> LeadsFile:
    """Leads from the bytes of a CSV file. Raises UnreadableFile when it is no table at all."""
    return leads_of(read_table(content), file, around or Surroundings(), mapping)


def leads_of(table: Table, file: str, around: Surroundings, mapping: ColumnMapping | None = None) -> LeadsFile:
    """Leads from a table that was read already, and perhaps corrected by hand."""
    mapping = mapping or detect_mapping(table.header, FIELDS)
    leads: list[LeadRow] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for reader in row_readers(table, mapping, around):
        lead = _lead(reader, around)
        if problem := reader.problem(file):
            problems.append(problem)
            continue
        leads.append(lead)
        if warning := reader.warning(file):
            warnings.append(warning)
    return LeadsFile(file, tuple(leads), tuple(problems), tuple(warnings), table, mapping)


def _lead(reader: RowReader, around: Surroundings) -> LeadRow:
    first, last = reader.text("parent_first_name"), reader.text("parent_last_name")
    if not first and not last:
        first, last = split_full_name(reader.text("parent_name"))
    child_first, child_last = split_full_name(reader.text("student_name"))
    phone, email = reader.phone("phone"), reader.email("email")
    if not (first or last or phone or email):
        reader.errors.append("There is neither a name nor a phone number nor an e-mail address.")
    notes = [reader.text("notes")]
    source = _word(reader, "source", "source", _SOURCES, notes) or LeadSource.OTHER
    stage = _word(reader, "stage", "stage", _STAGES, notes) or LeadStage.NEW
    location = ""
    if text := reader.text("location"):
        try:
            location = around.known_location(text)
        except BadValue as error:
            reader.doubts.append(str(error))
    return LeadRow(
        line=reader.line,
        created_on=reader.date("created_on", "Date"),
        parent_first_name=tidy_name(first),
        parent_last_name=tidy_name(last, [child_last]),
        phone=phone,
        email=email,
        student_first_name=tidy_name(child_first),
        student_last_name=tidy_name(child_last, [last]),
        grade=reader.text("grade"),
        wanted=reader.text("wanted"),
        source=source,
        stage=stage,
        temperature=_word(reader, "temperature", "temperature", _TEMPERATURES, notes),
        last_contact_on=reader.date("last_contact_on", "Last contact"),
        last_contact_method=_word(reader, "last_contact_method", "way of contact", _METHODS, notes),
        location=location,
        message=reader.text("message"),
        notes="\n".join(note for note in notes if note),
    )


def _word(reader: RowReader, field: str, what: str, meanings: dict[str, T], notes: list[str]) -> T | None:
    """What one of the center's own words means; a word nobody knows is kept in the notes, with a doubt."""
    text = reader.text(field)
    if not text:
        return None
    meaning = meanings.get(name_key(text))
    if meaning is None:
        reader.doubts.append(f"The {what} “{text}” is not known; it is kept in the notes.")
        notes.append(f"{what.capitalize()}: {text}")
    return meaning
