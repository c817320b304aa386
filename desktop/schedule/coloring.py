"""What the colors of entries stand for: the service's family, the tutor, or the status.

All three draw from the eight palettes of design.md ("Service families"), which stay apart for color-blind people and
each have an edge pattern of their own; tutors also bring their initials, as there may be more of them than palettes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from desktop.schedule.calendar_values import Family, Wording
from desktop.schedule.directory import Directory
from shared_models.schedule.models import EntryStatus

STATUS_PALETTES: Mapping[EntryStatus, tuple[Family, str]] = {
    EntryStatus.SCHEDULED: (Family.PRIVATE, "Scheduled"),
    EntryStatus.PENDING_PAYMENT: (Family.TEST_PREP, "Not paid yet"),
    EntryStatus.IN_PROGRESS: (Family.WORKSHOP, "In progress"),
    EntryStatus.COMPLETED: (Family.SEMI_PRIVATE, "Completed"),
    EntryStatus.NO_SHOW: (Family.ASSESSMENT, "No-show"),
    EntryStatus.CANCELLED: (Family.FREE, "Cancelled"),
}
"""Palette and words of each status."""


class ColorBy(StrEnum):
    """What the person wants to tell apart by color."""

    SERVICE = "service"
    TUTOR = "tutor"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Coloring:
    """How entries are colored; `tutors` gives each tutor a palette and initials."""

    by: ColorBy = ColorBy.SERVICE
    tutors: Mapping[str, tuple[Family, str]] = field(default_factory=dict)

    def palette(self, family: Family, tutor_id: str | None, status: EntryStatus) -> Family:
        """The palette of an entry."""
        if self.by is ColorBy.TUTOR:
            known = self.tutors.get(tutor_id or "")
            return known[0] if known is not None else Family.FREE
        return STATUS_PALETTES[status][0] if self.by is ColorBy.STATUS else family

    def initials(self, tutor_id: str | None) -> str:
        """The tutor's initials where the color stands for the tutor; "" otherwise."""
        known = self.tutors.get(tutor_id or "")
        return known[1] if self.by is ColorBy.TUTOR and known is not None else ""

    def title(self, title: Wording, tutor_id: str | None) -> Wording:
        """The words on top of an entry: with the tutor's initials in front when the color stands for the tutor, and
        down to these alone where room is scarce."""
        letters = self.initials(tutor_id)
        if not letters:
            return title
        return (*(f"{letters} · {words}" for words in title), letters)


BY_SERVICE = Coloring()
"""Colors as design.md has them: by the family of the service."""


def coloring_of(by: ColorBy, directory: Directory) -> Coloring:
    """How boxes of a center are colored; tutors get theirs by name, so that they keep them from week to week."""
    if by is not ColorBy.TUTOR:
        return Coloring(by)
    names = {tutor.id: tutor.name for tutor in directory.tutors.values()}
    places = {tutor_id: rules.location_ids for tutor_id, rules in directory.tutor_rules.items()}
    return Coloring(by, tutor_palettes(names, places))


def tutor_palettes(
    names: Mapping[str, str], locations: Mapping[str, Collection[str]] | None = None
) -> dict[str, tuple[Family, str]]:
    """A palette and initials for every tutor (id to name); `locations` says where each teaches.

    Each takes the palette that fewest of those who teach at the same places have. Ids grow with the time they were
    made, so a new tutor chooses last and nobody's palette changes.
    """
    found: dict[str, tuple[Family, str]] = {}
    used: Counter[tuple[str, Family]] = Counter()
    overall: Counter[Family] = Counter()
    for tutor_id in sorted(names):
        places = tuple((locations or {}).get(tutor_id, ())) or ("",)
        palette = min(
            Family,
            key=lambda family: (sum(used[place, family] for place in places), overall[family]),
        )
        used.update((place, palette) for place in places)
        overall[palette] += 1
        found[tutor_id] = (palette, _initials(names[tutor_id]))
    return found


def _initials(name: str) -> str:
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


def legend_of(
    coloring: Coloring, tutor_ids: Iterable[str | None], names: Mapping[str, str]
) -> list[tuple[Family, str]]:
    """What the legend explains: palettes and words, of the tutors those that are on screen, the busiest first.

    Empty when colors stand for services, whose legend names all families.
    """
    if coloring.by is ColorBy.STATUS:
        return list(STATUS_PALETTES.values())
    if coloring.by is ColorBy.SERVICE:
        return []
    counts: dict[str, int] = {}
    for tutor_id in tutor_ids:
        if tutor_id is not None and tutor_id in coloring.tutors:
            counts[tutor_id] = counts.get(tutor_id, 0) + 1
    busiest = sorted(counts, key=lambda tutor_id: (-counts[tutor_id], names[tutor_id]))
    return [
        (coloring.tutors[tutor_id][0], f"{coloring.tutors[tutor_id][1]} {names[tutor_id].split(' ')[-1]}")
        for tutor_id in busiest
    ]
