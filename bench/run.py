"""Runs the benchmarks (every bench/bench_*.py, or those named), and prints one table of what they measured.

A benchmark is a module with `run() -> list[Figure]`. Each runs in a process of its own, so that none warms
the caches, fills the memory or holds the ports of the next.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figure, table

FOLDER = Path(__file__).resolve().parent


def main(arguments: Sequence[str]) -> int:
    """Measure and print; the exit status is 1 if a benchmark broke or, with --strict, a budget was missed."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    names = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure against the budgets.")
    parser.add_argument("name", nargs="*", help=f"which ones: {', '.join(names) or 'none are there yet'}")
    parser.add_argument("--strict", action="store_true", help="a missed budget is a failure")
    parser.add_argument("--one", metavar="FILE", help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    unknown = sorted(set(wanted.name) - set(names))
    if unknown:
        parser.error(f"there is no benchmark named {', '.join(unknown)}; there are: {', '.join(names)}")
    if wanted.one:
        return _measure_here(wanted.name[0], Path(wanted.one))

    figures: list[Figure] = []
    broken: list[str] = []
    for name in wanted.name or names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measured = _measure_apart(name)
        if measured is None:
            broken.append(name)
        else:
            figures += measured

    print(table(figures))
    missed = [figure.what for figure in figures if not figure.within_limit]
    print()
    if broken:
        print(f"Broken: {', '.join(broken)}.")
    if missed:
        print(f"{len(missed)} of {len(figures)} budgets missed: {', '.join(missed)}.")
    elif figures:
        print("All budgets are kept.")
    return 1 if broken or (missed and wanted.strict) else 0


def _measure_apart(name: str) -> list[Figure] | None:
    """Run one benchmark in a fresh process; None when it broke (its traceback is on the terminal)."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "bench.run", name, "--one", str(answer)]
        if subprocess.run(command, cwd=FOLDER.parent).returncode != 0 or not answer.is_file():
            return None
        return [Figure(**fields) for fields in json.loads(answer.read_text("utf-8"))]


def _measure_here(name: str, answer: Path) -> int:
    figures: list[Figure] = importlib.import_module(f"bench.bench_{name}").run()
    answer.write_text(json.dumps([asdict(figure) for figure in figures]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
