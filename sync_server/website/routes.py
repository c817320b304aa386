"""The website's addresses: the pages of `/<slug>/`, the lead form's target, fonts and robots.txt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from shared_models.catalog.models import Subject
from shared_models.organization.models import Organization
from shared_models.schedule.times import zone_of
from sync_server.database import Database
from sync_server.website.cache import (
    CachedPage,
    PageCacheMiddleware,
    Receive,
    Scope,
    Send,
    SiteCache,
    SiteMoved,
    page_headers,
    send_page,
)
from sync_server.website.content import SiteContent
from sync_server.website.lead_form import (
    MAX_BODY_BYTES,
    LeadDraft,
    LeadForm,
    Outcome,
    add_lead,
    checked,
    known_lead,
    lead_id_of,
    read_form,
)
from sync_server.website.letters import letters_for
from sync_server.website.pages import ASSET_PREFIX, Page, fonts, render_lead_form, render_message
from sync_server.website.rate_limit import EVERY, may_submit

SLUG = r"[a-z0-9][a-z0-9\-]{0,62}"

_FOREVER = "public, max-age=31536000, immutable"

_log = structlog.get_logger(__name__)


class PageResponse(Response):
    """A page from the cache, for a visit that had to wait for it."""

    def __init__(self, page: CachedPage) -> None:
        super().__init__()
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_page(self._page, scope, send)


async def limited_body(request: Request) -> bytes | None:
    """The body of a request; None when it is larger than any form of ours, and then not read to its end."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            return None
    return bytes(received)


def add_website(
    app: FastAPI,
    database: Database,
    *,
    base_url: str,
    mail_sender: str,
    wake_mail: Callable[[str], None] = lambda organization_id: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ticks: Callable[[], float] = time.monotonic,
) -> SiteCache:
    """Put the public websites into the application: routes, and the page cache ahead of them.

    `base_url` is the server's public address, `mail_sender` the address that its mail comes from, and `wake_mail`
    is told the organization whose outbox has new mail. To be called after all other routes were added: a slug
    matches whatever they left over. `now` and `ticks` are the clocks of opening hours and of freshness.
    """
    cache = SiteCache(database, base_url, now, ticks)
    desk = LeadDesk(database, cache, base_url=base_url, mail_sender=mail_sender, wake_mail=wake_mail, now=now)
    app.include_router(_router(cache, desk))
    app.add_middleware(PageCacheMiddleware, cache=cache)
    return cache


class LeadDesk:
    """Takes submissions of the lead form: checked, counted, kept once, with the mails that follow."""

    def __init__(
        self,
        database: Database,
        cache: SiteCache,
        *,
        base_url: str,
        mail_sender: str,
        wake_mail: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cache = cache
        self._base_url = base_url
        self._mail_sender = mail_sender
        self._wake_mail = wake_mail
        self._now = now

    def answer(self, slug: str, body: bytes | None, address: str) -> Response:
        """What a browser gets for a submission: on to the thanks page, or the form again with what was typed."""
        site = self._cache.site(slug).content
        if body is None:
            form = LeadForm(errors={"form": "That was too much text. Please write less, or call us."})
            return _html(render_lead_form(site, form), 413)
        form = read_form(body)
        if form.is_trapped:
            # A program, by the field that people do not see: it is told what a person is told.
            return _thanks(slug)
        with self._database.tenant(site.organization_id, read_only=True) as session:
            subject_ids = set(
                session.scalars(select(Subject.id).where(Subject.organization_id == site.organization_id))
            )
        form, draft = checked(form, subject_ids, site.country)
        if draft is None:
            return _html(render_lead_form(site, form), 422)
        if self.accept(site, draft, address) is Outcome.TOO_MANY:
            form = LeadForm(values=form.values, errors={"form": _too_many(site)})
            wait = str(int(EVERY / timedelta(seconds=1)))
            return _html(render_lead_form(site, form), 429, {"Retry-After": wait})
        return _thanks(slug)

    def accept(self, site: SiteContent, draft: LeadDraft, address: str) -> Outcome:
        """Keep the lead, its mails and the count of the address in one transaction; a known one changes nothing."""
        now = self._now().replace(microsecond=0)
        organization_id = site.organization_id
        with self._database.tenant(organization_id) as session:
            if known_lead(session, organization_id, draft, now) is not None:
                return Outcome.KNOWN_ALREADY
            if not may_submit(session, organization_id, address, now):
                return Outcome.TOO_MANY
            add_lead(session, organization_id, draft, now)
            zone = session.scalar(select(Organization.time_zone).where(Organization.id == organization_id))
            letters = letters_for(
                site,
                draft,
                lead_id_of(organization_id, draft, now.date()),
                now=now,
                local=now.astimezone(zone_of(zone or "UTC")),
                sender=self._mail_sender,
                base_url=self._base_url,
            )
            session.add_all(letters)
        if letters:
            self._wake_mail(organization_id)
        _log.info("web lead accepted", organization_id=organization_id, mails=len(letters))
        return Outcome.ACCEPTED


def _router(cache: SiteCache, desk: LeadDesk) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def root() -> Response:
        words = "This server holds the websites of tutoring centers, each under its own address."
        return _html(render_message("Nothing to see at this door", words), 200)

    @router.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nAllow: /\n", media_type="text/plain")

    @router.get(ASSET_PREFIX + "{name}")
    def asset(name: str) -> Response:
        for known, content in fonts().values():
            if known == name:
                return Response(content, media_type="font/woff2", headers={"Cache-Control": _FOREVER})
        return _missing()

    @router.api_route("/{slug}", methods=["GET", "HEAD"])
    def without_slash(slug: str) -> Response:
        return RedirectResponse(f"/{slug}/", 308) if _is_slug(slug) else _missing()

    @router.post("/{slug}/lead")
    def submit(slug: str, request: Request, body: Annotated[bytes | None, Depends(limited_body)]) -> Response:
        address = request.client.host if request.client else ""
        try:
            return desk.answer(slug, body, address)
        except SiteMoved as moved:
            return RedirectResponse(f"/{moved.slug}/lead", 308)
        except LookupError:
            return _missing()

    @router.api_route("/{slug}/{rest:path}", methods=["GET", "HEAD"])
    def page(slug: str, rest: str) -> Response:
        if not _is_slug(slug):
            return _missing()
        try:
            return PageResponse(cache.page(f"/{slug}/{rest}"))
        except SiteMoved as moved:
            return RedirectResponse(f"/{moved.slug}/{rest}", 308)
        except LookupError:
            return _missing()

    return router


def _is_slug(text: str) -> bool:
    return re.fullmatch(SLUG, text) is not None


def _thanks(slug: str) -> Response:
    return RedirectResponse(f"/{slug}/thanks", 303)


def _missing() -> Response:
    page = render_message("There is no such page", "Please look at the address again: perhaps a letter is missing.")
    return _html(page, 404)


def _too_many(site: SiteContent) -> str:
    call = f" or call us at {site.phone}" if site.phone else ""
    return f"Several messages came from your address just now. Please send this one again in two minutes{call}."


def _html(page: Page, status: int, headers: dict[str, str] | None = None) -> Response:
    own = {name.decode(): value.decode() for name, value in page_headers(page)}
    return Response(
        page.body, status, {**own, "Cache-Control": "no-store", **(headers or {})}, "text/html; charset=utf-8"
    )
