"""Checks that this PC holds what the server holds, and repairs what differs (docs/sync-protocol.md, part 8)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from desktop.store.store import Store
from desktop.sync.client import Head, Server
from desktop.sync.incoming import Incoming
from desktop.sync.rows import CURSOR, SCOPE, WITHDRAWS, SyncWriter, table_of
from shared_models.registry import tenant_classes
from shared_models.sync.digest import deep_digest
from shared_models.sync.wire import wire_fields

log = logging.getLogger(__name__)

_NOTHING = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Difference:
    """A table in which this PC did not hold what the server shows it, in rows."""

    table: str
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found. Without `is_level` this PC was not at the server's last change, or had something unsent,
    and nothing was compared."""

    is_level: bool
    tables: int = 0
    rows: int = 0
    differences: tuple[Difference, ...] = ()


def verify(store: Store, server: Server, *, deep: bool = False, repairs: bool = True) -> Verified:
    """Compare counts and sums by table, with `deep` also all ids, clocks and values; pull again what differs.

    Raises SyncError or StoreUnwritable.
    """
    there = server.digests(deep=deep)
    cursor = store.local(CURSOR) or "0"
    if str(there["at"]) != cursor or store.local(WITHDRAWS) is not None or store.unsent_count():
        return Verified(False)
    tables: Head = there["tables"]
    here = local_digests(store)
    differing = [name for name in here if tuple(tables.get(name, _NOTHING)[:3]) != here[name]]
    if deep:
        differing += [
            name
            for name, sums in tables.items()
            if name in here and name not in differing and len(sums) > 3 and sums[3] is not None
            if sums[3] != local_hash(store, name)
        ]
    differences = tuple(Difference(name, here[name][0], tables.get(name, _NOTHING)[0]) for name in differing)
    for found in differences:
        log.warning("%s differs from the server: %d rows here, %d there", found.table, found.here, found.there)
        if repairs:
            _repair(store, server, found.table, is_shown=found.table in tables)
    return Verified(True, len(here), sum(count for count, *_ in here.values()), differences)


def local_digests(store: Store) -> dict[str, tuple[int, int, int]]:
    """For each table, how many rows the server has numbered, the sum of the numbers and their mixed sum ([S-71])."""
    held = store.engine.raw_connection()
    try:
        driver: Any = held.driver_connection
        rows = driver.execute(_digests(), {"org": store.organization_id}).fetchall()
    finally:
        held.close()
    return {name: (count, total, mixed) for name, count, total, mixed in rows}


def local_hash(store: Store, name: str) -> str:
    """The digest of all ids, clocks and values of a table ([S-72])."""
    table = table_of(name)
    columns = ", ".join(f'"{field}"' for field in wire_fields(table))
    held = store.engine.raw_connection()
    try:
        driver: Any = held.driver_connection
        rows = driver.execute(
            f'SELECT id, field_clocks, {columns} FROM "{name}" WHERE organization_id = ? AND server_seq IS NOT NULL',
            (store.organization_id,),
        )
        return deep_digest(table, rows)
    finally:
        held.close()


@cache
def _digests() -> str:
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(server_seq), 0), "
        "coalesce(sum((server_seq * 2654435761) % 4294967296), 0) "
        f'FROM "{name}" WHERE organization_id = :org AND server_seq IS NOT NULL'
        for name in tenant_classes()
    )


def _repair(store: Store, server: Server, name: str, *, is_shown: bool) -> None:
    """Pull a table again from zero; rows that the server does not show and that hold nothing unsent are removed."""
    with SyncWriter(store) as writer:
        incoming = Incoming(store, writer)
        shown: list[str] = []
        if is_shown:
            with closing(server.pull(0, store.local(SCOPE) or "", table=name)) as pages:
                for head, batches in pages:
                    if head.get("rescope"):
                        return  # the next exchange fetches everything under the new scope
                    for batch in batches:
                        incoming.write(batch)
                        shown += batch.ids
                    writer.commit()
        writer.begin()
        _remove_others(writer, store.organization_id, name, shown)
        writer.commit()
        changes = dict(incoming.changes())
    store.announce({**changes, name: changes.get(name, frozenset()) | {name}})


def _remove_others(writer: SyncWriter, organization_id: str, name: str, shown: Sequence[str]) -> None:
    writer.execute(
        f'DELETE FROM "{name}" WHERE organization_id = ? AND unsent_since IS NULL '
        "AND id NOT IN (SELECT value FROM json_each(?))",
        (organization_id, orjson.dumps(list(shown)).decode()),
    )
