"""What this PC has to send: unsent rows, read in requests of a bounded size, and what the server answered.

Values of new rows go from the file into the message as JSON that SQLite writes, column by column, so that nothing is
done in Python for each row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, repeat
from typing import Any

import orjson
import zstandard

from desktop.store.store import CLOCK_FLOOR, Changes, Store
from desktop.sync.client import Head, Message
from desktop.sync.rows import CURSOR, LINEAGE, SyncWriter, moment, table_of, tables_with_unsent, write_rows
from shared_models.sync.clocks import CREATED, clock_of, edits_of
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import wire_fields

MOST_ROWS = 50_000
MOST_BYTES = 24_000_000
"""The bounds of one request, unpacked ([S-46])."""

_FIRST_ROWS = 500
_GROUP_ROWS = 5_000
_MANY_ROWS = 4_000
_LEVEL = 3
_WHOLE = f"json_extract(field_clocks, '$.\"{CREATED}\"') >= unsent_since"

NOT_YET = "missing_reference"
"""The code of a refusal that may only mean that what a row refers to comes with a later request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that the server did not take: its code, and the sentence that says why."""

    table: str
    row_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutgoingBatch:
    """Rows of one table that bring the same fields; the columns are JSON arrays."""

    table: str
    fields: tuple[str, ...]
    ids: list[str]
    clocks: list[str]
    columns: list[str]

    def followed_by(self, other: OutgoingBatch) -> OutgoingBatch:
        """The rows of both, when they bring the same fields of the same table."""
        return OutgoingBatch(
            self.table,
            self.fields,
            self.ids + other.ids,
            self.clocks + other.clocks,
            [f"{mine[:-1]},{theirs[1:]}" for mine, theirs in zip(self.columns, other.columns, strict=True)],
        )


@dataclass(slots=True)
class Request:
    """Batches that travel together."""

    batches: list[OutgoingBatch] = field(default_factory=list)
    size: int = 0
    is_last: bool = True

    def add(self, batch: OutgoingBatch, size: int) -> None:
        """Take a batch along, as one with the last where that brings the same: the server then looks up, writes and
        numbers all of them at once."""
        last = self.batches[-1] if self.batches else None
        if last is not None and (last.table, last.fields) == (batch.table, batch.fields):
            self.batches[-1] = last.followed_by(batch)
        else:
            self.batches.append(batch)
        self.size += size

    @property
    def rows(self) -> int:
        """How many rows it carries."""
        return sum(len(batch.ids) for batch in self.batches)

    def packed(self, head: Mapping[str, Any]) -> bytes:
        """The message, compressed; piece by piece, so that between two of them other threads go on."""
        pieces = list(self._pieces(head))
        packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj(size=sum(map(len, pieces)))
        return b"".join([*map(packer.compress, pieces), packer.flush()])

    def _pieces(self, head: Mapping[str, Any]) -> Iterator[bytes]:
        opening = b'%b"tables":[' % (orjson.dumps(head)[:-1] + (b"," if head else b""))
        for batch in self.batches:
            about = orjson.dumps({"table": batch.table, "fields": batch.fields})[:-1]
            yield b'%b%b,"ids":%b,"clocks":' % (opening, about, orjson.dumps(batch.ids))
            yield orjson.dumps(batch.clocks)
            opening = b',"columns":['
            for column in batch.columns:
                yield opening
                yield column.encode()
                opening = b","
            yield b"]}" if batch.columns else b',"columns":[]}'
            opening = b","
        yield b"]}" if self.batches else b"%b]}" % opening


def read_requests(store: Store, *, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> Generator[Request]:
    """Everything unsent, parents before children, in requests of a bounded size.

    Read in one view of the store, so that a row never travels before another that it refers to.
    """
    held = store.engine.raw_connection()
    driver: Any = held.driver_connection
    driver.execute("BEGIN")
    try:
        waiting: Request | None = None
        request = Request()
        for batch, size in _batches(driver, store.organization_id, most_rows, most_bytes):
            if request.batches and (request.rows + len(batch.ids) > most_rows or request.size + size > most_bytes):
                if waiting is not None:
                    yield waiting
                request.is_last = False
                waiting, request = request, Request()
            request.add(batch, size)
        if waiting is not None:
            yield waiting
        if request.batches:
            yield request
    finally:
        driver.execute("ROLLBACK")
        held.close()


def _batches(
    driver: Any, organization_id: str, most_rows: int, most_bytes: int
) -> Iterator[tuple[OutgoingBatch, int]]:
    for (name,) in driver.execute(tables_with_unsent(), {"org": organization_id}).fetchall():
        yield from _new_rows(driver, organization_id, name, most_rows, most_bytes)
        yield from _edited_rows(driver, organization_id, name, most_rows)


def _new_rows(
    driver: Any, organization_id: str, name: str, most_rows: int, most_bytes: int
) -> Iterator[tuple[OutgoingBatch, int]]:
    """Rows that travel whole: made since the server last heard of this table, or marked so."""
    fields = wire_fields(table_of(name))
    sql = (
        f'SELECT max(unsent_since), {_arrays(fields)} FROM (SELECT * FROM "{name}" '
        f"INDEXED BY ix_{name}_unsent WHERE organization_id = ? AND unsent_since IS NOT NULL "
        f"AND (unsent_since, rowid) > (?, ?) AND {_WHOLE} ORDER BY unsent_since, rowid LIMIT ?)"
    )
    after, limit = ("", 0), min(_FIRST_ROWS, most_rows)
    while True:
        since, ids, clocks, *columns = driver.execute(sql, (organization_id, *after, limit)).fetchone()
        if since is None:
            return
        batch = OutgoingBatch(name, fields, orjson.loads(ids), orjson.loads(clocks), columns)
        rows, size = len(batch.ids), len(ids) + len(clocks) + sum(map(len, columns))
        if size > most_bytes and rows > 1:
            limit = rows // 2
            continue
        yield batch, size
        if rows < limit:
            return
        # The last of several rows with the same mark is found by its place alone.
        after = (since, _last_place(driver, organization_id, name, since, batch.ids[-1]))
        limit = max(1, min(most_rows, most_bytes * rows // max(size, 1), rows * 50))


def _last_place(driver: Any, organization_id: str, name: str, since: str, row_id: str) -> int:
    place: int = driver.execute(
        f'SELECT rowid FROM "{name}" WHERE organization_id = ? AND id = ?', (organization_id, row_id)
    ).fetchone()[0]
    return place


def _edited_rows(driver: Any, organization_id: str, name: str, most_rows: int) -> Iterator[tuple[OutgoingBatch, int]]:
    """Rows that the server knows: they travel with the fields that changed, grouped by which these are."""
    fields = wire_fields(table_of(name))
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for row_id, clocks, since in driver.execute(
        f'SELECT id, field_clocks, unsent_since FROM "{name}" INDEXED BY ix_{name}_unsent '
        f"WHERE organization_id = ? AND unsent_since IS NOT NULL AND NOT {_WHOLE}",
        (organization_id,),
    ):
        stamped = orjson.loads(clocks)
        groups[tuple(key for key in stamped if stamped[key] >= since)].append(row_id)
    step = min(_GROUP_ROWS, most_rows)
    for keys, ids in groups.items():
        changed = tuple(name for name in fields if name in keys)
        sql = (
            f'SELECT {_arrays(changed)} FROM "{name}" WHERE organization_id = ? '
            "AND id IN (SELECT value FROM json_each(?))"
        )
        for start in range(0, len(ids), step):
            wanted = orjson.dumps(ids[start : start + step]).decode()
            found, clocks, *columns = driver.execute(sql, (organization_id, wanted)).fetchone()
            batch = OutgoingBatch(name, changed, orjson.loads(found), orjson.loads(clocks), columns)
            yield batch, len(found) + len(clocks) + sum(map(len, columns))


def _arrays(fields: Sequence[str]) -> str:
    return ", ".join(f'json_group_array("{name}")' for name in ("id", "field_clocks", *fields))


def changed_fields(fields: tuple[str, ...], clocks: Mapping[str, str], since: str) -> tuple[str, ...]:
    """Which fields of a row carry edits from its unsent mark on."""
    return tuple(name for name in fields if clock_of(clocks, name) >= since)


def acknowledge(store: Store, request: Request, answer: Message) -> tuple[list[Refusal], Changes]:
    """Take the unsent marks off rows that are still as they were sent, then write down the next lineage and, where
    the server says that nobody else wrote, the cursor behind the own rows ([S-43], [S-45]). Where somebody at the
    desk waits to save, rows are committed before that: should this end there, the others travel once more.

    A refused row goes back to what the server has, and its values are kept for the person ([S-42]). Returns what was
    refused, and which rows changed by it.
    """
    head, standing = answer
    refused = {
        (row["table"], row["id"]): Refusal(row["table"], row["id"], row.get("code", ""), row["reason"])
        for row in head["refused"]
        if request.is_last or row.get("code") != NOT_YET
    }
    later = {(row["table"], row["id"]) for row in head["refused"]} - refused.keys()
    landed = head.get("landed") or [None] * len(request.batches)
    facts = {LINEAGE: head.get("lineage")}
    if _landed_whole(head) and str(head["from"]) == (store.local(CURSOR) or "0"):
        facts[CURSOR] = str(head["to"])
    changes: Changes = {}
    with SyncWriter(store, is_bulk=request.rows > _MANY_ROWS) as writer:
        writer.begin()
        for batch, first in zip(request.batches, landed, strict=True):
            _note_taken(writer, store.organization_id, batch, first, int(head["to"]), refused.keys() | later)
        if refused:
            changes = _note_refused(writer, store, request, refused, standing)
        writer.remember({name: value for name, value in facts.items() if value is not None})
        writer.commit()
    return list(refused.values()), changes


def knows_all_after(store: Store, head: Head) -> bool:
    """Whether a push's answer showed that the server has nothing else that is new to this PC ([S-45])."""
    return _landed_whole(head) and store.local(CURSOR) == str(head["to"])


