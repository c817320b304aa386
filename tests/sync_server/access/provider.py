"""A provider of OpenID Connect on a real socket, with a real key; tests say whom it recognizes and how it lies."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "itutoros-tests", "a shared secret of at least thirty-two bytes"


class Provider:
    """Recognizes whoever `claims` says, without asking."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.begin_anew()
        self.discoveries = 0
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def begin_anew(self) -> None:
        """Be an honest provider again."""
        self.claims: dict[str, Any] = {"sub": "person-1", "email": "", "email_verified": True}
        self.changed: dict[str, Any] = {}
        """Claims of the token that are not what they should be."""
        self.signs_with = "RS256"
        self.signing_key: Any = self.key
        self.is_broken = False

    def change_keys(self) -> None:
        """Sign with another key from now on, and publish that."""
        self.key = self.signing_key = RSAKey.generate_key(2048, {"kid": "second"})

    async def _discovery(self, request: Request) -> Response:
        self.discoveries += 1
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"]
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> Response:
        sent = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        if (
            self.is_broken
            or asked is None
            or sent["client_secret"] != CLIENT_SECRET
            or sent["redirect_uri"] != asked["redirect_uri"]
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "iat": int(time.time()), "exp": int(time.time()) + 300,
            "nonce": asked["nonce"], **self.claims, **self.changed,
        }  # fmt: skip
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": self._signed(claims)})

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.signs_with == "none":
            parts = [base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in (b'{"alg":"none"}', b"")]
            body = base64.urlsafe_b64encode(JSONResponse(claims).body).rstrip(b"=").decode()
            return f"{parts[0]}.{body}."
        if self.signs_with == "HS256":
            secret = OctKey.import_key(CLIENT_SECRET)
            return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])
        return jwt.encode({"alg": "RS256", "kid": self.signing_key.kid}, claims, self.signing_key)


@contextmanager
def running(provider: Provider, port: int) -> Iterator[None]:
    """Serve it."""
    server = uvicorn.Server(uvicorn.Config(provider.app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)
