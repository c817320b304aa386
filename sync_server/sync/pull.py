"""Gives a device the rows that changed after its cursor, in pages, in the order of the server's sequence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from shared_models.access.models import Role
from shared_models.access.permissions import Access, access_to
from shared_models.registry import tenant_classes
from shared_models.sync.wire import TableBatch, batch_of, postgres_reading, wire_fields
from sync_server.database import raw_cursor

MAX_PAGE_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows up to and including `next_cursor`; `has_more` when another page follows."""

    next_cursor: int
    has_more: bool
    batches: list[TableBatch]


def read_page(session: Session, organization_id: str, roles: frozenset[Role], after: int, limit: int) -> Page:
    """The next page after a cursor. The session must hold one unchanging view."""
    limit = max(1, min(limit, MAX_PAGE_ROWS))
    tables = tuple(name for name in tenant_classes() if access_to(name, roles) is not Access.NONE)
    if not tables:
        return Page(after, False, [])
    with raw_cursor(session) as cursor:
        cursor.execute(_plan(tables), {"org": organization_id, "after": after, "limit": limit})
        plan: list[tuple[str, int, int]] = cursor.fetchall()
        if not plan:
            return Page(after, False, [])
        last = max(highest for _, _, highest in plan)
        present = {table for table, _, _ in plan}
        batches = []
        for name in tables:
            if name in present:
                cursor.execute(_reading(name), {"org": organization_id, "after": after, "last": last})
                batches.append(batch_of(name, wire_fields(_table(name)), cursor.fetchall()))
    return Page(last, sum(count for _, count, _ in plan) >= limit, batches)


@cache
def _plan(tables: tuple[str, ...]) -> str:
    """Which tables hold the next rows, how many, and up to which sequence number."""
    parts = " UNION ALL ".join(
        f"(SELECT '{name}' AS name, server_seq FROM \"{name}\" "
        "WHERE organization_id = %(org)s AND server_seq > %(after)s ORDER BY server_seq LIMIT %(limit)s)"
        for name in tables
    )
    return (
        f"WITH page AS (SELECT * FROM ({parts}) AS changed ORDER BY server_seq LIMIT %(limit)s) "
        "SELECT name, count(*)::int, max(server_seq) FROM page GROUP BY name"
    )


@cache
def _reading(name: str) -> str:
    table = _table(name)
    fields = ", ".join(postgres_reading(table.c[field]) for field in wire_fields(table))
    return (
        f'SELECT id::text, field_clocks::text, {fields} FROM "{name}" '
        "WHERE organization_id = %(org)s AND server_seq > %(after)s AND server_seq <= %(last)s ORDER BY server_seq"
    )


def _table(name: str) -> Table:
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table
