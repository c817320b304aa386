"""Messages that nobody in their right mind sends: garbage, cut off, bombs. Over real HTTP every one is answered with
a 4xx, soon and without much memory, and the server goes on serving."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.sync.client import SignedIn, SyncClient
from shared_models.base import new_id
from shared_models.sync.wire import CONTENT_TYPE, MAX_MESSAGE_BYTES, TableBatch, pack
from sync_server.database import Database
from tests.live_server import PASSWORD, live_server, make_organization

SECONDS = 10.0
"""Soon enough on a machine that has other things to do."""

LEAD = "0197286c-4000-7000-8000-000000000001"
STAMP = f"{1_748_736_000_000:012x}0000aaaaaaaaaaaa"

GROWTH = 400 * 1024 * 1024
"""How much more memory than before one message may need."""

EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Target:
    """A signed-in device that says what it should not."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def post(self, body: bytes, path: str = "/api/v1/sync/push", **headers: str) -> httpx.Response:
        """Send a body as a message of the sync."""
        return self.http.post(path, content=body, headers={"Content-Type": CONTENT_TYPE, **headers})

    def is_well(self) -> bool:
        """Whether the server still serves."""
        return (
            self.http.get("/health").status_code == 200
            and self.http.get("/api/v1/sync/pull", params={"after": 0, "limit": 1}).is_success
        )


@pytest.fixture(scope="module")
def target(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    database = Database(postgres_url)
    _, _, email = make_organization(database)
    with live_server(database, tmp_path_factory.mktemp("server")) as server:
        client = SyncClient(server.url)
        signed_in = client.sign_in(email, PASSWORD, new_id(), "PC")
        client.close()
        assert isinstance(signed_in, SignedIn)
        target = Target(server.url, signed_in.token)
        yield target
        target.http.close()
    database.close()


def message(tables: Any, **head: Any) -> bytes:
    """A message with whatever in it."""
    return zstandard.compress(orjson.dumps({"protocol": 2, "cursor": 0, "wall_ms": 0, **head, "tables": tables}))


def good_batch(**changes: Any) -> dict[str, Any]:
    """A new lead, with something changed."""
    whole: dict[str, Any] = {
        "table": "lead",
        "fields": ["created_at", "source", "stage", "parent_first_name"],
        "ids": [LEAD],
        "clocks": [f'{{"*":"{STAMP}"}}'],
        "columns": [["2026-11-25T20:40:00Z"], ["PHONE"], ["NEW"], ["Ana"]],
    }
    return whole | changes


@EXAMPLES
@given(st.binary(max_size=2000))
def test_garbage_is_answered_with_400(target: Target, raw: bytes) -> None:
    answer = target.post(raw)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_message"


def test_a_message_cut_off_anywhere_is_answered_with_400(target: Target) -> None:
    whole = message([good_batch()])
    for end in range(0, len(whole), 7):
        assert target.post(whole[:end]).status_code == 400, end


@EXAMPLES
@given(st.data())
def test_a_message_with_bytes_changed_is_never_the_servers_fault(target: Target, data: st.DataObject) -> None:
    raw = bytearray(message([good_batch()]))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert target.post(bytes(raw)).status_code < 500


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@EXAMPLES
@given(_JSON, st.sampled_from(["protocol", "schema", "cursor", "lineage", "wall_ms", "tables"]))
def test_a_head_of_any_shape_is_never_the_servers_fault(target: Target, odd: Any, name: str) -> None:
    head = {"protocol": 2, "cursor": 0, "wall_ms": 0, "tables": [], name: odd}
    assert target.post(zstandard.compress(orjson.dumps(head))).status_code < 500


@EXAMPLES
@given(_JSON, st.sampled_from(["table", "fields", "ids", "clocks", "seqs", "columns"]))
def test_a_part_of_any_shape_is_never_the_servers_fault(target: Target, odd: Any, name: str) -> None:
    assert target.post(message([good_batch(**{name: odd})])).status_code < 500


@EXAMPLES
@given(_JSON, st.sampled_from(["protocols", "schema", "program", "wall_ms", "lineage", "cursor"]))
def test_a_hello_of_any_shape_is_never_the_servers_fault(target: Target, odd: Any, name: str) -> None:
    said = {"protocols": [2, 1], "schema": "0006", "program": "0.1.0", "wall_ms": 0, "cursor": 0, name: odd}
    assert target.post(orjson.dumps(said), "/api/v1/sync/hello").status_code < 500


_VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["\x00", "a\x00b", "Infinity", "NaN", "-1", "9" * 400, "2026-13-45", "24:61", "[", "{}", "true"]),
)  # fmt: skip


