"""How every story must end: all stores as the server shows it to them, no saved edit lost, no rule broken, nothing
unsent. And playing one story to its end, with what went wrong in words."""

from __future__ import annotations

from typing import Any

from desktop.sync.rows import SCOPE
from desktop.sync.verify import verify
from shared_models.access.models import Role
from shared_models.access.policy import writable
from shared_models.registry import tenant_classes
from shared_models.sync.clocks import ERASED_CLOCK
from tests.simulation.previous_program import PreviousClient
from tests.simulation.reckoning import (
    Edit,
    Rows,
    audited_values,
    by_table,
    kept_values,
    raw_store,
    rows_of_batches,
    rows_of_server,
    rows_of_store,
    said,
    unsent_rows,
)
from tests.simulation.stage import Stage
from tests.simulation.story import Story
from tests.simulation.world import Desk, World

BEYOND_PREVIOUS = frozenset({"assign_location", "change_roles", "restore_server", "restore_copy", "clone_disk"})
"""What the program before this one does not hear of: its store is level again once it is upgraded."""

DESKTOP_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})


class BadEnding(AssertionError):
    """A promise was broken; says which."""


def play(story: Story, stage: Stage) -> str | None:
    """Play a story; what went wrong, in words with the story as it was told, or None."""
    world = World(story, stage)
    try:
        with world.played():
            check_ending(world)
    except Exception as error:  # whatever goes wrong is a finding
        sentence = str(error) if isinstance(error, BadEnding) else f"{type(error).__name__}: {error}"
        return "\n".join([sentence, *told(world)])
    return None


def told(world: World) -> list[str]:
    """The story in words, up to where it broke off."""
    desks = [
        f"desk {desk.number}: user {world.users.index(desk.user_id)}, clock off by {desk.plan.skew_milliseconds} ms"
        + (", program of the version before" if desk.plan.speaks_previous else "")
        + (", store of the schema before" if desk.plan.is_behind else "")
        for desk in world.desks
    ]
    return [*desks, *world.told]


def check_ending(world: World) -> None:
    """Raise BadEnding when a promise was broken."""
    server = rows_of_server(world.stage.owner, world.organization_id)
    kept: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for desk in world.desks:
        if not _may_sync(world, desk):
            # What it had to send stays with it; also what a restored server has lost, which nobody told it.
            unsent = by_table(unsent_rows(desk.store)) if world.reckoning.audit_is_whole else None
            for key, fields in rows_of_store(desk.store, unsent).items():
                kept.setdefault(key, []).append({name: value for name, (value, _) in fields.items()})
        elif desk.store.unsent_count():
            raise BadEnding(f"desk {desk.number} still has something unsent")
        for key, values in kept_values(desk.store).items():
            kept.setdefault(key, []).extend(values)
        _check_store(world, desk, server)
    if world.reckoning.twice:
        raise BadEnding(f"a stamp was given twice: {_said(world.reckoning.twice[0])}")
    _check_edits(world, server, kept)
    _check_words(world, server, kept)


def _check_store(world: World, desk: Desk, server: Rows) -> None:
    if not _may_sync(world, desk):
        # What a desk that is shut out had not sent stays with it.
        return
    if desk.speaks_previous and not BEYOND_PREVIOUS.isdisjoint(step.kind for step in world.story.steps):
        return
    shown = _shown_by_server(desk)
    store = rows_of_store(desk.store)
    refused = set(kept_values(desk.store))
    for key in shown.keys() - store.keys():
        raise BadEnding(f"desk {desk.number} has not {_named(key)}, which the server shows it")
    for key in store.keys() - shown.keys() if not desk.speaks_previous else ():
        if key not in refused and (key in server or not _is_archived(store[key])):
            raise BadEnding(f"desk {desk.number} holds {_named(key)}, which the server does not show it")
    for key, fields in shown.items():
        for name, (value, stamp) in fields.items():
            mine, my_stamp = store[key][name]
            if said(mine) != said(value) or my_stamp != stamp:
                raise BadEnding(
                    f"desk {desk.number}, {_named(key)}.{name}: {mine!r} ({my_stamp}), "
                    f"the server shows {value!r} ({stamp})"
                )
    if not isinstance(desk.client, PreviousClient):
        checked = verify(desk.store, desk.client, deep=desk.number == 0, repairs=False)
        if not checked.is_level or checked.differences:
            raise BadEnding(f"desk {desk.number} has other digests than the server: {checked.differences}")
    # A refused row that the server never had waits here with all it refers to, which may be withdrawn meanwhile.
    with raw_store(desk.store) as connection:
        for table, place, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall():
            (row_id,) = connection.execute(f'SELECT id FROM "{table}" WHERE rowid = ?', (place,)).fetchone()
            if (table, row_id) not in refused:
                raise BadEnding(
                    f"desk {desk.number}: {_named((table, row_id))} refers to a {parent} that is not there"
                )


