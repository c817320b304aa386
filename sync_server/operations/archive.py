"""One organization as one file: every row of it, who may come in, and its files, with counts and hashes.

A file is a zstd-compressed tar: `manifest.json` first, then `tables/<name>.jsonl` (one row a line), `members.jsonl`
(e-mails of accounts and which user each is; no passwords) and `files/<sha256>`. All rows are read from one unchanging
view of the database, so that a center may work meanwhile.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import zstandard
from sqlalchemy import text
from sqlalchemy.orm import Session

from sync_server.database import Database, raw_cursor
from sync_server.files.storage import DiskStorage, FileKey

SUFFIX = ".itutoros"
FORMAT = 1

COPY_FORMAT = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
"""Lines as they are: JSON holds neither of these characters, nor a line break."""

_LEVEL = 9
_MANIFEST, _MEMBERS = "manifest.json", "members.jsonl"

TENANT_TABLES = """
SELECT class.relname FROM pg_class AS class
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attname = 'organization_id'
WHERE class.relkind IN ('r', 'p') AND class.relnamespace = 'public'::regnamespace AND class.relrowsecurity
  AND NOT class.relispartition ORDER BY 1
"""
"""The tables whose rows belong to organizations, as the database itself knows them."""

COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


class ArchiveError(Exception):
    """A file that cannot be used; `str()` is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of an archive: how many rows, and the SHA-256 of its bytes."""

    rows: int
    sha256: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds and which versions made it. `slugs` begins with the current one."""

    format: int
    program: str
    schema: str
    exported_at: str
    organization_id: str
    name: str
    slugs: tuple[str, ...]
    last_seq: int
    tables: dict[str, Part]
    members: Part
    files: dict[str, int] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for part in self.tables.values())

    def to_json(self) -> bytes:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Read what `to_json` wrote. Raises ArchiveError."""
        try:
            plain = json.loads(content)
            if plain.get("format") != FORMAT:
                raise ArchiveError("This file is of another kind than this server can read. Use a newer server.")
            plain["tables"] = {name: _part(part) for name, part in plain["tables"].items()}
            plain["members"] = _part(plain["members"])
            plain["slugs"] = tuple(plain["slugs"])
            return cls(**plain)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError("The list of contents in this file cannot be read.") from error


def export_organization(
    database: Database, organization_id: str, target: Path, *, files_folder: Path | None = None
) -> Manifest:
    """Write an organization to a file that only its owner may read; the file appears when it is whole.

    Raises LookupError when there is no such organization.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as spool:
            manifest = _read(database, organization_id, Path(spool))
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                _write(out, Path(spool), manifest, files_folder)
                out.flush()
                os.fsync(out.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


@contextmanager
def opened_archive(source: Path, files_folder: Path | None = None) -> Iterator[tuple[Manifest, Path]]:
    """The manifest of a file and a temporary folder with its members, every hash and count checked.

    Files go straight to `files_folder`, if given. Raises ArchiveError.
    """
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".restore-") as name:
        folder = Path(name)
        try:
            with (
                source.open("rb") as packed,
                zstandard.ZstdDecompressor().stream_reader(packed) as plain,
                tarfile.open(fileobj=plain, mode="r|") as archive,
            ):
                manifest = _unpack(archive, folder, files_folder)
        except (zstandard.ZstdError, tarfile.TarError, EOFError, OSError) as error:
            raise ArchiveError(f"{source} cannot be read as an export: {error}") from error
        yield manifest, folder


def tenant_tables_of(session: Session) -> list[str]:
    """Every table with rows of organizations."""
    return list(session.scalars(text(TENANT_TABLES)))


def _read(database: Database, organization_id: str, folder: Path) -> Manifest:
    from importlib.metadata import version

    with database.routing() as session:
        slugs = session.scalars(
            text("SELECT slug FROM organization_route WHERE organization_id = :id ORDER BY NOT is_current, slug"),
            {"id": organization_id},
        ).all()
        schema = session.scalar(text("SELECT version_num FROM alembic_version"))
        members = session.execute(
            text(
                "SELECT json_build_object('account_id', account_id, 'email', email, 'user_id', user_id)::text "
                "FROM membership JOIN account ON account.id = account_id WHERE organization_id = :id ORDER BY email"
            ),
            {"id": organization_id},
        ).scalars()
        lines = "".join(f"{line}\n" for line in members).encode()
    if not slugs:
        raise LookupError(organization_id)
    (folder / _MEMBERS).write_bytes(lines)
    tables: dict[str, Part] = {}
    files: dict[str, int] = {}
    with database.tenant(organization_id, read_only=True) as session:
        for table in tenant_tables_of(session):
            part = _copy_out(session, organization_id, table, folder / f"{table}.jsonl")
            if part.rows:
                tables[table] = part
        name = session.scalar(text("SELECT business_name FROM organization WHERE organization_id = id"))
        last_seq = session.scalar(text("SELECT last_seq FROM organization_sequence"))
        if "file_content" in tables:
            known = session.execute(text("SELECT sha256, size_bytes FROM file_content ORDER BY sha256"))
            files = {sha256: size for sha256, size in known}  # noqa: C416 - rows are no pairs to mypy
    return Manifest(
        format=FORMAT,
        program=version("itutoros"),
        schema=str(schema),
        exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        organization_id=organization_id,
        name=name or "",
        slugs=tuple(slugs),
        last_seq=last_seq or 0,
        tables=tables,
        members=Part(lines.count(b"\n"), hashlib.sha256(lines).hexdigest()),
        files=files,
    )


