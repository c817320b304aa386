"""The program before this one, as far as the sync is concerned: protocol 1, as it was published. Kept to hold the
server to what it promises older programs ([S-22]); it is not to be improved."""

from __future__ import annotations

import http.client
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text

from desktop.store.store import Store, write_local
from desktop.sync.errors import SignedOut, SyncError, TooOld, Unreachable
from shared_models.base import TenantRow
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import CREATED, clock_of
from shared_models.sync.merge import FieldValue, merge
from shared_models.sync.wire import CONTENT_TYPE, BadMessage, TableBatch, pack, unpack, wire_fields


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the server did not take, and why."""

    table: str
    row_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the server refused, and its own rows in place of the refused ones, as far as it has them."""

    refused: list[RefusedRow]
    standing: list[TableBatch]


@dataclass(frozen=True, slots=True)
class PulledPage:
    """Rows after the cursor, and where the next page begins."""

    next_cursor: int
    has_more: bool
    batches: list[TableBatch]


class PreviousClient:
    """Push and pull of protocol 1 over the simulated connection."""

    def __init__(self, connection: Any, token: str) -> None:
        self._connection, self._token = connection, token

    def close(self) -> None:
        """Nothing is open."""

    def push(self, batches: Sequence[TableBatch]) -> PushAnswer:
        """Send changes; answers with what the server refused."""
        head, standing = self._ask("POST", "/api/v1/sync/push", pack({"protocol": 1}, batches))
        return PushAnswer([RefusedRow(row["table"], row["id"], row["reason"]) for row in head["refused"]], standing)

    def pull(self, after: int, limit: int) -> PulledPage:
        """Fetch the page of changes after a cursor."""
        head, batches = self._ask("GET", f"/api/v1/sync/pull?after={after}&limit={limit}")
        return PulledPage(int(head["next"]), bool(head["more"]), batches)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[dict[str, Any], list[TableBatch]]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = CONTENT_TYPE
        try:
            reply = self._connection.send(method, path, headers, body)
            raw = reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("The server does not answer.") from error
        match reply.status:
            case 401:
                raise SignedOut("This PC is no longer signed in.")
            case 426:
                raise TooOld("Update this program.")
            case status if status >= 500:
                raise Unreachable("The server is not available right now.")
            case status if status >= 300:
                raise SyncError(f"The server answered with an error ({status}).")
        try:
            return unpack(raw)
        except BadMessage as error:
            raise Unreachable("That is not iTutorOS’s.") from error


CURSOR = "pull_cursor"
PUSH_ROWS = 5000
PULL_ROWS = 2000
"""Rows in one page: small enough that a save at the desk never waits long for a page being merged."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one exchange did."""

    sent: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    received: int = 0


def exchange(store: Store, client: PreviousClient) -> Exchanged:
    """Push everything unsent, then pull everything new."""
    refused, sent = [], 0
    for batches in collect_unsent(store):
        answer = client.push(batches)
        _acknowledge(store, batches, answer)
        refused += answer.refused
        sent += sum(len(batch.ids) for batch in batches) - len(answer.refused)
    return Exchanged(sent, refused, pull_all(store, client))


def pull_all(store: Store, client: PreviousClient) -> int:
    """Pull page after page until nothing is new; returns how many rows came."""
    received = 0
    while True:
        page = client.pull(int(store.local(CURSOR) or 0), PULL_ROWS)
        received += sum(len(batch.ids) for batch in page.batches)
        if page.batches:
            apply_page(store, page)
        if not page.has_more:
            return received


def collect_unsent(store: Store) -> Iterator[list[TableBatch]]:
    """Everything unsent, parents before children, in requests of at most PUSH_ROWS rows.

    Read in one view of the store, so that a row never travels before another that it refers to.
    """
    with store.engine.connect() as connection:
        parts = [part for name in tenant_classes() for part in _unsent_of(connection, name)]
    request: list[TableBatch] = []
    room = PUSH_ROWS
    for part in parts:
        for piece in _pieces(part, room):
            request.append(piece)
            room -= len(piece.ids)
            if room == 0:
                yield request
                request, room = [], PUSH_ROWS
    if request:
        yield request


def _pieces(batch: TableBatch, room: int) -> Iterator[TableBatch]:
    start = 0
    while start < len(batch.ids):
        end = start + room
        yield TableBatch(
            batch.table,
            batch.fields,
            batch.ids[start:end],
            batch.clocks[start:end],
            [column[start:end] for column in batch.columns],
        )
        start, room = end, PUSH_ROWS


