"""A real server over a socket, a center on it, and desks with encrypted stores that are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import Exchanged, exchange
from desktop.sync.hello import token_of
from desktop.sync.setup import sign_in
from shared_models.leads.models import Lead
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@dataclass
class Desk:
    """One PC of the center."""

    store: Store
    server: LiveServer
    client: SyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = SyncClient(self.server.url, token_of(self.store))

    def sync(self) -> Exchanged:
        """Exchange once."""
        return exchange(self.store, self.client)

    def add_lead(self, name: str = "Ana", **values: Any) -> str:
        """A new lead; returns its id."""
        with self.store.write() as session:
            lead = Lead(organization_id=self.store.organization_id, parent_first_name=name, created_at=NOW, **values)
            session.add(lead)
            session.flush()
            return lead.id

    def edit_lead(self, lead_id: str, **values: Any) -> None:
        """Change fields of a lead."""
        with self.store.write() as session:
            lead = session.get_one(Lead, (self.store.organization_id, lead_id))
            for name, value in values.items():
                setattr(lead, name, value)

    def lead(self, lead_id: str) -> Lead:
        """A lead as this desk has it."""
        with self.store.read() as session:
            return session.get_one(Lead, (self.store.organization_id, lead_id))

    def has_lead(self, lead_id: str) -> bool:
        """Whether this desk has a lead."""
        with self.store.read() as session:
            return session.get(Lead, (self.store.organization_id, lead_id)) is not None

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Ask the file itself."""
        with self.store.engine.connect() as connection:
            return list(connection.exec_driver_sql(sql, values).all())

    def close(self) -> None:
        """End the program."""
        self.client.close()
        self.store.close()


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def center(database: Database) -> tuple[str, str, str]:
    return make_organization(database)


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(server: LiveServer, center: tuple[str, str, str], tmp_path: Path) -> Iterator[MakeDesk]:
    """Makes desks signed in to the center; `make_desk("name", wall=...)`."""
    made: list[Desk] = []

    def make(name: str = "desk", **options: Any) -> Desk:
        store = Store(tmp_path / name, use_keyring=False, **options)
        if token_of(store) is None:
            sign_in(store, server.url, center[2], PASSWORD)
        made.append(Desk(store, server))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk("first")


@pytest.fixture
def other(make_desk: MakeDesk) -> Desk:
    return make_desk("other")
