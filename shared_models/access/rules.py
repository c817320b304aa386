"""What a line of the table of rights is made of: which roles, which rows, which fields to read and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared_models.access.conditions import EVERYTHING, Condition
from shared_models.access.models import Role


class Action(StrEnum):
    """What someone may do with a row. To archive is to write `archived_at`; nothing is deleted."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"


class Scope(StrEnum):
    """How far a rule reaches, in the words of product §2."""

    ALL = "all"
    ASSIGNED_LOCATIONS = "assigned locations"
    OWN = "own"
    OWN_FAMILY = "own family"


NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows that some roles reach, with the fields that they read there, set in a new row, and change.

    `history` says that the audit history of these rows may be read too, as far as the fields go.
    """

    roles: frozenset[Role]
    scope: Scope
    where: Condition
    reads: frozenset[str]
    creates: frozenset[str] = NOTHING
    updates: frozenset[str] = NOTHING
    history: bool = False

    def fields(self, action: Action) -> frozenset[str]:
        """The fields that this rule opens to an action."""
        match action:
            case Action.READ:
                return self.reads
            case Action.CREATE:
                return self.creates
            case Action.UPDATE:
                return self.updates
            case Action.ARCHIVE:
                return self.updates & {"archived_at"}


@dataclass(frozen=True, slots=True)
class TableRights:
    """One table: its fields in named groups, each field in exactly one, the rules, and the roles that see nothing.

    The owner has no rule: the owner reads and writes everything.
    """

    groups: Mapping[str, frozenset[str]]
    rules: tuple[Rule, ...]
    hidden_from: frozenset[Role]

    @property
    def fields(self) -> frozenset[str]:
        """Every field that was decided upon."""
        return frozenset().union(*self.groups.values())


class Groups:
    """The groups of one table while its rules are written: `g("NAME", "PHONES")` are their fields, `g()` all,
    `g.but("PAY")` all others."""

    def __init__(self, **groups: str) -> None:
        """Each group as words separated by blanks."""
        self.named = {name: frozenset(words.split()) for name, words in groups.items()}

    def __call__(self, *names: str) -> frozenset[str]:
        return frozenset().union(*(self.named[name] for name in (names or self.named)))

    def but(self, *names: str) -> frozenset[str]:
        """All fields except those of these groups."""
        return self() - self(*names) if names else self()


def rule(
    roles: Iterable[Role],
    where: Condition,
    reads: frozenset[str],
    *,
    scope: Scope | None = None,
    writes: frozenset[str] = NOTHING,
    creates: frozenset[str] = NOTHING,
    updates: frozenset[str] = NOTHING,
    history: bool = False,
) -> Rule:
    """One rule; `writes` are fields that may be set in a new row and changed later. Without a scope, all rows."""
    if scope is None:
        scope = Scope.ALL if where == EVERYTHING else Scope.ASSIGNED_LOCATIONS
    return Rule(frozenset(roles), scope, where, reads, writes | creates, writes | updates, history)


def rights(groups: Groups, *rules: Rule, hidden_from: Iterable[Role] = ()) -> TableRights:
    """The rights of one table."""
    return TableRights(groups.named, rules, frozenset(hidden_from))
