"""Merges a pushed batch into one organization: permission, new rows in bulk, field-by-field merge of known rows,
audit history and sequence numbers, in one transaction (architecture, "How a change travels", step 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import psycopg
import structlog
from sqlalchemy import Table, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from shared_models.access.models import Role
from shared_models.access.permissions import Access, access_to
from shared_models.base import TenantRow
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import CREATED, wall_milliseconds
from shared_models.sync.merge import FieldValue, Merged, merge, rules_of
from shared_models.sync.wire import TableBatch, batch_of, postgres_reading, postgres_type, wire_fields
from sync_server.access.devices import DeviceIdentity
from sync_server.database import SERVER_ACTOR, Database, adopt_tenant, allocate_sequence, raw_cursor
from sync_server.sync.hello import Forked, forked, rotate_lineage
from sync_server.sync.identity import open_session, spoken

log = structlog.get_logger()

_ROW_ERRORS = (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError, orjson.JSONDecodeError)
"""What a row that breaks a rule of the database raises, through SQLAlchemy or psycopg."""

_AUDIT = "INSERT INTO audit_entry (organization_id, table_name, row_id, action, user_id, device_id, changes, lost) "


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why: a code for the program ([S-41]) and a sentence for the desk."""

    table: str
    row_id: str
    code: str
    reason: str


