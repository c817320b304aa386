"""Leads as a table: sorted in SQL by a click on a title; and "To do today", grouped by why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from desktop.leads.lead_rows import LeadRow, SortBy
from desktop.leads.wording import (
    SOURCE_WORDS,
    STAGE_WORDS,
    TEMPERATURE_LEVELS,
    waiting_words,
    wanted_words,
    web_words,
)
from desktop.schedule.entry_words import title_words
from desktop.widgets.labels import Tone
from desktop.widgets.panels import Card, EmptyState
from desktop.widgets.table import Cell, Column, Group, RowModel, TableView
from shared_models.leads.models import LeadStage
from shared_models.people.contact import format_phone

_SORTS = (
    SortBy.NAME,
    SortBy.WANTED,
    None,
    SortBy.STAGE,
    SortBy.TEMPERATURE,
    SortBy.SOURCE,
    SortBy.OWNER,
    SortBy.CREATED,
    SortBy.WAITING,
)


class LeadTable(Card):
    """Rows of leads. Signals: `picked` and `opened` with the id, `sortRequested` (SortBy, descending)."""

    picked = Signal(str)
    opened = Signal(str)
    sortRequested = Signal(object, bool)

    def __init__(self, country: str, *, sortable: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._country = country
        self.model: RowModel[LeadRow] = RowModel(self._columns(sortable))
        self.view = TableView(self.model, name="Leads")
        self._selected = ""
        self.view.picked.connect(self._pick)
        self.view.opened.connect(self._open)
        self.view.sortRequested.connect(self._sort)
        self.empty = EmptyState("inbox", "No leads", "")
        host = QWidget()
        self._stack = QStackedLayout(host)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self.body.addWidget(host)

    def set_rows(self, rows: Sequence[LeadRow | Group], empty: tuple[str, str]) -> None:
        """Show these rows; the chosen one stays chosen and the table stays scrolled as it is."""
        scrolled = self.view.verticalScrollBar().value()
        self.view.blockSignals(True)
        self.model.set_rows(rows)
        self._mark()
        self.view.blockSignals(False)
        self.view.verticalScrollBar().setValue(scrolled)
        self.empty.set_words(*empty)
        self._stack.setCurrentIndex(0 if rows else 1)

    def select(self, lead_id: str) -> None:
        """Choose a lead's row without announcing it."""
        self._selected = lead_id
        self.view.blockSignals(True)
        self._mark()
        self.view.blockSignals(False)

    def row_of(self, lead_id: str) -> int:
        """The number of a lead's row, or -1."""
        return next(
            (at for at, row in enumerate(self.model.rows()) if isinstance(row, LeadRow) and row.id == lead_id), -1
        )

    def _mark(self) -> None:
        at = self.row_of(self._selected)
        if at < 0:
            self.view.clearSelection()
        else:
            self.view.selectRow(at)

    def _pick(self, at: int) -> None:
        row = self.model.row(at)
        if isinstance(row, LeadRow):
            self._selected = row.id
            self.picked.emit(row.id)

    def _open(self, at: int) -> None:
        row = self.model.row(at)
        if isinstance(row, LeadRow):
            self.opened.emit(row.id)

    def _sort(self, column: int, descending: bool) -> None:
        sort = _SORTS[column]
        if sort is not None:
            self.sortRequested.emit(sort, descending)

    def _columns(self, sortable: bool) -> list[Column[LeadRow]]:
        return [
            Column("Name", lambda row: Cell(row.title, strong=True), sortable=sortable),
            Column("Wants", lambda row: Cell(_wants(row), tone="text2"), sortable=sortable),
            Column("Phone", lambda row: Cell(format_phone(row.phone, self._country), tone="text2"), 136),
            Column("Stage", _stage, 164, sortable=sortable),
            Column("Temperature", lambda row: Cell(temperature=_level(row)), 110, sortable=sortable),
            Column("Came by", lambda row: Cell(SOURCE_WORDS[row.source], tone="text2"), 96, sortable=sortable),
            Column("Owner", _owner, 144, sortable=sortable),
            Column("Age", _age, 64, right=True, sortable=sortable),
            Column("Silent for", _waiting, 104, right=True, sortable=sortable),
        ]


def today_rows(rows: Sequence[LeadRow], today: date) -> list[LeadRow | Group]:
    """The list "To do today": call-backs first, then new leads, then the silent ones, longest first."""
    calls = [row for row in rows if row.call_back_on is not None]
    fresh = [row for row in rows if row.call_back_on is None and row.stage is LeadStage.NEW]
    silent = [row for row in rows if row.call_back_on is None and row.stage is not LeadStage.NEW]
    silent.sort(key=lambda row: -row.aging.waiting_days)
    listed: list[LeadRow | Group] = []
    for title, group in (
        ("Promised call-backs", calls),
        ("New, nobody was in touch yet", fresh),
        ("Silent for too long", silent),
    ):
        if group:
            listed.append(Group(title, right=f"{len(group):,}"))
            listed += group
    return listed


def _wants(row: LeadRow) -> str:
    words = wanted_words(row.wanted, row.child.split()[0] if row.child else "")
    return words[0] if row.child else (title_words(row.wanted)[0] if row.wanted else "")


def _stage(row: LeadRow) -> Cell:
    if row.is_unclaimed_web:
        return Cell(web_words(row.aging), tag=Tone.ACCENT, icon="globe")
    tones = {LeadStage.NEW: Tone.INFO, LeadStage.ACTIVE: Tone.OK, LeadStage.COMMITTED: Tone.OK}
    return Cell(STAGE_WORDS[row.stage], tag=tones.get(row.stage, Tone.NEUTRAL))


def _level(row: LeadRow) -> int:
    return TEMPERATURE_LEVELS[row.temperature] if row.temperature else 0


def _owner(row: LeadRow) -> Cell:
    return Cell(row.owner or "Nobody yet", tone="text2" if row.owner else "text3", avatar=row.owner)


def _age(row: LeadRow) -> Cell:
    return Cell(f"{row.aging.age_days:,} d", tone="text2")


def _waiting(row: LeadRow) -> Cell:
    return Cell(waiting_words(row.aging), tone="warn" if row.aging.is_too_long else "text2")
