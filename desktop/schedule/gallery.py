"""Renders the calendar with an invented week into a picture: `python -m desktop.schedule.gallery OUT.png`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from desktop import theme
from desktop.schedule.calendar_widget import CalendarWidget
from desktop.schedule.dragging import RoomOffer
from desktop.schedule.gallery_sample import sample_day, sample_states, sample_week
from desktop.schedule.legend import CalendarLegend


def _window(width: int, height: int) -> tuple[QWidget, CalendarWidget]:
    """The calendar with its legend, as they stand on the page."""
    window = QWidget()
    calendar = CalendarWidget(window)
    column = QVBoxLayout(window)
    column.setContentsMargins(20, 0, 20, 0)
    column.setSpacing(0)
    column.addWidget(calendar, 1)
    column.addWidget(CalendarLegend(window))
    window.resize(width, height)
    return window, calendar


def _drag_sample(calendar: CalendarWidget) -> None:
    """Pick up one entry and carry it to an earlier hour, to see the bubble and the live box."""

    def check(
        entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False, room_id: str = ""
    ) -> list[tuple[bool, str]]:
        return [
            (True, "Jakub Johnson is free"),
            (True, "Priya Thompson is free"),
            (False, "Room B: David Walker until 5:00"),
        ]

    calendar.set_check(check, lambda *_, **__: RoomOffer("library", "take the Library instead"))
    plan = calendar.plan()
    if plan is None:
        return
    box = next(box for box in plan.boxes if "Priya Thompson" in box.entry.lines[0].wording[0])
    start = calendar.to_widget(box.rect).center()
    end = start - QPoint(0, round(plan.axis.y(17 * 60 + 15) - plan.axis.y(16 * 60 + 15)))
    QTest.mousePress(calendar, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 5):
        QTest.mouseMove(calendar, start + (end - start) * step / 4)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render one picture; 0 when it was written."""
    parser = argparse.ArgumentParser(description="Render the calendar with an invented week.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--mode", choices=("day", "week", "states"), default="week")
    parser.add_argument("--theme", choices=("light", "dark", "high_contrast"), default="light")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--size", default="1356x780")
    parser.add_argument("--drag", action="store_true", help="show an entry being moved")
    chosen = parser.parse_args(arguments)
    width, height = (int(part) for part in chosen.size.split("x"))
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        return 1
    theme.install(app, theme.Appearance("dark" if chosen.dark else chosen.theme))
    window, calendar = _window(width, height)
    scenes = {"day": sample_day, "week": sample_week, "states": sample_states}
    calendar.set_scene(scenes[chosen.mode]())
    window.show()
    app.processEvents()
    if chosen.drag:
        _drag_sample(calendar)
        app.processEvents()
    return 0 if window.grab().save(str(chosen.out)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
