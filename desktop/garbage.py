"""Puts off Python's search for garbage while the program starts: nearly all that is made then stays until the end,
and looking through it again and again costs a tenth of the start. And where a widget must not end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def put_off() -> None:
    """Search for nothing until `resume`."""
    gc.disable()


def resume() -> None:
    """Search again from now on, leaving out what was made until now."""
    gc.freeze()
    gc.enable()


@contextmanager
def kept() -> Iterator[None]:
    """Search for nothing within this block."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
