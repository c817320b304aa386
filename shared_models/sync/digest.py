"""What a table holds as one number, so that a desk and the server can tell whether they hold the same
(docs/sync-protocol.md, [S-72]). The order of the rows does not matter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import orjson
from sqlalchemy import Table

from shared_models.base import JsonValue
from shared_models.sync.clocks import CONTEXT, clock_of
from shared_models.sync.merge import FieldValue
from shared_models.sync.wire import wire_fields

_MODULUS = 1 << 64


def deep_digest(table: Table, rows: Iterable[Sequence[FieldValue]]) -> str:
    """16 hex digits for rows given as (id, clocks as JSON text, wire values in the order of `wire_fields`): the sum
    of the first 8 bytes of each row's SHA-256, modulo 2⁶⁴."""
    names = wire_fields(table)
    json_places = [place for place, name in enumerate(names) if isinstance(table.c[name].type, JsonValue)]
    total = 0
    for row_id, clocks, *values in rows:
        for place in json_places:
            value = values[place]
            values[place] = orjson.loads(value) if isinstance(value, str) else value
        line = orjson.dumps([row_id, _stamps(names, orjson.loads(str(clocks))), values], option=orjson.OPT_SORT_KEYS)
        total += int.from_bytes(hashlib.sha256(line).digest()[:8])
    return f"{total % _MODULUS:016x}"


def _stamps(names: Sequence[str], clocks: Mapping[str, str]) -> dict[str, str]:
    """Each field's stamp and the contexts: clocks can say the same in several ways."""
    contexts = {name: said for name, said in clocks.items() if name.endswith(CONTEXT)}
    return {name: clock_of(clocks, name) for name in names} | contexts
