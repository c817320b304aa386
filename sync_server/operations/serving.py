"""Serving with one process or several on one socket, and ending gently: no longer ready, what is in hand finished,
streams ended, jobs done, exit 0."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType

import structlog
import uvicorn

from sync_server.app import create_app, worker_of
from sync_server.database import Database, opened
from sync_server.operations import metrics
from sync_server.operations.draining import Draining
from sync_server.operations.logs import configure_logs
from sync_server.operations.open_files import allow_open_files
from sync_server.settings import Settings

_GRACE_SECONDS = 25
"""How long requests in hand may take to end."""
_WORKER_SECONDS = 30
_LOOK_SECONDS = 0.25
_RESTART_SECONDS = 1.0
_BACKLOG = 2048

_log = structlog.get_logger(__name__)


class GentleServer(uvicorn.Server):
    """uvicorn, but told to end it first says so at /ready, and a signal that it was ended by is no failure."""

    def __init__(self, config: uvicorn.Config, draining: Draining, drain_seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds
        self._ends_at: float | None = None

    def begin_to_end(self) -> None:
        """End after `drain_seconds`; told a second time, at once. From any thread or a signal's handler."""
        if self._ends_at is not None:
            self.force_exit = self.should_exit = True
            return
        self._ends_at = time.monotonic() + self._drain_seconds
        # Not here: a handler may have interrupted who holds the lock.
        threading.Thread(target=self._draining.begin, name="draining", daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.begin_to_end()

    async def on_tick(self, counter: int) -> bool:
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with told_by_signals(self.begin_to_end):
            yield


@contextmanager
def told_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` on SIGTERM and on Ctrl+C while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        end()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(settings: Settings, database: Database) -> int:
    """Serve over a migrated database until told to end; returns the exit status."""
    with ExitStack() as stack:
        if settings.processes > 1:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="itutoros-figures-"))
            os.environ[metrics.MULTIPROCESS_FOLDER] = folder
        listener = stack.enter_context(_listener(settings.host, settings.port))
        if settings.metrics_port:
            stack.enter_context(metrics.metrics_port(database, settings.metrics_host, settings.metrics_port))
        print(f"iTutorOS server: {settings.site_url}", flush=True)
        if settings.processes > 1:
            # The parent owns an embedded PostgreSQL; its children only connect.
            return _Parent(replace(settings, database_url=database.url, metrics_port=0), listener).run()
        _serve_here(settings, database, listener, parent=None)
    return 0


def work(settings: Settings, database: Database) -> int:
    """Do the jobs alone until told to end; returns the exit status."""
    worker = worker_of(settings, database)
    with ExitStack() as stack:
        if settings.metrics_port:
            stack.enter_context(metrics.metrics_port(database, settings.metrics_host, settings.metrics_port))
        stack.enter_context(told_by_signals(worker.stop))
        print("iTutorOS worker", flush=True)
        worker.run()
    return 0


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def _serve_here(settings: Settings, database: Database, listener: socket.socket, parent: Connection | None) -> None:
    allow_open_files()
    app = create_app(settings, database)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=settings.trusts_proxy,
        forwarded_allow_ips="*" if settings.trusts_proxy else None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=_BACKLOG,
    )
    server = GentleServer(config, app.state.draining, settings.drain_seconds)
    # What is there now stays until the end: the search for garbage, which a large push sets off, is to pass it by.
    gc.collect()
    gc.freeze()
    if parent is not None:
        threading.Thread(target=_end_with_parent, args=(parent, server), name="parent", daemon=True).start()
    server.run(sockets=[listener])


def _end_with_parent(parent: Connection, server: GentleServer) -> None:
    # Nothing is ever said: the line ends when the parent wants its children to end, and when it is gone.
    parent.poll(None)
    server.begin_to_end()


def _child(settings: Settings, listener: socket.socket, parent: Connection) -> None:
    """One serving process of several; the parent tells it to end, not the terminal."""
    os.environ[metrics.CHILD] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logs()
    database = opened(settings, settings.database_url)
    try:
        _serve_here(settings, database, listener, parent)
    finally:
        database.close()


class _Parent:
    """Starts the processes, starts anew those that die, and tells all to end."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._context = multiprocessing.get_context("spawn")
        self._childrens_end, self._own_end = self._context.Pipe(duplex=False)
        self._is_ending = False
        self._children: dict[int, SpawnProcess] = {}
        self._died_at: dict[int, float] = {}

    def run(self) -> int:
        with told_by_signals(self._end):
            while not self._is_ending:
                self._start_missing()
                multiprocessing.connection.wait(
                    [child.sentinel for child in self._children.values()], timeout=_LOOK_SECONDS
                )
                self._note_deaths()
            return self._finish()

    def _end(self) -> None:
        self._is_ending = True

    def _start_missing(self) -> None:
        for place in range(self._settings.processes):
            if place in self._children or time.monotonic() - self._died_at.get(place, -60.0) < _RESTART_SECONDS:
                continue
            # One worker of jobs is enough; it moves to another process only by starting anew.
            settings = replace(self._settings, runs_worker=self._settings.runs_worker and place == 0)
            child = self._context.Process(
                target=_child, args=(settings, self._listener, self._childrens_end), name=f"serving {place}"
            )
            child.start()
            self._children[place] = child

    def _note_deaths(self) -> None:
        for place, child in list(self._children.items()):
            if not child.is_alive():
                _log.error("a serving process died", process=child.pid, exit_status=child.exitcode)
                self._forget(place)
                self._died_at[place] = time.monotonic()

    def _finish(self) -> int:
        self._own_end.close()
        until = time.monotonic() + self._settings.drain_seconds + _GRACE_SECONDS + _WORKER_SECONDS
        status = 0
        for place, child in list(self._children.items()):
            child.join(max(0.0, until - time.monotonic()))
            if child.is_alive():
                _log.error("a serving process did not end", process=child.pid)
                child.kill()
                child.join()
            status = status or int(child.exitcode != 0)
            self._forget(place)
        return status

    def _forget(self, place: int) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        child = self._children.pop(place)
        mark_process_dead(child.pid)  # type: ignore[no-untyped-call]
