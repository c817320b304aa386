"""Who may do what with tutors, families, students and leads (product §2, §9)."""

from __future__ import annotations

from shared_models.access.conditions import EVERYTHING, Is, Mine, Named, Own, Ref, both, either
from shared_models.access.reach import (
    ADMIN,
    ANYWHERE_OR_MINE,
    AT_MY_LOCATIONS,
    ATTENDS_HERE,
    FAMILY_AT_MY_LOCATIONS,
    GUARDIAN,
    MY_STUDENT,
    MYSELF,
    OF_MY_FAMILY,
    STAFF,
    STUDENT_AT_MY_LOCATIONS,
    STUDENT_OF_MY_FAMILY,
    TAUGHT_BY_ME,
    TEACHES_HERE,
    TUTOR,
    TUTOR_TEACHES_HERE,
)
from shared_models.access.rules import Groups, Scope, TableRights, rights, rule


def _tutor() -> TableRights:
    g = Groups(
        PUBLIC="user_id bio photo_hash is_active archived_at", PRIORITY="priority", PAY="hourly_pay_cents"
    )  # fmt: skip
    return rights(
        g,
        rule([ADMIN], TEACHES_HERE, g(), history=True),
        rule(STAFF, EVERYTHING, g.but("PAY")),
        rule([TUTOR], Mine("id", Own.TUTORS), g(), scope=Scope.OWN),
        rule([GUARDIAN], EVERYTHING, g("PUBLIC")),
    )


def _tutor_location() -> TableRights:
    g = Groups(PLACE="tutor_id location_id archived_at", PAY="hourly_pay_cents")
    return rights(
        g,
        rule([ADMIN], AT_MY_LOCATIONS, g(), history=True),
        rule(STAFF, EVERYTHING, g.but("PAY")),
        rule([TUTOR], TAUGHT_BY_ME, g(), scope=Scope.OWN),
        hidden_from=[GUARDIAN],
    )


def _tutor_subject() -> TableRights:
    g = Groups(SUBJECT="tutor_id subject_id topic_id archived_at")
    return rights(
        g,
        rule([ADMIN], TUTOR_TEACHES_HERE, g(), writes=g(), history=True),
        rule(STAFF, EVERYTHING, g()),
        rule([TUTOR], TAUGHT_BY_ME, g(), scope=Scope.OWN),
        hidden_from=[GUARDIAN],
    )


def _tutor_availability() -> TableRights:
    g = Groups(HOURS="tutor_id location_id weekday starts ends archived_at")
    return rights(
        g,
        rule([ADMIN], both(TUTOR_TEACHES_HERE, ANYWHERE_OR_MINE), g(), writes=g(), history=True),
        rule(STAFF, EVERYTHING, g()),
        rule([TUTOR], TAUGHT_BY_ME, g(), scope=Scope.OWN),
        hidden_from=[GUARDIAN],
    )


def _tutor_exception() -> TableRights:
    g = Groups(HOURS="tutor_id location_id on_date is_available starts ends archived_at")
    return rights(
        g,
        rule(STAFF, both(TUTOR_TEACHES_HERE, ANYWHERE_OR_MINE), g(), writes=g(), history=True),
        rule(STAFF, EVERYTHING, g()),
        rule([TUTOR], TAUGHT_BY_ME, g(), scope=Scope.OWN),
        hidden_from=[GUARDIAN],
    )


def _tutor_time_off() -> TableRights:
    g = Groups(DAYS="tutor_id first_day last_day archived_at", REASON="reason")
    return rights(
        g,
        rule(STAFF, TUTOR_TEACHES_HERE, g(), writes=g(), history=True),
        rule(STAFF, EVERYTHING, g("DAYS")),
        rule([TUTOR], TAUGHT_BY_ME, g(), scope=Scope.OWN),
        hidden_from=[GUARDIAN],
    )


