"""Signing in through a provider of OpenID Connect: Authorization Code with PKCE, state and nonce.

The provider says who somebody is; whose account that is, is decided here: the one that the person was linked to
before, or the one with the same e-mail, if both the provider and the account's owner have confirmed that address.
Without the second condition, whoever makes an account for another's address first would own what the other does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, select

from sync_server.access.accounts import normalize_email
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import AccountError, LinkEnded
from sync_server.access.models import LinkedIdentity, OpenIdAttempt
from sync_server.access.tokens import hash_of, new_secret
from sync_server.models import Account
from sync_server.settings import OpenIdProvider

ATTEMPT_LASTS = timedelta(minutes=10)

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures with a key that only the provider has: never `none`, never one made with our shared secret."""
_TIMEOUT_SECONDS = 10.0
_KNOWN_SECONDS = 3600.0
_CLOCK_LEEWAY_SECONDS = 60
_LARGEST_ANSWER = 1_000_000


class ProviderFailed(AccountError):
    """The provider did not answer, or not as it should."""

    status = 502
    code = "provider_failed"

    def __init__(self, words: str) -> None:
        super().__init__(f"Signing in with {words} did not work. Try again, or use your password.")


class NoAccount(AccountError):
    """The provider's person has no account here."""

    status = 403
    code = "no_account"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a provider recognized."""

    provider: str
    subject: str
    email: str
    email_is_verified: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: where to send the browser, and the secret that it keeps meanwhile."""

    address: str
    browser: str


