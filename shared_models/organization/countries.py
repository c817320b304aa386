"""Where a center can be: countries, currencies with their signs, and the time zones that most centers use, by their
standard codes (ISO 3166, ISO 4217, IANA)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currency:
    """Its name in the singular and the plural, and the sign that stands before an amount."""

    name: str
    plural: str
    sign: str


COUNTRIES: Mapping[str, str] = {
    "US": "United States", "CA": "Canada", "GB": "United Kingdom", "IE": "Ireland", "FR": "France", "BE": "Belgium",
    "CH": "Switzerland", "DE": "Germany", "AU": "Australia", "NZ": "New Zealand", "IN": "India", "MX": "Mexico",
    "ZA": "South Africa", "IL": "Israel",
}  # fmt: skip
CURRENCIES: Mapping[str, Currency] = {
    "USD": Currency("US dollar", "US dollars", "$"),
    "CAD": Currency("Canadian dollar", "Canadian dollars", "$"),
    "EUR": Currency("Euro", "euros", "€"),
    "GBP": Currency("Pound sterling", "pounds", "£"),
    "AUD": Currency("Australian dollar", "Australian dollars", "$"),
    "NZD": Currency("New Zealand dollar", "New Zealand dollars", "$"),
    "CHF": Currency("Swiss franc", "Swiss francs", "CHF "),
    "INR": Currency("Indian rupee", "Indian rupees", "₹"),
    "MXN": Currency("Mexican peso", "Mexican pesos", "$"),
    "ZAR": Currency("South African rand", "rand", "R"),
    "ILS": Currency("Israeli new shekel", "shekels", "₪"),
}
USUAL_ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Toronto", "America/Vancouver", "America/Halifax",
)  # fmt: skip


def currency_sign(code: str) -> str:
    """What stands before an amount: “$”, or the code and a space for a currency that is not in the list."""
    known = CURRENCIES.get(code)
    return known.sign if known is not None else f"{code} "


def currency_words(code: str) -> str:
    """Amounts of it in words: “US dollars”, or the code."""
    known = CURRENCIES.get(code)
    return known.plural if known is not None else code
