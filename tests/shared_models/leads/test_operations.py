"""What the desk does with leads (product §5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shared_models.base import new_id
from shared_models.leads import operations
from shared_models.leads.models import (
    ContactMethod,
    ContactOutcome,
    Lead,
    LeadContact,
    LeadSource,
    LeadStage,
    ReasonLost,
)
from shared_models.leads.operations import LeadEntry, LeadError
from shared_models.people.models import Family, Student
from shared_models.people.operations import PeopleError

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def a_lead(desk: Any, **values: Any) -> Lead:
    entry = LeadEntry(
        **{"parent_name": "Thảo Tanaka", "phone": "(914) 555-0198", "student_name": "Aleksander", **values}
    )
    lead_id = new_id()
    operations.create_lead(desk.session, desk.organization_id, entry, now=NOW, lead_id=lead_id)
    desk.session.flush()
    return operations.get_lead(desk.session, desk.organization_id, lead_id)


def contact(
    desk: Any, lead: Lead, method: ContactMethod, outcome: ContactOutcome, after: timedelta = timedelta()
) -> LeadStage:
    return operations.record_contact(
        desk.session, desk.organization_id, lead.id, method, outcome, now=NOW + after, user_id=desk.user_id
    )


def test_a_new_lead_is_new_and_nothing_else_is_set(desk: Any) -> None:
    lead = a_lead(desk)
    assert lead.stage is LeadStage.NEW
    assert lead.created_at == NOW
    assert lead.source is LeadSource.PHONE
    unset = ("temperature", "owner_user_id", "location_id", "last_contact_method", "last_contact_at", "call_back_on")
    assert [getattr(lead, name) for name in unset] == [None] * len(unset)
    assert (lead.reason_lost, lead.family_id, lead.subject_id, lead.notes) == (None, None, None, "")


def test_what_was_typed_is_kept_in_order(desk: Any) -> None:
    lead = a_lead(desk, parent_name="  ana de la cruz ", phone="914.555.0198", email="Ana@Example.NET")
    assert (lead.parent_first_name, lead.parent_last_name) == ("Ana", "de la Cruz")
    assert (lead.phone, lead.email) == ("+19145550198", "ana@example.net")


def test_a_name_or_a_phone_is_enough_and_nothing_is_not(desk: Any) -> None:
    assert a_lead(desk, parent_name="", student_name="").parent_first_name == ""
    assert a_lead(desk, phone="", student_name="").phone == ""
    with pytest.raises(LeadError) as refused:
        a_lead(desk, parent_name=" ", phone="", student_name="")
    assert refused.value.problems == {"parent_name": "Enter a name or a phone number."}


def test_an_odd_phone_is_kept_with_a_warning(desk: Any) -> None:
    entry = LeadEntry(parent_name="Ana", phone="5559")
    warnings = operations.create_lead(desk.session, desk.organization_id, entry, now=NOW)
    assert "phone" in warnings
    assert desk.session.scalars(select(Lead.phone)).one() == "5559"


def test_one_action_records_method_time_and_stage_in_the_history(desk: Any) -> None:
    lead = a_lead(desk)
    assert contact(desk, lead, ContactMethod.PHONE, ContactOutcome.NOT_ANSWERED) is LeadStage.CONTACT_ATTEMPTED
    assert (
        contact(desk, lead, ContactMethod.PHONE, ContactOutcome.ANSWERED, timedelta(hours=1)) is LeadStage.CONTACTED
    )
    assert (
        contact(desk, lead, ContactMethod.DM, ContactOutcome.SENT, timedelta(days=1)) is LeadStage.FOLLOW_UP_ATTEMPTED
    )
    assert (lead.last_contact_method, lead.last_contact_at) == (ContactMethod.DM, NOW + timedelta(days=1))
    history = desk.session.scalars(select(LeadContact).order_by(LeadContact.happened_at)).all()
    assert [(row.method, row.outcome, row.stage_before, row.stage_after) for row in history] == [
        (ContactMethod.PHONE, ContactOutcome.NOT_ANSWERED, LeadStage.NEW, LeadStage.CONTACT_ATTEMPTED),
        (ContactMethod.PHONE, ContactOutcome.ANSWERED, LeadStage.CONTACT_ATTEMPTED, LeadStage.CONTACTED),
        (ContactMethod.DM, ContactOutcome.SENT, LeadStage.CONTACTED, LeadStage.FOLLOW_UP_ATTEMPTED),
    ]
    assert {row.user_id for row in history} == {desk.user_id}


def test_an_answer_settles_a_promised_call_back_and_a_try_does_not(desk: Any) -> None:
    lead = a_lead(desk, call_back_on=TODAY)
    contact(desk, lead, ContactMethod.PHONE, ContactOutcome.NOT_ANSWERED)
    assert lead.call_back_on == TODAY
    contact(desk, lead, ContactMethod.PHONE, ContactOutcome.ANSWERED)
    assert lead.call_back_on is None


def test_taking_a_lead_sets_the_owner_and_leaves_the_stage(desk: Any) -> None:
    lead = a_lead(desk)
    operations.take_lead(desk.session, desk.organization_id, lead.id, desk.user_id)
    assert (lead.owner_user_id, lead.stage) == (desk.user_id, LeadStage.NEW)


def test_the_reason_lost_belongs_to_cold(desk: Any) -> None:
    lead = a_lead(desk)
    operations.move_lead(desk.session, desk.organization_id, lead.id, LeadStage.COLD, reason_lost=ReasonLost.PRICE)
    assert lead.reason_lost is ReasonLost.PRICE
    operations.move_lead(desk.session, desk.organization_id, lead.id, LeadStage.CONTACTED)
    assert (lead.stage, lead.reason_lost) == (LeadStage.CONTACTED, None)


def test_conversion_registers_family_and_student_and_links_them(desk: Any) -> None:
    lead = a_lead(desk, grade="8")
    done = operations.convert_lead(
        desk.session, desk.organization_id, lead.id, location_id=desk.location_id, today=TODAY
    )
    desk.session.flush()
    family = desk.session.get(Family, (desk.organization_id, done.family_id))
    student = desk.session.get(Student, (desk.organization_id, done.student_ids[0]))
    assert (family.parent1_first_name, family.parent1_last_name) == ("Thảo", "Tanaka")
    assert (family.parent1_phone, family.registered_on) == ("+19145550198", TODAY)
    assert (student.first_name, student.last_name, student.grade) == ("Aleksander", "Tanaka", "8")
    assert (student.family_id, student.location_id) == (family.id, desk.location_id)
    assert (lead.family_id, lead.stage, lead.location_id) == (family.id, LeadStage.COMMITTED, desk.location_id)


def test_conversion_into_a_known_family_adds_the_student_there(desk: Any) -> None:
    first = operations.convert_lead(
        desk.session, desk.organization_id, a_lead(desk).id, location_id=desk.location_id, today=TODAY
    )
    second = operations.convert_lead(
        desk.session,
        desk.organization_id,
        a_lead(desk, student_name="Yuki").id,
        location_id=desk.location_id,
        today=TODAY,
        family_id=first.family_id,
    )
    assert second.family_id == first.family_id
    assert len(desk.session.scalars(select(Family)).all()) == 1
    assert {row.first_name for row in desk.session.scalars(select(Student))} == {"Aleksander", "Yuki"}


def test_conversion_without_a_last_name_says_so_and_changes_nothing(desk: Any) -> None:
    lead = a_lead(desk, parent_name="Thảo")
    with pytest.raises(PeopleError) as refused:
        operations.convert_lead(
            desk.session, desk.organization_id, lead.id, location_id=desk.location_id, today=TODAY
        )
    assert refused.value.problems == {"parent1_last_name": "Enter the parent’s last name."}
    assert (lead.family_id, lead.stage) == (None, LeadStage.NEW)


def test_changing_a_lead_keeps_a_way_to_reach_it(desk: Any) -> None:
    lead = a_lead(desk, parent_name="", student_name="")
    with pytest.raises(LeadError):
        operations.change_lead(desk.session, desk.organization_id, lead.id, {"phone": ""})
    operations.change_lead(desk.session, desk.organization_id, lead.id, {"phone": "9175550123"})
    assert lead.phone == "+19175550123"


def test_the_last_contact_cannot_be_edited_by_hand(desk: Any) -> None:
    with pytest.raises(KeyError):
        operations.change_lead(desk.session, desk.organization_id, a_lead(desk).id, {"last_contact_at": NOW})
