"""Who may do what (product §2): one evaluator over the table of rights, asked by the sync, the API, the website's
portal and the desktop. Pure: viewers, rows and their surroundings are plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import combinations

from shared_models.access.center_rights import CENTER_RIGHTS
from shared_models.access.conditions import (
    EVERYTHING,
    Condition,
    Either,
    Row,
    Surroundings,
    Viewer,
    both,
    either,
    holds,
)
from shared_models.access.models import Role
from shared_models.access.people_rights import PEOPLE_RIGHTS
from shared_models.access.rules import NOTHING, Action, Rule, Scope, TableRights
from shared_models.access.schedule_rights import SCHEDULE_RIGHTS

__all__ = [
    "FILLED", "HEALTH_FIELDS", "HEALTH_READING", "POLICY_VERSION", "RIGHTS", "Action", "Scope", "Tier", "Viewer",
    "history_tiers", "may", "may_change", "sees_health", "tiers", "visible", "who_may", "writable", "write_tiers",
]  # fmt: skip

RIGHTS: Mapping[str, TableRights] = {**CENTER_RIGHTS, **PEOPLE_RIGHTS, **SCHEDULE_RIGHTS}

FILLED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "schedule_entry": {"hourly_pay_cents": frozenset({"tutor_id", "service_id"})}
}
"""Fields that the server fills for those who may not write them, and the fields from which it does: when one of these
changes, or the row is new, the value is copied anew (sync protocol S-63)."""

HEALTH_FIELDS = RIGHTS["student"].groups["HEALTH"] | RIGHTS["student"].groups["BEHAVIOR"]
"""Fields of a student whose reading is noted (product §9)."""

HEALTH_READING = "health_delivered"
"""The audit's word for health fields having gone to a device."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Rows that show, or open to writing, the same fields. Of a table's tiers the first that fits a row holds."""

    scope: Scope
    where: Condition
    fields: frozenset[str]


@cache
def tiers(table: str, roles: frozenset[Role]) -> tuple[Tier, ...]:
    """What a set of roles reads of a table: the tiers in their order; none for a table that is hidden as a whole."""
    return _tiers(table, roles, Action.READ, False)


@cache
def write_tiers(table: str, roles: frozenset[Role], action: Action) -> tuple[Tier, ...]:
    """What a set of roles writes in a table: for a creation the fields that may be set, for an update those that may
    be changed. A creation or update must lie within a tier after it, an update before it too."""
    return _tiers(table, roles, action, False)


@cache
def history_tiers(table: str, roles: frozenset[Role]) -> tuple[Tier, ...]:
    """The rows whose audit history a set of roles reads, with the fields that it may read of."""
    return _tiers(table, roles, Action.READ, True)


def may(action: Action, table: str, roles: frozenset[Role]) -> bool:
    """Whether a set of roles may do something with any row of a table at all."""
    return bool(_tiers_of(action, table, roles))


def writable(table: str, roles: frozenset[Role], action: Action = Action.UPDATE) -> frozenset[str]:
    """The fields that a set of roles may write in some row of a table."""
    return NOTHING.union(*(tier.fields for tier in _tiers_of(action, table, roles)))


def visible(table: str, row: Row, viewer: Viewer, surroundings: Surroundings) -> frozenset[str] | None:
    """The fields of a row that a viewer sees; None when the row is hidden."""
    return _first(tiers(table, viewer.roles), row, viewer, surroundings)


def may_change(action: Action, table: str, row: Row, viewer: Viewer, surroundings: Surroundings) -> frozenset[str]:
    """The fields of a row that a viewer may set or change; none when it is out of reach."""
    return _first(write_tiers(table, viewer.roles, action), row, viewer, surroundings) or NOTHING


def who_may(action: Action, table: str) -> str:
    """Who may do it, in words for a tooltip: “the owner”, “the owner or an administrator”, or empty for everyone
    who works at the desk."""
    if may(action, table, frozenset({Role.FRONT_DESK})):
        return ""
    return "the owner or an administrator" if may(action, table, frozenset({Role.ADMIN})) else "the owner"


def sees_health(roles: frozenset[Role]) -> bool:
    """Whether a set of roles is shown health fields of students."""
    return any(not HEALTH_FIELDS.isdisjoint(tier.fields) for tier in tiers("student", roles))


def _tiers_of(action: Action, table: str, roles: frozenset[Role]) -> tuple[Tier, ...]:
    return tiers(table, roles) if action is Action.READ else write_tiers(table, roles, action)


def _first(found: tuple[Tier, ...], row: Row, viewer: Viewer, surroundings: Surroundings) -> frozenset[str] | None:
    return next((tier.fields for tier in found if holds(tier.where, row, viewer, surroundings)), None)


@cache
def _tiers(table: str, roles: frozenset[Role], action: Action, history: bool) -> tuple[Tier, ...]:
    decided = RIGHTS.get(table)
    if decided is None:
        return ()
    if Role.OWNER in roles:
        return (Tier(Scope.ALL, EVERYTHING, decided.fields),)
    rules = [
        rule
        for rule in decided.rules
        if not rule.roles.isdisjoint(roles) and rule.fields(action) and (rule.history or not history)
    ]
    return _first_match(rules, action)


def _first_match(rules: list[Rule], action: Action) -> tuple[Tier, ...]:
    """Rules that add up, as a list of which the first match holds.

    A row that fits several rules shows what any of them shows: the list has the combinations that show more than
    their parts, those that show most first. So the first combination that fits shows what all fitting rules show.
    """
    shown: dict[frozenset[int], frozenset[str]] = {}
    for size in range(1, len(rules) + 1):
        for chosen in map(frozenset, combinations(range(len(rules)), size)):
            fields_of = NOTHING.union(*(rules[i].fields(action) for i in chosen))
            if not any(fields_of == of_part for part, of_part in shown.items() if part < chosen):
                shown[chosen] = fields_of
    found: dict[Condition, Tier] = {}
    for chosen, fields_of in sorted(shown.items(), key=lambda item: (-len(item[1]), sorted(item[0]))):
        where = _all_of([rules[i].where for i in sorted(chosen)])
        found.setdefault(where, Tier(rules[min(chosen)].scope, where, fields_of))
        if where == EVERYTHING:
            # What everything shows needs no tier of its own before it.
            return (*_alike([t for t in found.values() if not t.fields <= fields_of]), found[EVERYTHING])
    return _alike(list(found.values()))


def _alike(ordered: list[Tier]) -> tuple[Tier, ...]:
    """Tiers with those that follow each other and show the same made one."""
    merged: list[Tier] = []
    for tier in ordered:
        if merged and merged[-1].fields == tier.fields:
            before = merged.pop()
            parts = before.where.parts if isinstance(before.where, Either) else (before.where,)
            tier = Tier(before.scope, either(*dict.fromkeys((*parts, tier.where))), tier.fields)
        merged.append(tier)
    return tuple(merged)


def _all_of(conditions: list[Condition]) -> Condition:
    limiting = [condition for condition in dict.fromkeys(conditions) if condition != EVERYTHING]
    if not limiting:
        return EVERYTHING
    return limiting[0] if len(limiting) == 1 else both(*limiting)


def _canonical(value: object) -> str:
    """A text of the rights that is the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = ", ".join(f"{f.name}={_canonical(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(_canonical(item) for item in value)) + "}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_canonical(item) for item in value) + ")"
    return repr(str(value)) if value is not None else "None"


POLICY_VERSION = hashlib.sha256(_canonical(dict(RIGHTS)).encode()).hexdigest()[:16]
"""Changes with every change of the table of rights, so that devices pull anew what they may see."""
