"""Settings of the people: who works here, what they may do and where, and who is invited."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout
from sqlalchemy.orm import Session

from desktop import theme
from desktop.access.account_client import Invitation, People
from desktop.access.people_rows import PeopleOfCenter, PersonRow, read_people
from desktop.access.person_panel import PersonPanel, Wish
from desktop.access.server_calls import ServerCalls
from desktop.organization.section import Section
from desktop.proposals import Proposal
from desktop.widgets import Button, Cell, Column, Kind, Paragraph, RowModel, TableView, Tone
from shared_models.access.grants import set_locations, set_roles
from shared_models.access.models import Role

_NOBODY = People(frozenset(), frozenset(), {})


class PeopleSection(Section):
    """The list, and a panel for one person beside it. Roles and locations are saved here at once and synced; who came
    in and who is invited, the server knows."""

    key: ClassVar[str] = "people"
    title: ClassVar[str] = "Users and roles"
    explanation: ClassVar[str] = "Who works here, what they may do, and where."
    table: ClassVar[str] = "user_role"
    tables: ClassVar[frozenset[str]] = frozenset({"user", "user_role", "location_assignment", "location"})
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The list and its panel."""
        self._calls = ServerCalls(self.store, self)
        self._center = PeopleOfCenter([], ())
        self._known = _NOBODY
        self._is_known = False
        self._shown = ""
        roles = self.permissions.roles
        self._is_owner = Role.OWNER in roles
        self._may_invite = not roles.isdisjoint({Role.OWNER, Role.ADMIN})
        self.invite_button = Button(
            "Invite someone", Kind.PRIMARY, icon="mail-plus", small=True, on_click=self.open_invitation
        )
        self.invite_button.setVisible(self._may_invite)
        self.tools.addWidget(self.invite_button)
        self.model: RowModel[PersonRow] = RowModel([
            Column("Name", lambda person: Cell(person.name, person.email, avatar=person.name, strong=True)),
            Column("Roles", lambda person: person.role_words or Cell("No role", tone="text3"), 150),
            Column("Locations", self._center_words, 230),
            Column("", self._state, 130),
        ])  # fmt: skip
        self.list = TableView(self.model, "Users and roles")
        self.list.picked.connect(self._open)
        self.list.opened.connect(self._open)
        self.content.addWidget(self.list)
        self.offline = Paragraph("", "small", "warn")
        self.offline.hide()
        below = QVBoxLayout()
        margin = theme.current().px(16)
        below.setContentsMargins(margin, margin // 2, margin, margin // 2)
        below.addWidget(self.offline)
        self.content.addLayout(below)
        self.content.addStretch(1)
        self.panel = PersonPanel()
        self.panel.hide()
        self.panel.closed.connect(self._closed)
        self.panel.saved.connect(self._save)
        self.panel.invited.connect(self._invite)
        self.panel.sendAgain.connect(self._resend)
        self.panel.withdrawn.connect(self._withdraw)
        self.row.addWidget(self.panel)

    def read(self) -> None:
        """Read the people from the store, and ask the server who has come in."""
        with self.reading() as session:
            self._center = read_people(session, self.store.organization_id)
        self._show()
        if self._may_invite:
            self._calls.run(lambda client: client.people(), self._came_in, self._unreachable)

    def bring_up(self, proposal: Proposal) -> None:
        """The panel of the person whose roles or locations something is proposed to."""
        self.read()
        rows = self.model.rows()
        line = next(
            (n for n, one in enumerate(rows) if isinstance(one, PersonRow) and one.user_id == proposal.row_id), -1
        )
        if line >= 0:
            self._open(line)

    def put_down(self) -> None:
        """Close the panel."""
        self.panel.close_panel()

    def open_invitation(self) -> None:
        """Open the panel for somebody new."""
        self._shown = ""
        self._open_panel(None)

    def _show(self) -> None:
        self.model.set_rows(self._center.people)
        self.list.fit_height()

    def _came_in(self, known: People) -> None:
        self._known, self._is_known = known, True
        self.offline.hide()
        self._show()

    def _unreachable(self, sentence: str) -> None:
        self.offline.set_text(f"{sentence} Who has come in and who is invited is not known now.")
        self.offline.show()

    def _center_words(self, person: PersonRow) -> str:
        return self._center.places(person)

    def _state(self, person: PersonRow) -> Cell:
        invitation = self._known.invitations.get(person.user_id)
        if invitation is not None:
            if invitation.expires_at <= self.clock():
                return Cell("Link has ended", tag=Tone.WARN)
            return Cell("Invited", tag=Tone.INFO)
        if not self._is_known:
            return Cell()
        if person.user_id not in self._known.came_in:
            return Cell("No login", tag=Tone.NEUTRAL)
        return Cell("Second factor", tag=Tone.OK) if person.user_id in self._known.with_second_factor else Cell()

    def _open(self, row: int) -> None:
        person = self.model.row(row)
        if isinstance(person, PersonRow):
            self._shown = person.user_id
            self._open_panel(person)

    def _open_panel(self, person: PersonRow | None) -> None:
        user_id = person.user_id if person is not None else ""
        self.panel.open_for(
            self._center,
            person,
            invitation=self._known.invitations.get(user_id),
            has_come_in=not self._is_known or user_id in self._known.came_in,
            is_owner=self._is_owner,
            may_invite=self._may_invite,
            own_locations=None if self._is_owner else self.permissions.viewer.location_ids,
        )

    def _closed(self) -> None:
        self._shown = ""
        self.list.clearSelection()

    def _save(self, wish: Wish) -> None:
        person = next((one for one in self._center.people if one.user_id == wish.user_id), None)
        if person is None:
            return
        organization_id, now = self.store.organization_id, self.clock()

        def change(session: Session) -> None:
            set_roles(session, organization_id, wish.user_id, wish.roles, now=now)
            if Role.OWNER not in person.roles:
                set_locations(session, organization_id, wish.user_id, wish.location_ids, now=now)

        if self.save_form(f"Changed what {person.name} may do", change):
            self.panel.close_panel()
            self._closed()

    def _invite(self, wish: Wish) -> None:
        self.panel.invite.setEnabled(False)
        self._calls.run(
            lambda client: client.invite(wish.email, wish.first_name, wish.last_name, wish.roles, wish.location_ids),
            self._invited,
            self._refused,
        )

    def _invited(self, invitation: Invitation) -> None:
        self.panel.invite.setEnabled(True)
        self.panel.close_panel()
        self._closed()
        self.done.emit(f"Invited {invitation.email}", False)
        self.read()

    def _refused(self, sentence: str) -> None:
        self.panel.invite.setEnabled(True)
        self.panel.refuse(sentence)

    def _resend(self, invitation_id: str) -> None:
        self._calls.run(
            lambda client: client.resend(invitation_id),
            lambda invitation: self._settled(f"Sent {invitation.email} a fresh link"),
            self._refused,
        )

    def _withdraw(self, invitation_id: str) -> None:
        self._calls.run(
            lambda client: client.withdraw(invitation_id),
            lambda _: self._settled("Withdrew the invitation"),
            self._refused,
        )

    def _settled(self, words: str) -> None:
        self.panel.close_panel()
        self._closed()
        self.done.emit(words, False)
        self.read()
