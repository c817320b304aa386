"""Which screens there are and how each is reached. A screen is a generator: it brings itself up, yields the window or
dialog to take, and afterwards puts everything back."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, time, timedelta
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog, QWidget

import resources
from desktop import theme
from desktop.app import make_application
from desktop.organization.settings_page import SECTIONS
from desktop.printing.preview_dialog import PrintPreview
from desktop.store.store import Store
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.recurrence import Pattern
from tools.demo_center import PICTURE_MOMENT
from tools.shots_rounds import Round
from tools.shots_schedule import SCHEDULE_SCREENS
from tools.shots_stage import Stage, Warnings
from tools.shots_sync import SYNC_SCREENS

Screen = Callable[[Stage], Iterator[QWidget]]

_DENSE = ("calendar-week", "leads-board")
"""The screens that are taken on scaled screens too."""


def take(wanted: Round, folder: Path, out: Path, only: Sequence[str] = ()) -> list[str]:
    """Take the pictures of one round; returns what went wrong, in words."""
    warnings = Warnings()
    problems: list[str] = []
    app = make_application()
    theme.choose(theme.Appearance(wanted.theme))
    for center, screens in (("sample", SCREENS), ("fresh", FRESH_SCREENS)):
        chosen = {
            name: screen
            for name, screen in screens.items()
            if (wanted.scale == 1.0 or name in _DENSE) and (not only or name.startswith(tuple(only)))
        }
        if not chosen:
            continue
        store = Store(folder / center, use_keyring=False)
        stage = Stage(app, store, PICTURE_MOMENT, wanted.size)
        for name, screen in chosen.items():
            picture = f"{name}-{wanted.name}"
            wrong = _take_one(stage, screen, out / f"{picture}.png")
            problems += [f"{picture}: {words}" for words in wrong]
            problems += [f"{picture}: Qt says: {words}" for words in warnings.taken()]
            if wrong:
                # What it left open would stand in the pictures that follow.
                stage.close()
                stage = Stage(app, store, PICTURE_MOMENT, wanted.size)
        stage.close()
        store.close()
    return problems


def _take_one(stage: Stage, screen: Screen, file: Path) -> list[str]:
    try:
        for widget in screen(stage):
            stage.grab(widget, file)
    except Exception as error:
        if os.environ.get("SHOTS_DEBUG"):
            traceback.print_exc()
        _dismiss_dialogs()
        return [f"{type(error).__name__}: {error}"]
    return []


def _dismiss_dialogs() -> None:
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QDialog) and window.isVisible():
            window.reject()


def _page(title: str) -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        stage.page(title)
        yield stage.window

    return screen


def _dialog(stage: Stage) -> QDialog:
    """The dialog that is open, once it is."""

    def dialogs() -> list[QDialog]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]

    stage.wait_until(dialogs, "a dialog")
    return dialogs()[0]


# Calendar


def _calendar(view: str, columns: str = "") -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        calendar = stage.page("Calendar")
        calendar.go_today()
        calendar.set_view(view)
        if columns:
            stage.choose(columns)
        yield stage.window
        if columns:
            stage.choose("tutors")

    return screen


def _agenda(stage: Stage) -> Iterator[QWidget]:
    from desktop.schedule.agenda_view import AgendaView

    calendar = stage.page("Calendar")
    calendar.go_today()
    calendar.set_view("agenda")
    agenda = stage.find(AgendaView)
    stage.wait_until(agenda.is_complete, "the year of the agenda")
    yield stage.window
    calendar.set_view("week")


def _colored(view: str, by: str) -> Screen:
    """A view whose colors stand for tutors or for the status."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        from desktop.schedule.coloring import ColorBy

        calendar = stage.page("Calendar")
        calendar.go_today()
        calendar.set_view(view)
        calendar.color.parts.set_value(by, announce=True)
        yield stage.window
        calendar.color.parts.set_value(ColorBy.SERVICE.value, announce=True)
        calendar.set_view("week")

    return screen


