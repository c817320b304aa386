"""Conflicts of drafts and of everything there is, in words and with ways out, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from shared_models.base import new_id
from shared_models.organization.models import Room
from shared_models.people.models import TutorTimeOff
from shared_models.schedule.bookings import (
    all_conflicts,
    conflicts_of_draft,
    conflicts_of_entries,
    epoch_seconds,
    load_bookings,
)
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag, find_conflicts
from shared_models.schedule.drafts import EntryDraft, Plan, bookings_of_plan, plan_of
from shared_models.schedule.explained import EntryWords, clock_range, describe, entry_words, explain
from shared_models.schedule.flags import EntryFlag
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.nearest_slots import Occupancy, free_rooms_at, nearest_free_slots
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope, archive_entry, cancel_entry, restore_entry
from shared_models.schedule.settlements import (
    ConflictGroup,
    day_list,
    days_words,
    group_conflicts,
    sentence,
    settlements,
    weekday_counts,
)
from shared_models.schedule.terms import flags_of_entries, flags_of_plan, terms_of, tutor_rules
from shared_models.schedule.times import wall_clock_of
from tests.shared_models.schedule.small_center import NEW_YORK, NOW, Center, at

WEDNESDAY = date(2026, 12, 2)
YEAR = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC))
TUTOR, ROOM, STUDENT = ConflictKind.TUTOR, ConflictKind.ROOM, ConflictKind.STUDENT
OVERLAP, BUFFER = ConflictTag.OVERLAP, ConflictTag.BUFFER


def schedule(center: Center, start: time, day: date = WEDNESDAY, **fields: object) -> tuple[str, ...]:
    draft = center.draft(day, start, **fields)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def planned(center: Center, draft: EntryDraft) -> Plan:
    with center.store.read() as session:
        terms = terms_of(session, center.organization_id, draft.location_id)
    return plan_of(draft, "new", time_zone=terms.time_zone, buffer_minutes=15, closures=terms.closures)


def conflicts(center: Center, draft: EntryDraft) -> list[Conflict]:
    with center.store.read() as session:
        return conflicts_of_draft(session, center.organization_id, planned(center, draft), draft)


def tags(found: list[Conflict]) -> set[tuple[ConflictKind, ConflictTag]]:
    return {(conflict.kind, conflict.tag) for conflict in found}


@contextmanager
def counted(center: Center) -> Iterator[list[str]]:
    """The statements sent to the store inside the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(center.store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(center.store.engine, "before_cursor_execute", note)


def test_an_overlap_and_a_buffer_are_told_apart(center: Center) -> None:
    schedule(center, time(16), student_ids=(center.id("Wei"),))

    assert tags(conflicts(center, center.draft(WEDNESDAY, time(16, 30)))) == {(TUTOR, OVERLAP), (ROOM, OVERLAP)}
    assert tags(conflicts(center, center.draft(WEDNESDAY, time(17)))) == {(TUTOR, BUFFER), (ROOM, BUFFER)}
    assert conflicts(center, center.draft(WEDNESDAY, time(17, 15))) == []
    assert tags(conflicts(center, center.draft(WEDNESDAY, time(15)))) == {(TUTOR, BUFFER), (ROOM, BUFFER)}


def test_a_student_conflicts_with_their_real_session_only(center: Center) -> None:
    schedule(center, time(16), tutor_id=center.id("Johnson"), room_ids=(center.id("Room B"),))

    assert conflicts(center, center.draft(WEDNESDAY, time(17))) == []
    assert tags(conflicts(center, center.draft(WEDNESDAY, time(16, 45)))) == {(STUDENT, OVERLAP)}


def test_a_tutor_conflicts_across_locations(center: Center) -> None:
    schedule(center, time(16), student_ids=(), location_id=center.id("Tarrytown"), room_ids=())

    assert tags(conflicts(center, center.draft(WEDNESDAY, time(16)))) == {(TUTOR, OVERLAP)}


def test_an_entry_without_tutor_room_and_student_conflicts_with_nothing(center: Center) -> None:
    schedule(center, time(16))

    assert conflicts(center, center.draft(WEDNESDAY, time(16), tutor_id=None, room_ids=(), student_ids=())) == []


def test_cancelled_and_archived_entries_and_rooms_never_conflict(center: Center) -> None:
    first, second = schedule(center, time(16))[0], schedule(center, time(18))[0]
    with center.store.write() as session:
        cancel_entry(session, center.organization_id, first, reason="", by_user_id=None, now=NOW)
        archive_entry(session, center.organization_id, second, now=NOW)
    assert conflicts(center, center.draft(WEDNESDAY, time(16))) == []
    assert conflicts(center, center.draft(WEDNESDAY, time(18))) == []

    with center.store.write() as session:
        restore_entry(session, center.organization_id, second)
        session.get_one(Room, (center.organization_id, center.id("Room A"))).archived_at = NOW
    with center.store.read() as session:
        assert load_bookings(session, center.organization_id, *YEAR)[0].room_ids == ()


def test_a_series_is_checked_over_its_whole_length_and_across_clock_changes(center: Center) -> None:
    schedule(center, time(16), day=date(2027, 4, 14), student_ids=())
    draft = center.draft(WEDNESDAY, time(16, 30), pattern=Pattern.WEEKLY, last_day=date(2027, 5, 26), tutor_id=None)

    found = conflicts(center, draft)
    assert tags(found) == {(ROOM, OVERLAP)}
    day_of = {session.entry_id: session.day for session in planned(center, draft).sessions}
    assert {
        day_of[entry_id] for one in found for entry_id in (one.first_id, one.second_id) if entry_id in day_of
    } == {date(2027, 4, 14)}


def test_the_check_of_a_draft_agrees_with_a_sweep_over_everything(center: Center) -> None:
    for hour, day in ((14, 2), (15, 2), (16, 9), (16, 16), (17, 16), (18, 30)):
        schedule(center, time(hour, 30), day=date(2026, 12, day), student_ids=(center.id("Wei"),))
    draft = center.draft(WEDNESDAY, time(15, 45), pattern=Pattern.WEEKLY, last_day=date(2027, 1, 20))
    new = bookings_of_plan(planned(center, draft), draft)
    with center.store.read() as session:
        everything = load_bookings(session, center.organization_id, *YEAR)
    ids = {booking.entry_id for booking in new}
    swept = {one for one in find_conflicts([*new, *everything]) if {one.first_id, one.second_id} & ids}

    assert swept and set(conflicts(center, draft)) == swept


def test_an_entry_being_changed_is_not_in_its_own_way(center: Center) -> None:
    (entry_id,) = schedule(center, time(16))
    draft = center.draft(WEDNESDAY, time(16, 15))
    with center.store.read() as session:
        plan = planned(center, draft)
        found = conflicts_of_draft(session, center.organization_id, plan, draft, without={entry_id})
    assert found == []


def test_what_comes_back_is_checked_again(center: Center) -> None:
    (entry_id,) = schedule(center, time(16))
    with center.store.write() as session:
        archive_entry(session, center.organization_id, entry_id, now=NOW)
    schedule(center, time(16, 30))
    with center.store.write() as session:
        restore_entry(session, center.organization_id, entry_id)
    with center.store.read() as session:
        assert tags(conflicts_of_entries(session, center.organization_id, [entry_id])) == {
            (TUTOR, OVERLAP), (ROOM, OVERLAP), (STUDENT, OVERLAP),
        }  # fmt: skip


def test_all_conflicts_of_a_year_take_four_questions(center: Center) -> None:
    for clock in (time(16), time(16, 30), time(17)):
        schedule(center, clock, pattern=Pattern.WEEKLY, occurrence_count=20)
    with center.store.read() as session, counted(center) as sent:
        found = all_conflicts(session, center.organization_id, *YEAR)

    assert len(sent) == 4
    # Three entries a day: first and second, second and third overlap; first and third are only too tight.
    assert len([one for one in found if one.kind is ROOM and one.tag is BUFFER]) == 19
    assert len([one for one in found if one.kind is STUDENT]) == 2 * 19


def test_explained_conflicts_carry_names_and_local_times(center: Center) -> None:
    (first,) = schedule(center, time(16), student_ids=(center.id("Wei"),))
    (second,) = schedule(center, time(16, 30), tutor_id=center.id("Johnson"))
    with center.store.read() as session, counted(center) as sent:
        found = explain(session, center.organization_id, all_conflicts(session, center.organization_id, *YEAR))

    assert len(sent) == 12
    (one,) = found
    assert (one.kind, one.tag, one.names) == (ROOM, OVERLAP, ("Room A",))
    assert (one.first.entry_id, one.first.title, one.first.who) == (first, "Math", "Wei Haddad")
    assert (one.second.tutor_name, one.second.room_names) == ("Jakub Johnson", ("Room A",))
    assert clock_range(one.first.starts, one.first.ends) == "4:00–5:00 PM"
    assert describe(one, second) == "Room A: Wei Haddad until 5:00"
    assert describe(one, first) == "Room A: Noah Haddad from 4:30"


def test_too_tight_is_said_in_words(center: Center) -> None:
    (first,) = schedule(center, time(16), student_ids=(center.id("Wei"),))
    (second,) = schedule(center, time(17), tutor_id=None)
    with center.store.read() as session:
        (one,) = explain(session, center.organization_id, all_conflicts(session, center.organization_id, *YEAR))
    assert describe(one, second) == "Room A: too tight, Wei Haddad ends 5:00"
    assert describe(one, first) == "Room A: too tight, Noah Haddad starts 5:00"


def test_a_large_group_is_a_count(center: Center) -> None:
    names = ("A", "B", "C", "D")
    words = EntryWords("x", "Math", datetime(2026, 1, 1), datetime(2026, 1, 1), datetime(2026, 1, 1), names)
    assert words.who == "group of 4"


def ways(center: Center, draft: EntryDraft) -> list[tuple[ConflictGroup, list[str], list[EntryDraft]]]:
    """Each group of a draft's conflicts with the words and drafts of its ways out."""
    plan = planned(center, draft)
    with center.store.read() as session:
        organization_id = center.organization_id
        terms = terms_of(session, organization_id, draft.location_id)
        unsaved = {
            one.entry_id: EntryWords(
                one.entry_id, "Math", *(wall_clock_of(t, NEW_YORK) for t in (one.starts_at, one.ends_at, one.ends_at))
            )
            for one in plan.sessions
        }
        found = explain(session, organization_id, conflicts_of_draft(session, organization_id, plan, draft), unsaved)
        occupancy = Occupancy(load_bookings(session, organization_id, *YEAR))
        rules = tutor_rules(session, organization_id).get(draft.tutor_id or "")
    names = {center.id(name): name for name in ("Room A", "Room B", "Room C")}
    result = []
    for group in group_conflicts(found, plan):
        out = settlements(group, plan, draft, occupancy, terms, rules, names, not_before=NOW)
        result.append((group, [way.words for way in out], [way.draft for way in out]))
    return result


def test_conflicts_with_one_series_are_one_group_with_a_sentence(center: Center) -> None:
    schedule(
        center, time(16), pattern=Pattern.WEEKLY, interval_weeks=2, last_day=date(2027, 4, 28), room_ids=(),
        student_ids=(center.id("Wei"),),
    )  # fmt: skip
    draft = center.draft(WEDNESDAY, time(16, 30), pattern=Pattern.WEEKLY, last_day=date(2027, 4, 28))
    ((group, words, drafts),) = ways(center, draft)

    assert (group.kind_words, group.heading, days_words(group.days)) == ("Tutor", "Małgorzata Patel", "10 Wednesdays")
    assert sentence(group) == "Math with Wei Haddad, every other Wednesday 4:00–5:00 PM"
    assert words == ["Wednesdays 5:15 PM, Room A: all 21 free", "Leave out those 10 Wednesdays"]
    assert all(conflicts(center, settled) == [] for settled in drafts)


def test_a_taken_room_is_exchanged_on_its_days(center: Center) -> None:
    for day in (WEDNESDAY, date(2026, 12, 9)):
        schedule(center, time(16), day=day, tutor_id=center.id("Johnson"), student_ids=(center.id("Wei"),))
    draft = center.draft(WEDNESDAY, time(16, 30), pattern=Pattern.WEEKLY, last_day=date(2027, 1, 13))
    groups = ways(center, draft)

    assert {words[0] for _, words, _ in groups} == {"Room B on Dec 2", "Room B on Dec 9"}
    assert sentence(groups[0][0]) == "Math, Wei Haddad with Jakub Johnson, 4:00–5:00 PM"
    left = conflicts(center, groups[0][2][0])
    assert len(left) == 1


def test_the_nearest_slots_of_one_entry_come_same_day_first(center: Center) -> None:
    schedule(center, time(16), student_ids=(center.id("Wei"),))
    draft = center.draft(WEDNESDAY, time(16, 15))
    ((group, words, drafts),) = ways(center, draft)

    assert group.kind_words == "Tutor, room"
    assert words == ["5:15 PM · Room A", "5:30 PM · Room A", "2:45 PM · Room A"]
    assert all(conflicts(center, settled) == [] for settled in drafts)


def test_slots_keep_to_opening_hours_closures_and_time_off(center: Center) -> None:
    thanksgiving_eve = date(2026, 11, 25)
    with center.store.write() as session:
        session.add(
            TutorTimeOff(
                organization_id=center.organization_id, id=new_id(), tutor_id=center.id("Patel"),
                first_day=date(2026, 11, 30), last_day=date(2026, 12, 1),
            )
        )  # fmt: skip
    draft = center.draft(thanksgiving_eve, time(20))
    (booking,) = bookings_of_plan(planned(center, draft), draft)
    with center.store.read() as session:
        terms = terms_of(session, center.organization_id, draft.location_id)
        rules = tutor_rules(session, center.organization_id)[center.id("Patel")]
    late = at(thanksgiving_eve, time(19, 59))
    slots = nearest_free_slots(booking, Occupancy([]), terms, rules, limit=3, not_before=late)

    assert [slot.local for slot in slots] == [
        datetime(2026, 12, 2, 20), datetime(2026, 12, 2, 19, 45), datetime(2026, 12, 2, 19, 30),
    ]  # fmt: skip


def test_free_rooms_at_the_same_time(center: Center) -> None:
    schedule(center, time(16), room_ids=(center.id("Room B"),), tutor_id=None, student_ids=())
    draft = center.draft(WEDNESDAY, time(16, 30))
    (booking,) = bookings_of_plan(planned(center, draft), draft)
    with center.store.read() as session:
        terms = terms_of(session, center.organization_id, draft.location_id)
        occupancy = Occupancy(load_bookings(session, center.organization_id, *YEAR))
    assert free_rooms_at(booking, occupancy, terms) == [center.id("Room C")]


def test_past_sessions_of_a_series_are_no_part_of_a_way_out(center: Center) -> None:
    schedule(
        center, time(16), day=date(2026, 11, 4), pattern=Pattern.WEEKLY, last_day=date(2026, 12, 9),
        student_ids=(), room_ids=(),
    )  # fmt: skip
    draft = center.draft(date(2026, 11, 4), time(16, 30), pattern=Pattern.WEEKLY, last_day=date(2026, 12, 16))
    ((group, words, _),) = ways(center, draft)

    assert len(group.days) == 6
    assert words[-1] == "Leave out those 3 Wednesdays"  # from November 25 on, 40 minutes from now


def test_flags_of_a_draft_and_of_entries_agree(center: Center) -> None:
    draft = center.draft(
        date(2026, 11, 26), time(20, 30), subject_id=center.id("Writing"),
        student_ids=(center.id("Noah"), center.id("Wei")),
    )  # fmt: skip
    plan = planned(center, draft)
    with center.store.read() as session:
        organization_id = center.organization_id
        terms = terms_of(session, organization_id, draft.location_id)
        rules = tutor_rules(session, organization_id)[center.id("Patel")]
    expected = {
        EntryFlag.OVER_CAPACITY, EntryFlag.OUTSIDE_OPENING_HOURS, EntryFlag.ON_CLOSURE,
        EntryFlag.TUTOR_NOT_TEACHING_SUBJECT,
    }  # fmt: skip
    assert flags_of_plan(plan, draft, terms, rules) == {"new": expected}

    with center.store.write() as session:
        entry_id = schedule_entries(session, None, organization_id, draft, new_id=new_id()).entry_ids[0]
        schedule_entries(session, None, organization_id, replace(draft, first_day=WEDNESDAY), new_id=new_id())
    with center.store.read() as session:
        flagged = flags_of_entries(session, organization_id, at(date(2026, 11, 26), time()), at(WEDNESDAY, time()))
    assert flagged == {entry_id: expected}


def test_flags_name_time_off_and_a_foreign_location(center: Center) -> None:
    with center.store.write() as session:
        session.add(
            TutorTimeOff(
                organization_id=center.organization_id, id=new_id(), tutor_id=center.id("Patel"),
                first_day=WEDNESDAY, last_day=WEDNESDAY,
            )
        )  # fmt: skip
    draft = center.draft(WEDNESDAY, time(16), location_id=center.id("Tarrytown"), room_ids=())
    with center.store.read() as session:
        terms = terms_of(session, center.organization_id, draft.location_id)
        rules = tutor_rules(session, center.organization_id)[center.id("Patel")]
    assert flags_of_plan(planned(center, draft), draft, terms, rules) == {
        "new": {EntryFlag.TUTOR_TIME_OFF, EntryFlag.TUTOR_NOT_AT_LOCATION}
    }


@pytest.mark.parametrize(
    ("days", "words", "listed"),
    [
        ([date(2026, 12, 4)], "Dec 4", "Dec 4"),
        ([date(2026, 12, 4), date(2026, 12, 18)], "Dec 4 and 18", "Dec 4, 18"),
        ([date(2026, 12, 30), date(2027, 1, 6)], "Dec 30 and Jan 6", "Dec 30, Jan 6"),
        ([date(2026, 12, day) for day in (4, 11, 18)], "3 Fridays", "Dec 4, 11, 18"),
        ([date(2026, 12, day) for day in (4, 5, 18)], "3 days", "Dec 4, 5, 18"),
    ],
)
def test_days_in_words(days: list[date], words: str, listed: str) -> None:
    assert (days_words(days), day_list(days)) == (words, listed)


def test_the_sessions_of_a_series_are_counted_by_weekday(center: Center) -> None:
    draft = center.draft(
        WEDNESDAY, time(16), pattern=Pattern.WEEKLY, weekdays=frozenset({2, 4}), last_day=date(2026, 12, 18)
    )
    assert weekday_counts(planned(center, draft)) == "3 Wednesdays and 3 Fridays, to December 18"
    one = center.draft(WEDNESDAY, time(16))
    assert weekday_counts(planned(center, one)) == "Wednesday, December 2"


def test_names_of_entries_come_in_three_questions(center: Center) -> None:
    ids = schedule(center, time(16), pattern=Pattern.WEEKLY, occurrence_count=8)
    with center.store.read() as session, counted(center) as sent:
        words = entry_words(session, center.organization_id, ids)
    assert (len(words), len(sent)) == (len(ids), 4)


def test_instants_become_epoch_seconds_in_both_databases() -> None:
    column = epoch_seconds(ScheduleEntry.starts_at)
    assert str(column.compile(dialect=sqlite.dialect())) == "unixepoch(schedule_entry.starts_at)"
    assert (
        str(column.compile(dialect=postgresql.dialect()))
        == "CAST(extract(epoch FROM schedule_entry.starts_at) AS bigint)"
    )


def test_restoring_all_can_be_checked_at_once(center: Center) -> None:
    ids = schedule(center, time(16), pattern=Pattern.WEEKLY, occurrence_count=3)
    with center.store.write() as session:
        archive_entry(session, center.organization_id, ids[0], now=NOW, scope=SeriesScope.ALL)
    schedule(center, time(16), tutor_id=None, student_ids=())
    with center.store.write() as session:
        back = restore_entry(session, center.organization_id, ids[0], scope=SeriesScope.ALL)
    with center.store.read() as session:
        found = conflicts_of_entries(session, center.organization_id, back)
    assert tags(found) == {(ROOM, OVERLAP)}
