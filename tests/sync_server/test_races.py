"""Sixty-four people at once after the last slot, seat, coupon and website address: exactly one gets it, and each of
the others is told. On a real PostgreSQL, each with a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared_models.access.models import User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Family, Student, Tutor
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from sync_server.access.accounts import NewOrganization, SlugTaken, create_organization
from sync_server.access.slugs import change_slug
from sync_server.booking.models import Coupon, CouponUse, HoldState, SeatHold, SlotHold
from sync_server.booking.promises import (
    HOLD_TIME,
    CouponRefused,
    HoldEnded,
    NoSeatLeft,
    SlotTaken,
    WantedSlot,
    book_slot,
    expire_slots,
    hold_slot,
    release_slot,
    take_seat,
    use_coupon,
)
from sync_server.database import Database, allocate_sequence
from sync_server.models import OrganizationRoute
from tests.live_server import make_organization

CROWD = 64
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
MONDAY_AT_FOUR = datetime(2026, 11, 30, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def wide(postgres_url: str) -> Iterator[Database]:
    """A database with a connection for each of the crowd."""
    database = Database(postgres_url, pool_size=CROWD + 6)
    yield database
    database.close()


class Center:
    """An organization with a tutor, a room, and a group session of two seats."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.id, self.slug, _ = make_organization(database)
        own = {"organization_id": self.id}
        self.tutor_id, self.other_tutor_id, self.room_id, self.entry_id = (new_id() for _ in range(4))
        with database.tenant(self.id) as session:
            self.location_id = session.scalars(select(Location.id)).one()
            self.service_id = session.scalars(select(Service.id).limit(1)).one()
            for tutor_id in (self.tutor_id, self.other_tutor_id):
                user_id = new_id()
                session.add(User(**own, id=user_id, first_name="Andre"))
                session.flush()
                session.add(Tutor(**own, id=tutor_id, user_id=user_id))
            session.add(Room(**own, id=self.room_id, location_id=self.location_id, name="Room 1"))
            session.flush()
            session.add(self.entry(self.entry_id, MONDAY_AT_FOUR + timedelta(days=1), capacity=2))

    def entry(self, entry_id: str, starts: datetime, **values: Any) -> ScheduleEntry:
        """A session of one hour."""
        return ScheduleEntry(
            organization_id=self.id, id=entry_id, location_id=self.location_id, service_id=self.service_id,
            starts_at=starts, ends_at=starts + timedelta(hours=1), blocked_until=starts + timedelta(minutes=75),
            **values,
        )  # fmt: skip

    def slot(self, starts: datetime = MONDAY_AT_FOUR, **values: Any) -> WantedSlot:
        """An hour of the tutor, with its buffer."""
        given = {"tutor_id": self.tutor_id, "location_id": self.location_id} | values
        return WantedSlot(
            starts_at=starts, ends_at=starts + timedelta(hours=1), blocked_until=starts + timedelta(minutes=75),
            **given,
        )  # fmt: skip

    def hold(self, slot: WantedSlot, hold_id: str = "", now: datetime = NOW) -> SlotHold:
        """Hold in a transaction of its own."""
        with self.database.tenant(self.id) as session:
            return hold_slot(session, self.id, hold_id or new_id(), slot, now=now)

    def seat(self, seat_id: str = "", now: datetime = NOW) -> SeatHold:
        """Take a seat of the group session in a transaction of its own."""
        with self.database.tenant(self.id) as session:
            return take_seat(session, self.id, seat_id or new_id(), self.entry_id, now=now)

    def coupon(self, **values: Any) -> None:
        """A coupon of ten percent."""
        with self.database.tenant(self.id) as session:
            session.add(Coupon(organization_id=self.id, id=new_id(), code="AUTUMN", percent=10, **values))

    def use(self, code: str = "AUTUMN", family_id: str | None = None) -> None:
        """Use a coupon in a transaction of its own."""
        with self.database.tenant(self.id) as session:
            use_coupon(session, self.id, new_id(), code, family_id=family_id, now=NOW, today=NOW.date())


@pytest.fixture
def center(wide: Database) -> Center:
    return Center(wide)


def race(work: Callable[[int], object], refusal: type[Exception], crowd: int = CROWD) -> tuple[int, list[Exception]]:
    """All at once; returns how many got it, and what the others were told. Anything else that happens is raised."""
    start = threading.Barrier(crowd)
    told: list[Exception] = []
    got: list[int] = []
    broken: list[BaseException] = []

    def one(number: int) -> None:
        try:
            start.wait(60)
            work(number)
            got.append(number)
        except refusal as error:
            told.append(error)
        except BaseException as error:  # to be raised where the test can see it
            broken.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if broken:
        raise broken[0]
    return len(got), told


