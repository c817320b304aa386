"""Suspended organizations: their PCs are told so and keep working by themselves, who is signed in with a browser is
told so too, and their website says that it is away.

Whether one is suspended is asked on every request, so that each process knows the few that are and asks the database
again every few seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sync_server.database import Database
from sync_server.models import OrganizationRoute
from sync_server.operations.models import OrganizationSuspension

SUSPENDED_CODE = "suspended"
SUSPENDED_SENTENCE = (
    "Your center’s account on this server is suspended at the moment. You can go on working: everything stays saved "
    "on this PC and is sent once the account is open again. Please ask the people who run the server."
)

SUSPENDED_WORDS = (
    "It is suspended at the moment. Nothing of it is lost. Please ask the people who run the server, and sign in "
    "again once it is open."
)
"""The same for somebody at a browser."""

_log = structlog.get_logger(__name__)

_FRESH_SECONDS = 2.0
_OWN = frozenset({"api", "health", "ready", "metrics"})
"""What the server answers itself, with the database or without."""
_AWAY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Away for a while</title>
<style>body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f7f5f1;color:#1f2430;
font:1.125rem/1.6 system-ui,sans-serif}main{max-width:32rem;padding:2rem}h1{font-size:1.75rem;line-height:1.2}</style>
</head><body><main><h1>This website is away for a while</h1>
<p>The center’s pages are not available at the moment. Please try again later, or call the center.</p>
</main></body></html>"""


class Standing:
    """Which organizations are suspended now, at most two seconds ago."""

    def __init__(self, database: Database, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._ticks = ticks
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._was_asked = False
        self._organizations: frozenset[str] = frozenset()
        self._slugs: frozenset[str] = frozenset()

    def is_suspended(self, organization_id: str) -> bool:
        """Whether an organization is suspended."""
        self.refresh()
        return organization_id in self._organizations

    def are_all_suspended(self, organization_ids: Callable[[], Collection[str]]) -> bool:
        """Whether there are some, and all are suspended; `organization_ids` is asked only while any organization of
        this server is."""
        self.refresh()
        if not self._organizations:
            return False
        asked = organization_ids()
        return bool(asked) and self._organizations.issuperset(asked)

    def is_away(self, slug: str) -> bool:
        """Whether the website under a slug belongs to a suspended organization, as last asked."""
        return slug in self._slugs

    @property
    def is_fresh(self) -> bool:
        """Whether what is known is new enough to be used."""
        return self._ticks() - self._asked_at <= _FRESH_SECONDS

    def refresh(self) -> None:
        """Ask the database, if the last answer is old."""
        if self.is_fresh or not self._lock.acquire(blocking=not self._was_asked):
            # Somebody is asking: what was known till now does for everybody else.
            return
        try:
            if not self.is_fresh:
                self._ask()
        except SQLAlchemyError as error:
            # Pages that are kept ready go on without the database.
            _log.warning("suspensions cannot be read", error=error)
        finally:
            self._asked_at, self._was_asked = self._ticks(), True
            self._lock.release()

    def _ask(self) -> None:
        with self._database.routing() as session:
            suspended = session.execute(
                select(OrganizationSuspension.organization_id, OrganizationRoute.slug)
                .outerjoin(
                    OrganizationRoute, OrganizationRoute.organization_id == OrganizationSuspension.organization_id
                )
                .where(OrganizationSuspension.suspended_at.is_not(None))
            ).all()
        self._organizations = frozenset(organization for organization, _ in suspended)
        self._slugs = frozenset(slug for _, slug in suspended if slug)


class AwayPages:
    """ASGI middleware that answers 503 for the websites of suspended organizations."""

    def __init__(self, app: ASGIApp, *, standing: Standing) -> None:
        self._app = app
        self._standing = standing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug = scope["path"].lstrip("/").partition("/")[0] if scope["type"] == "http" else ""
        if slug and slug not in _OWN:
            if not self._standing.is_fresh:
                await run_in_threadpool(self._standing.refresh)
            if self._standing.is_away(slug):
                page = HTMLResponse(_AWAY, 503, {"Retry-After": "3600", "Cache-Control": "no-store"})
                await page(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_suspended(session: Session, organization_id: str) -> bool:
    """Whether an organization is suspended, as the database knows it at this moment."""
    known = session.get(OrganizationSuspension, organization_id)
    return known is not None and known.suspended_at is not None


def suspend(database: Database, organization_id: str, now: datetime, note: str = "") -> bool:
    """Suspend an organization; False when it is suspended already."""
    with database.routing() as session:
        if is_suspended(session, organization_id):
            return False
        known = session.get(OrganizationSuspension, organization_id)
        if known is None:
            known = OrganizationSuspension(organization_id=organization_id)
            session.add(known)
        known.suspended_at, known.note = now, note
    return True


def resume(database: Database, organization_id: str) -> bool:
    """End an organization's suspension; False when there is none."""
    with database.routing() as session:
        known = session.get(OrganizationSuspension, organization_id)
        if known is None or known.suspended_at is None:
            return False
        known.suspended_at = None
    return True
