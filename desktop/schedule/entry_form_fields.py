"""The fields of the entry form in the order of product §4, each with its choices, errors and helpers; they read and
show an EntryDraft and know nothing of the store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from PySide6.QtCore import QEvent, QRectF, Signal
from PySide6.QtGui import QFocusEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.schedule.entry_form_choices import ONLINE, EntryChoices
from desktop.schedule.entry_form_hours import DayHoursList
from desktop.widgets import (
    ComboBox,
    DateInput,
    Field,
    Label,
    NumberInput,
    Option,
    Paragraph,
    Segmented,
    TextInput,
    TimeInput,
    Toggle,
    ToggleGroup,
    TokenField,
    painting,
)
from desktop.widgets.labels import paint_avatar
from desktop.widgets.parsing import format_time, parse_date
from shared_models.schedule.drafts import LONGEST_SESSION_MINUTES, EntryDraft, Plan
from shared_models.schedule.recurrence import Pattern, last_day_of_weeks
from shared_models.schedule.times import minutes_of, time_of

_WEEKDAYS = (
    ("0", "M", "Monday"),
    ("1", "T", "Tuesday"),
    ("2", "W", "Wednesday"),
    ("3", "T", "Thursday"),
    ("4", "F", "Friday"),
    ("5", "S", "Saturday"),
    ("6", "S", "Sunday"),
)
_REPEATS = ((Pattern.ONE_OFF.value, "Once"), (Pattern.WEEKLY.value, "Weekly"), (Pattern.DAILY.value, "Daily"))
_MOST_WEEKS_APART = 4
_LONGEST_SERIES_WEEKS = 520
_WEEKS = re.compile(r"\s*(\d{1,3})\s*(?:w|wk|wks|week|weeks)\s*", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}|\d+[-/.]\d+[-/.]\d+|\d+,\s*\d{2}\s*$")
_MINUTES = re.compile(r"\s*(\d{1,4})\s*(?:m|min|minutes?)?\s*", re.IGNORECASE)
_HOURS = re.compile(r"\s*(\d{1,2})(?:[.,](5))?\s*(?:h|hr|hours?)\s*(?:(\d{1,2})\s*(?:m|min)?)?\s*", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


class UntilInput(DateInput):
    """The last day of a series: a date, or a length such as "12 weeks" counted from its first day."""

    HELP = "Use a date such as Jun 25, or a length such as 12 weeks."

    def __init__(self, today: date, value: date | None = None) -> None:
        super().__init__(today, value, name="Until")
        self.first_day: date | None = None

    def _typed(self, text: str) -> None:
        found = parse_until(text, self.first_day, self._today)
        if found != self._value:
            self._value = found
            self.valueChanged.emit()


class QuietComboBox(ComboBox):
    """A combo box whose second texts (a price, an explanation) appear in the list only."""

    def paintEvent(self, event: QPaintEvent) -> None:
        TextInput.paintEvent(self, event)


class PersonComboBox(ComboBox):
    """A combo box of people that shows the chosen one's circle before the name."""

    def set_value(self, key: str) -> None:
        """Choose without announcing it."""
        super().set_value(key)
        t = theme.current()
        self.setTextMargins(t.px(26) if self.value() and not self.hasFocus() else 0, 0, 0, 0)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.setTextMargins(0, 0, 0, 0)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setTextMargins(theme.current().px(26) if self.value() else 0, 0, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        current = self.option()
        if current is None or self.hasFocus():
            super().paintEvent(event)
            return
        TextInput.paintEvent(self, event)
        t = theme.current()
        side, left = t.px(20), t.px(11)
        painter = painting.painter_for(self)
        paint_avatar(painter, QRectF(left, (self.height() - side) / 2, side, side), current.text)
        start = left + side + t.px(6) + painting.text_width(current.text, "body") + t.px(6)
        room = QRectF(start, 0, self.width() - start - t.px(30), self.height())
        painting.text(painter, room, current.second, "body", t.color.text3)
        painter.end()


class EntryFields(QWidget):
    """All fields. `changed` is sent at every change that a person makes; `draft` and `errors` say what they hold."""

    changed = Signal()

    def __init__(self, choices: EntryChoices, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._base: EntryDraft | None = None
        self._is_showing = False
        self._may_repeat = True
        self._is_narrow = False
        self._column = QVBoxLayout(self)
        self._make(today)
        self._arrange()
        self._listen()

    def show_draft(self, draft: EntryDraft, *, repeats: bool | None = None) -> None:
        """Show a draft; what it holds beyond the fields (changed and skipped days) is kept and given back.

        ``repeats`` says whether the pattern can be chosen; None leaves that as it is.
        """
        self._is_showing = True
        if repeats is not None:
            self._may_repeat = repeats
        self._base = draft
        self.location.set_options(self._choices.location_options(), draft.location_id)
        self._offer_location(draft)
        self.product.set_value(draft.product_id or "")
        self.capacity.set_value(draft.capacity)
        self.repeats.set_value(draft.pattern.value)
        self.repeats_field.setVisible(self._may_repeat)
        self.first_day_field.label.setText("First day" if self._may_repeat and draft.is_series else "Day")
        self.first_day.set_value(draft.first_day)
        self.weekdays.set_values({str(day) for day in draft.weekdays or {draft.first_day.weekday()}})
        self.every.set_options(self._every_options(draft.interval_weeks), str(draft.interval_weeks))
        self.start.set_value(draft.start)
        self._show_duration(draft.duration_minutes)
        self.buffer.setChecked(draft.has_buffer)
        self.until.first_day = draft.first_day
        self.until.set_value(draft.last_day)
        self.hours.show_days(draft)
        self.resources.setText(resource_words(draft))
        self._is_showing = False
        self._follow_pattern()

    def draft(self) -> EntryDraft | None:
        """The draft that the fields hold, or None while day, time or duration cannot be understood."""
        first_day, start, minutes = self.first_day.value(), self.start.value(), self.duration_minutes()
        if first_day is None or start is None or minutes is None or self._base is None:
            return None
        pattern = Pattern(self.repeats.value())
        rooms = self.rooms.values()
        is_online = ONLINE in rooms
        draft = replace(
            self._base,
            location_id=self.location.value(),
            service_id=self.service.value(),
            subject_id=self.subject.value() or None,
            topic_id=self.topic.value() or None,
            product_id=self.product.value() or None,
            capacity=self.capacity.value() or 1,
            tutor_id=self.tutor.value() or None,
            student_ids=tuple(self.students.values()),
            pattern=pattern,
            weekdays=frozenset(int(day) for day in self.weekdays.values())
            if pattern is Pattern.WEEKLY
            else frozenset(),
            interval_weeks=int(self.every.value() or 1) if pattern is Pattern.WEEKLY else 1,
            first_day=first_day,
            last_day=self.until.value() if pattern is not Pattern.ONE_OFF else None,
            occurrence_count=self._base.occurrence_count if self.until.value() is None else None,
            start=start,
            duration_minutes=minutes,
            hours_by_day=self.hours.values() if pattern is Pattern.DAILY else {},
            has_buffer=self.buffer.isChecked(),
            room_ids=() if is_online else tuple(rooms),
            is_online=is_online,
        )
        return with_resources(draft, self.resources.text())

    def errors(self, *, complete: bool = False) -> dict[Field, str]:
        """What is wrong, by field; with ``complete`` also what is still missing for saving."""
        wrong: dict[Field, str] = {}
        if self.first_day.is_wrong():
            wrong[self.first_day_field] = DateInput.HELP
        if self.start.is_wrong():
            wrong[self.start_field] = TimeInput.HELP
        if self.duration.text().strip() and self.duration_minutes() is None:
            wrong[self.duration_field] = "Use minutes such as 90."
        if self._is_series():
            first, last = self.first_day.value(), self.until.value()
            if self.until.is_wrong():
                wrong[self.until_field] = UntilInput.HELP
            elif first is not None and last is not None and last < first:
                wrong[self.until_field] = "Use a day after the first one."
        if self.capacity.text().strip() and self.capacity.value() is None:
            wrong[self.capacity_field] = "Use 1 to 999."
        if complete:
            for field, missing, words in (
                (self.location_field, not self.location.value(), "Choose a location."),
                (self.service_field, not self.service.value(), "Choose a service."),
                (self.first_day_field, self.first_day.value() is None, "Choose a day."),
                (self.start_field, self.start.value() is None, TimeInput.HELP),
                (self.duration_field, self.duration_minutes() is None, "Choose a duration."),
                (
                    self.until_field,
                    self._is_series() and self.until.value() is None and not self._has_count(),
                    "Choose the last day, or type 12 weeks.",
                ),
            ):
                if missing:
                    wrong.setdefault(field, words)
        return wrong

    def show_errors(self, wrong: dict[Field, str]) -> None:
        """Put each error below its field and take the others away."""
        for field in self._fields:
            if field.error() != wrong.get(field, ""):
                field.set_error(wrong.get(field, ""))

    def show_plan(self, plan: Plan, price_cents: int) -> None:
        """The computed line: end, blocked until, price of a session; and how many students of how many places."""
        students, capacity = len(self.students.values()), self.capacity.value() or 1
        self.students_field.set_right(f"{students} of {capacity}" if students else "")
        start, minutes = self.start.value(), self.duration_minutes()
        if start is None or minutes is None:
            self.computed.set_text("")
            return
        ends = time_of((minutes_of(start) + minutes) % (24 * 60))
        parts = [f"Ends **{format_time(ends)}**"]
        if self.buffer.isChecked() and self._buffer_minutes():
            blocked = time_of((minutes_of(start) + minutes + self._buffer_minutes()) % (24 * 60))
            parts.append(f"Blocked until **{format_time(blocked)}**")
        if self.service.value():
            each = " a session" if self._is_series() else ""
            parts.append(f"Price **{self._choices.money(price_cents)}**{each}")
        self.computed.set_text("\u2003".join(parts))

    def duration_minutes(self) -> int | None:
        """The length typed or chosen, in minutes."""
        return parse_duration(self.duration.text())

    def set_narrow_margin(self, narrow: bool) -> None:
        """Make room for a scroll bar at the right, or take it back."""
        self._is_narrow = narrow
        self._apply_sizes()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._apply_sizes()

    def _apply_sizes(self) -> None:
        """Margins and gaps; tighter in windows that are not tall."""
        t = theme.current()
        edge = t.px(10 if t.compact else 14)
        self._column.setContentsMargins(t.px(20), edge, t.px(8 if self._is_narrow else 18), edge)
        self._column.setSpacing(t.px(8 if t.compact else 11))

    def first_empty(self) -> QWidget:
        """Where the cursor belongs when the form opens: the first thing that is not chosen yet."""
        for field in (self.location, self.service, self.subject, self.tutor):
            if not field.value():
                return field
        return self.students if not self.students.values() else self.start

    def _make(self, today: date) -> None:
        choices = self._choices
        self.location = ComboBox(placeholder="Choose", name="Location")
        self.service = QuietComboBox(placeholder="Choose", name="Service")
        self.subject = ComboBox(placeholder="Choose", name="Subject")
        # Close to the arrow: "Reading & Language Arts" is the longest of the standard subjects.
        self.subject.setTextMargins(0, 0, -theme.current().px(13), 0)
        self.topic = QuietComboBox(placeholder="Any", name="Topic")
        self.product = ComboBox(name="Product")
        self.capacity = NumberInput(1, 1, 999, name="Capacity")
        self.tutor = PersonComboBox(placeholder="Nobody yet", name="Tutor")
        self.students = TokenField(placeholder="Type a name", name="Students")
        self.repeats = Segmented(_REPEATS, name="Repeats")
        self.first_day = DateInput(today, name="First day")
        self.weekdays = ToggleGroup(_WEEKDAYS, name="On weekdays")
        self.every = ComboBox(name="Every")
        grid = next((terms.grid_minutes for terms in choices.terms.values()), 15)
        self.start = TimeInput(step_minutes=grid, name="Start")
        options = [Option(str(minutes), duration_words(minutes)) for minutes in choices.durations_minutes]
        self.duration = ComboBox(options, free_text=True, name="Duration")
        self.buffer = Toggle(name="Buffer after")
        self.buffer_words = Label("", "body")
        self.computed = Paragraph("", "small", "text2")
        self.until = UntilInput(today)
        self.rooms = TokenField(placeholder="Choose", name="Rooms")
        self.resources = TextInput(placeholder="Web link, projector, supplies", name="Resources")
        self.hours = DayHoursList(grid)

        self.location_field = Field("Location", self.location)
        self.service_field = Field("Service", self.service)
        self.subject_field = Field("Subject", self.subject)
        self.topic_field = Field("Topic", self.topic)
        self.product_field = Field("Product", self.product)
        self.capacity_field = Field("Capacity", self.capacity)
        self.tutor_field = Field("Tutor", self.tutor)
        self.students_field = Field("Students", self.students)
        self.repeats_field = Field("Repeats", self.repeats)
        self.first_day_field = Field("First day", self.first_day)
        self.weekdays_field = Field("On", self.weekdays)
        self.every_field = Field("Every", self.every)
        self.start_field = Field("Start", self.start)
        self.duration_field = Field("Duration", self.duration)
        self.until_field = Field("Until", self.until)
        self.rooms_field = Field("Rooms", self.rooms)
        self.resources_field = Field("Resources", self.resources, optional=True)
        switch = QWidget()
        row = QHBoxLayout(switch)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(8))
        row.addWidget(self.buffer)
        row.addWidget(self.buffer_words)
        row.addStretch(1)
        switch.setFixedHeight(theme.current().size.control)
        self.buffer_field = Field("Buffer after", switch)
        self.buffer_field.setFocusProxy(self.buffer)
        self._fields = (
            self.location_field, self.service_field, self.subject_field, self.topic_field, self.product_field,
            self.capacity_field, self.tutor_field, self.students_field, self.first_day_field, self.start_field,
            self.duration_field, self.until_field, self.rooms_field,
        )  # fmt: skip

    def _arrange(self) -> None:
        t = theme.current()
        self._apply_sizes()
        self._row((self.location_field, 1), (self.service_field, 1))
        self._row((self.subject_field, 1), (self.topic_field, 1))
        self.capacity_field.setFixedWidth(t.px(92))
        self._row((self.product_field, 1), (self.capacity_field, 0))
        self._row((self.tutor_field, 1))
        self._row((self.students_field, 1))
        self._row((self.repeats_field, 0), (self.first_day_field, 1))
        self._weekly_row = self._row((self.weekdays_field, 0), (self.every_field, 1))
        self._row((self.start_field, 1), (self.duration_field, 1), (self.buffer_field, 1))
        self._column.addSpacing(-t.px(5))
        self._column.addWidget(self.computed)
        self._column.addWidget(self.hours)
        self._row((self.until_field, 1), (self.rooms_field, 1))
        self._row((self.resources_field, 1))
        self._column.addStretch(1)

    def _row(self, *parts: tuple[Field, int]) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(12))
        for field, stretch in parts:
            row.addWidget(field, stretch)
        self._column.addWidget(holder)
        return holder

    def _listen(self) -> None:
        self.location.valueChanged.connect(self._location_changed)
        self.service.valueChanged.connect(self._service_changed)
        self.subject.valueChanged.connect(self._subject_changed)
        self.topic.valueChanged.connect(self._topic_changed)
        self.repeats.changed.connect(self._pattern_changed)
        self.first_day.valueChanged.connect(self._first_day_changed)
        for combo in (self.product, self.tutor, self.every):
            combo.valueChanged.connect(lambda _: self._announce())
        self.duration.textChanged.connect(lambda _: self._announce())
        self.capacity.textEdited.connect(lambda _: self._announce())
        self.resources.textEdited.connect(lambda _: self._announce())
        for signal in (
            self.students.valuesChanged, self.weekdays.changed, self.start.valueChanged, self.until.valueChanged,
            self.rooms.valuesChanged, self.hours.changed,
        ):  # fmt: skip
            signal.connect(self._announce)
        self.buffer.toggled.connect(lambda _: self._announce())

    def _announce(self) -> None:
        if self._is_showing:
            return
        self.hours.follow(self.draft())
        self.changed.emit()

    def _location_changed(self, _key: str) -> None:
        draft = self.draft() or self._base
        if draft is not None:
            self._offer_location(replace(draft, location_id=self.location.value()))
        self._announce()

    def _offer_location(self, draft: EntryDraft) -> None:
        """Give every field that depends on the location its choices; what is not offered there is let go."""
        place, choices = draft.location_id, self._choices
        self.service.set_options(choices.service_options(place), draft.service_id)
        self.subject.set_options(choices.subject_options(place), draft.subject_id or "")
        self.topic.set_options(choices.topic_options(place, self.subject.value()), draft.topic_id or "")
        self._offer_tutors(draft.tutor_id or "")
        self.students.set_options(choices.student_options(place), draft.student_ids)
        rooms = (ONLINE,) if draft.is_online else draft.room_ids
        self.rooms.set_options(choices.room_options(place), rooms)
        self._offer_products()
        minutes = self._buffer_minutes()
        self.buffer_words.setText(f"{minutes} min" if minutes else "none")

    def show_taken_rooms(self, location_id: str, taken: Mapping[str, int], sessions: int) -> None:
        """Say beside each room whether it is free; the rooms chosen stay."""
        self.rooms.set_options(self._choices.room_options(location_id, taken, sessions))

    def _service_changed(self, _key: str) -> None:
        service = self._choices.service(self.location.value(), self.service.value())
        if service is not None:
            self.capacity.set_value(service.capacity)
        self._offer_products()
        self._announce()

    def _offer_products(self) -> None:
        service = self._choices.service(self.location.value(), self.service.value())
        kind = service.product_type if service is not None else None
        options = self._choices.product_options(kind) if kind is not None else []
        self.product.set_options(options)
        self.product.setEnabled(kind is not None)
        self.product.setPlaceholderText("none, for classes only" if kind is None else "None")

    def _subject_changed(self, _key: str) -> None:
        self.topic.set_options(self._choices.topic_options(self.location.value(), self.subject.value()))
        self._offer_tutors()
        self._announce()

    def _topic_changed(self, _key: str) -> None:
        self._offer_tutors()
        self._announce()

    def _offer_tutors(self, value: str | None = None) -> None:
        options = self._choices.tutor_options(self.location.value(), self.subject.value(), self.topic.value())
        self.tutor.set_options(options, value)

    def _first_day_changed(self) -> None:
        first_day = self.first_day.value()
        self.until.first_day = first_day
        if first_day is not None and len(self.weekdays.values()) == 1:
            self.weekdays.set_values({str(first_day.weekday())})
        self._announce()

    def _pattern_changed(self, _key: str) -> None:
        first_day = self.first_day.value()
        if self._is_series() and self.until.value() is None and first_day is not None:
            weeks = 1 if self.repeats.value() == Pattern.DAILY.value else 12
            last = last_day_of_weeks(first_day, weeks)
            self.until.set_value(last if weeks > 1 else first_day.fromordinal(first_day.toordinal() + 4))
        self.first_day_field.label.setText("First day" if self._is_series() else "Day")
        self._follow_pattern()
        self._announce()

    def _follow_pattern(self) -> None:
        pattern = self.repeats.value()
        self._weekly_row.setVisible(pattern == Pattern.WEEKLY.value)
        self.hours.setVisible(pattern == Pattern.DAILY.value)
        self.until_field.setVisible(self._is_series())

    def _is_series(self) -> bool:
        return self.repeats.value() != Pattern.ONE_OFF.value

    def _has_count(self) -> bool:
        return self._base is not None and self._base.occurrence_count is not None

    def _buffer_minutes(self) -> int:
        terms = self._choices.terms.get(self.location.value())
        return terms.buffer_minutes if terms is not None else 0

    def _every_options(self, chosen: int) -> list[Option]:
        """Every week, and further apart, also where the rules leave that out: the right side says so (product §4)."""
        weeks = sorted({*range(1, _MOST_WEEKS_APART + 1), chosen})
        return [Option(str(count), "1 week" if count == 1 else f"{count} weeks") for count in weeks]

    def _show_duration(self, minutes: int) -> None:
        if str(minutes) in {option.key for option in self.duration.options()}:
            self.duration.set_value(str(minutes))
        else:
            self.duration.set_value("")
            self.duration.setText(duration_words(minutes))


