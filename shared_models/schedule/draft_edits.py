"""Opens an entry as a draft for the form, and saves what the person changed in it: of this entry, of it and the
following ones, or of the whole series, its pattern and its end included.

Only what differs between the draft as it was opened and as it is saved is written, so that a session with a
substitute tutor keeps them when the whole series gets another room. When the edit is of the tutor, the person says
whether such sessions keep what they have of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import derived_id
from shared_models.schedule.differences import CHANGEABLE, own_fields
from shared_models.schedule.drafts import EntryDraft, Plan, PlannedSession, SessionChange, matched_days, plan_of
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import (
    checked_plan,
    entry_of,
    insert_sessions,
    links_of,
    rates_of,
    series_fields,
    set_links,
)
from shared_models.schedule.recurrence import Pattern, days_of
from shared_models.schedule.series_operations import (
    EntryChanges,
    SeriesScope,
    apply_changes,
    series_of,
    split_series,
)
from shared_models.schedule.series_rules import hours_of_series, rule_of_series
from shared_models.schedule.terms import Terms, terms_of
from shared_models.schedule.times import wall_clock_of
from shared_models.sync.hook import ChangeRecorder

_PLAIN_FIELDS = (
    "location_id", "service_id", "subject_id", "topic_id", "product_id", "tutor_id", "capacity", "is_online",
    "has_buffer", "web_link", "needs_projector", "supplies", "other_resources",
)  # fmt: skip
_SETS = ("student_ids", "room_ids")


@dataclass(frozen=True, slots=True)
class _Edit:
    """What is being saved: the draft as opened and as it is now, and the plans of both."""

    before: EntryDraft
    after: EntryDraft
    planned_before: dict[date, PlannedSession]
    plan: Plan
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By entry id, what sessions have of their own and keep."""
    makes_alike: bool = False

    @property
    def fields(self) -> EntryChanges:
        changed = {
            name: getattr(self.after, name)
            for name in _PLAIN_FIELDS
            if getattr(self.after, name) != getattr(self.before, name)
        }
        return cast(EntryChanges, changed)


def draft_of_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    scope: SeriesScope = SeriesScope.THIS,
    terms: Terms | None = None,
    locations: Collection[str] | None = None,
) -> EntryDraft:
    """The draft that the form shows for an entry: one session, or the rule of its series (from it on, or whole).

    Sessions that were moved or given other rooms by hand appear as changes of their days, archived ones as skipped
    days. ``terms`` are those of the entry's location, read when they are not given. Sessions of the series at other
    than these ``locations`` (None: all) are none of the draft's. Raises NoSuchEntry.
    """
    entry = entry_of(session, organization_id, entry_id)
    if terms is None or terms.location_id != entry.location_id:
        terms = terms_of(session, organization_id, entry.location_id)
    local = wall_clock_of(entry.starts_at, terms.zone)
    students, rooms = _links(session, organization_id, [entry_id])
    draft = EntryDraft(
        location_id=entry.location_id,
        service_id=entry.service_id,
        subject_id=entry.subject_id,
        topic_id=entry.topic_id,
        product_id=entry.product_id,
        capacity=entry.capacity,
        tutor_id=entry.tutor_id,
        student_ids=students[entry_id],
        first_day=local.date(),
        start=local.time(),
        duration_minutes=_minutes(entry),
        has_buffer=entry.blocked_until > entry.ends_at,
        room_ids=rooms[entry_id],
        is_online=entry.is_online,
        web_link=entry.web_link,
        needs_projector=entry.needs_projector,
        supplies=entry.supplies,
        other_resources=entry.other_resources,
    )
    series = series_of(session, entry)
    if scope is SeriesScope.THIS or series is None:
        return draft
    return _series_draft(session, entry, series, draft, scope, terms, locations)


