"""The entry form, driven as a person drives it, over a real store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.schedule.entry_form import EntryEditor, EntryPrefill
from desktop.schedule.entry_form_check import Outlook
from desktop.schedule.entry_form_choices import ONLINE
from desktop.schedule.entry_form_fields import parse_duration, parse_until, resource_words, with_resources
from desktop.store.store import Store
from desktop.theme import Appearance
from desktop.widgets import Button, Paragraph
from shared_models.base import new_id
from shared_models.schedule.conflicts import ConflictTag
from shared_models.schedule.lifecycle import Step
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.rescheduling import reschedule_entry
from shared_models.schedule.series_operations import SeriesScope, change_entry, move_entry
from tests.shared_models.schedule.small_center import NEW_YORK, Center, at, local, small_center

WEDNESDAY = date(2026, 12, 2)


def clock() -> datetime:
    return datetime(2026, 11, 25, 15, 40, tzinfo=NEW_YORK)


@pytest.fixture(scope="module")
def center_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("center")
    small_center(folder).store.close()
    return folder


@pytest.fixture
def center(center_folder: Path, tmp_path: Path) -> Iterator[Center]:
    shutil.copytree(center_folder, tmp_path / "store")
    store = Store(tmp_path / "store", use_keyring=False)
    yield Center(store)
    store.close()


@pytest.fixture
def editor(center: Center, qtbot: QtBot, qapp: QApplication) -> Iterator[EntryEditor]:
    theme.install(qapp, Appearance.LIGHT)
    window = QWidget()
    qtbot.addWidget(window)
    form = EntryEditor(center.store, clock, window)
    window.resize(1000, 860)
    form.resize(form.width(), 860)
    window.show()
    yield form
    form.shut_down()


def prefill(center: Center, **fields: object) -> EntryPrefill:
    """A private lesson of Noah with Patel in Room A on Wednesday at 4:00 PM."""
    given: dict[str, object] = {
        "location_id": center.id("Irvington"),
        "service_id": center.id("Private"),
        "subject_id": center.id("Math"),
        "tutor_id": center.id("Patel"),
        "room_ids": (center.id("Room A"),),
        "student_ids": (center.id("Noah"),),
        "day": WEDNESDAY,
        "start": time(16),
        "duration_minutes": 60,
    }
    return EntryPrefill(**{**given, **fields})  # type: ignore[arg-type]


def repeat_weekly(editor: EntryEditor, last_day: date) -> None:
    editor.fields.repeats.set_value(Pattern.WEEKLY.value, announce=True)
    editor.fields.until.setFocus()
    editor.fields.until.selectAll()
    editor.fields.until.insert("")
    editor.fields.until.setText(f"{last_day.month}/{last_day.day}/{last_day.year}")
    editor.fields.until.textEdited.emit(editor.fields.until.text())
    editor.settle()


def scheduled(center: Center, **fields: object) -> tuple[str, ...]:
    draft = center.draft(fields.pop("day", WEDNESDAY), fields.pop("start", time(16)), **fields)  # type: ignore[arg-type]
    with center.store.write() as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def entries(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
            )
        )


def words(widget: QWidget) -> set[str]:
    """What the buttons inside a widget say."""
    QApplication.processEvents()  # what was just made is shown by the event loop
    return {button.text() for button in widget.findChildren(Button) if button.isVisibleTo(widget)}


def press(widget: QWidget, text: str) -> None:
    """Click the button with these words."""
    QApplication.processEvents()
    for button in widget.findChildren(Button):
        if button.text() == text and button.isVisibleTo(widget):
            button.click()
            return
    raise AssertionError(f"no button says {text!r}; there are {sorted(words(widget))}")


def test_a_new_entry_is_typed_with_the_keyboard_alone(center: Center, editor: EntryEditor, qtbot: QtBot) -> None:
    editor.create()
    fields = editor.fields
    assert fields.location.text() == "Irvington Office"
    for field, typed in ((fields.service, "private"), (fields.subject, "mat"), (fields.tutor, "malg")):
        field.setFocus()
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    fields.students.edit.setFocus()
    qtbot.keyClicks(fields.students.edit, "noa")
    qtbot.keyClick(fields.students.edit, Qt.Key.Key_Return)
    fields.first_day.setFocus()
    fields.first_day.selectAll()
    qtbot.keyClicks(fields.first_day, "dec 2")
    fields.start.setFocus()
    fields.start.selectAll()
    qtbot.keyClicks(fields.start, "545")
    fields.rooms.edit.setFocus()
    qtbot.keyClicks(fields.rooms.edit, "room c")
    qtbot.keyClick(fields.rooms.edit, Qt.Key.Key_Return)
    editor.settle()
    assert fields.computed.text() == "Ends 6:45 PM\u2003Blocked until 7:00 PM\u2003Price $80.00"

    with qtbot.waitSignal(editor.saved) as saved:
        qtbot.keyClick(fields.rooms.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    (entry,) = entries(center)
    assert saved.args == [(entry.id,)]
    assert local(entry.starts_at) == datetime(2026, 12, 2, 17, 45)
    assert (entry.tutor_id, entry.subject_id) == (center.id("Patel"), center.id("Math"))
    assert not editor.isVisible()
    assert center.store.undo_history.next_undo == "Scheduled Math, Noah Haddad"


def test_tab_walks_through_the_fields_in_the_order_of_the_paper(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center))
    repeat_weekly(editor, date(2026, 12, 16))
    fields = editor.fields
    expected = [
        fields.location, fields.service, fields.subject, fields.topic, fields.capacity, fields.tutor,
        fields.students.edit, fields.repeats, fields.first_day, fields.weekdays, fields.every, fields.start,
        fields.duration, fields.buffer, fields.until, fields.rooms.edit, fields.resources,
    ]  # fmt: skip
    walked: list[QWidget] = []
    widget: QWidget = fields.location
    while widget is not fields.resources and len(walked) < 200:
        if widget in expected:
            walked.append(widget)
        widget = widget.nextInFocusChain()
    assert [*walked, fields.resources] == expected


def test_a_series_shows_count_price_weekdays_and_closures(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center))
    repeat_weekly(editor, date(2027, 1, 13))

    view = editor._view
    assert view is not None
    assert (view.count.text(), view.days.text()) == ("6 sessions", "6 Wednesdays, to January 13")
    assert editor.outlook is not None and editor.outlook.price_cents == 48000
    assert editor.outlook.plan.closed_days == (date(2026, 12, 30),)
    assert editor.save_button.text() == "Save 6 sessions"

    press(view, "Keep some")
    from desktop.widgets import CheckBox

    (box,) = view.findChildren(CheckBox)
    assert box.text() == "Wednesday, December 30: Winter break"
    box.click()
    editor.settle()
    assert view.count.text() == "7 sessions"


def test_conflicts_are_grouped_and_a_green_button_settles_them(center: Center, editor: EntryEditor) -> None:
    scheduled(center, pattern=Pattern.WEEKLY, last_day=date(2027, 2, 24), student_ids=(center.id("Wei"),))
    editor.create(prefill(center, start=time(16, 30)))
    repeat_weekly(editor, date(2027, 3, 17))

    assert editor.state.text() == "12 of 15 sessions in conflict"
    assert editor.hint.text() == "You can save now and settle the conflicts later. They stay marked."
    assert words(editor._view_area) >= {"Wednesdays 5:15 PM, Room A: all 15 free", "Leave out those 12 Wednesdays"}

    press(editor._view_area, "Wednesdays 5:15 PM, Room A: all 15 free")
    editor.settle()
    assert editor.state.text() == "No conflicts"
    assert editor.fields.start.text() == "5:15 PM"


def test_leaving_days_out_can_be_put_back(center: Center, editor: EntryEditor) -> None:
    scheduled(center, student_ids=())
    editor.create(prefill(center))
    repeat_weekly(editor, date(2026, 12, 16))
    press(editor._view_area, "Leave out Dec 2")
    editor.settle()
    assert editor.save_button.text() == "Save 2 sessions"
    press(editor._view_area, "Put back")
    editor.settle()
    assert editor.save_button.text() == "Save 3 sessions"


def test_nothing_blocks_saving_in_conflict(center: Center, editor: EntryEditor) -> None:
    scheduled(center)
    editor.create(prefill(center))
    editor.settle()
    assert editor.state.text() == "In conflict"
    assert editor.save()
    assert len(entries(center)) == 2


def test_what_is_missing_is_said_below_the_field_and_nothing_is_lost(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center, service_id=None))
    editor.fields.start.setText("5:4")
    editor.fields.start.textEdited.emit("5:4")
    editor.fields.resources.setText("Projector, whiteboard")

    assert not editor.save()

    assert editor.fields.service_field.error() == "Choose a service."
    assert editor.fields.start_field.error() == "Use a time such as 5:45 PM."
    assert editor.isVisible()
    assert editor.fields.resources.text() == "Projector, whiteboard"
    assert editor.fields.students.values() == [center.id("Noah")]
    assert entries(center) == []


def test_an_end_before_the_beginning_is_named(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center))
    repeat_weekly(editor, date(2026, 11, 1))
    assert editor.fields.until_field.error() == "Use a day after the first one."


def test_an_online_session_takes_no_room(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center))
    editor.fields.rooms.set_values([ONLINE])
    editor.look()
    assert editor.save()
    assert entries(center)[0].is_online


def test_the_product_is_for_classes_only_and_capacity_follows_the_service(
    center: Center, editor: EntryEditor, qtbot: QtBot
) -> None:
    editor.create(prefill(center))
    assert not editor.fields.product.isEnabled()
    editor.fields.service.setFocus()
    editor.fields.service.selectAll()
    qtbot.keyClicks(editor.fields.service, "group")
    qtbot.keyClick(editor.fields.service, Qt.Key.Key_Return)
    assert editor.fields.capacity.value() == 10


def test_tutors_of_the_location_say_what_they_teach(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center))
    seconds = {option.text: option.second for option in editor.fields.tutor.options()}
    assert seconds == {
        "Małgorzata Patel": "teaches Math, first choice",
        "Jakub Johnson": "teaches Math, first choice",
    }
    editor.fields.subject._take(center.id("Writing"))
    assert {option.second for option in editor.fields.tutor.options()} == {"does not teach Writing"}
    editor.fields.location._take(center.id("Tarrytown"))
    assert editor.fields.tutor.options() == []
    assert editor.fields.students.values() == []


def every_other_week(editor: EntryEditor) -> None:
    repeat_weekly(editor, date(2027, 3, 31))
    editor.fields.every._take("2")
    editor.settle()


def sentences(editor: EntryEditor) -> list[str]:
    """What the right side says, headings and text."""
    assert editor._view is not None
    return [label.text() for label in editor._view.findChildren(QLabel) if not label.isHidden()] + [
        one.text() for one in editor._view.findChildren(Paragraph)
    ]


def test_every_two_weeks_can_be_saved_against_the_rules_with_a_quiet_word(
    center: Center, editor: EntryEditor
) -> None:
    from shared_models.organization.models import Organization

    editor.create(prefill(center))
    every_other_week(editor)
    assert "Every other week is not allowed" not in sentences(editor)
    editor.dismiss()
    with center.store.write() as session:
        session.get_one(Organization, (center.organization_id, center.organization_id)).biweekly_allowed = False
    QApplication.processEvents()
    editor.create(prefill(center))
    every_other_week(editor)
    assert "Every other week is not allowed" in sentences(editor)
    assert editor.save()


def test_who_fits_the_empty_weeks_is_said_for_every_other_week_only(center: Center, editor: EntryEditor) -> None:
    scheduled(
        center, day=date(2026, 12, 8), pattern=Pattern.WEEKLY, interval_weeks=2, last_day=date(2027, 3, 31),
        weekdays=frozenset({1}), student_ids=(center.id("Wei"),), tutor_id=center.id("Johnson"), room_ids=(),
    )  # fmt: skip
    editor.create(prefill(center))
    repeat_weekly(editor, date(2027, 3, 31))
    assert "The empty weeks fit" not in sentences(editor)
    editor.fields.every._take("2")
    editor.settle()
    assert "The empty weeks fit" in sentences(editor)
    assert [one for one in sentences(editor) if "Wei" in one] == ["Wei Haddad, Tuesdays 4:00 (every other week)"]


def test_a_camp_has_hours_by_day(center: Center, editor: EntryEditor) -> None:
    editor.create(prefill(center, day=date(2026, 12, 7), start=time(9), duration_minutes=180))
    editor.fields.repeats.set_value(Pattern.DAILY.value, announce=True)
    press(editor.fields, "Hours differ on some days")
    _, minutes = editor.fields.hours._lines[date(2026, 12, 11)]
    minutes.setText("120")
    minutes.textEdited.emit("120")
    editor.settle()
    assert editor.save()

    lengths = [(entry.ends_at - entry.starts_at).total_seconds() // 60 for entry in entries(center)]
    assert lengths == [180, 180, 180, 180, 120]


def test_the_calendar_hears_what_is_being_entered(center: Center, editor: EntryEditor) -> None:
    scheduled(center)
    heard: list[Outlook | None] = []
    editor.draftChanged.connect(heard.append)
    editor.create(prefill(center, start=time(16, 15)))
    editor.dismiss()

    outlook = heard[0]
    assert outlook is not None and outlook.marks == {"new": ConflictTag.OVERLAP}
    assert heard[-1] is None


def test_escape_closes_without_saving(center: Center, editor: EntryEditor, qtbot: QtBot) -> None:
    editor.create(prefill(center))
    with qtbot.waitSignal(editor.closed):
        qtbot.keyClick(editor.fields.start, Qt.Key.Key_Escape)
    assert entries(center) == []


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


def test_another_pcs_entry_appears_as_a_conflict_while_typing(
    center: Center, editor: EntryEditor, qtbot: QtBot
) -> None:
    editor.create(prefill(center))
    editor.settle()
    assert editor.state.text() == "No conflicts"
    scheduled(center)
    qtbot.waitUntil(lambda: editor.state.text() == "In conflict")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12 weeks", WEDNESDAY + timedelta(days=83)),
        ("1w", WEDNESDAY + timedelta(days=6)),
        ("Jun 25", date(2027, 6, 25)),
        ("6/25", date(2027, 6, 25)),
        ("12/20", date(2026, 12, 20)),
        ("1/5/27", date(2027, 1, 5)),
        ("Nov 2, 2026", date(2026, 11, 2)),
        ("soon", None),
    ],
)
def test_the_end_is_a_date_or_a_length(typed: str, expected: date | None) -> None:
    assert parse_until(typed, WEDNESDAY, date(2026, 11, 25)) == expected


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("60", 60), ("90 min", 90), ("1.5 h", 90), ("2 hours", 120), ("2 h 30", 150), ("0", None), ("long", None)],
)
def test_a_duration_is_understood(typed: str, minutes: int | None) -> None:
    assert parse_duration(typed) == minutes


def test_resources_are_one_line_of_text(center: Center) -> None:
    draft = with_resources(
        center.draft(WEDNESDAY, time(16)), "https://meet.example.org/x, Projector, graph paper, rulers"
    )
    assert (draft.web_link, draft.needs_projector, draft.supplies) == (
        "https://meet.example.org/x", True, "graph paper, rulers",
    )  # fmt: skip
    assert resource_words(draft) == "https://meet.example.org/x, projector, graph paper, rulers"
    assert with_resources(draft, resource_words(draft)) == draft


def test_each_room_says_whether_it_is_free(center: Center, editor: EntryEditor, qtbot: QtBot) -> None:
    scheduled(center, day=WEDNESDAY, start=time(16))  # takes Room A

    def said() -> dict[str, str]:
        return {option.text: option.second for option in editor.fields.rooms._popup.model.options()}

    editor.create(prefill(center))
    editor.settle()
    qtbot.waitUntil(lambda: said()["Room A"] == "taken")
    assert said()["Room B"] == "free"
    assert editor.fields.rooms.values() == [center.id("Room A")]
    repeat_weekly(editor, WEDNESDAY + timedelta(weeks=3))
    qtbot.waitUntil(lambda: said()["Room A"].startswith("taken on 1 of "))
