"""The audit history: everything accepted is in it with user, device, time, old and new; it can be taken out, and
nobody alters it."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from shared_models.access.models import Role
from tests.sync_server.sync.conftest import BareDesk, Center, joined

LEAD = {"created_at": "2026-11-25T20:40:00Z", "parent_first_name": "Ana"}


@pytest.fixture
def desk(center: Center) -> BareDesk:
    desk = center.desk()
    desk.hello()
    return desk


def exported(desk: BareDesk, **filters: Any) -> list[dict[str, Any]]:
    answer = desk.http.get("/api/v1/audit/export", params=filters)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


def test_the_export_tells_who_changed_what_from_what_to_what(desk: BareDesk) -> None:
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    desk.push(desk.edit(batch, phone="+19145550101"))
    desk.push(desk.edit(batch, phone="+19145550102"))
    made, first, second = exported(desk, table="lead", row_id=batch.ids[0])
    assert (made["action"], first["action"]) == ("created", "changed")
    assert first["changes"] == {"phone": ["", "+19145550101"]}
    assert second["changes"] == {"phone": ["+19145550101", "+19145550102"]}
    assert {entry["user"] for entry in (made, first, second)} == {"Maya Torres"}
    assert {entry["device"] for entry in (made, first, second)} == {"PC"}
    assert all(entry["happened_at"].endswith("Z") for entry in (made, first, second))


def test_what_a_new_row_held_is_told_after_it_changed(desk: BareDesk) -> None:
    batch = desk.new("lead", **LEAD, phone="+19145550100")
    desk.push(batch)
    for number in range(3):
        desk.push(desk.edit(batch, phone=f"+1914555020{number}", parent_first_name=f"Ana {number}"))
    made = exported(desk, row_id=batch.ids[0])[0]
    values = {name: after for name, (_, after) in made["changes"].items()}
    assert values == dict(zip(batch.fields, [column[0] for column in batch.columns], strict=True)) | {
        "created_at": "2026-11-25T20:40:00Z"
    }


def test_what_a_concurrent_edit_replaced_is_kept_with_its_author(center: Center, desk: BareDesk) -> None:
    """[S-10]"""
    sam = center.desk(center.user(Role.ADMIN))
    sam.hello()
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    earlier = desk.edit(batch, phone="+19145550101")
    sam.clock.observe(orjson.loads(earlier.clocks[0])["phone"])
    sam.push(sam.edit(batch, phone="+19145550102"))
    desk.push(earlier)
    last = exported(desk, row_id=batch.ids[0])[-1]
    assert (last["lost"], last["changes"], last["user"]) == ({"phone": "+19145550101"}, {}, "Maya Torres")


def test_the_export_is_filtered_streamed_and_noted(desk: BareDesk) -> None:
    desk.push(joined([desk.new("lead", **LEAD) for _ in range(1100)]))
    assert len(exported(desk, table="lead", device_id=desk.device_id)) == 1100
    assert exported(desk, table="lead", until="2020-01-01T00:00:00Z") == []
    assert exported(desk, table="family") == []
    notes = [entry for entry in exported(desk) if entry["action"] == "exported"]
    assert notes[0]["changes"] == {"table": "lead", "device_id": desk.device_id}
    assert {note["user_id"] for note in notes} == {desk.user_id}


def test_as_csv_it_has_a_line_for_each_field_and_no_formulas(desk: BareDesk) -> None:
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    desk.push(desk.edit(batch, phone="=1+1", parent_first_name="Zoë"))
    answer = desk.http.get("/api/v1/audit/export", params={"row_id": batch.ids[0], "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    changed = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["action"] == "changed"]
    assert {row["field"]: (row["before"], row["after"]) for row in changed} == {
        "phone": ("", "'=1+1"),
        "parent_first_name": ("Ana", "Zoë"),
    }


def test_only_the_owner_and_administrators_take_it_out(center: Center, desk: BareDesk) -> None:
    sam = center.desk(center.user(Role.FRONT_DESK))
    sam.hello()
    answer = sam.http.get("/api/v1/audit/export")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_even_the_owner_of_the_tables_cannot_alter_it(desk: BareDesk, postgres_url: str, statement: str) -> None:
    """The second wall: with the grants out of the way a trigger stands."""
    owner = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(DBAPIError, match="only added to"), owner.begin() as connection:
        connection.execute(text(statement))
    owner.dispose()


def test_the_owner_of_the_tables_erases_only_by_saying_so(center: Center, desk: BareDesk, postgres_url: str) -> None:
    """[S-15]"""
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    desk.push(desk.edit(batch, phone="+19145550101"))
    owner = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with owner.begin() as connection:
        connection.execute(text("SELECT set_config('itutoros.erases', 'on', true)"))
        erased = connection.execute(
            text("UPDATE audit_entry SET changes = '{}' WHERE row_id = :id AND action = 'changed'"),
            {"id": batch.ids[0]},
        )
        assert erased.rowcount == 1
    owner.dispose()
    assert exported(desk, row_id=batch.ids[0])[-1]["changes"] == {}
