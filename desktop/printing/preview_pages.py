"""Shows the pages of a PDF: the stack of pages at any zoom, and the strip of small ones beside it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from desktop import theme
from desktop.widgets import painting

PageSize = tuple[float, float]
PIXELS_PER_POINT = 96 / 72
ZOOM_STEPS = (0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
PAPER = QColor("#FFFFFF")
_KEPT = 5
"""Images of so many pages before and after the one in view are kept."""


class Fit(StrEnum):
    """How large the pages are shown: the whole page, its width, or at a zoom of its own."""

    PAGE = "page"
    WIDTH = "width"
    ZOOM = "zoom"


class PageStack(QScrollArea):
    """All pages below each other. Asks for images (`imageWanted`: page, pixels for each point) as they are needed."""

    imageWanted = Signal(int, float)
    currentChanged = Signal(int)
    zoomChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pages")
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(False)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._sheet = _Sheet(self)
        self.setWidget(self._sheet)
        show_ground_through(self)
        self._sizes: list[PageSize] = []
        self._tops: list[float] = []
        self._images: dict[int, tuple[float, QImage]] = {}
        self._asked: dict[int, float] = {}
        self._fit = Fit.PAGE
        self._zoom = 1.0
        self._current = 0
        self._settled = QTimer(self, singleShot=True, interval=30)
        self._settled.timeout.connect(self._ask_for_visible)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    @property
    def fit(self) -> Fit:
        """How the zoom is chosen."""
        return self._fit

    @property
    def zoom(self) -> float:
        """The zoom in force; 1 is paper size on a screen of 96 dots an inch."""
        return self._zoom

    @property
    def current(self) -> int:
        """The page in view."""
        return self._current

    def set_pages(self, sizes: Sequence[PageSize]) -> None:
        """Show other pages, of these sizes in points. What was shown stays until its new image arrives."""
        if len(sizes) < len(self._sizes):
            self._images = {page: image for page, image in self._images.items() if page < len(sizes)}
        self._sizes = list(sizes)
        self._asked.clear()
        self._current = min(self._current, max(len(sizes) - 1, 0))
        self._lay_out()
        self.go_to(self._current)

    def set_image(self, page: int, scale: float, image: QImage) -> None:
        """The image of a page has come."""
        self._images[page] = (scale, image)
        for far in [other for other in self._images if abs(other - self._current) > _KEPT]:
            del self._images[far]
            self._asked.pop(far, None)
        self._sheet.update()

    def set_fit(self, fit: Fit) -> None:
        """Show the whole page or its width."""
        self._fit = fit
        self._lay_out()
        self.go_to(self._current)

    def zoom_by(self, steps: int) -> None:
        """Larger (positive) or smaller by steps of the ladder."""
        ladder = sorted({*ZOOM_STEPS, round(self._zoom, 3)})
        at = ladder.index(round(self._zoom, 3))
        self._zoom = ladder[min(max(at + steps, 0), len(ladder) - 1)]
        self._fit = Fit.ZOOM
        self._lay_out()

    def go_to(self, page: int) -> None:
        """Bring a page to the top of the view."""
        if self._sizes:
            page = min(max(page, 0), len(self._sizes) - 1)
            self.verticalScrollBar().setValue(int(self.page_rect(page).top()) - self._gap())
            self._set_current(page)

    def page_rect(self, page: int) -> QRectF:
        """Where a page lies on the sheet, in logical px."""
        width, height = (round(length * self._scale()) for length in self._sizes[page])
        return QRectF((self._sheet.width() - width) / 2, self._tops[page], width, height)

    def _pages_between(self, top: float, bottom: float) -> range:
        """The pages that a stretch of the sheet touches."""
        first = max(bisect_right(self._tops, top) - 1, 0)
        return range(first, max(bisect_left(self._tops, bottom), min(first + 1, len(self._tops))))

    def paint_pages(self, painter: QPainter, visible: QRectF) -> None:
        """Draw the pages that ``visible`` touches."""
        c = theme.current().color
        for page in self._pages_between(visible.top() - 8, visible.bottom() + 8):
            rect = self.page_rect(page)
            painting.box(painter, rect.adjusted(-1, -1, 1, 1), 0, PAPER, c.line_strong)
            if page in self._images:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(rect, self._images[page][1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.go_to(0 if event.key() == Qt.Key.Key_Home else len(self._sizes) - 1)
        else:
            super().keyPressEvent(event)

    def turn(self, screens: int) -> None:
        """On (positive) or back by a screen; where whole pages are shown, by a page."""
        bar = self.verticalScrollBar()
        if self._fit is Fit.PAGE:
            self.go_to(self._current + screens)
        else:
            bar.setValue(bar.value() + screens * bar.pageStep() * 9 // 10)

    def _gap(self) -> int:
        return theme.current().px(16)

    def _scale(self) -> float:
        """Logical px for each point."""
        return self._zoom * PIXELS_PER_POINT

    def _lay_out(self) -> None:
        if not self._sizes:
            self._tops = []
            self._sheet.resize(0, 0)
            return
        widest, tallest = max(w for w, _ in self._sizes), max(h for _, h in self._sizes)
        room = self.maximumViewportSize()
        has_bar = len(self._sizes) > 1 or self._fit is Fit.WIDTH
        across = room.width() - 2 * self._gap() - (self.verticalScrollBar().sizeHint().width() if has_bar else 0)
        down = room.height() - 2 * self._gap()
        before = self._zoom
        if self._fit is Fit.WIDTH:
            self._zoom = max(across, 50) / widest / PIXELS_PER_POINT
        elif self._fit is Fit.PAGE:
            self._zoom = min(max(across, 50) / widest, max(down, 50) / tallest) / PIXELS_PER_POINT
        self._tops, height = [], self._gap()
        for _, length in self._sizes:
            self._tops.append(float(height))
            height += round(length * self._scale()) + self._gap()
        self._sheet.resize(max(round(widest * self._scale()) + 2 * self._gap(), 1), height)
        self._sheet.update()
        self._settled.start()
        if before != self._zoom:
            self.zoomChanged.emit()

    def _ask_for_visible(self) -> None:
        """Ask for every page in view, and the next, that has no image at the present scale."""
        if not self._sizes:
            return
        scale = round(self._scale() * self.devicePixelRatioF(), 4)
        top = self.verticalScrollBar().value()
        for page in self._pages_between(top, top + self.viewport().height() * 1.5):
            if self._asked.get(page) != scale:
                self._asked[page] = scale
                self.imageWanted.emit(page, scale)

    def _scrolled(self) -> None:
        self._settled.start()
        middle = self.verticalScrollBar().value() + self.viewport().height() / 2
        if self._sizes:
            near = self._pages_between(middle - self.viewport().height(), middle + self.viewport().height())
            self._set_current(min(near, key=lambda p: abs(self.page_rect(p).center().y() - middle)))

    def _set_current(self, page: int) -> None:
        if page != self._current:
            self._current = page
            self.currentChanged.emit(page)


def show_ground_through(area: QScrollArea) -> None:
    """Let a scroll area paint no ground of its own."""
    area.viewport().setAutoFillBackground(False)
    content = area.widget()
    if content is not None:
        content.setAutoFillBackground(False)


class _Sheet(QWidget):
    """What the stack scrolls."""

    def __init__(self, stack: PageStack) -> None:
        super().__init__()
        self._stack = stack

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        self._stack.paint_pages(painter, QRectF(event.rect()))
        painter.end()


class Thumbnails(QWidget):
    """The pages in small, one below the other, with their numbers; arrows move, a click chooses."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pages in small")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._sizes: list[PageSize] = []
        self._laid_out: tuple[int, list[float]] | None = None
        self._images: dict[int, QImage] = {}
        self._current = 0

    shows_focus_ring = False

    def set_pages(self, sizes: Sequence[PageSize]) -> None:
        """Other pages."""
        self._sizes = list(sizes)
        self._laid_out = None
        self._images = {page: image for page, image in self._images.items() if page < len(sizes)}
        self._current = min(self._current, max(len(sizes) - 1, 0))
        self._describe()
        self.updateGeometry()
        self.resize(self.sizeHint())
        self.update()

    def set_image(self, page: int, image: QImage) -> None:
        """The small image of a page has come."""
        self._images[page] = image
        self.update()

    def set_current(self, page: int) -> None:
        """Mark the page in view."""
        self._current = page
        self._describe()
        self.update()

    def image_scale(self) -> float:
        """Pixels for each point that the small images need."""
        widest = max((max(size) for size in self._sizes), default=1.0)
        return theme.current().px(104) * self.devicePixelRatioF() / widest

    def page_rect(self, page: int) -> QRectF:
        """Where a small page lies."""
        size = self._page_size(page)
        return QRectF((self.width() - size.width()) / 2, self._tops()[page], size.width(), size.height())

    def _tops(self) -> list[float]:
        """Where each small page begins, and where the last one ends; worked out once for a scale of the theme."""
        t = theme.current()
        if self._laid_out is None or self._laid_out[0] != t.px(104):
            tops = [float(t.px(16))]
            for index in range(len(self._sizes)):
                tops.append(tops[-1] + self._page_size(index).height() + t.px(32))
            self._laid_out = (t.px(104), tops)
        return self._laid_out[1]

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(140), round(self._tops()[-1]))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        tops = self._tops()
        first = max(bisect_right(tops, event.rect().top()) - 1, 0)
        for page in range(first, min(bisect_right(tops, event.rect().bottom() + t.px(8)), len(self._sizes))):
            rect = self.page_rect(page)
            is_current = page == self._current
            if is_current:
                ring = rect.adjusted(-t.px(4), -t.px(4), t.px(4), t.px(4))
                line = c.focus if self.hasFocus() else c.accent
                painting.box(painter, ring, t.size.radius_entry, None, line, 2.0)
            painting.box(painter, rect, 0, PAPER, c.line_strong)
            if page in self._images:
                painter.drawImage(rect.adjusted(1, 1, -1, -1), self._images[page])
            number = QRectF(0, rect.bottom() + t.px(5), self.width(), t.px(18))
            style, ink = ("small_strong", c.text) if is_current else ("small", c.text2)
            painting.text(painter, number, str(page + 1), style, ink, Qt.AlignmentFlag.AlignHCenter)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for page in range(len(self._sizes)):
            if self.page_rect(page).adjusted(-8, -8, 8, 24).contains(event.position()):
                self._choose(page)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._sizes) - 1
        to = {
            Qt.Key.Key_Up: self._current - 1,
            Qt.Key.Key_Down: self._current + 1,
            Qt.Key.Key_PageUp: self._current - 1,
            Qt.Key.Key_PageDown: self._current + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if to is None:
            super().keyPressEvent(event)
        elif self._sizes:
            self._choose(min(max(to, 0), last))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _choose(self, page: int) -> None:
        self.set_current(page)
        self.chosen.emit(page)

    def _describe(self) -> None:
        self.setAccessibleDescription(f"Page {self._current + 1} of {len(self._sizes)}")

    def _page_size(self, page: int) -> QSize:
        width, height = self._sizes[page]
        long = theme.current().px(104)
        scale = long / max(width, height)
        return QSize(round(width * scale), round(height * scale))
