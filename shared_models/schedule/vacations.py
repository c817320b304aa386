"""A tutor, a student or several of a family are away for some days: what becomes of each session, shown first and
then done (product §4).

A plan proposes for every session in the range and holds all that is possible for it, so that the person can choose
otherwise, session by session, before anything is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import derived_id
from shared_models.people.models import Tutor, TutorTimeOff
from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import bookings_of_entries, conflicts_of_entries, load_bookings
from shared_models.schedule.conflicts import Booking, Conflict
from shared_models.schedule.differences import CHANGEABLE
from shared_models.schedule.explained import EntryWords, entry_words
from shared_models.schedule.flags import EntryFlag, TutorRules, flags_of
from shared_models.schedule.models import Attendance, Attendee, EntryRoom, ScheduleEntry, ToTell
from shared_models.schedule.nearest_slots import Occupancy, nearest_free_slots
from shared_models.schedule.operations import links_of, set_attendance, set_links
from shared_models.schedule.series_operations import apply_changes, cancel_entry, place
from shared_models.schedule.series_rules import time_zone_of
from shared_models.schedule.terms import Terms, facts_of, terms_of, tutor_rules
from shared_models.schedule.times import instant_of, zone_of

_DAY = timedelta(days=1)
_SEARCHED_DAYS = 28
"""How far beyond the absence another time is looked for."""

_TUTOR_FLAGS = frozenset(
    {
        EntryFlag.TUTOR_UNAVAILABLE, EntryFlag.TUTOR_TIME_OFF, EntryFlag.TUTOR_NOT_AT_LOCATION,
        EntryFlag.TUTOR_NOT_TEACHING_SUBJECT,
    }
)  # fmt: skip


class VacationChoice(StrEnum):
    """What becomes of one session. EXCUSE: a group meets without the student, who is noted as excused."""

    CANCEL = "cancel"
    MOVE = "move"
    REASSIGN = "reassign"
    EXCUSE = "excuse"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Absence:
    """Who is away, a tutor or students (of one family, as a rule), and on which days, both included."""

    first_day: date
    last_day: date
    tutor_id: str | None = None
    student_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.tutor_id is None) != bool(self.student_ids):
            raise ValueError("either a tutor or students are away")
        if self.last_day < self.first_day:
            raise ValueError("the last day lies before the first")


@dataclass(frozen=True, slots=True)
class VacationStep:
    """What is to become of one session, and what else could.

    ``starts_at`` is when it begins now; ``move_to`` (UTC, with its room) the nearest free time outside the absence;
    ``substitutes`` the ids of the tutors who are free and teach the subject, first choice first; ``tutor_id`` the
    one who is chosen.
    """

    entry_id: str
    words: EntryWords
    starts_at: datetime
    choice: VacationChoice
    options: tuple[VacationChoice, ...]
    move_to: datetime | None = None
    room_ids: tuple[str, ...] = ()
    substitutes: tuple[str, ...] = ()
    tutor_id: str | None = None


@dataclass(frozen=True, slots=True)
class VacationPlan:
    """What would happen to every session in the range, in order of time."""

    absence: Absence
    steps: tuple[VacationStep, ...]

    def choosing(self, entry_id: str, choice: VacationChoice, tutor_id: str | None = None) -> VacationPlan:
        """The plan with another choice for one session. Raises ValueError for what is not among its options."""
        steps = []
        for step in self.steps:
            if step.entry_id == entry_id:
                wanted = tutor_id or (step.substitutes[0] if step.substitutes else None)
                if choice not in step.options or (tutor_id is not None and tutor_id not in step.substitutes):
                    raise ValueError(f"{choice} is not possible for this session")
                step = replace(step, choice=choice, tutor_id=wanted if choice is VacationChoice.REASSIGN else None)
            steps.append(step)
        return replace(self, steps=tuple(steps))

    def of(self, choice: VacationChoice) -> tuple[VacationStep, ...]:
        """The sessions that a choice was made for."""
        return tuple(step for step in self.steps if step.choice is choice)


@dataclass(frozen=True, slots=True)
class AppliedVacation:
    """The ids of what was done; ``overtaken`` are sessions that somebody changed since the plan was made, which
    were left alone. ``conflicts`` are those of the moved and reassigned ones."""

    cancelled: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    reassigned: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    overtaken: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def plan_vacation(
    session: Session, organization_id: str, absence: Absence, choice: VacationChoice, *, now: datetime
) -> VacationPlan:
    """What ``choice`` would mean for all sessions in the range that are still to be held.

    Where it is not possible (no time, no tutor is free) the session is left, to be seen to by hand. A group in which
    others remain goes on without those who are away: they are excused. No two sessions of a plan get the same time,
    room or substitute.
    """
    entries = _entries(session, organization_id, absence)
    planner = _Planner(session, organization_id, absence, entries, now)
    words = entry_words(session, organization_id, [entry.id for entry in entries])
    return VacationPlan(absence, tuple(planner.step(entry, words[entry.id], choice) for entry in entries))


def apply_vacation(
    session: Session,
    organization_id: str,
    plan: VacationPlan,
    *,
    by_user_id: str | None,
    now: datetime,
    reason: str,
    tell: Collection[ToTell] = (),
) -> AppliedVacation:
    """Do what a plan says, and note a tutor's time off so that nobody books them in those days."""
    done: dict[VacationChoice, list[str]] = {choice: [] for choice in VacationChoice}
    overtaken: list[str] = []
    told = sorted({one.value for one in tell})
    for step in plan.steps:
        entry = session.get(ScheduleEntry, (organization_id, step.entry_id))
        if not _is_as_planned(session, entry, step, plan.absence):
            overtaken.append(step.entry_id)
            continue
        assert entry is not None
        if step.choice is VacationChoice.CANCEL:
            cancel_entry(session, organization_id, entry.id, reason=reason, by_user_id=by_user_id, now=now, tell=tell)
        elif step.choice is VacationChoice.MOVE and step.move_to is not None:
            place(entry, step.move_to)
            set_links(session, organization_id, EntryRoom, {entry.id: step.room_ids}, now=now)
            entry.people_to_tell = told
        elif step.choice is VacationChoice.REASSIGN and step.tutor_id is not None:
            apply_changes(session, organization_id, [entry], {"tutor_id": step.tutor_id}, now=now)
            entry.people_to_tell = told
        elif step.choice is VacationChoice.EXCUSE:
            for student_id in _attending(session, entry, plan.absence.student_ids):
                set_attendance(session, organization_id, entry.id, student_id, Attendance.EXCUSED, now=now)
        done[step.choice].append(step.entry_id)
    _note_time_off(session, organization_id, plan.absence, reason)
    session.flush()
    placed = [*done[VacationChoice.MOVE], *done[VacationChoice.REASSIGN]]
    conflicts = open_conflicts(session, organization_id, conflicts_of_entries(session, organization_id, placed))
    return AppliedVacation(
        cancelled=tuple(done[VacationChoice.CANCEL]),
        moved=tuple(done[VacationChoice.MOVE]),
        reassigned=tuple(done[VacationChoice.REASSIGN]),
        excused=tuple(done[VacationChoice.EXCUSE]),
        overtaken=tuple(overtaken),
        conflicts=tuple(conflicts),
    )


