"""What comes of a draft: its sessions, price, conflicts in groups and softer flags, found while the person types;
and the ways out of each conflict."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from desktop.schedule.entry_form_choices import EntryChoices
from desktop.store.store import Store
from shared_models.schedule.biweekly_places import halves_for_draft
from shared_models.schedule.bookings import conflicts_of_draft, load_bookings
from shared_models.schedule.conflicts import Conflict, ConflictTag
from shared_models.schedule.drafts import EntryDraft, Plan, plan_of
from shared_models.schedule.explained import EntryWords, clock, explain, names_of
from shared_models.schedule.flags import EntryFlag, TutorRules
from shared_models.schedule.nearest_slots import Occupancy
from shared_models.schedule.settlements import WEEKDAYS, ConflictGroup, Settlement, group_conflicts, settlements
from shared_models.schedule.terms import flags_of_plan
from shared_models.schedule.times import wall_clock_of

NEW = "new"
"""The id under which an unsaved draft is planned."""

SCHEDULE_TABLES = frozenset({"schedule_entry", "attendee", "entry_room", "tutor", "room", "student"})
_MARGIN = timedelta(days=9)
_MOST_HALVES = 3


@dataclass(frozen=True, slots=True)
class FlagGroup:
    """One softer mark and the days that carry it."""

    flag: EntryFlag
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes of a draft. ``problem`` says why there is no plan; ``marks`` is the worst tag of each session."""

    draft: EntryDraft
    plan: Plan
    problem: str = ""
    hourly_price_cents: int = 0
    conflicts: tuple[Conflict, ...] = ()
    groups: tuple[ConflictGroup, ...] = ()
    marks: Mapping[str, ConflictTag] | None = None
    flags: tuple[FlagGroup, ...] = ()

    @property
    def price_cents(self) -> int:
        """What all sessions cost together."""
        return self.plan.price_cents(self.hourly_price_cents)

    @property
    def conflict_count(self) -> int:
        """How many sessions are in conflict."""
        return len(self.marks or {})


def look_at(
    session: Session,
    organization_id: str,
    draft: EntryDraft,
    choices: EntryChoices,
    without: AbstractSet[str] = frozenset(),
) -> Outlook:
    """Plan a draft and find its conflicts and flags: a few milliseconds for a school year (product §4).

    ``without`` names the entries that the draft replaces.
    """
    terms = choices.terms.get(draft.location_id)
    if terms is None:
        return Outlook(draft, Plan(()), "Choose a location.")
    try:
        plan = plan_of(
            draft, NEW, time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes, closures=terms.closures
        )
    except ValueError as error:
        return Outlook(draft, Plan(()), f"This cannot be scheduled: {error}.")
    service = choices.service(draft.location_id, draft.service_id)
    price = service.hourly_price_cents if service is not None else 0
    if not plan.sessions:
        return Outlook(draft, plan, "No session is left on these days. Choose other days or a later end.", price)
    conflicts = conflicts_of_draft(session, organization_id, plan, draft, without=without)
    title = choices.topic_words(draft.subject_id or "", draft.topic_id or "")
    unsaved = {
        planned.entry_id: EntryWords(
            planned.entry_id,
            title,
            wall_clock_of(planned.starts_at, terms.zone),
            wall_clock_of(planned.ends_at, terms.zone),
            wall_clock_of(planned.blocked_until, terms.zone),
        )
        for planned in plan.sessions
    }
    explained = explain(session, organization_id, conflicts, unsaved)
    tutor = choices.tutors.get(draft.tutor_id or "")
    flags = flags_of_plan(plan, draft, terms, tutor.rules if tutor is not None else None)
    return Outlook(
        draft,
        plan,
        hourly_price_cents=price,
        conflicts=tuple(conflicts),
        groups=tuple(group_conflicts(explained, plan)),
        marks=_marks(conflicts, unsaved.keys()),
        flags=_flag_groups(plan, flags),
    )


