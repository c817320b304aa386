"""What an operator does to one organization without touching others: restore it from a file, or erase it for good.

Both work as the owner of the tables, in one transaction: the server's own role may delete nothing.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shared_models.base import new_id
from sync_server.operations.archive import COLUMNS, COPY_FORMAT, TENANT_TABLES, Manifest, opened_archive
from sync_server.operations.logs import redacted
from sync_server.operations.readiness import known_revisions

_LOCK_SECONDS = 10
_NOT_SENT = "This organization was restored from a backup; mail that was waiting then was not sent again."

Connection = psycopg.Connection[tuple[Any, ...]]


class OperatorError(Exception):
    """What was asked for cannot be done; `str()` is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back."""

    organization_id: str
    slug: str
    rows: int
    members: int
    new_accounts: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    organization_id: str
    rows: int
    accounts: int


def restore_organization(
    owner_url: str, source: Path, *, files_folder: Path | None = None, replace: bool = False, slug: str = ""
) -> Restored:
    """Bring one organization back as it is in a file; all of it or nothing.

    With `replace` one that exists is taken away first; its PCs stay signed in and notice by the epoch that they have
    to compare. With `slug` the website moves to that address. Accounts are found by their e-mail; one that is new
    here has no password until its person asks for a new one. Raises ArchiveError or OperatorError.
    """
    with opened_archive(source, files_folder) as (manifest, folder), _as_owner(owner_url) as connection:
        _check_schema(manifest)
        organization_id = manifest.organization_id
        _enter(connection, organization_id)
        numbers = _numbers(connection, organization_id)
        if numbers is not None and not replace:
            raise OperatorError(f"{manifest.name} is on this server already. With --replace it is taken away first.")
        slugs = (slug,) if slug else manifest.slugs
        _check_slugs(connection, organization_id, slugs)
        if numbers is not None:
            _delete_rows(connection, organization_id)
            _delete_where_organization(connection, organization_id, ("membership", "organization_route"))
        rows = sum(
            _insert_table(connection, organization_id, table, manifest, folder)
            for table in _in_order(connection, manifest.tables)
        )
        _settle(connection, manifest, numbers or _Numbers())
        if slug:
            connection.execute("UPDATE organization SET website_slug = %s WHERE organization_id = id", (slug,))
        members, new_accounts = _insert_members(connection, organization_id, folder / "members.jsonl")
        for place, one in enumerate(slugs):
            connection.execute(
                "INSERT INTO organization_route (slug, organization_id, is_current) VALUES (%s, %s, %s)",
                (one, organization_id, place == 0),
            )
        connection.execute("SELECT pg_notify('organization_changed', %s)", (organization_id,))
    return Restored(organization_id, slugs[0], rows, members, new_accounts)


def erase_organization(owner_url: str, organization_id: str, *, files_folder: Path | None = None) -> Erased:
    """Take one organization away for good: its rows with their history, PCs, addresses, files, waiting jobs, and the
    accounts that belonged to nothing else."""
    with _as_owner(owner_url) as connection:
        _enter(connection, organization_id)
        rows = _delete_rows(connection, organization_id)
        accounts = [
            row[0]
            for row in connection.execute(
                "SELECT account_id FROM membership AS own WHERE organization_id = %s AND NOT EXISTS (SELECT FROM "
                "membership AS other WHERE other.account_id = own.account_id "
                "AND other.organization_id <> own.organization_id)",
                (organization_id,),
            )
        ]
        _delete_where_organization(connection, organization_id, _routing_tables(connection))
        for table, column in _referring_to_account(connection):
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            connection.execute(delete, (accounts,))
        connection.execute("DELETE FROM account WHERE id = ANY(%s)", (accounts,))
        connection.execute("DELETE FROM procrastinate_jobs WHERE args ->> 'organization_id' = %s", (organization_id,))
        connection.execute("SELECT pg_notify('organization_changed', %s)", (organization_id,))
    # After the commit: rows without their files are worse than files without rows.
    if files_folder is not None:
        shutil.rmtree(files_folder / organization_id, ignore_errors=True)
    return Erased(organization_id, rows, len(accounts))


@contextmanager
def _as_owner(url: str) -> Iterator[Connection]:
    try:
        connection = psycopg.connect(url)
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database cannot be reached as its owner: {error}") from error
    with connection:
        owns = connection.execute(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'public.audit_entry'::regclass"
        ).fetchone()
        if owns is None or not owns[0]:
            raise OperatorError(
                "This needs the role that owns the tables: set ITUTOROS_MIGRATION_DATABASE_URL to its address."
            )
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{_LOCK_SECONDS}s"))
        try:
            yield connection
        except psycopg.Error as error:
            said = error.diag.message_primary or type(error).__name__
            place = f" ({error.diag.table_name})" if error.diag.table_name else ""
            raise OperatorError(
                f"Nothing was changed, as the database refused it: {redacted(said)}{place}."
            ) from error


def _enter(connection: Connection, organization_id: str) -> None:
    """See this organization alone: row-level security holds for the owner too."""
    connection.execute("SELECT set_config('itutoros.organization_id', %s, true)", (organization_id,))
    connection.execute("SELECT set_config('itutoros.erases', 'on', true)")
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7205411))", (organization_id,))


def _check_schema(manifest: Manifest) -> None:
    if manifest.schema not in known_revisions():
        raise OperatorError(
            f"The file was made by a newer server (schema {manifest.schema}, version {manifest.program}). "
            "Update this server first."
        )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The last number given, and the earliest that a restore ever went back to."""

    last: int = 0
    restored_at: int | None = None


