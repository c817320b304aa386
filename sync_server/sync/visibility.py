"""Who sees and changes which rows, answered by PostgreSQL: the table of rights as conditions on rows, what a change
moves into or out of someone's sight, and the fields that the server fills (docs/sync-protocol.md, section 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from shared_models.access.conditions import Everything, Own, Viewer
from shared_models.access.models import Role
from shared_models.access.policy import (
    FILLED,
    HEALTH_READING,
    POLICY_VERSION,
    Action,
    Tier,
    history_tiers,
    sees_health,
    tiers,
    write_tiers,
)
from shared_models.access.rules import NOTHING
from shared_models.registry import tenant_classes
from shared_models.sync.hook import RowChange
from shared_models.sync.wire import wire_fields
from sync_server.database import allocate_sequence, enter_tenant, raw_cursor
from sync_server.sync.conditions import condition_sql, dependencies, dependents_sql, table_of

_Cursor = psycopg.Cursor[Any]
Asking = Session | _Cursor
"""What stands in a transaction of the tenant and can be asked."""

FEW = 200
"""Up to so many rows, conditions look up row by row."""

_STAFF = frozenset({Role.ADMIN, Role.FRONT_DESK})

_VIEWER = (
    "SELECT array(SELECT role FROM user_role r WHERE r.organization_id = %(org)s AND r.user_id = %(user)s "
    "AND r.archived_at IS NULL), "
    "array(SELECT location_id::text FROM location_assignment a WHERE a.organization_id = %(org)s "
    "AND a.user_id = %(user)s AND a.archived_at IS NULL), "
    "array(SELECT id::text FROM tutor t WHERE t.organization_id = %(org)s AND t.user_id = %(user)s "
    "AND t.archived_at IS NULL) "
    'FROM "user" WHERE organization_id = %(org)s AND id = %(user)s AND archived_at IS NULL'
)
_FAMILIES = (
    'SELECT f.id::text FROM "user" u JOIN family f ON f.organization_id = u.organization_id '
    "AND lower(trim(u.email)) IN (lower(trim(f.parent1_email)), lower(trim(f.parent2_email))) "
    "WHERE u.organization_id = %(org)s AND u.id = %(user)s AND trim(u.email) <> '' AND f.archived_at IS NULL"
)
_SYNCING = (
    "SELECT DISTINCT r.role FROM user_role r "
    "WHERE r.organization_id = %(org)s AND r.archived_at IS NULL AND r.role <> 'OWNER' "
    "AND (r.role IN ('ADMIN', 'FRONT_DESK') OR EXISTS (SELECT 1 FROM device d "
    "WHERE d.organization_id = r.organization_id AND d.user_id = r.user_id AND d.revoked_at IS NULL))"
)
_FAR = {
    "attendee": "(SELECT e.location_id FROM schedule_entry e "
    "WHERE e.organization_id = %(org)s AND e.id = t.entry_id) IS DISTINCT FROM "
    "(SELECT s.location_id FROM student s WHERE s.organization_id = %(org)s AND s.id = t.student_id)",
    "schedule_entry": "t.series_id IS NOT NULL AND t.location_id IS DISTINCT FROM "
    "(SELECT s.location_id FROM series s WHERE s.organization_id = %(org)s AND s.id = t.series_id)",
}
"""For new rows that mostly name what is at the same location: when they do not."""
_HEALTH_DELIVERED = (
    "INSERT INTO audit_entry (organization_id, table_name, row_id, action, user_id, device_id, changes, lost) "
    f"SELECT %(org)s::uuid, 'student', %(device)s::uuid, '{HEALTH_READING}', %(user)s::uuid, %(device)s::uuid, "
    "jsonb_build_object('scope', %(scope)s::text), '{}' WHERE NOT EXISTS (SELECT 1 FROM audit_entry a "
    "WHERE a.organization_id = %(org)s AND a.table_name = 'student' AND a.row_id = %(device)s::uuid "
    f"AND a.action = '{HEALTH_READING}' AND a.changes ->> 'scope' = %(scope)s::text)"
)
_PAY = (
    "UPDATE schedule_entry AS e SET hourly_pay_cents = p.pay, "
    "field_clocks = CASE WHEN p.stamp IS NULL THEN e.field_clocks - 'hourly_pay_cents' "
    "ELSE jsonb_set(e.field_clocks, '{hourly_pay_cents}', to_jsonb(p.stamp)) END "
    "FROM (SELECT i.id, coalesce(l.hourly_pay_cents, t.hourly_pay_cents, 0) AS pay, "
    "(SELECT max(i.field_clocks ->> name) FROM unnest(%(sources)s::text[]) AS s (name)) AS stamp "
    "FROM schedule_entry i "
    "LEFT JOIN tutor t ON t.organization_id = i.organization_id AND t.id = i.tutor_id "
    "LEFT JOIN LATERAL (SELECT hourly_pay_cents FROM tutor_location x WHERE x.organization_id = i.organization_id "
    "AND x.tutor_id = i.tutor_id AND x.location_id = i.location_id AND x.archived_at IS NULL "
    "ORDER BY hourly_pay_cents NULLS LAST LIMIT 1) l ON true "
    "WHERE i.organization_id = %(org)s AND i.id = ANY(%(ids)s::uuid[])) AS p "
    "WHERE e.organization_id = %(org)s AND e.id = p.id AND e.hourly_pay_cents <> p.pay RETURNING e.id::text"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows that are shown with the same fields, in wire order. The condition, empty for all rows, is on a row of the
    table under its own name, with the parameters of `parameters_of` and `org`; `condition_of_few` is the same for
    statements that read few rows."""

    condition: str
    fields: tuple[str, ...]
    condition_of_few: str = ""


