"""Tables that belong to this PC alone and never travel: sync state and what the server refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared_models.base import NAMING, Instant


class LocalBase(DeclarativeBase):
    """Base of the tables of this PC."""

    metadata = MetaData(naming_convention=NAMING)


class LocalState(LocalBase):
    """One named fact about this PC: which organization, user and device it is, how far it has pulled."""

    __tablename__ = "local_state"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class NeedsAttention(LocalBase):
    """A change the server refused: why, and the values the user had entered."""

    __tablename__ = "needs_attention"

    table_name: Mapped[str] = mapped_column(Text, primary_key=True)
    row_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, default="", server_default="")
    reason: Mapped[str] = mapped_column(Text)
    kept_values: Mapped[dict[str, str | int | float | None]] = mapped_column(JSON)
    refused_at: Mapped[datetime] = mapped_column(Instant)
