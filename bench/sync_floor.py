"""The physical limit of the sync on this machine: the same records read, encoded, sent, decoded and inserted, with no
engine around it, and with no check, clock, history or merge."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import orjson
import psycopg
import zstandard
from sqlalchemy import text

from desktop.store.store import Store
from shared_models.registry import tenant_classes
from shared_models.sync.wire import wire_fields

_REQUEST_ROWS = 12_500
_FIELDS = wire_fields(tenant_classes()["schedule_entry"].__table__)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Floor:
    """Seconds for all records each way, and for one message there and back with a commit on both disks."""

    push_seconds: float
    pull_seconds: float
    one_edit_seconds: float


def measure(store: Store, database_url: str, folder: Path, count: int) -> Floor:
    """Move `count` entries of a store into PostgreSQL and back into another store, by the shortest way."""
    columns = ", ".join(f'"{name}"' for name in ("id", "field_clocks", *_FIELDS))
    reading = f"SELECT {columns} FROM schedule_entry LIMIT {count}"
    with psycopg.connect(database_url, autocommit=True) as server, _Pipe() as pipe:
        server.execute("CREATE TABLE bare (LIKE schedule_entry INCLUDING DEFAULTS INCLUDING INDEXES)")
        server.execute(
            "ALTER TABLE bare DROP COLUMN organization_id, DROP COLUMN server_seq, DROP COLUMN unsent_since"
        )
        began = time.perf_counter()
        with store.engine.connect() as connection:
            rows = connection.exec_driver_sql(reading).fetchall()
        for start in range(0, count, _REQUEST_ROWS):
            message = pipe.sent(_packed(rows[start : start + _REQUEST_ROWS]))
            parts = _unpacked(message)
            texts = [["\\N" if value is None else str(value) for value in part] for part in parts]
            with server.cursor() as cursor, cursor.copy(f"COPY bare ({columns}) FROM STDIN") as copy:
                copy.write("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n")
        push_seconds = time.perf_counter() - began

        empty = Store(folder / "floor", use_keyring=False)
        organization_id = store.organization_id
        marks = ", ".join("?" * (len(_FIELDS) + 3))
        writing = f"INSERT INTO schedule_entry (organization_id, {columns}) VALUES ({marks})"
        began = time.perf_counter()
        with server.cursor() as cursor, empty.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            for pragma in ("foreign_keys = OFF", "cache_size = -262144", "wal_autocheckpoint = 1000000"):
                driver.execute(f"PRAGMA {pragma}")
            driver.execute("BEGIN IMMEDIATE")
            aggregates = ", ".join(f"json_agg({name})::text" for name in columns.split(", "))
            for start in range(0, count, _REQUEST_ROWS):
                cursor.execute(
                    f"SELECT {aggregates} FROM (SELECT * FROM bare ORDER BY id "
                    f"LIMIT {_REQUEST_ROWS} OFFSET {start}) AS page"
                )
                found = cursor.fetchone()
                assert found is not None
                body = ("[" + ",".join(found) + "]").encode()
                parts = _unpacked(pipe.sent(zstandard.ZstdCompressor(level=1).compress(body)))
                values = [
                    [orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value for value in part]
                    for part in parts
                ]
                driver.executemany(writing, zip(repeat(organization_id), *values))
            driver.execute("COMMIT")
        pull_seconds = time.perf_counter() - began
        one_edit_seconds = _one_edit(server, empty, pipe)
        empty.close()
    return Floor(push_seconds, pull_seconds, one_edit_seconds)


def _one_edit(server: psycopg.Connection[tuple[object, ...]], store: Store, pipe: _Pipe) -> float:
    """One message there, a commit, one message back, a commit."""
    taken = []
    with store.engine.connect() as connection:
        own = connection.execute(text("SELECT organization_id, id FROM schedule_entry LIMIT 1")).one()
        for number in range(50):
            began = time.perf_counter()
            pipe.sent(b"x" * 300)
            server.execute("UPDATE bare SET notes = %s WHERE id = %s", (f"edit {number}", own.id))
            pipe.sent(b"x" * 300)
            connection.exec_driver_sql(
                "UPDATE schedule_entry SET notes = ? WHERE organization_id = ? AND id = ?", (f"edit {number}", *own)
            )
            connection.commit()
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def _packed(rows: Sequence[Sequence[object]]) -> bytes:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return zstandard.ZstdCompressor(level=1).compress(orjson.dumps(columns))


def _unpacked(message: bytes) -> list[list[object]]:
    found: list[list[object]] = orjson.loads(zstandard.ZstdDecompressor().decompress(message))
    return found


class _Pipe:
    """Two ends of a TCP connection on this machine: what is put in at one comes out at the other."""

    def __enter__(self) -> _Pipe:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._near = socket.create_connection(listener.getsockname())
            self._far, _ = listener.accept()
        for end in (self._near, self._far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._near.close()
        self._far.close()

    def sent(self, message: bytes) -> bytes:
        """A message after its way."""
        sending = threading.Thread(target=self._near.sendall, args=(message,))
        sending.start()
        parts, missing = [], len(message)
        while missing:
            part = self._far.recv(min(missing, 1 << 20))
            parts.append(part)
            missing -= len(part)
        sending.join()
        return b"".join(parts)
