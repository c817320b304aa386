"""Tables of promises to the public: slots that are held, seats, and coupons with their uses.

They belong to the server alone and never travel: a PC that is offline could not keep such a promise. The database has
the last word: two live holds of one tutor or one room cannot overlap (an exclusion constraint, in the migration), a
seat of a session has one holder, and a coupon is not used more often than it may be.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant, at_least, choice
from sync_server.models import TenantOwned


class HoldState(StrEnum):
    """What became of a promise."""

    HELD = "held"
    BOOKED = "booked"
    RELEASED = "released"
    EXPIRED = "expired"


class SlotHold(TenantOwned):
    """A time of a tutor, and perhaps of a room, that is kept for somebody until `held_until` (product §7, "Cart").
    `[starts_at, blocked_until)` includes the buffer."""

    __tablename__ = "slot_hold"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at AND ends_at <= blocked_until", name="times_in_order"),
        Index("ix_slot_hold_tutor", "organization_id", "tutor_id", "state", "starts_at"),
        Index("ix_slot_hold_room", "organization_id", "room_id", "state", "starts_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    tutor_id: Mapped[str] = mapped_column(Id)
    room_id: Mapped[str | None] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime] = mapped_column(Instant)
    held_until: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[HoldState] = mapped_column(choice(HoldState, "slot_state"), default=HoldState.HELD)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class SeatHold(TenantOwned):
    """One seat of a group session that is kept for somebody until `held_until`. Seats are numbered from 1."""

    __tablename__ = "seat_hold"
    __table_args__ = (
        at_least("seat_number", 1),
        Index(
            "uq_seat_hold_held",
            "organization_id",
            "entry_id",
            "seat_number",
            unique=True,
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id)
    seat_number: Mapped[int]
    held_until: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[HoldState] = mapped_column(choice(HoldState, "seat_state"), default=HoldState.HELD)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Coupon(TenantOwned):
    """A reduction by a code, in percent or in minor units; `use_limit` and the days are empty when there is none.
    `code` is kept in upper case."""

    __tablename__ = "coupon"
    __table_args__ = (
        Index("uq_coupon_code", "organization_id", "code", unique=True),
        CheckConstraint("(percent IS NULL) <> (amount_cents IS NULL)", name="percent_or_amount"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent_in_range"),
        at_least("amount_cents", 1),
        at_least("use_limit", 1),
        CheckConstraint("uses >= 0 AND (use_limit IS NULL OR uses <= use_limit)", name="uses_within_limit"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    percent: Mapped[int | None]
    amount_cents: Mapped[int | None]
    first_day: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    use_limit: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0)
    is_once_per_family: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)


class CouponUse(TenantOwned):
    """One use of a coupon; `once_family_id` is the family of a coupon that each family may use once."""

    __tablename__ = "coupon_use"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "coupon_id"],
            ["coupon.organization_id", "coupon.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        Index("uq_coupon_use_once", "organization_id", "coupon_id", "once_family_id", unique=True),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    coupon_id: Mapped[str] = mapped_column(Id)
    family_id: Mapped[str | None] = mapped_column(Id)
    once_family_id: Mapped[str | None] = mapped_column(Id)
    used_at: Mapped[datetime] = mapped_column(Instant)
