"""The conflicts of a draft gathered into a few groups, each with its ways out: what the entry form shows beside the
fields, so that 11 Fridays with one blocker are one line and one click settles them.

A way out is again a draft: taking it changes what the form holds, and nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from shared_models.schedule.conflicts import Booking, ConflictKind, ConflictTag
from shared_models.schedule.drafts import EntryDraft, Plan, SessionChange, bookings_of_plan
from shared_models.schedule.explained import EntryWords, ExplainedConflict, clock, clock_range
from shared_models.schedule.flags import TutorRules
from shared_models.schedule.nearest_slots import (
    Occupancy,
    SeriesSlot,
    nearest_free_slots,
    nearest_series_slots,
    room_for_all,
)
from shared_models.schedule.terms import Terms
from shared_models.schedule.times import time_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FEW = 2
_GroupKey = tuple[ConflictTag, tuple[ConflictKind, ...], tuple[str, ...], str, int]


@dataclass(frozen=True, slots=True)
class ConflictGroup:
    """Sessions of a draft that one blocker (an entry or the entries of one series) stands in the way of.

    ``days`` are the days that the pattern gives the sessions; ``names`` the tutor, rooms and students in question.
    """

    kinds: tuple[ConflictKind, ...]
    tag: ConflictTag
    names: tuple[str, ...]
    days: tuple[date, ...]
    blockers: tuple[EntryWords, ...]
    starts: datetime
    """Wall-clock start of the first of the draft's sessions in question."""

    @property
    def heading(self) -> str:
        """Who or what is taken: "Małgorzata Patel", "Daniel Müller, Library"."""
        return ", ".join(self.names)

    @property
    def kind_words(self) -> str:
        """ "Tutor", "Tutor, room", or "Buffer" when only blocked time is hit."""
        if self.tag is ConflictTag.BUFFER:
            return "Buffer"
        return ", ".join(kind.value for kind in self.kinds).capitalize()


@dataclass(frozen=True, slots=True)
class Settlement:
    """A way out of a group: its words on a button, and the draft that it leads to."""

    words: str
    draft: EntryDraft


def group_conflicts(explained: Sequence[ExplainedConflict], plan: Plan) -> list[ConflictGroup]:
    """The conflicts of a draft by blocker, weekday and tag: overlaps first, then the most sessions first."""
    day_of = {session.entry_id: session.day for session in plan.sessions}
    pairs: dict[tuple[str, str], list[ExplainedConflict]] = defaultdict(list)
    for one in explained:
        own, other = one.conflict.first_id, one.conflict.second_id
        if own not in day_of:
            own, other = other, own
        pairs[own, other].append(one)
    groups: dict[_GroupKey, list[tuple[date, EntryWords, EntryWords]]] = defaultdict(list)
    for (own, other), ones in pairs.items():
        ones.sort(key=lambda one: list(ConflictKind).index(one.kind))
        tag = ConflictTag.OVERLAP if any(one.tag is ConflictTag.OVERLAP for one in ones) else ConflictTag.BUFFER
        counted = [one for one in ones if one.tag is tag]
        kinds = tuple(one.kind for one in counted)
        names = tuple(name for one in counted for name in one.names)
        blocker = ones[0].other(own)
        mine = ones[0].first if ones[0].first.entry_id == own else ones[0].second
        day = day_of[own]
        groups[tag, kinds, names, blocker.series_id or other, day.weekday()].append((day, blocker, mine))
    made = []
    for (tag, kinds, names, _, _), sessions in groups.items():
        sessions.sort(key=lambda one: one[0])
        days = tuple(dict.fromkeys(day for day, _, _ in sessions))
        blockers = tuple(blocker for _, blocker, _ in sessions)
        made.append(ConflictGroup(kinds, tag, names, days, blockers, sessions[0][2].starts))
    return sorted(made, key=lambda group: (group.tag is ConflictTag.BUFFER, -len(group.days), group.days[0]))


