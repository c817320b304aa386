"""The command ``itutoros print day``: the day schedule of a location as a PDF file, without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from desktop.printing.day_page import ColumnsBy
from desktop.printing.day_values import LocationChoice
from desktop.printing.sheet import PageSetup, Paper
from desktop.store.store import Store

PROGRAM = "itutoros print"


def run(argv: Sequence[str], store: Store, *, now: datetime | None = None) -> int:
    """Do what ``argv`` (the words after ``print``) asks, with the data of ``store``; returns the exit status.

    0: written. 2: the words cannot be understood, or name no location. 1: the file cannot be written. ``now`` is
    what the footer shows, and its date the default for ``--date``; the present moment when not given.
    """
    from desktop.printing.day_schedule import day_schedule_pdf
    from desktop.printing.day_values import day_schedule, location_choices, today

    try:
        asked = _parser().parse_args(list(argv))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    moment = now or datetime.now(UTC)
    with store.read() as session:
        choices = location_choices(session, store.organization_id)
        location = _location(asked.location, choices)
        if location is None:
            known = ", ".join(f'"{choice.name}"' for choice in choices) or "none yet"
            missing = f'No location is called "{asked.location}".' if asked.location else "Say which location."
            print(f"{missing} Known locations: {known}.", file=sys.stderr)
            return 2
        day = asked.date or today(session, store.organization_id, moment)
        values = day_schedule(
            session, store.organization_id, location.location_id, day, now=moment, user_id=store.user_id
        )
    pdf = day_schedule_pdf(values, asked.by, PageSetup(asked.paper, not asked.portrait))
    try:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_bytes(pdf)
    except OSError as error:
        print(f"{asked.out} cannot be written: {error.strerror}. Choose another place with --out.", file=sys.stderr)
        return 1
    counted = "1 entry" if len(values.entries) == 1 else f"{len(values.entries)} entries"
    print(f"Wrote {asked.out}: {values.day_words}, {values.location_name}, {counted}.")
    return 0


def _location(name: str | None, choices: Sequence[LocationChoice]) -> LocationChoice | None:
    """The location of that name, whatever its capitals; without a name, the only one there is."""
    if name is None:
        return choices[0] if len(choices) == 1 else None
    return next((choice for choice in choices if choice.name.casefold() == name.strip().casefold()), None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Print a schedule to a PDF file.")
    papers = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    day = papers.add_parser("day", help="the day schedule of a location", description="Print the day schedule.")
    day.add_argument("--date", type=_date, help="the day, such as 2026-11-25; today when left out")
    day.add_argument("--location", help="name of the location; may be left out when there is only one")
    day.add_argument("--by", type=ColumnsBy, choices=list(ColumnsBy), default=ColumnsBy.TUTOR, help="columns")
    day.add_argument("--paper", type=Paper, choices=list(Paper), default=Paper.LETTER, help="paper size")
    day.add_argument("--portrait", action="store_true", help="upright pages; landscape when left out")
    day.add_argument("--out", type=Path, required=True, metavar="FILE", help="the PDF file to write")
    return parser


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no date; write it like 2026-11-25') from None