class _Planner:
    """Makes the steps of one plan, each knowing what the earlier ones have taken."""

    def __init__(
        self,
        session: Session,
        organization_id: str,
        absence: Absence,
        entries: Sequence[ScheduleEntry],
        now: datetime,
    ) -> None:
        self._session, self._organization_id = session, organization_id
        self._absence, self._now = absence, now
        self._own = {one.entry_id: one for one in bookings_of_entries(session, organization_id, _ids(entries))}
        self._zone = zone_of(time_zone_of(session, organization_id))
        first = instant_of(absence.first_day, time(0), self._zone)
        last = instant_of(absence.last_day + _DAY, time(0), self._zone)
        away = Booking(
            "away", int(first.timestamp()), int(last.timestamp()), int(last.timestamp()), absence.tutor_id,
            student_ids=absence.student_ids,
        )  # fmt: skip
        reach = timedelta(days=_SEARCHED_DAYS + (absence.last_day - absence.first_day).days + 2)
        self._within_days = (absence.last_day - absence.first_day).days + _SEARCHED_DAYS
        near = load_bookings(session, organization_id, first - reach, last + reach)
        self._bookings = {booking.entry_id: booking for booking in near} | {away.entry_id: away}
        self._tutors = tutor_rules(session, organization_id)
        self._by_priority = _tutors_by_priority(session, organization_id)
        self._terms: dict[str, Terms] = {}
        attendees = links_of(session, organization_id, Attendee, _ids(entries))
        away_ids = frozenset(absence.student_ids)
        self._remaining = Counter(one.entry_id for one in attendees if one.student_id not in away_ids)

    def step(self, entry: ScheduleEntry, words: EntryWords, choice: VacationChoice) -> VacationStep:
        """What becomes of one session under the wanted choice."""
        starts_at = entry.starts_at
        if self._is_group_without(entry):
            wanted = VacationChoice.LEAVE if choice is VacationChoice.LEAVE else VacationChoice.EXCUSE
            return VacationStep(entry.id, words, starts_at, wanted, (VacationChoice.EXCUSE, VacationChoice.LEAVE))
        booking = self._own.get(entry.id) or _bare(entry)
        # A session does not stand in its own way: neither for another time nor for another tutor at its own.
        occupancy = Occupancy(self._bookings.values(), without=[entry.id])
        move_to, room_ids = self._nearest(entry, booking, occupancy)
        substitutes = self._substitutes(entry, booking, occupancy)
        options = [VacationChoice.CANCEL]
        if move_to is not None:
            options.append(VacationChoice.MOVE)
        if substitutes:
            options.append(VacationChoice.REASSIGN)
        options.append(VacationChoice.LEAVE)
        chosen = choice if choice in options else VacationChoice.LEAVE
        step = VacationStep(
            entry.id, words, starts_at, chosen, tuple(options), move_to, room_ids, substitutes,
            substitutes[0] if chosen is VacationChoice.REASSIGN else None,
        )  # fmt: skip
        self._take(step, booking)
        return step

    def _take(self, step: VacationStep, booking: Booking) -> None:
        if step.choice is VacationChoice.CANCEL:
            self._bookings.pop(step.entry_id, None)
        elif step.choice is VacationChoice.MOVE and step.move_to is not None:
            shift = int(step.move_to.timestamp()) - booking.starts
            self._bookings[step.entry_id] = booking._replace(
                starts=booking.starts + shift,
                ends=booking.ends + shift,
                blocked_until=booking.blocked_until + shift,
                room_ids=step.room_ids,
            )
        elif step.choice is VacationChoice.REASSIGN:
            self._bookings[step.entry_id] = booking._replace(tutor_id=step.tutor_id)

    def _is_group_without(self, entry: ScheduleEntry) -> bool:
        return bool(self._absence.student_ids) and self._remaining[entry.id] > 0

    def _nearest(
        self, entry: ScheduleEntry, booking: Booking, occupancy: Occupancy
    ) -> tuple[datetime | None, tuple[str, ...]]:
        terms = self._terms_of(entry.location_id)
        tutor = self._tutors.get(entry.tutor_id) if entry.tutor_id is not None else None
        slots = nearest_free_slots(
            booking, occupancy, terms, tutor, limit=1, within_days=self._within_days, not_before=self._now
        )
        if not slots:
            return None, ()
        room_id = slots[0].room_id
        return datetime.fromtimestamp(slots[0].starts, UTC), () if room_id is None else (room_id,)

    def _substitutes(self, entry: ScheduleEntry, booking: Booking, occupancy: Occupancy) -> tuple[str, ...]:
        if self._absence.tutor_id is None:
            return ()
        facts = facts_of(
            entry.location_id, entry.starts_at, entry.ends_at, self._zone,
            subject_id=entry.subject_id, topic_id=entry.topic_id,
        )  # fmt: skip
        return tuple(
            tutor_id
            for tutor_id in self._by_priority
            if tutor_id != self._absence.tutor_id
            and not flags_of(facts, None, self._tutors.get(tutor_id, TutorRules())) & _TUTOR_FLAGS
            and occupancy.is_free(tutor_id, booking.starts, booking.blocked_until)
        )

    def _terms_of(self, location_id: str) -> Terms:
        if location_id not in self._terms:
            self._terms[location_id] = terms_of(self._session, self._organization_id, location_id)
        return self._terms[location_id]


