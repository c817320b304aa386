"""Browsers that signed in: their cookies, how long they last, and ending them; and the end of everything at once."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.orm import Session

from shared_models.base import new_id
from sync_server.access.models import PairingCode, PasswordReset, WebSession
from sync_server.access.tokens import hash_of, new_secret
from sync_server.models import Device

IDLE = timedelta(hours=12)
"""A browser that is not used for so long has to sign in again."""
LONGEST = timedelta(days=30)
CODE_WAIT = timedelta(minutes=10)
"""So long a sign-in waits for its second factor."""

_SEEN_STEP = timedelta(minutes=5)
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in browser: its row, its account, and the word that its forms must carry."""

    id: str
    account_id: str
    is_complete: bool
    form_word: str


def start(session: Session, account_id: str, *, is_complete: bool, agent: str, address: str, now: datetime) -> str:
    """Note a browser that signed in; returns the token for its cookie."""
    token = new_secret()
    session.add(
        WebSession(
            id=new_id(),
            account_id=account_id,
            token_hash=hash_of(token),
            is_complete=is_complete,
            name=browser_name(agent),
            place=place_of(address),
            created_at=now,
            last_seen_at=now,
        )
    )
    return token


def known(session: Session, token: str, now: datetime) -> Browser | None:
    """The browser that shows this token; None when it signed out, was idle for too long, or never was."""
    if not token:
        return None
    row = session.scalars(select(WebSession).where(WebSession.token_hash == hash_of(token))).one_or_none()
    if row is None:
        return None
    too_late = now - row.last_seen_at > IDLE or now - row.created_at > LONGEST
    if too_late or (not row.is_complete and now - row.created_at > CODE_WAIT):
        session.delete(row)
        return None
    if now - row.last_seen_at > _SEEN_STEP:
        row.last_seen_at = now
    return Browser(row.id, row.account_id, row.is_complete, form_word(token))


def signed_in(session: Session, account_id: str) -> list[WebSession]:
    """The browsers in which an account is signed in, the last used first."""
    return list(
        session.scalars(
            select(WebSession)
            .where(WebSession.account_id == account_id, WebSession.is_complete)
            .order_by(WebSession.last_seen_at.desc())
        )
    )


def complete(session: Session, token: str, account_id: str) -> str:
    """The token of a browser whose second factor was right: a fresh one, so that the waiting one is worth nothing."""
    fresh = new_secret()
    session.execute(
        update(WebSession)
        .where(WebSession.token_hash == hash_of(token), WebSession.account_id == account_id)
        .values(token_hash=hash_of(fresh), is_complete=True)
    )
    return fresh


def end_browser(session: Session, account_id: str, browser_id: str) -> bool:
    """Sign one of an account's browsers out; False when it has no such browser."""
    ended = session.execute(
        delete(WebSession)
        .where(WebSession.id == browser_id, WebSession.account_id == account_id)
        .returning(WebSession.id)
    )
    return ended.first() is not None


def end_device(session: Session, account_id: str, organization_id: str, device_id: str) -> bool:
    """End the token of one of an account's PCs, which then asks to sign in again and keeps its data."""
    ended = session.execute(
        update(Device)
        .where(Device.account_id == account_id, Device.organization_id == organization_id, Device.id == device_id)
        .values(token_hash=_ended())
        .returning(Device.id)
    )
    return ended.first() is not None


def end_everything(
    session: Session, account_id: str, *, keep_browser: str | None = None, keep_device: str | None = None
) -> None:
    """Sign an account out everywhere: browsers, PCs, open links and pairings. Revoked PCs stay revoked."""
    ended = update(Device).where(Device.account_id == account_id).values(token_hash=_ended())
    session.execute(ended if keep_device is None else ended.where(Device.id != keep_device))
    browsers = delete(WebSession).where(WebSession.account_id == account_id)
    session.execute(browsers if keep_browser is None else browsers.where(WebSession.id != keep_browser))
    session.execute(delete(PasswordReset).where(PasswordReset.account_id == account_id))
    session.execute(delete(PairingCode).where(PairingCode.account_id == account_id))


def form_word(token: str) -> str:
    """The word in each form of a signed-in page: other sites cannot know it, and it does not give the token away."""
    return hmac.digest(token.encode(), b"form", hashlib.sha256).hex()


def browser_name(agent: str) -> str:
    """A browser in words, such as `Firefox on Windows`, from what it says of itself."""
    browser = next((words for sign, words in _BROWSERS if f"{sign}/" in agent), "A browser")
    system = next((words for sign, words in _SYSTEMS if sign in agent), "")
    return f"{browser} on {system}" if system else browser


def place_of(address: str) -> str:
    """The neighborhood of an address, which helps to recognize a sign-in and names no household."""
    if re.fullmatch(r"[0-9.]+", address):
        return address.rpartition(".")[0] + ".…"
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 48), strict=False).network_address) + "…"
    except ValueError:
        return ""


def _ended() -> object:
    # Unusable as no token has this hash, and another one in each row.
    return literal("ended ").concat(func.gen_random_uuid().cast(Device.token_hash.type))
