"""The calendar as .ics for other programs: series as series with what differs from them, single sessions, and
closures. Nothing internal goes out: no prices, no notes, no reports."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import derived_id
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.exchange.calendar_lines import OWN_PART, OWN_SERVICE, OWN_TAKEN
from shared_models.exchange.calendar_writing import WEEKDAYS, EventLines, calendar_text
from shared_models.organization.models import Closure, Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series, SeriesPattern
from shared_models.schedule.recurrence import days_of
from shared_models.schedule.series_rules import rule_of_series
from shared_models.schedule.times import instant_of, wall_clock_of, zone_of
from shared_models.sync.clocks import CREATED, stamp_milliseconds

_STATUS = {EntryStatus.PENDING_PAYMENT: "TENTATIVE", EntryStatus.CANCELLED: "CANCELLED"}
_DAY = timedelta(days=1)
_BEGIN, _END = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""No entry lies before the one or after the other."""
_COLUMNS = (
    "id", "series_id", "series_day", "imported_uid", "starts_at", "ends_at", "status", "field_clocks", "location_id",
    "service_id", "subject_id", "topic_id", "product_id", "tutor_id", "is_online", "web_link",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the calendar: everything, or what one of these ids is at, between two days (both included).

    ``status`` is one of EntryStatus, "" for any; ``only_conflicts`` keeps what is in a conflict that is not accepted.
    With ``own_places``, of what takes place at other locations only is told that somebody is taken (product §2).
    """

    location_id: str = ""
    tutor_id: str = ""
    room_id: str = ""
    student_id: str = ""
    service_id: str = ""
    status: str = ""
    only_conflicts: bool = False
    first_day: date | None = None
    last_day: date | None = None
    has_cancelled: bool = True
    has_closures: bool = True
    own_places: frozenset[str] | None = None

    def is_foreign(self, location_id: str) -> bool:
        """Whether of what takes place at a location only is told whom it takes."""
        return self.own_places is not None and location_id not in self.own_places

    @property
    def is_everything(self) -> bool:
        """Whether no series can be shown in part."""
        parts = (
            self.location_id, self.tutor_id, self.room_id, self.student_id, self.service_id, self.status,
            self.only_conflicts,
        )  # fmt: skip
        days = (self.first_day, self.last_day, self.own_places)
        return not any(parts) and days == (None, None, None) and self.has_cancelled


@dataclass(frozen=True, slots=True)
class _Words:
    """What an event says besides its time: two entries that say the same are alike."""

    summary: str
    location: str
    description: str
    url: str
    service: str
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry; times are wall-clock."""

    id: str
    series_id: str | None
    series_day: date | None
    imported_uid: str
    starts: datetime
    ends: datetime
    status: EntryStatus
    sequence: int
    words: _Words

    @property
    def said_status(self) -> str:
        """The status as calendars say it."""
        return _STATUS.get(self.status, "CONFIRMED")

    @property
    def way(self) -> tuple[time, timedelta, _Words, str]:
        """How it is held: what the sessions of a series have in common."""
        return self.starts.time(), self.ends - self.starts, self.words, self.said_status


def export_calendar(session: Session, organization_id: str, selection: Selection, now: datetime) -> bytes:
    """The selected part of the calendar as an iCalendar file (RFC 5545).

    An event that was imported keeps its UID, any other has its row's id, so that programs which know it update it.
    Raises NoResultFound when there is no such organization.
    """
    name, time_zone = session.execute(
        select(Organization.business_name, Organization.time_zone).where(
            Organization.organization_id == organization_id
        )
    ).one()
    zone = zone_of(time_zone)
    entries = _entries(session, organization_id, selection, zone)
    by_series: dict[str, list[_Entry]] = defaultdict(list)
    singles = []
    for entry in entries:
        if entry.series_id is not None and entry.series_day is not None:
            by_series[entry.series_id].append(entry)
        else:
            singles.append(entry)
    series_rows = {
        row.id: row for row in session.scalars(select(Series).where(Series.organization_id == organization_id))
    }
    whole, of_uid = _live_counts(session, organization_id)
    events: list[EventLines] = []
    for series_id, own in by_series.items():
        series = series_rows.get(series_id)
        if series is None:
            singles += own
            continue
        is_part = not selection.is_everything and whole[series_id] != len(own)
        series_events, left = _series_events(series, own, time_zone, is_part)
        events += series_events
        singles += left
    events += [_event(entry, _uid_of_single(entry, organization_id, of_uid)) for entry in singles]
    events += _closures(session, organization_id, selection) if selection.has_closures else []
    events.sort(key=lambda event: (_sortable(event.starts), event.uid))
    return calendar_text(name, time_zone, zone, events, now)


def selected_count(session: Session, organization_id: str, selection: Selection) -> int:
    """How many sessions the selection holds."""
    time_zone = session.scalars(
        select(Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one()
    wanted = _wanted(organization_id, selection, zone_of(time_zone)).order_by(None)
    in_conflict = _in_conflict(session, organization_id, selection, zone_of(time_zone))
    if in_conflict is not None:
        return sum(row[0] in in_conflict for row in session.execute(wanted.with_only_columns(ScheduleEntry.id)))
    return session.scalars(select(func.count()).select_from(wanted.subquery())).one()


def _in_conflict(session: Session, organization_id: str, selection: Selection, zone: tzinfo) -> frozenset[str] | None:
    """The entries of the selected days that are in a conflict which nobody has accepted; None if it is not asked."""
    if not selection.only_conflicts:
        return None
    first, last = selection.first_day, selection.last_day
    found = all_conflicts(
        session,
        organization_id,
        instant_of(first, time(), zone) if first is not None else _BEGIN,
        instant_of(last + _DAY, time(), zone) if last is not None else _END,
    )
    still_open = open_conflicts(session, organization_id, found)
    if selection.own_places is not None:  # What others have to settle among themselves is theirs.
        own = _ids_at(session, organization_id, selection.own_places)
        still_open = [one for one in still_open if one.first_id in own or one.second_id in own]
    return frozenset(entry_id for one in still_open for entry_id in (one.first_id, one.second_id))


def _series_events(
    series: Series, entries: Sequence[_Entry], time_zone: str, is_part: bool
) -> tuple[list[EventLines], list[_Entry]]:
    """A series as one event with a rule, the sessions that differ from it, and the entries that it cannot hold."""
    rule_days = days_of(rule_of_series(series, time_zone))
    on_rule = set(rule_days)
    held: dict[date, _Entry] = {}
    left = []
    for entry in entries:
        assert entry.series_day is not None
        if entry.series_day in on_rule and entry.series_day not in held:
            held[entry.series_day] = entry
        else:
            left.append(entry)
    usual = Counter(
        entry.way
        for day, entry in held.items()
        if entry.starts.date() == day and entry.status is not EntryStatus.CANCELLED
    )
    if not usual:
        return [], [*left, *held.values()]
    start, length, words, status = way = usual.most_common(1)[0][0]
    first_day, last_day = min(held), max(held)
    days = [day for day in rule_days if first_day <= day <= last_day]
    uid = series.imported_uid or series.id
    first = datetime.combine(first_day, start)
    until = instant_of(last_day, start, zone_of(time_zone))
    changes = {day: entry for day, entry in held.items() if entry.way != way or entry.starts.date() != day}
    master = EventLines(
        uid=uid,
        starts=first,
        ends=first + length,
        summary=words.summary,
        location=words.location,
        description=words.description,
        url=words.url,
        status=status,
        sequence=max(_sequence(series.field_clocks), max(entry.sequence for entry in entries)),
        rule=f"{_pattern(series, first_day)};UNTIL={until:%Y%m%dT%H%M%SZ}",
        without=tuple(datetime.combine(day, start) for day in days if day not in held),
        own=_own(words, is_part),
    )
    events = [master]
    for day, entry in sorted(changes.items()):
        events.append(_event(entry, uid, replaces=datetime.combine(day, start)))
    return events, left


def _pattern(series: Series, first_day: date) -> str:
    if series.pattern is SeriesPattern.DAILY:
        return "FREQ=DAILY"
    days = ",".join(WEEKDAYS[day] for day in sorted(series.weekdays or [first_day.weekday()]))
    every = f";INTERVAL={series.interval_weeks};WKST=MO" if series.interval_weeks > 1 else ""
    return f"FREQ=WEEKLY{every};BYDAY={days}"


def _uid_of_single(entry: _Entry, organization_id: str, of_uid: Mapping[str, int]) -> str:
    """The UID of an entry by itself: the one it came with only when it is all there is of that event."""
    is_whole = of_uid.get(entry.imported_uid) == 1 and entry.id == derived_id(
        organization_id, "series", entry.imported_uid
    )
    return entry.imported_uid if is_whole else entry.id


def _event(entry: _Entry, uid: str, replaces: datetime | None = None) -> EventLines:
    words = entry.words
    return EventLines(
        uid=uid,
        starts=entry.starts,
        ends=entry.ends,
        summary=words.summary,
        location=words.location,
        description=words.description,
        url=words.url,
        status=entry.said_status,
        sequence=entry.sequence,
        replaces=replaces,
        own=_own(words, False),
    )


def _own(words: _Words, is_part: bool) -> dict[str, str]:
    own = {OWN_SERVICE: words.service} if words.service else {}
    own |= {OWN_TAKEN: "TRUE"} if words.is_taken else {}
    return own | ({OWN_PART: "TRUE"} if is_part else {})


def _closures(session: Session, organization_id: str, selection: Selection) -> Iterable[EventLines]:
    """Closed days, of the location selected and of all of them."""
    names = _names(session, organization_id, Location)
    statement = select(Closure).where(Closure.organization_id == organization_id, Closure.archived_at.is_(None))
    if selection.location_id:
        statement = statement.where(or_(Closure.location_id.is_(None), Closure.location_id == selection.location_id))
    if selection.first_day is not None:
        statement = statement.where(Closure.last_day >= selection.first_day)
    if selection.last_day is not None:
        statement = statement.where(Closure.first_day <= selection.last_day)
    for closure in session.scalars(statement):
        yield EventLines(
            uid=closure.id,
            starts=closure.first_day,
            ends=closure.last_day + _DAY,
            summary=f"CLOSED: {closure.reason}" if closure.reason else "CLOSED",
            location=names.get(closure.location_id or "", ""),
            sequence=_sequence(closure.field_clocks),
        )


def _entries(session: Session, organization_id: str, selection: Selection, zone: tzinfo) -> list[_Entry]:
    names = _Names(session, organization_id)
    students, rooms = _links(session, organization_id, Attendee), _links(session, organization_id, EntryRoom)
    in_conflict = _in_conflict(session, organization_id, selection, zone)
    entries = []
    for row in session.execute(_wanted(organization_id, selection, zone)).mappings():
        entry_id = str(row["id"])
        if in_conflict is not None and entry_id not in in_conflict:
            continue
        if selection.is_foreign(row["location_id"]):
            entries.append(_taken(row, names, zone))
            continue
        entries.append(
            _Entry(
                id=entry_id,
                series_id=row["series_id"],
                series_day=row["series_day"],
                imported_uid=row["imported_uid"],
                starts=wall_clock_of(row["starts_at"], zone),
                ends=wall_clock_of(row["ends_at"], zone),
                status=row["status"],
                sequence=_sequence(row["field_clocks"]),
                words=names.words(row, students.get(entry_id, ()), rooms.get(entry_id, ())),
            )
        )
    return entries


def _wanted(organization_id: str, selection: Selection, zone: tzinfo) -> Select[Any]:
    entry = ScheduleEntry
    columns: list[Any] = [getattr(entry, name) for name in _COLUMNS]
    statement = (
        select(*columns)
        .where(entry.organization_id == organization_id, entry.archived_at.is_(None))
        .order_by(entry.starts_at, entry.id)
    )
    for column, wanted in (
        (entry.location_id, selection.location_id),
        (entry.tutor_id, selection.tutor_id),
        (entry.service_id, selection.service_id),
    ):
        if wanted:
            statement = statement.where(column == wanted)
    if selection.student_id:
        statement = statement.where(entry.id.in_(_entries_with(organization_id, Attendee, selection.student_id)))
    if selection.room_id:
        statement = statement.where(entry.id.in_(_entries_with(organization_id, EntryRoom, selection.room_id)))
    if selection.first_day is not None:
        statement = statement.where(entry.ends_at > instant_of(selection.first_day, time(), zone))
    if selection.last_day is not None:
        statement = statement.where(entry.starts_at < instant_of(selection.last_day + _DAY, time(), zone))
    if selection.status:
        statement = statement.where(entry.status == EntryStatus(selection.status))
    if not selection.has_cancelled:
        statement = statement.where(entry.status != EntryStatus.CANCELLED)
    if selection.own_places is not None:  # What others cancelled keeps nobody from anything.
        statement = statement.where(
            or_(entry.location_id.in_(selection.own_places), entry.status != EntryStatus.CANCELLED)
        )
    return statement


def _ids_at(session: Session, organization_id: str, places: frozenset[str]) -> frozenset[str]:
    statement = select(ScheduleEntry.id).where(
        ScheduleEntry.organization_id == organization_id, ScheduleEntry.location_id.in_(places)
    )
    return frozenset(session.scalars(statement))


def _entries_with(organization_id: str, kind: type[Attendee] | type[EntryRoom], thing_id: str) -> Select[Any]:
    column = kind.student_id if kind is Attendee else kind.room_id  # type: ignore[union-attr]
    return select(kind.entry_id).where(
        kind.organization_id == organization_id, column == thing_id, kind.archived_at.is_(None)
    )


def _live_counts(session: Session, organization_id: str) -> tuple[Counter[str], Counter[str]]:
    """How many live entries each series has, and how many came from each imported event by themselves."""
    of_series: Counter[str] = Counter()
    of_uid: Counter[str] = Counter()
    for series_id, imported_uid in session.execute(
        select(ScheduleEntry.series_id, ScheduleEntry.imported_uid).where(
            ScheduleEntry.organization_id == organization_id, ScheduleEntry.archived_at.is_(None)
        )
    ):
        if series_id is not None:
            of_series[series_id] += 1
        elif imported_uid:
            of_uid[imported_uid] += 1
    return of_series, of_uid


class _Names:
    """The names of everything that an entry refers to, each read once."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._locations = _names(session, organization_id, Location)
        self._rooms = _names(session, organization_id, Room)
        self._subjects = _names(session, organization_id, Subject)
        self._topics = _names(session, organization_id, Topic)
        self._products = _names(session, organization_id, Product)
        self._services = _names(session, organization_id, Service)
        own = organization_id
        self._codes = {
            row_id: str(code)
            for row_id, code in session.execute(
                select(Service.id, Service.code).where(Service.organization_id == own)
            )
        }
        self._students = {
            row_id: f"{first} {last}".strip()
            for row_id, first, last in session.execute(
                select(Student.id, Student.first_name, Student.last_name).where(Student.organization_id == own)
            )
        }
        self._tutors = {
            row_id: f"{first} {last}".strip()
            for row_id, first, last in session.execute(
                select(Tutor.id, User.first_name, User.last_name)
                .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
                .where(Tutor.organization_id == own)
            )
        }

    def words(self, row: Mapping[Any, Any], student_ids: Sequence[str], room_ids: Sequence[str]) -> _Words:
        """Title, place and description of an entry, as the import understands them."""
        students = sorted(self._students.get(student_id, "") for student_id in student_ids)
        subject, topic = self._subjects.get(row["subject_id"], ""), self._topics.get(row["topic_id"], "")
        product = self._products.get(row["product_id"], "")
        about = product or topic or subject or self._services.get(row["service_id"], "")
        summary = about if product or not students else f"{about} - {', '.join(students)}"
        rooms = sorted(self._rooms.get(room_id, "") for room_id in room_ids)
        where = "online" if row["is_online"] else ", ".join(rooms)
        said = (
            ("Tutor", self._tutors.get(row["tutor_id"], "")),
            ("Students", ", ".join(students)),
            ("Subject", " - ".join(part for part in (subject, topic) if part)),
        )
        return _Words(
            summary=summary,
            location=" / ".join(part for part in (self._locations.get(row["location_id"], ""), where) if part),
            description="\n".join(f"{what}: {words}" for what, words in said if words),
            url=row["web_link"],
            service=self._codes.get(row["service_id"], ""),
        )

    def taken_words(self, row: Mapping[Any, Any]) -> _Words:
        """Whom an entry at a location of others takes, and where."""
        tutor = self._tutors.get(row["tutor_id"], "")
        where = self._locations.get(row["location_id"], "")
        return _Words("Taken", where, f"Tutor: {tutor}" if tutor else "", "", "", is_taken=True)


def _taken(row: Mapping[Any, Any], names: _Names, zone: tzinfo) -> _Entry:
    """An entry at a location of others: by itself, and only whom it takes and where."""
    return _Entry(
        id=str(row["id"]),
        series_id=None,
        series_day=None,
        imported_uid="",
        starts=wall_clock_of(row["starts_at"], zone),
        ends=wall_clock_of(row["ends_at"], zone),
        status=EntryStatus.SCHEDULED,
        sequence=_sequence(row["field_clocks"]),
        words=names.taken_words(row),
    )


def _names(
    session: Session,
    organization_id: str,
    kind: type[Location] | type[Room] | type[Subject] | type[Topic] | type[Product] | type[Service],
) -> dict[str, str]:
    rows = session.execute(select(kind.id, kind.name).where(kind.organization_id == organization_id))
    return {row_id: name for row_id, name in rows}  # noqa: C416 - a row is no pair to mypy


def _links(session: Session, organization_id: str, kind: type[Attendee] | type[EntryRoom]) -> dict[str, list[str]]:
    column = kind.student_id if kind is Attendee else kind.room_id  # type: ignore[union-attr]
    found: dict[str, list[str]] = defaultdict(list)
    for entry_id, thing_id in session.execute(
        select(kind.entry_id, column).where(kind.organization_id == organization_id, kind.archived_at.is_(None))
    ):
        found[entry_id].append(thing_id)
    return found


def _sequence(clocks: Mapping[str, str]) -> int:
    """A number that grows with every later edit: minutes from the row's making to its last change."""
    created = clocks.get(CREATED)
    if not created or len(clocks) < 2:
        return 0
    return max(1, -(-(stamp_milliseconds(max(clocks.values())) - stamp_milliseconds(created)) // 60_000))


def _sortable(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time())