def _entries(session: Session, organization_id: str, absence: Absence) -> list[ScheduleEntry]:
    zone = zone_of(time_zone_of(session, organization_id))
    statement = (
        select(ScheduleEntry)
        .where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.archived_at.is_(None),
            ScheduleEntry.status.in_(CHANGEABLE),
            ScheduleEntry.starts_at >= instant_of(absence.first_day, time(0), zone),
            ScheduleEntry.starts_at < instant_of(absence.last_day + _DAY, time(0), zone),
        )
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    )
    if absence.tutor_id is not None:
        statement = statement.where(ScheduleEntry.tutor_id == absence.tutor_id)
    else:
        attending = select(Attendee.entry_id).where(
            Attendee.organization_id == organization_id,
            Attendee.student_id.in_(absence.student_ids),
            Attendee.archived_at.is_(None),
        )
        statement = statement.where(ScheduleEntry.id.in_(attending))
    return list(session.scalars(statement))


def _is_as_planned(session: Session, entry: ScheduleEntry | None, step: VacationStep, absence: Absence) -> bool:
    """Whether the session is still the one that the person has seen in the plan."""
    if entry is None or entry.archived_at is not None or entry.status not in CHANGEABLE:
        return False
    if entry.starts_at != step.starts_at:
        return False
    if absence.tutor_id is not None:
        return entry.tutor_id == absence.tutor_id
    return bool(_attending(session, entry, absence.student_ids))


