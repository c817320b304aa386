"""Turns the entries of a week or day into the scene that the calendar shows: columns, words, states, conflicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from desktop.schedule.calendar_values import (
    CalendarEntry,
    CalendarScene,
    Column,
    ConflictMark,
    Family,
    Later,
    Line,
    Mode,
    NowMark,
    Span,
    Status,
    Wording,
    clock_words,
    span_words,
)
from desktop.schedule.coloring import BY_SERVICE, Coloring
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.entry_words import conflict_words, lane_title_words, people_words, room_words, tutor_words
from desktop.schedule.week import Filters, Week, shown_conflicts, shown_rows
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag, collection_paused
from shared_models.schedule.flags import EntryFacts, EntryFlag, flags_of
from shared_models.schedule.models import EntryStatus

NO_TUTOR, NO_ROOM, ONLINE = "no-tutor", "no-room", "online"
"""Keys of the columns for entries without a tutor, without a room, and online."""
TAKEN = "Taken"
TAKEN_TITLE: Wording = (TAKEN, "Tkn")
"""What an entry at a location of others is called."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


class SceneBuilder:
    """Builds scenes of one week with one directory at one moment.

    ``unsaved`` names the rows of an open form, ``unsaved_words`` what they are: "new", "changed", or nothing yet.
    """

    def __init__(
        self,
        week: Week,
        directory: Directory,
        filters: Filters,
        now: datetime,
        unsaved: Collection[str] = (),
        unsaved_words: str = "new",
        coloring: Coloring = BY_SERVICE,
    ) -> None:
        self.week, self.directory, self.filters = week, directory, filters
        self.coloring = coloring
        self.unsaved = frozenset(unsaved)
        self.unsaved_words = unsaved_words
        self.now = now
        self.local_now = now.astimezone(directory.zone)
        self._now_seconds = int(now.timestamp())
        # What others cancelled keeps nobody from anything.
        self.rows = [
            row for row in shown_rows(week, filters, self.unsaved) if row.is_live or not self._is_foreign(row)
        ]
        self._by_entry: dict[str, list[Conflict]] = {}
        for conflict in week.conflicts:
            self._by_entry.setdefault(conflict.first_id, []).append(conflict)
            self._by_entry.setdefault(conflict.second_id, []).append(conflict)
        self._accepted = {i for one in week.accepted for i in (one.first_id, one.second_id)}

    def of_week(self, week: Week) -> SceneBuilder:
        """A builder of another week with the same filters and colors at the same moment, and nothing unsaved."""
        return SceneBuilder(week, self.directory, self.filters, self.now, coloring=self.coloring)

    def shows_the_same_as(self, other: SceneBuilder) -> bool:
        """Whether both show the same, to the minute."""
        return (
            self.week is other.week
            and self.directory is other.directory
            and (self.filters, self.coloring, self.unsaved) == (other.filters, other.coloring, other.unsaved)
            and self.now.replace(second=0, microsecond=0) == other.now.replace(second=0, microsecond=0)
        )

    @collection_paused()
    def week_scene(self, only_days: Collection[date] = ()) -> CalendarScene:
        """One column a day, for all days of the week or some of them; Saturday and Sunday are left out when nothing
        ever happens there."""
        groups = shown_conflicts(self.week, self.rows)
        days = [
            self.week.first_day + timedelta(days=n)
            for n in range((self.week.last_day - self.week.first_day).days + 1)
        ]
        columns = []
        today = self.local_now.date()
        for day in days:
            of_day = [row for row in self.rows if row.day == day]
            spans = self.directory.open_spans(self.filters.location_id, day)
            reason = self.directory.closed_reason(self.filters.location_id, day)
            is_empty = not of_day
            if only_days and day not in only_days:
                continue
            if is_empty and not spans and day.weekday() >= 5:
                continue
            if reason is None and not spans and is_empty:
                reason = ""
            count = sum(row.is_live for row in of_day)
            columns.append(
                Column(
                    key=day.isoformat(),
                    heading=f"{_WEEKDAYS[day.weekday()]} {day.day}",
                    long_name=_LONG_WEEKDAYS[day.weekday()],
                    count_words=f"{count} {'entry' if count == 1 else 'entries'}" if count else "",
                    conflict_count=sum(any(row.day == day for row in group.entries) for group in groups),
                    is_today=day == today,
                    closed_reason=reason,
                    open_spans=spans,
                    knows_hours=self.directory.knows_hours(self.filters.location_id),
                )
            )
        entries = [
            self._entry(row, row.day.isoformat(), Mode.WEEK)
            for row in self.rows
            if not only_days or row.day in only_days
        ]
        return CalendarScene(
            Mode.WEEK, tuple(columns), tuple(entries), self._now(today.isoformat()), self.directory.grid_minutes,
            empty_words=self.empty_words("this week", _shared_reason(columns)),
        )  # fmt: skip

    def day_scene(self, day: date, *, by_room: bool = False) -> CalendarScene:
        """One column for each tutor (or room) who works that day, tutors by priority, rooms in their order."""
        rows = [row for row in self.rows if row.day == day]
        today = self.local_now.date() == day
        if by_room:  # Which rooms others have taken is not told.
            rows = [row for row in rows if not self._is_foreign(row)]
        columns = self._room_columns(rows, day) if by_room else self._tutor_columns(rows, day)
        entries: list[CalendarEntry] = []
        for row in rows:
            keys = _room_keys(row.room_ids, row.is_online) if by_room else (row.tutor_id or NO_TUTOR,)
            for number, key in enumerate(keys):
                entry_id = row.id if number == 0 else f"{row.id}@{key}"
                entries.append(self._entry(row, key, Mode.DAY, by_room=by_room, entry_id=entry_id))
        words = f"{_LONG_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"
        return CalendarScene(
            Mode.DAY, tuple(columns), tuple(entries), self._now(None) if today else None, self.directory.grid_minutes,
            empty_words=self.empty_words(f"on {words}", self.directory.closed_reason(self.filters.location_id, day)),
        )  # fmt: skip

    def _tutor_columns(self, rows: list[EntryRow], day: date) -> list[Column]:
        place = self.filters.location_id
        booked = {row.tutor_id or NO_TUTOR for row in rows}
        is_closed = self.directory.closed_reason(place, day) is not None
        columns = []
        for tutor in self.directory.tutors.values():
            rules = self.directory.tutor_rules.get(tutor.id)
            teaches_here = rules is not None and (not place or place in rules.location_ids)
            spans = self.directory.tutor_spans(tutor.id, place, day) if teaches_here and not is_closed else ()
            works = bool(spans) and tutor.is_active and rules is not None and bool(rules.weekly)
            if tutor.id not in booked and (not works or self.filters.tutor_id not in ("", tutor.id)):
                continue
            hours = "–".join(clock_words(m, with_half=False) for m in (spans[0][0], spans[-1][1])) if spans else "Off"
            columns.append(
                Column(
                    tutor.id,
                    tutor_words(tutor.name)[0],
                    hours,
                    tutor_words(tutor.name)[-1],
                    tutor.name,
                    open_spans=spans,
                    knows_hours=self.directory.knows_hours(place) or self.directory.knows_tutor_hours(tutor.id),
                )
            )
        if NO_TUTOR in booked or not columns:
            columns.append(self._plain_column(NO_TUTOR, "No tutor", day))
        return columns

    def _room_columns(self, rows: list[EntryRow], day: date) -> list[Column]:
        place = self.filters.location_id
        booked = {key for row in rows for key in _room_keys(row.room_ids, row.is_online)}
        is_closed = self.directory.closed_reason(place, day) is not None
        columns = []
        for room in self.directory.rooms.values():
            is_here = not room.is_archived and (not place or room.location_id == place)
            if room.id not in booked and (not is_here or self.filters.room_id not in ("", room.id)):
                continue
            where = "" if place else self.directory.place_name(room.location_id)
            spans = () if is_closed else self.directory.open_spans(room.location_id, day)
            known = self.directory.knows_hours(room.location_id)
            columns.append(
                Column(room.id, room.name, where, long_name=room.name, open_spans=spans, knows_hours=known)
            )
        for key, name in ((ONLINE, "Online"), (NO_ROOM, "No room")):
            if key in booked or (key == NO_ROOM and not columns):
                columns.append(self._plain_column(key, name, day))
        return columns

    def _plain_column(self, key: str, name: str, day: date) -> Column:
        """The column of what has no tutor or no room, open as long as the place is."""
        place, directory = self.filters.location_id, self.directory
        spans = directory.open_spans(place, day) if directory.closed_reason(place, day) is None else ()
        known = directory.knows_hours(place)
        return Column(key, name, long_name=name, open_spans=spans, knows_hours=known)

    def _now(self, column: str | None) -> NowMark:
        minute = self.local_now.hour * 60 + self.local_now.minute
        return NowMark(minute, column, clock_words(minute, with_half=False))

    def empty_words(self, when: str, reason: str | None = None) -> tuple[str, str]:
        """What is empty, and what to do about it."""
        f = self.filters
        if f.tutor_id or f.room_id or f.service_id or f.student_id or f.status or f.only_conflicts or f.only:
            return (f"Nothing {when} fits these filters", "Take a filter away to see more.")
        title = f"No lessons {when}"
        if reason:
            return (title, f"Closed for {reason}. Drag on the calendar or press N to put one here all the same.")
        return (title, "Drag on the calendar or press N to put one here.")

    # one entry

    def entry(self, row: EntryRow) -> CalendarEntry:
        """A row as the week shows it, for views that list entries."""
        return self._entry(row, row.day.isoformat(), Mode.WEEK)

    def _entry(
        self, row: EntryRow, column: str, mode: Mode, *, by_room: bool = False, entry_id: str = ""
    ) -> CalendarEntry:
        name, family = self.directory.services.get(row.service_id, ("New entry", Family.PRIVATE))
        titles, topic, subject = self.directory.titles, row.topic_id, row.subject_id
        title = (titles.get(row.product_id) if row.product_id is not None else None) or (
            (titles.get(topic) if topic is not None else None)
            or (titles.get(subject) if subject is not None else None)
            or lane_title_words(name)
        )
        status = self._status(row)
        mark, overlaps, tail = self._conflict(row)
        if self._is_foreign(row):
            return CalendarEntry(
                entry_id or row.id, column, row.starts, row.ends, TAKEN_TITLE, Later(lambda: self._taken_lines(row)),
                family, status, mark, overlaps, row.blocked_until, tail,
                details=Later(lambda: (*self.taken_words(row), *self._conflict_sentences(row))),
                spoken=Later(lambda: self._spoken(row)),
                seat_order="\n".join((self.directory.tutor_name(row.tutor_id), TAKEN)), is_foreign=True,
            )  # fmt: skip
        is_unpaid = row.status is EntryStatus.PENDING_PAYMENT
        return CalendarEntry(
            id=entry_id or row.id,
            column=column,
            starts=row.starts,
            ends=row.ends,
            title=self.coloring.title(title, row.tutor_id),
            lines=Later(lambda: self._lines(row, mode, by_room, status, is_unpaid)),
            family=self.coloring.palette(family, row.tutor_id, _present_status(row.status, status)),
            status=status,
            conflict=mark,
            overlaps=overlaps,
            blocked_until=row.blocked_until,
            tail_is_hit=tail,
            is_unpaid=is_unpaid,
            is_unsaved=row.id in self.unsaved and bool(self.unsaved_words),
            details=Later(lambda: self._details(row, title[0], name)),
            spoken=Later(lambda: self._spoken(row)),
            seat_order="\n".join((self.directory.tutor_name(row.tutor_id), title[0], *row.student_names[:1])),
        )

    def _is_foreign(self, row: EntryRow) -> bool:
        return row.id not in self.unsaved and self.directory.is_foreign(row.location_id)

    def _taken_lines(self, row: EntryRow) -> tuple[Line, ...]:
        """Who is taken, and where."""
        tutor = self.directory.tutor_name(row.tutor_id)
        place = self.directory.place_name(row.location_id)
        return tuple(Line(words) for words in (tutor_words(tutor) if tutor else (), room_words(place)) if words)

    def taken_words(self, row: EntryRow) -> tuple[str, ...]:
        """All that is known of an entry at a location of others: "Taken", when, whom, where."""
        who = self.directory.tutor_name(row.tutor_id) or "No tutor"
        when = f"{_WEEKDAYS[row.day.weekday()]} {span_words(row.starts, row.ends)}"
        return TAKEN, when, who, self.directory.place_name(row.location_id) or "Another location"

    def attending(self, row: EntryRow) -> tuple[Wording, str]:
        """Who comes, in several lengths and by name; nobody where that is not to be known."""
        if self._is_foreign(row):
            return (self.directory.tutor_name(row.tutor_id) or "No tutor",), ""
        words = people_words(row.student_names, row.capacity) or ("No students",)
        return words, ", ".join(row.student_names) or "No students yet"

    def _status(self, row: EntryRow) -> Status:
        if row.status is EntryStatus.CANCELLED:
            return Status.CANCELLED
        if row.status is EntryStatus.NO_SHOW:
            return Status.NO_SHOW
        if row.status is EntryStatus.COMPLETED or row.booking.ends <= self._now_seconds:
            return Status.PAST
        if row.status is EntryStatus.IN_PROGRESS or row.booking.starts <= self._now_seconds:
            return Status.IN_PROGRESS
        return Status.SCHEDULED

    def _conflict(self, row: EntryRow) -> tuple[ConflictMark, tuple[Span, ...], bool]:
        """Mark, minutes that overlap, and whether another entry lies in this one's buffer."""
        overlaps: list[Span] = []
        tail = False
        found = self._by_entry.get(row.id, ())
        for conflict in found:
            other = self.week.rows[conflict.second_id if conflict.first_id == row.id else conflict.first_id]
            if conflict.tag is ConflictTag.OVERLAP:
                shift = (other.booking.starts - row.booking.starts) // 60
                first = row.starts + max(shift, 0)
                last = min(row.ends, row.starts + shift + (other.ends - other.starts))
                overlaps.append((first, last))
            elif conflict.first_id == row.id:
                tail = True
        mark = ConflictMark.OVERLAP if overlaps else ConflictMark.BUFFER if found else ConflictMark.NONE
        if not found and row.id in self._accepted:
            mark = ConflictMark.ACCEPTED
        return mark, tuple(overlaps), tail

    def _outside_note(self, row: EntryRow) -> str:
        """ "Past 8:00" or "Before 2:00" when an entry leaves the opening hours, or lasts past its tutor's."""
        directory = self.directory
        spans = directory.open_spans(row.location_id, row.day)
        if not spans or directory.closed_reason(row.location_id, row.day) is not None:
            return ""
        is_known = directory.knows_hours(row.location_id)
        if is_known and row.starts < spans[0][0]:
            return f"Before {clock_words(spans[0][0], with_half=False)}"
        if row.tutor_id is not None and (is_known or directory.knows_tutor_hours(row.tutor_id)):
            spans = directory.tutor_spans(row.tutor_id, row.location_id, row.day) or spans
        elif not is_known:
            return ""
        before = [end for start, end in spans if start <= row.starts]
        return f"Past {clock_words(before[-1], with_half=False)}" if before and row.ends > before[-1] else ""

    def _lines(self, row: EntryRow, mode: Mode, by_room: bool, status: Status, is_unpaid: bool) -> tuple[Line, ...]:
        note = self._outside_note(row) if row.is_live else ""
        tutor = self.directory.tutor_name(row.tutor_id)
        tutor_line = Line(tutor_words(tutor)[:1]) if tutor else Line(("No tutor",))
        place = "Online" if row.is_online else " + ".join(map(self.directory.room_name, row.room_ids)) or "No room"
        place_line = Line(room_words(place))
        result = [Line(people_words(row.student_names, row.capacity))]
        if status is Status.CANCELLED:
            result.append(Line(("Cancelled",)))
        elif status is Status.NO_SHOW:
            result.append(Line(("No-show",)))
        else:
            result.append(tutor_line if by_room else place_line)
        if note:
            result.append(Line((note, note.removesuffix(":00")), "clock"))
        if is_unpaid:
            result.append(Line(("Unpaid",)))
        if mode is Mode.DAY and not note:
            result.append(Line((span_words(row.starts, row.ends, with_half=False),)))
        elif mode is Mode.WEEK:
            result.append(tutor_line)
        if row.id in self.unsaved and self.unsaved_words:
            result.append(Line((self.unsaved_words,)))
        return tuple(line for line in result if line.wording)

    def _details(self, row: EntryRow, title: str, service: str) -> tuple[str, ...]:
        """The card on hover: everything, in full; lines that begin with ! or ~ are shown as warnings."""
        place = "Online" if row.is_online else ", ".join(map(self.directory.room_name, row.room_ids)) or "No room"
        where = f"{place}, {self.directory.place_name(row.location_id)}".rstrip(", ")
        names = ", ".join(row.student_names[:6]) or "No students yet"
        if len(row.student_names) > 6:
            names += f" and {len(row.student_names) - 6} more"
        if row.capacity > 1:
            names = f"{len(row.student_names)} of {row.capacity}: {names}"
        lines = [
            title,
            f"{_WEEKDAYS[row.day.weekday()]} {span_words(row.starts, row.ends)}",
            names,
            self.directory.tutor_name(row.tutor_id) or "No tutor",
            where,
            service,
        ]
        if row.status is EntryStatus.CANCELLED:
            return (*lines, "~ Cancelled")
        lines += self._conflict_sentences(row)
        if row.id in self._accepted:
            lines.append("Its conflict is accepted")
        lines += [f"~ {words}" for words in self.flag_words(row)]
        if row.status is EntryStatus.PENDING_PAYMENT:
            lines.append("~ Not paid yet")
        return tuple(lines)

    def _spoken(self, row: EntryRow) -> tuple[str, ...]:
        """Who with whom, where, and each conflict in a few words: what a screen reader says of an entry."""
        found = ((conflict.kind, conflict.tag) for conflict in self._by_entry.get(row.id, ()))
        conflicts = [conflict_words(kind, tag) for kind, tag in dict.fromkeys(found)]
        if self._is_foreign(row):
            return (*self.taken_words(row)[2:], *conflicts)
        students = ", ".join(row.student_names[:6])
        if len(row.student_names) > 6:
            students += f" and {len(row.student_names) - 6} more"
        tutor = self.directory.tutor_name(row.tutor_id)
        who = f"{students or 'no students yet'} with {tutor}" if tutor else f"{students}, no tutor".lstrip(", ")
        return who, self.place_words(row) or "no room", *(conflicts if row.is_live else ())

    def _conflict_sentences(self, row: EntryRow) -> list[str]:
        sentences = []
        for conflict in self._by_entry.get(row.id, ()):
            other = self.week.rows[conflict.second_id if conflict.first_id == row.id else conflict.first_id]
            who = ", ".join(self.resource_name(conflict.kind, i, other) for i in conflict.resource_ids)
            is_overlap = conflict.tag is ConflictTag.OVERLAP
            how = span_words(other.starts, other.ends, with_half=False) if is_overlap else "too tight"
            sentences.append(f"{'!' if is_overlap else '~'} {who}: {self.short_words(other)}, {how}")
        return sentences

    def _flags(self, row: EntryRow) -> frozenset[EntryFlag]:
        facts = EntryFacts(
            row.location_id, row.day, (row.starts, row.ends), len(row.student_ids), row.capacity,
            row.subject_id, row.topic_id,
        )  # fmt: skip
        return flags_of(
            facts,
            self.directory.location_rules.get(row.location_id),
            self.directory.tutor_rules.get(row.tutor_id) if row.tutor_id is not None else None,
        )

    def flag_words(self, row: EntryRow) -> list[str]:
        """What is unusual about an entry, in words: hours, tutor, capacity (product §4, "Also flagged")."""
        flags = self._flags(row)
        tutor = self.directory.tutor_name(row.tutor_id)
        words = {
            EntryFlag.OUTSIDE_OPENING_HOURS: "Outside the opening hours",
            EntryFlag.OVER_CAPACITY: f"{len(row.student_ids)} students for {row.capacity}",
            EntryFlag.ON_CLOSURE: "On a day when the location is closed",
            EntryFlag.TUTOR_UNAVAILABLE: f"{tutor} is not available then",
            EntryFlag.TUTOR_TIME_OFF: f"{tutor} has the day off",
            EntryFlag.TUTOR_NOT_AT_LOCATION: f"{tutor} does not teach at this location",
            EntryFlag.TUTOR_NOT_TEACHING_SUBJECT: f"{tutor} does not teach this subject",
        }
        return [words[flag] for flag in EntryFlag if flag in flags and flag in words]

    # words that others use as well

    def resource_name(self, kind: ConflictKind, resource_id: str, row: EntryRow) -> str:
        """The name of a tutor, room or student that a conflict is about."""
        if kind is ConflictKind.TUTOR:
            return self.directory.tutor_name(resource_id)
        if kind is ConflictKind.ROOM:
            return self.directory.room_name(resource_id)
        return dict(zip(row.student_ids, row.student_names, strict=True)).get(resource_id, "A student")

    def title_of(self, row: EntryRow) -> str:
        """What is taught: product, topic, subject, or the service; "Taken" for what belongs to another location."""
        if self._is_foreign(row):
            return TAKEN
        return self.directory.title(row.product_id, row.topic_id, row.subject_id, row.service_id)

    def line_words(self, row: EntryRow) -> str:
        """An entry in one line of a list: "Writing · David Walker, Room B"."""
        if self._is_foreign(row):
            return f"{TAKEN} · {self.place_words(row)}"
        parts = [row.student_names[0] if len(row.student_names) == 1 else "", self.place_words(row)]
        if len(row.student_names) > 1:
            parts[0] = f"{len(row.student_names)} students"
        return f"{self.title_of(row)} · " + ", ".join(part for part in parts if part)

    def place_words(self, row: EntryRow) -> str:
        """Where an entry takes place: its rooms, or "Online"; the location for one of others."""
        if self._is_foreign(row):
            return self.directory.place_name(row.location_id)
        if not row.is_online and len(row.booking.room_ids) == 1:
            return self.directory.room_name(row.booking.room_ids[0])
        return "Online" if row.is_online else ", ".join(map(self.directory.room_name, row.room_ids))

    def short_words(self, row: EntryRow) -> str:
        """An entry in a few words: "ACT, Priya Thompson", "SHSAT group", "Taken, Tarrytown Office"."""
        title = self.title_of(row)
        if self._is_foreign(row):
            return f"{title}, {self.place_words(row)}"
        if len(row.student_names) == 1:
            return f"{title}, {row.student_names[0]}"
        if len(row.student_names) == 2:
            return f"{title}, " + " and ".join(name.split(" ")[0] for name in row.student_names)
        return title


