"""A simulated world for the sync: a story drives real desktop stores and the real client against the real server's
application on a real PostgreSQL, over a network that loses, repeats, delays and cuts messages, with processes killed
between any two steps, clocks that are wrong, roles that change, and disks that are copied and restored.

What must hold after quiet syncs is in `endings`.
"""

from __future__ import annotations

import random
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from desktop.store.store import Store
from desktop.sync import rows as sync_rows
from desktop.sync.client import SyncClient, SyncError
from desktop.sync.exchange import exchange
from desktop.sync.hello import token_of
from desktop.sync.rows import SyncWriter
from desktop.sync.worker import SERVER, TOKEN
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.organization.models import Location, Organization
from shared_models.sync.clocks import SERVER_DEVICE, HybridClock
from sync_server.access.devices import token_hash
from sync_server.models import Device
from tests.simulation import previous_program
from tests.simulation.desk_work import DESK_WORK
from tests.simulation.network import BASE_URL, Killed, Led, Network, client_over
from tests.simulation.previous_program import PreviousClient
from tests.simulation.reckoning import Reckoning, by_table, kept_values, unsent_rows
from tests.simulation.server_work import SERVER_WORK
from tests.simulation.stage import Stage, led_by_story
from tests.simulation.story import DeskPlan, Step, Story

START = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)

ROUNDS = 5
"""After so many quiet rounds at the latest nobody has anything new to say."""


