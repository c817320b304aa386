"""Gives a device the rows that changed after its cursor, in pages, in the order of the server's sequence, as far as
its user may see them (docs/sync-protocol.md, part 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
import psycopg
import zstandard
from sqlalchemy.orm import Session

from shared_models.access.conditions import Viewer
from shared_models.access.models import Role
from shared_models.registry import tenant_classes
from shared_models.sync.wire import TableBatch
from sync_server.access.devices import DeviceSession
from sync_server.access.requests import Refused
from sync_server.database import Database, enter_tenant, raw_cursor
from sync_server.sync.columns import Rows, for_previous, hidden, reading, rows_of, shown
from sync_server.sync.identity import open_session
from sync_server.sync.sight import Sight, sight_of
from sync_server.sync.visibility import FEW, note_health_delivery

MAX_PAGE_ROWS = 20_000
FIRST_PAGE_ROWS = 2_000
"""A first page is small, so that the desk can begin; later ones are as large as PAGE_BYTES allow."""
PAGE_BYTES = 1_000_000
"""About how large a page is, unpacked ([S-56])."""
MOST_BYTES = 16_000_000
"""A page that became larger is read again with fewer rows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device asks for. Without `scope` it does not say what it may see; `table` names the only one wanted."""

    after: int = 0
    scope: str | None = None
    withdraws_all: bool = False
    table: str | None = None
    limit: int | None = None
    protocol: int = 2


@dataclass(frozen=True, slots=True)
class Page:
    """Rows up to and including `next_cursor`; `has_more` when another page follows. `withdrawn` names rows of the
    page that this user may not see."""

    next_cursor: int
    has_more: bool
    rows: list[Rows] = field(default_factory=list)
    withdrawn: dict[str, str] = field(default_factory=dict)

    @property
    def batches(self) -> list[TableBatch]:
        """The rows as Python values."""
        return [rows.batch() for rows in self.rows]

    @property
    def size(self) -> int:
        """About how many bytes the rows take in a message."""
        return sum(
            len(rows.ids) + len(rows.clocks) + len(rows.seqs) + sum(map(len, rows.columns)) for rows in self.rows
        )


def read_page(session: Session, organization_id: str, roles: frozenset[Role], after: int, limit: int) -> Page:
    """The next page after a cursor, without what the user may not see."""
    with raw_cursor(session) as cursor:
        return page_after(cursor, organization_id, sight_of(Viewer(roles)), after, min(max(1, limit), MAX_PAGE_ROWS))


def page_after(
    cursor: psycopg.Cursor[Any],
    organization_id: str,
    sight: Sight,
    after: int,
    limit: int,
    *,
    tables: tuple[str, ...] = (),
    withdraws: bool = False,
) -> Page:
    """At most `limit` rows that follow a cursor; `tables` are the only ones wanted, or all that the user sees.

    The cursor stands in a transaction of the tenant. Rows that change while this reads move behind the page, to be
    delivered then: what is read is complete up to the page's last number, as numbers are given in order of commits.
    """
    if not tables:
        tables = tuple(tenant_classes()) if withdraws else sight.tables
    if not tables:
        return Page(after, False)
    # Placeholders as PostgreSQL writes them: to look for others in a text so long would take longer than the query.
    with psycopg.RawCursor(cursor.connection) as raw:
        raw.execute(_plan(tables), (organization_id, after, limit), prepare=True)
        plan: list[tuple[str, int, int]] = raw.fetchall()
    if not plan:
        return Page(after, False)
    last = max(highest for _, _, highest in plan)
    present = {table: count <= FEW for table, count, _ in plan}
    parameters = {**sight.parameters, "org": organization_id, "after": after, "last": last}
    found = [
        rows
        for table in tables
        if table in present
        for rows in _read(cursor, sight, table, parameters, present[table])
    ]  # fmt: skip
    page = Page(last, sum(count for _, count, _ in plan) >= limit, found)
    if page.size > MOST_BYTES and limit > 1:
        return page_after(
            cursor, organization_id, sight, after, max(1, limit // 4), tables=tables, withdraws=withdraws
        )
    if withdraws:
        for table in tables:
            if table in present:
                ids = _withdrawn(cursor, sight, table, parameters, present[table])
                if ids:
                    page.withdrawn[table] = ids
    return page


def pages(database: Database, token: str, wanted: Wanted) -> Iterator[bytes]:
    """The messages that answer a pull. Each page is read in a short transaction of its own.

    Raises Refused before the first message.
    """
    with database.bare() as connection:
        state = open_session(connection.cursor(), token)
    sight = sight_of(state.viewer)
    if wanted.scope is not None and wanted.scope != sight.token:
        yield _message(state, sight, Page(wanted.after, False), {"rescope": True})
        return
    if wanted.table is not None and wanted.table not in sight.tiers:
        raise Refused(403, "not_allowed", "Your role does not show this.")
    if wanted.after >= state.last_seq:
        yield _message(state, sight, Page(wanted.after, False), {})
        return
    if wanted.after == 0 and wanted.table in (None, "student"):
        with database.bare() as connection, connection.transaction(), connection.cursor() as cursor:
            device = state.device
            enter_tenant(cursor, device.organization_id)
            note_health_delivery(cursor, device.organization_id, device.user_id, device.device_id, state.viewer)
    after, limit = wanted.after, min(wanted.limit or FIRST_PAGE_ROWS, MAX_PAGE_ROWS)
    is_first = True
    while True:
        with database.bare() as connection, connection.transaction(), connection.cursor() as cursor:
            enter_tenant(cursor, state.device.organization_id)
            more: dict[str, Any] = {}
            page = page_after(
                cursor, state.device.organization_id, sight, after, limit,
                tables=(wanted.table,) if wanted.table is not None else (),
                withdraws=wanted.withdraws_all or wanted.after > 0,
            )  # fmt: skip
            if wanted.protocol == 1 and page.has_more and not page.rows:
                # The program before moves its cursor only with rows, and would ask for this page for ever ([S-57]).
                after = page.next_cursor
                continue
            if is_first:
                more["total"] = _total(cursor, state, sight, after, page)
        if not page.has_more:
            page = Page(max(page.next_cursor, state.last_seq), False, page.rows, page.withdrawn)
        if wanted.protocol == 1:
            page = Page(page.next_cursor, page.has_more, [for_previous(rows) for rows in page.rows], page.withdrawn)
        yield _message(state, sight, page, more)
        if not page.has_more or wanted.limit is not None:
            return
        after, is_first = page.next_cursor, False
        limit = min(MAX_PAGE_ROWS, max(1, limit * PAGE_BYTES // max(page.size, PAGE_BYTES // 16)))


def message_of(head: dict[str, Any], rows: list[Rows], *, with_seqs: bool = True) -> bytes:
    """A message out of rows that are JSON already."""
    tables = ",".join(part.part(with_seqs=with_seqs) for part in rows)
    text = orjson.dumps(head)[:-1] + b',"tables":[' + tables.encode() + b"]}"
    return zstandard.ZstdCompressor(level=1).compress(text)


def _message(state: DeviceSession, sight: Sight, page: Page, more: dict[str, Any]) -> bytes:
    head = {
        "protocol": 2,
        "next": page.next_cursor,
        "more": page.has_more,
        "last": max(state.last_seq, page.next_cursor),
        "scope": sight.token,
        "epoch": state.epoch,
        "withdrawn": [
            {"table": table, "ids": orjson.Fragment(ids.encode())} for table, ids in page.withdrawn.items()
        ],
        **more,
    }
    return message_of(head, page.rows)


def _read(
    cursor: psycopg.Cursor[Any], sight: Sight, table: str, parameters: dict[str, Any], few: bool
) -> Iterator[Rows]:
    for condition, tier in shown(sight, table, few=few):
        cursor.execute(reading(table, tier.fields, _within(condition)), parameters)
        rows = rows_of(table, tier.fields, cursor.fetchone())
        if rows is not None:
            yield rows


def _withdrawn(
    cursor: psycopg.Cursor[Any], sight: Sight, table: str, parameters: dict[str, Any], few: bool
) -> str | None:
    condition = hidden(sight, table, few=few)
    if condition is None:
        return None
    cursor.execute(
        f'SELECT json_agg(id)::text FROM "{table}" WHERE organization_id = %(org)s AND {_within(condition)}',
        parameters,
    )
    row = cursor.fetchone()
    return None if row is None else row[0]


def _total(cursor: psycopg.Cursor[Any], state: DeviceSession, sight: Sight, after: int, page: Page) -> int:
    """How many rows are still to come, those of the page among them ([S-54])."""
    if not page.has_more:
        return sum(rows.count for rows in page.rows)
    cursor.execute(_count(sight.tables), {"org": state.device.organization_id, "after": after})
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def _within(condition: str) -> str:
    bounds = "server_seq > %(after)s AND server_seq <= %(last)s"
    return f"{bounds} AND {condition}" if condition else bounds


@cache
def _plan(tables: tuple[str, ...]) -> bytes:
    """Which tables hold the next rows, how many, and up to which number. Takes organization, cursor and limit."""
    parts = " UNION ALL ".join(
        f"(SELECT '{name}' AS name, server_seq FROM \"{name}\" "
        "WHERE organization_id = $1::uuid AND server_seq > $2::bigint ORDER BY server_seq LIMIT $3::bigint)"
        for name in tables
    )
    return (
        f"WITH page AS (SELECT * FROM ({parts}) AS changed ORDER BY server_seq LIMIT $3::bigint) "
        "SELECT name, count(*)::int, max(server_seq) FROM page GROUP BY name"
    ).encode()


@cache
def _count(tables: tuple[str, ...]) -> str:
    parts = " UNION ALL ".join(
        f'SELECT count(*) AS rows FROM "{name}" WHERE organization_id = %(org)s AND server_seq > %(after)s'
        for name in tables
    )
    return f"SELECT coalesce(sum(rows), 0) FROM ({parts}) AS counted"
