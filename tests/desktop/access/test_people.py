"""People and PCs in Settings, against a real server: inviting, changing roles, ending a PC's access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.access.account_client import AccountClient
from desktop.access.own_account_section import OwnAccountSection
from desktop.access.pcs_section import PcsSection
from desktop.access.people_section import PeopleSection
from desktop.store.announcer import StoreAnnouncer
from desktop.store.store import Store
from desktop.sync.client import SignedOut, SyncClient
from desktop.sync.exchange import pull_all
from desktop.sync.setup import sign_in
from desktop.sync.worker import SERVER, TOKEN
from shared_models.access.grants import set_locations, set_roles
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import new_id
from shared_models.clock import system_clock
from shared_models.organization.models import Location
from sync_server.access.accounts import SignedInDevice
from sync_server.access.accounts import sign_in as sign_in_elsewhere
from sync_server.access.browsers import end_everything
from sync_server.access.devices import DeviceState, identify
from sync_server.database import Database
from sync_server.models import Account
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

WAIT_MS = 60_000


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path / "server") as server:
        yield server


class OwnerPc:
    """The owner's PC, joined to a fresh center."""

    def __init__(self, database: Database, server: LiveServer, folder: Path) -> None:
        self.database, self.server = database, server
        self.organization_id, _, self.email = make_organization(database)
        self.store = Store(folder, use_keyring=False)
        sign_in(self.store, server.url, self.email, PASSWORD)

    def pull(self) -> None:
        token = self.store.secrets.read(TOKEN)
        assert token is not None
        client = SyncClient(self.server.url, token.value)
        try:
            pull_all(self.store, client)
        finally:
            client.close()

    def add_person(self, first_name: str, *roles: Role, at: str | None = None) -> str:
        user_id = new_id()
        with self.store.write() as session:
            own = {"organization_id": self.organization_id}
            session.add(User(**own, id=user_id, first_name=first_name, email=f"{first_name.lower()}@example.org"))
            session.flush()
            set_roles(session, self.organization_id, user_id, roles, now=system_clock())
            if at is not None:
                set_locations(session, self.organization_id, user_id, [at], now=system_clock())
        return user_id

    def location(self) -> str:
        with self.store.read() as session:
            return session.scalars(select(Location.id)).one()

    def roles(self, user_id: str) -> set[Role]:
        with self.store.read() as session:
            return set(
                session.scalars(
                    select(UserRole.role).where(UserRole.user_id == user_id, UserRole.archived_at.is_(None))
                )
            )


@pytest.fixture
def pc(database: Database, server: LiveServer, tmp_path: Path, qapp: QApplication) -> Iterator[OwnerPc]:
    theme.install(qapp, theme.Appearance.LIGHT)
    pc = OwnerPc(database, server, tmp_path / "store")
    yield pc
    pc.store.close()


@pytest.fixture
def people(pc: OwnerPc, qtbot: QtBot) -> Iterator[PeopleSection]:
    section = PeopleSection(pc.store, system_clock)
    announcer = StoreAnnouncer(pc.store)
    announcer.changed.connect(lambda _: section.read())
    qtbot.addWidget(section)
    section.resize(1200, 800)
    section.show()
    qtbot.waitUntil(lambda: bool(section._is_known), timeout=WAIT_MS)
    yield section
    announcer.stop()


def row_of(section: PeopleSection, name: str) -> int:
    return [person.name for person in section.model.rows()].index(name)  # type: ignore[union-attr]


def state_of(section: PeopleSection, name: str) -> str:
    return section.model.cell(row_of(section, name), 3).text


def test_an_invitation_goes_out_and_can_be_withdrawn(pc: OwnerPc, people: PeopleSection, qtbot: QtBot) -> None:
    people.open_invitation()
    panel = people.panel
    panel.email.setText("sam@example.org")
    panel.first_name.setText("Sam")
    panel.last_name.setText("Okafor")
    panel.roles[Role.FRONT_DESK].setChecked(True)
    assert panel.place_box(pc.location()).isChecked(), "the only location is the likely one"
    with qtbot.waitSignal(people.done, timeout=WAIT_MS) as said:
        panel.invite.click()
    assert said.args == ["Invited sam@example.org", False]
    assert not panel.isVisible()
    pc.pull()
    qtbot.waitUntil(lambda: len(people.model.rows()) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: state_of(people, "Sam Okafor").startswith("Invited"), timeout=WAIT_MS)
    people.list.picked.emit(row_of(people, "Sam Okafor"))
    assert panel.withdraw.isVisible() and panel.again.isVisible() and not panel.invite.isVisible()
    with qtbot.waitSignal(people.done, timeout=WAIT_MS) as said:
        panel.again.click()
    assert said.args[0] == "Sent sam@example.org a fresh link"
    people.list.picked.emit(row_of(people, "Sam Okafor"))
    with qtbot.waitSignal(people.done, timeout=WAIT_MS):
        panel.withdraw.click()
    pc.pull()
    qtbot.waitUntil(lambda: len(people.model.rows()) == 1, timeout=WAIT_MS)


def test_what_is_missing_is_said_before_anything_is_sent(people: PeopleSection) -> None:
    people.open_invitation()
    panel = people.panel
    panel.invite.click()
    assert panel.email_field.error()
    panel.email.setText("sam@example.org")
    panel.invite.click()
    assert panel.first_field.error()
    panel.first_name.setText("Sam")
    panel.invite.click()
    assert panel.role_error.text() == "Choose at least one role."


