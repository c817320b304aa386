"""The wire format survives the trip and refuses everything else with one kind of error."""

from __future__ import annotations

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shared_models.sync.wire import MAX_MESSAGE_BYTES, BadMessage, TableBatch, pack, unpack

values = st.one_of(st.none(), st.text(), st.integers(-(2**53), 2**53))


@given(st.lists(st.tuples(st.uuids().map(str), values, values), max_size=20))
def test_a_batch_arrives_as_it_was_sent(rows: list[tuple[str, object, object]]) -> None:
    batch = TableBatch(
        "lead",
        ("notes", "grade"),
        [row[0] for row in rows],
        ['{"*": "1"}'] * len(rows),
        [[row[1] for row in rows], [row[2] for row in rows]],  # type: ignore[list-item]
    )
    head, batches = unpack(pack({"protocol": 1}, [batch]))
    assert head == {"protocol": 1}
    assert batches == [batch]


@given(st.binary(max_size=400))
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        unpack(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_of_another_shape_is_refused(body: object) -> None:
    with pytest.raises(BadMessage):
        unpack(zstandard.compress(orjson.dumps({"tables": [body]})))


def test_a_bomb_is_refused_before_it_grows() -> None:
    bomb = zstandard.compress(b" " * (MAX_MESSAGE_BYTES + 1))
    assert len(bomb) < 10_000
    with pytest.raises(BadMessage):
        unpack(bomb)


def test_a_cut_off_message_is_refused() -> None:
    whole = pack({}, [TableBatch("lead", ("notes",), ["1"], ["{}"], [["x" * 1000]])])
    for end in range(0, len(whole) - 1, 7):
        with pytest.raises(BadMessage):
            unpack(whole[:end])
