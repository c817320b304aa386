"""What happens at the server in a story: the website writes, roles and locations change, backups, late messages."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared_models.access.models import LocationAssignment, Role, UserRole
from shared_models.base import derived_id
from shared_models.leads.models import Lead
from shared_models.privacy.erasure import ErasedKind
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import ERASED_CLOCK
from sync_server.files.storage import DiskStorage
from sync_server.people.erasure import ErasureList, erase_person

if TYPE_CHECKING:
    from tests.simulation.world import World

_ARCHIVED = datetime(2026, 11, 25, 20, 41, tzinfo=UTC)


def write_on_server(world: World, draw: random.Random) -> None:
    """Somebody leaves an enquiry on the website."""
    lead = Lead(organization_id=world.organization_id, id=world.new_id(draw), created_at=_ARCHIVED)
    lead.parent_first_name = "Web"
    with world.database.tenant(world.organization_id) as session:
        session.add(lead)


def change_roles(world: World, draw: random.Random) -> None:
    """The second user becomes an admin or goes back to the front desk; the third may lose the desk altogether."""
    user, role = draw.choice(
        ((world.users[1], Role.ADMIN), (world.users[1], Role.ADMIN), (world.users[2], Role.FRONT_DESK))
    )
    with world.database.tenant(world.organization_id) as session:
        row = session.get_one(UserRole, (world.organization_id, derived_id(user, role)))
        row.archived_at = None if row.archived_at else _ARCHIVED
        world.tell(f"user {world.users.index(user)} {'is' if row.archived_at is None else 'is no longer'} {role}")


def assign_location(world: World, draw: random.Random) -> None:
    """A user is given a location, or loses it."""
    user, location = draw.choice(world.users[1:]), draw.choice(world.locations)
    with world.database.tenant(world.organization_id) as session:
        own = {"organization_id": world.organization_id, "id": derived_id(user, location)}
        row = session.get(LocationAssignment, (world.organization_id, derived_id(user, location)))
        if row is None:
            session.add(LocationAssignment(**own, user_id=user, location_id=location))
        else:
            row.archived_at = None if row.archived_at else _ARCHIVED


def deliver_late(world: World, draw: random.Random) -> None:
    """A message that everybody thought lost arrives now."""
    world.network.deliver_late(draw.getrandbits(16))


def back_up_server(world: World, _draw: random.Random) -> None:
    """The host keeps a copy of the center."""
    world.backups.append(world.stage.backup(world.organization_id))


def restore_server(world: World, draw: random.Random) -> None:
    """The host puts the center back as it was when a copy was made."""
    if world.backups:
        world.stage.restore(world.organization_id, draw.choice(world.backups))
        world.reckoning.audit_is_whole = False
        world.tell("the server is as it was")


def erase(world: World, draw: random.Random) -> None:
    """The owner has somebody forgotten."""
    kind, place = draw.choice(tuple(_ERASED)), draw.random()
    found = world.stage.owner.execute(
        f"SELECT id::text FROM {kind.value} WHERE organization_id = %s ORDER BY id", [world.organization_id]
    ).fetchall()
    if found:
        row_id = found[int(place * len(found))][0]
        storage, done = DiskStorage(world.folder / "files"), ErasureList(world.folder / "erased")
        erase_person(world.database, storage, done, world.organization_id, kind, row_id, now=world.now)
        world.tell(f"{kind.value} {row_id[:8]} is erased")
    for name in tenant_classes():
        marked = world.stage.owner.execute(
            f'SELECT id::text FROM "{name}" WHERE organization_id = %s AND field_clocks::text LIKE %s',
            [world.organization_id, f"%{ERASED_CLOCK}%"],
        )
        world.reckoning.erased |= {(name, row_id) for (row_id,) in marked}


_ERASED = (ErasedKind.LEAD, ErasedKind.FAMILY, ErasedKind.STUDENT)


SERVER_WORK: dict[str, Callable[[World, random.Random], None]] = {
    "write_on_server": write_on_server,
    "change_roles": change_roles,
    "assign_location": assign_location,
    "deliver_late": deliver_late,
    "erase": erase,
    "back_up_server": back_up_server,
    "restore_server": restore_server,
}
