"""The session hook: sees every flushed change of a syncable row, stamps the changed fields and marks the row unsent
(desktop) or numbers it (server) in the same transaction, so that there is no second bookkeeping to forget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakMethod

from sqlalchemy import Table, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker
from sqlalchemy.orm.attributes import set_committed_value

from shared_models.base import SYNC_COLUMNS, TenantRow
from shared_models.sync.causal import context_key, long_text, membership
from shared_models.sync.clocks import CREATED, ERASED_CLOCK, HybridClock, clock_of, edits_of
from shared_models.sync.merge import ARCHIVED, rules_of

_CHANGES = "sync_changes"
_ALLOWED = "sync_bulk"
_RECORDER = "sync_recorder"


class UntrackedWrite(RuntimeError):
    """Our bug: a statement would change syncable rows behind the hook's back."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row's change in one flush: Python values before and after, of the changed fields only."""

    table: str
    organization_id: str
    row_id: str
    is_new: bool
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)


ChangeListener = Callable[[Session, Sequence[RowChange]], None]
SequenceAllocator = Callable[[Session, str, int], int]
"""Takes (session, organization id, how many) and returns the first of that many new sequence numbers."""


class ChangeRecorder:
    """Attach to a session factory; every session it makes then records.

    `allocate` is given on the server only: rows then get a `server_seq` instead of an unsent mark.
    `on_flush` runs inside the transaction (audit); `on_commit` after it (announcements, undo).
    """

    def __init__(
        self,
        clock: HybridClock,
        *,
        allocate: SequenceAllocator | None = None,
        on_flush: ChangeListener | None = None,
        on_commit: ChangeListener | None = None,
        label: Callable[[], str] = str,
    ) -> None:
        """`label` says who writes and when, for texts that two people wrote at the same time ([S-12])."""
        self.clock = clock
        self._allocate = allocate
        self._on_flush = on_flush
        self._on_commit = on_commit
        self._label = label

    def attach(self, factory: sessionmaker[Session]) -> None:
        """Listen to every session of this factory, which keeps the recorder for as long as it lives."""
        factory.configure(info={**(factory.kw.get("info") or {}), _RECORDER: self})
        event.listen(factory, "before_flush", _weakly(self._before_flush))
        event.listen(factory, "after_commit", _weakly(self._after_commit))
        event.listen(factory, "after_rollback", _weakly(self._after_rollback))
        event.listen(factory, "do_orm_execute", _refuse_untracked)

    def insert_rows(
        self,
        session: Session,
        kind: type[TenantRow],
        rows: Sequence[Mapping[str, Any]],
        *,
        skip_existing: bool = False,
    ) -> None:
        """Insert many rows at once, stamped and marked as if each had been added to the session.

        Rows are dicts of Python values with at least `organization_id` and `id`; columns left out take their
        defaults. With `skip_existing`, rows whose id is already there are left as they are.
        """
        if not rows:
            return
        table = kind.__table__
        assert isinstance(table, Table)
        stamp = self.clock.tick()
        common: dict[str, Any] = {"field_clocks": {CREATED: stamp}, "server_seq": None, "unsent_since": None}
        if self._allocate is None:
            common["unsent_since"] = stamp
        prepared = [{**row, **common} for row in rows]
        if self._allocate is not None:
            first = self._allocate(session, prepared[0]["organization_id"], len(prepared))
            for number, row in enumerate(prepared, first):
                row["server_seq"] = number
        connection = session.connection()
        statement: Any
        if skip_existing:
            statement = _insert_for(connection.dialect.name)(table).on_conflict_do_nothing()
        else:
            statement = table.insert()
        connection.execute(statement, prepared)
        changes = [RowChange(table.name, row["organization_id"], row["id"], True, {}, row) for row in rows]
        self._record(session, changes)

    def _before_flush(self, session: Session, _context: object, _instances: object) -> None:
        for row in session.deleted:
            if isinstance(row, TenantRow):
                raise UntrackedWrite(f"{row.__tablename__} rows are archived, never deleted")
        changes = [change for row in session.new if (change := self._created(row))]
        changes += [change for row in session.dirty if (change := self._edited(row))]
        if not changes:
            return
        if self._allocate is not None:
            self._number(session, changes)
        self._record(session, changes)

    def _created(self, row: object) -> RowChange | None:
        if not isinstance(row, TenantRow):
            return None
        _fill_defaults(row)
        stamp = self.clock.tick()
        row.field_clocks = {CREATED: stamp}
        if self._allocate is None:
            row.unsent_since = stamp
        values = {name: getattr(row, name) for name in fields_of(type(row))}
        return RowChange(row.__tablename__, row.organization_id, row.id, True, {}, values)

    def _edited(self, row: object) -> RowChange | None:
        if not isinstance(row, TenantRow):
            return None
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        state = inspect(row)
        for name in fields_of(type(row)):
            history = state.attrs[name].history
            if not history.has_changes():
                continue
            before = history.deleted[0] if history.deleted else _stored(row, name)
            after = history.added[0] if history.added else None
            if before != after:
                old[name], new[name] = before, after
        if not new:
            return None
        if row.field_clocks.get(CREATED) == ERASED_CLOCK:
            # What was erased stays as it is, here as on the server ([S-15]).
            for name, before in old.items():
                set_committed_value(row, name, before)
            return None
        for known in edits_of(row.field_clocks).values():
            self.clock.observe(known)
        stamp = self.clock.tick()
        stamped = set(new).union(*(group for group in type(row).fields_together if not group.isdisjoint(new)))
        contexts = self._contexts(row, old, new, stamp)
        row.field_clocks = {**row.field_clocks, **dict.fromkeys(sorted(stamped), stamp), **contexts}
        if self._allocate is None and row.unsent_since is None:
            row.unsent_since = stamp
        return RowChange(row.__tablename__, row.organization_id, row.id, False, old, new)

    def _contexts(self, row: TenantRow, old: Mapping[str, Any], new: Mapping[str, Any], stamp: str) -> dict[str, str]:
        """What an edit had seen of the fields for which that matters ([S-12], [S-13])."""
        rules = rules_of(type(row))
        contexts: dict[str, str] = {}
        for name in new:
            if not rules.covers(name):
                continue
            key = context_key(name)
            before = clock_of(row.field_clocks, name), row.field_clocks.get(key)
            if name == ARCHIVED:
                member = membership(_moment(old[name]), *before).edited(stamp, _moment(new[name]))
                contexts[key] = member.context
            else:
                written = long_text(old[name] or "", *before).edited(stamp, self._label(), new[name] or "")
                contexts[key] = written.context
        return contexts

    def _number(self, session: Session, changes: Iterable[RowChange]) -> None:
        changed = {(change.table, change.row_id) for change in changes}
        rows = [
            row
            for row in (*session.new, *session.dirty)
            if isinstance(row, TenantRow) and (row.__tablename__, row.id) in changed
        ]
        assert self._allocate is not None
        for organization_id in sorted({row.organization_id for row in rows}):
            own = [row for row in rows if row.organization_id == organization_id]
            with session.no_autoflush:
                first = self._allocate(session, organization_id, len(own))
            for number, row in enumerate(own, first):
                row.server_seq = number

    def _record(self, session: Session, changes: list[RowChange]) -> None:
        session.info.setdefault(_CHANGES, []).extend(changes)
        if self._on_flush is not None:
            self._on_flush(session, changes)

    def _after_commit(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        changes = session.info.pop(_CHANGES, [])
        if changes and self._on_commit is not None:
            self._on_commit(session, changes)

    def _after_rollback(self, session: Session) -> None:
        session.info.pop(_CHANGES, None)


def fields_of(kind: type[TenantRow]) -> tuple[str, ...]:
    """The names of a table's fields: what people edit, without ids and sync columns."""
    known = _FIELDS.get(kind)
    if known is None:
        known = tuple(column.name for column in kind.__table__.columns if column.name not in SYNC_COLUMNS)
        _FIELDS[kind] = known
    return known


