"""Names, phones and e-mails in one form; odd ones are kept with a warning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.people.contact import (
    format_phone,
    name_key,
    normalize_email,
    normalize_phone,
    split_full_name,
    tidy_name,
)


@pytest.mark.parametrize(
    "typed",
    ["19145550100", "(914) 555-0100", "+1 914 555 0100", "914.555.0100", "914-555-0100", " 9145550100 "],
)
def test_the_six_ways_to_type_a_phone_number_are_one_number(typed: str) -> None:
    assert normalize_phone(typed).value == "+19145550100"
    assert normalize_phone(typed).warning is None


def test_extensions_and_other_countries_are_kept() -> None:
    assert normalize_phone("914-555-0100 ext 12").value == "+19145550100 x12"
    assert normalize_phone("020 7946 0958", "GB").value == "+442079460958"
    assert normalize_phone("+44 20 7946 0958").value == "+442079460958"


@pytest.mark.parametrize("typed", ["12", "555-0101", "call the office", "914-555-01000000000"])
def test_an_odd_phone_is_kept_with_a_warning(typed: str) -> None:
    kept = normalize_phone(typed)
    assert kept.value == typed
    assert kept.warning


@pytest.mark.parametrize(
    ("stored", "country", "shown"),
    [
        ("+19145550100", "US", "(914) 555-0100"),
        ("+19145550100 x12", "US", "(914) 555-0100 ext. 12"),
        ("+442079460958", "US", "+44 20 7946 0958"),
        ("+442079460958 x7", "GB", "020 7946 0958 ext. 7"),
        ("call the office", "US", "call the office"),
        ("+999", "US", "+999"),
        ("", "US", ""),
    ],
)
def test_a_stored_phone_is_shown_as_people_write_it(stored: str, country: str, shown: str) -> None:
    assert format_phone(stored, country) == shown


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (" GRACE.IVANOVA@EXAMPLE.COM", "grace.ivanova@example.com"),
        ("mailto:a@b.example", "a@b.example"),
        ("", ""),
    ],
)
def test_emails_are_lower_case(typed: str, value: str) -> None:
    assert normalize_email(typed).value == value
    assert normalize_email(typed).warning is None


@pytest.mark.parametrize("typed", ["not-an-email", "a@b", "two words@example.com"])
def test_an_odd_email_is_kept_with_a_warning(typed: str) -> None:
    assert normalize_email(typed).value == typed
    assert normalize_email(typed).warning


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        (" SMITH ", "Smith"),
        ("O'BRIEN", "O'Brien"),
        ("d'angelo", "D'Angelo"),
        ("MCCARTHY", "McCarthy"),
        ("McDonald", "McDonald"),
        ("FERNÁNDEZ-LÓPEZ", "Fernández-López"),
        ("mei-ling", "Mei-Ling"),
        ("ŁUKASIK", "Łukasik"),
        ("van", "van"),
        ("van der berg", "van der Berg"),
        ("Mary  Ann", "Mary Ann"),
        ("KING III", "King III"),
        ("J", "J"),
        ("j", "J"),
        ("李", "李"),
        ("", ""),
    ],
)
def test_names_are_tidied_only_when_they_are_all_in_one_case(typed: str, tidy: str) -> None:
    assert tidy_name(typed) == tidy


def test_a_name_in_capitals_takes_the_spelling_found_beside_it() -> None:
    assert tidy_name("YILMAZ", ["Rossi", "Yılmaz"]) == "Yılmaz"
    assert tidy_name("Yilmaz", ["Yılmaz"]) == "Yilmaz"
    assert tidy_name("YILMAZ", ["YILMAZ"]) == "Yilmaz"


def test_decomposed_accents_are_composed() -> None:
    assert tidy_name("Jose\u0301") == "José"


@pytest.mark.parametrize(
    ("one", "other"),
    [("YILMAZ", "Yılmaz"), ("O'Brien", "OBRIEN"), ("Łukasik", "lukasik"), ("Mei-Ling ", "mei ling")],
)
def test_writings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Elena Fernández-López", ("Elena", "Fernández-López")),
        ("Mei-Ling Rodríguez", ("Mei-Ling", "Rodríguez")),
        ("Ruth van Dijk", ("Ruth", "van Dijk")),
        ("Ana Maria de la Cruz", ("Ana Maria", "de la Cruz")),
        ("de la Cruz, Ana", ("Ana", "de la Cruz")),
        ("Thảo", ("Thảo", "")),
    ],
)
def test_a_full_name_is_split(full: str, parts: tuple[str, str]) -> None:
    assert split_full_name(full) == parts


@given(st.text(max_size=30))
def test_normalizing_twice_changes_nothing_more(text: str) -> None:
    for normalize in (normalize_phone, normalize_email):
        once = normalize(text).value
        assert normalize(once).value == once
    once = tidy_name(text)
    assert tidy_name(once) == once
