"""Many seeds of the simulated world: whatever the network, the clocks and the kills, all ends in one state. Four
classes, so that the processes of a test run share them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulation.endings import play
from tests.simulation.shrink import shrunk
from tests.simulation.stage import Stage
from tests.simulation.story import Step, Story, story_of

SEEDS = int(os.environ.get("ITUTOROS_SIMULATION_SEEDS", "300"))
"""How many stories are played; `./dev simulate` plays more."""

CHUNK = 10

ENDED_BADLY_ONCE = (
    39,
    70004,
    70368,
    100367,
    100427,
    100590,
    101276,
    102746,
    103167,
    200910,
    301408,
    301657,
    712466,
    714580,
    20009305,
)
"""Seeds beyond those above by which something was found; all but the last while nobody worked at any desk."""


@pytest.fixture(scope="module")
def stage(postgres_url: str) -> Iterator[Stage]:
    """What the stories of this process share."""
    stage = Stage(postgres_url)
    yield stage
    stage.close()


class Seeds:
    """One part of the seeds."""

    def test_all_stores_end_as_the_server(self, first: int, stage: Stage) -> None:
        for seed in range(first, first + CHUNK):
            if (wrong := play(story_of(seed), stage)) is not None:
                pytest.fail(f"./dev simulate --seed {seed}\n{wrong}", pytrace=False)


def every_fourth_chunk(part: int) -> pytest.MarkDecorator:
    """The chunks of one of four parts, by their first seed."""
    return pytest.mark.parametrize("first", range(part * CHUNK, SEEDS, 4 * CHUNK))


@every_fourth_chunk(0)
class TestFirstPart(Seeds):
    """Chunks 0, 4, 8 …"""


@every_fourth_chunk(1)
class TestSecondPart(Seeds):
    """Chunks 1, 5, 9 …"""


@every_fourth_chunk(2)
class TestThirdPart(Seeds):
    """Chunks 2, 6, 10 …"""


@every_fourth_chunk(3)
class TestFourthPart(Seeds):
    """Chunks 3, 7, 11 …"""


@pytest.mark.parametrize("seed", ENDED_BADLY_ONCE)
@pytest.mark.parametrize("is_alone", [True, False])
def test_stories_that_once_ended_badly_end_well(seed: int, is_alone: bool, stage: Stage) -> None:
    story = story_of(seed)
    if (wrong := play(replace(story, turn_rows=None) if is_alone else story, stage)) is not None:
        pytest.fail(f"seed {seed}{', with nobody at work' if is_alone else ''}\n{wrong}", pytrace=False)


def test_a_desk_that_would_ask_for_ever_is_a_bad_ending(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.simulation.network.MOST_REQUESTS", 3)
    wrong = play(story_of(12), stage)
    assert wrong is not None
    assert wrong.startswith("NeverEnds: ")


def test_a_seed_tells_the_same_story_every_time(stage: Stage) -> None:
    from tests.simulation.endings import told
    from tests.simulation.world import World

    tellings = []
    for _ in range(2):
        world = World(story_of(12), stage)
        with world.played():
            tellings.append(told(world))
    assert tellings[0] == tellings[1]


def test_a_failing_story_shrinks_to_the_steps_that_matter() -> None:
    story = story_of(3)
    wanted = {story.steps[4], story.steps[17], story.steps[23]}

    def fails(shorter: Story) -> bool:
        return wanted <= set[Step](shorter.steps)

    assert set(shrunk(story, fails).steps) == wanted


def test_leaving_a_step_out_leaves_the_others_as_they_were() -> None:
    story = story_of(3)
    shorter = story.keeping([number for number in story.numbers if number != 5])
    assert shorter.steps == story.steps[:5] + story.steps[6:]
