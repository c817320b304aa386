"""What of a refused change is proposed to the record's own form: the rows that belong to one record together, since a
session and its students, or a tutor and the weekly hours, are edited in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from desktop.permissions import Permissions
from desktop.proposals import NoForm, NotOpened, Proposal, ProposedRow
from desktop.store.local_models import NeedsAttention
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange, refused_changes
from desktop.sync.record_words import is_silent, lowered, python_value, record_words
from desktop.sync.rows import table_of
from shared_models.access.rules import Action

OWNERS = {
    "attendee": ("schedule_entry", "entry_id"), "entry_room": ("schedule_entry", "entry_id"),
    "student_subject": ("student", "student_id"), "opening_hours": ("location", "location_id"),
    "tutor_location": ("tutor", "tutor_id"), "tutor_subject": ("tutor", "tutor_id"),
    "tutor_availability": ("tutor", "tutor_id"), "tutor_exception": ("tutor", "tutor_id"),
    "tutor_time_off": ("tutor", "tutor_id"), "user_role": ("user", "user_id"),
    "location_assignment": ("user", "user_id"),
}  # fmt: skip
"""Tables whose rows are edited in the form of another record: that record's table, and the field that names it."""

_STAYS = "What you entered stays here."
Place = tuple[str, str]


def proposal_of(store: Store, change: RefusedChange, saved: Callable[[], object]) -> Proposal:
    """What the form of the change's record opens with. `saved` is called once it was saved there.

    Raises NotOpened with a sentence when the record is gone, archived, or not the person's to change, and NoForm when
    nothing was entered that a form could show.
    """
    with store.read() as session:
        connection = session.connection()
        place = _place(connection, store.organization_id, change.table, change.row_id)
        kept = {
            (row.table_name, row.row_id): row.kept_values for row in session.scalars(select(NeedsAttention)).all()
        }
        together = [one for one in kept if _place(connection, store.organization_id, *one) == place]
        _check(store, connection, place, change)
    if not any(_is_editable(one[0], name) for one in together for name in kept[one]):
        raise NoForm("Nothing of this can be corrected. Try again, or discard it.")
    changes = {(one.table, one.row_id): one for one in refused_changes(store)}
    rows = tuple(_row(changes[one]) for one in together if changes[one].is_here)
    entered = ", ".join(dict.fromkeys(words for one in together for words in _entered(changes[one], place)))

    def settle(session: Session) -> None:
        for table, row_id in together:
            session.connection().execute(
                text("DELETE FROM needs_attention WHERE table_name = :table AND row_id = :id"),
                {"table": table, "id": row_id},
            )

    return Proposal(place[0], place[1], change.what, change.reason, entered, rows, settle, saved)


def _entered(change: RefusedChange, place: Place) -> list[str]:
    """What was entered, without its values: these stand in the form."""
    if (change.table, change.row_id) != place:
        return [lowered(record_words(change.table))]
    return [lowered(side.label) for side in change.fields]


def _is_editable(table: str, field: str) -> bool:
    """Whether a form can show a field; what was added or taken out shows where its record has a form of its own."""
    return not is_silent(field) and (field != "archived_at" or table in OWNERS)


def _row(change: RefusedChange) -> ProposedRow:
    columns = table_of(change.table).c
    values: dict[str, Any] = {name: python_value(columns[name], value) for name, value in change.kept.items()}
    return ProposedRow(change.table, change.row_id, values, is_new=not change.is_known)


def _place(connection: Connection, organization_id: str, table: str, row_id: str) -> Place:
    """The record in whose form a row is edited; itself where it has a form of its own or none."""

    def of(table: str, row_id: str, field: str) -> str | None:
        sql = f'SELECT "{field}" FROM "{table}" WHERE organization_id = ? AND id = ?'
        return connection.exec_driver_sql(sql, (organization_id, row_id)).scalar()

    owner = OWNERS.get(table)
    if owner is not None:
        owner_id = of(table, row_id, owner[1])
        if owner_id is not None and owner[0] == "user":
            return "user", owner_id  # with roles and locations, not with what a tutor teaches
        if owner_id is not None:
            return _place(connection, organization_id, owner[0], owner_id)
    if table == "schedule_entry":
        # The sessions of a series that the server does not have are one thing with it.
        series_id = of(table, row_id, "series_id")
        if series_id is not None and _waits(connection, "series", series_id):
            return "series", series_id
    if table == "user":
        sql = "SELECT id FROM tutor WHERE organization_id = ? AND user_id = ? AND archived_at IS NULL"
        tutor_id = connection.exec_driver_sql(sql, (organization_id, row_id)).scalar()
        if tutor_id is not None:
            return "tutor", tutor_id
    return table, row_id


def _waits(connection: Connection, table: str, row_id: str) -> bool:
    sql = "SELECT 1 FROM needs_attention WHERE table_name = ? AND row_id = ?"
    return connection.exec_driver_sql(sql, (table, row_id)).scalar() is not None


def _check(store: Store, connection: Connection, place: Place, change: RefusedChange) -> None:
    """Raise NotOpened unless the record is here, live, and the person's to change."""
    table, row_id = place
    what = record_words(table).lower()
    found = connection.exec_driver_sql(
        f'SELECT archived_at, server_seq FROM "{table}" WHERE organization_id = ? AND id = ?',
        (store.organization_id, row_id),
    ).one_or_none()
    if found is None:
        raise NotOpened(f"The {what} is no longer on this PC, so nothing of it can be edited. {_STAYS}")
    archived_at, server_seq = found
    is_new = server_seq is None and _waits(connection, table, row_id)
    if archived_at is not None and not is_new:
        raise NotOpened(f"The {what} is archived. Restore it first. {_STAYS}")
    permissions = Permissions.of(store)
    why = permissions.why_not(table, Action.CREATE if is_new else Action.UPDATE)
    if not why and not is_new and not permissions.sees_all_locations and not permissions.open_fields(table, row_id):
        why = "Only the owner and those who work at its location can change this."
    if why:
        raise NotOpened(f"{why} {_STAYS}")
