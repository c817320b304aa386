"""Reading calendar.ics: series and single sessions with their tutor, place and students as words, and closures.

An event that repeats becomes a series of ours where one can hold it, with the sessions that differ or are cancelled
noted at their day; otherwise its sessions one by one (see `calendar_events` for how an event is understood).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared_models.exchange.calendar_events import CalendarEvent, EventReader, Left
from shared_models.exchange.calendar_lines import calendar_lines
from shared_models.exchange.calendar_words import CLOSED, EventWords
from shared_models.exchange.organization import ClosureRow
from shared_models.exchange.problems import Problem
from shared_models.exchange.repetition import (
    ENDLESS,
    MOST_SESSIONS,
    UnknownRepetition,
    WrittenRule,
    by_days,
    moved_rule,
    series_rule,
    starts_of,
    without,
    written_rule,
)
from shared_models.exchange.subjects import SubjectWords
from shared_models.exchange.zones import FileZones, Zone
from shared_models.schedule.recurrence import Pattern, SeriesRule, days_of

LONGEST_SESSION = timedelta(days=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionsRow:
    """A series, or a single session, with everything still in words.

    ``rule`` is wall-clock in the organization's zone; a rule of pattern ONE_OFF is a single session. ``occurrence``
    tells the sessions of one event apart that no series holds (empty for an event that takes place once).
    ``changes`` are the sessions of a series that differ from it. ``is_part``: it holds not all of its sessions.
    """

    line: int
    uid: str
    rule: SeriesRule
    title: str
    tutor_name: str = ""
    tutor_email: str = ""
    location: str = ""
    rooms: tuple[str, ...] = ()
    is_online: bool = False
    student_names: tuple[str, ...] = ()
    subject: SubjectWords | None = None
    service_code: str = ""
    is_part: bool = False
    occurrence: str = ""
    changes: "tuple[ChangedSession, ...]" = ()


@dataclass(frozen=True, slots=True)
class ChangedSession:
    """How one session of a series differs: ``day`` is the one that the series gives it, ``row`` what it is now."""

    day: date
    row: SessionsRow
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a calendar holds. ``cancelled`` are single sessions and series that take place no more."""

    file: str
    sessions: tuple[SessionsRow, ...]
    closures: tuple[ClosureRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    cancelled: tuple[SessionsRow, ...] = ()


@dataclass(frozen=True, slots=True)
class _Occurrence:
    """One session of an event: when its rule wants it and when it really begins, in the zone of its event."""

    planned: datetime
    starts: datetime
    event: CalendarEvent
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """An event as a series of ours: when each of its sessions begins in the zone of the event, by its day here, and
    whether its first session is none of them: it counts even when its rule would not have it."""

    rule: SeriesRule
    planned: dict[date, datetime]
    first_alone: bool

    def starts(self, event: CalendarEvent) -> list[datetime]:
        return [*self.planned.values(), *([event.starts] if self.first_alone else [])]


def read_calendar(
    content: bytes,
    file: str = "calendar.ics",
    time_zone: str | None = None,
    today: date | None = None,
    within: tuple[date, date] | None = None,
) -> CalendarFile:
    """Series, sessions and closures from the bytes of an iCalendar file.

    ``time_zone`` is the organization's: times of other zones are shown in it (default: the file's own). A series
    without an end is taken for a year from ``today``, or from its beginning when that is later. Of rules that no
    series can hold the sessions ``within`` the days given are taken: a year before and after ``today`` by default,
    two years from the beginning when there is no today. Raises UnreadableFile when the file is no calendar.
    """
    lines = calendar_lines(content, file)
    zones = FileZones(lines.zone_lines)
    reader = EventReader(file, zones, time_zone, lines.zone, lines.problems)
    collector = _Collector(file, zones.zone(time_zone) if time_zone else reader.calendar_zone, today, within)
    collector.problems = lines.problems
    masters: dict[str, CalendarEvent] = {}
    overrides: dict[str, list[CalendarEvent]] = {}
    for block in lines.events:
        event = reader.read(block)
        if event is None:
            continue
        if event.replaces is not None:
            known = overrides.setdefault(event.uid, [])
            same = [other for other in known if other.replaces == event.replaces]
            if all(event.sequence >= other.sequence for other in same):
                known[:] = [other for other in known if other not in same] + [event]
        elif (master := masters.get(event.uid)) is None or event.sequence > master.sequence:
            masters[event.uid] = event
        elif event.sequence == master.sequence and event.starts != master.starts:
            uid = f"{event.uid} {event.starts.isoformat()}"
            masters[uid] = replace(event, uid=uid)
    for uid, event in masters.items():
        collector.take(event, overrides.pop(uid, []))
    for orphans in overrides.values():
        collector.take_orphans(orphans)
    return CalendarFile(
        file,
        tuple(collector.sessions),
        tuple(collector.closures),
        tuple(sorted(set(collector.problems))),
        tuple(sorted({*reader.warnings, *collector.warnings})),
        tuple(collector.cancelled),
    )


class _Collector:
    """Turns events, each with the changes of its single sessions, into sessions and closures of ours."""

    def __init__(self, file: str, target: Zone | None, today: date | None, within: tuple[date, date] | None) -> None:
        self.sessions: list[SessionsRow] = []
        self.closures: list[ClosureRow] = []
        self.cancelled: list[SessionsRow] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._file = file
        self._target = target
        self._today = today
        self._within = within

    def take(self, event: CalendarEvent, overrides: Sequence[CalendarEvent]) -> None:
        """Take an event in, or say why not."""
        try:
            if event.is_all_day:
                self._closures(event, overrides)
            elif event.is_cancelled:
                self._doubt(event.line, f"“{event.words.title}” is cancelled: left out, or cancelled if it is here.")
                rule = self._once(event, event.starts)
                self.cancelled.append(_row(event, rule))
            else:
                _check_length(event)
                self._sessions(event, overrides)
        except Left as left:
            self._problem(event.line, str(left))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            self._problem(event.line, f"This event cannot be read: {error}.")

    def take_orphans(self, overrides: Sequence[CalendarEvent]) -> None:
        """Changed sessions of a series that is not in the file stand for themselves."""
        for event in overrides:
            try:
                if event.is_all_day or event.is_cancelled:
                    self.take(replace(event, rules=(), replaces=None), [])
                    continue
                _check_length(event)
                shown = self._shown(event, event.replaces or event.starts)
                row = _row(event, self._once(event, event.starts))
                self.sessions.append(replace(row, occurrence=shown.strftime("%Y-%m-%dT%H:%M")))
            except Left as left:
                self._problem(event.line, str(left))
            except (ValueError, OverflowError) as error:
                self._problem(event.line, f"This event cannot be read: {error}.")

    def _sessions(self, event: CalendarEvent, overrides: Sequence[CalendarEvent]) -> None:
        if not event.rules and not event.extra_starts and not overrides:
            if not _is_taken_out(event, event.starts):
                self.sessions.append(_row(event, self._once(event, event.starts)))
            return
        rules = self._rules(event)
        held = None
        if len(rules) == 1 and not event.without_rules:
            held = self._held(event, rules[0])
        if held is None:
            self._one_by_one(event, rules, overrides)
            return
        if not overrides and not event.extra_starts and not held.first_alone:
            self.sessions.append(_row(event, held.rule))
            return
        self._series_with_changes(event, held, self._changed(event, held.starts(event), overrides))

    def _rules(self, event: CalendarEvent) -> list[WrittenRule]:
        rules = []
        for written in event.rules:
            try:
                rule = written_rule(written)
                rules.append(by_days(rule) if event.is_all_day else rule)
            except UnknownRepetition as unknown:
                raise Left(f"“{event.words.title}” repeats in a way that cannot be read: {unknown}.") from unknown
        return rules

    def _held(self, event: CalendarEvent, written: WrittenRule) -> _Held | None:
        """The series of ours for an event; None when no series can hold it: another rule, or a time that moves here
        while it stays there."""
        rule, remark = series_rule(written, event.starts, event.zone, event.minutes, self._today)
        if rule is None:
            return None
        if event.skipped_days or event.skipped_starts:
            time = event.starts.time()
            skipped = {start.date() for start in event.skipped_starts if start.time() == time} | event.skipped_days
            rule = without(rule, skipped)
        planned = {}
        target = self._target or event.zone
        begins = self._shown(event, event.starts)
        by = (begins.date() - event.starts.date()).days
        for day in days_of(rule):
            if day in rule.skipped_days:
                continue
            start = datetime.combine(day, event.starts.time())
            if target.name != event.zone.name:
                shown = self._shown(event, start)
                if shown.time() != begins.time() or (shown.date() - day).days != by:
                    return None
            planned[day + by * _DAY] = start
        moved = moved_rule(rule, by, begins.time(), target.name)
        if by and [day for day in days_of(moved) if day not in moved.skipped_days] != list(planned):
            return None  # Its weeks begin on another day here.
        if remark:
            self._doubt(event.rule_line, f"“{event.words.title}” {remark}")
        until = written.last_moment(event.zone)
        first_alone = (
            event.starts not in planned.values()
            and not _is_taken_out(event, event.starts)
            and (until is None or event.starts <= until)
            and rule.first_day <= event.starts.date()
        )
        return _Held(moved, planned, first_alone)

    def _window(self, event: CalendarEvent) -> tuple[date, date]:
        if self._within is not None:
            return self._within
        if self._today is not None:
            return self._today - ENDLESS - _DAY, self._today + ENDLESS + _DAY
        return event.starts.date(), event.starts.date() + 2 * ENDLESS

    def _starts(self, event: CalendarEvent, rules: Sequence[WrittenRule]) -> list[datetime]:
        """Every session of an event within the window, without those taken out."""
        first_day, last_day = self._window(event)
        starts: set[datetime] = set(event.extra_starts)
        title = event.words.title
        try:
            for written in rules:
                starts.update(starts_of(written, event.starts, event.zone, first_day, last_day))
            for text in event.without_rules:
                starts.difference_update(starts_of(written_rule(text), event.starts, event.zone, first_day, last_day))
        except UnknownRepetition as unknown:
            raise Left(f"“{title}” repeats in a way that cannot be read: {unknown}.") from unknown
        if any(written.is_endless for written in rules):
            self._doubt(event.rule_line, f"“{title}” has no end; its sessions of about two years were taken.")
        until = [written.last_moment(event.zone) for written in rules if written.until is not None]
        has_ended_before = len(until) == len(rules) > 0 and all(last and last < event.starts for last in until)
        if not has_ended_before and (not rules or first_day <= event.starts.date() <= last_day):
            starts.add(event.starts)
        left = {start for start in starts if not _is_taken_out(event, start)}
        if rules and not left:
            self._doubt(event.line, f"“{title}” does not take place between {first_day} and {last_day}; left out.")
        return sorted(left)[:MOST_SESSIONS]

    def _changed(
        self, event: CalendarEvent, planned_starts: Iterable[datetime], overrides: Sequence[CalendarEvent]
    ) -> list[_Occurrence]:
        """The sessions of an event with the changes of single ones, and of one and all that follow, applied."""
        starts = {*planned_starts, *(start for start in event.extra_starts if not _is_taken_out(event, start))}
        single: dict[datetime, CalendarEvent] = {}
        following: list[tuple[datetime, CalendarEvent]] = []
        for other in overrides:
            assert other.replaces is not None
            at = other.zone.shown_in(event.zone, other.replaces)
            if at not in starts:
                at = _nearest_of_day(starts, at, other.replaces_day)
            if other.is_for_following:
                following.append((at, other))
            single[at] = other
        following.sort(key=lambda pair: pair[0])
        found = []
        for planned in sorted({*starts, *single}):
            own = single.get(planned)
            before = [pair for pair in following if pair[0] <= planned]
            if own is not None:
                begins = own.zone.shown_in(event.zone, own.starts)
                if planned in starts or not own.is_cancelled:
                    found.append(_Occurrence(planned, begins, own, own.is_cancelled))
            elif before:
                at, other = before[-1]
                moved_by = other.zone.shown_in(event.zone, other.starts) - at
                found.append(_Occurrence(planned, planned + moved_by, other, other.is_cancelled))
            else:
                found.append(_Occurrence(planned, planned, event))
        return found

    def _series_with_changes(
        self,
        event: CalendarEvent,
        held: _Held,
        found: Sequence[_Occurrence],
    ) -> None:
        rule = held.rule
        days = {start: day for day, start in held.planned.items()}
        changes, more = [], []
        for one in found:
            day = days.get(one.planned)
            if day is None:
                more.append(one)
            elif one.event is not event or one.starts != one.planned or one.is_cancelled:
                once = self._single(event, one)
                if once is None:
                    rule = without(rule, [day])
                else:
                    changes.append(ChangedSession(day, once, one.is_cancelled))
        if days or not more:
            self.sessions.append(replace(_row(event, rule), changes=tuple(changes)))
        self._singles(event, more, {day.isoformat() for day in held.planned})

    def _one_by_one(
        self, event: CalendarEvent, rules: Sequence[WrittenRule], overrides: Sequence[CalendarEvent]
    ) -> None:
        found = self._changed(event, self._starts(event, rules), overrides)
        self._singles(event, found, set(), keeps_first=not rules)

    def _singles(
        self, event: CalendarEvent, found: Sequence[_Occurrence], taken: set[str], *, keeps_first: bool = False
    ) -> None:
        for one in found:
            shown = self._shown(event, one.planned)
            key = shown.date().isoformat()
            if keeps_first and one.planned == event.starts:
                key = ""
            elif key in taken:
                key = shown.strftime("%Y-%m-%dT%H:%M")
            taken.add(key)
            once = self._single(event, one)
            if once is not None:
                (self.cancelled if one.is_cancelled else self.sessions).append(replace(once, occurrence=key))

    def _single(self, event: CalendarEvent, one: _Occurrence) -> SessionsRow | None:
        """One session with its own words; None, and said, when it cannot be one of ours."""
        try:
            if not one.is_cancelled:
                _check_length(one.event)
            minutes = event.minutes if one.is_cancelled and one.event.minutes <= 0 else one.event.minutes
            shown = event.zone.shown_in(self._target or event.zone, one.starts)
            row = _row(one.event, self._rule_once(event, shown, max(1, minutes)))
        except Left as left:
            self._problem(one.event.line, str(left))
            return None
        if one.is_cancelled:
            row = replace(_with_words(row, event.words), line=one.event.line)
        return replace(row, uid=event.uid)

    def _once(self, event: CalendarEvent, starts: datetime) -> SeriesRule:
        return self._rule_once(event, self._shown(event, starts), max(1, event.minutes))

    def _rule_once(self, event: CalendarEvent, shown: datetime, minutes: int) -> SeriesRule:
        return SeriesRule(
            pattern=Pattern.ONE_OFF,
            first_day=shown.date(),
            start=shown.time().replace(second=0, microsecond=0),
            duration_minutes=minutes,
            time_zone=(self._target or event.zone).name,
        )

    def _shown(self, event: CalendarEvent, wall_clock: datetime) -> datetime:
        return wall_clock if self._target is None else event.zone.shown_in(self._target, wall_clock)

    def _closures(self, event: CalendarEvent, overrides: Sequence[CalendarEvent]) -> None:
        """Whole days: closures when their title says so."""
        title = event.words.title
        if CLOSED.match(title) is None:
            raise Left(f"“{title}” takes whole days. If you are closed then, write “CLOSED: ” before its title.")
        if event.is_cancelled:
            raise Left(f"The closure “{title}” is cancelled.")
        starts = self._starts(event, self._rules(event))
        for one in self._changed(event, starts, overrides):
            name = CLOSED.match(one.event.words.title)
            if one.is_cancelled or name is None:
                continue
            first_day = one.starts.date()
            last_day = first_day + timedelta(days=max(0, one.event.minutes // (24 * 60) - 1))
            reason = one.event.words.title[name.end() :] or one.event.words.title
            place = one.event.words.location
            self.closures.append(ClosureRow(one.event.line, first_day, last_day, reason, place))

    def _problem(self, line: int, reason: str) -> None:
        self.problems.append(Problem(self._file, line, reason))

    def _doubt(self, line: int, reason: str) -> None:
        self.warnings.append(Problem(self._file, line, reason))


def _row(event: CalendarEvent, rule: SeriesRule) -> SessionsRow:
    words = event.words
    return SessionsRow(
        event.line, event.uid, rule, words.title, words.tutor_name, words.tutor_email, words.location, words.rooms,
        words.is_online, words.student_names, words.subject, words.service_code, event.is_part,
    )  # fmt: skip


def _with_words(row: SessionsRow, words: EventWords) -> SessionsRow:
    return SessionsRow(
        row.line, row.uid, row.rule, words.title, words.tutor_name, words.tutor_email, words.location, words.rooms,
        words.is_online, words.student_names, words.subject, words.service_code, row.is_part, row.occurrence,
        row.changes,
    )  # fmt: skip


def _check_length(event: CalendarEvent) -> None:
    title = event.words.title
    if event.has_no_end:
        raise Left(f"“{title}” has no end.")
    if event.minutes <= 0:
        raise Left(f"“{title}” ends before it begins." if event.minutes < 0 else f"“{title}” takes no time at all.")
    if timedelta(minutes=event.minutes) >= LONGEST_SESSION:
        raise Left(f"“{title}” is longer than a day.")


def _is_taken_out(event: CalendarEvent, start: datetime) -> bool:
    return start in event.skipped_starts or start.date() in event.skipped_days


def _nearest_of_day(starts: Collection[datetime], at: datetime, day: date | None) -> datetime:
    """The only session on the day that a change names, where it names no time or one that is not in the series."""
    wanted = day or at.date()
    same = [start for start in starts if start.date() == wanted]
    return same[0] if len(same) == 1 else at
