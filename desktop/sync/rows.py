"""The SQL by which the sync reads and writes rows of the store, whole tables at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from typing import Any, Self

import orjson
import sqlcipher3.dbapi2
from sqlalchemy import Boolean, Column, Date, Enum, Integer, Table

from desktop.store.store import Store, unwritable
from desktop.sync.pace import Pace
from shared_models.base import Instant, JsonValue, WallTime
from shared_models.registry import tenant_classes
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import TableBatch, wire_fields

# The names of facts about this PC (`Store.local`) that the sync keeps.
CURSOR = "pull_cursor"
SCOPE = "sync_scope"
LINEAGE = "sync_lineage"
EPOCH = "sync_epoch"
WITHDRAWS = "sync_withdraws_all"
"""Set while everything is fetched again under a new scope ([S-53])."""
DOUBTFUL = -1
"""The `server_seq` of rows that may be gone from a restored server, until they are fetched anew ([S-32])."""

WHOLE = "0"
"""An unsent mark before every stamp: the row is sent whole."""

_SHORT = 64
_MANY = 20
"""A value is put into the statement when it is no longer than this and the same in at least so many rows."""
_BULK_CACHE_KIB = 65_536
_BULK_WAL_PAGES = 16_000
_USUAL_CACHE_KIB = 16_384
_ALONE_ROWS = 400
"""After so many rows a writer looks up whether somebody waits to save, though nobody seemed to work here."""
_LOG_ROWS = 4_000
"""After so many the log is moved into the file, between two turns: the disk is busy with a long one for longer than
anybody should wait."""


class SyncWriter:
    """Writes rows of the server into the store, in turns with the people at the desk.

    Whoever writes many asks for `room` before each part and says afterwards that they `wrote` it: the turn ends there
    when it has lasted long enough, and another begins.
    """

    def __init__(self, store: Store, *, is_bulk: bool = False) -> None:
        self._store = store
        self._is_bulk = is_bulk
        self._pace = Pace() if store.gate.has_company else None
        self._rows_of_turn = self._rows_in_log = 0
        self._held = ExitStack()
        self._driver: Any = None
        self._facts: dict[str, str | None] = {}
        self.is_open = False
        """Whether a turn of writing is under way."""

    def __enter__(self) -> Self:
        with ExitStack() as held:
            self._driver = held.enter_context(self._store.bulk_connection())
            held.callback(self._leave_as_found)
            if self._is_bulk:
                self._driver.execute(f"PRAGMA cache_size = -{_BULK_CACHE_KIB}")
            if self._pace is not None:  # Each turn pays for itself: whoever saves waits for no more than their own.
                self._driver.execute("PRAGMA synchronous = FULL")
                held.enter_context(self._store.log_mover.held())
            elif self._is_bulk:
                self._driver.execute(f"PRAGMA wal_autocheckpoint = {_BULK_WAL_PAGES}")
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _leave_as_found(self) -> None:
        self.roll_back()
        self._driver.execute(f"PRAGMA cache_size = -{_USUAL_CACHE_KIB}")
        self._driver.execute("PRAGMA synchronous = NORMAL")
        self._driver.execute("PRAGMA wal_autocheckpoint = 0")

    def begin(self) -> None:
        """Take the turn to write, unless it is taken already."""
        if self.is_open:
            return
        self._store.gate.take()
        try:
            with saying_why():
                self._driver.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._store.gate.leave()
            raise
        self.is_open = True
        self._rows_of_turn = 0
        if self._pace is not None:
            self._pace.begin()

    def commit(self) -> None:
        """End the turn; what was written stays."""
        if not self.is_open:
            return
        with saying_why():
            self._store.engine.dialect.do_commit(self._driver)
        self._store.know_local(self._facts)
        self._facts = {}
        self.is_open = False
        self._store.gate.leave()

    def roll_back(self) -> None:
        """End the turn; nothing of it stays."""
        if not self.is_open:
            return
        self.is_open = False
        self._facts = {}
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        finally:
            self._store.gate.leave()

    @property
    def room(self) -> int:
        """How many rows may be written before the next `wrote`."""
        return _ALONE_ROWS if self._pace is None else max(1, self._pace.rows - self._rows_of_turn)

    def wrote(self, rows: int) -> None:
        """So many rows were written: where that is enough for now, commit, let others write, and begin again."""
        self._rows_of_turn += rows
        is_enough = self._pace is not None and self._rows_of_turn >= self._pace.rows
        if not self.is_open or not (is_enough or self._store.gate.is_awaited):
            return
        written = self._rows_of_turn
        self.commit()
        if self._pace is not None:
            self._pace.rest(written)
            self._rows_in_log += written
            if self._rows_in_log >= _LOG_ROWS:
                self._rows_in_log = 0
                self.move_log()
        self._store.gate.step_back()
        self.begin()

    def execute(self, sql: str, values: Any = ()) -> Any:
        """Run one statement; returns its cursor."""
        with saying_why():
            return self._driver.execute(sql, values)

    def executemany(self, sql: str, rows: Any) -> None:
        """Run one statement for many rows, without any Python for each."""
        with saying_why():
            self._driver.executemany(sql, rows)

    def remember(self, facts: Mapping[str, str | None]) -> None:
        """Write facts about this PC in the same transaction."""
        self._facts.update(facts)
        for name, value in facts.items():
            if value is None:
                self.execute("DELETE FROM local_state WHERE name = ?", (name,))
            else:
                self.execute(
                    "INSERT INTO local_state (name, value) VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (name, value),
                )

    def move_log(self) -> None:
        """After much was written: move the log into the file, as far as no reader needs it. Between two turns."""
        with saying_why():
            self._driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


@contextmanager
def saying_why() -> Iterator[None]:
    """Turn what SQLite says about a disk that is full, read-only or gone into a sentence ([StoreUnwritable])."""
    try:
        yield
    except sqlcipher3.dbapi2.OperationalError as error:
        raise unwritable(str(error)) from error


@cache
def table_of(name: str) -> Table:
    """The table of a name."""
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table


def write_rows(writer: SyncWriter, organization_id: str, batch: TableBatch, fields: tuple[str, ...]) -> None:
    """Write the server's state of rows that have no unsent changes ([S-51]); `fields` are those columns of the batch
    that this program knows. Fields that are not among them become blank.

    What is the same in all rows stands in the statement, which spares handing it over for each; and an index is
    touched only for rows in which one of its columns changed.
    """
    columns = dict(zip(fields, batch.columns, strict=True))
    same = _same_in_all(columns)
    varied = tuple(name for name in fields if name not in same)
    literals = {**same, "organization_id": _literal(organization_id)}
    statements = [_upsert(batch.table, varied, literals, is_quiet=True)]
    if _holds_any(writer, organization_id, batch):
        statements.append(_upsert(batch.table, varied, literals, is_quiet=False))
    seqs: Iterable[int | None] = repeat(None) if batch.seqs is None else batch.seqs
    for statement in statements:
        writer.executemany(
            statement,
            zip(batch.ids, batch.clocks, seqs, *(columns[name] for name in varied), strict=False),
        )


def _same_in_all(columns: Mapping[str, list[FieldValue]]) -> dict[str, str]:
    """The columns with one short value throughout, as SQL literals."""
    found = {}
    for name, values in columns.items():
        first = values[0]
        is_short = first is None or type(first) is int or (type(first) is str and len(first) <= _SHORT)
        if is_short and len(values) >= _MANY and values.count(first) == len(values) and "\0" not in str(first):
            found[name] = _literal(first)
    return found


def _literal(value: FieldValue) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _holds_any(writer: SyncWriter, organization_id: str, batch: TableBatch) -> bool:
    found = writer.execute(
        f'SELECT 1 FROM "{batch.table}" WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?)) LIMIT 1',
        (organization_id, orjson.dumps(batch.ids).decode()),
    ).fetchone()
    return found is not None


def _upsert(name: str, varied: tuple[str, ...], literals: Mapping[str, str], *, is_quiet: bool) -> str:
    """Takes id, clocks, sequence number and the varied fields. The quiet kind leaves alone rows in which an indexed
    field changes, the other kind all others."""
    table = table_of(name)
    given = ("id", "field_clocks", "server_seq", *varied)
    hidden = {
        field: _literal(blank_value(table.c[field]))
        for field in wire_fields(table)
        if field not in varied and field not in literals
    }
    fixed = {**literals, **hidden}
    columns = ", ".join(f'"{field}"' for field in (*given, *fixed))
    values = ", ".join([*"?" * len(given), *fixed.values()])
    indexed = _indexed(name)
    written = [field for field in (*given, *fixed) if field not in ("organization_id", "id")]
    sets = ", ".join(f'"{field}" = excluded."{field}"' for field in written if not (is_quiet and field in indexed))
    unmoved = " AND ".join(f'"{field}" IS excluded."{field}"' for field in sorted(indexed)) or "1"
    return (
        f'INSERT INTO "{name}" ({columns}) VALUES ({values}) ON CONFLICT (organization_id, id) DO UPDATE SET {sets} '
        f"WHERE unsent_since IS NULL AND {'' if is_quiet else 'NOT '}({unmoved})"
    )


@cache
def _indexed(name: str) -> frozenset[str]:
    """The fields of a table that stand in an index."""
    table = table_of(name)
    return frozenset(column.name for index in table.indexes for column in index.columns) & set(wire_fields(table))


@cache
def blank_value(column: Column[Any]) -> FieldValue:
    """What stands in the store for a field that this PC may not see: nothing, or the nearest to it that fits."""
    if column.nullable:
        return None
    kind = column.type
    if isinstance(kind, Enum):
        return str(kind.enums[0])
    default: Any = column.default
    value = None if default is None else default.arg(None) if default.is_callable else default.arg
    if isinstance(kind, JsonValue):
        return orjson.dumps([] if value is None else value).decode()
    if isinstance(value, (int, str)):
        return int(value) if isinstance(value, bool) else value
    if isinstance(kind, (Integer, Boolean)):
        return 0
    if isinstance(kind, Instant):
        return "1970-01-01T00:00:00Z"
    if isinstance(kind, WallTime):
        return "00:00"
    if isinstance(kind, Date):
        return "1970-01-01"
    return ""


@cache
def tables_with_unsent() -> str:
    """Which tables hold anything unsent, parents before children."""
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\" INDEXED BY ix_{name}_unsent "
        "WHERE organization_id = :org AND unsent_since IS NOT NULL)"
        for name in tenant_classes()
    )


def moment() -> str:
    """This moment as the store keeps instants."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
