"""Fits the words of a schedule entry into its printed box: full names first, then smaller, then shorter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from desktop.printing.day_page import ColumnsBy, PrintedEntry
from desktop.printing.fonts import PrintFonts, Weight

_NO_BREAK = "\u00a0"
_WORDS = re.compile(r"[^ ]+ *| +")
_HYPHENED = re.compile(r"[^-]*-+|[^-]+")
LEADING = 1.195
FLAG_SIZE = 7.5
FLAG_HEIGHT = 9.75
FLAG_INSET = 2.5
PAD_LEFT, PAD_RIGHT, PAD_TOP, PAD_BOTTOM = 7.5, 2.5, 2.0, 1.0
_FULL_SIZES = (8.25, 7.5)
_LESS_SIZES = (8.25, 7.5, 6.75)
_SMALL_SIZES = (8.25, 7.5, 6.75, 6.0)


class Line(NamedTuple):
    """One line of text in a box, ``top`` points below the box's upper edge."""

    text: str
    size: float
    weight: Weight
    top: float


@dataclass(frozen=True)
class BoxText:
    """What is drawn in a box. ``says_all`` is False where names had to be shortened or counted."""

    lines: tuple[Line, ...]
    flag_rows: tuple[str, ...]
    flag_is_low: bool
    says_all: bool


@dataclass(frozen=True)
class _Wording:
    paragraphs: tuple[tuple[str, Weight], ...]
    sizes: tuple[float, ...]
    says_all: bool


