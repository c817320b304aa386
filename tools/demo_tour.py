"""The whole tour without a person: a center is made and filled, a parent writes on the website, the lead reaches the
desk, and every main screen, the print and the website are left as pictures, with the figures in summary.json."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from sqlalchemy import func, select

from desktop.app import Program, make_application
from desktop.store.store import Store
from shared_models.clock import MovedClock
from shared_models.exchange.report import ImportReport
from shared_models.leads.models import Lead
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.models import ScheduleEntry
from tools.demo_center import ZONE, DemoCenter, Timing, shift_weeks_for
from tools.window_ready import measure_start

_WINDOW = (1440, 900)
_DESKTOP_WIDTH, _PHONE_WIDTH = 1280, 390
_LEAD_SECONDS = 60
_ASKED_BEFORE = timedelta(minutes=9)
"""How long before the pictures a parent writes on the website."""

_PARENT = {
    "name": "Sophie Laurent",
    "phone": "(914) 555-0147",
    "email": "sophie.laurent@example.com",
    "child": "Théo",
    "message": "Théo is in grade 8 and lost the thread in algebra. Would Wednesdays work?",
}


def tour(folder: Path, out: Path, moment: datetime) -> int:
    """Do the tour for the given moment and leave its results in `out`; returns the exit status."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    out.mkdir(parents=True, exist_ok=True)
    center = DemoCenter(folder, moment - _ASKED_BEFORE)
    _say("Starting the server with its PostgreSQL")
    center.start()
    try:
        store = center.open_store()
        _say("Bringing in the sample center, and sending it to the server")
        report, timing = center.fill(store, moment, shift_weeks_for(moment.astimezone(ZONE).date()))
        _say("Opening the program")
        ready = measure_start(str(center.store_folder), moment.isoformat())["seconds"]
        app = make_application(store)
        program = Program(store, MovedClock(moment))
        program.window.resize(*_WINDOW)
        program.window.show()
        program.start_sync()
        _say("A parent writes on the website")
        arrived = _web_lead(app, center, store, out)
        _say("Taking the pictures")
        _pictures(app, program, out)
        program.close()
        _print_day(store, out, moment)
        _write_summary(out, store, report, timing, ready, arrived)
        store.close()
    finally:
        center.stop()
    _say(f"Done: {out.resolve()}")
    return 0


def _web_lead(app: QApplication, center: DemoCenter, store: Store, out: Path) -> float:
    """Fill in the website's form in a real browser; seconds from sending it until the desk's list has the lead."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("ITUTOROS_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = browser.new_page(viewport={"width": _DESKTOP_WIDTH, "height": 900})
        page.goto(center.website)
        page.screenshot(path=out / "website-home.png", full_page=True)
        page.set_viewport_size({"width": _PHONE_WIDTH, "height": 844})
        page.goto(center.website)
        page.screenshot(path=out / "website-home-phone.png", full_page=True)
        page.set_viewport_size({"width": _DESKTOP_WIDTH, "height": 900})
        page.goto(center.website)
        for field, words in _PARENT.items():
            page.fill(f"#{field}", words)
        page.select_option("#grade", label="8")
        page.select_option("#subject", label="Math")
        page.click("button[type=submit]")
        page.wait_for_url("**/thanks**")
        sent = time.perf_counter()
        page.screenshot(path=out / "website-thanks.png", full_page=True)
        browser.close()

    def is_here() -> bool:
        with store.read() as session:
            return bool(session.scalar(select(func.count()).where(Lead.email == _PARENT["email"])))

    _wait_until(app, is_here, "the web lead to reach the desk", _LEAD_SECONDS)
    return time.perf_counter() - sent


def _pictures(app: QApplication, program: Program, out: Path) -> None:
    window = program.window
    window.go_to("Calendar")
    _settle(app)
    calendar = window.current_page()
    assert calendar is not None
    calendar.show_view("week")  # type: ignore[attr-defined]
    _take(app, window, out / "calendar-week.png")
    calendar.show_view("day")  # type: ignore[attr-defined]
    _take(app, window, out / "calendar-day.png")
    preview = calendar.open_print_preview()  # type: ignore[attr-defined]
    preview.resize(*_WINDOW)
    preview.show()
    _settle(app, 2500)
    _take(app, preview, out / "print-preview.png")
    preview.close()
    window.go_to("Leads")
    _take(app, window, out / "leads.png")
    leads = window.current_page()
    assert leads is not None
    _type_a_lead(app, leads)
    _take(app, window, out / "lead-form.png")
    window.go_to("Families")
    _take(app, window, out / "families.png")
    window.go_to("Today")
    _take(app, window, out / "today.png")


def _type_a_lead(app: QApplication, leads: QWidget) -> None:
    """Open the form and type what a caller says first, so that people who are known already show beside it."""
    form = leads.new_lead()  # type: ignore[attr-defined]
    form.parent_input.setText("Thảo Tanaka")
    form.phone_input.setText("(914) 555-98")
    _settle(app, 600)


def _print_day(store: Store, out: Path, moment: datetime) -> None:
    from desktop.printing.command import run

    words = ["day", "--date", moment.astimezone(ZONE).date().isoformat(), "--location", "Irvington Office"]
    status = run([*words, "--out", str(out / "day-schedule.pdf")], store, now=moment)
    if status != 0:
        raise RuntimeError("The day schedule could not be printed.")


def _write_summary(
    out: Path, store: Store, report: ImportReport, timing: Timing, ready: float, arrived: float
) -> None:
    """What arrived, what could not, the conflicts of the whole year, and the seconds of the slow steps."""
    conflicts = _count_conflicts(store)
    counted = ("families", "students", "tutors", "leads", "series", "entries", "closures", "camps", "camp_entries")
    summary = {
        "counts": {name: report.counts[name] for name in counted},
        "problems": [
            {"file": problem.file, "line": problem.line, "reason": problem.reason} for problem in report.problems
        ],
        "conflicts": {
            "tutor": {tag: conflicts["tutor", tag] for tag in ("overlap", "buffer")},
            "room": {tag: conflicts["room", tag] for tag in ("overlap", "buffer")},
            "student": {"overlap": conflicts["student", "overlap"]},
        },
        "seconds": {
            "import": round(timing.import_seconds, 3),
            "first_sync": round(timing.first_sync_seconds, 3),
            "window_ready": round(ready, 3),
            "web_lead_to_desktop": round(arrived, 3),
        },
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _count_conflicts(store: Store) -> Counter[tuple[str, str]]:
    with store.read() as session:
        first, last = session.execute(
            select(func.min(ScheduleEntry.starts_at), func.max(ScheduleEntry.ends_at))
        ).one()
        found = all_conflicts(session, store.organization_id, first - timedelta(days=1), last + timedelta(days=1))
    return Counter((conflict.kind.value, conflict.tag.value) for conflict in found)


def _take(app: QApplication, widget: QWidget, file: Path) -> None:
    _settle(app)
    if not widget.grab().save(str(file)):
        raise RuntimeError(f"{file} could not be written")


def _settle(app: QApplication, milliseconds: int = 400) -> None:
    """Let timers, animations and work in the background come to rest."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
    app.processEvents()


def _wait_until(app: QApplication, is_done: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Waited {seconds:.0f} s for {what}.")
        _settle(app, 20)


def _say(words: str) -> None:
    print(f"{datetime.now(UTC).astimezone():%H:%M:%S}  {words}", flush=True)
