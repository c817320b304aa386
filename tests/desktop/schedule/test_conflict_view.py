"""The conflict view over a real store: what it lists, how it is settled from the keyboard, what stays accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.conflict_book import Severity
from desktop.schedule.conflict_view import ConflictView
from desktop.schedule.week import Filters
from desktop.widgets import Group
from shared_models.base import new_id
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import entry_of, schedule_entries
from shared_models.schedule.recurrence import Pattern
from tests.shared_models.schedule.small_center import Center, local, small_center

WEDNESDAY = date(2026, 12, 2)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def view(center: Center, qtbot: QtBot, qapp: QApplication) -> Iterator[ConflictView]:
    theme.install(qapp, theme.Appearance.LIGHT)
    made = ConflictView(center.store, lambda: NOW)
    center.store.subscribe(made.refresh)
    qtbot.addWidget(made)
    made.resize(1300, 760)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shut_down()


def add(center: Center, draft: EntryDraft) -> tuple[str, ...]:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids


def crowd(center: Center) -> tuple[str, str]:
    """Patel teaches Noah and Wei at the same time in two rooms."""
    (noah,) = add(center, center.draft(WEDNESDAY, time(16)))
    wei = center.draft(WEDNESDAY, time(16, 30), student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),))
    return noah, add(center, wei)[0]


def read(view: ConflictView, qtbot: QtBot) -> None:
    view.shown()
    qtbot.waitUntil(lambda: view.is_settled)


def press(view: ConflictView, qtbot: QtBot, key: Qt.Key | str) -> None:
    if isinstance(key, str):
        QTest.keyClicks(view.table, key)
    else:
        QTest.keyClick(view.table, key)
    qtbot.waitUntil(lambda: view.is_settled)


def starts(center: Center, entry_id: str) -> datetime:
    with center.store.read() as session:
        return local(entry_of(session, center.organization_id, entry_id).starts_at)


def test_cases_stand_by_week_with_names_and_times(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    read(view, qtbot)
    headings = [row.title for row in view._rows if isinstance(row, Group)]
    assert headings == ["Next week"]
    (case,) = view.cases()
    assert (case.kind_words, case.heading, case.when_words) == ("Tutor", "Małgorzata Patel", "Wed, Dec 2, 4:30–5:00")
    assert case.summary == "Math, Noah Haddad and Math, Wei Haddad"
    assert view.detail.title.text() == "Małgorzata Patel"


def test_a_digit_takes_the_way_out_and_z_takes_it_back(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    noah, wei = crowd(center)
    read(view, qtbot)
    before = starts(center, noah), starts(center, wei)
    assert view.detail.ways
    press(view, qtbot, "1")
    assert (starts(center, noah), starts(center, wei)) != before
    assert view.cases() == []
    QTest.keyClick(view, Qt.Key.Key_Z)
    qtbot.waitUntil(lambda: view.is_settled)
    assert (starts(center, noah), starts(center, wei)) == before
    assert len(view.cases()) == 1


def test_what_is_taken_back_is_in_hand_again(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    add(center, center.draft(date(2026, 12, 9), time(16)))
    add(center, center.draft(date(2026, 12, 9), time(16), student_ids=()))
    read(view, qtbot)
    first = view.current()
    press(view, qtbot, "1")
    assert view.current() != first
    press(view, qtbot, "z")
    assert first is not None and view.current() is not None
    assert view.current().key == first.key  # type: ignore[union-attr]


def test_every_way_out_leaves_the_entry_without_a_conflict(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    read(view, qtbot)
    for number in range(1, len(view.detail.ways) + 1):
        view.detail.take(number)
        qtbot.waitUntil(lambda: view.is_settled)
        assert view.cases() == []
        view.undo()
        qtbot.waitUntil(lambda: view.is_settled)
        assert len(view.cases()) == 1


def test_the_ways_out_name_other_tutors_who_teach_the_subject(
    center: Center, view: ConflictView, qtbot: QtBot
) -> None:
    from shared_models.people.models import TutorAvailability

    with center.store.write() as session:
        session.add(
            TutorAvailability(
                organization_id=center.organization_id, id=new_id(), tutor_id=center.id("Johnson"),
                weekday=2, starts=time(14), ends=time(21),
            )
        )  # fmt: skip
    noah, wei = crowd(center)
    read(view, qtbot)
    words = [way.words for way in view.detail.ways]
    assert "with Jakub Johnson" in words
    view.detail.take(words.index("with Jakub Johnson") + 1)
    with center.store.read() as session:
        tutors = {entry_of(session, center.organization_id, entry_id).tutor_id for entry_id in (noah, wei)}
    assert tutors == {center.id("Patel"), center.id("Johnson")}


def test_an_accepted_case_folds_at_the_end_with_who_and_why(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    read(view, qtbot)
    press(view, qtbot, "a")
    assert view.detail.asks_reason
    view.detail.reason.setText("They share the room")
    QTest.keyClick(view.detail.reason, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.is_settled)
    assert view.cases() == []
    press(view, qtbot, Qt.Key.Key_Down)
    (case,) = view.cases()
    assert case.acceptance is not None
    assert case.acceptance.reason == "They share the room"
    view.withdraw()
    qtbot.waitUntil(lambda: view.is_settled)
    (case,) = view.cases()
    assert case.acceptance is None


def test_a_new_conflict_of_an_accepted_entry_is_listed_apart(
    center: Center, view: ConflictView, qtbot: QtBot
) -> None:
    crowd(center)
    read(view, qtbot)
    view.accept("")
    add(center, center.draft(WEDNESDAY, time(16, 15), tutor_id=center.id("Johnson"), student_ids=()))
    qtbot.waitUntil(lambda: view.is_settled)
    (case,) = view.cases()
    assert case.kind_words == "Room"


def test_kinds_and_severities_filter(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    tight = center.draft(
        WEDNESDAY, time(18), tutor_id=center.id("Johnson"), student_ids=(), room_ids=(center.id("Room C"),)
    )
    add(center, tight)
    later = center.draft(WEDNESDAY, time(19), tutor_id=None, student_ids=(), room_ids=(center.id("Room C"),))
    add(center, later)
    read(view, qtbot)
    assert [case.severity for case in view.cases()] == [Severity.OVERLAP, Severity.BUFFER]
    view.kind.set_value("room", announce=True)
    assert [case.heading for case in view.cases()] == ["Room C"]
    view.kind.set_value("all", announce=True)
    view.severity.set_value("overlap", announce=True)
    assert [case.heading for case in view.cases()] == ["Małgorzata Patel"]
    view.severity.set_value("all", announce=True)
    view.set_filters(Filters(location_id=center.id("Tarrytown")))
    assert view.cases() == []


def test_unusual_entries_are_listed_apart(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    add(center, center.draft(WEDNESDAY, time(12)))
    read(view, qtbot)
    assert view.cases() == []
    view.kind.set_value("flags", announce=True)
    (case,) = view.cases()
    assert case.summary == "Outside the opening hours"


def test_the_following_sessions_of_a_series_move_along_when_asked(
    center: Center, view: ConflictView, qtbot: QtBot
) -> None:
    series = add(
        center,
        center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=3),
    )
    add(center, center.draft(WEDNESDAY, time(16), student_ids=(center.id("Wei"), center.id("Priya")), capacity=2,
                             room_ids=(center.id("Room B"),)))  # fmt: skip
    read(view, qtbot)
    press(view, qtbot, "s")
    view.detail.take(1)
    qtbot.waitUntil(lambda: view.is_settled)
    assert {starts(center, entry_id).time() for entry_id in series} == {starts(center, series[0]).time()}
    assert starts(center, series[0]).time() != time(16)


def test_arrows_and_letters_go_through_the_cases(center: Center, view: ConflictView, qtbot: QtBot) -> None:
    crowd(center)
    again = center.draft(date(2026, 12, 9), time(16))
    add(center, again)
    add(center, center.draft(date(2026, 12, 9), time(16), student_ids=()))
    read(view, qtbot)
    first, second = view.cases()
    press(view, qtbot, "j")
    assert view.current() == second
    press(view, qtbot, "k")
    assert view.current() == first
    press(view, qtbot, Qt.Key.Key_Down)
    assert view.current() == second
    with qtbot.waitSignal(view.entryChosen) as chosen:
        QTest.keyClick(view.table, Qt.Key.Key_Return)
    assert chosen.args == [second.entries[0].id]
