"""The screens of what many desks bring about: changes that need somebody, the forms opened from them, histories, what
of the calendar belongs to other locations, and what the exchange has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from PySide6.QtWidgets import QWidget
from sqlalchemy import text

from desktop.history.noted import Noted
from desktop.history.panel import AWAY, HistoryPanel
from desktop.schedule.week import Filters
from desktop.store.local_models import NeedsAttention
from desktop.sync.attention_sheet import AttentionSheet
from desktop.sync.field_editor import FieldEditor
from desktop.sync.notices import SentenceSheet
from desktop.widgets import Button
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from tools.shots_stage import Stage

Screen = Callable[[Stage], Iterator[QWidget]]

_NOT_ALLOWED = "You may not change this any more. Ask the owner or an administrator."
_INVALID = "A value is outside what is allowed."
_LEAD = "SELECT id FROM lead WHERE stage = 'FOLLOW_UP_ATTEMPTED' AND parent_first_name = 'Thảo' LIMIT 1"
_FAMILY = "SELECT family_id FROM student WHERE first_name = 'Elena' AND last_name = 'Kim'"
_STUDENT = "SELECT id FROM student WHERE first_name = 'Elena' AND last_name = 'Kim'"
_TUTOR = (
    "SELECT tutor.id FROM tutor JOIN user ON user.id = tutor.user_id "
    "WHERE user.first_name = 'Małgorzata' AND user.last_name = 'Patel'"
)
_ENTRY = (
    "SELECT entry.id FROM schedule_entry entry JOIN location ON location.id = entry.location_id "
    "WHERE location.name LIKE 'Irv%' AND capacity = 1 AND series_id IS NOT NULL AND starts_at > :now "
    "ORDER BY starts_at, entry.id"
)
_KEPT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "lead": (_LEAD, _NOT_ALLOWED, {"notes": "Call after six, never on Fridays.", "call_back_on": "2026-12-01",
                                   "temperature": "HOT"}),
    "family": (_FAMILY, _INVALID, {"parent1_phone": "+19145550177", "notes": "Prefers messages to calls.",
                                   "primary_contact": "PARENT_2"}),
    "student": (_STUDENT, _INVALID, {"school": "Irvington High School", "grade": "11", "allergies": "Peanuts"}),
    "tutor": (_TUTOR, _NOT_ALLOWED, {"bio": "Teaches French with songs and patience.", "priority": 2}),
    "organization": ("SELECT id FROM organization", _NOT_ALLOWED,
                     {"business_name": "Hudson Learning Center of Irvington", "city": "Irvington"}),
    "closure": ("SELECT id FROM closure", _NOT_ALLOWED, {"reason": "Snow day", "last_day": "2026-11-28"}),
}  # fmt: skip


@contextmanager
def _refused(stage: Stage, *tables: str) -> Iterator[None]:
    """Changes that the server did not take wait, for as long as a picture is taken."""
    with stage.store.write() as session:
        for number, table in enumerate(tables):
            session.add(_waiting(stage, table, number))
        for one in tables:
            sql = f'UPDATE "{one}" SET server_seq = 7 WHERE server_seq IS NULL'
            session.connection().execute(text(sql))
    stage.window.set_sync_state("attention", f"{len(tables)} change{'s need' if len(tables) > 1 else ' needs'} you")
    try:
        yield
    finally:
        with stage.store.write() as session:
            session.connection().execute(text("DELETE FROM needs_attention"))
        stage.window.set_sync_state("ok", "All changes saved and sent")


def _waiting(stage: Stage, table: str, number: int) -> NeedsAttention:
    at = stage.moment - timedelta(minutes=number)
    if table == "schedule_entry":
        row_id = stage.one(_ENTRY, now=_wire(stage.moment))
        times = {}
        for name in ("starts_at", "ends_at", "blocked_until"):
            known = stage.one(f"SELECT {name} FROM schedule_entry WHERE id = :id", id=row_id)
            times[name] = _wire(datetime.fromisoformat(known) + timedelta(minutes=30))
        kept, reason = {**times, "supplies": "Dictionary"}, _NOT_ALLOWED
    else:
        query, reason, kept = _KEPT[table]
        row_id = stage.one(query)
    return NeedsAttention(
        table_name=table, row_id=row_id, code="not_allowed", reason=reason, kept_values=kept, refused_at=at
    )


def _wire(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _sheet(stage: Stage) -> AttentionSheet:
    sheet = AttentionSheet(stage.window, stage.store, on_show=stage.window.go_to, on_edit=stage.window.propose)
    sheet.open_sheet()
    stage.rest()
    return sheet


def _press(widget: QWidget, words: str) -> None:
    next(one for one in widget.findChildren(Button) if one.text() == words and one.isVisibleTo(widget)).click()


def attention(stage: Stage) -> Iterator[QWidget]:
    """The sheet with changes of several kinds."""
    stage.page("Calendar")
    with _refused(stage, "lead", "schedule_entry", "organization"):
        sheet = _sheet(stage)
        yield stage.window
        sheet.dismiss()
        stage.rest()


def own_form(table: str) -> Screen:
    """A record's own form, opened from the sheet."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        stage.page("Today")
        with _refused(stage, table):
            _press(_sheet(stage), "Edit")
            stage.turn(500)
            yield stage.window
            _leave(stage, table)
            stage.rest()

    return screen


def _leave(stage: Stage, table: str) -> None:
    page: Any = stage.window.current_page()
    if table == "lead":
        page.panel.proposalDropped.emit()
        page.panel.close_panel()
    elif table in ("family", "student"):
        page.view.form.cancelled.emit()
        page.show_list()
    elif table == "tutor":
        page._leave_form()
        page._close_panel()
    elif table == "schedule_entry":
        page.form.editor.dismiss()
    elif table == "organization":
        page.section("organization").drop_held()


