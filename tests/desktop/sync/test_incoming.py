"""Pages as they are written into the store: hidden fields, withdrawn and erased rows, unsent edits that stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from desktop.store.errors import StoreUnwritable
from desktop.store.local_models import NeedsAttention
from desktop.store.store import Store
from desktop.sync.incoming import Incoming
from desktop.sync.outgoing import read_requests
from desktop.sync.rows import SyncWriter, blank_value, table_of
from shared_models.base import new_id
from shared_models.leads.models import Lead, LeadStage
from shared_models.organization.models import Organization
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import ERASED_CLOCK
from shared_models.sync.wire import TableBatch, wire_fields
from tests.desktop.sync.conftest import NOW

ORGANIZATION = "01980000-0000-7000-8000-000000000001"
EARLY = "0199000000000000aaaaaaaaaaaa"
LATER = "0199000000000001aaaaaaaaaaaa"
FIELDS = wire_fields(table_of("lead"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, use_keyring=False)
    store.set_local(organization_id=ORGANIZATION)
    with store.write() as session:
        own = {"organization_id": ORGANIZATION, "id": ORGANIZATION}
        session.add(Organization(**own, business_name="Hudson", time_zone="UTC"))
    mark_sent(store)
    yield store
    store.close()


def mark_sent(store: Store) -> None:
    with store.engine.connect() as connection:
        for name in tenant_classes():
            connection.exec_driver_sql(f'UPDATE "{name}" SET unsent_since = NULL')
        connection.commit()


def leads(
    ids: list[str], clocks: str = f'{{"*": "{EARLY}"}}', without: tuple[str, ...] = (), **values: Any
) -> TableBatch:
    """Leads as the server shows them."""
    fields = tuple(name for name in FIELDS if name not in without)
    known = {"created_at": "2026-11-25T20:40:00Z", "source": "OTHER", "stage": "NEW", **values}
    columns = [[known.get(name, blank_value(table_of("lead").c[name])) for _ in ids] for name in fields]
    return TableBatch("lead", fields, ids, [clocks] * len(ids), columns, list(range(1, len(ids) + 1)))


def apply(store: Store, *batches: TableBatch, **head: Any) -> None:
    with SyncWriter(store) as writer:
        writer.begin()
        Incoming(store, writer).apply({"next": 7, "more": False} | head, list(batches))
        writer.commit()


def lead(store: Store, lead_id: str) -> Lead | None:
    with store.read() as session:
        return session.get(Lead, (ORGANIZATION, lead_id))


def edit(store: Store, lead_id: str, **values: Any) -> None:
    with store.write() as session:
        row = session.get_one(Lead, (ORGANIZATION, lead_id))
        for name, value in values.items():
            setattr(row, name, value)


def waiting(store: Store) -> list[NeedsAttention]:
    with store.read() as session:
        return list(session.scalars(select(NeedsAttention)))


def test_a_row_without_unsent_changes_takes_the_servers_state_whole(store: Store) -> None:
    """[S-51]: also where its own stamps were later."""
    row = new_id()
    apply(store, leads([row], f'{{"*": "{EARLY}", "phone": "0199ffff00000000aaaaaaaaaaaa"}}', phone="later"))
    apply(store, leads([row], phone="the server's"))
    found = lead(store, row)
    assert found is not None
    assert (found.phone, found.field_clocks, found.unsent_since, found.server_seq) == (
        "the server's", {"*": EARLY}, None, 1,
    )  # fmt: skip


def test_fields_that_the_server_hides_become_blank(store: Store) -> None:
    """[S-51]"""
    row = new_id()
    apply(store, leads([row], phone="+19145550100", message="hello"))
    apply(store, leads([row], without=("phone", "message")))
    found = lead(store, row)
    assert found is not None
    assert (found.phone, found.message) == ("", "")


def test_unsent_edits_stand_against_older_stamps_and_hidden_fields_go_blank_beside_them(store: Store) -> None:
    """[S-51]"""
    row = new_id()
    apply(store, leads([row], phone="+19145550100", message="hello"))
    edit(store, row, email="ana@example.com")
    clocks = f'{{"*": "{EARLY}", "phone": "{LATER}", "parent_first_name": "{LATER}"}}'
    apply(store, leads([row], clocks, without=("message",), phone="+19145550199", parent_first_name="Ana"))
    found = lead(store, row)
    assert found is not None
    assert (found.email, found.phone, found.message, found.parent_first_name) == (
        "ana@example.com", "+19145550199", "", "Ana",
    )  # fmt: skip
    (request,) = read_requests(store)
    assert [(batch.fields, batch.ids) for batch in request.batches] == [(("email",), [row])]


def test_an_edit_that_the_server_has_already_is_no_longer_unsent(store: Store) -> None:
    """[S-51]: the answer to its push was lost."""
    row = new_id()
    apply(store, leads([row]))
    edit(store, row, phone="+19145550100")
    clocks = lead(store, row)
    assert clocks is not None
    apply(store, leads([row], orjson.dumps(clocks.field_clocks).decode(), phone="+19145550100"))
    assert store.unsent_count() == 0


def test_withdrawn_rows_are_removed_and_what_was_unsent_in_them_is_kept(store: Store) -> None:
    """[S-52]"""
    quiet, edited, unknown = new_id(), new_id(), new_id()
    apply(store, leads([quiet, edited]))
    edit(store, edited, notes="call after six")
    heard: list[Any] = []
    with SyncWriter(store) as writer:
        writer.begin()
        incoming = Incoming(store, writer)
        incoming.apply(
            {"next": 9, "more": False, "withdrawn": [{"table": "lead", "ids": [quiet, edited, unknown]}]}, []
        )
        writer.commit()
        heard.append(incoming.changes())
    assert lead(store, quiet) is None
    assert lead(store, edited) is None
    (kept,) = waiting(store)
    assert (kept.row_id, kept.code, kept.kept_values) == (edited, "withdrawn", {"notes": "call after six"})
    assert heard == [{"lead": frozenset({quiet, edited})}]
    assert store.unsent_count() == 0


def test_what_was_erased_is_gone_from_edits_and_from_what_was_refused(store: Store) -> None:
    """[S-15]"""
    row = new_id()
    apply(store, leads([row], parent_first_name="Ana"))
    edit(store, row, notes="secret")
    with store.write() as session:
        session.add(
            NeedsAttention(table_name="lead", row_id=row, reason="x", kept_values={"notes": "secret"}, refused_at=NOW)
        )
    apply(store, leads([row], f'{{"*": "{ERASED_CLOCK}"}}'))
    found = lead(store, row)
    assert found is not None
    assert (found.parent_first_name, found.notes) == ("", "")
    assert waiting(store) == []
    assert store.unsent_count() == 0


def test_an_index_is_followed_when_an_indexed_field_changes(store: Store) -> None:
    """The statement that spares the indexes leaves such rows to the other one."""
    ids = [new_id() for _ in range(60)]
    apply(store, leads(ids))
    apply(store, leads(ids[:30], stage="CONTACTED"), leads(ids[30:], phone="+19145550100"))
    with store.read() as session:
        contacted = session.scalars(select(Lead.id).where(Lead.stage == LeadStage.CONTACTED)).all()
    assert set(contacted) == set(ids[:30])
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


@pytest.mark.parametrize("name", sorted(tenant_classes()))
def test_every_table_can_be_shown_without_any_of_its_fields(store: Store, name: str) -> None:
    """[S-51]: whatever a role hides, the row can be kept."""
    apply(store, TableBatch(name, (), [new_id()], [f'{{"*": "{EARLY}"}}'], [], [1]))
    with store.read() as session:
        assert len(session.scalars(select(tenant_classes()[str(name)])).all()) >= 1


def test_tables_and_fields_of_a_newer_server_are_left_out(store: Store) -> None:
    """[S-100]"""
    row = new_id()
    batch = leads([row], parent_first_name="Ana")
    newer = TableBatch(
        "lead", (*batch.fields, "favorite_color"), batch.ids, batch.clocks, [*batch.columns, ["teal"]], batch.seqs
    )
    apply(store, newer, TableBatch("starship", ("name",), [row], ["{}"], [["Nostromo"]], [1]))
    found = lead(store, row)
    assert found is not None
    assert found.parent_first_name == "Ana"


def test_a_full_disk_is_said_in_words_and_what_was_committed_stays(store: Store) -> None:
    row = new_id()
    apply(store, leads([row], parent_first_name="Ana"))
    with store.bulk_connection() as driver:
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnwritable, match="disk is full"):
        apply(store, leads([new_id() for _ in range(400)], message="x" * 4000))
    found = lead(store, row)
    assert found is not None
    assert found.parent_first_name == "Ana"
    assert store.local("pull_cursor") == "7"
    with store.bulk_connection() as driver:
        driver.execute("PRAGMA max_page_count = 1000000")
    apply(store, leads([new_id() for _ in range(400)], message="x" * 4000), next=9)
    assert store.local("pull_cursor") == "9"


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(texts, min_size=1, max_size=30), repeated=texts)
def test_any_text_arrives_as_it_was_sent(store: Store, values: list[str], repeated: str) -> None:
    """Values that are the same in all rows stand in the statement itself: quotes and all."""
    ids = [new_id() for _ in values]
    batch = leads(ids, wanted=repeated)
    batch.columns[batch.fields.index("message")] = list(values)
    many = leads([new_id() for _ in range(25)], message=repeated)
    apply(store, batch, many)
    with store.read() as session:
        found = {row.id: row.message for row in session.execute(select(Lead.id, Lead.message))}
        wanted = set(session.scalars(select(Lead.wanted).where(Lead.id.in_(ids))))
    assert [found[row] for row in ids] == values
    assert {found[row] for row in many.ids} == {repeated}
    assert wanted == {repeated}
