"""The screens on which conflicts are settled and sessions are cancelled, moved and reported on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from PySide6.QtWidgets import QWidget

from tools.shots_stage import Stage


def conflict_view(kind: str = "all") -> Callable[[Stage], Iterator[QWidget]]:
    """Every conflict of the term, or what is unusual ("flags")."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        view = _conflicts(stage)
        view.kind.set_value(kind, announce=True)
        _settle(stage, view)
        yield stage.window
        view.kind.set_value("all", announce=True)
        stage.page("Calendar").set_view("week")

    return screen


def conflict_accept(stage: Stage) -> Iterator[QWidget]:
    """The reason for accepting a conflict is asked."""
    view = _conflicts(stage)
    view.detail.ask_reason()
    view.detail.reason.setText("They share the room")
    stage.rest()
    yield stage.window
    view.detail.leave_reason()
    stage.page("Calendar").set_view("week")


def conflict_accepted(stage: Stage) -> Iterator[QWidget]:
    """One accepted conflict, unfolded at the end of the list."""
    view = _conflicts(stage)
    view.accept("They share the room")
    _settle(stage, view)
    view.toggle_accepted()
    view.go(len(view.cases()))
    _settle(stage, view)
    stage.window.toast.hide()
    yield stage.window
    view.toggle_accepted()
    view.undo()
    _settle(stage, view)
    stage.window.toast.hide()
    stage.page("Calendar").set_view("week")


def sheet(kind: str) -> Callable[[Stage], Iterator[QWidget]]:
    """A sheet of the calendar: "vacation", "copy week", or one for an entry."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        page = stage.page("Calendar")
        page.set_view("week")
        page.go_today()
        if kind == "vacation":
            page.sheets.vacation(tutor_id=_tutor(stage), first_day=date(2026, 11, 30))
            page.sheets.sheet.for_all.set_value("move")
        elif kind == "copy week":
            page.copy_week()
            page.sheets.sheet.only_single.setChecked(False)
        else:
            page.open_sheet(kind, _coming_entry(stage))
        opened = page.sheets.sheet
        if kind == "series":
            opened.last.set_value(date(2027, 8, 20))
        opened.settle()
        yield stage.window
        opened.dismiss()
        stage.rest()

    return screen


def entry_aside(tab: str) -> Callable[[Stage], Iterator[QWidget]]:
    """The form of a session that has begun, with one of its tabs."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        from desktop.schedule.entry_form import EntryEditor

        page = stage.page("Calendar")
        page.set_view("week")
        page.go_today()
        page.open_entry(_begun_entry(stage))
        stage.rest()
        form = stage.find(EntryEditor)
        form.settle()
        form.aside.tabs.set_value(tab, announce=True)
        stage.rest()
        yield stage.window
        form.dismiss()
        stage.rest()

    return screen


def _conflicts(stage: Stage) -> Any:
    from desktop.schedule.conflict_view import ConflictView

    page = stage.page("Calendar")
    page.go_today()
    page.set_view("conflicts")
    view = stage.find(ConflictView)
    _settle(stage, view)
    return view


def _settle(stage: Stage, view: Any) -> None:
    stage.rest()
    stage.wait_until(lambda: view.is_settled, "the conflicts of the term")


def _coming_entry(stage: Stage) -> str:
    return _entry(stage, "starts_at > :now AND starts_at > :limit", stage.moment + timedelta(hours=1))


def _begun_entry(stage: Stage) -> str:
    return _entry(stage, "starts_at < :now AND starts_at > :limit", stage.moment - timedelta(days=1))


def _entry(stage: Stage, which: str, limit: datetime) -> str:
    def words(moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    return stage.one(
        "SELECT entry.id FROM schedule_entry entry JOIN location ON location.id = entry.location_id "
        f"WHERE location.name LIKE 'Irv%' AND capacity = 1 AND series_id IS NOT NULL AND {which} "
        "ORDER BY starts_at, entry.id",
        now=words(stage.moment),
        limit=words(limit),
    )


def _tutor(stage: Stage) -> str:
    return stage.one(
        "SELECT tutor.id FROM tutor JOIN user ON user.id = tutor.user_id "
        "WHERE user.first_name = 'Małgorzata' AND user.last_name = 'Patel'"
    )


SCHEDULE_SCREENS: dict[str, Callable[[Stage], Iterator[QWidget]]] = {
    "conflict-view": conflict_view(),
    "conflict-view-unusual": conflict_view("flags"),
    "conflict-view-accept": conflict_accept,
    "conflict-view-accepted": conflict_accepted,
    "sheet-vacation": sheet("vacation"),
    "sheet-copy-week": sheet("copy week"),
    "sheet-series": sheet("series"),
    "sheet-cancel": sheet("cancel"),
    "sheet-reschedule": sheet("reschedule"),
    "entry-how-it-went": entry_aside("went"),
    "entry-history": entry_aside("history"),
}
