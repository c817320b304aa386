"""Files of an organization (logos, photos, documents): each is named by the SHA-256 of its bytes. The row says that a
file exists; the bytes travel beside the sync and lie where each floor keeps them.

What a file is follows from its bytes alone, never from its name (product §9).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from shared_models.base import Instant, TenantRow, at_least, choice, derived_id


class FilePurpose(StrEnum):
    """What a file is for, which says how large it may be and of which types."""

    LOGO = "LOGO"
    PHOTO = "PHOTO"
    DOCUMENT = "DOCUMENT"


class MediaType(StrEnum):
    """The types of files that are kept."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"
    PDF = "application/pdf"
    TEXT = "text/plain"


PICTURES = frozenset({MediaType.PNG, MediaType.JPEG, MediaType.WEBP, MediaType.GIF})
MOST_BYTES = {
    FilePurpose.LOGO: 2 * 1024 * 1024,
    FilePurpose.PHOTO: 8 * 1024 * 1024,
    FilePurpose.DOCUMENT: 20 * 1024 * 1024,
}
"""The largest file of each purpose."""
TYPES = {
    FilePurpose.LOGO: PICTURES,
    FilePurpose.PHOTO: PICTURES,
    FilePurpose.DOCUMENT: frozenset(MediaType),
}
"""The types that each purpose allows."""
MOST_PIXELS = 40_000_000
"""The most pixels of a picture, whatever the size of its file: what it takes in memory follows from this."""
LONGEST_SIDE = 16_000
"""The most pixels of a picture in width or in height."""

TOO_MANY_PIXELS = f"This picture has too many pixels. Choose one of at most {MOST_PIXELS // 1_000_000} megapixels."

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MARKUP = re.compile(rb"\s*<(\?xml|!doctype|!--|svg|html|head|script|body)", re.IGNORECASE)
_UNPRINTED = frozenset(range(32)) - {0x09, 0x0A, 0x0C, 0x0D}


class BadFile(ValueError):
    """A file that cannot be kept; `str()` is the sentence that says why."""


class StoredFile(TenantRow):
    """A file of the organization; its id derives from its hash, so that adding it twice makes one row. Width and
    height are those of a picture, in pixels. `stored_at` is when the server had the bytes and had checked them; until
    then only the PC that added the file has them."""

    __tablename__ = "stored_file"
    constraints = (
        CheckConstraint("length(sha256) = 64", name="sha256_has_64_digits"),
        at_least("size_bytes", 1),
        Index("ix_stored_file_sha256", "organization_id", "sha256"),
    )

    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="")
    purpose: Mapped[FilePurpose] = mapped_column(choice(FilePurpose))
    width: Mapped[int | None]
    height: Mapped[int | None]
    stored_at: Mapped[datetime | None] = mapped_column(Instant)


def file_id(organization_id: str, sha256: str, erased_before: int = 0) -> str:
    """The id of a file's row, the same on every PC. `erased_before` counts how often the file was erased: a row stays
    erased for good, and a file that is added again begins another."""
    return derived_id(organization_id, "file", sha256, *(["again", str(erased_before)] if erased_before else []))


def is_sha256(text: str) -> bool:
    """Whether a text can be the name of a file: 64 lower-case hex digits."""
    return _SHA256.fullmatch(text) is not None


def sha256_of(content: bytes) -> str:
    """The name of these bytes."""
    return hashlib.sha256(content).hexdigest()


def media_type_of(content: bytes) -> MediaType:
    """The type of a file by its bytes. Raises BadFile when it is none of those that are kept."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return MediaType.WEBP
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return MediaType.GIF
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise BadFile("This PDF is cut off. Save it again or choose another.")
        return MediaType.PDF
    if _is_plain_text(content):
        return MediaType.TEXT
    raise BadFile("This kind of file cannot be kept. Use PNG, JPEG, WebP, GIF, PDF or plain text.")


def check_size(purpose: FilePurpose, size_bytes: int) -> None:
    """Raises BadFile for an empty file, and for one that is larger than its purpose allows."""
    if size_bytes < 1:
        raise BadFile("This file is empty.")
    most = MOST_BYTES[purpose]
    if size_bytes > most:
        raise BadFile(f"This file is too large. A {purpose.lower()} has at most {most // (1024 * 1024)} MB.")


def check_content(purpose: FilePurpose, content: bytes) -> MediaType:
    """The type of a file that may be kept for this purpose. Raises BadFile."""
    check_size(purpose, len(content))
    kind = media_type_of(content)
    if kind not in TYPES[purpose]:
        raise BadFile(f"A {purpose.lower()} is a picture: PNG, JPEG, WebP or GIF.")
    return kind


def check_picture_size(width: int, height: int) -> None:
    """Raises BadFile for a picture with more pixels than can be shown."""
    if width < 1 or height < 1:
        raise BadFile("This picture is damaged. Save it again or choose another.")
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise BadFile(TOO_MANY_PIXELS)


def keep_file_row(
    session: Session,
    organization_id: str,
    sha256: str,
    *,
    size_bytes: int,
    media_type: MediaType,
    name: str,
    purpose: FilePurpose,
    width: int | None = None,
    height: int | None = None,
) -> StoredFile:
    """The row that says that a file exists: a new one, or the one that is there, brought back from the archive. Where
    two purposes meet, the one that allows more holds."""
    erased_before = 0
    row_id = file_id(organization_id, sha256)
    while (row := session.get(StoredFile, (organization_id, row_id))) is not None and row.sha256 != sha256:
        erased_before += 1
        row_id = file_id(organization_id, sha256, erased_before)
    if row is not None:
        row.archived_at = None
        if MOST_BYTES[purpose] > MOST_BYTES[row.purpose]:
            row.purpose = purpose
        return row
    row = StoredFile(
        organization_id=organization_id,
        id=row_id,
        sha256=sha256,
        size_bytes=size_bytes,
        media_type=media_type.value,
        name=name,
        purpose=purpose,
        width=width,
        height=height,
    )
    session.add(row)
    return row


def _is_plain_text(content: bytes) -> bool:
    """Readable UTF-8 that no browser could take for a page or a drawing (SVG can carry programs)."""
    if _MARKUP.match(content.removeprefix(b"\xef\xbb\xbf")) or not _UNPRINTED.isdisjoint(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
