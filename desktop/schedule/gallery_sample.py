"""An invented week of one office, in plain values, with which the calendar can be looked at without a store."""

from __future__ import annotations

from dataclasses import replace

from desktop.schedule.calendar_values import (
    CalendarEntry,
    CalendarScene,
    Column,
    ConflictMark,
    Family,
    Line,
    Mode,
    NowMark,
    Span,
    Status,
    clock_words,
    span_words,
)
from desktop.schedule.entry_words import person_words, room_words, title_words, tutor_words

_NOW_DAY, _NOW_MINUTE = "Wed", 15 * 60 + 40
_BUFFER_MINUTES = 15

# day; time; title; who; room; tutor; family; marks; minutes that overlap
_ROWS = """
Mon; 14:30-15:30; Geometry; Siobhán Fernández-López and Wanda Brown; Room D; David Lee; semi_private
Mon; 15:30-16:30; Chemistry; Andre Goldberg; Online; Jakub Johnson; private; overlap; 960-990
Mon; 15:30-16:30; Biology; Emma Martínez; Library; Małgorzata Williams; private; no_show
Mon; 15:30-16:30; SHSAT; Camila Kowalski; Room E; Tomás Dijk; test_prep
Mon; 16:00-17:30; ACT; Isaac Chen; Online; David Lee; test_prep
Mon; 16:00-17:30; SAT Math class; 8 of 10; Room D; Jakub Johnson; class; overlap; 960-990 1020-1050
Mon; 17:00-18:00; ACT; Andre Young; Online; Jakub Johnson; test_prep; overlap; 1020-1050
Mon; 17:00-18:00; Pre-Calculus; Minh Martínez; Library; Ruth Walker; private
Mon; 17:15-18:15; Biology; Rafael Park; Room E; Małgorzata Williams; private
Mon; 18:00-19:00; Reading; Ethan Haddad; Online; James Ferrari; private
Mon; 18:30-19:30; ACT; Malik D'Angelo; Room D; David Lee; test_prep
Mon; 18:30-19:30; Reading; Kenji Patel; Room B; Jakub Johnson; private
Mon; 18:30-19:30; Biology; Olivia Thompson; Library; Małgorzata Williams; private
Mon; 18:30-20:00; Algebra I; Luca Lee; Room E; Tomás Dijk; private
Mon; 19:15-20:15; Exec. Function; Thảo Patel; Room A; James Ferrari; private
Tue; 15:00-16:00; SAT; Beatriz Patel; Room D; Jakub Johnson; test_prep
Tue; 15:00-15:45; Assessment; Kwame Park; Library; Małgorzata Patel; assessment
Tue; 16:00-17:00; French; Andre Patel; Online; David Lee; private; cancelled
Tue; 16:00-17:00; Writing; Wanda Martínez; Room C; Małgorzata Patel; private
Tue; 16:00-17:30; College Essays; Naomi Haddad; Room B; Małgorzata Williams; private
Tue; 16:15-17:15; Chemistry; Noah Young; Online; Jakub Johnson; private
Tue; 16:15-17:15; Pre-Calculus; Noor Walker; Room A; Ruth Walker; private
Tue; 17:15-18:15; ACT; Noah Łukasik; Room E; David Lee; test_prep
Tue; 17:15-18:45; Arithmetic; James Cohen; Room C; Małgorzata Patel; private
Tue; 17:30-18:30; Chemistry; Wanda Patel; Library; Jakub Johnson; private
Tue; 18:00-19:00; College Essays; Grace D'Angelo; Room D; Małgorzata Williams; private
Tue; 19:00-20:30; ACT; Olivia Thompson; Room C; David Lee; test_prep
Tue; 19:15-20:45; ACT; Abigail Patel; Room D; Jakub Johnson; test_prep
Tue; 19:15-20:45; Writing; Hannah Rossi; Library; Małgorzata Patel; private
Tue; 19:15-20:15; College Essays; Lucas Park; Room E; Małgorzata Williams; private
Wed; 15:00-16:00; Chemistry; Andre Smith; Room A; Jakub Johnson; private
Wed; 15:30-16:30; Writing; Priya Jansen; Online; Daniel Müller; private
Wed; 15:30-16:30; Pre-Calculus; Abigail Brown; Room D; Mei-Ling Park; private
Wed; 16:00-17:00; Spanish; Naomi Müller; Room C; Grace Silva; private
Wed; 16:00-17:00; Writing; David Walker; Room B; Małgorzata Patel; private; overlap; 975-1020
Wed; 16:00-17:30; SAT; Elena Kim; Room E; Małgorzata Williams; test_prep; buffer tail
Wed; 16:15-17:45; ACT; Sofía Park; Room A; Małgorzata Patel; test_prep; overlap; 975-1020 1050-1065
Wed; 17:00-18:00; Algebra I; Wei Yılmaz; Room D; Daniel Müller; private; overlap; 1050-1080
Wed; 17:15-18:15; ACT; Priya Thompson; Room B; Jakub Johnson; test_prep; overlap; 1050-1095
Wed; 17:30-18:30; Spanish; Noah Brown; Room A; Grace Silva; private; overlap; 1050-1065 1050-1110
Wed; 17:30-19:00; SHSAT group; 10 of 10; Room E; Jakub Johnson; class; overlap tail; 1050-1080 1050-1095 1095-1140
Wed; 17:30-18:30; Writing; Jakub Kim; Room A; Małgorzata Williams; private; overlap; 1050-1065 1050-1110
Wed; 17:30-19:00; French; Mei-Ling Jansen; Online; Ruth Walker; private
Wed; 18:15-19:45; Young Writers class; 10 of 10; Library; Daniel Müller; class; overlap; 1095-1140 1140-1185
Wed; 19:00-20:00; Algebra I; Noah Lee; Library; Daniel Müller; private; overlap; 1140-1185
Wed; 19:00-20:00; Reading; Daniel Kim; Room B; Jakub Johnson; private; overlap; 1140-1185
Wed; 19:15-20:15; College Essays; Andre Sørensen; Room C; Grace Silva; private
Wed; 19:15-20:15; Writing; Naomi Haddad; Room E; Małgorzata Patel; private
Wed; 19:15-20:15; Biology; Rachel Chen; Room A; Małgorzata Williams; private
Sat; 09:00-10:30; Writing; Maria Young; Room C; Daniel Müller; private
Sat; 09:00-10:30; Writers' workshop; 8 of 12; Library; David Lee; workshop
Sat; 09:00-10:00; Reading; Emma Dijk; Room B; Jakub Johnson; private
Sat; 09:00-10:00; Pre-Calculus; Chloé Smith; Room D; Mei-Ling Park; private
Sat; 10:00-11:00; Spanish; Noor Dubois; Room A; Grace Silva; private
Sat; 10:00-11:00; Writing; Liam Brown; Online; Małgorzata Patel; private
Sat; 10:15-11:15; Chemistry; Noah Nguyen; Room D; Jakub Johnson; private
Sat; 11:15-12:15; French; Ethan Dijk; Room A; Daniel Müller; private
Sat; 11:15-12:15; Geometry; Priya Rodríguez; Room B; David Lee; private
Sat; 11:15-12:45; SAT or ACT?; 9 of 12; Room E; Małgorzata Patel; free
Sat; 11:15-12:15; Arithmetic; Noah Brown; Library; Mei-Ling Park; private
Sat; 12:00-13:30; Spanish; Ayşe Smith; Room D; Grace Silva; private
Sat; 12:00-13:30; Reading; Mateo Tanaka; Online; Jakub Johnson; private
Sat; 13:00-14:00; Writing; Ahmed Haddad; Room B; Daniel Müller; private
Sat; 13:00-14:30; Geometry; Samuel Martínez; Online; David Lee; private
Sat; 13:00-14:00; Exec. Function; Noah Haddad; Room A; James Ferrari; private
Sat; 13:00-14:00; ACT; Ayşe Johnson; Online; Małgorzata Patel; test_prep; unpaid
"""