def _numbers(connection: Connection, organization_id: str) -> _Numbers | None:
    """The organization's numbers, its row locked; None when it is not on this server."""
    row = connection.execute(
        "SELECT last_seq, restored_at_seq FROM organization_sequence WHERE organization_id = %s FOR UPDATE",
        (organization_id,),
    ).fetchone()
    if row is not None:
        return _Numbers(*row)
    route = connection.execute(
        "SELECT FROM organization_route WHERE organization_id = %s LIMIT 1", (organization_id,)
    ).fetchone()
    return None if route is None else _Numbers()


def _check_slugs(connection: Connection, organization_id: str, slugs: Iterable[str]) -> None:
    taken = connection.execute(
        "SELECT slug FROM organization_route WHERE slug = ANY(%s) AND organization_id <> %s",
        (list(slugs), organization_id),
    ).fetchone()
    if taken:
        raise OperatorError(f"The address /{taken[0]}/ belongs to another organization. Choose one with --slug.")


def _insert_table(connection: Connection, organization_id: str, table: str, manifest: Manifest, folder: Path) -> int:
    part = manifest.tables[table]
    here = [row[0] for row in connection.execute(COLUMNS, (f'public."{table}"',))]
    gone = [column for column in part.columns if column not in here]
    if gone:
        raise OperatorError(f"The file holds {table}.{gone[0]}, which this server no longer knows.")
    connection.execute("CREATE TEMP TABLE incoming (row jsonb) ON COMMIT DROP")
    with connection.cursor() as cursor:
        with (
            cursor.copy(f"COPY incoming FROM STDIN {COPY_FORMAT}") as copy,
            (folder / f"{table}.jsonl").open("rb") as lines,
        ):
            while block := lines.read(1 << 20):
                copy.write(block)
        strangers = cursor.execute(
            "SELECT count(*) FROM incoming WHERE row ->> 'organization_id' IS DISTINCT FROM %s", (organization_id,)
        ).fetchone()
        if strangers is None or strangers[0]:
            raise OperatorError(f"The file holds rows of {table} that belong to another organization.")
        name = sql.Identifier("public", table)
        columns = sql.SQL(", ").join(map(sql.Identifier, part.columns))
        cursor.execute(
            sql.SQL(
                "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE "
                "SELECT {columns} FROM incoming, jsonb_populate_record(NULL::{name}, incoming.row)"
            ).format(name=name, columns=columns)
        )
        inserted = cursor.rowcount
        cursor.execute("DROP TABLE incoming")
        if inserted != part.rows:
            raise OperatorError(f"Of {part.rows} rows of {table} only {inserted} could be written.")
        _move_identities(cursor, table)
    return inserted


def _move_identities(cursor: psycopg.Cursor[tuple[Any, ...]], table: str) -> None:
    """Let numbers that the database gives go on after those that came in."""
    identities = cursor.execute(
        "SELECT attname, pg_get_serial_sequence(%(table)s, attname) FROM pg_attribute "
        "WHERE attrelid = %(table)s::regclass AND attidentity <> ''",
        {"table": f'public."{table}"'},
    ).fetchall()
    for column, sequence in identities:
        cursor.execute(
            sql.SQL(
                "SELECT setval(%s::regclass, greatest((SELECT max({column}) FROM {table}), nextval(%s::regclass)))"
            ).format(column=sql.Identifier(column), table=sql.Identifier("public", table)),
            (sequence, sequence),
        )


