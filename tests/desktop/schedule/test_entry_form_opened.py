"""The entry form for what exists: changes of a session and of its series, attendance, reports, history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

from PySide6.QtWidgets import QApplication
from sqlalchemy import select

from desktop.schedule.entry_form import EntryEditor
from desktop.widgets import Paragraph
from shared_models.base import new_id
from shared_models.schedule.lifecycle import Step
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.rescheduling import reschedule_entry
from shared_models.schedule.series_operations import SeriesScope, change_entry, move_entry
from tests.desktop.schedule.filled_forms import WEDNESDAY, clock, entries, press, scheduled, words
from tests.shared_models.schedule.small_center import Center, at, local


def test_one_session_of_a_series_is_changed(center: Center, editor: EntryEditor) -> None:
    ids = scheduled(center, pattern=Pattern.WEEKLY, occurrence_count=3)
    editor.open(ids[1])
    assert editor.title.text() == "Math, Noah Haddad"
    assert not editor.fields.repeats_field.isVisibleTo(editor)
    editor.fields.start.setText("5 PM")
    editor.fields.start.textEdited.emit("5 PM")
    assert editor.save()

    assert [local(entry.starts_at).hour for entry in entries(center)] == [16, 17, 16]


def test_what_was_typed_survives_a_change_of_the_scope(center: Center, editor: EntryEditor) -> None:
    ids = scheduled(center, pattern=Pattern.WEEKLY, occurrence_count=3)
    editor.open(ids[1])
    editor.fields.start.setText("5 PM")
    editor.fields.start.textEdited.emit("5 PM")
    editor.scope.set_value(SeriesScope.FOLLOWING.value, announce=True)

    assert editor.fields.start.text() == "5:00 PM"
    assert editor.save_button.text() == "Save 2 sessions"
    assert editor.state.text() == "No conflicts"
    assert editor.save()
    assert [local(entry.starts_at).hour for entry in entries(center)] == [16, 17, 17]
    with center.store.read() as session:
        assert len(session.scalars(select(Series)).all()) == 2


def test_what_another_pc_changed_meanwhile_stays(center: Center, editor: EntryEditor) -> None:
    from shared_models.schedule.series_operations import change_entry

    ids = scheduled(center, pattern=Pattern.WEEKLY, occurrence_count=3)
    editor.open(ids[0], SeriesScope.ALL)
    with center.store.write() as session:
        change_entry(
            session, center.organization_id, ids[0], now=clock(), scope=SeriesScope.ALL, tutor_id=center.id("Johnson")
        )
    editor.fields.start.setText("5 PM")
    editor.fields.start.textEdited.emit("5 PM")
    assert editor.save()

    johnson = center.id("Johnson")
    assert {(local(entry.starts_at).hour, entry.tutor_id) for entry in entries(center)} == {(17, johnson)}
    with center.store.read() as session:
        (series,) = session.scalars(select(Series))
    assert (series.start_time, series.tutor_id) == (time(17), center.id("Johnson"))


def test_cancelling_asks_why_and_can_be_undone(center: Center, editor: EntryEditor) -> None:
    ids = scheduled(center, pattern=Pattern.WEEKLY, occurrence_count=3)
    said: list[str] = []
    editor.actionDone.connect(said.append)
    editor.open(ids[0], SeriesScope.ALL)
    press(editor._actions, "Cancel 3 sessions")
    editor._actions.reason.setText("Family moved")
    press(editor._actions, "Cancel 3 sessions")

    assert {(entry.status, entry.cancel_reason) for entry in entries(center)} == {
        (EntryStatus.CANCELLED, "Family moved")
    }
    assert said == ["Cancelled Math, Noah Haddad, 3 sessions"]
    center.store.undo()
    assert {entry.status for entry in entries(center)} == {EntryStatus.SCHEDULED}


def test_a_cancelled_entry_is_brought_back(center: Center, editor: EntryEditor) -> None:
    (entry_id,) = scheduled(center)
    editor.open(entry_id)
    editor._actions.cancel()
    editor.open(entry_id)
    assert "Bring back" in words(editor._actions)
    press(editor._actions, "Bring back")
    assert entries(center)[0].status is EntryStatus.SCHEDULED


def test_archiving_hides_the_entry(center: Center, editor: EntryEditor) -> None:
    (entry_id,) = scheduled(center)
    editor.open(entry_id)
    press(editor._actions, "Archive")
    assert entries(center) == []


def test_attendance_is_noted_for_what_has_begun(center: Center, editor: EntryEditor) -> None:
    (past,) = scheduled(center, day=date(2026, 11, 24))
    (future,) = scheduled(center)
    editor.open(future)
    editor.aside.tabs.set_value("went", announce=True)
    assert editor.aside.went.choices == {}
    editor.open(past)
    QApplication.processEvents()
    editor.aside.went.choices[center.id("Noah")].set_value(Attendance.PRESENT.value, announce=True)
    with center.store.read() as session:
        statement = select(Attendee.attendance).where(Attendee.entry_id == past)
        assert session.scalars(statement).all() == [Attendance.PRESENT]


def test_only_the_steps_that_are_possible_are_offered(center: Center, editor: EntryEditor) -> None:
    (past,) = scheduled(center, day=date(2026, 11, 24))
    (future,) = scheduled(center)
    editor.open(future)
    editor.aside.tabs.set_value("went", announce=True)
    assert set(editor.aside.went.steps) == {Step.BEGIN}
    editor.open(past)
    went = editor.aside.went
    assert set(went.steps) == {Step.BEGIN, Step.COMPLETE, Step.MISS}
    went.take(Step.COMPLETE)
    assert set(went.steps) == {Step.MISS, Step.REOPEN}
    assert center.store.undo_history.next_undo == "Completed Math, Noah Haddad"
    editor.open(past)
    assert not editor._actions.cancel_button.isVisibleTo(editor)


def test_a_report_is_saved_and_shared_and_survives_a_note_of_attendance(center: Center, editor: EntryEditor) -> None:
    (past,) = scheduled(center, day=date(2026, 11, 24))
    editor.open(past)
    went = editor.aside.went
    went.done_text.setText("Fractions")
    went.choices[center.id("Noah")].set_value(Attendance.LATE.value, announce=True)
    assert went.done_text.text() == "Fractions"
    went.homework.setText("Page 12")
    went.shared.setChecked(True)
    went.save_report()
    with center.store.read() as session:
        entry = session.get(ScheduleEntry, (center.organization_id, past))
        assert entry is not None
        kept = (entry.report_done, entry.report_homework, entry.report_is_shared)
    assert kept == ("Fractions", "Page 12", True)


def test_a_typed_report_is_kept_when_the_form_closes(center: Center, editor: EntryEditor) -> None:
    (past,) = scheduled(center, day=date(2026, 11, 24))
    editor.open(past)
    editor.aside.went.done_text.setText("Fractions")
    editor.dismiss()
    with center.store.read() as session:
        entry = session.get(ScheduleEntry, (center.organization_id, past))
        assert entry is not None and entry.report_done == "Fractions"


def test_a_rescheduled_session_and_its_origin_name_each_other(center: Center, editor: EntryEditor) -> None:
    (old,) = scheduled(center)
    with center.store.write() as session:
        made = reschedule_entry(
            session, center.organization_id, old, new_entry_id=new_id(), starts_at=at(WEDNESDAY, time(18)),
            by_user_id=None, now=clock(),
        )  # fmt: skip
    for entry_id, sentence in (
        (old, "Rescheduled to Wed, Dec 2, 6:00 PM."), (made, "Takes the place of Wed, Dec 2, 4:00 PM."),
    ):  # fmt: skip
        editor.open(entry_id)
        editor.aside.tabs.set_value("plan")
        editor.aside.tabs.set_value("went", announce=True)
        assert sentence in {paragraph.text() for paragraph in editor.aside.went.findChildren(Paragraph)}


def test_the_history_tells_when_an_entry_was_made_and_changed(center: Center, editor: EntryEditor) -> None:
    (entry_id,) = scheduled(center)
    editor.open(entry_id)
    editor.aside.tabs.set_value("history", announce=True)
    assert [line.words for line in editor.aside.history.lines] == ["made it"]
    assert editor.aside.history.lines[0].who == "This PC"


def test_the_history_tells_what_was_done_on_this_pc_with_its_values(center: Center, editor: EntryEditor) -> None:
    (entry_id,) = scheduled(center)
    with center.store.write("Moved it") as session:
        move_entry(session, center.organization_id, entry_id, at(WEDNESDAY, time(18)))
    with center.store.write("Gave it to Johnson") as session:
        change_entry(session, center.organization_id, entry_id, now=clock(), tutor_id=center.id("Johnson"))
    editor.open(entry_id)
    editor.aside.tabs.set_value("history", announce=True)
    told = {line.words for line in editor.aside.history.lines}
    assert "moved it from Wed, Dec 2, 4:00 PM to Wed, Dec 2, 6:00 PM" in " and ".join(told)
    assert "gave it to Jakub Johnson instead of Małgorzata Patel" in " and ".join(told)


def test_an_edit_of_a_series_asks_about_the_sessions_that_differ(center: Center, editor: EntryEditor) -> None:
    ids = scheduled(center, pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=4)
    with center.store.write() as session:
        change_entry(session, center.organization_id, ids[2], now=clock(), tutor_id=center.id("Johnson"))
    editor.open(ids[0], SeriesScope.ALL)
    draft = editor.fields.draft()
    assert draft is not None
    editor.fields.show_draft(replace(draft, tutor_id=None), repeats=True)
    assert not editor.save()
    assert "Keep the session that differs" in words(editor._ask_box)
    editor.answer_differences(keep=True)
    with center.store.read() as session:
        tutors = [session.get_one(ScheduleEntry, (center.organization_id, one)).tutor_id for one in ids]
    assert tutors == [None, None, center.id("Johnson"), None]


def test_sessions_that_differ_can_be_changed_too(center: Center, editor: EntryEditor) -> None:
    ids = scheduled(center, pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=4)
    with center.store.write() as session:
        change_entry(session, center.organization_id, ids[2], now=clock(), tutor_id=center.id("Johnson"))
    editor.open(ids[0], SeriesScope.ALL)
    draft = editor.fields.draft()
    assert draft is not None
    editor.fields.show_draft(replace(draft, tutor_id=None), repeats=True)
    editor.save()
    press(editor._ask_box, "Change it too")
    with center.store.read() as session:
        tutors = {session.get_one(ScheduleEntry, (center.organization_id, one)).tutor_id for one in ids}
    assert tutors == {None}
