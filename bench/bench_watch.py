"""Ten thousand idle desks that watch one server process: what they take, and how soon those of one center hear of a
change while all the others are there (docs/sync-protocol.md, [S-80])."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
from sqlalchemy import insert, select

from bench.figures import Figure
from bench.sync_setting import Setting
from shared_models.base import new_id
from shared_models.sync.clocks import HybridClock
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack, unpack
from sync_server.access.devices import token_hash
from sync_server.models import Device, Membership

CENTERS = 1000
DESKS_EACH = 10
_AT_ONCE = 100
_IDLE_SECONDS = 30.0
_CHANGES = 20
_CLOSURE = ("location_id", "first_day", "last_day", "reason", "archived_at")


def run() -> list[Figure]:
    """Seconds until all watch, what each takes of the server's memory and processor, and the slowest news."""
    allow_open_files(CENTERS * DESKS_EACH + 200)
    with tempfile.TemporaryDirectory() as folder, Setting(Path(folder)) as setting:
        return asyncio.run(_measured(setting, _devices(setting)))


def allow_open_files(wanted: int) -> None:
    """Let this process have as many open files as it needs for its own ends of the streams."""
    with suppress(ImportError):  # Windows counts otherwise
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def _devices(setting: Setting) -> dict[str, list[str]]:
    """The tokens of each center's desks."""
    setting.organization()  # whose account the others are under
    tokens: dict[str, list[str]] = {}
    for _ in range(CENTERS):
        organization_id, _parents, _token = setting.small_organization()
        tokens[organization_id] = [secrets.token_urlsafe(32) for _ in range(DESKS_EACH)]
    with setting.database.routing() as session:
        members = {member.organization_id: member for member in session.scalars(select(Membership))}
        session.execute(
            insert(Device),
            [
                {
                    "id": new_id(), "organization_id": organization_id, "name": "PC", "token_hash": token_hash(token),
                    "account_id": members[organization_id].account_id, "user_id": members[organization_id].user_id,
                }
                for organization_id, own in tokens.items()
                for token in own
            ],
        )  # fmt: skip
    return tokens


async def _measured(setting: Setting, tokens: dict[str, list[str]]) -> list[Figure]:
    server = psutil.Process(setting.process.pid)
    await asyncio.to_thread(_push, setting.url, next(iter(tokens.values()))[0])  # warm
    before = server.memory_info().rss
    watchers = {organization_id: [_Watcher() for _ in own] for organization_id, own in tokens.items()}
    began = time.perf_counter()
    places = asyncio.Semaphore(_AT_ONCE)

    async def enter(watcher: _Watcher, token: str) -> None:
        async with places:
            await watcher.enter(setting.port, token)

    await asyncio.gather(
        *(
            enter(watcher, token)
            for organization_id, own in tokens.items()
            for watcher, token in zip(watchers[organization_id], own, strict=True)
        )
    )
    entered = time.perf_counter() - began
    count = sum(map(len, watchers.values()))
    busy = server.cpu_times()
    began = time.perf_counter()
    await asyncio.sleep(_IDLE_SECONDS)
    idle = server.cpu_times()
    share = ((idle.user + idle.system) - (busy.user + busy.system)) / (time.perf_counter() - began) * 100
    taken = (server.memory_info().rss - before) / count / 1000
    waits = []
    for organization_id in list(tokens)[:: max(1, CENTERS // _CHANGES)][:_CHANGES]:
        waits.append(await _change(setting.url, tokens[organization_id][0], watchers[organization_id]))
    still = sum(watcher.is_there for own in watchers.values() for watcher in own)
    for own in watchers.values():
        for watcher in own:
            watcher.close()
    return [
        Figure("idle watchers of one server process", still, "desks", CENTERS * DESKS_EACH, True),
        Figure("until all of them watch", entered, "s"),
        Figure("memory of the server for one watcher", taken, "kB", 50),
        Figure("the server's processor while all are idle", share, "%", 25),
        Figure("slowest news of a change at another desk, all watching", max(waits) * 1000, "ms", 2000),
    ]


async def _change(url: str, token: str, watchers: list[_Watcher]) -> float:
    """Push a row; the seconds until the last of the center's desks has heard of it."""
    for watcher in watchers:
        watcher.heard = asyncio.get_running_loop().create_future()
    began = time.perf_counter()
    await asyncio.to_thread(_push, url, token)
    async with asyncio.timeout(60):
        await asyncio.gather(*(watcher.heard for watcher in watchers if watcher.heard is not None))
    return time.perf_counter() - began


def _push(url: str, token: str) -> None:
    clock = HybridClock(new_id())
    clocks = f'{{"*": "{clock.tick()}"}}'
    batch = TableBatch(
        "closure", _CLOSURE, [new_id()], [clocks], [[None], ["2026-11-26"], ["2026-11-26"], [""], [None]]
    )
    answer = httpx.post(
        f"{url}/api/v1/sync/push",
        content=pack({"protocol": 1}, [batch]),
        headers={"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE},
        timeout=60,
        trust_env=False,
    )
    answer.raise_for_status()
    if (accepted := unpack(answer.content)[0]["accepted"]) != 1:
        raise RuntimeError(f"the server took {accepted} rows instead of one")


class _Watcher(asyncio.Protocol):
    """A desk that watches and does nothing else."""

    def __init__(self) -> None:
        self.is_there = False
        self.heard: asyncio.Future[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    async def enter(self, port: int, token: str) -> None:
        """Watch; returns once the server has said the first word."""
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        assert self._transport is not None
        head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}"
        self._transport.write(f"GET /api/v1/sync/watch HTTP/1.1\r\n{head}\r\n\r\n".encode())
        await self._first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.is_there and b": still here" in data:
            self.is_there = True
            if self._first is not None and not self._first.done():
                self._first.set_result(None)
        if b"event: changed" in data and self.heard is not None and not self.heard.done():
            self.heard.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_there = False
        if self._first is not None and not self._first.done():
            self._first.set_exception(RuntimeError(f"the server let a watcher go: {exc}"))

    def close(self) -> None:
        """Watch no more."""
        if self._transport is not None:
            self._transport.abort()
