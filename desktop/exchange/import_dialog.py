"""The import dialog: choose or drop files, look at what they hold, say which column is which, mend bad lines, and
bring everything in with one button. Reading and writing run off the UI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.exchange.file_views import ColumnsView, Ground, ProblemsView, RowsView
from desktop.exchange.import_result import ImportResult
from desktop.exchange.preview import KIND_ICONS, KIND_WORDS, FilePreview, import_words, previews_of
from desktop.exchange.remembered_columns import columns_to_remember, with_remembered_columns
from desktop.store.errors import StoreError
from desktop.store.store import Store, write_local
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    EmptyState,
    Kind,
    Label,
    Line,
    Note,
    Option,
    RowModel,
    Segmented,
    TableView,
    Tone,
    make_action,
    painting,
)
from shared_models.exchange.apply import apply_import, surroundings_of
from shared_models.exchange.apply_organization import NoOrganization
from shared_models.exchange.problems import UnreadableFile
from shared_models.exchange.recognize import FIELDS_OF, FileKind, ImportFile, open_file
from shared_models.exchange.report import ImportReport

FILE_FILTER = "Files to import (*.csv *.txt *.ics *.json);;All files (*)"

_STEPS = {"Organization": 0.02, "Tutors": 0.05, "Families": 0.08, "Leads": 0.12, "Calendar": 0.15, "Sessions": 0.25}
_STEP_WORDS = {"Organization": "Locations and prices", "Calendar": "Reading the calendar", "Sessions": "Sessions"}


class ImportStopped(Exception):
    """The person stopped the import; everything it wrote was taken back."""


class ImportDialog(QDialog):
    """Import into ``store``. `imported` carries what was done in words, for the status strip.

    ``ask_files`` stands for the file dialog of the operating system; ``paths`` are taken at once.
    """

    imported = Signal(str)
    previewsShown = Signal()
    _progressed = Signal(str, float)

    def __init__(
        self,
        store: Store,
        paths: Sequence[Path] = (),
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ask_files: Callable[[QWidget], list[str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._now = store, now
        self._ask_files = ask_files or _ask_files
        self._files: list[ImportFile] = []
        self._previews: list[FilePreview] = []
        self._shown: set[str] = set()
        self._generation = 0
        self._is_importing = False
        self._is_stopping = False
        self._background = Background(self)
        self._progressed.connect(self._show_progress)
        self.setWindowTitle("Import")
        self.setAcceptDrops(True)
        self.setModal(True)
        self._make_parts()
        self._lay_out()
        t = theme.current()
        self.resize(t.px(1200), t.px(720))
        self.setMinimumSize(t.px(820), t.px(480))
        self._show_file()
        if paths:
            self.add_paths(paths)

    # Building

    def _make_parts(self) -> None:
        self.choose_action = make_action(self, "Choose files…", self._choose, icon="file-up", shortcut="Ctrl+O")
        self.remove_action = make_action(self, "Leave this file out", self._remove, icon="x", shortcut="Delete")
        self.import_action = make_action(self, "Import", self.start_import, shortcut="Ctrl+Return")
        self._file_model: RowModel[FilePreview] = RowModel([Column("File", _file_cell), Column("", _problem_tag, 52)])
        self.files = TableView(self._file_model, "Chosen files")
        self.files.horizontalHeader().hide()
        self.files.picked.connect(lambda _row: self._show_file())
        self.kind = ComboBox([Option(kind.value, KIND_WORDS[kind]) for kind in FIELDS_OF], name="What the file holds")
        self.kind.valueChanged.connect(self._kind_chosen)
        self.view = Segmented(
            [("rows", "Rows"), ("columns", "Columns"), ("problems", "To look at")], "rows", name="Show"
        )
        self.view.changed.connect(lambda _key: self._show_view())
        self.rows = RowsView()
        self.rows.opened.connect(self._mend_row)
        self.columns = ColumnsView()
        self.columns.columnChosen.connect(self._column_chosen)
        self.problems = ProblemsView()
        self.problems.mended.connect(self._line_mended)
        self.result_page = ImportResult()
        self.result_page.bringBackWanted.connect(lambda: self._import(brings_back=True))
        self.status = Label("", "body", "text2", elide=True)
        self.status.setAccessibleName("What happened")
        self.bar = ProgressLine()
        self.cancel_button = Button("Cancel", keycap="Esc", on_click=self.reject)
        self.import_button = Button.for_action(self.import_action, Kind.PRIMARY)

    def _lay_out(self) -> None:
        t = theme.current()
        left = Ground("canvas")
        left.setFixedWidth(t.px(224))
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, t.px(12))
        column.setSpacing(t.px(8))
        column.addWidget(self.files, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(t.px(12), 0, t.px(12), 0)
        foot.addWidget(Button.for_action(self.choose_action), 1)
        column.addLayout(foot)

        head = QHBoxLayout()
        head.setContentsMargins(t.px(20), t.px(12), t.px(16), t.px(12))
        head.setSpacing(t.px(12))
        words = QVBoxLayout()
        words.setSpacing(0)
        self.file_name = Label("", "section", elide=True)
        self.summary = Label("", "body", "text2", elide=True)
        words.addWidget(self.file_name)
        words.addWidget(self.summary)
        head.addLayout(words, 1)
        self.kind.setFixedWidth(t.px(132))
        head.addWidget(self.kind)
        head.addWidget(self.view)
        self._trouble = QVBoxLayout()
        self._trouble.setContentsMargins(t.px(20), 0, t.px(16), t.px(8))
        self.note: Note | None = None
        self._views = QStackedWidget()
        for view in (self.rows, self.columns, self.problems):
            self._views.addWidget(view)
        looked_at = QWidget()
        middle = QVBoxLayout(looked_at)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addLayout(head)
        middle.addWidget(Line())
        middle.addWidget(self._views, 1)

        empty = EmptyState(
            "file-up",
            "Drop files here",
            "Families, tutors and leads from a spreadsheet (CSV), a calendar (.ics), or the center itself (.json).",
            Button.for_action(self.choose_action, Kind.SECONDARY),
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(looked_at)
        self._pages.addWidget(self.result_page)
        right = Ground()
        body = QVBoxLayout(right)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(self._trouble)
        body.addWidget(self._pages, 1)

        top = QHBoxLayout()
        top.setSpacing(0)
        beside = QHBoxLayout()
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(left)
        beside.addWidget(Line(vertical=True))
        self._left = QWidget()
        self._left.setLayout(beside)
        top.addWidget(self._left)
        top.addWidget(right, 1)
        footer = Ground()
        row = QHBoxLayout(footer)
        row.setContentsMargins(t.px(20), t.px(12), t.px(16), t.px(12))
        row.setSpacing(t.px(8))
        row.addWidget(self.status, 1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.import_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(top, 1)
        outer.addWidget(Line())
        outer.addWidget(self.bar)
        outer.addWidget(footer)

    # Choosing files

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Take files in; one of the same name replaces the earlier."""
        if self._is_importing:
            return

        def read() -> tuple[list[ImportFile], list[str]]:
            opened, refused = [], []
            for path in paths:
                try:
                    opened.append(with_remembered_columns(self._store, open_file(path.name, path.read_bytes())))
                except OSError as error:
                    refused.append(f"{path.name} cannot be opened: {error.strerror}.")
                except UnreadableFile as error:
                    refused.append(f"{path.name}: {error}")
            return opened, refused

        def take(answer: tuple[list[ImportFile], list[str]]) -> None:
            opened, refused = answer
            names = {file.name for file in opened}
            self._files = [file for file in self._files if file.name not in names] + opened
            order = list(FileKind)
            self._files.sort(key=lambda file: order.index(file.kind))
            self._say_trouble(refused)
            self._reread()

        self._background.run(read, take, self._failed)

    def _choose(self) -> None:
        if paths := [Path(name) for name in self._ask_files(self)]:
            self.add_paths(paths)

    def _remove(self) -> None:
        chosen = self.chosen()
        if chosen is not None and not self._is_importing:
            self._files = [file for file in self._files if file.name != chosen.file.name]
            self._reread()

    def _change(self, name: str, change: Callable[[ImportFile], ImportFile]) -> None:
        self._files = [change(file) if file.name == name else file for file in self._files]
        self._reread()

    def _reread(self) -> None:
        """Read all files anew; a newer change overtakes an older one."""
        self._generation += 1
        generation, files, now, store = self._generation, list(self._files), self._now(), self._store

        def read() -> list[FilePreview]:
            with store.read() as session:
                around, time_zone = surroundings_of(session, store.local("organization_id") or "", now)
            return previews_of(files, around, time_zone)

        self._background.run(read, self._show_previews, self._failed, lambda: generation == self._generation)

    # Showing

    def _show_previews(self, previews: list[FilePreview]) -> None:
        chosen = self.chosen()
        self._previews = previews
        self._file_model.set_rows(previews)
        names = [preview.file.name for preview in previews]
        at = names.index(chosen.file.name) if chosen and chosen.file.name in names else len(names) - 1
        if previews:
            self.files.select_row(max(0, at))
        self._show_file()
        self.previewsShown.emit()

    def chosen(self) -> FilePreview | None:
        """The file that is looked at."""
        row = self.files.current_row()
        return self._previews[row] if 0 <= row < len(self._previews) else None

    def _show_file(self) -> None:
        preview = self.chosen()
        words = import_words(self._previews)
        self.import_action.setText(words)
        self.import_button.setText(words)
        self.import_button.show()
        self.import_action.setEnabled(any(p.brings for p in self._previews) and not self._is_importing)
        self.remove_action.setEnabled(preview is not None)
        self._left.setVisible(bool(self._previews))
        if preview is None:
            self._pages.setCurrentIndex(0)
            self.status.setText("")
            return
        self._pages.setCurrentIndex(1)
        is_table = preview.file.table is not None
        left_out, doubtful = len(preview.problems), len(preview.warnings)
        self.file_name.setText(preview.file.name)
        self.summary.setText(_summary(preview))
        self.kind.setVisible(is_table)
        if is_table:
            self.kind.set_value(preview.file.kind.value)
        options = [("rows", "Rows"), *([("columns", "Columns")] if is_table else []), ("problems", "To look at")]
        now_shown = self.view.value()
        self.view.set_options(options, now_shown if now_shown in dict(options) else "rows")
        self.view.set_count("problems", left_out + doubtful)
        self._shown.clear()
        self._show_view()
        self._say_total()

    def _show_view(self) -> None:
        """Fill the chosen view, once for each state of the file: forms are too much work to make unseen."""
        preview, key = self.chosen(), self.view.value()
        views: dict[str, RowsView | ColumnsView | ProblemsView] = {
            "rows": self.rows,
            "columns": self.columns,
            "problems": self.problems,
        }
        view = views[key]
        if preview is not None and key not in self._shown:
            self._shown.add(key)
            view.show_preview(preview)
        self._views.setCurrentWidget(view)

    def _say_total(self) -> None:
        bad = sum(len(preview.problems) for preview in self._previews)
        if bad:
            lines = "1 line stays" if bad == 1 else f"{bad} lines stay"
            self._say(f"{lines} out until mended; everything else can be imported.", "warn")
        else:
            self._say("Nothing is changed until you import. You can undo it afterwards.", "text2")

    def _say_trouble(self, refused: Sequence[str]) -> None:
        if self.note is not None:
            self._trouble.removeWidget(self.note)
            self.note.deleteLater()
            self.note = None
        top = theme.current().px(12) if refused else 0
        self._trouble.setContentsMargins(self._trouble.contentsMargins().left(), top, top, top)
        if refused:
            self.note = Note("These files cannot be imported", "\n".join(refused), Tone.DANGER, "circle-alert")
            self._trouble.addWidget(self.note)

    def _say(self, words: str, tone: str = "text2") -> None:
        self.status.setText(words)
        self.status.set_tone(tone)

    def _failed(self, error: Exception) -> None:
        self._is_importing = False
        self.bar.set_share(None)
        self._show_file()
        if isinstance(error, ImportStopped):
            self._say("Stopped. Nothing was changed.")
            return
        known = isinstance(error, NoOrganization | StoreError | UnreadableFile)
        self._say(str(error) if known else "That did not work, and nothing was changed. Try once more.", "danger")

    # What the person does

    def _kind_chosen(self, key: str) -> None:
        preview = self.chosen()
        if preview is not None and key and preview.file.kind.value != key:
            self._change(
                preview.file.name, lambda file: with_remembered_columns(self._store, file.as_kind(FileKind(key)))
            )

    def _column_chosen(self, field: str, column: int) -> None:
        if preview := self.chosen():
            self._change(preview.file.name, lambda file: file.with_column(field, column if column >= 0 else None))

    def _mend_row(self, row: int) -> None:
        line = self.rows.line_at(row)
        preview = self.chosen()
        if preview and any(problem.line == line for problem in (*preview.problems, *preview.warnings)):
            self.view.set_value("problems", announce=True)
            self.problems.show_line(line)

    def _line_mended(self, line: int, cells: dict[int, str]) -> None:
        def mend(file: ImportFile) -> ImportFile:
            for column, text in cells.items():
                file = file.with_cell(line, column, text)
            return file

        if preview := self.chosen():
            self._change(preview.file.name, mend)

    def start_import(self) -> None:
        """Write everything in the background, in one transaction."""
        if self.import_action.isEnabled():
            self._import(brings_back=False)

    def _import(self, brings_back: bool) -> None:
        if self._is_importing:
            return
        self._is_importing, self._is_stopping = True, False
        self.import_action.setEnabled(False)
        files, store, now = list(self._files), self._store, self._now()
        names = [file.name for file in files]
        description = f"Imported {names[0]}" if len(names) == 1 else f"Imported {len(names)} files"

        def tell(step: str, done: int, total: int) -> None:
            if self._is_stopping:
                raise ImportStopped
            begins = _STEPS.get(step, 0.0)
            ends = min((share for share in _STEPS.values() if share > begins), default=1.0)
            share = begins + (ends - begins) * (done / total if total else 0)
            self._progressed.emit(_STEP_WORDS.get(step, step), share)

        def write() -> ImportReport:
            with store.write(description) as session:
                report = apply_import(
                    session,
                    store.recorder,
                    store.organization_id,
                    files,
                    now=now,
                    brings_back=brings_back,
                    progress=tell,
                )
                write_local(session.connection(), columns_to_remember(files))
            store.reload_local()
            return report

        self._say("Importing…")
        self.bar.set_share(0.0)
        self._background.run(write, lambda report: self._done(report, description), self._failed)

    def _show_progress(self, step: str, share: float) -> None:
        if self._is_importing and not self._is_stopping:
            self._say(f"{step}…")
            self.bar.set_share(share)

    def _done(self, report: ImportReport, description: str) -> None:
        self._is_importing = False
        self.bar.set_share(None)
        self._left.hide()
        self._say_trouble(())
        self.result_page.show_report(report)
        self._pages.setCurrentWidget(self.result_page)
        self._say("")
        self.import_button.hide()
        self.import_action.setEnabled(False)
        self.cancel_button.setText("Close")
        self.cancel_button.setFocus()
        self.imported.emit(description)

    def reject(self) -> None:
        """Escape, Cancel and Close: stop an import that runs, else close."""
        if self._is_importing:
            self._is_stopping = True
            self._say("Stopping…")
            return
        self._background.close()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_importing:
            event.ignore()
        self.reject()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and not self._is_importing:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.add_paths(paths)


