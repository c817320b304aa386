"""What of a refused change is proposed to the record's own form: the rows that belong to one record together, since a
session and its students, or a tutor and the weekly hours, are edited in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from desktop.permissions import Permissions
from desktop.proposals import NoForm, NotOpened, Proposal, ProposedRow
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange, kept_values, refused_changes, settle
from desktop.sync.record_words import is_silent, lowered, record_words
from shared_models.access.rules import Action
from shared_models.registry import tenant_classes

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


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """What was refused of one record: its own row, if it is among them, and those that are edited in its form."""

    table: str
    row_id: str
    changes: tuple[RefusedChange, ...]

    @property
    def first(self) -> RefusedChange:
        """The record's own change, or the newest of the others."""
        return self.changes[0]

    @property
    def is_here(self) -> bool:
        """Whether all of it is on this PC."""
        return all(change.is_here for change in self.changes)


def refused_records(store: Store) -> list[RefusedRecord]:
    """Everything that waits for a decision by the record that it belongs to, newest first."""
    changes = refused_changes(store)
    if not changes:
        return []
    with store.read() as session:
        connection = session.connection()
        places = [_place(connection, store.organization_id, one.table, one.row_id) for one in changes]
    found: dict[Place, list[RefusedChange]] = {}
    for place, change in zip(places, changes, strict=True):
        found.setdefault(place, []).append(change)
    order = list(tenant_classes())
    return [
        RefusedRecord(
            *place,
            tuple(sorted(some, key=lambda one: ((one.table, one.row_id) != place, order.index(one.table)))),
        )
        for place, some in found.items()
    ]


def refused_record_count(store: Store) -> int:
    """How many records wait for a decision."""
    with store.read() as session:
        connection = session.connection()
        waiting = connection.exec_driver_sql("SELECT table_name, row_id FROM needs_attention").all()
        return len({_place(connection, store.organization_id, table, row_id) for table, row_id in waiting})


def proposal_of(store: Store, record: RefusedRecord, saved: Callable[[], object]) -> Proposal:
    """What the form of a record opens with. `saved` is called once it was saved there.

    Raises NotOpened with a sentence when the record is gone, archived, or not the person's to change, and NoForm when
    nothing was entered that a form could show.
    """
    with store.read() as session:
        _check(store, session.connection(), record)
    if not any(_is_editable(change.table, name) for change in record.changes for name in change.kept):
        raise NoForm("Nothing of this can be corrected. Try again, or discard it.")
    place = record.table, record.row_id
    return Proposal(
        record.table,
        record.row_id,
        record.first.what,
        record.first.reason,
        ", ".join(dict.fromkeys(words for change in record.changes for words in _entered(change, place))),
        tuple(
            ProposedRow(change.table, change.row_id, kept_values(change), is_new=not change.is_known)
            for change in record.changes
            if change.is_here
        ),
        lambda session: settle(session, *record.changes),
        saved,
    )


def _entered(change: RefusedChange, place: Place) -> list[str]:
    """What was entered, without its values: these stand in the form."""
    if (change.table, change.row_id) != place:
        return [lowered(record_words(change.table))]
    return [lowered(side.label) for side in change.fields]


def _is_editable(table: str, field: str) -> bool:
    """Whether a form can show a field; what was added or taken out shows where its record has a form of its own."""
    return not is_silent(field) and (field != "archived_at" or table in OWNERS)


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


def _check(store: Store, connection: Connection, record: RefusedRecord) -> None:
    """Raise NotOpened unless the record is here, live, and the person's to change."""
    table, row_id = record.table, record.row_id
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
    if not why and not is_new and not permissions.sees_all_locations:
        open_fields = permissions.open_fields(table, row_id)
        if not open_fields:
            why = "Only the owner and those who work at its location can change this."
        elif all(change.table == table and open_fields.isdisjoint(change.kept) for change in record.changes):
            why = "You may not change this."
    if why:
        raise NotOpened(f"{why} {_STAYS}")
