"""What one user may see, as the sync's statements need it: per table the tiers in which rows are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared_models.access.conditions import Viewer
from sync_server.sync.conditions import table_of
from sync_server.sync.visibility import Reading, parameters_of, readings_of, scope_token

__all__ = ["Sight", "Tier", "sight_of", "table_of"]

Tier = Reading


@dataclass(frozen=True, slots=True)
class Sight:
    """What a user may see: `tiers` by table, of which the first that fits a row shows it; a table that is not there
    is hidden. `token` changes whenever any of this does."""

    viewer: Viewer
    tiers: Mapping[str, tuple[Tier, ...]]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of which anything is shown, parents before children."""
        return tuple(self.tiers)

    def sees_all(self, table: str) -> bool:
        """Whether every row of a table is shown."""
        return any(not tier.condition for tier in self.tiers.get(table, ()))


def sight_of(viewer: Viewer) -> Sight:
    """What a viewer may see."""
    return Sight(viewer, readings_of(viewer.roles), parameters_of(viewer), scope_token(viewer))