class ProgressLine(QWidget):
    """A thin line that fills from left to right; empty while nothing runs."""

    def __init__(self) -> None:
        super().__init__()
        self._share: float | None = None
        self.setAccessibleName("Progress")

    def set_share(self, share: float | None) -> None:
        """From 0 to 1; None when nothing runs."""
        self._share = share
        self.update()

    def share(self) -> float | None:
        """How far it is."""
        return self._share

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(100), theme.current().px(4))

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        color = theme.current().color
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), color.surface if self._share is None else color.accent_soft)
        done = QRectF(self.rect())
        done.setWidth(done.width() * (self._share or 0))
        painter.fillRect(done, color.accent)
        painter.end()


def _file_cell(preview: FilePreview) -> Cell:
    return Cell(preview.file.name, icon=KIND_ICONS[preview.file.kind], icon_tone="text2")


def _problem_tag(preview: FilePreview) -> Cell:
    if preview.problems:
        return Cell(f"{len(preview.problems)}", tag=Tone.DANGER)
    return Cell("", icon="check", icon_tone="ok")


def _summary(preview: FilePreview) -> str:
    words = preview.summary
    if preview.problems:
        left_out = len(preview.problems)
        words += f" · {left_out} {'line' if left_out == 1 else 'lines'} left out"
    if preview.warnings:
        words += f" · {len(preview.warnings)} to check"
    return words


def _ask_files(parent: QWidget) -> list[str]:
    names, _ = QFileDialog.getOpenFileNames(parent, "Choose files to import", "", FILE_FILTER)
    return names
