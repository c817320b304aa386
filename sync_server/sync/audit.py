"""The audit history as a file: who changed what, when, from which PC, from what to what. For the owner and
administrators, as far as they may see the rows and fields; the export is itself noted."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from shared_models.access.models import Role, User
from shared_models.registry import tenant_classes
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import postgres_reading, wire_fields
from sync_server.access.devices import DeviceIdentity
from sync_server.access.requests import DatabaseOf, DeviceOf, Refused
from sync_server.database import Database, raw_cursor
from sync_server.models import AuditEntry, Device
from sync_server.sync.sight import table_of
from sync_server.sync.visibility import readable_history, viewer_of

CREATED, EXPORTED = "created", "exported"
_PORTION = 1000
_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_COLUMNS = ("happened_at", "action", "table", "row_id", "user", "device", "field", "before", "after", "overruled")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

router = APIRouter(prefix="/api/v1")

Values = dict[str, FieldValue]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: all that are given must fit; `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    table: str | None = None
    row_id: str | None = None
    user_id: str | None = None
    device_id: str | None = None

    def narrowed(self, query: Select[AuditEntry]) -> Select[AuditEntry]:
        """A query of entries with these conditions."""
        if self.since is not None:
            query = query.where(AuditEntry.happened_at >= self.since)
        if self.until is not None:
            query = query.where(AuditEntry.happened_at < self.until)
        for column, value in (
            (AuditEntry.table_name, self.table),
            (AuditEntry.row_id, self.row_id),
            (AuditEntry.user_id, self.user_id),
            (AuditEntry.device_id, self.device_id),
        ):
            if value is not None:
                query = query.where(column == value)
        return query

    def plain(self) -> dict[str, str]:
        """The conditions in words, for the note of the export."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) for name, value in named.items() if value is not None}


