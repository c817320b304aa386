"""Says the conflicts of a printed day in sentences: who or which room, and which sessions collide there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from desktop.printing.box_text import join
from desktop.printing.day_page import Mark, PrintedConflict
from shared_models.schedule.conflicts import Conflict, ConflictTag


def conflict_words(
    found: Iterable[Conflict],
    names: Mapping[str, str],
    mentions: Mapping[str, str],
    order: Mapping[str, tuple[datetime, str]],
    days: Mapping[str, str] | None = None,
) -> list[PrintedConflict]:
    """Conflicts as sentences in order of time: one for each tutor, room or student and the entries that collide
    there; where the same entries collide for several reasons of one kind, they share a sentence.

    ``names`` are those of tutors, rooms and students, ``mentions`` says an entry ("SAT 4:00"), ``order`` sorts them;
    ``days`` says the day of an entry where there are several ("Wed, Nov 25").
    """
    groups: dict[tuple[str, ConflictTag], list[set[str]]] = defaultdict(list)
    for conflict in found:
        for resource in conflict.resource_ids:
            clusters = groups[resource, conflict.tag]
            touching = [c for c in clusters if conflict.first_id in c or conflict.second_id in c]
            merged = {conflict.first_id, conflict.second_id}.union(*touching)
            groups[resource, conflict.tag] = [c for c in clusters if c not in touching] + [merged]
    sentences: dict[tuple[tuple[str, ...], ConflictTag], list[str]] = defaultdict(list)
    for (resource, tag), clusters in groups.items():
        for cluster in clusters:
            sentences[tuple(sorted(cluster, key=order.__getitem__)), tag].append(names[resource])
    result = []
    for (ids, tag), who in sorted(sentences.items(), key=lambda s: ([order[i] for i in s[0][0]], s[1])):
        tail = ", no buffer" if tag is ConflictTag.BUFFER else ""
        said = join(mentions_by_day([(days[i] if days else "", mentions[i]) for i in ids]))
        text = f"{join(who)}: {said}{tail}"
        result.append(PrintedConflict(text, ids, Mark.TIGHT if tail else Mark.OVERLAP))
    return result


def mentions_by_day(mentions: Sequence[tuple[str, str]]) -> list[str]:
    """Mentions of entries with their days, each day said once: ``Wed SAT 4:00``, ``Writing 5:30``."""
    said = []
    before = ""
    for day, words in mentions:
        said.append(f"{day} {words}" if day and day != before else words)
        before = day
    return said
