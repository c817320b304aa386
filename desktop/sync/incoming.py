"""Writes what the server sends into the store: whole pages by one statement per table, and field by field only rows
that hold unsent changes (docs/sync-protocol.md, part 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from desktop.store.store import Changes, Store
from desktop.sync.client import Head
from desktop.sync.outgoing import Refusal, changed_fields, keep_for_person
from desktop.sync.rows import CURSOR, DOUBTFUL, WITHDRAWS, SyncWriter, blank_value, table_of, write_rows
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import ERASED_CLOCK, clock_of
from shared_models.sync.merge import FieldValue, merge, rules_of
from shared_models.sync.wire import TableBatch, wire_fields

WITHDRAWN = "withdrawn"
_WITHDRAWN_WORDS = "You may no longer see this record, so what you changed in it was not sent."


class Incoming:
    """Applies pages within the turns of a writer. `changes()` tells, once, what changed since it was last asked."""

    def __init__(self, store: Store, writer: SyncWriter) -> None:
        self._store = store
        self._organization_id = store.organization_id
        self._is_afresh = store.local(WITHDRAWS) is not None
        self._writer = writer
        self._changed: defaultdict[str, set[str]] = defaultdict(set)

    def changes(self) -> Changes:
        """Which rows changed since this was last called."""
        found = {table: frozenset(ids) for table, ids in self._changed.items() if ids}
        self._changed.clear()
        return found

    def apply(self, head: Head, batches: Sequence[TableBatch]) -> None:
        """Merge a page and move the cursor. The caller commits; parts of the page are committed before, without the
        cursor, to be fetched again should this end here."""
        for batch in batches:
            self.write(batch)
        for part in head.get("withdrawn") or ():
            self._withdraw(part["table"], part["ids"])
        self._writer.remember({CURSOR: str(head["next"])})
        if not head["more"]:
            if self._is_afresh:
                self._drop_doubtful()
            self._writer.remember({WITHDRAWS: None})

    def write(self, batch: TableBatch) -> None:
        """Write the server's state of rows of one table. Of the batch its ids stay: to let go of all values at once
        would stop the window for as long as that takes."""
        if batch.table not in tenant_classes() or not batch.ids:
            return
        known = frozenset(wire_fields(table_of(batch.table)))
        places = [place for place, name in enumerate(batch.fields) if name in known]
        fields = tuple(batch.fields[place] for place in places)
        columns = [batch.columns[place] for place in places]
        end = 0
        while end < len(batch.ids):
            self._writer.begin()
            start, end = end, end + self._writer.room
            ids, clocks = batch.ids[start:end], batch.clocks[start:end]
            seqs = None if batch.seqs is None else batch.seqs[start:end]
            part = TableBatch(batch.table, fields, ids, clocks, [column[start:end] for column in columns], seqs)
            self._merge_edited(part)
            write_rows(self._writer, self._organization_id, part, fields)
            if ERASED_CLOCK in "".join(clocks):
                self._forget_erased(part)
            self._writer.wrote(len(ids))
        self._changed[batch.table].update(batch.ids)
        batch.clocks.clear()
        for column in batch.columns:
            column.clear()

    def _merge_edited(self, part: TableBatch) -> None:
        """Merge rows with unsent changes field by field; the bulk statement leaves alone what stays unsent."""
        if not self._holds_unsent(part.table):
            return
        edited = self._writer.execute(
            f'SELECT id FROM "{part.table}" WHERE organization_id = ? AND unsent_since IS NOT NULL '
            "AND id IN (SELECT value FROM json_each(?))",
            (self._organization_id, orjson.dumps(part.ids).decode()),
        ).fetchall()
        if not edited:
            return
        places = {row_id: place for place, row_id in enumerate(part.ids)}
        for (row_id,) in edited:
            place = places[row_id]
            values = tuple(column[place] for column in part.columns)
            self._merge_row(part, row_id, part.clocks[place], values, part.seqs[place] if part.seqs else None)

    def _holds_unsent(self, table: str) -> bool:
        found = self._writer.execute(
            f'SELECT 1 FROM "{table}" INDEXED BY ix_{table}_unsent WHERE organization_id = ? '
            "AND unsent_since IS NOT NULL LIMIT 1",
            (self._organization_id,),
        ).fetchone()
        return found is not None

    def _merge_row(
        self, part: TableBatch, row_id: str, clocks: str, values: tuple[FieldValue, ...], seq: int | None
    ) -> None:
        table = table_of(part.table)
        every = wire_fields(table)
        columns = ", ".join(f'"{name}"' for name in every)
        row = self._writer.execute(
            f'SELECT field_clocks, {columns} FROM "{part.table}" WHERE organization_id = ? AND id = ?',
            (self._organization_id, row_id),
        ).fetchone()
        outcome = merge(
            dict(zip(every, row[1:], strict=True)),
            orjson.loads(row[0]),
            dict(zip(part.fields, values, strict=True)),
            orjson.loads(clocks),
            rules_of(tenant_classes()[part.table]),
        )
        merged = dict(outcome.values)
        for name in every:
            if name not in part.fields and name not in outcome.ahead:
                merged[name] = blank_value(table.c[name])
        # Still unsent is only what the server's row does not hold.
        ahead = [clock_of(outcome.clocks, name) for name in outcome.ahead]
        sets = ", ".join(f'"{name}" = ?' for name in every)
        self._writer.execute(
            f'UPDATE "{part.table}" SET field_clocks = ?, server_seq = coalesce(?, server_seq), unsent_since = ?, '
            f"{sets} WHERE organization_id = ? AND id = ?",
            (
                orjson.dumps(outcome.clocks).decode(),
                seq,
                min(ahead) if ahead else None,
                *(merged[name] for name in every),
                self._organization_id,
                row_id,
            ),
        )

    def _forget_erased(self, part: TableBatch) -> None:
        """What somebody had entered in a row that was erased is not kept either ([S-15])."""
        erased = [
            (part.table, row_id)
            for row_id, clocks in zip(part.ids, part.clocks, strict=True)
            if orjson.loads(clocks).get("*") == ERASED_CLOCK
        ]
        self._writer.executemany("DELETE FROM needs_attention WHERE table_name = ? AND row_id = ?", erased)

    def _drop_doubtful(self) -> None:
        """Remove rows that a restored server has lost and that are not this desk's to send again ([S-32])."""
        for table in tenant_classes():
            where = "WHERE organization_id = ? AND server_seq = ? AND unsent_since IS NULL"
            own = (self._organization_id, DOUBTFUL)
            gone = [row_id for (row_id,) in self._writer.execute(f'SELECT id FROM "{table}" {where}', own).fetchall()]
            if gone:
                self._writer.begin()
                self._writer.execute(f'DELETE FROM "{table}" {where}', own)
                self._changed[table].update(gone)

    def _withdraw(self, table: str, ids: list[str]) -> None:
        """Remove rows that this PC may no longer see; unsent edits of them are kept for the person ([S-52])."""
        if table not in tenant_classes() or not ids:
            return
        self._writer.begin()
        wanted = (self._organization_id, orjson.dumps(ids).decode())
        where = "WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?))"
        if self._holds_unsent(table):
            fields = wire_fields(table_of(table))
            columns = ", ".join(f'"{name}"' for name in fields)
            for row_id, clocks, since, *values in self._writer.execute(
                f'SELECT id, field_clocks, unsent_since, {columns} FROM "{table}" {where} '
                "AND unsent_since IS NOT NULL",
                wanted,
            ).fetchall():
                changed = changed_fields(fields, orjson.loads(clocks), since)
                kept: dict[str, Any] = dict(zip(fields, values, strict=True))
                keep_for_person(
                    self._writer,
                    Refusal(table, row_id, WITHDRAWN, _WITHDRAWN_WORDS),
                    {name: kept[name] for name in changed},
                )
        here = [row_id for (row_id,) in self._writer.execute(f'SELECT id FROM "{table}" {where}', wanted)]
        if here:
            self._writer.execute(f'DELETE FROM "{table}" {where}', wanted)
            self._changed[table].update(here)
