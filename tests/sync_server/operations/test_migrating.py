"""Migrations run while servers of the version before still work, and give way to them."""

from __future__ import annotations

import ast
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import text

import sync_server.migrations
from sync_server.database import migration_config
from sync_server.operations.migrating import MigrationBlocked, migrate
from sync_server.operations.readiness import known_revisions
from tests.end_to_end.processes import wait_until
from tests.live_server import make_organization
from tests.sync_server.operations.conftest import Hosted, make_hosted
from tests.sync_server.operations.machine import Desk, machine

VERSIONS = Path(sync_server.migrations.__file__).parent / "versions"
FIRST_HELD_TO_THE_RULE = "0008"

NEXT = '''
"""What the next version adds"""

import sqlalchemy as sa
from alembic import op

from sync_server.database import APP_ROLE, secure_statements

revision = "9001"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("closure", "device", "organization_sequence", "audit_entry", "user_role"):
        op.add_column(table, sa.Column("added_later", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_closure_added_later", "closure", ["organization_id", "added_later"])
'''


@pytest.fixture
def fresh(postgres_url: str) -> Hosted:
    return make_hosted(postgres_url)


@pytest.fixture
def with_next_version(tmp_path: Path) -> Any:
    """Alembic's configuration as the next version of the server would have it."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "9001_next.py").write_text(NEXT.replace("{head}", known_revisions()[0]))
    config = migration_config()
    config.set_main_option("version_locations", f"{VERSIONS};{tmp_path / 'versions'}")
    config.set_main_option("version_path_separator", ";")
    config.set_main_option("path_separator", ";")
    return config


def test_a_running_server_pushes_and_pulls_while_the_next_version_migrates(
    fresh: Hosted, with_next_version: Any, tmp_path: Path
) -> None:
    database = fresh.open()
    organization_id, _, email = make_organization(database)
    with machine(fresh, tmp_path) as running:
        desks = [Desk(running.url, email) for _ in range(3)]
        pushed: list[str] = []
        enough = threading.Event()

        def work(desk: Desk) -> None:
            while not enough.is_set():
                pushed.extend(desk.push())
                desk.pull()

        with ThreadPoolExecutor(3) as pool:
            working = [pool.submit(work, desk) for desk in desks]
            try:
                wait_until(lambda: len(pushed) > 10, running.process)
                assert migrate(fresh.owner_url, config=with_next_version) == ["9001"]
                have = len(pushed)
                wait_until(lambda: len(pushed) > have + 10, running.process)
            finally:
                enough.set()
        for one in working:
            one.result()
        assert running.status("/ready") == 200, "a schema that is newer fits too"
        with database.tenant(organization_id) as session:
            assert set(session.scalars(text("SELECT id::text FROM closure"))) == set(pushed)
        assert '"level":"error"' not in running.log.read_text()
    database.close()


def test_a_table_in_use_makes_the_migration_wait_and_not_the_others(fresh: Hosted, with_next_version: Any) -> None:
    database = fresh.open()
    organization_id, _, _ = make_organization(database)
    waits: list[float] = []
    with psycopg.connect(fresh.owner_url) as long_reader:
        long_reader.execute("SELECT count(*) FROM closure")

        def pause(seconds: float) -> None:
            waits.append(seconds)
            # Between the tries nobody stands in line.
            with database.tenant(organization_id) as session:
                session.execute(text("SET LOCAL lock_timeout = '1s'"))
                session.execute(text("UPDATE closure SET reason = reason"))
            if len(waits) == 3:
                long_reader.rollback()

        done = migrate(fresh.owner_url, config=with_next_version, lock_seconds=0.2, pause=pause)
    assert (done, len(waits)) == (["9001"], 3)
    database.close()


def test_a_table_that_stays_in_use_is_a_sentence(fresh: Hosted, with_next_version: Any) -> None:
    moments = iter([0.0, 10.0, 100.0])
    with psycopg.connect(fresh.owner_url) as long_reader:
        long_reader.execute("SELECT count(*) FROM closure")
        with pytest.raises(MigrationBlocked, match="run `itutoros-server migrate` again"):
            migrate(
                fresh.owner_url, config=with_next_version, lock_seconds=0.1, patience_seconds=50,
                pause=lambda _: None, ticks=lambda: next(moments),
            )  # fmt: skip


def test_several_that_migrate_at_once_take_turns(postgres_url: str) -> None:
    empty = make_hosted(postgres_url, migrated=False)
    with ThreadPoolExecutor(4) as pool:
        done = [revision for one in pool.map(lambda _: migrate(empty.owner_url), range(4)) for revision in one]
    assert sorted(done) == sorted(known_revisions())


def test_a_database_beyond_what_the_code_knows_is_left_alone(fresh: Hosted, with_next_version: Any) -> None:
    migrate(fresh.owner_url, config=with_next_version)
    assert migrate(fresh.owner_url) == []


def test_the_servers_role_may_not_migrate(postgres_url: str) -> None:
    empty = make_hosted(postgres_url, migrated=False)
    with pytest.raises(Exception, match=r"permission denied|owner"):
        migrate(empty.server_url)


def test_the_jobs_tables_are_those_of_the_installed_procrastinate() -> None:
    """A newer one comes with a migration of its own: its package brings the statements, in `sql/migrations`."""
    ours = Path(sync_server.migrations.__file__).with_name("procrastinate_3_10.sql").read_text()
    assert ours.split("\n", 1)[1] == SchemaManager.get_schema().split("\n", 1)[1]


def _statements(function: ast.FunctionDef) -> list[ast.Call]:
    return [
        node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def _breaks(call: ast.Call) -> str | None:
    """Why the version before would break over a statement; None when it would not."""
    assert isinstance(call.func, ast.Attribute)
    name, words = call.func.attr, {word.arg: word.value for word in call.keywords}
    if name in ("drop_table", "drop_column", "rename_table"):
        return name
    if name == "alter_column" and {"new_column_name", "type_"} & set(words):
        return "alter_column"
    if name == "alter_column" and isinstance(words.get("nullable"), ast.Constant) and not words["nullable"].value:  # type: ignore[attr-defined]
        return "alter_column to NOT NULL"
    if name == "add_column":
        column = call.args[1]
        given = {word.arg: word.value for word in column.keywords} if isinstance(column, ast.Call) else {}
        nullable = given.get("nullable")
        is_nullable = nullable is None or (isinstance(nullable, ast.Constant) and bool(nullable.value))
        if not is_nullable and "server_default" not in given:
            return "add_column NOT NULL without a default"
    return None


@pytest.mark.parametrize(
    "script", [path for path in sorted(VERSIONS.glob("[0-9]*.py")) if path.name >= FIRST_HELD_TO_THE_RULE],
    ids=lambda path: path.name,
)  # fmt: skip
def test_a_migration_leaves_the_version_before_working(script: Path) -> None:
    """Expand first, contract a version later (CONTRIBUTING): a script that contracts says since when nobody uses what
    it takes away, in `CONTRACTS`."""
    tree = ast.parse(script.read_text())
    says_so = any(
        isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "CONTRACTS" for to in node.targets)
        for node in tree.body
    )
    (upgrade,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    broken = [words for call in _statements(upgrade) if (words := _breaks(call))]
    assert broken == [] or says_so


def test_the_rule_notices_what_would_break() -> None:
    script = """
def upgrade():
    op.drop_column("lead", "notes")
    op.add_column("lead", sa.Column("x", sa.Text(), nullable=False))
    op.add_column("lead", sa.Column("y", sa.Text(), nullable=False, server_default=""))
    op.add_column("lead", sa.Column("z", sa.Text()))
    op.alter_column("lead", "y", nullable=False)
"""
    (upgrade,) = ast.parse(script).body
    assert isinstance(upgrade, ast.FunctionDef)
    found = [words for call in _statements(upgrade) if (words := _breaks(call))]
    assert sorted(found) == ["add_column NOT NULL without a default", "alter_column to NOT NULL", "drop_column"]
