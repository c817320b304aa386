"""Month and agenda on the Calendar page: opening, moving, filters, and changes that arrive while people work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.agenda_view import AgendaView
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.coloring import ColorBy
from desktop.schedule.mini_month import BusyMonthPopup, read_busy_days
from desktop.schedule.month_view import MonthCalendar
from desktop.schedule.saved_views import SavedView, SavedViews
from desktop.schedule.student_chip import StudentPopup
from desktop.schedule.week import Filters
from shared_models.access.models import User
from shared_models.base import new_id
from shared_models.exchange.calendar_export import export_calendar, selected_count
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope
from tests.shared_models.schedule.small_center import Center, small_center

WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def page(center: Center, qtbot: QtBot, qapp: QApplication) -> CalendarPage:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = CalendarPage(center.store, lambda: NOW)
    qtbot.addWidget(made)
    made.resize(1340, 860)
    made.show()
    qtbot.waitExposed(made)
    return made


def add(center: Center, draft: EntryDraft) -> str:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def arrive(page: CalendarPage, center: Center, draft: EntryDraft) -> str:
    """An entry that another PC made comes in."""
    entry_id = add(center, draft)
    page.refresh({"schedule_entry": {entry_id}, "attendee": {"any"}})
    return entry_id


def month_of(page: CalendarPage) -> MonthCalendar:
    page.set_view("month")
    return page.findChild(MonthCalendar)


def agenda_of(page: CalendarPage) -> AgendaView:
    page.set_view("agenda")
    return page.findChild(AgendaView)


def days_shown(month: MonthCalendar) -> dict[str, date]:
    plan = month.plan()
    assert plan is not None
    return {chip.entry.id: cell.day.day for cell in plan.cells for chip in cell.chips}


def listed_ids(agenda: AgendaView) -> set[str]:
    rows = agenda.rows()
    return {getattr(rows.row_at(number), "id", "") for number in range(rows.rowCount())} - {""}


def test_the_month_shows_its_weeks_and_steps_by_months(page: CalendarPage, center: Center) -> None:
    first, other = (
        add(center, center.draft(WEDNESDAY, time(16))),
        add(center, center.draft(date(2026, 12, 30), time(16))),
    )
    month = month_of(page)
    assert page.header.title.text() == "November 2026"
    assert days_shown(month) == {first: WEDNESDAY}
    page.step(1)
    assert page.header.title.text() == "December 2026"
    assert days_shown(month) == {other: date(2026, 12, 30)}
    page.go_today()
    assert page.header.title.text() == "November 2026"


def test_months_are_read_ahead_and_again_when_something_changes(
    page: CalendarPage, center: Center, qtbot: QtBot
) -> None:
    december, january = date(2026, 12, 16), date(2027, 1, 20)
    early, late = add(center, center.draft(december, time(16))), add(center, center.draft(january, time(16)))
    page.refresh({"schedule_entry": {early}})
    month = month_of(page)
    span = page._days(december)
    qtbot.waitUntil(lambda: span in page._reading._ahead)
    page.step(1)
    assert days_shown(month) == {early: december}
    span = page._days(january)
    qtbot.waitUntil(lambda: span in page._reading._ahead)
    came = arrive(page, center, center.draft(january, time(18)))
    page.step(1)
    assert days_shown(month) == {late: january, came: january}


def test_an_entry_moves_to_another_day_of_the_month_and_back_with_undo(page: CalendarPage, center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    month = month_of(page)
    month.moveRequested.emit(entry_id, "2026-11-23", 960)
    assert days_shown(month) == {entry_id: date(2026, 11, 23)}
    assert center.store.undo() == "Moved Math, Noah Haddad to Mon 4:00 PM"
    page.refresh({"schedule_entry": {entry_id}})
    assert days_shown(month) == {entry_id: WEDNESDAY}


def test_moving_one_of_a_series_asks_how_far_it_reaches(
    page: CalendarPage, center: Center, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = center.draft(
        date(2026, 11, 4), time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=4
    )
    first = add(center, draft)
    asked: list[bool] = []
    monkeypatch.setattr(page, "ask_scope", lambda then, *_: (asked.append(True), then(SeriesScope.ALL, True)))
    month = month_of(page)
    month.moveRequested.emit(first, "2026-11-05", 960)
    assert asked == [True]
    assert {day.weekday() for day in days_shown(month).values()} == {3}


def test_a_day_over_which_an_entry_is_dragged_says_what_is_in_the_way(page: CalendarPage, center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(date(2026, 11, 24), time(16), student_ids=(center.id("Wei"),)))
    month_of(page)
    verdict = page.check_day(entry_id, date(2026, 11, 24))
    assert any(not fits for fits, _ in verdict)
    assert all(fits for fits, _ in page.check_day(entry_id, date(2026, 11, 23)))


def test_a_day_and_an_entry_open_from_month_and_agenda(page: CalendarPage, center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    month_of(page).dayActivated.emit("2026-11-24")
    assert (page.view(), page.day()) == ("day", date(2026, 11, 24))
    agenda_of(page).entryActivated.emit(entry_id)
    assert page.form.is_open
    assert page.calendar.isVisible()


def test_closing_the_form_brings_the_month_back_as_it_was(page: CalendarPage, center: Center) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    month = month_of(page)
    month.select(entry_id)
    page.open_entry(entry_id)
    assert not month.isVisible()
    page.form.editor.dismiss()
    assert month.isVisible()
    assert month.selected_id() == entry_id
    assert page.view() == "month"


@pytest.mark.parametrize("view", ["day", "week", "month", "agenda"])
def test_what_arrives_appears_in_place_and_the_selection_stays(
    page: CalendarPage, center: Center, view: str, qtbot: QtBot
) -> None:
    mine = add(center, center.draft(WEDNESDAY, time(16)))
    page.refresh({"schedule_entry": {mine}})
    page.set_view(view)
    page.select(mine)
    theirs = arrive(page, center, center.draft(WEDNESDAY, time(18), student_ids=(center.id("Wei"),)))
    assert page.selected_id() == mine
    found: dict[str, Any] = {
        "month": lambda: set(days_shown(month_of(page))),
        "agenda": lambda: listed_ids(agenda_of(page)),
    }
    shown = found.get(view, lambda: {entry.id for entry in page.calendar.scene().entries})()
    assert {mine, theirs} <= shown


@pytest.mark.parametrize("view", ["week", "month", "agenda"])
def test_what_arrives_leaves_a_half_filled_form_alone(page: CalendarPage, center: Center, view: str) -> None:
    page.set_view(view)
    page.new_entry()
    editor = page.form.editor
    editor.fields.show_draft(center.draft(WEDNESDAY, time(17, 45)))
    arrive(page, center, center.draft(WEDNESDAY, time(12), student_ids=(center.id("Wei"),)))
    assert page.form.is_open
    draft = editor.fields.draft()
    assert (draft.start, draft.student_ids) == (time(17, 45), (center.id("Noah"),))


def test_the_scrolled_week_stays_where_it_is_when_something_arrives(page: CalendarPage, center: Center) -> None:
    page.resize(1340, 420)
    page.set_view("week")
    QApplication.processEvents()
    bar = page.calendar._bar_y
    bar.setValue(bar.maximum())
    before = bar.value()
    arrive(page, center, center.draft(WEDNESDAY, time(16)))
    assert before > 0 and bar.value() == before


def test_one_student_can_be_looked_for_by_typing(page: CalendarPage, center: Center, qtbot: QtBot) -> None:
    noah = add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(18), student_ids=(center.id("Wei"),)))
    month = month_of(page)
    assert len(days_shown(month)) == 2
    popup = StudentPopup(page._reading.students(), "", page)
    qtbot.addWidget(popup)
    popup.picked.connect(page.filters.student._picked)
    qtbot.keyClicks(popup.search, "noa")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert set(days_shown(month)) == {noah}
    assert page.filters.student.text() == "Noah Haddad"


def test_a_saved_view_brings_view_filters_and_colors_back(page: CalendarPage, center: Center) -> None:
    filters = Filters(location_id=center.id("Irvington"), tutor_id=center.id("Patel"), student_id=center.id("Wei"))
    saved = SavedView("Wei with Patel", "month", filters, ColorBy.TUTOR)
    SavedViews(center.store).save(saved)
    page.take_view(saved)
    assert page.view() == "month"
    assert page.filters.value() == filters
    assert page.color.value() is ColorBy.TUTOR
    assert page.saved.text() == "Wei with Patel"
    page.filters.set_value(replace_tutor(filters))
    page._show()
    assert page.saved.text() == "Saved views"


def replace_tutor(filters: Filters) -> Filters:
    return Filters(location_id=filters.location_id)


def test_a_view_is_saved_under_the_name_that_is_typed(page: CalendarPage, center: Center, qtbot: QtBot) -> None:
    sheet = page.saved.ask_name()
    qtbot.keyClick(sheet.name, Qt.Key.Key_Return)
    assert sheet.isVisible()
    qtbot.keyClicks(sheet.name, "  My   week ")
    qtbot.keyClick(sheet.name, Qt.Key.Key_Return)
    assert not sheet.isVisible()
    assert [view.name for view in SavedViews(center.store).all()] == ["My week"]
    assert page.saved.text() == "My week"


def test_colors_by_tutor_and_status_reach_entries_and_legend(page: CalendarPage, center: Center) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    page.refresh({"schedule_entry": {"x"}})
    page.color.set_value(ColorBy.TUTOR)
    page.color.changed.emit(ColorBy.TUTOR)
    (entry,) = page.calendar.scene().entries
    assert entry.title[0] == "MP · Math"
    assert page.legend.accessibleDescription() == "MP Patel"
    page.color.changed.emit(ColorBy.STATUS)
    assert center.store.local("calendar_color_by") == "status"


def test_the_small_month_dots_days_with_entries_and_jumps(page: CalendarPage, center: Center, qtbot: QtBot) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(date(2026, 12, 9), time(16)))
    with center.store.read() as session:
        elsewhere = read_busy_days(session, page.directory(), WEDNESDAY, date(2026, 12, 31), center.id("Tarrytown"))
    assert elsewhere == set()
    popup = BusyMonthPopup(WEDNESDAY, WEDNESDAY, page._busy_days, page)
    qtbot.addWidget(popup)
    popup.picked.connect(page.go_to)
    assert popup.month.busy_days() == {WEDNESDAY}
    qtbot.keyClick(popup.month, Qt.Key.Key_PageDown)
    assert date(2026, 12, 9) in popup.month.busy_days()
    popup.month.set_value(date(2026, 12, 9))
    qtbot.keyClick(popup.month, Qt.Key.Key_Return)
    assert page.day() == date(2026, 12, 9)


def test_now_leads_to_the_present_minute_from_anywhere(page: CalendarPage) -> None:
    month_of(page)
    page.go_to(WEDNESDAY + timedelta(days=90))
    page.go_now()
    assert (page.view(), page.day()) == ("day", WEDNESDAY)
    plan = page.calendar.plan()
    assert plan is not None and plan.now is not None


def test_the_agenda_leads_title_and_count_along(page: CalendarPage, center: Center, qtbot: QtBot) -> None:
    draft = center.draft(
        date(2026, 11, 2), time(16), pattern=Pattern.WEEKLY, weekdays=frozenset(range(5)), occurrence_count=150
    )
    add(center, draft)
    agenda = agenda_of(page)
    assert page.header.title.text() == "November 2026"
    agenda.go_to(date(2027, 1, 12))
    assert page.header.title.text() == "January 2027"
    assert page.day() == date(2027, 1, 12)
    page.set_view("week")
    assert page.header.title.text() == "January 11 – 15, 2027"


def test_a_narrow_window_says_less_and_keeps_every_filter_within_reach(page: CalendarPage, center: Center) -> None:
    for hour in (16, 17):
        add(center, center.draft(WEDNESDAY, time(hour), duration_minutes=90))
    page.refresh({"schedule_entry": {"x"}})
    assert page.filters.conflicts.text() == "1 overlap"
    page.setMinimumSize(900, 620)
    page.set_view("day")
    page.resize(900, 620)
    assert page.header.title.text() == "Wed, Nov 25"
    assert not page._tools.more.isHidden()
    hidden = [chip for chip in (page.filters.student, page.filters.status) if chip.isHidden()]
    assert len(hidden) == 2
    offered = [action.text() for action in page._tools.more.build_menu().actions()]
    assert {"Any student…", "Any status"} <= set(offered)
    QApplication.processEvents()
    parts = [part for part in page.toolbar.children() if getattr(part, "isVisible", bool)()]
    assert all(part.width() >= part.sizeHint().width() for part in parts)
    page.resize(1800, 620)
    assert page._tools.more.isHidden()
    assert page.header.title.text() == "Wednesday, November 25"


def test_other_windows_and_whole_weeks_are_behind_one_button(page: CalendarPage) -> None:
    offered = [action.text() for action in page.more_menu().actions()]
    assert offered == ["New window", "Wall display", "Vacation", "Copy the week", "Export as .ics"]
    assert page._more_button.accessibleName().startswith("More")


def test_the_page_opens_in_the_view_in_which_it_was_left(page: CalendarPage, center: Center, qtbot: QtBot) -> None:
    page.set_view("agenda")
    again = CalendarPage(center.store, lambda: NOW)
    qtbot.addWidget(again)
    assert again.view() == again.views.value() == "agenda"
    assert isinstance(again.focusProxy(), AgendaView)
    center.store.set_local(calendar_view="a view of another version")
    other = CalendarPage(center.store, lambda: NOW)
    qtbot.addWidget(other)
    assert other.view() == "week"


def test_a_tutor_who_is_renamed_elsewhere_moves_nothing_in_the_agenda(
    page: CalendarPage, center: Center, qtbot: QtBot
) -> None:
    draft = center.draft(
        date(2026, 11, 2), time(16), pattern=Pattern.WEEKLY, weekdays=frozenset(range(5)), occurrence_count=150
    )
    chosen = add(center, draft)
    agenda = agenda_of(page)
    agenda._timer.setInterval(0)
    qtbot.waitUntil(agenda.is_complete, timeout=20_000)
    agenda.go_to(date(2026, 11, 2))
    agenda.select(chosen)
    agenda.verticalScrollBar().setValue(agenda.verticalScrollBar().value() + 7)
    before = agenda.verticalScrollBar().value(), agenda.top_day()
    with center.store.write() as session:
        session.get_one(User, (center.organization_id, center.id("user Patel"))).last_name = "Kowalska"
    page.refresh({"user": {center.id("user Patel")}})
    assert agenda.selected_id() == chosen
    assert (agenda.verticalScrollBar().value(), agenda.top_day()) == before
    row = agenda.rows().row_at(agenda.rows().row_of_entry(chosen))
    assert getattr(row, "tutor", "") == "Małgorzata Kowalska"


def test_the_conflicts_of_a_month_name_their_dates_those_to_come_first(page: CalendarPage, center: Center) -> None:
    for day in (date(2026, 11, 4), date(2026, 12, 2)):
        add(center, center.draft(day, time(16)))
        add(center, center.draft(day, time(16, 30), student_ids=(center.id("Wei"),)))
    month_of(page)
    page.show_conflicts(True)
    asides = [card.item.aside for card in page.panel.cards()]
    assert asides == ["Dec 2, 4:30–5:00", "Nov 4, 4:30–5:00"]


def test_the_export_holds_what_the_filters_let_through(page: CalendarPage, center: Center) -> None:
    for hour in (16, 16, 18):
        add(center, center.draft(WEDNESDAY, time(hour)))
    cancelled = add(center, center.draft(WEDNESDAY, time(16)))
    with center.store.write() as session:
        session.get_one(ScheduleEntry, (center.organization_id, cancelled)).status = EntryStatus.CANCELLED
    page.refresh({"schedule_entry": {cancelled}})
    for filters, expected in (
        (Filters(), 4),
        (Filters(status="CANCELLED"), 1),
        (Filters(status="SCHEDULED"), 3),
        (Filters(only_conflicts=True), 2),
    ):
        page.filters.set_value(filters)
        page._show()
        with center.store.read() as session:
            chosen = page.shown_selection()
            assert selected_count(session, center.organization_id, chosen) == expected
            content = export_calendar(session, center.organization_id, chosen, NOW)
        assert content.count(b"BEGIN:VEVENT") == expected + closures_in(content)
        assert page._builder is not None and len(page._builder.rows) == expected


def closures_in(content: bytes) -> int:
    return content.count(b"SUMMARY:CLOSED")
