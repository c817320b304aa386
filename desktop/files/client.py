"""Talks to the server about files over HTTP. Knows no store and no screen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.sync.client import SignedOut, SyncError, Unreachable

if TYPE_CHECKING:
    import httpx

SEND_BYTES = 512 * 1024
"""The bytes of one chunk on its way to the server: small enough that a slow line shows progress."""
_TIMEOUT_SECONDS = 60.0
_CONNECT_SECONDS = 5.0


class FileRefused(SyncError):
    """The server does not take this file, and will not if it is sent again; `str()` says why."""


class NotThereYet(SyncError):
    """The server does not know this file, or has not its bytes; asking later helps."""


class BeginAgain(SyncError):
    """What arrived is not what was sent: the upload goes on from `received`."""

    def __init__(self, sentence: str, received: int) -> None:
        super().__init__(sentence)
        self.received = received


@dataclass(frozen=True, slots=True)
class Upload:
    """How far an upload is at the server."""

    received: int
    is_complete: bool


class FileClient:
    """Files at one server for one device's token. Use from one thread at a time; close with `close()`."""

    def __init__(self, base_url: str, token: str) -> None:
        import httpx

        self._base_url = base_url.rstrip("/")
        self._http: httpx.Client = httpx.Client(
            base_url=self._base_url,
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def upload(self, sha256: str) -> Upload:
        """How far this PC's upload is. Raises SyncError."""
        return _upload(self._send("GET", f"/api/v1/files/{sha256}/upload"))

    def send(self, sha256: str, offset: int, chunk: bytes) -> Upload:
        """Send a chunk. Raises SyncError."""
        digest = hashlib.sha256(chunk).hexdigest()
        path = f"/api/v1/files/{sha256}/upload?offset={offset}"
        return _upload(self._send("PUT", path, chunk, {"X-Chunk-SHA256": digest}))

    def complete(self, sha256: str) -> None:
        """Have the server check what it received and keep it. Raises SyncError."""
        self._send("POST", f"/api/v1/files/{sha256}/complete")

    def fetch(self, sha256: str, offset: int) -> Iterator[bytes]:
        """A file from an offset on, as it comes. Raises SyncError; the connection may end between any two parts."""
        import httpx

        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        try:
            with self._http.stream("GET", f"/api/v1/files/{sha256}", headers=headers) as response:
                if not response.is_success:
                    response.read()
                    raise _error(response)
                if offset and response.status_code != 206:
                    raise BeginAgain("The server sent the whole file.", 0)
                yield from response.iter_raw()
        except httpx.HTTPError as error:
            raise Unreachable(f"The server {self._base_url} does not answer.") from error

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        import httpx

        try:
            response = self._http.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"The server {self._base_url} does not answer.") from error
        if response.is_success:
            return response
        raise _error(response)


def _upload(response: httpx.Response) -> Upload:
    answer: dict[str, Any] = response.json()
    return Upload(int(answer["received"]), bool(answer["complete"]))


def _error(response: httpx.Response) -> SyncError:
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    detail = answer.get("detail")
    sentence = detail if isinstance(detail, str) else f"The server answered with an error ({response.status_code})."
    received = answer.get("received")
    match response.status_code:
        case 401:
            return SignedOut("This PC is no longer signed in. Sign in again to send and fetch files.")
        case 404:
            return NotThereYet(sentence)
        case 400 | 409 | 422 if isinstance(received, int):
            return BeginAgain(sentence, received)
        case 413 | 415:
            return FileRefused(sentence)
        case status if status >= 500 or status in (408, 429):
            return Unreachable("The server is not available right now.")
        case _:
            return SyncError(sentence)
