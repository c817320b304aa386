"""A server as real processes over a real PostgreSQL, and a desk that speaks to it as plainly as can be."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from shared_models.base import new_id
from shared_models.sync.clocks import HybridClock
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack, unpack
from tests.end_to_end.processes import ROOT, wait_until
from tests.live_server import PASSWORD
from tests.sync_server.operations.conftest import Hosted


class Machine:
    """`itutoros-server serve` on a port of its own."""

    def __init__(self, hosted: Hosted, folder: Path, *words: str, **surroundings: str) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ITUTOROS_", "DATABASE_"))}
        self.surroundings: dict[str, Any] = {
            "cwd": ROOT,
            "env": kept
            | {
                "DATABASE_URL": hosted.server_url,
                "ITUTOROS_MIGRATION_DATABASE_URL": hosted.owner_url,
                "ITUTOROS_DATA": str(folder),
                "ITUTOROS_PORT": str(self.port),
                "ITUTOROS_METRICS_PORT": str(self.metrics_port),
                "ITUTOROS_MAIL_FOLDER": str(folder / "mail"),
                "ITUTOROS_POOL_SIZE": "5",
            }
            | surroundings,
            "stdin": subprocess.DEVNULL,
            "text": True,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command("serve", *words), **self.surroundings, stdout=log, stderr=log
            )

    def command(self, *words: str) -> list[str]:
        """The command line of `itutoros-server` with these words."""
        return [sys.executable, "-m", "sync_server.main", *words]

    def status(self, path: str = "/ready") -> int:
        """What a path answers; 0 when nobody does."""
        try:
            return httpx.get(self.url + path, timeout=10, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def figure(self, name: str) -> float:
        """The sum of a figure over all its labels."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30, trust_env=False).text
        lines = (line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def children(self) -> list[psutil.Process]:
        """The serving processes of several."""
        serving = []
        for child in psutil.Process(self.process.pid).children():
            try:
                if "spawn_main" in " ".join(child.cmdline()):
                    serving.append(child)
            except psutil.Error:
                continue
        return serving

    def terminate(self) -> int:
        """End it as a service is ended; returns the exit status."""
        self.process.terminate()
        return self.process.wait(60)


def operate(hosted: Hosted, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `itutoros-server` with these words over a database until it ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ITUTOROS_", "DATABASE_"))}
    own = {
        "DATABASE_URL": hosted.server_url,
        "ITUTOROS_MIGRATION_DATABASE_URL": hosted.owner_url,
        "ITUTOROS_DATA": str(folder),
        "PYTHONUTF8": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "sync_server.main", *words], cwd=ROOT, env=kept | own, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@contextmanager
def machine(hosted: Hosted, folder: Path, *words: str, **surroundings: str) -> Iterator[Machine]:
    """A serving machine, killed at the end if it still runs."""
    running = Machine(hosted, folder, *words, **surroundings)
    try:
        wait_until(lambda: running.status() == 200, running.process)
        yield running
    finally:
        family = (
            psutil.Process(running.process.pid).children(recursive=True) if running.process.poll() is None else []
        )
        running.process.kill()
        running.process.wait(30)
        for one in family:
            if one.is_running():
                one.kill()


class Desk:
    """A PC that signed in and pushes closures, one a push, each over a connection of its own."""

    def __init__(self, url: str, email: str) -> None:
        self.url = url
        self.device_id = new_id()
        self._clock = HybridClock(self.device_id)
        answer = httpx.post(
            f"{url}/api/v1/sign-in",
            json={"email": email, "password": PASSWORD, "device_id": self.device_id, "device_name": "desk"},
            timeout=60,
            trust_env=False,
        )
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    def push(self, *, rows: int = 1) -> list[str]:
        """Push new closures; returns their ids once the server has acknowledged all of them."""
        ids = [new_id() for _ in range(rows)]
        today = datetime.now(UTC).date().isoformat()
        batch = TableBatch(
            "closure",
            ("location_id", "first_day", "last_day", "reason", "archived_at"),
            ids,
            [f'{{"*": "{self._clock.tick()}"}}' for _ in ids],
            [[None] * rows, [today] * rows, [today] * rows, [""] * rows, [None] * rows],
        )
        answer = self._until_not_busy(
            "POST",
            "/api/v1/sync/push",
            content=pack({"protocol": 1}, [batch]),
            headers=self.headers | {"Content-Type": CONTENT_TYPE},
        )
        head, _ = unpack(answer.content)
        assert head["accepted"] == rows, head
        return ids

    def pull(self, after: int = 0) -> int:
        """Pull a page; returns its size in bytes."""
        answer = self._until_not_busy("GET", "/api/v1/sync/pull", params={"after": after}, headers=self.headers)
        return len(answer.content)

    def _until_not_busy(self, method: str, path: str, **words: Any) -> httpx.Response:
        """As a desk does: who is told that the server is busy tries again ([S-21])."""
        while True:
            answer = httpx.request(method, self.url + path, timeout=60, trust_env=False, **words)
            if answer.status_code != 503 or "Retry-After" not in answer.headers:
                answer.raise_for_status()
                return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
