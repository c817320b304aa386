"""calendar.ics: series with their exceptions, closures, and events that cannot become sessions."""

from collections import Counter
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.exchange.calendar_file import read_calendar
from shared_models.exchange.problems import UnreadableFile
from shared_models.exchange.subjects import SubjectWords
from shared_models.exchange.zones import zone_name_of
from shared_models.schedule.recurrence import Pattern, occurrences
from tests.shared_models.exchange.sample import calendar, sample

NEW_YORK = "America/New_York"
LESSON = (
    "UID:1\nSUMMARY:French\n"
    "DTSTART;TZID=America/New_York:20261008T170000\nDTEND;TZID=America/New_York:20261008T180000"
)


def days(content: bytes, **options: object) -> list[str]:
    file = read_calendar(content, time_zone=NEW_YORK, **options)  # type: ignore[arg-type]
    assert file.problems == ()
    return [occurrence.day.isoformat() for row in file.sessions for occurrence in occurrences(row.rule)]


def test_the_sample_center_has_166_series_with_5344_sessions_a_camp_and_6_closures() -> None:
    file = read_calendar(sample("calendar.ics"), time_zone=NEW_YORK)
    assert (file.problems, file.warnings) == ((), ())
    lessons = [row for row in file.sessions if row.uid.startswith("hlc-")]
    assert len(lessons) == 166
    assert sum(len(occurrences(row.rule)) for row in lessons) == 5344
    assert Counter(row.rule.interval for row in lessons) == {1: 159, 2: 7}
    (camp,) = [row for row in file.sessions if row.uid.startswith("camp")]
    assert (camp.rule.pattern, len(occurrences(camp.rule))) == (Pattern.DAILY, 5)
    assert len(file.closures) == 6
    assert file.closures[2].reason == "Winter break"
    assert (file.closures[2].first_day, file.closures[2].last_day) == (date(2026, 12, 24), date(2027, 1, 1))


def test_the_words_of_an_event_are_taken_apart() -> None:
    first = read_calendar(sample("calendar.ics"), time_zone=NEW_YORK).sessions[0]
    assert (first.line, first.title) == (24, "SAT - Elena Kim")
    assert (first.tutor_name, first.tutor_email) == ("Małgorzata Williams", "tutor04@example.com")
    assert (first.location, first.rooms, first.is_online) == ("Irvington Office", ("Room E",), False)
    assert first.student_names == ("Elena Kim",)
    assert first.subject == SubjectWords("Test Prep", "SAT")


def test_online_has_no_room() -> None:
    (row,) = read_calendar(calendar(f"{LESSON}\nLOCATION:Irvington Office / online")).sessions
    assert (row.location, row.rooms, row.is_online) == ("Irvington Office", (), True)


def test_folding_inside_a_letter_is_undone() -> None:
    content = calendar(LESSON).replace(b"SUMMARY:French", b"SUMMARY:Fran\xc3\n \xa7ais")
    assert read_calendar(content).sessions[0].title == "Français"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["2026-10-08", "2026-10-15", "2026-10-22"]),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20261105T225959Z", ["2026-10-08", "2026-10-22", "2026-11-05"]),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20261105T215959Z", ["2026-10-08", "2026-10-22"]),
        ("FREQ=WEEKLY;UNTIL=20261015", ["2026-10-08", "2026-10-15"]),
        ("FREQ=WEEKLY;UNTIL=20261015T170000", ["2026-10-08", "2026-10-15"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", ["2026-10-08", "2026-10-13", "2026-10-15"]),
        ("FREQ=DAILY;COUNT=3", ["2026-10-08", "2026-10-09", "2026-10-10"]),
        ("FREQ=DAILY;INTERVAL=3;COUNT=3", ["2026-10-08", "2026-10-11", "2026-10-14"]),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=3", ["2026-10-08", "2026-10-09", "2026-10-12"]),
    ],
)
def test_repetitions_become_series(rule: str, expected: list[str]) -> None:
    assert days(calendar(f"{LESSON}\nRRULE:{rule}")) == expected


def test_days_left_out_are_named_in_any_zone() -> None:
    event = f"{LESSON}\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID={NEW_YORK}:20261015T170000\nEXDATE:20261022T210000Z"
    assert days(calendar(event)) == ["2026-10-08", "2026-10-29"]


def test_a_series_of_another_zone_is_shown_in_ours_on_the_right_weekday() -> None:
    event = (
        "UID:1\nDTSTART;TZID=Asia/Tokyo:20261009T060000\nDTEND;TZID=Asia/Tokyo:20261009T070000\n"
        "RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=2"
    )
    (row,) = read_calendar(calendar(event), time_zone=NEW_YORK).sessions
    assert (row.rule.start, row.rule.weekdays) == (time(17), frozenset({3}))
    assert occurrences(row.rule)[0].starts_at == datetime(2026, 10, 8, 21, tzinfo=UTC)


