"""A center made at the command line: the operator vouches for the owner's address."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from sync_server.models import Account
from tests.live_server import PASSWORD
from tests.sync_server.operations.conftest import Hosted
from tests.sync_server.operations.machine import operate


def test_the_owners_address_counts_as_confirmed(hosted: Hosted, tmp_path: Path) -> None:
    made = operate(
        hosted, tmp_path, "create-organization", "--name", "Hudson", "--slug", "hudson", "--owner-first-name", "Maya",
        "--owner-email", "Maya@Hudson.example", "--password", PASSWORD,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    database = hosted.open()
    with database.routing() as session:
        found = session.scalars(select(Account).where(Account.email == "maya@hudson.example")).one()
        assert found.email_is_confirmed
    database.close()
