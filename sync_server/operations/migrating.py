"""Migrations while servers of the version before still work: one revision a transaction, no queue behind its locks.

A change of a table waits for those who use the table, and everybody after it waits for the change. So a migration
gives up after a short while and tries again, rather than letting a whole center stand in line.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from sync_server.database import migration_config

LOCK_SECONDS = 0.5
"""Less than PostgreSQL's `deadlock_timeout` of a second: where a migration and a request wait for each other, the
migration is the one that gives way."""
PATIENCE_SECONDS = 900.0
_LOCK_NOT_AVAILABLE = "55P03"
_ADVISORY = 7205411
"""The number under which migrations take turns; the one that `Database.migrate` uses too."""

_log = structlog.get_logger(__name__)


class MigrationBlocked(Exception):
    """The tables were in use for so long that the migration was given up; `str()` is a sentence for the operator."""


def migrate(
    owner_url: str,
    *,
    config: Any = None,
    lock_seconds: float = LOCK_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    ticks: Callable[[], float] = time.monotonic,
) -> list[str]:
    """Bring the schema to the newest revision; returns the revisions that were run, oldest first.

    Several at once take turns. Raises MigrationBlocked, and SQLAlchemy's errors.
    """
    from alembic.script import ScriptDirectory

    config = config or migration_config()
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    owner = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    done: list[str] = []
    until, wait = ticks() + patience_seconds, 0.2
    try:
        while True:
            try:
                revision = _one_step(owner, config, steps, lock_seconds)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                if ticks() > until:
                    raise MigrationBlocked(
                        f"The tables were in use for {patience_seconds:.0f} seconds on end. What is done stays done; "
                        "run `itutoros-server migrate` again when less is going on."
                    ) from error
                _log.info("migration waits for a table in use", seconds=round(wait, 1))
                pause(wait * random.uniform(0.5, 1.5))
                wait = min(wait * 2, 5.0)
                continue
            if revision is None:
                return done
            _log.info("migrated", revision=revision)
            done.append(revision)
            wait = 0.2
    finally:
        owner.dispose()


def current_revision(connection: Any) -> str | None:
    """The revision that a database is at; None for an empty one."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _one_step(owner: Any, config: Any, steps: list[str], lock_seconds: float) -> str | None:
    from alembic import command

    with owner.begin() as connection:
        try:
            at = current_revision(connection)
        except ProgrammingError as error:
            raise MigrationBlocked(
                "The schema may only be changed by the owner of the tables: set ITUTOROS_MIGRATION_DATABASE_URL."
            ) from error
        if at == steps[-1] or (at is not None and at not in steps):
            # At the end, or beyond what this code knows: a newer server was here already.
            return None
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY})
        at = current_revision(connection)
        if at == steps[-1] or (at is not None and at not in steps):
            return None
        following = steps[0] if at is None else steps[steps.index(at) + 1]
        connection.execute(text(f"SET LOCAL lock_timeout = '{int(lock_seconds * 1000)}ms'"))
        config.attributes["connection"] = connection
        command.upgrade(config, following)
        return following
