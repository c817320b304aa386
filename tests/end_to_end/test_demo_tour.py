"""`./dev demo --headless`: the whole tour in real processes, and the figures it must find in the sample center."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tools.demo_center import shift_weeks_for

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ("calendar-week", "calendar-day", "leads", "lead-form", "print-preview", "website-home")


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-m", "tools.demo", "--headless", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def summary(tour: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((tour / "summary.json").read_text("utf-8"))
    return content


def test_every_good_line_arrives(summary: dict[str, Any]) -> None:
    expected = {"families": 180, "students": 282, "tutors": 14, "leads": 64, "series": 166, "entries": 5344}
    assert expected.items() <= summary["counts"].items()
    assert summary["counts"]["closures"] == 6


def test_the_three_bad_lines_are_reported_with_their_reason(summary: dict[str, Any]) -> None:
    assert [(problem["file"], problem["line"]) for problem in summary["problems"]] == [
        ("families.csv", 62),
        ("families.csv", 63),
        ("families.csv", 64),
    ]
    assert all(len(problem["reason"]) > 10 for problem in summary["problems"])


def test_the_conflicts_are_those_that_a_comparison_of_all_pairs_finds(summary: dict[str, Any]) -> None:
    # Counted once from the calendar file alone, with another library and every pair of a day compared.
    assert summary["conflicts"] == {
        "tutor": {"overlap": 316, "buffer": 85},
        "room": {"overlap": 262, "buffer": 114},
        "student": {"overlap": 279},
    }


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_whole_windows(tour: Path, name: str) -> None:
    with Image.open(tour / f"{name}.png") as picture:
        assert picture.width >= 1280
        assert picture.height >= 900
        colors = picture.convert("RGB").resize((200, 200)).getcolors(40_000)
    assert colors is not None
    assert len(colors) > 200


def test_the_phone_sees_a_page_of_its_width(tour: Path) -> None:
    with Image.open(tour / "website-home-phone.png") as picture:
        assert picture.width == 390


def test_the_printed_day_names_everybody(tour: Path) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(tour / "day-schedule.pdf")
    words = " ".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    for name in ("Wednesday, November 25, 2026", "M. Williams", "Wei Yılmaz", "Małgorzata Patel", "Irvington Office"):
        assert name in words


def test_the_seconds_of_the_slow_steps_are_there(summary: dict[str, Any]) -> None:
    assert summary["seconds"].keys() == {"import", "first_sync", "window_ready", "web_lead_to_desktop"}
    assert all(seconds > 0 for seconds in summary["seconds"].values())


@pytest.mark.parametrize("day", [date(2026, 9, 1) + timedelta(days=13 * step) for step in range(-80, 220)])
def test_the_sample_year_is_moved_by_whole_weeks_onto_any_day(day: date) -> None:
    moved = timedelta(weeks=shift_weeks_for(day))
    assert date(2026, 9, 8) + moved <= day <= date(2027, 6, 25) + moved


def test_the_sample_year_stays_where_it_is_while_it_lasts() -> None:
    assert shift_weeks_for(date(2026, 11, 25)) == 0
    assert shift_weeks_for(date(2026, 9, 8)) == 0
    assert shift_weeks_for(date(2027, 6, 25)) == 0
