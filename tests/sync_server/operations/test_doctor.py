"""The doctor sees what is wrong with a deployment, says what to do, and says nothing bad of a good one."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from sync_server.operations import doctor
from sync_server.operations.doctor import Finding, Level, database_findings, examine, findings
from sync_server.operations.readiness import known_revisions
from sync_server.sealing import Sealing
from sync_server.settings import MailSettings, Settings
from tests.sync_server.operations.conftest import Hosted, make_hosted


@pytest.fixture
def own(postgres_url: str) -> Hosted:
    """A database to break."""
    return make_hosted(postgres_url)


@pytest.fixture
def smtp() -> Iterator[MailSettings]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield MailSettings(host="127.0.0.1", port=port, uses_tls=False, sender="Centers <hello@hudson.example>")
    controller.stop()


@pytest.fixture
def settings(own: Hosted, smtp: MailSettings, tmp_path: Path) -> Settings:
    """Those of a host who has done everything as it should be."""
    return Settings(
        data_folder=tmp_path, database_url=own.server_url, migration_database_url=own.owner_url, pool_size=5,
        public_url="https://localhost", trusts_proxy=True, mail=smtp, backup_folder=tmp_path,
        secret_keys=("a key of thirty-two letters or more",),
    )  # fmt: skip


def complaints(settings: Settings) -> dict[str, Finding]:
    return {found.subject: found for found in findings(settings) if found.level is not Level.WELL}


def broken(own: Hosted, settings: Settings, postgres_url: str, statement: str) -> dict[str, Finding]:
    at = own.owner_url.partition("@")[2]
    with psycopg.connect(f"postgresql://postgres:@{at}", autocommit=True) as superuser:
        superuser.execute(statement.encode())
    return {
        found.subject: found for found in database_findings(own.server_url, settings) if found.level is Level.ERROR
    }


def test_a_good_deployment_has_nothing_to_complain_of_but_that_it_does_not_run(settings: Settings) -> None:
    found = complaints(settings)
    assert set(found) - {"extensions", "open files"} == {"jobs"}
    assert found["jobs"].remedy == "start `itutoros-server serve` or `itutoros-server worker`"


def test_each_line_says_how_bad_it_is_and_the_exit_status_how_bad_the_worst(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(settings) == 1
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"OK", "WARNING"}
    assert examine(replace(settings, public_url="http://localhost")) == 2
    assert "ERROR    address: http://localhost is not HTTPS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("most", "level"), [(1024, Level.WARNING), (9_999, Level.WARNING), (65_536, Level.WELL), (None, Level.WELL)]
)
def test_too_few_open_files_for_ten_thousand_watching_desks_are_said(most: int | None, level: Level) -> None:
    (found,) = doctor.open_files_findings(most)
    assert found.level is level
    assert ("LimitNOFILE" in found.remedy) is (level is Level.WARNING)


def test_second_factors_that_lie_open_or_whose_key_is_missing_are_said(own: Hosted, settings: Settings) -> None:
    keep = Sealing(("another key of thirty-two letters or more",)).seal("JBSWY3DP", "x")
    with psycopg.connect(own.owner_url, autocommit=True) as owner:
        owner.execute("INSERT INTO account (id, email, password_hash) VALUES (gen_random_uuid(), 'x@x.example', '')")
        owner.execute("INSERT INTO second_factor (account_id, secret, last_step) SELECT id, 'A2B3', 0 FROM account")

        def level(*keys: str) -> Level:
            looked = database_findings(own.server_url, replace(settings, secret_keys=keys))
            return next(found.level for found in looked if found.subject == "secrets")

        assert [level(), level(*settings.secret_keys)] == [Level.WARNING, Level.WARNING]
        owner.execute("UPDATE second_factor SET secret = %s", (keep,))
        assert [level(), level(*settings.secret_keys)] == [Level.ERROR, Level.ERROR]
        assert level("another key of thirty-two letters or more") is Level.WELL
    short = complaints(replace(settings, secret_keys=("short",)))
    assert short["settings"].level is Level.ERROR and "is short" in short["settings"].found


def test_a_database_that_is_away_is_an_error_with_a_remedy(settings: Settings) -> None:
    found = complaints(replace(settings, database_url="postgresql://nobody@127.0.0.1:1/x"))
    assert found["database"].level is Level.ERROR
    assert "check DATABASE_URL" in found["database"].remedy


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("ALTER TABLE lead NO FORCE ROW LEVEL SECURITY", "walls"),
        ("ALTER TABLE outbox_mail DISABLE ROW LEVEL SECURITY", "walls"),
        ("DROP POLICY own_organization ON family", "walls"),
        ("ALTER TABLE lead OWNER TO itutoros_app", "role"),
        (f"UPDATE alembic_version SET version_num = '{known_revisions()[1]}'", "schema"),
        ("DROP TABLE procrastinate_workers CASCADE", "jobs"),
    ],
)
def test_a_wall_that_was_taken_down_is_an_error(
    own: Hosted, settings: Settings, postgres_url: str, statement: str, subject: str
) -> None:
    assert subject in broken(own, settings, postgres_url, statement)


def test_a_role_that_could_look_over_the_walls_is_an_error(
    own: Hosted, settings: Settings, postgres_url: str
) -> None:
    try:
        found = broken(own, settings, postgres_url, "ALTER ROLE itutoros_server BYPASSRLS")
        assert "bypass" in found["role"].found
        assert found["role"].remedy == "ALTER ROLE itutoros_server NOBYPASSRLS"
    finally:
        broken(own, settings, postgres_url, "ALTER ROLE itutoros_server NOBYPASSRLS")


def test_a_clock_that_differs_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    actual = doctor.datetime
    monkeypatch.setattr(
        doctor, "datetime", type("Late", (), {"now": staticmethod(lambda tz: actual.fromtimestamp(0, tz))})
    )
    assert complaints(settings)["clock"].level is Level.ERROR


def test_more_connections_than_there_are_is_an_error(settings: Settings) -> None:
    assert complaints(replace(settings, processes=20, pool_size=20))["connections"].level is Level.ERROR


@pytest.mark.parametrize(
    ("change", "subject", "level"),
    [
        ({"public_url": "https://no-such-host.invalid"}, "address", Level.ERROR),
        ({"public_url": ""}, "address", Level.WARNING),
        ({"mail": MailSettings()}, "mail", Level.WARNING),
        ({"mail": MailSettings(host="127.0.0.1", port=1, uses_tls=False)}, "mail", Level.ERROR),
        ({"metrics_token": "short"}, "settings", Level.ERROR),
        ({"host": "0.0.0.0", "trusts_proxy": False}, "settings", Level.WARNING),
        ({"backup_folder": None}, "settings", Level.WARNING),
        ({"migration_database_url": "postgresql://nobody@127.0.0.1:1/x"}, "owner", Level.ERROR),
    ],
)
def test_settings_that_will_not_do_are_named(
    settings: Settings, change: dict[str, object], subject: str, level: Level
) -> None:
    assert complaints(replace(settings, **change))[subject].level is level  # type: ignore[arg-type]


def test_the_owner_has_to_be_the_one_who_owns(settings: Settings, own: Hosted) -> None:
    assert complaints(replace(settings, migration_database_url=own.server_url))["owner"].level is Level.ERROR


def test_a_full_disk_is_seen_coming(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 100_000_000})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert complaints(settings)["data folder"].level is Level.ERROR


def test_a_mail_server_that_does_not_know_us_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: object) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"no")

    monkeypatch.setattr(doctor.SmtpTransport, "greet", refuse)
    assert "does not take us" in complaints(settings)["mail"].found
