"""The command ``itutoros export``: the calendar as a file for other programs, without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.exchange.wording import counted
from desktop.permissions import own_places
from desktop.store.store import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PROGRAM = "itutoros export"
_MOST_LISTED = 12


class _NotFound(Exception):
    """Something asked for is not there; the text says what there is."""


def run(argv: Sequence[str], store: Store, *, now: datetime | None = None) -> int:
    """Do what ``argv`` (the words after ``export``) asks; returns the exit status.

    0: written. 1: the file cannot be written. 2: the words cannot be understood, or name nothing that exists.
    """
    from shared_models.exchange.calendar_export import Selection, export_calendar, selected_count

    try:
        asked = _parser().parse_args(list(argv))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    if store.local("organization_id") is None:
        return _refuse("There is no center here yet. Import its organization.json first.", 2)
    if asked.first_day and asked.last_day and asked.last_day < asked.first_day:
        return _refuse("--to is before --from.", 2)
    try:
        with store.read() as session:
            selection = Selection(
                location_id=_named("location", asked.location, _locations(session, store.organization_id)),
                tutor_id=_named("tutor", asked.tutor, _tutors(session, store.organization_id)),
                student_id=_named("student", asked.student, _students(session, store.organization_id)),
                first_day=asked.first_day,
                last_day=asked.last_day,
                own_places=own_places(store),
            )
            content = export_calendar(session, store.organization_id, selection, now or datetime.now(UTC))
            number = selected_count(session, store.organization_id, selection)
    except _NotFound as error:
        return _refuse(str(error), 2)
    try:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_bytes(content)
    except OSError as error:
        return _refuse(f"{asked.out} cannot be written: {error.strerror}. Choose another place with --out.", 1)
    print(f"Wrote {asked.out}: {counted(number, 'session', 'sessions')}.")
    return 0


def _locations(session: Session, organization_id: str) -> list[tuple[str, str]]:
    from sqlalchemy import select

    from shared_models.organization.models import Location

    rows = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    )
    return [(row_id, name) for row_id, name in rows]


def _tutors(session: Session, organization_id: str) -> list[tuple[str, str]]:
    from sqlalchemy import select

    from shared_models.access.models import User
    from shared_models.people.models import Tutor

    rows = session.execute(
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(Tutor.organization_id == organization_id, Tutor.archived_at.is_(None))
        .order_by(User.last_name, User.first_name)
    )
    return [(row_id, f"{first} {last}".strip()) for row_id, first, last in rows]


def _students(session: Session, organization_id: str) -> list[tuple[str, str]]:
    from sqlalchemy import select

    from shared_models.people.models import Student

    rows = session.execute(
        select(Student.id, Student.first_name, Student.last_name)
        .where(Student.organization_id == organization_id, Student.archived_at.is_(None))
        .order_by(Student.last_name, Student.first_name)
    )
    return [(row_id, f"{first} {last}".strip()) for row_id, first, last in rows]


def _named(what: str, name: str | None, choices: Sequence[tuple[str, str]]) -> str:
    """The id of the one with all the words of ``name``, the whole name before parts of it; empty without a name."""
    from shared_models.people.contact import name_key

    if name is None:
        return ""
    wanted = name_key(name)
    keys = [(row_id, known, name_key(known)) for row_id, known in choices]
    found = [(row_id, known) for row_id, known, key in keys if key == wanted]
    found = found or [(row_id, known) for row_id, known, key in keys if set(wanted.split()) <= set(key.split())]
    if len(found) == 1:
        return found[0][0]
    if found:
        names = _listed([known for _, known in found])
        raise _NotFound(f'"{name}" could be any of: {names}. Say more of the name.')
    raise _NotFound(f'No {what} is called "{name}". Known: {_listed([known for _, known in choices])}.')


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_MOST_LISTED])
    return f"{shown} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else shown or "none yet"


def _refuse(sentence: str, status: int) -> int:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Write the calendar to a file for other programs.")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="KIND")
    calendar = kinds.add_parser(
        "calendar",
        help="sessions and closures as .ics, for Google, Outlook and Apple",
        description="Write sessions and closures as .ics, as Google, Outlook and Apple read it. Writing it again "
        "updates what they have: every session keeps its UID.",
    )
    calendar.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .ics file to write")
    one = calendar.add_mutually_exclusive_group()
    one.add_argument("--location", metavar="NAME", help="only what is at this location")
    one.add_argument("--tutor", metavar="NAME", help="only this tutor's sessions")
    one.add_argument("--student", metavar="NAME", help="only this student's sessions")
    calendar.add_argument("--from", dest="first_day", type=_day, metavar="YYYY-MM-DD", help="the first day")
    calendar.add_argument("--to", dest="last_day", type=_day, metavar="YYYY-MM-DD", help="the last day")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no date; write it like 2026-11-25') from None
