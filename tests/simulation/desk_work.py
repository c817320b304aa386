"""What people do at a desk of the simulated world: each piece of work draws its particulars from the step's own
random numbers and commits once."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared_models.base import derived_id
from shared_models.leads.models import ContactMethod, ContactOutcome, Lead, LeadContact, LeadStage, Temperature
from shared_models.organization.models import Organization, Room
from shared_models.people.models import Family, Student
from shared_models.schedule.models import Attendee, ScheduleEntry
from shared_models.sync.clocks import ERASED_CLOCK
from tests.simulation.reckoning import raw_store

if TYPE_CHECKING:
    from tests.simulation.world import Desk, World

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
NAMES = ("Ana", "Björn", "Chloé", "Łukasz", "Thảo", "Wei", "Zoë", "O'Brien", "李", "‏נועה")


def add_lead(world: World, desk: Desk, draw: random.Random) -> None:
    """A walk-in."""
    name = draw.choice(NAMES)
    lead = Lead(organization_id=world.organization_id, id=world.new_id(draw), created_at=NOW, parent_first_name=name)
    lead.location_id = draw.choice([None, *known_ids(desk, "location")])
    _save(desk, lambda session: session.add(lead), f"New lead {name}")


def edit_lead(world: World, desk: Desk, draw: random.Random) -> None:
    """One to three fields of some lead."""
    values: dict[str, Any] = {
        "stage": draw.choice(list(LeadStage)),
        "wanted": f"wants {draw.randint(0, 999)}",
        "phone": f"+1914555{draw.randint(1000, 9999)}",
        "temperature": draw.choice([None, *Temperature]),
        "archived_at": draw.choice([None, NOW + timedelta(hours=1)]),
        "call_back_on": draw.choice([None, NOW.date()]),
    }
    chosen = draw.sample(sorted(values), draw.randint(1, 3))
    lead_id = any_id(desk, "lead", draw)
    if lead_id is None:
        return

    def change(session: Any) -> None:
        lead = session.get_one(Lead, (world.organization_id, lead_id))
        for name in chosen:
            setattr(lead, name, values[name])

    _save(desk, change, "Edited a lead")


def note_lead(world: World, desk: Desk, draw: random.Random) -> None:
    """A line is added to a lead's notes, under what stands there."""
    word = f"({draw.getrandbits(32):08x})"
    lead_id = any_id(desk, "lead", draw)
    if lead_id is None:
        return

    def change(session: Any) -> None:
        lead = session.get_one(Lead, (world.organization_id, lead_id))
        lead.notes = f"{lead.notes}\n{word}".strip()

    _save(desk, change)
    world.reckoning.words[word] = (desk.number, "lead", lead_id, "notes")


def contact_lead(world: World, desk: Desk, draw: random.Random) -> None:
    """A call, which is added to a ledger."""
    row_id, answered = world.new_id(draw), draw.choice(list(ContactOutcome))
    lead_id = any_id(desk, "lead", draw)
    if lead_id is None:
        return
    contact = LeadContact(
        organization_id=world.organization_id, id=row_id, lead_id=lead_id, user_id=desk.user_id, happened_at=NOW,
        method=ContactMethod.PHONE, outcome=answered, stage_before=LeadStage.NEW, stage_after=LeadStage.CONTACTED,
    )  # fmt: skip
    _save(desk, lambda session: session.add(contact), "Called a lead")


def add_family(world: World, desk: Desk, draw: random.Random) -> None:
    """A family with a student."""
    own = {"organization_id": world.organization_id}
    family = Family(**own, id=world.new_id(draw), parent1_first_name=draw.choice(NAMES), parent1_last_name="Kim")
    student = Student(**own, id=world.new_id(draw), family_id=family.id, first_name="Mia")
    location_id = any_id(desk, "location", draw)
    if location_id is None:
        return
    student.location_id = location_id
    _save(desk, lambda session: session.add_all([student, family]), "New family")


def edit_family(world: World, desk: Desk, draw: random.Random) -> None:
    """A parent's name."""
    name = draw.choice(NAMES)
    family_id = any_id(desk, "family", draw)
    if family_id is None:
        return

    def change(session: Any) -> None:
        session.get_one(Family, (world.organization_id, family_id)).parent2_first_name = name

    _save(desk, change)


def edit_student(world: World, desk: Desk, draw: random.Random) -> None:
    """A student's allergies and school, or another location."""
    allergies, school, moves = f"nuts {draw.randint(0, 99)}", f"school {draw.randint(0, 9)}", draw.random() < 0.3
    student_id, location_id = any_id(desk, "student", draw), any_id(desk, "location", draw)
    if student_id is None:
        return

    def change(session: Any) -> None:
        student = session.get_one(Student, (world.organization_id, student_id))
        student.allergies, student.school = allergies, school
        if moves and location_id is not None:
            student.location_id = location_id

    _save(desk, change, "Edited a student")


