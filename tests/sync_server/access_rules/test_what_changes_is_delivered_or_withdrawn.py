"""Whoever follows the sequence ends with exactly what a first pull would give: a change that moves rows into or out
of someone's sight gives them new numbers in the same transaction (docs/sync-protocol.md, [S-52], [S-62])."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_models.access.conditions import Viewer
from shared_models.access.models import Role, UserRole
from shared_models.access.policy import Action
from shared_models.base import derived_id, new_id
from shared_models.registry import tenant_classes
from shared_models.sync.hook import fields_of
from sync_server.database import Database
from sync_server.models import Account, Device
from sync_server.sync.visibility import reach
from tests.sync_server.access_rules.random_center import RandomCenter, Stored, table_of

FIXED = {"organization", "user_role"}
"""Tables that the story leaves alone: who syncs stays the same."""


class Follower:
    """What a device holds that pulls what has changed, page by page, under rules that stay the same."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.cursor = -1
        self.held: dict[tuple[str, str], dict[str, Any]] = {}

    def pull(self, database: Database, organization_id: str) -> Stored:
        """Take the rows after the cursor, or have them withdrawn; gives what the server holds."""
        with database.tenant(organization_id, read_only=True) as session:
            stored = Stored(session, organization_id)
            news = [key for key, seq in stored.seqs.items() if seq > self.cursor]
            for name in {table for table, _ in news}:
                ids = [row_id for table, row_id in news if table == name]
                shown = reach(session, organization_id, self.viewer, Action.READ, name, ids)
                for row_id in ids:
                    if row_id in shown:
                        row = stored.tables[name][row_id]
                        self.held[name, row_id] = {field: row[field] for field in shown[row_id]}
                    else:
                        self.held.pop((name, row_id), None)
        self.cursor = max(stored.seqs.values())
        return stored


def let_all_roles_sync(center: RandomCenter) -> None:
    """A user of every role but the owner's, with a PC."""
    user_id = center.ids["user"][0]
    with center.database.routing() as session:
        account = Account(id=new_id(), email=f"{new_id()}@x.example", password_hash="")
        session.add(account)
        session.flush()
        session.add(
            Device(
                id=new_id(), organization_id=center.organization_id, account_id=account.id, user_id=user_id,
                name="PC", token_hash=new_id(),
            )
        )  # fmt: skip
    with center.database.tenant(center.organization_id) as session:
        for role in list(Role)[1:]:
            own = {"organization_id": center.organization_id, "id": derived_id(user_id, role)}
            session.add(UserRole(**own, user_id=user_id, role=role))


def change_something(center: RandomCenter) -> None:
    """A few edits and new rows in one transaction."""
    names = [name for name in tenant_classes() if name not in FIXED]
    with center.database.tenant(center.organization_id) as session:
        for _ in range(center.draw.randint(1, 4)):
            name = center.draw.choice([*names, "attendee", "schedule_entry", "student", "tutor_location"])
            kind = tenant_classes()[name]
            if center.draw.random() < 0.35:
                session.add(kind(**center.row(name)))
            else:
                row = session.get_one(kind, (center.organization_id, center.draw.choice(center.ids[name])))
                fields = [field for field in fields_of(kind) if _is_free(name, field)]
                for field in center.draw.sample(fields, min(2, len(fields))):
                    setattr(row, field, center.value(name, table_of(name).c[field], 0))
            if center.draw.random() < 0.5:
                session.flush()


def _is_free(name: str, field: str) -> bool:
    """Whether a field may take any value of its own: references, choices, truth, and being archived."""
    column = table_of(name).c[field]
    return bool(column.foreign_keys) or field in {"archived_at", "is_active", "report_is_shared", "purpose", "notes"}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_following_the_sequence_ends_with_what_a_first_pull_would_give(database: Database, seed: int) -> None:
    center = RandomCenter(database, seed)
    let_all_roles_sync(center)
    followers = [Follower(center.viewer([role])) for role in list(Role)[1:]] + [Follower(center.viewer())]
    for _ in range(6):
        for follower in followers:
            stored = follower.pull(database, center.organization_id)
            assert follower.held == stored.shown_to(follower.viewer)
        change_something(center)
