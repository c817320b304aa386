"""The history of an entry in sentences: who did what, with names instead of ids, from what the server noted, or, away
from it, from the clocks that every field carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from desktop.history.noted import TOGETHER, HistoryLine, Noted, clock_words, joined, moment_words, what_replaced
from shared_models.schedule.models import Attendance, EntryStatus

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

NameOf = Callable[[str], str]


def history_lines(noted: Iterable[Noted], name_of: NameOf, zone: tzinfo) -> list[HistoryLine]:
    """The changes as sentences, newest first; what was written at the same moment is one line."""
    lines: dict[tuple[datetime, str], list[str]] = {}
    noted = list(noted)
    for one in sorted(noted, key=lambda one: (one.table != "schedule_entry", not one.is_new)):
        words = lines.setdefault((one.at.replace(microsecond=0), one.who), [])
        # Who makes an entry also adds its students and rooms; that goes without saying.
        if not (one.is_new and words[:1] == [_MADE]):
            words += sentences(one, name_of, zone, noted)
    made = [HistoryLine(at, who, joined(list(dict.fromkeys(words)))) for (at, who), words in lines.items() if words]
    return sorted(made, key=lambda line: line.at, reverse=True)


def sentences(one: Noted, name_of: NameOf, zone: tzinfo, noted: Sequence[Noted] = ()) -> list[str]:
    """One change in words that follow a name: "moved it from … to …". Of what did not stand it says whose value
    replaced it, if that is among `noted`."""
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
    return words + _lost_sentences(one, name_of, zone, noted)


def _lost_sentences(one: Noted, name_of: NameOf, zone: tzinfo, noted: Sequence[Noted]) -> list[str]:
    """What was entered here and did not stand against another change, with its values."""

    def said(name: str, value: Any) -> str:
        if value in (None, ""):
            return ""
        if name == "starts_at":
            return moment_words(value, zone)
        return name_of(value) if name in _TOLD_BY_NAME or name == "tutor_id" else f"“{value}”"

    def replaced(name: str) -> str:
        stood = what_replaced(noted, one, name)
        if stood is None:
            return "which another change replaced"
        standing = said(name, stood.changes[name][1])
        return f"which {stood.who} replaced with {standing}" if standing else f"which {stood.who} took out"

    words = []
    if "starts_at" in one.lost:
        words.append(f"moved it to {said('starts_at', one.lost['starts_at'])}, {replaced('starts_at')}")
    if one.lost.get("tutor_id"):
        words.append(f"gave it to {said('tutor_id', one.lost['tutor_id'])}, {replaced('tutor_id')}")
    for name, value in one.lost.items():
        called = _PLAIN.get(name) or ("report" if name in _REPORT else "")
        if called and said(name, value):
            words.append(f"entered the {called} {said(name, value)}, {replaced(name)}")
    return words


_MADE = "made it"


def _time_sentences(changes: Mapping[str, tuple[Any, Any]], zone: tzinfo) -> list[str]:
    start, end = changes.get("starts_at"), changes.get("ends_at")
    if start is not None:
        return [f"moved it from {moment_words(start[0], zone)} to {moment_words(start[1], zone)}"]
    if end is not None:
        return [f"changed its end from {clock_words(end[0], zone)} to {clock_words(end[1], zone)}"]
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


def clock_lines(noted: Iterable[Noted]) -> list[HistoryLine]:
    """The same in words that need no values: "This PC changed the time and tutor"."""
    lines: dict[tuple[datetime, str], list[str]] = {}
    for one in sorted(noted, key=lambda one: one.table != "schedule_entry"):
        moment = one.at.replace(microsecond=0)
        if one.is_new:  # what was saved together may lie on both sides of a full second
            near = (at for at, who in lines if who == one.who and abs(at - moment) <= TOGETHER)
            moment = next(near, moment)
        words = lines.setdefault((moment, one.who), [])
        if one.is_new and one.table == "schedule_entry":
            words.insert(0, _MADE)
        elif _MADE not in words:
            words += _fields_words(one)
    made = [
        HistoryLine(at, who, _MADE if _MADE in words else f"changed the {joined(list(dict.fromkeys(words)))}")
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
