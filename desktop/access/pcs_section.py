"""Settings of the PCs that signed in to the center: when each was last used, and ending the access of a lost one."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout
from sqlalchemy import select

from desktop import theme
from desktop.access.account_client import Pc
from desktop.access.server_calls import ServerCalls
from desktop.organization.section import Section
from desktop.widgets import (
    Button,
    Cell,
    Column,
    EmptyState,
    Kind,
    Note,
    Paragraph,
    RowModel,
    SidePanel,
    TableView,
    Tone,
)
from desktop.widgets.parsing import format_long_date, format_time
from shared_models.access.models import Role, User


class PcsSection(Section):
    """The list, and a panel beside it to end the access of one."""

    key: ClassVar[str] = "pcs"
    title: ClassVar[str] = "PCs"
    explanation: ClassVar[str] = "Every PC that signed in to your center."
    table: ClassVar[str] = "user_role"
    tables: ClassVar[frozenset[str]] = frozenset({"user"})
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The list and its panel."""
        t = theme.current()
        self._calls = ServerCalls(self.store, self)
        self._names: dict[str, str] = {}
        self._chosen: Pc | None = None
        self._may_look = not self.permissions.roles.isdisjoint({Role.OWNER, Role.ADMIN})
        self.model: RowModel[Pc] = RowModel([
            Column("PC", lambda pc: Cell(pc.name, icon="monitor", strong=True)),
            Column("Signed in by", lambda pc: self._names.get(pc.user_id, "")),
            Column("Last used", lambda pc: seen_words(pc.last_seen_at), 220),
            Column("", self._state, 130),
        ])  # fmt: skip
        self.list = TableView(self.model, "PCs")
        self.list.picked.connect(self._open)
        self.list.opened.connect(self._open)
        self.content.addWidget(self.list)
        self.empty = EmptyState("monitor", "PCs are shown to the owner and admins", "Ask them if one is lost.")
        self.content.addWidget(self.empty)
        self.content.addStretch(1)
        self.panel = SidePanel("", 336)
        self.panel.hide()
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        column.setSpacing(t.px(13))
        self.note = Note(
            "Lost or stolen?",
            "End its access: it can fetch and send nothing from that moment, and erases what it holds of your "
            "center when it next reaches the server. Changes that it had not sent are lost.",
            Tone.WARN,
            "shield",
        )
        self.here = Paragraph("This is the PC that you work at now.", "body", "text2")
        column.addWidget(self.note)
        column.addWidget(self.here)
        self.panel.body.addLayout(column)
        self.panel.body.addStretch(1)
        self.end_button = Button("End its access", Kind.DANGER, on_click=self._revoke)
        self.panel.add_footer(self.end_button)
        self.panel.closed.connect(self.list.clearSelection)
        self.row.addWidget(self.panel)

    def read(self) -> None:
        """Ask the server for the PCs; their people are known here."""
        with self.store.read() as session:
            self._names = {
                row.id: f"{row.first_name} {row.last_name}".strip()
                for row in session.execute(
                    select(User.id, User.first_name, User.last_name).where(
                        User.organization_id == self.store.organization_id
                    )
                )
            }
        self.list.setVisible(self._may_look and bool(self.model.rows()))
        self.empty.setVisible(not self._may_look)
        if self._may_look:
            self._calls.run(lambda client: client.pcs(), self._show, self._unreachable)

    def _show(self, pcs: list[Pc]) -> None:
        pcs.sort(key=lambda pc: (pc.is_revoked, not pc.is_signed_in, pc.name.casefold()))
        self.model.set_rows(pcs)
        self.list.fit_height()
        self.list.show()
        self.empty.hide()

    def _unreachable(self, sentence: str) -> None:
        self.list.setVisible(bool(self.model.rows()))
        self.empty.set_words("The PCs cannot be listed now", sentence, "cloud-off")
        self.empty.setVisible(not self.model.rows())

    def _state(self, pc: Pc) -> Cell:
        if pc.is_revoked:
            return Cell("Access ended", tag=Tone.DANGER)
        if pc.id == self.store.local("device_id"):
            return Cell("This PC", tag=Tone.ACCENT)
        return Cell() if pc.is_signed_in else Cell("Signed out", tag=Tone.NEUTRAL)

    def _open(self, row: int) -> None:
        pc = self.model.row(row)
        if not isinstance(pc, Pc):
            return
        self._chosen = pc
        is_here = pc.id == self.store.local("device_id")
        self.panel.set_words(pc.name, self._names.get(pc.user_id, ""))
        self.here.setVisible(is_here)
        self.note.setVisible(not is_here and not pc.is_revoked)
        self.end_button.setVisible(not is_here and not pc.is_revoked)
        self.panel.open_panel()

    def _revoke(self) -> None:
        pc = self._chosen
        if pc is None:
            return
        self.end_button.setEnabled(False)
        self._calls.run(lambda client: client.revoke(pc.id), lambda _: self._ended(pc), self._failed)

    def _ended(self, pc: Pc) -> None:
        self.end_button.setEnabled(True)
        self.panel.close_panel()
        self.list.clearSelection()
        self.done.emit(f"Ended the access of {pc.name}", False)
        self.read()

    def _failed(self, sentence: str) -> None:
        self.end_button.setEnabled(True)
        self.done.emit(sentence, False)


def seen_words(seen_at: datetime | None) -> str:
    """When something was last used, on the clock of this PC."""
    if seen_at is None:
        return "Never"
    local = seen_at.astimezone()
    return f"{format_long_date(local.date(), weekday=False)}, {format_time(local.time())}"
