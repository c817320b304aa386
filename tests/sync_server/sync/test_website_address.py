"""A website's address that is edited at a desk: it goes by the same rules as anywhere else, over real pushes
(product §6; docs/sync-protocol.md, [S-41])."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from shared_models.base import new_id
from shared_models.organization.models import Organization
from shared_models.sync.clocks import HybridClock
from shared_models.sync.wire import TableBatch
from sync_server.access.accounts import NewOrganization, create_organization
from sync_server.access.slugs import change_slug
from sync_server.database import Database
from sync_server.models import Membership, OrganizationRoute
from tests.live_server import PASSWORD, LiveServer, live_server
from tests.sync_server.sync.conftest import BareDesk, Center, add_device, make_center

CROWD = 64
LEAD = {"created_at": "2026-11-25T20:40:00Z", "parent_first_name": "Ana"}


@pytest.fixture
def desk(center: Center) -> BareDesk:
    desk = center.desk()
    desk.hello()
    return desk


def fresh(word: str = "wanted") -> str:
    return f"{word}-{new_id()[-12:]}"


def organization_row(desk: BareDesk) -> TableBatch:
    """The center's own row as the server has it, for edits."""
    for _, batches in desk.pages():
        for batch in batches:
            if batch.table == "organization":
                return batch
    raise AssertionError("no organization was pulled")


def routes(database: Database, organization_id: str) -> dict[str, bool]:
    with database.routing() as session:
        found = session.scalars(select(OrganizationRoute).where(OrganizationRoute.organization_id == organization_id))
        return {route.slug: route.is_current for route in found}


def stored_slug(center: Center) -> str:
    with center.database.tenant(center.organization_id) as session:
        return session.scalars(select(Organization.website_slug)).one()


def visit(center: Center, slug: str) -> httpx.Response:
    return httpx.get(f"{center.server.url}/{slug}/", trust_env=False, timeout=60)


