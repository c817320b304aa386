"""Somebody who works at one of two locations sees what the other one takes up, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.calendar_values import CalendarEntry
from desktop.schedule.cancel_sheet import CancelSheet
from desktop.schedule.entry_menus import ScopeMenu
from desktop.schedule.series_reach import Staying, reaches_series, staying, why_alone
from desktop.schedule.series_sheet import SeriesSheet
from desktop.schedule.taken_card import TakenCard
from desktop.schedule.vacation_sheet import VacationSheet
from desktop.widgets import Label
from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.base import derived_id, new_id
from shared_models.exchange.calendar_export import export_calendar
from shared_models.schedule.models import EntryStatus, ScheduleEntry, Series
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope
from tests.desktop.today.small_store import ZONE, SmallStore

WEDNESDAY = date(2026, 11, 25)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    """Maya at the front desk of Irvington; one lesson there, one of the same tutor at Tarrytown."""
    center = SmallStore(tmp_path / "store")
    me = center.me
    center.add("role", UserRole(id=derived_id(me, Role.FRONT_DESK), user_id=me, role=Role.FRONT_DESK))
    center.add("", LocationAssignment(user_id=me, location_id=center.ids["Irvington"]))
    center.ids["here"] = center.lesson("15:30", ["Nina Silva"])
    center.ids["there"] = center.lesson("17:30", ["Rafael Silva"], room="Tarrytown A")
    center.store.set_local(user_id=me)
    yield center
    center.store.close()


@pytest.fixture
def page(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> Iterator[CalendarPage]:
    theme.install(qapp, theme.Appearance.LIGHT)
    page = CalendarPage(center.store, center.clock)
    qtbot.addWidget(page)
    page.resize(1340, 860)
    page.show()
    qtbot.waitExposed(page)
    yield page
    page.shut_down()


def everywhere(page: CalendarPage) -> None:
    page.filters.set_location("")
    page.filters.changed.emit(page.filters.value())


def shown(page: CalendarPage, entry_id: str) -> CalendarEntry:
    return next(entry for entry in page.calendar.scene().entries if entry.id == entry_id)


def starts(center: SmallStore, entry_id: str) -> object:
    with center.store.read() as session:
        return session.get_one(ScheduleEntry, (center.organization_id, entry_id)).starts_at


def local_time(center: SmallStore, entry_id: str) -> time:
    with center.store.read() as session:
        entry = session.get_one(ScheduleEntry, (center.organization_id, entry_id))
        return entry.starts_at.astimezone(ZONE).time()


def test_the_calendar_begins_at_a_location_of_ones_own(page: CalendarPage, center: SmallStore) -> None:
    assert page.filters.value().location_id == center.ids["Irvington"]
    assert [entry.id for entry in page.calendar.scene().entries] == [center.ids["here"]]


@pytest.mark.parametrize("view", ["week", "day"])
def test_what_the_other_location_takes_up_says_whom_and_where_alone(
    page: CalendarPage, center: SmallStore, view: str
) -> None:
    page.set_view(view)
    everywhere(page)
    entry = shown(page, center.ids["there"])
    assert entry.is_foreign
    assert entry.title == ("Taken", "Tkn")
    assert [line.wording[0] for line in entry.lines] == ["J. Johnson", "Tarrytown Office"]
    assert entry.details == ("Taken", "Wed 5:30–6:30 PM", "Jakub Johnson", "Tarrytown Office")
    assert "Rafael" not in page.calendar.sentence_of(entry.id)
    assert not shown(page, center.ids["here"]).is_foreign


def test_what_the_other_location_cancelled_is_gone(page: CalendarPage, center: SmallStore) -> None:
    with center.store.write() as session:
        entry = session.get_one(ScheduleEntry, (center.organization_id, center.ids["there"]))
        entry.status = EntryStatus.CANCELLED
    page.refresh({"schedule_entry": {entry.id}})
    everywhere(page)
    assert [entry.id for entry in page.calendar.scene().entries] == [center.ids["here"]]


def test_a_taken_box_stays_where_it_is(page: CalendarPage, center: SmallStore, qtbot: QtBot) -> None:
    everywhere(page)
    calendar, there = page.calendar, center.ids["there"]
    before = starts(center, there)
    calendar.select(there)
    spot = calendar.mapFromGlobal(calendar.screen_rect_of(there).center())
    QTest.mousePress(calendar, Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseMove(calendar, spot + QPoint(0, 60))
    QTest.mouseRelease(calendar, Qt.MouseButton.LeftButton, pos=spot + QPoint(0, 60))
    with qtbot.waitSignal(page.actionDone) as said:
        calendar.moveRequested.emit(there, "2026-11-24", 1020)
    assert "those who work at this location" in said.args[0]
    calendar.resizeRequested.emit(there, 1050, 1140)
    page.cancel(there)
    page.archive(there)
    page.set_status(there, EntryStatus.COMPLETED)
    page.copy_to_next_week(there)
    assert starts(center, there) == before
    assert page.sheets.sheet is None
    assert [action.text() for action in page.entry_menu(there).actions()] == ["Show"]


def test_a_taken_box_opens_a_card_that_only_tells(page: CalendarPage, center: SmallStore) -> None:
    everywhere(page)
    page.open_entry(center.ids["there"])
    assert not page.form.is_open
    card = page.window().findChild(TakenCard)
    assert card is not None
    assert card.isVisible()
    words = [label.text() for label in card.findChildren(Label)]
    assert {"Taken", "Jakub Johnson", "Tarrytown Office"} <= set(words)
    card.dismiss()


def test_the_own_entry_moves_as_ever(page: CalendarPage, center: SmallStore, qtbot: QtBot) -> None:
    before = starts(center, center.ids["here"])
    page.calendar.moveRequested.emit(center.ids["here"], "2026-11-24", 1020)
    assert starts(center, center.ids["here"]) != before


def test_month_and_agenda_name_nobody_of_the_other_location(page: CalendarPage, center: SmallStore) -> None:
    from desktop.schedule.listed_days import listed_days

    everywhere(page)
    assert page._builder is not None
    (day,) = listed_days(page._builder, WEDNESDAY, WEDNESDAY)
    taken = next(entry for entry in day.entries if entry.id == center.ids["there"])
    assert (taken.title, taken.people, taken.names, taken.place) == (
        ("Taken", "Tkn"), ("Jakub Johnson",), "", "Tarrytown Office"
    )  # fmt: skip
    assert not taken.can_move
    assert taken.head_count == 0


def test_a_new_entry_is_for_a_location_of_ones_own(page: CalendarPage, center: SmallStore) -> None:
    page.filters.set_location(center.ids["Tarrytown"])
    page.filters.changed.emit(page.filters.value())
    page.new_entry()
    location = page.form.editor.fields.location
    assert location.value() == center.ids["Irvington"]
    assert [option.text for option in page.form.editor.fields.location.options()] == ["Irvington Office"]
    page.form.editor.dismiss()


def series_of_two(center: SmallStore, *places: str) -> list[str]:
    series_id = new_id()
    last_day = WEDNESDAY + timedelta(days=21)
    series = Series(
        id=series_id, pattern=Pattern.WEEKLY, location_id=center.ids["Irvington"], service_id=center.ids["private"],
        first_day=WEDNESDAY, last_day=last_day, start_time=time(19), duration_minutes=60,
    )  # fmt: skip
    center.add("", series)
    found = []
    for number, place in enumerate(places):
        day = WEDNESDAY + timedelta(days=7 * (number + 1))
        found.append(center.lesson("19:00", ["Nina Silva"], room=f"{place} A", day=day))
        with center.store.write() as session:
            entry = session.get_one(ScheduleEntry, (center.organization_id, found[-1]))
            entry.series_id, entry.series_day = series_id, day
    return found


def series_id_of(center: SmallStore, entry_id: str) -> str | None:
    with center.store.read() as session:
        return session.get_one(ScheduleEntry, (center.organization_id, entry_id)).series_id


def of_tarrytown(center: SmallStore, entry_id: str) -> None:
    """The series of an entry belongs to Tarrytown."""
    with center.store.write() as session:
        series_id = session.get_one(ScheduleEntry, (center.organization_id, entry_id)).series_id
        series = session.get_one(Series, (center.organization_id, series_id))
        series.location_id = center.ids["Tarrytown"]


def test_a_series_is_changed_as_a_whole_where_it_belongs(center: SmallStore) -> None:
    mixed, theirs = (series_of_two(center, "Irvington", "Tarrytown") for _ in range(2))
    of_tarrytown(center, theirs[0])
    found = [series_id_of(center, one[0]) for one in (mixed, theirs)]
    assert [reaches_series(center.store, series_id) for series_id in found] == [True, False]
    assert why_alone(center.store, found[0]) == ""
    assert why_alone(center.store, found[1]) == "This one alone: its series belongs to Tarrytown Office."
    assert not reaches_series(center.store, None)


def test_what_stays_elsewhere_is_said_with_the_reason(center: SmallStore) -> None:
    own, *_ = series_of_two(center, "Irvington", "Tarrytown", "Irvington", "Tarrytown")
    left_out = staying(center.store, own, SeriesScope.ALL)
    assert left_out.short == "2 at Tarrytown Office stay"
    assert left_out.sentence == (
        "2 sessions at Tarrytown Office stay as they are: only the owner and those who work there can change them."
    )
    one = staying(center.store, own, SeriesScope.ALL, after=WEDNESDAY + timedelta(days=20))
    assert one.sentence == (
        "1 session at Tarrytown Office stays as it is: only the owner and those who work there can change it."
    )
    assert staying(center.store, own, SeriesScope.THIS) == Staying()
    center.store.set_local(user_id=None)
    assert staying(center.store, own, SeriesScope.ALL).sentence == ""


def test_a_drag_of_the_series_leaves_out_what_is_elsewhere_and_says_so(
    page: CalendarPage, center: SmallStore, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    own, there, further = series_of_two(center, "Irvington", "Tarrytown", "Irvington")
    page.go_to(WEDNESDAY + timedelta(days=7))
    asked: list[Mapping[SeriesScope, Staying]] = []

    def answer(then: Callable[[SeriesScope, bool], None], _: object, left_out: Mapping[SeriesScope, Staying]) -> None:
        asked.append(left_out)
        then(SeriesScope.ALL, True)

    monkeypatch.setattr(page, "ask_scope", answer)
    before = [starts(center, one) for one in (own, there, further)]
    with qtbot.waitSignal(page.actionDone) as said:
        page.calendar.moveRequested.emit(own, "2026-12-03", 1020)
    after = [starts(center, one) for one in (own, there, further)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False]
    assert said.args[0].endswith(", the whole series; 1 at Tarrytown Office stays")
    assert asked[0][SeriesScope.ALL].count == 1
    center.store.undo()
    assert [starts(center, one) for one in (own, there, further)] == before


def test_the_question_how_far_names_what_stays(page: CalendarPage) -> None:
    chosen: list[SeriesScope] = []
    stays = Staying(3, ("Tarrytown Office",))
    menu = ScopeMenu(page, lambda scope, _: chosen.append(scope), {SeriesScope.ALL: 2}, {SeriesScope.ALL: stays})
    _, following, all_of_them = menu.actions()
    assert following.text() == "This and the following"
    assert all_of_them.text() == "The whole series; 3 at Tarrytown Office stay"
    assert all_of_them.toolTip() == stays.sentence


def test_the_form_of_a_series_plans_and_saves_what_is_here_alone(
    page: CalendarPage, center: SmallStore, qtbot: QtBot
) -> None:
    own, there, further = series_of_two(center, "Irvington", "Tarrytown", "Irvington")
    page.go_to(WEDNESDAY + timedelta(days=7))
    page.open_entry(own)
    editor = page.form.editor
    assert not editor.left_out.isVisibleTo(editor)
    editor.scope.set_value(SeriesScope.ALL.value, announce=True)
    editor.settle()
    assert editor.left_out.isVisibleTo(editor)
    assert editor.left_out.text() == staying(center.store, own, SeriesScope.ALL).sentence
    assert editor.outlook is not None
    assert [planned.day for planned in editor.outlook.plan.sessions] == [
        WEDNESDAY + timedelta(days=7 * week) for week in (1, 3)
    ]
    everywhere(page)
    page.go_to(WEDNESDAY + timedelta(days=14))
    assert shown(page, there).is_foreign
    before = starts(center, there)
    editor.fields.start.set_value(time(18))
    with qtbot.waitSignal(page.actionDone) as said:
        assert editor.save()
    assert said.args[0].endswith(", all of them; 1 at Tarrytown Office stays")
    assert starts(center, there) == before
    assert {local_time(center, one) for one in (own, further)} == {time(18)}


def test_cancelling_a_series_counts_and_cancels_what_is_here(page: CalendarPage, center: SmallStore) -> None:
    own, there, further = series_of_two(center, "Irvington", "Tarrytown", "Irvington")
    page.open_sheet("cancel", own)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    sheet.scope.set_value(SeriesScope.ALL.value, announce=True)
    assert sheet.do_action.text() == "Cancel 2 sessions"
    assert sheet.note.text() == staying(center.store, own, SeriesScope.ALL).sentence
    sheet.do()
    with center.store.read() as session:
        found = [session.get_one(ScheduleEntry, (center.organization_id, one)) for one in (own, there, further)]
    assert [entry.status is EntryStatus.CANCELLED for entry in found] == [True, False, True]
    center.store.undo()


def test_ending_a_series_leaves_later_sessions_elsewhere(page: CalendarPage, center: SmallStore) -> None:
    own, there, further = series_of_two(center, "Irvington", "Tarrytown", "Irvington")
    page.open_sheet("series", own)
    sheet = page.sheets.sheet
    assert isinstance(sheet, SeriesSheet)
    sheet.last.set_value(WEDNESDAY + timedelta(days=7))
    sheet.settle()
    assert sheet.shown is not None
    assert sheet.shown.archived_days == (WEDNESDAY + timedelta(days=21),)
    assert sheet.note.text() == staying(center.store, own, SeriesScope.ALL).sentence
    sheet.do()
    with center.store.read() as session:
        found = [session.get_one(ScheduleEntry, (center.organization_id, one)) for one in (own, there, further)]
    assert [entry.archived_at is None for entry in found] == [True, True, False]


def test_a_vacation_leaves_the_sessions_of_other_locations_out(page: CalendarPage, center: SmallStore) -> None:
    page.sheets.vacation(tutor_id=center.ids["Jakub Johnson"], first_day=WEDNESDAY)
    sheet = page.sheets.sheet
    assert isinstance(sheet, VacationSheet)
    center.lesson("16:00", ["Nina Silva"], day=WEDNESDAY + timedelta(days=1))
    center.lesson("16:00", ["Rafael Silva"], room="Tarrytown A", day=WEDNESDAY + timedelta(days=1))
    sheet.settle()
    assert sheet.plan is not None
    assert all("Rafael" not in step.words.who for step in sheet.plan.steps)
    assert len(sheet.plan.steps) == 2
    assert "2 sessions at other locations left out." in sheet.note.text()
    sheet.dismiss()


def test_cancelling_one_of_a_series_of_another_location_says_that_it_is_this_one_alone(
    page: CalendarPage, center: SmallStore
) -> None:
    own, _ = series_of_two(center, "Irvington", "Tarrytown")
    of_tarrytown(center, own)
    page.open_sheet("cancel", own)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    assert not sheet.scope.isVisibleTo(sheet)
    assert sheet.note.text() == "This one alone: its series belongs to Tarrytown Office."
    sheet.dismiss()


def test_an_export_tells_of_other_locations_only_whom_they_take(page: CalendarPage, center: SmallStore) -> None:
    everywhere(page)
    with center.store.read() as session:
        content = export_calendar(session, center.organization_id, page.shown_selection(), center.clock()).decode()
    assert "SUMMARY:Taken" in content
    assert "Nina Silva" in content
    assert "Rafael" not in content


def test_one_session_of_a_series_of_another_location_is_changed_alone_and_it_says_why(
    page: CalendarPage, center: SmallStore
) -> None:
    own, _ = series_of_two(center, "Irvington", "Tarrytown")
    of_tarrytown(center, own)
    why = "This one alone: its series belongs to Tarrytown Office."
    page.go_to(WEDNESDAY + timedelta(days=7))
    extend = next(one for one in page.entry_menu(own).actions() if one.text() == "Extend or end the series")
    assert not extend.isEnabled()
    assert extend.toolTip() == why
    page.open_entry(own)
    editor = page.form.editor
    assert not editor.scope.isVisibleTo(editor)
    assert editor.left_out.isVisibleTo(editor)
    assert editor.left_out.text() == why
    assert not editor._actions.series_button.isEnabled()
    assert editor._actions.series_button.toolTip() == why


def test_who_works_at_no_location_schedules_nothing_and_is_told_why(
    page: CalendarPage, center: SmallStore, qtbot: QtBot
) -> None:
    with center.store.write() as session:
        for row in session.scalars(select(LocationAssignment)):
            row.archived_at = center.clock()
    page.shown()
    assert not page.new_action.isEnabled()
    assert page.new_action.toolTip().startswith("Only those who work at a location")
    with qtbot.waitSignal(page.actionDone) as said:
        page.calendar.createRequested.emit("2026-11-25", 960, 1020)
    assert said.args[0] == page.new_action.toolTip()
    assert not page.form.is_open
