"""Opaque secrets: how they are made, and the form in which they are kept. What is kept gives no login."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits as text that fits into an address."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """The form in which a secret is kept. It has 256 random bits already, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def ended_token() -> str:
    """A `token_hash` that no token has: its device only has to sign in again, unlike a revoked one."""
    return f"ended {secrets.token_hex(16)}"
