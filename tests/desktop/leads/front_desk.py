"""A small center with a few leads and families, and the person at its front desk: what tests of people need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from desktop.people.search_index import people_index
from desktop.store.store import Store
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Subject, Topic
from shared_models.leads import operations
from shared_models.leads.models import Lead, LeadStage
from shared_models.leads.operations import LeadEntry
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Family, Student
from shared_models.people.operations import NewStudent, SubjectWish, register_family

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def clock() -> datetime:
    """Wednesday, November 25, 3:40 PM in New York."""
    return NOW


class FrontDesk:
    """The center's store, with Maya signed in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.organization_id = new_id()
        self.maya = new_id()
        self.irvington, self.tarrytown = new_id(), new_id()
        self.math, self.algebra = new_id(), new_id()
        store.set_local(organization_id=self.organization_id, user_id=self.maya)
        ours = {"organization_id": self.organization_id}
        with store.write() as session:
            session.add_all(
                [
                    Organization(
                        **ours, id=self.organization_id, business_name="Hudson", time_zone="America/New_York"
                    ),
                    Location(**ours, id=self.irvington, name="Irvington Office", position=0),
                    Location(**ours, id=self.tarrytown, name="Tarrytown Office", position=1),
                    User(**ours, id=self.maya, first_name="Maya", last_name="Torres"),
                    UserRole(**ours, id=derived_id(self.maya, "FRONT_DESK"), user_id=self.maya, role=Role.FRONT_DESK),
                    LocationAssignment(**ours, user_id=self.maya, location_id=self.irvington),
                    LocationAssignment(**ours, user_id=self.maya, location_id=self.tarrytown),
                    Subject(**ours, id=self.math, name="Math"),
                    Topic(**ours, id=self.algebra, subject_id=self.math, name="Algebra I"),
                ]
            )

    def lead(
        self,
        name: str,
        stage: LeadStage = LeadStage.NEW,
        *,
        age_days: int = 0,
        silent_days: int | None = None,
        owner: bool = True,
        **entry: Any,
    ) -> str:
        """A lead that came some days ago."""
        lead_id = new_id()
        with self.store.write() as session:
            operations.create_lead(
                session,
                self.organization_id,
                LeadEntry(parent_name=name, **entry),
                now=NOW - timedelta(days=age_days),
                lead_id=lead_id,
            )
            session.flush()
            lead = operations.get_lead(session, self.organization_id, lead_id)
            lead.stage = stage
            lead.owner_user_id = self.maya if owner else None
            if silent_days is not None:
                lead.last_contact_at = NOW - timedelta(days=silent_days)
        return lead_id

    def family(self, first: str, last: str, *children: str, **values: Any) -> str:
        """A family with its students at Irvington, who need Algebra."""
        wishes = (SubjectWish(self.math, self.algebra),)
        students = [
            NewStudent(self.irvington, {"first_name": child, "last_name": last}, wishes) for child in children
        ]
        with self.store.write() as session:
            done = register_family(
                session,
                self.organization_id,
                {"parent1_first_name": first, "parent1_last_name": last, **values},
                students,
                today=TODAY,
            )
        return done.family_id

    def filed(self) -> None:
        """Wait until everybody can be found."""
        people_index(self.store).wait()

    def get_lead(self, lead_id: str) -> Lead:
        """A lead as it is stored."""
        with self.store.read() as session:
            return operations.get_lead(session, self.organization_id, lead_id)

    def get_family(self, family_id: str) -> Family:
        """A family as it is stored."""
        with self.store.read() as session:
            return session.get_one(Family, (self.organization_id, family_id))

    def all(self, kind: type[Any]) -> list[Any]:
        """All rows of a table."""
        with self.store.read() as session:
            return list(session.scalars(select(kind)))

    def student(self, first_name: str) -> Student:
        """The student of that name."""
        with self.store.read() as session:
            return session.scalars(select(Student).where(Student.first_name == first_name)).one()