@dataclass(slots=True)
class PushResult:
    """What became of a push; `standing` holds the server's rows in place of the refused ones. `landed` gives for
    each batch the first of the numbers that its rows received one after the other, or None ([S-45])."""

    accepted: int = 0
    first_seq: int = 0
    last_seq: int = 0
    landed: list[int | None] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    standing: list[TableBatch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one table on their way in; `values[r]` in the order of `fields`."""

    table: Table
    fields: tuple[str, ...]
    ids: list[str]
    clocks: list[str]
    values: list[tuple[FieldValue, ...]]

    def pick(self, places: Sequence[int]) -> _Part:
        return _Part(
            self.table,
            self.fields,
            [self.ids[p] for p in places],
            [self.clocks[p] for p in places],
            [self.values[p] for p in places],
        )


def answer_push(
    database: Database, token: str, head: Mapping[str, Any], batches: Sequence[TableBatch]
) -> tuple[dict[str, Any], list[TableBatch]]:
    """The head and the rows that answer a push, which is committed then. Raises Refused."""
    protocol = spoken(head)
    try:
        with database.tenant("", SERVER_ACTOR) as session, raw_cursor(session) as cursor:
            state = open_session(cursor, token, locks=True)
            adopt_tenant(session, state.device.organization_id, state.device.actor)
            lineage = rotate_lineage(cursor, state, head.get("lineage")) if protocol > 1 else None
            result = apply_push(session, state.device, state.viewer.roles, batches)
    except Forked as fork:
        raise forked(database, fork.state) from fork
    refused = [{"table": r.table, "id": r.row_id, "code": r.code, "reason": r.reason} for r in result.refused]
    answer = {"protocol": protocol, "accepted": result.accepted, "refused": refused}
    if protocol > 1:
        answer |= {
            "from": state.last_seq,
            "to": result.last_seq,
            "landed": result.landed,
            "lineage": lineage,
            "epoch": state.epoch,
            "server_time_ms": wall_milliseconds(),
        }
    return answer, result.standing


def apply_push(
    session: Session, device: DeviceIdentity, roles: frozenset[Role], batches: Sequence[TableBatch]
) -> PushResult:
    """Merge batches into the device's organization. Rows that break a rule are refused alone; the rest is taken."""
    result = PushResult()
    classes = tenant_classes()
    # Writers of one organization take turns from here on, so that what is read below stays true until the commit.
    result.first_seq = result.last_seq = allocate_sequence(session, device.organization_id, 0) - 1
    result.landed = [None] * len(batches)
    order = {name: place for place, name in enumerate(classes)}
    for batch in sorted(batches, key=lambda b: order.get(b.table, -1)):
        reason = _why_not(batch, classes, roles)
        if reason is not None:
            result.refused += [Refusal(batch.table, row_id, *reason) for row_id in batch.ids]
            continue
        part = _Part(_table(classes[batch.table]), batch.fields, batch.ids, batch.clocks, list(batch.rows()))
        _apply_or_split(session, device, part, result)
    result.last_seq = allocate_sequence(session, device.organization_id, 0) - 1
    result.standing = standing_rows(session, device.organization_id, roles, result.refused)
    return result


def standing_rows(
    session: Session, organization_id: str, roles: frozenset[Role], refused: Sequence[Refusal]
) -> list[TableBatch]:
    """What the server has in place of refused rows, as far as the roles may read it."""
    ids: dict[str, list[str]] = {}
    for refusal in refused:
        if access_to(refusal.table, roles) is not Access.NONE:
            ids.setdefault(refusal.table, []).append(refusal.row_id)
    classes = tenant_classes()
    batches = []
    for name, row_ids in ids.items():
        table = _table(classes[name])
        reading = ", ".join(postgres_reading(table.c[field_name]) for field_name in wire_fields(table))
        with raw_cursor(session) as cursor:
            cursor.execute(
                f'SELECT id::text, field_clocks::text, {reading} FROM "{name}" '
                "WHERE organization_id = %s AND id = ANY(%s::uuid[])",
                (organization_id, [row_id for row_id in row_ids if _is_uuid(row_id)]),
            )
            batches.append(batch_of(name, wire_fields(table), cursor.fetchall()))
    return [batch for batch in batches if batch.ids]


def _is_uuid(text_of: str) -> bool:
    try:
        return str(UUID(text_of)) == text_of
    except ValueError:
        return False


def _why_not(
    batch: TableBatch, classes: dict[str, type[TenantRow]], roles: frozenset[Role]
) -> tuple[str, str] | None:
    if batch.table not in classes:
        return "unknown_data", "This version of the server does not know such data."
    if access_to(batch.table, roles) is not Access.WRITE:
        return "not_allowed", "Your role does not allow this change."
    unknown = set(batch.fields) - set(wire_fields(_table(classes[batch.table])))
    if unknown:
        return "unknown_data", f"This version of the server does not know {', '.join(sorted(unknown))}."
    return None


def _apply_or_split(session: Session, device: DeviceIdentity, part: _Part, result: PushResult) -> None:
    """Take a part whole; when the database refuses it, halve it until the rows at fault stand alone."""
    if not part.ids:
        return
    try:
        with session.begin_nested():
            _apply(session, device, part)
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        result.accepted += len(part.ids)
    except _ROW_ERRORS as error:
        if len(part.ids) == 1:
            code, reason = _sentence(error)
            log.warning("push_refused", table=part.table.name, row_id=part.ids[0], code=code)
            result.refused.append(Refusal(part.table.name, part.ids[0], code, reason))
            return
        middle = len(part.ids) // 2
        _apply_or_split(session, device, part.pick(range(middle)), result)
        _apply_or_split(session, device, part.pick(range(middle, len(part.ids))), result)


def _sentence(error: Exception) -> tuple[str, str]:
    text_of = str(error).lower()
    if "foreign key" in text_of:
        return "missing_reference", "It refers to something that the server does not have."
    if "not-null" in text_of or "not null" in text_of:
        return "invalid", "A required field is missing."
    if "check constraint" in text_of:
        return "invalid", "A value is outside what is allowed."
    return "invalid", "A value could not be read."


def _apply(session: Session, device: DeviceIdentity, part: _Part) -> None:
    known = _known_rows(session, device.organization_id, part)
    fresh = [place for place, row_id in enumerate(part.ids) if row_id not in known]
    if fresh:
        _insert(session, device, part.pick(fresh))
    edited = [place for place, row_id in enumerate(part.ids) if row_id in known]
    if edited:
        _merge_known(session, device, part.pick(edited), known)


def _known_rows(
    session: Session, organization_id: str, part: _Part
) -> dict[str, tuple[dict[str, str], dict[str, FieldValue]]]:
    """The stored rows among a part's ids: clocks and all fields as wire values."""
    fields = wire_fields(part.table)
    reading = ", ".join(postgres_reading(part.table.c[name]) for name in fields)
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'SELECT id::text, field_clocks, {reading} FROM "{part.table.name}" '
            "WHERE organization_id = %s AND id = ANY(%s::uuid[])",
            (organization_id, part.ids),
        )
        return {row[0]: (row[1], dict(zip(fields, row[2:], strict=True))) for row in cursor}