def live_holds(center: Center) -> list[SlotHold]:
    with center.database.tenant(center.id) as session:
        return list(session.scalars(select(SlotHold).where(SlotHold.state == HoldState.HELD)))


@pytest.mark.parametrize("_round", range(3))
def test_one_of_sixty_four_gets_the_slot_and_the_others_hear_of_the_nearest(center: Center, _round: int) -> None:
    got, told = race(lambda _: center.hold(center.slot()), SlotTaken)
    assert (got, len(told), len(live_holds(center))) == (1, CROWD - 1, 1)
    for refusal in told:
        assert isinstance(refusal, SlotTaken)
        assert len(refusal.nearest) == 3
        assert all(abs(slot.starts - MONDAY_AT_FOUR.timestamp()) >= 75 * 60 for slot in refusal.nearest)


def test_of_slots_that_overlap_each_other_no_two_are_held(center: Center) -> None:
    def want(number: int) -> None:
        center.hold(center.slot(MONDAY_AT_FOUR + timedelta(minutes=15 * (number % 16))))

    got, told = race(want, SlotTaken)
    held = sorted((hold.starts_at, hold.blocked_until) for hold in live_holds(center))
    assert got == len(held) >= 2
    assert got + len(told) == CROWD
    assert all(until <= starts for (_, until), (starts, _) in pairwise(held))


def test_two_tutors_cannot_be_held_in_one_room(center: Center) -> None:
    def want(number: int) -> None:
        tutor = (center.tutor_id, center.other_tutor_id)[number % 2]
        center.hold(center.slot(tutor_id=tutor, room_id=center.room_id))

    got, told = race(want, SlotTaken)
    assert (got, len(told)) == (1, CROWD - 1)


def test_the_slot_of_a_hold_that_has_ended_is_free_at_once_for_exactly_one(center: Center) -> None:
    center.hold(center.slot())
    later = NOW + HOLD_TIME
    got, told = race(lambda _: center.hold(center.slot(), now=later), SlotTaken)
    assert (got, len(told), len(live_holds(center))) == (1, CROWD - 1, 1)


def test_either_a_desk_has_sent_a_session_first_or_the_slot_is_held(center: Center) -> None:
    """A push holds the organization's counter until it commits; a hold sees it whole or comes before it."""
    order: list[str] = []
    pushed, held = threading.Event(), threading.Event()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR SHARE%'"

    def desk() -> None:
        with center.database.tenant(center.id) as session:
            allocate_sequence(session, center.id, 0)
            session.add(center.entry(new_id(), MONDAY_AT_FOUR, tutor_id=center.tutor_id))
            session.flush()
            pushed.set()
            # The hold is there, and waits; without the lock it would go by and be granted.
            with psycopg.connect(center.database.url, autocommit=True) as owner:
                for _ in range(3000):
                    if owner.execute(waiting).fetchone() != (0,) or held.is_set():
                        break
            order.append("session")

    thread = threading.Thread(target=desk)
    thread.start()
    assert pushed.wait(30)
    with pytest.raises(SlotTaken):
        center.hold(center.slot())
    held.set()
    order.append("hold refused")
    thread.join(30)
    assert order == ["session", "hold refused"]


def test_the_database_itself_refuses_two_live_holds_that_overlap(center: Center) -> None:
    def row(starts: datetime, **values: Any) -> SlotHold:
        given = {"tutor_id": center.tutor_id, "room_id": None} | values
        return SlotHold(
            organization_id=center.id, id=new_id(), location_id=center.location_id, starts_at=starts,
            ends_at=starts + timedelta(hours=1), blocked_until=starts + timedelta(hours=1), held_until=NOW, **given,
        )  # fmt: skip

    def add(*rows: SlotHold) -> None:
        with center.database.tenant(center.id) as session:
            session.add_all(rows)

    hour = timedelta(hours=1)
    add(row(MONDAY_AT_FOUR, room_id=center.room_id), row(MONDAY_AT_FOUR + hour), row(MONDAY_AT_FOUR - hour))
    add(row(MONDAY_AT_FOUR, tutor_id=center.other_tutor_id))
    with pytest.raises(IntegrityError, match="ex_slot_hold_tutor"):
        add(row(MONDAY_AT_FOUR + hour / 2))
    with pytest.raises(IntegrityError, match="ex_slot_hold_room"):
        add(row(MONDAY_AT_FOUR, tutor_id=new_id(), room_id=center.room_id))
    add(row(MONDAY_AT_FOUR, state=HoldState.RELEASED), row(MONDAY_AT_FOUR, state=HoldState.EXPIRED))


