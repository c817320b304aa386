"""Reading what people type into time, date and money fields: pure functions, no Qt."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME = re.compile(r"^(\d{1,2})(?:[:.h]?(\d{2}))?\s*([ap])?\.?m?\.?$")


def parse_time(text: str) -> time | None:
    """A wall-clock time from "5:45 PM", "545p", "17:45", "5", "noon"; None when it is none.

    Without a.m. or p.m., 1 to 7 means the afternoon (a center's hours); a leading zero means the morning.
    """
    words = text.strip().lower().replace(" ", "")
    if words in ("noon", "midday"):
        return time(12, 0)
    if words == "midnight":
        return time(0, 0)
    match = _TIME.match(words)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    half = match[3]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    elif 1 <= hour <= 7 and not match[1].startswith("0"):
        hour += 12
    if hour > 23 or minute > 59:
        return None
    return time(hour, minute)


def format_time(value: time) -> str:
    """ "5:45 PM"."""
    return f"{value.hour % 12 or 12}:{value.minute:02d} {'PM' if value.hour >= 12 else 'AM'}"


def format_time_range(start: time, end: time) -> str:
    """ "4:00–5:30 PM", or "11:00 AM – 12:30 PM" when the halves of the day differ."""
    if (start.hour >= 12) == (end.hour >= 12):
        return f"{format_time(start)[:-3]}–{format_time(end)}"
    return f"{format_time(start)} – {format_time(end)}"


def format_date(value: date, weekday: bool = True, year: bool = True) -> str:
    """ "Wed, Dec 2, 2026"."""
    words = f"{MONTHS[value.month - 1][:3].title()} {value.day}" + (f", {value.year}" if year else "")
    return f"{WEEKDAYS[value.weekday()][:3].title()}, {words}" if weekday else words


def format_long_date(value: date, weekday: bool = True, year: bool = False) -> str:
    """ "Wednesday, November 25"."""
    words = f"{MONTHS[value.month - 1].title()} {value.day}" + (f", {value.year}" if year else "")
    return f"{WEEKDAYS[value.weekday()].title()}, {words}" if weekday else words


def _from_parts(year: int | None, month: int, day: int, today: date, past: bool) -> date | None:
    if year is not None and year < 100:
        year += 2000 if not past or 2000 + year <= today.year else 1900
    try:
        if year is not None:
            return date(year, month, day)
        nearest = date(today.year, month, day)
    except ValueError:
        return None
    if past and nearest > today:
        return _from_parts(today.year - 1, month, day, today, past)
    if not past and (today - nearest).days > 183:
        return _from_parts(today.year + 1, month, day, today, past)
    return nearest


def _month_number(word: str) -> int | None:
    if len(word) < 3:
        return None
    return next((index for index, name in enumerate(MONTHS, 1) if name.startswith(word)), None)


def parse_date(text: str, today: date, *, day_first: bool = False, past: bool = False) -> date | None:
    """A date from "12/2", "12/2/26", "2026-12-02", "Dec 2", "2 December 2026", "wed", "tomorrow", "+7"; or None.

    Without a year the nearest sensible one is taken: the coming one, or with ``past`` (birthdays) the latest.
    A weekday means its next occurrence, today included.
    """
    words = re.sub(r"[,]", " ", text.strip().lower())
    words = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", words)
    if not words:
        return None
    named = {"today": 0, "tomorrow": 1, "yesterday": -1}
    if words in named:
        return today + timedelta(days=named[words])
    if match := re.match(r"^([+-])\s*(\d{1,3})$", words):
        return today + timedelta(days=int(match[1] + match[2]))
    if match := re.match(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$", words):
        return _from_parts(int(match[1]), int(match[2]), int(match[3]), today, past)
    if match := re.match(r"^(\d{1,2})[-/.](\d{1,2})(?:[-/.](\d{2}|\d{4}))?$", words):
        first, second = int(match[1]), int(match[2])
        day_leads = (day_first and second <= 12) or first > 12
        month, day = (second, first) if day_leads else (first, second)
        return _from_parts(int(match[3]) if match[3] else None, month, day, today, past)
    parts = words.split()
    if len(parts) > 1 and any(name.startswith(parts[0]) for name in WEEKDAYS) and len(parts[0]) >= 2:
        parts = parts[1:]
    elif len(parts) <= 2 and len(parts[-1]) >= 2 and (len(parts) == 1 or parts[0] == "next"):
        for index, name in enumerate(WEEKDAYS):
            if name.startswith(parts[-1]):
                ahead = (index - today.weekday()) % 7
                return today + timedelta(days=ahead + (7 if len(parts) == 2 and ahead == 0 else 0))
    if len(parts) in (2, 3):
        for month_at, day_at in ((0, 1), (1, 0)):
            found = _month_number(parts[month_at])
            if found and parts[day_at].isdigit():
                year = parts[2] if len(parts) == 3 else None
                if year is not None and not re.fullmatch(r"\d{2}|\d{4}", year):
                    return None
                return _from_parts(int(year) if year else None, found, int(parts[day_at]), today, past)
    return None


def parse_cents(text: str) -> int | None:
    """Minor units from "$1,105.50", "105", "105,50"; None when it is no amount of at most two decimals."""
    words = re.sub(r"[^\d.,]", "", text.strip())
    if not re.search(r"\d", words) or re.search(r"-", text):
        return None
    if match := re.fullmatch(r"([\d.,]*?)[.,](\d{1,2})", words):
        whole, fraction = match[1], match[2]
    else:
        whole, fraction = words, ""
    digits = re.sub(r"[.,]", "", whole)
    if whole and not re.fullmatch(r"\d+|\d{1,3}([.,]\d{3})+", whole):
        return None
    return int(digits or 0) * 100 + int((fraction + "00")[:2])


def format_cents(cents: int, symbol: str = "$") -> str:
    """ "$1,105.50"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{symbol}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def plain(text: str) -> str:
    """``text`` for comparing: lower case, without accents, so that "zoe" finds "Zoë" and "lukasik" "Łukasik"."""
    import unicodedata

    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in folded if not unicodedata.combining(char))


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "’": "'"})
