"""The frame of every printed page: the header with the center's name and mark, the footer with page numbers, and the
space between. Each kind of print composes its pages first, so that a page can say how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from desktop.printing.box_text import wrap
from desktop.printing.drawing import GRAY_TEXT, Pen, color_of
from desktop.printing.fonts import PrintFonts, Weight, print_fonts
from desktop.printing.sheet import PageSetup, Sheet, date_words
from desktop.schedule.calendar_values import clock_words
from shared_models.organization.brand import mark_letters

MARGIN_X, MARGIN_Y = 27.0, 24.0
HEADER = 46.0
FOOTER = 18.0
_MARK = 30.0


@dataclass(frozen=True)
class PrintedPage:
    """One page: what its header says, and what draws the rest."""

    title: str
    subtitle: str
    draw: Callable[[], None]


@dataclass(frozen=True)
class Frame:
    """The space of a page between header and footer, in points from the upper left corner."""

    pen: Pen
    setup: PageSetup

    @property
    def fonts(self) -> PrintFonts:
        return self.pen.fonts

    @property
    def left(self) -> float:
        return MARGIN_X

    @property
    def right(self) -> float:
        return self.pen.width - MARGIN_X

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def top(self) -> float:
        """Where the rule below the header lies."""
        return MARGIN_Y + HEADER

    @property
    def bottom(self) -> float:
        return self.pen.height - MARGIN_Y - FOOTER

    def say_empty(self, title: str, detail: str) -> None:
        """Say in the middle of the page that there is nothing to show, and why."""
        middle, y = self.pen.width / 2, self.pen.height * 0.4
        for text, size, weight, gap in ((title, 15.0, Weight.SEMIBOLD, 20.0), (detail, 10.5, Weight.REGULAR, 14.0)):
            for line in wrap(self.fonts, text, size, weight, self.width, breaks_words=True) or []:
                self.pen.text_center(middle, y, line, size, weight)
                y += gap
            y += 4.0


def sheet_pdf(sheet: Sheet, setup: PageSetup, title: str, compose: Callable[[Frame], Sequence[PrintedPage]]) -> bytes:
    """The pages that ``compose`` makes in their frame, as a PDF file with its fonts embedded."""
    import reportlab.rl_config
    from reportlab.pdfgen.canvas import Canvas

    reportlab.rl_config.useA85 = 0  # Text armor makes files a quarter larger and slower, for printers of the 1980s.
    file = BytesIO()
    canvas = Canvas(file, pagesize=setup.size, lang="en", pageCompression=1)
    canvas.setTitle(title)
    canvas.setAuthor(sheet.organization_name)
    canvas.setCreator("iTutorOS")
    frame = Frame(Pen(canvas, print_fonts(), setup.size), setup)
    pages = compose(frame)
    for number, page in enumerate(pages, 1):
        _header(frame, sheet, page)
        page.draw()
        _footer(frame, sheet, f"Page {number} of {len(pages)}")
        frame.pen.end_page()
    canvas.save()
    return file.getvalue()


def _header(frame: Frame, sheet: Sheet, page: PrintedPage) -> None:
    pen, x, color = frame.pen, frame.left, color_of(sheet.color)
    if sheet.logo:
        pen.image(x, MARGIN_Y + 4.0, _MARK, sheet.logo)
    else:
        pen.fill(x, MARGIN_Y + 4.0, _MARK, _MARK, color, 6.0)
        letters = mark_letters(sheet.organization_name)
        pen.text_center(x + _MARK / 2, MARGIN_Y + 12.2, letters, 13.5, Weight.SEMIBOLD, 1.0)
    contact = (sheet.organization_name, *sheet.contact_lines)[:3]
    x += _MARK + 9.0
    most = (frame.right - x) * 0.45
    right = min(max(pen.fonts.width(line, 9.0, Weight.SEMIBOLD) for line in contact), most)
    space = frame.right - right - 12.0 - x
    pen.text_within(x, MARGIN_Y + 1.5, page.title, 15.0, Weight.SEMIBOLD, space)
    pen.text_within(x, MARGIN_Y + 22.0, page.subtitle, 9.75, Weight.REGULAR, space)
    for i, line in enumerate(contact):
        weight = Weight.SEMIBOLD if i == 0 else Weight.REGULAR
        width = min(pen.fonts.width(line, 9.0, weight), most)
        pen.text_within(frame.right - width, MARGIN_Y - 1.0 + i * 12.75, line, 9.0, weight, width, GRAY_TEXT)
    pen.line(frame.left, frame.top, frame.right, frame.top, 1.5, color)


def _footer(frame: Frame, sheet: Sheet, count: str) -> None:
    pen, moment, size = frame.pen, sheet.printed_at, 8.25
    printed = f"Printed {date_words(moment.date())}, {clock_words(moment.hour * 60 + moment.minute)}"
    if sheet.printed_by:
        printed += f" by {sheet.printed_by}"
    y = pen.height - MARGIN_Y - 2.0
    middle, right = (pen.fonts.width(text, size) for text in (sheet.warning, count))
    left = min(pen.fonts.width(printed, size), frame.width - middle - right - 24.0)
    center = max(pen.width / 2, frame.left + left + 12.0 + middle / 2)
    center = min(center, frame.right - right - 12.0 - middle / 2)
    pen.text_within(frame.left, y, printed, size, Weight.REGULAR, left, 0.2)
    pen.text_center(center, y, sheet.warning, size, gray=0.2)
    pen.text_right(frame.right, y, count, size, gray=0.2)
