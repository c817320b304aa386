"""Makes a failing story short: leaves out steps as long as it still fails (Zeller's delta debugging)."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.story import Story


def shrunk(story: Story, fails: Callable[[Story], bool], tries: int = 200) -> Story:
    """The shortest story found within that many tries from which no step can be left out."""
    parts = 2
    while len(story.steps) >= 2 and tries > 0:
        size = max(1, len(story.steps) // parts)
        for start in range(0, len(story.steps), size):
            tries -= 1
            left_out = set(story.numbers[start : start + size])
            shorter = story.keeping([number for number in story.numbers if number not in left_out])
            if fails(shorter):
                story, parts = shorter, max(parts - 1, 2)
                break
            if tries <= 0:
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(story.steps))
    return story
