"""What every test shares: no window ever reaches a screen, a slow machine is no failure, and one real PostgreSQL per
test process, started when a test first asks for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shared_models.base import Base
from sync_server.database import Database
from sync_server.embedded import EmbeddedPostgres

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile("itutoros", deadline=None)
settings.load_profile("itutoros")


@pytest.fixture(scope="module", autouse=True)
def forgets_statements() -> Iterator[None]:
    """SQLAlchemy keeps the statements that it has compiled for each engine, and with them each engine's dialect. The
    program has one engine; thousands of tests have one each."""
    yield
    for mapper in Base.registry.mappers:
        mapper._compiled_cache.clear()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The owner's address of a migrated database."""
    # Not below pytest's own folder: a second pytest closes that one to the user whom PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "data")
        owner = Database(postgres.owner_url)
        owner.migrate()
        owner.close()
        yield postgres.owner_url
        postgres.stop()


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """The server's database; tests share it and make tenants of their own."""
    database = Database(postgres_url)
    yield database
    database.close()