@EXAMPLES
@given(st.data())
def test_any_value_in_any_field_is_taken_or_refused_alone(target: Target, data: st.DataObject) -> None:
    """A row beside a bad one is taken."""
    from shared_models.registry import tenant_classes
    from shared_models.sync.wire import wire_fields

    name = data.draw(st.sampled_from(sorted(tenant_classes())))
    fields = wire_fields(tenant_classes()[name].__table__)  # type: ignore[arg-type]
    row_id = data.draw(st.one_of(st.just(LEAD), st.text(max_size=40)))
    clocks = data.draw(
        st.one_of(
            st.just(f'{{"*":"{STAMP}"}}'),
            st.sampled_from(["", "null", "[]", "{}", '{"*":1}', '{"*":"zz"}', '{"*":"' + "f" * 28 + '"}', "\x00"]),
            st.text(max_size=40),
        )
    )
    odd = {
        "table": name,
        "fields": list(fields),
        "ids": [row_id],
        "clocks": [clocks],
        "columns": [[data.draw(_VALUES)] for _ in fields],
    }
    answer = target.post(message([odd, good_batch()]))
    assert answer.status_code < 500
    if answer.is_success:
        head = orjson.loads(zstandard.decompress(answer.content))
        assert "lead" not in {refused["table"] for refused in head["refused"]} or name == "lead"


def _with_size(content: bytes, size: int) -> bytes:
    """A frame that declares another size than it has."""
    frame = bytearray(zstandard.ZstdCompressor(write_content_size=True).compress(content))
    parameters = zstandard.get_frame_parameters(bytes(frame))
    whole = parameters.content_size
    width = {0: 1, 1: 2, 2: 4, 3: 8}[frame[4] >> 6]
    shown = whole - 256 if width == 2 else whole
    place = bytes(frame).index(shown.to_bytes(width, "little"), 5)
    frame[place : place + width] = (size - 256 if width == 2 else size).to_bytes(width, "little")
    return bytes(frame)