def _present_status(stored: EntryStatus, status: Status) -> EntryStatus:
    """The status by which an entry is colored: one that has begun is in progress, whether anybody noted it or not."""
    return EntryStatus.IN_PROGRESS if status is Status.IN_PROGRESS else stored


def _shared_reason(columns: Iterable[Column]) -> str | None:
    """Why the whole week is closed, when it is for one reason."""
    reasons = {column.closed_reason for column in columns if column.closed_reason != ""}
    return reasons.pop() if len(reasons) == 1 else None


def _room_keys(room_ids: tuple[str, ...], is_online: bool) -> tuple[str, ...]:
    return room_ids or ((ONLINE,) if is_online else (NO_ROOM,))


def title_of_days(first: date, last: date) -> str:
    """ "November 23 – 28, 2026", "November 30 – December 5, 2026"."""
    if first.month == last.month:
        return f"{_MONTHS[first.month - 1]} {first.day} – {last.day}, {last.year}"
    year = f", {first.year}" if first.year != last.year else ""
    return f"{_MONTHS[first.month - 1]} {first.day}{year} – {_MONTHS[last.month - 1]} {last.day}, {last.year}"


def title_of_day(day: date, today: date) -> str:
    """ "Wednesday, November 25"; with the year when it is another than today's."""
    year = f", {day.year}" if day.year != today.year else ""
    return f"{_LONG_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}{year}"
