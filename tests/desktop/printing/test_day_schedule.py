"""The pages of the day schedule: what can be read on them, and that nothing is lost or runs over."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pypdfium2
import pytest

from desktop.printing.day_page import (
    ColumnsBy,
    DaySchedule,
    Mark,
    PrintedConflict,
    PrintedEntry,
    PrintedPerson,
    PrintedRoom,
    column_widths,
    columns,
    hour_range,
    pages_of_columns,
)
from desktop.printing.day_schedule import day_schedule_pdf
from desktop.printing.sheet import PageSetup, Paper, Sheet

DAY = date(2026, 11, 25)
SAMPLE = Path(__file__).parents[2] / "data" / "center"
SETUPS = [PageSetup(paper, is_landscape) for paper in Paper for is_landscape in (True, False)]


def person(name: str) -> PrintedPerson:
    first, _, last = name.partition(" ")
    return PrintedPerson(name, name, f"{first[0]}. {last}")


def entry(
    people: tuple[str, ...] = ("Andre Smith",),
    start: str = "16:00",
    minutes: int = 60,
    tutor: str | None = "Jakub Johnson",
    room: str | None = "Room A",
    title: str = "Chemistry",
    family: str = "private",
    capacity: int = 1,
) -> PrintedEntry:
    starts = datetime.combine(DAY, time.fromisoformat(start))
    return PrintedEntry(
        entry_id=f"{title}{start}{tutor}{room}{people}",
        starts=starts,
        ends=starts + timedelta(minutes=minutes),
        family=family,
        titles=(title,),
        people=people,
        capacity=capacity,
        tutor=person(tutor) if tutor else None,
        rooms=(PrintedRoom(room, room),) if room else (),
        is_online=room is None,
    )


def sheet_of(**changes: object) -> Sheet:
    values: dict[str, object] = {
        "organization_name": "Hudson Learning Center",
        "contact_lines": ("50 S Buckhout St, Irvington, NY 10533", "(914) 555-0100"),
        "printed_at": datetime(2026, 11, 25, 15, 40),
        "printed_by": "Maya Torres",
    }
    return Sheet(**(values | changes))  # type: ignore[arg-type]


def schedule(*entries: PrintedEntry, **changes: object) -> DaySchedule:
    tutors = tuple(dict.fromkeys(e.tutor for e in entries if e.tutor))
    sheet = {name: changes.pop(name) for name in ("organization_name", "contact_lines", "logo") if name in changes}
    values: dict[str, object] = {
        "sheet": sheet_of(**sheet),
        "day": DAY,
        "location_name": "Irvington Office",
        "opens": time(14),
        "closes": time(21),
        "closed_reason": "",
        "tutors": tutors,
        "rooms": (PrintedRoom("Room A", "Room A"), PrintedRoom("Room B", "Room B")),
        "entries": entries,
        "conflicts": (),
        "notes": (),
    }
    return DaySchedule(**(values | changes))  # type: ignore[arg-type]


def texts(pdf: bytes) -> list[str]:
    """The text of each page, in reading order, with line breaks as spaces."""
    with pypdfium2.PdfDocument(pdf) as document:
        found = []
        for page in document:
            words = page.get_textpage()
            found.append(" ".join(words.get_text_range().split()))
            words.close()
        return found


def sample_names() -> list[str]:
    """Every name of the sample center's families, students, tutors and leads."""
    names = []
    with (SAMPLE / "families.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            names += [f"{row['Student First']} {row['Student Last']}", f"{row['Parent First']} {row['Parent Last']}"]
    with (SAMPLE / "tutors.csv").open(encoding="utf-8-sig") as file:
        names += [f"{row['First Name']} {row['Last Name']}" for row in csv.DictReader(file)]
    with (SAMPLE / "leads.csv").open(encoding="utf-8-sig") as file:
        names += [name for row in csv.DictReader(file, delimiter=";") for name in (row["Parent"], row["Child"])]
    return sorted({" ".join(name.split()) for name in names if name and name.strip()})


def test_the_page_says_where_when_and_by_whom():
    (page,) = texts(day_schedule_pdf(schedule(entry())))
    for words in (
        "Wednesday, November 25, 2026",
        "Day schedule by tutor, Irvington Office, 2:00–9:00 PM",
        "Hudson Learning Center",
        "50 S Buckhout St, Irvington, NY 10533",
        "(914) 555-0100",
        "Jakub Johnson",
        "Chemistry Andre Smith Room A 4:00–5:00",
        "1 entry, 1 tutor, 0 conflicts",
        "Printed November 25, 2026, 3:40 PM by Maya Torres",
        "Contains names of children. Do not leave at the desk.",
        "Page 1 of 1",
    ):
        assert words in page


@pytest.mark.parametrize("setup", SETUPS, ids=lambda s: f"{s.paper}-{'landscape' if s.is_landscape else 'portrait'}")
def test_the_pages_have_the_size_of_the_paper(setup):
    with pypdfium2.PdfDocument(day_schedule_pdf(schedule(entry()), setup=setup)) as document:
        width, height = document[0].get_size()
    assert (round(width), round(height)) == tuple(round(length) for length in setup.size)
    assert (width > height) == setup.is_landscape


def test_every_name_of_the_sample_center_can_be_read_again():
    names = sample_names()
    assert len(names) > 300
    groups = [names[i : i + 40] for i in range(0, len(names), 40)]
    entries = [entry(tuple(g), f"{14 + i % 6}:00", capacity=40, tutor=f"T {i}") for i, g in enumerate(groups)]
    page = " ".join(texts(day_schedule_pdf(schedule(*entries))))
    page = page.replace("- ", "-")  # A name may break after its hyphen.
    assert [name for name in names if name not in page] == []


@pytest.mark.parametrize(
    "name",
    ["Łukasz Şahin", "Thảo Nguyễn", "Søren Ñuñez", "Иван Петров", "Ελένη Παππά", "陈美玲", "田中 さくら", "김민준"],
)
def test_a_name_in_any_of_these_scripts_prints_with_an_embedded_font(name):
    pdf = day_schedule_pdf(schedule(entry((name,))))
    assert name in texts(pdf)[0]
    with pypdfium2.PdfDocument(pdf) as document:
        used = {obj.get_font() for obj in document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])}
        assert used
        assert all(font.is_embedded for font in used)


