"""The history of an entry in sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from desktop.history.noted import Noted, noted_by_clocks, when_words
from desktop.schedule.history_words import clock_lines, history_lines
from shared_models.sync.clocks import HybridClock

ZONE = ZoneInfo("America/New_York")
AT = datetime(2026, 11, 20, 20, 41, 5, tzinfo=UTC)
NAMES = {"t1": "Małgorzata Patel", "t2": "Jakub Johnson", "s1": "Noah Haddad", "r1": "Room C"}


def noted(table: str, is_new: bool = False, thing_id: str = "", **changes: tuple[Any, Any]) -> Noted:
    return Noted(table, "row", AT, "Maya Torres", is_new, changes, thing_id)


def words(*some: Noted) -> str:
    (line,) = history_lines(some, lambda thing: NAMES.get(thing, ""), ZONE)
    assert line.who == "Maya Torres"
    return line.words


def test_a_move_names_both_times_in_local_time() -> None:
    change = noted(
        "schedule_entry",
        starts_at=("2026-12-02T21:00:00+00:00", "2026-12-03T22:00:00Z"),
        ends_at=("2026-12-02T22:00:00Z", "2026-12-03T23:00:00Z"),
        blocked_until=("2026-12-02T22:15:00Z", "2026-12-03T23:15:00Z"),
    )
    assert words(change) == "moved it from Wed, Dec 2, 4:00 PM to Thu, Dec 3, 5:00 PM"


def test_what_was_saved_together_is_one_line() -> None:
    change = noted("schedule_entry", tutor_id=("t1", "t2"), capacity=(1, 2))
    room = noted("entry_room", is_new=True, thing_id="r1")
    expected = (
        "gave it to Jakub Johnson instead of Małgorzata Patel, changed the capacity from 1 to 2 and took Room C"
    )
    assert words(room, change) == expected


def test_a_cancellation_says_why() -> None:
    change = noted("schedule_entry", status=("SCHEDULED", "CANCELLED"), cancel_reason=("", "Family asked"))
    assert words(change) == "cancelled it (Family asked)"
    assert words(noted("schedule_entry", status=("CANCELLED", "SCHEDULED"))) == "brought it back"


def test_students_come_go_and_are_noted() -> None:
    assert words(noted("attendee", is_new=True, thing_id="s1")) == "added Noah Haddad"
    assert words(noted("attendee", thing_id="s1", archived_at=(None, "2026-11-20"))) == "took Noah Haddad out"
    assert words(noted("attendee", thing_id="s1", attendance=(None, "LATE"))) == "noted Noah Haddad as late"


def test_making_an_entry_is_one_word_for_all_of_its_rows() -> None:
    made = noted("schedule_entry", is_new=True)
    assert words(noted("attendee", is_new=True, thing_id="s1"), made) == "made it"


def test_without_the_server_the_clocks_tell_what_and_where() -> None:
    here, there = "00000000-0000-0000-0000-aaaaaaaaaaaa", "00000000-0000-0000-0000-bbbbbbbbbbbb"
    made = HybridClock(there, lambda: 1_790_000_000_000).tick()
    changed = HybridClock(here, lambda: 1_790_000_600_000).tick()
    clocks = {"*": made, "starts_at": changed, "ends_at": changed, "blocked_until": changed, "tutor_id": changed}
    lines = clock_lines(noted_by_clocks("schedule_entry", "row", clocks, here))
    assert [(line.who, line.words) for line in lines] == [
        ("This PC", "changed the time and tutor"), ("Another PC", "made it"),
    ]  # fmt: skip


def test_the_moment_is_local() -> None:
    assert when_words(AT, ZONE) == "Nov 20, 3:41 PM"
