"""Conflicts that someone has looked at and lives with: they stay listed as accepted and do not shout (product §4).

An acceptance holds for exactly what both entries held when it was given. When either of them gets another time,
tutor, room or student, it lapses by itself; when they return to what they were, it holds again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import derived_id
from shared_models.schedule.bookings import bookings_of_entries, conflicts_of_entries
from shared_models.schedule.conflicts import Booking, Conflict, ConflictKind
from shared_models.schedule.errors import NoSuchConflict
from shared_models.schedule.models import ConflictAcceptance

_CHUNK = 900


class ConflictKey(NamedTuple):
    """Which conflict is meant: its kind and its two entries, the smaller id first."""

    kind: ConflictKind
    first_entry_id: str
    second_entry_id: str

    @property
    def row_id(self) -> str:
        """The id of its acceptance, the same on every PC."""
        return derived_id("conflict_acceptance", self.kind.value, self.first_entry_id, self.second_entry_id)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted a conflict, when (UTC) and why; the name is empty when the user is not known."""

    accepted_by: str
    accepted_at: datetime
    reason: str = ""
    accepted_by_user_id: str | None = None


def key_of(conflict: Conflict) -> ConflictKey:
    """The key under which a conflict is accepted, whichever of its entries starts first by now."""
    return key_of_pair(conflict.kind, conflict.first_id, conflict.second_id)


def key_of_pair(kind: ConflictKind, one_entry_id: str, other_entry_id: str) -> ConflictKey:
    """The key of a kind and two entries in any order."""
    first, second = sorted((one_entry_id, other_entry_id))
    return ConflictKey(kind, first, second)


def fingerprint(one: Booking, other: Booking) -> str:
    """What two entries hold, times, tutor, rooms and students, as a short text that differs when any of it does."""
    held = [
        (
            booking.entry_id, booking.starts, booking.ends, booking.blocked_until, booking.tutor_id,
            sorted(booking.room_ids), sorted(booking.student_ids),
        )
        for booking in sorted((one, other), key=lambda booking: booking.entry_id)
    ]  # fmt: skip
    return hashlib.sha256(repr(held).encode()).hexdigest()[:32]


def accept_conflict(
    session: Session,
    organization_id: str,
    key: ConflictKey,
    *,
    by_user_id: str | None,
    reason: str,
    now: datetime,
) -> str:
    """Accept a conflict as it is now; returns the id of the acceptance.

    Raises NoSuchConflict when the two entries do not conflict (any more) in this way.
    """
    bookings = _bookings(session, organization_id, {key.first_entry_id, key.second_entry_id})
    found = conflicts_of_entries(session, organization_id, [key.first_entry_id])
    if len(bookings) < 2 or key not in {key_of(conflict) for conflict in found}:
        raise NoSuchConflict
    values = {
        "kind": key.kind,
        "first_entry_id": key.first_entry_id,
        "second_entry_id": key.second_entry_id,
        "accepted_by_user_id": by_user_id,
        "accepted_at": now,
        "reason": reason.strip(),
        "fingerprint": fingerprint(bookings[key.first_entry_id], bookings[key.second_entry_id]),
        "archived_at": None,
    }
    row = session.get(ConflictAcceptance, (organization_id, key.row_id))
    if row is None:
        session.add(ConflictAcceptance(organization_id=organization_id, id=key.row_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    return key.row_id


def withdraw_acceptance(session: Session, organization_id: str, key: ConflictKey, *, now: datetime) -> bool:
    """Let an accepted conflict count again; whether there was anything to withdraw."""
    row = session.get(ConflictAcceptance, (organization_id, key.row_id))
    if row is None or row.archived_at is not None:
        return False
    row.archived_at = now
    return True


def acceptances_of(
    session: Session, organization_id: str, conflicts: Iterable[Conflict]
) -> dict[ConflictKey, Acceptance]:
    """The acceptances that hold for the given conflicts as their entries are saved; lapsed and withdrawn ones are
    left out. One query when none of them was ever accepted, a handful more otherwise."""
    accepted: dict[ConflictKey, tuple[str, Acceptance]] = {}
    row = ConflictAcceptance
    rows = session.execute(
        select(
            row.kind, row.first_entry_id, row.second_entry_id, row.fingerprint, row.accepted_at, row.reason,
            row.accepted_by_user_id, User.first_name, User.last_name,
        )
        .outerjoin(User, and_(User.organization_id == row.organization_id, User.id == row.accepted_by_user_id))
        .where(row.organization_id == organization_id, row.archived_at.is_(None))
    )  # fmt: skip
    for kind, first_id, second_id, print_, accepted_at, reason, user_id, first, last in rows:
        name = f"{first or ''} {last or ''}".strip()
        accepted[ConflictKey(kind, first_id, second_id)] = (print_, Acceptance(name, accepted_at, reason, user_id))
    if not accepted:
        return {}  # thousands of conflicts are not even looked at
    accepted = {key: accepted[key] for key in map(key_of, conflicts) if key in accepted}
    ids = {entry_id for key in accepted for entry_id in (key.first_entry_id, key.second_entry_id)}
    bookings = _bookings(session, organization_id, ids)
    return {
        key: acceptance
        for key, (print_, acceptance) in accepted.items()
        if key.first_entry_id in bookings
        and key.second_entry_id in bookings
        and fingerprint(bookings[key.first_entry_id], bookings[key.second_entry_id]) == print_
    }


def open_conflicts(session: Session, organization_id: str, conflicts: Iterable[Conflict]) -> list[Conflict]:
    """The conflicts that nobody has accepted: those that are marked on the calendar and counted."""
    conflicts = list(conflicts)
    accepted = acceptances_of(session, organization_id, conflicts)
    return [conflict for conflict in conflicts if key_of(conflict) not in accepted]


def _bookings(session: Session, organization_id: str, entry_ids: Collection[str]) -> dict[str, Booking]:
    ordered = sorted(entry_ids)
    return {
        booking.entry_id: booking
        for start in range(0, len(ordered), _CHUNK)
        for booking in bookings_of_entries(session, organization_id, ordered[start : start + _CHUNK])
    }
