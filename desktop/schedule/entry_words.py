"""The words on an entry in several lengths: topics, people and places as the calendar steps them down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from desktop.schedule.calendar_values import Wording
from shared_models.schedule.conflicts import ConflictKind, ConflictTag

_SHORTER: dict[str, tuple[str, ...]] = {
    "Algebra I": ("Algebra I", "Alg I"),
    "Algebra II": ("Algebra II", "Alg II"),
    "Anatomy & Physiology": ("Anatomy", "Anat."),
    "Arithmetic": ("Arithm.", "Arith"),
    "Assessment": ("Assess.", "Asmt"),
    "Biology": ("Bio",),
    "Calculus": ("Calc",),
    "Chemistry": ("Chem.", "Chem"),
    "College Applications": ("Applications", "Appl."),
    "College Essays": ("Essays",),
    "Common Core Math": ("Core Math", "Core"),
    "Computer Basics": ("Computer", "Comp."),
    "Computer Science": ("Comp. Sci.", "CS"),
    "Earth Science": ("Earth Sci.", "Earth"),
    "Environmental Science": ("Env. Sci.", "Env."),
    "Executive Functioning": ("Exec. Function", "Exec. F.", "Exec"),
    "General Homework Help": ("Homework Help", "Homework", "Hmwk"),
    "General Science": ("Science", "Sci."),
    "Geometry": ("Geom.", "Geo"),
    "Kindergarten Readiness": ("Kindergarten", "Kinder."),
    "Literature": ("Lit.",),
    "Pre-Algebra": ("Pre-Alg",),
    "Pre-Calculus": ("Pre-Calc", "Pre-Cal", "P-Calc"),
    "Probability": ("Prob.",),
    "Reading": ("Read.", "Read"),
    "SAT / ACT Math": ("SAT Math", "SAT M"),
    "SAT Math class": ("SAT Math", "SAT M"),
    "SAT or ACT?": ("SAT/ACT", "Free"),
    "SHSAT group": ("SHSAT",),
    "Spanish": ("Span.", "Span"),
    "Statistics": ("Stats",),
    "Study Skills": ("Study",),
    "Trigonometry": ("Trig",),
    "U.S. History": ("U.S. Hist.", "USH"),
    "Vocabulary": ("Vocab.", "Voc."),
    "World History": ("World Hist.", "WH"),
    "Writers' workshop": ("Writers", "Writ."),
    "Writing": ("Writ.",),
    "Young Writers class": ("Young Writers", "Writers", "Writ."),
}
_CODES: dict[str, str] = {
    "Algebra I": "A I",
    "Algebra II": "A II",
    "Anatomy & Physiology": "AP",
    "Arithmetic": "Ar",
    "Assessment": "As",
    "Biology": "Bio",
    "Calculus": "Ca",
    "Chemistry": "Ch",
    "Computer Science": "CS",
    "Economics": "Ec",
    "English": "En",
    "Executive Functioning": "EF",
    "French": "Fr",
    "General Homework Help": "HH",
    "Geography": "Gg",
    "Geometry": "Geo",
    "German": "Gr",
    "Grammar": "Gm",
    "Italian": "It",
    "Kindergarten Readiness": "K",
    "Physics": "Ph",
    "Pre-Algebra": "PA",
    "Pre-Calculus": "PC",
    "Probability": "Pb",
    "Reading": "Rd",
    "SAT or ACT?": "S/A",
    "SHSAT": "SHS",
    "Spanish": "Sp",
    "Speaking": "Spk",
    "Spelling": "Spl",
    "Statistics": "St",
    "Trigonometry": "Tr",
    "U.S. History": "USH",
    "Vocabulary": "Voc",
    "World History": "WH",
    "Writing": "Wr",
}
_CODE_LETTERS = 3
_TAIL_WORDS = re.compile(r"\s+(class|group|workshop|camp|club|exams?|support)$", re.IGNORECASE)


@lru_cache(maxsize=2048)
def title_words(name: str) -> Wording:
    """The name of a topic, subject or product, without its explanation in parentheses, then shorter."""
    full = re.sub(r"\s*\(.*?\)", "", name).strip() or name
    shorter = _SHORTER.get(full)
    if shorter is None:
        bare = _TAIL_WORDS.sub("", full)
        shorter = (bare,) if bare != full else ()
        if " " in bare:
            shorter += (bare.split(" ")[0],)
    return (full, *(word for word in shorter if word != full))


@lru_cache(maxsize=2048)
def lane_title_words(name: str) -> Wording:
    """The same for a lane of the calendar, which may leave room for a code alone: "Chemistry", "Chem.", "Ch"."""
    words = title_words(name)
    return tuple(dict.fromkeys((*words, _code_of(words[0]))))


def _code_of(full: str) -> str:
    """The code of a title: one that is known, the initials of several words, or the first letters of one."""
    known = _CODES.get(full)
    if known is not None:
        return known
    bare = _TAIL_WORDS.sub("", full)
    parts = [part for part in re.split(r"[\s/&,.’'–-]+", bare) if part]
    if len(parts) > 1:
        return "".join(part[0] for part in parts[:_CODE_LETTERS])
    return _CODES.get(bare) or bare[:_CODE_LETTERS]


@lru_cache(maxsize=8192)
def person_words(name: str) -> Wording:
    """ "Andre Smith", "Andre S.", "Andre", "A. S.", "AS"."""
    parts = name.split()
    if len(parts) < 2:
        return (name,)
    first, last = parts[0][0], parts[-1][0]
    return (name, f"{parts[0]} {last}.", parts[0], f"{first}. {last}.", f"{first}{last}")


def people_words(names: Sequence[str], capacity: int) -> Wording:
    """One student by name, two by first names, more as a count of the capacity."""
    if len(names) == 1:
        return person_words(names[0])
    if len(names) == 2:
        first = [name.split()[0] for name in names if name]
        return (" and ".join(first), " + ".join(first), "2 students", "2")
    if not names:
        return (f"0 of {capacity}", f"0/{capacity}") if capacity > 1 else ()
    count = len(names)
    return (f"{count} of {max(capacity, count)}", f"{count}/{max(capacity, count)}", str(count))


@lru_cache(maxsize=2048)
def tutor_words(name: str) -> Wording:
    """ "M. Patel", "Patel"."""
    parts = name.split()
    if len(parts) < 2:
        return (name,)
    return (f"{parts[0][0]}. {' '.join(parts[1:])}", " ".join(parts[1:]))


@lru_cache(maxsize=512)
def room_words(name: str) -> Wording:
    """ "Room C", "Rm C"."""
    if name.startswith("Room "):
        return (name, name.replace("Room ", "Rm ", 1))
    return (name,)


def conflict_words(kind: ConflictKind, tag: ConflictTag) -> str:
    """A conflict in a few words: "tutor booked twice", "too tight for the room"."""
    return f"{kind.value} booked twice" if tag is ConflictTag.OVERLAP else f"too tight for the {kind.value}"
