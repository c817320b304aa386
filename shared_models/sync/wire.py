"""The wire format of the sync: columnar batches (field names once, values by column), JSON, zstd-compressed.

Values travel as text, numbers or null: truth as 0 or 1, instants as `2026-11-25T20:40:00Z`, wall times as `16:00`,
dates as ISO text, JSON fields as their text. Both databases read and write these directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeGuard

import orjson
import zstandard
from sqlalchemy import Boolean, Column, Date, Table, Uuid

from shared_models.base import SYNC_COLUMNS, Instant, JsonValue, WallTime
from shared_models.sync.merge import FieldValue

PROTOCOL = 1
SPOKEN = (2, 1)
"""The protocols that this program speaks, the newest first (docs/sync-protocol.md, [S-22])."""
CONTENT_TYPE = "application/vnd.itutoros.sync+zstd"
_WIRE_TYPES = frozenset({str, int, float, type(None)})
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""The largest decompressed message either side accepts."""


class BadMessage(ValueError):
    """A message that is not in the wire format; carries a sentence fit for the log and the other side."""


@dataclass(frozen=True, slots=True)
class TableBatch:
    """Rows of one table that bring the same fields. `clocks` are each row's clocks as JSON text; `columns[i][r]` is
    field `fields[i]` of row `ids[r]`; `seqs`, from the server alone, is the sequence number of each row."""

    table: str
    fields: tuple[str, ...]
    ids: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)
    columns: list[list[FieldValue]] = field(default_factory=list)
    seqs: list[int] | None = None

    def rows(self) -> Iterable[tuple[FieldValue, ...]]:
        """The rows' values, each in the order of `fields`."""
        return zip(*self.columns, strict=True) if self.columns else iter([()] * len(self.ids))


def batch_of(
    table: str, fields: Sequence[str], rows: Sequence[Sequence[Any]], *, id_at: int = 0, clocks_at: int = 1
) -> TableBatch:
    """A batch from query rows that begin with id and clocks, then the fields in order."""
    if not rows:
        return TableBatch(table, tuple(fields), [], [], [[] for _ in fields])
    turned = list(zip(*rows, strict=True))
    values = [list(column) for place, column in enumerate(turned) if place not in (id_at, clocks_at)]
    return TableBatch(table, tuple(fields), list(turned[id_at]), list(turned[clocks_at]), values)


def pack(message: Mapping[str, Any], batches: Iterable[TableBatch]) -> bytes:
    """A message's head and its batches as compressed bytes."""
    body = {
        **message,
        "tables": [
            {"table": b.table, "fields": b.fields, "ids": b.ids, "clocks": b.clocks, "columns": b.columns}
            | ({} if b.seqs is None else {"seqs": b.seqs})
            for b in batches
        ],
    }
    return zstandard.ZstdCompressor(level=1).compress(orjson.dumps(body))


def framed(message: bytes) -> bytes:
    """A message as it stands in a stream: behind four bytes with its length, big-endian ([S-50])."""
    return len(message).to_bytes(4) + message


def unpack(raw: bytes, limit: int = MAX_MESSAGE_BYTES) -> tuple[dict[str, Any], list[TableBatch]]:
    """The head and the batches of a message ([S-20]).

    Raises BadMessage when it is not one frame of compressed JSON of the right shape, or declares more than `limit`
    bytes. Whatever it holds, it costs no more time and memory than a message of its declared size may.
    """
    if not 0 < declared_bytes(raw) <= limit:
        raise BadMessage("the message is empty, too large, or does not say its size")
    try:
        # Into a buffer of the declared size: a frame that holds more than it says ends there.
        text = zstandard.ZstdDecompressor().decompress(raw, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise BadMessage(f"not a zstd message: {error}") from error
    if text.count(b"[") + text.count(b"{") > _MOST_LISTS or text.count(b",") > _MOST_VALUES:
        raise BadMessage("the message has too many parts")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("tables"), list):
        raise BadMessage("a message is an object with a list of tables")
    if len(body["tables"]) > _MOST_BATCHES:
        raise BadMessage("the message has too many parts")
    return body, [_batch(part) for part in body.pop("tables")]


def declared_bytes(raw: bytes) -> int:
    """How large a message says it is, unpacked; -1 when it does not say so. Costs nothing. Raises BadMessage."""
    try:
        return zstandard.frame_content_size(raw)
    except zstandard.ZstdError as error:
        raise BadMessage(f"not a zstd message: {error}") from error


_MOST_LISTS, _MOST_VALUES = 1_500_000, 6_000_000
"""What JSON holds costs up to seventy bytes a list and sixty a value when read; marks in texts count as well."""
_MOST_BATCHES = 10_000
_MOST_FIELDS = 500


def _batch(part: object) -> TableBatch:
    if not isinstance(part, dict):
        raise BadMessage("a table's part is an object")
    table, fields, ids = part.get("table"), part.get("fields"), part.get("ids")
    clocks, columns = part.get("clocks"), part.get("columns")
    if not (isinstance(table, str) and _texts(fields) and _texts(ids) and _texts(clocks)):
        raise BadMessage("table, fields, ids and clocks are texts")
    if len(table) > 100:
        raise BadMessage("a table has a short name")
    if not _lists(columns) or len(columns) != len(fields) or len(clocks) != len(ids):
        raise BadMessage(f"{table}: as many columns as fields, as many clocks as ids")
    if len(fields) > _MOST_FIELDS or len(set(fields)) != len(fields) or len(set(ids)) != len(ids):
        raise BadMessage(f"{table}: each field and each row once")
    for column in columns:
        kinds = set(map(type, column))
        if len(column) != len(ids) or not kinds <= _WIRE_TYPES:
            raise BadMessage(f"{table}: a column has a value for each id")
        if float in kinds and not all(isfinite(value) for value in column if type(value) is float):
            raise BadMessage(f"{table}: a number is finite")
    seqs = part.get("seqs")
    if seqs is not None and not _numbers(seqs, len(ids)):
        raise BadMessage(f"{table}: as many sequence numbers as ids")
    return TableBatch(table, tuple(fields), ids, clocks, columns, seqs)


def _texts(values: object) -> TypeGuard[list[str]]:
    return isinstance(values, list) and {str}.issuperset(map(type, values))


def _numbers(values: object, count: int) -> TypeGuard[list[int]]:
    return isinstance(values, list) and len(values) == count and {int}.issuperset(map(type, values))


def _lists(values: object) -> TypeGuard[list[list[Any]]]:
    return isinstance(values, list) and all(isinstance(value, list) for value in values)


def wire_fields(table: Table) -> tuple[str, ...]:
    """The fields of a table that travel, in column order."""
    return tuple(column.name for column in table.columns if column.name not in SYNC_COLUMNS)


def postgres_reading(column: Column[Any]) -> str:
    """The SQL by which PostgreSQL reads a column as its wire value."""
    name = f'"{column.name}"'
    kind = column.type
    if isinstance(kind, Boolean):
        return f"{name}::int"
    if isinstance(kind, Instant):
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    if isinstance(kind, WallTime):
        return f"to_char({name}, 'HH24:MI')"
    if isinstance(kind, (Uuid, Date, JsonValue)):
        return f"{name}::text"
    return name


def postgres_type(column: Column[Any]) -> str:
    """The PostgreSQL type to which a wire value is cast."""
    from sqlalchemy.dialects import postgresql

    return str(column.type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
