"""A center with a signed-in device, and a desk reduced to its messages: what travels is given in and read out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.sync.clocks import HybridClock
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack, unpack, wire_fields
from sync_server.access.devices import token_hash
from sync_server.database import Database
from sync_server.models import Device, Membership
from sync_server.sync.merge_sql import default_parameters
from sync_server.sync.sight import table_of
from tests.live_server import LiveServer, live_server, make_organization


def frames(stream: bytes) -> list[bytes]:
    """The messages in a stream."""
    found, place = [], 0
    while place < len(stream):
        length = int.from_bytes(stream[place : place + 4])
        found.append(stream[place + 4 : place + 4 + length])
        place += 4 + length
    return found


@dataclass
class BareDesk:
    """One device as the server sees it."""

    url: str
    token: str
    organization_id: str
    user_id: str
    device_id: str
    clock: HybridClock
    lineage: str | None = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.url, trust_env=False, timeout=60, headers={"Authorization": f"Bearer {self.token}"}
        )

    def hello(self, **more: Any) -> dict[str, Any]:
        answer = self.say_hello(**more)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        self.lineage = said["lineage"]
        return said

    def say_hello(self, **more: Any) -> httpx.Response:
        return self.http.post("/api/v1/sync/hello", json={"protocols": [2, 1], "lineage": self.lineage} | more)

    def send(self, batches: Sequence[TableBatch], **more: Any) -> httpx.Response:
        head = {"protocol": 2, "lineage": self.lineage} | more
        return self.http.post(
            "/api/v1/sync/push", content=pack(head, batches), headers={"Content-Type": CONTENT_TYPE}
        )

    def push(self, *batches: TableBatch, **more: Any) -> tuple[dict[str, Any], list[TableBatch]]:
        answer = self.send(batches, **more)
        assert answer.status_code == 200, answer.text
        head, standing = unpack(answer.content)
        self.lineage = head.get("lineage", self.lineage)
        return head, standing

    def pages(self, after: int = 0, **more: Any) -> list[tuple[dict[str, Any], list[TableBatch]]]:
        answer = self.http.get("/api/v1/sync/pull", params={"protocol": 2, "after": after} | more)
        assert answer.status_code == 200, answer.text
        return [unpack(frame) for frame in ([answer.content] if "limit" in more else frames(answer.content))]

    def rows(self, table: str, after: int = 0, **more: Any) -> dict[str, dict[str, FieldValue]]:
        """A table as it was pulled, by id."""
        return {
            row_id: dict(zip(batch.fields, values, strict=True))
            for _, batches in self.pages(after, **more)
            for batch in batches
            if batch.table == table
            for row_id, values in zip(batch.ids, batch.rows(), strict=True)
        }

    def created(self) -> str:
        """The clocks of a row that is made now."""
        return orjson.dumps({"*": self.clock.tick()}).decode()

    def new(self, table: str, row_id: str | None = None, **values: FieldValue) -> TableBatch:
        """A new row with all its fields, as a desk sends it."""
        definition = table_of(table)
        fields = wire_fields(definition)
        blank = {name.removeprefix("d_"): value for name, value in default_parameters(definition, ()).items()}
        row = {name: _wire(blank.get(name)) for name in fields} | values
        return TableBatch(table, fields, [row_id or new_id()], [self.created()], [[row[name]] for name in fields])

    def edit(self, batch: TableBatch, **values: FieldValue) -> TableBatch:
        """An edit of the first row of a batch."""
        stamp = self.clock.tick()
        clocks = orjson.loads(batch.clocks[0]) | dict.fromkeys(values, stamp)
        return TableBatch(
            batch.table,
            tuple(values),
            batch.ids[:1],
            [orjson.dumps(clocks).decode()],
            [[value] for value in values.values()],
        )


def _wire(value: Any) -> FieldValue:
    return int(value) if isinstance(value, bool) else getattr(value, "value", value)


def joined(batches: Sequence[TableBatch]) -> TableBatch:
    """Batches of the same fields as one."""
    first = batches[0]
    return TableBatch(
        first.table,
        first.fields,
        [row_id for batch in batches for row_id in batch.ids],
        [clocks for batch in batches for clocks in batch.clocks],
        [[value for batch in batches for value in batch.columns[place]] for place in range(len(first.fields))],
    )


def add_device(database: Database, organization_id: str, user_id: str, account_id: str) -> tuple[str, str]:
    """A signed-in device; its token and id."""
    token, device_id = secrets.token_urlsafe(32), new_id()
    with database.routing() as session:
        session.add(
            Device(
                id=device_id, organization_id=organization_id, account_id=account_id, user_id=user_id, name="PC",
                token_hash=token_hash(token),
            )
        )  # fmt: skip
    return token, device_id


@dataclass
class Center:
    """An organization on a running server."""

    database: Database
    server: LiveServer
    organization_id: str
    owner_id: str
    account_id: str

    def desk(self, user_id: str | None = None) -> BareDesk:
        user_id = user_id or self.owner_id
        token, device_id = add_device(self.database, self.organization_id, user_id, self.account_id)
        desk = BareDesk(self.server.url, token, self.organization_id, user_id, device_id, HybridClock(device_id))
        _OPEN.append(desk)
        return desk

    def user(self, *roles: Role, locations: Sequence[str] = ()) -> str:
        """A further user with these roles and assigned locations."""
        user_id = new_id()
        own = {"organization_id": self.organization_id}
        with self.database.tenant(self.organization_id) as session:
            session.add(User(**own, id=user_id, first_name="Sam", last_name="Lee", email=f"{user_id}@x.example"))
            session.flush()
            for role in roles:
                session.add(UserRole(**own, id=derived_id(user_id, role), user_id=user_id, role=role))
            for location_id in locations:
                session.add(LocationAssignment(**own, id=new_id(), user_id=user_id, location_id=location_id))
        return user_id


_OPEN: list[BareDesk] = []


def make_center(database: Database, server: LiveServer) -> Center:
    """A fresh organization."""
    organization_id, _, _ = make_organization(database)
    with database.routing() as session:
        member = session.scalars(select(Membership).where(Membership.organization_id == organization_id)).one()
        return Center(database, server, organization_id, member.user_id, member.account_id)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def center(database: Database, server: LiveServer) -> Iterator[Center]:
    yield make_center(database, server)
    while _OPEN:
        _OPEN.pop().http.close()


def values_of(rows: Mapping[str, Mapping[str, FieldValue]], row_id: str, *names: str) -> tuple[FieldValue, ...]:
    """Some fields of one row."""
    return tuple(rows[row_id][name] for name in names)
