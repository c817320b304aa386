"""Tables of the organization, its locations, rooms, opening hours and closures (product §2)."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Json, TenantRow, WallTime, at_least, choice, not_blank, refers


class Language(StrEnum):
    """Languages the organization can work in (product §2)."""

    ENGLISH = "en"
    FRENCH = "fr"


class Organization(TenantRow):
    """The tenant's own row: its id is its organization id."""

    __tablename__ = "organization"
    constraints = (
        CheckConstraint("id = organization_id", name="is_its_own_tenant"),
        not_blank("business_name"),
        at_least("default_buffer_minutes", 0),
        at_least("start_grid_minutes", 1),
    )

    business_name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text, default="")
    postal_code: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), default="US")
    time_zone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    default_buffer_minutes: Mapped[int] = mapped_column(default=15)
    language: Mapped[Language] = mapped_column(choice(Language), default=Language.ENGLISH)
    website_slug: Mapped[str] = mapped_column(Text, default="")
    session_durations_minutes: Mapped[list[int]] = mapped_column(Json, default=lambda: [60, 90, 120, 180, 360])
    start_grid_minutes: Mapped[int] = mapped_column(default=15)
    biweekly_allowed: Mapped[bool] = mapped_column(default=True)
    headline: Mapped[str] = mapped_column(Text, default="")
    about: Mapped[str] = mapped_column(Text, default="")
    brand_color: Mapped[str] = mapped_column(Text, default="")
    # base64 of a PNG within the limits of organization/brand.py; larger pictures come with the storage of files.
    logo_png: Mapped[str] = mapped_column(Text, default="")


class Location(TenantRow):
    """A place where the organization teaches; every organization has at least one, also when it is online only."""

    __tablename__ = "location"
    constraints = (
        refers("organization_id", "organization"),
        refers("manager_user_id", "user"),
        not_blank("name"),
    )

    name: Mapped[str] = mapped_column(Text)
    is_virtual: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text, default="")
    postal_code: Mapped[str] = mapped_column(Text, default="")
    county: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), default="US")
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    manager_user_id: Mapped[str | None] = mapped_column(Id)
    position: Mapped[int] = mapped_column(default=0)


class OpeningHours(TenantRow):
    """When a location is open on one weekday (Monday 0), as wall-clock times; no row, or archived, means closed."""

    __tablename__ = "opening_hours"
    constraints = (
        refers("location_id", "location"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_in_week"),
        CheckConstraint("opens < closes", name="opens_before_closes"),
        Index("ix_opening_hours_location", "organization_id", "location_id"),
    )

    location_id: Mapped[str] = mapped_column(Id)
    weekday: Mapped[int]
    opens: Mapped[time] = mapped_column(WallTime)
    closes: Mapped[time] = mapped_column(WallTime)


class Room(TenantRow):
    """A room of a location."""

    __tablename__ = "room"
    constraints = (
        refers("location_id", "location"),
        not_blank("name"),
        Index("ix_room_location", "organization_id", "location_id"),
    )

    location_id: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text, default="")
    floor: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)


class Closure(TenantRow):
    """Days on which a location, or with no location the whole organization, is closed; both days included."""

    __tablename__ = "closure"
    constraints = (
        refers("location_id", "location"),
        CheckConstraint("first_day <= last_day", name="first_day_before_last"),
    )

    location_id: Mapped[str | None] = mapped_column(Id)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, default="")
