"""A field for phone numbers that formats while one types: "9145559855" grows as "(914) 555-9855"."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.widgets.fields import TextInput
from shared_models.people.contact import DEFAULT_COUNTRY, format_phone

_NORTH_AMERICA = ("US", "CA")


def format_typed(typed: str, country: str = DEFAULT_COUNTRY) -> str:
    """What was typed so far in the form of the country; anything that is no plain number stays as it is."""
    if any(char.isalpha() or char == "#" for char in typed):
        return typed
    digits = "".join(char for char in typed if char.isdigit())
    if not digits:
        return typed
    abroad = typed.strip().startswith("+") and not digits.startswith("1")
    if country in _NORTH_AMERICA and not abroad:
        return _north_american(digits, typed)
    import phonenumbers

    formatter = phonenumbers.AsYouTypeFormatter(country)
    shown = ""
    for char in ("+" if typed.strip().startswith("+") else "") + digits:
        shown = formatter.input_digit(char)
    return shown


def _north_american(digits: str, typed: str) -> str:
    lead = ""
    if digits.startswith("1") and (len(digits) > 10 or typed.strip().startswith("+")):
        lead, digits = "+1 ", digits[1:]
    if len(digits) > 10:
        return typed
    if not digits:
        return lead.strip()
    if len(digits) <= 3:
        return lead + digits
    if len(digits) <= 6:
        return f"{lead}({digits[:3]}) {digits[3:]}"
    return f"{lead}({digits[:3]}) {digits[3:6]}-{digits[6:]}"


class PhoneInput(TextInput):
    """A line for a phone number; `set_phone` shows a stored number as people write it."""

    def __init__(
        self, phone: str = "", country: str = DEFAULT_COUNTRY, name: str = "Phone", parent: QWidget | None = None
    ) -> None:
        super().__init__(format_phone(phone, country), "", name, parent)
        self._country = country
        self._shown = self.text()
        self.textEdited.connect(self._reformat)

    def set_phone(self, phone: str) -> None:
        """Show a stored number."""
        self.setText(format_phone(phone, self._country))
        self._shown = self.text()

    def _reformat(self, typed: str) -> None:
        before, self._shown = self._shown, typed
        cursor = self.cursorPosition()
        if len(typed) < len(before):
            if _digits(typed) != _digits(before) or not typed:
                return
            # Only a sign was taken out, which would come back at once: take the digit before it as well.
            at = max((index for index in range(cursor) if typed[index].isdigit()), default=-1)
            if at >= 0:
                typed, cursor = typed[:at] + typed[at + 1 :], at
        shown = format_typed(typed, self._country)
        if shown == self.text():
            return
        ahead = sum(char.isdigit() for char in typed[:cursor])
        extra = sum(char.isdigit() for char in shown) - sum(char.isdigit() for char in typed)
        self.setText(shown)
        self._shown = shown
        self.setCursorPosition(_after_digits(shown, ahead + max(extra, 0)))


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _after_digits(shown: str, count: int) -> int:
    if count == sum(char.isdigit() for char in shown):
        return len(shown)
    seen = 0
    for index, char in enumerate(shown):
        if seen == count:
            return index
        seen += char.isdigit()
    return len(shown)
