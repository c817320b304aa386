"""Fits the calendar's header and toolbar into narrow windows: shorter words first, then filters that are not in use
move into a chip of their own. Nothing is cut, and nothing becomes out of reach.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from desktop import theme
from desktop.schedule.calendar_filters import CalendarFilters
from desktop.schedule.color_choice import ColorChoice
from desktop.schedule.student_chip import StudentChip
from desktop.widgets import FilterChip, Menu

_LONG_WORDS = re.compile(
    r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    r"|\b(January|February|March|April|June|July|August|September|October|November|December)\b"
)


def short_title(title: str) -> str:
    """ "Wed, Nov 25" for "Wednesday, November 25"."""
    return _LONG_WORDS.sub(lambda found: found.group()[:3], title)


def without_year(title: str) -> str:
    """ "Nov 23 – 28" for "Nov 23 – 28, 2026"."""
    return re.sub(r", \d{4}$", "", title)


def fitting_title(title: str, fits: Callable[[str], bool], give_way: Callable[[], object]) -> str:
    """The longest form of a header's title that fits beside all else; where none does, something must `give_way`."""
    short = short_title(title)
    for words in (title, short):
        if fits(words):
            return words
    give_way()
    return short if fits(short) else without_year(short)


class MoreFilters(FilterChip):
    """ "More", with the filters that find no room beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("More", "funnel", parent=parent)
        self._chips: Sequence[FilterChip] = ()
        self.set_choices([("more", "More")])
        self.setAccessibleName("More filters")

    def set_chips(self, chips: Sequence[FilterChip]) -> None:
        """Take these filters in; none of them hides the chip."""
        self._chips = chips
        self.setVisible(bool(chips))

    def build_menu(self) -> QMenu:
        """One entry for each filter, with its own choices beside it."""
        menu = Menu(self)
        for chip in self._chips:
            if isinstance(chip, StudentChip):
                menu.add(f"{chip.text()}…", lambda chip=chip: chip.open_below(self))  # type: ignore[misc]
                continue
            choices = chip.build_menu()
            choices.setTitle(chip.text())
            menu.addMenu(choices)
        return menu


class ToolbarFit:
    """Decides what of a toolbar is shown at a width."""

    def __init__(
        self, toolbar: QWidget, filters: CalendarFilters, color: ColorChoice, columns_label: QWidget
    ) -> None:
        self._toolbar, self._filters, self._color, self._columns_label = toolbar, filters, color, columns_label
        self.more = MoreFilters()
        self.more.hide()

    def fit(self, width: int, *, has_columns: bool) -> None:
        """Show as much as fits into a page `width` px wide; `has_columns`: the choice of columns is there."""
        room = width - 2 * theme.current().size.margin
        for chip in self._filters.chips():
            chip.setVisible(True)
        self._filters.hide_what_offers_nothing()
        self._filters.set_narrow(False)
        self._columns_label.setVisible(has_columns)
        self._color.set_narrow(False)
        self.more.set_chips(())
        if self._wide() <= room:
            return
        self._color.set_narrow(True)
        if self._wide() <= room:
            return
        self._filters.set_narrow(True)
        if self._wide() <= room:
            return
        self._columns_label.setVisible(False)
        folded: list[FilterChip] = []
        filters = self._filters
        for chip in (filters.status, filters.student, filters.service, filters.room, filters.tutor):
            if self._wide() <= room:
                break
            if not chip.value() and not chip.isHidden():
                chip.setVisible(False)
                folded.insert(0, chip)
                self.more.set_chips(folded)

    def _wide(self) -> int:
        gap = theme.current().px(8)
        parts = self._toolbar.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return sum(part.sizeHint().width() + gap for part in parts if not part.isHidden())
