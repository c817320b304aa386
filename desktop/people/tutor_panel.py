"""The panel beside the list of tutors: one tutor to read, with contact, week, time away and what they teach."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.files.photos import PhotoBook
from desktop.history.folded import FoldedHistory
from desktop.people.availability_strip import AvailabilityStrip, week_words
from desktop.people.tutor_rows import Place, TutorDetails, TutorList, hours_words
from desktop.widgets import (
    Avatar,
    Button,
    FlowLayout,
    Kind,
    Label,
    Line,
    Note,
    Paragraph,
    ScrollArea,
    SidePanel,
    Tag,
    Tone,
)
from desktop.widgets.parsing import format_cents, format_date, format_time_range
from shared_models.people.tutors import DateHours, DaysOff


class TutorPanel(SidePanel):
    """Shows one tutor. `editRequested`, `calendarRequested`, `vacationRequested`: the tutor's id."""

    editRequested = Signal(str)
    calendarRequested = Signal(str)
    vacationRequested = Signal(str)

    def __init__(self, photos: PhotoBook, changes: FoldedHistory, parent: QWidget | None = None) -> None:
        """``changes`` is the history of what was changed in the tutor shown."""
        super().__init__("", 364, parent=parent)
        self._photos, self.changes = photos, changes
        self._tutor_id = ""
        self._photo_hash = ""
        self._avatar: Avatar | None = None
        self._area = ScrollArea()
        self.body.addWidget(self._area)
        self.calendar_button = Button("Show in calendar", icon="calendar-days", on_click=self._show_calendar)
        self.away_button = Button("Vacation", on_click=lambda: self.vacationRequested.emit(self._tutor_id))
        self.edit_button = Button("Edit", Kind.PRIMARY, icon="pencil", on_click=self._edit)
        self.add_footer(self.calendar_button, self.away_button, self.edit_button)

    @property
    def tutor_id(self) -> str:
        """Whom it shows."""
        return self._tutor_id

    def show_tutor(self, tutor: TutorDetails, known: TutorList) -> None:
        """Show a tutor; what the person may not see is not there."""
        self._tutor_id, self._photo_hash = tutor.tutor_id, tutor.photo_hash
        places = [place.name for place in known.places if place.location_id in tutor.location_ids]
        self.set_words(tutor.name, ", ".join(places) or "No location yet")
        self.edit_button.setText("Edit" if known.rights.writes_teaching else "Time away")
        self.edit_button.updateGeometry()
        why = known.rights.why_not(tutor.location_ids)
        self.edit_button.setEnabled(not why)
        self.edit_button.setToolTip(why)
        self.away_button.setEnabled(not why)
        self.away_button.setToolTip(why)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        sections = [
            self._contact(tutor, known),
            self._week(tutor, known),
            self._away(tutor, known),
            self._subjects(tutor, known),
        ]
        if tutor.bio:
            sections.append(section("About", Paragraph(tutor.bio, tone="text2")))
        for number, one in enumerate(sections):
            if number:
                column.addWidget(Line())
            column.addWidget(one)
        self.changes.show_record(tutor.tutor_id)
        column.addWidget(Line())
        column.addWidget(section("", self.changes))
        column.addStretch(1)
        self._area.setWidget(content)

    def show_photo(self) -> None:
        """The photo has come."""
        if self._avatar is not None:
            self._avatar.set_photo(self._photos.photo(self._photo_hash))

    def _contact(self, tutor: TutorDetails, known: TutorList) -> QWidget:
        t = theme.current()
        facts = [("Phone", tutor.phone or "none"), ("E-mail", tutor.email or "none")]
        if not known.rights.sees_contact_at(tutor.location_ids):
            facts.clear()
        facts += [
            ("Priority", f"{tutor.priority}, first choice" if tutor.priority == 1 else str(tutor.priority)),
        ]
        if tutor.hourly_pay_cents is not None:
            facts.append(("Pay", f"{format_cents(tutor.hourly_pay_cents, known.currency_symbol)} per hour"))
        row = QHBoxLayout()
        row.setSpacing(t.px(12))
        self._avatar = Avatar(tutor.name, 64 if tutor.photo_hash else 40)
        self._avatar.set_photo(self._photos.photo(tutor.photo_hash))
        row.addWidget(self._avatar, 0, Qt.AlignmentFlag.AlignTop)
        rows = QVBoxLayout()
        rows.setSpacing(t.px(2))
        for name, words in facts:
            rows.addLayout(fact(name, words))
        row.addLayout(rows, 1)
        parts: list[QWidget | QHBoxLayout] = [row]
        if not tutor.is_active:
            parts.insert(0, Note("Not active", "Is not offered for new sessions.", Tone.WARN))
        return section("", *parts)

    def _week(self, tutor: TutorDetails, known: TutorList) -> QWidget:
        parts: list[QWidget | QHBoxLayout] = []
        places = [place for place in known.places if place.location_id in tutor.location_ids]
        for place in places:
            if len(places) > 1:
                parts.append(Label(place.name, "body_strong"))
            parts += [
                self._strip(tutor, place),
                Paragraph(week_words(tutor.available(place.location_id)), "small", "text2"),
            ]
        if places:
            parts.append(Label("Outlined: can teach. Filled: booked this week.", "small", "text3"))
        else:
            parts.append(Paragraph("Teaches nowhere yet. Assign a location under Edit.", tone="text2"))
        booked = sum(end - start for spans in tutor.booked.values() for start, end in spans)
        count = sum(len(spans) for spans in tutor.booked.values())
        sessions = "1 session" if count == 1 else f"{count} sessions"
        aside = f"This week {hours_words(booked)}, {sessions}" if count else "Nothing this week"
        return section("Week", *parts, aside=aside)

    def _strip(self, tutor: TutorDetails, place: Place) -> AvailabilityStrip:
        booked = {day: spans for (where, day), spans in tutor.booked.items() if where == place.location_id}
        return AvailabilityStrip(place.hours, tutor.available(place.location_id), booked)

    def _away(self, tutor: TutorDetails, known: TutorList) -> QWidget:
        lines = away_lines(tutor, known)
        parts: list[QWidget | QHBoxLayout] = [fact(when, words, 116) for when, words in lines]
        return section("Time away", *(parts or [Label("Nothing planned", "body", "text2")]))

    def _subjects(self, tutor: TutorDetails, known: TutorList) -> QWidget:
        names = [known.subject_names[key] for key in tutor.taught if key in known.subject_names]
        if not names:
            return section("Teaches", Label("No subjects yet", "body", "text2"))
        tags = QWidget()
        flow = FlowLayout(tags, theme.current().px(6))
        for name in names:
            flow.addWidget(Tag(name))
        return section("Teaches", tags)

    def _edit(self) -> None:
        self.editRequested.emit(self._tutor_id)

    def _show_calendar(self) -> None:
        self.calendarRequested.emit(self._tutor_id)


