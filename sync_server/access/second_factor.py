"""The optional second factor of an account: switching it on and off, checking codes, and recovery codes. The secret
that the app shares is sealed in the database, under a key of the server's settings (sync_server/sealing.py)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sync_server.access.errors import AccountError, SecretUnreadable, WrongCode
from sync_server.access.models import RecoveryCode, SecondFactor
from sync_server.access.one_time_codes import matching_step, new_shared_secret
from sync_server.access.tokens import hash_of
from sync_server.database import sealing_of
from sync_server.sealing import SealBroken

RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 14

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether the second factor is on, and how many recovery codes are left."""

    is_on: bool
    recovery_codes_left: int


def factor_state(session: Session, account_id: str) -> FactorState:
    """What an account has."""
    is_on = has_second_factor(session, account_id)
    left = session.scalars(select(RecoveryCode.code_hash).where(RecoveryCode.account_id == account_id)).all()
    return FactorState(is_on, len(left))


def has_second_factor(session: Session, account_id: str) -> bool:
    """Whether an account asks for a code."""
    return (
        session.scalar(
            select(SecondFactor.account_id).where(
                SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)
            )
        )
        is not None
    )


def begin(session: Session, account_id: str) -> str:
    """A secret for the authenticator app; not in force until `confirm`. Raises AccountError when one is in force."""
    if has_second_factor(session, account_id):
        raise AccountError("The second factor is on already. Switch it off first to move it to another phone.")
    factor = session.get(SecondFactor, account_id, with_for_update=True)
    secret = _opened(session, factor) if factor is not None else None
    if factor is None or secret is None:
        secret = new_shared_secret()
        factor = factor or SecondFactor(account_id=account_id)
        factor.secret = sealing_of(session).seal(secret, account_id)
        session.add(factor)
        session.flush()
    return secret


def confirm(session: Session, account_id: str, code: str, now: datetime) -> list[str]:
    """Put the second factor in force with a first code; returns the recovery codes, which are never shown again.

    Raises WrongCode, or AccountError when nothing was begun or the secret cannot be read.
    """
    factor = session.get(SecondFactor, account_id, with_for_update=True)
    if factor is None or factor.confirmed_at is not None:
        raise AccountError("There is nothing to confirm. Begin again.")
    secret = _opened(session, factor)
    if secret is None:
        raise SecretUnreadable
    step = matching_step(secret, code, now)
    if step is None:
        raise WrongCode
    _reseal(session, factor)
    factor.confirmed_at, factor.last_step = now, step
    return new_recovery_codes(session, account_id)


def new_recovery_codes(session: Session, account_id: str) -> list[str]:
    """Ten codes that each stand in once for the app; earlier ones end."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, code_hash=_recovery_hash(code)) for code in codes)
    return codes


def remove(session: Session, account_id: str) -> None:
    """Switch the second factor off, with its secret and codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id))


def use_code(session: Session, account_id: str, code: str, now: datetime, *, keep: bool = False) -> None:
    """Accept a code of the app or a recovery code, each once; with `keep` it is only looked at. Raises WrongCode, and
    SecretUnreadable when the server lacks the key of the secret: recovery codes are good even then."""
    factor = session.get(SecondFactor, account_id)
    if factor is None or factor.confirmed_at is None:
        return
    secret = _opened(session, factor)
    step = matching_step(secret, code, now, after=factor.last_step) if secret is not None else None
    if step is not None:
        if keep:
            return
        # Two requests with one code: the database lets one of them move the step on.
        moved = session.execute(
            update(SecondFactor)
            .where(SecondFactor.account_id == account_id, SecondFactor.last_step < step)
            .values(last_step=step)
            .returning(SecondFactor.account_id)
        ).first()
        if moved is not None:
            _reseal(session, factor)
            return
        raise WrongCode
    held = (RecoveryCode.account_id == account_id, RecoveryCode.code_hash == _recovery_hash(code))
    if keep:
        found = session.execute(select(RecoveryCode.code_hash).where(*held)).first()
    else:
        found = session.execute(delete(RecoveryCode).where(*held).returning(RecoveryCode.code_hash)).first()
    if found is None:
        raise WrongCode if secret is not None else SecretUnreadable


def reseal_secrets(session: Session) -> int:
    """Seal the secrets that lie open or under an earlier key under the first key; returns how many."""
    sealing = sealing_of(session)
    if not sealing.is_on:
        return 0
    kept = session.execute(select(SecondFactor.account_id, SecondFactor.secret)).all()
    others = [account_id for account_id, secret in kept if not sealing.is_current(secret)]
    waiting = select(SecondFactor).where(SecondFactor.account_id.in_(others)).with_for_update(skip_locked=True)
    return sum(_reseal(session, factor) for factor in session.scalars(waiting)) if others else 0


def _opened(session: Session, factor: SecondFactor) -> str | None:
    try:
        return sealing_of(session).open(factor.secret, factor.account_id)
    except SealBroken as error:
        _log.error("a second factor cannot be read", account_id=factor.account_id, reason=str(error))
        return None


def _reseal(session: Session, factor: SecondFactor) -> bool:
    sealing = sealing_of(session)
    if sealing.is_current(factor.secret) or not sealing.is_on:
        return False
    secret = _opened(session, factor)
    if secret is None:
        return False
    factor.secret = sealing.seal(secret, factor.account_id)
    return True


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH))
    return f"{letters[:5]}-{letters[5:10]}-{letters[10:]}"


def _recovery_hash(code: str) -> str:
    return hash_of(re.sub(r"[\s-]+", "", code.casefold()))