_DAYS = {"Mon": 23, "Tue": 24, "Wed": 25, "Thu": 26, "Fri": 27, "Sat": 28}
_LONG = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
}
_TUTORS = (
    ("Jakub Johnson", 14 * 60 + 30, 20 * 60 + 30),
    ("Małgorzata Patel", 14 * 60 + 30, 21 * 60),
    ("Daniel Müller", 14 * 60, 21 * 60),
    ("Małgorzata Williams", 15 * 60, 20 * 60),
    ("Grace Silva", 14 * 60, 20 * 60 + 30),
    ("Ruth Walker", 15 * 60, 20 * 60),
    ("Mei-Ling Park", 14 * 60 + 30, 21 * 60),
)
_CONFLICT_COUNTS = {"Mon": 2, "Wed": 10}


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _span(text: str) -> Span:
    first, last = text.split("-")
    return (int(first), int(last))


def _entry(number: int, row: str) -> tuple[str, str, CalendarEntry]:
    """Day, tutor and entry of one row."""
    cells = [cell.strip() for cell in row.split(";")]
    day, time, title, who, room, tutor, family = cells[:7]
    marks = cells[7].split() if len(cells) > 7 else []
    overlaps = tuple(_span(text) for text in cells[8].split()) if len(cells) > 8 else ()
    starts, ends = (_minutes(text) for text in time.split("-"))
    is_before_today = _DAYS[day] < _DAYS[_NOW_DAY]
    status = Status.SCHEDULED
    if "cancelled" in marks:
        status = Status.CANCELLED
    elif "no_show" in marks:
        status = Status.NO_SHOW
    elif is_before_today or (day == _NOW_DAY and ends <= _NOW_MINUTE):
        status = Status.PAST
    elif day == _NOW_DAY and starts <= _NOW_MINUTE:
        status = Status.IN_PROGRESS
    mark = ConflictMark.NONE
    if "overlap" in marks:
        mark = ConflictMark.OVERLAP
    elif "buffer" in marks:
        mark = ConflictMark.BUFFER
    if " of " in who:
        people: tuple[str, ...] = (who, who.replace(" of ", "/"))
    elif " and " in who:
        first = [name.split()[0] for name in who.split(" and ")]
        people = (" and ".join(first), "2 students")
    else:
        people = person_words(who)
    place = {Status.CANCELLED: ("Cancelled",), Status.NO_SHOW: ("No-show",)}.get(status, room_words(room))
    details = (
        title,
        f"{span_words(starts, ends)}, {_LONG[day]}",
        who,
        f"{room}, {tutor}",
        *(("! Overlaps another entry",) if mark is ConflictMark.OVERLAP else ()),
        *(("~ Too tight",) if mark is ConflictMark.BUFFER else ()),
    )
    return (
        day,
        tutor,
        CalendarEntry(
            id=f"sample-{number}",
            column=day,
            starts=starts,
            ends=ends,
            title=title_words(title),
            lines=(Line(people), Line(place), Line(tutor_words(tutor)[:1])),
            family=Family(family),
            status=status,
            conflict=mark,
            overlaps=overlaps,
            blocked_until=ends + _BUFFER_MINUTES,
            tail_is_hit="tail" in marks,
            is_unpaid="unpaid" in marks,
            details=details,
        ),
    )