def viewer_of(asking: Asking, organization_id: str, user_id: str) -> Viewer:
    """Who a user is now: one query, and one more for a guardian. A user who is archived or unknown is nobody."""
    with _cursor(asking) as cursor:
        cursor.execute(_VIEWER, {"org": organization_id, "user": user_id})
        found = cursor.fetchone()
        if found is None:
            return Viewer(frozenset(), user_id)
        roles = frozenset(Role(role) for role in found[0])
        return Viewer(
            roles,
            user_id,
            frozenset(found[1]),
            frozenset(found[2]),
            _families(cursor, organization_id, user_id, roles),
        )


def with_families(cursor: _Cursor, organization_id: str, viewer: Viewer) -> Viewer:
    """The viewer with the families that a guardian is a parent of; a query for guardians alone."""
    if Role.GUARDIAN not in viewer.roles or viewer.user_id is None:
        return viewer
    with cursor.connection.transaction():
        enter_tenant(cursor, organization_id)
        return replace(viewer, family_ids=_families(cursor, organization_id, viewer.user_id, viewer.roles))


def _families(cursor: _Cursor, organization_id: str, user_id: str, roles: frozenset[Role]) -> frozenset[str]:
    if Role.GUARDIAN not in roles or Role.OWNER in roles:
        return frozenset()
    cursor.execute(_FAMILIES, {"org": organization_id, "user": user_id})
    return frozenset(row[0] for row in cursor)


@contextmanager
def _cursor(asking: Asking) -> Iterator[_Cursor]:
    if isinstance(asking, Session):
        with raw_cursor(asking) as cursor:
            yield cursor
    else:
        yield asking


def scope_token(viewer: Viewer) -> str:
    """A short text that changes whenever what the viewer may see does ([S-53])."""
    if Role.OWNER in viewer.roles:
        return "owner"
    parts = [POLICY_VERSION, viewer.user_id or "", *sorted(role.value for role in viewer.roles)]
    if not viewer.roles.isdisjoint(_STAFF):
        parts += ["at", *sorted(viewer.location_ids)]
    if Role.TUTOR in viewer.roles:
        parts += ["as", *sorted(viewer.tutor_ids)]
    if Role.GUARDIAN in viewer.roles:
        parts += ["of", *sorted(viewer.family_ids)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:20]


def parameters_of(viewer: Viewer) -> dict[str, Any]:
    """The viewer's ids under the names that conditions use; `org` comes beside them."""
    return {own.value: sorted(viewer.own(own)) for own in Own}


@lru_cache(maxsize=64)
def readings_of(roles: frozenset[Role]) -> Mapping[str, tuple[Reading, ...]]:
    """The tiers in which a set of roles sees each table, parents before children; a hidden table is left out. Of a
    table's readings the first whose condition fits a row shows it."""
    found = {name: _as_sql(name, tiers(name, roles)) for name in tenant_classes()}
    return {name: shown for name, shown in found.items() if shown}


def readings(table: str, viewer: Viewer) -> tuple[Reading, ...]:
    """The tiers in which a viewer sees a table's rows; none when the table is hidden."""
    return readings_of(viewer.roles).get(table, ())


def _as_sql(table: str, decided: Sequence[Tier]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            condition_sql(tier.where, table),
            tuple(name for name in wire_fields(table_of(table)) if name in tier.fields),
            condition_sql(tier.where, table, row_by_row=True),
        )
        for tier in decided
    )


