"""Changes that the server refused: what was entered, why it was refused, and trying again or letting go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from desktop.store.local_models import NeedsAttention
from desktop.store.store import Store
from shared_models.registry import tenant_classes
from shared_models.sync.merge import FieldValue

_WORDS = {
    "organization": "The center", "location": "Location", "opening_hours": "Opening hours", "room": "Room",
    "closure": "Closure", "user": "User", "user_role": "Role", "location_assignment": "Location of a user",
    "service": "Service", "service_offered": "Price of a service", "subject": "Subject", "topic": "Topic",
    "topic_offered": "Topic offered", "product": "Product", "tutor": "Tutor", "tutor_location": "Tutor’s location",
    "tutor_subject": "Tutor’s subject", "tutor_availability": "Tutor’s hours", "tutor_exception": "Tutor’s hours",
    "tutor_time_off": "Tutor’s time off", "family": "Family", "student": "Student", "lead": "Lead",
    "student_subject": "Student’s subject", "lead_contact": "Contact with a lead", "series": "Series",
    "schedule_entry": "Schedule entry", "attendee": "Student at a session", "entry_room": "Room of a session",
    "conflict_acceptance": "Accepted conflict", "health_access": "Look at health fields",
}  # fmt: skip
_HIDDEN_ENDS = ("_id", "_hash")


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """One refused change, in words for the desk."""

    table: str
    row_id: str
    what: str
    reason: str
    entered: str


def refused_changes(store: Store) -> list[RefusedChange]:
    """Everything that waits for a decision, newest first."""
    with store.read() as session:
        rows = session.scalars(select(NeedsAttention).order_by(NeedsAttention.refused_at.desc())).all()
    return [
        RefusedChange(
            row.table_name,
            row.row_id,
            _WORDS.get(row.table_name, row.table_name),
            row.reason,
            _entered(row.kept_values),
        )
        for row in rows
    ]


def let_go(store: Store, change: RefusedChange) -> None:
    """Keep what the server has, and forget what was entered."""
    with store.write() as session:
        _settle(session, change)


def try_again(store: Store, change: RefusedChange) -> None:
    """Enter the kept values once more, as a new edit that will be sent."""
    kind = tenant_classes()[change.table]
    with store.write() as session:
        kept = session.get_one(NeedsAttention, (change.table, change.row_id)).kept_values
        row = session.get(kind, (store.organization_id, change.row_id))
        if row is not None:
            for name, value in _python_values(kind.__table__, kept).items():
                setattr(row, name, value)
        _settle(session, change)


def _settle(session: Session, change: RefusedChange) -> None:
    session.connection().execute(
        text("DELETE FROM needs_attention WHERE table_name = :table AND row_id = :id"),
        {"table": change.table, "id": change.row_id},
    )


def _python_values(table: Any, kept: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Wire values, which are how SQLite stores them, as the values the models hold."""
    assert isinstance(table, Table)
    dialect = sqlite.dialect()
    values = {}
    for name, value in kept.items():
        read = table.c[name].type.dialect_impl(dialect).result_processor(dialect, None)
        values[name] = read(value) if read is not None else value
    return values


def _entered(kept: Mapping[str, FieldValue]) -> str:
    """The kept values as a person reads them: without ids, and without what was left empty."""
    shown = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in kept.items()
        if value not in (None, "", "[]", "{}") and not name.endswith(_HIDDEN_ENDS) and name != "archived_at"
    ]
    return ", ".join(shown)
