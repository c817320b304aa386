"""Undo for every operation alike: the field changes it made, inverted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from shared_models.base import TenantRow
from shared_models.registry import tenant_classes
from shared_models.sync.hook import RowChange

_DEPTH = 200


@dataclass(frozen=True, slots=True)
class UndoStep:
    """What one operation changed, and how it is called on screen."""

    description: str
    changes: tuple[RowChange, ...]

    def apply(self, session: Session, *, forward: bool, now: datetime) -> None:
        """Write the step's values again (forward) or the values before it.

        A row that the step made is archived rather than deleted, as others may have seen it already. A field that
        someone changed after the step is left as it is now, and with it those that make sense only together with it
        (a row's `fields_together`).
        """
        classes = tenant_classes()
        ordered = self.changes if forward else tuple(reversed(self.changes))
        for change in ordered:
            row = session.get(classes[change.table], (change.organization_id, change.row_id))
            if row is None:
                continue
            if change.is_new:
                row.archived_at = change.new.get("archived_at") if forward else row.archived_at or now
            elif forward:
                _set_where_unchanged(row, expected=change.old, wanted=change.new)
            else:
                _set_where_unchanged(row, expected=change.new, wanted=change.old)


class UndoHistory:
    """The steps that can be undone and redone, newest last."""

    def __init__(self) -> None:
        self._done: list[UndoStep] = []
        self._undone: list[UndoStep] = []

    @property
    def next_undo(self) -> str | None:
        """The description of what undo would take back."""
        return self._done[-1].description if self._done else None

    @property
    def next_redo(self) -> str | None:
        """The description of what redo would do again."""
        return self._undone[-1].description if self._undone else None

    def changes_of(self, row_ids: Collection[str]) -> list[RowChange]:
        """What the steps that stand changed in the given rows, newest first."""
        return [
            change for step in reversed(self._done) for change in reversed(step.changes) if change.row_id in row_ids
        ]

    def forget(self, row_ids: Collection[str]) -> None:
        """Drop every step that touched one of these rows: what was erased cannot be brought back."""
        gone = frozenset(row_ids)
        for steps in (self._done, self._undone):
            steps[:] = [step for step in steps if gone.isdisjoint(change.row_id for change in step.changes)]

    def remember(self, step: UndoStep) -> None:
        """A new step was done; what was undone before can no longer be redone."""
        self._done.append(step)
        del self._done[:-_DEPTH]
        self._undone.clear()

    def take_undo(self) -> UndoStep | None:
        """The step to undo, left in place until it is applied."""
        return self._done[-1] if self._done else None

    def take_redo(self) -> UndoStep | None:
        """The step to redo, left in place until it is applied."""
        return self._undone[-1] if self._undone else None

    def applied(self, step: UndoStep, *, forward: bool) -> None:
        """Note that a step was redone (forward) or undone."""
        source, target = (self._undone, self._done) if forward else (self._done, self._undone)
        source.remove(step)
        target.append(step)


def _set_where_unchanged(row: TenantRow, expected: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Set the fields that still are as expected, but for those whose companions have changed, or would no longer
    suit what has changed beside them."""
    changed_since = {name for name in wanted if getattr(row, name) != expected[name]}
    together = type(row).fields_together
    for fields in together:
        if fields & changed_since:
            changed_since |= fields
    current = {name: getattr(row, name) for name in wanted}
    for name in wanted.keys() - changed_since:
        setattr(row, name, wanted[name])
    if not getattr(row, "is_sound", True):
        for fields in together:
            for name in fields & current.keys():
                setattr(row, name, current[name])
