"""How far the person at this PC can change a series: as a whole or only single sessions of it, and which of its
sessions stay as they are because they are held at locations of others (product §2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from desktop.permissions import Permissions, own_places
from desktop.store.store import Store
from shared_models.organization.models import Location
from shared_models.schedule.models import Series
from shared_models.schedule.operations import entry_of
from shared_models.schedule.series_operations import SeriesScope, entries_elsewhere


@dataclass(frozen=True, slots=True)
class Staying:
    """Sessions of a series that a change of it leaves out: how many, and the names of their locations."""

    count: int = 0
    places: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The words for a line of a menu or what was done: "3 at Riverside stay"; "" for none."""
        return f"{self.count} at {self._where} stay{'s' if self.count == 1 else ''}" if self.count else ""

    @property
    def sentence(self) -> str:
        """The same with the reason; "" for none."""
        if not self.count:
            return ""
        what = "1 session" if self.count == 1 else f"{self.count} sessions"
        stay = "stays as it is" if self.count == 1 else "stay as they are"
        whom = "it" if self.count == 1 else "them"
        return f"{what} at {self._where} {stay}: only the owner and those who work there can change {whom}."

    @property
    def _where(self) -> str:
        return " and ".join([", ".join(self.places[:-1]), self.places[-1]] if len(self.places) > 1 else self.places)


def reaches_series(store: Store, series_id: str | None) -> bool:
    """Whether a change may reach further sessions: the series is the person's to change. False for no series."""
    if series_id is None:
        return False
    return own_places(store) is None or bool(Permissions.of(store).open_fields("series", series_id))


def why_alone(store: Store, series_id: str | None) -> str:
    """Why only this one session of a series can be changed; "" where that is not so."""
    if series_id is None or reaches_series(store, series_id):
        return ""
    with store.read() as session:
        name = session.scalar(
            select(Location.name)
            .join(Series, (Series.organization_id == Location.organization_id) & (Series.location_id == Location.id))
            .where(Series.organization_id == store.organization_id, Series.id == series_id)
        )
    return f"This one alone: its series belongs to {name or 'another location'}."


def staying(store: Store, entry_id: str, scope: SeriesScope, *, after: date | None = None) -> Staying:
    """The sessions that a change of an entry's series leaves as they are; with ``after`` those later than that day.
    Raises NoSuchEntry."""
    own = own_places(store)
    if own is None or scope is SeriesScope.THIS:
        return Staying()
    with store.read() as session:
        entry = entry_of(session, store.organization_id, entry_id)
        found = Counter(
            one.location_id
            for one in entries_elsewhere(session, entry, scope, own)
            if after is None or (one.series_day is not None and one.series_day > after)
        )
        names = session.execute(
            select(Location.name)
            .where(Location.organization_id == store.organization_id, Location.id.in_(found))
            .order_by(Location.position, Location.name)
        ).scalars()
        return Staying(found.total(), tuple(names) or ("other locations",)) if found else Staying()
