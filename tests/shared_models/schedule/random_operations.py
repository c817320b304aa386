"""Operations of every kind and scope with arguments drawn from a number, for tests of what must hold after any of
them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from datetime import time as clock_time
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.registry import tenant_classes
from shared_models.schedule.acceptances import accept_conflict, key_of, key_of_pair, withdraw_acceptance
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.draft_edits import draft_of_entry, save_draft
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.models import (
    Attendance,
    Attendee,
    ConflictAcceptance,
    EntryStatus,
    ScheduleEntry,
    Series,
    ToTell,
)
from shared_models.schedule.operations import (
    copy_entry,
    schedule_entries,
    set_attendance,
    set_status,
    write_report,
)
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.rescheduling import reschedule_entry
from shared_models.schedule.series_extent import set_last_day
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    change_entry,
    move_entry,
    resize_entry,
    restore_and_check,
)
from shared_models.schedule.vacations import Absence, VacationChoice, apply_vacation, plan_vacation
from shared_models.schedule.week_copies import copy_week
from shared_models.sync.hook import fields_of
from tests.shared_models.schedule.small_center import NOW, Center, at

FIRST_DAY = date(2027, 2, 22)
"""A Monday, three weeks before clocks go forward in New York."""

Operation = Callable[[Center, Session, Random], object]


def visible(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every live row of every table with all its fields: what people see."""
    found = {}
    with store.read() as session:
        for table, kind in tenant_classes().items():
            columns = kind.__table__.columns
            wanted = [columns[name] for name in ("id", *fields_of(kind))]
            rows = session.execute(select(*wanted).where(columns["archived_at"].is_(None)).order_by(columns["id"]))
            found[table] = [tuple(row) for row in rows]
    return found


def perform(center: Center, operation: Operation, seed: int) -> bool:
    """Do one operation as an undoable step; whether it did anything that can be undone."""
    words = f"{operation.__name__} {seed}"
    try:
        with center.store.write(words) as session:
            operation(center, session, Random(seed))
    except (ScheduleError, LookupError):
        return False
    return center.store.undo_history.next_undo == words


def _entry(center: Center, session: Session, random: Random, *, archived: bool = False) -> ScheduleEntry:
    is_archived = ScheduleEntry.archived_at.is_not(None) if archived else ScheduleEntry.archived_at.is_(None)
    entries = session.scalars(
        select(ScheduleEntry)
        .where(ScheduleEntry.organization_id == center.organization_id, is_archived)
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    ).all()
    if not entries:
        raise LookupError("nothing is scheduled")
    return random.choice(entries)


def _scope(random: Random) -> SeriesScope:
    return random.choice(list(SeriesScope))


def _people(center: Center, random: Random) -> tuple[str, ...]:
    return tuple(center.id(name) for name in random.sample(("Noah", "Wei", "Priya"), random.randint(1, 3)))


def schedule_series(center: Center, session: Session, random: Random) -> None:
    draft = center.draft(
        FIRST_DAY + timedelta(days=random.randint(0, 9)),
        clock_time(random.randint(14, 18), random.choice((0, 15, 30))),
        pattern=random.choice((Pattern.WEEKLY, Pattern.DAILY)),
        occurrence_count=random.randint(2, 6),
        student_ids=_people(center, random),
        capacity=3,
        has_buffer=random.random() < 0.8,
    )
    schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())


def schedule_one(center: Center, session: Session, random: Random) -> None:
    draft = center.draft(FIRST_DAY + timedelta(days=random.randint(0, 20)), clock_time(random.randint(14, 19)))
    schedule_entries(session, center.store.recorder, center.organization_id, draft, new_id=new_id())


