"""Fields for which "the later edit wins" would lose something: long texts that two people wrote at the same time, and
members of sets that one puts in while another takes them out (docs/sync-protocol.md, [S-12] and [S-13]).

Both keep a *context* beside the field's stamp: which edits an edit had seen. Long texts are multi-value registers,
memberships are add-wins sets, after Shapiro and others, "A comprehensive study of Convergent and Commutative
Replicated Data Types" (2011). Everything here is a pure function on wire values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared_models.sync.clocks import CONTEXT, ERASED_CLOCK, stamp_milliseconds

SEEN_MOST = 32
"""How many replaced edits a context remembers, the latest."""

MARK = "\u2063"
"""An invisible character before the line that tells who wrote a version; takes no room and cannot be typed."""

_GAP = "\n\n"
_STAMP = re.compile(r"[0-9a-f]{28}")


def context_key(name: str) -> str:
    """The key of a field's context."""
    return name + CONTEXT


@dataclass(frozen=True, slots=True)
class LongText:
    """A long text as the versions that stand, stamp to (label of the author, text), and the stamps they replaced."""

    standing: Mapping[str, tuple[str, str]]
    replaced: frozenset[str] = frozenset()

    def joined(self, other: LongText) -> LongText:
        """Both together: a version falls only to one whose author had seen it."""
        standing = {
            stamp: version
            for mine, theirs in ((self, other), (other, self))
            for stamp, version in mine.standing.items()
            if stamp in theirs.standing or stamp not in theirs.replaced
        }
        replaced = self.replaced | other.replaced
        if any(text for _, text in standing.values()):
            # Whoever emptied the text while another wrote in it loses: nothing written is lost.
            replaced |= {stamp for stamp, (_, text) in standing.items() if not text}
            standing = {stamp: version for stamp, version in standing.items() if version[1]}
        return LongText(standing, _latest(replaced))

    def edited(self, stamp: str, label: str, text: str) -> LongText:
        """After an edit by somebody who saw all that stands."""
        return LongText({stamp: (_one_line(label), _plain(text))}, _latest(self.replaced | set(self.standing)))

    def overruled(self, stamp: str, text: str | None) -> LongText:
        """The edit of somebody who keeps no context, taken to have seen all that stands and is earlier."""
        earlier = frozenset(standing for standing in self.standing if standing < stamp)
        return LongText({stamp: ("", _plain(text or ""))}, earlier)

    @property
    def stamp(self) -> str:
        """The latest stamp that stands."""
        return max(self.standing)

    @property
    def text(self) -> str:
        """The version that stands, or several in the order of their writing, each under who and when."""
        sections = _sections(self.standing)
        if len(sections) == 1:
            return next(iter(sections))
        return _GAP.join(
            f"{MARK}— {self.standing[stamp][0] or _moment(stamp)} —\n{text}" for text, stamp in sections.items()
        )

    @property
    def context(self) -> str:
        """How it is written among the clocks; empty when the stamp alone says all."""
        if len(self.standing) == 1 and not self.replaced and not next(iter(self.standing.values()))[0]:
            return ""
        places = {text: place for place, text in enumerate(_sections(self.standing))}
        heads = [f"{stamp} {places[text]} {label}" for stamp, (label, text) in sorted(self.standing.items())]
        return "\n".join([" ".join(sorted(self.replaced)), *heads])


