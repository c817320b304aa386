"""Counts and sums by which a desk checks that it holds what the server holds (docs/sync-protocol.md, part 8)."""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg

from shared_models.sync.digest import deep_digest
from shared_models.sync.wire import postgres_reading, wire_fields
from sync_server.database import Database, enter_tenant
from sync_server.sync.identity import open_session
from sync_server.sync.sight import Sight, sight_of, table_of

_PORTION = 2000


def digests(database: Database, token: str, *, deep: bool = False) -> dict[str, Any]:
    """The digests of what this device may see. Raises Refused."""
    with database.bare() as connection:
        state = open_session(connection.cursor(), token)
        sight = sight_of(state.viewer)
        # Sequence and sums have to be of one moment.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        try:
            with connection.transaction(), connection.cursor() as cursor:
                enter_tenant(cursor, state.device.organization_id)
                return digests_of(cursor, state.device.organization_id, sight, deep=deep)
        finally:
            connection.isolation_level = None


def digests_of(
    cursor: psycopg.Cursor[Any], organization_id: str, sight: Sight, *, deep: bool = False
) -> dict[str, Any]:
    """`{"at": last sequence, "tables": {name: [count, sum of server_seq, mixed sum, hash if deep]}}`."""
    cursor.execute("SELECT last_seq FROM organization_sequence WHERE organization_id = %s", (organization_id,))
    row = cursor.fetchone()
    parameters = {**sight.parameters, "org": organization_id}
    tables: dict[str, list[int | str | None]] = {}
    for table in sight.tables:
        cursor.execute(_sums(table, _visible(sight, table)), parameters)
        sums = cursor.fetchone()
        assert sums is not None
        tables[str(table)] = [int(value) for value in sums]
        if deep:
            tables[str(table)].append(_hash(cursor, sight, table, parameters))
    return {"at": row[0] if row else 0, "tables": tables}


def _visible(sight: Sight, table: str) -> str:
    if sight.sees_all(table):
        return ""
    return " OR ".join(f"({tier.condition})" for tier in sight.tiers[table])


@cache
def _sums(table: str, visible: str) -> str:
    where = f" AND ({visible})" if visible else ""
    return (
        "SELECT count(*), coalesce(sum(server_seq), 0), "
        "coalesce(sum((server_seq * 2654435761) %% 4294967296), 0) "
        f'FROM "{table}" WHERE organization_id = %(org)s{where}'
    )


def _hash(cursor: psycopg.Cursor[Any], sight: Sight, table: str, parameters: dict[str, Any]) -> str | None:
    """The deep digest, read in portions; None where this user sees only parts of rows."""
    definition = table_of(table)
    fields = wire_fields(definition)
    if not sight.sees_all(table) or any(set(tier.fields) != set(fields) for tier in sight.tiers[table]):
        return None
    reading = ", ".join(postgres_reading(definition.c[name]) for name in fields)
    with cursor.connection.cursor(name="digest") as portions:
        portions.itersize = _PORTION
        portions.execute(
            f'SELECT id::text, field_clocks::text, {reading} FROM "{table}" WHERE organization_id = %(org)s',
            parameters,
        )
        return deep_digest(definition, portions)