def save_draft(
    session: Session,
    recorder: ChangeRecorder | None,
    organization_id: str,
    entry_id: str,
    before: EntryDraft,
    after: EntryDraft,
    *,
    scope: SeriesScope,
    new_id: str,
    now: datetime,
    keep_differences: bool = True,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Write what differs between ``before`` (from `draft_of_entry` with the same scope and locations) and ``after``;
    what another PC has changed in the meantime stays, and so do sessions at other than these ``locations``.

    Days that the new pattern adds become entries, days that it drops are archived, sessions of one week that only
    change their weekday move. A one-off that now repeats becomes the first session of a series with the id
    ``new_id``. Without ``keep_differences`` the sessions of a series that differ from it in what is edited become
    like the rest, but for what the person has just entered about single days. Returns the ids of all entries in
    reach. Raises NoSuchEntry and UnusableDraft.
    """
    entry = entry_of(session, organization_id, entry_id)
    series = series_of(session, entry)
    terms = terms_of(session, organization_id, after.location_id)
    if scope is SeriesScope.THIS or series is None:
        if after.is_series and series is None:
            return _begin_series(session, recorder, entry, before, after, terms, new_id=new_id, now=now)
        return _save_one(session, entry, before, after, terms, now=now)
    pivot = entry.series_day or wall_clock_of(entry.starts_at, terms.zone).date()
    if scope is SeriesScope.FOLLOWING and pivot > series.first_day:
        series = split_series(session, series, pivot, terms.time_zone, locations)
        session.flush()
    everything = _all_of(session, series)
    if keep_differences:
        still_open = [other for other in everything if _is_open(other) and _is_here(other, locations)]
        own = own_fields(session, series, still_open)
        own.pop(entry_id, None)
        edit = replace(_edit(before, after, series.id, terms), own=own)
    else:
        alike = _alike(before, after)
        edit = replace(_edit(before, alike, series.id, terms), makes_alike=True)
    known = series_fields(before, _plan(before, series.id, terms))
    for name, value in series_fields(after, edit.plan).items():
        if value != known[name]:
            setattr(series, name, value)
    return _reshape(session, recorder, series, everything, edit, locations, now=now)


def fields_changed(before: EntryDraft, after: EntryDraft) -> frozenset[str]:
    """What an edit is of, as `differences.touched` asks it."""
    fields = {name for name in _PLAIN_FIELDS if getattr(before, name) != getattr(after, name)}
    if any(getattr(before, name) != getattr(after, name) for name in ("start", "weekdays", "hours_by_day")):
        fields.add("starts_at")
    if before.duration_minutes != after.duration_minutes or before.hours_by_day != after.hours_by_day:
        fields.add("duration_minutes")
    fields |= {name for name in _SETS if set(getattr(before, name)) != set(getattr(after, name))}
    return frozenset(fields)


def _series_draft(
    session: Session,
    entry: ScheduleEntry,
    series: Series,
    draft: EntryDraft,
    scope: SeriesScope,
    terms: Terms,
    locations: Collection[str] | None,
) -> EntryDraft:
    first_day = series.first_day
    if scope is SeriesScope.FOLLOWING and entry.series_day is not None:
        first_day = max(first_day, entry.series_day)
    days = days_of(rule_of_series(series, terms.time_zone))
    counted = series.occurrence_count if first_day == series.first_day else None
    skipped = frozenset(date.fromisoformat(day) for day in series.skipped_days)
    base = replace(
        draft,
        first_day=first_day,
        start=series.start_time,
        duration_minutes=series.duration_minutes,
        pattern=Pattern(series.pattern.value),
        weekdays=frozenset(series.weekdays),
        interval_weeks=series.interval_weeks,
        last_day=series.last_day if counted is not None or series.last_day else max(days, default=first_day),
        occurrence_count=counted,
        hours_by_day={day: hours for day, hours in hours_of_series(series).items() if day >= first_day},
        has_buffer=series.has_buffer,
        skips_closures=series.skips_closures,
        skipped_days=frozenset(day for day in skipped if day >= first_day),
    )
    entries = [
        other for other in _all_of(session, series) if other.series_day is not None and other.series_day >= first_day
    ]
    to_come = [other for other in entries if _is_open(other)]
    live = [other for other in to_come if _is_here(other, locations)]
    here = frozenset(other.series_day for other in live if other.series_day is not None)
    elsewhere = frozenset(other.series_day for other in to_come if other.series_day is not None) - here
    _, rooms = _links(session, entry.organization_id, [other.id for other in live])
    held = {other.series_day for other in entries if other.archived_at is None and other.series_day is not None}
    base = replace(base, kept_days=frozenset(held - elsewhere - _days(base, series.id, terms).keys()))
    if elsewhere:
        base = replace(base, days_elsewhere=elsewhere, days_here=here)
    planned = _days(base, series.id, terms)
    changes: dict[date, SessionChange] = {}
    for other in live:
        if other.series_day is not None:
            change = _difference(other, planned.get(other.series_day), rooms[other.id], base, terms)
            if change is not None:
                changes[other.series_day] = change
    return replace(base, changes=changes, skipped_days=base.skipped_days | (planned.keys() - held))


def _difference(
    entry: ScheduleEntry,
    planned: PlannedSession | None,
    room_ids: tuple[str, ...],
    base: EntryDraft,
    terms: Terms,
) -> SessionChange | None:
    """How a saved session departs from its series."""
    local = wall_clock_of(entry.starts_at, terms.zone)
    moved = planned is None or planned.starts_at != entry.starts_at
    other_rooms = set(room_ids) != set(base.room_ids) and not entry.is_online
    if not moved and not other_rooms:
        return None
    return SessionChange(
        day=local.date() if local.date() != entry.series_day else None,
        start=local.time() if moved else None,
        room_ids=room_ids if other_rooms else None,
    )


def _save_one(
    session: Session, entry: ScheduleEntry, before: EntryDraft, after: EntryDraft, terms: Terms, *, now: datetime
) -> list[str]:
    before, after = replace(before, pattern=Pattern.ONE_OFF), replace(after, pattern=Pattern.ONE_OFF)
    edit = _edit(before, after, entry.id, terms)
    (planned,) = edit.plan.sessions
    if _times(planned) != _times(edit.planned_before[before.first_day]):
        entry.starts_at, entry.ends_at, entry.blocked_until = _times(planned)
    _set_people_and_rooms(session, entry.organization_id, [(entry, planned)], edit, now=now)
    apply_changes(session, entry.organization_id, [entry], edit.fields, now=now)
    return [entry.id]


def _begin_series(
    session: Session,
    recorder: ChangeRecorder | None,
    entry: ScheduleEntry,
    before: EntryDraft,
    after: EntryDraft,
    terms: Terms,
    *,
    new_id: str,
    now: datetime,
) -> list[str]:
    """Turn a one-off into the first session of a series."""
    plan = checked_plan(after, new_id, terms)
    first, *rest = plan.sessions
    organization_id = entry.organization_id
    session.add(Series(organization_id=organization_id, id=new_id, **series_fields(after, plan)))
    session.flush()
    entry.series_id, entry.series_day = new_id, first.day
    entry.starts_at, entry.ends_at, entry.blocked_until = _times(first)
    edit = _edit(before, after, new_id, terms)
    _set_people_and_rooms(session, organization_id, [(entry, first)], edit, now=now)
    apply_changes(session, organization_id, [entry], edit.fields, now=now)
    session.flush()
    rates = rates_of(session, organization_id, after.service_id, after.location_id, after.tutor_id)
    insert_sessions(session, recorder, organization_id, after, rest, new_id, rates)
    return [entry.id, *(planned.entry_id for planned in rest)]


def _reshape(
    session: Session,
    recorder: ChangeRecorder | None,
    series: Series,
    everything: Sequence[ScheduleEntry],
    edit: _Edit,
    locations: Collection[str] | None,
    *,
    now: datetime,
) -> list[str]:
    """Bring the entries of a series, ``everything``, to the plan of the edit."""
    organization_id = series.organization_id
    open_entries: dict[date, ScheduleEntry] = {}
    archived: dict[date, ScheduleEntry] = {}
    taken: set[date] = set()
    for entry in everything:
        if entry.series_day is None:
            continue
        if entry.archived_at is not None:
            if _is_here(entry, locations):
                archived[entry.series_day] = entry
        elif entry.status in CHANGEABLE and _is_here(entry, locations):
            open_entries[entry.series_day] = entry
        else:
            taken.add(entry.series_day)
    # What took place, or is to take place elsewhere, keeps its day to itself, unless the series has since been moved
    # onto it.
    taken -= open_entries.keys()
    wanted = {planned.day: planned for planned in edit.plan.sessions if planned.day not in taken}
    matched = _matched(wanted, open_entries)
    kept = {entry.id for entry, _ in matched}
    for day, entry in open_entries.items():
        if entry.id not in kept and day in edit.planned_before:
            entry.archived_at = now
    used = {planned.day for _, planned in matched}
    missing = {day: planned for day, planned in wanted.items() if day not in used}
    revived = [(archived[day], planned) for day, planned in missing.items() if day in archived]
    edited_days = _edited_days(edit)
    for entry, planned in matched:
        _retime(entry, planned, edit, edited_days)
        entry.series_day = planned.day
    _set_people_and_rooms(session, organization_id, matched, edit, now=now)
    entries = [entry for entry, _ in matched]
    apply_changes(session, organization_id, entries, edit.fields, now=now, kept=edit.own)
    _revive(session, organization_id, revived, edit.after, now=now)
    session.flush()
    new = _with_free_ids(session, organization_id, [missing[day] for day in missing if day not in archived])
    after = edit.after
    rates = rates_of(session, organization_id, after.service_id, after.location_id, after.tutor_id)
    insert_sessions(session, recorder, organization_id, after, new, series.id, rates)
    return [*(entry.id for entry, _ in (*matched, *revived)), *(planned.entry_id for planned in new)]


def _revive(
    session: Session,
    organization_id: str,
    revived: Sequence[tuple[ScheduleEntry, PlannedSession]],
    draft: EntryDraft,
    *,
    now: datetime,
) -> None:
    """Let archived sessions stand for newly planned ones: whatever they once were, they become as planned."""
    if not revived:
        return
    rates = rates_of(session, organization_id, draft.service_id, draft.location_id, draft.tutor_id)
    ids = [entry.id for entry, _ in revived]
    set_links(session, organization_id, Attendee, dict.fromkeys(ids, draft.student_ids), now=now)
    rooms = {entry.id: planned.room_ids for entry, planned in revived}
    set_links(session, organization_id, EntryRoom, rooms, now=now)
    for entry, planned in revived:
        entry.archived_at = None
        entry.status = EntryStatus.SCHEDULED
        entry.cancelled_by_user_id = entry.cancelled_at = entry.rescheduled_to_id = None
        entry.cancel_reason, entry.people_to_tell = "", []
        entry.hourly_price_cents, entry.hourly_pay_cents = rates.price_cents, rates.pay_cents
        entry.starts_at, entry.ends_at, entry.blocked_until = _times(planned)
        for name in _PLAIN_FIELDS:
            if name != "has_buffer":
                setattr(entry, name, getattr(draft, name))


def _with_free_ids(
    session: Session, organization_id: str, sessions: Sequence[PlannedSession]
) -> list[PlannedSession]:
    """Sessions under ids that no entry has yet: one that moved with its series, or to the series split off from it,
    keeps the id of its first day, and a new session on that day takes another, the same on every PC."""
    free: list[PlannedSession] = []
    asked = list(sessions)
    while asked:
        ids = [planned.entry_id for planned in asked]
        known = set(
            session.scalars(
                select(ScheduleEntry.id).where(
                    ScheduleEntry.organization_id == organization_id, ScheduleEntry.id.in_(ids)
                )
            )
        )
        free += [planned for planned in asked if planned.entry_id not in known]
        asked = [
            replace(planned, entry_id=derived_id(planned.entry_id, "again"))
            for planned in asked
            if planned.entry_id in known
        ]
    return sorted(free, key=lambda planned: planned.day)


def _alike(before: EntryDraft, after: EntryDraft) -> EntryDraft:
    """The draft without what single days had of their own in the fields that the edit is of."""
    fields = fields_changed(before, after)
    changes = {}
    for day, change in after.changes.items():
        if before.changes.get(day) == change:
            if "starts_at" in fields:
                change = replace(change, day=None, start=None)
            if "room_ids" in fields:
                change = replace(change, room_ids=None)
        if change != SessionChange():
            changes[day] = change
    return replace(after, changes=changes)


def _edited_days(edit: _Edit) -> frozenset[date]:
    """The days about which the person has just entered something of their own."""
    before, after = edit.before.changes, edit.after.changes
    return frozenset(day for day in before.keys() | after.keys() if before.get(day) != after.get(day))


def _matched(
    wanted: dict[date, PlannedSession], entries: dict[date, ScheduleEntry]
) -> list[tuple[ScheduleEntry, PlannedSession]]:
    """Which entry becomes which planned session: the one of the same day, or else one of the same week."""
    return [(entries[held], wanted[day]) for held, day in matched_days(wanted, entries).items()]


def _is_open(entry: ScheduleEntry) -> bool:
    return entry.archived_at is None and entry.status in CHANGEABLE


def _is_here(entry: ScheduleEntry, locations: Collection[str] | None) -> bool:
    return locations is None or entry.location_id in locations


def _retime(entry: ScheduleEntry, planned: PlannedSession, edit: _Edit, edited_days: frozenset[date]) -> None:
    """Give an entry its planned times, unless that session's were left as they were or are its own to keep."""
    before = edit.planned_before.get(planned.day)
    if edit.makes_alike:
        fields = fields_changed(edit.before, edit.after)
        takes_start = "starts_at" in fields or before is None or before.starts_at != planned.starts_at
        takes_length = "duration_minutes" in fields
    else:
        own = edit.own.get(entry.id, frozenset())
        is_same_day = entry.series_day == planned.day and before is not None
        takes_start = not (is_same_day and before is not None and before.starts_at == planned.starts_at)
        takes_length = not (is_same_day and before is not None and _length(before) == _length(planned))
        if entry.series_day not in edited_days and planned.day not in edited_days:
            takes_start = takes_start and "starts_at" not in own
        takes_length = takes_length and "duration_minutes" not in own
    length, buffer = _length(planned) if takes_length else _length(entry), entry.blocked_until - entry.ends_at
    entry.starts_at = planned.starts_at if takes_start else entry.starts_at
    entry.ends_at = entry.starts_at + length
    entry.blocked_until = entry.ends_at + buffer


def _set_people_and_rooms(
    session: Session,
    organization_id: str,
    matched: Sequence[tuple[ScheduleEntry, PlannedSession]],
    edit: _Edit,
    *,
    now: datetime,
) -> None:
    """Add and take away the students and rooms that the person added or took away, session by session; or give all
    the same when they are to be alike."""
    ids = [entry.id for entry, _ in matched]
    students, rooms = _links(session, organization_id, ids)
    before, after = edit.before, edit.after
    if set(before.student_ids) != set(after.student_ids):
        wanted = {
            entry_id: list(after.student_ids)
            if edit.makes_alike
            else _adjusted(students[entry_id], before.student_ids, after.student_ids)
            for entry_id in ids
        }
        set_links(session, organization_id, Attendee, wanted, now=now)
    edited_days = _edited_days(edit)
    changes_rooms = set(before.room_ids) != set(after.room_ids)
    new_rooms: dict[str, Sequence[str]] = {}
    for entry, planned in matched:
        was = edit.planned_before.get(planned.day)
        is_edited = planned.day in edited_days or entry.series_day in edited_days
        if edit.makes_alike and changes_rooms:
            new_rooms[entry.id] = planned.room_ids
        elif "room_ids" in edit.own.get(entry.id, ()) and not is_edited:
            continue
        elif was is None or set(was.room_ids) != set(planned.room_ids):
            room_ids_before = before.room_ids if was is None else was.room_ids
            new_rooms[entry.id] = _adjusted(rooms[entry.id], room_ids_before, planned.room_ids)
    if new_rooms:
        set_links(session, organization_id, EntryRoom, new_rooms, now=now)


def _adjusted(held: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[str]:
    kept = [thing for thing in held if thing in after or thing not in before]
    return [*kept, *(thing for thing in after if thing not in kept and thing not in set(before) - set(held))]


def _edit(before: EntryDraft, after: EntryDraft, owner_id: str, terms: Terms) -> _Edit:
    return _Edit(before, after, _days(before, owner_id, terms), checked_plan(after, owner_id, terms))


def _days(draft: EntryDraft, owner_id: str, terms: Terms) -> dict[date, PlannedSession]:
    """The sessions of a draft by the day that the pattern gives them."""
    return {planned.day: planned for planned in _plan(draft, owner_id, terms).sessions}


def _plan(draft: EntryDraft, owner_id: str, terms: Terms) -> Plan:
    return plan_of(
        draft, owner_id, time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures
    )


def _all_of(session: Session, series: Series) -> Sequence[ScheduleEntry]:
    return session.scalars(
        select(ScheduleEntry)
        .where(
            ScheduleEntry.organization_id == series.organization_id,
            ScheduleEntry.series_id == series.id,
        )
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    ).all()


def _links(
    session: Session, organization_id: str, entry_ids: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Students and rooms of entries, by entry id."""
    students: dict[str, list[str]] = {entry_id: [] for entry_id in entry_ids}
    rooms: dict[str, list[str]] = {entry_id: [] for entry_id in entry_ids}
    for attendee in links_of(session, organization_id, Attendee, entry_ids):
        students[attendee.entry_id].append(attendee.student_id)
    for room in links_of(session, organization_id, EntryRoom, entry_ids):
        rooms[room.entry_id].append(room.room_id)
    return (
        {entry_id: tuple(sorted(ids)) for entry_id, ids in students.items()},
        {entry_id: tuple(sorted(ids)) for entry_id, ids in rooms.items()},
    )


def _times(session: ScheduleEntry | PlannedSession) -> tuple[datetime, datetime, datetime]:
    return session.starts_at, session.ends_at, session.blocked_until


def _length(session: ScheduleEntry | PlannedSession) -> timedelta:
    return session.ends_at - session.starts_at


def _minutes(entry: ScheduleEntry) -> int:
    return int((entry.ends_at - entry.starts_at).total_seconds()) // 60
