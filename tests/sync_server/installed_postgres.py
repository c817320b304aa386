"""A PostgreSQL as a host installs it, of the system's own package with its contrib extensions, which the embedded one
lacks; for tests of what depends on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.end_to_end.processes import wait_until


def programs_with(extension: str) -> Path:
    """The folder of an installed PostgreSQL's programs, the newest that has this extension; skips without one."""
    on_path = shutil.which("initdb")
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))]
    for folder in [*reversed(folders), *([Path(on_path).resolve().parent] if on_path else [])]:
        if not (folder / "initdb").exists() or not (folder / "pg_config").exists():
            continue
        share = subprocess.run([folder / "pg_config", "--sharedir"], check=True, capture_output=True, text=True)
        if (Path(share.stdout.strip()) / "extension" / f"{extension}.control").exists():
            return folder
    pytest.skip(f"no PostgreSQL with {extension} is installed")


@contextmanager
def installed_postgres(programs: Path) -> Iterator[str]:
    """The superuser's address of an empty one that runs until the block ends."""
    # PostgreSQL does not run as root; where tests do, the package has made a user for it.
    owner: dict[str, Any] = {"user": "postgres"} if os.name == "posix" and os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="installed-") as name:
        folder = Path(name)
        if owner:
            shutil.chown(folder, "postgres")
        data = folder / "data"
        make = [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run(list(map(str, make)), check=True, capture_output=True, cwd="/", **owner)
        settings = [f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off", "max_connections=200"]
        words = [programs / "postgres", "-D", data, *(word for one in settings for word in ("-c", one))]
        serve = list(map(str, words))
        with subprocess.Popen(
            list(map(str, serve)), stderr=subprocess.DEVNULL, cwd="/", text=True, **owner
        ) as process:
            url = f"postgresql://postgres:@/postgres?host={folder}"
            try:
                wait_until(lambda: _answers(url), process)
                yield url
            finally:
                process.terminate()
                process.wait(60)


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False
