"""The exchange with a real server: bounded requests, rows edited on their way, pages that end early, and people at
the desk who save meanwhile."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import text

from desktop.store.gate import WriteGate
from desktop.store.store import Changes
from desktop.sync.client import Message, Pages, SyncClient
from desktop.sync.errors import TooLarge, Unreachable
from desktop.sync.exchange import Cancelled, Progress, Watcher, exchange, pull_all
from desktop.sync.hello import token_of
from desktop.sync.outgoing import read_requests
from desktop.sync.rows import CURSOR, SCOPE, WITHDRAWS, SyncWriter
from desktop.sync.verify import local_digests, verify
from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id, new_id
from shared_models.leads.models import Lead
from shared_models.sync.wire import unpack
from sync_server.database import Database
from tests.desktop.sync.conftest import NOW, Desk

MANY = 6_000


def add_many(desk: Desk, count: int = MANY, **values: Any) -> list[str]:
    ids = [new_id() for _ in range(count)]
    own = {"organization_id": desk.store.organization_id, "created_at": NOW, **values}
    with desk.store.write() as session:
        rows = [{**own, "id": row_id, "parent_first_name": f"Parent {place}"} for place, row_id in enumerate(ids)]
        desk.store.recorder.insert_rows(session, Lead, rows)
    return ids


def count(desk: Desk) -> int:
    found: int = desk.rows("SELECT count(*) FROM lead")[0][0]
    return found


def test_requests_are_bounded_by_rows_and_by_size(desk: Desk) -> None:
    """[S-46]"""
    add_many(desk, 1_000, notes="x" * 1_000)
    by_rows = [request.rows for request in read_requests(desk.store, most_rows=300)]
    assert sum(by_rows) == 1_000
    assert max(by_rows) <= 300
    sizes = []
    for request in read_requests(desk.store, most_bytes=200_000):
        head, batches = unpack(request.packed({"protocol": 2}))
        assert head == {"protocol": 2}
        sizes.append(sum(len(str(batch.columns)) for batch in batches))
    assert len(sizes) >= 5
    assert max(sizes) < 400_000


def test_parents_travel_before_children_and_every_row_once(desk: Desk) -> None:
    """[S-46]"""
    ids = add_many(desk, 700)
    seen = [row_id for request in read_requests(desk.store, most_rows=99) for each in request.batches
            for row_id in each.ids]  # fmt: skip
    assert sorted(seen) == sorted(ids)


def test_rows_of_one_table_travel_as_one_batch_each_beside_its_values(desk: Desk) -> None:
    ids = add_many(desk, 1_200)
    (request,) = read_requests(desk.store)
    _, (batch,) = unpack(request.packed({"protocol": 2}))
    assert sorted(batch.ids) == sorted(ids)
    names = dict(zip(batch.ids, batch.columns[batch.fields.index("parent_first_name")], strict=True))
    assert names == dict(desk.rows("SELECT id, parent_first_name FROM lead"))
    assert dict(zip(batch.ids, batch.clocks, strict=True)) == dict(desk.rows("SELECT id, field_clocks FROM lead"))


def test_an_edit_sends_only_the_fields_that_changed(desk: Desk) -> None:
    lead = desk.add_lead("Ana")
    desk.sync()
    desk.edit_lead(lead, phone="+19145550100")
    (request,) = read_requests(desk.store)
    (batch,) = request.batches
    assert (batch.table, batch.fields, batch.ids) == ("lead", ("phone",), [lead])


def test_whoever_saves_has_a_turn_while_thousands_of_sent_rows_are_noted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_many(desk, 3_000)
    commits = []
    commit = SyncWriter.commit

    def counted(writer: SyncWriter) -> None:
        commits.append(desk.store.unsent_count())
        commit(writer)

    monkeypatch.setattr(SyncWriter, "commit", counted)
    monkeypatch.setattr(WriteGate, "is_awaited", True)
    desk.sync()
    assert len(commits) > 5
    assert desk.store.unsent_count() == 0


def test_thousands_of_rows_arrive_whole(desk: Desk, other: Desk) -> None:
    add_many(desk)
    assert desk.sync().sent == MANY
    assert desk.store.unsent_count() == 0
    assert other.sync().received >= MANY
    assert count(other) == MANY
    assert desk.rows("SELECT id, field_clocks, parent_first_name, server_seq FROM lead ORDER BY id") == other.rows(
        "SELECT id, field_clocks, parent_first_name, server_seq FROM lead ORDER BY id"
    )


def test_a_push_that_landed_alone_is_spared_its_echo(desk: Desk) -> None:
    """[S-45]"""
    desk.sync()
    lead = desk.add_lead()
    assert desk.sync().received == 0
    assert desk.rows("SELECT server_seq FROM lead WHERE id = ?", lead)[0][0] == int(desk.store.local(CURSOR) or 0)
    assert desk.sync().received == 0


def test_what_others_wrote_meanwhile_is_fetched_after_a_push(desk: Desk, other: Desk) -> None:
    """[S-45]"""
    desk.sync()
    theirs = other.add_lead("Theirs")
    other.sync()
    desk.add_lead("Mine")
    desk.sync()
    assert desk.has_lead(theirs)


class Cut(SyncClient):
    """Ends each stream of pages after so many of them, as a cut line does."""

    pages = 1

    def pull(self, after: int, scope: str, *, withdrawn: bool = False, table: str | None = None) -> Pages:
        for number, page in enumerate(super().pull(after, scope, withdrawn=withdrawn, table=table)):
            if number == self.pages:
                raise Unreachable("cut")
            yield page


def test_a_stream_that_is_cut_off_goes_on_from_its_last_page(desk: Desk, other: Desk) -> None:
    """[S-50]"""
    add_many(desk)
    desk.sync()
    cut = Cut(other.server.url, token_of(other.store))
    had = []
    for _ in range(20):
        try:
            pull_all(other.store, cut)
            break
        except Unreachable:
            had.append(count(other))
    cut.close()
    assert had == sorted(set(had))
    assert 0 < had[0] < MANY
    assert count(other) == MANY


def test_a_fetch_can_be_cancelled_and_goes_on_where_it_was(desk: Desk, other: Desk) -> None:
    """[S-54]"""
    add_many(desk)
    desk.sync()
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        exchange(other.store, other.client, Watcher(seen.append, lambda: bool(seen)))
    assert 0 < seen[0].done < seen[0].total
    assert seen[0].total >= MANY
    assert count(other) == seen[0].done
    cursor = int(other.store.local(CURSOR) or 0)
    later: list[Progress] = []
    exchange(other.store, other.client, Watcher(later.append))
    assert int(other.store.local(CURSOR) or 0) > cursor
    assert later[-1].done == later[-1].total < MANY
    assert count(other) == MANY


def test_a_person_who_saves_during_a_fetch_does_not_wait_for_it(desk: Desk, other: Desk) -> None:
    """[S-50]: the writer steps back between chunks, and what was saved meanwhile is kept."""
    ids = add_many(desk, 12_000, notes="A note of some length about what was said on the phone.")
    desk.sync()
    waited: list[float] = []
    saved: list[str] = []
    is_over = threading.Event()

    def save() -> None:
        while not is_over.is_set() and len(waited) < 50:
            began = time.perf_counter()
            saved.append(other.add_lead("Meanwhile"))
            waited.append(time.perf_counter() - began)

    person = threading.Thread(target=save)
    person.start()
    other.sync()
    is_over.set()
    person.join()
    other.sync()
    assert len(waited) > 3
    assert sorted(waited)[len(waited) // 2] < 1.0
    assert count(other) == len(ids) + len(saved)
    assert other.store.unsent_count() == 0


def test_what_arrives_is_announced_together(desk: Desk, other: Desk) -> None:
    ids = add_many(desk)
    desk.sync()
    heard: list[Changes] = []
    stop = other.store.subscribe(heard.append)
    other.sync()
    stop()
    assert len(heard) <= 3
    assert frozenset().union(*(changes.get("lead", frozenset()) for changes in heard)) == frozenset(ids)


class Editing(SyncClient):
    """Lets the person edit while the answer of a push is on its way."""

    edit: Any = None

    def push(self, message: bytes) -> Message:
        answer = super().push(message)
        if self.edit is not None:
            edit, self.edit = self.edit, None
            edit()
        return answer


def test_a_row_edited_while_it_travelled_stays_unsent(desk: Desk, other: Desk) -> None:
    """[S-43]"""
    lead = desk.add_lead("Ana")
    client = Editing(desk.server.url, token_of(desk.store))
    client.edit = lambda: desk.edit_lead(lead, notes="said just now")
    exchange(desk.store, client)
    assert desk.lead(lead).notes == "said just now"
    exchange(desk.store, client)
    client.close()
    other.sync()
    assert other.lead(lead).notes == "said just now"
    assert desk.store.unsent_count() == 0


class Narrow(SyncClient):
    """A server that takes little at once."""

    most = 20_000

    def push(self, message: bytes) -> Message:
        _, batches = unpack(message)
        if sum(len(str(batch.columns)) for batch in batches) > self.most:
            raise TooLarge("The message is too large.")
        return super().push(message)


def test_what_is_too_large_goes_in_smaller_requests_and_alone_to_the_person(desk: Desk) -> None:
    """[S-46]"""
    add_many(desk, 100, notes="x" * 500)
    client = Narrow(desk.server.url, token_of(desk.store))
    exchange(desk.store, client)
    client.close()
    assert desk.store.unsent_count() == 0
    assert desk.store.attention_count() == 0


def test_nothing_new_is_one_request(desk: Desk) -> None:
    """[S-55]"""
    desk.sync()
    asked: list[str] = []

    class Counting(SyncClient):
        def pull(self, after: int, scope: str, *, withdrawn: bool = False, table: str | None = None) -> Pages:
            asked.append("pull")
            yield from super().pull(after, scope, withdrawn=withdrawn, table=table)

        def hello(self, asked_of: Any) -> Any:
            asked.append("hello")
            return super().hello(asked_of)

        def push(self, message: bytes) -> Message:
            asked.append("push")
            return super().push(message)

    client = Counting(desk.server.url, token_of(desk.store))
    assert exchange(desk.store, client).received == 0
    client.close()
    assert asked == ["pull"]


def test_another_scope_fetches_everything_anew_and_can_be_taken_up_again(desk: Desk, other: Desk) -> None:
    """[S-53]"""
    lead = desk.add_lead()
    desk.sync()
    other.sync()
    with other.store.engine.connect() as connection:
        connection.execute(text("UPDATE lead SET notes = 'stale here' WHERE id = :id"), {"id": lead})
        connection.commit()
    other.store.set_local(**{SCOPE: "another"})
    cut = Cut(other.server.url, token_of(other.store))
    cut.pages = 1
    pull_all(other.store, cut)
    cut.close()
    assert other.store.local(WITHDRAWS) is None
    assert other.store.local(SCOPE) == desk.store.local(SCOPE)
    assert other.lead(lead).notes == ""


def test_a_role_that_is_taken_away_withdraws_what_it_showed(desk: Desk, database: Database) -> None:
    """[S-52], [S-53]: afterwards this desk holds what the server shows it, and nothing else."""
    desk.add_lead("Ana")
    desk.sync()
    before, rows = desk.store.local(SCOPE), sum(count for count, *_ in local_digests(desk.store).values())
    organization_id, user_id = desk.store.organization_id, desk.store.user_id
    assert user_id is not None
    with database.tenant(organization_id) as session:
        session.get_one(UserRole, (organization_id, derived_id(user_id, Role.OWNER))).archived_at = NOW
        session.add(
            UserRole(
                organization_id=organization_id,
                id=derived_id(user_id, Role.FRONT_DESK),
                user_id=user_id,
                role=Role.FRONT_DESK,
            )
        )
    desk.sync()
    assert desk.store.local(SCOPE) != before
    assert desk.store.local(WITHDRAWS) is None
    found = verify(desk.store, desk.client)
    assert found.is_level
    assert found.differences == ()
    assert found.rows <= rows + 1
