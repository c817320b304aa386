"""The history of an entry in sentences: who did what, with names instead of ids, from what the server noted, or, away
from it, from the clocks that every field carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from shared_models.schedule.models import Attendance, EntryStatus
from shared_models.sync.clocks import CREATED, device_tail, edits_of, stamp_milliseconds

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUS = {
    EntryStatus.PENDING_PAYMENT.value: "noted that payment is waited for",
    EntryStatus.SCHEDULED.value: "set it back to scheduled",
    EntryStatus.IN_PROGRESS.value: "started it",
    EntryStatus.COMPLETED.value: "noted that it took place",
    EntryStatus.NO_SHOW.value: "noted a no-show",
}
_ATTENDANCE = {
    Attendance.PRESENT.value: "present",
    Attendance.LATE.value: "late",
    Attendance.ABSENT.value: "absent",
    Attendance.EXCUSED.value: "excused",
}
_PLAIN = {
    "location_id": "location", "service_id": "service", "subject_id": "subject", "topic_id": "topic",
    "product_id": "product", "capacity": "capacity", "web_link": "web link", "supplies": "supplies",
    "other_resources": "resources", "needs_projector": "projector", "notes": "notes", "series_day": "",
    "hourly_price_cents": "price", "hourly_pay_cents": "", "blocked_until": "", "ends_at": "", "starts_at": "",
    "status": "", "attendance_at": "", "cancelled_at": "", "cancelled_by_user_id": "", "people_to_tell": "",
    "cancel_reason": "", "rescheduled_to_id": "", "series_id": "", "imported_uid": "",
}  # fmt: skip
_TOLD_BY_NAME = frozenset({"location_id", "service_id", "subject_id", "topic_id", "product_id"})
_REPORT = frozenset({"report_done", "report_homework", "report_next_steps"})

OWN = "This PC"
"""Who did something that no server has told of."""

NameOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Noted:
    """One change of one row: fields with their values before and after; none for a row that was made.

    ``thing_id`` is the student or room of an attendee or entry room, ``lost`` has values that were entered and did
    not stand against another change.
    """

    table: str
    row_id: str
    at: datetime
    who: str
    is_new: bool
    changes: Mapping[str, tuple[Any, Any]]
    thing_id: str = ""
    lost: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What one person did at one moment (UTC)."""

    at: datetime
    who: str
    words: str


def history_lines(noted: Iterable[Noted], name_of: NameOf, zone: tzinfo) -> list[HistoryLine]:
    """The changes as sentences, newest first; what was written at the same moment is one line."""
    lines: dict[tuple[datetime, str], list[str]] = {}
    for one in sorted(noted, key=lambda one: (one.table != "schedule_entry", not one.is_new)):
        words = lines.setdefault((one.at.replace(microsecond=0), one.who), [])
        # Who makes an entry also adds its students and rooms; that goes without saying.
        if not (one.is_new and words[:1] == [_MADE]):
            words += sentences(one, name_of, zone)
    made = [HistoryLine(at, who, _joined(list(dict.fromkeys(words)))) for (at, who), words in lines.items() if words]
    return sorted(made, key=lambda line: line.at, reverse=True)


def sentences(one: Noted, name_of: NameOf, zone: tzinfo) -> list[str]:
    """One change in words that follow a name: "moved it from … to …"."""
    if one.table == "attendee":
        return _attendee_sentences(one, name_of)
    if one.table == "entry_room":
        return _room_sentences(one, name_of)
    if one.is_new:
        return [_MADE]
    changes, words = one.changes, []
    words += _time_sentences(changes, zone)
    words += _status_sentences(changes)
    if "tutor_id" in changes:
        before, after = changes["tutor_id"]
        was = f" instead of {name_of(before)}" if before and after and name_of(before) else ""
        words.append(f"gave it to {name_of(after)}{was}" if after else "left it without a tutor")
    if "is_online" in changes:
        words.append("put it online" if changes["is_online"][1] else "took it out of online")
    if not _REPORT.isdisjoint(changes):
        words.append("wrote the report")
    if "report_is_shared" in changes:
        words.append("shared the report with parents" if changes["report_is_shared"][1] else "stopped sharing it")
    for name, (before, after) in changes.items():
        called = _PLAIN.get(name)
        if not called:
            continue
        if name in _TOLD_BY_NAME:
            words.append(f"changed the {called} to {name_of(after)}" if after else f"took the {called} out")
        elif name == "capacity":
            words.append(f"changed the capacity from {before} to {after}")
        else:
            words.append(f"changed the {called}")
    if "archived_at" in changes:
        words.append("archived it" if changes["archived_at"][1] else "brought it back")
    return words + _lost_sentences(one.lost, name_of, zone)


def _lost_sentences(lost: Mapping[str, Any], name_of: NameOf, zone: tzinfo) -> list[str]:
    """What was entered here and did not stand against another change, with its values."""
    words = []
    if "starts_at" in lost:
        words.append(f"moved it to {_moment(lost['starts_at'], zone)}, which another change replaced")
    if lost.get("tutor_id"):
        words.append(f"gave it to {name_of(lost['tutor_id'])}, which another change replaced")
    for name, value in lost.items():
        called = _PLAIN.get(name) or ("report" if name in _REPORT else "")
        if not called or value in (None, ""):
            continue
        said = name_of(value) if name in _TOLD_BY_NAME else f"“{value}”"
        words.append(f"entered the {called} {said}, which another change replaced")
    return words


_TOGETHER = timedelta(seconds=1)
_MADE = "made it"


