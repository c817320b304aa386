"""Talks to the server about accounts: signing in, people and invitations, PCs and browsers. Knows no screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from desktop.sync.client import Center, SignedOut, SignInRefused, SyncError, Unreachable

_TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 5.0


class WrongCode(SignInRefused):
    """The code of the second factor does not fit."""


class TooManyTries(SyncError):
    """The server takes no more tries for a while."""


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """E-mail and password were right; a code of the authenticator app is needed too."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh token for one center, and the proof by which the server knows this PC again."""

    token: str
    center: Center
    proof: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that nobody has followed yet."""

    id: str
    user_id: str
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """The users who came in, those of them with a second factor, and the open invitations by user."""

    came_in: frozenset[str]
    with_second_factor: frozenset[str]
    invitations: Mapping[str, Invitation]


@dataclass(frozen=True, slots=True)
class Pc:
    """A PC that signed in to the center."""

    id: str
    user_id: str
    name: str
    last_seen_at: datetime | None
    is_signed_in: bool
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """A browser in which the own account is signed in."""

    id: str
    name: str
    place: str
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The account that signed this PC in."""

    email: str
    has_second_factor: bool
    recovery_codes_left: int
    browsers: tuple[SignedInBrowser, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by which people may sign in."""

    name: str
    words: str


class AccountClient:
    """One server and, once signed in, one device's token. Use from one thread at a time; a context manager."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        import httpx

        self._base_url = base_url.rstrip("/")
        self._token = token
        self._http: httpx.Client = httpx.Client(
            base_url=self._base_url,
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=False,
        )

    def __enter__(self) -> AccountClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(
        self,
        email: str,
        password: str,
        *,
        device_id: str,
        device_name: str,
        organization_id: str | None = None,
        code: str = "",
        proof: str = "",
    ) -> SignedIn | SecondFactorNeeded | list[Center]:
        """Exchange e-mail and password for a token, for the centers to choose from, or for the need of a code.

        Raises SignInRefused, WrongCode, TooManyTries or Unreachable.
        """
        return self._signed_in(
            "/api/v1/sign-in",
            email=email,
            password=password,
            device_id=device_id,
            device_name=device_name,
            organization_id=organization_id,
            code=code,
            device_proof=proof,
        )

    def redeem(
        self,
        pairing_code: str,
        verifier: str,
        *,
        device_id: str,
        device_name: str,
        organization_id: str | None = None,
    ) -> SignedIn | SecondFactorNeeded | list[Center]:
        """Exchange a pairing code, which the person's browser brought, for a token or the centers to choose from."""
        return self._signed_in(
            "/api/v1/sign-in/pairing",
            pairing_code=pairing_code,
            verifier=verifier,
            device_id=device_id,
            device_name=device_name,
            organization_id=organization_id,
        )

    def providers(self) -> list[Provider]:
        """The providers by which people may sign in here."""
        return [Provider(**one) for one in self._send("GET", "/api/v1/ways-in")["providers"]]

    def people(self) -> People:
        """Who came in, and who was invited."""
        answer = self._send("GET", "/api/v1/people")
        return People(
            frozenset(one["user_id"] for one in answer["people"]),
            frozenset(one["user_id"] for one in answer["people"] if one["has_second_factor"]),
            {one["user_id"]: _invitation(one) for one in answer["invitations"]},
        )

    def invite(
        self, email: str, first_name: str, last_name: str, roles: Collection[str], location_ids: Collection[str]
    ) -> Invitation:
        """Ask somebody to come in, by a mail."""
        return _invitation(
            self._send(
                "POST",
                "/api/v1/invitations",
                email=email,
                first_name=first_name,
                last_name=last_name,
                roles=sorted(roles),
                location_ids=sorted(location_ids),
            )
        )

    def resend(self, invitation_id: str) -> Invitation:
        """Mail a fresh link."""
        return _invitation(self._send("POST", f"/api/v1/invitations/{invitation_id}/resend"))

    def withdraw(self, invitation_id: str) -> None:
        """End an invitation."""
        self._send("POST", f"/api/v1/invitations/{invitation_id}/withdraw")

    def pcs(self) -> list[Pc]:
        """The PCs that signed in to the center."""
        return [
            Pc(
                one["id"],
                one["user_id"],
                one["name"],
                datetime.fromisoformat(one["last_seen_at"]) if one["last_seen_at"] else None,
                one["is_signed_in"],
                one["revoked_at"] is not None,
            )
            for one in self._send("GET", "/api/v1/devices")
        ]

    def revoke(self, device_id: str) -> None:
        """End a PC's access for good, and have its data erased."""
        self._send("POST", f"/api/v1/devices/{device_id}/revoke")

    def account(self) -> OwnAccount:
        """The account that signed this PC in."""
        answer = self._send("GET", "/api/v1/account")
        return OwnAccount(
            answer["email"],
            answer["has_second_factor"],
            answer["recovery_codes_left"],
            tuple(
                SignedInBrowser(one["id"], one["name"], one["place"], datetime.fromisoformat(one["last_seen_at"]))
                for one in answer["browsers"]
            ),
        )

    def end_browser(self, browser_id: str) -> None:
        """Sign one of the own browsers out."""
        self._send("POST", f"/api/v1/account/browsers/{browser_id}/end")

    def sign_out_everywhere(self) -> None:
        """Sign the own account out of all browsers and all other PCs."""
        self._send("POST", "/api/v1/account/sign-out-everywhere")

    def _signed_in(self, path: str, **body: object) -> SignedIn | SecondFactorNeeded | list[Center]:
        answer = self._send("POST", path, **body)
        # Servers before the second factor do not speak of it, nor of the proof.
        if answer.get("second_factor"):
            return SecondFactorNeeded()
        if answer["token"] is None:
            return [Center(**center) for center in answer["centers"]]
        return SignedIn(answer["token"], Center(**answer["center"]), answer.get("device_proof") or "")

    def _send(self, method: str, path: str, **body: object) -> Any:
        import httpx

        headers = {"Authorization": f"Bearer {self._token}"} if self._token is not None else {}
        content = None
        if body:
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(body)
        try:
            response = self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"The server {self._base_url} does not answer.") from error
        if not response.is_success:
            raise _error(response)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise Unreachable(f"The server {self._base_url} gave an answer that is not iTutorOS’s.") from error


def _invitation(answer: Mapping[str, Any]) -> Invitation:
    return Invitation(answer["id"], answer["user_id"], answer["email"], datetime.fromisoformat(answer["expires_at"]))


def _error(response: Any) -> SyncError:
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    detail, code = answer.get("detail"), answer.get("code")
    sentence = detail if isinstance(detail, str) else f"The server answered with an error ({response.status_code})."
    match response.status_code, code:
        case 401, _:
            return SignedOut("This PC is no longer signed in. Sign in again.")
        case 403, "wrong_code":
            return WrongCode(sentence)
        case 403, ("sign_in_refused" | None):
            return SignInRefused(sentence)
        case 429, _:
            return TooManyTries(sentence)
        case 422, _ if not isinstance(detail, str):
            return SyncError("The server did not understand this. Update the program, then try again.")
        case status, _ if status >= 500 and not isinstance(detail, str):
            return Unreachable("The server is not available right now.")
        case _:
            return SyncError(sentence)