def _rows() -> list[tuple[str, str, CalendarEntry]]:
    return [_entry(number, row) for number, row in enumerate(_ROWS.strip().splitlines())]


def sample_week() -> CalendarScene:
    """Monday to Saturday of the week of Thanksgiving 2026, at 3:40 PM on Wednesday."""
    rows = _rows()
    columns = []
    for day, number in _DAYS.items():
        count = sum(row_day == day for row_day, *_ in rows)
        columns.append(
            Column(
                key=day,
                heading=f"{day} {number}",
                long_name=_LONG[day],
                count_words=f"{count} entries",
                conflict_count=_CONFLICT_COUNTS.get(day, 0),
                is_today=day == _NOW_DAY,
                closed_reason="Thanksgiving" if day in ("Thu", "Fri") else None,
                open_spans=((9 * 60, 15 * 60),) if day == "Sat" else ((14 * 60, 21 * 60),),
            )
        )
    return CalendarScene(
        Mode.WEEK,
        tuple(columns),
        tuple(entry for *_, entry in rows),
        now=NowMark(_NOW_MINUTE, _NOW_DAY, "3:40"),
    )


def sample_day() -> CalendarScene:
    """Wednesday by tutor."""
    columns = [
        Column(
            key=name,
            heading=tutor_words(name)[0],
            subheading=f"{clock_words(opens, with_half=False)}–{clock_words(closes, with_half=False)}",
            long_name=name,
            open_spans=((opens, closes),),
        )
        for name, opens, closes in _TUTORS
    ]
    entries = []
    for day, tutor, entry in _rows():
        if day != "Wed":
            continue
        last = (
            Line(("Past 8:00",), "clock")
            if tutor == "Małgorzata Williams" and entry.ends > 20 * 60
            else Line((span_words(entry.starts, entry.ends, with_half=False),))
        )
        entries.append(replace(entry, column=tutor, lines=(*entry.lines[:2], last)))
    return CalendarScene(Mode.DAY, tuple(columns), tuple(entries), now=NowMark(_NOW_MINUTE, None, "3:40"))