def test_a_single_session_in_utc_is_shown_in_our_zone() -> None:
    event = "UID:1\nDTSTART:20261008T210000Z\nDURATION:PT45M"
    (row,) = read_calendar(calendar(event), time_zone=NEW_YORK).sessions
    assert (row.rule.pattern, row.rule.start, row.rule.duration_minutes) == (Pattern.ONE_OFF, time(17), 45)


def test_a_series_without_end_is_taken_for_a_year_and_said() -> None:
    file = read_calendar(calendar(f"{LESSON}\nRRULE:FREQ=WEEKLY"), time_zone=NEW_YORK, today=date(2026, 11, 25))
    assert len(occurrences(file.sessions[0].rule)) == 59
    assert "has no end" in file.warnings[0].reason


@pytest.mark.parametrize(
    ("event", "words", "line"),
    [
        (f"{LESSON}\nRRULE:FREQ=SOMETIMES", "cannot be", 3),
        (f"{LESSON}\nRRULE:FREQ=DAILY;BYDAY=XX", "on “XX”", 3),
        (f"{LESSON}\nRRULE:FREQ=WEEKLY;UNTIL=soon", "until “SOON”", 3),
        (f"{LESSON}\nRRULE:FREQ=WEEKLY;INTERVAL=0", "with the number “0”", 3),
        (f"{LESSON}\nRECURRENCE-ID:whenever", "original time", 3),
        ("UID:1\nSUMMARY:Trip\nDTSTART;VALUE=DATE:20261008", "CLOSED: ", 3),
        ("UID:1\nDTSTART:20261008T210000Z", "no end", 3),
        ("UID:1\nDTSTART:20261008T210000Z\nDTEND:20261008T200000Z", "before it begins", 3),
        ("UID:1\nDTSTART:20261008T210000Z\nDTEND:20261010T200000Z", "longer than a day", 3),
        ("UID:1\nDTSTART:20261332T210000Z\nDTEND:20261010T200000Z", "cannot be read", 3),
        ("UID:1\nSUMMARY:Nothing", "no beginning", 3),
    ],
)
def test_what_cannot_become_sessions_is_reported_with_its_line(event: str, words: str, line: int) -> None:
    file = read_calendar(calendar(event), time_zone=NEW_YORK)
    assert file.sessions == ()
    assert [(problem.line, words in problem.reason) for problem in file.problems] == [(line, True)]


def test_a_cancelled_event_and_an_unknown_zone_are_said() -> None:
    unknown = LESSON.replace(NEW_YORK, "Hudson/Valley").replace("UID:1", "UID:2")
    file = read_calendar(calendar(f"{LESSON}\nSTATUS:CANCELLED", unknown))
    assert ([row.uid for row in file.sessions], [row.uid for row in file.cancelled]) == (["2"], ["1"])
    assert [("cancelled" in w.reason, "Hudson/Valley" in w.reason) for w in file.warnings] == [
        (True, False), (False, True)
    ]  # fmt: skip


def test_one_broken_event_spoils_no_other() -> None:
    content = calendar(LESSON, "UID:2\nDTSTART:nonsense\nDTEND:nonsense").replace(
        b"END:VCALENDAR", b"BEGIN:VEVENT\nUID:3\nEND:VCALENDAR"
    )
    file = read_calendar(content)
    assert len(file.sessions) == 1
    assert [problem.line for problem in file.problems] == [9, 14]


def test_alarms_inside_events_are_passed_over() -> None:
    event = f"{LESSON}\nBEGIN:VALARM\nTRIGGER:-PT10M\nDURATION:PT5M\nEND:VALARM"
    assert read_calendar(calendar(event)).sessions[0].rule.duration_minutes == 60


def test_a_file_that_is_no_calendar_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        read_calendar(b"Dear Sir or Madam")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("America/New_York", "America/New_York"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(GMT +01:00)", "UTC+01:00"),
        ("Hudson Valley", None),
    ],
)
def test_zones_as_calendar_programs_write_them(written: str, name: str | None) -> None:
    assert zone_name_of(written) == name


@given(st.text(alphabet="BEGINDVTXRULEFQS:;=,-\n \\0123456789ZPW", max_size=200))
def test_no_text_inside_an_event_crashes_the_reader(text: str) -> None:
    read_calendar(calendar(f"{LESSON}\n{text}"), time_zone=NEW_YORK)
