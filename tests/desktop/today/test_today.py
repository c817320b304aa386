"""The Today page says what is true now, and its buttons do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import event, select

from desktop import theme
from desktop.page import Page
from desktop.schedule.calendar_values import ConflictMark, Status
from desktop.schedule.directory import read_directory
from desktop.store.announcer import StoreAnnouncer
from desktop.today.notices import NoticesPopup, open_notices
from desktop.today.today_page import TodayPage
from desktop.today.today_rows import Today, lesson_counts, read_today
from desktop.widgets import Paragraph
from desktop.window import MainWindow, PageEntry
from shared_models.leads.models import Lead
from shared_models.organization.models import OpeningHours, Room
from shared_models.schedule.models import Attendance, Attendee, ScheduleEntry
from tests.desktop.today.small_store import NOW, WEDNESDAY, SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path)
    yield center
    center.store.close()


@pytest.fixture
def page(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> Iterator[TodayPage]:
    theme.install(qapp, theme.Appearance.LIGHT)
    theme.choose(theme.Appearance.LIGHT)
    center.lesson("15:00", ["Andre Smith"])
    center.lesson("15:30", ["Daria Thompson"], "Mei-Ling Park", "Tarrytown A")
    page = TodayPage(center.store, center.clock)
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


def read(center: SmallStore) -> Today:
    with center.store.read() as session:
        return read_today(session, read_directory(session, center.organization_id), center.clock())


def test_the_line_under_the_title_says_until_when_it_is_open(center: SmallStore) -> None:
    today = read(center)
    assert today.title == "Wednesday, November 25"
    assert today.subtitle == (
        "Irvington until 9:00 PM, Tarrytown until 8:30 PM. Closed Thursday and Friday for Thanksgiving."
    )


def without(center: SmallStore, model: type[OpeningHours | Room], *places: str) -> None:
    """Archive the rows of a table at some locations."""
    ids = [center.ids[place] for place in places]
    with center.store.write() as session:
        for row in session.scalars(select(model).where(model.location_id.in_(ids))):
            row.archived_at = NOW


def test_hours_that_nobody_has_entered_are_not_called_closed(center: SmallStore) -> None:
    without(center, OpeningHours, "Irvington")
    assert read(center).subtitle.startswith("Tarrytown until 8:30 PM. Irvington: no opening hours yet. Closed ")
    without(center, OpeningHours, "Tarrytown")
    today = read(center)
    assert today.subtitle.startswith("Irvington and Tarrytown: no opening hours yet. Closed ")
    assert today.next_day is not None and today.next_day.title == "Saturday, November 28"


def test_a_center_without_rooms_is_told_where_to_add_them(center: SmallStore, page: TodayPage, qtbot: QtBot) -> None:
    assert page.no_rooms.isHidden() and page.timeline.isVisible()
    with center.store.write() as session:
        for entry in session.scalars(select(ScheduleEntry)):
            entry.archived_at = NOW
    without(center, Room, "Irvington", "Tarrytown")
    qtbot.waitUntil(page.no_rooms.isVisible)
    words = page.no_rooms.findChild(Paragraph)
    assert isinstance(words, Paragraph) and words.text() == "No rooms yet. Add them under Settings, Rooms."
    assert page.timeline.isHidden()


def test_lessons_lie_in_their_rooms_and_say_how_they_stand(center: SmallStore) -> None:
    center.lesson("14:15", ["Past One"])
    center.lesson("15:00", ["Andre Smith"])
    center.lesson("17:00", ["Late One"])
    lane = read(center).places[0].lanes[0]
    assert [entry.status for entry in lane.entries] == [Status.PAST, Status.IN_PROGRESS, Status.SCHEDULED]
    assert lane.entries[1].title[0] == "Algebra I"


def test_two_lessons_of_one_tutor_at_once_are_marked_and_called_out(center: SmallStore) -> None:
    center.lesson("16:15", ["Andre Smith"])
    center.lesson("16:30", ["Noah Lee"], room="Irvington B")
    center.lesson("18:00", ["Wei Kim"], tutor="Elena Park")
    today = read(center)
    marks = {entry.id: entry.conflict for lane in today.places[0].lanes for entry in lane.entries}
    assert sorted(mark.value for mark in marks.values()) == ["none", "overlap", "overlap"]
    assert ConflictMark.OVERLAP in marks.values()
    need = today.needs[0]
    assert (need.title, need.text) == ("1 conflict today", "Next at 4:30: Jakub Johnson twice.")


def test_what_runs_now_is_counted(center: SmallStore) -> None:
    center.lesson("15:00", ["Andre Smith"])
    center.lesson("16:00", ["Noah Lee"], "Elena Park")
    center.lesson("16:00", ["Wei Kim"], "Mei-Ling Park", "Tarrytown A")
    today = read(center)
    assert lesson_counts(today.entries, today.minute) == "1 lesson now, 2 start at 4:00"
    assert lesson_counts(today.entries, today.minute, center.ids["Tarrytown"]) == "No lesson now, 1 starts at 4:00"
    assert lesson_counts([], today.minute) == "No lessons today"


def test_a_student_who_is_not_here_after_a_quarter_of_an_hour_stands_out(center: SmallStore) -> None:
    center.lesson("15:25", ["Andre Smith"])
    center.lesson("15:30", ["Noah Lee"], "Elena Park")
    assert [(row.student, row.is_late) for row in read(center).attendance] == [
        ("Andre Smith", True), ("Noah Lee", False),
    ]  # fmt: skip


def test_a_web_lead_that_nobody_has_comes_with_what_it_wants(center: SmallStore) -> None:
    center.web_lead("Sophie", "Laurent", 9)
    need = read(center).needs[0]
    assert need.title == "Sophie Laurent wrote 9 minutes ago"
    assert need.text == "Algebra I for Théo, grade 8. Nobody has this lead yet."


def test_birthdays_and_tutors_between_offices_are_told(center: SmallStore) -> None:
    center.student("Olivia Thompson", date(2018, 11, 25))
    center.student("Grace Nguyen", date(2011, 11, 26))
    center.lesson("15:00", ["Olivia Thompson"], "Mei-Ling Park")
    center.lesson("17:00", ["Noah Lee"], "Mei-Ling Park", "Tarrytown A")
    assert [(need.title, need.text) for need in read(center).people] == [
        ("Mei-Ling Park changes offices", "Irvington until 4:00, Tarrytown from 5:00 PM."),
        ("Olivia Thompson turns 8 today", "In Algebra I at 3:00 PM."),
        ("Tomorrow: Grace Nguyen", "15 years. We are closed."),
    ]


def test_the_next_open_day_skips_closures(center: SmallStore) -> None:
    center.lesson("14:00", ["Andre Smith"], day=WEDNESDAY + timedelta(days=3))
    need = read(center).next_day
    assert need is not None
    assert (need.title, need.text) == ("Saturday, November 28", "1 entry, first at 2:00 PM.")


def test_the_number_of_queries_does_not_grow_with_the_day(center: SmallStore) -> None:
    counted: list[str] = []

    def queries() -> int:
        counted.clear()
        read(center)
        return len(counted)

    event.listen(center.store.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    center.lesson("15:00", ["Andre Smith"])
    first = queries()
    for number in range(6):
        center.lesson("15:30", [f"Student {number}"], f"Tutor {number}", "Irvington B")
    assert queries() == first


def mark_of(center: SmallStore, name: str) -> Attendance | None:
    with center.store.read() as session:
        return session.scalar(select(Attendee.attendance).where(Attendee.student_id == center.ids[name]))


def test_present_is_one_click_and_can_be_undone(center: SmallStore, page: TodayPage, qtbot: QtBot) -> None:
    row = page.attendance._shown[0]  # type: ignore[index]
    with qtbot.waitSignal(page.actionDone) as signal:
        page.attendance.marked.emit(row.entry_id, row.student_id, "PRESENT")
    assert signal.args == ["Marked Andre Smith present", True]
    assert mark_of(center, "Andre Smith") is Attendance.PRESENT
    qtbot.waitUntil(lambda: page.attendance._count.text() == "1 to take")
    center.store.undo()
    qtbot.waitUntil(lambda: page.attendance._count.text() == "2 to take")


def test_everyone_can_be_marked_present_at_once(center: SmallStore, page: TodayPage, qtbot: QtBot) -> None:
    page.mark_all_present()
    assert {mark_of(center, name) for name in ("Andre Smith", "Daria Thompson")} == {Attendance.PRESENT}
    qtbot.waitUntil(lambda: page.attendance._count.text() == "all taken")


def test_one_office_can_be_looked_at_alone(center: SmallStore, page: TodayPage) -> None:
    page._office.set_value(center.ids["Tarrytown"], announce=True)
    assert [row.student for row in page.attendance._shown or ()] == ["Daria Thompson"]
    assert len(page.timeline.bars()) == 1


def test_the_keyboard_goes_from_lesson_to_lesson(page: TodayPage, qtbot: QtBot) -> None:
    page.timeline.setFocus()
    qtbot.keyClick(page.timeline, Qt.Key.Key_Right)
    qtbot.keyClick(page.timeline, Qt.Key.Key_Down)
    with qtbot.waitSignal(page.navigate) as signal:
        qtbot.keyClick(page.timeline, Qt.Key.Key_Return)
    assert signal.args is not None and signal.args[0] == "Calendar"
    assert "Daria Thompson" in page.timeline.accessibleDescription()


def test_taking_a_lead_makes_it_ones_own(center: SmallStore, page: TodayPage, qtbot: QtBot) -> None:
    center.store.set_local(user_id=center.ids["me"])
    center.web_lead("Sophie", "Laurent", 9)
    qtbot.waitUntil(lambda: any(need.lead_id for need in page.needs.needs()))
    number = next(number for number, need in enumerate(page.needs.needs()) if need.lead_id)
    page.needs.taken.emit(number)
    with center.store.read() as session:
        owner = session.scalar(select(Lead.owner_user_id).where(Lead.id == center.ids["Sophie Laurent"]))
    assert owner == center.ids["me"]
    qtbot.waitUntil(lambda: not any(need.lead_id for need in page.needs.needs()))


def test_the_menu_of_new_things_asks_the_pages_to_make_them(page: TodayPage, qtbot: QtBot) -> None:
    lead = next(action for action in page.build_new_menu().actions() if action.text() == "Lead")
    with qtbot.waitSignal(page.navigate) as signal:
        lead.trigger()
    assert signal.args == ["Leads", "do:New lead"]


def test_the_bell_lists_what_waits_on_any_page(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    center.web_lead("Sophie", "Laurent", 9)
    window = MainWindow([PageEntry("Leads", "sun", Page)], "Hudson")
    qtbot.addWidget(window)
    window.noticesRequested.connect(lambda: open_notices(window, center.store, center.clock))
    window.show()
    window.page(0).header.bell.click()
    popup = window.findChild(NoticesPopup)
    assert isinstance(popup, NoticesPopup)
    assert [need.title for need in popup.list.needs()] == ["Sophie Laurent wrote 9 minutes ago"]
    with qtbot.waitSignal(popup.chosen):
        popup.list.taken.emit(0)


def test_the_clock_of_the_page_is_the_one_it_was_given(page: TodayPage) -> None:
    assert page._today is not None and page._today.day == NOW.date()


def test_the_page_tells_of_the_persons_own_locations_alone(center: SmallStore) -> None:
    irvington, tarrytown = center.ids["Irvington"], center.ids["Tarrytown"]
    center.lesson("15:00", ["Andre Smith"], "Ann Ade", "Irvington A")
    center.lesson("15:30", ["Daria Thompson"], "Mei-Ling Park", "Tarrytown A")
    with center.store.read() as session:
        directory = read_directory(session, center.organization_id)
        both = read_today(session, directory, center.clock())
        own = read_today(session, directory, center.clock(), {irvington})
    assert {row.location_id for row in both.attendance} == {irvington, tarrytown}
    assert {row.location_id for row in own.attendance} == {irvington}
    assert [place.id for place in own.places] == [irvington]
