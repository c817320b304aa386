"""One kept-alive HTTP connection to a server, on the standard library: a request of the sync carries little and waits
for much, so what the connection itself costs decides how long "nothing new" takes."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 60.0


class Reply(Protocol):
    """An answer: its status and headers (names in lower case), and its body, read as it comes."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    def read(self, size: int | None = None) -> bytes:
        """So many bytes of the body, fewer at its end; without a size, the rest of it."""

    def close(self) -> None:
        """Let go of the answer, read or not."""


class Connection(Protocol):
    """Carries one request at a time. Raises OSError or http.client.HTTPException when it cannot."""

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """Send a request and wait for the head of its answer."""

    def close(self) -> None:
        """Close the connection; the next request makes it again."""

    def interrupt(self) -> None:
        """From another thread: end what the connection waits for, with an error there."""


class HttpReply:
    """An answer over a socket."""

    def __init__(self, connection: HttpConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def read(self, size: int | None = None) -> bytes:
        """So many bytes of the body, fewer at its end; without a size, the rest of it."""
        return self._response.read(size)

    def close(self) -> None:
        """Let go of the answer; a connection on which more of it would come is closed."""
        if not self._response.isclosed():
            self._connection.close()
        self._response.close()


class HttpConnection:
    """A connection to one server, made when first needed and made again when it broke. Proxies are not asked for;
    certificates are checked against what this PC trusts."""

    def __init__(self, base_url: str, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        parts = urlsplit(base_url)
        self._is_encrypted = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._answer_seconds = answer_seconds
        self._http: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._trust: ssl.SSLContext | None = None

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> HttpReply:
        """Send a request and wait for the head of its answer. A connection that the server closed meanwhile is made
        again, once: every request of the sync may be repeated ([S-40])."""
        is_kept = self._http is not None
        try:
            return self._ask(method, path, headers, body)
        except (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest):
            self.close()
            if not is_kept:
                raise
        except BaseException:
            self.close()
            raise
        return self._ask(method, path, headers, body)

    def close(self) -> None:
        """Close the connection; the next request makes it again."""
        connection, self._http, self._socket = self._http, None, None
        if connection is not None:
            connection.close()

    def interrupt(self) -> None:
        """From another thread: end what the connection waits for, with an error there."""
        waiting = self._socket
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> HttpReply:
        connection = self._http or self._connect()
        connection.request(method, self._prefix + path, body, dict(headers))
        return HttpReply(self, connection.getresponse())

    def _connect(self) -> http.client.HTTPConnection:
        if not self._host:
            raise OSError("the address names no server")
        connection: http.client.HTTPConnection
        if self._is_encrypted:
            if self._trust is None:
                import ssl

                self._trust = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=_CONNECT_SECONDS, context=self._trust
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=_CONNECT_SECONDS)
        connection.connect()
        connection.sock.settimeout(self._answer_seconds)
        self._http, self._socket = connection, connection.sock
        return connection
