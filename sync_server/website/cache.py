"""Keeps rendered pages as bytes, and serves them on the event loop ahead of routing.

A site is rendered once and its pages kept with their ETag and their gzip form. They stay until the organization's
sequence has moved, or until the hours line says something else. How far the sequence is, is asked at most once a
second for a site that is being visited, and never for one that is not: a change at the desk is public a second or
two later, and no process needs to be told of it.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from sync_server.database import Database
from sync_server.models import OrganizationRoute, OrganizationSequence
from sync_server.website.content import SiteContent, load_site_content
from sync_server.website.lead_form import LeadForm
from sync_server.website.pages import Page, render_home, render_lead_form, render_sitemap, render_thanks

FRESH_SECONDS = 1.0
"""So long a site is served without asking whether it has changed."""
STALE_SECONDS = 2.0
"""Between fresh and stale a page is served at once and asked after beside it; later, the visitor waits for that."""

_SITES_KEPT = 1000
_COMPRESSION = 9

Headers = Sequence[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page ready for the wire: its ETag, and for each form (plain, gzip) the messages that send it."""

    etag: bytes
    plain_start: dict[str, Any]
    plain_body: dict[str, Any]
    gzip_start: dict[str, Any]
    gzip_body: dict[str, Any]
    unchanged_start: dict[str, Any]


@dataclass(slots=True)
class CachedSite:
    """A site's content and pages as of one sequence number; `checked_at` is on the monotonic clock."""

    content: SiteContent
    sequence: int
    pages: dict[str, CachedPage]
    checked_at: float
    is_being_checked: bool = field(default=False)


class SiteMoved(LookupError):
    """The slug is an old one; `slug` is where the site is now (product §6)."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class SiteCache:
    """The sites that were visited lately, by slug."""

    def __init__(
        self,
        database: Database,
        base_url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`base_url` is the public address of the server; `now` the clock of hours, `ticks` that of freshness."""
        self._database = database
        self._base_url = base_url
        self._now = now
        self._ticks = ticks
        self._sites: OrderedDict[str, CachedSite] = OrderedDict()
        self._by_path: dict[str, tuple[CachedSite, CachedPage]] = {}
        self._lock = threading.Lock()
        self._rendering: dict[str, threading.Lock] = {}

    def at_hand(self, path: str) -> tuple[CachedSite, CachedPage, float] | None:
        """The page of a path if it is in the cache, with its site and the seconds since it was known to be true."""
        found = self._by_path.get(path)
        if found is None:
            return None
        site, page = found
        return site, page, self._ticks() - site.checked_at

    def site(self, slug: str) -> CachedSite:
        """The site as it is now, rendered anew when it has changed. Blocks: not for the event loop.

        Raises LookupError when there is no such site, SiteMoved when it has another slug by now. When the database
        is away, a site that was seen before is served as it was.
        """
        with self._lock:
            one_at_a_time = self._rendering.setdefault(slug, threading.Lock())
        with one_at_a_time:
            known = self._sites.get(slug)
            if known is not None and self._ticks() - known.checked_at < FRESH_SECONDS:
                return known
            try:
                return self._current(slug, known)
            except SQLAlchemyError:
                if known is None:
                    raise
                _log.exception("website served from the cache", slug=slug)
                known.checked_at = self._ticks()
                return known
            except LookupError:
                self._drop(slug)
                raise

    def page(self, path: str) -> CachedPage:
        """The page of `/<slug>/…`; raises LookupError, and SiteMoved, as `site` does."""
        slug = path.split("/")[1]
        return self.site(slug).pages[path]

    def refresh_soon(self, site: CachedSite, slug: str) -> None:
        """Ask in the background whether the site has changed, unless that is being done already."""
        if site.is_being_checked:
            return
        site.is_being_checked = True
        asyncio.get_running_loop().run_in_executor(None, self._refresh, site, slug)

    def _refresh(self, site: CachedSite, slug: str) -> None:
        try:
            self.site(slug)
        except LookupError:
            pass  # It is gone from the cache now; the next visitor is told so.
        except Exception:
            _log.exception("website could not be refreshed", slug=slug)
        finally:
            site.is_being_checked = False

    def _current(self, slug: str, known: CachedSite | None) -> CachedSite:
        checked_at = self._ticks()
        organization_id = self._route(slug)
        now = self._now()
        with self._database.tenant(organization_id, read_only=True) as session:
            # Read first: what commits between this and the content is then found by the next check.
            sequence = (
                session.scalar(
                    select(OrganizationSequence.last_seq).where(
                        OrganizationSequence.organization_id == organization_id
                    )
                )
                or 0
            )
            if (
                known is not None
                and known.sequence == sequence
                and now < known.content.open_line.valid_until
                and known.content.organization_id == organization_id
            ):
                known.checked_at = checked_at
                return known
            content = load_site_content(session, organization_id, now, slug)
        site = self._rendered(slug, content, sequence, checked_at)
        with self._lock:
            self._forget(slug)
            self._sites[slug] = site
            self._by_path.update({path: (site, page) for path, page in site.pages.items()})
            while len(self._sites) > _SITES_KEPT:
                self._forget(next(iter(self._sites)))
        return site

    def _route(self, slug: str) -> str:
        with self._database.routing() as session:
            # PostgreSQL's texts hold no NUL, and a slug with one is nobody's.
            route = None if "\x00" in slug else session.get(OrganizationRoute, slug)
            if route is None:
                raise LookupError(slug)
            if not route.is_current:
                newest = session.scalar(
                    select(OrganizationRoute.slug).where(
                        OrganizationRoute.organization_id == route.organization_id, OrganizationRoute.is_current
                    )
                )
                if newest is None:
                    raise LookupError(slug)
                raise SiteMoved(newest)
            return route.organization_id

    def _rendered(self, slug: str, content: SiteContent, sequence: int, checked_at: float) -> CachedSite:
        pages = {
            f"/{slug}/": html_page(render_home(content, self._base_url)),
            f"/{slug}/lead": html_page(render_lead_form(content, LeadForm())),
            f"/{slug}/thanks": html_page(render_thanks(content)),
            f"/{slug}/sitemap.xml": wire_page(render_sitemap(content, self._base_url), b"application/xml", ()),
        }
        return CachedSite(content, sequence, pages, checked_at)

    def _drop(self, slug: str) -> None:
        with self._lock:
            self._forget(slug)
            self._rendering.pop(slug, None)

    def _forget(self, slug: str) -> None:
        site = self._sites.pop(slug, None)
        for path in site.pages if site is not None else ():
            self._by_path.pop(path, None)


