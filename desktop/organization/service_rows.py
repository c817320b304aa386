"""The services as Settings lists them: grouped by family, with the price at each location."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.schedule.calendar_values import Family
from desktop.schedule.directory import family_of
from shared_models.catalog.models import Level, Service, ServiceFormat, ServiceOffered
from shared_models.organization.countries import currency_sign
from shared_models.organization.models import Location, Organization

GROUP_TITLES: Mapping[Family, str] = {
    Family.PRIVATE: "Private",
    Family.SEMI_PRIVATE: "Semi-private",
    Family.TEST_PREP: "Test prep",
    Family.CLASS: "Group classes",
    Family.WORKSHOP: "Workshops",
    Family.CAMP: "Camps",
    Family.ASSESSMENT: "Assessments",
    Family.FREE: "Free sessions",
}
LEVEL_WORDS: Mapping[Level, str] = {
    Level.ELEMENTARY: "Elementary school",
    Level.MIDDLE: "Middle school",
    Level.HIGH: "High school",
    Level.TEST_PREP: "Test prep",
}
FORMAT_WORDS: Mapping[ServiceFormat, str] = {
    ServiceFormat.PRIVATE: "Private",
    ServiceFormat.SEMI_PRIVATE: "Semi-private",
    ServiceFormat.GROUP: "Group class",
    ServiceFormat.WORKSHOP: "Workshop",
    ServiceFormat.CAMP: "Camp",
}


@dataclass(frozen=True, slots=True)
class Offered:
    """A service at one location: its hourly price in minor units and the location's own words for it."""

    cents: int
    is_active: bool
    display_name: str
    description: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service with what each location makes of it."""

    id: str
    name: str
    short_name: str
    family: Family
    capacity: int
    offered: Mapping[str, Offered]

    @property
    def is_offered(self) -> bool:
        """Whether any location offers it."""
        return any(one.is_active for one in self.offered.values())

    def cents_at(self, location_id: str) -> int | None:
        """The hourly price there; None where it is not offered."""
        one = self.offered.get(location_id)
        return one.cents if one is not None and one.is_active else None


@dataclass(frozen=True, slots=True)
class Services:
    """All services and the locations that may offer them."""

    rows: tuple[ServiceRow, ...]
    locations: tuple[tuple[str, str], ...]
    currency: str

    @property
    def sign(self) -> str:
        """The currency's sign before an amount."""
        return currency_sign(self.currency)

    def grouped(self) -> list[tuple[str, Family, Sequence[ServiceRow]]]:
        """The rows by family, in the order of the families."""
        by_family: dict[Family, list[ServiceRow]] = defaultdict(list)
        for row in self.rows:
            by_family[row.family].append(row)
        return [(title, family, by_family[family]) for family, title in GROUP_TITLES.items() if by_family[family]]


def read_services(session: Session, organization_id: str) -> Services:
    """Everything in three queries."""
    locations = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    ).all()
    offered: dict[str, dict[str, Offered]] = defaultdict(dict)
    for service_id, location_id, cents, is_active, name, description in session.execute(
        select(
            ServiceOffered.service_id, ServiceOffered.location_id, ServiceOffered.hourly_price_cents,
            ServiceOffered.is_active, ServiceOffered.display_name, ServiceOffered.description,
        ).where(ServiceOffered.organization_id == organization_id, ServiceOffered.archived_at.is_(None))
    ):  # fmt: skip
        offered[service_id][location_id] = Offered(cents, is_active, name, description)
    rows = []
    for service in session.scalars(
        select(Service)
        .where(Service.organization_id == organization_id, Service.archived_at.is_(None))
        .order_by(Service.position, Service.name)
    ):
        family = family_of(service.code, service.format, service.level)
        rows.append(
            ServiceRow(service.id, service.name, _short_name(service, family), family, service.default_capacity,
                       offered[service.id])
        )  # fmt: skip
    currency = session.scalar(select(Organization.currency).where(Organization.organization_id == organization_id))
    return Services(tuple(rows), tuple((place_id, name) for place_id, name in locations), currency or "USD")


def _short_name(service: Service, family: Family) -> str:
    """What tells a standard service from the others of its group; an own one goes by its name."""
    if not service.code or family in (Family.ASSESSMENT, Family.FREE):
        return service.name
    if family is Family.TEST_PREP:
        return FORMAT_WORDS[service.format]
    return LEVEL_WORDS[service.level] if service.level is not None else service.name
