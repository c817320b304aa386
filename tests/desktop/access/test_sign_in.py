"""The sign-in dialog against a real server: second factor, wrong codes, a known PC, and ways out."""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.access.browser_sign_in import BrowserSignIn
from desktop.store.store import Store
from desktop.sync.command import run as run_sign_in
from desktop.sync.setup import PROOF
from desktop.sync.sign_in_dialog import SignInDialog
from desktop.sync.worker import TOKEN
from sync_server.access import second_factor
from sync_server.access.accounts import SignInRefused, authenticate
from sync_server.access.errors import TooManyTries
from sync_server.access.one_time_codes import STEP_SECONDS, code_at
from sync_server.access.throttle import Origin
from sync_server.database import Database
from sync_server.models import Account
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

WAIT_MS = 60_000


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path / "server") as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", use_keyring=False)
    yield store
    store.close()


@pytest.fixture
def dialog(store: Store, server: LiveServer, qtbot: QtBot, qapp: QApplication) -> Iterator[SignInDialog]:
    theme.install(qapp, theme.Appearance.LIGHT)
    dialog = SignInDialog(store)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.server.setText(server.url)
    yield dialog
    dialog.done(0)


def with_second_factor(database: Database, email: str) -> str:
    """Switch the second factor on; returns the secret, and recovery codes are left alone."""
    now = datetime.now(UTC)
    with database.routing() as session:
        account_id = session.scalars(select(Account.id).where(Account.email == email)).one()
        secret = second_factor.begin(session, account_id)
        # The code of the step before: the present one is still good for the test.
        second_factor.confirm(session, account_id, code_at(secret, int(now.timestamp()) // STEP_SECONDS - 1), now)
    return secret


def submit(dialog: SignInDialog, qtbot: QtBot) -> None:
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.button.isEnabled(), timeout=WAIT_MS)


def test_the_dialog_asks_for_the_code_when_the_server_does(
    dialog: SignInDialog, store: Store, database: Database, qtbot: QtBot
) -> None:
    organization_id, _, email = make_organization(database)
    secret = with_second_factor(database, email)
    assert not dialog.code_field.isVisible()
    dialog.email.setText(email)
    dialog.password.setText(PASSWORD)
    submit(dialog, qtbot)
    assert dialog.code_field.isVisible()
    assert store.secrets.read(TOKEN) is None
    submit(dialog, qtbot)
    assert "six digits" in dialog.code_field.error()
    dialog.code.setText("000000")
    submit(dialog, qtbot)
    assert "does not fit" in dialog.code_field.error()
    dialog.code.setText(code_at(secret, int(datetime.now(UTC).timestamp()) // STEP_SECONDS))
    submit(dialog, qtbot)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert store.local("organization_id") == organization_id


def test_a_wrong_password_is_said_beside_it(dialog: SignInDialog, database: Database, qtbot: QtBot) -> None:
    _, _, email = make_organization(database)
    dialog.email.setText(email)
    dialog.password.setText("not the password")
    submit(dialog, qtbot)
    assert dialog.password_field.error() == "E-mail and password do not fit. Check both, then try again."


def test_a_pc_that_signed_in_before_is_known_while_others_guess(
    dialog: SignInDialog, store: Store, database: Database, qtbot: QtBot
) -> None:
    _, _, email = make_organization(database)
    dialog.email.setText(email)
    dialog.password.setText(PASSWORD)
    submit(dialog, qtbot)
    assert store.secrets.read(PROOF) is not None
    now = datetime.now(UTC)
    for _ in range(40):
        with pytest.raises((SignInRefused, TooManyTries)):
            # The attacker sits at the same address as this PC.
            authenticate(database, email, "a guess", Origin("127.0.0.1"), now)
    again = SignInDialog(store, email)
    qtbot.addWidget(again)
    again.show()
    again.password.setText(PASSWORD)
    submit(again, qtbot)
    assert again.password_field.error() == ""
    assert again.result() == QDialog.DialogCode.Accepted


def test_the_command_line_asks_for_the_code_too(
    store: Store,
    server: LiveServer,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, _, email = make_organization(database)
    secret = with_second_factor(database, email)
    wanted = ["--server", server.url, "--email", email]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n\n"))
    assert run_sign_in(wanted, store) == 1
    assert "asks for the code" in capsys.readouterr().err
    code = code_at(secret, int(datetime.now(UTC).timestamp()) // STEP_SECONDS)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n{code}\n"))
    assert run_sign_in(wanted, store) == 0
    assert "Signed in to Hudson Learning Center." in capsys.readouterr().out


class SystemBrowser:
    """The person's browser: signs in at the page that opens and agrees."""

    def __init__(self, email: str) -> None:
        self._email = email
        self._threads: list[threading.Thread] = []

    def open_url(self, url: QUrl) -> bool:
        self._threads.append(threading.Thread(target=self._visit, args=[url.toString()]))
        self._threads[-1].start()
        return True

    def _visit(self, address: str) -> None:
        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            page = browser.get(address)
            page = browser.post(
                page.url.join("/account/sign-in"),
                data={"email": self._email, "password": PASSWORD, "then": page.url.params["then"]},
            )
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
            assert "Back to iTutorOS" in browser.post(page.url.join("/account/desktop"), data=fields).text

    def close(self) -> None:
        for thread in self._threads:
            thread.join(30)


def test_the_browser_signs_the_program_in(
    dialog: SignInDialog, store: Store, database: Database, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization_id, _, email = make_organization(database)
    browser = SystemBrowser(email)
    monkeypatch.setattr(QDesktopServices, "openUrl", browser.open_url)
    dialog.in_browser.click()
    assert "browser" in dialog.progress.text()
    qtbot.waitUntil(lambda: dialog.result() == QDialog.DialogCode.Accepted, timeout=WAIT_MS)
    browser.close()
    assert store.local("organization_id") == organization_id


def test_waiting_for_the_browser_can_be_given_up(
    dialog: SignInDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog.in_browser.click()
    dialog.in_browser.click()
    assert len(opened) == 2
    dialog.reject()
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_only_the_page_that_was_opened_brings_a_code() -> None:
    flow = BrowserSignIn("https://desk.example.com")
    port = parse_qs(urlsplit(flow.address).query)["port"][0]
    got: list[str] = []
    waiting = threading.Thread(target=lambda: got.append(flow.wait()))
    waiting.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as knocker:
        for query in ("", "?code=stolen", "?code=stolen&state=guess", "?state="):
            assert knocker.get(f"/{query}").status_code == 404
    flow.give_up()
    waiting.join(10)
    assert got == [""]


def test_a_forgotten_password_opens_the_servers_page(
    dialog: SignInDialog, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    dialog.forgot.click()
    dialog.start.click()
    assert opened == [f"{server.url}/account/reset", f"{server.url}/account/sign-up"]
    dialog.server.clear()
    dialog.forgot.click()
    assert len(opened) == 2 and dialog.server_field.error()
