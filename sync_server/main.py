"""The command `itutoros-server`: serves sync, accounts and websites, and makes tenants."""

from __future__ import annotations

import argparse
import getpass
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from sync_server.access.accounts import AccountError, NewOrganization, create_organization
from sync_server.access.devices import revoke_device
from sync_server.database import Database
from sync_server.embedded import EmbeddedPostgres
from sync_server.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    settings = Settings.from_environment()
    if arguments.command == "serve":
        return serve(settings)
    with open_database(settings) as database:
        if arguments.command == "create-organization":
            return _create_organization(database, arguments)
        if arguments.command == "revoke-device":
            found = revoke_device(database, arguments.organization, arguments.device, datetime.now(UTC))
            print("The PC’s access has ended." if found else "No such PC.", file=sys.stdout if found else sys.stderr)
            return 0 if found else 1
    return 0


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database of these settings, migrated: the one named by DATABASE_URL, or the embedded one."""
    embedded = None if settings.database_url else EmbeddedPostgres(settings.data_folder / "postgres")
    url = settings.database_url or (embedded.owner_url if embedded else "")
    Database(url, migration_url=settings.migration_database_url).migrate()
    database = Database(url, migration_url=settings.migration_database_url)
    try:
        yield database
    finally:
        database.close()
        if embedded is not None:
            embedded.stop()


def serve(settings: Settings) -> int:
    """Serve until interrupted."""
    import uvicorn

    from sync_server.app import create_app

    # Without this a service that is ended would leave the embedded PostgreSQL running.
    signal.signal(signal.SIGTERM, _leave)
    with open_database(settings) as database:
        app = create_app(settings, database)
        print(f"iTutorOS server: {settings.site_url}", flush=True)
        uvicorn.run(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            proxy_headers=settings.trusts_proxy,
            forwarded_allow_ips="*" if settings.trusts_proxy else None,
            server_header=False,
        )
    return 0


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _create_organization(database: Database, arguments: argparse.Namespace) -> int:
    password = arguments.password or (
        sys.stdin.readline().rstrip("\n") if not sys.stdin.isatty() else getpass.getpass("Password of the owner: ")
    )
    try:
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
            ),
        )
    except AccountError as error:
        print(error, file=sys.stderr)
        return 1
    print(organization_id)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="itutoros-server", description="The iTutorOS server.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve sync, accounts and the public websites")
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
    revoke = commands.add_parser("revoke-device", help="end the access of a lost PC")
    revoke.add_argument("--organization", required=True, help="organization id")
    revoke.add_argument("--device", required=True, help="device id")
    return parser


if __name__ == "__main__":
    sys.exit(main())
