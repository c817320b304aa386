"""What the fields of the entry form understand."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from desktop.schedule.entry_form_fields import parse_duration, parse_until, resource_words, with_resources
from tests.desktop.schedule.filled_forms import WEDNESDAY
from tests.shared_models.schedule.small_center import Center


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12 weeks", WEDNESDAY + timedelta(days=83)),
        ("1w", WEDNESDAY + timedelta(days=6)),
        ("Jun 25", date(2027, 6, 25)),
        ("6/25", date(2027, 6, 25)),
        ("12/20", date(2026, 12, 20)),
        ("1/5/27", date(2027, 1, 5)),
        ("Nov 2, 2026", date(2026, 11, 2)),
        ("soon", None),
    ],
)
def test_the_end_is_a_date_or_a_length(typed: str, expected: date | None) -> None:
    assert parse_until(typed, WEDNESDAY, date(2026, 11, 25)) == expected


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("60", 60), ("90 min", 90), ("1.5 h", 90), ("2 hours", 120), ("2 h 30", 150), ("0", None), ("long", None)],
)
def test_a_duration_is_understood(typed: str, minutes: int | None) -> None:
    assert parse_duration(typed) == minutes


def test_resources_are_one_line_of_text(center: Center) -> None:
    draft = with_resources(
        center.draft(WEDNESDAY, time(16)), "https://meet.example.org/x, Projector, graph paper, rulers"
    )
    assert (draft.web_link, draft.needs_projector, draft.supplies) == (
        "https://meet.example.org/x", True, "graph paper, rulers",
    )  # fmt: skip
    assert resource_words(draft) == "https://meet.example.org/x, projector, graph paper, rulers"
    assert with_resources(draft, resource_words(draft)) == draft