def long_text(text: str, stamp: str, context: str | None) -> LongText:
    """Read a long text from its wire value, its stamp and its context. Raises ValueError for a context that is
    none."""
    if not context:
        return LongText({stamp: ("", _plain(text))})
    replaced, *heads = context.split("\n")
    parts = [head.split(" ", 2) for head in heads]
    if not parts or any(len(part) != 3 or not part[1].isdecimal() for part in parts):
        raise ValueError("the context of a long text names its versions")
    count = 1 + max(int(place) for _, place, _ in parts)
    sections = _split(text, count)
    if len(sections) != count:  # somebody without contexts wrote over several versions
        return LongText({stamp: ("", _plain(text))}, _stamps(replaced))
    standing = {_stamp(head): (label, sections[int(place)]) for head, place, label in parts}
    return LongText(standing, _stamps(replaced))


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a row is in its set: stamps of the additions that nobody took out, of those that somebody did, and the
    latest taking-out as (stamp, moment of archiving)."""

    added: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    removal: tuple[str, str] | None = field(default=None)

    def joined(self, other: Membership) -> Membership:
        """Both together: an addition falls only to a removal that had seen it."""
        taken = self.taken | other.taken
        removals = [removal for removal in (self.removal, other.removal) if removal is not None]
        return Membership((self.added | other.added) - taken, _latest(taken), max(removals, default=None))

    def edited(self, stamp: str, archived_at: str | None) -> Membership:
        """After putting in (None) or taking out by somebody who saw all of this."""
        taken = _latest(self.taken | self.added)
        if archived_at is None:
            return Membership(frozenset({stamp}), taken, self.removal)
        return Membership(frozenset(), taken, (stamp, archived_at))

    def overruled(self, stamp: str, archived_at: str | None) -> Membership:
        """The edit of somebody who keeps no context, taken to have seen all additions that are earlier."""
        earlier = frozenset(added for added in self.added if added < stamp)
        if archived_at is None:
            return Membership(frozenset({stamp}), earlier)
        return Membership(frozenset(), earlier, (stamp, archived_at))

    @property
    def archived_at(self) -> str | None:
        """The wire value: None while the row is in its set."""
        return None if self.added or self.removal is None else self.removal[1]

    @property
    def stamp(self) -> str:
        """The stamp of the edit that decides."""
        if self.added or self.removal is None:
            return max(self.added)
        return self.removal[0]

    @property
    def context(self) -> str:
        """How it is written among the clocks; empty when the stamp alone says all."""
        if len(self.added) == 1 and not self.taken and self.removal is None:
            return ""
        removal = " ".join(self.removal) if self.removal else ""
        return "|".join([" ".join(sorted(self.added)), " ".join(sorted(self.taken)), removal])


def membership(archived_at: str | None, stamp: str, context: str | None) -> Membership:
    """Read a membership from `archived_at` as it travels, its stamp and its context. Raises ValueError for a context
    that is none."""
    if not context:
        if archived_at is None:
            return Membership(frozenset({stamp}))
        return Membership(removal=(stamp, archived_at))
    parts = context.split("|")
    if len(parts) != 3:
        raise ValueError("the context of a membership has three parts")
    removed_by, _, moment = parts[2].partition(" ")
    known = Membership(_stamps(parts[0]), _stamps(parts[1]), (_stamp(removed_by), moment) if moment else None)
    if not known.added and known.removal is None:
        raise ValueError("the context of a membership says how it stands")
    return known


def _sections(standing: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The distinct texts that stand, in the order of their latest writing, each with that stamp."""
    latest: dict[str, str] = {}
    for stamp, (_, text) in sorted(standing.items()):
        latest.pop(text, None)
        latest[text] = stamp
    return latest


def _split(text: str, count: int) -> list[str]:
    if count == 1:
        return [_plain(text)]
    sections = [part.partition("\n")[2] for part in text.split(MARK)[1:]]
    return [section.removesuffix(_GAP) for section in sections[:-1]] + sections[-1:]


def _plain(text: str) -> str:
    return text.replace(MARK, "")


def _one_line(label: str) -> str:
    return " ".join(_plain(label).split())


def _latest(stamps: Iterable[str]) -> frozenset[str]:
    return frozenset(sorted(stamps)[-SEEN_MOST:])


def _stamps(words: str) -> frozenset[str]:
    return frozenset(_stamp(word) for word in words.split())


def _stamp(word: str) -> str:
    if not _STAMP.fullmatch(word):
        raise ValueError("a context is made of stamps")
    return word


def _moment(stamp: str) -> str:
    if stamp == ERASED_CLOCK:
        return ""
    written = datetime.fromtimestamp(stamp_milliseconds(stamp) / 1000, UTC)
    return f"{written:%Y-%m-%d %H:%M} UTC"
