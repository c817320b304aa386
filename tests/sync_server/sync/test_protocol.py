"""The server's end of protocol 2 over HTTP: hello and lineage, pushes that land, framed pulls, scopes, digests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson
import psycopg
import pytest
from psycopg_pool import PoolTimeout
from sqlalchemy import Enum, select, text

from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id, new_id
from shared_models.leads.models import Lead
from shared_models.organization.models import Location
from shared_models.sync.causal import long_text
from shared_models.sync.clocks import ERASED_CLOCK, MAX_AHEAD_MILLISECONDS, HybridClock, wall_milliseconds
from shared_models.sync.digest import deep_digest
from shared_models.sync.wire import TableBatch, pack, unpack
from sync_server.access.devices import revoke_device
from sync_server.database import Database
from sync_server.models import OrganizationSequence
from sync_server.sync.sight import table_of
from tests.live_server import LiveServer
from tests.sync_server.sync.conftest import BareDesk, Center, frames, joined, make_center, values_of

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
LEAD = {"created_at": "2026-11-25T20:40:00Z", "parent_first_name": "Ana"}


@pytest.fixture
def desk(center: Center) -> BareDesk:
    desk = center.desk()
    desk.hello()
    return desk


# hello, lineage, epoch


def test_hello_says_where_the_server_stands(center: Center) -> None:
    """[S-30], [S-4]"""
    before = wall_milliseconds()
    said = center.desk().hello(schema="0006", program="0.1.0", wall_ms=before, cursor=0)
    assert said["protocol"] == 2
    assert before <= said["server_time_ms"] <= wall_milliseconds()
    assert said["epoch"] and said["scope"] and said["lineage"]
    assert said["restored_at_seq"] is None
    assert said["last_seq"] > 0


@pytest.mark.parametrize(
    ("protocols", "status", "code"), [([3], 426, "too_new"), ([0], 426, "too_old"), ([], 400, "bad_message")]
)
def test_hello_tells_too_old_and_too_new_in_a_sentence(
    center: Center, protocols: list[int], status: int, code: str
) -> None:
    """[S-22]"""
    answer = center.desk().say_hello(protocols=protocols)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].endswith(".")


def test_a_copy_of_a_store_gets_a_name_of_its_own(center: Center) -> None:
    """[S-31] Whichever life speaks second to an old nonce goes on under another name, and neither is stopped."""
    first = center.desk()
    first.hello()
    kept = first.lineage
    first.push(first.new("lead", **LEAD))
    first.push(first.new("lead", **LEAD))
    first.lineage, current = kept, first.lineage
    answer = first.say_hello()
    assert (answer.status_code, answer.json()["code"]) == (409, "forked")
    other = answer.json()
    assert other["device_id"] != first.device_id
    refused = first.send([first.new("lead", **LEAD)])
    assert refused.json()["code"] == "forked"
    copy = BareDesk(
        first.url, other["token"], first.organization_id, first.user_id, other["device_id"],
        HybridClock(other["device_id"]), other["lineage"],
    )  # fmt: skip
    copy.hello()
    copy.push(copy.new("lead", **LEAD))
    copy.http.close()
    first.lineage = current
    first.push(first.new("lead", **LEAD))


def test_a_lost_answer_is_no_other_life(desk: BareDesk) -> None:
    """[S-31] The nonce before the current one is taken too."""
    before = desk.lineage
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    desk.lineage = before
    head, _ = desk.push(batch)
    assert (head["refused"], head["from"]) == ([], head["to"])
    assert desk.lineage not in (None, before)


def test_a_push_that_is_forked_changes_nothing(center: Center) -> None:
    """[S-31], [S-40]"""
    desk = center.desk()
    desk.hello()
    desk.hello()
    desk.lineage = "of another life"
    batch = desk.new("lead", **LEAD)
    assert desk.send([batch]).status_code == 409
    desk.lineage = None
    other = center.desk()
    other.hello()
    assert batch.ids[0] not in other.rows("lead")


def test_a_push_that_knows_another_epoch_changes_nothing(center: Center) -> None:
    """[S-32]: a row that the restored server lost is not made anew from the fields of an edit."""
    desk = center.desk()
    epoch = desk.hello()["epoch"]
    batch = desk.new("lead", **LEAD)
    refused = desk.send([batch], epoch="of another life")
    assert (refused.status_code, refused.json()["code"]) == (409, "restored")
    assert batch.ids[0] not in desk.rows("lead")
    assert desk.push(batch, epoch=epoch)[0]["accepted"] == 1


def test_after_a_restore_hello_says_from_where(center: Center) -> None:
    """[S-32]"""
    desk = center.desk()
    before = desk.hello()
    with center.database.tenant(center.organization_id) as session:
        sequence = session.get_one(OrganizationSequence, center.organization_id)
        sequence.epoch, sequence.restored_at_seq = "another", 7
    after = desk.hello()
    assert before["epoch"] != after["epoch"] == "another"
    assert after["restored_at_seq"] == 7
    ((head, _),) = desk.pages(after["last_seq"])
    assert head["epoch"] == "another"


# push


def test_a_push_says_where_its_rows_landed(desk: BareDesk) -> None:
    """[S-45]"""
    head = desk.hello()
    leads = joined([desk.new("lead", **LEAD) for _ in range(3)])
    answer, standing = desk.push(leads, cursor=head["last_seq"])
    first = head["last_seq"] + 1
    assert (answer["from"], answer["landed"], answer["to"]) == (head["last_seq"], [first], first + 2)
    assert (answer["accepted"], answer["refused"], standing) == (3, [], [])
    (page,) = desk.pages(head["last_seq"])
    assert [batch.seqs for batch in page[1]] == [[first, first + 1, first + 2]]
    assert page[1][0].ids == leads.ids


def test_what_did_not_land_as_sent_is_said(center: Center, desk: BareDesk) -> None:
    """[S-45] An edit that lost, a row that was known, and one that was refused leave no number to skip by."""
    other = center.desk()
    other.hello()
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    earlier = desk.edit(batch, phone="+19145550101")
    other.clock.observe(orjson.loads(earlier.clocks[0])["phone"])
    other.push(other.edit(batch, phone="+19145550102"))
    answer, _ = desk.push(earlier)
    assert answer["landed"] == [None]
    bad = desk.new("lead", **LEAD, stage="NOWHERE")
    answer, _ = desk.push(joined([desk.new("lead", **LEAD), bad]))
    assert (answer["landed"], answer["accepted"]) == ([None], 1)


def test_a_row_at_fault_is_refused_alone_with_a_code(desk: BareDesk) -> None:
    """[S-41]"""
    good = [desk.new("lead", **LEAD) for _ in range(5)]
    bad = desk.new("lead", **LEAD, stage="NOWHERE")
    lost = desk.new("room", location_id=new_id(), name="A", number="", floor="", position=0)
    unknown = TableBatch("spaceship", ("name",), [new_id()], [desk.created()], [["x"]])
    strange = TableBatch("lead", ("warp",), [new_id()], [desk.created()], [["x"]])
    blank_id = TableBatch("lead", ("phone",), ["no id"], [desk.created()], [["x"]])
    clockless = TableBatch("lead", ("phone",), [new_id()], ["{}"], [["x"]])
    answer, _ = desk.push(joined([*good[:3], bad, *good[3:]]), lost, unknown, strange, blank_id, clockless)
    codes = {row["id"]: row["code"] for row in answer["refused"]}
    assert codes == {
        bad.ids[0]: "invalid", lost.ids[0]: "missing_reference", unknown.ids[0]: "unknown_data",
        strange.ids[0]: "unknown_data", "no id": "invalid", clockless.ids[0]: "invalid",
    }  # fmt: skip
    assert all(row["reason"].endswith(".") for row in answer["refused"])
    assert {batch.ids[0] for batch in good} <= set(desk.rows("lead"))


def test_a_refused_edit_brings_the_rows_of_the_server_back(desk: BareDesk) -> None:
    """[S-42]"""
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    answer, standing = desk.push(desk.edit(batch, stage="NOWHERE"))
    assert [row["code"] for row in answer["refused"]] == ["invalid"]
    (row,) = standing
    assert (row.table, row.ids, row.columns[row.fields.index("stage")]) == ("lead", batch.ids, ["NEW"])


def test_a_clock_far_ahead_stops_the_whole_push(desk: BareDesk) -> None:
    """[S-3]"""
    ahead = HybridClock(desk.device_id, lambda: wall_milliseconds() + MAX_AHEAD_MILLISECONDS + 60_000)
    good = desk.new("lead", **LEAD)
    desk.clock, right = ahead, desk.clock
    bad = desk.new("lead", **LEAD)
    desk.clock = right
    answer = desk.send([good, bad])
    assert (answer.status_code, answer.json()["code"]) == (409, "clock_ahead")
    assert abs(answer.json()["server_time_ms"] - wall_milliseconds()) < 60_000
    assert good.ids[0] not in desk.rows("lead")


def test_in_protocol_1_a_clock_far_ahead_refuses_single_rows(desk: BareDesk) -> None:
    """[S-3]"""
    good = desk.new("lead", **LEAD)
    desk.clock = HybridClock(desk.device_id, lambda: wall_milliseconds() + MAX_AHEAD_MILLISECONDS + 60_000)
    bad = desk.new("lead", **LEAD)
    answer = desk.http.post("/api/v1/sync/push", content=pack({"protocol": 1}, [joined([good, bad])]))
    head, _ = unpack(answer.content)
    assert [row["id"] for row in head["refused"]] == bad.ids
    assert head["accepted"] == 1


def test_only_the_server_erases(center: Center, desk: BareDesk) -> None:
    """[S-15]"""
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    erased = orjson.dumps({"*": ERASED_CLOCK}).decode()
    claim = TableBatch("lead", ("parent_first_name",), batch.ids, [erased], [[""]])
    answer, _ = desk.push(claim)
    assert [row["code"] for row in answer["refused"]] == ["invalid"]
    new = desk.new("lead", **LEAD)
    answer, _ = desk.push(TableBatch("lead", new.fields, new.ids, claim.clocks, new.columns))
    assert [row["code"] for row in answer["refused"]] == ["invalid"]
    with center.database.tenant(center.organization_id) as session:
        session.connection().execute(
            text("UPDATE lead SET parent_first_name = '', field_clocks = :clocks WHERE id = :id"),
            {"clocks": erased, "id": batch.ids[0]},
        )
    answer, _ = desk.push(desk.edit(batch, parent_first_name="Ana again", notes="and this"))
    assert answer["refused"] == []
    assert answer["landed"] == [None] and answer["to"] > answer["from"]  # the desk fetches it back
    assert values_of(desk.rows("lead"), batch.ids[0], "parent_first_name", "notes") == ("", "")


def test_entries_of_a_ledger_stay_as_they_are(center: Center, desk: BareDesk) -> None:
    """[S-14]"""
    lead = desk.new("lead", **LEAD)
    contact = desk.new("lead_contact", **_contact(lead.ids[0]))
    desk.push(lead, contact)
    answer, standing = desk.push(desk.edit(contact, note="something else"))
    assert [row["code"] for row in answer["refused"]] == ["append_only"]
    assert standing[0].ids == contact.ids
    answer, _ = desk.push(desk.edit(contact, archived_at="2026-11-26T10:00:00Z"))
    assert answer["refused"] == []


def _contact(lead_id: str) -> dict[str, Any]:
    """A contact with what it cannot do without."""
    needed = {
        column.name: column.type
        for column in table_of("lead_contact").columns
        if not column.nullable and column.default is None and column.name not in ("organization_id", "field_clocks")
    }
    return {
        name: kind.enums[0] if isinstance(kind, Enum) else "2026-11-25T20:40:00Z" if name.endswith("_at") else ""
        for name, kind in needed.items()
    } | {"lead_id": lead_id}


def test_texts_written_at_the_same_time_are_both_kept(center: Center, desk: BareDesk) -> None:
    """[S-12] as the server merges it."""
    other = center.desk()
    other.hello()
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    created = orjson.loads(batch.clocks[0])["*"]
    for writer, words in ((desk, "Called, no answer"), (other, "Mother called back")):
        stamp = writer.clock.tick()
        written = long_text("", created, None).edited(stamp, writer.device_id[:4], words)
        clocks = {"*": created, "notes": stamp, "notes~": written.context}
        edit = TableBatch("lead", ("notes",), batch.ids, [orjson.dumps(clocks).decode()], [[words]])
        assert writer.push(edit)[0]["refused"] == []
    notes = str(desk.rows("lead")[batch.ids[0]]["notes"])
    assert "Called, no answer" in notes and "Mother called back" in notes


def test_a_sync_of_many_rows_lands_and_comes_back_whole(desk: BareDesk) -> None:
    """Rows by COPY: with tabs, line ends, backslashes and all the letters there are."""
    odd = ["", "tab\there", "two\nlines\r\n", "back\\slash \\N", "quote \" ' ’", "李 Thảo ‏נועה", "\\"]
    leads = joined([desk.new("lead", **(LEAD | {"parent_last_name": odd[n % len(odd)]})) for n in range(700)])
    head, _ = desk.push(leads)
    assert head["landed"][0] is not None
    rows = desk.rows("lead")
    assert [rows[row_id]["parent_last_name"] for row_id in leads.ids] == [odd[n % len(odd)] for n in range(700)]


# pull


def test_a_pull_is_a_stream_of_pages_in_order(desk: BareDesk) -> None:
    """[S-50], [S-54], [S-56]"""
    sent = [joined([desk.new("lead", **LEAD) for _ in range(2500)]) for _ in range(2)]
    desk.push(*sent)
    pages = desk.pages()
    assert len(pages) > 1
    cursors = [head["next"] for head, _ in pages]
    assert cursors == sorted(cursors)
    assert [head["more"] for head, _ in pages] == [True] * (len(pages) - 1) + [False]
    assert pages[0][0]["total"] == sum(len(batch.ids) for _, batches in pages for batch in batches)
    for (head, batches), after in zip(pages, [0, *cursors], strict=False):
        seqs = [seq for batch in batches for seq in batch.seqs or ()]
        assert all(after < seq <= head["next"] for seq in seqs)
    assert cursors[-1] == pages[-1][0]["last"]


def test_a_stream_that_was_cut_off_goes_on_from_its_last_page(desk: BareDesk) -> None:
    """[S-50]"""
    leads = joined([desk.new("lead", **LEAD) for _ in range(4000)])
    desk.push(leads)
    with desk.http.stream("GET", "/api/v1/sync/pull?protocol=2&after=0") as stream:
        received = b""
        for part in stream.iter_bytes():
            received += part
            if len(frames(received)) > 1:
                break
    head, batches = unpack(frames(received)[0])
    again = desk.pages(head["next"])
    ids = [row_id for batch in batches for row_id in batch.ids]
    ids += [row_id for _, later in again for batch in later for row_id in batch.ids]
    assert len(ids) == len(set(ids))
    assert set(leads.ids) <= set(ids)


def test_nothing_new_is_one_empty_page_at_the_price_of_one_query(
    desk: BareDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S-55]"""
    said = desk.hello()
    counted: list[object] = []
    execute = psycopg.Cursor.execute

    def counting(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        counted.append(query)
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    ((head, batches),) = desk.pages(said["last_seq"], scope=said["scope"])
    monkeypatch.undo()
    assert (head["next"], head["more"], batches) == (said["last_seq"], False, [])
    assert len(counted) == 1, counted


def test_one_page_can_be_asked_for_without_a_stream(desk: BareDesk) -> None:
    ((head, batches),) = desk.pages(0, limit=3)
    assert sum(len(batch.ids) for batch in batches) == 3
    assert head["more"]


def test_one_table_can_be_pulled_again(desk: BareDesk) -> None:
    """[S-70]"""
    batch = desk.new("lead", **LEAD)
    desk.push(batch)
    tables = {part.table for _, batches in desk.pages(0, table="lead") for part in batches}
    assert tables == {"lead"}
    answer = desk.http.get("/api/v1/sync/pull", params={"protocol": 2, "after": 0, "table": "spaceship"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


# who sees what


def test_another_scope_is_answered_with_the_new_one_and_no_rows(desk: BareDesk) -> None:
    """[S-53]"""
    ((head, batches),) = desk.pages(0, scope="of yesterday")
    assert (head["rescope"], batches) == (True, [])
    assert head["scope"] == desk.hello()["scope"]


def test_what_leaves_ones_sight_is_withdrawn(center: Center) -> None:
    """[S-52], [S-61], [S-62]"""
    own = {"organization_id": center.organization_id}
    elsewhere = new_id()
    with center.database.tenant(center.organization_id) as session:
        here = session.scalars(select(Location.id)).one()
        session.add(Location(**own, id=elsewhere, name="Yonkers"))
    sam = center.desk(center.user(Role.FRONT_DESK, locations=[here]))
    said = sam.hello()
    owner = center.desk()
    owner.hello()
    family = owner.new("family", parent1_first_name="Ana", parent1_last_name="Kim")
    student = owner.new("student", family_id=family.ids[0], location_id=here, first_name="Mia")
    owner.push(family, student)
    assert student.ids[0] in sam.rows("student")
    cursor = sam.hello()["last_seq"]
    owner.push(owner.edit(student, location_id=elsewhere))
    pages = sam.pages(cursor, scope=said["scope"])
    withdrawn = {row_id for head, _ in pages for part in head["withdrawn"] for row_id in part["ids"]}
    assert student.ids[0] in withdrawn
    assert student.ids[0] not in sam.rows("student")
    everything = sam.pages(0, withdrawn="all")
    assert student.ids[0] in {i for head, _ in everything for part in head["withdrawn"] for i in part["ids"]}
    assert all(head["withdrawn"] == [] for head, _ in sam.pages(0))


def test_a_role_that_ends_changes_the_scope_and_then_the_access(center: Center) -> None:
    """[S-53], [S-60]"""
    user = center.user(Role.FRONT_DESK, Role.ADMIN)
    sam = center.desk(user)
    said = sam.hello()
    with center.database.tenant(center.organization_id) as session:
        session.get_one(UserRole, (center.organization_id, derived_id(user, Role.ADMIN))).archived_at = NOW
    ((head, _),) = sam.pages(0, scope=said["scope"])
    assert head["rescope"] and head["scope"] != said["scope"]
    with center.database.tenant(center.organization_id) as session:
        session.get_one(UserRole, (center.organization_id, derived_id(user, Role.FRONT_DESK))).archived_at = NOW
    answer = sam.http.get("/api/v1/sync/pull?protocol=2&after=0")
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


def test_a_front_desk_cannot_change_what_only_the_owner_may(center: Center) -> None:
    """[S-41], [S-63]"""
    sam = center.desk(center.user(Role.FRONT_DESK))
    sam.hello()
    owner = center.desk()
    owner.hello()
    service = owner.new("service", name="Private", format="PRIVATE")
    owner.push(service)
    answer, _ = sam.push(sam.edit(service, name="Cheaper"), sam.new("service", name="Mine", format="PRIVATE"))
    assert [row["code"] for row in answer["refused"]] == ["not_allowed", "not_allowed"]


# digests


def test_digests_say_what_the_desk_should_hold(center: Center, desk: BareDesk) -> None:
    """[S-70], [S-71], [S-72]"""
    desk.push(joined([desk.new("lead", **LEAD) for _ in range(7)]))
    answer = desk.http.get("/api/v1/sync/digests", params={"deep": 1}).json()
    pages = desk.pages()
    seqs = [seq for _, batches in pages for batch in batches if batch.table == "lead" for seq in batch.seqs or ()]
    count, total, mixed, deep = answer["tables"]["lead"]
    assert (count, total) == (7, sum(seqs))
    assert mixed == sum((seq * 2654435761) % 4294967296 for seq in seqs)
    rows = [
        (row_id, clocks, *values)
        for _, batches in pages
        for batch in batches
        if batch.table == "lead"
        for row_id, clocks, values in zip(batch.ids, batch.clocks, batch.rows(), strict=True)
    ]
    assert deep == deep_digest(table_of("lead"), reversed(rows))
    assert answer["at"] == desk.hello()["last_seq"]
    assert len(desk.http.get("/api/v1/sync/digests").json()["tables"]["lead"]) == 3


# errors


def test_a_revoked_device_is_told_so(center: Center, desk: BareDesk) -> None:
    """[S-90]"""
    assert revoke_device(center.database, center.organization_id, desk.device_id, NOW)
    for answer in (desk.say_hello(), desk.send([]), desk.http.get("/api/v1/sync/pull?protocol=2"),
                   desk.http.get("/api/v1/sync/digests"), desk.http.get("/api/v1/sync/watch"),
                   desk.http.get("/api/v1/devices")):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (401, "revoked")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/sync/push", b"nonsense"),
        ("POST", "/api/v1/sync/push", b""),
        ("POST", "/api/v1/sync/hello", b"[]"),
        ("POST", "/api/v1/sync/hello", b"{"),
        ("GET", "/api/v1/sync/pull?protocol=2&after=-1", None),
        ("GET", "/api/v1/sync/pull?protocol=2&after=99999999999999999999", None),
        ("GET", "/api/v1/sync/pull?protocol=2&limit=0", None),
    ],
)
def test_what_is_no_message_is_answered_400(desk: BareDesk, method: str, path: str, body: bytes | None) -> None:
    """[S-20], [S-21]"""
    answer = desk.http.request(method, path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_message")


def test_other_protocols_are_refused_with_a_sentence(desk: BareDesk) -> None:
    """[S-22]"""
    for protocol, code in ((3, "too_new"), (0, "too_old"), (None, "too_old")):
        answer = desk.send([], protocol=protocol)
        assert (answer.status_code, answer.json()["code"]) == (426, code)


def test_a_push_of_too_many_rows_is_refused_before_anything_is_taken(
    desk: BareDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S-46]"""
    monkeypatch.setattr("sync_server.sync.push.MAX_ROWS", 2)
    leads = joined([desk.new("lead", **LEAD) for _ in range(3)])
    answer = desk.send([leads])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert set(leads.ids).isdisjoint(desk.rows("lead"))


def test_without_a_free_connection_the_desk_is_asked_to_wait(desk: BareDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[S-21]"""
    monkeypatch.setattr(Database, "bare", _none_free)
    answer = desk.http.get("/api/v1/sync/pull?protocol=2")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")


def _none_free(_database: Database) -> Any:
    raise PoolTimeout


def test_writers_of_one_center_take_turns_and_no_number_is_given_twice(center: Center, server: LiveServer) -> None:
    """[S-44]"""
    other = make_center(center.database, server)
    desks = [center.desk() for _ in range(4)] + [other.desk()]

    def write(desk: BareDesk) -> list[tuple[int, int]]:
        desk.hello()
        spans = []
        for _ in range(6):
            head, _ = desk.push(joined([desk.new("lead", **LEAD) for _ in range(5)]))
            spans.append((head["landed"][0], head["to"]))
        return spans

    with ThreadPoolExecutor(len(desks)) as pool:
        *ours, _ = pool.map(write, desks)
    taken = sorted(span for spans in ours for span in spans)
    assert all(last + 1 <= following for (_, last), (following, _) in pairwise(taken))
    with center.database.tenant(center.organization_id) as session:
        seqs = session.scalars(select(Lead.server_seq)).all()
    assert len(seqs) == len(set(seqs)) == 4 * 6 * 5
