"""The words under which people are filed, and the same words made from what one types."""

from __future__ import annotations

import pytest

from shared_models.people.search import filed_words, name_words, phone_digits, phone_words, query_words


def finds(typed: str, filed: str) -> bool:
    words = filed.split()
    return all(any(word.startswith(part) for word in words) for part in query_words(typed))


FILED = filed_words(("Małgorzata", "O'Brien-Łukasik"), ("+19145559855",), ("maria.l@example.net",))


@pytest.mark.parametrize(
    "typed",
    ["malgo", "MAŁG", "o'b", "obrien", "brien", "luk mal", "lukasik", "914", "(914) 555-98", "914555", "5559855",
     "9855", "+1 914 555 9855", "maria.l@exam", "MARIA.L@example.net"],
)  # fmt: skip
def test_people_are_found_by_the_beginning_of_any_of_their_words(typed: str) -> None:
    assert finds(typed, FILED)


@pytest.mark.parametrize("typed", ["gorzata", "212", "luk x", "9145559856"])
def test_other_people_are_not_found(typed: str) -> None:
    assert not finds(typed, FILED)


def test_a_name_with_an_apostrophe_is_filed_both_ways() -> None:
    assert name_words("O’Brien") == "obrien o brien"


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("+1 (914) 555-0100", "9145550100"),
        ("914.555.0100 x12", "9145550100"),
        ("020 7946 0958", "2079460958"),
        ("", ""),
    ],
)
def test_digits_of_a_number(phone: str, digits: str) -> None:
    assert phone_digits(phone) == digits


def test_a_number_is_filed_whole_and_by_its_ends() -> None:
    assert phone_words("+19145550123", "") == "9145550123 5550123 0123"


def test_nothing_but_signs_is_no_query() -> None:
    assert query_words(" - ") == []
    assert query_words("…!") == []
