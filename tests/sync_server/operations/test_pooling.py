"""Behind a pooler in transaction mode, where every transaction may run on another connection of PostgreSQL."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import select, text

from shared_models.leads.models import Lead
from shared_models.organization.models import Organization
from sync_server.database import Database
from tests.end_to_end.processes import wait_until
from tests.live_server import make_organization
from tests.sync_server.operations.conftest import Hosted
from tests.sync_server.operations.machine import Desk, free_port, machine

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def pooled_url(hosted: Hosted) -> Iterator[str]:
    """The server's address through a real pgbouncer with two connections for everybody."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    at = urlsplit(hosted.server_url)
    place, name, port = parse_qs(at.query)["host"][0], at.path.lstrip("/"), free_port()
    # Neither PostgreSQL nor it runs as root, so that a folder of pytest's would be closed to it.
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        words = ["-u", Path(place).owner()] if Path(place).owner() != getpass.getuser() else []
        Path(folder).chmod(0o755)
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n{name} = host={place} user=itutoros_server dbname={name}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 500\n"
        )
        with subprocess.Popen([program, *words, str(settings)], stderr=subprocess.DEVNULL) as process:
            url = f"postgresql://itutoros_server@127.0.0.1:{port}/{name}"
            wait_until(lambda: _answers(url), process)
            yield url
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5, prepare_threshold=None) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_many_tenants_at_once_over_two_connections_see_their_own_rows_alone(pooled_url: str) -> None:
    database = Database(pooled_url, is_pooled=True)
    names = {make_organization(database, f"Center {number}")[0]: f"Center {number}" for number in range(6)}

    def work(organization_id: str) -> None:
        for number in range(12):
            with database.tenant(organization_id) as session:
                session.add(Lead(organization_id=organization_id, created_at=NOW, parent_first_name=f"Ana {number}"))
            with database.tenant(organization_id, read_only=True) as session:
                assert session.scalars(select(Organization.business_name)).all() == [names[organization_id]]
                assert session.scalar(text("SELECT count(*) FROM lead")) == number + 1
            with database.routing() as session:
                assert session.scalar(text("SELECT count(*) FROM lead")) == 0

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(work, names))
    database.close()


def test_no_transaction_leaves_a_tenant_or_a_lock_behind(pooled_url: str, hosted: Hosted) -> None:
    database = Database(pooled_url, is_pooled=True)
    organization_id, _, _ = make_organization(database)
    with database.tenant(organization_id) as session:
        session.execute(text("SELECT 1"))
    with database.bare() as connection:
        found = connection.execute("SELECT current_setting('itutoros.organization_id', true)").fetchone()
        assert found in ((None,), ("",))
    with psycopg.connect(hosted.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
    database.close()


def test_a_server_behind_a_pooler_serves_watches_and_does_its_jobs(
    pooled_url: str, hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(hosted_database)
    surroundings = {"DATABASE_URL": pooled_url, "ITUTOROS_DIRECT_DATABASE_URL": hosted.server_url}
    with machine(hosted, tmp_path, **surroundings) as running:
        desks = [Desk(running.url, email) for _ in range(3)]
        with httpx.stream(
            "GET", f"{running.url}/api/v1/sync/watch", headers=desks[0].headers, timeout=60, trust_env=False
        ) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(lambda desk: [desk.push() for _ in range(10)], desks))
            assert any(line == "event: changed" for line in lines if line)
        with hosted_database.tenant(organization_id) as session:
            assert session.scalar(text("SELECT count(*) FROM closure")) == 30

        def workers() -> int:
            with hosted_database.routing() as session:
                return int(session.scalar(text("SELECT count(*) FROM procrastinate_workers")) or 0)

        wait_until(lambda: workers() >= 1, running.process)
        assert running.terminate() == 0
