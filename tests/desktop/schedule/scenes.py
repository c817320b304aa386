"""Small scenes, and a measuring stick that needs no fonts: every letter is 6 px wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desktop.schedule.calendar_values import CalendarEntry, CalendarScene, Column, Line, Mode, NowMark
from desktop.schedule.layout import Metrics
from desktop.schedule.time_axis import HourHeights
from desktop.schedule.wording import TextMetrics, TextRole


def measure(text: str, role: TextRole) -> float:
    return 6.0 * len(text)


def text_metrics(line_height: float, title: TextRole, line: TextRole) -> TextMetrics:
    return TextMetrics(
        title=title, line=line, line_height=line_height, top=3, left=9, right=4, narrow_below=70, narrow_left=8,
        narrow_right=1, low_badge_below=84, badge=14, badge_inset=3, icon=13, gap=3,
    )  # fmt: skip


METRICS = Metrics(
    gutter=48, week_header=42, day_header=48, folded_column=44, column_left=4, column_right=6, box_gap=2,
    least_lane=38, least_column=84, least_box=18, edge_grip=5, heading_inset=10, tag=31, pill_padding=18,
    hours=HourHeights(comfortable=62, least=48, quiet_least=36, folded=18),
    compact=text_metrics(14, TextRole.TITLE, TextRole.LINE),
    roomy=text_metrics(16, TextRole.ROOMY_TITLE, TextRole.ROOMY_LINE),
)  # fmt: skip


def entry(entry_id: str, column: str, starts: int, ends: int, **changes: Any) -> CalendarEntry:
    fields: dict[str, Any] = {
        "title": ("Chemistry", "Chem."),
        "lines": (Line(("Andre Smith", "Andre S.", "Andre")), Line(("Room A", "Rm A"))),
        "blocked_until": ends + 15,
    }
    fields.update(changes)
    return CalendarEntry(entry_id, column, starts, ends, **fields)


def column(key: str, *, opens: int = 14 * 60, closes: int = 21 * 60, **changes: Any) -> Column:
    fields: dict[str, Any] = {"heading": key, "long_name": key, "open_spans": ((opens, closes),)}
    fields.update(changes)
    return Column(key, **fields)


def week(
    columns: Sequence[Column], entries: Sequence[CalendarEntry] = (), now: NowMark | None = None
) -> CalendarScene:
    return CalendarScene(Mode.WEEK, tuple(columns), tuple(entries), now)


def day(
    columns: Sequence[Column], entries: Sequence[CalendarEntry] = (), now: NowMark | None = None
) -> CalendarScene:
    return CalendarScene(Mode.DAY, tuple(columns), tuple(entries), now)
