"""Nightly backups, one file per organization and day, in a folder of the host's choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import structlog

from sync_server.database import Database
from sync_server.operations.archive import SUFFIX, export_organization
from sync_server.operations.upkeep import organization_ids

_FILE = re.compile(r"(\d{4}-\d\d-\d\d)\.itutoros")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """`<folder>/<organization id>/<day>.itutoros`; what is older than `days` is cleared away, but never the last."""

    folder: Path
    days: int
    files_folder: Path | None = None
    """Where the bytes of files lie that are part of an organization."""

    def due(self, database: Database, day: str) -> list[str]:
        """The organizations without a backup of this day."""
        return [one for one in organization_ids(database) if not self.path_of(one, day).exists()]

    def back_up(self, database: Database, organization_id: str, day: str) -> None:
        """Write an organization's file of the day, unless it is there."""
        target = self.path_of(organization_id, day)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        manifest = export_organization(database, organization_id, target, files_folder=self.files_folder)
        _log.info("backed up", organization_id=organization_id, rows=manifest.row_count, bytes=target.stat().st_size)

    def clear_old(self) -> int:
        """Remove files beyond the days to keep; returns how many. An organization's newest stays, however old."""
        removed = 0
        for place in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            found = sorted(
                (date.fromisoformat(match[1]), path)
                for path in place.glob(f"*{SUFFIX}")
                if (match := _FILE.fullmatch(path.name))
            )
            for day, path in found[:-1]:
                if found[-1][0] - day > timedelta(days=self.days):
                    path.unlink()
                    removed += 1
        return removed

    def path_of(self, organization_id: str, day: str) -> Path:
        """The file of an organization and day."""
        return self.folder / organization_id / f"{day}{SUFFIX}"
