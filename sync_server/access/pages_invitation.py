"""The page of an invitation: joining a center with a new account, or with the one that the e-mail has."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sync_server.access import browsers, people
from sync_server.access.accounts import authenticate, check_code
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import AccountError, LinkEnded, SignInRefused, WrongCode
from sync_server.access.forms import Form, Sent, SentForm, name_error
from sync_server.access.pages import message, page
from sync_server.access.pages_common import SESSION_COOKIE, DeskOf, OriginOf, SameSite, let_in, with_then
from sync_server.access.pages_entry import Key
from sync_server.access.people import OpenInvitation
from sync_server.access.throttle import Origin

router = APIRouter(prefix="/account", include_in_schema=False)

_JOINED = "/account/?done=joined"


@router.get("/invitation")
def invitation_page(request: Request, desk: DeskOf, key: Key = "") -> Response:
    """Where a mailed link leads. Opening it changes nothing yet: programs that check mail open links too."""
    return _invitation(request, desk, key, None)


@router.post("/invitation", dependencies=[SameSite])
def join(request: Request, sent: SentForm, desk: DeskOf, origin: OriginOf) -> Response:
    """Join the center, and let the person in."""
    key = sent.get("key")
    try:
        found = people.open_invitation(desk, key)
        if found.account_id is None:
            return _join_anew(request, desk, key, found, sent)
        known_proof = ""
        if not _is_signed_in(request, desk, found.account_id):
            known_proof = _recognize(desk, found, sent, origin)
        people.accept_with_account(desk, key, found.account_id)
    except LinkEnded as error:
        return _ended(error)
    except SignInRefused:
        return _invitation(request, desk, key, sent.form(password="This is not the password of your account."), 403)
    except WrongCode as error:
        return _invitation(request, desk, key, sent.form(code=str(error)), 403)
    except AccountError as error:
        return _invitation(request, desk, key, sent.form(form=str(error)), error.status, error.headers)
    return let_in(desk, request, found.account_id, known_proof=known_proof, then=_JOINED, is_complete=True)


def _join_anew(request: Request, desk: AccountDesk, key: str, found: OpenInvitation, sent: Sent) -> Response:
    wrong = {
        name: words
        for name, words in (
            ("first_name", name_error(sent.get("first_name"), 80, "Type your first name.")),
            ("last_name", name_error(sent.get("last_name"), 80)),
        )
        if words
    }
    if wrong:
        return _invitation(request, desk, key, sent.form(**wrong), 422)
    try:
        account_id = people.accept_with_new_account(
            desk,
            key,
            first_name=sent.get("first_name"),
            last_name=sent.get("last_name"),
            password=sent.get("password"),
        )
    except LinkEnded:
        raise
    except AccountError as error:
        return _invitation(request, desk, key, sent.form(password=str(error)), error.status, error.headers)
    return let_in(desk, request, account_id, then=_JOINED)


def _recognize(desk: AccountDesk, found: OpenInvitation, sent: Sent, origin: Origin) -> str:
    """The device proof of who shows the account's password, and its second factor where that is on."""
    who = authenticate(desk.database, found.email, sent.get("password")[:1000], origin, desk.now())
    if found.has_second_factor:
        check_code(desk.database, who, sent.get("code"), desk.now())
    return who.known_proof


def _is_signed_in(request: Request, desk: AccountDesk, account_id: str | None) -> bool:
    with desk.database.routing() as session:
        here = browsers.known(session, request.cookies.get(SESSION_COOKIE, ""), desk.now())
    return here is not None and here.is_complete and here.account_id == account_id


def _invitation(
    request: Request,
    desk: AccountDesk,
    key: str,
    form: Form | None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    try:
        found = people.open_invitation(desk, key)
    except LinkEnded as error:
        return _ended(error)
    return page(
        "invitation",
        status=status,
        headers=headers,
        form=form or Form({"first_name": found.first_name, "last_name": found.last_name}),
        key=key,
        center=found.center,
        inviter=found.inviter,
        roles=found.roles,
        email=found.email,
        has_account=found.account_id is not None,
        signed_in=_is_signed_in(request, desk, found.account_id),
        needs_code=found.has_second_factor,
        minimum=desk.password_minimum,
        providers=[(one.name, one.words) for one in request.app.state.settings.openid_providers],
        suffix=with_then("", f"/account/invitation?key={key}"),
    )


def _ended(error: AccountError) -> Response:
    return message("This invitation has ended", str(error), status=410, button=("Sign in", "/account/sign-in"))
