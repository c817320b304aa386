"""What a push may write, row by row and field by field (docs/sync-protocol.md, [S-41], [S-60], [S-63])."""

from __future__ import annotations

import pytest

from shared_models.access.models import Role
from sync_server.database import Database
from sync_server.sync import identity
from tests.sync_server.access_rules.small_center import Pc, SmallCenter

REFUSED = ["not_allowed"]
TIMES = {
    "starts_at": "2026-11-25T20:00:00Z", "ends_at": "2026-11-25T21:00:00Z", "blocked_until": "2026-11-25T21:15:00Z",
}  # fmt: skip


@pytest.fixture
def center(database: Database) -> SmallCenter:
    return SmallCenter(database)


@pytest.fixture
def desk(center: SmallCenter) -> Pc:
    """The front desk of Irvington."""
    return center.person(Role.FRONT_DESK, at=(center.irvington,))


@pytest.fixture
def admin(center: SmallCenter) -> Pc:
    """An administrator of Irvington."""
    return center.person(Role.ADMIN, at=(center.irvington,))


def new_entry(pc: Pc, location_id: str, **more: str | int | None) -> str:
    center = pc.center
    return pc.make(
        "schedule_entry", location_id=location_id, service_id=center.service, tutor_id=center.jakub,
        status="SCHEDULED", hourly_price_cents=9000, **TIMES, **more,
    )  # fmt: skip


def test_a_desk_writes_at_its_own_locations_only(center: SmallCenter, desk: Pc) -> None:
    assert desk.edit("schedule_entry", center.here, notes="Bring the blue book") == []
    assert desk.edit("schedule_entry", center.there, notes="Mine now") == REFUSED
    assert desk.edit("attendee", center.nina_here, attendance="PRESENT") == []
    assert desk.edit("attendee", center.bo_there, attendance="PRESENT") == REFUSED
    assert desk.edit("student", center.nina, school="P.S. 9") == []
    assert desk.edit("student", center.bo, school="P.S. 9") == REFUSED
    assert desk.edit("family", center.silva, parent1_phone="1") == REFUSED
    assert center.value("schedule_entry", center.there, "notes") == ""
    assert center.value("family", center.silva, "parent1_phone") == ""


def test_nothing_is_moved_to_where_its_author_has_no_say(center: SmallCenter, desk: Pc) -> None:
    assert desk.edit("schedule_entry", center.here, location_id=center.tarrytown) == REFUSED
    assert desk.edit("student", center.nina, location_id=center.tarrytown) == REFUSED
    new_entry(desk, center.tarrytown)
    assert desk.last == REFUSED
    assert center.value("schedule_entry", center.here, "location_id") == center.irvington
    both = center.person(Role.FRONT_DESK, at=(center.irvington, center.tarrytown))
    assert both.edit("schedule_entry", center.here, location_id=center.tarrytown) == []


def test_a_desk_books_its_guests_too(center: SmallCenter, desk: Pc) -> None:
    desk.make("attendee", entry_id=center.here, student_id=center.bo)
    assert desk.last == []
    desk.make("attendee", entry_id=center.there, student_id=center.nina)
    assert desk.last == REFUSED


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("service_offered", {"hourly_price_cents": 1, "is_active": 1}),
        ("subject", {"name": "Chess"}),
        ("room", {"name": "Cellar"}),
    ],
)
def test_the_front_desk_makes_no_catalog(
    center: SmallCenter, desk: Pc, admin: Pc, table: str, fields: dict[str, str | int]
) -> None:
    at_place = {"location_id": center.irvington} if table != "subject" else {}
    of_service = {"service_id": center.service} if table == "service_offered" else {}
    desk.make(table, **fields, **at_place, **of_service)
    assert desk.last == REFUSED
    admin.make(table, **fields, **at_place, **of_service)
    assert admin.last == []
    if at_place:
        admin.make(table, **fields, **{**at_place, "location_id": center.tarrytown}, **of_service)
        assert admin.last == REFUSED


def test_users_and_roles_are_the_owners(center: SmallCenter, admin: Pc) -> None:
    owner = center.person(Role.OWNER)
    admin.make("user_role", user_id=admin.user_id, role="OWNER")
    assert admin.last == REFUSED
    admin.make("location_assignment", user_id=admin.user_id, location_id=center.tarrytown)
    assert admin.last == REFUSED
    assert admin.edit("organization", center.organization_id, headline="Learn here") == []
    assert admin.edit("organization", center.organization_id, currency="EUR") == REFUSED
    assert owner.edit("organization", center.organization_id, currency="EUR") == []


