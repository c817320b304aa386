"""Sixty-four desks at once after the last slot, seat and coupon, each over a socket of its own: exactly one gets it,
and each of the others is told. And who may ask, for what, and what it means to ask twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.organization.models import Location
from shared_models.people.models import Family
from sync_server.booking.models import Coupon, CouponUse, HoldState, SeatHold, SlotHold
from sync_server.booking.promises import HOLD_TIME
from sync_server.database import Database
from sync_server.models import Membership
from tests.live_server import LiveServer, live_server
from tests.sync_server.sync.conftest import add_device
from tests.sync_server.test_races import CROWD, Center

SOON = datetime.now(UTC).replace(hour=16, minute=0, second=0, microsecond=0) + timedelta(days=3)


@pytest.fixture(scope="module")
def wide(postgres_url: str) -> Iterator[Database]:
    """A database with a connection for each of the crowd."""
    database = Database(postgres_url, pool_size=CROWD)
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(wide: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(wide, tmp_path_factory.mktemp("booking")) as running:
        yield running


class Asking:
    """A center whose people ask the running server."""

    def __init__(self, center: Center, server: LiveServer) -> None:
        self.center, self._url = center, server.url
        self._clients: list[httpx.Client] = []
        with center.database.routing() as session:
            member = session.scalars(select(Membership).where(Membership.organization_id == center.id)).one()
        self._owner_id, self._account_id = member.user_id, member.account_id

    def desk(self, user_id: str | None = None) -> httpx.Client:
        """Another PC, of the owner if nobody is named."""
        token, _ = add_device(self.center.database, self.center.id, user_id or self._owner_id, self._account_id)
        client = httpx.Client(
            base_url=f"{self._url}/api/v1", timeout=60, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        self._clients.append(client)
        return client

    def user(self, role: Role, *locations: str) -> str:
        """Somebody with one role, at these locations."""
        user_id, own = new_id(), {"organization_id": self.center.id}
        with self.center.database.tenant(self.center.id) as session:
            session.add(User(**own, id=user_id, first_name="Sam"))
            session.flush()
            session.add(UserRole(**own, id=derived_id(user_id, role), user_id=user_id, role=role))
            for location_id in locations:
                session.add(LocationAssignment(**own, id=new_id(), user_id=user_id, location_id=location_id))
        return user_id

    def time(self, starts: datetime = SOON, **values: Any) -> dict[str, Any]:
        """An hour of the tutor with its buffer, as it is asked for."""
        return {
            "tutor_id": self.center.tutor_id, "location_id": self.center.location_id, "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(hours=1)).isoformat(),
            "blocked_until": (starts + timedelta(minutes=75)).isoformat(),
        } | values  # fmt: skip

    def group_session(self, capacity: int) -> str:
        """A session with so many seats."""
        entry = self.center.entry(new_id(), SOON + timedelta(days=1), capacity=capacity)
        with self.center.database.tenant(self.center.id) as session:
            session.add(entry)
        return entry.id

    def race(self, path: str, body: Any) -> list[httpx.Response]:
        """Everybody asks for the same at once, under ids of their own; `body` may depend on the number."""
        desks = [self.desk() for _ in range(CROWD)]
        start = threading.Barrier(CROWD)
        answers: dict[int, httpx.Response] = {}

        def ask(number: int) -> None:
            start.wait(60)
            said = body(number) if callable(body) else body
            answers[number] = desks[number].put(f"{path}/{new_id()}", json=said)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(CROWD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(answers) == CROWD
        return list(answers.values())

    def close(self) -> None:
        while self._clients:
            self._clients.pop().close()


@pytest.fixture
def asking(wide: Database, server: LiveServer) -> Iterator[Asking]:
    asking = Asking(Center(wide), server)
    yield asking
    asking.close()


def told(answers: list[httpx.Response], code: str) -> list[dict[str, Any]]:
    """What those were told who did not get it; everybody else got it."""
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} <= {(409, code)}
    return [answer.json() for answer in refused]


def live(asking: Asking, kind: type[SlotHold] | type[SeatHold]) -> list[Any]:
    with asking.center.database.tenant(asking.center.id) as session:
        return list(session.scalars(select(kind).where(kind.state == HoldState.HELD)))


def test_one_of_sixty_four_gets_the_slot_and_the_others_hear_of_the_nearest(asking: Asking) -> None:
    refused = told(asking.race("/holds/slots", asking.time()), "slot_taken")
    assert len(refused) == CROWD - 1
    assert len(live(asking, SlotHold)) == 1
    for one in refused:
        assert "just been taken" in one["detail"]
        assert len(one["nearest"]) == 3
        for slot in one["nearest"]:
            assert abs(datetime.fromisoformat(slot["starts_at"]) - SOON) >= timedelta(minutes=75)


def test_of_slots_that_overlap_each_other_no_two_are_kept(asking: Asking) -> None:
    answers = asking.race("/holds/slots", lambda number: asking.time(SOON + timedelta(minutes=15 * (number % 16))))
    refused = told(answers, "slot_taken")
    kept = sorted((hold.starts_at, hold.blocked_until) for hold in live(asking, SlotHold))
    assert len(kept) == CROWD - len(refused) >= 2
    assert all(until <= starts for (_, until), (starts, _) in pairwise(kept))


def test_one_of_sixty_four_gets_the_last_seat(asking: Asking) -> None:
    refused = told(asking.race("/holds/seats", {"entry_id": asking.group_session(1)}), "no_seat_left")
    assert {one["detail"] for one in refused} == {"The last seat has just been taken. Choose another session."}
    assert (len(refused), len(live(asking, SeatHold))) == (CROWD - 1, 1)


def test_as_many_get_a_seat_as_there_are(asking: Asking) -> None:
    answers = asking.race("/holds/seats", {"entry_id": asking.group_session(7)})
    assert len(told(answers, "no_seat_left")) == CROWD - 7
    numbers = [answer.json()["seat_number"] for answer in answers if answer.status_code == 200]
    assert sorted(numbers) == list(range(1, 8))


def test_one_of_sixty_four_gets_the_last_use_of_a_coupon(asking: Asking) -> None:
    asking.center.coupon(use_limit=10, uses=9)
    refused = told(asking.race("/coupon-uses", {"code": " autumn"}), "coupon_refused")
    assert {one["detail"] for one in refused} == {"This coupon has been used up."}
    assert len(refused) == CROWD - 1
    with asking.center.database.tenant(asking.center.id) as session:
        assert session.scalars(select(Coupon.uses)).one() == 10
        assert len(session.scalars(select(CouponUse.id)).all()) == 1


def test_asking_again_with_the_same_id_gives_the_same_and_uses_nothing_more(asking: Asking) -> None:
    desk, entry_id = asking.desk(), asking.group_session(2)
    asking.center.coupon(use_limit=1)
    for path, body in (
        ("holds/slots", asking.time()), ("holds/seats", {"entry_id": entry_id}), ("coupon-uses", {"code": "AUTUMN"}),
    ):  # fmt: skip
        promise_id = new_id()
        first, again = (desk.put(f"/{path}/{promise_id}", json=body) for _ in range(2))
        assert first.status_code == again.status_code == 200, again.text
        assert first.json() == again.json()
    assert (len(live(asking, SlotHold)), len(live(asking, SeatHold))) == (1, 1)


def test_an_id_names_one_promise(asking: Asking) -> None:
    desk, hold_id, seat_id, use_id = asking.desk(), new_id(), new_id(), new_id()
    asking.center.coupon()
    desk.put(f"/holds/slots/{hold_id}", json=asking.time())
    desk.put(f"/holds/seats/{seat_id}", json={"entry_id": asking.group_session(2)})
    desk.put(f"/coupon-uses/{use_id}", json={"code": "AUTUMN"})
    for path, body in (
        (f"holds/slots/{hold_id}", asking.time(SOON + timedelta(days=1))),
        (f"holds/seats/{seat_id}", {"entry_id": asking.group_session(2)}),
        (f"coupon-uses/{use_id}", {"code": "SPRING"}),
    ):
        assert desk.put(f"/{path}", json=body).status_code == 409


def test_a_time_is_kept_for_fifteen_minutes_and_free_at_once_when_it_is_let_go(asking: Asking) -> None:
    desk, other, hold_id = asking.desk(), asking.desk(), new_id()
    before = datetime.now(UTC)
    kept = desk.put(f"/holds/slots/{hold_id}", json=asking.time()).json()
    assert before + HOLD_TIME - timedelta(seconds=1) <= datetime.fromisoformat(kept["held_until"])
    assert other.put(f"/holds/slots/{new_id()}", json=asking.time()).status_code == 409
    assert other.delete(f"/holds/slots/{hold_id}").status_code == 204, "anybody at the desk may"
    assert desk.delete(f"/holds/slots/{hold_id}").status_code == 404
    assert other.put(f"/holds/slots/{new_id()}", json=asking.time()).status_code == 200


def test_a_time_that_makes_no_sense_is_refused(asking: Asking) -> None:
    desk = asking.desk()
    for wrong in (
        asking.time(datetime.now(UTC) - timedelta(hours=1)),
        asking.time(SOON + timedelta(days=4000)),
        asking.time(ends_at=SOON.isoformat()),
        asking.time(blocked_until=(SOON + timedelta(minutes=30)).isoformat()),
        asking.time(starts_at="9999-12-31T23:59:59-23:00"),
        asking.time(starts_at=SOON.replace(tzinfo=None).isoformat()),
    ):
        assert desk.put(f"/holds/slots/{new_id()}", json=wrong).status_code == 422
    for unknown in (asking.time(tutor_id=new_id()), asking.time(room_id=new_id()), asking.time(location_id=new_id())):
        assert desk.put(f"/holds/slots/{new_id()}", json=unknown).status_code == 404


def test_who_works_elsewhere_or_not_at_a_desk_keeps_nothing(asking: Asking) -> None:
    elsewhere, entry_id = new_id(), asking.group_session(2)
    asking.center.coupon()
    with asking.center.database.tenant(asking.center.id) as session:
        session.add(Location(organization_id=asking.center.id, id=elsewhere, name="Tarrytown"))
    here, there, tutor = (
        asking.desk(asking.user(role, location))
        for role, location in (
            (Role.FRONT_DESK, asking.center.location_id), (Role.FRONT_DESK, elsewhere),
            (Role.TUTOR, asking.center.location_id),
        )
    )  # fmt: skip
    kept = new_id()
    asked = (
        ("PUT", f"/holds/slots/{kept}", asking.time()), ("PUT", f"/holds/seats/{new_id()}", {"entry_id": entry_id}),
    )  # fmt: skip
    for desk in (there, tutor):
        for method, path, body in asked:
            assert desk.request(method, path, json=body).status_code == 404
    for method, path, body in asked:
        assert here.request(method, path, json=body).status_code == 200
    for desk in (there, tutor):
        assert desk.delete(f"/holds/slots/{kept}").status_code == 404
    coupon = f"/coupon-uses/{new_id()}"
    assert tutor.put(coupon, json={"code": "AUTUMN"}).status_code == 404
    assert there.put(coupon, json={"code": "AUTUMN"}).status_code == 200


def test_a_coupon_for_each_family_once_wants_a_family_of_the_center(asking: Asking) -> None:
    desk, family_id = asking.desk(), new_id()
    asking.center.coupon(is_once_per_family=True)
    with asking.center.database.tenant(asking.center.id) as session:
        session.add(
            Family(organization_id=asking.center.id, id=family_id, parent1_first_name="Ana", parent1_last_name="Li")
        )

    def use(**more: str) -> httpx.Response:
        return desk.put(f"/coupon-uses/{new_id()}", json={"code": "AUTUMN", **more})

    assert use(family_id=new_id()).status_code == 404
    assert use().status_code == 409
    assert use(family_id=family_id).json() == {"code": "AUTUMN", "percent": 10, "amount_cents": None}
    assert "already used" in use(family_id=family_id).json()["detail"]
