"""A website's address: it can change, and the old one leads to the newest for good (product §6)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared_models.organization.models import Organization
from sync_server.access.accounts import SlugTaken, check_slug
from sync_server.models import OrganizationRoute


def change_slug(session: Session, organization_id: str, slug: str) -> None:
    """Move the organization's website to another address, in the caller's session of that organization.

    An address that it had before is its own to take back. Raises SlugTaken, also when another organization took the
    address a moment ago: the address is the table's key.
    """
    check_slug(slug)
    # Changes of one organization's address take turns.
    organization = session.scalars(
        select(Organization)
        .where(Organization.organization_id == organization_id, Organization.id == organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    session.execute(
        insert(OrganizationRoute)
        .values(slug=slug, organization_id=organization_id, is_current=False)
        .on_conflict_do_nothing()
    )
    routes = session.scalars(
        select(OrganizationRoute).where(OrganizationRoute.organization_id == organization_id).with_for_update()
    ).all()
    if slug not in {route.slug for route in routes}:
        raise SlugTaken(f"The website address “{slug}” is taken. Choose another.")
    for route in routes:
        route.is_current = route.slug == slug
    organization.website_slug = slug
    session.flush()