def test_a_hold_is_not_extended_by_asking_again(center: Center) -> None:
    hold_id = new_id()
    first = center.hold(center.slot(), hold_id)
    again = center.hold(center.slot(), hold_id, NOW + timedelta(minutes=14))
    assert again.held_until == first.held_until == NOW + HOLD_TIME


def test_a_held_slot_can_be_let_go_booked_in_time_and_expires(center: Center) -> None:
    hold_id = new_id()
    center.hold(center.slot(), hold_id)
    with center.database.tenant(center.id) as session:
        assert release_slot(session, center.id, hold_id)
        assert not release_slot(session, center.id, hold_id)
    booked = new_id()
    center.hold(center.slot(), booked)
    with center.database.tenant(center.id) as session:
        book_slot(session, center.id, booked, now=NOW + timedelta(minutes=14))
        session.add(center.entry(new_id(), MONDAY_AT_FOUR, tutor_id=center.tutor_id))
    with pytest.raises(SlotTaken):
        center.hold(center.slot())
    late = new_id()
    center.hold(center.slot(MONDAY_AT_FOUR + timedelta(days=2)), late)
    with pytest.raises(HoldEnded, match="15 minutes"), center.database.tenant(center.id) as session:
        book_slot(session, center.id, late, now=NOW + HOLD_TIME)
    with center.database.tenant(center.id) as session:
        assert expire_slots(session, center.id, now=NOW + HOLD_TIME) == 1


def test_a_session_of_the_desk_in_the_room_stands_in_the_way(center: Center) -> None:
    entry = center.entry(new_id(), MONDAY_AT_FOUR)
    with center.database.tenant(center.id) as session:
        session.add(entry)
        session.flush()
        session.add(
            EntryRoom(
                organization_id=center.id, id=derived_id(entry.id, center.room_id), entry_id=entry.id,
                room_id=center.room_id,
            )
        )  # fmt: skip
    center.hold(center.slot())
    with pytest.raises(SlotTaken):
        center.hold(center.slot(tutor_id=center.other_tutor_id, room_id=center.room_id))


def test_a_cancelled_session_leaves_its_time_free(center: Center) -> None:
    with center.database.tenant(center.id) as session:
        session.add(center.entry(new_id(), MONDAY_AT_FOUR, tutor_id=center.tutor_id, status=EntryStatus.CANCELLED))
    assert center.hold(center.slot()).state is HoldState.HELD


def attend(center: Center, session: Session) -> None:
    """A student of the center takes one of the two seats."""
    family_id, student_id, own = new_id(), new_id(), {"organization_id": center.id}
    session.add(Family(**own, id=family_id, parent1_first_name="Priya", parent1_last_name="Kim"))
    session.flush()
    session.add(
        Student(**own, id=student_id, family_id=family_id, location_id=center.location_id, first_name="Elena")
    )
    session.flush()
    session.add(
        Attendee(**own, id=derived_id(center.entry_id, student_id), entry_id=center.entry_id, student_id=student_id)
    )


@pytest.mark.parametrize("_round", range(3))
def test_one_of_sixty_four_gets_the_last_seat(center: Center, _round: int) -> None:
    with center.database.tenant(center.id) as session:
        attend(center, session)
    got, told = race(lambda _: center.seat(), NoSeatLeft)
    assert (got, len(told)) == (1, CROWD - 1)
    assert {str(refusal) for refusal in told} == {"The last seat has just been taken. Choose another session."}


def test_as_many_get_a_seat_as_there_are_and_ended_ones_are_free_again(center: Center) -> None:
    got, told = race(lambda _: center.seat(), NoSeatLeft)
    assert (got, len(told)) == (2, CROWD - 2)
    got, told = race(lambda _: center.seat(now=NOW + HOLD_TIME), NoSeatLeft)
    assert (got, len(told)) == (2, CROWD - 2)


def test_the_same_person_asking_twice_has_one_seat(center: Center) -> None:
    seat_id = new_id()
    assert center.seat(seat_id).seat_number == center.seat(seat_id).seat_number == 1
    with pytest.raises(NoSeatLeft, match="begun"):
        center.seat(now=MONDAY_AT_FOUR + timedelta(days=1))


