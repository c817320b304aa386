"""What a concurrent edit replaced is told in the record's history, with both values and both names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from desktop.history.noted import Noted
from desktop.schedule.history_words import history_lines, sentences
from shared_models.base import new_id
from shared_models.catalog.models import Service
from shared_models.organization.models import Location
from shared_models.schedule.models import ScheduleEntry
from tests.desktop.sync.conftest import NOW, Desk

ZONE = ZoneInfo("America/New_York")


def noted(who: str, changes: dict[str, tuple[object, object]], lost: dict[str, object], minute: int) -> Noted:
    return Noted("schedule_entry", "e", NOW + timedelta(minutes=minute), who, False, changes, "", lost)


def test_both_values_and_both_names_stand_in_the_history() -> None:
    lines = history_lines(
        [
            noted("Maya Torres", {"supplies": ("", "ruler")}, {}, 0),
            noted("Daniel Lee", {}, {"supplies": "compass", "starts_at": "2026-11-26T21:00:00Z"}, 1),
        ],
        lambda thing: thing,
        ZONE,
    )
    first, second = lines
    assert (first.who, second.who) == ("Daniel Lee", "Maya Torres")
    assert "moved it to Thu, Nov 26, 4:00 PM, which another change replaced" in first.words
    assert "entered the supplies “compass”, which Maya Torres replaced with “ruler”" in first.words
    assert second.words == "changed the supplies"


def test_a_tutor_who_was_replaced_is_named() -> None:
    one = noted("Daniel Lee", {}, {"tutor_id": "t1", "report_done": ""}, 0)
    assert sentences(one, {"t1": "Priya Kim"}.__getitem__, ZONE) == [
        "gave it to Priya Kim, which another change replaced"
    ]


def test_the_server_tells_the_value_that_lost_and_who_entered_it(desk: Desk, other: Desk) -> None:
    """[S-10]"""
    entry_id = new_id()
    start = datetime(2026, 11, 26, 21, tzinfo=UTC)
    with desk.store.write() as session:
        session.add(
            ScheduleEntry(
                organization_id=desk.store.organization_id,
                id=entry_id,
                location_id=session.scalars(select(Location.id)).first(),
                service_id=session.scalars(select(Service.id)).first(),
                starts_at=start,
                ends_at=start + timedelta(hours=1),
                blocked_until=start + timedelta(hours=1),
            )
        )
    desk.sync()
    other.sync()
    for each, supplies in ((desk, "compass"), (other, "ruler")):
        with each.store.write() as session:
            session.get_one(ScheduleEntry, (each.store.organization_id, entry_id)).supplies = supplies
    other.sync()
    desk.sync()
    told = desk.client.history("schedule_entry", [entry_id])
    assert [change.lost for change in told if change.lost] == [{"supplies": "compass"}]
    assert {change.user_id for change in told} == {desk.store.user_id}
    assert any(change.changes.get("supplies") == ("", "ruler") for change in told)
