"""A small center of its own for each test, and the entry form over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.entry_form import EntryEditor
from desktop.store.store import Store
from desktop.theme import Appearance
from tests.desktop.schedule.filled_forms import clock
from tests.shared_models.schedule.small_center import Center, small_center


@pytest.fixture(scope="module")
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


@pytest.fixture
def editor(center: Center, qtbot: QtBot, qapp: QApplication) -> Iterator[EntryEditor]:
    theme.install(qapp, Appearance.LIGHT)
    window = QWidget()
    qtbot.addWidget(window)
    form = EntryEditor(center.store, clock, window)
    window.resize(1000, 860)
    form.resize(form.width(), 860)
    window.show()
    yield form
    form.shut_down()
