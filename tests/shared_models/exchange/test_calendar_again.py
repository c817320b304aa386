"""Importing a calendar again: its changes arrive, those of the desk stay, and nothing is doubled."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from shared_models.base import derived_id
from shared_models.exchange.report import ImportReport
from shared_models.people.models import Tutor
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.series_operations import SeriesScope, change_entry, move_entry
from tests.shared_models.exchange.sample import calendar, families_csv
from tests.shared_models.exchange.test_apply import ORGANIZATION, TOWN, Desk

PEOPLE = families_csv(
    "Ana,Kim,a@x.example,Mia,Kim,Irvington Office",
    "Eva,Lee,e@x.example,Leo,Lee,Irvington Office",
    header="Parent First,Parent Last,Email,Student First,Student Last,Location",
)
NEW_YORK = "America/New_York"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.take({**TOWN, "families.csv": PEOPLE})
    yield desk
    desk.close()


def event(
    uid: str = "1",
    day: str = "20261203",
    hour: int = 17,
    rule: str = "RRULE:FREQ=WEEKLY;COUNT=4",
    students: str = "Mia Kim",
    tutor: str = "Tomás Dijk",
    room: str = "Room A",
    more: str = "",
) -> str:
    lines = [
        f"UID:{uid}", "SUMMARY:French", f"DTSTART;TZID={NEW_YORK}:{day}T{hour:02}0000",
        f"DTEND;TZID={NEW_YORK}:{day}T{hour + 1:02}0000", rule, f"LOCATION:Irvington Office / {room}",
        f"DESCRIPTION:Tutor: {tutor}\\nStudents: {students}\\nSubject: Foreign Languages - French", more,
    ]  # fmt: skip
    return "\n".join(line for line in lines if line)


def changed(original: str, **values: object) -> str:
    return event(rule="", **{"day": original[:8], **values}) + f"\nRECURRENCE-ID;TZID={NEW_YORK}:{original}"  # type: ignore[arg-type]


def take(desk: Desk, *events: str) -> ImportReport:
    return desk.take({"calendar.ics": calendar(*events)})


def live(desk: Desk) -> list[ScheduleEntry]:
    desk.session.expire_all()
    statement = select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
    return list(desk.session.scalars(statement))


def starts(desk: Desk) -> list[str]:
    return [f"{entry.starts_at:%m-%d %H}" for entry in live(desk) if entry.status is not EntryStatus.CANCELLED]


def students_of(desk: Desk, entry: ScheduleEntry) -> int:
    return desk.count(Attendee, Attendee.entry_id == entry.id, Attendee.archived_at.is_(None))


def test_a_changed_session_is_the_entry_of_its_series_with_a_difference(desk: Desk) -> None:
    take(
        desk,
        event(),
        changed("20261210T170000", day="20261211", hour=9, tutor="Ruth Walker", room="Room B"),
        changed("20261217T170000", more="STATUS:CANCELLED"),
    )
    series = desk.session.scalars(select(Series)).one()
    entries = live(desk)
    assert [entry.series_id for entry in entries] == [series.id] * 4
    moved, cancelled = entries[1], entries[2]
    assert (moved.id, moved.series_day) == (derived_id(series.id, "2026-12-10"), date(2026, 12, 10))
    assert moved.starts_at == datetime(2026, 12, 11, 14, tzinfo=UTC)
    assert moved.tutor_id != entries[0].tutor_id
    assert (cancelled.status, cancelled.cancel_reason) == (EntryStatus.CANCELLED, "Cancelled in calendar.ics")
    assert [students_of(desk, entry) for entry in entries] == [1] * 4


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    content = [event(), changed("20261210T170000", day="20261211"), event("2", rule="RRULE:FREQ=MONTHLY;COUNT=3")]
    first = take(desk, *content)
    before = [(entry.id, entry.field_clocks) for entry in live(desk)]
    again = take(desk, *content)
    assert first.counts["entries"] == 7
    assert [(entry.id, entry.field_clocks) for entry in live(desk)] == before
    assert (again.counts, again.updated, again.warnings) == ({}, {}, ())


def test_what_the_calendar_changes_arrives_also_the_second_time(desk: Desk) -> None:
    take(desk, event())
    first = take(desk, event(hour=16, students="Mia Kim, Leo Lee", room="Room B"))
    assert (starts(desk), first.updated) == (
        ["12-03 21", "12-10 21", "12-17 21", "12-24 21"],
        {"series": 1, "entries": 4},
    )
    assert [students_of(desk, entry) for entry in live(desk)] == [2] * 4
    assert desk.count(EntryRoom, EntryRoom.archived_at.is_(None)) == 4
    second = take(desk, event(hour=15, students="Leo Lee"))
    assert starts(desk)[0] == "12-03 20"
    assert [students_of(desk, entry) for entry in live(desk)] == [1] * 4
    assert second.warnings == ()
    assert desk.count(ScheduleEntry) == 4


def test_a_longer_series_grows_and_a_shorter_one_loses_what_is_still_to_come(desk: Desk) -> None:
    take(desk, event(day="20261119"))
    report = take(desk, event(day="20261119", rule="RRULE:FREQ=WEEKLY;COUNT=6"))
    assert len(live(desk)) == 6
    assert (report.counts["entries"], report.updated["series"]) == (2, 1)
    take(desk, event(day="20261119", rule="RRULE:FREQ=WEEKLY;COUNT=2"))
    assert starts(desk) == ["11-19 22", "11-26 22"]
    take(desk, event(day="20261126", rule="RRULE:FREQ=WEEKLY;COUNT=1"))
    assert starts(desk) == ["11-19 22", "11-26 22"], "the past stays as it happened"


def test_an_edit_of_the_desk_stays_and_is_named(desk: Desk) -> None:
    take(desk, event())
    second = live(desk)[1]
    move_entry(desk.session, ORGANIZATION, second.id, second.starts_at + timedelta(hours=2))
    desk.session.commit()
    report = take(desk, event(hour=16))
    assert starts(desk) == ["12-03 21", "12-11 00", "12-17 21", "12-24 21"]
    assert report.updated["entries"] == 3
    assert [(warning.line, "kept as edited here" in warning.reason) for warning in report.warnings] == [(3, True)]


def test_a_series_the_desk_has_moved_stays_moved(desk: Desk) -> None:
    take(desk, event())
    first = live(desk)[0]
    move_entry(desk.session, ORGANIZATION, first.id, first.starts_at + timedelta(days=1), scope=SeriesScope.ALL)
    desk.session.commit()
    before = starts(desk)
    assert take(desk, event()).warnings == ()
    report = take(desk, event(rule="RRULE:FREQ=WEEKLY;COUNT=9", hour=12))
    assert starts(desk) == before
    assert "kept as edited here" in report.warnings[0].reason


def test_a_day_taken_out_of_the_calendar_goes_unless_the_desk_edited_it(desk: Desk) -> None:
    take(desk, event())
    third = live(desk)[2]
    tutor = desk.session.scalars(select(Tutor.id).where(Tutor.id != third.tutor_id)).first()
    change_entry(desk.session, ORGANIZATION, third.id, now=datetime(2026, 11, 26, tzinfo=UTC), tutor_id=tutor)
    desk.session.commit()
    report = take(desk, event(more=f"EXDATE;TZID={NEW_YORK}:20261210T170000,20261217T170000"))
    assert starts(desk) == ["12-03 22", "12-17 22", "12-24 22"]
    assert "kept as edited here" in report.warnings[0].reason


def test_a_cancelled_event_cancels_what_is_there_and_makes_nothing_new(desk: Desk) -> None:
    assert take(desk, event("9", rule="", more="STATUS:CANCELLED")).counts == {}
    take(desk, event("1", rule=""), event("2"))
    report = take(desk, event("1", rule="", more="STATUS:CANCELLED"), event("2", more="STATUS:CANCELLED"))
    assert (starts(desk), report.updated) == ([], {"entries": 5})
    back = take(desk, event("1", rule=""))
    assert (starts(desk), back.updated) == (["12-03 22"], {"entries": 1})
    assert [entry.cancel_reason for entry in live(desk) if entry.status is EntryStatus.SCHEDULED] == [""]


def test_sessions_that_no_series_holds_are_followed_one_by_one(desk: Desk) -> None:
    monthly = "RRULE:FREQ=MONTHLY;BYDAY=1TH;COUNT=3"
    take(desk, event(rule=monthly))
    assert (desk.count(Series), starts(desk)) == (0, ["12-03 22", "01-07 22", "02-04 22"])
    take(desk, event(rule=monthly), changed("20270107T170000", day="20270108"))
    assert (starts(desk), desk.count(ScheduleEntry)) == (["12-03 22", "01-08 22", "02-04 22"], 3)
    take(desk, event(rule="RRULE:FREQ=MONTHLY;BYDAY=1TH;COUNT=2"))
    assert starts(desk) == ["12-03 22", "01-07 22"]


def test_added_days_stand_beside_their_series_and_may_be_taken_away_again(desk: Desk) -> None:
    take(desk, event(more=f"RDATE;TZID={NEW_YORK}:20261205T100000"))
    assert starts(desk) == ["12-03 22", "12-05 15", "12-10 22", "12-17 22", "12-24 22"]
    take(desk, event())
    assert starts(desk) == ["12-03 22", "12-10 22", "12-17 22", "12-24 22"]


def test_a_session_that_begins_to_repeat_becomes_a_series(desk: Desk) -> None:
    take(desk, event(rule=""))
    take(desk, event())
    assert (len(live(desk)), len(set(starts(desk)))) == (4, 4)
    take(desk, event(rule="RRULE:FREQ=MONTHLY;COUNT=2"))
    assert starts(desk) == ["12-03 22", "01-03 22"]
    assert desk.count(Series, Series.archived_at.is_(None)) == 0
