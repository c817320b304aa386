"""The calendar in a week of 2,000 entries: from the encrypted store to the first picture, a frame while dragging and
while scrolling, each beside the least that such a picture costs; and the month, step by step."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from bench.figures import Figure
from desktop.garbage import put_off, resume
from desktop.store.store import Store
from shared_models.base import TenantRow, derived_id
from shared_models.organization.models import Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry
from tools.demo_center import PICTURE_MOMENT, make_local_center

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QApplication

    from desktop.schedule.calendar_page import CalendarPage
    from desktop.schedule.calendar_widget import CalendarWidget
    from desktop.schedule.directory import Directory

ENTRIES = 2000
_RUNS = 9
_FRAMES = 60
_WIDTH, _HEIGHT = 1680, 900
_LOOK_SECONDS = 0.3
MONDAY = PICTURE_MOMENT.date() - timedelta(days=PICTURE_MOMENT.weekday() + 14)
"""The last whole week before the pictures' moment: no closures."""


def run() -> list[Figure]:
    """Measure in an encrypted store with the sample center, its week repeated with tutors, rooms and students of
    its own until it holds 2,000 entries."""
    with tempfile.TemporaryDirectory() as folder:
        store = make_local_center(Path(folder) / "desk", PICTURE_MOMENT)
        months = _month_figures(store)
        crowd(store, MONDAY)
        figures = [*_measure(store), *months]
        store.close()
    return figures


def crowd(store: Store, monday: date, entries: int = ENTRIES) -> None:
    """Repeat the entries of a week until it holds so many, each time with other tutors, rooms and students."""
    with store.read() as session:
        week = _week_rows(session, monday)
    original = len(week[ScheduleEntry])
    left, number = entries - original, 1
    while left > 0:
        taken = {row["id"] for row in week[ScheduleEntry][:left]}
        known = {row["id"] for rows in week.values() for row in rows}

        def other(value: Any, number: int = number, known: set[str] = known) -> Any:
            return derived_id(value, str(number)) if isinstance(value, str) and value in known else value

        with store.write() as session:
            for model, rows in week.items():
                kept = [row for row in rows if row.get("entry_id", next(iter(taken))) in taken]
                if model is ScheduleEntry:
                    kept = [row | {"series_id": None, "series_day": None} for row in rows if row["id"] in taken]
                copies = [{name: other(value) for name, value in row.items()} for row in kept]
                store.recorder.insert_rows(session, model, copies)
        left -= original
        number += 1


def _week_rows(session: Session, monday: date) -> dict[type[TenantRow], list[dict[str, Any]]]:
    """The rows of a week with whom and what they need, by table, in the order in which they can be written."""
    first = datetime.combine(monday, datetime.min.time(), PICTURE_MOMENT.tzinfo)
    entries = select(ScheduleEntry.id).where(
        ScheduleEntry.starts_at >= first, ScheduleEntry.starts_at < first + timedelta(days=7)
    )
    attendees = select(Attendee.student_id).where(Attendee.entry_id.in_(entries))
    wanted: list[tuple[type[TenantRow], Any]] = [
        (Tutor, Tutor.archived_at.is_(None)),
        (Room, Room.archived_at.is_(None)),
        (Student, Student.id.in_(attendees)),
        (ScheduleEntry, ScheduleEntry.id.in_(entries)),
        (Attendee, Attendee.entry_id.in_(entries)),
        (EntryRoom, EntryRoom.entry_id.in_(entries)),
    ]
    return {model: [_plain(row) for row in session.scalars(select(model).where(rule))] for model, rule in wanted}


