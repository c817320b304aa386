"""The history of leads, families and tutors in sentences, with what fields and values are called at the desk, and
names in the place of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from desktop.history.noted import TOGETHER, HistoryLine, Noted, joined, what_replaced
from desktop.sync.record_words import is_silent, label, lowered

ValueWords = Callable[[str, str, Any], str]
"""(table, field, value as it travels or as the models hold it) -> words; empty for nothing."""
Dictionary = Callable[[], AbstractContextManager[ValueWords]]
"""Opens the words of values for as long as they are needed."""

_MEMBERS = frozenset(
    {"student_subject", "tutor_location", "tutor_subject", "tutor_availability", "tutor_exception", "tutor_time_off"}
)
"""Tables whose rows are added to a record and taken out of it, and told as one thing each."""
_MADE = {"family": "registered the family", "lead": "entered the lead", "tutor": "added the tutor"}
_UNTOLD = frozenset({"created_at", "last_contact_at", "last_contact_method", "organization_id"})
_LONGEST = 90


class RecordTeller:
    """Says changes of a record's rows. `things` has what a row is called where its record has several: "Leo" for a
    student, "Algebra I" for a subject; a row without one is the record itself."""

    def __init__(self, main: str, dictionary: Dictionary, things: Mapping[str, str]) -> None:
        self._main, self._dictionary, self._things = main, dictionary, things

    def tell(self, noted: Sequence[Noted]) -> list[HistoryLine]:
        """Changes with their values as sentences; what one person wrote at one moment is one line."""
        lines: dict[tuple[datetime, str], list[str]] = {}
        with self._dictionary() as said:
            for one in sorted(noted, key=lambda one: (one.table != self._main, not one.is_new)):
                words = lines.setdefault((one.at.replace(microsecond=0), one.who), [])
                if not self._goes_without_saying(one, words):
                    words += self._sentences(one, noted, said)
        return _lines(lines)

    def _sentences(self, one: Noted, noted: Sequence[Noted], said: ValueWords) -> list[str]:
        """One change in words that follow a name: "changed Leo’s school from “A” to “B”". Of what did not stand it
        says whose value replaced it, if that is among `noted`."""
        thing = self._things.get(one.row_id, "")
        if one.table in _MEMBERS:
            return self._of_member(one, thing)
        if one.is_new:
            return _making(one.table, thing)
        whose = f"{thing}’s " if thing else "the "
        words = [_of_field(said, one.table, name, values, whose) for name, values in one.changes.items()]
        if "archived_at" in one.changes:
            done = "archived" if one.changes["archived_at"][1] else "restored"
            words.append(f"{done} {thing or 'it'}")
        for name, value in one.lost.items():
            words.append(_of_lost(said, one, name, value, whose, noted))
        return [each for each in words if each]

    def by_clocks(self, noted: Iterable[Noted]) -> list[HistoryLine]:
        """Changes of which the values are not known: "changed the phone and note"."""
        lines: dict[tuple[datetime, str], list[str]] = {}
        for one in sorted(noted, key=lambda one: one.table != self._main):
            moment = one.at.replace(microsecond=0)
            near = (at for at, who in lines if who == one.who and abs(at - moment) <= TOGETHER)
            words = lines.setdefault((next(near, moment), one.who), [])
            thing = self._things.get(one.row_id, "")
            if self._goes_without_saying(one, words):
                continue
            if one.table in _MEMBERS:
                words += [f"added {thing}" if one.is_new else f"changed {thing}"] if thing else []
            elif one.is_new:
                words += _making(one.table, thing)
            else:
                called = [_called(name) for name in one.changes if _is_told(name) and name != "archived_at"]
                if "archived_at" in one.changes:
                    words.append(f"archived or restored {thing or 'it'}")
                if called:
                    words.append(f"changed {f'{thing}’s' if thing else 'the'} {joined(called)}")
        return _lines(lines)

    def _goes_without_saying(self, one: Noted, words: Sequence[str]) -> bool:
        """Who makes a tutor also says where and what they teach."""
        return one.is_new and one.table in _MEMBERS and words[:1] == [_MADE.get(self._main)]

    def _of_member(self, one: Noted, thing: str) -> list[str]:
        if not thing:
            return []
        if one.is_new:
            return [f"added {thing}"]
        if "archived_at" in one.changes:
            return [f"took out {thing}" if one.changes["archived_at"][1] else f"added {thing}"]
        return [f"changed {thing}"] if any(map(_is_told, one.changes)) else []


def _making(table: str, thing: str) -> list[str]:
    """That a record was made; what is made along with it, a tutor's user, goes without saying."""
    return [f"added {thing}"] if thing else [_MADE[table]] if table in _MADE else []


def _of_field(said: ValueWords, table: str, name: str, values: tuple[Any, Any], whose: str) -> str:
    if name == "photo_hash":
        return f"changed {whose}photo"
    if not _is_told(name) or name == "archived_at":
        return ""
    before, after = (_short(said(table, name, value)) for value in values)
    called = f"{whose}{_called(name)}"
    if before == after:
        return f"changed {called}"
    if not before:
        return f"entered {called} “{after}”"
    if not after:
        return f"took out {called} “{before}”"
    return f"changed {called} from “{before}” to “{after}”"


def _of_lost(said: ValueWords, one: Noted, name: str, value: Any, whose: str, noted: Sequence[Noted]) -> str:
    entered = _short(said(one.table, name, value))
    if not _is_told(name) or not entered:
        return ""
    stood = what_replaced(noted, one, name)
    ending = "another change replaced"
    if stood is not None:
        standing = _short(said(one.table, name, stood.changes[name][1]))
        ending = f"{stood.who} replaced with “{standing}”" if standing else f"{stood.who} took out"
    return f"entered {whose}{_called(name)} “{entered}”, which {ending}"


def _is_told(name: str) -> bool:
    return name not in _UNTOLD and not is_silent(name)


def _called(name: str) -> str:
    return lowered(label(name))


def _short(words: str) -> str:
    one_line = " ".join(words.split())
    return one_line if len(one_line) <= _LONGEST else one_line[:_LONGEST].rstrip() + "…"


def _lines(found: Mapping[tuple[datetime, str], Sequence[str]]) -> list[HistoryLine]:
    lines = [HistoryLine(at, who, joined(list(dict.fromkeys(words)))) for (at, who), words in found.items() if words]
    return sorted(lines, key=lambda line: line.at, reverse=True)
