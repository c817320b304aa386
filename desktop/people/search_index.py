"""Finds people at each keystroke: a full-text index in the store's encrypted file, but of this PC alone.

Triggers note every person whose names, phones or e-mails change, whoever wrote (a form, the sync, an import by
another process), in the same transaction; a background thread files them anew. So the index cannot miss a change,
and neither writing nor searching ever waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from desktop.store.store import Changes, Store
from shared_models.people.contact import format_phone, name_key
from shared_models.people.search import FiledPerson, PersonHit, PersonKind, filed_words, name_words, query_words
from shared_models.sync.clocks import ERASED_CLOCK

_LOG = logging.getLogger(__name__)
_BATCH = 1000
_IS_ERASED = f"field_clocks LIKE '%\"{ERASED_CLOCK}\"%'"
"""Who was erased is filed without a word, as nobody can be found by it."""
_SOURCES = frozenset({"family", "student", "lead", "tutor", "user"})

_TABLES = (
    """CREATE TABLE IF NOT EXISTS person_search (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, person_id TEXT NOT NULL, sort_key TEXT NOT NULL,
        is_archived INTEGER NOT NULL, UNIQUE (kind, person_id))""",
    "CREATE INDEX IF NOT EXISTS ix_person_search_sort ON person_search (kind, is_archived, sort_key)",
    """CREATE VIRTUAL TABLE IF NOT EXISTS person_words USING fts5(
        own, wider, tokenize = "unicode61 remove_diacritics 0", prefix = '1 2 3 4')""",
    """CREATE TABLE IF NOT EXISTS person_stale (
        kind TEXT NOT NULL, person_id TEXT NOT NULL, PRIMARY KEY (kind, person_id)) WITHOUT ROWID""",
)
_PARENT = ("first_name", "last_name", "phone", "email")
_FILED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "family": tuple(f"parent{number}_{name}" for number in (1, 2) for name in _PARENT),
    "student": ("family_id", "first_name", "last_name", "phone", "email"),
    "lead": ("parent_first_name", "parent_last_name", "phone", "email", "student_first_name", "student_last_name"),
    "tutor": ("user_id",),
    "user": _PARENT,
}
_NOTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "family": (("family", "SELECT {row}.id AS id"),),
    "student": (("student", "SELECT {row}.id AS id"), ("family", "SELECT {row}.family_id AS id")),
    "lead": (("lead", "SELECT {row}.id AS id"),),
    "tutor": (("tutor", "SELECT {row}.id AS id"),),
    "user": (("tutor", "SELECT id FROM tutor WHERE user_id = {row}.id"),),
}
"""Who is to be filed anew when a row of a table changes: kind, and a query of the ids."""


def _triggers() -> Iterable[str]:
    for table, noted in _NOTED.items():
        fields = ", ".join((*_FILED_FIELDS[table], "archived_at"))
        for event, row in (("INSERT", "new"), (f"UPDATE OF {fields}", "new"), ("DELETE", "old")):
            name = f"person_noted_{table}_{event.split()[0].lower()}"
            # Without OR IGNORE: what fires the trigger may be an upsert of the sync, whose own way with conflicts
            # would hold in here, too.
            body = "".join(
                f"INSERT INTO person_stale (kind, person_id) SELECT DISTINCT '{kind}', found.id "
                f"FROM ({ids.format(row=row)}) AS found WHERE NOT EXISTS "
                f"(SELECT 1 FROM person_stale WHERE kind = '{kind}' AND person_id = found.id); "
                for kind, ids in noted
            )
            yield f'CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON "{table}" BEGIN {body}END'


@dataclass(frozen=True, slots=True)
class Found:
    """One person in the index."""

    kind: PersonKind
    id: str


_INDEXES: WeakKeyDictionary[Store, ref[PeopleIndex]] = WeakKeyDictionary()
"""Each lives as long as its store, which calls it after every commit."""


def people_index(store: Store) -> PeopleIndex:
    """The one index of a store, made or opened on first use."""
    known = _INDEXES.get(store)
    index = known() if known is not None else None
    if index is None:
        index = PeopleIndex(store)
        _INDEXES[store] = ref(index)
    return index


def search_people(store: Store, typed: str, limit: int = 20) -> list[PersonHit]:
    """People of every kind whose own name, phone or e-mail has what was typed: for the command palette."""
    index = people_index(store)
    return index.hits(index.search(typed, tuple(PersonKind), limit=limit))


class PeopleIndex:
    """The index of one store. `search` only reads; filing goes on in a thread that ends when all is filed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[], None]] = []
        self._prepare()
        store.subscribe(self._changed)
        self.start_filing()

    def search(
        self,
        typed: str,
        kinds: Sequence[PersonKind],
        *,
        wider: bool = False,
        archived: bool = False,
        limit: int = 50,
    ) -> list[Found]:
        """Who has every typed word as the beginning of one of theirs, by last name, first come first.

        With ``wider`` a family is found by its students' names as well. Nothing typed finds nobody.
        """
        words = query_words(typed)
        if not words or not kinds:
            return []
        values: dict[str, Any] = {f"kind{number}": kind.value for number, kind in enumerate(kinds)}
        marks = ", ".join(f":{name}" for name in values)
        values |= {"limit": limit, "archived": int(archived)}
        with self._store.engine.connect() as connection:
            rows = self._begin_with(connection, words, marks, values)
            if len(rows) < limit:
                rows += [row for row in self._have(connection, words, marks, values, wider) if row not in set(rows)]
        return [Found(PersonKind(kind), person_id) for kind, person_id in rows[:limit]]

    def hits(self, found: Sequence[Found]) -> list[PersonHit]:
        """What a row says of each person found, in the same order; one query per kind."""
        by_kind: dict[PersonKind, list[str]] = {}
        for one in found:
            by_kind.setdefault(one.kind, []).append(one.id)
        described: dict[Found, PersonHit] = {}
        with self._store.engine.connect() as connection:
            for kind, ids in by_kind.items():
                for hit in _DESCRIBE[kind](connection, ids):
                    described[Found(kind, hit.id)] = hit
        return [described[one] for one in found if one in described]

    def on_filed(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener``, from the filing thread, when changes have been filed; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def start_filing(self) -> None:
        """File what changed, in the background."""
        with self._lock:
            if self._thread is not None or not self._has_stale():
                return
            self._thread = threading.Thread(target=self._file_in_background, name="people-index", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until everything is filed (tests, measurements, closing)."""
        while True:
            thread = self._thread
            if thread is not None:
                thread.join()
            if not self._has_stale():
                return
            self.start_filing()

    def catch_up(self) -> int:
        """File everyone who changed, now; returns how many there were."""
        filed = 0
        while True:
            with self._store.engine.connect().execution_options(begin_immediate=True) as connection:
                stale = connection.execute(
                    text("SELECT kind, person_id FROM person_stale LIMIT :n"), {"n": _BATCH}
                ).all()
                if not stale:
                    return filed
                by_kind: dict[str, list[str]] = {}
                for kind, person_id in stale:
                    by_kind.setdefault(kind, []).append(person_id)
                for kind, ids in by_kind.items():
                    _refile(connection, PersonKind(kind), ids)
                connection.execute(
                    text("DELETE FROM person_stale WHERE kind = :k AND person_id = :i"),
                    [{"k": kind, "i": person_id} for kind, person_id in stale],
                )
                connection.commit()
                filed += len(stale)

    def _begin_with(
        self, connection: Connection, words: list[str], marks: str, values: dict[str, Any]
    ) -> list[tuple[str, str]]:
        """Those whose last name begins with the one short word typed: an index range, however many there are."""
        if len(words) != 1 or len(words[0]) > 2:
            return []
        statement = text(
            f"SELECT kind, person_id FROM person_search WHERE kind IN ({marks}) AND is_archived = :archived "
            "AND sort_key >= :first AND sort_key < :beyond ORDER BY sort_key LIMIT :limit"
        )
        bounds = {"first": words[0], "beyond": words[0] + "\U0010ffff"}
        return [(kind, person_id) for kind, person_id in connection.execute(statement, values | bounds)]

    def _have(
        self, connection: Connection, words: list[str], marks: str, values: dict[str, Any], wider: bool
    ) -> list[tuple[str, str]]:
        columns = "" if wider else "own : "
        query = " ".join(f'{columns}"{word}"*' for word in words)
        statement = text(
            "SELECT kind, person_id FROM ("
            "SELECT p.kind, p.person_id, p.sort_key FROM person_words w JOIN person_search p ON p.number = w.rowid "
            f"WHERE person_words MATCH :query AND p.kind IN ({marks}) AND p.is_archived = :archived LIMIT 2000"
            ") ORDER BY sort_key LIMIT :limit"
        )
        return [(kind, person_id) for kind, person_id in connection.execute(statement, values | {"query": query})]

    def _prepare(self) -> None:
        with self._store.engine.connect() as connection:
            known = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'person_stale'")).scalar()
            triggers = connection.execute(
                text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'person_noted_%'")
            ).scalar_one()
            wanted = tuple(_triggers())
            if known and triggers == len(wanted) and _counts_agree(connection):
                return
        with self._store.engine.connect().execution_options(begin_immediate=True) as connection:
            earlier = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'person_stale_%'"
            ).scalars()
            for statement in (*(f"DROP TRIGGER {name}" for name in earlier.all()), *_TABLES, *wanted):
                connection.exec_driver_sql(statement)
            for kind in PersonKind:
                connection.exec_driver_sql(
                    f"INSERT OR IGNORE INTO person_stale SELECT '{kind.value}', id FROM \"{kind.value}\""
                )
            connection.exec_driver_sql("INSERT OR IGNORE INTO person_stale SELECT kind, person_id FROM person_search")
            connection.commit()

    def _has_stale(self) -> bool:
        with self._store.engine.connect() as connection:
            return connection.execute(text("SELECT 1 FROM person_stale LIMIT 1")).scalar() is not None

    def _changed(self, changes: Changes) -> None:
        if _SOURCES & changes.keys():
            self.start_filing()

    def _file_in_background(self) -> None:
        try:
            self.catch_up()
        except SQLAlchemyError:
            # The store was closed, or its disk is full: what is stale stays noted, and is filed at the next change.
            _LOG.warning("people could not be filed for the search", exc_info=True)
        finally:
            with self._lock:
                self._thread = None
        for listener in tuple(self._listeners):
            listener()


def _counts_agree(connection: Connection) -> bool:
    """Whether as many people are filed, or noted to be filed, as there are; a table rebuilt by a migration shows."""
    for kind in PersonKind:
        there, filed, noted = connection.execute(
            text(
                f'SELECT (SELECT count(*) FROM "{kind.value}"), '
                "(SELECT count(*) FROM person_search WHERE kind = :kind), "
                "(SELECT count(*) FROM person_stale WHERE kind = :kind)"
            ),
            {"kind": kind.value},
        ).one()
        if there != filed and not noted:
            return False
    return True


def _refile(connection: Connection, kind: PersonKind, ids: Sequence[str]) -> None:
    numbers = connection.execute(
        text("SELECT number, person_id FROM person_search WHERE kind = :kind AND person_id IN " + _marks(ids)),
        {"kind": kind.value, **_values(ids)},
    ).all()
    if numbers:
        gone = [{"n": number} for number, _ in numbers]
        connection.execute(text("DELETE FROM person_words WHERE rowid = :n"), gone)
        connection.execute(text("DELETE FROM person_search WHERE number = :n"), gone)
    people = list(_LOAD[kind](connection, ids))
    if not people:
        return
    first = connection.execute(text("SELECT coalesce(max(number), 0) + 1 FROM person_search")).scalar_one()
    connection.execute(
        text(
            "INSERT INTO person_search (number, kind, person_id, sort_key, is_archived) "
            "VALUES (:number, :kind, :id, :sort_key, :is_archived)"
        ),
        [
            {"number": number, "kind": kind.value, "id": one.id, "sort_key": one.sort_key,
             "is_archived": int(one.is_archived)}
            for number, one in enumerate(people, first)
        ],
    )  # fmt: skip
    connection.execute(
        text("INSERT INTO person_words (rowid, own, wider) VALUES (:number, :own, :wider)"),
        [{"number": number, "own": one.own, "wider": one.wider} for number, one in enumerate(people, first)],
    )


def _marks(ids: Sequence[str]) -> str:
    return "(" + ", ".join(f":i{number}" for number in range(len(ids))) + ")"


def _values(ids: Sequence[str]) -> dict[str, str]:
    return {f"i{number}": one for number, one in enumerate(ids)}


def _select(connection: Connection, statement: str, ids: Sequence[str]) -> list[Any]:
    return list(connection.execute(text(statement.replace("(:ids)", _marks(ids))), _values(ids)))


def _sort_key(last: str, first: str) -> str:
    return name_key(f"{last} {first}")


def _nobody(kind: PersonKind, person_id: str) -> FiledPerson:
    return FiledPerson(kind, person_id, "", "", "", True)


def _load_families(connection: Connection, ids: Sequence[str]) -> Iterable[FiledPerson]:
    children: dict[str, list[str]] = {}
    statement = (
        "SELECT family_id, first_name, last_name FROM student WHERE archived_at IS NULL AND family_id IN (:ids)"
    )
    for family_id, first, last in _select(connection, statement, ids):
        children.setdefault(family_id, []).append(f"{first} {last}")
    fields = ", ".join(_FILED_FIELDS["family"])
    for row in _select(
        connection, f"SELECT id, archived_at, {_IS_ERASED}, {fields} FROM family WHERE id IN (:ids)", ids
    ):
        if row[2]:
            yield _nobody(PersonKind.FAMILY, row[0])
            continue
        first1, last1, phone1, email1, first2, last2, phone2, email2 = row[3:]
        own = filed_words((first1, last1, first2, last2), (phone1, phone2), (email1, email2))
        wider = name_words(*children.get(row[0], ()))
        yield FiledPerson(PersonKind.FAMILY, row[0], _sort_key(last1, first1), own, wider, row[1] is not None)


def _load_students(connection: Connection, ids: Sequence[str]) -> Iterable[FiledPerson]:
    statement = (
        f"SELECT id, archived_at, {_IS_ERASED}, first_name, last_name, phone, email FROM student WHERE id IN (:ids)"
    )
    for person_id, archived, is_erased, first, last, phone, email in _select(connection, statement, ids):
        if is_erased:
            yield _nobody(PersonKind.STUDENT, person_id)
            continue
        own = filed_words((first, last), (phone,), (email,))
        yield FiledPerson(PersonKind.STUDENT, person_id, _sort_key(last, first), own, "", archived is not None)


def _load_leads(connection: Connection, ids: Sequence[str]) -> Iterable[FiledPerson]:
    fields = ", ".join(_FILED_FIELDS["lead"])
    for row in _select(
        connection, f"SELECT id, archived_at, {_IS_ERASED}, {fields} FROM lead WHERE id IN (:ids)", ids
    ):
        if row[2]:
            yield _nobody(PersonKind.LEAD, row[0])
            continue
        first, last, phone, email, child_first, child_last = row[3:]
        own = filed_words((first, last, child_first, child_last), (phone,), (email,))
        key = _sort_key(last or child_last, first or child_first)
        yield FiledPerson(PersonKind.LEAD, row[0], key, own, "", row[1] is not None)


def _load_tutors(connection: Connection, ids: Sequence[str]) -> Iterable[FiledPerson]:
    statement = (
        f"SELECT t.id, t.archived_at, t.{_IS_ERASED}, u.first_name, u.last_name, u.phone, u.email FROM tutor t "
        "JOIN user u ON u.organization_id = t.organization_id AND u.id = t.user_id WHERE t.id IN (:ids)"
    )
    for person_id, archived, is_erased, first, last, phone, email in _select(connection, statement, ids):
        if is_erased:
            yield _nobody(PersonKind.TUTOR, person_id)
            continue
        own = filed_words((first, last), (phone,), (email,))
        yield FiledPerson(PersonKind.TUTOR, person_id, _sort_key(last, first), own, "", archived is not None)


_LOAD: Mapping[PersonKind, Callable[[Connection, Sequence[str]], Iterable[FiledPerson]]] = {
    PersonKind.FAMILY: _load_families,
    PersonKind.STUDENT: _load_students,
    PersonKind.LEAD: _load_leads,
    PersonKind.TUTOR: _load_tutors,
}


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _describe_families(connection: Connection, ids: Sequence[str]) -> Iterable[PersonHit]:
    statement = (
        "SELECT f.id, f.parent1_first_name, f.parent1_last_name, f.parent2_first_name, f.parent2_last_name, "
        "f.parent1_phone, (SELECT group_concat(s.first_name, ', ') FROM student s WHERE s.family_id = f.id "
        "AND s.organization_id = f.organization_id AND s.archived_at IS NULL) FROM family f WHERE f.id IN (:ids)"
    )
    for family_id, first1, last1, first2, last2, phone, children in _select(connection, statement, ids):
        title = parents_title(first1, last1, first2, last2)
        yield PersonHit(
            PersonKind.FAMILY, family_id, title, _joined("Family", children or "", format_phone(phone)), family_id
        )


def _describe_students(connection: Connection, ids: Sequence[str]) -> Iterable[PersonHit]:
    statement = (
        "SELECT s.id, s.first_name, s.last_name, s.grade, s.family_id, f.parent1_first_name, f.parent1_last_name "
        "FROM student s LEFT JOIN family f ON f.organization_id = s.organization_id AND f.id = s.family_id "
        "WHERE s.id IN (:ids)"
    )
    for person_id, first, last, grade, family_id, parent_first, parent_last in _select(connection, statement, ids):
        parent = f"child of {parent_first} {parent_last}" if parent_first else ""
        subtitle = _joined("Student", f"grade {grade}" if grade else "", parent)
        yield PersonHit(PersonKind.STUDENT, person_id, f"{first} {last}".strip(), subtitle, family_id)


def _describe_leads(connection: Connection, ids: Sequence[str]) -> Iterable[PersonHit]:
    statement = (
        "SELECT l.id, l.parent_first_name, l.parent_last_name, l.student_first_name, l.student_last_name, l.stage, "
        "l.phone, l.email FROM lead l WHERE l.id IN (:ids)"
    )
    for person_id, first, last, child_first, child_last, stage, phone, email in _select(connection, statement, ids):
        parent, child = f"{first} {last}".strip(), f"{child_first} {child_last}".strip()
        words = stage.replace("_", " ").lower()
        title = parent or child or format_phone(phone) or email
        subtitle = _joined(f"Lead, {words}", f"for {child}" if child and parent else "", format_phone(phone))
        yield PersonHit(PersonKind.LEAD, person_id, title, subtitle)


def _describe_tutors(connection: Connection, ids: Sequence[str]) -> Iterable[PersonHit]:
    statement = (
        "SELECT t.id, u.first_name, u.last_name, u.phone FROM tutor t JOIN user u "
        "ON u.organization_id = t.organization_id AND u.id = t.user_id WHERE t.id IN (:ids)"
    )
    for person_id, first, last, phone in _select(connection, statement, ids):
        subtitle = _joined("Tutor", format_phone(phone))
        yield PersonHit(PersonKind.TUTOR, person_id, f"{first} {last}".strip(), subtitle)


_DESCRIBE: Mapping[PersonKind, Callable[[Connection, Sequence[str]], Iterable[PersonHit]]] = {
    PersonKind.FAMILY: _describe_families,
    PersonKind.STUDENT: _describe_students,
    PersonKind.LEAD: _describe_leads,
    PersonKind.TUTOR: _describe_tutors,
}


def parents_title(first1: str, last1: str, first2: str, last2: str) -> str:
    """Both parents in one line: "Thảo and Minh Tanaka", "Ana Silva and Leo Park"."""
    if not first2:
        return f"{first1} {last1}".strip()
    if not last2 or last2 == last1:
        return f"{first1} and {first2} {last1}".strip()
    return f"{first1} {last1} and {first2} {last2}"
