"""Writing the organization's facts, locations, opening hours, rooms and prices."""

from collections.abc import Sequence

from sqlalchemy import select

from shared_models.base import TenantRow, derived_id
from shared_models.catalog.models import Service, ServiceOffered
from shared_models.catalog.seed import seed_catalog, service_offered_id
from shared_models.exchange.organization import LocationRow, OrganizationFile
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import Importing, Row
from shared_models.organization.models import Location, OpeningHours, Organization, Room
from shared_models.people.contact import name_key


class NoOrganization(Exception):
    """Files were imported into a store without an organization, and none of them describes one."""

    def __init__(self) -> None:
        super().__init__("Set the center up first, or import its organization.json together with these files.")


def apply_organization(work: Importing, files: Sequence[OrganizationFile]) -> None:
    """Make or complete the organization with its catalog, locations, rooms and prices.

    What somebody has entered stays; empty facts are filled. Raises NoOrganization when there is none and no file
    describes one.
    """
    organization = work.session.get(Organization, (work.organization_id, work.organization_id))
    for file in files:
        if organization is None and file.business_name:
            organization = Organization(
                **work.own(work.organization_id),
                business_name=file.business_name,
                time_zone=file.time_zone or "UTC",
                country=file.country,
            )
            work.session.add(organization)
        if organization is not None:
            _fill(organization, _facts(file))
            work.session.flush()
    if organization is None:
        raise NoOrganization
    work.time_zone = organization.time_zone
    services = _services(work)
    if not services:
        seed_catalog(work.recorder, work.session, work.organization_id)
        services = _services(work)
    for file in files:
        _add_locations(work, file, services)


def load_locations(work: Importing) -> None:
    """Note the live locations, for everything else names them."""
    rows = work.session.execute(
        select(Location.name, Location.id).where(
            Location.organization_id == work.organization_id, Location.archived_at.is_(None)
        )
    )
    work.locations = {name_key(name): location_id for name, location_id in rows}


def _facts(file: OrganizationFile) -> Row:
    return {
        "phone": file.phone,
        "email": file.email,
        "currency": file.currency,
        "default_buffer_minutes": file.default_buffer_minutes,
        "website_slug": file.slug,
        "headline": file.headline,
        "about": file.about,
    }


def _fill(row: TenantRow, facts: Row) -> None:
    """Set facts that are still empty or as they were given by default."""
    for name, value in facts.items():
        default = row.__table__.c[name].default
        usual = default.arg if default is not None and not default.is_callable else None
        if value not in (None, "") and getattr(row, name) in (None, "", usual):
            setattr(row, name, value)


def _services(work: Importing) -> dict[str, str]:
    rows = work.session.execute(
        select(Service.code, Service.id).where(Service.organization_id == work.organization_id, Service.code != "")
    )
    return {code: service_id for code, service_id in rows}  # noqa: C416 - a row is not a pair to the type checker


def _add_locations(work: Importing, file: OrganizationFile, services: dict[str, str]) -> None:
    known = {
        name_key(location.name): location
        for location in work.session.scalars(select(Location).where(Location.organization_id == work.organization_id))
    }
    with_hours = set(
        work.session.scalars(
            select(OpeningHours.location_id).where(
                OpeningHours.organization_id == work.organization_id, OpeningHours.archived_at.is_(None)
            )
        )
    )
    hours: list[Row] = []
    rooms: list[Row] = []
    offered: list[Row] = []
    for position, location in enumerate(file.locations):
        existing = known.get(name_key(location.name))
        if existing is not None:
            location_id = existing.id
            _fill(existing, _address(location))
            work.already_there["locations"] += 1
        else:
            location_id = derived_id(work.organization_id, "location", location.name)
            work.session.add(
                Location(
                    **work.own(location_id),
                    name=location.name,
                    is_virtual=location.is_virtual,
                    position=position,
                    **_address(location),
                )
            )
            work.counts["locations"] += 1
        if location_id not in with_hours:
            hours += _hours(work, location_id, location)
        rooms += _rooms(work, location_id, location)
        offered += [
            {
                **work.own(service_offered_id(work.organization_id, services[code], location_id)),
                "service_id": services[code],
                "location_id": location_id,
                "hourly_price_cents": cents,
            }
            for code, cents in file.hourly_cents.items()
            if code in services
        ]
    work.session.flush()
    work.add(OpeningHours, hours)
    work.add(Room, rooms, "rooms")
    work.add(ServiceOffered, offered, "services")
    for code in file.hourly_cents.keys() - services.keys():
        reason = f"There is no service with the code “{code}”; its price was left out."
        work.problems.append(Problem(file.file, file.line_of(code), reason))


def _address(location: LocationRow) -> Row:
    return {
        "address": location.address,
        "city": location.city,
        "state": location.state,
        "postal_code": location.postal_code,
        "county": location.county,
        "phone": location.phone,
        "email": location.email,
    }


def _hours(work: Importing, location_id: str, location: LocationRow) -> list[Row]:
    return [
        {
            **work.own(derived_id(location_id, "hours", str(weekday), opens.isoformat())),
            "location_id": location_id,
            "weekday": weekday,
            "opens": opens,
            "closes": closes,
        }
        for weekday, opens, closes in location.hours
    ]


def _rooms(work: Importing, location_id: str, location: LocationRow) -> list[Row]:
    """Rooms that no room of the same name at the location stands for already."""
    known = {
        name_key(name): room_id
        for room_id, name in work.session.execute(
            select(Room.id, Room.name).where(
                Room.organization_id == work.organization_id, Room.location_id == location_id
            )
        )
    }
    return [
        {
            **work.own(known.get(name_key(room.name)) or derived_id(location_id, "room", name_key(room.name))),
            "location_id": location_id,
            "name": room.name,
            "number": room.number,
            "floor": room.floor,
            "position": position,
        }
        for position, room in enumerate(location.rooms)
    ]
