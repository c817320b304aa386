"""Reads printed pages back: their text, and whether everything lies inside the paper."""

from __future__ import annotations

import pypdfium2
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

from desktop.printing.sheet import PageSetup, Paper

SETUPS = [PageSetup(paper, is_landscape) for paper in Paper for is_landscape in (True, False)]
HOSTILE_NAMES = (
    "Maximiliana-Alexandrina Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
    "Pneumonoultramicroscopicsilicovolcanoconiosisfloccinaucinihilipilification",
    "Robert'); DROP TABLE student;--",
    "(Tj) ET \\Q endstream",
    "\u202eesrever\u202c Ann",
    "Zero\u200bWidth\u200dJoiner",
    "Emoji 👩\u200d👩\u200d👧 Child",
    "陈美玲陈美玲陈美玲陈美玲陈美玲陈美玲陈美玲陈美玲",
    "محمد بن عبد الرحمن الأحمد",
    "שרה בת-שבע כהן-לוי",
    "A",
    "Line\nBreak\tTab",
)


def texts(pdf: bytes) -> list[str]:
    """The text of each page, in reading order, with line breaks as spaces."""
    with pypdfium2.PdfDocument(pdf) as document:
        found = []
        for page in document:
            words = page.get_textpage()
            found.append(" ".join(words.get_text_range().split()))
            words.close()
        return found


def assert_inside(pdf: bytes, setup: PageSetup) -> None:
    """Every piece of text lies inside the margins, and the pages have the size of the paper."""
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            width, height = page.get_size()
            assert (round(width), round(height)) == tuple(round(length) for length in setup.size)
            for piece in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT]):
                left, bottom, right, top = piece.get_bounds()
                assert left >= 24 and bottom >= 12 and right <= width - 24 and top <= height - 12
