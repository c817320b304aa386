"""Columns chosen by hand hold for the next file with the same first line (product §9). This PC remembers them, for
each kind of file, once something was imported with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from desktop.store.store import Store
from shared_models.base import derived_id
from shared_models.exchange.recognize import FIELDS_OF, ImportFile
from shared_models.exchange.table import ColumnMapping, detect_mapping


def with_remembered_columns(store: Store, file: ImportFile) -> ImportFile:
    """The file with the columns that were chosen for its like before, if any."""
    name = _fact_name(file)
    kept = store.local(name) if name is not None else None
    if kept is None or file.table is None:
        return file
    known = {field.name for field in FIELDS_OF[file.kind]}
    columns = {field: at for field, at in json.loads(kept).items() if field in known and at < len(file.table.header)}
    return replace(file, mapping=ColumnMapping(columns))


def columns_to_remember(files: Iterable[ImportFile]) -> dict[str, str | None]:
    """Facts about this PC that keep the columns of imported files, where they are others than their titles say."""
    facts: dict[str, str | None] = {}
    for file in files:
        name = _fact_name(file)
        if name is None or file.table is None or file.mapping is None:
            continue
        found = detect_mapping(file.table.header, FIELDS_OF[file.kind])
        chosen = dict(file.mapping.columns)
        facts[name] = None if chosen == dict(found.columns) else json.dumps(chosen)
    return facts


def _fact_name(file: ImportFile) -> str | None:
    if file.table is None or file.kind not in FIELDS_OF:
        return None
    titles = [title.strip().casefold() for title in file.table.header]
    return f"import_columns_{derived_id('import columns', file.kind.value, *titles)}"
