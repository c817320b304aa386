"""What the person at a PC may do follows the roles and locations in the store, at once when they change, and says who
can do the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.permissions import Permissions
from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.access.rules import Action
from shared_models.base import derived_id
from shared_models.people.models import Student
from shared_models.schedule.models import ScheduleEntry
from tests.desktop.today.small_store import NOW, SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path / "store")
    yield center
    center.store.close()


def make(center: SmallStore, role: Role, *places: str) -> Permissions:
    user = center.me
    center.add("role", UserRole(id=derived_id(user, role), user_id=user, role=role))
    for place in places:
        center.add("", LocationAssignment(user_id=user, location_id=center.ids[place]))
    center.store.set_local(user_id=user)
    return Permissions.of(center.store)


def entry_at(center: SmallStore, place: str) -> str:
    return center.add(
        "",
        ScheduleEntry(
            location_id=center.ids[place], service_id=center.ids["private"], starts_at=NOW,
            ends_at=NOW.replace(hour=22), blocked_until=NOW.replace(hour=22),
        ),
    )  # fmt: skip


def test_without_a_sign_in_everything_may_be_done(center: SmallStore) -> None:
    permissions = Permissions.of(center.store)
    assert permissions.may_write("user")
    assert permissions.works_at(None)
    assert not permissions.hides("tutor", "hourly_pay_cents")
    assert permissions.why_not("organization") == ""


def test_the_front_desk_is_told_who_can(center: SmallStore) -> None:
    permissions = make(center, Role.FRONT_DESK, "Irvington")
    assert permissions.may_write("lead")
    assert permissions.why_not("lead", Action.CREATE) == ""
    assert permissions.why_not("tutor", Action.CREATE) == "Only the owner can change this."
    assert permissions.why_not("service_offered") == "Only the owner or an administrator can change this."
    assert permissions.hides("tutor", "hourly_pay_cents")
    assert not permissions.hides("tutor", "bio")
    assert permissions.sees("conflict_acceptance")
    assert permissions.may_archive("student")
    assert not permissions.may_archive("tutor")


def test_what_may_be_done_ends_at_the_assigned_locations(center: SmallStore) -> None:
    permissions = make(center, Role.ADMIN, "Irvington")
    irvington, tarrytown = center.ids["Irvington"], center.ids["Tarrytown"]
    assert permissions.works_at(irvington)
    assert not permissions.works_at(tarrytown)
    assert not permissions.works_at(None)
    assert permissions.why_not("room", Action.CREATE, irvington) == ""
    assert "those who work at this location" in permissions.why_not("room", Action.CREATE, tarrytown)
    assert permissions.may_change("organization", "headline")
    assert not permissions.may_change("organization", "headline", "currency")
    here, elsewhere = entry_at(center, "Irvington"), entry_at(center, "Tarrytown")
    assert "starts_at" in permissions.open_fields("schedule_entry", here)
    assert "hourly_pay_cents" in permissions.shown_fields("schedule_entry", here)
    assert not permissions.open_fields("schedule_entry", elsewhere)
    assert "notes" not in permissions.shown_fields("schedule_entry", elsewhere)
    assert not permissions.open_fields("schedule_entry", derived_id("nowhere"))


def test_a_students_row_is_asked_with_its_surroundings(center: SmallStore) -> None:
    permissions = make(center, Role.FRONT_DESK, "Irvington")
    nina = center.student("Nina Silva")
    with center.store.write() as session:
        session.get_one(Student, (center.organization_id, nina)).location_id = center.ids["Tarrytown"]
    assert permissions.shown_fields("student", nina) == frozenset()
    assert "parent1_email" not in permissions.shown_fields("family", center.ids["Silva"])


def test_a_changed_role_counts_at_once(center: SmallStore) -> None:
    permissions = make(center, Role.FRONT_DESK, "Irvington")
    assert not permissions.may_write("service")
    with center.store.write() as session:
        role = session.get_one(UserRole, (center.organization_id, center.ids["role"]))
        role.role = Role.ADMIN
    assert permissions.may_write("service")
    assert Permissions.of(center.store) is permissions
