"""Checking that a desk holds what the server holds, and repairing what differs."""

from __future__ import annotations

import pytest

from desktop.sync import command
from desktop.sync.verify import local_hash, verify
from tests.desktop.sync.conftest import Desk


def break_the_file(desk: Desk, sql: str, *values: object) -> None:
    with desk.store.engine.connect() as connection:
        connection.exec_driver_sql(sql, values)
        connection.commit()


def test_two_desks_that_synced_hold_the_same_as_the_server(desk: Desk, other: Desk) -> None:
    """[S-70]"""
    desk.add_lead("Ana", notes="long text")
    desk.sync()
    other.sync()
    for each in (desk, other):
        found = verify(each.store, each.client, deep=True)
        assert found.is_level
        assert found.differences == ()
        assert found.rows > 100


def test_a_row_that_is_missing_is_fetched_again(desk: Desk) -> None:
    """[S-70]"""
    lead = desk.add_lead()
    desk.sync()
    break_the_file(desk, "DELETE FROM lead WHERE id = ?", lead)
    (found,) = verify(desk.store, desk.client).differences
    assert (found.table, found.here, found.there) == ("lead", 0, 1)
    assert desk.has_lead(lead)
    assert verify(desk.store, desk.client).differences == ()


def test_a_row_that_the_server_does_not_show_is_removed_unless_it_holds_something_unsent(desk: Desk) -> None:
    """[S-70]"""
    lead = desk.add_lead()
    desk.sync()
    columns = [row[1] for row in desk.rows("SELECT * FROM pragma_table_info('lead')") if row[1] != "id"]
    names = ", ".join(columns)
    break_the_file(desk, f"INSERT INTO lead (id, {names}) SELECT 'stray', {names} FROM lead WHERE id = ?", lead)
    assert [each.table for each in verify(desk.store, desk.client).differences] == ["lead"]
    assert desk.rows("SELECT id FROM lead") == [(lead,)]


def test_a_value_that_differs_is_found_by_the_deep_check_alone(desk: Desk) -> None:
    """[S-70]"""
    lead = desk.add_lead("Ana")
    desk.sync()
    break_the_file(desk, "UPDATE lead SET parent_first_name = 'Bitrot' WHERE id = ?", lead)
    assert verify(desk.store, desk.client).differences == ()
    assert [each.table for each in verify(desk.store, desk.client, deep=True).differences] == ["lead"]
    assert desk.lead(lead).parent_first_name == "Ana"


def test_nothing_is_compared_while_something_is_unsent_or_newer_there(desk: Desk, other: Desk) -> None:
    """[S-70]"""
    desk.add_lead()
    assert not verify(desk.store, desk.client).is_level
    desk.sync()
    assert not verify(other.store, other.client).is_level


def test_the_order_of_rows_does_not_matter_to_the_deep_check(desk: Desk, other: Desk) -> None:
    for name in ("Ana", "Björn", "Chloé"):
        desk.add_lead(name)
        desk.sync()
    desk.edit_lead(desk.rows("SELECT id FROM lead")[0][0], phone="+19145550100")
    desk.sync()
    other.sync()
    assert local_hash(desk.store, "lead") == local_hash(other.store, "lead")


def test_the_command_says_so_and_ends_with_a_status(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """[S-70]"""
    lead = desk.add_lead()
    assert command.run_verify([], desk.store) == 0
    assert "are the same here and on the server" in capsys.readouterr().out
    break_the_file(desk, "DELETE FROM lead WHERE id = ?", lead)
    assert command.run_verify(["--no-repair"], desk.store) == 1
    assert "lead: 0 rows here, 1 on the server; left as it is" in capsys.readouterr().out
    assert command.run_verify(["--deep"], desk.store) == 1
    assert command.run_verify(["--deep"], desk.store) == 0
    desk.server.stop()
    capsys.readouterr()
    assert command.run_verify([], desk.store) == 1
    assert "does not answer" in capsys.readouterr().err
