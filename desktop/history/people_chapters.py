"""Which rows the history of a lead, of a family with its students, and of a tutor is read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.history.chapter import Chapter, notes_of, people_of, shown_fields, zone_at
from desktop.history.record_lines import RecordTeller, ValueWords
from desktop.schedule.entry_words import title_words
from desktop.store.store import Store
from desktop.sync.record_words import RecordWords
from desktop.widgets.parsing import format_date, format_time_range
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.catalog.models import Subject, Topic
from shared_models.leads.models import Lead
from shared_models.organization.models import Location
from shared_models.people.models import (
    Family,
    Student,
    StudentSubject,
    Tutor,
    TutorAvailability,
    TutorException,
    TutorLocation,
    TutorSubject,
    TutorTimeOff,
)

Row = TypeVar("Row", bound=TenantRow)
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def lead_chapter(session: Session, store: Store, lead_id: str) -> Chapter:
    """The history of a lead. Raises LookupError."""
    return _chapter(session, store, [_one(session, store, Lead, lead_id)], {})


def family_chapter(session: Session, store: Store, family_id: str) -> Chapter:
    """The history of a family's parents, of its students, and of what these need help with. Raises LookupError."""
    family = _one(session, store, Family, family_id)
    students = _rows(session, store, Student, Student.family_id == family_id)
    names = {student.id: student.first_name or "a student" for student in students}
    wishes = _rows(session, store, StudentSubject, StudentSubject.student_id.in_(list(names)))
    taught = _taught_names(session, store)
    things = names | {
        wish.id: f"{taught(wish.subject_id, wish.topic_id)} for {names[wish.student_id]}" for wish in wishes
    }
    return _chapter(session, store, [family, *students, *wishes], things)


def tutor_chapter(session: Session, store: Store, tutor_id: str) -> Chapter:
    """The history of a tutor: profile and name, locations, subjects, hours and time away. Raises LookupError."""
    tutor = _one(session, store, Tutor, tutor_id)
    rows: list[TenantRow] = [tutor]
    user = session.get(User, (store.organization_id, tutor.user_id))
    if user is not None:
        rows.append(user)
    taught = _taught_names(session, store)
    rows_of_places = session.execute(
        select(Location.id, Location.name).where(Location.organization_id == store.organization_id)
    )
    places = {place_id: name for place_id, name in rows_of_places}  # noqa: C416 - a row is not a pair to the type checker

    def at(location_id: str | None) -> str:
        return f" at {places.get(location_id, 'a location')}" if location_id else ""

    things: dict[str, str] = {}
    for place in _rows(session, store, TutorLocation, TutorLocation.tutor_id == tutor_id):
        rows.append(place)
        things[place.id] = places.get(place.location_id, "a location")
    for subject in _rows(session, store, TutorSubject, TutorSubject.tutor_id == tutor_id):
        rows.append(subject)
        things[subject.id] = taught(subject.subject_id, subject.topic_id)
    for hours in _rows(session, store, TutorAvailability, TutorAvailability.tutor_id == tutor_id):
        rows.append(hours)
        things[hours.id] = (
            f"{_DAYS[hours.weekday]} {format_time_range(hours.starts, hours.ends)}{at(hours.location_id)}"
        )
    for one in _rows(session, store, TutorException, TutorException.tutor_id == tutor_id):
        rows.append(one)
        things[one.id] = f"{_hours(one.starts, one.ends)} on {_day(one.on_date)}{at(one.location_id)}"
    for off in _rows(session, store, TutorTimeOff, TutorTimeOff.tutor_id == tutor_id):
        rows.append(off)
        until = f" to {_day(off.last_day)}" if off.last_day != off.first_day else ""
        things[off.id] = f"time off {_day(off.first_day)}{until}"
    return _chapter(session, store, rows, things)


def _chapter(session: Session, store: Store, rows: Sequence[TenantRow], things: Mapping[str, str]) -> Chapter:
    by_table: dict[str, list[str]] = {}
    for row in rows:
        by_table.setdefault(row.__tablename__, []).append(row.id)
    teller = RecordTeller(rows[0].__tablename__, partial(_dictionary, store), things)
    return Chapter(
        rows=by_table,
        noted=notes_of(store, rows, things),
        zone=zone_at(session, store.organization_id),
        people=people_of(session, store.organization_id),
        tell=teller.tell,
        by_clocks=teller.by_clocks,
        things=things,
        shown=shown_fields(store, rows),
    )


@contextmanager
def _dictionary(store: Store) -> Iterator[ValueWords]:
    with store.engine.connect() as connection:
        yield RecordWords(connection, store).value


def _one(session: Session, store: Store, kind: type[Row], row_id: str) -> Row:
    row = session.get(kind, (store.organization_id, row_id))
    if row is None:
        raise LookupError(row_id)
    return row


def _rows(session: Session, store: Store, kind: type[Row], condition: object) -> Sequence[Row]:
    """Rows of a record, archived ones too."""
    return session.scalars(
        select(kind).where(kind.organization_id == store.organization_id, condition).order_by(kind.id)  # type: ignore[arg-type]
    ).all()


class _Taught:
    """What a subject, or one topic of it, is called."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def __call__(self, subject_id: str, topic_id: str | None) -> str:
        name = self._names.get(topic_id or subject_id, "")
        return title_words(name)[0] if name else "a subject"


def _taught_names(session: Session, store: Store) -> _Taught:
    names: dict[str, str] = {}
    for kind in (Subject, Topic):
        rows = session.execute(select(kind.id, kind.name).where(kind.organization_id == store.organization_id))
        names |= {row_id: name for row_id, name in rows}  # noqa: C416 - a row is not a pair to the type checker
    return _Taught(names)


def _hours(starts: time | None, ends: time | None) -> str:
    return format_time_range(starts, ends) if starts is not None and ends is not None else "no hours"


def _day(day: date) -> str:
    return format_date(day, weekday=False)
