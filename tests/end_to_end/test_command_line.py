"""What a center's helper and a host type at a terminal, as real processes over real files, sockets and PostgreSQL;
and that pulling the plug on any of them loses nothing that was saved."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import text

from desktop.store.store import Store
from shared_models.leads.models import Lead
from tests.end_to_end.processes import SAMPLE_FILES, ServerHost, desk, desk_process, rows_of, wait_until

PASSWORD = "correct horse battery"
EMAIL = "maya@hudson.example"
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def host() -> Iterator[ServerHost]:
    """A host on which a center was made and whose server runs.

    Its folder is not pytest's: when another pytest starts as root, it closes that one to PostgreSQL's own user.
    """
    with tempfile.TemporaryDirectory(prefix="itutoros-host-") as folder:
        server = ServerHost(Path(folder))
        try:
            made = create_center(server, "Hudson Learning Center", "hudson", EMAIL)
            assert made.returncode == 0, made.stderr
            server.start()
            yield server
        finally:
            server.clear_away()


def create_center(host: ServerHost, name: str, slug: str, email: str) -> subprocess.CompletedProcess[str]:
    first, last = "Maya", "Torres"
    return host.run(
        "create-organization", "--name", name, "--slug", slug, "--owner-email", email,
        "--owner-first-name", first, "--owner-last-name", last, "--location", "Irvington Office",
        typed=f"{PASSWORD}\n",
    )  # fmt: skip


def sign_in(host: ServerHost, folder: Path) -> None:
    done = desk("sign-in", "--server", host.url, "--email", EMAIL, folder=folder, typed=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, "Signed in to Hudson Learning Center.\n"), done.stderr


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store(folder, use_keyring=False)
    try:
        yield store
    finally:
        store.close()


def save_lead(store: Store, first_name: str) -> None:
    with store.write() as session:
        session.add(Lead(organization_id=store.organization_id, parent_first_name=first_name, created_at=NOW))


def count(store: Store, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())


def lead_names(store: Store) -> set[str]:
    with store.engine.connect() as connection:
        return set(connection.execute(text("SELECT parent_first_name FROM lead")).scalars())


def is_whole(store: Store) -> bool:
    with store.engine.connect() as connection:
        found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        astray = connection.execute(text("PRAGMA foreign_key_check")).all()
    return found == ["ok"] and not astray


def words_of(pdf: Path) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_the_sample_files_come_in_without_a_server_and_a_day_is_printed(tmp_path: Path) -> None:
    folder, pdf = tmp_path / "desk", tmp_path / "paper" / "day.pdf"
    done = desk("import", *SAMPLE_FILES, folder=folder)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    for number in ("180", "282", "14", "64", "166"):
        assert number in said
    lines = [line for line in said.splitlines() if "families.csv" in line]
    assert len([line for line in lines if any(character.isdigit() for character in line)]) >= 3, said
    with opened(folder) as store:
        assert is_whole(store)
        assert [count(store, table) for table in ("family", "student", "tutor", "lead")] == [180, 282, 14, 64]
    printed = desk(
        "print", "day", "--date", "2026-11-23", "--location", "Irvington Office", "--out", pdf, folder=folder
    )  # fmt: skip
    assert printed.returncode == 0, printed.stderr
    assert "Irvington Office 2026-11-23, 14 entries" in printed.stdout
    assert "Jakub Johnson" in words_of(pdf).replace("\r\n", " ")


def test_importing_the_same_files_again_adds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    assert desk("import", *SAMPLE_FILES, folder=folder).returncode == 0
    with opened(folder) as store:
        before = rows_of(store)
    again = desk("import", *SAMPLE_FILES, folder=folder)
    assert again.returncode == 0, again.stderr
    with opened(folder) as store:
        assert rows_of(store) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "nowhere.csv"), "nowhere.csv"),
        (("print", "day", "--date", "tomorrow", "--out", "day.pdf"), "write it like 2026-11-25"),
        (("dance",), "no command 'dance'"),
        (("--no-keyring", "verify"), "The command comes first"),
    ],
)
def test_a_mistake_at_the_terminal_is_named_without_a_traceback(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = desk(*words, folder=tmp_path / "desk")
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = desk("import", *SAMPLE_FILES, folder=tmp_path / "file" / "desk")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_import_leaves_what_was_saved_and_nothing_half_done(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    organization = next(file for file in SAMPLE_FILES if file.suffix == ".json")
    assert desk("import", organization, folder=folder).returncode == 0
    with opened(folder) as store:
        save_lead(store, "Saved before")
    for seconds_later in (0.0, 0.4, 1.2):
        with desk_process("import", *SAMPLE_FILES, folder=folder) as process:
            with opened(folder) as store:
                wait_until(lambda store=store: is_being_written(store), process)  # type: ignore[misc]
            with_a_delay(process, seconds_later)
            process.kill()
            process.wait()
        with opened(folder) as store:
            assert is_whole(store)
            assert "Saved before" in lead_names(store)
            assert count(store, "family") in (0, 180)
            assert count(store, "student") in (0, 282)
    done = desk("import", *SAMPLE_FILES, folder=folder)
    assert done.returncode == 0, done.stderr
    with opened(folder) as store:
        assert is_whole(store)
        assert "Saved before" in lead_names(store)
        assert [count(store, table) for table in ("family", "student", "tutor", "lead")] == [180, 282, 14, 65]


def is_being_written(store: Store) -> bool:
    """Whether another process is in the middle of a transaction on this store."""
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            driver.execute("BEGIN IMMEDIATE")
            driver.execute("ROLLBACK")
        except driver.OperationalError:
            return True
        return False


def with_a_delay(process: subprocess.Popen[str], seconds: float) -> None:
    """Let the process go on for so long, or until it ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def test_a_center_is_made_served_and_joined(host: ServerHost, tmp_path: Path) -> None:
    assert "Hudson Learning Center" in host.page("/hudson/")
    folder = tmp_path / "desk"
    sign_in(host, folder)
    with opened(folder) as store:
        with store.engine.connect() as connection:
            assert connection.execute(text("SELECT business_name FROM organization")).scalars().all() == [
                "Hudson Learning Center"
            ]
        assert count(store, "topic") == 90


