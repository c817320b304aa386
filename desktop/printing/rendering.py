"""Turns the pages of a PDF into images, for the screen and for the printer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter

from desktop.printing.sheet import PageSetup, Paper

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

PRINT_DPI = 300
POINTS_PER_INCH = 72.0


class PrintingFailed(Exception):
    """The printer did not take the pages; the text says what to do."""


def page_sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height in points of each page."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        return [document.get_page_size(index) for index in range(len(document))]


def render_page(pdf: bytes, index: int, scale: float) -> QImage:
    """One page as an image, ``scale`` pixels for each point."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        bitmap = document[index].render(scale=scale, prefer_bgrx=True)
        size = bitmap.width, bitmap.height, bitmap.stride
        return QImage(bytes(bitmap.buffer), *size, QImage.Format.Format_RGB32).copy()


def set_up_printer(printer: QPrinter, setup: PageSetup, title: str) -> None:
    """Tell the printer paper, orientation and name of the job, before its dialog is shown."""
    size = QPageSize.PageSizeId.Letter if setup.paper is Paper.LETTER else QPageSize.PageSizeId.A4
    orientation = QPageLayout.Orientation.Landscape if setup.is_landscape else QPageLayout.Orientation.Portrait
    printer.setPageLayout(QPageLayout(QPageSize(size), orientation, QMarginsF()))
    printer.setFullPage(True)
    printer.setDocName(title)
    printer.setCreator("iTutorOS")


def print_pages(pdf: bytes, printer: QPrinter, is_wanted: Callable[[], bool] = lambda: True) -> int:
    """Draw the chosen pages at the printer's resolution (at most 300 dots an inch); returns how many.

    Raises PrintingFailed when the printer cannot be started or cannot go on.
    """
    sizes = page_sizes(pdf)
    first = printer.fromPage() or 1
    last = min(printer.toPage() or len(sizes), len(sizes))
    scale = min(printer.resolution(), PRINT_DPI) / POINTS_PER_INCH
    painter = QPainter()
    if not painter.begin(printer):
        raise PrintingFailed("The printer does not answer. Check that it is on, or save a PDF.")
    try:
        for number in range(first, last + 1):
            if not is_wanted():
                printer.abort()
                return number - first
            if number > first and not printer.newPage():
                raise PrintingFailed("The printer stopped. Check paper and ink, then print again.")
            image = render_page(pdf, number - 1, scale)
            painter.drawImage(_on_paper(printer, sizes[number - 1]), image)
    finally:
        painter.end()
    return last - first + 1


def _on_paper(printer: QPrinter, page: tuple[float, float]) -> QRectF:
    """Where a page lies on the sheet, in dots of the printer: centered, smaller where the sheet is smaller."""
    sheet = QRectF(printer.paperRect(printer.Unit.DevicePixel))
    dots = printer.resolution() / POINTS_PER_INCH
    size = QSizeF(page[0] * dots, page[1] * dots)
    shrink = min(1.0, sheet.width() / size.width(), sheet.height() / size.height())
    size *= shrink
    left, top = (sheet.width() - size.width()) / 2, (sheet.height() - size.height()) / 2
    return QRectF(left, top, size.width(), size.height())
