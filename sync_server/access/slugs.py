"""A website's address: it can change, and the old one leads to the newest for good (product §6)."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.organization.models import Organization
from sync_server.access.accounts import SlugTaken, check_slug
from sync_server.database import allocate_sequence, raw_cursor


def change_slug(session: Session, organization_id: str, slug: str) -> None:
    """Move the organization's website to another address, in the caller's session of that organization.

    An address that it had before is its own to take back. Raises SlugTaken, also when another organization took the
    address a moment ago: the address is the table's key.
    """
    check_slug(slug)
    # Changes of one organization's address take turns, as the pushes of its desks do.
    allocate_sequence(session, organization_id, 0)
    claim_slug(raw_cursor(session), organization_id, slug)
    organization = session.scalars(
        select(Organization)
        .where(Organization.organization_id == organization_id, Organization.id == organization_id)
        .execution_options(populate_existing=True)
    ).one()
    organization.website_slug = slug
    session.flush()


def claim_slug(cursor: psycopg.Cursor[Any], organization_id: str, slug: str) -> None:
    """Let an address lead to the organization, and its others redirect there, in a transaction that holds the
    organization's counter. Who wants one that another transaction is taking waits for its end. Raises SlugTaken."""
    check_slug(slug)
    wanted = {"slug": slug, "org": organization_id}
    cursor.execute(
        "INSERT INTO organization_route (slug, organization_id, is_current) VALUES (%(slug)s, %(org)s, false) "
        "ON CONFLICT (slug) DO NOTHING",
        wanted,
    )
    cursor.execute(
        "UPDATE organization_route SET is_current = (slug = %(slug)s) WHERE organization_id = %(org)s "
        "AND EXISTS (SELECT FROM organization_route WHERE slug = %(slug)s AND organization_id = %(org)s)",
        wanted,
    )
    if cursor.rowcount == 0:
        raise SlugTaken(f"The website address “{slug}” is taken. Choose another.")
