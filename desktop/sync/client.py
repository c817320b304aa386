"""Talks to the server over HTTP: sign-in and the messages of the sync. Knows no store and no screen."""

from __future__ import annotations

import http.client
import logging
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from desktop.sync.connection import Connection, HttpConnection, Reply
from desktop.sync.errors import (
    Forked,
    Revoked,
    SignedOut,
    SignInRefused,
    SyncError,
    TooNew,
    TooOld,
    Unreachable,
    error_of,
)
from shared_models.sync.wire import CONTENT_TYPE, MAX_MESSAGE_BYTES, BadMessage, TableBatch, unpack

__all__ = [
    "Forked",
    "Revoked",
    "SignInRefused",
    "SignedOut",
    "SyncError",
    "TooNew",
    "TooOld",
    "Unreachable",
]  # where callers have always found them

log = logging.getLogger(__name__)

Head = dict[str, Any]
Message = tuple[Head, list[TableBatch]]
Pages = Generator[Message, None, None]

_SLOW_SECONDS = 5.0


class Server(Protocol):
    """What the exchange asks of a server. `SyncClient` asks over HTTP; a stand-in may answer by itself."""

    def hello(self, asked: Mapping[str, Any]) -> Head:
        """Section 4 of docs/sync-protocol.md."""

    def push(self, message: bytes) -> Message:
        """Section 5: a packed message, answered by another."""

    def pull(self, after: int, scope: str, *, withdrawn: bool = False, table: str | None = None) -> Pages:
        """Section 6: the pages of one stream, in their order. Closing the iterator ends the stream."""

    def digests(self, *, deep: bool = False) -> Head:
        """Section 8."""

    def use_token(self, token: str) -> None:
        """Show another token from now on."""


