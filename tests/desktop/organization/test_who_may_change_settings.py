"""Settings let each person change what is theirs, disable the rest, and say who can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.organization.closures_section import ClosuresSection
from desktop.organization.locations_section import LocationsSection
from desktop.organization.organization_section import OrganizationSection
from desktop.organization.rooms_section import RoomsSection
from desktop.organization.section import Section
from desktop.organization.services_section import ServicesSection
from desktop.widgets import ComboBox
from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.organization.models import Room
from tests.desktop.today.small_store import SmallStore


@pytest.fixture
def center(tmp_path: Path, qapp: QApplication) -> Iterator[SmallStore]:
    theme.install(qapp, theme.Appearance.LIGHT)
    center = SmallStore(tmp_path / "store")
    yield center
    center.store.close()


def be(center: SmallStore, role: Role, *places: str) -> None:
    center.add("", UserRole(user_id=center.me, role=role))
    for place in places:
        center.add("", LocationAssignment(user_id=center.me, location_id=center.ids[place]))
    center.store.set_local(user_id=center.me)


def opened(center: SmallStore, qtbot: QtBot, kind: type[Section]) -> Section:
    section = kind(center.store, center.clock)
    qtbot.addWidget(section)
    return section


def test_an_administrator_changes_rooms_of_the_own_locations(center: SmallStore, qtbot: QtBot) -> None:
    be(center, Role.ADMIN, "Irvington")
    section = opened(center, qtbot, RoomsSection)
    assert isinstance(section, RoomsSection)
    with center.store.read() as session:
        places = {room.id: room.location_id for room in session.query(Room)}
    for (room_id, _), entry in section._inputs.items():
        is_own = places[room_id] == center.ids["Irvington"]
        assert entry.isEnabled() == is_own
        assert bool(entry.toolTip()) != is_own


def test_an_administrator_closes_the_own_locations_and_the_owner_all(center: SmallStore, qtbot: QtBot) -> None:
    section = opened(center, qtbot, ClosuresSection)
    assert isinstance(section, ClosuresSection)
    box = section._where.input
    assert isinstance(box, ComboBox)
    assert box.options()[0].key == "all"
    be(center, Role.ADMIN, "Tarrytown")
    section = opened(center, qtbot, ClosuresSection)
    assert isinstance(section, ClosuresSection)
    box = section._where.input
    assert isinstance(box, ComboBox)
    assert [option.key for option in box.options()] == [center.ids["Tarrytown"]]


def test_an_administrator_changes_hours_but_not_addresses(center: SmallStore, qtbot: QtBot) -> None:
    be(center, Role.ADMIN, "Irvington")
    section = opened(center, qtbot, LocationsSection)
    assert isinstance(section, LocationsSection)
    assert not section._fields["name"].input.isEnabled()
    assert section._fields["name"].input.toolTip() == "Only the owner can change this."
    section._choose(center.ids["Irvington"])
    assert section._days[0].switch.isEnabled()
    section._choose(center.ids["Tarrytown"])
    assert not section._days[0].switch.isEnabled()


def test_an_administrator_writes_the_words_of_the_website(center: SmallStore, qtbot: QtBot) -> None:
    be(center, Role.ADMIN, "Irvington")
    section = opened(center, qtbot, OrganizationSection)
    assert isinstance(section, OrganizationSection)
    assert section._fields["headline"].input.isEnabled()
    assert not section._fields["business_name"].input.isEnabled()
    section._background.close()


def test_the_front_desk_reads_prices_and_is_offered_no_change(center: SmallStore, qtbot: QtBot) -> None:
    be(center, Role.FRONT_DESK, "Irvington")
    section = opened(center, qtbot, ServicesSection)
    assert isinstance(section, ServicesSection)
    assert section._own.isHidden()
    assert section._same.isHidden()
    section._open(1, 2)
    assert section.panel._save_button.isHidden()
    assert not section.panel.price.isEnabled()


def test_an_administrator_sets_prices_of_the_own_locations(center: SmallStore, qtbot: QtBot) -> None:
    be(center, Role.ADMIN, "Irvington")
    section = opened(center, qtbot, ServicesSection)
    assert isinstance(section, ServicesSection)
    places = [place for place, _ in section._services.locations]
    section._open(1, 2 + places.index(center.ids["Irvington"]))
    assert section.panel.price.isEnabled()
    assert section.panel.elsewhere.isHidden()
    section._open(1, 2 + places.index(center.ids["Tarrytown"]))
    assert not section.panel.price.isEnabled()
