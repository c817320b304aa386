"""Keeps files encrypted on this PC: children's photos on a stolen disk must give nothing, not even which they are.

A file is AES-256-GCM in chunks, after Hoang and others, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (2015): each chunk is sealed under its number and whether it is the last, so that none can be left
out, moved or cut off unnoticed. Keys derive from the store's key; without it the files are noise.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import threading
import weakref
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from desktop.store.errors import StoreUnwritable
from desktop.store.store import Store
from shared_models.organization.files import sha256_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES = 256 * 1024
_MARK = b"ITF1"
_SALT_BYTES = 16
_TAG_BYTES = 16
_HEAD_BYTES = len(_MARK) + _SALT_BYTES
_SEALED_BYTES = CHUNK_BYTES + _TAG_BYTES
_PART, _NEW = ".part", ".new"

_vaults: weakref.WeakKeyDictionary[Store, FileVault] = weakref.WeakKeyDictionary()
_vaults_lock = threading.Lock()


class DamagedFile(Exception):
    """A file on this PC is not as it was written."""


def vault_of(store: Store) -> FileVault:
    """The vault of a store, one for the whole program."""
    with _vaults_lock:
        vault = _vaults.get(store)
        if vault is None:
            vault = _vaults[store] = FileVault(store.folder / "files", store.secrets.store_key().value)
        return vault


class FileVault:
    """Encrypted files in a folder, asked for by the SHA-256 of their content. Safe to use from several threads."""

    def __init__(self, folder: Path, store_key: str) -> None:
        """`store_key` is the key of the store in hex."""
        self._folder = folder
        self._key = bytes.fromhex(store_key)
        self._name_key = hmac.digest(self._key, b"names of files", "sha256")
        self._fresh: set[str] = set()
        self._lock = threading.Lock()

    def has(self, sha256: str) -> bool:
        """Whether the file is here, whole."""
        return self._place(sha256).exists()

    def write(self, content: bytes) -> str:
        """Keep a file; returns its hash. `sweep` leaves it alone until it has seen a row that tells of it.

        Raises StoreUnwritable.
        """
        sha256 = sha256_of(content)
        with self._lock:
            self._fresh.add(sha256)
        if self.has(sha256):
            return sha256
        place = self._place(sha256)
        partial = place.with_suffix(f".{os.getpid()}-{threading.get_ident()}{_NEW}")
        try:
            self._make_folder(place)
            with _private(partial) as out:
                salt = os.urandom(_SALT_BYTES)
                out.write(_MARK + salt)
                cipher = self._cipher(salt)
                for number, start in enumerate(range(0, max(len(content), 1), CHUNK_BYTES)):
                    is_last = start + CHUNK_BYTES >= len(content)
                    out.write(cipher.encrypt(_nonce(number, is_last), content[start : start + CHUNK_BYTES], None))
                out.flush()
                os.fsync(out.fileno())
            partial.replace(place)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise unwritable(error) from error
        return sha256

    def read(self, sha256: str) -> bytes | None:
        """The content of a file; None when it is not here. A damaged one is removed, so that it is fetched again."""
        try:
            sealed = self._place(sha256).read_bytes()
        except FileNotFoundError:
            return None
        try:
            content = b"".join(self._opened(sealed))
        except DamagedFile:
            content = None
        if content is None or sha256_of(content) != sha256:
            self.remove(sha256)
            return None
        return content

    def remove(self, sha256: str) -> None:
        """Remove a file and what has been fetched of it."""
        place = self._place(sha256)
        place.unlink(missing_ok=True)
        place.with_suffix(_PART).unlink(missing_ok=True)

    def arriving(self, sha256: str, size_bytes: int) -> Arrival:
        """Go on with fetching a file, or begin."""
        place = self._place(sha256)
        self._make_folder(place)
        return Arrival(self, place, sha256, size_bytes)

    def sweep(self, known: Collection[str]) -> None:
        """Remove every file that no row tells of: what was erased, and what a program left behind that died."""
        with self._lock:
            self._fresh.difference_update(known)
            expected = {self._place(sha256).name for sha256 in {*known, *self._fresh}}
        for found in self._folder.glob("*/*"):
            is_own = found.suffix == _NEW and f".{os.getpid()}-" in found.name
            if found.stem not in expected and not is_own:
                found.unlink(missing_ok=True)

    def _opened(self, sealed: bytes) -> Iterator[bytes]:
        from cryptography.exceptions import InvalidTag

        if len(sealed) < _HEAD_BYTES + _TAG_BYTES or not sealed.startswith(_MARK):
            raise DamagedFile
        cipher = self._cipher(sealed[len(_MARK) : _HEAD_BYTES])
        for number, start in enumerate(range(_HEAD_BYTES, len(sealed), _SEALED_BYTES)):
            is_last = start + _SEALED_BYTES >= len(sealed)
            try:
                yield cipher.decrypt(_nonce(number, is_last), sealed[start : start + _SEALED_BYTES], None)
            except InvalidTag as error:
                raise DamagedFile from error

    def _cipher(self, salt: bytes) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return AESGCM(HKDF(SHA256(), 32, salt, b"iTutorOS file").derive(self._key))

    def _place(self, sha256: str) -> Path:
        name = hmac.new(self._name_key, sha256.encode("ascii"), "sha256").hexdigest()
        return self._folder / name[:2] / name

    def _make_folder(self, place: Path) -> None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(error) from error


class Arrival:
    """A file that is being fetched: what has arrived is sealed chunk by chunk, and outlives the program."""

    def __init__(self, vault: FileVault, place: Path, sha256: str, size_bytes: int) -> None:
        self._vault, self._place, self._sha256, self._size = vault, place, sha256, size_bytes
        self._part = place.with_suffix(_PART)
        self._hash = hashlib.sha256()
        self._waiting = b""
        self._number = 0
        self._salt = b""
        self._take_up()

    @property
    def received(self) -> int:
        """How many bytes need not be fetched again."""
        return self._number * CHUNK_BYTES + len(self._waiting)

    def add(self, content: bytes) -> None:
        """Take what came next. Raises StoreUnwritable."""
        self._hash.update(content)
        self._waiting += content
        # A whole chunk waits as long as it may be the last one.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(self._waiting[:CHUNK_BYTES], is_last=False)
            self._waiting = self._waiting[CHUNK_BYTES:]

    def finish(self) -> bool:
        """Make it the file, if it is what its name says; otherwise forget it all. Raises StoreUnwritable."""
        if self.received != self._size or self._hash.hexdigest() != self._sha256:
            self.forget()
            return False
        self._seal(self._waiting, is_last=True)
        self._waiting = b""
        try:
            self._part.replace(self._place)
        except OSError as error:
            raise unwritable(error) from error
        return True

    def forget(self) -> None:
        """Begin anew the next time."""
        self._part.unlink(missing_ok=True)

    def _take_up(self) -> None:
        """Find the whole chunks that an earlier run has left."""
        from cryptography.exceptions import InvalidTag

        try:
            sealed = self._part.read_bytes()
        except FileNotFoundError:
            sealed = b""
        if len(sealed) < _HEAD_BYTES or not sealed.startswith(_MARK):
            self._salt = os.urandom(_SALT_BYTES)
            self._rewrite(_MARK + self._salt)
            return
        self._salt = sealed[len(_MARK) : _HEAD_BYTES]
        cipher = self._vault._cipher(self._salt)
        end = _HEAD_BYTES
        while len(sealed) - end >= _SEALED_BYTES and (self._number + 1) * CHUNK_BYTES < self._size:
            try:
                chunk = cipher.decrypt(_nonce(self._number, False), sealed[end : end + _SEALED_BYTES], None)
            except InvalidTag:
                break
            self._hash.update(chunk)
            self._number += 1
            end += _SEALED_BYTES
        if end < len(sealed):
            self._rewrite(sealed[:end])

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        sealed = self._vault._cipher(self._salt).encrypt(_nonce(self._number, is_last), chunk, None)
        try:
            with self._part.open("ab") as out:
                out.write(sealed)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise unwritable(error) from error
        if not is_last:
            self._number += 1

    def _rewrite(self, content: bytes) -> None:
        try:
            with _private(self._part) as out:
                out.write(content)
        except OSError as error:
            raise unwritable(error) from error


def unwritable(error: OSError) -> StoreUnwritable:
    """The sentence for a disk that refuses a file."""
    if getattr(error, "errno", None) == 28:
        return StoreUnwritable("The disk is full. Free some space, then try again; all saved data is safe.")
    return StoreUnwritable("The folder of the files cannot be written. Check its permissions, then try again.")


@contextlib.contextmanager
def _private(place: Path) -> Iterator[BinaryIO]:
    """A new file that only this user can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(place, flags, 0o600), "wb") as out:
        yield out


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