def _landed_whole(head: Head) -> bool:
    landed: list[int | None] = head.get("landed") or [None]
    return None not in landed and not head["refused"]


def _note_taken(
    writer: SyncWriter,
    organization_id: str,
    batch: OutgoingBatch,
    first: int | None,
    last: int,
    others: set[tuple[str, str]],
) -> None:
    """Rows whose numbers the answer does not tell take its last until they are pulled: should the server be restored
    as of an earlier one before that, they are sent again ([S-32])."""
    is_whole = not others or others.isdisjoint(zip(repeat(batch.table), batch.ids, strict=False))
    seqs: Iterator[int] = count(first) if first is not None and is_whole else repeat(last)
    rows: Iterable[tuple[int, str, str, str]]
    rows = zip(seqs, batch.clocks, repeat(organization_id), batch.ids, strict=False)
    if not is_whole:
        rows = [row for row in rows if (batch.table, row[3]) not in others]
    sql = (
        f'UPDATE "{batch.table}" SET server_seq = ?, '
        "unsent_since = CASE WHEN field_clocks = ? THEN NULL ELSE unsent_since END "
        "WHERE organization_id = ? AND id = ?"
    )
    left = iter(rows)
    while some := list(islice(left, writer.room)):
        writer.executemany(sql, some)
        writer.wrote(len(some))


