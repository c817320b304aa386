"""Looks a deployment over: each line says well, warning or error, and what to do."""

from __future__ import annotations

import shutil
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sync_server.database import APP_ROLE
from sync_server.mail import SmtpTransport
from sync_server.operations.archive import TENANT_TABLES
from sync_server.operations.jobs import STALLED_SECONDS
from sync_server.operations.open_files import most_open_files
from sync_server.operations.readiness import known_revisions, schema_fits
from sync_server.sealing import SHORTEST_KEY, Sealing
from sync_server.settings import Settings

_OLDEST_POSTGRES = 150000
_CLOCK_WARNING_SECONDS, _CLOCK_ERROR_SECONDS = 2.0, 300.0
_DISK_WARNING_BYTES, _DISK_ERROR_BYTES = 5_000_000_000, 500_000_000
_CONNECT_SECONDS = 5
_THREADS = 40
"""In which a process works on requests; each uses one connection at most. Two more ask for readiness and listen."""
_CONNECTIONS_OF_WORKER = 6
_OPEN_FILES = 10_000
"""Each desk that watches takes one of the process that it watches."""

Connection = psycopg.Connection[Any]


class Level(StrEnum):
    """How bad it is."""

    WELL = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it."""

    level: Level
    subject: str
    found: str
    remedy: str = ""


def examine(settings: Settings) -> int:
    """Print a line for each finding; exit status 0 when all is well, 1 with warnings alone, 2 with errors."""
    worst = Level.WELL
    order = list(Level)
    for finding in findings(settings):
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        print(f"{finding.level.upper():8} {finding.subject}: {finding.found}{remedy}", flush=True)
        worst = max(worst, finding.level, key=order.index)
    return order.index(worst)


def findings(settings: Settings) -> Iterator[Finding]:
    """Look everything over, cheapest first; what cannot be looked at is a finding too."""
    yield from settings_findings(settings)
    yield from open_files_findings(most_open_files())
    yield from _disk(settings.data_folder, "data folder")
    if settings.backup_folder is not None:
        yield from _disk(settings.backup_folder, "backup folder")
    yield from site_findings(settings)
    yield from mail_findings(settings)
    yield from _database(settings)


def settings_findings(settings: Settings) -> Iterator[Finding]:
    """What the settings say by themselves."""
    if not settings.database_url:
        yield Finding(
            Level.WARNING, "settings", "DATABASE_URL is not set, so that an embedded PostgreSQL is used",
            "good for trying out; for real families’ records set up PostgreSQL as installers/server/README.md says",
        )  # fmt: skip
    if settings.host in ("0.0.0.0", "::") and not settings.trusts_proxy:
        yield Finding(
            Level.WARNING, "settings", f"the server listens on all addresses ({settings.host}), no proxy in front",
            "put a reverse proxy with HTTPS before it and set ITUTOROS_TRUST_PROXY=1, or listen on 127.0.0.1",
        )  # fmt: skip
    if settings.metrics_port and settings.metrics_host not in ("127.0.0.1", "::1", "localhost"):
        yield Finding(
            Level.WARNING, "settings", f"/metrics is open to whoever reaches {settings.metrics_host}",
            "let only your monitoring reach it, or set ITUTOROS_METRICS_HOST=127.0.0.1",
        )  # fmt: skip
    if settings.metrics_token and len(settings.metrics_token) < 20:
        yield Finding(Level.ERROR, "settings", "ITUTOROS_METRICS_TOKEN is short", "use 20 random letters or more")
    if settings.processes < 1 or settings.pool_size < 1:
        yield Finding(Level.ERROR, "settings", "ITUTOROS_PROCESSES and ITUTOROS_POOL_SIZE must be 1 or more")
    if settings.moment is not None:
        yield Finding(
            Level.ERROR, "settings", "ITUTOROS_DEMO_MOMENT is set: the server lives in another time", "unset it"
        )
    if any(len(key) < SHORTEST_KEY for key in settings.secret_keys):
        yield Finding(
            Level.ERROR, "settings", "a key in ITUTOROS_SECRET_KEYS is short", "make one: openssl rand -base64 32"
        )
    if settings.backup_folder is None:
        yield Finding(
            Level.WARNING, "settings", "there are no nightly backups of each organization",
            "set ITUTOROS_BACKUP_FOLDER, beside the backups of PostgreSQL as a whole",
        )  # fmt: skip


def open_files_findings(most: int | None) -> Iterator[Finding]:
    """Whether as many desks may watch as a process can serve; the server itself takes what the hard limit gives."""
    if most is not None and most < _OPEN_FILES:
        yield Finding(
            Level.WARNING, "open files", f"a process may open {most:,}, so that no more desks can watch it",
            "raise the hard limit: LimitNOFILE=65536 of a systemd unit, `ulimits: nofile` of a container",
        )  # fmt: skip
    else:
        words = "any number" if most is None else f"{most:,}"
        yield Finding(Level.WELL, "open files", f"a process may open {words}")


def site_findings(settings: Settings) -> Iterator[Finding]:
    """Whether people can reach the address that they are given."""
    parts = urlsplit(settings.site_url)
    if not settings.public_url:
        yield Finding(
            Level.WARNING, "address", f"ITUTOROS_PUBLIC_URL is not set; links in mail say {settings.site_url}",
            "set it to the address that people use, https://…",
        )  # fmt: skip
        return
    if parts.scheme != "https":
        yield Finding(
            Level.ERROR, "address", f"{settings.site_url} is not HTTPS: passwords could be read on the way",
            "use an https:// address",
        )  # fmt: skip
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(parts.hostname, None)}
    except OSError as error:
        yield Finding(
            Level.ERROR, "address", f"{parts.hostname} has no address ({error.strerror or error})",
            "make a DNS record for it, or correct ITUTOROS_PUBLIC_URL",
        )  # fmt: skip
        return
    yield Finding(Level.WELL, "address", f"{settings.site_url} leads to {', '.join(sorted(addresses))}")


def mail_findings(settings: Settings) -> Iterator[Finding]:
    """Whether mail finds a way out; nothing is sent."""
    mail = settings.mail
    if mail.folder is not None:
        yield Finding(
            Level.WARNING,
            "mail",
            f"mail is written into {mail.folder} and reaches nobody",
            "unset ITUTOROS_MAIL_FOLDER",
        )
        return
    if not mail.host:
        yield Finding(
            Level.WARNING, "mail", "there is no way out: confirmations and invitations wait", "set ITUTOROS_SMTP_HOST"
        )
        return
    place = f"{mail.host}:{mail.port}"
    if mail.sender.endswith("@localhost>"):
        yield Finding(
            Level.WARNING, "mail", "the sender is no-reply@localhost, which mail servers refuse",
            "set ITUTOROS_MAIL_SENDER to an address of your domain",
        )  # fmt: skip
    try:
        SmtpTransport(mail).greet()
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(
            Level.ERROR, "mail", f"{place} does not take us: {error}",
            "check ITUTOROS_SMTP_HOST, PORT, TLS, USER and PASSWORD, and that this machine may connect there",
        )  # fmt: skip
        return
    yield Finding(Level.WELL, "mail", f"{place} answers" + (" and knows us" if mail.user else ""))


def _disk(folder: Path, subject: str) -> Iterator[Finding]:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:,.1f} GB free in {folder}"
    if free < _DISK_ERROR_BYTES:
        yield Finding(Level.ERROR, subject, words, "make room: the server stops taking files and backups")
    elif free < _DISK_WARNING_BYTES:
        yield Finding(Level.WARNING, subject, words, "make room soon")
    else:
        yield Finding(Level.WELL, subject, words)


def _database(settings: Settings) -> Iterator[Finding]:
    embedded = None
    url = settings.database_url
    if not url:
        from sync_server.embedded import EmbeddedPostgres, database_exists

        if not database_exists(settings.data_folder / "postgres"):
            yield Finding(
                Level.WARNING,
                "database",
                "there is none yet",
                "`itutoros-server serve` makes one, or set DATABASE_URL",
            )
            return
        embedded = EmbeddedPostgres(settings.data_folder / "postgres")
        url = embedded.owner_url
    try:
        yield from database_findings(url, settings)
        if settings.migration_database_url:
            yield from _owner(settings.migration_database_url)
        if settings.direct_database_url:
            yield from _direct(settings.direct_database_url)
    finally:
        if embedded is not None:
            embedded.stop()


def database_findings(url: str, settings: Settings) -> Iterator[Finding]:
    """What the database says of itself, asked as the server's role."""
    try:
        connection = psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        yield Finding(
            Level.ERROR, "database", f"it cannot be reached: {str(error).strip()}",
            "check DATABASE_URL, and that PostgreSQL runs and lets this machine in",
        )  # fmt: skip
        return
    with connection:
        yield from _version(connection)
        yield from _clock(connection)
        yield from _schema(connection)
        signed_in = _one(connection, "SELECT current_user")
        try:
            connection.execute(f"SET ROLE {APP_ROLE}")
        except psycopg.Error as error:
            yield Finding(
                Level.ERROR, "role", f"{signed_in} cannot work as {APP_ROLE}: {str(error).strip()}",
                f"GRANT {APP_ROLE} TO {signed_in}",
            )  # fmt: skip
            return
        yield from _role(connection, signed_in, is_embedded=not settings.database_url)
        yield from _walls(connection)
        yield from _extensions(connection)
        yield from _connections(connection, settings)
        yield from _worker(connection)
        yield from _secrets(connection, settings)


