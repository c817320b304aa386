"""Families: the sample center's file, and what makes lines one family."""

from datetime import date

import pytest

from shared_models.exchange.families import families_of, read_families
from shared_models.people.models import LessonMode
from tests.shared_models.exchange.sample import AROUND, IRVINGTON, families_csv, sample


def test_the_sample_center_has_180_families_and_282_students() -> None:
    file = read_families(sample("families.csv"), around=AROUND)
    assert (len(file.families), file.student_count) == (180, 282)
    assert file.warnings == ()


def test_the_three_bad_lines_are_reported_with_line_and_every_reason() -> None:
    problems = read_families(sample("families.csv"), around=AROUND).problems
    assert [problem.line for problem in problems] == [62, 63, 64]
    for words in ("2/30/2015", "13/45/2025", "“12”", "not-an-email"):
        assert words in problems[0].reason
    assert "parent’s name is missing" in problems[1].reason
    assert "Bronxville Office" in problems[2].reason
    assert IRVINGTON in problems[2].reason


def test_a_bad_line_can_be_mended_and_then_arrives() -> None:
    file = read_families(sample("families.csv"), around=AROUND)
    location = file.mapping.column("location")
    assert location is not None
    mended = families_of(file.table.with_cell(64, location, IRVINGTON), "families.csv", AROUND, file.mapping)
    assert [problem.line for problem in mended.problems] == [62, 63]
    assert (len(mended.families), mended.student_count) == (181, 283)


def test_names_keep_accents_and_lose_stray_capitals_and_spaces() -> None:
    file = read_families(sample("families.csv"), around=AROUND)
    surnames = {family.parent1.last_name for family in file.families}
    assert {"Yılmaz", "Łukasik", "O'Brien", "D'Angelo", "McCarthy", "Fernández-López", "Smith"} <= surnames
    assert not {name for name in surnames if name.isupper() or name != name.strip()}


def test_phones_dates_and_health_arrive_in_stored_form() -> None:
    file = read_families(sample("families.csv"), around=AROUND)
    assert {family.parent1.phone[:2] for family in file.families} == {"+1"}
    assert all(len(family.parent1.phone) == 12 for family in file.families)
    births = [student.date_of_birth for family in file.families for student in family.students]
    assert all(birth is not None and date(2007, 1, 1) < birth < date(2022, 1, 1) for birth in births)
    students = [student for family in file.families for student in family.students]
    assert {student.allergies for student in students} == {"", "Yes"}
    assert {student.has_iep for student in students} == {None, True, False}
    assert sum(student.lesson_mode is LessonMode.ONLINE for student in students) == 41


@pytest.mark.parametrize(
    "second",
    [
        "ANA,KIM,ANA@x.example,,Leo,Irvington Office",
        "Ana,Kim,,914-555-0101,Leo,Irvington Office",
        " Ana , Kim,ana@x.example,(914) 555-0101,Leo,Irvington Office",
    ],
    ids=["capitals, no phone", "no e-mail", "spaces"],
)
def test_lines_of_one_parent_are_one_family(second: str) -> None:
    file = read_families(families_csv("Ana,Kim,ana@x.example,9145550101,Mia,Irvington Office", second), around=AROUND)
    assert [[s.first_name for s in family.students] for family in file.families] == [["Mia", "Leo"]]


def test_lines_joined_only_by_a_third_are_one_family() -> None:
    file = read_families(
        families_csv(
            "Ana,Kim,ana@x.example,,Mia,Irvington Office",
            "Ana,Kim,,9145550101,Leo,Irvington Office",
            "Ana,Kim,ana@x.example,9145550101,Zoe,Irvington Office",
        ),
        around=AROUND,
    )
    assert [[s.first_name for s in family.students] for family in file.families] == [["Mia", "Leo", "Zoe"]]


def test_swapped_parents_are_one_family_and_a_shared_mailbox_is_not() -> None:
    header = "Parent First,Parent Last,Email,Spouse,Student First,Location"
    file = read_families(
        families_csv(
            "Ana,Kim,home@x.example,Ben,Mia,Irvington Office",
            "Ben,Kim,home@x.example,Ana,Leo,Irvington Office",
            "Eva,Roy,home@x.example,,Tom,Irvington Office",
            header=header,
        ),
        around=AROUND,
    )
    assert [(f.parent1.first_name, f.parent2.first_name, len(f.students)) for f in file.families] == [
        ("Ana", "Ben", 2), ("Eva", "", 1)
    ]  # fmt: skip


def test_two_parents_of_one_name_without_contact_in_common_stay_apart() -> None:
    file = read_families(
        families_csv(
            "Ana,Kim,ana@x.example,9145550101,Mia,Irvington Office",
            "Ana,Kim,other@x.example,9145550102,Mia,Irvington Office",
        ),
        around=AROUND,
    )
    assert len(file.families) == 2


def test_the_same_student_twice_and_another_phone_are_said() -> None:
    file = read_families(
        families_csv(
            "Ana,Kim,ana@x.example,9145550101,Mia,Irvington Office",
            "Ana,Kim,ana@x.example,9145550102,MIA,Irvington Office",
        ),
        around=AROUND,
    )
    assert file.student_count == 1
    assert [warning.line for warning in file.warnings] == [3, 3]


def test_full_names_and_other_headers_are_understood() -> None:
    header = "Guardian Name;Courriel;Child;Birthday;Grade Level;Office"
    file = read_families(
        families_csv("Ruth van Dijk;r@x.example;Jan van Dijk;5/6/14;4th;irvington office", header=header),
        around=AROUND,
    )
    (family,) = file.families
    (student,) = family.students
    assert (family.parent1.first_name, family.parent1.last_name) == ("Ruth", "van Dijk")
    assert (student.last_name, student.grade, student.location) == ("van Dijk", "4", IRVINGTON)
    assert student.date_of_birth == date(2014, 5, 6)


def test_a_mapping_chosen_by_hand_replaces_the_detected_one() -> None:
    content = families_csv("Ana,Kim,a@x.example,,Mia,Leo", header="Parent First,Parent Last,Email,Phone,A,B")
    file = read_families(content, around=AROUND)
    mapping = file.mapping.with_column("first_name", 5)
    assert families_of(file.table, "f", AROUND, mapping).families == ()
    only_one = AROUND.__class__(location_names=(IRVINGTON,))
    (family,) = families_of(file.table, "f", only_one, mapping).families
    assert family.students[0].first_name == "Leo"
    assert family.students[0].location == IRVINGTON
