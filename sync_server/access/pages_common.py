"""What the handlers of account pages share: the desk, cookies, who is signed in, the guard against other sites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from shared_models.clock import system_clock
from sync_server.access import browsers
from sync_server.access.browsers import Browser
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import AccountError
from sync_server.access.forms import SentForm
from sync_server.access.pages import message
from sync_server.access.requests import Refused
from sync_server.access.second_factor import has_second_factor
from sync_server.access.throttle import Origin, remember_place
from sync_server.access.tokens import new_secret
from sync_server.models import Membership
from sync_server.operations.standing import SUSPENDED_WORDS

SESSION_COOKIE = "itutoros_session"
DEVICE_COOKIE = "itutoros_device"
"""By this a browser is known to an account after it signed out; it opens nothing by itself."""
SIGN_UP_COOKIE = "itutoros_sign_up"

_PATH = "/account"
_OWN_PAGE = re.compile(r"/account/[A-Za-z0-9/_-]*(\?[A-Za-z0-9=&%._~-]*)?")
_YEAR = 365 * 24 * 3600


class PageAnswer(Exception):
    """Ends a handler with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def add_page_answers(app: FastAPI) -> None:
    """Let handlers raise PageAnswer, and AccountError: a page for browsers, code and sentence for programs."""

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, PageAnswer)
        return error.response

    async def sentence(request: Request, error: Exception) -> Response:
        assert isinstance(error, AccountError)
        if request.url.path.startswith("/api/"):
            return Refused(error.status, error.code, str(error), headers=error.headers).answer()
        return message("That did not work", str(error), status=error.status, headers=error.headers)

    app.add_exception_handler(PageAnswer, answer)
    app.add_exception_handler(AccountError, sentence)


def desk_of(request: Request) -> AccountDesk:
    """The desk of accounts, made of the app's settings."""
    settings = request.app.state.settings
    return AccountDesk(
        database=request.app.state.database,
        base_url=settings.site_url,
        mail_sender=settings.mail.sender,
        password_minimum=settings.password_minimum,
        now=getattr(request.app.state, "account_clock", system_clock),
    )


DeskOf = Annotated[AccountDesk, Depends(desk_of)]


def origin_of(request: Request) -> Origin:
    """Where a browser's request comes from, with the proof in its cookie."""
    return Origin(request.client.host if request.client else "", request.cookies.get(DEVICE_COOKIE, "")[:200])


OriginOf = Annotated[Origin, Depends(origin_of)]


def same_site(request: Request, desk: DeskOf) -> None:
    """Refuse a form that another site sent. Browsers say where a form comes from; what says nothing is no browser."""
    sent_from = request.headers.get("origin")
    if sent_from is not None:
        is_ours = urlsplit(sent_from).netloc in {urlsplit(desk.base_url).netloc, request.headers.get("host", "")}
    else:
        is_ours = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not is_ours:
        raise PageAnswer(message("This form came from another site", "Open the page here and try again.", status=403))


SameSite = Depends(same_site)


def browser_of(request: Request, desk: DeskOf) -> Browser:
    """The signed-in browser behind a request; others are sent to sign in."""
    with desk.database.routing() as session:
        found = browsers.known(session, request.cookies.get(SESSION_COOKIE, ""), desk.now())
    if found is not None and request.app.state.standing.are_all_suspended(lambda: centers_of_account(desk, found)):
        # Ended and not only stopped: whoever comes back after a suspension shows the password again.
        with desk.database.routing() as session:
            browsers.end_browser(session, found.account_id, found.id)
        raise PageAnswer(message("Your center’s account is suspended", SUSPENDED_WORDS, status=403))
    then = f"{request.url.path}?{request.url.query}" if request.method == "GET" else ""
    if found is None:
        raise PageAnswer(RedirectResponse(with_then("/account/sign-in", then), 303))
    if not found.is_complete:
        raise PageAnswer(RedirectResponse(with_then("/account/sign-in/code", then), 303))
    return found


BrowserOf = Annotated[Browser, Depends(browser_of)]


def centers_of_account(desk: AccountDesk, browser: Browser) -> list[str]:
    """The organizations that a browser's account belongs to."""
    with desk.database.routing() as session:
        own = select(Membership.organization_id).where(Membership.account_id == browser.account_id)
        return list(session.scalars(own))


def safe_then(then: str) -> str:
    """Where to go on after signing in: a page of ours, or "" when the words name none."""
    return then if _OWN_PAGE.fullmatch(then) else ""


def with_then(address: str, then: str) -> str:
    """An address that remembers where to go on."""
    then = safe_then(then.rstrip("?"))
    return f"{address}?then={quote(then, safe='')}" if then and then != "/account/" else address


@dataclass(frozen=True, slots=True)
class Signed:
    """A form that a signed-in browser sent from one of our pages."""

    browser: Browser
    sent: SentForm


def signed_form(browser: BrowserOf, sent: SentForm) -> Signed:
    """Refuse a form that does not carry its browser's word."""
    check_word(browser, sent.get("form_word"))
    return Signed(browser, sent)


SignedForm = Annotated[Signed, Depends(signed_form)]


def check_word(browser: Browser, word: str) -> None:
    """Refuse a form without the word that only our page knows."""
    if word != browser.form_word:
        raise PageAnswer(message("This page is too old", "Open it again and try once more.", status=403))


def let_in(
    desk: AccountDesk,
    request: Request,
    account_id: str,
    *,
    known_proof: str = "",
    then: str = "",
    is_complete: bool = False,
) -> Response:
    """Sign the browser in as an account whose password, link or provider was right, or ask for the second factor
    unless that was shown too (`is_complete`)."""
    origin, now = origin_of(request), desk.now()
    proof = known_proof or new_secret()
    with desk.database.routing() as session:
        needs_code = not is_complete and has_second_factor(session, account_id)
        before = browsers.known(session, request.cookies.get(SESSION_COOKIE, ""), now)
        if before is not None:
            browsers.end_browser(session, before.account_id, before.id)
        token = browsers.start(
            session,
            account_id,
            is_complete=not needs_code,
            agent=request.headers.get("user-agent", ""),
            address=origin.address,
            now=now,
        )
        if not needs_code:
            remember_place(session, account_id, Origin(origin.address, proof), now)
    then = safe_then(then)
    response = RedirectResponse(with_then("/account/sign-in/code", then) if needs_code else then or "/account/", 303)
    set_cookie(desk, response, SESSION_COOKIE, token)
    if not needs_code:
        set_cookie(desk, response, DEVICE_COOKIE, proof, _YEAR)
    return response


def set_cookie(desk: AccountDesk, response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Give a browser a secret that no script and no other site's form can use."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=_PATH,
        secure=desk.base_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path=_PATH)
