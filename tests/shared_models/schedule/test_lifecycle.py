"""The life of an entry: the steps of product §4, those that are refused and why, and what is proposed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared_models.schedule.errors import NotAllowedNow
from shared_models.schedule.lifecycle import (
    TRANSITIONS,
    LifeFacts,
    Step,
    check_transition,
    is_allowed,
    next_status,
    no_show_proposals,
    proposal_for,
    steps_from,
)
from shared_models.schedule.models import Attendance, EntryStatus

START = datetime(2026, 11, 25, 21, tzinfo=UTC)
END = START + timedelta(hours=1)
PENDING, SCHEDULED, BEGUN, COMPLETED, CANCELLED, NO_SHOW = EntryStatus
PRESENT, LATE, ABSENT, EXCUSED = Attendance
MINUTE = timedelta(minutes=1)


def entry(*attendance: Attendance | None, status: EntryStatus = SCHEDULED, entry_id: str = "e") -> LifeFacts:
    return LifeFacts(entry_id, status, START, END, attendance)


def test_a_session_goes_from_payment_to_its_completion() -> None:
    status = PENDING
    for step in (Step.CONFIRM, Step.BEGIN, Step.COMPLETE):
        status = next_status(status, step)
    assert status is COMPLETED


@pytest.mark.parametrize(
    ("status", "step", "words"),
    [
        (CANCELLED, Step.COMPLETE, "was cancelled. Bring it back"),
        (CANCELLED, Step.CANCEL, "already cancelled"),
        (COMPLETED, Step.CANCEL, "took place. If that is wrong"),
        (COMPLETED, Step.BEGIN, "took place"),
        (NO_SHOW, Step.CANCEL, "no-show. If that is wrong"),
        (BEGUN, Step.AWAIT_PAYMENT, "has begun"),
        (SCHEDULED, Step.BRING_BACK, "already scheduled"),
        (PENDING, Step.BRING_BACK, "waits for payment"),
        (PENDING, Step.AWAIT_PAYMENT, "already waits"),
        (BEGUN, Step.BEGIN, "already begun"),
    ],
)
def test_a_step_that_is_not_allowed_is_refused_with_the_reason(status: EntryStatus, step: Step, words: str) -> None:
    with pytest.raises(NotAllowedNow, match=words):
        next_status(status, step)


@pytest.mark.parametrize("step", [Step.COMPLETE, Step.MISS])
def test_nothing_took_place_or_was_missed_before_its_start(step: Step) -> None:
    assert step not in steps_from(SCHEDULED, has_begun=False)
    with pytest.raises(NotAllowedNow, match="not begun yet"):
        next_status(SCHEDULED, step, has_begun=False)
    with pytest.raises(NotAllowedNow, match="not begun yet"):
        check_transition(SCHEDULED, TRANSITIONS[step].target, has_begun=False)


def test_steps_and_transitions_tell_the_same() -> None:
    for status in EntryStatus:
        reached = {next_status(status, step) for step in steps_from(status)}
        assert reached == {wanted for wanted in EntryStatus if is_allowed(status, wanted)} - {status}
        for wanted in set(EntryStatus) - reached - {status}:
            with pytest.raises(NotAllowedNow, match="This session"):
                check_transition(status, wanted)
        check_transition(status, status)


def test_every_status_has_a_way_back() -> None:
    for status in (BEGUN, COMPLETED, CANCELLED, NO_SHOW):
        assert is_allowed(status, SCHEDULED)


def test_an_entry_that_has_not_begun_after_a_quarter_of_an_hour_is_proposed_as_a_no_show() -> None:
    entries = [
        entry(None, entry_id="waiting"),
        entry(None, None, status=PENDING, entry_id="unpaid"),
        entry(None, PRESENT, entry_id="one came"),
        entry(None, status=BEGUN, entry_id="begun"),
        entry(None, status=COMPLETED, entry_id="completed"),
        entry(None, status=CANCELLED, entry_id="cancelled"),
        entry(entry_id="nobody is expected"),
    ]
    assert no_show_proposals(entries, START + 14 * MINUTE) == []
    proposals = no_show_proposals(entries, START + 15 * MINUTE)
    assert [proposal.entry_id for proposal in proposals] == ["waiting", "unpaid"]
    assert proposals[0].status is NO_SHOW
    assert "15 minutes" in proposals[0].reason


@pytest.mark.parametrize(
    ("facts", "minute", "step"),
    [
        (entry(PRESENT, None), 0, Step.BEGIN),
        (entry(PRESENT, LATE), -5, Step.BEGIN),
        (entry(PRESENT, LATE), 60, Step.COMPLETE),
        (entry(PRESENT, ABSENT, status=BEGUN), 59, None),
        (entry(PRESENT, ABSENT, status=BEGUN), 60, Step.COMPLETE),
        (entry(None, status=BEGUN), 20, None),
        (entry(None, status=BEGUN), 60, Step.COMPLETE),
        (entry(ABSENT, status=BEGUN), 60, Step.MISS),
        (entry(ABSENT, EXCUSED), -1, None),
        (entry(ABSENT, EXCUSED), 0, Step.MISS),
        (entry(EXCUSED, EXCUSED), -60, Step.CANCEL),
        (entry(None), 14, None),
        (entry(ABSENT, None), 15, Step.MISS),
        (entry(ABSENT, status=COMPLETED), 90, None),
    ],
)
def test_attendance_and_clock_propose_the_next_step(facts: LifeFacts, minute: int, step: Step | None) -> None:
    proposal = proposal_for(facts, START + minute * MINUTE)
    assert (proposal.step if proposal else None) is step
    if proposal is not None:
        assert next_status(facts.status, proposal.step, has_begun=minute >= 0) is proposal.status
