"""Tables of tutors with their availability, of families with their students (product §2), and of who looked at their
health fields."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant, TenantRow, WallTime, at_least, choice, not_blank, refers


class PrimaryContact(StrEnum):
    """Which parent is called first."""

    PARENT_1 = "PARENT_1"
    PARENT_2 = "PARENT_2"


class LessonMode(StrEnum):
    """Where a student learns."""

    IN_PERSON = "IN_PERSON"
    ONLINE = "ONLINE"


class Tutor(TenantRow):
    """A tutor's profile; the person is a user. Pay is hourly in minor units; priority 1 is the first choice."""

    __tablename__ = "tutor"
    constraints = (refers("user_id", "user"), at_least("hourly_pay_cents", 0), at_least("priority", 1))

    user_id: Mapped[str] = mapped_column(Id)
    bio: Mapped[str] = mapped_column(Text, default="")
    photo_hash: Mapped[str] = mapped_column(Text, default="")
    hourly_pay_cents: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=1)
    is_active: Mapped[bool] = mapped_column(default=True)


class TutorLocation(TenantRow):
    """A location where a tutor teaches, with its own hourly pay where that differs."""

    __tablename__ = "tutor_location"
    add_wins = True
    constraints = (
        refers("tutor_id", "tutor"),
        refers("location_id", "location"),
        Index("ix_tutor_location_tutor", "organization_id", "tutor_id"),
    )

    tutor_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
    hourly_pay_cents: Mapped[int | None]


class TutorSubject(TenantRow):
    """A subject, or one topic of it, that a tutor teaches."""

    __tablename__ = "tutor_subject"
    add_wins = True
    constraints = (
        refers("tutor_id", "tutor"),
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        Index("ix_tutor_subject_tutor", "organization_id", "tutor_id"),
    )

    tutor_id: Mapped[str] = mapped_column(Id)
    subject_id: Mapped[str] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)


class TutorAvailability(TenantRow):
    """Weekly hours, wall clock, in which a tutor can teach; with no location, at any of the tutor's locations."""

    __tablename__ = "tutor_availability"
    constraints = (
        refers("tutor_id", "tutor"),
        refers("location_id", "location"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_in_week"),
        CheckConstraint("starts < ends", name="starts_before_ends"),
        Index("ix_tutor_availability_tutor", "organization_id", "tutor_id"),
    )

    tutor_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str | None] = mapped_column(Id)
    weekday: Mapped[int]
    starts: Mapped[time] = mapped_column(WallTime)
    ends: Mapped[time] = mapped_column(WallTime)


class TutorException(TenantRow):
    """One date on which the weekly hours do not hold: open at these hours, or not available at all."""

    __tablename__ = "tutor_exception"
    constraints = (
        refers("tutor_id", "tutor"),
        refers("location_id", "location"),
        CheckConstraint("NOT is_available OR (starts < ends)", name="hours_when_available"),
    )

    tutor_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str | None] = mapped_column(Id)
    on_date: Mapped[date] = mapped_column(Date)
    is_available: Mapped[bool]
    starts: Mapped[time | None] = mapped_column(WallTime)
    ends: Mapped[time | None] = mapped_column(WallTime)


class TutorTimeOff(TenantRow):
    """Days, both included, on which a tutor does not teach; overrides everything else."""

    __tablename__ = "tutor_time_off"
    constraints = (
        refers("tutor_id", "tutor"),
        CheckConstraint("first_day <= last_day", name="first_day_before_last"),
    )

    tutor_id: Mapped[str] = mapped_column(Id)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, default="")


class Family(TenantRow):
    """Up to two parents of the students that refer to it; parent 1's name is required."""

    __tablename__ = "family"
    long_texts = frozenset({"notes"})
    constraints = (
        refers("organization_id", "organization"),
        not_blank("parent1_first_name"),
        not_blank("parent1_last_name"),
        Index("ix_family_name", "organization_id", "parent1_last_name"),
    )

    parent1_first_name: Mapped[str] = mapped_column(Text)
    parent1_last_name: Mapped[str] = mapped_column(Text)
    parent1_phone: Mapped[str] = mapped_column(Text, default="")
    parent1_email: Mapped[str] = mapped_column(Text, default="")
    parent1_address: Mapped[str] = mapped_column(Text, default="")
    parent1_city: Mapped[str] = mapped_column(Text, default="")
    parent1_state: Mapped[str] = mapped_column(Text, default="")
    parent1_postal_code: Mapped[str] = mapped_column(Text, default="")
    parent1_county: Mapped[str] = mapped_column(Text, default="")
    parent2_first_name: Mapped[str] = mapped_column(Text, default="")
    parent2_last_name: Mapped[str] = mapped_column(Text, default="")
    parent2_phone: Mapped[str] = mapped_column(Text, default="")
    parent2_email: Mapped[str] = mapped_column(Text, default="")
    parent2_address: Mapped[str] = mapped_column(Text, default="")
    parent2_city: Mapped[str] = mapped_column(Text, default="")
    parent2_state: Mapped[str] = mapped_column(Text, default="")
    parent2_postal_code: Mapped[str] = mapped_column(Text, default="")
    parent2_county: Mapped[str] = mapped_column(Text, default="")
    primary_contact: Mapped[PrimaryContact] = mapped_column(choice(PrimaryContact), default=PrimaryContact.PARENT_1)
    notes: Mapped[str] = mapped_column(Text, default="")
    registered_on: Mapped[date | None] = mapped_column(Date)


class Student(TenantRow):
    """A child who learns here: exactly one family and one location. Health fields are sensitive (product §9)."""

    __tablename__ = "student"
    long_texts = frozenset({"notes", "behavior_notes"})
    constraints = (
        refers("family_id", "family"),
        refers("location_id", "location"),
        not_blank("first_name"),
        Index("ix_student_family", "organization_id", "family_id"),
        Index("ix_student_location", "organization_id", "location_id"),
    )

    family_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    date_of_birth: Mapped[date | None] = mapped_column(Date)
    school: Mapped[str] = mapped_column(Text, default="")
    grade: Mapped[str] = mapped_column(Text, default="")
    lesson_mode: Mapped[LessonMode] = mapped_column(choice(LessonMode), default=LessonMode.IN_PERSON)
    hearing_ok: Mapped[bool | None]
    vision_ok: Mapped[bool | None]
    medical_conditions: Mapped[str] = mapped_column(Text, default="")
    allergies: Mapped[str] = mapped_column(Text, default="")
    has_iep: Mapped[bool | None]
    behavior_notes: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=True)


class StudentSubject(TenantRow):
    """One of up to three subjects a student needs help with; rank 1 matters most."""

    __tablename__ = "student_subject"
    add_wins = True
    constraints = (
        refers("student_id", "student"),
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        CheckConstraint("rank BETWEEN 1 AND 3", name="rank_one_to_three"),
        Index("ix_student_subject_student", "organization_id", "student_id"),
    )

    student_id: Mapped[str] = mapped_column(Id)
    rank: Mapped[int]
    subject_id: Mapped[str] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)


class HealthAccess(TenantRow):
    """That someone looked at a student's health fields (product §9). A ledger: rows are added and never changed."""

    __tablename__ = "health_access"
    append_only = True
    constraints = (
        refers("student_id", "student"),
        refers("user_id", "user"),
        Index("ix_health_access_student", "organization_id", "student_id"),
    )

    student_id: Mapped[str] = mapped_column(Id)
    user_id: Mapped[str | None] = mapped_column(Id)
    looked_at: Mapped[datetime] = mapped_column(Instant)
