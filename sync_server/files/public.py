"""The photos of tutors on the public websites, small and without metadata: the only files that anyone may see."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from shared_models.access.models import User
from shared_models.organization.files import is_sha256
from shared_models.people.models import Tutor
from sync_server.database import Database
from sync_server.files.content import FileDesk
from sync_server.models import OrganizationRoute

_SIDE = 256
_SLUG = re.compile(r"[a-z0-9][a-z0-9\-]{0,62}")
_A_DAY = "public, max-age=86400"

router = APIRouter(include_in_schema=False)


@router.api_route("/{slug}/photos/{sha256}.webp", methods=["GET", "HEAD"])
def photo(request: Request, slug: str, sha256: str) -> Response:
    """The photo of a tutor who is shown on the site of this slug; 404 for every other file."""
    database: Database = request.app.state.database
    files: FileDesk = request.app.state.files
    found = _public_photo(database, files, slug, sha256)
    if found is None:
        return Response("There is no such photo.", 404, media_type="text/plain")
    etag = f'"{sha256}-{_SIDE}"'
    headers = {"Cache-Control": _A_DAY, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found, headers=headers, media_type="image/webp")


def _public_photo(database: Database, files: FileDesk, slug: str, sha256: str) -> bytes | None:
    if not (_SLUG.fullmatch(slug) and is_sha256(sha256)):
        return None
    with database.routing() as session:
        organization_id = session.scalar(
            select(OrganizationRoute.organization_id).where(OrganizationRoute.slug == slug)
        )
    if organization_id is None:
        return None
    with database.tenant(organization_id, read_only=True) as session:
        shown = session.scalar(
            select(Tutor.id)
            .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
            .where(
                Tutor.organization_id == organization_id,
                Tutor.photo_hash == sha256,
                Tutor.archived_at.is_(None),
                Tutor.is_active,
                User.archived_at.is_(None),
            )
            .limit(1)
        )
    return files.public_thumbnail(organization_id, sha256, _SIDE) if shown is not None else None
