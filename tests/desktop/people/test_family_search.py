"""Finding people at each keystroke: who is found, and that the index never misses a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from desktop.people.search_index import PeopleIndex, people_index, search_people
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.people.models import Family, Tutor
from shared_models.people.operations import archive_family, change_family
from shared_models.people.search import PersonKind
from tests.desktop.leads.front_desk import NOW, FrontDesk

FAMILY = (PersonKind.FAMILY,)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    store = Store(tmp_path, use_keyring=False)
    desk = FrontDesk(store)
    people_index(store)
    yield desk
    desk.filed()
    store.close()


def found(desk: FrontDesk, typed: str, *, archived: bool = False) -> list[str]:
    desk.filed()
    return [one.id for one in people_index(desk.store).search(typed, FAMILY, wider=True, archived=archived)]


@pytest.mark.parametrize(
    "typed", ["luk", "ŁUKASIK", "lukasik mal", "malgorzata", "siobh", "914", "(914) 555-98", "9855", "maria@ex"]
)
def test_a_family_is_found_by_anyone_in_it(desk: FrontDesk, typed: str) -> None:
    family_id = desk.family(
        "Małgorzata", "Łukasik", "Siobhán", parent1_phone="9145559855", parent1_email="maria@example.net"
    )
    desk.family("Ana", "Silva", "Leo", parent1_phone="2125550000")
    assert found(desk, typed) == [family_id]


def test_families_come_in_the_order_of_last_names(desk: FrontDesk) -> None:
    third = desk.family("Ana", "Zimmer")
    second = desk.family("Ana", "Łukasik")
    first = desk.family("Bo", "Anders")
    assert found(desk, "a") == [first, second, third]


def test_a_changed_name_is_found_and_the_old_one_is_not(desk: FrontDesk) -> None:
    family_id = desk.family("Ana", "Silva")
    with desk.store.write() as session:
        change_family(session, desk.organization_id, family_id, {"parent1_last_name": "Costa"})
    assert found(desk, "costa") == [family_id]
    assert found(desk, "silva") == []


def test_what_the_sync_or_another_program_wrote_is_found_too(desk: FrontDesk) -> None:
    rows = [
        {
            "organization_id": desk.organization_id,
            "id": new_id(),
            "parent1_first_name": "Yuki",
            "parent1_last_name": "Kim",
        }
    ]
    with desk.store.write() as session:
        desk.store.recorder.insert_rows(session, Family, rows)
    assert found(desk, "yuki") == [rows[0]["id"]]
    with desk.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE family SET parent1_first_name = 'Noor' WHERE id = :id"), {"id": rows[0]["id"]}
        )
    people_index(desk.store).start_filing()
    assert found(desk, "noor") == [rows[0]["id"]]


def test_archived_families_are_found_only_when_asked_for(desk: FrontDesk) -> None:
    family_id = desk.family("Ana", "Silva")
    with desk.store.write("Archived the Silva family") as session:
        archive_family(session, desk.organization_id, family_id, now=NOW)
    assert found(desk, "silva") == []
    assert found(desk, "silva", archived=True) == [family_id]
    desk.store.undo()
    assert found(desk, "silva") == [family_id]


def test_an_index_that_lost_rows_mends_itself_when_it_is_opened(desk: FrontDesk) -> None:
    family_id = desk.family("Ana", "Silva")
    desk.filed()
    with desk.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM person_words"))
        connection.execute(text("DELETE FROM person_search"))
    again = PeopleIndex(desk.store)
    again.wait()
    assert [one.id for one in again.search("silva", FAMILY)] == [family_id]


def test_the_palette_finds_people_of_every_kind(desk: FrontDesk) -> None:
    family_id = desk.family("Maya", "Kim", "Elena", parent1_phone="9175556476")
    desk.lead("Mayumi Sato", student_name="Ken", phone="2125550101")
    with desk.store.write() as session:
        session.add(Tutor(organization_id=desk.organization_id, id=new_id(), user_id=desk.maya))
    desk.filed()
    hits = search_people(desk.store, "may")
    assert [(hit.kind, hit.title, hit.subtitle) for hit in hits] == [
        (PersonKind.FAMILY, "Maya Kim", "Family · Elena · (917) 555-6476"),
        (PersonKind.LEAD, "Mayumi Sato", "Lead, new · for Ken · (212) 555-0101"),
        (PersonKind.TUTOR, "Maya Torres", "Tutor"),
    ]
    (student,) = search_people(desk.store, "elena")
    assert (student.kind, student.family_id, student.subtitle) == (
        PersonKind.STUDENT, family_id, "Student · child of Maya Kim",
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["", "  ", "…", '"', "NEAR(", "own:x", "kim*", "(", "'"])
def test_signs_are_no_query_language(desk: FrontDesk, typed: str) -> None:
    desk.family("Ana", "Silva")
    assert found(desk, typed) == []
