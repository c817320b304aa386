"""What the Today page shows, read from the store: the day's lessons by room, attendance, and what needs the desk.

Everything is plain values with the words already made, so that the page only lays them out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Family, Line, Status
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow, read_entries
from desktop.schedule.entry_words import people_words, title_words
from desktop.widgets.parsing import format_long_date, format_time
from shared_models.catalog.models import Subject, Topic
from shared_models.leads.aging import aging_of
from shared_models.leads.models import Lead, LeadSource, LeadStage
from shared_models.leads.stages import OPEN_STAGES
from shared_models.people.models import Student
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag, find_conflicts
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry
from shared_models.schedule.times import instant_of, time_of, wall_clock_of

ONLINE = "online"
NOT_HERE_AFTER_MINUTES = 15
LOOK_AHEAD_DAYS = 14


@dataclass(frozen=True, slots=True)
class RoomLane:
    """One room of the timeline with its entries; the key is the room's id, or the place's with "online"."""

    key: str
    name: str
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class PlaceRooms:
    """A location with its rooms."""

    id: str
    name: str
    lanes: tuple[RoomLane, ...]


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """One student of a lesson that has begun. ``since`` is the local time of the mark."""

    entry_id: str
    student_id: str
    starts: int
    student: str
    title: str
    where: str
    tutor: str
    family: Family
    location_id: str
    attendance: Attendance | None
    since: time | None
    is_late: bool
    """Nobody has noted anything though the lesson began a while ago (product §4: 15 minutes)."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits: an icon in a tone, what it is, more about it, and the one button.

    ``target`` is (page title, id) to go to; ``lead_id`` is set where the button takes the lead at once.
    """

    icon: str
    tone: str
    title: str
    text: str
    button: str = ""
    target: tuple[str, str] = ("", "")
    lead_id: str = ""
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Today:
    """The whole page at one moment."""

    day: date
    minute: int
    title: str
    subtitle: str
    places: tuple[PlaceRooms, ...]
    span: tuple[int, int]
    attendance: tuple[AttendanceRow, ...]
    needs: tuple[Need, ...]
    people: tuple[Need, ...]
    next_day: Need | None
    entries: Sequence[EntryRow]


def short_place_names(directory: Directory) -> dict[str, str]:
    """Names without the last word that all share: "Irvington Office" and "Tarrytown Office" lose "Office"."""
    names = {place.id: place.name for place in directory.places}
    last = {name.split()[-1] for name in names.values() if len(name.split()) > 1}
    if len(names) > 1 and len(last) == 1 and all(len(name.split()) > 1 for name in names.values()):
        return {place_id: name.rsplit(" ", 1)[0] for place_id, name in names.items()}
    return names


def read_today(session: Session, directory: Directory, now: datetime, own: Collection[str] | None = None) -> Today:
    """Everything for the local day of ``now`` (a UTC instant). ``own`` are the locations of the person at this PC,
    of whose lessons the page tells; None stands for all."""
    local = wall_clock_of(now, directory.zone)
    day, minute = local.date(), local.hour * 60 + local.minute
    rows = [row for row in read_entries(session, directory, day, day) if row.day == day]
    conflicts = find_conflicts([row.booking for row in rows if row.is_live])
    everywhere, taken = directory, rows
    if own is not None:
        rows = [row for row in rows if row.location_id in own]
        here = {row.id for row in rows}
        conflicts = [one for one in conflicts if one.first_id in here or one.second_id in here]
        directory = replace(directory, places=tuple(place for place in directory.places if place.id in own))
    return Today(
        day=day,
        minute=minute,
        title=format_long_date(day),
        subtitle=_opening_words(directory, day),
        places=_places(directory, rows, conflicts, minute),
        span=_span(directory, rows, day),
        attendance=_attendance(session, directory, rows, minute),
        needs=(
            *_conflict_needs(session, directory, taken, conflicts, now, own),
            *_lead_needs(session, directory, now),
        ),
        people=(*_moving_tutors(everywhere, taken), *_birthdays(session, directory, rows, day)),
        next_day=_next_open_day(session, directory, day),
        entries=rows,
    )


def lesson_counts(entries: Sequence[EntryRow], minute: int, location_id: str = "") -> str:
    """ "5 lessons now, 4 start at 4:00"; only of one location when it is given."""
    live = [row for row in entries if row.is_live and (not location_id or row.location_id == location_id)]
    running = sum(row.starts <= minute < row.ends for row in live)
    later = sorted(row.starts for row in live if row.starts > minute)
    now_words = f"{_lessons(running)} now" if running else "no lesson now"
    if not later:
        return (now_words if live else "no lessons today").capitalize()
    count = sum(start == later[0] for start in later)
    starts = "starts" if count == 1 else "start"
    return f"{now_words}, {count} {starts} at {format_time(time_of(later[0]))[:-3]}".capitalize()


def _lessons(count: int) -> str:
    return f"{count} {'lesson' if count == 1 else 'lessons'}"


def _opening_words(directory: Directory, day: date) -> str:
    """Until when each location is open, and what is closed on the days that follow."""
    names = short_place_names(directory)
    parts = []
    unknown = []
    for place in directory.places:
        reason = directory.closed_reason(place.id, day)
        spans = directory.open_spans(place.id, day)
        if reason is not None:
            parts.append(f"{names[place.id]} closed for {reason}" if reason else f"{names[place.id]} closed")
        elif not directory.knows_hours(place.id):
            unknown.append(names[place.id])
        elif spans:
            parts.append(f"{names[place.id]} until {format_time(time_of(spans[-1][1]))}")
        else:
            parts.append(f"{names[place.id]} closed")
    closed_days: list[date] = []
    reason = ""
    ahead = day + timedelta(days=1)
    while len(closed_days) < 14 and (why := directory.closed_reason("", ahead)) is not None:
        if reason and why != reason:
            break
        reason = why
        closed_days.append(ahead)
        ahead += timedelta(days=1)
    words = ", ".join(parts) + "." if parts else ""
    if unknown:
        words += f" {' and '.join(unknown)}: no opening hours yet."
    if closed_days:
        words += f" Closed {_day_list(closed_days)}" + (f" for {reason}." if reason else ".")
    return words.strip()


def _day_list(days: Sequence[date]) -> str:
    names = [format_long_date(one).split(",")[0] for one in days]
    if len(days) == 1:
        return "tomorrow"
    if len(days) == 2:
        return f"{names[0]} and {names[1]}"
    return f"until {format_long_date(days[-1])}"


def _status(row: EntryRow, minute: int) -> Status:
    if row.status is EntryStatus.CANCELLED:
        return Status.CANCELLED
    if row.status is EntryStatus.NO_SHOW:
        return Status.NO_SHOW
    if row.status is EntryStatus.COMPLETED or row.ends <= minute:
        return Status.PAST
    return Status.IN_PROGRESS if row.starts <= minute else Status.SCHEDULED


def _title(directory: Directory, row: EntryRow) -> tuple[str, ...]:
    for thing_id in (row.product_id, row.topic_id, row.subject_id):
        if thing_id is not None and thing_id in directory.titles:
            return directory.titles[thing_id]
    return title_words(directory.services.get(row.service_id, ("Lesson", Family.PRIVATE))[0])


def _family(directory: Directory, row: EntryRow) -> Family:
    return directory.services.get(row.service_id, ("", Family.PRIVATE))[1]


def _people(row: EntryRow) -> tuple[str, ...]:
    return people_words(row.student_names, row.capacity)


def _places(
    directory: Directory, rows: Sequence[EntryRow], conflicts: Sequence[Conflict], minute: int
) -> tuple[PlaceRooms, ...]:
    marks = _marks(conflicts)
    by_lane: dict[str, list[CalendarEntry]] = defaultdict(list)
    for row in rows:
        entry = CalendarEntry(
            id=row.id,
            column="",
            starts=row.starts,
            ends=row.ends,
            title=_title(directory, row),
            lines=(Line(_people(row)),),
            family=_family(directory, row),
            status=_status(row, minute),
            conflict=marks.get(row.id, ConflictMark.NONE),
            blocked_until=row.blocked_until,
            details=_details(directory, row),
        )
        keys = [room for room in row.room_ids if not row.is_online] or [f"{row.location_id} {ONLINE}"]
        for lane in keys:
            by_lane[lane].append(entry)
    places = []
    for place in directory.places:
        lanes = [
            RoomLane(room.id, room.name, tuple(by_lane.get(room.id, ())))
            for room in directory.rooms.values()
            if room.location_id == place.id and (not room.is_archived or room.id in by_lane)
        ]
        online = by_lane.get(f"{place.id} {ONLINE}")
        if online:
            is_remote = {row.id for row in rows if row.is_online}
            words = "Online" if all(entry.id in is_remote for entry in online) else "No room"
            lanes.append(RoomLane(f"{place.id} {ONLINE}", words, tuple(online)))
        places.append(PlaceRooms(place.id, short_place_names(directory)[place.id], tuple(lanes)))
    return tuple(places)


def _details(directory: Directory, row: EntryRow) -> tuple[str, ...]:
    who = ", ".join(row.student_names[:4]) + (f" and {len(row.student_names) - 4} more" if len(row.student_names) > 4
                                             else "")  # fmt: skip
    times = f"{format_time(time_of(row.starts))[:-3]}–{format_time(time_of(row.ends))}"
    return tuple(part for part in (_title(directory, row)[0], who, times, directory.tutor_name(row.tutor_id)) if part)


def _marks(conflicts: Sequence[Conflict]) -> dict[str, ConflictMark]:
    marks: dict[str, ConflictMark] = {}
    for conflict in conflicts:
        mark = ConflictMark.OVERLAP if conflict.tag is ConflictTag.OVERLAP else ConflictMark.BUFFER
        for entry_id in (conflict.first_id, conflict.second_id):
            if marks.get(entry_id) is not ConflictMark.OVERLAP:
                marks[entry_id] = mark
    return marks


def _span(directory: Directory, rows: Sequence[EntryRow], day: date) -> tuple[int, int]:
    """From the first opening or lesson to the last closing or end, in full hours, at least six of them."""
    starts = [span[0] for span in directory.open_spans("", day)] + [row.starts for row in rows]
    ends = [span[1] for span in directory.open_spans("", day)] + [row.ends for row in rows]
    if not starts:
        return 9 * 60, 17 * 60
    first, last = min(starts) // 60 * 60, -(-max(ends) // 60) * 60
    if last - first < 360:
        first = max(0, last - 360)
        last = max(last, first + 360)
    return first, last


def _attendance(
    session: Session, directory: Directory, rows: Sequence[EntryRow], minute: int
) -> tuple[AttendanceRow, ...]:
    """The students of lessons that run now, and of earlier ones today as long as their mark is missing."""
    begun = {row.id: row for row in rows if row.starts <= minute and row.is_live}
    if not begun:
        return ()
    marks: Mapping[tuple[str, str], tuple[Attendance | None, datetime | None]] = {
        (entry_id, student_id): (attendance, at)
        for entry_id, student_id, attendance, at in session.execute(
            select(Attendee.entry_id, Attendee.student_id, Attendee.attendance, Attendee.attendance_at).where(
                Attendee.organization_id == directory.organization_id,
                Attendee.entry_id.in_(list(begun)),
                Attendee.archived_at.is_(None),
            )
        )
    }
    names = short_place_names(directory)
    result = []
    for row in begun.values():
        rooms = ", ".join(directory.room_name(room_id) for room_id in row.room_ids)
        place = names.get(row.location_id, "")
        where = "Online" if row.is_online else f"{place}, {rooms}" if rooms else place
        for student_id, student in zip(row.student_ids, row.student_names, strict=True):
            attendance, at = marks.get((row.id, student_id), (None, None))
            if attendance is not None and row.ends <= minute:
                continue
            result.append(
                AttendanceRow(
                    entry_id=row.id, student_id=student_id, starts=row.starts, student=student,
                    title=_title(directory, row)[0], where=where, tutor=directory.tutor_name(row.tutor_id),
                    family=_family(directory, row), location_id=row.location_id, attendance=attendance,
                    since=wall_clock_of(at, directory.zone).time() if at is not None else None,
                    is_late=attendance is None and minute - row.starts >= NOT_HERE_AFTER_MINUTES,
                )
            )  # fmt: skip
    return tuple(result)


def _conflict_needs(
    session: Session,
    directory: Directory,
    rows: Sequence[EntryRow],
    conflicts: Sequence[Conflict],
    now: datetime,
    own: Collection[str] | None,
) -> list[Need]:
    """How many pairs of entries still conflict today, the next of them in words, and how many in two weeks."""
    begins_at = {row.id: row.booking.starts for row in rows}
    stamp = int(now.timestamp())
    ahead = [
        one for one in conflicts
        if max(begins_at.get(one.first_id, 0), begins_at.get(one.second_id, 0)) >= stamp
    ]  # fmt: skip
    today_end = instant_of(wall_clock_of(now, directory.zone).date() + timedelta(days=1), time(), directory.zone)
    until = today_end + timedelta(days=LOOK_AHEAD_DAYS)
    later = _of_places(session, directory, all_conflicts(session, directory.organization_id, today_end, until), own)
    last_day = format_long_date(wall_clock_of(until, directory.zone).date() - timedelta(days=1), weekday=False)
    pairs, pairs_later = ({(one.first_id, one.second_id) for one in some} for some in (ahead, later))
    if not ahead and not later:
        return []
    if not ahead:
        title = f"{_count(len(pairs_later), 'conflict')} by {last_day}"
        return [Need("triangle-alert", "danger", title, "None of them today.", "Look", ("Calendar", "conflicts"))]
    ahead.sort(
        key=lambda one: (max(begins_at[one.first_id], begins_at[one.second_id]), one.tag is ConflictTag.BUFFER)
    )
    more = f" {len(pairs_later)} more by {last_day}." if later else ""
    text = _next_conflict(directory, rows, ahead[0]) + more
    return [
        Need("triangle-alert", "danger", f"{_count(len(pairs), 'conflict')} today", text, "Settle",
             ("Calendar", "conflicts"), is_first=True)
    ]  # fmt: skip


def _of_places(
    session: Session, directory: Directory, conflicts: Sequence[Conflict], own: Collection[str] | None
) -> Sequence[Conflict]:
    """The conflicts in which an entry at one of these locations takes part."""
    if own is None or not conflicts:
        return conflicts
    here = set(
        session.scalars(
            select(ScheduleEntry.id).where(
                ScheduleEntry.organization_id == directory.organization_id,
                ScheduleEntry.id.in_({one.first_id for one in conflicts} | {one.second_id for one in conflicts}),
                ScheduleEntry.location_id.in_(own),
            )
        )
    )
    return [one for one in conflicts if one.first_id in here or one.second_id in here]


def _next_conflict(directory: Directory, rows: Sequence[EntryRow], conflict: Conflict) -> str:
    by_id = {row.id: row for row in rows}
    second = by_id[conflict.second_id]
    starts = max(by_id[conflict.first_id].starts, second.starts)
    thing = conflict.resource_ids[0]
    if conflict.kind is ConflictKind.TUTOR:
        name = directory.tutor_name(thing)
    elif conflict.kind is ConflictKind.ROOM:
        name = directory.room_name(thing)
    else:
        name = dict(zip(second.student_ids, second.student_names, strict=True)).get(thing, "a student")
    ending = "twice" if conflict.tag is ConflictTag.OVERLAP else "with too little time between"
    return f"Next at {format_time(time_of(starts))[:-3]}: {name} {ending}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lead_needs(session: Session, directory: Directory, now: datetime) -> list[Need]:
    """Web leads that nobody has, call-backs that are due, and leads that were silent for too long."""
    today = wall_clock_of(now, directory.zone).date()
    statement = (
        select(
            Lead.id, Lead.parent_first_name, Lead.parent_last_name, Lead.student_first_name, Lead.grade, Lead.wanted,
            Lead.source, Lead.stage, Lead.owner_user_id, Lead.created_at, Lead.last_contact_at, Lead.call_back_on,
            Topic.name, Subject.name,
        )
        .outerjoin(Topic, (Topic.organization_id == Lead.organization_id) & (Topic.id == Lead.topic_id))
        .outerjoin(Subject, (Subject.organization_id == Lead.organization_id) & (Subject.id == Lead.subject_id))
        .where(
            Lead.organization_id == directory.organization_id,
            Lead.archived_at.is_(None),
            Lead.stage.in_(list(OPEN_STAGES)),
        )
        .order_by(Lead.created_at.desc())
    )  # fmt: skip
    fresh: list[Need] = []
    promised: list[tuple[date, Need]] = []
    silent: list[tuple[int, str]] = []
    for (lead_id, first, last, child, grade, wanted, source, stage, owner, created, contacted, call_back, topic,
         subject) in session.execute(statement):  # fmt: skip
        name = f"{first} {last}".strip() or child or "Someone"
        about = _wish_words(topic or subject or wanted or "", child, grade)
        aging = aging_of(stage, created, contacted, now=now, zone=directory.zone)
        if source is LeadSource.WEB and stage is LeadStage.NEW and owner is None and aging.age_days <= 7:
            title = f"{name} wrote {_ago(now - created)}"
            fresh.append(Need("globe", "accent", title, f"{about}Nobody has this lead yet.", "Take it",
                              ("Leads", lead_id), lead_id=lead_id))  # fmt: skip
        elif call_back is not None and call_back <= today:
            when = "today" if call_back == today else format_long_date(call_back, weekday=False)
            text = f"{about}Promised for {when}."
            need = Need("phone", "text2", f"Call {name}", text, "Call", ("Leads", lead_id))
            promised.append((call_back, need))
        elif aging.is_too_long:
            silent.append((aging.waiting_days, name))
    needs = fresh[:3] + [need for _, need in sorted(promised, key=lambda pair: pair[0])][:3]
    if silent:
        days, name = max(silent)
        needs.append(Need("hourglass", "text2", f"{_count(len(silent), 'lead')} silent for too long",
                          f"Longest: {name}, {_count(days, 'day')}.", "Look", ("Leads", "")))  # fmt: skip
    return needs


def _wish_words(wish: str, child: str, grade: str) -> str:
    if not wish and not child:
        return ""
    words = wish or "Help"
    if child:
        words += f" for {child}"
    if grade:
        words += f", grade {grade}" if grade.isdigit() else f", {grade}"
    return f"{words}. "


def _ago(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds()) // 60)
    if minutes < 60:
        return "just now" if minutes < 1 else f"{_count(minutes, 'minute')} ago"
    if minutes < 60 * 24:
        return f"{_count(minutes // 60, 'hour')} ago"
    return f"{_count(minutes // 1440, 'day')} ago"


def _moving_tutors(directory: Directory, rows: Sequence[EntryRow]) -> list[Need]:
    """Tutors who teach at two locations today: where they are until when, and where from when."""
    names = short_place_names(directory)
    by_tutor: dict[str, list[EntryRow]] = defaultdict(list)
    for row in rows:
        if row.is_live and row.tutor_id is not None and not row.is_online:
            by_tutor[row.tutor_id].append(row)
    needs = []
    for tutor_id, lessons in by_tutor.items():
        for before, after in pairwise(lessons):
            if before.location_id != after.location_id:
                text = (
                    f"{names.get(before.location_id, '')} until {format_time(time_of(before.ends))[:-3]}, "
                    f"{names.get(after.location_id, '')} from {format_time(time_of(after.starts))}."
                )
                needs.append(Need("footprints", "text2", f"{directory.tutor_name(tutor_id)} changes offices", text))
                break
    return needs[:3]


def _birthdays(session: Session, directory: Directory, rows: Sequence[EntryRow], day: date) -> list[Need]:
    """Students whose birthday is today, with their lesson, and those of tomorrow in one line."""
    tomorrow = day + timedelta(days=1)
    found = session.execute(
        select(Student.id, Student.first_name, Student.last_name, Student.date_of_birth).where(
            Student.organization_id == directory.organization_id,
            Student.archived_at.is_(None),
            Student.is_active,
            func.strftime("%m-%d", Student.date_of_birth).in_([f"{one:%m-%d}" for one in (day, tomorrow)]),
        )
    ).all()
    needs = []
    coming = []
    for student_id, first, last, born in found:
        name = f"{first} {last}".strip()
        if born is None:
            continue
        if (born.month, born.day) == (tomorrow.month, tomorrow.day):
            coming.append((name, tomorrow.year - born.year))
            continue
        lesson = next((row for row in rows if student_id in row.student_ids and row.is_live), None)
        text = "No lesson today."
        if lesson is not None:
            text = f"In {_title(directory, lesson)[0]} at {format_time(time_of(lesson.starts))}."
        needs.append(Need("cake", "text2", f"{name} turns {day.year - born.year} today", text,
                          target=("Families", student_id)))  # fmt: skip
    if coming:
        names = ", ".join(name for name, _ in coming[:3])
        ages = " and ".join(str(age) for _, age in coming[:3])
        closed = directory.closed_reason("", tomorrow) is not None or not directory.open_spans("", tomorrow)
        needs.append(
            Need("cake", "text2", f"Tomorrow: {names}", f"{ages} years." + (" We are closed." if closed else ""))
        )
    return needs


def _next_open_day(session: Session, directory: Directory, day: date) -> Need | None:
    """The next day on which some location is open: how many entries, and when the first begins."""
    ahead = next(
        (
            one
            for one in (day + timedelta(days=number) for number in range(1, 60))
            if directory.open_spans("", one) and directory.closed_reason("", one) is None
        ),
        None,
    )
    if ahead is None:
        return None
    begin = instant_of(ahead, time(), directory.zone)
    end = instant_of(ahead + timedelta(days=1), time(), directory.zone)
    count, first = session.execute(
        select(func.count(), func.min(ScheduleEntry.starts_at)).where(
            ScheduleEntry.organization_id == directory.organization_id,
            ScheduleEntry.archived_at.is_(None),
            ScheduleEntry.status != EntryStatus.CANCELLED,
            ScheduleEntry.starts_at >= begin,
            ScheduleEntry.starts_at < end,
        )
    ).one()
    text = "No entries yet."
    if count:
        start = first if isinstance(first, datetime) else datetime.fromisoformat(first)
        local = wall_clock_of(start.astimezone(UTC), directory.zone).time()
        text = f"{count} {'entry' if count == 1 else 'entries'}, first at {format_time(local)}."
    return Need("calendar-days", "text2", format_long_date(ahead), text, "Open", ("Calendar", ahead.isoformat()))
