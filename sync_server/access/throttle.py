"""Slows guessing down without giving anybody a way to lock others out.

A try to sign in is counted in several buckets before the password is looked at, and given back when it was right:

- `network`: all tries from one network (an IPv4 address, an IPv6 /56), whatever the account;
- `account from network`: tries at one account from one network;
- `account`: tries at one account from everywhere that the account has never signed in from. This bounds what a
  thousand addresses can guess together. Whoever has signed in before is not counted here, so filling it locks out
  only strangers, and a rightful stranger comes in by a mailed link, which passes all of them;
- `device`: a device that holds this account's secret proof is counted in its own bucket and nowhere else.

Each bucket is a moment at which its tries will be paid off; a try moves it on by `every`, and it may lie at most
`burst` steps ahead (the "generic cell rate algorithm"). One statement counts, so processes cannot both take the
last one. Unknown e-mails are counted like known ones, so that the answers tell nothing.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Interval, bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from sync_server.access.errors import TooManyTries
from sync_server.access.models import KnownPlace, TryAllowance

_KNOWN_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries at once, and after that one each time `every` has passed."""

    burst: int
    every: timedelta


NETWORK = Limit(30, timedelta(seconds=20))
ACCOUNT_FROM_NETWORK = Limit(6, timedelta(minutes=2))
ACCOUNT = Limit(10, timedelta(minutes=3))
DEVICE = Limit(10, timedelta(minutes=1))
SECOND_FACTOR = Limit(6, timedelta(minutes=3))
LETTERS_FROM_NETWORK = Limit(10, timedelta(minutes=5))
"""Forms that send a mail: sign-up and password reset."""
LETTERS_TO_ACCOUNT = Limit(3, timedelta(minutes=20))

Buckets = Mapping[str, Limit]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: its network, and the secret by which a device proves that it is known."""

    address: str
    proof: str = ""

    @property
    def network(self) -> str:
        """The network that one household, office or attacker's server shares: IPv4 as it is, IPv6 by its /56."""
        try:
            parsed = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return "unknown"
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped:
                return str(parsed.ipv4_mapped)
            return str(ipaddress.ip_network((parsed, 56), strict=False))
        return str(parsed)


def sign_in_buckets(session: Session, email: str, account_id: str | None, origin: Origin) -> Buckets:
    """The buckets that a try counts in."""
    if account_id is not None and origin.proof and _is_known(session, account_id, _device(account_id, origin)):
        return {f"device {account_id} {origin.proof}": DEVICE}
    buckets = {
        f"network {origin.network}": NETWORK,
        f"account {email} from {origin.network}": ACCOUNT_FROM_NETWORK,
    }
    if account_id is None or not _is_known(session, account_id, _network(account_id, origin)):
        buckets[f"account {email}"] = ACCOUNT
    return buckets


def is_known_device(buckets: Buckets) -> bool:
    """Whether these are the buckets of a device that proved to be known."""
    return any(name.startswith("device ") for name in buckets)


def charge(session: Session, buckets: Buckets, now: datetime) -> None:
    """Count one try in each bucket, or raise TooManyTries: the caller's transaction then ends without any of it."""
    table = TryAllowance.__table__
    # In one order everywhere, so that two tries never wait for each other in a circle.
    for name in sorted(buckets):
        limit = buckets[name]
        new = insert(TryAllowance).values(bucket=_key(name), paid_off_at=now + limit.every)
        start = func.greatest(table.c.paid_off_at, bindparam("moment", now, type_=table.c.paid_off_at.type))
        counted = new.on_conflict_do_update(
            index_elements=["bucket"],
            set_={"paid_off_at": start + limit.every},
            where=table.c.paid_off_at <= now + limit.every * (limit.burst - 1),
        ).returning(TryAllowance.bucket)
        if session.execute(counted).first() is None:
            paid_off_at = session.scalar(select(TryAllowance.paid_off_at).where(TryAllowance.bucket == _key(name)))
            ahead = (paid_off_at or now) - now
            raise TooManyTries(ahead - limit.every * (limit.burst - 1))


def give_back(session: Session, buckets: Buckets) -> None:
    """Take back one counted try: it was right."""
    for name in sorted(buckets):
        session.execute(
            update(TryAllowance)
            .where(TryAllowance.bucket == _key(name))
            .values(paid_off_at=TryAllowance.paid_off_at - literal(buckets[name].every, Interval()))
        )


def remember_place(session: Session, account_id: str, origin: Origin, now: datetime) -> None:
    """Note that this account has signed in from here: from its network, and with its device's proof if it has one."""
    places = [_network(account_id, origin)]
    if origin.proof:
        places.append(_device(account_id, origin))
    for place in sorted(places):
        session.execute(
            insert(KnownPlace)
            .values(account_id=account_id, place_hash=place, seen_at=now)
            .on_conflict_do_update(index_elements=["account_id", "place_hash"], set_={"seen_at": now})
        )


def forget_places(session: Session, account_id: str) -> None:
    """Know no place of this account any more: its password was in doubt."""
    session.execute(delete(KnownPlace).where(KnownPlace.account_id == account_id))


def forget_paid_off(session: Session, now: datetime) -> None:
    """Clear counters that allow everything again, and places not signed in from for a year."""
    session.execute(delete(TryAllowance).where(TryAllowance.paid_off_at < now))
    session.execute(delete(KnownPlace).where(KnownPlace.seen_at < now - _KNOWN_FOR))


def _is_known(session: Session, account_id: str, place: str) -> bool:
    found = select(KnownPlace.account_id).where(KnownPlace.account_id == account_id, KnownPlace.place_hash == place)
    return session.execute(found).first() is not None


def _device(account_id: str, origin: Origin) -> str:
    return _key("device", account_id, origin.proof)


def _network(account_id: str, origin: Origin) -> str:
    return _key("network", account_id, origin.network)


def _key(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