def _insert(session: Session, device: DeviceIdentity, part: _Part) -> None:
    first = allocate_sequence(session, device.organization_id, len(part.ids))
    names = ["id", "clocks", *part.fields]
    columns = ", ".join(f'"{name}"' for name in part.fields)
    casts = ", ".join(_cast(part.table, name) for name in part.fields)
    arrays = ", ".join(["%s::text[]"] * len(names))
    aliases = ", ".join(f'"{name}"' for name in [*names, "place"])
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'INSERT INTO "{part.table.name}" (organization_id, id, field_clocks, server_seq, {columns}) '
            f"SELECT %s::uuid, u.id::uuid, u.clocks::jsonb, %s::bigint + u.place - 1, {casts} "
            f"FROM unnest({arrays}) WITH ORDINALITY AS u ({aliases})",
            [device.organization_id, first, part.ids, part.clocks, *_text_columns(part)],
        )
        cursor.execute(
            _AUDIT
            + "SELECT %s::uuid, %s, id, 'created', %s::uuid, %s::uuid, '{}', '{}' FROM unnest(%s::uuid[]) AS u (id)",
            [device.organization_id, part.table.name, device.user_id, device.device_id, part.ids],
        )


def _merge_known(
    session: Session,
    device: DeviceIdentity,
    part: _Part,
    known: dict[str, tuple[dict[str, str], dict[str, FieldValue]]],
) -> None:
    merged: list[tuple[str, Merged]] = []
    rules = rules_of(tenant_classes()[part.table.name])
    for row_id, clocks, values in zip(part.ids, part.clocks, part.values, strict=True):
        current_clocks, current = known[row_id]
        outcome = merge(current, current_clocks, dict(zip(part.fields, values, strict=True)), _clocks(clocks), rules)
        if outcome.clocks != current_clocks or outcome.lost:
            merged.append((row_id, outcome))
    _write_audit(session, device, part.table.name, merged)
    moved = [(row_id, outcome) for row_id, outcome in merged if outcome.clocks != known[row_id][0]]
    if moved:
        _update(session, device.organization_id, part.table, moved)


def _update(session: Session, organization_id: str, table: Table, rows: list[tuple[str, Merged]]) -> None:
    fields = wire_fields(table)
    first = allocate_sequence(session, organization_id, len(rows))
    part = _Part(
        table,
        fields,
        [row_id for row_id, _ in rows],
        [orjson.dumps(outcome.clocks).decode() for _, outcome in rows],
        [tuple(outcome.values[name] for name in fields) for _, outcome in rows],
    )
    names = ["id", "clocks", *fields]
    sets = ", ".join(f'"{name}" = {_cast(table, name)}' for name in fields)
    arrays = ", ".join(["%s::text[]"] * len(names))
    aliases = ", ".join(f'"{name}"' for name in [*names, "place"])
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'UPDATE "{table.name}" AS t SET field_clocks = u.clocks::jsonb, '
            f"server_seq = %s::bigint + u.place - 1, {sets} "
            f"FROM unnest({arrays}) WITH ORDINALITY AS u ({aliases}) "
            "WHERE t.organization_id = %s::uuid AND t.id = u.id::uuid",
            [first, part.ids, part.clocks, *_text_columns(part), organization_id],
        )


def _write_audit(session: Session, device: DeviceIdentity, table: str, merged: Sequence[tuple[str, Merged]]) -> None:
    rows = [
        (
            device.organization_id,
            table,
            row_id,
            device.user_id,
            device.device_id,
            orjson.dumps(outcome.changed).decode(),
            orjson.dumps(outcome.lost).decode(),
        )
        for row_id, outcome in merged
        if outcome.changed or outcome.lost
    ]
    if not rows:
        return
    with raw_cursor(session) as cursor:
        cursor.executemany(
            _AUDIT + "VALUES (%s, %s, %s, 'changed', %s, %s, %s, %s)",
            rows,
        )


def _cast(table: Table, name: str) -> str:
    return f'u."{name}"::{postgres_type(table.c[name])}'


def _text_columns(part: _Part) -> list[list[str | None]]:
    return [
        [value if value is None or isinstance(value, str) else str(value) for value in column]
        for column in (zip(*part.values, strict=True) if part.values else ())
    ]


def _clocks(raw: str) -> dict[str, str]:
    clocks = orjson.loads(raw)
    if not isinstance(clocks, dict) or CREATED not in clocks:
        raise psycopg.DataError("clocks are an object with a creation stamp")
    return clocks


def _table(kind: type[TenantRow]) -> Table:
    table: Any = kind.__table__
    assert isinstance(table, Table)
    return table