def reach(
    asking: Asking, organization_id: str, viewer: Viewer, action: Action, table: str, ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Which fields of the rows with these ids the viewer may read, set or change, by the rows as they stand now. Ids
    out of reach are left out.

    A push asks for UPDATE before it merges known rows, and after everything is written for CREATE of the new rows and
    UPDATE of the known ones, so that nothing can be moved to where its author has no say.
    """
    decided = tiers(table, viewer.roles) if action is Action.READ else write_tiers(table, viewer.roles, action)
    return _fitting(asking, organization_id, viewer, table, decided, ids)


def reaches_all(viewer: Viewer, action: Action, table: str) -> frozenset[str] | None:
    """The fields that the viewer may write in every row of a table alike; None when it depends on the row."""
    decided = write_tiers(table, viewer.roles, action)
    if not decided:
        return NOTHING
    return decided[0].fields if isinstance(decided[0].where, Everything) else None


def readable_history(
    asking: Asking, organization_id: str, viewer: Viewer, table: str, ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """The rows among these ids whose audit history the viewer may read, with the fields to show of it."""
    return _fitting(asking, organization_id, viewer, table, history_tiers(table, viewer.roles), ids)


def _fitting(
    asking: Asking,
    organization_id: str,
    viewer: Viewer,
    table: str,
    decided: Sequence[Tier],
    ids: Collection[str],
) -> dict[str, frozenset[str]]:
    if not decided or not ids:
        return {}
    if isinstance(decided[0].where, Everything):
        return dict.fromkeys(ids, decided[0].fields)
    cases = " ".join(
        f"WHEN {condition_sql(tier.where, table, row_by_row=len(ids) <= FEW) or 'true'} THEN {place}"
        for place, tier in enumerate(decided)
    )
    own = {**parameters_of(viewer), "org": organization_id, "ids": list(ids)}
    with _cursor(asking) as cursor:
        cursor.execute(
            f'SELECT id::text, CASE {cases} END FROM "{table}" '
            "WHERE organization_id = %(org)s AND id = ANY(%(ids)s::uuid[])",
            own,
        )
        return {row_id: decided[place].fields for row_id, place in cursor if place is not None}


def note_health_delivery(cursor: _Cursor, organization_id: str, user_id: str, device_id: str, viewer: Viewer) -> None:
    """Note in the audit history that health fields went to a device: once for each device and scope, when a pull
    begins from zero, so that a poll costs nothing (product §9)."""
    if sees_health(viewer.roles):
        own = {"org": organization_id, "user": user_id, "device": device_id, "scope": scope_token(viewer)}
        cursor.execute(_HEALTH_DELIVERED, own)


def watched_fields(table: str) -> frozenset[str]:
    """Fields on which the visibility of other tables' rows hangs: their change, and where `watches_new_rows` a new
    row, is to be told to `touch_dependents`."""
    return NOTHING.union(*(dependency.watched for dependency in dependencies().get(table, ())))


def watches_new_rows(table: str) -> bool:
    """Whether a new row can bring rows of other tables into someone's sight."""
    return any(dependency.on_new_rows for dependency in dependencies().get(table, ()))


def naming_fields(table: str) -> frozenset[str]:
    """Watched fields that name the rows which hang on them: their former values matter as much as the new."""
    return frozenset(d.hops[-1].field for d in dependencies().get(table, ()) if d.on_new_rows)


def touch_dependents(
    session: Session,
    organization_id: str,
    table: str,
    *,
    created: Sequence[str] = (),
    changed: Sequence[str] = (),
    former: Mapping[str, Iterable[str | None]] | None = None,
    before: int | None = None,
) -> int:
    """Number anew the rows whose visibility hangs on rows that were created, or changed in a watched field ([S-62]).

    Call it in the same transaction, with the rows written. `former` has, for fields of `naming_fields`, the values
    that changed rows held before. Rows numbered from `before` on, the transaction's first number, are news already
    and left alone. Returns how many rows were touched; these numbers are not the push's own ([S-45]).
    """
    if not created and not changed:
        return 0
    hanging = [d for d in dependencies().get(table, ()) if changed or d.on_new_rows]
    roles = _syncing_roles(session, organization_id) if hanging else frozenset()
    hanging = [dependency for dependency in hanging if dependency.roles & roles]
    concerned = frozenset().union(*(d.roles & roles for d in hanging if d.on_new_rows))
    if created and former is None and table in _FAR and concerned <= _STAFF:
        created = _far_from_home(session, organization_id, table, created, before)
        hanging = hanging if created or changed else []
    if not hanging:
        return 0
    parameters: dict[str, Any] = {
        "org": organization_id,
        "changed": list(changed),
        "told": [*changed, *created],
        "before": before if before is not None else _last_seq(session, organization_id) + 1,
    }
    for name in naming_fields(table):
        parameters[f"former_{name}"] = [value for value in (former or {}).get(name, ()) if value is not None]
    found: dict[str, list[str]] = {}
    with raw_cursor(session) as cursor:
        cursor.execute(dependents_sql(tuple(hanging)), parameters)
        for target, row_id in cursor:
            found.setdefault(target, []).append(row_id)
    return sum(_number_anew(session, organization_id, target, ids) for target, ids in found.items())


def _far_from_home(
    session: Session, organization_id: str, table: str, ids: Sequence[str], before: int | None
) -> list[str]:
    """The new rows among these of which a desk could learn something: what they name belongs to another location.
    What belongs to the same is seen whole wherever they are.

    Many are found by their numbers, which are from `before` on, together with what else the transaction wrote."""
    is_by_number = before is not None and len(ids) > FEW
    which = "server_seq >= %(before)s" if is_by_number else "id = ANY(%(ids)s::uuid[])"
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'SELECT id::text FROM "{table}" t WHERE organization_id = %(org)s AND {which} AND {_FAR[table]}',
            {"org": organization_id, "before": before, "ids": None if is_by_number else list(ids)},
        )
        return [row[0] for row in cursor]