def _unsent_of(connection: Connection, name: str) -> list[TableBatch]:
    fields = wire_fields(_table(name))
    columns = ", ".join(f'"{field_name}"' for field_name in fields)
    rows = connection.execute(
        text(f'SELECT id, field_clocks, unsent_since, {columns} FROM "{name}" WHERE unsent_since IS NOT NULL')
    ).all()
    groups: defaultdict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        groups[_changed_fields(fields, orjson.loads(row[1]), row[2])].append(tuple(row))
    places = {field_name: place for place, field_name in enumerate(fields, 3)}
    return [
        TableBatch(
            name,
            changed,
            [row[0] for row in group],
            [row[1] for row in group],
            [[row[places[field_name]] for row in group] for field_name in changed],
        )
        for changed, group in groups.items()
    ]


def _changed_fields(fields: tuple[str, ...], clocks: Mapping[str, str], since: str) -> tuple[str, ...]:
    if clocks.get(CREATED, "") >= since:
        return fields
    return tuple(name for name in fields if clock_of(clocks, name) >= since)


def _acknowledge(store: Store, batches: Sequence[TableBatch], answer: PushAnswer) -> None:
    """Take the unsent mark off rows that are still as they were sent. A row edited while it travelled keeps its mark
    and is sent again. A refused row goes back to what the server has, and its values are kept for the person."""
    refused = {(row.table, row.row_id): row.reason for row in answer.refused}
    organization_id = store.organization_id
    with store.engine.connect().execution_options(begin_immediate=True) as connection:
        for batch in batches:
            connection.exec_driver_sql(
                f'UPDATE "{batch.table}" SET unsent_since = NULL '
                "WHERE organization_id = ? AND id = ? AND field_clocks = ?",
                [(organization_id, row_id, clocks) for row_id, clocks in zip(batch.ids, batch.clocks, strict=True)],
            )
            _keep_refused(connection, batch, refused)
        _put_back(connection, organization_id, answer)
        connection.commit()
    if refused:
        touched: defaultdict[str, set[str]] = defaultdict(set)
        for table, row_id in refused:
            touched[table].add(row_id)
        store.announce({table: frozenset(ids) for table, ids in touched.items()})


_BOTH_KEPT = (
    "SELECT json_group_object(key, value) FROM (SELECT key, value FROM json_each(excluded.kept_values) "
    "UNION ALL SELECT key, value FROM json_each(needs_attention.kept_values) "
    "WHERE key NOT IN (SELECT key FROM json_each(excluded.kept_values)))"
)


def _keep_refused(connection: Connection, batch: TableBatch, refused: Mapping[tuple[str, str], str]) -> None:
    kept = [
        (
            batch.table,
            row_id,
            refused[batch.table, row_id],
            orjson.dumps(dict(zip(batch.fields, values, strict=True))).decode(),
            _now(),
        )
        for row_id, values in zip(batch.ids, batch.rows(), strict=True)
        if (batch.table, row_id) in refused
    ]
    if kept:
        connection.exec_driver_sql(
            "INSERT INTO needs_attention (table_name, row_id, reason, kept_values, refused_at) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (table_name, row_id) DO UPDATE SET reason = excluded.reason, "
            f"kept_values = ({_BOTH_KEPT}), refused_at = excluded.refused_at",
            kept,
        )


def _put_back(connection: Connection, organization_id: str, answer: PushAnswer) -> None:
    """Give refused rows the server's values; a refused row that the server never had is archived on this PC."""
    standing = {(batch.table, row_id) for batch in answer.standing for row_id in batch.ids}
    for row in answer.refused:
        unknown = (row.table, row.row_id) not in standing
        connection.exec_driver_sql(
            f'UPDATE "{row.table}" SET unsent_since = NULL{", archived_at = ?" if unknown else ""} '
            "WHERE organization_id = ? AND id = ?",
            ((_now(),) if unknown else ()) + (organization_id, row.row_id),
        )
    for batch in answer.standing:
        rows = zip(batch.ids, batch.clocks, batch.rows(), strict=True)
        connection.exec_driver_sql(
            _upsert(batch.table, batch.fields),
            [(organization_id, row_id, clocks, *values) for row_id, clocks, values in rows],
        )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def apply_page(store: Store, page: PulledPage) -> None:
    """Merge a pulled page and move the cursor in one transaction, then announce what changed."""
    changed: dict[str, frozenset[str]] = {}
    connection = store.engine.connect()
    try:
        # A page may bring a row before another it refers to, which comes with a later page; the server has
        # checked the references. The pragma holds for this connection alone and only outside a transaction.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        connection = connection.execution_options(begin_immediate=True)
        for batch in page.batches:
            if batch.ids:
                changed[batch.table] = _merge_batch(connection, store.organization_id, batch)
                store.clock.observe(max(max(orjson.loads(clocks).values()) for clocks in batch.clocks))
        write_local(connection, {CURSOR: str(page.next_cursor)})
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        connection.close()
    store.reload_local()
    store.announce({table: ids for table, ids in changed.items() if ids})