@router.get("/audit/export")
def export(
    device: DeviceOf,
    database: DatabaseOf,
    since: datetime | None = None,
    until: datetime | None = None,
    table: str | None = None,
    row_id: Annotated[str | None, Query(pattern=_ID)] = None,
    user_id: Annotated[str | None, Query(pattern=_ID)] = None,
    device_id: Annotated[str | None, Query(pattern=_ID)] = None,
    format: Literal["ndjson", "csv"] = "ndjson",
) -> StreamingResponse:
    """The entries that fit, oldest first, one JSON object to a line, or a line of CSV for each field."""
    wanted = Wanted(_aware(since), _aware(until), table, row_id, user_id, device_id)
    if table is not None and table not in tenant_classes():
        raise Refused(404, "not_found", "There is no such table.")
    with database.tenant(device.organization_id, device.actor) as session:
        viewer = viewer_of(session, device.organization_id, device.user_id)
        if viewer.roles.isdisjoint({Role.OWNER, Role.ADMIN}):
            raise Refused(403, "not_allowed", "Only the owner and administrators may take the history out.")
        session.add(
            AuditEntry(
                organization_id=device.organization_id, table_name="audit_entry", row_id=device.user_id,
                action=EXPORTED, user_id=device.user_id, device_id=device.device_id, changes=wanted.plain(), lost={},
            )
        )  # fmt: skip
    entries = audit_entries(database, device, wanted)
    kind, lines = ("text/csv", _csv(entries)) if format == "csv" else ("application/x-ndjson", _ndjson(entries))
    name = f"history.{format}"
    return StreamingResponse(
        lines, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def audit_entries(database: Database, device: DeviceIdentity, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The entries, each with its values: what a row held when it was made is told from what it holds and what
    happened to it since. Read in portions, each in a short transaction."""
    after = 0
    while True:
        with database.tenant(device.organization_id, read_only=True) as session:
            query = wanted.narrowed(
                select(AuditEntry).where(AuditEntry.organization_id == device.organization_id, AuditEntry.id > after)
            )
            portion = session.scalars(query.order_by(AuditEntry.id).limit(_PORTION)).all()
            told = _told(session, device, portion)
        yield from told
        if len(portion) < _PORTION:
            return
        after = portion[-1].id


def _told(session: Session, device: DeviceIdentity, portion: Sequence[AuditEntry]) -> list[dict[str, Any]]:
    organization_id = device.organization_id
    viewer = viewer_of(session, organization_id, device.user_id)
    rows: defaultdict[str, set[str]] = defaultdict(set)
    made: defaultdict[str, set[str]] = defaultdict(set)
    for entry in portion:
        if entry.table_name in tenant_classes():
            rows[entry.table_name].add(entry.row_id)
            if entry.action == CREATED:
                made[entry.table_name].add(entry.row_id)
    shown = {table: readable_history(session, organization_id, viewer, table, ids) for table, ids in rows.items()}
    first = {table: values_when_made(session, organization_id, table, ids) for table, ids in made.items()}
    users, devices = _names(session, organization_id, portion)
    told = []
    for entry in portion:
        fields = shown.get(entry.table_name, {}).get(entry.row_id)
        if entry.table_name in tenant_classes() and fields is None:
            continue
        values = first.get(entry.table_name, {}).get(entry.row_id, {}) if entry.action == CREATED else {}
        changes: dict[str, Any] = {name: [None, value] for name, value in values.items()} or dict(entry.changes)
        told.append(
            {
                "id": entry.id,
                "happened_at": entry.happened_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "action": entry.action,
                "table": entry.table_name,
                "row_id": entry.row_id,
                "user_id": entry.user_id,
                "user": users.get(entry.user_id or "", ""),
                "device_id": entry.device_id,
                "device": devices.get(entry.device_id or "", ""),
                "changes": changes if fields is None else _only(changes, fields),
                "lost": entry.lost if fields is None else _only(entry.lost, fields),
            }
        )
    return told


def values_when_made(session: Session, organization_id: str, table: str, ids: set[str]) -> dict[str, Values]:
    """What rows held when they were made: what they hold now, with every change since taken back. An erased row
    holds nothing any more."""
    definition = table_of(table)
    fields = wire_fields(definition)
    reading = ", ".join(postgres_reading(definition.c[name]) for name in fields)
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'SELECT id::text, {reading} FROM "{table}" WHERE organization_id = %s AND id = ANY(%s::uuid[])',
            (organization_id, list(ids)),
        )
        found: dict[str, Values] = {row[0]: dict(zip(fields, row[1:], strict=True)) for row in cursor}
        cursor.execute(
            "SELECT row_id::text, changes FROM audit_entry WHERE organization_id = %s AND table_name = %s "
            "AND row_id = ANY(%s::uuid[]) AND action = 'changed' ORDER BY id DESC",
            (organization_id, table, list(found)),
        )
        for row_id, changes in cursor:
            for name, (before, _) in changes.items():
                if name in found[row_id]:
                    found[row_id][name] = before
    return found


def _only(values: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name.partition("~")[0] in fields}


def _names(
    session: Session, organization_id: str, portion: Sequence[AuditEntry]
) -> tuple[dict[str, str], dict[str, str]]:
    """The names of users and devices among the entries."""
    user_ids = {entry.user_id for entry in portion if entry.user_id}
    device_ids = {entry.device_id for entry in portion if entry.device_id}
    users = session.execute(
        select(User.id, User.first_name, User.last_name).where(
            User.organization_id == organization_id, User.id.in_(user_ids)
        )
    )
    devices = session.execute(
        select(Device.id, Device.name).where(Device.organization_id == organization_id, Device.id.in_(device_ids))
    )
    return {row.id: f"{row.first_name} {row.last_name}".strip() for row in users}, {
        row.id: row.name for row in devices
    }


def _ndjson(entries: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for entry in entries:
        yield orjson.dumps(entry) + b"\n"


def _csv(entries: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for entry in entries:
        head = [entry[name] for name in _COLUMNS[:6]]
        lines = [
            (name, *change, "") if isinstance(change, list) and len(change) == 2 else (name, "", change, "")
            for name, change in entry["changes"].items()
        ]
        lines += [(name, "", "", value) for name, value in entry["lost"].items()]
        for line in lines or [("", "", "", "")]:
            yield _line([*head, *line])


def _line(values: Sequence[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(["" if value is None else _harmless(value) for value in values])
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
