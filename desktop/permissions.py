"""What the person at this PC may do, asked of the table of rights, so that screens hide or disable what the server
would refuse and say who can do it instead (product §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Table, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from desktop.store.store import Changes, Store
from shared_models.access.conditions import Row, Viewer
from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.access.policy import Action, may, may_change, tiers, visible, who_may, writable
from shared_models.people.models import Tutor
from shared_models.registry import tenant_classes

_DECIDING = frozenset({"user_role", "location_assignment", "tutor"})
_KNOWN: WeakKeyDictionary[Store, Permissions] = WeakKeyDictionary()


class Permissions:
    """What the signed-in user may do. On a PC on which nobody signed in, everything.

    Screens ask whenever they build or fill themselves; what decides is read again after it changed.
    """

    def __init__(self, store: Store) -> None:
        self._reference = ref(store)
        self._viewer: Viewer | None = None
        store.subscribe(self._heed)

    @classmethod
    def of(cls, store: Store) -> Permissions:
        """The permissions at a store, the same object each time."""
        known = _KNOWN.get(store)
        if known is None:
            known = _KNOWN[store] = cls(store)
        return known

    @property
    def _store(self) -> Store:
        store = self._reference()
        assert store is not None
        return store

    @property
    def viewer(self) -> Viewer:
        """Who works at this PC."""
        if self._viewer is None or self._viewer.user_id != self._store.user_id:
            self._viewer = _viewer_at(self._store)
        return self._viewer

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that the user holds."""
        return self.viewer.roles

    @property
    def sees_all_locations(self) -> bool:
        """Whether the user's work is not bound to assigned locations."""
        return Role.OWNER in self.roles

    def works_at(self, location_id: str | None) -> bool:
        """Whether a location is one of the user's; no location stands for all of them together."""
        return self.sees_all_locations or (location_id is not None and location_id in self.viewer.location_ids)

    def may_write(self, table: str) -> bool:
        """Whether the user may make rows of a table, at least at the user's own locations."""
        return may(Action.CREATE, table, self.roles)

    def may_change(self, table: str, *fields: str) -> bool:
        """Whether the user may change some rows of a table: all of the given fields, or any at all."""
        open_fields = writable(table, self.roles)
        return bool(open_fields) and open_fields.issuperset(fields)

    def may_archive(self, table: str) -> bool:
        """Whether the user may archive rows of a table."""
        return may(Action.ARCHIVE, table, self.roles)

    def sees(self, table: str) -> bool:
        """Whether the user sees any rows of a table."""
        return bool(tiers(table, self.roles))

    def hides(self, table: str, field: str) -> bool:
        """Whether a field is hidden from the user in every row."""
        return all(field not in tier.fields for tier in tiers(table, self.roles))

    def open_fields(self, table: str, row_id: str, action: Action = Action.UPDATE) -> frozenset[str]:
        """The fields of one row that the user may change; none when the row is out of reach."""
        with self._store.read() as session:
            around = _StoreSurroundings(session, self._store.organization_id)
            row = around.row(table, row_id)
            return frozenset() if row is None else may_change(action, table, row, self.viewer, around)

    def shown_fields(self, table: str, row_id: str) -> frozenset[str]:
        """The fields of one row that the user sees."""
        with self._store.read() as session:
            around = _StoreSurroundings(session, self._store.organization_id)
            row = around.row(table, row_id)
            return (visible(table, row, self.viewer, around) if row is not None else None) or frozenset()

    def sees_in_part(self, table: str, row_id: str) -> bool:
        """Whether the user sees less of this row than of others in its table."""
        seen = [tier.fields for tier in tiers(table, self.roles)]
        most = frozenset[str]().union(*seen)
        if all(fields == most for fields in seen):
            return False
        shown = self.shown_fields(table, row_id)
        return bool(shown) and shown < most

    def why_not(self, table: str, action: Action = Action.UPDATE, location_id: str | None = None) -> str:
        """Why the user may not do something, as a tooltip that says who can; empty when it may be done. With a
        location, at that one."""
        if not may(action, table, self.roles):
            who = who_may(action, table) or "someone who works at the front desk"
            return f"Only {who} can change this."
        if location_id is not None and not self.works_at(location_id):
            return "Only the owner and those who work at this location can change this."
        return ""

    def why_not_new(self, table: str) -> str:
        """Why the user can make no row of a table that belongs to a location, at any of them; empty when some can be
        made."""
        why = self.why_not(table, Action.CREATE)
        if why or self.sees_all_locations or self.viewer.location_ids:
            return why
        return "Only those who work at a location can do this. The owner says who works where."

    def _heed(self, changes: Changes) -> None:
        if not _DECIDING.isdisjoint(changes):
            self._viewer = None


def own_places(store: Store) -> frozenset[str] | None:
    """The locations of the person at this PC; None where that is all of them."""
    permissions = Permissions.of(store)
    return None if permissions.sees_all_locations else permissions.viewer.location_ids


def _viewer_at(store: Store) -> Viewer:
    user_id = store.user_id
    if user_id is None:
        return Viewer(frozenset({Role.OWNER}))
    with store.read() as session:

        def live(kind: type[UserRole] | type[LocationAssignment] | type[Tutor]) -> tuple[Any, ...]:
            own = store.organization_id
            return kind.organization_id == own, kind.user_id == user_id, kind.archived_at.is_(None)

        return Viewer(
            frozenset(session.scalars(select(UserRole.role).where(*live(UserRole)))),
            user_id,
            frozenset(session.scalars(select(LocationAssignment.location_id).where(*live(LocationAssignment)))),
            frozenset(session.scalars(select(Tutor.id).where(*live(Tutor)))),
        )


class _StoreSurroundings:
    """The rows of the store, for the evaluator."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def row(self, table: str, row_id: str) -> Row | None:
        return next(iter(self._rows(table, "id", row_id)), None)

    def referring(self, table: str, field: str, row_id: str) -> Iterable[Row]:
        return self._rows(table, field, row_id)

    def _rows(self, name: str, field: str, value: str) -> list[Mapping[str, Any]]:
        table: Any = tenant_classes()[name].__table__
        assert isinstance(table, Table)
        statement = select(table).where(table.c.organization_id == self._organization_id, table.c[field] == value)
        written = {column.name: column.type.dialect_impl(_SQLITE) for column in table.columns}
        return [
            {column: _wire(written[column].bind_processor(_SQLITE), row[column]) for column in written}
            for row in self._session.connection().execute(statement).mappings()
        ]


_SQLITE = sqlite.dialect()


def _wire(process: Any, value: Any) -> Any:
    """A value as SQLite stores it, which is how it travels."""
    return value if process is None or value is None else process(value)
