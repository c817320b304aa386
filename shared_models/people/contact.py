"""How names, phone numbers and e-mail addresses are brought into one form.

Nothing is refused here: an odd value is kept as it was typed, with a sentence that says what is odd about it
(product §2). Pure, and quick to import: the phone and e-mail libraries are loaded when first needed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

DEFAULT_COUNTRY = "US"

_SPACES = re.compile(r"[\s\u00a0\u200b]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NORTH_AMERICAN = re.compile(r"\+1([2-9]\d\d)(\d{3})(\d{4})(?: x(\d+))?")
_STORED_PHONE = re.compile(r"(\+\d+)(?: x(\d+))?")
_PARTICLES = frozenset(
    ("al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el", "la", "le", "ten",
     "ter", "van", "von")
)  # fmt: skip
_KEPT_CAPITALS = frozenset({"ii", "iii", "iv"})
_UNACCENTED = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"}
)


@dataclass(frozen=True, slots=True)
class Normalized:
    """A value in its stored form, and what is odd about it, if anything, as a sentence for the desk."""

    value: str
    warning: str | None = None


def normalize_phone(text: str, country: str = DEFAULT_COUNTRY) -> Normalized:
    """A phone number in its stored form: E.164, an extension behind it ("+19145550100 x12").

    ``country`` (ISO 3166) says how a number without country code is meant. What cannot be a number is kept
    as typed, with a warning.
    """
    typed = one_spaced(text)
    if not typed:
        return Normalized("")
    import phonenumbers

    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return Normalized(typed, f"“{typed}” does not look like a phone number.")
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return Normalized(typed, f"“{typed}” does not look like a complete phone number.")
    stored = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension:
        stored = f"{stored} x{number.extension}"
    return Normalized(stored)


def format_phone(phone: str, country: str = DEFAULT_COUNTRY) -> str:
    """A stored number as people in ``country`` write it: "(914) 555-0100", abroad "+44 20 7946 0958".

    Anything that is not in stored form comes back as it is.
    """
    match = _NORTH_AMERICAN.fullmatch(phone)
    if match and country in ("US", "CA"):
        area, exchange, line, extension = match.groups()
        return f"({area}) {exchange}-{line}" + (f" ext. {extension}" if extension else "")
    stored = _STORED_PHONE.fullmatch(phone)
    if stored is None:
        return phone
    import phonenumbers

    try:
        number = phonenumbers.parse(stored[1], None)
    except phonenumbers.NumberParseException:
        return phone
    is_home = country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    shown = phonenumbers.format_number(number, style)
    return f"{shown} ext. {stored[2]}" if stored[2] else shown


def normalize_email(text: str) -> Normalized:
    """An e-mail address in lower case; one that cannot be right is kept as typed, with a warning."""
    typed = one_spaced(text)
    if typed.lower().startswith("mailto:"):
        typed = typed[7:]
    if not typed:
        return Normalized("")
    import email_validator

    try:
        checked = email_validator.validate_email(typed, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return Normalized(typed, f"“{typed}” does not look like an e-mail address.")
    return Normalized(checked.normalized.lower())


def tidy_name(text: str, spellings: Iterable[str] = ()) -> str:
    """A name without stray spaces, and with capitals mended when the whole of it is in one case.

    " SMITH " becomes "Smith" and "O'BRIEN" "O'Brien"; "McDonald" and "van" are left alone, accents always.
    ``spellings`` are other writings of names nearby: one that differs only in capitals and accents is taken
    over, so that "YILMAZ" beside "Yılmaz" becomes "Yılmaz".
    """
    name = one_spaced(text)
    if not _is_in_one_case(name):
        return name
    key = name_key(name)
    for spelling in spellings:
        other = one_spaced(spelling)
        if name_key(other) == key and not _is_in_one_case(other):
            return other
    keeps_particles = name.islower()
    return _WORD.sub(lambda match: _capitalized(match[0], keeps_particles), name.lower())


def name_key(text: str) -> str:
    """What two writings of one name have in common: no case, accents, punctuation or doubled spaces."""
    folded = text.casefold().translate(_UNACCENTED)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain if c not in "'’`´.").split())


def split_full_name(text: str) -> tuple[str, str]:
    """First and last name of a person written in one field: "Ana de la Cruz", "de la Cruz, Ana".

    The last word is the last name, with the particles ("van", "de la") before it; a single word is a first
    name.
    """
    name = one_spaced(text)
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    words = name.split(" ")
    if len(words) == 1:
        return name, ""
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in _PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def one_spaced(text: str) -> str:
    """The text in composed Unicode (NFC), trimmed, every run of white space one space."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _is_in_one_case(name: str) -> bool:
    letters = [c for c in name if c.isalpha()]
    if len(letters) < 2:
        return name.islower()
    return name.isupper() or name.islower()


def _capitalized(word: str, keeps_particles: bool) -> str:
    if keeps_particles and word in _PARTICLES:
        return word
    if word in _KEPT_CAPITALS:
        return word.upper()
    for start in ("mc", "o'", "o’", "d'", "d’", "l'", "l’"):
        if word.startswith(start) and len(word) > len(start) + 1:
            return start.capitalize() + word[len(start) :].capitalize()
    return word.capitalize()
