"""Leads: the sample center's own words for source, stage and temperature."""

from datetime import date

import pytest

from shared_models.exchange.leads import read_leads
from shared_models.leads.models import LeadSource, LeadStage, Temperature
from tests.shared_models.exchange.sample import AROUND, sample


def test_the_sample_center_has_64_leads() -> None:
    file = read_leads(sample("leads.csv"), around=AROUND)
    assert (len(file.leads), file.problems, file.warnings) == (64, (), ())
    assert file.table.delimiter == ";"
    assert len({lead.natural_key for lead in file.leads}) == 64
    dates = [lead.created_on for lead in file.leads]
    assert all(day is not None and date(2026, 8, 1) < day < date(2026, 11, 25) for day in dates)
    elena = file.leads[3]
    assert (elena.parent_first_name, elena.parent_last_name, elena.student_first_name) == (
        "Elena",
        "Singh",
        "Beatriz",
    )
    assert elena.wanted == "Writing (grammar, sentence structure, essays)"


@pytest.mark.parametrize(
    ("source", "status", "expected"),
    [
        ("IG", "Followed-up", (LeadSource.INSTAGRAM, LeadStage.FOLLOWED_UP)),
        ("walk in", "Follow-up Attempted", (LeadSource.WALK_IN, LeadStage.FOLLOW_UP_ATTEMPTED)),
        ("Phone", "Contact Attempted", (LeadSource.PHONE, LeadStage.CONTACT_ATTEMPTED)),
        ("e-mail", "Cold", (LeadSource.EMAIL, LeadStage.COLD)),
        ("TikTok", "", (LeadSource.TIKTOK, LeadStage.NEW)),
    ],
)
def test_the_centers_words_are_understood(source: str, status: str, expected: tuple[LeadSource, LeadStage]) -> None:
    content = f"Parent;Source;Status;Temp\nAna Kim;{source};{status};Hot".encode()
    (lead,) = read_leads(content, around=AROUND).leads
    assert (lead.source, lead.stage) == expected
    assert lead.temperature is Temperature.HOT


def test_a_word_nobody_knows_is_kept_in_the_notes() -> None:
    file = read_leads(b"Parent;Source;Status;Notes\nAna Kim;pigeon;sleepy;x", around=AROUND)
    assert (file.leads[0].source, file.leads[0].stage) == (LeadSource.OTHER, LeadStage.NEW)
    assert file.leads[0].notes == "x\nSource: pigeon\nStage: sleepy"
    assert "pigeon" in file.warnings[0].reason


def test_a_lead_nobody_can_be_reached_by_is_reported() -> None:
    file = read_leads(b"Parent;Phone;Source\n;;Web\nAna;;Web", around=AROUND)
    assert [problem.line for problem in file.problems] == [2]
    assert [lead.parent_first_name for lead in file.leads] == ["Ana"]