def away_lines(tutor: TutorDetails, known: TutorList) -> list[tuple[str, str]]:
    """Time off and other hours from today on, in order: when, and what."""
    found: list[tuple[str, str, str]] = []
    for off in tutor.time_off:
        if off.last_day >= known.today:
            found.append((off.first_day.isoformat(), days_words(off), off.reason or "Away"))
    for one in tutor.exceptions:
        if one.on_date >= known.today:
            found.append((one.on_date.isoformat(), format_date(one.on_date, year=False), date_words(one, known)))
    return [(when, words) for _, when, words in sorted(found)]


def days_words(off: DaysOff) -> str:
    """``Mon, Dec 21``, ``Dec 21–30``, ``Dec 28 – Jan 2``."""
    if off.first_day == off.last_day:
        return format_date(off.first_day, year=False)
    first = format_date(off.first_day, weekday=False, year=False)
    last = format_date(off.last_day, weekday=False, year=False)
    same_month = (off.first_day.year, off.first_day.month) == (off.last_day.year, off.last_day.month)
    return f"{first}–{off.last_day.day}" if same_month else f"{first} – {last}"


def date_words(one: DateHours, known: TutorList) -> str:
    """``Also 4:00–7:00 PM``, ``Not available``; with the location where it holds for one only."""
    words = "Not available"
    if one.starts is not None and one.ends is not None:
        words = f"Also {format_time_range(one.starts, one.ends)}"
    return f"{words}, {known.place_name(one.location_id)}" if one.location_id else words


def section(title: str, *parts: QWidget | QHBoxLayout, aside: str = "", spacing: int = 6) -> QWidget:
    """A titled part of a panel."""
    t = theme.current()
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(t.px(16), t.px(12), t.px(16), t.px(12))
    column.setSpacing(t.px(spacing))
    if title:
        head = QHBoxLayout()
        head.addWidget(Label(title, "body_strong"))
        head.addStretch(1)
        head.addWidget(Label(aside, "small", "text2"))
        column.addLayout(head)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    return widget


def fact(name: str, words: str, width: int = 64) -> QHBoxLayout:
    """A quiet name and what it is, side by side."""
    t = theme.current()
    row = QHBoxLayout()
    row.setSpacing(t.px(8))
    label = Label(name, "body", "text2")
    label.setFixedWidth(t.px(width))
    row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
    value = Paragraph(words)
    row.addWidget(value, 1)
    return row
