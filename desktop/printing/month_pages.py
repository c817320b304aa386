"""A month as PDF: its weeks as rows, in each day the sessions in order of time with who comes, and how many more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from desktop.printing.box_text import join, short_name, wrap
from desktop.printing.center_values import OpenDay
from desktop.printing.day_page import PrintedEntry
from desktop.printing.drawing import GRAY_RULE, Pen
from desktop.printing.fonts import Weight
from desktop.printing.page_frame import Frame, PrintedPage, sheet_pdf
from desktop.printing.sheet import DAYS, MONTHS, PageSetup, counted
from desktop.printing.span_values import SpanSchedule

_HEADINGS = 24.0
_COUNTS = 16.0
_LINE = 8.9
_SIZE = 7.2
_PAD = 3.0
_NARROW = 0.42
"""The share of a day's width that a weekend takes when nothing happens on any of the month's."""


def month_span(month: date) -> tuple[date, date]:
    """First and last day of the weeks, Monday to Sunday, that touch the month of a day."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def month_pdf(span: SpanSchedule, month: date, setup: PageSetup | None = None) -> bytes:
    """The month of ``month``; ``span`` holds the days of `month_span`."""
    title = f"{MONTHS[month.month - 1]} {month.year}"
    subtitle = ", ".join(w for w in ("Month", span.location_name, span.sheet.scope_words) if w)

    def compose(frame: Frame) -> list[PrintedPage]:
        return [PrintedPage(title, subtitle, lambda: _Month(frame, span, month).draw())]

    return sheet_pdf(span.sheet, setup or PageSetup(), f"{title}, {span.location_name}", compose)


