"""The store: encrypted, migrated with a backup, undoable, and safe when the program dies or the disk refuses."""

from __future__ import annotations

import gc
import os
import stat
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text, update

from desktop.store.errors import StoreLocked, StoreTooNew, StoreUnwritable
from desktop.store.keys import SecretKeeper
from desktop.store.local_models import LocalBase
from desktop.store.migrations import HEAD
from desktop.store.store import Changes, Store, _engine, migrate, migration_config
from desktop.sync.outgoing import read_requests
from shared_models.base import new_id
from shared_models.leads.models import Lead, LeadStage
from shared_models.organization.models import Organization
from shared_models.people.models import Student
from shared_models.people.operations import record_health_access
from shared_models.registry import metadata
from shared_models.sync.clocks import ERASED_CLOCK
from shared_models.sync.hook import UntrackedWrite

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path)
    yield store
    store.close()


def new_store(folder: Path) -> Store:
    store = Store(folder, use_keyring=False)
    organization = new_id()
    store.set_local(organization_id=organization)
    with store.write() as session:
        session.add(
            Organization(organization_id=organization, id=organization, business_name="Hudson", time_zone="UTC")
        )
    return store


def add_lead(store: Store, name: str = "Ana", description: str | None = None) -> str:
    with store.write(description) as session:
        lead = Lead(organization_id=store.organization_id, created_at=NOW, parent_first_name=name)
        session.add(lead)
        session.flush()
        return lead.id


def lead(store: Store, lead_id: str) -> Lead:
    with store.read() as session:
        return session.get_one(Lead, (store.organization_id, lead_id))


def test_the_history_of_migrations_ends_exactly_at_the_models(store: Store) -> None:
    from alembic.script import ScriptDirectory

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [metadata, LocalBase.metadata]) == []
    assert ScriptDirectory.from_config(migration_config()).get_current_head() == HEAD


def first_published_store(folder: Path) -> tuple[str, str]:
    """A store as the first version made it, with a student in it; returns the ids of organization and student."""
    key = SecretKeeper(folder, use_keyring=False).store_key()
    engine = _engine(folder / "store.db", key.value)
    migrate(engine, "0001")
    organization, location, family, student = (new_id() for _ in range(4))
    rows = {
        "organization": {"id": organization, "business_name": "Hudson", "time_zone": "UTC", "country": "US",
                         "currency": "USD", "default_buffer_minutes": 15, "language": "en",
                         "session_durations_minutes": "[60]", "start_grid_minutes": 15},
        "location": {"id": location, "name": "Irvington Office", "country": "US"},
        "family": {"id": family, "parent1_first_name": "Priya", "parent1_last_name": "Kim",
                   "primary_contact": "PARENT_1"},
        "student": {"id": student, "family_id": family, "location_id": location, "first_name": "Elena",
                    "lesson_mode": "IN_PERSON", "allergies": "Peanuts", "is_active": 1},
    }  # fmt: skip
    with engine.connect() as connection:
        for table, values in rows.items():
            columns = connection.execute(text(f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')"))
            row = {name: "" if kind == "TEXT" else 0 for name, kind, required in columns if required}
            row |= {"organization_id": organization, "field_clocks": "{}", **values}
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)
        connection.execute(
            text("INSERT INTO local_state (name, value) VALUES ('organization_id', :id)"), {"id": organization}
        )
        connection.commit()
    engine.dispose()
    return organization, student


def test_a_store_of_the_first_version_is_brought_up_to_date_with_its_data(tmp_path: Path) -> None:
    organization, student = first_published_store(tmp_path)
    store = Store(tmp_path, use_keyring=False)
    with store.write() as session:
        row = session.get_one(Student, (organization, student))
        assert (row.first_name, row.allergies) == ("Elena", "Peanuts")
        record_health_access(session, organization, student, None, now=NOW)
        center = session.get_one(Organization, (organization, organization))
        assert (center.business_name, center.brand_color, center.logo_png) == ("Hudson", "", "")
        center.brand_color = "#1f4e8c"
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [metadata, LocalBase.metadata]) == []
    store.close()


def earlier_revisions() -> list[str]:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(migration_config())
    return sorted(each.revision for each in script.walk_revisions() if each.revision != HEAD)


