"""How often one address may send a form to one organization; counted in PostgreSQL, so that all server processes
share the count."""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from sync_server.website.models import FormAllowance

BURST = 6
"""So many submissions at once: a family with several children, corrections included."""
EVERY = timedelta(minutes=2)
"""After a burst, one more each time this has passed."""


def may_submit(session: Session, organization_id: str, address: str, now: datetime) -> bool:
    """Count one submission and say whether it is still within the limit; a refused one is not counted.

    Each submission moves the moment at which the address is paid off by EVERY; it may lie at most BURST steps
    ahead (the "generic cell rate algorithm"). One statement, so that two processes cannot both take the last one.
    """
    table = FormAllowance.__table__
    new = insert(FormAllowance).values(
        organization_id=organization_id,
        address_group=address_group(organization_id, address),
        paid_off_at=now + EVERY,
    )
    start = func.greatest(table.c.paid_off_at, bindparam("moment", now, type_=table.c.paid_off_at.type))
    counted = new.on_conflict_do_update(
        index_elements=["organization_id", "address_group"],
        set_={"paid_off_at": start + EVERY},
        where=table.c.paid_off_at <= now + EVERY * (BURST - 1),
    ).returning(FormAllowance.address_group)
    return session.execute(counted).first() is not None


def address_group(organization_id: str, address: str) -> int:
    """The group of an address, 0 to 65535: IPv4 as it is, IPv6 by its /64 network, which one household shares."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        parsed = None
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        address = str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    digest = hashlib.sha256(f"{organization_id} {address}".encode()).digest()
    return int.from_bytes(digest[:2])
