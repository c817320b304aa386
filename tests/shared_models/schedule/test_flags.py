"""Flags: what is unusual about an entry without being anyone's double booking."""

from datetime import date

import pytest

from shared_models.schedule.flags import (
    AvailabilityException,
    EntryFacts,
    EntryFlag,
    LocationRules,
    TutorRules,
    available_spans,
    flags_of,
)
from shared_models.schedule.recurrence import Closure

WEDNESDAY = date(2026, 11, 25)
AFTERNOON = (14 * 60, 21 * 60)
FOUR_TO_FIVE = (16 * 60, 17 * 60)


def entry(span: tuple[int, int] = FOUR_TO_FIVE, **changes: object) -> EntryFacts:
    values: dict[str, object] = {"location_id": "irvington", "day": WEDNESDAY, "span": span}
    return EntryFacts(**(values | changes))  # type: ignore[arg-type]


def tutor(**changes: object) -> TutorRules:
    values: dict[str, object] = {
        "location_ids": frozenset({"irvington"}),
        "taught": frozenset({("math", "algebra"), ("science", None)}),
        "weekly": {("irvington", 2): (AFTERNOON,)},
    }
    return TutorRules(**(values | changes))  # type: ignore[arg-type]


def test_an_ordinary_entry_has_no_flag() -> None:
    place = LocationRules({2: (AFTERNOON,)})
    assert flags_of(entry(attendee_count=1, capacity=1), place, tutor()) == frozenset()


def test_more_attendees_than_seats() -> None:
    assert flags_of(entry(attendee_count=4, capacity=3)) == {EntryFlag.OVER_CAPACITY}


@pytest.mark.parametrize("span", [(13 * 60, 15 * 60), (20 * 60, 21 * 60 + 15), (23 * 60, 25 * 60)])
def test_outside_opening_hours(span: tuple[int, int]) -> None:
    assert flags_of(entry(span), LocationRules({2: (AFTERNOON,)})) == {EntryFlag.OUTSIDE_OPENING_HOURS}


def test_a_closed_weekday_is_outside_opening_hours_and_unknown_hours_are_not() -> None:
    assert flags_of(entry(), LocationRules({0: (AFTERNOON,)})) == {EntryFlag.OUTSIDE_OPENING_HOURS}
    assert flags_of(entry(), LocationRules()) == frozenset()


def test_on_a_closure() -> None:
    place = LocationRules(closures=(Closure(WEDNESDAY, WEDNESDAY),))
    assert flags_of(entry(), place) == {EntryFlag.ON_CLOSURE}


def test_tutor_not_available_that_weekday_or_hour() -> None:
    assert flags_of(entry(), None, tutor(weekly={("irvington", 3): (AFTERNOON,)})) == {EntryFlag.TUTOR_UNAVAILABLE}
    assert flags_of(entry((13 * 60, 15 * 60)), None, tutor()) == {EntryFlag.TUTOR_UNAVAILABLE}


def test_a_tutor_without_weekly_hours_is_unavailable_only_where_an_exception_says_so() -> None:
    assert flags_of(entry(), None, tutor(weekly={})) == frozenset()
    closed = AvailabilityException(WEDNESDAY, is_open=False, span=FOUR_TO_FIVE)
    assert flags_of(entry(), None, tutor(weekly={}, exceptions=(closed,))) == {EntryFlag.TUTOR_UNAVAILABLE}
    assert available_spans(tutor(weekly={}), "irvington", WEDNESDAY) == ()


def test_exceptions_override_weekly_hours_and_time_off_overrides_all() -> None:
    opened = AvailabilityException(WEDNESDAY, is_open=True, span=(12 * 60, 14 * 60))
    closed = AvailabilityException(WEDNESDAY, is_open=False, span=FOUR_TO_FIVE)
    changed = tutor(exceptions=(opened, closed))
    assert available_spans(changed, "irvington", WEDNESDAY) == ((12 * 60, 16 * 60), (17 * 60, 21 * 60))
    away = tutor(exceptions=(opened,), time_off=(Closure(WEDNESDAY, WEDNESDAY),))
    assert available_spans(away, "irvington", WEDNESDAY) == ()
    assert flags_of(entry(), None, away) == {EntryFlag.TUTOR_TIME_OFF}


def test_an_exception_of_another_place_or_day_changes_nothing() -> None:
    elsewhere = AvailabilityException(WEDNESDAY, is_open=False, location_id="tarrytown")
    another_day = AvailabilityException(date(2026, 11, 26), is_open=False)
    assert flags_of(entry(), None, tutor(exceptions=(elsewhere, another_day))) == frozenset()


def test_tutor_not_assigned_to_the_location() -> None:
    assert flags_of(entry(), None, tutor(location_ids=frozenset({"tarrytown"}))) == {EntryFlag.TUTOR_NOT_AT_LOCATION}


@pytest.mark.parametrize(
    ("subject", "topic", "is_taught"),
    [
        ("math", "algebra", True),
        ("math", "geometry", False),
        ("math", None, True),
        ("science", "biology", True),
        ("art", None, False),
        (None, None, True),
    ],
)
def test_tutor_not_teaching_the_subject(subject: str | None, topic: str | None, is_taught: bool) -> None:
    flags = flags_of(entry(subject_id=subject, topic_id=topic), None, tutor())
    assert (EntryFlag.TUTOR_NOT_TEACHING_SUBJECT not in flags) is is_taught
