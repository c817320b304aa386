"""Subjects as people write them, found in the catalog."""

import pytest

from shared_models.exchange.subjects import SubjectCatalog, SubjectFound, SubjectWords, parse_subject, parse_subjects

CATALOG = SubjectCatalog.of(
    [("math", "Math"), ("ela", "Reading & Language Arts"), ("soc", "Social Studies"), ("biz", "Business & Finance")],
    [
        ("alg", "math", "Algebra I"),
        ("wri", "ela", "Writing (grammar, sentence structure, essays)"),
        ("eco1", "soc", "Economics"),
        ("eco2", "biz", "Economics"),
    ],
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Math - Algebra I", SubjectFound("math", "alg")),
        ("math: ALGEBRA I", SubjectFound("math", "alg")),
        ("Math", SubjectFound("math")),
        ("Math - Knots", SubjectFound("math")),
        ("Algebra I", SubjectFound("math", "alg")),
        ("Writing", SubjectFound("ela", "wri")),
        ("Writing (grammar, sentence structure, essays)", SubjectFound("ela", "wri")),
        ("Reading & Language Arts - Writing", SubjectFound("ela", "wri")),
        ("Economics", SubjectFound("soc", "eco1")),
        ("Business & Finance - Economics", SubjectFound("biz", "eco2")),
        ("Unheard of - Algebra I", SubjectFound("math", "alg")),
        ("Juggling", None),
        ("", None),
    ],
)
def test_subjects_and_topics_are_found(text: str, found: SubjectFound | None) -> None:
    assert CATALOG.find(parse_subject(text)) == found


def test_several_subjects_in_a_cell_keep_the_commas_of_their_topics() -> None:
    assert parse_subjects("Math: Arithmetic (add, subtract); Test Prep: ACT") == (
        SubjectWords("Math", "Arithmetic (add, subtract)"),
        SubjectWords("Test Prep", "ACT"),
    )
    assert str(SubjectWords("Math", "Algebra I")) == "Math - Algebra I"
