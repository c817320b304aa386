"""A story of the simulated world as data: who is there, and a list of steps, each with a seed of its own, so that
a step can be left out without changing what the others draw."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, replace

STEPS = 25

_HOUR = 3_600_000
_YEAR = 365 * 24 * _HOUR
SKEWS = (0, 0, 0, -_HOUR, 90_000, 24 * _HOUR, _YEAR, -_YEAR)
"""How wrong a PC's clock may be, in milliseconds."""

KINDS: tuple[tuple[str, int], ...] = (
    ("edit_lead", 8),
    ("add_lead", 4),
    ("note_lead", 4),
    ("contact_lead", 2),
    ("add_family", 3),
    ("edit_family", 3),
    ("edit_student", 3),
    ("edit_organization", 2),
    ("same_room", 2),
    ("add_entry", 3),
    ("move_entry", 2),
    ("attend", 4),
    ("sync", 14),
    ("restart", 2),
    ("die_while_saving", 1),
    ("undo", 2),
    ("jump_clock", 1),
    ("keep_copy", 2),
    ("restore_copy", 2),
    ("clone_disk", 1),
    ("write_on_server", 1),
    ("change_roles", 2),
    ("assign_location", 2),
    ("deliver_late", 2),
    ("erase", 1),
    ("back_up_server", 1),
    ("restore_server", 1),
    ("upgrade", 2),
)
"""What can happen, and how often against the others."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens at one desk (or at the server); `seed` decides its particulars."""

    number: int
    kind: str
    desk: int
    seed: int


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """One PC: which user sits there, how wrong its clock is, and whether its program is of the version before."""

    user: int
    skew_milliseconds: int
    is_behind: bool = False
    """Its program is the one before until it is upgraded, store and all, in the middle of the story or at its end."""
    speaks_previous: bool = False
    """It speaks the protocol before this one."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that a seed decides."""

    seed: int
    desks: tuple[DeskPlan, ...]
    steps: tuple[Step, ...]
    turn_rows: int | None = None
    """How many rows the sync writes before it lets somebody who works at the desk save; None when nobody works."""

    def keeping(self, numbers: Collection[int]) -> Story:
        """The story with these steps only."""
        return replace(self, steps=tuple(step for step in self.steps if step.number in numbers))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which steps it has."""
        return tuple(step.number for step in self.steps)


def story_of(seed: int, steps: int = STEPS) -> Story:
    """The story that a seed tells."""
    draw = random.Random(seed)
    desks = tuple(
        DeskPlan(
            user=number % 3,
            skew_milliseconds=draw.choice(SKEWS),
            is_behind=number > 1 and draw.random() < 0.05,
            speaks_previous=number > 0 and draw.random() < 0.08,
        )
        for number in range(draw.choice((2, 2, 3, 3, 4, 5)))
    )
    kinds = [kind for kind, _ in KINDS]
    weights = [weight for _, weight in KINDS]
    return Story(
        seed,
        desks,
        tuple(
            Step(number, draw.choices(kinds, weights)[0], draw.randrange(len(desks)), draw.getrandbits(48))
            for number in range(steps)
        ),
        random.Random(f"turns of {seed}").choice((None, 1, 2, 9)),
    )
