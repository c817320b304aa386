"""The Tutors page, worked with by an owner and by the front desk."""

from __future__ import annotations

from datetime import date, time

import pytest
from PySide6.QtCore import Qt
from sqlalchemy import event, select

from desktop import theme
from desktop.people.availability_strip import AvailabilityStrip
from desktop.people.tutor_rows import TutorRow
from desktop.people.tutors_page import TutorsPage
from desktop.store.store import Store
from desktop.widgets import Label, Paragraph, TextInput
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.people.models import Tutor, TutorAvailability, TutorLocation, TutorSubject, TutorTimeOff
from shared_models.people.tutors import DaysOff, TutorChange, WeeklyHours, change_tutor
from shared_models.schedule.models import EntryStatus
from tests.desktop.printing.small_center import NOW, SmallCenter


class World:
    """A store with two tutors, and the roles of the person who sits before it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.write() as session:
            center = SmallCenter(session)
            self.tarrytown = center.location("Tarrytown Office").id
            self.office = center.office.id
            self.jakub = center.tutor("Jakub", "Johnson").id
            self.grace = center.tutor("Grace", "Silva", 2).id
            center.entry(
                "SAT", session.get_one(Tutor, (center.organization_id, self.jakub)), ["Elena Kim"], "16:00", 90
            )
            cancelled = ["Noah Lee"]
            center.entry(
                "ACT",
                session.get_one(Tutor, (center.organization_id, self.grace)),
                cancelled,
                "16:00",
                status=EntryStatus.CANCELLED,
            )
            self.organization_id = center.organization_id
            self.maya = center.maya.id
            hours = [WeeklyHours(2, time(14, 30), time(20, 30))]
            away = [
                DaysOff(date(2026, 11, 2), date(2026, 11, 3), "Past"),
                DaysOff(date(2026, 12, 21), date(2026, 12, 30)),
            ]
            change = TutorChange(profile={"hourly_pay_cents": 2800}, hours=hours, time_off=away)
            change_tutor(session, self.organization_id, self.jakub, change, now=NOW)
        store.set_local(organization_id=self.organization_id, user_id=self.maya)

    def sit_down(self, role: Role) -> None:
        with self.store.write() as session:
            own = {"organization_id": self.organization_id, "user_id": self.maya}
            session.add(UserRole(**own, role=role))
            mine = select(LocationAssignment.id).where(LocationAssignment.user_id == self.maya)
            if role is not Role.OWNER and session.scalar(mine) is None:
                session.add(LocationAssignment(**own, location_id=self.office))

    def live(self, kind):
        with self.store.read() as session:
            return session.scalars(select(kind).where(kind.archived_at.is_(None))).all()

    def tutor(self, tutor_id):
        with self.store.read() as session:
            tutor = session.get_one(Tutor, (self.organization_id, tutor_id))
            return tutor, session.get_one(User, (self.organization_id, tutor.user_id))


@pytest.fixture
def world(tmp_path, qapp):
    theme.install(qapp, theme.Appearance.LIGHT)
    store = Store(tmp_path / "store", use_keyring=False)
    yield World(store)
    store.close()


@pytest.fixture
def open_page(world, qtbot):
    def open_page(role: Role) -> TutorsPage:
        world.sit_down(role)
        page = TutorsPage(world.store, lambda: NOW)
        page.resize(1300, 800)
        qtbot.addWidget(page)
        with qtbot.waitExposed(page):
            page.show()
        return page

    return open_page


def names(page) -> list[str]:
    return [row.name for row in page.model.rows() if isinstance(row, TutorRow)]


def words(widget) -> str:
    """Everything that can be read in a widget."""
    labels = [label.text() for label in widget.findChildren(Label)]
    return " | ".join(labels + [paragraph.text() for paragraph in widget.findChildren(Paragraph)])


def test_the_list_says_hours_of_the_week_without_what_was_cancelled(open_page):
    page = open_page(Role.FRONT_DESK)
    assert names(page) == ["Jakub Johnson", "Grace Silva"]
    assert [row.week_minutes for row in page.model.rows()] == [90, 0]
    assert page.counts.text() == "2 tutors, 1.5 h this week"


def test_a_tutor_of_other_locations_shows_no_contact_as_if_there_were_none(open_page, world):
    with world.store.write() as session:
        own = {"organization_id": world.organization_id}
        session.add(LocationAssignment(**own, user_id=world.maya, location_id=world.tarrytown))
    page = open_page(Role.FRONT_DESK)
    page.show_item(world.jakub)
    assert "Phone" not in words(page._panel)
    assert "Priority" in words(page._panel)


def test_an_administrator_sees_the_pay_of_those_who_teach_at_the_same_location_and_changes_only_them(
    open_page, world
):
    with world.store.write() as session:
        session.add(
            LocationAssignment(organization_id=world.organization_id, user_id=world.maya, location_id=world.tarrytown)
        )
        own = {"organization_id": world.organization_id}
        session.add(TutorLocation(**own, tutor_id=world.grace, location_id=world.tarrytown))
        for place in session.scalars(select(TutorLocation).where(TutorLocation.tutor_id == world.jakub)):
            place.archived_at = NOW if place.location_id == world.tarrytown else place.archived_at
    page = open_page(Role.ADMIN)
    assert [row.hourly_pay_cents is None for row in page.model.rows()] == [True, False]
    page.show_item(world.jakub)
    assert "per hour" not in words(page._panel)
    assert not page._panel.edit_button.isEnabled()
    assert "those who work where this tutor teaches" in page._panel.edit_button.toolTip()
    assert not page.edit_action.isEnabled()
    assert page.edit_action.toolTip() == page._panel.edit_button.toolTip()
    page.edit(world.jakub)
    assert page._form is None
    page.show_item(world.grace)
    assert page.edit_action.isEnabled()
    assert "per hour" in words(page._panel)
    assert page._panel.edit_button.isEnabled()


def test_pay_is_there_for_the_owner_and_nowhere_for_the_front_desk(open_page, world):
    page = open_page(Role.FRONT_DESK)
    assert "Pay" not in [column.title for column in page.model.columns]
    assert all(row.hourly_pay_cents is None for row in page.model.rows())
    page.show_item(world.jakub)
    assert "28.00" not in words(page)
    page = open_page(Role.OWNER)
    assert "Pay" in [column.title for column in page.model.columns]
    page.show_item(world.jakub)
    assert "$28.00 per hour" in words(page._panel)


def test_the_panel_shows_the_week_and_only_time_away_that_is_to_come(open_page, world):
    page = open_page(Role.FRONT_DESK)
    page.table.picked.emit(0)
    said = words(page._panel)
    assert "Dec 21–30" in said
    assert "Past" not in said
    assert "This week 1.5 h, 1 session" in said
    (strip,) = page._panel.findChildren(AvailabilityStrip)
    assert strip.accessibleDescription() == "Wed 2:30–8:30 PM"
    assert strip.hours() == (14 * 60, 21 * 60)


def test_filters_narrow_the_list_and_say_so_when_nothing_is_left(open_page, world):
    page = open_page(Role.FRONT_DESK)
    page.location_chip.set_value(world.tarrytown)
    page.location_chip.chosen.emit(world.tarrytown)
    assert names(page) == []
    assert not page.empty.isHidden()


def test_the_owner_changes_contact_pay_places_and_hours(open_page, world, qtbot):
    page = open_page(Role.OWNER)
    page.show_item(world.grace)
    page.edit_action.trigger()
    form = page._form
    form.phone_field.input.setText("914 555 0123")
    form.pay_field.input.setText("32.50")
    form.places[world.tarrytown].setChecked(True)
    form._hours["everywhere"][0].setText("3-8")
    with qtbot.waitSignal(page.actionDone) as done:
        qtbot.keyClick(form, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done.args == ["Changed Grace Silva", True]
    tutor, user = world.tutor(world.grace)
    assert (tutor.hourly_pay_cents, user.phone) == (3250, "+19145550123")
    assert len([row for row in world.live(TutorLocation) if row.tutor_id == world.grace]) == 2
    spans = [(r.weekday, r.starts, r.ends) for r in world.live(TutorAvailability) if r.tutor_id == world.grace]
    assert spans == [(0, time(15), time(20))]
    assert page._panel.tutor_id == world.grace and page._panel.isVisible()


def test_saving_can_be_undone(open_page, world):
    page = open_page(Role.OWNER)
    page.edit(world.grace)
    page._form.last_name_field.input.setText("Souza")
    page._form.save()
    assert "Grace Souza" in names(page)
    assert world.store.undo() == "Changed Grace Souza"
    page.refresh({"user": set()})
    assert "Grace Silva" in names(page)


def test_hours_that_are_not_understood_are_said_and_nothing_is_saved(open_page, world):
    page = open_page(Role.OWNER)
    page.edit(world.grace)
    page._form._hours["everywhere"][3].setText("late")
    page._form.save()
    assert page._form is not None
    assert "“late” is not understood" in page._form.hours_error.text()
    assert [r for r in world.live(TutorAvailability) if r.tutor_id == world.grace] == []


def test_a_missing_name_is_said_beside_its_field(open_page):
    page = open_page(Role.OWNER)
    page.new_action.trigger()
    page._form.save()
    assert page._form.first_name_field.error() == "Enter the tutor’s first name."


def test_a_new_tutor_appears_in_the_list(open_page, world):
    page = open_page(Role.OWNER)
    page.new_action.trigger()
    form = page._form
    form.first_name_field.input.setText("Zoë")
    form.last_name_field.input.setText("Abel")
    form.subjects.set_values([form.subjects._popup.model.options()[0].key])
    form.save()
    assert "Zoë Abel" in names(page)
    assert len(world.live(TutorSubject)) == 3
    assert [r.role for r in world.live(UserRole) if r.user_id not in (world.maya,)] == [Role.TUTOR]


def test_the_front_desk_enters_days_off_and_nothing_else(open_page, world):
    page = open_page(Role.FRONT_DESK)
    assert not page.new_action.isEnabled()
    assert page.new_action.toolTip() == "Only the owner can add tutors."
    page.edit(world.jakub)
    form = page._form
    assert not hasattr(form, "pay_field") and not hasattr(form, "subjects")
    form.off_rows.add_button.click()
    row = form.off_rows.rows()[-1]
    row.first.set_value(date(2026, 12, 4))
    row.reason.setText("Wedding")
    form.save()
    offs = {(r.first_day, r.last_day, r.reason) for r in world.live(TutorTimeOff)}
    assert (date(2026, 12, 4), date(2026, 12, 4), "Wedding") in offs
    assert len(offs) == 3, "days off that are over stay"


def test_days_off_are_taken_away_again(open_page, world):
    page = open_page(Role.FRONT_DESK)
    page.edit(world.jakub)
    page._form.off_rows.rows()[0].removed.emit()
    page._form.save()
    assert [row.reason for row in world.live(TutorTimeOff)] == ["Past"]


def test_archiving_hides_the_tutor(open_page, world):
    page = open_page(Role.OWNER)
    page.edit(world.grace)
    page._form.archiveRequested.emit(world.grace)
    assert names(page) == ["Jakub Johnson"]
    assert world.store.undo() == "Archived Grace Silva"


def test_escape_leaves_the_form_and_shows_the_tutor_again(open_page, world, qtbot):
    page = open_page(Role.OWNER)
    page.show_item(world.jakub)
    page.edit(world.jakub)
    qtbot.keyClick(page._form.findChild(TextInput), Qt.Key.Key_Escape)
    assert page._form is None
    assert page._panel.isVisible()


def test_a_list_of_many_costs_no_more_queries(open_page, world):
    page = open_page(Role.OWNER)
    counted: list[str] = []
    event.listen(world.store.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    page._read()
    few = len(counted)
    with world.store.write() as session:
        from shared_models.people.tutors import register_tutor

        for number in range(8):
            change = TutorChange(user={"first_name": f"T{number}"}, location_ids=[world.office])
            register_tutor(session, world.organization_id, change, now=NOW)
    counted.clear()
    page._read()
    assert len(counted) == few


def test_who_works_at_no_location_edits_no_tutor(open_page, world):
    page = open_page(Role.FRONT_DESK)
    with world.store.write() as session:
        for row in session.scalars(select(LocationAssignment)):
            row.archived_at = NOW
    page.refresh({"location_assignment": frozenset({"any"})})
    page.show_item(world.jakub)
    assert not page._panel.edit_button.isEnabled()
    assert "those who work where this tutor teaches" in page.edit_action.toolTip()


def test_weekly_hours_at_a_location_of_others_are_read_only(open_page, world):
    page = open_page(Role.ADMIN)
    page.edit(world.jakub)
    hours = page._form._hours
    assert hours[world.office][0].isEnabled()
    assert not hours[world.tarrytown][0].isEnabled()
    assert "those who work at this location" in hours[world.tarrytown][0].toolTip()
