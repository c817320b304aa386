"""Opens the program on a store, waits until the calendar's week stands on the screen, and prints how long that took
since the process was started and how much memory it took at most: `{"seconds": ..., "megabytes": ...}`.

With `bare` instead of a store it opens an empty Qt window: the floor under every Qt program. Call `measure_start`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BYTECODE = ROOT / "build" / "bytecode"


def measure_start(*words: str) -> dict[str, float]:
    """Start a fresh process (`STORE MOMENT`, or `bare`): its `seconds` until ready and its `megabytes` at most.

    Python runs from compiled files, as in an installed program; the first start of all compiles them.
    """
    environment = os.environ | {"ITUTOROS_STARTED_AT": str(time.time()), "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-m", "tools.window_ready", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main(argv: list[str]) -> int:
    """`STORE [MOMENT]`, or `bare`."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if argv == ["bare"]:
        _open_bare()
    else:
        _open_program(Path(argv[0]), datetime.fromisoformat(argv[1]) if len(argv) > 1 else None)
    return 0


def _open_bare() -> None:
    from PySide6.QtWidgets import QApplication, QWidget

    app = QApplication([])
    window = QWidget()
    window.resize(1440, 900)
    window.show()
    _report_when(app.processEvents, lambda: window.isVisible())


def _open_program(folder: Path, moment: datetime | None) -> None:
    # In the order of the program: the store before Qt, whose import hook makes every later import dearer.
    from desktop import garbage

    garbage.put_off()
    from desktop.store.store import Store  # isort: skip
    from desktop.app import Program, make_application
    from shared_models.clock import clock_from

    store = Store(folder, use_keyring=False)
    app = make_application(store)
    program = Program(store, clock_from(moment))
    program.window.resize(1440, 900)
    program.window.show()
    calendar = program.window.current_page()
    assert calendar is not None
    _report_when(app.processEvents, lambda: calendar.isVisible() and bool(calendar.grab().width()))
    program.close()
    store.close()


def _report_when(process_events: Callable[[], object], is_ready: Callable[[], bool]) -> None:
    while True:
        process_events()
        if is_ready():
            break
    began = float(os.environ["ITUTOROS_STARTED_AT"])
    seconds = time.time() - began
    print(json.dumps({"seconds": seconds, "megabytes": _peak_kilobytes() * 1024 / 1_000_000}), flush=True)


def _peak_kilobytes() -> int:
    """The most memory this program took; the system's own figure may be that of the process it was started from."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
