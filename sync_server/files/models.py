"""What the server knows of the bytes it holds: that they are there, whole, and what they are by their content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Instant
from sync_server.models import TenantOwned


class FileContent(TenantOwned):
    """The verified bytes of one file of one organization. The same file of another organization is another row, with
    bytes of its own."""

    __tablename__ = "file_content"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    stored_at: Mapped[datetime] = mapped_column(Instant)
