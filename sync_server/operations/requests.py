"""The outermost layer around every request: its id from desk to log, its line in the log, its figures, the sentence
when something of ours broke, and the end of streams when the server ends."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync_server.operations import metrics
from sync_server.operations.draining import Draining, settle

REQUEST_ID = "X-Request-Id"
"""The header in which a desk names its request, and in which the answer repeats the name."""

_HEADER = REQUEST_ID.lower().encode()
_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_OWN_PATH = re.compile(r"/api/v1/[a-z]+(?:/[a-z]+)?")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health", "/ready", "/metrics"})
_BROKEN = "Something went wrong on the server. Your work stays saved on this PC; please try again in a while."

_log = structlog.get_logger(__name__)

_STATE: ContextVar[dict[str, Any] | None] = ContextVar("request_state", default=None)


def note_device(organization_id: str, device_id: str) -> None:
    """Name the device behind the request in hand in its line of the log, from whichever thread works on it."""
    state = _STATE.get()
    if state is not None:
        state["organization_id"], state["device_id"] = organization_id, device_id


class RequestScope:
    """ASGI middleware; see the module. `connections_used` tells how many database connections are in use."""

    def __init__(self, app: ASGIApp, *, draining: Draining, connections_used: Callable[[], int] = lambda: 0) -> None:
        self._app = app
        self._draining = draining
        self._connections_used = connections_used

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        _STATE.set(scope["state"])
        answer = _Answer(request_id, receive, send, self._draining)
        began = time.perf_counter()
        metrics.REQUESTS_IN_HAND.inc()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, answer.receive, answer.send)
            except Exception as error:
                _log.error("request broke", exc_info=error, method=scope["method"], route=_route(scope))
                await answer.apologize()
            finally:
                metrics.REQUESTS_IN_HAND.dec()
                if answer.is_stream:
                    metrics.STREAMS_OPEN.dec()
                self._note(scope, answer, time.perf_counter() - began)

    def _note(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        route = _route(scope, answer.status)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.REQUESTS.labels(method, route, answer.status).inc()
        metrics.BODY_BYTES.labels("in").inc(answer.bytes_in)
        metrics.BODY_BYTES.labels("out").inc(answer.bytes_out)
        metrics.CONNECTIONS.set(self._connections_used())
        if not answer.is_stream:
            metrics.REQUEST_SECONDS.labels(route).observe(seconds)
        if route in _QUIET and answer.status < 500:
            return
        # The path may hold a person's words or a token, so that only the route is named.
        details = {
            name: value
            for name in ("organization_id", "device_id")
            if isinstance(value := scope["state"].get(name), str)
        }
        _log.info(
            "request",
            method=method,
            route=route,
            status=answer.status,
            milliseconds=round(seconds * 1000, 2),
            bytes_in=answer.bytes_in,
            bytes_out=answer.bytes_out,
            **details,
        )


class _Answer:
    """One request's two directions, watched."""

    def __init__(self, request_id: str, receive: Receive, send: Send, draining: Draining) -> None:
        self.status = 499
        """499 until the answer begins: the caller went away first."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.is_stream = False
        self._request_id = request_id
        self._receive = receive
        self._send = send
        self._draining = draining
        self._has_begun = False

    async def receive(self) -> Message:
        if self.is_stream:
            return await self._receive_or_end()
        message = await self._receive()
        if message["type"] == "http.request":
            self.bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            self.status = message["status"]
            headers = [*message.get("headers", ()), (_HEADER, self._request_id.encode())]
            # Another message, as who keeps pages ready sends the same one to everybody.
            message = {**message, "headers": headers}
            if self._draining.has_begun:
                headers.append((b"connection", b"close"))
            for name, value in headers:
                if name.lower() == b"content-type" and value.startswith(b"text/event-stream"):
                    self.is_stream = True
                    metrics.STREAMS_OPEN.inc()
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def apologize(self) -> None:
        """Answer 500 with the request's id, unless the answer had begun already."""
        if self._has_begun:
            raise ConnectionAbortedError("the answer broke off")
        body = orjson.dumps({"detail": _BROKEN, "request_id": self._request_id})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _receive_or_end(self) -> Message:
        """To a stream the end of the server looks as if the caller had left: it ends by itself."""
        either = self._draining.told()
        caller = asyncio.ensure_future(self._receive())
        caller.add_done_callback(lambda _: settle(either))
        try:
            await either
            return caller.result() if caller.done() else {"type": "http.disconnect"}
        finally:
            caller.cancel()
            either.cancel()


def request_id_of(scope: Scope) -> str:
    """The id that the caller gave, if it is well formed; a new one otherwise."""
    for name, value in scope["headers"]:
        if name == _HEADER and _WELL_FORMED.fullmatch(value):
            return bytes(value).decode("ascii")
    return uuid4().hex


def _route(scope: Scope, status: int = 200) -> str:
    """The pattern that answered. What is answered ahead of routing has none: the API's own paths name themselves, as
    they hold nothing of a person's; the rest is the website."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    if isinstance(path, str):
        return path
    if scope["path"].startswith("/api/"):
        return scope["path"] if status != 404 and _OWN_PATH.fullmatch(scope["path"]) else "other"
    return "website" if scope["method"] in ("GET", "HEAD") else "other"