class OpenId:
    """Talks to the providers of one server. What they publish of themselves is kept for an hour."""

    def __init__(self, providers: tuple[OpenIdProvider, ...], ticks: Callable[[], float] = time.monotonic) -> None:
        self._providers = {one.name: one for one in providers}
        self._ticks = ticks
        self._known: dict[str, tuple[float, dict[str, Any], KeySet]] = {}
        self._lock = threading.Lock()

    def provider(self, name: str) -> OpenIdProvider | None:
        """The provider of that name."""
        return self._providers.get(name)

    def begin(self, desk: AccountDesk, provider: OpenIdProvider, wanted: Mapping[str, str] | None = None) -> Begun:
        """Begin a sign-in; `wanted` is kept for its end. Raises ProviderFailed."""
        about, _ = self._about(provider)
        state, nonce, verifier, browser = (new_secret() for _ in range(4))
        now = desk.now()
        with desk.database.routing() as session:
            session.execute(delete(OpenIdAttempt).where(OpenIdAttempt.expires_at < now))
            session.add(
                OpenIdAttempt(
                    state_hash=hash_of(state),
                    provider=provider.name,
                    nonce=nonce,
                    code_verifier=verifier,
                    browser_hash=hash_of(browser),
                    wanted=dict(wanted or {}),
                    expires_at=now + ATTEMPT_LASTS,
                )
            )
        query = urlencode(
            {
                "response_type": "code",
                "client_id": provider.client_id,
                "redirect_uri": return_address(desk, provider),
                "scope": "openid email",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge_of(verifier),
                "code_challenge_method": "S256",
            }
        )
        address = str(about["authorization_endpoint"])
        return Begun(f"{address}{'&' if '?' in address else '?'}{query}", browser)

    def finish(
        self, desk: AccountDesk, provider: OpenIdProvider, *, state: str, code: str, browser: str
    ) -> tuple[Person, dict[str, str]]:
        """Whom the provider recognized, and what was wanted. Each state is good once, in the browser that began.

        Raises LinkEnded, ProviderFailed.
        """
        with desk.database.routing() as session:
            taken = session.execute(
                delete(OpenIdAttempt)
                .where(OpenIdAttempt.state_hash == hash_of(state), OpenIdAttempt.provider == provider.name)
                .returning(
                    OpenIdAttempt.browser_hash,
                    OpenIdAttempt.nonce,
                    OpenIdAttempt.code_verifier,
                    OpenIdAttempt.wanted,
                    OpenIdAttempt.expires_at,
                )
            ).one_or_none()
        if taken is None or taken.expires_at <= desk.now() or taken.browser_hash != hash_of(browser):
            raise LinkEnded("This sign-in was begun in another browser, or too long ago. Begin again.")
        about, _ = self._about(provider)
        answer = _fetched(
            provider,
            "POST",
            str(about["token_endpoint"]),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": return_address(desk, provider),
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
                "code_verifier": taken.code_verifier,
            },
        )
        claims = self._verified(provider, str(answer.get("id_token", "")), taken.nonce, desk.now())
        person = Person(
            provider.name,
            str(claims["sub"]),
            normalize_email(str(claims.get("email", ""))),
            claims.get("email_verified") in (True, "true"),
        )
        return person, dict(taken.wanted)

    def _verified(self, provider: OpenIdProvider, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token that this provider signed, for us, now, and for this very sign-in."""
        about, keys = self._about(provider)
        try:
            decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            # Perhaps the provider has changed its keys within the hour.
            about, keys = self._about(provider, is_fresh=True)
            try:
                decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
            except (JoseError, ValueError) as error:
                raise ProviderFailed(provider.words) from error
        claims = decoded.claims
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        moment = now.timestamp()
        expires_at, issued_at = claims.get("exp"), claims.get("iat")
        is_good = (
            claims.get("iss") == about["issuer"]
            and provider.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == provider.client_id)
            and isinstance(expires_at, (int, float))
            and moment < expires_at + _CLOCK_LEEWAY_SECONDS
            and isinstance(issued_at, (int, float))
            and issued_at < moment + _CLOCK_LEEWAY_SECONDS
            and secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
            and bool(claims.get("sub"))
        )
        if not is_good:
            raise ProviderFailed(provider.words)
        return dict(claims)

    def _about(self, provider: OpenIdProvider, *, is_fresh: bool = False) -> tuple[dict[str, Any], KeySet]:
        """What the provider publishes of itself, and its keys."""
        with self._lock:
            known = self._known.get(provider.name)
        if known is not None and not is_fresh and self._ticks() - known[0] < _KNOWN_SECONDS:
            return known[1], known[2]
        address = provider.discovery_url
        if not address.endswith("/.well-known/openid-configuration"):
            address = address.rstrip("/") + "/.well-known/openid-configuration"
        about = _fetched(provider, "GET", address)
        if not all(isinstance(about.get(name), str) for name in _NEEDED) or not address.startswith(about["issuer"]):
            raise ProviderFailed(provider.words)
        try:
            keys = KeySet.import_key_set(_fetched(provider, "GET", about["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderFailed(provider.words) from error
        with self._lock:
            self._known[provider.name] = (self._ticks(), about, keys)
        return about, keys


_NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


def account_of(desk: AccountDesk, person: Person) -> str:
    """The account that a recognized person is here, linked now if it was not. Raises NoAccount."""
    with desk.database.routing() as session:
        linked = session.get(LinkedIdentity, (person.provider, person.subject))
        if linked is not None:
            return linked.account_id
        if not person.email or not person.email_is_verified:
            raise NoAccount("The provider has not confirmed your e-mail address. Confirm it there, then try again.")
        found = session.execute(
            select(Account.id, Account.email_is_confirmed).where(Account.email == person.email)
        ).one_or_none()
        if found is None:
            raise NoAccount(f"There is no account for {person.email} here. Sign up, or ask for an invitation.")
        if not found.email_is_confirmed:
            raise NoAccount(
                "Your account here has not confirmed its e-mail address. Choose a new password by e-mail once; "
                "then this way works too."
            )
        session.merge(LinkedIdentity(provider=person.provider, subject=person.subject, account_id=found.id))
        return str(found.id)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def return_address(desk: AccountDesk, provider: OpenIdProvider) -> str:
    """Where the provider sends the browser back to; it has to be entered at the provider."""
    return f"{desk.base_url}/account/openid/{provider.name}/return"


def _fetched(
    provider: OpenIdProvider, method: str, address: str, data: Mapping[str, str] | None = None
) -> dict[str, Any]:
    try:
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            response = client.request(method, address, data=data, headers={"Accept": "application/json"})
            if not response.is_success or len(response.content) > _LARGEST_ANSWER:
                raise ProviderFailed(provider.words)
            answer = json.loads(response.content)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ProviderFailed(provider.words) from error
    if not isinstance(answer, dict):
        raise ProviderFailed(provider.words)
    return answer
