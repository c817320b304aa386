"""A small organization in a plain SQLite database, for the operations on people and leads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from shared_models.access.models import User
from shared_models.base import Base, new_id
from shared_models.organization.models import Location, Organization
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import HybridClock
from shared_models.sync.hook import ChangeRecorder


class Desk:
    """An organization with one location and one user, and a session on it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.organization_id = new_id()
        self.location_id = new_id()
        self.user_id = new_id()
        ours = {"organization_id": self.organization_id}
        session.add_all(
            [
                Organization(**ours, id=self.organization_id, business_name="Hudson", time_zone="America/New_York"),
                Location(**ours, id=self.location_id, name="Irvington Office"),
                User(**ours, id=self.user_id, first_name="Maya"),
            ]
        )
        session.flush()


@pytest.fixture
def desk() -> Iterator[Desk]:
    assert tenant_classes()
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    ChangeRecorder(HybridClock(new_id())).attach(sessions)
    with sessions() as session:
        yield Desk(session)
    engine.dispose()
