"""Takes what a desk pushes into one organization: permission row by row, new rows in bulk, field-by-field merge of
known rows, audit history and sequence numbers, in one transaction (docs/sync-protocol.md, part 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import orjson
import psycopg
import structlog
from sqlalchemy import Column
from sqlalchemy.orm import Session

from shared_models.access.conditions import Viewer
from shared_models.access.policy import Action, writable
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import MAX_AHEAD_MILLISECONDS, wall_milliseconds
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import TableBatch, wire_fields
from sync_server.access.devices import DeviceIdentity
from sync_server.access.requests import Refused
from sync_server.database import CHANGED_CHANNEL, SCOPE_CHANNEL, SCOPE_TABLES, Database, adopt_tenant, raw_cursor
from sync_server.sync.claims import ClaimRefused, claiming
from sync_server.sync.columns import batch_for_previous, reading, rows_of, shown, without_contexts
from sync_server.sync.hello import Forked, forked, rotate_lineage
from sync_server.sync.identity import open_session, spoken
from sync_server.sync.incoming import Part, Source, bad_rows, claims_erasure, is_id, latest_stamp, staged
from sync_server.sync.merge_rows import Merging, merge_rows
from sync_server.sync.merge_sql import default_parameters, insert_statement, known_statement, merge_statement
from sync_server.sync.sight import Sight, sight_of, table_of
from sync_server.sync.visibility import (
    fill_hidden,
    filled_fields,
    filling_fields,
    naming_fields,
    reach,
    reaches_all,
    touch_dependents,
    watched_fields,
    watches_new_rows,
)

log = structlog.get_logger()

MAX_ROWS = 50_000
NOT_ALLOWED = "Your role does not allow this change."

_ROW_ERRORS = (psycopg.IntegrityError, psycopg.DataError, ValueError, KeyError, TypeError, OverflowError)
"""What a row raises that breaks a rule of the database, or that cannot be read."""


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


class _Careful(Exception):
    """A row is at fault, and which one is only found with savepoints: the transaction is to be done again."""


class _Unallowed(Exception):
    """Rows that their author may not write, as they would stand."""

    def __init__(self, ids: Iterable[str]) -> None:
        super().__init__()
        self.ids = frozenset(ids)


def answer_push(
    database: Database, token: str, head: Mapping[str, Any], batches: Sequence[TableBatch]
) -> tuple[dict[str, Any], list[TableBatch]]:
    """The head and the rows that answer a push, which is committed then. Raises Refused."""
    protocol = spoken(head)
    if sum(len(batch.ids) for batch in batches) > MAX_ROWS:
        raise Refused(413, "too_large", "The message has too many rows.")
    if protocol > 1:
        _refuse_clock_ahead(batches)
    try:
        # Most pushes are taken as they are. Only one with a row at fault pays for finding which.
        try:
            return _answer(database, token, head, batches, protocol, is_careful=False)
        except _Careful:
            return _answer(database, token, head, batches, protocol, is_careful=True)
    except Forked as fork:
        raise forked(database, fork.state) from fork


def _answer(
    database: Database,
    token: str,
    head: Mapping[str, Any],
    batches: Sequence[TableBatch],
    protocol: int,
    *,
    is_careful: bool,
) -> tuple[dict[str, Any], list[TableBatch]]:
    with database.routing() as session, raw_cursor(session) as cursor:
        state = open_session(cursor, token, locks=True)
        adopt_tenant(session, state.device.organization_id, state.device.actor)
        if protocol > 1 and head.get("epoch") not in (None, state.epoch):
            raise Refused(409, "restored", "The server was restored from a backup. Fetch anew, then send again.")
        lineage = rotate_lineage(cursor, state, head.get("lineage")) if protocol > 1 else None
        push = Push(
            session, cursor, state.device, state.viewer, state.last_seq,
            is_careful=is_careful, keeps_contexts=protocol > 1,
        )  # fmt: skip
        result = push.take(batches)
    if protocol == 1:
        result.standing = [batch_for_previous(batch) for batch in result.standing]
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


def _refuse_clock_ahead(batches: Sequence[TableBatch]) -> None:
    now = wall_milliseconds()
    bound = f"{now + MAX_AHEAD_MILLISECONDS + 1:012x}"
    if any(latest_stamp(batch.clocks) >= bound for batch in batches):
        raise Refused(
            409,
            "clock_ahead",
            "This PC’s clock is far ahead. Set it right; your changes stay saved and are sent then.",
            more={"server_time_ms": now},
        )


class Push:
    """One push under way, in a transaction that holds the organization's counter."""

    def __init__(
        self,
        session: Session,
        cursor: psycopg.Cursor[Any],
        device: DeviceIdentity,
        viewer: Viewer,
        last_seq: int,
        *,
        is_careful: bool,
        keeps_contexts: bool = True,
    ) -> None:
        """`last_seq` is the organization's number before. Unless `is_careful`, a row at fault raises _Careful. A
        program that does not keep contexts may send some that it once was given: they say nothing."""
        self._session = session
        self._cursor = cursor
        self._device = device
        self._viewer = viewer
        self._before = last_seq
        self._last_seq = last_seq
        self._is_careful = is_careful
        self._keeps_contexts = keeps_contexts
        self._own = {"org": device.organization_id, "user": device.user_id, "device": device.device_id}
        self._result = PushResult(first_seq=last_seq, last_seq=last_seq)
        self._savepoints = 0
        self._created: defaultdict[str, list[str]] = defaultdict(list)
        self._moved: defaultdict[str, list[str]] = defaultdict(list)
        self._scope_changed = False
        self._source: tuple[Part, Source] | None = None
        self._former: defaultdict[str, defaultdict[str, list[str | None]]] = defaultdict(lambda: defaultdict(list))

    def take(self, batches: Sequence[TableBatch]) -> PushResult:
        """Merge the batches. Rows that break a rule are refused alone; the rest is taken."""
        result = self._result
        order = {name: place for place, name in enumerate(tenant_classes())}
        landed: dict[int, int | None] = {}
        for number, batch in sorted(enumerate(batches), key=lambda item: order.get(item[1].table, -1)):
            landed[number] = self._take_batch(batch)
        result.landed = [landed[number] for number in range(len(batches))]
        if not self._is_careful:
            self._check_references()
        own = self._last_seq
        if self._touch():
            # Other rows have numbers in between: what the desk sent is not all that it would skip.
            result.landed = [None] * len(batches)
        result.last_seq = self._last_seq
        if own != self._before:
            self._publish()
        result.standing = standing_rows(
            self._cursor, self._device.organization_id, sight_of(self._viewer), result.refused
        )
        return result

    def _take_batch(self, batch: TableBatch) -> int | None:
        reason = self._why_not(batch)
        if reason is not None:
            self._refuse_all(batch.table, batch.ids, *reason)
            return None
        part = Part.of(table_of(batch.table), batch)
        bad = bad_rows(part, wall_milliseconds() + MAX_AHEAD_MILLISECONDS)
        for row, sentence in bad.items():
            self._refuse(batch.table, part.ids[row], "invalid", sentence)
        if bad:
            part = part.pick([row for row in range(len(part.ids)) if row not in bad])
        if not self._keeps_contexts:
            part = replace(part, clocks=without_contexts(part.clocks))
        first = self._last_seq + 1
        is_as_sent = self._take_or_split(part, first) if part.ids else False
        if self._last_seq >= first:
            self._scope_changed |= batch.table in SCOPE_TABLES
            # A batch keeps a number for each of its rows, so that the place in it says which.
            self._last_seq = first + len(batch.ids) - 1
        return first if is_as_sent and not bad and part.ids else None

    def _why_not(self, batch: TableBatch) -> tuple[str, str] | None:
        if batch.table not in tenant_classes():
            return "unknown_data", "This version of the server does not know such data."
        if not set(batch.fields).issubset(wire_fields(table_of(batch.table))):
            return "unknown_data", "This version of the server does not know all of these fields."
        if not batch.fields or len(set(batch.fields)) != len(batch.fields):
            return "invalid", "Its fields could not be read."
        if all(self._fields(action, batch.table) == frozenset() for action in (Action.CREATE, Action.UPDATE)):
            return "not_allowed", NOT_ALLOWED
        return None

    def _fields(self, action: Action, table: str) -> frozenset[str] | None:
        return reaches_all(self._viewer, action, table)

    def _take_or_split(self, part: Part, first: int) -> bool:
        """Take rows; when one is at fault, halve until it stands alone. Whether all became what was sent."""
        if not part.ids:
            return True
        if not self._is_careful:
            try:
                return self._take_part(part, first)
            except (_Unallowed, ClaimRefused, *_ROW_ERRORS) as error:
                raise _Careful from error
        name = f"part_{self._savepoints}"
        self._savepoints += 1
        kept = self._last_seq, len(self._result.refused), self._result.accepted
        noted = {t: len(ids) for t, ids in self._created.items()}, {t: len(ids) for t, ids in self._moved.items()}
        self._cursor.execute(f"SAVEPOINT {name}", prepare=False)
        try:
            is_as_sent = self._take_part(part, first)
            self._check_references()
            self._cursor.execute(f"RELEASE SAVEPOINT {name}", prepare=False)
            return is_as_sent
        except (_Unallowed, ClaimRefused, *_ROW_ERRORS) as error:
            self._cursor.execute(f"ROLLBACK TO SAVEPOINT {name}", prepare=False)
            self._source = None
            self._last_seq, refusals, self._result.accepted = kept
            del self._result.refused[refusals:]
            for lists, lengths in zip((self._created, self._moved), noted, strict=True):
                for table, ids in lists.items():
                    del ids[lengths.get(table, 0) :]
            if isinstance(error, _Unallowed):
                self._refuse_all(part.table.name, sorted(error.ids), "not_allowed", NOT_ALLOWED)
                self._take_or_split(part.without(error.ids), first)
                return False
            if len(part.ids) == 1:
                self._refuse(part.table.name, part.ids[0], *_sentence(error))
                if isinstance(error, ClaimRefused):
                    # The row's other fields are no worse for it.
                    rest = part.with_fields(set(part.fields) - {error.field})
                    self._take_or_split(rest if rest.fields else rest.pick(()), first)
                return False
            middle = len(part.ids) // 2
            self._take_or_split(part.pick(range(middle)), first)
            self._take_or_split(part.pick(range(middle, len(part.ids))), first)
            return False

    def _take_part(self, part: Part, first: int) -> bool:
        with claiming(self._cursor, self._device.organization_id, part):
            return self._write_part(part, first)

    def _write_part(self, part: Part, first: int) -> bool:
        source = self._staged(part)
        self._cursor.execute(
            known_statement(part.table, source.sql), {**self._own, **source.parameters}, prepare=source.is_lasting
        )
        known = [row[0] for row in self._cursor]
        refused = len(self._result.refused)
        if not known:
            is_as_sent = self._insert(part, first)
        elif len(known) == len(part.ids):
            is_as_sent = self._merge(part, first)
        else:
            is_as_sent = self._insert(part.without(known), first)
            is_as_sent = self._merge(part.only(known), first) and is_as_sent
        self._result.accepted += len(part.ids) - (len(self._result.refused) - refused)
        return is_as_sent and len(self._result.refused) == refused

    def _staged(self, part: Part) -> Source:
        """Bring rows to PostgreSQL, unless they are there from the step before."""
        if self._source is None or self._source[0] is not part:
            self._source = part, staged(self._cursor, part)
        return self._source[1]

    # new rows

    def _insert(self, part: Part, first: int) -> bool:
        table, sent = part.table.name, part
        erased = claims_erasure(part)
        if erased:
            for row in erased:
                self._refuse(table, part.ids[row], "invalid", "Only the server erases.")
            part = part.without([part.ids[row] for row in erased])
        allowed = self._fields(Action.CREATE, table)
        filled = filled_fields(self._viewer, table)
        if allowed is None or not allowed.issuperset(part.fields):
            part = self._without_unset(part, filled)
        if not part.ids:
            return False
        source = self._staged(part)
        self._cursor.execute(
            insert_statement(part.table, part.fields, source.sql),
            {**self._own, **source.parameters, **default_parameters(part.table, part.fields), "first": first},
            prepare=source.is_lasting,
        )
        self._last_seq = max(self._last_seq, first + part.places[-1])
        if allowed is None:
            self._check_reach(Action.CREATE, part)
        if watches_new_rows(table):
            self._created[table] += part.ids
        if filled and fill_hidden(self._cursor, self._device.organization_id, self._viewer, table, part.ids):
            return False
        return part.fields == sent.fields

    def _without_unset(self, part: Part, filled: frozenset[str]) -> Part:
        """A new row brings all fields; those that its author may not set are left out while they are as a new row has
        them anyway, or filled by the server. Rows in which they say something are refused."""
        allowed = writable(part.table.name, self._viewer.roles, Action.CREATE)
        unset = [name for name in part.fields if name not in allowed]
        blank = {name: blanks(part.table.c[name]) for name in unset if name not in filled}
        bad = {
            row_id
            for name, empty in blank.items()
            for row_id, value in zip(part.ids, part.columns[part.fields.index(name)], strict=True)
            if value not in empty
        }
        if bad:
            self._refuse_all(part.table.name, sorted(bad), "not_allowed", NOT_ALLOWED)
        return part.without(bad).with_fields(set(part.fields) - set(unset))

    # known rows

    def _merge(self, part: Part, first: int) -> bool:
        table = part.table.name
        kind = tenant_classes()[table]
        allowed = self._fields(Action.UPDATE, table)
        by_row: dict[str, frozenset[str]] | None = None
        if allowed is None:
            organization_id = self._device.organization_id
            by_row = reach(self._cursor, organization_id, self._viewer, Action.UPDATE, table, part.ids)
            allowed = frozenset.intersection(*(by_row.get(i, frozenset()) for i in part.ids))
        singly = kind.long_texts | ({"archived_at"} if kind.add_wins else set()) | filling_fields(self._viewer, table)
        if allowed.issuperset(part.fields) and singly.isdisjoint(part.fields) and not kind.append_only:
            is_as_sent = self._merge_whole(part, first)
        else:
            is_as_sent = self._merge_one_by_one(part, first, by_row or dict.fromkeys(part.ids, allowed))
        if by_row is not None:
            refused = {refusal.row_id for refusal in self._result.refused if refusal.table == table}
            self._check_reach(Action.UPDATE, part.only(set(by_row) - refused))
        return is_as_sent

    def _merge_whole(self, part: Part, first: int) -> bool:
        if claims_erasure(part):
            return self._merge_one_by_one(part, first, None)
        table = part.table.name
        told = tuple(sorted(watched_fields(table) & set(part.fields)))
        source = self._staged(part)
        self._cursor.execute(
            merge_statement(part.table, part.fields, source.sql, told),
            {**self._own, **source.parameters, "first": first},
            prepare=source.is_lasting,
        )
        moved = lost = 0
        place_of = dict(zip(part.ids, part.places, strict=True))
        last = 0
        for row_id, has_moved, has_lost, *answers in self._cursor:
            if has_moved:
                moved += 1
                last = max(last, place_of[row_id])
            lost += has_lost
            for name, changed, before in zip(told, answers[::2], answers[1::2], strict=True):
                if changed:
                    self._note_watched(table, row_id, name, before)
        if moved:
            self._last_seq = max(self._last_seq, first + last)
        return moved == len(part.ids) and not lost

    def _merge_one_by_one(self, part: Part, first: int, allowed: Mapping[str, frozenset[str]] | None) -> bool:
        """Rows with contexts, ledgers, and fields that not everyone may write, by the merge in Python."""
        table = part.table.name
        merging = Merging(
            cursor=self._cursor,
            own=self._own,
            allowed=allowed,
            filled=filled_fields(self._viewer, table),
            refuse=lambda row_id, code, reason: self._refuse(table, row_id, code, reason),
        )
        self._source = None
        outcome = merge_rows(merging, part, first)
        for row_id, changed in outcome.changed.items():
            for name in watched_fields(table) & set(changed):
                before = changed[name][0]
                self._note_watched(table, row_id, name, None if before is None else str(before))
        if outcome.last_place is not None:
            self._last_seq = max(self._last_seq, first + outcome.last_place)
        altered = outcome.sources_changed and fill_hidden(
            self._cursor, self._device.organization_id, self._viewer, table, outcome.sources_changed
        )
        return outcome.is_as_sent and not altered

    def _note_watched(self, table: str, row_id: str, name: str, before: str | None) -> None:
        if not self._moved[table] or self._moved[table][-1] != row_id:
            self._moved[table].append(row_id)
        if name in naming_fields(table):
            self._former[table][name].append(before)

    # what follows

    def _check_reach(self, action: Action, part: Part) -> None:
        """Rows must lie within their author's reach as they stand afterwards, too."""
        if not part.ids:
            return
        within = reach(self._cursor, self._device.organization_id, self._viewer, action, part.table.name, part.ids)
        beyond = set(part.ids) - set(within)
        if beyond:
            raise _Unallowed(beyond)

    def _check_references(self) -> None:
        try:
            self._cursor.execute("SET CONSTRAINTS ALL IMMEDIATE", prepare=False)
            if self._is_careful:
                self._cursor.execute("SET CONSTRAINTS ALL DEFERRED", prepare=False)
        except psycopg.IntegrityError as error:
            if self._is_careful:
                raise
            raise _Careful from error

    def _touch(self) -> bool:
        """Number anew what hangs on the rows written ([S-62])."""
        tables = [t for t in tenant_classes() if self._created.get(t) or self._moved.get(t)]
        if not tables:
            return False
        self._write_sequence()
        touched = sum(
            touch_dependents(
                self._session,
                self._device.organization_id,
                table,
                created=self._created.get(table, []),
                changed=self._moved.get(table, []),
                former=self._former.get(table),
                before=self._before + 1,
            )
            for table in tables
        )
        self._last_seq += touched
        return touched > 0

    def _write_sequence(self) -> None:
        self._cursor.execute(
            "UPDATE organization_sequence SET last_seq = %s WHERE organization_id = %s",
            (self._last_seq, self._device.organization_id),
        )

    def _publish(self) -> None:
        """Write down the last number, and tell listeners at commit."""
        organization_id = self._device.organization_id
        self._cursor.execute(
            "WITH counted AS (UPDATE organization_sequence SET last_seq = %s WHERE organization_id = %s RETURNING 1) "
            "SELECT pg_notify(%s, %s) FROM counted",
            (self._last_seq, organization_id, CHANGED_CHANNEL, f"{organization_id} {self._last_seq}"),
        )
        if self._scope_changed:
            self._cursor.execute("SELECT pg_notify(%s, %s)", (SCOPE_CHANNEL, organization_id))

    def _refuse(self, table: str, row_id: str, code: str, reason: str) -> None:
        log.info("push_refused", table=table, row_id=row_id, code=code)
        self._result.refused.append(Refusal(table, row_id, code, reason))

    def _refuse_all(self, table: str, ids: Iterable[str], code: str, reason: str) -> None:
        for row_id in ids:
            self._refuse(table, row_id, code, reason)


