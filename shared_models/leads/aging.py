"""How long a lead has waited or been silent, and whether that is too long in its stage (product §5, "Aging").
Pure: `now` is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from shared_models.leads.models import LeadStage
from shared_models.leads.stages import OPEN_STAGES

DEFAULT_SILENCE_DAYS: Mapping[LeadStage, int] = {
    LeadStage.NEW: 1,
    LeadStage.CONTACT_ATTEMPTED: 3,
    LeadStage.CONTACTED: 7,
    LeadStage.FOLLOW_UP_ATTEMPTED: 14,
    LeadStage.FOLLOWED_UP: 14,
    LeadStage.COMMITTED: 7,
}
"""After how many days without a contact a lead wants attention; from Scheduled on, the calendar says what is next."""


@dataclass(frozen=True, slots=True)
class Aging:
    """Whole calendar days in the organization's time zone; `silent_days` is None while nobody was in touch.

    `since` is the moment the silence began: the last contact, or the creation of the lead.
    """

    age_days: int
    silent_days: int | None
    since: timedelta
    is_too_long: bool

    @property
    def waiting_days(self) -> int:
        """Days without a contact, counted from the creation where there was none."""
        return self.age_days if self.silent_days is None else self.silent_days


def aging_of(
    stage: LeadStage,
    created_at: datetime,
    last_contact_at: datetime | None,
    *,
    now: datetime,
    zone: tzinfo,
    silence_days: Mapping[LeadStage, int] = DEFAULT_SILENCE_DAYS,
) -> Aging:
    """The aging of a lead. Instants are time-zone aware; days are counted by the calendar in ``zone``."""
    today = now.astimezone(zone).date()
    age = _days(created_at, today, zone)
    silent = None if last_contact_at is None else _days(last_contact_at, today, zone)
    waiting = age if silent is None else silent
    limit = silence_days.get(stage)
    elapsed = max(now - (last_contact_at or created_at), timedelta(0))
    return Aging(age, silent, elapsed, limit is not None and waiting > limit)


def wants_attention_today(stage: LeadStage, aging: Aging, call_back_on: date | None, *, today: date) -> bool:
    """Whether a lead belongs on the list "To do today": a call-back is due, nobody answered it yet, or it was
    silent for too long. A call-back promised for later keeps it off the list until then."""
    if call_back_on is not None:
        return call_back_on <= today
    if stage not in OPEN_STAGES:
        return False
    return aging.is_too_long or (stage is LeadStage.NEW and aging.silent_days is None)


def _days(moment: datetime, today: date, zone: tzinfo) -> int:
    return max((today - moment.astimezone(zone).date()).days, 0)
