"""What of the calendar's page goes out of it: which part an export holds, and which print shows what is on screen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from desktop.schedule.schedule_page import WEEK
from desktop.schedule.week import Filters

if TYPE_CHECKING:
    from desktop.printing.kinds import PrintKind, PrintParameters
    from shared_models.exchange.calendar_export import Selection


def selection_of(filters: Filters, days: tuple[date, date], own_places: frozenset[str] | None) -> Selection:
    """The part of the calendar that filters and days (both included) let through, as the person here may see it."""
    from shared_models.exchange.calendar_export import Selection

    return Selection(
        location_id=filters.location_id, tutor_id=filters.tutor_id, room_id=filters.room_id,
        student_id=filters.student_id, service_id=filters.service_id, status=filters.status,
        only_conflicts=filters.only_conflicts, first_day=days[0], last_day=days[1], own_places=own_places,
    )  # fmt: skip


def print_of(view: str, filters: Filters, day: date, *, by_room: bool) -> tuple[PrintKind, PrintParameters]:
    """The print that shows what a view shows: its day, week or month, and its filters."""
    from desktop.printing.day_page import ColumnsBy
    from desktop.printing.kinds import PrintKind, PrintParameters

    week = PrintKind.TUTOR_WEEK if filters.tutor_id else PrintKind.WEEK
    kinds = {WEEK: week, "agenda": week, "month": PrintKind.MONTH, "conflicts": PrintKind.CONFLICTS}
    by = ColumnsBy.ROOM if by_room else ColumnsBy.TUTOR
    return kinds.get(view, PrintKind.DAY), PrintParameters(day=day, filters=filters, by=by)
