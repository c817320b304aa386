"""The server's PostgreSQL: engines, the role that owns nothing, row-level security, and sessions that see one tenant.

Three walls keep tenants apart: loaders that ask by organization, foreign keys that carry the organization, and
forced row-level security under a role that cannot lift it (architecture, "One model, two databases").
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool
from sqlalchemy import Connection, create_engine, event, insert, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

from shared_models.registry import metadata as shared_metadata
from shared_models.sync.clocks import SERVER_DEVICE, HybridClock
from shared_models.sync.hook import ChangeRecorder, RowChange
from sync_server.models import AuditEntry, ServerBase, TenantOwned
from sync_server.sealing import Sealing
from sync_server.settings import Settings

APP_ROLE = "itutoros_app"
CHANGED_CHANNEL = "organization_changed"
"""NOTIFY channel on which each commit names the organization that it changed, and its last sequence number."""
SCOPE_CHANNEL = "scope_changed"
"""NOTIFY channel on which a commit names an organization in which what some user may see has changed."""
SCOPE_TABLES = frozenset({"user", "user_role", "location_assignment", "tutor", "family"})
"""Tables that decide what a user may see."""

_TENANT = "itutoros.organization_id"
_TENANT_KEY = "organization_id"
_ACTOR = "actor"
_SEALING = "sealing"


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf a session writes; both empty for the server itself and the public website."""

    user_id: str | None = None
    device_id: str | None = None


SERVER_ACTOR = Actor()