@dataclass(frozen=True, slots=True)
class Center:
    """A center that the account may open."""

    organization_id: str
    user_id: str
    business_name: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh token for one center."""

    token: str
    center: Center


@dataclass(frozen=True, slots=True)
class AuditedChange:
    """One change that the server noted: fields with their values before and after, none for a row that was made, and
    the values of fields that another edit overruled."""

    table: str
    row_id: str
    happened_at: datetime
    action: str
    user_id: str | None
    changes: dict[str, tuple[Any, Any]]
    lost: dict[str, Any]


class SyncClient:
    """One server and, once signed in, one device's token. Use from one thread at a time; close with `close()`."""

    def __init__(self, base_url: str, token: str | None = None, *, connection: Connection | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._connection: Connection
        self._connection = HttpConnection(self._base_url) if connection is None else connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def interrupt(self) -> None:
        """From another thread: end what is under way, with Unreachable there."""
        self._connection.interrupt()

    def use_token(self, token: str) -> None:
        """Show another token from now on."""
        self._token = token

    def sign_in(
        self, email: str, password: str, device_id: str, device_name: str, organization_id: str | None = None
    ) -> SignedIn | list[Center]:
        """Exchange e-mail and password for a token, or for the centers to choose from.

        Raises SignInRefused or Unreachable.
        """
        answer = self.ask(
            "POST",
            "/api/v1/sign-in",
            {
                "email": email,
                "password": password,
                "device_id": device_id,
                "device_name": device_name,
                "organization_id": organization_id,
            },
        )
        if answer["token"] is None:
            return [Center(**center) for center in answer["centers"]]
        self._token = answer["token"]
        return SignedIn(answer["token"], Center(**answer["center"]))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON, get JSON. Raises SyncError."""
        if body is None:
            return self._json(self._send(method, path))
        return self._json(self._send(method, path, orjson.dumps(body), "application/json"))

    def hello(self, asked: Mapping[str, Any]) -> Head:
        """Say which program, store and life of it this is, and hear the same of the server."""
        answer: Head = self.ask("POST", "/api/v1/sync/hello", asked)
        return answer

    def push(self, message: bytes) -> Message:
        """Send changes; answers with what the server refused, and what it has in place of that."""
        reply = self._send("POST", "/api/v1/sync/push", message, CONTENT_TYPE)
        return self._unpacked(self._body(reply))

    def pull(self, after: int, scope: str, *, withdrawn: bool = False, table: str | None = None) -> Pages:
        """The pages of what changed after a cursor, as they come."""
        query = {"protocol": "2", "after": str(after), "scope": scope}
        if withdrawn:
            query["withdrawn"] = "all"
        if table is not None:
            query["table"] = table
        reply = self._send("GET", f"/api/v1/sync/pull?{urlencode(query)}")
        try:
            while True:
                length = self._exactly(reply, 4, may_end=True)
                if not length:
                    return
                size = int.from_bytes(length)
                if size > MAX_MESSAGE_BYTES:
                    raise self._nonsense()
                yield self._unpacked(self._exactly(reply, size))
        finally:
            reply.close()

    def digests(self, *, deep: bool = False) -> Head:
        """Counts and sums by table of what this PC may see."""
        answer: Head = self.ask("GET", "/api/v1/sync/digests?deep=1" if deep else "/api/v1/sync/digests")
        return answer

    def watch(self) -> Generator[tuple[str, str]]:
        """Server-sent events as (event, data), until the server ends them; ("", "") for a sign of life."""
        reply = self._send("GET", "/api/v1/sync/watch")
        try:
            event, rest = "", b""
            while chunk := self._some(reply):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    name, _, value = line.decode("utf-8", "replace").rstrip("\r").partition(":")
                    if name == "event":
                        event = value.strip()
                    elif name == "data":
                        yield event, value.strip()
                    elif not name:
                        event = ""
                        yield "", ""
        finally:
            reply.close()

    def history(self, table: str, ids: Sequence[str]) -> list[AuditedChange]:
        """What the server noted about rows of one table, newest first."""
        query = urlencode([("table", table), *(("id", row_id) for row_id in ids)])
        rows = self.ask("GET", f"/api/v1/history?{query}")
        return [
            AuditedChange(
                table,
                row["row_id"],
                datetime.fromisoformat(row["happened_at"]),
                row["action"],
                row["user_id"],
                {name: (values[0], values[1]) for name, values in row["changes"].items()},
                dict(row.get("lost") or {}),
            )
            for row in rows
        ]

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Reply:
        request_id = uuid.uuid4().hex
        headers = {"X-Request-Id": request_id}
        if kind:
            headers["Content-Type"] = kind
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        began = time.perf_counter()
        try:
            reply = self._connection.send(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            log.info("request %s: %s %s did not arrive: %s", request_id, method, path.partition("?")[0], error)
            raise Unreachable(f"The server {self._base_url} does not answer.") from error
        taken = time.perf_counter() - began
        level = logging.INFO if reply.status >= 400 or taken > _SLOW_SECONDS else logging.DEBUG
        log.log(
            level, "request %s: %s %s gave %d after %.0f ms",
            request_id, method, path.partition("?")[0], reply.status, taken * 1000,
        )  # fmt: skip
        if reply.status < 300:
            return reply
        raise self._refused(reply)

    def _refused(self, reply: Reply) -> SyncError:
        try:
            answer = orjson.loads(self._body(reply))
        except orjson.JSONDecodeError:
            answer = None
        return error_of(reply.status, answer if isinstance(answer, dict) else {}, reply.headers.get("retry-after"))

    def _json(self, reply: Reply) -> Any:
        try:
            return orjson.loads(self._body(reply))
        except orjson.JSONDecodeError as error:
            raise self._nonsense() from error

    def _body(self, reply: Reply) -> bytes:
        try:
            return reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The server {self._base_url} stopped in the middle of an answer.") from error
        finally:
            reply.close()

    def _some(self, reply: Reply) -> bytes:
        """A line of a stream, as soon as it is there."""
        try:
            return reply.read(1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The server {self._base_url} ended the stream.") from error

    def _exactly(self, reply: Reply, size: int, *, may_end: bool = False) -> bytes:
        try:
            found = reply.read(size)
            while 0 < len(found) < size and (more := reply.read(size - len(found))):
                found += more
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The server {self._base_url} stopped in the middle of an answer.") from error
        if len(found) == size or (may_end and not found):
            return found
        raise Unreachable(f"The server {self._base_url} stopped in the middle of an answer.")

    def _unpacked(self, raw: bytes) -> Message:
        try:
            return unpack(raw)
        except BadMessage as error:
            raise self._nonsense() from error

    def _nonsense(self) -> SyncError:
        return Unreachable(f"The server {self._base_url} gave an answer that is not iTutorOS’s.")
