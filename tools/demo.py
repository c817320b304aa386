"""`./dev demo`: a demo center from the sample files, with its server, its website and a desktop signed in to it.

With `--headless --out DIR` it does the whole tour without a person and leaves pictures, a PDF and figures in DIR.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tools.demo_center import PICTURE_MOMENT, ROOT, ZONE, DemoCenter, shift_weeks_for


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    headless = arguments.headless or arguments.out is not None
    if not headless and not _has_display():
        print("There is no display here, so the tour is done without one; pictures go to demo-tour/.")
        headless, arguments.out = True, Path("demo-tour")
    folder = Path(tempfile.mkdtemp(prefix="itutoros-demo-"))
    try:
        if headless:
            from tools.demo_tour import tour

            return tour(folder, arguments.out or Path("demo-tour"), _moment(arguments.date) or PICTURE_MOMENT)
        return _live(folder, _moment(arguments.date))
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _live(folder: Path, moment: datetime | None) -> int:
    """Server, website and a real window, until the window is closed or Ctrl-C."""
    center = DemoCenter(folder, moment)
    print("Starting the server …", flush=True)
    center.start()
    desktop: subprocess.Popen[bytes] | None = None
    try:
        now = moment or datetime.now(ZONE)
        store = center.open_store()
        print("Bringing in the sample center …", flush=True)
        center.fill(store, now, shift_weeks_for(now.astimezone(ZONE).date()))
        store.close()
        command = [sys.executable, "-m", "desktop.main", "--store", str(center.store_folder), "--no-keyring"]
        if moment is not None:
            command += ["--now", moment.isoformat()]
        desktop = subprocess.Popen(command, cwd=ROOT)
        print(f"\nThe website:  {center.website}\nIts mail:     {center.mail_folder}", flush=True)
        print("The desktop is opening. Close its window, or press Ctrl-C here, to end the demo.\n", flush=True)
        return desktop.wait()
    finally:
        if desktop is not None and desktop.poll() is None:
            desktop.terminate()
            desktop.wait(20)
        center.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="do the whole tour without a person")
    parser.add_argument("--out", type=Path, default=None, metavar="DIR", help="where the tour leaves its results")
    parser.add_argument("--date", default=None, metavar="ISO", help="the moment to show, such as 2026-11-25T15:40")
    return parser


def _moment(words: str | None) -> datetime | None:
    if words is None:
        return None
    moment = datetime.fromisoformat(words)
    if len(words) <= len("2026-11-25"):
        moment = moment.replace(hour=15, minute=40)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
