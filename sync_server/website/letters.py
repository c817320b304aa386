"""The two mails that a web lead causes: a confirmation to the parent, and a notice to the center.

The confirmation repeats nothing that was typed freely but the names: a form that mails strangers' words to any
address is a machine for spam.
"""

from datetime import datetime

from shared_models.base import derived_id
from shared_models.people.contact import format_phone
from sync_server.mail import outbox_mail
from sync_server.mail_models import OutboxMail
from sync_server.website.content import SiteContent
from sync_server.website.hours import WEEKDAYS, clock_words
from sync_server.website.lead_form import LeadDraft


def letters_for(
    site: SiteContent, draft: LeadDraft, lead_id: str, *, now: datetime, local: datetime, sender: str, base_url: str
) -> list[OutboxMail]:
    """The mails for the outbox: one to the parent who left an address, one to the center that has one.

    `local` is `now` on the clock of the center; `sender` the server's own address. An address that no mail can be
    sent to is left out: the lead arrives all the same.
    """
    letters = []
    for letter in (_confirmation, _notice):
        try:
            mail = letter(site, draft, lead_id, now, local, sender, base_url)
        except ValueError:
            continue
        if mail is not None:
            letters.append(mail)
    return letters


def _confirmation(
    site: SiteContent, draft: LeadDraft, lead_id: str, now: datetime, local: datetime, sender: str, base_url: str
) -> OutboxMail | None:
    if not draft.email:
        return None
    return outbox_mail(
        mail_id=derived_id("lead confirmation", lead_id),
        organization_id=site.organization_id,
        now=now,
        sender=sender,
        sender_name=site.name,
        recipient=draft.email,
        recipient_name=f"{draft.parent_first_name} {draft.parent_last_name}".strip(),
        reply_to=site.email,
        subject=f"We have your message – {site.name}",
        template="lead_confirmation",
        palette=site.palette,
        center=site.name,
        first_name=draft.parent_first_name,
        facts=_child_facts(site, draft),
        phone=site.phone,
        phone_link=site.phone_link,
        offices=site.offices,
        site_url=f"{base_url}/{site.slug}/",
    )


def _notice(
    site: SiteContent, draft: LeadDraft, lead_id: str, now: datetime, local: datetime, sender: str, base_url: str
) -> OutboxMail | None:
    if not site.email:
        return None
    parent = f"{draft.parent_first_name} {draft.parent_last_name}".strip()
    phone = format_phone(draft.phone, site.country)
    ways = [(label, value) for label, value in (("Phone", phone), ("E-mail", draft.email)) if value]
    return outbox_mail(
        mail_id=derived_id("lead notice", lead_id),
        organization_id=site.organization_id,
        now=now,
        sender=sender,
        sender_name="iTutorOS",
        recipient=site.email,
        recipient_name=site.name,
        reply_to=draft.email,
        subject=f"New lead: {parent}",
        template="lead_notice",
        palette=site.palette,
        center=site.name,
        parent=parent,
        facts=[*ways, *_child_facts(site, draft)],
        message=draft.message,
        when=f"{clock_words(local.time())} on {WEEKDAYS[local.weekday()]}",
        can_answer=bool(draft.email),
    )


def _child_facts(site: SiteContent, draft: LeadDraft) -> list[tuple[str, str]]:
    subject = next((one.name for one in site.subject_choices if one.id == draft.subject_id), "")
    facts = (("Child", draft.student_first_name), ("Grade", draft.grade), ("Subject", subject))
    return [(label, value) for label, value in facts if value]
