"""The first word to the server: which life of the store this is, how far this PC's clock is off, and whether the
server was restored from a backup (docs/sync-protocol.md, parts 1 and 4)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from desktop.permissions import Permissions
from desktop.store.migrations import HEAD
from desktop.store.store import Store
from desktop.sync.client import Head, Server
from desktop.sync.errors import Forked, SyncError, TooNew
from desktop.sync.rows import (
    CURSOR,
    DOUBTFUL,
    EPOCH,
    LINEAGE,
    SCOPE,
    WHOLE,
    WITHDRAWS,
    SyncWriter,
    tables_with_unsent,
)
from shared_models.access.models import Role
from shared_models.access.policy import Action, may
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import (
    ERASED_CLOCK,
    MAX_AHEAD_MILLISECONDS,
    HybridClock,
    device_tail,
    stamp_milliseconds,
)
from shared_models.sync.wire import SPOKEN

log = logging.getLogger(__name__)

TOKEN = "device-token"
"""The name of the secret by which the server knows this PC."""

HOUR_SECONDS = 3600.0
_OFFSET = "clock_offset_ms"
_MEASURED = "clock_measured_ms"
_NEW_TOKEN = "new_device_token"  # a name, no secret
_CORRECTED_FROM_MILLISECONDS = 2_000
_NOISE_MILLISECONDS = 1_000
_STAMP = re.compile(r"[0-9a-f]{28}")


def token_of(store: Store) -> str | None:
    """The token by which the server knows this PC."""
    fresh = store.local(_NEW_TOKEN)
    if fresh is not None:
        # Taken over together with the device's new name, and not yet put where secrets are kept.
        store.secrets.keep(TOKEN, fresh)
        store.set_local(**{_NEW_TOKEN: None})
        return fresh
    kept = store.secrets.read(TOKEN)
    return None if kept is None else kept.value


def is_due(store: Store) -> bool:
    """Whether it is time to say hello: at the start, after an hour, and when this PC's clock was set meanwhile."""
    greeted = store.greeted
    if greeted is None or store.local(SCOPE) is None:
        return True
    monotonic, wall = greeted
    passed = time.monotonic() - monotonic
    jumped = abs(store.wall() - wall - passed * 1000)
    return passed > HOUR_SECONDS or jumped > _CORRECTED_FROM_MILLISECONDS


def say_hello(store: Store, server: Server) -> Head:
    """Say hello and take in the answer: offset of the clock, lineage, epoch and scope.

    Raises SyncError; a store that is another life of one that the server knows has taken a name of its own by then,
    and says hello once more.
    """
    for _ in range(2):
        began, wall = time.monotonic(), store.wall()
        try:
            answer = server.hello(
                {
                    "protocols": list(SPOKEN),
                    "schema": HEAD,
                    "program": program_version(),
                    "wall_ms": wall,
                    "lineage": store.local(LINEAGE),
                    "cursor": int(store.local(CURSOR) or 0),
                }
            )
        except Forked as forked:
            go_on_as_another(store, server, forked)
            continue
        if int(answer["protocol"]) < SPOKEN[0]:
            raise TooNew(
                "The server is older than this program. Ask your host to update it; your work stays saved on this PC."
            )
        middle = wall + round((time.monotonic() - began) * 500)
        store.greeted = (began, wall)
        _take_in(store, answer, int(answer["server_time_ms"]) - middle)
        return answer
    raise SyncError("The server does not recognize this PC. Sign in again.")


def go_on_as_another(store: Store, server: Server, forked: Forked) -> None:
    """Take the name and the token that the server gave this life of the store, all in one transaction, and sign what
    is unsent with that name ([S-31])."""
    before = store.local("device_id") or ""
    log.warning("This store is a copy or was restored; it goes on as device %s.", forked.device_id)
    old, new = device_tail(before), device_tail(forked.device_id)
    with SyncWriter(store) as writer:
        writer.begin()
        _restamp(
            writer,
            store.organization_id,
            lambda stamps, _: {stamp: stamp[:16] + new for stamp in stamps if stamp.endswith(old)},
        )
        writer.remember({"device_id": forked.device_id, LINEAGE: forked.lineage, _NEW_TOKEN: forked.token})
        with store.gate.taken():
            writer.commit()
            store.begin_new_clock()
    token_of(store)
    server.use_token(forked.token)


