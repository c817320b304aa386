"""HTTP endpoints of the sync (docs/sync-protocol.md). They are plain handlers, as what FastAPI does around its own
would cost more than the work of most of these requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
import psycopg
import structlog
from fastapi import APIRouter
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared_models.sync.wire import CONTENT_TYPE, BadMessage, declared_bytes, framed, pack, unpack
from sync_server.access.devices import DeviceIdentity
from sync_server.access.requests import Refused, bearer
from sync_server.database import Database
from sync_server.operations.draining import Draining
from sync_server.sync.digests import digests
from sync_server.sync.hello import hello
from sync_server.sync.identity import open_session
from sync_server.sync.pull import Wanted, pages
from sync_server.sync.push import answer_push
from sync_server.sync.watch import Watch, stream

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
"""Somewhat more than a desk sends at most ([S-46])."""
_FREE_BYTES = 256 * 1024

_BUSY_SECONDS = 5
_BUSY = (PoolTimeout, PoolTimeoutError, psycopg.OperationalError, OperationalError)
"""No connection was free in time, or PostgreSQL is away or ended what it was doing: trying again helps."""

log = structlog.get_logger(__name__)

Answering = Callable[[Request, Send], Awaitable[Response | None]]


class Endpoint:
    """An ASGI application out of a function that answers with a Response, or has sent everything itself."""

    def __init__(self, path: str, answering: Answering) -> None:
        self.path = path
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # by which the log and the figures name the request
        request = Request(scope, receive)
        try:
            response = await self._answering(request, send)
        except Refused as error:
            response = error.answer()
        except _BUSY as error:
            log.warning("database_busy", error=type(error).__name__)
            response = _busy().answer()
        except ClientDisconnect:
            return
        if response is not None:
            await response(scope, receive, send)


async def answer_hello(request: Request, _send: Send) -> Response:
    """`POST /sync/hello`."""
    token = _token(request)
    try:
        said = orjson.loads(await _body(request, _FREE_BYTES))
    except orjson.JSONDecodeError as error:
        raise _bad("A hello is JSON.") from error
    if not isinstance(said, dict):
        raise _bad("A hello is an object.")
    answer = await run_in_threadpool(hello, _database(request), token, said)
    return Response(orjson.dumps(answer), media_type="application/json")


async def take_push(request: Request, _send: Send) -> Response:
    """`POST /sync/push`."""
    token = _token(request)
    body = await _body(request)
    return Response(await run_in_threadpool(_push, _database(request), token, body), media_type=CONTENT_TYPE)


async def give_pull(request: Request, send: Send) -> Response | None:
    """`GET /sync/pull`: one message, or a stream of them in protocol 2."""
    wanted, streams = _wanted(request)
    messages = pages(_database(request), _token(request), wanted)
    first = await run_in_threadpool(next, messages, None)
    if not streams:
        return Response(first or b"", media_type=CONTENT_TYPE)
    await _send_all(first or b"", messages, send)
    return None


async def give_digests(request: Request, _send: Send) -> Response:
    """`GET /sync/digests`."""
    deep = request.query_params.get("deep") == "1"
    answer = await run_in_threadpool(lambda: digests(_database(request), _token(request), deep=deep))
    return Response(orjson.dumps(answer), media_type="application/json")


async def give_watch(request: Request, send: Send) -> None:
    """`GET /sync/watch`."""
    database, token = _database(request), _token(request)
    watch = _watch(request)
    await watch.listening()
    watcher = watch.enter(await run_in_threadpool(_who, database, token))
    try:
        await stream(watch, watcher, request.receive, send)
    finally:
        watch.leave(watcher)


router = APIRouter()
for path, method, answering in (
    ("/api/v1/sync/hello", "POST", answer_hello),
    ("/api/v1/sync/push", "POST", take_push),
    ("/api/v1/sync/pull", "GET", give_pull),
    ("/api/v1/sync/digests", "GET", give_digests),
    ("/api/v1/sync/watch", "GET", give_watch),
):
    router.routes.append(Route(path, Endpoint(path, answering), methods=[method], name=answering.__name__))


def _push(database: Database, token: str, body: bytes) -> bytes:
    try:
        if declared_bytes(body) > _FREE_BYTES:
            # Nobody unknown has large messages read.
            _who(database, token)
        head, batches = unpack(body, MAX_UNPACKED_BYTES)
    except BadMessage as error:
        raise _bad(str(error)) from error
    answer, standing = answer_push(database, token, head, batches)
    return pack(answer, standing)


async def _send_all(first: bytes, rest: Iterator[bytes], send: Send) -> None:
    """Send frames; while one is on its way the next is read."""
    headers = [(b"content-type", CONTENT_TYPE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    message: bytes | None = first
    while message is not None:
        following = asyncio.ensure_future(run_in_threadpool(next, rest, None))
        try:
            await send({"type": "http.response.body", "body": framed(message), "more_body": True})
        except BaseException:
            await asyncio.wait({following})
            raise
        message = await following
    await send({"type": "http.response.body", "body": b""})


def _who(database: Database, token: str) -> DeviceIdentity:
    with database.bare() as connection:
        return open_session(connection.cursor(), token).device


def _wanted(request: Request) -> tuple[Wanted, bool]:
    asked = request.query_params
    protocol = _number(asked.get("protocol"), 1)
    limit = _number(asked.get("limit"), 5000) if protocol == 1 or "limit" in asked else None
    if limit == 0:
        raise _bad("A page has at least one row.")
    wanted = Wanted(
        after=_number(asked.get("after"), 0),
        scope=asked.get("scope"),
        withdraws_all=asked.get("withdrawn") == "all",
        table=asked.get("table"),
        limit=limit,
        protocol=protocol,
    )
    return wanted, limit is None


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise _bad("A number is written with digits alone.")
    return int(text)


def _token(request: Request) -> str:
    return bearer(request.headers.get("authorization", ""))


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _watch(request: Request) -> Watch:
    state: Any = request.app.state
    found: Watch | None = getattr(state, "watch", None)
    if found is None:
        draining: Draining = state.draining
        # Past a pooler, which would hand the listening connection on to others.
        url = state.settings.direct_database_url or _database(request).url
        found = state.watch = Watch(url, lambda: draining.has_begun)
    return found


async def _body(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(413, "too_large", "The message is too large.")
        parts.append(part)
    return b"".join(parts)


def _busy() -> Refused:
    return Refused(
        503,
        "busy",
        "The server is busy. Your changes stay saved and are sent in a while.",
        headers={"Retry-After": str(_BUSY_SECONDS)},
    )


def _bad(words: str) -> Refused:
    return Refused(400, "bad_message", words)
