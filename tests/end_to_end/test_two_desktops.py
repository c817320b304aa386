"""Two desktops and a server over a socket: offline edits converge, and nothing saved is lost whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from desktop.store.store import Store
from desktop.sync.attention import discard, refused_changes, try_again
from desktop.sync.client import Message, Revoked, SignedOut, SyncClient, Unreachable
from desktop.sync.exchange import exchange, pull_all
from desktop.sync.hello import token_of
from desktop.sync.incoming import Incoming
from desktop.sync.outgoing import read_requests
from desktop.sync.rows import SyncWriter
from desktop.sync.setup import sign_in
from desktop.sync.worker import SyncKind, SyncState, SyncWorker
from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id
from shared_models.leads.models import Lead, LeadStage, Temperature
from shared_models.organization.models import Organization
from sync_server.access.devices import revoke_device
from sync_server.database import Database
from sync_server.models import AuditEntry, Device
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def center(database: Database) -> tuple[str, str, str]:
    return make_organization(database)


@contextmanager
def desk(folder: Path, server: LiveServer, email: str) -> Iterator[Store]:
    store = Store(folder, use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    yield store
    store.close()


def sync(store: Store, server: LiveServer) -> None:
    client = SyncClient(server.url, token_of(store))
    try:
        exchange(store, client)
    finally:
        client.close()


def add_lead(store: Store, first_name: str) -> str:
    with store.write() as session:
        lead = Lead(organization_id=store.organization_id, parent_first_name=first_name, created_at=NOW)
        session.add(lead)
        session.flush()
        return lead.id


def lead_of(store: Store, lead_id: str) -> Lead:
    with store.read() as session:
        return session.get_one(Lead, (store.organization_id, lead_id))


def edit(store: Store, lead_id: str, **values: object) -> None:
    with store.write() as session:
        lead = session.get_one(Lead, (store.organization_id, lead_id))
        for name, value in values.items():
            setattr(lead, name, value)


def test_a_new_desktop_receives_the_whole_center(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    organization_id, _, email = center
    with desk(tmp_path / "a", server, email) as a, a.read() as session:
        assert session.scalars(select(Organization.business_name)).one() == "Hudson Learning Center"
        assert a.organization_id == organization_id
        assert session.execute(text("SELECT count(*) FROM topic")).scalar() == 90


def test_offline_edits_of_different_fields_are_both_kept(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a, desk(tmp_path / "b", server, center[2]) as b:
        lead = add_lead(a, "Ana")
        sync(a, server)
        sync(b, server)
        edit(a, lead, stage=LeadStage.CONTACTED)
        edit(b, lead, temperature=Temperature.HOT, phone="+19145550100")
        for store in (a, b, a):
            sync(store, server)
        for store in (a, b):
            row = lead_of(store, lead)
            assert (row.stage, row.temperature, row.phone) == (LeadStage.CONTACTED, Temperature.HOT, "+19145550100")
        assert lead_of(a, lead).field_clocks == lead_of(b, lead).field_clocks
        assert a.unsent_count() == b.unsent_count() == 0


def test_offline_edits_of_the_same_field_end_with_the_later_one_and_keep_the_other_in_the_history(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a, desk(tmp_path / "b", server, center[2]) as b:
        lead = add_lead(a, "Ana")
        sync(a, server)
        sync(b, server)
        edit(a, lead, wanted="call after 6")
        edit(b, lead, wanted="husband decides")
        sync(b, server)
        sync(a, server)
        sync(b, server)
        assert lead_of(a, lead).wanted == lead_of(b, lead).wanted == "husband decides"
        with database.tenant(center[0]) as session:
            lost = session.scalars(select(AuditEntry.lost).where(AuditEntry.row_id == lead)).all()
        assert {"wanted": "call after 6"} in lost


def test_notes_written_on_two_desks_at_the_same_time_are_both_kept(  # [S-12]
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a, desk(tmp_path / "b", server, center[2]) as b:
        lead = add_lead(a, "Ana")
        sync(a, server)
        sync(b, server)
        edit(a, lead, notes="call after 6")
        edit(b, lead, notes="husband decides")
        sync(b, server)
        sync(a, server)
        sync(b, server)
        both = lead_of(a, lead).notes
        assert lead_of(b, lead).notes == both
        assert "call after 6" in both and "husband decides" in both
        edit(b, lead, notes="call the husband after 6")
        sync(b, server)
        sync(a, server)
        assert lead_of(a, lead).notes == "call the husband after 6"


def test_a_lost_answer_and_a_repeated_push_change_nothing(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a:
        lead = add_lead(a, "Ana")
        client = SyncClient(server.url, token_of(a))
        for request in read_requests(a):  # sent and taken, but this PC never hears of it
            head = {"protocol": 2, "schema": "", "cursor": 0, "lineage": a.local("sync_lineage")}
            client.push(request.packed(head))
        client.close()
        assert a.unsent_count() == 1
        sync(a, server)
        assert a.unsent_count() == 0
        with database.tenant(center[0]) as session:
            assert session.scalar(select(func.count()).select_from(Lead).where(Lead.id == lead)) == 1
            audited = session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.row_id == lead))
            assert audited == 1


def test_an_edit_made_while_its_row_travels_is_sent_too(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    class EditingClient(SyncClient):
        edited = False

        def push(self, message: bytes) -> Message:
            answer = super().push(message)
            if not self.edited:
                self.edited = True
                edit(a, lead, notes="said on the phone just now")
            return answer

    with desk(tmp_path / "a", server, center[2]) as a, desk(tmp_path / "b", server, center[2]) as b:
        lead = add_lead(a, "Ana")
        client = EditingClient(server.url, token_of(a))
        exchange(a, client)
        client.close()
        assert lead_of(a, lead).notes == "said on the phone just now"
        sync(a, server)
        sync(b, server)
        assert lead_of(b, lead).notes == "said on the phone just now"


def test_the_desk_works_without_the_server_and_all_arrives_when_it_returns(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a:
        server.stop()
        lead = add_lead(a, "Ana")
        with pytest.raises(Unreachable):
            sync(a, server)
        assert a.unsent_count() == 1
    reopened = Store(tmp_path / "a", use_keyring=False)  # the desktop was ended in between
    assert reopened.unsent_count() == 1
    server.start()
    sync(reopened, server)
    assert reopened.unsent_count() == 0
    reopened.close()
    with desk(tmp_path / "b", server, center[2]) as b:
        assert lead_of(b, lead).parent_first_name == "Ana"


def test_a_page_that_was_not_merged_whole_is_pulled_again(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a, desk(tmp_path / "b", server, center[2]) as b:
        lead = add_lead(a, "Ana")
        sync(a, server)
        before = b.local("pull_cursor")

        def fail(*_: object) -> None:
            raise OSError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(SyncWriter, "remember", fail)
            with pytest.raises(OSError, match="killed"):
                sync(b, server)
        with b.read() as session:
            assert session.get(Lead, (b.organization_id, lead)) is None
        assert b.local("pull_cursor") == before
        sync(b, server)
        assert lead_of(b, lead).parent_first_name == "Ana"


def test_a_refused_change_goes_back_and_is_kept_with_its_reason(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    organization_id = center[0]
    with desk(tmp_path / "a", server, center[2]) as a:
        user_id = a.user_id
        assert user_id is not None
        with database.tenant(organization_id) as session:
            owner = session.get_one(UserRole, (organization_id, derived_id(user_id, Role.OWNER)))
            owner.archived_at = NOW
            session.add(
                UserRole(
                    organization_id=organization_id,
                    id=derived_id(user_id, Role.FRONT_DESK),
                    user_id=user_id,
                    role=Role.FRONT_DESK,
                )
            )
        with a.write() as session:
            session.scalars(select(Organization)).one().business_name = "Mine now"
        lead = add_lead(a, "Ana")
        sync(a, server)
        assert a.attention_count() == 1
        with a.read() as session:
            assert session.scalars(select(Organization.business_name)).one() == "Hudson Learning Center"
            reason, kept = session.execute(text("SELECT reason, kept_values FROM needs_attention")).one()
        assert reason == "Your role does not allow this change."
        assert "Mine now" in kept
        assert a.unsent_count() == 0
        with database.tenant(organization_id) as session:
            assert session.get(Lead, (organization_id, lead)) is not None


def test_a_refused_change_can_be_tried_again_or_discarded(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a:
        user_id = a.user_id
        assert user_id is not None

        def set_owner(is_owner: bool) -> None:
            with database.tenant(center[0]) as session:
                role = session.get_one(UserRole, (center[0], derived_id(user_id, Role.OWNER)))
                role.archived_at = None if is_owner else NOW
                desk_role = session.get(UserRole, (center[0], derived_id(user_id, Role.FRONT_DESK)))
                if desk_role is None:
                    own = {"organization_id": center[0], "id": derived_id(user_id, Role.FRONT_DESK)}
                    session.add(UserRole(**own, user_id=user_id, role=Role.FRONT_DESK))

        set_owner(False)
        with a.write() as session:
            session.scalars(select(Organization)).one().default_buffer_minutes = 20
        sync(a, server)
        (refused,) = refused_changes(a)
        assert refused.what == "The center"
        assert refused.entered == "Buffer after a session, minutes: 20"
        set_owner(True)
        try_again(a, refused)
        sync(a, server)
        assert refused_changes(a) == []
        with database.tenant(center[0]) as session:
            assert session.scalars(select(Organization.default_buffer_minutes)).one() == 20
        set_owner(False)
        with a.write() as session:
            session.scalars(select(Organization)).one().default_buffer_minutes = 25
        sync(a, server)
        discard(a, refused_changes(a)[0])
        sync(a, server)
        with a.read() as session:
            assert session.scalars(select(Organization.default_buffer_minutes)).one() == 20
        assert a.attention_count() == 0


def test_one_bad_row_does_not_hold_up_the_others(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a:
        good = [add_lead(a, f"Parent {number}") for number in range(7)]
        bad = add_lead(a, "Bad")
        with a.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            connection.exec_driver_sql("UPDATE lead SET stage = 'NONSENSE' WHERE id = ?", (bad,))
            connection.commit()
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
        sync(a, server)
        with database.tenant(center[0]) as session:
            assert set(session.scalars(select(Lead.id))) == set(good)
        assert a.attention_count() == 1
        assert a.unsent_count() == 0


def test_a_revoked_pc_is_told_so(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    """[S-90]"""
    with desk(tmp_path / "a", server, center[2]) as a:
        device = a.local("device_id")
        assert device is not None
        assert revoke_device(database, center[0], device, NOW)
        with pytest.raises(Revoked, match="ended by the center"):
            sync(a, server)


def test_a_pc_whose_token_ended_keeps_its_changes_until_it_signs_in_again(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    """[S-90]"""
    with desk(tmp_path / "a", server, center[2]) as a:
        add_lead(a, "Ana")
        device_id = a.local("device_id")
        with database.routing() as session:
            session.get_one(Device, (device_id, center[0])).token_hash = "ended"
        with pytest.raises(SignedOut):
            sync(a, server)
        assert a.unsent_count() == 1
        sign_in(a, server.url, center[2], PASSWORD)
        sync(a, server)
        assert a.unsent_count() == 0


def test_pages_bring_children_before_their_parents_without_complaint(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    """[S-50]"""
    with desk(tmp_path / "a", server, center[2]) as a:
        store = Store(tmp_path / "slow", use_keyring=False)
        store.set_local(organization_id=a.organization_id)
        client = SyncClient(server.url, token_of(a))
        batches = [batch for _, page in client.pull(0, a.local("sync_scope") or "") for batch in page]
        client.close()
        with SyncWriter(store) as writer:
            for batch in reversed(batches):
                writer.begin()
                Incoming(store, writer).apply({"next": 0, "more": True}, [batch])
                writer.commit()
        with store.read() as session, a.read() as other:
            count = text("SELECT count(*) FROM topic")
            assert session.execute(count).scalar() == other.execute(count).scalar() == 90
        store.close()


def test_the_worker_sends_by_itself_and_says_so_in_words(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str], database: Database
) -> None:
    import threading

    with desk(tmp_path / "a", server, center[2]) as a:
        sent = threading.Event()
        states: list[SyncState] = []

        def heard(state: SyncState) -> None:
            states.append(state)
            if state.kind is SyncKind.OK and any(earlier.kind is SyncKind.SENDING for earlier in states):
                sent.set()

        worker = SyncWorker(a, heard)
        worker.start()
        lead = add_lead(a, "Ana")
        assert sent.wait(20)
        worker.stop()
        assert states[-1].words == "All changes saved and sent"
        with database.tenant(center[0]) as session:
            assert session.get(Lead, (center[0], lead)) is not None


def test_pull_all_is_quiet_when_nothing_is_new(
    tmp_path: Path, server: LiveServer, center: tuple[str, str, str]
) -> None:
    with desk(tmp_path / "a", server, center[2]) as a:
        client = SyncClient(server.url, token_of(a))
        assert pull_all(a, client) == 0
        client.close()
