"""What the program proposes after a contact (product §5)."""

from __future__ import annotations

import pytest

from shared_models.leads.models import ContactOutcome, LeadStage
from shared_models.leads.stages import OPEN_STAGES, STAGE_ORDER, stage_after_contact, stage_after_conversion

S, Outcome = LeadStage, ContactOutcome


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (S.NEW, Outcome.NOT_ANSWERED, S.CONTACT_ATTEMPTED),
        (S.NEW, Outcome.SENT, S.CONTACT_ATTEMPTED),
        (S.NEW, Outcome.ANSWERED, S.CONTACTED),
        (S.CONTACT_ATTEMPTED, Outcome.NOT_ANSWERED, S.CONTACT_ATTEMPTED),
        (S.CONTACT_ATTEMPTED, Outcome.ANSWERED, S.CONTACTED),
        (S.CONTACTED, Outcome.NOT_ANSWERED, S.FOLLOW_UP_ATTEMPTED),
        (S.CONTACTED, Outcome.SENT, S.FOLLOW_UP_ATTEMPTED),
        (S.CONTACTED, Outcome.ANSWERED, S.FOLLOWED_UP),
        (S.FOLLOW_UP_ATTEMPTED, Outcome.ANSWERED, S.FOLLOWED_UP),
    ],
)
def test_a_contact_proposes_the_next_step(before: S, outcome: Outcome, after: S) -> None:
    assert stage_after_contact(before, outcome) is after


@pytest.mark.parametrize("stage", [S.FOLLOWED_UP, S.COMMITTED, S.SCHEDULED, S.ASSESSED, S.ACTIVE, S.COLD])
def test_later_stages_stay_whatever_the_contact(stage: S) -> None:
    assert {stage_after_contact(stage, outcome) for outcome in Outcome} == {stage}


@pytest.mark.parametrize("stage", STAGE_ORDER)
def test_a_contact_never_leads_backwards(stage: S) -> None:
    for outcome in Outcome:
        assert STAGE_ORDER.index(stage_after_contact(stage, outcome)) >= STAGE_ORDER.index(stage)


def test_a_registered_family_is_committed_unless_further_along() -> None:
    assert stage_after_conversion(S.NEW) is S.COMMITTED
    assert stage_after_conversion(S.COLD) is S.COMMITTED
    assert stage_after_conversion(S.SCHEDULED) is S.SCHEDULED
    assert stage_after_conversion(S.ACTIVE) is S.ACTIVE


def test_active_and_cold_leads_ask_nothing_of_the_desk() -> None:
    assert set(STAGE_ORDER) - OPEN_STAGES == {S.ACTIVE, S.COLD}
