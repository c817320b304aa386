"""Reads the people of the center for Settings: users with their roles and locations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.organization.models import Location

ROLE_WORDS = {
    Role.OWNER: "Owner", Role.ADMIN: "Admin", Role.FRONT_DESK: "Front desk", Role.TUTOR: "Tutor",
    Role.GUARDIAN: "Guardian",
}  # fmt: skip
ROLE_MEANING = {
    Role.ADMIN: "Runs the assigned locations: schedule, prices, website.",
    Role.FRONT_DESK: "Leads, families and the schedule of the assigned locations.",
    Role.TUTOR: "Own lessons and own students only.",
}
"""The roles that are given here, and what each is for."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A user, as the list shows one."""

    user_id: str
    name: str
    email: str
    roles: frozenset[Role]
    location_ids: frozenset[str]

    @property
    def role_words(self) -> str:
        """The roles as they are said, the widest first."""
        return ", ".join(words for role, words in ROLE_WORDS.items() if role in self.roles)


@dataclass(frozen=True, slots=True)
class PeopleOfCenter:
    """The people, and the locations by id and name in their order."""

    people: list[PersonRow]
    locations: tuple[tuple[str, str], ...]

    def places(self, person: PersonRow) -> str:
        """The locations of a person as they are said."""
        if Role.OWNER in person.roles:
            return "Every location"
        return ", ".join(name for location_id, name in self.locations if location_id in person.location_ids)


def read_people(session: Session, organization_id: str) -> PeopleOfCenter:
    """The users of the center but guardians: those with a role first, each by name."""
    users = session.execute(
        select(User.id, User.first_name, User.last_name, User.email).where(
            User.organization_id == organization_id, User.archived_at.is_(None)
        )
    ).all()
    roles: defaultdict[str, set[Role]] = defaultdict(set)
    for user_id, role in session.execute(
        select(UserRole.user_id, UserRole.role).where(
            UserRole.organization_id == organization_id, UserRole.archived_at.is_(None)
        )
    ):
        roles[user_id].add(role)
    places: defaultdict[str, set[str]] = defaultdict(set)
    for user_id, location_id in session.execute(
        select(LocationAssignment.user_id, LocationAssignment.location_id).where(
            LocationAssignment.organization_id == organization_id, LocationAssignment.archived_at.is_(None)
        )
    ):
        places[user_id].add(location_id)
    locations = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    )
    people = [
        PersonRow(row.id, f"{row.first_name} {row.last_name}".strip(), row.email, frozenset(roles[row.id]),
                  frozenset(places[row.id]))
        for row in users
        if roles[row.id] != {Role.GUARDIAN}
    ]  # fmt: skip
    people.sort(key=lambda person: (_rank(person.roles), person.name.casefold()))
    return PeopleOfCenter(people, tuple((row.id, row.name) for row in locations))


def _rank(roles: frozenset[Role]) -> int:
    return next((place for place, role in enumerate(ROLE_WORDS) if role in roles), len(ROLE_WORDS))
