"""The entry form for what is new, driven as a person drives it, over a real store."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.schedule.entry_form import EntryEditor
from desktop.schedule.entry_form_check import Outlook
from desktop.schedule.entry_form_choices import ONLINE
from desktop.widgets import Paragraph
from shared_models.schedule.conflicts import ConflictTag
from shared_models.schedule.recurrence import Pattern
from tests.desktop.schedule.filled_forms import WEDNESDAY, entries, prefill, press, repeat_weekly, scheduled, words
from tests.shared_models.schedule.small_center import Center, local


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


def test_another_pcs_entry_appears_as_a_conflict_while_typing(
    center: Center, editor: EntryEditor, qtbot: QtBot
) -> None:
    editor.create(prefill(center))
    editor.settle()
    assert editor.state.text() == "No conflicts"
    scheduled(center)
    qtbot.waitUntil(lambda: editor.state.text() == "In conflict")


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
