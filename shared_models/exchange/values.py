"""Single values as people type them into a spreadsheet: dates, times, weekdays, money, yes and no.

Each function takes trimmed text and raises BadValue with a sentence that quotes it and shows a right one.
"""

import re
from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation

from shared_models.people.contact import name_key


class BadValue(ValueError):
    """A value that cannot be read; the message is a sentence for the desk."""


_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january janvier",
            "feb february fev fevr fevrier",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juillet",
            "aug august aout",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december decembre",
        ),
        1,
    )
    for word in words.split()
}
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "mon monday lun lundi m",
            "tue tues tuesday mar mardi tu",
            "wed weds wednesday mer mercredi w",
            "thu thur thurs thursday jeu jeudi th",
            "fri friday ven vendredi f",
            "sat saturday sam samedi sa",
            "sun sunday dim dimanche su",
        )
    )
    for word in words.split()
}
_TIME_PART = re.compile(r"[T ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AP]M)?(Z|[+-]\d\d:?\d\d)?$", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})(\d\d)(\d\d)")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?[- /.]*([a-z]+)\.?[- /.,]*(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"([a-z]+)\.?[- /.]*(\d{1,2})(?:st|nd|rd|th)?(?:[- /.,]+)(\d{4}|\d{2})")
_LEADING_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]? +")
_SPREADSHEET_DAY = re.compile(r"[2-6]\d{4}(?:\.0)?")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d\d)?)?(?::\d\d)? ?([ap])?\.?(?:m\.?)?")


def parse_date(text: str, *, is_day_first: bool = False, latest: date | None = None) -> date:
    """A date in any of the usual forms: 2026-03-05, 3/5/26, 05-Mar-2026, Mar 5, 2026, 5.3.2026.

    With dots the day comes first, with slashes the month, or the day if ``is_day_first`` or when only that
    is possible. A year of two digits is the latest that is not after ``latest``; without ``latest`` it
    means 1969 to 2068.
    """
    typed = _TIME_PART.sub("", text.strip())
    try:
        found = _date(name_key_with_marks(typed), is_day_first, latest)
    except ValueError:
        found = None
    if found is None:
        raise BadValue(f"“{text}” is not a date. Use one such as 3/15/2014.")
    return found


def parse_time(text: str) -> time:
    """A time of day: 14:30, 2:30 PM, 14h30, 9am."""
    match = _TIME.fullmatch(text.strip().lower())
    if match:
        hour, minute = int(match[1]), int(match[2] or 0)
        if match[3]:
            if not 1 <= hour <= 12:
                raise BadValue(f"“{text}” is not a time. Use one such as 5:45 PM.")
            hour = hour % 12 + (12 if match[3] == "p" else 0)
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise BadValue(f"“{text}” is not a time. Use one such as 5:45 PM.")


def parse_weekdays(text: str) -> frozenset[int]:
    """Weekdays, Monday = 0, from names, initials and ranges: "Mon Tue Sat", "mon-fri", "M/W/F", "daily"."""
    key = text.strip().lower()
    if key in ("daily", "every day", "all", "mon-sun"):
        return frozenset(range(7))
    days: set[int] = set()
    key = re.sub(r"\s*(?:-|–|\bto\b)\s*", "-", key)
    for part in re.split(r"[\s,;/&+]+|\band\b", key):
        if not part:
            continue
        ends = [_weekday(word) for word in part.split("-")]
        if len(ends) > 2 or None in ends:
            raise BadValue(f"“{text}” does not name weekdays. Write them such as Mon Wed Fri.")
        first, last = ends[0], ends[-1]
        assert first is not None and last is not None
        days.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(days)


def parse_cents(text: str) -> int:
    """An amount of money in cents: $28.00, 28, 1,250.50, 28,50 €, 28/hr."""
    digits = re.sub(r"(?i)/ ?(?:hr|hour|h)\b.*|per hour|usd|[$€£\s\u00a0]", "", text)
    if re.fullmatch(r"\d+,\d{1,2}", digits):
        digits = digits.replace(",", ".")
    try:
        amount = Decimal(digits.replace(",", ""))
    except InvalidOperation:
        raise BadValue(f"“{text}” is not an amount of money. Use one such as 28.00.") from None
    if not amount.is_finite() or amount < 0 or amount > 1_000_000:
        raise BadValue(f"“{text}” is not an amount of money. Use one such as 28.00.")
    return int((amount * 100).to_integral_value(rounding="ROUND_HALF_UP"))


def parse_yes_no(text: str) -> bool | None:
    """Yes, no, or None for an empty cell."""
    key = name_key(text)
    if key in ("", "na", "n a", "unknown"):
        return None
    if key in ("y", "yes", "true", "t", "1", "x", "oui", "ok"):
        return True
    if key in ("n", "no", "false", "f", "0", "none", "non"):
        return False
    raise BadValue(f"“{text}” is neither yes nor no.")


def described(text: str) -> str:
    """A remark that is often only yes or no: "no" says nothing, "Y" becomes "Yes", words stay."""
    try:
        answer = parse_yes_no(text)
    except BadValue:
        return text
    return "Yes" if answer else ""


def split_list(text: str, separators: str = ";|\n") -> tuple[str, ...]:
    """The trimmed, non-empty parts of a cell that lists several things."""
    return tuple(part.strip() for part in re.split(f"[{re.escape(separators)}]", text) if part.strip())


def quoted_list(words: Iterable[str]) -> str:
    """“A”, “B” and “C”."""
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def name_key_with_marks(text: str) -> str:
    """Lower case without accents, punctuation kept: what dates are read from."""
    return "".join(name_key(c) if c.isalpha() else c for c in text).strip()


def _weekday(word: str) -> int | None:
    key = name_key(word)
    return _WEEKDAYS.get(key, _WEEKDAYS.get(key.removesuffix("s")))


def _date(typed: str, is_day_first: bool, latest: date | None) -> date | None:
    typed = _LEADING_WEEKDAY.sub("", typed)
    if match := _YEAR_FIRST.fullmatch(typed):
        year, month, day = (int(part) for part in match.groups() if part is not None)
        return date(year, month, day)
    if match := _NUMBERS.fullmatch(typed):
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if is_day_first or match[2] == "." else (second, first)
        if month > 12 >= day:
            day, month = month, day
        return _with_year(match[4], month, day, latest)
    if (match := _DAY_MONTH.fullmatch(typed)) and match[2] in _MONTHS:
        return _with_year(match[3], _MONTHS[match[2]], int(match[1]), latest)
    if (match := _MONTH_DAY.fullmatch(typed)) and match[1] in _MONTHS:
        return _with_year(match[3], _MONTHS[match[1]], int(match[2]), latest)
    if _SPREADSHEET_DAY.fullmatch(typed):
        return _SPREADSHEET_EPOCH + timedelta(days=int(float(typed)))
    return None


def _with_year(year: str, month: int, day: int, latest: date | None) -> date:
    if len(year) == 4:
        return date(int(year), month, day)
    if latest is None:
        return date(int(year) + (2000 if int(year) < 69 else 1900), month, day)
    century = latest.year // 100 * 100
    try:
        recent = date(century + int(year), month, day)
    except ValueError:
        return date(century - 100 + int(year), month, day)
    return recent if recent <= latest else date(century - 100 + int(year), month, day)
