"""What is installed is what was tested: pins cover pyproject.toml, carry hashes, and name no place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS_OF_FILE = {
    "dev.txt": ("desktop", "server", "dev"),
    "desktop.txt": ("desktop",),
    "installer.txt": ("desktop", "installer"),
    "server.txt": ("server",),
}
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(?P<version>\S+)", re.MULTILINE)


def pins(file: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / file).read_text("utf-8")
    return {canonicalize_name(name): Version(version) for name, version in PIN.findall(text)}


@pytest.mark.parametrize("file", EXTRAS_OF_FILE)
def test_every_declared_package_is_pinned_within_its_declared_range(file: str) -> None:
    declared = list(PROJECT["dependencies"])
    for extra in EXTRAS_OF_FILE[file]:
        declared += PROJECT["optional-dependencies"][extra]
    pinned = pins(file)
    for requirement in map(Requirement, declared):
        version = pinned[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, f"{requirement} is pinned at {version}"


@pytest.mark.parametrize("file", ["desktop.txt", "server.txt"])
def test_what_a_center_or_a_host_installs_is_what_was_tested(file: str) -> None:
    assert pins(file).items() <= pins("dev.txt").items()


def test_the_desktop_is_packed_from_what_a_center_installs() -> None:
    assert pins("desktop.txt").items() <= pins("installer.txt").items()


@pytest.mark.parametrize("file", EXTRAS_OF_FILE)
def test_every_pin_carries_hashes_and_is_a_release_and_no_index_is_named(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text("utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    unhashed = [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert unhashed == []
    assert [name for name, version in pins(file).items() if version.is_prerelease] == []
    assert "://" not in text
    assert "--index" not in text
