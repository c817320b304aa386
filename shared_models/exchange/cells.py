"""Reading one row field by field while collecting everything that is wrong with it, so that a line is reported
once with all its reasons."""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from shared_models.exchange.problems import Problem
from shared_models.exchange.table import ColumnMapping, Row, Table
from shared_models.exchange.values import BadValue, parse_date, quoted_list
from shared_models.people.contact import (
    DEFAULT_COUNTRY,
    name_key,
    normalize_email,
    normalize_phone,
    one_spaced,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a reader has to know about the center: the country phones and dates are written for, today (for
    years of two digits) and, when known, the names of its locations (None: not checked)."""

    country: str = DEFAULT_COUNTRY
    today: datetime.date | None = None
    location_names: Collection[str] | None = None

    @property
    def is_day_first(self) -> bool:
        """Whether 3/5 means the third of May there."""
        return self.country not in ("US", "PH")

    def known_location(self, text: str) -> str:
        """The name of the location that is meant; raises BadValue when there is none of that name.

        An empty text means the only location of a center that has one.
        """
        names = self.location_names
        if names is None:
            return text
        if not text and len(names) == 1:
            return next(iter(names))
        found = [name for name in names if name_key(name) == name_key(text)]
        if found:
            return found[0]
        known = f"Yours are {quoted_list(names)}." if names else "There are none yet."
        if not text:
            raise BadValue(f"The location is missing. {known}")
        raise BadValue(f"There is no location called “{text}”. {known}")


class RowReader:
    """The fields of one row; ``errors`` keep the line out, ``doubts`` let it in with a warning."""

    def __init__(self, row: Row, mapping: ColumnMapping, around: Surroundings) -> None:
        self.line = row.line
        self.errors: list[str] = []
        self.doubts: list[str] = []
        self._row = row
        self._mapping = mapping
        self._around = around

    def text(self, field: str) -> str:
        """The cell with runs of white space made one."""
        return one_spaced(self._row.cell(self._mapping.column(field)))

    def parsed(self, field: str, parse: Callable[[str], T], what: str, is_doubt: bool = False) -> T | None:
        """The cell read by ``parse``, None when it is empty or cannot be read; ``what`` names it in the reason."""
        text = self.text(field)
        if not text:
            return None
        try:
            return parse(text)
        except BadValue as error:
            (self.doubts if is_doubt else self.errors).append(f"{what}: {error}")
            return None

    def phone(self, field: str) -> str:
        """A phone number in stored form; an odd one is kept with a doubt."""
        normalized = normalize_phone(self.text(field), self._around.country)
        if normalized.warning:
            self.doubts.append(normalized.warning)
        return normalized.value

    def email(self, field: str) -> str:
        """An e-mail address in stored form; an odd one is kept with a doubt."""
        normalized = normalize_email(self.text(field))
        if normalized.warning:
            self.doubts.append(normalized.warning)
        return normalized.value

    def date(self, field: str, what: str, is_birth: bool = False) -> datetime.date | None:
        """A day; a birth with a year of two digits has been already."""
        around = self._around
        latest = around.today if is_birth else None
        return self.parsed(
            field, lambda text: parse_date(text, is_day_first=around.is_day_first, latest=latest), what
        )

    def problem(self, file: str) -> Problem | None:
        """Why the line is kept out, its doubts included; None when it is not."""
        return Problem(file, self.line, " ".join([*self.errors, *self.doubts])) if self.errors else None

    def warning(self, file: str) -> Problem | None:
        """What is odd about a line that is let in; None when nothing is."""
        return Problem(file, self.line, " ".join(self.doubts)) if self.doubts and not self.errors else None


def row_readers(table: Table, mapping: ColumnMapping, around: Surroundings) -> list[RowReader]:
    """One reader for every row of the table."""
    return [RowReader(row, mapping, around) for row in table.rows]