def _bombs() -> dict[str, bytes]:
    limit = MAX_MESSAGE_BYTES
    huge = '{"protocol":2,"tables":[]}'
    return {
        "declares more than allowed": zstandard.compress(b" " * (limit + 1)),
        "holds half a gigabyte": zstandard.compress(b"[" * (1 << 29)),
        "declares no size": zstandard.ZstdCompressor(write_content_size=False).compress(huge.encode()),
        "declares less than it holds": _with_size(b"[" * 60_000_000, 1000 + 65536 * 16),
        "declares more than it holds": _with_size(huge.encode() * 1000, 60_000),
        "two frames": zstandard.compress(huge.encode()) * 2,
        "something after the frame": zstandard.compress(huge.encode()) + b"more",
        "is nested deeply": zstandard.compress(b'{"tables":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"),
        "is nested in objects": zstandard.compress(b'{"tables":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_001),
        "has millions of lists": zstandard.compress(b'{"tables":[' + b"[]," * 20_000_000 + b"[]]}"),
        "has millions of objects": zstandard.compress(b'{"tables":[' + b"{}," * 20_000_000 + b"{}]}"),
        "has millions of numbers": zstandard.compress(b'{"tables":[' + b"1.5," * 15_000_000 + b"1]}"),
        "has a string of sixty megabytes": zstandard.compress(b'{"tables":["' + b"a" * 60_000_000 + b'"]}'),
        "has a table's name of sixty megabytes": message([good_batch(table="a" * 60_000_000)]),
        "has an endless number": zstandard.compress(b'{"tables":[' + b"9" * 10_000_000 + b"]}"),
        "has an infinite number": zstandard.compress(
            orjson.dumps({"protocol": 2, "tables": [good_batch()]}).replace(b'"Ana"', b"1e999")
        ),
        "has NaN": zstandard.compress(b'{"tables":[NaN]}'),
        "has half a surrogate": zstandard.compress(b'{"tables":["\\ud800"]}'),
        "has a hundred thousand tables": message([{"table": "lead"}] * 100_000),
        "has a field twice": message([good_batch(fields=["source", "source", "stage", "stage"])]),
        "has a row twice": message([good_batch(ids=["a", "a"], clocks=["{}", "{}"], columns=[[1, 1]] * 4)]),
        "is not UTF-8": zstandard.compress(b'{"tables":["\xff\xfe"]}'),
        "is empty": zstandard.compress(b""),
        "is larger than a request may be": b"\x28\xb5\x2f\xfd" + b"\0" * (17 * 1024 * 1024),
    }


def most_memory() -> int:
    """The most memory that this process, which serves, has had so far, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    return _bombs()


def test_bombs_are_answered_with_4xx_soon_and_with_little_memory(target: Target, bombs: dict[str, bytes]) -> None:
    for name, bomb in bombs.items():
        before, began = most_memory(), time.monotonic()
        answer = target.post(bomb)
        took = time.monotonic() - began
        assert 400 <= answer.status_code < 500, (name, answer.status_code)
        assert took < SECONDS, (name, took)
        assert most_memory() - before < GROWTH, name
    assert target.is_well()


def test_a_stranger_cannot_make_the_server_read_a_message(target: Target, bombs: dict[str, bytes]) -> None:
    answer = target.post(bombs["has millions of numbers"], Authorization="Bearer nobody")
    assert answer.status_code == 401
    answer = target.post(b"[" * 1_000_000, "/api/v1/sync/hello", Authorization="Bearer nobody")
    assert answer.status_code == 413


def test_the_same_field_named_twice_is_the_last_one(target: Target) -> None:
    raw = orjson.dumps({"protocol": 2, "cursor": 0, "wall_ms": 0, "tables": [good_batch()]})
    assert target.post(zstandard.compress(raw.replace(b'{"protocol":2', b'{"protocol":7,"protocol":2'))).is_success


@pytest.mark.parametrize("after", ["-1", "1e9", "9" * 30, "x", "٣", "0x10", "", "1 2"])
def test_a_cursor_that_is_no_number_is_answered_with_400(target: Target, after: str) -> None:
    answer = target.http.get("/api/v1/sync/pull", params={"protocol": "2", "after": after})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"table": "account"}, {"table": "pg_class"}, {"table": "lead\x00"}, {"table": 'lead"; --'}, {"table": ""},
        {"scope": "\x00"}, {"scope": "x" * 5000}, {"withdrawn": "\x00"}, {"limit": "9" * 18}, {"protocol": "99"},
    ],
)  # fmt: skip
def test_an_odd_question_is_never_the_servers_fault(target: Target, query: dict[str, str]) -> None:
    answer = target.http.get("/api/v1/sync/pull", params={"protocol": "2", "after": "0"} | query)
    assert answer.status_code < 500


def test_a_request_that_trickles_in_and_stops_leaves_the_server_well(target: Target) -> None:
    def body() -> Iterator[bytes]:
        yield message([good_batch()])[:20]
        raise ConnectionResetError

    with pytest.raises((httpx.HTTPError, ConnectionResetError)):
        target.http.post("/api/v1/sync/push", content=body())
    assert target.is_well()


def test_a_good_message_is_taken_after_all_that(target: Target, tmp_path: Path) -> None:
    lead = good_batch()
    batch = TableBatch(lead["table"], tuple(lead["fields"]), lead["ids"], lead["clocks"], lead["columns"])
    answer = target.post(pack({"protocol": 2, "cursor": 0, "wall_ms": 0}, [batch]))
    assert answer.is_success
    assert orjson.loads(zstandard.decompress(answer.content))["accepted"] == 1
