"""The order in which letters stand on paper: Hebrew and Arabic run from right to left, and Arabic letters join.

A PDF page is written from left to right, letter by letter, so the turning and joining is done here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arabic_reshaper import ArabicReshaper

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_STEERING = re.compile("[\u200b-\u200f\u061c\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
"""Invisible signs, many of which steer direction: no font draws them, and a name may not turn what follows it."""
_HEBREW_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
"""Points are left out, as in everyday writing: without a shaping engine they would not stand below their letters."""


def as_seen(line: str) -> str:
    """One line of text in the order in which it is seen, within a page that reads from left to right."""
    line = _CONTROLS.sub(" ", _STEERING.sub("", line))
    if not _RIGHT_TO_LEFT.search(line):
        return line
    from bidi import get_display

    joined = _reshaper().reshape(line) if _ARABIC.search(line) else line
    return str(get_display(_HEBREW_POINTS.sub("", joined), base_dir="L"))


@lru_cache(maxsize=1)
def _reshaper() -> ArabicReshaper:
    from arabic_reshaper import ArabicReshaper

    return ArabicReshaper({"delete_harakat": True, "support_ligatures": True})
