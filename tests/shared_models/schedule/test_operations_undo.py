"""Whatever is done to the schedule, in whatever order: undo brings back the same visible rows, redo the new ones."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest

from tests.shared_models.schedule.random_operations import (
    OPERATIONS,
    Operation,
    perform,
    schedule_one,
    schedule_series,
    visible,
)
from tests.shared_models.schedule.small_center import Center


@pytest.mark.parametrize("seed", range(16))
def test_undo_and_redo_walk_through_the_same_states(center: Center, seed: int) -> None:
    random = Random(seed)
    states, done = [visible(center.store)], ["nothing"]
    operations: list[Operation] = [schedule_series, schedule_one, *random.choices(OPERATIONS, k=12)]
    for operation in operations:
        if perform(center, operation, random.randint(0, 9999)):
            states.append(visible(center.store))
            done.append(str(center.store.undo_history.next_undo))
        else:
            assert visible(center.store) == states[-1]

    for before, words in zip(reversed(states[:-1]), reversed(done), strict=False):
        center.store.undo()
        assert visible(center.store) == before, f"after undoing {words} of {done}"
    for after, words in zip(states[1:], done[1:], strict=True):
        center.store.redo()
        assert visible(center.store) == after, f"after doing {words} again, of {done}"


def test_every_operation_does_something_that_is_undone(center: Center) -> None:
    for number in range(3):
        perform(center, schedule_series, number)
        perform(center, schedule_one, number)
    for operation in OPERATIONS:
        for seed in count():
            before = visible(center.store)
            if perform(center, operation, seed):
                after = visible(center.store)
                assert after != before, operation.__name__
                center.store.undo()
                assert visible(center.store) == before, operation.__name__
                center.store.redo()
                assert visible(center.store) == after, operation.__name__
                break
            assert seed < 60, f"{operation.__name__} never did anything"
