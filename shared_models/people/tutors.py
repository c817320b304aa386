"""Changing tutors: who they are, where, what and when they teach, when they are away (product §2). Rows of a set are
added and archived, never deleted, with ids that two PCs would choose alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.people.contact import DEFAULT_COUNTRY
from shared_models.people.models import (
    Tutor,
    TutorAvailability,
    TutorException,
    TutorLocation,
    TutorSubject,
    TutorTimeOff,
)
from shared_models.people.operations import PeopleError, normalize_fields

Taught = tuple[str, str | None]
"""A subject, and one topic of it or None for all."""

_Set = TypeVar("_Set", TutorLocation, TutorSubject, TutorAvailability, TutorException, TutorTimeOff)
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Wall-clock hours on a weekday (Monday 0); without a location, at any of the tutor's."""

    weekday: int
    starts: time
    ends: time
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days, both included, on which a tutor does not teach."""

    first_day: date
    last_day: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DateHours:
    """A date on which the weekly hours do not hold: available at these hours, or (without hours) not at all."""

    on_date: date
    starts: time | None = None
    ends: time | None = None
    location_id: str | None = None

    @property
    def is_available(self) -> bool:
        return self.starts is not None


@dataclass(frozen=True, slots=True)
class TutorChange:
    """What is to be true of a tutor afterwards; None leaves a part as it is.

    ``user`` are fields of `User` (names, phone, e-mail), ``profile`` fields of `Tutor` (bio, hourly_pay_cents,
    priority, is_active).
    """

    user: Mapping[str, object] | None = None
    profile: Mapping[str, object] | None = None
    location_ids: Collection[str] | None = None
    taught: Collection[Taught] | None = None
    hours: Collection[WeeklyHours] | None = None
    time_off: Collection[DaysOff] | None = None
    exceptions: Collection[DateHours] | None = None


def tutor_problems(change: TutorChange) -> dict[str, str]:
    """What cannot be kept, by field: a first name is needed, priority begins at 1, spans end after they begin."""
    problems: dict[str, str] = {}
    if change.user is not None and not str(change.user.get("first_name") or "").strip():
        problems["first_name"] = "Enter the tutor’s first name."
    priority = (change.profile or {}).get("priority", 1)
    if not isinstance(priority, int) or priority < 1:
        problems["priority"] = "Use a number from 1 on; 1 is the first choice."
    pay = (change.profile or {}).get("hourly_pay_cents", 0)
    if not isinstance(pay, int) or pay < 0:
        problems["hourly_pay_cents"] = "Use an amount such as $28.00."
    if any(span.starts >= span.ends for span in change.hours or ()):
        problems["hours"] = "The hours must end after they begin."
    if any(off.first_day > off.last_day for off in change.time_off or ()):
        problems["time_off"] = "The last day must not lie before the first."
    if any(
        one.starts is not None and (one.ends is None or one.starts >= one.ends) for one in change.exceptions or ()
    ):
        problems["exceptions"] = "The hours must end after they begin."
    return problems


def register_tutor(
    session: Session, organization_id: str, change: TutorChange, *, now: datetime, country: str = DEFAULT_COUNTRY
) -> str:
    """A new user with the role of a tutor, and the profile; returns the tutor's id. Raises PeopleError."""
    user_id = new_id()
    tutor_id = derived_id(user_id, "tutor")
    if change.user is None:
        raise PeopleError({"first_name": "Enter the tutor’s first name."})
    own = {"organization_id": organization_id}
    problems = tutor_problems(change)
    if problems:
        raise PeopleError(problems)
    session.add(User(**own, id=user_id, first_name=str(change.user["first_name"])))
    session.add(UserRole(**own, id=derived_id(user_id, Role.TUTOR), user_id=user_id, role=Role.TUTOR))
    session.add(Tutor(**own, id=tutor_id, user_id=user_id))
    session.flush()
    change_tutor(session, organization_id, tutor_id, change, now=now, country=country)
    return tutor_id


def change_tutor(
    session: Session,
    organization_id: str,
    tutor_id: str,
    change: TutorChange,
    *,
    now: datetime,
    country: str = DEFAULT_COUNTRY,
) -> dict[str, str]:
    """Make ``change`` true; returns a warning for each odd value that is kept as typed.

    Raises PeopleError, or LookupError when there is no such tutor.
    """
    problems = tutor_problems(change)
    if problems:
        raise PeopleError(problems)
    tutor = _tutor(session, organization_id, tutor_id)
    warnings: dict[str, str] = {}
    if change.user is not None:
        stored, warnings = normalize_fields(change.user, country)
        _set(session.get_one(User, (organization_id, tutor.user_id)), stored)
    if change.profile is not None:
        _set(tutor, change.profile)
    sets = _Sets(session, organization_id, tutor_id, now)
    if change.location_ids is not None:
        sets.keep(TutorLocation, set(change.location_ids), _place_of, _place)
        _assign(session, organization_id, tutor.user_id, change.location_ids)
    if change.taught is not None:
        sets.keep(TutorSubject, set(change.taught), _taught_of, _taught)
    if change.hours is not None:
        sets.keep(TutorAvailability, set(change.hours), _hours_of, _hours)
    if change.time_off is not None:
        sets.keep(TutorTimeOff, set(change.time_off), _off_of, _off)
    if change.exceptions is not None:
        sets.keep(TutorException, set(change.exceptions), _date_of, _date)
    return warnings