@pytest.mark.parametrize("_round", range(3))
def test_one_of_sixty_four_gets_the_last_use_of_a_coupon(center: Center, _round: int) -> None:
    center.coupon(use_limit=10, uses=9)
    got, told = race(lambda _: center.use(), CouponRefused)
    assert (got, len(told)) == (1, CROWD - 1)
    assert {str(refusal) for refusal in told} == {"This coupon has been used up."}
    with center.database.tenant(center.id) as session:
        assert session.scalars(select(Coupon.uses)).one() == 10
        assert len(session.scalars(select(CouponUse.id)).all()) == 1


def test_a_family_uses_a_coupon_for_each_family_once(center: Center) -> None:
    center.coupon(is_once_per_family=True)
    family_id = new_id()
    got, told = race(lambda _: center.use(family_id=family_id), CouponRefused)
    assert (got, {str(refusal) for refusal in told}) == (1, {"Your family has already used this coupon."})
    center.use(" autumn ", family_id=new_id())
    with center.database.tenant(center.id) as session:
        assert session.scalars(select(Coupon.uses)).one() == 2
    with pytest.raises(CouponRefused, match="known families"):
        center.use()


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        ({"last_day": (NOW - timedelta(days=1)).date()}, "AUTUMN", "no longer"),
        ({"first_day": (NOW + timedelta(days=1)).date()}, "AUTUMN", "not hold yet"),
        ({}, "SPRING", "no such coupon"),
        ({"archived_at": NOW}, "AUTUMN", "no such coupon"),
    ],
)
def test_a_coupon_that_does_not_hold_is_refused_with_the_reason(
    center: Center, values: dict[str, Any], code: str, said: str
) -> None:
    center.coupon(**values)
    with pytest.raises(CouponRefused, match=said):
        center.use(code)


def test_one_of_sixty_four_organizations_gets_the_address(wide: Database) -> None:
    centers = [make_organization(wide)[0] for _ in range(CROWD // 4)]
    wanted = f"wanted-{new_id()[-12:]}"

    def want(number: int) -> None:
        center_id = centers[number % len(centers)]
        with wide.tenant(center_id) as session:
            change_slug(session, center_id, wanted)

    # Each organization asks once; the rest of the crowd are new organizations that want the same address.
    email = f"{new_id()[-12:]}@hudson.example"
    known_account(wide, email)

    def want_or_found(number: int) -> None:
        if number < len(centers):
            want(number)
        else:
            create_organization(wide, founding(wanted, email))

    got, told = race(want_or_found, SlugTaken)
    assert (got, len(told)) == (1, CROWD - 1)
    with wide.routing() as session:
        assert session.get_one(OrganizationRoute, wanted).is_current


def test_an_old_address_leads_to_the_newest_and_can_be_taken_back(center: Center) -> None:
    newer, newest = f"newer-{new_id()[-12:]}", f"newest-{new_id()[-12:]}"
    for slug in (newer, newest):
        with center.database.tenant(center.id) as session:
            change_slug(session, center.id, slug)
    assert routes(center) == {center.slug: False, newer: False, newest: True}
    other = Center(center.database)
    for taken in (center.slug, newer, newest):
        with pytest.raises(SlugTaken), other.database.tenant(other.id) as session:
            change_slug(session, other.id, taken)
    with center.database.tenant(center.id) as session:
        change_slug(session, center.id, center.slug)
        assert session.scalars(select(Organization.website_slug)).one() == center.slug
    assert routes(center) == {center.slug: True, newer: False, newest: False}


def routes(center: Center) -> dict[str, bool]:
    with center.database.routing() as session:
        found = session.execute(
            select(OrganizationRoute.slug, OrganizationRoute.is_current).where(
                OrganizationRoute.organization_id == center.id
            )
        )
        return {slug: is_current for slug, is_current in found}  # noqa: C416 - rows are no pairs to the type checker


def founding(slug: str, email: str) -> NewOrganization:
    return NewOrganization(
        business_name="Hudson", slug=slug, time_zone="America/New_York", owner_first_name="Maya",
        owner_last_name="Torres", owner_email=email, password="correct horse battery", location_name="Main office",
    )  # fmt: skip


def known_account(database: Database, email: str) -> None:
    """The person has an account, whose password is not hashed anew for each of the crowd."""
    create_organization(database, founding(f"first-{new_id()[-12:]}", email))


def test_promises_of_one_organization_are_not_seen_by_another(center: Center) -> None:
    center.hold(center.slot())
    center.coupon()
    other = Center(center.database)
    with other.database.tenant(other.id) as session:
        for kind in (SlotHold, SeatHold, Coupon, CouponUse, UserRole):
            assert all(row.organization_id == other.id for row in session.scalars(select(kind)))
        assert session.scalars(select(SlotHold)).all() == []
