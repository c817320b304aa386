"""Logs are structured, one JSON object a line, and hold nothing of what families entered."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sync_server.database import Database
from sync_server.operations.logs import configure_logs, redacted
from tests.live_server import make_organization


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs(as_json=True, stream=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_each_line_is_one_object_with_level_and_moment(log: io.StringIO) -> None:
    structlog.get_logger().info("mail refused", mail_id="01", attempts=2)
    (line,) = lines(log)
    assert (line["event"], line["level"], line["attempts"]) == ("mail refused", "info", 2)
    assert str(line["timestamp"]).endswith("Z")


def test_what_libraries_log_comes_out_the_same_way(log: io.StringIO) -> None:
    logging.getLogger("some.library").error("could not mail %s", "anna@example.org")
    (line,) = lines(log)
    assert (line["logger"], line["level"], line["event"]) == ("some.library", "error", "could not mail [e-mail]")


def test_a_refusal_of_the_database_is_told_without_the_values_it_quotes(log: io.StringIO, database: Database) -> None:
    organization_id, _, _ = make_organization(database)
    with pytest.raises(DBAPIError) as caught, database.tenant(organization_id) as session:
        session.connection().execute(
            text(
                "INSERT INTO lead (organization_id, id, created_at, parent_first_name, notes, field_clocks) "
                "VALUES (:org, :org, 'Zoë has asthma', 'Zoë', '', '{}')"
            ),
            {"org": organization_id},
        )
    structlog.get_logger().error("request broke", exc_info=caught.value)
    structlog.get_logger().warning("push refused", error=str(caught.value))
    structlog.get_logger().warning("push refused", error=caught.value)
    assert "Zoë" not in log.getvalue()
    assert "asthma" not in log.getvalue()
    first = lines(log)[0]["exception"]
    assert isinstance(first, dict)
    assert first["sqlstate"] == "22007"
    assert any("test_logs.py" in frame for frame in first["frames"])


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ('value for key "Anna Li" is missing', "value for key […] is missing"),
        ('violates check constraint "ck_lead_stage_known"', 'violates check constraint "ck_lead_stage_known"'),
        ("duplicate key\nDETAIL:  Key (email)=(anna@example.org) already exists.", "duplicate key"),
        ("call (914) 555-0100 or +19145550100", "call [phone] or [phone]"),
        ("KeyError: 'Małgorzata 王'", "KeyError: […]"),
        ("01a1f842-9c82-75fe-899d-c713b1d754db", "01a1f842-9c82-75fe-899d-c713b1d754db"),
        ("the center’s own", "the center’s own"),
    ],
)
def test_words_of_people_are_taken_out_and_names_of_ours_stay(words: str, left: str) -> None:
    assert redacted(words) == left


@given(st.from_regex(r"[a-z0-9.]{1,12}@[a-z0-9]{1,12}\.(org|com)", fullmatch=True), st.text(max_size=20))
def test_no_address_stays_in_any_text(address: str, around: str) -> None:
    assert address not in redacted(f"{around} {address} {around}")
