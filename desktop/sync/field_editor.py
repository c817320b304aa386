"""A small form for the fields of any record, with the values that a person had entered: for a change that the server
refused and that needs a correction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy import Boolean, Column, Date, Enum, Integer, Text

from desktop import theme
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange
from desktop.sync.record_words import RecordWords, choice_words, label, python_value, target_of
from desktop.sync.rows import table_of
from desktop.widgets import (
    Button,
    ComboBox,
    DateInput,
    Field,
    Kind,
    MoneyInput,
    NumberInput,
    Option,
    Paragraph,
    ScrollArea,
    Sheet,
    TextArea,
    TextInput,
    TimeInput,
)
from shared_models.base import Instant, WallTime
from shared_models.registry import tenant_classes

_NOTHING = ""
_MANY_LETTERS = 60


class FieldEditor(Sheet):
    """Opens with what was entered; `on_save` gets the fields that the person can correct, as the models hold them.
    Lists stay as they were entered."""

    def __init__(
        self, host: QWidget, store: Store, change: RefusedChange, on_save: Callable[[Mapping[str, Any]], object]
    ) -> None:
        super().__init__(host, f"Edit {change.what}", width=480)
        self._on_save = on_save
        self._store = store
        self._read: dict[str, Callable[[], Any]] = {}
        self.fields: dict[str, Field] = {}
        t = theme.current()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(16))
        column.setSpacing(t.px(12))
        column.addWidget(Paragraph(change.reason, "body", "danger"))
        with store.engine.connect() as connection:
            words = RecordWords(connection, store)
            for side in change.fields:
                field = self._field(words, change, side.name)
                if field is not None:
                    self.fields[side.name] = field
                    column.addWidget(field)
        if not self.fields:
            column.addWidget(Paragraph("Nothing of this can be corrected here. Try again, or discard it.", "body"))
        column.addStretch(1)
        area = ScrollArea(inside)
        area.setMinimumHeight(min(inside.sizeHint().height(), t.px(440)))
        self.body.addWidget(area)
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Cancel", on_click=self.dismiss))
        self.save_button = Button("Save and send", Kind.PRIMARY, on_click=self.save)
        self.save_button.setEnabled(bool(self.fields))
        self.footer.addWidget(self.save_button)

    def open_sheet(self, first: QWidget | None = None) -> None:
        """Show the editor, the cursor in its first field."""
        super().open_sheet(first or next((field.input for field in self.fields.values()), self.save_button))

    def save(self) -> None:
        """Hand over what stands in the fields, unless one of them cannot be read."""
        values = {}
        for name, read in self._read.items():
            self.fields[name].set_error("")
            try:
                values[name] = read()
            except ValueError as error:
                self.fields[name].set_error(str(error))
                self.fields[name].input.setFocus()
                return
        self.dismiss()
        self._on_save(values)

    def _field(self, words: RecordWords, change: RefusedChange, name: str) -> Field | None:
        column = table_of(change.table).c[name]
        value = python_value(column, change.kept[name])
        made = self._input(words, change, column, value)
        if made is None:
            return None
        widget, self._read[name] = made
        return Field(label(name), widget, optional=bool(column.nullable))

    def _input(
        self, words: RecordWords, change: RefusedChange, column: Column[Any], value: Any
    ) -> tuple[QWidget, Callable[[], Any]] | None:
        target = target_of(table_of(change.table), column.name)
        if target is not None:
            options = [Option(row_id, name) for row_id, name in words.names(target) if name]
            return _choice(options, str(value or ""), column)
        kind = column.type
        if isinstance(kind, Enum) and kind.enum_class is not None:
            options = [Option(str(member.value), choice_words(str(member.value))) for member in kind.enum_class]
            box, read = _choice(options, value.value if value is not None else "", column)
            return box, lambda: kind.enum_class(read()) if read() else None
        if isinstance(kind, Boolean):
            box, read = _choice([Option("1", "Yes"), Option("0", "No")], "1" if value else "0", column)
            return box, lambda: read() == "1"
        if isinstance(kind, WallTime):
            return _time(value, required=not column.nullable)
        if isinstance(kind, Date | Instant):
            today = datetime.fromtimestamp(self._store.corrected_wall() / 1000).date()  # noqa: DTZ006 - this PC's day
            if isinstance(kind, Instant):
                return _moment(today, value, words.zone, required=not column.nullable)
            return _day(today, value, required=not column.nullable)
        if isinstance(kind, Integer):
            return _number(column, value)
        if isinstance(kind, Text):
            is_long = column.name in tenant_classes()[change.table].long_texts or len(value or "") > _MANY_LETTERS
            text = TextArea(value or "", rows=5) if is_long else TextInput(value or "")
            return text, lambda: text.text().strip()
        return None


def _choice(options: list[Option], value: str, column: Column[Any]) -> tuple[ComboBox, Callable[[], str | None]]:
    box = ComboBox([Option(_NOTHING, "None"), *options] if column.nullable else options, value)

    def read() -> str | None:
        if not box.value() and not column.nullable:
            raise ValueError("Choose one.")
        return box.value() or None

    return box, read


def _day(today: date, value: date | None, *, required: bool) -> tuple[DateInput, Callable[[], date | None]]:
    day = DateInput(today, value)

    def read() -> date | None:
        if day.is_wrong() or (required and day.value() is None):
            raise ValueError("Type a day, such as 12/2 or tomorrow.")
        return day.value()

    return day, read


def _time(value: time | None, *, required: bool) -> tuple[TimeInput, Callable[[], time | None]]:
    entry = TimeInput(value)

    def read() -> time | None:
        if entry.is_wrong() or (required and entry.value() is None):
            raise ValueError(TimeInput.HELP)
        return entry.value()

    return entry, read


def _moment(
    today: date, value: datetime | None, zone: tzinfo, *, required: bool
) -> tuple[QWidget, Callable[[], datetime | None]]:
    """A day and a time of day on the clock of the center, for an instant."""
    local = value.astimezone(zone) if value is not None else None
    day, read_day = _day(today, local.date() if local else None, required=required)
    clock, read_clock = _time(local.time() if local else None, required=required)
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.current().px(8))
    row.addWidget(day, 3)
    row.addWidget(clock, 2)
    both.setFocusProxy(day)

    def read() -> datetime | None:
        on, at = read_day(), read_clock()
        if (on is None) != (at is None):
            raise ValueError("Give both a day and a time.")
        return datetime.combine(on, at, zone).astimezone(UTC) if on is not None and at is not None else None

    return both, read


def _number(column: Column[Any], value: int | None) -> tuple[QWidget, Callable[[], int | None]]:
    if column.name.endswith("_cents"):
        money = MoneyInput(value)

        def cents() -> int | None:
            if money.cents() is None and (money.text().strip() or not column.nullable):
                raise ValueError("Type an amount, such as 60 or 62.50.")
            return money.cents()

        return money, cents
    number = NumberInput(value)

    def whole() -> int | None:
        if number.value() is None and (number.text().strip() or not column.nullable):
            raise ValueError("Type a whole number.")
        return number.value()

    return number, whole
