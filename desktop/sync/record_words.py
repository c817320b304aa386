"""Any row of the store in words: what kind of record it is, what its fields are called, and their values with names
in the place of ids."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import sqlite

from desktop.store.store import Store
from desktop.sync.rows import table_of
from shared_models.sync.merge import FieldValue

RECORDS = {
    "organization": "The center", "location": "Location", "opening_hours": "Opening hours", "room": "Room",
    "closure": "Closure", "user": "User", "user_role": "Role", "location_assignment": "Location of a user",
    "service": "Service", "service_offered": "Price of a service", "subject": "Subject", "topic": "Topic",
    "topic_offered": "Topic offered", "product": "Product", "tutor": "Tutor", "tutor_location": "Tutor’s location",
    "tutor_subject": "Tutor’s subject", "tutor_availability": "Tutor’s hours", "tutor_exception": "Tutor’s hours",
    "tutor_time_off": "Tutor’s time off", "family": "Family", "student": "Student", "lead": "Lead",
    "student_subject": "Student’s subject", "lead_contact": "Contact with a lead", "series": "Series",
    "schedule_entry": "Session", "attendee": "Student at a session", "entry_room": "Room of a session",
    "conflict_acceptance": "Accepted conflict", "health_access": "Look at health fields", "stored_file": "File",
}  # fmt: skip
_LABELS = {
    "archived_at": "Archived", "starts_at": "Starts", "ends_at": "Ends", "blocked_until": "Taken until",
    "hourly_price_cents": "Price per hour", "hourly_pay_cents": "Pay per hour", "call_back_on": "Call back on",
    "primary_contact": "First to call", "report_done": "What was done", "report_homework": "Homework",
    "report_next_steps": "Next steps", "report_is_shared": "Report shared with parents", "is_active": "Active",
    "people_to_tell": "Still to tell", "rescheduled_to_id": "Takes place instead", "email": "E-mail",
    "owner_user_id": "Looked after by", "last_contact_method": "Last contact by", "has_buffer": "Buffer",
    "parent_first_name": "Parent’s first name", "parent_last_name": "Parent’s last name", "bio": "About",
    "student_first_name": "Child’s first name", "student_last_name": "Child’s last name", "source": "Came by",
    "wanted": "Wants help with", "lesson_mode": "Lessons", "hearing_ok": "Hearing OK", "vision_ok": "Vision OK",
    "has_iep": "IEP", "behavior_notes": "Behavior", "registered_on": "Family since", "photo_hash": "Photo",
    "needs_projector": "Projector", "other_resources": "Resources", "on_date": "Date", "notes": "Note",
    "cancel_reason": "Reason", "cancelled_by_user_id": "Cancelled by", "website_slug": "Website address",
    "default_buffer_minutes": "Buffer after a session, minutes",
    "start_grid_minutes": "Sessions start every, minutes",
    "session_durations_minutes": "Durations of sessions, minutes", "biweekly_allowed": "Every other week allowed",
}  # fmt: skip
_CHOICES = {
    "DM": "DM", "EMAIL": "E-mail", "TIKTOK": "TikTok", "WALK_IN": "Walk-in", "NO_SHOW": "No-show",
    "FOLLOW_UP_ATTEMPTED": "Follow-up attempted", "FOLLOWED_UP": "Followed-up",
}  # fmt: skip
_SILENT = frozenset({"imported_uid", "imported_as", "logo_png", "photo_hash", "sha256", "fingerprint"})
"""Fields that no person entered or could read."""

_NAMES = {
    "user": "SELECT trim(first_name || ' ' || last_name) FROM user WHERE {where}",
    "student": "SELECT trim(first_name || ' ' || last_name) FROM student WHERE {where}",
    "lead": "SELECT trim(parent_first_name || ' ' || parent_last_name) FROM lead WHERE {where}",
    "family": "SELECT trim(parent1_first_name || ' ' || parent1_last_name) FROM family WHERE {where}",
    "closure": "SELECT reason FROM closure WHERE {where}",
    "organization": "SELECT business_name FROM organization WHERE {where}",
    "tutor": (
        "SELECT trim(u.first_name || ' ' || u.last_name) FROM tutor JOIN user u ON u.id = tutor.user_id "
        "AND u.organization_id = tutor.organization_id WHERE {where}"
    ),
    "series": (
        "SELECT s.name FROM series JOIN service s ON s.id = series.service_id "
        "AND s.organization_id = series.organization_id WHERE {where}"
    ),
    "attendee": (
        "SELECT trim(s.first_name || ' ' || s.last_name) FROM attendee JOIN student s ON s.id = attendee.student_id "
        "AND s.organization_id = attendee.organization_id WHERE {where}"
    ),
}
_NAMED = frozenset({"location", "room", "service", "subject", "topic", "product", "stored_file"})
_DIALECT = sqlite.dialect()


class RecordWords:
    """Says rows of one store in words, with a connection that is open for as long."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._connection = connection
        self._organization_id = store.organization_id
        center = connection.exec_driver_sql(
            "SELECT time_zone, country FROM organization WHERE organization_id = ?", (self._organization_id,)
        ).one_or_none()
        self._zone = ZoneInfo(center[0] if center else "UTC")
        self._country: str = center[1] if center else "US"
        self._known: dict[tuple[str, str], str] = {}

    @property
    def zone(self) -> ZoneInfo:
        """The center's time zone."""
        return self._zone

    def name(self, table: str, row_id: str) -> str:
        """What a row is called; empty when it has no name or is not on this PC."""
        key = (table, row_id)
        if key not in self._known:
            self._known[key] = self._find_name(table, row_id)
        return self._known[key]

    def value(self, table: str, field: str, value: FieldValue) -> str:
        """A value as it travels or as the models hold it, in words; empty when there is none."""
        column = table_of(table).c[field]
        target = target_of(table_of(table), field)
        if target is not None:
            name = self.name(target, str(value)) if value else ""
            return name or ("a record that is not here" if value else "")
        return self._words(column, python_value(column, value))

    def names(self, table: str) -> list[tuple[str, str]]:
        """All live rows of a table with their names, in the order of those."""
        ids = self._connection.exec_driver_sql(
            f'SELECT id FROM "{table}" WHERE organization_id = ? AND archived_at IS NULL', (self._organization_id,)
        ).scalars()
        return sorted(((row_id, self.name(table, row_id)) for row_id in ids), key=lambda pair: pair[1].casefold())

    def _find_name(self, table: str, row_id: str) -> str:
        where = f"{table}.organization_id = ? AND {table}.id = ?"
        key = (self._organization_id, row_id)
        if table == "schedule_entry":
            row = self._connection.exec_driver_sql(
                "SELECT s.name, schedule_entry.starts_at FROM schedule_entry JOIN service s "
                "ON s.id = schedule_entry.service_id AND s.organization_id = schedule_entry.organization_id "
                f"WHERE {where}",
                key,
            ).one_or_none()
            return "" if row is None else f"{row[0]}, {self._moment(datetime.fromisoformat(row[1]))}"
        sql = _NAMES.get(table) or (f'SELECT name FROM "{table}" WHERE {{where}}' if table in _NAMED else None)
        if sql is None:
            return ""
        return self._connection.exec_driver_sql(sql.format(where=where), key).scalar() or ""

    def _words(self, column: Column[Any], value: Any) -> str:
        if value is None or value in ("", [], {}):
            return ""
        if column.name == "archived_at":
            return "Yes"
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, StrEnum):
            return choice_words(value.value)
        if isinstance(value, datetime):
            return self._moment(value)
        if isinstance(value, date):
            return f"{value:%a, %b} {value.day}, {value.year}"
        if isinstance(value, time):
            return f"{value:%I:%M %p}".lstrip("0")
        if isinstance(value, int) and column.name.endswith("_cents"):
            return f"{value / 100:,.2f}"
        if column.name.endswith("phone") and isinstance(value, str):
            from shared_models.people.contact import format_phone

            return format_phone(value, self._country)
        if isinstance(value, list):
            return ", ".join(str(each) for each in value)
        return str(value)

    def _moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone if value.tzinfo else UTC)
        return f"{local:%a, %b} {local.day}, {local:%I:%M %p}".replace(" 0", " ")


