"""The time zones that the sign-up form offers."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from shared_models.organization.countries import USUAL_ZONES

_REGIONS = (
    "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@lru_cache(maxsize=1)
def zone_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every IANA zone by region, as (region, [(zone, its city)]); those of North America first."""
    known = available_timezones()
    groups = [("Usual", [(zone, _city(zone)) for zone in USUAL_ZONES if zone in known])]
    for region in _REGIONS:
        zones = sorted(zone for zone in known if zone.startswith(f"{region}/") and zone not in USUAL_ZONES)
        groups.append((region, [(zone, _city(zone)) for zone in zones]))
    return groups


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every zone that the form offers."""
    return frozenset(zone for _, group in zone_groups() for zone, _ in group)


def _city(zone: str) -> str:
    return zone.split("/", 1)[1].replace("_", " ").replace("/", ", ")
