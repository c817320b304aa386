"""Whether the window stays awake while much is exchanged: the program as it is, a week on screen, while 50,000 rows
are sent to a real server, or come from it for the first time, and somebody saves again and again or does nothing.

The server and its database work on the same machine, though in life they are not on the desk's PC. A stretch is the
time between two turns of the event loop, less what this thread waited for a processor that another program had: that
is the machine's, not ours. Where the system does not tell (not Linux), it is the whole time.
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psycopg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from sqlalchemy import select

from bench.figures import Figure
from bench.sync_setting import EMAIL, Parents, Setting, add_parents, entry_values
from desktop import garbage
from desktop.app import Program, make_application
from desktop.store.store import Changes, Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange, pull_all
from desktop.sync.hello import TOKEN
from desktop.sync.rows import CURSOR, EPOCH, WITHDRAWS
from desktop.sync.worker import SERVER
from shared_models.access.models import User
from shared_models.base import new_id
from shared_models.leads.models import Lead, LeadSource
from shared_models.schedule.models import ScheduleEntry

COUNT = 50_000
AWAKE_MS = 16.0
_MOMENT = datetime(2026, 1, 7, 15, tzinfo=UTC)
"""In the first week of the entries."""
_FIRST = datetime(2026, 1, 5, 14, tzinfo=UTC)
_SLOTS = 8
_SAVE_EVERY_MS = 150
_QUIET_SAVES = 8
_IDLE_SECONDS = 3.0
_AFTERWARDS_SECONDS = 0.7
"""In which the log of what came is moved into the file."""
_PATIENCE_SECONDS = 120.0


@dataclass
class Heartbeat:
    """Turns of the event loop: how long each stretch between two of them was, in milliseconds."""

    stretches: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._beat)
        self._waiting = _processor_wait()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Listen no more."""
        self._timer.stop()

    def _beat(self) -> None:
        now, waiting = time.perf_counter(), _processor_wait()
        self.stretches.append(max(0.0, (now - self._last) - (waiting - self._waiting)) * 1000)
        self._last, self._waiting = now, waiting

    def share(self, part: float) -> float:
        """The stretch that this part of all time lies below: stretches count by their length."""
        ordered = sorted(self.stretches)
        wanted, passed = sum(ordered) * part, 0.0
        for stretch in ordered:
            passed += stretch
            if passed >= wanted:
                return stretch
        return 0.0


