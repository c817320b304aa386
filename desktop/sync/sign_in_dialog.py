"""Joining a center on a new PC: the server's address, e-mail and password, then everything is fetched once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.access.account_client import SecondFactorNeeded, WrongCode
from desktop.background import Background
from desktop.store.store import Store
from desktop.sync.setup import Outcome, redeem, sign_in
from desktop.sync.worker import SERVER
from desktop.widgets import Button, ComboBox, Field, Kind, Label, Option, Paragraph, TextInput

if TYPE_CHECKING:
    from desktop.access.browser_sign_in import BrowserSignIn

_WELCOME = (
    ("calendar-days", "One calendar for every office", "Double bookings are marked before you save them."),
    ("cloud-off", "Works without internet", "What you enter is saved here at once and sent when the line is back."),
    ("lock", "Children’s data stays safe", "Encrypted on this PC; only people of your center can open it."),
)


class SignInDialog(QDialog):
    """Accepted once this PC has joined a center and fetched its data."""

    def __init__(self, store: Store, email: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._jobs = Background(self)
        self._jobs.busyChanged.connect(self._show_busy)
        # The browser may take its time: other background work must not wait for it.
        threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="browser sign-in")
        self._waiting = Background(self, thread=threads)
        self._flow: BrowserSignIn | None = None
        self._paired: tuple[str, str] | None = None
        t = theme.current()
        self.setWindowTitle("Sign in · iTutorOS")
        self.resize(t.px(920), t.px(600))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(_Board(), 5)
        row.addLayout(self._form(email), 7)

    def _form(self, email: str) -> QVBoxLayout:
        t = theme.current()
        self.server = TextInput(self._store.local(SERVER) or "", "https://desk.example.com")
        self.email = TextInput(email, "you@example.com")
        self.password = TextInput()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.code = TextInput("", "123 456")
        self.code.setMaxLength(40)
        self.center = ComboBox([], "", "Choose a center")
        self.server_field = Field("Address of your server", self.server, helper="The owner of the center knows it.")
        self.email_field = Field("E-mail", self.email)
        self.password_field = Field("Password", self.password)
        self.code_field = Field(
            "Code of your authenticator app", self.code, helper="Without your phone: one of your recovery codes."
        )
        self.center_field = Field("Center", self.center)
        self.code_field.hide()
        self.center_field.hide()
        self.progress = Label("", "small", "text2")
        self.button = Button("Sign in", Kind.PRIMARY, on_click=self.submit)
        self.button.setDefault(True)
        self.in_browser = Button("Sign in with the browser", icon="globe", on_click=self.sign_in_with_browser)
        column = QVBoxLayout()
        column.setContentsMargins(t.px(64), t.px(48), t.px(64), t.px(32))
        column.setSpacing(t.px(16))
        column.addStretch(1)
        column.addWidget(Label("Sign in to your center", "page"))
        column.addWidget(
            Paragraph(
                "Once, on each PC. Everything is fetched now, and kept up to date from then on.", "body", "text2"
            )
        )
        column.addSpacing(t.px(8))
        for field in (
            self.server_field, self.email_field, self.password_field, self.code_field, self.center_field,
        ):  # fmt: skip
            column.addWidget(field)
        column.addSpacing(t.px(8))
        foot = QHBoxLayout()
        foot.addWidget(self.in_browser)
        foot.addStretch(1)
        foot.addWidget(self.button)
        column.addLayout(foot)
        column.addWidget(self.progress)
        column.addLayout(self._ways_out())
        column.addStretch(2)
        first = self.server if not self.server.text() else self.email if not email else self.password
        first.setFocus()
        return column

    def _ways_out(self) -> QHBoxLayout:
        """Other ways in, and for who has none yet: pages of the server, opened in the browser."""
        self.forgot = Button(
            "Forgot your password?", Kind.LINK, small=True, on_click=lambda: self._open("/account/reset")
        )
        self.start = Button(
            "Start a new center", Kind.LINK, small=True, on_click=lambda: self._open("/account/sign-up")
        )
        row = QHBoxLayout()
        row.setSpacing(theme.current().px(16))
        row.addWidget(self.forgot)
        row.addWidget(self.start)
        row.addStretch(1)
        return row

    def _server(self) -> str:
        """The server's address as it was typed, or "" with what to do said."""
        server = _address(self.server.text())
        if not server:
            self.server_field.set_error("Type the address of the server, such as desk.example.com.")
            self.server.setFocus()
        return server

    def _open(self, path: str) -> None:
        self.server_field.set_error("")
        server = self._server()
        if server:
            QDesktopServices.openUrl(QUrl(server + path))

    def submit(self) -> None:
        """Check the fields, then sign in off the UI thread."""
        fields = (self.server_field, self.email_field, self.password_field, self.code_field)
        for field in fields:
            field.set_error("")
        server = self._server()
        if not server:
            return None
        if self._paired is not None and self.center.value():
            code, verifier = self._paired
            chosen = self.center.value()
            self.progress.setText("Fetching your center…")
            self._jobs.run(
                lambda: redeem(self._store, server, code, verifier, chosen), self._signed_in, self._refused_pairing
            )
            return None
        if "@" not in self.email.text():
            self.email_field.set_error("Type your e-mail address.")
            return self.email.setFocus()
        if not self.password.text():
            self.password_field.set_error("Type your password.")
            return self.password.setFocus()
        if self.code_field.isVisible() and not self.code.text().strip():
            self.code_field.set_error("Type the six digits that your app shows now.")
            return self.code.setFocus()
        email, password, center = self.email.text(), self.password.text(), self.center.value() or None
        code = self.code.text()
        self.progress.setText("Signing in and fetching your center…")
        self._jobs.run(
            lambda: sign_in(self._store, server, email, password, center, code=code), self._signed_in, self._refused
        )

    def sign_in_with_browser(self) -> None:
        """Let the person sign in at the server's page, also through a provider, and wait for what it brings."""
        from desktop.access.browser_sign_in import BrowserSignIn

        self.server_field.set_error("")
        server = self._server()
        if not server:
            return
        self._stop_waiting()
        flow = self._flow = BrowserSignIn(server)
        QDesktopServices.openUrl(QUrl(flow.address))
        self.progress.setText("Sign in at the page that opened in your browser.")

        def job() -> Outcome | None:
            self._paired = (flow.wait(), flow.verifier)
            return redeem(self._store, server, *self._paired) if self._paired[0] else None

        self._waiting.run(job, self._paired_with, self._refused_pairing, lambda: self._flow is flow)

    def _paired_with(self, outcome: Outcome | None) -> None:
        if outcome is not None:
            self._flow = None
            self._signed_in(outcome)

    def _refused_pairing(self, error: Exception) -> None:
        self.progress.setText("")
        self.server_field.set_error(str(error))

    def _stop_waiting(self) -> None:
        if self._flow is not None:
            self._flow.give_up()
            self._flow = None

    def _signed_in(self, outcome: Outcome) -> None:
        self.progress.setText("")
        if isinstance(outcome, SecondFactorNeeded):
            self.code_field.show()
            self.code.setFocus()
            self.progress.setText("Your account asks for a second factor.")
            return
        if not isinstance(outcome, list):
            return self.accept()
        self.center.set_options([Option(center.organization_id, center.business_name) for center in outcome])
        self.center_field.show()
        self.center.setFocus()
        self.progress.setText("Choose which of your centers to open here.")

    def _refused(self, error: Exception) -> None:
        self.progress.setText("")
        if isinstance(error, WrongCode):
            self.code_field.set_error(str(error))
            self.code.selectAll()
            return self.code.setFocus()
        self.password_field.set_error(str(error))
        self.password.setFocus()

    def _show_busy(self, busy: bool) -> None:
        self.button.setEnabled(not busy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submit()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        self._stop_waiting()
        self._waiting.close()
        self._jobs.close()
        super().done(result)


class _Board(QWidget):
    """The blackboard at the left: the mark, and what the program promises."""

    def __init__(self) -> None:
        super().__init__()
        t = theme.current()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(t.px(320))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), c.board)
        left, right = t.px(40), self.width() - t.px(32)
        theme.app_icon().paint(painter, left, t.px(40), t.px(40), t.px(40))
        painter.setPen(c.chalk)
        painter.setFont(theme.font("page"))
        painter.drawText(left + t.px(52), t.px(40), right - left, t.px(40), Qt.AlignmentFlag.AlignVCenter, "iTutorOS")
        y = t.px(140)
        for icon, title, words in _WELCOME:
            theme.draw_icon(painter, icon, left, y, t.px(20), c.chalk_yellow)
            painter.setPen(c.chalk)
            painter.setFont(theme.font("body_strong"))
            painter.drawText(left + t.px(36), y - t.px(2), right - left, t.px(22), 0, title)
            painter.setPen(c.chalk2)
            painter.setFont(theme.font("body"))
            flags = Qt.TextFlag.TextWordWrap
            painter.drawText(left + t.px(36), y + t.px(22), right - left - t.px(36), t.px(60), flags, words)
            y += t.px(104)
        painter.end()


def _address(typed: str) -> str:
    """A server's address as people type it, with https where nothing else is said; empty when there is none."""
    words = typed.strip().rstrip("/")
    if not words or " " in words:
        return ""
    return words if words.startswith(("http://", "https://")) else f"https://{words}"
