"""Who a caller may be: known leads and families ranked by what they share with what was typed so far (product §2,
"Possible duplicates"). Pure: whoever could match is handed in, found by an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

from shared_models.people.contact import name_key
from shared_models.people.search import PersonKind, phone_digits

_SIMILAR = 0.8
_SHORTEST_NAME = 3
_SHORTEST_PHONE = 6


class Likeness(StrEnum):
    """What a known person and the typed one have in common, the strongest of it."""

    SAME_PHONE = "SAME_PHONE"
    SAME_EMAIL = "SAME_EMAIL"
    SAME_NAME = "SAME_NAME"
    SIMILAR_NAME = "SIMILAR_NAME"


@dataclass(frozen=True, slots=True)
class TypedPerson:
    """What was typed so far; any of it may be empty or unfinished."""

    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A lead or family that might be meant: all its full names, phones and e-mails, and when it came to us."""

    kind: PersonKind
    id: str
    names: tuple[str, ...]
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A known person, why they may be the one, and the phone that matched, whole or as far as it was typed."""

    person: KnownPerson
    likeness: Likeness
    score: float
    phone: str = ""
    phone_is_whole: bool = False


def rank_duplicates(typed: TypedPerson, known: Iterable[KnownPerson], *, limit: int = 3) -> list[PossibleDuplicate]:
    """The likeliest of ``known``, best first; those who share nothing are left out."""
    key = name_key(typed.name)
    digits = phone_digits(typed.phone)
    email = typed.email.strip().lower()
    found = [match for person in known if (match := _compare(person, key, digits, email))]
    found.sort(key=lambda match: (-match.score, -(match.person.since.timestamp() if match.person.since else 0.0)))
    return found[:limit]


def _compare(person: KnownPerson, key: str, digits: str, email: str) -> PossibleDuplicate | None:
    score, likeness, matched_phone, is_whole = 0.0, None, "", False
    if len(digits) >= _SHORTEST_PHONE:
        for phone in person.phones:
            known_digits = phone_digits(phone)
            if known_digits.startswith(digits):
                is_whole = known_digits == digits
                score += 4.0 if is_whole else 1.6
                likeness, matched_phone = Likeness.SAME_PHONE, phone
                break
    if email and "@" in email and any(known.lower() == email for known in person.emails):
        score += 4.0
        likeness = likeness or Likeness.SAME_EMAIL
    name_score = max((_name_score(key, name_key(name)) for name in person.names), default=0.0)
    if name_score:
        score += name_score
        likeness = likeness or (Likeness.SAME_NAME if name_score >= 2.0 else Likeness.SIMILAR_NAME)
    return PossibleDuplicate(person, likeness, score, matched_phone, is_whole) if likeness else None


def _name_score(typed: str, known: str) -> float:
    """2 for the same name in any order, 1 to 2 for the beginning of it or a similar one, 0 for another name."""
    if len(typed) < _SHORTEST_NAME or not known:
        return 0.0
    typed_words, known_words = typed.split(), known.split()
    if sorted(typed_words) == sorted(known_words):
        return 2.0
    if all(any(word.startswith(part) for word in known_words) for part in typed_words):
        return 1.0 + min(len(typed) / len(known), 1.0) * 0.9
    if len(typed_words) < 2:
        return 0.0
    ratio = SequenceMatcher(None, typed, known, autojunk=False).ratio()
    return ratio if ratio >= _SIMILAR else 0.0
