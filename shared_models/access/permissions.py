"""Who may do what, as data (product §2): role by table to reading and writing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared_models.access.models import Role


class Access(StrEnum):
    """How far a role reaches into a table."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


_N, _R, _W = Access.NONE, Access.READ, Access.WRITE

# Columns: owner, admin, front desk. Tutors and guardians do not sync; they reach their own rows through the web.
_TABLES: dict[str, tuple[Access, Access, Access]] = {
    "organization": (_W, _R, _R),
    "location": (_W, _R, _R),
    "opening_hours": (_W, _W, _R),
    "room": (_W, _W, _R),
    "closure": (_W, _W, _R),
    "stored_file": (_W, _W, _W),
    "user": (_W, _R, _R),
    "user_role": (_W, _R, _R),
    "location_assignment": (_W, _R, _R),
    "service": (_W, _W, _R),
    "service_offered": (_W, _W, _R),
    "subject": (_W, _W, _R),
    "topic": (_W, _W, _R),
    "topic_offered": (_W, _W, _R),
    "product": (_W, _W, _R),
    "tutor": (_W, _R, _R),
    "tutor_location": (_W, _R, _R),
    "tutor_subject": (_W, _W, _R),
    "tutor_availability": (_W, _W, _R),
    "tutor_exception": (_W, _W, _W),
    "tutor_time_off": (_W, _W, _W),
    "family": (_W, _W, _W),
    "student": (_W, _W, _W),
    "student_subject": (_W, _W, _W),
    "health_access": (_W, _W, _W),
    "lead": (_W, _W, _W),
    "lead_contact": (_W, _W, _W),
    "series": (_W, _W, _W),
    "schedule_entry": (_W, _W, _W),
    "attendee": (_W, _W, _W),
    "entry_room": (_W, _W, _W),
    "conflict_acceptance": (_W, _W, _W),
}
_COLUMN = {Role.OWNER: 0, Role.ADMIN: 1, Role.FRONT_DESK: 2}
_RANK = {Access.NONE: 0, Access.READ: 1, Access.WRITE: 2}


def access_to(table: str, roles: Iterable[Role]) -> Access:
    """The widest access that a set of roles gives to a table; none to a table that is not listed."""
    row = _TABLES.get(table)
    if row is None:
        return Access.NONE
    granted = (row[_COLUMN[role]] for role in roles if role in _COLUMN)
    return max(granted, key=_RANK.__getitem__, default=Access.NONE)


def listed_tables() -> frozenset[str]:
    """The tables for which access has been decided."""
    return frozenset(_TABLES)
