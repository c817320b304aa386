"""The website's own table: how much the public forms of an organization may still be used, and by whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Instant
from sync_server.models import TenantOwned


class FormAllowance(TenantOwned):
    """When the submissions of one group of addresses will have been paid off. A group is a hash of the address cut
    to 16 bits: no address is kept, and the table cannot grow without end."""

    __tablename__ = "form_allowance"

    address_group: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paid_off_at: Mapped[datetime] = mapped_column(Instant)
