"""`itutoros sign-in`: joins a center from the command line."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from desktop.access.account_client import SecondFactorNeeded
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.sync.client import SyncError
from desktop.sync.setup import sign_in


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
