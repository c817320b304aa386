"""The wire format of the sync: columnar batches (field names once, values by column), JSON, zstd-compressed.

Values travel as text, numbers or null: truth as 0 or 1, instants as `2026-11-25T20:40:00Z`, wall times as `16:00`,
dates as ISO text, JSON fields as their text. Both databases read and write these directly.
"""

from __future__ import annotations

import re
import secrets
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
        body = _read(text)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("tables"), list):
        raise BadMessage("a message is an object with a list of tables")
    if len(body["tables"]) > _MOST_BATCHES:
        raise BadMessage("the message has too many parts")
    return body, [_batch(part) for part in body.pop("tables")]


def _read(text: bytes) -> Any:
    """What JSON holds. A large message is read list by list, as far as it is written as ours are, so that between two
    of them other threads go on (a window stays awake while megabytes come)."""
    if len(text) < _LARGE:
        return orjson.loads(text)
    lists: list[Any] = []
    outline: list[bytes] = []
    at = 0
    while (key := _LISTS.search(text, at)) is not None:
        start = key.end()
        found = _columns_at(text, start) if key[1] == b"columns" else _list_at(text, start - 1, _END_OF_LIST)
        if found is None:
            return orjson.loads(text)
        value, end = found
        outline += (text[at : start - 1], b'{"%s":%d}' % (_PLACE.encode(), len(lists)))
        lists.append(value)
        at = end
    return _filled(orjson.loads(b"".join((*outline, text[at:]))), lists)


def _columns_at(text: bytes, at: int) -> tuple[list[Any], int] | None:
    """The lists in a list that has begun before a place, and where that ends; None when they are not found."""
    columns: list[Any] = []
    while (opening := _OPENING.match(text, at)) is not None:
        found = _list_at(text, opening.end() - 1, _END_OF_COLUMN)
        if found is None:
            return None
        columns.append(found[0])
        at = found[1]
    closing = _CLOSING.match(text, at)
    return None if closing is None else (columns, closing.end())


def _list_at(text: bytes, start: int, ending: re.Pattern[bytes]) -> tuple[Any, int] | None:
    """The list that begins at a place, and where it ends. What looks like its end may stand in a text: then what is
    before it is no JSON, as the text is cut in two."""
    for tries, end in enumerate(ending.finditer(text, start)):
        if tries == _MOST_TRIES:
            break
        try:
            return orjson.loads(text[start : end.start() + 1]), end.start() + 1
        except orjson.JSONDecodeError:
            continue
    return None


def _filled(outline: Any, lists: list[Any]) -> Any:
    """The outline of a message with its lists in their places."""
    waiting: list[Any] = [outline] if isinstance(outline, dict | list) else []
    while waiting:
        part = waiting.pop()
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(value, dict) and _PLACE in value:
                part[key] = lists[value[_PLACE]]
            elif isinstance(value, dict | list):
                waiting.append(value)
    return outline


def declared_bytes(raw: bytes) -> int:
    """How large a message says it is, unpacked; -1 when it does not say so. Costs nothing. Raises BadMessage."""
    try:
        return zstandard.frame_content_size(raw)
    except zstandard.ZstdError as error:
        raise BadMessage(f"not a zstd message: {error}") from error


_MOST_LISTS, _MOST_VALUES = 1_500_000, 6_000_000
"""What JSON holds costs up to seventy bytes a list and sixty a value when read; marks in texts count as well."""
_LARGE = 256 * 1024
_LISTS = re.compile(rb'"(ids|clocks|columns|seqs)": ?\[')
_OPENING = re.compile(rb"(?:, ?)?\[")
_CLOSING = re.compile(rb" ?\]")
_END_OF_LIST = re.compile(rb"\](?= ?[,}])")
_END_OF_COLUMN = re.compile(rb"\](?= ?, ?\[| ?\])")
_MOST_TRIES = 4
_PLACE = secrets.token_hex(16)
"""The key of what stands for a list in the outline of a message; no message can have it."""
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