class _Month:
    def __init__(self, frame: Frame, span: SpanSchedule, month: date) -> None:
        self.frame, self.pen, self.month = frame, frame.pen, month
        self.weeks = [span.days[i : i + 7] for i in range(0, len(span.days), 7)]
        self.by_day: dict[date, list[PrintedEntry]] = defaultdict(list)
        for entry in span.entries:
            self.by_day[entry.day].append(entry)
        self.in_month = [e for e in span.entries if (e.day.year, e.day.month) == (month.year, month.month)]
        quiet = [all(d.opens is None and not self.by_day.get(d.day) for d in span.days[n::7]) for n in range(7)]
        unit = frame.width / sum(_NARROW if is_quiet and n > 4 else 1.0 for n, is_quiet in enumerate(quiet))
        self.widths = [unit * (_NARROW if is_quiet and n > 4 else 1.0) for n, is_quiet in enumerate(quiet)]

    def draw(self) -> None:
        pen, frame = self.pen, self.frame
        top = frame.top + _HEADINGS
        bottom = frame.bottom - _COUNTS
        heights = self._heights(bottom - top)
        x = frame.left
        for name, width in zip(DAYS, self.widths, strict=True):
            pen.text_within(x + _PAD, top - 16.0, name, 9.0, Weight.SEMIBOLD, width - 2 * _PAD)
            x += width
        y = top
        for week, height in zip(self.weeks, heights, strict=True):
            x = frame.left
            for day, width in zip(week, self.widths, strict=True):
                self._day(day, x, y, width, height)
                x += width
            y += height
        x = frame.left
        for width in (*self.widths, 0.0):
            pen.line(x, top, x, bottom, gray=GRAY_RULE)
            x += width
        y = top
        for height in (*heights, 0.0):
            pen.line(frame.left, y, frame.right, y, gray=GRAY_RULE)
            y += height
        words = counted(len(self.in_month), "session", "sessions") if self.in_month else "No sessions this month"
        pen.text_right(frame.right, bottom + 5.0, words, 8.6)

    def _heights(self, height: float) -> list[float]:
        """Weeks with more to say are higher, but none is less than two thirds of an even share."""
        even = height / len(self.weeks)
        needs = [max(len(self.by_day[day.day]) for day in week) + 2 for week in self.weeks]
        least = even * 0.66
        spare = height - least * len(self.weeks)
        return [least + spare * need / sum(needs) for need in needs]

    def _day(self, day: OpenDay, x: float, y: float, width: float, height: float) -> None:
        pen = self.pen
        is_inside = day.day.month == self.month.month
        if day.closed_reason or day.opens is None:
            pen.fill(x, y, width, height, 0.95)
        number = str(day.day.day) if is_inside else f"{MONTHS[day.day.month - 1][:3]} {day.day.day}"
        weight, gray = (Weight.SEMIBOLD, 0.0) if is_inside else (Weight.REGULAR, 0.35)
        pen.text(x + _PAD, y + 2.5, number, 9.0, weight, gray)
        space = width - 2 * _PAD
        top = y + 14.5
        if day.closed_reason:
            top += self._closed(day.closed_reason, x + _PAD, y, space, pen.fonts.width(number, 9.0, weight) + 5.0)
        entries = self.by_day.get(day.day, [])
        most = max(int((y + height - top - _PAD) / _LINE), 0)
        shown = entries if len(entries) <= most else entries[: max(most - 1, 0)]
        for entry in shown:
            self._line(entry, x + _PAD, top, space, 0.0 if is_inside else 0.35)
            top += _LINE
        if len(shown) < len(entries):
            more = f"{len(entries) - len(shown)} more" if shown else counted(len(entries), "session", "sessions")
            pen.text_within(x + _PAD, top, more, _SIZE, Weight.MEDIUM, space)

    def _closed(self, reason: str, x: float, y: float, space: float, beside: float) -> float:
        """Why the day is closed, beside its number where there is space, else below it; returns the height taken
        below."""
        words = "Closed" if reason == "no reason given" else f"Closed: {reason}"
        if self.pen.fonts.width(words, _SIZE) <= space - beside:
            self.pen.text(x + beside, y + 3.8, words, _SIZE)
            return 0.0
        lines = wrap(self.pen.fonts, words, _SIZE, Weight.REGULAR, space, breaks_words=True) or []
        for i, line in enumerate(lines[:4]):
            self.pen.text(x, y + 14.5 + i * _LINE, line, _SIZE)
        return len(lines[:4]) * _LINE

    def _line(self, entry: PrintedEntry, x: float, y: float, space: float, gray: float) -> None:
        """``4:00 Andre S., Chemistry``, as much of it as there is space for."""
        pen, time = self.pen, entry.starts_words
        pen.text(x, y, time, _SIZE, Weight.SEMIBOLD, gray)
        taken = pen.fonts.width(time, _SIZE, Weight.SEMIBOLD) + 2.5
        for words in _ways(entry):
            if pen.fonts.width(words, _SIZE) <= space - taken:
                pen.text(x + taken, y, words, _SIZE, gray=gray)
                return
        _cut(pen, x + taken, y, _ways(entry)[-1], _SIZE, space - taken, gray)


def _ways(entry: PrintedEntry) -> Sequence[str]:
    """Ways to say who comes for what, best first."""
    if len(entry.people) > 2:
        title = f"{entry.titles[0]}, {len(entry.people)}"
        return (title, f"{entry.titles[-1]}, {len(entry.people)}", entry.titles[-1])
    if entry.elsewhere and entry.tutor:
        return f"{entry.titles[0]}, {entry.tutor.name}", f"{entry.titles[0]}, {entry.tutor.short_name}", *entry.titles
    if not entry.people:
        return entry.titles
    short = join([short_name(p) for p in entry.people]).replace("\u00a0", " ")
    first = " & ".join(p.split()[0] for p in entry.people)
    long, brief = entry.titles[0], entry.titles[-1]
    return (f"{join(entry.people)}, {long}", f"{short}, {long}", f"{short}, {brief}", short, first)


def _cut(pen: Pen, x: float, y: float, text: str, size: float, space: float, gray: float = 0.0) -> None:
    """Write as much of a text as fits, with dots where it ends early."""
    if pen.fonts.width(text, size) > space:
        while text and pen.fonts.width(f"{text.rstrip()}…", size) > space:
            text = text[:-1]
        text = f"{text.rstrip()}…" if text else ""
    if text:
        pen.text(x, y, text, size, gray=gray)
