"""The history of an entry beside its fields: at once what this PC knows, and, where there is a server, who
did what."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.history_words import (
    OWN,
    HistoryLine,
    Noted,
    clock_lines,
    history_lines,
    noted_by_clocks,
    when_words,
)
from desktop.store.store import Store
from desktop.widgets import Label, Paragraph
from shared_models.access.models import User
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.models import Attendee, EntryRoom
from shared_models.schedule.operations import entry_of, links_of
from shared_models.schedule.times import zone_of
from shared_models.sync.hook import RowChange

log = logging.getLogger(__name__)

Ask = Callable[[str, Sequence[str]], list[Noted]]


class HistoryPanel(QWidget):
    """Lines of who did what and when, newest first."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        px = theme.current().px
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(px(16), px(12), px(16), px(16))
        self._column.setSpacing(px(10))
        self._entry_id = ""
        self._zone: tzinfo | None = None
        self.lines: list[HistoryLine] = []
        self._asker = ServerHistory(store, self)
        self._asker.answered.connect(self._answered)
        self.setAccessibleName("History")

    def show_entry(self, entry_id: str) -> None:
        """Show what is known here, and ask the server. Raises NoSuchEntry."""
        self._entry_id = entry_id
        organization_id = self._store.organization_id
        with self._store.read() as session:
            self._zone = zone_of(
                session.scalars(
                    select(Organization.time_zone).where(Organization.organization_id == organization_id)
                ).one()
            )
            entry = entry_of(session, organization_id, entry_id)
            attendees = links_of(session, organization_id, Attendee, [entry_id], with_archived=True)
            rooms = links_of(session, organization_id, EntryRoom, [entry_id], with_archived=True)
            device = self._store.local("device_id") or ""
            noted = noted_by_clocks("schedule_entry", entry_id, entry.field_clocks, device)
            things = {row.id: row.student_id for row in attendees} | {row.id: row.room_id for row in rooms}
            for row in (*attendees, *rooms):
                noted += noted_by_clocks(row.__tablename__, row.id, row.field_clocks, device, things[row.id])
            known = with_values(noted, self._store.undo_history.changes_of({entry_id, *things}))
            names = all_names(session, organization_id) if known else {}
        from desktop.sync.worker import SERVER

        me = names.get(self._store.user_id or "", "") or OWN
        mine = [replace(one, who=me) for one in known.values()]
        told = history_lines(mine, lambda thing: names.get(thing, ""), self._zone)
        rest = clock_lines(one for one in noted if id(one) not in known)
        lines = sorted([*told, *rest], key=lambda line: line.at, reverse=True)
        waits = self._store.local(SERVER) is not None
        self._show(lines, "The server knows who it was. It has not answered yet." if waits else "")
        self._asker.ask(entry_id, [row.id for row in attendees], [row.id for row in rooms], things)

    def shut_down(self) -> None:
        """No answer of the server matters any more."""
        self._asker.close()

    def _answered(self, entry_id: str, noted: object) -> None:
        if entry_id != self._entry_id or not isinstance(noted, list) or not noted or self._zone is None:
            return
        with self._store.read() as session:
            names = all_names(session, self._store.organization_id)
        known = [
            Noted(
                one.table,
                one.row_id,
                one.at,
                names.get(one.who, "The server"),
                one.is_new,
                one.changes,
                one.thing_id,
                one.lost,
            )
            for one in noted
        ]
        self._show(history_lines(known, lambda thing: names.get(thing, ""), self._zone))

    def _show(self, lines: list[HistoryLine], note: str = "") -> None:
        self.lines = lines
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        assert self._zone is not None
        for line in lines:
            self._column.addWidget(_Line(line, self._zone))
        if note:
            self._column.addWidget(Paragraph(note, "small", "text3"))
        self._column.addStretch(1)


def with_values(noted: Sequence[Noted], changes: Sequence[RowChange]) -> dict[int, Noted]:
    """Those of the changes made on this PC whose values its undo still knows, by the identity of what was noted."""
    found: dict[int, Noted] = {}
    for one in noted:
        if one.who != OWN or one.is_new:
            continue
        for change in changes:
            if change.row_id == one.row_id and not change.is_new and one.changes.keys() <= change.new.keys():
                values = {name: (change.old.get(name), value) for name, value in change.new.items()}
                found[id(one)] = replace(one, changes=values)
                break
    return found


class _Line(QWidget):
    def __init__(self, line: HistoryLine, zone: tzinfo) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Paragraph(f"**{line.who}** {line.words}", "body"))
        column.addWidget(Label(when_words(line.at, zone), "small", "text2", tabular=True))
        self.setAccessibleName(f"{line.who} {line.words}, {when_words(line.at, zone)}")


class ServerHistory(QObject):
    """Asks the server in a thread of its own: an answer may take as long as the internet does, and nothing waits for
    it. `answered` carries the entry's id and the changes, with user ids in the place of names."""

    answered = Signal(str, object)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._is_closed = False

    def ask(
        self, entry_id: str, attendee_ids: Sequence[str], room_ids: Sequence[str], things: Mapping[str, str]
    ) -> None:
        """Ask about an entry and its links; without a server nothing happens."""
        from desktop.sync.worker import SERVER, TOKEN

        url = self._store.local(SERVER)
        token = self._store.secrets.read(TOKEN) if url else None
        if url is None or token is None:
            return
        wanted = {"schedule_entry": [entry_id], "attendee": list(attendee_ids), "entry_room": list(room_ids)}
        threading.Thread(
            target=self._fetch, args=(url, token.value, entry_id, wanted, dict(things)), daemon=True
        ).start()

    def close(self) -> None:
        """Drop what is still to come."""
        self._is_closed = True

    def _fetch(
        self, url: str, token: str, entry_id: str, wanted: Mapping[str, Sequence[str]], things: Mapping[str, str]
    ) -> None:
        from desktop.sync.client import SyncClient, SyncError

        client = SyncClient(url, token)
        noted: list[Noted] = []
        try:
            for table, ids in wanted.items():
                for change in client.history(table, ids[:100]) if ids else ():
                    is_new = change.action == "created"
                    noted.append(
                        Noted(
                            table, change.row_id, change.happened_at, change.user_id or "", is_new, change.changes,
                            things.get(change.row_id, ""), change.lost,
                        )
                    )  # fmt: skip
        except SyncError as error:
            log.info("The history was not fetched: %s", error)
            return
        finally:
            client.close()
        if not self._is_closed:
            self.answered.emit(entry_id, noted)


def all_names(session: Session, organization_id: str) -> dict[str, str]:
    """The names of everyone and everything that a history may speak of, by id."""
    names: dict[str, str] = {}
    for thing_id, first, last in session.execute(
        select(User.id, User.first_name, User.last_name).where(User.organization_id == organization_id)
    ):
        names[thing_id] = f"{first} {last}".strip()
    for tutor_id, user_id in session.execute(
        select(Tutor.id, Tutor.user_id).where(Tutor.organization_id == organization_id)
    ):
        names[tutor_id] = names.get(user_id, "")
    for thing_id, first, last in session.execute(
        select(Student.id, Student.first_name, Student.last_name).where(Student.organization_id == organization_id)
    ):
        names[thing_id] = f"{first} {last}".strip()
    for kind in (Location, Room, Service, Subject, Topic, Product):
        for thing_id, name in session.execute(
            select(kind.id, kind.name).where(kind.organization_id == organization_id)
        ):
            names[thing_id] = name
    return names
