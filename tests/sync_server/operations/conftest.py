"""A database as a host sets it up (installers/server/README.md): an owner that is no superuser, a server that owns
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from shared_models.base import new_id
from sync_server.database import Database
from sync_server.operations.migrating import migrate


@dataclass(frozen=True)
class Hosted:
    """The two addresses of one database."""

    server_url: str
    owner_url: str

    def open(self) -> Database:
        """The database as the server opens it."""
        return Database(self.server_url, migration_url=self.owner_url, pool_size=5)


_ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'itutoros_app') THEN
        CREATE ROLE itutoros_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'itutoros_owner') THEN
        CREATE ROLE itutoros_owner LOGIN;
        GRANT itutoros_app TO itutoros_owner WITH ADMIN OPTION;
        CREATE ROLE itutoros_server LOGIN NOBYPASSRLS IN ROLE itutoros_app;
    END IF;
END $$
"""


def make_hosted(postgres_url: str, *, migrated: bool = True) -> Hosted:
    """A database of its own beside the shared one."""
    name = f"hosted_{new_id()[-12:]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(_ROLES)
        connection.execute(f"CREATE DATABASE {name} OWNER itutoros_owner")
    at = postgres_url.replace("/postgres?", f"/{name}?")
    hosted = Hosted(at.replace("//postgres:@", "//itutoros_server@"), at.replace("//postgres:@", "//itutoros_owner@"))
    if migrated:
        migrate(hosted.owner_url)
    return hosted


@pytest.fixture(scope="module")
def hosted(postgres_url: str) -> Hosted:
    """One for the tests of a file."""
    return make_hosted(postgres_url)


@pytest.fixture
def hosted_database(hosted: Hosted) -> Iterator[Database]:
    """It, opened."""
    database = hosted.open()
    yield database
    database.close()
