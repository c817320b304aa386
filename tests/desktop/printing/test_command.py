"""``itutoros print`` on a real store: the files it writes, and what it says when it cannot."""

from __future__ import annotations

from datetime import date

import pypdfium2
import pytest

from desktop.printing.command import run
from desktop.printing.kinds import PrintKind
from desktop.store.store import Store
from shared_models.people.models import Family
from tests.desktop.printing.small_center import NOW, SmallCenter


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store", use_keyring=False)
    with store.write() as session:
        center = SmallCenter(session).with_owner()
        center.entry("SAT", center.tutor("Jakub", "Johnson"), ["Elena Kim"], "16:00", room=center.rooms["Room A"])
        center.location("Tarrytown Office")
    store.set_local(organization_id=center.organization_id, user_id=center.maya.id)
    yield store
    store.close()


def text_of(path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def test_it_writes_the_day_of_a_location(store, tmp_path, capsys):
    out = tmp_path / "papers" / "day.pdf"
    asked = ["day", "--date", "2026-11-25", "--location", "irvington office", "--out", str(out)]
    assert run(asked, store, now=NOW) == 0
    words = text_of(out)
    assert "Wednesday, November 25, 2026" in words
    assert "SAT Elena Kim Room A 4:00–5:00" in words
    assert "Printed November 25, 2026, 3:40 PM by Maya Torres" in words
    assert "1 entry" in capsys.readouterr().out


def test_room_paper_and_orientation_are_followed(store, tmp_path):
    out = tmp_path / "day.pdf"
    asked = [
        "day",
        "--location",
        "Irvington Office",
        "--by",
        "room",
        "--paper",
        "a4",
        "--portrait",
        "--out",
        str(out),
    ]
    assert run(asked, store, now=NOW) == 0
    assert "Day schedule by room" in text_of(out)
    with pypdfium2.PdfDocument(out) as document:
        assert [round(length) for length in document[0].get_size()] == [595, 842]


def test_without_a_date_it_is_today_at_the_center(store, tmp_path):
    out = tmp_path / "day.pdf"
    assert run(["day", "--location", "Irvington Office", "--out", str(out)], store, now=NOW) == 0
    assert date(2026, 11, 25).strftime("November %d, %Y") in text_of(out)


def test_an_unknown_location_lists_the_known_ones(store, tmp_path, capsys):
    out = tmp_path / "day.pdf"
    assert run(["day", "--location", "Yonkers", "--out", str(out)], store, now=NOW) == 2
    said = capsys.readouterr().err
    assert 'No location is called "Yonkers".' in said
    assert '"Irvington Office"' in said and '"Tarrytown Office"' in said
    assert not out.exists()


def test_with_several_locations_one_must_be_named(store, tmp_path, capsys):
    assert run(["day", "--out", str(tmp_path / "day.pdf")], store, now=NOW) == 2
    assert "Say which location." in capsys.readouterr().err


def test_a_date_that_is_none_is_explained(store, tmp_path, capsys):
    assert run(["day", "--date", "25.11.2026", "--out", str(tmp_path / "day.pdf")], store, now=NOW) == 2
    assert '"25.11.2026" is no date; write it like 2026-11-25' in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_said(store, tmp_path, capsys):
    blocked = tmp_path / "folder.pdf"
    blocked.mkdir()
    assert run(["day", "--location", "Irvington Office", "--out", str(blocked)], store, now=NOW) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_every_kind_is_named_in_the_help(store, capsys):
    assert run(["--help"], store, now=NOW) == 0
    said = capsys.readouterr().out
    assert all(kind.value in said for kind in PrintKind)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["week"], "Week of November 23–29, 2026"),
        (["tutor", "--tutor", "jakub johnson"], "Jakub Johnson, November 23–29, 2026"),
        (["tutor"], "Jakub Johnson, November 23–29, 2026"),
        (["month", "--location", "Irvington Office"], "November 2026"),
        (["sign-in", "--location", "Irvington Office"], "Sign-in sheet, Irvington Office"),
        (["family", "--family", "Silva"], "Sessions of the Silva family"),
        (["family", "--family", "elena", "--weeks", "2"], "November 25 – December 8, 2026"),
        (["conflicts", "--weeks", "1"], "Conflicts, November 25 – December 1, 2026"),
    ],
    ids=" ".join,
)
def test_each_kind_writes_its_pages(store, tmp_path, words, title):
    out = tmp_path / "paper.pdf"
    assert run([*words, "--out", str(out)], store, now=NOW) == 0
    assert title in text_of(out)


def test_lists_are_upright_unless_asked_otherwise(store, tmp_path):
    out = tmp_path / "paper.pdf"
    for turned, is_landscape in ([], False), (["--landscape"], True):
        run(["sign-in", "--location", "Irvington Office", *turned, "--out", str(out)], store, now=NOW)
        with pypdfium2.PdfDocument(out) as document:
            width, height = document[0].get_size()
        assert (width > height) == is_landscape


def test_a_name_that_is_nobodys_or_several_peoples_is_explained(store, tmp_path, capsys):
    out = str(tmp_path / "paper.pdf")
    assert run(["family", "--family", "Nobody", "--out", out], store, now=NOW) == 2
    assert 'No family is called "Nobody". Known: "Silva, Ana (Elena)".' in capsys.readouterr().err
    with store.write() as session:
        family = Family(organization_id=store.organization_id, parent1_first_name="Leo", parent1_last_name="Silva")
        session.add(family)
    assert run(["family", "--family", "Silva", "--out", out], store, now=NOW) == 2
    assert '"Silva" could be any of: "Silva, Ana (Elena)", "Silva, Leo". Say more' in capsys.readouterr().err
    assert run(["roster", "--class", "Chess", "--out", out], store, now=NOW) == 2
    assert 'No class is called "Chess". Known: none yet.' in capsys.readouterr().err


def test_weeks_that_are_no_number_are_explained(store, tmp_path, capsys):
    assert run(["conflicts", "--weeks", "many", "--out", str(tmp_path / "paper.pdf")], store, now=NOW) == 2
    assert '"many" is no number of weeks from 1 to 104' in capsys.readouterr().err
