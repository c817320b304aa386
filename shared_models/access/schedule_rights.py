"""Who may do what with the schedule (product §2, §4). A tutor conflicts across locations, so every desk knows when a
tutor is taken elsewhere, and no more."""

from __future__ import annotations

from shared_models.access.conditions import EVERYTHING, LIVE, Is, Named, Ref, both, either
from shared_models.access.reach import (
    ADMIN,
    AT_MY_LOCATIONS,
    DESK,
    ENTRY_AT_MY_LOCATIONS,
    GUARDIAN,
    MY_FAMILYS_ENTRY,
    MY_LIVE_ENTRY,
    STAFF,
    STUDENT_AT_MY_LOCATIONS,
    STUDENT_OF_MY_FAMILY,
    TAUGHT_BY_ME,
    TUTOR,
)
from shared_models.access.rules import Groups, Scope, TableRights, rights, rule

OF_A_SERIES_HERE = Ref("series_id", "series", AT_MY_LOCATIONS)


def _series() -> TableRights:
    g = Groups(
        PATTERN="pattern weekdays interval_weeks first_day last_day occurrence_count start_time duration_minutes "
        "has_buffer skips_closures daily_hours skipped_days archived_at",
        LESSON="location_id service_id subject_id topic_id product_id tutor_id capacity is_online",
        IMPORTED="imported_uid imported_as",
    )
    has_entry_here = Named("schedule_entry", "series_id", AT_MY_LOCATIONS)
    # A tutor or guardian may have one session of a series that is otherwise another's, so they see sessions alone.
    return rights(
        g,
        rule(STAFF, AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule(STAFF, has_entry_here, g()),
        hidden_from=[TUTOR, GUARDIAN],
    )


def _schedule_entry() -> TableRights:
    g = Groups(
        TAKEN="location_id service_id tutor_id starts_at ends_at blocked_until status is_online archived_at",
        LESSON="subject_id topic_id product_id capacity",
        SERIES="series_id series_day",
        CANCELLED_AT="cancelled_at",
        CANCELLED="cancelled_by_user_id cancel_reason people_to_tell rescheduled_to_id",
        PRICE="hourly_price_cents",
        PAY="hourly_pay_cents",
        LINK="web_link supplies",
        EQUIPMENT="needs_projector other_resources",
        REPORT="report_done report_homework report_next_steps",
        SHARED="report_is_shared",
        TUTOR_NOTES="notes",
        IMPORTED="imported_uid imported_as",
    )
    taught = g("TAKEN", "LESSON", "CANCELLED_AT", "PAY", "LINK", "EQUIPMENT", "REPORT", "SHARED", "TUTOR_NOTES")
    attended = g("TAKEN", "LESSON", "CANCELLED_AT", "PRICE", "LINK", "SHARED")
    shared = both(MY_FAMILYS_ENTRY, Is("report_is_shared", 1))
    return rights(
        g,
        rule([ADMIN], AT_MY_LOCATIONS, g(), writes=g.but("PAY"), history=True),
        rule([DESK], AT_MY_LOCATIONS, g.but("PAY"), writes=g.but("PAY"), history=True),
        # Whoever may change a series is told which sessions of it are held elsewhere and stay as they are.
        rule(STAFF, OF_A_SERIES_HERE, g("TAKEN", "SERIES")),
        rule(STAFF, EVERYTHING, g("TAKEN")),
        rule([TUTOR], TAUGHT_BY_ME, taught, updates=g("REPORT", "SHARED", "TUTOR_NOTES"), scope=Scope.OWN),
        rule([GUARDIAN], MY_FAMILYS_ENTRY, attended, scope=Scope.OWN_FAMILY),
        rule([GUARDIAN], shared, attended | g("REPORT"), scope=Scope.OWN_FAMILY),
    )


def _attendee() -> TableRights:
    g = Groups(PLACE="entry_id student_id archived_at", ATTENDANCE="attendance attendance_at")
    return rights(
        g,
        rule(STAFF, ENTRY_AT_MY_LOCATIONS, g(), writes=g(), history=True),
        # Where a student of mine is, so that the student is not booked twice.
        rule(STAFF, STUDENT_AT_MY_LOCATIONS, g()),
        rule([TUTOR], both(LIVE, MY_LIVE_ENTRY), g(), updates=g("ATTENDANCE"), scope=Scope.OWN),
        rule([GUARDIAN], both(LIVE, STUDENT_OF_MY_FAMILY), g(), scope=Scope.OWN_FAMILY),
    )


def _entry_room() -> TableRights:
    g = Groups(PLACE="entry_id room_id archived_at")
    return rights(
        g,
        rule(STAFF, ENTRY_AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule([TUTOR], Ref("entry_id", "schedule_entry", TAUGHT_BY_ME), g(), scope=Scope.OWN),
        rule([GUARDIAN], Ref("entry_id", "schedule_entry", MY_FAMILYS_ENTRY), g(), scope=Scope.OWN_FAMILY),
    )


def _conflict_acceptance() -> TableRights:
    g = Groups(
        CONFLICT="kind first_entry_id second_entry_id accepted_by_user_id accepted_at reason fingerprint archived_at"
    )
    touches_mine = either(
        Ref("first_entry_id", "schedule_entry", AT_MY_LOCATIONS),
        Ref("second_entry_id", "schedule_entry", AT_MY_LOCATIONS),
    )
    return rights(
        g, rule(STAFF, touches_mine, g(), writes=g(), history=True), hidden_from=[TUTOR, GUARDIAN]
    )  # fmt: skip


SCHEDULE_RIGHTS: dict[str, TableRights] = {
    "series": _series(),
    "schedule_entry": _schedule_entry(),
    "attendee": _attendee(),
    "entry_room": _entry_room(),
    "conflict_acceptance": _conflict_acceptance(),
}