def _copy_out(session: Session, organization_id: str, table: str, place: Path) -> Part:
    digest, rows = hashlib.sha256(), 0
    with raw_cursor(session) as cursor, place.open("wb") as out:
        columns = tuple(row[0] for row in cursor.execute(COLUMNS, (f'public."{table}"',)).fetchall())
        listed = ", ".join(f'"{column}"' for column in columns)
        rows_of_own = f'SELECT {listed} FROM "{table}" WHERE organization_id = %s'
        query = f"COPY (SELECT to_jsonb(own)::text FROM ({rows_of_own}) AS own) TO STDOUT {COPY_FORMAT}"
        with cursor.copy(query, (organization_id,)) as copied:
            for block in copied:
                rows += bytes(block).count(b"\n")
                digest.update(block)
                out.write(block)
    return Part(rows, digest.hexdigest(), columns)


def _write(out: IO[bytes], spool: Path, manifest: Manifest, files_folder: Path | None) -> None:
    with (
        zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(out, closefd=False) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        content = manifest.to_json()
        archive.addfile(_entry(_MANIFEST, len(content)), io.BytesIO(content))
        for name, place in (
            (_MEMBERS, spool / _MEMBERS),
            *((f"tables/{table}.jsonl", spool / f"{table}.jsonl") for table in manifest.tables),
        ):
            with place.open("rb") as member:
                archive.addfile(_entry(name, place.stat().st_size), member)
        if files_folder is not None:
            storage = DiskStorage(files_folder)
            for sha256, size in manifest.files.items():
                parts = storage.read(FileKey(manifest.organization_id, sha256), 0, size)
                archive.addfile(_entry(f"files/{sha256}", size), _Joined(parts))


class _Joined(io.RawIOBase):
    """Parts of bytes, read as one file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self._rest:
            self._rest = next(self._parts, b"")
        taken = self._rest[: len(into)]
        into[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def read(self, size: int = -1) -> bytes:
        gathered = bytearray()
        while len(gathered) != size and (part := super().read(size - len(gathered) if size > 0 else 65536)):
            gathered += part
        return bytes(gathered)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _unpack(archive: tarfile.TarFile, folder: Path, files_folder: Path | None) -> Manifest:
    manifest: Manifest | None = None
    wanted: dict[str, Part] = {}
    for entry in archive:
        content = archive.extractfile(entry)
        if content is None:
            raise ArchiveError("The file holds something that is no part of an export.")
        if manifest is None:
            if entry.name != _MANIFEST:
                raise ArchiveError("The file has no list of contents.")
            manifest = Manifest.from_json(content.read())
            wanted = {f"tables/{name}.jsonl": part for name, part in manifest.tables.items()}
            wanted[_MEMBERS] = manifest.members
        elif entry.name in wanted:
            part = wanted.pop(entry.name)
            _take(content, folder / Path(entry.name).name, part, entry.name)
        elif entry.name.removeprefix("files/") in manifest.files:
            if files_folder is not None:
                _take_file(
                    content, DiskStorage(files_folder), manifest.organization_id, entry.name.removeprefix("files/")
                )
        else:
            raise ArchiveError(f"The file holds {entry.name}, which its list of contents does not name.")
    if manifest is None or wanted:
        raise ArchiveError(f"The file is not whole: {', '.join(sorted(wanted)) or _MANIFEST} is missing.")
    return manifest


def _take(content: IO[bytes], place: Path, part: Part, name: str) -> None:
    digest, rows = hashlib.sha256(), 0
    with place.open("wb") as out:
        while block := content.read(1 << 20):
            rows += block.count(b"\n")
            digest.update(block)
            out.write(block)
    if (rows, digest.hexdigest()) != (part.rows, part.sha256):
        raise ArchiveError(f"{name} was damaged: it is not what the list of contents says.")


def _take_file(content: IO[bytes], storage: DiskStorage, organization_id: str, sha256: str) -> None:
    key, digest, offset = FileKey(organization_id, sha256), hashlib.sha256(), 0
    storage.drop_upload(key, "restore")
    while block := content.read(1 << 20):
        digest.update(block)
        offset = storage.write(key, "restore", offset, block)
    if digest.hexdigest() != sha256:
        storage.drop_upload(key, "restore")
        raise ArchiveError(f"files/{sha256} was damaged.")
    storage.keep(key, "restore")


def _part(plain: dict[str, Any]) -> Part:
    return Part(int(plain["rows"]), str(plain["sha256"]), tuple(plain.get("columns", ())))
