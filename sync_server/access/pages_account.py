"""Pages of who is signed in: where the account is signed in, its password, its second factor."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Path, Query
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.access import browsers, second_factor
from sync_server.access.accounts import Authenticated, authenticate, check_code
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import AccountError, SignInRefused
from sync_server.access.forms import Form
from sync_server.access.letters import SERVER_ITSELF, Letter, moment_words, queue_letter
from sync_server.access.one_time_codes import enrolment_uri, spelled
from sync_server.access.overview import overview_of
from sync_server.access.pages import message, page
from sync_server.access.pages_common import (
    SESSION_COOKIE,
    BrowserOf,
    DeskOf,
    OriginOf,
    SameSite,
    SignedForm,
    drop_cookie,
)
from sync_server.access.password_reset import change_password
from sync_server.access.throttle import Origin
from sync_server.models import Account

router = APIRouter(prefix="/account", include_in_schema=False)

_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
RowId = Annotated[str, Path(pattern=_UUID)]

_DONE = {
    "password": "Your new password is saved. Everything else was signed out.",
    "ended": "Signed out there.",
    "everywhere": "Signed out everywhere but here.",
    "factor-off": "The second factor is off.",
    "joined": "Welcome. You can sign in to the program now.",
}


@router.get("")
def without_slash() -> Response:
    """The address as people type it."""
    return RedirectResponse("/account/", 308)


@router.get("/")
def overview(desk: DeskOf, browser: BrowserOf, done: Annotated[str, Query(max_length=40)] = "") -> Response:
    """The account's own page."""
    shown = overview_of(desk, browser.account_id, browser.id)
    return page(
        "overview",
        email=shown.email,
        centers=shown.centers,
        browsers=shown.browsers,
        devices=shown.devices,
        factor=shown.factor,
        form_word=browser.form_word,
        done=_DONE.get(done, ""),
    )


@router.get("/welcome")
def welcome(desk: DeskOf, browser: BrowserOf, slug: Annotated[str, Query(max_length=63)] = "") -> Response:
    """What comes after a new center."""
    shown = overview_of(desk, browser.account_id, browser.id)
    center = next((one for one in shown.centers if one.slug == slug), None)
    if center is None:
        return RedirectResponse("/account/", 303)
    return page("welcome", center=center.name, slug=center.slug, email=shown.email, base_url=desk.base_url)


@router.post("/sign-out", dependencies=[SameSite])
def sign_out(desk: DeskOf, signed: SignedForm) -> Response:
    """Sign this browser out."""
    with desk.database.routing() as session:
        browsers.end_browser(session, signed.browser.account_id, signed.browser.id)
    response = RedirectResponse("/account/sign-in", 303)
    drop_cookie(response, SESSION_COOKIE)
    return response


@router.post("/sign-out-everywhere", dependencies=[SameSite])
def sign_out_everywhere(desk: DeskOf, signed: SignedForm) -> Response:
    """Sign everything out but this browser."""
    with desk.database.routing() as session:
        browsers.end_everything(session, signed.browser.account_id, keep_browser=signed.browser.id)
    return RedirectResponse("/account/?done=everywhere", 303)


@router.post("/browsers/{browser_id}/end", dependencies=[SameSite])
def end_browser(browser_id: RowId, desk: DeskOf, signed: SignedForm) -> Response:
    """Sign another browser out."""
    with desk.database.routing() as session:
        found = browsers.end_browser(session, signed.browser.account_id, browser_id)
    return RedirectResponse("/account/?done=ended", 303) if found else _missing()


@router.post("/devices/{organization_id}/{device_id}/end", dependencies=[SameSite])
def end_device(organization_id: RowId, device_id: RowId, desk: DeskOf, signed: SignedForm) -> Response:
    """Sign a PC out, which keeps its data."""
    with desk.database.routing() as session:
        found = browsers.end_device(session, signed.browser.account_id, organization_id, device_id)
    return RedirectResponse("/account/?done=ended", 303) if found else _missing()


@router.get("/change-password")
def change_password_page(desk: DeskOf, browser: BrowserOf) -> Response:
    """The empty form."""
    return _change_password(desk, browser, Form())


@router.post("/change-password", dependencies=[SameSite])
def change(desk: DeskOf, signed: SignedForm, origin: OriginOf) -> Response:
    """Keep a new password for who knows the old one."""
    sent, browser = signed.sent, signed.browser
    try:
        _again(desk, browser, sent.get("current"), origin)
        change_password(desk, browser.account_id, sent.get("password"), keep_browser=browser.id)
    except SignInRefused:
        return _change_password(desk, browser, sent.form(current="This is not your password."), 422)
    except AccountError as error:
        wrong = sent.form(password=str(error))
        return _change_password(desk, browser, wrong, error.status, error.headers)
    return RedirectResponse("/account/?done=password", 303)


