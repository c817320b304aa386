"""What other threads write arrives in the thread of the window, and together when it has no time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.store.announcer import Arrived, StoreAnnouncer
from desktop.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", use_keyring=False)
    yield store
    store.close()


@pytest.fixture
def told(store: Store, qtbot: QtBot) -> Iterator[list[object]]:
    announcer = StoreAnnouncer(store)
    heard: list[object] = []
    announcer.changed.connect(heard.append)
    yield heard
    announcer.stop()


def elsewhere(store: Store, *changes: dict[str, frozenset[str]]) -> None:
    """Announce from another thread."""
    thread = threading.Thread(target=lambda: list(map(store.announce, changes)))
    thread.start()
    thread.join()


def test_what_this_thread_wrote_is_told_at_once(store: Store, told: list[object]) -> None:
    store.announce({"lead": frozenset({"a"})})
    assert told == [{"lead": {"a"}}]
    assert not isinstance(told[0], Arrived)


def test_what_others_wrote_is_told_together_when_there_is_time(
    store: Store, told: list[object], qtbot: QtBot
) -> None:
    elsewhere(store, {"lead": frozenset({"a"})}, {"lead": frozenset({"b"}), "room": frozenset({"c"})})
    assert told == []
    qtbot.waitUntil(lambda: bool(told))
    assert told == [{"lead": {"a", "b"}, "room": {"c"}}]
    assert isinstance(told[0], Arrived)
    elsewhere(store, {"lead": frozenset({"d"})})
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == {"lead": {"d"}}
