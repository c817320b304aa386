"""Pages of signing in through a provider of OpenID Connect, and of signing the program in through the browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from sync_server.access.errors import AccountError
from sync_server.access.openid import OpenId, account_of
from sync_server.access.pages import message, page
from sync_server.access.pages_common import (
    BrowserOf,
    DeskOf,
    OriginOf,
    PageAnswer,
    SameSite,
    SignedForm,
    drop_cookie,
    let_in,
    safe_then,
    set_cookie,
)
from sync_server.access.pages_entry import Then
from sync_server.access.pairing import new_pairing
from sync_server.access.throttle import Limit, charge
from sync_server.models import Account
from sync_server.settings import OpenIdProvider

router = APIRouter(prefix="/account", include_in_schema=False)

_COOKIE = "itutoros_openid"
_ATTEMPTS = Limit(20, timedelta(seconds=15))
_BACK = ("Back to sign-in", "/account/sign-in")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE = re.compile(r"[A-Za-z0-9_-]{16,128}")


def _openid(request: Request) -> OpenId:
    known: OpenId | None = getattr(request.app.state, "openid", None)
    if known is None:
        known = request.app.state.openid = OpenId(request.app.state.settings.openid_providers)
    return known


def _provider(request: Request, name: str) -> OpenIdProvider:
    found = _openid(request).provider(name)
    if found is None:
        raise PageAnswer(message("There is no such page", "This way of signing in is not set up here.", status=404))
    return found


@router.get("/openid/{name}")
def begin(name: str, request: Request, desk: DeskOf, origin: OriginOf, then: Then = "") -> Response:
    """On to the provider."""
    provider = _provider(request, name)
    try:
        with desk.database.routing() as session:
            charge(session, {f"openid from {origin.network}": _ATTEMPTS}, desk.now())
        begun = _openid(request).begin(desk, provider, {"then": safe_then(then)})
    except AccountError as error:
        return _failed(error)
    response = RedirectResponse(begun.address, 303)
    set_cookie(desk, response, _COOKIE, begun.browser, 600)
    return response


@router.get("/openid/{name}/return")
def finish(
    name: str,
    request: Request,
    desk: DeskOf,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Back from the provider: let the person in whom it recognized."""
    provider = _provider(request, name)
    if error or not code:
        words = f"{provider.words} did not sign you in. Try again, or use your password."
        return message("Not signed in", words, status=403, button=_BACK)
    browser = request.cookies.get(_COOKIE, "")
    try:
        person, wanted = _openid(request).finish(desk, provider, state=state, code=code, browser=browser)
        account_id = account_of(desk, person)
    except AccountError as problem:
        return _failed(problem)
    response = let_in(desk, request, account_id, then=wanted.get("then", ""))
    drop_cookie(response, _COOKIE)
    return response


@router.get("/desktop")
def desktop_page(
    desk: DeskOf,
    browser: BrowserOf,
    port: Annotated[int, Query(ge=1024, le=65535)],
    challenge: Annotated[str, Query(max_length=43)],
    state: Annotated[str, Query(max_length=128)],
) -> Response:
    """Ask whether the program that opened this page may be signed in too."""
    if not _CHALLENGE.fullmatch(challenge) or not _STATE.fullmatch(state):
        return _no_program()
    with desk.database.routing() as session:
        email = session.execute(select(Account.email).where(Account.id == browser.account_id)).scalar_one()
    return page(
        "desktop",
        email=email,
        form_word=browser.form_word,
        port=port,
        challenge=challenge,
        state=state,
        form_goes_on_to=f"http://127.0.0.1:{port}",
    )


@router.post("/desktop", dependencies=[SameSite])
def pair(desk: DeskOf, signed: SignedForm) -> Response:
    """Send the program its code, to the port on this very PC on which it listens (RFC 8252)."""
    sent = signed.sent
    port, challenge, state = sent.get("port"), sent.get("challenge"), sent.get("state")
    is_port = port.isascii() and port.isdigit() and 1024 <= int(port[:6]) <= 65535
    if not is_port or not _CHALLENGE.fullmatch(challenge) or not _STATE.fullmatch(state):
        return _no_program()
    with desk.database.routing() as session:
        code = new_pairing(session, desk, signed.browser.account_id, challenge)
    return RedirectResponse(f"http://127.0.0.1:{int(port)}/?{urlencode({'code': code, 'state': state})}", 303)


def _failed(error: AccountError) -> Response:
    return message("Not signed in", str(error), status=error.status, button=_BACK, headers=error.headers)


def _no_program() -> Response:
    return message("This page is for the program", "Begin again from iTutorOS on your PC.", status=422)
