"""The operator's commands on organizations: list, suspend, resume, export, erase, restore."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text

from sync_server.database import Database
from sync_server.files.storage import DiskStorage
from sync_server.models import OrganizationRoute
from sync_server.operations.archive import SUFFIX, ArchiveError, export_organization, tenant_tables_of
from sync_server.operations.models import OrganizationSuspension
from sync_server.operations.standing import resume, suspend
from sync_server.operations.tenants import OperatorError, erase_organization, restore_organization
from sync_server.people.erasure import ErasureList, erase_again
from sync_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Listed:
    """One organization as `list` shows it; `bytes` is what its rows take without indexes."""

    organization_id: str
    name: str
    slug: str
    users: int
    pcs: int
    rows: int | None
    bytes: int | None
    last_activity: datetime | None
    is_suspended: bool


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Put the commands into the parser; each sets `run` to a function of settings, database and arguments."""
    listing = commands.add_parser("list", help="show every organization with its users, rows, size and last activity")
    listing.add_argument("--fast", action="store_true", help="without counting rows and bytes")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=_list)
    for name, run, words in (
        ("suspend", _suspend, "end an organization's use of the server for a time; its PCs go on by themselves"),
        ("resume", _resume, "end an organization's suspension"),
        ("export", _export, "write one organization with its history and files to a file"),
        ("erase", _erase, "erase one organization for good"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("organization", help="its slug or id")
        command.set_defaults(run=run)
        if name == "suspend":
            command.add_argument("--note", default="", help="why, for yourself")
        if name == "export":
            command.add_argument("file", nargs="?", type=Path, help=f"where to; <slug>-<day>{SUFFIX} if left out")
        if name == "erase":
            command.add_argument("--yes", action="store_true", help="do not ask for the slug to be typed")
    restore = commands.add_parser("restore", help="bring one organization back from a file, touching no other")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="take away the one that is there, first")
    restore.add_argument("--slug", default="", help="another address for its website")
    restore.set_defaults(run=_restore)


Command = Callable[[Settings, Database, argparse.Namespace], int]


def owner_url(settings: Settings, database: Database) -> str:
    """The address of the database for the role that owns the tables."""
    return settings.migration_database_url or database.url


def find_organization(database: Database, wanted: str) -> tuple[str, str]:
    """The id and current slug of an organization named by slug or id. Raises OperatorError."""
    with database.routing() as session:
        found = session.execute(
            select(OrganizationRoute.organization_id, OrganizationRoute.slug)
            .where(
                OrganizationRoute.organization_id.in_(
                    select(OrganizationRoute.organization_id).where(
                        (OrganizationRoute.slug == wanted)
                        | (text("organization_id::text = :wanted").bindparams(wanted=wanted))
                    )
                )
            )
            .order_by(OrganizationRoute.is_current.desc(), OrganizationRoute.slug)
        ).first()
    if found is None:
        raise OperatorError(f"There is no organization {wanted} on this server. `itutoros-server list` shows them.")
    return found.organization_id, found.slug


def listed_organizations(database: Database, *, counts: bool = True) -> list[Listed]:
    """Every organization, by slug; `counts` reads all rows, which takes its time with many."""
    with database.routing() as session:
        routes = session.execute(
            select(OrganizationRoute.organization_id, OrganizationRoute.slug)
            .where(OrganizationRoute.is_current)
            .order_by(OrganizationRoute.slug)
        ).all()
        pcs = {
            organization: (count, seen)
            for organization, count, seen in session.execute(
                text(
                    "SELECT organization_id::text, count(*) FILTER (WHERE revoked_at IS NULL), max(last_seen_at) "
                    "FROM device GROUP BY 1"
                )
            )
        }
        suspended = set(
            session.scalars(
                select(OrganizationSuspension.organization_id).where(OrganizationSuspension.suspended_at.is_not(None))
            )
        )
    return [
        _listed(database, organization, slug, pcs.get(organization, (0, None)), organization in suspended, counts)
        for organization, slug in routes
    ]


def _listed(
    database: Database,
    organization_id: str,
    slug: str,
    pcs: tuple[int, datetime | None],
    is_suspended: bool,
    counts: bool,
) -> Listed:
    with database.tenant(organization_id, read_only=True) as session:
        name = session.scalar(text("SELECT business_name FROM organization WHERE organization_id = id"))
        users = session.scalar(text('SELECT count(*) FROM "user" WHERE archived_at IS NULL'))
        changed = session.scalar(text("SELECT happened_at FROM audit_entry ORDER BY id DESC LIMIT 1"))
        rows = size = None
        if counts:
            each = " UNION ALL ".join(
                f'SELECT count(*) AS rows, coalesce(sum(pg_column_size(own)), 0) AS size FROM "{table}" AS own'
                for table in tenant_tables_of(session)
            )
            total = text(f"SELECT sum(rows)::bigint, sum(size)::bigint FROM ({each}) AS all_of")
            rows, size = session.execute(total).one()
    moments = [moment for moment in (pcs[1], changed) if moment is not None]
    return Listed(
        organization_id, name or "", slug, users or 0, pcs[0], rows, size, max(moments, default=None), is_suspended
    )


def _list(_settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    found = listed_organizations(database, counts=not arguments.fast)
    if arguments.json:
        for one in found:
            print(json.dumps(asdict(one), ensure_ascii=False, default=lambda value: value.isoformat()))
        return 0
    head = ("slug", "name", "users", "PCs", "rows", "size", "last activity", "", "id")
    lines = [
        (
            one.slug,
            one.name,
            str(one.users),
            str(one.pcs),
            "" if one.rows is None else f"{one.rows:,}",
            "" if one.bytes is None else f"{one.bytes / 1e6:,.1f} MB",
            "" if one.last_activity is None else one.last_activity.astimezone(UTC).strftime("%Y-%m-%d %H:%M"),
            "suspended" if one.is_suspended else "",
            one.organization_id,
        )
        for one in found
    ]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    for line in (head, *lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _suspend(_settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    organization_id, slug = find_organization(database, arguments.organization)
    if suspend(database, organization_id, datetime.now(UTC), arguments.note):
        print(f"{slug} is suspended. Its PCs are told within seconds and keep working by themselves.")
    else:
        print(f"{slug} is suspended already.")
    return 0


def _resume(_settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    organization_id, slug = find_organization(database, arguments.organization)
    print(f"{slug} is open again." if resume(database, organization_id) else f"{slug} is not suspended.")
    return 0


def _export(settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    organization_id, slug = find_organization(database, arguments.organization)
    target: Path = arguments.file or Path(f"{slug}-{datetime.now(UTC).date()}{SUFFIX}")
    try:
        manifest = export_organization(database, organization_id, target, files_folder=settings.data_folder / "files")
    except OSError as error:
        raise OperatorError(f"{target} cannot be written: {error}") from error
    print(
        f"{target}: {manifest.row_count:,} rows of {len(manifest.tables)} tables, {manifest.members.rows} members, "
        f"{len(manifest.files)} files, {target.stat().st_size / 1e6:,.1f} MB.\n"
        "It holds everything about the families of this center. Keep it where nobody else can read it."
    )
    return 0


def _erase(settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    organization_id, slug = find_organization(database, arguments.organization)
    if not arguments.yes:
        print(
            f"This erases {slug} with all its rows, history and files for good. Type its slug to go on:", flush=True
        )
        if sys.stdin.readline().strip() != slug:
            raise OperatorError("Nothing was erased.")
    erased = erase_organization(
        owner_url(settings, database), organization_id, files_folder=settings.data_folder / "files"
    )
    print(f"{slug} is erased: {erased.rows:,} rows, {erased.accounts} accounts that belonged to nothing else.")
    if settings.backup_folder is not None and (settings.backup_folder / organization_id).is_dir():
        print(f"Its nightly backups are still in {settings.backup_folder / organization_id}.")
    return 0


def _restore(settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    try:
        restored = restore_organization(
            owner_url(settings, database),
            arguments.file,
            files_folder=settings.data_folder / "files",
            replace=arguments.replace,
            slug=arguments.slug,
        )
    except ArchiveError as error:
        raise OperatorError(str(error)) from error
    print(
        f"{restored.slug} is back: {restored.rows:,} rows, {restored.members} members. "
        "PCs that were signed in notice it by themselves and send what the file did not have yet."
    )
    forgotten = erase_again(
        database,
        DiskStorage(settings.data_folder / "files"),
        ErasureList(settings.data_folder / "files" / "erasures.jsonl"),
        restored.organization_id,
        datetime.now(UTC),
    )
    if forgotten:
        print(f"{forgotten} people who had been erased for good were erased again.")
    if restored.new_accounts:
        print(
            f"{restored.new_accounts} accounts are new on this server: their people set a password by “Forgot it?”."
        )
    return 0
