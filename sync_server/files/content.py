"""Receiving and giving out files of one organization: what may be sent, what has arrived, what it turned out to be.

Every question is asked with the organization of the asking device; that another organization has the same file is
never visible, not even by an upload that would be shorter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from shared_models.access.policy import Action
from shared_models.organization.files import (
    PICTURES,
    BadFile,
    FilePurpose,
    MediaType,
    StoredFile,
    check_content,
    check_size,
    is_sha256,
)
from sync_server.access.devices import DeviceIdentity
from sync_server.database import Database
from sync_server.files.models import FileContent
from sync_server.files.pictures import inspect_picture, thumbnail_of
from sync_server.files.storage import FileKey, FileStorage
from sync_server.sync.visibility import reach, viewer_of

log = structlog.get_logger()

CHUNK_BYTES = 1024 * 1024
"""The most bytes of one chunk."""


class FileError(Exception):
    """A request about a file that cannot be met; `str()` is a sentence for the person."""

    def __init__(self, status: int, code: str, sentence: str, received: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.received = received


@dataclass(frozen=True, slots=True)
class UploadState:
    """How far an upload is: bytes that arrived, of how many, and whether the file is complete and checked."""

    received: int
    size_bytes: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is there, whole and checked."""

    key: FileKey
    size_bytes: int
    media_type: MediaType


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the file's row says."""

    size_bytes: int
    purpose: FilePurpose


class FileDesk:
    """Files over one database and one storage, with the most bytes that an organization may keep."""

    def __init__(self, database: Database, storage: FileStorage, quota_bytes: int) -> None:
        self._database = database
        self._storage = storage
        self._quota_bytes = quota_bytes

    def upload_state(self, device: DeviceIdentity, sha256: str) -> UploadState:
        """How far this device's upload is. Raises FileError."""
        key = _key(device.organization_id, sha256)
        with self._database.tenant(device.organization_id, read_only=True) as session:
            declared = _declared(session, device, sha256, Action.UPDATE)
            if _kept(session, key) is not None:
                return UploadState(declared.size_bytes, declared.size_bytes, True)
            self._check_room(session, key, device, declared.size_bytes)
        received = min(self._storage.received(key, device.device_id), declared.size_bytes)
        return UploadState(received, declared.size_bytes, False)

    def receive(self, device: DeviceIdentity, sha256: str, offset: int, chunk: bytes, digest: str) -> UploadState:
        """Take a chunk of an upload; one that has arrived before changes nothing. `digest` is its SHA-256 in hex.

        Raises FileError: the chunk is damaged, leaves a gap, or goes beyond the file's end.
        """
        state = self.upload_state(device, sha256)
        if state.is_complete:
            return state
        if hashlib.sha256(chunk).hexdigest() != digest:
            raise FileError(400, "damaged", "A part of the file was damaged on its way.", state.received)
        if offset > state.received:
            raise FileError(409, "gap", "A part of the file is missing before this one.", state.received)
        if offset + len(chunk) > state.size_bytes:
            raise FileError(413, "too_large", "The file is larger than was said.", state.received)
        if offset + len(chunk) <= state.received:
            return state
        key = _key(device.organization_id, sha256)
        received = self._storage.write(key, device.device_id, offset, chunk)
        return UploadState(received, state.size_bytes, False)

    def complete(self, device: DeviceIdentity, sha256: str, now: datetime) -> KeptFile:
        """Check an upload by its hash and its content, and make it the file. What is wrong is forgotten and refused.

        Raises FileError.
        """
        key = _key(device.organization_id, sha256)
        state = self.upload_state(device, sha256)
        content = None
        if not state.is_complete:
            if state.received < state.size_bytes:
                raise FileError(409, "incomplete", "The file has not arrived whole.", state.received)
            with self._storage.open_upload(key, device.device_id) as upload:
                content = upload.read(state.size_bytes + 1)
        try:
            if content is not None and hashlib.sha256(content).hexdigest() != sha256:
                raise FileError(422, "wrong_hash", "The file was damaged on its way. It is sent again.", 0)
            return self._keep(device, key, content, now)
        except FileError:
            self._storage.drop_upload(key, device.device_id)
            raise

    def find(self, device: DeviceIdentity, sha256: str) -> KeptFile:
        """A file that this device may read. Raises FileError 404 for any other, whoever has it."""
        key = _key(device.organization_id, sha256)
        with self._database.tenant(device.organization_id, read_only=True) as session:
            _declared(session, device, sha256, Action.READ)
            kept = _kept(session, key)
        if kept is None:
            self._ask_again(key)
            raise _not_found()
        return kept

    def read(self, kept: KeptFile, start: int, length: int) -> Iterator[bytes]:
        """A part of a file. Raises FileError when the storage has lost it."""
        try:
            return self._storage.read(kept.key, start, length)
        except FileNotFoundError as error:
            log.error("file_lost", organization_id=kept.key.organization_id, sha256=kept.key.sha256)
            self._ask_again(kept.key)
            raise _not_found() from error

    def thumbnail(self, kept: KeptFile, size: int) -> bytes:
        """A picture's thumbnail, made once. Raises FileError for what is no picture."""
        known = self._storage.thumbnail(kept.key, size)
        if known is not None:
            return known
        try:
            made = thumbnail_of(b"".join(self.read(kept, 0, kept.size_bytes)), kept.media_type, size)
        except BadFile as error:
            raise FileError(404, "not_found", str(error)) from error
        self._storage.keep_thumbnail(kept.key, size, made)
        return made

    def public_thumbnail(self, organization_id: str, sha256: str, size: int) -> bytes | None:
        """The thumbnail of a picture that the caller has found to be public; None when the bytes are not here."""
        key = _key(organization_id, sha256)
        with self._database.tenant(organization_id, read_only=True) as session:
            kept = _kept(session, key)
        if kept is None:
            return None
        try:
            return self.thumbnail(kept, size)
        except FileError:
            return None

    def _ask_again(self, key: FileKey) -> None:
        """Bytes that the rows promise are not here, after a restored backup for instance: take the promise back, so
        that a PC which still has them sends them."""
        with self._database.tenant(key.organization_id) as session:
            for row in session.scalars(rows_of(key.organization_id, key.sha256)):
                row.stored_at = None
            session.execute(
                delete(FileContent).where(
                    FileContent.organization_id == key.organization_id, FileContent.sha256 == key.sha256
                )
            )

    def _keep(self, device: DeviceIdentity, key: FileKey, content: bytes | None, now: datetime) -> KeptFile:
        """Keep what was sent, unless it is there already, and say in the file's rows that it is."""
        with self._database.tenant(device.organization_id, device.actor) as session:
            declared = _declared(session, device, key.sha256, Action.UPDATE)
            # Two devices that send the last files of a quota, or one file, take turns.
            lock_files(session, key.organization_id)
            kept = session.get(FileContent, (key.organization_id, key.sha256))
            if kept is None and content is not None:
                self._check_room(session, key, device, len(content))
                kept = _inspected(key, declared.purpose, content, now)
                self._storage.keep(key, device.device_id)
                session.add(kept)
            if kept is None:
                raise _not_found()
            for row in session.scalars(rows_of(key.organization_id, key.sha256)):
                # What a desk said of its file gives way to what the file is.
                row.media_type, row.width, row.height = kept.media_type, kept.width, kept.height
                row.stored_at = row.stored_at or kept.stored_at
            return KeptFile(key, kept.size_bytes, MediaType(kept.media_type))

    def _check_room(self, session: Session, key: FileKey, device: DeviceIdentity, size_bytes: int) -> None:
        used = session.scalar(
            select(func.coalesce(func.sum(FileContent.size_bytes), 0)).where(
                FileContent.organization_id == key.organization_id
            )
        )
        others = self._storage.waiting_bytes(key.organization_id) - self._storage.received(key, device.device_id)
        if int(used or 0) + others + size_bytes > self._quota_bytes:
            raise FileError(
                413,
                "no_room",
                f"The center’s room for files, {self._quota_bytes // (1024 * 1024)} MB, is used up.",
            )


