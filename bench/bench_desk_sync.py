"""The sync as a desk sees it: 50,000 schedule entries sent for the first time, fetched for the first time by another
PC, one edit here and there, 1,000 edits made offline, and nothing new; over HTTP, with a real PostgreSQL and stores
encrypted on disk."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from bench.figures import Figure
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.hello import token_of
from desktop.sync.setup import sign_in
from shared_models.base import new_id
from shared_models.catalog.models import Service
from shared_models.organization.models import Location
from shared_models.schedule.models import ScheduleEntry
from tools.demo_center import OWNER_EMAIL, OWNER_PASSWORD, PICTURE_MOMENT, DemoCenter

ROWS = 50_000
OFFLINE_EDITS = 1_000
_TIMES = 40


def run() -> list[Figure]:
    """Rows per second of the first push and pull, and milliseconds of what happens all day."""
    folder = Path(tempfile.mkdtemp(prefix="bench-desk-sync-"))
    center = DemoCenter(folder / "demo", PICTURE_MOMENT)
    try:
        center.start()
        here, there = center.open_store("here"), center.open_store("there")
        here_client, there_client = _client(center, here), _client(center, there)
        entries = _make_entries(here)
        exchange(there, there_client)
        push = _seconds(lambda: exchange(here, here_client))
        pull = _seconds(lambda: exchange(there, there_client))
        third = Store(folder / "third", use_keyring=False)
        fresh = _seconds(lambda: sign_in(third, center.url, OWNER_EMAIL, OWNER_PASSWORD))
        nothing = median(_seconds(lambda: exchange(here, here_client)) for _ in range(_TIMES))
        one = median(_one_edit(here, there, here_client, there_client, entries[number]) for number in range(_TIMES))
        offline = median(_offline(here, there, here_client, there_client, entries, number) for number in range(3))
        for store, client in ((here, here_client), (there, there_client)):
            client.close()
            store.close()
        third.close()
        return [
            Figure("first push of 50,000 rows, whole desk and server", ROWS / push, "rows/s", 15_000, True),
            Figure("first pull of 50,000 rows, whole desk and server", ROWS / pull, "rows/s", 25_000, True),
            Figure("the same with signing in and the rest of the center", fresh, "s"),
            Figure("one edit: push here, pull there", one * 1000, "ms", 15),
            Figure("1,000 offline edits: push here, pull there", offline * 1000, "ms", 150),
            Figure("nothing new", nothing * 1000, "ms", 3),
        ]
    finally:
        center.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _client(center: DemoCenter, store: Store) -> SyncClient:
    return SyncClient(center.url, token_of(store))


def _seconds(work: object) -> float:
    assert callable(work)
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _make_entries(store: Store) -> list[str]:
    start = datetime(2026, 9, 7, 13, tzinfo=UTC)
    hour = timedelta(hours=1)
    ids = [new_id() for _ in range(ROWS)]
    with store.write() as session:
        location = session.scalars(select(Location.id)).first()
        services = session.scalars(select(Service.id)).all()
        rows = [
            {
                "organization_id": store.organization_id,
                "id": row_id,
                "location_id": location,
                "service_id": services[number % len(services)],
                "starts_at": start + timedelta(days=number % 290) + number % 9 * hour,
                "ends_at": start + timedelta(days=number % 290) + (number % 9 + 1) * hour,
                "blocked_until": start + timedelta(days=number % 290) + (number % 9 + 1) * hour,
                "hourly_price_cents": 6000 + number % 40 * 100,
                "notes": f"bring the workbook of week {number % 52}",
            }
            for number, row_id in enumerate(ids)
        ]
        store.recorder.insert_rows(session, ScheduleEntry, rows)
    return ids


def _edit(store: Store, ids: list[str], words: str) -> None:
    with store.write() as session:
        found = session.scalars(select(ScheduleEntry).where(ScheduleEntry.id.in_(ids))).all()
        for entry in found:
            entry.supplies = words


def _one_edit(here: Store, there: Store, first: SyncClient, second: SyncClient, row_id: str) -> float:
    _edit(here, [row_id], f"ruler {time.perf_counter()}")
    return _seconds(lambda: (exchange(here, first), exchange(there, second)))


def _offline(here: Store, there: Store, first: SyncClient, second: SyncClient, ids: list[str], number: int) -> float:
    start = number * OFFLINE_EDITS
    _edit(here, ids[start : start + OFFLINE_EDITS], f"compass {time.perf_counter()}")
    return _seconds(lambda: (exchange(here, first), exchange(there, second)))
