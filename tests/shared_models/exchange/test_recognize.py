"""Telling files apart by what they hold."""

import pytest

from shared_models.exchange.problems import UnreadableFile
from shared_models.exchange.recognize import FileKind, open_file, read_files
from tests.shared_models.exchange.sample import AROUND, NAMES, calendar, families_csv, sample


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_files_are_recognized_whatever_they_are_called(name: str) -> None:
    kind = FileKind(name.partition(".")[0])
    assert open_file(name, sample(name)).kind is kind
    assert open_file("export (1).txt", sample(name)).kind is kind


@pytest.mark.parametrize("content", [b" \n", b"Dear Sir,\nplease call", b"a,b,c\n1,2,3"])
def test_anything_else_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"\.$"):
        open_file("letter.txt", content)


def test_locations_and_zone_of_an_organization_file_hold_for_the_other_files() -> None:
    files = [open_file(name, sample(name)) for name in reversed(NAMES)]
    read = read_files(files, AROUND.__class__(location_names=()))
    assert [problem.line for problem in read.problems] == [62, 63, 64]
    assert read.calendars[0].sessions[0].rule.time_zone == "America/New_York"
    assert read.families[0].student_count == 282


def test_an_unreadable_file_does_not_keep_the_others_out() -> None:
    files = [
        open_file("organization.json", b"{broken"),
        open_file("f.csv", families_csv("Ana,Kim,a@x.example,,Mia,Irvington Office")),
        open_file("c.ics", calendar()),
    ]
    read = read_files(files, AROUND)
    assert [problem.file for problem in read.problems] == ["organization.json"]
    assert read.families[0].student_count == 1


def test_a_file_can_be_read_as_something_else_with_other_columns_and_mended_cells() -> None:
    file = open_file("people.csv", b"Parent,Phone,Source\nAna Kim,9145550100,Web")
    assert file.kind is FileKind.LEADS
    changed = file.as_kind(FileKind.TUTORS).with_column("name", 0).with_cell(2, 0, "Leo Kim")
    assert read_files([changed], AROUND).tutors[0].tutors[0].first_name == "Leo"