def _settle(connection: Connection, manifest: Manifest, before: _Numbers) -> None:
    """Another life of the data begins: desks notice it by the epoch, and no mail of the old one goes out again. A
    desk may have missed several restores, so that the earliest counts ([S-32])."""
    restored_at = min(manifest.last_seq, manifest.last_seq if before.restored_at is None else before.restored_at)
    connection.execute(
        "INSERT INTO organization_sequence AS s (organization_id, last_seq, epoch, restored_at_seq) "
        "VALUES (%s, %s, %s, %s) ON CONFLICT (organization_id) DO UPDATE SET last_seq = EXCLUDED.last_seq, "
        "epoch = EXCLUDED.epoch, restored_at_seq = least(s.restored_at_seq, EXCLUDED.restored_at_seq)",
        (manifest.organization_id, max(manifest.last_seq, before.last) + 1, new_id(), restored_at),
    )
    connection.execute(
        "UPDATE outbox_mail SET due_at = NULL, failed_at = now(), failure = %s WHERE due_at IS NOT NULL", (_NOT_SENT,)
    )


def _insert_members(connection: Connection, organization_id: str, source: Path) -> tuple[int, int]:
    members = new = 0
    for line in source.read_text(encoding="utf-8").splitlines():
        member = json.loads(line)
        known = connection.execute("SELECT id FROM account WHERE email = %s", (member["email"],)).fetchone()
        account_id = known[0] if known else _new_account(connection, member["account_id"], member["email"])
        connection.execute(
            "INSERT INTO membership (account_id, organization_id, user_id) VALUES (%s, %s, %s)",
            (account_id, organization_id, member["user_id"]),
        )
        members, new = members + 1, new + (known is None)
    return members, new


def _new_account(connection: Connection, account_id: str, email: str) -> str:
    from argon2 import PasswordHasher

    if connection.execute("SELECT FROM account WHERE id = %s", (account_id,)).fetchone() is not None:
        # The same account under another e-mail, changed since the export: it is not this file's to say whose it is.
        account_id = new_id()
    nobodys = PasswordHasher().hash(secrets.token_urlsafe(32))
    connection.execute(
        "INSERT INTO account (id, email, password_hash) VALUES (%s, %s, %s)", (account_id, email, nobodys)
    )
    return account_id


def _delete_rows(connection: Connection, organization_id: str) -> int:
    tables = [row[0] for row in connection.execute(TENANT_TABLES)]
    deleted = 0
    for table in reversed(list(_in_order(connection, tables))):
        delete = sql.SQL("DELETE FROM {} WHERE organization_id = %s").format(sql.Identifier("public", table))
        deleted += connection.execute(delete, (organization_id,)).rowcount
    return deleted


def _delete_where_organization(connection: Connection, organization_id: str, tables: Iterable[str]) -> None:
    for table in tables:
        delete = sql.SQL("DELETE FROM {} WHERE organization_id = %s").format(sql.Identifier("public", table))
        connection.execute(delete, (organization_id,))


def _routing_tables(connection: Connection) -> list[str]:
    """Tables outside row-level security that name an organization."""
    rows = connection.execute(
        "SELECT class.relname FROM pg_class AS class JOIN pg_attribute AS attribute "
        "ON attribute.attrelid = class.oid AND attribute.attname = 'organization_id' WHERE class.relkind = 'r' "
        "AND class.relnamespace = 'public'::regnamespace AND NOT class.relrowsecurity"
    )
    return [row[0] for row in rows]


def _referring_to_account(connection: Connection) -> list[tuple[str, str]]:
    """Tables and columns that refer to an account, those first that others refer to last."""
    rows = connection.execute(
        "SELECT con.conrelid::regclass::text, attribute.attname FROM pg_constraint AS con "
        "JOIN pg_attribute AS attribute ON attribute.attrelid = con.conrelid AND attribute.attnum = con.conkey[1] "
        "WHERE con.contype = 'f' AND con.confrelid = 'public.account'::regclass"
    )
    return [(row[0], row[1]) for row in rows]


def _in_order(connection: Connection, tables: Iterable[str]) -> Iterator[str]:
    """Tables after those that they refer to, as far as that is checked at once."""
    wanted = set(tables)
    graph: dict[str, set[str]] = {table: set() for table in sorted(wanted)}
    checked_at_once = connection.execute(
        "SELECT own.relname, other.relname FROM pg_constraint AS con JOIN pg_class AS own ON own.oid = con.conrelid "
        "JOIN pg_class AS other ON other.oid = con.confrelid "
        "WHERE con.contype = 'f' AND NOT con.condeferred AND con.conrelid <> con.confrelid"
    )
    for own, other in checked_at_once:
        if own in wanted and other in wanted:
            graph[own].add(other)
    try:
        return iter(tuple(TopologicalSorter(graph).static_order()))
    except CycleError as error:
        raise OperatorError(f"Tables refer to each other in a circle: {error.args[1]}") from error
