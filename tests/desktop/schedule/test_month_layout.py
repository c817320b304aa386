"""What fits into the days of a month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from desktop.schedule.calendar_values import ConflictMark
from desktop.schedule.month_layout import MonthMetrics, chip_words, lay_out_month, month_span
from tests.desktop.schedule.listed import listed, listed_days

FIRST = date(2026, 10, 26)
MONTH = date(2026, 11, 1)
METRICS = MonthMetrics(
    heading=28, date_line=26, chip=17, gap=2, inset=4, folded=44, least_half=84, chip_left=9, chip_right=3, badge=15
)


def width(text: str) -> float:
    return 6.0 * len(text)


def test_a_month_takes_whole_weeks() -> None:
    assert month_span(date(2026, 11, 25)) == (date(2026, 10, 26), date(2026, 12, 6))
    assert month_span(date(2027, 2, 1)) == (date(2027, 2, 1), date(2027, 2, 28))
    with pytest.raises(ValueError, match="whole weeks"):
        lay_out_month(listed_days(FIRST, 10), MONTH, 900, 600, METRICS, width)


def test_a_weekday_on_which_nothing_ever_happens_folds() -> None:
    plan = lay_out_month(listed_days(FIRST, 42, open_weekdays=range(6)), MONTH, 944, 600, METRICS, width)
    assert [cell.is_folded for cell in plan.cells[:7]] == [False] * 6 + [True]
    assert plan.cells[6].rect.w == 44
    assert plan.cells[0].rect.w == 150


def test_a_sunday_with_one_entry_does_not_fold() -> None:
    entries = [listed("a", date(2026, 11, 8))]
    plan = lay_out_month(listed_days(FIRST, 42, entries, open_weekdays=range(6)), MONTH, 944, 600, METRICS, width)
    assert not any(cell.is_folded for cell in plan.cells)


def test_what_does_not_fit_is_counted_and_nothing_is_lost() -> None:
    day = date(2026, 11, 4)
    entries = [listed(f"e{number}", day, 14 * 60 + 5 * number) for number in range(20)]
    plan = lay_out_month(listed_days(FIRST, 42, entries), MONTH, 900, 600, METRICS, width)
    cell = plan.cell(day)
    assert cell is not None and cell.more > 0 and cell.more_rect is not None
    assert len(cell.chips) + cell.more == 20
    assert cell.more_rect.bottom <= cell.rect.bottom


def test_chips_lie_inside_their_day_and_apart_from_each_other() -> None:
    day = date(2026, 11, 4)
    entries = [listed(f"e{number}", day + timedelta(days=number % 3)) for number in range(25)]
    plan = lay_out_month(listed_days(FIRST, 42, entries), MONTH, 1300, 560, METRICS, width)
    for cell in plan.cells:
        rects = [chip.rect for chip in cell.chips] + ([cell.more_rect] if cell.more_rect else [])
        for number, rect in enumerate(rects):
            assert cell.rect.x <= rect.x and rect.right <= cell.rect.right and rect.bottom <= cell.rect.bottom
            for other in rects[number + 1 :]:
                apart = (
                    rect.bottom <= other.y or other.bottom <= rect.y or rect.right <= other.x or other.right <= rect.x
                )
                assert apart


def test_conflicts_and_groups_are_shown_before_the_rest_yet_in_order_of_time() -> None:
    day = date(2026, 11, 4)
    entries = [listed(f"e{number}", day, 9 * 60 + number) for number in range(18)]
    entries[16] = listed("late-conflict", day, 19 * 60, conflict=ConflictMark.OVERLAP)
    entries[17] = listed("late-group", day, 20 * 60, head_count=10, people=("10 of 10",))
    plan = lay_out_month(listed_days(FIRST, 42, entries), MONTH, 900, 600, METRICS, width)
    cell = plan.cell(day)
    assert cell is not None
    shown = [chip.entry for chip in cell.chips]
    assert [one.id for one in shown[-2:]] == ["late-conflict", "late-group"]
    assert [one.starts for one in shown] == sorted(one.starts for one in shown)


def test_words_step_down_and_are_never_wider_than_their_room() -> None:
    one = listed("a", MONTH)
    found = [chip_words(one, room, width) for room in range(200)]
    assert found[-1] == "Andre Smith, Chemistry"
    assert "Andre" in found and "Andre S." in found
    assert all(width(words) <= room for room, words in enumerate(found))
    colored = listed("c", MONTH, initials="JJ")
    assert [chip_words(colored, room, width) for room in (500, 80, 60, 15)] == [
        "JJ · Andre Smith",
        "JJ · Andre S.",
        "JJ · Andre",
        "JJ",
    ]
    group = listed("b", MONTH, head_count=8, people=("8 of 10", "8/10", "8"), title=("SAT Math class", "SAT M"))
    assert chip_words(group, 500, width) == "SAT Math class, 8 of 10"


def test_a_busy_week_is_higher_than_a_quiet_one() -> None:
    entries = [listed(f"e{number}", date(2026, 11, 4), 600 + number) for number in range(12)]
    plan = lay_out_month(listed_days(FIRST, 42, entries), MONTH, 1200, 700, METRICS, width)
    heights = [plan.cells[7 * row].rect.h for row in range(6)]
    assert heights[1] > heights[0]
    assert sum(heights) == pytest.approx(700 - METRICS.heading, abs=1)