def parse_until(text: str, first_day: date | None, today: date) -> date | None:
    """The last day of a series from "12 weeks", "Jun 25" or a full date; without a year the first such day after the
    series begins. None when it is none."""
    if first_day is None:
        return parse_date(text, today)
    if match := _WEEKS.fullmatch(text):
        return last_day_of_weeks(first_day, max(1, min(int(match[1]), _LONGEST_SERIES_WEEKS)))
    found = parse_date(text, first_day)
    if found is not None and found < first_day and not _YEAR.search(text):
        found = parse_date(f"{text} {found.year + 1}", first_day) or parse_date(f"{text}/{found.year + 1}", first_day)
    return found


def duration_words(minutes: int) -> str:
    """A length as the form writes it: "60 min", and in hours from two on: "2 hours", "2 h 30"."""
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} hours"


def parse_duration(text: str) -> int | None:
    """Minutes from "90", "90 min", "1.5 h", "2 hours", "2 h 30"; None when it is none, or none of a session."""
    if match := _MINUTES.fullmatch(text):
        minutes = int(match[1])
    elif match := _HOURS.fullmatch(text):
        minutes = int(match[1]) * 60 + (30 if match[2] else 0) + int(match[3] or 0)
    else:
        return None
    return minutes if 1 <= minutes <= LONGEST_SESSION_MINUTES else None


def resource_words(draft: EntryDraft) -> str:
    """The resources of a draft as one line of text."""
    parts = [draft.web_link, "projector" if draft.needs_projector else "", draft.supplies, draft.other_resources]
    return ", ".join(part for part in parts if part)


def with_resources(draft: EntryDraft, text: str) -> EntryDraft:
    """The draft with the resources of one line of text: a web link, a projector, and supplies for the rest."""
    if text.strip() == resource_words(draft):
        return draft
    parts = [part.strip() for part in text.split(",") if part.strip()]
    links = [part for part in parts if _LINK.fullmatch(part)]
    projector = [part for part in parts if part.lower() in ("projector", "a projector", "beamer")]
    rest = [part for part in parts if part not in links and part not in projector]
    return replace(
        draft,
        web_link=", ".join(links),
        needs_projector=bool(projector),
        supplies=", ".join(rest),
        other_resources="",
    )
