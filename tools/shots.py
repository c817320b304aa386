"""`./dev shots`: every screen of the desktop as a picture, light and dark, in the sizes that centers have, with an
index.html that shows them beside each other."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tools.shots_rounds import SCALED_SCREEN, Round, rounds

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_FOLDER = ROOT / "build" / "shots"
WORKERS = 4
"""More than most machines need: taking a picture is mostly waiting for movements to end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Take all pictures; returns 1 when a screen could not be taken or Qt warned."""
    arguments = _parser().parse_args(argv)
    if arguments.round is not None:
        return _take_round(arguments)
    began = time.perf_counter()
    out: Path = arguments.out
    if out.exists():
        for old in (*out.glob("*.png"), *out.glob("report-*.json")):
            old.unlink()
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="itutoros-shots-"))
    try:
        _make_centers(folder)
        with ThreadPoolExecutor(WORKERS) as pool:
            wanted = rounds()
            list(pool.map(lambda number: _start_round(number, wanted[number], folder, arguments), range(len(wanted))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    from tools.shots_index import write_index

    problems = [problem for file in sorted(out.glob("report-*.json")) for problem in json.loads(file.read_text())]
    for file in out.glob("report-*.json"):
        file.unlink()
    pictures = sorted(file.name for file in out.glob("*.png"))
    write_index(out, pictures, problems)
    for problem in problems:
        print(f"shots: {problem}", file=sys.stderr)
    print(f"{len(pictures)} pictures in {time.perf_counter() - began:.0f} s: {out / 'index.html'}")
    return 1 if problems else 0


def _make_centers(folder: Path) -> None:
    from tools.demo_center import PICTURE_MOMENT
    from tools.shots_centers import make_fresh_center, make_sample_center

    make_sample_center(folder / "sample", PICTURE_MOMENT)
    make_fresh_center(folder / "fresh")


def _start_round(number: int, wanted: Round, folder: Path, arguments: argparse.Namespace) -> None:
    own = folder / f"round-{number}"
    for name in ("sample", "fresh"):
        shutil.copytree(folder / name, own / name)
    screen = {"width": SCALED_SCREEN[0], "height": SCALED_SCREEN[1], "x": 0, "y": 0, "name": "shots"}
    dots = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    (own / "screen.json").write_text(json.dumps({"screens": [screen | dots]}))
    environment = dict(os.environ) | {
        "QT_QPA_PLATFORM": f"offscreen:configfile={own / 'screen.json'}",
        "QT_SCALE_FACTOR": str(wanted.scale),
    }
    words = ["--round", json.dumps(asdict(wanted)), "--folder", str(own), "--out", str(arguments.out)]
    words += [word for name in arguments.only for word in ("--only", name)]
    done = subprocess.run([sys.executable, "-m", "tools.shots", *words], cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sentence = f"{wanted.name}: the process ended with {done.returncode}"
        (arguments.out / f"report-ended-{number}.json").write_text(json.dumps([sentence]))


def _take_round(arguments: argparse.Namespace) -> int:
    from tools.shots_screens import take

    fields = json.loads(arguments.round)
    width, height = fields["size"]
    wanted = Round(fields["theme"], (width, height), fields["scale"])
    problems = take(wanted, arguments.folder, arguments.out, arguments.only)
    (arguments.out / f"report-{wanted.name}.json").write_text(json.dumps(problems))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev shots", description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where the pictures go")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="screens beginning with NAME")
    parser.add_argument("--round", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=None, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