def _take_in(store: Store, answer: Head, offset: int) -> None:
    """Write down what a hello said, and bring stamps back that the server would not accept ([S-5]).

    After a restore of the server the new epoch is written last: a PC that ends before hears of it once more.
    """
    corrects = abs(offset) > _CORRECTED_FROM_MILLISECONDS
    facts: dict[str, str | None] = {
        LINEAGE: answer["lineage"],
        _OFFSET: str(offset) if corrects else None,
        _MEASURED: str(offset),
    }
    has_new_clock = abs(int(facts[_OFFSET] or 0) - int(store.local(_OFFSET) or 0)) > _NOISE_MILLISECONDS
    if not has_new_clock:
        facts[_OFFSET] = store.local(_OFFSET)
    lost_after = _lost_after(store, answer)
    if lost_after is None:
        facts[EPOCH] = answer["epoch"]
        if store.local(SCOPE) is None:
            facts[SCOPE] = answer["scope"]
    with SyncWriter(store) as writer:
        bound = int(answer["server_time_ms"]) + MAX_AHEAD_MILLISECONDS
        # Looked up before the turn, as many may wait to be sent. An edit made meanwhile with a clock that is ahead is
        # noticed by the server, and leads to another hello.
        is_beyond = bool(_beyond(_unsent(writer, store.organization_id).stamps, bound))
        writer.begin()
        if is_beyond:
            wall = store.wall
            clock = HybridClock(store.local("device_id") or "", lambda: wall() + (offset if corrects else 0))
            has_new_clock |= _restamp(
                writer, store.organization_id, lambda stamps, seen: _brought_back(stamps, seen, bound, clock)
            )
        writer.remember(facts)
        with store.gate.taken():
            writer.commit()
            if has_new_clock:
                store.begin_new_clock()
        if lost_after is not None:
            log.warning("The server was restored as of %s; what came later is sent again.", lost_after)
            if store.local(EPOCH) is None:
                _number_all(store, writer, lost_after + 1)
            _send_again(store, writer, lost_after)
            writer.begin()
            writer.remember({CURSOR: "0", EPOCH: answer["epoch"], SCOPE: answer["scope"], WITHDRAWS: "1"})
            writer.commit()


def _lost_after(store: Store, answer: Head) -> int | None:
    """The number after which the server lost everything, if it was restored since this PC last heard of it."""
    known = store.local(EPOCH)
    restored_at = int(answer.get("restored_at_seq") or 0)
    if known is None:
        # The program before this one kept no numbers, and may have fetched what a restored server has lost.
        return restored_at if restored_at and store.local(WITHDRAWS) is not None else None
    return None if known == answer["epoch"] else restored_at


def _brought_back(stamps: list[str], seen: set[str], bound: int, clock: HybridClock) -> dict[str, str]:
    """New stamps, in the same order, for those that lie beyond what the server accepts; later than all others that
    these rows have seen ([S-2])."""
    beyond = _beyond(stamps, bound)
    for stamp in seen:
        if stamp_milliseconds(stamp) <= bound:
            clock.observe(stamp)
    return {stamp: clock.tick() for stamp in beyond}


def _beyond(stamps: Iterable[str], bound: int) -> list[str]:
    """Those that the server would not accept."""
    return [stamp for stamp in stamps if stamp_milliseconds(stamp) > bound and stamp != ERASED_CLOCK]