def _sentence(error: Exception) -> tuple[str, str]:
    if isinstance(error, ClaimRefused):
        return "invalid", str(error)
    text_of = str(error).lower()
    if "foreign key" in text_of:
        return "missing_reference", "It refers to something that the server does not have."
    if "not-null" in text_of or "not null" in text_of:
        return "invalid", "A required field is missing."
    if "check constraint" in text_of:
        return "invalid", "A value is outside what is allowed."
    return "invalid", "A value could not be read."


@cache
def blanks(column: Column[Any]) -> frozenset[FieldValue]:
    """What a field of a new row holds in which nobody has set it."""
    found: set[FieldValue] = {None, "", 0, "[]", "{}"}
    default: Any = column.default
    if default is not None:
        value = default.arg(None) if default.is_callable else default.arg
        found.add(orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value)
    return frozenset(found)


def standing_rows(
    cursor: psycopg.Cursor[Any], organization_id: str, sight: Sight, refused: Sequence[Refusal]
) -> list[TableBatch]:
    """What the server has in place of refused rows, as far as the user may see it."""
    ids: dict[str, list[str]] = {}
    for refusal in refused:
        if refusal.table in sight.tiers and is_id(refusal.row_id):
            ids.setdefault(refusal.table, []).append(refusal.row_id)
    batches = []
    for table, row_ids in ids.items():
        for condition, tier in shown(sight, table):
            where = f"id = ANY(%(ids)s::uuid[]){f' AND {condition}' if condition else ''}"
            cursor.execute(
                reading(table, tier.fields, where), {**sight.parameters, "org": organization_id, "ids": row_ids}
            )
            rows = rows_of(table, tier.fields, cursor.fetchone())
            if rows is not None:
                batches.append(rows.batch())
    return batches
