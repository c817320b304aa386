"""The command `itutoros`: opens the program, or imports files and prints schedules without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from desktop import garbage
from desktop.store.errors import StoreError
from desktop.store.store import Store
from shared_models.clock import clock_from

USAGE = """\
itutoros [--store DIR]                      open the program
itutoros import FILE... [--store DIR]       bring in families, tutors, leads, a calendar, or the center itself
itutoros export calendar --out FILE.ics [--location|--tutor|--student NAME] [--from DATE] [--to DATE] [--store DIR]
itutoros print KIND --out FILE.pdf [--date YYYY-MM-DD] [--location NAME] ... [--store DIR]    print --help: kinds
itutoros sign-in --server URL --email ADDRESS [--store DIR]     join a center; the password is asked for
itutoros verify [--deep] [--no-repair] [--store DIR]            compare this PC with the server, and repair
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program or one command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = words[0] if words and not words[0].startswith("-") else ""
    parser = argparse.ArgumentParser(prog="itutoros", usage=USAGE, add_help=not command)
    parser.add_argument("--store", type=Path, default=None, metavar="DIR", help="folder of the center's data")
    parser.add_argument("--no-keyring", action="store_true", help="keep secrets in files that only you can read")
    if not command:
        parser.add_argument("--now", type=datetime.fromisoformat, default=None, metavar="ISO", help=argparse.SUPPRESS)
    known, rest = parser.parse_known_args(words[1:] if command else words)
    if not command:
        garbage.put_off()
    try:
        store = Store(known.store or default_folder(), use_keyring=not known.no_keyring)
    except StoreError as error:
        return _refuse(str(error), with_window=not command)
    try:
        return _run(command, rest, store, known)
    except StoreError as error:
        return _refuse(str(error), with_window=not command)
    finally:
        store.close()


def _run(command: str, rest: list[str], store: Store, known: argparse.Namespace) -> int:
    match command:
        case "":
            from desktop.app import run_program

            return run_program(store, clock_from(known.now))
        case "import":
            from desktop.exchange.command import run as run_import

            return run_import(rest, store)
        case "export":
            from desktop.exchange.export_command import run as run_export

            return run_export(rest, store)
        case "print":
            from desktop.printing.command import run as run_print

            return run_print(rest, store)
        case "sign-in":
            from desktop.sync.command import run as run_sign_in

            return run_sign_in(rest, store)
        case "verify":
            from desktop.sync.command import run_verify

            return run_verify(rest, store)
        case _:
            print(f"itutoros: no command {command!r}\n\n{USAGE}", file=sys.stderr)
            return 2


def default_folder() -> Path:
    """Where a user's data lies on this operating system."""
    from platformdirs import user_data_path

    return user_data_path("iTutorOS", appauthor=False)


def _refuse(sentence: str, *, with_window: bool) -> int:
    print(f"itutoros: {sentence}", file=sys.stderr)
    if with_window:
        from desktop.app import show_failure

        show_failure(sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main())
