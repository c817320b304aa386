"""The command ``itutoros import``: brings files into the store without a window, and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from desktop.exchange.wording import count_lines, counted, in_a_row
from desktop.store.store import Store, write_local

if TYPE_CHECKING:
    from shared_models.exchange.recognize import ImportFile
    from shared_models.exchange.report import ImportReport

PROGRAM = "itutoros import"


def run(argv: Sequence[str], store: Store, *, now: datetime | None = None) -> int:
    """Import the files that ``argv`` (the words after ``import``) names; returns the exit status.

    0: imported, perhaps with lines left out, which are listed. 1: a file cannot be read, nothing was imported.
    2: the words cannot be understood. A store without a center gets one from its organization.json.
    """
    from shared_models.base import new_id
    from shared_models.exchange.apply import apply_import
    from shared_models.exchange.apply_organization import NoOrganization

    try:
        asked = _parser().parse_args(list(argv))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    files = _open(asked.files)
    if files is None:
        return 1
    begun = perf_counter()
    known_id = store.local("organization_id")
    organization_id = known_id or new_id()
    try:
        with store.write("Imported " + in_a_row([file.name for file in files])) as session:
            report = apply_import(
                session,
                store.recorder,
                organization_id,
                files,
                now=now or datetime.now(UTC),
                shift_weeks=asked.shift_weeks,
                brings_back=asked.bring_back,
            )
            # With the center itself, so that a kill between the two cannot leave a center that nobody knows.
            write_local(session.connection(), {"organization_id": organization_id})
    except NoOrganization as error:
        return _refuse(str(error))
    store.reload_local()
    _say(report, perf_counter() - begun)
    return 0


def _open(paths: Sequence[Path]) -> list[ImportFile] | None:
    """The files recognized; None when one of them cannot be read, which is said."""
    from shared_models.exchange.problems import UnreadableFile
    from shared_models.exchange.recognize import open_file

    files = []
    is_readable = True
    for path in paths:
        try:
            files.append(open_file(path.name, path.read_bytes()))
        except OSError as error:
            _refuse(f"{path} cannot be opened: {error.strerror}.")
            is_readable = False
        except UnreadableFile as error:
            _refuse(f"{path}: {error}")
            is_readable = False
    return files if is_readable else None


def _say(report: ImportReport, seconds: float) -> None:
    added, there = count_lines(report.counts), count_lines(report.already_there)
    changed = count_lines(report.updated)
    print(f"Imported in {seconds:.1f} seconds:" if added else "Nothing new to import.")
    for line in added:
        print(f"  {line}")
    if changed:
        print(f"Brought up to date: {in_a_row(changed)}.")
    if there:
        print(f"Already there, left as they are: {in_a_row(there)}.")
    if hidden := count_lines(report.archived):
        print(f"Already there, but archived: {in_a_row(hidden)}. With --bring-back they are restored.")
    for words, problems in (("Please look at", report.problems), ("Taken with a doubt", report.warnings)):
        if problems:
            print(f"{words} {counted(len(problems), 'line', 'lines')}:")
        for problem in problems:
            print(f"  {problem}")


def _refuse(sentence: str) -> int:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Bring in families, tutors, leads, a calendar, or the center itself. Importing twice makes no "
        "doubles; what is there already stays as it is, but for sessions that a calendar has changed since and that "
        "nobody edited here.",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="families, tutors or leads as .csv, .ics, or .json"
    )
    parser.add_argument("--bring-back", action="store_true", help="restore what is there but archived, or was undone")
    parser.add_argument(
        "--shift-weeks",
        type=int,
        default=0,
        metavar="N",
        help="move calendar, closures and leads by N weeks (birth dates stay)",
    )
    return parser
