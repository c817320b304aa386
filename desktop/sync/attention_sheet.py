"""The sheet that shows what did not stand at the server: what was entered beside what the server has, and lets the
person decide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.proposals import NoForm, NotOpened, Proposal
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange, bring_back, discard, refused_changes, try_again
from desktop.sync.attention_proposal import proposal_of
from desktop.sync.field_editor import FieldEditor
from desktop.widgets import Button, Card, Kind, Label, Note, Paragraph, Sheet, Tone

_NOTHING = "nothing"
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
        self._discarded: list[RefusedChange] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.current().px(12))
        margin = theme.current().px(20)
        self._list.setContentsMargins(margin, margin, margin, margin)
        inner = QWidget()
        inner.setLayout(self._list)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
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
        changes = refused_changes(self._store)
        for change in changes:
            self._list.addWidget(self._card(change))
        for change in reversed(self._discarded):
            self._list.addWidget(self._discarded_row(change))
        self._list.addStretch(1)
        if not changes and not self._discarded and self.isVisible():
            self.dismiss()

    def _card(self, change: RefusedChange) -> Card:
        t = theme.current()
        card = Card(change.what)
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), 0, t.px(16), t.px(14))
        column.setSpacing(t.px(10))
        column.addWidget(Paragraph(change.reason, "body", "danger"))
        if change.fields:
            column.addLayout(_sides(change))
        said = self._sentences.get((change.table, change.row_id))
        if said:
            column.addWidget(Note(said, "", Tone.WARN))
        buttons = QHBoxLayout()
        buttons.setSpacing(t.px(8))
        page = _PAGES.get(change.table)
        if page is not None and change.is_known and self._on_show is not None:
            buttons.addWidget(Button("Show it", Kind.LINK, on_click=lambda: self._show_record(page, change)))
        buttons.addStretch(1)
        buttons.addWidget(Button("Discard", Kind.QUIET, on_click=lambda: self._discard(change)))
        if change.is_here:
            buttons.addWidget(Button("Edit", on_click=lambda: self._edit(change)))
            buttons.addWidget(Button("Try again", on_click=lambda: self._try_again(change)))
        column.addLayout(buttons)
        card.body.addLayout(column)
        card.setAccessibleName(f"{change.what}. {change.reason} {change.entered}")
        return card

    def _discarded_row(self, change: RefusedChange) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(theme.current().px(16), 0, theme.current().px(16), 0)
        line.addWidget(Label(f"Discarded: {change.what}", "body", "text2", elide=True), 1)
        line.addWidget(Button("Undo", Kind.QUIET, on_click=lambda: self._bring_back(change)))
        return row

    def _show_record(self, page: str, change: RefusedChange) -> None:
        self.dismiss()
        if self._on_show is not None:
            self._on_show(page, change.row_id)

    def _discard(self, change: RefusedChange) -> None:
        discard(self._store, change)
        self._discarded.append(change)
        self._settled()

    def _bring_back(self, change: RefusedChange) -> None:
        bring_back(self._store, change)
        self._discarded.remove(change)
        self._settled()

    def _try_again(self, change: RefusedChange) -> None:
        try_again(self._store, change)
        self._settled()

    def _edit(self, change: RefusedChange) -> None:
        """In the record's own form; in a form of its fields alone where there is none."""
        if self._on_edit is None:
            self._edit_fields(change)
            return
        try:
            self._on_edit(proposal_of(self._store, change, self._on_change))
        except NoForm:
            self._edit_fields(change)
        except NotOpened as error:
            self._sentences[change.table, change.row_id] = str(error)
            self._fill()
        else:
            self.dismiss()

    def _edit_fields(self, change: RefusedChange) -> None:
        def save(values: object) -> None:
            assert isinstance(values, dict)
            try_again(self._store, change, values)
            self._settled()

        FieldEditor(self, self._store, change, save).open_sheet()

    def _settled(self) -> None:
        self._fill()
        self._on_change()


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