def test_what_the_server_refuses_is_said_in_the_panel(people: PeopleSection, qtbot: QtBot) -> None:
    people.open_invitation()
    panel = people.panel
    panel.email.setText("sam@nowhere")
    panel.first_name.setText("Sam")
    panel.roles[Role.TUTOR].setChecked(True)
    panel.invite.click()
    qtbot.waitUntil(lambda: panel.role_error.isVisible(), timeout=WAIT_MS)
    assert panel.isVisible() and panel.invite.isEnabled()


def test_roles_and_locations_change_here_and_can_be_taken_back(pc: OwnerPc, people: PeopleSection) -> None:
    user_id = pc.add_person("Grace", Role.TUTOR)
    people.read()
    people.list.picked.emit(row_of(people, "Grace"))
    panel = people.panel
    panel.roles[Role.TUTOR].setChecked(False)
    panel.roles[Role.FRONT_DESK].setChecked(True)
    panel.place_box(pc.location()).setChecked(True)
    panel.save.click()
    assert pc.roles(user_id) == {Role.FRONT_DESK}
    people.read()
    assert people.model.cell(row_of(people, "Grace"), 2).text == "Irvington Office"
    pc.store.undo()
    assert pc.roles(user_id) == {Role.TUTOR}
    with pc.store.read() as session:
        live = select(LocationAssignment).where(
            LocationAssignment.user_id == user_id, LocationAssignment.archived_at.is_(None)
        )
        assert session.scalars(live).all() == []


def test_the_owner_stays_the_owner(pc: OwnerPc, people: PeopleSection) -> None:
    people.list.picked.emit(0)
    panel = people.panel
    assert people.model.cell(0, 2).text == "Every location"
    assert not panel.place_box(pc.location()).isEnabled()
    panel.roles[Role.TUTOR].setChecked(True)
    panel.save.click()
    assert pc.store.user_id is not None
    assert pc.roles(pc.store.user_id) == {Role.OWNER, Role.TUTOR}


def test_without_the_server_the_people_are_still_there(pc: OwnerPc, server: LiveServer, qtbot: QtBot) -> None:
    server.stop()
    section = PeopleSection(pc.store, system_clock)
    qtbot.addWidget(section)
    section.show()
    assert [person.name for person in section.model.rows()] == ["Maya Torres"]  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: section.offline.isVisible(), timeout=WAIT_MS)
    assert "does not answer" in section.offline.text()


def test_a_lost_pcs_access_is_ended(pc: OwnerPc, database: Database, qtbot: QtBot) -> None:
    now = system_clock()
    lost = sign_in_elsewhere(
        database, email=pc.email, password=PASSWORD, device_id=new_id(), device_name="Laptop", now=now
    )
    assert isinstance(lost, SignedInDevice)
    section = PcsSection(pc.store, system_clock)
    qtbot.addWidget(section)
    section.resize(1100, 700)
    section.show()
    qtbot.waitUntil(lambda: len(section.model.rows()) == 2, timeout=WAIT_MS)
    here = next(place for place, row in enumerate(section.model.rows()) if row.name != "Laptop")  # type: ignore[union-attr]
    assert section.model.cell(here, 3).text == "This PC"
    section.list.picked.emit(here)
    assert not section.end_button.isVisible()
    section.list.picked.emit(1 - here)
    with qtbot.waitSignal(section.done, timeout=WAIT_MS) as said:
        section.end_button.click()
    assert said.args[0] == "Ended the access of Laptop"
    assert identify(database, lost.token, now) is DeviceState.REVOKED


def test_the_own_account_shows_its_browsers_and_signs_out_elsewhere(pc: OwnerPc, qtbot: QtBot) -> None:
    import httpx

    with httpx.Client(base_url=pc.server.url, follow_redirects=True) as browser:
        browser.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
        browser.post("/account/sign-in", data={"email": pc.email, "password": PASSWORD})
        section = OwnAccountSection(pc.store, system_clock)
        qtbot.addWidget(section)
        section.show()
        qtbot.waitUntil(lambda: section.email.text() == pc.email, timeout=WAIT_MS)
        assert "off" in section.factor.text()
        with qtbot.waitSignal(section.done, timeout=WAIT_MS) as said:
            section.everywhere_button.click()
        assert said.args[0] == "Signed out everywhere else"
        assert browser.get("/account/").url.path == "/account/sign-in"
    token = pc.store.secrets.read(TOKEN)
    assert token is not None
    with AccountClient(pc.store.local(SERVER) or "", token.value) as client:
        assert client.account().email == pc.email, "this PC stays signed in"


def test_a_pc_that_was_signed_out_keeps_its_data_and_signs_in_again(pc: OwnerPc, database: Database) -> None:
    with pc.store.write() as session:
        session.add(User(organization_id=pc.organization_id, id=new_id(), first_name="Unsent"))
    with database.routing() as session:
        account_id = session.scalars(select(Account.id).where(Account.email == pc.email)).one()
        end_everything(session, account_id)
    with pytest.raises(SignedOut) as refused:
        pc.pull()
    assert type(refused.value) is SignedOut, "not revoked: nothing is erased"
    sign_in(pc.store, pc.server.url, pc.email, PASSWORD)
    with pc.store.read() as session:
        assert set(session.scalars(select(User.first_name))) == {"Maya", "Unsent"}
