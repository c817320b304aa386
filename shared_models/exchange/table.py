"""Reading a table out of a text file as it comes from somebody's spreadsheet: encoding and separator are found
out, every row knows its line, and each field is matched to a column by the words people use for it."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared_models.exchange.problems import UnreadableFile
from shared_models.people.contact import name_key

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record and the line of the file on which it begins."""

    line: int
    cells: tuple[str, ...]

    def cell(self, column: int | None) -> str:
        """The text in a column, trimmed; empty when the row is shorter or the field has no column."""
        return self.cells[column].strip() if column is not None and column < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows, blank ones left out, and how the file was written."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str

    def with_cell(self, line: int, column: int, text: str) -> "Table":
        """The table with one cell corrected; ``line`` is that of the row."""
        return replace(self, rows=tuple(_corrected(row, line, column, text) for row in self.rows))


@dataclass(frozen=True, slots=True)
class Field:
    """Something a reader looks for: its name in the code, on screen, and in the headers people write."""

    name: str
    label: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column (from 0) each field is read from; a field that is not there is not in the file."""

    columns: Mapping[str, int]

    def column(self, field: str) -> int | None:
        """The column of a field, None when it is not in the file."""
        return self.columns.get(field)

    def with_column(self, field: str, column: int | None) -> "ColumnMapping":
        """The mapping with one field read from another column, or from none."""
        others = {name: at for name, at in self.columns.items() if name != field}
        return ColumnMapping(others if column is None else {**others, field: column})


def detect_mapping(header: Sequence[str], fields: Sequence[Field]) -> ColumnMapping:
    """Match fields to columns by their headers; case, accents, spaces and punctuation do not matter.

    Each column serves one field; fields that come first choose first.
    """
    keys = [_header_key(title) for title in header]
    columns: dict[str, int] = {}
    taken: set[int] = set()
    for field in fields:
        for word in (field.label, *field.synonyms):
            found = next((n for n, key in enumerate(keys) if key == _header_key(word) and n not in taken), None)
            if found is not None:
                columns[field.name] = found
                taken.add(found)
                break
    return ColumnMapping(columns)


def read_table(content: bytes) -> Table:
    """The first non-blank line as header, the other non-blank lines as rows.

    Raises UnreadableFile when there is no header or the text cannot be taken apart.
    """
    text, encoding = decode(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    skipped_lines = 0
    delimiter = None
    first_line, _, rest = text.partition("\n")
    if told := _SEPARATOR_LINE.fullmatch(first_line):
        delimiter, text, skipped_lines = told[1], rest, 1
    delimiter = delimiter or _delimiter_of(text)
    records = _records(text, delimiter, skipped_lines)
    header = next(records, None)
    if header is None:
        raise UnreadableFile("The file is empty.")
    return Table(tuple(cell.strip() for cell in header.cells), tuple(records), encoding, delimiter)


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding it was found to be in: UTF-8, UTF-16 or, failing both, cp1252.

    Raises UnreadableFile for a file that is no text, such as a spreadsheet's own format.
    """
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise UnreadableFile("This is not a text file. Save it from your spreadsheet as CSV and choose that file.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), "utf-16"
    sample = content[:4000]
    if sample.count(0) > len(sample) // 4:
        big_endian = sample[0::2].count(0) > sample[1::2].count(0)
        encoding = "utf-16-be" if big_endian else "utf-16-le"
        return content.decode(encoding, errors="replace"), encoding
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "cp1252"


def _records(text: str, delimiter: str, skipped_lines: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, skipinitialspace=True)
    line = skipped_lines + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(cells))
            line = skipped_lines + reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"Line {line} cannot be read: {error}.") from error


def _delimiter_of(text: str) -> str:
    """The separator that cuts the first lines into the most columns of equal number."""
    sample = "\n".join(text.split("\n", 60)[:60])
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(sample), delimiter=delimiter)
        try:
            widths = [len(cells) for cells in reader if any(cell.strip() for cell in cells)]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (alike, widths[0]) > best_score:
            best, best_score = delimiter, (alike, widths[0])
    return best


def _header_key(title: str) -> str:
    return name_key(title).replace(" ", "")


def _corrected(row: Row, line: int, column: int, text: str) -> Row:
    if row.line != line:
        return row
    cells = [*row.cells, *[""] * (column + 1 - len(row.cells))]
    cells[column] = text
    return Row(line, tuple(cells))
