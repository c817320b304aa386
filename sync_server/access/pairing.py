"""Signing a desktop in through the person's browser (RFC 8252): the browser brings a code to the program, which
exchanges it once, with a secret that only it has."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sync_server.access.accounts import (
    Authenticated,
    Center,
    SignedInDevice,
    SignInRefused,
    add_device,
    centers_of,
)
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import LinkEnded
from sync_server.access.models import PairingCode
from sync_server.access.openid import challenge_of
from sync_server.access.throttle import Origin
from sync_server.access.tokens import hash_of, new_secret

CODE_LASTS = timedelta(minutes=5)


def new_pairing(session: Session, desk: AccountDesk, account_id: str, challenge: str) -> str:
    """A code for the desktop whose secret has this challenge."""
    now = desk.now()
    session.execute(delete(PairingCode).where(PairingCode.expires_at < now))
    code = new_secret()
    session.add(
        PairingCode(code_hash=hash_of(code), account_id=account_id, challenge=challenge, expires_at=now + CODE_LASTS)
    )
    return code


def redeem(
    desk: AccountDesk,
    code: str,
    verifier: str,
    *,
    device_id: str,
    device_name: str,
    organization_id: str | None,
    origin: Origin,
) -> SignedInDevice | list[Center]:
    """Sign a desktop in with a code; a list of centers to choose from when the account belongs to several: the code
    is good until one is chosen. Raises LinkEnded, SignInRefused, CenterSuspended."""
    now = desk.now()
    with desk.database.routing() as session:
        found = session.scalars(
            select(PairingCode).where(PairingCode.code_hash == hash_of(code), PairingCode.expires_at > now)
        ).one_or_none()
        if found is None or not secrets.compare_digest(found.challenge, challenge_of(verifier)):
            raise LinkEnded("This sign-in was used already or took too long. Begin again.")
        account_id = found.account_id
    centers = centers_of(desk.database, account_id)
    if organization_id is not None:
        centers = [center for center in centers if center.organization_id == organization_id]
    if not centers:
        raise SignInRefused("This account may not use the desktop program. Ask the owner of the center.")
    if len(centers) > 1:
        return centers
    with desk.database.routing() as session:
        used = session.execute(
            delete(PairingCode).where(PairingCode.code_hash == hash_of(code)).returning(PairingCode.code_hash)
        )
        if used.first() is None:
            raise LinkEnded("This sign-in was used already or took too long. Begin again.")
    return add_device(
        desk.database,
        Authenticated(account_id),
        centers[0],
        device_id=device_id,
        device_name=device_name,
        origin=origin,
        now=now,
    )
