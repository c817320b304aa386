"""A field for the hours of one day: "2:30–8:30 PM", or several with a comma between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time

from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.widgets import TextInput
from desktop.widgets.parsing import format_time_range, parse_time

Hours = tuple[time, time]

HELP = "Use hours such as 2:30–8:30 PM."


def parse_hours(text: str) -> list[Hours] | None:
    """Hours from "2:30-8:30", "9 to 12, 1:30-5 pm"; none for an empty text, None when it cannot be understood.

    An end that would lie before its start is meant twelve hours later; a start takes the half of the day from its
    end where it says none ("2:30–8:30 PM").
    """
    found: list[Hours] = []
    for part in re.split(r",|;|\band\b", text):
        if not part.strip():
            continue
        ends = re.split(r"\s*(?:-|–|—|\bto\b)\s*", part.strip(), maxsplit=1)
        if len(ends) != 2:
            return None
        start, end = parse_time(ends[0]), parse_time(ends[1])
        if start is None or end is None:
            return None
        half = re.search(r"[ap]\.?m?\.?$", ends[1].strip().lower())
        if half and not re.search(r"[a-z]", ends[0].lower()):
            same_half = parse_time(f"{ends[0]} {half[0]}")
            if same_half is not None and same_half < end:
                start = same_half
        if end <= start and end.hour < 12:
            end = end.replace(hour=end.hour + 12)
        if end <= start:
            return None
        found.append((start, end))
    return sorted(found)


def format_hours(hours: Sequence[Hours]) -> str:
    """``2:30–8:30 PM``, several with commas; empty without any."""
    return ", ".join(format_time_range(start, end) for start, end in sorted(hours))


class HoursInput(TextInput):
    """Hours of one day as text; rewrites what it understands when one leaves it."""

    def __init__(self, hours: Sequence[Hours] = (), name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(format_hours(hours), "not available", name, parent)
        self.setFont(theme.font(tabular=True))
        self.editingFinished.connect(self._tidy)

    def hours(self) -> list[Hours] | None:
        """The hours, or None when they cannot be understood."""
        return parse_hours(self.text())

    def set_hours(self, hours: Sequence[Hours]) -> None:
        """Show hours."""
        self.setText(format_hours(hours))

    def _tidy(self) -> None:
        hours = self.hours()
        if hours is not None:
            self.setText(format_hours(hours))
