"""Talks to the server over HTTP: sign-in, push and pull. Knows no store and no screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from shared_models.sync.wire import CONTENT_TYPE, PROTOCOL, BadMessage, TableBatch, pack, unpack

if TYPE_CHECKING:
    import httpx

_TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 5.0


class SyncError(Exception):
    """The exchange with the server failed; `str()` is a sentence for the person."""


class Unreachable(SyncError):
    """No answer from the server: the internet or the server is down. Trying again later helps."""


class SignedOut(SyncError):
    """The server no longer accepts this PC; signing in again helps."""


class SignInRefused(SyncError):
    """E-mail and password do not fit, or the user may not use the desktop."""


class TooOld(SyncError):
    """This program and the server speak different versions."""


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
class RefusedRow:
    """A row that the server did not take, and why."""

    table: str
    row_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the server refused, and its own rows in place of the refused ones, as far as it has them."""

    refused: list[RefusedRow]
    standing: list[TableBatch]


@dataclass(frozen=True, slots=True)
class PulledPage:
    """Rows after the cursor, and where the next page begins."""

    next_cursor: int
    has_more: bool
    batches: list[TableBatch]


@dataclass(frozen=True, slots=True)
class AuditedChange:
    """One change that the server noted: fields with their values before and after, none for a row that was made."""

    table: str
    row_id: str
    happened_at: datetime
    action: str
    user_id: str | None
    changes: dict[str, tuple[Any, Any]]


class SyncClient:
    """One server and, once signed in, one device's token. Use from one thread at a time; close with `close()`."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        import httpx

        self._base_url = base_url.rstrip("/")
        self._token = token
        self._http: httpx.Client = httpx.Client(
            base_url=self._base_url,
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def sign_in(
        self, email: str, password: str, device_id: str, device_name: str, organization_id: str | None = None
    ) -> SignedIn | list[Center]:
        """Exchange e-mail and password for a token, or for the centers to choose from.

        Raises SignInRefused or Unreachable.
        """
        body: dict[str, Any] = {
            "email": email,
            "password": password,
            "device_id": device_id,
            "device_name": device_name,
            "organization_id": organization_id,
        }
        response = self._send("POST", "/api/v1/sign-in", orjson.dumps(body), "application/json")
        answer = response.json()
        if answer["token"] is None:
            return [Center(**center) for center in answer["centers"]]
        self._token = answer["token"]
        return SignedIn(answer["token"], Center(**answer["center"]))

    def push(self, batches: Sequence[TableBatch]) -> PushAnswer:
        """Send changes; answers with what the server refused."""
        response = self._send("POST", "/api/v1/sync/push", pack({"protocol": PROTOCOL}, batches), CONTENT_TYPE)
        head, standing = self._read(response)
        return PushAnswer([RefusedRow(row["table"], row["id"], row["reason"]) for row in head["refused"]], standing)

    def pull(self, after: int, limit: int) -> PulledPage:
        """Fetch the page of changes after a cursor."""
        response = self._send("GET", f"/api/v1/sync/pull?after={after}&limit={limit}")
        head, batches = self._read(response)
        return PulledPage(int(head["next"]), bool(head["more"]), batches)

    def history(self, table: str, ids: Sequence[str]) -> list[AuditedChange]:
        """What the server noted about rows of one table, newest first."""
        from urllib.parse import urlencode

        query = urlencode([("table", table), *(("id", row_id) for row_id in ids)])
        rows = self._send("GET", f"/api/v1/history?{query}").json()
        return [
            AuditedChange(
                table,
                row["row_id"],
                datetime.fromisoformat(row["happened_at"]),
                row["action"],
                row["user_id"],
                {name: (values[0], values[1]) for name, values in row["changes"].items()},
            )
            for row in rows
        ]

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> httpx.Response:
        import httpx

        headers = {"Content-Type": kind} if kind else {}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            response = self._http.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"The server {self._base_url} does not answer.") from error
        if response.is_success:
            return response
        raise _error(response)

    def _read(self, response: httpx.Response) -> tuple[dict[str, Any], list[TableBatch]]:
        try:
            return unpack(response.content)
        except BadMessage as error:
            raise Unreachable(f"The server {self._base_url} gave an answer that is not iTutorOS’s.") from error


def _error(response: httpx.Response) -> SyncError:
    try:
        detail = response.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    sentence = detail if isinstance(detail, str) else f"The server answered with an error ({response.status_code})."
    match response.status_code:
        case 401:
            return SignedOut("This PC is no longer signed in. Sign in again to send and fetch changes.")
        case 403:
            return SignInRefused(sentence)
        case 426:
            return TooOld(sentence)
        case status if status >= 500 or status in (408, 429):
            return Unreachable("The server is not available right now.")
        case _:
            return SyncError(sentence)