def _inspected(key: FileKey, purpose: FilePurpose, content: bytes, now: datetime) -> FileContent:
    try:
        kind = check_content(purpose, content)
        picture = inspect_picture(content, kind) if kind in PICTURES else None
    except BadFile as error:
        raise FileError(415, "refused", str(error)) from error
    return FileContent(
        organization_id=key.organization_id,
        sha256=key.sha256,
        size_bytes=len(content),
        media_type=kind.value,
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        stored_at=now,
    )


def _declared(session: Session, device: DeviceIdentity, sha256: str, wanted: Action) -> _Declared:
    """The file's row, if this device may do with it what it wants to. Raises FileError."""
    row = session.scalars(rows_of(device.organization_id, sha256)).first()
    if row is None:
        raise _not_found()
    viewer = viewer_of(session, device.organization_id, device.user_id)
    shown = reach(session, device.organization_id, viewer, wanted, StoredFile.__tablename__, [row.id])
    if "sha256" not in shown.get(row.id, ()):
        raise _not_found()
    try:
        check_size(row.purpose, row.size_bytes)
    except BadFile as error:
        raise FileError(413, "too_large", str(error)) from error
    return _Declared(row.size_bytes, row.purpose)


def lock_files(session: Session, organization_id: str) -> None:
    """Who adds files of one organization or takes them away takes turns, until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"files {organization_id}"}
    )


def rows_of(organization_id: str, sha256: str) -> Select[StoredFile]:
    """The rows of a file, archived or not."""
    return select(StoredFile).where(StoredFile.organization_id == organization_id, StoredFile.sha256 == sha256)


def _kept(session: Session, key: FileKey) -> KeptFile | None:
    row = session.execute(
        select(FileContent.size_bytes, FileContent.media_type).where(
            FileContent.organization_id == key.organization_id, FileContent.sha256 == key.sha256
        )
    ).one_or_none()
    return KeptFile(key, row.size_bytes, MediaType(row.media_type)) if row else None


def _key(organization_id: str, sha256: str) -> FileKey:
    if not is_sha256(sha256):
        raise _not_found()
    return FileKey(organization_id, sha256)


def _not_found() -> FileError:
    return FileError(404, "not_found", "There is no such file.")
