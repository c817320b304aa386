"""One organization is exported, erased and restored, and no other notices: as a host runs it, with an owner that is
no superuser and a server that owns nothing."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import signal
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import structlog
import zstandard
from sqlalchemy import text

from shared_models.base import new_id
from shared_models.leads.models import Lead
from sync_server.database import Database
from sync_server.files.models import FileContent
from sync_server.files.storage import DiskStorage, FileKey
from sync_server.mail_models import OutboxMail
from sync_server.main import main
from sync_server.operations.archive import opened_archive, tenant_tables_of
from sync_server.operations.commands import listed_organizations
from tests.live_server import PASSWORD, live_server, make_organization
from tests.sync_server.operations.conftest import Hosted, make_hosted

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
PICTURE = b"picture" * 50_000

Outcome = tuple[int, str, str]
Operator = Callable[..., Outcome]
Center = tuple[str, str, str]


@pytest.fixture
def operator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, hosted: Hosted
) -> Iterator[Operator]:
    """Runs `itutoros-server` with words; gives its status, output and errors."""
    root, before = logging.getLogger(), signal.getsignal(signal.SIGTERM)
    handlers, level = root.handlers[:], root.level

    def run(*words: str, at: Hosted = hosted, typed: str = "", folder: Path = tmp_path / "data") -> Outcome:
        monkeypatch.setenv("DATABASE_URL", at.server_url)
        monkeypatch.setenv("ITUTOROS_MIGRATION_DATABASE_URL", at.owner_url)
        monkeypatch.setenv("ITUTOROS_DATA", str(folder))
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        status = main(list(words))
        return status, *capsys.readouterr()

    yield run
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def center(hosted_database: Database, tmp_path: Path) -> Center:
    """An organization with a lead, a waiting mail and a file; its id, slug and the owner's e-mail."""
    organization_id, slug, email = make_organization(hosted_database, "Łódź “Learning”")
    storage, sha256 = DiskStorage(tmp_path / "data" / "files"), hashlib.sha256(PICTURE).hexdigest()
    storage.write(FileKey(organization_id, sha256), "pc", 0, PICTURE)
    storage.keep(FileKey(organization_id, sha256), "pc")
    with hosted_database.tenant(organization_id) as session:
        session.add(
            Lead(
                organization_id=organization_id,
                created_at=NOW,
                parent_first_name="Ana\t\\N",
                notes='"two"\nlines\r\\.',
            )
        )
        session.add(
            OutboxMail(
                organization_id=organization_id, id=new_id(), created_at=NOW, recipient="ana@example.org",
                subject="Hello", message="Subject: Hello\n\nHello", due_at=NOW, attempts=0,
            )
        )  # fmt: skip
        session.add(
            FileContent(
                organization_id=organization_id, sha256=sha256, size_bytes=len(PICTURE), media_type="image/png",
                stored_at=NOW,
            )
        )  # fmt: skip
    return organization_id, slug, email


def everything(database: Database, organization_id: str) -> dict[str, list[Any]]:
    """All rows of an organization, but for what a restore changes on purpose."""
    with database.tenant(organization_id, read_only=True) as session:
        found = {
            table: sorted(session.scalars(text(f'SELECT to_jsonb(own)::text FROM "{table}" AS own')).all())
            for table in tenant_tables_of(session)
            if table not in ("organization_sequence", "outbox_mail")
        }
    return {table: rows for table, rows in found.items() if rows}


