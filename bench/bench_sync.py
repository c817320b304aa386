"""The sync against its budgets: 50,000 records of a schedule entry's shape from one encrypted store through a real
server and PostgreSQL into another, with permissions and audit on; single edits, a slow network, a day offline, memory
under many tenants. Beside each figure stands the physical limit measured in the same run, or PouchDB where npm has
it."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import select

from bench import sync_floor, sync_peer
from bench.figures import Figure
from bench.sync_setting import (
    EMAIL,
    Parents,
    Setting,
    add_entries,
    add_parents,
    delayed,
    entry_values,
    median_seconds,
)
from desktop.store.store import Store
from desktop.sync.client import Message, SyncClient
from desktop.sync.exchange import exchange, pull_all
from desktop.sync.worker import SERVER
from shared_models.access.models import User
from shared_models.registry import tenant_classes
from shared_models.schedule.models import ScheduleEntry
from shared_models.sync.clocks import HybridClock
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack, unpack, wire_fields

COUNT = 50_000
PEER_COUNT = 5_000
TENANTS = 200
ROUND_TRIP_SECONDS = 0.04
_EDITS = 1000


class WeighingClient(SyncClient):
    """Notes how many bytes each push took, and for how many rows."""

    def __init__(self, base_url: str, token: str) -> None:
        super().__init__(base_url, token)
        self.messages: list[tuple[int, int]] = []

    def push(self, message: bytes) -> Message:
        """As ever, and noted."""
        answer = super().push(message)
        self.messages.append((len(message), answer[0]["accepted"]))
        return answer

    def bytes_of(self, rows: int) -> float:
        """How many bytes so many of the first rows took, by the average of the messages that carried them."""
        size = carried = 0
        for weight, count in self.messages:
            size, carried = size + weight, carried + count
            if carried >= rows:
                break
        return size * rows / carried


@dataclass
class Desk:
    """A store and its connection to the server."""

    store: Store
    client: WeighingClient

    def close(self) -> None:
        self.client.close()
        self.store.close()


def run() -> list[Figure]:
    """Measure everything; takes a minute or two."""
    folder = Path(tempfile.mkdtemp(prefix="bench-sync-"))
    try:
        with Setting(folder) as setting:
            return _measure(setting, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(setting: Setting, folder: Path) -> list[Figure]:
    organization_id = setting.organization()
    parents = add_parents(setting.database, organization_id)
    near = _desk(setting, organization_id, folder / "near", setting.url)
    pull_all(near.store, near.client)
    add_entries(near.store, parents, COUNT)
    near.client.messages.clear()
    used = setting.processor_seconds()
    push_seconds = _seconds(lambda: exchange(near.store, near.client))
    push_used = setting.processor_seconds() - used
    first_10_000 = near.client.bytes_of(10_000)
    _say(f"first push: {COUNT / push_seconds:,.0f} rows/s")
    far = _desk(setting, organization_id, folder / "far", setting.url)
    used = setting.processor_seconds()
    pull_seconds = _seconds(lambda: pull_all(far.store, far.client))
    pull_used = setting.processor_seconds() - used
    _say(f"first pull: {COUNT / pull_seconds:,.0f} rows/s")
    one_edit = _edits(near, far, 1, 31)
    many_edits = _edits(near, far, _EDITS, 5)
    nothing = median_seconds(lambda: exchange(far.store, far.client), 101)
    _say(
        f"one edit {one_edit * 1000:.1f} ms, {_EDITS} edits {many_edits * 1000:.0f} ms, "
        f"nothing new {nothing * 1000:.2f} ms"
    )
    with delayed(setting.port, ROUND_TRIP_SECONDS / 2) as slow_url:
        slow_near = _again(near, setting, organization_id, slow_url)
        slow_far = _again(far, setting, organization_id, slow_url)
        slow_edit = _edits(slow_near, slow_far, 1, 9)
        for desk in (slow_near, slow_far):
            desk.client.close()
    _say(
        f"one edit over a slow network: {slow_edit * 1000:.0f} ms; now the floor, the peer, the server alone, memory"
    )
    floor = sync_floor.measure(near.store, setting.database_url, folder, COUNT)
    peer = sync_peer.measure(_records(organization_id, near.store), folder)
    alone = _server_alone(setting)
    memory_before, memory_after = _many_tenants(setting)
    for desk in (near, far):
        desk.close()
    own = [
        Figure("first push", COUNT / push_seconds, "rows/s", 15_000, True, "no engine", COUNT / floor.push_seconds),
        Figure("first pull", COUNT / pull_seconds, "rows/s", 25_000, True, "no engine", COUNT / floor.pull_seconds),
        Figure(
            "one edit, pushed and pulled", one_edit * 1000, "ms", 15, False, "no engine",
            floor.one_edit_seconds * 1000,
        ),
        Figure(
            "one edit at 40 ms round trip", slow_edit * 1000, "ms", 100, False, "two round trips",
            2000 * ROUND_TRIP_SECONDS,
        ),
        Figure(
            f"{_EDITS:,} offline edits, pushed and pulled", many_edits * 1000, "ms", 150, False, "no engine, by rows",
            (floor.push_seconds + floor.pull_seconds) / COUNT * _EDITS * 1000,
        ),
        Figure("nothing new", nothing * 1000, "ms", 3),
        Figure("processor time of the first push, all told", push_used, "s"),
        Figure("processor time of the first pull, all told", pull_used, "s"),
        Figure("bytes, first push of 10,000 rows", first_10_000 / 1e6, "MB", 1.2),
        Figure(
            f"server’s memory, {TENANTS} tenants at once", memory_after, "MB", None, False, "before", memory_before
        ),
    ]  # fmt: skip
    beside = {"first push": "push_rows_per_second", "first pull": "pull_rows_per_second"}
    if peer is not None:
        own += [
            Figure(f"{what}, beside PouchDB", figure.measured, figure.unit, None, True, "PouchDB", peer[name])
            for figure in own
            for what, name in beside.items()
            if figure.what == what
        ]
        own += [
            Figure("one edit, beside PouchDB", one_edit * 1000, "ms", None, False, "PouchDB", peer["one_edit_ms"]),
            Figure(
                f"{_EDITS:,} edits, beside PouchDB", many_edits * 1000, "ms", None, False, "PouchDB",
                peer["thousand_edits_ms"],
            ),
            Figure(
                "nothing new, beside PouchDB", nothing * 1000, "ms", None, False, "PouchDB", peer["nothing_new_ms"]
            ),
        ]  # fmt: skip
    return own + alone


def _desk(setting: Setting, organization_id: str, folder: Path, url: str) -> Desk:
    store = Store(folder, use_keyring=False)
    with setting.database.tenant(organization_id) as session:
        user_id = session.scalars(select(User.id).where(User.email == EMAIL)).one()
    store.set_local(organization_id=organization_id, user_id=user_id, **{SERVER: url})
    return Desk(store, WeighingClient(url, setting.device(organization_id)))


def _again(desk: Desk, setting: Setting, organization_id: str, url: str) -> Desk:
    """The same store over another network, after the first words were exchanged."""
    again = Desk(desk.store, WeighingClient(url, setting.device(organization_id)))
    exchange(again.store, again.client)
    return again


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _edits(near: Desk, far: Desk, count: int, times: int) -> float:
    """The median time from entries moved at one desk to the other desk having them."""
    taken = []
    for _ in range(times):
        with near.store.write() as session:
            for entry in session.scalars(select(ScheduleEntry).limit(count)):
                entry.starts_at += timedelta(minutes=15)
                entry.ends_at += timedelta(minutes=15)
                entry.blocked_until += timedelta(minutes=15)
        began = time.perf_counter()
        exchange(near.store, near.client)
        pull_all(far.store, far.client)
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def _cut(batch: TableBatch, start: int, end: int) -> TableBatch:
    return TableBatch(
        batch.table,
        batch.fields,
        batch.ids[start:end],
        batch.clocks[start:end],
        [column[start:end] for column in batch.columns],
    )


def _records(organization_id: str, store: Store) -> list[dict[str, object]]:
    fields = wire_fields(tenant_classes()["schedule_entry"].__table__)  # type: ignore[arg-type]
    columns = ", ".join(f'"{name}"' for name in ("id", *fields))
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT {columns} FROM schedule_entry WHERE organization_id = ? LIMIT ?", (organization_id, PEER_COUNT)
        ).all()
    return [dict(zip(("_id", *fields), row, strict=True)) for row in rows]


# the server without a desk: messages made beforehand, answers only taken in


def _server_alone(setting: Setting) -> list[Figure]:
    organization_id = setting.organization("alone")
    parents = add_parents(setting.database, organization_id)
    batch = _batch(organization_id, parents_rows=entry_values(organization_id, parents, COUNT))
    step = COUNT // 4
    bodies = [pack({"protocol": 2}, [_cut(batch, start, start + step)]) for start in range(0, COUNT, step)]
    headers = {"Authorization": f"Bearer {setting.device(organization_id)}"}
    with httpx.Client(base_url=setting.url, headers=headers, timeout=120, trust_env=False) as http:
        lineage = http.post("/api/v1/sync/hello", json={"protocols": [2]}).raise_for_status().json()["lineage"]
        began = time.perf_counter()
        for place in range(len(bodies)):
            body = pack({"protocol": 2, "lineage": lineage}, [_cut(batch, place * step, (place + 1) * step)])
            answer = http.post("/api/v1/sync/push", content=body, headers={"Content-Type": CONTENT_TYPE})
            head, _ = unpack(answer.raise_for_status().content)
            assert not head["refused"]
            lineage = head["lineage"]
        push_seconds = time.perf_counter() - began
        pull_seconds = _seconds(lambda: http.get("/api/v1/sync/pull?protocol=2&after=0").raise_for_status().content)
        nothing = median_seconds(
            lambda: http.get(f"/api/v1/sync/pull?protocol=2&after={head['to']}&scope=owner").content, 201
        )
    return [
        Figure("server alone: first push", COUNT / push_seconds, "rows/s"),
        Figure("server alone: first pull", COUNT / pull_seconds, "rows/s"),
        Figure("server alone: nothing new", nothing * 1000, "ms"),
    ]


def _batch(organization_id: str, parents_rows: list[dict[str, object]]) -> TableBatch:
    """Entries as they travel."""
    from sqlalchemy.dialects import sqlite

    table = ScheduleEntry.__table__
    fields = wire_fields(table)  # type: ignore[arg-type]
    dialect = sqlite.dialect()
    clock = HybridClock(organization_id)
    columns: list[list[object]] = []
    for name in fields:
        write = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        values = [row.get(name) for row in parents_rows]
        columns.append([write(value) for value in values] if write is not None else values)
    return TableBatch(
        "schedule_entry",
        fields,
        [str(row["id"]) for row in parents_rows],
        [f'{{"*": "{clock.tick()}"}}' for _ in parents_rows],
        columns,  # type: ignore[arg-type]
    )


def _many_tenants(setting: Setting) -> tuple[float, float]:
    """The server's memory after a first and after a third round of so many tenants that all sync at once."""
    tenants = [setting.small_organization() for _ in range(TENANTS)]

    def sync(tenant: tuple[str, Parents, str]) -> None:
        organization_id, parents, token = tenant
        rows = entry_values(organization_id, parents, 100)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=setting.url, headers=headers, timeout=120, trust_env=False) as http:
            body = pack({"protocol": 1}, [_batch(organization_id, rows)])
            http.post("/api/v1/sync/push", content=body).raise_for_status()
            http.get("/api/v1/sync/pull?protocol=2&after=0").raise_for_status()

    def round_of_all() -> float:
        with ThreadPoolExecutor(TENANTS) as pool:
            list(pool.map(sync, tenants))
        return setting.server_megabytes()

    before = round_of_all()
    for _ in range(2):
        after = round_of_all()
    return before, after


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
