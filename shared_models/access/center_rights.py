"""Who may do what with the organization, its users and its catalog (product §2, "Who may do what")."""

from __future__ import annotations

from shared_models.access.conditions import EVERYTHING, Is, Mine, Named, Not, Own, Ref, either
from shared_models.access.models import Role
from shared_models.access.reach import (
    ADMIN,
    AT_MY_LOCATIONS,
    DESK,
    GUARDIAN,
    IS_STAFF,
    MYSELF,
    TUTOR,
)
from shared_models.access.rules import Groups, Scope, TableRights, rights, rule

_EVERYONE = (ADMIN, DESK, TUTOR, GUARDIAN)


def _organization() -> TableRights:
    g = Groups(
        CONTACT="business_name phone email address city state postal_code country website_slug archived_at",
        RULES="time_zone currency language default_buffer_minutes session_durations_minutes start_grid_minutes "
        "biweekly_allowed",
        WEBSITE="headline about brand_color logo_png",
    )
    return rights(
        g,
        rule([ADMIN], EVERYTHING, g(), updates=g("WEBSITE"), history=True),
        rule([DESK, TUTOR, GUARDIAN], EVERYTHING, g()),
    )


def _location() -> TableRights:
    # Every location is on the website with its address and phone, so only who manages it stays inside.
    g = Groups(
        PUBLIC="name is_virtual address city state postal_code county country phone email position archived_at",
        MANAGER="manager_user_id",
    )
    return rights(
        g,
        rule([ADMIN], EVERYTHING, g(), history=True),
        rule([DESK], EVERYTHING, g()),
        rule([TUTOR, GUARDIAN], EVERYTHING, g("PUBLIC")),
    )


def _of_a_location(g: Groups) -> TableRights:
    """Read by everyone; written by admins at their locations."""
    return rights(
        g,
        rule([ADMIN], AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule(_EVERYONE, EVERYTHING, g()),
    )


def _of_the_catalog(g: Groups) -> TableRights:
    """Read by everyone; written by admins."""
    return rights(
        g,
        rule([ADMIN], EVERYTHING, g(), writes=g(), history=True),
        rule([DESK, TUTOR, GUARDIAN], EVERYTHING, g()),
    )


def _user() -> TableRights:
    g = Groups(NAMES="first_name last_name archived_at", CONTACT="phone email")
    colleague = either(
        Named("location_assignment", "user_id", AT_MY_LOCATIONS),
        Named("tutor", "user_id", Named("tutor_location", "tutor_id", AT_MY_LOCATIONS)),
        Mine("id", Own.USER),
    )
    return rights(
        g,
        rule([ADMIN], IS_STAFF, g(), scope=Scope.ALL, history=True),
        rule([DESK], IS_STAFF, g("NAMES"), scope=Scope.ALL),
        rule([DESK], colleague, g()),
        rule([TUTOR, GUARDIAN], Mine("id", Own.USER), g(), scope=Scope.OWN),
        # Whose lessons these are; the website names its tutors too.
        rule([GUARDIAN], Named("tutor", "user_id", EVERYTHING), g("NAMES"), scope=Scope.ALL),
    )


def _user_role() -> TableRights:
    g = Groups(ROLE="user_id role archived_at")
    of_staff = Not(Is("role", Role.GUARDIAN.value))
    return rights(
        g,
        rule([ADMIN], of_staff, g(), scope=Scope.ALL, history=True),
        rule([DESK], of_staff, g(), scope=Scope.ALL),
        rule(_EVERYONE, MYSELF, g(), scope=Scope.OWN),
    )


def _location_assignment() -> TableRights:
    g = Groups(PLACE="user_id location_id archived_at")
    of_staff = Ref("user_id", "user", IS_STAFF)
    return rights(
        g,
        rule([ADMIN], of_staff, g(), scope=Scope.ALL, history=True),
        rule([DESK], of_staff, g(), scope=Scope.ALL),
        rule(_EVERYONE, MYSELF, g(), scope=Scope.OWN),
    )


def _closure() -> TableRights:
    g = Groups(DAYS="location_id first_day last_day reason archived_at")
    return rights(
        g,
        # Days on which every location is closed are the owner's to set.
        rule([ADMIN], AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule(_EVERYONE, EVERYTHING, g()),
    )


def _stored_file() -> TableRights:
    g = Groups(FILE="sha256 size_bytes media_type name purpose width height stored_at archived_at")
    public = either(Is("purpose", "LOGO"), Is("purpose", "PHOTO"))
    return rights(
        g,
        rule([ADMIN, DESK], EVERYTHING, g(), writes=g(), history=True),
        rule([TUTOR, GUARDIAN], public, g(), scope=Scope.ALL),
    )


CENTER_RIGHTS: dict[str, TableRights] = {
    "organization": _organization(),
    "location": _location(),
    "stored_file": _stored_file(),
    "opening_hours": _of_a_location(Groups(HOURS="location_id weekday opens closes archived_at")),
    "room": _of_a_location(Groups(ROOM="location_id name number floor position archived_at")),
    "closure": _closure(),
    "user": _user(),
    "user_role": _user_role(),
    "location_assignment": _location_assignment(),
    "service": _of_the_catalog(
        Groups(SERVICE="code name format level default_capacity product_type position archived_at")
    ),
    "service_offered": _of_a_location(
        Groups(
            OFFER="service_id location_id display_name description is_active archived_at", PRICE="hourly_price_cents"
        )
    ),
    "subject": _of_the_catalog(Groups(SUBJECT="name is_standard position archived_at")),
    "topic": _of_the_catalog(Groups(TOPIC="subject_id name is_standard position archived_at")),
    "topic_offered": _of_a_location(Groups(OFFER="topic_id location_id description archived_at")),
    "product": _of_the_catalog(
        Groups(
            PRODUCT="type name theme logo_hash subject_id topic_id service_id description syllabus languages "
            "archived_at"
        )
    ),
}
