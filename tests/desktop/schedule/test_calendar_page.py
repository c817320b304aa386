"""The Calendar page over a real store: going places, changing entries, conflicts, undo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.exchange import export_dialog
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.calendar_values import ConflictMark, Status
from desktop.schedule.cancel_sheet import CancelSheet
from desktop.schedule.conflict_view import ConflictView
from desktop.schedule.conflicts_panel import ConflictCard
from desktop.schedule.entry_menus import ScopeMenu
from desktop.schedule.week import Filters
from desktop.store.store import Store
from desktop.widgets import Button, ComboBox, Menu
from shared_models.base import new_id
from shared_models.exchange.calendar_export import Selection
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import ConflictAcceptance
from shared_models.schedule.operations import entry_of, schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope, move_entry
from tests.shared_models.schedule.small_center import Center, at, local, small_center

WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


def add(center: Center, draft: EntryDraft) -> str:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def page_of(center: Center, qtbot: QtBot, qapp: QApplication) -> CalendarPage:
    theme.install(qapp, theme.Appearance.LIGHT)
    page = CalendarPage(center.store, lambda: NOW)
    qtbot.addWidget(page)
    page.resize(1340, 860)
    page.show()
    qtbot.waitExposed(page)
    return page


def statuses(page: CalendarPage) -> dict[str, Status]:
    return {entry.id: entry.status for entry in page.calendar.scene().entries}


def test_the_page_opens_on_the_present_week(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    assert page.header.title.text() == "November 23 – 27, 2026"
    page.step(1)
    assert page.header.title.text() == "November 30 – December 4, 2026"
    page.go_today()
    page.set_view("day")
    assert page.header.title.text() == "Wednesday, November 25"


def test_days_on_which_the_place_never_opens_are_stepped_over(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    page = page_of(center, qtbot, qapp)
    page.set_view("day")
    page.go_to(date(2026, 11, 27))
    page.step(1)
    assert page.day() == date(2026, 11, 30)
    page.step(-1)
    assert page.day() == date(2026, 11, 27)


def test_moving_a_single_entry_changes_day_and_time_and_can_be_undone(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    with qtbot.waitSignal(page.actionDone) as done:
        page.calendar.moveRequested.emit(entry_id, "2026-11-24", 1020)
    assert done.args == ["Moved Math, Noah Haddad to Tue 5:00 PM", True]
    (entry,) = page.calendar.scene().entries
    assert (entry.column, entry.starts, entry.ends) == ("2026-11-24", 1020, 1080)
    center.store.undo()
    page.refresh({"schedule_entry": {entry_id}})
    (entry,) = page.calendar.scene().entries
    assert (entry.column, entry.starts) == ("2026-11-25", 960)


def test_a_column_of_the_day_gives_the_entry_its_tutor_in_one_step(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(19)))
    add(center, center.draft(WEDNESDAY, time(19), tutor_id=center.id("Johnson"), room_ids=(), student_ids=()))
    page = page_of(center, qtbot, qapp)
    page.set_view("day")
    page.calendar.moveRequested.emit(entry_id, center.id("Johnson"), 1080)
    entry = next(entry for entry in page.calendar.scene().entries if entry.id == entry_id)
    assert (entry.column, entry.starts) == (center.id("Johnson"), 1080)
    assert center.store.undo() == "Moved Math, Noah Haddad to Wed 6:00 PM with Jakub Johnson"
    page.refresh({"schedule_entry": {entry_id}})
    entry = next(entry for entry in page.calendar.scene().entries if entry.id == entry_id)
    assert (entry.column, entry.starts) == (center.id("Patel"), 1140)


def test_the_start_can_be_pulled_without_moving_the_end(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    page.calendar.resizeRequested.emit(entry_id, 930, 1020)
    (entry,) = page.calendar.scene().entries
    assert (entry.starts, entry.ends, entry.blocked_until) == (930, 1020, 1035)


def test_an_entry_of_a_series_asks_how_far_a_change_reaches(
    center: Center, qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=3)
    entry_id = add(center, draft)
    page = page_of(center, qtbot, qapp)
    monkeypatch.setattr(page, "ask_scope", lambda then, *_: then(SeriesScope.FOLLOWING, True))
    page.calendar.moveRequested.emit(entry_id, "2026-11-25", 1020)
    page.step(1)
    assert [entry.starts for entry in page.calendar.scene().entries] == [1020]


def series_with_one_apart(center: Center) -> list[str]:
    """Four Wednesdays at 4:00, the third of them at 6:00."""
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=4)
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
        third = made.entry_ids[2]
        day = entry_of(session, center.organization_id, third).series_day
        assert day is not None
        move_entry(session, center.organization_id, third, at(day, time(18)))
    return list(made.entry_ids)


def hours(center: Center, entry_ids: list[str]) -> list[int]:
    with center.store.read() as session:
        return [local(entry_of(session, center.organization_id, one).starts_at).hour for one in entry_ids]


def scope_menu(page: CalendarPage) -> ScopeMenu:
    return page.findChildren(ScopeMenu)[-1]


@pytest.mark.parametrize(
    ("answer", "expected"), [("Keep the session that differs", [17, 17, 18, 17]), ("Change it too", [17] * 4)]
)
def test_moving_a_series_asks_what_becomes_of_sessions_that_differ(
    center: Center, qtbot: QtBot, qapp: QApplication, answer: str, expected: list[int]
) -> None:
    ids = series_with_one_apart(center)
    page = page_of(center, qtbot, qapp)
    page.calendar.moveRequested.emit(ids[0], "2026-11-25", 1020)
    only, following, whole = scope_menu(page).actions()
    assert (only.menu(), following.text(), whole.text()) == (None, "This and the following", "The whole series")
    further = whole.menu()
    assert isinstance(further, Menu)
    words = [action.text() for action in further.actions()]
    assert words == ["Keep the session that differs", "Change it too"]
    further.actions()[words.index(answer)].trigger()
    scope_menu(page).close()
    assert hours(center, ids) == expected


def test_making_a_series_longer_asks_nothing_about_sessions_at_other_times(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    ids = series_with_one_apart(center)
    page = page_of(center, qtbot, qapp)
    page.calendar.resizeRequested.emit(ids[0], 960, 1050)
    assert [action.menu() for action in scope_menu(page).actions()] == [None] * 3
    scope_menu(page).close()


def test_while_the_menu_asks_the_entry_is_shown_unsaved_at_its_new_place(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    ids = series_with_one_apart(center)
    page = page_of(center, qtbot, qapp)
    page.calendar.moveRequested.emit(ids[0], "2026-11-24", 1020)
    (entry,) = page.calendar.scene().entries
    assert (entry.id, entry.column, entry.starts, entry.is_unsaved) == (ids[0], "2026-11-24", 1020, True)
    scope_menu(page).close()
    qtbot.waitUntil(lambda: not page.calendar.scene().entries[0].is_unsaved)
    (entry,) = page.calendar.scene().entries
    assert (entry.column, entry.starts) == ("2026-11-25", 960)
    assert hours(center, ids) == [16, 16, 18, 16]
    page.calendar.resizeRequested.emit(ids[0], 960, 1050)
    (entry,) = page.calendar.scene().entries
    assert (entry.starts, entry.ends, entry.is_unsaved) == (960, 1050, True)
    scope_menu(page).actions()[0].trigger()
    scope_menu(page).close()
    (entry,) = page.calendar.scene().entries
    assert (entry.ends, entry.is_unsaved) == (1050, False)


def test_cancelling_strikes_an_entry_through_and_bringing_back_restores_it(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    page.calendar.cancelRequested.emit(entry_id)
    sheet = page.sheets.sheet
    assert isinstance(sheet, CancelSheet)
    with qtbot.waitSignal(page.actionDone) as done:
        sheet.do()
    assert done.args == ["Cancelled Math, Noah Haddad, Wed, Nov 25, 4:00–5:00 PM", True]
    page.refresh({"schedule_entry": {entry_id}})
    assert statuses(page) == {entry_id: Status.CANCELLED}
    page.restore(entry_id)
    assert statuses(page) == {entry_id: Status.SCHEDULED}
    page.archive(entry_id)
    assert statuses(page) == {}


def test_a_copy_takes_place_a_week_later(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    page.copy_to_next_week(entry_id)
    page.step(1)
    (entry,) = page.calendar.scene().entries
    assert (entry.id != entry_id, entry.column, entry.starts) == (True, "2026-12-02", 960)
    assert [line.wording[0] for line in entry.lines][:2] == ["Noah Haddad", "Room A"]


def test_a_copy_is_dropped_where_it_is_wanted_and_collides_with_its_original(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    said = page._drop_check().check(entry_id, "2026-11-25", 990, 1050, as_copy=True)
    assert any("until 5:00" in words for fits, words in said if not fits)
    with qtbot.waitSignal(page.actionDone) as done:
        page.calendar.copyRequested.emit(entry_id, "2026-11-24", 1080, center.id("Room B"))
    assert done.args is not None and done.args[0].endswith("to Tue 6:00 PM, Room B")
    shown = {(entry.column, entry.starts) for entry in page.calendar.scene().entries}
    assert shown == {("2026-11-25", 960), ("2026-11-24", 1080)}
    center.store.undo()
    page.go_to(date(2026, 12, 2))
    page.go_to(WEDNESDAY)
    assert {entry.id for entry in page.calendar.scene().entries} == {entry_id}


def test_the_menu_offers_what_fits_the_moment(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    begun = add(center, center.draft(WEDNESDAY, time(15)))
    coming = add(center, center.draft(WEDNESDAY, time(19)))
    page = page_of(center, qtbot, qapp)
    words = [action.text() for action in page.entry_menu(begun).actions() if action.text()]
    assert words == [
        "Open", "Start", "It took place", "No-show", "Reschedule", "Cancel",
        "Copy to next week", "Archive",
    ]  # fmt: skip
    words = [action.text() for action in page.entry_menu(coming).actions() if action.text()]
    assert words == ["Open", "Reschedule", "Cancel", "Copy to next week", "Archive"]


def test_the_list_of_conflicts_counts_names_and_offers_ways_out(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    first = add(center, center.draft(WEDNESDAY, time(17)))
    add(
        center,
        center.draft(WEDNESDAY, time(17, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),)),
    )
    page = page_of(center, qtbot, qapp)
    assert page.filters.conflicts.text() == "1 overlap"
    page.show_conflicts(True)
    (card,) = page.panel.cards()
    assert (card.item.kind, card.item.heading, card.item.aside) == ("Tutor", "Małgorzata Patel", "Wed 5:30–6:00")
    qtbot.waitUntil(lambda: bool(card.ways()))
    with qtbot.waitSignal(page.actionDone):
        page.panel.wayChosen.emit(card.ways()[0].ways[0])
    assert page.panel.cards() == []
    entry = next(entry for entry in page.calendar.scene().entries if entry.id == first)
    assert entry.starts == 975


def test_choosing_a_conflict_selects_its_entry(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    first = add(center, center.draft(WEDNESDAY, time(17)))
    add(center, center.draft(WEDNESDAY, time(17, 30)))
    page = page_of(center, qtbot, qapp)
    page.show_conflicts(True)
    page.panel.settle_next()
    assert page.calendar.selected_id() == first


def test_dragging_on_paper_opens_the_form_there(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    page.calendar.createRequested.emit("2026-11-24", 960, 1050)
    assert page.form.is_open
    draft = page.form.editor.fields.draft()
    assert draft is not None
    assert (draft.first_day, draft.start, draft.duration_minutes) == (date(2026, 11, 24), time(16), 90)
    (entry,) = page.calendar.scene().entries
    assert (entry.column, entry.starts, entry.ends, entry.is_unsaved) == ("2026-11-24", 960, 1050, True)


def test_a_column_of_the_day_gives_the_new_entry_its_tutor(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    page = page_of(center, qtbot, qapp)
    page.set_view("day")
    page.calendar.createRequested.emit(center.id("Patel"), 1080, 1140)
    draft = page.form.editor.fields.draft()
    assert draft is not None and draft.tutor_id == center.id("Patel")


def test_the_unsaved_box_can_be_dragged_and_the_fields_follow(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    page = page_of(center, qtbot, qapp)
    page.calendar.createRequested.emit("2026-11-24", 960, 1020)
    (entry,) = page.calendar.scene().entries
    page.calendar.moveRequested.emit(entry.id, "2026-11-25", 1080)
    draft = page.form.editor.fields.draft()
    assert draft is not None
    assert (draft.first_day, draft.start) == (WEDNESDAY, time(18))
    (entry,) = page.calendar.scene().entries
    assert (entry.column, entry.starts) == ("2026-11-25", 1080)


def test_while_the_form_is_open_only_what_it_touches_is_shown(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    opened = add(center, center.draft(WEDNESDAY, time(16)))
    same_tutor = add(
        center,
        center.draft(WEDNESDAY, time(16, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),)),
    )
    add(center, center.draft(WEDNESDAY, time(16), tutor_id=center.id("Johnson"), student_ids=(), room_ids=()))
    page = page_of(center, qtbot, qapp)
    page.open_entry(opened)
    shown = {entry.id: entry for entry in page.calendar.scene().entries}
    assert len(shown) == 2 and opened not in shown
    assert shown[same_tutor].overlaps == ((990, 1020),)
    assert not any(entry.is_unsaved for entry in shown.values())
    page.form.editor.dismiss()
    assert len(page.calendar.scene().entries) == 3


def test_a_click_elsewhere_throws_nothing_away_that_was_typed(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    first = add(center, center.draft(WEDNESDAY, time(16)))
    second = add(center, center.draft(WEDNESDAY, time(18)))
    page = page_of(center, qtbot, qapp)
    page.open_entry(first)
    page.form.move_unsaved(WEDNESDAY, 1020, 1080)
    with qtbot.waitSignal(page.actionDone) as said:
        page.open_entry(second)
    assert said.args == ["Save or cancel the entry in the form first.", False]
    assert page.form.editor.entry_id == first


def test_another_page_can_ask_for_an_entry_of_any_week(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    entry_id = add(center, center.draft(date(2026, 12, 9), time(16)))
    page = page_of(center, qtbot, qapp)
    page.show_item(entry_id)
    assert page.header.title.text() == "December 7 – 11, 2026"
    assert page.calendar.selected_id() == entry_id


def test_changes_from_elsewhere_are_shown(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    page.refresh({"schedule_entry": {entry_id}})
    assert len(page.calendar.scene().entries) == 1


def test_the_location_chosen_last_is_chosen_again(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    page.filters.location.set_value(center.id("Tarrytown"))
    page.filters.location.chosen.emit(center.id("Tarrytown"))
    again = page_of(center, qtbot, qapp)
    assert again.filters.value().location_id == center.id("Tarrytown")


def test_a_student_opens_the_form_for_them(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    page.show_item(center.id("Wei"))
    draft = page.form.editor.fields.draft()
    assert page.form.is_open
    assert page.form.editor.fields.students.values() == [center.id("Wei")]
    assert draft is None or draft.student_ids == (center.id("Wei"),)


def test_a_tutor_shows_their_own_week(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    entry_id = add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(18), tutor_id=center.id("Johnson"), student_ids=()))
    page = page_of(center, qtbot, qapp)
    page.show_item(center.id("Patel"))
    assert [entry.id for entry in page.calendar.scene().entries] == [entry_id]


def test_a_vacation_can_be_asked_for_from_another_page(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    page.show_item(f"vacation {center.id('Patel')}")
    sheet = page.sheets.sheet
    assert sheet is not None and sheet.isVisible()
    sheet.dismiss()
    assert page.sheets.sheet is None


def test_accepting_in_the_list_draws_the_conflict_as_accepted(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(16), student_ids=(), room_ids=()))
    page = page_of(center, qtbot, qapp)
    page.show_conflicts(True)
    (card,) = page.panel.cards()
    page.accept(card.item.key, True)
    assert {entry.conflict for entry in page.calendar.scene().entries} == {ConflictMark.ACCEPTED}
    (card,) = page.panel.cards()
    assert card.item.is_accepted
    page.accept(card.item.key, False)
    assert {entry.conflict for entry in page.calendar.scene().entries} == {ConflictMark.OVERLAP}


def crowded_page(center: Center, qtbot: QtBot, qapp: QApplication) -> CalendarPage:
    """With one conflict in the list beside the calendar, unfolded."""
    add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(16), student_ids=(), room_ids=()))
    page = page_of(center, qtbot, qapp)
    page.show_conflicts(True)
    page.panel.cards()[0].set_open(True)
    return page


def press_accept(page: CalendarPage) -> ConflictCard:
    (card,) = page.panel.cards()
    next(button for button in card.findChildren(Button) if button.text() == "Accept").click()
    return card


def reasons(center: Center) -> list[str]:
    with center.store.read() as session:
        row = ConflictAcceptance
        return list(session.scalars(select(row.reason).where(row.archived_at.is_(None))))


def test_accepting_in_the_list_asks_why_and_enter_does_it(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = crowded_page(center, qtbot, qapp)
    card = press_accept(page)
    assert card.asks_reason and reasons(center) == []
    field = card.findChild(ComboBox)
    assert field is not None
    QTest.keyClicks(field, "Siblings")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert reasons(center) == ["Siblings"]


def test_no_reason_is_needed_and_escape_leaves_the_conflict(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = crowded_page(center, qtbot, qapp)
    card = press_accept(page)
    field = card.findChild(ComboBox)
    assert field is not None
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert (card.asks_reason, page.panel.isHidden(), reasons(center)) == (False, False, [])
    press_accept(page)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert reasons(center) == [""]


def test_a_reason_being_typed_outlives_a_change_from_elsewhere(
    center: Center, qtbot: QtBot, qapp: QApplication
) -> None:
    page = crowded_page(center, qtbot, qapp)
    field = press_accept(page).findChild(ComboBox)
    assert field is not None
    QTest.keyClicks(field, "Agr")
    page.refresh({"schedule_entry": {add(center, center.draft(WEDNESDAY, time(19)))}})
    (card,) = page.panel.cards()
    assert (card.asks_reason, card.typed_reason) == (True, "Agr")


def test_what_is_shown_is_exported_as_ics(
    center: Center, qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(center, qtbot, qapp)
    page.filters.set_value(Filters(location_id=center.id("Irvington"), tutor_id=center.id("Patel")))
    asked: list[Selection] = []

    def export(store: Store, selection: Selection, parent: QWidget) -> str:
        asked.append(selection)
        return "Exported 1 session to Calendar.ics"

    monkeypatch.setattr(export_dialog, "ask_and_export", export)
    with qtbot.waitSignal(page.actionDone) as done:
        next(action for action in page.more_menu().actions() if action.text() == "Export as .ics").trigger()
    assert done.args == ["Exported 1 session to Calendar.ics", False]
    page.set_view("day")
    page.export()
    page.set_view("month")
    page.export()
    assert [(one.location_id, one.tutor_id) for one in asked] == [(center.id("Irvington"), center.id("Patel"))] * 3
    assert [(one.first_day, one.last_day) for one in asked] == [
        (date(2026, 11, 23), date(2026, 11, 29)), (WEDNESDAY, WEDNESDAY), (date(2026, 10, 26), date(2026, 12, 6)),
    ]  # fmt: skip


def test_the_conflict_view_is_one_of_the_views(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    add(center, center.draft(WEDNESDAY, time(16)))
    entry_id = add(center, center.draft(WEDNESDAY, time(16, 30), student_ids=(), room_ids=()))
    page = page_of(center, qtbot, qapp)
    page.set_view("conflicts")
    qtbot.waitUntil(lambda: page.header.title.text() == "1 conflict")
    assert any(action.text() == "Accept the conflict" for action in page.page_actions())
    view = page.findChild(ConflictView)
    assert view is not None
    view.entryChosen.emit(entry_id)
    assert (page.view(), page.calendar.selected_id()) == ("day", entry_id)
    page.shut_down()


def test_the_menu_offers_only_what_an_entrys_life_allows(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    entry_id = add(center, center.draft(date(2026, 11, 27), time(16)))
    page = page_of(center, qtbot, qapp)
    words = {action.text() for action in page.entry_menu(entry_id).actions()}
    assert {"Reschedule", "Cancel"} <= words
    assert words.isdisjoint({"Start", "It took place", "No-show", "Bring back", "Extend or end the series"})
    page.cancel(entry_id)
    sheet = page.sheets.sheet
    assert sheet is not None
    sheet.do()
    page.refresh({"schedule_entry": {entry_id}})
    words = {action.text() for action in page.entry_menu(entry_id).actions()}
    assert "Bring back" in words and "Start" not in words


def test_the_form_is_made_ready_ahead_without_opening(center: Center, qtbot: QtBot, qapp: QApplication) -> None:
    page = page_of(center, qtbot, qapp)
    page.form.prepare()
    qtbot.waitUntil(lambda: page.form.editor.is_prepared)
    assert not page.form.is_open
    page.new_entry()
    fields = page.form.editor.fields
    page.form._prepare_fields()
    assert page.form.editor.fields is fields
    page.shut_down()