def sentence(group: ConflictGroup) -> str:
    """What stands in the way: "Writing with Benjamin Dijk, every other Friday 5:30–6:30 PM, Library"."""
    blocker = group.blockers[0]
    if ConflictKind.TUTOR in group.kinds:
        who = f"{blocker.title} with {blocker.who}" if blocker.who else blocker.title
    elif ConflictKind.STUDENT in group.kinds:
        who = f"{blocker.title} with {blocker.tutor_name}" if blocker.tutor_name else blocker.title
    else:
        who = ", ".join(part for part in (blocker.title, blocker.who) if part)
        who += f" with {blocker.tutor_name}" if blocker.tutor_name else ""
    if group.tag is ConflictTag.BUFFER:
        return _tight_sentence(group, blocker, who)
    when = clock_range(blocker.starts, blocker.ends)
    cadence = _cadence(group.days)
    parts = [who, f"{cadence} {when}" if cadence else when]
    if ConflictKind.ROOM not in group.kinds and blocker.place:
        parts.append(blocker.place)
    return ", ".join(parts)


def settlements(
    group: ConflictGroup,
    plan: Plan,
    draft: EntryDraft,
    occupancy: Occupancy,
    terms: Terms,
    tutor: TutorRules | None = None,
    room_names: Mapping[str, str] | None = None,
    *,
    not_before: datetime | None = None,
) -> list[Settlement]:
    """The ways out of a group, the most welcome first: another room, another time with all sessions free, and
    leaving the days out. For a single entry, the nearest free slots. ``not_before`` keeps what is past as it was.
    """
    names = room_names or {}
    bookings = {
        session.day: booking for session, booking in zip(plan.sessions, bookings_of_plan(plan, draft), strict=True)
    }
    earliest = int(not_before.timestamp()) if not_before is not None else None
    open_days = {day for day, booking in bookings.items() if earliest is None or booking.starts >= earliest}
    days = [day for day in group.days if day in open_days]
    if not days:
        return []
    hit = [bookings[day] for day in days]
    found: list[Settlement] = []
    if group.kinds == (ConflictKind.ROOM,) and (room_id := room_for_all(hit, occupancy, terms)):
        found.append(_take_room(draft, plan, days, room_id, names.get(room_id, "")))
    if not draft.is_series:
        wanted = _FEW + 1 - len(found)
        slots = nearest_free_slots(hit[0], occupancy, terms, tutor, limit=wanted, not_before=not_before)
        found += [_take_slot(draft, slot.local, slot.room_id, names) for slot in slots]
        return found
    if not found:
        still_open = {day: booking for day, booking in bookings.items() if day in open_days}
        found += _other_times(days, plan, still_open, draft, occupancy, terms, tutor, names, not_before)
    if not found or group.kinds != (ConflictKind.ROOM,):
        found.append(_leave_out(draft, days))
    return found


def days_words(days: Sequence[date]) -> str:
    """Days in a few words: "Dec 4", "Dec 4 and 18", "11 Fridays", "5 days"."""
    if len(days) <= _FEW:
        return day_list(days, last=" and ")
    weekdays = {day.weekday() for day in days}
    return f"{len(days)} {WEEKDAYS[weekdays.pop()]}s" if len(weekdays) == 1 else f"{len(days)} days"


def day_list(days: Collection[date], last: str = ", ") -> str:
    """Every day, the month only where it changes: "Dec 25, 30, Jan 1"."""
    words: list[str] = []
    month = None
    for day in sorted(days):
        words.append(str(day.day) if (day.year, day.month) == month else f"{MONTHS[day.month - 1]} {day.day}")
        month = (day.year, day.month)
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def weekday_counts(plan: Plan) -> str:
    """ "27 Wednesdays and 25 Fridays, to June 25"; for one session its day."""
    days = [session.day for session in plan.sessions]
    if not days:
        return "No session is left on these days"
    if len(days) == 1:
        return long_day(days[0])
    counts = Counter(day.weekday() for day in days)
    parts = [f"{count} {WEEKDAYS[weekday]}{'s' if count > 1 else ''}" for weekday, count in sorted(counts.items())]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
    if len(parts) > _FEW:
        listed = long_day(days[0])
    return f"{listed}, to {LONG_MONTHS[days[-1].month - 1]} {days[-1].day}"


def long_day(day: date) -> str:
    """ "Wednesday, December 2"."""
    return f"{WEEKDAYS[day.weekday()]}, {LONG_MONTHS[day.month - 1]} {day.day}"


def _tight_sentence(group: ConflictGroup, blocker: EntryWords, who: str) -> str:
    minutes = int((blocker.blocked_until - blocker.ends).total_seconds()) // 60
    until = ""
    if len(group.days) > 1:
        until = f", until {LONG_MONTHS[group.days[-1].month - 1]} {group.days[-1].day}"
    if blocker.starts <= group.starts:
        return f"{who} ends {clock(blocker.ends, with_half=True)} and keeps {minutes} minutes{until}"
    return f"{who} starts {clock(blocker.starts, with_half=True)}, before your buffer is over{until}"


