"""The form in which a tutor is changed or registered: it shows the parts that the person may write, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.files.keeper import FileKeeper
from desktop.people.availability_strip import DAYS
from desktop.people.hours_input import HELP, HoursInput
from desktop.people.phone_input import PhoneInput
from desktop.people.photo_input import PhotoInput
from desktop.people.tutor_panel import section
from desktop.people.tutor_rows import TutorDetails, TutorList
from desktop.proposals import Proposal, note_of
from desktop.widgets import (
    Button,
    CheckBox,
    DateInput,
    Field,
    IconButton,
    Kind,
    Label,
    Line,
    MoneyInput,
    NumberInput,
    Option,
    Paragraph,
    ScrollArea,
    Segmented,
    SidePanel,
    TextArea,
    TextInput,
    Toggle,
    TokenField,
    save_and_cancel,
)
from shared_models.people.tutors import DateHours, DaysOff, Taught, TutorChange, WeeklyHours

EVERYWHERE = "everywhere"
EMPTY = TutorDetails("", "", "", "", "", "", 1, True, 0, (), (), (), (), (), {})


class TutorForm(SidePanel):
    """Fields of one tutor. `saved` carries the `TutorChange`; `cancelled` nothing; `archiveRequested` and
    `eraseRequested` the id."""

    saved = Signal(object)
    cancelled = Signal()
    archiveRequested = Signal(str)
    eraseRequested = Signal(str)

    def __init__(
        self, known: TutorList, tutor: TutorDetails | None, keeper: FileKeeper, photo: QImage | None = None,
        parent: QWidget | None = None, *, proposal: Proposal | None = None,
    ) -> None:  # fmt: skip
        """``proposal`` says why what stands in the form is not saved yet."""
        words = "Edit" if known.rights.writes_teaching else "Time away of"
        super().__init__(f"{words} {tutor.name}" if tutor else "New tutor", 460, parent=parent)
        self._known, self._is_new = known, tutor is None
        self._tutor = tutor or EMPTY
        self._keeper, self._photo = keeper, photo
        self.proposal = proposal
        self._first: TutorChange | None = None
        self.photo: PhotoInput | None = None
        rights = known.rights
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        parts: list[QWidget] = [section("", note_of(proposal))] if proposal is not None else []
        if rights.writes_profile:
            parts += [self._person(), self._profile(), self._places()]
        if rights.writes_teaching:
            parts += [self._subjects(), self._weekly_hours()]
        if rights.writes_time_off:
            parts += [self._time_off(), self._dates()]
        if rights.is_owner and not self._is_new:
            parts.append(self._erasing())
        for number, part in enumerate(parts):
            if number:
                column.addWidget(Line())
            column.addWidget(part)
        column.addStretch(1)
        area = ScrollArea(content)
        self._area = area
        self.body.addWidget(area)
        self.cancel_button, self.save_button = save_and_cancel(
            "Add tutor" if self._is_new else "Save", self.save, self.cancelled.emit
        )
        if rights.writes_profile and not self._is_new:
            archive = Button("Archive", Kind.QUIET, icon="archive", on_click=self._archive)
            self.footer.addWidget(archive)
        self.add_footer(self.cancel_button, self.save_button)
        if rights.writes_profile and not self._is_new:
            self.footer.insertStretch(1, 1)
        if self.photo is not None:
            self.photo.busyChanged.connect(self.save_button.setDisabled)
        self.closed.connect(self.cancelled)

    def start(self) -> None:
        """Put the cursor into the first field."""
        content = self._area.widget()
        first = content.findChild(TextInput) if content is not None else None
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self._is_new:
            self._first = self._change()

    def is_changed(self) -> bool:
        """Whether the form says something else than when it opened."""
        return self._change() != self._first

    def save(self) -> None:
        """Hand over what was entered, or show what is wrong with it."""
        if not self.save_button.isEnabled():
            return
        change = self._change()
        if change is not None:
            self.saved.emit(change)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Sentences beside the fields they are about."""
        fields = {
            "first_name": "first_name_field",
            "priority": "priority_field",
            "hourly_pay_cents": "pay_field",
        }
        for name, sentence in problems.items():
            field = getattr(self, fields.get(name, ""), None)
            if isinstance(field, Field):
                field.set_error(sentence)
                field.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.save()
        else:
            super().keyPressEvent(event)

    # Parts

    def _erasing(self) -> QWidget:
        erase = Button("Erase for good…", Kind.QUIET, icon="trash-2", on_click=self._erase)
        row = QHBoxLayout()
        row.addWidget(erase)
        row.addStretch(1)
        return section("", row)

    def _person(self) -> QWidget:
        self.first_name_field = Field("First name", TextInput(self._tutor.first_name))
        self.last_name_field = Field("Last name", TextInput(self._tutor.last_name))
        self.phone_field = Field("Phone", PhoneInput(self._tutor.phone, country=self._known.country), optional=True)
        self.email_field = Field("E-mail", TextInput(self._tutor.email), optional=True)
        self.photo = PhotoInput(self._keeper, self._tutor.name, self._tutor.photo_hash, self._photo)
        return section(
            "",
            self.photo,
            _pair(self.first_name_field, self.last_name_field),
            _pair(self.phone_field, self.email_field),
            spacing=12,
        )

    def _profile(self) -> QWidget:
        tutor = self._tutor
        self.priority_field = Field("Priority", NumberInput(tutor.priority, 1, 99), right="1 = first choice")
        pay = None if self._is_new else tutor.hourly_pay_cents
        self.pay_field = Field("Pay per hour", MoneyInput(pay, self._known.currency_symbol))
        self.is_active = Toggle("Active: is offered for new sessions", tutor.is_active)
        self.bio_field = Field("About", TextArea(tutor.bio, "For the website", 3), optional=True)
        return section("", _pair(self.priority_field, self.pay_field), self.is_active, self.bio_field, spacing=12)

    def _places(self) -> QWidget:
        self.places: dict[str, CheckBox] = {}
        boxes: list[QWidget] = []
        for place in self._known.places:
            is_on = place.location_id in self._tutor.location_ids
            box = CheckBox(place.name, is_on)
            self.places[place.location_id] = box
            boxes.append(box)
        return section("Teaches at", *boxes, spacing=8)

    def _subjects(self) -> QWidget:
        options = []
        for (subject_id, topic_id), name in self._known.subject_names.items():
            wider = self._known.subject_names.get((subject_id, None), "") if topic_id else "all topics"
            options.append(Option(_key((subject_id, topic_id)), name, wider))
        values = [_key(taught) for taught in self._tutor.taught if taught in self._known.subject_names]
        self.subjects = TokenField(options, values, "Subject or topic", "Subjects")
        return section("Teaches", self.subjects)

    def _weekly_hours(self) -> QWidget:
        t = theme.current()
        self._hours: dict[str, list[HoursInput]] = {}
        scopes = [(EVERYWHERE, "Every location"), *((p.location_id, p.name) for p in self._known.places)]
        used = {span.location_id or EVERYWHERE for span in self._tutor.hours}
        first = EVERYWHERE if EVERYWHERE in used or not used else next(k for k, _ in scopes if k in used)
        stack = QWidget()
        column = QVBoxLayout(stack)
        column.setContentsMargins(0, 0, 0, 0)
        grids: dict[str, QWidget] = {}
        for scope, name in scopes:
            grid_widget = QWidget()
            grid = QGridLayout(grid_widget)
            grid.setContentsMargins(0, 0, 0, 0)
            grid.setSpacing(t.px(6))
            self._hours[scope] = []
            for weekday, day in enumerate(DAYS):
                spans = [
                    (span.starts, span.ends)
                    for span in self._tutor.hours
                    if span.weekday == weekday and (span.location_id or EVERYWHERE) == scope
                ]
                field = HoursInput(spans, f"{day}, {name}")
                why = self._known.rights.why_not_hours_at(None if scope == EVERYWHERE else scope)
                field.setEnabled(not why)
                field.setToolTip(why)
                self._hours[scope].append(field)
                grid.addWidget(Label(day, "body", "text2"), weekday, 0)
                grid.addWidget(field, weekday, 1)
            grid.setColumnStretch(1, 1)
            grid_widget.setVisible(scope == first)
            grids[scope] = grid_widget
            column.addWidget(grid_widget)
        self.hours_error = Paragraph("", "small", "danger")
        self.hours_error.hide()
        parts: list[QWidget] = [stack, self.hours_error]
        if len(self._known.places) > 1:
            self.scope = Segmented(scopes, first, small=True, name="Hours at", stretch=True)

            def show(scope: str) -> None:
                for key, widget in grids.items():
                    widget.setVisible(key == scope)

            self.scope.changed.connect(show)
            parts.insert(0, self.scope)
        return section("Weekly hours", *parts, aside="such as 2:30–8:30 PM")

    def _time_off(self) -> QWidget:
        self.off_rows = _Rows(lambda: _OffRow(self._known.today), "Add days off")
        self._past_off = [off for off in self._tutor.time_off if off.last_day < self._known.today]
        for off in self._tutor.time_off:
            if off.last_day >= self._known.today:
                self.off_rows.add(_OffRow(self._known.today, off))
        return section("Days off", self.off_rows, aside="both days included")

    def _dates(self) -> QWidget:
        self.date_rows = _Rows(lambda: _DateRow(self._known.today), "Add a date")
        self._past_dates = [one for one in self._tutor.exceptions if one.on_date < self._known.today]
        by_date: dict[tuple[date, str | None], list[DateHours]] = {}
        for one in self._tutor.exceptions:
            if one.on_date >= self._known.today:
                by_date.setdefault((one.on_date, one.location_id), []).append(one)
        for same in by_date.values():
            self.date_rows.add(_DateRow(self._known.today, same))
        return section("Dates with other hours", self.date_rows, aside="no hours: not available")

    # Reading

    def _change(self) -> TutorChange | None:
        rights = self._known.rights
        user = profile = places = taught = hours = time_off = dates = None
        is_right = True
        if rights.writes_profile:
            priority, pay = self._number(self.priority_field), self._cents(self.pay_field)
            is_right = priority is not None and pay is not None
            user = {
                "first_name": _text(self.first_name_field),
                "last_name": _text(self.last_name_field),
                "phone": _text(self.phone_field),
                "email": _text(self.email_field),
            }
            profile = {
                "priority": priority,
                "hourly_pay_cents": pay,
                "is_active": self.is_active.isChecked(),
                "bio": self._bio(),
            }
            if self.photo is not None:
                profile["photo_hash"] = self.photo.photo_hash
            places = [location_id for location_id, box in self.places.items() if box.isChecked()]
        if rights.writes_teaching:
            taught = [_taught(key) for key in self.subjects.values()]
            hours = self._read_hours()
            is_right = is_right and hours is not None
        if rights.writes_time_off:
            offs = [row.value() for row in self.off_rows.rows() if isinstance(row, _OffRow) and not row.is_empty()]
            others = [
                row.value() for row in self.date_rows.rows() if isinstance(row, _DateRow) and not row.is_empty()
            ]
            is_right = is_right and None not in offs and None not in others
            time_off = [*self._past_off, *(off for off in offs if off is not None)]
            dates = [*self._past_dates, *(one for some in others if some is not None for one in some)]
        if not is_right:
            return None
        return TutorChange(user, profile, places, taught, hours, time_off, dates)

    def _number(self, field: Field) -> int | None:
        value = field.input.value() if isinstance(field.input, NumberInput) else None
        field.set_error("" if value is not None else "Use a number from 1 on; 1 is the first choice.")
        return value

    def _cents(self, field: Field) -> int | None:
        money = field.input
        if not isinstance(money, MoneyInput):
            return None
        cents = money.cents() if money.text().strip() else 0
        field.set_error("" if cents is not None else "Use an amount such as $28.00.")
        return cents

    def _bio(self) -> str:
        return self.bio_field.input.toPlainText().strip() if isinstance(self.bio_field.input, TextArea) else ""

    def _read_hours(self) -> list[WeeklyHours] | None:
        found: list[WeeklyHours] = []
        wrong: list[HoursInput] = []
        for scope, fields in self._hours.items():
            for weekday, field in enumerate(fields):
                hours = field.hours()
                if hours is None:
                    wrong.append(field)
                    continue
                where = None if scope == EVERYWHERE else scope
                found += [WeeklyHours(weekday, starts, ends, where) for starts, ends in hours]
        self.hours_error.setVisible(bool(wrong))
        if not wrong:
            return found
        self.hours_error.set_text(f"“{wrong[0].text()}” is not understood. {HELP}")
        wrong[0].setFocus(Qt.FocusReason.OtherFocusReason)
        return None

    def _erase(self) -> None:
        self.eraseRequested.emit(self._tutor.tutor_id)

    def _archive(self) -> None:
        self.archiveRequested.emit(self._tutor.tutor_id)