def test_an_export_holds_every_row_and_says_so(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, email = center
    target = tmp_path / "center.itutoros"
    status, out, _ = operator("export", slug, str(target))
    assert status == 0
    assert "Keep it where nobody else can read it" in out
    assert target.stat().st_mode & 0o777 == 0o600
    with opened_archive(target) as (manifest, folder):
        assert (manifest.organization_id, manifest.slugs, manifest.name) == (
            organization_id,
            (slug,),
            "Łódź “Learning”",
        )
        held = {
            table: sorted((folder / f"{table}.jsonl").read_text().splitlines())
            for table in manifest.tables
            if table not in ("organization_sequence", "outbox_mail")
        }
        assert held == everything(hosted_database, organization_id)
        assert manifest.tables["audit_entry"].rows > 100
        members = [json.loads(line) for line in (folder / "members.jsonl").read_text().splitlines()]
    assert [member["email"] for member in members] == [email]
    assert set(members[0]) == {"account_id", "email", "user_id"}, "no password leaves the server"
    assert list(manifest.files.values()) == [len(PICTURE)]


def test_what_was_erased_comes_back_exactly_and_no_other_notices(
    operator: Operator, center: Center, hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    other, _, _ = make_organization(hosted_database, "Other")
    before, others = everything(hosted_database, organization_id), everything(hosted_database, other)
    target = tmp_path / "center.itutoros"
    operator("export", organization_id, str(target))

    assert operator("erase", slug, typed="wrong\n")[0] == 1
    assert everything(hosted_database, organization_id) == before
    status, out, _ = operator("erase", slug, typed=f"{slug}\n")
    assert (status, "1 accounts" in out) == (0, True)
    assert everything(hosted_database, organization_id) == {}
    assert not (tmp_path / "data" / "files" / organization_id).exists()
    assert operator("export", slug)[0] == 1
    with psycopg.connect(hosted.owner_url) as owner:
        for table in ("membership", "organization_route", "device"):
            query = f"SELECT count(*) FROM {table} WHERE organization_id = %s"
            assert owner.execute(query, (organization_id,)).fetchone() == (0,)
        waiting = "SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'organization_id' = %s"
        assert owner.execute(waiting, (organization_id,)).fetchone() == (0,)

    status, out, _ = operator("restore", str(target))
    assert (status, "1 accounts are new" in out) == (0, True)
    assert everything(hosted_database, organization_id) == before
    assert everything(hosted_database, other) == others
    key = FileKey(organization_id, hashlib.sha256(PICTURE).hexdigest())
    assert b"".join(DiskStorage(tmp_path / "data" / "files").read(key, 0, len(PICTURE))) == PICTURE


def test_mail_that_waited_when_the_file_was_made_does_not_go_out_after_a_restore(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    operator("export", slug, str(tmp_path / "center.itutoros"))
    operator("restore", "--replace", str(tmp_path / "center.itutoros"))
    with hosted_database.tenant(organization_id) as session:
        mail = session.query(OutboxMail).one()
    assert (mail.due_at, mail.sent_at) == (None, None)
    assert "restored from a backup" in mail.failure


def test_the_history_goes_on_after_a_restore(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    operator("export", slug, str(tmp_path / "center.itutoros"))
    operator("erase", slug, "--yes")
    operator("restore", str(tmp_path / "center.itutoros"))
    with hosted_database.tenant(organization_id) as session:
        highest = session.scalar(text("SELECT max(id) FROM audit_entry"))
        session.add(Lead(organization_id=organization_id, created_at=NOW, parent_first_name="Bo"))
    with hosted_database.tenant(organization_id) as session:
        assert session.scalar(text("SELECT max(id) FROM audit_entry")) > highest


def test_one_that_is_there_is_replaced_only_when_asked_and_begins_a_new_epoch(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    operator("export", slug, str(tmp_path / "center.itutoros"))
    exported = everything(hosted_database, organization_id)
    with hosted_database.tenant(organization_id) as session:
        epoch, seq = session.execute(text("SELECT epoch, last_seq FROM organization_sequence")).one()
        session.add(Lead(organization_id=organization_id, created_at=NOW, parent_first_name="Later"))
    status, _, errors = operator("restore", str(tmp_path / "center.itutoros"))
    assert (status, "--replace" in errors) == (1, True)
    status, out, _ = operator("restore", str(tmp_path / "center.itutoros"), "--replace")
    assert (status, "new on this server" in out) == (0, False)
    assert everything(hosted_database, organization_id) == exported
    with hosted_database.tenant(organization_id) as session:
        row = session.execute(text("SELECT epoch, restored_at_seq, last_seq FROM organization_sequence")).one()
    assert row.epoch != epoch
    assert row.restored_at_seq == seq
    assert row.last_seq > seq, "so that nothing kept for a number lives on"
    operator("export", slug, str(tmp_path / "later.itutoros"))
    operator("restore", str(tmp_path / "later.itutoros"), "--replace")
    with hosted_database.tenant(organization_id) as session:
        again = session.execute(text("SELECT epoch, restored_at_seq FROM organization_sequence")).one()
    assert again.epoch != row.epoch
    assert again.restored_at_seq == seq, "a PC may not have heard of the first time"


def test_another_server_takes_it_whole(
    operator: Operator,
    center: Center,
    postgres_url: str,
    hosted_database: Database,
    tmp_path: Path,
) -> None:
    organization_id, slug, email = center
    operator("export", slug, str(tmp_path / "center.itutoros"))
    elsewhere = make_hosted(postgres_url)
    status, _, _ = operator(
        "restore", str(tmp_path / "center.itutoros"), "--slug", "moved", at=elsewhere, folder=tmp_path / "elsewhere"
    )
    assert status == 0
    database = elsewhere.open()
    found = everything(database, organization_id)
    expected = everything(hosted_database, organization_id)
    assert [one.slug for one in listed_organizations(database)] == ["moved"]
    assert {table: rows for table, rows in found.items() if table != "organization"} == {
        table: rows for table, rows in expected.items() if table != "organization"
    }
    key = FileKey(organization_id, hashlib.sha256(PICTURE).hexdigest())
    assert b"".join(DiskStorage(tmp_path / "elsewhere" / "files").read(key, 0, len(PICTURE))) == PICTURE
    with live_server(database, tmp_path) as server:
        answer = httpx.post(
            f"{server.url}/api/v1/sign-in",
            json={"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "x"},
            trust_env=False,
        )
    assert answer.status_code == 403, "the password stayed where it was"
    database.close()


def test_an_address_that_another_has_is_not_taken_away(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    _, slug, _ = center
    operator("export", slug, str(tmp_path / "center.itutoros"))
    operator("erase", slug, "--yes")
    other, _, _ = make_organization(hosted_database, "Other")
    with hosted_database.routing() as session:
        session.execute(
            text("UPDATE organization_route SET slug = :slug WHERE organization_id = :id"),
            {"slug": slug, "id": other},
        )
    status, _, errors = operator("restore", str(tmp_path / "center.itutoros"))
    assert (status, "--slug" in errors) == (1, True)
    assert operator("restore", str(tmp_path / "center.itutoros"), "--slug", f"{slug}-again")[0] == 0


@pytest.mark.parametrize("harm", ["cut", "flip", "row", "not_ours"])
def test_a_damaged_file_restores_nothing(
    operator: Operator, center: Center, hosted_database, tmp_path: Path, harm: str
) -> None:
    organization_id, slug, _ = center
    target = tmp_path / "center.itutoros"
    operator("export", slug, str(target))
    operator("erase", slug, "--yes")
    content = target.read_bytes()
    target.write_bytes(
        {
            "cut": lambda: content[: len(content) // 2],
            "flip": lambda: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
            "row": lambda: rewritten(
                content, lambda name, part: part.replace(b"Ana", b"Eva") if "lead" in name else part
            ),
            "not_ours": lambda: b"no archive at all",
        }[harm]()
    )
    status, _, errors = operator("restore", str(target))
    assert status == 1
    assert errors.count("\n") == 1, "a sentence and no traceback"
    assert everything(hosted_database, organization_id) == {}
    assert all(one.organization_id != organization_id for one in listed_organizations(hosted_database))


def test_rows_of_another_organization_in_a_file_are_refused(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    other, _, _ = make_organization(hosted_database, "Other")
    target = tmp_path / "center.itutoros"
    operator("export", slug, str(target))
    operator("erase", slug, "--yes")
    forged: dict[str, bytes] = {}

    def forge(name: str, part: bytes) -> bytes:
        if name == "tables/lead.jsonl":
            part = part.replace(organization_id.encode(), other.encode())
            forged[name] = part
        return part

    content = rewritten(target.read_bytes(), forge)

    def fix(name: str, part: bytes) -> bytes:
        if name != "manifest.json":
            return part
        manifest = json.loads(part)
        manifest["tables"]["lead"]["sha256"] = hashlib.sha256(forged["tables/lead.jsonl"]).hexdigest()
        return json.dumps(manifest).encode()

    target.write_bytes(rewritten(content, fix))
    before = everything(hosted_database, other)
    status, _, errors = operator("restore", str(target))
    assert (status, "another organization" in errors) == (1, True)
    assert everything(hosted_database, other) == before
    assert everything(hosted_database, organization_id) == {}


def test_a_file_of_a_newer_server_is_refused(operator: Operator, center: Center, tmp_path: Path) -> None:
    _, slug, _ = center
    target = tmp_path / "center.itutoros"
    operator("export", slug, str(target))

    def newer(name: str, part: bytes) -> bytes:
        return part if name != "manifest.json" else json.dumps(json.loads(part) | {"schema": "9999"}).encode()

    target.write_bytes(rewritten(target.read_bytes(), newer))
    status, _, errors = operator("restore", str(target), "--replace")
    assert (status, "Update this server first" in errors) == (1, True)


def without_columns(content: bytes, table: str, columns: set[str]) -> bytes:
    """An export as a server would have made it that did not have these columns yet."""
    made: dict[str, bytes] = {}

    def older(name: str, part: bytes) -> bytes:
        if name == f"tables/{table}.jsonl":
            rows = [json.loads(line) for line in part.splitlines()]
            lines = [json.dumps({name: row[name] for name in row if name not in columns}) for row in rows]
            part = made["rows"] = "".join(f"{line}\n" for line in lines).encode()
        return part

    def fix(name: str, part: bytes) -> bytes:
        if name != "manifest.json":
            return part
        manifest = json.loads(part)
        held = manifest["tables"][table]
        held["sha256"] = hashlib.sha256(made["rows"]).hexdigest()
        held["columns"] = [column for column in held["columns"] if column not in columns]
        return json.dumps(manifest).encode()

    return rewritten(rewritten(content, older), fix)


def test_a_file_of_an_older_server_takes_the_defaults_of_what_came_later(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    target = tmp_path / "center.itutoros"
    operator("export", slug, str(target))
    before = everything(hosted_database, organization_id)
    target.write_bytes(without_columns(target.read_bytes(), "organization", {"logo_png", "brand_color"}))
    status, _, errors = operator("restore", str(target), "--replace")
    assert (status, errors) == (0, "")
    assert everything(hosted_database, organization_id) == before


def test_a_file_that_the_database_refuses_changes_nothing_and_is_a_sentence(
    operator: Operator, center: Center, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, slug, _ = center
    target = tmp_path / "center.itutoros"
    operator("export", slug, str(target))
    before = everything(hosted_database, organization_id)
    target.write_bytes(without_columns(target.read_bytes(), "lead", {"created_at"}))
    status, _, errors = operator("restore", str(target), "--replace")
    assert status == 1
    assert errors.startswith("Nothing was changed, as the database refused it: null value in column")
    assert "Ana" not in errors
    assert everything(hosted_database, organization_id) == before


def test_the_servers_own_role_can_neither_erase_nor_restore(
    operator: Operator, center: Center, hosted: Hosted, tmp_path: Path
) -> None:
    _, slug, _ = center
    without_owner = Hosted(hosted.server_url, hosted.server_url)
    status, _, errors = operator("erase", slug, "--yes", at=without_owner)
    assert (status, "ITUTOROS_MIGRATION_DATABASE_URL" in errors) == (1, True)


def test_the_list_shows_each_organization(operator: Operator, center: Center, hosted_database: Database) -> None:
    organization_id, slug, _ = center
    status, out, _ = operator("list")
    assert status == 0
    (line,) = (line for line in out.splitlines() if line.startswith(slug))
    assert "Łódź “Learning”" in line
    assert organization_id in line
    (one,) = (one for one in listed_organizations(hosted_database) if one.slug == slug)
    assert one.rows == sum(len(rows) for rows in everything(hosted_database, organization_id).values()) + 2
    assert (one.users, one.pcs, one.is_suspended) == (1, 0, False)
    assert one.bytes and one.bytes > 20_000
    assert one.last_activity is not None
    operator("suspend", slug)
    listed = [json.loads(line) for line in operator("list", "--json", "--fast")[1].splitlines()]
    assert [row["is_suspended"] for row in listed if row["slug"] == slug] == [True]


def test_an_unknown_organization_is_a_sentence(operator: Operator) -> None:
    status, out, errors = operator("suspend", "nowhere")
    assert (status, out) == (1, "")
    assert errors == "There is no organization nowhere on this server. `itutoros-server list` shows them.\n"


def rewritten(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """An archive with each member changed."""
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(plain)) as old,
        tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for entry in old:
            member = old.extractfile(entry)
            assert member is not None
            part = change(entry.name, member.read())
            entry.size = len(part)
            new.addfile(entry, io.BytesIO(part))
    return zstandard.ZstdCompressor().compress(out.getvalue())
