"""A simulated world for the sync: a seed drives real desktop stores against the real server code on a real database,
over a network that loses requests and answers and repeats them, with processes killed between steps, clocks that are
wrong, and roles that change. A failing seed replays exactly.

What must hold after quiet syncs: every store equals the server, every field has the value of its latest edit, and
nothing is left unsent.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Table, text

from desktop.store.store import Store
from desktop.sync.client import PulledPage, PushAnswer, RefusedRow, SyncClient, Unreachable
from desktop.sync.exchange import exchange
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id
from shared_models.leads.models import Lead, LeadStage, Temperature
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Family, Student
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import SERVER_DEVICE, HybridClock, clock_of
from shared_models.sync.wire import TableBatch, pack, postgres_reading, unpack, wire_fields
from sync_server.access.devices import DeviceIdentity, roles_of
from sync_server.database import Database
from sync_server.sync.pull import read_page
from sync_server.sync.push import apply_push

START = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
TABLES = ("organization", "location", "room", "family", "student", "lead", "user", "user_role")
_NAMES = ("Ana", "Björn", "Chloé", "Łukasz", "Thảo", "Wei", "Zoë", "O'Brien", "李", "‏נועה")


class Killed(BaseException):
    """The desktop's process ends here, without any clean-up."""


@dataclass
class Network:
    """Decides the fate of each message. `calm` delivers everything once."""

    draw: random.Random
    calm: bool = False

    def passes(self) -> bool:
        """Whether a message arrives."""
        return self.calm or self.draw.random() > 0.15

    def repeats(self) -> bool:
        """Whether a request arrives twice."""
        return not self.calm and self.draw.random() < 0.1

    def kills(self) -> bool:
        """Whether the desktop's process ends at this point."""
        return not self.calm and self.draw.random() < 0.04


