"""The day schedule of a location as PDF, from plain values: black on white, for the desk and the wall."""

from __future__ import annotations

from desktop.printing.day_page import ColumnsBy, DaySchedule, columns, hour_range, opening_span
from desktop.printing.page_frame import sheet_pdf
from desktop.printing.sheet import PageSetup, counted
from desktop.printing.time_grid import TimeGrid, grid_pages


def day_schedule_pdf(day: DaySchedule, by: ColumnsBy = ColumnsBy.TUTOR, setup: PageSetup | None = None) -> bytes:
    """The pages of ``day`` as a PDF file, fonts embedded. A day without entries gives one page that says so."""
    grid = _grid_of(day, by)
    title = f"Day schedule, {day.location_name}, {day.day_words}"
    return sheet_pdf(day.sheet, setup or PageSetup(), title, lambda frame: grid_pages(frame, grid))


def _grid_of(day: DaySchedule, by: ColumnsBy) -> TimeGrid:
    hours = f"closed: {day.closed_reason}" if day.closed_reason else day.opening_words or "closed"
    words = [f"Day schedule by {by}", day.location_name, hours, day.sheet.scope_words]
    opens, closes = opening_span(day)
    return TimeGrid(
        title=day.day_words,
        subtitle=", ".join(part for part in words if part),
        by=by,
        columns=tuple(columns(day, by)) if day.entries else (),
        minutes=hour_range(day) if day.entries else (0, 1),
        open_minutes={} if opens is None or closes is None else {day.day: (opens, closes)},
        conflicts=day.conflicts,
        notes=day.notes,
        counts=_counts(day, by),
        empty=_nothing_that_day(day),
    )


def _counts(day: DaySchedule, by: ColumnsBy) -> str:
    words = [counted(len(day.entries), "entry", "entries")]
    if by is ColumnsBy.TUTOR:
        words.append(counted(len({e.tutor.person_id for e in day.entries if e.tutor}), "tutor", "tutors"))
    else:
        words.append(counted(len({r.room_id for e in day.entries for r in e.rooms}), "room", "rooms"))
    words.append(counted(len(day.conflicts), "conflict", "conflicts"))
    if day.cancelled_count:
        words.append(f"{day.cancelled_count} cancelled")
    return ", ".join(words)


def _nothing_that_day(day: DaySchedule) -> tuple[str, str]:
    that_day = day.day_words.rsplit(",", 1)[0]
    if day.sheet.scope_words:
        return f"No such sessions on {that_day}.", f"Only what was asked for is shown: {day.sheet.scope_words}."
    if day.closed_reason:
        detail = f"{day.location_name} is closed: {day.closed_reason}."
    elif day.opening_words:
        detail = f"{day.location_name} is open {day.opening_words}."
    else:
        detail = f"{day.location_name} is closed that day."
    if day.cancelled_count:
        detail += f" {counted(day.cancelled_count, 'entry was', 'entries were')} cancelled."
    return f"No sessions on {that_day}.", detail
