"""Settings of the own account: its second factor and password, and where else it is signed in."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.access.account_client import OwnAccount, SignedInBrowser
from desktop.access.pcs_section import seen_words
from desktop.access.server_calls import ServerCalls
from desktop.organization.section import Section
from desktop.widgets import Button, Label, Line, Paragraph


class OwnAccountSection(Section):
    """What concerns only the person at this PC; what needs a password is a page of the server, in the browser."""

    key: ClassVar[str] = "account"
    title: ClassVar[str] = "Your account"
    explanation: ClassVar[str] = "Your own login, in every center that you belong to."
    tables: ClassVar[frozenset[str]] = frozenset()

    def build(self) -> None:
        """Filled by the server's answer."""
        self.can_write = True
        self._calls = ServerCalls(self.store, self)
        t = theme.current()
        self.email = Label("", "body_strong")
        self.factor = Paragraph("", "body", "text2")
        self.factor_button = Button("Second factor…", icon="external-link", on_click=lambda: self._open(""))
        self.password_button = Button(
            "New password…", icon="external-link", on_click=lambda: self._open("change-password")
        )
        self.everywhere_button = Button("Sign out everywhere else", icon="log-out", on_click=self._sign_out)
        self.everywhere = Paragraph(
            "Ends your sign-in in every browser and on every other PC. They keep their data and ask for your "
            "password.", "small", "text2",
        )  # fmt: skip
        self.problem = Paragraph("", "small", "warn")
        self.problem.hide()
        self._browsers = QWidget()
        self._browser_column = QVBoxLayout(self._browsers)
        self._browser_column.setContentsMargins(0, 0, 0, 0)
        self._browser_column.setSpacing(t.px(8))
        self.content.addWidget(self.problem)
        self.known = QWidget()
        column = QVBoxLayout(self.known)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self.content.spacing())
        column.addWidget(self.email)
        column.addWidget(self.factor)
        column.addLayout(_row(self.factor_button, self.password_button))
        column.addWidget(Line())
        column.addWidget(Label("Browsers", "body_strong"))
        column.addWidget(self._browsers)
        column.addWidget(Line())
        column.addLayout(_row(self.everywhere_button))
        column.addWidget(self.everywhere)
        self.known.hide()  # until the server has told of the account
        self.content.addWidget(self.known)
        self.content.addStretch(1)

    def read(self) -> None:
        """Ask the server."""
        self._calls.run(lambda client: client.account(), self._show, self._unreachable)

    def _show(self, account: OwnAccount) -> None:
        self.problem.hide()
        self.known.show()
        self.email.setText(account.email)
        self.factor.set_text(
            f"The second factor is on. {account.recovery_codes_left} of 10 recovery codes are left."
            if account.has_second_factor
            else "The second factor is off. With it, a stolen password alone opens nothing: signing in also asks for "
            "a code from your phone."
        )
        self.factor_button.setText(
            "Switch off the second factor…" if account.has_second_factor else "Switch on the second factor…"
        )
        self._path = "second-factor/remove" if account.has_second_factor else "second-factor"
        while (item := self._browser_column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for browser in account.browsers:
            self._browser_column.addWidget(self._browser(browser))
        if not account.browsers:
            self._browser_column.addWidget(Label("You are signed in to none.", "body", "text2"))

    def _browser(self, browser: SignedInBrowser) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(browser.name, "body"))
        place = f", from {browser.place}" if browser.place else ""
        words.addWidget(Label(f"Last used {seen_words(browser.last_seen_at)}{place}", "small", "text2"))
        row.addLayout(words, 1)
        button = Button("Sign out", small=True, on_click=lambda: self._end(browser))
        button.setAccessibleName(f"Sign out {browser.name}")
        row.addWidget(button)
        return box

    def _unreachable(self, sentence: str) -> None:
        self.problem.set_text(sentence)
        self.problem.show()

    def _open(self, path: str) -> None:
        if self._calls.server:
            QDesktopServices.openUrl(QUrl(f"{self._calls.server}/account/{path or self._path}"))

    _path = "second-factor"

    def _end(self, browser: SignedInBrowser) -> None:
        self._calls.run(
            lambda client: client.end_browser(browser.id),
            lambda _: self._settled(f"Signed out of {browser.name}"),
            self._unreachable,
        )

    def _sign_out(self) -> None:
        self._calls.run(
            lambda client: client.sign_out_everywhere(),
            lambda _: self._settled("Signed out everywhere else"),
            self._unreachable,
        )

    def _settled(self, words: str) -> None:
        self.done.emit(words, False)
        self.read()


def _row(*buttons: Button) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.current().px(8))
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row
