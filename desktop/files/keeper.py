"""Takes files in at the desk: what they are and whether they may be kept is settled at once, without the server; the
bytes are sealed, and a row says that the file exists, in the same transaction as what refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from desktop.files.vault import vault_of
from desktop.store.store import Store
from shared_models.organization.files import MOST_BYTES, BadFile, FilePurpose, MediaType, check_content, keep_file_row


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that lies sealed on this PC and waits for its row."""

    sha256: str
    size_bytes: int
    media_type: MediaType
    name: str
    purpose: FilePurpose


class FileKeeper:
    """The files of one store. `take_in` and `read` work on whole files and do not belong on the UI thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take_in(self, content: bytes, name: str, purpose: FilePurpose) -> NewFile:
        """Check and seal a file. Raises BadFile or StoreUnwritable, each with a sentence for the person."""
        kind = check_content(purpose, content)
        sha256 = vault_of(self._store).write(content)
        return NewFile(sha256, len(content), kind, name, purpose)

    def take_in_path(self, path: Path, purpose: FilePurpose) -> NewFile:
        """Check and seal a file of this PC. Raises BadFile or StoreUnwritable."""
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES[purpose] + 1)
        except OSError as error:
            raise BadFile(f"{path.name} cannot be read. Check that it is there and not open elsewhere.") from error
        return self.take_in(content, path.name, purpose)

    def record(self, session: Session, file: NewFile) -> str:
        """Say in the caller's transaction that the file exists; returns its hash, for the row that refers to it. The
        bytes are sent when the row has been."""
        row = keep_file_row(
            session,
            self._store.organization_id,
            file.sha256,
            size_bytes=file.size_bytes,
            media_type=file.media_type,
            name=file.name,
            purpose=file.purpose,
        )
        return row.sha256

    def is_here(self, sha256: str) -> bool:
        """Whether the file's bytes lie on this PC."""
        return vault_of(self._store).has(sha256)

    def read(self, sha256: str) -> bytes | None:
        """A file's content; None while it has not been fetched."""
        return vault_of(self._store).read(sha256) if sha256 else None