def test_an_address_changed_at_a_desk_leads_to_the_website_and_the_old_one_redirects(
    center: Center, desk: BareDesk
) -> None:
    old, new = stored_slug(center), fresh("newer")
    assert visit(center, old).status_code == 200
    head, _ = desk.push(desk.edit(organization_row(desk), website_slug=new))
    assert (head["accepted"], head["refused"]) == (1, [])
    assert head["landed"][0] is not None
    assert routes(center.database, center.organization_id) == {old: False, new: True}
    assert visit(center, new).status_code == 200
    # Pages that are kept ready are asked about after they were given, a second after the last time at the earliest.
    until = time.monotonic() + 30
    moved = visit(center, old)
    while moved.status_code == 200 and time.monotonic() < until:
        moved = visit(center, old)
    assert (moved.status_code, moved.headers["location"]) in [(code, f"/{new}/") for code in (301, 308)]


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("Our Center", "letters a–z, digits and hyphens"),
        ("", "letters a–z, digits and hyphens"),
        ("admin", "reserved"),
        (None, "taken"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused_with_the_reason_and_all_else_is_taken(
    center: Center, desk: BareDesk, slug: str | None, said: str
) -> None:
    """What goes wrong is one field: the row's others, and the batch's other rows, stand."""
    old = stored_slug(center)
    wanted = slug if slug is not None else stored_slug(make_center(center.database, center.server))
    row = organization_row(desk)
    lead = desk.new("lead", **LEAD)
    head, standing = desk.push(desk.edit(row, website_slug=wanted, phone="+1 914-555-0142"), lead)
    (refusal,) = head["refused"]
    assert (refusal["table"], refusal["id"], refusal["code"]) == ("organization", center.organization_id, "invalid")
    assert said in refusal["reason"]
    (shown,) = standing
    values = dict(zip(shown.fields, (column[0] for column in shown.columns), strict=True))
    assert (values["website_slug"], values["phone"]) == (old, "+1 914-555-0142")
    assert lead.ids[0] in desk.rows("lead")
    assert stored_slug(center) == old
    assert routes(center.database, center.organization_id) == {old: True}


def test_an_address_taken_back_is_the_centers_own(center: Center, desk: BareDesk) -> None:
    old, new = stored_slug(center), fresh()
    row = organization_row(desk)
    for slug in (new, old):
        head, _ = desk.push(desk.edit(row, website_slug=slug))
        assert head["refused"] == []
    assert routes(center.database, center.organization_id) == {old: True, new: False}


def test_an_edit_that_was_overruled_claims_nothing(center: Center, desk: BareDesk) -> None:
    row = organization_row(desk)
    late = desk.edit(row, website_slug=fresh("late"))
    new = fresh()
    desk.push(desk.edit(row, website_slug=new))
    head, _ = desk.push(late)
    assert head["refused"] == []
    assert stored_slug(center) == new
    assert late.columns[0][0] not in routes(center.database, center.organization_id)


def test_a_push_and_the_server_moving_one_website_take_turns(center: Center, desk: BareDesk) -> None:
    """Both lock in one order: whoever comes second goes by what the first left."""
    row, start = organization_row(desk), threading.Barrier(2)
    first, second = fresh(), fresh()

    def at_the_server() -> None:
        start.wait(30)
        with center.database.tenant(center.organization_id) as session:
            change_slug(session, center.organization_id, first)

    for _ in range(5):
        thread = threading.Thread(target=at_the_server)
        thread.start()
        edit = desk.edit(row, website_slug=second)
        start.wait(30)
        desk.push(edit)
        thread.join(30)
        assert routes(center.database, center.organization_id)[stored_slug(center)]


@pytest.fixture(scope="module")
def crowded(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a connection for each of the crowd."""
    database = Database(postgres_url, pool_size=CROWD)
    with live_server(database, tmp_path_factory.mktemp("crowded")) as running:
        yield running
    database.close()


def test_one_of_sixty_four_centers_gets_the_address_over_http_and_the_others_are_told(
    database: Database, crowded: LiveServer
) -> None:
    wanted, email = fresh(), f"{new_id()[-12:]}@hudson.example"
    desks = [_desk_of_new_center(database, crowded, fresh("one"), email) for _ in range(CROWD)]
    edits = [desk.edit(organization_row(desk), website_slug=wanted) for desk in desks]
    start = threading.Barrier(CROWD)
    heads: dict[int, dict[str, Any]] = {}

    def push(number: int) -> None:
        start.wait(60)
        heads[number], _ = desks[number].push(edits[number])

    threads = [threading.Thread(target=push, args=(number,)) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    won = [number for number, head in heads.items() if not head["refused"]]
    told = [head["refused"][0]["reason"] for head in heads.values() if head["refused"]]
    assert (len(heads), len(won)) == (CROWD, 1)
    assert told == [f"The website address “{wanted}” is taken. Choose another."] * (CROWD - 1)
    assert routes(database, desks[won[0]].organization_id)[wanted]
    with database.routing() as session:
        count = session.execute(
            text("SELECT count(*) FROM organization_route WHERE slug = :slug"), {"slug": wanted}
        ).scalar_one()
    assert count == 1
    for desk in desks:
        desk.http.close()


def _desk_of_new_center(database: Database, server: LiveServer, slug: str, email: str) -> BareDesk:
    """Every center of one owner, whose password is not hashed anew for each."""
    organization_id = create_organization(
        database,
        NewOrganization(
            business_name="Hudson", slug=slug, time_zone="America/New_York", location_name="Main office",
            owner_first_name="Maya", owner_last_name="Torres", owner_email=email, password=PASSWORD,
        ),
    )  # fmt: skip
    with database.routing() as session:
        member = session.scalars(select(Membership).where(Membership.organization_id == organization_id)).one()
    token, device_id = add_device(database, organization_id, member.user_id, member.account_id)
    desk = BareDesk(server.url, token, organization_id, member.user_id, device_id, HybridClock(device_id))
    desk.hello()
    return desk
