"""What of a family and its students the person at this PC sees and may change: at a desk of another location, a guest
is a name and a telephone number (product §2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.people.family_rows import FamilyFace, PeopleCenter
from desktop.permissions import Permissions, own_places
from desktop.store.store import Store
from shared_models.people.models import Student


@dataclass(frozen=True, slots=True)
class Reach:
    """The fields of one row that are shown and open; None stands for all of them. ``why`` says who can change it."""

    shown: frozenset[str] | None = None
    open: frozenset[str] | None = None
    why: str = ""

    def shows(self, *fields: str) -> bool:
        """Whether these fields are known here, so that an empty one is really empty."""
        return self.shown is None or self.shown.issuperset(fields)

    @property
    def can_change(self) -> bool:
        """Whether anything may be changed."""
        return self.open is None or bool(self.open)


EVERYTHING = Reach()
"""The reach of the owner, and of everybody at a location of their own."""


def family_reach(store: Store, face: FamilyFace) -> Reach:
    """What the person sees and may change of a family, its students apart."""
    places = [student.student.location_id for student in face.students]
    return _reach(store, "family", face.family.id, next(iter(places), None))


def student_reach(store: Store, student: Student) -> Reach:
    """What the person sees and may change of a student."""
    return _reach(store, "student", student.id, student.location_id)


def own_part(center: PeopleCenter, store: Store) -> PeopleCenter:
    """The center with those locations alone at which the person may register students."""
    own = own_places(store)
    if own is None:
        return center
    return replace(center, locations=tuple(place for place in center.locations if place[0] in own))


def why_not_scheduled(store: Store, face: FamilyFace, reach: Reach, bookable: int) -> str:
    """Why no session can be booked for a family; ``bookable`` is how many of its students can be scheduled here."""
    why = Permissions.of(store).why_not_new("schedule_entry")
    if why:
        return why
    if face.family.archived_at is not None:
        return "An archived family is not scheduled. Restore it first."
    if bookable:
        return ""
    if any(one.student.archived_at is None for one in face.students):
        return reach.why or "Its students belong to other locations."
    return reach.why or "Add a student first."


def _reach(store: Store, table: str, row_id: str, location_id: str | None) -> Reach:
    permissions = Permissions.of(store)
    if permissions.sees_all_locations:
        return EVERYTHING
    open_fields = permissions.open_fields(table, row_id)
    if open_fields:
        return Reach(permissions.shown_fields(table, row_id), open_fields)
    why = permissions.why_not(table, location_id=location_id)
    return Reach(permissions.shown_fields(table, row_id), frozenset(), why or _WHY)


_WHY = "Only those who work at its location can change this."
