"""What PostgreSQL merges for a whole batch equals what shared_models/sync/merge.py merges for each row [S-10]."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared_models.access.conditions import Viewer
from shared_models.access.models import Role
from shared_models.base import new_id
from shared_models.sync.clocks import CREATED, ERASED_CLOCK, clock_of
from shared_models.sync.merge import FieldValue, merge
from shared_models.sync.wire import TableBatch, postgres_reading, wire_fields
from sync_server.access.devices import DeviceIdentity
from sync_server.database import Database, raw_cursor
from sync_server.sync.incoming import FEW_ROWS, Part, staged
from sync_server.sync.merge_sql import (
    insert_statement,
    known_statement,
    merge_statement,
)
from sync_server.sync.push import Push
from sync_server.sync.sight import table_of

CLOSURE = table_of("closure")
FIELDS = wire_fields(CLOSURE)
"""A small table with dates, texts, a reference that may be empty, and archived_at."""

BLANK: dict[str, FieldValue] = {
    "location_id": None, "first_day": "2026-01-01", "last_day": "2026-01-01", "reason": "", "archived_at": None,
}  # fmt: skip

stamps = st.integers(0, 12).map(lambda n: f"{n:012x}{0:04x}{n % 3:012x}")
values = st.fixed_dictionaries(
    {
        "location_id": st.none(),
        "first_day": st.sampled_from(["2026-01-01", "2026-01-02"]),
        "last_day": st.sampled_from(["2026-03-01", "2026-03-02"]),
        "reason": st.sampled_from(["", "Snow", "Tab\tand\nline", "back\\slash", 'quote "', "O’Brien 李"]),
        "archived_at": st.sampled_from([None, "2026-05-01T10:00:00Z"]),
    }
)
clocks = st.builds(
    lambda created, later: {CREATED: created} | later,
    stamps,
    st.dictionaries(st.sampled_from(FIELDS), stamps),
)
versions = st.tuples(values, clocks)
"""A row as (values, clocks)."""


@st.composite
def edits(draw: st.DrawFn) -> tuple[tuple[str, ...], list[tuple[Any, Any]]]:
    """Incoming rows that bring the same fields."""
    fields = tuple(draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True)))
    return fields, draw(st.lists(st.tuples(versions, versions), min_size=1, max_size=6))


@contextmanager
def tenant_cursor(database: Database) -> Iterator[tuple[Any, Any, str]]:
    """A cursor in a transaction of a tenant of its own, which is undone at the end."""
    organization_id = new_id()
    with database.tenant(organization_id) as session:
        with raw_cursor(session) as cursor:
            yield session, cursor, organization_id
        session.rollback()


def batch_of_rows(fields: tuple[str, ...], rows: list[tuple[str, Any]]) -> TableBatch:
    return TableBatch(
        "closure",
        fields,
        [row_id for row_id, _ in rows],
        [orjson.dumps(version[1]).decode() for _, version in rows],
        [[version[0][name] for _, version in rows] for name in fields],
    )


def stored(cursor: Any, organization_id: str) -> dict[str, tuple[dict[str, FieldValue], dict[str, str]]]:
    reading = ", ".join(postgres_reading(CLOSURE.c[name]) for name in FIELDS)
    cursor.execute(
        f"SELECT id::text, field_clocks, {reading} FROM closure WHERE organization_id = %s", (organization_id,)
    )
    return {row[0]: (dict(zip(FIELDS, row[2:], strict=True)), row[1]) for row in cursor}


def audited(cursor: Any, organization_id: str) -> dict[str, tuple[Any, Any]]:
    cursor.execute(
        "SELECT row_id::text, changes, lost FROM audit_entry WHERE organization_id = %s AND action = 'changed'",
        (organization_id,),
    )
    return {row[0]: (row[1], row[2]) for row in cursor}


def own(organization_id: str) -> dict[str, Any]:
    return {"org": organization_id, "user": organization_id, "device": organization_id, "first": 1}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits(), st.booleans())
def test_the_merge_in_sql_is_the_merge_in_python(database: Database, drawn: Any, many: bool) -> None:
    """[S-10] for rows as arrays and rows by COPY alike."""
    fields, pairs = drawn
    rows = [(new_id(), before, after) for before, after in pairs]
    if many:
        rows = [(new_id(), *rows[place % len(rows)][1:]) for place in range(FEW_ROWS + 1)]
    with tenant_cursor(database) as (_, cursor, organization_id):
        before = batch_of_rows(FIELDS, [(row_id, old) for row_id, old, _ in rows])
        part = Part.of(CLOSURE, before)
        source = staged(cursor, part)
        cursor.execute(insert_statement(CLOSURE, FIELDS, source.sql), {**own(organization_id), **source.parameters})
        incoming = Part.of(CLOSURE, batch_of_rows(fields, [(row_id, new) for row_id, _, new in rows]))
        source = staged(cursor, incoming)
        cursor.execute(known_statement(CLOSURE, source.sql), {**own(organization_id), **source.parameters})
        assert {row[0] for row in cursor} == set(part.ids)
        cursor.execute(
            merge_statement(CLOSURE, fields, source.sql, ()), {**own(organization_id), **source.parameters}
        )
        answered = {row[0]: (row[1], row[2]) for row in cursor}
        after, notes = stored(cursor, organization_id), audited(cursor, organization_id)
    for row_id, (old, old_clocks), (new, new_clocks) in rows:
        expected = merge(old, old_clocks, {name: new[name] for name in fields}, new_clocks)
        found, found_clocks = after[row_id]
        assert found == expected.values
        assert {name: clock_of(found_clocks, name) for name in FIELDS} == {
            name: clock_of(expected.clocks, name) for name in FIELDS
        }
        moved = any(clock_of(new_clocks, name) > clock_of(old_clocks, name) for name in fields)
        assert answered[row_id] == (moved, bool(expected.lost))
        changes, lost = notes.get(row_id, ({}, {}))
        assert {name: tuple(values) for name, values in changes.items()} == expected.changed
        assert lost == expected.lost


def test_an_edit_of_an_erased_row_leaves_no_trace(database: Database) -> None:
    """[S-15]"""
    with tenant_cursor(database) as (_, cursor, organization_id):
        row_id = new_id()
        for statement, version in (
            (insert_statement, (BLANK, {CREATED: ERASED_CLOCK})),
            (merge_statement, (BLANK | {"reason": "secret"}, {CREATED: "0" * 28, "reason": "1" * 28})),
        ):
            part = Part.of(CLOSURE, batch_of_rows(FIELDS, [(row_id, version)]))
            source = staged(cursor, part)
            more = ((),) if statement is merge_statement else ()
            cursor.execute(
                statement(CLOSURE, FIELDS, source.sql, *more),
                {**own(organization_id), **source.parameters},
            )
        assert [row[1:3] for row in cursor] == [(True, True)]  # numbered anew, and not as it was sent
        assert stored(cursor, organization_id)[row_id][0]["reason"] == ""
        assert audited(cursor, organization_id) == {}


def test_pushing_the_same_twice_has_the_effect_of_once(database: Database) -> None:
    """[S-40], also for the numbers: a repeated push gives none."""
    batch = batch_of_rows(FIELDS, [(new_id(), (BLANK, {CREATED: f"{n:028x}"})) for n in range(5)])
    organization_id = new_id()
    device = DeviceIdentity(organization_id, new_id(), new_id())
    viewer = Viewer(frozenset({Role.OWNER}), device.user_id)
    with database.tenant(organization_id) as session, raw_cursor(session) as cursor:
        first = Push(session, cursor, device, viewer, 0, is_careful=False).take([batch])
        again = Push(session, cursor, device, viewer, first.last_seq, is_careful=False).take([batch])
        assert (first.landed, first.last_seq, again.landed, again.last_seq) == ([1], 5, [None], 5)
        assert session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == 5