def _merge_batch(connection: Connection, organization_id: str, batch: TableBatch) -> frozenset[str]:
    """Write a batch's rows; rows with unsent edits are merged field by field. Returns the ids that changed."""
    known = set(wire_fields(_table(batch.table)))
    fields = tuple(name for name in batch.fields if name in known)
    columns = [batch.columns[place] for place, name in enumerate(batch.fields) if name in known]
    stored = _stored_clocks(connection, organization_id, batch)
    edited = {row_id for row_id, (_, unsent) in stored.items() if unsent is not None}
    fresh: list[tuple[Any, ...]] = []
    changed: set[str] = set()
    rows: Iterable[tuple[FieldValue, ...]] = zip(*columns, strict=True)
    for row_id, clocks, values in zip(batch.ids, batch.clocks, rows, strict=True):
        if row_id in edited:
            if _merge_row(connection, organization_id, batch.table, fields, row_id, clocks, values):
                changed.add(row_id)
        elif row_id not in stored or orjson.loads(stored[row_id][0]) != orjson.loads(clocks):
            fresh.append((organization_id, row_id, clocks, *values))
            changed.add(row_id)
    if fresh:
        connection.exec_driver_sql(_upsert(batch.table, fields), fresh)
    return frozenset(changed)


def _stored_clocks(
    connection: Connection, organization_id: str, batch: TableBatch
) -> dict[str, tuple[str, str | None]]:
    found = connection.exec_driver_sql(
        f'SELECT id, field_clocks, unsent_since FROM "{batch.table}" '
        "WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?))",
        (organization_id, orjson.dumps(batch.ids).decode()),
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _merge_row(
    connection: Connection,
    organization_id: str,
    table: str,
    fields: tuple[str, ...],
    row_id: str,
    clocks: str,
    values: tuple[FieldValue, ...],
) -> bool:
    every = wire_fields(_table(table))
    columns = ", ".join(f'"{name}"' for name in every)
    row = connection.exec_driver_sql(
        f'SELECT field_clocks, unsent_since, {columns} FROM "{table}" WHERE organization_id = ? AND id = ?',
        (organization_id, row_id),
    ).one()
    current_clocks, since = orjson.loads(row[0]), row[1]
    outcome = merge(
        dict(zip(every, row[2:], strict=True)),
        current_clocks,
        dict(zip(fields, values, strict=True)),
        orjson.loads(clocks),
    )
    theirs = orjson.loads(clocks)
    # Still unsent is only what is later here than at the server.
    ahead = [
        clock_of(outcome.clocks, name) for name in every if clock_of(outcome.clocks, name) > clock_of(theirs, name)
    ]
    sets = ", ".join(f'"{name}" = ?' for name in every)
    connection.exec_driver_sql(
        f'UPDATE "{table}" SET field_clocks = ?, unsent_since = ?, {sets} WHERE organization_id = ? AND id = ?',
        (
            orjson.dumps(outcome.clocks).decode(),
            min(ahead) if ahead else None,
            *(outcome.values[name] for name in every),
            organization_id,
            row_id,
        ),
    )
    return bool(outcome.changed) or since is not None


@cache
def _upsert(table: str, fields: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in fields)
    marks = ", ".join("?" * (len(fields) + 3))
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in fields)
    return (
        f'INSERT INTO "{table}" (organization_id, id, field_clocks, {columns}) VALUES ({marks}) '
        f"ON CONFLICT (organization_id, id) DO UPDATE SET field_clocks = excluded.field_clocks, {sets} "
        "WHERE unsent_since IS NULL"
    )


def _table(name: str) -> Table:
    kind: type[TenantRow] = tenant_classes()[name]
    table: Any = kind.__table__
    assert isinstance(table, Table)
    return table
