"""The conditions of the table of rights as PostgreSQL reads them, and what follows from them: which rows of other
tables hang on a row's fields (docs/sync-protocol.md, [S-62])."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Table

from shared_models.access.conditions import (
    Both,
    Condition,
    Either,
    Everything,
    Is,
    Mine,
    Named,
    Not,
    Ref,
    fields_asked,
    steps_out,
)
from shared_models.access.models import Role
from shared_models.access.policy import RIGHTS
from shared_models.registry import tenant_classes


@cache
def condition_sql(condition: Condition, table: str, *, row_by_row: bool = False) -> str:
    """The condition on a row of a table that stands in the statement under its own name; empty for every row.

    It takes the parameters `org`, `user`, `locations`, `tutors` and `families`. Other tables are asked by EXISTS, of
    which PostgreSQL itself chooses whether to look up each row or to hash all. With `row_by_row` it may only look up:
    for statements that read few rows, as its guess of how many is poor when one plan serves all.
    """
    return "" if isinstance(condition, Everything) else _Writing(row_by_row).sql(condition, table, f'"{table}"')


@dataclass(frozen=True, slots=True)
class _Writing:
    row_by_row: bool
    depth: int = 0

    def sql(self, condition: Condition, table: str, alias: str) -> str:
        match condition:
            case Everything():
                return "true"
            case Mine(field, own):
                return f'{alias}."{field}" = ANY(%({own.value})s::uuid[])'
            case Is(field, None):
                return f'{alias}."{field}" IS NULL'
            case Is(field, value):
                if isinstance(table_of(table).c[field].type, Boolean):
                    return f'{alias}."{field}" IS {"TRUE" if value else "FALSE"}'
                return f"{alias}.\"{field}\" = '{value}'"
            case Ref(field, other, where):
                return self.exists(other, "id", f'{alias}."{field}"', where)
            case Named(other, field, where):
                return self.exists(other, field, f"{alias}.id", where)
            case Either(parts):
                return "(" + " OR ".join(self.sql(part, table, alias) for part in parts) + ")"
            case Both(parts):
                return "(" + " AND ".join(self.sql(part, table, alias) for part in parts) + ")"
            case Not(part):
                return f"NOT {self.sql(part, table, alias)}"

    def exists(self, other: str, field: str, value: str, where: Condition) -> str:
        inner = f"x{self.depth}"
        deeper = _Writing(self.row_by_row, self.depth + 1)
        more = "" if isinstance(where, Everything) else f" AND {deeper.sql(where, other, inner)}"
        # A subquery with an OFFSET is neither joined nor hashed.
        end = " OFFSET 0" if self.row_by_row else ""
        return (
            f'EXISTS (SELECT 1 FROM "{other}" AS {inner} '
            f'WHERE {inner}.organization_id = %(org)s AND {inner}."{field}" = {value}{more}{end})'
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """One step from a row to another that its visibility asks about: `from_table.field` names the other row, or, when
    `is_named`, the other row's field names this one."""

    from_table: str
    to_table: str
    field: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Dependency:
    """That rows of `target` are shown or not by the `watched` fields of rows of the last hop's table."""

    target: str
    hops: tuple[Hop, ...]
    watched: frozenset[str]
    roles: frozenset[Role]

    @property
    def source(self) -> str:
        """The table whose change matters."""
        return self.hops[-1].to_table

    @property
    def on_new_rows(self) -> bool:
        """Whether a new row of the source matters: it does when it names the row that hangs on it."""
        return self.hops[-1].is_named


@cache
def dependencies() -> dict[str, tuple[Dependency, ...]]:
    """What hangs on the rows of each table."""
    found: dict[tuple[str, tuple[Hop, ...]], Dependency] = {}
    for target, decided in RIGHTS.items():
        for rule in decided.rules:
            for dependency in _walk(target, target, rule.where, (), rule.roles):
                key = (target, dependency.hops)
                known = found.get(key)
                if known is not None:
                    dependency = Dependency(
                        target, dependency.hops, known.watched | dependency.watched, known.roles | dependency.roles
                    )
                found[key] = dependency
    by_source: dict[str, tuple[Dependency, ...]] = {}
    for dependency in found.values():
        by_source[dependency.source] = (*by_source.get(dependency.source, ()), dependency)
    return by_source


def _walk(
    target: str, table: str, where: Condition, hops: tuple[Hop, ...], roles: frozenset[Role]
) -> Iterator[Dependency]:
    for step in steps_out(where):
        is_named = isinstance(step, Named)
        further = (*hops, Hop(table, step.table, step.field, is_named))
        watched = fields_asked(step.where) | ({step.field} if is_named else frozenset())
        if watched:
            yield Dependency(target, further, watched, roles)
        yield from _walk(target, step.table, step.where, further, roles)


@cache
def dependents_sql(hanging: tuple[Dependency, ...]) -> str:
    """The statement that finds the rows that hang on rows of one table: each one's table and id.

    Takes `org`, `changed` and `told` (ids of source rows: those that changed; those and the new ones), `before` (rows
    numbered from there on are left out, as they are news already), and `former_` with each naming field: what it held
    or will hold beside what it holds. Each step is a list of ids looked up in an index: the plan is as good for one
    row as for many, and needs no statistics.
    """
    return " UNION ".join(_hanging_sql(dependency) for dependency in hanging)


def _hanging_sql(dependency: Dependency) -> str:
    last = dependency.hops[-1]
    if last.is_named:
        found = (
            f'SELECT "{last.field}" FROM "{last.to_table}" WHERE organization_id = %(org)s '
            f"AND id = ANY(%(told)s::uuid[]) UNION SELECT unnest(%(former_{last.field})s::uuid[])"
        )
    else:
        found = _looked_up(last.from_table, "id", last.field, "%(changed)s::uuid[]")
    for hop in reversed(dependency.hops[:-1]):
        if hop.is_named:
            found = _looked_up(hop.to_table, hop.field, "id", f"ARRAY({found})")
        else:
            found = _looked_up(hop.from_table, "id", hop.field, f"ARRAY({found})")
    return (
        f"SELECT '{dependency.target}', id::text FROM \"{dependency.target}\" WHERE organization_id = %(org)s "
        f"AND id = ANY(ARRAY({found})) AND server_seq < %(before)s"
    )


def _looked_up(table: str, wanted: str, field: str, among: str) -> str:
    return f'SELECT "{wanted}" FROM "{table}" WHERE organization_id = %(org)s AND "{field}" = ANY({among})'


def table_of(name: str) -> Table:
    """The table of a name."""
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table
