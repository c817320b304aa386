"""How long a lead has waited, by the calendar of the organization (product §5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared_models.leads.aging import aging_of, wants_attention_today
from shared_models.leads.models import LeadStage

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


def test_days_are_counted_by_the_calendar_and_not_by_hours() -> None:
    late_yesterday = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)  # 11:30 PM on the 24th in New York
    aging = aging_of(LeadStage.NEW, late_yesterday, None, now=NOW, zone=NEW_YORK)
    assert (aging.age_days, aging.silent_days, aging.waiting_days) == (1, None, 1)


def test_silence_is_counted_from_the_last_contact() -> None:
    aging = aging_of(LeadStage.CONTACTED, NOW - timedelta(days=40), NOW - timedelta(days=5), now=NOW, zone=NEW_YORK)
    assert (aging.age_days, aging.silent_days, aging.waiting_days) == (40, 5, 5)
    assert not aging.is_too_long


def test_each_stage_has_its_own_patience() -> None:
    silent_four_days = NOW - timedelta(days=4)

    def too_long(stage: LeadStage) -> bool:
        return aging_of(stage, silent_four_days, silent_four_days, now=NOW, zone=NEW_YORK).is_too_long

    assert too_long(LeadStage.CONTACT_ATTEMPTED)
    assert not too_long(LeadStage.FOLLOWED_UP)
    assert not too_long(LeadStage.COLD)


def test_the_limit_itself_is_still_in_time() -> None:
    three_days = NOW - timedelta(days=3)
    aging = aging_of(LeadStage.CONTACT_ATTEMPTED, three_days, three_days, now=NOW, zone=NEW_YORK)
    assert not aging.is_too_long


def test_a_clock_that_is_ahead_gives_no_negative_days() -> None:
    aging = aging_of(LeadStage.NEW, NOW + timedelta(days=2), None, now=NOW, zone=NEW_YORK)
    assert aging.age_days == 0
    assert aging.since == timedelta(0)


def test_today_has_new_leads_silent_ones_and_due_call_backs() -> None:
    today = date(2026, 11, 25)
    fresh = aging_of(LeadStage.NEW, NOW, None, now=NOW, zone=NEW_YORK)
    silent = aging_of(LeadStage.CONTACTED, NOW, NOW - timedelta(days=28), now=NOW, zone=NEW_YORK)
    spoken = aging_of(LeadStage.CONTACTED, NOW, NOW, now=NOW, zone=NEW_YORK)
    assert wants_attention_today(LeadStage.NEW, fresh, None, today=today)
    assert wants_attention_today(LeadStage.CONTACTED, silent, None, today=today)
    assert not wants_attention_today(LeadStage.CONTACTED, spoken, None, today=today)
    assert wants_attention_today(LeadStage.CONTACTED, spoken, today, today=today)


def test_a_call_back_promised_for_later_keeps_a_lead_off_the_list() -> None:
    silent = aging_of(LeadStage.CONTACTED, NOW, NOW - timedelta(days=28), now=NOW, zone=NEW_YORK)
    assert not wants_attention_today(LeadStage.CONTACTED, silent, date(2026, 12, 1), today=date(2026, 11, 25))