def _plain(row: TenantRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _application() -> QApplication:
    from PySide6.QtWidgets import QApplication

    from desktop import theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.install(app, theme.Appearance.LIGHT)
    return app


def _month_figures(store: Store) -> list[Figure]:
    """Steps from month to month on the page itself, from the key to the picture: after a moment in which the next
    month could be read ahead, and in a row, when nothing is."""
    from desktop.schedule.calendar_page import CalendarPage

    app = _application()
    page = CalendarPage(store, lambda: PICTURE_MOMENT)
    page.resize(_WIDTH, _HEIGHT)
    page.show()
    page.set_view("month")
    _let_pass(app)
    calm, hasty, pieces = [], [], []
    for direction in (1, 1, 1, -1, -1, -1) * 3:
        _let_pass(app)
        calm.append(sum(_month_step(app, page, direction)))
    for direction in (1, 1, 1, -1, -1, -1) * 3:
        step = _month_step(app, page, direction)
        hasty.append(sum(step))
        pieces.append(max(step))
    page.shut_down()
    page.close()
    return [
        Figure("a step of a month, from the key to the picture", median(calm), "ms", 16, False, "with keys held down",
               median(hasty)),
        Figure("its longest piece on the UI thread with keys held down", median(pieces), "ms", 16),
    ]  # fmt: skip


def _let_pass(app: QApplication) -> None:
    """A person looks at the month for a while."""
    until = time.perf_counter() + _LOOK_SECONDS
    while time.perf_counter() < until:
        app.processEvents()
        time.sleep(0.005)


def _month_step(app: QApplication, page: CalendarPage, direction: int) -> tuple[float, float]:
    """Milliseconds of the step itself, and of the painting that follows."""
    return _taken(lambda: page.step(direction)), _taken(app.processEvents)


def _measure(store: Store) -> list[Figure]:
    from desktop.schedule.calendar_widget import CalendarWidget
    from desktop.schedule.directory import read_directory

    put_off()
    app = _application()
    with store.read() as session:
        directory = read_directory(session, store.organization_id)
    calendar = CalendarWidget()
    calendar.resize(_WIDTH, _HEIGHT)
    calendar.show()
    app.processEvents()
    resume()
    first = [_first_picture(store, directory, calendar) for _ in range(_RUNS)]
    floor = median(_taken(lambda: _naive_paint(calendar)) for _ in range(_RUNS))
    drags = _drag_frames(app, calendar)
    scrolls = _scroll_frames(app, calendar)
    blit = median(_taken(lambda: _blit(calendar)) for _ in range(_RUNS))
    calendar.close()
    naive = f"{ENTRIES:,} plain boxes with a text each"
    return [
        Figure("week with 2,000 entries: load, layout, first paint", median(first), "ms", 120, False, naive, floor),
        Figure("a frame while dragging in it, conflicts checked", median(drags), "ms", 16, False, naive, floor),
        Figure("the slowest of 20 such frames", _slowest(drags), "ms", 16, False, "one picture copied", blit),
        Figure("a frame while scrolling in it", median(scrolls), "ms", 16, False, naive, floor),
        Figure("the slowest of 20 such frames", _slowest(scrolls), "ms", 16, False, "one picture copied", blit),
    ]  # fmt: skip


def _slowest(frames: Sequence[float]) -> float:
    """The 95th percentile: what a person feels as a hitch."""
    return sorted(frames)[len(frames) * 19 // 20]


def _first_picture(store: Store, directory: Directory, calendar: CalendarWidget) -> float:
    from desktop.schedule.drop_check import DropCheck
    from desktop.schedule.entry_rows import read_entries
    from desktop.schedule.scene import SceneBuilder
    from desktop.schedule.week import Filters, week_of

    began = time.perf_counter()
    with store.read() as session:
        rows = read_entries(session, directory, MONDAY, MONDAY + timedelta(days=6))
    builder = SceneBuilder(week_of(rows, MONDAY, MONDAY + timedelta(days=6)), directory, Filters(), PICTURE_MOMENT)
    calendar.set_scene(builder.week_scene())
    calendar.grab()
    taken = time.perf_counter() - began
    if len(calendar.scene().entries) != ENTRIES:
        raise AssertionError(f"the week shows {len(calendar.scene().entries)} entries")
    check = DropCheck(builder, None, by_room=False)
    calendar.set_check(check.check, check.offer)
    return taken * 1000


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _naive_paint(calendar: CalendarWidget) -> None:
    """The floor of any calendar: each box filled and outlined, and its title drawn."""
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QPainter, QPixmap

    pixmap = QPixmap(calendar.size())
    pixmap.fill(Qt.GlobalColor.white)
    plan = calendar.plan()
    assert plan is not None
    painter = QPainter(pixmap)
    painter.setBrush(Qt.GlobalColor.lightGray)
    for number, box in enumerate(plan.boxes):
        area = QRectF(number % 40 * 40, number // 40 * 17, 38, 16)
        painter.drawRect(area)
        painter.drawText(area, box.entry.title[-1])
    painter.end()


def _blit(calendar: CalendarWidget) -> None:
    from PySide6.QtGui import QPainter, QPixmap

    picture = QPixmap(calendar.size())
    painter = QPainter(picture)
    painter.drawPixmap(0, 0, QPixmap(calendar.size()))
    painter.end()


def _drag_frames(app: Any, calendar: CalendarWidget) -> list[float]:
    """Milliseconds of each frame while one entry is carried over the week."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    plan = calendar.plan()
    assert plan is not None
    inside = calendar.rect().adjusted(200, 200, -200, -200)
    start = next(
        spot for box in plan.boxes if inside.contains(spot := calendar.to_widget(box.rect).center())
    )  # fmt: skip
    QTest.mousePress(calendar, Qt.MouseButton.LeftButton, pos=start)
    frames = []
    for number in range(_FRAMES):
        to: QPoint = start + QPoint(12 * (number % 30), 9 * (number % 20) - 60)
        began = time.perf_counter()
        QTest.mouseMove(calendar, to)
        app.processEvents()
        frames.append((time.perf_counter() - began) * 1000)
    QTest.keyClick(calendar, Qt.Key.Key_Escape)
    QTest.mouseRelease(calendar, Qt.MouseButton.LeftButton, pos=start)
    app.processEvents()
    return frames[2:]


def _scroll_frames(app: Any, calendar: CalendarWidget) -> list[float]:
    """Milliseconds of each frame while the wheel turns, first down the day, then across the week."""
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent

    at = QPointF(calendar.rect().center())

    def turn(x: int, y: int) -> None:
        event = QWheelEvent(
            at, at, QPoint(), QPoint(x, y), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        app.sendEvent(calendar, event)
        app.processEvents()

    frames = [_taken(lambda: turn(-120, 0)) for _ in range(_FRAMES)]
    frames += [_taken(lambda: turn(120, 0)) for _ in range(_FRAMES)]
    frames += [_taken(lambda: turn(0, -120)) for _ in range(_FRAMES // 4)]
    return frames
