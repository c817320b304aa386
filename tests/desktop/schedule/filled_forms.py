"""What the tests of the entry form type into it, press, and find in the store afterwards."""

from __future__ import annotations

from datetime import date, datetime, time

from PySide6.QtWidgets import QApplication, QWidget
from sqlalchemy import select

from desktop.schedule.entry_form import EntryEditor
from desktop.schedule.entry_prefill import EntryPrefill
from desktop.widgets import Button
from shared_models.base import new_id
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from tests.shared_models.schedule.small_center import NEW_YORK, Center

WEDNESDAY = date(2026, 12, 2)


def clock() -> datetime:
    return datetime(2026, 11, 25, 15, 40, tzinfo=NEW_YORK)


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
