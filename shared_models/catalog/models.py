"""Tables of services, subjects, topics and products (product §3)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Json, TenantRow, at_least, choice, not_blank, refers


class ServiceFormat(StrEnum):
    """How many learn together, and in what setting."""

    PRIVATE = "private"
    SEMI_PRIVATE = "semi_private"
    GROUP = "group"
    WORKSHOP = "workshop"
    CAMP = "camp"


class Level(StrEnum):
    """The level a service is meant for."""

    ELEMENTARY = "elementary"
    MIDDLE = "middle"
    HIGH = "high"
    TEST_PREP = "test_prep"


class ProductType(StrEnum):
    """What a marketed product is."""

    CLASS = "CLASS"
    WORKSHOP = "WORKSHOP"
    CAMP = "CAMP"


class Service(TenantRow):
    """A kind of lesson; the 23 standard ones are seeded, an organization adds its own (code then empty)."""

    __tablename__ = "service"
    constraints = (
        refers("organization_id", "organization"),
        not_blank("name"),
        at_least("default_capacity", 1),
    )

    code: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(Text)
    format: Mapped[ServiceFormat] = mapped_column(choice(ServiceFormat))
    level: Mapped[Level | None] = mapped_column(choice(Level))
    default_capacity: Mapped[int] = mapped_column(default=1)
    product_type: Mapped[ProductType | None] = mapped_column(choice(ProductType))
    position: Mapped[int] = mapped_column(default=0)


class ServiceOffered(TenantRow):
    """A service as one location offers it: hourly price in minor units, own name and description."""

    __tablename__ = "service_offered"
    constraints = (
        refers("service_id", "service"),
        refers("location_id", "location"),
        at_least("hourly_price_cents", 0),
        Index("ix_service_offered_location", "organization_id", "location_id"),
    )

    service_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
    hourly_price_cents: Mapped[int] = mapped_column(default=0)
    display_name: Mapped[str] = mapped_column(Text, default="")
    description: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=True)


class Subject(TenantRow):
    """A subject such as Math; the 13 standard ones are seeded."""

    __tablename__ = "subject"
    constraints = (refers("organization_id", "organization"), not_blank("name"))

    name: Mapped[str] = mapped_column(Text)
    is_standard: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class Topic(TenantRow):
    """A topic of a subject, such as Algebra I."""

    __tablename__ = "topic"
    constraints = (refers("subject_id", "subject"), not_blank("name"))

    subject_id: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    is_standard: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class TopicOffered(TenantRow):
    """A topic that a location offers, with the description its website shows."""

    __tablename__ = "topic_offered"
    add_wins = True
    constraints = (refers("topic_id", "topic"), refers("location_id", "location"))

    topic_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
    description: Mapped[str] = mapped_column(Text, default="")


class Product(TenantRow):
    """A marketed class, workshop or camp; its price and dates come from the entries that carry it."""

    __tablename__ = "product"
    constraints = (
        refers("subject_id", "subject"),
        refers("topic_id", "topic"),
        refers("service_id", "service"),
        not_blank("name"),
    )

    type: Mapped[ProductType] = mapped_column(choice(ProductType))
    name: Mapped[str] = mapped_column(Text)
    theme: Mapped[str] = mapped_column(Text, default="")
    logo_hash: Mapped[str] = mapped_column(Text, default="")
    subject_id: Mapped[str | None] = mapped_column(Id)
    topic_id: Mapped[str | None] = mapped_column(Id)
    service_id: Mapped[str | None] = mapped_column(Id)
    description: Mapped[str] = mapped_column(Text, default="")
    syllabus: Mapped[str] = mapped_column(Text, default="")
    languages: Mapped[list[str]] = mapped_column(Json, default=list)
