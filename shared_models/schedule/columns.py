"""Long columns of the store, read as one text each: the database joins the values of all rows, and here they are
split again. Fifty thousand rows then cost half of what it takes to hand them over one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, String, cast, func

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
NOTHING = "-"
"""Stands for an id that a row does not have: an empty text between two commas would be easy to lose."""


class OnDemand(dict[_Key, _Value]):
    """Values that are made once for each key, when it is first asked for."""

    def __init__(self, make: Callable[[_Key], _Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> _Value:
        value = self[key] = self._make(key)
        return value


def joined(column: ColumnElement[Any] | Any) -> ColumnElement[str]:
    """The values of all rows, numbers or ids, as one text; a missing id as `NOTHING`. All columns that one statement
    joins have the same order."""
    text = cast(column, String)
    return func.aggregate_strings(func.coalesce(text, NOTHING) if getattr(column, "nullable", True) else text, ",")


def ids_in(text: str | None) -> list[str]:
    """The ids of a joined column, each a text of its own: right where nearly all of them differ."""
    return text.split(",") if text else []


def few_ids_in(text: str | None) -> list[str | None]:
    """The ids of a joined column in which few occur again and again: the same text each time, None where there is
    none."""
    known: dict[str, str | None] = {NOTHING: None}
    ids = ids_in(text)
    return list(map(known.setdefault, ids, ids))


def named_in(text: str | None, names: Mapping[str, str]) -> list[str]:
    """The names of those whose ids a joined column has; an empty text where there is none."""
    return list(map(names.get, ids_in(text), repeat("")))


def numbers_in(text: str | None) -> list[int]:
    """The whole numbers of a joined column."""
    return orjson.loads(f"[{text or ''}]")  # type: ignore[no-any-return]


def positions(ids: Sequence[str]) -> dict[str, int]:
    """The place of each id."""
    return dict(zip(ids, range(len(ids)), strict=True))


def things_of(owners: Mapping[str, int], groups: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    """What each owner has, in the order of their `positions`, from groups of a thing and the joined ids of those who
    have it; others are passed over. What is had alone is the same tuple for all: fifty thousand fewer to make."""
    had: list[tuple[str, ...]] = [()] * len(owners)
    position = owners.get
    for thing_id, text in groups:
        alone = (thing_id,)
        for at in map(position, ids_in(text)):
            if at is not None:
                before = had[at]
                had[at] = before + alone if before else alone
    return had
