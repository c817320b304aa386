"""The history beside the form, with a real server: names instead of ids."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.history.panel import AWAY, HistoryPanel
from desktop.schedule.entry_history import entry_chapter
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.base import new_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.organization.models import Location
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.series_operations import cancel_entry
from sync_server.database import Database
from tests.live_server import PASSWORD, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


def scheduled(store: Store) -> str:
    with store.write() as session:
        service_id = new_id()
        place = session.query(Location.id).scalar()
        session.add(
            Service(
                organization_id=store.organization_id, id=service_id, name="Private", format=ServiceFormat.PRIVATE
            )
        )
        session.flush()
        draft = EntryDraft(location_id=place, service_id=service_id, first_day=date(2026, 12, 2), start=time(16))
        made = schedule_entries(session, store.recorder, store.organization_id, draft, new_id=new_id())
    return made.entry_ids[0]


def test_the_server_tells_who_it_was(database: Database, tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    _, _, email = make_organization(database)
    store = Store(tmp_path / "desk", use_keyring=False)
    with live_server(database, tmp_path) as server:
        sign_in(store, server.url, email, PASSWORD)
        token = store.secrets.read(TOKEN)
        assert token is not None
        client = SyncClient(server.url, token.value)
        exchange(store, client)
        entry_id = scheduled(store)
        exchange(store, client)
        with store.write() as session:
            cancel_entry(
                session, store.organization_id, entry_id, reason="Weather", by_user_id=store.user_id, now=NOW
            )
        exchange(store, client)
        client.close()
        panel = HistoryPanel(store, entry_chapter)
        qtbot.addWidget(panel)
        panel.show_record(entry_id)
        assert {line.who for line in panel.lines} == {"This PC"}
        qtbot.waitUntil(lambda: {line.who for line in panel.lines} == {"Maya Torres"})
        told = " ".join(line.words for line in panel.lines)
        assert "made it" in told and "cancelled it (Weather)" in told
        panel.shut_down()
    store.close()


def test_a_server_that_is_away_leaves_what_this_pc_knows(
    database: Database, tmp_path: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    _, _, email = make_organization(database)
    store = Store(tmp_path / "desk", use_keyring=False)
    with live_server(database, tmp_path) as server:
        sign_in(store, server.url, email, PASSWORD)
        token = store.secrets.read(TOKEN)
        assert token is not None
        client = SyncClient(server.url, token.value)
        exchange(store, client)
        client.close()
    entry_id = scheduled(store)
    panel = HistoryPanel(store, entry_chapter)
    qtbot.addWidget(panel)
    panel.show_record(entry_id)
    assert [(line.who, line.words) for line in panel.lines] == [("This PC", "made it")]
    qtbot.waitUntil(lambda: panel.note == AWAY)
    assert [(line.who, line.words) for line in panel.lines] == [("This PC", "made it")]
    panel.shut_down()
    store.close()
