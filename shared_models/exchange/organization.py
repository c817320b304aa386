"""Reading organization.json: the center's facts, its locations with hours and rooms, its closures and prices."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from shared_models.exchange.problems import Problem, UnreadableFile
from shared_models.exchange.table import decode
from shared_models.exchange.values import (
    BadValue,
    parse_cents,
    parse_date,
    parse_time,
    parse_weekdays,
)
from shared_models.people.contact import normalize_email, normalize_phone, one_spaced
from shared_models.schedule.times import UnknownTimeZone, zone_of


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room of a location."""

    name: str
    number: str = ""
    floor: str = ""


@dataclass(frozen=True, slots=True)
class LocationRow:
    """A location; ``hours`` by weekday (Monday = 0) as (opens, closes), a missing weekday is closed."""

    name: str
    is_virtual: bool = False
    address: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    county: str = ""
    phone: str = ""
    email: str = ""
    hours: tuple[tuple[int, time, time], ...] = ()
    rooms: tuple[RoomRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """Closed days, both ends included; no location means the whole organization."""

    line: int
    first_day: date
    last_day: date
    reason: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class OrganizationFile:
    """What an organization file holds; prices are cents per hour by the code of the service.

    A text that the file does not give is empty, a number None.
    """

    file: str
    business_name: str
    phone: str
    email: str
    time_zone: str
    currency: str
    default_buffer_minutes: int | None
    slug: str
    about: str
    headline: str
    country: str
    locations: tuple[LocationRow, ...]
    closures: tuple[ClosureRow, ...]
    hourly_cents: dict[str, int]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    text: str = field(default="", repr=False)

    def line_of(self, needle: str) -> int:
        """The first line of the file that holds a text, 1 when none does."""
        return _line_of(self.text, needle)


def read_organization(content: bytes, file: str = "organization.json") -> OrganizationFile:
    """The center's facts from the bytes of a JSON file.

    A part that cannot be read is left out and reported; raises UnreadableFile when the whole cannot.
    """
    text, _ = decode(content)
    try:
        tree = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"Line {error.lineno} cannot be read: {error.msg}.") from error
    except RecursionError as error:
        raise UnreadableFile("The file is nested too deeply.") from error
    if not isinstance(tree, dict):
        raise UnreadableFile("The file does not describe an organization.")
    return _OrganizationReader(text, file).read(tree)