def archive_tutor(session: Session, organization_id: str, tutor_id: str, *, now: datetime) -> None:
    """Hide a tutor everywhere; entries keep the name. Raises LookupError when there is no such tutor."""
    _tutor(session, organization_id, tutor_id).archived_at = now


def restore_tutor(session: Session, organization_id: str, tutor_id: str) -> None:
    """Bring an archived tutor back. Raises LookupError when there is no such tutor."""
    _tutor(session, organization_id, tutor_id).archived_at = None


@dataclass(frozen=True, slots=True)
class _Sets:
    """The sets of rows that belong to one tutor."""

    session: Session
    organization_id: str
    tutor_id: str
    now: datetime

    def keep(
        self,
        kind: type[_Set],
        wanted: Collection[_Key],
        key_of: Callable[[_Set], _Key],
        make: Callable[[_Key], tuple[tuple[str, ...], dict[str, object]]],
    ) -> None:
        """Make exactly ``wanted`` live: archive what is not wanted, bring back what was archived, add the rest."""
        rows = self.session.scalars(
            select(kind).where(kind.organization_id == self.organization_id, kind.tutor_id == self.tutor_id)
        ).all()
        live = {key_of(row) for row in rows if row.archived_at is None}
        for row in rows:
            if row.archived_at is None and key_of(row) not in wanted:
                row.archived_at = self.now
        for key in set(wanted) - live:
            archived = next((row for row in rows if row.archived_at is not None and key_of(row) == key), None)
            if archived is not None:
                archived.archived_at = None
                continue
            parts, values = make(key)
            row_id = derived_id(self.tutor_id, *parts)
            own = {"organization_id": self.organization_id, "id": row_id, "tutor_id": self.tutor_id}
            self.session.add(kind(**own, **values))


def _place_of(row: TutorLocation) -> str:
    return row.location_id


def _place(location_id: str) -> tuple[tuple[str, ...], dict[str, object]]:
    return (location_id,), {"location_id": location_id}


def _taught_of(row: TutorSubject) -> Taught:
    return row.subject_id, row.topic_id


def _taught(taught: Taught) -> tuple[tuple[str, ...], dict[str, object]]:
    subject_id, topic_id = taught
    return (subject_id, topic_id or ""), {"subject_id": subject_id, "topic_id": topic_id}


def _hours_of(row: TutorAvailability) -> WeeklyHours:
    return WeeklyHours(row.weekday, row.starts, row.ends, row.location_id)


def _hours(span: WeeklyHours) -> tuple[tuple[str, ...], dict[str, object]]:
    parts = ("hours", span.location_id or "", str(span.weekday), span.starts.isoformat(), span.ends.isoformat())
    return parts, {
        "location_id": span.location_id,
        "weekday": span.weekday,
        "starts": span.starts,
        "ends": span.ends,
    }


def _off_of(row: TutorTimeOff) -> DaysOff:
    return DaysOff(row.first_day, row.last_day, row.reason)


def _off(off: DaysOff) -> tuple[tuple[str, ...], dict[str, object]]:
    parts = ("off", off.first_day.isoformat(), off.last_day.isoformat(), off.reason)
    return parts, {"first_day": off.first_day, "last_day": off.last_day, "reason": off.reason}


def _date_of(row: TutorException) -> DateHours:
    if not row.is_available:
        return DateHours(row.on_date, location_id=row.location_id)
    return DateHours(row.on_date, row.starts, row.ends, row.location_id)


def _date(one: DateHours) -> tuple[tuple[str, ...], dict[str, object]]:
    hours = "off" if one.starts is None or one.ends is None else f"{one.starts}-{one.ends}"
    return ("date", one.location_id or "", one.on_date.isoformat(), hours), {
        "location_id": one.location_id,
        "on_date": one.on_date,
        "is_available": one.is_available,
        "starts": one.starts,
        "ends": one.ends,
    }


def _assign(session: Session, organization_id: str, user_id: str, location_ids: Collection[str]) -> None:
    """A tutor sees the locations at which they teach; an assignment for other work there is left alone."""
    rows = session.scalars(
        select(LocationAssignment).where(
            LocationAssignment.organization_id == organization_id, LocationAssignment.user_id == user_id
        )
    ).all()
    for location_id in location_ids:
        known = next((row for row in rows if row.location_id == location_id), None)
        if known is None:
            row_id = derived_id(user_id, location_id)
            own = {"organization_id": organization_id, "id": row_id}
            session.add(LocationAssignment(**own, user_id=user_id, location_id=location_id))
        elif known.archived_at is not None:
            known.archived_at = None


def _tutor(session: Session, organization_id: str, tutor_id: str) -> Tutor:
    tutor = session.get(Tutor, (organization_id, tutor_id))
    if tutor is None:
        raise LookupError(f"no tutor {tutor_id}")
    return tutor


def _set(row: User | Tutor, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
