"""Reads one day out of the store, as the plain values that the day schedule and the sign-in sheet print."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from desktop.printing.center_values import Center
from desktop.printing.day_page import DaySchedule
from desktop.printing.span_values import read_span
from desktop.schedule.week import Filters


def day_schedule(center: Center, filters: Filters, day: date) -> DaySchedule:
    """What is printed for ``day`` as the filters narrow it, conflicts computed and worded.

    Cancelled entries are counted, not shown, unless the filters ask for them. Raises LookupError when the location
    does not exist.
    """
    span = read_span(center, filters, day, day)
    (opened,) = span.days
    return DaySchedule(
        sheet=span.sheet,
        day=day,
        location_name=span.location_name,
        opens=opened.opens,
        closes=opened.closes,
        closed_reason=opened.closed_reason,
        tutors=span.tutors,
        rooms=span.rooms,
        entries=span.entries,
        conflicts=span.conflicts,
        notes=span.notes,
        cancelled_count=span.cancelled_count,
    )


def without_others(values: DaySchedule) -> DaySchedule:
    """The day without what takes place at locations of others."""
    return replace(values, entries=tuple(entry for entry in values.entries if not entry.elsewhere))
