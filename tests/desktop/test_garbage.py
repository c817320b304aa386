"""When garbage is searched for: by the window's thread, a little at a time, never while somebody holds it kept."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from desktop import garbage


class Loop:
    """Refers to itself, so that only a search ends it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def as_found() -> Iterator[None]:
    gc.collect()
    yield
    gc.unfreeze()
    gc.enable()


def a_loop() -> weakref.ref[Loop]:
    return weakref.ref(Loop())


def make_many() -> list[list[int]]:
    return [[number] for number in range(2_000)]


def test_garbage_is_found_when_the_window_asks_and_enough_was_made() -> None:
    garbage.put_off()
    garbage.resume()
    loop = a_loop()
    kept = make_many()
    assert loop() is not None
    garbage.tidy(thoroughly=False)
    assert loop() is None
    assert len(kept) == 2_000


def test_what_survived_is_searched_again_later_and_at_last_thoroughly() -> None:
    garbage.put_off()
    held = [Loop()]
    loop = weakref.ref(held[0])
    gc.collect(0)
    gc.collect(1)
    held.clear()
    kept = []
    for _ in range(200):
        kept.append(make_many())
        garbage.tidy(thoroughly=False)
    assert loop() is not None
    garbage.tidy(thoroughly=True)
    assert loop() is None


def test_nothing_is_searched_while_anybody_holds_it_kept_in_whichever_order_they_leave() -> None:
    first, second = garbage.kept(), garbage.kept()
    first.__enter__()
    second.__enter__()
    loop = a_loop()
    first.__exit__(None, None, None)
    kept = make_many()
    garbage.tidy(thoroughly=True)
    assert loop() is not None
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    assert len(kept) == 2_000


def test_holding_from_many_threads_leaves_it_as_it_was() -> None:
    def hold() -> None:
        for _ in range(200):
            with garbage.kept():
                assert not gc.isenabled()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()
    gc.disable()
    with garbage.kept():
        pass
    assert not gc.isenabled()