def fit_box(
    fonts: PrintFonts, entry: PrintedEntry, by: ColumnsBy, width: float, height: float, numbers: Sequence[int] = ()
) -> BoxText:
    """The best wording of ``entry`` for a box of ``width`` × ``height`` points that also carries ``numbers``."""
    inner_width = width - PAD_LEFT - PAD_RIGHT
    inner_height = height - PAD_TOP - PAD_BOTTOM
    flags = flag_rows(fonts, numbers, inner_width)
    stacked = tuple(str(number) for number in numbers)
    layouts = (
        [(f, low) for f in dict.fromkeys((flags, stacked)) for low in (False, True)] if numbers else [((), False)]
    )
    for wording in _wordings(entry, by):
        for size in wording.sizes:
            for rows, is_low in layouts:
                fitted = _fit(fonts, wording, size, inner_width, inner_height, rows, is_low)
                if fitted is not None:
                    return fitted
    size = min(6.0, max(inner_height / LEADING, 4.0))
    title = wrap(fonts, entry.titles[-1], size, Weight.SEMIBOLD, inner_width, breaks_words=True) or [""]
    room_for = max(int(inner_height // (size * LEADING)), 1)
    shown = enumerate(title[:room_for])
    lines = tuple(Line(text, size, Weight.SEMIBOLD, PAD_TOP + i * size * LEADING) for i, text in shown)
    return BoxText(lines, flags, True, False)


def flag_rows(fonts: PrintFonts, numbers: Sequence[int], width: float) -> tuple[str, ...]:
    """The conflict numbers of a box in as many rows as they need."""
    rows: list[str] = []
    for number in numbers:
        longer = f"{rows[-1]} {number}" if rows else str(number)
        if rows and fonts.width(longer, FLAG_SIZE, Weight.SEMIBOLD) + 5 <= width:
            rows[-1] = longer
        else:
            rows.append(str(number))
    return tuple(rows)


def flag_width(fonts: PrintFonts, rows: Sequence[str]) -> float:
    """Width in points of the black plate under the widest row of numbers."""
    return max((fonts.width(row, FLAG_SIZE, Weight.SEMIBOLD) for row in rows), default=-5.0) + 5.0


def wrap(
    fonts: PrintFonts,
    text: str,
    size: float,
    weight: Weight,
    width: float,
    *,
    first_width: float | None = None,
    breaks_words: bool = False,
) -> list[str] | None:
    """Break ``text`` into lines of at most ``width`` points (the first of ``first_width``) at spaces, hyphens and
    between Chinese, Japanese and Korean characters. None when a word is too long and ``breaks_words`` is off."""
    whole = text.strip()
    if fonts.width(whole, size, weight) <= (width if first_width is None else first_width):
        return [whole] if whole else []
    lines: list[str] = []
    current = ""
    for piece in _pieces(fonts, text, size, weight, width):
        limit = width if lines or first_width is None else first_width
        if fonts.width((current + piece).rstrip(), size, weight) <= limit:
            current += piece
            continue
        if current.strip():
            lines.append(current.rstrip())
            limit = width
        current = piece.lstrip()
        if fonts.width(current.rstrip(), size, weight) > limit:
            if not breaks_words:
                return None
            while len(current) > 1 and fonts.width(current.rstrip(), size, weight) > width:
                keep = 1
                while fonts.width(current[: keep + 1], size, weight) <= width:
                    keep += 1
                lines.append(current[:keep])
                current = current[keep:]
    if current.strip():
        lines.append(current.rstrip())
    return lines


def join(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def short_name(name: str) -> str:
    """``David Walker`` as ``David W.``; a single name stays."""
    words = name.split()
    return f"{words[0]}{_NO_BREAK}{words[-1][0]}." if len(words) > 1 else name


def _pieces(fonts: PrintFonts, text: str, size: float, weight: Weight, width: float) -> Iterator[str]:
    """What may stand on different lines: words, characters of East Asian writing, and parts of a word with hyphens
    that is too long for one line."""
    for word in _WORDS.findall(text):
        parts = _HYPHENED.findall(word) if fonts.width(word.rstrip(), size, weight) > width else [word]
        for part in parts:
            if part.isascii():
                yield part
                continue
            start = 0
            for i, character in enumerate(part):
                if i > start and unicodedata.east_asian_width(character) in "WF":
                    yield part[start:i]
                    start = i
            yield part[start:]


def _wordings(entry: PrintedEntry, by: ColumnsBy) -> Iterator[_Wording]:
    """Ways to say an entry, best first."""
    is_group = len(entry.people) > 3
    full = join(entry.people)
    if is_group:
        counted = _counted(entry)
        first_names = f"{len(entry.people)}/{max(entry.capacity, len(entry.people))}"
    else:
        counted = join([short_name(p) for p in entry.people])
        first_names = ", ".join(p.split()[0] for p in entry.people)
    if by is ColumnsBy.TUTOR:
        wheres = (entry.place, entry.place)
    else:
        wheres = (entry.tutor.name, entry.tutor.short_name) if entry.tutor else ("No tutor", "No tutor")
    together = tuple(where.replace(" ", _NO_BREAK) for where in wheres)
    hours = f"{entry.hours}, {entry.remark}" if entry.remark else entry.hours
    long, short = entry.titles[0], entry.titles[-1]

    def says(sizes: tuple[float, ...], says_all: bool, title: str, *paragraphs: str) -> _Wording:
        texts = ((title, Weight.SEMIBOLD), *((p, Weight.REGULAR) for p in paragraphs))
        return _Wording(tuple(t for t in texts if t[0]), sizes, says_all)

    def row(*parts: str) -> str:
        return ", ".join(p for p in parts if p)

    yield says(_FULL_SIZES, True, long, full, wheres[0], hours)
    if not is_group:
        yield says(_LESS_SIZES, True, long, full, row(together[0], hours))
        yield says(_FULL_SIZES, True, long, row(full, together[0], hours))
        yield says(_LESS_SIZES, True, short, row(full, together[1], hours))
    says_all = not entry.people
    yield says(_FULL_SIZES, says_all, long, counted, wheres[0], hours)
    yield says(_LESS_SIZES, says_all, short, counted, wheres[1], hours)
    yield says(_LESS_SIZES, says_all, short, row(counted, together[1], hours))
    yield says(_SMALL_SIZES, says_all, short, row(counted, together[1], hours))
    yield says(_SMALL_SIZES, False, short, row(first_names, together[1]))
    yield says((*_SMALL_SIZES, 5.25), False, row(short, first_names, together[1]))
    yield says((*_SMALL_SIZES, 5.25), False, row(short, first_names))


def _counted(entry: PrintedEntry) -> str:
    came = len(entry.people)
    return f"{came} of {entry.capacity}" if entry.capacity > 1 else f"{came} students"


def _fit(
    fonts: PrintFonts,
    wording: _Wording,
    size: float,
    width: float,
    height: float,
    flags: tuple[str, ...],
    flag_is_low: bool,
) -> BoxText | None:
    """The wording at one size, or None when it needs more space or would run under the flags."""
    taken = flag_width(fonts, flags) + 2.0 if flags else 0.0
    leading = size * LEADING
    lines: list[Line] = []
    for text, weight in wording.paragraphs:
        is_beside_flag = bool(flags) and not flag_is_low and not lines
        first_width = width - taken if is_beside_flag else width
        broken = wrap(fonts, text, size, weight, width, first_width=first_width)
        if broken is None:
            return None
        lines += [
            Line(t.replace(_NO_BREAK, " "), size, weight, PAD_TOP + (len(lines) + i) * leading)
            for i, t in enumerate(broken)
        ]
    if len(lines) * leading > height:
        return None
    if flags:
        box = height + PAD_TOP + PAD_BOTTOM
        plate = FLAG_HEIGHT * len(flags)
        top = box - FLAG_INSET - plate if flag_is_low else FLAG_INSET
        is_covered = any(
            line.top + 0.15 * size < top + plate
            and line.top + 1.1 * size > top
            and fonts.width(line.text, size, line.weight) > width - taken
            for line in lines
        )
        if is_covered or plate + 2 * FLAG_INSET > box:
            return None
    return BoxText(tuple(lines), flags, flag_is_low, wording.says_all)
