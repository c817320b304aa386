"""Frees the bytes of files that were archived long ago. Their rows stay: whoever restores one finds the bytes on the
PCs that kept them, which then send them again ([S-114])."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, String, and_, cast, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared_models.base import TenantRow
from shared_models.catalog.models import Product
from shared_models.organization.files import StoredFile
from shared_models.people.models import Tutor
from sync_server.database import Database, allocate_sequence
from sync_server.files.content import lock_files, rows_of
from sync_server.files.models import FileContent
from sync_server.files.storage import FileKey, FileStorage

GRACE = timedelta(days=30)
"""So long after it was archived a file can be restored without any PC that has it."""

_AT_ONCE = 200
_SHOWN_BY = ((Tutor, Tutor.photo_hash), (Product, Product.logo_hash))
"""The fields in which rows name a file that they show."""

_log = structlog.get_logger(__name__)


def free_archived_files(database: Database, storage: FileStorage, organization_id: str, now: datetime) -> int:
    """Free what nobody has used for GRACE; returns how many files. Done twice, or broken off anywhere, it comes to
    the same: bytes that are gone before the transaction ends are gone for the next run, too."""
    with database.tenant(organization_id, read_only=True) as session:
        if not _unused(session, organization_id, now):
            return 0
    with database.tenant(organization_id) as session:
        # In the order of an upload: its files first, then its numbers. Nobody restores or sends a file meanwhile.
        lock_files(session, organization_id)
        allocate_sequence(session, organization_id, 0)
        hashes = _unused(session, organization_id, now)
        for sha256 in hashes:
            for row in session.scalars(rows_of(organization_id, sha256)):
                row.stored_at = None
        session.execute(
            delete(FileContent).where(FileContent.organization_id == organization_id, FileContent.sha256.in_(hashes))
        )
        session.flush()
        for sha256 in hashes:
            storage.remove(FileKey(organization_id, sha256))
    _log.info("files freed", organization_id=organization_id, files=len(hashes))
    return len(hashes)


def _unused(session: Session, organization_id: str, now: datetime) -> list[str]:
    """The files that no live row names, and none that was archived lately."""
    before = now - GRACE
    in_use = [
        exists().where(
            StoredFile.organization_id == organization_id,
            StoredFile.sha256 == FileContent.sha256,
            or_(StoredFile.archived_at.is_(None), StoredFile.archived_at >= before),
        ),
        *(_shows(kind, named) for kind, named in _SHOWN_BY),
    ]
    return list(
        session.scalars(
            select(FileContent.sha256)
            .where(FileContent.organization_id == organization_id, FileContent.stored_at < before)
            .where(and_(*(~used for used in in_use)))
            .order_by(FileContent.sha256)
            .limit(_AT_ONCE)
        )
    )


def _shows(kind: type[TenantRow], named: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return exists().where(
        kind.organization_id == FileContent.organization_id,
        named == cast(FileContent.sha256, String),
        kind.archived_at.is_(None),
    )