def _attending(session: Session, entry: ScheduleEntry, student_ids: Collection[str]) -> list[str]:
    """Those of the students who attend the session."""
    found = {
        student_id: session.get(Attendee, (entry.organization_id, derived_id(entry.id, student_id)))
        for student_id in student_ids
    }
    return [key for key, attendee in found.items() if attendee is not None and attendee.archived_at is None]


def _tutors_by_priority(session: Session, organization_id: str) -> list[str]:
    return list(
        session.scalars(
            select(Tutor.id)
            .join(User, and_(User.organization_id == Tutor.organization_id, User.id == Tutor.user_id))
            .where(Tutor.organization_id == organization_id, Tutor.archived_at.is_(None), Tutor.is_active.is_(True))
            .order_by(Tutor.priority, User.last_name, User.first_name, Tutor.id)
        )
    )


def _note_time_off(session: Session, organization_id: str, absence: Absence, reason: str) -> None:
    if absence.tutor_id is None:
        return
    known = session.scalars(
        select(TutorTimeOff).where(
            TutorTimeOff.organization_id == organization_id,
            TutorTimeOff.tutor_id == absence.tutor_id,
            TutorTimeOff.first_day <= absence.first_day,
            TutorTimeOff.last_day >= absence.last_day,
        )
    ).all()
    if any(row.archived_at is None for row in known):
        return
    row_id = derived_id(absence.tutor_id, "away", absence.first_day.isoformat(), absence.last_day.isoformat())
    row = session.get(TutorTimeOff, (organization_id, row_id))
    if row is not None:
        row.archived_at, row.reason = None, reason
        return
    session.add(
        TutorTimeOff(
            organization_id=organization_id, id=row_id, tutor_id=absence.tutor_id,
            first_day=absence.first_day, last_day=absence.last_day, reason=reason,
        )
    )  # fmt: skip


def _ids(entries: Sequence[ScheduleEntry]) -> list[str]:
    return [entry.id for entry in entries]


def _bare(entry: ScheduleEntry) -> Booking:
    """What an entry holds when nothing but its times is known."""
    starts, ends, until = (int(at.timestamp()) for at in (entry.starts_at, entry.ends_at, entry.blocked_until))
    return Booking(entry.id, starts, ends, until)
