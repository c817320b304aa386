"""Opening hours and closures put into the words of a website; pure rules, the moment is handed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
CLOSED = "Closed"

_CLOSURES_AHEAD = timedelta(days=14)
_LOOK_AHEAD_DAYS = 60

Span = tuple[time, time]
"""Opening and closing time on one day, wall clock."""
Week = Mapping[int, Span]
"""Weekday (Monday 0) to hours; a weekday that is missing is closed."""


@dataclass(frozen=True)
class ClosedDays:
    """Days of a closure, both included, with the reason in the center's words (may be empty)."""

    first_day: date
    last_day: date
    reason: str = ""


@dataclass(frozen=True)
class OfficeHours:
    """What is needed of one office to say when it is open."""

    name: str
    week: Week
    closures: Sequence[ClosedDays] = ()


@dataclass(frozen=True)
class OpenLine:
    """The line at the top of the page: ``short`` fits a phone, ``rest`` follows where there is room.

    The words hold until ``valid_until`` (UTC).
    """

    short: str
    rest: str
    valid_until: datetime


def clock_words(moment: time, with_half: bool = True) -> str:
    """``2:00 PM``, or ``2:00`` without the half of the day."""
    words = f"{moment.hour % 12 or 12}:{moment.minute:02d}"
    return f"{words} {_half(moment)}" if with_half else words


def span_words(span: Span) -> str:
    """``2:00–9:00 PM``, or ``9:00 AM–3:00 PM`` when noon lies between."""
    opens, closes = span
    return f"{clock_words(opens, with_half=_half(opens) != _half(closes))}–{clock_words(closes)}"


def folded_week(week: Week) -> tuple[tuple[str, str], ...]:
    """The week as few lines: neighboring days with equal hours share one, from Monday on."""
    texts = [span_words(week[day]) if day in week else CLOSED for day in range(7)]
    lines: list[tuple[str, str]] = []
    start = 0
    for day in range(1, 8):
        if day < 7 and texts[day] == texts[start]:
            continue
        lines.append((_weekday_range(start, day - 1), texts[start]))
        start = day
    return tuple(lines)


def days_words(first_day: date, last_day: date, today: date) -> str:
    """``November 26``, ``November 26 and 27`` or ``December 24 to January 1``; the year when it is far off."""
    year = f", {last_day.year}" if (last_day - today).days > 300 or last_day < today else ""
    first = f"{MONTHS[first_day.month - 1]} {first_day.day}"
    if first_day == last_day:
        return first + year
    same_month = (first_day.year, first_day.month) == (last_day.year, last_day.month)
    last = f"{last_day.day}" if same_month else f"{MONTHS[last_day.month - 1]} {last_day.day}"
    joined = "and" if (last_day - first_day).days == 1 else "to"
    return f"{first} {joined} {last}{year}"


def open_line(offices: Sequence[OfficeHours], now: datetime, zone: tzinfo) -> OpenLine:
    """Whether and when the offices are open today, and what closes soon (product §6: hours are live).

    ``now`` is an instant; the words change at an office's closing time and at the local midnight.
    """
    local = now.astimezone(zone)
    today = local.date()
    todays = [(office, span) for office in offices if (span := hours_on(office, today)) is not None]
    still_open = [(office, span) for office, span in todays if local.time() < span[1]]
    ends = [span[1] for _, span in still_open]
    midnight = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
    changes = datetime.combine(today, max(ends), zone).astimezone(UTC) if ends else midnight
    soon = _closures_ahead(offices, today)
    if not offices:
        return OpenLine("", "", midnight)
    if still_open:
        short, rest = _open_today(todays, len(offices))
    else:
        reason = next((one.reason for office in offices for one in office.closures if _covers(one, today)), "")
        short = "Closed now." if todays else f"Closed today ({reason})." if reason else "Closed today."
        rest = _opens_again(offices, today)
    return OpenLine(short, " ".join(part for part in (rest, soon) if part), min(changes, midnight))


def hours_on(office: OfficeHours, day: date) -> Span | None:
    """The hours of ``office`` on ``day``; None when it stays closed."""
    if any(_covers(closure, day) for closure in office.closures):
        return None
    return office.week.get(day.weekday())


def closures_from(closures: Sequence[ClosedDays], today: date, limit: int) -> tuple[ClosedDays, ...]:
    """The next ``limit`` closures that have not ended, the soonest first."""
    ahead = sorted((one for one in closures if one.last_day >= today), key=lambda one: (one.first_day, one.last_day))
    return tuple(ahead[:limit])


def _open_today(todays: Sequence[tuple[OfficeHours, Span]], office_count: int) -> tuple[str, str]:
    first_span = todays[0][1]
    short = f"Open today {span_words(first_span)}"
    if office_count == 1:
        return short + ".", ""
    if all(span == first_span for _, span in todays):
        return short, f"in {listed([office.name for office, _ in todays])}."
    named = [f"in {todays[0][0].name}"]
    named += [f"{span_words(span)} in {office.name}" for office, span in todays[1:]]
    return short, ", ".join(named) + "."


def _opens_again(offices: Sequence[OfficeHours], today: date) -> str:
    for ahead in range(1, _LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        opening = [(span[0], office.name) for office in offices if (span := hours_on(office, day)) is not None]
        if not opening:
            continue
        first = min(moment for moment, _ in opening)
        when = "tomorrow" if ahead == 1 else WEEKDAYS[day.weekday()]
        if ahead > 6:
            when = f"{WEEKDAYS[day.weekday()]}, {days_words(day, day, today)}"
        where = listed([name for moment, name in opening if moment == first])
        return f"Open again {when} at {clock_words(first)}" + (f" in {where}." if len(offices) > 1 else ".")
    return ""


def _closures_ahead(offices: Sequence[OfficeHours], today: date) -> str:
    """One sentence on the closures of the next two weeks; those of some offices only are named with them."""
    upcoming: dict[tuple[date, date], list[str]] = {}
    for office in offices:
        for closure in office.closures:
            if today < closure.first_day <= today + _CLOSURES_AHEAD:
                upcoming.setdefault((closure.first_day, closure.last_day), []).append(office.name)
    sentences = []
    for (first_day, last_day), names in sorted(upcoming.items()):
        days = days_words(first_day, last_day, today)
        everywhere = len(set(names)) == len(offices)
        sentences.append(f"Closed {days}." if everywhere else f"{listed(sorted(set(names)))} closed {days}.")
    return " ".join(sentences[:2])


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(([", ".join(words[:-1])] if len(words) > 1 else []) + list(words[-1:]))


def _covers(closure: ClosedDays, day: date) -> bool:
    return closure.first_day <= day <= closure.last_day


def _half(moment: time) -> str:
    return "AM" if moment.hour < 12 else "PM"


def _weekday_range(first: int, last: int) -> str:
    if first == last:
        return WEEKDAYS[first]
    return f"{WEEKDAYS[first]} {'and' if last == first + 1 else 'to'} {WEEKDAYS[last]}"
