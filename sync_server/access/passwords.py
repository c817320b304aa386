"""Passwords: which are good enough, how they are kept, and how many may be worked on at once.

The rules follow NIST SP 800-63B: length counts, nothing else is demanded; what is common, or says the person's own
name, is refused. argon2 takes 64 MiB and a tenth of a second on purpose, so only a few run side by side, and never
while a database transaction is open.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from resources import path
from sync_server.access.errors import AccountError, ServerBusy

DEFAULT_MINIMUM = 10
SMALLEST_MINIMUM = 8
"""No setting goes below what NIST SP 800-63B demands."""
MAXIMUM = 1000

_AT_ONCE = 3
_KEPT_FOR_KNOWN = 1
_MAY_WAIT = 24
_PATIENCE_SECONDS = 8.0
_OWN_WORDS_LENGTH = 4
_LEFT_OVER_LENGTH = 6
_FEWEST_SIGNS = 5
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopü",
    "azertyuiop",
)

_HASHER = PasswordHasher()
_UNKNOWN = _HASHER.hash("no account has this password")


class _Slots:
    """Lets a few hash at once and a few more wait; devices known to an account have a place of their own, so that a
    flood of strangers keeps nobody out."""

    def __init__(self) -> None:
        self._strangers = threading.BoundedSemaphore(_AT_ONCE)
        self._known = threading.BoundedSemaphore(_KEPT_FOR_KNOWN)
        self._waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self, is_known: bool) -> Iterator[None]:
        slots = self._known if is_known else self._strangers
        with self._lock:
            if not is_known and self._waiting >= _MAY_WAIT:
                raise ServerBusy
            self._waiting += not is_known
        try:
            has_slot = slots.acquire(timeout=_PATIENCE_SECONDS)
        finally:
            with self._lock:
                self._waiting -= not is_known
        if not has_slot:
            raise ServerBusy
        try:
            yield
        finally:
            slots.release()


_SLOTS = _Slots()


def check_password(password: str, minimum: int = DEFAULT_MINIMUM, own_words: Iterable[str] = ()) -> None:
    """Raise AccountError, with what to do, unless the password can protect children's data.

    `own_words` are the person's and the center's names and e-mail: a password that hardly says more is refused.
    """
    normal = normalized(password)
    if len(normal) < minimum:
        raise AccountError(
            f"Use at least {minimum} characters; these are {len(normal)}. Several words are a good way."
        )
    if len(normal) > MAXIMUM:
        raise AccountError(f"Use at most {MAXIMUM:,} characters.")
    folded = normal.casefold()
    if _is_common(folded):
        raise AccountError("Many people use this password, so it is guessed first. Choose another.")
    if len(set(folded)) < _FEWEST_SIGNS or _is_row(folded):
        raise AccountError("This repeats or counts along the keys, so it is guessed first. Choose another.")
    if len(_without(folded, own_words)) < _LEFT_OVER_LENGTH:
        raise AccountError("This is mostly a name or an e-mail address that others know. Choose another.")


def hash_password(password: str) -> str:
    """The form in which a password is kept. Slow on purpose: not for an open transaction. Raises ServerBusy."""
    with _SLOTS.one(is_known=False):
        return _HASHER.hash(normalized(password))


def password_fits(kept: str | None, password: str, *, is_known: bool = False) -> bool:
    """Whether the password is the kept one; without one it takes as long, so that neither can be told from outside.

    `is_known` says that the request comes from a device of this account. Raises ServerBusy.
    """
    with _SLOTS.one(is_known):
        try:
            _HASHER.verify(kept or _UNKNOWN, normalized(password))
        except (VerificationError, InvalidHashError):
            return False
    return bool(kept)


def needs_rehash(kept: str) -> bool:
    """Whether a password was kept with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def normalized(password: str) -> str:
    """The password as it is measured, compared and hashed: the same on every keyboard (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_common(folded: str) -> bool:
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    known = common_passwords()
    if folded in known or folded.replace(" ", "") in known:
        return True
    return len(core) * 2 >= len(folded) and core in known


def _is_row(folded: str) -> bool:
    for row in _ROWS:
        for line in (row, row[::-1]):
            if folded in line * (len(folded) // len(line) + 2):
                return True
    half = len(folded) // 2
    return any(folded == (folded[:size] * len(folded))[: len(folded)] for size in range(1, min(half, 4) + 1))


def _without(folded: str, own_words: Iterable[str]) -> str:
    parts = {
        part
        for words in own_words
        for part in re.split(r"[\W_]+", words.casefold())
        if len(part) >= _OWN_WORDS_LENGTH
    }
    left = re.sub(r"[\W_]+", "", folded)
    for part in sorted(parts, key=len, reverse=True):
        left = left.replace(part, "")
    return left if parts else folded


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """The passwords that are guessed first, of six characters and more, in lower case."""
    return frozenset(path("account/common-passwords.txt").read_text("utf-8").split("\n"))
