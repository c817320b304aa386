"""PouchDB replicating the same records over HTTP between stores in memory, measured in the same run as a peer. Where
npm is not available, it says so and is left out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

_PACKAGES = ("pouchdb@9", "pouchdb-adapter-memory@9", "express@4", "express-pouchdb@4")
_SCRIPT = Path(__file__).with_name("pouchdb.cjs")
_INSTALL_SECONDS, _RUN_SECONDS = 180, 300


def measure(records: Sequence[dict[str, Any]], folder: Path) -> dict[str, float] | None:
    """The figures of PouchDB; None when it cannot be had here."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("PouchDB is left out: npm is not available.", file=sys.stderr)
        return None
    packages = folder / "pouchdb"
    packages.mkdir()
    (packages / "package.json").write_text('{"name": "peer", "version": "1.0.0", "private": true}')
    install = [npm, "install", "--no-audit", "--no-fund", "--silent", *_PACKAGES]
    try:
        done = subprocess.run(install, cwd=packages, timeout=_INSTALL_SECONDS, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        print("PouchDB is left out: npm could not install it.", file=sys.stderr)
        return None
    (folder / "records.json").write_bytes(orjson.dumps(list(records)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "NODE_PATH": str(packages / "node_modules")}
    with subprocess.Popen(
        [node, str(_SCRIPT), "serve", str(port)], cwd=packages, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            ran = subprocess.run(
                [node, str(_SCRIPT), "run", f"http://127.0.0.1:{port}", str(folder / "records.json")],
                cwd=packages,
                env=environment,
                timeout=_RUN_SECONDS,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            ran = None
        finally:
            server.kill()
    if ran is None or ran.returncode != 0:
        print("PouchDB is left out: it did not finish.", file=sys.stderr)
        return None
    figures: dict[str, float] = orjson.loads(ran.stdout.splitlines()[-1])
    return figures
