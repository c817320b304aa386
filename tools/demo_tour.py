"""The whole tour without a person: a center is made and filled, a parent writes on the website, the lead reaches the
desk, and every main screen, the print and the website are left as pictures, with the figures in summary.json."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from desktop import theme
from desktop.app import make_application
from desktop.store.store import Store
from shared_models.exchange.report import ImportReport
from shared_models.leads.models import Lead
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.models import ScheduleEntry
from tools.demo_center import ZONE, DemoCenter, Timing, shift_weeks_for
from tools.shots_screens import SCREENS
from tools.shots_stage import Stage
from tools.window_ready import measure_start

_WINDOW = (1440, 900)
_DESKTOP_WIDTH, _PHONE_WIDTH = 1280, 390
_ASKED_BEFORE = timedelta(minutes=9)
"""How long before the pictures a parent writes on the website."""

_SCREENS = {
    "calendar-week": "calendar-week",
    "calendar-day": "conflicts-day",
    "print-preview": "print-preview",
    "leads": "leads-board",
    "lead-form": "lead-entry",
    "entry-form": "entry-new",
    "families": "families",
    "family": "family",
    "import-problems": "import-problems",
    "today": "today",
}
"""File names of the tour, and the screens they show."""

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
        store.set_local(appearance=theme.Appearance.LIGHT.value)
        stage = Stage(make_application(store), store, moment, _WINDOW)
        stage.program.start_sync()
        _say("A parent writes on the website")
        arrived = _web_lead(stage, center, out)
        _say("Taking the pictures")
        _pictures(stage, out)
        stage.close()
        _print_day(store, out, moment)
        _write_summary(out, store, report, timing, ready, arrived)
        store.close()
    finally:
        center.stop()
    _say(f"Done: {out.resolve()}")
    return 0


def _web_lead(stage: Stage, center: DemoCenter, out: Path) -> float:
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
        with stage.store.read() as session:
            return bool(session.scalar(select(func.count()).where(Lead.email == _PARENT["email"])))

    stage.wait_until(is_here, "the web lead to reach the desk")
    return time.perf_counter() - sent


def _pictures(stage: Stage, out: Path) -> None:
    """The screens by which a visitor knows the program, each brought up as a person would."""
    for file, screen in _SCREENS.items():
        for widget in SCREENS[screen](stage):
            stage.grab(widget, out / f"{file}.png")


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


def _say(words: str) -> None:
    print(f"{datetime.now(UTC).astimezone():%H:%M:%S}  {words}", flush=True)