class Database:
    """The server's connections. `tenant()` gives sessions of one organization, `routing()` sessions that see only
    accounts, devices and routes."""

    def __init__(
        self,
        url: str,
        *,
        migration_url: str = "",
        pool_size: int = 20,
        is_pooled: bool = False,
        sealing: Sealing | None = None,
    ) -> None:
        """`url` is what the server works with; `migration_url` the owner's, when it is another. `is_pooled` when the
        url leads through a pooler in transaction mode, which keeps no prepared statements. `sealing` is what secrets
        are sealed with."""
        self.url = url
        self._prepares: dict[str, Any] = {"prepare_threshold": None} if is_pooled else {}
        self._owner_url = migration_url or url
        self.engine = create_engine(
            _psycopg(url), pool_size=pool_size, max_overflow=20, pool_pre_ping=True, connect_args=self._prepares
        )
        event.listen(self.engine, "connect", _become_app_role)
        self.clock = HybridClock(SERVER_DEVICE)
        self.recorder = ChangeRecorder(self.clock, allocate=allocate_sequence, on_flush=_on_flush)
        self.sealing = sealing or Sealing()
        known = {_SEALING: lambda: self.sealing}
        self._tenant_sessions = sessionmaker(self.engine, expire_on_commit=False, info=known)
        self._routing_sessions = sessionmaker(self.engine, expire_on_commit=False, info=known)
        self.recorder.attach(self._tenant_sessions)
        event.listen(self._tenant_sessions, "after_begin", _enter_tenant)
        self._pool_size = pool_size
        self._bare: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._bare_lock = threading.Lock()

    @contextmanager
    def tenant(
        self, organization_id: str, actor: Actor = SERVER_ACTOR, *, read_only: bool = False
    ) -> Iterator[Session]:
        """A session that sees and writes one organization, committed at the end of the block.

        `read_only` gives one unchanging view instead.
        """
        with self._tenant_sessions(info={_TENANT_KEY: organization_id, _ACTOR: actor}) as session:
            if read_only:
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            yield session
            session.commit()

    @contextmanager
    def routing(self) -> Iterator[Session]:
        """A session without a tenant: accounts, memberships, devices and routes; committed at the end."""
        with self._routing_sessions() as session:
            yield session
            session.commit()

    @contextmanager
    def bare(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection without a session around it, for statements that have to be quick. Each statement commits by
        itself unless a transaction is opened; it sees no tenant before `enter_tenant`."""
        with self._bare_pool().connection() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema, the role and the row-level security to the newest revision."""
        from alembic import command

        owner = create_engine(_psycopg(self._owner_url))
        try:
            with owner.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(7205411)"))
                config = migration_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            owner.dispose()

    def close(self) -> None:
        """Close all connections."""
        with self._bare_lock:
            if self._bare is not None:
                self._bare.close()
                self._bare = None
        self.engine.dispose()

    def _bare_pool(self) -> ConnectionPool[psycopg.Connection[Any]]:
        pool = self._bare
        if pool is not None:
            return pool
        with self._bare_lock:
            if self._bare is None:
                self._bare = ConnectionPool(
                    self.url,
                    min_size=0,
                    max_size=self._pool_size,
                    max_idle=60,
                    timeout=60,
                    kwargs={"autocommit": True, "prepare_threshold": 0} | self._prepares,
                    configure=_make_bare,
                    open=True,
                )
            return self._bare


def opened(settings: Settings, url: str) -> Database:
    """The database of a server's settings, at a url that may be an embedded one's."""
    return Database(
        url,
        migration_url=settings.migration_database_url,
        pool_size=settings.pool_size,
        is_pooled=bool(settings.direct_database_url),
        sealing=Sealing(settings.secret_keys),
    )


def enter_tenant(cursor: psycopg.Cursor[Any], organization_id: str) -> None:
    """See one organization until the transaction ends."""
    cursor.execute("SELECT set_config(%s, %s, true)", (_TENANT, organization_id))


def allocate_sequence(session: Session, organization_id: str, count: int) -> int:
    """Take `count` sequence numbers of an organization; returns the first.

    The counter's row stays locked until the transaction ends, so that the order of numbers is the order of
    commits. Listeners are told at commit.
    """
    last: int = session.execute(
        text(
            "INSERT INTO organization_sequence (organization_id, last_seq) VALUES (:id, :count) "
            "ON CONFLICT (organization_id) DO UPDATE SET last_seq = organization_sequence.last_seq + :count "
            "RETURNING last_seq"
        ),
        {"id": organization_id, "count": count},
    ).scalar_one()
    session.execute(
        text("SELECT pg_notify(:channel, :said)"), {"channel": CHANGED_CHANNEL, "said": f"{organization_id} {last}"}
    )
    return last - count + 1


def tell_scope(session: Session, organization_id: str) -> None:
    """Tell listeners, at commit, that some user may see more or less than before."""
    session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": SCOPE_CHANNEL, "id": organization_id})


def adopt_tenant(session: Session, organization_id: str, actor: Actor) -> None:
    """Say in the middle of a transaction, which has entered this tenant already, whose it is and who writes."""
    session.info[_TENANT_KEY] = organization_id
    session.info[_ACTOR] = actor


def actor_of(session: Session) -> Actor:
    """On whose behalf this session writes."""
    actor: Actor = session.info.get(_ACTOR, SERVER_ACTOR)
    return actor


def sealing_of(session: Session) -> Sealing:
    """What secrets that this session reads and writes are sealed with."""
    sealing: Sealing = session.info[_SEALING]()
    return sealing


def raw_cursor(session: Session) -> Any:
    """A psycopg cursor in the session's transaction, for columnar statements."""
    return session.connection().connection.cursor()


def migration_config() -> Any:
    """Alembic's configuration for the server's history."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def tenant_tables() -> list[str]:
    """Every table whose rows belong to one organization, and so lie behind row-level security."""
    own = [
        mapper.class_.__tablename__
        for mapper in ServerBase.registry.mappers
        if issubclass(mapper.class_, TenantOwned)
    ]
    return sorted([*shared_metadata.tables, *own])


def secure_statements(tables: Sequence[str]) -> list[str]:
    """The statements that put tables behind row-level security and grant the server's role its use of them."""
    own = f"organization_id = nullif(current_setting('{_TENANT}', true), '')::uuid"
    statements = []
    for table in tables:
        statements += [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY own_organization ON "{table}" USING ({own})',
            f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO {APP_ROLE}',
            # Statistics of the tenants that are there mislead about a new one: all are planned for alike.
            f'ALTER TABLE "{table}" ALTER COLUMN organization_id SET STATISTICS 0',
        ]
    return statements


def _psycopg(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _become_app_role(connection: Any, _record: object) -> None:
    # Whatever role the URL names, the server works as one that owns nothing and cannot bypass row security.
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}")
    connection.commit()


def _make_bare(connection: psycopg.Connection[Any]) -> None:
    # Statements of the sync are few and the same every time: one plan each, and none compiled for a single run.
    connection.execute(f"SET ROLE {APP_ROLE}")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("SET jit = off")


def _enter_tenant(session: Session, _transaction: object, connection: Connection) -> None:
    connection.execute(
        text("SELECT set_config(:name, :id, true)"), {"name": _TENANT, "id": session.info[_TENANT_KEY]}
    )


def _on_flush(session: Session, changes: Sequence[RowChange]) -> None:
    from sync_server.sync.visibility import touch_after_flush

    _audit(session, changes)
    touch_after_flush(session, changes)


def _audit(session: Session, changes: Sequence[RowChange]) -> None:
    actor = actor_of(session)
    for organization_id in {change.organization_id for change in changes if change.table in SCOPE_TABLES}:
        tell_scope(session, organization_id)
    session.connection().execute(
        insert(AuditEntry),
        [
            {
                "organization_id": change.organization_id,
                "table_name": change.table,
                "row_id": change.row_id,
                "action": "created" if change.is_new else "changed",
                "user_id": actor.user_id,
                "device_id": actor.device_id,
                "changes": {}
                if change.is_new
                else {name: [_plain(change.old.get(name)), _plain(value)] for name, value in change.new.items()},
                "lost": {},
            }
            for change in changes
        ],
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, list, dict)) else str(value)
