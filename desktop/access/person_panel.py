"""The panel beside the list of people: what one may do and where, and the invitation to come in."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.access.account_client import Invitation
from desktop.access.people_rows import ROLE_MEANING, ROLE_WORDS, PeopleOfCenter, PersonRow
from desktop.widgets import (
    Button,
    CheckBox,
    Field,
    Kind,
    Label,
    Note,
    Paragraph,
    SidePanel,
    TextInput,
    Tone,
    save_and_cancel,
)
from desktop.widgets.panels import Line
from desktop.widgets.parsing import format_long_date
from shared_models.access.models import Role


@dataclass(frozen=True, slots=True)
class Wish:
    """What the panel asks for; without a `user_id` somebody new is to be invited."""

    user_id: str
    email: str
    first_name: str
    last_name: str
    roles: frozenset[Role]
    location_ids: frozenset[str]


class PersonPanel(SidePanel):
    """`invited` and `saved` carry a `Wish`, `sendAgain` and `withdrawn` the id of an invitation."""

    invited = Signal(object)
    saved = Signal(object)
    sendAgain = Signal(str)
    withdrawn = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", 348, parent=parent)
        t = theme.current()
        self._person: PersonRow | None = None
        self._invitation: Invitation | None = None
        self._places: dict[str, CheckBox] = {}
        self.note = Note("", " ", Tone.ACCENT, "mail")
        self.again = Button("Send again", small=True, on_click=lambda: self._tell(self.sendAgain))
        self.withdraw = Button("Withdraw", Kind.QUIET, small=True, on_click=lambda: self._tell(self.withdrawn))
        self.email = TextInput("", "name@example.com")
        self.first_name = TextInput()
        self.last_name = TextInput()
        self.email_field = Field("E-mail", self.email)
        self.first_field = Field("First name", self.first_name)
        self.last_field = Field("Last name", self.last_name, optional=True)
        self.roles = {role: CheckBox(ROLE_WORDS[role]) for role in ROLE_MEANING}
        self.role_error = Paragraph("", "small", "danger")
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        column.setSpacing(t.px(13))
        column.addWidget(self.note)
        answers = QHBoxLayout()
        answers.setSpacing(t.px(8))
        answers.addWidget(self.again)
        answers.addWidget(self.withdraw)
        answers.addStretch(1)
        column.addLayout(answers)
        column.addWidget(self.email_field)
        names = QHBoxLayout()
        names.setSpacing(t.px(12))
        names.addWidget(self.first_field, 1)
        names.addWidget(self.last_field, 1)
        column.addLayout(names)
        self.body.addLayout(column)
        self.body.addWidget(Line())
        self.body.addLayout(self._role_part())
        self.body.addWidget(Line())
        self._place_column = QVBoxLayout()
        self._place_column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        self._place_column.setSpacing(t.px(8))
        self._place_column.addWidget(Label("Locations", "body_strong"))
        self.body.addLayout(self._place_column)
        self.body.addStretch(1)
        self.cancel, self.save = save_and_cancel("Save", self._save, self._dismiss)
        self.cancel.set_keycap(None)
        self.save.set_keycap(None)
        self.invite = Button("Send the invitation", Kind.PRIMARY, on_click=self._invite)
        self.add_footer(self.cancel, self.save, self.invite)

    def _role_part(self) -> QVBoxLayout:
        t = theme.current()
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        column.setSpacing(t.px(4))
        column.addWidget(Label("Roles", "body_strong"))
        for role, box in self.roles.items():
            column.addSpacing(t.px(4))
            column.addWidget(box)
            meaning = QHBoxLayout()
            meaning.addSpacing(t.px(26))
            meaning.addWidget(Paragraph(ROLE_MEANING[role], "small", "text2"), 1)
            column.addLayout(meaning)
            box.setAccessibleDescription(ROLE_MEANING[role])
        self.role_error.hide()
        column.addWidget(self.role_error)
        return column

    def open_for(
        self,
        center: PeopleOfCenter,
        person: PersonRow | None,
        *,
        invitation: Invitation | None,
        has_come_in: bool,
        is_owner: bool,
        may_invite: bool,
        own_locations: frozenset[str] | None,
    ) -> None:
        """Show a person, or with None an empty invitation.

        `is_owner` and `own_locations` (None for all) are those of whoever looks: an admin gives neither
        administration nor other locations (product §2).
        """
        self._person, self._invitation = person, invitation
        is_new = person is None
        wants_invitation = may_invite and not has_come_in and invitation is None
        self.set_words("Invite someone" if person is None else person.name, person.email if person else "")
        self.email_field.setVisible(is_new or (wants_invitation and not person.email if person else is_new))
        self.first_field.setVisible(is_new)
        self.last_field.setVisible(is_new)
        self._say(person, invitation, has_come_in, wants_invitation)
        self.again.setVisible(may_invite and invitation is not None)
        self.withdraw.setVisible(may_invite and invitation is not None)
        for entry in (self.email, self.first_name, self.last_name):
            entry.clear()
        for field in (self.email_field, self.first_field, self.last_field):
            field.set_error("")
        self.role_error.hide()
        may_change = is_owner or is_new or (wants_invitation and person is not None and not person.roles)
        is_the_owner = person is not None and Role.OWNER in person.roles
        for role, box in self.roles.items():
            box.setChecked(person is not None and role in person.roles)
            box.setEnabled(may_change and (is_owner or role is not Role.ADMIN))
        self._show_places(center, person, may_change and not is_the_owner, own_locations, is_the_owner)
        self.save.setVisible(person is not None and is_owner)
        self.invite.setVisible(wants_invitation and not is_the_owner)
        self.save.setText("Save")
        self.open_panel()
        if is_new:
            self.email.setFocus()

    def _say(
        self, person: PersonRow | None, invitation: Invitation | None, has_come_in: bool, may_invite: bool
    ) -> None:
        if invitation is not None:
            until = format_long_date(invitation.expires_at.astimezone().date(), weekday=False)
            self.note.title.set_text("**Invited**")
            self.note.text.set_text(f"The link mailed to {invitation.email} works until {until}.")
        elif person is not None and not has_come_in and may_invite:
            self.note.title.set_text("**No login yet**")
            self.note.text.set_text("An invitation lets them sign in with what is chosen below.")
        self.note.setVisible(invitation is not None or (person is not None and not has_come_in and may_invite))

    def _show_places(
        self,
        center: PeopleOfCenter,
        person: PersonRow | None,
        may_change: bool,
        own_locations: frozenset[str] | None,
        is_the_owner: bool,
    ) -> None:
        for box in self._places.values():
            self._place_column.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._places = {}
        only_one = len(center.locations) == 1
        for location_id, name in center.locations:
            box = CheckBox(name)
            box.setChecked(is_the_owner or (only_one if person is None else location_id in person.location_ids))
            box.setEnabled(may_change and (own_locations is None or location_id in own_locations))
            self._places[location_id] = box
            self._place_column.addWidget(box)
            box.show()

    def wish(self) -> Wish:
        """What is entered now."""
        person = self._person
        return Wish(
            person.user_id if person is not None else "",
            self.email.text().strip() or (person.email if person is not None else ""),
            self.first_name.text().strip() or (person.name.partition(" ")[0] if person is not None else ""),
            self.last_name.text().strip() or (person.name.partition(" ")[2] if person is not None else ""),
            frozenset(role for role, box in self.roles.items() if box.isChecked()),
            frozenset(location_id for location_id, box in self._places.items() if box.isChecked()),
        )

    def place_box(self, location_id: str) -> CheckBox:
        """The box of a location."""
        return self._places[location_id]

    def refuse(self, words: str) -> None:
        """Say why the server did not take it."""
        self.role_error.set_text(words)
        self.role_error.show()

    def _invite(self) -> None:
        wish = self.wish()
        if "@" not in wish.email:
            self.email_field.show()
            self.email_field.set_error("Type the e-mail address that the invitation goes to.")
            return self.email.setFocus()
        if self._person is None and not wish.first_name:
            self.first_field.set_error("Type a first name.")
            return self.first_name.setFocus()
        if not wish.roles:
            return self.refuse("Choose at least one role.")
        self.role_error.hide()
        self.invited.emit(wish)

    def _save(self) -> None:
        self.role_error.hide()
        self.saved.emit(self.wish())

    def _tell(self, signal: object) -> None:
        if self._invitation is not None:
            signal.emit(self._invitation.id)  # type: ignore[attr-defined]
