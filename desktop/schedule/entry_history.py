"""Which rows the history of a schedule entry is read from: its own, its students and its rooms."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.history.chapter import Chapter, notes_of, people_of, shown_fields, zone_at
from desktop.schedule.history_words import clock_lines, history_lines
from desktop.store.store import Store
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.organization.models import Location, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.models import Attendee, EntryRoom
from shared_models.schedule.operations import entry_of, links_of


def entry_chapter(session: Session, store: Store, entry_id: str) -> Chapter:
    """The history of an entry. Raises NoSuchEntry."""
    organization_id = store.organization_id
    entry = entry_of(session, organization_id, entry_id)
    attendees = links_of(session, organization_id, Attendee, [entry_id], with_archived=True)
    rooms = links_of(session, organization_id, EntryRoom, [entry_id], with_archived=True)
    rows = [entry, *attendees, *rooms]
    things = {row.id: row.student_id for row in attendees} | {row.id: row.room_id for row in rooms}
    people = people_of(session, organization_id)
    names = people | names_of_things(session, organization_id, people)
    zone = zone_at(session, organization_id)
    return Chapter(
        rows={
            "schedule_entry": [entry_id],
            "attendee": [row.id for row in attendees],
            "entry_room": [row.id for row in rooms],
        },
        noted=notes_of(store, rows, things),
        zone=zone,
        people=people,
        tell=lambda noted: history_lines(noted, lambda thing: names.get(thing, ""), zone),
        by_clocks=clock_lines,
        things=things,
        shown=shown_fields(store, rows),
    )


def names_of_things(session: Session, organization_id: str, people: dict[str, str]) -> dict[str, str]:
    """The names of everything that the history of an entry may speak of, by id."""
    names: dict[str, str] = {}
    for tutor_id, user_id in session.execute(
        select(Tutor.id, Tutor.user_id).where(Tutor.organization_id == organization_id)
    ):
        names[tutor_id] = people.get(user_id, "")
    for thing_id, first, last in session.execute(
        select(Student.id, Student.first_name, Student.last_name).where(Student.organization_id == organization_id)
    ):
        names[thing_id] = f"{first} {last}".strip()
    for kind in (Location, Room, Service, Subject, Topic, Product):
        for thing_id, name in session.execute(
            select(kind.id, kind.name).where(kind.organization_id == organization_id)
        ):
            names[thing_id] = name
    return names
