"""The calendar as .ics: what other programs read in it, and what comes back from it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.exchange.calendar_export import Selection, export_calendar, selected_count
from shared_models.exchange.calendar_file import read_calendar
from shared_models.exchange.calendar_writing import escaped, folded, zone_lines
from shared_models.organization.models import Closure, Location, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    change_entry,
    move_entry,
)
from tests.shared_models.exchange.sample import calendar
from tests.shared_models.exchange.test_apply import NOW, ORGANIZATION, SAMPLE, TOWN, Desk, lesson

Occurrence = tuple[datetime, datetime, bool]
YEAR = datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The sample center with a few edits of the desk: moved, cancelled, archived, split, other people."""
    desk = Desk(tmp_path_factory.mktemp("center"))
    desk.take(SAMPLE)
    session = desk.session
    series = session.scalars(select(Series).order_by(Series.imported_uid)).all()
    firsts = [entries_of(session, one.id) for one in series[:8]]
    move_entry(session, ORGANIZATION, firsts[0][3].id, firsts[0][3].starts_at + timedelta(days=1, hours=1))
    cancel_entry(session, ORGANIZATION, firsts[1][2].id, reason="Ill", by_user_id=None, now=NOW)
    archive_entry(session, ORGANIZATION, firsts[2][1].id, now=NOW)
    change_entry(session, ORGANIZATION, firsts[3][5].id, now=NOW, tutor_id=session.scalars(select(Tutor.id)).first())
    later = firsts[4][6]
    move_entry(session, ORGANIZATION, later.id, later.starts_at + timedelta(hours=1), scope=SeriesScope.FOLLOWING)
    firsts[5][0].notes = "Owes 120 dollars"
    firsts[5][0].report_done = "Wept"
    session.commit()
    yield desk
    desk.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def entries_of(session: Session, series_id: str) -> list[ScheduleEntry]:
    return list(
        session.scalars(
            select(ScheduleEntry).where(ScheduleEntry.series_id == series_id).order_by(ScheduleEntry.starts_at)
        )
    )


def held(desk: Desk, *conditions: object) -> Counter[Occurrence]:
    """Every live entry of the store: when, and whether it is cancelled."""
    statement = select(ScheduleEntry.starts_at, ScheduleEntry.ends_at, ScheduleEntry.status)
    statement = statement.where(ScheduleEntry.archived_at.is_(None), *conditions)  # type: ignore[arg-type]
    return Counter(
        (starts, ends, status is EntryStatus.CANCELLED) for starts, ends, status in desk.session.execute(statement)
    )


def vevents(content: bytes) -> list[Any]:
    """The events of a calendar as the icalendar library reads them."""
    return list(Calendar.from_ical(content).walk("VEVENT"))


def read_by_others(content: bytes) -> Counter[Occurrence]:
    """The timed occurrences that an independent library finds."""
    found: Counter[Occurrence] = Counter()
    of: Any = recurring_ical_events.of
    for event in of(Calendar.from_ical(content)).between(*YEAR):
        starts = event["DTSTART"].dt
        if isinstance(starts, datetime):
            ends = event["DTEND"].dt
            found[starts.astimezone(UTC), ends.astimezone(UTC), event.get("STATUS") == "CANCELLED"] += 1
    return found


def exported(desk: Desk, **selection: object) -> bytes:
    return export_calendar(desk.session, ORGANIZATION, Selection(**selection), NOW)  # type: ignore[arg-type]


def test_another_program_finds_exactly_the_entries_of_the_center(center: Desk) -> None:
    assert read_by_others(exported(center)) == held(center)


def test_an_export_brings_the_same_calendar_into_an_empty_center(center: Desk, desk: Desk) -> None:
    people = {name: content for name, content in SAMPLE.items() if name != "calendar.ics"}
    report = desk.take({**people, "calendar.ics": exported(center)})
    assert [problem for problem in report.problems if problem.file == "calendar.ics"] == []
    assert held(desk) == held(center)
    for kind in (Attendee, EntryRoom):
        live = kind.archived_at.is_(None), ScheduleEntry.archived_at.is_(None)
        of = (ScheduleEntry.starts_at, kind.student_id if kind is Attendee else kind.room_id)  # type: ignore[union-attr]
        statement = select(*of).join(ScheduleEntry, ScheduleEntry.id == kind.entry_id).where(*live)
        there = Counter(tuple(row) for row in center.session.execute(statement))
        assert Counter(tuple(row) for row in desk.session.execute(statement)) == there
    services = select(ScheduleEntry.starts_at, ScheduleEntry.service_id, ScheduleEntry.tutor_id).where(
        ScheduleEntry.archived_at.is_(None)
    )
    assert Counter(map(tuple, desk.session.execute(services))) == Counter(
        map(tuple, center.session.execute(services))
    )


