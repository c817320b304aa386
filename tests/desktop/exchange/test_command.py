"""`itutoros import` on the command line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desktop.exchange.command import run
from desktop.store.store import Store
from shared_models.people.models import Family, Tutor
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry, Series

CENTER = Path(__file__).parents[2] / "data" / "center"
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", use_keyring=False)
    yield store
    store.close()


def paths(*names: str) -> list[str]:
    return [str(CENTER / name) for name in names]


def test_a_whole_center_is_imported_and_said_in_words(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    files = paths("calendar.ics", "families.csv", "leads.csv", "organization.json", "tutors.csv")
    assert run(files, store, now=NOW) == 0
    said = capsys.readouterr().out
    for words in ("180 families", "282 students", "14 tutors", "64 leads", "166 series", "5,344 sessions"):
        assert f"  {words}\n" in said
    assert "Please look at 3 lines:" in said
    for line in (62, 63, 64):
        assert f"families.csv, line {line}: " in said
    with store.read() as session:
        assert session.scalars(select(func.count()).select_from(ScheduleEntry)).one() == 5349
        assert session.scalars(select(Family.organization_id).distinct()).one() == store.organization_id


def test_a_second_import_adds_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run(paths("organization.json", "tutors.csv"), store, now=NOW)
    capsys.readouterr()
    assert run(paths("tutors.csv"), store, now=NOW) == 0
    said = capsys.readouterr().out
    assert said.startswith("Nothing new to import.\n")
    assert "Already there, left as they are: 14 tutors." in said


def test_an_import_can_be_undone(store: Store) -> None:
    run(paths("organization.json"), store, now=NOW)
    run(paths("families.csv"), store, now=NOW)
    assert store.undo() == "Imported families.csv"
    with store.read() as session:
        assert session.scalars(select(Family).where(Family.archived_at.is_(None))).all() == []


def test_what_was_undone_is_brought_back_when_asked(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    files = paths("organization.json", "families.csv", "tutors.csv", "calendar.ics")
    run(files[:1], store, now=NOW)
    run(files[1:], store, now=NOW)
    store.undo()
    capsys.readouterr()
    run(files[1:], store, now=NOW)
    hidden = "14 tutors, 180 families, 282 students, 5 classes and camps, 166 series and 1 camp"
    assert f"Already there, but archived: {hidden}." in capsys.readouterr().out
    assert run([*files[1:], "--bring-back"], store, now=NOW) == 0
    assert "  166 series\n" in capsys.readouterr().out
    with store.read() as session:
        for kind in (Family, Tutor, Series, ScheduleEntry, Attendee, EntryRoom):
            left = select(func.count()).select_from(kind).where(kind.archived_at.is_not(None))
            assert session.scalars(left).one() == 0, kind


def test_people_without_a_center_are_refused_and_nothing_stays(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(paths("families.csv"), store, now=NOW) == 1
    assert "organization.json" in capsys.readouterr().err
    assert store.local("organization_id") is None


def test_files_that_cannot_be_read_are_named_all_at_once(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter.csv"
    letter.write_text("Dear Sir")
    assert run([str(letter), str(tmp_path / "missing.csv")], store, now=NOW) == 1
    said = capsys.readouterr().err
    assert "letter.csv: " in said
    assert "missing.csv cannot be opened" in said


def test_words_that_make_no_sense_are_refused(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], store) == 2
    assert run(["--shift-weeks", "soon", "x.csv"], store) == 2
    assert "usage: itutoros import" in capsys.readouterr().err
