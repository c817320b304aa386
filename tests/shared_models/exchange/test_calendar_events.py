"""Calendar files as they come: changes of single sessions, additional dates, foreign zones, broken lines; and what an
independent library finds in them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import recurring_ical_events  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from icalendar.parser import Contentline

from shared_models.exchange.calendar_file import CalendarFile, read_calendar
from shared_models.exchange.calendar_lines import duration_of, moment_of, property_of, unescaped
from shared_models.schedule.recurrence import Pattern, occurrences
from tests.shared_models.exchange.sample import calendar

NEW_YORK = "America/New_York"
TODAY = date(2026, 11, 25)
WINDOW = date(2026, 10, 1), date(2027, 9, 30)


def event(
    starts: str = f";TZID={NEW_YORK}:20261008T170000",
    ends: str = f";TZID={NEW_YORK}:20261008T180000",
    more: str = "",
    uid: str = "1",
    title: str = "French",
) -> str:
    return f"UID:{uid}\nSUMMARY:{title}\nDTSTART{starts}\nDTEND{ends}" + (f"\n{more}" if more else "")


def read(*events: str, **options: Any) -> CalendarFile:
    return read_calendar(calendar(*events), time_zone=NEW_YORK, today=TODAY, **options)


def held(file: CalendarFile) -> Counter[tuple[datetime, datetime]]:
    """Every session of a file, with the changes of single ones, in UTC; cancelled ones as well."""
    found: Counter[tuple[datetime, datetime]] = Counter()
    for row in file.sessions:
        changes = {change.day: change.row.rule for change in row.changes}
        for one in occurrences(row.rule):
            (real,) = occurrences(changes[one.day]) if one.day in changes else (one,)
            found[real.starts_at, real.ends_at] += 1
    return found


def starts(file: CalendarFile) -> list[str]:
    return [f"{begins:%m-%d %H:%M}" for begins, _ in sorted(held(file).elements())]


WEEKLY = event(more="RRULE:FREQ=WEEKLY;COUNT=4")


def test_a_moved_an_edited_and_a_cancelled_session_are_changes_of_their_series() -> None:
    file = read(
        WEEKLY,
        event(":20261016T130000Z", ":20261016T143000Z", "RECURRENCE-ID:20261015T210000Z", title="Exam"),
        event(more=f"RECURRENCE-ID;TZID={NEW_YORK}:20261022T170000\nSTATUS:CANCELLED"),
    )
    (row,) = file.sessions
    assert [(change.day, change.row.title, change.is_cancelled) for change in row.changes] == [
        (date(2026, 10, 15), "Exam", False), (date(2026, 10, 22), "French", True),
    ]  # fmt: skip
    assert row.changes[0].row.rule.duration_minutes == 90


def test_a_change_may_stand_before_its_series_and_the_later_version_of_it_counts() -> None:
    change = "RECURRENCE-ID:20261015T210000Z\nSEQUENCE:"
    file = read(
        event(":20261016T130000Z", ":20261016T140000Z", f"{change}2"),
        WEEKLY,
        event(":20261017T130000Z", ":20261017T140000Z", f"{change}1"),
    )
    assert starts(file) == ["10-08 21:00", "10-16 13:00", "10-22 21:00", "10-29 21:00"]


def test_a_change_of_one_and_all_that_follow_moves_them() -> None:
    change = f"RECURRENCE-ID;RANGE=THISANDFUTURE;TZID={NEW_YORK}:20261015T170000"
    file = read(WEEKLY, event(":20261016T130000Z", ":20261016T140000Z", change))
    assert starts(file) == ["10-08 21:00", "10-16 13:00", "10-23 13:00", "10-30 13:00"]
    assert len(file.sessions[0].changes) == 3


def test_a_change_without_its_series_stands_for_itself() -> None:
    file = read(event(more="RECURRENCE-ID:20261008T210000Z"))
    (row,) = file.sessions
    assert (row.rule.pattern, row.occurrence) == (Pattern.ONE_OFF, "2026-10-08T17:00")


def test_dates_are_added_to_a_series_and_to_a_single_session() -> None:
    added = f"RDATE;TZID={NEW_YORK}:20261010T100000,20261011T100000\nRDATE;VALUE=DATE:20261012"
    file = read(event(more=f"RRULE:FREQ=WEEKLY;COUNT=2\n{added}"))
    assert starts(file) == ["10-08 21:00", "10-10 14:00", "10-11 14:00", "10-12 21:00", "10-15 21:00"]
    assert [row.occurrence for row in file.sessions] == ["", "2026-10-10", "2026-10-11", "2026-10-12"]
    assert starts(read(event(more=added))) == ["10-08 21:00", "10-10 14:00", "10-11 14:00", "10-12 21:00"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("RRULE:FREQ=MONTHLY;BYDAY=2TH;COUNT=3", ["10-08", "11-12", "12-10"]),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=8;UNTIL=20261231", ["10-08", "11-08", "12-08"]),
        ("RRULE:FREQ=YEARLY;COUNT=5", ["10-08", "10-08"]),
        ("RRULE:FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2", ["10-08", "10-12", "10-15", "10-19"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3\nEXRULE:FREQ=MONTHLY;BYMONTHDAY=15", ["10-08", "10-22"]),
        ("RRULE:FREQ=WEEKLY\\;BYDAY=TH\\, FR\\;COUNT=3", ["10-08", "10-09", "10-15"]),
        ("RRULE:RRULE:FREQ=WEEKLY;COUNT=1", ["10-08"]),
        ("RRULE:", ["10-08"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2", ["10-08", "10-12", "10-19"]),
    ],
)
def test_uncommon_rules_become_sessions_and_no_problem(rules: str, expected: list[str]) -> None:
    file = read(event(more=rules), within=(date(2026, 10, 1), date(2027, 12, 31)))
    assert file.problems == ()
    assert [one[:5] for one in starts(file)] == expected


def test_a_rule_that_never_comes_is_not_searched_for_until_the_end_of_time() -> None:
    for rule in ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=MO"):
        assert starts(read(event(more=f"RRULE:{rule}"))) == ["10-08 21:00"]


def test_a_rule_of_every_second_is_refused_and_not_counted_through() -> None:
    every = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"
    old = event(":20010104T170000Z", ":20010104T180000Z", f"RRULE:FREQ=DAILY;{every}")
    assert "far too often" in read(old).problems[0].reason
    assert "hourly" in read(event(more="RRULE:FREQ=HOURLY;COUNT=3")).problems[0].reason


def test_an_old_endless_series_begins_where_it_still_matters() -> None:
    file = read(event(f";TZID={NEW_YORK}:20010104T170000", f";TZID={NEW_YORK}:20010104T180000", "RRULE:FREQ=WEEKLY"))
    days = [one.day for one in occurrences(file.sessions[0].rule)]
    assert (days[0], days[-1], {day.weekday() for day in days}) == (date(2025, 12, 4), date(2027, 11, 18), {3})
    assert "many years" in file.warnings[0].reason


def test_uncommon_rules_long_past_are_said_to_be_left_out() -> None:
    old = event(":20100108T170000Z", ":20100108T180000Z", "RRULE:FREQ=MONTHLY;COUNT=5")
    file = read(old)
    assert (file.sessions, file.problems, len(file.warnings)) == ((), (), 1)


def test_a_series_that_moves_here_while_it_stays_elsewhere_is_kept_session_by_session() -> None:
    file = read(event(";TZID=Europe/Paris:20261022T230000", ";TZID=Europe/Paris:20261023T000000",
                      "RRULE:FREQ=WEEKLY;COUNT=3"))  # fmt: skip
    assert [row.rule.pattern for row in file.sessions] == [Pattern.ONE_OFF] * 3
    assert [f"{row.rule.first_day:%m-%d} {row.rule.start:%H:%M}" for row in file.sessions] == [
        "10-22 17:00", "10-29 18:00", "11-05 17:00"
    ]  # fmt: skip


def test_a_series_in_utc_is_meant_in_the_zone_of_its_calendar_or_else_as_written() -> None:
    lesson = event(":20261029T210000Z", ":20261029T220000Z", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert starts(read(lesson)) == ["10-29 21:00", "11-05 22:00"]
    alone = calendar(lesson).replace(b"X-WR-TIMEZONE:America/New_York\n", b"")
    assert starts(read_calendar(alone, time_zone=NEW_YORK)) == ["10-29 21:00", "11-05 21:00"]


def test_floating_times_are_those_of_the_organization() -> None:
    content = calendar(event(":20261008T170000", ":20261008T180000"), zone="Europe/Paris")
    assert starts(read_calendar(content, time_zone=NEW_YORK)) == ["10-08 21:00"]


def test_a_zone_that_only_the_file_knows_is_taken_from_it() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Our own time\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n"
        "TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n"
        "DTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n"
        "END:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VEVENT"
    )
    lesson = event(";TZID=Our own time:20261022T170000", ";TZID=Our own time:20261022T180000",
                   "RRULE:FREQ=WEEKLY;COUNT=2")  # fmt: skip
    content = calendar(lesson).replace(b"BEGIN:VEVENT", zone.encode(), 1)
    file = read_calendar(content, time_zone=NEW_YORK)
    assert (starts(file), file.warnings) == (["10-22 15:00", "10-29 16:00"], ())


@pytest.mark.parametrize("name", ["Eastern Standard Time", '"(UTC-05:00) Eastern Time (US & Canada)"'])
def test_windows_calls_zones_by_other_names(name: str) -> None:
    file = read(event(f";TZID={name}:20261008T170000", f";TZID={name}:20261008T180000"))
    assert (starts(file), file.warnings) == (["10-08 21:00"], ())


def test_closures_repeat_and_move_as_whole_days() -> None:
    closed = "UID:1\nSUMMARY:CLOSED: Staff day\nDTSTART;VALUE=DATE:20261008\nDTEND;VALUE=DATE:20261010"
    moved = closed.replace("20261008", "20261110").replace("20261010", "20261111")
    file = read(f"{closed}\nRRULE:FREQ=MONTHLY;COUNT=3", f"{moved}\nRECURRENCE-ID;VALUE=DATE:20261108")
    assert [(closure.first_day, closure.last_day) for closure in file.closures] == [
        (date(2026, 10, 8), date(2026, 10, 9)), (date(2026, 11, 10), date(2026, 11, 10)),
        (date(2026, 12, 8), date(2026, 12, 9)),
    ]  # fmt: skip


def test_a_description_that_became_a_web_page_is_still_read() -> None:
    page = "DESCRIPTION:<p>Tutor: <b>Ruth Walker</b></p>Students: Ana O&#39\\;Neil\\, Leo Kim<br>Subject: Math"
    (row,) = read(event(more=page)).sessions
    assert (row.tutor_name, row.student_names) == ("Ruth Walker", ("Ana O'Neil", "Leo Kim"))


def test_broken_lines_are_named_and_spoil_no_other() -> None:
    file = read(
        event(more="this line says nothing\nEXDATE:20261399,20261008T210000Z\nRRULE:FREQ=WEEKLY;COUNT=2"),
        event(more="RRULE:AnythingRandom;FREQ=WEEKLY", uid="2"),
        event(';TZID="W. Europe:20261008T170000"', uid="3"),
    )
    assert starts(file) == ["10-15 21:00"]
    assert [problem.line for problem in file.problems] == [9, 12, 19]
    assert [warning.line for warning in file.warnings] == [8, 22]


def test_the_same_event_twice_is_one_and_the_later_version_counts() -> None:
    later = event(":20261009T210000Z", ":20261009T220000Z", "SEQUENCE:3")
    assert starts(read(event(), event(), later)) == ["10-09 21:00"]
    other = event(":20261009T210000Z", ":20261009T220000Z")
    assert starts(read(event(), other)) == ["10-08 21:00", "10-09 21:00"]


ZONES = st.sampled_from([NEW_YORK, "Europe/Paris", "Asia/Tokyo", "UTC"])
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def random_events(draw: st.DrawFn) -> str:
    """A repeating event with days left out, added and moved."""
    zone = draw(ZONES)
    first = datetime(2026, 10, 5) + timedelta(
        days=draw(st.integers(0, 40)), hours=draw(st.integers(6, 20)), minutes=15 * draw(st.integers(0, 3))
    )

    def at(name: str, moment: datetime) -> str:
        return f"{name};TZID={zone}:{moment:%Y%m%dT%H%M%S}" if zone != "UTC" else f"{name}:{moment:%Y%m%dT%H%M%S}Z"

    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"]))
    rule = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    if frequency != "YEARLY":
        days = draw(st.sets(st.sampled_from(WEEKDAYS), max_size=3))
        rule += [f"BYDAY={','.join(sorted(days))}"] if days else []
    rule += draw(st.sampled_from([[], ["WKST=SU"], ["WKST=MO"]]))
    if draw(st.booleans()):
        rule.append(f"COUNT={draw(st.integers(1, 30))}")
    else:
        until = first + timedelta(days=draw(st.integers(0, 200)), minutes=draw(st.integers(-30, 30)))
        rule.append(f"UNTIL={until:%Y%m%dT%H%M%S}Z")
    lines = ["UID:1", "SUMMARY:x", at("DTSTART", first), f"DURATION:PT{draw(st.integers(1, 8)) * 15}M"]
    lines.append(f"RRULE:{';'.join(rule)}")
    for _ in range(draw(st.integers(0, 2))):
        lines.append(at("EXDATE", first + timedelta(days=draw(st.integers(0, 60)))))
    for _ in range(draw(st.integers(0, 1))):
        lines.append(at("RDATE", first + timedelta(days=draw(st.integers(0, 60)), minutes=67)))
    return "\n".join(lines)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_events())
def test_any_repetition_has_the_sessions_that_an_independent_library_finds(lines: str) -> None:
    content = calendar(lines).replace(b"X-WR-TIMEZONE:America/New_York\n", b"VERSION:2.0\nPRODID:x\n")
    file = read_calendar(content, time_zone=NEW_YORK, within=(date(2026, 9, 1), date(2027, 9, 30)))
    begin, end = datetime(2026, 9, 15, tzinfo=UTC), datetime(2027, 9, 1, tzinfo=UTC)
    expected = Counter(
        (one["DTSTART"].dt.astimezone(UTC), one["DTEND"].dt.astimezone(UTC))
        for one in recurring_ical_events.of(Calendar.from_ical(content)).between(begin, end)
    )
    assert file.problems == ()
    found = Counter(one for one in held(file).elements() if begin <= one[0] < end)
    assert _without_the_hour_that_happens_twice(found) == _without_the_hour_that_happens_twice(expected)


def _without_the_hour_that_happens_twice(
    sessions: Counter[tuple[datetime, datetime]],
) -> Counter[tuple[datetime, datetime]]:
    """One o'clock at night on the day the clocks go back: on a wall clock only the first of the two can be said."""
    twice = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)
    return Counter({one: number for one, number in sessions.items() if not twice[0] <= one[0] < twice[1]})


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
# The library also takes marks in parameters that RFC 5545 does not know.
PLAIN = WORDS.map(lambda text: "".join(letter for letter in text if letter not in '"^\\%'))