class _Removable(QWidget):
    """A row of fields with a button that takes it away."""

    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().px(4))
        self._fields = QHBoxLayout()
        self._fields.setSpacing(theme.current().px(6))
        self._column.addLayout(self._fields)
        self.error = Paragraph("", "small", "danger")
        self.error.hide()
        self._column.addWidget(self.error)

    def _finish(self, name: str) -> None:
        self._fields.addWidget(IconButton("x", name, on_click=self.removed.emit))

    def is_empty(self) -> bool:
        """Nothing was entered."""
        return not any(field.text().strip() for field in self.findChildren(TextInput))

    def _say(self, sentence: str) -> None:
        self.error.set_text(sentence)
        self.error.setVisible(bool(sentence))


class _OffRow(_Removable):
    """First day, last day and reason of days off."""

    def __init__(self, today: date, off: DaysOff | None = None) -> None:
        super().__init__()
        self.first = DateInput(today, off.first_day if off else None, weekday=False, name="First day off")
        self.last = DateInput(today, off.last_day if off else None, weekday=False, name="Last day off")
        self.reason = TextInput(off.reason if off else "", "Reason", "Reason")
        self._fields.addWidget(self.first, 1)
        self._fields.addWidget(self.last, 1)
        self._finish("Remove these days off")
        self._column.insertWidget(1, self.reason)

    def value(self) -> DaysOff | None:
        """The days; None, with a sentence below the row, when they are wrong."""
        first, last = self.first.value(), self.last.value()
        if last is None and not self.last.is_wrong():
            last = first
        if first is None or last is None:
            self._say(DateInput.HELP)
            return None
        if last < first:
            self._say("The last day must not lie before the first.")
            return None
        self._say("")
        return DaysOff(first, last, self.reason.text().strip())


