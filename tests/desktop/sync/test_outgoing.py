"""How a request is packed: a message like any other, whatever it carries."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.sync.outgoing import OutgoingBatch, Request
from shared_models.sync.wire import TableBatch, declared_bytes, unpack

TEXTS = st.text(max_size=12)
VALUES = TEXTS | st.integers(-(2**53), 2**53) | st.none()


@st.composite
def batches(draw: st.DrawFn) -> TableBatch:
    ids = draw(st.lists(TEXTS, unique=True, max_size=5))
    fields = draw(st.lists(TEXTS, unique=True, max_size=4))
    columns = [draw(st.lists(VALUES, min_size=len(ids), max_size=len(ids))) for _ in fields]
    clocks = draw(st.lists(TEXTS, min_size=len(ids), max_size=len(ids)))
    return TableBatch(draw(TEXTS), tuple(fields), ids, clocks, columns)


@given(st.dictionaries(TEXTS.filter(lambda key: key != "tables"), VALUES), st.lists(batches(), max_size=3))
def test_what_is_packed_is_read_as_it_was(head: dict[str, object], sent: list[TableBatch]) -> None:
    outgoing = [
        OutgoingBatch(
            batch.table,
            batch.fields,
            batch.ids,
            batch.clocks,
            [orjson.dumps(column).decode() for column in batch.columns],
        )
        for batch in sent
    ]
    raw = Request(outgoing).packed(head)
    assert unpack(raw) == (head, sent)


@pytest.mark.parametrize("rows", [0, 1, 20_000])
def test_a_packed_request_declares_its_size(rows: int) -> None:
    ids = [f"{number:036}" for number in range(rows)]
    batch = OutgoingBatch("lead", ("notes",), ids, ids, [orjson.dumps(ids).decode()])
    assert declared_bytes(Request([batch]).packed({"protocol": 2})) > 100 * rows