@router.get("/second-factor")
def second_factor_page(desk: DeskOf, browser: BrowserOf) -> Response:
    """The picture for the app."""
    return _second_factor(desk, browser, Form())


@router.post("/second-factor", dependencies=[SameSite])
def switch_on(desk: DeskOf, signed: SignedForm, origin: OriginOf) -> Response:
    """Put the second factor in force, and show the recovery codes once."""
    sent, browser = signed.sent, signed.browser
    try:
        _again(desk, browser, sent.get("password"), origin)
        with desk.database.tenant(SERVER_ITSELF) as session:
            codes = second_factor.confirm(session, browser.account_id, sent.get("code"), desk.now())
            tell_of_factor(session, desk, browser.account_id, is_on=True)
    except SignInRefused:
        return _second_factor(desk, browser, sent.form(password="This is not your password."), 422)
    except AccountError as error:
        return _second_factor(desk, browser, sent.form(code=str(error)), error.status, error.headers)
    return page("recovery", codes=codes)


@router.get("/second-factor/remove")
def remove_page(browser: BrowserOf) -> Response:
    """The empty form."""
    return page("remove_factor", form_word=browser.form_word)


@router.post("/second-factor/remove", dependencies=[SameSite])
def switch_off(desk: DeskOf, signed: SignedForm, origin: OriginOf) -> Response:
    """Switch the second factor off for who has both."""
    sent, browser = signed.sent, signed.browser
    try:
        who = _again(desk, browser, sent.get("password"), origin)
        check_code(desk.database, who, sent.get("code"), desk.now())
        with desk.database.tenant(SERVER_ITSELF) as session:
            second_factor.remove(session, browser.account_id)
            tell_of_factor(session, desk, browser.account_id, is_on=False)
    except SignInRefused:
        wrong = sent.form(password="This is not your password.")
        return page("remove_factor", status=422, form=wrong, form_word=browser.form_word)
    except AccountError as error:
        return page(
            "remove_factor",
            status=error.status,
            headers=error.headers,
            form=sent.form(code=str(error)),
            form_word=browser.form_word,
        )
    return RedirectResponse("/account/?done=factor-off", 303)


def tell_of_factor(session: Session, desk: AccountDesk, account_id: str, *, is_on: bool) -> None:
    """Tell the person by mail that the second factor was switched."""
    email: str = session.execute(select(Account.email).where(Account.id == account_id)).scalar_one()
    words = "on" if is_on else "off"
    now = desk.now()
    letter = Letter(
        recipient=email,
        recipient_name="",
        subject=f"Your second factor is {words}",
        heading=f"Your second factor is {words}",
        paragraphs=[f"It was switched {words} on {moment_words(now)}."],
        button=("It was not me", f"{desk.base_url}/account/reset"),
        closing="If it was you, there is nothing to do.",
    )
    queue_letter(session, desk, letter, now)


def qr_picture(uri: str) -> str:
    """A QR code as an SVG element."""
    picture: str = segno.make(uri, error="m").svg_inline(scale=4, border=2, dark="#18201D", light="#FFFFFF")
    return picture


def _again(desk: AccountDesk, browser: browsers.Browser, password: str, origin: Origin) -> Authenticated:
    """The password once more, before what a borrowed browser must not do."""
    with desk.database.routing() as session:
        email: str = session.execute(select(Account.email).where(Account.id == browser.account_id)).scalar_one()
    return authenticate(desk.database, email, password[:1000], origin, desk.now())


def _change_password(
    desk: AccountDesk,
    browser: browsers.Browser,
    form: Form,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    with desk.database.routing() as session:
        email = session.execute(select(Account.email).where(Account.id == browser.account_id)).scalar_one()
    return page(
        "password",
        status=status,
        headers=headers,
        form=form,
        action="/account/change-password",
        key="",
        email=email,
        minimum=desk.password_minimum,
        form_word=browser.form_word,
    )


def _second_factor(
    desk: AccountDesk,
    browser: browsers.Browser,
    form: Form,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    with desk.database.routing() as session:
        secret = second_factor.begin(session, browser.account_id)
        email: str = session.execute(select(Account.email).where(Account.id == browser.account_id)).scalar_one()
    return page(
        "second_factor",
        status=status,
        headers=headers,
        form=form,
        picture=Markup(qr_picture(enrolment_uri(secret, email))),
        secret=spelled(secret),
        form_word=browser.form_word,
    )


def _missing() -> Response:
    return message("There is no such page", "It may have been signed out already.", status=404)
