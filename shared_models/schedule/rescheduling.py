"""Gives a session another time while keeping the old one as what happened: a new entry, linked to its origin
(product §4, "Lifecycle"). A plain move leaves no trace; this one does, for families, pay and reports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.schedule.errors import NotAllowedNow
from shared_models.schedule.models import EntryStatus, ScheduleEntry, ToTell
from shared_models.schedule.operations import copy_entry, entry_of
from shared_models.schedule.series_operations import cancel_entry


def reschedule_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    new_entry_id: str,
    starts_at: datetime,
    by_user_id: str | None,
    now: datetime,
    reason: str = "",
    tell: Collection[ToTell] = (),
) -> str:
    """Hold a session at ``starts_at`` (UTC) instead: a new entry with the price and pay that were booked, to which
    the origin points. The origin is cancelled, or stays a no-show when it was one. Returns the id of the new entry.

    Raises NotAllowedNow for a session that took place, is archived, or was cancelled or rescheduled before.
    """
    origin = entry_of(session, organization_id, entry_id)
    _refuse_what_cannot_move(origin)
    copy_entry(session, organization_id, entry_id, new_entry_id=new_entry_id, starts_at=starts_at)
    session.flush()
    made = entry_of(session, organization_id, new_entry_id)
    made.hourly_price_cents, made.hourly_pay_cents = origin.hourly_price_cents, origin.hourly_pay_cents
    made.notes = origin.notes
    if origin.status is EntryStatus.PENDING_PAYMENT:
        made.status = EntryStatus.PENDING_PAYMENT
    if origin.status is EntryStatus.NO_SHOW:
        origin.rescheduled_to_id = new_entry_id
        origin.people_to_tell = sorted({one.value for one in tell})
    else:
        cancel_entry(
            session, organization_id, entry_id,
            reason=reason, by_user_id=by_user_id, now=now, tell=tell, rescheduled_to_id=new_entry_id,
        )  # fmt: skip
    return new_entry_id


def origin_of(session: Session, organization_id: str, entry_id: str) -> str | None:
    """The id of the live entry that was rescheduled to this one, or None."""
    return session.scalar(
        select(ScheduleEntry.id).where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.rescheduled_to_id == entry_id,
            ScheduleEntry.archived_at.is_(None),
        )
    )


def _refuse_what_cannot_move(origin: ScheduleEntry) -> None:
    if origin.archived_at is not None:
        raise NotAllowedNow("This session is archived. Restore it first.")
    if origin.rescheduled_to_id is not None:
        raise NotAllowedNow("This session has been rescheduled already. Reschedule the one that took its place.")
    if origin.status is EntryStatus.CANCELLED:
        raise NotAllowedNow("This session was cancelled. Bring it back first, or schedule a new one.")
    if origin.status is EntryStatus.COMPLETED:
        raise NotAllowedNow("This session took place. Copy it to hold another one like it.")
