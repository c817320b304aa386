"""Puts the program together: the store, the pages of the window, undo, and the sync in the background."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox
from sqlalchemy import select

from desktop import garbage, theme
from desktop.files.status import Refusals
from desktop.files.transfers import FileTransfers
from desktop.log import begin_log
from desktop.only_one import OnlyOne
from desktop.page import Changes, Page
from desktop.people.forgetting import Forgetting
from desktop.store.announcer import StoreAnnouncer
from desktop.store.errors import StoreError
from desktop.store.keys import KEYRING
from desktop.store.store import Store
from desktop.sync.notices import SyncNotices
from desktop.sync.status import SyncStatus
from desktop.sync.worker import SERVER, TOKEN, SyncWorker
from desktop.widgets.palette import Result
from desktop.window import MainWindow, PageEntry
from shared_models.access.models import User
from shared_models.clock import Clock
from shared_models.organization.models import Organization
from shared_models.people.search import PersonHit, PersonKind

_APPEARANCE = "appearance"
_GEOMETRY = "window_geometry"
_TOLD_OF_KEY = "told_of_key_file"
_CALENDAR = 1
_NEEDED_SOON = (
    "desktop.schedule.drop_check",
    "desktop.schedule.calendar_changes",
    "desktop.schedule.entry_menus",
    "desktop.schedule.conflicts_panel",
    "phonenumbers",
    "email_validator",
    "desktop.people.search_index",
    "desktop.schedule.entry_form",
    "desktop.leads.leads_page",
    "desktop.people.families_page",
    "desktop.today.today_page",
    "desktop.printing.preview_dialog",
)
_TIDY_EVERY_MS = 1_000
_LOAD_AHEAD_AFTER_SECONDS = 1.5
_LOAD_AHEAD_PAUSE_SECONDS = 0.05

_PLACES = {
    PersonKind.FAMILY: ("Families", "users-round"),
    PersonKind.STUDENT: ("Families", "users-round"),
    PersonKind.LEAD: ("Leads", "user-round-plus"),
    PersonKind.TUTOR: ("Tutors", "graduation-cap"),
}


def run_program(store: Store, clock: Clock, only_one: OnlyOne) -> int:
    """Open the window and run until it is closed; returns the exit status."""
    app = make_application(store)
    only_one.listen(_bring_forward)
    is_joined = store.local("organization_id") is not None
    is_signed_out = store.local(SERVER) is not None and store.secrets.read(TOKEN) is None
    if (not is_joined or is_signed_out) and not _sign_in(store):
        return 0
    program = Program(store, clock)
    _place(program.window, store)
    program.window.closing.connect(lambda: _remember_place(program.window, store))
    QTimer.singleShot(0, garbage.resume)
    begin_log(store.folder)
    program.start_sync()
    if store.key_kept_in != KEYRING and store.local(_TOLD_OF_KEY) is None:
        program.window.announce(f"{store.key_words} Settings, Backup says so again.", undo_enabled=False)
        store.set_local(**{_TOLD_OF_KEY: "1"})
    threading.Thread(target=_load_ahead, name="load-ahead", daemon=True).start()
    status = app.exec()
    program.close()
    return status


def make_application(store: Store | None = None) -> QApplication:
    """The Qt application in the look that this PC's user chose."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("iTutorOS")
    chosen = store.local(_APPEARANCE) if store is not None else None
    theme.install(app, theme.Appearance(chosen) if chosen else theme.Appearance.SYSTEM)
    return app


def _place(window: MainWindow, store: Store) -> None:
    """Show the window where it was last; the first time, over the whole of a screen that is not large."""
    remembered = store.local(_GEOMETRY)
    room = window.screen().availableSize()
    if remembered is not None and window.restoreGeometry(QByteArray.fromBase64(remembered.encode())):
        window.show()
    elif room.width() < 1.25 * window.width() or room.height() < 1.25 * window.height():
        window.showMaximized()
    else:
        window.show()


