"""What a screen reader says of the calendar: one sentence for the entry or the free minute under the cursor."""

from __future__ import annotations

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Status, clock_words, span_words

_STATUS = {
    Status.SCHEDULED: "",
    Status.IN_PROGRESS: "in progress",
    Status.PAST: "past",
    Status.CANCELLED: "cancelled",
    Status.NO_SHOW: "no-show",
}
_CONFLICT = {
    ConflictMark.NONE: "",
    ConflictMark.OVERLAP: "overlaps",
    ConflictMark.BUFFER: "too tight",
    ConflictMark.ACCEPTED: "conflict accepted",
}


def entry_sentence(entry: CalendarEntry, column: str, *, uses_24_hours: bool = False) -> str:
    """ "Chemistry, Andre Smith, Room A. Wednesday, 3:00–4:00 PM. In progress." """
    what = ", ".join([entry.title[0], *(line.wording[0] for line in entry.lines if line.wording)])
    when = f"{column}, {span_words(entry.starts, entry.ends, uses_24_hours=uses_24_hours)}"
    marks = [_STATUS[entry.status], _CONFLICT[entry.conflict], "unpaid" if entry.is_unpaid else ""]
    marked = ", ".join(mark for mark in marks if mark)
    return ". ".join(part for part in (what, when, marked.capitalize()) if part) + "."


def slot_sentence(column: str, minute: int, *, uses_24_hours: bool = False) -> str:
    """ "Wednesday, 4:15 PM, free. Enter makes an entry." """
    return f"{column}, {clock_words(minute, uses_24_hours=uses_24_hours)}, free. Enter makes an entry."
