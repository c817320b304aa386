"""How people are found by what one types: names without regard to case and accents, parts of phone numbers, e-mail
addresses. Pure: the words under which a person is filed, and the same words made from a query."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared_models.people.contact import name_key

_APOSTROPHES = re.compile(r"['’`´]")
_NOT_DIGITS = re.compile(r"\D+")
_EXTENSION = re.compile(r"\s*(?:x|ext\.?)\s*\d+\s*$", re.IGNORECASE)
_PHONE_LIKE = re.compile(r"[\d\s()+./-]+")
_TAIL_LENGTHS = (10, 7, 4)


class PersonKind(StrEnum):
    """Who can be found."""

    FAMILY = "family"
    STUDENT = "student"
    LEAD = "lead"
    TUTOR = "tutor"


@dataclass(frozen=True, slots=True)
class PersonHit:
    """Somebody who was found: what the row says, and the family to open for a student."""

    kind: PersonKind
    id: str
    title: str
    subtitle: str
    family_id: str | None = None


@dataclass(frozen=True, slots=True)
class FiledPerson:
    """Words a person is filed under: ``own`` names, phones and e-mails, and the names of the ``wider`` family."""

    kind: PersonKind
    id: str
    sort_key: str
    own: str
    wider: str = ""
    is_archived: bool = False


def name_words(*names: str) -> str:
    """The words of names in their plain form; O'Brien is filed under "obrien" and "brien" alike."""
    words: dict[str, None] = {}
    for name in names:
        words.update(dict.fromkeys(name_key(name).split()))
        if _APOSTROPHES.search(name):
            words.update(dict.fromkeys(name_key(_APOSTROPHES.sub(" ", name)).split()))
    return " ".join(words)


def phone_digits(phone: str) -> str:
    """The digits of a phone number without country code 1, leading zeros and extension: "+1 (914) 555-0100 x2"
    gives "9145550100"."""
    digits = _NOT_DIGITS.sub("", _EXTENSION.sub("", phone)).lstrip("0")
    return digits[1:] if len(digits) > 10 and digits.startswith("1") else digits


def phone_words(*phones: str) -> str:
    """The beginnings by which a number is found: the whole, and its last ten, seven and four digits."""
    words: dict[str, None] = {}
    for phone in phones:
        digits = phone_digits(phone)
        if digits:
            words[digits] = None
            words.update(dict.fromkeys(digits[-n:] for n in _TAIL_LENGTHS if len(digits) > n))
    return " ".join(words)


def filed_words(names: Iterable[str], phones: Iterable[str] = (), emails: Iterable[str] = ()) -> str:
    """Everything one person is filed under."""
    parts = (name_words(*names), phone_words(*phones), " ".join(name_key(email) for email in emails if email))
    return " ".join(part for part in parts if part)


def query_words(text: str) -> list[str]:
    """What was typed, as beginnings of words that must all occur; digits in the form of a phone number are one."""
    typed = text.strip()
    if _PHONE_LIKE.fullmatch(typed):
        digits = phone_digits(typed) if len(_NOT_DIGITS.sub("", typed)) > 4 else _NOT_DIGITS.sub("", typed)
        return [digits] if digits else []
    return name_key(_APOSTROPHES.sub("", typed)).split()
