"""Importing into a store: the sample center whole, twice, moved, and small cases of doubt."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Select, create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from shared_models import registry
from shared_models.base import TenantRow, derived_id, new_id
from shared_models.catalog.models import Product, Service, ServiceOffered
from shared_models.exchange.apply import apply_import
from shared_models.exchange.apply_organization import NoOrganization
from shared_models.exchange.problems import Problem
from shared_models.exchange.recognize import ImportFile, open_file
from shared_models.exchange.report import ImportReport
from shared_models.leads.models import Lead
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.models import Family, Student, StudentSubject, Tutor, TutorAvailability, TutorSubject
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry, Series, SeriesPattern
from shared_models.sync.clocks import HybridClock
from shared_models.sync.hook import ChangeRecorder
from tests.shared_models.exchange.sample import NAMES, calendar, families_csv, sample

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
ORGANIZATION = derived_id("test", "organization")


class Desk:
    """A store in a file, and importing into it."""

    def __init__(self, folder: Path) -> None:
        self.recorder = ChangeRecorder(HybridClock(new_id()))
        self._engine = create_engine(f"sqlite:///{folder / 'store.db'}")
        registry.metadata.create_all(self._engine)
        factory = sessionmaker(self._engine, expire_on_commit=False)
        self.recorder.attach(factory)
        self.session: Session = factory()

    def take(self, files: dict[str, bytes], shift_weeks: int = 0) -> ImportReport:
        opened: list[ImportFile] = [open_file(name, content) for name, content in files.items()]
        report = apply_import(self.session, self.recorder, ORGANIZATION, opened, now=NOW, shift_weeks=shift_weeks)
        self.session.commit()
        return report

    def close(self) -> None:
        self.session.close()
        self._engine.dispose()

    def count(self, kind: type[TenantRow], *conditions: object) -> int:
        statement: Select[int] = select(func.count()).select_from(kind)
        return self.session.scalars(statement.where(*conditions)).one()  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, ImportReport]]:
    """The sample center imported once, for tests that only look."""
    desk = Desk(tmp_path_factory.mktemp("center"))
    yield desk, desk.take(SAMPLE)
    desk.close()


SAMPLE = {name: sample(name) for name in reversed(NAMES)}
TOWN = {"organization.json": sample("organization.json"), "tutors.csv": sample("tutors.csv")}


def test_the_whole_center_arrives_whatever_the_order_of_its_files(center: tuple[Desk, ImportReport]) -> None:
    desk, report = center
    assert report.counts == {
        "locations": 2, "rooms": 11, "services": 34, "closures": 6, "tutors": 14, "families": 180,
        "students": 282, "leads": 64, "products": 5, "series": 166, "entries": 5344, "camps": 1, "camp_entries": 5,
    }  # fmt: skip
    assert [(problem.file, problem.line) for problem in report.problems] == [
        ("families.csv", 62), ("families.csv", 63), ("families.csv", 64)
    ]  # fmt: skip
    assert report.warnings == ()
    expected = {
        Family: 180,
        Student: 282,
        Tutor: 14,
        Lead: 64,
        Series: 167,
        ScheduleEntry: 5349,
        Closure: 6,
        Room: 11,
    }
    assert {kind: desk.count(kind) for kind in expected} == expected
    assert desk.count(OpeningHours) == 12
    assert desk.count(TutorSubject) == 56
    assert desk.count(TutorAvailability) == 55


def test_the_conflicts_that_are_really_there_are_found(center: tuple[Desk, ImportReport]) -> None:
    desk, _ = center
    year = datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC)
    conflicts = all_conflicts(desk.session, ORGANIZATION, *year)
    assert Counter((conflict.kind.value, conflict.tag.value) for conflict in conflicts) == {
        ("tutor", "overlap"): 316,
        ("tutor", "buffer"): 85,
        ("room", "overlap"): 262,
        ("room", "buffer"): 114,
        ("student", "overlap"): 279,
    }


def test_series_are_linked_to_tutor_room_student_service_and_price(center: tuple[Desk, ImportReport]) -> None:
    desk, _ = center
    session = desk.session
    series = session.scalars(select(Series).where(Series.imported_uid == "hlc-0000@hudson.example")).one()
    assert (series.pattern, series.weekdays, series.duration_minutes) == (SeriesPattern.WEEKLY, [2], 90)
    assert series.skipped_days == ["2026-12-30", "2027-01-13", "2027-02-17", "2027-03-31"]
    entries = session.scalars(select(ScheduleEntry).where(ScheduleEntry.series_id == series.id)).all()
    assert all(entry.id == derived_id(series.id, str(entry.series_day)) for entry in entries)
    first = min(entries, key=lambda entry: entry.starts_at)
    assert first.starts_at == datetime(2026, 9, 9, 20, tzinfo=UTC)
    assert first.blocked_until - first.ends_at == timedelta(minutes=15)
    assert (first.hourly_price_cents, first.hourly_pay_cents) == (12000, 3500)
    student = session.scalars(
        select(Student).join(Attendee, Attendee.student_id == Student.id).where(Attendee.entry_id == first.id)
    ).one()
    assert (student.first_name, student.last_name) == ("Elena", "Kim")
    room = session.scalars(
        select(Room).join(EntryRoom, EntryRoom.room_id == Room.id).where(EntryRoom.entry_id == first.id)
    ).one()
    assert room.name == "Room E"
    assert session.get_one(Service, (ORGANIZATION, first.service_id)).code == "PRIVATE_TEST_PREP"


def test_named_classes_and_the_camp_become_products(center: tuple[Desk, ImportReport]) -> None:
    desk, _ = center
    names = desk.session.scalars(select(Product.name).order_by(Product.name)).all()
    assert names == ["Coding club", "SAT Math class", "SHSAT group", "Summer STEM camp", "Young Writers class"]


def test_importing_twice_makes_no_doubles_and_keeps_what_the_desk_changed(
    center: tuple[Desk, ImportReport],
) -> None:
    desk, first = center
    family = desk.session.scalars(select(Family).where(Family.parent1_email == "chen162@example.net")).one()
    family.parent1_phone = "+19145550123"
    desk.session.commit()
    tables: list[type[TenantRow]] = [Family, Student, StudentSubject, Tutor, Lead, Closure]
    tables += [Series, ScheduleEntry, Attendee, EntryRoom]
    before = {kind: desk.count(kind) for kind in tables}
    second = desk.take(SAMPLE)
    assert {kind: desk.count(kind) for kind in tables} == before
    assert not any(second.counts.values())
    assert {kind: second.already_there[kind] for kind in ("families", "students", "series", "leads")} == {
        kind: first.counts[kind] for kind in ("families", "students", "series", "leads")
    }
    desk.session.refresh(family)
    assert family.parent1_phone == "+19145550123"


def test_dates_move_together_by_whole_weeks_and_birthdays_stay(desk: Desk, center: tuple[Desk, ImportReport]) -> None:
    still, _ = center
    desk.take(SAMPLE, shift_weeks=-52)
    week = timedelta(weeks=-52)
    for kind, column in ((Closure, Closure.first_day), (Series, Series.first_day), (Family, Family.registered_on)):
        assert {day + week for day in still.session.scalars(select(column)) if day} == set(
            desk.session.scalars(select(column))
        ), kind
    births = select(Student.date_of_birth).order_by(Student.id)
    assert desk.session.scalars(births).all() == still.session.scalars(births).all()
    assert desk.count(ScheduleEntry) == 5349
    leads = select(Lead.created_at).order_by(Lead.id)
    moved = zip(desk.session.scalars(leads), still.session.scalars(leads), strict=True)
    assert {(a - b).days for a, b in moved} <= {-364, -365}


def test_files_without_an_organization_are_refused_with_a_sentence(desk: Desk) -> None:
    with pytest.raises(NoOrganization, match=r"organization\.json"):
        desk.take({"families.csv": families_csv("Ana,Kim,a@x.example,,Mia,Irvington Office")})


def test_an_organization_that_is_there_is_completed_not_overwritten(desk: Desk) -> None:
    desk.session.add(
        Organization(
            organization_id=ORGANIZATION, id=ORGANIZATION, business_name="Hudson", time_zone="America/New_York",
            phone="+12125550100",
        )
    )  # fmt: skip
    mine = derived_id(ORGANIZATION, "location", "Irvington office")
    desk.session.add(Location(organization_id=ORGANIZATION, id=mine, name="irvington office", city="Dobbs Ferry"))
    desk.session.commit()
    report = desk.take({"organization.json": sample("organization.json")})
    organization = desk.session.scalars(select(Organization)).one()
    assert (organization.business_name, organization.phone) == ("Hudson", "+12125550100")
    assert organization.email == "hello@hudson.example"
    assert report.counts["locations"] == 1
    location = desk.session.get_one(Location, (ORGANIZATION, mine))
    assert (location.city, location.county) == ("Dobbs Ferry", "Westchester")
    assert desk.count(Room, Room.location_id == mine) == 6
    assert desk.count(ServiceOffered, ServiceOffered.location_id == mine) == 17


def test_a_new_child_joins_the_family_that_is_there(desk: Desk) -> None:
    line = "Ana,Kim,ana@x.example,9145550101,{},Irvington Office"
    desk.take({**TOWN, "families.csv": families_csv(line.format("Mia"))})
    report = desk.take(
        {"families.csv": families_csv(line.format("Mia"), "Ana,Kim,,914-555-0101,Leo,Irvington Office")}
    )
    assert (desk.count(Family), desk.count(Student)) == (1, 2)
    assert (report.counts["students"], report.already_there["students"]) == (1, 1)


LESSON = (
    "UID:{uid}\nSUMMARY:French - Mia Kim\nDTSTART;TZID=America/New_York:20261008T170000\n"
    "DTEND;TZID=America/New_York:20261008T180000\nRRULE:FREQ=WEEKLY;COUNT=3\n"
    "LOCATION:{place}\nDESCRIPTION:Tutor: {tutor}\\nStudents: {students}\\nSubject: {subject}"
)


def lesson(
    uid: str = "1",
    place: str = "Irvington Office / Room A",
    tutor: str = "Tomás Dijk",
    students: str = "Mia Kim",
    subject: str = "Foreign Languages - French",
) -> str:
    return LESSON.format(uid=uid, place=place, tutor=tutor, students=students, subject=subject)


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    assert all(isinstance(problem, Problem) for problem in report.problems)
    return [(problem.line, problem.reason) for problem in report.problems]


def test_what_a_lesson_names_and_nobody_knows_is_reported_and_the_lesson_still_arrives(desk: Desk) -> None:
    event = lesson(place="Irvington Office / Cellar", tutor="Nobody", students="Mia Kim", subject="Juggling")
    report = desk.take({**TOWN, "calendar.ics": calendar(event)})
    assert report.counts["entries"] == 3
    assert [line for line, _ in reasons(report)] == [3] * 4
    text = " ".join(reason for _, reason in reasons(report))
    assert all(words in text for words in ("Cellar", "Nobody", "Mia Kim", "Juggling"))


def test_a_lesson_at_an_unknown_place_is_left_out(desk: Desk) -> None:
    report = desk.take({**TOWN, "calendar.ics": calendar(lesson(place="Paris / Room A"), lesson("2", place=""))})
    assert desk.count(ScheduleEntry) == 0
    assert [line for line, _ in reasons(report)] == [3, 12]


def test_of_two_students_of_one_name_place_and_then_subject_decide(desk: Desk) -> None:
    header = "Parent First,Parent Last,Email,Student First,Student Last,Location,Subject 1"
    people = families_csv(
        "Ana,Kim,a@x.example,Mia,Kim,Irvington Office,Math",
        "Eva,Kim,e@x.example,Mia,Kim,Irvington Office,Foreign Languages",
        "Ira,Kim,i@x.example,Mia,Kim,Tarrytown Office,Foreign Languages",
        header=header,
    )
    events = calendar(
        lesson("irvington"),
        lesson("tarrytown", place="Tarrytown Office / Room 1", subject="Math"),
        lesson("unclear", subject="Science"),
    )
    report = desk.take({**TOWN, "families.csv": people, "calendar.ics": events})
    found = desk.session.execute(
        select(Series.imported_uid, Family.parent1_first_name)
        .join(ScheduleEntry, ScheduleEntry.series_id == Series.id)
        .join(Attendee, Attendee.entry_id == ScheduleEntry.id)
        .join(Student, Student.id == Attendee.student_id)
        .join(Family, Family.id == Student.family_id)
    )
    parents = {(uid, parent) for uid, parent in found}
    assert parents == {("irvington", "Eva"), ("tarrytown", "Ira")}
    assert ["Several students" in reason for _, reason in reasons(report)] == [True]


def test_a_lesson_kept_on_a_closure_stays_there(desk: Desk) -> None:
    on_labor_day = lesson().replace("20261008", "20260907")
    desk.take({**TOWN, "calendar.ics": calendar(on_labor_day)})
    series = desk.session.scalars(select(Series)).one()
    assert not series.skips_closures
    assert desk.count(ScheduleEntry, ScheduleEntry.series_day == date(2026, 9, 7)) == 1


def test_single_sessions_are_entries_without_a_series(desk: Desk) -> None:
    single = lesson().replace("RRULE:FREQ=WEEKLY;COUNT=3\n", "")
    report = desk.take({**TOWN, "calendar.ics": calendar(single)})
    assert (desk.count(Series), desk.count(ScheduleEntry)) == (0, 1)
    assert report.counts["entries"] == 1
    again = desk.take({"calendar.ics": calendar(single)})
    assert (again.counts.get("entries"), again.already_there["entries"]) == (None, 1)


def test_prices_of_unknown_services_and_subjects_outside_the_catalog_are_reported(desk: Desk) -> None:
    organization = sample("organization.json").replace(b"PRIVATE_FREE", b"JUGGLING_PRO")
    people = families_csv(
        "Ana,Kim,a@x.example,Mia,Irvington Office,Juggling",
        header="Parent First,Parent Last,Email,Student First,Location,Subject 1",
    )
    report = desk.take({"organization.json": organization, "families.csv": people})
    (problem,) = report.problems
    assert "JUGGLING_PRO" in problem.reason
    assert b"JUGGLING_PRO" in organization.splitlines()[problem.line - 1]
    assert [(warning.file, warning.line) for warning in report.warnings] == [("families.csv", 2)]


def test_progress_is_told_along_the_way(desk: Desk) -> None:
    steps: list[str] = []
    small = {name: content for name, content in SAMPLE.items() if name != "calendar.ics"}
    small["calendar.ics"] = calendar(lesson())
    files = [open_file(name, content) for name, content in small.items()]
    apply_import(
        desk.session, desk.recorder, ORGANIZATION, files, now=NOW, progress=lambda words, *_: steps.append(words)
    )
    assert list(dict.fromkeys(steps)) == ["Organization", "Tutors", "Families", "Leads", "Calendar", "Sessions"]