class _OrganizationReader:
    """Walks the tree and collects what is wrong; lines are found again by searching the text."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def read(self, tree: dict[str, object]) -> OrganizationFile:
        name = _text(tree, "business_name") or _text(tree, "name")
        if not name:
            self._problem("business_name", "The name of the center is missing.")
        country = _text(tree, "country") or "US"
        return OrganizationFile(
            file=self._file,
            business_name=name,
            phone=self._phone(tree, country),
            email=self._email(tree),
            time_zone=self._time_zone(tree),
            currency=_text(tree, "currency").upper(),
            default_buffer_minutes=self._buffer(tree),
            slug=_text(tree, "slug").lower(),
            about=_text(tree, "about"),
            headline=_text(tree, "headline"),
            country=country,
            locations=tuple(
                location
                for part in _parts(tree, "locations")
                if (location := self._location(part, country)) is not None
            ),
            closures=tuple(
                closure for part in _parts(tree, "closures") if (closure := self._closure(part)) is not None
            ),
            hourly_cents=self._prices(tree),
            problems=tuple(self._problems),
            warnings=tuple(self._warnings),
            text=self._text,
        )

    def _location(self, part: dict[str, object], country: str) -> LocationRow | None:
        name = _text(part, "name")
        if not name:
            self._problem("locations", "A location has no name.")
            return None
        return LocationRow(
            name=name,
            is_virtual=part.get("is_virtual") is True,
            address=_text(part, "address"),
            city=_text(part, "city"),
            state=_text(part, "state"),
            postal_code=_text(part, "zip") or _text(part, "postal_code"),
            county=_text(part, "county"),
            phone=self._phone(part, country),
            email=self._email(part),
            hours=self._hours(name, part.get("hours")),
            rooms=tuple(
                RoomRow(_text(room, "name"), _text(room, "number"), _text(room, "floor"))
                for room in _parts(part, "rooms")
                if _text(room, "name")
            ),
        )

    def _hours(self, location: str, hours: object) -> tuple[tuple[int, time, time], ...]:
        found: list[tuple[int, time, time]] = []
        if not isinstance(hours, dict):
            return ()
        for days, span in hours.items():
            try:
                found += _opening(str(days), str(span))
            except BadValue as error:
                self._problem(str(span), f"Opening hours of {location}: {error}")
        return tuple(sorted(found))

    def _closure(self, part: dict[str, object]) -> ClosureRow | None:
        first_text = _text(part, "from") or _text(part, "date")
        last_text = _text(part, "to") or first_text
        reason = _text(part, "reason")
        try:
            first_day, last_day = parse_date(first_text), parse_date(last_text)
        except BadValue as error:
            self._problem(first_text, f"Closure {reason}: {error}")
            return None
        if last_day < first_day:
            self._problem(last_text, f"Closure {reason}: it ends before it begins.")
            return None
        line = self._line_of(first_text)
        return ClosureRow(line, first_day, last_day, reason, _text(part, "location"))

    def _prices(self, tree: dict[str, object]) -> dict[str, int]:
        prices = tree.get("hourly_prices_usd", tree.get("hourly_prices", {}))
        if not isinstance(prices, dict):
            self._problem("hourly_prices", "The prices are not a list of services with their price.")
            return {}
        cents = {}
        for code, price in prices.items():
            try:
                cents[str(code)] = parse_cents(str(price))
            except BadValue as error:
                self._problem(str(code), f"Price of {code}: {error}")
        return cents

    def _time_zone(self, tree: dict[str, object]) -> str:
        name = _text(tree, "time_zone")
        try:
            if name:
                zone_of(name)
        except UnknownTimeZone:
            self._problem("time_zone", f"“{name}” is not a time zone. Use one such as America/New_York.")
            return ""
        return name

    def _buffer(self, tree: dict[str, object]) -> int | None:
        minutes = tree.get("default_buffer_minutes")
        if minutes is None:
            return None
        if isinstance(minutes, int) and not isinstance(minutes, bool) and 0 <= minutes <= 240:
            return minutes
        self._problem("default_buffer_minutes", f"“{minutes}” is not a number of minutes.")
        return None

    def _phone(self, part: dict[str, object], country: str) -> str:
        normalized = normalize_phone(_text(part, "phone"), country)
        self._warn(normalized.value, normalized.warning)
        return normalized.value

    def _email(self, part: dict[str, object]) -> str:
        normalized = normalize_email(_text(part, "email"))
        self._warn(normalized.value, normalized.warning)
        return normalized.value

    def _warn(self, needle: str, reason: str | None) -> None:
        if reason:
            self._warnings.append(Problem(self._file, self._line_of(needle), reason))

    def _problem(self, needle: str, reason: str) -> None:
        self._problems.append(Problem(self._file, self._line_of(needle), reason))

    def _line_of(self, needle: str) -> int:
        return _line_of(self._text, needle)


def _line_of(text: str, needle: str) -> int:
    place = text.find(needle) if needle else -1
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def _opening(days: str, span: str) -> list[tuple[int, time, time]]:
    """“mon-fri” and “14:00-21:00” as (weekday, opens, closes) for each day; “closed” as none."""
    weekdays = parse_weekdays(days)
    if span.strip().lower() in ("closed", ""):
        return []
    result = []
    for part in re.split(r"[,;]", span):
        ends = re.split(r"\s*(?:-|–|\bto\b)\s*", part.strip())
        if len(ends) != 2:
            raise BadValue(f"“{span}” are not opening hours. Write them such as 14:00-21:00.")
        opens, closes = parse_time(ends[0]), parse_time(ends[1])
        if opens >= closes:
            raise BadValue(f"“{span}” closes before it opens.")
        result += [(weekday, opens, closes) for weekday in weekdays]
    return result


def _text(part: dict[str, object], key: str) -> str:
    value = part.get(key)
    return one_spaced(str(value)) if isinstance(value, str | int | Decimal) else ""


def _parts(tree: dict[str, object], key: str) -> list[dict[str, object]]:
    parts = tree.get(key)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
