"""Forms of the account pages: what a browser sent, cleaned but for passwords, and the form as it is shown again with
what was typed and a sentence for each field that needs a look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl

from email_validator import EmailNotValidError, validate_email
from fastapi import Depends, Request

MAX_BODY_BYTES = 32 * 1024
TRAP = "website"
"""A field that people do not see: whoever fills it in is a program."""

_MAX_PAIRS = 40
_SECRET_FIELDS = frozenset({"password", "current"})
_UNWANTED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """A form to show."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """How many things need a look, as the heading above them."""
        if "form" in self.errors:
            return self.errors["form"]
        count = "One thing" if len(self.errors) == 1 else f"{len(self.errors)} things"
        return f"{count} to correct. What you typed is kept, but for passwords."


@dataclass(frozen=True, slots=True)
class Sent:
    """The fields of a submitted form; one that was not sent is empty."""

    values: Mapping[str, str]
    is_too_long: bool = False

    def get(self, key: str) -> str:
        """A field's text."""
        return self.values.get(key, "")

    @property
    def is_trapped(self) -> bool:
        """Whether a program filled it in."""
        return bool(self.get(TRAP))

    def form(self, **errors: str) -> Form:
        """The form again, with errors by field; `form` is one of the whole."""
        shown = {key: text for key, text in self.values.items() if key not in _SECRET_FIELDS}
        return Form(shown, errors)


async def sent_form(request: Request) -> Sent:
    """The form in a request's body (``application/x-www-form-urlencoded``), read no further than any form of ours."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            return Sent({}, is_too_long=True)
    try:
        pairs = parse_qsl(
            received.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_PAIRS, errors="replace"
        )
    except ValueError:
        pairs = []
    return Sent({key: text if key in _SECRET_FIELDS else cleaned(text) for key, text in reversed(pairs)})


SentForm = Annotated[Sent, Depends(sent_form)]


def cleaned(text: str) -> str:
    """Text without signs that control, reorder or mean nothing, in one line, composed (NFC)."""
    one_line = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    return "".join(sign for sign in one_line if unicodedata.category(sign) not in _UNWANTED).strip()


def email_error(email: str) -> str:
    """A sentence on what to do when no mail can reach this address; empty when it can."""
    if not email:
        return "Type your e-mail address."
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return "This address cannot be right. It should look like name@example.com."
    return ""


def name_error(name: str, limit: int, missing: str = "") -> str:
    """A sentence when a name is missing, too long, or an advertisement that our mail should carry to strangers."""
    if not name and missing:
        return missing
    if len(name) > limit:
        return f"Use at most {limit} characters; these are {len(name)}."
    if _LINK.search(name):
        return "A name has no web address in it."
    return ""
