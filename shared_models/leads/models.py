"""Tables of leads and of the contacts made with them (product §5)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant, TenantRow, choice, refers


class LeadSource(StrEnum):
    """How a lead came to us."""

    WEB = "WEB"
    WALK_IN = "WALK_IN"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    FACEBOOK = "FACEBOOK"
    INSTAGRAM = "INSTAGRAM"
    TIKTOK = "TIKTOK"
    OTHER = "OTHER"


class LeadStage(StrEnum):
    """Where a lead stands, in the order a lead goes through."""

    NEW = "NEW"
    CONTACT_ATTEMPTED = "CONTACT_ATTEMPTED"
    CONTACTED = "CONTACTED"
    FOLLOW_UP_ATTEMPTED = "FOLLOW_UP_ATTEMPTED"
    FOLLOWED_UP = "FOLLOWED_UP"
    COMMITTED = "COMMITTED"
    SCHEDULED = "SCHEDULED"
    ASSESSED = "ASSESSED"
    ACTIVE = "ACTIVE"
    COLD = "COLD"


class Temperature(StrEnum):
    """How likely the desk thinks the family is to come."""

    HOT = "HOT"
    WARM = "WARM"
    COLD = "COLD"


class ContactMethod(StrEnum):
    """By what means someone was reached, or was tried."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    DM = "DM"


class ContactOutcome(StrEnum):
    """What came of a contact."""

    ANSWERED = "ANSWERED"
    NOT_ANSWERED = "NOT_ANSWERED"
    SENT = "SENT"


class ReasonLost(StrEnum):
    """Why a lead did not become a family."""

    PRICE = "PRICE"
    TIMING = "TIMING"
    NO_RESPONSE = "NO_RESPONSE"
    WENT_ELSEWHERE = "WENT_ELSEWHERE"
    OTHER = "OTHER"


class Lead(TenantRow):
    """One enquiry. A new one has stage New and nothing set beyond what was entered."""

    __tablename__ = "lead"
    long_texts = frozenset({"notes"})
    constraints = (
        refers("owner_user_id", "user"),
        refers("location_id", "location"),
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        refers("family_id", "family"),
        Index("ix_lead_stage", "organization_id", "stage"),
        Index("ix_lead_family", "organization_id", "family_id"),
    )

    created_at: Mapped[datetime] = mapped_column(Instant)
    source: Mapped[LeadSource] = mapped_column(choice(LeadSource), default=LeadSource.OTHER)
    stage: Mapped[LeadStage] = mapped_column(choice(LeadStage), default=LeadStage.NEW)
    parent_first_name: Mapped[str] = mapped_column(Text, default="")
    parent_last_name: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    student_first_name: Mapped[str] = mapped_column(Text, default="")
    student_last_name: Mapped[str] = mapped_column(Text, default="")
    grade: Mapped[str] = mapped_column(Text, default="")
    subject_id: Mapped[str | None] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)
    wanted: Mapped[str] = mapped_column(Text, default="")
    message: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    temperature: Mapped[Temperature | None] = mapped_column(choice(Temperature))
    owner_user_id: Mapped[str | None] = mapped_column(Id)
    location_id: Mapped[str | None] = mapped_column(Id)
    last_contact_method: Mapped[ContactMethod | None] = mapped_column(choice(ContactMethod))
    last_contact_at: Mapped[datetime | None] = mapped_column(Instant)
    call_back_on: Mapped[date | None] = mapped_column(Date)
    reason_lost: Mapped[ReasonLost | None] = mapped_column(choice(ReasonLost))
    family_id: Mapped[str | None] = mapped_column(Id)


class LeadContact(TenantRow):
    """One contact with a lead, or one try; a ledger: rows are added, never changed."""

    __tablename__ = "lead_contact"
    append_only = True
    constraints = (
        refers("lead_id", "lead"),
        refers("user_id", "user"),
        Index("ix_lead_contact_lead", "organization_id", "lead_id"),
    )

    lead_id: Mapped[str] = mapped_column(Id)
    user_id: Mapped[str | None] = mapped_column(Id)
    happened_at: Mapped[datetime] = mapped_column(Instant)
    method: Mapped[ContactMethod] = mapped_column(choice(ContactMethod))
    outcome: Mapped[ContactOutcome] = mapped_column(choice(ContactOutcome))
    stage_before: Mapped[LeadStage] = mapped_column(choice(LeadStage, "stage_before"))
    stage_after: Mapped[LeadStage] = mapped_column(choice(LeadStage, "stage_after"))
    note: Mapped[str] = mapped_column(Text, default="")
