"""The few shapes in which the table of rights says which rows a rule reaches. Each is data: this file evaluates them
on plain values; the server writes the same ones as SQL, and derives from them what hangs on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared_models.access.models import Role

Value = str | int | float | None
"""A field's value as it travels: truth as 0 or 1, times, dates and JSON as text."""
Row = Mapping[str, Value]
"""A row's fields and its `id`."""


class Own(StrEnum):
    """Which of a viewer's ids a field is compared with."""

    USER = "user"
    LOCATIONS = "locations"
    TUTORS = "tutors"
    FAMILIES = "families"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks, as plain values: the roles held now, the assigned locations, the user's own tutor profiles, and
    the families that the user is a parent of."""

    roles: frozenset[Role]
    user_id: str | None = None
    location_ids: frozenset[str] = frozenset()
    tutor_ids: frozenset[str] = frozenset()
    family_ids: frozenset[str] = frozenset()

    def own(self, kind: Own) -> frozenset[str]:
        """The viewer's ids of one kind."""
        if kind is Own.USER:
            return frozenset({self.user_id}) if self.user_id else frozenset()
        return {Own.LOCATIONS: self.location_ids, Own.TUTORS: self.tutor_ids, Own.FAMILIES: self.family_ids}[kind]


class Surroundings(Protocol):
    """The other rows that a condition asks about."""

    def row(self, table: str, row_id: str) -> Row | None:
        """One row by its id."""

    def referring(self, table: str, field: str, row_id: str) -> Iterable[Row]:
        """The rows of a table whose field names this id, archived ones included."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every row."""


@dataclass(frozen=True, slots=True)
class Mine:
    """Rows whose field is one of the viewer's ids."""

    field: str
    own: Own


@dataclass(frozen=True, slots=True)
class Is:
    """Rows whose field has this value; None stands for empty."""

    field: str
    value: Value


@dataclass(frozen=True, slots=True)
class Ref:
    """Rows whose field names a row of another table that fits."""

    field: str
    table: str
    where: Condition


@dataclass(frozen=True, slots=True)
class Named:
    """Rows that a fitting row of another table names in its field."""

    table: str
    field: str
    where: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Rows that fit one of these."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Rows that fit all of these."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Rows that do not fit."""

    part: Condition


Condition = Everything | Mine | Is | Ref | Named | Either | Both | Not

EVERYTHING = Everything()
LIVE = Is("archived_at", None)


def either(*parts: Condition) -> Condition:
    """One of these."""
    return Either(parts)


def both(*parts: Condition) -> Condition:
    """All of these."""
    return Both(parts)


def holds(condition: Condition, row: Row, viewer: Viewer, surroundings: Surroundings) -> bool:
    """Whether a row fits a condition for a viewer."""
    match condition:
        case Everything():
            return True
        case Mine(field, own):
            return row.get(field) in viewer.own(own)
        case Is(field, value):
            return row.get(field) == value
        case Ref(field, table, where):
            named = row.get(field)
            other = surroundings.row(table, named) if isinstance(named, str) else None
            return other is not None and holds(where, other, viewer, surroundings)
        case Named(table, field, where):
            naming = surroundings.referring(table, field, str(row["id"]))
            return any(holds(where, other, viewer, surroundings) for other in naming)
        case Either(parts):
            return any(holds(part, row, viewer, surroundings) for part in parts)
        case Both(parts):
            return all(holds(part, row, viewer, surroundings) for part in parts)
        case Not(part):
            return not holds(part, row, viewer, surroundings)


def fields_asked(condition: Condition) -> frozenset[str]:
    """The row's own fields on which a condition depends, without those that it asks other tables about."""
    match condition:
        case Mine(field, _) | Is(field, _) | Ref(field, _, _):
            return frozenset({field})
        case Either(parts) | Both(parts):
            return frozenset().union(*(fields_asked(part) for part in parts))
        case Not(part):
            return fields_asked(part)
        case Everything() | Named():
            return frozenset()


def steps_out(condition: Condition) -> Iterator[Ref | Named]:
    """The parts of a condition that ask another table, at any depth inside this row's condition."""
    match condition:
        case Ref() | Named():
            yield condition
        case Either(parts) | Both(parts):
            for part in parts:
                yield from steps_out(part)
        case Not(part):
            yield from steps_out(part)
        case _:
            return
