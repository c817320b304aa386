"""The benchmark table tells a kept budget from a missed one, whichever way is better."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Figure, table

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("measured", "limit", "higher_is_better", "within"),
    [
        (40.0, 50.0, False, True),
        (50.0, 50.0, False, True),
        (51.0, 50.0, False, False),
        (2400.0, 2000.0, True, True),
        (1999.0, 2000.0, True, False),
        (7.0, None, False, True),
    ],
)
def test_a_budget_is_kept_on_its_own_side_of_the_limit(
    measured: float, limit: float | None, higher_is_better: bool, within: bool
) -> None:
    figure = Figure("week switch", measured, "ms", limit, higher_is_better)
    assert figure.within_limit is within


def test_a_missed_budget_is_marked_in_its_line_and_a_kept_one_is_not() -> None:
    lines = table([Figure("slow", 2.0, "s", 1.0), Figure("fast", 0.5, "s", 1.0)]).splitlines()
    assert [line.endswith("MISSED") for line in lines] == [False, False, True, False]


def test_each_figure_stands_beside_its_limit_and_its_peer_with_both_ratios() -> None:
    figure = Figure("home page", 2480.0, "requests/s", 2000.0, True, "Easy!Appointments", 270.0)
    cells = [cell.strip() for cell in table([figure]).splitlines()[-1].split("|")]
    assert cells == [
        "home page",
        "2,480 requests/s",
        "≥ 2,000 requests/s",
        "1.24×",
        "Easy!Appointments: 270 requests/s",
        "9.19×",
    ]


def test_a_benchmark_that_is_not_there_is_refused() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "bench.run", "no-such-thing"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert "no benchmark named no-such-thing" in answer.stderr
