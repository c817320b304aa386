"""The command `itutoros-server`: serves sync, accounts and websites, does the jobs, and is the operator's tool."""

from __future__ import annotations

import argparse
import getpass
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from sqlalchemy.exc import InternalError, OperationalError

from sync_server.access.accounts import AccountError, NewOrganization, create_organization
from sync_server.access.devices import revoke_device
from sync_server.database import Database, opened
from sync_server.embedded import EmbeddedPostgres
from sync_server.operations.commands import Command, add_commands
from sync_server.operations.logs import configure_logs
from sync_server.operations.migrating import MigrationBlocked, migrate
from sync_server.operations.readiness import Readiness
from sync_server.operations.tenants import OperatorError
from sync_server.settings import Settings

_READ_ONLY = "25006"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    configure_logs()
    settings = _settings(arguments)
    try:
        if arguments.command == "doctor":
            from sync_server.operations.doctor import examine

            return examine(settings)
        # Without this a service that is ended while it starts would leave the embedded PostgreSQL running.
        signal.signal(signal.SIGTERM, _leave)
        migrates = arguments.command == "migrate" or (arguments.migrates and settings.migrates)
        with open_database(settings, migrates=migrates) as database:
            run: Command = arguments.run
            return run(settings, database, arguments)
    except (OperatorError, AccountError, MigrationBlocked) as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"The database cannot be reached: {error.orig}", file=sys.stderr)
    except InternalError as error:
        if getattr(error.orig, "sqlstate", "") != _READ_ONLY:
            raise
        print("The database is a replica, which takes no changes: name the primary in DATABASE_URL.", file=sys.stderr)
    return 1


@contextmanager
def open_database(settings: Settings, *, migrates: bool = True) -> Iterator[Database]:
    """The database of these settings: the one named by DATABASE_URL, or the embedded one.

    It is migrated first, or, without `migrates`, expected to fit. Raises OperatorError when it does not.
    """
    embedded = None if settings.database_url else EmbeddedPostgres(settings.data_folder / "postgres")
    try:
        url = settings.database_url or (embedded.owner_url if embedded else "")
        if migrates or embedded is not None:
            migrate(settings.migration_database_url or url)
        else:
            _require_fitting(url)
        database = opened(settings, url)
        try:
            yield database
        finally:
            database.close()
    finally:
        if embedded is not None:
            embedded.stop()


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _require_fitting(url: str) -> None:
    from sync_server.operations.draining import Draining

    readiness = Readiness(url, Draining(), writes=False)
    found = readiness.now()
    readiness.close()
    if not found.is_ready:
        hint = " Run `itutoros-server migrate` first." if found.schema else ""
        raise OperatorError(f"Not ready: {found.reason}.{hint}")


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    processes = getattr(arguments, "processes", None)
    if processes is not None:
        settings = replace(settings, processes=processes)
    return settings


def _serve(settings: Settings, database: Database, _arguments: argparse.Namespace) -> int:
    from sync_server.operations.serving import serve

    return serve(settings, database)


def _work(settings: Settings, database: Database, _arguments: argparse.Namespace) -> int:
    from sync_server.operations.serving import work

    return work(settings, database)


def _migrated(_settings: Settings, _database: Database, _arguments: argparse.Namespace) -> int:
    from sync_server.operations.readiness import known_revisions

    print(f"The database is at revision {known_revisions()[0]}.")
    return 0


def _revoke_device(_settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    found = revoke_device(database, arguments.organization, arguments.device, datetime.now(UTC))
    print("The PC’s access has ended." if found else "No such PC.", file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


def _create_organization(settings: Settings, database: Database, arguments: argparse.Namespace) -> int:
    password = arguments.password or (
        sys.stdin.readline().rstrip("\n") if not sys.stdin.isatty() else getpass.getpass("Password of the owner: ")
    )
    organization_id = create_organization(
        database,
        NewOrganization(
            business_name=arguments.name,
            slug=arguments.slug,
            time_zone=arguments.time_zone,
            currency=arguments.currency,
            owner_first_name=arguments.owner_first_name,
            owner_last_name=arguments.owner_last_name,
            owner_email=arguments.owner_email,
            password=password,
            location_name=arguments.location,
            # Who runs the server vouches for the address.
            email_is_confirmed=True,
        ),
        password_minimum=settings.password_minimum,
    )
    print(organization_id)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="itutoros-server", description="The iTutorOS server.")
    commands = parser.add_subparsers(dest="command", required=True)
    parser.set_defaults(migrates=False)
    serve = commands.add_parser("serve", help="serve sync, accounts and the public websites, and do the jobs")
    serve.add_argument("--processes", type=int, help="how many serve on the one port (ITUTOROS_PROCESSES, else 1)")
    serve.set_defaults(run=_serve, migrates=True)
    commands.add_parser("worker", help="do the jobs alone: mail, upkeep, backups").set_defaults(run=_work)
    migration = commands.add_parser("migrate", help="bring the database to this version; servers may run meanwhile")
    migration.set_defaults(run=_migrated, migrates=True)
    commands.add_parser("doctor", help="check this deployment, and say what to do about what is wrong")
    create = commands.add_parser("create-organization", help="make a tenant and its owner")
    create.add_argument("--name", required=True, help="business name")
    create.add_argument("--slug", required=True, help="address of the website: /<slug>/")
    create.add_argument("--time-zone", default="America/New_York", help="IANA name")
    create.add_argument("--currency", default="USD", help="ISO 4217 code")
    create.add_argument("--location", default="Main office", help="name of the first location")
    create.add_argument("--owner-first-name", required=True)
    create.add_argument("--owner-last-name", default="")
    create.add_argument("--owner-email", required=True)
    create.add_argument(
        "--password", default="", help="of the owner; asked for, or read from standard input, if left out"
    )
    create.set_defaults(run=_create_organization, migrates=True)
    revoke = commands.add_parser("revoke-device", help="end the access of a lost PC")
    revoke.add_argument("--organization", required=True, help="organization id")
    revoke.add_argument("--device", required=True, help="device id")
    revoke.set_defaults(run=_revoke_device, migrates=True)
    add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
