"""Tables from other people's spreadsheets: encodings, separators, line numbers, columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.exchange.problems import UnreadableFile
from shared_models.exchange.table import Field, decode, detect_mapping, read_table

FIELDS = (Field("first", "First name", ("Prénom",)), Field("email", "E-mail", ("Email Address",)))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)  # fmt: skip
def test_accents_survive_every_usual_encoding(encoding: str, found: str) -> None:
    table = read_table("First name,City\nJosé,Köln\nZoë,Nîmes".encode(encoding))
    assert table.header == ("First name", "City")
    assert [row.cells for row in table.rows] == [("José", "Köln"), ("Zoë", "Nîmes")]
    assert table.encoding == found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_also_when_cells_hold_commas(delimiter: str) -> None:
    lines = [("Date", "Wants", "Notes"), ("1", '"add, subtract, divide"', "x"), ("2", "SAT", '"a;b|c"')]
    table = read_table("\n".join(delimiter.join(line) for line in lines).encode())
    assert table.delimiter == delimiter
    assert table.rows[0].cells == ("1", "add, subtract, divide", "x")


def test_lines_are_counted_as_an_editor_shows_them() -> None:
    content = b'A,B\r\n1,2\r\n\r\n,,\r\n"three\r\nlines\r\nlong",4\r\n5,6\r\n'
    assert [(row.line, row.cells[0]) for row in read_table(content).rows] == [
        (2, "1"), (5, "three\nlines\nlong"), (8, "5")
    ]  # fmt: skip


def test_a_separator_told_by_the_spreadsheet_is_obeyed_and_counted_as_a_line() -> None:
    table = read_table(b"sep=;\nA;B,C\n1;2,3")
    assert table.header == ("A", "B,C")
    assert table.rows[0].line == 3


@pytest.mark.parametrize("content", [b"", b"\n \n,,\n", b"PK\x03\x04spreadsheet", b"%PDF-1.7"])
def test_what_is_no_table_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"\.$"):
        read_table(content)


def test_columns_are_found_by_the_words_people_use() -> None:
    mapping = detect_mapping(["EMAIL  ADDRESS", "prenom", "Shoe size"], FIELDS)
    assert mapping.columns == {"first": 1, "email": 0}


def test_a_column_serves_one_field_and_can_be_chosen_by_hand() -> None:
    twice = (*FIELDS, Field("second", "Second", ("First name",)))
    mapping = detect_mapping(["First name"], twice)
    assert mapping.columns == {"first": 0}
    assert mapping.with_column("email", 3).column("email") == 3
    assert mapping.with_column("first", None).column("first") is None


def test_a_cell_can_be_mended_also_beyond_the_end_of_its_row() -> None:
    table = read_table(b"A,B,C\n1\n4,5,6").with_cell(2, 2, "3")
    assert [row.cells for row in table.rows] == [("1", "", "3"), ("4", "5", "6")]
    assert table.rows[0].cell(7) == ""


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    try:
        decode(content)
        read_table(content)
    except UnreadableFile as refused:
        assert str(refused)