def earlier_store(folder: Path, revision: str) -> tuple[str, str, str]:
    """A store as that revision made it, with a new and an edited lead that were never sent; returns the ids of
    organization and leads."""
    key = SecretKeeper(folder, use_keyring=False).store_key()
    engine = _engine(folder / "store.db", key.value)
    migrate(engine, revision)
    organization, made, edited = (new_id() for _ in range(3))
    stamp, later = "0199000000000000aaaaaaaaaaaa", "0199000000010000aaaaaaaaaaaa"
    leads: tuple[dict[str, str], ...] = (
        {"id": made, "parent_first_name": "Ana", "field_clocks": f'{{"*": "{stamp}"}}', "unsent_since": stamp},
        {
            "id": edited, "parent_first_name": "Björn", "notes": "call after six", "unsent_since": later,
            "field_clocks": f'{{"*": "{stamp}", "notes": "{later}"}}',
        },
    )  # fmt: skip
    with engine.connect() as connection:
        columns = connection.execute(text("SELECT name, type, \"notnull\" FROM pragma_table_info('lead')")).all()
        for lead in leads:
            row: dict[str, str | int] = {
                name: "" if kind == "TEXT" else 0 for name, kind, required in columns if required
            }
            row |= {"organization_id": organization, "stage": "NEW", "source": "OTHER"}
            row |= {"created_at": "2026-11-25T20:40:00Z", **lead}
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO lead ({names}) VALUES ({marks})"), row)
        for name, value in (("organization_id", organization), ("pull_cursor", "812")):
            connection.execute(text("INSERT INTO local_state VALUES (:name, :value)"), {"name": name, "value": value})
        connection.commit()
    engine.dispose()
    return organization, made, edited


@pytest.mark.parametrize("revision", earlier_revisions())
def test_an_upgrade_keeps_what_was_not_sent_unsent(tmp_path: Path, revision: str) -> None:
    """[S-101]: and it is sent as it would have been."""
    _, made, edited = earlier_store(tmp_path, revision)
    store = Store(tmp_path, use_keyring=False)
    assert (lead(store, made).parent_first_name, lead(store, edited).notes) == ("Ana", "call after six")
    assert store.unsent_count() == 2
    (request,) = read_requests(store)
    sent = {tuple(batch.ids): batch.fields for batch in request.batches}
    assert sent[edited,] == ("notes",)
    assert "parent_first_name" in sent[made,]
    assert [file.name for file in (tmp_path / "backups").iterdir()] == [f"before-{HEAD}-from-{revision}.db"]
    if revision < "0008":
        assert store.local("pull_cursor") is None  # everything is fetched once more, with the server's numbers
    store.close()


def test_before_a_store_is_brought_up_to_date_it_is_backed_up(tmp_path: Path) -> None:
    _, student = first_published_store(tmp_path)
    Store(tmp_path, use_keyring=False).close()
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name == f"before-{HEAD}-from-0001.db"
    engine = _engine(backup, SecretKeeper(tmp_path, use_keyring=False).store_key().value)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
        assert connection.execute(text("SELECT id FROM student")).scalars().all() == [student]
    engine.dispose()
    Store(tmp_path, use_keyring=False).close()
    assert len(list((tmp_path / "backups").glob("*.db"))) == 1


def test_the_file_tells_nothing_without_the_key(store: Store, tmp_path: Path) -> None:
    add_lead(store, "Secretname")
    store.close()
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("store.db*"))
    assert b"SQLite format" not in raw
    assert b"Secretname" not in raw


@pytest.mark.skipif(os.name == "nt", reason="file modes are a matter of POSIX")
def test_a_key_file_is_readable_by_the_user_only(store: Store) -> None:
    assert stat.S_IMODE(Path(store.key_kept_in).stat().st_mode) == 0o600


def test_the_person_is_told_when_the_key_lies_in_a_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "has no keyring" in store.key_words
    assert store.key_kept_in in store.key_words
    monkeypatch.setattr(store, "key_kept_in", "keyring")
    assert store.key_words == "The key of this data is kept by the keyring of this PC."


def test_another_key_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "store-key.secret").write_text("00" * 32)
    with pytest.raises(StoreLocked, match="cannot be opened with the key on this PC"):
        Store(tmp_path, use_keyring=False)


def test_a_store_of_a_newer_program_is_refused_and_left_alone(store: Store, tmp_path: Path) -> None:
    """[S-101]"""
    add_lead(store)
    with store.engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    store.close()
    before = (tmp_path / "store.db").read_bytes()
    for _ in range(2):
        with pytest.raises(StoreTooNew, match="newer iTutorOS"):
            Store(tmp_path, use_keyring=False)
    assert (tmp_path / "store.db").read_bytes() == before
    assert not (tmp_path / "backups").exists()


def test_a_backup_opens_with_the_same_key_and_holds_everything(store: Store, tmp_path: Path) -> None:
    added = add_lead(store)
    backup = store.backup("by-hand")
    other = tmp_path / "restored"
    other.mkdir()
    backup.rename(other / "store.db")
    (other / "store-key.secret").write_text(Path(store.key_kept_in).read_text())
    restored = Store(other, use_keyring=False)
    assert lead(restored, added).parent_first_name == "Ana"
    restored.close()


def test_a_commit_announces_which_rows_changed(store: Store) -> None:
    heard: list[Changes] = []
    stop = store.subscribe(heard.append)
    added = add_lead(store)
    stop()
    add_lead(store, "Unheard")
    assert heard == [{"lead": frozenset({added})}]


def test_a_failed_change_leaves_nothing_behind(store: Store) -> None:
    heard: list[Changes] = []
    store.subscribe(heard.append)
    with pytest.raises(ZeroDivisionError), store.write("Add") as session:
        session.add(Lead(organization_id=store.organization_id, created_at=NOW))
        session.flush()
        raise ZeroDivisionError
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Lead)) == 0
    assert heard == []
    assert store.undo_history.next_undo is None