def halves_in_words(store: Store, outlook: Outlook, without: AbstractSet[str], today: date) -> tuple[str, ...]:
    """Who could have the empty weeks of a place used every other week: "Noah Lee, Tuesdays 4:00". Reads the bookings
    of the whole series, so it is meant to work off the UI thread (product §4, "the matching half")."""
    draft, plan = outlook.draft, outlook.plan
    with store.read() as session:
        found = halves_for_draft(session, store.organization_id, draft, plan, today, without)[:_MOST_HALVES]
        named = names_of(session, store.organization_id, {who for one in found for who in one.student_ids})
    return tuple(
        f"{' and '.join(named.get(who, '') for who in one.student_ids) or 'A series without students'}, "
        f"{WEEKDAYS[one.first_day.weekday()]}s {clock(datetime.combine(one.first_day, one.start))}"
        for one in found
    )


class WayFinder:
    """Looks for the ways out of conflicts; meant to work off the UI thread, one question after another.

    What is taken when is read once and kept until `forget`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._version = 0
        self._kept: tuple[int, datetime, datetime, AbstractSet[str], Occupancy] | None = None

    def forget(self) -> None:
        """The schedule has changed: read it again before the next answer."""
        with self._lock:
            self._version += 1
            self._kept = None

    def ways_out(
        self, outlook: Outlook, choices: EntryChoices, without: AbstractSet[str], not_before: datetime
    ) -> list[list[Settlement]]:
        """The ways out of each group of the outlook, none of them in the past."""
        draft, plan = outlook.draft, outlook.plan
        tutor = choices.tutors.get(draft.tutor_id or "")
        rules: TutorRules | None = tutor.rules if tutor is not None else None
        terms = choices.terms[draft.location_id]
        names = choices.room_names()
        occupancy = self._occupancy(plan, without)
        return [
            settlements(group, plan, draft, occupancy, terms, rules, names, not_before=not_before)
            for group in outlook.groups
        ]

    def rooms_taken(self, outlook: Outlook, choices: EntryChoices, without: AbstractSet[str]) -> dict[str, int]:
        """In how many of the planned sessions each room of the location is taken by somebody else."""
        sessions = [
            (int(planned.starts_at.timestamp()), int(planned.blocked_until.timestamp()))
            for planned in outlook.plan.sessions
        ]
        occupancy = self._occupancy(outlook.plan, without)
        return {
            room_id: sum(not occupancy.is_free(room_id, starts, until) for starts, until in sessions)
            for room_id in choices.terms[outlook.draft.location_id].room_ids
        }

    def _occupancy(self, plan: Plan, without: AbstractSet[str]) -> Occupancy:
        first = min(planned.starts_at for planned in plan.sessions) - _MARGIN
        last = max(planned.blocked_until for planned in plan.sessions) + _MARGIN
        with self._lock:
            version, kept = self._version, self._kept
        if kept is not None and kept[0] == version and kept[1] <= first and last <= kept[2] and kept[3] == without:
            return kept[4]
        with self._store.read() as session:
            bookings = load_bookings(session, self._store.organization_id, first, last)
        occupancy = Occupancy(bookings, without)
        with self._lock:
            self._kept = (version, first, last, without, occupancy)
        return occupancy


def _marks(conflicts: Sequence[Conflict], own: AbstractSet[str]) -> dict[str, ConflictTag]:
    marks: dict[str, ConflictTag] = {}
    for conflict in conflicts:
        for entry_id in (conflict.first_id, conflict.second_id):
            if entry_id in own and marks.get(entry_id) is not ConflictTag.OVERLAP:
                marks[entry_id] = conflict.tag
    return marks


def _flag_groups(plan: Plan, flags: Mapping[str, frozenset[EntryFlag]]) -> tuple[FlagGroup, ...]:
    days: dict[EntryFlag, list[date]] = {}
    for planned in plan.sessions:
        for flag in sorted(flags.get(planned.entry_id, ())):
            days.setdefault(flag, []).append(planned.day)
    return tuple(FlagGroup(flag, tuple(days[flag])) for flag in EntryFlag if flag in days)
