"""Giving roles and locations: rows come and go, are never doubled, and the owner stays the owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from shared_models.access.grants import set_locations, set_roles
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import new_id
from tests.desktop.today.small_store import NOW, SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path)
    yield center
    center.store.close()


@pytest.fixture
def person(center: SmallStore) -> str:
    return center.add("Grace", User(first_name="Grace"))


def give(center: SmallStore, user_id: str, *roles: Role) -> None:
    with center.store.write() as session:
        set_roles(session, center.organization_id, user_id, roles, now=NOW + timedelta(microseconds=7))


def place(center: SmallStore, user_id: str, *names: str) -> None:
    with center.store.write() as session:
        ids = [center.ids[name] for name in names]
        set_locations(session, center.organization_id, user_id, ids, now=NOW)


def roles(center: SmallStore, user_id: str) -> list[tuple[Role, bool]]:
    with center.store.read() as session:
        rows = session.scalars(select(UserRole).where(UserRole.user_id == user_id))
        return sorted((row.role, row.archived_at is None) for row in rows)


def places(center: SmallStore, user_id: str) -> list[str]:
    with center.store.read() as session:
        return sorted(
            session.scalars(
                select(LocationAssignment.location_id).where(
                    LocationAssignment.user_id == user_id, LocationAssignment.archived_at.is_(None)
                )
            )
        )


def test_roles_come_and_go_in_the_same_rows(center: SmallStore, person: str) -> None:
    give(center, person, Role.TUTOR, Role.FRONT_DESK)
    give(center, person, Role.TUTOR)
    assert roles(center, person) == [(Role.FRONT_DESK, False), (Role.TUTOR, True)]
    give(center, person, Role.FRONT_DESK)
    assert roles(center, person) == [(Role.FRONT_DESK, True), (Role.TUTOR, False)]
    give(center, person)
    assert [is_live for _, is_live in roles(center, person)] == [False, False]


def test_ownership_is_neither_given_nor_taken(center: SmallStore, person: str) -> None:
    center.add("", UserRole(user_id=center.me, role=Role.OWNER))
    give(center, center.me, Role.TUTOR)
    assert (Role.OWNER, True) in roles(center, center.me)
    give(center, person, Role.OWNER)
    assert roles(center, person) == []


def test_locations_come_and_go(center: SmallStore, person: str) -> None:
    place(center, person, "Irvington", "Tarrytown")
    place(center, person, "Tarrytown")
    assert places(center, person) == [center.ids["Tarrytown"]]
    place(center, person, "Irvington")
    assert places(center, person) == [center.ids["Irvington"]]


def test_a_location_that_was_assigned_twice_goes_and_comes_back_once(center: SmallStore, person: str) -> None:
    for _ in range(2):
        center.add("", LocationAssignment(id=new_id(), user_id=person, location_id=center.ids["Irvington"]))
    place(center, person, "Irvington")
    assert len(places(center, person)) == 2, "what stands is left alone"
    place(center, person)
    assert places(center, person) == []
    place(center, person, "Irvington")
    assert places(center, person) == [center.ids["Irvington"]]
