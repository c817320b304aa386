"""Hebrew and Arabic in the order in which they are seen, and what may not disturb the order of a page."""

from __future__ import annotations

import pypdfium2
import pytest

from desktop.printing.fonts import Weight, print_fonts
from desktop.printing.writing_order import as_seen
from tests.desktop.printing.test_day_schedule import day_schedule_pdf, entry, schedule


def test_hebrew_is_turned_and_latin_stays():
    assert as_seen("שרה") == "הרש"
    assert as_seen("שרה Cohen") == "הרש Cohen"
    assert as_seen("Elena Kim") == "Elena Kim"


def test_numbers_within_hebrew_keep_their_order():
    assert "4:15" in as_seen("שרה 4:15 כהן")


def test_points_are_left_out_as_in_everyday_writing():
    assert as_seen("שָׁרָה") == as_seen("שרה")


def test_arabic_letters_are_joined():
    seen = as_seen("محمد")
    assert len(seen) == 4
    assert all("\ufe70" <= letter <= "\ufefc" for letter in seen)


def test_steering_signs_cannot_turn_what_follows():
    assert as_seen("\u202eAnn\u202c Lee") == "Ann Lee"


@pytest.mark.parametrize("name", ["שרה כהן", "محمد الأحمد", "فاطمة الزهراء"])
def test_the_bundled_fonts_have_every_letter(name):
    fonts = {font for font, _ in print_fonts().runs(name.replace(" ", ""), Weight.REGULAR)}
    assert fonts <= {"Fallback-NotoSansHebrew-Regular", "Fallback-NotoSansArabic-Regular"}


def test_a_hebrew_name_is_drawn_from_right_to_left():
    pdf = day_schedule_pdf(schedule(entry(("שרה",))))
    with pypdfium2.PdfDocument(pdf) as document:
        words = document[0].get_textpage()
        boxes = {
            words.get_text_range(i, 1): words.get_charbox(i)[0]
            for i in range(words.count_chars())
            if words.get_text_range(i, 1) in "שרה"
        }
        words.close()
    assert boxes["ש"] > boxes["ר"] > boxes["ה"]


def test_invisible_and_control_signs_leave_no_boxes():
    assert as_seen("Zero\u200bWidth\u200dJoiner") == "ZeroWidthJoiner"
    assert print_fonts().runs("Line\nBreak") == [(str(Weight.REGULAR), "Line Break")]
