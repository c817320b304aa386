"""What stands in a field that is hidden from someone: as little as its table takes
(docs/sync-protocol.md, [S-51])."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Integer, Table

from shared_models.base import JsonValue
from shared_models.sync.merge import FieldValue


@cache
def blanks_of(table: Table) -> dict[str, FieldValue]:
    """The blank of every field of a table, as a wire value: nothing where the field may be empty, or its default."""
    return {column.name: _blank(column) for column in table.columns}


def _blank(column: Column[Any]) -> FieldValue:
    if column.nullable:
        return None
    default: Any = column.default
    if default is not None:
        value = default.arg(None) if default.is_callable else default.arg
        if isinstance(value, (list, dict)):
            return orjson.dumps(value).decode()
        return int(value) if isinstance(value, bool) else value if isinstance(value, (int, float)) else str(value)
    if isinstance(column.type, (Boolean, Integer)):
        return 0
    return "[]" if isinstance(column.type, JsonValue) else ""
