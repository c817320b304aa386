"""Every page opens, in a center without anybody and in the sample center, light and dark, on a small screen: nothing
is raised, Qt does not complain, and no words are cut off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.app import Program, make_application, page_entries
from desktop.store.store import Store
from desktop.window import MainWindow
from tests.desktop.clipping import clipped_words
from tools.at_rest import come_to_rest
from tools.demo_center import PICTURE_MOMENT
from tools.shots_centers import make_fresh_center, make_sample_center
from tools.shots_screens import FRESH_SCREENS, SCREENS, Screen
from tools.shots_stage import Stage

SMALL = (1366, 768)
SMALLEST = (1024, 640)
PAGES = ("Today", "Calendar", "Leads", "Families", "Tutors", "Settings")
LOOKS = (theme.Appearance.LIGHT, theme.Appearance.DARK)


@dataclass(frozen=True)
class Centers:
    """Folders with a prepared store in each, to be copied."""

    sample: Path
    fresh: Path


@pytest.fixture(scope="module")
def centers(tmp_path_factory: pytest.TempPathFactory) -> Centers:
    folder = tmp_path_factory.mktemp("centers")
    make_sample_center(folder / "sample", PICTURE_MOMENT)
    make_fresh_center(folder / "fresh")
    return Centers(folder / "sample", folder / "fresh")


@pytest.fixture(params=["sample", "fresh"])
def store(request: pytest.FixtureRequest, centers: Centers, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(getattr(centers, request.param), tmp_path / "store")
    opened = Store(tmp_path / "store", use_keyring=False)
    yield opened
    opened.close()


@pytest.fixture
def program(store: Store, qtbot: QtBot, qapp: QApplication) -> Iterator[Program]:
    make_application(store)
    running = Program(store, lambda: PICTURE_MOMENT)
    qtbot.addWidget(running.window)
    yield running
    running.close()


def open_at(program: Program, qtbot: QtBot, size: tuple[int, int], title: str) -> MainWindow:
    window = program.window
    window.resize(*size)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitSignal(window.pageShown):
        window.go_to(title)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    come_to_rest(app)
    return window


def test_the_rail_has_all_pages(centers: Centers, tmp_path: Path) -> None:
    shutil.copytree(centers.fresh, tmp_path / "store")
    store = Store(tmp_path / "store", use_keyring=False)
    assert tuple(entry.title for entry in page_entries(store, lambda: PICTURE_MOMENT)) == PAGES
    store.close()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("title", PAGES)
def test_a_page_opens_with_every_word_readable(
    program: Program, qtbot: QtBot, title: str, look: theme.Appearance
) -> None:
    theme.choose(look)
    window = open_at(program, qtbot, SMALL, title)
    page = window.current_page()
    assert page is not None and page.isVisible()
    assert page.title == title
    assert not window.grab().isNull()
    assert clipped_words(window) == []


@pytest.mark.parametrize("title", PAGES)
def test_a_page_fits_the_smallest_window(program: Program, qtbot: QtBot, title: str) -> None:
    theme.choose(theme.Appearance.LIGHT)
    window = open_at(program, qtbot, SMALLEST, title)
    assert (window.width(), window.height()) == SMALLEST
    assert clipped_words(window) == []


def test_the_look_changes_while_every_page_is_open(program: Program, qtbot: QtBot) -> None:
    window = open_at(program, qtbot, SMALL, PAGES[0])
    for title in PAGES:
        window.go_to(title)
    for look in (*LOOKS, theme.Appearance.HIGH_CONTRAST):
        theme.choose(look)
        for title in PAGES:
            window.go_to(title)
            assert not window.grab().isNull()
    theme.choose(theme.Appearance.LIGHT)


@pytest.fixture(scope="module", params=["sample", "fresh"])
def stage(
    request: pytest.FixtureRequest, centers: Centers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage") / "store"
    shutil.copytree(getattr(centers, request.param), folder)
    store = Store(folder, use_keyring=False)
    app = make_application(store)
    theme.choose(theme.Appearance.LIGHT)
    standing = Stage(app, store, PICTURE_MOMENT, SMALL)
    yield standing
    standing.close()
    store.close()


def cut_on(screen: Screen, stage: Stage) -> list[str]:
    """The words that are cut on a screen, which is put away again."""
    found = []
    for shown in screen(stage):
        stage.rest()
        found += clipped_words(shown)
    return found


@pytest.mark.parametrize("stage", ["sample"], indirect=True)
@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_of_a_busy_center_is_readable(stage: Stage, name: str) -> None:
    assert cut_on(SCREENS[name], stage) == []


@pytest.mark.parametrize("stage", ["fresh"], indirect=True)
@pytest.mark.parametrize("name", FRESH_SCREENS)
def test_every_screen_of_a_new_center_is_readable(stage: Stage, name: str) -> None:
    assert cut_on(FRESH_SCREENS[name], stage) == []
