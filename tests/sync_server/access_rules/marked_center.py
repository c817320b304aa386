"""A center in which every value that can be told from others is one of its own, so that it can be searched for in
what leaves the server; with a signed-in PC for each role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, String, Text
from sqlalchemy import Enum as SqlEnum

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import Instant, derived_id, new_id
from shared_models.people.models import Family, Tutor
from sync_server.access.devices import token_hash
from sync_server.database import Database
from sync_server.models import Account, Device, OrganizationRoute
from tests.sync_server.access_rules.random_center import START, RandomCenter

UNMARKED = {"weekday", "rank", "sha256"}
BEHIND = {"ends_at": 1, "blocked_until": 2, "last_day": 1, "occurrence_count": 0}


@dataclass(frozen=True, slots=True)
class Desk:
    """A PC at which somebody is signed in."""

    role: Role
    user_id: str
    device_id: str
    token: str
    headers: dict[str, str]


class MarkedCenter(RandomCenter):
    """A random center whose texts, numbers, days and moments occur once."""

    def __init__(self, database: Database, seed: int) -> None:
        self.counter = 0
        self.marks: dict[tuple[str, str, str], str] = {}
        super().__init__(database, seed)
        self.slug = f"marked-{self.organization_id[-12:]}"
        with database.routing() as session:
            session.add(OrganizationRoute(slug=self.slug, organization_id=self.organization_id))

    def row(self, name: str) -> dict[str, Any]:
        self.counter += 10
        values = super().row(name)
        for field, value in values.items():
            mark = _mark(value)
            if mark is not None and field != "archived_at":
                self.marks[name, values["id"], field] = mark
        return values

    def _plain(self, name: str, column: Column[Any], shift: int) -> Any:
        kind = column.type
        if isinstance(kind, (SqlEnum, Boolean)) or column.name in UNMARKED or getattr(kind, "length", None):
            return super()._plain(name, column, shift)
        if isinstance(kind, (Text, String)):
            return f"{name}/{column.name}/{self.counter}/{column.table.c.keys().index(column.name)}/"
        if isinstance(kind, Date):
            return date(2031, 1, 1) + timedelta(days=self.counter + BEHIND.get(column.name, 0))
        if isinstance(kind, Instant):
            return START + timedelta(minutes=self.counter + BEHIND.get(column.name, 0), seconds=self._place(column))
        if isinstance(kind, Integer):
            return 70_000_000 + self.counter * 100 + self._place(column)
        return super()._plain(name, column, shift)

    def _place(self, column: Column[Any]) -> int:
        return list(column.table.c.keys()).index(column.name)

    def sign_in(self, role: Role) -> Desk:
        """A user who has this role alone, at the first location, with a PC."""
        user_id, device_id, token = new_id(), new_id(), secrets.token_urlsafe(16)
        own = {"organization_id": self.organization_id}
        with self.database.tenant(self.organization_id) as session:
            session.add(User(**own, id=user_id, first_name="Signed", email=f"{user_id}@parents.example"))
            session.flush()
            session.add(UserRole(**own, id=derived_id(user_id, role), user_id=user_id, role=role))
            if role in (Role.ADMIN, Role.FRONT_DESK):
                place = self.ids["location"][0]
                session.add(LocationAssignment(**own, user_id=user_id, location_id=place))
            if role is Role.TUTOR:
                tutor = session.get_one(Tutor, (self.organization_id, self.ids["tutor"][0]))
                tutor.user_id, tutor.archived_at = user_id, None
            if role is Role.GUARDIAN:
                family = session.get_one(Family, (self.organization_id, self.ids["family"][0]))
                family.parent1_email, family.archived_at = f"{user_id}@parents.example", None
        with self.database.routing() as session:
            account = Account(id=new_id(), email=f"{user_id}@x.example", password_hash="")
            session.add(account)
            session.flush()
            session.add(
                Device(
                    id=device_id, organization_id=self.organization_id, account_id=account.id, user_id=user_id,
                    name="PC", token_hash=token_hash(token),
                )
            )  # fmt: skip
        return Desk(role, user_id, device_id, token, {"Authorization": f"Bearer {token}"})


def _mark(value: Any) -> str | None:
    """How a value that occurs once is written in an answer."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value) if value >= 70_000_000 else None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) and value.count("/") == 4 else None
