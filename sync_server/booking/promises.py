"""Promises to the public, made only here: a held slot, a seat, a coupon's use (architecture, "How a change travels").

Each is made in the caller's transaction. Desks' pushes hold the organization's counter until they commit; a promise
shares that lock, so that it sees every session that a desk has sent, and a desk's next push waits until the promise
stands. Promises about one tutor, room or session take turns among themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared_models.people.models import Tutor
from shared_models.schedule.bookings import live_between, load_bookings
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.nearest_slots import FreeSlot, Occupancy, nearest_free_slots
from shared_models.schedule.terms import terms_of, tutor_rules
from sync_server.booking.models import Coupon, CouponUse, HoldState, SeatHold, SlotHold

HOLD_TIME = timedelta(minutes=15)
"""How long a slot is kept; it is not extended (product §7, "Cart")."""

_LOOK_AROUND = timedelta(days=8)


class PromiseRefused(Exception):
    """What was asked for cannot be promised; `str()` is a sentence for the person."""


class SlotTaken(PromiseRefused):
    """Somebody else has the time; `nearest` are the nearest other times that are free."""

    def __init__(self, sentence: str, nearest: tuple[FreeSlot, ...] = ()) -> None:
        super().__init__(sentence)
        self.nearest = nearest


class HoldEnded(PromiseRefused):
    """The time is no longer held."""


class NoSeatLeft(PromiseRefused):
    """The session is full, cancelled or over."""


class CouponRefused(PromiseRefused):
    """The coupon does not exist, does not hold now, or has been used up."""


@dataclass(frozen=True, slots=True)
class WantedSlot:
    """A time of a tutor: `[starts_at, ends_at)` and the buffer until `blocked_until`, all UTC."""

    tutor_id: str
    location_id: str
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    room_id: str | None = None


def hold_slot(session: Session, organization_id: str, hold_id: str, wanted: WantedSlot, *, now: datetime) -> SlotHold:
    """Keep a tutor's time, and the room's if one is wanted, for HOLD_TIME. Raises SlotTaken with the nearest times.

    Asking again with the same id gives the same hold. Nobody else's hold that has ended stands in the way.
    """
    _see_what_desks_sent(session, organization_id)
    _take_turns(session, organization_id, [wanted.tutor_id, wanted.room_id])
    known = session.get(SlotHold, (organization_id, hold_id))
    if known is not None and known.state is HoldState.HELD and known.held_until > now:
        return known
    expire_slots(session, organization_id, now=now)
    if known is not None or _is_taken(session, organization_id, wanted, now):
        raise _slot_taken(session, organization_id, wanted, now)
    hold = SlotHold(
        organization_id=organization_id,
        id=hold_id,
        tutor_id=wanted.tutor_id,
        room_id=wanted.room_id,
        location_id=wanted.location_id,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        blocked_until=wanted.blocked_until,
        held_until=now + HOLD_TIME,
    )
    try:
        with session.begin_nested():
            session.add(hold)
    except IntegrityError as error:
        raise _slot_taken(session, organization_id, wanted, now) from error
    return hold


def release_slot(session: Session, organization_id: str, hold_id: str) -> bool:
    """Let a held time go; False when it was not held."""
    return _move(session, organization_id, hold_id, HoldState.RELEASED)


def book_slot(session: Session, organization_id: str, hold_id: str, *, now: datetime) -> None:
    """The held time becomes a session, which the caller adds in the same transaction. Raises HoldEnded.

    Takes the organization's counter first, as adding the session will.
    """
    from sync_server.database import allocate_sequence

    allocate_sequence(session, organization_id, 0)
    if not _move(session, organization_id, hold_id, HoldState.BOOKED, SlotHold.held_until > now):
        raise HoldEnded("This time was kept for 15 minutes, which are over. Choose a time again.")


def expire_slots(session: Session, organization_id: str, *, now: datetime) -> int:
    """Let go of the times whose hold has ended, but for those that somebody else is letting go of right now; returns
    how many."""
    ended = (
        select(SlotHold.id)
        .where(
            SlotHold.organization_id == organization_id,
            SlotHold.state == HoldState.HELD,
            SlotHold.held_until <= now,
        )
        .with_for_update(skip_locked=True)
    )
    statement = update(SlotHold).where(SlotHold.organization_id == organization_id, SlotHold.id.in_(ended))
    return len(session.execute(statement.values(state=HoldState.EXPIRED).returning(SlotHold.id)).all())


def take_seat(session: Session, organization_id: str, seat_id: str, entry_id: str, *, now: datetime) -> SeatHold:
    """Keep a seat of a group session for HOLD_TIME. Raises NoSeatLeft. Asking again with the same id gives the same
    seat."""
    _see_what_desks_sent(session, organization_id)
    entry = session.execute(
        select(ScheduleEntry.capacity, ScheduleEntry.status, ScheduleEntry.archived_at, ScheduleEntry.starts_at)
        .where(ScheduleEntry.organization_id == organization_id, ScheduleEntry.id == entry_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if entry is None or entry.archived_at is not None or entry.status is not EntryStatus.SCHEDULED:
        raise NoSeatLeft("This session does not take place. Choose another.")
    if entry.starts_at <= now:
        raise NoSeatLeft("This session has begun. Choose a later one.")
    known = session.get(SeatHold, (organization_id, seat_id))
    if known is not None and known.state is HoldState.HELD and known.held_until > now:
        return known
    session.execute(
        update(SeatHold)
        .where(
            SeatHold.organization_id == organization_id,
            SeatHold.entry_id == entry_id,
            SeatHold.state == HoldState.HELD,
            SeatHold.held_until <= now,
        )
        .values(state=HoldState.EXPIRED)
    )
    seated = session.scalar(
        select(func.count()).where(
            Attendee.organization_id == organization_id, Attendee.entry_id == entry_id, Attendee.archived_at.is_(None)
        )
    )
    held = set(
        session.scalars(
            select(SeatHold.seat_number).where(
                SeatHold.organization_id == organization_id,
                SeatHold.entry_id == entry_id,
                SeatHold.state == HoldState.HELD,
            )
        )
    )
    if known is not None or len(held) + (seated or 0) >= entry.capacity:
        raise NoSeatLeft("The last seat has just been taken. Choose another session.")
    number = next(number for number in range(1, len(held) + 2) if number not in held)
    seat = SeatHold(
        organization_id=organization_id,
        id=seat_id,
        entry_id=entry_id,
        seat_number=number,
        held_until=now + HOLD_TIME,
    )
    session.add(seat)
    session.flush()
    return seat


def use_coupon(
    session: Session,
    organization_id: str,
    use_id: str,
    code: str,
    *,
    family_id: str | None,
    now: datetime,
    today: date,
) -> Coupon:
    """Use a coupon once, by the code as somebody typed it; `today` is the organization's day. Raises CouponRefused.

    The count moves with the condition on it in one statement, so that the last use is given once. Asking again with
    the same id uses nothing more.
    """
    typed = code.strip().upper()
    # Who asks twice at once with one id takes turns with themselves.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{organization_id} {use_id}"}
    )
    used = session.scalars(
        select(Coupon)
        .join(CouponUse, (CouponUse.organization_id == Coupon.organization_id) & (CouponUse.coupon_id == Coupon.id))
        .where(CouponUse.organization_id == organization_id, CouponUse.id == use_id)
    ).one_or_none()
    if used is not None and used.code == typed:
        return used
    if used is not None:
        raise CouponRefused("This id names the use of another coupon already.")
    try:
        with session.begin_nested():
            coupon = session.scalars(
                update(Coupon)
                .where(
                    Coupon.organization_id == organization_id,
                    Coupon.code == typed,
                    Coupon.archived_at.is_(None),
                    Coupon.first_day.is_(None) | (Coupon.first_day <= today),
                    Coupon.last_day.is_(None) | (Coupon.last_day >= today),
                    Coupon.use_limit.is_(None) | (Coupon.uses < Coupon.use_limit),
                )
                .values(uses=Coupon.uses + 1)
                .returning(Coupon)
                .execution_options(synchronize_session=False, populate_existing=True)
            ).one_or_none()
            if coupon is None:
                raise CouponRefused(_why_no_coupon(session, organization_id, typed, today))
            if coupon.is_once_per_family and family_id is None:
                raise CouponRefused("This coupon is for known families. Sign in to use it.")
            session.add(
                CouponUse(
                    organization_id=organization_id,
                    id=use_id,
                    coupon_id=coupon.id,
                    family_id=family_id,
                    once_family_id=family_id if coupon.is_once_per_family else None,
                    used_at=now,
                )
            )
            session.flush()
            return coupon
    except IntegrityError as error:
        raise CouponRefused("Your family has already used this coupon.") from error


def _why_no_coupon(session: Session, organization_id: str, code: str, today: date) -> str:
    coupon = session.scalars(
        select(Coupon).where(
            Coupon.organization_id == organization_id, Coupon.code == code, Coupon.archived_at.is_(None)
        )
    ).one_or_none()
    if coupon is None:
        return "There is no such coupon. Check the code."
    if coupon.first_day is not None and today < coupon.first_day:
        return "This coupon does not hold yet."
    if coupon.last_day is not None and today > coupon.last_day:
        return "This coupon no longer holds."
    return "This coupon has been used up."


def _see_what_desks_sent(session: Session, organization_id: str) -> None:
    session.execute(
        text("SELECT last_seq FROM organization_sequence WHERE organization_id = :id FOR SHARE"),
        {"id": organization_id},
    )


def _take_turns(session: Session, organization_id: str, things: Iterable[str | None]) -> None:
    """Wait for other promises about the same tutor or room; always in the same order, so that nobody waits in a
    circle."""
    for thing in sorted({thing for thing in things if thing is not None}):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{organization_id} {thing}"}
        )


def _is_taken(session: Session, organization_id: str, wanted: WantedSlot, now: datetime) -> bool:
    entries = select(ScheduleEntry.id).where(*live_between(organization_id, wanted.starts_at, wanted.blocked_until))
    holds = select(SlotHold.id).where(
        SlotHold.organization_id == organization_id,
        SlotHold.state == HoldState.HELD,
        SlotHold.held_until > now,
        SlotHold.starts_at < wanted.blocked_until,
        SlotHold.blocked_until > wanted.starts_at,
    )
    questions = [
        entries.where(ScheduleEntry.tutor_id == wanted.tutor_id),
        holds.where(SlotHold.tutor_id == wanted.tutor_id),
    ]
    if wanted.room_id is not None:
        in_room = (
            select(EntryRoom.id)
            .where(
                EntryRoom.organization_id == ScheduleEntry.organization_id,
                EntryRoom.entry_id == ScheduleEntry.id,
                EntryRoom.room_id == wanted.room_id,
                EntryRoom.archived_at.is_(None),
            )
            .exists()
        )
        questions += [entries.where(in_room), holds.where(SlotHold.room_id == wanted.room_id)]
    return any(session.execute(question.limit(1)).first() is not None for question in questions)


def _slot_taken(session: Session, organization_id: str, wanted: WantedSlot, now: datetime) -> SlotTaken:
    nearest = _nearest(session, organization_id, wanted, now)
    if nearest:
        return SlotTaken("This time has just been taken. The nearest free times are shown.", nearest)
    return SlotTaken("This time has just been taken. Choose another.")


def _nearest(session: Session, organization_id: str, wanted: WantedSlot, now: datetime) -> tuple[FreeSlot, ...]:
    first, last = wanted.starts_at - _LOOK_AROUND, wanted.blocked_until + _LOOK_AROUND
    held = session.scalars(
        select(SlotHold).where(
            SlotHold.organization_id == organization_id,
            SlotHold.state == HoldState.HELD,
            SlotHold.held_until > now,
            SlotHold.starts_at < last,
            SlotHold.blocked_until > first,
        )
    )
    bookings = [
        *load_bookings(session, organization_id, first, last),
        *(_booking(h.id, h.starts_at, h.ends_at, h.blocked_until, h.tutor_id, h.room_id) for h in held),
    ]
    asked = _booking("", wanted.starts_at, wanted.ends_at, wanted.blocked_until, wanted.tutor_id, wanted.room_id)
    exists = session.get(Tutor, (organization_id, wanted.tutor_id)) is not None
    rules = tutor_rules(session, organization_id, [wanted.tutor_id]).get(wanted.tutor_id) if exists else None
    terms = terms_of(session, organization_id, wanted.location_id)
    return tuple(nearest_free_slots(asked, Occupancy(bookings), terms, rules, not_before=now))


def _booking(
    row_id: str, starts: datetime, ends: datetime, until: datetime, tutor_id: str, room_id: str | None
) -> Booking:
    began, ended, free_again = (int(moment.timestamp()) for moment in (starts, ends, until))
    return Booking(row_id, began, ended, free_again, tutor_id, (room_id,) if room_id else ())


def _move(session: Session, organization_id: str, hold_id: str, state: HoldState, *conditions: object) -> bool:
    statement = update(SlotHold).where(
        SlotHold.organization_id == organization_id,
        SlotHold.id == hold_id,
        SlotHold.state == HoldState.HELD,
        *conditions,  # type: ignore[arg-type]
    )
    return session.execute(statement.values(state=state).returning(SlotHold.id)).first() is not None
