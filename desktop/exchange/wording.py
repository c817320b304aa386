"""How an import is put into words, on the command line and in the dialog alike."""

from __future__ import annotations

from collections.abc import Mapping

_ORDER = (
    ("locations", "location", "locations"),
    ("rooms", "room", "rooms"),
    ("closures", "closure", "closures"),
    ("services", "price", "prices"),
    ("tutors", "tutor", "tutors"),
    ("families", "family", "families"),
    ("students", "student", "students"),
    ("leads", "lead", "leads"),
    ("products", "class or camp", "classes and camps"),
    ("series", "series", "series"),
    ("entries", "session", "sessions"),
    ("camps", "camp", "camps"),
    ("camp_entries", "camp day", "camp days"),
)


def counted(number: int, one: str, many: str) -> str:
    """“1 family”, “180 families”, “5,344 sessions”."""
    return f"{number:,} {one if number == 1 else many}"


def count_lines(counts: Mapping[str, int]) -> list[str]:
    """What was counted, each kind in words, in the order of the import; nothing that is zero."""
    return [counted(counts[kind], one, many) for kind, one, many in _ORDER if counts.get(kind)]


def in_a_row(words: list[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
