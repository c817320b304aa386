"""Whether the person at this PC can change a series as a whole, or only single sessions of it (product §2)."""

from __future__ import annotations

from sqlalchemy import select

from desktop.permissions import Permissions, own_places
from desktop.store.store import Store
from shared_models.schedule.models import EntryStatus, ScheduleEntry

_TO_COME = (EntryStatus.SCHEDULED, EntryStatus.PENDING_PAYMENT)


def reaches_series(store: Store, series_id: str | None) -> bool:
    """Whether a change may reach further sessions: the series is the person's to change, and none of its sessions
    that are still to be held takes place at a location of others. False for no series."""
    if series_id is None:
        return False
    own = own_places(store)
    if own is None:
        return True
    if not Permissions.of(store).open_fields("series", series_id):
        return False
    with store.read() as session:
        elsewhere = session.scalar(
            select(ScheduleEntry.id)
            .where(
                ScheduleEntry.organization_id == store.organization_id,
                ScheduleEntry.series_id == series_id,
                ScheduleEntry.archived_at.is_(None),
                ScheduleEntry.status.in_(_TO_COME),
                ScheduleEntry.location_id.not_in(own),
            )
            .limit(1)
        )
    return elsewhere is None
