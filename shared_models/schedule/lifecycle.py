"""The life of a schedule entry (product §4, "Lifecycle"): which steps there are, from where each is allowed, and what
the clock and the attendance suggest. Nothing here happens by itself: a person takes the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared_models.schedule.errors import NotAllowedNow
from shared_models.schedule.models import Attendance, EntryStatus

NO_SHOW_AFTER = timedelta(minutes=15)
"""How long after its start an entry that has not begun is proposed as a no-show (product §4)."""


class Step(StrEnum):
    """What can be done with an entry in its life."""

    AWAIT_PAYMENT = "await_payment"
    CONFIRM = "confirm"
    BEGIN = "begin"
    COMPLETE = "complete"
    MISS = "miss"
    CANCEL = "cancel"
    REOPEN = "reopen"
    BRING_BACK = "bring_back"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which statuses a step leads to which; ``needs_start`` when it makes no sense before the session begins."""

    sources: frozenset[EntryStatus]
    target: EntryStatus
    needs_start: bool = False


_BOOKED = frozenset({EntryStatus.PENDING_PAYMENT, EntryStatus.SCHEDULED})
_UNDER_WAY = _BOOKED | {EntryStatus.IN_PROGRESS}

TRANSITIONS: Mapping[Step, Transition] = {
    Step.AWAIT_PAYMENT: Transition(frozenset({EntryStatus.SCHEDULED}), EntryStatus.PENDING_PAYMENT),
    Step.CONFIRM: Transition(frozenset({EntryStatus.PENDING_PAYMENT}), EntryStatus.SCHEDULED),
    # A family that is at the door is taught, early or unpaid: nothing blocks the desk.
    Step.BEGIN: Transition(_BOOKED, EntryStatus.IN_PROGRESS),
    Step.COMPLETE: Transition(_UNDER_WAY | {EntryStatus.NO_SHOW}, EntryStatus.COMPLETED, needs_start=True),
    Step.MISS: Transition(_UNDER_WAY | {EntryStatus.COMPLETED}, EntryStatus.NO_SHOW, needs_start=True),
    Step.CANCEL: Transition(_UNDER_WAY, EntryStatus.CANCELLED),
    Step.REOPEN: Transition(
        frozenset({EntryStatus.IN_PROGRESS, EntryStatus.COMPLETED, EntryStatus.NO_SHOW}), EntryStatus.SCHEDULED
    ),
    Step.BRING_BACK: Transition(frozenset({EntryStatus.CANCELLED}), EntryStatus.SCHEDULED),
}

_ALREADY: Mapping[EntryStatus, str] = {
    EntryStatus.PENDING_PAYMENT: "This session already waits for payment.",
    EntryStatus.SCHEDULED: "This session is already scheduled.",
    EntryStatus.IN_PROGRESS: "This session has already begun.",
    EntryStatus.COMPLETED: "This session has already taken place.",
    EntryStatus.CANCELLED: "This session is already cancelled.",
    EntryStatus.NO_SHOW: "This session is already noted as a no-show.",
}
_FIRST: Mapping[EntryStatus, str] = {
    EntryStatus.PENDING_PAYMENT: "This session waits for payment. Note the payment first.",
    EntryStatus.SCHEDULED: "This session is scheduled and was not cancelled. There is nothing to bring back.",
    EntryStatus.IN_PROGRESS: "This session has begun. Note that it took place, or set it back to scheduled first.",
    EntryStatus.COMPLETED: "This session took place. If that is wrong, set it back to scheduled first.",
    EntryStatus.CANCELLED: "This session was cancelled. Bring it back first.",
    EntryStatus.NO_SHOW: "This session is a no-show. If that is wrong, set it back to scheduled first.",
}


def steps_from(status: EntryStatus, has_begun: bool = True) -> tuple[Step, ...]:
    """What can be done with an entry now: what a menu offers. ``has_begun`` tells whether its start has come."""
    return tuple(
        step
        for step, transition in TRANSITIONS.items()
        if status in transition.sources and (has_begun or not transition.needs_start)
    )