def _time_sentences(changes: Mapping[str, tuple[Any, Any]], zone: tzinfo) -> list[str]:
    start, end = changes.get("starts_at"), changes.get("ends_at")
    if start is not None:
        return [f"moved it from {_moment(start[0], zone)} to {_moment(start[1], zone)}"]
    if end is not None:
        return [f"changed its end from {_clock(end[0], zone)} to {_clock(end[1], zone)}"]
    if "blocked_until" in changes:
        return ["changed the buffer"]
    return []


def _status_sentences(changes: Mapping[str, tuple[Any, Any]]) -> list[str]:
    if "status" not in changes:
        return []
    before, after = (getattr(value, "value", value) for value in changes["status"])
    if after == EntryStatus.CANCELLED.value:
        reason = changes.get("cancel_reason", ("", ""))[1]
        verb = "rescheduled it" if changes.get("rescheduled_to_id", (None, None))[1] else "cancelled it"
        return [f"{verb} ({reason})" if reason else verb]
    if before == EntryStatus.CANCELLED.value:
        return ["brought it back"]
    if before == EntryStatus.PENDING_PAYMENT.value and after == EntryStatus.SCHEDULED.value:
        return ["noted that it is paid"]
    return [_STATUS.get(str(after), "changed its status")]


def _attendee_sentences(one: Noted, name_of: NameOf) -> list[str]:
    name = name_of(one.thing_id) or "a student"
    if one.is_new:
        return [f"added {name}"]
    if "archived_at" in one.changes:
        return [f"took {name} out" if one.changes["archived_at"][1] else f"added {name} again"]
    if "attendance" in one.changes:
        after = getattr(one.changes["attendance"][1], "value", one.changes["attendance"][1])
        return [f"noted {name} as {_ATTENDANCE[after]}" if after in _ATTENDANCE else f"took back {name}’s attendance"]
    return []


def _room_sentences(one: Noted, name_of: NameOf) -> list[str]:
    name = name_of(one.thing_id) or "a room"
    if one.is_new:
        return [f"took {name}"]
    if "archived_at" in one.changes:
        return [f"gave up {name}" if one.changes["archived_at"][1] else f"took {name}"]
    return []


def _joined(words: Sequence[str]) -> str:
    text = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    return text


def noted_by_clocks(
    table: str, row_id: str, clocks: Mapping[str, str], device_id: str, thing_id: str = ""
) -> list[Noted]:
    """What a row's own clocks tell: when each field was last edited, and whether on this PC; values are not known."""
    by_stamp: dict[str, list[str]] = {}
    for name, stamp in edits_of(clocks).items():
        by_stamp.setdefault(stamp, []).append(name)
    found = []
    own = device_tail(device_id)
    for stamp, fields in by_stamp.items():
        at = datetime.fromtimestamp(stamp_milliseconds(stamp) / 1000, UTC)
        who = OWN if stamp[16:] == own else "Another PC"
        found.append(Noted(table, row_id, at, who, CREATED in fields, dict.fromkeys(fields, (None, None)), thing_id))
    return found


def clock_lines(noted: Iterable[Noted]) -> list[HistoryLine]:
    """The same in words that need no values: "This PC changed the time and tutor"."""
    lines: dict[tuple[datetime, str], list[str]] = {}
    for one in sorted(noted, key=lambda one: one.table != "schedule_entry"):
        moment = one.at.replace(microsecond=0)
        if one.is_new:  # what was saved together may lie on both sides of a full second
            near = (at for at, who in lines if who == one.who and abs(at - moment) <= _TOGETHER)
            moment = next(near, moment)
        words = lines.setdefault((moment, one.who), [])
        if one.is_new and one.table == "schedule_entry":
            words.insert(0, _MADE)
        elif _MADE not in words:
            words += _fields_words(one)
    made = [
        HistoryLine(at, who, _MADE if _MADE in words else f"changed the {_joined(list(dict.fromkeys(words)))}")
        for (at, who), words in lines.items()
        if words
    ]
    return sorted(made, key=lambda line: line.at, reverse=True)


def _fields_words(one: Noted) -> list[str]:
    if one.table == "attendee":
        return ["attendance"] if "attendance" in one.changes else ["students"]
    if one.table == "entry_room":
        return ["rooms"]
    words = []
    for name in one.changes:
        if name in ("starts_at", "ends_at"):
            words.append("time")
        elif name == "blocked_until":
            words.append("buffer")
        elif name == "tutor_id":
            words.append("tutor")
        elif name in ("status", "archived_at"):
            words.append("status")
        elif name in _REPORT:
            words.append("report")
        elif _PLAIN.get(name):
            words.append(_PLAIN[name])
    return [*dict.fromkeys(words)][:4] if "time" not in words else [w for w in dict.fromkeys(words) if w != "buffer"]


def _at(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).astimezone(zone)


def _clock(value: Any, zone: tzinfo) -> str:
    at = _at(value, zone)
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}" if at is not None else "?"


def _moment(value: Any, zone: tzinfo) -> str:
    at = _at(value, zone)
    if at is None:
        return "?"
    return f"{_WEEKDAYS[at.weekday()]}, {_MONTHS[at.month - 1]} {at.day}, {_clock(value, zone)}"


def when_words(at: datetime, zone: tzinfo) -> str:
    """ "Nov 20, 3:41 PM"."""
    local = at.astimezone(zone)
    return f"{_MONTHS[local.month - 1]} {local.day}, {_clock(at, zone)}"
