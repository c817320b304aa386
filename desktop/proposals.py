"""Values for a record that somebody entered and that are not saved: a page opens the record's own form with them.

A form that is proposed something reads the store through `reading`, as if the values were saved already, and saves
through `saving`, which writes what was entered first and what the form says after it. So a form needs to know nothing
of where the values come from, and what it does not show goes along as it was entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QWidget
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets.labels import Note, Tone
from shared_models.registry import tenant_classes

WHOLE = "0"
"""The unsent mark of a row of which the server has nothing."""


UNFIT = "What was entered does not fit what is here now."


class NotOpened(Exception):
    """A form could not be opened with what was proposed. Carries a sentence for the person."""


class NoForm(NotOpened):
    """No form of the program shows these values."""


@dataclass(frozen=True, slots=True)
class ProposedRow:
    """One row with the values that were entered, as the models hold them. The server never had one that `is_new`."""

    table: str
    row_id: str
    values: Mapping[str, Any]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to stand in the form of the record (`table`, `row_id`): its own row and those that belong to it.

    `what` names the record; `reason` and `entered`, the fields in words, are said at the top of the form. `settle` is
    called within the transaction that saves, `saved` after it.
    """

    table: str
    row_id: str
    what: str
    reason: str
    entered: str
    rows: tuple[ProposedRow, ...]
    settle: Callable[[Session], object]
    saved: Callable[[], object]

    def touches(self, table: str, fields: AbstractSet[str] | None = None) -> bool:
        """Whether it has values of these fields of a table, or any of it."""
        own = (row for row in self.rows if row.table == table)
        return any(fields is None or row.is_new or not fields.isdisjoint(row.values) for row in own)

    @property
    def is_new(self) -> bool:
        """Whether the server never had the record."""
        return any(row.is_new and (row.table, row.row_id) == (self.table, self.row_id) for row in self.rows)

    def enter(self, session: Session, organization_id: str) -> None:
        """Write the values into their rows; those that are not on this PC any more are left out."""
        kinds = tenant_classes()
        for proposed in self.rows:
            row = session.get(kinds[proposed.table], (organization_id, proposed.row_id))
            if row is None:
                continue
            for name, value in proposed.values.items():
                setattr(row, name, value)
            if proposed.is_new:
                row.unsent_since = WHOLE
                if "archived_at" not in proposed.values:
                    row.archived_at = None


class _AsItWas(Exception):
    """Ends a write without leaving anything behind."""


@contextmanager
def reading(store: Store, proposal: Proposal | None) -> Iterator[Session]:
    """A session that reads the store as if what is proposed were saved; nothing of it is. Its objects can be used
    afterwards. Nothing else may be written within.

    Raises NoForm when the values do not go together with what is stored now.
    """
    if proposal is None:
        with store.read() as session:
            yield session
        return
    try:
        with store.write() as session:
            try:
                proposal.enter(session, store.organization_id)
                session.flush()
            except IntegrityError as error:
                raise NoForm(UNFIT) from error
            yield session
            session.expunge_all()
            raise _AsItWas
    except _AsItWas:
        return


@contextmanager
def saving(store: Store, words: str, proposal: Proposal | None) -> Iterator[Session]:
    """`Store.write` for a form: what is proposed is entered first, and is settled once all of it is saved.

    Raises StoreError when what was entered does not go together with what is stored any more.
    """
    try:
        with store.write(words) as session:
            if proposal is not None:
                proposal.enter(session, store.organization_id)
                session.flush()
            yield session
            if proposal is not None:
                session.flush()
                proposal.settle(session)
    except IntegrityError as error:
        if proposal is None:
            raise
        raise StoreError(f"{UNFIT} Discard it, or enter it anew.") from error
    if proposal is not None:
        proposal.saved()


def note_of(proposal: Proposal, button: QWidget | None = None) -> Note:
    """What a form says at its top about what stands in it."""
    entered = f" You had entered: {proposal.entered}." if proposal.entered else ""
    note = Note("Not saved yet", f"{proposal.reason}{entered}", Tone.WARN, "circle-alert", button)
    note.setAccessibleName(f"Not saved yet. {proposal.reason}{entered}")
    return note