class SteadyPace:
    """Turns of the sync of so many rows each, however long they take, without a rest."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def begin(self) -> None:
        """Turns are not timed."""

    def rest(self, rows: int) -> None:
        """Nobody waits."""


@dataclass
class Desk:
    """One PC: its folder, its open store, its client."""

    number: int
    plan: DeskPlan
    folder: Path
    user_id: str
    skew_milliseconds: int
    store: Store
    client: SyncClient | PreviousClient
    copies: list[Path] = field(default_factory=list)
    commits_left: int | None = None
    """How many commits its process still lives for; None for ever."""
    life: int = 0
    """How often its disk came back from a copy."""
    is_upgraded: bool = True
    is_dead: bool = False
    """Its process has ended; whatever the ruins of it still do counts for nothing."""

    @property
    def speaks_previous(self) -> bool:
        """Whether its program is the one before."""
        return self.plan.speaks_previous or not self.is_upgraded


@dataclass
class World:
    """Everything a story drives. `told` says in words what happened, for people to read."""

    story: Story
    stage: Stage
    desks: list[Desk] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    reckoning: Reckoning = field(default_factory=Reckoning)
    acting: Desk | None = None
    backups: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    now_milliseconds: int = int(START.timestamp() * 1000)

    def __post_init__(self) -> None:
        self.ids = random.Random(f"ids of {self.story.seed}")
        self.forks = random.Random(f"forks of {self.story.seed}")
        self.organization_id = self.new_id(self.ids)
        # The server, too, begins at the story's moment, whatever was told before.
        self.database.clock = self.database.recorder.clock = HybridClock(SERVER_DEVICE, lambda: self.now_milliseconds)
        self.users = [self.new_id(self.ids) for _ in range(3)]
        self.locations = [self.new_id(self.ids) for _ in range(2)]
        self.service_id = self.new_id(self.ids)
        self.folder = self.stage.folder / f"world-{self.story.seed}"
        self.network = Network(self.stage.server, tell=self.tell, kill=self._kill)

    @property
    def now(self) -> datetime:
        """The story's moment, to the second."""
        return datetime.fromtimestamp(self.now_milliseconds // 1000, UTC)

    @property
    def database(self) -> Any:
        """The server's database."""
        return self.stage.database

    # the story

    @contextmanager
    def played(self) -> Iterator[World]:
        """Build the world, play the story, let it calm down; swept away afterwards."""
        page_rows = random.Random(f"pages of {self.story.seed}").choice((4, 30, 300, 300))
        writers = mock.patch.object(SyncWriter, "commit", self._counting(SyncWriter.commit))
        with (
            writers,
            mock.patch.object(sync_rows, "Pace", partial(SteadyPace, self.story.turn_rows or 1)),
            led_by_story(self._wall, lambda: self.now_milliseconds, partial(self.new_id, self.forks), page_rows),
        ):
            try:
                self.folder.mkdir()
                self._make_organization()
                for plan in self.story.desks:
                    self._add_desk(plan)
                for step in self.story.steps:
                    self._do(step)
                self.settle()
                yield self
            finally:
                for desk in self.desks:
                    desk.client.close()
                    desk.store.close()
                shutil.rmtree(self.folder, ignore_errors=True)
                self.stage.sweep(self.organization_id)

    def settle(self) -> None:
        """The network calms down and everybody syncs until nothing is left to say."""
        for desk in self.desks:
            self._upgrade(desk)
        self.network.draw = self.network.between = None
        self.network.late.clear()
        self.told.append("quiet")
        for _ in range(ROUNDS):
            before = self.stage.last_seq(self.organization_id)
            for desk in self.desks:
                self.sync(desk)
            if self.stage.last_seq(self.organization_id) == before:
                return

    def _do(self, step: Step) -> None:
        draw = random.Random(step.seed)
        self.now_milliseconds += draw.randint(0, 5000)
        desk = self.desks[step.desk % len(self.desks)]
        self.told.append(f"{step.number:>3}  {self._where(step, desk)}: {step.kind}")
        if step.kind == "sync":
            self.network.draw = draw
            self.network.between = lambda: self.work(desk, "edit_lead", draw)
            self.sync(desk)
            self.network.draw = self.network.between = None
        elif step.kind in SERVER_WORK:
            SERVER_WORK[step.kind](self, draw)
        elif step.kind in DESK_WORK:
            self.work(desk, step.kind, draw)
        else:
            getattr(self, f"_{step.kind}")(desk, draw)

    @staticmethod
    def _where(step: Step, desk: Desk) -> str:
        return "server" if step.kind in SERVER_WORK else f"desk {desk.number}"

    def tell(self, words: str) -> None:
        """Add a remark to the story as it is told."""
        self.told.append(f"       {words}")

    # what desks do

    def work(self, desk: Desk, kind: str, draw: random.Random) -> None:
        """Save something at a desk, and take down what was saved."""
        with self._at(desk):
            stop = desk.store.subscribe(lambda changes: self._note(desk, changes))
            try:
                DESK_WORK[kind](self, desk, draw)
            finally:
                stop()

    def _note(self, desk: Desk, changes: Mapping[str, Iterable[str]]) -> None:
        self.reckoning.note_saved(desk.number, desk.life, desk.store, changes, self.now_milliseconds)

    def sync(self, desk: Desk) -> None:
        """One exchange with the server, as the sync's worker does it."""
        self.network.requests = 0
        with self._at(desk), self._lives_or_dies(desk):
            if isinstance(desk.client, PreviousClient):
                previous_program.exchange(desk.store, desk.client)
            else:
                exchange(desk.store, desk.client)

    def _restart(self, desk: Desk, _draw: random.Random) -> None:
        self._reopen(desk)

    def _die_while_saving(self, desk: Desk, draw: random.Random) -> None:
        """The process ends just before or just after a commit."""
        desk.commits_left = draw.randrange(4)
        with self._lives_or_dies(desk):
            if draw.random() < 0.5:
                self.work(desk, draw.choice(("add_lead", "edit_lead", "add_family")), draw)
            self.sync(desk)
        desk.commits_left = None

    def _jump_clock(self, desk: Desk, draw: random.Random) -> None:
        desk.skew_milliseconds += draw.choice((-3_600_000, -86_400_000, 400_000, 365 * 86_400_000, 600_000))

    def _keep_copy(self, desk: Desk, _draw: random.Random) -> None:
        """Somebody keeps a copy of the store's folder."""
        copy = self.folder / f"copy-{desk.number}-{len(desk.copies)}"
        with self._at(desk):
            desk.store.close()
            shutil.copytree(desk.folder, copy)
            desk.copies.append(copy)
            self._reopen(desk)

    def _restore_copy(self, desk: Desk, draw: random.Random) -> None:
        """The disk broke; the folder comes back as it was when a copy was made."""
        if not desk.copies:
            return
        with self._at(desk):
            self.reckoning.forget(desk.number, [*unsent_rows(desk.store), *kept_values(desk.store)])
            desk.store.close()
            desk.life += 1
            shutil.rmtree(desk.folder)
            shutil.copytree(draw.choice(desk.copies), desk.folder)
            self._reopen(desk)

    def _clone_disk(self, desk: Desk, _draw: random.Random) -> None:
        """Somebody sets a second PC up from the image of this one."""
        if len(self.desks) > 5:
            return
        with self._at(desk):
            desk.store.close()
            folder = self.folder / f"desk-{len(self.desks)}"
            shutil.copytree(desk.folder, folder)
            self._reopen(desk)
            store = self._open(folder)
        clone = Desk(
            len(self.desks),
            desk.plan,
            folder,
            desk.user_id,
            desk.skew_milliseconds,
            store,
            self._client(store, is_previous=desk.speaks_previous), is_upgraded=desk.is_upgraded,
        )  # fmt: skip
        self._watch_commits(clone)
        self.desks.append(clone)

    def _upgrade(self, desk: Desk, _draw: random.Random | None = None) -> None:
        """A PC that still has the program before gets this one."""
        if desk.is_upgraded:
            return
        desk.client.close()
        desk.store.close()
        for folder in (desk.folder, *desk.copies):
            self.stage.behind(folder)
        desk.is_upgraded = True
        self._reopen(desk)
        self.tell(f"desk {desk.number} is upgraded")

    def _reopen(self, desk: Desk) -> None:
        desk.client.close()
        desk.store.close()
        desk.commits_left, desk.is_dead = None, False
        with self._at(desk):
            desk.store = self._open(desk.folder)
            # What was committed counts, also when the process ended before anybody was told.
            unsent = by_table(unsent_rows(desk.store))
            self._note(desk, unsent)
        desk.client = self._client(desk.store, is_previous=desk.speaks_previous)
        self._watch_commits(desk)

    # building

    @contextmanager
    def _at(self, desk: Desk) -> Iterator[None]:
        """While this lasts, the clock is the one of that PC."""
        before, self.acting = self.acting, desk
        try:
            yield
        finally:
            self.acting = before

    def _wall(self) -> int:
        if self.acting is None or self.network.is_serving:
            return self.now_milliseconds
        return self.now_milliseconds + self.acting.skew_milliseconds

    def _make_organization(self) -> None:
        own = {"organization_id": self.organization_id}
        roles = ((Role.OWNER,), (Role.FRONT_DESK, Role.ADMIN), (Role.FRONT_DESK,))
        with self.database.tenant(self.organization_id) as session:
            session.add(
                Organization(**own, id=self.organization_id, business_name="Hudson", time_zone="America/New_York")
            )
            session.add_all(User(**own, id=user, first_name="Maya") for user in self.users)
            session.add_all(
                UserRole(**own, id=derived_id(user, role), user_id=user, role=role)
                for user, held in zip(self.users, roles, strict=True)
                for role in held
            )
            session.add_all(
                Location(**own, id=row_id, name=name)
                for row_id, name in zip(self.locations, ("Irvington", "Tarrytown"), strict=True)
            )
            session.add_all(
                LocationAssignment(
                    **own, id=derived_id(user, self.locations[0]), user_id=user, location_id=self.locations[0]
                )
                for user in self.users[1:]
            )
            session.add(Service(**own, id=self.service_id, name="Private tutoring", format=ServiceFormat.PRIVATE))

    def _add_desk(self, plan: DeskPlan) -> None:
        number = len(self.desks)
        folder = self.folder / f"desk-{number}"
        shutil.copytree(self.stage.template, folder)
        token, user = self.new_id(self.ids), self.users[plan.user]
        device_id = self.new_id(self.ids)
        with self.database.routing() as session:
            session.add(
                Device(
                    id=device_id,
                    organization_id=self.organization_id,
                    account_id=self.stage.account_id,
                    user_id=user,
                    name=f"desk {number}",
                    token_hash=token_hash(token),
                    last_seen_at=START,
                )
            )
        store = self._open(folder)
        store.secrets.keep(TOKEN, token)
        store.set_local(organization_id=self.organization_id, device_id=device_id, user_id=user, **{SERVER: BASE_URL})
        store.begin_new_clock()
        is_previous = plan.speaks_previous or plan.is_behind
        client = self._client(store, is_previous=is_previous)
        desk = Desk(number, plan, folder, user, plan.skew_milliseconds, store, client, is_upgraded=not plan.is_behind)
        self._watch_commits(desk)
        self.desks.append(desk)
        self.sync(desk)

    def _open(self, folder: Path) -> Store:
        store = Store(folder, use_keyring=False)
        store.gate.has_company = self.story.turn_rows is not None
        return store

    def _client(self, store: Store, *, is_previous: bool) -> SyncClient | PreviousClient:
        token = token_of(store)
        assert token is not None
        if is_previous:
            return PreviousClient(Led(self.network), token)
        return client_over(self.network, token)

    def _watch_commits(self, desk: Desk) -> None:
        """Let the process of the desk end before or after one of its commits, when the story wants it."""
        # SQLAlchemy's caches outlive the engine, and would keep the story with its dialect.
        engine_dialect: Any = desk.store.engine.dialect
        dialect, commit = weakref.proxy(engine_dialect), type(engine_dialect).do_commit
        world, watched = weakref.proxy(self), weakref.proxy(desk)

        def do_commit(connection: Any) -> None:
            world._count_down(watched, "killed before a commit")
            commit(dialect, connection)
            world._count_down(watched, "killed after a commit")

        engine_dialect.do_commit = do_commit

    def _counting(self, commit: Callable[[SyncWriter], None]) -> Callable[[SyncWriter], None]:
        """The sync's own commits count as well."""

        def counted(writer: SyncWriter) -> None:
            desk = next((desk for desk in self.desks if desk.store is writer._store), None)
            if desk is not None:
                self._count_down(desk, "killed before a commit of the sync")
            commit(writer)
            if desk is not None:
                self._count_down(desk, "killed after a commit of the sync")

        return counted

    def _count_down(self, desk: Desk, words: str) -> None:
        if desk.commits_left is not None and not desk.is_dead:
            desk.commits_left -= 1
            if desk.commits_left < 0:
                self.tell(words)
                desk.is_dead = True
                raise Killed

    def _kill(self) -> None:
        assert self.acting is not None
        self.acting.is_dead = True
        raise Killed

    @contextmanager
    def _lives_or_dies(self, desk: Desk) -> Iterator[None]:
        """What cannot be reached is remarked upon; a process that was killed is started again."""
        try:
            yield
        except SyncError as error:
            if not desk.is_dead:
                self.tell(f"{type(error).__name__}: {error}")
        except BaseException:
            if not desk.is_dead:
                raise
        if desk.is_dead:
            self._reopen(desk)

    @staticmethod
    def new_id(draw: random.Random) -> str:
        """An id that a replay makes again."""
        return str(UUID(int=draw.getrandbits(128), version=4))
