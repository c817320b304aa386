"""What the words of an event say: tutor, students, subject, location, rooms."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shared_models.exchange.calendar_lines import OWN_SERVICE, EventBlock, Property
from shared_models.exchange.subjects import SubjectWords, parse_subject
from shared_models.people.contact import name_key, normalize_email, one_spaced

CLOSED = re.compile(r"(?:closed|closure|no (?:school|class(?:es)?|lessons?)|fermé)\b\s*[:–-]?\s*", re.IGNORECASE)
_ONLINE = re.compile(r"\b(?:online|zoom|virtual|remote|google meet|teams|en ligne)\b|https?://", re.IGNORECASE)
_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|li)>", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
_TUTOR_WORDS = frozenset({"tutor", "teacher", "instructor", "tutors"})
_STUDENT_WORDS = frozenset({"student", "students", "child", "children", "attendees", "pupils"})
_SUBJECT_WORDS = frozenset({"subject", "topic", "wants", "course"})
_KEYS = {word: word for word in _TUTOR_WORDS | _STUDENT_WORDS | _SUBJECT_WORDS}


@dataclass(frozen=True, slots=True)
class EventWords:
    """Everything that an event says besides its time."""

    title: str = ""
    tutor_name: str = ""
    tutor_email: str = ""
    location: str = ""
    rooms: tuple[str, ...] = ()
    is_online: bool = False
    student_names: tuple[str, ...] = ()
    subject: SubjectWords | None = None
    service_code: str = ""


def words_of(block: EventBlock) -> EventWords:
    """The words of an event. A tutor and students named in the description count more than those invited."""
    tutor, students, subject = _described(block.text("DESCRIPTION"))
    organizer = block.first("ORGANIZER")
    email = ""
    if organizer is not None and organizer.value[:7].lower() == "mailto:":
        email = _email(organizer.value)
    location, rooms, is_online = _place(block.text("LOCATION"))
    return EventWords(
        title=one_spaced(block.text("SUMMARY")),
        tutor_name=tutor or _common_name(organizer),
        tutor_email=email,
        location=location,
        rooms=rooms,
        is_online=is_online,
        student_names=students or tuple(_invited(block)),
        subject=subject,
        service_code=block.text(OWN_SERVICE).strip(),
    )


@lru_cache(maxsize=4096)
def _email(address: str) -> str:
    """One address organizes many events."""
    return normalize_email(address).value


@lru_cache(maxsize=4096)
def _described(description: str) -> tuple[str, tuple[str, ...], SubjectWords | None]:
    """Tutor, students and subject from lines such as “Students: Ana Kim, Leo Kim”."""
    tutor, subject = "", None
    students: tuple[str, ...] = ()
    for line in _plain(description).splitlines():
        word, colon, rest = line.partition(":")
        if not colon or len(word) > 40:
            continue
        key = _KEYS.get(word.lower()) or name_key(word)
        if key in _TUTOR_WORDS:
            tutor = one_spaced(rest)
        elif key in _STUDENT_WORDS:
            students = tuple(name for part in re.split(r"[,;&]", rest) if (name := one_spaced(part)))
        elif key in _SUBJECT_WORDS:
            subject = parse_subject(rest)
    return tutor, students, subject


def _plain(description: str) -> str:
    """A description as text: Google keeps those that were edited there as a web page."""
    if "<" not in description and "&" not in description:
        return description
    return html.unescape(_MARKUP.sub("", _LINE_END.sub("\n", description)))


@lru_cache(maxsize=4096)
def _place(written: str) -> tuple[str, tuple[str, ...], bool]:
    """Location, rooms and whether it is online from “Irvington Office / Room E” or “Irvington Office / online”."""
    parts = [part for part in (one_spaced(part) for part in re.split(r" / |\n|;", written)) if part]
    is_online = any(_ONLINE.search(part) for part in parts)
    named = [part for part in parts if not _ONLINE.search(part)]
    if not named:
        return "", (), is_online
    rooms = tuple(one_spaced(room) for part in named[1:] for room in re.split(r"[,&+]", part) if room.strip())
    return named[0], () if is_online else rooms, is_online


def _invited(block: EventBlock) -> Iterator[str]:
    for attendee in block.all("ATTENDEE"):
        if name := _common_name(attendee):
            yield name


def _common_name(address: Property | None) -> str:
    return one_spaced(address.parameters.get("CN", "")) if address is not None else ""
