"""A row that is seen names rows that are seen too, at least in a reduced form: a desk shows names and no gaps."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_models.access.models import Role
from sync_server.database import Database
from tests.sync_server.access_rules.random_center import RandomCenter, Stored, table_of

GAPS: dict[Role, frozenset[tuple[str, str]]] = {
    Role.ADMIN: frozenset(),
    Role.FRONT_DESK: frozenset(),
    # Who the parents are stays hidden from tutors; the id says that siblings are siblings.
    Role.TUTOR: frozenset({("student", "family_id")}),
    Role.GUARDIAN: frozenset(),
}
"""References that may lead nowhere: a decision for each."""


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("role", list(GAPS))
@given(seed=st.integers(0, 2**32))
def test_what_a_row_names_is_seen(database: Database, role: Role, seed: int) -> None:
    center = RandomCenter(database, seed)
    with database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
    for _ in range(4):
        shown = stored.shown_to(center.viewer([role]))
        for (name, _row_id), fields in shown.items():
            for column in table_of(name).columns:
                refers = next((key.column.table.name for key in column.foreign_keys), None)
                named = fields.get(column.name)
                # Guardians who cancel a session or once managed something keep their names from other desks.
                if refers not in (None, "user") and named is not None and (name, column.name) not in GAPS[role]:
                    assert (refers, named) in shown, (name, column.name)
