"""Listed days and entries made of a few words, for tests of month and agenda."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from desktop.schedule.calendar_values import ConflictMark, Family, Status
from desktop.schedule.listed_days import ListedDay, ListedEntry
from tests.desktop.schedule.scenes import entry as calendar_entry


def listed(entry_id: str, day: date, starts: int = 16 * 60, **changes: Any) -> ListedEntry:
    made = ListedEntry(
        id=entry_id, day=day, starts=starts, ends=starts + 60, title=("Chemistry", "Chem."),
        people=("Andre Smith", "Andre S.", "Andre"), names="Andre Smith", tutor="Jakub Johnson", place="Room A",
        head_count=1, status_words="Scheduled", family=Family.PRIVATE, status=Status.SCHEDULED,
        conflict=ConflictMark.NONE, is_unpaid=False, is_unsaved=False, initials="",
        entry=calendar_entry(entry_id, day.isoformat(), starts, starts + 60, details=("Chemistry", "Andre Smith")),
    )  # fmt: skip
    return replace(made, **changes)


def listed_days(
    first: date,
    count: int,
    entries: Sequence[ListedEntry] = (),
    today: date | None = None,
    closed: dict[date, str] | None = None,
    open_weekdays: Sequence[int] = range(7),
) -> list[ListedDay]:
    days = [first + timedelta(days=number) for number in range(count)]
    return [
        ListedDay(
            day,
            tuple(sorted((one for one in entries if one.day == day), key=lambda one: one.starts)),
            (closed or {}).get(day),
            day.weekday() in open_weekdays,
            day == today,
        )
        for day in days
    ]
