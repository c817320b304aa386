"""Tables of users, their roles and the locations assigned to them (product §2)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, TenantRow, choice, not_blank, refers


class Role(StrEnum):
    """What a user is to the organization; a user holds a set of them."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    FRONT_DESK = "FRONT_DESK"
    TUTOR = "TUTOR"
    GUARDIAN = "GUARDIAN"


class User(TenantRow):
    """A person with a login; names, phone and e-mail of staff live here only."""

    __tablename__ = "user"
    constraints = (refers("organization_id", "organization"), not_blank("first_name"))

    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")


class UserRole(TenantRow):
    """One role of one user; its id derives from both, so that granting twice makes one row."""

    __tablename__ = "user_role"
    constraints = (refers("user_id", "user"), Index("ix_user_role_user", "organization_id", "user_id"))

    user_id: Mapped[str] = mapped_column(Id)
    role: Mapped[Role] = mapped_column(choice(Role))


class LocationAssignment(TenantRow):
    """A location that a user works at and sees; the owner sees every location without rows here."""

    __tablename__ = "location_assignment"
    constraints = (
        refers("user_id", "user"),
        refers("location_id", "location"),
        Index("ix_location_assignment_user", "organization_id", "user_id"),
    )

    user_id: Mapped[str] = mapped_column(Id)
    location_id: Mapped[str] = mapped_column(Id)