def test_a_wrong_password_joins_nothing(host: ServerHost, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    done = desk("sign-in", "--server", host.url, "--email", EMAIL, folder=folder, typed="wrong\n")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and done.stderr.strip()
    with opened(folder) as store:
        assert store.local("organization_id") is None


def test_a_second_center_beside_the_first_and_no_two_at_one_address(host: ServerHost) -> None:
    taken = create_center(host, "Another Hudson", "hudson", "owner@another.example")
    assert taken.returncode == 1
    assert "Traceback" not in taken.stderr and taken.stderr.strip()
    assert create_center(host, "Valley Tutors", "valley", "owner@valley.example").returncode == 0
    assert "Valley Tutors" in host.page("/valley/")
    assert "Valley Tutors" not in host.page("/hudson/")


def test_whoever_is_killed_while_a_center_is_sent_nothing_saved_is_lost(host: ServerHost, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    sign_in(host, here)
    assert desk("import", *SAMPLE_FILES, folder=here).returncode == 0
    with opened(here) as store:
        everything = store.unsent_count()
        assert everything > 10_000

        with desk_process(folder=here) as program:
            wait_until(lambda: store.unsent_count() < everything, program)
        save_lead(store, "Saved after the desk was killed")

        with desk_process(folder=here):
            host.kill()
            assert not host.answers()
            save_lead(store, "Saved while the server lay")
        assert store.unsent_count() > 0
        save_lead(store, "Saved with everything off")

        host.start()
        with desk_process(folder=here) as program:
            wait_until(lambda: store.unsent_count() == 0, program)
        assert is_whole(store)
        sent = rows_of(store)

    sign_in(host, there)
    with opened(there) as store:
        assert is_whole(store)
        assert {"Saved while the server lay", "Saved with everything off"} <= lead_names(store)
        received = rows_of(store)
    assert {name: len(rows) for name, rows in received.items()} == {name: len(rows) for name, rows in sent.items()}
    assert received == sent


def test_a_server_killed_at_any_time_stops_completely_when_it_is_stopped_later(host: ServerHost) -> None:
    host.kill()
    host.start()
    assert host.postgres() is not None
    host.stop()
    assert not host.answers()
    assert host.postgres() is None
    host.start()
    assert "Hudson Learning Center" in host.page("/hudson/")