def test_bringing_an_export_back_changes_nothing(center: Desk) -> None:
    before = held(center)
    report = center.take({"calendar.ics": exported(center)})
    assert held(center) == before
    assert (report.updated, report.counts) == ({}, {})


def test_sessions_that_came_as_one_event_come_back_one_by_one(desk: Desk) -> None:
    several = lesson().replace("RRULE:FREQ=WEEKLY;COUNT=3", "RDATE:20270109T210000Z,20270110T210000Z")
    desk.take({**TOWN, "calendar.ics": calendar(several)})
    before = held(desk)
    report = desk.take({"calendar.ics": exported(desk)})
    assert (held(desk), len(before), report.updated, report.counts) == (before, 3, {}, {})


def test_a_part_of_a_series_brought_back_leaves_the_rest(center: Desk) -> None:
    before = held(center)
    part = exported(center, first_day=date(2026, 12, 7), last_day=date(2026, 12, 13))
    assert 0 < sum(read_by_others(part).values()) < 200
    report = center.take({"calendar.ics": part})
    assert (held(center), report.updated, report.counts) == (before, {}, {})


def test_every_selection_holds_its_own_entries_and_no_others(center: Desk) -> None:
    session = center.session
    location = session.scalars(select(Location.id).order_by(Location.name)).first()
    tutor = session.scalars(select(ScheduleEntry.tutor_id).where(ScheduleEntry.tutor_id.is_not(None))).first()
    student = session.scalars(select(Attendee.student_id)).first()
    room = session.scalars(select(EntryRoom.room_id)).first()
    with_student = select(Attendee.entry_id).where(Attendee.student_id == student, Attendee.archived_at.is_(None))
    with_room = select(EntryRoom.entry_id).where(EntryRoom.room_id == room, EntryRoom.archived_at.is_(None))
    for selection, condition in (
        ({"location_id": location}, ScheduleEntry.location_id == location),
        ({"tutor_id": tutor}, ScheduleEntry.tutor_id == tutor),
        ({"student_id": student}, ScheduleEntry.id.in_(with_student)),
        ({"room_id": room}, ScheduleEntry.id.in_(with_room)),
        ({"has_cancelled": False}, ScheduleEntry.status != EntryStatus.CANCELLED),
    ):
        assert read_by_others(exported(center, **selection)) == held(center, condition), selection


def test_nothing_internal_goes_out(center: Desk) -> None:
    text = exported(center).replace(b"\r\n ", b"").decode()
    assert "Owes" not in text
    assert "Wept" not in text
    assert not any(words in text.lower() for words in ("price", "pay", "$", "cents", "buffer"))


def test_every_line_fits_and_ends_as_the_format_wants(center: Desk) -> None:
    lines = exported(center).split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    for line in lines:
        line.decode()  # no letter is cut in two


def test_uids_are_kept_and_the_same_every_time(center: Desk) -> None:
    uids = [str(event["UID"]) for event in vevents(exported(center))]
    again = [str(event["UID"]) for event in vevents(exported(center))]
    assert uids == again
    assert "hlc-0000@hudson.example" in uids
    masters = [str(event["UID"]) for event in vevents(exported(center)) if "RECURRENCE-ID" not in event]
    assert len(masters) == len(set(masters))


def test_an_edit_raises_the_sequence(desk: Desk) -> None:
    desk.take({**TOWN, "calendar.ics": calendar(lesson().replace("RRULE:FREQ=WEEKLY;COUNT=3\n", ""))})

    def sequence() -> int:
        (event,) = [e for e in vevents(exported(desk)) if "CLOSED" not in e["SUMMARY"]]
        return int(event["SEQUENCE"])

    assert sequence() == 0
    entry = desk.session.scalars(select(ScheduleEntry)).one()
    move_entry(desk.session, ORGANIZATION, entry.id, entry.starts_at + timedelta(hours=1))
    desk.session.commit()
    assert sequence() > 0


def test_closures_are_whole_days_at_their_place(center: Desk, desk: Desk) -> None:
    events = [e for e in vevents(exported(center)) if str(e["SUMMARY"]).startswith("CLOSED")]
    days = {(event["DTSTART"].dt, event["DTEND"].dt - timedelta(days=1)) for event in events}
    known = select(Closure.first_day, Closure.last_day)
    assert days == {tuple(row) for row in center.session.execute(known)}
    assert exported(center, has_closures=False).count(b"CLOSED") == 0