def touch_after_flush(session: Session, changes: Sequence[RowChange]) -> None:
    """The same for the server's own writes: what the session hook reports, before the rows are written."""
    tables: dict[tuple[str, str], list[RowChange]] = {}
    for change in changes:
        telling = naming_fields(change.table) if change.is_new else watched_fields(change.table)
        if any(change.new.get(name) is not None or name in change.old for name in telling):
            tables.setdefault((change.organization_id, change.table), []).append(change)
    for (organization_id, table), watched_changes in tables.items():
        former: dict[str, list[str | None]] = {}
        for name in naming_fields(table):
            former[name] = [
                values[name] for change in watched_changes for values in (change.old, change.new) if name in values
            ]
        touch_dependents(
            session,
            organization_id,
            table,
            created=[change.row_id for change in watched_changes if change.is_new],
            changed=[change.row_id for change in watched_changes if not change.is_new],
            former=former,
        )


def filled_fields(viewer: Viewer, table: str) -> frozenset[str]:
    """Fields that the server fills for this viewer: what the viewer sends for them is left out of new rows, and of
    edits that change what they are filled from; an edit of such a field alone is refused ([S-63])."""
    mine = NOTHING.union(*(tier.fields for tier in write_tiers(table, viewer.roles, Action.UPDATE)))
    return frozenset(FILLED.get(table, {})) - mine


def filling_fields(viewer: Viewer, table: str) -> frozenset[str]:
    """The fields whose change makes the server fill others anew for this viewer."""
    return NOTHING.union(*(FILLED[table][name] for name in filled_fields(viewer, table)))


def fill_hidden(asking: Asking, organization_id: str, viewer: Viewer, table: str, ids: Sequence[str]) -> list[str]:
    """Fill the fields that their author may not write, in rows that were made or whose sources (`FILLED`) changed:
    a tutor's pay at the location, or else the tutor's own ([S-63]). Returns the ids of rows that were altered."""
    if table != "schedule_entry" or not ids or not filled_fields(viewer, table):
        return []
    sources = sorted(FILLED[table]["hourly_pay_cents"])
    with _cursor(asking) as cursor:
        cursor.execute(_PAY, {"org": organization_id, "ids": list(ids), "sources": sources})
        return [row[0] for row in cursor]


def _syncing_roles(session: Session, organization_id: str) -> frozenset[Role]:
    """The roles that must be told of moved rows: those of desks, and those of tutors and guardians who have a device.
    The owner sees everything anyway."""
    with raw_cursor(session) as cursor:
        cursor.execute(_SYNCING, {"org": organization_id})
        return frozenset(Role(row[0]) for row in cursor)


def _last_seq(session: Session, organization_id: str) -> int:
    with raw_cursor(session) as cursor:
        cursor.execute("SELECT last_seq FROM organization_sequence WHERE organization_id = %s", (organization_id,))
        found = cursor.fetchone()
    return int(found[0]) if found else 0


def _number_anew(session: Session, organization_id: str, table: str, ids: list[str]) -> int:
    if not ids:
        return 0
    first = allocate_sequence(session, organization_id, len(ids))
    with raw_cursor(session) as cursor:
        cursor.execute(
            f'UPDATE "{table}" AS t SET server_seq = %(first)s::bigint + u.place - 1 '
            "FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS u (id, place) "
            "WHERE t.organization_id = %(org)s AND t.id = u.id",
            {"first": first, "ids": ids, "org": organization_id},
        )
    return len(ids)
