"""The races for a slot, seat, coupon and address once more, and the migrations, on a PostgreSQL with btree_gist:
there the exclusions name the ids themselves, as Citus wants them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sync_server.database import Database, migration_config
from sync_server.operations.doctor import Level, database_findings
from sync_server.operations.migrating import migrate
from sync_server.settings import Settings
from tests.sync_server.installed_postgres import installed_postgres, programs_with
from tests.sync_server.operations.conftest import Hosted, make_hosted
from tests.sync_server.operations.test_distribution import (  # noqa: F401 - tried here, too
    test_every_key_of_an_organizations_rows_carries_the_organization,
)
from tests.sync_server.test_races import (  # noqa: F401 - tried here, too
    center,
    test_a_held_slot_can_be_let_go_booked_in_time_and_expires,
    test_of_slots_that_overlap_each_other_no_two_are_held,
    test_one_of_sixty_four_gets_the_last_seat,
    test_one_of_sixty_four_gets_the_last_use_of_a_coupon,
    test_one_of_sixty_four_gets_the_slot_and_the_others_hear_of_the_nearest,
    test_one_of_sixty_four_organizations_gets_the_address,
    test_the_database_itself_refuses_two_live_holds_that_overlap,
    test_the_slot_of_a_hold_that_has_ended_is_free_at_once_for_exactly_one,
    test_two_tutors_cannot_be_held_in_one_room,
    wide,
)


@pytest.fixture(scope="module")
def installed() -> Iterator[str]:
    with installed_postgres(programs_with("btree_gist")) as url:
        yield url


@pytest.fixture(scope="module")
def own(installed: str) -> Hosted:
    """A database that its owner, who is no superuser, has migrated."""
    return make_hosted(installed)


@pytest.fixture(scope="module")
def postgres_url(own: Hosted) -> str:
    """What the tests that are tried here, too, go to."""
    return own.owner_url


def exclusions(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'x'")
        return {str(name): str(words) for name, words in found}


def test_the_exclusions_name_the_ids_themselves(own: Hosted) -> None:
    found = exclusions(own.owner_url)
    assert set(found) == {"ex_slot_hold_tutor", "ex_slot_hold_room"}
    for thing in ("tutor", "room"):
        assert f"(organization_id WITH =, {thing}_id WITH =, tstzrange(" in found[f"ex_slot_hold_{thing}"]


def test_the_migrations_go_back_and_forth(installed: str) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    hosted = make_hosted(installed)
    before = exclusions(hosted.owner_url)
    engine = create_engine(hosted.owner_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0011")
    assert exclusions(hosted.owner_url) == {}
    engine.dispose()
    migrate(hosted.owner_url)
    assert exclusions(hosted.owner_url) == before


def test_the_doctor_sees_the_extension(own: Hosted, tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, database_url=own.server_url)
    found = {one.subject: one.level for one in database_findings(own.server_url, settings)}
    assert found["extensions"] is Level.WELL


def test_the_server_works_as_a_role_that_owns_nothing(own: Hosted) -> None:
    database = Database(own.server_url, migration_url=own.owner_url)
    with database.routing() as session:
        assert session.connection().exec_driver_sql("SELECT current_user").scalar() == "itutoros_app"
    database.close()