@given(st.dictionaries(st.sampled_from(["CN", "TZID", "VALUE", "X-A"]), PLAIN, max_size=3), PLAIN)
def test_a_line_is_taken_apart_as_the_icalendar_library_does(parameters: dict[str, str], value: str) -> None:
    written = "".join(f';{name}="{words}"' for name, words in parameters.items())
    line = f"X-LINE{written}:{value}"
    of: Any = Contentline
    name, theirs, their_value = of(line).parts()
    ours = property_of(1, line)
    assert ours is not None
    assert (ours.name, unescaped(ours.value)) == (name, unescaped(str(their_value)))
    for key, words in parameters.items():
        assert ours.parameters[key] == words.strip() == str(theirs.get(key, "")).strip()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20261008", date(2026, 10, 8)),
        ("20131210Z", date(2013, 12, 10)),
        ("20261008T170000", datetime(2026, 10, 8, 17)),
        ("20261008T1700", datetime(2026, 10, 8, 17)),
        ("20261008T170060Z", datetime(2026, 10, 8, 17, 0, 59, tzinfo=UTC)),
        ("20261332", None),
        ("20261008T250000", None),
        ("083000", None),
        ("", None),
    ],
)
def test_moments_are_days_local_times_or_instants(written: str, meant: date | None) -> None:
    assert moment_of(written) == meant


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("PT1H30M", 90), ("P1D", 1440), ("P1W", 10080), ("-PT5M", -5), ("PT75S", 1.25), ("P", None)],
)
def test_lengths_are_read_in_all_their_parts(written: str, minutes: float | None) -> None:
    length = duration_of(written)
    assert (length.total_seconds() / 60 if length is not None else None) == minutes