def _bring_forward() -> None:
    """Somebody started the program again: this is the window they look for."""
    mains = (window for window in QApplication.topLevelWidgets() if isinstance(window, MainWindow))
    for window in (next(mains, None), QApplication.activeModalWidget()):
        if window is not None:
            window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
            window.raise_()
            window.activateWindow()
            QApplication.alert(window)


def _remember_place(window: MainWindow, store: Store) -> None:
    store.set_local(**{_GEOMETRY: bytes(window.saveGeometry().toBase64().data()).decode("ascii")})


def _load_ahead() -> None:
    """Import what the first save, search or print needs once the window stands, so that none of them hesitates."""
    time.sleep(_LOAD_AHEAD_AFTER_SECONDS)
    for name in _NEEDED_SOON:
        importlib.import_module(name)
        time.sleep(_LOAD_AHEAD_PAUSE_SECONDS)


def _tidy() -> None:
    is_elsewhere = QApplication.applicationState() != Qt.ApplicationState.ApplicationActive
    garbage.tidy(thoroughly=is_elsewhere)


class Program:
    """The window over one store. `start_sync` begins the exchange; `close` ends everything it started."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self.window = MainWindow(page_entries(store, clock), _business_name(store), _person(store), first=_CALENDAR)
        # What speaks to the window goes with it.
        self._announcer = StoreAnnouncer(store, self.window)
        self._announcer.changed.connect(self.window.refresh)
        self._announcer.changed.connect(self._follow)
        self._status = SyncStatus(self.window)
        self._worker: SyncWorker | None = None
        self._transfers: FileTransfers | None = None
        self._forgetting: Forgetting | None = None
        self._refusals = Refusals(self.window)
        self._refusals.said.connect(lambda sentence: self.window.announce(sentence, undo_enabled=False))
        window = self.window
        window.undoRequested.connect(lambda: self._replay(store.undo, "Undid"))
        window.redoRequested.connect(lambda: self._replay(store.redo, "Did again"))
        window.appearanceChosen.connect(lambda look: store.set_local(**{_APPEARANCE: look}))
        window.signOutRequested.connect(self._sign_out)
        self._notices = SyncNotices(window, store, sign_in=lambda: _sign_in(store), end=window.close)
        self._status.changed.connect(self._notices.show)
        window.add_program_action("Import files", self.open_import, "file-up")
        window.noticesRequested.connect(self._open_notices)
        window.add_search(lambda typed: search_results(store, window, typed))
        tidying = QTimer(window)
        tidying.timeout.connect(_tidy)
        tidying.start(_TIDY_EVERY_MS)
        self._count_leads()

    def start_sync(self) -> None:
        """Exchange with the server in the background from now on."""
        self._worker = SyncWorker(self.store, self._status.report)
        self._notices.follow(self._worker)
        self._worker.start()
        self._transfers = FileTransfers(self.store, on_refused=self._refusals.said.emit)
        self._transfers.start()
        self._forgetting = Forgetting(self.store)
        self._forgetting.start()

    def open_import(self) -> None:
        """Bring in families, tutors, leads, a calendar or the center itself from files."""
        from desktop.exchange.import_dialog import ImportDialog

        dialog = ImportDialog(self.store, now=self._clock, parent=self.window)
        dialog.imported.connect(lambda words: self.window.announce(words))
        dialog.exec()

    def close(self) -> None:
        """Stop the exchange; what is unsent stays marked for the next start."""
        self._announcer.stop()
        self.window.shut_down_pages()
        if self._worker is not None:
            self._notices.follow(None)
            self._worker.stop()
            self._worker = None
        if self._transfers is not None:
            self._transfers.stop()
            self._transfers = None
        if self._forgetting is not None:
            self._forgetting.stop()
            self._forgetting = None

    def _open_notices(self) -> None:
        from desktop.today.notices import open_notices

        open_notices(self.window, self.store, self._clock)

    def _replay(self, step: Callable[[], str | None], words: str) -> None:
        try:
            description = step()
        except StoreError as error:
            self.window.announce(str(error), undo_enabled=False)
            return
        if description is not None:
            self.window.show_last_action(f"{words}: {description}", self.store.undo_history.next_undo is not None)

    def _sign_out(self) -> None:
        self.close()
        self.store.secrets.forget(TOKEN)
        self.window.close()

    def _follow(self, changes: Changes) -> None:
        if "lead" in changes:
            self._count_leads()
        if "organization" in changes:
            self.window.set_organization(_business_name(self.store))

    def _count_leads(self) -> None:
        from desktop.leads.lead_rows import badge_count

        self.window.set_badge("Leads", badge_count(self.store))


def page_entries(store: Store, clock: Clock) -> list[PageEntry]:
    """The pages in the order of the rail; each is imported and made when it is first shown."""

    def today() -> Page:
        from desktop.today.today_page import TodayPage

        return TodayPage(store, clock)

    def calendar() -> Page:
        from desktop.schedule.calendar_page import CalendarPage

        return CalendarPage(store, clock)

    def leads() -> Page:
        from desktop.leads.leads_page import LeadsPage

        return LeadsPage(store, clock)

    def families() -> Page:
        from desktop.people.families_page import FamiliesPage

        return FamiliesPage(store, clock)

    def tutors() -> Page:
        from desktop.people.tutors_page import TutorsPage

        return TutorsPage(store, clock)

    def settings() -> Page:
        from desktop.organization.settings_page import SettingsPage

        return SettingsPage(store, clock)

    return [
        PageEntry("Today", "sun", today),
        PageEntry("Calendar", "calendar-days", calendar, frozenset({"schedule_entry", "series"})),
        PageEntry("Leads", "user-round-plus", leads, frozenset({"lead"})),
        PageEntry("Families", "users-round", families, frozenset({"family", "student"})),
        PageEntry("Tutors", "graduation-cap", tutors, frozenset({"tutor"})),
        PageEntry(
            "Settings",
            "sliders-horizontal",
            settings,
            frozenset({"organization", "location", "room", "service_offered", "user"}),
        ),
    ]


def show_failure(sentence: str) -> None:
    """Say in a window why the program cannot start."""
    make_application()
    box = QMessageBox(QMessageBox.Icon.Warning, "iTutorOS", sentence)
    box.addButton("Close", QMessageBox.ButtonRole.AcceptRole)
    box.exec()


def search_results(store: Store, window: MainWindow, typed: str) -> list[Result]:
    """People whose names, phones or e-mails fit what was typed into Ctrl K; choosing one opens their page."""
    if len(typed.strip()) < 2:
        return []
    from desktop.people.search_index import search_people

    def result(hit: PersonHit) -> Result:
        page, icon = _PLACES[hit.kind]
        target = hit.family_id if hit.kind is PersonKind.STUDENT and hit.family_id else hit.id
        return Result(hit.title, hit.subtitle, icon, lambda: window.go_to(page, target), section="People")

    return [result(hit) for hit in search_people(store, typed, limit=12)]


def _sign_in(store: Store) -> bool:
    from desktop.sync.sign_in_dialog import SignInDialog

    email = ""
    if store.local("organization_id") is not None and store.user_id is not None:
        with store.read() as session:
            email = session.scalar(select(User.email).where(User.id == store.user_id)) or ""
    return SignInDialog(store, email).exec() == QDialog.DialogCode.Accepted


def _business_name(store: Store) -> str:
    with store.read() as session:
        return session.scalar(select(Organization.business_name)) or ""


def _person(store: Store) -> str:
    if store.user_id is None:
        return ""
    with store.read() as session:
        row = session.execute(select(User.first_name, User.last_name).where(User.id == store.user_id)).one_or_none()
    return f"{row.first_name} {row.last_name}".strip() if row else ""
