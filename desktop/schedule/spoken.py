"""What a screen reader says of the calendar: one sentence for the entry or the free minute under the cursor."""

from __future__ import annotations

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Status, clock_words

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
    """ "Writing, David Walker with Małgorzata Patel, Room B, Wednesday 4 to 5 PM, conflict: tutor booked twice." """
    if entry.spoken:
        who_where, conflicts = entry.spoken[:2], entry.spoken[2:]
    else:
        who_where, conflicts = tuple(line.wording[0] for line in entry.lines if line.wording), ()
    when = hours_spoken(entry.starts, entry.ends, uses_24_hours=uses_24_hours)
    conflict = f"conflict: {' and '.join(conflicts)}" if conflicts else ""
    if not conflict or entry.conflict is ConflictMark.ACCEPTED:
        conflict = _CONFLICT[entry.conflict] if entry.status is not Status.CANCELLED else ""
    parts = [
        entry.title[0], *who_where, f"{column} {when}".strip(), _STATUS[entry.status], conflict,
        "not paid yet" if entry.is_unpaid else "", "not saved yet" if entry.is_unsaved else "",
    ]  # fmt: skip
    return ", ".join(part for part in parts if part) + "."


def hours_spoken(starts: int, ends: int, *, uses_24_hours: bool = False) -> str:
    """A span as one says it: "4 to 5 PM", "11:30 AM to 12:30 PM", "16:00 to 17:00"."""
    if uses_24_hours:
        return f"{clock_words(starts, uses_24_hours=True)} to {clock_words(ends, uses_24_hours=True)}"
    differs = (starts % 1440 < 720) != (ends % 1440 < 720)
    first = clock_words(starts, with_half=differs).replace(":00", "")
    return f"{first} to {clock_words(ends).replace(':00', '')}"


def slot_sentence(column: str, minute: int, *, uses_24_hours: bool = False) -> str:
    """ "Wednesday, 4:15 PM, free. Enter makes an entry." """
    return f"{column}, {clock_words(minute, uses_24_hours=uses_24_hours)}, free. Enter makes an entry."
