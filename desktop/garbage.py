"""Puts off Python's search for garbage while the program starts: nearly all that is made then stays until the end,
and looking through it again and again costs a tenth of the start."""

from __future__ import annotations

import gc


def put_off() -> None:
    """Search for nothing until `resume`."""
    gc.disable()


def resume() -> None:
    """Search again from now on, leaving out what was made until now."""
    gc.freeze()
    gc.enable()
