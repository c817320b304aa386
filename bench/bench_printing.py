"""Printed pages from plain values: the day schedule of a busy afternoon and 200 pages of weeks, each beside a bare
reportlab canvas that draws the same number of boxes, lines and strings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from io import BytesIO
from statistics import median

from bench.figures import Figure
from desktop.printing.center_values import OpenDay
from desktop.printing.day_page import DaySchedule, Mark, PrintedConflict, PrintedEntry, PrintedPerson, PrintedRoom
from desktop.printing.day_schedule import day_schedule_pdf
from desktop.printing.sheet import Sheet
from desktop.printing.span_values import SpanSchedule
from desktop.printing.week_pages import tutor_weeks_pdf, week_pdf

MONDAY = date(2026, 11, 23)
_PAGES = 200
_FIRST = (
    "Jakub",
    "Małgorzata",
    "Elena",
    "Daniel",
    "Priya",
    "Wei",
    "Zoë",
    "Noah",
    "Aisha",
    "Mei-Ling",
    "José",
    "Thảo",
)
_LAST = (
    "Johnson",
    "Patel",
    "Müller",
    "Williams",
    "Kim",
    "Yılmaz",
    "D'Angelo",
    "Martínez",
    "Haddad",
    "Nguyễn",
    "Silva",
)
_TITLES = (
    ("Chemistry", "Chem."),
    ("Writing", "Writ."),
    ("Algebra I", "Alg I"),
    ("SAT", "SAT"),
    ("Pre-Calculus", "Pre-Calc"),
)
_FAMILIES = ("private", "private", "private", "test_prep", "semi_private")


def run() -> list[Figure]:
    """Measure warm: fonts are loaded, as they are after the first print."""
    chance = random.Random(20261125)
    day = _day(chance)
    day_ms = _seconds(lambda: day_schedule_pdf(day), 25) * 1000
    bare_day = _seconds(_bare(day_schedule_pdf(day)), 25) * 1000
    tutors, wall = _week(chance, _PAGES), _week(chance, _PAGES * 6)
    own = _seconds(lambda: tutor_weeks_pdf(tutors), 3)
    compact = _seconds(lambda: week_pdf(wall), 3)
    own_pdf, compact_pdf = tutor_weeks_pdf(tutors), week_pdf(wall)
    return [
        Figure(
            f"day schedule PDF ({len(day.entries)} entries)", day_ms, "ms", 15,
            beside="bare canvas, same boxes and strings", beside_measured=bare_day,
        ),
        Figure(
            f"week of each of {_PAGES} tutors, PDF of {_count(own_pdf)} pages", own, "s", 1.0,
            beside="bare canvas, same boxes and strings", beside_measured=_seconds(_bare(own_pdf), 3),
        ),
        Figure(
            f"week by tutor for the wall, PDF of {_count(compact_pdf)} pages", compact, "s", 1.0,
            beside="bare canvas, same boxes and strings", beside_measured=_seconds(_bare(compact_pdf), 3),
        ),
    ]  # fmt: skip


def _sheet() -> Sheet:
    return Sheet(
        organization_name="Hudson Learning Center",
        contact_lines=("50 S Buckhout St, Irvington, NY 10533", "(914) 555-0100"),
        printed_at=datetime(2026, 11, 25, 15, 40),
        printed_by="Maya Torres",
    )


def _day(chance: random.Random) -> DaySchedule:
    tutors = [_person(n, chance) for n in range(8)]
    wednesday = MONDAY + timedelta(days=2)
    entries = [e for tutor in tutors for e in _entries(chance, tutor, wednesday, 5)]
    conflicts = tuple(
        PrintedConflict(
            f"Room A: {a.titles[0]} {a.starts_words} and {b.titles[0]}", (a.entry_id, b.entry_id), Mark.OVERLAP
        )
        for a, b in zip(entries[::8], entries[1::8], strict=True)
    )
    return DaySchedule(
        sheet=_sheet(), day=wednesday, location_name="Irvington Office", opens=wall_time(14), closes=wall_time(21),
        closed_reason="", tutors=tuple(tutors), rooms=(), entries=tuple(entries), conflicts=conflicts, notes=(),
    )  # fmt: skip


def _week(chance: random.Random, count: int) -> SpanSchedule:
    """Every tutor teaches three sessions on five days."""
    tutors = [_person(n, chance) for n in range(count)]
    days = [MONDAY + timedelta(days=n) for n in range(5)]
    return SpanSchedule(
        sheet=_sheet(),
        days=tuple(OpenDay(day, wall_time(14), wall_time(21)) for day in days),
        location_name="Irvington Office",
        tutors=tuple(tutors),
        rooms=(),
        entries=tuple(e for tutor in tutors for day in days for e in _entries(chance, tutor, day, 3)),
    )


def _entries(chance: random.Random, tutor: PrintedPerson, day: date, count: int) -> list[PrintedEntry]:
    found = []
    minute = 14 * 60 + chance.choice((0, 15, 30))
    for n in range(count):
        starts = datetime.combine(day, wall_time()) + timedelta(minutes=minute)
        kind = chance.randrange(len(_TITLES))
        room = chance.choice("ABCDEFG")
        found.append(
            PrintedEntry(
                entry_id=f"{tutor.person_id}-{day}-{n}",
                starts=starts,
                ends=starts + timedelta(minutes=60),
                family=_FAMILIES[kind],
                titles=_TITLES[kind],
                people=(f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",),
                tutor=tutor,
                rooms=(PrintedRoom(room, f"Room {room}"),),
            )
        )
        minute += chance.choice((60, 75, 90))
    return found


def _person(number: int, chance: random.Random) -> PrintedPerson:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    return PrintedPerson(str(number), f"{first} {last}", f"{first[0]}. {last}")


def _bare(pdf: bytes) -> Callable[[], None]:
    """A canvas that draws as many paths and strings on each page as that PDF has, and nothing else."""
    import pypdfium2
    from pypdfium2.raw import FPDF_PAGEOBJ_TEXT
    from reportlab.pdfgen.canvas import Canvas

    pages = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            kinds = [found.type for found in page.get_objects()]
            texts = kinds.count(FPDF_PAGEOBJ_TEXT)
            pages.append((texts, len(kinds) - texts))

    def draw() -> None:
        canvas = Canvas(BytesIO(), pagesize=(792, 612), pageCompression=1)
        for texts, paths in pages:
            canvas.setFont("Helvetica", 8)
            for n in range(paths):
                canvas.rect(30 + n % 700, 30 + n % 550, 60, 20)
            for n in range(texts):
                canvas.drawString(30 + n % 700, 30 + n % 550, "Elena Kim, Room A"[n % 9 :])
            canvas.showPage()
        canvas.save()

    return draw


def _count(pdf: bytes) -> int:
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


def _seconds(work: Callable[[], object], runs: int) -> float:
    """The median of several runs, after one that warms the caches."""
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)
