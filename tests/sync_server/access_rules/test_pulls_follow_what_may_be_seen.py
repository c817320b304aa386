"""A PC that pulls, whatever changes meanwhile (rows, its user's roles and locations), holds exactly what the
reference says its user sees (docs/sync-protocol.md, [S-51] to [S-53], [S-62])."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.access.policy import HEALTH_READING
from shared_models.base import derived_id, new_id
from shared_models.registry import tenant_classes
from shared_models.sync.wire import TableBatch, unpack, wire_fields
from sync_server.database import Database
from sync_server.models import AuditEntry
from sync_server.sync import identity
from sync_server.sync.pull import Wanted, pages
from sync_server.sync.push import answer_push
from sync_server.sync.visibility import viewer_of
from tests.sync_server.access_rules.marked_center import Desk, MarkedCenter
from tests.sync_server.access_rules.random_center import START, Stored, table_of
from tests.sync_server.access_rules.test_what_changes_is_delivered_or_withdrawn import change_something


@pytest.fixture(autouse=True)
def everyone_may_sync(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tutors and guardians too: the rules know what they would see."""
    monkeypatch.setattr(identity, "DESKTOP_ROLES", frozenset(Role))
    yield


class Puller:
    """A PC's end of the pull, with nothing of its own to send."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cursor, self.scope = 0, ""
        self.held: dict[tuple[str, str], dict[str, Any]] = {}

    def pull(self, database: Database) -> None:
        """Take all pages; when the scope has changed, from the beginning."""
        if not self._take(database, Wanted(self.cursor, self.scope or None)):
            assert self._take(database, Wanted(0, self.scope, withdraws_all=True))

    def _take(self, database: Database, wanted: Wanted) -> bool:
        for message in pages(database, self.desk.token, wanted):
            head = orjson.loads(zstandard.ZstdDecompressor().decompress(message))
            self.scope = head["scope"]
            if head.get("rescope"):
                return False
            _, batches = unpack(message)
            for gone in head["withdrawn"]:
                for row_id in gone["ids"]:
                    self.held.pop((gone["table"], row_id), None)
            for batch in batches:
                for row_id, values in zip(batch.ids, batch.rows(), strict=True):
                    self.held[batch.table, row_id] = dict(zip(batch.fields, values, strict=True))
            self.cursor = head["next"]
        return True


def change_by_push(center: MarkedCenter, owner: Desk) -> None:
    """The owner's PC sends edits of rows that refer to others."""
    batches = []
    for name in center.draw.sample(["schedule_entry", "student", "attendee", "tutor_location", "lead"], 2):
        fields = [field for field in wire_fields(table_of(name)) if table_of(name).c[field].foreign_keys]
        field = center.draw.choice([*fields, "archived_at"])
        column = table_of(name).c[field]
        ids = center.draw.sample(center.ids[name], min(2, len(center.ids[name])))
        values = [center.value(name, column, 0) for _ in ids]
        stamp = center.database.clock.tick()
        clocks = orjson.dumps({"*": "0" * 28, field: stamp}).decode()
        as_sent = ["2026-11-25T20:40:00Z" if field == "archived_at" and value else value for value in values]
        batches.append(TableBatch(name, (field,), ids, [clocks] * len(ids), [as_sent]))
    answer, _ = answer_push(center.database, owner.token, {"protocol": 1}, batches)
    assert answer["refused"] == []


def change_scope(center: MarkedCenter, desk: Desk) -> None:
    """The user gets or loses a location, or another role."""
    own = {"organization_id": center.organization_id}
    with center.database.tenant(center.organization_id) as session:
        if center.draw.random() < 0.5:
            place = center.draw.choice(center.ids["location"])
            row_id = derived_id(desk.user_id, place)
            made: UserRole | LocationAssignment = LocationAssignment(
                **own, id=row_id, user_id=desk.user_id, location_id=place
            )
        else:
            role = center.draw.choice([role for role in list(Role)[1:] if role is not desk.role])
            made = UserRole(**own, id=derived_id(desk.user_id, role), user_id=desk.user_id, role=role)
        known = session.get(type(made), (center.organization_id, made.id))
        if known is None:
            session.add(made)
        else:
            known.archived_at = None if known.archived_at else START


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_is_held_is_what_may_be_seen(database: Database, seed: int) -> None:
    center = MarkedCenter(database, seed)
    owner = center.sign_in(Role.OWNER)
    pullers = [Puller(center.sign_in(role)) for role in list(Role)[1:]] + [Puller(owner)]
    for _ in range(6):
        for puller in pullers:
            puller.pull(database)
            with database.tenant(center.organization_id, read_only=True) as session:
                stored = Stored(session, center.organization_id)
                viewer = viewer_of(session, center.organization_id, puller.desk.user_id)
            assert puller.held == stored.shown_to(viewer)
        change_something(center)
        change_by_push(center, owner)
        if center.draw.random() < 0.5:
            change_scope(center, center.draw.choice(pullers[:-1]).desk)


def test_every_table_is_pulled_by_somebody(database: Database) -> None:
    center = MarkedCenter(database, 5)
    owner = Puller(center.sign_in(Role.OWNER))
    owner.pull(database)
    assert {table for table, _ in owner.held} == set(tenant_classes())


@pytest.mark.parametrize(("role", "is_noted"), [(role, role is not Role.TUTOR) for role in Role])
def test_that_health_fields_went_to_a_device_is_noted_once_for_each_scope(
    database: Database, role: Role, is_noted: bool
) -> None:
    center = MarkedCenter(database, 6)
    puller = Puller(center.sign_in(role))

    def noted() -> int:
        with database.tenant(center.organization_id, read_only=True) as session:
            return session.query(AuditEntry).filter_by(action=HEALTH_READING, user_id=puller.desk.user_id).count()

    puller.pull(database)
    puller.cursor = 0
    puller.pull(database)
    assert noted() == is_noted
    if role is Role.ADMIN:
        with database.tenant(center.organization_id) as session:
            own = {"organization_id": center.organization_id}
            place = center.ids["location"][-1]
            session.add(LocationAssignment(**own, id=new_id(), user_id=puller.desk.user_id, location_id=place))
        puller.pull(database)
        assert noted() == (2 if len(center.ids["location"]) > 1 else 1)
