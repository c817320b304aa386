"""The rows that the table of rights speaks of again and again: at my locations, my own students, my family."""

from __future__ import annotations

from shared_models.access.conditions import EVERYTHING, LIVE, Is, Mine, Named, Not, Own, Ref, both, either
from shared_models.access.models import Role

ADMIN, DESK, TUTOR, GUARDIAN = Role.ADMIN, Role.FRONT_DESK, Role.TUTOR, Role.GUARDIAN
STAFF = (ADMIN, DESK)

AT_MY_LOCATIONS = Mine("location_id", Own.LOCATIONS)
ANYWHERE_OR_MINE = either(Is("location_id", None), AT_MY_LOCATIONS)

ENTRY_AT_MY_LOCATIONS = Ref("entry_id", "schedule_entry", AT_MY_LOCATIONS)
STUDENT_AT_MY_LOCATIONS = Ref("student_id", "student", AT_MY_LOCATIONS)
ATTENDS_HERE = Named("attendee", "student_id", ENTRY_AT_MY_LOCATIONS)
"""Students, wherever they belong, who attend or attended something at a location of mine."""

TEACHES_HERE = Named("tutor_location", "tutor_id", both(AT_MY_LOCATIONS, LIVE))
TUTOR_TEACHES_HERE = Ref("tutor_id", "tutor", TEACHES_HERE)

TAUGHT_BY_ME = Mine("tutor_id", Own.TUTORS)
MY_LIVE_ENTRY = Ref("entry_id", "schedule_entry", both(TAUGHT_BY_ME, LIVE))
MY_STUDENT = Named("attendee", "student_id", both(LIVE, MY_LIVE_ENTRY))

OF_MY_FAMILY = Mine("family_id", Own.FAMILIES)
STUDENT_OF_MY_FAMILY = Ref("student_id", "student", OF_MY_FAMILY)
MY_FAMILYS_ENTRY = Named("attendee", "entry_id", both(LIVE, STUDENT_OF_MY_FAMILY))

MYSELF = Mine("user_id", Own.USER)
IS_STAFF = either(
    Named("user_role", "user_id", Not(Is("role", GUARDIAN.value))), Not(Named("user_role", "user_id", EVERYTHING))
)
"""Users who are or were more than guardians; a user to whom no role was ever given counts as staff to be."""

FAMILY_AT_MY_LOCATIONS = either(
    Named("student", "family_id", AT_MY_LOCATIONS), Not(Named("student", "family_id", EVERYTHING))
)
"""Families with a student at a location of mine; one without any student yet belongs to every desk."""
