"""Brings a machine to where the project can run: virtual environment, pinned packages, Debian packages.

Standard library alone; everything is skipped when a stamp says that it is done already.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

QT_LIBRARIES = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)
BROWSER = ("chromium", "poppler-utils", "xvfb")
POSTGRES = ("pgbouncer", "postgresql")
"""As a host installs it, with its contrib extensions; tests that want it are left out where it is not."""


class NotReady(Exception):
    """The machine lacks something that ./dev cannot bring; the message says what to do."""


def display_is_there() -> bool:
    """Whether a window opened now could be seen by somebody."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def environment_python(root: Path) -> Path:
    """Where the Python of the checkout's virtual environment is (or will be)."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_here(root: Path, *arguments: str) -> int:
    """Run the environment's Python in the checkout, wait for its end, and give its exit status."""
    return subprocess.run([str(environment_python(root)), *arguments], cwd=root).returncode


def continue_as(root: Path, *arguments: str) -> int:
    """The last step of a command: the environment's Python takes this process over.

    So Ctrl-C and a termination signal reach the one that has something to put away. Windows cannot do that; there
    it is run, and its exit status given.
    """
    if os.name == "nt":
        return run_here(root, *arguments)
    sys.stdout.flush()
    python = str(environment_python(root))
    os.chdir(root)
    os.execv(python, [python, *arguments])


def prepare(root: Path, debian_packages: Sequence[str] = (), welcome: Sequence[str] = ()) -> None:
    """Make the environment and the Debian packages be there, doing only what is missing. Those that are `welcome` are
    brought where that needs nobody's help."""
    with _one_at_a_time(root):
        _bring_debian_packages(debian_packages)
        with contextlib.suppress(NotReady):
            _bring_debian_packages(welcome)
        stamp = root / ".venv" / "prepared"
        wanted = _fingerprint(root)
        if _runs(environment_python(root)) and stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return
        _make_environment(root)
        _install(root)
        stamp.write_text(_fingerprint(root), "utf-8")


@contextlib.contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two ./dev started together must not install into one environment at once."""
    if os.name == "nt":
        yield
        return
    import fcntl

    folder = root / ".dev"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(root: Path) -> str:
    """Changes whenever the environment is to be brought up to date, also when the checkout was moved."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    installed_by = {"project": project["project"], "tool": project["tool"]["setuptools"], "root": str(root)}
    digest = hashlib.sha256(json.dumps(installed_by, sort_keys=True).encode())
    digest.update((root / "requirements" / "dev.txt").read_bytes())
    settings = root / ".venv" / "pyvenv.cfg"
    if settings.is_file():
        digest.update(settings.read_bytes())
    return digest.hexdigest()


def _runs(python: Path) -> bool:
    """Whether this is a usable Python of a supported version with pip in it."""
    if not python.exists():
        return False
    if Path(sys.prefix) == python.parent.parent:
        return True
    probe = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))"
    return subprocess.run([str(python), "-c", probe], capture_output=True).returncode == 0


def _make_environment(root: Path) -> None:
    """Create .venv unless a usable one stands there."""
    if _runs(environment_python(root)):
        return
    if subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode != 0:
        # Debian ships Python without the part that makes environments.
        _bring_debian_packages([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])
    print("Preparing a virtual environment in .venv ...", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(root / ".venv")])
    if made.returncode != 0:
        raise NotReady("the virtual environment .venv could not be made; the lines above say why.")


def _install(root: Path) -> None:
    """Bring exactly the pinned packages, then the project itself, editable."""
    print("Installing the pinned packages (the first time takes a few minutes) ...", flush=True)
    python = str(environment_python(root))
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-qq", "install", "--no-deps"]
    pinned = [*pip, "--require-hashes", "-r", str(root / "requirements" / "dev.txt")]
    itself = [*pip, "--no-build-isolation", "-e", str(root)]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    for command in (pinned, itself):
        if subprocess.run(command, cwd=root, env=quiet).returncode != 0:
            raise NotReady("the packages could not be installed; the lines above say why.")


def _bring_debian_packages(names: Sequence[str]) -> None:
    """Install what is missing of these Debian packages, or say in one sentence what to install."""
    if not names or shutil.which("dpkg-query") is None:
        return
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    missing = [name for name in names if name not in installed]
    if not missing:
        return
    sentence = f"please install these packages first: sudo apt-get install {' '.join(missing)}"
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotReady(sentence)
    print(f"Installing {', '.join(missing)} ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q=2"], env=quiet)
    command = ["apt-get", "install", "-q=2", "--yes", "--no-install-recommends", *missing]
    if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode != 0:
        raise NotReady(f"apt-get could not do it, {sentence}")