class SimulatedClient(SyncClient):
    """Calls the server's own code through the wire format, as the network allows."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world, self._desk = world, desk

    def close(self) -> None:
        """Nothing is open."""

    def push(self, batches: Sequence[TableBatch]) -> PushAnswer:
        """As over HTTP: pack, lose, repeat, merge, answer, lose."""
        network = self._world.network
        self._die_or_drop()
        body = pack({"protocol": 1}, batches)
        answer = self._world.serve_push(self._desk, body)
        if network.repeats():
            answer = self._world.serve_push(self._desk, body)
        self._die_or_drop()
        head, standing = unpack(answer)
        refused = [RefusedRow(row["table"], row["id"], row["reason"]) for row in head["refused"]]
        return PushAnswer(refused, standing)

    def pull(self, after: int, limit: int) -> PulledPage:
        """A page of a random size, which may be lost on its way."""
        self._die_or_drop()
        answer = self._world.serve_pull(self._desk, after, self._world.draw.choice((1, 3, 10, limit)))
        self._die_or_drop()
        head, batches = unpack(answer)
        return PulledPage(head["next"], head["more"], batches)

    def _die_or_drop(self) -> None:
        if self._world.network.kills():
            raise Killed
        if not self._world.network.passes():
            raise Unreachable("lost on its way")


@dataclass
class Desk:
    """One PC: its folder, its open store, and how wrong its clock is."""

    folder: Path
    user_id: str
    skew_milliseconds: int
    store: Store
    device_id: str


@dataclass
class World:
    """Everything a seed drives. `story` tells in words what happened, to replay and to read."""

    seed: int
    database: Database
    folder: Path
    template: Path
    draw: random.Random = field(init=False)
    network: Network = field(init=False)
    desks: list[Desk] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    latest: dict[tuple[str, str, str], tuple[str, Any]] = field(default_factory=dict)
    """The clock and value of the latest edit of each field that any desk has saved."""
    refused: set[tuple[str, str]] = field(default_factory=set)
    now_milliseconds: int = field(default_factory=lambda: int(START.timestamp() * 1000))

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.network = Network(self.draw)
        self.database.clock = HybridClock(SERVER_DEVICE, lambda: self.now_milliseconds)
        self.database.recorder.clock = self.database.clock
        self.organization_id = self._new_id()
        self.users = [self._new_id() for _ in range(2)]
        self._make_organization()
        for number in range(self.draw.randint(2, 4)):
            self._add_desk(number)

    # the server

    def serve_push(self, desk: Desk, body: bytes) -> bytes:
        """What the push endpoint does, without HTTP."""
        head, batches = unpack(body)
        assert head["protocol"] == 1
        device = DeviceIdentity(self.organization_id, desk.user_id, desk.device_id)
        with self.database.tenant(self.organization_id, device.actor) as session:
            roles = roles_of(session, self.organization_id, desk.user_id)
            result = apply_push(session, device, roles, batches)
        refused = [{"table": r.table, "id": r.row_id, "reason": r.reason} for r in result.refused]
        self.refused |= {(r.table, r.row_id) for r in result.refused}
        return pack({"refused": refused}, result.standing)

    def serve_pull(self, desk: Desk, after: int, limit: int) -> bytes:
        """What the pull endpoint does, without HTTP."""
        with self.database.tenant(self.organization_id, read_only=True) as session:
            roles = roles_of(session, self.organization_id, desk.user_id)
            page = read_page(session, self.organization_id, roles, after, limit)
        return pack({"next": page.next_cursor, "more": page.has_more}, page.batches)

    # the story

    def run(self, steps: int) -> None:
        """Do that many random steps."""
        actions: list[tuple[int, Callable[[Desk], None]]] = [
            (10, self._edit_lead),
            (5, self._add_lead),
            (3, self._add_family),
            (3, self._edit_family),
            (2, self._edit_organization),
            (2, self._same_room),
            (12, self._sync),
            (2, self._restart),
            (2, self._undo),
            (1, self._write_on_server),
            (1, self._change_roles),
        ]
        weights = [weight for weight, _ in actions]
        for _ in range(steps):
            self.now_milliseconds += self.draw.randint(0, 5000)
            desk = self.draw.choice(self.desks)
            _, action = self.draw.choices(actions, weights)[0]
            self.story.append(f"desk {self.desks.index(desk)}: {action.__name__.strip('_')}")
            action(desk)

    def settle(self) -> None:
        """The network calms down and everybody syncs until nothing is left to say."""
        self.network.calm = True
        for _ in range(3):
            for desk in self.desks:
                self._sync(desk)

    def close(self) -> None:
        """Let go of the files."""
        for desk in self.desks:
            desk.store.close()

    def _write(self, desk: Desk, work: Callable[[Any], Any], description: str | None = None) -> None:
        with desk.store.write(description) as session:
            work(session)
        self._note_saved(desk)

    def _note_saved(self, desk: Desk) -> None:
        for (table, row_id), fields in self.rows_of(desk).items():
            for name, (value, stamp) in fields.items():
                key = (table, row_id, name)
                if stamp > self.latest.get(key, ("", None))[0]:
                    self.latest[key] = (stamp, value)

    def _add_lead(self, desk: Desk) -> None:
        name = self.draw.choice(_NAMES)
        lead = Lead(organization_id=self.organization_id, id=self._new_id(), created_at=START, parent_first_name=name)
        self._write(desk, lambda session: session.add(lead), f"New lead {name}")

    def _edit_lead(self, desk: Desk) -> None:
        lead_id = self._any_id(desk, "lead")
        if lead_id is None:
            return
        values: dict[str, Any] = {
            "stage": self.draw.choice(list(LeadStage)),
            "notes": f"note {self.draw.randint(0, 999)}",
            "phone": f"+1914555{self.draw.randint(1000, 9999)}",
            "temperature": self.draw.choice([None, *Temperature]),
            "archived_at": self.draw.choice([None, START + timedelta(hours=1)]),
            "call_back_on": self.draw.choice([None, START.date()]),
        }
        chosen = self.draw.sample(sorted(values), self.draw.randint(1, 3))

        def change(session: Any) -> None:
            lead = session.get_one(Lead, (self.organization_id, lead_id))
            for name in chosen:
                setattr(lead, name, values[name])

        self._write(desk, change, "Edited a lead")

    def _add_family(self, desk: Desk) -> None:
        location_id = self._any_id(desk, "location")
        if location_id is None:
            return
        own = {"organization_id": self.organization_id}
        family = Family(
            **own, id=self._new_id(), parent1_first_name=self.draw.choice(_NAMES), parent1_last_name="Kim"
        )
        student = Student(**own, id=self._new_id(), family_id=family.id, location_id=location_id, first_name="Mia")
        self._write(desk, lambda session: session.add_all([student, family]), "New family")

    def _edit_family(self, desk: Desk) -> None:
        family_id = self._any_id(desk, "family")
        if family_id is None:
            return
        note = f"said {self.draw.randint(0, 99)}"

        def change(session: Any) -> None:
            family = session.get_one(Family, (self.organization_id, family_id))
            family.notes, family.parent2_first_name = note, self.draw.choice(_NAMES)

        self._write(desk, change)

    def _edit_organization(self, desk: Desk) -> None:
        minutes = self.draw.choice([0, 5, 10, 15, 20])

        def change(session: Any) -> None:
            row = session.get(Organization, (self.organization_id, self.organization_id))
            if row is not None:
                row.default_buffer_minutes = minutes
                row.session_durations_minutes = [60, minutes + 45]

        self._write(desk, change, "Changed the buffer")

    def _same_room(self, desk: Desk) -> None:
        """Two PCs make the same row by themselves: its id derives from what it is."""
        location_id = self._any_id(desk, "location")
        if location_id is None:
            return
        name = self.draw.choice(["Room A", "Room B"])
        room_id = derived_id(self.organization_id, "room", name)

        def add(session: Any) -> None:
            room = session.get(Room, (self.organization_id, room_id))
            if room is None:
                room = Room(organization_id=self.organization_id, id=room_id, location_id=location_id, name=name)
                session.add(room)
            room.number = str(self.draw.randint(100, 199))

        self._write(desk, add)

    def _undo(self, desk: Desk) -> None:
        if self.draw.random() < 0.7:
            desk.store.undo()
        else:
            desk.store.redo()
        self._note_saved(desk)

    def _sync(self, desk: Desk) -> None:
        try:
            exchange(desk.store, SimulatedClient(self, desk))
        except Unreachable:
            self.story.append("   lost on its way")
        except Killed:
            self.story.append("   killed")
            self._restart(desk)

    def _restart(self, desk: Desk) -> None:
        desk.store.close()
        desk.store = self._open(desk.folder, desk.skew_milliseconds)

    def _write_on_server(self, _desk: Desk) -> None:
        with self.database.tenant(self.organization_id) as session:
            lead = Lead(organization_id=self.organization_id, id=self._new_id(), created_at=START)
            lead.parent_first_name = "Web"
            session.add(lead)

    def _change_roles(self, _desk: Desk) -> None:
        """The second user becomes an admin or goes back to the front desk."""
        user = self.users[1]
        with self.database.tenant(self.organization_id) as session:
            row = session.get_one(UserRole, (self.organization_id, derived_id(user, Role.ADMIN)))
            row.archived_at = None if row.archived_at else START

    # building

    def _make_organization(self) -> None:
        own = {"organization_id": self.organization_id}
        with self.database.tenant(self.organization_id) as session:
            session.add(
                Organization(**own, id=self.organization_id, business_name="Hudson", time_zone="America/New_York")
            )
            session.flush()
            for user, roles in zip(self.users, ((Role.OWNER,), (Role.FRONT_DESK, Role.ADMIN)), strict=True):
                session.add(User(**own, id=user, first_name="Maya"))
                for role in roles:
                    session.add(UserRole(**own, id=derived_id(user, role), user_id=user, role=role))
            session.add(Location(**own, id=self._new_id(), name="Irvington"))

    def _add_desk(self, number: int) -> None:
        folder = self.folder / f"desk{number}"
        shutil.copytree(self.template, folder)
        skew = self.draw.choice([0, 0, -3_600_000, 90_000, 86_400_000])
        store = self._open(folder, skew)
        device_id = self._new_id()
        store.set_local(organization_id=self.organization_id, device_id=device_id)
        store.close()
        store = self._open(folder, skew)
        desk = Desk(folder, self.users[number % 2], skew, store, device_id)
        self.desks.append(desk)
        self.network.calm = True
        self._sync(desk)
        self.network.calm = False

    def _open(self, folder: Path, skew: int) -> Store:
        store = Store(folder, use_keyring=False)
        device_id = store.local("device_id")
        assert device_id is not None
        store.clock = HybridClock(device_id, lambda: self.now_milliseconds + skew)
        store.recorder.clock = store.clock
        return store

    def _any_id(self, desk: Desk, table: str) -> str | None:
        with desk.store.engine.connect() as connection:
            ids = connection.execute(text(f'SELECT id FROM "{table}" ORDER BY id')).scalars().all()
        return self.draw.choice(ids) if ids else None

    def _new_id(self) -> str:
        """An id that a replay makes again."""
        return str(UUID(int=self.draw.getrandbits(128), version=4))

    # the reckoning

    def rows_of(self, desk: Desk) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything a store holds, as wire values with their clocks."""
        found = {}
        with desk.store.engine.connect() as connection:
            for name in TABLES:
                fields = wire_fields(_table(name))
                columns = ", ".join(f'"{column}"' for column in fields)
                for row in connection.exec_driver_sql(f'SELECT id, field_clocks, {columns} FROM "{name}"'):
                    found[name, row[0]] = _row(row, fields)
        return found

    def rows_of_server(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything the server holds of this organization, in the same form."""
        found = {}
        with self.database.tenant(self.organization_id, read_only=True) as session:
            for name in TABLES:
                table = _table(name)
                fields = wire_fields(table)
                columns = ", ".join(postgres_reading(table.c[column]) for column in fields)
                for row in session.connection().execute(
                    text(f'SELECT id::text, field_clocks::text, {columns} FROM "{name}"')
                ):
                    found[name, row[0]] = _row(row, fields)
        return found

    def replay_line(self) -> str:
        """How to see this story again."""
        return f"seed {self.seed}:\n  " + "\n  ".join(self.story)


def _table(name: str) -> Table:
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table


def _row(row: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    clocks = json.loads(row[1])
    values = {}
    for name, value in zip(fields, row[2:], strict=True):
        plain = (
            json.loads(value)
            if isinstance(value, str) and value[:1] in ("[", "{") and value[-1:] in ("]", "}")
            else value
        )
        values[name] = (plain, clock_of(clocks, name))
    return values
