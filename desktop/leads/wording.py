"""The words for leads on screen: stages, sources, outcomes, and how long a lead has waited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from desktop.schedule.entry_words import title_words
from shared_models.leads.aging import Aging
from shared_models.leads.models import (
    ContactMethod,
    ContactOutcome,
    LeadSource,
    LeadStage,
    ReasonLost,
    Temperature,
)

_FRESH_DAYS = 2

STAGE_WORDS: Mapping[LeadStage, str] = {
    LeadStage.NEW: "New",
    LeadStage.CONTACT_ATTEMPTED: "Contact Attempted",
    LeadStage.CONTACTED: "Contacted",
    LeadStage.FOLLOW_UP_ATTEMPTED: "Follow-up Attempted",
    LeadStage.FOLLOWED_UP: "Followed-up",
    LeadStage.COMMITTED: "Committed",
    LeadStage.SCHEDULED: "Scheduled",
    LeadStage.ASSESSED: "Assessed",
    LeadStage.ACTIVE: "Active",
    LeadStage.COLD: "Cold",
}
SOURCE_WORDS: Mapping[LeadSource, str] = {
    LeadSource.PHONE: "Phone",
    LeadSource.WALK_IN: "Walk-in",
    LeadSource.EMAIL: "E-mail",
    LeadSource.FACEBOOK: "Facebook",
    LeadSource.INSTAGRAM: "Instagram",
    LeadSource.TIKTOK: "TikTok",
    LeadSource.WEB: "Website",
    LeadSource.OTHER: "Other",
}

CAME_WORDS: Mapping[LeadSource, str] = {
    LeadSource.WEB: "from the website",
    LeadSource.WALK_IN: "as a walk-in",
    LeadSource.PHONE: "by phone",
    LeadSource.EMAIL: "by e-mail",
    LeadSource.FACEBOOK: "by Facebook",
    LeadSource.INSTAGRAM: "by Instagram",
    LeadSource.TIKTOK: "by TikTok",
    LeadSource.OTHER: "",
}
"""How a lead came, within a sentence; nothing where the source says nothing."""
DESK_SOURCES: tuple[LeadSource, ...] = (
    LeadSource.PHONE,
    LeadSource.WALK_IN,
    LeadSource.EMAIL,
    LeadSource.FACEBOOK,
    LeadSource.INSTAGRAM,
    LeadSource.TIKTOK,
    LeadSource.OTHER,
)
"""What the desk chooses from; leads from the website come by themselves."""
TEMPERATURE_WORDS: Mapping[Temperature, str] = {
    Temperature.HOT: "Hot",
    Temperature.WARM: "Warm",
    Temperature.COLD: "Cold",
}
TEMPERATURE_LEVELS: Mapping[Temperature, int] = {Temperature.COLD: 1, Temperature.WARM: 2, Temperature.HOT: 3}
METHOD_WORDS: Mapping[ContactMethod, str] = {
    ContactMethod.PHONE: "Phone",
    ContactMethod.EMAIL: "E-mail",
    ContactMethod.DM: "Direct message",
}
REASON_WORDS: Mapping[ReasonLost, str] = {
    ReasonLost.PRICE: "Price",
    ReasonLost.TIMING: "Timing",
    ReasonLost.NO_RESPONSE: "No response",
    ReasonLost.WENT_ELSEWHERE: "Went elsewhere",
    ReasonLost.OTHER: "Other",
}
OUTCOME_BUTTONS: Mapping[str, str] = {
    "answered": "Answered",
    "no_answer": "No answer",
    "emailed": "E-mailed",
    "dm_sent": "DM sent",
}
OUTCOME_ICONS: Mapping[str, str] = {
    "answered": "phone-call",
    "no_answer": "phone-missed",
    "emailed": "mail",
    "dm_sent": "message-square",
}
GRADES: tuple[str, ...] = ("Pre-K", "K", *(str(number) for number in range(1, 13)), "College", "Adult")


def contact_words(method: ContactMethod, outcome: ContactOutcome) -> str:
    """What came of a contact, in words: "Called, no answer"."""
    if method is ContactMethod.PHONE:
        return {
            ContactOutcome.ANSWERED: "Called, answered",
            ContactOutcome.NOT_ANSWERED: "Called, no answer",
            ContactOutcome.SENT: "Called, left a message",
        }[outcome]
    sent = "E-mail sent" if method is ContactMethod.EMAIL else "DM sent"
    return {
        ContactOutcome.ANSWERED: f"{sent}, answered",
        ContactOutcome.NOT_ANSWERED: f"{sent}, no answer",
        ContactOutcome.SENT: sent,
    }[outcome]


def move_words(before: LeadStage, after: LeadStage, button: str) -> str:
    """What a click on an outcome's button will do besides noting the time."""
    if before is after:
        return f"{button} notes the time. The stage stays."
    return f"{button} moves to {STAGE_WORDS[after]} and notes the time."


def elapsed_words(elapsed: timedelta) -> str:
    """A short span: "just now", "9 min", "3 h"; from a day on, days."""
    minutes = int(elapsed.total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} d"


def waiting_words(aging: Aging) -> str:
    """How long a lead has been silent, or has waited for its first contact: "5 d silent", "8 d waiting", "9 min"."""
    if aging.waiting_days < 1 or aging.since < timedelta(hours=20):
        short = elapsed_words(aging.since)
        return short if aging.silent_days is None or short == "just now" else f"{short} ago"
    return f"{aging.waiting_days} d {'waiting' if aging.silent_days is None else 'silent'}"


def web_words(aging: Aging, *, short: bool = False) -> str:
    """What marks a lead from the website that nobody took: new for two days, then merely from there."""
    if aging.age_days <= _FRESH_DAYS:
        return "New, website" if short else "New on the website"
    return "Website" if short else "From the website"


def wanted_words(wanted: str, child: str) -> tuple[str, ...]:
    """What is wanted and for whom, longest first: "Chemistry for Aleksander", "Chem. for Aleksander", ..."""
    if not wanted:
        return (f"for {child}",) if child else ("",)
    names = title_words(wanted)
    if not child:
        return names
    first = child.split()[0]
    longer = [f"{name} for {whom}" for whom in dict.fromkeys((child, first)) for name in names]
    return (*sorted(longer, key=len, reverse=True), *(f"{first}: {name}" for name in names[1:]), names[-1])


def day_words(moment: datetime, now: datetime) -> str:
    """A day as one says it: "Today", "Yesterday", "November 8", "October 30, 2025". Both in local time."""
    days = (now.date() - moment.date()).days
    if days == 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    words = f"{moment:%B} {moment.day}"
    return words if moment.year == now.year else f"{words}, {moment.year}"


def clock_words(moment: datetime) -> str:
    """ "6:12 PM", of a local time."""
    return f"{moment.hour % 12 or 12}:{moment:%M} {'PM' if moment.hour >= 12 else 'AM'}"