def fields_alone(stage: Stage) -> Iterator[QWidget]:
    """The editor of what has no form of its own."""
    stage.page("Settings")
    with _refused(stage, "closure"):
        sheet = _sheet(stage)
        _press(sheet, "Edit")
        stage.rest()
        yield stage.window
        stage.find(FieldEditor).dismiss()
        sheet.dismiss()
        stage.rest()


def lead_history(stage: Stage) -> Iterator[QWidget]:
    """What the server tells of a lead, with a value that was replaced."""
    leads = stage.page("Leads")
    stage.choose("board")
    lead_id = stage.one(_LEAD)
    leads.open_lead(lead_id)
    stage.rest()
    changes = leads.panel.changes
    changes.toggle()
    _answer(stage, changes.panel, "lead", lead_id)
    stage.rest()
    _scroll_to(leads.panel, changes)
    yield stage.window
    leads.panel.close_panel()
    stage.rest()


def family_history(stage: Stage) -> Iterator[QWidget]:
    """Who changed what of a family and its students."""
    families = stage.page("Families")
    family_id = stage.one(_FAMILY)
    families.show_item(family_id)
    timeline = families.view.timeline
    timeline.kind.set_value("change", announce=True)
    _answer(stage, timeline.history, "family", family_id)
    stage.rest()
    yield stage.window
    timeline.kind.set_value("all", announce=True)
    families.show_list()


def tutor_history(stage: Stage) -> Iterator[QWidget]:
    """The same of a tutor, away from the server."""
    tutors = stage.page("Tutors")
    tutor_id = stage.one(_TUTOR)
    tutors.show_item(tutor_id)
    changes = tutors._panel.changes
    changes.toggle()
    changes.panel._show(changes.panel.lines, AWAY)
    stage.rest()
    _scroll_to(tutors._panel, changes)
    stage.rest()
    yield stage.window
    tutors._close_panel()


def _answer(stage: Stage, panel: HistoryPanel, table: str, row_id: str) -> None:
    """What a server would answer."""
    maya = stage.store.user_id or ""
    other = stage.one("SELECT user_id FROM tutor")

    def one(minutes: int, who: str, changes: dict[str, Any], lost: dict[str, Any] | None = None) -> Noted:
        return Noted(table, row_id, stage.moment - timedelta(minutes=minutes), who, False, changes, "", lost or {})

    phone = "parent1_phone" if table == "family" else "phone"
    panel._answered(
        row_id,
        [
            one(4, maya, {}, {"notes": "Call after six, never on Fridays."}),
            one(6, other, {"notes": ("", "Call before five.")}),
            one(90, maya, {phone: ("+19145550100", "+19145550177")}),
            Noted(table, row_id, stage.moment - timedelta(days=12), "", True, {}),
        ],
    )


def _scroll_to(panel: QWidget, widget: QWidget) -> None:
    from PySide6.QtWidgets import QScrollArea

    for area in panel.findChildren(QScrollArea):
        if area.isAncestorOf(widget):
            area.ensureWidgetVisible(widget)
            area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())


def taken(view: str) -> Screen:
    """The calendar of somebody at one of two locations, the other one's entries as taken."""

    def screen(stage: Stage) -> Iterator[QWidget]:
        store, before = stage.store, stage.store.user_id
        ours = {"organization_id": store.organization_id}
        user_id = derived_id(store.organization_id, "guest of the pictures")
        with store.write() as session:
            if session.get(User, (store.organization_id, user_id)) is None:
                session.add(User(**ours, id=user_id, first_name="Ines", last_name="Moreau"))
                session.flush()
                session.add(UserRole(**ours, id=new_id(), user_id=user_id, role=Role.FRONT_DESK))
                place = stage.one("SELECT id FROM location WHERE name LIKE 'Irv%'")
                session.add(LocationAssignment(**ours, id=new_id(), user_id=user_id, location_id=place))
        store.set_local(user_id=user_id)
        store.announce({"location": frozenset({"all"}), "user_role": frozenset({user_id})})
        stage.rest()
        page = stage.page("Calendar")
        page.set_view(view)
        page.go_today()
        filters = page.filters.value()
        page.filters.set_value(Filters())
        page._filters_changed(page.filters.value())
        stage.turn(500)
        yield stage.window
        page.filters.set_value(filters)
        page._filters_changed(filters)
        store.set_local(user_id=before)
        store.announce({"location": frozenset({"all"}), "user_role": frozenset({user_id})})
        stage.rest()

    return screen


def sentence(stage: Stage) -> Iterator[QWidget]:
    """What the exchange says when it cannot go on."""
    stage.page("Calendar")
    sheet = SentenceSheet(
        stage.window,
        "The clock of this PC is wrong",
        "The clock of this PC is 26 hours ahead. Set it right in the settings of the system; what you enter until "
        "then is kept here and sent afterwards.",
        "Try again",
        lambda: None,
    )
    sheet.open_sheet()
    stage.rest()
    yield stage.window
    sheet.dismiss()
    stage.rest()


SYNC_SCREENS: dict[str, Screen] = {
    "attention": attention,
    **{
        f"attention-{table.replace('_', '-')}": own_form(table)
        for table in ("lead", "family", "student", "tutor", "schedule_entry", "organization")
    },
    "attention-fields": fields_alone,
    "history-lead": lead_history,
    "history-family": family_history,
    "history-tutor": tutor_history,
    "taken-week": taken("week"),
    "taken-day": taken("day"),
    "taken-month": taken("month"),
    "taken-agenda": taken("agenda"),
    "sync-sentence": sentence,
}
