"""The command ``itutoros print``: any kind of print as a PDF file, without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from desktop.permissions import own_places
from desktop.printing.center_values import Center, location_choices, open_center, paper_of_country
from desktop.printing.day_page import ColumnsBy
from desktop.printing.kinds import KINDS, WEEKS_AHEAD, Asks, PrintKind, PrintParameters, prepare
from desktop.printing.sheet import PageSetup, Paper
from desktop.schedule.week import Filters
from desktop.store.store import Store

PROGRAM = "itutoros print"
_MOST_LISTED = 12
_ONE_PLACE = frozenset({PrintKind.DAY, PrintKind.SIGN_IN})
"""Kinds of which a sheet for all locations together would help nobody at the door."""


class _NotFound(Exception):
    """Something asked for is not there; the text says what there is."""


def run(argv: Sequence[str], store: Store, *, now: datetime | None = None) -> int:
    """Do what ``argv`` (the words after ``print``) asks, with the data of ``store``; returns the exit status.

    0: written. 2: the words cannot be understood, or name nothing that exists. 1: the file cannot be written. ``now``
    is what the footer shows, and its date the default for ``--date``; the present moment when not given.
    """
    try:
        asked = _parser().parse_args(list(argv))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    kind = PrintKind(asked.what)
    try:
        with store.read() as session:
            moment = now or datetime.now(UTC)
            center = open_center(session, store.organization_id, moment, store.user_id, own_places(store))
            prepared = prepare(kind, center, _parameters(kind, center, asked))
            paper = asked.paper or paper_of_country(session, store.organization_id)
    except (_NotFound, LookupError) as error:
        print(error, file=sys.stderr)
        return 2
    turned = {"landscape": True, "portrait": False}.get(asked.orientation or "", not KINDS[kind].is_upright)
    pdf = prepared.draw(PageSetup(paper, turned))
    try:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_bytes(pdf)
    except OSError as error:
        print(f"{asked.out} cannot be written: {error.strerror}. Choose another place with --out.", file=sys.stderr)
        return 1
    print(f"Wrote {asked.out}: {prepared.file_name}, {prepared.summary}.")
    return 0


def _parameters(kind: PrintKind, center: Center, asked: argparse.Namespace) -> PrintParameters:
    """The words of the command as ids. Raises _NotFound with the names that there are."""
    from desktop.printing.list_values import class_choices, family_choices, tutor_choices

    asks = KINDS[kind].asks
    location_id = tutor_id = family_id = series_id = ""
    if Asks.LOCATION in asks:
        places = [(c.location_id, c.name) for c in location_choices(center.session, center.id)]
        location_id = _location(asked.location, places, is_needed=kind in _ONE_PLACE)
    if Asks.TUTOR in asks and asked.tutor:
        tutor_id = _named("tutor", asked.tutor, [(c.key, c.name) for c in tutor_choices(center)])
    if Asks.FAMILY in asks:
        family_id = _named("family", asked.family, [(c.key, c.name) for c in family_choices(center)])
    if Asks.CLASS in asks:
        series_id = _named("class", asked.name, [(c.key, c.name) for c in class_choices(center)])
    return PrintParameters(
        day=getattr(asked, "date", None),
        filters=Filters(location_id=location_id, tutor_id=tutor_id),
        by=getattr(asked, "by", ColumnsBy.TUTOR),
        family_id=family_id,
        series_id=series_id,
        weeks=getattr(asked, "weeks", WEEKS_AHEAD),
    )


def _location(name: str | None, places: Sequence[tuple[str, str]], *, is_needed: bool) -> str:
    """The location of that name, whatever its capitals; without a name, all of them, or the only one there is."""
    if name is None and (len(places) == 1 or not is_needed):
        return places[0][0] if len(places) == 1 else ""
    found = next((key for key, known in places if name and known.casefold() == name.strip().casefold()), None)
    if found is None:
        missing = f'No location is called "{name}".' if name else "Say which location."
        raise _NotFound(f"{missing} Known locations: {_listed([known for _, known in places])}.")
    return found


def _named(what: str, name: str, choices: Sequence[tuple[str, str]]) -> str:
    """The one choice with all the words of ``name``, the whole name before parts of it."""
    words = name.casefold().split()
    found = [(key, known) for key, known in choices if known.casefold() == name.strip().casefold()]
    found = found or [(key, known) for key, known in choices if all(word in known.casefold() for word in words)]
    if len(found) == 1:
        return found[0][0]
    if found:
        raise _NotFound(f'"{name}" could be any of: {_listed([known for _, known in found])}. Say more of the name.')
    known = _listed([known for _, known in choices])
    raise _NotFound(f'No {what} is called "{name}". Known: {known}.')


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_MOST_LISTED])
    return f"{shown} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else shown or "none yet"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Print a schedule or a list to a PDF file.")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="KIND")
    for kind, words in KINDS.items():
        one = kinds.add_parser(kind.value, help=words.purpose, description=f"Print {words.purpose}.")
        if Asks.FAMILY in words.asks:
            one.add_argument("--family", required=True, metavar="NAME", help="a parent's or child's name")
        if Asks.CLASS in words.asks:
            one.add_argument("--class", dest="name", required=True, metavar="NAME", help="the class, or part of it")
        if Asks.TUTOR in words.asks:
            one.add_argument("--tutor", metavar="NAME", help="the tutor; each tutor when left out")
        if Asks.DAY in words.asks:
            one.add_argument("--date", type=_date, help=f"{words.day_label.lower()}: 2026-11-25; today when left out")
        if Asks.WEEKS in words.asks:
            one.add_argument(
                "--weeks", type=_weeks, default=WEEKS_AHEAD, help=f"how many weeks, {WEEKS_AHEAD} usually"
            )
        if Asks.LOCATION in words.asks:
            without = "needed when there are several" if kind in _ONE_PLACE else "all of them when left out"
            one.add_argument("--location", metavar="NAME", help=f"the location; {without}")
        if Asks.COLUMNS in words.asks:
            one.add_argument("--by", type=ColumnsBy, choices=list(ColumnsBy), default=ColumnsBy.TUTOR, help="columns")
        one.add_argument("--paper", type=Paper, choices=list(Paper), help="paper size; as the country has it")
        usual = "upright" if words.is_upright else "sideways"
        turn = one.add_mutually_exclusive_group()
        for turned in ("portrait", "landscape"):
            turn.add_argument(
                f"--{turned}", dest="orientation", action="store_const", const=turned, help=f"{usual} when left out"
            )
        one.add_argument("--out", type=Path, required=True, metavar="FILE", help="the PDF file to write")
    return parser


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no date; write it like 2026-11-25') from None


def _weeks(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 104:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of weeks from 1 to 104')
    return int(text)
