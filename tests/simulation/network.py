"""The simulated network: the desktop's own HTTP client calls the server's own application, without a socket, and each
message meets the fate that the step's random numbers decide."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from sqlalchemy import Connection, event

from desktop.sync.client import SyncClient
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.settings import Settings

BASE_URL = "http://simulated"
MOST_REQUESTS = 500
"""Of one exchange: many times as many as the longest of a story needs."""


class Killed(BaseException):
    """The desktop's process ends here, without any clean-up."""


class NeverEnds(AssertionError):
    """A desk asks again and again."""


class ServerEnded(Exception):
    """The server's process ends here; its transaction is gone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from the server."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it stood on the wire, to be delivered now, twice or late."""

    method: str
    url: httpx.URL
    headers: list[tuple[bytes, bytes]]
    body: bytes


class InProcessServer:
    """The server's application on a loop of its own. `deliver` gives None when the server's process ended."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._app = create_app(Settings(data_folder=folder), database)
        self._loop = asyncio.new_event_loop()
        # Handlers run where they are called, one after the other, as a story replays exactly only without threads.
        self._inline = mock.patch("anyio.to_thread.run_sync", _run_here)
        self._inline.start()
        self._commits_left: int | None = None
        event.listen(database.engine, "commit", self._commit)

    def deliver(self, message: Message, dies_at_commit: int | None = None) -> Answer | None:
        """Hand one request to the server; with a number, its process ends before that commit."""
        self._commits_left = dies_at_commit
        try:
            return self._loop.run_until_complete(self._call(message))
        except ServerEnded:
            return None
        finally:
            self._commits_left = None

    def close(self) -> None:
        """Let go of the loop."""
        self._inline.stop()
        self._loop.close()

    def _commit(self, connection: Connection) -> None:
        if self._commits_left is not None:
            self._commits_left -= 1
            if self._commits_left < 0:
                self._commits_left = None
                connection.invalidate()
                raise ServerEnded

    async def _call(self, message: Message) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": message.method,
            "scheme": "http",
            "path": message.url.path,
            "raw_path": message.url.raw_path.split(b"?")[0],
            "query_string": message.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in message.headers],
            "client": ("192.0.2.1", 40000),
            "server": ("simulated", 80),
            "state": {},
        }
        requests = [{"type": "http.request", "body": message.body, "more_body": False}]
        ended = asyncio.Event()
        status, headers, parts = 500, [], []

        async def receive() -> Any:
            if requests:
                return requests.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(part: Any) -> None:
            nonlocal status, headers
            if part["type"] == "http.response.start":
                status, headers = part["status"], list(part.get("headers", []))
            else:
                parts.append(part.get("body", b""))
                if not part.get("more_body", False):
                    ended.set()

        await self._app(scope, receive, send)
        return Answer(status, headers, b"".join(parts))


async def _run_here(work: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
    return work(*arguments)


class CutOff(httpx.SyncByteStream):
    """An answer that ends in the middle, with an error or as if it were whole."""

    def __init__(self, body: bytes, *, is_noticed: bool) -> None:
        self._body, self._is_noticed = body, is_noticed

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        if self._is_noticed:
            raise httpx.ReadError("the connection was cut")


@dataclass
class Network(httpx.BaseTransport):
    """Carries messages. With `draw` set they may get lost; without, everything arrives once."""

    server: InProcessServer
    draw: random.Random | None = None
    between: Callable[[], None] | None = None
    """What the person at the desk does while a message travels."""
    tell: Callable[[str], None] = print
    kill: Callable[[], None] = lambda: None
    """Ends the process of the desk that sends; raises Killed."""
    late: list[Message] = field(default_factory=list)
    """Requests that the desk has given up on, and that may yet arrive."""
    is_serving: bool = False
    requests: int = 0
    """How many were carried since the exchange began."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request and its answer, as far as they come. Raises NeverEnds."""
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise NeverEnds(f"{request.method} {request.url} was sent again and again")
        message = Message(request.method, request.url, request.headers.raw, request.read())
        draw = self.draw
        if draw is None:
            return self._respond(self._serve(message), request)
        fate = draw.random()
        if fate < 0.03:
            self.tell("killed before sending")
            self.kill()
        if fate < 0.08:
            self.tell("request lost")
            raise httpx.ConnectError("lost on its way", request=request)
        if fate < 0.12:
            self.tell("request delayed")
            self.late.append(message)
            raise httpx.ReadTimeout("no answer", request=request)
        if fate < 0.14 and len(message.body) > 1:
            self.tell("request cut off")
            cut = Message(
                message.method, message.url, message.headers, message.body[: draw.randrange(len(message.body))]
            )
            return self._respond(self._serve(cut), request)
        if fate < 0.18:
            self.tell("server killed before a commit")
            return self._respond(self._serve(message, dies_at_commit=draw.randrange(4)), request)
        if fate < 0.23:
            self.tell("request doubled")
            self._serve(message)
        answer = self._serve(message)
        if message.body and draw.random() < 0.1:
            # A copy of it stays behind somewhere, and may be delivered again much later.
            self.late.append(message)
        if self.between is not None and draw.random() < 0.08:
            self.between()
        fate = draw.random()
        if fate < 0.05:
            self.tell("answer lost")
            raise httpx.ReadError("lost on its way back", request=request)
        if fate < 0.08:
            self.tell("killed before the answer came")
            self.kill()
        if fate < 0.10:
            self.tell("a proxy answered instead")
            return httpx.Response(502, html="<html>Bad gateway</html>", request=request)
        if fate < 0.15 and answer is not None and answer.body:
            is_noticed = draw.random() < 0.7
            self.tell("answer cut off")
            part = answer.body[: draw.randrange(len(answer.body))]
            headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
            return httpx.Response(
                answer.status, headers=headers, stream=CutOff(part, is_noticed=is_noticed), request=request
            )
        return self._respond(answer, request)

    def deliver_late(self, which: int) -> None:
        """One of the requests that were given up on arrives after all; nobody waits for its answer."""
        if self.late:
            self._serve(self.late.pop(which % len(self.late)))

    def _serve(self, message: Message, dies_at_commit: int | None = None) -> Answer | None:
        self.is_serving = True
        try:
            return self.server.deliver(message, dies_at_commit)
        finally:
            self.is_serving = False

    def _respond(self, answer: Answer | None, request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ReadError("the server went away", request=request)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


class _Reply:
    """An answer as the desktop's client reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._parts = iter(response.stream)
        self._rest = b""

    def read(self, size: int | None = None) -> bytes:
        """So many bytes, or the rest."""
        try:
            while size is None or len(self._rest) < size:
                part = next(self._parts, None)
                if part is None:
                    break
                self._rest += part
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from error
        found, self._rest = self._rest[:size], self._rest[len(self._rest) if size is None else size :]
        return found

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Led:
    """The client's connection, led over the simulated network."""

    network: Network

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> _Reply:
        """Send a request and wait for its answer."""
        try:
            return _Reply(
                self.network.handle_request(
                    httpx.Request(method, BASE_URL + path, headers=dict(headers), content=body)
                )
            )
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from error

    def close(self) -> None:
        """Nothing is open."""

    def interrupt(self) -> None:
        """Nothing is waited for."""


def client_over(network: Network, token: str) -> SyncClient:
    """The desktop's own client, its connection led over the simulated network."""
    return SyncClient(BASE_URL, token, connection=Led(network))
