"""Where the bytes of files lie. `FileStorage` is all that the rest of the server knows of it; `DiskStorage` keeps
them in a folder, which several server processes may share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileKey:
    """Which file of which organization: ids and hash have been checked before they become part of a path."""

    organization_id: str
    sha256: str


class FileStorage(Protocol):
    """Bytes by organization and hash. An upload belongs to one device until it is kept, so that two PCs that send one
    file never write into each other's."""

    def received(self, key: FileKey, device_id: str) -> int:
        """How many bytes of a device's upload have arrived."""

    def write(self, key: FileKey, device_id: str, offset: int, chunk: bytes) -> int:
        """Add a chunk at an offset that has been received before it; returns what has now arrived. Durable."""

    def open_upload(self, key: FileKey, device_id: str) -> BinaryIO:
        """A device's upload, to read."""

    def keep(self, key: FileKey, device_id: str) -> None:
        """Make the upload the file."""

    def drop_upload(self, key: FileKey, device_id: str) -> None:
        """Forget an upload."""

    def waiting_bytes(self, organization_id: str) -> int:
        """How much the uploads under way of an organization take; those given up long ago are removed."""

    def read(self, key: FileKey, start: int, length: int) -> Iterator[bytes]:
        """A part of a file. Raises FileNotFoundError."""

    def thumbnail(self, key: FileKey, size: int) -> bytes | None:
        """A thumbnail that has been kept."""

    def keep_thumbnail(self, key: FileKey, size: int, content: bytes) -> None:
        """Keep a thumbnail."""

    def remove(self, key: FileKey) -> None:
        """Remove a file, its thumbnails and every upload of it."""


class DiskStorage:
    """Files in `<folder>/<organization>/<first two digits>/<sha256>`; uploads beside them in `uploading`."""

    ABANDONED_SECONDS = 7 * 24 * 3600

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def received(self, key: FileKey, device_id: str) -> int:
        try:
            return self._upload(key, device_id).stat().st_size
        except FileNotFoundError:
            return 0

    def write(self, key: FileKey, device_id: str, offset: int, chunk: bytes) -> int:
        place = self._upload(key, device_id)
        place.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b") as upload:
            upload.seek(offset)
            upload.write(chunk)
            upload.flush()
            os.fsync(upload.fileno())
            return os.fstat(upload.fileno()).st_size

    def open_upload(self, key: FileKey, device_id: str) -> BinaryIO:
        return self._upload(key, device_id).open("rb")

    def keep(self, key: FileKey, device_id: str) -> None:
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._upload(key, device_id).replace(place)
        _sync_folder(place.parent)

    def drop_upload(self, key: FileKey, device_id: str) -> None:
        self._upload(key, device_id).unlink(missing_ok=True)

    def waiting_bytes(self, organization_id: str) -> int:
        total, given_up = 0, time.time() - self.ABANDONED_SECONDS
        try:
            uploads = list(os.scandir(self._folder / organization_id / "uploading"))
        except FileNotFoundError:
            return 0
        for upload in uploads:
            try:
                found = upload.stat()
                if found.st_mtime < given_up:
                    os.unlink(upload.path)
                else:
                    total += found.st_size
            except FileNotFoundError:
                continue
        return total

    def read(self, key: FileKey, start: int, length: int) -> Iterator[bytes]:
        # Opened here and not at the first chunk, so that a file that is not there is told at once.
        file = self._place(key).open("rb")
        return _parts(file, start, length)

    def thumbnail(self, key: FileKey, size: int) -> bytes | None:
        try:
            return self._thumbnail(key, size).read_bytes()
        except FileNotFoundError:
            return None

    def keep_thumbnail(self, key: FileKey, size: int, content: bytes) -> None:
        place = self._thumbnail(key, size)
        partial = place.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}.partial")
        partial.write_bytes(content)
        partial.replace(place)

    def remove(self, key: FileKey) -> None:
        place = self._place(key)
        uploads = self._folder / key.organization_id / "uploading"
        for found in (*place.parent.glob(f"{key.sha256}*"), *uploads.glob(f"{key.sha256}.*")):
            found.unlink(missing_ok=True)

    def _place(self, key: FileKey) -> Path:
        return self._folder / key.organization_id / key.sha256[:2] / key.sha256

    def _thumbnail(self, key: FileKey, size: int) -> Path:
        return self._place(key).with_name(f"{key.sha256}.{size}.webp")

    def _upload(self, key: FileKey, device_id: str) -> Path:
        return self._folder / key.organization_id / "uploading" / f"{key.sha256}.{device_id}"


def _parts(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while length > 0:
            part = file.read(min(READ_BYTES, length))
            if not part:
                return
            length -= len(part)
            yield part


def _sync_folder(folder: Path) -> None:
    """Let the new name outlive a power failure; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