def test_fonts_are_cut_down_to_the_letters_that_are_used():
    assert len(day_schedule_pdf(schedule(entry(("陈美玲",))))) < 120_000


def test_a_letter_with_its_accent_apart_prints_as_one_letter():
    assert "Élodie" in texts(day_schedule_pdf(schedule(entry(("E\u0301lodie Roy",)))))[0]


def test_conflicts_are_numbered_in_their_boxes_and_listed_with_names():
    first, second = entry(title="SAT"), entry(title="ACT", start="16:15")
    conflict = PrintedConflict(
        "Jakub Johnson: SAT 4:00 and ACT 4:15", (first.entry_id, second.entry_id), Mark.OVERLAP
    )
    (page,) = texts(day_schedule_pdf(schedule(first, second, conflicts=(conflict,))))
    assert "Conflicts to settle" in page
    assert "1 Jakub Johnson: SAT 4:00 and ACT 4:15" in page
    assert "2 entries, 1 tutor, 1 conflict" in page
    assert "Double booking" in page


def test_by_room_online_sessions_have_a_column_of_their_own():
    day = schedule(entry(), entry(room=None, start="17:00"))
    assert [c.headings[0] for c in columns(day, ColumnsBy.ROOM)] == ["Room A", "Room B", "Online"]
    (page,) = texts(day_schedule_pdf(day, ColumnsBy.ROOM))
    assert "Day schedule by room" in page
    assert "Chemistry Andre Smith Jakub Johnson 5:00–6:00" in page


def test_a_session_without_tutor_is_not_lost():
    assert "No tutor" in texts(day_schedule_pdf(schedule(entry(tutor=None))))[0]


def test_a_wide_day_continues_on_further_pages_with_the_heading_repeated():
    entries = [entry((f"Child {i}",), tutor=f"Tutor {chr(65 + i)}") for i in range(14)]
    pages = texts(day_schedule_pdf(schedule(*entries)))
    assert len(pages) == 2
    assert all("Wednesday, November 25, 2026" in page and "3 PM" in page for page in pages)
    assert [page.count("Child") for page in pages] == [7, 7]
    assert "Page 2 of 2" in pages[1]


