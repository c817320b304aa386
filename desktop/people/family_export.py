"""Writes everything that is known of a family into one file, for the family that asks for it (product §9). As it
holds health fields, the reading of these is recorded."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from desktop.store.errors import StoreUnwritable
from desktop.store.store import Store
from shared_models.people import operations
from shared_models.people.models import Student
from shared_models.privacy.family_file import family_file


def export_family(store: Store, family_id: str, target: Path, now: datetime) -> None:
    """Write the bundle to ``target``, a zip file. Raises StoreUnwritable when there is no room for it."""
    organization_id = store.organization_id
    with store.write() as session:
        for student_id in session.scalars(
            select(Student.id).where(Student.organization_id == organization_id, Student.family_id == family_id)
        ):
            operations.record_health_access(session, organization_id, student_id, store.user_id, now=now)
    with store.read() as session:
        bundle = family_file(session, organization_id, family_id, now).as_bundle()
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(bundle)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreUnwritable(f"{target} could not be written: {error.strerror}. Choose another place.") from error


def export_or_reason(store: Store, family_id: str, target: Path, now: datetime) -> str:
    """The same off the UI thread; returns why it failed, or nothing."""
    try:
        export_family(store, family_id, target, now)
    except StoreUnwritable as error:
        return str(error)
    return ""