def _wall(location: str) -> Screen:
    """The lobby's display of one location (its name begins so), or of all."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        calendar = stage.page("Calendar")
        before = calendar.filters.value().location_id
        place = next(
            (one.id for one in calendar.directory().places if location and one.name.startswith(location)), ""
        )
        calendar.filters.set_location(place)
        wall = calendar.open_wall()
        wall.showNormal()
        wall.resize(stage.window.size())
        yield wall
        wall.close()
        calendar.filters.set_location(before)

    return screen


def _go_to_date(stage: Stage) -> Iterator[QWidget]:
    from desktop.schedule.mini_month import BusyMonthPopup

    calendar = stage.page("Calendar")
    calendar.go_today()
    calendar.pick_date()
    popup = stage.find(BusyMonthPopup)
    yield popup
    popup.close()


def _choose_student(stage: Stage) -> Iterator[QWidget]:
    from desktop.schedule.student_chip import StudentPopup

    calendar = stage.page("Calendar")
    calendar.set_view("week")
    calendar.filters.student.open_menu()
    popup = stage.find(StudentPopup)
    stage.type_into(popup.search, "noa")
    yield popup
    popup.close()


def _save_view(stage: Stage) -> Iterator[QWidget]:
    calendar = stage.page("Calendar")
    calendar.set_view("week")
    sheet = calendar.saved.ask_name()
    stage.rest()
    yield stage.window
    sheet.dismiss()
    stage.rest()


def _conflicts(view: str) -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        calendar = stage.page("Calendar")
        calendar.go_today()
        calendar.set_view(view)
        calendar.show_conflicts(True)
        stage.rest()
        yield stage.window
        calendar.show_conflicts(False)
        stage.rest()

    return screen


def _next_week(stage: Stage) -> Iterator[QWidget]:
    calendar = stage.page("Calendar")
    calendar.set_view("week")
    calendar.go_to((PICTURE_MOMENT + timedelta(days=7)).date())
    yield stage.window
    calendar.go_today()


def _new_entry(stage: Stage) -> Iterator[QWidget]:
    from desktop.schedule.entry_form import EntryEditor

    calendar = stage.page("Calendar")
    calendar.set_view("week")
    calendar.go_today()
    calendar.new_entry()
    stage.rest()
    form = stage.find(EntryEditor)
    form.fields.show_draft(_draft(stage))
    form.settle()
    yield stage.window
    form.dismiss()
    stage.rest()


def _draft(stage: Stage) -> EntryDraft:
    """A year of writing lessons that gets in the way of several others."""
    place = {"place": stage.one("SELECT id FROM location WHERE name = 'Irvington Office'")}
    return EntryDraft(
        location_id=place["place"],
        service_id=stage.one("SELECT id FROM service WHERE format = 'private' AND level = 'elementary'"),
        subject_id=stage.one("SELECT id FROM subject WHERE name LIKE 'Reading%'"),
        topic_id=stage.one("SELECT id FROM topic WHERE name LIKE 'Writing (%'"),
        tutor_id=stage.one(
            "SELECT tutor.id FROM tutor JOIN user ON user.id = tutor.user_id "
            "WHERE user.first_name = 'Małgorzata' AND user.last_name = 'Patel'"
        ),
        student_ids=(stage.one("SELECT id FROM student WHERE first_name = 'Noah' AND last_name = 'Haddad'"),),
        room_ids=(stage.one("SELECT id FROM room WHERE name = 'Room C' AND location_id = :place", **place),),
        first_day=date(2026, 12, 2),
        start=time(17, 45),
        pattern=Pattern.WEEKLY,
        weekdays=frozenset({2, 4}),
        last_day=date(2027, 6, 25),
    )


def _open_entry(stage: Stage) -> Iterator[QWidget]:
    from desktop.schedule.entry_form import EntryEditor

    calendar = stage.page("Calendar")
    calendar.set_view("week")
    calendar.go_today()
    first = PICTURE_MOMENT.astimezone(UTC).isoformat(sep="T", timespec="seconds").replace("+00:00", "Z")
    calendar.open_entry(
        stage.one(
            "SELECT entry.id FROM schedule_entry entry JOIN location ON location.id = entry.location_id "
            "WHERE location.name LIKE 'Irv%' AND capacity = 1 AND starts_at > :first ORDER BY starts_at, entry.id",
            first=first,
        )
    )
    stage.rest()
    form = stage.find(EntryEditor)
    form.settle()
    yield stage.window
    form.dismiss()
    stage.rest()


def _print_preview(stage: Stage) -> Iterator[QWidget]:
    calendar = stage.page("Calendar")
    calendar.set_view("day")
    calendar.print_day()
    preview = _dialog(stage)
    assert isinstance(preview, PrintPreview)
    painted: list[bool] = []
    preview.pagesShown.connect(lambda: painted.append(True))
    preview.resize(stage.window.size())
    stage.wait_until(lambda: painted, "the pages")
    yield preview
    preview.reject()
    calendar.set_view("week")


# Leads


def _leads(view: str) -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        stage.page("Leads")
        stage.choose(view)
        yield stage.window

    return screen


def _lead_detail(stage: Stage) -> Iterator[QWidget]:
    leads = stage.page("Leads")
    stage.choose("board")
    leads.open_lead(
        stage.one("SELECT id FROM lead WHERE stage = 'FOLLOW_UP_ATTEMPTED' AND parent_first_name = 'Thảo' LIMIT 1")
    )
    stage.rest()
    yield stage.window
    leads.panel.close_panel()
    stage.rest()


def _lead_entry(stage: Stage) -> Iterator[QWidget]:
    leads = stage.page("Leads")
    stage.choose("board")
    leads.new_lead()
    sheet = leads.entry_sheet
    assert sheet is not None
    stage.type_into(sheet.parent_name, "Thảo Tanaka")
    stage.type_into(sheet.phone, "(914) 555-98")
    stage.turn(500)
    yield stage.window
    for field in (sheet.parent_name, sheet.phone):
        stage.type_into(field, "")
    sheet.dismiss()
    stage.rest()


def _lead_convert(stage: Stage) -> Iterator[QWidget]:
    leads = stage.page("Leads")
    stage.choose("board")
    leads.pick_lead(stage.one("SELECT id FROM lead WHERE parent_first_name = 'Sophie' AND source = 'WEB'"))
    leads.convert()
    stage.rest()
    yield stage.window
    leads.convert_sheet.dismiss()
    stage.rest()


# Families, tutors, settings, import


def _family(stage: Stage) -> Iterator[QWidget]:
    families = stage.page("Families")
    families.show_item(stage.one("SELECT family_id FROM student WHERE first_name = 'Elena' AND last_name = 'Kim'"))
    stage.rest()
    yield stage.window


def _tutor(stage: Stage) -> Iterator[QWidget]:
    tutors = stage.page("Tutors")
    tutors.show_item(_some_tutor(stage))
    stage.rest()
    yield stage.window


def _tutor_form(stage: Stage) -> Iterator[QWidget]:
    tutors = stage.page("Tutors")
    tutors.edit(_some_tutor(stage))
    stage.rest()
    yield stage.window
    tutors._leave_form()
    stage.rest()


def _some_tutor(stage: Stage) -> str:
    return stage.one(
        "SELECT tutor.id FROM tutor JOIN user ON user.id = tutor.user_id "
        "WHERE user.first_name = 'Małgorzata' AND user.last_name = 'Patel'"
    )


def _settings(key: str) -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        settings = stage.page("Settings")
        settings.open_section(key)
        yield stage.window

    return screen


def _import(view: str) -> Screen:
    def screen(stage: Stage) -> Iterator[QWidget]:
        from desktop.exchange.import_dialog import ImportDialog

        files = sorted(resources.path("demo/center").iterdir())
        dialog = ImportDialog(stage.store, files, now=lambda: stage.moment, parent=stage.window)
        read: list[bool] = []
        dialog.previewsShown.connect(lambda: read.append(True))
        dialog.open()
        stage.wait_until(lambda: read, "the files")
        families = next(n for n, file in enumerate(dialog._previews) if file.file.name == "families.csv")
        dialog.files.select_row(families)
        dialog.view.set_value(view, announce=True)
        yield dialog
        dialog.reject()

    return screen


# Over every page


def _palette(stage: Stage) -> Iterator[QWidget]:
    stage.page("Calendar")
    stage.window.open_palette("kim")
    stage.turn(500)
    yield stage.window
    assert stage.window.palette_overlay is not None
    stage.window.palette_overlay.close_overlay()
    stage.rest()


def _help(stage: Stage) -> Iterator[QWidget]:
    stage.page("Calendar")
    stage.window.open_help()
    stage.rest()
    yield stage.window
    assert stage.window.help_overlay is not None
    stage.window.help_overlay.close_overlay()
    stage.rest()


def _toast(stage: Stage) -> Iterator[QWidget]:
    stage.page("Leads")
    stage.choose("board")
    stage.window.announce("Cancelled French, Andre Patel, Tue 4:00 PM")
    stage.window.set_sync_state("offline", "Working offline, 3 changes waiting")
    stage.rest()
    yield stage.window
    stage.window.toast.hide()
    stage.window.set_sync_state("ok", "All changes saved and sent")
    stage.window.show_last_action("", False)


def _sign_in(stage: Stage) -> Iterator[QWidget]:
    from desktop.sync.sign_in_dialog import SignInDialog

    dialog = SignInDialog(stage.store, "maya@hudson.example")
    dialog.server.setText("desk.hudson.example")
    dialog.show()
    stage.rest()
    yield dialog
    dialog.reject()


SETTINGS = tuple(key for _, entries in SECTIONS for key, _, _ in entries)

SCREENS: dict[str, Screen] = {
    "today": _page("Today"),
    "calendar-week": _calendar("week"),
    "calendar-next-week": _next_week,
    "calendar-month": _calendar("month"),
    "calendar-agenda": _agenda,
    "calendar-week-by-tutor": _colored("week", "tutor"),
    "calendar-week-by-status": _colored("week", "status"),
    "calendar-month-by-tutor": _colored("month", "tutor"),
    "calendar-go-to-date": _go_to_date,
    "calendar-student": _choose_student,
    "calendar-save-view": _save_view,
    "wall-one-location": _wall("Irv"),
    "wall-all-locations": _wall(""),
    "calendar-day-tutors": _calendar("day", "tutors"),
    "calendar-day-rooms": _calendar("day", "rooms"),
    "conflicts-day": _conflicts("day"),
    "conflicts-week": _conflicts("week"),
    "entry-new": _new_entry,
    "entry-open": _open_entry,
    **SCHEDULE_SCREENS,
    "print-preview": _print_preview,
    "leads-board": _leads("board"),
    "leads-table": _leads("table"),
    "leads-today": _leads("today"),
    "lead-detail": _lead_detail,
    "lead-entry": _lead_entry,
    "lead-convert": _lead_convert,
    "families": _page("Families"),
    "family": _family,
    "tutors": _page("Tutors"),
    "tutor": _tutor,
    "tutor-form": _tutor_form,
    **{f"settings-{key}": _settings(key) for key in SETTINGS},
    "import-rows": _import("rows"),
    "import-problems": _import("problems"),
    "command-palette": _palette,
    "help": _help,
    "toast": _toast,
    "sign-in": _sign_in,
    **SYNC_SCREENS,
}

FRESH_SCREENS: dict[str, Screen] = {
    "empty-today": _page("Today"),
    "empty-calendar-week": _calendar("week"),
    "empty-calendar-day": _calendar("day"),
    "empty-calendar-month": _calendar("month"),
    "empty-calendar-agenda": _agenda,
    "empty-wall": _wall(""),
    "empty-leads": _leads("board"),
    "empty-leads-table": _leads("table"),
    "empty-families": _page("Families"),
    "empty-tutors": _page("Tutors"),
    **{f"empty-settings-{key}": _settings(key) for key in ("rooms", "closures", "services")},
}
