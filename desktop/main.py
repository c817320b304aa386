"""The command `itutoros`: opens the program, or imports files and prints schedules without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from desktop import garbage
from desktop.only_one import OnlyOne
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

_ALREADY_OPEN = (
    "iTutorOS is open on this PC already, but its window does not answer. Close it and start again; "
    "if you cannot find it, restart the PC. All saved data is safe."
)


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
    if rest and not command:
        parser.error(f"“{rest[0]}” cannot be used here. The command comes first, before its options.")
    folder = known.store or default_folder()
    if command:
        return _with_store(folder, known, lambda store: _run(command, rest, store), with_window=False)
    with OnlyOne(folder) as only_one:
        try:
            if not only_one.take():
                return 0 if only_one.call() else _refuse(_ALREADY_OPEN, with_window=True)
        except OSError as error:
            return _refuse(f"The folder {folder} cannot be written: {error.strerror}.", with_window=True)
        garbage.put_off()
        return _with_store(folder, known, lambda store: _open(store, known, only_one), with_window=True)


def _with_store(folder: Path, known: argparse.Namespace, work: Callable[[Store], int], *, with_window: bool) -> int:
    try:
        store = Store(folder, use_keyring=not known.no_keyring)
    except StoreError as error:
        return _refuse(str(error), with_window=with_window)
    try:
        return work(store)
    except StoreError as error:
        return _refuse(str(error), with_window=with_window)
    finally:
        store.close()


def _open(store: Store, known: argparse.Namespace, only_one: OnlyOne) -> int:
    from desktop.app import run_program

    return run_program(store, clock_from(known.now), only_one)


def _run(command: str, rest: list[str], store: Store) -> int:
    match command:
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
