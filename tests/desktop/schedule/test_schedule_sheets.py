"""The sheets of the calendar over a real store: what they preview, what they write, and that it is one step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.cancel_sheet import CancelSheet
from desktop.schedule.copy_week_sheet import CopyWeekSheet
from desktop.schedule.directory import Directory, read_directory
from desktop.schedule.reschedule_sheet import RescheduleSheet
from desktop.schedule.schedule_sheet import ScheduleSheet
from desktop.schedule.series_sheet import SeriesSheet
from desktop.schedule.vacation_sheet import VacationSheet
from shared_models.base import new_id
from shared_models.people.models import TutorAvailability
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import EntryStatus, ScheduleEntry, ToTell
from shared_models.schedule.operations import entry_of, schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope
from shared_models.schedule.vacations import VacationChoice
from tests.shared_models.schedule.small_center import Center, local, small_center

WEDNESDAY = date(2026, 12, 2)
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    made = small_center(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def host(qtbot: QtBot, qapp: QApplication) -> QWidget:
    theme.install(qapp, theme.Appearance.LIGHT)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    qtbot.waitExposed(window)
    return window


def now() -> datetime:
    return NOW


def add(center: Center, draft: EntryDraft) -> tuple[str, ...]:
    with center.store.write() as session:
        made = schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())
    return made.entry_ids


def weekly(center: Center, count: int) -> tuple[str, ...]:
    return add(
        center,
        center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=count),
    )


def directory(center: Center) -> Directory:
    with center.store.read() as session:
        return read_directory(session, center.organization_id)


def entry(center: Center, entry_id: str) -> ScheduleEntry:
    with center.store.read() as session:
        return entry_of(session, center.organization_id, entry_id)


def opened(sheet: ScheduleSheet) -> list[str]:
    said: list[str] = []
    sheet.done.connect(said.append)
    sheet.open_sheet(sheet.first_field())
    sheet.settle()
    return said


def test_a_tutors_vacation_reassigns_cancels_and_notes_the_time_off_in_one_step(
    center: Center, host: QWidget
) -> None:
    with center.store.write() as session:
        session.add(
            TutorAvailability(
                organization_id=center.organization_id, id=new_id(), tutor_id=center.id("Johnson"),
                weekday=2, starts=time(14), ends=time(21),
            )
        )  # fmt: skip
    (first,) = add(center, center.draft(WEDNESDAY, time(16)))
    (second,) = add(center, center.draft(WEDNESDAY, time(18), student_ids=(center.id("Wei"),)))
    before = center.rows()
    sheet = VacationSheet(
        host, center.store, now, directory(center), tutor_id=center.id("Patel"), first_day=WEDNESDAY
    )
    sheet.for_all.set_value(VacationChoice.REASSIGN.value)
    said = opened(sheet)
    assert [row.result.text() for row in sheet.rows] == ["with Jakub Johnson", "with Jakub Johnson"]
    sheet.rows[1].choice.chosen.emit(VacationChoice.CANCEL.value)
    assert sheet.do_action.text() == "Cancel 1 and reassign 1 sessions"
    sheet.do()
    assert said == ["Vacation of Małgorzata Patel, 2 sessions"]
    assert entry(center, first).tutor_id == center.id("Johnson")
    assert entry(center, second).status is EntryStatus.CANCELLED
    assert entry(center, second).cancel_reason == "Vacation"
    with center.store.read() as session:
        assert directory(center).tutor_rules[center.id("Patel")].time_off
        assert session is not None
    center.store.undo()
    assert center.rows() == before


def test_a_family_is_away_together_unless_one_is_taken_out(center: Center, host: QWidget) -> None:
    (noah,) = add(center, center.draft(WEDNESDAY, time(16)))
    (wei,) = add(center, center.draft(WEDNESDAY, time(18), student_ids=(center.id("Wei"),)))
    sheet = VacationSheet(
        host,
        center.store,
        now,
        directory(center),
        student_id=center.id("Noah"),
        with_family=True,
        first_day=WEDNESDAY,
    )
    said = opened(sheet)
    assert {box.text() for box in sheet.family.boxes.values()} >= {"Wei Haddad too"}
    assert {row.step.entry_id for row in sheet.rows} == {noah, wei}
    for student_id, box in sheet.family.boxes.items():
        box.setChecked(student_id == center.id("Wei"))
    sheet.look()
    sheet.settle()
    sheet.do()
    assert said == ["Vacation of Noah Haddad and Wei Haddad, 2 sessions"]
    assert {entry(center, one).status for one in (noah, wei)} == {EntryStatus.CANCELLED}


def test_a_vacation_whose_end_lies_before_its_start_is_explained(center: Center, host: QWidget) -> None:
    sheet = VacationSheet(host, center.store, now, directory(center), tutor_id=center.id("Patel"))
    sheet.last.set_value(date(2026, 11, 26))
    opened(sheet)
    assert sheet.note.text() == "The last day lies before the first."
    assert not sheet.do_action.isEnabled()
    sheet.dismiss()


def test_a_week_is_copied_without_closed_days_and_with_its_conflicts_shown_first(
    center: Center, host: QWidget
) -> None:
    add(center, center.draft(date(2026, 12, 17), time(16)))
    add(center, center.draft(date(2026, 12, 16), time(16)))
    add(center, center.draft(date(2026, 12, 23), time(16, 30)))
    before = center.rows()
    sheet = CopyWeekSheet(host, center.store, now, directory(center), date(2026, 12, 16))
    said = opened(sheet)
    assert sheet.shown is not None
    assert sheet.shown.days == {date(2026, 12, 23): 1}
    assert [day for day, _ in sheet.shown.skipped] == [date(2026, 12, 24)]
    assert {one.kind.value for one in sheet.shown.conflicts} == {"tutor", "room", "student"}
    assert center.rows() == before
    sheet.do()
    assert said == ["Copied 1 session to the week of Mon, Dec 21, 3 in conflict"]
    assert len(center.rows()["schedule_entry"]) == len(before["schedule_entry"]) + 1
    center.store.undo()
    assert center.rows() == before


def test_a_week_cannot_be_copied_onto_itself(center: Center, host: QWidget) -> None:
    sheet = CopyWeekSheet(host, center.store, now, directory(center), WEDNESDAY)
    sheet.target.set_value(WEDNESDAY)
    opened(sheet)
    assert not sheet.do_action.isEnabled()
    assert sheet.note.text() == "Choose two different weeks."
    sheet.dismiss()


def test_a_series_is_extended_past_a_closure_that_is_named(center: Center, host: QWidget) -> None:
    ids = weekly(center, 2)
    sheet = SeriesSheet(host, center.store, now, directory(center), ids[0])
    sheet.last.set_value(date(2027, 1, 6))
    said = opened(sheet)
    assert sheet.shown is not None
    assert sheet.shown.added_days == (date(2026, 12, 16), date(2026, 12, 23), date(2027, 1, 6))
    assert sheet.shown.closed_days == (date(2026, 12, 30),)
    assert sheet.do_action.text() == "Add 3 sessions"
    sheet.do()
    assert said == ["Extended Math, Noah Haddad, now to Wed, Jan 6"]
    assert len(center.rows()["schedule_entry"]) == 5


def test_a_series_is_ended_earlier(center: Center, host: QWidget) -> None:
    ids = weekly(center, 4)
    sheet = SeriesSheet(host, center.store, now, directory(center), ids[0])
    sheet.last.set_value(date(2026, 12, 9))
    opened(sheet)
    assert sheet.do_action.text() == "Archive 2 sessions"
    sheet.do()
    assert len(center.rows()["schedule_entry"]) == 2


def test_cancelling_keeps_the_reason_and_whom_to_tell(center: Center, host: QWidget) -> None:
    ids = weekly(center, 3)
    sheet = CancelSheet(host, center.store, now, directory(center), ids[1])
    said = opened(sheet)
    sheet.scope.set_value(SeriesScope.FOLLOWING.value, announce=True)
    assert sheet.do_action.text() == "Cancel 2 sessions"
    sheet.why.reason.setText("Family asked")
    sheet.why.tutor.setChecked(False)
    sheet.do()
    assert said == ["Cancelled Math, Noah Haddad, 2 sessions"]
    assert [entry(center, one).status for one in ids] == [
        EntryStatus.SCHEDULED, EntryStatus.CANCELLED, EntryStatus.CANCELLED,
    ]  # fmt: skip
    gone = entry(center, ids[2])
    assert (gone.cancel_reason, gone.people_to_tell) == ("Family asked", [ToTell.FAMILIES.value])


def test_rescheduling_takes_an_offered_time_and_links_the_old_one(center: Center, host: QWidget) -> None:
    (old,) = add(center, center.draft(WEDNESDAY, time(16)))
    sheet = RescheduleSheet(host, center.store, now, directory(center), old)
    said = opened(sheet)
    assert not sheet.do_action.isEnabled()
    slot = sheet.offered[0]
    sheet.take(slot)
    sheet.settle()
    assert sheet.state.text() == "Tutor, students and room are free."
    sheet.do()
    assert said[0].startswith("Rescheduled Math, Noah Haddad to ")
    origin = entry(center, old)
    assert origin.status is EntryStatus.CANCELLED
    assert origin.rescheduled_to_id is not None
    assert local(entry(center, origin.rescheduled_to_id).starts_at) == slot.local
    center.store.undo()
    assert entry(center, old).status is EntryStatus.SCHEDULED


def test_rescheduling_names_what_stands_in_the_way(center: Center, host: QWidget) -> None:
    (old,) = add(center, center.draft(WEDNESDAY, time(16)))
    add(center, center.draft(WEDNESDAY, time(18), tutor_id=None, student_ids=(center.id("Wei"),)))
    sheet = RescheduleSheet(host, center.store, now, directory(center), old)
    sheet.start.set_value(time(18, 15))
    opened(sheet)
    assert sheet.state.text() == "Room A: Wei Haddad until 7:00"
    assert sheet.do_action.isEnabled()
    sheet.dismiss()
