"""A center of two locations with one of everything that rights depend on, and its people's PCs as messages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import TenantRow, derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat, ServiceOffered
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Family, Student, Tutor, TutorLocation
from shared_models.registry import tenant_classes
from shared_models.schedule.models import Attendee, ScheduleEntry
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import TableBatch
from sync_server.access.devices import token_hash
from sync_server.database import Database, raw_cursor
from sync_server.models import Account, Device
from sync_server.sync.push import answer_push
from tests.sync_server.access_rules.random_center import START


class SmallCenter:
    """Irvington and Tarrytown; Jakub teaches at both, for 30 an hour at Irvington and 25 otherwise; Nina Patel
    belongs to Irvington, Bo Silva to Tarrytown."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.organization_id = new_id()
        self.irvington, self.tarrytown = new_id(), new_id()
        own = {"organization_id": self.organization_id}
        with database.tenant(self.organization_id) as session:
            session.add(Organization(**own, id=self.organization_id, business_name="Hudson", time_zone="UTC"))
            session.flush()
            session.add_all(
                [
                    Location(**own, id=self.irvington, name="Irvington"),
                    Location(**own, id=self.tarrytown, name="Tarrytown"),
                ]
            )
        self.jakub_user = self.add(User(first_name="Jakub"))
        self.jakub = self.add(Tutor(user_id=self.jakub_user, hourly_pay_cents=2500))
        self.add(TutorLocation(tutor_id=self.jakub, location_id=self.irvington, hourly_pay_cents=3000))
        self.add(TutorLocation(tutor_id=self.jakub, location_id=self.tarrytown))
        self.service = self.add(Service(name="Private", format=ServiceFormat.PRIVATE))
        self.add(ServiceOffered(service_id=self.service, location_id=self.irvington, hourly_price_cents=9000))
        self.patel = self.add(
            Family(parent1_first_name="Asha", parent1_last_name="Patel", parent1_email="asha@patel.example")
        )
        self.silva = self.add(Family(parent1_first_name="Ana", parent1_last_name="Silva"))
        self.nina = self.add(Student(family_id=self.patel, location_id=self.irvington, first_name="Nina"))
        self.bo = self.add(Student(family_id=self.silva, location_id=self.tarrytown, first_name="Bo"))
        self.here = self.entry(self.irvington)
        self.there = self.entry(self.tarrytown)
        self.nina_here = self.add(Attendee(entry_id=self.here, student_id=self.nina))
        self.bo_there = self.add(Attendee(entry_id=self.there, student_id=self.bo))

    def add(self, row: TenantRow) -> str:
        """Add a row on the server; gives its id."""
        row.organization_id, row.id = self.organization_id, new_id()
        with self.database.tenant(self.organization_id) as session:
            session.add(row)
        return row.id

    def entry(self, location_id: str) -> str:
        """An hour of Jakub's."""
        end = START + timedelta(hours=1)
        return self.add(
            ScheduleEntry(
                location_id=location_id, service_id=self.service, tutor_id=self.jakub, starts_at=START, ends_at=end,
                blocked_until=end, hourly_price_cents=9000, hourly_pay_cents=3000,
            )
        )  # fmt: skip

    def person(self, *roles: Role, at: tuple[str, ...] = (), user_id: str = "", email: str = "") -> Pc:
        """A user with these roles and locations, at a PC."""
        user_id = user_id or self.add(User(first_name="Maya", email=email))
        for role in roles:
            own = {"organization_id": self.organization_id, "id": derived_id(user_id, role)}
            with self.database.tenant(self.organization_id) as session:
                session.add(UserRole(**own, user_id=user_id, role=role))
        for place in at:
            self.add(LocationAssignment(user_id=user_id, location_id=place))
        token = secrets.token_urlsafe(16)
        with self.database.routing() as session:
            account = Account(id=new_id(), email=f"{new_id()}@x.example", password_hash="")
            session.add(account)
            session.flush()
            device = Device(
                id=new_id(), organization_id=self.organization_id, account_id=account.id, user_id=user_id, name="PC",
                token_hash=token_hash(token),
            )  # fmt: skip
            session.add(device)
            device_id = device.id
        return Pc(self, user_id, device_id, token)

    def value(self, table: str, row_id: str, field: str) -> Any:
        """What the server holds in one field."""
        kind = tenant_classes()[table]
        with self.database.tenant(self.organization_id, read_only=True) as session:
            return session.scalar(select(getattr(kind, field)).where(kind.id == row_id))

    def clocks(self, table: str, row_id: str) -> dict[str, str]:
        """The stamps of a row."""
        with self.database.tenant(self.organization_id, read_only=True) as session, raw_cursor(session) as cursor:
            cursor.execute(f'SELECT field_clocks FROM "{table}" WHERE id = %s', (row_id,))
            found: dict[str, str] = cursor.fetchone()[0]
            return found


class Pc:
    """A user's PC, as far as it sends edits."""

    def __init__(self, center: SmallCenter, user_id: str, device_id: str, token: str) -> None:
        self.center, self.user_id, self.device_id, self.token = center, user_id, device_id, token

    def make(self, table: str, **values: FieldValue) -> str:
        """Send a new row with these fields; gives its id."""
        row_id = new_id()
        self.last = self._send(table, row_id, values, {"*": self.center.database.clock.tick()})
        return row_id

    def edit(self, table: str, row_id: str, **values: FieldValue) -> list[str]:
        """Send an edit of a row; gives the codes of refusals, none when it was taken."""
        stamp = self.center.database.clock.tick()
        self.last = self._send(table, row_id, values, {"*": "0" * 28, **dict.fromkeys(values, stamp)})
        return self.last

    def _send(
        self, table: str, row_id: str, values: Mapping[str, FieldValue], clocks: Mapping[str, str]
    ) -> list[str]:
        batch = TableBatch(
            table, tuple(values), [row_id], [orjson.dumps(clocks).decode()], [[value] for value in values.values()]
        )
        head, _ = answer_push(self.center.database, self.token, {"protocol": 1}, [batch])
        return [refused["code"] for refused in head["refused"]]
