"""The store's key: 256 random bits in the operating system's keyring or, on a PC that has none, in a file that only
the user can read."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

KEYRING = "keyring"
STORE_KEY = "store-key"
_SERVICE = "iTutorOS"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret and where it is kept: `keyring` or the path of its file."""

    value: str
    kept_in: str


class SecretKeeper:
    """Keeps named secrets of one store. `use_keyring=False` keeps them in files (tests, demo, servers)."""

    def __init__(self, folder: Path, *, use_keyring: bool = True) -> None:
        self._folder = folder
        self._use_keyring = use_keyring

    def read(self, name: str) -> Secret | None:
        """The secret of that name, wherever it is kept."""
        file = self._file(name)
        if file.exists():
            return Secret(file.read_text("ascii").strip(), str(file))
        if self._use_keyring:
            value = _from_keyring(self._entry(name))
            if value is not None:
                return Secret(value, KEYRING)
        return None

    def keep(self, name: str, value: str) -> Secret:
        """Keep a secret, in the keyring if this PC has a working one."""
        if self._use_keyring and _to_keyring(self._entry(name), value):
            return Secret(value, KEYRING)
        file = self._file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(value)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
        return Secret(value, str(file))

    def forget(self, name: str) -> None:
        """Remove a secret everywhere it is kept."""
        self._file(name).unlink(missing_ok=True)
        if self._use_keyring:
            _remove_from_keyring(self._entry(name))

    def destroy(self, name: str) -> None:
        """Remove a secret everywhere it is kept, its file overwritten before."""
        file = self._file(name)
        with contextlib.suppress(OSError):
            size = file.stat().st_size
            with file.open("r+b") as old:
                old.write(os.urandom(size))
                old.flush()
                os.fsync(old.fileno())
        self.forget(name)

    def store_key(self) -> Secret:
        """The store's key as 64 hex digits, made on first use."""
        return self.read(STORE_KEY) or self.keep(STORE_KEY, secrets.token_hex(32))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.secret"

    def _entry(self, name: str) -> str:
        return f"{name} {self._folder}"


def _from_keyring(entry: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, entry)
    except (KeyringError, RuntimeError):
        return None


def _to_keyring(entry: str, value: str) -> bool:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, entry, value)
        return keyring.get_password(_SERVICE, entry) == value
    except (KeyringError, RuntimeError):
        return False


def _remove_from_keyring(entry: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.delete_password(_SERVICE, entry)
    except (KeyringError, RuntimeError):
        return
