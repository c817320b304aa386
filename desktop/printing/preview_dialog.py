"""The print preview: pages as they will come out of the printer, the choices beside them, and print and save."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QPaintEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.permissions import own_places
from desktop.printing.center_values import open_center
from desktop.printing.kinds import Asks, PrintKind, PrintParameters, prepare
from desktop.printing.preview_choices import PrintChoices
from desktop.printing.preview_pages import Fit, PageStack, Thumbnails, show_ground_through
from desktop.printing.rendering import PrintingFailed, page_sizes, print_pages, render_page, set_up_printer
from desktop.printing.sheet import PageSetup, counted
from desktop.store.store import Changes, Store
from desktop.widgets import Button, IconButton, Kind, Label, Line, Segmented, make_action, painting

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

_RENDERING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="print-preview")
"""One thread for all previews: the PDF renderer must never be called from two at once."""

PRINTED_TABLES = frozenset(
    {"schedule_entry", "attendee", "entry_room", "student", "user", "tutor", "room", "location", "organization"}
    | {"opening_hours", "closure", "service", "topic", "subject", "product", "tutor_time_off", "tutor_availability"}
    | {"family", "series"}
)


@dataclass(frozen=True)
class _Pages:
    """A finished PDF with what the preview needs to know of it."""

    pdf: bytes
    sizes: list[tuple[float, float]]
    kind: PrintKind
    summary: str
    file_name: str
    setup: PageSetup


def open_preview(
    store: Store,
    kind: PrintKind = PrintKind.DAY,
    parameters: PrintParameters | None = None,
    parent: QWidget | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> PrintPreview:
    """Open the preview of a kind of print over ``parent``; its signal ``said`` tells what was printed or saved."""
    preview = PrintPreview(store, kind, parameters, now=now, parent=parent)
    preview.open()
    return preview


class PrintPreview(QDialog):
    """Preview of a kind of print, where another can be chosen.

    Everything that takes time runs off the UI thread. ``said`` carries what was done, for the status strip.
    ``ask_printer`` and ``ask_file`` stand for the dialogs of the operating system.
    """

    said = Signal(str)
    pagesShown = Signal()
    _storeChanged = Signal()

    def __init__(
        self,
        store: Store,
        kind: PrintKind = PrintKind.DAY,
        parameters: PrintParameters | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ask_printer: Callable[[QPrinter, QWidget, int], bool] | None = None,
        ask_file: Callable[[QWidget, str], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._now = store, now
        self._ask_printer = ask_printer or _ask_printer
        self._ask_file = ask_file or _ask_file
        self._pages: _Pages | None = None
        self._generation = 0
        self._is_new = True
        self._background = Background(self, thread=_RENDERING)
        self._background.busyChanged.connect(self._show_busy)
        self.setWindowTitle("Print")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setModal(True)
        self.choices = PrintChoices(store, kind, parameters or PrintParameters(), self._background, now)
        self.choices.changed.connect(self._make_pages)
        self.summary = self.choices.summary
        self._make_view()
        self._make_actions()
        self._lay_out()
        self._soon = QTimer(self, singleShot=True, interval=60)
        self._soon.timeout.connect(self._make_pages)
        self._storeChanged.connect(self._soon.start)
        self._unsubscribe = store.subscribe(self._store_changed)
        t = theme.current()
        self.resize(t.px(1180), t.px(760))
        self.setMinimumSize(t.px(760), t.px(480))
        self._make_pages()

    # Building

    def _make_view(self) -> None:
        self.stack = PageStack()
        self.thumbnails = Thumbnails()
        self.thumbnails.chosen.connect(self.stack.go_to)
        self.stack.currentChanged.connect(self._page_changed)
        self.stack.imageWanted.connect(self._render)
        self.stack.zoomChanged.connect(self._show_zoom)
        self.nothing = Label("", "section", "text2")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.page_words = Label("", "body", "text2", tabular=True)
        self.zoom_words = Label("", "body", "text2", tabular=True)
        self.zoom_words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.zoom_words.setFixedWidth(theme.current().px(52))
        self.fit = Segmented([("page", "Whole page"), ("width", "Full width")], "page", name="Size on screen")
        self.fit.changed.connect(lambda key: self.stack.set_fit(Fit(key)))
        self.status = Label("", "body", "text2", elide=True)
        self.status.setAccessibleName("What happened")

    def _make_actions(self) -> None:
        self.print_action = make_action(self, "Print", self._print, icon="printer", shortcut="Ctrl+P")
        self.save_action = make_action(self, "Save PDF…", self._save, icon="download", shortcut="Ctrl+S")
        self.close_action = make_action(self, "Close", self.close)
        self.earlier = make_action(self, "Back in time", lambda: self.choices.move_by(-1), shortcut="Alt+Left")
        self.later = make_action(self, "On in time", lambda: self.choices.move_by(1), shortcut="Alt+Right")
        self.back = make_action(self, "Back", lambda: self.stack.turn(-1), shortcut="PgUp")
        self.onward = make_action(self, "On", lambda: self.stack.turn(1), shortcut="PgDown")
        self.larger = make_action(
            self, "Larger", lambda: self._zoom_by(1), icon="zoom-in", shortcut=["Ctrl++", "Ctrl+="]
        )
        self.smaller = make_action(self, "Smaller", lambda: self._zoom_by(-1), icon="zoom-out", shortcut="Ctrl+-")
        self.whole = make_action(self, "Whole page", lambda: self._set_fit(Fit.PAGE), shortcut="Ctrl+0")
        self.wide = make_action(self, "Full width", lambda: self._set_fit(Fit.WIDTH), shortcut="Ctrl+1")
        for action in (self.print_action, self.save_action):
            action.setEnabled(False)

    def _lay_out(self) -> None:
        t = theme.current()
        tools = QHBoxLayout()
        tools.setContentsMargins(t.px(16), t.px(8), t.px(16), t.px(8))
        tools.setSpacing(t.px(8))
        tools.addWidget(self.page_words)
        tools.addStretch(1)
        smaller = IconButton("zoom-out", "Smaller (Ctrl −)", on_click=self.smaller.trigger)
        larger = IconButton("zoom-in", "Larger (Ctrl +)", on_click=self.larger.trigger)
        for widget in (smaller, self.zoom_words, larger, self.fit):
            tools.addWidget(widget)

        strip = QScrollArea()
        strip.setFrameShape(QScrollArea.Shape.NoFrame)
        strip.setWidget(self.thumbnails)
        show_ground_through(strip)
        strip.setFixedWidth(t.px(152))
        strip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        strip.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._strip = strip
        self.thumbnails.chosen.connect(self._show_thumbnail)
        view = QHBoxLayout()
        view.setSpacing(0)
        view.addWidget(strip)
        view.addWidget(Line(vertical=True))
        self._middle = QStackedLayout()
        self._middle.addWidget(self.stack)
        self._middle.addWidget(self.nothing)
        view.addLayout(self._middle, 1)
        ground = _Ground("sunken")
        ground.setLayout(view)
        view.setContentsMargins(0, 0, 0, 0)

        left = QVBoxLayout()
        left.setSpacing(0)
        left.addLayout(tools)
        left.addWidget(Line())
        left.addWidget(ground, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(Line(vertical=True))
        middle.addWidget(self._choices_panel())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(middle, 1)
        outer.addWidget(Line())
        outer.addWidget(self._footer())
        order = (self.thumbnails, self.stack, self.fit, self.choices.what)
        for before, after in pairwise(order):
            self.setTabOrder(before, after)
        for before, after in zip((self.choices.orientation, *self._buttons), self._buttons, strict=False):
            self.setTabOrder(before, after)

    def _choices_panel(self) -> QWidget:
        t = theme.current()
        area = QScrollArea()
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.choices.setFixedWidth(t.px(280))
        area.setWidget(self.choices)
        show_ground_through(area)
        panel = _Ground("surface")
        panel.setFixedWidth(t.px(288))
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        return panel

    def _footer(self) -> QWidget:
        t = theme.current()
        footer = _Ground("surface")
        row = QHBoxLayout(footer)
        row.setContentsMargins(t.px(16), t.px(12), t.px(16), t.px(12))
        row.setSpacing(t.px(8))
        row.addWidget(self.status, 1)
        close = Button("Close", keycap="Esc", on_click=self.close_action.trigger)
        save = Button.for_action(self.save_action)
        row.addWidget(close)
        row.addWidget(save)
        self.print_button = Button.for_action(self.print_action, Kind.PRIMARY)
        row.addWidget(self.print_button)
        self._buttons = (close, save, self.print_button)
        return footer

    # Making pages

    def _make_pages(self) -> None:
        """Read what is asked for and make its pages; a newer choice overtakes an older one."""
        self._generation += 1
        missing = self.choices.missing()
        if missing:
            if Asks.DAY not in self.choices.asks or self.choices.day.value() is not None:
                self._show_nothing(missing)
            return
        generation = self._generation
        kind, parameters, setup = self.choices.kind, self.choices.parameters(), self.choices.setup()
        now, store = self._now(), self._store

        def make() -> _Pages:
            with store.read() as session:
                center = open_center(session, store.organization_id, now, store.user_id, own_places(store))
                prepared = prepare(kind, center, parameters)
            pdf = prepared.draw(setup)
            return _Pages(pdf, page_sizes(pdf), kind, prepared.summary, _file_name(prepared.file_name), setup)

        self._background.run(make, self._show_pages, self._show_failure, lambda: generation == self._generation)

    def _show_nothing(self, words: str) -> None:
        """There is nothing to show until something is chosen, which is where the keyboard goes."""
        if self._is_new:
            self.choices.focus_missing()
        self._pages = None
        self.stack.set_pages([])
        self.thumbnails.set_pages([])
        self.page_words.setText("")
        self.summary.set_text("")
        self.nothing.setText(words)
        self._middle.setCurrentWidget(self.nothing)
        for action in (self.print_action, self.save_action):
            action.setEnabled(False)

    def _show_pages(self, pages: _Pages) -> None:
        is_other_kind = self._pages is not None and self._pages.kind is not pages.kind
        self._pages = pages
        self._middle.setCurrentWidget(self.stack)
        self.stack.set_pages(pages.sizes)
        self.thumbnails.set_pages(pages.sizes)
        if is_other_kind:
            self.stack.go_to(0)
        self._page_changed(self.stack.current)
        self.summary.set_text(_summary(pages))
        self.status.setText("")
        for action in (self.print_action, self.save_action):
            action.setEnabled(True)
        if self._is_new:
            self._is_new = False
            self.print_button.setFocus()
        self._render_thumbnail(pages, 0)

    def _render_thumbnail(self, pages: _Pages, page: int) -> None:
        """One small page after the other, so that what is in view never waits for all of them."""

        def show(image: QImage) -> None:
            self.thumbnails.set_image(page, image)
            if page + 1 < len(pages.sizes):
                self._render_thumbnail(pages, page + 1)

        scale = self.thumbnails.image_scale()
        self._background.run(
            lambda: render_page(pages.pdf, page, scale), show, self._show_failure, lambda: pages is self._pages
        )

    def _render(self, page: int, scale: float) -> None:
        pages = self._pages
        if pages is None:
            return

        def show(image: QImage) -> None:
            self.stack.set_image(page, scale, image)
            self.pagesShown.emit()

        self._background.run(
            lambda: render_page(pages.pdf, page, scale), show, self._show_failure, lambda: pages is self._pages
        )

    def _show_failure(self, error: Exception) -> None:
        words = str(error) if isinstance(error, (PrintingFailed, LookupError)) else "The pages could not be made."
        self._say(words, "danger")

    def _store_changed(self, changes: Changes) -> None:
        """Rows changed, told from the thread that wrote: make the pages again on the UI thread."""
        if not PRINTED_TABLES.isdisjoint(changes):
            self._storeChanged.emit()

    # What the person does

    def _zoom_by(self, steps: int) -> None:
        self.stack.zoom_by(steps)
        self._show_zoom()

    def _set_fit(self, fit: Fit) -> None:
        self.stack.set_fit(fit)
        self._show_zoom()

    def _show_zoom(self) -> None:
        self.zoom_words.setText(f"{round(self.stack.zoom * 100)} %")
        self.fit.set_value(self.stack.fit.value)

    def _page_changed(self, page: int) -> None:
        count = len(self._pages.sizes) if self._pages else 0
        self.thumbnails.set_current(page)
        if count:
            self._show_thumbnail(page)
        self.page_words.setText(f"Page {page + 1} of {count}")
        self._show_zoom()

    def _show_thumbnail(self, page: int) -> None:
        rect = self.thumbnails.page_rect(page)
        center: QPointF = rect.center()
        self._strip.ensureVisible(round(center.x()), round(center.y()), 0, round(rect.height()))

    def _save(self) -> None:
        if self._pages is None:
            return
        asked = self._ask_file(self, self._pages.file_name)
        if not asked:
            return
        file = Path(asked)
        if not file.suffix:
            file = file.with_suffix(".pdf")
        try:
            file.write_bytes(self._pages.pdf)
        except OSError as error:
            self._say(f"{file.name} could not be saved: {error.strerror}. Choose another folder.", "danger")
            return
        self._say(f"Saved {file.name}", "ok")
        self.said.emit(f"Saved {file.name}")

    def _print(self) -> None:
        pages = self._pages
        if pages is None:
            return
        from PySide6.QtPrintSupport import QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        set_up_printer(printer, pages.setup, pages.file_name.removesuffix(".pdf"))
        if not self._ask_printer(printer, self, len(pages.sizes)):
            return
        self.print_action.setEnabled(False)
        self._say("Printing…", "text2")

        def done(count: int) -> None:
            self.print_action.setEnabled(True)
            words = f"Sent {count} {'page' if count == 1 else 'pages'} to {printer.printerName() or 'the printer'}"
            self._say(words, "ok")
            self.said.emit(words)

        def failed(error: Exception) -> None:
            self.print_action.setEnabled(True)
            self._show_failure(error)

        self._background.run(lambda: print_pages(pages.pdf, printer), done, failed)

    def _say(self, words: str, tone: str) -> None:
        self.status.set_tone(tone)
        self.status.setText(words)

    def _show_busy(self, is_busy: bool) -> None:
        self.setProperty("isBusy", is_busy)

    def done(self, result: int) -> None:
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._generation += 1
        self._background.close()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.done(0)
        super().closeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(1180), theme.current().px(760))


class _Ground(QWidget):
    """A plain surface in one color of the theme."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._color = color

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), getattr(theme.current().color, self._color))
        painter.end()


def _summary(pages: _Pages) -> str:
    sheets = counted(len(pages.sizes), "page", "pages")
    return f"{pages.summary}, {sheets}. The pages name children: do not leave them at the desk."


def _file_name(words: str) -> str:
    """A name that every system takes."""
    kept = "".join(c for c in words if c not in '\\/:*?"<>|' and c.isprintable())
    return f"{kept.strip(' .')[:120]}.pdf"


def _ask_file(parent: QWidget, name: str) -> str:
    from PySide6.QtCore import QStandardPaths

    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    chosen, _ = QFileDialog.getSaveFileName(parent, "Save PDF", str(Path(folder) / name), "PDF (*.pdf)")
    return chosen


def _ask_printer(printer: QPrinter, parent: QWidget, pages: int) -> bool:
    from PySide6.QtPrintSupport import QAbstractPrintDialog, QPrintDialog

    dialog = QPrintDialog(printer, parent)
    dialog.setOption(QAbstractPrintDialog.PrintDialogOption.PrintPageRange)
    dialog.setMinMax(1, pages)
    return dialog.exec() == QDialog.DialogCode.Accepted
