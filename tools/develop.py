"""The subcommands of ./dev: each prepares the checkout as far as it needs to, then does its work.

Until the virtual environment is ready this file runs on whatever Python the machine has, so it imports the
standard library alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import surroundings  # noqa: E402  (found only once the root is on the path)

CHECKED = ("shared_models", "desktop", "sync_server", "resources", "tools")

USAGE = """\
usage: ./dev COMMAND [ARGUMENTS]

  demo [--headless] [--out DIR] [--date MOMENT]
                        a demo center: its server, its website, and the desktop signed in to it
  test [PYTEST ARGUMENTS]
                        run the tests (all of them unless told which)
  check                 lint, format, types, and who may import whom
  bench [NAME ...] [--strict]
                        measure against the budgets
  simulate [--seeds N] [--from M] [--processes P] [--seed S]
                        play stories of the simulated world; --seed plays one again
  shots [ARGUMENTS]     render every screen to pictures
  pin [--upgrade]       write requirements/*.txt anew from pyproject.toml
"""


def demo(arguments: Sequence[str]) -> int:
    """The demo center; with no display it needs a browser for its pictures."""
    headless = "--headless" in arguments or not surroundings.display_is_there()
    needed = surroundings.QT_LIBRARIES
    surroundings.prepare(ROOT, needed + surroundings.BROWSER if headless else needed)
    return surroundings.continue_as(ROOT, "-m", "tools.demo", *arguments)


def test(arguments: Sequence[str]) -> int:
    """All tests on two processes; a module's tests stay on one of them, so that its fixtures are made once."""
    surroundings.prepare(ROOT, surroundings.QT_LIBRARIES + surroundings.BROWSER, surroundings.POSTGRES)
    looked_at_closely = any(argument in {"-s", "--pdb"} or "::" in argument for argument in arguments)
    spread = [] if looked_at_closely else ["-n", "2", "--dist", "loadscope"]
    return surroundings.continue_as(ROOT, "-m", "pytest", *spread, *arguments)


def check(arguments: Sequence[str]) -> int:
    """Every check runs even when an earlier one failed, so that one run shows all there is to mend."""
    surroundings.prepare(ROOT)
    steps = {
        "lint": ("-m", "ruff", "check", "--output-format", "concise", "."),
        "format": ("-m", "ruff", "format", "--check", "."),
        "types": ("-m", "mypy", *CHECKED),
        "imports": ("-c", "from importlinter.cli import lint_imports_command as check; check(['--no-logo'])"),
    }
    failed = []
    for name, command in steps.items():
        print(f"== {name}", flush=True)
        if surroundings.run_here(ROOT, *command) != 0:
            failed.append(name)
    print("check: " + (f"{', '.join(failed)} failed" if failed else "all is well"), flush=True)
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> int:
    """The budgets, measured on this machine."""
    surroundings.prepare(ROOT, surroundings.QT_LIBRARIES)
    return surroundings.continue_as(ROOT, "-m", "bench.run", *arguments)


def simulate(arguments: Sequence[str]) -> int:
    """Stories of the simulated world, as many as asked for."""
    surroundings.prepare(ROOT)
    return surroundings.continue_as(ROOT, "-m", "tools.simulate", *arguments)


def shots(arguments: Sequence[str]) -> int:
    """Every screen as a picture."""
    surroundings.prepare(ROOT, surroundings.QT_LIBRARIES + surroundings.BROWSER)
    return surroundings.continue_as(ROOT, "-m", "tools.shots", *arguments)


def pin(arguments: Sequence[str]) -> int:
    """Resolve pyproject.toml for every supported Python and system; pinned versions stay unless --upgrade.

    The desktop and the server alone get exactly the versions that were tested together.
    """
    surroundings.prepare(ROOT)
    parts = {
        "dev.txt": ("--extra", "desktop", "--extra", "server", "--extra", "dev"),
        "desktop.txt": ("--extra", "desktop", "--constraints", "requirements/dev.txt"),
        "installer.txt": (
            *("--extra", "desktop", "--extra", "installer"),
            *("--constraints", "requirements/dev.txt"),
        ),
        "server.txt": ("--extra", "server", "--constraints", "requirements/dev.txt"),
    }
    for file, extras in parts.items():
        command = [
            *("-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal"),
            *("--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate"),
            *("--prerelease", "disallow", "--custom-compile-command", "./dev pin"),
            *("--output-file", f"requirements/{file}", *extras, *arguments),
        ]
        if surroundings.run_here(ROOT, *command) != 0:
            return 1
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "bench": bench,
    "simulate": simulate,
    "shots": shots,
    "pin": pin,
}


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand and give its exit status."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(USAGE, end="")
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"./dev has no command {arguments[0]!r}.\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    try:
        return command(arguments[1:])
    except surroundings.NotReady as problem:
        print(f"./dev: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
