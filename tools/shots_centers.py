"""The two centers that the pictures show: the sample center on a busy Wednesday, and one that was just made."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from desktop.store.store import Store
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.seed import seed_catalog
from shared_models.leads.models import Lead, LeadSource
from shared_models.organization.models import Location, Organization
from tools.demo_center import make_local_center

_ASKED_BEFORE = timedelta(minutes=9)


def make_sample_center(folder: Path, moment: datetime) -> None:
    """The sample center, with a parent who wrote on its website nine minutes ago."""
    store = make_local_center(folder, moment)
    with store.write() as session:
        session.add(
            Lead(
                organization_id=store.organization_id,
                created_at=moment - _ASKED_BEFORE,
                source=LeadSource.WEB,
                parent_first_name="Sophie",
                parent_last_name="Laurent",
                phone="+19145550147",
                email="sophie.laurent@example.com",
                student_first_name="Théo",
                grade="8",
                wanted="Algebra I",
                message="Théo is in grade 8 and lost the thread in algebra. Would Wednesdays work?",
            )
        )
    store.close()


def make_fresh_center(folder: Path) -> None:
    """What the owner of a new center finds on the first day: one location, the catalog, nobody yet."""
    store = Store(folder, use_keyring=False)
    organization_id, user_id = new_id(), new_id()
    store.set_local(organization_id=organization_id, user_id=user_id)
    own = {"organization_id": organization_id}
    with store.write() as session:
        session.add(
            Organization(**own, id=organization_id, business_name="Valley Tutors", time_zone="America/New_York")
        )
        session.flush()
        session.add(Location(**own, id=new_id(), name="Main office"))
        session.add(User(**own, id=user_id, first_name="Kai", last_name="Weber", email="kai@valley.example"))
        session.flush()
        session.add(UserRole(**own, id=derived_id(user_id, Role.OWNER), user_id=user_id, role=Role.OWNER))
        seed_catalog(store.recorder, session, organization_id)
    store.close()
