"""Import of all files and the first sync of a real-sized center, over HTTP with a real PostgreSQL, beside a bare
floor measured in the same run: the same rows written to an encrypted SQLite file, and packed into messages."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from bench.figures import Figure
from desktop.store.store import Store
from desktop.sync.exchange import collect_unsent
from shared_models.registry import tenant_classes
from shared_models.sync.wire import pack, unpack
from tools.demo_center import PICTURE_MOMENT, DemoCenter, make_local_center


def run() -> list[Figure]:
    """Seconds for import, first push, first pull and one edit."""
    folder = Path(tempfile.mkdtemp(prefix="bench-sync-"))
    center = DemoCenter(folder / "demo", PICTURE_MOMENT)
    try:
        center.start()
        desk = center.open_store()
        _, timing = center.fill(desk, PICTURE_MOMENT, 0)
        began = time.perf_counter()
        second = center.open_store("second")
        pull_seconds = time.perf_counter() - began
        rows = _row_count(second)
        edit_seconds = _one_edit(center, desk, second)
        packing, writing = _floor(folder)
        desk.close()
        second.close()
        return [
            Figure("import of all files", timing.import_seconds, "s", 10),
            Figure(
                f"first sync, push of {rows:,} rows",
                timing.first_sync_seconds,
                "s",
                3,
                False,
                "packing them",
                packing,
            ),
            Figure(f"first sync, pull of {rows:,} rows", pull_seconds, "s", 3, False, "bare insert of them", writing),
            Figure("one edit: push here, pull there", edit_seconds * 1000, "ms"),
        ]
    finally:
        center.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _row_count(store: Store) -> int:
    with store.engine.connect() as connection:
        return sum(
            connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tenant_classes()
        )


def _one_edit(center: DemoCenter, first: Store, second: Store) -> float:
    from sqlalchemy import select

    from desktop.sync.client import SyncClient
    from desktop.sync.exchange import exchange
    from desktop.sync.worker import TOKEN
    from shared_models.leads.models import Lead

    clients = []
    for store in (first, second):
        token = store.secrets.read(TOKEN)
        assert token is not None
        clients.append(SyncClient(center.url, token.value))
        exchange(store, clients[-1])
    times = []
    for number in range(30):
        with first.write() as session:
            session.scalars(select(Lead).limit(1)).one().notes = f"edit {number}"
        began = time.perf_counter()
        exchange(first, clients[0])
        exchange(second, clients[1])
        times.append(time.perf_counter() - began)
    for client in clients:
        client.close()
    return sorted(times)[len(times) // 2]


def _floor(folder: Path) -> tuple[float, float]:
    """Seconds to pack and unpack all rows once, and to write them all with one executemany per table."""
    store = make_local_center(folder / "floor", PICTURE_MOMENT)
    requests = list(collect_unsent(store))
    began = time.perf_counter()
    for request in requests:
        unpack(pack({}, request))
    packing = time.perf_counter() - began
    empty = Store(folder / "empty", use_keyring=False)
    began = time.perf_counter()
    with empty.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for request in requests:
            for batch in request:
                columns = ", ".join(f'"{name}"' for name in batch.fields)
                marks = ", ".join("?" * (len(batch.fields) + 3))
                connection.exec_driver_sql(
                    f'INSERT INTO "{batch.table}" (organization_id, id, field_clocks, {columns}) VALUES ({marks})',
                    [
                        (store.organization_id, row_id, clocks, *values)
                        for row_id, clocks, values in zip(batch.ids, batch.clocks, batch.rows(), strict=True)
                    ],
                )
        connection.commit()
    writing = time.perf_counter() - began
    store.close()
    empty.close()
    return packing, writing
