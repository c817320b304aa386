"""The history of a record as lines of who did what and when: at once what this PC knows, and, where there is a
server, what everybody did and what a concurrent edit replaced."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop import theme
from desktop.history.chapter import Chapter, Read
from desktop.history.noted import HistoryLine, Noted, when_words
from desktop.store.store import Store
from desktop.widgets import Label, Paragraph

log = logging.getLogger(__name__)

_AT_ONCE = 100
"""How many rows the server tells of in one answer."""
ASKED = "The server knows who it was. It has not answered yet."
AWAY = "The server cannot be reached, so this is what this PC knows. Who it was shows when the server is back."
NOTHING = "Nothing was changed yet."


class HistoryPanel(QWidget):
    """Lines of who did what and when, newest first; `read` says what belongs to a record. `linesShown` is sent
    whenever they are others."""

    linesShown = Signal()

    def __init__(
        self, store: Store, read: Read, parent: QWidget | None = None, *, margin: int = 16, top: int = 0
    ) -> None:
        super().__init__(parent)
        self._store, self._read = store, read
        px = theme.current().px
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(px(margin), px(top or margin * 3 // 4), px(margin), px(margin))
        self._column.setSpacing(px(10))
        self._record_id = ""
        self._chapter: Chapter | None = None
        self.lines: list[HistoryLine] = []
        self.note = ""
        self._asker = ServerHistory(store, self)
        self._asker.answered.connect(self._answered)
        self._asker.failed.connect(self._failed)
        self.setAccessibleName("History")

    @property
    def record_id(self) -> str:
        """Whose history it shows."""
        return self._record_id

    def show_record(self, record_id: str) -> None:
        """Show what is known here, and ask the server. Raises LookupError when the record is not here."""
        before = self._chapter
        with self._store.read() as session:
            chapter = self._chapter = self._read(session, self._store, record_id)
        is_same = record_id == self._record_id
        if is_same and before is not None and before.noted == chapter.noted and self.note != AWAY:
            return
        self._record_id = record_id
        if not (is_same and self._asker.has_told(record_id)):
            self._show(chapter.own_lines(self._store), ASKED if self._asker.can_ask else "")
        self._asker.ask(record_id, chapter)

    def shut_down(self) -> None:
        """No answer of the server matters any more."""
        self._asker.close()

    def _answered(self, record_id: str, noted: object) -> None:
        if record_id != self._record_id or not isinstance(noted, list) or self._chapter is None:
            return
        lines = self._chapter.lines_of(noted) if noted else self._chapter.own_lines(self._store)
        self._show(lines)

    def _failed(self, record_id: str) -> None:
        if record_id == self._record_id and self._chapter is not None:
            self._show(self._chapter.own_lines(self._store), AWAY)

    def _show(self, lines: list[HistoryLine], note: str = "") -> None:
        self.lines, self.note = lines, note
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        assert self._chapter is not None
        for line in lines:
            self._column.addWidget(_Line(line, self._chapter.zone))
        if note or not lines:
            self._column.addWidget(Paragraph(note or NOTHING, "small", "text3"))
        self._column.addStretch(1)
        self.linesShown.emit()


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
    it. `answered` carries the record's id and the changes, with user ids in the place of names; `failed` the id."""

    answered = Signal(str, object)
    failed = Signal(str)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._is_closed = False
        self._told = ""
        self.answered.connect(self._remember)

    @property
    def can_ask(self) -> bool:
        """Whether this PC has a server."""
        from desktop.sync.worker import SERVER

        return self._store.local(SERVER) is not None

    def has_told(self, record_id: str) -> bool:
        """Whether the last answer was about this record."""
        return self._told == record_id

    def ask(self, record_id: str, chapter: Chapter) -> None:
        """Ask about the rows of a record; without a server nothing happens."""
        from desktop.sync.worker import SERVER, TOKEN

        url = self._store.local(SERVER)
        if url is None:
            return
        token = self._store.secrets.read(TOKEN)
        if token is None:
            self.failed.emit(record_id)
            return
        rows = {table: list(ids) for table, ids in chapter.rows.items() if ids}
        threading.Thread(
            target=self._fetch, args=(url, token.value, record_id, rows, dict(chapter.things)), daemon=True
        ).start()

    def close(self) -> None:
        """Drop what is still to come."""
        self._is_closed = True

    def _remember(self, record_id: str, noted: object) -> None:
        self._told = record_id if noted else ""

    def _fetch(
        self, url: str, token: str, record_id: str, rows: Mapping[str, Sequence[str]], things: Mapping[str, str]
    ) -> None:
        from desktop.sync.client import SyncClient, SyncError
        from desktop.sync.errors import Unreachable

        client = SyncClient(url, token)
        noted: list[Noted] = []
        is_away = False
        try:
            for table, ids in rows.items():
                for first in range(0, len(ids), _AT_ONCE):
                    try:
                        changes = client.history(table, ids[first : first + _AT_ONCE])
                    except Unreachable:
                        raise
                    except SyncError as error:
                        log.info("The history of %s was not given: %s", table, error)
                        continue
                    noted += [
                        Noted(
                            table, one.row_id, one.happened_at, one.user_id or "", one.action == "created",
                            one.changes, things.get(one.row_id, ""), one.lost,
                        )
                        for one in changes
                    ]  # fmt: skip
        except SyncError as error:
            log.info("The history was not fetched: %s", error)
            is_away = True
        finally:
            client.close()
        if self._is_closed or not isValid(self):
            return
        if is_away:
            self.failed.emit(record_id)
        else:
            self.answered.emit(record_id, noted)