@dataclass(frozen=True, slots=True)
class _Unsent:
    """Rows with unsent edits (table, id, clocks, unsent since), the stamps of those edits, and all that the rows have
    seen."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    stamps: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)


def _unsent(writer: SyncWriter, organization_id: str) -> _Unsent:
    unsent = _Unsent()
    for (name,) in writer.execute(tables_with_unsent(), {"org": organization_id}).fetchall():
        for row_id, clocks, since in writer.execute(
            f'SELECT id, field_clocks, unsent_since FROM "{name}" INDEXED BY ix_{name}_unsent '
            "WHERE organization_id = ? AND unsent_since IS NOT NULL",
            (organization_id,),
        ).fetchall():
            unsent.rows.append((name, row_id, clocks, since))
            found = _STAMP.findall(clocks)
            unsent.stamps.update(stamp for stamp in found if stamp >= since)
            unsent.seen.update(found)
    return unsent


def _restamp(
    writer: SyncWriter, organization_id: str, renamed: Callable[[list[str], set[str]], dict[str, str]]
) -> bool:
    """Give unsent edits other stamps, in the contexts of fields too; whether there were any.

    `renamed` gets the stamps of all unsent edits in their order, and all stamps that their rows have seen; it answers
    with those that change.
    """
    unsent = _unsent(writer, organization_id)
    changed = renamed(sorted(unsent.stamps), unsent.seen)
    if not changed:
        return False

    def put(found: re.Match[str]) -> str:
        return changed.get(found[0], found[0])

    for name, row_id, clocks, since in unsent.rows:
        after = _STAMP.sub(put, clocks)
        if after != clocks:
            moved = [changed.get(stamp, stamp) for stamp in _STAMP.findall(clocks) if stamp >= since]
            writer.execute(
                f'UPDATE "{name}" SET field_clocks = ?, unsent_since = ? WHERE organization_id = ? AND id = ?',
                (after, since if since == WHOLE else min(moved), organization_id, row_id),
            )
    return True


def _send_again(store: Store, writer: SyncWriter, restored_at: int) -> None:
    """Mark every row unsent as a whole that the server numbered after the moment it was restored to ([S-32]). What
    was erased is the server's to erase again ([S-15]); what this user may never write, or sees in part only, is
    another desk's to send, unless something in it was entered here; both go unless the fetch that follows brings them
    again."""
    permissions = Permissions.of(store)
    signature = f'{device_tail(store.local("device_id") or "")}"'
    is_owner = store.user_id is None or Role.OWNER in permissions.roles

    def sends(name: str, row_id: str, *, is_own: bool) -> bool:
        if is_owner or is_own:
            return True
        return may(Action.CREATE, name, permissions.roles) and not permissions.sees_in_part(name, row_id)

    for name in tenant_classes():
        whole, doubtful = [], []
        for row_id, is_own, is_erased, is_unsent in writer.execute(
            "SELECT id, instr(field_clocks, ?) > 0, json_extract(field_clocks, '$.\"*\"') IS ?, "
            f'unsent_since IS NOT NULL FROM "{name}" WHERE organization_id = ? AND server_seq > ?',
            (signature, ERASED_CLOCK, store.organization_id, restored_at),
        ).fetchall():
            if not is_erased and (is_unsent or sends(name, row_id, is_own=is_own)):
                whole.append(row_id)
            elif not is_unsent:
                doubtful.append(row_id)
        _set_in_turns(writer, store.organization_id, name, whole, "unsent_since = ?", WHOLE)
        _set_in_turns(writer, store.organization_id, name, doubtful, "server_seq = ?", DOUBTFUL)


def _number_all(store: Store, writer: SyncWriter, seq: int) -> None:
    """Give every row that came from the server, and has no number yet, this one. What the server refused never was
    there."""
    for name in tenant_classes():
        found = writer.execute(
            f'SELECT id FROM "{name}" WHERE organization_id = ? AND server_seq IS NULL AND unsent_since IS NULL '
            "AND id NOT IN (SELECT row_id FROM needs_attention WHERE table_name = ?)",
            (store.organization_id, name),
        ).fetchall()
        _set_in_turns(writer, store.organization_id, name, [row_id for (row_id,) in found], "server_seq = ?", seq)


def _set_in_turns(
    writer: SyncWriter, organization_id: str, name: str, ids: list[str], setting: str, value: str | int
) -> None:
    """Set a column of many rows, in turns with the people at the desk."""
    done = 0
    while done < len(ids):
        writer.begin()
        part = ids[done : done + writer.room]
        writer.execute(
            f'UPDATE "{name}" SET {setting} WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?))',
            (value, organization_id, orjson.dumps(part).decode()),
        )
        done += len(part)
        writer.wrote(len(part))
    writer.commit()


def clock_words(store: Store) -> str | None:
    """What to tell the person about a clock that is off by five minutes or more ([S-6]); None when it is right."""
    measured = int(store.local(_MEASURED) or 0)
    if abs(measured) < MAX_AHEAD_MILLISECONDS:
        return None
    ahead = "ahead" if measured < 0 else "behind"
    return f"This PC’s clock is {_span(abs(measured))} {ahead}. Set it in the system’s date and time settings."


def _span(milliseconds: int) -> str:
    minutes = round(milliseconds / 60_000)
    for size, word in ((525_600, "year"), (1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            number = round(minutes / size)
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "less than a minute"


def program_version() -> str:
    """The version of this program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("itutoros")
    except PackageNotFoundError:
        return ""
