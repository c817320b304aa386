"""Start of the program to a usable week view of a real-sized center, and its memory, beside a bare Qt window; and the
switch from one week to the next."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench.figures import Figure
from tools.demo_center import PICTURE_MOMENT, make_local_center
from tools.window_ready import measure_start

_STARTS = 5


def run() -> list[Figure]:
    """Seconds and megabytes of a start; milliseconds of a week switch."""
    folder = Path(tempfile.mkdtemp(prefix="bench-program-"))
    try:
        make_local_center(folder / "desk", PICTURE_MOMENT).close()
        desk, moment = str(folder / "desk"), PICTURE_MOMENT.isoformat()
        measure_start(desk, moment)
        ours = [measure_start(desk, moment) for _ in range(_STARTS)]
        bare = [measure_start("bare") for _ in range(_STARTS)]
        switch = _week_switch(folder / "desk")
        return [
            Figure(
                "start to a usable week view",
                statistics.median(start["seconds"] for start in ours),
                "s",
                1.3,
                False,
                "a bare Qt window",
                statistics.median(start["seconds"] for start in bare),
            ),
            Figure(
                "memory with the week on screen",
                statistics.median(start["megabytes"] for start in ours),
                "MB",
                220,
                False,
                "a bare Qt window",
                statistics.median(start["megabytes"] for start in bare),
            ),
            Figure("week switch, read, laid out and painted", switch * 1000, "ms", 50),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _week_switch(folder: Path) -> float:
    from desktop.app import Program, make_application
    from desktop.store.store import Store
    from shared_models.clock import clock_from

    store = Store(folder, use_keyring=False)
    app = make_application(store)
    program = Program(store, clock_from(PICTURE_MOMENT))
    program.window.resize(1440, 900)
    program.window.show()
    app.processEvents()
    calendar = program.window.current_page()
    assert calendar is not None
    day = PICTURE_MOMENT.date() - timedelta(weeks=8)
    times = []
    for _ in range(16):
        day += timedelta(weeks=1)
        began = time.perf_counter()
        calendar.go_to(day)  # type: ignore[attr-defined]
        calendar.grab()
        times.append(time.perf_counter() - began)
        app.processEvents()
    program.close()
    store.close()
    return statistics.median(times[1:])
