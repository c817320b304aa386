"""The exchange between the local store and the server (docs/sync-protocol.md): hello when it is due, then everything
unsent, then everything new. Every step is one local transaction, so a kill between any two of them loses nothing."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeVar

from desktop import garbage
from desktop.store.migrations import HEAD
from desktop.store.store import Store
from desktop.sync.client import Head, Message, Server
from desktop.sync.errors import ClockAhead, Forked, ServerRestored, SyncError, TooLarge, Unreachable
from desktop.sync.hello import go_on_as_another, is_due, say_hello
from desktop.sync.incoming import Incoming
from desktop.sync.outgoing import (
    MOST_BYTES,
    MOST_ROWS,
    Refusal,
    acknowledge,
    knows_all_after,
    read_requests,
    refuse_here,
)
from desktop.sync.rows import CURSOR, EPOCH, LINEAGE, SCOPE, WITHDRAWS, SyncWriter, tables_with_unsent

log = logging.getLogger(__name__)

_TURN_ROWS = 4_000
_FIRST_TURN_ROWS = 25_000
"""How many pulled rows one local transaction writes at most; more while a center is fetched for the first time."""
_ANNOUNCED_EVERY_SECONDS = 1.0
_AHEAD = 2
_TRIES = 3

T = TypeVar("T")


class Cancelled(Exception):
    """The person stopped a fetch; what came so far stays, and the next exchange goes on from there."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is, in rows."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """Hears of the progress of a fetch (from the thread that fetches), and may end it between two pages."""

    progress: Callable[[Progress], None] = lambda _: None
    is_cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one exchange did."""

    sent: int = 0
    refused: list[Refusal] = field(default_factory=list)
    received: int = 0


UNWATCHED = Watcher()


def exchange(store: Store, client: Server, watcher: Watcher = UNWATCHED, *, fetches: bool = True) -> Exchanged:
    """Push everything unsent, then pull everything new (without `fetches`, only push).

    Raises SyncError, StoreUnwritable, or Cancelled.
    """
    if is_due(store):
        say_hello(store, client)
    for _ in range(_TRIES):
        try:
            refused, sent, is_level = _push_all(store, client)
            received = 0 if is_level or not fetches else pull_all(store, client, watcher)
            return Exchanged(sent, refused, received)
        except (ClockAhead, ServerRestored):
            say_hello(store, client)
        except Forked as forked:
            go_on_as_another(store, client, forked)
            say_hello(store, client)
    raise SyncError("The server and this PC could not agree. Trying again later helps.")


def _push_all(store: Store, client: Server) -> tuple[list[Refusal], int, bool]:
    """Send what is unsent. Returns what was refused, how many rows were taken, and whether the server's answer showed
    that nothing else is new there ([S-45])."""
    refused: list[Refusal] = []
    sent, is_level = 0, False
    most_rows, most_bytes = MOST_ROWS, MOST_BYTES
    while _has_unsent(store):
        try:
            with garbage.kept(), closing(read_requests(store, most_rows=most_rows, most_bytes=most_bytes)) as reading:
                first = next(reading)
                with _fetched_ahead(first, reading, is_all=first.is_last) as requests:
                    for request in requests:
                        answer = client.push(request.packed(_push_head(store)))
                        here, changes = acknowledge(store, request, answer)
                        if changes:
                            store.announce(changes)
                        refused += here
                        sent += request.rows - len(here)
                        is_level = knows_all_after(store, answer[0])
                        _check_epoch(store, answer[0])
            break
        except TooLarge as error:
            if most_rows == 1:
                refused += refuse_here(store, "too_large", str(error))
                break
            most_rows, most_bytes = max(1, min(most_rows, 1000) // 4), most_bytes // 4
    return refused, sent, is_level


def _check_epoch(store: Store, head: Head) -> None:
    known = store.local(EPOCH)
    if known is not None and head.get("epoch", known) != known:
        raise ServerRestored


def _push_head(store: Store) -> Head:
    return {
        "protocol": 2,
        "schema": HEAD,
        "cursor": int(store.local(CURSOR) or 0),
        "lineage": store.local(LINEAGE),
        "epoch": store.local(EPOCH),
        "wall_ms": store.wall(),
    }


def _has_unsent(store: Store) -> bool:
    held = store.engine.raw_connection()
    try:
        driver: Any = held.driver_connection
        return driver.execute(tables_with_unsent(), {"org": store.organization_id}).fetchone() is not None
    finally:
        held.close()


def pull_all(store: Store, client: Server, watcher: Watcher = UNWATCHED) -> int:
    """Fetch everything new; returns how many rows came. Raises SyncError, StoreUnwritable, or Cancelled."""
    if is_due(store):
        say_hello(store, client)
    received = 0
    while True:
        count, ended = _pull_once(store, client, watcher)
        received += count
        if ended:
            return received


def _pull_once(store: Store, client: Server, watcher: Watcher) -> tuple[int, bool]:
    """Fetch one stream of pages; whether nothing is left after it."""
    after, scope = int(store.local(CURSOR) or 0), store.local(SCOPE) or ""
    withdraws = store.local(WITHDRAWS) is not None
    with closing(client.pull(after, scope, withdrawn=withdraws)) as stream:
        first = next(stream, None)
        if first is None:
            raise SyncError("The server answered a pull with nothing.")
        head, batches = first
        if head.get("rescope"):
            store.set_local(**{SCOPE: head["scope"], CURSOR: "0", WITHDRAWS: "1"})
            return 0, False
        _check_epoch(store, head)
        if not batches and not head.get("withdrawn") and not head["more"]:
            if head["next"] != after or withdraws:
                store.set_local(**{CURSOR: str(head["next"]), WITHDRAWS: None})
            return 0, True
        return _take_pages(store, first, stream, watcher, is_first=after == 0), True


def _take_pages(store: Store, first: Message, stream: Iterator[Message], watcher: Watcher, *, is_first: bool) -> int:
    total = int(first[0].get("total") or 0)
    turn_rows = _FIRST_TURN_ROWS if is_first else _TURN_ROWS
    received = unwritten = 0
    announced = time.monotonic()
    with (
        garbage.kept(),
        SyncWriter(store, is_bulk=total > _TURN_ROWS) as writer,
        _pages(store, first, stream) as pages,
    ):
        incoming = Incoming(store, writer)

        def keep() -> None:
            writer.commit()
            store.announce(incoming.changes())

        for head, batches in _kept_when_cut_off(pages, keep):
            writer.begin()
            incoming.apply(head, batches)
            rows = sum(len(batch.ids) for batch in batches)
            received, unwritten = received + rows, unwritten + rows
            # Nobody at the desk shall wait for the network.
            is_waiting = not isinstance(pages, _Ahead) or not pages.is_ready
            if unwritten >= turn_rows or is_waiting or not head["more"]:
                writer.commit()
                unwritten = 0
                if not head["more"] or time.monotonic() - announced > _ANNOUNCED_EVERY_SECONDS:
                    store.announce(incoming.changes())
                    announced = time.monotonic()
            if total:
                watcher.progress(Progress(min(received, total), total))
            if head["more"] and watcher.is_cancelled():
                keep()
                raise Cancelled
        if received > _TURN_ROWS:
            writer.move_log()
    return received


def _pages(store: Store, first: Message, rest: Iterator[Message]) -> AbstractContextManager[Iterable[Message]]:
    """The pages of a stream. Where somebody works here each is read between two turns of writing: with a thread that
    unpacks the next, three would share the interpreter, and a save wait for two of them."""
    if store.gate.has_company:
        return nullcontext(chain((first,), rest))
    return _fetched_ahead(first, rest, is_all=not first[0]["more"])


def _kept_when_cut_off(pages: Iterable[Message], keep: Callable[[], None]) -> Iterator[Message]:
    """The pages; when their stream ends before its time, those that came whole are kept."""
    head: Head = {}
    try:
        for page in pages:
            head = page[0]
            yield page
    except SyncError:
        keep()
        raise
    if head.get("more"):
        keep()
        raise Unreachable("The server stopped in the middle of an answer.")


class _Ahead(Generic[T]):
    """What an iterator yields, fetched by another thread while what came before is being worked on. The first is
    there already. Close it before the iterator."""

    def __init__(self, first: T, rest: Iterator[T]) -> None:
        self._rest = rest
        self._waiting: queue.Queue[T | _End] = queue.Queue(_AHEAD)
        self._waiting.put(first)
        self._is_over = False
        self._thread = threading.Thread(target=self._fetch, name="sync-ahead", daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether the next one is there without waiting."""
        return not self._waiting.empty()

    def __iter__(self) -> Iterator[T]:
        while True:
            found = self._waiting.get()
            if not isinstance(found, _End):
                yield found
            elif found.error is None:
                return
            else:
                raise found.error

    def close(self) -> None:
        """Fetch no more."""
        self._is_over = True
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._waiting.get_nowait()
            self._thread.join(0.005)

    def _fetch(self) -> None:
        error = None
        try:
            for found in self._rest:
                self._waiting.put(found)
                if self._is_over:
                    return
        except BaseException as raised:
            error = raised
        self._waiting.put(_End(error))


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


@contextmanager
def _fetched_ahead(first: T, rest: Iterator[T], *, is_all: bool) -> Iterator[_Ahead[T] | tuple[T]]:
    """`first` and the rest; alone, without a thread, when nothing follows."""
    if is_all:
        yield (first,)
        return
    ahead = _Ahead(first, rest)
    try:
        yield ahead
    finally:
        ahead.close()
