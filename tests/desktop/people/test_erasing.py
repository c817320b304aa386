"""Erasing a family at the desk, and what a PC then forgets besides the rows."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select, text

from desktop import theme
from desktop.files.keeper import FileKeeper
from desktop.files.transfers import FileTransfers
from desktop.leads.leads_page import LeadsPage
from desktop.people.erase_sheet import Eraser, EraseSheet
from desktop.people.erasure_client import NotErased, erase_on_server
from desktop.people.families_page import FamiliesPage
from desktop.people.forgetting import Forgetting, forget_erased
from desktop.people.search_index import people_index
from desktop.people.tutors_page import TutorsPage
from desktop.store.announcer import StoreAnnouncer
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import SERVER, TOKEN
from shared_models.access.models import Role, UserRole
from shared_models.base import new_id
from shared_models.leads.models import Lead
from shared_models.organization.files import FilePurpose
from shared_models.organization.models import Location
from shared_models.people.models import Family, HealthAccess, Student, Tutor
from shared_models.people.search import PersonKind
from shared_models.people.tutors import TutorChange, register_tutor
from shared_models.privacy.erasure import ErasedKind
from sync_server.database import Database
from sync_server.files.storage import DiskStorage
from sync_server.people.erasure import ErasureList, erase_again
from tests.end_to_end.processes import wait_until
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization
from tests.pictures import picture

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path / "server") as running:
        yield running


@pytest.fixture
def store(database: Database, server: LiveServer, tmp_path: Path) -> Iterator[Store]:
    _, _, email = make_organization(database)
    store = Store(tmp_path / "desk", use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    with store.write() as session:
        place = session.scalars(select(Location.id)).one()
        for first, last, child in (("Quentin", "Abernathy", "Wilhelmina"), ("Ana", "Silva", "Elena")):
            family = Family(organization_id=store.organization_id, id=new_id(), parent1_first_name=first,
                            parent1_last_name=last)  # fmt: skip
            session.add(family)
            session.add(Student(organization_id=store.organization_id, id=new_id(), family_id=family.id,
                                location_id=place, first_name=child, last_name=last))  # fmt: skip
    exchanged(store)
    yield store
    people_index(store).wait()
    store.close()


@pytest.fixture
def page(store: Store, qtbot: QtBot) -> Iterator[FamiliesPage]:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    page = FamiliesPage(store, lambda: NOW)
    qtbot.addWidget(page)
    announcer = StoreAnnouncer(store, page)
    announcer.changed.connect(page.refresh)
    page.resize(1340, 840)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    page.shown()
    yield page
    announcer.stop()


def exchanged(store: Store) -> None:
    token, url = store.secrets.read(TOKEN), store.local(SERVER)
    assert token is not None and url is not None
    client = SyncClient(url, token.value)
    exchange(store, client)
    client.close()


def asked(eraser: Eraser, qtbot: QtBot) -> EraseSheet:
    """The sheet, once it is open."""
    qtbot.waitUntil(lambda: eraser.sheet is not None)
    assert eraser.sheet is not None
    return eraser.sheet


def family_of(store: Store, name: str = "Quentin") -> str:
    with store.read() as session:
        return str(session.scalars(select(Family.id).where(Family.parent1_first_name == name)).one())


def test_the_owner_types_the_name_and_the_family_is_gone_everywhere(
    page: FamiliesPage, store: Store, qtbot: QtBot
) -> None:
    family_id = family_of(store)
    page.open_family(family_id)
    assert page.view is not None
    said: list[str] = []
    page.actionDone.connect(lambda words, _undo: said.append(words))
    page.view.privacy.erase()
    sheet = asked(page.view.privacy.eraser, qtbot)
    assert not sheet.erase_button.isEnabled()
    qtbot.keyClicks(sheet.name, "quentin abernath")
    assert not sheet.erase_button.isEnabled()
    qtbot.keyClick(sheet.name, Qt.Key.Key_Return)
    qtbot.keyClicks(sheet.name, "y")
    assert sheet.erase_button.isEnabled()
    with qtbot.waitSignal(sheet.erased, timeout=20_000):
        sheet.erase_button.click()
    assert said == ["Erased Quentin Abernathy for good; every PC forgets with its next exchange"]
    exchanged(store)
    with store.read() as session:
        assert session.get_one(Family, (store.organization_id, family_id)).parent1_first_name == "Erased"
    page.open_family(family_id)
    assert page.view.face is None


def test_the_sheet_says_why_when_the_server_is_away(
    page: FamiliesPage, store: Store, server: LiveServer, qtbot: QtBot
) -> None:
    page.open_family(family_of(store))
    assert page.view is not None
    page.view.privacy.erase()
    sheet = asked(page.view.privacy.eraser, qtbot)
    qtbot.keyClicks(sheet.name, "Quentin Abernathy")
    server.stop()
    sheet.erase()
    qtbot.waitUntil(lambda: "does not answer" in sheet.field.error(), timeout=20_000)
    assert sheet.isVisible()
    assert sheet.erase_button.isEnabled()


def test_who_is_not_the_owner_is_not_offered_it(store: Store, qtbot: QtBot) -> None:
    with store.write() as session:
        for held in session.scalars(select(UserRole)):
            held.role = Role.FRONT_DESK
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    page = FamiliesPage(store, lambda: NOW)
    qtbot.addWidget(page)
    page.open_family(family_of(store))
    assert page.view is not None
    assert not page.view.privacy.erase_action.isEnabled()
    page.view.privacy.erase()
    assert page.view.privacy.eraser.sheet is None


def test_this_pc_forgets_what_it_kept_besides_the_rows(store: Store) -> None:
    family_id, other_id = family_of(store), family_of(store, "Ana")
    organization_id = store.organization_id
    people_index(store).wait()
    assert found(store, "abernathy") and found(store, "wilhelmina")
    with store.write("Changed the note of the Abernathy family") as session:
        session.get_one(Family, (organization_id, family_id)).notes = "shy"
    with store.write("Changed the note of the Silva family") as session:
        session.get_one(Family, (organization_id, other_id)).notes = "calm"
    exchanged(store)
    with store.engine.begin() as connection:
        for row_id in (family_id, other_id):
            connection.execute(
                text(
                    "INSERT INTO needs_attention (table_name, row_id, reason, kept_values, refused_at) "
                    "VALUES ('family', :id, 'x', '{\"notes\": \"shy\"}', '2026-11-25T20:40:00Z')"
                ),
                {"id": row_id},
            )
    old = store.backup("2026-11-24")
    erase_on_server(store, ErasedKind.FAMILY, family_id, "Quentin Abernathy")
    forgetting = Forgetting(store, begin_after_seconds=0)
    forgetting.start()
    exchanged(store)
    wait_until(lambda: store.local("forgotten"))
    forgetting.stop()
    people_index(store).wait()
    assert not found(store, "abernathy") and not found(store, "wilhelmina") and not found(store, "erased")
    assert found(store, "silva")
    assert not old.exists()
    assert [file.name for file in (store.folder / "backups").iterdir()] == ["after-an-erasure.db"]
    assert store.undo_history.next_undo == "Changed the note of the Silva family"
    assert store.undo_history.changes_of({family_id}) == []
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT row_id FROM needs_attention")).scalars().all() == [other_id]
    assert not forget_erased(store)


def found(store: Store, typed: str) -> bool:
    index = people_index(store)
    return any(index.search(typed, tuple(PersonKind), archived=archived) for archived in (False, True))


def test_one_student_can_be_erased_and_the_family_stays(page: FamiliesPage, store: Store, qtbot: QtBot) -> None:
    family_id = family_of(store)
    page.open_family(family_id)
    assert page.view is not None and page.view.face is not None
    page.view.privacy.erase(page.view.face.students[0].student.id)
    sheet = asked(page.view.privacy.eraser, qtbot)
    qtbot.keyClicks(sheet.name, "Wilhelmina Abernathy")
    with qtbot.waitSignal(sheet.erased, timeout=20_000):
        sheet.erase_button.click()
    exchanged(store)
    with store.read() as session:
        assert session.get_one(Family, (store.organization_id, family_id)).parent1_first_name == "Quentin"
    assert page.view.face is not None
    assert [one.name for one in page.view.face.students] == ["Erased student"]


def test_a_tutor_is_erased_with_the_photo_on_every_pc(
    store: Store, server: LiveServer, database: Database, qtbot: QtBot, tmp_path: Path
) -> None:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    keeper = FileKeeper(store)
    taken = keeper.take_in(picture(), "zoe.png", FilePurpose.PHOTO)
    with store.write() as session:
        change = TutorChange({"first_name": "Zoé"}, {"photo_hash": keeper.record(session, taken), "priority": 1})
        tutor_id = register_tutor(session, store.organization_id, change, now=NOW)
    transfers = FileTransfers(store, look_again_seconds=0.05, begin_after_seconds=0)
    transfers.start()
    kept = tmp_path / "server" / "files" / store.organization_id
    wait_until(lambda: exchanged(store) or list(kept.glob(f"*/{taken.sha256}")))
    page = TutorsPage(store, lambda: NOW)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    page.edit(tutor_id)
    assert page._form is not None
    page._form.eraseRequested.emit(tutor_id)
    sheet = asked(page.eraser, qtbot)
    sheet.name.setText("Zoé")
    with qtbot.waitSignal(sheet.erased, timeout=20_000):
        sheet.erase_button.click()
    wait_until(lambda: exchanged(store) or not keeper.is_here(taken.sha256))
    transfers.stop()
    assert not list(kept.glob(f"*/{taken.sha256}*"))
    with store.read() as session:
        assert session.get_one(Tutor, (store.organization_id, tutor_id)).photo_hash == ""
    page.shut_down()


def test_everything_about_a_family_is_written_into_one_file(
    page: FamiliesPage, store: Store, qtbot: QtBot, tmp_path: Path
) -> None:
    page.open_family(family_of(store))
    assert page.view is not None
    target = tmp_path / "Abernathy.zip"
    with qtbot.waitSignal(page.view.privacy.said, timeout=10_000) as heard:
        page.view.privacy.export_to(target)
    assert heard.args == ["Exported everything about the Abernathy family to Abernathy.zip"]
    with zipfile.ZipFile(target) as bundle:
        assert sorted(bundle.namelist()) == ["family.html", "family.json"]
        assert "Wilhelmina" in bundle.read("family.html").decode()
        told = json.loads(bundle.read("family.json"))
    assert told["students"][0]["first_name"] == "Wilhelmina"
    with store.read() as session:
        assert len(session.scalars(select(HealthAccess)).all()) == 1
    with qtbot.waitSignal(page.view.privacy.said, timeout=10_000) as refused:
        page.view.privacy.export_to(tmp_path / "nowhere" / "x.zip")
    assert "could not be written" in refused.args[0]


def test_after_a_restored_backup_the_server_erases_again_and_no_pc_brings_it_back(
    store: Store, database: Database, tmp_path: Path
) -> None:
    family_id, organization_id = family_of(store), store.organization_id
    erase_on_server(store, ErasedKind.FAMILY, family_id, "Quentin Abernathy")
    exchanged(store)
    with database.tenant(organization_id) as session:
        # The server as a backup of yesterday has it; a restore gives it another epoch ([S-32]).
        session.connection().execute(
            text("UPDATE family SET parent1_first_name = 'Quentin', field_clocks = '{\"*\": \"01\"}' WHERE id = :id"),
            {"id": family_id},
        )
        session.connection().execute(text("UPDATE organization_sequence SET epoch = 'restored', restored_at_seq = 0"))
    done = ErasureList(tmp_path / "server" / "files" / "erasures.jsonl")
    assert erase_again(database, DiskStorage(tmp_path / "server" / "files"), done, organization_id, NOW) == 1
    for _ in range(3):
        exchanged(store)
    assert store.attention_count() == 0
    with store.read() as session:
        assert session.get_one(Family, (organization_id, family_id)).parent1_first_name == "Erased"
    with database.tenant(organization_id) as session:
        assert session.get_one(Family, (organization_id, family_id)).parent1_first_name == "Erased"


def test_a_center_that_never_erased_keeps_its_backups(store: Store) -> None:
    old = store.backup("2026-11-24")
    assert not forget_erased(store)
    assert old.exists()


def test_the_server_has_the_last_word(store: Store) -> None:
    with pytest.raises(NotErased, match="Type the name"):
        erase_on_server(store, ErasedKind.FAMILY, family_of(store), "Somebody Else")
    with pytest.raises(NotErased, match="does not know this yet"):
        erase_on_server(store, ErasedKind.FAMILY, new_id(), "Somebody Else")
    store.secrets.keep(TOKEN, "nonsense")
    with pytest.raises(NotErased, match="Sign in again"):
        erase_on_server(store, ErasedKind.FAMILY, family_of(store), "Quentin Abernathy")
    store.secrets.forget(TOKEN)
    with pytest.raises(NotErased, match="Sign in first"):
        erase_on_server(store, ErasedKind.FAMILY, family_of(store), "Quentin Abernathy")


def test_a_lead_is_erased_from_its_panel(store: Store, qtbot: QtBot) -> None:
    theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
    with store.write() as session:
        lead = Lead(organization_id=store.organization_id, id=new_id(), created_at=NOW, parent_first_name="Bo",
                    parent_last_name="Park", message="fractions")  # fmt: skip
        session.add(lead)
    exchanged(store)
    page = LeadsPage(store, lambda: NOW)
    qtbot.addWidget(page)
    page.resize(1340, 840)
    with qtbot.waitExposed(page):
        page.show()
    page.show_item(lead.id)
    assert page.erase_action.isEnabled()
    page.erase()
    sheet = asked(page.eraser, qtbot)
    qtbot.keyClicks(sheet.name, "Bo Park")
    with qtbot.waitSignal(sheet.erased, timeout=20_000):
        sheet.erase_button.click()
    exchanged(store)
    with store.read() as session:
        assert session.get_one(Lead, (store.organization_id, lead.id)).message == ""
    page.shut_down()
