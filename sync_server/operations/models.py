"""What a host has decided about an organization."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant
from sync_server.models import ServerBase


class OrganizationSuspension(ServerBase):
    """An organization that was suspended at some time; it is so now while `suspended_at` is set. `note` is the host's
    own, shown to nobody else."""

    __tablename__ = "organization_suspension"

    organization_id: Mapped[str] = mapped_column(Id, primary_key=True)
    suspended_at: Mapped[datetime | None] = mapped_column(Instant)
    note: Mapped[str] = mapped_column(Text, default="")
