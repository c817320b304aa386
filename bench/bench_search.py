"""Keystroke search in 50,000 people, in the encrypted store, beside a plain LIKE scan over the same people."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench.figures import Figure
from desktop.leads.known_people import possible_duplicates
from desktop.people.search_index import people_index, search_people
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.leads.duplicates import TypedPerson
from shared_models.leads.models import Lead, LeadSource
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Family, Student
from shared_models.people.search import PersonKind

PEOPLE = 50_000
# ruff: noqa: SIM905 - words in a row read better than a column of quotes
_FIRST = (
    "Thảo Minh Elena José Priya Nathan Zoë Björn Chloé Małgorzata Rafael Wanda Anaïs Yuki Siobhán Aleksander "
    "Mei-Ling Ayşe Lucas Malik Daria Benjamin Jakub Sophie Noah Liam Rachel Daniel Kwame Aisha Hannah Grace"
).split()
_LAST = (
    "Tanaka Łukasik O'Brien Sørensen Fernández-López Kim Dubois Park Dijk Ivanova Patel Cohen Rodríguez Young "
    "Singh Ferrari Haddad Johnson Lee Yılmaz Walker Williams Nguyen Okafor Chen Smith Garcia Müller Novák Costa"
).split()
_SYLLABLES = "ba be bo da de do fa ga ha ka la li lo ma mi na no pa ra ri ro sa se ta ti to va ve za zo".split()
KEYSTROKES = (
    "t", "ta", "tan", "tanaka", "thao tan", "o'b", "obrien", "lu", "lukasik raf", "9", "914", "914555",
    "(914) 555-98", "5598", "kim1@", "kim12@example", "mei", "fernandez l", "zzz", "a", "s", "e", "example",
)  # fmt: skip


def fill(store: Store, people: int = PEOPLE, seed: int = 7) -> None:
    """Fill a store with that many invented people: half parents, a good third students, the rest leads."""
    draw = random.Random(seed)

    def last_name() -> str:
        if draw.random() < 0.3:
            return draw.choice(_LAST)
        return "".join(draw.choice(_SYLLABLES) for _ in range(3)).capitalize()

    organization_id = new_id()
    location_id = new_id()
    store.set_local(organization_id=organization_id)
    common = {"organization_id": organization_id}
    families, students, leads = [], [], []
    for number in range(people // 4):
        family_id, last = new_id(), last_name()
        families.append(
            common | {
                "id": family_id, "parent1_first_name": draw.choice(_FIRST), "parent1_last_name": last,
                "parent1_phone": f"+1{draw.choice(('914', '917', '212'))}555{number % 10000:04}",
                "parent1_email": f"{last.lower().replace(' ', '')}{number}@example.net",
                "parent2_first_name": draw.choice(_FIRST), "parent2_last_name": last,
            }
        )  # fmt: skip
        for _ in range(draw.choice((1, 2))):
            students.append(
                common | {"id": new_id(), "family_id": family_id, "location_id": location_id,
                          "first_name": draw.choice(_FIRST), "last_name": last}
            )  # fmt: skip
    now = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
    for number in range(people - 2 * len(families) - len(students)):
        leads.append(
            common | {"id": new_id(), "created_at": now, "source": LeadSource.PHONE,
                      "parent_first_name": draw.choice(_FIRST), "parent_last_name": last_name(),
                      "phone": f"+1646555{number % 10000:04}"}
        )  # fmt: skip
    with store.write() as session:
        session.add(
            Organization(
                organization_id=organization_id,
                id=organization_id,
                business_name="Bench",
                time_zone="America/New_York",
            )
        )
        session.add(Location(organization_id=organization_id, id=location_id, name="Office"))
        session.flush()
        store.recorder.insert_rows(session, Family, families)
        store.recorder.insert_rows(session, Student, students)
        store.recorder.insert_rows(session, Lead, leads)


def run() -> list[Figure]:
    """The slowest and the usual keystroke, as the median of five repetitions each."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), use_keyring=False)
        started = time.perf_counter()
        fill(store)
        filled = time.perf_counter() - started
        started = time.perf_counter()
        index = people_index(store)
        index.wait()
        built = time.perf_counter() - started
        indexed = [
            _median_ms(lambda typed=typed: index.search(typed, (PersonKind.FAMILY,), wider=True, limit=200))
            for typed in KEYSTROKES
        ]
        palette = [_median_ms(lambda typed=typed: search_people(store, typed, 20)) for typed in KEYSTROKES]
        known = [
            _median_ms(lambda typed=typed: possible_duplicates(store, typed))
            for typed in (
                TypedPerson("Thả"), TypedPerson("Thảo Tanaka"), TypedPerson("Thao Tanka", "(914) 555-98"),
                TypedPerson("", "914555"), TypedPerson("Elena Kim", "(914) 555-1234", "kim12@example.net"),
            )
        ]  # fmt: skip
        scanned = [_median_ms(lambda typed=typed: _scan(store, typed)) for typed in ("tan", "lukasik", "914555")]
        store.close()
    beside = ("plain LIKE scan, accents not even found", max(scanned))
    return [
        Figure("keystroke search in 50,000 people, slowest", max(indexed), "ms", 30.0, False, *beside),
        Figure("keystroke search in 50,000 people, median", sorted(indexed)[len(indexed) // 2], "ms", 30.0),
        Figure("command palette over 50,000 people, slowest", max(palette), "ms", 30.0, False, *beside),
        Figure("possible duplicates while typing, slowest", max(known), "ms", 30.0),
        Figure("search index of 50,000 people, in the background", built, "s", None, False, "adding them", filled),
    ]


def _scan(store: Store, typed: str) -> int:
    like = {"like": f"%{typed}%"}
    families = (
        "SELECT id FROM family f WHERE archived_at IS NULL AND (parent1_first_name LIKE :like OR parent1_last_name "
        "LIKE :like OR parent1_phone LIKE :like OR parent1_email LIKE :like OR parent2_first_name LIKE :like OR "
        "parent2_last_name LIKE :like OR EXISTS (SELECT 1 FROM student s WHERE s.organization_id = f.organization_id "
        "AND s.family_id = f.id AND (s.first_name LIKE :like OR s.last_name LIKE :like))) "
        "ORDER BY parent1_last_name LIMIT 200"
    )
    with store.engine.connect() as connection:
        return len(connection.execute(text(families), like).all())


def _median_ms(call: Callable[[], object], repetitions: int = 5) -> float:
    taken = []
    for _ in range(repetitions):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[repetitions // 2]
