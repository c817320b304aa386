"""`itutoros sign-in` and `itutoros verify`: joining a center, and checking what this PC holds of it."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from desktop.access.account_client import SecondFactorNeeded
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.sync.client import SyncClient, SyncError
from desktop.sync.exchange import exchange
from desktop.sync.hello import token_of
from desktop.sync.setup import sign_in
from desktop.sync.verify import Verified, verify
from desktop.sync.worker import SERVER


def run(argv: Sequence[str], store: Store) -> int:
    """Sign this PC in and fetch the center; returns the exit status."""
    parser = argparse.ArgumentParser(prog="itutoros sign-in")
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("--email", required=True)
    parser.add_argument("--organization", default=None, metavar="ID", help="which center, when there are several")
    wanted = parser.parse_args(argv)
    password = _asked("Password: ")
    try:
        outcome = sign_in(store, wanted.server, wanted.email, password, wanted.organization)
        if isinstance(outcome, SecondFactorNeeded):
            code = _asked("Code of your authenticator app: ")
            outcome = sign_in(store, wanted.server, wanted.email, password, wanted.organization, code=code)
    except (SyncError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    if isinstance(outcome, SecondFactorNeeded):
        print("This account asks for the code of your authenticator app.", file=sys.stderr)
        return 1
    if isinstance(outcome, list):
        print("This account has several centers. Name one with --organization:", file=sys.stderr)
        for center in outcome:
            print(f"  {center.organization_id}  {center.business_name}", file=sys.stderr)
        return 1
    print(f"Signed in to {outcome.business_name}.")
    return 0


def _asked(words: str) -> str:
    """A secret typed at the terminal, or the next line of standard input."""
    return getpass.getpass(words) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def run_verify(argv: Sequence[str], store: Store) -> int:
    """Exchange with the server, then compare with what it holds and repair what differs; returns the exit status: 0
    when everything was the same, 1 when something differed or could not be compared."""
    parser = argparse.ArgumentParser(prog="itutoros verify")
    parser.add_argument("--deep", action="store_true", help="compare every value, not only which rows there are")
    parser.add_argument("--no-repair", action="store_true", help="say what differs and change nothing")
    wanted = parser.parse_args(argv)
    url, token = store.local(SERVER), token_of(store)
    if url is None or token is None:
        print("This PC is not signed in to a server, so there is nothing to compare with.", file=sys.stderr)
        return 1
    client = SyncClient(url, token)
    try:
        exchange(store, client)
        found = verify(store, client, deep=wanted.deep, repairs=not wanted.no_repair)
    except (SyncError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        client.close()
    return _tell(found, repaired=not wanted.no_repair)


def _tell(found: Verified, *, repaired: bool) -> int:
    if not found.is_level:
        print("Something changed meanwhile, or waits for you in the program. Try again in a moment.", file=sys.stderr)
        return 1
    for each in found.differences:
        end = "fetched again" if repaired else "left as it is"
        print(f"{each.table}: {each.here:,} rows here, {each.there:,} on the server; {end}")
    if found.differences:
        return 1
    print(f"{found.rows:,} rows in {found.tables} tables are the same here and on the server.")
    return 0
