"""Opens the encrypted store, keeps it at the newest schema, and gives sessions whose changes are stamped, announced
and undoable."""

from __future__ import annotations

import errno
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from desktop.store.errors import StoreError, StoreLocked, StoreTooNew, StoreUnwritable
from desktop.store.gate import WriteGate
from desktop.store.keys import KEYRING, SecretKeeper
from desktop.store.log_mover import LogMover
from desktop.store.migrations import HEAD
from desktop.store.undo import UndoHistory, UndoStep
from shared_models.base import new_id
from shared_models.sync.clocks import HybridClock, wall_milliseconds
from shared_models.sync.hook import ChangeRecorder, RowChange

Changes = Mapping[str, frozenset[str]]
"""Which rows changed: table name to ids."""

Listener = Callable[[Changes], None]

_BUSY_SECONDS = 30
_STEP = "undo_step"
_DEVICE = "device_id"
_OFFSET = "clock_offset_ms"
CLOCK_FLOOR = "clock_floor"
"""The latest stamp of a refused edit: its row no longer tells of it, and it is not to be given again ([S-2])."""


class Store:
    """One center's data on this PC.

    `read()` and `write()` give sessions; what `write()` commits is announced to every listener, from the thread
    that wrote. Close it with `close()`.
    """

    def __init__(
        self, folder: Path, *, use_keyring: bool = True, wall: Callable[[], int] = wall_milliseconds
    ) -> None:
        """Open or make the store in `folder`. `wall` is this PC's clock, in milliseconds since 1970.

        Raises StoreTooNew, StoreLocked or StoreUnwritable, each with a sentence for the person.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.secrets = SecretKeeper(folder, use_keyring=use_keyring)
            key = self.secrets.store_key()
        except OSError as error:
            raise StoreUnwritable(f"The folder {folder} cannot be written: {error.strerror}.") from error
        self.key_kept_in = key.kept_in
        self._key = key.value
        self._connect = _connector(folder / "store.db", self._key)
        self.engine = _engine_of(self._open)
        self.is_destroyed = False
        """Whether the key was destroyed: nothing is read or written any more ([S-90])."""
        self._bulk: Any = None
        self._bulk_lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._local_lock = threading.Lock()
        self.log_mover = LogMover(self._open)
        self.gate = WriteGate(self.log_mover.look)
        try:
            self._bring_up_to_date()
        except BaseException:
            self.engine.dispose()
            raise
        self._local = self._read_local()
        if _DEVICE not in self._local:
            self.set_local(**{_DEVICE: new_id()})
        self.wall = wall
        self.greeted: tuple[float, int] | None = None
        """When the server was last greeted: by the monotonic clock in seconds, and by `wall`."""
        self.clock = self._new_clock()
        self.undo_history = UndoHistory()
        self.recorder = ChangeRecorder(self.clock, on_commit=self._committed, label=self._author)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.recorder.attach(self._sessions)

    @property
    def organization_id(self) -> str:
        """The organization whose data this store holds; raises StoreError while there is none."""
        known = self.local("organization_id")
        if known is None:
            raise StoreError("No center has been set up on this PC yet.")
        return known

    @property
    def key_words(self) -> str:
        """Where the key of this data is kept, in a sentence for the person."""
        if self.key_kept_in == KEYRING:
            return "The key of this data is kept by the keyring of this PC."
        return (
            f"This PC has no keyring for the key of this data, so it lies in {self.key_kept_in}, a file that only "
            "you can read. Whoever copies it together with the data can read both."
        )

    @property
    def user_id(self) -> str | None:
        """The user who is signed in on this PC."""
        return self.local("user_id")

    def local(self, name: str) -> str | None:
        """A fact about this PC."""
        return self._local.get(name)

    def set_local(self, **facts: str | None) -> None:
        """Remember facts about this PC; None forgets one."""
        if self.is_destroyed:
            return
        with self.gate.taken(), self._local_lock:
            with self.engine.connect() as connection:
                write_local(connection, facts)
                connection.commit()
            self._local = self._read_local()

    def reload_local(self) -> None:
        """Read the facts about this PC again, after another connection wrote them."""
        with self._local_lock:
            self._local = self._read_local()

    def know_local(self, facts: Mapping[str, str | None]) -> None:
        """Take note of facts about this PC that another connection has just written."""
        with self._local_lock:
            kept = {name: value for name, value in {**self._local, **facts}.items() if value is not None}
            self._local = kept

    def corrected_wall(self) -> int:
        """Milliseconds since 1970 by this PC's clock, put right by what the server said ([S-4])."""
        return self.wall() + int(self._local.get(_OFFSET, "0"))

    def begin_new_clock(self) -> None:
        """Make stamps from a fresh start, after the device's name or the offset of its clock changed. Only while
        nobody else can write (whoever calls this has the turn at the gate): no stamp is then given twice."""
        self.clock = self.recorder.clock = self._new_clock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every commit that changed rows; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one unchanging view of the store; nothing it does is saved."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def write(self, description: str | None = None) -> Iterator[Session]:
        """A session that commits at the end of the block, or leaves nothing behind when it raises.

        With a description ("Cancelled French, Andre Patel, Tue 4:00 PM") the change can be undone.
        Raises StoreUnwritable when the disk refuses.
        """
        with self.gate.taken(), self._sessions() as session:
            session.connection(execution_options={"begin_immediate": True})
            if description is not None:
                session.info[_STEP] = description
            try:
                yield session
                session.commit()
            except OperationalError as error:
                session.rollback()
                raise unwritable(str(error.orig)) from error
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def bulk_connection(self) -> Iterator[Any]:
        """The connection of SQLite itself through which the sync writes rows of the server, for one thread at a time.

        What it writes can be fetched again, so unless somebody works here it does not wait for the disk; the next
        write by a person does, and takes all before it along. The server has checked references and values already.
        """
        with self._bulk_lock:
            if self._bulk is None:
                self._bulk = self._open()
                for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON", "synchronous = NORMAL"):
                    self._bulk.execute(f"PRAGMA {pragma}")
            yield self._bulk

    def undo(self) -> str | None:
        """Take the last described change back; returns its description, or None when there is none."""
        return self._replay(self.undo_history.take_undo(), forward=False)

    def redo(self) -> str | None:
        """Do again what was undone last; returns its description, or None when there is none."""
        return self._replay(self.undo_history.take_redo(), forward=True)

    def announce(self, changes: Changes) -> None:
        """Tell every listener which rows changed (after a merge of what other PCs did, for instance)."""
        for listener in tuple(self._listeners):
            listener(changes)

    def unsent_count(self) -> int:
        """How many rows hold changes that the server has not acknowledged."""
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql(_counting_unsent()).scalar_one())

    def attention_count(self) -> int:
        """How many changes the server refused and nobody has settled yet."""
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM needs_attention")).scalar_one())

    def backup(self, name: str) -> Path:
        """Copy the store, whole and consistent, to `backups/<name>.db`; the same key opens it.

        Raises StoreUnwritable; half a backup is not left behind.
        """
        target = self.folder / "backups" / f"{name}.db"
        partial = target.with_suffix(".partial")
        try:
            target.parent.mkdir(exist_ok=True)
            partial.unlink(missing_ok=True)
            self._copy_into(partial)
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise unwritable("full" if error.errno == errno.ENOSPC else "readonly") from error
        except StoreUnwritable:
            partial.unlink(missing_ok=True)
            raise
        return target

    def _copy_into(self, file: Path) -> None:
        # By SQLite, not by reading the file: on POSIX, whoever closes a file lets go of all locks that the process
        # holds on it, and another process could then tidy up under the hands of this one.
        import sqlcipher3.dbapi2

        try:
            with self.engine.connect() as connection, closing(_connector(file, self._key, journal="OFF")()) as copy:
                source: Any = connection.connection.driver_connection
                source.backup(copy)
        except sqlcipher3.dbapi2.Error as error:
            raise unwritable(str(error)) from error
        with file.open("rb+") as copied:
            os.fsync(copied.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self.log_mover.close()
        with self._bulk_lock:
            if self._bulk is not None:
                self._bulk.close()
                self._bulk = None
        self.engine.dispose()

    def _replay(self, step: UndoStep | None, *, forward: bool) -> str | None:
        if step is None:
            return None
        with self.write() as session:
            step.apply(session, forward=forward, now=datetime.now(UTC))
        self.undo_history.applied(step, forward=forward)
        return step.description

    def _committed(self, session: Session, changes: Sequence[RowChange]) -> None:
        description = session.info.pop(_STEP, None)
        if description is not None:
            self.undo_history.remember(UndoStep(description, tuple(changes)))
        touched: defaultdict[str, set[str]] = defaultdict(set)
        for change in changes:
            touched[change.table].add(change.row_id)
        self.announce({table: frozenset(ids) for table, ids in touched.items()})

    def _author(self) -> str:
        """Who writes on this PC and when, for a text that two people wrote at the same time ([S-12])."""
        moment = f"{datetime.now():%Y-%m-%d %H:%M}"  # noqa: DTZ005 - the clock on this PC's wall
        if self.user_id is None:
            return moment
        with self.engine.connect() as connection:
            name = connection.execute(
                text("SELECT first_name, last_name FROM user WHERE organization_id = :org AND id = :id"),
                {"org": self.local("organization_id"), "id": self.user_id},
            ).one_or_none()
        return f"{' '.join(name).strip()}, {moment}" if name is not None else moment

    def _open(self) -> Any:
        """A connection to the file; never one that would make it anew after its key was destroyed."""
        if self.is_destroyed:
            raise StoreError("What this PC held of the center was removed.")
        return self._connect()

    def _new_clock(self) -> HybridClock:
        clock = HybridClock(self._local[_DEVICE], self.corrected_wall)
        if CLOCK_FLOOR in self._local:
            clock.observe(self._local[CLOCK_FLOOR])
        return clock

    def _read_local(self) -> dict[str, str]:
        with self.engine.connect() as connection:
            rows = connection.execute(text("SELECT name, value FROM local_state"))
            return {name: value for name, value in rows}  # noqa: C416 - a row is not a pair to the type checker

    def _bring_up_to_date(self) -> None:
        try:
            with self.engine.connect() as connection:
                version = _schema_version(connection)
        except OperationalError as error:
            raise unwritable(str(error.orig)) from error
        except DatabaseError as error:
            raise StoreLocked(
                f"The data in {self.folder} cannot be opened with the key on this PC. "
                "Restore a backup, or sign in again on a fresh folder to fetch everything from the server."
            ) from error
        if version == HEAD:
            return
        if version is not None:
            _refuse_newer(version)
            self.backup(f"before-{HEAD}-from-{version}")
        # On an engine of its own: what it learns of the tables of each revision goes with it.
        engine = _engine_of(self._open)
        try:
            migrate(engine)
        except OperationalError as error:
            raise unwritable(str(error.orig)) from error
        finally:
            engine.dispose()


@cache
def _counting_unsent() -> str:
    from shared_models.registry import tenant_classes

    parts = " UNION ALL ".join(
        f'SELECT count(*) AS n FROM "{name}" WHERE unsent_since IS NOT NULL' for name in tenant_classes()
    )
    return f"SELECT sum(n) FROM ({parts})"


def write_local(connection: Connection, facts: Mapping[str, str | None]) -> None:
    """Write facts about this PC within the caller's transaction."""
    for name, value in facts.items():
        if value is None:
            connection.execute(text("DELETE FROM local_state WHERE name = :name"), {"name": name})
        else:
            connection.execute(
                text(
                    "INSERT INTO local_state (name, value) VALUES (:name, :value) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                ),
                {"name": name, "value": value},
            )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the store's schema to a revision."""
    from alembic import command

    with engine.connect() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def migration_config() -> Any:
    """Alembic's configuration for the store's history."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _schema_version(connection: Connection) -> str | None:
    exists = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).scalar()
    if not exists:
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _refuse_newer(version: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()}
    if version not in known:
        raise StoreTooNew(
            "The data on this PC was written by a newer iTutorOS. Install the newest version; nothing was changed."
        )


def unwritable(reason: str) -> StoreUnwritable:
    """The error for a disk that refuses, by what SQLite says of it."""
    if "full" in reason:
        return StoreUnwritable("The disk is full. Free some space, then try again; all saved data is safe.")
    if "readonly" in reason or "unable to open" in reason:
        return StoreUnwritable("The data folder cannot be written. Check its permissions, then try again.")
    return StoreUnwritable(f"The data could not be saved: {reason}. Try again; all saved data is safe.")


def _connector(file: Path, key_hex: str, *, journal: str = "WAL") -> Callable[[], Any]:
    """How to open a connection to the file."""
    import sqlcipher3.dbapi2

    def connect() -> Any:
        connection = sqlcipher3.connect(
            str(file), timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        connection.execute(f"PRAGMA key = \"x'{key_hex}'\"")
        try:
            connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA cache_size = -16384")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # `LogMover` does that, off the threads that write
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _engine(file: Path, key_hex: str) -> Engine:
    return _engine_of(_connector(file, key_hex))


def _engine_of(connect: Callable[[], Any]) -> Engine:
    import sqlcipher3.dbapi2

    engine = create_engine(
        "sqlite://",
        module=sqlcipher3.dbapi2,
        creator=connect,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=5,
        pool_use_lifo=True,  # the one used last has its pages and statements at hand
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # A writer takes its place in the queue at once: a transaction that reads first and writes later could be
    # refused in the middle, after another one has written.
    immediate = connection.get_execution_options().get("begin_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
