"""The sheet that shows what did not stand at the server: what was entered beside what the server has, and lets the
person decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.proposals import NoForm, NotOpened, Proposal
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange, bring_back, discard, try_again
from desktop.sync.attention_proposal import RefusedRecord, proposal_of, refused_records
from desktop.sync.field_editor import FieldEditor
from desktop.sync.record_words import lowered, record_words
from desktop.widgets import Button, Card, Kind, Label, Note, Paragraph, ScrollArea, Sheet, Tone

_NOTHING = "nothing"
_GONE = "It is no longer on this PC, so it cannot be edited or sent again. What you entered stays here."
_PAGES = {
    "family": "Families",
    "student": "Families",
    "lead": "Leads",
    "tutor": "Tutors",
    "schedule_entry": "Calendar",
}
"""Where a record can be looked at."""


class AttentionSheet(Sheet):
    """Open it with `open_sheet`; it closes by itself once nothing is left to decide. What is discarded can be brought
    back until it closes. `on_change` hears of every decision; `on_show` gets a page and the id of a record on it;
    `on_edit` opens the record's own form with what was entered, or raises NotOpened."""

    def __init__(
        self,
        host: QWidget,
        store: Store,
        on_change: Callable[[], object] = lambda: None,
        on_show: Callable[[str, str], object] | None = None,
        on_edit: Callable[[Proposal], object] | None = None,
    ) -> None:
        super().__init__(host, "Changes that need you", width=680)
        self._store = store
        self._on_change = on_change
        self._on_show = on_show
        self._on_edit = on_edit
        self._sentences: dict[tuple[str, str], str] = {}
        self._discarded: list[RefusedRecord] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.current().px(12))
        margin = theme.current().px(20)
        self._list.setContentsMargins(margin, margin, margin, margin)
        inner = QWidget()
        inner.setLayout(self._list)
        area = ScrollArea(inner)
        inner.setAutoFillBackground(True)  # its cards lie on the canvas, as on a page
        area.setMinimumHeight(theme.current().px(460))
        self.body.addWidget(area)
        self.footer.addWidget(Label("The server kept its own values; yours are kept here.", "small", "text2"))
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Close", on_click=self.dismiss))
        self._fill()

    def _fill(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        records = refused_records(self._store)
        for record in records:
            self._list.addWidget(self._card(record))
        for record in reversed(self._discarded):
            self._list.addWidget(self._discarded_row(record))
        self._list.addStretch(1)
        if not records and not self._discarded and self.isVisible():
            self.dismiss()

    def _card(self, record: RefusedRecord) -> Card:
        t = theme.current()
        first = record.first
        card = Card(first.what)
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), 0, t.px(16), t.px(14))
        column.setSpacing(t.px(10))
        reasons = " ".join(dict.fromkeys(change.reason for change in record.changes))
        column.addWidget(Paragraph(reasons, "body", "danger"))
        if first.fields:
            column.addLayout(_sides(first))
        others = _others(record)
        if others:
            column.addWidget(Paragraph(others, "body", "text2"))
        said = self._sentences.get((record.table, record.row_id), "" if record.is_here else _GONE)
        if said:
            column.addWidget(Note(said, "", Tone.WARN))
        column.addLayout(self._buttons(record))
        card.body.addLayout(column)
        card.setAccessibleName(" ".join(part for part in (f"{first.what}.", reasons, first.entered, others) if part))
        return card

    def _buttons(self, record: RefusedRecord) -> QHBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.current().px(8))
        page = _PAGES.get(record.table)
        if page is not None and record.first.is_known and self._on_show is not None:
            buttons.addWidget(Button("Show it", Kind.LINK, on_click=lambda: self._show_record(page, record)))
        buttons.addStretch(1)
        buttons.addWidget(Button("Discard", Kind.QUIET, on_click=lambda: self._discard(record)))
        if record.is_here:
            buttons.addWidget(Button("Edit", on_click=lambda: self._edit(record)))
            buttons.addWidget(Button("Try again", on_click=lambda: self._try_again(record)))
        return buttons

    def _discarded_row(self, record: RefusedRecord) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(theme.current().px(16), 0, theme.current().px(16), 0)
        line.addWidget(Label(f"Discarded: {record.first.what}", "body", "text2", elide=True), 1)
        line.addWidget(Button("Undo", Kind.QUIET, on_click=lambda: self._bring_back(record)))
        return row

    def _show_record(self, page: str, record: RefusedRecord) -> None:
        self.dismiss()
        if self._on_show is not None:
            self._on_show(page, record.row_id)

    def _discard(self, record: RefusedRecord) -> None:
        discard(self._store, *record.changes)
        self._discarded.append(record)
        self._settled()

    def _bring_back(self, record: RefusedRecord) -> None:
        bring_back(self._store, *record.changes)
        self._discarded.remove(record)
        self._settled()

    def _try_again(self, record: RefusedRecord) -> None:
        try_again(self._store, *record.changes)
        self._settled()

    def _edit(self, record: RefusedRecord) -> None:
        """In the record's own form; in a form of its fields alone where there is none."""
        if self._on_edit is None:
            self._edit_fields(record)
            return
        try:
            self._on_edit(proposal_of(self._store, record, self._on_change))
        except NoForm:
            self._edit_fields(record)
        except NotOpened as error:
            self._sentences[record.table, record.row_id] = str(error)
            self._fill()
        else:
            self.dismiss()

    def _edit_fields(self, record: RefusedRecord) -> None:
        def save(values: object) -> None:
            assert isinstance(values, dict)
            try_again(self._store, record.first, edited=values)
            self._settled()

        FieldEditor(self, self._store, record.first, save).open_sheet()

    def _settled(self) -> None:
        self._fill()
        self._on_change()


def _others(record: RefusedRecord) -> str:
    """What was refused along with a record's own row, in one line."""
    counts = Counter(record_words(change.table) for change in record.changes[1:])
    words = [lowered(kind) if count == 1 else f"{lowered(kind)} ({count})" for kind, count in counts.items()]
    return f"With it: {', '.join(words)}." if words else ""


def _sides(change: RefusedChange) -> QGridLayout:
    """The fields, one below the other: what was entered, and what the server has."""
    t = theme.current()
    grid = QGridLayout()
    grid.setHorizontalSpacing(t.px(16))
    grid.setVerticalSpacing(t.px(6))
    grid.setColumnStretch(1, 3)
    grid.setColumnStretch(2, 3)
    grid.setColumnMinimumWidth(0, t.px(130))
    grid.addWidget(Label("You entered", "small", "text2"), 0, 1)
    grid.addWidget(
        Label("The server has" if change.is_known else "The server does not have it", "small", "text2"), 0, 2
    )
    top = Qt.AlignmentFlag.AlignTop
    for place, side in enumerate(change.fields, 1):
        grid.addWidget(Paragraph(side.label, "body", "text2"), place, 0, top)
        grid.addWidget(
            Paragraph(side.yours or _NOTHING, "body", "text" if side.yours else "text3", max_lines=6), place, 1, top
        )
        if change.is_known:
            tone = "text2" if side.servers else "text3"
            grid.addWidget(Paragraph(side.servers or _NOTHING, "body", tone, max_lines=6), place, 2, top)
    return grid