_FIELDS: dict[type[TenantRow], tuple[str, ...]] = {}


def _stored(row: TenantRow, name: str) -> Any:
    """A field's value before an edit that was made without the old value having been loaded."""
    before = inspect(row).attrs[name].load_history().deleted
    return before[0] if before else None


def _fill_defaults(row: TenantRow) -> None:
    """Set column defaults now rather than at INSERT, so that the recorded change and the clocks see them."""
    for column in type(row).__table__.columns:
        if column.default is not None and getattr(row, column.name) is None:
            default = column.default
            value = default.arg(None) if default.is_callable else default.arg
            setattr(row, column.name, value)


def _moment(value: datetime | None) -> str | None:
    """An instant as it travels."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _insert_for(dialect: str) -> Callable[[Table], Any]:
    """The INSERT of a database that can skip rows which are there; loaded when asked for, to start sooner."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert


def _weakly(method: Callable[..., None]) -> Callable[..., None]:
    """A listener that does not keep its recorder alive: SQLAlchemy keeps the listeners of a factory for ever, and
    with the recorder a closed store and everything that ever listened to it would stay."""
    held = WeakMethod(method)

    def listener(*arguments: Any) -> None:
        living = held()
        if living is None:
            raise UntrackedWrite("the recorder of this session is gone")
        living(*arguments)

    return listener


def _refuse_untracked(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    if state.execution_options.get(_ALLOWED) or state.bind_mapper is None:
        return
    if issubclass(state.bind_mapper.class_, TenantRow):
        raise UntrackedWrite(f"change {state.bind_mapper.class_.__tablename__} through its objects or insert_rows")


@contextmanager
def collected(session: Session) -> Iterator[list[RowChange]]:
    """The changes flushed inside the block: what an operation did, for undo."""
    pending: list[RowChange] = session.info.setdefault(_CHANGES, [])
    start = len(pending)
    out: list[RowChange] = []
    yield out
    session.flush()
    out.extend(session.info.get(_CHANGES, [])[start:])
