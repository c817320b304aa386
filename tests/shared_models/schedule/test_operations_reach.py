"""What reaches further than one entry: rescheduling, copying weeks, longer and shorter series, vacations; and what
the life of an entry does not allow."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from shared_models.base import derived_id, new_id
from shared_models.catalog.models import ServiceOffered
from shared_models.people.models import Student, TutorTimeOff
from shared_models.schedule.conflicts import ConflictKind
from shared_models.schedule.errors import NotAllowedNow, NothingToExtend, UnusableDraft
from shared_models.schedule.models import (
    Attendance,
    Attendee,
    EntryRoom,
    EntryStatus,
    ScheduleEntry,
    Series,
    ToTell,
)
from shared_models.schedule.operations import schedule_entries, set_attendance, set_status, write_report
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.rescheduling import origin_of, reschedule_entry
from shared_models.schedule.series_extent import NewExtent, preview_extent, set_last_day
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    change_entry,
    move_entry,
    restore_entry,
)
from shared_models.schedule.vacations import (
    Absence,
    AppliedVacation,
    VacationChoice,
    VacationPlan,
    apply_vacation,
    plan_vacation,
)
from shared_models.schedule.week_copies import CopiedWeek, SkippedCopy, copy_week
from tests.shared_models.schedule.small_center import NOW, Center, at, local

WEDNESDAY = date(2026, 12, 2)


def schedule(center: Center, start: time = time(16), day: date = WEDNESDAY, **fields: object) -> tuple[str, ...]:
    draft = center.draft(day, start, **fields)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=new_id()
        ).entry_ids


def entry(center: Center, entry_id: str) -> ScheduleEntry:
    with center.store.read() as session:
        return session.get_one(ScheduleEntry, (center.organization_id, entry_id))


def live(center: Center) -> list[ScheduleEntry]:
    with center.store.read() as session:
        return list(
            session.scalars(
                select(ScheduleEntry).where(ScheduleEntry.archived_at.is_(None)).order_by(ScheduleEntry.starts_at)
            )
        )


def days(center: Center) -> list[date]:
    return [local(one.starts_at).date() for one in live(center)]


def held(center: Center, entry_id: str) -> tuple[set[str], set[str]]:
    with center.store.read() as session:
        students = session.scalars(
            select(Attendee.student_id).where(Attendee.entry_id == entry_id, Attendee.archived_at.is_(None))
        )
        rooms = session.scalars(
            select(EntryRoom.room_id).where(EntryRoom.entry_id == entry_id, EntryRoom.archived_at.is_(None))
        )
        return set(students), set(rooms)


class TestTheLifeOfAnEntry:
    def test_who_is_to_be_told_of_a_cancellation_is_kept_until_it_comes_back(self, center: Center) -> None:
        (entry_id,) = schedule(center)
        with center.store.write() as session:
            cancel_entry(
                session, center.organization_id, entry_id,
                reason="Snow", by_user_id=None, now=NOW, tell=[ToTell.TUTOR, ToTell.FAMILIES],
            )  # fmt: skip
        assert entry(center, entry_id).people_to_tell == ["families", "tutor"]
        with center.store.write() as session:
            restore_entry(session, center.organization_id, entry_id)
        assert entry(center, entry_id).people_to_tell == []

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            (EntryStatus.COMPLETED, "took place. If that is wrong, set it back"),
            (EntryStatus.NO_SHOW, "is a no-show. If that is wrong, set it back"),
        ],
    )
    def test_what_happened_is_not_cancelled(self, center: Center, status: EntryStatus, words: str) -> None:
        (entry_id,) = schedule(center)
        with center.store.write() as session:
            set_status(session, center.organization_id, entry_id, status)
        with center.store.write() as session, pytest.raises(NotAllowedNow, match=words):
            cancel_entry(session, center.organization_id, entry_id, reason="", by_user_id=None, now=NOW)

    def test_cancelling_the_series_from_a_session_that_took_place_leaves_that_one(self, center: Center) -> None:
        ids = schedule(center, pattern=Pattern.WEEKLY, occurrence_count=3)
        with center.store.write() as session:
            set_status(session, center.organization_id, ids[0], EntryStatus.COMPLETED)
            reached = cancel_entry(
                session, center.organization_id, ids[0],
                reason="", by_user_id=None, now=NOW, scope=SeriesScope.ALL,
            )  # fmt: skip
        assert reached == list(ids[1:])
        assert [one.status for one in live(center)] == [EntryStatus.COMPLETED] + [EntryStatus.CANCELLED] * 2

    def test_a_cancelled_session_has_no_attendance_report_or_other_status(self, center: Center) -> None:
        (entry_id,) = schedule(center)
        organization_id = center.organization_id
        with center.store.write() as session:
            cancel_entry(session, organization_id, entry_id, reason="", by_user_id=None, now=NOW)
        with center.store.write() as session:
            with pytest.raises(NotAllowedNow, match="nobody attended"):
                set_attendance(session, organization_id, entry_id, center.id("Noah"), Attendance.PRESENT, now=NOW)
            with pytest.raises(NotAllowedNow, match="nothing to report"):
                write_report(session, organization_id, entry_id, done="Fractions")
            with pytest.raises(NotAllowedNow, match="Bring it back first"):
                set_status(session, organization_id, entry_id, EntryStatus.SCHEDULED)

    def test_a_session_cannot_be_over_before_it_begins(self, center: Center) -> None:
        (entry_id,) = schedule(center)
        with center.store.write() as session, pytest.raises(NotAllowedNow, match="has not begun yet"):
            set_status(session, center.organization_id, entry_id, EntryStatus.COMPLETED, now=NOW)

    def test_a_report_says_what_was_done_and_whether_parents_see_it(self, center: Center) -> None:
        (entry_id,) = schedule(center)
        with center.store.write() as session:
            write_report(
                session, center.organization_id, entry_id,
                done=" Fractions ", homework="Page 12", next_steps="Decimals", is_shared=True,
            )  # fmt: skip
        one = entry(center, entry_id)
        assert (one.report_done, one.report_homework, one.report_next_steps, one.report_is_shared) == (
            "Fractions", "Page 12", "Decimals", True,
        )  # fmt: skip


class TestRescheduling:
    def reschedule(self, center: Center, entry_id: str, day: date = date(2026, 12, 4)) -> str:
        with center.store.write("Rescheduled") as session:
            return reschedule_entry(
                session, center.organization_id, entry_id,
                new_entry_id=new_id(), starts_at=at(day, time(15)), by_user_id=center.id("user Patel"), now=NOW,
                reason="Sick", tell=[ToTell.FAMILIES],
            )  # fmt: skip

    def test_the_new_entry_keeps_what_was_booked_and_the_old_one_points_to_it(self, center: Center) -> None:
        ids = schedule(center, pattern=Pattern.WEEKLY, occurrence_count=2)
        with center.store.write() as session:
            session.get_one(ServiceOffered, (center.organization_id, center.id("offer"))).hourly_price_cents = 9900
        before = center.rows()
        made = self.reschedule(center, ids[0])

        old, new = entry(center, ids[0]), entry(center, made)
        assert (old.status, old.rescheduled_to_id, old.cancel_reason, old.people_to_tell) == (
            EntryStatus.CANCELLED, made, "Sick", ["families"],
        )  # fmt: skip
        assert (new.status, new.hourly_price_cents, local(new.starts_at)) == (
            EntryStatus.SCHEDULED, 8000, datetime(2026, 12, 4, 15),
        )  # fmt: skip
        assert new.series_id is None
        assert held(center, made) == ({center.id("Noah")}, {center.id("Room A")})
        with center.store.read() as session:
            assert origin_of(session, center.organization_id, made) == ids[0]
            assert origin_of(session, center.organization_id, ids[1]) is None
        center.store.undo()
        assert center.rows() == before

    def test_a_missed_session_stays_a_no_show(self, center: Center) -> None:
        (entry_id,) = schedule(center)
        with center.store.write() as session:
            set_status(session, center.organization_id, entry_id, EntryStatus.NO_SHOW)
        made = self.reschedule(center, entry_id)
        assert (entry(center, entry_id).status, entry(center, entry_id).rescheduled_to_id) == (
            EntryStatus.NO_SHOW, made,
        )  # fmt: skip

    def test_what_is_gone_or_done_is_refused_with_what_to_do(self, center: Center) -> None:
        organization_id = center.organization_id
        done, cancelled, archived, moved = schedule(center, pattern=Pattern.WEEKLY, occurrence_count=4)
        with center.store.write() as session:
            set_status(session, organization_id, done, EntryStatus.COMPLETED)
            cancel_entry(session, organization_id, cancelled, reason="", by_user_id=None, now=NOW)
            archive_entry(session, organization_id, archived, now=NOW)
        self.reschedule(center, moved)
        for entry_id, words in (
            (done, "took place"), (cancelled, "was cancelled"), (archived, "archived"), (moved, "rescheduled"),
        ):  # fmt: skip
            with pytest.raises(NotAllowedNow, match=words):
                self.reschedule(center, entry_id)


class TestCopyingAWeek:
    def copy(self, center: Center, to_day: date, **filters: object) -> CopiedWeek:
        with center.store.write("Copied a week") as session:
            return copy_week(
                session, center.store.recorder, center.organization_id, WEDNESDAY, to_day, **filters,  # type: ignore[arg-type]
            )  # fmt: skip

    def test_everything_but_cancelled_sessions_comes_at_the_same_wall_clock_time(self, center: Center) -> None:
        first, second, cancelled = (schedule(center, time(hour))[0] for hour in (16, 18, 19))
        with center.store.write() as session:
            set_status(session, center.organization_id, second, EntryStatus.COMPLETED)
            cancel_entry(session, center.organization_id, cancelled, reason="", by_user_id=None, now=NOW)
        copied = self.copy(center, date(2027, 3, 19))  # in that week clocks have gone forward

        made = [entry(center, entry_id) for entry_id in copied.entry_ids]
        assert [local(one.starts_at) for one in made] == [datetime(2027, 3, 17, hour) for hour in (16, 18)]
        assert {one.status for one in made} == {EntryStatus.SCHEDULED}
        assert held(center, copied.entry_ids[0]) == held(center, first)
        assert (copied.skipped, copied.conflicts) == ((), ())
        assert center.store.undo() == "Copied a week"
        assert len(live(center)) == 3

    def test_closed_days_are_skipped_and_told(self, center: Center) -> None:
        monday, thursday = schedule(center, day=date(2026, 11, 30))[0], schedule(center, day=date(2026, 12, 3))[0]
        copied = self.copy(center, date(2026, 11, 23))

        assert copied.skipped == (SkippedCopy(thursday, date(2026, 11, 26)),)
        assert [local(entry(center, one).starts_at).date() for one in copied.entry_ids] == [date(2026, 11, 23)]
        assert held(center, copied.entry_ids[0]) == held(center, monday)

    def test_only_the_chosen_ones_and_their_conflicts(self, center: Center) -> None:
        first, _ = schedule(center, time(16))[0], schedule(center, time(18))
        schedule(center, time(16), day=date(2026, 12, 9), student_ids=(), room_ids=())
        copied = self.copy(center, date(2026, 12, 9), entry_ids={first})

        assert len(copied.entry_ids) == 1
        assert [conflict.kind for conflict in copied.conflicts] == [ConflictKind.TUTOR]

    def test_who_is_archived_is_left_out_of_the_copies(self, center: Center) -> None:
        schedule(center, student_ids=(center.id("Noah"), center.id("Wei")), capacity=2)
        with center.store.write() as session:
            session.get_one(Student, (center.organization_id, center.id("Wei"))).archived_at = NOW
        (copied,) = self.copy(center, date(2026, 12, 9)).entry_ids
        assert held(center, copied)[0] == {center.id("Noah")}


class TestLongerAndShorterSeries:
    @pytest.fixture
    def ids(self, center: Center) -> tuple[str, ...]:
        """Three Wednesdays, December 2, 9, and 16."""
        return schedule(center, pattern=Pattern.WEEKLY, occurrence_count=3)

    def series_id(self, center: Center) -> str:
        with center.store.read() as session:
            return session.scalars(select(Series.id).order_by(Series.first_day)).first() or ""

    def set_end(self, center: Center, last_day: date) -> NewExtent:
        with center.store.write("Set the last day") as session:
            return set_last_day(
                session, center.store.recorder, center.organization_id, self.series_id(center), last_day, now=NOW
            )

    def test_an_extended_series_goes_on_like_its_usual_sessions_and_skips_closures(
        self, center: Center, ids: tuple[str, ...]
    ) -> None:
        with center.store.write() as session:
            change_entry(session, center.organization_id, ids[2], now=NOW, tutor_id=center.id("Johnson"))
            move_entry(session, center.organization_id, ids[2], at(date(2026, 12, 17), time(18)))
        before = center.rows()
        with center.store.read() as session:
            preview = preview_extent(session, center.organization_id, self.series_id(center), date(2027, 1, 13))
        extended = self.set_end(center, date(2027, 1, 13))

        assert days(center)[3:] == [date(2026, 12, 23), date(2027, 1, 6), date(2027, 1, 13)]
        assert extended.closed_days == preview.closed_days == (date(2026, 12, 30),)
        assert preview.added_days == (date(2026, 12, 23), date(2027, 1, 6), date(2027, 1, 13))
        assert set(extended.added_ids) == {one.id for one in live(center)[3:]}
        assert {one.tutor_id for one in live(center)[3:]} == {center.id("Patel")}
        assert {local(one.starts_at).time() for one in live(center)[3:]} == {time(16)}
        assert local(entry(center, ids[2]).starts_at) == datetime(2026, 12, 17, 18)
        center.store.undo()
        assert center.rows() == before

    def test_extending_again_after_undo_brings_whole_sessions(self, center: Center, ids: tuple[str, ...]) -> None:
        self.set_end(center, date(2026, 12, 23))
        center.store.undo()
        (added,) = self.set_end(center, date(2026, 12, 23)).added_ids
        assert held(center, added) == held(center, ids[0])
        assert entry(center, added).status is EntryStatus.SCHEDULED

    def test_what_was_split_off_does_not_stand_in_the_way(self, center: Center, ids: tuple[str, ...]) -> None:
        with center.store.write() as session:
            move_entry(
                session, center.organization_id, ids[1], at(date(2026, 12, 10), time(16)),
                scope=SeriesScope.FOLLOWING,
            )  # fmt: skip
        extended = self.set_end(center, date(2026, 12, 16))
        assert len(extended.added_ids) == 2
        assert set(extended.added_ids).isdisjoint(ids)

    def test_an_ended_series_keeps_what_took_place(self, center: Center, ids: tuple[str, ...]) -> None:
        with center.store.write() as session:
            set_status(session, center.organization_id, ids[0], EntryStatus.COMPLETED)
        ended = self.set_end(center, date(2026, 12, 9))
        assert ended.archived_ids == (ids[2],)
        assert days(center) == [date(2026, 12, 2), date(2026, 12, 9)]
        with pytest.raises(UnusableDraft):
            self.set_end(center, date(2026, 12, 1))

    def test_the_conflicts_of_what_was_added_are_told(self, center: Center, ids: tuple[str, ...]) -> None:
        schedule(center, day=date(2026, 12, 23), student_ids=(), room_ids=())
        conflicts = self.set_end(center, date(2026, 12, 23)).conflicts
        assert [conflict.kind for conflict in conflicts] == [ConflictKind.TUTOR]

    def test_a_series_without_sessions_says_what_to_do(self, center: Center, ids: tuple[str, ...]) -> None:
        with center.store.write() as session:
            archive_entry(session, center.organization_id, ids[0], now=NOW, scope=SeriesScope.ALL)
        with pytest.raises(NothingToExtend, match="schedule a new series"):
            self.set_end(center, date(2026, 12, 23))


class TestVacations:
    def plan(self, center: Center, choice: VacationChoice, *students: str) -> VacationPlan:
        ids = tuple(map(center.id, students))
        tutor_id = None if ids else center.id("Patel")
        absence = Absence(WEDNESDAY, WEDNESDAY + timedelta(days=1), tutor_id=tutor_id, student_ids=ids)
        with center.store.read() as session:
            return plan_vacation(session, center.organization_id, absence, choice, now=NOW)

    def apply(self, center: Center, plan: VacationPlan) -> AppliedVacation:
        with center.store.write("Vacation") as session:
            return apply_vacation(
                session, center.organization_id, plan,
                by_user_id=center.id("user Patel"), now=NOW, reason="Vacation", tell=[ToTell.FAMILIES],
            )  # fmt: skip

    def test_all_sessions_of_a_tutor_in_the_range_are_cancelled_and_the_time_off_noted(self, center: Center) -> None:
        first, second, later = schedule(center, pattern=Pattern.DAILY, occurrence_count=3)
        before = center.rows()
        plan = self.plan(center, VacationChoice.CANCEL)
        assert [step.entry_id for step in plan.steps] == [first, second]
        assert plan.steps[0].words.student_names == ("Noah Haddad",)
        assert center.rows() == before  # a plan writes nothing

        applied = self.apply(center, plan)
        assert applied.cancelled == (first, second)
        assert (entry(center, first).cancel_reason, entry(center, first).people_to_tell) == ("Vacation", ["families"])
        assert entry(center, later).status is EntryStatus.SCHEDULED
        with center.store.read() as session:
            (off,) = session.scalars(select(TutorTimeOff))
        assert (off.tutor_id, off.first_day, off.last_day) == (
            center.id("Patel"), WEDNESDAY, WEDNESDAY + timedelta(days=1),
        )  # fmt: skip
        center.store.undo()
        assert center.rows() == before

    def test_moved_sessions_get_times_outside_the_range_that_are_free_and_not_the_same(self, center: Center) -> None:
        first, second = schedule(center, pattern=Pattern.DAILY, occurrence_count=2)
        schedule(center, day=date(2026, 12, 1))  # the nearest time is taken
        plan = self.plan(center, VacationChoice.MOVE)
        assert len(plan.of(VacationChoice.MOVE)) == 2
        applied = self.apply(center, plan)

        assert (applied.moved, applied.conflicts) == ((first, second), ())
        moved = [local(entry(center, entry_id).starts_at) for entry_id in (first, second)]
        assert all(one.date() not in (WEDNESDAY, WEDNESDAY + timedelta(days=1)) for one in moved)
        assert len({one.date() for one in moved} | {date(2026, 12, 1)}) >= 2
        assert entry(center, first).series_day == WEDNESDAY

    def test_a_substitute_teaches_the_subject_and_is_free(self, center: Center) -> None:
        first, second = schedule(center, pattern=Pattern.DAILY, occurrence_count=2)
        schedule(
            center, day=WEDNESDAY + timedelta(days=1), tutor_id=center.id("Johnson"),
            student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),),
        )  # fmt: skip
        plan = self.plan(center, VacationChoice.REASSIGN)
        assert [(step.choice, step.substitutes) for step in plan.steps] == [
            (VacationChoice.REASSIGN, (center.id("Johnson"),)), (VacationChoice.LEAVE, ()),
        ]  # fmt: skip
        applied = self.apply(center, plan)

        assert applied.reassigned == (first,)
        assert (entry(center, first).tutor_id, entry(center, first).hourly_pay_cents) == (center.id("Johnson"), 3000)
        assert entry(center, second).tutor_id == center.id("Patel")

    def test_no_substitute_is_given_two_sessions_at_once(self, center: Center) -> None:
        schedule(center)
        schedule(center, student_ids=(center.id("Wei"),), room_ids=(center.id("Room B"),))
        plan = self.plan(center, VacationChoice.REASSIGN)
        assert sorted(step.choice for step in plan.steps) == [VacationChoice.LEAVE, VacationChoice.REASSIGN]

    def test_each_session_can_be_decided_otherwise(self, center: Center) -> None:
        first, second = schedule(center, pattern=Pattern.DAILY, occurrence_count=2)
        plan = self.plan(center, VacationChoice.CANCEL).choosing(first, VacationChoice.REASSIGN)
        applied = self.apply(center, plan.choosing(second, VacationChoice.LEAVE))

        assert (applied.reassigned, applied.cancelled) == ((first,), ())
        with pytest.raises(ValueError, match="not possible"):
            plan.choosing(first, VacationChoice.REASSIGN, center.id("Patel"))

    def test_a_student_is_excused_from_a_group_and_their_own_lesson_is_cancelled(self, center: Center) -> None:
        own = schedule(center)[0]
        group = schedule(center, time(18), student_ids=(center.id("Noah"), center.id("Wei")), capacity=5)[0]
        plan = self.plan(center, VacationChoice.CANCEL, "Noah")
        applied = self.apply(center, plan)

        assert (applied.cancelled, applied.excused) == ((own,), (group,))
        assert entry(center, group).status is EntryStatus.SCHEDULED
        with center.store.read() as session:
            row = session.get_one(Attendee, (center.organization_id, derived_id(group, center.id("Noah"))))
            assert row.attendance is Attendance.EXCUSED
            assert session.scalars(select(TutorTimeOff)).all() == []

    def test_brothers_and_sisters_are_away_together(self, center: Center) -> None:
        own = schedule(center)[0]
        both = schedule(center, time(17, 30), student_ids=(center.id("Noah"), center.id("Wei")), capacity=2)[0]
        everybody = (center.id("Noah"), center.id("Wei"), center.id("Priya"))
        group = schedule(center, time(19), student_ids=everybody, capacity=5)[0]
        plan = self.plan(center, VacationChoice.CANCEL, "Noah", "Wei")
        applied = self.apply(center, plan)

        assert (applied.cancelled, applied.excused) == ((own, both), (group,))
        with center.store.read() as session:
            noted = {
                row.student_id: row.attendance
                for row in session.scalars(select(Attendee).where(Attendee.entry_id == group))
            }
        assert noted == dict(zip(everybody, (Attendance.EXCUSED, Attendance.EXCUSED, None), strict=True))

    def test_a_session_that_somebody_changed_since_is_left_alone(self, center: Center) -> None:
        first, second = schedule(center, pattern=Pattern.DAILY, occurrence_count=2)
        plan = self.plan(center, VacationChoice.CANCEL)
        with center.store.write() as session:
            move_entry(session, center.organization_id, first, at(date(2026, 12, 8), time(16)))
        applied = self.apply(center, plan)
        assert (applied.overtaken, applied.cancelled) == ((first,), (second,))

    def test_an_absence_is_of_one_person_and_ends_after_it_begins(self, center: Center) -> None:
        with pytest.raises(ValueError, match="either a tutor or students"):
            Absence(WEDNESDAY, WEDNESDAY)
        with pytest.raises(ValueError, match="before the first"):
            Absence(WEDNESDAY, WEDNESDAY - timedelta(days=1), tutor_id="x")
