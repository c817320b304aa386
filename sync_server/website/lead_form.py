"""The lead form: what a browser sent becomes typed values, checked, and then a lead, accepted once however often
it is sent.

A submission is recognized by what it says, not by a token in the page: the lead's id derives from the
organization, the fields and the day. So the page stays the same bytes for every visitor (and can be cached and
compressed once), a double click, a reload or a retry after a lost answer makes the same lead, and a second child
entered in the same page, by "back", makes a second one. The day of yesterday counts too, so that a retry across
midnight is still the same lead.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from urllib.parse import parse_qsl

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared_models.base import derived_id
from shared_models.leads.models import Lead, LeadSource, LeadStage
from shared_models.people.contact import normalize_email, normalize_phone, split_full_name, tidy_name

FIELDS = ("name", "phone", "email", "child", "grade", "subject", "message")
TRAP = "website"
"""A field that people do not see: whoever fills it in is a program."""
LIMITS: Mapping[str, int] = {
    "name": 120,
    "phone": 40,
    "email": 254,
    "child": 80,
    "grade": 20,
    "subject": 36,
    "message": 4000,
}
LABELS: Mapping[str, str] = {
    "name": "Your name",
    "phone": "Phone",
    "email": "E-mail",
    "child": "Child’s first name",
    "grade": "Grade",
    "subject": "Subject",
    "message": "What should we know",
}
GRADES = ("K", *(str(grade) for grade in range(1, 13)))
MAX_BODY_BYTES = 32 * 1024
"""More than every field at its limit takes, percent-encoded; nothing larger is read."""

_MAX_PAIRS = 40
_ADDRESS = re.compile(r"://|\bwww\.|@", re.IGNORECASE)
_UNWANTED = {"Cc", "Cs", "Co", "Cn"}
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Outcome(Enum):
    """What became of a submission."""

    ACCEPTED = "accepted"
    KNOWN_ALREADY = "known already"
    TOO_MANY = "too many"


@dataclass(frozen=True)
class LeadForm:
    """The form as it is shown: what was typed, and a sentence for each field that needs a look."""

    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    errors: Mapping[str, str] = field(default_factory=dict)
    is_trapped: bool = False

    @property
    def summary(self) -> str:
        """How many things need a look, as the heading above them."""
        if "form" in self.errors:
            return self.errors["form"]
        count = "One thing" if len(self.errors) == 1 else f"{len(self.errors)} things"
        return f"{count} to correct. Everything you typed is kept."


@dataclass(frozen=True)
class LeadDraft:
    """A checked submission, in the words of a lead."""

    parent_first_name: str
    parent_last_name: str
    phone: str
    email: str
    student_first_name: str
    grade: str
    subject_id: str | None
    message: str


def read_form(body: bytes) -> LeadForm:
    """The fields of a submitted form (``application/x-www-form-urlencoded``, UTF-8), cleaned but not judged.

    Bytes that are no text become the replacement sign; fields nobody asked for are ignored.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_PAIRS, errors="replace"
        )
    except ValueError:
        pairs = []
    sent = dict(reversed(pairs))
    values = {key: _cleaned(sent.get(key, ""), keep_lines=key == "message") for key in FIELDS}
    return LeadForm(values=values, is_trapped=bool(sent.get(TRAP, "").strip()))


def checked(form: LeadForm, subject_ids: Collection[str], country: str) -> tuple[LeadForm, LeadDraft | None]:
    """The form with its errors, or without any and with the draft of a lead.

    Required are a name and one way to answer; everything else may stay empty (product §6: errors beside the
    field, what was typed kept). ``country`` is the one whose phone numbers need no prefix (ISO 3166).
    """
    values = form.values
    errors: dict[str, str] = {}
    if not values["name"]:
        errors["name"] = "Tell us your name."
    if not values["phone"] and not values["email"]:
        errors["phone"] = "Leave a phone number or an e-mail address, so that we can answer."
    phone, phone_error = _checked_phone(values["phone"], country)
    email, email_error = _checked_email(values["email"])
    if phone_error:
        errors["phone"] = phone_error
    if email_error:
        errors["email"] = email_error
    if values["grade"] and values["grade"] not in GRADES:
        errors["grade"] = "Choose a grade from the list."
    if values["subject"] and values["subject"] not in subject_ids:
        errors["subject"] = "Choose a subject from the list."
    for key in ("name", "child"):
        if _ADDRESS.search(values[key]):
            errors[key] = "A name has no web address in it."
    for key in FIELDS:
        if len(values[key]) > LIMITS[key]:
            errors[key] = f"Use at most {LIMITS[key]:,} characters; these are {len(values[key]):,}."
    if errors:
        ordered = {key: errors[key] for key in FIELDS if key in errors}
        return LeadForm(values=values, errors=ordered), None
    first_name, last_name = split_full_name(values["name"])
    draft = LeadDraft(
        parent_first_name=tidy_name(first_name)[:80],
        parent_last_name=tidy_name(last_name)[:80],
        phone=phone,
        email=email,
        student_first_name=tidy_name(values["child"]),
        grade=values["grade"],
        subject_id=values["subject"] or None,
        message=values["message"],
    )
    return LeadForm(values=values), draft