class _DateRow(_Removable):
    """A date with hours of its own; without any the tutor is not available then."""

    def __init__(self, today: date, same_date: list[DateHours] | None = None) -> None:
        super().__init__()
        first = same_date[0] if same_date else None
        self._location_id = first.location_id if first else None
        hours = [(o.starts, o.ends) for o in same_date or [] if o.starts is not None and o.ends is not None]
        self.date = DateInput(today, first.on_date if first else None, weekday=False, name="Date")
        self.hours = HoursInput(hours, "Hours on that date")
        self._fields.addWidget(self.date, 1)
        self._fields.addWidget(self.hours, 1)
        self._finish("Remove this date")

    def value(self) -> list[DateHours] | None:
        """The date with its hours; None, with a sentence below the row, when it is wrong."""
        on_date, hours = self.date.value(), self.hours.hours()
        if on_date is None or hours is None:
            self._say(DateInput.HELP if on_date is None else HELP)
            return None
        self._say("")
        if not hours:
            return [DateHours(on_date, location_id=self._location_id)]
        return [DateHours(on_date, starts, ends, self._location_id) for starts, ends in hours]


class _Rows(QWidget):
    """Removable rows below each other, with a button that adds one."""

    def __init__(self, make: Callable[[], _Removable], add_words: str) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().px(6))
        self._rows: list[_Removable] = []
        self.add_button = Button(
            add_words, Kind.LINK, icon="plus", small=True, on_click=lambda: self.add(make(), focus=True)
        )
        self._column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)

    def rows(self) -> list[_Removable]:
        """The rows that are there."""
        return list(self._rows)

    def add(self, row: _Removable, *, focus: bool = False) -> None:
        """Put a row below the others."""
        self._rows.append(row)
        self._column.insertWidget(len(self._rows) - 1, row)
        row.removed.connect(lambda: self._remove(row))
        field = row.findChild(DateInput)
        if focus and field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _remove(self, row: _Removable) -> None:
        self._rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)


def _pair(first: QWidget, second: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.current().px(12))
    for field in (first, second):
        row.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)
    return row


def _text(field: Field) -> str:
    return field.input.text().strip() if isinstance(field.input, TextInput) else ""


def _key(taught: Taught) -> str:
    return f"{taught[0]}/{taught[1] or ''}"


def _taught(key: str) -> Taught:
    subject_id, _, topic_id = key.partition("/")
    return subject_id, topic_id or None