def _shown_by_server(desk: Desk) -> Rows:
    """Everything that the server shows this device, pulled from the beginning."""
    shown: Rows = {}
    if isinstance(desk.client, PreviousClient):
        after, has_more = 0, True
        while has_more:
            page = desk.client.pull(after, 2000)
            shown |= rows_of_batches(page.batches)
            after, has_more = page.next_cursor, page.has_more
        return shown
    for _, batches in desk.client.pull(0, desk.store.local(SCOPE) or ""):
        shown |= rows_of_batches(batches)
    return shown


def _may_sync(world: World, desk: Desk) -> bool:
    return not DESKTOP_ROLES.isdisjoint(_roles(world, desk))


def _roles(world: World, desk: Desk) -> frozenset[Role]:
    held = world.stage.owner.execute(
        "SELECT role FROM user_role WHERE organization_id = %s AND user_id = %s AND archived_at IS NULL",
        [world.organization_id, desk.user_id],
    )
    return frozenset(Role(role) for (role,) in held)


def _check_edits(world: World, server: Rows, kept: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    if not world.reckoning.audit_is_whole and any(desk.life for desk in world.desks):
        return  # what was on a lost disk alone, and at the server after its backup, is nowhere
    audit = audited_values(world.stage.owner, world.organization_id)
    for edit in world.reckoning.last_of_each_desk():
        key, kind = (edit.table, edit.row_id), tenant_classes()[edit.table]
        if edit.name in kind.long_texts:
            continue  # its words are looked for one by one
        wanted = said(edit.value)
        if any(edit.name in values and said(values[edit.name]) == wanted for values in kept.get(key, ())):
            continue
        if world.desks[edit.desk].speaks_previous and not world.reckoning.audit_is_whole:
            continue  # that program does not hear that the server was restored; it sends again once it is upgraded
        if _is_of_previous(world.desks[edit.desk]) and key in kept_values(world.desks[edit.desk].store):
            continue  # that program forgets what was entered in a row on the way of which it is refused
        if key not in server and key in kept and edit.name == "archived_at":
            continue  # a refused row that the server never had is archived by its desk, not by a person
        if key not in server and key in world.reckoning.erased:
            continue  # no desk sends a row that was erased to a server that was restored ([S-32])
        if key not in server:
            raise BadEnding(f"lost: {_said(edit)}: the server has no such row")
        value, stamp = server[key][edit.name]
        if stamp == ERASED_CLOCK:
            continue  # what was erased is to be gone
        if said(value) == wanted:
            continue
        if wanted in audit[edit.table, edit.row_id, edit.name] and not _may_write(world, edit):
            continue  # put back to what stood there before it was sent: nothing that could be refused ([S-63])
        is_by_stamp = edit.is_believable and not (kind.add_wins and edit.name == "archived_at")
        if is_by_stamp and stamp < edit.stamp:
            raise BadEnding(f"lost: {_said(edit)}: an earlier edit stands, {value!r} ({stamp})")
        if world.reckoning.audit_is_whole and wanted not in audit[edit.table, edit.row_id, edit.name]:
            raise BadEnding(f"lost: {_said(edit)}: {value!r} ({stamp}) stands, and the history does not know it")


def _is_of_previous(desk: Desk) -> bool:
    return desk.plan.speaks_previous or desk.plan.is_behind


def _may_write(world: World, edit: Edit) -> bool:
    """Whether its author may write that field in some row."""
    return edit.name in writable(edit.table, _roles(world, world.desks[edit.desk]))


def _check_words(world: World, server: Rows, kept: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    if any(map(_is_of_previous, world.desks)):
        return
    for word, (desk, table, row_id, name) in world.reckoning.words.items():
        texts = [str(values.get(name)) for values in kept.get((table, row_id), ())]
        if (table, row_id) in server:
            if server[table, row_id][name][1] == ERASED_CLOCK:
                continue
            texts.append(str(server[table, row_id][name][0]))
        elif (table, row_id) in world.reckoning.erased:
            continue
        if not any(word in each for each in texts):
            raise BadEnding(f"lost: {word}, written by desk {desk} into {table} {row_id[:8]}.{name}")


def _is_archived(fields: dict[str, tuple[Any, str]]) -> bool:
    return fields["archived_at"][0] is not None


def _named(key: tuple[str, str]) -> str:
    return f"{key[0]} {key[1][:8]}"


def _said(edit: Edit) -> str:
    return f"{edit.table} {edit.row_id[:8]}.{edit.name} = {edit.value!r} ({edit.stamp}) of desk {edit.desk}"
