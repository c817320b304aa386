"""How the words of an entry step down until they fit."""

from __future__ import annotations

import pytest

from desktop.schedule.calendar_values import ConflictMark, Line, Status, span_words
from desktop.schedule.entry_words import (
    lane_title_words,
    people_words,
    person_words,
    room_words,
    title_words,
    tutor_words,
)
from desktop.schedule.wording import TextRole, badge_kind, box_text, closed_words, fit
from tests.desktop.schedule.scenes import METRICS, entry, measure

NAME = ("Andre Smith", "Andre S.", "Andre")


@pytest.mark.parametrize(("width", "shown"), [(66, "Andre Smith"), (60, "Andre S."), (30, "Andre"), (29, "")])
def test_a_name_steps_down_and_is_left_out_rather_than_cut(width: float, shown: str) -> None:
    assert fit(NAME, width, TextRole.LINE, measure) == shown


def test_a_time_is_left_out_rather_than_cut() -> None:
    assert fit(("4:15–5:15",), 50, TextRole.LINE, measure) == ""


def test_a_box_shows_title_name_and_room_when_there_is_height() -> None:
    lines, badge = box_text(entry("a", "Mon", 0, 60), 90, 54, METRICS.compact, measure)
    assert [line.text for line in lines] == ["Chemistry", "Andre Smith", "Room A"]
    assert badge is None


def test_a_low_box_shows_title_and_name_beside_each_other() -> None:
    lines, _ = box_text(entry("a", "Mon", 0, 15), 160, 18, METRICS.compact, measure)
    assert [line.text for line in lines] == ["Chemistry", "Andre Smith"]
    assert lines[0].y == lines[1].y


def test_a_room_is_left_out_rather_than_cut() -> None:
    lines, _ = box_text(
        entry("a", "Mon", 0, 60, lines=(Line(NAME), Line(("Library",)))), 44, 54, METRICS.compact, measure
    )
    assert [line.text for line in lines] == ["Chem.", "Andre"]


def test_words_make_room_for_the_badge() -> None:
    marked = entry("a", "Mon", 0, 60, conflict=ConflictMark.OVERLAP, lines=(Line(("Andre Smith Jones",)),))
    lines, badge = box_text(marked, 110, 54, METRICS.compact, measure)
    assert badge is not None and badge.y < 10
    assert lines[0].x + measure(lines[0].text, lines[0].role) < badge.x


def test_in_a_narrow_lane_the_badge_moves_down() -> None:
    marked = entry("a", "Mon", 0, 60, conflict=ConflictMark.OVERLAP)
    _, badge = box_text(marked, 60, 54, METRICS.compact, measure)
    assert badge is not None
    assert badge.y == 54 - 3 - 14


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"conflict": ConflictMark.BUFFER, "is_unpaid": True}, "buffer"),
        ({"status": Status.NO_SHOW, "is_unpaid": True}, "no_show"),
        ({"is_unpaid": True}, "unpaid"),
        ({"status": Status.CANCELLED, "conflict": ConflictMark.OVERLAP}, ""),
    ],
)
def test_the_most_pressing_mark_becomes_the_badge(changes: dict[str, object], kind: str) -> None:
    assert badge_kind(entry("a", "Mon", 0, 60, **changes)) == kind


def test_the_pill_names_the_reason_and_the_days() -> None:
    assert closed_words("Thanksgiving", ["Thursday", "Friday"])[0] == "Closed for Thanksgiving, Thursday and Friday"
    assert closed_words("Winter break", ["Monday", "Tuesday", "Wednesday"])[0] == (
        "Closed for Winter break, Monday to Wednesday"
    )


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [(975, 1035, "4:15–5:15 PM"), (690, 750, "11:30 AM–12:30 PM"), (540, 600, "9:00–10:00 AM")],
)
def test_a_span_names_the_half_of_the_day_once(starts: int, ends: int, words: str) -> None:
    assert span_words(starts, ends) == words


def test_a_topic_loses_its_explanation_and_then_its_length() -> None:
    assert title_words("Writing (grammar, sentence structure, essays)") == ("Writing", "Writ.")
    assert title_words("SHSAT group") == ("SHSAT group", "SHSAT")
    assert title_words("Robotics camp") == ("Robotics camp", "Robotics")


def test_a_title_ends_with_a_code_that_fits_any_lane() -> None:
    assert lane_title_words("Pre-Calculus")[-1] == "PC"
    assert lane_title_words("SHSAT group") == ("SHSAT group", "SHSAT", "SHS")
    assert lane_title_words("Robotics camp")[-1] == "Rob"
    assert lane_title_words("Young Writers class")[-1] == "YW"
    assert lane_title_words("SAT") == ("SAT",)


def test_the_badge_shrinks_into_the_corner_before_it_costs_a_name() -> None:
    marked = entry("a", "Mon", 0, 60, conflict=ConflictMark.OVERLAP)
    lines, badge = box_text(marked, 42, 45, METRICS.compact, measure)
    assert badge is not None and badge.size < METRICS.compact.badge
    assert [line.text for line in lines] == ["Chem.", "Andre"]
    assert lines[1].y + METRICS.compact.line_height * 6 / 7 <= badge.y


def test_words_and_badge_never_share_a_place() -> None:
    marked = entry("a", "Mon", 0, 60, conflict=ConflictMark.OVERLAP)
    for width in range(30, 120):
        for height in range(18, 60):
            lines, badge = box_text(marked, width, height, METRICS.compact, measure)
            for line in lines if badge is not None else ():
                is_beside = line.x + measure(line.text, line.role) <= badge.x
                is_above = line.y + 12 <= badge.y or badge.y + badge.size <= line.y + 2
                assert is_beside or is_above


def test_students_are_named_alone_and_in_pairs_and_counted_in_groups() -> None:
    assert people_words(["Ayşe Smith"], 1) == ("Ayşe Smith", "Ayşe S.", "Ayşe", "A. S.", "AS")
    assert people_words(["Noah Lee", "Ayşe Smith"], 3)[0] == "Noah and Ayşe"
    assert people_words([f"S{i} T" for i in range(8)], 10) == ("8 of 10", "8/10", "8")
    assert people_words([], 10) == ("0 of 10", "0/10")


def test_names_of_one_word_stay_whole() -> None:
    assert person_words("Zoë") == ("Zoë",)
    assert tutor_words("Zoë") == ("Zoë",)
    assert room_words("Room C") == ("Room C", "Rm C")
