"""The center itself as printed pages show it: header and footer, paper, locations, opening hours and closed days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from io import BytesIO

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from desktop.printing.sheet import Paper, Sheet
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.organization.brand import logo_bytes, printable_color
from shared_models.organization.models import Closure, Location, OpeningHours, Organization
from shared_models.people.contact import format_phone
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.times import instant_of, wall_clock_of, zone_of

ALL_LOCATIONS = "All locations"
_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PR", "PH", "CL", "CO", "CR", "GT", "PA", "DO", "VE"})


@dataclass(frozen=True)
class Center:
    """A reading of one center for one print: the session, who prints, and when (a UTC instant). ``own_places`` are
    the locations of the person at the desk, None for all."""

    session: Session
    organization: Organization
    now: datetime
    user_id: str | None
    own_places: frozenset[str] | None = None

    @property
    def id(self) -> str:
        return self.organization.organization_id

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.organization.time_zone)

    @property
    def today(self) -> date:
        """The date on the organization's calendar."""
        return wall_clock_of(self.now, self.zone).date()

    def live(self, table: type[TenantRow]) -> ColumnElement[bool]:
        """The rows of this center that are not archived."""
        return and_(table.organization_id == self.id, table.archived_at.is_(None))

    def is_foreign(self, location_id: str) -> bool:
        """Whether of what takes place at a location only is told that it takes a tutor's time (product §2)."""
        return self.own_places is not None and location_id not in self.own_places

    def here(self) -> ColumnElement[bool]:
        """The entries of which all is told."""
        return true() if self.own_places is None else ScheduleEntry.location_id.in_(self.own_places)

    def instants(self, first_day: date, last_day: date) -> tuple[datetime, datetime]:
        """The UTC instants at which the first day begins and the last has ended."""
        return instant_of(first_day, time(), self.zone), instant_of(last_day + timedelta(days=1), time(), self.zone)

    def sheet(self, location: Location | None, scope_words: str = "", warning: str | None = None) -> Sheet:
        """Header and footer, with the address of a location, or of the organization."""
        user = self.session.get(User, (self.id, self.user_id)) if self.user_id else None
        sheet = Sheet(
            organization_name=self.organization.business_name,
            contact_lines=contact_lines(self.organization, location),
            printed_at=wall_clock_of(self.now, self.zone),
            printed_by=full_name(user.first_name, user.last_name) if user else "",
            color=printable_color(self.organization.brand_color),
            logo=printable_logo(self.organization.logo_png),
            scope_words=scope_words,
        )
        return sheet if warning is None else sheet.with_warning(warning)

    def location(self, location_id: str) -> Location | None:
        """A location; None for "", which stands for all. Raises LookupError when it does not exist."""
        if not location_id:
            return None
        location = self.session.get(Location, (self.id, location_id))
        if location is None:
            raise LookupError("This location does not exist any more.")
        return location


@dataclass(frozen=True)
class LocationChoice:
    """A location that can be printed."""

    location_id: str
    name: str


@dataclass(frozen=True)
class OpenDay:
    """A day with the minutes at which it opens and closes (None: not open), and why it is a closed day."""

    day: date
    opens: time | None = None
    closes: time | None = None
    closed_reason: str = ""


def open_center(
    session: Session,
    organization_id: str,
    now: datetime,
    user_id: str | None,
    own_places: frozenset[str] | None = None,
) -> Center:
    """The center to read. Raises LookupError when it does not exist."""
    organization = session.get(Organization, (organization_id, organization_id))
    if organization is None:
        raise LookupError("This center does not exist any more.")
    return Center(session, organization, now, user_id, own_places)


def location_choices(session: Session, organization_id: str) -> list[LocationChoice]:
    """The organization's locations in their order."""
    query = (
        select(Location)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    )
    return [LocationChoice(location.id, location.name) for location in session.scalars(query)]


def today(session: Session, organization_id: str, now: datetime) -> date:
    """The date on the organization's calendar at the UTC instant ``now``."""
    return open_center(session, organization_id, now, None).today


def paper_of_country(session: Session, organization_id: str) -> Paper:
    """The paper that printers hold where the organization is: Letter in North America and a few more countries."""
    organization = session.get_one(Organization, (organization_id, organization_id))
    return Paper.LETTER if organization.country in _LETTER_COUNTRIES else Paper.A4


def open_days(center: Center, location_id: str, days: Sequence[date]) -> list[OpenDay]:
    """Opening hours and closures of the days at a location; for all locations ("") from the first that opens to the
    last that closes, and closed only where all are."""
    hours = center.session.execute(
        select(OpeningHours.location_id, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes).where(
            center.live(OpeningHours), *([OpeningHours.location_id == location_id] if location_id else [])
        )
    ).all()
    closures = center.session.execute(
        select(Closure.location_id, Closure.first_day, Closure.last_day, Closure.reason).where(
            center.live(Closure),
            Closure.first_day <= days[-1],
            Closure.last_day >= days[0],
            *([or_(Closure.location_id.is_(None), Closure.location_id == location_id)] if location_id else []),
        )
    ).all()
    places = {location_id} if location_id else {row.location_id for row in hours}
    found = []
    for day in days:
        shut = {row.location_id: row.reason for row in closures if row.first_day <= day <= row.last_day}
        is_closed = None in shut or (bool(places) and places <= shut.keys())
        reason = next((r for r in shut.values() if r), "no reason given") if is_closed else ""
        here = [row for row in hours if row.weekday == day.weekday()]
        opens, closes = min((r.opens for r in here), default=None), max((r.closes for r in here), default=None)
        found.append(OpenDay(day, opens, closes, reason))
    return found


def printable_logo(stored: str) -> bytes | None:
    """The stored logo's PNG file; None for none, and for a damaged one, which would stop the print."""
    png = logo_bytes(stored) if stored else None
    if png is None:
        return None
    from PIL import Image

    try:
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return None
    return png


def full_name(first_name: str, last_name: str) -> str:
    """First and last name with one space; a missing one leaves none."""
    return f"{first_name} {last_name}".strip()


def contact_lines(organization: Organization, location: Location | None) -> tuple[str, ...]:
    """Address and phone of the location, or of the organization where the location has none."""
    address = address_words(location) if location is not None and location.address else address_words(organization)
    number = (location.phone if location is not None else "") or organization.phone
    phone = format_phone(number, organization.country)
    return tuple(line for line in (address, phone) if line)


def address_words(place: Location | Organization) -> str:
    """``50 S Buckhout St, Irvington, NY 10533``."""
    region = f"{place.state} {place.postal_code}".strip()
    return ", ".join(part for part in (place.address, place.city, region) if part)
