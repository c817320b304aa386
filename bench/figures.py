"""What a benchmark reports: one measured figure, the limit it is held to, and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    `what` says it in words; `measured` and `limit` are in `unit` (such as "ms", "s", "MB", "requests/s").
    `beside` names a peer or a bare floor measured in the same run, with its value in the same unit.
    """

    what: str
    measured: float
    unit: str
    limit: float | None = None
    higher_is_better: bool = False
    beside: str = ""
    beside_measured: float | None = None

    @property
    def within_limit(self) -> bool:
        """Whether the budget is kept; a figure without a limit always keeps it."""
        if self.limit is None:
            return True
        return self.measured >= self.limit if self.higher_is_better else self.measured <= self.limit

    @property
    def ratio_to_limit(self) -> float | None:
        """How many times the limit was measured."""
        return self.measured / self.limit if self.limit else None

    @property
    def ratio_to_beside(self) -> float | None:
        """How many times the peer's figure was measured."""
        return self.measured / self.beside_measured if self.beside_measured else None


HEADINGS = ("what", "measured", "limit", "ratio to limit", "beside it", "ratio")


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table of aligned columns; a missed budget is marked at the end of its line."""
    rows = [(HEADINGS, "")] + [(_cells(figure), "" if figure.within_limit else "  MISSED") for figure in figures]
    widths = [max(len(cells[column]) for cells, _ in rows) for column in range(len(HEADINGS))]
    lines = []
    for cells, mark in rows:
        columns = [
            cell.ljust(width) if column in (0, 4) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append((" | ".join(columns) + mark).rstrip())
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.higher_is_better else "≤"
    limit = "" if figure.limit is None else f"{sign} {_amount(figure.limit, figure.unit)}"
    beside = figure.beside
    if figure.beside_measured is not None:
        beside = f"{figure.beside}: {_amount(figure.beside_measured, figure.unit)}".removeprefix(": ")
    return (
        figure.what,
        _amount(figure.measured, figure.unit),
        limit,
        _ratio(figure.ratio_to_limit),
        beside,
        _ratio(figure.ratio_to_beside),
    )


def _amount(value: float, unit: str) -> str:
    """Three digits that matter: 0.131 s, 12.4 ms, 2,480 requests/s."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f} {unit}".rstrip()


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}×" if value < 100 else f"{value:,.0f}×"
