"""A desktop that does not know the newest fields goes on syncing, and takes nothing away from those that do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import select, text

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.base import new_id
from shared_models.catalog.models import Subject
from shared_models.leads.models import Lead
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Family, Student, StudentSubject
from shared_models.sync.clocks import CREATED
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack, unpack, wire_fields
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NEWER = {"brand_color", "logo_png"}
MOMENT = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


def test_an_older_desktop_changes_the_name_and_keeps_the_color(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(database, "First")
    store = Store(tmp_path / "desk", use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(server.url, token.value)
    exchange(store, client)
    with store.write() as session:
        session.get_one(Organization, (organization_id, organization_id)).brand_color = "#1f4e8c"
    with store.read() as session:
        created = session.get_one(Organization, (organization_id, organization_id)).field_clocks[CREATED]
    exchange(store, client)
    late = store.clock.tick()
    clocks = f'{{"{CREATED}": "{created}", "business_name": "{late}"}}'
    older = TableBatch("organization", ("business_name",), [organization_id], [clocks], [["Hudson"]])
    head, _ = client.push(pack({"protocol": 2, "lineage": store.local("sync_lineage")}, [older]))
    assert head["refused"] == []
    with database.tenant(organization_id) as session:
        row = session.get_one(Organization, (organization_id, organization_id))
        assert (row.business_name, row.brand_color, row.logo_png) == ("Hudson", "#1f4e8c", "")
    client.close()
    store.close()


class PreviousDesk:
    """A program of the protocol before, at a real socket."""

    def __init__(self, server: LiveServer, folder: Path, email: str) -> None:
        store = Store(folder, use_keyring=False)
        sign_in(store, server.url, email, PASSWORD)
        token = store.secrets.read(TOKEN)
        assert token is not None
        self.clock = store.clock
        store.close()
        self._http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token.value}"})

    def close(self) -> None:
        self._http.close()

    def pull(self, table: str) -> TableBatch:
        """Everything of one table."""
        answer = self._http.get("/api/v1/sync/pull?after=0&limit=5000").raise_for_status()
        return next(batch for batch in unpack(answer.content)[1] if batch.table == table)

    def pull_page(self, after: int, limit: int) -> tuple[int, bool, list[TableBatch]]:
        """As that program does: the cursor after a page, whether more follows, and the page."""
        answer = self._http.get(f"/api/v1/sync/pull?after={after}&limit={limit}").raise_for_status()
        head, batches = unpack(answer.content)
        return int(head["next"]) if batches else after, bool(head["more"]), batches

    def push(self, batch: TableBatch) -> None:
        """Send rows, none of which may be refused."""
        message = pack({"protocol": 1}, [batch])
        answer = self._http.post("/api/v1/sync/push", content=message, headers={"Content-Type": CONTENT_TYPE})
        assert unpack(answer.raise_for_status().content)[0]["refused"] == []


@pytest.fixture
def written_twice(database: Database) -> tuple[str, str, str]:
    """A student's subject that was taken out and put in again, and a family whose notes were written twice; returns
    the organization, an owner's e-mail and the family's id."""
    organization_id, _, email = make_organization(database, "First")
    own = {"organization_id": organization_id}
    family_id, student_id, row_id = new_id(), new_id(), new_id()
    with database.tenant(organization_id) as session:
        subject_id = session.scalars(select(Subject.id)).first()
        location_id = session.scalars(select(Location.id)).one()
        session.add(Family(**own, id=family_id, parent1_first_name="Jin", parent1_last_name="Lee", notes="first"))
        session.add(Student(**own, id=student_id, family_id=family_id, location_id=location_id, first_name="Mia"))
        session.add(StudentSubject(**own, id=row_id, student_id=student_id, rank=1, subject_id=subject_id))
    for archived_at in (datetime(2026, 11, 2, tzinfo=UTC), None):
        with database.tenant(organization_id) as session:
            session.get_one(StudentSubject, (organization_id, row_id)).archived_at = archived_at
            session.get_one(Family, (organization_id, family_id)).notes = f"then {archived_at}"
    return organization_id, email, family_id


@pytest.fixture
def desk(server: LiveServer, tmp_path: Path, written_twice: tuple[str, str, str]) -> Iterator[PreviousDesk]:
    with closing(PreviousDesk(server, tmp_path / "desk", written_twice[1])) as previous:
        yield previous


def test_clocks_that_go_to_the_previous_protocol_hold_stamps_alone(
    database: Database, desk: PreviousDesk, written_twice: tuple[str, str, str]
) -> None:
    organization_id, _, family_id = written_twice
    with database.tenant(organization_id) as session:
        assert "notes~" in session.get_one(Family, (organization_id, family_id)).field_clocks
    for table in ("family", "student_subject"):
        for clocks in desk.pull(table).clocks:
            assert all(re.fullmatch("[0-9a-f]{28}", stamp) for stamp in orjson.loads(clocks).values())


def test_the_previous_protocol_takes_a_row_out_of_its_set(
    database: Database, desk: PreviousDesk, written_twice: tuple[str, str, str]
) -> None:
    organization_id, *_ = written_twice
    row = desk.pull("student_subject")
    clocks = orjson.loads(row.clocks[0]) | {"archived_at": desk.clock.tick()}
    taken_out = TableBatch(
        "student_subject", ("archived_at",), row.ids, [orjson.dumps(clocks).decode()], [["2026-11-03T08:00:00Z"]]
    )
    for _ in range(2):  # the second time after a lost answer
        desk.push(taken_out)
        with database.tenant(organization_id) as session:
            found = session.get_one(StudentSubject, (organization_id, row.ids[0]))
            assert found.archived_at == datetime(2026, 11, 3, 8, tzinfo=UTC)


def test_a_text_edited_by_the_previous_protocol_replaces_what_stood_there(
    database: Database, desk: PreviousDesk, written_twice: tuple[str, str, str]
) -> None:
    organization_id, _, family_id = written_twice
    row = desk.pull("family")
    place = row.ids.index(family_id)
    clocks = orjson.loads(row.clocks[place]) | {"notes": desk.clock.tick(), "notes~": " stale"}
    edited = TableBatch("family", ("notes",), [family_id], [orjson.dumps(clocks).decode()], [["second"]])
    desk.push(edited)
    desk.push(edited)
    with database.tenant(organization_id) as session:
        assert session.get_one(Family, (organization_id, family_id)).notes == "second"


def test_a_desk_of_the_previous_protocol_gets_past_pages_of_which_it_may_see_nothing(
    database: Database, desk: PreviousDesk, written_twice: tuple[str, str, str]
) -> None:
    """[S-57]: it moves its cursor only with rows, so an empty page that is not the last would keep it there."""
    organization_id, *_ = written_twice
    own = {"organization_id": organization_id}
    elsewhere, family_id = new_id(), new_id()
    with database.tenant(organization_id) as session:
        owner = session.scalars(select(UserRole).where(UserRole.role == Role.OWNER)).one()
        here = session.scalars(select(Location.id)).one()
        owner.archived_at = datetime(2026, 11, 2, tzinfo=UTC)
        session.add(UserRole(**own, id=new_id(), user_id=owner.user_id, role=Role.FRONT_DESK))
        session.add(LocationAssignment(**own, id=new_id(), user_id=owner.user_id, location_id=here))
        session.add(Location(**own, id=elsewhere, name="Elsewhere"))
    with database.tenant(organization_id) as session:
        session.add(Family(**own, id=family_id, parent1_first_name="Elif", parent1_last_name="Kaya"))
        session.flush()
        student = {**own, "family_id": family_id, "location_id": elsewhere}
        session.add_all(Student(**student, id=new_id(), first_name=f"Student {n}") for n in range(40))
    with database.tenant(organization_id) as session:
        session.add(Lead(**own, id=new_id(), location_id=here, parent_first_name="Ana", created_at=MOMENT))
    came: dict[str, list[str]] = {}
    cursor, has_more, asked = 0, True, 0
    while has_more:
        cursor, has_more, batches = desk.pull_page(cursor, 5)
        for batch in batches:
            came.setdefault(batch.table, []).extend(batch.ids)
        asked += 1
        assert asked < 200
    assert len(came["lead"]) == len(came["student"]) == 1


def test_a_center_that_comes_without_the_newer_fields_gets_none(database: Database) -> None:
    organization_id = new_id()
    known = [name for name in wire_fields(Organization.__table__) if name not in NEWER]  # type: ignore[arg-type]
    with database.tenant(make_organization(database)[0]) as session:
        row = session.query(Organization).one()
    values = {name: getattr(row, name) for name in known if name != "session_durations_minutes"}
    values |= {"organization_id": organization_id, "id": organization_id, "language": row.language.value}
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    with database.tenant(organization_id) as session:
        session.connection().execute(
            text(
                f"INSERT INTO organization ({names}, session_durations_minutes, field_clocks) "
                f"VALUES ({marks}, '[60]', '{{}}')"
            ),
            values,
        )
        stored = session.get_one(Organization, (organization_id, organization_id))
        assert (stored.brand_color, stored.logo_png) == ("", "")
