"""Where the pictures are taken: the real program on a prepared store, and the few gestures that bring up a screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QEventLoop, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from sqlalchemy import text

from desktop.app import Program
from desktop.page import Page
from desktop.store.store import Store
from desktop.widgets.choices import Segmented
from tools.at_rest import come_to_rest

Child = TypeVar("Child", bound=QWidget)

_PATIENCE_SECONDS = 10.0


class Stage:
    """The program over one store, its clock standing at `moment`. `grab` leaves a picture; `close` ends it."""

    def __init__(self, app: QApplication, store: Store, moment: datetime, size: tuple[int, int]) -> None:
        self.app = app
        self.store = store
        self.moment = moment.astimezone(UTC)
        self.program = Program(store, lambda: self.moment)
        self.window = self.program.window
        self.window.set_sync_state("ok", "All changes saved and sent")
        self.window.resize(*size)
        self.window.show()
        self.rest()

    def page(self, title: str) -> Any:
        """Bring the page to the front and give it."""
        self.window.go_to(title)
        self.rest()
        page = self.window.current_page()
        assert isinstance(page, Page) and page.title == title
        return page

    def act(self, words: str) -> None:
        """Do the action whose text begins with these words: of the page in front, or of the window."""
        page = self.window.current_page()
        actions = [*(page.page_actions() if page is not None else []), *self.window.everywhere_actions()]
        found = next((action for action in actions if action.text().startswith(words)), None)
        if found is None:
            known = ", ".join(repr(action.text()) for action in actions)
            raise LookupError(f"no action begins with {words!r}; there are {known}")
        found.trigger()

    def choose(self, key: str, within: QWidget | None = None) -> None:
        """Switch the visible row of choices that has this key to it."""
        for switch in (within or self.window).findChildren(Segmented):
            if switch.isVisible() and key in dict(switch._options):
                switch.set_value(key, announce=True)
                self.rest()
                return
        raise LookupError(f"no visible choice {key!r}")

    def find(self, kind: type[Child], within: QWidget | None = None) -> Child:
        """The visible widget of a kind."""
        for widget in (within or self.window).findChildren(kind):
            if widget.isVisible():
                return widget
        raise LookupError(f"no visible {kind.__name__}")

    def type_into(self, field: QLineEdit, words: str) -> None:
        """Replace what a field holds, as typing does."""
        field.setFocus()
        field.selectAll()
        field.insert(words)
        field.textEdited.emit(words)

    def one(self, statement: str, **values: object) -> str:
        """The first value that a query on the store gives."""
        with self.store.engine.connect() as connection:
            found = connection.execute(text(statement), values).scalars().first()
        if found is None:
            raise LookupError(f"nothing in the store for {statement!r}")
        return str(found)

    def rest(self) -> None:
        """Let movements, timers and work in the background come to rest."""
        come_to_rest(self.app)

    def turn(self, milliseconds: int = 0) -> None:
        """Let the windows live for so long."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def wait_until(self, is_so: Callable[[], object], what: str) -> None:
        """Go on as soon as something is so."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > until:
                raise TimeoutError(f"waited {_PATIENCE_SECONDS:.0f} s for {what}")
            self.turn(20)

    def grab(self, widget: QWidget, file: Path) -> None:
        """Leave a picture of a window or dialog."""
        self.rest()
        if not widget.grab().save(str(file)):
            raise OSError(f"{file} could not be written")

    def close(self) -> None:
        """End the program."""
        self.program.close()
        self.window.close()
        self.window.deleteLater()
        self.turn()


class Warnings:
    """What Qt complains about while pictures are taken, but for what the offscreen platform says of itself."""

    _EXPECTED = ("This plugin does not support", "QFontDatabase: Cannot find font directory")

    def __init__(self) -> None:
        self.words: list[str] = []
        qInstallMessageHandler(self._hear)

    def _hear(self, kind: QtMsgType, _context: object, words: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not words.startswith(self._EXPECTED):
            self.words.append(words)

    def taken(self) -> list[str]:
        """The words heard since the last call, each once."""
        words, self.words = list(dict.fromkeys(self.words)), []
        return words