def _note_refused(
    writer: SyncWriter,
    store: Store,
    request: Request,
    refused: Mapping[tuple[str, str], Refusal],
    standing: Sequence[Any],
) -> Changes:
    known = {(batch.table, row_id) for batch in standing for row_id in batch.ids}
    floor = ""
    put_back: defaultdict[str, set[str]] = defaultdict(set)
    for batch in request.batches:
        values = [orjson.loads(column) for column in batch.columns]
        for place, (row_id, clocks) in enumerate(zip(batch.ids, batch.clocks, strict=True)):
            refusal = refused.get((batch.table, row_id))
            if refusal is None:
                continue
            # A row edited while it travelled is sent, and refused, once more.
            is_unknown = (batch.table, row_id) not in known
            changed = writer.execute(
                f'UPDATE "{batch.table}" SET unsent_since = NULL'
                f"{', archived_at = coalesce(archived_at, ?), server_seq = NULL' if is_unknown else ''} "
                "WHERE organization_id = ? AND id = ? AND field_clocks = ?",
                ((moment(),) if is_unknown else ()) + (store.organization_id, row_id, clocks),
            ).rowcount
            if changed:
                kept = dict(zip(batch.fields, (column[place] for column in values), strict=True))
                keep_for_person(writer, refusal, kept)
                floor = max([floor, *edits_of(orjson.loads(clocks)).values()])
                put_back[batch.table].add(row_id)
    for batch in standing:
        write_rows(writer, store.organization_id, batch, batch.fields)
    if floor > (store.local(CLOCK_FLOOR) or ""):
        writer.remember({CLOCK_FLOOR: floor})
        store.clock.observe(floor)
    return {table: frozenset(ids) for table, ids in put_back.items()}


_BOTH_KEPT = (
    "SELECT json_group_object(key, value) FROM (SELECT key, value FROM json_each(excluded.kept_values) "
    "UNION ALL SELECT key, value FROM json_each(needs_attention.kept_values) "
    "WHERE key NOT IN (SELECT key FROM json_each(excluded.kept_values)))"
)
"""What was kept of a row refused before stays beside what was entered since."""


def keep_for_person(writer: SyncWriter, refusal: Refusal, kept: Mapping[str, FieldValue]) -> None:
    """Put a change that did not stand into *needs attention*."""
    writer.execute(
        "INSERT INTO needs_attention (table_name, row_id, code, reason, kept_values, refused_at) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (table_name, row_id) DO UPDATE SET reason = excluded.reason, "
        f"code = excluded.code, kept_values = ({_BOTH_KEPT}), refused_at = excluded.refused_at",
        (refusal.table, refusal.row_id, refusal.code, refusal.reason, orjson.dumps(kept).decode(), moment()),
    )


def refuse_here(store: Store, code: str, reason: str) -> list[Refusal]:
    """Put rows that cannot even be sent (one alone is too large) where the person decides; the rest is sent later."""
    found: list[Refusal] = []
    with SyncWriter(store) as writer:
        for request in list(read_requests(store, most_rows=1)):
            (batch,) = request.batches
            if request.size <= MOST_BYTES // 4:
                continue
            refusal = Refusal(batch.table, batch.ids[0], code, reason)
            writer.begin()
            _note_refused(writer, store, request, {(batch.table, batch.ids[0]): refusal}, [])
            found.append(refusal)
        writer.commit()
    return found
