"""The order of the stages, and which stage the program proposes after a contact (product §5). Pure: a proposal
only; a stage moves when a person clicks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared_models.leads.models import ContactMethod, ContactOutcome, LeadStage

STAGE_ORDER: tuple[LeadStage, ...] = tuple(LeadStage)
"""The stages in the order in which a lead goes through them; Cold stands apart, at the end."""

OPEN_STAGES: frozenset[LeadStage] = frozenset(STAGE_ORDER[: STAGE_ORDER.index(LeadStage.ASSESSED) + 1])
"""Stages in which the desk still has something to do: all before Active and Cold."""

_FIRST_CONTACT = frozenset({LeadStage.NEW, LeadStage.CONTACT_ATTEMPTED})
_FOLLOW_UP = frozenset({LeadStage.CONTACTED, LeadStage.FOLLOW_UP_ATTEMPTED})
_BEFORE_COMMITTED = _FIRST_CONTACT | _FOLLOW_UP | {LeadStage.FOLLOWED_UP, LeadStage.COLD}


@dataclass(frozen=True, slots=True)
class UsualOutcome:
    """One of the outcomes that the desk records with one click."""

    method: ContactMethod
    outcome: ContactOutcome


USUAL_OUTCOMES: Mapping[str, UsualOutcome] = {
    "answered": UsualOutcome(ContactMethod.PHONE, ContactOutcome.ANSWERED),
    "no_answer": UsualOutcome(ContactMethod.PHONE, ContactOutcome.NOT_ANSWERED),
    "emailed": UsualOutcome(ContactMethod.EMAIL, ContactOutcome.SENT),
    "dm_sent": UsualOutcome(ContactMethod.DM, ContactOutcome.SENT),
}
"""Call answered or not, e-mail sent, DM sent; after the first contact the same four are follow-ups."""


def stage_after_contact(stage: LeadStage, outcome: ContactOutcome) -> LeadStage:
    """The stage to propose for a lead in ``stage`` after a contact (product §5).

    A first try leads to Contact Attempted, an answer to Contacted; from there on a try is a Follow-up Attempted
    and an answer Followed-up. An e-mail or direct message that was sent is a try. From Followed-up on, and for
    a cold lead, a contact alone moves nothing.
    """
    answered = outcome is ContactOutcome.ANSWERED
    if stage in _FIRST_CONTACT:
        return LeadStage.CONTACTED if answered else LeadStage.CONTACT_ATTEMPTED
    if stage in _FOLLOW_UP:
        return LeadStage.FOLLOWED_UP if answered else LeadStage.FOLLOW_UP_ATTEMPTED
    return stage


def stage_after_conversion(stage: LeadStage) -> LeadStage:
    """The stage of a lead once its family is registered: Committed, unless it is further along already."""
    return LeadStage.COMMITTED if stage in _BEFORE_COMMITTED else stage