def run() -> list[Figure]:
    """Measure; takes about a minute."""
    folder = Path(tempfile.mkdtemp(prefix="bench-awake-"))
    try:
        with Setting(folder) as setting:
            return _measure(setting, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(setting: Setting, folder: Path) -> list[Figure]:
    organization_id = setting.organization()
    parents = add_parents(setting.database, organization_id)
    near, *far = (_desk(setting, organization_id, folder / name) for name in ("near", "alone", "busy"))
    client = SyncClient(setting.url, setting.device(organization_id))
    exchange(near, client)
    client.close()
    _add_year(near, parents)
    near.greeted = None  # the program says hello when it starts
    sent = _exchange(near, _Sent, saves=True)
    alone, busy = _exchange(far[0], _Arrived, saves=False), _exchange(far[1], _Arrived, saves=True)
    _restore(setting, organization_id)
    again = _exchange(Store(folder / "near", use_keyring=False), _SentAgain, saves=True)
    return [
        *_figures("while 50,000 rows come", alone),
        *_figures("while they come and somebody saves", busy),
        *_figures("while 50,000 are sent and somebody saves", sent),
        *_figures("while they go to a restored server, and come again", again),
    ]


def _restore(setting: Setting, organization_id: str) -> None:
    """Let the server be one that was restored from a backup without any entries."""
    with psycopg.connect(setting.database_url.replace("+psycopg", "")) as owner:
        owner.execute("DELETE FROM schedule_entry WHERE organization_id = %s", (organization_id,))
        owner.execute(
            "UPDATE organization_sequence SET epoch = %s, restored_at_seq = 0 WHERE organization_id = %s",
            (new_id(), organization_id),
        )


def _figures(when: str, measured: _Measured) -> list[Figure]:
    beat, idle = measured.beat, measured.idle
    figures = [
        Figure(f"longest stretch {when}", max(beat.stretches), "ms", AWAKE_MS, False, "without", max(idle.stretches)),
        Figure("98 % of the time below", beat.share(0.98), "ms", AWAKE_MS, False, "without", idle.share(0.98)),
    ]
    if measured.saves:
        longest, middle = max(measured.quiet_saves), statistics.median(measured.quiet_saves)
        figures += [
            Figure("longest save meanwhile", max(measured.saves), "ms", AWAKE_MS, False, "without", longest),
            Figure("a save meanwhile", statistics.median(measured.saves), "ms", None, False, "without", middle),
        ]
    return [*figures, Figure("rows a second meanwhile", COUNT / measured.seconds, "rows/s", None, True)]


def _add_year(store: Store, parents: Parents) -> None:
    """A year of a large center: 20 tutors, eight sessions a day each, six days a week, and no conflicts."""
    rows = entry_values(store.organization_id, parents, COUNT)
    for place, row in enumerate(rows):
        slot, tutor = divmod(place, len(parents.tutor_ids))
        day, number = divmod(slot, _SLOTS)
        starts = _FIRST + timedelta(days=day // 6 * 7 + day % 6, minutes=75 * number)
        row |= {
            "tutor_id": parents.tutor_ids[tutor],
            "starts_at": starts,
            "ends_at": starts + timedelta(minutes=60),
            "blocked_until": starts + timedelta(minutes=75),
        }
    for start in range(0, COUNT, 500):
        with store.write() as session:
            store.recorder.insert_rows(session, ScheduleEntry, rows[start : start + 500])


@dataclass
class _Measured:
    idle: Heartbeat
    beat: Heartbeat
    seconds: float
    saves: list[float]
    quiet_saves: list[float]


def _exchange(store: Store, ending: type[_Ending], *, saves: bool) -> _Measured:
    """An exchange by the program's own worker, with the week of the first entries on screen."""
    app = make_application(store)
    program = Program(store, lambda: _MOMENT)
    program.window.resize(1440, 900)
    program.window.show()
    gc.collect()
    gc.disable()  # as while the program starts
    garbage.resume()  # as once its window stands
    _turn(app, _IDLE_SECONDS)
    quiet: list[float] = []
    for number in range(_QUIET_SAVES if saves else 0):
        took = _save(store)
        _turn(app, _SAVE_EVERY_MS / 1000)
        if number > 0:  # the first of a program makes what the others use again
            quiet.append(took)
    idle = Heartbeat()
    _turn(app, _IDLE_SECONDS)
    idle.stop()
    taken: list[float] = []
    saver = QTimer()
    saver.setInterval(_SAVE_EVERY_MS)
    saver.timeout.connect(lambda: taken.append(_save(store)))
    end = ending(store)
    began = time.perf_counter()
    program.start_sync()
    beat = Heartbeat()
    if saves:
        saver.start()
    end.wait(app)
    seconds = time.perf_counter() - began
    _turn(app, _AFTERWARDS_SECONDS)
    saver.stop()
    beat.stop()
    program.close()
    program.window.deleteLater()
    _turn(app, 0.1)
    store.close()
    gc.enable()
    _say(f"{end.name}, {'saving' if saves else 'alone'}: longest {max(beat.stretches):.1f} ms")
    _say("  the ten longest: " + " ".join(f"{one:.0f}" for one in sorted(beat.stretches)[-10:]))
    if taken:
        _say("  saves: " + " ".join(f"{one:.0f}" for one in taken))
    return _Measured(idle, beat, seconds, taken, quiet)


def _save(store: Store) -> float:
    """Write down a lead; how many milliseconds that took."""
    waiting, began = _processor_wait(), time.perf_counter()
    with store.write() as session:
        session.add(
            Lead(organization_id=store.organization_id, id=new_id(), created_at=_MOMENT, source=LeadSource.PHONE)
        )
    return max(0.0, time.perf_counter() - began - (_processor_wait() - waiting)) * 1000


def _desk(setting: Setting, organization_id: str, folder: Path) -> Store:
    """A store that has the center without any entries, and fetches everything again from the beginning."""
    store = Store(folder, use_keyring=False)
    with setting.database.tenant(organization_id) as session:
        user_id = session.scalars(select(User.id).where(User.email == EMAIL)).one()
    token = setting.device(organization_id)
    store.secrets.keep(TOKEN, token)
    store.set_local(organization_id=organization_id, user_id=user_id, **{SERVER: setting.url})
    client = SyncClient(setting.url, token)
    pull_all(store, client)
    client.close()
    store.set_local(**{CURSOR: "0"})
    return store


def _turn(app: QApplication, seconds: float) -> None:
    """Let the window live for so long."""
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(app.quit)
    timer.start(int(seconds * 1000))
    app.exec()


class _Ending:
    """Knows when the exchange is over."""

    name: ClassVar[str]

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_over = threading.Event()

    def wait(self, app: QApplication) -> None:
        """Let the window live until then."""
        until = time.monotonic() + _PATIENCE_SECONDS
        timer = QTimer()
        timer.setInterval(20)
        timer.timeout.connect(lambda: app.quit() if self._is_over.is_set() or time.monotonic() > until else None)
        timer.start()
        app.exec()
        if not self._is_over.is_set():
            raise RuntimeError("the exchange did not end")


class _Arrived(_Ending):
    """All entries were announced."""

    name = "coming"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._seen: set[str] = set()
        self._stop = store.subscribe(self._hear)

    def _hear(self, changes: Changes) -> None:
        self._seen.update(changes.get("schedule_entry", ()))
        if len(self._seen) >= COUNT:
            self._is_over.set()
            self._stop()


class _Sent(_Ending):
    """No entry is unsent any more."""

    name = "sent"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._is_done():
            time.sleep(0.05)
        self._is_over.set()

    def _is_done(self) -> bool:
        unsent = (
            "SELECT 1 FROM schedule_entry INDEXED BY ix_schedule_entry_unsent WHERE unsent_since IS NOT NULL LIMIT 1"
        )
        with self._store.engine.connect() as connection:
            return connection.exec_driver_sql(unsent).first() is None


class _SentAgain(_Sent):
    """A restored server has everything, and it came again."""

    name = "sent again"

    def __init__(self, store: Store) -> None:
        self._epoch = store.local(EPOCH)
        super().__init__(store)

    def _is_done(self) -> bool:
        return self._store.local(EPOCH) != self._epoch and self._store.local(WITHDRAWS) is None and super()._is_done()


def _processor_wait() -> float:
    """For how many seconds this thread was ready and waited for a processor."""
    try:
        with open(f"/proc/self/task/{threading.get_native_id()}/schedstat", "rb", buffering=0) as figures:
            return int(figures.read().split()[1]) / 1e9
    except OSError:
        return 0.0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
