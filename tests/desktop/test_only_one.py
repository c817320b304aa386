"""A second start over the same store asks the first for its window, and a program that was killed holds nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop import app, main
from desktop.only_one import OnlyOne
from desktop.store.store import Store
from desktop.window import MainWindow
from shared_models.base import new_id
from shared_models.organization.models import Organization
from tests.end_to_end.processes import ROOT, desk, desk_process, wait_until

CALLER = """
import sys
from pathlib import Path
from desktop.only_one import OnlyOne
second = OnlyOne(Path(sys.argv[1]))
print(second.take(), second.call())
"""
HOLDER = """
import sys
from pathlib import Path
from desktop.only_one import OnlyOne
first = OnlyOne(Path(sys.argv[1]))
print(first.take(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def first(tmp_path: Path) -> Iterator[OnlyOne]:
    only_one = OnlyOne(tmp_path)
    assert only_one.take()
    yield only_one
    only_one.close()


def started(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_a_second_start_calls_the_first(first: OnlyOne, tmp_path: Path, qtbot: QtBot) -> None:
    calls: list[int] = []
    first.listen(lambda: calls.append(1))
    with started(CALLER, tmp_path) as second:
        qtbot.waitUntil(lambda: second.poll() is not None, timeout=30_000)
        assert second.stdout is not None
        assert second.stdout.read() == "False True\n"
    assert calls == [1]


def test_other_stores_have_programs_of_their_own(first: OnlyOne, tmp_path: Path) -> None:
    other = OnlyOne(tmp_path / "other")
    assert other.take()
    other.close()


def test_a_killed_program_holds_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    second = OnlyOne(tmp_path)
    with started(HOLDER, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not second.take()
        holder.kill()
    assert second.take()
    second.listen(lambda: None)
    second.close()
    assert second.take()
    second.close()


def test_a_program_that_does_not_answer_is_named(
    first: OnlyOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    monkeypatch.setattr(app, "show_failure", told.append)
    monkeypatch.setattr("desktop.only_one._CALL_SECONDS", 0.2)
    assert main.main(["--store", str(tmp_path)]) == 1
    assert "open on this PC already" in told[0]
    assert told[0] in capsys.readouterr().err
    assert not (tmp_path / "store.db").exists()


def test_the_window_comes_to_the_front(qtbot: QtBot) -> None:
    window = MainWindow([], "Hudson", "Maya")
    qtbot.addWidget(window)
    window.showMinimized()
    app._bring_forward()
    assert not window.windowState() & Qt.WindowState.WindowMinimized


def test_the_program_starts_once_and_commands_run_beside_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", use_keyring=False)
    center = new_id()
    store.set_local(organization_id=center)
    with store.write() as session:
        session.add(Organization(organization_id=center, id=center, business_name="Hudson", time_zone="UTC"))
    store.close()
    with desk_process(folder=store.folder) as running:
        wait_until(lambda: (store.folder / "open.lock").exists(), running)
        second = desk(folder=store.folder)
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
        assert running.poll() is None
        exported = desk("export", "calendar", "--out", tmp_path / "all.ics", folder=store.folder)
        assert exported.returncode == 0, exported.stderr
    again = Store(store.folder, use_keyring=False)
    again.close()
