"""What PostgreSQL says of who sees and changes what equals the evaluator on plain values, for random centers and
viewers (docs/sync-protocol.md, [S-60], [S-61])."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_models.access.conditions import holds
from shared_models.access.models import Role
from shared_models.access.policy import Action, history_tiers, may_change, tiers, visible
from shared_models.registry import tenant_classes
from shared_models.sync.wire import wire_fields
from sync_server.database import Database, raw_cursor
from sync_server.sync.visibility import parameters_of, reach, readable_history, readings
from tests.sync_server.access_rules.random_center import RandomCenter, Stored, table_of

CASES = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEEDS = st.integers(0, 2**32)


@CASES
@given(seed=SEEDS)
def test_every_row_is_shown_with_the_fields_the_reference_shows(database: Database, seed: int) -> None:
    center = RandomCenter(database, seed)
    with database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        for _ in range(6):
            viewer = center.viewer()
            for name, rows in stored.tables.items():
                expected = {
                    row_id: shown for row_id, row in rows.items() if (shown := visible(name, row, viewer, stored))
                }
                assert reach(session, center.organization_id, viewer, Action.READ, name, list(rows)) == expected


@CASES
@given(seed=SEEDS)
def test_the_readings_of_a_pull_show_the_same(database: Database, seed: int) -> None:
    center = RandomCenter(database, seed)
    with database.tenant(center.organization_id, read_only=True) as session, raw_cursor(session) as cursor:
        stored = Stored(session, center.organization_id)
        for _ in range(4):
            viewer = center.viewer()
            parameters = {**parameters_of(viewer), "org": center.organization_id}
            for name, rows in stored.tables.items():
                found: dict[str, tuple[str, ...]] = {}
                for reading in readings(name, viewer):
                    cursor.execute(
                        f'SELECT id::text FROM "{name}" WHERE organization_id = %(org)s '
                        f"AND ({reading.condition or 'true'})",
                        parameters,
                    )
                    for (row_id,) in cursor:
                        found.setdefault(row_id, reading.fields)
                expected = {
                    row_id: tuple(field for field in wire_fields(table_of(name)) if field in shown)
                    for row_id, row in rows.items()
                    if (shown := visible(name, row, viewer, stored)) is not None
                }
                assert found == expected


@CASES
@given(seed=SEEDS)
def test_every_row_opens_the_fields_to_writing_that_the_reference_opens(database: Database, seed: int) -> None:
    center = RandomCenter(database, seed)
    with database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        for action in (Action.CREATE, Action.UPDATE, Action.ARCHIVE):
            viewer = center.viewer()
            for name, rows in stored.tables.items():
                expected = {
                    row_id: opened
                    for row_id, row in rows.items()
                    if (opened := may_change(action, name, row, viewer, stored))
                }
                assert reach(session, center.organization_id, viewer, action, name, list(rows)) == expected


@CASES
@given(seed=SEEDS)
def test_the_audit_history_is_read_where_the_reference_allows(database: Database, seed: int) -> None:
    center = RandomCenter(database, seed)
    with database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        viewer = center.viewer()
        for name, rows in stored.tables.items():
            expected = {}
            for row_id, row in rows.items():
                for tier in history_tiers(name, viewer.roles):
                    if holds(tier.where, row, viewer, stored):
                        expected[row_id] = tier.fields
                        break
            assert readable_history(session, center.organization_id, viewer, name, list(rows)) == expected


@pytest.mark.parametrize("role", [Role.TUTOR, Role.GUARDIAN])
def test_tutors_and_guardians_read_no_history(role: Role) -> None:
    assert not any(history_tiers(name, frozenset({role})) for name in tenant_classes())


def test_the_owner_sees_and_writes_everything_without_a_condition() -> None:
    for name in tenant_classes():
        (tier,) = tiers(name, frozenset({Role.OWNER, Role.TUTOR}))
        assert tier.fields == set(wire_fields(table_of(name)))