def record_words(table: str) -> str:
    """What kind of record a table's rows are."""
    return RECORDS.get(table, table.replace("_", " ").capitalize())


def label(field: str) -> str:
    """What a field is called."""
    known = _LABELS.get(field)
    if known is not None:
        return known
    for start, whose in (("parent1_", "First parent’s "), ("parent2_", "Second parent’s ")):
        if field.startswith(start):
            return whose + label(field.removeprefix(start)).lower()
    words = field.removesuffix("_id").removesuffix("_cents").removesuffix("_at").removeprefix("is_")
    return words.removesuffix("_user").replace("_", " ").capitalize()


def lowered(words: str) -> str:
    """Words as they stand within a sentence: "E-mail" as "e-mail"."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def is_silent(field: str) -> bool:
    """Whether a field says nothing to a person."""
    return field in _SILENT


def choice_words(value: str) -> str:
    """One of a closed set in words."""
    return _CHOICES.get(value) or value.replace("_", " ").capitalize()


def target_of(table: Table, field: str) -> str | None:
    """The table to which a field refers."""
    for constraint in table.foreign_key_constraints:
        if field in constraint.column_keys and field != "organization_id":
            return str(constraint.referred_table.name)
    return None


def python_value(column: Column[Any], value: FieldValue) -> Any:
    """A value as it travels, which is how SQLite keeps it, as the models hold it; itself when it is that already, or
    cannot be read."""
    if not isinstance(value, str | int | float):
        return value
    read = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
    try:
        return read(value) if read is not None else value
    except (LookupError, TypeError, ValueError):
        return value
