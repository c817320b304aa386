"""Writing the calendar: closures, and series and sessions linked to tutor, place, students, service and product."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import TenantRow, derived_id
from shared_models.catalog.models import Product
from shared_models.exchange.calendar_changes import (
    Outcome,
    PlannedEntry,
    StoredCalendar,
    StoredEntry,
    Updates,
    entry_says,
    series_says,
    stored_calendar,
)
from shared_models.exchange.calendar_drafts import Center, center_of, counted_as, draft_of, location_of
from shared_models.exchange.calendar_file import SessionsRow
from shared_models.exchange.organization import ClosureRow
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import Importing, Row
from shared_models.organization.models import Closure
from shared_models.schedule.drafts import EntryDraft, Plan, plan_of
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import insert_sessions, link_row, series_fields
from shared_models.schedule.recurrence import Closure as ClosedDays
from shared_models.sync.hook import ChangeRecorder

_STEP = 20
_Kind = TypeVar("_Kind", bound=TenantRow)


def apply_closures(work: Importing, closures: Sequence[ClosureRow]) -> None:
    """Add closures, moved by the shift, that are not there for the same place and days."""
    known = {
        (location_id, first_day, last_day): closure_id
        for closure_id, location_id, first_day, last_day in work.session.execute(
            select(Closure.id, Closure.location_id, Closure.first_day, Closure.last_day).where(
                Closure.organization_id == work.organization_id
            )
        )
    }
    rows: list[Row] = []
    for closure in closures:
        location_id = work.location_id(closure.location) if closure.location else None
        key = (location_id, closure.first_day + work.shift, closure.last_day + work.shift)
        row_id = known.setdefault(
            key,
            derived_id(work.organization_id, "closure", location_id or "", key[1].isoformat(), key[2].isoformat()),
        )
        rows.append(
            {
                **work.own(row_id),
                "location_id": location_id,
                "first_day": key[1],
                "last_day": key[2],
                "reason": closure.reason,
            }
        )
    work.add(Closure, rows, "closures")


def apply_calendar(
    work: Importing, file: str, sessions: Sequence[SessionsRow], cancelled: Sequence[SessionsRow] = ()
) -> None:
    """Add each series and session, its words replaced by the rows they mean, and bring those that are there up to
    date; what was edited here stays and is named.

    What cannot be found is reported and left off; only a session without a known place is left out. ``cancelled``
    sessions are cancelled where they are there.
    """
    center = center_of(work)
    known_series, known_entries = work.known(Series), work.known(ScheduleEntry)
    known = known_series.keys() | known_entries.keys()
    hidden: set[str] = set()
    seen: set[str] = set()
    new: list[_Planned] = []
    there: dict[str, list[_Planned]] = {}
    products: dict[str, Row] = {}
    for at, row in enumerate(sessions):
        if at % _STEP == 0:
            work.step("Calendar", at, len(sessions))
        planned = _planned(work, file, row, center, products, known)
        if planned is None:
            continue
        is_archived = (known_series if planned.series else known_entries).get(planned.owner_id)
        if planned.owner_id in seen:
            work.already_there[planned.counted[0]] += 1
        elif is_archived and work.brings_back:
            hidden.add(planned.owner_id)
            work.counts[planned.counted[0]] += 1
        elif is_archived:
            work.archived[planned.counted[0]] += 1
        elif is_archived is False or planned.event_id in known:
            there.setdefault(row.uid, []).append(planned)
        elif not planned.entries:
            work.problems.append(Problem(file, row.line, f"No session of “{row.title}” is left on its days."))
        else:
            new.append(planned)
            work.counts[planned.counted[1]] += len(planned.entries)
            work.counts[planned.counted[0]] += 1 if planned.series else 0
        seen.add(planned.owner_id)
    work.add(Product, list(products.values()), "products")
    _bring_back(work, hidden)
    if there or (cancelled and known):
        new += _bring_up_to_date(work, file, there, cancelled, known)
    _insert(work, new)


@dataclass(slots=True)
class _Planned:
    """What a row of the calendar becomes. ``event_id`` stands for its event, ``owner_id`` is its series or entry."""

    row: SessionsRow
    event_id: str
    owner_id: str
    counted: tuple[str, str]
    series: Row | None
    entries: list[PlannedEntry]


class _Gathered(ChangeRecorder):
    """Takes the rows that would be inserted, so that they are all written at once, or compared with what is there."""

    def __init__(self) -> None:
        self.rows: dict[type[TenantRow], list[Row]] = {}

    def insert_rows(
        self,
        session: Session,
        kind: type[TenantRow],
        rows: Sequence[Mapping[str, Any]],
        *,
        skip_existing: bool = False,
    ) -> None:
        """Keep the rows."""
        self.rows.setdefault(kind, []).extend(dict(row) for row in rows)


def _planned(
    work: Importing,
    file: str,
    row: SessionsRow,
    center: Center,
    products: dict[str, Row],
    known: Collection[str],
) -> _Planned | None:
    location_id = location_of(work, file, row)
    if location_id is None:
        return None
    event_id = _event_id(work, row.uid, known)
    owner_id = derived_id(event_id, row.occurrence) if row.occurrence else event_id
    draft, kind, rates = draft_of(work, file, row, location_id, center, products)
    plan = _plan(work, center, draft, owner_id, center.closures_at(location_id))
    gathered = _Gathered()
    changes = {change.day + work.shift: change for change in row.changes}
    usual = [session for session in plan.sessions if session.day not in changes]
    series_id = owner_id if draft.is_series else None
    insert_sessions(work.session, gathered, work.organization_id, draft, usual, series_id, rates)
    for session in plan.sessions:
        if (change := changes.get(session.day)) is None:
            continue
        there = work.location_id(change.row.location) or location_id
        other, _, its_rates = draft_of(work, file, change.row, there, center, products)
        held = replace(_plan(work, center, other, session.entry_id).sessions[0], day=session.day)
        insert_sessions(work.session, gathered, work.organization_id, other, [held], series_id, its_rates)
        if change.is_cancelled:
            gathered.rows[ScheduleEntry][-1] |= {
                "status": EntryStatus.CANCELLED, "cancelled_at": work.now, "cancel_reason": _cancelled_in(file)
            }  # fmt: skip
    series = None
    if draft.is_series:
        series = {**work.own(owner_id), **series_fields(draft, plan), "imported_uid": row.uid}
        series["imported_as"] = series_says(series)
    return _Planned(row, event_id, owner_id, counted_as(kind, draft), series, _entries(gathered, row, series is None))


def _plan(
    work: Importing, center: Center, draft: EntryDraft, owner_id: str, closures: tuple[ClosedDays, ...] = ()
) -> Plan:
    buffer_minutes = center.buffer_minutes
    return plan_of(draft, owner_id, time_zone=work.time_zone, buffer_minutes=buffer_minutes, closures=closures)


def _entries(gathered: _Gathered, row: SessionsRow, is_single: bool) -> list[PlannedEntry]:
    students: dict[str, list[str]] = {}
    rooms: dict[str, list[str]] = {}
    for attendee in gathered.rows.get(Attendee, ()):
        students.setdefault(attendee["entry_id"], []).append(attendee["student_id"])
    for room in gathered.rows.get(EntryRoom, ()):
        rooms.setdefault(room["entry_id"], []).append(room["room_id"])
    entries = []
    for entry in gathered.rows.get(ScheduleEntry, ()):
        student_ids, room_ids = students.get(entry["id"], ()), rooms.get(entry["id"], ())
        entry["imported_uid"] = row.uid if is_single else ""
        entry["imported_as"] = entry_says(entry, student_ids, room_ids)
        entry.setdefault("cancelled_at", None)
        entry.setdefault("cancel_reason", "")
        entries.append(PlannedEntry(entry, frozenset(student_ids), frozenset(room_ids)))
    return entries


def _insert(work: Importing, planned: Sequence[_Planned]) -> None:
    """Write everything that is new, table by table."""
    own = work.organization_id
    entries = [entry for one in planned for entry in one.entries]
    work.step("Sessions", 0, len(entries))
    work.recorder.insert_rows(work.session, Series, [one.series for one in planned if one.series])
    work.recorder.insert_rows(work.session, ScheduleEntry, [entry.row for entry in entries])
    work.step("Sessions", len(entries) // 2, len(entries))
    for kind, column in ((Attendee, "student_id"), (EntryRoom, "room_id")):
        rows = [
            link_row(own, entry.id, column, thing_id)
            for entry in entries
            for thing_id in sorted(entry.student_ids if kind is Attendee else entry.room_ids)
        ]
        work.recorder.insert_rows(work.session, kind, rows)


def _bring_up_to_date(
    work: Importing,
    file: str,
    there: Mapping[str, Sequence[_Planned]],
    cancelled: Sequence[SessionsRow],
    known: Collection[str],
) -> list[_Planned]:
    """Change what the calendar has changed since and nobody edited here. Returns what is new in events that are
    there."""
    stored = stored_calendar(work)
    updates = Updates(work, _cancelled_in(file))
    new = []
    for planned in there.values():
        outcomes: Counter[Outcome] = Counter()
        added = _event_again(work, stored, updates, planned, outcomes)
        new += added
        for one in added:
            work.counts[one.counted[1]] += len(one.entries)
        work.updated["entries"] += outcomes[Outcome.UPDATED]
        if not added and not outcomes[Outcome.UPDATED]:
            for one in planned:
                work.already_there[one.counted[0]] += 1
        _name_kept(work, file, planned[0].row, outcomes[Outcome.KEPT])
    for row in cancelled:
        event_id = _event_id(work, row.uid, known)
        if row.occurrence:
            one_entry = stored.entries.get(derived_id(event_id, row.occurrence))
            group = [one_entry] if one_entry is not None and not one_entry.is_archived else []
        else:
            group = list(stored.group(row.uid, event_id).values())
        outcomes = Counter(updates.cancel(entry) for entry in group)
        work.updated["entries"] += outcomes[Outcome.UPDATED]
        _name_kept(work, file, row, outcomes[Outcome.KEPT])
    updates.write()
    return new


def _event_again(
    work: Importing,
    stored: StoredCalendar,
    updates: Updates,
    planned: Sequence[_Planned],
    outcomes: Counter[Outcome],
) -> list[_Planned]:
    """One event that is there: its entries, then its series when their days have changed. Returns what is new."""
    new = []
    event_id, uid = planned[0].event_id, planned[0].row.uid
    found: dict[str, StoredEntry] = {}
    missing: dict[str, list[PlannedEntry]] = {}
    for one in planned:
        for entry in one.entries:
            there = stored.entry_for(entry.row)
            if there is None:
                missing.setdefault(one.owner_id, []).append(entry)
            else:
                found[there.id] = there
                if not there.is_archived:
                    outcomes[updates.entry(there, entry)] += 1
    gone = [entry for entry_id, entry in stored.group(uid, event_id).items() if entry_id not in found]
    gone = [entry for entry in gone if entry.values["starts_at"] > work.now]
    if any(one.row.is_part for one in planned):
        return []
    for one in planned:
        own = missing.get(one.owner_id, [])
        series = stored.series.get(one.owner_id)
        if one.series is None or series is None:
            if one.series is not None or own:
                new.append(replace(one, entries=own))
            continue
        outcome = updates.series(series, one.series, has_same_days=not own and not gone)
        if outcome is Outcome.UPDATED:
            work.updated["series"] += 1
            if own:
                new.append(replace(one, series=None, entries=own))
        else:
            outcomes[outcome] += 1 if outcome is Outcome.KEPT else 0
            gone = [entry for entry in gone if entry.values["series_id"] is None]
    for vanished in gone:
        outcomes[updates.vanish(vanished)] += 1
    former = stored.series.get(event_id)
    if former is not None and former.archived_at is None and not any(one.series for one in planned):
        former.archived_at = work.now
    return new


def _name_kept(work: Importing, file: str, row: SessionsRow, number: int) -> None:
    if number:
        what = "“{}” was" if number == 1 else f"{number} sessions of “{{}}” were"
        reason = f"{what.format(row.title)} kept as edited here; the calendar says something else."
        work.warnings.append(Problem(file, row.line, reason))


def _event_id(work: Importing, uid: str, known: Collection[str]) -> str:
    """The id that an event's rows derive theirs from; an event that was exported here carries it as its UID."""
    return uid if uid in known else derived_id(work.organization_id, "series", uid)


def _cancelled_in(file: str) -> str:
    return f"Cancelled in {file}"


def _bring_back(work: Importing, owner_ids: set[str]) -> None:
    """Let archived series and single sessions live again, with everything that belongs to them."""
    if not owner_ids:
        return
    entry_ids: set[str] = set()
    for series in _archived(work, Series):
        if series.id in owner_ids:
            series.archived_at = None
    for entry in _archived(work, ScheduleEntry):
        if entry.id in owner_ids or entry.series_id in owner_ids:
            entry.archived_at = None
            entry_ids.add(entry.id)
    for attendee in _archived(work, Attendee):
        if attendee.entry_id in entry_ids:
            attendee.archived_at = None
    for room in _archived(work, EntryRoom):
        if room.entry_id in entry_ids:
            room.archived_at = None
    work.session.flush()


def _archived(work: Importing, kind: type[_Kind]) -> Sequence[_Kind]:
    return work.session.scalars(
        select(kind).where(kind.organization_id == work.organization_id, kind.archived_at.is_not(None))
    ).all()
