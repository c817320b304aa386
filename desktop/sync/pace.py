"""How much the sync writes at a time while somebody works at the desk: turns so short that a save between two of them
is not felt, and a rest after each, in which the window's thread has the store and the interpreter to itself."""

from __future__ import annotations

import time

_TURN_SECONDS = 0.005
FEWEST_ROWS = 100
MOST_ROWS = 1_000
_REST = 0.8
"""Of the time that the turn took."""
_LONGEST_REST_SECONDS = 0.015


class Pace:
    """`begin` and `rest` around each turn; `rows` is how many one may write, by how long those before took."""

    def __init__(self) -> None:
        self.rows = 2 * FEWEST_ROWS
        self._began = 0.0

    def begin(self) -> None:
        """A turn begins."""
        self._began = time.perf_counter()

    def rest(self, rows: int) -> None:
        """A turn has ended in which so many rows were written."""
        took = time.perf_counter() - self._began
        fitting = int(rows * _TURN_SECONDS / max(took, _TURN_SECONDS / 10))
        self.rows = min(max((self.rows + fitting) // 2, FEWEST_ROWS), MOST_ROWS)
        time.sleep(min(took * _REST, _LONGEST_REST_SECONDS))