def test_an_empty_day_says_so():
    (page,) = texts(day_schedule_pdf(schedule()))
    assert "No sessions on Wednesday, November 25." in page
    assert "Irvington Office is open 2:00–9:00 PM." in page


def test_a_closed_day_says_why():
    (page,) = texts(day_schedule_pdf(schedule(closed_reason="Thanksgiving")))
    assert "Irvington Office is closed: Thanksgiving." in page


def test_a_weekday_without_opening_hours_says_that_it_is_closed():
    (page,) = texts(day_schedule_pdf(schedule(opens=None, closes=None)))
    assert "Irvington Office is closed that day." in page


def test_sessions_outside_the_opening_hours_widen_the_grid():
    assert hour_range(schedule(entry(start="13:30"), entry(start="20:30", minutes=45))) == (13 * 60, 22 * 60)
    assert hour_range(schedule(entry())) == (14 * 60, 21 * 60)
    assert hour_range(schedule(entry(start="09:15"), opens=None, closes=None)) == (9 * 60, 11 * 60)


def test_names_without_space_in_their_box_are_listed_in_full_below():
    people = ("Maximiliana Featherstonehaugh-Cholmondeley", "Alexandrina Wolfeschlegelsteinhausen")
    crowd = [entry(people, minutes=15, tutor="Jakub Johnson", title=f"Lesson {i}") for i in range(4)]
    (page,) = texts(day_schedule_pdf(schedule(*crowd)))
    assert "Names in full" in page
    joined = page.replace("- ", "-")
    assert joined.count("Maximiliana Featherstonehaugh-Cholmondeley") >= 4


def test_nothing_leaves_the_page_on_a_very_crowded_day():
    everyone = [
        entry((f"Child {i} Of-The-Long-Name",), f"{14 + i % 7}:{i % 4 * 15:02d}", 45, tutor=f"Tutor Number{i % 3}")
        for i in range(60)
    ]
    found = [
        PrintedConflict(f"Tutor Number{i % 3}: Chemistry and Chemistry", (everyone[i].entry_id,), Mark.OVERLAP)
        for i in range(60)
    ]
    for setup in SETUPS:
        pdf = day_schedule_pdf(schedule(*everyone, conflicts=tuple(found)), setup=setup)
        with pypdfium2.PdfDocument(pdf) as document:
            numbers: set[str] = set()
            for page in document:
                width, height = page.get_size()
                for piece in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
                    left, bottom, right, top = piece.get_bounds()
                    assert left >= 20 and bottom >= 10 and right <= width - 20 and top <= height - 10
                numbers |= set(page.get_textpage().get_text_range().split())
            assert {str(n) for n in range(1, 61)} <= numbers


def test_columns_share_the_page_and_none_is_narrower_than_its_names_need():
    day = schedule(*(entry(tutor=f"Tutor {chr(65 + i)}", start=f"{14 + i}:00") for i in range(5)))
    for page in pages_of_columns(columns(day, ColumnsBy.TUTOR), 500, 8):
        widths = column_widths(page, 500)
        assert sum(widths) == pytest.approx(500)
        assert all(width >= column.least_width for width, column in zip(widths, page, strict=True))


def test_a_tutor_with_more_sessions_at_once_than_a_page_is_wide_continues_beside():
    day = schedule(*(entry((f"Child {i}",), title=f"Lesson {i}") for i in range(15)))
    pages = texts(day_schedule_pdf(day))
    assert "Jakub Johnson, more" in " ".join(pages)
    assert all(f"Lesson {i}" in " ".join(pages) for i in range(15))


def test_a_logo_takes_the_place_of_the_initials():
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (20, 20), "navy").save(file, "PNG")
    pdf = day_schedule_pdf(schedule(entry(), logo=file.getvalue()))
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(list(document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))) == 1
    assert " HL " not in f" {texts(pdf)[0]} "


def test_a_long_day_keeps_its_short_lists_on_the_same_page():
    day = schedule(entry(start="08:00", minutes=360), notes=("Outside the opening hours: Chemistry 8:00",))
    (page,) = texts(day_schedule_pdf(day))
    assert "Also to look at" in page


def test_a_single_column_is_no_wider_than_its_text_has_use_for():
    (page,) = pages_of_columns(columns(schedule(entry()), ColumnsBy.TUTOR), 700, 8)
    assert column_widths(page, 700) == [250]
