"""The table of rights decides on every field for every role, says nothing twice, and says what product §2 says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from itertools import combinations

import pytest
from sqlalchemy import Enum as SqlEnum
from sqlalchemy import Table

from shared_models.access.conditions import (
    EVERYTHING,
    Both,
    Condition,
    Either,
    Is,
    Mine,
    Named,
    Not,
    Own,
    Ref,
    Row,
    Viewer,
    fields_asked,
    steps_out,
)
from shared_models.access.models import Role
from shared_models.access.permissions import Access, access_to
from shared_models.access.policy import (
    FILLED,
    POLICY_VERSION,
    RIGHTS,
    Action,
    may,
    may_change,
    sees_health,
    tiers,
    visible,
    who_may,
    writable,
    write_tiers,
)
from shared_models.base import Instant
from shared_models.registry import tenant_classes
from shared_models.sync.wire import wire_fields

TABLES = sorted(tenant_classes())
OTHERS = frozenset(Role) - {Role.OWNER}
STAFF = frozenset({Role.ADMIN, Role.FRONT_DESK})
EVERY_SET_OF_ROLES = [frozenset(held) for size in range(1, 6) for held in combinations(Role, size)]


class Here:
    """A few rows as surroundings."""

    def __init__(self, **tables: list[dict[str, str | int | None]]) -> None:
        self.tables = {name: {str(row["id"]): row for row in rows} for name, rows in tables.items()}

    def row(self, table: str, row_id: str) -> Row | None:
        return self.tables.get(table, {}).get(row_id)

    def referring(self, table: str, field: str, row_id: str) -> Iterable[Row]:
        return [row for row in self.tables.get(table, {}).values() if row.get(field) == row_id]


def viewer(*roles: Role, **ids: Iterable[str]) -> Viewer:
    return Viewer(frozenset(roles), "me", **{name: frozenset(values) for name, values in ids.items()})


def table_of(name: str) -> Table:
    table = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table


@pytest.mark.parametrize("name", TABLES)
def test_every_field_of_a_table_is_in_exactly_one_group(name: str) -> None:
    decided = RIGHTS[name]
    assert decided.fields == set(wire_fields(table_of(name))), (
        "decide who may see the new field in shared_models/access"
    )
    assert sum(len(group) for group in decided.groups.values()) == len(decided.fields)


def test_every_table_is_decided_on_and_no_other() -> None:
    assert set(RIGHTS) == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_every_role_has_a_decision(name: str) -> None:
    decided = RIGHTS[name]
    reached = frozenset().union(*(rule.roles for rule in decided.rules))
    assert reached | decided.hidden_from == OTHERS
    assert not reached & decided.hidden_from


@pytest.mark.parametrize("name", TABLES)
def test_what_is_written_is_seen(name: str) -> None:
    for rule in RIGHTS[name].rules:
        assert rule.updates <= rule.reads
        assert rule.creates <= rule.reads


@pytest.mark.parametrize("name", TABLES)
def test_whoever_makes_a_row_may_set_every_field_that_the_server_does_not_fill(name: str) -> None:
    for rule in RIGHTS[name].rules:
        if rule.creates:
            assert RIGHTS[name].fields - rule.creates <= set(FILLED.get(name, {}))


@pytest.mark.parametrize("name", TABLES)
def test_a_tier_of_a_desk_holds_what_a_table_cannot_leave_blank(name: str) -> None:
    """A desk stores blanks in place of hidden fields, which references, choices and times have not."""
    demanded = {
        column.name
        for column in table_of(name).columns
        if column.name in wire_fields(table_of(name))
        and not column.nullable
        and column.default is None
        and (column.foreign_keys or isinstance(column.type, (SqlEnum, Instant)) or column.name.endswith("first_name"))
    }
    for held in (frozenset({Role.ADMIN}), frozenset({Role.FRONT_DESK})):
        for tier in tiers(name, held):
            assert demanded <= tier.fields


@pytest.mark.parametrize("name", TABLES)
def test_conditions_name_fields_that_are_there(name: str) -> None:
    def check(table: str, where: Condition) -> None:
        assert fields_asked(where) <= {"id", *wire_fields(table_of(table))}
        for step in steps_out(where):
            asked, at = (step.table, step.field) if isinstance(step, Named) else (table, step.field)
            assert at in wire_fields(table_of(asked))
            check(step.table, step.where)

    for rule in RIGHTS[name].rules:
        check(name, rule.where)


@pytest.mark.parametrize("name", TABLES)
def test_tiers_are_in_an_order_in_which_the_first_match_shows_most(name: str) -> None:
    for held in EVERY_SET_OF_ROLES:
        shown = [len(tier.fields) for tier in tiers(name, held)]
        assert shown == sorted(shown, reverse=True)
        assert all(tier.where != EVERYTHING for tier in tiers(name, held)[:-1])


@pytest.mark.parametrize("name", TABLES)
def test_the_owner_reads_and_writes_everything(name: str) -> None:
    for held in EVERY_SET_OF_ROLES:
        if Role.OWNER in held:
            assert [tier.where for tier in tiers(name, held)] == [EVERYTHING]
            assert writable(name, held) == writable(name, held, Action.CREATE) == RIGHTS[name].fields


@pytest.mark.parametrize("held", [frozenset(), frozenset({Role.TUTOR}), frozenset({Role.GUARDIAN})])
def test_only_staff_makes_rows(held: frozenset[Role]) -> None:
    assert not any(may(Action.CREATE, name, held) or may(Action.ARCHIVE, name, held) for name in TABLES)


@pytest.mark.parametrize("name", ["lead", "lead_contact", "family", "health_access", "series"])
def test_tutors_never_see_leads_or_guardians(name: str) -> None:
    assert not tiers(name, frozenset({Role.TUTOR}))


def test_pay_is_seen_by_owner_and_admin_and_each_tutors_own_and_written_by_the_owner_alone() -> None:
    for name in ("tutor", "tutor_location", "schedule_entry"):
        for role in OTHERS:
            held = frozenset({role})
            assert "hourly_pay_cents" not in writable(name, held) | writable(name, held, Action.CREATE)
        for role in (Role.FRONT_DESK, Role.GUARDIAN):
            assert all("hourly_pay_cents" not in tier.fields for tier in tiers(name, frozenset({role})))
        assert [tier.where for tier in tiers(name, frozenset({Role.TUTOR})) if "hourly_pay_cents" in tier.fields] == [
            Mine("id" if name == "tutor" else "tutor_id", Own.TUTORS)
        ]


def test_internal_notes_stay_with_the_staff_and_tutor_notes_with_the_tutor() -> None:
    for name, decided in RIGHTS.items():
        internal = decided.groups.get("INTERNAL_NOTES", frozenset()) | decided.groups.get("BEHAVIOR", frozenset())
        for role in (Role.TUTOR, Role.GUARDIAN):
            assert all(internal.isdisjoint(tier.fields) for tier in tiers(name, frozenset({role})))
    assert all("notes" not in tier.fields for tier in tiers("schedule_entry", frozenset({Role.GUARDIAN})))
    assert "notes" in writable("schedule_entry", frozenset({Role.TUTOR}))


def test_health_is_shown_to_staff_and_to_the_family_and_never_to_tutors() -> None:
    assert [role for role in Role if sees_health(frozenset({role}))] == [
        Role.OWNER, Role.ADMIN, Role.FRONT_DESK, Role.GUARDIAN,
    ]  # fmt: skip


def test_the_front_desk_writes_no_catalog_and_no_prices() -> None:
    for name in ("service", "service_offered", "subject", "topic", "topic_offered", "product"):
        assert access_to(name, [Role.FRONT_DESK]) is Access.READ
        assert access_to(name, [Role.ADMIN]) is Access.WRITE
        assert access_to(name, [Role.TUTOR]) is Access.NONE


def test_tutors_write_attendance_report_and_notes() -> None:
    held = frozenset({Role.TUTOR})
    written = {name: writable(name, held) for name in TABLES if writable(name, held)}
    assert written == {
        "attendee": {"attendance", "attendance_at"},
        "schedule_entry": {"report_done", "report_homework", "report_next_steps", "report_is_shared", "notes"},
    }


def test_guardians_write_contact_data_but_not_the_e_mail_by_which_they_are_known() -> None:
    held = frozenset({Role.GUARDIAN})
    written = {name: writable(name, held) for name in TABLES if writable(name, held)}
    assert set(written) == {"family", "student"}
    assert written["student"] == {"phone", "email"}
    assert "parent1_phone" in written["family"]
    assert not any("email" in field or "name" in field for field in written["family"])


def test_who_may_is_said_in_words() -> None:
    assert who_may(Action.UPDATE, "tutor") == "the owner"
    assert who_may(Action.CREATE, "service") == "the owner or an administrator"
    assert who_may(Action.CREATE, "lead") == ""


def test_a_report_reaches_the_family_only_when_it_is_shared() -> None:
    here = Here(
        student=[{"id": "nina", "family_id": "patel"}],
        attendee=[{"id": "a", "entry_id": "e", "student_id": "nina", "archived_at": None}],
    )
    parent = viewer(Role.GUARDIAN, family_ids=["patel"])
    entry: dict[str, str | int | None] = {"id": "e", "report_is_shared": 0}
    before = visible("schedule_entry", entry, parent, here)
    after = visible("schedule_entry", {**entry, "report_is_shared": 1}, parent, here)
    assert before is not None
    assert after is not None
    assert after - before == {"report_done", "report_homework", "report_next_steps"}


def test_a_desk_knows_of_other_locations_only_that_the_tutor_is_taken() -> None:
    desk = viewer(Role.FRONT_DESK, location_ids=["main"])
    elsewhere: dict[str, str | int | None] = {"id": "e", "location_id": "branch", "tutor_id": "t"}
    assert set(visible("schedule_entry", elsewhere, desk, Here()) or ()) == {
        "location_id", "service_id", "tutor_id", "starts_at", "ends_at", "blocked_until", "status", "is_online",
        "archived_at",
    }  # fmt: skip
    assert not may_change(Action.UPDATE, "schedule_entry", elsewhere, desk, Here())


def test_roles_add_up_row_by_row() -> None:
    both_roles = viewer(Role.FRONT_DESK, Role.TUTOR, location_ids=["main"], tutor_ids=["me"])

    def pay_shown(location_id: str, tutor_id: str) -> bool:
        row: dict[str, str | int | None] = {"id": "e", "location_id": location_id, "tutor_id": tutor_id}
        return "hourly_pay_cents" in (visible("schedule_entry", row, both_roles, Here()) or ())

    assert pay_shown("main", "me")
    assert pay_shown("branch", "me")
    assert not pay_shown("main", "other")


def test_a_student_is_shown_to_the_tutor_as_long_as_one_lesson_binds_them() -> None:
    tutor = viewer(Role.TUTOR, tutor_ids=["t"])
    student: dict[str, str | int | None] = {"id": "nina", "location_id": "main", "family_id": "patel"}
    attendee: dict[str, str | int | None] = {"id": "a", "entry_id": "e", "student_id": "nina", "archived_at": None}
    entry: dict[str, str | int | None] = {"id": "e", "tutor_id": "t", "archived_at": None}
    assert set(visible("student", student, tutor, Here(attendee=[attendee], schedule_entry=[entry])) or ()) == {
        "first_name", "last_name", "archived_at", "grade", "family_id", "location_id", "lesson_mode", "is_active",
    }  # fmt: skip
    gone = {**attendee, "archived_at": "2026-11-25T20:40:00Z"}
    assert visible("student", student, tutor, Here(attendee=[gone], schedule_entry=[entry])) is None
    assert visible("student", student, tutor, Here(attendee=[attendee])) is None


def test_nobody_and_unknown_tables_see_nothing() -> None:
    nobody = viewer()
    assert all(visible(name, {"id": "x"}, nobody, Here()) is None for name in TABLES)
    assert tiers("no_such_table", frozenset(Role)) == ()
    assert write_tiers("no_such_table", frozenset(Role), Action.UPDATE) == ()


def test_the_shapes_of_conditions_say_which_fields_they_ask() -> None:
    where = Both((Either((Is("a", 1), Mine("b", Own.USER))), Not(Ref("c", "t", Is("d", None))), EVERYTHING))
    assert fields_asked(where) == {"a", "b", "c"}
    assert list(steps_out(where)) == [Ref("c", "t", Is("d", None))]


def test_the_version_of_the_rights_is_the_same_in_every_process() -> None:
    code = "from shared_models.access.policy import POLICY_VERSION; print(POLICY_VERSION)"
    versions = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert versions == {POLICY_VERSION}
