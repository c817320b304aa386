"""The rules of scheduling on plain values and from the encrypted store: conflicts in a real-sized and in a crowded
center, free slots and series, each beside a peer or what it would cost without the sweep or the index."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from datetime import time as wall_time
from itertools import pairwise
from pathlib import Path
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.figures import Figure
from bench.schedule_rules import conflict_figures, recurrence_figures, slot_figures
from bench.schedule_store import store_figures
from bench.schedule_year import crowded_year
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.exchange.apply import apply_import
from shared_models.exchange.recognize import open_file
from shared_models.organization.models import Location, Room
from shared_models.people.models import Student, TutorLocation
from shared_models.schedule.bookings import all_conflicts, conflicts_of_draft, load_bookings
from shared_models.schedule.conflicts import Booking, ConflictKind
from shared_models.schedule.drafts import EntryDraft, bookings_of_plan, plan_of
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.recurrence import Pattern, last_day_of_weeks
from shared_models.schedule.terms import Terms, terms_of

CENTER = Path(__file__).resolve().parent.parent / "tests" / "data" / "center"
YEAR = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC))
_WEEKS = 40
_RUNS = 15


def run() -> list[Figure]:
    """Measure the rules on values, and the checks in encrypted stores with a crowded and with the sample center."""
    year = crowded_year()
    figures = [*conflict_figures(year), *store_figures(year), *slot_figures(), *recurrence_figures()]
    return figures + _sample_center()


def _sample_center() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), use_keyring=False)
        store.set_local(organization_id=new_id())
        files = [open_file(path.name, path.read_bytes()) for path in sorted(CENTER.iterdir())]
        with store.write() as session:
            now = datetime(2026, 11, 25, tzinfo=UTC)
            apply_import(session, store.recorder, store.organization_id, files, now=now)
        with store.read() as session:
            figures = _measure(session, store.organization_id)
        store.close()
    return figures


def _measure(session: Session, organization_id: str) -> list[Figure]:
    draft, terms = _series(session, organization_id)
    plan = plan_of(draft, "new", time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes)
    new = bookings_of_plan(plan, draft)
    existing = load_bookings(session, organization_id, *YEAR)
    by_comparing = _brute_force(new, existing)
    found = {
        (conflict.kind, conflict.first_id, conflict.second_id)
        for conflict in conflicts_of_draft(session, organization_id, plan, draft)
    }
    if found != by_comparing:
        raise AssertionError(f"the check found {len(found)} conflicts, comparing each pair {len(by_comparing)}")

    def check_series() -> None:
        checked = plan_of(draft, "new", time_zone=terms.time_zone, buffer_minutes=terms.buffer_minutes)
        conflicts_of_draft(session, organization_id, checked, draft)

    return [
        Figure(
            f"conflicts of one new weekly series ({_WEEKS} weeks)",
            _milliseconds(check_series), "ms", 20,
            beside="each with each, already loaded",
            beside_measured=_milliseconds(lambda: _brute_force(new, existing)),
        ),
        Figure(
            f"conflicts of the whole year ({len(existing):,} entries)",
            _milliseconds(lambda: all_conflicts(session, organization_id, *YEAR)), "ms", 100,
            beside="bare sweep over tutors, already loaded",
            beside_measured=_milliseconds(lambda: _bare_sweep(existing)),
        ),
    ]  # fmt: skip


def _series(session: Session, organization_id: str) -> tuple[EntryDraft, Terms]:
    """A weekly hour with a busy tutor, a busy room and a student."""
    location_id = session.scalars(select(Location.id).order_by(Location.position)).first() or ""
    tutor_id = session.scalars(
        select(TutorLocation.tutor_id).where(TutorLocation.location_id == location_id).order_by(TutorLocation.id)
    ).first()
    room_id = session.scalars(select(Room.id).where(Room.location_id == location_id).order_by(Room.position)).first()
    student_id = session.scalars(select(Student.id).where(Student.location_id == location_id)).first()
    service_id = session.scalars(select(ScheduleEntry.service_id)).first() or ""
    first_day = date(2026, 9, 9)
    draft = EntryDraft(
        location_id, service_id, first_day, wall_time(17, 45),
        tutor_id=tutor_id, student_ids=(student_id or "",), room_ids=(room_id or "",),
        pattern=Pattern.WEEKLY, last_day=last_day_of_weeks(first_day, _WEEKS),
    )  # fmt: skip
    return draft, terms_of(session, organization_id, location_id)


def _brute_force(new: Sequence[Booking], existing: Sequence[Booking]) -> set[tuple[ConflictKind, str, str]]:
    """Every pair compared with every other: what the check must agree with."""
    found = set()
    for mine in new:
        for other in existing:
            overlaps = mine.starts < other.blocked_until and other.starts < mine.blocked_until
            if not overlaps:
                continue
            first, second = sorted((mine, other), key=lambda booking: (booking.starts, booking.entry_id))
            pair = (first.entry_id, second.entry_id)
            if mine.tutor_id is not None and mine.tutor_id == other.tutor_id:
                found.add((ConflictKind.TUTOR, *pair))
            if set(mine.room_ids) & set(other.room_ids):
                found.add((ConflictKind.ROOM, *pair))
            in_lesson = mine.starts < other.ends and other.starts < mine.ends
            if in_lesson and set(mine.student_ids) & set(other.student_ids):
                found.add((ConflictKind.STUDENT, *pair))
    return found


def _bare_sweep(existing: Sequence[Booking]) -> int:
    """The least that any check does: sort by tutor and start, and look at neighbors."""
    ordered = sorted((booking.tutor_id or "", booking.starts, booking.blocked_until) for booking in existing)
    return sum(one[0] == two[0] and two[1] < one[2] for one, two in pairwise(ordered))


def _milliseconds(work: Callable[[], object]) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return median(taken)