def next_status(status: EntryStatus, step: Step, has_begun: bool = True) -> EntryStatus:
    """The status after a step.

    Raises NotAllowedNow, with the reason and what to do first, when the step is not allowed from ``status``, or
    needs the start of the session to have come (``has_begun``).
    """
    transition = TRANSITIONS[step]
    if status is transition.target:
        raise NotAllowedNow(_ALREADY[status])
    if status not in transition.sources:
        raise NotAllowedNow(_FIRST[status])
    if transition.needs_start and not has_begun:
        raise NotAllowedNow("This session has not begun yet. Wait until its start, or cancel it.")
    return transition.target


def is_allowed(status: EntryStatus, wanted: EntryStatus, has_begun: bool = True) -> bool:
    """Whether one step leads from a status to another; staying as it is is always allowed."""
    return status is wanted or any(TRANSITIONS[step].target is wanted for step in steps_from(status, has_begun))


def check_transition(status: EntryStatus, wanted: EntryStatus, has_begun: bool = True) -> None:
    """Raises NotAllowedNow, with the reason and what to do first, when no step leads from a status to another."""
    if is_allowed(status, wanted, has_begun):
        return
    if is_allowed(status, wanted):
        raise NotAllowedNow("This session has not begun yet. Wait until its start, or cancel it.")
    raise NotAllowedNow(_FIRST[status])


@dataclass(frozen=True, slots=True)
class LifeFacts:
    """What is known of an entry's life: UTC times, and in ``attendance`` one note per attendee, None where nobody has
    noted anything yet."""

    entry_id: str
    status: EntryStatus
    starts_at: datetime
    ends_at: datetime
    attendance: tuple[Attendance | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that is proposed for an entry, and why, in words for the person."""

    entry_id: str
    step: Step
    reason: str

    @property
    def status(self) -> EntryStatus:
        """What the entry would become."""
        return TRANSITIONS[self.step].target


def no_show_proposals(entries: Iterable[LifeFacts], now: datetime) -> list[Proposal]:
    """The entries that look like no-shows at ``now`` (UTC), in their order (product §4)."""
    proposals = (proposal_for(entry, now) for entry in entries)
    return [proposal for proposal in proposals if proposal is not None and proposal.step is Step.MISS]


def proposal_for(entry: LifeFacts, now: datetime) -> Proposal | None:
    """The step that clock and attendance suggest at ``now`` (UTC), or None.

    Someone is there: begin, and complete once the end has come. Everybody stayed away: a no-show, or to be cancelled
    when all were excused. Nothing is noted 15 minutes after the start of an entry that has not begun: a no-show.
    """
    if entry.status not in _UNDER_WAY or not entry.attendance:
        return None
    came = any(note in (Attendance.PRESENT, Attendance.LATE) for note in entry.attendance)
    if came or entry.status is EntryStatus.IN_PROGRESS:
        if now >= entry.ends_at and (came or None in entry.attendance):
            return Proposal(entry.entry_id, Step.COMPLETE, "It is over, and it had begun.")
        if came and entry.status is not EntryStatus.IN_PROGRESS:
            return Proposal(entry.entry_id, Step.BEGIN, "An attendee is there.")
        if came:
            return None
    if None not in entry.attendance:
        return _all_away(entry, now)
    if entry.status is EntryStatus.IN_PROGRESS or now < entry.starts_at + NO_SHOW_AFTER:
        return None
    minutes = int(NO_SHOW_AFTER.total_seconds()) // 60
    return Proposal(entry.entry_id, Step.MISS, f"It has not begun {minutes} minutes after its start.")


def _all_away(entry: LifeFacts, now: datetime) -> Proposal | None:
    """What is proposed when each attendee was noted as absent."""
    if all(note is Attendance.EXCUSED for note in entry.attendance):
        return Proposal(entry.entry_id, Step.CANCEL, "All attendees are excused.")
    if now < entry.starts_at:
        return None
    return Proposal(entry.entry_id, Step.MISS, "All attendees are absent.")
