"""A center for each test, copied from one that is made once: opening an encrypted store anew takes a while."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.store.store import Store
from tests.shared_models.schedule.small_center import Center, small_center


@pytest.fixture(scope="session")
def center_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("center")
    small_center(folder).store.close()
    return folder


@pytest.fixture
def center(center_folder: Path, tmp_path: Path) -> Iterator[Center]:
    shutil.copytree(center_folder, tmp_path / "store")
    store = Store(tmp_path / "store", use_keyring=False)
    yield Center(store)
    store.close()
