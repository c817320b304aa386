"""The matching half of a bi-weekly place (product §4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared_models.schedule.matching import (
    BiweeklySeries,
    BiweeklyWish,
    MatchTerms,
    empty_days,
    matching_series,
    matching_students,
    unmatched,
)
from shared_models.schedule.slots import Taken

WEDNESDAY = date(2026, 9, 9)
WEEK = timedelta(days=7)
TERMS = MatchTerms("America/New_York", WEDNESDAY, {"Patel": frozenset({("math", None), ("writing", "essays")})})


def series(series_id: str = "noah", first_day: date = WEDNESDAY, weeks: int = 6, **changes: object) -> BiweeklySeries:
    """Math with Patel in Room A on Wednesdays at four, every other week."""
    made = BiweeklySeries(
        series_id, "office", first_day, first_day + weeks * WEEK, time(16), 60, "Patel", "Room A", ("math", None),
        (series_id,),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def wednesdays(*weeks: int) -> tuple[date, ...]:
    return tuple(WEDNESDAY + week * WEEK for week in weeks)


def hour(day: date, clock: time = time(16)) -> Taken:
    starts = int(datetime.combine(day, clock, ZoneInfo("America/New_York")).timestamp())
    return starts, starts + 3600


def test_the_weeks_between_the_sessions_are_empty() -> None:
    assert empty_days(series(), [], WEDNESDAY) == wednesdays(1, 3, 5)
    assert empty_days(series(), [], WEDNESDAY + 2 * WEEK) == wednesdays(3, 5)


def test_whoever_uses_tutor_or_room_in_the_other_weeks_fills_them() -> None:
    mine, other_half = series(), series("wei", WEDNESDAY + WEEK, 2)
    assert empty_days(mine, [mine, other_half], WEDNESDAY) == wednesdays(5)
    same_room = replace(other_half, tutor_id="Johnson", start=time(16, 45))
    assert empty_days(mine, [same_room], WEDNESDAY) == wednesdays(5)
    elsewhere = replace(other_half, tutor_id="Johnson", room_id="Room B")
    later = replace(other_half, start=time(17))
    assert empty_days(mine, [elsewhere, later], WEDNESDAY) == wednesdays(1, 3, 5)
    nowhere = replace(other_half, tutor_id=None, room_id=None)
    assert empty_days(mine, [nowhere], WEDNESDAY) == wednesdays(1, 3, 5)


def test_places_with_empty_weeks_are_listed() -> None:
    filled = [series(), series("wei", WEDNESDAY + WEEK, 4)]
    alone = series("priya", WEDNESDAY + timedelta(days=1))
    assert unmatched([*filled, alone], WEDNESDAY) == [alone]


def test_the_series_that_changes_least_is_the_first_choice() -> None:
    in_turn = series("wei", WEDNESDAY + WEEK, tutor_id="Johnson", room_id="Room B")
    same_weeks = series("priya", tutor_id="Johnson", room_id="Room B")
    other_day = series("ana", WEDNESDAY + timedelta(days=1), tutor_id="Johnson", room_id="Room B", start=time(18))
    found = matching_series(series(), [series(), other_day, same_weeks, in_turn], TERMS)
    assert [(match.series_id, match.shift_weeks, match.changes) for match in found] == [
        ("wei", 0, ("tutor", "room")),
        ("priya", 1, ("tutor", "room")),
        ("ana", 1, ("tutor", "room", "time", "weekday")),
    ]
    assert found[0].first_day == WEDNESDAY + WEEK
    assert found[0].days == wednesdays(1, 3, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"location_id": "elsewhere"},
        {"duration_minutes": 90},
        {"subject": ("french", None)},
        {"subject": ("writing", "poems")},
        {"student_ids": ("noah",)},
        {"first_day": WEDNESDAY - 9 * WEEK, "last_day": WEDNESDAY - WEEK},
    ],
)
def test_a_series_that_does_not_fit_is_not_offered(changes: dict[str, object]) -> None:
    fits = series("wei", WEDNESDAY + WEEK, tutor_id="Johnson", room_id="Room B")
    assert matching_series(series(), [fits], TERMS)
    assert matching_series(series(), [replace(fits, **changes)], TERMS) == []  # type: ignore[arg-type]


def test_the_other_half_itself_is_not_offered() -> None:
    assert matching_series(series(), [series("wei", WEDNESDAY + WEEK)], TERMS) == []


def test_a_series_whose_student_is_busy_is_not_offered_but_its_own_sessions_do_not_count() -> None:
    other = series("wei", WEDNESDAY + WEEK, tutor_id="Johnson", room_id="Room B")
    own = [hour(day) for day in wednesdays(1, 3, 5)]
    assert matching_series(series(), [other], replace(TERMS, taken={"wei": own}))
    soccer = hour(WEDNESDAY + 3 * WEEK, time(16, 30))
    assert matching_series(series(), [other], replace(TERMS, taken={"wei": [*own, soccer]})) == []


@pytest.mark.parametrize("taken_by", ["Patel", "Room A"])
def test_a_day_on_which_tutor_or_room_is_needed_otherwise_is_not_offered(taken_by: str) -> None:
    other = series("wei", WEDNESDAY + WEEK, tutor_id="Johnson", room_id="Room B")
    (match,) = matching_series(series(), [other], replace(TERMS, taken={taken_by: [hour(WEDNESDAY + WEEK)]}))
    assert match.days == wednesdays(3, 5)


def test_students_who_wish_to_come_every_other_week_are_found() -> None:
    wishes = [
        BiweeklyWish("often busy", "office", ("math", None)),
        BiweeklyWish("free", "office", ("math", "algebra"), weekdays=frozenset({2}), span=(15 * 60, 17 * 60)),
        BiweeklyWish("other day", "office", weekdays=frozenset({1})),
        BiweeklyWish("too late", "office", span=(16 * 60 + 15, 20 * 60)),
        BiweeklyWish("other tutor", "office", tutor_id="Johnson"),
        BiweeklyWish("other subject", "office", ("french", None)),
        BiweeklyWish("longer", "office", duration_minutes=90),
        BiweeklyWish("elsewhere", "home"),
        BiweeklyWish("noah", "office"),
        BiweeklyWish("always busy", "office"),
    ]
    taken = {
        "often busy": [hour(WEDNESDAY + WEEK, time(15, 30))],
        "always busy": [hour(day) for day in wednesdays(1, 3, 5)],
    }
    found = matching_students(series(), wishes, replace(TERMS, taken=taken))
    assert [(match.student_id, match.days, match.busy_days) for match in found] == [
        ("free", wednesdays(1, 3, 5), ()),
        ("often busy", wednesdays(3, 5), wednesdays(1)),
    ]
    assert matching_students(series(), wishes, TERMS, [series("wei", WEDNESDAY + WEEK)]) == []


def test_a_place_keeps_its_hour_when_the_clocks_change() -> None:
    fall = date(2026, 10, 21)
    mine = series(first_day=fall, weeks=4)
    busy = {"wei": [hour(fall + 3 * WEEK)]}
    (match,) = matching_students(mine, [BiweeklyWish("wei", "office")], replace(TERMS, taken=busy))
    assert (match.days, match.busy_days) == ((fall + WEEK,), (fall + 3 * WEEK,))


@pytest.mark.parametrize("changes", [{"duration_minutes": 0}, {"last_day": WEDNESDAY - WEEK}])
def test_a_series_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        series(**changes)  # type: ignore[arg-type]
