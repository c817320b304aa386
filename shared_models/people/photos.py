"""The photo of a tutor: which file it is, and that a file is put away when nobody shows it any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.organization.files import StoredFile
from shared_models.people.models import Tutor


def put_away_unshown(session: Session, organization_id: str, sha256: str, *, now: datetime) -> None:
    """Archive a photo's file unless a tutor shows it; undo brings both back."""
    session.flush()
    shown = session.scalar(
        select(Tutor.id)
        .where(Tutor.organization_id == organization_id, Tutor.photo_hash == sha256, Tutor.archived_at.is_(None))
        .limit(1)
    )
    if not sha256 or shown is not None:
        return
    for row in session.scalars(
        select(StoredFile).where(
            StoredFile.organization_id == organization_id,
            StoredFile.sha256 == sha256,
            StoredFile.archived_at.is_(None),
        )
    ):
        row.archived_at = now
