"""Rows on their way in: one table's part of a push, what is wrong with single rows before the database sees them, and
how they get into PostgreSQL fast: few rows as arrays, many by COPY into a temporary table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import psycopg
from sqlalchemy import String, Table

from shared_models.sync.clocks import CONTEXT, CREATED, ERASED_CLOCK
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import TableBatch, postgres_type

FEW_ROWS = 250
"""Up to so many rows travel as arrays; a temporary table costs a millisecond to make, but takes rows faster."""

_SLICE_ROWS = 5_000

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STAMP = re.compile(r"[0-9a-f]{28}")
_PLAIN_CLOCKS = re.compile(
    r'\{"\*": ?"[0-9a-f]{28}"(?:, ?"[a-z0-9_]+": ?"[0-9a-f]{28}")*\}'
)  # the creation first, no contexts: as good as all rows
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table; `places[r]` is where row r stood in its batch, `columns[i][r]` its field `fields[i]`."""

    table: Table
    fields: tuple[str, ...]
    places: Sequence[int]
    ids: list[str]
    clocks: list[str]
    columns: list[list[FieldValue]]

    @classmethod
    def of(cls, table: Table, batch: TableBatch) -> Part:
        """All rows of a batch."""
        return cls(table, batch.fields, range(len(batch.ids)), batch.ids, batch.clocks, batch.columns)

    def pick(self, rows: Sequence[int]) -> Part:
        """Some of the rows, by their numbers here."""
        return Part(
            self.table,
            self.fields,
            [self.places[r] for r in rows],
            [self.ids[r] for r in rows],
            [self.clocks[r] for r in rows],
            [[column[r] for r in rows] for column in self.columns],
        )

    def without(self, ids: Iterable[str]) -> Part:
        """The rows but for these ids."""
        gone = set(ids)
        return self.pick([r for r, row_id in enumerate(self.ids) if row_id not in gone]) if gone else self

    def only(self, ids: Iterable[str]) -> Part:
        """The rows with these ids."""
        kept = set(ids)
        if len(kept) == len(self.ids):
            return self
        return self.pick([r for r, row_id in enumerate(self.ids) if row_id in kept])

    def with_fields(self, fields: Iterable[str]) -> Part:
        """The same rows with only these of their fields."""
        kept = set(fields)
        if kept.issuperset(self.fields):
            return self
        chosen = [place for place, name in enumerate(self.fields) if name in kept]
        return Part(
            self.table,
            tuple(self.fields[place] for place in chosen),
            self.places,
            self.ids,
            self.clocks,
            [self.columns[place] for place in chosen],
        )

    def values(self, row: int) -> dict[str, FieldValue]:
        """One row's fields."""
        return {name: column[row] for name, column in zip(self.fields, self.columns, strict=True)}


def bad_rows(part: Part, latest: int) -> dict[int, str]:
    """The numbers of rows that cannot be taken whatever the database says, with a sentence; `latest` is the
    milliseconds beyond which no stamp may lie."""
    bad: dict[int, str] = {}
    if not all(map(_ID.fullmatch, part.ids)):
        bad |= {r: "Its id is not one." for r, row_id in enumerate(part.ids) if not _ID.fullmatch(row_id)}
    if len(set(part.ids)) != len(part.ids):
        seen: set[str] = set()
        for r, row_id in enumerate(part.ids):
            if row_id in seen:
                bad.setdefault(r, "It comes twice in one message.")
            seen.add(row_id)
    if not all(map(_PLAIN_CLOCKS.fullmatch, part.clocks)):
        for r, text in enumerate(part.clocks):
            if not _is_clocks(text):
                bad.setdefault(r, "Its clocks could not be read.")
    bound = f"{latest + 1:012x}"
    if latest_stamp(part.clocks) >= bound:
        for r, text in enumerate(part.clocks):
            if r not in bad and latest_stamp([text]) >= bound:
                bad[r] = "It was edited by a clock that is far ahead. Set this PC’s clock, then try again."
    return bad


def is_id(text: str) -> bool:
    """Whether a text is an id in canonical form."""
    return _ID.fullmatch(text) is not None


def latest_stamp(clocks: Sequence[str]) -> str:
    """The latest stamp in clocks as JSON text, that of erased rows aside; empty when there is none."""
    found = set(_STAMP.findall("\n".join(clocks)))
    found.discard(ERASED_CLOCK)
    return max(found, default="")


