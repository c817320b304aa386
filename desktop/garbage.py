"""When Python looks for garbage. Not while the program starts: nearly all that is made then stays until the end, and
looking through it again and again costs a tenth of the start. Afterwards only where the window's thread asks for it,
a little at a time: looking when some thread happens to make an object would stop the window amid a save, and would
let widgets end in a thread that is not theirs. And not at all while much is held that is no garbage."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 700
_MIDDLE = 10
_OLD = 10
"""As many as Python itself would let come together before it looks: objects, then searches of the part before."""


class _Kept:
    lock = threading.Lock()
    holders = 0
    searched_by_itself = False
    """Whether Python did before the first of the holders came."""


def put_off() -> None:
    """Search for nothing until `resume`."""
    gc.disable()


def resume() -> None:
    """Search from now on when `tidy` is called, leaving out what was made until now."""
    gc.freeze()


def tidy(*, thoroughly: bool) -> None:
    """Search among what was made lately if there is enough of it, which takes about a millisecond; `thoroughly` among
    all that was made since `resume`, which may take a hundred. Called by the window's thread."""
    if _Kept.holders:
        return
    young, middle, old = gc.get_count()
    if thoroughly and old > _OLD:
        gc.collect()
    elif middle > _MIDDLE:
        gc.collect(1)
    elif young > _YOUNG:
        gc.collect(0)


@contextmanager
def kept() -> Iterator[None]:
    """Search for nothing within this block, in whichever thread."""
    with _Kept.lock:
        if _Kept.holders == 0:
            _Kept.searched_by_itself = gc.isenabled()
            gc.disable()
        _Kept.holders += 1
    try:
        yield
    finally:
        with _Kept.lock:
            _Kept.holders -= 1
            if _Kept.holders == 0 and _Kept.searched_by_itself:
                gc.enable()