def _cadence(days: Sequence[date]) -> str:
    if len(days) <= _FEW or len({day.weekday() for day in days}) > 1:
        return ""
    steps = [(later - earlier).days for earlier, later in pairwise(days)]
    usual, often = Counter(steps).most_common(1)[0]
    if usual not in (7, 14) or often * 3 < len(steps) * 2:
        return ""
    return f"every {'other ' if usual == 14 else ''}{WEEKDAYS[days[0].weekday()]}"


def _other_times(
    hit: Sequence[date],
    plan: Plan,
    bookings: Mapping[date, Booking],
    draft: EntryDraft,
    occupancy: Occupancy,
    terms: Terms,
    tutor: TutorRules | None,
    names: Mapping[str, str],
    not_before: datetime | None,
) -> list[Settlement]:
    """Another time for every session of that weekday, or, where none suits all, for the days in question alone."""
    weekday = hit[0].weekday()
    same = [day for day in bookings if day.weekday() == weekday and day not in draft.changes]
    for days in (same, list(hit)):
        if not days or (days is not same and len(days) == len(same)):
            continue
        slots = nearest_series_slots([bookings[day] for day in days], occupancy, terms, tutor, not_before=not_before)
        if slots:
            return [_shift(draft, plan, days, slots[0], names, whole_weekday=days is same)]
    return []


def _shift(
    draft: EntryDraft,
    plan: Plan,
    days: Sequence[date],
    slot: SeriesSlot,
    names: Mapping[str, str],
    *,
    whole_weekday: bool,
) -> Settlement:
    start = time_of(slot.start_minutes)
    room = f", {names.get(slot.room_id, '')}" if slot.room_id else ""
    weekday = WEEKDAYS[(days[0].weekday() + slot.days) % 7]
    when = clock(start, with_half=True)
    if whole_weekday:
        words = f"{weekday}s {when}{room}: all {slot.count} free"
    else:
        day_words = f"{weekday}s " if slot.days else ""
        words = f"{day_words}{when}{room} on {_these(days)}"
    room_ids = draft.room_ids if slot.room_id is None else (slot.room_id,)
    if whole_weekday and slot.days == 0 and len(days) == len(plan.sessions):
        return Settlement(words, replace(draft, start=start, room_ids=room_ids))
    other_rooms = None if room_ids == draft.room_ids else room_ids
    step = timedelta(days=slot.days)
    changes = {day: SessionChange(day + step if slot.days else None, start, other_rooms) for day in days}
    return Settlement(words, replace(draft, changes={**draft.changes, **changes}))


def _take_room(draft: EntryDraft, plan: Plan, days: Sequence[date], room_id: str, name: str) -> Settlement:
    if len(days) == len(plan.sessions):
        return Settlement(f"{name} instead", replace(draft, room_ids=(room_id,)))
    changes = dict(draft.changes)
    for day in days:
        changes[day] = replace(changes.get(day, SessionChange()), room_ids=(room_id,))
    return Settlement(f"{name} on {_these(days)}", replace(draft, changes=changes))


def _take_slot(draft: EntryDraft, local: datetime, room_id: str | None, names: Mapping[str, str]) -> Settlement:
    room_ids = draft.room_ids if room_id is None else (room_id,)
    day = "" if local.date() == draft.first_day else f"{WEEKDAYS[local.weekday()][:3]}, {day_list([local.date()])}, "
    room = f" · {names.get(room_id, '')}" if room_id else ""
    words = f"{day}{clock(local, with_half=True)}{room}"
    return Settlement(words, replace(draft, first_day=local.date(), start=local.time(), room_ids=room_ids))


def _leave_out(draft: EntryDraft, days: Sequence[date]) -> Settlement:
    words = f"Leave out those {days_words(days)}" if len(days) > _FEW else f"Leave out {days_words(days)}"
    kept = {day: change for day, change in draft.changes.items() if day not in days}
    return Settlement(words, replace(draft, skipped_days=draft.skipped_days | set(days), changes=kept))


def _these(days: Sequence[date]) -> str:
    if len(days) == 1:
        return day_list(days)
    return "these two days" if len(days) == _FEW else f"those {days_words(days)}"
