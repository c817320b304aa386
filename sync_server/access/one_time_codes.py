"""One-time codes (RFC 6238 TOTP: HMAC-SHA-1, six digits, thirty seconds), as every authenticator app makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
_TOLERATED_STEPS = (0, -1, 1)
_SECRET_BYTES = 20


def new_shared_secret() -> str:
    """160 random bits in base32, as RFC 4226 asks for."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of one time step (whole periods of 30 seconds since 1970)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: str, code: str, now: datetime, after: int = 0) -> int | None:
    """The step that a code belongs to: now, one before or one after, so that clocks may differ a little.

    Steps up to `after` were used already. None when the code fits none.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for apart in _TOLERATED_STEPS:
        step = current + apart
        # All are compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_at(secret, step), typed) and step > after and found is None:
            found = step
    return found


def enrolment_uri(secret: str, account: str, issuer: str = "iTutorOS") -> str:
    """The address that the picture for the authenticator app carries."""
    label = quote(f"{issuer}:{account}", safe="@")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_SECONDS}"


def spelled(secret: str) -> str:
    """A secret in groups of four, for typing it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
