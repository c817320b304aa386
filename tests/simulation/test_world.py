"""Many seeds of the simulated world: whatever the network, the clocks and the kills, all ends in one state."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.store.store import Store
from shared_models.registry import tenant_classes
from shared_models.sync.merge import rules_of
from sync_server.database import Database
from tests.simulation.world import World

SEEDS = int(os.environ.get("ITUTOROS_SIMULATION_SEEDS", "80"))
"""How many stories are played; more on demand."""

CHUNK = 10
STEPS = 30


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """An empty store at the newest schema, copied for each desk: making one anew takes a third of a second."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-template-"))
    Store(folder, use_keyring=False).close()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_all_stores_end_as_the_server(first: int, database: Database, template: Path, tmp_path: Path) -> None:
    for seed in range(first, first + CHUNK):
        check_seed(seed, database, template, tmp_path / str(seed))


def check_seed(seed: int, database: Database, template: Path, folder: Path, steps: int = STEPS) -> None:
    """Play one seed and hold its end to the promises; the message of a failure tells the story."""
    world = World(seed, database, folder, template)
    try:
        world.run(steps)
        world.settle()
        server = world.rows_of_server()
        for number, desk in enumerate(world.desks):
            store = world.rows_of(desk)
            refused = desk.store.attention_count()
            if not refused:
                assert store.keys() == server.keys(), f"desk {number} holds other rows\n{world.replay_line()}"
            for key in store.keys() & server.keys():
                assert store[key] == server[key], f"desk {number}, {key}\n{world.replay_line()}"
            assert desk.store.unsent_count() == 0, f"desk {number} has unsent rows\n{world.replay_line()}"
        for (table, row_id, name), (stamp, value) in world.latest.items():
            if rules_of(tenant_classes()[table]).covers(name):
                continue  # these keep more than the latest edit; tests/shared_models/sync/test_causal.py holds them
            if (table, row_id) not in world.refused:
                arrived = server[table, row_id][name]
                # A later edit may have been made by the server itself.
                assert arrived == (value, stamp) or arrived[1] > stamp, f"lost {table}.{name}\n{world.replay_line()}"
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