def move(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    target = at(FIRST_DAY + timedelta(days=random.randint(0, 27)), clock_time(random.randint(8, 20)))
    move_entry(
        session, center.organization_id, entry.id, target,
        scope=_scope(random), keep_differences=random.random() < 0.5,
    )  # fmt: skip


def resize(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    resize_entry(
        session, center.organization_id, entry.id, random.choice((30, 45, 60, 120)),
        scope=_scope(random), keep_differences=random.random() < 0.5,
    )  # fmt: skip


def change(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    scope, keeps = _scope(random), random.random() < 0.5
    edits: list[dict[str, object]] = [
        {"tutor_id": center.id(random.choice(("Patel", "Johnson")))},
        {"service_id": center.id(random.choice(("Private", "Group"))), "capacity": 8},
        {"room_ids": [center.id(random.choice(("Room A", "Room B", "Room C")))]},
        {"student_ids": list(_people(center, random))},
        {"has_buffer": random.random() < 0.5, "notes": "Bring the book"},
        {"is_online": True, "room_ids": [], "web_link": "https://meet.example/1"},
    ]
    change_entry(
        session, center.organization_id, entry.id, now=NOW, scope=scope, keep_differences=keeps,
        **random.choice(edits),  # type: ignore[arg-type]
    )  # fmt: skip


def save_form(center: Center, session: Session, random: Random) -> None:
    entry, scope = _entry(center, session, random), _scope(random)
    before = draft_of_entry(session, center.organization_id, entry.id, scope)
    edits: list[dict[str, object]] = [
        {"start": clock_time(random.randint(9, 19), 30)},
        {"duration_minutes": 75, "student_ids": _people(center, random)},
        {"tutor_id": center.id("Johnson"), "room_ids": (center.id("Room C"),)},
        {"weekdays": frozenset({random.randint(0, 4)}), "pattern": Pattern.WEEKLY, "last_day": date(2027, 4, 2)},
        {"skipped_days": before.skipped_days | {before.first_day + timedelta(days=7)}},
    ]
    save_draft(
        session, center.store.recorder, center.organization_id, entry.id, before,
        replace(before, **random.choice(edits)),  # type: ignore[arg-type]
        scope=scope, new_id=new_id(), now=NOW, keep_differences=random.random() < 0.5,
    )  # fmt: skip


def cancel(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    cancel_entry(
        session, center.organization_id, entry.id,
        reason="Snow", by_user_id=center.id("user Patel"), now=NOW, scope=_scope(random),
        tell=random.sample(list(ToTell), random.randint(0, 2)),
    )  # fmt: skip


def reschedule(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    starts_at = at(FIRST_DAY + timedelta(days=random.randint(0, 27)), clock_time(random.randint(14, 19)))
    reschedule_entry(
        session, center.organization_id, entry.id,
        new_entry_id=new_id(), starts_at=starts_at, by_user_id=None, now=NOW, reason="Sick", tell=[ToTell.FAMILIES],
    )  # fmt: skip


def archive(center: Center, session: Session, random: Random) -> None:
    archive_entry(session, center.organization_id, _entry(center, session, random).id, now=NOW, scope=_scope(random))


def restore(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random, archived=random.random() < 0.7)
    restore_and_check(session, center.organization_id, entry.id, scope=_scope(random))


def copy_one(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    copy_entry(
        session, center.organization_id, entry.id,
        new_entry_id=new_id(), starts_at=entry.starts_at + timedelta(days=random.randint(1, 9)),
    )  # fmt: skip


def copy_the_week(center: Center, session: Session, random: Random) -> None:
    copy_week(
        session, center.store.recorder, center.organization_id,
        FIRST_DAY + timedelta(weeks=random.randint(0, 2)), FIRST_DAY + timedelta(weeks=random.randint(3, 5)),
    )  # fmt: skip


def extend_or_end(center: Center, session: Session, random: Random) -> None:
    series = session.scalars(
        select(Series).where(Series.organization_id == center.organization_id, Series.archived_at.is_(None))
    ).all()
    if not series:
        raise LookupError("no series")
    chosen = random.choice(sorted(series, key=lambda one: (one.first_day, one.id)))
    last_day = chosen.first_day + timedelta(days=random.randint(3, 40))
    set_last_day(session, center.store.recorder, center.organization_id, chosen.id, last_day, now=NOW)


def go_on_vacation(center: Center, session: Session, random: Random) -> None:
    first = FIRST_DAY + timedelta(days=random.randint(0, 14))
    last = first + timedelta(days=random.randint(0, 9))
    absence = random.choice((
        Absence(first, last, tutor_id=center.id("Patel")), Absence(first, last, tutor_id=center.id("Johnson")),
        Absence(first, last, student_ids=(center.id("Noah"),)),
        Absence(first, last, student_ids=(center.id("Noah"), center.id("Wei"))),
    ))  # fmt: skip
    choice = random.choice((VacationChoice.CANCEL, VacationChoice.MOVE, VacationChoice.REASSIGN))
    plan = plan_vacation(session, center.organization_id, absence, choice, now=NOW)
    apply_vacation(
        session, center.organization_id, plan,
        by_user_id=center.id("user Patel"), now=NOW, reason="Vacation", tell=[ToTell.FAMILIES],
    )  # fmt: skip


def note_attendance(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    attendees = session.scalars(
        select(Attendee.student_id)
        .where(Attendee.entry_id == entry.id, Attendee.archived_at.is_(None))
        .order_by(Attendee.student_id)
    ).all()
    if attendees:
        noted = random.choice((*Attendance, None))
        set_attendance(session, center.organization_id, entry.id, random.choice(attendees), noted, now=NOW)


def advance(center: Center, session: Session, random: Random) -> None:
    wanted = random.choice([status for status in EntryStatus if status is not EntryStatus.CANCELLED])
    set_status(session, center.organization_id, _entry(center, session, random).id, wanted)


def report(center: Center, session: Session, random: Random) -> None:
    write_report(
        session, center.organization_id, _entry(center, session, random).id,
        done="Fractions", homework=f"Page {random.randint(1, 99)}", next_steps="Decimals", is_shared=True,
    )  # fmt: skip


def accept(center: Center, session: Session, random: Random) -> None:
    entry = _entry(center, session, random)
    found = conflicts_of_entries(session, center.organization_id, [entry.id])
    for conflict in found[:2]:
        accept_conflict(
            session, center.organization_id, key_of(conflict),
            by_user_id=center.id("user Patel"), reason="Both know", now=NOW,
        )  # fmt: skip


def withdraw(center: Center, session: Session, random: Random) -> None:
    row = session.scalars(select(ConflictAcceptance).where(ConflictAcceptance.archived_at.is_(None))).first()
    if row is not None:
        key = key_of_pair(row.kind, row.first_entry_id, row.second_entry_id)
        withdraw_acceptance(session, center.organization_id, key, now=NOW)


OPERATIONS: tuple[Operation, ...] = (
    schedule_series, schedule_one, move, resize, change, save_form, cancel, reschedule, archive, restore, copy_one,
    copy_the_week, extend_or_end, go_on_vacation, note_attendance, advance, report, accept, withdraw,
)  # fmt: skip
