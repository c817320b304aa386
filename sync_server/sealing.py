"""Secrets that the server must be able to read again, at rest: sealed under keys that are in its settings and not in
the database, so that a stolen database or backup gives none away."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import Final

SHORTEST_KEY: Final = 32
"""Letters of a key; 32 random bytes in base64 are 44."""

_MARK = "sealed:"
_NONCE_BYTES = 12
_ID_LETTERS = 8


class SealBroken(Exception):
    """A secret that none of the keys opens: its key is missing, or it was sealed for something else."""


class Sealing:
    """Seals under the first key, and opens under any of them, so that keys can be changed: the new one is put first,
    and the old one goes once nothing is left under it. Without keys it keeps secrets as they are."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """`keys` are random texts of SHORTEST_KEY letters or more."""
        self._texts = tuple(keys)

    @property
    def is_on(self) -> bool:
        """Whether there is a key."""
        return bool(self._texts)

    @cached_property
    def _keys(self) -> dict[str, bytes]:
        """By their ids; the first one seals."""
        return {_id_of(key): key for key in map(_derived, self._texts)}

    def seal(self, secret: str, what: str) -> str:
        """The form in which to keep a secret; `what` says whose it is, and it opens for nobody else."""
        if not self.is_on:
            return secret
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name, key = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, secret.encode(), what.encode())
        return f"{_MARK}{name}:{base64.b64encode(sealed).decode()}"

    def open(self, kept: str, what: str) -> str:
        """The secret of a kept form, sealed or not. Raises SealBroken."""
        if not kept.startswith(_MARK):
            return kept
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._keys.get(_key_of(kept))
        if key is None:
            raise SealBroken("the key is not among the server's")
        sealed = base64.b64decode(kept.rpartition(":")[2])
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], what.encode()).decode()
        except InvalidTag as error:
            raise SealBroken("it was altered, or belongs elsewhere") from error

    def is_current(self, kept: str) -> bool:
        """Whether a kept form is as `seal` would keep it now: under the first key, or open where there is none."""
        return _key_of(kept) == next(iter(self._keys), "")

    def can_open(self, kept: str) -> bool:
        """Whether its key is here."""
        return not kept.startswith(_MARK) or _key_of(kept) in self._keys


def _key_of(kept: str) -> str:
    return kept.removeprefix(_MARK).partition(":")[0] if kept.startswith(_MARK) else ""


def _derived(text: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"iTutorOS sealing").derive(text.encode())


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"id of " + key).hexdigest()[:_ID_LETTERS]
