"""The past of one record as it is read for the panel: which rows belong to it, what this PC knows of them, and how it
is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.history.noted import OWN, HistoryLine, Noted, noted_by_clocks, with_values
from desktop.permissions import Permissions
from desktop.store.store import Store
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.organization.models import Organization
from shared_models.schedule.times import zone_of
from shared_models.sync.clocks import CREATED


@dataclass(frozen=True, slots=True)
class Chapter:
    """`rows` lists ids by table, `things` what a row stands for (a student at a session, a subject of a tutor), by
    its id. `tell` says changes whose values are known, `by_clocks` those of which only the fields are; `people` has
    the names of users, `shown` the fields of rows that are not seen whole.
    """

    rows: Mapping[str, Sequence[str]]
    noted: Sequence[Noted]
    zone: tzinfo
    people: Mapping[str, str]
    tell: Callable[[Sequence[Noted]], list[HistoryLine]]
    by_clocks: Callable[[Iterable[Noted]], list[HistoryLine]]
    things: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def lines_of(self, answered: Sequence[Noted]) -> list[HistoryLine]:
        """What the server told, with names in the place of ids."""
        named = [replace(one, who=self.people.get(one.who, "The server")) for one in self.open_parts(answered)]
        return self.tell(named)

    def own_lines(self, store: Store) -> list[HistoryLine]:
        """What this PC knows by itself."""
        noted = self.open_parts(self.noted)
        ids = {row_id for some in self.rows.values() for row_id in some}
        known = with_values(noted, store.undo_history.changes_of(ids))
        me = self.people.get(store.user_id or "", "") or OWN
        told = self.tell(self.open_parts([replace(one, who=me) for one in known.values()]))
        rest = self.by_clocks(one for one in noted if id(one) not in known)
        return sorted([*told, *rest], key=lambda line: line.at, reverse=True)

    def open_parts(self, noted: Sequence[Noted]) -> list[Noted]:
        """The changes without the fields that the person may not see."""
        found = []
        for one in noted:
            fields = self.shown.get(one.row_id)
            if fields is not None:
                changes = {name: values for name, values in one.changes.items() if name in fields or name == CREATED}
                lost = {name: value for name, value in one.lost.items() if name in fields}
                if not (changes or lost or one.is_new):
                    continue
                one = replace(one, changes=changes, lost=lost)
            found.append(one)
        return found


Read = Callable[[Session, Store, str], Chapter]
"""Reads the chapter of a record by its id; raises LookupError when there is none."""


def notes_of(store: Store, rows: Sequence[TenantRow], things: Mapping[str, str] | None = None) -> list[Noted]:
    """What the clocks of rows tell."""
    device, known = store.local("device_id") or "", things or {}
    return [
        one
        for row in rows
        for one in noted_by_clocks(row.__tablename__, row.id, row.field_clocks, device, known.get(row.id, ""))
    ]


def shown_fields(store: Store, rows: Sequence[TenantRow]) -> dict[str, frozenset[str]]:
    """The fields of each row that the person may see; nothing for the owner, who sees all."""
    permissions = Permissions.of(store)
    if permissions.sees_all_locations:
        return {}
    return {row.id: permissions.shown_fields(row.__tablename__, row.id) for row in rows}


def people_of(session: Session, organization_id: str) -> dict[str, str]:
    """The names of users, by id."""
    rows = session.execute(
        select(User.id, User.first_name, User.last_name).where(User.organization_id == organization_id)
    )
    return {user_id: f"{first} {last}".strip() for user_id, first, last in rows}


def zone_at(session: Session, organization_id: str) -> tzinfo:
    """The center's time zone."""
    return zone_of(
        session.scalars(select(Organization.time_zone).where(Organization.organization_id == organization_id)).one()
    )