def _secrets(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Whether the secrets of second factors are sealed, and can be opened."""
    sealing = Sealing(settings.secret_keys)
    try:
        kept = [str(row[0]) for row in connection.execute("SELECT secret FROM second_factor").fetchall()]
    except psycopg.Error:
        return  # The schema's own line says what is wrong.
    lost = sum(not sealing.can_open(secret) for secret in kept)
    waiting = sum(sealing.can_open(secret) and not sealing.is_current(secret) for secret in kept)
    if lost:
        yield Finding(
            Level.ERROR, "secrets", f"the key of {lost} of {len(kept)} second factors is missing",
            "put it back into ITUTOROS_SECRET_KEYS, after the newest; until then only recovery codes are good",
        )  # fmt: skip
    elif not sealing.is_on:
        yield Finding(
            Level.WARNING, "secrets", "there is no key: second factors lie open in the database and its backups",
            "set ITUTOROS_SECRET_KEYS to what `openssl rand -base64 32` says, and keep it apart from the backups",
        )  # fmt: skip
    elif waiting:
        yield Finding(
            Level.WARNING, "secrets", f"{waiting} of {len(kept)} second factors are not sealed under the newest key",
            "keep the earlier key: the hourly upkeep seals them anew",
        )  # fmt: skip
    else:
        yield Finding(Level.WELL, "secrets", f"{len(kept)} second factors are sealed under the newest key")


def _version(connection: Connection) -> Iterator[Finding]:
    number, name = connection.info.server_version, _one(connection, "SHOW server_version")
    if number < _OLDEST_POSTGRES:
        yield Finding(Level.ERROR, "database", f"PostgreSQL {name} is too old", "use PostgreSQL 15 or later")
    else:
        yield Finding(Level.WELL, "database", f"PostgreSQL {name} answers")
    if _one(connection, "SELECT pg_is_in_recovery()"):
        yield Finding(Level.ERROR, "database", "it is a read replica", "DATABASE_URL has to name the primary")


def _clock(connection: Connection) -> Iterator[Finding]:
    before = datetime.now(UTC)
    theirs = _one(connection, "SELECT clock_timestamp()")
    middle = before + (datetime.now(UTC) - before) / 2
    off = abs((theirs - middle).total_seconds())
    level = (
        Level.ERROR if off >= _CLOCK_ERROR_SECONDS else Level.WARNING if off >= _CLOCK_WARNING_SECONDS else Level.WELL
    )
    remedy = "" if level is Level.WELL else "let both machines set their clocks by NTP"
    yield Finding(level, "clock", f"this machine and the database differ by {off:.2f} s", remedy)


def _schema(connection: Connection) -> Iterator[Finding]:
    try:
        revision = str(_one(connection, "SELECT version_num FROM alembic_version"))
    except psycopg.Error:
        yield Finding(Level.ERROR, "schema", "it cannot be read, or is not there", "run `itutoros-server migrate`")
        return
    newest = known_revisions()[0]
    if revision == newest:
        yield Finding(Level.WELL, "schema", f"revision {revision}, as this version wants it")
    elif schema_fits(revision):
        yield Finding(
            Level.WARNING,
            "schema",
            f"revision {revision} is newer than this version ({newest})",
            "update this server",
        )
    else:
        yield Finding(
            Level.ERROR, "schema", f"revision {revision} is older than this version ({newest})",
            "run `itutoros-server migrate`",
        )  # fmt: skip


def _role(connection: Connection, signed_in: str, *, is_embedded: bool) -> Iterator[Finding]:
    yield from _powers(connection, APP_ROLE, Level.ERROR)
    if signed_in != APP_ROLE and not is_embedded:
        yield from _powers(connection, signed_in, Level.ERROR)


def _powers(connection: Connection, role: str, level: Level) -> Iterator[Finding]:
    row = connection.execute(
        "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class WHERE relowner = own.oid) "
        "FROM pg_roles AS own WHERE rolname = %s",
        (role,),
    ).fetchone()
    if row is None:
        yield Finding(level, "role", f"{role} is not there", "run `itutoros-server migrate`")
        return
    is_super, bypasses, owned = row
    for is_bad, words, remedy in (
        (is_super, "is a superuser", f"ALTER ROLE {role} NOSUPERUSER"),
        (bypasses, "can bypass row-level security", f"ALTER ROLE {role} NOBYPASSRLS"),
        (owned, f"owns {owned} tables or indexes, and so could lift their walls", "let another role own them"),
    ):
        if is_bad:
            yield Finding(level, "role", f"{role} {words}", remedy)
    if not (is_super or bypasses or owned):
        yield Finding(Level.WELL, "role", f"{role} owns nothing and cannot bypass row-level security")


def _walls(connection: Connection) -> Iterator[Finding]:
    tables = connection.execute(
        "SELECT class.relname, class.relrowsecurity, class.relforcerowsecurity, "
        "EXISTS (SELECT FROM pg_policy WHERE polrelid = class.oid) FROM pg_class AS class "
        "JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attname = 'organization_id' "
        "WHERE class.relkind IN ('r', 'p') AND class.relnamespace = 'public'::regnamespace ORDER BY 1"
    ).fetchall()
    known = set(_tenant_tables())
    open_ones = [
        name for name, has, forces, has_policy in tables if name in known and not (has and forces and has_policy)
    ]
    missing = sorted(known - {row[0] for row in tables})
    if open_ones or missing:
        yield Finding(
            Level.ERROR, "walls", f"not behind forced row-level security: {', '.join(open_ones + missing)}",
            "take the server down and run `itutoros-server migrate`; ask what lifted it",
        )  # fmt: skip
        return
    count = len(connection.execute(TENANT_TABLES).fetchall())
    yield Finding(Level.WELL, "walls", f"all {count} tables of organizations force row-level security")


def _extensions(connection: Connection) -> Iterator[Finding]:
    if _one(connection, "SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'"):
        yield Finding(Level.WELL, "extensions", "btree_gist is there")
    else:
        yield Finding(
            Level.WARNING, "extensions", "btree_gist is not there; double booking is kept out in a slower way",
            "install PostgreSQL’s contrib package before the first `itutoros-server migrate`",
        )  # fmt: skip


def _connections(connection: Connection, settings: Settings) -> Iterator[Finding]:
    allowed = int(_one(connection, "SHOW max_connections")) - int(
        _one(connection, "SHOW superuser_reserved_connections")
    )
    wanted = settings.processes * (min(settings.pool_size * 3 + 20, _THREADS) + 2) + _CONNECTIONS_OF_WORKER
    words = f"this server takes up to {wanted} of {allowed}"
    if settings.direct_database_url:
        yield Finding(Level.WELL, "connections", f"{words}, through a pooler")
    elif wanted > allowed:
        yield Finding(
            Level.ERROR, "connections", words,
            "lower ITUTOROS_POOL_SIZE or ITUTOROS_PROCESSES, raise max_connections, or put pgbouncer between",
        )  # fmt: skip
    elif wanted * 2 > allowed:
        yield Finding(Level.WARNING, "connections", words, "a second server would not fit: see docs/scaling.md")
    else:
        yield Finding(Level.WELL, "connections", words)


def _worker(connection: Connection) -> Iterator[Finding]:
    try:
        alive = _one(
            connection,
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 second'",
            STALLED_SECONDS,
        )
        failed = _one(connection, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        late = _one(
            connection,
            "SELECT count(*) FROM procrastinate_jobs AS job WHERE status = 'todo' AND "
            "coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id)) "
            "< now() - interval '5 minutes'",
        )
    except psycopg.Error as error:
        yield Finding(
            Level.ERROR, "jobs", f"they cannot be read: {str(error).strip()}", "run `itutoros-server migrate`"
        )
        return
    if not alive:
        yield Finding(
            Level.ERROR if late else Level.WARNING, "jobs", f"no worker is alive, {late} jobs wait for one",
            "start `itutoros-server serve` or `itutoros-server worker`",
        )  # fmt: skip
    elif late:
        yield Finding(
            Level.WARNING, "jobs", f"{alive} workers are alive, but {late} jobs are late", "look into the log for why"
        )
    else:
        yield Finding(Level.WELL, "jobs", f"{alive} workers are alive, no job is late")
    if failed:
        yield Finding(Level.WARNING, "jobs", f"{failed} were given up", "look for “job broke” in the log")


def _owner(url: str) -> Iterator[Finding]:
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as connection:
            owns = _one(
                connection,
                "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.audit_entry')",
            )
    except psycopg.Error as error:
        yield Finding(
            Level.ERROR, "owner", f"the owner cannot sign in: {str(error).strip()}",
            "check ITUTOROS_MIGRATION_DATABASE_URL",
        )  # fmt: skip
        return
    if owns is False:
        yield Finding(
            Level.ERROR, "owner", "the role for migrations does not own the tables", "name the one that made them"
        )
    else:
        yield Finding(Level.WELL, "owner", "the role for migrations owns the tables")


def _direct(url: str) -> Iterator[Finding]:
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, autocommit=True) as connection:
            connection.execute("SET application_name = 'itutoros-doctor'")
            kept = _one(connection, "SHOW application_name") == "itutoros-doctor"
    except psycopg.Error as error:
        yield Finding(
            Level.ERROR, "direct", f"ITUTOROS_DIRECT_DATABASE_URL cannot be reached: {str(error).strip()}",
            "it has to lead past the pooler",
        )  # fmt: skip
        return
    if kept:
        yield Finding(Level.WELL, "direct", "the direct address keeps a session")
    else:
        yield Finding(Level.ERROR, "direct", "the direct address leads through a pooler", "name PostgreSQL itself")


def _tenant_tables() -> list[str]:
    import sync_server.access.models
    import sync_server.files.models
    import sync_server.website.models  # noqa: F401 - all add their tables to the metadata
    from sync_server.database import tenant_tables

    return tenant_tables()


def _one(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values or None).fetchone()  # as bytes: text made here, not by others
    return None if row is None else row[0]
