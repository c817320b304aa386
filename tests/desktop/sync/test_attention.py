"""What did not stand at the server: in words, side by side, tried again, edited, discarded and brought back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop.store.local_models import NeedsAttention
from desktop.sync.attention import bring_back, discard, refused_changes, try_again
from desktop.sync.attention_sheet import AttentionSheet
from desktop.sync.field_editor import FieldEditor
from desktop.widgets import Button, ComboBox, TextInput
from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id
from shared_models.organization.models import Organization, Room
from sync_server.database import Database
from tests.desktop.sync.conftest import NOW, Desk


@pytest.fixture
def demoted(desk: Desk, database: Database) -> Iterator[Desk]:
    """A desk whose user was the owner and is now at the front desk, and does not know it yet."""
    organization_id, user_id = desk.store.organization_id, desk.store.user_id
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
    yield desk


def promote(desk: Desk, database: Database) -> None:
    with database.tenant(desk.store.organization_id) as session:
        for role in session.scalars(select(UserRole).where(UserRole.role == Role.OWNER)):
            role.archived_at = None


def rename(desk: Desk, name: str) -> None:
    with desk.store.write() as session:
        session.scalars(select(Organization)).one().business_name = name


def add_room(desk: Desk, name: str = "Library") -> str:
    """A room, which the front desk may not add."""
    location = desk.rows("SELECT id FROM location")[0][0]
    with desk.store.write() as session:
        room = Room(organization_id=desk.store.organization_id, location_id=location, name=name, floor="2")
        session.add(room)
        session.flush()
        return room.id


def test_a_refused_edit_stands_beside_what_the_server_has_in_words(demoted: Desk) -> None:
    """[S-42]"""
    rename(demoted, "Mine now")
    demoted.sync()
    (change,) = refused_changes(demoted.store)
    assert (change.what, change.code) == ("The center", "not_allowed")
    assert change.reason.endswith(".")
    (side,) = change.fields
    assert (side.label, side.yours, side.servers) == ("Business name", "Mine now", "Hudson Learning Center")
    assert demoted.store.unsent_count() == 0


def test_a_refused_new_record_names_what_was_entered_and_is_not_live(demoted: Desk) -> None:
    """[S-42]: names instead of ids, and nothing that was left empty."""
    room = add_room(demoted)
    demoted.sync()
    (change,) = refused_changes(demoted.store)
    assert change.what == "Room Library"
    assert {side.label: side.yours for side in change.fields} == {
        "Location": "Irvington Office",
        "Name": "Library",
        "Floor": "2",
    }
    assert not change.is_known
    assert demoted.rows("SELECT archived_at IS NULL FROM room WHERE id = ?", room) == [(0,)]


def test_trying_again_sends_it_once_more(demoted: Desk, database: Database) -> None:
    """[S-42]"""
    rename(demoted, "Mine now")
    demoted.sync()
    promote(demoted, database)
    try_again(demoted.store, refused_changes(demoted.store)[0])
    demoted.sync()
    assert refused_changes(demoted.store) == []
    with database.tenant(demoted.store.organization_id) as session:
        assert session.scalars(select(Organization.business_name)).one() == "Mine now"


def test_a_new_record_that_is_tried_again_is_sent_whole(demoted: Desk, database: Database) -> None:
    """[S-42]: also what was not corrected."""
    room = add_room(demoted)
    demoted.sync()
    promote(demoted, database)
    try_again(demoted.store, refused_changes(demoted.store)[0], edited={"name": "Reading room"})
    demoted.sync()
    assert refused_changes(demoted.store) == []
    with database.tenant(demoted.store.organization_id) as session:
        row = session.get_one(Room, (demoted.store.organization_id, room))
        assert (row.name, row.floor, row.archived_at) == ("Reading room", "2", None)


def test_what_is_discarded_can_be_brought_back(demoted: Desk) -> None:
    """[S-42]"""
    rename(demoted, "Mine now")
    demoted.sync()
    (change,) = refused_changes(demoted.store)
    discard(demoted.store, change)
    assert refused_changes(demoted.store) == []
    bring_back(demoted.store, change)
    assert refused_changes(demoted.store) == [change]


def test_what_was_refused_before_stays_beside_what_is_refused_now(demoted: Desk) -> None:
    """[S-42]"""
    rename(demoted, "Mine now")
    demoted.sync()
    with demoted.store.write() as session:
        session.scalars(select(Organization)).one().default_buffer_minutes = 20
    demoted.sync()
    (change,) = refused_changes(demoted.store)
    assert {side.name: side.yours for side in change.fields} == {
        "business_name": "Mine now",
        "default_buffer_minutes": "20",
    }


def buttons(widget: QWidget) -> dict[str, Button]:
    QApplication.processEvents()
    return {button.text(): button for button in widget.findChildren(Button) if button.isVisibleTo(widget)}


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    host = QWidget()
    host.resize(1100, 760)
    qtbot.addWidget(host)
    host.show()
    return host


def test_the_sheet_edits_discards_and_undoes(demoted: Desk, host: QWidget, database: Database) -> None:
    rename(demoted, "Mine now")
    demoted.sync()
    told: list[int] = []
    sheet = AttentionSheet(host, demoted.store, lambda: told.append(1))
    sheet.open_sheet()
    buttons(sheet)["Discard"].click()
    assert refused_changes(demoted.store) == []
    assert sheet.isVisible()
    buttons(sheet)["Undo"].click()
    assert len(refused_changes(demoted.store)) == 1
    promote(demoted, database)
    buttons(sheet)["Edit"].click()
    (editor,) = host.findChildren(FieldEditor)
    name = editor.fields["business_name"].input
    assert isinstance(name, TextInput)
    assert name.text() == "Mine now"
    name.setText("Ours now")
    editor.save()
    assert refused_changes(demoted.store) == []
    assert not sheet.isVisible()
    assert len(told) == 3
    demoted.sync()
    with database.tenant(demoted.store.organization_id) as session:
        assert session.scalars(select(Organization.business_name)).one() == "Ours now"


def test_the_editor_offers_choices_by_name_and_says_what_cannot_be_read(demoted: Desk, host: QWidget) -> None:
    add_room(demoted)
    demoted.sync()
    saved: list[object] = []
    editor = FieldEditor(host, demoted.store, refused_changes(demoted.store)[0], saved.append)
    editor.open_sheet()
    location = editor.fields["location_id"].input
    assert isinstance(location, ComboBox)
    assert [option.text for option in location.options()] == ["Irvington Office"]
    chosen = location.value()
    location.set_value("")
    editor.save()
    assert editor.isVisible()
    assert saved == []
    location.set_value(chosen)
    editor.save()
    assert saved == [{"location_id": chosen, "name": "Library", "floor": "2"}]


def test_a_record_can_be_shown_where_it_lives(desk: Desk, host: QWidget) -> None:
    lead = desk.add_lead("Ana", parent_last_name="Kim")
    desk.sync()
    with desk.store.write() as session:
        session.add(
            NeedsAttention(
                table_name="lead", row_id=lead, code="invalid", reason="A value is outside what is allowed.",
                kept_values={"notes": "call after six"}, refused_at=NOW,
            )
        )  # fmt: skip
    shown: list[tuple[str, str]] = []
    sheet = AttentionSheet(host, desk.store, on_show=lambda page, row_id: shown.append((page, row_id)))
    sheet.open_sheet()
    buttons(sheet)["Show it"].click()
    assert shown == [("Leads", lead)]
    assert not sheet.isVisible()
