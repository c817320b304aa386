"""The lead form: what is asked, what is kept, and that a lead is made once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy

import pytest
from sqlalchemy import func, select

from shared_models.base import TenantRow
from shared_models.leads.models import Lead, LeadSource, LeadStage
from shared_models.registry import tenant_classes
from sync_server.database import Database
from sync_server.mail_models import OutboxMail
from sync_server.models import OrganizationSequence
from sync_server.website.lead_form import MAX_BODY_BYTES, LeadForm, checked, read_form
from sync_server.website.rate_limit import BURST, EVERY, address_group, may_submit

ANNA = {
    "name": "Anna de la Cruz",
    "phone": "914 555 0123",
    "email": "Anna@Example.org",
    "child": "Ben",
    "grade": "4",
    "message": "He likes numbers.\r\nNot letters.",
}


def leads_of(database: Database, center) -> list[Lead]:
    with database.tenant(center.organization_id) as session:
        return list(session.scalars(select(Lead).order_by(Lead.created_at, Lead.student_first_name)))


def mails_of(database: Database, center) -> list[OutboxMail]:
    with database.tenant(center.organization_id) as session:
        return list(session.scalars(select(OutboxMail).order_by(OutboxMail.subject)))


def sequence_of(database: Database, center) -> int:
    with database.tenant(center.organization_id) as session:
        return session.scalar(select(OrganizationSequence.last_seq)) or 0


def subject_of(site, center, name: str) -> str:
    page = site.client.get(f"/{center.slug}/").text
    return re.search(rf'<option value="([^"]+)">{name}</option>', page)[1]


def test_a_submission_becomes_a_new_lead_with_nothing_else_set(site, make_center, database, clock):
    center = make_center()
    before = sequence_of(database, center)
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "subject": subject_of(site, center, "Math")})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{center.slug}/thanks")
    (lead,) = leads_of(database, center)
    assert (lead.parent_first_name, lead.parent_last_name) == ("Anna", "de la Cruz")
    assert (lead.phone, lead.email) == ("+19145550123", "anna@example.org")
    assert (lead.student_first_name, lead.grade, lead.message) == (
        "Ben",
        "4",
        "He likes numbers.\nNot letters.",
    )
    assert lead.subject_id is not None
    assert (lead.source, lead.stage, lead.created_at) == (LeadSource.WEB, LeadStage.NEW, clock.now())
    for field in ("owner_user_id", "location_id", "temperature", "last_contact_at", "family_id", "archived_at"):
        assert getattr(lead, field) is None, field
    assert lead.server_seq == before + 1, "it reaches every desktop with the next pull"
    assert lead.field_clocks.keys() == {"*"}


@pytest.mark.parametrize("ways", [{"phone": "9145550123"}, {"email": "anna@example.org"}])
def test_a_name_and_one_way_to_answer_are_enough(site, make_center, database, ways):
    center = make_center()
    assert site.client.post(f"/{center.slug}/lead", data={"name": "Anna", **ways}).status_code == 303
    assert len(leads_of(database, center)) == 1


def test_errors_stand_beside_their_fields_and_what_was_typed_is_kept(site, make_center, database):
    center = make_center()
    typed = {
        "name": "",
        "phone": "12",
        "email": "anna@",
        "child": "B<e>n",
        "grade": "4",
        "message": "\nline 1\nline 2",
        "subject": subject_of(site, center, "Math"),
    }
    answer = site.client.post(f"/{center.slug}/lead", data=typed)
    assert answer.status_code == 422
    assert answer.headers["cache-control"] == "no-store"
    for field in ("name", "phone", "email"):
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true" aria-describedby="{field}-error"', answer.text)
        assert f'id="{field}-error"' in answer.text
        assert f'<a href="#{field}">' in answer.text
    assert 'role="alert"' in answer.text
    assert "3 things to correct" in answer.text
    assert 'value="anna@"' in answer.text
    assert 'value="B&lt;e&gt;n"' in answer.text
    assert "<option selected>4</option>" in answer.text
    assert f'<option value="{typed["subject"]}" selected>Math</option>' in answer.text
    assert ">\nline 1\nline 2</textarea>" in answer.text
    assert leads_of(database, center) == []


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": ""}, "name", "Tell us your name."),
        ({"phone": "", "email": ""}, "phone", "Leave a phone number or an e-mail address"),
        ({"email": "anna.example.org"}, "email", "The @ is missing."),
        ({"email": "@example.org"}, "email", "The part before @ is missing."),
        ({"email": "anna@example"}, "email", "The part after @ is not complete."),
        ({"email": "an na@example.org"}, "email", "This address cannot be right."),
        ({"phone": "555-010"}, "phone", "Enter the whole number with its area code"),
        ({"grade": "99"}, "grade", "Choose a grade from the list."),
        ({"subject": "6f1d7c0e-5d0b-5a57-9f0e-1b7a5e2c9d41"}, "subject", "Choose a subject from the list."),
        ({"message": "x" * 4001}, "message", "Use at most 4,000 characters; these are 4,001."),
        ({"name": "Win at www.example.com"}, "name", "A name has no web address in it."),
    ],
)
def test_each_problem_says_what_to_do(typed, field, words):
    values = {**LeadForm().values, "name": "Anna", "email": "anna@example.org", **typed}
    form, draft = checked(LeadForm(values=values), [], "US")
    assert draft is None
    assert list(form.errors) == [field]
    assert form.errors[field].startswith(words)


def test_bytes_that_are_no_text_do_no_harm(site, make_center, database):
    center = make_center()
    bodies = [
        b"\xff\xfe\x00name=%00%ff%fe&email=%zz&%%%",
        b"name=" + b"%C0%80" * 50,
        b"&" * 1000,
        b"name=A%00nna%E2%80%AE&email=anna%40example.org&message=%0B%1B%5B31m",
        "name=Zoë&email=zoe%40example.org".encode(),
    ]
    for body in bodies:
        answer = site.client.post(
            f"/{center.slug}/lead",
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code in (303, 422)
    names = {lead.parent_first_name for lead in leads_of(database, center)}
    assert names == {"Anna", "Zoë"}


def test_a_control_character_never_reaches_the_database():
    form = read_form(b"name=A%00nn%07a&message=one%0D%0Atwo%00%1B&phone=1%0A2")
    assert form.values["name"] == "Anna"
    assert form.values["message"] == "one\ntwo"
    assert form.values["phone"] == "1 2"


def test_a_bot_that_fills_the_trap_is_thanked_and_nothing_is_kept(site, make_center, database):
    center = make_center()
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "website": "https://spam.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{center.slug}/thanks")
    assert leads_of(database, center) == []
    assert mails_of(database, center) == []
    assert site.woken == []


def test_a_submission_sent_many_times_at_once_makes_one_lead_and_one_mail_each(site, make_center, database):
    center = make_center()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: site.client.post(f"/{center.slug}/lead", data=ANNA).status_code, range(16)))
    assert answers == [303] * 16, "a repeated one does not count against the limit"
    assert len(leads_of(database, center)) == 1
    assert len(mails_of(database, center)) == 2


def test_a_retry_after_midnight_is_still_the_same_lead(site, make_center, database, clock):
    center = make_center()
    clock.moment = datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC)
    site.client.post(f"/{center.slug}/lead", data=ANNA)
    clock.moment += timedelta(seconds=5)
    assert site.client.post(f"/{center.slug}/lead", data=ANNA).status_code == 303
    assert len(leads_of(database, center)) == 1


def test_the_same_words_two_days_later_are_a_new_lead(site, make_center, database, clock):
    center = make_center()
    site.client.post(f"/{center.slug}/lead", data=ANNA)
    clock.moment += timedelta(days=2)
    site.client.post(f"/{center.slug}/lead", data=ANNA)
    assert len(leads_of(database, center)) == 2


def test_two_children_entered_in_the_same_page_are_two_leads(site, make_center, database):
    center = make_center()
    for child in ("Ben", "Clara"):
        assert site.client.post(f"/{center.slug}/lead", data={**ANNA, "child": child}).status_code == 303
    assert [lead.student_first_name for lead in leads_of(database, center)] == ["Ben", "Clara"]


def test_the_same_family_may_write_to_two_centers(site, make_center, database):
    centers = [make_center(), make_center()]
    for center in centers:
        site.client.post(f"/{center.slug}/lead", data=ANNA)
    assert [len(leads_of(database, center)) for center in centers] == [1, 1]


def test_too_many_from_one_address_are_told_to_wait_and_lose_nothing(site, make_center, database, clock):
    center = make_center()
    for number in range(BURST):
        data = {**ANNA, "child": f"Child {number}"}
        assert site.client.post(f"/{center.slug}/lead", data=data).status_code == 303
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "child": "One more"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "120"
    assert 'value="One more"' in answer.text
    assert "Please send this one again in two minutes or call us at (914) 555-0100." in answer.text
    assert len(leads_of(database, center)) == BURST
    clock.advance(121)
    assert site.client.post(f"/{center.slug}/lead", data={**ANNA, "child": "One more"}).status_code == 303


def test_the_limit_is_shared_by_processes_and_held_under_a_rush(make_center, postgres_url, clock):
    center = make_center()
    processes = [Database(postgres_url) for _ in range(2)]

    def submit(number: int) -> bool:
        with processes[number % 2].tenant(center.organization_id) as session:
            return may_submit(session, center.organization_id, "198.51.100.1", clock.now())

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(submit, range(40))) == BURST
        clock.moment += 3 * EVERY
        assert [submit(number) for number in range(4)] == [True, True, True, False]
    finally:
        for process in processes:
            process.close()


def test_the_limit_is_per_address_and_per_organization(make_center, database, clock):
    mine, other = make_center(), make_center()
    with database.tenant(mine.organization_id) as session:
        for _ in range(BURST):
            assert may_submit(session, mine.organization_id, "198.51.100.1", clock.now())
        assert not may_submit(session, mine.organization_id, "198.51.100.1", clock.now())
        assert may_submit(session, mine.organization_id, "198.51.100.2", clock.now())
    with database.tenant(other.organization_id) as session:
        assert may_submit(session, other.organization_id, "198.51.100.1", clock.now())


def test_a_household_is_one_address_whatever_version_of_ip_it_speaks():
    assert address_group("o", "2001:db8:1:2::1") == address_group("o", "2001:db8:1:2:ffff::9%eth0")
    assert address_group("o", "2001:db8:1:2::1") != address_group("o", "2001:db8:1:3::1")
    assert address_group("o", "::ffff:198.51.100.1") == address_group("o", "198.51.100.1")
    assert 0 <= address_group("o", "not an address") < 65536


def test_a_flood_of_text_is_not_even_read(site, make_center, database):
    center = make_center()
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "message": "x" * MAX_BODY_BYTES})
    assert answer.status_code == 413
    assert "That was too much text." in answer.text
    assert leads_of(database, center) == []


def test_the_longest_form_that_is_allowed_fits_into_the_limit(site, make_center, database):
    center = make_center()
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "message": "中" * 2000})
    assert answer.status_code == 303


def test_the_lead_is_seen_by_its_own_tenant_alone(site, make_center, database):
    mine, other = make_center(), make_center()
    site.client.post(f"/{mine.slug}/lead", data=ANNA)
    with database.tenant(other.organization_id) as session:
        assert session.scalar(select(func.count()).select_from(Lead)) == 0
        assert session.scalar(select(func.count()).select_from(OutboxMail)) == 0


def test_a_web_lead_changes_no_other_row(site, make_center, database):
    center = make_center()

    def counts() -> dict[str, int]:
        with database.tenant(center.organization_id) as session:
            kinds: dict[str, type[TenantRow]] = tenant_classes()
            return {name: session.scalar(select(func.count()).select_from(kind)) for name, kind in kinds.items()}

    before = counts()
    site.client.post(f"/{center.slug}/lead", data=ANNA)
    assert {name for name, count in counts().items() if count != before[name]} == {"lead"}


def test_parent_and_center_get_a_mail_that_commits_with_the_lead(site, make_center, database):
    center = make_center()
    site.client.post(f"/{center.slug}/lead", data={**ANNA, "subject": subject_of(site, center, "Math")})
    notice, confirmation = mails_of(database, center)
    assert site.woken == [center.organization_id]
    assert (confirmation.recipient, notice.recipient) == ("anna@example.org", "hello@hudson.example")
    to_parent = message_from_string(confirmation.message, policy=policy.default)
    assert to_parent["From"] == "Hudson Learning Center <no-reply@itutoros.example>"
    assert to_parent["Reply-To"] == "hello@hudson.example"
    assert to_parent["To"] == "Anna de la Cruz <anna@example.org>"
    assert to_parent["Subject"] == "We have your message – Hudson Learning Center"
    text = to_parent.get_body(("plain",)).get_content()
    for words in ("Thank you, Anna.", "Child: Ben", "Subject: Math", "(914) 555-0100", "50 S Buckhout St"):
        assert words in text
    assert "numbers" not in to_parent.get_body(("html",)).get_content(), "no free text goes to strangers"
    to_center = message_from_string(notice.message, policy=policy.default)
    assert to_center["Reply-To"] == "anna@example.org"
    text = to_center.get_body(("plain",)).get_content().replace("\r\n", "\n")
    for words in ("New lead: Anna de la Cruz", "(914) 555-0123", "He likes numbers.\nNot letters.", "3:40 PM"):
        assert words in text


def test_without_an_address_the_center_alone_gets_a_mail(site, make_center, database):
    center = make_center()
    site.client.post(f"/{center.slug}/lead", data={"name": "Anna", "phone": "9145550123"})
    assert [mail.recipient for mail in mails_of(database, center)] == ["hello@hudson.example"]


def test_no_name_can_forge_a_header_or_markup_of_a_mail(site, make_center, database):
    center = make_center(name='Center "<b>" & Co')
    name = "Anna\r\nBcc: all@example.org <script>"
    answer = site.client.post(f"/{center.slug}/lead", data={**ANNA, "name": name.replace("@", " at ")})
    assert answer.status_code == 303
    for mail in mails_of(database, center):
        message = message_from_string(mail.message, policy=policy.default)
        assert message["Bcc"] is None
        assert "<script>" not in message.get_body(("html",)).get_content()
