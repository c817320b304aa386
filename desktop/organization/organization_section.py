"""Settings of the organization itself: names and numbers, address, time zone, language, logo and color, texts for the
website."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy.orm import Session

from desktop.background import Background
from desktop.organization.brand_inputs import ColorInput, LogoInput
from desktop.organization.logo_file import logo_or_reason
from desktop.organization.section import Section
from desktop.widgets import ComboBox, Field, Option, Segmented, TextArea, TextInput
from shared_models.organization.brand import TEXT_CONTRAST, contrast_with_white, parse_color, stored_logo
from shared_models.organization.countries import COUNTRIES, CURRENCIES, USUAL_ZONES
from shared_models.organization.models import Language, Organization
from shared_models.organization.operations import set_fields
from shared_models.organization.website_address import address_problem
from shared_models.schedule.times import UnknownTimeZone, zone_of

_FIELDS: dict[str, tuple[str, bool]] = {
    "business_name": ("Name", False), "phone": ("Phone", True), "email": ("E-mail", True),
    "address": ("Street", True), "city": ("City", True), "state": ("State", True), "postal_code": ("ZIP code", True),
    "website_slug": ("Website address", False), "headline": ("Headline", True), "about": ("About you", True),
}  # fmt: skip

_TOO_LIGHT = "Too light for white text; printed a little darker."


def zone_options() -> list[Option]:
    """Every IANA zone by its city, those of North America first."""
    from zoneinfo import available_timezones

    rest = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    ordered = [*USUAL_ZONES, *(name for name in rest if name not in USUAL_ZONES)]
    return [Option(name, name.rsplit("/", 1)[1].replace("_", " "), name.split("/")[0]) for name in ordered]


class OrganizationSection(Section):
    """Each field is saved when one leaves it."""

    key: ClassVar[str] = "organization"
    title: ClassVar[str] = "Organization"
    explanation: ClassVar[str] = "What parents see on papers, in e-mails and on the website. Saved as you go."
    table: ClassVar[str] = "organization"
    tables: ClassVar[frozenset[str]] = frozenset({"organization"})

    def limits(self) -> str:
        """An administrator shapes how the center looks and what its website says."""
        if self._shapes_website():
            return "You can change logo, color, headline and text. The rest is the owner’s."
        return super().limits()

    def _shapes_website(self) -> bool:
        return self.permissions.may_change("organization", "headline", "about", "brand_color", "logo_png")

    def build(self) -> None:
        """Fields in the order in which one fills them."""
        self._fields = {
            name: Field(label, TextArea(rows=4) if name == "about" else TextInput(), optional=optional)
            for name, (label, optional) in _FIELDS.items()
        }
        fields = self._fields
        self.content.addWidget(fields["business_name"])
        self.pairs(fields["phone"], fields["email"])
        self.content.addWidget(fields["address"])
        self.pairs(fields["city"], fields["state"], fields["postal_code"], columns=3)
        self._country = ComboBox([Option(code, name) for code, name in COUNTRIES.items()])
        self._currency = ComboBox([Option(code, currency.name, code) for code, currency in CURRENCIES.items()])
        self._zone = ComboBox(zone_options(), free_text=True)
        self._language = Segmented(
            [(Language.ENGLISH.value, "English"), (Language.FRENCH.value, "French")], name="Language"
        )
        self._zone_field = Field("Time zone", self._zone, helper="Lessons, papers and reminders go by this clock.")
        self.pairs(Field("Country", self._country), Field("Currency", self._currency), self._zone_field,
                   Field("Language of your papers", self._language))  # fmt: skip
        self.heading("On your papers")
        self._logo, self._color = LogoInput(), ColorInput()
        self._logo_field = Field("Logo", self._logo, optional=True, helper="A PNG or JPEG file.")
        self._color_field = Field("Color", self._color, optional=True)
        self.pairs(self._logo_field, self._color_field)
        self.heading("On your website")
        self.content.addWidget(fields["website_slug"])
        self.content.addWidget(fields["headline"])
        self.content.addWidget(fields["about"])
        self.content.addStretch(1)
        for name, field in fields.items():
            field.input.committed.connect(lambda name=name: self._save_text(name))  # type: ignore[attr-defined]
        self._country.valueChanged.connect(lambda value: self._save("country", value, "country"))
        self._currency.valueChanged.connect(lambda value: self._save("currency", value, "currency"))
        self._zone.committed.connect(self._save_zone)
        self._zone.valueChanged.connect(lambda _: self._save_zone())
        self._language.changed.connect(lambda value: self._save("language", Language(value), "language"))
        self._background = Background(self)
        self._logo.chosen.connect(self._take_logo)
        self._logo.removed.connect(self._remove_logo)
        self._color.picked.connect(self._save_color)
        self._color.entry.committed.connect(lambda: self._save_color(self._color.entry.text().strip()))
        own_words = (self._logo_field, self._color_field, fields["headline"], fields["about"])
        if self._shapes_website():
            self.guard(*own_words, why="")
        else:
            self.guard(*own_words)
        self.guard(
            *(field for field in fields.values() if field not in own_words),
            self._country,
            self._currency,
            self._zone,
            self._language,
        )

    def read(self) -> None:
        """Show what is stored."""
        from shared_models.people.contact import format_phone

        with self.reading() as session:
            row = session.get(Organization, (self.store.organization_id, self.store.organization_id))
        if row is None:
            return
        self._row = row
        for name, field in self._fields.items():
            stored = getattr(row, name)
            shown = format_phone(stored, row.country) if name == "phone" else stored
            if not field.input.hasFocus():
                field.input.setText(shown)  # type: ignore[attr-defined]
        self._country.set_value(row.country)
        self._currency.set_value(row.currency)
        if row.time_zone not in {option.key for option in self._zone.options()}:
            self._zone.setText(row.time_zone)
        else:
            self._zone.set_value(row.time_zone)
        self._language.set_value(row.language.value)
        self._logo.set_mark(row.business_name, row.logo_png, row.brand_color)
        self._color.set_color(row.brand_color)
        color = parse_color(row.brand_color)
        is_light = color is not None and contrast_with_white(color) < TEXT_CONTRAST
        self._color_field.set_helper(_TOO_LIGHT if is_light else "", "warn" if is_light else "text3")

    def _save_text(self, name: str) -> None:
        from shared_models.people.contact import normalize_email, normalize_phone

        field = self._fields[name]
        typed = field.input.text().strip()  # type: ignore[attr-defined]
        if name == "business_name" and not typed:
            field.set_error("Your center needs a name.")
            return
        if name == "website_slug":
            typed = typed.lower()
            problem = address_problem(typed)
            if problem:
                field.set_error(problem)
                return
        field.set_error("")
        field.set_helper("")
        if name in ("phone", "email"):
            known = normalize_phone(typed, self._row.country) if name == "phone" else normalize_email(typed)
            typed = known.value
            if known.warning:
                field.set_helper(known.warning, "warn")
        if typed != getattr(self._row, name):
            self._save(name, typed, _FIELDS[name][0].lower())

    def _save_zone(self) -> None:
        zone = self._zone.value() or self._zone.text().strip()
        try:
            zone_of(zone)
        except UnknownTimeZone:
            self._zone_field.set_error("Use a place such as New York, or an offset such as UTC-5.")
            return
        self._zone_field.set_error("")
        if zone != self._row.time_zone:
            self._save("time_zone", zone, "time zone")

    def _take_logo(self, path: str) -> None:
        self._logo_field.set_error("")
        self._background.run(lambda: logo_or_reason(path), self._save_logo, self._could_not_read)

    def _save_logo(self, read: tuple[bytes, str]) -> None:
        png, reason = read
        self._logo_field.set_error(reason)
        if not reason and (stored := stored_logo(png)) != self._row.logo_png:
            self._save("logo_png", stored, "logo")

    def _could_not_read(self, error: Exception) -> None:
        self._logo_field.set_error("This picture could not be read. Save it again as PNG or choose another.")

    def _remove_logo(self) -> None:
        self._logo_field.set_error("")
        self._save("logo_png", "", "logo")

    def _save_color(self, typed: str) -> None:
        color = parse_color(typed) if typed else ""
        if color is None:
            self._color_field.set_error("Use # and six digits or letters from A to F, such as #17614f.")
            return
        self._color_field.set_error("")
        self._color.entry.setText(color)
        if color != self._row.brand_color:
            self._save("brand_color", color, "color")

    def _save(self, name: str, value: object, word: str) -> None:
        organization_id = self.store.organization_id

        def change(session: Session) -> None:
            set_fields(session, Organization, organization_id, organization_id, **{name: value})

        self.save(f"Changed the {word} of your center", change, is_of_fields=True)