def _family() -> TableRights:
    g = Groups(
        NAMES="parent1_first_name parent1_last_name parent2_first_name parent2_last_name primary_contact archived_at",
        PHONES="parent1_phone parent2_phone",
        EMAILS="parent1_email parent2_email",
        ADDRESSES="parent1_address parent1_city parent1_state parent1_postal_code parent1_county "
        "parent2_address parent2_city parent2_state parent2_postal_code parent2_county",
        REGISTERED="registered_on",
        INTERNAL_NOTES="notes",
    )
    guests = either(Named("student", "family_id", ATTENDS_HERE), Named("lead", "family_id", EVERYTHING))
    return rights(
        g,
        rule(STAFF, FAMILY_AT_MY_LOCATIONS, g(), writes=g(), history=True),
        # Whom to call about a child who is here today, and who a lead of the common pipeline became.
        rule(STAFF, guests, g("NAMES", "PHONES")),
        # E-mails say who the guardian is, so the center changes them.
        rule(
            [GUARDIAN],
            Mine("id", Own.FAMILIES),
            g.but("INTERNAL_NOTES"),
            updates=g("PHONES", "ADDRESSES"),
            scope=Scope.OWN_FAMILY,
        ),
        hidden_from=[TUTOR],
    )


def _student() -> TableRights:
    g = Groups(
        NAME="first_name last_name archived_at",
        GRADE="grade",
        PLACE="family_id location_id lesson_mode is_active",
        CONTACT="phone email",
        SCHOOL="date_of_birth school",
        HEALTH="hearing_ok vision_ok medical_conditions allergies has_iep",
        BEHAVIOR="behavior_notes",
        INTERNAL_NOTES="notes",
    )
    return rights(
        g,
        rule(STAFF, AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule(STAFF, ATTENDS_HERE, g("NAME", "GRADE", "PLACE")),
        rule([TUTOR], MY_STUDENT, g("NAME", "GRADE", "PLACE"), scope=Scope.OWN),
        rule(
            [GUARDIAN],
            OF_MY_FAMILY,
            g.but("BEHAVIOR", "INTERNAL_NOTES"),
            updates=g("CONTACT"),
            scope=Scope.OWN_FAMILY,
        ),
    )


def _student_subject() -> TableRights:
    g = Groups(SUBJECT="student_id rank subject_id topic_id archived_at")
    return rights(
        g,
        rule(STAFF, STUDENT_AT_MY_LOCATIONS, g(), writes=g(), history=True),
        rule(STAFF, Ref("student_id", "student", ATTENDS_HERE), g()),
        rule([TUTOR], Ref("student_id", "student", MY_STUDENT), g(), scope=Scope.OWN),
        rule([GUARDIAN], STUDENT_OF_MY_FAMILY, g(), scope=Scope.OWN_FAMILY),
    )


def _health_access() -> TableRights:
    g = Groups(LOOK="student_id user_id looked_at archived_at")
    by_me = both(STUDENT_AT_MY_LOCATIONS, either(MYSELF, Is("user_id", None)))
    return rights(
        g,
        rule(STAFF, STUDENT_AT_MY_LOCATIONS, g(), history=True),
        # Nobody notes a look in another's name.
        rule(STAFF, by_me, g(), creates=g()),
        hidden_from=[TUTOR, GUARDIAN],
    )


def _lead() -> TableRights:
    g = Groups(
        ENQUIRY="created_at source parent_first_name parent_last_name phone email student_first_name "
        "student_last_name grade subject_id topic_id wanted message family_id archived_at",
        PIPELINE="stage temperature owner_user_id location_id last_contact_method last_contact_at call_back_on "
        "reason_lost",
        INTERNAL_NOTES="notes",
    )
    return rights(
        g, rule(STAFF, EVERYTHING, g(), writes=g(), history=True), hidden_from=[TUTOR, GUARDIAN]
    )  # fmt: skip


def _lead_contact() -> TableRights:
    g = Groups(
        CONTACT="lead_id user_id happened_at method outcome stage_before stage_after archived_at",
        INTERNAL_NOTES="note",
    )
    return rights(
        g,
        rule(STAFF, EVERYTHING, g(), creates=g(), updates=frozenset({"archived_at"}), history=True),
        hidden_from=[TUTOR, GUARDIAN],
    )


PEOPLE_RIGHTS: dict[str, TableRights] = {
    "tutor": _tutor(),
    "tutor_location": _tutor_location(),
    "tutor_subject": _tutor_subject(),
    "tutor_availability": _tutor_availability(),
    "tutor_exception": _tutor_exception(),
    "tutor_time_off": _tutor_time_off(),
    "family": _family(),
    "student": _student(),
    "student_subject": _student_subject(),
    "health_access": _health_access(),
    "lead": _lead(),
    "lead_contact": _lead_contact(),
}