def sample_states() -> CalendarScene:
    """One entry in every state and of every family, for a look at all of them."""
    base = CalendarEntry(
        "", "", 0, 60, title_words("Algebra I"), (Line(person_words("Noah Lee")), Line(("Library",)))
    )
    states = (
        ("rest", base),
        ("overlap", replace(base, conflict=ConflictMark.OVERLAP, overlaps=((30, 60),))),
        ("buffer", replace(base, conflict=ConflictMark.BUFFER, blocked_until=75, tail_is_hit=True)),
        ("accepted", replace(base, conflict=ConflictMark.ACCEPTED)),
        ("outside", replace(base, lines=(base.lines[0], Line(("Past 8:00",), "clock")))),
        ("progress", replace(base, status=Status.IN_PROGRESS)),
        ("past", replace(base, status=Status.PAST)),
        ("cancelled", replace(base, status=Status.CANCELLED, lines=(base.lines[0], Line(("Cancelled",))))),
        ("no-show", replace(base, status=Status.NO_SHOW, lines=(base.lines[0], Line(("No-show",))))),
        ("unpaid", replace(base, is_unpaid=True, lines=(base.lines[0], Line(("Unpaid",))))),
        ("unsaved", replace(base, is_unsaved=True)),
    )
    entries = []
    for number, (name, state) in enumerate(states):
        at = 9 * 60 + (number // 6) * 90
        entries.append(_placed(state, name, f"c{number % 6}", at))
    for number, family in enumerate(Family):
        at = 12 * 60 + (number // 6) * 90
        entries.append(_placed(replace(base, family=family), family.value, f"c{number % 6}", at))
    columns = [Column(f"c{i}", f"Column {i + 1}", open_spans=((9 * 60, 16 * 60),)) for i in range(6)]
    return CalendarScene(Mode.DAY, tuple(columns), tuple(entries))


def _placed(entry: CalendarEntry, name: str, column: str, at: int) -> CalendarEntry:
    return replace(
        entry,
        id=name,
        column=column,
        starts=at,
        ends=at + 60,
        overlaps=tuple((a + at, b + at) for a, b in entry.overlaps),
        blocked_until=at + entry.blocked_until if entry.blocked_until else 0,
    )
