"""Makes a series longer or shorter: its last day set anew, sessions added like the usual ones or archived
(product §4, "Edits")."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.conflicts import Conflict
from shared_models.schedule.differences import CHANGEABLE, own_fields
from shared_models.schedule.draft_edits import draft_of_entry, save_draft
from shared_models.schedule.drafts import EntryDraft, plan_of
from shared_models.schedule.errors import NothingToExtend
from shared_models.schedule.models import ScheduleEntry, Series
from shared_models.schedule.series_operations import SeriesScope
from shared_models.schedule.terms import terms_of
from shared_models.sync.hook import ChangeRecorder


@dataclass(frozen=True, slots=True)
class NewExtent:
    """What came of a new last day: sessions added and archived, days left out as the location is closed on them,
    and the conflicts of the added ones."""

    added_ids: tuple[str, ...] = ()
    archived_ids: tuple[str, ...] = ()
    closed_days: tuple[date, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtentPreview:
    """What a new last day would do: how many sessions it adds or archives, and which closed days it leaves out."""

    added_days: tuple[date, ...]
    archived_days: tuple[date, ...]
    closed_days: tuple[date, ...]


def preview_extent(
    session: Session,
    organization_id: str,
    series_id: str,
    last_day: date,
    locations: Collection[str] | None = None,
) -> ExtentPreview:
    """What `set_last_day` would do. Raises NothingToExtend."""
    _, before, after = _drafts(session, organization_id, series_id, last_day, locations)
    terms = terms_of(session, organization_id, before.location_id)

    def days(draft: EntryDraft) -> tuple[set[date], tuple[date, ...]]:
        plan = plan_of(
            draft, series_id, time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures
        )
        return {planned.day for planned in plan.sessions}, plan.closed_days

    (were, closed), (are, still_closed) = days(before), days(after)
    return ExtentPreview(
        tuple(sorted(are - were)), tuple(sorted(were - are)), tuple(sorted(set(still_closed) - set(closed)))
    )


def set_last_day(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    series_id: str,
    last_day: date,
    *,
    now: datetime,
    locations: Collection[str] | None = None,
) -> NewExtent:
    """Extend a series to ``last_day`` (included), or end it there.

    New sessions are like the usual ones of the series, at today's price and pay; closures are skipped as the series
    does. Sessions after an earlier last day that are still to be held are archived, but for those at other than these
    ``locations`` (None: all). Raises NothingToExtend for a series without a live session there, UnusableDraft when no
    session would be left.
    """
    anchor, before, after = _drafts(session, organization_id, series_id, last_day, locations)
    live_before = _live_ids(session, organization_id, series_id)
    terms = terms_of(session, organization_id, after.location_id)
    plan = plan_of(
        after, series_id, time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures
    )
    save_draft(
        session, recorder, organization_id, anchor.id, before, after,
        scope=SeriesScope.ALL, new_id=series_id, now=now, locations=locations,
    )  # fmt: skip
    session.flush()
    live_after = _live_ids(session, organization_id, series_id)
    added = tuple(sorted(live_after - live_before))
    conflicts = open_conflicts(session, organization_id, conflicts_of_entries(session, organization_id, added))
    closed = tuple(day for day in plan.closed_days if before.last_day is None or day > before.last_day)
    return NewExtent(added, tuple(sorted(live_before - live_after)), closed, tuple(conflicts))


def _drafts(
    session: Session, organization_id: str, series_id: str, last_day: date, locations: Collection[str] | None
) -> tuple[ScheduleEntry, EntryDraft, EntryDraft]:
    """A session that is like most of its series, and the drafts of the series as it is and with its new last day."""
    series = session.get(Series, (organization_id, series_id))
    entries = [
        entry
        for entry in _entries(session, organization_id, series_id)
        if locations is None or entry.location_id in locations
    ]
    if series is None or not entries:
        raise NothingToExtend(series_id)
    still_open = [entry for entry in entries if entry.status in CHANGEABLE] or entries
    own = own_fields(session, series, still_open)
    anchor = min(reversed(still_open), key=lambda entry: len(own.get(entry.id, ())))
    before = draft_of_entry(session, organization_id, anchor.id, SeriesScope.ALL, locations=locations)
    return anchor, before, replace(before, last_day=last_day, occurrence_count=None)


def _entries(session: Session, organization_id: str, series_id: str) -> Sequence[ScheduleEntry]:
    return session.scalars(
        select(ScheduleEntry)
        .where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.series_id == series_id,
            ScheduleEntry.series_day.is_not(None),
            ScheduleEntry.archived_at.is_(None),
        )
        .order_by(ScheduleEntry.series_day)
    ).all()


def _live_ids(session: Session, organization_id: str, series_id: str) -> set[str]:
    return {entry.id for entry in _entries(session, organization_id, series_id)}
