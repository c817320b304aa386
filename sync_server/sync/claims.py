"""Fields that claim something beyond their organization: a website's address, which only one can have. What a push
changed there is claimed in its own transaction, by the same rules as anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from sync_server.access.errors import AccountError
from sync_server.access.slugs import claim_slug
from sync_server.sync.incoming import Part

_CLAIMED: Mapping[str, tuple[str, Callable[[psycopg.Cursor[Any], str, str], None]]] = {
    "organization": ("website_slug", claim_slug)
}
"""By table: the field, and what claims its value for an organization; all in the row of the organization itself."""


class ClaimRefused(Exception):
    """A field's value is not to be had; `str()` is the sentence for the person."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@contextmanager
def claiming(cursor: psycopg.Cursor[Any], organization_id: str, part: Part) -> Iterator[None]:
    """Around the writing of rows: claim what it changed, whatever lost against a later edit left aside. Raises
    ClaimRefused."""
    field, claim = _CLAIMED.get(part.table.name, ("", None))
    if claim is None or field not in part.fields:
        yield
        return
    before = _value(cursor, organization_id, part.table.name, field)
    yield
    after = _value(cursor, organization_id, part.table.name, field)
    if after is not None and after != before:
        try:
            claim(cursor, organization_id, after)
        except AccountError as error:
            raise ClaimRefused(field, str(error)) from error


def _value(cursor: psycopg.Cursor[Any], organization_id: str, table: str, field: str) -> str | None:
    cursor.execute(
        f'SELECT "{field}" FROM "{table}" WHERE organization_id = %(org)s AND id = %(org)s', {"org": organization_id}
    )
    row = cursor.fetchone()
    return None if row is None else row[0]
