"""What is read from the tables: the check of a whole range, the indexed check of single entries, and every pair
compared by brute force tell the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.orm import Session

from shared_models.base import derived_id
from shared_models.schedule import bookings as bookings_module
from shared_models.schedule.bookings import (
    all_conflicts,
    conflicts_of_bookings,
    conflicts_of_entries,
    load_bookings,
    rival_bookings,
)
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry
from tests.shared_models.schedule.small_center import Center, small_center
from tests.shared_models.schedule.test_conflicts import bookings, brute_force

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
NAMES = {
    "t": "Patel", "u": "Johnson", "r": "Room A", "q": "Room B", "a": "Noah", "b": "Wei", "c": "Priya",
}  # fmt: skip
_months = count()


@pytest.fixture(scope="module")
def shared_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    folder: Path = tmp_path_factory.mktemp("bookings")
    center = small_center(folder)
    yield center
    center.store.close()


def keep(center: Center, made: Sequence[Booking], month: int) -> tuple[list[Booking], tuple[datetime, datetime]]:
    """Write bookings into a month of their own, a second as ten minutes; returns them as they should be read."""
    begin = BEGIN + timedelta(days=30 * month)
    at = int(begin.timestamp()) + 86400
    kept = [
        Booking(
            derived_id("entry", str(month), one.entry_id),
            at + 600 * one.starts,
            at + 600 * one.ends,
            at + 600 * one.blocked_until,
            center.id(NAMES[one.tutor_id]) if one.tutor_id else None,
            tuple(sorted(center.id(NAMES[room]) for room in one.room_ids)),
            tuple(sorted(center.id(NAMES[student]) for student in one.student_ids)),
        )
        for one in made
    ]
    own = {"organization_id": center.organization_id}
    with center.store.write() as session:
        insert = center.store.recorder.insert_rows
        insert(session, ScheduleEntry, [
            {
                **own, "id": one.entry_id, "location_id": center.id("Irvington"), "service_id": center.id("Private"),
                "tutor_id": one.tutor_id, "starts_at": instant(one.starts), "ends_at": instant(one.ends),
                "blocked_until": instant(one.blocked_until),
            }
            for one in kept
        ])  # fmt: skip
        insert(session, EntryRoom, [
            {**own, "id": derived_id(one.entry_id, room_id), "entry_id": one.entry_id, "room_id": room_id}
            for one in kept for room_id in one.room_ids
        ])  # fmt: skip
        insert(session, Attendee, [
            {**own, "id": derived_id(one.entry_id, student_id), "entry_id": one.entry_id, "student_id": student_id}
            for one in kept for student_id in one.student_ids
        ])  # fmt: skip
    return kept, (begin, begin + timedelta(days=30))


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def in_order(found: Sequence[Booking]) -> list[Booking]:
    return sorted(
        one._replace(room_ids=tuple(sorted(one.room_ids)), student_ids=tuple(sorted(one.student_ids)))
        for one in found
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bookings)
def test_range_single_entry_and_brute_force_find_the_same_conflicts(
    shared_center: Center, made: list[Booking]
) -> None:
    organization_id = shared_center.organization_id
    kept, span = keep(shared_center, made, next(_months))
    expected = brute_force(kept)
    with shared_center.store.read() as session:
        assert in_order(load_bookings(session, organization_id, *span)) == sorted(kept)
        assert set(all_conflicts(session, organization_id, *span)) == expected
        for one in kept:
            own = conflicts_of_entries(session, organization_id, [one.entry_id])
            assert len(own) == len(set(own))
            assert set(own) == {c for c in expected if one.entry_id in (c.first_id, c.second_id)}
        every = conflicts_of_bookings(session, organization_id, kept)
        assert set(every) == expected


def test_reading_all_links_in_a_row_tells_the_same_as_looking_each_up(
    shared_center: Center, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [Booking(f"{n}", n * 3, n * 3 + 5, n * 3 + 6, "t", ("r", "q"), ("a", "b")) for n in range(20)]
    kept, span = keep(shared_center, made, next(_months))

    def read(session: Session) -> list[Booking]:
        return in_order(load_bookings(session, shared_center.organization_id, *span))

    with shared_center.store.read() as session:
        assert read(session) == sorted(kept)
        monkeypatch.setattr(bookings_module, "_MANY", 0)
        assert read(session) == sorted(kept)
        monkeypatch.setattr(bookings_module, "_are_most", lambda *_: True)
        assert read(session) == sorted(kept)


def test_a_series_of_many_sessions_is_asked_in_parts(shared_center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [Booking(f"{n}", n * 10, n * 10 + 5, n * 10 + 6, "t", ("r",)) for n in range(40)]
    kept, _ = keep(shared_center, made, next(_months))
    new = [one._replace(entry_id=f"new {n}", starts=one.starts + 600) for n, one in enumerate(kept)]
    with shared_center.store.read() as session:
        at_once = rival_bookings(session, shared_center.organization_id, new)
        monkeypatch.setattr(bookings_module, "_SPANS", 7)
        in_parts = rival_bookings(session, shared_center.organization_id, new)
    assert in_order(at_once) == in_order(in_parts) == sorted(kept)


def test_what_lies_between_the_sessions_of_a_series_is_not_read(shared_center: Center) -> None:
    made = [Booking(f"{n}", n * 10, n * 10 + 5, n * 10 + 6, "t", ("r",), ("a",)) for n in range(40)]
    kept, _ = keep(shared_center, made, next(_months))
    new = [kept[0]._replace(entry_id="first"), kept[-1]._replace(entry_id="last")]
    with shared_center.store.read() as session:
        found = rival_bookings(session, shared_center.organization_id, new)
    assert [one.entry_id for one in in_order(found)] == sorted((kept[0].entry_id, kept[-1].entry_id))
