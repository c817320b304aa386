"""Pages for who is not signed in: sign-up and its link, sign-in and its second factor, and a forgotten password."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from shared_models.organization.countries import COUNTRIES, CURRENCIES
from sync_server.access import browsers
from sync_server.access.accounts import Authenticated, authenticate, check_code, check_slug
from sync_server.access.choices import zone_groups, zones
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import AccountError, LinkEnded, SignInRefused, SlugTaken
from sync_server.access.forms import Form, Sent, SentForm, email_error, name_error
from sync_server.access.pages import message, page
from sync_server.access.pages_common import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    SIGN_UP_COOKIE,
    DeskOf,
    OriginOf,
    PageAnswer,
    SameSite,
    check_word,
    drop_cookie,
    let_in,
    safe_then,
    set_cookie,
    with_then,
)
from sync_server.access.password_reset import open_reset, request_reset, reset_password
from sync_server.access.passwords import check_password
from sync_server.access.sign_up import Wish, confirm_sign_up, open_sign_up, proposed_slug, request_sign_up
from sync_server.access.throttle import Origin, remember_place
from sync_server.access.tokens import new_secret
from sync_server.models import OrganizationRoute

router = APIRouter(prefix="/account", include_in_schema=False)

Key = Annotated[str, Query(max_length=200)]
Then = Annotated[str, Query(max_length=1000)]


@router.get("/sign-up")
def sign_up_page(desk: DeskOf) -> Response:
    """The empty form."""
    return _sign_up(desk, Form({"time_zone": "America/New_York", "country": "US", "currency": "USD"}))


@router.post("/sign-up", dependencies=[SameSite])
def sign_up(sent: SentForm, desk: DeskOf, origin: OriginOf) -> Response:
    """Note what is wanted and mail the link, or show the form again."""
    answer = RedirectResponse("/account/sign-up/sent", 303)
    if sent.is_trapped:
        return answer
    wish, errors, proposal = _checked(desk, sent)
    if errors or wish is None:
        return _sign_up(desk, _with_slug(sent.form(**errors), proposal), 422)
    try:
        browser = request_sign_up(desk, wish, origin)
    except SlugTaken as error:
        return _sign_up(desk, sent.form(slug=str(error)), 409)
    except AccountError as error:
        return _sign_up(desk, sent.form(form=str(error)), error.status, error.headers)
    set_cookie(desk, answer, SIGN_UP_COOKIE, browser, 24 * 3600)
    return answer


@router.get("/sign-up/sent")
def sign_up_sent() -> Response:
    """What to do next; the same for everybody."""
    return message(
        "Look into your mail",
        "We sent you a link. Open it, and your center is there.",
        "Nothing after five minutes? Look into the spam folder, or sign up again: perhaps a letter was wrong.",
    )


@router.get("/confirm")
def confirm_page(request: Request, desk: DeskOf, key: Key = "") -> Response:
    """What a link of sign-up leads to. Opening it makes nothing yet: programs that check mail open links too."""
    return _confirm(request, desk, key, Form())


@router.post("/confirm", dependencies=[SameSite])
def confirm(request: Request, sent: SentForm, desk: DeskOf) -> Response:
    """Make the organization, and let its owner in."""
    key = sent.get("key")
    try:
        found = open_sign_up(desk, key, request.cookies.get(SIGN_UP_COOKIE, ""))
        account_id = confirm_sign_up(
            desk,
            key,
            request.cookies.get(SIGN_UP_COOKIE, ""),
            password=sent.get("password"),
            slug=sent.get("slug").lower(),
        )
    except SlugTaken as error:
        return _confirm(request, desk, key, sent.form(slug=str(error)), 409, needs_slug=True)
    except SignInRefused as error:
        return _confirm(request, desk, key, sent.form(password=str(error)), 422)
    except LinkEnded as error:
        return _ended(error, ("Sign up again", "/account/sign-up"))
    except AccountError as error:
        return _confirm(request, desk, key, sent.form(form=str(error)), error.status, error.headers)
    slug = sent.get("slug").lower() or found.slug
    then = f"/account/welcome?slug={slug}"
    if found.has_account:
        # The link made a center, but to come into an account that was there before takes its password.
        return RedirectResponse(then, 303)
    response = let_in(desk, request, account_id, then=then)
    drop_cookie(response, SIGN_UP_COOKIE)
    return response


@router.get("/sign-in")
def sign_in_page(request: Request, then: Then = "") -> Response:
    """The empty form."""
    return _sign_in(request, Form({"then": then}))


@router.post("/sign-in", dependencies=[SameSite])
def sign_in(request: Request, sent: SentForm, desk: DeskOf, origin: OriginOf) -> Response:
    """Let a browser in, or on to its second factor."""
    email, password = sent.get("email"), sent.get("password")
    missing = {
        key: words
        for key, words in (("email", "Type your e-mail address."), ("password", "Type your password."))
        if not sent.get(key)
    }
    if missing:
        return _sign_in(request, sent.form(**missing), 422)
    try:
        who = authenticate(desk.database, email[:254], password[:1000], origin, desk.now())
    except SignInRefused as error:
        return _sign_in(request, sent.form(password=str(error)), 403)
    except AccountError as error:
        return _sign_in(request, sent.form(form=str(error)), error.status, error.headers)
    return let_in(desk, request, who.account_id, known_proof=who.known_proof, then=sent.get("then"))


@router.get("/sign-in/code")
def code_page(request: Request, desk: DeskOf, then: Then = "") -> Response:
    """Where the second factor is typed."""
    return page("code", form=Form({"then": safe_then(then)}), form_word=_waiting(request, desk).form_word)


@router.post("/sign-in/code", dependencies=[SameSite])
def code(request: Request, sent: SentForm, desk: DeskOf, origin: OriginOf) -> Response:
    """Let a browser in whose second factor is right."""
    waiting = _waiting(request, desk)
    check_word(waiting, sent.get("form_word"))
    try:
        check_code(desk.database, Authenticated(waiting.account_id), sent.get("code"), desk.now())
    except AccountError as error:
        return page(
            "code",
            status=error.status,
            headers=error.headers,
            form=sent.form(code=str(error)),
            form_word=waiting.form_word,
        )
    proof = new_secret()
    with desk.database.routing() as session:
        token = browsers.complete(session, request.cookies[SESSION_COOKIE], waiting.account_id)
        remember_place(session, waiting.account_id, Origin(origin.address, proof), desk.now())
    response = RedirectResponse(safe_then(sent.get("then")) or "/account/", 303)
    set_cookie(desk, response, SESSION_COOKIE, token)
    set_cookie(desk, response, DEVICE_COOKIE, proof, 365 * 24 * 3600)
    return response


@router.get("/reset")
def reset_page() -> Response:
    """The empty form."""
    return page("reset")


@router.post("/reset", dependencies=[SameSite])
def reset(sent: SentForm, desk: DeskOf, origin: OriginOf) -> Response:
    """Mail a link to who has an account; the answer is the same for all."""
    answer = RedirectResponse("/account/reset/sent", 303)
    if sent.is_trapped:
        return answer
    wrong = email_error(sent.get("email"))
    if wrong:
        return page("reset", status=422, form=sent.form(email=wrong))
    try:
        request_reset(desk, sent.get("email"), origin)
    except AccountError as error:
        return page("reset", status=error.status, headers=error.headers, form=sent.form(form=str(error)))
    return answer


@router.get("/reset/sent")
def reset_sent() -> Response:
    """What to do next; the same for everybody."""
    return message(
        "Look into your mail",
        "If this address has an account, a link to choose a new password is on its way. It works for an hour.",
        "Nothing after five minutes? Look into the spam folder, or try another address of yours.",
    )


@router.get("/password")
def password_page(desk: DeskOf, key: Key = "") -> Response:
    """Where a mailed link leads."""
    return _password(desk, key, Form())


@router.post("/password", dependencies=[SameSite])
def password(request: Request, sent: SentForm, desk: DeskOf) -> Response:
    """Keep the new password; whoever set it by a mailed link is let in."""
    key = sent.get("key")
    try:
        account_id = reset_password(desk, key, sent.get("password"))
    except LinkEnded as error:
        return _ended(error, ("Ask for a new link", "/account/reset"))
    except AccountError as error:
        return _password(desk, key, sent.form(password=str(error)), error.status, error.headers)
    return let_in(desk, request, account_id, then="/account/?done=password")


def _checked(desk: AccountDesk, sent: Sent) -> tuple[Wish | None, dict[str, str], str]:
    """The wish, or errors by field, and a proposal for the website address."""
    if sent.is_too_long:
        return None, {"form": "That was too much text. Please write less."}, ""
    get = sent.get
    errors = {
        "business_name": name_error(get("business_name"), 120, "How is your center called?"),
        "first_name": name_error(get("first_name"), 80, "Type your first name."),
        "last_name": name_error(get("last_name"), 80),
        "email": email_error(get("email")),
        "time_zone": "" if get("time_zone") in zones() else "Choose a time zone from the list.",
        "country": "" if get("country") in COUNTRIES else "Choose a country from the list.",
        "currency": "" if get("currency") in CURRENCIES else "Choose a currency from the list.",
    }
    proposal = ""
    slug = get("slug").lower().strip("/ ")
    if not slug and not errors["business_name"]:
        slug = proposal = proposed_slug(desk, get("business_name"))
        if not slug:
            errors["slug"] = "Choose an address of the letters a–z."
    if slug:
        try:
            check_slug(slug)
            with desk.database.routing() as session:
                if session.get(OrganizationRoute, slug) is not None:
                    errors["slug"] = f"The website address “{slug}” is taken. Choose another."
        except SlugTaken as error:
            errors["slug"] = str(error)
    try:
        check_password(
            get("password"),
            desk.password_minimum,
            [get("email"), get("business_name"), get("first_name"), get("last_name")],
        )
    except AccountError as error:
        errors["password"] = str(error)
    wrong = {key: errors[key] for key in _ORDER if errors.get(key)}
    if wrong:
        return None, wrong, proposal
    wish = Wish(
        business_name=get("business_name"),
        slug=slug,
        time_zone=get("time_zone"),
        country=get("country"),
        currency=get("currency"),
        first_name=get("first_name"),
        last_name=get("last_name"),
        email=get("email"),
        password=get("password"),
    )
    return wish, {}, proposal


_ORDER = (
    "business_name", "slug", "time_zone", "country", "currency", "first_name", "last_name", "email", "password",
)  # fmt: skip


def _with_slug(form: Form, proposal: str) -> Form:
    return Form({**form.values, "slug": proposal}, form.errors) if proposal else form


def _sign_up(desk: AccountDesk, form: Form, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return page(
        "sign_up",
        status=status,
        headers=headers,
        form=form,
        site_host=urlsplit(desk.base_url).netloc,
        zones=zone_groups(),
        countries=list(COUNTRIES.items()),
        currencies=[(code, f"{currency.name} ({code})") for code, currency in CURRENCIES.items()],
        minimum=desk.password_minimum,
    )


def _confirm(
    request: Request,
    desk: AccountDesk,
    key: str,
    form: Form,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    needs_slug: bool = False,
) -> Response:
    try:
        found = open_sign_up(desk, key, request.cookies.get(SIGN_UP_COOKIE, ""))
    except LinkEnded as error:
        return _ended(error, ("Sign up again", "/account/sign-up"))
    with desk.database.routing() as session:
        taken = session.scalar(select(OrganizationRoute.slug).where(OrganizationRoute.slug == found.slug)) is not None
    if taken and not needs_slug:
        words = f"The website address “{found.slug}” was taken meanwhile. Choose another."
        proposal = proposed_slug(desk, found.business_name)
        form = Form({**form.values, "slug": proposal}, {**form.errors, "slug": words})
    return page(
        "confirm",
        status=status,
        headers=headers,
        form=form,
        key=key,
        center=found.business_name,
        email=found.email,
        has_account=found.has_account,
        needs_password=found.needs_password,
        needs_slug=needs_slug or taken,
        site_host=urlsplit(desk.base_url).netloc,
    )


def _sign_in(request: Request, form: Form, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    providers: list[tuple[str, str]] = [(one.name, one.words) for one in request.app.state.settings.openid_providers]
    then = safe_then(form.values.get("then", ""))
    suffix = with_then("", then)
    return page("sign_in", status=status, headers=headers, form=form, providers=providers, then=then, suffix=suffix)


def _password(
    desk: AccountDesk, key: str, form: Form, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    try:
        email = open_reset(desk, key)
    except LinkEnded as error:
        return _ended(error, ("Ask for a new link", "/account/reset"))
    context: dict[str, Any] = {"key": key, "email": email, "minimum": desk.password_minimum, "form_word": ""}
    return page("password", status=status, headers=headers, form=form, action="/account/password", **context)


def _ended(error: AccountError, button: tuple[str, str]) -> Response:
    return message("This link has ended", str(error), status=410, button=button)


def _waiting(request: Request, desk: AccountDesk) -> browsers.Browser:
    with desk.database.routing() as session:
        found = browsers.known(session, request.cookies.get(SESSION_COOKIE, ""), desk.now())
    if found is None:
        raise PageAnswer(RedirectResponse("/account/sign-in", 303))
    if found.is_complete:
        raise PageAnswer(RedirectResponse("/account/", 303))
    return found