def lead_id_of(organization_id: str, draft: LeadDraft, day: date) -> str:
    """The id of the lead that this submission makes on this day (UTC), however often it arrives."""
    return derived_id(
        "web lead",
        organization_id,
        day.isoformat(),
        draft.parent_first_name,
        draft.parent_last_name,
        draft.phone,
        draft.email,
        draft.student_first_name,
        draft.grade,
        draft.subject_id or "",
        draft.message,
    )


def known_lead(session: Session, organization_id: str, draft: LeadDraft, now: datetime) -> str | None:
    """The id of the lead that this very submission has already made, today or yesterday; None when it is new.

    Holds a lock on the submission until the transaction ends, so that two copies arriving together are judged
    one after the other.
    """
    ids = [lead_id_of(organization_id, draft, now.date() - timedelta(days=back)) for back in (0, 1)]
    session.execute(select(func.pg_advisory_xact_lock(_lock_key(lead_id_of(organization_id, draft, date.min)))))
    return session.scalar(select(Lead.id).where(Lead.organization_id == organization_id, Lead.id.in_(ids)).limit(1))


def add_lead(session: Session, organization_id: str, draft: LeadDraft, now: datetime) -> Lead:
    """A new lead of source web and stage New with nothing set beyond what was entered (product §5)."""
    lead = Lead(
        organization_id=organization_id,
        id=lead_id_of(organization_id, draft, now.date()),
        created_at=now,
        source=LeadSource.WEB,
        stage=LeadStage.NEW,
        parent_first_name=draft.parent_first_name,
        parent_last_name=draft.parent_last_name,
        phone=draft.phone,
        email=draft.email,
        student_first_name=draft.student_first_name,
        grade=draft.grade,
        subject_id=draft.subject_id,
        message=draft.message,
    )
    session.add(lead)
    return lead


def _lock_key(identifier: str) -> int:
    return int(identifier.replace("-", "")[:15], 16)


def _cleaned(text: str, keep_lines: bool) -> str:
    """The text without signs that control, reorder or mean nothing, composed (NFC), with plain line ends."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not keep_lines:
        text = re.sub(r"\s+", " ", text)
    kept = "".join(sign for sign in text if sign == "\n" or not _is_unwanted(sign))
    return kept.strip()


def _is_unwanted(sign: str) -> bool:
    return sign in _TURNS_TEXT or unicodedata.category(sign) in _UNWANTED


def _checked_phone(phone: str, country: str) -> tuple[str, str]:
    """The number in its stored form, or as typed when it is unusual; or a sentence on what to do."""
    if phone and sum(sign.isdigit() for sign in phone) < 7:
        return phone, "Enter the whole number with its area code, such as (914) 555-0100."
    return normalize_phone(phone, country).value[: LIMITS["phone"]], ""


def _checked_email(email: str) -> tuple[str, str]:
    """The address in its stored form, or a sentence on what to do."""
    found = normalize_email(email)
    if found.warning is None:
        return found.value, ""
    before, at, after = email.partition("@")
    if not at:
        problem = "The @ is missing."
    elif not before:
        problem = "The part before @ is missing."
    elif "." not in after.strip("."):
        problem = "The part after @ is not complete."
    else:
        problem = "This address cannot be right."
    return email, f"{problem} It should look like name@example.com."