class PageCacheMiddleware:
    """Answers visits of pages that are in the cache and not stale; everything else goes on to the application."""

    def __init__(self, app: Application, cache: SiteCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            found = self._cache.at_hand(scope["path"])
            if found is not None:
                site, page, age = found
                if age >= FRESH_SECONDS:
                    self._cache.refresh_soon(site, scope["path"].split("/")[1])
                if age < STALE_SECONDS:
                    await send_page(page, scope, send)
                    return
        await self._app(scope, receive, send)


async def send_page(page: CachedPage, scope: Scope, send: Send) -> None:
    """Answer one request with a page: compressed if the browser takes it, or "not modified" if it has it."""
    takes_gzip = False
    known = b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            takes_gzip = b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
        elif name == b"if-none-match":
            known = value
    if known and (page.etag in known or known.strip() == b"*"):
        await send(page.unchanged_start)
        await send(_EMPTY)
        return
    await send(page.gzip_start if takes_gzip else page.plain_start)
    if scope["method"] == "HEAD":
        await send(_EMPTY)
    else:
        await send(page.gzip_body if takes_gzip else page.plain_body)


def html_page(page: Page) -> CachedPage:
    """A rendered page with its policy, ready for the wire."""
    return wire_page(page.body, b"text/html; charset=utf-8", page_headers(page))


def page_headers(page: Page) -> Headers:
    """The headers that keep a page to itself: nothing from elsewhere, no script, no frame around it."""
    return (
        (b"content-security-policy", page.policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
    )


def wire_page(body: bytes, content_type: bytes, headers: Headers) -> CachedPage:
    """Bytes of any type, ready for the wire; browsers ask each time whether they have changed."""
    compressed = gzip.compress(body, _COMPRESSION, mtime=0)
    etag = b'"' + hashlib.sha256(body).hexdigest()[:20].encode() + b'"'
    common = [
        (b"content-type", content_type),
        # Weak: the plain and the compressed form are one page.
        (b"etag", b"W/" + etag),
        (b"cache-control", b"no-cache"),
        (b"vary", b"accept-encoding"),
        *headers,
    ]
    return CachedPage(
        etag=etag,
        plain_start=_start(200, [*common, (b"content-length", str(len(body)).encode())]),
        plain_body={"type": "http.response.body", "body": body},
        gzip_start=_start(
            200,
            [*common, (b"content-encoding", b"gzip"), (b"content-length", str(len(compressed)).encode())],
        ),
        gzip_body={"type": "http.response.body", "body": compressed},
        unchanged_start=_start(304, common[1:4]),
    )


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


_EMPTY: dict[str, Any] = {"type": "http.response.body", "body": b""}
