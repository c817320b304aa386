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


def test_the_sync_may_write_a_person_again_before_the_first_change_is_filed(tmp_path: Path) -> None:
    store = Store(tmp_path, use_keyring=False)
    organization_id, family_id = new_id(), new_id()
    store.set_local(organization_id=organization_id)
    index = people_index(store)
    index.wait()
    # As a pull writes: an upsert, whose way with conflicts would otherwise hold in the triggers, too.
    upsert = (
        "INSERT INTO family (organization_id, id, field_clocks, parent1_first_name, parent1_last_name, "
        "parent1_phone, parent1_email, parent1_address, parent1_city, parent1_state, parent1_postal_code, "
        "parent1_county, parent2_first_name, parent2_last_name, parent2_phone, parent2_email, parent2_address, "
        "parent2_city, parent2_state, parent2_postal_code, parent2_county, primary_contact, notes) "
        f"VALUES (?, ?, '{{}}', ?, 'Silva'{', ?' * 16}, 'PARENT_1', '') "
        "ON CONFLICT (organization_id, id) DO UPDATE SET parent1_first_name = excluded.parent1_first_name"
    )
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        for name in ("Ana", "Anna", "Anneliese"):
            connection.exec_driver_sql(upsert, (organization_id, family_id, name, *[""] * 16))
        connection.commit()
    store.announce({"family": frozenset({family_id})})
    index.wait()
    assert [one.id for one in index.search("anneliese", (PersonKind.FAMILY,))] == [family_id]
    store.close()


def test_triggers_of_an_earlier_program_are_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path, use_keyring=False)
    people_index(store).wait()
    with store.engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER person_stale_family_update AFTER UPDATE ON family BEGIN "
            "INSERT OR IGNORE INTO person_stale (kind, person_id) VALUES ('family', new.id); END"
        )
        connection.exec_driver_sql("DROP TRIGGER person_noted_family_update")
        connection.commit()
    store.close()
    again = Store(tmp_path, use_keyring=False)
    people_index(again).wait()
    with again.engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    assert "person_noted_family_update" in names
    assert not [name for name in names if name.startswith("person_stale")]
    again.close()
