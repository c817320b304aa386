"""The wire format survives the trip and refuses everything else with one kind of error."""

from __future__ import annotations

import json
from types import SimpleNamespace

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shared_models.sync import wire
from shared_models.sync.wire import MAX_MESSAGE_BYTES, BadMessage, TableBatch, declared_bytes, pack, unpack

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


def read_in_pieces(text: bytes) -> object:
    """JSON as a large message is read, whatever its size."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wire, "_LARGE", 0)
        return wire._read(text)


bracketed = st.text(st.sampled_from('[],"\\{}: a1')) | values | st.just('["a"],["b"]]')


@given(
    st.lists(st.lists(bracketed, min_size=2, max_size=2), max_size=8),
    st.lists(st.text(st.sampled_from('[],"{}: é')), max_size=4),
    st.booleans(),
)
def test_a_large_message_read_list_by_list_is_the_same(
    rows: list[list[object]], withdrawn: list[str], is_spaced: bool
) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    part = {"table": "lead", "fields": ["notes", "grade"], "ids": [str(row) for row in rows], "clocks": withdrawn}
    body = {
        "protocol": 2, "withdrawn": [{"table": "lead", "ids": withdrawn}],
        "tables": [{**part, "columns": columns, "seqs": list(range(len(rows)))}, {**part, "columns": []}],
    }  # fmt: skip
    text = json.dumps(body).encode() if is_spaced else orjson.dumps(body)
    assert read_in_pieces(text) == body


json_values = st.recursive(
    st.none() | st.text(st.sampled_from('[]",:{} ids')) | st.integers(0, 9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ids", "columns", "clocks", "tables", "a"]), inner, max_size=4)
    ),
)


@given(json_values)
def test_any_json_is_read_list_by_list_as_it_is(value: object) -> None:
    assert read_in_pieces(orjson.dumps(value)) == value


@given(json_values, st.integers(0, 200), st.sampled_from([b"]", b"[", b'"', b",", b""]))
def test_what_is_no_json_is_not_read_list_by_list_either(value: object, place: int, put: bytes) -> None:
    whole = orjson.dumps(value)
    text = whole[:place] + put + whole[place + 1 :]
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        with pytest.raises(orjson.JSONDecodeError):
            read_in_pieces(text)
    else:
        assert read_in_pieces(text) == expected


def test_no_list_of_a_large_page_holds_the_interpreter_for_long() -> None:
    """The page is read in as many steps as it has lists, each of them small."""
    rows = 4_000
    part = TableBatch(
        "schedule_entry", tuple(f"f{number}" for number in range(20)), [str(row) for row in range(rows)],
        ['{"*": "1"}'] * rows, [[f"Room {row}, [B]" for row in range(rows)] for _ in range(20)], list(range(rows)),
    )  # fmt: skip
    steps: list[int] = []

    def loads(text: bytes) -> object:
        steps.append(len(text))
        return orjson.loads(text)

    watched = SimpleNamespace(loads=loads, dumps=orjson.dumps, JSONDecodeError=orjson.JSONDecodeError)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wire, "orjson", watched)
        raw = pack({"protocol": 2}, [part])
        _, (batch,) = unpack(raw)
    assert batch == part
    assert len(steps) >= 24
    assert max(steps) < declared_bytes(raw) / 15