def edit_organization(world: World, desk: Desk, draw: random.Random) -> None:
    """The buffer; only the owner may, the others' change is refused."""
    minutes = draw.choice([0, 5, 10, 15, 20])

    def change(session: Any) -> None:
        row = session.get(Organization, (world.organization_id, world.organization_id))
        if row is not None:
            row.default_buffer_minutes = minutes
            row.session_durations_minutes = [60, minutes + 45]

    _save(desk, change, "Changed the buffer")


def same_room(world: World, desk: Desk, draw: random.Random) -> None:
    """Two PCs make the same row by themselves: its id derives from what it is."""
    name, number = draw.choice(["Room A", "Room B"]), str(draw.randint(100, 199))
    location_id = any_id(desk, "location", draw)
    if location_id is None:
        return
    room_id = derived_id(world.organization_id, "room", name)

    def add(session: Any) -> None:
        room = session.get(Room, (world.organization_id, room_id))
        if room is None:
            room = Room(organization_id=world.organization_id, id=room_id, location_id=location_id, name=name)
            session.add(room)
        room.number = number

    _save(desk, add)


def add_entry(world: World, desk: Desk, draw: random.Random) -> None:
    """A session, with a student if there is one."""
    starts = NOW + timedelta(minutes=15 * draw.randrange(200))
    entry = ScheduleEntry(
        organization_id=world.organization_id, id=world.new_id(draw), service_id=world.service_id, starts_at=starts,
        ends_at=starts + timedelta(hours=1), blocked_until=starts + timedelta(minutes=75), capacity=4,
    )  # fmt: skip
    location_id, student_id = any_id(desk, "location", draw), any_id(desk, "student", draw)
    if location_id is None or world.service_id not in known_ids(desk, "service"):
        return
    entry.location_id = location_id
    rows: list[Any] = [entry]
    if student_id is not None:
        rows.append(_attendee(world, entry.id, student_id))
    _save(desk, lambda session: session.add_all(rows), "New session")


def move_entry(world: World, desk: Desk, draw: random.Random) -> None:
    """A session gets another time, and perhaps another location."""
    starts, moves_away = NOW + timedelta(minutes=15 * draw.randrange(200)), draw.random() < 0.4
    entry_id, location_id = any_id(desk, "schedule_entry", draw), any_id(desk, "location", draw)
    if entry_id is None:
        return

    def change(session: Any) -> None:
        entry = session.get_one(ScheduleEntry, (world.organization_id, entry_id))
        entry.starts_at, entry.ends_at = starts, starts + timedelta(hours=1)
        entry.blocked_until = starts + timedelta(minutes=75)
        if moves_away and location_id is not None:
            entry.location_id = location_id

    _save(desk, change, "Moved a session")


def attend(world: World, desk: Desk, draw: random.Random) -> None:
    """A student is put into a session, or taken out of it."""
    entry_id, student_id = any_id(desk, "schedule_entry", draw), any_id(desk, "student", draw)
    if entry_id is None or student_id is None:
        return

    def change(session: Any) -> None:
        row = session.get(Attendee, (world.organization_id, derived_id(entry_id, student_id)))
        if row is None:
            session.add(_attendee(world, entry_id, student_id))
        else:
            row.archived_at = None if row.archived_at else NOW

    _save(desk, change, "Changed who comes")


def undo(world: World, desk: Desk, draw: random.Random) -> None:
    """The last change is taken back, or done again."""
    if draw.random() < 0.7:
        desk.store.undo()
    else:
        desk.store.redo()


def any_id(desk: Desk, table: str, draw: random.Random) -> str | None:
    """Some row that the desk knows; draws once whatever there is."""
    place, ids = draw.random(), known_ids(desk, table)
    return ids[int(place * len(ids))] if ids else None


def known_ids(desk: Desk, table: str) -> list[str]:
    """The rows of a table that people at the desk see."""
    query = f'SELECT id FROM "{table}" WHERE instr(field_clocks, ?) = 0 ORDER BY id'
    with raw_store(desk.store) as connection:
        return [row_id for (row_id,) in connection.execute(query, (ERASED_CLOCK,))]


def _attendee(world: World, entry_id: str, student_id: str) -> Attendee:
    return Attendee(
        organization_id=world.organization_id,
        id=derived_id(entry_id, student_id),
        entry_id=entry_id,
        student_id=student_id,
    )


def _save(desk: Desk, work: Callable[[Any], Any], description: str | None = None) -> None:
    with desk.store.write(description) as session:
        work(session)


DESK_WORK: dict[str, Callable[[World, Desk, random.Random], None]] = {
    work.__name__: work
    for work in (
        add_lead, edit_lead, note_lead, contact_lead, add_family, edit_family, edit_student, edit_organization,
        same_room, add_entry, move_entry, attend, undo,
    )
}  # fmt: skip
