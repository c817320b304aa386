"""What is wrong among a family's coming sessions, in a sentence, and which of them are marked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from desktop.people.family_rows import Sessions
from desktop.widgets.labels import Tone
from desktop.widgets.parsing import format_time
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag


@dataclass(frozen=True, slots=True)
class Trouble:
    """The conflicts among the sessions shown: the color of each entry, and a sentence on the first."""

    marked: dict[str, str]
    sentence: str
    tone: Tone
    entry_id: str


def trouble_of(conflicts: Collection[Conflict], ids: set[str], sessions: Sessions, today: date) -> Trouble | None:
    """Which of the sessions shown are in conflict, and a sentence on the first of them."""
    if not conflicts:
        return None
    marked: dict[str, str] = {}
    for conflict in conflicts:
        for entry_id in {conflict.first_id, conflict.second_id} & ids:
            if conflict.tag is ConflictTag.OVERLAP or entry_id not in marked:
                marked[entry_id] = "danger" if conflict.tag is ConflictTag.OVERLAP else "warn"
    worst_tone = "danger" if "danger" in marked.values() else "warn"
    row = next(row for row in sessions.rows if marked.get(row.entry_id) == worst_tone)
    about = [each for each in conflicts if row.entry_id in (each.first_id, each.second_id)]
    worst = min(about, key=lambda each: each.tag is not ConflictTag.OVERLAP)
    overlaps = worst.tag is ConflictTag.OVERLAP
    who = {
        ConflictKind.ROOM: row.place,
        ConflictKind.TUTOR: row.tutor,
        ConflictKind.STUDENT: row.student,
    }[worst.kind]
    what = "is booked twice" if overlaps else "has no pause before the next session"
    when = f"{row.starts:%A, %B} {row.starts.day}, {format_time(row.starts.time())}"
    if row.starts.date() == today:
        when = f"today, {format_time(row.starts.time())}"
    more = len(marked) - 1
    rest = f" {more} more of these sessions need a look." if more > 1 else " One more needs a look." if more else ""
    on = "" if when.startswith("today") else "on "
    sentence = f"{row.student}’s {row.title} {on}{when}: {who} {what}.{rest}"
    return Trouble(marked, sentence, Tone.DANGER if overlaps else Tone.WARN, row.entry_id)
