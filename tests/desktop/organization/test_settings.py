"""Settings: what is entered is saved when one leaves the field, and everything can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.organization.closures_section import ClosuresSection, days_in_words
from desktop.organization.locations_section import LocationsSection
from desktop.organization.organization_section import OrganizationSection
from desktop.organization.rooms_section import RoomsSection
from desktop.organization.service_rows import ServiceRow, read_services
from desktop.organization.services_section import OwnServiceSheet, ServicesSection
from desktop.organization.settings_page import SECTIONS, SettingsPage
from desktop.organization.teaching_sections import RulesSection, SubjectsSection
from desktop.organization.this_pc_section import BackupSection, LookSection
from desktop.store.announcer import StoreAnnouncer
from desktop.widgets import TextInput
from shared_models.access.models import Role, UserRole
from shared_models.base import TenantRow
from shared_models.catalog.models import Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.organization.operations import set_fields
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.price_changes import booked_count, set_price
from tests.desktop.today.small_store import NOW, WEDNESDAY, SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path)
    yield center
    center.store.close()


@pytest.fixture
def page(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> Iterator[SettingsPage]:
    theme.install(qapp, theme.Appearance.LIGHT)
    theme.choose(theme.Appearance.LIGHT)
    page = SettingsPage(center.store, center.clock)
    announcer = StoreAnnouncer(center.store)
    announcer.changed.connect(page.refresh)
    qtbot.addWidget(page)
    page.resize(1300, 860)
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    page.shown()
    yield page
    announcer.stop()


def live(center: SmallStore, kind: type[TenantRow]) -> list[TenantRow]:
    with center.store.read() as session:
        return list(session.scalars(select(kind).where(kind.archived_at.is_(None))))


def organization(center: SmallStore) -> Organization:
    row = live(center, Organization)[0]
    assert isinstance(row, Organization)
    return row


def type_into(qtbot: QtBot, entry: TextInput, words: str) -> None:
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, words)
    qtbot.keyClick(entry, Qt.Key.Key_Return)


def test_every_section_opens(page: SettingsPage) -> None:
    for _, entries in SECTIONS:
        for key, _, _ in entries:
            page.open_section(key)
            assert page.section(key).isVisible()


def test_the_keyboard_goes_through_the_sections(page: SettingsPage, qtbot: QtBot) -> None:
    page.sections.setFocus()
    qtbot.keyClick(page.sections, Qt.Key.Key_Down)
    assert page.sections.current() == "locations"


def test_a_phone_is_saved_in_its_stored_form_and_can_be_taken_back(
    center: SmallStore, page: SettingsPage, qtbot: QtBot
) -> None:
    section = page.section("organization")
    assert isinstance(section, OrganizationSection)
    page.open_section("organization")
    entry = section._fields["phone"].input
    assert isinstance(entry, TextInput)
    with qtbot.waitSignal(page.actionDone) as signal:
        type_into(qtbot, entry, "914 555 0199")
    assert signal.args == ["Changed the phone of your center", True]
    assert organization(center).phone == "+19145550199"
    center.store.undo()
    assert organization(center).phone == "+19145550100"


def test_an_odd_phone_is_kept_with_a_warning(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    section = page.section("organization")
    assert isinstance(section, OrganizationSection)
    field = section._fields["phone"]
    assert isinstance(field.input, TextInput)
    type_into(qtbot, field.input, "12")
    assert organization(center).phone == "12"
    assert field._message.text()


def test_a_center_without_a_name_is_not_saved(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    section = page.section("organization")
    assert isinstance(section, OrganizationSection)
    field = section._fields["business_name"]
    assert isinstance(field.input, TextInput)
    type_into(qtbot, field.input, " ")
    assert field.error() == "Your center needs a name."
    assert organization(center).business_name == "Hudson Learning Center"


def test_a_website_address_that_cannot_be_is_called_out(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    page.open_section("organization")
    section = page.section("organization")
    assert isinstance(section, OrganizationSection)
    field = section._fields["website_slug"]
    assert isinstance(field.input, TextInput)
    before = organization(center).website_slug
    for typed, words in (("Hudson Learning", "letters a–z"), ("login", "reserved"), (" ", "letters a–z")):
        type_into(qtbot, field.input, typed)
        assert words in field.error()
        assert organization(center).website_slug == before
    type_into(qtbot, field.input, "Hudson-Learning")
    assert (field.error(), organization(center).website_slug) == ("", "hudson-learning")


def test_a_time_zone_that_is_none_is_called_out(center: SmallStore, page: SettingsPage) -> None:
    section = page.section("organization")
    assert isinstance(section, OrganizationSection)
    section._zone.set_value("")
    section._zone.setText("Atlantis")
    section._save_zone()
    assert "UTC-5" in section._zone_field.error()
    section._zone.setText("UTC-5")
    section._save_zone()
    assert organization(center).time_zone == "UTC-5"


def hours(center: SmallStore, place: str) -> dict[int, tuple[time, time]]:
    return {
        row.weekday: (row.opens, row.closes)
        for row in live(center, OpeningHours)
        if isinstance(row, OpeningHours) and row.location_id == center.ids[place]
    }


def test_a_day_is_opened_and_closed_with_its_switch(center: SmallStore, page: SettingsPage) -> None:
    section = page.section("locations")
    assert isinstance(section, LocationsSection)
    section._days[6].switch.click()
    assert hours(center, "Irvington")[6] == (time(14), time(21))
    section._days[6].switch.click()
    section._days[0].switch.click()
    assert sorted(hours(center, "Irvington")) == [1, 2, 3, 4, 5]
    section._days[0].switch.click()
    assert len(live(center, OpeningHours)) == 12


def test_hours_that_end_before_they_begin_are_called_out(
    center: SmallStore, page: SettingsPage, qtbot: QtBot
) -> None:
    page.open_section("locations")
    section = page.section("locations")
    assert isinstance(section, LocationsSection)
    type_into(qtbot, section._days[0].closes, "1pm")
    assert section._days[0].error.text() == "It has to close after it opens."
    assert hours(center, "Irvington")[0] == (time(14), time(21))
    type_into(qtbot, section._days[0].closes, "8:30p")
    assert hours(center, "Irvington")[0] == (time(14), time(20, 30))
    section._copy_monday()
    assert {hours(center, "Irvington")[weekday] for weekday in range(5)} == {(time(14), time(20, 30))}
    assert hours(center, "Irvington")[5] == (time(14), time(21))


def test_a_location_is_added_and_the_last_one_stays(center: SmallStore, page: SettingsPage) -> None:
    section = page.section("locations")
    assert isinstance(section, LocationsSection)
    section.add()
    assert len(live(center, Location)) == 3
    for _ in range(2):
        section._archive_location()
    assert len(live(center, Location)) == 1
    assert not section._archive.isEnabled()


def test_rooms_are_added_renamed_and_archived(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    page.open_section("rooms")
    section = page.section("rooms")
    assert isinstance(section, RoomsSection)
    with center.store.read() as session:
        location = session.get(Location, (center.organization_id, center.ids["Irvington"]))
    assert location is not None
    section._add(location, 2)
    new = next(room for room in live(center, Room) if isinstance(room, Room) and room.name == "Room 3")
    type_into(qtbot, section._inputs[new.id, "name"], "Library")
    assert "Library" in {room.name for room in live(center, Room) if isinstance(room, Room)}
    section._archive(new.id)
    assert len(live(center, Room)) == 4


def test_days_off_are_added_with_one_line(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    page.open_section("closures")
    section = page.section("closures")
    assert isinstance(section, ClosuresSection)
    first, last, reason = section._first.input, section._last.input, section._reason.input
    assert isinstance(first, TextInput) and isinstance(last, TextInput) and isinstance(reason, TextInput)
    qtbot.keyClicks(first, "12/24")
    qtbot.keyClicks(last, "12/23")
    section.add()
    assert section._last.error() == "Choose a day after the first."
    last.clear()
    qtbot.keyClicks(last, "jan 1")
    qtbot.keyClicks(reason, "Winter break")
    section.add()
    rows = [row for row in live(center, Closure) if isinstance(row, Closure) and row.reason == "Winter break"]
    assert [(row.first_day, row.last_day) for row in rows] == [(date(2026, 12, 24), date(2027, 1, 1))]
    assert section._model.rowCount() == 2
    section._archive(0)
    assert [row.reason for row in live(center, Closure) if isinstance(row, Closure)] == ["Winter break"]


def test_days_read_as_people_write_them() -> None:
    assert days_in_words(date(2026, 11, 26), date(2026, 11, 27)) == "November 26 – 27, 2026"
    assert days_in_words(date(2026, 12, 24), date(2027, 1, 1)) == "December 24, 2026 – January 1, 2027"
    assert days_in_words(date(2027, 5, 31), date(2027, 5, 31)) == "Monday, May 31, 2027"


def services_section(page: SettingsPage) -> ServicesSection:
    page.open_section("services")
    section = page.section("services")
    assert isinstance(section, ServicesSection)
    return section


def test_a_new_price_leaves_booked_sessions_unless_asked(
    center: SmallStore, page: SettingsPage, qtbot: QtBot
) -> None:
    center.lesson("16:00", ["Noah Lee"])
    center.lesson("16:00", ["Andre Smith"], day=WEDNESDAY - timedelta(days=7))
    section = services_section(page)
    section._open(section._line_of(center.ids["private"]), 2)
    type_into(qtbot, section.panel.price, "105")
    assert "1 booked session keeps $100.00." in section.panel._note.title.text() or not section.panel.isVisible()

    def prices() -> list[int]:
        entries = live(center, ScheduleEntry)
        return sorted(entry.hourly_price_cents for entry in entries if isinstance(entry, ScheduleEntry))

    assert prices() == [10000, 10000]
    section._open(section._line_of(center.ids["private"]), 2)
    section.panel.also_booked.setChecked(True)
    section.panel.elsewhere.setChecked(True)
    section.panel.price.setText("110")
    section.panel._save()
    assert prices() == [10000, 11000]
    with center.store.read() as session:
        row = next(row for row in read_services(session, center.organization_id).rows if row.offered)
    assert {one.cents for one in row.offered.values()} == {11000}


def test_an_amount_that_is_none_is_called_out(center: SmallStore, page: SettingsPage) -> None:
    section = services_section(page)
    section._open(section._line_of(center.ids["private"]), 3)
    section.panel.price.setText("a lot")
    section.panel._save()
    assert section.panel._price_field.error() == "Use an amount such as 105.00."


def test_a_service_is_switched_off_and_on_again_with_its_price(center: SmallStore, page: SettingsPage) -> None:
    section = services_section(page)
    line = section._line_of(center.ids["private"])
    last = len(section._model.columns) - 1
    section._clicked(line, last)
    row = section._model.row(line)
    assert isinstance(row, ServiceRow) and not row.is_offered
    section._clicked(line, last)
    row = section._model.row(line)
    assert isinstance(row, ServiceRow) and row.cents_at(center.ids["Irvington"]) == 10000


def test_one_office_takes_the_prices_of_the_other(center: SmallStore, page: SettingsPage) -> None:
    section = services_section(page)
    with center.store.write() as session:
        set_price(session, center.organization_id, center.ids["private"], center.ids["Irvington"], 12500, now=NOW)
    words = "Tarrytown Office: same prices as Irvington Office"
    next(action for action in section.build_copy_menu().actions() if action.text() == words).trigger()
    offered = [row for row in live(center, ServiceOffered) if isinstance(row, ServiceOffered)]
    assert {row.hourly_price_cents for row in offered} == {12500}


def test_an_own_service_is_offered_where_it_has_a_price(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    section = services_section(page)
    sheet = OwnServiceSheet(section, section._services)
    sheet.open_sheet()
    sheet.save()
    assert sheet.name.error() == "Say what parents and tutors call it."
    qtbot.keyClicks(sheet.name.input, "Handwriting")
    sheet.format.set_value("group", announce=True)
    assert sheet.capacity.value() == 8
    amount = sheet.prices[center.ids["Tarrytown"]].input
    assert isinstance(amount, TextInput)
    amount.setText("45")
    sheet.save()
    service = next(row for row in live(center, Service) if isinstance(row, Service) and row.name == "Handwriting")
    assert (service.format, service.default_capacity, service.code) == (ServiceFormat.GROUP, 8, "")
    with center.store.read() as session:
        row = next(row for row in read_services(session, center.organization_id).rows if row.id == service.id)
    assert {place: one.cents for place, one in row.offered.items()} == {center.ids["Tarrytown"]: 4500}


def test_cancelled_sessions_are_not_counted_as_booked(center: SmallStore) -> None:
    entry_id = center.lesson("16:00", ["Noah Lee"])
    center.lesson("14:00", ["Andre Smith"])
    places = [center.ids["Irvington"]]
    with center.store.read() as session:
        assert booked_count(session, center.organization_id, center.ids["private"], places, NOW) == 1
    with center.store.write() as session:
        set_fields(session, ScheduleEntry, center.organization_id, entry_id, status=EntryStatus.CANCELLED)
    with center.store.read() as session:
        assert booked_count(session, center.organization_id, center.ids["private"], places, NOW) == 0


def test_topics_and_subjects_of_ones_own(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    section = page.section("subjects")
    assert isinstance(section, SubjectsSection)
    entry = section._name.input
    assert isinstance(entry, TextInput)
    entry.setText("Knots")
    section.add()
    assert section._name.error() == "Choose the subject it belongs to."
    section._subject.set_value(center.ids["Math"])
    section.add()
    section._subject.set_value("new")
    entry.setText("Scouting")
    section.add()
    assert {row.name for row in live(center, Topic) if isinstance(row, Topic)} == {"Algebra I", "Knots"}
    assert {row.name for row in live(center, Subject) if isinstance(row, Subject)} == {"Math", "Scouting"}


def test_durations_and_buffer_are_kept_in_minutes(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    page.open_section("rules")
    section = page.section("rules")
    assert isinstance(section, RulesSection)
    section._durations.set_values(["90", "45"])
    section._durations.valuesChanged.emit()
    type_into(qtbot, section._buffer, "10")
    section._grid.set_value("30", announce=True)
    section._biweekly.click()
    row = organization(center)
    assert (row.session_durations_minutes, row.default_buffer_minutes, row.start_grid_minutes) == ([45, 90], 10, 30)
    assert row.biweekly_allowed is False


def test_the_front_desk_sees_but_does_not_change(center: SmallStore, qtbot: QtBot) -> None:
    center.add("", UserRole(user_id=center.ids["me"], role=Role.FRONT_DESK))
    center.store.set_local(user_id=center.ids["me"])
    for kind in (OrganizationSection, ServicesSection, RoomsSection):
        section = kind(center.store, center.clock)
        qtbot.addWidget(section)
        assert not section.can_write
    section = RoomsSection(center.store, center.clock)
    qtbot.addWidget(section)
    assert not any(entry.isEnabled() for entry in section._inputs.values())


def test_a_copy_is_made_off_the_window(center: SmallStore, page: SettingsPage, qtbot: QtBot) -> None:
    section = page.section("backup")
    assert isinstance(section, BackupSection)
    with qtbot.waitSignal(page.actionDone) as signal:
        section.back_up()
    assert signal.args == ["Made a copy of everything", False]
    assert section._model.rowCount() == 1


def test_the_look_is_remembered_on_this_pc(center: SmallStore, page: SettingsPage) -> None:
    section = page.section("look")
    assert isinstance(section, LookSection)
    section._look.set_value("dark", announce=True)
    assert theme.current().mode is theme.Mode.DARK
    assert center.store.local("appearance") == "dark"
