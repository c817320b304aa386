"""What a real server refused is edited in the record's own form, and then stands on the server ([S-42])."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop.app import Program, make_application
from desktop.store.store import Store
from desktop.sync.attention import refused_changes
from desktop.sync.attention_sheet import AttentionSheet
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.hello import token_of
from desktop.sync.setup import sign_in
from desktop.widgets import Button, Paragraph
from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.catalog.operations import offer
from shared_models.organization.models import Location
from shared_models.people.operations import NewStudent, register_family
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import Attendee, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


class Desk:
    """A PC with its window, in step with the server by hand."""

    def __init__(self, store: Store, server: LiveServer, database: Database) -> None:
        self.store, self.database = store, database
        self.client = SyncClient(server.url, token_of(store))
        make_application(store)
        self.program = Program(store, lambda: NOW)

    def sync(self) -> None:
        exchange(self.store, self.client)

    def grant(self, *, owner: bool) -> None:
        """Whether the server takes the person at this desk for the owner, or for an administrator of no location."""
        organization_id, user_id = self.store.organization_id, self.store.user_id
        assert user_id is not None
        with self.database.tenant(organization_id) as session:
            role = session.get_one(UserRole, (organization_id, derived_id(user_id, Role.OWNER)))
            role.archived_at = None if owner else NOW
            desk_id = derived_id(user_id, Role.ADMIN)
            if session.get(UserRole, (organization_id, desk_id)) is None:
                session.add(UserRole(organization_id=organization_id, id=desk_id, user_id=user_id, role=Role.ADMIN))

    def press(self, words: str) -> str:
        """Press the only button with these words among what needs attention; returns what the sheet said."""
        sheet = AttentionSheet(self.program.window, self.store, on_edit=self.program.window.propose)
        sheet.open_sheet()
        QApplication.processEvents()
        said = " ".join(one.text() for one in sheet.findChildren(Paragraph))
        (button,) = [one for one in sheet.findChildren(Button) if one.text() == words and one.isVisibleTo(sheet)]
        button.click()
        assert not sheet.isVisible()
        return said


@pytest.fixture
def desk(server: LiveServer, database: Database, tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Desk]:
    _, _, email = make_organization(database)
    store = Store(tmp_path / "desk", use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    made = Desk(store, server, database)
    qtbot.addWidget(made.program.window)
    made.program.window.resize(1366, 768)
    made.program.window.show()
    yield made
    made.program.close()
    made.client.close()
    store.close()


def series_for_leo(desk: Desk) -> tuple[str, str]:
    """Three Wednesdays for Leo, booked on this PC; the series' id and Leo's."""
    organization_id = desk.store.organization_id
    with desk.store.write("Prepared") as session:
        place = session.scalars(select(Location.id)).first()
        assert place is not None
        service_id = new_id()
        session.add(
            Service(organization_id=organization_id, id=service_id, name="Private", format=ServiceFormat.PRIVATE)
        )
        session.flush()
        offer(session, organization_id, service_id, place)
        family = {"parent1_first_name": "Ana", "parent1_last_name": "Kim"}
        leo = NewStudent(place, {"first_name": "Leo", "last_name": "Kim"}, ())
        student_id = register_family(session, organization_id, family, [leo], today=date(2026, 11, 25)).student_ids[0]
    desk.sync()
    desk.grant(owner=False)
    draft = EntryDraft(
        location_id=place, service_id=service_id, first_day=date(2026, 12, 2), start=time(16),
        student_ids=(student_id,), pattern=Pattern.WEEKLY, weekdays=frozenset({2}), occurrence_count=3,
    )  # fmt: skip
    with desk.store.write("Booked") as session:
        made = schedule_entries(session, desk.store.recorder, organization_id, draft, new_id=new_id())
    assert made.series_id is not None
    return made.series_id, student_id


def test_a_series_that_was_refused_is_edited_as_one_and_arrives_whole(desk: Desk) -> None:
    series_id, student_id = series_for_leo(desk)
    desk.sync()
    refused = refused_changes(desk.store)
    assert {change.table for change in refused} == {"series", "schedule_entry", "attendee"}
    desk.grant(owner=True)
    desk.sync()
    assert "With it: session (3), student at a session (3)." in desk.press("Edit")
    editor = desk.program.window.current_page().form.editor  # type: ignore[union-attr]
    draft = editor.fields.draft()
    assert draft is not None
    assert (draft.pattern, draft.start, draft.student_ids) == (Pattern.WEEKLY, time(16), (student_id,))
    editor.fields.start.set_value(time(17))
    assert editor.save()
    assert refused_changes(desk.store) == []
    desk.sync()
    assert refused_changes(desk.store) == []
    assert desk.store.unsent_count() == 0
    with desk.database.tenant(desk.store.organization_id) as session:
        series = session.get_one(Series, (desk.store.organization_id, series_id))
        assert (series.start_time, series.archived_at) == (time(17), None)
        entries = session.scalars(select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None))).all()
        assert [entry.starts_at.hour for entry in entries] == [22, 22, 22]
        attendees = session.scalars(select(Attendee).where(Attendee.archived_at.is_(None))).all()
        assert {one.student_id for one in attendees} == {student_id}
        assert len(attendees) == 3


def test_what_belongs_together_is_tried_again_together(desk: Desk) -> None:
    series_id, student_id = series_for_leo(desk)
    desk.sync()
    desk.grant(owner=True)
    desk.sync()
    desk.press("Try again")
    desk.sync()
    assert refused_changes(desk.store) == []
    with desk.database.tenant(desk.store.organization_id) as session:
        assert session.get_one(Series, (desk.store.organization_id, series_id)).archived_at is None
        attendees = session.scalars(select(Attendee).where(Attendee.archived_at.is_(None))).all()
        assert [one.student_id for one in attendees] == [student_id] * 3