@pytest.mark.parametrize(
    "name", ["America/New_York", "Europe/Paris", "Asia/Tokyo", "Australia/Sydney", "Africa/Cairo"]
)
def test_the_rules_of_a_zone_are_those_of_the_zone(name: str) -> None:
    text = "\n".join(["BEGIN:VCALENDAR", *zone_lines(name, ZoneInfo(name), 2025, 2027), "END:VCALENDAR"])
    zone: Any = Calendar.from_ical(text).walk("VTIMEZONE")[0]
    written = zone.to_tz(lookup_tzid=False)
    for day in range(0, 3 * 365, 3):
        local = datetime(2025, 1, 1, 12) + timedelta(days=day)
        assert local.replace(tzinfo=written).utcoffset() == local.replace(tzinfo=ZoneInfo(name)).utcoffset(), local


def test_long_lines_are_folded_between_letters() -> None:
    line = "SUMMARY:" + "Małgorzata 🎓 " * 30
    pieces = folded(line).split(b"\r\n")
    assert all(len(piece) <= 75 for piece in pieces)
    assert folded(line).replace(b"\r\n ", b"").removesuffix(b"\r\n").decode() == line
    assert escaped("a;b,c\\d\r\ne") == "a\\;b\\,c\\\\d\\ne"


def test_what_we_write_we_read_without_a_doubt(center: Desk) -> None:
    file = read_calendar(exported(center), time_zone="America/New_York", today=NOW.date())
    assert (file.problems, [doubt for doubt in file.warnings if "cancelled" not in doubt.reason]) == ((), [])


def test_rooms_students_and_place_are_said_in_words(center: Desk) -> None:
    names = set(center.session.scalars(select(Room.name)))
    student = center.session.scalars(select(Student.first_name)).first()
    text = exported(center).replace(b"\r\n ", b"").decode()
    assert all(f"/ {name}" in text or f"\\, {name}" in text for name in names if name != "Library")
    assert student is not None and student in text


def test_of_other_locations_only_is_exported_whom_they_take(center: Desk) -> None:
    session = center.session
    irvington, other = session.scalars(select(Location.id).order_by(Location.position)).all()[:2]
    name = session.get_one(Location, (ORGANIZATION, other)).name
    chosen = Selection(own_places=frozenset({irvington}))
    content = export_calendar(session, ORGANIZATION, chosen, NOW)
    elsewhere = ScheduleEntry.location_id == other
    told = held(center, ScheduleEntry.location_id == irvington)
    told += held(center, elsewhere, ScheduleEntry.status != EntryStatus.CANCELLED)
    assert read_by_others(content) == told
    assert selected_count(session, ORGANIZATION, chosen) == told.total()
    taken = [event for event in vevents(content) if event["SUMMARY"] == "Taken"]
    assert len(taken) == held(center, elsewhere, ScheduleEntry.status != EntryStatus.CANCELLED).total()
    assert {str(event["LOCATION"]) for event in taken} == {name}
    assert all(str(event.get("DESCRIPTION", "Tutor: ")).startswith("Tutor: ") for event in taken)
    assert not any(event.get("URL") or event.get("RRULE") for event in taken)


def test_what_was_told_of_other_locations_is_not_read_back(center: Desk, desk: Desk) -> None:
    irvington = center.session.scalars(select(Location.id).order_by(Location.position)).first()
    assert irvington is not None
    chosen = Selection(own_places=frozenset({irvington}))
    content = export_calendar(center.session, ORGANIZATION, chosen, NOW)
    people = {name: content for name, content in SAMPLE.items() if name != "calendar.ics"}
    report = desk.take({**people, "calendar.ics": content})
    assert [problem for problem in report.problems if problem.file == "calendar.ics"] == []
    assert held(desk) == held(center, ScheduleEntry.location_id == irvington)


def test_only_conflicts_leaves_out_what_others_have_among_themselves(center: Desk) -> None:
    session = center.session
    irvington = session.scalars(select(Location.id).order_by(Location.position)).first()
    assert irvington is not None
    chosen = Selection(own_places=frozenset({irvington}), only_conflicts=True)
    found = vevents(export_calendar(session, ORGANIZATION, replace(chosen, has_closures=False), NOW))
    everything = vevents(exported(center, only_conflicts=True, has_closures=False))
    assert 0 < len(found) <= len(everything)