def test_a_closed_store_is_gone_from_memory_with_its_listeners(store: Store, tmp_path: Path) -> None:
    class Page:
        def hear(self, _changes: Changes) -> None:
            pass

    another, page = Store(tmp_path / "another", use_keyring=False), Page()
    another.set_local(organization_id=new_id())
    another.subscribe(page.hear)
    with another.write("New center") as session:
        own = another.organization_id
        session.add(Organization(organization_id=own, id=own, business_name="Hudson", time_zone="UTC"))
    another.close()
    left = weakref.ref(another), weakref.ref(page)
    del another, page, session
    gc.collect()
    assert [held() for held in left] == [None, None]


def test_undo_and_redo_restore_fields_and_archive_what_was_made(store: Store) -> None:
    added = add_lead(store, description="New lead, Ana")
    with store.write("Moved Ana to Contacted") as session:
        session.get_one(Lead, (store.organization_id, added)).stage = LeadStage.CONTACTED
    assert store.undo_history.next_undo == "Moved Ana to Contacted"
    assert store.undo() == "Moved Ana to Contacted"
    assert lead(store, added).stage is LeadStage.NEW
    assert store.undo() == "New lead, Ana"
    assert lead(store, added).archived_at is not None
    assert store.undo() is None
    assert store.redo() == "New lead, Ana"
    assert lead(store, added).archived_at is None
    assert store.redo() == "Moved Ana to Contacted"
    assert lead(store, added).stage is LeadStage.CONTACTED
    assert store.redo() is None


def test_undo_leaves_what_someone_changed_since(store: Store) -> None:
    added = add_lead(store)
    with store.write("Stage and note") as session:
        row = session.get_one(Lead, (store.organization_id, added))
        row.stage, row.notes = LeadStage.CONTACTED, "first"
    with store.write() as session:
        session.get_one(Lead, (store.organization_id, added)).notes = "by another"
    store.undo()
    assert (lead(store, added).stage, lead(store, added).notes) == (LeadStage.NEW, "by another")


def test_only_changed_fields_get_a_new_clock(store: Store) -> None:
    added = add_lead(store)
    created = lead(store, added).field_clocks
    with store.write() as session:
        row = session.get_one(Lead, (store.organization_id, added))
        row.phone = "+19145550100"
        row.stage = LeadStage.NEW  # the same as before
    clocks = lead(store, added).field_clocks
    assert clocks.keys() == {"*", "phone"}
    assert clocks["*"] == created["*"] < clocks["phone"]


def test_what_was_erased_is_not_edited_anymore(store: Store) -> None:
    """[S-15]"""
    added = add_lead(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE lead SET notes = '', unsent_since = NULL, field_clocks = ?",
                                   (f'{{"*": "{ERASED_CLOCK}"}}',))  # fmt: skip
        connection.commit()
    with store.write() as session:
        row = session.get_one(Lead, (store.organization_id, added))
        row.notes, row.phone = "Mia is allergic", "+19145550100"
    kept = lead(store, added)
    assert (kept.notes, kept.phone, kept.unsent_since) == ("", "", None)


def test_statements_behind_the_hooks_back_are_refused(store: Store) -> None:
    add_lead(store)
    with pytest.raises(UntrackedWrite), store.write() as session:
        session.execute(update(Lead).values(notes="x"))
    with pytest.raises(UntrackedWrite), store.write() as session:
        session.delete(session.scalars(select(Lead)).one())


def test_a_killed_program_keeps_everything_it_had_saved(store: Store, tmp_path: Path) -> None:
    store.close()
    script = textwrap.dedent(
        """
        import os, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from desktop.store.store import Store
        from shared_models.leads.models import Lead
        store = Store(Path(sys.argv[1]), use_keyring=False)
        for number in range(10_000):
            with store.write() as session:
                session.add(Lead(organization_id=store.organization_id, parent_first_name=str(number),
                                 created_at=datetime(2026, 11, 25, tzinfo=UTC)))
            print(number, flush=True)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(40)]
    child.kill()
    said += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    saved = len([line for line in said if line.endswith("\n")])
    reopened = Store(tmp_path, use_keyring=False)
    with reopened.read() as session:
        names = set(session.scalars(select(Lead.parent_first_name)))
    assert {str(number) for number in range(saved)} <= names
    assert len(names) <= saved + 1
    assert reopened.unsent_count() == len(names) + 1
    reopened.close()


def test_a_full_disk_is_said_in_words_and_loses_nothing(store: Store) -> None:
    added = add_lead(store)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(session_connection: object) -> None:
        session_connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    with pytest.raises(StoreUnwritable, match="disk is full"), store.write() as session:
        limit(session.connection())
        session.add_all(
            Lead(organization_id=store.organization_id, created_at=NOW, notes="x" * 4000) for _ in range(200)
        )
    assert lead(store, added).parent_first_name == "Ana"
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Lead)) == 1
