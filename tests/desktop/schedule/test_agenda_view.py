"""The agenda: what it lists, how it scrolls and jumps, and that nothing moves under the person's eyes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.agenda_view import WEEKS_AFTER, WEEKS_BEFORE, AgendaView
from desktop.schedule.listed_days import ListedDay, ListedEntry
from tests.desktop.schedule.listed import listed, listed_days

TODAY = date(2026, 11, 25)


class Year:
    """Four entries on every weekday, and what was asked for."""

    def __init__(self) -> None:
        self.reads: list[tuple[date, date]] = []
        self.more: list[ListedEntry] = []
        self.without: set[str] = set()

    def read(self, first: date, last: date) -> list[ListedDay]:
        self.reads.append((first, last))
        count = (last - first).days + 1
        days = [first + timedelta(days=number) for number in range(count)]
        entries = [
            listed(f"{day.isoformat()}-{hour}", day, hour * 60)
            for day in days
            if day.weekday() < 5
            for hour in (14, 15, 16, 17)
        ]
        entries = [one for one in [*entries, *self.more] if one.id not in self.without]
        return listed_days(first, count, entries, today=TODAY, closed={date(2026, 11, 28): "a fair"})


@pytest.fixture
def year() -> Year:
    return Year()


@pytest.fixture
def agenda(year: Year, qtbot: QtBot, qapp: QApplication) -> AgendaView:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = AgendaView(year.read)
    qtbot.addWidget(made)
    made.resize(1200, 600)
    made.show()
    qtbot.waitExposed(made)
    made.show_around(TODAY)
    return made


def complete(agenda: AgendaView, qtbot: QtBot) -> None:
    agenda._timer.setInterval(0)
    qtbot.waitUntil(agenda.is_complete, timeout=20_000)


def top(agenda: AgendaView) -> tuple[str, int]:
    """What stands at the top, and how far it is scrolled."""
    index = agenda.indexAt(agenda.viewport().rect().topLeft())
    row = agenda.rows().row_at(index.row())
    return (row.id if isinstance(row, ListedEntry) else row.day.isoformat(), agenda.visualRect(index).top())


def test_the_first_picture_reads_what_it_shows_and_the_year_follows(
    agenda: AgendaView, year: Year, qtbot: QtBot
) -> None:
    assert agenda.top_day() == TODAY
    assert len(year.reads) <= 4
    before = top(agenda)
    complete(agenda, qtbot)
    assert top(agenda) == before
    assert agenda.rows().entry_count() == (WEEKS_BEFORE + WEEKS_AFTER - 1) * 20
    assert sorted(first for first, _ in year.reads) == sorted(
        date(2026, 11, 23) + timedelta(weeks=number) for number in range(1 - WEEKS_BEFORE, WEEKS_AFTER)
    )


def test_days_without_entries_are_left_out_but_closed_ones_are_named(agenda: AgendaView) -> None:
    days = [
        row.day for row in map(agenda.rows().row_at, range(agenda.rows().rowCount())) if isinstance(row, ListedDay)
    ]
    assert date(2026, 11, 28) in days
    assert date(2026, 11, 29) not in days


def test_it_jumps_to_a_day_that_was_not_read_yet_and_to_another_year(agenda: AgendaView, year: Year) -> None:
    agenda.go_to(date(2027, 3, 10))
    assert agenda.top_day() == date(2027, 3, 10)
    agenda.go_to(date(2029, 6, 6))
    assert agenda.top_day() == date(2029, 6, 6)


def test_scrolling_tells_which_day_is_at_the_top(agenda: AgendaView, qtbot: QtBot) -> None:
    complete(agenda, qtbot)
    with qtbot.waitSignal(agenda.dayShown) as shown:
        agenda.verticalScrollBar().setValue(agenda.verticalScrollBar().value() + 6 * theme.current().size.row)
    assert shown.args == [TODAY + timedelta(days=1)]


def press(agenda: AgendaView, qtbot: QtBot) -> Callable[[Qt.Key], None]:
    return lambda key: qtbot.keyClick(agenda, key)


def test_the_keyboard_goes_through_entries_and_days(agenda: AgendaView, qtbot: QtBot) -> None:
    key = press(agenda, qtbot)
    key(Qt.Key.Key_Down)
    assert agenda.selected_id() == "2026-11-25-14"
    key(Qt.Key.Key_Down)
    assert agenda.selected_id() == "2026-11-25-15"
    key(Qt.Key.Key_Right)
    assert agenda.selected_id() == "2026-11-26-14"
    key(Qt.Key.Key_Up)
    assert agenda.selected_id() == "2026-11-25-17"
    key(Qt.Key.Key_Left)
    assert agenda.selected_id() == "2026-11-24-14"
    with qtbot.waitSignal(agenda.entryActivated) as opened:
        key(Qt.Key.Key_Return)
    assert opened.args == ["2026-11-24-14"]
    with qtbot.waitSignal(agenda.cancelRequested) as cancelled:
        key(Qt.Key.Key_Delete)
    assert cancelled.args == ["2026-11-24-14"]


def test_a_selected_entry_is_never_hidden_by_the_heading(agenda: AgendaView, qtbot: QtBot) -> None:
    complete(agenda, qtbot)
    agenda.select("2026-11-25-17")
    for _ in range(14):
        qtbot.keyClick(agenda, Qt.Key.Key_Up)
        assert agenda.visualRect(agenda.currentIndex()).top() >= theme.current().size.row


def test_changes_from_elsewhere_keep_what_is_selected_and_at_the_top(
    agenda: AgendaView, year: Year, qtbot: QtBot
) -> None:
    complete(agenda, qtbot)
    agenda.select("2026-11-26-16")
    agenda.verticalScrollBar().setValue(agenda.verticalScrollBar().value() + 50)
    before = top(agenda)
    year.more = [listed(f"new{number}", date(2026, 11, 23), 600 + number) for number in range(7)]
    year.more.append(listed("later", date(2026, 11, 26), 21 * 60))
    agenda.reload()
    assert top(agenda) == before
    complete(agenda, qtbot)
    assert top(agenda) == before
    assert agenda.selected_id() == "2026-11-26-16"
    assert agenda.rows().row_of_entry("new3") > 0
    assert agenda.rows().row_of_entry("later") > 0


def test_an_entry_that_is_gone_leaves_the_list_where_it_was(agenda: AgendaView, year: Year, qtbot: QtBot) -> None:
    complete(agenda, qtbot)
    agenda.select("2026-11-25-16")
    year.without = {"2026-11-25-16"}
    day = agenda.top_day()
    agenda.reload()
    assert agenda.selected_id() != "2026-11-25-16"
    assert agenda.top_day() == day


def test_rows_say_everything_to_a_screen_reader(agenda: AgendaView) -> None:
    row = agenda.rows().row_of_entry("2026-11-25-14")
    words = agenda.rows().data(agenda.rows().index(row, 0), Qt.ItemDataRole.AccessibleTextRole)
    assert words == "2:00 PM, Chemistry, Andre Smith, Jakub Johnson, Room A. Scheduled."


def test_a_sparse_list_waits_for_no_more_than_a_few_weeks_and_brings_the_day_up_later(
    agenda: AgendaView, year: Year, qtbot: QtBot
) -> None:
    def sparse(first: date, last: date) -> list[ListedDay]:
        year.reads.append((first, last))
        entry = listed(f"{first.isoformat()}", first + timedelta(days=1))
        return listed_days(first, (last - first).days + 1, [entry], today=TODAY)

    year.reads.clear()
    agenda._read = sparse
    agenda.show_around(date(2026, 12, 16))
    assert len(year.reads) <= 4
    complete(agenda, qtbot)
    assert agenda.top_day() == date(2026, 12, 22)
