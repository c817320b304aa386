"""Runs what needs the server off the UI thread, one call after another on a thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject

from desktop.access.account_client import AccountClient
from desktop.background import Background
from desktop.store.store import Store
from desktop.sync.client import SyncError
from desktop.sync.worker import SERVER, TOKEN

Result = TypeVar("Result")

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="account calls")
_NOT_JOINED = "This PC is not joined to a server. Sign in first."


class ServerCalls(QObject):
    """Calls of one owner; each sends its own answer or a sentence on what went wrong."""

    def __init__(self, store: Store, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._jobs = Background(self, thread=_THREAD)

    def run(
        self,
        call: Callable[[AccountClient], Result],
        done: Callable[[Result], object],
        failed: Callable[[str], object],
    ) -> None:
        """Call the server, then `done` with its answer or `failed` with a sentence."""

        server = self.server
        if not server:
            failed(_NOT_JOINED)
            return

        def job() -> Result:
            token = self._store.secrets.read(TOKEN)
            if token is None:
                raise SyncError(_NOT_JOINED)
            with AccountClient(server, token.value) as client:
                return call(client)

        self._jobs.run(job, done, lambda error: failed(_sentence(error)))

    @property
    def server(self) -> str:
        """The address of the server, or "" on a PC that joined none."""
        return self._store.local(SERVER) or ""


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, SyncError) else "Something went wrong. Try again."
