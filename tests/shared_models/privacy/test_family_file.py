"""What a family is given of itself: everything, in words, and nothing of other families."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.leads.models import ContactMethod, ContactOutcome, Lead, LeadContact, LeadStage
from shared_models.people.models import Family, HealthAccess, Student
from shared_models.privacy.family_file import FamilyFile, family_file
from shared_models.schedule.models import Attendee, ScheduleEntry
from tests.desktop.printing.small_center import NOW, SmallCenter


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, use_keyring=False)
    yield store
    store.close()


def made(session: Session) -> tuple[str, str]:
    """A center with two families, of which the first is asked for; returns organization and family."""
    center = SmallCenter(session)
    org = {"organization_id": center.organization_id}
    family = Family(**org, id=new_id(), parent1_first_name="Ana & <b>Bo</b>", parent1_last_name="Silva",
                    notes="line one\nline two")  # fmt: skip
    child = Student(**org, id=new_id(), family_id=family.id, location_id=center.office.id, first_name="Elena",
                    last_name="Silva", allergies="peanuts", has_iep=True)  # fmt: skip
    lead = Lead(
        **org, id=new_id(), created_at=NOW, family_id=family.id, message="fractions", student_first_name="Elena"
    )
    session.add_all([family, child, lead])
    session.add(LeadContact(**org, id=new_id(), lead_id=lead.id, happened_at=NOW, method=ContactMethod.PHONE,
                            outcome=ContactOutcome.ANSWERED, stage_before=LeadStage.NEW,
                            stage_after=LeadStage.CONTACTED, note="comes on Monday"))  # fmt: skip
    session.add(HealthAccess(**org, id=new_id(), student_id=child.id, user_id=center.maya.id, looked_at=NOW))
    tutor = center.tutor("Jakub", "Johnson")
    alone = center.entry("SAT", tutor, ["Noah Lee"], "16:00", 90)
    session.flush()
    for capacity, report in ((1, "did well in algebra"), (6, "everyone was loud")):
        entry = ScheduleEntry(
            **org, id=new_id(), location_id=alone.location_id, service_id=alone.service_id, tutor_id=tutor.id,
            starts_at=NOW - timedelta(days=capacity), ends_at=NOW - timedelta(days=capacity, minutes=-60),
            blocked_until=NOW - timedelta(days=capacity, minutes=-75), capacity=capacity, report_done=report,
        )  # fmt: skip
        session.add(entry)
        session.add(Attendee(**org, id=new_id(), entry_id=entry.id, student_id=child.id))
    return center.organization_id, family.id


@pytest.fixture
def file(store: Store) -> FamilyFile:
    with store.write() as session:
        organization_id, family_id = made(session)
    with store.read() as session:
        return family_file(session, organization_id, family_id, datetime(2026, 11, 25, 20, 40, tzinfo=UTC))


def test_everything_is_told_in_words_and_local_times(file: FamilyFile) -> None:
    told = json.loads(file.as_json())
    assert told["made_at"] == "2026-11-25 15:40"
    assert told["parents"][0]["notes"] == "line one\nline two"
    assert (told["students"][0]["allergies"], told["students"][0]["has_iep"]) == ("peanuts", "yes")
    assert told["students"][0]["learns_at"]
    assert told["leads"][0]["contacts"].endswith("Phone, Answered. comes on Monday")
    assert [one["tutor"] for one in told["sessions"]] == ["Jakub Johnson"] * 2
    assert told["looks_at_health"][0]["student"] == "Elena Silva"


def test_nothing_of_other_families_and_no_ids_are_told(file: FamilyFile) -> None:
    text = file.as_json().decode()
    assert "Noah" not in text and "Lee" not in text
    assert "did well in algebra" in text
    assert "everyone was loud" not in text
    assert not [name for record in json.loads(text)["students"] for name in record if name.endswith("_id")]


def test_the_page_shows_texts_as_texts_and_needs_nothing_from_elsewhere(file: FamilyFile) -> None:
    page = file.as_page().decode()
    assert "Ana &amp; &lt;b&gt;Bo&lt;/b&gt;" in page
    assert "<b>" not in page and "<script" not in page and "http" not in page
    with zipfile.ZipFile(io.BytesIO(file.as_bundle())) as bundle:
        assert bundle.read("family.html") == file.as_page()


def test_there_is_no_file_of_a_family_that_is_not_there(store: Store) -> None:
    with store.write() as session:
        organization_id, _ = made(session)
    with store.read() as session, pytest.raises(LookupError):
        family_file(session, organization_id, new_id(), NOW)
