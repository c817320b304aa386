"""Tutors: the sample center's file and doubtful lines."""

from datetime import time

from shared_models.exchange.subjects import SubjectWords
from shared_models.exchange.tutors import read_tutors
from tests.shared_models.exchange.sample import AROUND, IRVINGTON, TARRYTOWN, sample


def test_the_sample_center_has_14_tutors() -> None:
    file = read_tutors(sample("tutors.csv"), around=AROUND)
    assert (len(file.tutors), file.problems, file.warnings) == (14, (), ())
    tomas = next(tutor for tutor in file.tutors if tutor.first_name == "Tomás")
    assert tomas.locations == (IRVINGTON, TARRYTOWN)
    assert (tomas.hourly_pay_cents, tomas.priority, tomas.phone) == (3200, 11, "+12125554019")
    assert (tomas.weekdays, tomas.starts, tomas.ends) == (frozenset({0, 3, 4}), time(15), time(20, 30))
    assert tomas.subjects[0] == SubjectWords("Math", "Arithmetic (add, subtract, multiply, divide)")


def test_doubts_let_a_tutor_in_and_errors_do_not() -> None:
    content = b"Tutor,Locations,Pay/hr,Priority,Days,From,To\nAna Kim,Paris,28,first,Mon,9:00,17:00\n"
    content += b"Leo Roy,,much,1,Mon,17:00,9:00\n,,,,,,\n,,20,1,,,\nAna Kim,,,,,,\n"
    file = read_tutors(content, around=AROUND)
    assert [tutor.last_name for tutor in file.tutors] == ["Kim"]
    assert [problem.line for problem in file.problems] == [3, 5]
    assert "end before they begin" in file.problems[0].reason
    assert [warning.line for warning in file.warnings] == [2, 6]
    assert "Paris" in file.warnings[0].reason
    assert "Priority" in file.warnings[0].reason
