"""Tables of the schedule: series, schedule entries, their attendees and rooms, accepted conflicts (product §4)."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant, Json, TenantRow, WallTime, at_least, choice, refers
from shared_models.schedule.conflicts import ConflictKind


class SeriesPattern(StrEnum):
    """How a series repeats."""

    WEEKLY = "WEEKLY"
    DAILY = "DAILY"


class EntryStatus(StrEnum):
    """The life of a schedule entry (product §4, "Lifecycle")."""

    PENDING_PAYMENT = "PENDING_PAYMENT"
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


class Attendance(StrEnum):
    """Whether an attendee came."""

    PRESENT = "PRESENT"
    LATE = "LATE"
    ABSENT = "ABSENT"
    EXCUSED = "EXCUSED"


class ToTell(StrEnum):
    """Who is to hear that an entry was cancelled or rescheduled (product §4, "Edits")."""

    FAMILIES = "families"
    TUTOR = "tutor"


class Series(TenantRow):
    """The rule by which entries were made, in wall-clock time of the organization, and what each of them is.

    `weekdays` lists Monday 0 to Sunday 6; `daily_hours` maps an ISO date to `["09:00", minutes]` where a day of a
    camp differs; `skipped_days` lists ISO dates left out. Either `last_day` or `occurrence_count` bounds it.
    `imported_uid` is the UID of the calendar event it came from, `imported_as` a fingerprint of what the event said:
    as long as the row still says the same, nobody has edited it here.
    """

    __tablename__ = "series"
    constraints = (
        refers("location_id", "location"),
        refers("service_id", "service"),
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        refers("product_id", "product"),
        refers("tutor_id", "tutor"),
        at_least("interval_weeks", 1),
        at_least("duration_minutes", 1),
        at_least("occurrence_count", 1),
        at_least("capacity", 1),
        CheckConstraint("last_day IS NOT NULL OR occurrence_count IS NOT NULL", name="is_bounded"),
    )

    pattern: Mapped[SeriesPattern] = mapped_column(choice(SeriesPattern))
    weekdays: Mapped[list[int]] = mapped_column(Json, default=list)
    interval_weeks: Mapped[int] = mapped_column(default=1)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    occurrence_count: Mapped[int | None]
    start_time: Mapped[time] = mapped_column(WallTime)
    duration_minutes: Mapped[int]
    has_buffer: Mapped[bool] = mapped_column(default=True)
    skips_closures: Mapped[bool] = mapped_column(default=True)
    daily_hours: Mapped[dict[str, list[str | int]]] = mapped_column(Json, default=dict)
    skipped_days: Mapped[list[str]] = mapped_column(Json, default=list)
    location_id: Mapped[str] = mapped_column(Id)
    service_id: Mapped[str] = mapped_column(Id)
    subject_id: Mapped[str | None] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)
    product_id: Mapped[str | None] = mapped_column(Id)
    tutor_id: Mapped[str | None] = mapped_column(Id)
    capacity: Mapped[int] = mapped_column(default=1)
    is_online: Mapped[bool] = mapped_column(default=False)
    imported_uid: Mapped[str] = mapped_column(Text, default="")
    imported_as: Mapped[str] = mapped_column(Text, default="")


class ScheduleEntry(TenantRow):
    """One block on the calendar. The buffer lies between `ends_at` and `blocked_until` (product §4).

    `people_to_tell` names who is to hear of a cancellation (values of ToTell), `rescheduled_to_id` the entry that
    takes this one's place.
    """

    __tablename__ = "schedule_entry"
    long_texts = frozenset({"notes", "report_done", "report_homework", "report_next_steps"})
    constraints = (
        refers("series_id", "series"),
        refers("location_id", "location"),
        refers("service_id", "service"),
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        refers("product_id", "product"),
        refers("tutor_id", "tutor"),
        refers("rescheduled_to_id", "schedule_entry"),
        refers("cancelled_by_user_id", "user"),
        CheckConstraint("starts_at < ends_at", name="starts_before_ends"),
        CheckConstraint("ends_at <= blocked_until", name="blocked_after_end"),
        at_least("capacity", 1),
        at_least("hourly_price_cents", 0),
        at_least("hourly_pay_cents", 0),
        # Covering, like those of attendees and rooms: who is taken when is answered without reading the rows, which
        # are ten times as large and encrypted.
        Index(
            "ix_schedule_entry_starts",
            "organization_id",
            "starts_at",
            "blocked_until",
            "ends_at",
            "tutor_id",
            "location_id",
            "status",
            "archived_at",
            "id",
        ),
        Index("ix_schedule_entry_tutor", "organization_id", "tutor_id", "starts_at"),
        Index("ix_schedule_entry_series", "organization_id", "series_id"),
    )

    fields_together: ClassVar[tuple[frozenset[str], ...]] = (
        frozenset({"starts_at", "ends_at", "blocked_until"}),
        frozenset(
            {
                "status", "cancelled_by_user_id", "cancelled_at", "cancel_reason", "people_to_tell",
                "rescheduled_to_id",
            }
        ),
    )  # fmt: skip
    """Fields that make sense only together: undo leaves all of them when someone has changed one since."""

    series_id: Mapped[str | None] = mapped_column(Id)
    series_day: Mapped[date | None] = mapped_column(Date)
    location_id: Mapped[str] = mapped_column(Id)
    service_id: Mapped[str] = mapped_column(Id)
    subject_id: Mapped[str | None] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)
    product_id: Mapped[str | None] = mapped_column(Id)
    tutor_id: Mapped[str | None] = mapped_column(Id)
    capacity: Mapped[int] = mapped_column(default=1)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime] = mapped_column(Instant)
    is_online: Mapped[bool] = mapped_column(default=False)
    status: Mapped[EntryStatus] = mapped_column(choice(EntryStatus), default=EntryStatus.SCHEDULED)
    cancelled_by_user_id: Mapped[str | None] = mapped_column(Id)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_reason: Mapped[str] = mapped_column(Text, default="")
    people_to_tell: Mapped[list[str]] = mapped_column(Json, default=list)
    rescheduled_to_id: Mapped[str | None] = mapped_column(Id)
    hourly_price_cents: Mapped[int] = mapped_column(default=0)
    hourly_pay_cents: Mapped[int] = mapped_column(default=0)
    web_link: Mapped[str] = mapped_column(Text, default="")
    needs_projector: Mapped[bool] = mapped_column(default=False)
    supplies: Mapped[str] = mapped_column(Text, default="")
    other_resources: Mapped[str] = mapped_column(Text, default="")
    report_done: Mapped[str] = mapped_column(Text, default="")
    report_homework: Mapped[str] = mapped_column(Text, default="")
    report_next_steps: Mapped[str] = mapped_column(Text, default="")
    report_is_shared: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    imported_uid: Mapped[str] = mapped_column(Text, default="")
    imported_as: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_sound(self) -> bool:
        """Whether the times follow each other as the table demands."""
        return self.starts_at < self.ends_at <= self.blocked_until


class Attendee(TenantRow):
    """A student at an entry; the id derives from both, so that adding twice makes one row."""

    __tablename__ = "attendee"
    add_wins = True
    constraints = (
        refers("entry_id", "schedule_entry"),
        refers("student_id", "student"),
        Index("ix_attendee_entry", "organization_id", "entry_id", "student_id", "archived_at"),
        Index("ix_attendee_student", "organization_id", "student_id", "entry_id", "archived_at"),
    )

    entry_id: Mapped[str] = mapped_column(Id)
    student_id: Mapped[str] = mapped_column(Id)
    attendance: Mapped[Attendance | None] = mapped_column(choice(Attendance))
    attendance_at: Mapped[datetime | None] = mapped_column(Instant)


class EntryRoom(TenantRow):
    """A room that an entry takes; the id derives from both."""

    __tablename__ = "entry_room"
    add_wins = True
    constraints = (
        refers("entry_id", "schedule_entry"),
        refers("room_id", "room"),
        Index("ix_entry_room_entry", "organization_id", "entry_id", "room_id", "archived_at"),
        Index("ix_entry_room_room", "organization_id", "room_id", "entry_id", "archived_at"),
    )

    entry_id: Mapped[str] = mapped_column(Id)
    room_id: Mapped[str] = mapped_column(Id)


class ConflictAcceptance(TenantRow):
    """A conflict that someone has looked at and lives with; the id derives from its kind and both entries.

    `fingerprint` is what both entries held at that moment: when it differs from what they hold now, the acceptance
    has lapsed. Archived means withdrawn. The first entry is the one with the smaller id.
    """

    __tablename__ = "conflict_acceptance"
    constraints = (
        refers("first_entry_id", "schedule_entry"),
        refers("second_entry_id", "schedule_entry"),
        refers("accepted_by_user_id", "user"),
        Index("ix_conflict_acceptance_first", "organization_id", "first_entry_id"),
        Index("ix_conflict_acceptance_second", "organization_id", "second_entry_id"),
    )

    kind: Mapped[ConflictKind] = mapped_column(choice(ConflictKind))
    first_entry_id: Mapped[str] = mapped_column(Id)
    second_entry_id: Mapped[str] = mapped_column(Id)
    accepted_by_user_id: Mapped[str | None] = mapped_column(Id)
    accepted_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(Text)
