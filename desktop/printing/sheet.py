"""What every printed page shares: paper, the center's name and colors in the header, and who printed it when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

# Spelled out, because strftime follows the process's locale, which Qt changes.
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Paper(StrEnum):
    """Paper that the pages are made for."""

    LETTER = "letter"
    A4 = "a4"


@dataclass(frozen=True)
class PageSetup:
    """Paper and orientation of the printed pages."""

    paper: Paper = Paper.LETTER
    is_landscape: bool = True

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points (1/72 inch)."""
        short, long = (612.0, 792.0) if self.paper is Paper.LETTER else (595.276, 841.89)
        return (long, short) if self.is_landscape else (short, long)

    @property
    def most_columns(self) -> int:
        """How many columns one page takes before the day continues on the next."""
        return 8 if self.is_landscape else 5


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The header and footer of a printed page. ``printed_at`` is the center's wall clock; ``scope_words`` says which
    filters narrow what is printed; ``warning`` stands in the footer."""

    organization_name: str
    contact_lines: tuple[str, ...]
    printed_at: datetime
    printed_by: str
    color: str = "#17614F"
    logo: bytes | None = None
    scope_words: str = ""
    warning: str = "Contains names of children. Do not leave at the desk."

    def with_warning(self, warning: str) -> Sheet:
        """The same with other words in the footer."""
        return replace(self, warning=warning)


def date_words(day: date) -> str:
    """``November 25, 2026``."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def day_words(day: date) -> str:
    """``Wednesday, November 25, 2026``."""
    return f"{DAYS[day.weekday()]}, {date_words(day)}"


def short_day_words(day: date) -> str:
    """``Wed, Nov 25``."""
    return f"{DAYS[day.weekday()][:3]}, {MONTHS[day.month - 1][:3]} {day.day}"


def span_of_days(first: date, last: date) -> str:
    """``November 23–29, 2026``, ``November 30 – December 6, 2026``; the year twice only where it changes."""
    if first == last:
        return date_words(first)
    if first.year != last.year:
        return f"{date_words(first)} – {date_words(last)}"
    if first.month != last.month:
        return f"{MONTHS[first.month - 1]} {first.day} – {date_words(last)}"
    return f"{MONTHS[first.month - 1]} {first.day}–{last.day}, {first.year}"


def counted(count: int, one: str, many: str) -> str:
    """``1 entry``, ``12 entries``."""
    return f"{count:,} {one if count == 1 else many}"
