"""Makes this PC forget with the rows what it knows of them besides: what the server refused and was kept, undo, the
search index, and copies of the data from before. Runs on a thread of its own whenever somebody was erased."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from desktop.store.errors import StoreError
from desktop.store.store import Changes, Store
from shared_models.sync.clocks import ERASED_CLOCK

log = logging.getLogger(__name__)

PEOPLE = ("family", "student", "lead", "tutor")
"""Where an erasure shows first."""
_FORGOTTEN = "forgotten"
_MORE = ("student_subject", "lead_contact", "user", "tutor_time_off", "stored_file", "schedule_entry", "series",
         "conflict_acceptance")  # fmt: skip


class Forgetting:
    """Watches a store until `stop`."""

    def __init__(self, store: Store, *, begin_after_seconds: float = 3.0) -> None:
        """`begin_after_seconds` leaves the processor to the window while the program starts."""
        self._store = store
        self._begin_after_seconds = begin_after_seconds
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)
        self._unsubscribe = store.subscribe(self._heard)

    def start(self) -> None:
        """Look now for what came while the program was closed, and then after every change of people."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and stop."""
        self._stopping.set()
        self._wake.set()
        self._unsubscribe()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def _heard(self, changes: Changes) -> None:
        if not changes.keys().isdisjoint(PEOPLE):
            self._wake.set()

    def _run(self) -> None:
        self._stopping.wait(self._begin_after_seconds)
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                forget_erased(self._store)
            except (StoreError, SQLAlchemyError, OSError) as error:
                log.warning("Not everything could be forgotten yet: %s", error)


def forget_erased(store: Store) -> bool:
    """Forget what this PC knows of erased people besides their rows; says whether there was anybody new. A kill in
    the middle is made up for at the next start."""
    with store.engine.connect() as connection:
        known = _mark(_erased(connection, PEOPLE))
        if store.local(_FORGOTTEN) == known or known == _mark(()):
            return False
        ids = sorted({*_erased(connection, PEOPLE), *_erased(connection, _MORE)})
    store.undo_history.forget(ids)
    with store.engine.connect().execution_options(begin_immediate=True) as connection:
        for row_id in ids:
            connection.execute(text("DELETE FROM needs_attention WHERE row_id = :id"), {"id": row_id})
        _compact_search(connection)
        connection.commit()
    _renew_backups(store)
    store.set_local(**{_FORGOTTEN: known})
    return True


def _erased(connection: Connection, tables: Iterable[str]) -> list[str]:
    """The rows of these tables that were erased, as a whole or in single texts."""
    found: list[str] = []
    for table in tables:
        rows = connection.execute(
            text(f'SELECT id FROM "{table}" WHERE field_clocks LIKE :stamp ORDER BY id'),
            {"stamp": f'%"{ERASED_CLOCK}"%'},
        )
        found += [row[0] for row in rows]
    return found


def _mark(ids: Iterable[str]) -> str:
    return hashlib.sha256("".join(ids).encode()).hexdigest()


def _compact_search(connection: Connection) -> None:
    """Words that were taken out of the index lie in it until its parts are merged."""
    has_index = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'person_words'")).scalar()
    if has_index:
        connection.execute(text("INSERT INTO person_words (person_words) VALUES ('optimize')"))


def _renew_backups(store: Store) -> None:
    """Every copy from before holds who was erased: one of now takes their place."""
    old = [file for file in (store.folder / "backups").glob("*.db") if file.stem != "after-an-erasure"]
    if not old and not (store.folder / "backups").exists():
        return
    store.backup("after-an-erasure")
    for file in old:
        file.unlink(missing_ok=True)
