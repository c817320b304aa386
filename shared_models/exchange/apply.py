"""Writing what was read into the store: organization, tutors, families, leads, calendar, in this order whatever the
order of the files, inside the caller's transaction.

Ids derive from what identifies a thing outside (an e-mail, a name, a calendar's UID), so that importing twice makes
no doubles; what is there already is left as it is, for the desk may have changed it. Only a calendar that has changed
since brings its changes, to the entries that nobody edited here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.exchange.apply_calendar import apply_calendar, apply_closures
from shared_models.exchange.apply_leads import apply_leads
from shared_models.exchange.apply_organization import apply_organization, load_locations
from shared_models.exchange.apply_people import apply_families, apply_tutors
from shared_models.exchange.cells import Surroundings
from shared_models.exchange.recognize import ImportFile, ReadFiles, read_files
from shared_models.exchange.report import Importing, ImportReport, Progress
from shared_models.organization.models import Location, Organization
from shared_models.schedule.times import wall_clock_of, zone_of
from shared_models.sync.hook import ChangeRecorder


def surroundings_of(session: Session, organization_id: str, now: datetime) -> tuple[Surroundings, str | None]:
    """What reading needs to know of a center: country, today, its locations; and its time zone, when it has one."""
    row = session.execute(
        select(Organization.country, Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one_or_none()
    names = session.scalars(
        select(Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    ).all()
    if row is None:
        return Surroundings(today=now.date(), location_names=names), None
    country, time_zone = row
    today = wall_clock_of(now, zone_of(time_zone)).date()
    return Surroundings(country, today, names), time_zone


def apply_import(
    session: Session,
    recorder: ChangeRecorder,
    organization_id: str,
    files: Sequence[ImportFile],
    *,
    now: datetime,
    shift_weeks: int = 0,
    brings_back: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Read the files and write every good line; the caller's session commits or leaves nothing behind.

    ``shift_weeks`` moves calendar, closures, leads' and registration dates together (birth dates stay).
    ``brings_back`` restores what is archived instead of leaving it hidden.
    The organization is made from organization.json when it does not exist yet.
    """
    around, time_zone = surroundings_of(session, organization_id, now)
    read = read_files(files, around, time_zone)
    return apply_read(
        session,
        recorder,
        organization_id,
        read,
        now=now,
        shift_weeks=shift_weeks,
        brings_back=brings_back,
        progress=progress,
    )


def apply_read(
    session: Session,
    recorder: ChangeRecorder,
    organization_id: str,
    read: ReadFiles,
    *,
    now: datetime,
    shift_weeks: int = 0,
    brings_back: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Write what was read, and perhaps mended in a preview."""
    work = Importing(session, recorder, organization_id, now, timedelta(weeks=shift_weeks), progress, brings_back)
    work.problems += read.problems
    work.warnings += read.warnings
    work.step("Organization")
    apply_organization(work, read.organizations)
    load_locations(work)
    apply_closures(
        work,
        [closure for organization in read.organizations for closure in organization.closures]
        + [closure for calendar in read.calendars for closure in calendar.closures],
    )
    if read.tutors:
        work.step("Tutors")
        apply_tutors(work, [(file.file, tutor) for file in read.tutors for tutor in file.tutors])
    if read.families:
        work.step("Families")
        apply_families(work, [(file.file, family) for file in read.families for family in file.families])
    if read.leads:
        work.step("Leads")
        apply_leads(work, [(file.file, lead) for file in read.leads for lead in file.leads])
    for calendar in read.calendars:
        work.step("Calendar", 0, len(calendar.sessions))
        apply_calendar(work, calendar.file, calendar.sessions, calendar.cancelled)
    return work.report()
