"""Which service a lesson of a calendar is."""

import pytest

from shared_models.catalog.models import ProductType
from shared_models.exchange.lesson_kinds import LessonKind, lesson_kind

OFFERED = ("PRIVATE_MIDDLE", "CAMP_ELEMENTARY", "CAMP_MIDDLE")


@pytest.mark.parametrize(
    ("title", "subject", "grades", "count", "code"),
    [
        ("French - Ana Kim", "Foreign Languages", ["4"], 1, "PRIVATE_ELEMENTARY"),
        ("French - Ana Kim", "Foreign Languages", ["K"], 1, "PRIVATE_ELEMENTARY"),
        ("French - Ana Kim", "Foreign Languages", ["7"], 1, "PRIVATE_MIDDLE"),
        ("French - Ana Kim", "Foreign Languages", ["12"], 1, "PRIVATE_HIGH"),
        ("SAT - Ana Kim", "Test Prep", ["11"], 1, "PRIVATE_TEST_PREP"),
        ("French", "Foreign Languages", ["7", "8", "3"], 3, "SEMI_PRIVATE_MIDDLE"),
        ("French", "Foreign Languages", ["7", "4"], 2, "SEMI_PRIVATE_ELEMENTARY"),
        ("French", "Foreign Languages", ["9"] * 4, 4, "GROUP_HIGH"),
        ("French", "", [], 0, "PRIVATE_MIDDLE"),
        ("French", "", ["unknown"], 1, "PRIVATE_MIDDLE"),
        ("French for high school", "", ["4"], 1, "PRIVATE_HIGH"),
        ("First assessment", "Math", ["4"], 1, "ASSESSMENT"),
    ],
)
def test_format_and_level_follow_from_students_subject_and_grades(
    title: str, subject: str, grades: list[str], count: int, code: str
) -> None:
    assert lesson_kind(title, subject, grades, count, OFFERED) == LessonKind(code)


@pytest.mark.parametrize(
    ("title", "code", "type_", "name"),
    [
        ("SHSAT group", "GROUP_TEST_PREP", ProductType.CLASS, "SHSAT group"),
        ("Coding club", "GROUP_MIDDLE", ProductType.CLASS, "Coding club"),
        ("Essay workshop, part 2", "WORKSHOP_MIDDLE", ProductType.WORKSHOP, "Essay workshop"),
    ],
)
def test_a_named_class_is_a_product(title: str, code: str, type_: ProductType, name: str) -> None:
    assert lesson_kind(title, "Math", ["6"] * 5, 5, OFFERED) == LessonKind(code, type_, name)


def test_a_camp_without_students_is_of_the_first_level_offered() -> None:
    kind = lesson_kind("Summer STEM camp week 1", "", [], 0, OFFERED)
    assert kind == LessonKind("CAMP_ELEMENTARY", ProductType.CAMP, "Summer STEM camp")
    assert lesson_kind("Summer camp", "", [], 0, ()).service_code == "CAMP_ELEMENTARY"
