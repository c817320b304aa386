"""Signing in through the system's browser (RFC 8252): the program listens on this PC alone until the browser brings
it a code, which only it can exchange."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from urllib.parse import parse_qs, urlencode, urlsplit

_DONE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in – iTutorOS</title>
<body style="font:18px/1.5 system-ui,sans-serif;max-width:30em;margin:15vh auto;padding:0 20px;color:#18201d">
<h1 style="font-size:28px">Back to iTutorOS</h1><p>The program is signing in. You can close this page.</p>"""
_POLL_SECONDS = 0.2


class BrowserSignIn:
    """One try. Open `address` in the browser, then `wait` for the code."""

    def __init__(self, server_url: str) -> None:
        self.verifier = secrets.token_urlsafe(48)
        self._state = secrets.token_urlsafe(24)
        self._code = ""
        self._arrived = threading.Event()
        self._is_given_up = False
        # Not HTTPServer: it asks for this PC's name, which takes seconds on some, and lets others share its port.
        self._http = TCPServer(("127.0.0.1", 0), self._handler())
        self._http.timeout = _POLL_SECONDS
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = urlencode(
            {
                "port": self._http.server_address[1],
                "challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "state": self._state,
            }
        )
        self.address = f"{server_url.rstrip('/')}/account/desktop?{query}"

    def wait(self) -> str:
        """The code that the browser brought; "" when it was given up. Blocks: not for the UI thread."""
        try:
            while not self._arrived.is_set() and not self._is_given_up:
                self._http.handle_request()
        finally:
            self._http.server_close()
        return self._code

    def give_up(self) -> None:
        """Stop waiting."""
        self._is_given_up = True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        flow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                state, code = query.get("state", [""])[0], query.get("code", [""])[0]
                # Anybody on this PC can knock here; only the page that we opened knows the state.
                is_ours = bool(code) and secrets.compare_digest(state.encode(), flow._state.encode())
                body = _DONE.encode() if is_ours else b""
                self.send_response(200 if is_ours else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)
                if is_ours:
                    flow._code = code
                    flow._arrived.set()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the address holds the code."""

        return Handler
