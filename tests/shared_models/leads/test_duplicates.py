"""Who a caller may be (product §2, "Possible duplicates")."""

from __future__ import annotations

from datetime import UTC, datetime

from shared_models.leads.duplicates import KnownPerson, Likeness, TypedPerson, rank_duplicates
from shared_models.people.search import PersonKind


def known(
    name: str, phone: str = "", email: str = "", *, person_id: str = "", since: datetime | None = None
) -> KnownPerson:
    return KnownPerson(PersonKind.LEAD, person_id or name, (name,), (phone,), (email,), since)


def names(typed: TypedPerson, *people: KnownPerson) -> list[str]:
    return [match.person.id for match in rank_duplicates(typed, people)]


def test_a_number_that_begins_alike_is_shown_after_the_same_name() -> None:
    found = rank_duplicates(
        TypedPerson("Thảo Tanaka", "(914) 555-98"),
        [known("Thảo Tanaka", "+12125559796"), known("Somebody Else", "+19145559855")],
    )
    assert [match.person.id for match in found] == ["Thảo Tanaka", "Somebody Else"]
    assert found[0].likeness is Likeness.SAME_NAME
    assert found[1].likeness is Likeness.SAME_PHONE
    assert (found[1].phone, found[1].phone_is_whole) == ("+19145559855", False)


def test_the_same_number_comes_before_the_same_name() -> None:
    found = rank_duplicates(
        TypedPerson("Thảo Tanaka", "914 555 9855"),
        [known("Thảo Tanaka", "+12125559796"), known("Somebody Else", "+19145559855")],
    )
    assert [match.person.id for match in found] == ["Somebody Else", "Thảo Tanaka"]
    assert found[0].phone_is_whole


def test_a_few_digits_are_not_a_number() -> None:
    assert names(TypedPerson(phone="914"), known("Thảo Tanaka", "+19145559855")) == []


def test_accents_order_and_case_of_a_name_do_not_matter() -> None:
    assert names(TypedPerson("tanaka thao"), known("Thảo Tanaka")) == ["Thảo Tanaka"]
    assert names(TypedPerson("RAFAEL LUKASIK"), known("Rafael Łukasik")) == ["Rafael Łukasik"]


def test_a_slip_in_a_name_is_seen_and_another_name_is_not() -> None:
    people = (known("Thảo Tanaka"), known("Thomas Tanner"), known("Yuki Kim"))
    assert names(TypedPerson("Thao Tanka"), *people) == ["Thảo Tanaka"]


def test_the_same_address_counts_whatever_its_case() -> None:
    assert names(TypedPerson(email="Kim0@Example.net"), known("Priya Kim", email="kim0@example.net")) == ["Priya Kim"]


def test_of_two_alike_the_newer_one_comes_first() -> None:
    old, new = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    people = (known("Ana Silva", person_id="old", since=old), known("Ana Silva", person_id="new", since=new))
    assert names(TypedPerson("Ana Silva"), *people) == ["new", "old"]


def test_nothing_typed_finds_nobody() -> None:
    assert names(TypedPerson(), known("Ana Silva", "+19145550100", "a@example.net")) == []
