"""A calendar of 10,000 events into the encrypted store, and out again, beside the bare icalendar library on the same
bytes."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.figures import Figure
from desktop.store.store import Store
from shared_models.exchange.apply import apply_import
from shared_models.exchange.calendar_export import Selection, export_calendar
from shared_models.exchange.calendar_file import read_calendar
from shared_models.exchange.recognize import open_file
from tools.demo_center import make_local_center

EVENTS = 10_000
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
_TUTORS = ("Tomás Dijk", "Małgorzata Williams")
_ROOMS = ("Irvington Office / Room A", "Irvington Office / Room B", "Tarrytown Office / Room 1")
_SERIES_EVERY = 50


def calendar_of(events: int) -> bytes:
    """Lessons over a year as a calendar program writes them; every fiftieth is a weekly series of ten."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Bench//EN", "X-WR-TIMEZONE:America/New_York"]
    for number in range(events):
        day = date(2026, 9, 1) + timedelta(days=number % 300)
        start = f"{day:%Y%m%d}T{9 + number % 11:02}0000"
        end = f"{day:%Y%m%d}T{10 + number % 11:02}0000"
        lines += [
            "BEGIN:VEVENT",
            f"UID:lesson-{number}@bench.example",
            "DTSTAMP:20261101T120000Z",
            f"DTSTART;TZID=America/New_York:{start}",
            f"DTEND;TZID=America/New_York:{end}",
            *(["RRULE:FREQ=WEEKLY;COUNT=10"] if number % _SERIES_EVERY == 0 else []),
            "SUMMARY:French",
            f"LOCATION:{_ROOMS[number % len(_ROOMS)]}",
            f"DESCRIPTION:Tutor: {_TUTORS[number % len(_TUTORS)]}\\nSubject: Foreign Lang",
            " uages - French\\nBring the book\\, please",
            f'ORGANIZER;CN="{_TUTORS[number % len(_TUTORS)]}":mailto:tutor{number % 14:02}@example.com',
            "STATUS:CONFIRMED",
            "SEQUENCE:0",
            "TRANSP:OPAQUE",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT10M",
            "END:VALARM",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def run() -> list[Figure]:
    """Import, import again, and export, each once: they take seconds."""
    content = calendar_of(EVENTS)
    bare = _bare_library_seconds(content)
    started = time.perf_counter()
    read_calendar(content, time_zone="America/New_York", today=NOW.date())
    reading = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        store = make_local_center(Path(folder), NOW)
        first = _import_seconds(store, content)
        again = _import_seconds(store, content)
        started = time.perf_counter()
        with store.read() as session:
            export_calendar(session, store.organization_id, Selection(), NOW)
        exporting = time.perf_counter() - started
        store.close()
    return [
        Figure(".ics import of 10,000 events", first, "s", 8.0, False, "bare icalendar parsing", bare),
        Figure(".ics reading of 10,000 events alone", reading, "s", None, False, "bare icalendar parsing", bare),
        Figure(".ics import of the same file again", again, "s", 8.0, False, "the first time", first),
        Figure(".ics export of the whole center", exporting, "s", None),
    ]


def _import_seconds(store: Store, content: bytes) -> float:
    started = time.perf_counter()
    with store.write("Imported calendar.ics") as session:
        files = [open_file("calendar.ics", content)]
        report = apply_import(session, store.recorder, store.organization_id, files, now=NOW)
    taken = time.perf_counter() - started
    if report.problems:
        raise RuntimeError(f"the calendar did not arrive as it should: {report.problems[0]}")
    return taken


def _bare_library_seconds(content: bytes) -> float:
    from icalendar import Calendar

    started = time.perf_counter()
    Calendar.from_ical(content)
    return time.perf_counter() - started
