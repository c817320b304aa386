"""How far roles reach into a table as a whole, read off the table of rights in policy.py."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared_models.access.models import Role
from shared_models.access.policy import RIGHTS, Action, may

_AT_A_DESK = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})


class Access(StrEnum):
    """How far a role reaches into a table."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


def access_to(table: str, roles: Iterable[Role]) -> Access:
    """The widest access that a set of roles gives at a desk to a table; none to a table that is not listed."""
    held = _AT_A_DESK.intersection(roles)
    if may(Action.CREATE, table, held):
        return Access.WRITE
    return Access.READ if may(Action.READ, table, held) else Access.NONE


def listed_tables() -> frozenset[str]:
    """The tables for which access has been decided."""
    return frozenset(RIGHTS)