def test_pay_is_copied_from_the_tutor_where_its_author_may_not_see_it(center: SmallCenter, desk: Pc) -> None:
    entry_id = new_entry(desk, center.irvington, hourly_pay_cents=0)
    assert desk.last == []
    assert center.value("schedule_entry", entry_id, "hourly_pay_cents") == 3000
    entry_id = new_entry(desk, center.irvington)
    assert center.value("schedule_entry", entry_id, "hourly_pay_cents") == 3000


def test_an_administrator_sees_pay_and_does_not_set_it(center: SmallCenter, admin: Pc) -> None:
    entry_id = new_entry(admin, center.irvington, hourly_pay_cents=9900)
    assert admin.last == []
    assert center.value("schedule_entry", entry_id, "hourly_pay_cents") == 3000
    assert admin.edit("schedule_entry", entry_id, hourly_pay_cents=9900) == REFUSED
    assert center.value("schedule_entry", entry_id, "hourly_pay_cents") == 3000
    owner = center.person(Role.OWNER)
    assert owner.edit("schedule_entry", entry_id, hourly_pay_cents=4500) == []


def test_another_tutor_brings_another_pay(center: SmallCenter, desk: Pc) -> None:
    from shared_models.people.models import Tutor, TutorLocation

    ann = center.add(Tutor(user_id=center.jakub_user, hourly_pay_cents=4100))
    center.add(TutorLocation(tutor_id=ann, location_id=center.irvington))
    assert desk.edit("schedule_entry", center.here, tutor_id=ann, hourly_pay_cents=0) == []
    assert center.value("schedule_entry", center.here, "hourly_pay_cents") == 4100
    clocks = center.clocks("schedule_entry", center.here)
    assert clocks["hourly_pay_cents"] == clocks["tutor_id"], "older edits of the pay must not win over it"


def test_tutors_write_attendance_report_and_notes_of_their_own_sessions(
    center: SmallCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "DESKTOP_ROLES", frozenset(Role))
    jakub = center.person(Role.TUTOR, user_id=center.jakub_user)
    other = center.person(Role.TUTOR)
    assert jakub.edit("schedule_entry", center.here, report_done="Fractions", notes="Quick") == []
    assert jakub.edit("attendee", center.nina_here, attendance="PRESENT") == []
    assert jakub.edit("schedule_entry", center.here, **TIMES) == REFUSED
    assert jakub.edit("schedule_entry", center.here, archived_at="2026-11-25T20:00:00Z") == REFUSED
    assert jakub.edit("student", center.nina, grade="9") == REFUSED
    assert other.edit("schedule_entry", center.here, report_done="Nothing") == REFUSED
    new_entry(jakub, center.irvington)
    assert jakub.last == REFUSED


def test_guardians_write_their_own_contact_data(center: SmallCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "DESKTOP_ROLES", frozenset(Role))
    asha = center.person(Role.GUARDIAN, email="Asha@patel.example ")
    assert asha.edit("family", center.patel, parent1_phone="+19145550100") == []
    assert asha.edit("family", center.patel, notes="A star") == REFUSED
    assert asha.edit("family", center.patel, parent1_email="other@x.example") == REFUSED
    assert asha.edit("family", center.silva, parent1_phone="1") == REFUSED
    assert asha.edit("schedule_entry", center.here, status="CANCELLED") == REFUSED


def test_nobody_notes_a_look_in_anothers_name(center: SmallCenter, desk: Pc) -> None:
    look = {"student_id": center.nina, "looked_at": "2026-11-25T20:00:00Z"}
    desk.make("health_access", user_id=desk.user_id, **look)
    assert desk.last == []
    desk.make("health_access", user_id=center.jakub_user, **look)
    assert desk.last == REFUSED


def test_an_archived_user_has_no_say(center: SmallCenter, desk: Pc) -> None:
    from shared_models.access.models import User
    from sync_server.access.requests import Refused
    from tests.sync_server.access_rules.random_center import START

    with center.database.tenant(center.organization_id) as session:
        session.get_one(User, (center.organization_id, desk.user_id)).archived_at = START
    with pytest.raises(Refused):
        desk.edit("schedule_entry", center.here, notes="Still here")