def claims_erasure(part: Part) -> list[int]:
    """The numbers of rows that bring a field under the stamp of erasure ([S-15])."""
    if ERASED_CLOCK not in "".join(part.clocks):
        return []
    rows = []
    for r, text in enumerate(part.clocks):
        if ERASED_CLOCK in text:
            clocks = orjson.loads(text)
            if any(clocks.get(name, clocks[CREATED]) == ERASED_CLOCK for name in part.fields):
                rows.append(r)
    return rows


def _is_clocks(text: str) -> bool:
    if _PLAIN_CLOCKS.fullmatch(text):
        return True
    try:
        clocks = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return (
        isinstance(clocks, dict)
        and CREATED in clocks
        and all(
            isinstance(said, str) and (name.endswith(CONTEXT) or _STAMP.fullmatch(said) is not None)
            for name, said in clocks.items()
        )
    )


@dataclass(frozen=True, slots=True)
class Source:
    """A relation `s` of incoming rows (place, id, clocks, fields) for a statement, and the parameters it takes."""

    sql: str
    parameters: Mapping[str, Any]
    is_lasting: bool = True
    """Whether a statement on it is worth preparing; a temporary table is another one each time."""


def staged(cursor: psycopg.Cursor[Any], part: Part) -> Source:
    """Bring rows to PostgreSQL. A temporary table lives until the transaction ends."""
    if len(part.ids) > FEW_ROWS:
        return _copied(cursor, part)
    names = [f"f{place}" for place in range(len(part.fields))]
    arrays: dict[str, Any] = {
        name: [None if value is None else str(value) for value in column]
        for name, column in zip(names, part.columns, strict=True)
    }
    arrays |= {"places": list(part.places), "ids": part.ids, "clocks": part.clocks}
    return Source(_unnested(part.table, part.fields), arrays)


@cache
def _unnested(table: Table, fields: tuple[str, ...]) -> str:
    arrays = "".join(f", %(f{place})s::text[]" for place in range(len(fields)))
    aliases = "".join(f", f{place}" for place in range(len(fields)))
    casts = "".join(f', u.f{place}::{_type(table, name)} AS "{name}"' for place, name in enumerate(fields))
    return (
        f"(SELECT u.place, u.id, u.clocks::jsonb AS clocks{casts} FROM "
        f"unnest(%(places)s::int[], %(ids)s::uuid[], %(clocks)s::text[]{arrays}) "
        f"AS u (place, id, clocks{aliases})) AS s"
    )


def _copied(cursor: psycopg.Cursor[Any], part: Part) -> Source:
    definitions = "".join(f', "{name}" {_type(part.table, name)}' for name in part.fields)
    cursor.execute("DROP TABLE IF EXISTS pg_temp.incoming", prepare=False)
    cursor.execute(
        f"CREATE TEMPORARY TABLE incoming (place int, id uuid, clocks jsonb{definitions}) ON COMMIT DROP",
        prepare=False,
    )
    # Columns as text, then rows out of them: all by code of C, with nothing done for a single row here. PostgreSQL
    # takes one slice in while the next is made.
    with cursor.copy("COPY pg_temp.incoming FROM STDIN") as copy:
        for start in range(0, len(part.ids), _SLICE_ROWS):
            end = start + _SLICE_ROWS
            texts = [
                list(map(str, part.places[start:end])),
                part.ids[start:end],
                _copy_column(part.clocks[start:end]),
                *_copy_columns([column[start:end] for column in part.columns]),
            ]
            copy.write("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n")
    return Source("pg_temp.incoming AS s", {}, False)


def _copy_columns(columns: Iterable[list[FieldValue]]) -> Iterator[list[str]]:
    """Columns as text. Neighbors that hold one value throughout, as most do, are written once and go as one."""
    alike: list[str] = []
    count = 0
    for column in columns:
        count = len(column)
        if column.count(column[0]) == count:
            alike += _copy_column(column[:1])
            continue
        if alike:
            yield ["\t".join(alike)] * count
            alike = []
        yield _copy_column(column)
    if alike:
        yield ["\t".join(alike)] * count


def _copy_column(column: Sequence[FieldValue]) -> list[str]:
    kinds = set(map(type, column))
    if kinds == {str}:
        texts: list[str] = column  # type: ignore[assignment]
        return [text.translate(_ESCAPED) for text in texts] if _SPECIAL.search("\x00".join(texts)) else texts
    if str not in kinds:
        return ["\\N" if value is None else str(value) for value in column]
    return ["\\N" if value is None else str(value).translate(_ESCAPED) for value in column]


def _type(table: Table, name: str) -> str:
    kind = table.c[name].type
    # As text, so that what is too long is refused where it is stored rather than cut off here.
    return "text" if isinstance(kind, String) else postgres_type(table.c[name])
